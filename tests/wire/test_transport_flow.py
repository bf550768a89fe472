"""Both transports: time, connections, sinks, interruption."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from time import monotonic
from typing import TYPE_CHECKING

import pytest

from admit.net.transport import (
    ConnectFailed,
    SinkFailed,
    TimedOut,
    TransferFailed,
    TransportOptions,
    WireRequest,
    WireResponse,
    open_transport,
)
from admit.spec.url import InvalidUrl, parse_url
from support.raw_server import (
    CLOSE,
    Authority,
    Received,
    Step,
    answer,
    serve,
)
from support.transports import (
    HASTY,
    PATIENT,
    Open,
    after,
    fail,
    fetch,
    fetch_all,
    plays,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.net.transport import Outcome


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
            ticks += [b"x", after(0.15)]
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
        with serve(plays(head, *ticks)) as server:
            response = fetch(open_it(HASTY), WireRequest(server.url()))

        assert response.body == b"x" * 8

    @pytest.mark.parametrize(
        ("begun", "drop"),
        [
            pytest.param(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n", id="header"),
            pytest.param(
                b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b"x", id="body"
            ),
        ],
    )
    def test_a_drip_is_given_up(
        self, open_it: Open, begun: bytes, drop: bytes, tmp_path: Path
    ) -> None:
        """A byte in time, for ever: no silence is ever too long."""
        drops: list[Step] = []
        for _ in range(60):
            drops += [drop, after(0.05)]
        options = TransportOptions(read_timeout=0.2)
        started = monotonic()
        with serve(plays(begun, *drops)) as server:
            request = WireRequest(server.url(), sink=str(tmp_path / "body"))
            failure = fail(open_it(options), request)
            took = monotonic() - started

        assert isinstance(failure, TimedOut)
        assert failure.what.endswith("under 1 KiB in 0.8 seconds")
        assert 0.7 < took < 2
        assert (failure.partial is not None) is (drop == b"x")

    def test_what_is_slow_and_steady_goes_on(self, open_it: Open) -> None:
        drops: list[Step] = []
        for _ in range(12):
            drops += [b"x" * 1100, after(0.1)]
        options = TransportOptions(read_timeout=0.2)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 13200\r\n\r\n"
        with serve(plays(head, *drops)) as server:
            response = fetch(open_it(options), WireRequest(server.url()))

        assert len(response.body) == 13200

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
            return [after(0.2), answer()]

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
            yield after(0.02)
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

    @pytest.mark.parametrize(
        "host",
        [
            "victim\uff20localhost",
            "localhost\uff0f.corp.example",
            "\uff4cocalhost",
            "localhost\uff1a9",
        ],
    )
    def test_a_host_name_that_means_another_is_refused(
        self, open_it: Open, host: str
    ) -> None:
        request = WireRequest(parse_url(f"http://{host}/"))

        with pytest.raises(InvalidUrl, match="no usable host"):
            fail(open_it(PATIENT), request)

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
