"""Which proxy serves which request."""

from __future__ import annotations

import pytest

from admit.net.proxies import parse_proxy, proxy_for
from admit.net.transport import ProxyOptions
from admit.net.trust import Trust, choose_trust
from admit.spec.url import InvalidUrl, Secret, Userinfo, parse_url


class TestParseProxy:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            pytest.param("http://proxy.example:3128", "http://proxy.example:3128"),
            pytest.param("proxy.example:3128", "http://proxy.example:3128", id="bare"),
            pytest.param("proxy.example", "http://proxy.example", id="no port"),
            pytest.param(" http://proxy.example:8080/ ", "http://proxy.example:8080"),
            pytest.param("https://proxy.example", "https://proxy.example", id="https"),
            pytest.param(
                "https://proxy.example:80", "https://proxy.example:80", id="https on 80"
            ),
            pytest.param(
                "SOCKS5H://proxy.example", "socks5h://proxy.example:1080", id="socks"
            ),
            pytest.param("http://[::1]:3128", "http://[::1]:3128", id="ipv6"),
        ],
    )
    def test_what_people_write_is_understood(self, text: str, shown: str) -> None:
        assert parse_proxy(text).text == shown

    def test_userinfo_is_decoded_once_and_does_not_print(self) -> None:
        proxy = parse_proxy("http://corp%5Cme:p%2540%3A@proxy.example:3128")

        assert proxy.userinfo == Userinfo("corp\\me", Secret("p%40:"))
        assert "p%" not in f"{proxy} {proxy!r} {proxy.text}"

    @pytest.mark.parametrize("text", ["ftp://me:pw@proxy.example", "http://", ""])
    def test_other_text_is_refused_without_its_password(self, text: str) -> None:
        with pytest.raises(InvalidUrl) as caught:
            parse_proxy(text)

        assert "pw" not in caught.value.what


class TestProxyFor:
    def test_the_scheme_of_the_request_chooses(self) -> None:
        http, https = parse_proxy("one.example:1"), parse_proxy("two.example:2")
        options = ProxyOptions(http=http, https=https)

        assert proxy_for(options, parse_url("http://host.example/").origin) == http
        assert proxy_for(options, parse_url("https://host.example/").origin) == https

    def test_without_a_proxy_the_way_is_direct(self) -> None:
        options = ProxyOptions(https=parse_proxy("one.example:1"))

        assert proxy_for(options, parse_url("http://host.example/").origin) is None

    def test_loopback_is_not_exempt_by_itself(self) -> None:
        options = ProxyOptions(http=parse_proxy("one.example:1"))

        assert proxy_for(options, parse_url("http://127.0.0.1/").origin) is not None

    @pytest.mark.parametrize(
        ("entry", "url", "is_exempt"),
        [
            ("*", "https://host.example/", True),
            ("host.example", "https://host.example/", True),
            ("HOST.Example", "https://host.example/", True),
            ("host.example", "https://sub.host.example/", True),
            (".host.example", "https://sub.host.example/", True),
            (".host.example", "https://host.example/", True),
            ("*.host.example", "https://sub.host.example/", True),
            ("host.example", "https://nothost.example/", False),
            ("host.example", "https://host.example.evil.example/", False),
            ("host.example:8443", "https://host.example:8443/", True),
            ("host.example:8443", "https://host.example/", False),
            ("host.example.", "https://host.example/", True),
            ("10.0.0.0/8", "https://10.1.2.3/", True),
            ("10.0.0.0/8", "https://11.1.2.3/", False),
            ("10.0.0.0/8", "https://host.example/", False),
            ("10.1.2.3/8", "https://10.9.9.9/", True),
            ("fd00::/8", "https://[fd00::1]/", True),
            ("::1", "https://[::1]:8443/", True),
            ("[::1]:8443", "https://[::1]:8443/", True),
            ("[::1]:8443", "https://[::1]/", False),
            ("10.1.2.3", "https://10.1.2.3/", True),
            ("rubbish/x", "https://10.1.2.3/", False),
            ("", "https://host.example/", False),
            (".", "https://host.example/", False),
            ("  host.example ", "https://host.example/", True),
        ],
    )
    def test_no_proxy_entries_mean_what_other_clients_take_them_for(
        self, entry: str, url: str, is_exempt: bool
    ) -> None:
        proxy = parse_proxy("proxy.example:3128")
        options = ProxyOptions(https=proxy, no_proxy=("other.example", entry))

        chosen = proxy_for(options, parse_url(url).origin)

        assert (chosen is None) == is_exempt


class TestTrust:
    @pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
    def test_a_named_bundle_replaces_the_system_everywhere(self, platform: str) -> None:
        trust = choose_trust(platform, "/corp.pem", None)

        assert trust == Trust(file="/corp.pem")
        assert str(trust) == "CA file /corp.pem"

    def test_bundle_and_directory_may_be_named_together(self) -> None:
        trust = choose_trust("linux", "/corp.pem", "/corp.d")

        assert str(trust) == "CA file /corp.pem and directory /corp.d"

    @pytest.mark.parametrize("platform", ["win32", "darwin"])
    def test_windows_and_macos_use_their_own_store(self, platform: str) -> None:
        trust = choose_trust(platform, None, None)

        assert trust.is_native
        assert str(trust) == "the operating system's certificate store"

    def test_a_system_without_any_store_says_so(self) -> None:
        assert "no CA bundle" in str(Trust(is_system=True))
