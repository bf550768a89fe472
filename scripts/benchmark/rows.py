"""What is measured: one class a kind of row, each preparing jobs for each tool.

For: saying exactly what is timed and what is not. A row prepares a job before the
clock starts and cleans up after it stopped; the measuring loop is in `session.py`.
Does not know: clocks, ratios, how tools spell their options.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.tools import Job, count_installed

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.tools import Environments, Tool


@dataclass(frozen=True, slots=True)
class Bench:
    """What all rows share."""

    folder: Path
    environments: Environments
    server: str
    """`http://127.0.0.1:PORT`"""
    slow_server: str
    """The same content, each answer some milliseconds later; empty if not started."""
    sets: Path
    wheels: Path
    """The file of pinned requirements."""
    wheel_count: int


@dataclass(slots=True)
class Row:
    """One line of the table."""

    bench: Bench
    name: str
    rounds: int
    pip_rounds: int
    goal: float | None = None
    """The ratio to uv that issue 2 asks for."""
    cold: bool = False
    asks: bool = True
    """Whether a tool with an empty cache must ask the server."""
    jobs: dict[str, Job] = field(default_factory=dict)
    """Tool → the job of its latest run."""

    def prepare(self, tool: Tool) -> Job:
        """Make everything ready for one run of a tool."""
        raise NotImplementedError

    def fault(self, tool: Tool) -> str | None:
        """Look at what the latest run left; return what is wrong with it."""
        raise NotImplementedError

    def clean(self, tool: Tool) -> None:
        """Remove what the latest run left and the next one must not find."""

    def cache(self, tool: Tool) -> Path:
        """Return the tool's cache folder in this row; empty if the row is cold."""
        path = (
            self.bench.folder / "caches" / f"{self.name}-{tool.name}".replace(" ", "-")
        )
        if self.cold:
            shutil.rmtree(path, ignore_errors=True)
        return path


@dataclass(slots=True)
class Resolve(Row):
    """`install --dry-run` into an empty environment, from the snapshot."""

    requirement_set: str = ""
    slow: bool = False
    public: bool = False
    """admit is told that the index shows everybody the same: it then trusts
    max-age, as the others always do, and asks for nothing that is fresh."""

    def prepare(self, tool: Tool) -> Job:
        """Use one empty environment for all rounds."""
        if tool.name in self.jobs:
            environment = self.jobs[tool.name].environment
        else:
            environment = self.bench.environments.make(with_pip=tool.name == "pip")
        server = self.bench.slow_server if self.slow else self.bench.server
        wanted = ("-r", str(self.bench.sets / f"{self.requirement_set}.in"))
        index = f"{server}/snapshot/simple/"
        file = self._admit_file(index) if self.public else None
        job = Job(environment, index, self.cache(tool), wanted, True, file)
        self.jobs[tool.name] = job
        return job

    def _admit_file(self, index: str) -> Path:
        path = self.bench.folder / "public.toml"
        text = f'[[index]]\nname = "snapshot"\nurl = "{index}"\n'
        path.write_text(f"{text}default = true\npublic = true\n", encoding="utf-8")
        return path

    def fault(self, tool: Tool) -> str | None:
        """A dry run must leave nothing."""
        count = count_installed(self.jobs[tool.name].environment)
        return f"a dry run installed {count} packages" if count else None


@dataclass(slots=True)
class Install(Row):
    """`install -r` of the pinned wheels into a fresh environment."""

    def prepare(self, tool: Tool) -> Job:
        """Make a fresh environment."""
        environment = self.bench.environments.make(with_pip=tool.name == "pip")
        wanted = ("-r", str(self.bench.wheels))
        index = f"{self.bench.server}/wheels/simple/"
        job = Job(environment, index, self.cache(tool), wanted)
        self.jobs[tool.name] = job
        return job

    def fault(self, tool: Tool) -> str | None:
        """All of them must be there."""
        count = count_installed(self.jobs[tool.name].environment)
        if count != self.bench.wheel_count:
            return f"{count} packages installed, not {self.bench.wheel_count}"
        return None

    def clean(self, tool: Tool) -> None:
        """Remove the environment."""
        shutil.rmtree(self.jobs[tool.name].environment)


@dataclass(slots=True)
class Satisfied(Row):
    """`install` of what is installed."""

    asks: bool = False
    environment: Path | None = None
    """An environment with everything in it, pip too; shared by all tools."""
    wanted: tuple[str, ...] = ()

    def prepare(self, tool: Tool) -> Job:
        """Ask for what is there."""
        if self.environment is None:
            raise SystemExit("error: there is no environment to ask about")
        wanted = self.wanted or ("-r", str(self.bench.wheels))
        index = f"{self.bench.server}/wheels/simple/"
        job = Job(self.environment, index, self.cache(tool), wanted)
        self.jobs[tool.name] = job
        return job

    def fault(self, tool: Tool) -> str | None:
        """Nothing may have changed."""
        count = count_installed(self.jobs[tool.name].environment)
        if count != self.bench.wheel_count:
            return f"{count} packages installed, not {self.bench.wheel_count}"
        return None
