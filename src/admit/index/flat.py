"""Sources that name files of many projects in one place.

For: `--find-links` and `format = "flat"`: a folder, an HTML page or a JSON page.
Does not know: which credential travels, whether its files count beside those of
indexes (`resolve.finder`).
Shape: the same questions as `index.fetch.Index`. The page is read once a run; a
server's page is cached by identity and confirmed in every run, as listings are.
"""

from __future__ import annotations

import os

from admit.auth.scheme import ANONYMOUS
from admit.auth.scope import Provenance
from admit.cache.freshness import parse_cache_control
from admit.errors import AdmitError, InputError, NetworkError, UsageError
from admit.index.choose import choose_candidates
from admit.index.fetch import Absent, holds_secrets, is_strange, page_of
from admit.index.files import Files
from admit.index.local import LocalFiles, read_folder, read_local_page
from admit.index.refused import Proofs
from admit.index.simple import ACCEPT, WHEEL_SUFFIX, ProjectPage, parse_page
from admit.net.client import Request
from admit.net.future import Future, settled
from admit.spec.names import NormalizedName, normalize_name
from admit.spec.record import Digest
from admit.spec.tags import parse_sdist_filename
from admit.spec.url import parse_url, path_of
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.ledger import Standing
    from admit.auth.scheme import Identity
    from admit.auth.scope import Source
    from admit.cache.store import Cache, PageEntry, Shelf
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate, Listing
    from admit.index.simple import Entry, File
    from admit.net.client import Client, Reporter, Response
    from admit.spec.metadata import Metadata
    from admit.spec.tags import Target

_PAGE = NormalizedName("+page")
"""The cache's name for the page; no project is called so."""


class NoSuchLinks(UsageError):
    """A folder or page of `--find-links` is not there."""

    code = "no-such-links"


class LinksNotFound(NetworkError):
    """A server has no such page of links."""

    code = "links-not-found"


