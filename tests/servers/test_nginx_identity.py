"""admit against a real nginx: certificate, authority and proxy of one index each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.nginx_site import SECRET
from support.proxies import start_http_proxy
from support.servers import has_module

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk
    from support.nginx_site import Site

KEY = "k3y-canary"
PROXY_KEY = "pr0xy-canary"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.secrets += [KEY, PROXY_KEY]
    return desk


def write_indexes(desk: Desk, *tables: str) -> None:
    """Write the user's own file; a project's may say nothing of trust."""
    folder = desk.home / ".config" / "admit"
    folder.mkdir(parents=True, exist_ok=True)
    text = "".join(f"[[index]]\n{table}\n" for table in tables)
    (folder / "admit.toml").write_text(text)


def table(name: str, url: str, **settings: Path | str | bool) -> str:
    lines = [f'name = "{name}"', f'url = "{url}"']
    for key, setting in settings.items():
        text = "true" if setting is True else f'"{setting}"'
        lines.append(f"{key.replace('_', '-')} = {text}")
    return "\n".join(lines)


@pytest.fixture
def alices(site: Site) -> Path:
    """Alice's certificate, its key encrypted."""
    return site.authority.client_pem("alice", password=KEY.encode())


@pytest.fixture
def bobs(site: Site) -> Path:
    return site.authority.client_pem("bob")


class TestEncryptedKey:
    @pytest.mark.pain("I5")
    @pytest.mark.parametrize(
        "variable",
        ["ADMIT_INDEX_CORP_CLIENT_KEY_PASSWORD", "ADMIT_CLIENT_KEY_PASSWORD"],
    )
    def test_is_opened_by_a_variable(
        self, desk: Desk, site: Site, alices: Path, variable: str
    ) -> None:
        url = site.url("/alices/", "mutual")
        ca = site.authority.bundle
        write_indexes(
            desk, table("corp", url, client_cert=alices, ca_cert=ca, default=True)
        )

        ran = desk.succeed("install", "pkgpub", **{variable: KEY})

        assert "warning" not in ran.stderr
        assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]
        assert {each.certificate for each in site.requests()} == {"alice"}

    @pytest.mark.pain("I5")
    @pytest.mark.parametrize("password", ["wr0ng", None], ids=["wrong", "none"])
    def test_is_an_error_before_the_network_without_the_right_password(
        self, desk: Desk, site: Site, alices: Path, password: str | None
    ) -> None:
        url = site.url("/alices/", "mutual")
        ca = site.authority.bundle
        write_indexes(
            desk, table("corp", url, client_cert=alices, ca_cert=ca, default=True)
        )
        if password:
            desk.variables["ADMIT_CLIENT_KEY_PASSWORD"] = password

        ran = desk.fail("install", "pkgpub")

        assert f"cannot use the client certificate {alices}" in ran.stderr
        assert "ADMIT_CLIENT_KEY_PASSWORD" in ran.stderr
        assert site.requests() == []


