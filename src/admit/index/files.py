"""Metadata and wheels of one source.

For: `index.fetch`, whose `Index` is the door.
Does not know: pages, choice, what becomes of a wheel.
Shape: METADATA comes from, in this order: this run, the cache, the metadata file
beside the wheel (PEP 658), the end of the wheel by range request, the whole wheel,
which is then kept as the download. Every step that a server refuses leads to the next
(rule R6 of docs/auth.md); what is wrong in content is an error at once.
Rule: a file without a stated hash is never taken from the cache: it may have changed.
"""

from __future__ import annotations

from admit.auth.scope import Provenance
from admit.cache.store import fingerprint
from admit.errors import AdmitError, IntegrityError
from admit.index.digest import decode_metadata, encode_metadata
from admit.net.client import Request
from admit.net.future import Future, settled
from admit.net.transport import SinkFailed
from admit.spec.url import Url
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from admit.auth.scheme import Identity
    from admit.auth.scope import Purpose, Source
    from admit.cache.store import Cache, Shelf
    from admit.index.listing import Candidate
    from admit.index.range import Span
    from admit.index.simple import File, Hashes
    from admit.net.client import Client, Response
    from admit.spec.metadata import Metadata
    from admit.spec.record import Digest
    from admit.spec.url import Origin

    Progress = Callable[[int, int], None]

_MAX_FILE = 16 << 30
_MAX_METADATA = 16 << 20
_MAX_PART = 128 << 20
_PIECE = 1 << 20
_THIS_FILE_ONLY = (400, 401, 403, 404, 416)
"""Refusals of a range that say nothing about other files of the origin."""


class MetadataMismatch(IntegrityError):
    """A file's metadata is another release's."""

    code = "metadata-mismatch"


class HashMismatch(IntegrityError):
    """A file is not the one the index promised."""

    code = "hash-mismatch"


class UnreadableWheel(IntegrityError):
    """A wheel's metadata cannot be read."""

    code = "bad-wheel"


@value
class Downloaded:
    """A file that agrees with every hash its page states."""

    path: str
    sha256: str
    size: int


