"""One source of packages: its listings, and the door to its files.

For: the resolver and the installer, who ask one `Index` per source.
Does not know: which credential travels (`net.client`), which index answers for a name
(`resolve.finder`), how metadata and files are got (`index.files`).
Shape: every question returns a `Future`; equal questions of a run share one. Order of
places: this run, the cache, the network. Nothing is taken from the cache that
another identity put there (docs/cache.md).
Spec: PEP 503, 691; rules R6 and R7 of docs/auth.md.
"""

from __future__ import annotations

from admit.auth.scope import Provenance
from admit.cache.freshness import lifetime_of, parse_cache_control
from admit.cache.store import PageEntry, fingerprint
from admit.errors import AdmitError
from admit.index.files import Downloaded, Files
from admit.index.listing import FORMAT, Listing, decode_listing
from admit.index.refused import Proofs
from admit.index.simple import ACCEPT, InvalidPage
from admit.net.client import Request, RequestLine
from admit.net.future import Future, settled
from admit.spec.names import InvalidName, normalize_name
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from admit.auth.ledger import Standing
    from admit.auth.scheme import Identity
    from admit.auth.scope import Source
    from admit.cache.store import Cache, Shelf
    from admit.index.listing import Candidate
    from admit.index.simple import File, ProjectPage
    from admit.net.client import Client, Reporter, Response
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.tags import Target
    from admit.spec.url import Url

__all__ = ["Absent", "Downloaded", "Index"]

_SECRETS = (b"signature=", b"?sig=", b"&sig=", b";sig=", b"\\u0026sig=", b"token=")
"""In a link's query these are as good as passwords: such pages are not stored."""
_USERINFO = rb"""/\\*/[^/"'<>\s?#@]+@"""
"""What stands before an `@` in the authority of a link, JSON's `\\/` included."""


@value
class Absent:
    """The index has not got a project, as far as this caller can see."""

    project: NormalizedName
    reason: str
    """A predicate: "was not found on corp (asked anonymously)"."""
    status: int
    identity: Identity
    is_present: Literal[False] = False


