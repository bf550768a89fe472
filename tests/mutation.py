"""Change every condition of the authentication decision; each must turn a test red.

`python tests/mutation.py [module ...]`; `make exam` runs it over all of `TESTS`, and
docs/mutation.md tells what came of it. Prints a row for each module and a line for
each change that no test notices; the exit status is 1 if there is one that
`EQUIVALENT` does not explain.
Theory of operation: the tests are collected once, and run once while it is written
down which lines each of them reaches. Then this process is forked for each change: the
child puts the changed code into the functions of the module and runs the tests that
reach the line, those first that noticed something last. Its first failure ends it. So
does a limit of time: a change that makes a loop endless is noticed too.
"""

from __future__ import annotations

import argparse
import ast
import faulthandler
import gc
import importlib
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.changes import Change, changes  # noqa: E402  # found by the line above
from support.equivalent import EQUIVALENT  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

    Reached = set[tuple[str, int]]
    """Files and lines."""

TESTS: dict[str, tuple[str, ...]] = {
    "auth/scope": ("unit/test_scope.py",),
    "auth/flow": ("unit/test_flow.py", "unit/test_flow_answers.py"),
    "auth/ledger": (
        "unit/test_ledger.py",
        "unit/test_flow.py",
        "unit/test_flow_answers.py",
    ),
    "auth/answers": ("unit/test_answers.py", "unit/test_flow.py"),
    "auth/query": ("unit/test_asked.py",),
    "auth/scheme": ("unit/test_scheme.py",),
    "auth/store": ("unit/test_store.py",),
    "auth/provided": ("unit/test_asked.py",),
    "auth/remembered": ("unit/test_remembered.py",),
    "auth/sources/asked": ("unit/test_asked.py",),
    "auth/sources/child": ("unit/test_asked.py",),
    "auth/sources/environment": ("unit/test_sources.py", "unit/test_search.py"),
    "auth/sources/given": ("unit/test_given.py",),
    "auth/sources/headers": ("unit/test_helpers.py",),
    "auth/sources/helper": ("unit/test_helpers.py",),
    "auth/sources/keyring": ("unit/test_keyring.py",),
    "auth/sources/memory_file": ("unit/test_memory_file.py",),
    "auth/sources/netrc": ("unit/test_netrc.py", "unit/test_sources.py"),
    "auth/sources/netrc_answers": ("unit/test_netrc.py", "unit/test_sources.py"),
    "auth/sources/private_file": ("unit/test_store.py", "unit/test_store_place.py"),
    "auth/sources/prompt": ("unit/test_helpers.py",),
    "auth/sources/providers": ("unit/test_helpers.py",),
    "auth/sources/search": ("unit/test_sources.py", "unit/test_search.py"),
    "auth/sources/store": ("unit/test_store_place.py",),
    "auth/sources/time_limit": ("unit/test_helpers.py",),
    "net/client": (
        "unit/test_client.py",
        "wire/test_client.py",
        "wire/test_resume.py",
    ),
    "net/source_tls": (
        "unit/test_client.py",
        "wire/test_source_tls.py",
        "wire/test_source_proxy.py",
    ),
}
"""Which tests are to notice a change in which module."""
NOT_HERE = {
    "net/client": (
        "Response.header", "Client.__init__", "Client.pump", "Client._receive",
        "Client._resume_due", "Client._resume_parked", "_range_text", "_retry_after",
    ),
}  # fmt: skip
"""Functions that decide nothing about credentials, redirects or identity."""
_LONGEST = 60.0
"""Seconds a child may take in all."""
_BROKEN = 3
"""The exit status of a child in which the bench itself failed."""


