"""Which index answers for a project: ownership, order, and what a miss means.

For: the first-index rule, the strategies that compare indexes, and their guards (rule
R6 of docs/auth.md): a name that an index owns comes from it or not at all; a denial or
a failure of one index is never made up for by another, under no strategy; a required
index must answer every listing.
Does not know: how pages are fetched, versions, the solver.
Shape: name -> `Future[Found | Missing]`. The rules are `resolve.guard`'s.
"""

from __future__ import annotations

from admit.errors import ResolutionError
from admit.index.merged import MergedListing
from admit.net.future import Future, settled
from admit.resolve.guard import Tally, anonymous_advice, owned_suffix, route
from admit.resolve.policy import Eligible
from admit.spec.names import normalize_name
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Literal

    from admit.auth.ledger import Standing
    from admit.auth.scope import Source
    from admit.config.settings import IndexSettings
    from admit.index.fetch import Absent
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate, Listing
    from admit.resolve.guard import Route, Unconfirmed
    from admit.spec.direct_url import DirectUrl
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.url import Url

    Strategy = Literal["first-index", "unsafe-first-match", "unsafe-best-match"]


class RequiredIndexMissed(ResolutionError):
    """An index that must answer every listing has not got the project."""

    code = "required-index-missed"


if TYPE_CHECKING:
    from typing import Protocol

    class Files(Protocol):
        """What gives metadata and files of candidates: an index, or local files."""

        def metadata(self, candidate: Candidate) -> Future[Metadata]:
            """Return a candidate's metadata."""

        def must_prove(self, candidate: Candidate) -> bool:
            """Tell whether the file may be refused though its page lists it."""

        def prove(self, candidate: Candidate) -> Future[Metadata]:
            """Return metadata out of the file itself; fails with `FileRefused`."""

        def download(
            self,
            candidate: Candidate,
            sink: str | None = None,
            on_progress: Callable[[int, int], None] | None = None,
        ) -> Future[Downloaded]:
            """Fetch a candidate's file and verify it."""

        def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
            """Return a digest of every file of a candidate's version."""

        def source_of(self, candidate: Candidate) -> Source | None:
            """Return the source that listed a candidate; None for a given path."""

    class Place(Files, Protocol):
        """A source of packages: an index, a folder, a page of links."""

        @property
        def standing(self) -> Standing | None:
            """What this run has learned of the source; None before any request."""

        @property
        def was_asked_anonymously(self) -> bool:
            """Whether this run asked the source, and as nobody."""

        def listing(self, project: NormalizedName) -> Future[Listing | Absent]:
            """Return what the source offers of a project."""


@value
class Direct:
    """A file the user gave by URL or path: a project of one version."""

    listing: Listing
    files: Files
    origin: DirectUrl | None = None
    """What direct_url.json is to say, where the listing does not tell."""
    url: str = ""
    """As it was asked for, without userinfo; "" if any URL of the project will do."""

    def is_at(self, url: Url) -> bool:
        """Whether a requirement's URL leads here."""
        return self.url in ("", url.without_userinfo().text)


@value
class Found:
    """A project, from the index that answers for it."""

    listing: Listing | MergedListing
    files: Files
    """Where its metadata and files come from."""
    reason: str
    """Why there may be nothing to choose, for explanations."""
    tiers: tuple[int, ...] = ()
    """Masks of versions: one of an earlier mask is better than any of a later."""
    is_found: Literal[True] = True


@value
class Missing:
    """No index that may answer for the project has it."""

    reason: str
    """A predicate: "was not found on HOST (asked anonymously)"."""
    is_found: Literal[False] = False
    listing: None = None


