"""The index that is asked when none is configured: PyPI.

For: its address, which stands in no file of this project: `distlib` knows it. The
constant is read from that library's source, because importing it takes longer than a
whole fast command.
Does not know: networks. Whoever names PyPI among other indexes gets it as what it is:
public, and asked last.
"""

from __future__ import annotations

from admit.auth.scope import Source
from admit.config.settings import IndexSettings
from admit.spec.url import parse_url
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.spec.url import Url

_MARK = "DEFAULT_INDEX = "


def find_default_index() -> IndexSettings:
    """Return PyPI as the default, public index."""
    source = Source(_find_url(), is_public=True)
    return IndexSettings(source, "built in", is_default=True)


def complete_indexes(
    indexes: Sequence[IndexSettings], *, has_default: bool
) -> tuple[IndexSettings, ...]:
    """Return the indexes with PyPI as the last of them, if it is to be asked.

    A configured index that is PyPI is public, also where nobody said so (rule R1 of
    docs/auth.md), and comes after those that are not: a private name must not be
    looked for among strangers first.
    """
    builtin = find_default_index()
    key = builtin.source.url.key
    others = [each for each in indexes if each.source.url.key != key]
    itself = [
        replace(each, source=replace(each.source, is_public=True))
        for each in indexes
        if each.source.url.key == key
    ]
    if not has_default and not itself:
        itself = [builtin]
    return (*others, *itself)


def _find_url() -> Url:
    return parse_url(_read_address() or _import_address()).join("/simple/")


def _read_address() -> str | None:
    """Read the constant without running the module; None if it is not as expected."""
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("distlib")
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            with open(f"{folder}/index.py", encoding="utf-8") as file:
                for line in file:
                    if line.startswith(_MARK):
                        return _unquote(line.removeprefix(_MARK).strip())
        except (OSError, UnicodeDecodeError):
            continue
    return None


def _unquote(literal: str) -> str | None:
    """Read a plain literal; None for anything that needs more of Python's grammar."""
    quote, text = literal[:1], literal[1:-1]
    is_plain = len(literal) > 2 and quote in "\"'" and literal[-1] == quote
    return text if is_plain and not any(each in text for each in "\"'\\") else None


def _import_address() -> str:
    from distlib.index import DEFAULT_INDEX

    return str(DEFAULT_INDEX)
