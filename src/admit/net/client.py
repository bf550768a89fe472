"""The one way to send: every request of the project goes through `Client.get`.

For: driving `auth.flow` over a transport; one line per request to a reporter.
Does not know: which credential to send (auth.flow), where secrets come from (a
`search` function is handed in), caches, pages.
Shape: `Request` with provenance -> `Future[Response]`. No threads: whoever waits for
a future pumps; requests that wait for a time or for a login's turn are parked here
and hold up nothing else.
"""

from __future__ import annotations

from collections import deque

from admit.auth.answers import MOST_RETRIES, Reply
from admit.auth.flow import Limits, converse, cover
from admit.auth.ledger import Ledger
from admit.auth.scheme import (
    ANONYMOUS,
    EXTERNAL,
    Identity,
    fingerprint,
    header_lines,
)
from admit.auth.scrub import Scrubber
from admit.auth.steps import Ask, Gather, Hold, Send, Wait
from admit.errors import AdmitError, NetworkError
from admit.net.future import Future
from admit.net.resume import resume_after
from admit.net.source_tls import proxy_for_source, tls_for, with_certificate
from admit.net.transport import TlsOptions, WireRequest
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, Protocol

    from admit.auth.ledger import Key, Standing
    from admit.auth.query import Found, Query
    from admit.auth.scheme import Credential
    from admit.auth.scope import Provenance, Source
    from admit.auth.steps import Answered, Step
    from admit.net.resume import Resume
    from admit.net.transport import Outcome, Transport, WireResponse
    from admit.spec.url import Origin, Url

    class Reporter(Protocol):
        """Who is told of requests and warnings."""

        def request_line(self, line: RequestLine) -> None:
            """One request was answered."""

        def warning(self, text: str) -> None:
            """Something the user should know; scrubbed, shown once a run."""


else:
    Protocol = object

_HEAD = 64 * 1024
"""Bytes of a body that the decision may look at."""
_LONGEST_PUMP = 60.0


@value
class Request:
    """One request; the client adds credentials, nobody else."""

    url: Url
    """Userinfo in it counts for this request only (rule R4)."""
    provenance: Provenance
    accept: str | None = None
    conditional: tuple[tuple[str, str], ...] = ()
    """`If-None-Match` and the like; of the same identity (rule R7)."""
    byte_range: tuple[int, int] | None = None
    """First and last byte; (-n, -1) for the last n bytes."""
    is_verified: bool = False
    """The caller will compare the file with a hash: a transfer that broke may be
    resumed though the server names no version of the file."""
    may_resume: bool = True
    method: str = "GET"
    sink: str | None = None
    """A path to write the body of a 200 or 206 to."""
    max_bytes: int = 100 * 1024 * 1024
    on_progress: Callable[[int, int], None] | None = None
    """Called with (bytes so far, bytes in all or 0)."""
    is_pinned: bool = False
    """The user supplied the hash of this file (rule R6, H11)."""
    must_stay: str | None = None
    """Why a listing counts only from the source's own origins (rule R6)."""


@value
class Response:
    """The answer to a request, after redirects, retries and refreshes."""

    status: int
    """200, 206, 304, 404, an ignored code told as 404; for metadata and ranges also
    400, 401 (anonymous), 403, 405 and 416: get the whole file then."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes
    url: Url
    """The final one, without userinfo."""
    identity: Identity
    """Who asked."""
    redirected: bool
    is_foreign: bool
    """It came from another origin than the source's."""
    is_resumed: bool = False
    """The body was put together from two transfers or more."""

    @property
    def from_origin(self) -> Origin:
        return self.url.origin

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        for key, text in self.headers:
            if key == name:
                return text
        return None


@value
class RequestLine:
    """What `-v` tells of one request."""

    method: str
    url: str
    """Scrubbed."""
    purpose: str
    identity: str
    """"anonymous", or such as "alice via netrc (~/.netrc line 3)"."""
    status: str
    """"200", or the code of an error."""
    origin: str = "network"
    """"network" or "cache"."""


@value
class ClientOptions:
    """What the client is told once."""

    identity_key: bytes = b""
    """Of the cache, for fingerprints; without one identities do not outlive the
    process."""
    plain_http_hosts: tuple[str, ...] = ()
    """Hosts that may receive ambient credentials over plain http."""
    public: tuple[Source, ...] = ()
    """The public sources of this run."""
    retries: int = MOST_RETRIES
    """How often a failing transfer is tried again."""
    is_offline: bool = False
    """Every request fails before anything is sent."""
    tls: TlsOptions = TlsOptions()
    """The run's own: what a source says of trust and certificate stands above it."""


