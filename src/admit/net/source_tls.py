"""Transport identity of one source: certificate, trust and proxy, for its own origins.

For: `client-cert`, `ca-cert` and `proxy` of an index, and the run's own client
certificate: all of them follow rule R4 of docs/auth.md (pain I5).
Does not know: credentials in headers, how TLS or a proxy is spoken.
Shape: a source and a URL -> `TlsOptions`, a proxy; None for what the run has for all.
"""

from __future__ import annotations

from admit.auth.scheme import Identity
from admit.auth.scope import own_origins
from admit.errors import EnvironmentProblem
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Literal

    from admit.auth.scope import Source
    from admit.net.transport import TlsOptions
    from admit.spec.url import Origin, Url


class CannotReadCertificate(EnvironmentProblem):
    """A client certificate was there when settings were read, and is not now."""

    code = "cannot-read-certificate"


def tls_for(
    url: Url, source: Source, upgraded: Collection[Origin], usual: TlsOptions
) -> TlsOptions | None:
    """Return what one request uses in place of what the run has.

    Nobody but the source's own origins is shown a certificate, be it the source's or
    the run's; nor is a source that is public or to be used as nobody shown the run's.

    Args:
        url: where it goes, this hop.
        source: whom it serves.
        upgraded: https origins that the source's http origin redirected to.
        usual: what the run has for every request.
    """
    is_own = url.origin in own_origins(source, upgraded)
    tls = certificate_of(source, usual) if is_own else _bare(usual)
    if is_own and source.ca_cert is not None:
        tls = replace(tls, ca_file=source.ca_cert, ca_dir=None)
    return None if tls == usual else tls


def proxy_for_source(
    url: Url, source: Source, upgraded: Collection[Origin]
) -> Url | Literal["direct"] | None:
    """Return the source's own proxy for its own origins; None for the run's choice."""
    return source.proxy if url.origin in own_origins(source, upgraded) else None


def certificate_of(source: Source, usual: TlsOptions) -> TlsOptions:
    """Return the run's TLS settings with the client certificate that a source gets."""
    if source.policy == "never":
        return _bare(usual)
    if source.client_cert is not None:
        return replace(
            usual,
            client_cert=source.client_cert,
            client_key=source.client_key,
            client_key_password=source.client_key_password,
        )
    return _bare(usual) if source.is_public else usual


def with_certificate(
    identity: Identity, source: Source, usual: TlsOptions, key: bytes
) -> Identity:
    """Return who asks, a client certificate taken into account.

    Another certificate is another identity: listings are not shared (rule R7).

    Raises:
        CannotReadCertificate: it cannot be read.
    """
    path = certificate_of(source, usual).client_cert
    if path is None or identity.fingerprint.startswith("principal:"):
        return identity
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise CannotReadCertificate(
            f"cannot read the client certificate of {source.label}: {path}",
            why=error.strerror,
        ) from error
    from hashlib import blake2b

    digest = blake2b(content, key=key, digest_size=16).hexdigest()
    who = "nobody" if identity.is_anonymous else identity.label
    return Identity(f"{identity.fingerprint}-{digest}", f"{who} with a certificate")


def _bare(usual: TlsOptions) -> TlsOptions:
    return replace(usual, client_cert=None, client_key=None, client_key_password=None)
