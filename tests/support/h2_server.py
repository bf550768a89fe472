"""An HTTP/2 server on loopback: one answer per stream, streams served side by side.

For: wire tests of multiplexing. It records the targets asked for on each connection,
and the most streams that were open at once on one.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, WindowUpdated

from admit.spec.url import Url, parse_url

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass
class H2Server:
    """A running server; see `serve_h2`."""

    tls: ssl.SSLContext
    body: bytes
    delay: float
    listener: socket.socket
    port: int
    targets: list[list[str]] = field(default_factory=list)
    """Of each connection, in order."""
    most_streams: int = 0
    is_rude: bool = False
    """Reset every stream in place of an answer."""

    def url(self, path: str = "/") -> Url:
        return parse_url(f"https://127.0.0.1:{self.port}{path}")

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            with self.tls.wrap_socket(peer, server_side=True) as secured:
                self._converse(secured)
        except OSError:
            pass

    def _converse(self, peer: ssl.SSLSocket) -> None:
        connection = H2Connection(H2Configuration(client_side=False))
        connection.initiate_connection()
        peer.sendall(connection.data_to_send())
        targets: list[str] = []
        self.targets.append(targets)
        due: dict[int, float] = {}
        unsent: dict[int, bytes] = {}
        while True:
            if peer.pending() or select.select([peer], [], [], 0.005)[0]:
                chunk = peer.recv(65536)
                if not chunk:
                    return
                for event in connection.receive_data(chunk):
                    if isinstance(event, RequestReceived):
                        fields = {bytes(key): text for key, text in event.headers}
                        targets.append(bytes(fields[b":path"]).decode())
                        due[event.stream_id] = monotonic() + self.delay
                        self.most_streams = max(self.most_streams, len(due))
                    elif isinstance(event, DataReceived | WindowUpdated):
                        pass
            for stream in [each for each, when in due.items() if when <= monotonic()]:
                del due[stream]
                if self.is_rude:
                    connection.reset_stream(stream, 2)
                    continue
                length = str(len(self.body))
                connection.send_headers(
                    stream, [(":status", "200"), ("content-length", length)]
                )
                unsent[stream] = self.body
            self._send(connection, unsent)
            peer.sendall(connection.data_to_send())

    def _send(self, connection: H2Connection, unsent: dict[int, bytes]) -> None:
        """Send as much of every body as the client's windows allow."""
        for stream, body in list(unsent.items()):
            while body:
                room = min(
                    connection.local_flow_control_window(stream),
                    connection.max_outbound_frame_size,
                )
                if room <= 0:
                    break
                connection.send_data(stream, body[:room])
                body = body[room:]
            if body:
                unsent[stream] = body
            else:
                connection.end_stream(stream)
                del unsent[stream]


@contextmanager
def serve_h2(
    tls: ssl.SSLContext, *, body: bytes = b"two", delay: float = 0.0
) -> Iterator[H2Server]:
    """Run a server whose TLS settings offer `h2`."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port = listener.getsockname()[1]
        server = H2Server(tls, body, delay, listener, port)
        threading.Thread(target=server.run, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
