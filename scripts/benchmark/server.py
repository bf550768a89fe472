"""A loopback HTTP/1.1 server that is not what a benchmark measures.

For: serving a `Site` to many connections from one thread, counting what is asked.
Bodies are encoded before the first request; an answer is a dictionary lookup and a
send. Keep-alive, pipelining, HEAD, ETag/304, one byte range, optional latency.
Does not know: installers, timing. Listens on 127.0.0.1 only.
Run: `python server.py --snapshot DIR --wheels DIR`; prints `ready PORT`.
`/__stats` answers the counters as JSON, `/__reset` sets them to zero; neither counts.
"""

from __future__ import annotations

import argparse
import heapq
import json
import re
import selectors
import socket
import sys
import time
from collections import deque
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmark.content import Blob, Page, snapshot_site, wheels_site
from benchmark.snapshot import read_snapshot

if TYPE_CHECKING:
    from benchmark.content import Form, Site

REASONS = {200: "OK", 206: "Partial Content", 304: "Not Modified", 404: "Not Found"}
RECEIVE = 1 << 16
SEND = 1 << 20


def new_counters() -> dict[str, Any]:
    """Return counters at zero."""
    return {
        "requests": 0,
        "connections": 0,
        "page": 0,
        "not-modified": 0,
        "metadata": 0,
        "file": 0,
        "range": 0,
        "bytes": 0,
        "misses": [],
    }


class Connection:
    """One client's connection: what came in, what is to go out."""

    __slots__ = ("counted", "incoming", "outgoing", "socket", "writing")

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.incoming = bytearray()
        self.outgoing: deque[memoryview] = deque()
        self.writing = False
        self.counted = False


