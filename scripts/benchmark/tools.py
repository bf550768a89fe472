"""The installers that are compared, and how each is told to do the same thing.

For: one `Job`, three command lines. Everything of the user's configuration is kept
away: an empty home, no configuration files, a cache folder of its own; each tool keeps
its own defaults otherwise. Two of pip's are changed so that it does the same work:
it writes no bytecode (the others write none), and it trusts the loopback host (it
caches nothing from plain http else).
Does not know: what is measured.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("admit", "uv", "pip")


@dataclass(frozen=True, slots=True)
class Job:
    """One installation to be done."""

    environment: Path
    """The virtual environment; it contains pip where pip is to run."""
    index: str
    cache: Path
    wanted: tuple[str, ...]
    """Arguments that name what is wanted: names, or `-r FILE`."""
    dry_run: bool = False
    admit_file: Path | None = None
    """A configuration file for admit, in which the index stands."""

    @property
    def python(self) -> str:
        """The interpreter of the environment."""
        return str(self.environment / "bin" / "python")


@dataclass(frozen=True, slots=True)
class Tool:
    """An installer on this machine."""

    name: str
    executable: str
    """Unused for pip, which runs in the environment it changes."""
    version: str

    def command(self, job: Job) -> list[str]:
        """Write the command line of a job."""
        dry = ["--dry-run"] if job.dry_run else []
        where = ["--index-url", job.index]
        if self.name == "admit" and job.admit_file:
            where = ["--config-file", str(job.admit_file)]
        elif self.name == "admit":
            where.append("--no-config")
        common = [*where, "--cache-dir", str(job.cache)]
        if self.name == "pip":
            own = ["--no-compile", "--trusted-host", "127.0.0.1"]
            start = [job.python, "-m", "pip", "install", *own]
        elif self.name == "uv":
            start = [self.executable, "pip", "install", "--python", job.python]
        else:
            start = [self.executable, "install", "--python", job.python]
        return [*start, *common, *dry, *job.wanted]

    def version_command(self) -> list[str]:
        """Write the command line that only tells the version."""
        if self.name == "pip":
            return [sys.executable, "-m", "pip", "--version"]
        return [self.executable, "--version"]


def find_tools(wanted: Sequence[str], admit: str | None) -> dict[str, Tool]:
    """Find the installers, in the order wanted; those not there are left out."""
    found: dict[str, Tool] = {}
    beside = Path(sys.executable).parent
    for name in wanted:
        path: str | None
        if name == "pip":
            path = sys.executable
        elif name == "admit" and admit:
            path = admit
        else:
            here = beside / name
            path = str(here) if here.exists() else shutil.which(name)
        if path is None:
            continue
        tool = Tool(name, path, "")
        asked = subprocess.run(
            tool.version_command(), capture_output=True, text=True, check=False
        )
        version = re.search(r"\d+(\.\w+)+", asked.stdout)
        if asked.returncode == 0 and version:
            found[name] = Tool(name, path, version[0])
    return found


def clean_environment(home: Path) -> dict[str, str]:
    """Return environment variables in which nobody's settings are left."""
    return {
        "HOME": str(home),
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1",
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
    }


def read_answer(output: str) -> frozenset[str]:
    """Read `name==version` of everything a tool said it installs or would install."""
    answer = set(re.findall(r"(?m)^ [+~] (\S+==\S+)", output))
    pip = r"(?m)^(?:Would install|Successfully installed) (\S+-\d.*)"
    for line in re.findall(pip, output):
        answer |= {"==".join(word.rpartition("-")[::2]) for word in line.split()}
    return frozenset(_normalized(each) for each in answer)


def _normalized(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


class Environments:
    """Virtual environments, made once and copied; copying is never measured."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template"
        self.count = 0
        command = [sys.executable, "-m", "venv", "--without-pip", str(self.template)]
        subprocess.run(command, check=True, capture_output=True)

    def make(self, *, with_pip: bool, like: Path | None = None) -> Path:
        """Return a new environment, empty or like another."""
        self.count += 1
        environment = self.folder / f"environment{self.count}"
        shutil.copytree(like or self.template, environment, symlinks=True)
        if with_pip:
            add_pip(environment)
        return environment


def add_pip(environment: Path) -> None:
    """Copy the pip that runs here, its bytecode too, as hard links."""
    import pip

    source = Path(pip.__file__).parent
    target = site_packages(environment)
    shutil.copytree(source, target / "pip", copy_function=os.link)
    for information in source.parent.glob("pip-*.dist-info"):
        shutil.copytree(information, target / information.name)


def site_packages(environment: Path) -> Path:
    """Return where the environment keeps its packages."""
    return next((environment / "lib").glob("python3*")) / "site-packages"


def count_installed(environment: Path) -> int:
    """Return how many distributions are installed, pip not counted."""
    found = site_packages(environment).glob("*.dist-info")
    return sum(1 for each in found if not each.name.startswith("pip-"))
