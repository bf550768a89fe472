"""Measure admit against uv and pip, side by side, in ratios: `make bench`.

    python scripts/bench.py --quick          # under two minutes on two cores
    python scripts/bench.py --json out.json  # the figures for machines, too
    python scripts/bench.py --only jupyter   # rows whose name contains a word

What is measured, how, and what it does not say: docs/bench.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.report import describe_machine, format_report, to_json
from benchmark.rows import Bench, Install, Resolve, Row, Satisfied
from benchmark.session import Result, measure, measure_commands
from benchmark.timing import run
from benchmark.tools import (
    NAMES,
    Environments,
    Job,
    Tool,
    add_pip,
    clean_environment,
    count_installed,
    find_tools,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPTS = Path(__file__).resolve().parent
SNAPSHOT = SCRIPTS.parent / "tests" / "data" / "snapshot"
PINS = SCRIPTS / "benchmark" / "wheels.txt"
LATENCY_MS = 20
ROW_SECONDS, ROW_SECONDS_QUICK = 120.0, 9.0


def main() -> int:
    """Measure what the arguments ask for; print the table."""
    arguments = parse_arguments()
    tools = find_tools(arguments.tools.split(","), arguments.admit)
    if not tools:
        sys.exit("error: none of the tools is installed: " + arguments.tools)
    for name in arguments.tools.split(","):
        if name not in tools:
            sys.stderr.write(f"note: no rows with {name}: {how_to_get(name)}\n")
    peers = [name for name in tools if name != next(iter(tools))]
    wheels = None if arguments.no_wheels else fetch_wheels()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(working_folder()))
        server = stack.enter_context(serve(wheels, 0))
        slow = "" if arguments.quick else stack.enter_context(serve(None, LATENCY_MS))
        bench = Bench(
            folder,
            Environments(folder),
            server,
            slow,
            SNAPSHOT / "sets",
            PINS,
            len(PINS.read_text(encoding="utf-8").splitlines()),
        )
        machine = describe_machine(tools)
        words = arguments.only.split(",") if arguments.only else [""]
        starts = [
            start
            for start in measure_starts(tools, folder, quick=arguments.quick)
            if any(word in start.name for word in words)
        ]
        rows = make_rows(bench, quick=arguments.quick, with_wheels=wheels is not None)
        limit = ROW_SECONDS_QUICK if arguments.quick else ROW_SECONDS
        results = []
        for row in rows:
            if any(word in row.name for word in words):
                if isinstance(row, Satisfied):
                    row.environment = filled_environment(bench, tools)
                results.append(measure(row, tools, folder, limit))
    sys.stdout.write(format_report(machine, starts, results, peers))
    if arguments.json:
        document = json.dumps(to_json(machine, [*starts, *results], peers), indent=1)
        if arguments.json == "-":
            sys.stdout.write(document + "\n")
        else:
            Path(arguments.json).write_text(document + "\n", encoding="utf-8")
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds")
    parser.add_argument("--only", default="", help="rows whose names contain WORD,WORD")
    parser.add_argument("--json", metavar="FILE", help="write the figures (- = stdout)")
    parser.add_argument(
        "--tools", default=",".join(NAMES), help="which, ours first (admit,uv,pip)"
    )
    parser.add_argument("--admit", metavar="PATH", help="the admit to measure")
    parser.add_argument(
        "--no-wheels", action="store_true", help="leave out rows that need real wheels"
    )
    return parser.parse_args()


def make_rows(bench: Bench, *, quick: bool, with_wheels: bool) -> list[Row]:
    """Return the rows of the table, in order."""
    few, some, many = (3, 5, 9) if quick else (9, 11, 21)
    pip = 1 if quick else 3
    rows: list[Row] = []
    if with_wheels:
        rows.append(Satisfied(bench, "satisfied, 100 pins", many, 2 * pip, 3.0))
        if not quick:
            rows.append(
                Satisfied(
                    bench, "satisfied, one name", many, pip, 3.0, wanted=("jupyter",)
                )
            )
    sets = ["trio", "jupyter"] if quick else sorted(known_sets(bench.sets))
    for name in sets:
        goal = 2.0 if name == "jupyter" else None
        rows += [
            Resolve(bench, f"resolve {name}, warm", some, pip, requirement_set=name),
            Resolve(
                bench,
                f"resolve {name}, cold",
                some,
                pip,
                goal,
                cold=True,
                requirement_set=name,
            ),
        ]
    rows.append(
        Resolve(
            bench,
            "resolve jupyter, warm, public",
            some,
            0 if quick else pip,
            requirement_set="jupyter",
            public=True,
        )
    )
    if not quick:
        rows.append(
            Resolve(
                bench,
                f"resolve jupyter, cold, {LATENCY_MS} ms away",
                some,
                pip,
                cold=True,
                requirement_set="jupyter",
                slow=True,
            )
        )
    if with_wheels:
        count = bench.wheel_count
        rows += [
            Install(bench, f"install {count} wheels, warm", some, pip, 2.0),
            Install(
                bench,
                f"install {count} wheels, cold",
                few,
                0 if quick else pip,
                cold=True,
            ),
        ]
    return rows


def known_sets(folder: Path) -> list[str]:
    """Return the names of the requirement sets."""
    return [path.stem for path in folder.glob("*.in")]


def measure_starts(
    tools: dict[str, Tool], folder: Path, *, quick: bool
) -> list[Result]:
    """Measure start-up against a bare interpreter, and that against itself."""
    bare = [sys.executable, "-c", "pass"]
    rounds = 20 if quick else 40
    starts = [
        measure_commands(
            "bare interpreter/itself (noise)",
            {"bare": bare, "again": bare},
            rounds,
            folder,
        )
    ]
    for name, tool in tools.items():
        if name == "pip" and quick:
            continue
        start = measure_commands(
            f"{name} --version/bare interpreter",
            {name: tool.version_command(), "bare": bare},
            rounds if name != "pip" else 5,
            folder,
        )
        start.goal = 1.5 if name == "admit" else None
        starts.append(start)
    return starts


def filled_environment(bench: Bench, tools: dict[str, Tool]) -> Path:
    """Return an environment in which all the wheels are, and pip."""
    filled = bench.folder / "filled"
    if filled.exists():
        return filled
    environment = bench.environments.make(with_pip=False)
    add_pip(environment)
    for name in ("uv", "admit", "pip"):
        if name in tools:
            job = Job(
                environment,
                f"{bench.server}/wheels/simple/",
                bench.folder / "filling",
                ("-r", str(bench.wheels)),
            )
            run(tools[name].command(job), clean_environment(bench.folder), bench.folder)
            if count_installed(environment) == bench.wheel_count:
                filled.symlink_to(environment)
                return filled
    sys.exit("error: no tool could fill an environment")


def fetch_wheels() -> Path | None:
    """Download the pinned wheels once, with pip as the user configured it."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(base) / "admit-bench" / f"wheels-py3{sys.version_info[1]}"
    pins = PINS.read_text(encoding="utf-8").splitlines()
    if folder.is_dir() and len(list(folder.glob("*.whl"))) == len(pins):
        return folder
    sys.stderr.write(f"downloading {len(pins)} wheels to {folder} (once) ...\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), "-r", str(PINS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and len(list(folder.glob("*.whl"))) == len(pins):
        return folder
    sys.stderr.write(done.stderr)
    sys.stderr.write(
        "note: the wheels cannot be had: rows that need them are left out\n"
    )
    return None


@contextmanager
def working_folder() -> Iterator[str]:
    """Make a folder for caches and environments, on one file system."""
    folder = tempfile.mkdtemp(prefix="admit-bench-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serve(wheels: Path | None, latency_ms: int) -> Iterator[str]:
    """Start the server in a process of its own; yield where it is."""
    command = [sys.executable, "-m", "benchmark.server", "--snapshot", str(SNAPSHOT)]
    command += ["--latency-ms", str(latency_ms)]
    if wheels is not None:
        command += ["--wheels", str(wheels)]
    process = subprocess.Popen(command, cwd=SCRIPTS, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("ready"):
            sys.exit("error: the server of the benchmark did not start")
        yield f"http://127.0.0.1:{line.split()[1]}"
    finally:
        process.terminate()
        process.wait()


def how_to_get(name: str) -> str:
    """Say how a missing tool is had."""
    if name == "admit":
        return f"it is not beside {sys.executable}; `make bench` puts it there"
    return f"`{sys.executable} -m pip install {name}` gets it"


if __name__ == "__main__":
    sys.exit(main())
