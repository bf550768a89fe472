"""Which proxy serves which request.

For: the one decision, made here and told to the transport, so that no library's own
reading of the environment adds a second one.
Does not know: the environment (`config` reads it), how a proxy is spoken to.
Shape: proxy text -> `Url`; (`ProxyOptions`, request or `Origin`) -> `Url` or None.
"""

from __future__ import annotations

from admit.spec.url import InvalidUrl, Origin, Url, mask_url_text, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.net.transport import ProxyOptions, WireRequest

DEFAULT_PORTS = {
    "http": 80,
    "https": 443,
    "socks4": 1080,
    "socks4a": 1080,
    "socks5": 1080,
    "socks5h": 1080,
}


def parse_proxy(text: str) -> Url:
    """Parse what people write for a proxy: a URL, or `host:port` alone.

    Raises:
        InvalidUrl: no host in it, or a scheme no proxy has.
    """
    text = text.strip()
    if "://" not in text:
        text = f"http://{text}"
    scheme, _, rest = text.partition("://")
    lowered = scheme.lower()
    if lowered not in DEFAULT_PORTS:
        raise InvalidUrl(
            f"not a proxy URL: {mask_url_text(text)!r}",
            why=f"a proxy URL begins with one of {', '.join(sorted(DEFAULT_PORTS))}",
        )
    # The grammar after the scheme is the same for all of them.
    parsed = parse_url(f"http://{rest}")
    has_port = (
        parsed.text.partition("://")[2]
        .partition("/")[0]
        .endswith(f":{parsed.origin.port}")
    )
    port = parsed.origin.port if has_port else DEFAULT_PORTS[lowered]
    origin = Origin(lowered, parsed.host, port)
    return Url(str(origin), origin, parsed.userinfo)


def show_proxy(proxy: Url) -> str:
    """Name a proxy without its password."""
    name = f"{proxy.userinfo.username}@" if proxy.userinfo else ""
    scheme, _, rest = proxy.text.partition("://")
    return f"{scheme}://{name}{rest}"


def is_ticket_meant(proxy: Url) -> bool:
    """Tell `http://:@proxy`: as whoever holds the Kerberos ticket."""
    given = proxy.userinfo
    return given is not None and not given.username


def proxy_of(options: ProxyOptions, request: WireRequest) -> Url | None:
    """Return the proxy for one request: its own choice, else that of the run."""
    if request.proxy == "direct":
        return None
    return request.proxy or proxy_for(options, request.url.origin)


def proxy_for(options: ProxyOptions, origin: Origin) -> Url | None:
    """Return the proxy for requests to `origin`, or None for a direct connection.

    Loopback is not exempt by itself (rule R4 of docs/auth.md): `no_proxy` says so
    or nobody does.
    """
    proxy = options.https if origin.scheme == "https" else options.http
    if proxy is None or any(
        _is_exempt(origin, entry.strip().lower()) for entry in options.no_proxy
    ):
        return None
    return proxy


def _is_exempt(origin: Origin, entry: str) -> bool:
    """Tell whether one `no_proxy` entry covers the origin.

    There is no standard. What curl, Go and Python's clients agree on: `*` is all; a
    name covers itself and what is below it, with or without a leading dot; an
    address covers itself, a CIDR block its members; `:port` narrows.
    """
    if not entry:
        return False
    if entry == "*":
        return True
    if "/" in entry:
        return _is_in_block(origin.host, entry)
    host, port = _split_port(entry)
    if port is not None and port != origin.port:
        return False
    host = host.removeprefix("*").strip(".")
    asked = origin.host.rstrip(".")
    return bool(host) and (asked == host or asked.endswith(f".{host}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        port = rest.removeprefix(":")
    elif entry.count(":") == 1:
        host, _, port = entry.partition(":")
    else:  # a name, or an IPv6 address without brackets
        return entry, None
    return host, int(port) if port.isascii() and port.isdecimal() else None


def _is_in_block(host: str, block: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(block, strict=False)
    except ValueError:  # a name, or a block nobody can read
        return False
