"""Whether a file is one of those the user gave the hashes of.

For: whoever takes a file from a page, or from a server, that the user has named by its
content.
Does not know: where hashes were given, where files come from.
Spec: pip's hash-checking mode: any one of the hashes given will do.
"""

from __future__ import annotations

from admit.index.files import mismatch_of
from admit.resolve.policy import agrees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.cache.store import Cache
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate
    from admit.spec.record import Digest


def is_proven(candidate: Candidate, hashes: Sequence[Digest] | None) -> bool:
    """Whether the hash that the page states is one the user gave, if any was.

    Raises:
        HashMismatch: it is another one.
    """
    if hashes is None:
        return True
    verdict = agrees(candidate.file, hashes)
    if verdict is False:
        raise mismatch_of(candidate, tuple(hashes))
    return verdict is True


def verify_file(
    candidate: Candidate, hashes: Sequence[Digest], downloaded: Downloaded, cache: Cache
) -> None:
    """Raise HashMismatch unless a file has one of the hashes the user gave."""
    found = {"sha256": downloaded.sha256}
    for each in hashes:
        if each.algorithm not in found:
            found[each.algorithm] = hash_file(downloaded.path, each.algorithm)
        if found[each.algorithm] == each.hex:
            return
    cache.discard(downloaded.path)
    shown = ", ".join(f"{name}={digits}" for name, digits in found.items())
    raise mismatch_of(candidate, tuple(hashes), shown)


def hash_file(path: str, algorithm: str) -> str:
    """Return the digest of a file, in hexadecimal."""
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
