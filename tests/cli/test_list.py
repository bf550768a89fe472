"""`admit list` and `freeze`: what is behind, and what is shown of an environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]


class TestOutdated:
    def test_what_is_behind_is_listed(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("install", "-q", "alpha==1.0", "beta", "delta")

        desk.succeed("list", "--outdated")
        ran = desk.succeed("list", "-o", "--format", "json")

        assert json.loads(ran.stdout) == [
            {
                "name": "alpha",
                "version": "1.0",
                "latest_version": "2.0",
                "latest_filetype": "wheel",
            }
        ]
        golden(desk)

    def test_nothing_behind_is_nothing(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "alpha")

        assert desk.succeed("list", "--outdated").stdout == ""
        assert desk.succeed("list", "-o", "--format=json").stdout == "[]\n"

    def test_prereleases_yanked_and_unfit_versions_are_none(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "early==1.0", "pulled==1.0")

        plain = desk.succeed("list", "--outdated")
        early = desk.succeed("list", "--outdated", "--pre")

        assert plain.stdout == ""
        assert "early" in early.stdout
        assert "pulled" not in early.stdout

    def test_requirements_are_no_form(self, desk: Desk) -> None:
        ran = desk.fail("list", "--outdated", "--format=freeze", status=2)

        assert "--outdated has no form freeze" in ran.stderr

    def test_the_result_may_be_one_object(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "alpha==1.0")

        ran = desk.succeed("list", "--outdated", "--output-format", "json")

        (row,) = json.loads(ran.stdout)["packages"]
        assert row["latest_version"] == "2.0"


@pytest.mark.pain("A1")
class TestOutdatedBehindALogin:
    def test_the_index_is_asked_with_its_login(self, desk: Desk, world: Path) -> None:
        desk.secrets.append(SECRET)
        desk.succeed("install", "-q", "alpha==1.0")
        with IndexServer(world, accounts=[ALICE], public=["alpha==1.*"]) as server:
            desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

            ran = desk.succeed("list", "--outdated", "-i", server.url)

            assert ran.stdout.splitlines()[-1] == "alpha   1.0     2.0    wheel"
            assert server.anonymous == []

    @pytest.mark.pain("H1")
    def test_a_refusal_is_an_error(self, desk: Desk, world: Path) -> None:
        desk.succeed("install", "-q", "alpha==1.0")
        deny = Behaviour(DENIALS["401"])
        with IndexServer(world, accounts=[ALICE], behaviour=deny) as server:
            ran = desk.fail("list", "--outdated", "-i", server.url)

        assert "login required (401)" in ran.stderr

    @pytest.mark.pain("A2")
    def test_an_owned_name_is_looked_for_on_its_owner_only(
        self, desk: Desk, world: Path, tmp_path: Path
    ) -> None:
        desk.succeed("install", "-q", "alpha==1.0")
        empty = tmp_path / "empty"
        build_wheel(empty, "other", "1.0")
        with IndexServer(empty) as owner, IndexServer(world) as stranger:
            desk.write(
                "admit.toml",
                f'[[index]]\nname = "corp"\nurl = "{owner.url}"\n'
                'packages = ["alpha"]\n',
            )

            ran = desk.succeed("list", "--outdated", "-i", stranger.url)

            assert ran.stdout == ""
            assert stranger.requests == []

    def test_what_came_from_a_url_is_asked_of_nobody(
        self, desk: Desk, index: IndexServer
    ) -> None:
        url = f"{index.origin}/packages/alpha/1.0/alpha-1.0-py3-none-any.whl"
        desk.succeed("install", "-q", f"alpha @ {url}")
        before = len(index.requests)

        ran = desk.succeed("list", "--outdated", "-v")

        assert "alpha came from a URL" in ran.stderr
        assert len(index.requests) == before


class TestSelection:
    def names(self, desk: Desk, *words: str) -> list[str]:
        ran = desk.succeed("list", "--format=json", *words)
        return [each["name"] for each in json.loads(ran.stdout)]

    def test_what_nothing_requires(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "beta", "delta")

        assert self.names(desk) == ["alpha", "beta", "delta"]
        assert self.names(desk, "--not-required") == ["beta", "delta"]

    def test_what_is_excluded(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "beta")

        assert self.names(desk, "--exclude", "ALPHA") == ["beta"]
        assert desk.succeed("freeze", "--exclude", "beta").stdout == "alpha==2.0\n"

    def test_working_trees(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "alpha")

        assert self.names(desk, "--exclude-editable") == ["alpha"]

    def test_a_folder_needs_no_environment(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "--target", "lib", "beta")

        listed = self.names(desk, "--path", "lib")
        frozen = desk.succeed("freeze", "--all", "--path", "lib")
        nowhere = desk.fail("list", "--path", "nowhere", status=2)

        assert listed == ["alpha", "beta"]
        assert frozen.stdout == "alpha==2.0\nbeta==1.0\n"
        assert "which is no folder" in nowhere.stderr
