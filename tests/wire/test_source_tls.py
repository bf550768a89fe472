"""`client-cert` and `ca-cert` of an index: shown and trusted there, nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Found
from admit.auth.scope import Provenance, Source
from admit.errors import NetworkError
from admit.net.client import Client, ClientOptions, Request
from admit.net.transport import TlsFailed, TransportOptions
from admit.spec.url import Secret, parse_url
from admit.value import replace
from support.raw_server import Authority
from support.recording_server import RecordingServer, redirect

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.query import Query
    from admit.net.client import RequestLine
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


@pytest.mark.pain("I5")
class TestTheRunsOwnCertificate:
    def test_is_shown_to_the_index(self, open_it: Open, authority: Authority) -> None:
        tls = authority.server_context("127.0.0.1", wants_client=True)
        with RecordingServer(tls=tls) as server:
            client = open_client(open_it, self.options(authority))

            assert ask(client, Source(server.url())) == 200

    def test_is_shown_to_no_stranger(self, open_it: Open, authority: Authority) -> None:
        own = authority.server_context("127.0.0.1", wants_client=True)
        strangers = authority.server_context("127.0.0.1", wants_client=True)
        with RecordingServer(tls=own) as home, RecordingServer(tls=strangers) as other:
            home.answer = lambda _: redirect(other.url().text)

            with pytest.raises(NetworkError):
                ask(open_client(open_it, self.options(authority)), Source(home.url()))

            assert home.seen
            assert other.seen == []

    @pytest.mark.parametrize(
        "settings", [{"is_public": True}, {"policy": "never"}], ids=str
    )
    def test_is_not_shown_where_nothing_is_to_be_known(
        self, open_it: Open, authority: Authority, settings: dict[str, object]
    ) -> None:
        tls = authority.server_context("127.0.0.1", wants_client=True)
        with RecordingServer(tls=tls) as server:
            source = replace(Source(server.url()), **settings)

            with pytest.raises(NetworkError):
                ask(open_client(open_it, self.options(authority)), source)

            assert server.seen == []

    def test_makes_another_identity(self, open_it: Open, authority: Authority) -> None:
        source = Source(parse_url("https://host.example/simple/"))
        with_one = open_client(open_it, self.options(authority)).identity_of(source)
        without = open_client(open_it).identity_of(source)

        assert without.is_anonymous
        assert not with_one.is_anonymous

    def options(self, authority: Authority) -> TransportOptions:
        pem = str(authority.client_pem("alice"))
        return TransportOptions(ca_file=str(authority.bundle), client_cert=pem)


@pytest.mark.pain("I5")
def test_two_indexes_of_one_host_are_shown_two_certificates(
    open_it: Open, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("a", "b")]
    for each in folders:
        each.mkdir()
    one, two = [Authority(each) for each in folders]
    contexts = [
        each.server_context("127.0.0.1", wants_client=True) for each in (one, two)
    ]
    with RecordingServer(tls=contexts[0]) as a, RecordingServer(tls=contexts[1]) as b:
        client = open_client(open_it)
        pems = [each.client_pem("alice") for each in (one, two)]
        sources = [
            source_at(server, authority.bundle, pem)
            for server, authority, pem in zip((a, b), (one, two), pems, strict=True)
        ]

        assert [ask(client, each) for each in sources * 2] == [200] * 4
        crossed = source_at(b, two.bundle, pems[0])
        with pytest.raises(NetworkError):
            ask(client, crossed)


@pytest.mark.pain("I5")
@pytest.mark.parametrize("password", ["right", "wrong", None])
def test_an_encrypted_key_wants_its_password(
    open_it: Open, authority: Authority, password: str | None
) -> None:
    pem = authority.client_pem("alice", password=b"right")
    tls = authority.server_context("127.0.0.1", wants_client=True)
    with RecordingServer(tls=tls) as server:
        source = replace(
            source_at(server, authority.bundle, pem),
            client_key_password=Secret(password) if password else None,
        )
        client = open_client(open_it)

        if password == "right":
            assert ask(client, source) == 200
            return
        with pytest.raises(TlsFailed) as caught:
            ask(client, source)

        assert "cannot use the client certificate" in caught.value.what
        assert "wrong" not in f"{caught.value.why}{caught.value.fix}"
        assert server.seen == []
