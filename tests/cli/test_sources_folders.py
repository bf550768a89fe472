"""Folders that are installed: built anew in every run, or edited in place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.source_tree import hooks, make_tree

if TYPE_CHECKING:
    from admit.build.tree import Tree
    from support.desk import Desk


@pytest.fixture
def tree(desk: Desk) -> Tree:
    """A project `widget` in `./dir`, of which only its backend tells the name."""
    return make_tree(desk.work / "dir", requires=["delta; extra == 'fast'"])


def direct_url(desk: Desk, name: str = "widget") -> Any:
    path = desk.site / f"{name}-1.0.dist-info/direct_url.json"
    return json.loads(path.read_text())


class TestInstalling:
    def test_a_folder_is_built_and_its_origin_noted(
        self, desk: Desk, tree: Tree
    ) -> None:
        ran = desk.succeed("install", "./dir")

        assert ran.changes == [f"+ widget==1.0 (from file://{tree.folder})"]
        assert direct_url(desk) == {"url": f"file://{tree.folder}", "dir_info": {}}

    def test_a_folder_is_built_anew_in_every_run(self, desk: Desk, tree: Tree) -> None:
        desk.succeed("install", "./dir")
        again = desk.succeed("install", "./dir")

        assert again.changes == [f"~ widget==1.0 (from file://{tree.folder})"]
        assert hooks(tree).count("build") == 2

    def test_an_extra_behind_a_folder_brings_what_it_needs(
        self, desk: Desk, tree: Tree
    ) -> None:
        desk.succeed("install", "./dir[fast]")

        assert "delta==1.0" in desk.installed

    @pytest.mark.parametrize(
        "form", ["./dir", "dir", "widget @ file://{}", "file://{}"]
    )
    def test_an_editable_is_what_stands_in_its_folder(
        self, desk: Desk, tree: Tree, form: str
    ) -> None:
        desk.succeed("install", "-e", form.format(tree.folder))

        assert direct_url(desk)["dir_info"] == {"editable": True}
        assert (desk.site / "widget.pth").read_text() == f"{tree.folder}\n"

    def test_the_working_folder_is_a_folder_too(self, desk: Desk) -> None:
        make_tree(desk.work)

        desk.succeed("install", "-e", ".")

        assert desk.installed == ["widget==1.0"]

    @pytest.mark.usefixtures("tree")
    def test_several_are_installed_at_once(self, desk: Desk) -> None:
        make_tree(desk.work / "other", "gadget")

        desk.succeed("install", "-e", "./dir", "-e", "./other", "alpha")

        assert desk.installed == ["alpha==2.0", "gadget==1.0", "widget==1.0"]

    @pytest.mark.usefixtures("tree")
    @pytest.mark.parametrize(
        "order", [("./dir", "-e", "./dir"), ("-e", "./dir", "./dir")]
    )
    def test_editable_wins_over_the_same_folder(
        self, desk: Desk, order: tuple[str, ...]
    ) -> None:
        desk.succeed("install", *order)

        assert direct_url(desk)["dir_info"] == {"editable": True}

    def test_a_file_names_folders_from_where_admit_runs(
        self, desk: Desk, tree: Tree
    ) -> None:
        desk.write("deep/r.txt", "-e ./dir[fast] ; python_version > '3'\n")

        desk.succeed("install", "-r", "deep/r.txt")

        assert desk.installed == ["delta==1.0", "widget==1.0"]
        assert "editable" in hooks(tree)

    def test_what_a_marker_rules_out_is_not_built(self, desk: Desk, tree: Tree) -> None:
        desk.write("r.txt", "alpha\n./dir ; python_version < '3'\n")

        desk.succeed("install", "-r", "r.txt")

        assert desk.installed == ["alpha==2.0"]
        assert hooks(tree) == []

    def test_a_dependency_of_another_is_met_by_the_folder(self, desk: Desk) -> None:
        make_tree(desk.work / "alpha", "alpha", "9.0")

        desk.succeed("install", "beta", "./alpha")

        assert desk.installed == ["alpha==9.0", "beta==1.0"]

    @pytest.mark.parametrize("command", ["beta", "alpha"])
    def test_a_constraint_with_a_url_says_where_its_project_is_from(
        self, desk: Desk, command: str
    ) -> None:
        """Taken from an index all the same, it would be somebody else's."""
        mine = make_tree(desk.work / "mine", "alpha", "1.5")
        desk.write("c.txt", f"alpha @ file://{mine.folder}\n")

        desk.succeed("install", command, "-c", "c.txt")

        assert "alpha==1.5" in desk.installed

    def test_a_constraint_with_a_url_builds_nothing_unless_asked_for(
        self, desk: Desk, tree: Tree
    ) -> None:
        desk.write("c.txt", f"widget @ file://{tree.folder}\n")

        desk.succeed("install", "delta", "-c", "c.txt")

        assert hooks(tree) == []

    def test_an_override_may_be_a_folder_that_is_named(
        self, desk: Desk, tree: Tree
    ) -> None:
        desk.write("o.txt", f"widget @ file://{tree.folder}\n")

        desk.succeed("install", "widget==7", "--override", "o.txt")

        assert desk.installed == ["widget==1.0"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (("other @ file://{}",), "by its own metadata it is widget 1.0"),
            (("./empty",), "./empty is a folder without a project"),
            (("-e", "./nowhere"), "there is no folder ./nowhere"),
            (("-e", "git+https://git.corp.example/x"), "cannot be editable"),
            (("-e", "./note.zip"), "what is edited is a folder"),
            (("./dir", "./copy"), "widget is wanted from two places"),
            (("./dir", "-c", "c.txt"), "widget is wanted from two places"),
            (("widget", "--override", "o.txt"), "an override must name its project"),
            (("alpha", "-c", "o.txt"), "a constraint must name its project"),
            (("-e", "./old"), "has no build_editable (PEP 660)"),
            (("./dir", "--no-build"), "building is forbidden"),
        ],
        ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
    )
    def test_says_what_is_wrong_and_installs_nothing(
        self, desk: Desk, tree: Tree, words: tuple[str, ...], said: str
    ) -> None:
        make_tree(desk.work / "copy")
        make_tree(desk.work / "old", "old", extra="del build_editable")
        (desk.work / "empty").mkdir()
        desk.write("note.zip", "")
        desk.write("o.txt", "./dir\n")
        desk.write("c.txt", f"widget @ file://{desk.work}/copy\n")

        ran = desk.run("install", *(word.format(tree.folder) for word in words))

        assert ran.status in (1, 2)
        assert said in ran.stderr
        assert desk.installed == []

    @pytest.mark.parametrize("text", ["./dir", "widget @ file://{}"])
    def test_a_folder_has_no_hash_and_is_not_run_for_it(
        self, desk: Desk, tree: Tree, text: str
    ) -> None:
        line = f"{text.format(tree.folder)} --hash=sha256:{'1' * 64}\n"
        desk.write("r.txt", line)

        ran = desk.fail("install", "-r", "r.txt")

        assert "only files have hashes" in ran.stderr
        assert hooks(tree) == []

    @pytest.mark.parametrize(
        "text",
        ["./dir", "-e ./dir", "widget @ file://{}", "git+https://git.corp.example/x"],
    )
    def test_require_hashes_refuses_it_unrun(
        self, desk: Desk, tree: Tree, text: str
    ) -> None:
        desk.write("r.txt", text.format(tree.folder))

        ran = desk.fail("install", "-r", "r.txt", "--require-hashes")

        assert "folders and commits have none: give an archive of it" in ran.stderr
        assert hooks(tree) == []

    def test_an_error_names_the_line_of_the_file(self, desk: Desk, tree: Tree) -> None:
        desk.write("r.txt", f"alpha\n-e other @ file://{tree.folder}\n")

        ran = desk.fail("install", "-r", "r.txt")

        assert "it stands in r.txt:2" in ran.stderr


