"""Requests and answers of the embedded index, as values.

For: what crosses between the sockets (`server`), the indexes (`served`), and the
scripts by which a test makes an answer odd.
Does not know: sockets, accounts, pages.
Shape: `Asked` in, `Answer` out, `Seen` is the record of both.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.serve.visibility import Caller, Offer

    Reply = Callable[["Seen", Callable[[], "Answer"]], "Answer"]


@value
class Answer:
    """What goes back for one request."""

    status: int = 200
    """0: the connection is closed without a word."""
    headers: tuple[tuple[str, str], ...] = ()
    """Content-Length is added unless given here."""
    body: bytes = b""
    file: str | None = None
    """A path to send in place of `body`."""
    span: tuple[int, int] | None = None
    """The part of `file` to send: first byte, and the one after the last."""
    cut: int | None = None
    """Bytes of the body after which the connection breaks."""
    pace: tuple[int, float] | None = None
    """Bytes in one piece, and seconds of pause after each piece."""
    raw: bytes | None = None
    """Sent as it is in place of everything else; then the connection closes."""


@value
class Asked:
    """One request, read."""

    method: str
    path: str
    """Percent-decoded, without query."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case; Authorization is left out."""
    offer: Offer | None
    origin: str
    """Where the server is, as `http://127.0.0.1:8000`."""
    time: float
    """Monotonic seconds."""

    def header(self, name: str) -> str:
        """A header's value, "" if it was not sent; `name` in lower case."""
        return self.headers.get(name, "")


class Seen:
    """The record of one request; complete before its answer leaves."""

    __slots__ = ("asked", "caller", "status")

    def __init__(self, asked: Asked, caller: Caller) -> None:
        self.asked = asked
        self.caller = caller
        self.status = 0

    @property
    def method(self) -> str:
        return self.asked.method

    @property
    def path(self) -> str:
        return self.asked.path

    @property
    def query(self) -> str:
        return self.asked.query

    @property
    def url(self) -> str:
        """The URL without query, which may be a signature."""
        return self.asked.origin + self.asked.path

    @property
    def user(self) -> str | None:
        """The account that the credential belongs to; None: anonymous or wrong."""
        return self.caller.account.name if self.caller.account else None

    @property
    def is_anonymous(self) -> bool:
        """No credential came with the request."""
        return self.asked.offer is None

    @property
    def is_wrong(self) -> bool:
        """A credential came, and it was no account's."""
        return self.caller.state == "wrong"

    def header(self, name: str) -> str:
        return self.asked.header(name)

    def __repr__(self) -> str:
        return f"<{self}>"

    def __str__(self) -> str:
        path = "".join(each if each.isprintable() else "?" for each in self.path)
        return f"{self.method} {path} as {self.caller}: {self.status}"


def plain(status: int, text: str, *headers: tuple[str, str]) -> Answer:
    """Make a short answer in words."""
    content_type = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, (content_type, *headers), f"{text}\n".encode())


def redirect(location: str, status: int = 302) -> Answer:
    """Make a redirect; `location` is sent as it is."""
    return plain(status, "elsewhere", ("Location", location))
