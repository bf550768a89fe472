"""`--group`: dependency groups of a pyproject.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.desk import Desk

PROJECT = """\
[dependency-groups]
one = ["alpha==1.0"]
two = [{ include-group = "one" }, "beta"]
round = [{ include-group = "round" }]
"""


@pytest.fixture
def project(desk: Desk) -> Desk:
    desk.write("pyproject.toml", PROJECT)
    return desk


def test_a_group_is_installed(project: Desk) -> None:
    project.succeed("install", "--group", "two")

    assert project.installed == ["alpha==1.0", "beta==1.0"]


def test_a_group_of_another_file_is_installed(project: Desk) -> None:
    (project.work / "sub").mkdir()
    project.write("sub/pyproject.toml", PROJECT)
    (project.work / "pyproject.toml").unlink()

    project.succeed("install", "--group", "sub/pyproject.toml:one")

    assert project.installed == ["alpha==1.0"]


def test_groups_are_compiled_and_named(project: Desk) -> None:
    ran = project.succeed("compile", "--group", "two")

    assert "#    admit compile --group=two\n" in ran.stdout
    assert (
        "alpha==1.0\n    # via\n    #   beta\n    #   pyproject.toml:two" in ran.stdout
    )


def test_an_environment_is_made_to_hold_a_group(project: Desk) -> None:
    project.succeed("install", "alpha==1.0", "delta")

    project.succeed("sync", "--group", "one")

    assert project.installed == ["alpha==1.0"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nosuch", "has no dependency group nosuch"),
        ("round", "the group round includes itself"),
        ("x.toml:one", "x.toml is no pyproject.toml"),
        ("no/pyproject.toml:one", "cannot read no/pyproject.toml"),
    ],
)
def test_a_wrong_group_is_told(project: Desk, text: str, words: str) -> None:
    ran = project.run("install", "--group", text)

    assert ran.status in (1, 2)
    assert words in ran.stderr
    assert project.installed == []
