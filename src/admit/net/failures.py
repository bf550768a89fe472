"""What can go wrong on the wire, in words.

For: both transports, so that the same fault reads the same: what, why, fix.
Does not know: libcurl's or Python's error numbers; the transports translate theirs
into these calls. What proxies do has words of its own (`net.proxy_failures`).
Shape: facts in, a `NetworkError` out, ready to be handed over. URLs print without
userinfo.
"""

from __future__ import annotations

from admit.net.proxies import show_proxy
from admit.net.transport import (
    BadResponse,
    ConnectFailed,
    SinkFailed,
    TimedOut,
    TlsFailed,
    TransferFailed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.net.trust import Trust
    from admit.spec.url import Url

    TlsReason = Literal[
        "unknown-issuer",
        "self-signed",
        "expired",
        "not-yet-valid",
        "host-mismatch",
        "revoked",
        "client-certificate-wanted",
        "client-certificate-refused",
        "not-tls",
        "other",
    ]

_TLS_TEXTS: dict[TlsReason, tuple[str, str | None]] = {
    "unknown-issuer": (
        "the server's certificate comes from an authority that is not trusted here",
        "if the authority is your organisation's, name its PEM bundle: `--cert FILE`, "
        "SSL_CERT_FILE=FILE, or `ca-cert` of the index",
    ),
    "self-signed": (
        "the server's certificate is signed by itself or by a private authority",
        "if it is your organisation's, name its PEM bundle: `--cert FILE`, "
        "SSL_CERT_FILE=FILE, or `ca-cert` of the index",
    ),
    "expired": (
        "the server's certificate, or one that vouches for it, has expired",
        "check this machine's clock; if it is right, the server's owner must renew "
        "the certificate",
    ),
    "not-yet-valid": (
        "the server's certificate is not valid yet",
        "check this machine's clock",
    ),
    "host-mismatch": (
        "the server's certificate was issued for another host name",
        "use a host name that the certificate names",
    ),
    "revoked": ("the server's certificate was revoked", None),
    "client-certificate-wanted": (
        "the server wants a client certificate",
        "give one: `--client-cert FILE` (a PEM file; the key may be in it)",
    ),
    "client-certificate-refused": ("the server refuses the client certificate", None),
    "not-tls": (
        "the server does not speak TLS on this port",
        "check scheme and port of the URL",
    ),
    "other": ("the TLS handshake failed", None),
}
_NO_TRUST = {"unknown-issuer", "self-signed", "other"}


def connect_failed(
    url: Url, proxy: Url | None, detail: str, *, is_name_unknown: bool = False
) -> ConnectFailed:
    """The server refuses, cannot be reached, or its name is unknown."""
    if is_name_unknown:
        return ConnectFailed(
            f"cannot connect to {url.origin}: host name {url.host!r} not found",
            why=clean(detail),
            fix="check the spelling of the host, and whether this network can see it "
            "(VPN, DNS, proxy)",
        )
    through = f" through the proxy {show_proxy(proxy)}" if proxy else ""
    return ConnectFailed(
        f"cannot connect to {url.origin}{through}",
        why=clean(detail),
        fix="check host and port, and whether this network reaches them (VPN, proxy)",
    )


def connecting_timed_out(url: Url, proxy: Url | None, seconds: float) -> TimedOut:
    """No connection within the time allowed."""
    through = f" through the proxy {show_proxy(proxy)}" if proxy else ""
    return TimedOut(
        f"no connection to {url.origin}{through} within {seconds:g} seconds"
    )


def stalled(url: Url, seconds: float, received: int) -> TimedOut:
    """No byte for too long."""
    return TimedOut(
        f"no data from {url.origin} for {seconds:g} seconds",
        why=f"{received} bytes of {plain(url)} had arrived",
        fix="for slow servers: `--timeout SECONDS`",
    )


def dripping(url: Url, seconds: float, received: int) -> TimedOut:
    """A byte now and then, which would take for ever."""
    return TimedOut(
        f"too little data from {url.origin}: under 1 KiB in {seconds:g} seconds",
        why=f"{received} bytes of {plain(url)} had arrived",
        fix="for very slow links: a longer `--timeout SECONDS`; a quarter of that "
        "span is the time-out of now",
    )


def broken(url: Url, received: int, detail: str) -> TransferFailed:
    """The connection ended in the middle."""
    return TransferFailed(
        f"the connection to {url.origin} broke",
        why=f"{received} bytes of {plain(url)} had arrived; {clean(detail)}",
    )


def bad_response(url: Url, detail: str) -> BadResponse:
    """The answer breaks HTTP or a limit."""
    return BadResponse(f"unusable answer for {plain(url)}", why=clean(detail))


def tls_failed(
    url: Url, reason: TlsReason, trust: Trust, detail: str, *, peer: Url | None = None
) -> TlsFailed:
    """No trust. `peer` is the proxy where it is the proxy's certificate."""
    text, fix = _TLS_TEXTS[reason]
    why = clean(detail)
    if reason in _NO_TRUST:
        why += f"; trusted: {trust}"
    return TlsFailed(f"cannot trust {(peer or url).origin}: {text}", why=why, fix=fix)


def trust_unreadable(url: Url, trust: Trust, detail: str) -> TlsFailed:
    """The CA bundle itself is missing or no PEM file."""
    return TlsFailed(
        f"cannot check the certificate of {url.origin}: no usable certificates in "
        f"{trust}",
        why=clean(detail),
        fix="name an existing PEM bundle: `--cert FILE` or SSL_CERT_FILE=FILE",
    )


def client_certificate_unusable(
    url: Url, cert: str, key: str | None, detail: str
) -> TlsFailed:
    """Our own certificate or key cannot be loaded."""
    key_text = f" with key {key}" if key and key != cert else ""
    return TlsFailed(
        f"cannot use the client certificate {cert}{key_text} for {url.origin}",
        why=clean(detail),
        fix="it must be a PEM file that holds the certificate, with the private key "
        "in it or beside it; the password of an encrypted key is "
        "ADMIT_CLIENT_KEY_PASSWORD, or ADMIT_INDEX_<NAME>_CLIENT_KEY_PASSWORD",
    )


def cannot_write(path: str, error: OSError) -> SinkFailed:
    """The body could not be written."""
    return SinkFailed(f"cannot write {path}", why=error.strerror or str(error))


def tls_reason(verify_code: int, message: str) -> TlsReason:
    """Name the cause.

    Args:
        verify_code: OpenSSL's X509_V_ERR number; 0 if unknown.
        message: The library's text, for causes without a number.
    """
    by_code = _REASONS_BY_CODE.get(verify_code)
    if by_code is not None:
        return by_code
    lowered = message.lower()
    for mark, reason in _REASONS_BY_TEXT:
        if mark in lowered:
            return reason
    return "other"


_REASONS_BY_CODE: dict[int, TlsReason] = {
    2: "unknown-issuer",
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "self-signed",
    20: "unknown-issuer",
    21: "unknown-issuer",
    23: "revoked",
    62: "host-mismatch",
    64: "host-mismatch",
}
_REASONS_BY_TEXT: tuple[tuple[str, TlsReason], ...] = (
    ("certificate required", "client-certificate-wanted"),
    ("no alternative certificate subject name", "host-mismatch"),
    ("does not match target host", "host-mismatch"),
    ("hostname mismatch", "host-mismatch"),
    ("ip address mismatch", "host-mismatch"),
    ("certificate has expired", "expired"),
    ("not yet valid", "not-yet-valid"),
    ("self-signed", "self-signed"),
    ("self signed", "self-signed"),
    ("local issuer", "unknown-issuer"),
    ("untrusted root", "unknown-issuer"),
    ("alert unknown ca", "client-certificate-refused"),
    ("alert bad certificate", "client-certificate-refused"),
    ("alert certificate", "client-certificate-refused"),
    ("wrong version number", "not-tls"),
    ("packet length too long", "not-tls"),
    ("record layer failure", "not-tls"),
    ("unknown protocol", "not-tls"),
)


def plain(url: Url) -> str:
    """Name a URL without userinfo, query and fragment (a signature may be there)."""
    return url.text.partition("#")[0].partition("?")[0]


def clean(detail: str) -> str:
    """Trim foreign text to one printable line."""
    text = "".join(mark if mark.isprintable() else " " for mark in detail)
    return " ".join(text.split())[:300].rstrip(". ")