class Files:
    """The files of one source, each fetched once."""

    def __init__(
        self,
        source: Source,
        client: Client,
        cache: Cache,
        shelf_of: Callable[[Identity], Shelf],
        is_given: Callable[[File], bool] | None = None,
    ) -> None:
        """Make one; `is_given`: whether the user gave a file's URL or its hash."""
        self._is_given = is_given or (lambda _: False)
        self._source = source
        self._client = client
        self._cache = cache
        self._shelf_of = shelf_of
        self._metadata: dict[str, Future[Metadata]] = {}
        self._wheels: dict[str, Future[Downloaded]] = {}
        self._serves_parts: dict[Origin, bool] = {}

    # Metadata

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """See `Index.metadata`."""
        key = candidate.url.text
        future = self._metadata.get(key)
        if future is None:
            future = self._metadata[key] = self._find_metadata(candidate)
        return future

    def _find_metadata(self, candidate: Candidate) -> Future[Metadata]:
        try:
            known = self._remembered(candidate)
        except AdmitError as error:
            failed: Future[Metadata] = Future(self._client.pump)
            failed.fail(error)
            return failed
        if known is not None:
            return settled(known)
        if candidate.file.metadata is not None:
            return self._from_metadata_file(candidate)
        return self._from_wheel(candidate)

    def _remembered(self, candidate: Candidate) -> Metadata | None:
        """Return what the cache has for this file and this identity."""
        sha256 = _sha256(_stated(candidate))
        content = self._cache.read_metadata(sha256) if sha256 else None
        name = _content_name(candidate)
        if content is None and name is not None:
            shelf = self._shelf_of(self._client.identity_of(self._source))
            content = shelf.read_metadata(candidate.project, name)
        return decode_metadata(content) if content is not None else None

    def _accept(self, candidate: Candidate, body: bytes) -> Metadata:
        """Parse, check and remember METADATA that came from the wheel itself.

        It is remembered for the identity that the source knows, though another host
        may have served the file to a stranger.
        """
        metadata = self._parse(candidate, body)
        name, digest = _content_name(candidate), encode_metadata(metadata)
        if name is not None and digest is not None:
            shelf = self._shelf_of(self._client.identity_of(self._source))
            shelf.write_metadata(name, digest)
        return metadata

    def _parse(self, candidate: Candidate, body: bytes) -> Metadata:
        from admit.spec.metadata import parse_metadata

        metadata = parse_metadata(body)
        release = (candidate.project, candidate.version)
        if (metadata.name, metadata.version) != release:
            raise MetadataMismatch(
                f"{candidate.file.filename} of {self._source.label} holds the "
                "metadata of another release",
                why=f"it says {metadata.name} {metadata.version}",
            )
        return metadata

    def _from_metadata_file(self, candidate: Candidate) -> Future[Metadata]:
        url = _metadata_url(candidate.url)
        request = self._request(url, "metadata", max_bytes=_MAX_METADATA)

        def look(response: Response) -> Metadata | Future[Metadata]:
            if response.status != 200:
                return self._from_wheel(candidate)
            stated = _stated(candidate)
            _verify(stated, _hashes_of(stated, response.body), url, self._source)
            sha256 = _sha256(stated)
            if sha256 is None:
                return self._accept(candidate, response.body)
            metadata = self._parse(candidate, response.body)
            digest = encode_metadata(metadata)
            if digest is not None:
                self._cache.write_metadata(sha256, digest)
            return metadata

        return self._client.get(request).then(look)

    def metadata_of_file(self, candidate: Candidate) -> Future[Metadata]:
        """Return what the file itself says, whatever is known: so it can be had."""
        return self._from_wheel(candidate)

    def forget_failure(self, candidate: Candidate) -> None:
        """Let a file that could not be had be asked for once more."""
        file = self._wheels.get(candidate.url.text)
        if file is not None and file.error is not None:
            del self._wheels[candidate.url.text]

    def _from_wheel(self, candidate: Candidate) -> Future[Metadata]:
        """By range, unless the wheel is here or its origin serves no parts."""
        is_here = candidate.url.text in self._wheels
        if is_here or not self._serves_parts.get(candidate.url.origin, True):
            return self._from_whole(candidate)
        return self._from_tail(candidate)

    def _from_whole(self, candidate: Candidate) -> Future[Metadata]:
        wheel = self.download(candidate)
        return wheel.then(lambda done: self._from_file(candidate, done))

    def _from_file(self, candidate: Candidate, wheel: Downloaded) -> Metadata:
        from admit.index.range import NoMetadata, read_metadata_of_file

        with open(wheel.path, "rb") as file:
            try:
                body = read_metadata_of_file(candidate.project, file, wheel.size)
            except NoMetadata as error:
                raise self._unreadable(candidate, error) from error
        return self._accept(candidate, body)

    def _unreadable(self, candidate: Candidate, error: AdmitError) -> UnreadableWheel:
        return UnreadableWheel(
            f"cannot read the metadata of {candidate.file.filename} of "
            f"{self._source.label}",
            why=error.what,
        )

    # Metadata by range request

    def _from_tail(self, candidate: Candidate) -> Future[Metadata]:
        from admit.index.range import TAIL

        size = candidate.file.size
        span = (-TAIL, -1) if size is None else (max(0, size - TAIL), size - 1)
        origin = candidate.url.origin
        # An origin not known to serve parts may answer with a huge file: to disk.
        sink = None
        if origin not in self._serves_parts:
            sink = self._cache.scratch(candidate.file.filename)
        request = self._request(
            candidate.url,
            "metadata",
            byte_range=span,
            sink=sink,
            max_bytes=_MAX_FILE if sink is not None else _MAX_PART,
        )

        def look(response: Response) -> Metadata | Future[Metadata]:
            if response.status == 200 and sink is not None:
                self._serves_parts[origin] = False
                return self._keep(candidate, sink).then(
                    lambda done: self._from_file(candidate, done)
                )
            body = _taken(self._cache, sink) if sink is not None else response.body
            place = _content_range(response)
            if response.status != 206 or place is None or len(body) != place[1]:
                if response.status not in _THIS_FILE_ONLY:
                    self._serves_parts[origin] = False
                return self._from_whole(candidate)
            self._serves_parts[origin] = True
            return self._read_parts(candidate, place[0], body)

        def elsewhere(error: BaseException) -> Future[Metadata]:
            """Once more, out of a cache that is full."""
            if sink is not None and isinstance(error, SinkFailed):
                self._cache.discard(sink)
                if self._cache.give_up(sink, error.why or error.what):
                    return self._from_tail(candidate)
            raise error

        return self._client.get(request).then(look).recover(elsewhere)

    def _read_parts(
        self, candidate: Candidate, start: int, tail: bytes
    ) -> Future[Metadata]:
        from admit.index.range import NoMetadata, read_metadata

        reading = read_metadata(candidate.project, start, tail)

        def go_on(piece: bytes | None) -> Metadata | Future[Metadata]:
            try:
                span = next(reading) if piece is None else reading.send(piece)
            except StopIteration as stop:
                return self._accept(candidate, stop.value)
            except NoMetadata as error:
                raise self._unreadable(candidate, error) from error
            return self._get_part(candidate, span).then(go_on)

        return settled(None).then(go_on)

    def _get_part(self, candidate: Candidate, span: Span) -> Future[bytes]:
        request = self._request(
            candidate.url,
            "metadata",
            byte_range=(span[0], span[1] - 1),
            max_bytes=_MAX_PART,
        )

        def look(response: Response) -> bytes:
            place = _content_range(response)
            if response.status != 206 or place != (span[0], len(response.body)):
                raise UnreadableWheel(
                    f"{candidate.url.text}: the server sent other bytes than asked for",
                    why=f"status {response.status}",
                )
            return response.body

        return self._client.get(request).then(look)

    # Whole files

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Progress | None = None,
    ) -> Future[Downloaded]:
        """See `Index.download`."""
        key = candidate.url.text
        future = self._wheels.get(key)
        if future is None:
            future = self._fetch(candidate, sink, on_progress)
            self._wheels[key] = future
        if sink is None:
            return future
        return future.then(lambda done: _moved(self._cache, done, sink))

    def _fetch(
        self,
        candidate: Candidate,
        sink: str | None,
        on_progress: Progress | None,
        *,
        may_resume: bool = True,
    ) -> Future[Downloaded]:
        path = sink or self._cache.scratch(candidate.file.filename)
        request = replace(
            self._request(candidate.url, "file", sink=path, on_progress=on_progress),
            is_pinned=self._is_given(candidate.file),
            is_verified=bool(candidate.file.hashes),
            may_resume=may_resume,
        )

        def elsewhere(error: BaseException) -> Future[Downloaded]:
            """Once more, out of a cache that is full."""
            self._cache.discard(path)
            is_full = isinstance(error, SinkFailed) and sink is None
            if is_full and self._cache.give_up(path, _reason(error)):
                return self._fetch(candidate, sink, on_progress)
            raise error

        def check(response: Response) -> Downloaded | Future[Downloaded]:
            try:
                return self._verified(candidate, path)
            except HashMismatch:
                if not response.is_resumed:
                    raise
                # The file had changed between two transfers, perhaps.
                return self._fetch(candidate, sink, on_progress, may_resume=False)

        return self._client.get(request).then(check).recover(elsewhere)

    def _keep(self, candidate: Candidate, path: str) -> Future[Downloaded]:
        """Take a whole wheel that came unasked as the download."""
        future = self._wheels.get(candidate.url.text)
        if future is None:
            future = settled(path).then(lambda _: self._verified(candidate, path))
            self._wheels[candidate.url.text] = future
        else:
            self._cache.discard(path)
        return future

    def _verified(self, candidate: Candidate, path: str) -> Downloaded:
        stated = candidate.file.hashes
        found, size = _hash_file(path, stated)
        try:
            _verify(stated, found, candidate.url, self._source)
        except IntegrityError:
            self._cache.discard(path)
            raise
        return Downloaded(path, found["sha256"], size)

    def _request(
        self,
        url: Url,
        purpose: Purpose,
        *,
        byte_range: tuple[int, int] | None = None,
        sink: str | None = None,
        max_bytes: int = _MAX_FILE,
        on_progress: Progress | None = None,
    ) -> Request:
        return Request(
            url,
            Provenance(self._source, purpose),
            byte_range=byte_range,
            sink=sink,
            max_bytes=max_bytes,
            on_progress=on_progress,
        )


