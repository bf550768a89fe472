"""admit against every product that `admit serve --like` plays.

What docs/servers says of a product was tried here, or against the real one in
tests/servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import LIKE
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.ways import by_netrc, by_netrc_of_the_host, by_url, by_variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.desk import Desk

    Give = Callable[[Desk, str, str], str]

NEWEST = ["mydependency==1.4", "mypackage==2024.1"]
WRONG = "wr0ng-s3cret"
every_way = pytest.mark.parametrize(
    "give", [by_url, by_netrc, by_variables], ids=lambda way: way.__name__[3:]
)


def like(name: str, world: Path) -> IndexServer:
    return IndexServer(
        world,
        accounts=[ALICE],
        public=["mypackage==2020.*"],
        behaviour=LIKE[name],
    )


class TestEveryProduct:
    @pytest.mark.pain("A1")
    @pytest.mark.pain("A3")
    @pytest.mark.pain("A4")
    @pytest.mark.pain("A5")
    @pytest.mark.pain("B3")
    @every_way
    def test_listings_and_files_carry_the_credential_from_the_first_request(
        self, desk: Desk, product: IndexServer, give: Give
    ) -> None:
        url = give(desk, product.url, SECRET)

        desk.succeed("install", "--index", f"corp={url}", "-i", url, "mypackage")

        assert (product.anonymous, product.failed_logins) == ([], [])
        assert desk.installed == NEWEST

    @pytest.mark.pain("H5")
    def test_a_wrong_password_costs_two_failed_logins_at_most(
        self, desk: Desk, product: IndexServer
    ) -> None:
        url = by_netrc(desk, product.url, WRONG)
        names = [f"project{number}" for number in range(20)]

        desk.fail("install", "-i", url, "mydependency", *names)

        assert 1 <= len(product.failed_logins) <= 2
        assert product.anonymous == []
        assert desk.installed == []

    @pytest.mark.pain("H4")
    def test_a_stranger_who_is_refused_is_told_how_to_log_in(
        self, desk: Desk, product: IndexServer
    ) -> None:
        ran = desk.fail("install", "-i", product.url, "mydependency==1.4")

        assert "machine 127.0.0.1 login USER password SECRET" in ran.stderr
        assert desk.installed == []

    @pytest.mark.pain("A7")
    def test_always_asks_no_product_without_a_credential(
        self, desk: Desk, product: IndexServer
    ) -> None:
        desk.fail("install", "--authenticate", "always", "-i", product.url, "mypackage")

        assert product.requests == []


class TestOneProduct:
    @pytest.mark.pain("A1")
    def test_artifactory_shows_a_stranger_the_old_version(
        self, desk: Desk, world: Path
    ) -> None:
        with like("artifactory", world) as server:
            ran = desk.succeed("install", "--dry-run", "-i", server.url, "mypackage")

        assert ran.changes == ["+ mypackage==2020.1"]

    @pytest.mark.pain("C3")
    def test_artifactorys_storage_gets_no_credential(
        self, desk: Desk, world: Path
    ) -> None:
        """Though netrc has an entry for its host."""
        with like("artifactory-private", world) as server:
            desk.succeed(
                "install",
                "-i",
                by_netrc_of_the_host(desk, server.url, SECRET),
                "mypackage",
            )
            signed = [each for each in server.requests if each.query]

        assert signed
        assert {each.is_anonymous for each in signed} == {True}

    @pytest.mark.pain("H5")
    def test_artifactory_does_not_lock_the_account_for_a_mistake(
        self, desk: Desk, world: Path
    ) -> None:
        names = [f"project{number}" for number in range(50)]
        with like("artifactory-private", world) as server:
            wrong = by_url(desk, server.url, WRONG)
            desk.fail("install", "-i", wrong, "mypackage", *names)

            desk.succeed("install", "-i", by_url(desk, server.url, SECRET), "mypackage")

        assert desk.installed == NEWEST

    @pytest.mark.pain("H12")
    def test_gitlab_is_told_to_hide_what_the_token_may_not_see(
        self, desk: Desk, world: Path
    ) -> None:
        with like("gitlab", world) as server:
            server.revoke("alice")
            url = by_url(desk, server.url, SECRET)
            ran = desk.fail("install", "-i", url, "mydependency")

        assert "alice" in ran.stderr
        assert "404" in ran.stderr

    @pytest.mark.pain("H12")
    def test_a_token_of_the_wrong_kind_is_named_with_what_came_back(
        self, desk: Desk, world: Path
    ) -> None:
        with like("gitlab", world) as server:
            url = server.url.replace("://", f"://gitlab-ci-token:{WRONG}@")
            ran = desk.fail("install", "-i", url, "mypackage")

        assert "gitlab-ci-token" in ran.stderr
        assert "401" in ran.stderr
        assert "GitLab Packages Registry" in ran.stderr

    @pytest.mark.pain("H9")
    def test_azure_is_never_asked_with_head(self, desk: Desk, world: Path) -> None:
        with like("azure", world) as server:
            desk.succeed(
                "install", "-i", by_netrc(desk, server.url, SECRET), "mypackage"
            )

            assert {each.method for each in server.requests} == {"GET"}

    @pytest.mark.pain("A6")
    def test_azures_401_for_a_file_is_not_called_a_wrong_password(
        self, desk: Desk, world: Path
    ) -> None:
        from admit.serve.answer import Answer

        with like("azure", world) as server:
            server.script("*.whl", Answer(401, (("WWW-Authenticate", "Basic"),)))
            ran = desk.fail(
                "install", "-i", by_netrc(desk, server.url, SECRET), "mypackage"
            )

        assert "alice may not read it (401)" in ran.stderr
        assert "refused" not in ran.stderr

    @pytest.mark.pain("F12")
    def test_codeartifacts_challenge_does_not_change_what_is_sent(
        self, desk: Desk, world: Path
    ) -> None:
        with like("codeartifact", world) as server:
            url = by_netrc(desk, server.url, SECRET)
            desk.succeed("install", "-i", url, "mypackage")

            assert server.failed_logins == []

    @pytest.mark.pain("H3")
    def test_codeartifacts_404_for_an_expired_token_is_doubted(
        self, desk: Desk, world: Path
    ) -> None:
        with like("codeartifact", world) as server:
            url = by_url(desk, server.url, WRONG)
            ran = desk.fail("install", "-i", url, "mypackage")

        assert "never confirmed" in ran.stderr

    @pytest.mark.pain("H3")
    def test_a_probe_unmasks_codeartifacts_expired_token(
        self, desk: Desk, world: Path
    ) -> None:
        with like("codeartifact", world) as server:
            url = by_url(desk, server.url, WRONG)
            desk.write(
                "admit.toml",
                f'[[index]]\nname = "corp"\nurl = "{url}"\ndefault = true\n'
                'probe = "mypackage"\n',
            )
            ran = desk.fail("install", "mypackage")

        assert "does not show its probe project mypackage (404)" in ran.stderr

    @pytest.mark.pain("C5")
    def test_gars_relative_redirect_is_followed_with_the_credential(
        self, desk: Desk, world: Path
    ) -> None:
        with like("gar", world) as server:
            desk.succeed(
                "install", "-i", by_netrc(desk, server.url, SECRET), "mypackage"
            )

            assert any(each.status == 302 for each in server.requests)
            assert server.anonymous == []

    @pytest.mark.pain("A5")
    @pytest.mark.parametrize("name", ["devpi", "pulp"])
    def test_open_listings_and_closed_files_end_with_how_to_log_in(
        self, desk: Desk, world: Path, name: str
    ) -> None:
        with like(name, world) as server:
            ran = desk.fail("install", "-i", server.url, "mypackage")

        assert "(403)" in ran.stderr
        assert "login USER password SECRET" in ran.stderr

    @pytest.mark.pain("A2")
    @pytest.mark.pain("H1")
    def test_pypiservers_403_ends_the_run_before_another_index(
        self, desk: Desk, world: Path, private: IndexServer
    ) -> None:
        with like("pypiserver", world) as server:
            url = by_url(desk, server.url, WRONG)
            ran = desk.fail(
                "install", "--index", f"corp={url}", "-i", private.url, "mypackage"
            )

        assert "access denied to alice (403)" in ran.stderr
        assert private.requests == []
