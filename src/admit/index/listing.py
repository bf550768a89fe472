"""What an index offers of one project to one target.

For: the resolver's versions, candidates and reasons, fresh or out of the cache.
Does not know: how they were chosen (`index.choose`), networks, disks.
Shape: plain tuples inside, which marshal as they are: a later run loads them and
parses nothing, and makes a `Candidate` of a version only when it is asked for.
"""

from __future__ import annotations

import marshal

from admit.index.packed import merge, read_beside
from admit.index.simple import WHEEL_SUFFIX, File
from admit.spec.url import parse_url
from admit.spec.version import Version
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from admit.index.packed import Alone, Choice, Digest, Fields, Reason, RejectionKind
    from admit.spec.names import NormalizedName
    from admit.spec.url import Url

    Judge = Callable[[File], str | None]
    """Says why a file may not be used: a predicate; None if it may."""

_MARSHAL = 4
"""A format that every Python since 3.4 reads."""

FORMAT = 3
"""A change of the digest's shape, or of the choice, makes older digests foreign."""


SOURCE_SUFFIXES = (".tar.gz", ".zip")
"""Of source distributions that can be built (PEP 625, and what came before it)."""
WHEELS_ONLY = "only wheels count here"
"""What a listing says that nobody has told that sources may be built."""
_OLD = "neither .tar.gz nor .zip"


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

    @property
    def is_source(self) -> bool:
        """Whether it must be built."""
        return is_source(self.file)


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

    Bit *i* of every mask stands for `versions[i]`. It shows wheels; `with_sources`
    returns one that shows what can be built as well.
    """

    __slots__ = (
        "_base",
        "_beside",
        "_digest",
        "_no_sources",
        "_places",
        "_versions",
        "keys",
        "page_url",
        "prereleases",
        "problems",
        "project",
        "seen",
        "sources",
        "texts",
        "unsupported",
        "withheld",
        "yanked",
    )

    is_present: Literal[True] = True
    """What tells it from `index.fetch.Absent`."""

    def __init__(
        self,
        digest: Digest,
        seen: str = "",
        *,
        no_sources: str | None = WHEELS_ONLY,
        sources: int = 0,
    ) -> None:
        """Use `choose_candidates` or `decode_listing`."""
        self.seen = seen
        """Where and by whom: "on corp (asked as alice via netrc)"."""
        self._digest = digest
        self._versions: tuple[Version, ...] | None = None
        self._base: Url | None = None
        self._places: dict[int, int] = {}
        """By version: which of its files is taken, where it is not the best."""
        self._no_sources = no_sources
        """Why source distributions do not count; None if they do."""
        self._beside: dict[bytes, tuple[Fields, bool]] | None = None
        """By version key: source distributions beside wheels; None before a look."""
        self.sources = sources
        """Mask of the versions that must be built."""
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
        place = self._places.get(index, 0)
        choice = self._choice(index) if place else self._first(index)
        file = File(*choice[place][0])
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
            files = self.files(index)
            verdicts = [judge(file) for file in files]
            if None not in verdicts:
                reason = verdicts[-1 if is_source(files[-1]) else 0] or ""
                withheld[reason] = withheld.get(reason, 0) | bit
            elif verdicts[0] is not None:
                place = listing._places[index] = verdicts.index(None)  # noqa: SLF001  # same class
                unsupported = {text: mask & ~bit for text, mask in unsupported.items()}
                fields, is_admitted = self._choice(index)[place]
                file = File(*fields)
                listing.sources |= bit if is_source(file) else 0
                listing.yanked &= ~bit
                listing.yanked |= bit if file.yanked is not False else 0
                if not is_admitted:
                    needed = file.requires_python or ""
                    unsupported[needed] = unsupported.get(needed, 0) | bit
        listing._beside = self._beside  # noqa: SLF001  # same class
        listing.withheld = tuple(withheld.items())
        listing.unsupported = tuple(
            (t, mask) for t, mask in unsupported.items() if mask
        )
        return listing

    def _first(self, index: int) -> Choice:
        """The wheels of a version, or what stands in place of any."""
        choice: Choice = marshal.loads(self._digest[8][index])  # noqa: S302  # our own bytes
        return choice

    def _choice(self, index: int) -> Choice:
        """All files of a version that may be used, best first."""
        choice = self._first(index)
        if self._no_sources is None and self._digest[12]:
            if self._beside is None:
                self._beside = read_beside(self._digest)
            found = self._beside.get(self.keys[index])
            if found is not None:
                choice = (*choice, found)
        return choice

    # Source distributions

    def with_sources(self) -> Listing:
        """Return the same listing, with source distributions after the wheels.

        Versions that have nothing else are among the versions then.
        """
        digest = self._digest
        alone: Alone
        sources = 0
        if digest[11]:
            alone = marshal.loads(digest[11])  # noqa: S302  # our own bytes
            digest, sources = merge(digest, alone)
        return Listing(digest, self.seen, no_sources=None, sources=sources)

    def without_sources(self, why: str) -> Listing:
        """Return the same listing; what can only be built is no use, and why."""
        return Listing(self._digest, self.seen, no_sources=why)

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Releases without a usable file, then files of no known version."""
        reasons: list[Reason] = marshal.loads(self._digest[9])  # noqa: S302  # our own bytes
        usable = frozenset(self.texts) if self.sources else frozenset[str]()
        return tuple(
            Rejected(kind, what, _explain(kind, details, self._no_sources))
            for kind, what, details in reasons
            if what not in usable
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
            return f"has only source distributions{where}; {self._no_sources or _OLD}"
        return f"has no wheels{where}"

    def seen_as(self, seen: str) -> Listing:
        """Return the same listing, told where and by whom it was seen."""
        return Listing(
            self._digest, seen, no_sources=self._no_sources, sources=self.sources
        )

    def encode(self) -> bytes:
        """Return the bytes from which `decode_listing` makes the same listing."""
        return marshal.dumps(self._digest, _MARSHAL)


def decode_listing(content: bytes) -> Listing:
    """Make a listing of the bytes of `Listing.encode`; see `FORMAT`.

    Only for bytes known to be whole and our own (the cache's checksum).
    """
    return Listing(marshal.loads(content))  # noqa: S302  # see docstring


def is_source(file: File) -> bool:
    """Whether a file must be built: it is no wheel."""
    return not file.filename.endswith(WHEEL_SUFFIX)


def _explain(
    kind: RejectionKind, details: tuple[str, ...], no_sources: str | None
) -> str:
    if kind == "tags":
        return f"no wheel fits this interpreter and system, only {', '.join(details)}"
    if kind == "python":
        return f"requires Python {' or '.join(details)}"
    if kind == "source":
        return f"only a source distribution; {no_sources or _OLD}"
    if kind == "kind":
        return "neither a wheel nor a source distribution"
    return details[0]
