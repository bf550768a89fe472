"""The server: sockets, several indexes on one host, records and scripted answers.

For: running permission-filtered indexes on a loopback port, for `admit serve`,
the demo and the tests.
Does not know: what an index answers (`served`), what files there are (`shelf`).
Shape: `IndexServer` is a context manager with `url`, `requests`, `grant`, `revoke`,
`add_index` and `script`. One thread accepts, one serves each connection.
Spec: RFC 9112 (HTTP/1.1, persistent connections).
"""

from __future__ import annotations

import contextlib
import fnmatch
import http.server
import os
import socket
import socketserver
import ssl
import sys
import threading
import time

from admit.errors import NetworkError, UsageError
from admit.serve.answer import Answer, Asked, Seen, plain
from admit.serve.behaviour import PARTIAL, Behaviour
from admit.serve.served import ServedIndex
from admit.serve.shelf import Shelf
from admit.serve.visibility import (
    ANONYMOUS,
    Visibility,
    parse_authorization,
    parse_patterns,
)
from admit.spec.url import percent_decode, percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Any, Self, TypeAlias

    from admit.serve.answer import Reply
    from admit.serve.visibility import Account, Caller

    _Socket: TypeAlias = Any  # the base class also knows datagram sockets
    _Address: TypeAlias = Any

DISCONNECTED = (ConnectionError, TimeoutError, ssl.SSLError)
SMALL = 64 * 1024
HANDSHAKE_SECONDS = 10.0


class CannotListen(NetworkError):
    """The address to serve on cannot be had."""

    code = "cannot-listen"


class IndexServer:
    """Permission-filtered indexes on one port; use it in a `with` statement."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        accounts: Iterable[Account] = (),
        public: Iterable[str] = (),
        behaviour: Behaviour = PARTIAL,
        base_path: str = "/simple/",
        address: tuple[str, int] = ("127.0.0.1", 0),
        tls: ssl.SSLContext | None = None,
        log: Callable[[Seen], None] | None = None,
    ) -> None:
        """Listen and serve one index; `add_index` adds others.

        `public` are patterns that everybody sees; port 0 takes a free one; `tls` is
        a server-side context; `log` is called for each answered request.

        Raises:
            NoSuchFolder: `directory` is none.
            InvalidGrant: a pattern of `public` is none.
            CannotListen: the address cannot be had.
        """
        self.requests: list[Seen] = []
        """Every request, in the order in which they were answered."""
        self.failures: list[BaseException] = []
        """Faults of the server itself; leaving the context raises the first."""
        self.latency = 0.0
        """Seconds before each answer."""
        self._host = address[0]
        self._scheme = "http" if tls is None else "https"
        self._tls = tls
        self._log = log
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._storage: _Listener | None = None
        first = _make_index(directory, base_path, accounts, public, behaviour)
        self.indexes: list[ServedIndex] = []
        self._listener = _Listener(address, self, self.answer)
        self.port = self._listener.port
        self._add(first)

    @property
    def origin(self) -> str:
        return self._origin_of(self.port)

    @property
    def url(self) -> str:
        """The URL of the first index."""
        return self.url_of(self.indexes[0])

    def url_of(self, index: ServedIndex) -> str:
        return self.origin + index.base_path

    def url_as(self, name: str, index: ServedIndex | None = None) -> str:
        """The URL of an index with an account's name and secret in it."""
        index = index or self.indexes[0]
        for account in index.visibility.accounts:
            if account.name == name:
                secret = percent_encode(account.secret.expose())
                userinfo = f"{percent_encode(name)}:{secret}@"
                return self.url_of(index).replace("://", f"://{userinfo}", 1)
        raise UsageError(f"no account is called {name!r}")

    def add_index(
        self,
        base_path: str,
        directory: str | os.PathLike[str],
        *,
        accounts: Iterable[Account] = (),
        public: Iterable[str] = (),
        behaviour: Behaviour = PARTIAL,
    ) -> ServedIndex:
        """Serve another index on the same port, with accounts of its own."""
        index = _make_index(directory, base_path, accounts, public, behaviour)
        self._add(index)
        return index

    def grant(self, name: str | None, *patterns: str) -> None:
        """Let an account of the first index (None: everybody) see more."""
        parsed = [each for text in patterns for each in parse_patterns(text)]
        self.indexes[0].visibility.grant(name, *parsed)

    def revoke(self, name: str | None, *patterns: str) -> None:
        """Take patterns away on the first index; without patterns, all of them."""
        parsed = [each for text in patterns for each in parse_patterns(text)]
        self.indexes[0].visibility.revoke(name, *parsed)

    def script(
        self, path: str, reply: Answer | Reply, *, times: int | None = None
    ) -> None:
        """Answer requests whose path matches a glob in another way.

        `reply` is an answer, or is called with the record and a function that gives
        the usual answer. A later script goes before an earlier one; `times` is how
        often it is used, None being always.
        """
        with self._lock:
            self._scripts.insert(0, _Script(path, reply, times))

    def seen(self, path: str = "*") -> list[Seen]:
        """The requests whose path matches a glob."""
        return [each for each in self.requests if fnmatch.fnmatchcase(each.path, path)]

    @property
    def anonymous(self) -> list[Seen]:
        """The requests that came without a credential."""
        return [each for each in self.requests if each.is_anonymous]

    @property
    def failed_logins(self) -> list[Seen]:
        """The requests with a credential that is no account's."""
        return [each for each in self.requests if each.is_wrong]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self.failures:
            raise self.failures[0]

    def close(self) -> None:
        """Stop listening, break all connections and wait for the threads."""
        self._closing.set()
        self._listener.close()
        if self._storage is not None:
            self._storage.close()

    def answer(self, asked: Asked) -> Answer:
        """Find the index that a request is for, its answer, and record both."""
        if self.latency:
            self._closing.wait(self.latency)
        index = self._find_index(asked.path)
        caller = index.identify(asked.offer)

        def usual() -> Answer:
            return index.answer(asked, caller)

        return self._record(asked, caller, usual)

    def _answer_storage(self, asked: Asked) -> Answer:
        def usual() -> Answer:
            answers = [index.answer_signed(asked) for index in self.indexes]
            return min(answers, key=lambda answer: answer.status)

        return self._record(asked, ANONYMOUS, usual)

    def _record(
        self, asked: Asked, caller: Caller, usual: Callable[[], Answer]
    ) -> Answer:
        seen = Seen(asked, caller)
        reply = self._take_script(asked.path)
        try:
            if isinstance(reply, Answer):
                answer = reply
            else:
                answer = usual() if reply is None else reply(seen, usual)
        except Exception as error:  # noqa: BLE001  # a fault of ours: told by failures
            self.failures.append(error)
            answer = plain(500, "the server is at fault")
        seen.status = answer.status
        self.requests.append(seen)
        if self._log is not None:
            self._log(seen)
        return answer

    def _take_script(self, path: str) -> Answer | Reply | None:
        with self._lock:
            for script in self._scripts:
                if fnmatch.fnmatchcase(path, script.path):
                    if script.times is not None:
                        script.times -= 1
                        if not script.times:
                            self._scripts.remove(script)
                    return script.reply
        return None

    def _find_index(self, path: str) -> ServedIndex:
        """The index that serves a path, the most specific; else the first one."""
        able = [index for index in self.indexes if index.serves(path)]
        return max(able or self.indexes[:1], key=lambda index: len(index.base_path))

    def _add(self, index: ServedIndex) -> None:
        if index.behaviour.layout.storage:
            if self._storage is None:
                self._storage = _Listener((self._host, 0), self, self._answer_storage)
            index.storage_origin = self._origin_of(self._storage.port)
        self.indexes.append(index)

    def _origin_of(self, port: int) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{port}"

    @property
    def tls(self) -> ssl.SSLContext | None:
        return self._tls

    @property
    def is_closing(self) -> threading.Event:
        """Set once the server stops; pauses wait on it."""
        return self._closing


