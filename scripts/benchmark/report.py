"""Show results: a table of ratios for people, JSON for machines.

For: saying what was measured, on what, and how far to trust it, beside the figures.
Absolute times are in the JSON only, as raw material; they are never a result.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmark.session import NOT_ASKED
from benchmark.timing import spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmark.session import Result
    from benchmark.tools import Tool


def describe_machine(tools: Mapping[str, Tool]) -> dict[str, Any]:
    """Return what the figures depend on."""
    curl = subprocess.run(
        [sys.executable, "-c", "import pycurl; print(pycurl.version_info()[1])"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libcurl": curl.stdout.strip() or "absent",
        "load": round(os.getloadavg()[0], 1),
        **{name: tool.version for name, tool in tools.items()},
    }


def format_report(
    machine: Mapping[str, Any],
    starts: Sequence[Result],
    results: Sequence[Result],
    peers: Sequence[str],
) -> str:
    """Write the table and what belongs to it."""
    ours = results[0].ours if results else "admit"
    words = ", ".join(f"{key} {text}" for key, text in machine.items())
    lines = [f"measured on: {words}", ""]
    head = ["", *(f"{ours}/{peer}" for peer in peers)]
    head += [f"cpu {ours}/{peers[0]}" if peers else "cpu", "requests", "goal"]
    rows = [head]
    rows += [_start_row(result, len(peers)) for result in starts]
    rows += [_row(result, peers) for result in results]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines += ["", *_notes([*starts, *results], peers)]
    return "\n".join(lines) + "\n"


def _start_row(result: Result, peers: int) -> list[str]:
    other = next(name for name in result.runs if name != result.ours)
    ratio, cpu = result.ratio(other), result.ratio(other, "cpu")
    cells = [f"{ratio}" if ratio else "-"] + ["-"] * (peers - 1)
    goal = _goal(result, other)
    return [result.name, *cells, f"{cpu.median:.2f}" if cpu else "-", "-", goal]


def _row(result: Result, peers: Sequence[str]) -> list[str]:
    cells = [f"{result.ratio(peer) or '-'}" for peer in peers]
    cpu = result.ratio(peers[0], "cpu") if peers else None
    counts = [result.requests(name) for name in (result.ours, *peers)]
    requests = " / ".join("-" if count is None else str(count) for count in counts)
    goal = _goal(result, peers[0]) if peers else ""
    return [result.name, *cells, f"{cpu.median:.2f}" if cpu else "-", requests, goal]


def _goal(result: Result, other: str) -> str:
    ratio = result.ratio(other)
    if result.goal is None:
        return ""
    verdict = (
        "" if ratio is None else ", met" if ratio.median <= result.goal else ", NOT met"
    )
    return f"{result.goal:g}{verdict}"


def _notes(results: Sequence[Result], peers: Sequence[str]) -> list[str]:
    """Say what is missing, what differs, and how noisy it was."""
    notes = [
        f"note: {result.name}: {name}: {runs.fault}"
        for result in results
        for name, runs in result.runs.items()
        if runs.fault and runs.fault != NOT_ASKED
    ]
    for result in results:
        difference = result.disagreement()
        if difference:
            notes.append(f"note: {result.name}: other answers: {difference}")
    for peer in peers:
        spreads = [
            spread(result.runs[peer].wall)
            for result in results
            if peer in result.runs and len(result.runs[peer].wall) > 1
        ]
        if spreads:
            notes.append(
                f"noise: slowest against fastest run of {peer} within a row: "
                f"up to {max(spreads):.2f}"
            )
    return notes


def to_json(
    machine: Mapping[str, Any], results: Sequence[Result], peers: Sequence[str]
) -> dict[str, Any]:
    """Return everything, raw times too (material for looking closer, not results)."""
    return {
        "machine": dict(machine),
        "rows": [_row_json(result, peers) for result in results],
    }


def _row_json(result: Result, peers: Sequence[str]) -> dict[str, Any]:
    ratios: dict[str, Any] = {}
    for other in (*peers, *result.runs):
        for kind in ("wall", "cpu"):
            ratio = result.ratio(other, kind) if other != result.ours else None
            if ratio is not None:
                ratios[f"{result.ours}/{other} {kind}"] = {
                    "median": round(ratio.median, 3),
                    "low": round(ratio.low, 3),
                    "high": round(ratio.high, 3),
                    "pairs": ratio.pairs,
                }
    return {
        "name": result.name,
        "goal": result.goal,
        "ratios": ratios,
        "requests": {name: result.requests(name) for name in result.runs},
        "faults": {
            name: runs.fault for name, runs in result.runs.items() if runs.fault
        },
        "disagreement": result.disagreement(),
        "raw_seconds": {name: runs.wall for name, runs in result.runs.items()},
        "raw_cpu_seconds": {name: runs.cpu for name, runs in result.runs.items()},
    }
