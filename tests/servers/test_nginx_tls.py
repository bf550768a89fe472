"""admit against a real nginx with TLS: private authorities, client certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.nginx_site import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk
    from support.nginx_site import Site


@pytest.fixture
def certificate(site: Site) -> Path:
    """A client's certificate and key in one PEM file."""
    return site.authority.client_pem("client")


class TestPrivateAuthority:
    @pytest.mark.parametrize("way", ["option", "variable"])
    def test_that_is_given_is_trusted(self, desk: Desk, site: Site, way: str) -> None:
        bundle = str(site.authority.bundle)
        options = ["--cert", bundle] if way == "option" else []
        variables = {"SSL_CERT_FILE": bundle} if way == "variable" else {}
        url = site.url("/closed/", "tls", f"alice:{SECRET}")

        desk.succeed("install", *options, "-i", url, "pkgpub", **variables)

        assert {each.user for each in site.requests()} == {"alice"}
        assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]

    @pytest.mark.parametrize("is_wrong", [False, True], ids=["missing", "wrong"])
    def test_that_is_not_the_one_given_ends_the_run(
        self, desk: Desk, site: Site, is_wrong: bool
    ) -> None:
        options = ["--cert", str(site.stranger.bundle)] if is_wrong else []
        url = site.url("/closed/", "tls", f"alice:{SECRET}")

        ran = desk.fail("install", *options, "-i", url, "pkgpub")

        assert "certificate" in ran.stderr
        assert site.requests() == []

    def test_is_not_asked_for_where_the_host_is_exempt(
        self, desk: Desk, site: Site
    ) -> None:
        desk.succeed(
            *("install", "--allow-insecure-host", "127.0.0.1"),
            *("-i", site.url("/open/", "tls"), "common"),
        )

        assert desk.installed == ["common==1.0"]


class TestClientCertificate:
    @pytest.mark.pain("I5")
    @pytest.mark.parametrize("way", ["option", "variable"])
    def test_that_is_right_opens_the_index(
        self, desk: Desk, site: Site, certificate: Path, way: str
    ) -> None:
        options = ["--client-cert", str(certificate)] if way == "option" else []
        variables = {"SSL_CLIENT_CERT": str(certificate)} if way == "variable" else {}

        desk.succeed(
            *("install", "--cert", str(site.authority.bundle), *options),
            *("-i", site.url("/open/", "mutual"), "common"),
            **variables,
        )

        assert desk.installed == ["common==1.0"]

    @pytest.mark.pain("I5")
    def test_goes_together_with_a_login(
        self, desk: Desk, site: Site, certificate: Path
    ) -> None:
        url = site.url("/closed/", "mutual", f"alice:{SECRET}")

        desk.succeed(
            *("install", "--cert", str(site.authority.bundle)),
            *("--client-cert", str(certificate), "-i", url, "pkgpub"),
        )

        assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]

    @pytest.mark.pain("I5")
    @pytest.mark.parametrize("kind", ["missing", "wrong"])
    def test_that_is_missing_or_a_strangers_is_an_error_that_says_so(
        self, desk: Desk, site: Site, kind: str
    ) -> None:
        wrong = site.stranger.client_pem("stranger")
        options = ["--client-cert", str(wrong)] if kind == "wrong" else []

        ran = desk.fail(
            *("install", "--cert", str(site.authority.bundle), *options),
            *("-i", site.url("/open/", "mutual"), "common"),
        )

        assert "client certificate" in ran.stderr
        assert desk.installed == []
