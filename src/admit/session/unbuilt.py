"""Given sources, as far as they are known without fetching or building anything.

For: commands that have no use for a build: `uninstall` wants names, `download` files.
Does not know: what the sources hold beyond the name in a pyproject.toml.
"""

from __future__ import annotations

import os

from admit.errors import InputError, UsageError
from admit.resolve.sources import NoFileToSave
from admit.spec.names import normalize_name
from admit.spec.pyproject import parse_document, parse_project
from admit.spec.tags import SDIST_SUFFIXES
from admit.spec.url import path_of
from admit.spec.vcs import is_file_of
from admit.spec.version import parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.config.requirements import SourceLine, Wanted
    from admit.env.satisfied import Known
    from admit.spec.names import NormalizedName
    from admit.spec.requirement import Requirement
    from admit.spec.url import Url


class NameNotKnown(UsageError):
    """Only a build would tell which project a source is."""

    code = "name-not-known"


def name_installed(
    wanted: Wanted,
    installed: Mapping[NormalizedName, Known],
    environment: Mapping[str, str],
) -> tuple[NormalizedName, ...]:
    """Return the names of all that is wanted, sources among it.

    `environment`: what markers of sources speak of.

    Raises:
        NameNotKnown: a source does not tell, and nothing installed came from it.
    """
    names = [each.name for each in wanted.requirements]
    lines = [each for each in wanted.sources if _holds(each, environment)]
    return (*names, *(_name_of(line, installed) for line in lines))


def refuse_unsaved(wanted: Wanted, environment: Mapping[str, str]) -> None:
    """Raise if something wanted is no distribution file.

    Raises:
        NoFileToSave: a folder, a commit, an archive that is not named as one.
    """
    shown = [
        each.typed or each.url.text
        for each in wanted.sources
        if _is_tree(each) and _holds(each, environment)
    ]
    shown += [
        each.text
        for each in wanted.requirements
        if _is_built(each) and _holds(each, environment)
    ]
    if shown:
        raise NoFileToSave(
            f"{shown[0]} cannot be saved as a file",
            why="only wheels and source distributions are files that a name and a "
            "version can be read of",
            fix="leave it out, or build a wheel of it",
        )


def _holds(each: SourceLine | Requirement, environment: Mapping[str, str]) -> bool:
    return each.marker is None or each.marker.evaluate(environment)


def _name_of(
    line: SourceLine, installed: Mapping[NormalizedName, Known]
) -> NormalizedName:
    name = line.name or _name_in_folder(line.url)
    if name is not None:
        return name
    for known in installed.values():
        if _came_from(known, line.url):
            return known.name
    name = _name_of_file(line.url)
    if name is not None:
        return name
    raise NameNotKnown(
        f"{line.where}: only a build would tell which project "
        f"{line.typed or line.url.text} is",
        why="nothing that is installed came from there",
        fix="name the project instead",
    )


def _came_from(known: Known, url: Url) -> bool:
    from admit.env.installed import read_direct_url

    direct_url = read_direct_url(known.distribution)
    place = url.without_userinfo().without_fragment().text
    is_there = direct_url is not None and direct_url.url.text == place
    return is_there or known.came_from(url)


def _name_in_folder(url: Url) -> NormalizedName | None:
    """Read the name in the pyproject.toml of a folder."""
    folder = path_of(url)
    if url.scheme != "file" or not os.path.isdir(folder):
        return None
    try:
        with open(f"{folder}/pyproject.toml", "rb") as file:
            return parse_project(parse_document(file.read())).name
    except (OSError, InputError):
        return None


def _name_of_file(url: Url) -> NormalizedName | None:
    """Read the name of a source distribution that is named as one has to be."""
    for suffix in SDIST_SUFFIXES:
        stem = url.filename.removesuffix(suffix)
        name, _, version = stem.rpartition("-")
        if stem == url.filename or not name:
            continue
        try:
            parse_version(version)
            return normalize_name(name)
        except InputError:
            return None
    return None


def _is_tree(line: SourceLine) -> bool:
    return line.is_editable or _name_of_file(line.url) is None


def _is_built(requirement: Requirement) -> bool:
    url = requirement.url
    return url is not None and not is_file_of(url, requirement.name)