class Bench:
    """Changes the modules under a collected session; a plugin of pytest."""

    def __init__(self, modules: list[str], jobs: int, folder: Path) -> None:
        self.modules = modules
        self.jobs = jobs
        self.folder = folder
        self.unexplained = 0
        self._out = -1
        self._seconds: dict[str, float] = {}
        self._wins: dict[str, int] = {}
        """When each test last noticed something."""
        self._working: dict[int, tuple[Trial, int]] = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise pytest.UsageError("the tests cannot be collected")
        subjects = [Subject(module) for module in self.modules]
        gc.freeze()
        seen = self._trace(session.items, subjects)
        for subject in subjects:
            self._examine(subject, session.items, seen)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In a child: tell of the first failure, and be done."""
        self._seconds[report.nodeid] = (
            self._seconds.get(report.nodeid, 0.0) + report.duration
        )
        if report.failed:
            os.write(self._out, report.nodeid.encode())
            os._exit(1)

    def _trace(
        self, items: list[pytest.Item], subjects: list[Subject]
    ) -> dict[str, Reached]:
        """Run all tests unchanged, in a child; return the lines each reaches."""
        store = self.folder / "seen"

        def work() -> None:
            seen: dict[str, Reached] = {}
            for subject in subjects:
                subject.install(None)
            for item, following in _in_turn(items):
                reached = seen.setdefault(item.nodeid, set())
                with _Tracer([subject.file for subject in subjects], reached):
                    self._run(item, following)
            store.write_bytes(pickle.dumps((seen, self._seconds)))

        child, out = self._fork(work)
        failed = _read(out)
        if os.waitpid(child, 0)[1] != 0:
            raise pytest.UsageError(f"red before any change: {failed}")
        loaded: dict[str, Reached]
        loaded, self._seconds = pickle.loads(store.read_bytes())
        return loaded

    def _examine(
        self, subject: Subject, items: list[pytest.Item], seen: dict[str, Reached]
    ) -> None:
        """Try every change of one module and print what became of them."""
        own = [
            item
            for item in items
            if item.nodeid.partition("::")[0].removeprefix("tests/") in subject.tests
        ]
        trials = []
        for change in changes(subject.tree):
            if change.where in NOT_HERE.get(subject.module, ()):
                continue
            trials.append(Trial(change))
            reaching = [
                item for item in own if subject.is_reached(change, seen[item.nodeid])
            ]
            if reaching:
                if len(self._working) == self.jobs:
                    self._reap()
                self._start(trials[-1], subject, reaching)
        while self._working:
            self._reap()
        self._tell(subject, trials)

    def _start(self, trial: Trial, subject: Subject, tests: list[pytest.Item]) -> None:
        """Run tests on a change, the likeliest to notice it first, in a child."""

        def likeliest_first(item: pytest.Item) -> tuple[int, float]:
            return -self._wins.get(item.nodeid, 0), self._seconds[item.nodeid]

        def work() -> None:
            seconds = sum(self._seconds[item.nodeid] for item in tests)
            resource.setrlimit(resource.RLIMIT_CPU, (int(2 + 3 * seconds),) * 2)
            faulthandler.dump_traceback_later(_LONGEST, exit=True)
            subject.install(trial.change)
            for item, following in _in_turn(sorted(tests, key=likeliest_first)):
                self._run(item, following)

        child, out = self._fork(work)
        self._working[child] = (trial, out)

    def _fork(self, work: Callable[[], None]) -> tuple[int, int]:
        """Do something in a child; return it and the pipe that tells of a failure."""
        sys.stdout.flush()
        out, into = os.pipe()
        child = os.fork()
        if child:
            os.close(into)
            return child, out
        os.close(out)
        self._out = into
        try:
            os.setsid()
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            own = self.folder / str(os.getpid())
            own.mkdir()
            os.environ["PYTEST_DEBUG_TEMPROOT"] = str(own)
            work()
            os._exit(0)
        except BaseException:
            os.write(into, traceback.format_exc().encode())
            os._exit(_BROKEN)

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def _reap(self) -> None:
        """Wait for a child, and end what it has started itself."""
        child, status = os.wait()
        trial, out = self._working.pop(child)
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:
            pass
        shutil.rmtree(self.folder / str(child), ignore_errors=True)
        told = _read(out)
        if os.waitstatus_to_exitcode(status) == _BROKEN:
            raise RuntimeError(f"{trial.change.text}: {told}")
        trial.is_noticed = status != 0
        if told:
            self._wins[told] = max(self._wins.values(), default=0) + 1

    def _tell(self, subject: Subject, trials: list[Trial]) -> None:
        explained = EQUIVALENT.get(subject.module, {})
        missed = [trial.change for trial in trials if not trial.is_noticed]
        names = {f"{each.where}: {each.text}" for each in missed}
        lines = [
            f"| {subject.module} | {len(trials)} | {len(trials) - len(missed)} "
            f"| {len(names & explained.keys())} |"
        ]
        for change in missed:
            name = f"{change.where}: {change.text}"
            if name not in explained:
                lines.append(f"  not noticed: line {change.lines.start}: {name}")
        for name in explained.keys() - names:
            lines.append(f"  explained for nothing: {name}")
        self.unexplained += len(lines) - 1
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


class Trial:
    """A change and what became of it."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.is_noticed = False


