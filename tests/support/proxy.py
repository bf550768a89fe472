"""A small HTTP proxy on loopback: forwarding and CONNECT, with or without Basic.

For: wire tests. It records what it was asked; whatever name it is asked for, it
connects to 127.0.0.1, so that tests may use host names that do not exist.
"""

from __future__ import annotations

import base64
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.raw_server import Received, answer

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Proxy:
    """What a running proxy saw."""

    port: int = 0
    pair: str | None = None
    schemes: tuple[str, ...] = ('Basic realm="proxy"',)
    requests: list[Received] = field(default_factory=list)
    listener: socket.socket = field(default_factory=socket.socket)

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            try:
                self._answer(peer)
            except OSError:
                pass

    def _answer(self, peer: socket.socket) -> None:
        buffer = b""
        while b"\r\n\r\n" not in buffer:
            chunk = peer.recv(65536)
            if not chunk:
                return
            buffer += chunk
        head, _, rest = buffer.partition(b"\r\n\r\n")
        request = Received(head, len(self.requests) + 1)
        self.requests.append(request)
        if self.pair is not None:
            wanted = "Basic " + base64.b64encode(self.pair.encode()).decode()
            if request.header("proxy-authorization") != wanted:
                offers = [f"Proxy-Authenticate: {scheme}" for scheme in self.schemes]
                refusal = "407 Proxy Authentication Required"
                peer.sendall(answer(b"no", status=refusal, headers=offers))
                return
        if request.method == "CONNECT":
            port = int(request.target.rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)) as server:
                peer.sendall(
                    b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n"
                )
                server.sendall(rest)
                _join(peer, server)
            return
        authority, _, path = request.target.partition("://")[2].partition("/")
        port = int(authority.rpartition(":")[2])
        lines = head.split(b"\r\n")
        lines[0] = f"{request.method} /{path} HTTP/1.1".encode()
        kept = [line for line in lines if not line.lower().startswith(b"proxy-")]
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.sendall(b"\r\n".join(kept) + b"\r\n\r\n")
            _join(peer, server)


def _join(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until both sides have ended."""

    def carry(source: socket.socket, target: socket.socket) -> None:
        try:
            while chunk := source.recv(65536):
                target.sendall(chunk)
        except OSError:
            pass
        finally:
            try:
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    back = threading.Thread(target=carry, args=(other, one), daemon=True)
    back.start()
    carry(one, other)
    back.join(10)


@contextmanager
def run_proxy(
    pair: str | None = None, schemes: tuple[str, ...] = ('Basic realm="proxy"',)
) -> Iterator[Proxy]:
    """Run a proxy; with `pair` ("NAME:PASSWORD") it wants exactly that."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        proxy = Proxy(listener.getsockname()[1], pair, schemes, [], listener)
        threading.Thread(target=proxy.run, daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)
