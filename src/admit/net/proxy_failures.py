"""What proxies refuse, in words: unreachable, 407, SOCKS, kinds nobody here speaks.

For: both transports. A refusal of the proxy is the proxy's, never the index's (row 407
of rule R6 in docs/auth.md), and its login is not sent again.
Does not know: libcurl's or Python's error numbers.
Shape: facts in, a `ProxyFailed` out. Proxies print without their password.
"""

from __future__ import annotations

from admit.auth.scheme import show_user
from admit.net.failures import clean
from admit.net.proxies import is_ticket_meant, show_proxy
from admit.net.transport import ProxyFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.net.answer import Head
    from admit.spec.url import Url

_TRANSLATE = (
    "a proxy on this machine that logs in for you is needed (px and cntlm are such), "
    "and its address as the proxy"
)


def proxy_unreachable(url: Url, proxy: Url, detail: str) -> ProxyFailed:
    """The proxy itself cannot be reached."""
    failure = ProxyFailed(
        f"cannot reach the proxy {show_proxy(proxy)} for {url.origin}",
        why=clean(detail),
        fix="check `--proxy` and the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY; "
        "NO_PROXY names hosts to be reached without it",
    )
    failure.may_retry = True
    return failure


def proxy_refused(
    url: Url, proxy: Url, status: int, offered: Iterable[str]
) -> ProxyFailed:
    """The proxy answered instead of the server.

    Args:
        url: What was asked for.
        proxy: The proxy; its password is not shown.
        status: 407, or another status of a CONNECT.
        offered: The auth schemes the proxy offers, in lower case; empty if unknown.
    """
    if status != 407:
        return ProxyFailed(
            f"the proxy {show_proxy(proxy)} refuses to connect to {url.origin} "
            f"({status})"
        )
    schemes = sorted(set(offered))
    why = f"it was asked {_caller(proxy)}"
    if schemes:
        why += f"; it accepts {', '.join(schemes)}"
    return ProxyFailed(
        f"the proxy {show_proxy(proxy)} wants a login, or refuses the one given (407)",
        why=why,
        fix=_fix(proxy, schemes),
    )


def socks_refused(url: Url, proxy: Url, detail: str) -> ProxyFailed:
    """A SOCKS proxy wants a login, or refuses the one it got."""
    given = proxy.userinfo is not None
    return ProxyFailed(
        f"the proxy {show_proxy(proxy)} wants a login, or refuses the one given, for "
        f"{url.origin}",
        why=f"it was asked {_caller(proxy)}; {clean(detail)}",
        fix="check the user and password in the proxy's URL"
        if given
        else "put a user name and a password before its host, with an @ behind them",
    )


def cannot_negotiate(proxy: Url, *, is_plain: bool) -> ProxyFailed:
    """A Kerberos ticket was meant, and there is nothing here to send it with."""
    return ProxyFailed(
        f"cannot log in to the proxy {show_proxy(proxy)} with a Kerberos ticket",
        why="`pycurl` cannot be imported here, and without it admit speaks Basic only"
        if is_plain
        else "the libcurl of `pycurl` here was built without GSS-API",
        fix=f"{_TRANSLATE}; or a name and a password in its URL, if it takes Basic",
    )


def _caller(proxy: Url) -> str:
    if proxy.userinfo is None:
        return "without a credential"
    if is_ticket_meant(proxy):
        return "with the Kerberos ticket of this user, or there is none"
    return f"as {show_user(proxy.userinfo.username)!r}"


def _fix(proxy: Url, schemes: list[str]) -> str:
    """Say what to do about a 407; `schemes` is what the proxy accepts, if known."""
    ticket = "put a colon and an @, alone, before its host, and get a ticket by `kinit`"
    login = "a user name and a password before its host, with an @ behind them"
    if schemes and not {"basic", "negotiate"} & set(schemes):
        return (
            f"admit speaks Basic and Negotiate to proxies, not {', '.join(schemes)}: "
            f"{_TRANSLATE}"
        )
    if is_ticket_meant(proxy):
        if "negotiate" in schemes or not schemes:
            return (
                "see with `klist` whether there is a ticket, and name the proxy as "
                "its key does (`HTTP/HOST`)"
            )
        return f"put {login}: it does not take Negotiate"
    if "negotiate" in schemes and "basic" not in schemes:
        return f"it takes no password: {ticket}"
    if proxy.userinfo is not None:
        return (
            "check the user and password in the proxy's URL, and that the proxy takes "
            "Basic or Negotiate (NTLM is not spoken)"
        )
    either = f", or {ticket}" if "negotiate" in schemes else ""
    return f"put {login} (sent as Basic; NTLM is not spoken){either}"


def proxy_needs_libcurl(url: Url, proxy: Url) -> ProxyFailed:
    """A kind of proxy the plain transport does not speak to."""
    return ProxyFailed(
        f"cannot use the proxy {show_proxy(proxy)} for {url.origin}",
        why=f"proxies of the kind {proxy.scheme} need libcurl, and `pycurl` cannot be "
        "imported here",
        fix="install pycurl beside admit, or give a proxy that starts with http://",
    )


def offered_schemes(head: Head) -> list[str]:
    """Return the auth schemes of `Proxy-Authenticate`, in lower case."""
    return [
        text.partition(" ")[0].lower()
        for name, text in head.headers
        if name == "proxy-authenticate"
    ]
