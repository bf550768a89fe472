"""Requirements by URL that a package brings along: from whom, and how far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.recording_server import RecordingServer, Said, status
from support.sdist import build_sdist
from support.source_tree import make_tree
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

CANARY = "canary-9f2d1c"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def file_url(index: IndexServer, filename: str) -> str:
    name, version, _ = filename.split("-", 2)
    return f"{index.origin}/packages/{name}/{version}/{filename}"


class TestOfAnIndex:
    """What an index lists may not bring in anything from anywhere."""

    def test_the_version_is_no_use_and_the_one_before_is_taken(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        elsewhere = build_wheel(tmp_path, "alpha", "9.0")
        build_wheel(shop, "epsilon", "1.0")
        build_wheel(shop, "epsilon", "2.0", requires=[f"alpha @ {elsewhere.as_uri()}"])
        with IndexServer(shop, public=["*"]) as index:
            ran = desk.succeed("install", "epsilon", "-i", index.url)

        assert ran.changes == ["+ epsilon==1.0"]

    def test_a_name_asked_for_by_url_is_never_taken_from_an_index(
        self, desk: Desk, shop: Path
    ) -> None:
        """The index's alpha is somebody else's."""
        build_wheel(shop, "alpha", "9.0")
        build_wheel(
            shop,
            "epsilon",
            "2.0",
            requires=["alpha @ https://files.corp.example/a.whl"],
        )
        with IndexServer(shop, public=["*"]) as index:
            ran = desk.fail("install", "epsilon", "-i", index.url)

        assert "asks for alpha by a URL" in ran.stderr
        assert desk.installed == []

    def test_the_user_may_name_the_same_url(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        wheel = build_wheel(tmp_path, "alpha", "9.0")
        need = f"alpha @ {wheel.as_uri()}"
        build_wheel(shop, "epsilon", "2.0", requires=[need])
        with IndexServer(shop, public=["*"]) as index:
            desk.succeed("install", "epsilon", need, "-i", index.url)

        assert desk.installed == ["alpha==9.0", "epsilon==2.0"]

    def test_another_url_of_the_same_name_is_not_what_it_asks_for(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        wheel = build_wheel(tmp_path, "alpha", "9.0")
        need = "alpha @ https://files.corp.example/alpha-9.0-py3-none-any.whl"
        build_wheel(shop, "epsilon", "2.0", requires=[need])
        with IndexServer(shop, public=["*"]) as index:
            desk.fail("install", "epsilon", str(wheel), "-i", index.url)

        assert desk.installed == []


class TestOfWhatTheUserNamed:
    """Whoever runs its code trusts it so far."""

    def test_a_url_is_followed_with_its_own_login(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        build_wheel(shop, "alpha", "9.0")
        with IndexServer(shop, accounts=[ALICE]) as index:
            host = index.origin.partition("://")[2]
            desk.write_netrc(f"machine {host} login alice password {SECRET}\n")
            url = file_url(index, "alpha-9.0-py3-none-any.whl")
            mine = build_wheel(tmp_path, "epsilon", "2.0", requires=[f"alpha @ {url}"])
            desk.succeed("install", str(mine), "--no-index")

        assert desk.installed == ["alpha==9.0", "epsilon==2.0"]

    @pytest.mark.parametrize(
        "words", [("r.zip",), ("alpha-1.0-py3-none-any.whl",), ("-r", "r.txt")]
    )
    def test_of_what_is_not_there_no_index_has_said_that_it_is(
        self, desk: Desk, words: tuple[str, ...]
    ) -> None:
        *option, name = words
        with RecordingServer(lambda _: status(404)) as server:
            url = server.origin.replace("://", f"://alice:{SECRET}@")
            ran = desk.fail("install", *option, f"{url}/{name}", "--no-index")

        assert "lists it" not in ran.stderr
        assert "fix: correct the URL, if it is wrong; else" in ran.stderr
        assert "hidden from alice" in ran.stderr

    def test_no_variable_is_sent_where_it_says(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        desk.variables["CI_TOKEN"] = CANARY
        with IndexServer(tmp_path, public=["*"]) as index:
            host = index.url.partition("://")[2]
            need = f"alpha @ http://${{CI_TOKEN}}:@{host}alpha-9.0-py3-none-any.whl"
            mine = build_wheel(tmp_path, "epsilon", "2.0", requires=[need])
            ran = desk.fail("install", str(mine), "--no-index")
            seen = list(index.requests)

        assert "would send a variable of yours" in ran.stderr
        assert seen == []

    def test_what_came_from_elsewhere_names_no_path_of_this_machine(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        secret = build_wheel(tmp_path, "alpha", "9.0")
        build_wheel(shop, "epsilon", "2.0", requires=[f"alpha @ {secret.as_uri()}"])
        with IndexServer(shop, public=["*"]) as index:
            url = file_url(index, "epsilon-2.0-py3-none-any.whl")
            ran = desk.fail("install", url, "--no-index")

        assert "asks for a path of this machine" in ran.stderr


class TestOfWhatABuildNeeds:
    """A project's build requirements are its author's words as well (PEP 518)."""

    @pytest.mark.pain("E12")
    def test_what_an_index_lists_names_no_url(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        elsewhere = build_wheel(tmp_path, "tool", "9.0")
        build_sdist(shop, "epsilon", build_requires=[f"tool @ {elsewhere.as_uri()}"])
        with IndexServer(shop, public=["*"]) as index:
            ran = desk.fail(
                *("install", "epsilon", "-i", index.url),
                JOURNAL=str(tmp_path / "journal"),
            )

        assert "needs tool by a URL to be built" in ran.stderr
        assert desk.installed == []

    @pytest.mark.parametrize("scheme", ["http", "git+http"])
    def test_no_variable_is_sent_where_it_says(
        self, desk: Desk, shop: Path, tmp_path: Path, scheme: str
    ) -> None:
        desk.variables["CI_TOKEN"] = CANARY
        with IndexServer(tmp_path, public=["*"]) as index:
            host = index.url.partition("://")[2]
            need = f"tool @ {scheme}://x:${{CI_TOKEN}}@{host}tool-9.0-py3-none-any.whl"
            make_tree(desk.work / "dir", build_requires=[need])
            ran = desk.fail("install", "./dir", "--no-index")
            seen = list(index.requests)

        assert "would send a variable of yours" in ran.stderr
        assert seen == []

    def test_nor_where_its_backend_says(self, desk: Desk, tmp_path: Path) -> None:
        desk.variables["CI_TOKEN"] = CANARY
        with IndexServer(tmp_path, public=["*"]) as index:
            host = index.url.partition("://")[2]
            need = f"tool @ http://x:${{CI_TOKEN}}@{host}tool-9.0-py3-none-any.whl"
            make_tree(desk.work / "dir", extra=f"NEEDED = ['{need}']")
            ran = desk.fail("install", "./dir", "--no-index")
            seen = list(index.requests)

        assert "would send a variable of yours" in ran.stderr
        assert seen == []

    def test_a_folder_of_the_user_may_name_a_path(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        tool = build_wheel(tmp_path, "tool", "9.0")
        make_tree(desk.work / "dir", build_requires=[f"tool @ {tool.as_uri()}"])
        desk.succeed("install", "./dir", "--no-index")

        assert desk.installed == ["widget==1.0"]

    def test_a_file_of_build_constraints_may_name_the_url(
        self, desk: Desk, shop: Path, tmp_path: Path
    ) -> None:
        need = f"tool @ {build_wheel(tmp_path, 'tool', '9.0').as_uri()}"
        build_sdist(shop, "epsilon", build_requires=[need])
        desk.write("b.txt", f"{need}\n")
        with IndexServer(shop, public=["*"]) as index:
            desk.succeed(
                *("install", "epsilon", "-i", index.url, "-b", "b.txt"),
                JOURNAL=str(tmp_path / "journal"),
            )

        assert desk.installed == ["epsilon==1.0"]


class TestOfAProjectOnAServer:
    """`-r https://…/pyproject.toml` has an author as every file of a server has."""

    @pytest.mark.parametrize(
        ("need", "words"),
        [
            ("tool @ http://x:${CI_TOKEN}@127.0.0.2/tool.zip", "send variables"),
            ("tool @ git+http://x:${CI_TOKEN}@127.0.0.2/t.git", "send variables"),
            ("tool @ file:///etc/tool.zip", "may not name a path of this machine"),
        ],
    )
    def test_it_names_nothing_that_only_the_user_could_mean(
        self, desk: Desk, need: str, words: str
    ) -> None:
        desk.variables["CI_TOKEN"] = CANARY
        project = f'[project]\nname = "app"\nversion = "1"\ndependencies = ["{need}"]\n'
        said = Said(body=project.encode(), content_type="text/plain")
        with RecordingServer(lambda _: said) as server:
            url = f"{server.origin}/pyproject.toml"
            ran = desk.fail("install", "-r", url, status=2)

        assert words in ran.stderr
