"""Dependency groups of a pyproject.toml: lists of requirements that have a name.

For: what a project needs beside what it declares: its tests, its documentation.
Does not know: files, which groups are wanted.
Shape: a document and a name -> requirements, included groups opened where they stand.
Spec: dependency groups (PEP 735).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.names import normalize_name
from admit.spec.pyproject import InvalidProject
from admit.spec.requirement import parse_requirement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from admit.spec.names import NormalizedName
    from admit.spec.requirement import Requirement


def parse_group(
    document: Mapping[str, object], name: str, where: str = "pyproject.toml"
) -> tuple[Requirement, ...]:
    """Return the requirements of a group, with those of groups that it includes.

    Raises:
        InvalidProject: there is no such group, or one that is needed has a fault or
            includes itself; groups that are not needed may have any fault.
    """
    return tuple(_Groups(document, where).open(name, ()))


class _Groups:
    """The table, by normalised names."""

    def __init__(self, document: Mapping[str, object], where: str) -> None:
        table = document.get("dependency-groups", {})
        if not isinstance(table, dict):
            raise InvalidProject(f"{where}: `dependency-groups` is not a table")
        self._where = where
        self._names: dict[NormalizedName, str] = {}
        self._lists: dict[NormalizedName, object] = {}
        for text, found in table.items():
            name = normalize_name(text)
            # "Tools SHOULD ... raise an error if there are duplicate names."
            if name in self._names:
                raise InvalidProject(
                    f"{where}: the groups {self._names[name]} and {text} have one name"
                )
            self._names[name] = text
            self._lists[name] = found

    def open(self, text: str, trail: tuple[str, ...]) -> Iterator[Requirement]:
        """Yield what a group asks for; `trail`: the groups that include it."""
        try:
            name = normalize_name(text)
        except InputError as error:
            raise InvalidProject(
                f"{self._where}: {text!r} is no name of a group"
            ) from error
        shown = self._names.get(name, text)
        if shown in trail:
            path = " includes ".join((*trail[trail.index(shown) :], shown))
            raise InvalidProject(
                f"{self._where}: the group {shown} includes itself", why=path
            )
        if name not in self._lists:
            raise self._missing(text, trail)
        found = self._lists[name]
        if not isinstance(found, list):
            raise InvalidProject(f"{self._where}: the group {shown} is not a list")
        for entry in found:
            yield from self._read(entry, (*trail, shown))

    def _read(self, entry: object, trail: tuple[str, ...]) -> Iterator[Requirement]:
        if isinstance(entry, str):
            try:
                yield parse_requirement(entry)
            except InputError as error:
                raise InvalidProject(
                    f"{self._where}: the group {trail[-1]}: {error.what}",
                    why=error.why,
                ) from error
            return
        included = entry.get("include-group") if isinstance(entry, dict) else None
        if not isinstance(included, str) or entry != {"include-group": included}:
            raise InvalidProject(
                f"{self._where}: the group {trail[-1]} holds {entry!r}",
                why="an entry is a requirement, or { include-group = NAME }",
            )
        yield from self.open(included, trail)

    def _missing(self, text: str, trail: tuple[str, ...]) -> InvalidProject:
        listed = ", ".join(self._names.values()) or "there are none"
        wanted = f"; the group {trail[-1]} includes it" if trail else ""
        return InvalidProject(
            f"{self._where} has no dependency group {text}",
            why=f"its groups: {listed}{wanted}",
        )
