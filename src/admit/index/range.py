"""METADATA out of a wheel of which only a part is here.

For: indexes without metadata files (PEP 658): a wheel is a zip archive, whose
directory stands at its end, and METADATA nearly always right before that.
Does not know: how bytes are got: a conversation that yields spans and is sent them.
Shape: `read_metadata(...)` yields `(start, stop)` until it returns METADATA's bytes.
Theory: the caller begins with the last `TAIL` bytes, which hold all that is needed
of most wheels; else the directory is asked for together with what stands before it.
Spec: APPNOTE 6.3.10, sections 4.3.7, 4.3.12 to 4.3.16, 4.5.3; PEP 427.
"""

from __future__ import annotations

import zlib
from binascii import crc32
from struct import unpack_from

from admit.errors import IntegrityError
from admit.spec.names import InvalidName, normalize_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import BinaryIO

    from admit.spec.names import NormalizedName

    Span = tuple[int, int]

TAIL = 32 * 1024
"""Bytes asked for first: the directory and METADATA of nine wheels out of ten."""
_BEFORE = 16 * 1024
"""Bytes before the directory that are asked for together with it."""
_NAME_AND_EXTRA = 256
"""What a member's header is expected to take at most beside its fixed part."""
_MAX_DIRECTORY = 64 << 20
_MAX_METADATA = 16 << 20
_SUFFIX = b".dist-info/METADATA"
_IN_EXTRA = 0xFFFFFFFF


class NoMetadata(IntegrityError):
    """An archive has no METADATA that could be read."""

    code = "bad-wheel"


class _Window:
    """The bytes from `start` to the end of the archive."""

    def __init__(self, start: int, content: bytes) -> None:
        self.start = start
        self.content = content

    def need(self, start: int) -> Generator[Span, bytes, None]:
        """Widen the window so that it begins at `start` or before."""
        if start < 0:
            raise NoMetadata("the archive's directory contradicts itself")
        if start < self.start:
            piece = yield start, self.start
            if len(piece) != self.start - start:
                raise NoMetadata("the archive ends early")
            self.start, self.content = start, piece + self.content

    def at(self, offset: int, size: int) -> bytes:
        """Return bytes within the window."""
        if offset < self.start:
            raise NoMetadata("the archive's directory contradicts itself")
        return self.content[offset - self.start : offset - self.start + size]


