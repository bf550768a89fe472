"""What is given for the name of an index goes to no server it was not meant for.

`ADMIT_INDEX_CORP_PASSWORD` is for `corp`, and a file says where that is: often the
project's own, which may be a stranger's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.index import ALICE, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk

NEWEST = ["mydependency==1.4", "mypackage==2024.1"]


@pytest.fixture
def other(founding_world: Path) -> Iterator[IndexServer]:
    """Another server, which would take the very same password."""
    with IndexServer(founding_world, accounts=[ALICE]) as server:
        yield server


@pytest.fixture
def desk(alice: Desk) -> Desk:
    """Alice's desk: her password is in variables for `corp`."""
    (alice.home / ".netrc").unlink()
    del alice.variables["ADMIT_INDEX_URL"]
    alice.variables["ADMIT_NO_FOREIGN_CONFIG"] = "0"
    alice.variables["PIP_CONFIG_FILE"] = "/dev/null"
    alice.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
    alice.variables["ADMIT_INDEX_CORP_PASSWORD"] = SECRET
    return alice


def name_index(desk: Desk, file: str, url: str) -> None:
    head = "[[tool.admit.index]]" if file == "pyproject.toml" else "[[index]]"
    desk.write(file, f'{head}\nname = "corp"\nurl = "{url}"\ndefault = true\n')


def logins(server: IndexServer) -> list[str]:
    return [each.path for each in server.requests if each.user is not None]


class TestTheProjectSaysWhereItIs:
    @pytest.mark.parametrize("file", ["admit.toml", "pyproject.toml", "uv.toml"])
    def test_a_variable_goes_there_without_ceremony(
        self, desk: Desk, private: IndexServer, file: str
    ) -> None:
        name_index(desk, file, private.url)

        desk.succeed("install", "mypackage")

        assert desk.installed == NEWEST
        assert private.anonymous == []

    @pytest.mark.parametrize("file", ["admit.toml", "pyproject.toml", "uv.toml"])
    def test_but_not_later_to_another_server(
        self, desk: Desk, private: IndexServer, other: IndexServer, file: str
    ) -> None:
        name_index(desk, file, private.url)
        desk.succeed("install", "mypackage")
        name_index(desk, file, other.url)

        ran = desk.fail("install", "-U", "mypackage")

        assert other.requests == []
        told = f"ADMIT_INDEX_CORP_PASSWORD was used for {private.url.rstrip('/')} on "
        assert told in ran.stderr
        assert f"{file}:2, which says where corp is" in ran.stderr
        origin = other.url.removesuffix("/simple/")
        assert f"set ADMIT_INDEX_CORP_ORIGIN={origin}" in ran.stderr

    def test_unless_its_user_says_that_it_is_right(
        self, desk: Desk, private: IndexServer, other: IndexServer
    ) -> None:
        name_index(desk, "admit.toml", private.url)
        desk.succeed("install", "mypackage")
        name_index(desk, "admit.toml", other.url)
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = other.url

        desk.succeed("install", "-U", "mypackage")
        del desk.variables["ADMIT_INDEX_CORP_ORIGIN"]
        desk.succeed("install", "-U", "mypackage")

        assert logins(other) != []

    def test_a_move_that_the_users_own_file_tells_is_a_move(
        self, desk: Desk, private: IndexServer, other: IndexServer
    ) -> None:
        name_index(desk, "../.config/admit/admit.toml", private.url)
        desk.succeed("install", "mypackage")
        name_index(desk, "../.config/admit/admit.toml", other.url)

        desk.succeed("install", "-U", "mypackage")

        assert logins(other) != []

    def test_so_is_one_in_a_file_that_the_user_names(
        self, desk: Desk, private: IndexServer, other: IndexServer
    ) -> None:
        name_index(desk, "admit.toml", private.url)
        desk.succeed("install", "mypackage")
        name_index(desk, "admit.toml", other.url)

        desk.succeed("install", "-U", "--config-file", "admit.toml", "mypackage")

        assert logins(other) != []


class TestAnOriginBesideTheVariables:
    def test_holds_back_what_was_never_used_before(
        self, desk: Desk, private: IndexServer, other: IndexServer
    ) -> None:
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = private.url
        name_index(desk, "admit.toml", other.url)

        ran = desk.fail("install", "mypackage")

        assert other.requests == []
        origin = private.url.removesuffix("/simple/")
        assert f"is for {origin} (ADMIT_INDEX_CORP_ORIGIN)" in ran.stderr

    def test_lets_through_what_is_for_it(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = f"https://h.example {private.url}"
        name_index(desk, "admit.toml", private.url)

        desk.succeed("install", "mypackage")

        assert desk.installed == NEWEST

    def test_binds_uvs_variables_too(self, desk: Desk, other: IndexServer) -> None:
        for each in ("USERNAME", "PASSWORD"):
            value = desk.variables.pop(f"ADMIT_INDEX_CORP_{each}")
            desk.variables[f"UV_INDEX_CORP_{each}"] = value
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = "https://pypi.corp.example"
        name_index(desk, "uv.toml", other.url)

        desk.fail("install", "mypackage")

        assert other.requests == []

    def test_binds_what_is_handed_over_for_the_name(
        self, desk: Desk, other: IndexServer
    ) -> None:
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = "https://pypi.corp.example"
        name_index(desk, "admit.toml", other.url)
        secret = desk.write("secret", SECRET)

        desk.fail("install", "--credential-file", f"alice@corp={secret}", "mypackage")

        assert other.requests == []

    def test_leaves_alone_what_is_handed_over_for_a_url(
        self, desk: Desk, other: IndexServer
    ) -> None:
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = "https://pypi.corp.example"
        name_index(desk, "admit.toml", other.url)
        secret = desk.write("secret", SECRET)
        url = other.url.replace("://", "://alice@")

        desk.succeed("install", "--credential-file", f"{url}={secret}", "mypackage")

        assert desk.installed == NEWEST

    @pytest.mark.parametrize("text", ["", "pypi.corp.example", "corp"])
    def test_that_is_none_is_an_error(
        self, desk: Desk, private: IndexServer, text: str
    ) -> None:
        desk.variables["ADMIT_INDEX_CORP_ORIGIN"] = text
        name_index(desk, "admit.toml", private.url)

        ran = desk.fail("install", "mypackage", status=2)

        assert ran.stderr.startswith("error: ADMIT_INDEX_CORP_ORIGIN ")
        assert "https://pypi.corp.example" in ran.stderr
        assert private.requests == []


class TestANameThatIsTyped:
    @pytest.mark.parametrize("name", ["corp", "Corp"])
    def test_leads_to_no_other_server_beside(
        self, desk: Desk, private: IndexServer, other: IndexServer, name: str
    ) -> None:
        """The project's `corp` must not get what is for the one that was typed."""
        desk.write("admit.toml", f'[[index]]\nname = "{name}"\nurl = "{other.url}"\n')

        typed = ("--index", f"corp={private.url}", "-i", private.url)
        desk.run("install", *typed, "nowhere")

        assert other.requests == []
