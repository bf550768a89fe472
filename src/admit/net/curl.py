"""The libcurl transport.

For: HTTP/1.1 and 2 through one libcurl multi handle, driven by whoever waits
(docs/design/0002-one-thread-or-none.md).
Does not know: credentials, redirects, cookies, netrc. libcurl's own handling of them
and its reading of the environment are off: one decision, in one place.

Theory of operation: libcurl calls nothing of ours but `list.append`, so no Python
code runs inside `perform`, and Ctrl-C or an error of ours never has to pass through
C. Between two `perform`s `wait` moves the pieces on: to the sink, to the progress
callback, or into the answer. Time is counted only while `wait` runs: a caller busy
elsewhere does not make a transfer time out.
"""

from __future__ import annotations

import sys
from collections import deque
from time import monotonic, sleep

import pycurl

from admit.net import failures, proxy_failures
from admit.net.answer import (
    Malformed,
    decode_body,
    parse_head,
    parse_whole_head,
    split_tunnel,
)
from admit.net.curl_failure import Fault, translate
from admit.net.curl_handle import (
    Route,
    can_negotiate,
    make_handle,
    prepare_handle,
)
from admit.net.outgoing import (
    check_request,
    is_insecure,
    request_headers,
)
from admit.net.pace import Pace
from admit.net.proxies import is_ticket_meant, proxy_of
from admit.net.sink import Sink
from admit.net.transport import Partial, TimedOut, TransferFailed, WireResponse
from admit.net.trust import choose_trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.errors import NetworkError
    from admit.net.answer import Head
    from admit.net.transport import (
        Outcome,
        TlsOptions,
        TransportOptions,
        WireRequest,
    )
    from admit.net.trust import Trust
    from admit.spec.url import Origin

TICK = 1.0
"""Seconds between two looks for stalled transfers, at most."""
_HTTP_2 = 3  # CURL_HTTP_VERSION_2_0


class _Transfer:
    """One request on its way."""

    __slots__ = (
        "away",
        "done",
        "easy",
        "head",
        "heard",
        "is_active",
        "lines",
        "pace",
        "pieces",
        "received",
        "request",
        "route",
        "seen",
        "sink",
        "started",
    )

    def __init__(
        self,
        request: WireRequest,
        done: Callable[[Outcome], None],
        route: Route,
        pace: Pace,
    ) -> None:
        self.request = request
        self.pace = pace
        self.done = done
        self.route = route
        self.easy: pycurl.Curl = None
        self.away = 0.0
        """Seconds nobody had pumped when it started."""
        self.started = 0.0
        self.lines: list[bytes] = []
        """Header lines; libcurl appends."""
        self.pieces: list[bytes] = []
        """Body; libcurl appends, `_drain` takes away what has a sink."""
        self.head: Head | None = None
        self.sink: Sink | None = None
        self.received = 0
        """Bytes counted by `_drain`."""
        self.seen = 0
        """Bytes of header and body when last looked at."""
        self.heard = 0.0
        """Pumped seconds when that measure last changed."""
        self.is_active = False
        """The request is out: waiting for bytes, no longer for a connection."""


