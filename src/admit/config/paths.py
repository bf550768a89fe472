"""Paths that requirements name: as URLs, as people type them, as they were meant.

For: folders, wheels and archives of this machine; words for files that are not there.
Does not know: what is in them.
"""

from __future__ import annotations

import os

from admit.config.settings import url_of
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.requirements_file import RequirementLine
    from admit.spec.url import Url

_OF_PROJECTS = ("pyproject.toml", "setup.py")


def url_of_typed(typed: str, line: RequirementLine, cwd: str) -> Url:
    """Return the URL of a wheel, an archive or a folder that is there."""
    path = os.path.normpath(os.path.join(cwd, os.path.expanduser(typed)))
    if os.path.isdir(path):
        if any(map(os.path.isfile, (f"{path}/{name}" for name in _OF_PROJECTS))):
            return url_of(path)
        raise UsageError(
            f"{line.where}: {typed} is a folder without a project",
            why=f"there is no {' and no '.join(_OF_PROJECTS)} in it",
        )
    if not os.path.isfile(path):
        if line.is_editable:
            raise UsageError(
                f"{line.where}: there is no folder {typed}",
                why="what is edited is the folder of a project",
                fix="correct the path, or leave -e away",
            )
        raise UsageError(
            f"{line.where}: there is no file {typed}",
            fix=instead_of(path, cwd, (".whl", ".tar.gz", ".zip")),
        )
    if line.is_editable:
        raise UsageError(
            f"{line.where}: {typed} cannot be editable",
            why="what is edited is a folder, and this is a file",
        )
    return url_of(path)


def instead_of(path: str, cwd: str, endings: tuple[str, ...]) -> str | None:
    """Guess which file was meant by one that is not there, or is a folder."""
    is_folder = os.path.isdir(path)
    if os.path.exists(path) and not is_folder:
        return None
    folder = path if is_folder else os.path.dirname(path)
    try:
        names = [name for name in sorted(os.listdir(folder)) if name.endswith(endings)]
    except OSError:
        names = []
    if not is_folder:
        from difflib import get_close_matches

        names = get_close_matches(os.path.basename(path), names, 3)
    shown = [shown_path(os.path.join(folder, name), cwd) for name in names[:3]]
    if shown:
        return f"did you mean {' or '.join(shown)}?"
    if is_folder:
        return "name a file in it"
    return f"correct the path, or make the file: it would be {path}"


def shown_path(where: str, cwd: str) -> str:
    """A path as people would type it here."""
    prefix = cwd.rstrip(os.sep) + os.sep
    return where.removeprefix(prefix)
