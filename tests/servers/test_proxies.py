"""admit through real proxies: Basic, SOCKS5 with a login, Negotiate, NTLM.

The index is the embedded one; each proxy is a program that people run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.index import ALICE, make_tls
from support.kerberos import missing_kerberos, start_realm
from support.proxies import (
    basic,
    missing_squid,
    negotiate,
    ntlm,
    open_folder,
    start_http_proxy,
    start_socks_proxy,
    start_squid,
)
from support.servers import has_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk
    from support.index import Tls
    from support.kerberos import Realm
    from support.proxies import Squid

pytestmark = [pytest.mark.exam, pytest.mark.pain("I6")]

KEY = "pr0xy:can@ry/%"
TYPED = "pr0xy%3Acan%40ry%2F%25"
"""The same, as a URL has it."""
PLAIN = "pr0xy-canary"
"""For proxies that split what they are told at marks."""
DENY = Behaviour(DENIALS["401"])
ALICES = ["pkgpriv==2.0", "pkgpub==2.0"]


@pytest.fixture(params=["http", "https"])
def index(
    request: pytest.FixtureRequest, tmp_path: Path, wheels: Path
) -> Iterator[IndexServer]:
    """An index that lets nobody in but alice, with and without TLS."""
    tls: Tls | None = make_tls(tmp_path) if request.param == "https" else None
    context = tls.context if tls else None
    with IndexServer(wheels, accounts=[ALICE], behaviour=DENY, tls=context) as server:
        yield server


@pytest.fixture
def desk(desk: Desk, tmp_path: Path) -> Desk:
    desk.secrets += [KEY, TYPED, PLAIN]
    desk.variables["SSL_CERT_FILE"] = str(tmp_path / "ca.pem")
    if not (tmp_path / "ca.pem").exists():
        del desk.variables["SSL_CERT_FILE"]
    return desk


def assert_went_through(index: IndexServer) -> None:
    """Alice's login reached the index with every request; the proxy's with none."""
    assert index.requests != []
    assert (index.anonymous, index.failed_logins) == ([], [])
    for seen in index.requests:
        assert seen.asked.header("proxy-authorization") == ""


class TestProxyPy:
    @pytest.fixture
    def port(self, tmp_path: Path) -> Iterator[int]:
        if not has_module("proxy"):
            pytest.skip("no proxy.py: the group `proxies`")
        with start_http_proxy(tmp_path, "bob", KEY) as port:
            yield port

    def test_a_login_in_the_url_is_decoded_once(
        self, index: IndexServer, desk: Desk, port: int
    ) -> None:
        proxy = f"http://bob:{TYPED}@127.0.0.1:{port}"

        desk.succeed(
            "install", "-vv", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert desk.installed == ALICES
        assert index.requests != []
        assert (index.anonymous, index.failed_logins) == ([], [])

    def test_a_wrong_one_ends_the_run_as_the_proxys_refusal(
        self, index: IndexServer, desk: Desk, port: int
    ) -> None:
        desk.secrets.append("wr0ng-canary")
        proxy = f"http://bob:wr0ng-canary@127.0.0.1:{port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert f"127.0.0.1:{port}" in ran.stderr
        assert "wants a login, or refuses the one given (407)" in ran.stderr
        assert "it was asked as 'bob'; it accepts basic" in ran.stderr
        assert index.requests == []


class TestSocks:
    @pytest.fixture
    def port(self, tmp_path: Path) -> Iterator[int]:
        if not has_module("asyncio_socks_server"):
            pytest.skip("no asyncio-socks-server: the group `proxies`")
        with start_socks_proxy(tmp_path, "bob", PLAIN) as port:
            yield port

    @pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
    def test_a_login_is_given(
        self, index: IndexServer, desk: Desk, port: int, scheme: str
    ) -> None:
        proxy = f"{scheme}://bob:{PLAIN}@127.0.0.1:{port}"

        desk.succeed(
            "install", "-vv", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert desk.installed == ALICES
        assert_went_through(index)

    @pytest.mark.parametrize("login", ["bob:wr0ng@", ""], ids=["wrong", "none"])
    def test_without_the_right_one_the_run_ends(
        self, index: IndexServer, desk: Desk, port: int, login: str
    ) -> None:
        proxy = f"socks5h://{login}127.0.0.1:{port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert f"127.0.0.1:{port}" in ran.stderr
        assert "wants a login, or refuses the one given" in ran.stderr
        assert ("as 'bob'" if login else "without a credential") in ran.stderr
        assert index.requests == []


class TestSquidWithBasic:
    @pytest.fixture
    def squid(self) -> Iterator[Squid]:
        if reason := missing_squid("basic_ncsa_auth"):
            pytest.skip(reason)
        with (
            open_folder() as folder,
            start_squid(folder, basic(folder, "bob", PLAIN)) as squid,
        ):
            yield squid

    def test_squid_knows_who_asked(
        self, index: IndexServer, desk: Desk, squid: Squid
    ) -> None:
        proxy = f"http://bob:{PLAIN}@localhost:{squid.port}"

        desk.succeed("install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub")

        assert desk.installed == ALICES
        assert {each.user for each in squid.requests()} == {"bob"}
        assert_went_through(index)

    def test_a_wrong_password_is_sent_once(
        self, index: IndexServer, desk: Desk, squid: Squid
    ) -> None:
        desk.secrets.append("wr0ng-canary")
        proxy = f"http://bob:wr0ng-canary@localhost:{squid.port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert "(407)" in ran.stderr
        assert [each.status for each in squid.requests()] == [407]
        assert index.requests == []


class TestSquidWithNegotiate:
    """`http://:@proxy` means: with the Kerberos ticket of whoever runs the command."""

    @pytest.fixture
    def realm(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
        if reason := missing_kerberos() or missing_squid("negotiate_kerberos_auth"):
            pytest.skip(reason)
        if not libcurl_has_gssapi():
            pytest.skip("libcurl was built without GSS-API here")
        folder = tmp_path_factory.mktemp("realm")
        with start_realm(folder, "alice", "k1nit", "HTTP/localhost") as realm:
            yield realm

    @pytest.fixture
    def squid(self, realm: Realm) -> Iterator[Squid]:
        with open_folder() as folder:
            keytab = folder / "keytab"
            keytab.write_bytes(realm.keytab.read_bytes())
            keytab.chmod(0o644)
            config = folder / "krb5.conf"
            config.write_text((realm.folder / "krb5.conf").read_text())
            auth = negotiate(realm._replace(keytab=keytab), "HTTP/localhost")
            with start_squid(folder, auth, KRB5_CONFIG=str(config)) as squid:
                yield squid

    def test_a_ticket_opens_it(
        self, index: IndexServer, desk: Desk, squid: Squid, realm: Realm
    ) -> None:
        desk.variables |= realm.ticket(desk.home, "alice", "k1nit")
        proxy = f"http://:@localhost:{squid.port}"

        desk.succeed("install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub")

        assert desk.installed == ALICES
        known = {each.user for each in squid.requests() if each.status < 400}
        assert known == {"alice@CORP.EXAMPLE"}
        assert_went_through(index)

    def test_without_a_ticket_the_error_says_so(
        self, index: IndexServer, desk: Desk, squid: Squid, realm: Realm
    ) -> None:
        desk.variables |= {**realm.variables, "KRB5CCNAME": "FILE:/nowhere/ticket"}
        proxy = f"http://:@localhost:{squid.port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert "(407)" in ran.stderr
        assert "ticket" in ran.stderr
        assert index.requests == []

    def test_a_password_is_not_what_it_takes(
        self, index: IndexServer, desk: Desk, squid: Squid
    ) -> None:
        proxy = f"http://bob:{PLAIN}@localhost:{squid.port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert "it accepts negotiate" in ran.stderr
        assert "put a colon and an @, alone, before its host" in ran.stderr
        assert index.requests == []


class TestSquidWithNtlm:
    @pytest.fixture
    def squid(self) -> Iterator[Squid]:
        if reason := missing_squid("ntlm_fake_auth"):
            pytest.skip(reason)
        with open_folder() as folder, start_squid(folder, ntlm()) as squid:
            yield squid

    @pytest.mark.parametrize("login", ["", ":@", f"bob:{PLAIN}@"])
    def test_it_is_named_with_what_to_do(
        self, index: IndexServer, desk: Desk, squid: Squid, login: str
    ) -> None:
        proxy = f"http://{login}localhost:{squid.port}"

        ran = desk.fail(
            "install", "--proxy", proxy, "-i", index.url_as("alice"), "pkgpub"
        )

        assert "it accepts ntlm" in ran.stderr
        assert "admit speaks Basic and Negotiate to proxies, not ntlm" in ran.stderr
        assert "a proxy on this machine that logs in for you" in ran.stderr
        assert index.requests == []


def libcurl_has_gssapi() -> bool:
    import pycurl

    return bool(pycurl.version_info()[4] & pycurl.VERSION_GSSAPI)