class CurlTransport:
    """The `Transport` on libcurl; one thread submits and waits."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, options.connections_per_host)
        self._multi.setopt(pycurl.M_MAXCONNECTS, max(options.transfers, 16))
        self._queue: deque[_Transfer] = deque()
        self._running: dict[pycurl.Curl, _Transfer] = {}
        self._watched: list[_Transfer] = []
        """Those running with a sink or a progress callback."""
        self._ended: deque[tuple[_Transfer, Outcome]] = deque()
        """Outcomes whose `done` was not called yet."""
        self._idle: dict[Route, list[pycurl.Curl]] = {}
        self._trusts: dict[TlsOptions, Trust] = {}
        self._tick = min(TICK, options.read_timeout / 4)
        self._pumped = 0.0
        """Seconds spent in `wait`."""
        self._away = 0.0
        """Seconds spent outside it while something ran."""
        self._left_at: float | None = None
        self._looked_at = 0.0
        self._answered_at: dict[Origin, float] = {}

    def submit(self, request: WireRequest, done: Callable[[Outcome], None]) -> None:
        """Queue a request; `done` is called once, from within `wait`."""
        check_request(request)
        options = self._options
        route = Route(
            request.tls or options.tls,
            is_insecure(options, request.url),
            proxy_of(options.proxies, request),
        )
        pace = Pace(options.read_timeout)
        self._queue.append(_Transfer(request, done, route, pace))

    def wait(self, timeout: float) -> bool:
        """Move transfers on until a `done` was called, or for `timeout` seconds."""
        now = monotonic()
        deadline = now + timeout
        if self._left_at is not None and self._running:
            self._away += now - self._left_at
        try:
            while True:
                self._start_queued()
                if self._running:
                    self._pump()
                if self._ended:
                    self._report()
                    return True
                now, earlier = monotonic(), now
                self._pumped += now - earlier
                if not self._running or now >= deadline:
                    return False
                self._stop_stalled()
                self._sleep(deadline - now)
        finally:
            self._left_at = monotonic()

    def close(self) -> None:
        """Drop all transfers and connections; pending `done`s are not called."""
        self._queue.clear()
        self._ended.clear()
        for transfer in list(self._running.values()):
            self._release(transfer, keep=False)
        for idle in self._idle.values():
            for easy in idle:
                easy.close()
        self._idle.clear()
        self._multi.close()

    def _start_queued(self) -> bool:
        """Give queued requests to libcurl as far as there is room."""
        has_started = False
        while self._queue and len(self._running) < self._options.transfers:
            self._start(self._queue.popleft())
            has_started = True
        return has_started

    def _start(self, transfer: _Transfer) -> None:
        route, request, options = transfer.route, transfer.request, self._options
        if route.proxy and is_ticket_meant(route.proxy) and not can_negotiate():
            refusal = proxy_failures.cannot_negotiate(route.proxy, is_plain=False)
            self._ended.append((transfer, refusal))
            return
        idle = self._idle.get(route)
        if idle:
            easy = idle.pop()
        else:
            easy = make_handle(route, self._trust(route.tls), options)
        prepare_handle(easy, request, route, request_headers(request, options))
        easy.setopt(pycurl.HEADERFUNCTION, transfer.lines.append)
        easy.setopt(pycurl.WRITEFUNCTION, transfer.pieces.append)
        transfer.easy = easy
        transfer.away = self._away
        transfer.started = monotonic()
        transfer.heard = self._pumped
        self._running[easy] = transfer
        if request.sink is not None or request.on_progress is not None:
            self._watched.append(transfer)
        self._multi.add_handle(easy)

    def _trust(self, tls: TlsOptions) -> Trust:
        trust = self._trusts.get(tls)
        if trust is None:
            trust = choose_trust(sys.platform, tls.ca_file, tls.ca_dir)
            self._trusts[tls] = trust
        return trust

    def _pump(self) -> None:
        """Let libcurl move on, then take what it left."""
        self._multi.perform()
        for transfer in tuple(self._watched):
            if transfer.pieces:
                self._drain(transfer)
        more = 1
        while more:
            more, succeeded, failed = self._multi.info_read()
            for easy in succeeded:
                self._finish(self._running[easy])
            for easy, code, message in failed:
                self._fail(self._running[easy], code, message)

    def _sleep(self, seconds: float) -> None:
        """Wait for a socket, or until libcurl or we have something to look after."""
        due = self._multi.timeout()
        if 0 <= due < seconds * 1000:
            seconds = due / 1000
        seconds = min(seconds, self._tick)
        if seconds <= 0:
            return
        before = monotonic()
        if self._multi.select(seconds) <= 0 and monotonic() - before < 0.0005:
            sleep(min(seconds, 0.002))  # no socket yet: a name is being looked up

    def _drain(self, transfer: _Transfer) -> None:
        """Move the pieces of a body to its sink, and tell of progress."""
        request = transfer.request
        if transfer.head is None:
            try:
                transfer.head = parse_head(_lines_of_server(transfer))
            except Malformed as error:
                self._end(transfer, failures.bad_response(request.url, str(error)))
                return
        head = transfer.head
        if head is None:
            return
        pieces = transfer.pieces[:]
        size = sum(map(len, pieces))
        if request.sink is not None and head.status in (200, 206):
            del transfer.pieces[: len(pieces)]
            try:
                if transfer.sink is None:
                    transfer.sink = Sink(request.sink, head.status, request.sink_offset)
                transfer.sink.write(pieces, size)
            except OSError as error:
                self._end(transfer, failures.cannot_write(request.sink, error))
                return
            transfer.received += size
        else:
            transfer.received = size
        if request.on_progress is not None:
            request.on_progress(transfer.received, head.length)

    def _finish(self, transfer: _Transfer) -> None:
        """Make the answer of a transfer that libcurl calls complete."""
        request = transfer.request
        if transfer.pieces and transfer in self._watched:
            self._drain(transfer)
            if transfer.easy is None:
                return
        try:
            head = parse_whole_head(_lines_of_server(transfer))
            proxy = transfer.route.proxy
            if head.status == 407 and proxy is not None:
                schemes = proxy_failures.offered_schemes(head)
                refusal = proxy_failures.proxy_refused(request.url, proxy, 407, schemes)
                self._end(transfer, refusal)
                return
            if request.sink is not None and head.status in (200, 206):
                sink = transfer.sink or Sink(
                    request.sink, head.status, request.sink_offset
                )
                transfer.sink = None
                sink.close()
                body = b""
            else:
                body = decode_body(head, transfer.pieces, request.max_bytes)
        except Malformed as error:
            self._end(transfer, failures.bad_response(request.url, str(error)))
            return
        except OSError as error:
            self._end(transfer, failures.cannot_write(str(request.sink), error))
            return
        is_h2 = transfer.easy.getinfo(pycurl.INFO_HTTP_VERSION) >= _HTTP_2
        version = "2" if is_h2 else "1.1"
        self._answered_at[request.url.origin] = monotonic()
        self._end(transfer, WireResponse(head.status, head.headers, body, version))

    def _fail(self, transfer: _Transfer, code: int, message: str) -> None:
        """Translate libcurl's error; or start again what was no fault of the server."""
        if code == pycurl.E_OPERATION_TIMEDOUT and self._is_excused(transfer):
            self._release(transfer, keep=False)
            self._queue.appendleft(transfer)
            return
        self._end(transfer, self._failure(transfer, code, message))

    def _is_excused(self, transfer: _Transfer) -> bool:
        """Tell whether a connect time-out says nothing about the server.

        libcurl's clock runs while nobody pumps, and while a request waits for one of
        the host's connections to become free.
        """
        origin = transfer.request.url.origin
        return not transfer.lines and (
            (self._away - transfer.away) * 2 > self._options.connect_timeout
            or self._answered_at.get(origin, 0.0) > transfer.started
            or any(
                other.request.url.origin == origin and _is_out(other)
                for other in self._running.values()
                if other is not transfer
            )
        )

    def _failure(self, transfer: _Transfer, code: int, message: str) -> NetworkError:
        easy = transfer.easy
        fault = Fault(
            code,
            message,
            transfer.request,
            transfer.route,
            self._trust(transfer.route.tls),
            connect_timeout=self._options.connect_timeout,
            received=_received(transfer),
            connect_status=easy.getinfo(pycurl.HTTP_CONNECTCODE),
            offered=_offered_by_proxy(transfer),
            proxy_error=_look_up(easy, "PROXY_ERROR"),
            verify_code=easy.getinfo(pycurl.SSL_VERIFYRESULT),
            proxy_verify_code=_look_up(easy, "PROXY_SSL_VERIFYRESULT"),
        )
        failure = translate(fault)
        if isinstance(failure, TransferFailed | TimedOut):
            failure.partial = _partial(transfer)
        return failure

    def _stop_stalled(self) -> None:
        """Give up transfers that brought no byte for `read_timeout`, or hardly any.

        libcurl's own low-speed limit averages over five seconds and counts while
        nobody pumps. A transfer that waits for a connection is libcurl's to time.
        """
        if self._pumped - self._looked_at < self._tick:
            return
        self._looked_at = self._pumped
        limit = self._options.read_timeout
        for transfer in list(self._running.values()):
            url, received = transfer.request.url, _received(transfer)
            seen = received + sum(map(len, transfer.lines))
            failure = None
            if transfer.pace.is_too_slow(seen, self._pumped):
                failure = failures.dripping(url, transfer.pace.span, received)
            elif seen != transfer.seen or not transfer.is_active:
                transfer.seen = seen
                transfer.heard = self._pumped
                transfer.is_active = seen > 0 or _is_out(transfer)
            elif self._pumped - transfer.heard >= limit:
                failure = failures.stalled(url, limit, received)
            if failure is not None:
                failure.partial = _partial(transfer)
                self._end(transfer, failure)

    def _end(self, transfer: _Transfer, outcome: Outcome) -> None:
        """Record the outcome; the handle is free for the next request."""
        self._release(transfer, keep=isinstance(outcome, WireResponse))
        self._ended.append((transfer, outcome))

    def _release(self, transfer: _Transfer, *, keep: bool) -> None:
        easy, transfer.easy = transfer.easy, None
        del self._running[easy]
        if transfer in self._watched:
            self._watched.remove(transfer)
        if transfer.sink is not None:
            transfer.sink.abandon()
            transfer.sink = None
        self._multi.remove_handle(easy)
        if keep:
            self._idle.setdefault(transfer.route, []).append(easy)
        else:
            easy.close()

    def _report(self) -> None:
        """Call the `done`s; what they submit goes out before the caller goes on."""
        while self._ended:
            transfer, outcome = self._ended.popleft()
            transfer.done(outcome)
        if self._start_queued():
            self._multi.perform()


