"""Which variables of the environment open an index, and so are not for other programs.

For: git, whose credentials and an index's never cross (rule R4 of docs/auth.md), and
builds, which are given nothing.
Does not know: the process's own environment.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_TOOLS = ("PIP_", "UV_")
_LOGIN = ("_USERNAME", "_PASSWORD", "_TOKEN")


def without_index_variables(
    environ: Mapping[str, str], withheld: Collection[str] = ()
) -> dict[str, str]:
    """Return the variables without those of indexes.

    Left out are every `ADMIT_*`; `PIP_*` and `UV_*` that are a login, or have one in a
    URL; and `withheld`: names of those that the configuration takes secrets from.
    """
    return {
        name: text
        for name, text in environ.items()
        if name not in withheld and not opens_index(name, text)
    }


def opens_index(name: str, text: str) -> bool:
    """Whether a variable is for an installer, and may hold a login."""
    name = name.upper()  # on Windows names have no case
    if name.startswith("ADMIT_"):
        return True
    has_login = "@" in text.partition("://")[2]
    return name.startswith(_TOOLS) and (name.endswith(_LOGIN) or has_login)