class _Script:
    """One scripted reply; `times` counts down."""

    __slots__ = ("path", "reply", "times")

    def __init__(self, path: str, reply: Answer | Reply, times: int | None) -> None:
        self.path = path
        self.reply = reply
        self.times = times


class _Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket with its threads."""

    allow_reuse_address = os.name == "posix"
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        owner: IndexServer,
        answer: Callable[[Asked], Answer],
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.owner = owner
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
        scheme = "http" if owner.tls is None else "https"
        host = f"[{address[0]}]" if ":" in address[0] else address[0]
        self.origin = f"{scheme}://{host}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop accepting, break what is open, wait for the threads."""
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
        return not self.owner.is_closing.is_set()

    def handle_error(self, request: _Socket, client_address: _Address) -> None:  # noqa: ARG002  # the base's
        error = sys.exception()
        if error is not None and not isinstance(error, DISCONNECTED):
            self.owner.failures.append(error)

    def _accept(self) -> None:
        while not self.owner.is_closing.is_set():
            self.handle_request()


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection: reads requests, writes answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        if self.server.owner.tls is not None:
            self.request.settimeout(HANDSHAKE_SECONDS)
            self.request = self.server.owner.tls.wrap_socket(
                self.request, server_side=True
            )
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
            if self.server.owner.is_closing.wait(pause):
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


def _make_index(
    directory: str | os.PathLike[str],
    base_path: str,
    accounts: Iterable[Account],
    public: Iterable[str],
    behaviour: Behaviour,
) -> ServedIndex:
    patterns = [each for text in public for each in parse_patterns(text)]
    visibility = Visibility(accounts, patterns, any_username=behaviour.any_username)
    path = f"/{base_path.strip('/')}/".replace("//", "/")
    return ServedIndex(path, Shelf(os.fspath(directory)), visibility, behaviour)
