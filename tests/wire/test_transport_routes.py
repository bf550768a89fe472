"""Ways to the server: proxies on both transports, HTTP/2 on libcurl."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING, Literal

import pytest

from admit.errors import AdmitError
from admit.net.proxies import parse_proxy
from admit.net.transport import (
    ProxyFailed,
    ProxyOptions,
    TransferFailed,
    Transport,
    TransportOptions,
    WireRequest,
    WireResponse,
    open_transport,
)
from admit.spec.url import parse_url
from support.h2_server import serve_h2
from support.proxy import run_proxy
from support.raw_server import Authority, answer, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.net.transport import Outcome

    Open = Callable[[TransportOptions], Transport]
    Kind = Literal["curl", "plain"]


def collect(transport: Transport, *requests: WireRequest) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for request in requests:
        transport.submit(request, outcomes.append)
    for _ in range(len(requests) * 20):
        if len(outcomes) == len(requests):
            break
        transport.wait(1)
    return outcomes


def proxied(text: str, authority: Authority, *no_proxy: str) -> TransportOptions:
    proxy = parse_proxy(text)
    return TransportOptions(
        proxies=ProxyOptions(http=proxy, https=proxy, no_proxy=no_proxy),
        ca_file=str(authority.bundle),
    )


class TestProxies:
    def test_http_is_forwarded(self, open_it: Open, authority: Authority) -> None:
        with serve(lambda _: [answer(b"x")]) as server, run_proxy() as proxy:
            options = proxied(f"http://127.0.0.1:{proxy.port}", authority)
            url = server.url("/a?b", host="host.example")
            [outcome] = collect(open_it(options), WireRequest(url))

        assert isinstance(outcome, WireResponse)
        assert outcome.body == b"x"
        assert proxy.requests[0].target == url.text
        assert server.requests[0].header("host") == f"host.example:{server.port}"

    def test_https_goes_through_connect_with_the_proxy_seeing_only_the_host(
        self, open_it: Open, authority: Authority
    ) -> None:
        tls = authority.server_context("host.example")
        request_headers = (("Authorization", "Bearer canary"),)
        with serve(lambda _: [answer(b"x")], tls=tls) as server, run_proxy() as proxy:
            options = proxied(f"http://127.0.0.1:{proxy.port}", authority)
            url = server.url("/a", host="host.example")
            [outcome] = collect(open_it(options), WireRequest(url, request_headers))

        assert isinstance(outcome, WireResponse)
        assert (outcome.body, outcome.header("x-proxy")) == (b"x", None)
        assert proxy.requests[0].method == "CONNECT"
        assert b"canary" not in proxy.requests[0].head
        assert server.requests[0].header("authorization") == "Bearer canary"

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.pain("I6")
    def test_the_proxys_credential_goes_to_the_proxy_only(
        self, open_it: Open, authority: Authority, scheme: str
    ) -> None:
        tls = authority.server_context("host.example") if scheme == "https" else None
        pair = "corp\\mé:p@ss:wörd"
        with (
            serve(lambda _: [answer(b"x")], tls=tls) as server,
            run_proxy(pair) as proxy,
        ):
            text = f"corp%5Cm%C3%A9:p%40ss:w%C3%B6rd@127.0.0.1:{proxy.port}"
            options = proxied(text, authority)
            url = server.url(host="host.example")
            [outcome] = collect(open_it(options), WireRequest(url))

        assert isinstance(outcome, WireResponse), outcome
        token = base64.b64encode(pair.encode()).decode()
        assert [each.header("proxy-authorization") for each in proxy.requests] == [
            f"Basic {token}"
        ]
        assert token.encode() not in server.requests[0].head

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.pain("I6")
    def test_a_refusal_names_the_proxy_and_not_its_password(
        self, open_it: Open, authority: Authority, scheme: str
    ) -> None:
        with run_proxy("me:right") as proxy:
            options = proxied(f"http://me:wrong@127.0.0.1:{proxy.port}", authority)
            url = parse_url(f"{scheme}://host.example:9/")
            [outcome] = collect(open_it(options), WireRequest(url))

        assert isinstance(outcome, ProxyFailed)
        assert not outcome.may_retry
        assert f"http://me@127.0.0.1:{proxy.port}" in outcome.what
        assert "407" in outcome.what
        assert "wrong" not in f"{outcome.what}{outcome.why}{outcome.fix}"
        assert len(proxy.requests) == 1

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_proxy_that_wants_ntlm_is_explained(
        self, open_it: Open, authority: Authority, scheme: str
    ) -> None:
        with run_proxy("me:right", ("NTLM",)) as proxy:
            options = proxied(f"http://127.0.0.1:{proxy.port}", authority)
            url = parse_url(f"{scheme}://host.example:9/")
            [outcome] = collect(open_it(options), WireRequest(url))

        assert isinstance(outcome, ProxyFailed)
        assert "not " in str(outcome.fix)
        assert "ntlm" in str(outcome.fix).lower()

    @pytest.mark.parametrize("scheme", ["http", "https"])
    @pytest.mark.pain("I6")
    def test_a_refusal_says_what_the_proxy_accepts(
        self, authority: Authority, scheme: str
    ) -> None:
        with run_proxy("me:right", ("NTLM", "Digest realm=x")) as proxy:
            options = proxied(f"http://me:wrong@127.0.0.1:{proxy.port}", authority)
            transport = open_transport(options, prefer="curl")
            url = parse_url(f"{scheme}://host.example:9/")
            [outcome] = collect(transport, WireRequest(url))
            transport.close()

        assert isinstance(outcome, ProxyFailed)
        assert str(outcome.why) == "it was asked as 'me'; it accepts digest, ntlm"
        assert "not digest, ntlm" in str(outcome.fix)

    def test_answers_in_a_tunnel_that_is_used_again_are_the_servers(
        self, authority: Authority
    ) -> None:
        tls = authority.server_context("host.example")
        with serve(lambda _: [answer(b"x")], tls=tls) as server, run_proxy() as proxy:
            options = proxied(f"http://127.0.0.1:{proxy.port}", authority)
            transport = open_transport(options, prefer="curl")
            url = server.url("/a", host="host.example")
            outcomes = [collect(transport, WireRequest(url))[0] for _ in range(3)]
            transport.close()

        assert len(proxy.requests) == 1
        for outcome in outcomes:
            assert isinstance(outcome, WireResponse)
            assert (outcome.status, outcome.body) == (200, b"x")
            assert outcome.header("x-proxy") is None

    @pytest.mark.parametrize("kind", ["curl", "plain"])
    @pytest.mark.pain("I6")
    def test_a_ticket_that_cannot_be_sent_is_an_error_that_says_what_to_do(
        self, authority: Authority, kind: Kind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import pycurl

        known = pycurl.version_info()
        without = (*known[:4], known[4] & ~pycurl.VERSION_SPNEGO, *known[5:])
        monkeypatch.setattr(pycurl, "version_info", lambda: without)
        with run_proxy("me:right", ("Negotiate",)) as proxy:
            options = proxied(f"http://:@127.0.0.1:{proxy.port}", authority)
            transport = open_transport(options, prefer=kind)
            [outcome] = collect(
                transport, WireRequest(parse_url("http://host.example:9/"))
            )
            transport.close()

        assert isinstance(outcome, ProxyFailed)
        assert "with a Kerberos ticket" in outcome.what
        assert ("GSS-API" if kind == "curl" else "`pycurl`") in str(outcome.why)
        assert "a proxy on this machine that logs in for you" in str(outcome.fix)
        assert proxy.requests == []

    def test_a_proxy_that_is_not_there_is_named(
        self, open_it: Open, authority: Authority
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            options = proxied(f"http://127.0.0.1:{port}", authority)
            url = parse_url("https://host.example/")
            [outcome] = collect(open_it(options), WireRequest(url))

        assert isinstance(outcome, ProxyFailed)
        assert f"cannot reach the proxy http://127.0.0.1:{port}" in outcome.what
        assert "NO_PROXY" in str(outcome.fix)

    def test_no_proxy_is_heeded(self, open_it: Open, authority: Authority) -> None:
        with serve(lambda _: [answer(b"x")]) as server, run_proxy() as proxy:
            options = proxied(f"127.0.0.1:{proxy.port}", authority, "127.0.0.0/8")
            [outcome] = collect(open_it(options), WireRequest(server.url()))

        assert isinstance(outcome, WireResponse)
        assert proxy.requests == []

    def test_the_environment_is_not_read(
        self, open_it: Open, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with serve(lambda _: [answer(b"x")]) as server:
            transport = open_it(TransportOptions())
            [outcome] = collect(transport, WireRequest(server.url()))

        assert isinstance(outcome, WireResponse)

    def test_socks_without_libcurl_says_what_is_missing(
        self, authority: Authority
    ) -> None:
        options = proxied("socks5h://127.0.0.1:9", authority)
        transport = open_transport(options, prefer="plain")
        url = parse_url("https://host.example/")
        [outcome] = collect(transport, WireRequest(url))
        transport.close()

        assert isinstance(outcome, ProxyFailed)
        assert "pycurl" in str(outcome.fix)


class TestHttp2:
    @pytest.fixture
    def options(self, authority: Authority) -> TransportOptions:
        return TransportOptions(ca_file=str(authority.bundle))

    def test_many_requests_share_one_connection(
        self, authority: Authority, options: TransportOptions
    ) -> None:
        tls = authority.server_context("127.0.0.1", protocols=["h2", "http/1.1"])
        with serve_h2(tls, delay=0.05) as server:
            transport = open_transport(options, prefer="curl")
            requests = [WireRequest(server.url(f"/{each}")) for each in range(100)]
            outcomes = collect(transport, *requests)
            transport.close()

        answers = [each for each in outcomes if isinstance(each, WireResponse)]
        assert [(each.http_version, each.body) for each in answers] == [
            ("2", b"two")
        ] * 100
        assert [len(targets) for targets in server.targets] == [100]
        assert server.most_streams > 20

    def test_large_bodies_reach_their_sinks(
        self, authority: Authority, options: TransportOptions, tmp_path: Path
    ) -> None:
        tls = authority.server_context("127.0.0.1", protocols=["h2"])
        body = bytes(range(256)) * 4096
        with serve_h2(tls, body=body) as server:
            transport = open_transport(options, prefer="curl")
            sinks = [tmp_path / str(each) for each in range(5)]
            requests = [WireRequest(server.url(), sink=str(sink)) for sink in sinks]
            outcomes = collect(transport, *requests)
            transport.close()

        assert all(isinstance(each, WireResponse) for each in outcomes)
        assert all(sink.read_bytes() == body for sink in sinks)

    def test_a_reset_stream_is_a_failed_transfer(
        self, authority: Authority, options: TransportOptions
    ) -> None:
        tls = authority.server_context("127.0.0.1", protocols=["h2"])
        with serve_h2(tls) as server:
            server.is_rude = True
            transport = open_transport(options, prefer="curl")
            [outcome] = collect(transport, WireRequest(server.url()))
            transport.close()

        assert isinstance(outcome, AdmitError)
        assert isinstance(outcome, TransferFailed)

    def test_the_plain_transport_speaks_1_1_to_such_a_server(
        self, authority: Authority, options: TransportOptions
    ) -> None:
        tls = authority.server_context("127.0.0.1", protocols=["h2", "http/1.1"])
        with serve(lambda _: [answer(b"one")], tls=tls) as server:
            transport = open_transport(options, prefer="plain")
            [outcome] = collect(transport, WireRequest(server.url()))
            transport.close()

        assert isinstance(outcome, WireResponse)
        assert (outcome.http_version, outcome.body) == ("1.1", b"one")
