"""Fakes of what admit asks for secrets: keyring in two forms, helpers, providers.

Each fake writes down how it was called, one JSON line a call; `calls()` reads them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from support.desk import TIME_LIMIT

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk, Ran

_HEAD = """#!{python} -S
import json, os, sys, time
with open({log!r}, "a") as log:
    log.write(json.dumps({{"argv": sys.argv[1:], "stdin": {stdin}}}) + "\\n")
"""


class Fake:
    """A program that was put somewhere, and its log."""

    def __init__(self, path: Path, log: Path) -> None:
        self.path = path
        self.log = log

    @property
    def calls(self) -> list[dict[str, Any]]:
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    @property
    def asked(self) -> list[str]:
        """What keyring was asked: the words from `get` on, of each call."""
        found = []
        for each in self.calls:
            words = each["argv"]
            found.append(" ".join(words[words.index("get") + 1 :]))
        return found


def write_program(folder: Path, name: str, body: str, *, stdin: bool = False) -> Fake:
    """Write an executable Python program; `body` decides what it does."""
    folder.mkdir(parents=True, exist_ok=True)
    path, log = folder / name, folder / f"{name}.log"
    read = "sys.stdin.read()" if stdin else "None"
    head = _HEAD.format(python=sys.executable, log=str(log), stdin=read)
    path.write_text(head + body)
    path.chmod(0o755)
    return Fake(path, log)


def write_package(folder: Path, name: str, body: str) -> None:
    """Write a module that can be imported from a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(body)


def write_provider(folder: Path, body: str, *, name: str = "corp") -> None:
    """Write a distribution with a credential provider `Provider` in it."""
    write_package(folder, f"{name}_provider", body)
    info = folder / f"{name}_provider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}_provider\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[admit.credential_providers]\n{name} = {name}_provider:Provider\n"
    )


def pipe(desk: Desk, text: str, *arguments: str, **variables: str) -> Ran:
    """Run admit with something on its stdin."""
    done = subprocess.run(
        desk.command(*arguments),
        cwd=desk.work,
        env=desk.environment(variables),
        input=text,
        capture_output=True,
        encoding="utf-8",
        timeout=TIME_LIMIT,
        check=False,
    )
    return desk.keep(arguments, done.returncode, done.stdout, done.stderr)


def search_files(desk: Desk, secret: str, *allowed: Path) -> None:
    """Look for a secret in every file of a desk but those where it belongs."""
    for path in desk.home.parent.rglob("*"):
        if path.is_symlink() or not path.is_file() or path in allowed:
            continue
        assert secret.encode() not in path.read_bytes(), f"a secret stands in {path}"
