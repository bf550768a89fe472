"""The plain transport: the standard library and threads.

For: machines without libcurl, and as the second opinion of the wire tests. HTTP/1.1
with keep-alive; one thread per busy connection.
Does not know: credentials, redirects, HTTP/2, SOCKS or TLS to a proxy (it says so).
Shape: jobs go to workers through one condition; events come back through one queue,
and only `wait` calls callbacks, in the thread of the caller.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter, deque
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from io import BufferedReader, RawIOBase
from queue import Empty, SimpleQueue
from time import monotonic

from admit.errors import NetworkError
from admit.net import failures, proxy_failures
from admit.net.answer import (
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    MAX_INTERIM,
    Head,
    Malformed,
    TooLarge,
    decode_body,
)
from admit.net.outgoing import (
    check_request,
    header_bytes,
    is_insecure,
    request_headers,
    request_target,
    request_url,
)
from admit.net.pace import Pace
from admit.net.proxies import is_ticket_meant, proxy_of
from admit.net.sink import Sink
from admit.net.transport import (
    Partial,
    SinkFailed,
    TimedOut,
    TransferFailed,
    WireResponse,
)
from admit.net.trust import choose_trust
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Iterator
    from typing import Any

    from _typeshed import WriteableBuffer

    from admit.net.transport import (
        Outcome,
        TlsOptions,
        TransportOptions,
        WireRequest,
    )
    from admit.net.trust import Trust
    from admit.spec.url import Origin, Url

CHUNK = 64 * 1024
"""Bytes per read at most."""
SLICE = 0.5
"""Seconds of uninterrupted waiting: on Windows, Ctrl-C has to wait for its end."""


@value
class _Route:
    """Connections of one route serve each other's requests."""

    origin: Origin
    tls: TlsOptions
    is_insecure: bool
    proxy: Url | None


class _Job:
    """One request on its way."""

    __slots__ = ("done", "is_told", "progress", "request", "route")

    def __init__(
        self, request: WireRequest, done: Callable[[Outcome], None], route: _Route
    ) -> None:
        self.request = request
        self.done = done
        self.route = route
        self.progress = (0, 0)
        self.is_told = True
        """The latest progress was handed to the caller."""


class _Dripping(TimeoutError):
    """Bytes come, but too few (net.pace)."""


class _Paced(RawIOBase):
    """The bytes of one answer, as long as they come fast enough."""

    def __init__(self, raw: RawIOBase, pace: Pace) -> None:
        self._raw = raw
        self._pace = pace
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        count = self._raw.readinto(buffer)
        self._received += count or 0
        if count and self._pace.is_too_slow(self._received, monotonic()):
            raise _Dripping
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer whose interim answers are skipped (RFC 9110, section 15.2)."""

    def __init__(self, sock: socket.socket, *more: Any, **options: Any) -> None:
        super().__init__(sock, *more, **options)
        pace = Pace(sock.gettimeout() or 0.0)
        self.fp = BufferedReader(_Paced(self.fp.detach(), pace))

    def begin(self) -> None:
        super().begin()
        for _ in range(MAX_INTERIM):
            if not 101 < self.status < 200:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # as before begin()
            super().begin()
        raise HTTPException(f"more than {MAX_INTERIM} interim answers")


class _Connection(HTTPConnection):
    """A connection to one route's server, through its proxy, with TLS."""

    response_class = _Response

    def __init__(self, route: _Route, limit: float, tls: ssl.SSLContext | None) -> None:
        peer = route.proxy.origin if route.proxy else route.origin
        super().__init__(peer.host, peer.port, timeout=limit)
        self._tls = tls
        self._tls_host = route.origin.host
        self.has_served = False
        """It stood before this request: the server may have closed it meanwhile."""
        if route.proxy is not None and tls is not None:
            headers = {}
            if route.proxy.userinfo is not None:
                headers["Proxy-Authorization"] = _basic(route.proxy)
            self.set_tunnel(route.origin.host, route.origin.port, headers)

    def connect(self) -> None:
        super().connect()
        if self._tls is not None:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._tls_host)