class Finder:
    """Finds projects on the configured indexes, or among the files given directly."""

    def __init__(
        self,
        indexes: Sequence[tuple[IndexSettings, Place]],
        direct: Mapping[str, Direct],
        warn: Callable[[str], None],
        *,
        strategy: Strategy = "first-index",
        eligible: Eligible | None = None,
    ) -> None:
        self._strategy = strategy
        self._eligible = eligible or Eligible()
        self._indexes = {each.source.url.key: index for each, index in indexes}
        self._settings = [each for each, _ in indexes]
        self.direct = direct
        """Projects the user gave a file of."""
        self.warn = warn
        self._tally = Tally()
        self._unrouted: tuple[str, IndexSettings] | None = None
        """A name for which only explicit indexes were left, and one of these."""

    def find(self, name: str) -> Future[Found | Missing]:
        """Ask the indexes for a project, one after the other."""
        if name in self.direct:
            direct = self.direct[name]
            listing = self._eligible.in_form(direct.listing)
            return settled(Found(listing, direct.files, _of_file(listing)))
        way = route(name, self._settings)
        beside = tuple(each for each in way.indexes if each.is_additional)
        if not beside:
            return self._look(name, way)
        way = replace(
            way, indexes=tuple(each for each in way.indexes if not each.is_additional)
        )
        found: Future[Found | Missing] = settled(Missing(""))
        if way.indexes:
            found = self._look(name, way)
        return self._look_beside(name, beside, [], []).then(
            lambda parts: found.then(lambda answer: self._add(*parts, answer, way))
        )

    def _look(self, name: str, way: Route) -> Future[Found | Missing]:
        if not way.indexes:
            return settled(Missing(f"cannot be looked for: {self._why_nobody(name)}"))
        if self._strategy != "first-index" and len(way.indexes) > 1:
            return self._ask_all(name, way)
        return self._ask(name, way, 0, [])

    def _ask(
        self, name: str, way: Route, position: int, missed: list[str]
    ) -> Future[Found | Missing]:
        settings = way.indexes[position]
        index = self._indexes[settings.source.url.key]

        def look(answer: Listing | Absent) -> Found | Missing | Future[Found | Missing]:
            if answer.is_present:
                return self._found(settings, answer)
            missed.append(self._missed(settings, answer))
            if position + 1 < len(way.indexes):
                return self._ask(name, way, position + 1, missed)
            return _missing(missed, way)

        return index.listing(normalize_name(name)).then(look)

    def _missed(self, settings: IndexSettings, absent: Absent) -> str:
        """Note that an index has not got a project; return the reason."""
        self._tally.note(settings, absent.project, is_found=False)
        if settings.is_required:
            is_anonymous = absent.identity.is_anonymous
            doubts = [
                each
                for each in self._unconfirmed()
                if each.settings is settings and each.missed
            ]
            raise RequiredIndexMissed(
                f"{absent.project} is not on {settings.source.label}, which is "
                "required to have every project",
                why="; ".join((absent.reason, *(each.text for each in doubts))),
                fix=doubts[0].fix
                if doubts
                else anonymous_advice(settings)
                if is_anonymous and not settings.source.is_public
                else None,
            )
        return absent.reason

    def _found(self, settings: IndexSettings, listing: Listing) -> Found:
        self._tally.note(settings, listing.project, is_found=True)
        listing = self._eligible.narrow(listing, settings.exclude_newer)
        index = self._indexes[settings.source.url.key]
        return Found(listing, index, listing.summary)

    def _ask_all(self, name: str, way: Route) -> Future[Found | Missing]:
        """Ask several indexes at once; the denial of one is everybody's."""
        asked = [
            (each, self._indexes[each.source.url.key].listing(normalize_name(name)))
            for each in way.indexes
        ]
        parts: list[Found] = []
        missed: list[str] = []

        def look(position: int) -> Future[Found | Missing]:
            if position == len(asked):
                return settled(self._merge(parts, missed, way))
            settings, answering = asked[position]

            def keep(answer: Listing | Absent) -> Future[Found | Missing]:
                if answer.is_present:
                    parts.append(self._found(settings, answer))
                else:
                    missed.append(self._missed(settings, answer))
                return look(position + 1)

            return answering.then(keep)

        return look(0)

    def _look_beside(
        self,
        name: str,
        beside: Sequence[IndexSettings],
        parts: list[Found],
        missed: list[str],
    ) -> Future[tuple[list[Found], list[str]]]:
        """Look at every source whose files count beside those of an index."""
        if not beside:
            return settled((parts, missed))
        settings, rest = beside[0], beside[1:]
        index = self._indexes[settings.source.url.key]
        # Nobody knows when a file on this machine was uploaded.
        cutoff = "" if settings.source.url.scheme == "file" else settings.exclude_newer

        def keep(
            answer: Listing | Absent,
        ) -> Future[tuple[list[Found], list[str]]]:
            if answer.is_present:
                listing = self._eligible.narrow(answer, cutoff)
                parts.append(Found(listing, index, listing.summary))
            else:
                missed.append(answer.reason)
            return self._look_beside(name, rest, parts, missed)

        return index.listing(normalize_name(name)).then(keep)

    def _add(
        self,
        parts: Sequence[Found],
        missed: Sequence[str],
        answer: Found | Missing,
        way: Route,
    ) -> Found | Missing:
        """Put what stands beside to what an index answered."""
        if answer.is_found:
            return self._merge([*parts, answer], missed, way)
        if parts:
            return self._merge(parts, missed, way)
        reasons = [*missed, answer.reason] if answer.reason else missed
        return _missing(reasons, way)

    def _merge(
        self, parts: Sequence[Found], missed: Sequence[str], way: Route
    ) -> Found | Missing:
        if not parts:
            return _missing(missed, way)
        if len(parts) == 1:
            return parts[0]
        listing = MergedListing([each.listing for each in parts])
        files = _MergedFiles(listing, [each.files for each in parts])
        is_first_match = self._strategy == "unsafe-first-match"
        tiers = listing.tiers if is_first_match else ()
        return Found(listing, files, listing.summary, tiers)

    def _why_nobody(self, name: str) -> str:
        """Say why no index may be asked for a name that belongs to none."""
        explicit = [each for each in self._settings if each.is_explicit]
        if not explicit:
            return "there is no index"
        self._unrouted = name, explicit[0]
        labels = [each.source.label for each in explicit]
        return (
            f"{' and '.join(labels)} {'is' if len(labels) == 1 else 'are'} explicit, "
            "asked only for names that belong there"
        )

    def advice(self) -> str | None:
        """What may help where an index may have shown less than there is."""
        if self._unrouted is not None:
            name, settings = self._unrouted
            return (
                f'say that the name belongs there, `packages = ["{name}"]`, or take '
                f"`explicit` out: {settings.origin}"
            )
        doubts = self._unconfirmed()
        for each in doubts:
            if each.missed:
                return each.fix
        for settings in self._settings:
            source = settings.source
            if source.is_public or source.policy in ("never", "external"):
                continue
            if self._indexes[source.url.key].was_asked_anonymously:
                return anonymous_advice(settings)
        return doubts[0].fix if doubts else None

    def doubts(self) -> tuple[str, ...]:
        """What this run cannot tell of its credentials, a sentence each (R1, H3)."""
        return tuple(each.text for each in self._unconfirmed())

    def suspicions(self, names: Iterable[str]) -> tuple[str, ...]:
        """Warnings for projects of a resolution that were had in place of a doubt.

        An index that said "not here" to everything, and names it was asked for that
        another one gave.
        """
        wanted = frozenset(names)
        return tuple(
            each.warning(taken)
            for each in self._unconfirmed()
            if (taken := self._tally.taken_elsewhere(each.missed, wanted))
        )

    def _unconfirmed(self) -> tuple[Unconfirmed, ...]:
        return self._tally.unconfirmed(
            (each, self._indexes[each.source.url.key].standing)
            for each in self._settings
        )


class _MergedFiles:
    """The files of a merged listing, each from the index that listed it."""

    def __init__(self, listing: MergedListing, files: Sequence[Files]) -> None:
        self._listing = listing
        self._files = files

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        return self._files[self._listing.part_of(candidate)].metadata(candidate)

    def must_prove(self, candidate: Candidate) -> bool:
        return self._files[self._listing.part_of(candidate)].must_prove(candidate)

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        return self._files[self._listing.part_of(candidate)].prove(candidate)

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Future[Downloaded]:
        files = self._files[self._listing.part_of(candidate)]
        return files.download(candidate, sink, on_progress)

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        return self._files[self._listing.part_of(candidate)].hashes(candidate)

    def source_of(self, candidate: Candidate) -> Source | None:
        return self._files[self._listing.part_of(candidate)].source_of(candidate)


def _of_file(listing: Listing) -> str:
    """Say what may be wrong with a file that was given."""
    rejected = listing.rejected
    if not rejected:
        return "has the file given"
    return f"cannot be had from the file given: {rejected[0].reason}"


def _missing(missed: Sequence[str], way: Route) -> Missing:
    return Missing(_join(missed) + owned_suffix(way))


def _join(reasons: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(reasons))
