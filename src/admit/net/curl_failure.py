"""libcurl's error numbers, in our words.

For: `net.curl`. Facts in (`Fault`), error out; no handle is touched.
Does not know: transfers, time.
"""

from __future__ import annotations

import pycurl

from admit.net import failures, proxy_failures
from admit.net.answer import TooLarge
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.errors import NetworkError
    from admit.net.curl_handle import Route
    from admit.net.transport import WireRequest
    from admit.net.trust import Trust
    from admit.spec.url import Url

_TLS_ERRORS = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_SSL_CIPHER,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_USE_SSL_FAILED,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_ISSUER_ERROR,
    pycurl.E_SSL_INVALIDCERTSTATUS,
    98,  # CURLE_SSL_CLIENTCERT
}
_OWN_CERTIFICATE = {
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_BAD_FUNCTION_ARGUMENT,  # the key cannot be decrypted
}
_PROXY_ERRORS = {
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_COULDNT_CONNECT,
    97,  # CURLE_PROXY: the SOCKS dialogue failed
}
# CURLPX_…, which pycurl does not name.
_SOCKS_LOGIN = {
    4,  # GSSAPI
    5,  # GSSAPI_PERMSG
    6,  # GSSAPI_PROTECTION
    10,  # LONG_PASSWD
    11,  # LONG_USER
    12,  # NO_AUTH
    14,  # RECV_AUTH
    33,  # USER_REJECTED
}
_SOCKS_BEHIND = {19, 21, 22, 24}
"""The server behind it: refused, no such host, no network, lost on the way."""
_BROKEN = {
    pycurl.E_RECV_ERROR,
    pycurl.E_SEND_ERROR,
    pycurl.E_GOT_NOTHING,
    pycurl.E_PARTIAL_FILE,
    pycurl.E_HTTP2,
    92,  # CURLE_HTTP2_STREAM
}


@value
class Fault:
    """What libcurl says of a transfer it gave up."""

    code: int
    message: str
    request: WireRequest
    route: Route
    trust: Trust
    connect_timeout: float
    received: int
    """Bytes of the body."""
    connect_status: int
    """The proxy's answer to CONNECT; 0 if there was none."""
    offered: tuple[str, ...]
    """The auth schemes of that answer."""
    proxy_error: int
    """libcurl's CURLPX_… for a SOCKS dialogue that failed; 0 if there was none."""
    verify_code: int
    """OpenSSL's word on the server's certificate; 0 if it had none."""
    proxy_verify_code: int


def translate(fault: Fault) -> NetworkError:
    """Return the error to hand over."""
    code, url, proxy = fault.code, fault.request.url, fault.route.proxy
    if proxy is not None and (failure := _translate_proxy(fault, proxy)):
        return failure
    if _is_of_tls(fault):
        return _translate_tls(fault)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return failures.connecting_timed_out(url, proxy, fault.connect_timeout)
    if code in (pycurl.E_COULDNT_RESOLVE_HOST, pycurl.E_COULDNT_CONNECT):
        is_unknown = code == pycurl.E_COULDNT_RESOLVE_HOST
        return failures.connect_failed(
            url, proxy, fault.message, is_name_unknown=is_unknown
        )
    if code == pycurl.E_FILESIZE_EXCEEDED:
        return failures.bad_response(url, str(TooLarge(fault.request.max_bytes)))
    if code in _BROKEN:
        return failures.broken(url, fault.received, fault.message)
    return failures.bad_response(url, f"{fault.message} (libcurl error {code})")


def _translate_proxy(fault: Fault, proxy: Url) -> NetworkError | None:
    """Return the error if it is the proxy's."""
    url, message = fault.request.url, fault.message
    if fault.connect_status >= 300:
        status = fault.connect_status
        return proxy_failures.proxy_refused(url, proxy, status, fault.offered)
    if fault.proxy_error in _SOCKS_LOGIN:
        return proxy_failures.socks_refused(url, proxy, message)
    if fault.proxy_error in _SOCKS_BEHIND:
        return failures.connect_failed(url, proxy, message)
    if fault.code in _PROXY_ERRORS:
        return proxy_failures.proxy_unreachable(url, proxy, message)
    return None


def _is_of_tls(fault: Fault) -> bool:
    """Tell a fault of TLS; 1.3 tells of client certificates after the handshake."""
    is_own = fault.code in _OWN_CERTIFICATE and bool(fault.route.tls.client_cert)
    is_late = fault.code in _BROKEN and "alert" in fault.message
    return is_own or is_late or fault.code in _TLS_ERRORS


def _translate_tls(fault: Fault) -> NetworkError:
    url, tls, message = fault.request.url, fault.route.tls, fault.message
    if fault.code == pycurl.E_SSL_CACERT_BADFILE:
        return failures.trust_unreadable(url, fault.trust, message)
    if fault.code in _OWN_CERTIFICATE and tls.client_cert:
        return failures.client_certificate_unusable(
            url, tls.client_cert, tls.client_key, message
        )
    if "SSL_ERROR_SYSCALL" in message or "reset by peer" in message:
        return failures.connect_failed(url, fault.route.proxy, message)
    reason = failures.tls_reason(fault.proxy_verify_code or fault.verify_code, message)
    peer = fault.route.proxy if fault.proxy_verify_code else None
    return failures.tls_failed(url, reason, fault.trust, message, peer=peer)
