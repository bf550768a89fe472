"""Transfers that break are resumed, or fail clearly; nothing partial looks whole."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.query import Found, Query
from admit.auth.scheme import Credential
from admit.auth.scope import Provenance, Source
from admit.cache.store import Cache
from admit.errors import NetworkError
from admit.index.fetch import Index
from admit.index.files import HashMismatch
from admit.index.listing import Candidate
from admit.index.simple import File
from admit.net.client import Client, ClientOptions, Request, Response
from admit.net.transport import TransportOptions
from admit.spec.names import normalize_name
from admit.spec.url import Secret
from admit.spec.version import parse_version
from support.raw_server import CLOSE, RESET, RawServer, Received, Step, answer, serve
from support.run import TARGET, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.transports import Open

BODY = b"PK\x03\x04" + bytes(range(256)) * 4000
OTHER = b"PK\x03\x04" + bytes(reversed(range(256))) * 4000
HALF = len(BODY) // 2
NAME = "alpha-1.0-py3-none-any.whl"
TAG = 'ETag: "one"'


def cut(body: bytes, *headers: str, at: int = HALF, end: Step = CLOSE) -> list[Step]:
    """Play an answer that ends too early."""
    head = answer(body, headers=headers).partition(b"\r\n\r\n")[0]
    return [head + b"\r\n\r\n" + body[:at], end]


def start_of(request: Received) -> int:
    """Return the first byte that is asked for."""
    text = request.header("range") or "bytes=0-"
    return int(text.removeprefix("bytes=").rstrip("-"))


def rest(
    body: bytes, request: Received, *headers: str, end: int | None = None
) -> bytes:
    """Play what a `Range` request asks for, or less of it."""
    start, last = start_of(request), (end or len(body)) - 1
    place = f"Content-Range: bytes {start}-{last}/{len(body)}"
    return answer(
        body[start : last + 1],
        status="206 Partial Content",
        headers=[place, *headers],
    )


def moved(body: bytes, request: Received) -> bytes:
    """Play as many bytes as are asked for, from another place."""
    count = len(body) - start_of(request)
    place = f"Content-Range: bytes 9-{8 + count}/{len(body)}"
    part = body[9 : 9 + count]
    return answer(part, status="206 Partial Content", headers=[place])


class Machine:
    """One run of a client that waits for nothing."""

    def __init__(self, folder: Path, open_it: Open) -> None:
        self.folder = folder
        self.open_it = open_it
        self.told = Told()
        self.slept: list[float] = []
        self.credential: Credential | None = None
        self.retries = 3

    @property
    def sink(self) -> Path:
        return self.folder / "sink"

    def client(self) -> Client:
        def search(_: Query) -> Found:
            return Found(self.credential)

        now = [0.0]

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            now[0] += seconds

        return Client(
            self.open_it(TransportOptions(read_timeout=0.5)),
            search,
            self.told,
            options=ClientOptions(b"k" * 32, retries=self.retries),
            clock=lambda: now[0],
            sleep=sleep,
        )

    def get(self, server: RawServer, **more: Any) -> Response:
        source = Source(server.url("/simple/"))
        request = Request(
            server.url("/" + NAME),
            Provenance(source, "file"),
            sink=str(self.sink),
            **more,
        )
        return self.client().get(request).result()

    def download(self, server: RawServer, sha256: str | None) -> Path:
        source = Source(server.url("/simple/"))
        hashes = (("sha256", sha256),) if sha256 else ()
        candidate = Candidate(
            normalize_name("alpha"),
            parse_version("1.0"),
            File(NAME, NAME, hashes),
            server.url("/" + NAME),
        )
        cache = Cache(str(self.folder / "cache"), self.told.warning)
        index = Index(source, self.client(), cache, TARGET, self.told)
        return self.folder / index.download(candidate).result().path

    @property
    def left_behind(self) -> list[str]:
        return [each.name for each in self.folder.rglob("*.whl")]


@pytest.fixture
def machine(tmp_path: Path, open_it: Open) -> Machine:
    return Machine(tmp_path, open_it)


def script(*plays: Callable[[Received], list[Step]]) -> Callable[..., list[Step]]:
    """Answer the first request by the first play, and so on."""
    remaining: Iterator[Callable[[Received], list[Step]]] = iter(plays)
    return lambda request: next(remaining)(request)


@pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
def test_the_rest_is_asked_for_with_the_tag(machine: Machine, end: Step) -> None:
    play = script(
        lambda _: cut(BODY, TAG, end=end), lambda asked: [rest(BODY, asked, TAG)]
    )
    with serve(play) as server:
        response = machine.get(server)

    assert machine.sink.read_bytes() == BODY
    assert response.is_resumed
    first, second = server.requests
    assert first.header("range") is None
    assert second.header("if-range") == '"one"'
    assert 0 < start_of(second) <= HALF


def test_a_server_that_falls_silent_is_asked_for_the_rest(machine: Machine) -> None:
    import threading

    play = script(
        lambda _: cut(BODY, TAG, end=threading.Event()),
        lambda asked: [rest(BODY, asked, TAG)],
    )
    with serve(play) as server:
        machine.get(server)

    assert machine.sink.read_bytes() == BODY
    assert server.requests[1].header("range") is not None


def test_a_file_that_has_changed_is_taken_from_the_start(machine: Machine) -> None:
    play = script(
        lambda _: cut(BODY, TAG),
        lambda _: [answer(OTHER, headers=['ETag: "two"'])],
    )
    with serve(play) as server:
        response = machine.get(server)

    assert machine.sink.read_bytes() == OTHER
    assert not response.is_resumed


@pytest.mark.parametrize(
    "headers",
    [(), ('ETag: W/"weak"',), ("Last-Modified: Wed, 01 Jan 2025 00:00:00 GMT",)],
    ids=["none", "weak", "date"],
)
def test_without_strong_tag_or_hash_it_begins_again(
    machine: Machine, headers: tuple[str, ...]
) -> None:
    play = script(lambda _: cut(BODY, *headers), lambda _: [answer(BODY)])
    with serve(play) as server:
        machine.get(server)

    assert machine.sink.read_bytes() == BODY
    assert server.requests[1].header("range") is None


def test_with_a_hash_to_tell_no_tag_is_needed(machine: Machine) -> None:
    play = script(lambda _: cut(BODY), lambda asked: [rest(BODY, asked)])
    with serve(play) as server:
        machine.get(server, is_verified=True)

    assert machine.sink.read_bytes() == BODY
    assert server.requests[1].header("range") is not None
    assert server.requests[1].header("if-range") is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: answer(b"", status="416 Range Not Satisfiable"),
        lambda _: answer(b"", status="412 Precondition Failed"),
        lambda asked: rest(BODY + b"more", asked, TAG),
        lambda _: answer(
            BODY[9:],
            status="206 Partial Content",
            headers=[f"Content-Range: bytes 9-{len(BODY) - 1}/{len(BODY)}"],
        ),
        lambda _: answer(BODY[HALF:], status="206 Partial Content"),
        lambda asked: moved(BODY, asked),
        lambda asked: rest(BODY, asked, TAG, end=len(BODY) - 9),
    ],
    ids=["416", "412", "longer", "another-part", "no-place", "moved", "shorter"],
)
def test_an_answer_that_does_not_fit_is_thrown_away(
    machine: Machine, spoil: Callable[[Received], bytes]
) -> None:
    play = script(
        lambda _: cut(BODY, TAG),
        lambda asked: [spoil(asked)],
        lambda _: [answer(BODY, headers=[TAG])],
    )
    with serve(play) as server:
        machine.get(server)

    assert machine.sink.read_bytes() == BODY
    assert server.requests[2].header("range") is None


def test_the_rest_may_break_too(machine: Machine) -> None:
    def part(asked: Received) -> list[Step]:
        whole = rest(BODY, asked, TAG)
        return [whole[: len(whole) // 2], CLOSE]

    play = script(
        lambda _: cut(BODY, TAG), part, part, lambda asked: [rest(BODY, asked, TAG)]
    )
    with serve(play) as server:
        machine.get(server)

    assert machine.sink.read_bytes() == BODY
    starts = [start_of(each) for each in server.requests]
    assert starts == sorted(starts)
    assert len(set(starts)) == 4


def test_progress_counts_what_is_there_already(machine: Machine) -> None:
    play = script(lambda _: cut(BODY, TAG), lambda asked: [rest(BODY, asked, TAG)])
    told: list[tuple[int, int]] = []
    with serve(play) as server:
        machine.get(server, on_progress=lambda *each: told.append(each))

    assert told[-1] == (len(BODY), len(BODY))


def test_the_rest_is_asked_for_with_the_login(machine: Machine) -> None:
    machine.credential = Credential("alice", Secret("s3cret"), "netrc", is_ambient=True)
    play = script(lambda _: cut(BODY, TAG), lambda asked: [rest(BODY, asked, TAG)])
    with serve(play) as server:
        machine.get(server)

    logins = {each.header("authorization") for each in server.requests}
    assert len(logins) == 1
    assert None not in logins


def test_tries_are_bounded_and_nothing_is_left(machine: Machine) -> None:
    with (
        serve(lambda _: cut(BODY, at=9)) as server,
        pytest.raises(NetworkError, match=r"the connection to .* broke"),
    ):
        machine.download(server, hashlib.sha256(BODY).hexdigest())

    assert len(server.requests) == 4
    assert machine.slept == [0.5, 1.5, 4.0]
    assert machine.left_behind == []


def test_the_number_of_tries_can_be_chosen(machine: Machine) -> None:
    machine.retries = 0
    with serve(lambda _: cut(BODY)) as server, pytest.raises(NetworkError):
        machine.get(server)

    assert len(server.requests) == 1
    assert machine.slept == []


def test_a_mixture_of_two_files_is_fetched_again(machine: Machine) -> None:
    play = script(
        lambda _: cut(OTHER),
        lambda asked: [rest(BODY, asked)],
        lambda _: [answer(BODY)],
    )
    with serve(play) as server:
        found = machine.download(server, hashlib.sha256(BODY).hexdigest())

    assert found.read_bytes() == BODY
    assert server.requests[2].header("range") is None


def test_a_whole_file_that_is_not_the_promised_one_is_an_error(
    machine: Machine,
) -> None:
    play = script(lambda _: cut(BODY), lambda _: [answer(OTHER)])
    with serve(play) as server, pytest.raises(HashMismatch):
        machine.download(server, hashlib.sha256(BODY).hexdigest())

    assert machine.left_behind == []


def test_a_resumed_file_that_stays_wrong_is_an_error(machine: Machine) -> None:
    play = script(
        lambda _: cut(OTHER),
        lambda asked: [rest(OTHER, asked)],
        lambda _: [answer(OTHER)],
    )
    with serve(play) as server, pytest.raises(HashMismatch):
        machine.download(server, hashlib.sha256(BODY).hexdigest())

    assert machine.left_behind == []


def test_a_redirect_is_followed_again_from_the_start(machine: Machine) -> None:
    hop = "Location: /storage/" + NAME

    def play(asked: Received) -> list[Step]:
        if not asked.target.startswith("/storage"):
            return [answer(b"", status="302 Found", headers=[hop])]
        if asked.header("range"):
            return [rest(BODY, asked, TAG)]
        return cut(BODY, TAG)

    with serve(play) as server:
        machine.get(server)

    assert machine.sink.read_bytes() == BODY
    assert [each.target for each in server.requests] == [
        f"/{NAME}",
        f"/storage/{NAME}",
    ] * 2