class TestWords:
    def test_piped_output_says_what_is_built_and_was(
        self, desk: Desk, tree: Tree
    ) -> None:
        ran = desk.succeed("install", "./dir")

        assert [each for each in ran.notes if "uil" in each] == [
            f"   Building {tree.folder}",
            f"      Built widget 1.0 from {tree.folder}",
        ]

    def test_a_known_name_stands_in_the_title(self, desk: Desk) -> None:
        project = '[project]\nname = "widget"\nversion = "1.0"\n'
        tree = make_tree(desk.work / "dir", project=project)

        ran = desk.succeed("install", "./dir")

        assert f"   Building widget from {tree.folder}" in ran.notes

    def test_v_shows_what_the_backend_says(self, desk: Desk) -> None:
        make_tree(desk.work / "dir", extra="print('hello from the backend')")

        quiet = desk.succeed("install", "./dir")
        loud = desk.succeed("install", "./dir", "-v")

        assert "hello" not in quiet.stderr
        assert "  | hello from the backend" in loud.notes


@pytest.mark.parametrize(
    ("path", "word"),
    [("pyproject.toml", "."), ("q/pyproject.toml", "./q")],
)
def test_where_a_list_is_dynamic_the_folder_is_named(
    desk: Desk, path: str, word: str
) -> None:
    """Only a build tells what such a project depends on."""
    make_tree(desk.work / "q", requires=["delta"])
    make_tree(desk.work, requires=["delta"])
    table = (
        '\n[project]\nname = "widget"\nversion = "1.0"\ndynamic = ["dependencies"]\n'
    )
    for folder in (desk.work, desk.work / "q"):
        with (folder / "pyproject.toml").open("a") as file:
            file.write(table)

    ran = desk.fail("install", "-r", path)

    assert f"`admit install {word}`" in ran.stderr
    desk.succeed("install", word)
    assert desk.installed == ["delta==1.0", "widget==1.0"]
