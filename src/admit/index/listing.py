"""What an index offers of one project to one target.

For: the resolver's versions, candidates and reasons, fresh or out of the cache.
Does not know: how they were chosen (`index.choose`), networks, disks.
Shape: plain tuples inside, which marshal as they are: a later run loads them and
parses nothing, and makes a `Candidate` of a version only when it is asked for.
"""

from __future__ import annotations

import marshal

from admit.index.simple import File
from admit.spec.url import parse_url
from admit.spec.version import Version
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from admit.index.simple import Hashes
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
    Judge = Callable[[File], str | None]
    """Says why a file may not be used: a predicate; None if it may."""
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
    ]

_MARSHAL = 4
"""A format that every Python since 3.4 reads."""

FORMAT = 2
"""A change of the digest's shape, or of the choice, makes older digests foreign."""


@value
class Candidate:
    """A file that may be chosen: the best one of its version."""

    project: NormalizedName
    version: Version
    file: File
    url: Url

    @property
    def is_yanked(self) -> bool:
        return self.file.yanked is not False


@value
class Rejected:
    """A release, or a file, that cannot be chosen, and why."""

    kind: RejectionKind
    """tags: wheels for other machines only; python: and their Requires-Python agrees
    with that; source: no wheel at all; filename, field: broken; kind: eggs and such."""
    what: str
    """A version; a file name where the version cannot be told."""
    reason: str


class Listing:
    """What an index offers of one project to one target, ascending by version.

    Bit *i* of every mask stands for `versions[i]`.
    """

    __slots__ = (
        "_base",
        "_digest",
        "_places",
        "_versions",
        "keys",
        "page_url",
        "prereleases",
        "problems",
        "project",
        "seen",
        "texts",
        "unsupported",
        "withheld",
        "yanked",
    )

    is_present: Literal[True] = True
    """What tells it from `index.fetch.Absent`."""

    def __init__(self, digest: Digest, seen: str = "") -> None:
        """Use `choose_candidates` or `decode_listing`."""
        self.seen = seen
        """Where and by whom: "on corp (asked as alice via netrc)"."""
        self._digest = digest
        self._versions: tuple[Version, ...] | None = None
        self._base: Url | None = None
        self._places: dict[int, int] = {}
        """By version: which of its files is taken, where it is not the best."""
        self.withheld: tuple[tuple[str, int], ...] = ()
        """(Predicate, mask): versions none of whose files may be used; see `only`."""
        self.project = digest[0]
        self.page_url = digest[1]
        """Where the page came from, after redirects; without userinfo."""
        self.keys = digest[3]
        self.texts = digest[4]
        """Canonical texts of the versions."""
        self.prereleases = digest[5]
        """Mask of the pre- and development releases."""
        self.yanked = digest[6]
        """Mask of the versions whose usable files are all yanked."""
        self.unsupported = digest[7]
        """(Requires-Python, mask): versions this target's Python does not satisfy,
        by the text that says so."""
        self.problems = digest[10]
        """What was wrong with the page."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions that have a usable file, yanked and unsupported included."""
        if self._versions is None:
            prereleases = self.prereleases
            self._versions = tuple(
                [
                    Version(text, key, bool(prereleases >> at & 1), "+" in text)
                    for at, (text, key) in enumerate(
                        zip(self.texts, self.keys, strict=True)
                    )
                ]
            )
        return self._versions

    def candidate(self, index: int) -> Candidate:
        """Return the best file of `versions[index]` that may be used."""
        if self._base is None:
            self._base = parse_url(self._digest[2])
        fields, _ = self._choice(index)[self._places.get(index, 0)]
        file = File(*fields)
        url = self._base.join(file.url)
        return Candidate(self.project, self.versions[index], file, url)

    def files(self, index: int) -> tuple[File, ...]:
        """Return all files of `versions[index]` that fit the target, best first."""
        return tuple(File(*fields) for fields, _ in self._choice(index))

    def only(self, judge: Judge) -> Listing:
        """Return the listing as it is with those files that a judge lets pass.

        Versions keep their places: one without a file left is `withheld`.
        """
        listing = self.seen_as(self.seen)
        withheld: dict[str, int] = {}
        unsupported = dict(self.unsupported)
        for index in range(len(self.keys)):
            bit = 1 << index
            verdicts = [judge(file) for file in self.files(index)]
            if None not in verdicts:
                reason = verdicts[0] or ""
                withheld[reason] = withheld.get(reason, 0) | bit
            elif verdicts[0] is not None:
                place = listing._places[index] = verdicts.index(None)  # noqa: SLF001  # same class
                fields, is_admitted = self._choice(index)[place]
                file = File(*fields)
                listing.yanked &= ~bit
                listing.yanked |= bit if file.yanked is not False else 0
                if not is_admitted:
                    needed = file.requires_python or ""
                    unsupported[needed] = unsupported.get(needed, 0) | bit
        listing.withheld = tuple(withheld.items())
        listing.unsupported = tuple(unsupported.items())
        return listing

    def _choice(self, index: int) -> Choice:
        choice: Choice = marshal.loads(self._digest[8][index])  # noqa: S302  # our own bytes
        return choice

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Releases without a usable file, then files of no known version."""
        reasons: list[Reason] = marshal.loads(self._digest[9])  # noqa: S302  # our own bytes
        return tuple(
            Rejected(kind, what, _explain(kind, details))
            for kind, what, details in reasons
        )

    @property
    def summary(self) -> str:
        """A predicate that says why there may be nothing to choose."""
        where = f" {self.seen}" if self.seen else ""
        if self.keys:
            return f"has {len(self.keys)} usable versions{where}"
        kinds = {each.kind for each in self.rejected}
        if not kinds:
            return f"has no files{where}"
        if "python" in kinds or "tags" in kinds:
            return f"has no wheel for this interpreter and system{where}"
        if "source" in kinds:
            return f"has only source distributions{where}; building comes later"
        return f"has no wheels{where}"

    def seen_as(self, seen: str) -> Listing:
        """Return the same listing, told where and by whom it was seen."""
        return Listing(self._digest, seen)

    def encode(self) -> bytes:
        """Return the bytes from which `decode_listing` makes the same listing."""
        return marshal.dumps(self._digest, _MARSHAL)


def decode_listing(content: bytes) -> Listing:
    """Make a listing of the bytes of `Listing.encode`; see `FORMAT`.

    Only for bytes known to be whole and our own (the cache's checksum).
    """
    return Listing(marshal.loads(content))  # noqa: S302  # see docstring


def _explain(kind: RejectionKind, details: tuple[str, ...]) -> str:
    if kind == "tags":
        return f"no wheel fits this interpreter and system, only {', '.join(details)}"
    if kind == "python":
        return f"requires Python {' or '.join(details)}"
    if kind == "source":
        return "only a source distribution; building comes later"
    if kind == "kind":
        return "neither a wheel nor a source distribution"
    return details[0]