class _Exchange:
    """One request under way."""

    __slots__ = ("asked", "future", "generator", "request", "response", "resume")

    def __init__(
        self,
        generator: Generator[Step, Any, Any],
        future: Future[Any],
        request: Request | None,
    ) -> None:
        self.generator = generator
        self.future = future
        self.request = request
        self.response: WireResponse | None = None
        self.asked: tuple[Send, Url] | None = None
        self.resume: Resume | None = None
        """What an earlier try has left in the sink."""


class Offline(NetworkError):
    """Something is not in the cache, and nothing may be sent."""

    code = "offline"

    @classmethod
    def of(cls, url: Url, where: str, whose: str) -> Offline:
        return cls(
            f"cannot fetch {url.text.partition('?')[0]}: admit is offline",
            why="with --offline nothing is sent, and the cache has not got it for "
            f"{whose} on {where}",
            fix="run the command once without --offline",
        )


_DEFAULTS = ClientOptions()


class Client:
    """Sends requests with the credentials of the sources they serve."""

    def __init__(
        self,
        transport: Transport,
        search: Callable[[Query], Found],
        reporter: Reporter,
        *,
        options: ClientOptions = _DEFAULTS,
        scrubber: Scrubber | None = None,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        """Make a client.

        Args:
            transport: what moves bytes; closed by `close`.
            search: where credentials come from.
            reporter: told of every request and warning.
            options: keys, public sources.
            scrubber: learns every secret before it is used.
            clock: monotonic seconds.
            sleep: waits when nothing is in flight.
        """
        if clock is None or sleep is None:
            import time

            clock, sleep = clock or time.monotonic, sleep or time.sleep
        self.scrubber = scrubber if scrubber is not None else Scrubber()
        self._transport = transport
        self._search = search
        self._reporter = reporter
        self._limits = Limits(options.plain_http_hosts, options.retries)
        self._key = options.identity_key
        self._is_offline = options.is_offline
        self._tls = options.tls
        self._clock = clock
        self._sleep = sleep
        self._ledger = Ledger(options.public)
        self._in_flight = 0
        self._arrived: deque[tuple[_Exchange, Outcome | AdmitError]] = deque()
        self._due: list[tuple[float, _Exchange]] = []
        self._parked: dict[Key, deque[_Exchange]] = {}

    def get(self, request: Request) -> Future[Response]:
        """Send a request; the future fails with an `AdmitError`."""
        future: Future[Response] = Future(self.pump)
        if self._is_offline:
            source = request.provenance.source
            identity = self.identity_of(source)
            future.fail(Offline.of(request.url, source.label, identity.label))
            return future
        ask = Ask(
            request.url,
            request.provenance,
            is_partial=request.byte_range is not None or request.method == "HEAD",
            is_pinned=request.is_pinned,
            must_stay=request.must_stay,
        )
        generator = converse(ask, self._ledger, self._limits)
        self._advance(_Exchange(generator, future, request), None)
        return future

    def identity_of(self, source: Source) -> Identity:
        """Return who asks a source, gathering if need be; sends nothing.

        Raises:
            AuthError: a credential is missing or unusable.
        """
        future: Future[None] = Future(self.pump)
        self._advance(_Exchange(cover(source, self._ledger), future, None), None)
        future.result()
        return self._identity(source, self._ledger.credential(source))

    @property
    def is_offline(self) -> bool:
        """Whether every request fails before anything is sent."""
        return self._is_offline

    def standing(self, source: Source) -> Standing | None:
        """Return what this run has learned about a source; None before any request."""
        return self._ledger.standing(source)

    def sources(self) -> tuple[Source, ...]:
        """Return every source that this run has gathered for."""
        return self._ledger.sources()

    def remarkable(self, source: Source) -> Credential | None:
        """Return the credential to remember a source with, if any (rule R9)."""
        return self._ledger.remarkable(source)

    def gathered(self, source: Source) -> Found | None:
        """Return what gathering found and tried for a source, if it was asked."""
        return self._ledger.gathered(source)

    def repeats_secrets(self, response: Response) -> bool:
        """Tell whether an answer says back what it was told: it is not to be kept."""
        told = (response.url.text, *(text for _, text in response.headers))
        return self.scrubber.is_in(response.body) or any(
            self.scrubber.is_in(each.encode("utf-8", "surrogateescape"))
            for each in told
        )

    def pump(self) -> None:
        """Move the network on: return after something has happened."""
        if not self._arrived:
            timeout = _LONGEST_PUMP
            if self._due:
                first = min(due for due, _ in self._due)
                timeout = max(0.0, min(timeout, first - self._clock()))
            if self._in_flight:
                self._transport.wait(timeout)
            elif self._due:
                if timeout:
                    self._sleep(timeout)
            else:
                raise RuntimeError("nothing is under way that could be waited for")
        while self._arrived:
            exchange, outcome = self._arrived.popleft()
            self._receive(exchange, outcome)
        self._resume_due()
        self._resume_parked()

    def close(self) -> None:
        """Drop everything under way and all connections."""
        self._transport.close()

    # Driving one exchange.

    def _advance(self, exchange: _Exchange, answer: object) -> None:
        """Carry a decision on until it has to wait for something."""
        try:
            step = exchange.generator.send(answer)
            while (answer := self._act(exchange, step)) is not _LATER:
                step = exchange.generator.send(answer)
        except StopIteration as stop:
            self._finish(exchange, stop.value)
        except AdmitError as error:
            exchange.future.fail(self._clean(error))

    def _act(self, exchange: _Exchange, step: Step) -> object:
        """Carry out one step; return its answer, or `_LATER`."""
        if isinstance(step, Gather):
            found = self._search(step.query)
            if found.credential is not None:
                self.scrubber.register_credential(found.credential)
            return found
        if isinstance(step, Send):
            self._send(exchange, step)
        elif isinstance(step, Hold):
            self._parked.setdefault(step.key, deque()).append(exchange)
        elif isinstance(step, Wait):
            self._due.append((self._clock() + step.seconds, exchange))
        else:
            text = self.scrubber.scrub(step.text)
            if self._ledger.is_news(text):
                self._reporter.warning(text)
            return None
        return _LATER

    def _send(self, exchange: _Exchange, step: Send) -> None:
        request = exchange.request
        if request is None:
            raise RuntimeError("a gathering sends nothing")
        if step.credential is not None:
            self.scrubber.register_credential(step.credential)
        exchange.asked = (step, step.url)
        source = step.provenance.source
        upgraded = self._ledger.upgraded(source)
        wire = replace(
            _wire_request(request, step),
            tls=tls_for(step.url, source, upgraded, self._tls),
            proxy=proxy_for_source(step.url, source, upgraded),
        )
        if exchange.resume is not None:
            wire = exchange.resume.continued(wire)
        self._in_flight += 1

        def done(outcome: Outcome | AdmitError) -> None:
            self._arrived.append((exchange, outcome))

        try:
            self._transport.submit(wire, done)
        except AdmitError as error:  # no host name that could be asked for
            done(error)

    def _receive(self, exchange: _Exchange, outcome: Outcome | AdmitError) -> None:
        self._in_flight -= 1
        self._report(exchange, outcome)
        request = exchange.request
        if isinstance(outcome, AdmitError):
            if request is not None:
                exchange.resume = resume_after(outcome, request, exchange.resume)
            self._advance(exchange, outcome)
            return
        if (
            exchange.resume is not None
            and request is not None
            and exchange.asked is not None
            and exchange.resume.is_spoilt(outcome, request.sink or "")
        ):
            exchange.resume = None
            self._send(exchange, exchange.asked[0])
            return
        if exchange.asked is None or not _is_aside(exchange.asked[0]):
            exchange.response = outcome
        self._advance(exchange, _reply(outcome, exchange.request))

    def _finish(self, exchange: _Exchange, answered: Answered | None) -> None:
        request, response = exchange.request, exchange.response
        if answered is None or request is None or response is None:
            exchange.future.resolve(None)
            return
        source = request.provenance.source
        exchange.future.resolve(
            Response(
                answered.status,
                response.headers,
                response.body,
                answered.url,
                self._identity(source, answered.credential),
                answered.url.text != request.url.text,
                answered.is_foreign,
                exchange.resume is not None and response.status == 206,
            )
        )

    def _resume_due(self) -> None:
        if not self._due:
            return
        now = self._clock()
        ready = [exchange for due, exchange in self._due if due <= now]
        self._due = [(due, exchange) for due, exchange in self._due if due > now]
        for exchange in ready:
            self._advance(exchange, None)

    def _resume_parked(self) -> None:
        """Let those go on whose login, or whose probe, is known by now."""
        for key in list(self._parked):
            waiting = self._parked.get(key, deque())
            while waiting and self._ledger.is_open(key):
                self._advance(waiting.popleft(), None)
            if not waiting:
                self._parked.pop(key, None)

    # Telling.

    def _clean(self, error: AdmitError) -> AdmitError:
        """Scrub an error's texts: a server's words may repeat what it was sent."""
        scrub = self.scrubber.scrub
        error.what = scrub(error.what)
        error.why = scrub(error.why) if error.why is not None else None
        error.fix = scrub(error.fix) if error.fix is not None else None
        error.args = (error.what,)
        return error

    def _identity(self, source: Source, credential: Credential | None) -> Identity:
        if not self._key:
            import os

            self._key = os.urandom(32)
        identity = _identity_in_headers(source, credential, self._key)
        return with_certificate(identity, source, self._tls, self._key)

    def _report(self, exchange: _Exchange, outcome: Outcome | AdmitError) -> None:
        if exchange.asked is None or exchange.request is None:
            return
        step, url = exchange.asked
        status = (
            outcome.code if isinstance(outcome, AdmitError) else str(outcome.status)
        )
        identity = step.credential.long_label if step.credential else "anonymous"
        self._reporter.request_line(
            RequestLine(
                exchange.request.method,
                self.scrubber.scrub(url.text),
                step.provenance.purpose,
                self.scrubber.scrub(identity),
                status,
            )
        )


_LATER = object()


def _identity_in_headers(
    source: Source, credential: Credential | None, key: bytes
) -> Identity:
    if source.policy == "external":
        label = EXTERNAL.label
        if source.principal is not None:
            return Identity(f"principal:{source.principal}", label)
        return EXTERNAL
    if credential is None:
        return ANONYMOUS
    if source.principal is not None:
        return Identity(f"principal:{source.principal}", credential.label)
    return Identity(fingerprint(credential, key), credential.label)


def _is_aside(step: Send) -> bool:
    """Whether this is the question for a probe, on the way of another request."""
    return step.provenance.purpose == "probe"


def _wire_request(request: Request, step: Send) -> WireRequest:
    headers: list[tuple[str, str]] = []
    if request.accept is not None:
        headers.append(("Accept", request.accept))
    if not _is_aside(step):
        headers.extend(request.conditional)
    if request.byte_range is not None:
        headers.append(("Range", _range_text(*request.byte_range)))
        headers.append(("Accept-Encoding", "identity"))
    if step.credential is not None:
        headers.extend(header_lines(step.credential))
    return WireRequest(
        step.url.without_userinfo().without_fragment(),
        tuple(headers),
        request.method,
        sink=request.sink,
        max_bytes=request.max_bytes,
        on_progress=request.on_progress,
    )


def _range_text(first: int, last: int) -> str:
    return f"bytes={first}" if first < 0 else f"bytes={first}-{last}"


def _reply(response: WireResponse, request: Request | None) -> Reply:
    head = response.body[:_HEAD]
    content_type = response.header("content-type") or ""
    sink = request.sink if request is not None else None
    if sink is not None and response.status in (200, 206):
        head = _beginning_of(sink)
    return Reply(
        response.status,
        _location(response),
        _retry_after(response),
        response.header("www-authenticate"),
        content_type,
        head,
    )


def _beginning_of(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(512)
    except OSError:  # an empty body may leave no file
        return b""


def _location(response: WireResponse) -> str | None:
    """Return `Location`, its bytes beyond ASCII percent-encoded as they are (C5)."""
    text = response.header("location")
    if text is None or text.isascii():
        return text
    return "".join(
        chr(byte) if byte < 128 else f"%{byte:02X}"
        for byte in text.encode("latin-1", "replace")
    )


def _retry_after(response: WireResponse) -> float | None:
    """Read `Retry-After` in seconds (RFC 9110, section 10.2.3)."""
    text = response.header("retry-after")
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    from email.utils import parsedate_to_datetime

    try:
        then = parsedate_to_datetime(text)
        now = parsedate_to_datetime(response.header("date") or "")
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None
