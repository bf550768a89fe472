"""One secret, and the search for it wherever it may have leaked to.

For: the canary tests. A secret is found raw, percent-encoded, escaped and inside
base64: in what was printed, in every file below a desk's root, in names of files, and
in the arguments of processes that the environment's interpreter was started with.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from support.desk import TIME_LIMIT, Ran

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk


def forms_of(user: str, secret: str) -> set[bytes]:
    """What a secret looks like where it leaks."""
    forms = {secret, quote(secret, safe=""), quote(secret), quote(secret).lower()}
    forms.add(json.dumps(secret)[1:-1])
    forms |= {repr(secret)[1:-1], ascii(secret)[1:-1], escape(secret)}
    found = {each.encode() for each in forms}
    pair = f"{user}:{secret}".encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(pair).rstrip(b"="))
        found.add(encode(secret.encode()).rstrip(b"="))
        for before in (b"x", b"xy"):  # inside a longer text, at another offset
            inner = encode(before + secret.encode()).rstrip(b"=")[3:-2]
            found |= {inner} if len(inner) > 7 else set()
    return found


class Canary:
    """One secret, and where it may stand."""

    def __init__(self, desk: Desk, user: str, secret: str) -> None:
        self.desk = desk
        self.forms = forms_of(user, secret)
        self.arguments = desk.home.parent / "arguments"
        self.arguments.mkdir()
        self.allowed: set[Path] = set()

    def watch_processes(self) -> None:
        """Let the environment's interpreter write down how it was called."""
        python = self.desk.venv / "bin/python"
        # Beside it, so that it still finds the environment that it is in.
        real = python.with_name("python-itself")
        real.symlink_to(python.resolve())
        python.unlink()
        python.write_text(
            "#!/bin/sh\n"
            f'tr "\\0" "\\n" < /proc/$$/cmdline > "{self.arguments}/$$"\n'
            f'exec "{real}" "$@"\n'
        )
        python.chmod(0o755)

    def run(self, *arguments: str, typed: str = "") -> Ran:
        """Run admit, whatever comes of it, and keep what it printed."""
        done = subprocess.run(
            self.desk.command(*arguments),
            cwd=self.desk.work,
            env=self.desk.environment(),
            input=typed,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT,
            check=False,
        )
        ran = Ran(" ".join(arguments), done.returncode, done.stdout, done.stderr)
        self.desk.ran.append(ran)
        assert "Traceback" not in ran.stderr, ran.stderr
        assert "this is a bug" not in ran.stderr, ran.stderr
        return ran

    def search(self) -> None:
        """Look everywhere."""
        for ran in self.desk.ran:
            self._check("the output", (ran.stdout + ran.stderr).encode())
        root = self.desk.home.parent
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.islink(path) or not os.path.isfile(path):
                    continue
                self._check(path, path.encode())
                if path not in {str(each) for each in self.allowed}:
                    with open(path, "rb") as file:
                        self._check(path, file.read())

    def _check(self, where: str, content: bytes) -> None:
        for form in self.forms:
            assert form not in content, f"{form.decode()} stands in {where}"
