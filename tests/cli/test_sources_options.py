"""Options of builds, and what pip and uv were told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.sdist import build_sdist, read_journal
from support.source_tree import hooks, make_tree, seen

if TYPE_CHECKING:
    from pathlib import Path

    from admit.build.tree import Tree
    from support.desk import Desk

UV_TABLE = '[config-settings]\nmode = "fast"\nlist = ["a", "b"]\n'
FOR_PYTHON_4 = """
old = metadata
def metadata():
    return old() + "Requires-Python: >=4\\n"
"""
PIP_FILE = "[install]\nconfig-settings = mode=fast\nno-build-isolation = no\n"


@pytest.fixture
def tree(desk: Desk) -> Tree:
    """A project that is built with alpha."""
    return make_tree(desk.work / "dir", build_requires=["alpha"])


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """A desk where pip's and uv's settings count."""
    del desk.variables["ADMIT_NO_FOREIGN_CONFIG"]
    desk.variables["PIP_CONFIG_FILE"] = "/dev/null"
    return desk


def settings_of(tree: Tree) -> Any:
    (built,) = [each for each in seen(tree) if each["hook"] == "build"]
    return built["settings"]


def is_isolated(desk: Desk, tree: Tree) -> bool:
    """Whether the last build ran in an environment of its own."""
    return bool(seen(tree)[-1]["prefix"] != str(desk.venv))


class TestConfigSettings:
    def test_are_told_to_the_backend(self, desk: Desk, tree: Tree) -> None:
        desk.succeed("install", "./dir", "-C", "a=1", "-C", "b=x", "-C", "b=y")

        assert settings_of(tree) == {"a": "1", "b": ["x", "y"]}

    @pytest.mark.parametrize(
        "variables",
        [
            {"ADMIT_CONFIG_SETTINGS": "mode=fast"},
            {"PIP_CONFIG_SETTINGS": "mode=fast"},
        ],
    )
    def test_may_be_a_variable(
        self, desk: Desk, tree: Tree, variables: dict[str, str]
    ) -> None:
        desk.succeed("install", "./dir", **variables)

        assert settings_of(tree) == {"mode": "fast"}

    def test_a_table_of_uv_is_understood(self, desk: Desk, tree: Tree) -> None:
        desk.write("../.config/uv/uv.toml", UV_TABLE)

        desk.succeed("install", "./dir")

        assert settings_of(tree) == {"mode": "fast", "list": ["a", "b"]}

    def test_a_projects_file_may_not_say_them(self, desk: Desk, tree: Tree) -> None:
        desk.write("admit.toml", 'config-settings = ["cc=./evil"]\n')

        ran = desk.fail("install", "./dir", status=2)

        assert "admit.toml:1: `config-settings` may not stand so" in ran.stderr
        assert hooks(tree) == []

    def test_those_of_a_projects_uv_file_do_not_count(
        self, desk: Desk, tree: Tree
    ) -> None:
        desk.write("uv.toml", UV_TABLE)

        ran = desk.succeed("install", "./dir")

        assert "`config-settings` does not count in a project's file" in ran.stderr
        assert settings_of(tree) in (None, {})

    def test_what_is_no_pair_is_an_error(self, desk: Desk, tree: Tree) -> None:
        ran = desk.fail("install", "./dir", "-C", "fast")

        assert "want KEY=VALUE" in ran.stderr
        assert hooks(tree) == []


class TestIsolation:
    @pytest.mark.parametrize(
        ("words", "variables"),
        [
            (("--no-build-isolation",), {}),
            ((), {"ADMIT_NO_BUILD_ISOLATION": "1"}),
            ((), {"UV_NO_BUILD_ISOLATION": "1"}),
            # As pip has it: the value says whether builds are isolated.
            ((), {"PIP_NO_BUILD_ISOLATION": "0"}),
        ],
        ids=lambda each: str(each),
    )
    def test_is_given_up_where_that_is_said(
        self,
        desk: Desk,
        tree: Tree,
        words: tuple[str, ...],
        variables: dict[str, str],
    ) -> None:
        desk.succeed("install", "alpha")

        desk.succeed("install", "./dir", *words, **variables)

        assert not is_isolated(desk, tree)

    @pytest.mark.parametrize(
        "variables",
        [{}, {"PIP_NO_BUILD_ISOLATION": "1"}, {"UV_NO_BUILD_ISOLATION": "0"}],
    )
    def test_stays_otherwise(
        self, desk: Desk, tree: Tree, variables: dict[str, str]
    ) -> None:
        desk.succeed("install", "./dir", **variables)

        assert is_isolated(desk, tree)
        assert desk.installed == ["widget==1.0"]

    def test_pips_file_is_read_as_pip_reads_it(self, desk: Desk, tree: Tree) -> None:
        desk.variables["PIP_CONFIG_FILE"] = str(desk.write("pip.conf", PIP_FILE))
        desk.succeed("install", "alpha")

        desk.succeed("install", "./dir")

        assert not is_isolated(desk, tree)
        assert settings_of(tree) == {"mode": "fast"}

    def test_without_it_nothing_is_kept_for_the_environment_may_change(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        """Neither wheel nor metadata: both are what was installed then."""
        journal = tmp_path / "journal"
        sdist = build_sdist(tmp_path, "part")
        for _ in range(2):
            desk.succeed(
                *("install", str(sdist), "--no-build-isolation", "--reinstall"),
                JOURNAL=str(journal),
            )

        made = [each["hook"] for each in read_journal(journal)]
        assert [made.count(each) for each in ("prepare", "build")] == [2, 2], made


class TestConstraints:
    @pytest.mark.parametrize(
        "how", ["option", "UV_BUILD_CONSTRAINT", "PIP_BUILD_CONSTRAINT"]
    )
    def test_limit_what_a_build_needs_and_nothing_else(
        self, desk: Desk, how: str
    ) -> None:
        note = """
            import importlib.metadata
            with open("alpha", "w") as file:
                file.write(importlib.metadata.version("alpha"))
        """
        make_tree(desk.work / "dir", build_requires=["alpha"], extra=note)
        desk.write("limits.txt", "alpha<2\n")
        words = ("-b", "limits.txt") if how == "option" else ()
        variables = {how: "limits.txt"} if how != "option" else {}

        desk.succeed("install", "./dir", "alpha", *words, **variables)

        assert (desk.work / "dir" / "alpha").read_text() == "1.0"
        assert "alpha==2.0" in desk.installed


class TestForbidding:
    def test_a_projects_file_may_forbid_builds(self, desk: Desk, tree: Tree) -> None:
        desk.write("admit.toml", "no-build = true\n")

        desk.fail("install", "./dir", status=2)

        assert hooks(tree) == []

    def test_but_not_allow_what_you_forbade(self, desk: Desk, tree: Tree) -> None:
        desk.write("../.config/admit/admit.toml", "no-build = true\n")
        desk.write("admit.toml", "no-build = false\n")

        ran = desk.fail("install", "./dir", status=2)

        assert "it lets code be run that you forbade" in ran.stderr
        assert hooks(tree) == []

    def test_pips_editable_is_told_not_to_count(self, desk: Desk, tree: Tree) -> None:
        ran = desk.succeed("install", "alpha", PIP_EDITABLE="./dir")

        assert "admit has no `editable` of pip" in ran.stderr
        assert hooks(tree) == []


class TestPython:
    def test_a_release_for_another_one_is_not_installed_without_dependencies(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        """Its page does not say so, and nobody reads its metadata for what it needs."""
        shop = tmp_path / "shop"
        build_sdist(shop, "part", extra=FOR_PYTHON_4)
        words = ("install", "part", "--no-deps", "--no-index", "-f", str(shop))
        for _ in range(2):
            ran = desk.fail(*words, JOURNAL=str(tmp_path / "journal"))

            assert "part 1.0 does not run on this Python" in ran.stderr
            assert "Requires-Python: >=4" in ran.stderr
        assert desk.installed == []

    def test_where_metadata_is_that_of_this_one_it_is_told_once(
        self, desk: Desk
    ) -> None:
        make_tree(desk.work / "dir")
        make_tree(desk.work / "other", "other")
        desk.write("r.in", "./dir\n./other\n")

        ran = desk.succeed("compile", "r.in", "--python-version", "3.99")

        assert ran.stderr.count("metadata is made by Python 3.") == 1
        assert "and may differ for Python 3.99" in ran.stderr

    def test_nothing_is_told_where_it_is_the_same(self, desk: Desk) -> None:
        make_tree(desk.work / "dir")
        desk.write("r.in", "./dir\n")

        assert "metadata is made by" not in desk.succeed("compile", "r.in").stderr
