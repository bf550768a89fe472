"""What the command line names: a requirement, or what was meant by it.

For: packages and `-e` of a command.
Does not know: requirements files, settings.
Shape: a text -> `RequirementLine`, or an error that guesses.
"""

from __future__ import annotations

import os

from admit.errors import InputError, UsageError
from admit.spec.requirements_file import RequirementLine, parse_requirement_line


class WrongArgument(UsageError):
    """The command line names something that is no requirement."""

    code = "invalid-requirement"


def parse_argument(
    text: str, cwd: str, *, is_editable: bool = False
) -> RequirementLine:
    """Parse what the command line names.

    `requirements.txt` is a sound name, under which a stranger may publish.
    """
    if text.endswith((".txt", ".in", ".toml")) and (
        text.endswith(".txt") or os.path.isfile(os.path.join(cwd, text))
    ):
        raise WrongArgument(
            f"{text} is a file, not a package",
            fix=f"for what it lists: -r {text}",
        )
    try:
        return parse_requirement_line(
            text, where="the command line", is_editable=is_editable
        )
    except InputError as error:
        fix = error.fix or _meant(text)
        raise WrongArgument(error.what, why=error.why, fix=fix) from error


def _meant(text: str) -> str | None:
    """Guess what `flask=3` and `flask@3.1` should have been."""
    name, sign, version = text.partition("=" if "=" in text else "@")
    if not (sign and name.isascii() and name.replace("-", "").isalnum()):
        return None
    if version[:1].isdecimal():
        return f"did you mean {name}=={version}?"
    return f"did you mean -U {name}?" if version == "latest" else None
