"""Both transports against a server that sends whatever it likes."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from admit.net.transport import (
    BadResponse,
    TransferFailed,
    WireRequest,
)
from admit.spec.url import parse_url
from support.raw_server import (
    CLOSE,
    RESET,
    Received,
    Step,
    answer,
    serve,
)
from support.transports import (
    PATIENT,
    Open,
    fail,
    fetch,
    plays,
)

if TYPE_CHECKING:
    from pathlib import Path


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

    def test_interim_answers_have_an_end(self, open_it: Open) -> None:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50
        with serve(plays(hints, answer(b"real"))) as server:
            failure = fail(open_it(PATIENT), WireRequest(server.url()))

        assert isinstance(failure, BadResponse)
        assert "more than 20 interim answers" in str(failure.why)

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