class TestTwoIndexesOnOneHost:
    @pytest.mark.pain("I5")
    def test_each_is_shown_its_own_certificate(
        self, desk: Desk, site: Site, alices: Path, bobs: Path
    ) -> None:
        ca = site.authority.bundle
        one, two = site.url("/alices/", "mutual"), site.url("/bobs/", "mutual")
        write_indexes(
            desk,
            table("one", one, client_cert=alices, ca_cert=ca),
            table("two", two, client_cert=bobs, ca_cert=ca, default=True),
        )

        desk.succeed(
            *("install", "pkgpub", "common"),
            ADMIT_INDEX_ONE_CLIENT_KEY_PASSWORD=KEY,
        )

        requests = site.requests()
        assert desk.installed == ["common==1.0", "pkgpriv==2.0", "pkgpub==2.0"]
        shown = {(each.path.split("/")[1], each.certificate) for each in requests}
        assert shown == {("alices", "alice"), ("bobs", "bob")}

    @pytest.mark.pain("I5")
    def test_an_index_on_another_port_is_shown_none(
        self, desk: Desk, site: Site, alices: Path
    ) -> None:
        one, two = site.url("/alices/", "mutual"), site.url("/open/", "asking")
        write_indexes(
            desk,
            table("one", one, client_cert=alices, ca_cert=site.authority.bundle),
            table("two", two, ca_cert=site.stranger.bundle, default=True),
        )

        desk.succeed(
            "install", "pkgpub", "common", ADMIT_INDEX_ONE_CLIENT_KEY_PASSWORD=KEY
        )

        for each in site.requests():
            is_own = each.port == site.ports["mutual"]
            assert each.certificate == ("alice" if is_own else "-"), each

    @pytest.mark.pain("I5")
    @pytest.mark.pain("C3")
    def test_where_a_redirect_leads_is_shown_none(
        self, desk: Desk, site: Site, bobs: Path
    ) -> None:
        url = site.url("/elsewhere/", "mutual")
        both = desk.home / "both.pem"
        bundles = (site.authority.bundle, site.stranger.bundle)
        both.write_text("".join(each.read_text() for each in bundles))
        write_indexes(desk, table("corp", url, client_cert=bobs, default=True))

        desk.succeed("install", "--cert", str(both), "common")

        requests = site.requests()
        assert desk.installed == ["common==1.0"]
        assert {each.port for each in requests} == {
            site.ports["mutual"],
            site.ports["asking"],
        }
        for each in requests:
            is_own = each.port == site.ports["mutual"]
            assert each.certificate == ("bob" if is_own else "-"), each


class TestOwnAuthority:
    @pytest.mark.pain("I5")
    def test_counts_for_its_index_and_for_no_other(
        self, desk: Desk, site: Site
    ) -> None:
        ca = site.authority.bundle
        one, two = site.url("/open/", "tls"), site.url("/open/", "asking")
        write_indexes(
            desk,
            table("one", one, ca_cert=ca),
            table("two", two, default=True),
        )

        desk.succeed("install", "common")
        ran = desk.fail("install", "what-the-first-has-not")

        assert f"cannot trust https://127.0.0.1:{site.ports['asking']}" in ran.stderr
        assert {each.port for each in site.requests()} == {site.ports["tls"]}


class TestOwnProxy:
    @pytest.fixture
    def port(self, tmp_path: Path) -> Iterator[int]:
        if not has_module("proxy"):
            pytest.skip("no proxy.py: the group `proxies`")
        with start_http_proxy(tmp_path, "bob", PROXY_KEY) as port:
            yield port

    @pytest.mark.exam
    @pytest.mark.pain("I6")
    def test_serves_its_index_together_with_its_certificate(
        self, desk: Desk, site: Site, alices: Path, port: int, tmp_path: Path
    ) -> None:
        ca = site.authority.bundle
        one, two = site.url("/alices/", "mutual"), site.url("/closed/")
        proxy = f"http://bob:{PROXY_KEY}@127.0.0.1:{port}"
        write_indexes(
            desk,
            table("one", one, client_cert=alices, ca_cert=ca, proxy=proxy),
            table("two", two, default=True),
        )

        desk.succeed(
            *("install", "pkgpub"),
            ADMIT_INDEX_ONE_CLIENT_KEY_PASSWORD=KEY,
            ADMIT_INDEX_TWO_USERNAME="alice",
            ADMIT_INDEX_TWO_PASSWORD=SECRET,
        )

        requests = site.requests()
        assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]
        assert {each.certificate for each in requests} == {"alice"}
        # It names whom it connected to, and knows bob; nobody else went through it.
        log = (tmp_path / "proxy-py").read_text()
        assert f"CONNECT 127.0.0.1:{site.ports['mutual']}" in log
        assert f"127.0.0.1:{site.ports['home']}" not in log
