"""What a request looks like on the wire.

For: both transports, so that a server sees the same from both.
Does not know: credentials (they are among the request's headers already).
Spec: RFC 9110 (sections 5.5, 12.5.3), RFC 3986 (section 2.1).
"""

from __future__ import annotations

from admit.spec.url import InvalidUrl, percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.net.transport import TransportOptions, WireRequest
    from admit.spec.url import Url

_LEGAL = "%!$&'()*+,;=:@/?[]"
"""What may stand in path and query beside unreserved characters; `%` stays, for
what is encoded already is not encoded again."""


def request_url(url: Url) -> str:
    """Return the URL to ask for: no userinfo, no fragment, only legal characters.

    What a server wrote stays byte for byte, except characters that cannot travel:
    spaces, quotes, controls, and anything outside ASCII (as UTF-8).
    """
    text = url.text.partition("#")[0]
    scheme, _, rest = text.partition("://")
    cut = next((at for at, mark in enumerate(rest) if mark in "/?"), len(rest))
    host, tail = rest[:cut], rest[cut:]
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise InvalidUrl(
                f"no usable host in URL {url.text!r}", why=str(error)
            ) from error
        _check_host(host, url)
    return f"{scheme}://{host}{percent_encode(tail, safe=_LEGAL)}"


def _check_host(encoded: str, url: Url) -> None:
    """Refuse a host that encoding has made another one, or more than a host.

    Some characters beyond ASCII become `/`, `@` or plain letters: what was decided for
    one host would then be sent to another.

    Raises:
        InvalidUrl: it is such a host.
    """
    port = f":{url.origin.port}"
    labels = encoded.lower().removesuffix(port).split(".")
    is_sound = all(
        mark.isalnum() or mark in "-_" for label in labels for mark in label
    ) and any(label.startswith("xn--") for label in labels)
    if not is_sound:
        raise InvalidUrl(
            f"no usable host in URL {url.text!r}",
            why="written in plain letters it is another one",
        )


def request_target(url: str, proxy: Url | None) -> str:
    """Return what stands in the request line.

    Args:
        url: From `request_url`.
        proxy: The proxy the request goes to; one of HTTP relays `http` itself.

    Spec: RFC 9112, section 3.2.
    """
    scheme, _, rest = url.partition("://")
    is_relayed = proxy is not None and proxy.scheme in ("http", "https")
    if is_relayed and scheme.lower() == "http":
        return url
    cut = next((at for at, mark in enumerate(rest) if mark in "/?"), len(rest))
    tail = rest[cut:]
    return tail if tail.startswith("/") else "/" + tail


def check_request(request: WireRequest) -> None:
    """Refuse what cannot be sent, before it is queued.

    Raises:
        InvalidUrl: a host name that no encoding can express.
        ValueError: a header that would break out of its line; a fault of the caller.
    """
    if not request.url.host.isascii():
        request_url(request.url)
    for name, text in request.headers:
        if any(mark in "\r\n\0" for mark in name + text):
            raise ValueError(f"header {name!r} would break the request")


def request_headers(
    request: WireRequest, options: TransportOptions
) -> list[tuple[str, str]]:
    """Return the caller's headers as given, and ours where the caller has none.

    A body that is kept in memory may come compressed; one that goes to a file, or a
    part of one, is wanted as it is, because its bytes are hashed.
    """
    given = {name.lower() for name, _ in request.headers}
    headers = list(request.headers)
    if "user-agent" not in given:
        headers.append(("User-Agent", options.user_agent))
    if "accept-encoding" not in given:
        is_whole = request.sink is None and "range" not in given
        headers.append(("Accept-Encoding", "gzip" if is_whole else "identity"))
    return headers


def header_bytes(text: str) -> bytes:
    """Encode a header value: Latin-1 as of old, UTF-8 for what is beyond it."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def is_insecure(options: TransportOptions, url: Url) -> bool:
    """Tell whether certificates are not checked for this URL's host."""
    return any(
        host.lower() == url.host and port in (None, url.origin.port)
        for host, port in options.insecure_origins
    )
