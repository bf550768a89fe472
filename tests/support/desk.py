"""Somebody's machine: a home, a folder to work in, variables; and admit run there.

`Desk.run("install", "alpha")` runs `python -m admit install alpha` as a process of its
own that inherits nothing but what the desk gives it. Every run is held to what is true
of all of them: no traceback, no secret of the desk, data on stdout only.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

DATA_COMMANDS = (
    "compile",
    "config",
    "completion",
    "list",
    "freeze",
    "version",
    "--version",
    "-V",
    "-h",
    "--help",
)
TO_STDOUT = ("-", "dir", "explain", "help", "json", "token", "versions")
"""Words that make another command print data."""
TIME_LIMIT = 60


class Ran(NamedTuple):
    """One run of admit."""

    command: str
    status: int
    stdout: str
    stderr: str

    @property
    def notes(self) -> list[str]:
        """The lines of prose, without durations."""
        return [mask_times(line) for line in self.stderr.splitlines()]

    @property
    def changes(self) -> list[str]:
        """The lines that tell what goes and comes."""
        return [line[1:] for line in self.notes if line[:3] in (" + ", " - ", " ~ ")]


class Desk:
    """A home with a folder `work` in it, and, once asked for, an environment."""

    def __init__(self, root: Path, template: Path, index_url: str | None) -> None:
        self.home = root / "home"
        self.work = self.home / "work"
        self.work.mkdir(parents=True)
        (root / "tmp").mkdir()
        self.cache = self.home / ".cache" / "admit"
        self.template = template
        self.typed = ""
        """What runs read from stdin."""
        self.secrets: list[str] = []
        """Texts that no run may print."""
        self.ran: list[Ran] = []
        self.variables = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "TMPDIR": str(root / "tmp"),
            "PYTHONIOENCODING": "utf-8",
            "ADMIT_NO_FOREIGN_CONFIG": "1",  # this machine may have a pip.conf
        }
        if index_url is not None:
            self.variables["ADMIT_INDEX_URL"] = index_url

    # The environment

    @property
    def venv(self) -> Path:
        return self.work / ".venv"

    def make_venv(self) -> Path:
        """Give the desk an empty environment, a copy of the template."""
        shutil.copytree(self.template, self.venv, symlinks=True)
        return self.venv

    @property
    def site(self) -> Path:
        (found,) = (self.venv / "lib").glob("python*/site-packages")
        return found

    @property
    def installed(self) -> list[str]:
        """What is installed, read from the names of folders alone."""
        return sorted(
            each.name.removesuffix(".dist-info").replace("-", "==")
            for each in self.site.glob("*.dist-info")
        )

    # Files

    def write(self, name: str, text: str) -> Path:
        """Write a file; `name` is relative to the working folder."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def write_netrc(self, text: str, name: str = ".netrc") -> Path:
        """Write a netrc into the home."""
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    # Runs

    def environment(self, variables: dict[str, str] | None = None) -> dict[str, str]:
        return {**self.variables, **(variables or {})}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "admit", *arguments]

    def run(self, *arguments: str, **variables: str) -> Ran:
        """Run admit to its end; what is true of every run is checked."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.work,
            env=self.environment(variables),
            input=self.typed,
            capture_output=True,
            encoding="utf-8",
            timeout=TIME_LIMIT,
            check=False,
        )
        return self.keep(arguments, done.returncode, done.stdout, done.stderr)

    def keep(
        self, arguments: tuple[str, ...], status: int, stdout: str, stderr: str
    ) -> Ran:
        """Keep a run for the transcript, and hold it to what is true of every run."""
        ran = Ran(" ".join(["admit", *arguments]), status, stdout, stderr)
        self.ran.append(ran)
        assert "Traceback" not in stderr, stderr
        assert "this is a bug" not in stderr, stderr
        for secret in self.secrets:
            assert secret not in stdout + stderr, "a secret was printed"
        is_data = any(each in (*DATA_COMMANDS, *TO_STDOUT) for each in arguments)
        is_data = is_data or arguments[:2] == ("auth", "check")
        assert is_data or stdout == "", stdout
        if status in (1, 2) and arguments:
            assert "error: " in stderr, stderr
        return ran

    def succeed(self, *arguments: str, **variables: str) -> Ran:
        """Run admit, which must end well."""
        ran = self.run(*arguments, **variables)
        assert ran.status == 0, ran.stderr
        return ran

    def fail(self, *arguments: str, status: int = 1, **variables: str) -> Ran:
        """Run admit, which must refuse."""
        ran = self.run(*arguments, **variables)
        assert ran.status == status, (ran.status, ran.stderr)
        return ran

    # What was printed

    @property
    def transcript(self) -> str:
        """All runs as one text, with placeholders for what differs by machine."""
        return "\n".join(self._format(each) for each in self.ran)

    def _format(self, ran: Ran) -> str:
        lines = [f"$ {ran.command}"]
        lines += ["[stdout]", ran.stdout.rstrip("\n")] if ran.stdout else []
        lines += ["[stderr]", ran.stderr.rstrip("\n")] if ran.stderr else []
        lines.append(f"[exit {ran.status}]\n")
        return self.mask("\n".join(lines))

    def mask(self, text: str) -> str:
        """Replace paths, ports, times and versions of Python."""
        base = getattr(sys, "_base_executable", sys.executable)
        for path, shown in (
            (str(self.work), "WORK"),
            (str(self.home), "HOME"),
            (str(self.home.parent), "ROOT"),
            (os.path.realpath(base), "PYTHON"),
            (str(base), "PYTHON"),
            (f"{sys.base_prefix}\n", "PREFIX\n"),
        ):
            text = text.replace(path, shown)
        text = re.sub(r"(127\.0\.0\.1|localhost):\d+", r"\1:PORT", text)
        text = text.replace(platform.python_version(), "3.X.Y")
        text = re.sub(r"python3\.\d+", "python3.X", text)
        text = re.sub(r"/\.?admit-[^/ ]+/partial/[0-9a-f]+/", "/TEMPORARY/", text)
        text = re.sub(r"(the system's CA \w+) \S+", r"\1 PATH", text)
        text = re.sub(r"after \d+ ms", "after TIME", text)
        text = re.sub(r"\bon 20\d\d-\d\d-\d\d\b", "on DATE", text)
        text = re.sub(r"\([0-9a-f]{8}…\)", "(FINGERPRINT…)", text)
        return mask_times(text)


def mask_times(text: str) -> str:
    """Replace durations."""
    return re.sub(r"\b(\d+m \d\ds|\d+\.\d\ds|\d+ms)\b", "TIME", text)


def make_template(folder: Path) -> Path:
    """Make the empty environment that desks copy."""
    command = [sys.executable, "-I", "-m", "venv", "--without-pip", "--symlinks"]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)
    return folder
