"""pyproject.toml: how a project is built, and what it says of itself.

For: builds, and for metadata and dependencies that need no build.
Does not know: files and folders, backends, `[tool]` tables (but for one exception).
Shape: bytes -> `Document` -> `BuildSystem`, `ProjectTable`, `Metadata`.
Theory: `[project]` counts only as far as it is static. What it leaves out and does not
call dynamic is empty, by the specification; a backend may not add to it.
Spec: build system tables (PEP 517, PEP 518), project metadata (PEP 621).
"""

from __future__ import annotations

import re

from admit.errors import InputError
from admit.spec.marker import parse_marker
from admit.spec.metadata import Metadata
from admit.spec.names import normalize_extra, normalize_name
from admit.spec.requirement import format_requirement, parse_requirement
from admit.spec.version import parse_specifier, parse_version
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.requirement import Requirement

    Document = Mapping[str, object]

LEGACY_BACKEND = "setuptools.build_meta:__legacy__"
"""Of trees that name no backend: setuptools as it was before PEP 517."""
LEGACY_REQUIRES = "setuptools>=40.8.0"
"""The first release with that backend."""

_FILE = "pyproject.toml"
_OBJECT = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*(:[^\W\d]\w*(\.[^\W\d]\w*)*)?")
_IN_USE = frozenset(
    ("name", "version", "dependencies", "optional-dependencies", "requires-python")
)


class InvalidProject(InputError):
    """A pyproject.toml breaks its specification, or does not tell what it should."""

    code = "invalid-project"


@value
class BuildSystem:
    """Who builds a tree, and what that needs."""

    requires: tuple[Requirement, ...]
    backend: str
    """A module, perhaps with an object in it: "flit_core.buildapi"."""
    backend_path: tuple[str, ...] = ()
    """Folders of the tree where the backend is; relative, none leads out of it."""

    @property
    def is_legacy(self) -> bool:
        """Whether the tree names no backend."""
        return self.backend == LEGACY_BACKEND


@value
class ProjectTable:
    """The parts of `[project]` that say what the project depends on."""

    name: NormalizedName
    dependencies: tuple[Requirement, ...]
    optional: Mapping[ExtraName, tuple[Requirement, ...]]
    """By extra."""
    dynamic: frozenset[str]
    """Fields that only a build can tell."""


