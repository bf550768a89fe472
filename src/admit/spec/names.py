"""Names of projects and extras, normalised.

For: comparing names. Two names are the same project if their normalised forms are.
Does not know: how a name was typed; keep the text where it must be shown.
Shape: text -> `NormalizedName`, `ExtraName`.
Spec: names and normalization (PEP 503, PEP 685); the core metadata field `Name`.
"""

from __future__ import annotations

from admit.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NewType

    NormalizedName = NewType("NormalizedName", str)
    ExtraName = NewType("ExtraName", str)
else:
    NormalizedName = ExtraName = str

_REMEMBERED = 50_000
_names: dict[str, str] = {}


class InvalidName(InputError):
    """A text cannot be the name of a project or an extra."""

    code = "invalid-name"


def normalize_name(text: str) -> NormalizedName:
    """Return the name in lower case, runs of `-`, `_` and `.` as one `-`.

    >>> normalize_name("Ruamel.YAML__clib")
    'ruamel-yaml-clib'

    Raises:
        InvalidName: other characters than ASCII letters, digits, `-_.`, or one of
            these three at an end.
    """
    return NormalizedName(_names.get(text) or _normalize(text, "project"))


def normalize_extra(text: str) -> ExtraName:
    """Return the name of an extra, normalised by the same rule (PEP 685).

    Raises:
        InvalidName: see `normalize_name`.
    """
    return ExtraName(_names.get(text) or _normalize(text, "extra"))


def _normalize(text: str, kind: str) -> str:
    name = text.lower().replace("_", "-").replace(".", "-")
    while "--" in name:
        name = name.replace("--", "-")
    is_plain = text.isascii() and name.replace("-", "").isalnum()
    if not is_plain or name[0] == "-" or name[-1] == "-":
        raise InvalidName(
            f"not a valid {kind} name: {text!r}",
            why="a name has ASCII letters, digits, '-', '_' and '.', "
            "and begins and ends with a letter or digit",
        )
    if len(_names) >= _REMEMBERED:
        _names.clear()
    _names[text] = name
    return name
