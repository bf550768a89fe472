"""Both transports against a server that sends whatever it likes."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import tracemalloc
import zlib
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Literal

import pytest

from admit.errors import AdmitError
from admit.net.transport import (
    BadResponse,
    ConnectFailed,
    SinkFailed,
    TimedOut,
    TlsFailed,
    TlsOptions,
    TransferFailed,
    Transport,
    TransportOptions,
    WireRequest,
    WireResponse,
    open_transport,
)
from admit.spec.url import InvalidUrl, Secret, parse_url
from support.raw_server import (
    CLOSE,
    RESET,
    Authority,
    RawServer,
    Received,
    Step,
    answer,
    serve,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.net.transport import Outcome

Open = Callable[[TransportOptions], Transport]
KINDS: tuple[Literal["curl", "plain"], ...] = ("curl", "plain")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Literal["curl", "plain"]:
    chosen: Literal["curl", "plain"] = request.param
    return chosen


@pytest.fixture
def open_it(kind: Literal["curl", "plain"]) -> Iterator[Open]:
    opened: list[Transport] = []

    def open_and_keep(options: TransportOptions) -> Transport:
        opened.append(open_transport(options, prefer=kind))
        return opened[-1]

    yield open_and_keep
    for transport in opened:
        transport.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def fetch_all(transport: Transport, *requests: WireRequest) -> list[Outcome]:
    """Send requests at once; return their outcomes in the order of requests."""
    outcomes: dict[int, Outcome] = {}
    for number, request in enumerate(requests):

        def keep(outcome: Outcome, number: int = number) -> None:
            outcomes[number] = outcome

        transport.submit(request, keep)
    deadline = monotonic() + 20
    while len(outcomes) < len(requests) and monotonic() < deadline:
        transport.wait(1)
    return [outcomes[number] for number in range(len(requests))]


def fetch(transport: Transport, request: WireRequest) -> WireResponse:
    [outcome] = fetch_all(transport, request)
    if isinstance(outcome, AdmitError):
        raise outcome
    return outcome


def fail(transport: Transport, request: WireRequest) -> AdmitError:
    [outcome] = fetch_all(transport, request)
    assert isinstance(outcome, AdmitError), outcome
    return outcome


def plays(*steps: Step) -> Callable[[Received], list[Step]]:
    return lambda _: list(steps)


PATIENT = TransportOptions()
HASTY = TransportOptions(read_timeout=0.4, connect_timeout=0.4)


class TestAnswers:
    def test_status_headers_and_body_arrive_as_sent(self, open_it: Open) -> None:
        sent = answer(b"hi", status="418 Teapot", headers=["X-A: 1 ", "x-a:2"])
        with serve(plays(sent)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert (response.status, response.body) == (418, b"hi")
        assert response.headers == (
            ("content-length", "2"),
            ("x-a", "1"),
            ("x-a", "2"),
        )

    def test_latin_1_survives_in_header_values(self, open_it: Open) -> None:
        with serve(plays(answer(headers=["X-Name: Jérôme"]))) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert response.header("x-name") == "Jérôme"

    def test_request_headers_go_out_exactly_as_given(self, open_it: Open) -> None:
        headers = (("Authorization", "Basic x:y="), ("X-Empty", ""), ("X-é", "é"))
        with serve(plays(answer())) as server:
            fetch(open_it(PATIENT), WireRequest(server.url(), headers[:2]))

        head = server.requests[0].head
        assert b"\r\nAuthorization: Basic x:y=\r\n" in head + b"\r\n"
        assert server.requests[0].header("x-empty") == ""
        assert server.requests[0].header("user-agent") == "admit"
        assert server.requests[0].header("accept") is None
        assert head.lower().count(b"accept-encoding:") == 1

    def test_a_header_with_a_line_end_is_refused(self, open_it: Open) -> None:
        with serve(plays(answer())) as server, pytest.raises(ValueError, match="X-A"):
            request = WireRequest(server.url(), (("X-A", "1\r\nX-B: 2"),))
            open_it(PATIENT).submit(request, lambda _: None)

    def test_userinfo_and_fragment_of_the_url_stay_here(self, open_it: Open) -> None:
        with serve(plays(answer())) as server:
            url = parse_url(f"http://me:secret@127.0.0.1:{server.port}/a/../b?q=%41#f")
            fetch(open_it(PATIENT), WireRequest(url))

        assert server.requests[0].target == "/a/../b?q=%41"
        assert server.requests[0].header("authorization") is None

    def test_characters_that_cannot_travel_are_encoded(self, open_it: Open) -> None:
        with serve(plays(answer())) as server:
            fetch(open_it(PATIENT), WireRequest(server.url('/a b/é"<%20')))

        assert server.requests[0].target == "/a%20b/%C3%A9%22%3C%20"

    @pytest.mark.parametrize("path", ["/a%2fb%7e/./..//c?x=%2f&y=/../", "?q"])
    def test_what_a_server_wrote_travels_byte_for_byte(
        self, open_it: Open, path: str
    ) -> None:
        with serve(plays(answer())) as server:
            fetch(open_it(PATIENT), WireRequest(server.url(path)))

        assert server.requests[0].target in (path, f"/{path}")

    def test_redirects_are_answers(self, open_it: Open) -> None:
        sent = answer(status="302 Found", headers=["Location: /other"])
        with serve(plays(sent)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert (response.status, response.header("location")) == (302, "/other")
        assert len(server.requests) == 1

    def test_a_401_is_an_answer_and_netrc_is_not_read(
        self, open_it: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password no\n")
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        sent = answer(status="401 No", headers=["WWW-Authenticate: Basic realm=x"])
        with serve(plays(sent)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert response.status == 401
        assert [each.header("authorization") for each in server.requests] == [None]

    def test_cookies_are_not_kept(self, open_it: Open) -> None:
        with serve(plays(answer(headers=["Set-Cookie: a=b"]))) as server:
            transport = open_it(PATIENT)
            for _ in range(2):
                fetch(transport, WireRequest(server.url()))

        assert server.requests[1].header("cookie") is None

    def test_head_brings_headers_only(self, open_it: Open) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 123456789012\r\n\r\n"
        with serve(plays(head)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url(), method="HEAD"))

        assert server.requests[0].method == "HEAD"
        assert (response.header("content-length"), response.body) == (
            "123456789012",
            b"",
        )

    def test_get_after_head_brings_a_body(self, open_it: Open) -> None:
        def play(request: Received) -> list[Step]:
            sent = answer(b"body")
            return [sent[:-4] if request.method == "HEAD" else sent]

        with serve(play) as server:
            transport = open_it(PATIENT)
            fetch(transport, WireRequest(server.url(), method="HEAD"))
            response = fetch(transport, WireRequest(server.url()))

        assert (server.requests[1].method, response.body) == ("GET", b"body")

    def test_interim_answers_are_skipped(self, open_it: Open) -> None:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        with serve(plays(hints, answer(b"real"))) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert (response.status, response.body) == (200, b"real")
        assert response.header("link") is None

    def test_chunks_and_trailers_make_one_body(self, open_it: Open) -> None:
        sent = (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n"
        )
        with serve(plays(sent)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert response.body == b"abcde"
        assert response.header("x-trailer") is None

    def test_a_body_may_end_with_the_connection(self, open_it: Open) -> None:
        sent = b"HTTP/1.0 200 OK\r\n\r\nall of it"
        with serve(plays(sent, CLOSE)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert response.body == b"all of it"

    def test_bytes_that_drip_make_one_answer(self, open_it: Open) -> None:
        sent = answer(b"drip", headers=["X-A: b"])
        drops = [sent[at : at + 1] for at in range(len(sent))]
        with serve(plays(*drops)) as server:
            response = fetch(open_it(PATIENT), WireRequest(server.url()))

        assert (response.header("x-a"), response.body) == ("b", b"drip")

    @pytest.mark.parametrize(
        ("coding", "body"),
        [
            pytest.param("gzip", gzip.compress(b"text" * 999), id="gzip"),
            pytest.param("x-gzip", gzip.compress(b"text" * 999), id="x-gzip"),
            pytest.param(
                "gzip",
                gzip.compress(b"text" * 900) + gzip.compress(b"text" * 99),
                id="two gzip members",
            ),
            pytest.param("deflate", zlib.compress(b"text" * 999), id="zlib"),
            pytest.param("deflate", zlib.compress(b"text" * 999)[2:-4], id="naked"),
            pytest.param("identity", b"text" * 999, id="identity"),
            pytest.param(
                "gzip, gzip", gzip.compress(gzip.compress(b"text" * 999)), id="twice"
            ),
        ],
    )
    def test_a_coded_body_is_decoded(
        self, open_it: Open, coding: str, body: bytes
    ) -> None:
        with serve(plays(answer(body, headers=[f"Content-Encoding: {coding}"]))) as it:
            response = fetch(open_it(PATIENT), WireRequest(it.url()))

        assert response.body == b"text" * 999
        assert it.requests[0].header("accept-encoding") == "gzip"

    def test_a_part_is_asked_for_uncoded(self, open_it: Open) -> None:
        with serve(plays(answer(b"cd", status="206 Partial Content"))) as server:
            request = WireRequest(server.url(), (("Range", "bytes=2-3"),))
            response = fetch(open_it(PATIENT), request)

        assert server.requests[0].header("accept-encoding") == "identity"
        assert server.requests[0].header("range") == "bytes=2-3"
        assert (response.status, response.body) == (206, b"cd")

    def test_ipv6_is_spoken(self, open_it: Open) -> None:
        try:
            with serve(plays(answer(b"six")), host="::1") as server:
                response = fetch(open_it(PATIENT), WireRequest(server.url()))
        except OSError:
            pytest.skip("this machine has no IPv6 loopback")

        assert response.body == b"six"


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", id="body"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
                id="chunk",
            ),
            pytest.param(b"", id="no byte"),
        ],
    )
    @pytest.mark.parametrize("end", [CLOSE, RESET], ids=["closed", "reset"])
    def test_a_connection_that_ends_early_is_a_failed_transfer(
        self, open_it: Open, sent: bytes, end: Step
    ) -> None:
        with serve(plays(sent, end)) as server:
            failure = fail(open_it(PATIENT), WireRequest(server.url("/x")))

        assert isinstance(failure, TransferFailed)
        assert failure.may_retry
        assert str(server.port) in failure.what

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param(b"220 smtp.host.example ESMTP\r\n\r\n", id="another protocol"),
            pytest.param(b"<html>hello</html>", id="no header at all"),
            pytest.param(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n", id="no field"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 101 + b"\r\n", id="many headers"
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nX: " + b"x" * 400_000 + b"\r\n\r\n",
                id="a huge header",
            ),
            pytest.param(
                b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"x" * 9000 + b"\r\n") * 9 + b"\r\n",
                id="headers huge together",
            ),
            pytest.param(
                answer(b"not gzip at all", headers=["Content-Encoding: gzip"]),
                id="damaged gzip",
            ),
            pytest.param(
                answer(
                    gzip.compress(b"x" * 99)[:-9], headers=["Content-Encoding: gzip"]
                ),
                id="gzip cut off",
            ),
            pytest.param(
                answer(b"x", headers=["Content-Encoding: zstd"]), id="unasked coding"
            ),
        ],
    )
    def test_an_answer_that_breaks_http_is_a_bad_response(
        self, open_it: Open, sent: bytes
    ) -> None:
        with serve(plays(sent, CLOSE)) as server:
            failure = fail(open_it(PATIENT), WireRequest(server.url("/x?token=abc")))

        assert isinstance(failure, BadResponse)
        assert not failure.may_retry
        assert f"{server.port}/x" in failure.what
        assert "token" not in f"{failure.what} {failure.why}"

    def test_a_chunk_without_a_size_fails(self, open_it: Open) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        with serve(plays(head + b"zzz\r\nabc", CLOSE)) as server:
            failure = fail(open_it(PATIENT), WireRequest(server.url()))

        assert isinstance(failure, BadResponse | TransferFailed)

    @pytest.mark.parametrize(
        "head",
        [
            pytest.param(b"Content-Length: 99999999", id="announced"),
            pytest.param(b"Transfer-Encoding: chunked", id="chunked"),
            pytest.param(b"Connection: close", id="until the end"),
        ],
    )
    @pytest.mark.parametrize("is_saved", [False, True], ids=["memory", "sink"])
    def test_a_body_over_the_limit_is_stopped(
        self, open_it: Open, head: bytes, is_saved: bool, tmp_path: Path
    ) -> None:
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        steps = [b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n", *[chunk] * 999]
        sink = str(tmp_path / "body") if is_saved else None
        with serve(plays(*steps, CLOSE)) as server:
            request = WireRequest(server.url(), max_bytes=200_000, sink=sink)
            failure = fail(open_it(PATIENT), request)

        assert isinstance(failure, BadResponse)
        assert "larger than 200000 bytes" in str(failure.why)

    def test_a_gzip_bomb_is_stopped(self, open_it: Open) -> None:
        bomb = gzip.compress(b"\0" * 50_000_000)
        with serve(plays(answer(bomb, headers=["Content-Encoding: gzip"]))) as server:
            request = WireRequest(server.url(), max_bytes=1_000_000)
            tracemalloc.start()
            failure = fail(open_it(PATIENT), request)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()

        assert "larger than 1000000 bytes" in str(failure.why)
        assert peak < 10_000_000

    def test_a_body_just_at_the_limit_is_taken(self, open_it: Open) -> None:
        body = gzip.compress(b"x" * 1000)
        with serve(plays(answer(body, headers=["Content-Encoding: gzip"]))) as server:
            request = WireRequest(server.url(), max_bytes=1000)
            response = fetch(open_it(PATIENT), request)

        assert len(response.body) == 1000

    def test_a_transport_goes_on_after_a_failure(self, open_it: Open) -> None:
        def play(request: Received) -> list[Step]:
            return [b"junk\r\n\r\n", CLOSE] if request.target == "/bad" else [answer()]

        with serve(play) as server:
            transport = open_it(PATIENT)
            fail(transport, WireRequest(server.url("/bad")))
            response = fetch(transport, WireRequest(server.url("/good")))

        assert response.status == 200


class TestTime:
    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param(b"", id="no byte"),
            pytest.param(b"HTTP/1.1 200 OK\r\nX-A", id="half a header"),
            pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", id="body"),
        ],
    )
    def test_a_stalled_transfer_is_given_up(self, open_it: Open, sent: bytes) -> None:
        started = monotonic()
        with serve(plays(sent, threading.Event())) as server:
            failure = fail(open_it(HASTY), WireRequest(server.url()))
            took = monotonic() - started

        assert isinstance(failure, TimedOut)
        assert failure.may_retry
        assert "for 0.4 seconds" in failure.what
        assert 0.3 < took < 3

    def test_slow_is_not_stalled(self, open_it: Open) -> None:
        ticks: list[Step] = []
        for _ in range(8):
            ticks += [b"x", _after(0.15)]
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
        with serve(plays(head, *ticks)) as server:
            response = fetch(open_it(HASTY), WireRequest(server.url()))

        assert response.body == b"x" * 8

    def test_a_server_that_accepts_nothing_is_given_up(self, open_it: Open) -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen(1)
            port = deaf.getsockname()[1]
            url = parse_url(f"https://127.0.0.1:{port}/")
            failure = fail(open_it(HASTY), WireRequest(url))

        assert isinstance(failure, TimedOut)
        assert f"https://127.0.0.1:{port}" in failure.what

    def test_waiting_for_a_free_connection_is_not_a_time_out(
        self, open_it: Open
    ) -> None:
        def play(_: Received) -> list[Step]:
            return [_after(0.2), answer()]

        options = TransportOptions(
            connections_per_host=1, connect_timeout=0.4, read_timeout=0.4
        )
        with serve(play) as server:
            requests = [WireRequest(server.url(f"/{each}")) for each in range(6)]
            outcomes = fetch_all(open_it(options), *requests)

        assert [type(each) for each in outcomes] == [WireResponse] * 6

    def test_a_caller_busy_elsewhere_does_not_cause_time_outs(
        self, open_it: Open, authority: Authority
    ) -> None:
        options = TransportOptions(
            read_timeout=0.4, connect_timeout=0.4, ca_file=str(authority.bundle)
        )
        outcomes: list[Outcome] = []
        with serve(
            plays(answer()), tls=authority.server_context("127.0.0.1")
        ) as server:
            transport = open_it(options)
            for _ in range(3):
                transport.submit(WireRequest(server.url()), outcomes.append)
                transport.wait(0)
                threading.Event().wait(0.7)
            while len(outcomes) < 3:
                transport.wait(1)

        assert [type(each) for each in outcomes] == [WireResponse] * 3

    def test_wait_returns_in_time_if_nothing_happens(self, open_it: Open) -> None:
        with serve(plays(threading.Event())) as server:
            transport = open_it(PATIENT)
            transport.submit(WireRequest(server.url()), lambda _: None)
            started = monotonic()
            has_finished = transport.wait(0.3)
            took = monotonic() - started

        assert not has_finished
        assert 0.25 < took < 1

    def test_wait_without_requests_returns_at_once(self, open_it: Open) -> None:
        started = monotonic()

        assert not open_it(PATIENT).wait(5)
        assert monotonic() - started < 1


def _after(seconds: float) -> threading.Event:
    """Return an event that the serving thread sees set `seconds` after it is met."""

    class Later(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            threading.Timer(seconds, self.set).start()
            return super().wait(seconds + 5)

    return Later()


class TestConnections:
    def test_a_connection_is_kept_and_used_again(self, open_it: Open) -> None:
        with serve(plays(answer(b"x"))) as server:
            transport = open_it(PATIENT)
            for _ in range(5):
                fetch(transport, WireRequest(server.url()))

        assert (server.connections, len(server.requests)) == (1, 5)

    def test_many_requests_share_few_connections(self, open_it: Open) -> None:
        with serve(lambda r: [answer(r.target.encode())]) as server:
            requests = [WireRequest(server.url(f"/{each}")) for each in range(120)]
            options = TransportOptions(connections_per_host=4)
            outcomes = fetch_all(open_it(options), *requests)

        bodies = [each.body for each in outcomes if isinstance(each, WireResponse)]
        assert bodies == [b"/%d" % each for each in range(120)]
        assert server.connections <= 4

    def test_no_more_transfers_than_allowed_are_in_flight(self, open_it: Open) -> None:
        now, most = 0, 0
        guard = threading.Lock()

        def play(_: Received) -> Iterator[Step]:
            nonlocal now, most
            with guard:
                now += 1
                most = max(most, now)
            yield _after(0.02)
            with guard:
                now -= 1
            yield answer()

        options = TransportOptions(transfers=3, connections_per_host=50)
        with serve(play) as server:
            fetch_all(open_it(options), *[WireRequest(server.url())] * 12)

        assert most == 3

    def test_a_kept_connection_that_died_is_replaced(self, open_it: Open) -> None:
        with serve(plays(answer(b"x"), CLOSE)) as server:
            transport = open_it(PATIENT)
            bodies = [fetch(transport, WireRequest(server.url())).body for _ in "abc"]

        assert bodies == [b"x"] * 3
        assert server.connections == 3

    def test_a_callback_may_submit(self, open_it: Open) -> None:
        seen: list[Outcome] = []
        with serve(plays(answer(b"x"))) as server:
            transport = open_it(PATIENT)

            def again(outcome: Outcome) -> None:
                seen.append(outcome)
                if len(seen) < 4:
                    transport.submit(WireRequest(server.url()), again)

            transport.submit(WireRequest(server.url()), again)
            while len(seen) < 4:
                assert transport.wait(5)

        assert not transport.wait(0)

    def test_an_error_in_a_callback_reaches_the_waiter(self, open_it: Open) -> None:
        seen: list[Outcome] = []

        def explode(_: Outcome) -> None:
            raise KeyboardInterrupt

        with serve(plays(answer(b"x"))) as server:
            transport = open_it(PATIENT)
            transport.submit(WireRequest(server.url()), explode)
            with pytest.raises(KeyboardInterrupt):
                transport.wait(5)
            transport.submit(WireRequest(server.url()), seen.append)
            while not seen:
                transport.wait(1)

        assert isinstance(seen[0], WireResponse)

    def test_close_drops_what_is_pending(self, open_it: Open) -> None:
        seen: list[Outcome] = []
        with serve(plays(threading.Event())) as server:
            transport = open_it(PATIENT)
            for _ in range(20):
                transport.submit(WireRequest(server.url()), seen.append)
            transport.wait(0.2)
            started = monotonic()
            transport.close()

        assert monotonic() - started < 2
        assert seen == []

    def test_a_closed_port_is_named(self, open_it: Open) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            url = parse_url(f"http://me:pw@127.0.0.1:{port}/simple/")
            failure = fail(open_it(PATIENT), WireRequest(url))

        assert isinstance(failure, ConnectFailed)
        assert failure.what == f"cannot connect to http://127.0.0.1:{port}"

    def test_a_host_name_outside_ascii_is_encoded(self, open_it: Open) -> None:
        url = parse_url("https://müsli.invalid/simple/")
        failure = fail(open_it(PATIENT), WireRequest(url))

        assert isinstance(failure, ConnectFailed)
        assert "müsli.invalid" in failure.what

    def test_a_host_name_nobody_can_encode_is_refused(self, open_it: Open) -> None:
        url = parse_url(f"https://{'ü' * 70}.invalid/simple/")

        with pytest.raises(InvalidUrl):
            open_it(PATIENT).submit(WireRequest(url), lambda _: None)

    def test_an_unknown_host_is_named(self, open_it: Open) -> None:
        url = parse_url("https://no-such-host.invalid/simple/")
        failure = fail(open_it(PATIENT), WireRequest(url))

        assert isinstance(failure, ConnectFailed)
        assert "'no-such-host.invalid' not found" in failure.what


class TestSink:
    def test_a_large_body_goes_to_the_file_with_progress(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        body = os.urandom(3_000_000)
        path = tmp_path / "body"
        path.write_bytes(b"old" * 2_000_000)
        seen: list[tuple[int, int]] = []
        with serve(plays(answer(body))) as server:
            request = WireRequest(
                server.url(),
                sink=str(path),
                on_progress=lambda *counts: seen.append(counts),
            )
            response = fetch(open_it(PATIENT), request)

        assert (response.body, path.read_bytes()) == (b"", body)
        assert server.requests[0].header("accept-encoding") == "identity"
        assert seen == sorted(seen)
        assert seen[-1][1] == len(body)

    def test_a_caller_who_comes_late_is_told_once_and_to_the_end(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        counts: list[tuple[int, int]] = []
        outcomes: list[Outcome] = []
        with serve(plays(answer(b"x" * 300_000))) as server:
            transport = open_it(PATIENT)
            request = WireRequest(
                server.url(),
                sink=str(tmp_path / "body"),
                on_progress=lambda *each: counts.append(each),
            )
            transport.submit(request, outcomes.append)
            threading.Event().wait(0.5)
            while transport.wait(0.2) or not outcomes:
                pass

        assert [type(each) for each in outcomes] == [WireResponse]
        assert counts[-1] == (300_000, 300_000)

    def test_the_body_of_an_error_stays_in_memory(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "body"
        with serve(plays(answer(b"who?", status="403 Forbidden"))) as server:
            request = WireRequest(server.url(), sink=str(path))
            response = fetch(open_it(PATIENT), request)

        assert response.body == b"who?"
        assert not path.exists()

    def test_a_part_is_written_where_it_belongs(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "body"
        path.write_bytes(b"abcXXXXXX")
        with serve(plays(answer(b"def", status="206 Partial Content"))) as server:
            request = WireRequest(server.url(), sink=str(path), sink_offset=3)
            fetch(open_it(PATIENT), request)

        assert path.read_bytes() == b"abcdef"

    def test_a_whole_body_replaces_the_part_that_was_kept(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "body"
        path.write_bytes(b"abcXXXXXX")
        with serve(plays(answer(b"new"))) as server:
            request = WireRequest(server.url(), sink=str(path), sink_offset=3)
            fetch(open_it(PATIENT), request)

        assert path.read_bytes() == b"new"

    def test_an_empty_body_makes_an_empty_file(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "body"
        with serve(plays(answer(b""))) as server:
            fetch(open_it(PATIENT), WireRequest(server.url(), sink=str(path)))

        assert path.read_bytes() == b""

    def test_what_had_arrived_of_a_broken_body_is_kept(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "body"
        with serve(plays(answer(b"x" * 1000)[:-300], CLOSE)) as server:
            request = WireRequest(server.url(), sink=str(path))
            failure = fail(open_it(PATIENT), request)

        assert isinstance(failure, TransferFailed)
        assert path.read_bytes() == b"x" * 700

    def test_a_sink_that_cannot_be_opened_is_not_a_network_error(
        self, open_it: Open, tmp_path: Path
    ) -> None:
        path = tmp_path / "missing" / "body"
        with serve(plays(answer(b"x"))) as server:
            request = WireRequest(server.url(), sink=str(path))
            failure = fail(open_it(PATIENT), request)

        assert isinstance(failure, SinkFailed)
        assert failure.what == f"cannot write {path}"
        assert failure.why == "No such file or directory"

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def test_a_full_disk_is_not_a_network_error(self, open_it: Open) -> None:
        with serve(plays(answer(b"x" * 2_000_000))) as server:
            request = WireRequest(server.url(), sink="/dev/full")
            failure = fail(open_it(PATIENT), request)

        assert isinstance(failure, SinkFailed)
        assert failure.why is not None


class TestTls:
    def fetch_from(
        self, open_it: Open, server: RawServer, options: TransportOptions
    ) -> WireResponse:
        return fetch(open_it(options), WireRequest(server.url()))

    def test_a_private_authority_is_trusted_if_named(
        self, open_it: Open, authority: Authority
    ) -> None:
        with serve(
            plays(answer(b"x")), tls=authority.server_context("127.0.0.1")
        ) as server:
            options = TransportOptions(ca_file=str(authority.bundle))
            assert self.fetch_from(open_it, server, options).body == b"x"

    def test_an_authority_of_one_request_is_used_for_it_only(
        self, open_it: Open, authority: Authority
    ) -> None:
        tls = TlsOptions(ca_file=str(authority.bundle))
        with serve(
            plays(answer(b"x")), tls=authority.server_context("127.0.0.1")
        ) as server:
            transport = open_it(PATIENT)
            good = fetch(transport, WireRequest(server.url(), tls=tls))
            failure = fail(transport, WireRequest(server.url()))

        assert good.body == b"x"
        assert isinstance(failure, TlsFailed)

    def test_an_unknown_authority_is_refused_and_the_settings_are_named(
        self, open_it: Open, authority: Authority, tmp_path: Path
    ) -> None:
        other = Authority(tmp_path)
        with serve(
            plays(answer(b"x")), tls=authority.server_context("127.0.0.1")
        ) as server:
            options = TransportOptions(ca_file=str(other.bundle))
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert not failure.may_retry
        assert "authority" in failure.what
        assert f"CA file {other.bundle}" in str(failure.why)
        assert "--cert FILE" in str(failure.fix)
        assert server.requests == []

    def test_an_expired_certificate_is_called_expired(
        self, open_it: Open, authority: Authority
    ) -> None:
        tls = authority.server_context("127.0.0.1", is_expired=True)
        with serve(plays(answer(b"x")), tls=tls) as server:
            options = TransportOptions(ca_file=str(authority.bundle))
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert "expired" in failure.what
        assert "clock" in str(failure.fix)

    @pytest.mark.parametrize("name", ["host.example", "127.0.0.2"])
    def test_a_certificate_for_another_host_is_refused(
        self, open_it: Open, authority: Authority, name: str
    ) -> None:
        with serve(plays(answer(b"x")), tls=authority.server_context(name)) as server:
            options = TransportOptions(ca_file=str(authority.bundle))
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert "another host name" in failure.what

    def test_an_insecure_origin_is_not_checked_and_others_are(
        self, open_it: Open, authority: Authority
    ) -> None:
        tls = authority.server_context("host.example")
        with serve(plays(answer(b"x")), tls=tls) as one, serve(plays(), tls=tls) as two:
            options = TransportOptions(insecure_origins=(("127.0.0.1", one.port),))
            transport = open_it(options)
            response = fetch(transport, WireRequest(one.url()))
            failure = fail(transport, WireRequest(two.url()))

        assert response.body == b"x"
        assert isinstance(failure, TlsFailed)

    @pytest.mark.parametrize("text", [None, "no certificate"], ids=["missing", "junk"])
    def test_an_unusable_bundle_is_named(
        self, open_it: Open, authority: Authority, tmp_path: Path, text: str | None
    ) -> None:
        bundle = tmp_path / "bundle.pem"
        if text is not None:
            bundle.write_text(text)
        with serve(plays(), tls=authority.server_context("127.0.0.1")) as server:
            options = TransportOptions(ca_file=str(bundle))
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert str(bundle) in failure.what

    @pytest.mark.parametrize("password", [None, "päss"], ids=["plain", "encrypted"])
    def test_a_client_certificate_with_its_key_in_one_file_is_shown(
        self, open_it: Open, authority: Authority, password: str | None
    ) -> None:
        secret = password.encode() if password else None
        pem = authority.client_pem("alice", password=secret)
        tls = authority.server_context("127.0.0.1", wants_client=True)
        with serve(plays(answer(b"x")), tls=tls) as server:
            options = TransportOptions(
                ca_file=str(authority.bundle),
                client_cert=str(pem),
                client_key_password=Secret(password) if password else None,
            )
            assert self.fetch_from(open_it, server, options).body == b"x"

    def test_a_missing_client_certificate_is_asked_for(
        self, open_it: Open, authority: Authority
    ) -> None:
        tls = authority.server_context("127.0.0.1", wants_client=True)
        with serve(plays(answer(b"x")), tls=tls) as server:
            options = TransportOptions(ca_file=str(authority.bundle))
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert "wants a client certificate" in failure.what
        assert "--client-cert" in str(failure.fix)

    @pytest.mark.parametrize("password", [None, "wrong"])
    def test_a_key_that_cannot_be_read_is_named_and_nobody_is_asked(
        self, open_it: Open, authority: Authority, password: str | None
    ) -> None:
        pem = authority.client_pem("bob", password=b"right")
        with serve(plays(), tls=authority.server_context("127.0.0.1")) as server:
            options = TransportOptions(
                ca_file=str(authority.bundle),
                client_cert=str(pem),
                client_key_password=Secret(password) if password else None,
            )
            failure = fail(open_it(options), WireRequest(server.url()))

        assert isinstance(failure, TlsFailed)
        assert str(pem) in failure.what
        assert "wrong" not in f"{failure.what}{failure.why}"

    def test_a_server_without_tls_is_called_so(self, open_it: Open) -> None:
        with serve(plays(answer())) as server:
            url = parse_url(f"https://127.0.0.1:{server.port}/")
            failure = fail(open_it(PATIENT), WireRequest(url))

        assert isinstance(failure, TlsFailed)
        assert "does not speak TLS" in failure.what


class TestInterrupt:
    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
    @pytest.mark.parametrize("is_dripping", [False, True], ids=["silent", "busy"])
    def test_ctrl_c_ends_a_wait_at_once(
        self, kind: str, is_dripping: bool, tmp_path: Path
    ) -> None:
        program = f"""
            import signal, sys
            signal.signal(signal.SIGINT, signal.default_int_handler)
            from admit.net.transport import *
            from admit.spec.url import parse_url
            transport = open_transport(TransportOptions(), prefer={kind!r})
            done = []
            for _ in range(9):
                url = parse_url(sys.argv[1])
                transport.submit(WireRequest(url, sink={str(tmp_path / "f")!r},
                    on_progress=lambda *_: None), done.append)
            try:
                print("ready", flush=True)
                while not done:
                    transport.wait(60)
            except KeyboardInterrupt:
                print("interrupted", flush=True)
                transport.close()
        """
        arrived = threading.Event()

        def play(_: Received) -> Iterator[Step]:
            arrived.set()
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
            while is_dripping:
                yield b"x" * 100
            yield threading.Event()

        with serve(play) as server:
            child = subprocess.Popen(
                [sys.executable, "-c", textwrap.dedent(program), str(server.url())],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert arrived.wait(10)
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            started = monotonic()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=10)

        assert (out, err) == ("interrupted\n", "")
        assert monotonic() - started < 2
        assert child.returncode == 0

    def test_without_pycurl_the_plain_transport_serves(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pycurl", None)
        monkeypatch.delitem(sys.modules, "admit.net.curl", raising=False)
        with serve(plays(answer(b"x"))) as server:
            transport = open_transport(PATIENT)
            response = fetch(transport, WireRequest(server.url()))
            transport.close()

        assert type(transport).__name__ == "PlainTransport"
        assert response.body == b"x"

    def test_leaving_without_closing_does_not_hang(self, kind: str) -> None:
        program = f"""
            import sys
            from admit.net.transport import *
            from admit.spec.url import parse_url
            transport = open_transport(TransportOptions(), prefer={kind!r})
            for _ in range(9):
                transport.submit(WireRequest(parse_url(sys.argv[1])), print)
            transport.wait(0.3)
            print("left", flush=True)
        """
        with serve(plays(threading.Event())) as server:
            done = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(program), str(server.url())],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )

        assert (done.returncode, done.stdout, done.stderr) == (0, "left\n", "")