class PlainTransport:
    """The `Transport` on the standard library; one thread submits and waits."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._events: SimpleQueue[tuple[_Job, Outcome | Exception | None]] = (
            SimpleQueue()
        )
        """A job with its outcome, or with None: it has progress to tell."""
        self._in_flight = 0
        self._wanted = threading.Condition()
        # All below is guarded by `_wanted`.
        self._queue: deque[_Job] = deque()
        self._busy: Counter[_Route] = Counter()
        self._connections: set[_Connection] = set()
        self._idle: dict[_Route, list[_Connection]] = {}
        self._contexts: dict[tuple[TlsOptions, bool], ssl.SSLContext] = {}
        self._workers = 0
        self._free = 0
        self._is_closed = False

    def submit(self, request: WireRequest, done: Callable[[Outcome], None]) -> None:
        """Queue a request; `done` is called once, from within `wait`."""
        options, origin = self._options, request.url.origin
        route = _Route(
            origin,
            request.tls or options.tls,
            is_insecure(options, request.url),
            proxy_of(options.proxies, request),
        )
        check_request(request)
        self._in_flight += 1
        with self._wanted:
            self._queue.append(_Job(request, done, route))
            if self._free < len(self._queue) and self._workers < options.transfers:
                self._workers += 1
                threading.Thread(target=self._work, daemon=True).start()
            self._wanted.notify()

    def wait(self, timeout: float) -> bool:
        """Hand out what arrives until a `done` was called, or for `timeout` seconds."""
        deadline = monotonic() + timeout
        has_finished = False
        while self._in_flight:
            left = 0.0 if has_finished else max(deadline - monotonic(), 0.0)
            try:
                job, outcome = self._events.get(left > 0, min(left, SLICE) or None)
            except Empty:
                if left <= SLICE:
                    break
                continue
            if outcome is None:
                self._hand_progress(job)
                continue
            self._in_flight -= 1
            has_finished = True
            if not isinstance(outcome, WireResponse | NetworkError | SinkFailed):
                raise outcome  # a bug, met in a worker
            job.done(outcome)
        return has_finished

    def close(self) -> None:
        """Drop all transfers and connections; pending `done`s are not called."""
        with self._wanted:
            self._is_closed = True
            self._queue.clear()
            self._in_flight = 0
            for idle in self._idle.values():
                for connection in idle:
                    connection.close()
                    self._connections.discard(connection)
            for connection in self._connections:
                _hang_up(connection)
            self._connections.clear()
            self._idle.clear()
            self._wanted.notify_all()

    def _hand_progress(self, job: _Job) -> None:
        if job.request.on_progress is not None:
            job.is_told = True
            job.request.on_progress(*job.progress)

    def _work(self) -> None:
        """Serve jobs until the transport is closed (a worker thread)."""
        while (job := self._take()) is not None:
            outcome: Outcome | Exception
            try:
                outcome = self._perform(job)
            except Exception as error:  # noqa: BLE001  # raised or handed over by wait
                outcome = error
            with self._wanted:
                self._busy[job.route] -= 1
                self._wanted.notify_all()
            self._events.put((job, outcome))

    def _take(self) -> _Job | None:
        """Wait for the first job whose server has a connection free."""
        with self._wanted:
            self._free += 1
            while not self._is_closed:
                for at, job in enumerate(self._queue):
                    if self._busy[job.route] < self._options.connections_per_host:
                        del self._queue[at]
                        self._busy[job.route] += 1
                        self._free -= 1
                        return job
                self._wanted.wait()
            return None

    def _perform(self, job: _Job) -> Outcome:
        """Send one request; once more if a kept connection proves to be dead."""
        while True:
            connection = self._connect(job)
            try:
                response = self._send(job, connection)
            except (OSError, HTTPException) as error:
                self._drop(connection)
                if connection.has_served and isinstance(error, ConnectionError):
                    continue
                raise self._translate(job, error, 0) from error
            try:
                outcome = self._receive(job, response)
            except BaseException:
                response.close()
                self._drop(connection)
                raise
            if response.will_close:
                self._drop(connection)
            else:
                connection.has_served = True
                self._keep(job.route, connection)
            return outcome

    def _keep(self, route: _Route, connection: _Connection) -> None:
        with self._wanted:
            if not self._is_closed:
                self._idle.setdefault(route, []).append(connection)
                return
        connection.close()

    def _connect(self, job: _Job) -> _Connection:
        """Return a kept connection, or make one."""
        route, options = job.route, self._options
        with self._wanted:
            idle = self._idle.get(route)
            if idle:
                return idle.pop()
        url, proxy = job.request.url, route.proxy
        if proxy is not None and proxy.scheme != "http":
            raise proxy_failures.proxy_needs_libcurl(url, proxy)
        if proxy is not None and is_ticket_meant(proxy):
            raise proxy_failures.cannot_negotiate(proxy, is_plain=True)
        tls = self._context(job) if route.origin.scheme == "https" else None
        connection = _Connection(route, options.connect_timeout, tls)
        with self._wanted:
            self._connections.add(connection)
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            self._drop(connection)
            raise self._translate_connecting(job, error) from error
        connection.sock.settimeout(options.read_timeout)
        return connection

    def _context(self, job: _Job) -> ssl.SSLContext:
        """Return the TLS settings of a route, made once."""
        tls, is_open = job.route.tls, job.route.is_insecure
        with self._wanted:
            context = self._contexts.get((tls, is_open))
            if context is None:
                context = self._contexts[tls, is_open] = _make_context(job)
            return context

    def _drop(self, connection: _Connection) -> None:
        with self._wanted:
            self._connections.discard(connection)
        connection.close()

    def _send(self, job: _Job, connection: _Connection) -> HTTPResponse:
        request, proxy = job.request, job.route.proxy
        target = request_target(request_url(request.url), proxy)
        connection.putrequest(request.method, target, skip_accept_encoding=True)
        for name, text in request_headers(request, self._options):
            connection.putheader(name, header_bytes(text))
        if proxy is not None and proxy.userinfo and job.route.origin.scheme == "http":
            connection.putheader("Proxy-Authorization", _basic(proxy))
        connection.endheaders()
        return connection.getresponse()

    def _receive(self, job: _Job, response: HTTPResponse) -> Outcome:
        request = job.request
        try:
            head = _head(response)
            if head.status == 407 and job.route.proxy is not None:
                raise _refused(job, head)
            return self._read(job, response, head)
        except Malformed as error:
            raise failures.bad_response(request.url, str(error)) from error

    def _read(self, job: _Job, response: HTTPResponse, head: Head) -> Outcome:
        request = job.request
        pieces = self._pieces(job, response, head)
        body = b""
        if request.sink is None or head.status not in (200, 206):
            body = decode_body(head, list(pieces), request.max_bytes)
        else:
            try:
                _save(request.sink, head.status, request.sink_offset, pieces)
            except (TransferFailed, TimedOut) as error:
                error.partial = Partial(head.status, head.headers)
                raise
        return WireResponse(head.status, head.headers, body)

    def _pieces(self, job: _Job, response: HTTPResponse, head: Head) -> Iterator[bytes]:
        """Yield the body as it arrives, within the limit, telling of progress."""
        limit = job.request.max_bytes
        if head.length > limit and job.request.method != "HEAD":
            raise TooLarge(limit)
        received = 0
        try:
            while piece := response.read1(CHUNK):
                received += len(piece)
                if received > limit:
                    raise TooLarge(limit)
                self._tell(job, received, head.length)
                yield piece
        except (OSError, HTTPException) as error:
            raise self._translate(job, error, received) from error
        response.close()  # the connection is free for the next request
        if response.length:
            raise failures.broken(
                job.request.url, received, f"{response.length} bytes are missing"
            )

    def _tell(self, job: _Job, received: int, expected: int) -> None:
        """Hand progress over; one event at a time, always with the latest count."""
        if job.request.on_progress is None:
            return
        job.progress = (received, expected)
        if job.is_told:
            job.is_told = False
            self._events.put((job, None))

    def _translate(
        self, job: _Job, error: OSError | HTTPException, received: int
    ) -> NetworkError:
        """Translate what ended a request that was out already."""
        url, text = job.request.url, str(error) or type(error).__name__
        if isinstance(error, _Dripping):
            span = Pace(self._options.read_timeout).span
            return failures.dripping(url, span, received)
        if isinstance(error, TimeoutError):
            return failures.stalled(url, self._options.read_timeout, received)
        if type(error).__module__ == "ssl" and "ALERT" in text.upper():
            return self._distrust(job, text, 0)
        if isinstance(error, OSError | IncompleteRead):
            return failures.broken(url, received, text)
        return failures.bad_response(url, f"{type(error).__name__}: {text}")

    def _translate_connecting(
        self, job: _Job, error: OSError | HTTPException
    ) -> NetworkError:
        """Translate what kept a connection from standing."""
        url, proxy, text = job.request.url, job.route.proxy, str(error)
        tunnel = text.partition("Tunnel connection failed: ")[2]
        if proxy is not None and tunnel[:3].isdecimal():
            return proxy_failures.proxy_refused(url, proxy, int(tunnel[:3]), ())
        if type(error).__module__ == "ssl" and not isinstance(error, TimeoutError):
            if "EOF" in text:
                return failures.connect_failed(url, proxy, text)
            return self._distrust(job, text, getattr(error, "verify_code", 0))
        if isinstance(error, TimeoutError):
            limit = self._options.connect_timeout
            return failures.connecting_timed_out(url, proxy, limit)
        if proxy is not None:
            return proxy_failures.proxy_unreachable(url, proxy, text)
        return failures.connect_failed(
            url, proxy, text, is_name_unknown=type(error).__name__ == "gaierror"
        )

    def _distrust(self, job: _Job, text: str, verify_code: int) -> NetworkError:
        reason = failures.tls_reason(verify_code, text.replace("_", " "))
        return failures.tls_failed(job.request.url, reason, _trust(job), text)


def _save(path: str, status: int, offset: int, pieces: Iterator[bytes]) -> None:
    """Write a body to its sink.

    Raises:
        SinkFailed: the file cannot be written.
        NetworkError: from `pieces`; what had arrived is in the file.
    """
    try:
        sink = Sink(path, status, offset)
        try:
            for piece in pieces:
                sink.write([piece], len(piece))
            sink.close()
        finally:
            sink.abandon()
    except OSError as error:
        raise failures.cannot_write(path, error) from error


def _head(response: HTTPResponse) -> Head:
    """Return status and fields, within the limits that hold for both transports."""
    if response.msg.defects:
        raise Malformed(f"a header line is no field: {response.msg.defects[0]}")
    fields = tuple(
        (name.lower(), " ".join(text.split("\r\n")).strip())
        for name, text in response.msg.items()
    )
    size = sum(len(name) + len(text) + 4 for name, text in fields)
    if len(fields) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise Malformed(f"{len(fields)} header fields of {size} bytes are too much")
    return Head(response.status, fields)


def _refused(job: _Job, head: Head) -> NetworkError:
    proxy = job.route.proxy
    assert proxy is not None  # noqa: S101  # only called where there is one
    schemes = proxy_failures.offered_schemes(head)
    return proxy_failures.proxy_refused(job.request.url, proxy, head.status, schemes)


def _trust(job: _Job) -> Trust:
    tls = job.route.tls
    return choose_trust(sys.platform, tls.ca_file, tls.ca_dir)


def _make_context(job: _Job) -> ssl.SSLContext:
    import ssl

    tls, trust, url = job.route.tls, _trust(job), job.request.url
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    if job.route.is_insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        if trust.is_native:
            context.load_default_certs()
        elif trust.file or trust.directory:
            context.load_verify_locations(trust.file, trust.directory)
    except OSError as error:
        raise failures.trust_unreadable(url, trust, str(error)) from error
    if tls.client_cert:
        secret = tls.client_key_password
        password = secret.expose() if secret else ""
        try:
            # Without a password OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.client_cert, tls.client_key, lambda: password)
        except (OSError, ValueError) as error:
            raise failures.client_certificate_unusable(
                url, tls.client_cert, tls.client_key, str(error)
            ) from error
    return context


def _basic(proxy: Url) -> str:
    """Write the proxy's credential (RFC 7617)."""
    from base64 import b64encode

    assert proxy.userinfo is not None  # noqa: S101  # only called where there is one
    name, password = proxy.userinfo.username, proxy.userinfo.password
    pair = f"{name}:{password.expose() if password else ''}"
    return f"Basic {b64encode(pair.encode('utf-8', 'surrogateescape')).decode()}"


def _hang_up(connection: HTTPConnection) -> None:
    """Wake a worker that waits on this connection; it closes it."""
    import socket

    try:
        connection.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, AttributeError):  # gone already, or not made yet
        pass
