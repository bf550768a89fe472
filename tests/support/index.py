"""The embedded index as tests use it: worlds of wheels, logins, TLS.

`founding_index` is the founding case on a port of its own; `IndexServer` itself
takes any folder. Everything about what it can do stands in `admit.serve.server`.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple

import trustme

from admit.serve.behaviour import PARTIAL, Behaviour
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


SECRET = "s3cr3t-canary"
ALICE = account("alice", SECRET, "*")
"""Sees everything. The secret is a canary: it must appear in no output."""


class Got(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def versions(self) -> list[str]:
        versions: list[str] = json.loads(self.body)["versions"]
        return versions

    @property
    def files(self) -> list[dict[str, Any]]:
        files: list[dict[str, Any]] = json.loads(self.body)["files"]
        return files


def fetch(
    server: IndexServer, path: str, *headers: dict[str, str], method: str = "GET"
) -> Got:
    """Ask once, over a connection of its own; `path` may be a whole URL."""
    port = server.port
    if path.startswith("http://"):
        authority, _, rest = path.removeprefix("http://").partition("/")
        port, path = int(authority.rpartition(":")[2]), f"/{rest}"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        merged = {key: text for each in headers for key, text in each.items()}
        connection.request(method, path, headers=merged)
        response = connection.getresponse()
        return Got(response.status, response.headers, response.read())
    finally:
        connection.close()


class Tls(NamedTuple):
    """A private certificate authority and a server-side context for 127.0.0.1."""

    context: ssl.SSLContext
    ca_file: Path


def make_tls(directory: Path, *names: str) -> Tls:
    """Make an authority, and a certificate for the names (default: loopback)."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued = authority.issue_cert(*(names or ("127.0.0.1", "localhost", "::1")))
    issued.configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    ca_file = directory / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    return Tls(context, ca_file)


def build_founding_world(directory: Path) -> Path:
    """Two releases of `mypackage`, the newer with a dependency, and that one."""
    directory.mkdir(parents=True, exist_ok=True)
    build_wheel(directory, "mypackage", "2020.1")
    build_wheel(directory, "mypackage", "2024.1", requires=["mydependency>=1"])
    build_wheel(directory, "mydependency", "1.4")
    return directory


@contextlib.contextmanager
def founding_index(
    directory: Path,
    behaviour: Behaviour = PARTIAL,
    *,
    tls: Tls | None = None,
) -> Iterator[IndexServer]:
    """Serve the founding world: everybody sees 2020, `ALICE` sees all."""
    folder = build_founding_world(directory)
    with IndexServer(
        folder,
        accounts=[ALICE],
        public=["mypackage==2020.*"],
        tls=tls.context if tls else None,
        behaviour=behaviour,
    ) as server:
        yield server


def basic(username: str = "alice", password: str = SECRET) -> dict[str, str]:
    """The header of a login, for requests made by hand."""
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def write_netrc(path: Path, host: str = "127.0.0.1", login: str = "alice") -> Path:
    """Write a netrc with one machine and the secret of `ALICE`."""
    path.write_text(f"machine {host} login {login} password {SECRET}\n")
    path.chmod(0o600)
    return path
