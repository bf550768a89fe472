"""Trust and client certificate of one source: to its own origins, and no others.

For: `ca-cert` and `client-cert` of an index (rule R4 of docs/auth.md, pain I5).
Does not know: credentials in headers, how TLS is spoken.
Shape: a source and a URL -> `TlsOptions`, or None for what the run has for everybody.
"""

from __future__ import annotations

from admit.auth.scheme import Identity
from admit.auth.scope import own_origins
from admit.errors import EnvironmentProblem
from admit.net.transport import TlsOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from admit.auth.scope import Source
    from admit.spec.url import Origin, Url


class CannotReadCertificate(EnvironmentProblem):
    """A client certificate was there when settings were read, and is not now."""

    code = "cannot-read-certificate"


def tls_for(
    url: Url, source: Source, upgraded: Collection[Origin], usual: TlsOptions
) -> TlsOptions | None:
    """Return what one request uses in place of what every other does.

    Args:
        url: where it goes, this hop.
        source: whom it serves.
        upgraded: https origins that the source's http origin redirected to.
        usual: what the run has for every request.
    """
    if source.client_cert is None and source.ca_cert is None:
        return None
    if url.origin not in own_origins(source, upgraded):
        return None
    has_own_cert = source.client_cert is not None and source.policy != "never"
    return TlsOptions(
        ca_file=source.ca_cert or usual.ca_file,
        ca_dir=None if source.ca_cert else usual.ca_dir,
        client_cert=source.client_cert if has_own_cert else usual.client_cert,
        client_key=None if has_own_cert else usual.client_key,
        client_key_password=None if has_own_cert else usual.client_key_password,
    )


def with_certificate(identity: Identity, source: Source, key: bytes) -> Identity:
    """Return who asks, a client certificate of the source's taken into account.

    Another certificate is another identity: listings are not shared (rule R7).

    Raises:
        CannotReadCertificate: it cannot be read.
    """
    if source.client_cert is None or source.policy == "never":
        return identity
    if identity.fingerprint.startswith("principal:"):
        return identity
    try:
        with open(source.client_cert, "rb") as file:
            content = file.read()
    except OSError as error:
        raise CannotReadCertificate(
            f"cannot read the client certificate of {source.label}: "
            f"{source.client_cert}",
            why=error.strerror,
        ) from error
    from hashlib import blake2b

    digest = blake2b(content, key=key, digest_size=16).hexdigest()
    who = "nobody" if identity.is_anonymous else identity.label
    return Identity(f"{identity.fingerprint}-{digest}", f"{who} with a certificate")
