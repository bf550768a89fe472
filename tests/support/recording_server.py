"""A loopback server that answers as a test says and remembers who asked what.

`with RecordingServer(answer) as server:` listens on 127.0.0.1; `server.seen` has one
`Seen` per request. Two servers are two origins; "localhost" is another host of each.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from admit.spec.url import parse_url

if TYPE_CHECKING:
    import ssl

    from admit.spec.url import Url

JSON = "application/vnd.pypi.simple.v1+json"
PAGE = b'{"meta": {"api-version": "1.0"}, "name": "widgets", "files": []}'


@dataclass(frozen=True)
class Seen:
    """One request, as the server saw it."""

    method: str
    path: str
    authorization: str | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def login(self) -> str:
        """ "alice:secret", "Bearer token", or "-"."""
        scheme, _, rest = (self.authorization or "-").partition(" ")
        if scheme == "Basic":
            return base64.b64decode(rest).decode()
        return self.authorization or "-"

    @property
    def user(self) -> str:
        return self.login.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.user} {self.path}"


@dataclass(frozen=True)
class Said:
    """One answer."""

    status: int = 200
    body: bytes = PAGE
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0


Answering = Callable[[Seen], Said]
OK = Said()
WHEEL = Said(body=b"PK\x03\x04 a wheel", content_type="application/octet-stream")
HTML = Said(body=b"<html><form>Log in", content_type="text/html")


def status(code: int, **headers: str) -> Said:
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Said(code, b"no", "text/plain", named)


def redirect(location: str, code: int = 302) -> Said:
    return status(code, Location=location)


def only(login: str, said: Said = OK, *, denial: Said | None = None) -> Answering:
    """Answer this login so, and everybody else with a denial (401)."""
    refusal = denial or status(401, WWW_Authenticate='Basic realm="test"')
    return lambda seen: said if seen.login == login else refusal


class RecordingServer:
    """One origin."""

    def __init__(
        self,
        answer: Answering | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.answer: Answering = answer or (lambda _: OK)
        self.seen: list[Seen] = []
        self._tls = tls
        self._host = host

    @property
    def origin(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._host}:{self.port}"

    @property
    def users(self) -> list[str]:
        return [seen.user for seen in self.seen]

    def url(self, path: str = "/simple/", *, userinfo: str = "", host: str = "") -> Url:
        scheme = "https" if self._tls else "http"
        at = f"{userinfo}@" if userinfo else ""
        return parse_url(f"{scheme}://{at}{host or self._host}:{self.port}{path}")

    def __enter__(self) -> Self:
        self._server = _Listener(("127.0.0.1", 0), _handler_of(self))
        if self._tls is not None:
            self._server.socket = self._tls.wrap_socket(
                self._server.socket, server_side=True
            )
        self.port = self._server.server_address[1]
        threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def _handler_of(server: RecordingServer) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            seen = Seen(
                self.command, self.path, self.headers.get("Authorization"), headers
            )
            with lock:
                server.seen.append(seen)
                said = server.answer(seen)
            if said.delay:
                time.sleep(said.delay)
            self.send_response(said.status)
            self.send_header("Content-Type", said.content_type)
            self.send_header("Content-Length", str(len(said.body)))
            for name, text in said.headers:
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD" and said.status != 304:
                self.wfile.write(said.body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Handler
