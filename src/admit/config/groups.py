"""`--group [PATH:]NAME`: the lines that a dependency group stands for.

For: groups of `pyproject.toml` here, or of one elsewhere.
Does not know: what groups are (`spec.groups`).
Shape: the text of an option -> `RequirementLine`s.
"""

from __future__ import annotations

import os

from admit.errors import UsageError
from admit.spec.groups import parse_group
from admit.spec.pyproject import parse_document
from admit.spec.requirements_file import RequirementLine

_FILE = "pyproject.toml"


class CannotReadGroup(UsageError):
    """The file of a group is missing or unreadable, or is no pyproject.toml."""

    code = "cannot-read-group"


def read_group(text: str, cwd: str) -> tuple[RequirementLine, ...]:
    """Read what a group asks for.

    Raises:
        CannotReadGroup: its file cannot be read.
        InvalidProject: it has no such group, or a faulty one.
    """
    path, colon, name = text.rpartition(":")
    shown = path if colon else _FILE
    if os.path.basename(shown) != _FILE:
        raise CannotReadGroup(
            f"--group {text}: {shown or 'nothing'} is no {_FILE}",
            fix=f"write --group NAME, or --group PATH/{_FILE}:NAME",
        )
    try:
        with open(os.path.join(cwd, os.path.expanduser(shown)), "rb") as file:
            body = file.read()
    except OSError as error:
        raise CannotReadGroup(
            f"cannot read {shown} for --group {text}",
            why=(error.strerror or "unreadable").lower(),
            fix=f"name its file: --group PATH/{_FILE}:{name}" if not colon else None,
        ) from error
    where = f"{shown}:{name}"
    requirements = parse_group(parse_document(body, shown), name, shown)
    return tuple(RequirementLine(each, where) for each in requirements)