def parse_document(body: bytes, where: str = _FILE) -> Document:
    """Parse the file; `where` it stands, for messages.

    Raises:
        InvalidProject: it is no TOML in UTF-8.
    """
    import tomllib

    try:
        return tomllib.loads(body.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProject(f"cannot read {where}", why=str(error)) from error


def parse_build_system(document: Document, where: str = _FILE) -> BuildSystem:
    """Read `[build-system]`; an empty document stands for a file that is not there.

    Raises:
        InvalidProject: all faults of the table are told.

    Spec: PEP 517, PEP 518 and their defaults.
    """
    if "build-system" not in document:
        return BuildSystem((parse_requirement(LEGACY_REQUIRES),), LEGACY_BACKEND)
    table = document["build-system"]
    if not isinstance(table, dict):
        raise InvalidProject(f"{where}: `build-system` is not a table")
    faults: list[str] = []
    requires = _read_requires(table, faults)
    backend = table.get("build-backend", LEGACY_BACKEND)
    if not isinstance(backend, str) or not _OBJECT.fullmatch(backend):
        faults.append(f"`build-backend` is no module or object of one: {backend!r}")
    backend_path = _read_backend_path(table, faults)
    if faults:
        raise InvalidProject(
            f"{where}: [build-system] does not say how to build",
            why="\n".join(faults),
            fix='write for instance requires = ["setuptools>=61"]'
            if "requires" not in table
            else None,
        )
    return BuildSystem(requires, str(backend), backend_path)


def parse_project(document: Document, where: str = _FILE) -> ProjectTable:
    """Read what `[project]` says of dependencies; what is dynamic may be missing.

    Raises:
        InvalidProject: there is no such table, or it breaks the specification.
    """
    table = document.get("project")
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise InvalidProject(f"{where} has no [project] table with a name")
    optional = table.get("optional-dependencies", {})
    if not isinstance(optional, dict):
        raise InvalidProject(f"{where}: `optional-dependencies` is not a table")
    try:
        return ProjectTable(
            normalize_name(table["name"]),
            _requirements(table.get("dependencies", []), "`dependencies`"),
            {
                normalize_extra(extra): _requirements(each, f"the extra {extra}")
                for extra, each in optional.items()
            },
            frozenset(_texts(table.get("dynamic", []), "`dynamic`")),
        )
    except InputError as error:
        raise InvalidProject(f"{where}: {error.what}", why=error.why) from error


def find_static_metadata(document: Document) -> Metadata | None:
    """Return what `[project]` says if a build could say nothing else; else None.

    A table with faults tells nothing either: its backend is who explains them best.

    Spec: PEP 621, `dynamic`.
    """
    table = document.get("project")
    try:
        project = parse_project(document)
        if not isinstance(table, dict) or project.dynamic & _IN_USE:
            return None
        if _is_told_to_poetry(document, table):
            return None
        requires = list(project.dependencies)
        for extra, needed in project.optional.items():
            requires += [_under_extra(each, extra) for each in needed]
        python = table.get("requires-python")
        return Metadata(
            project.name,
            parse_version(_text(table.get("version"), "`version`")),
            tuple(requires),
            None
            if python is None
            else parse_specifier(_text(python, "`requires-python`")),
            tuple(project.optional),
        )
    except InputError:
        return None


def _read_requires(
    table: Mapping[str, object], faults: list[str]
) -> tuple[Requirement, ...]:
    if "requires" not in table:
        # PEP 518: the key is mandatory where the table is.
        faults.append("it has no `requires`")
        return ()
    try:
        texts = _texts(table["requires"], "`requires`")
    except InvalidProject as error:
        faults.append(error.what)
        return ()
    found = []
    for text in texts:
        try:
            found.append(parse_requirement(text))
        except InputError as error:
            faults.append(f"`requires`: {error.what}: {error.why}")
    return tuple(found)


def _read_backend_path(
    table: Mapping[str, object], faults: list[str]
) -> tuple[str, ...]:
    if "backend-path" not in table:
        return ()
    if "build-backend" not in table:
        faults.append("`backend-path` says where, and no `build-backend` says who")
    try:
        paths = _texts(table["backend-path"], "`backend-path`")
    except InvalidProject as error:
        faults.append(error.what)
        return ()
    # "Directories in backend-path are interpreted as relative to the project root, and
    # MUST refer to a location within the source tree."
    faults += [
        f"`backend-path` leads out of the tree: {path!r}"
        for path in paths
        if _leads_out(path)
    ]
    return tuple(paths)


def _leads_out(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    if len(parts) > 1 and not parts[0]:
        return True  # absolute
    depth = 0
    for part in parts:
        if ":" in part:
            return True  # a drive
        depth += {"": 0, ".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


def _is_told_to_poetry(document: Document, table: Mapping[str, object]) -> bool:
    """Whether dependencies stand in Poetry's own table, and not called dynamic.

    Poetry takes them from there all the same.
    """
    tool = document.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    return (
        isinstance(poetry, dict)
        and "dependencies" in poetry
        and "dependencies" not in table
    )


def _under_extra(requirement: Requirement, extra: ExtraName) -> Requirement:
    """Make a requirement hold for an extra only, as core metadata writes it."""
    condition = f'extra == "{extra}"'
    if requirement.marker is not None:
        condition = f"({requirement.marker}) and {condition}"
    bound = replace(requirement, marker=parse_marker(condition), text="")
    return replace(bound, text=format_requirement(bound))


def _requirements(found: object, what: str) -> tuple[Requirement, ...]:
    return tuple(parse_requirement(text) for text in _texts(found, what))


def _texts(found: object, what: str) -> list[str]:
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return found
    raise InvalidProject(f"{what} is not a list of strings")


def _text(found: object, what: str) -> str:
    if isinstance(found, str):
        return found
    raise InvalidProject(f"{what} is not a string")
