"""`proxy` of an index: for its own origins, in place of the run's, and no further."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Found
from admit.auth.scope import Provenance, Source
from admit.net.client import Client, ClientOptions, Request
from admit.net.proxies import parse_proxy
from admit.net.transport import ProxyFailed, ProxyOptions, TransportOptions
from support.proxy import run_proxy
from support.recording_server import RecordingServer, redirect

if TYPE_CHECKING:
    from admit.auth.query import Query
    from admit.net.client import RequestLine
    from admit.spec.url import Url
    from support.raw_server import Authority
    from support.transports import Open

SECRET = "pr0xy-canary"
PAIR = f"bob:{SECRET}"


class Deaf:
    """A reporter that tells nobody."""

    def request_line(self, line: RequestLine) -> None:
        pass

    def warning(self, text: str) -> None:
        pass


def nothing(_: Query) -> Found:
    return Found()


def ask(open_it: Open, source: Source, options: TransportOptions | None = None) -> int:
    client = Client(
        open_it(options or TransportOptions()),
        nothing,
        Deaf(),
        options=ClientOptions(b"k" * 32, retries=0),
    )
    request = Request(source.url, Provenance(source, "listing"))
    return client.get(request).result().status


def through(port: int, pair: str = "") -> Url:
    return parse_proxy(f"http://{pair}{'@' if pair else ''}127.0.0.1:{port}")


@pytest.mark.pain("I6")
def test_the_index_is_reached_through_it_with_its_login(open_it: Open) -> None:
    with RecordingServer() as server, run_proxy(PAIR) as proxy:
        source = Source(server.url(), proxy=through(proxy.port, PAIR))

        assert ask(open_it, source) == 200

        (asked,) = proxy.requests
        wanted = base64.b64encode(PAIR.encode()).decode()
        assert asked.header("proxy-authorization") == f"Basic {wanted}"
        assert "proxy-authorization" not in server.seen[0].headers


@pytest.mark.pain("I6")
def test_another_origin_is_not(open_it: Open) -> None:
    with RecordingServer() as home, RecordingServer() as other:
        home.answer = lambda _: redirect(other.url().text)
        with run_proxy(PAIR) as proxy:
            source = Source(home.url(), proxy=through(proxy.port, PAIR))

            assert ask(open_it, source) == 200

            assert len(proxy.requests) == 1
        assert len(other.seen) == 1


def test_it_stands_above_the_proxy_of_the_run(open_it: Open) -> None:
    with RecordingServer() as server, run_proxy() as own, run_proxy() as general:
        usual = through(general.port)
        options = TransportOptions(proxies=ProxyOptions(usual, usual))
        source = Source(server.url(), proxy=through(own.port))

        assert ask(open_it, source, options) == 200
        assert ask(open_it, Source(server.url()), options) == 200

        assert (len(own.requests), len(general.requests)) == (1, 1)


def test_direct_means_none(open_it: Open) -> None:
    with RecordingServer() as server, run_proxy() as general:
        usual = through(general.port)
        options = TransportOptions(proxies=ProxyOptions(usual, usual))

        assert ask(open_it, Source(server.url(), proxy="direct"), options) == 200

        assert general.requests == []


@pytest.mark.pain("I6")
def test_its_refusal_is_the_proxys_and_shows_no_password(open_it: Open) -> None:
    with RecordingServer() as server, run_proxy("bob:other") as proxy:
        source = Source(server.url(), proxy=through(proxy.port, PAIR))

        with pytest.raises(ProxyFailed) as caught:
            ask(open_it, source)

        assert "(407)" in caught.value.what
        assert SECRET not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"
        assert len(proxy.requests) == 1
        assert server.seen == []


@pytest.mark.pain("I5")
def test_it_goes_together_with_a_certificate(
    open_it: Open, authority: Authority
) -> None:
    pem = authority.client_pem("alice")
    tls = authority.server_context("127.0.0.1", wants_client=True)
    with RecordingServer(tls=tls) as server, run_proxy(PAIR) as proxy:
        source = Source(
            server.url(),
            client_cert=str(pem),
            ca_cert=str(authority.bundle),
            proxy=through(proxy.port, PAIR),
        )

        assert ask(open_it, source) == 200

        assert [each.method for each in proxy.requests] == ["CONNECT"]


@pytest.mark.pain("I6")
def test_an_empty_user_name_sends_no_password(open_it: Open) -> None:
    """It means Negotiate, with the ticket that this machine may have."""
    schemes = ("Negotiate", 'Basic realm="proxy"')
    with RecordingServer() as server, run_proxy("bob:right", schemes) as proxy:
        source = Source(server.url(), proxy=through(proxy.port, f":{SECRET}"))

        with pytest.raises(ProxyFailed):
            ask(open_it, source)

        assert server.seen == []
        for each in proxy.requests:
            assert "Basic" not in (each.header("proxy-authorization") or "")