class Subject:
    """A module to change: its source and its functions as they live here."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.tests = TESTS[module]
        self._loaded = importlib.import_module("admit." + module.replace("/", "."))
        self.file = str(self._loaded.__file__)
        self.tree = ast.parse(Path(self.file).read_text())
        self._functions = [
            each
            for each in gc.get_objects()
            if isinstance(each, FunctionType) and each.__code__.co_filename == self.file
        ]

    def is_reached(self, change: Change, reached: Reached) -> bool:
        """Whether a test can notice a change; of a constant, any that comes here."""
        if change.is_constant:
            return any(file == self.file for file, _ in reached)
        return any((self.file, line) in reached for line in change.lines)

    def install(self, change: Change | None) -> None:
        """Give every function the code of the tree as it is now."""
        if change is not None and change.is_constant:
            tree = ast.Module([change.statement], [])
            exec(compile(tree, self.file, "exec"), self._loaded.__dict__)
            return
        codes = dict(_codes(compile(self.tree, self.file, "exec")))
        for function in self._functions:
            old = function.__code__
            function.__code__ = codes[old.co_qualname, old.co_firstlineno]


class _Tracer:
    """Writes down which lines of some files are reached."""

    def __init__(self, files: list[str], touched: Reached) -> None:
        self._files = frozenset(files)
        self._touched = touched

    def __enter__(self) -> None:
        threading.settrace(self._call)
        sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def _call(self, frame: FrameType, _event: str, _argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self._files else None

    def _line(self, frame: FrameType, _event: str, _argument: object) -> Any:
        self._touched.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def _in_turn(
    items: list[pytest.Item],
) -> Iterable[tuple[pytest.Item, pytest.Item | None]]:
    """Pair each test with the one that follows it."""
    return zip(items, [*items[1:], None], strict=True)


def _codes(code: CodeType) -> Iterable[tuple[tuple[str, int], CodeType]]:
    """Yield a code and all within it, by name and line."""
    yield (code.co_qualname, code.co_firstlineno), code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _read(pipe: int) -> str:
    with open(pipe, "rb") as stream:
        return stream.read().decode()


def examine(modules: list[str], jobs: int) -> int:
    """Run pytest over the tests of some modules, with a bench in place of its loop."""
    tests = sorted(
        {str(ROOT / "tests" / each) for name in modules for each in TESTS[name]}
    )
    paths = [str(ROOT / "tests" / each) for each in tests]
    os.environ["CI"] = "1"  # the same drawn examples in every run
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(modules, jobs, Path(folder))
        options = ["-o", "addopts=--import-mode=importlib", "-s", f"--rootdir={ROOT}"]
        for plugin in ("terminal", "cacheprovider", "xdist", "hypothesispytest"):
            options += ["-p", f"no:{plugin}"]
        status = pytest.main([*options, *paths], plugins=[bench])
    return int(status) or int(bench.unexplained > 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="module", help="auth/scope")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    sys.stdout.write("| module | changes | noticed | explained |\n|---|---|---|---|\n")
    return examine(given.modules or list(TESTS), given.jobs)


if __name__ == "__main__":
    sys.exit(main())