def _lines_of_server(transfer: _Transfer) -> list[bytes]:
    """The header lines without those by which a proxy answered CONNECT."""
    if transfer.route.proxy and transfer.easy.getinfo(pycurl.HTTP_CONNECTCODE):
        return split_tunnel(transfer.lines)[1]
    return transfer.lines


def _offered_by_proxy(transfer: _Transfer) -> tuple[str, ...]:
    """The auth schemes in a proxy's refusal of CONNECT."""
    if transfer.route.proxy is None:
        return ()
    try:
        head = parse_head(split_tunnel(transfer.lines)[0])
    except Malformed:
        return ()
    return tuple(proxy_failures.offered_schemes(head)) if head else ()


def _look_up(easy: pycurl.Curl, name: str) -> int:
    """Return a number libcurl keeps; 0 where this pycurl has no name for it."""
    option = getattr(pycurl, name, None)
    return 0 if option is None else int(easy.getinfo(option))


def _partial(transfer: _Transfer) -> Partial | None:
    """Tell of a body that has begun to go to its sink."""
    if transfer.sink is None or transfer.head is None:
        return None
    return Partial(transfer.head.status, transfer.head.headers)


def _received(transfer: _Transfer) -> int:
    """Count the bytes of the body that have come so far."""
    waiting = sum(map(len, transfer.pieces))
    if transfer.sink is not None:
        return transfer.received + waiting
    return max(transfer.received, waiting)


def _is_out(transfer: _Transfer) -> bool:
    """Tell whether the request went out: it has a connection."""
    return bool(transfer.easy.getinfo(pycurl.PRETRANSFER_TIME) > 0)
