"""Real git: repositories, a server that speaks git over HTTP, a git that is watched.

`GitServer` hands requests to git's own `git-http-backend`, asks for a login if it has
one, and remembers who asked what. `Watched` is a `git` on PATH that writes down its
arguments and the names of its variables, and then is git.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple, Self

import pytest

from support.recording_server import Seen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@corp.example",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@corp.example",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "PATH": os.environ.get("PATH", os.defpath),
}


def git(*arguments: str, cwd: Path, **more: str) -> str:
    """Run git as the author of a repository."""
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=cwd,
        env=_IDENTITY | {"HOME": str(cwd)} | more,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


class Repository:
    """A repository with a working tree, somewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        git("init", "--quiet", cwd=folder)

    def commit(self, text: str, name: str = "file.txt") -> str:
        """Commit a file with this text; return the commit's id."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        git("add", "--all", cwd=self.folder)
        git("commit", "--quiet", "-m", text, cwd=self.folder)
        return self.head

    @property
    def head(self) -> str:
        return git("rev-parse", "HEAD", cwd=self.folder)

    def run(self, *arguments: str) -> str:
        return git(*arguments, cwd=self.folder)


class GitServer:
    """Serves the repositories below a folder, to `login` only if there is one."""

    def __init__(self, root: Path, login: str | None = None) -> None:
        self.login = login
        self.moved_to: str | None = None
        """Another server, to which everything is redirected."""
        self.denial = 401
        """What is answered to others than `login`."""
        self.settings: dict[str, str] = {}
        """Configuration of the server's git."""
        self.seen: list[Seen] = []
        self.root = root

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def logins(self) -> list[str]:
        """Who asked, each request; "-" is nobody."""
        return [seen.login for seen in self.seen]

    def address(self, name: str, *, userinfo: str = "", tail: str = "") -> str:
        """A requirement's URL of a repository here."""
        at = f"{userinfo}@" if userinfo else ""
        return f"git+http://{at}127.0.0.1:{self.port}/{name}{tail}"

    def answer(self, seen: Seen, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.moved_to is not None:
            return 302, {"Location": self.moved_to + seen.path}, b""
        if self.login is not None and seen.login != self.login:
            return self.denial, {"WWW-Authenticate": 'Basic realm="git"'}, b"no"
        return self._run_backend(seen, body)

    def _run_backend(
        self, seen: Seen, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = seen.path.partition("?")
        variables = {
            **_IDENTITY,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": seen.method,
            "CONTENT_TYPE": seen.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)) if body else "",
            "HTTP_CONTENT_ENCODING": seen.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": seen.headers.get("git-protocol", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        configured = []
        for key, text in self.settings.items():
            configured += ["-c", f"{key}={text}"]
        done = subprocess.run(
            ["git", *configured, "http-backend"],
            env=variables,
            input=body,
            check=True,
            capture_output=True,
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        code = int(headers.pop("Status", "200").split()[0])
        return code, headers, content

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler_of(server: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            login = self.headers.get("Authorization")
            seen = Seen(self.command, self.path, login, headers)
            server.seen.append(seen)
            body = self.rfile.read(int(headers.get("content-length", "0")))
            code, more, content = server.answer(seen, body)
            self.send_response(code)
            for name, text in more.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class Call(NamedTuple):
    """One git that was started."""

    arguments: tuple[str, ...]
    variables: frozenset[str]


class Watched:
    """A folder for PATH whose `git` writes down how it is called."""

    def __init__(self, folder: Path) -> None:
        assert GIT is not None
        self.folder = folder
        self._log = folder / "calls"
        folder.mkdir()
        script = folder / "git"
        script.write_text(
            "#!/bin/sh\n"
            '{ for each; do printf "argument %s\\n" "$each"; done\n'
            "env | sed -n 's/^\\([A-Za-z_0-9]*\\)=.*/variable \\1/p'\n"
            f'echo end; }} >> "{self._log}"\n'
            f'exec "{GIT}" "$@"\n'
        )
        script.chmod(0o755)

    @property
    def calls(self) -> list[Call]:
        if not self._log.exists():
            return []
        found = []
        arguments: list[str] = []
        variables: list[str] = []
        for line in self._log.read_text().splitlines():
            kind, _, text = line.partition(" ")
            if kind == "end":
                found.append(Call(tuple(arguments), frozenset(variables)))
                arguments, variables = [], []
            elif kind == "variable":
                variables.append(text)
            else:
                arguments.append(text)
        return found

    def path(self, environ: Mapping[str, str]) -> str:
        """PATH with this git first."""
        return f"{self.folder}{os.pathsep}{environ['PATH']}"
