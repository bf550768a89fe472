"""A Kerberos realm on loopback: a KDC, a user with a ticket, a service with a key.

MIT's programs, as Debian packages them: krb5-kdc, krb5-admin-server (for
`kadmin.local`) and krb5-user (for `kinit`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from support.servers import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REALM = "CORP.EXAMPLE"
PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_PATH = "/usr/sbin:/usr/local/sbin:/usr/bin:/bin"
_KRB5 = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
{realm} = {{
    kdc = 127.0.0.1:{port}
}}
[domain_realm]
localhost = {realm}
127.0.0.1 = {realm}
"""
_KDC = """
[kdcdefaults]
kdc_listen = ""
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    max_life = 1h
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""


class Realm(NamedTuple):
    """A running realm."""

    folder: Path
    keytab: Path
    variables: dict[str, str]
    """What whoever lives in the realm has in the environment."""

    def ticket(self, folder: Path, user: str, password: str) -> dict[str, str]:
        """Get a ticket as `kinit` does; return the variables of who has it."""
        cache = folder / f"ticket-of-{user}"
        variables = {**self.variables, "KRB5CCNAME": f"FILE:{cache}"}
        _run(["kinit", user], variables, f"{password}\n")
        return variables


def missing_kerberos() -> str:
    """Return why there can be no realm here; empty if there can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=_PATH) is None]
    if not absent:
        return ""
    packages = "Debian: krb5-kdc, krb5-admin-server, krb5-user"
    return f"no {', '.join(absent)} here ({packages})"


@contextlib.contextmanager
def start_realm(
    folder: Path, user: str, password: str, service: str
) -> Iterator[Realm]:
    """Run a KDC that knows one user and one service."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "krb5.conf").write_text(_KRB5.format(realm=REALM, port=port))
    (folder / "kdc.conf").write_text(_KDC.format(realm=REALM, port=port, folder=folder))
    (folder / "acl").write_text("")
    variables = {"KRB5_CONFIG": str(folder / "krb5.conf")}
    own = {**variables, "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
    keytab = folder / "service.keytab"
    _run(["kdb5_util", "create", "-s", "-r", REALM, "-P", os.urandom(8).hex()], own)
    for query in (
        f"addprinc -pw {password} {user}",
        f"addprinc -randkey {service}",
        f"ktadd -k {keytab} {service}",
    ):
        _run(["kadmin.local", "-r", REALM, "-q", query], own)
    keytab.chmod(0o644)
    kdc = shutil.which("krb5kdc", path=_PATH)
    assigned = [f"{name}={text}" for name, text in own.items()]
    command = ["/usr/bin/env", *assigned, str(kdc), "-n", "-r", REALM]
    with running(command, [port], folder / "output", folder):
        yield Realm(folder, keytab, variables)


def _run(command: list[str], variables: dict[str, str], typed: str = "") -> None:
    done = subprocess.run(
        command,
        env={"PATH": _PATH, **variables},
        input=typed,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
