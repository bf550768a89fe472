"""Which certification authorities are trusted when nobody says.

For: the operating system's own store, found explicitly, because a library's
compiled-in path is its builder's and not this machine's.
Does not know: the environment (`config` reads `SSL_CERT_FILE` and its like and
hands over paths), TLS.
Shape: `Trust`: a PEM bundle, a hashed directory, or the platform's native store.
"""

from __future__ import annotations

import os

from admit.value import value

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo, NixOS
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # older Fedora, RHEL, CentOS
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # SUSE
    "/etc/pki/tls/cacert.pem",  # OpenELEC
    "/etc/ssl/cert.pem",  # Alpine, OpenBSD
    "/usr/local/share/certs/ca-root-nss.crt",  # FreeBSD
    "/etc/ssl/certs/ca-bundle.crt",  # NixOS, older
    "/etc/openssl/certs/ca-certificates.crt",  # NetBSD
)
DIRECTORIES = (
    "/etc/ssl/certs",  # SLES, Debian
    "/etc/pki/tls/certs",  # Fedora, RHEL
    "/system/etc/security/cacerts",  # Android
)


@value
class Trust:
    """Where trusted authorities are read from."""

    file: str | None = None
    directory: str | None = None
    is_native: bool = False
    """The platform's own store (Windows, macOS), which has no path."""
    is_system: bool = False
    """Found by us; not chosen by the user."""

    def __str__(self) -> str:
        """Say which settings are in force, for error messages."""
        if self.is_native:
            return "the operating system's certificate store"
        places = [
            f"{kind} {place}"
            for kind, place in (("file", self.file), ("directory", self.directory))
            if place
        ]
        if not places:
            return "none: this system has no CA bundle in a known place"
        owner = "the system's CA" if self.is_system else "CA"
        return f"{owner} {' and '.join(places)}"


def choose_trust(platform: str, ca_file: str | None, ca_dir: str | None) -> Trust:
    """Return the user's choice, or the system's store.

    Args:
        platform: `sys.platform`.
        ca_file: A PEM bundle chosen by the user, in place of the system's.
        ca_dir: A hashed directory chosen by the user; may stand beside a bundle.
    """
    if ca_file or ca_dir:
        return Trust(file=ca_file, directory=ca_dir)
    if platform in ("win32", "darwin"):
        return Trust(is_native=True, is_system=True)
    for bundle in BUNDLES:
        if os.path.isfile(bundle):
            return Trust(file=bundle, is_system=True)
    for directory in DIRECTORIES:
        if os.path.isdir(directory):
            return Trust(directory=directory, is_system=True)
    return Trust(is_system=True)
