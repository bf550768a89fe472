"""The import law of ARCHITECTURE.md, held by reading every import of every module."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from distlib.index import DEFAULT_INDEX

from admit.spec.url import parse_url

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "admit"
EFFECTS = {
    "logging",
    "os",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "time",
    "urllib.request",
}
MODULES = sorted(SOURCE.rglob("*.py"))


def read_rooms() -> dict[str, tuple[int, set[str]]]:
    """Read the table of rooms: pattern -> (floor, what it may import)."""
    rooms: dict[str, tuple[int, set[str]]] = {}
    row = re.compile(r"^\| `([^`]+)` \| (\d) \| [^|]* \| ([^|]*) \|$")
    for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines():
        if match := row.match(line):
            allowed = set(re.findall(r"`([^`]+)`", match[3]))
            rooms[match[1]] = (int(match[2]), allowed)
    return rooms


ROOMS = read_rooms()


def name_of(path: Path) -> str:
    parts = list(path.relative_to(SOURCE).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def room_of(module: str) -> str | None:
    """The most specific row: the module's own, else that of a package above."""
    while module:
        if module in ROOMS:
            return module
        module = module.rpartition(".")[0]
    return None


def imports_of(
    path: Path, *, with_types: bool = True, when_used: bool = True
) -> set[str]:
    """Every absolute module a file imports, those of functions and checkers too."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not when_used and isinstance(node, ast.FunctionDef):
            skipped.update(ast.walk(node))
        if (
            not with_types
            and isinstance(node, ast.If)
            and ast.unparse(node.test) == "TYPE_CHECKING"
        ):
            for child in node.body:
                skipped.update(ast.walk(child))
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found.update(
                f"{module}.{alias.name}"
                if is_module(f"{module}.{alias.name}")
                else module
                for alias in node.names
            )
    return found


def is_module(name: str) -> bool:
    if not name.startswith("admit."):
        return False
    path = SOURCE.joinpath(*name.split(".")[1:])
    return path.with_suffix(".py").exists() or path.is_dir()


def own(imported: str) -> str | None:
    if imported == "admit":
        return ""
    return imported.removeprefix("admit.") if imported.startswith("admit.") else None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_has_a_room(path: Path) -> None:
    module = name_of(path)

    assert module == "" or path.name == "__init__.py" or room_of(module), (
        f"{module} stands in no row of ARCHITECTURE.md"
    )


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_or_to_named_neighbours(path: Path) -> None:
    module = name_of(path)
    if path.name == "__init__.py" or not (room := room_of(module)):
        return
    floor, allowed = ROOMS[room]

    wrong = []
    for imported in imports_of(path):
        target = own(imported)
        if not target or (target_room := room_of(target)) is None:
            continue
        if target_room == room or target_room in allowed or "all" in allowed:
            continue
        if any(target_room.startswith(f"{each}.") for each in allowed):
            continue
        target_floor = ROOMS[target_room][0]
        if target_floor == 0:
            continue
        wrong.append(f"{target} (floor {target_floor})")

    assert wrong == [], f"{module} (floor {floor}) may not import {', '.join(wrong)}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_cores_do_no_input_or_output(path: Path) -> None:
    room = room_of(name_of(path))
    if path.name == "__init__.py" or room is None or ROOMS[room][0] > 2:
        return

    effects = imports_of(path, with_types=False) & EFFECTS
    effects |= {
        each
        for each in imports_of(path, with_types=False)
        if each.partition(".")[0] in EFFECTS
    }

    assert effects == set()


def test_no_room_imports_upwards() -> None:
    for room, (floor, allowed) in ROOMS.items():
        for each in allowed - {"all"}:
            floors = [
                other_floor
                for other, (other_floor, _) in ROOMS.items()
                if other == each or other.startswith(f"{each}.")
            ]
            assert floors, f"{room}: {each} is no room"
            assert max(floors) <= floor, f"{room} names {each} of a higher floor"


def test_imports_have_no_cycles() -> None:
    graph = {
        name_of(path): {
            target
            for imported in imports_of(path, with_types=False, when_used=False)
            if (target := own(imported))
        }
        for path in MODULES
    }
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module in done:
            return
        for target in graph.get(module, ()):
            visit(target, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def test_no_registry_is_named() -> None:
    """PyPI's address comes from a library, so that no file of ours names a host."""
    host = re.escape(parse_url(DEFAULT_INDEX).host)
    needle = re.compile(rf"(?<![\w.]){host}", re.IGNORECASE)
    suffixes = {".py", ".md", ".toml", ".txt", ".in", ".json", ".cfg", ".svg", ""}
    skipped = {".git", ".venv", ".mypy_cache", ".ruff_cache", ".hypothesis"}

    found = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.suffix in suffixes
        and not skipped & set(path.relative_to(ROOT).parts)
        and needle.search(path.read_text(errors="replace"))
    ]

    assert found == []
