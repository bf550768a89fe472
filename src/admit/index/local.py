"""Wheels on this machine, asked like those of an index.

For: `./dist/x-1.0-py3-none-any.whl` among the requirements.
Does not know: networks, indexes, caches of metadata.
Shape: the same questions as `index.fetch.Index`; every answer is there at once.
"""

from __future__ import annotations

import os

from admit.errors import IntegrityError
from admit.index.files import Downloaded
from admit.index.range import NoMetadata, read_metadata
from admit.net.future import Future, settled
from admit.spec.metadata import parse_metadata
from admit.spec.url import percent_decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from admit.cache.store import Cache
    from admit.index.listing import Candidate
    from admit.index.range import Span
    from admit.spec.metadata import Metadata

_PIECE = 1 << 20


class UnreadableFile(IntegrityError):
    """A wheel on this machine cannot be read."""

    code = "bad-wheel"


class LocalFiles:
    """Wheels given by path."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return a wheel's metadata."""
        path = _path_of(candidate)
        try:
            with open(path, "rb") as file:
                content = file.read()
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error
        reading = read_metadata(candidate.project, 0, content)
        try:
            body = _run(reading, content)
        except NoMetadata as error:
            raise _unreadable(path, error.what) from error
        return settled(parse_metadata(body))

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,  # noqa: ARG002  # as Index
    ) -> Future[Downloaded]:
        """Return a copy of a wheel, verified against the hash its URL states."""
        import hashlib

        path = _path_of(candidate)
        sink = sink or self._cache.scratch(os.path.basename(path))
        hasher = hashlib.sha256()
        size = 0
        try:
            with open(path, "rb") as source, open(sink, "wb") as target:
                while piece := source.read(_PIECE):
                    hasher.update(piece)
                    size += target.write(piece)
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error
        sha256 = hasher.hexdigest()
        stated = dict(candidate.file.hashes).get("sha256", sha256)
        if stated != sha256:
            raise _unreadable(path, f"expected sha256 {stated}, got {sha256}")
        return settled(Downloaded(sink, sha256, size))


def _run(reading: Generator[Span, bytes, bytes], content: bytes) -> bytes:
    """Answer a reading from the whole file."""
    try:
        start, end = next(reading)
        while True:
            start, end = reading.send(content[start:end])
    except StopIteration as stop:
        body: bytes = stop.value
        return body


def _path_of(candidate: Candidate) -> str:
    return percent_decode(candidate.url.path)


def _unreadable(path: str, why: str) -> UnreadableFile:
    return UnreadableFile(f"cannot use the wheel {path}", why=why)
