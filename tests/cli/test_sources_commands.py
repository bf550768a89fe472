"""Folders and archives in every command: sync, compile, list, reports, download."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.source_tree import hooks, make_tree

if TYPE_CHECKING:
    from admit.build.tree import Tree
    from support.desk import Desk


@pytest.fixture
def tree(desk: Desk) -> Tree:
    return make_tree(desk.work / "dir")


@pytest.fixture
def editable(desk: Desk, tree: Tree) -> Tree:
    """The folder installed so that it is edited in place, and alpha beside it."""
    desk.succeed("install", "-e", "./dir", "alpha")
    return tree


def test_list_tells_where_editable_projects_are(desk: Desk, editable: Tree) -> None:
    rows = desk.succeed("list").stdout.splitlines()
    found = json.loads(desk.succeed("list", "--format", "json").stdout)

    assert rows[0] == "Package Version Editable project location"
    assert rows[3] == f"widget  1.0     {editable.folder}"
    assert found == [
        {"name": "alpha", "version": "2.0"},
        {
            "name": "widget",
            "version": "1.0",
            "editable_project_location": editable.folder,
        },
    ]


@pytest.mark.usefixtures("tree")
def test_list_has_no_such_column_without_one(desk: Desk) -> None:
    desk.succeed("install", "./dir")

    assert desk.succeed("list").stdout.splitlines()[0] == "Package Version"


def test_freeze_asks_for_the_same_again(desk: Desk, editable: Tree) -> None:
    frozen = desk.succeed("freeze").stdout

    assert frozen == f"alpha==2.0\n-e file://{editable.folder}\n"
    desk.write("frozen.txt", frozen)
    assert desk.succeed("sync", "frozen.txt").changes == [
        f"~ widget==1.0 (from file://{editable.folder})"
    ]


def test_sync_replaces_a_release_by_a_folder(desk: Desk) -> None:
    tree = make_tree(desk.work / "dir", "alpha", "1.0")
    desk.write("a.txt", "alpha==1.0\n")
    desk.write("b.txt", "-e ./dir\n")

    changes = [desk.succeed("sync", name).changes for name in ("a.txt", "b.txt")]

    assert changes == [
        ["+ alpha==1.0"],
        [f"~ alpha==1.0 (from file://{tree.folder})"],
    ]


@pytest.mark.parametrize(
    ("option", "folder"),
    [
        # Each folder with one option, and in the exam with the other.
        ("", "dir"),
        ("-e ", "my dir"),
        ("", "a@b"),
        ("-e ", "h#sh"),
        ("", "100%"),
        ("-e ", "é"),
        pytest.param("-e ", "dir", marks=pytest.mark.exam),
        pytest.param("", "my dir", marks=pytest.mark.exam),
        pytest.param("-e ", "a@b", marks=pytest.mark.exam),
        pytest.param("", "h#sh", marks=pytest.mark.exam),
        pytest.param("-e ", "100%", marks=pytest.mark.exam),
        pytest.param("", "é", marks=pytest.mark.exam),
    ],
)
def test_compile_writes_a_folder_as_it_was_typed_for_sync_to_read(
    desk: Desk, folder: str, option: str
) -> None:
    make_tree(desk.work / folder)
    desk.write("r.in", f"{option}./{folder}\nalpha\n")

    desk.succeed("compile", "r.in", "-o", "r.txt", "--no-header", "--no-annotate")

    assert (desk.work / "r.txt").read_text() == f"alpha==2.0\n{option}./{folder}\n"
    desk.succeed("sync", "r.txt")
    (module,) = desk.site.glob("widget.p*")
    assert module.suffix == (".pth" if option else ".py")


def test_compile_writes_a_named_editable_by_its_url(desk: Desk, tree: Tree) -> None:
    desk.write("r.in", f"-e widget @ file://{tree.folder}\n")

    ran = desk.succeed("compile", "r.in", "--no-header", "--no-annotate")

    assert ran.stdout == f"-e file://{tree.folder}\n"


@pytest.mark.usefixtures("tree")
def test_compile_warns_of_what_has_no_hash(desk: Desk) -> None:
    desk.write("r.in", "./dir\n")

    ran = desk.succeed("compile", "r.in", "--generate-hashes")

    assert "widget is written without a hash" in ran.stderr
    assert "--hash" not in ran.stdout.partition("./dir")[2]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_report_has_the_folder_and_its_metadata(
    desk: Desk, tree: Tree, options: tuple[str, ...]
) -> None:
    desk.succeed("install", "-e", "./dir", "--report", "report.json", *options)

    (found,) = json.loads((desk.work / "report.json").read_text())["install"]
    assert found["download_info"] == {
        "url": f"file://{tree.folder}",
        "dir_info": {"editable": True},
    }
    assert (found["is_direct"], found["requested"]) == (True, True)
    assert found["metadata"]["name"] == "widget"


def test_json_tells_the_folder_and_that_it_is_editable(desk: Desk, tree: Tree) -> None:
    ran = desk.succeed("install", "-e", "./dir", "--output-format", "json")

    (row,) = json.loads(ran.stdout)["packages"]
    assert (row["url"], row["editable"]) == (f"file://{tree.folder}", True)


@pytest.mark.parametrize("word", ["./dir", "widget @ git+file:///nowhere", "./odd.zip"])
def test_download_refuses_what_is_no_file_before_anything(
    desk: Desk, tree: Tree, word: str
) -> None:
    desk.write("odd.zip", "")

    ran = desk.fail("download", word, "alpha", "-d", "out", status=2)

    assert "cannot be saved as a file" in ran.stderr
    assert hooks(tree) == []
    assert not (desk.work / "out").exists()


class TestUninstall:
    """What is only to go needs no build to be known."""

    @pytest.mark.parametrize(
        "line",
        [
            "-e ./dir",
            "./dir",
            "widget @ file:///anywhere",
            "git+https://git.corp.example/w#egg=widget",
            "./widget-1.0.tar.gz",
        ],
    )
    def test_finds_the_name_of_what_was_installed(
        self, desk: Desk, editable: Tree, line: str
    ) -> None:
        desk.write("r.txt", f"{line}\n")
        desk.write("widget-1.0.tar.gz", "")
        before = hooks(editable)

        ran = desk.succeed("uninstall", "-r", "r.txt")

        assert ran.changes == ["- widget==1.0"]
        assert hooks(editable) == before

    def test_reads_it_in_the_folder(self, desk: Desk) -> None:
        other = make_tree(
            desk.work / "other",
            project='[project]\nname = "Alpha"\ndynamic = ["version"]',
        )
        desk.succeed("install", "alpha")

        ran = desk.succeed("uninstall", "./other")

        assert ran.changes == ["- alpha==2.0"]
        assert hooks(other) == []

    @pytest.mark.parametrize("line", ["./dir", "git+https://git.corp.example/w"])
    def test_refuses_what_only_a_build_would_tell(
        self, desk: Desk, tree: Tree, line: str
    ) -> None:
        desk.write("r.txt", f"alpha\n{line}\n")

        ran = desk.fail("uninstall", "-r", "r.txt", status=2)

        assert "r.txt:2: only a build would tell" in ran.stderr
        assert "name the project instead" in ran.stderr
        assert hooks(tree) == []
