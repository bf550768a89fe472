"""A loopback server that plays scripted bytes, and what it needs of TLS.

For: wire tests: whatever a server could send, sent on purpose. It records what it was
asked, and on which connection.
Shape: `serve(play)` where `play(request)` returns steps: bytes to send, an `Event` to
wait for, or `CLOSE` / `RESET`. After the steps the connection is kept alive.
"""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import trustme
from cryptography.hazmat.primitives import serialization

from admit.spec.url import Url, parse_url

if TYPE_CHECKING:
    from pathlib import Path


class End(Enum):
    """How a server may end a connection."""

    CLOSE = "an orderly end"
    RESET = "a TCP reset"


CLOSE, RESET = End.CLOSE, End.RESET
Step = bytes | threading.Event | End


@dataclass(frozen=True)
class Received:
    """One request as the server saw it."""

    head: bytes
    connection: int
    """Number of the connection it came on, from 1."""

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode("latin-1")

    def header(self, name: str) -> str | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, text = line.decode("latin-1").partition(":")
            if key.lower() == name:
                return text.strip()
        return None


Play = Callable[[Received], Iterable[Step]]


def answer(
    body: bytes = b"", *, status: str = "200 OK", headers: Iterable[str] = ()
) -> bytes:
    """Write a sound answer with Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """A running server; see `serve`."""

    play: Play
    tls: ssl.SSLContext | None
    host: str
    listener: socket.socket
    port: int
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    closing: threading.Event = field(default_factory=threading.Event)
    open_sockets: set[socket.socket] = field(default_factory=set)

    def url(self, path: str = "/", host: str | None = None) -> Url:
        scheme = "https" if self.tls else "http"
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return parse_url(f"{scheme}://{name}:{self.port}{path}")

    def run(self) -> None:
        """Accept connections until the listener is closed."""
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(
                target=self._serve, args=(peer, self.connections), daemon=True
            ).start()

    def _serve(self, peer: socket.socket, number: int) -> None:
        try:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                peer = _secure(self.tls, peer)
            self.open_sockets.add(peer)
            buffer = b""
            while True:
                while b"\r\n\r\n" not in buffer:
                    chunk = peer.recv(65536)
                    if not chunk:
                        return
                    buffer += chunk
                    if not buffer[:1].isalpha():  # TLS, most likely
                        peer.sendall(answer(b"what?", status="400 Bad Request"))
                        return
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                request = Received(head, number)
                self.requests.append(request)
                if not self._play(peer, request):
                    return
        except OSError:  # the client went away, or would not trust us
            pass
        finally:
            self.open_sockets.discard(peer)
            peer.close()

    def _play(self, peer: socket.socket, request: Received) -> bool:
        for step in self.play(request):
            if isinstance(step, bytes):
                peer.sendall(step)
            elif isinstance(step, threading.Event):
                while not step.wait(0.05) and not self.closing.is_set():
                    pass
            else:
                if step is RESET:
                    linger = struct.pack("ii", 1, 0)
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
        return True


def _secure(tls: ssl.SSLContext, peer: socket.socket) -> socket.socket:
    """Shake hands; after a refusal keep the socket until the client has read why."""
    with peer.dup() as kept:
        try:
            return tls.wrap_socket(peer, server_side=True)
        except ssl.SSLError:
            kept.settimeout(2)
            while kept.recv(65536):
                pass
            raise


@contextmanager
def serve(
    play: Play, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[RawServer]:
    """Run a server for the length of a `with` block."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen(128)
        server = RawServer(play, tls, host, listener, listener.getsockname()[1])
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            listener.shutdown(socket.SHUT_RDWR)
            for peer in list(server.open_sockets):
                try:
                    peer.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            thread.join(5)


class Authority:
    """A private CA, its bundle on disk, and what it issues."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.bundle = folder / f"{name}.pem"
        self.ca.cert_pem.write_to_path(self.bundle)

    def server_context(
        self,
        *hosts: str,
        is_expired: bool = False,
        wants_client: bool = False,
        protocols: Iterable[str] = ("http/1.1",),
    ) -> ssl.SSLContext:
        """Return the settings of a server whose certificate names `hosts`."""
        now = dt.datetime.now(dt.UTC)
        end = now - dt.timedelta(days=1) if is_expired else None
        start = now - dt.timedelta(days=9) if is_expired else None
        cert = self.ca.issue_cert(*hosts, not_before=start, not_after=end)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(list(protocols))
        cert.configure_cert(context)
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            self.ca.configure_trust(context)
        return context

    def client_pem(self, name: str, *, password: bytes | None = None) -> Path:
        """Write a client certificate and its key into one PEM file."""
        cert = self.ca.issue_cert(f"{name}@host.example", common_name=name)
        key = cert.private_key_pem.bytes()
        if password is not None:
            loaded = serialization.load_pem_private_key(key, None)
            key = loaded.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(password),
            )
        path = self.folder / f"{name}.pem"
        path.write_bytes(cert.cert_chain_pems[0].bytes() + key)
        return path
