"""Authentication is remembered (rule R9): who was let in once goes not bare later."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.helpers_fake import search_files
from support.index import ALICE, SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

DENY = Behaviour(DENIALS["401"])
NEWEST = ["mydependency==1.4", "mypackage==2024.1"]


def memory_of(desk: Desk) -> Path:
    return desk.home / ".local/state/admit/remembered-v1"


def lose_netrc(desk: Desk) -> None:
    (desk.home / ".netrc").unlink()


class TestARunWithoutTheCredential:
    @pytest.mark.pain("A1")
    @pytest.mark.pain("A10")
    def test_it_is_an_error_before_the_network(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)
        private.requests.clear()

        ran = alice.fail("install", "-U", "mypackage")

        assert "it was used with a credential from netrc on " in ran.stderr
        assert "an anonymous answer could be incomplete" in ran.stderr
        assert f"`admit auth forget {private.url}`" in ran.stderr
        assert f"admit auth login {private.url}" in ran.stderr
        assert private.requests == []
        assert alice.installed == NEWEST

    def test_so_it_is_without_a_cache(self, alice: Desk, private: IndexServer) -> None:
        alice.succeed("install", "--no-cache", "mypackage")
        lose_netrc(alice)
        private.requests.clear()

        alice.fail("install", "-U", "--no-cache", "mypackage")

        assert private.requests == []

    def test_another_credential_will_do(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)

        alice.succeed("install", "-U", "-i", private.url_as("alice"), "mypackage")

        assert private.anonymous == []
        assert "\tURL\t" in memory_of(alice).read_text()

    def test_a_slash_or_a_user_name_makes_no_other_source(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "-i", private.url_as("alice"), "mypackage")
        lose_netrc(alice)

        alice.fail("install", "-U", "-i", private.url.rstrip("/"), "mypackage")

    def test_another_index_is_asked_as_before(
        self, alice: Desk, index: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)

        alice.succeed("install", "-i", index.url, "alpha")


class TestForgetting:
    def test_on_request(self, alice: Desk, private: IndexServer) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)

        ran = alice.succeed("auth", "forget", private.url)
        again = alice.succeed("auth", "forget", private.url)
        alice.succeed("install", "-U", "mypackage")

        assert "Forgot" in ran.stderr
        assert "Nothing was remembered" in again.stderr
        assert len(private.anonymous) >= 1

    @pytest.mark.parametrize("policy", ["never", "external"])
    def test_by_a_policy(self, alice: Desk, private: IndexServer, policy: str) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)

        alice.succeed("install", "-U", "--authenticate", policy, "mypackage")
        alice.succeed("install", "-U", "mypackage")

        assert private.url.rstrip("/") not in memory_of(alice).read_text()

    @pytest.mark.parametrize("form", ["rule", "table"])
    def test_not_by_the_file_of_a_project(
        self, alice: Desk, private: IndexServer, form: str
    ) -> None:
        alice.succeed("install", "mypackage")
        lose_netrc(alice)
        alice.write(
            "admit.toml",
            f'authenticate = ["{private.url}=never"]\n'
            if form == "rule"
            else f'[[index]]\nurl = "{private.url}"\nauthenticate = "never"\n',
        )

        alice.succeed("install", "-U", "mypackage")

        assert private.url.rstrip("/") in memory_of(alice).read_text()


class TestWhatIsNotRemembered:
    def test_a_dry_run(self, alice: Desk) -> None:
        alice.succeed("install", "--dry-run", "mypackage")

        assert not memory_of(alice).exists()

    def test_what_was_refused(self, alice: Desk, founding_world: Path) -> None:
        alice.write_netrc("machine 127.0.0.1 login alice password wr0ng-s3cret\n")
        with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
            alice.fail("install", "-i", server.url, "mypackage")

        assert not memory_of(alice).exists()

    def test_what_was_only_missing(self, alice: Desk) -> None:
        alice.fail("install", "nothing-like-it")

        assert not memory_of(alice).exists()

    def test_an_anonymous_run(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")

        assert not memory_of(desk).exists()

    @pytest.mark.pain("D8")
    def test_what_came_after_an_anonymous_401(
        self, alice: Desk, founding_world: Path
    ) -> None:
        """The server itself asks for it again, so nothing is missed without."""
        alice.write_netrc(f"default login alice password {SECRET}\n")
        with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
            alice.succeed("install", "-i", server.url, "mypackage")
            alice.succeed("install", "-U", "-i", server.url, "mypackage")

        assert not memory_of(alice).exists()

    def test_a_public_index(self, alice: Desk, private: IndexServer) -> None:
        url = private.url_as("alice")
        alice.write(
            "admit.toml",
            f'[[index]]\nurl = "{url}"\ndefault = true\npublic = true\n',
        )
        del alice.variables["ADMIT_INDEX_URL"]
        alice.succeed("install", "mypackage")

        assert not memory_of(alice).exists()


class TestTheFile:
    @pytest.mark.pain("G8")
    def test_it_holds_neither_secret_nor_user(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "mypackage")

        path = memory_of(alice)
        text = path.read_text()
        assert private.url.rstrip("/") in text
        assert "alice" not in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        search_files(alice, SECRET, alice.home / ".netrc")

    def test_failing_to_write_it_is_one_line_of_detail(self, alice: Desk) -> None:
        state = alice.home / ".local"
        state.write_text("no folder")

        quiet = alice.succeed("install", "mypackage")
        loud = alice.succeed("install", "-U", "-vv", "mypackage")

        assert "cannot remember" not in quiet.stderr
        lines = [line for line in loud.stderr.splitlines() if "remember" in line]
        assert len(lines) == 1

    @pytest.mark.parametrize("text", ["", "x", "admit remembered 1 ab\nbroken\n"])
    def test_a_damaged_one_is_written_anew(
        self, alice: Desk, private: IndexServer, text: str
    ) -> None:
        path = memory_of(alice)
        path.parent.mkdir(parents=True)
        path.write_text(text)

        alice.succeed("install", "mypackage")

        assert private.url.rstrip("/") in path.read_text()

    def test_requirements_by_url_are_remembered_too(
        self, alice: Desk, private: IndexServer
    ) -> None:
        from support.recording_server import RecordingServer, Said

        with RecordingServer() as server:
            server.answer = lambda _: Said(
                body=b"mypackage\n", content_type="text/plain"
            )
            url = server.url("/reqs.txt").text
            alice.succeed("install", "-r", url)
            lose_netrc(alice)
            server.seen.clear()
            alice.fail("install", "-U", "-r", url)

        assert server.seen == []
