"""admit against a real nginx: logins, redirects, open and closed on one host."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from support.nginx_site import SECRET, WRONG

if TYPE_CHECKING:
    from support.desk import Desk
    from support.nginx_site import Site
    from support.servers import Logged

ALICES = ["pkgpriv==2.0", "pkgpub==2.0"]
NETRC = f"machine 127.0.0.1 login alice password {SECRET}\n"


def by_url(desk: Desk, url: str) -> list[str]:
    return ["-i", url.replace("://", f"://alice:{SECRET}@")]


def by_netrc(desk: Desk, url: str) -> list[str]:
    desk.write_netrc(NETRC)
    return ["-i", url]


def by_variables(desk: Desk, url: str) -> list[str]:
    desk.variables |= {
        "ADMIT_INDEX_CORP_USERNAME": "alice",
        "ADMIT_INDEX_CORP_PASSWORD": SECRET,
    }
    desk.write("admit.toml", f'[[index]]\nname="corp"\nurl="{url}"\ndefault=true\n')
    return []


def by_variable_in_a_file(desk: Desk, url: str) -> list[str]:
    desk.variables["OUR_SECRET"] = SECRET
    url = url.replace("://", "://alice:${OUR_SECRET}@")
    desk.write("indexes.txt", f"-i {url}\n")
    return ["-r", "indexes.txt"]


Give = Callable[["Desk", str], list[str]]
every_way = pytest.mark.parametrize(
    "give", [by_url, by_netrc, by_variables, by_variable_in_a_file]
)


def anonymous(requests: list[Logged]) -> list[Logged]:
    return [each for each in requests if each.is_anonymous]


class TestBasicLogin:
    @every_way
    @pytest.mark.parametrize("path", ["/closed/", "/filtered/", "/hidden/"])
    def test_listing_metadata_and_file_carry_the_credential(
        self, desk: Desk, site: Site, path: str, give: Give
    ) -> None:
        desk.succeed("install", *give(desk, site.url(path)), "pkgpub")

        requests = site.requests()
        assert desk.installed == ALICES
        assert {each.user for each in requests} == {"alice"}
        paths = {each.path for each in requests}
        assert any(path.endswith("/simple/pkgpub/") for path in paths)
        assert any(path.endswith(".whl") for path in paths)

    @pytest.mark.pain("H4")
    def test_anonymous_is_refused_and_told_how_to_log_in(
        self, desk: Desk, site: Site
    ) -> None:
        ran = desk.fail("install", "-i", site.url("/closed/"), "pkgpub")

        assert "login required (401)" in ran.stderr
        assert "machine 127.0.0.1 login USER password SECRET" in ran.stderr
        assert [each.status for each in site.requests()] == [401]

    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("count", [1, 50])
    def test_a_wrong_password_costs_two_failed_logins_at_most(
        self, desk: Desk, site: Site, count: int
    ) -> None:
        desk.secrets.append(WRONG)
        desk.write_netrc(NETRC.replace(SECRET, WRONG))
        names = [f"project{n}" for n in range(count)]

        ran = desk.fail("install", "-i", site.url("/closed/"), *names)

        requests = site.requests()
        assert "refused" in ran.stderr
        assert 1 <= len(requests) <= 2
        assert {(each.user, each.status) for each in requests} == {("alice", 401)}

    @pytest.mark.pain("A1")
    def test_what_a_stranger_sees_of_a_filtered_index_is_less(
        self, desk: Desk, site: Site
    ) -> None:
        desk.succeed("install", "-i", site.url("/filtered/"), "--no-deps", "pkgpub")

        assert desk.installed == ["pkgpub==1.0"]

    @pytest.mark.pain("A1")
    @pytest.mark.pain("H3")
    def test_a_probe_unmasks_a_password_that_counts_as_none(
        self, desk: Desk, site: Site
    ) -> None:
        desk.secrets.append(WRONG)
        desk.write_netrc(NETRC.replace(SECRET, WRONG))
        url = site.url("/hidden/")
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{url}"\nprobe = "pkgpriv"\n'
            f'[[index]]\nurl = "{site.url("/open/", "away")}"\ndefault = true\n'
            'authenticate = "never"\n',
        )

        ran = desk.fail("install", "pkgpub")

        requests = site.requests()
        assert "does not show its probe project pkgpriv (404)" in ran.stderr
        assert {each.port for each in requests} == {site.ports["home"]}
        assert desk.installed == []


class TestOpenAndClosedOnOneHost:
    @pytest.mark.pain("B1")
    @pytest.mark.parametrize("give", [by_url, by_variables, by_variable_in_a_file])
    def test_the_closed_ones_credential_never_reaches_the_open_one(
        self, desk: Desk, site: Site, give: Give
    ) -> None:
        options = give(desk, site.url("/closed/"))

        desk.succeed(
            *("install", *options, "--index", f"open={site.url('/open/')}"),
            *("common", "pkgpriv==2.0", "--index-strategy", "unsafe-best-match"),
        )

        requests = site.requests()
        closed = [each for each in requests if each.path.startswith("/closed/")]
        opened = [each for each in requests if each.path.startswith("/open/")]
        assert closed
        assert opened
        assert anonymous(closed) == []
        assert anonymous(opened) == opened
        assert desk.installed == ["common==1.0", "pkgpriv==2.0"]

    @pytest.mark.pain("E2")
    def test_a_public_source_gets_nothing_from_netrc(
        self, desk: Desk, site: Site
    ) -> None:
        desk.write_netrc(NETRC)
        desk.write(
            "admit.toml",
            f'[[index]]\nurl = "{site.url("/closed/")}"\n'
            f'[[index]]\nurl = "{site.url("/open/")}"\npublic = true\n'
            "default = true\n",
        )

        desk.succeed("install", "common", "pkgpub==2.0", "--no-deps")

        for each in site.requests():
            assert each.is_anonymous is each.path.startswith("/open/"), each

    @pytest.mark.pain("B2")
    def test_a_direct_url_below_an_index_serves_it_and_its_neighbour_does_not(
        self, desk: Desk, site: Site
    ) -> None:
        closed = site.url("/closed/").removesuffix("simple/")
        opened = site.url("/open/").removesuffix("simple/")
        desk.write(
            "admit.toml",
            f'[[index]]\nname="corp"\nurl = "{closed}"\n',
        )

        desk.succeed(
            *("install", "--no-deps", f"{closed}packages/pkgpub-2.0-py3-none-any.whl"),
            f"{opened}packages/common-1.0-py3-none-any.whl",
            ADMIT_INDEX_CORP_USERNAME="alice",
            ADMIT_INDEX_CORP_PASSWORD=SECRET,
        )

        for each in site.requests():
            assert each.is_anonymous is each.path.startswith("/open/"), each


class TestRedirects:
    @pytest.mark.pain("C7")
    @pytest.mark.parametrize("path", ["/moved/", "/moved-far/"])
    def test_on_one_origin_keep_the_credential(
        self, desk: Desk, site: Site, path: str
    ) -> None:
        desk.succeed("install", *by_url(desk, site.url(path)), "pkgpub")

        assert anonymous(site.requests()) == []
        assert desk.installed == ALICES

    @pytest.mark.pain("A2")
    @pytest.mark.pain("C3")
    def test_to_another_origin_drop_the_credential_and_are_told(
        self, desk: Desk, site: Site
    ) -> None:
        ran = desk.succeed("install", *by_url(desk, site.url("/away/")), "common")

        for each in site.requests():
            assert each.is_anonymous is (each.port == site.ports["away"]), each
        assert "page of another origin" in ran.stderr

    @pytest.mark.pain("A2")
    @pytest.mark.parametrize(
        "setting",
        ['authenticate = "always"', 'packages = ["common"]', "required = true"],
    )
    def test_to_another_origin_are_an_error_where_only_its_own_answer_counts(
        self, desk: Desk, site: Site, setting: str
    ) -> None:
        url = site.url("/away/").replace("://", f"://alice:{SECRET}@")
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{url}"\n{setting}\ndefault = true\n',
        )

        ran = desk.fail("install", "common")

        assert "redirects to another origin" in ran.stderr
        assert {each.port for each in site.requests()} == {site.ports["home"]}

    @pytest.mark.pain("C3")
    @pytest.mark.pain("C4")
    def test_to_a_signed_url_of_a_storage_carry_nothing(
        self, desk: Desk, site: Site
    ) -> None:
        ran = desk.succeed(
            "install", "-vv", *by_netrc(desk, site.url("/stored/")), "pkgpub"
        )

        requests = site.requests()
        stored = [each for each in requests if each.port == site.ports["away"]]
        assert desk.installed == ALICES
        assert stored
        assert anonymous(stored) == stored
        assert {each.status for each in stored} <= {200, 206}
        assert "51gn" not in ran.stderr


class TestRateLimit:
    @pytest.mark.pain("H8")
    def test_503_with_retry_after_is_waited_for_with_the_same_credential(
        self, desk: Desk, site: Site
    ) -> None:
        desk.succeed(
            *("install", *by_url(desk, site.url("/limited/"))),
            *("pkgpriv", "pkgpub", "--dry-run"),
        )

        requests = site.requests()
        assert 503 in {each.status for each in requests}
        assert anonymous(requests) == []