def read_metadata(
    project: NormalizedName, start: int, tail: bytes
) -> Generator[Span, bytes, bytes]:
    """Find METADATA in a wheel.

    Args:
        project: whose `.dist-info` is meant.
        start: where `tail` begins in the archive.
        tail: its last bytes, `TAIL` of them or the whole archive.

    Yields:
        Spans `(start, stop)` to be sent back as bytes.

    Raises:
        NoMetadata: not a zip archive, or without (readable) METADATA.
    """
    window = _Window(start, tail)
    directory, size = yield from _find_directory(window)
    if directory < start:
        # RECORD stands between METADATA and the directory and grows with it.
        yield from window.need(max(0, directory - _BEFORE - size * 3 // 4))
    found = _find_member(window.at(directory, size), project)
    method, checksum, packed, unpacked, offset = found
    if max(packed, unpacked) > _MAX_METADATA or offset + 30 + packed > directory:
        raise NoMetadata("the archive's METADATA is too large")
    member = yield from _read(window, offset, 30 + _NAME_AND_EXTRA + packed, directory)
    if member[:4] != b"PK\x03\x04":
        raise NoMetadata("the archive's directory contradicts itself")
    begin = 30 + sum(unpack_from("<HH", member, 26))
    content = member[begin : begin + packed]
    if len(content) < packed:
        content = yield from _read(window, offset + begin, packed, directory)
    return _inflate(content, method, unpacked, checksum)


def read_metadata_of_file(project: NormalizedName, file: BinaryIO, size: int) -> bytes:
    """Find METADATA in a wheel that is a file of `size` bytes; see `read_metadata`."""
    start = max(0, size - TAIL)
    file.seek(start)
    reading = read_metadata(project, start, file.read())
    piece: bytes | None = None
    while True:
        try:
            start, stop = next(reading) if piece is None else reading.send(piece)
        except StopIteration as done:
            return bytes(done.value)
        file.seek(start)
        piece = file.read(stop - start)


def _find_directory(window: _Window) -> Generator[Span, bytes, Span]:
    """Return offset and size of the central directory."""
    tail = window.content
    at = tail.rfind(b"PK\x05\x06")
    size = offset = 0
    while at >= 0:
        if len(tail) >= at + 22:
            size, offset, comment = unpack_from("<IIH", tail, at + 12)
            if at + 22 + comment == len(tail):
                break
        at = tail.rfind(b"PK\x05\x06", 0, at)
    else:
        raise NoMetadata("not a zip archive: its end is missing")
    end = window.start + at
    if offset + size != end:  # perhaps zip64: its record stands between
        end, size, offset = yield from _find_large_directory(window, end)
    if size > _MAX_DIRECTORY or offset + size != end:
        raise NoMetadata("the archive's directory contradicts itself")
    return offset, size


def _find_large_directory(
    window: _Window, end: int
) -> Generator[Span, bytes, tuple[int, int, int]]:
    """Follow the zip64 locator; return where the directory ends, size, offset."""
    yield from window.need(end - 20)
    locator = window.at(end - 20, 20)
    if locator[:4] != b"PK\x06\x07":
        raise NoMetadata("the archive's directory contradicts itself")
    (record_at,) = unpack_from("<Q", locator, 8)
    if record_at > end - 20 - 56:
        raise NoMetadata("the archive's directory contradicts itself")
    yield from window.need(record_at)
    record = window.at(record_at, 56)
    if record[:4] != b"PK\x06\x06":
        raise NoMetadata("the archive's directory contradicts itself")
    size, offset = unpack_from("<QQ", record, 40)
    return record_at, size, offset


def _find_member(
    directory: bytes, project: NormalizedName
) -> tuple[int, int, int, int, int]:
    """Return method, CRC, packed and unpacked size, and offset of METADATA."""
    at = 0
    while at + 46 <= len(directory) and directory[at : at + 4] == b"PK\x01\x02":
        flags, method = unpack_from("<HH", directory, at + 8)
        checksum, packed, unpacked = unpack_from("<III", directory, at + 16)
        name_size, extra_size, comment_size = unpack_from("<HHH", directory, at + 28)
        name = directory[at + 46 : at + 46 + name_size]
        if name.endswith(_SUFFIX) and _belongs(name, project):
            (offset,) = unpack_from("<I", directory, at + 42)
            if flags & 1:
                raise NoMetadata("the archive's METADATA is encrypted")
            extra = directory[at + 46 + name_size :][:extra_size]
            unpacked, packed, offset = _large([unpacked, packed, offset], extra)
            return method, checksum, packed, unpacked, offset
        at += 46 + name_size + extra_size + comment_size
    raise NoMetadata(f"the archive has no .dist-info/METADATA of {project}")


def _belongs(name: bytes, project: NormalizedName) -> bool:
    stem = name[: -len(_SUFFIX)].decode("utf-8", "replace")
    try:
        return "/" not in stem and normalize_name(stem.partition("-")[0]) == project
    except InvalidName:
        return False


def _large(fields: list[int], extra: bytes) -> list[int]:
    """Put in the zip64 values of fields that say "too large for here"."""
    if _IN_EXTRA not in fields:
        return fields
    at = 0
    while at + 4 <= len(extra):
        kind, size = unpack_from("<HH", extra, at)
        if kind == 1:
            large = list(
                unpack_from(f"<{min(size, 24) // 8}Q", extra + bytes(24), at + 4)
            )
            return [
                large.pop(0) if field == _IN_EXTRA and large else field
                for field in fields
            ]
        at += 4 + size
    return fields


def _read(
    window: _Window, offset: int, size: int, limit: int
) -> Generator[Span, bytes, bytes]:
    """Return bytes before `limit`; those before the window are asked for alone."""
    stop = min(offset + size, limit)
    if offset >= window.start:
        content = window.at(offset, stop - offset)
    elif stop > window.start:
        yield from window.need(offset)
        content = window.at(offset, stop - offset)
    else:
        content = yield offset, stop
    if len(content) != stop - offset or stop - offset < 30:
        raise NoMetadata("the archive ends early")
    return content


def _inflate(content: bytes, method: int, unpacked: int, checksum: int) -> bytes:
    if method == 8:
        decompressor = zlib.decompressobj(-15)
        try:
            content = decompressor.decompress(content, unpacked + 1)
        except zlib.error as error:
            raise NoMetadata("the archive's METADATA is damaged") from error
    elif method != 0:
        raise NoMetadata(f"the archive's METADATA is compressed by method {method}")
    if len(content) != unpacked or crc32(content) != checksum:
        raise NoMetadata("the archive's METADATA is damaged")
    return content
