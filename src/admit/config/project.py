"""The dependencies a `pyproject.toml` declares, as lines of requirements.

For: `admit compile pyproject.toml` and `-r pyproject.toml`, with extras.
Does not know: building: what a build would have to tell is an error.
Shape: bytes -> `Project`, with a `RequirementLine` for each dependency. An extra that
asks for extras of its own project brings what these declare.
Spec: declaring project metadata (PEP 621), read by `spec.pyproject`.
"""

from __future__ import annotations

import os

from admit.spec.pyproject import InvalidProject, parse_document, parse_project
from admit.spec.requirements_file import RequirementLine
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.pyproject import ProjectTable
    from admit.spec.requirement import Requirement


@value
class Extras:
    """What is wanted of a pyproject.toml besides its dependencies."""

    names: tuple[ExtraName, ...] = ()
    is_all: bool = False
    groups: tuple[str, ...] = ()
    """Dependency groups, as `--group` names them; they need no project."""


@value
class Project:
    """What a project depends on."""

    name: NormalizedName
    lines: tuple[RequirementLine, ...]
    extras: tuple[ExtraName, ...]
    """Those it has."""


def read_project(body: bytes, where: str, extras: Extras) -> Project:
    """Read the dependencies and those of some extras.

    Raises:
        InvalidProject: it is no project, or a build would have to tell.
    """
    table = parse_project(parse_document(body, where), where)
    for field in ("dependencies", "optional-dependencies"):
        if field in table.dynamic:
            raise InvalidProject(
                f"{where}: `{field}` is dynamic: only a build can tell it",
                why="nothing is built to read a list",
                fix=_instead(where),
            )
    return _Reading(table, where, extras).read()


def _instead(where: str) -> str | None:
    """Say how to install what a project depends on, if it is on this machine."""
    if "://" in where:
        return None
    folder = os.path.join(".", os.path.dirname(where)).rstrip("/")
    return (
        "install the folder itself, which brings what it depends on: "
        f"`admit install {folder}`"
    )


class _Reading:
    """One project; extras are opened depth first, each once."""

    def __init__(self, table: ProjectTable, where: str, extras: Extras) -> None:
        self._where = where
        self._table = table
        self._wanted = tuple(table.optional) if extras.is_all else extras.names
        self._lines: list[RequirementLine] = []
        self._opened: set[ExtraName] = set()

    def read(self) -> Project:
        self._add(self._table.dependencies)
        self._open(self._wanted)
        table = self._table
        return Project(table.name, tuple(self._lines), tuple(table.optional))

    def _open(self, extras: Sequence[ExtraName]) -> None:
        for extra in extras:
            # An extra it has not got may be another file's: the caller looks.
            if extra not in self._opened and extra in self._table.optional:
                self._opened.add(extra)
                self._add(self._table.optional[extra])

    def _add(self, requirements: Sequence[Requirement]) -> None:
        for requirement in requirements:
            if requirement.name == self._table.name:
                self._open(requirement.extras)
            else:
                self._lines.append(RequirementLine(requirement, self._where))
