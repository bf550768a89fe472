"""The dependencies a `pyproject.toml` declares, as lines of requirements.

For: `admit compile pyproject.toml` and `-r pyproject.toml`, with extras.
Does not know: building: what a build would have to tell is an error.
Shape: bytes -> `Project`, with a `RequirementLine` for each dependency. An extra that
asks for extras of its own project brings what these declare.
Spec: declaring project metadata (PEP 621).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.names import normalize_extra, normalize_name
from admit.spec.requirement import parse_requirement
from admit.spec.requirements_file import RequirementLine
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.spec.names import ExtraName, NormalizedName


class InvalidProject(InputError):
    """A pyproject.toml does not tell what the project depends on."""

    code = "invalid-project"


@value
class Extras:
    """Which extras of a project are wanted."""

    names: tuple[ExtraName, ...] = ()
    is_all: bool = False


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
    import tomllib

    try:
        table = tomllib.loads(body.decode()).get("project")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidProject(f"cannot read {where}", why=str(error)) from error
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise InvalidProject(f"{where} has no [project] table with a name")
    dynamic = table.get("dynamic", [])
    for field in ("dependencies", "optional-dependencies"):
        if isinstance(dynamic, list) and field in dynamic:
            raise InvalidProject(
                f"{where}: `{field}` is dynamic: only a build can tell it",
                why="building comes later",
            )
    return _Reading(table, where, extras).read()


class _Reading:
    """One project; extras are opened depth first, each once."""

    def __init__(self, table: Mapping[str, object], where: str, extras: Extras) -> None:
        self._where = where
        self._name = normalize_name(str(table["name"]))
        self._dependencies = self._texts(
            table.get("dependencies", []), "`dependencies`"
        )
        optional = table.get("optional-dependencies", {})
        if not isinstance(optional, dict):
            raise InvalidProject(f"{where}: `optional-dependencies` is not a table")
        self._optional = {
            normalize_extra(key): self._texts(each, f"the extra {key}")
            for key, each in optional.items()
        }
        self._wanted = tuple(self._optional) if extras.is_all else extras.names
        self._lines: list[RequirementLine] = []
        self._opened: set[ExtraName] = set()

    def read(self) -> Project:
        self._add(self._dependencies)
        self._open(self._wanted)
        return Project(self._name, tuple(self._lines), tuple(self._optional))

    def _open(self, extras: Sequence[ExtraName]) -> None:
        for extra in extras:
            # An extra it has not got may be another file's: the caller looks.
            if extra not in self._opened and extra in self._optional:
                self._opened.add(extra)
                self._add(self._optional[extra])

    def _add(self, texts: Sequence[str]) -> None:
        for text in texts:
            try:
                requirement = parse_requirement(text)
            except InputError as error:
                raise InvalidProject(
                    f"{self._where}: {error.what}", why=error.why
                ) from error
            if requirement.name == self._name:
                self._open(requirement.extras)
            else:
                self._lines.append(RequirementLine(requirement, self._where))

    def _texts(self, found: object, what: str) -> list[str]:
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return found
        raise InvalidProject(f"{self._where}: {what} is not a list of strings")
