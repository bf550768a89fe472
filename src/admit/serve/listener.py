"""The sockets of the embedded index: connections in, answers out.

For: speaking HTTP/1.1 with many clients at once, and ending at once when told to.
Does not know: indexes, accounts, what an answer means. It sends the odd ones too:
cut short, slow, raw.
Shape: a `Listener` accepts in one thread and serves each connection in another; it
asks `answer(asked)` for each request.
Spec: RFC 9112 (HTTP/1.1, persistent connections).
"""

from __future__ import annotations

import contextlib
import http.server
import os
import socket
import socketserver
import ssl
import sys
import threading
import time

from admit.errors import NetworkError
from admit.serve.answer import Asked
from admit.serve.visibility import parse_authorization
from admit.spec.url import percent_decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from admit.serve.answer import Answer

    _Socket: TypeAlias = Any  # the base class also knows datagram sockets
    _Address: TypeAlias = Any

DISCONNECTED = (ConnectionError, TimeoutError, ssl.SSLError)
SMALL = 64 * 1024
HANDSHAKE_SECONDS = 10.0


class CannotListen(NetworkError):
    """The address to serve on cannot be had."""

    code = "cannot-listen"


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket with its threads."""

    allow_reuse_address = os.name == "posix"
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        answer: Callable[[Asked], Answer],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.tls = tls
        self.failures: list[BaseException] = []
        """Faults of the server itself."""
        self.closing = threading.Event()
        """Set once it stops; pauses wait on it."""
        self.answer = answer
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        try:
            super().__init__(address, _Handler)
        except (OSError, OverflowError) as error:
            raise CannotListen(
                f"cannot listen on {address[0]} port {address[1]}",
                why=getattr(error, "strerror", None) or str(error),
                fix="choose another --port, or leave it out for a free one",
            ) from error
        self.port: int = self.server_address[1]
        scheme = "http" if tls is None else "https"
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.origin = f"{scheme}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, break what is open, wait for the threads."""
        self.closing.set()
        # A last connection wakes the accepting thread, which then sees the end.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(  # noqa: S104  # compared only
            str(self.server_address[0]), str(self.server_address[0])
        )
        with contextlib.suppress(OSError):
            socket.create_connection((host, self.port), 1).close()
        self._thread.join()
        with self._guard:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def track(self, connection: socket.socket) -> None:
        """Remember a connection, to break it when the server closes."""
        with self._guard:
            self._open.add(connection)

    def process_request(self, request: _Socket, client_address: _Address) -> None:
        self.track(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Socket) -> None:
        with self._guard:
            self._open.discard(request)
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        request.close()

    def verify_request(self, request: _Socket, client_address: _Address) -> bool:  # noqa: ARG002  # the base's
        return not self.closing.is_set()

    def handle_error(self, request: _Socket, client_address: _Address) -> None:  # noqa: ARG002  # the base's
        error = sys.exception()
        if error is not None and not isinstance(error, DISCONNECTED):
            self.failures.append(error)

    def _accept(self) -> None:
        while not self.closing.is_set():
            self.handle_request()


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection: reads requests, writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def setup(self) -> None:
        if self.server.tls is not None:
            self.request.settimeout(HANDSHAKE_SECONDS)
            self.request = self.server.tls.wrap_socket(self.request, server_side=True)
            self.request.settimeout(None)
            self.server.track(self.request)
        super().setup()

    def finish(self) -> None:
        with contextlib.suppress(*DISCONNECTED):
            super().finish()
        # The TLS socket is another object than the one the listener closes.
        self.server.shutdown_request(self.request)

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if length != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True  # a body that nobody reads
        self._send(self._answer())

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Say nothing: requests are logged by the owner."""

    def _answer(self) -> Answer:
        target = self.path
        if "://" in target.partition("?")[0]:
            target = "/" + target.partition("://")[2].partition("/")[2]
        path, _, query = target.partition("?")
        headers = {key.lower(): text for key, text in self.headers.items()}
        offer = parse_authorization(headers.pop("authorization", None))
        asked = Asked(
            self.command,
            percent_decode(path),
            query,
            headers,
            offer,
            self.server.origin,
            time.monotonic(),
        )
        return self.server.answer(asked)

    def _send(self, answer: Answer) -> None:
        if answer.raw is not None:
            self.wfile.write(answer.raw)
        if answer.raw is not None or answer.status == 0:
            self.close_connection = True
            return
        start, stop = answer.span or (0, len(answer.body))
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        head = self._head(answer, stop - start)
        if answer.file is None or not has_body:
            body = answer.body if has_body else b""
        elif stop - start <= SMALL or answer.cut is not None or answer.pace:
            body = _read_part(answer.file, start, stop)
        else:
            self.wfile.write(head)
            with open(answer.file, "rb") as file:
                self.connection.sendfile(file, start, stop - start)
            return
        if answer.cut is not None:
            body = body[: answer.cut]
            self.close_connection = True
        self._write(head, body, answer.pace)

    def _write(self, head: bytes, body: bytes, pace: tuple[int, float] | None) -> None:
        if pace is None:
            self.wfile.write(head + body)
            return
        self.wfile.write(head)
        size, pause = pace
        for at in range(0, len(body), size):
            self.wfile.write(body[at : at + size])
            if self.server.closing.wait(pause):
                return

    def _head(self, answer: Answer, length: int) -> bytes:
        reason = self.responses.get(answer.status, ("Odd", ""))[0]
        lines = [f"HTTP/1.1 {answer.status} {reason}"]
        lines += [f"{name}: {text}" for name, text in answer.headers]
        names = {name.lower() for name, _ in answer.headers}
        if "content-length" not in names and answer.status not in (204, 304):
            lines.append(f"Content-Length: {length}")
        if "date" not in names:
            lines.append(f"Date: {self.date_time_string()}")
        if self.close_connection:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def _read_part(path: str, start: int, stop: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(stop - start)
