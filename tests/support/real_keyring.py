"""The real package `keyring`, set up as a person would: its own files, its own command.

`use(desk, backend)` writes keyring's configuration; `keep(desk, service, user, secret)`
stores a secret by its command; `put_on_path(desk)` lets `keyring` be found. Backends of
ours are classes of the module `corp_backend`, which stand for the plugins of clouds:
they derive from keyring's own base class and are loaded by keyring itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from support.desk import TIME_LIMIT, Ran

if TYPE_CHECKING:
    from support.desk import Desk

PLAINTEXT = "keyrings.alt.file.PlaintextKeyring"
_BACKENDS = '''\
import json, os, sys

from keyring.backend import KeyringBackend
from keyring.credentials import SimpleCredential
from keyring.errors import KeyringLocked


class Corp(KeyringBackend):
    """Knows one URL, as the plugins of clouds do, and whose it is by itself."""

    priority = 1

    def get_credential(self, service, username):
        with open(os.environ["KEYRING_LOG"], "a") as log:
            log.write(json.dumps([service, username]) + "\\n")
        return self.answer(service, username)

    def answer(self, service, username):
        if service != os.environ["CORP_SERVICE"]:
            return None
        return SimpleCredential("alice", os.environ["CORP_SECRET"])

    def get_password(self, service, username):
        found = self.get_credential(service, username)
        return found and found.password

    def set_password(self, service, username, password):
        raise NotImplementedError


class Renewing(Corp):
    """The first secret has ended when it is used; the next is good."""

    def answer(self, service, username):
        if service != os.environ["CORP_SERVICE"]:
            return None
        mark = os.environ["KEYRING_LOG"] + ".given"
        is_first = not os.path.exists(mark)
        open(mark, "w").close()
        name = "CORP_OLD_SECRET" if is_first else "CORP_SECRET"
        return SimpleCredential("alice", os.environ[name])


class Talking(Corp):
    def answer(self, service, username):
        sys.stderr.write("open https://login.corp.example and type ABCD\\n")
        return super().answer(service, username)


class Nameless(Corp):
    def answer(self, service, username):
        from keyring.credentials import AnonymousCredential

        return AnonymousCredential(os.environ["CORP_SECRET"])


class Locked(Corp):
    def answer(self, service, username):
        raise KeyringLocked("Failed to unlock the collection!")


class Broken(Corp):
    def answer(self, service, username):
        raise RuntimeError("no token: " + os.environ["CORP_SECRET"][:3])
'''


class Person(Protocol):
    """Who has a keyring: a `Desk`, or another with a home and variables."""

    home: Path
    variables: dict[str, str]

    def environment(self) -> dict[str, str]: ...


def use(desk: Person, backend: str) -> None:
    """Make a backend the desk's own; a bare name is a class of `corp_backend`."""
    folder = desk.home / ".config" / "python_keyring"
    folder.mkdir(parents=True, exist_ok=True)
    name = backend if "." in backend else f"corp_backend.{backend}"
    (folder / "corp_backend.py").write_text(_BACKENDS)
    (folder / "keyringrc.cfg").write_text(
        f"[backend]\ndefault-keyring={name}\nkeyring-path={folder}\n"
    )
    desk.variables["KEYRING_LOG"] = str(desk.home / "keyring.log")


def put_on_path(desk: Person) -> Path:
    """Let the desk find the command that the package brings."""
    command = Path(sys.executable).with_name("keyring")
    folder = desk.home / "bin"
    folder.mkdir()
    (folder / "keyring").symlink_to(command)
    desk.variables["PATH"] = f"{folder}:/usr/bin:/bin"
    return folder / "keyring"


def keep(desk: Person, service: str, user: str, secret: str) -> None:
    """Store a secret as a person does."""
    subprocess.run(
        [sys.executable, "-m", "keyring", "set", service, user],
        env=desk.environment(),
        input=secret,
        text=True,
        check=True,
        capture_output=True,
    )


def run_with_tracebacks(desk: Desk, *arguments: str) -> Ran:
    """Run admit where keyring's command may print a traceback of its own."""
    done = subprocess.run(
        desk.command(*arguments),
        cwd=desk.work,
        env=desk.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=TIME_LIMIT,
        check=False,
    )
    _, own = parted(done.stderr)
    desk.keep(arguments, done.returncode, done.stdout, own)
    return Ran(" ".join(arguments), done.returncode, done.stdout, done.stderr)


def parted(stderr: str) -> tuple[str, str]:
    """Part what keyring's command said from what admit said after it."""
    own = re.search(r"^(warning|error): ", stderr, re.MULTILINE)
    at = own.start() if own else len(stderr)
    return stderr[:at], stderr[at:]


def asked(desk: Person) -> list[tuple[str, str | None]]:
    """What a backend of ours was asked: service and user, each time."""
    log = desk.home / "keyring.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [(service, user) for service, user in map(json.loads, lines)]
