"""One installer in the hands of one person: a home, a folder, variables, a cache.

`Player.install("--index-url", URL)` runs the real program as a process of its own,
into a fresh folder; `Ran.outcome()` reads from that folder what was installed. Nothing
that a program says decides a case, except where a case is about what it says.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

PEERS = ("uv", "pip")
TOOLS = ("admit", *PEERS)
REFUSED = "refused"
NOTHING = "nothing"
TIME_LIMIT = 120


@dataclass(frozen=True)
class Ran:
    """One run."""

    status: int
    output: str
    installed: dict[str, str]
    """Versions by project."""
    folder: Path
    """Where things were installed."""

    def outcome(self, name: str = "pkgpub") -> str:
        """Return the version installed; else whether the run failed."""
        if name in self.installed:
            return self.installed[name]
        return REFUSED if self.status else NOTHING


@dataclass
class Player:
    """Somebody who uses one of the installers."""

    tool: str
    root: Path
    python: Path
    """Whose packages are resolved; nothing is installed there."""
    name: str = "caller"
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.root / f"home-of-{self.name}"
        self.work = self.home / "work"
        self.cache = self.root / "cache"
        self.work.mkdir(parents=True)

    def friend(self, name: str) -> Player:
        """Return another person, with a home of their own and the same cache."""
        return Player(self.tool, self.root, self.python, name)

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "NO_PROXY": "127.0.0.1,localhost",
            "NO_COLOR": "1",
            "ADMIT_NO_FOREIGN_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            **self.variables,
        }

    # What a person may have

    def has_netrc(self, text: str, name: str = ".netrc") -> Path:
        """Write a netrc; only the usual name is found by itself."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def has_config(self, text: str) -> None:
        """Write a file of settings that admit and uv read alike."""
        (self.work / f"{self.tool}.toml").write_text(text)

    def writes(self, name: str, text: str) -> str:
        """Write a file into the folder where programs run."""
        (self.work / name).write_text(text)
        return name

    # What they do

    def install(
        self,
        *options: str,
        names: Iterable[str] = ("pkgpub",),
        has_dependencies: bool = False,
    ) -> Ran:
        """Install into a fresh folder."""
        number = len(list(self.root.glob("target*")))
        target = self.root / f"target{number}"
        target.mkdir()
        words = [*self.command("install"), "--target", str(target)]
        if self.tool != "pip":
            words += ["--python", str(self.python)]
        elif not any("https://" in each for each in options):
            # It caches pages of plain http only for hosts that it trusts.
            words += ["--trusted-host", "127.0.0.1"]
        if not has_dependencies:
            words.append("--no-deps")
        status, output = self.run([*words, *options, *names])
        return Ran(status, output, _installed(target), target)

    def command(self, *words: str) -> list[str]:
        """Write the beginning of a command of this player's tool."""
        cache = ["--cache-dir", str(self.cache)]
        if self.tool == "admit":
            return [sys.executable, "-m", "admit", *words, *cache]
        if self.tool == "uv":
            return [find_uv(), "pip", *words, *cache]
        return [sys.executable, "-m", "pip", *words, *cache]

    def run(self, command: list[str], typed: str = "") -> tuple[int, str]:
        """Run a command; return its status and all that it said."""
        done = subprocess.run(
            command,
            cwd=self.work,
            env=self.environment(),
            input=typed,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIME_LIMIT,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def find_uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    assert found is not None, "no uv: the group dev"
    return found


def _installed(target: Path) -> dict[str, str]:
    found = {}
    for each in target.glob("*.dist-info"):
        name, _, version = each.name.removesuffix(".dist-info").partition("-")
        found[re.sub(r"[-_.]+", "-", name).lower()] = version
    return found