def mismatch_of(
    candidate: Candidate, expected: Sequence[Digest], found: str | None = None
) -> HashMismatch:
    """Tell that a file has none of the hashes the user gave.

    `found`: of the file itself; without it what the page states is told.
    """
    stated = ", ".join(f"{name}={text}" for name, text in candidate.file.hashes)
    return HashMismatch(
        f"{candidate.file.filename} has none of the hashes given for it",
        why=f"expected {' or '.join(map(str, expected))}, "
        f"found {found or stated or 'none stated'}",
        fix="if the file is the right one, write its hash down: `admit compile "
        "--generate-hashes` does; if you cannot tell, do not use it",
    )


def _reason(error: BaseException) -> str:
    why = error.why if isinstance(error, AdmitError) else None
    return why or str(error)


def _stated(candidate: Candidate) -> Hashes:
    """The hashes stated of the metadata file."""
    metadata = candidate.file.metadata
    return metadata if isinstance(metadata, tuple) else ()


def _sha256(hashes: Hashes) -> str | None:
    return dict(hashes).get("sha256")


def _content_name(candidate: Candidate) -> str | None:
    """Name what METADATA follows from; None if the page states no hash of the wheel."""
    hashes = [each for each in candidate.file.hashes if each[0] not in ("md5", "sha1")]
    if not hashes:
        return None
    return fingerprint(repr((candidate.file.filename, sorted(hashes))).encode())


