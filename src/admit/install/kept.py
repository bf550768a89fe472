"""Wheels unpacked into the cache, once each.

For: whoever has a wheel that was fetched, or built, and wants its tree.
Does not know: where the wheel is from, which release it should be.
"""

from __future__ import annotations

from admit.install.wheel import CannotUnpack, read_unpacked, unpack_wheel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.cache.store import Cache
    from admit.install.listing import UnpackedWheel


def unpack_kept(path: str, sha256: str, place: str, cache: Cache) -> UnpackedWheel:
    """Unpack a wheel to its place in the cache, unless it is there already.

    Where the cache cannot be written, into a temporary folder. `place`: what
    `Cache.archive_place` says of the wheel's sha256.

    Raises:
        BadWheel: it is damaged, contradicts itself, or is dangerous.
        CannotUnpack: it cannot be written anywhere.
    """
    known = read_unpacked(place)
    if known is not None:
        return known
    try:
        return unpack_wheel(path, place, expected=None)
    except CannotUnpack as error:
        if not cache.give_up(place, error.why or error.what):
            raise
        return unpack_wheel(path, cache.archive_place(sha256), expected=None)