class Server:
    """One thread, many connections."""

    def __init__(self, site: Site, *, port: int = 0, latency: float = 0.0) -> None:
        """Listen on a port; `latency` is in seconds, before every answer."""
        self.site = site
        self.latency = latency
        self.counters = new_counters()
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.port: int = self.listener.getsockname()[1]
        self.due: list[tuple[float, int, Connection, list[bytes]]] = []
        self.order = 0
        self.date = b""
        self.date_second = 0

    def run(self) -> None:
        """Serve until the process is ended."""
        while True:
            wait = None
            if self.due:
                wait = max(0.0, self.due[0][0] - time.monotonic())
            for key, events in self.selector.select(wait):
                if key.data is None:
                    self._accept()
                else:
                    self._turn(key.data, events)
            while self.due and self.due[0][0] <= time.monotonic():
                _, _, connection, parts = heapq.heappop(self.due)
                self._send(connection, parts)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(sock, selectors.EVENT_READ, Connection(sock))

    def _turn(self, connection: Connection, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE:
                self._flush(connection)
            if events & selectors.EVENT_READ:
                received = connection.socket.recv(RECEIVE)
                if not received:
                    self._close(connection)
                    return
                connection.incoming += received
                self._read(connection)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)

    def _read(self, connection: Connection) -> None:
        while (end := connection.incoming.find(b"\r\n\r\n")) >= 0:
            head = bytes(connection.incoming[:end])
            del connection.incoming[: end + 4]
            parts = self._answer(head, connection)
            if self.latency:
                self.order += 1
                due = time.monotonic() + self.latency
                heapq.heappush(self.due, (due, self.order, connection, parts))
            else:
                self._send(connection, parts)

    def _send(self, connection: Connection, parts: list[bytes]) -> None:
        connection.outgoing.extend(memoryview(part) for part in parts if part)
        try:
            self._flush(connection)
        except OSError:
            self._close(connection)

    def _flush(self, connection: Connection) -> None:
        outgoing = connection.outgoing
        while outgoing:
            view = outgoing[0]
            try:
                sent = connection.socket.send(view[:SEND])
            except BlockingIOError:
                self._watch(connection, writing=True)
                return
            if sent == len(view):
                outgoing.popleft()
            else:
                outgoing[0] = view[sent:]
        self._watch(connection, writing=False)

    def _watch(self, connection: Connection, *, writing: bool) -> None:
        if connection.writing != writing:
            connection.writing = writing
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            self.selector.modify(connection.socket, events, connection)

    def _close(self, connection: Connection) -> None:
        try:
            self.selector.unregister(connection.socket)
        except (KeyError, ValueError):
            return
        connection.socket.close()

    def _answer(self, head: bytes, connection: Connection) -> list[bytes]:
        lines = head.split(b"\r\n")
        method, target, _ = lines[0].split(b" ", 2)
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        path = target.partition(b"?")[0].decode("latin-1")
        if path.startswith("/__"):
            return self._control(path)
        counters = self.counters
        counters["requests"] += 1
        if not connection.counted:
            connection.counted = True
            counters["connections"] += 1
        status, form, body = self._find(path, headers)
        if method == b"HEAD":
            return [self._head(status, form, len(body))]
        counters["bytes"] += len(body)
        return [self._head(status, form, len(body)), body]

    def _find(self, path: str, headers: dict[bytes, bytes]) -> tuple[int, bytes, bytes]:
        """Return status, header lines and body; count."""
        counters = self.counters
        thing = self.site.get(path)
        if thing is None:
            counters["misses"].append(path)
            return 404, b"content-type: text/plain\r\n", b"not here"
        if isinstance(thing, Page):
            form = thing.form(
                as_json=b"simple.v1+json" in headers.get(b"accept", b""),
                zipped=b"gzip" in headers.get(b"accept-encoding", b""),
            )
            kind = "page"
        else:
            form, kind = thing.form, thing.kind
        if headers.get(b"if-none-match") == form.etag:
            counters["not-modified"] += 1
            return 304, form.headers, b""
        counters[kind] += 1
        if isinstance(thing, Blob) and b"range" in headers:
            return self._cut(form, headers[b"range"])
        return 200, form.headers, form.body

    def _cut(self, form: Form, asked: bytes) -> tuple[int, bytes, bytes]:
        found = re.fullmatch(rb"bytes=(\d*)-(\d*)", asked)
        size = len(form.body)
        if found is None or not (found[1] or found[2]):
            return 200, form.headers, form.body
        self.counters["range"] += 1
        if found[1]:
            start = int(found[1])
            end = min(int(found[2] or size - 1), size - 1)
        else:
            start, end = max(0, size - int(found[2])), size - 1
        line = b"content-range: bytes %d-%d/%d\r\n" % (start, end, size)
        return 206, form.headers + line, form.body[start : end + 1]

    def _head(self, status: int, headers: bytes, length: int) -> bytes:
        second = int(time.time())
        if second != self.date_second:
            self.date_second = second
            self.date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        first = f"HTTP/1.1 {status} {REASONS[status]}\r\n".encode()
        ending = b"\r\n" if status == 304 else b"content-length: %d\r\n\r\n" % length
        return first + self.date + headers + ending

    def _control(self, path: str) -> list[bytes]:
        body = json.dumps(self.counters).encode()
        if path == "/__reset":
            self.counters = new_counters()
        return [self._head(200, b"content-type: application/json\r\n", len(body)), body]


def main() -> None:
    """Build the site, say `ready PORT`, serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snapshot", type=Path)
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    arguments = parser.parse_args()
    site: Site = {}
    if arguments.snapshot:
        site |= snapshot_site(read_snapshot(arguments.snapshot), "/snapshot/")
    if arguments.wheels:
        site |= wheels_site(arguments.wheels, "/wheels/")
    server = Server(site, port=arguments.port, latency=arguments.latency_ms / 1000)
    import gc

    gc.collect()
    gc.freeze()
    sys.stdout.write(f"ready {server.port}\n")
    sys.stdout.flush()
    try:
        server.run()
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