class Index:
    """One source, asked for one target."""

    def __init__(
        self,
        source: Source,
        client: Client,
        cache: Cache,
        target: Target,
        reporter: Reporter,
        stay_reason: Callable[[str], str | None] | None = None,
        is_given: Callable[[File], bool] | None = None,
    ) -> None:
        """Make one.

        Args:
            source: which.
            client: asks it.
            cache: remembers what it said.
            target: for whom files are chosen.
            reporter: told of what came from the cache.
            stay_reason: why a project's page must be the source's own.
            is_given: whether the user gave a file's URL or its hash.
        """
        self.source = source
        self._stay_reason = stay_reason or (lambda _: None)
        self._client = client
        self._cache = cache
        self._target = target
        self._target_key = _key_of(target)
        self._reporter = reporter
        self._base = source.url.without_userinfo().with_slash()
        self._listings: dict[str, Future[Listing | Absent]] = {}
        self._shelves: dict[str, Shelf] = {}
        self._told: set[str] = set()
        self._files = Files(source, client, cache, self._shelf, is_given)
        self._proofs = Proofs(source, client, self._files, self._get, is_given)

    def listing(self, project: NormalizedName) -> Future[Listing | Absent]:
        """Return what the index offers of a project.

        The future fails with an `AuthError`, a `NetworkError` or `InvalidPage`; a
        project that is not there is `Absent`.
        """
        future = self._listings.get(project)
        if future is None:
            try:
                future = self._find(project)
            except AdmitError as error:
                future = Future(self._client.pump)
                future.fail(error)
            self._listings[project] = future
        return future

    @property
    def standing(self) -> Standing | None:
        """What this run has learned of the source; None before any request."""
        return self._client.standing(self.source)

    @property
    def was_asked_anonymously(self) -> bool:
        """Whether this run asked the source, and as nobody."""
        return (
            bool(self._listings)
            and self._client.standing(self.source) is not None
            and self._client.identity_of(self.source).is_anonymous
        )

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return a candidate's metadata, checked against its file name."""
        return self._files.metadata(candidate)

    def must_prove(self, candidate: Candidate) -> bool:
        """Tell whether the file may be refused though its page lists it."""
        return self._proofs.are_wanted(candidate)

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        """Return metadata out of the file itself; fails with `FileRefused`."""
        return self._proofs.metadata(candidate)

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Future[Downloaded]:
        """Fetch a candidate's file and verify it.

        Args:
            candidate: one of this index.
            sink: where to put it; None: a scratch file of the cache's.
            on_progress: called with (bytes so far, bytes in all or 0).

        The future fails with `FileRefused` for a source distribution that the index
        may refuse: only its download proves it.
        """
        if candidate.is_source and self._proofs.are_wanted(candidate):
            return self._proofs.download(candidate, sink, on_progress)
        return self._files.download(candidate, sink, on_progress)

    def source_of(self, candidate: Candidate) -> Source | None:  # noqa: ARG002  # see Files
        """Return the source that listed a candidate."""
        return self.source

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        """Return a digest of every file of a candidate's version.

        They stand on its page; a candidate whose page states none is downloaded.
        """
        from admit.index.hashes import find_hashes, stated_digest
        from admit.spec.record import Digest

        def look(page: ProjectPage) -> tuple[Digest, ...] | Future[tuple[Digest, ...]]:
            found = find_hashes(page, candidate.project, candidate.version)
            if stated_digest(candidate.file) is not None:
                return found
            return self.download(candidate).then(
                lambda done: (*found, Digest("sha256", done.sha256))
            )

        return self._page(candidate.project).then(look)

    def _page(self, project: NormalizedName) -> Future[ProjectPage]:
        """The page behind a listing of this run, as the index sent it."""
        shelf = self._shelf(self._client.identity_of(self.source))
        known = shelf.read_page(project)
        if known is not None:
            return settled(self._read(known))
        return self._get(project).then(
            lambda response: self._read(page_of(response, project))
        )

    def _read(self, page: PageEntry) -> ProjectPage:
        from admit.index.simple import parse_page
        from admit.spec.url import parse_url

        return parse_page(
            page.content,
            page.content_type,
            parse_url(page.url),
            is_redirected=page.is_redirected,
        )

    def _find(self, project: NormalizedName) -> Future[Listing | Absent]:
        identity = self._client.identity_of(self.source)
        shelf = self._shelf(identity)
        digest = shelf.read_digest(project, self._target_key)
        known = digest or shelf.read_page(project)
        if known is not None and self._is_strange(project, known):
            digest = known = None
        if known is not None and shelf.is_fresh(
            project,
            known,
            is_public=self.source.is_public,
            own_rule=self.source.cache_control,
        ):
            self._report_cached(project, identity, shelf)
            return settled(self._known(project, known, digest, identity))

        if shelf.is_offline and known is None:
            return self._absent_offline(project, identity)

        def look(response: Response) -> Listing | Absent | Future[Listing | Absent]:
            is_same_identity = response.identity.fingerprint == identity.fingerprint
            if response.status == 304 and known is not None:
                if is_same_identity:
                    shelf.confirm(project, self._target_key)
                    return self._known(project, known, digest, response.identity)
                # Validators never cross identities (rule R7): the login was changed
                # in the meantime, so once more without any.
                return self._get(project).then(take)
            return take(response)

        def take(response: Response) -> Listing | Absent:
            if response.status == 404:
                return self._absent(project, response)
            if response.status != 200:
                raise InvalidPage(
                    f"{self._page_url(project).text}: status {response.status} to a "
                    "request without conditions"
                )
            is_same_identity = response.identity.fingerprint == identity.fingerprint
            return self._received(
                project, response, digest if is_same_identity else None
            )

        return self._get(project, known).then(look)

    def _get(
        self, project: NormalizedName, known: PageEntry | None = None
    ) -> Future[Response]:
        return self._client.get(
            Request(
                self._page_url(project),
                Provenance(self.source, "listing"),
                ACCEPT,
                known.validators if known is not None else (),
                must_stay=self._stay_reason(project),
            )
        )

    def _is_strange(self, project: NormalizedName, known: PageEntry) -> bool:
        """Whether a remembered page is another origin's where it must not be."""
        must_stay = self.source.policy == "always" or self._stay_reason(project)
        return bool(must_stay) and is_strange(known, self.source)

    def _page_url(self, project: NormalizedName) -> Url:
        return self._base.join(f"{project}/")

    def _shelf(self, identity: Identity) -> Shelf:
        shelf = self._shelves.get(identity.fingerprint)
        if shelf is None:
            shelf = self._cache.shelf(self.source.url.key, identity.fingerprint, ACCEPT)
            self._shelves[identity.fingerprint] = shelf
        return shelf

    def _known(
        self,
        project: NormalizedName,
        known: PageEntry,
        digest: PageEntry | None,
        identity: Identity,
    ) -> Listing:
        """Use what is remembered: the digest, or the page to make one of."""
        if digest is None:
            return self._digest(project, known, identity)
        return self._announced(decode_listing(digest.content), identity)

    def _received(
        self, project: NormalizedName, response: Response, digest: PageEntry | None
    ) -> Listing:
        """The index sent a page, perhaps the one that is known."""
        shelf = self._shelf(response.identity)
        directives = parse_cache_control(response.header("cache-control") or "")
        may_store = shelf.keeps and directives.may_store
        if not may_store or self._holds_secrets(response):
            return self._parse(project, page_of(response, project), response.identity)
        page = replace(page_of(response, project), body_hash=_hash_of(response.body))
        if digest is None or _meaning(page) != _meaning(digest):
            shelf.write_page(project, page)
            return self._digest(project, page, response.identity)
        # A server without validators sent the page that is here already.
        if _conditions(page) == _conditions(digest):
            shelf.confirm(project, self._target_key)
        else:
            shelf.write_page(project, page)
            renewed = replace(page, content=digest.content)
            shelf.write_digest(project, self._target_key, renewed)
        return self._announced(decode_listing(digest.content), response.identity)

    def _holds_secrets(self, response: Response) -> bool:
        return holds_secrets(response.body) or self._client.repeats_secrets(response)

    def _digest(
        self, project: NormalizedName, page: PageEntry, identity: Identity
    ) -> Listing:
        listing = self._parse(project, page, identity)
        entry = replace(page, content=listing.encode())
        self._shelf(identity).write_digest(project, self._target_key, entry)
        return listing

    def _parse(
        self, project: NormalizedName, page: PageEntry, identity: Identity
    ) -> Listing:
        from admit.index.choose import choose_candidates
        from admit.spec.url import parse_url

        url = parse_url(page.url)
        parsed = self._read(page)
        _check_name(parsed.name, project, url)
        listing = choose_candidates(parsed, project, self._target, page_url=url)
        return self._announced(listing, identity)

    def _announced(self, listing: Listing, identity: Identity) -> Listing:
        """Tell of the page's problems, each once per source; say who saw it."""
        for problem in listing.problems:
            if problem not in self._told:
                self._told.add(problem)
                self._reporter.warning(
                    f"{self.source.label}, page of {listing.project}: {problem}"
                )
        return listing.seen_as(self._seen(identity))

    def _absent(self, project: NormalizedName, response: Response) -> Absent:
        reason = f"was not found {self._seen(response.identity)}"
        return Absent(project, reason, response.status, response.identity)

    def _seen(self, identity: Identity) -> str:
        label = self.source.label
        if identity.is_anonymous:
            if self.source.is_public:
                return f"on {label}"
            return f"on {label} (asked anonymously)"
        return f"on {label} (asked as {identity.label})"

    def _absent_offline(
        self, project: NormalizedName, identity: Identity
    ) -> Future[Listing | Absent]:
        text = (
            f"{self.source.label} is not asked offline: what the cache has not got for "
            f"{identity.label} counts as not there"
        )
        if text not in self._told:
            self._told.add(text)
            self._reporter.warning(text)
        reason = f"is not in the cache, offline, {self._seen(identity)}"
        return settled(Absent(project, reason, 0, identity))

    def _report_cached(
        self, project: NormalizedName, identity: Identity, shelf: Shelf
    ) -> None:
        self._reporter.request_line(
            RequestLine(
                "GET",
                self._page_url(project).text,
                "listing",
                identity.label,
                "offline" if shelf.is_offline else "fresh",
                origin="cache",
            )
        )


