"""Run a command and weigh it; turn pairs of weights into ratios.

For: everything a benchmark states. A time by itself says more about the machine than
about the program, so times leave this module's callers only as ratios of two programs
run side by side.
Does not know: which programs, and why.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one command."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of processor time, its children included."""
    status: int
    output: str
    """Both streams."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long as another program, over pairs of runs."""

    median: float
    low: float
    high: float
    pairs: int

    def __str__(self) -> str:
        if self.pairs == 1:
            return f"{self.median:.2f} (one pair)"
        return f"{self.median:.2f} ({self.low:.2f}\N{EN DASH}{self.high:.2f})"


def run(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Measured:
    """Run a command to its end, without input, and weigh it."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(wall, cpu, process.returncode, text)


def compare(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Compare the runs of two programs pair by pair."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=False)]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


def spread(values: Sequence[float]) -> float:
    """Return how far apart runs of the same thing were, as a ratio."""
    return max(values) / min(values) if values else 1.0