def _metadata_url(url: Url) -> Url:
    """Spec: PEP 658: the file's URL with `.metadata` appended, which means the path."""
    head, mark, query = url.text.partition("#")[0].partition("?")
    return Url(f"{head}.metadata{mark}{query}", url.origin, url.userinfo)


def _content_range(response: Response) -> tuple[int, int] | None:
    """Return start and length of a part, as the server has it."""
    unit, _, rest = (response.header("content-range") or "").partition(" ")
    span, _, _ = rest.partition("/")
    first, _, last = span.strip().partition("-")
    if unit.lower() != "bytes" or not (first.isdecimal() and last.isdecimal()):
        return None
    return int(first), int(last) + 1 - int(first)


def _taken(cache: Cache, path: str) -> bytes:
    """Read a scratch file and remove it."""
    try:
        with open(path, "rb") as file:
            return file.read(_MAX_PART)
    except FileNotFoundError:
        return b""
    finally:
        cache.discard(path)


def _moved(cache: Cache, done: Downloaded, sink: str) -> Downloaded:
    """Put a file that is here already where it is wanted."""
    if done.path == sink:
        return done
    import shutil

    shutil.move(done.path, sink)
    cache.discard(done.path)
    return Downloaded(sink, done.sha256, done.size)


def _hash_file(path: str, stated: Hashes) -> tuple[dict[str, str], int]:
    """Return the digests of a file by algorithm, SHA-256 among them, and its size."""
    import hashlib

    hashers = {"sha256": hashlib.sha256()}
    for algorithm, _ in stated:
        if algorithm not in hashers:
            hashers[algorithm] = hashlib.new(algorithm, usedforsecurity=False)
    size = 0
    with open(path, "rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            for hasher in hashers.values():
                hasher.update(piece)
    return {name: hasher.hexdigest() for name, hasher in hashers.items()}, size


def _hashes_of(stated: Hashes, content: bytes) -> dict[str, str]:
    import hashlib

    return {
        algorithm: hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
        for algorithm, _ in stated
    }


def _verify(stated: Hashes, found: dict[str, str], url: Url, source: Source) -> None:
    """Raise HashMismatch unless every stated digest agrees."""
    for algorithm, expected in stated:
        if found[algorithm] != expected:
            raise HashMismatch(
                f"{url.text} is not the file that {source.label} promised",
                why=f"expected {algorithm} {expected}, got {found[algorithm]}",
                fix="nothing of it was kept: run it once more; if it stays so, tell "
                "who runs the index",
            )
