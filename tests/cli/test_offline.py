"""`--offline`, `--refresh`, `--refresh-package`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import Behaviour, Caching
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

FOREVER = Behaviour(caching=Caching("max-age=3600"))


class TestOffline:
    def test_what_is_in_the_cache_is_enough(
        self, desk: Desk, index: IndexServer
    ) -> None:
        desk.succeed("install", "beta")
        desk.succeed("uninstall", "alpha", "beta")
        index.requests.clear()

        desk.succeed("install", "--offline", "beta")

        assert desk.installed == ["alpha==2.0", "beta==1.0"]
        assert index.requests == []

    def test_nothing_is_sent_for_what_is_missing(
        self, desk: Desk, index: IndexServer
    ) -> None:
        desk.succeed("install", "alpha")
        index.requests.clear()

        ran = desk.fail("install", "--offline", "delta")

        assert index.requests == []
        assert "delta is not in the cache, offline, on" in ran.stderr
        assert "asked anonymously" in ran.stderr

    def test_a_version_whose_metadata_is_missing_is_passed_over(
        self, desk: Desk
    ) -> None:
        desk.succeed("install", "alpha==1.0")
        desk.succeed("uninstall", "alpha")

        desk.succeed("install", "--offline", "alpha")

        assert desk.installed == ["alpha==1.0"]

    def test_a_wheel_that_is_missing_is_an_error(
        self, desk: Desk, index: IndexServer
    ) -> None:
        desk.succeed("install", "--dry-run", "alpha")
        index.requests.clear()

        ran = desk.fail("install", "--offline", "alpha")

        assert "admit is offline" in ran.stderr
        assert "run the command once without --offline" in ran.stderr
        assert index.requests == []
        assert desk.installed == []

    def test_what_another_user_saw_is_not_used(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")
        alice.succeed("uninstall", "mypackage", "mydependency")
        private.requests.clear()

        options = ["--offline", "--authenticate", "never"]
        ran = alice.fail("install", *options, "mypackage")

        assert "for anonymous counts as not there" in ran.stderr
        assert alice.installed == []
        assert private.requests == []

    def test_ones_own_entries_are_used_and_whose_they_are_is_told(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")
        alice.succeed("uninstall", "mypackage", "mydependency")
        private.requests.clear()

        ran = alice.succeed("install", "--offline", "-v", "mypackage")

        assert alice.installed == ["mydependency==1.4", "mypackage==2024.1"]
        assert private.requests == []
        assert "as alice via netrc: offline (cached)" in ran.stderr

    def test_a_missing_credential_is_told_offline_too(
        self, alice: Desk, private: IndexServer
    ) -> None:
        (alice.home / ".netrc").unlink()

        ran = alice.fail(
            "install", "--offline", "--authenticate", "always", "mypackage"
        )

        assert "no credential for" in ran.stderr
        assert private.requests == []

    def test_an_index_passed_over_is_told(
        self, desk: Desk, index: IndexServer, private: IndexServer
    ) -> None:
        desk.succeed("install", "alpha")
        desk.succeed("uninstall", "alpha")

        ran = desk.succeed(
            "install", "--offline", "--index", f"corp={private.url}", "alpha"
        )

        assert "warning: corp is not asked offline" in ran.stderr

    def test_a_required_index_that_is_not_in_the_cache_is_an_error(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.succeed("install", "alpha")
        desk.succeed("uninstall", "alpha")
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{private.url}"\nrequired = true\n',
        )

        ran = desk.fail("install", "--offline", "alpha")

        assert "required to have every project" in ran.stderr

    def test_files_of_this_machine_are_no_network(
        self, desk: Desk, world: Path
    ) -> None:
        desk.succeed("install", "--offline", "--no-index", "-f", str(world), "beta")

        assert desk.installed == ["alpha==2.0", "beta==1.0"]

    def test_a_requirements_file_by_url_cannot_be_read(self, desk: Desk) -> None:
        url = "http://127.0.0.1:9/requirements.txt"

        ran = desk.fail("install", "--offline", "-r", url)

        assert "admit is offline" in ran.stderr

    def test_the_variable_does_it_too(self, desk: Desk, index: IndexServer) -> None:
        desk.fail("install", "alpha", ADMIT_OFFLINE="1")

        assert index.requests == []


class TestRefresh:
    @pytest.fixture
    def believed(self, desk: Desk, tmp_path: Path) -> IndexServer:
        """An index whose pages are good for an hour, and which is public."""
        folder = tmp_path / "wheels"
        build_wheel(folder, "one", "1.0")
        build_wheel(folder, "two", "1.0")
        server = IndexServer(folder, public=["*"], behaviour=FOREVER)
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "pub"\nurl = "{server.url}"\npublic = true\n'
            "default = true\n",
        )
        del desk.variables["ADMIT_INDEX_URL"]
        desk.succeed("install", "--dry-run", "one", "two")
        server.requests.clear()
        return server

    def test_fresh_pages_are_believed(self, desk: Desk, believed: IndexServer) -> None:
        with believed:
            desk.succeed("install", "--dry-run", "one", "two")

        assert not believed.seen("/simple/*")

    def test_all_is_asked_again(self, desk: Desk, believed: IndexServer) -> None:
        with believed:
            desk.succeed("install", "--dry-run", "--refresh", "one", "two")

        assert len(believed.seen("/simple/*")) == 2

    def test_one_is_asked_again(self, desk: Desk, believed: IndexServer) -> None:
        with believed:
            desk.succeed(
                "install", "--dry-run", "--refresh-package", "One", "one", "two"
            )

        assert [each.path for each in believed.seen("/simple/*")] == ["/simple/one/"]


def test_two_users_offline_see_their_own(
    desk: Desk, founding_world: Path, tmp_path: Path
) -> None:
    """The founding case, without a network."""
    desk.secrets.append(SECRET)
    with IndexServer(
        founding_world,
        accounts=[ALICE],
        public=["mypackage==2020.*"],
    ) as server:
        desk.variables["ADMIT_INDEX_URL"] = server.url
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        desk.succeed("install", "mypackage")
        desk.succeed("uninstall", "mypackage", "mydependency")
        desk.succeed("install", "mypackage", ADMIT_AUTHENTICATE="never")
        assert desk.installed == ["mypackage==2020.1"]
        desk.succeed("uninstall", "mypackage")

    desk.succeed("install", "--offline", "mypackage", ADMIT_AUTHENTICATE="never")
    assert desk.installed == ["mypackage==2020.1"]
    desk.succeed("uninstall", "mypackage")
    desk.succeed("install", "--offline", "mypackage")

    assert desk.installed == ["mydependency==1.4", "mypackage==2024.1"]
