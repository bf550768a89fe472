"""Write docs/auth-coverage.md: which tests answer which row of docs/pains.md.

For: seeing that no known problem is without a test, or says why it is.
Does not know: whether tests pass; it reads markers, `pain("A1")`, without importing.
Shape: `python scripts/coverage_of_pains.py` writes, `--check` compares and writes not.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PAINS = ROOT / "docs" / "pains.md"
COVERAGE = ROOT / "docs" / "auth-coverage.md"
_ROW = re.compile(r"^\| ([A-I]\d+) \| ([^|]+) \|(?: ([^|]+) \|)?$", re.MULTILINE)
_HEAD = """\
# Which test answers which problem

Generated from the markers of the tests by `python scripts/coverage_of_pains.py`; a test
holds it to be fresh. What the rows mean stands in [pains.md](pains.md).

"""


def read_rows(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Read the catalogue: symptom by id, and reasons of rows without a test."""
    body, _, rest = text.partition("## Rows without a test")
    symptoms = {row[1]: row[2].strip() for row in _ROW.finditer(body)}
    reasons = {row[1]: row[2].strip() for row in _ROW.finditer(rest)}
    return symptoms, reasons


def collect_tests(folder: Path) -> dict[str, list[str]]:
    """Collect tests by the row they answer, as FILE::CLASS::TEST below `folder`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        for row, test in _tests_of(ast.parse(path.read_text("utf-8")), name, ()):
            found.setdefault(row, []).append(test)
    return {row: list(dict.fromkeys(tests)) for row, tests in found.items()}


def _tests_of(
    node: ast.Module | ast.ClassDef, name: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    rows = (*above, *_marked_in_body(node))
    for each in node.body:
        if isinstance(each, ast.ClassDef):
            own = (*rows, *_rows_in(each.decorator_list))
            yield from _tests_of(each, f"{name}::{each.name}", own)
        elif isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
            for row in (*rows, *_rows_in(each.decorator_list)):
                yield row, f"{name}::{each.name}"


def _marked_in_body(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    """Rows of a `pytestmark = …`."""
    for each in node.body:
        if isinstance(each, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark"
            for target in each.targets
        ):
            yield from _rows_in([each.value])


def _rows_in(nodes: list[ast.expr]) -> Iterator[str]:
    """Rows of every `….pain("A1", …)` in expressions, those of parameters too."""
    for node in nodes:
        for each in ast.walk(node):
            if (
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and each.func.attr == "pain"
            ):
                for argument in each.args:
                    if isinstance(argument, ast.Constant):
                        yield str(argument.value)


def format_coverage(
    symptoms: dict[str, str], reasons: dict[str, str], tests: dict[str, list[str]]
) -> str:
    """Lay out the page."""
    covered = sum(row in tests for row in symptoms)
    without = sum(row in reasons and row not in tests for row in symptoms)
    parts = [
        _HEAD,
        f"{len(symptoms)} rows: {covered} have tests, {without} say why they have "
        f"none, {len(symptoms) - covered - without} are open.\n",
    ]
    for row, symptom in symptoms.items():
        parts.append(f"\n## {row}\n\n{symptom}.\n\n")
        if row in tests:
            parts += [f"- `{test}`\n" for test in tests[row]]
        else:
            parts.append(f"No test. {reasons.get(row, 'Open.')}\n")
    return "".join(parts)


def generate() -> str:
    """Return the page as it is to be."""
    symptoms, reasons = read_rows(PAINS.read_text("utf-8"))
    return format_coverage(symptoms, reasons, collect_tests(ROOT / "tests"))


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    text = generate()
    if arguments == ["--check"]:
        is_fresh = COVERAGE.is_file() and COVERAGE.read_text("utf-8") == text
        print("fresh" if is_fresh else f"stale: run {Path(__file__).name}")
        return 0 if is_fresh else 1
    COVERAGE.write_text(text, "utf-8")
    print(re.search(r"^\d+ rows: .*$", text, re.MULTILINE)[0])  # type: ignore[index]
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
