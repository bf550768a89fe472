"""From settings to how servers are reached: trust, proxies, time limits.

For: the neutral variables that every network program knows, beside our own options.
Does not know: sockets, requests, credentials of indexes.
Shape: `Settings` -> `TransportOptions`.
Precedence of trust: `--cert` (which is PIP_CERT too), SSL_CERT_FILE and SSL_CERT_DIR,
REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, the system's store.
"""

from __future__ import annotations

import os

from admit.auth.answers import MOST_RETRIES
from admit.config.identity import key_password
from admit.config.settings import expand_home
from admit.errors import UsageError
from admit.net.proxies import parse_proxy
from admit.net.transport import ProxyOptions, TransportOptions
from admit.spec.url import InvalidUrl, Url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.config.settings import Settings
    from admit.spec.url import Secret

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class BadNetworkSetting(UsageError):
    """A setting about the network cannot be used."""

    code = "invalid-network-setting"


def transport_options(settings: Settings) -> TransportOptions:
    """Return how this run reaches servers.

    Raises:
        BadNetworkSetting: a path does not exist, or a proxy is no URL.
    """
    from admit import __version__

    ca_file, ca_dir = _trust(settings)
    client_cert, client_key = _client_cert(settings)
    timeout = settings.number("timeout", 30)
    if timeout <= 0:
        raise BadNetworkSetting(
            f"{settings.origin_of('timeout')}: a time-out of {timeout:g} seconds"
        )
    return TransportOptions(
        ca_file=ca_file,
        ca_dir=ca_dir,
        client_cert=client_cert,
        client_key=client_key,
        client_key_password=key_password(settings.environ, None),
        insecure_origins=tuple(
            _parse_host(each) for each in settings.items("allow_insecure_host")
        ),
        proxies=_proxies(settings),
        connect_timeout=min(10.0, timeout),
        read_timeout=timeout,
        user_agent=f"admit/{__version__}",
    )


def retries_of(settings: Settings) -> int:
    """How often a failing transfer is tried again.

    Raises:
        BadNetworkSetting: it is no whole number from 0 on.
    """
    number = settings.number("retries", MOST_RETRIES)
    if number < 0 or number != int(number):
        raise BadNetworkSetting(
            f"{settings.origin_of('retries')}: {number:g} is no number of retries"
        )
    return int(number)


def secrets_of(settings: Settings) -> list[Secret]:
    """Return the passwords of proxies and of clients' keys; no text may show them."""
    proxies = _proxies(settings)
    sources = [each.source for each in settings.indexes]
    found = [
        each.userinfo.password
        for each in (proxies.http, proxies.https, *(own.proxy for own in sources))
        if isinstance(each, Url) and each.userinfo
    ]
    found += [own.client_key_password for own in sources]
    found.append(key_password(settings.environ, None))
    return [each for each in found if each]


def _trust(settings: Settings) -> tuple[str | None, str | None]:
    """Return the file and the folder of authorities; None, None for the system's."""
    given = settings.text("cert")
    if given:
        return _split_path(settings, given, settings.origin_of("cert"))
    environ = settings.environ
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file:
        return _split_path(settings, file, "SSL_CERT_FILE")
    if folder:
        return _split_path(settings, folder, "SSL_CERT_DIR")
    for name in _BUNDLES:
        if environ.get(name):
            return _split_path(settings, environ[name], name)
    return None, None


def _split_path(
    settings: Settings, path: str, origin: str
) -> tuple[str | None, str | None]:
    path = os.path.join(settings.cwd, expand_home(settings, path))
    if os.path.isdir(path):
        return None, path
    if os.path.isfile(path):
        return path, None
    raise BadNetworkSetting(
        f"the certificate authorities of {origin} are not there: {path}",
        fix=f"correct or unset {origin}; without it the system's authorities count",
    )


def _client_cert(settings: Settings) -> tuple[str | None, str | None]:
    """Return certificate and key; no key where it is in the certificate's file."""
    cert = _file_of(settings, "client_cert", "SSL_CLIENT_CERT", "certificate")
    key = _file_of(settings, "client_key", "SSL_CLIENT_KEY", "key")
    if key is not None and cert is None:
        raise BadNetworkSetting(
            "a client key is given, but no client certificate",
            fix="name the certificate with --client-cert or SSL_CLIENT_CERT",
        )
    return cert, key


def _file_of(settings: Settings, key: str, variable: str, noun: str) -> str | None:
    given, origin = settings.text(key), settings.origin_of(key)
    if not given:
        given, origin = settings.environ.get(variable), variable
    if not given:
        return None
    path = os.path.join(settings.cwd, expand_home(settings, given))
    if not os.path.isfile(path):
        raise BadNetworkSetting(f"the client {noun} of {origin} is not there: {path}")
    return path


def _parse_host(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if colon and port.isdecimal() and not host.endswith(":"):
        return host.strip("[]").lower(), int(port)
    return text.strip("[]").lower(), None


def _proxies(settings: Settings) -> ProxyOptions:
    environ = settings.environ
    no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    exempt = tuple(each.strip() for each in no_proxy.split(",") if each.strip())
    given = settings.text("proxy")
    if given:
        proxy = _parse_proxy(given, settings.origin_of("proxy"))
        return ProxyOptions(proxy, proxy, exempt)
    return ProxyOptions(
        _variable(settings, "http_proxy"), _variable(settings, "https_proxy"), exempt
    )


def _variable(settings: Settings, name: str) -> Url | None:
    names = [name, name.upper(), "all_proxy", "ALL_PROXY"]
    if name == "http_proxy" and "REQUEST_METHOD" in settings.environ:
        names.remove("HTTP_PROXY")  # under CGI it is the client's Proxy header
    for each in names:
        text = settings.environ.get(each)
        if text:
            return _parse_proxy(text, each)
    return None


def _parse_proxy(text: str, origin: str) -> Url:
    try:
        return parse_proxy(text)
    except InvalidUrl as error:
        raise BadNetworkSetting(
            f"{origin}: {error.what}", why=error.why, fix=error.fix
        ) from error
