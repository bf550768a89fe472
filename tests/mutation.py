"""Change every condition of the authentication decision; each must turn a test red.

Run by `make exam`: `python tests/mutation.py [module …]`. A copy of the project's
sources is changed, one place at a time (a comparison, `and`/`or`, `not`, a condition
forced true or false, a constant), and the module's unit tests are run on the copy. A
change that no test notices is printed; the exit status is 1 if there is one that
`EQUIVALENT` does not explain.
"""

from __future__ import annotations

import ast
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TESTS = {
    "auth/scope.py": ["tests/unit/test_scope.py", "tests/unit/test_flow.py"],
    "auth/flow.py": ["tests/unit/test_flow.py", "tests/unit/test_asked.py"],
    "auth/store.py": ["tests/unit/test_store.py"],
    "auth/provided.py": ["tests/unit/test_asked.py"],
    "auth/remembered.py": ["tests/unit/test_remembered.py"],
    "auth/sources/asked.py": ["tests/unit/test_asked.py"],
    "auth/ledger.py": ["tests/unit/test_flow.py"],
    "auth/answers.py": ["tests/unit/test_flow.py"],
    "auth/sources/search.py": ["tests/unit/test_sources.py"],
    "auth/sources/netrc.py": ["tests/unit/test_netrc.py", "tests/unit/test_sources.py"],
}
EQUIVALENT = {
    "is_page and trip.owner == 'link' and (trip.last is not None) => "
    "is_page and trip.owner == 'link'": "an owner has a credential",
}
"""Changes that change nothing, as "before => after", and why."""
SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


@dataclass(frozen=True)
class Job:
    """One change."""

    module: str
    line: int
    change: str
    text: str
    """The whole module, changed."""


def mutants(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Change the tree in place, yield (line, before, after), and change it back."""
    for node in _code_of(tree):
        if isinstance(node, ast.Compare):
            for at, operator in enumerate(node.ops):
                for table in (SWAPS, EDGES):
                    other = table.get(type(operator))
                    if other is not None:
                        before = ast.unparse(node)
                        node.ops[at] = other()
                        yield node.lineno, before, ast.unparse(node)
                        node.ops[at] = operator
        elif isinstance(node, ast.BoolOp):
            yield from _mutate_bool(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            before, kept = ast.unparse(node), node.operand
            node.operand = ast.UnaryOp(ast.Not(), kept)
            yield node.lineno, before, ast.unparse(kept)
            node.operand = kept
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
            yield from _mutate_return(node, node.value)
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            yield from _force(node)


def _force(node: ast.If | ast.IfExp | ast.While) -> Iterator[tuple[int, str, str]]:
    condition = node.test
    if isinstance(condition, ast.Constant):
        return
    for forced in (True, False):
        node.test = ast.Constant(forced)
        yield condition.lineno, ast.unparse(condition), str(forced)
    node.test = condition


def _mutate_return(
    node: ast.Return, constant: ast.Constant
) -> Iterator[tuple[int, str, str]]:
    if isinstance(constant.value, bool):
        node.value = ast.Constant(not constant.value)
        yield node.lineno, ast.unparse(constant), ast.unparse(node.value)
        node.value = constant


def _mutate_bool(node: ast.BoolOp) -> Iterator[tuple[int, str, str]]:
    before, operator, values = ast.unparse(node), node.op, node.values
    node.op = ast.Or() if isinstance(operator, ast.And) else ast.And()
    yield node.lineno, before, ast.unparse(node)
    node.op = operator
    for at in range(len(values)):
        node.values = values[:at] + values[at + 1 :]
        if len(node.values) == 1:
            node.values = [node.values[0], node.values[0]]
        yield node.lineno, before, ast.unparse(node)
    node.values = values


def _code_of(tree: ast.Module) -> list[ast.AST]:
    """Every node but those of type-checking blocks and annotations."""
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            skipped.update(id(each) for each in ast.walk(node))
        for name in ("annotation", "returns"):
            note = getattr(node, name, None)
            if note is not None:
                skipped.update(id(each) for each in ast.walk(note))
    return [node for node in ast.walk(tree) if id(node) not in skipped]


class Workshop:
    """A copy of the sources to spoil."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.copytree(ROOT / "src", folder / "src", ignore=_CACHES)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=_CACHES)
        shutil.copy(ROOT / "pyproject.toml", folder / "pyproject.toml")

    def is_noticed(self, module: str, text: str) -> bool:
        """Run the tests of a module on a changed text; True if one fails."""
        target = self._folder / "src" / "admit" / module
        kept = target.read_text()
        target.write_text(text)
        try:
            return self._run(TESTS[module])
        finally:
            target.write_text(kept)

    def _run(self, tests: list[str]) -> bool:
        """Run tests in a fork, which has pytest loaded but nothing of the project."""
        child = os.fork()
        if child == 0:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            os.chdir(self._folder)
            sys.path.insert(0, str(self._folder / "src"))
            sys.dont_write_bytecode = True
            signal.alarm(60)
            os._exit(int(pytest.main(["-x", "-q", *_PLUGINS, *tests])))
        return os.waitpid(child, 0)[1] != 0


_CACHES = shutil.ignore_patterns("__pycache__", "data")
_PLUGINS = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest"]


def examine(jobs: list[Job], folder: Path) -> list[str]:
    """Return what became of each change that no test noticed."""
    shop = Workshop(folder)
    for module in {job.module for job in jobs}:
        text = (ROOT / "src" / "admit" / module).read_text()
        if shop.is_noticed(module, text):
            return [f"{module}: red before any change"]
    unnoticed = []
    for job in jobs:
        if not shop.is_noticed(job.module, job.text) and job.change not in EQUIVALENT:
            unnoticed.append(f"{job.module}:{job.line}: {job.change}")
            sys.stdout.write(unnoticed[-1] + "\n")
            sys.stdout.flush()
    return unnoticed


def main(modules: list[str]) -> int:
    jobs: list[Job] = []
    for module in modules or list(TESTS):
        tree = ast.parse((ROOT / "src" / "admit" / module).read_text())
        for line, before, after in mutants(tree):
            change = f"{before} => {after}"
            jobs.append(Job(module, line, change, ast.unparse(tree)))
    with tempfile.TemporaryDirectory() as folder:
        halves = [(jobs[at::2], Path(folder) / str(at)) for at in range(2)]
        with multiprocessing.get_context("fork").Pool(2) as pool:
            found = [each for part in pool.starmap(examine, halves) for each in part]
    sys.stdout.write(f"{len(jobs)} changes, {len(found)} not noticed\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
