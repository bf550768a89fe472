"""`client-cert` and `ca-cert` of an index: shown and trusted there, nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Found
from admit.auth.scope import Provenance, Source
from admit.errors import NetworkError
from admit.net.client import Client, ClientOptions, Request
from admit.net.transport import TlsFailed, TransportOptions
from admit.spec.url import parse_url
from support.recording_server import RecordingServer, redirect

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.query import Query
    from admit.net.client import RequestLine
    from support.raw_server import Authority
    from support.transports import Open


class Deaf:
    """A reporter that tells nobody."""

    def request_line(self, line: RequestLine) -> None:
        pass

    def warning(self, text: str) -> None:
        pass


def nothing(_: Query) -> Found:
    return Found()


def open_client(open_it: Open, options: TransportOptions | None = None) -> Client:
    options = options or TransportOptions()
    return Client(
        open_it(options),
        nothing,
        Deaf(),
        options=ClientOptions(b"k" * 32, retries=0, tls=options.tls),
    )


def ask(client: Client, source: Source) -> int:
    request = Request(source.url, Provenance(source, "listing"))
    return client.get(request).result().status


def source_at(
    server: RecordingServer, ca_cert: Path, client_cert: Path | None = None
) -> Source:
    url = parse_url(server.url().text)
    cert = str(client_cert) if client_cert else None
    return Source(url, ca_cert=str(ca_cert), client_cert=cert)


@pytest.mark.pain("I5")
def test_the_index_gets_its_certificate(open_it: Open, authority: Authority) -> None:
    pem = authority.client_pem("alice")
    tls = authority.server_context("127.0.0.1", wants_client=True)
    with RecordingServer(tls=tls) as server:
        source = source_at(server, authority.bundle, pem)
        client = open_client(open_it)

        assert ask(client, source) == 200
        with pytest.raises(NetworkError):
            ask(open_client(open_it), source_at(server, authority.bundle))


@pytest.mark.pain("I5")
def test_another_origin_is_shown_no_certificate(
    open_it: Open, authority: Authority
) -> None:
    pem = authority.client_pem("alice")
    own = authority.server_context("127.0.0.1", wants_client=True)
    stranger = authority.server_context("127.0.0.1", wants_client=True)
    options = TransportOptions(ca_file=str(authority.bundle))
    with RecordingServer(tls=own) as home, RecordingServer(tls=stranger) as other:
        home.answer = lambda _: redirect(other.url().text)

        with pytest.raises(NetworkError):
            ask(open_client(open_it, options), source_at(home, authority.bundle, pem))

        assert home.seen
        assert other.seen == []


@pytest.mark.pain("I5")
def test_an_authority_of_the_index_is_not_trusted_elsewhere(
    open_it: Open, authority: Authority
) -> None:
    context = authority.server_context("127.0.0.1")
    with RecordingServer(tls=context) as home, RecordingServer(tls=context) as other:
        home.answer = lambda _: redirect(other.url().text)

        with pytest.raises(TlsFailed, match="authority"):
            ask(open_client(open_it), source_at(home, authority.bundle))

        assert other.seen == []


def test_the_general_trust_stays_where_the_index_has_a_certificate_only(
    open_it: Open, authority: Authority
) -> None:
    pem = authority.client_pem("alice")
    tls = authority.server_context("127.0.0.1", wants_client=True)
    options = TransportOptions(ca_file=str(authority.bundle))
    with RecordingServer(tls=tls) as server:
        source = Source(parse_url(server.url().text), client_cert=str(pem))

        assert ask(open_client(open_it, options), source) == 200


def test_another_certificate_is_another_identity(
    open_it: Open, authority: Authority
) -> None:
    client = open_client(open_it)
    url = parse_url("https://host.example/simple/")
    certs = [authority.client_pem(name) for name in ("alice", "bob")]
    sources = [
        Source(url, name=str(i), client_cert=str(p)) for i, p in enumerate(certs)
    ]

    asked = [client.identity_of(each) for each in (*sources, Source(url))]

    assert len({each.fingerprint for each in asked}) == 3
    assert [each.is_anonymous for each in asked] == [False, False, True]
