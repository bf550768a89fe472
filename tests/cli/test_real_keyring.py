"""The real keyring, in process and as a command, with real entries in real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk
from support.index import ALICE, SECRET
from support.real_keyring import (
    PLAINTEXT,
    asked,
    keep,
    parted,
    put_on_path,
    run_with_tracebacks,
    use,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("keyring", reason="the package keyring is of the group dev")
pytest.importorskip("keyrings.alt", reason="keyrings.alt is of the group dev")

NEWEST = ["mydependency==1.4", "mypackage==2024.1"]
each_way = pytest.mark.parametrize("way", ["import", "subprocess"])


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    put_on_path(desk)
    return desk


@pytest.fixture
def denying(founding_world: Path) -> Iterator[IndexServer]:
    behaviour = Behaviour(DENIALS["401"])
    with IndexServer(founding_world, accounts=[ALICE], behaviour=behaviour) as server:
        yield server


def as_alice(url: str) -> str:
    return url.replace("://", "://alice@")


class TestEntriesOfAPerson:
    """What `keyring set` wrote: the backend must be told the user's name."""

    @pytest.mark.pain("E4")
    @pytest.mark.pain("F8")
    @each_way
    @pytest.mark.parametrize("service", ["url", "host and port"])
    def test_the_password_of_the_named_user_is_found(
        self, desk: Desk, denying: IndexServer, way: str, service: str
    ) -> None:
        use(desk, PLAINTEXT)
        name = denying.url if service == "url" else f"127.0.0.1:{denying.port}"
        keep(desk, name, "alice", SECRET)

        desk.succeed(
            "install", "--keyring", way, "-i", as_alice(denying.url), "mypackage"
        )

        assert (denying.anonymous, denying.failed_logins) == ([], [])
        assert desk.installed == NEWEST

    @pytest.mark.pain("E4")
    def test_the_entry_of_the_url_comes_before_that_of_the_host(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        use(desk, PLAINTEXT)
        keep(desk, denying.url, "alice", SECRET)
        keep(desk, f"127.0.0.1:{denying.port}", "alice", "0f-the-h0st")

        desk.succeed(
            "install", "--keyring", "import", "-i", as_alice(denying.url), "mypackage"
        )

        assert denying.failed_logins == []

    @pytest.mark.pain("E10")
    @each_way
    def test_what_it_has_not_got_is_a_miss_before_the_network(
        self, desk: Desk, denying: IndexServer, way: str
    ) -> None:
        use(desk, PLAINTEXT)
        keep(desk, denying.url, "bob", SECRET)

        ran = desk.fail(
            "install", "--keyring", way, "-i", as_alice(denying.url), "mypackage"
        )

        assert "no password for alice" in ran.stderr
        assert "no entry of alice for 127.0.0.1 by" in ran.stderr
        assert denying.requests == []


class TestPluginOfACloud:
    """A backend that knows the URL of an index, and the user by itself."""

    @pytest.fixture
    def corp(self, desk: Desk, private: IndexServer) -> Desk:
        use(desk, "Corp")
        desk.variables |= {"CORP_SERVICE": private.url, "CORP_SECRET": SECRET}
        return desk

    @pytest.mark.pain("A3")
    @pytest.mark.pain("E1")
    @pytest.mark.pain("E4")
    @pytest.mark.pain("E5")
    @each_way
    def test_it_is_asked_once_without_a_name_before_the_first_request(
        self, corp: Desk, private: IndexServer, way: str
    ) -> None:
        ran = corp.succeed(
            "install", "-v", "--keyring", way, "-i", private.url, "mypackage"
        )

        assert asked(corp) == [(private.url, None)]
        assert private.anonymous == []
        assert corp.installed == NEWEST
        assert "as alice via keyring" in ran.stderr

    @pytest.mark.parametrize(
        ("words", "variables"),
        [
            (["--keyring-provider", "subprocess"], {}),
            ([], {"UV_KEYRING_PROVIDER": "subprocess"}),
            ([], {"PIP_KEYRING_PROVIDER": "import"}),
        ],
        ids=["keyring-provider", "UV_KEYRING_PROVIDER", "PIP_KEYRING_PROVIDER"],
    )
    def test_the_words_of_others_switch_it_on(
        self,
        corp: Desk,
        private: IndexServer,
        words: list[str],
        variables: dict[str, str],
    ) -> None:
        del corp.variables["ADMIT_NO_FOREIGN_CONFIG"]
        corp.variables |= {"PIP_CONFIG_FILE": "/dev/null", **variables}

        corp.succeed("install", *words, "-i", private.url, "mypackage")

        assert private.anonymous == []
        assert asked(corp) == [(private.url, None)]

    @pytest.mark.pain("E6")
    @each_way
    def test_the_name_that_comes_back_is_used_and_said(
        self, corp: Desk, private: IndexServer, way: str
    ) -> None:
        url = private.url.replace("://", "://__token__@")

        ran = corp.succeed("install", "--keyring", way, "-i", url, "mypackage")

        assert asked(corp) == [(private.url, "__token__")]
        assert (private.anonymous, private.failed_logins) == ([], [])
        assert "keyring has alice, not __token__" in ran.stderr

    @pytest.mark.pain("E5")
    @each_way
    def test_a_secret_without_a_name_goes_with_the_name_of_the_url(
        self, corp: Desk, private: IndexServer, way: str
    ) -> None:
        use(corp, "Nameless")

        corp.succeed(
            "install", "--keyring", way, "-i", as_alice(private.url), "mypackage"
        )

        assert (private.anonymous, private.failed_logins) == ([], [])


class TestBackendThatFails:
    @pytest.mark.pain("E8")
    @pytest.mark.pain("E10")
    @pytest.mark.parametrize("backend", ["Locked", "Broken"])
    def test_as_a_command_it_is_an_error_below_its_own_words(
        self, desk: Desk, private: IndexServer, backend: str
    ) -> None:
        use(desk, backend)
        desk.variables["CORP_SECRET"] = SECRET
        arguments = ("install", "--keyring", "subprocess", "-i", private.url)

        ran = run_with_tracebacks(desk, *arguments, "mypackage")

        words, own = parted(ran.stderr)
        assert ran.status == 1
        assert words.splitlines()[-1].startswith(
            "keyring.errors.KeyringLocked: Failed to unlock the collection!"
            if backend == "Locked"
            else "RuntimeError: no token"
        )
        assert "it ended with status 1; its own words are above" in own
        assert private.requests == []
        assert len(asked(desk)) == 1

    @pytest.mark.pain("E2")
    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("backend", "named"), [("Locked", "KeyringLocked"), ("Broken", "RuntimeError")]
    )
    def test_in_process_it_is_an_error_that_names_the_kind(
        self, desk: Desk, private: IndexServer, backend: str, named: str
    ) -> None:
        use(desk, backend)
        desk.variables["CORP_SECRET"] = SECRET

        ran = desk.fail(
            "install", "--keyring", "import", "-i", private.url, "mypackage"
        )

        assert f"its backend raised {named}" in ran.stderr
        assert private.requests == []
        assert len(asked(desk)) == 1

    @pytest.mark.pain("E10")
    @each_way
    def test_where_there_is_no_backend_it_is_an_error_that_says_so(
        self, desk: Desk, private: IndexServer, way: str
    ) -> None:
        use(desk, "keyring.backends.fail.Keyring")
        url = private.url if way == "import" else as_alice(private.url)

        ran = run_with_tracebacks(
            desk, "install", "--keyring", way, "-i", url, "mypackage"
        )

        assert ran.status == 1
        assert "it has no backend on this machine" in ran.stderr
        assert private.requests == []

    @pytest.mark.pain("E5")
    def test_a_backend_that_must_be_told_a_name_is_told_of(
        self, desk: Desk, private: IndexServer
    ) -> None:
        use(desk, PLAINTEXT)
        keep(desk, private.url, "alice", SECRET)

        ran = desk.succeed(
            "install", "--keyring", "import", "-i", private.url, "mypackage"
        )

        assert "PlaintextKeyring cannot look without one" in ran.stderr