class FlatIndex:
    """One folder or page, asked for one target."""

    def __init__(
        self,
        source: Source,
        client: Client | None,
        cache: Cache,
        target: Target,
        reporter: Reporter,
        must_stay: str | None = None,
        is_given: Callable[[File], bool] | None = None,
    ) -> None:
        """Make one; `client` may be None for what lies on this machine.

        `must_stay`: why its page must be of the source's own origin. `is_given`:
        whether the user gave a file's URL or its hash.
        """
        self.source = source
        self._must_stay = must_stay
        self._client = client
        self._cache = cache
        self._target = target
        self._reporter = reporter
        self._is_local = source.url.scheme == "file"
        self._local = LocalFiles(cache)
        self._page: Future[_Sorted] | None = None
        self._remote: Files | None = None
        self._proofs: Proofs | None = None
        if client is not None:
            self._remote = Files(source, client, cache, self._shelf, is_given)
            self._proofs = Proofs(
                *(source, client, self._remote),
                lambda _: client.get(self._request(None)),
                is_given,
            )

    def listing(self, project: NormalizedName) -> Future[Listing | Absent]:
        """Return what the source offers of a project."""
        return self._sorted().then(lambda page: self._pick(page, project))

    def _sorted(self) -> Future[_Sorted]:
        if self._page is None:
            try:
                self._page = self._read()
            except AdmitError as error:
                self._page = Future(_never)
                self._page.fail(error)
        return self._page

    @property
    def standing(self) -> Standing | None:
        """What this run has learned of the source; None before any request."""
        if self._is_local or self._client is None:
            return None
        return self._client.standing(self.source)

    @property
    def was_asked_anonymously(self) -> bool:
        """Whether this run asked a server, and as nobody."""
        if self._is_local or self._page is None or self._client is None:
            return False
        return self._client.identity_of(self.source).is_anonymous

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return a candidate's metadata, checked against its file name."""
        return self._files_of(candidate).metadata(candidate)

    def must_prove(self, candidate: Candidate) -> bool:
        """Tell whether the file may be refused though its page lists it."""
        if self._proofs is None or candidate.url.scheme == "file":
            return False
        return self._proofs.are_wanted(candidate)

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        """Return metadata out of the file itself; see `Index.prove`."""
        if self._proofs is None:
            return self.metadata(candidate)
        return self._proofs.metadata(candidate)

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Future[Downloaded]:
        """Fetch a candidate's file and verify it; see `Index.download`."""
        proofs = self._proofs
        if proofs is not None and candidate.is_source and self.must_prove(candidate):
            return proofs.download(candidate, sink, on_progress)
        return self._files_of(candidate).download(candidate, sink, on_progress)

    def source_of(self, candidate: Candidate) -> Source | None:  # noqa: ARG002  # see Files
        """Return the source that listed a candidate."""
        return self.source

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        """Return a digest of every file of a candidate's version."""
        from admit.index.hashes import find_hashes, stated_digest

        def look(page: _Sorted) -> tuple[Digest, ...] | Future[tuple[Digest, ...]]:
            entries = page.entries_of(candidate.project)
            found = find_hashes(
                replace(page.page, entries=entries),
                candidate.project,
                candidate.version,
            )
            if stated_digest(candidate.file) is not None:
                return found
            return self.download(candidate).then(
                lambda done: (*found, Digest("sha256", done.sha256))
            )

        return self._sorted().then(look)

    def _files_of(self, candidate: Candidate) -> LocalFiles | Files:
        """A page on this machine may link to servers; never the other way round."""
        is_local = candidate.url.scheme == "file" and self._is_local
        if is_local or self._remote is None:
            return self._local
        return self._remote

    def _pick(self, page: _Sorted, project: NormalizedName) -> Listing | Absent:
        entries = page.entries_of(project)
        if not entries:
            reason = f"is not among the files {page.seen}"
            return Absent(project, reason, 200, page.identity)
        found = ProjectPage(project, page.page.base, entries, page.page.problems)
        url = page.page.base
        listing = choose_candidates(found, project, self._target, page_url=url)
        return listing.seen_as(page.seen)

    def _read(self) -> Future[_Sorted]:
        if not self._is_local:
            return self._fetch()
        path = path_of(self.source.url)
        if os.path.isdir(path):
            url = self.source.url.with_slash()
            page = ProjectPage("", url, read_folder(path))
        elif os.path.isfile(path):
            page = read_local_page(path, self.source.url)
        else:
            raise NoSuchLinks(
                f"there is no folder or page of links {path}",
                fix="correct --find-links",
            )
        return settled(_Sorted(page, f"in {path}", ANONYMOUS))

    # From a server

    def _fetch(self) -> Future[_Sorted]:
        assert self._client is not None  # noqa: S101  # a server's source has one
        client = self._client
        identity = client.identity_of(self.source)
        shelf = self._shelf(identity)
        known = shelf.read_page(_PAGE)
        if known is not None and self._is_strange(known):
            known = None
        if known is not None and shelf.is_fresh(
            _PAGE,
            known,
            is_public=self.source.is_public,
            own_rule=self.source.cache_control,
        ):
            return settled(self._parse(known, identity))

        def look(response: Response) -> _Sorted | Future[_Sorted]:
            if response.status != 304 or known is None:
                return self._received(response)
            if response.identity.fingerprint == identity.fingerprint:
                shelf.confirm(_PAGE, _PAGE)
                return self._parse(known, identity)
            # Validators never cross identities (rule R7 of docs/auth.md).
            return client.get(self._request(None)).then(self._received)

        return client.get(self._request(known)).then(look)

    def _request(self, known: PageEntry | None) -> Request:
        return Request(
            self.source.url.without_fragment(),
            Provenance(self.source, "listing"),
            ACCEPT,
            known.validators if known is not None else (),
            must_stay=self._must_stay,
        )

    def _is_strange(self, known: PageEntry) -> bool:
        """Whether a remembered page is another origin's where it must not be."""
        if not self._must_stay and self.source.policy != "always":
            return False
        return is_strange(known, self.source)

    def _received(self, response: Response) -> _Sorted:
        if response.status != 200:
            raise LinksNotFound(
                f"there is no page of links at {self.source.label} ({response.status})",
                why=f"asked as {response.identity.label}",
                fix="correct --find-links, or give it a credential",
            )
        page = replace(page_of(response, _PAGE), is_redirected=False)
        parsed = self._parse(page, response.identity)
        directives = parse_cache_control(response.header("cache-control") or "")
        client = self._client
        repeats = client is not None and client.repeats_secrets(response)
        if directives.may_store and not (repeats or holds_secrets(response.body)):
            self._shelf(response.identity).write_page(_PAGE, page)
        return parsed

    def _parse(self, page: PageEntry, identity: Identity) -> _Sorted:
        kind = page.content_type
        if kind.partition(";")[0].strip().lower() == "application/json":
            kind = "application/vnd.pypi.simple.v1+json"
        parsed = parse_page(page.content, kind, parse_url(page.url))
        for problem in parsed.problems:
            self._reporter.warning(f"{self.source.label}: {problem}")
        whom = (
            "asked anonymously"
            if identity.is_anonymous
            else f"asked as {identity.label}"
        )
        return _Sorted(parsed, f"of {self.source.label} ({whom})", identity)

    def _shelf(self, identity: Identity) -> Shelf:
        return self._cache.shelf(self.source.url.key, identity.fingerprint, ACCEPT)


class _Sorted:
    """A page whose wheels are sorted by project, once."""

    def __init__(self, page: ProjectPage, seen: str, identity: Identity) -> None:
        self.page = page
        self.seen = seen
        """Where and by whom, as listings say it."""
        self.identity = identity
        self._wheels: dict[str, list[Entry]] = {}
        self._others: list[Entry] = []
        for entry in page.entries:
            filename = entry["filename"]
            if not filename.endswith(WHEEL_SUFFIX):
                self._others.append(entry)
                continue
            try:
                name = normalize_name(filename.partition("-")[0])
            except InputError:
                continue
            self._wheels.setdefault(name, []).append(entry)

    def entries_of(self, project: NormalizedName) -> tuple[Entry, ...]:
        """Return the files of a project."""
        found = list(self._wheels.get(project, ()))
        for entry in self._others:
            try:
                parse_sdist_filename(entry["filename"], project)
            except InputError:
                continue
            found.append(entry)
        return tuple(found)


def _never() -> None:
    raise RuntimeError("a failed future has nothing to wait for")
