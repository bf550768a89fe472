"""The index that is asked when none is configured: PyPI.

For: its address, which stands in no file of this project: `distlib` knows it. Importing
that takes long, so the answer is kept in the cache folder.
Does not know: whether an index is configured.
"""

from __future__ import annotations

import os

from admit.auth.scope import Source
from admit.config.settings import IndexSettings
from admit.errors import InputError
from admit.spec.url import parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.url import Url

_FILE = "default-index-v1"


def find_default_index(cache_root: str | None) -> IndexSettings:
    """Return PyPI as the default, public index; `cache_root`: where to remember it."""
    source = Source(_find_url(cache_root), name=None, is_public=True)
    return IndexSettings(source, "built in", is_default=True)


def _find_url(cache_root: str | None) -> Url:
    path = os.path.join(cache_root, _FILE) if cache_root is not None else None
    known = _read(path) if path is not None else None
    if known is not None:
        return known
    from distlib.index import DEFAULT_INDEX

    url = parse_url(DEFAULT_INDEX).join("/simple/")
    if path is not None:
        _write(path, url.text)
    return url


def _read(path: str) -> Url | None:
    try:
        with open(path, encoding="ascii") as file:
            return parse_url(file.read())
    except (OSError, UnicodeDecodeError, InputError):
        return None


def _write(path: str, text: str) -> None:
    partial = f"{path}.{os.getpid()}"
    try:
        with open(partial, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(partial, path)
    except OSError:
        return
