"""Both transports: whom they trust, and who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.net.transport import (
    TlsFailed,
    TlsOptions,
    TransportOptions,
    WireRequest,
    WireResponse,
)
from admit.spec.url import Secret, parse_url
from support.raw_server import (
    Authority,
    RawServer,
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
