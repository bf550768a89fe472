"""From received pieces to a `WireResponse`, within limits.

For: both transports, so that odd bytes mean the same to both.
Does not know: sockets, libcurl.
Shape: header lines -> `Head`; body pieces -> decoded bytes. Errors are returned as
text for the caller to put into a `BadResponse`.
Spec: RFC 9110 (sections 5, 8.4), RFC 9112 (sections 4, 5).
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_HEADERS = 100
"""Fields of one answer; no index sends a fifth of it."""
MAX_INTERIM = 20
"""Answers 1xx before the final one."""
_SMALLEST_GZIP = 18
_HIGHEST_RATIO = 1032
"""What deflate can make of a byte at most."""
MAX_HEADER_BYTES = 64 * 1024
"""All fields of one answer together."""


class Malformed(Exception):
    """The answer breaks HTTP; the text says how."""


@value
class Head:
    """Status and header fields of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        for key, text in self.headers:
            if key == name:
                return text
        return None

    @property
    def length(self) -> int:
        """Content-Length; 0 if unknown."""
        text = self.header("content-length") or ""
        return int(text) if text.isascii() and text.isdecimal() else 0


def parse_head(lines: Iterable[bytes]) -> Head | None:
    """Parse header lines as they came; None while the block is not complete.

    Interim answers (1xx) are skipped; lines after the final block are trailers and
    are ignored.

    Raises:
        Malformed: too many fields, too many bytes, or a line that is no field.
    """
    status = interim = 0
    fields: list[tuple[str, str]] = []
    size = 0
    for raw in lines:
        line = raw.rstrip(b"\r\n").decode("latin-1")
        size += len(raw)
        if size > MAX_HEADER_BYTES:
            raise Malformed(f"more than {MAX_HEADER_BYTES} bytes of header fields")
        if not status:
            status = _parse_status(line)
        elif not line:
            if status >= 200:
                return Head(status, tuple(fields))
            interim += 1
            if interim > MAX_INTERIM:
                raise Malformed(f"more than {MAX_INTERIM} interim answers")
            status, fields, size = 0, [], 0
        elif line[0] in " \t" and fields:  # obs-fold, RFC 9112 section 5.2
            name, text = fields[-1]
            fields[-1] = (name, f"{text} {line.strip()}".strip())
        else:
            name, colon, text = line.partition(":")
            if not colon or not name or name != name.strip():
                raise Malformed(f"a header line is no field: {line[:60]!r}")
            fields.append((name.lower(), text.strip()))
            if len(fields) > MAX_HEADERS:
                raise Malformed(f"more than {MAX_HEADERS} header fields")
    return None


def split_tunnel(lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Part a proxy's last answer to CONNECT from the lines of the server behind it."""
    start, status = 0, 0
    for at, line in enumerate(lines):
        if not status:
            start, status = at, _parse_status(line.rstrip(b"\r\n").decode("latin-1"))
        elif not line.rstrip(b"\r\n"):
            if 200 <= status < 300:
                return lines[start : at + 1], lines[at + 1 :]
            status = 0
    return lines[start:], []


def parse_whole_head(lines: Iterable[bytes]) -> Head:
    """Parse the header lines of a complete answer.

    Raises:
        Malformed: as `parse_head`, or the header never ended.
    """
    head = parse_head(lines)
    if head is None:
        raise Malformed("the header is not complete")
    return head


def decode_body(head: Head, pieces: list[bytes], max_bytes: int) -> bytes:
    """Undo the content codings of an in-memory body.

    Raises:
        Malformed: a coding we did not ask for, damaged data, or more than
            `max_bytes` after decoding.

    Spec: RFC 9110, section 8.4.
    """
    body = b"".join(pieces)
    codings = [
        coding
        for key, text in head.headers
        if key == "content-encoding"
        for coding in text.lower().replace(" ", "").split(",")
        if coding not in ("", "identity")
    ]
    if len(codings) > 3:
        raise Malformed(f"{len(codings)} content codings, one around the other")
    for coding in reversed(codings if body else []):
        body = _inflate(coding, body, max_bytes)
    if len(body) > max_bytes:
        raise TooLarge(max_bytes)
    return body


class TooLarge(Malformed):
    """The body exceeds the caller's limit."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the body is larger than {max_bytes} bytes")


def _parse_status(line: str) -> int:
    version, _, rest = line.partition(" ")
    code = rest.strip()[:3]
    if version.startswith("HTTP/") and code.isdecimal() and code.isascii():
        return int(code)
    raise Malformed(f"not an HTTP status line: {line[:60]!r}")


def _inflate(coding: str, body: bytes, max_bytes: int) -> bytes:
    import zlib

    if coding in ("gzip", "x-gzip"):
        bits = 31
    elif coding == "deflate":
        # Meant is zlib's format; some servers send the naked stream.
        start = int.from_bytes(body[:2])
        bits = 15 if start & 0x0F00 == 0x0800 and start % 31 == 0 else -15
    else:
        raise Malformed(f"a content coding that was not asked for: {coding!r}")
    if bits == 31 and (whole := _inflate_at_once(body, max_bytes)) is not None:
        return whole
    pieces = []
    room = max_bytes + 1
    rest = body
    while rest and room > 0:  # a gzip body may have several members
        stream = zlib.decompressobj(bits)
        try:
            piece = stream.decompress(rest, room)
        except zlib.error as error:
            raise Malformed(f"the {coding} body is damaged: {error}") from error
        pieces.append(piece)
        room -= len(piece)
        if room > 0 and not stream.eof:
            raise Malformed(f"the {coding} body is cut off")
        rest = stream.unused_data if bits == 31 else b""
    if room <= 0:
        raise TooLarge(max_bytes)
    return b"".join(pieces)


def _inflate_at_once(body: bytes, max_bytes: int) -> bytes | None:
    """Inflate an ordinary gzip body by libdeflate, which is three times as fast.

    None where the body is not one sound member of acceptable size; the streaming way
    then decides, and finds the words. Size and checksum are those at the very end of
    the body, so that a second member is not overlooked.
    """
    if len(body) < _SMALLEST_GZIP:
        return None
    checksum = int.from_bytes(body[-8:-4], "little")
    size = int.from_bytes(body[-4:], "little")
    if size > min(max_bytes, _HIGHEST_RATIO * len(body)):
        return None
    import deflate

    try:
        content = bytes(deflate.gzip_decompress(body))
    except deflate.DeflateError:
        return None
    is_whole = len(content) == size and deflate.crc32(content) == checksum
    return content if is_whole else None
