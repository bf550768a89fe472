"""Easy handles: everything libcurl is told about one request.

For: `net.curl`. What is the same for all requests of a route (trust, client
certificate, proxy) is set once; handles are used again within their route.
Does not know: when transfers run, what becomes of answers.
"""

from __future__ import annotations

import os

import pycurl

from admit.net.outgoing import header_bytes, request_target, request_url
from admit.net.proxies import is_ticket_meant
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.net.transport import TlsOptions, TransportOptions, WireRequest
    from admit.net.trust import Trust
    from admit.spec.url import Url

BUFFER_SIZE = 512 * 1024
"""Bytes libcurl asks the kernel for at once."""
_QUICK_EXIT = 322  # CURLOPT_…: closing does not wait for a name lookup
_NATIVE_CA = 16  # CURLSSLOPT_NATIVE_CA, which pycurl names from 7.48 on
_PROTOCOLS = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS


@value
class Route:
    """What handles are made for, and kept apart by."""

    tls: TlsOptions
    is_insecure: bool
    proxy: Url | None


def make_handle(route: Route, trust: Trust, options: TransportOptions) -> pycurl.Curl:
    """Make a handle: everything that is the same for all requests of a route."""
    easy = pycurl.Curl()
    for option, setting in (
        (pycurl.NOSIGNAL, 1),
        (_QUICK_EXIT, 1),
        (pycurl.PROTOCOLS, _PROTOCOLS),
        (pycurl.FOLLOWLOCATION, 0),
        (pycurl.NETRC, pycurl.NETRC_IGNORED),
        (pycurl.PATH_AS_IS, 1),
        (pycurl.BUFFERSIZE, BUFFER_SIZE),
        (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS),
        (pycurl.PIPEWAIT, 1),
        (pycurl.CONNECTTIMEOUT_MS, int(options.connect_timeout * 1000)),
    ):
        easy.setopt(option, setting)
    _set_proxy(easy, route.proxy)
    _set_trust(easy, route, trust)
    return easy


def prepare_handle(
    easy: pycurl.Curl,
    request: WireRequest,
    route: Route,
    headers: list[tuple[str, str]],
) -> None:
    """Set what is this request's own; `headers` are all it has."""
    url = request_url(request.url)
    easy.setopt(pycurl.URL, url)
    # libcurl would write %2f as %2F; a signature may cover the path as it is.
    easy.setopt(pycurl.REQUEST_TARGET, request_target(url, route.proxy))
    easy.setopt(pycurl.HTTPHEADER, _header_lines(headers))
    is_head = request.method == "HEAD"
    easy.setopt(pycurl.NOBODY if is_head else pycurl.HTTPGET, 1)
    if request.method in ("GET", "HEAD"):
        easy.unsetopt(pycurl.CUSTOMREQUEST)
    else:
        easy.setopt(pycurl.CUSTOMREQUEST, request.method)
    easy.setopt(pycurl.MAXFILESIZE_LARGE, 0 if is_head else request.max_bytes)


def can_negotiate() -> bool:
    """Tell whether this libcurl can send a Kerberos ticket."""
    return bool(pycurl.version_info()[4] & pycurl.VERSION_SPNEGO)


def _set_trust(easy: pycurl.Curl, route: Route, trust: Trust) -> None:

    tls = route.tls
    if route.is_insecure:
        easy.setopt(pycurl.SSL_VERIFYPEER, 0)
        easy.setopt(pycurl.SSL_VERIFYHOST, 0)
    if trust.is_native:
        easy.setopt(pycurl.SSL_OPTIONS, _NATIVE_CA)
    elif trust.file or trust.directory:
        for place, options in (
            (trust.file, (pycurl.CAINFO, pycurl.PROXY_CAINFO)),
            (trust.directory, (pycurl.CAPATH, pycurl.PROXY_CAPATH)),
        ):
            for option in options:
                if place:
                    easy.setopt(option, os.fsencode(place))
                else:  # the builder's own default is not this machine's
                    easy.unsetopt(option)
    if tls.client_cert:
        easy.setopt(pycurl.SSLCERT, os.fsencode(tls.client_cert))
        easy.setopt(pycurl.SSLKEY, os.fsencode(tls.client_key or tls.client_cert))
        # Without a password OpenSSL would ask for one on the terminal.
        password = tls.client_key_password
        easy.setopt(pycurl.KEYPASSWD, password.expose().encode() if password else b"")


def _header_lines(headers: list[tuple[str, str]]) -> list[bytes]:
    """Write headers for libcurl, where `Name:` alone would mean: leave it out."""
    lines = [
        header_bytes(f"{name}: {text}" if text else f"{name};")
        for name, text in headers
    ]
    if not any(name.lower() == "accept" for name, _ in headers):
        lines.append(b"Accept:")  # libcurl would add its own
    return lines


def _set_proxy(easy: pycurl.Curl, proxy: Url | None) -> None:
    """Say which proxy, always: libcurl would read the environment otherwise."""
    easy.setopt(pycurl.NOPROXY, "")
    if proxy is None:
        easy.setopt(pycurl.PROXY, "")
        return
    easy.setopt(pycurl.PROXY, proxy.text.encode())  # its scheme is its kind
    if proxy.userinfo is None:
        return
    name, password = proxy.userinfo.username, proxy.userinfo.password
    is_ticket = is_ticket_meant(proxy)
    easy.setopt(
        pycurl.PROXYAUTH,
        pycurl.HTTPAUTH_NEGOTIATE if is_ticket else pycurl.HTTPAUTH_BASIC,
    )
    easy.setopt(pycurl.PROXYUSERNAME, name.encode("utf-8", "surrogateescape"))
    text = password.expose() if password else ""
    easy.setopt(pycurl.PROXYPASSWORD, text.encode("utf-8", "surrogateescape"))
