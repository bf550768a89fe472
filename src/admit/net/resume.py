"""Going on with a transfer that broke.

For: `net.client`, between two tries of one request whose body goes to a file.
Does not know: credentials, redirects, how often to try.
Shape: the error of a broken transfer -> `Resume`, which turns the next request into
one for the rest, and says whether the answer is that rest.
Rule: what is there already is kept only if the server names the file's version by a
strong validator, or if the caller compares the whole with a hash in the end.
Spec: RFC 9110, sections 13.1.5 (If-Range) and 14.
"""

from __future__ import annotations

import os

from admit.net.transport import TimedOut, TransferFailed
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.errors import AdmitError
    from admit.net.client import Request
    from admit.net.transport import Partial, WireRequest, WireResponse


@value
class Resume:
    """The beginning of a file, and what the server said of the file."""

    offset: int
    """Bytes that are in the sink."""
    validator: str | None
    """For `If-Range`; None where only the hash will tell."""
    size: int | None
    """Of the whole file, as far as known."""

    def continued(self, wire: WireRequest) -> WireRequest:
        """Return a request for what is missing."""
        headers = [*wire.headers, ("Range", f"bytes={self.offset}-")]
        if self.validator is not None:
            headers.append(("If-Range", self.validator))
        return replace(
            wire,
            headers=tuple(headers),
            sink_offset=self.offset,
            on_progress=_shifted(wire.on_progress, self.offset),
        )

    def is_spoilt(self, response: WireResponse, sink: str) -> bool:
        """Whether an answer shows that this is no way to get the file."""
        if response.status != 206:
            return response.status in (412, 416)
        return not self.is_continued(response) or _size_of(sink) != _total(response)

    def is_continued(self, response: WireResponse | Partial) -> bool:
        """Whether a 206 begins where the sink ended, in a file of the same size."""
        return _first(response) == self.offset and self.size in (
            None,
            _total(response),
        )


def resume_after(
    error: AdmitError, request: Request, earlier: Resume | None
) -> Resume | None:
    """Return how to go on after an error; None: from the beginning.

    `earlier`: how the try that failed went on; it holds still if nothing of a body
    came this time.
    """
    if request.sink is None or request.byte_range is not None or not request.may_resume:
        return None
    partial = error.partial if isinstance(error, TransferFailed | TimedOut) else None
    if partial is None:
        return earlier
    offset = _size_of(request.sink)
    if partial.status == 206:
        is_sound = earlier is not None and earlier.is_continued(partial)
        return replace(earlier, offset=offset) if is_sound and earlier else None
    if partial.header("content-encoding") not in (None, "", "identity"):
        return None
    validator = _strong_validator(partial)
    if not offset or (validator is None and not request.is_verified):
        return None
    length = partial.header("content-length") or ""
    size = int(length) if length.isascii() and length.isdecimal() else None
    return Resume(offset, validator, size)


def _size_of(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _strong_validator(partial: Partial) -> str | None:
    """Return the entity tag, if it stands for the very bytes."""
    tag = partial.header("etag")
    return tag if tag and tag.startswith('"') else None


def _first(response: WireResponse | Partial) -> int | None:
    """Read the first byte's number out of `bytes 5-9/10`."""
    unit, _, rest = (response.header("content-range") or "").partition(" ")
    first = rest.strip().partition("-")[0]
    if unit.lower() != "bytes" or not (first.isascii() and first.isdecimal()):
        return None
    return int(first)


def _total(response: WireResponse | Partial) -> int | None:
    """Read the size of the whole; None if the server does not tell it."""
    total = (response.header("content-range") or "").rpartition("/")[2].strip()
    return int(total) if total.isascii() and total.isdecimal() else None


def _shifted(
    on_progress: Callable[[int, int], None] | None, offset: int
) -> Callable[[int, int], None] | None:
    """Count what is there already."""
    if on_progress is None:
        return None

    def told(received: int, size: int) -> None:
        on_progress(received + offset, size + offset if size else 0)

    return told
