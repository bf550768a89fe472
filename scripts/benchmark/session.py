"""The measuring loop: tools interleaved, the first of each round alternating.

For: filling rows with runs. In every round each tool does the row's job once, one after
the other, beginning with another tool each time; pip, the slow one, takes part in the
first rounds only. A ratio is formed only between runs of the same round. In warm rows
one run of each tool goes before, uncounted, to fill its cache. A row that has used up
its time ends early, after two rounds at the least.
Does not know: what the rows are, how results are shown.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmark.timing import compare, run
from benchmark.tools import clean_environment, read_answer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmark.rows import Row
    from benchmark.timing import Measured, Ratio
    from benchmark.tools import Tool


NOT_ASKED = "not in this row"


@dataclass(slots=True)
class Runs:
    """What one tool did in one row."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    answer: frozenset[str] = frozenset()
    fault: str | None = None
    """Why the tool is not in this row."""


@dataclass(slots=True)
class Result:
    """A row with its runs."""

    name: str
    goal: float | None
    runs: dict[str, Runs]
    ours: str

    def ratio(self, other: str, kind: str = "wall") -> Ratio | None:
        """Return ours against another tool's, or None where one has no runs."""
        mine, theirs = self.runs.get(self.ours), self.runs.get(other)
        if mine is None or theirs is None:
            return None
        ours: list[float] = getattr(mine, kind)
        others: list[float] = getattr(theirs, kind)
        return compare(ours, others) if ours and others else None

    def requests(self, tool: str) -> int | None:
        """Return how many requests a run needed."""
        runs = self.runs.get(tool)
        if runs is None or not runs.requests:
            return None
        return int(statistics.median(runs.requests))

    def disagreement(self) -> str | None:
        """Say where tools came to other answers than ours."""
        mine = self.runs.get(self.ours)
        for name, runs in self.runs.items():
            if mine and mine.answer and runs.answer and runs.answer != mine.answer:
                only = ", ".join(sorted(runs.answer - mine.answer)[:5])
                missing = ", ".join(sorted(mine.answer - runs.answer)[:5])
                return f"only {name}: {only or '-'}; only {self.ours}: {missing or '-'}"
        return None


def measure(row: Row, tools: Mapping[str, Tool], home: Path, limit: float) -> Result:
    """Fill one row; `limit` is in seconds."""
    started = time.monotonic()
    runs = {name: Runs() for name in tools}
    for name, tool in tools.items():
        if name == "pip" and not row.pip_rounds:
            runs[name].fault = NOT_ASKED
        elif not row.cold:
            filling = Runs()
            runs[name].fault = _once(row, tool, home, filling)
            if row.asks and filling.requests == [0]:
                runs[name].fault = "it did not ask our server"
    for number in range(row.rounds):
        if number >= 2 and time.monotonic() - started > limit:
            break
        names = [
            name
            for name in tools
            if runs[name].fault is None and (name != "pip" or number < row.pip_rounds)
        ]
        shift = number % len(names) if names else 0
        for name in names[shift:] + names[:shift]:
            runs[name].fault = _once(row, tools[name], home, runs[name])
        _say(f"\r{row.name}: round {number + 1} of {row.rounds} ")
    _say(f"\r{row.name}: {time.monotonic() - started:.0f} s to measure\n")
    return Result(row.name, row.goal, runs, next(iter(tools)))


def measure_commands(
    name: str, commands: Mapping[str, list[str]], rounds: int, home: Path
) -> Result:
    """Fill a row of plain commands; the first one is ours."""
    runs = {key: Runs() for key in commands}
    environment = clean_environment(home)
    for number in range(-1, rounds):
        keys = list(commands)
        shift = number % len(keys)
        for key in keys[shift:] + keys[:shift]:
            measured = run(commands[key], environment, home)
            if measured.status != 0:
                runs[key].fault = _last_line(measured)
            elif number >= 0:
                runs[key].wall.append(measured.wall)
                runs[key].cpu.append(measured.cpu)
    return Result(name, None, runs, next(iter(commands)))


def _once(row: Row, tool: Tool, home: Path, runs: Runs) -> str | None:
    """Run once; add to the runs, or return why it cannot be."""
    job = row.prepare(tool)
    server = "/".join(job.index.split("/")[:3])
    _counters(server)
    measured = run(tool.command(job), clean_environment(home), home)
    counters = _counters(server)
    if measured.status != 0:
        return _last_line(measured)
    fault = row.fault(tool)
    row.clean(tool)
    if fault is None:
        runs.wall.append(measured.wall)
        runs.cpu.append(measured.cpu)
        runs.requests.append(counters["requests"])
        runs.answer = read_answer(measured.output)
    return fault


def _counters(server: str) -> dict[str, int]:
    """Read the server's counters and set them to zero."""
    with urllib.request.urlopen(f"{server}/__reset") as response:  # noqa: S310  # our own server
        counters: dict[str, int] = json.load(response)
        return counters


def _last_line(measured: Measured) -> str:
    lines = [line for line in measured.output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or [f"exit status {measured.status}"])[0].strip()[:200]


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
