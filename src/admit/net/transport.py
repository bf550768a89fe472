"""The wire: one Protocol, and the values that cross it.

For: sending one HTTP request and receiving one answer, many at a time.
Does not know: credentials (a request's headers are final), redirects, retries of
statuses, caches. Those are `net.client` and `auth`.
Shape: `WireRequest` in, an `Outcome` (answer or error) out, through `wait`.
Two implementations: `net.curl` (libcurl) and `net.plain` (the standard library).
"""

from __future__ import annotations

from admit.errors import EnvironmentProblem, NetworkError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, Protocol, TypeAlias

    from admit.spec.url import Secret, Url

    Outcome: TypeAlias = "WireResponse | NetworkError | SinkFailed"
    """What a request ends with."""
    Preference = Literal["auto", "curl", "plain"]
else:
    Protocol = object


@value
class ProxyOptions:
    """Which proxy serves which requests; credentials go to the proxy only."""

    http: Url | None = None
    https: Url | None = None
    no_proxy: tuple[str, ...] = ()
    """Host names, `.suffix`es, addresses, CIDR blocks, or `*`."""


@value
class TlsOptions:
    """Whom to trust and who to be, for one request."""

    ca_file: str | None = None
    ca_dir: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    client_key_password: Secret | None = None


@value
class TransportOptions:
    """How to reach servers, the same for every request of a run."""

    ca_file: str | None = None
    """A PEM bundle in place of the system's trust."""
    ca_dir: str | None = None
    client_cert: str | None = None
    """A PEM file; the key may be in the same file."""
    client_key: str | None = None
    client_key_password: Secret | None = None
    insecure_origins: tuple[tuple[str, int | None], ...] = ()
    """(host, port or None): no certificate check there."""
    proxies: ProxyOptions = ProxyOptions()
    connect_timeout: float = 10.0
    """Seconds until a connection stands."""
    read_timeout: float = 30.0
    """Seconds without a byte after which a transfer is given up."""
    connections_per_host: int = 8
    transfers: int = 50
    """Transfers in flight at once; further ones wait their turn."""
    user_agent: str = "admit"

    @property
    def tls(self) -> TlsOptions:
        """Trust and client certificate for requests that bring none of their own."""
        return TlsOptions(
            self.ca_file,
            self.ca_dir,
            self.client_cert,
            self.client_key,
            self.client_key_password,
        )


@value
class WireRequest:
    """One request, as it goes out."""

    url: Url
    """Its userinfo is ignored: `headers` say all."""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    sink: str | None = None
    """A path the body of a 200 or 206 is written to (truncated first); other
    statuses' bodies stay in memory."""
    sink_offset: int = 0
    """Where in `sink` a 206 is written; bytes before are kept."""
    max_bytes: int = 100 * 1024 * 1024
    """A larger body is an error."""
    on_progress: Callable[[int, int], None] | None = None
    """Called with (bytes so far, bytes in all or 0) as the body arrives; bytes of
    this transfer, as they travel."""
    tls: TlsOptions | None = None
    """In place of the transport's own trust and client certificate."""
    proxy: Url | Literal["direct"] | None = None
    """In place of the transport's own choice; "direct" for none."""


@value
class WireResponse:
    """One answer, of any status."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in order; values stripped."""
    body: bytes
    """Decoded (gzip, deflate); empty if it went to `sink`."""
    http_version: str = "1.1"
    """"1.1" or "2"."""

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        for key, text in self.headers:
            if key == name:
                return text
        return None


class Transport(Protocol):
    """Sends requests and hands back their answers; used by one thread."""

    def submit(
        self,
        request: WireRequest,
        done: Callable[[Outcome], None],
    ) -> None:
        """Queue a request; `done` is called once, from within `wait`."""

    def wait(self, timeout: float) -> bool:
        """Move transfers on for at most `timeout` seconds.

        Returns as soon as one `done` was called, with True; False if nothing is
        in flight or nothing finished in time.
        """

    def close(self) -> None:
        """Drop all transfers and connections; pending `done`s are not called."""


@value
class Partial:
    """What had arrived in a request's sink when its connection ended."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        for key, text in self.headers:
            if key == name:
                return text
        return None


class ConnectFailed(NetworkError):
    """No connection: name not found, refused, unreachable."""

    code = "connect-failed"
    may_retry = True


class TimedOut(NetworkError):
    """A connection or transfer took longer than allowed."""

    code = "timed-out"
    may_retry = True
    partial: Partial | None = None
    """Set if the body had begun to go to a sink."""


class TransferFailed(NetworkError):
    """A connection broke in the middle of a transfer."""

    code = "transfer-failed"
    may_retry = True
    partial: Partial | None = None
    """Set if the body had begun to go to a sink."""


class TlsFailed(NetworkError):
    """No trust: certificate, host name or protocol."""

    code = "tls-failed"


class ProxyFailed(NetworkError):
    """The proxy refused (407) or could not be reached."""

    code = "proxy-failed"


class BadResponse(NetworkError):
    """The answer breaks HTTP or a size limit."""

    code = "bad-response"


class SinkFailed(EnvironmentProblem):
    """The body could not be written to `sink`: disk full, no permission."""

    code = "cannot-write"


class LateTransport:
    """Opens the real transport when the first request is sent.

    Loading libcurl takes longer than all else of a run that the cache can answer.
    """

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._transport: Transport | None = None

    def submit(self, request: WireRequest, done: Callable[[Outcome], None]) -> None:
        """See `Transport`."""
        if self._transport is None:
            self._transport = open_transport(self._options)
        self._transport.submit(request, done)

    def wait(self, timeout: float) -> bool:
        """See `Transport`."""
        return self._transport is not None and self._transport.wait(timeout)

    def close(self) -> None:
        """See `Transport`."""
        if self._transport is not None:
            self._transport.close()


def open_transport(
    options: TransportOptions, *, prefer: Preference = "auto"
) -> Transport:
    """Return the libcurl transport, or the plain one where libcurl cannot be had.

    Args:
        options: For every request of the run.
        prefer: "curl" and "plain" insist; "auto" falls back.

    Raises:
        ImportError: "curl" was insisted on and pycurl cannot be imported.
    """
    if prefer != "plain":
        try:
            from admit.net.curl import CurlTransport

            return CurlTransport(options)
        except (ImportError, OSError, RuntimeError):
            # ImportError: no wheel for this platform. The others: libcurl's or its
            # OpenSSL's own initialisation refused an odd system configuration.
            if prefer == "curl":
                raise
    from admit.net.plain import PlainTransport

    return PlainTransport(options)
