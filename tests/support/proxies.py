"""Real proxies on loopback: two from PyPI, squid from the system.

Each is a process of its own with the users it is given. `squid` also keeps a log of who
was let through, and speaks Negotiate (`negotiate`, with a `Realm`) and NTLM.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from support.servers import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.kerberos import Realm

SQUID_HELPERS = Path("/usr/lib/squid")
_SQUID = """
http_port 127.0.0.1:{port}
visible_hostname localhost
pid_filename {folder}/squid.pid
cache_log {folder}/cache.log
coredump_dir {folder}
logformat seen %>Hs %un %rm %ru
access_log stdio:{folder}/access.log seen
cache deny all
shutdown_lifetime 0 seconds
pinger_enable off
netdb_filename none
{auth}
acl known proxy_auth REQUIRED
http_access deny !known
http_access allow all
"""


class Passed(NamedTuple):
    """One request that squid answered."""

    status: int
    user: str
    """ "-" where nobody was known yet."""
    method: str
    url: str


class Squid(NamedTuple):
    """A running squid."""

    port: int
    folder: Path

    def requests(self, count: int = 1) -> list[Passed]:
        """Return what its log says, once there is so much of it.

        What has no status was no request: the look whether it listens.
        """
        log = self.folder / "access.log"
        until = time.monotonic() + 10
        while True:
            lines = log.read_text().splitlines() if log.exists() else []
            if len(lines) > count:  # the look is there too
                return [each for each in map(_passed, lines) if each.status]
            assert time.monotonic() < until, f"squid wrote {len(lines)} lines"
            time.sleep(0.02)


def _passed(line: str) -> Passed:
    status, user, method, url = line.split(" ", 3)
    return Passed(int(status), user, method, url)


@contextlib.contextmanager
def start_http_proxy(folder: Path, name: str, secret: str) -> Iterator[int]:
    """Run proxy.py with one user; yield its port."""
    port = free_port()
    command = [
        *(sys.executable, "-W", "ignore", "-m", "proxy", "--hostname", "127.0.0.1"),
        *("--port", str(port), "--num-workers", "1", "--num-acceptors", "1"),
        *("--basic-auth", f"{name}:{secret}", "--timeout", "60"),
    ]
    with running(command, [port], folder / "proxy-py", folder):
        yield port


@contextlib.contextmanager
def start_socks_proxy(folder: Path, name: str, secret: str) -> Iterator[int]:
    """Run asyncio-socks-server with one user; yield its port."""
    port = free_port()
    config = folder / "socks.json"
    users = {"AUTH_METHOD": 2, "USERS": {name: secret}}
    config.write_text(json.dumps(users))
    command = [
        *(sys.executable, "-W", "ignore", "-m", "asyncio_socks_server"),
        *("-H", "127.0.0.1", "-P", str(port), "--config", str(config)),
    ]
    with running(command, [port], folder / "socks", folder):
        yield port


def missing_squid(*helpers: str) -> str:
    """Return why there is no squid that can do this; empty if there is one."""
    if find_squid() is None:
        return "no squid here (Debian: squid)"
    absent = [each for each in helpers if not (SQUID_HELPERS / each).exists()]
    return f"squid has no {', '.join(absent)} here" if absent else ""


def find_squid() -> str | None:
    return shutil.which("squid", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def basic(folder: Path, name: str, secret: str) -> list[str]:
    """Lines by which squid wants Basic."""
    command = ["openssl", "passwd", "-apr1", "-stdin"]
    done = subprocess.run(
        command, input=secret, text=True, capture_output=True, check=True
    )
    users = folder / "users"
    users.write_text(f"{name}:{done.stdout}")
    users.chmod(0o644)
    helper = SQUID_HELPERS / "basic_ncsa_auth"
    return [
        f"auth_param basic program {helper} {users}",
        "auth_param basic children 1",
        "auth_param basic realm proxy",
    ]


def negotiate(realm: Realm, service: str) -> list[str]:
    """Lines by which squid wants Negotiate, as a service of a realm."""
    helper = SQUID_HELPERS / "negotiate_kerberos_auth"
    return [
        f"auth_param negotiate program {helper} -d -k {realm.keytab} -s {service}",
        "auth_param negotiate children 2",
        "auth_param negotiate keep_alive on",
    ]


def ntlm() -> list[str]:
    """Lines by which squid wants NTLM."""
    helper = SQUID_HELPERS / "ntlm_fake_auth"
    return [f"auth_param ntlm program {helper}", "auth_param ntlm children 1"]


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that squid can use, which leaves root's rights behind."""
    folder = Path(tempfile.mkdtemp(prefix="admit-squid-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def start_squid(folder: Path, auth: Sequence[str], **variables: str) -> Iterator[Squid]:
    """Run squid in an `open_folder`, with these `auth_param` lines."""
    binary = find_squid()
    assert binary is not None, "no squid: ask `missing_squid` first"
    port = free_port()
    config = folder / "squid.conf"
    config.write_text(_SQUID.format(port=port, folder=folder, auth="\n".join(auth)))
    command = [binary, "-N", "-n", f"admit{os.getpid()}", "-f", str(config)]
    assigned = [f"{name}={text}" for name, text in variables.items()]
    command = ["/usr/bin/env", *assigned, *command]
    with running(command, [port], folder / "output", folder):
        yield Squid(port, folder)
