"""Reading one answer: is it worth another try, is it a login page?

For: the parts of rule R6's table (docs/auth.md) that look at an answer alone.
Does not know: credentials, sources, what happened before.
Shape: `Reply` -> seconds to wait, or yes and no.
"""

from __future__ import annotations

from admit.errors import AdmitError, NetworkError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.url import Url

MOST_RETRIES = 3
BACK_OFF = (0.5, 1.5, 4.0)
"""Seconds before each retry; 6 in all. Further ones wait as long as the last."""
LONGEST_WAIT = 30.0
"""Seconds; a longer `Retry-After` is cut to this."""


@value
class Reply:
    """One answer, as the decision sees it."""

    status: int
    location: str | None = None
    retry_after: float | None = None
    """Seconds."""
    challenge: str | None = None
    content_type: str = ""
    head: bytes = b""
    """The body or its beginning."""


def patience(
    reply: Reply | AdmitError, retries: int, most: int = MOST_RETRIES
) -> float | None:
    """Return how many seconds to wait before another try, None to stop trying.

    Args:
        reply: the last answer.
        retries: how many tries were made again already.
        most: how many may be.
    """
    if retries >= most:
        return None
    back_off = BACK_OFF[min(retries, len(BACK_OFF) - 1)]
    if isinstance(reply, AdmitError):
        may_retry = isinstance(reply, NetworkError) and reply.may_retry
        return back_off if may_retry else None
    if reply.status in (429, 503) and reply.retry_after is not None:
        return min(max(reply.retry_after, 0.0), LONGEST_WAIT)
    if reply.status == 429 or reply.status >= 500:
        return back_off
    return None


def speaks_of_certificate(reply: Reply) -> bool:
    """Tell whether a refusal is one of a client's certificate, or of its absence.

    There is no status for it: servers say 400, and why in words.
    """
    return reply.status in (400, 495, 496) and b"certificate" in reply.head.lower()


_PACKAGE_MARKS = (b".whl", b".tar.gz", b".zip", b".tar.bz2", b".egg", b"#sha256=")
_ARCHIVE_MAGIC = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")


def is_login_listing(reply: Reply, asked: Url, final: Url) -> bool:
    """Tell whether a listing is HTML for people (rule R6, second row; pain H10).

    An HTML page without package links, and either with a form or reached by a
    redirect that leads to a page of another name.
    """
    if "html" not in reply.content_type.lower():
        return False
    text = reply.head.lower()
    if any(mark in text for mark in _PACKAGE_MARKS):
        return False
    return b"<form" in text or _last(asked) != _last(final)


def is_html_for_people(reply: Reply) -> bool:
    """Tell whether a file or metadata is an HTML page instead (pain H10)."""
    if reply.head.startswith(_ARCHIVE_MAGIC):
        return False
    if "html" in reply.content_type.lower():
        return True
    start = reply.head.lstrip()[:15].lower()
    return start.startswith((b"<!doctype html", b"<html"))


def _last(url: Url) -> str:
    name = url.path.rstrip("/").rpartition("/")[2].lower()
    return name.replace("_", "-").replace(".", "-")