def _key_of(target: Target) -> str:
    """Name what a choice depends on: the tags, and the Python."""
    parts = (target.environment["python_full_version"], *target.tags)
    return f"v{FORMAT}-{fingerprint(chr(10).join(parts).encode())[:16]}"


def page_of(response: Response, project: NormalizedName) -> PageEntry:
    return PageEntry(
        # A redirect's query may hold a signature; links do not need it.
        url=response.url.text.partition("#")[0].partition("?")[0],
        content_type=response.header("content-type") or "",
        body_hash="",
        etag=response.header("etag"),
        last_modified=response.header("last-modified"),
        lifetime=lifetime_of(response.header("cache-control"), response.header("age")),
        is_redirected=response.redirected and _last(response.url) != project,
        content=response.body,
    )


def _hash_of(body: bytes) -> str:
    """Tell a page from any other. OpenSSL's SHA-256 takes half the time of others."""
    from hashlib import sha256

    return sha256(body).hexdigest()


def _last(url: Url) -> str:
    """The last segment of a page's path, as a name of a project."""
    try:
        return normalize_name(url.path.rstrip("/").rpartition("/")[2])
    except InvalidName:
        return ""


def _meaning(entry: PageEntry) -> tuple[str, str, str, bool]:
    """What a listing is made of."""
    return entry.url, entry.content_type, entry.body_hash, entry.is_redirected


def _conditions(entry: PageEntry) -> tuple[str | None, str | None, int]:
    """What says how long it holds and how to ask again."""
    return entry.etag, entry.last_modified, entry.lifetime


def is_strange(known: PageEntry, source: Source) -> bool:
    """Whether a remembered page came from another origin than its source's."""
    from admit.auth.scope import own_origins
    from admit.spec.url import parse_url

    origin, home = parse_url(known.url).origin, source.url.origin
    is_upgraded = (home.scheme, origin.scheme) == ("http", "https")
    return origin not in own_origins(source) and not (
        is_upgraded and origin.host == home.host
    )


def holds_secrets(body: bytes) -> bool:
    """Whether links of a page carry a password or a signature."""
    if b"?" in body:
        lowered = body.lower()
        if any(mark in lowered for mark in _SECRETS):
            return True
    if b"@" not in body:
        return False
    import re

    return re.search(_USERINFO, body) is not None


def _check_name(name: str, project: NormalizedName, url: Url) -> None:
    """Refuse the page of another project."""
    try:
        if name and normalize_name(name) != project:
            raise InvalidPage(f"{url.text} is the page of {name!r}, not of {project}")
    except InvalidName as error:
        raise InvalidPage(f"{url.text}: {error.what}") from error
