"""What a listing is made of: plain tuples, which marshal as they are.

For: `index.choose`, which packs, and `index.listing`, which unpacks. And for putting
source distributions among wheels: nearly every run looks at wheels only, so sdists
are kept apart and put in their places when somebody may build them.
Does not know: how files were chosen, what may be built.
"""

from __future__ import annotations

import marshal
from bisect import bisect_left

from admit.errors import InputError
from admit.index.simple import File, parse_file
from admit.spec.url import InvalidUrl, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.index.simple import Entry, Hashes
    from admit.spec.names import NormalizedName
    from admit.spec.url import Url

    RejectionKind = Literal["tags", "python", "source", "filename", "field", "kind"]
    Fields = tuple[
        str,
        str,
        Hashes,
        str | None,
        str | bool,
        str | None,
        int | None,
        Literal[True] | Hashes | None,
    ]
    """Those of `File`, in order."""
    Choice = tuple[tuple[Fields, bool], ...]
    """Usable files of a version, best first; whether Requires-Python admits each."""
    Alone = tuple[
        tuple[bytes, ...],  # keys
        tuple[str, ...],  # texts
        int,  # pre-releases
        int,  # yanked
        tuple[tuple[str, int], ...],  # unsupported
        tuple[bytes, ...],  # per version, its marshalled `Choice`
    ]
    """Versions that can only be built, ascending."""
    Beside = tuple[
        bytes,  # key of the version
        str,  # file name
        str,  # url
        object,  # hashes, as the page has them
        object,  # Requires-Python
        object,  # yanked
        object,  # upload time
        object,  # size
        bool,  # whether Requires-Python admits it
    ]
    """A source distribution beside wheels: nobody has looked at more than its name."""
    Reason = tuple[RejectionKind, str, tuple[str, ...]]
    Digest = tuple[
        NormalizedName,
        str,  # page_url
        str,  # base of relative links
        tuple[bytes, ...],  # keys
        tuple[str, ...],  # texts
        int,  # pre-releases
        int,  # yanked
        tuple[tuple[str, int], ...],  # unsupported
        tuple[bytes, ...],  # per version, its marshalled `Choice`, best first
        bytes,  # marshalled reasons
        tuple[str, ...],  # problems
        bytes,  # marshalled `Alone`, or nothing
        bytes,  # marshalled `Beside`s, or nothing
    ]


_WEB = ("http", "https")


def merge(digest: Digest, alone: Alone) -> tuple[Digest, int]:
    """Put versions that can only be built among those that have wheels.

    Returns a mask of these versions, too.
    """
    head, tail = digest[:3], digest[9:]
    keys, texts, choices = list(digest[3]), list(digest[4]), list(digest[8])
    prereleases, yanked, unsupported = digest[5], digest[6], dict(digest[7])
    sources = 0
    for index, key in enumerate(alone[0]):
        at = bisect_left(keys, key)
        keys.insert(at, key)
        texts.insert(at, alone[1][index])
        choices.insert(at, alone[5][index])
        sources |= 1 << at  # those to come stand behind it
        prereleases = widen(prereleases, at) | (alone[2] >> index & 1) << at
        yanked = widen(yanked, at) | (alone[3] >> index & 1) << at
        unsupported = {text: widen(mask, at) for text, mask in unsupported.items()}
        for text, mask in alone[4]:
            if mask >> index & 1:
                unsupported[text] = unsupported.get(text, 0) | 1 << at
    return (
        *head,
        *(tuple(keys), tuple(texts), prereleases, yanked),
        *(tuple(unsupported.items()), tuple(choices)),
        *tail,
    ), sources


def check_link(url: str, base: Url) -> None:
    """Raise InvalidUrl unless a link leads somewhere a page may link to."""
    link = base.join(url)
    if base.scheme in _WEB and link.scheme not in _WEB:
        raise InvalidUrl(
            f"a page of a server links to {link.scheme}:, which no server has"
        )
    if not url.isprintable():
        raise InvalidUrl(f"a link holds a control character: {url!a}")


def widen(mask: int, at: int) -> int:
    """Make room in a mask for one more version at a place."""
    low = (1 << at) - 1
    return mask & low | (mask & ~low) << 1


def read_beside(digest: Digest) -> dict[bytes, tuple[Fields, bool]]:
    """Look at the source distributions beside wheels: the best of each version."""
    rows: list[Beside] = marshal.loads(digest[12])  # noqa: S302  # our own bytes
    base = parse_url(digest[2])
    found: dict[bytes, tuple[Fields, bool]] = {}
    for key, filename, url, hashes, python, yanked, uploaded, size, is_admitted in rows:
        entry: Entry = {
            "filename": filename,
            "url": url,
            "hashes": hashes,
            "requires-python": python,
            "yanked": yanked,
            "upload-time": uploaded,
            "size": size,
        }
        try:
            file = parse_file(entry)
            check_link(file.url, base)
        except InputError:
            continue  # the version has wheels: nobody misses it
        known = found.get(key)
        if known is None or _is_better(file, File(*known[0])):
            found[key] = fields_of(file), is_admitted
    return found


def _is_better(file: File, other: File) -> bool:
    rank = file.yanked is not False, not file.filename.endswith(".tar.gz")
    return rank < (other.yanked is not False, not other.filename.endswith(".tar.gz"))


def fields_of(file: File) -> Fields:
    """Return the fields as `File` takes them, in order."""
    return (
        file.filename,
        file.url,
        file.hashes,
        file.requires_python,
        file.yanked,
        file.upload_time,
        file.size,
        file.metadata,
    )
