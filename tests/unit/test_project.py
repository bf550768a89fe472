"""What a pyproject.toml says its project depends on."""

from __future__ import annotations

import pytest

from admit.config.project import Extras, read_project
from admit.spec.names import normalize_extra
from admit.spec.pyproject import InvalidProject

PROJECT = b"""
[project]
name = "My.Proj"
dependencies = ["alpha>=1"]
[project.optional-dependencies]
Fast = ["beta", "my-proj[slow]"]
slow = ["gamma"]
all = ["my_proj[fast,slow]"]
"""


def names(body: bytes, *extras: str, is_all: bool = False) -> list[str]:
    wanted = Extras(tuple(normalize_extra(each) for each in extras), is_all)
    lines = read_project(body, "pyproject.toml", wanted).lines
    return [each.requirement.name for each in lines if each.requirement]


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        ((), ["alpha"]),
        (("slow",), ["alpha", "gamma"]),
        (("fast",), ["alpha", "beta", "gamma"]),
        (("all",), ["alpha", "beta", "gamma"]),
        (("slow", "fast", "slow"), ["alpha", "gamma", "beta"]),
    ],
)
def test_extras_bring_theirs_and_those_they_name(
    extras: tuple[str, ...], expected: list[str]
) -> None:
    assert names(PROJECT, *extras) == expected


def test_all_extras_are_all() -> None:
    assert names(PROJECT, is_all=True) == ["alpha", "beta", "gamma"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"[project", "cannot read", id="no TOML"),
        pytest.param(b"\xff", "cannot read", id="not UTF-8"),
        pytest.param(b"[tool.x]", "no \\[project\\] table", id="no project"),
        pytest.param(
            b"[project]\nname='a'\ndynamic=['dependencies']", "dynamic", id="dynamic"
        ),
        pytest.param(
            b"[project]\nname='a'\ndependencies='b'", "not a list", id="no list"
        ),
        pytest.param(
            b"[project]\nname='a'\ndependencies=['b ??']", "pyproject.toml", id="bad"
        ),
    ],
)
def test_what_cannot_be_read_is_an_error_with_the_file(
    body: bytes, message: str
) -> None:
    with pytest.raises(InvalidProject, match=message):
        names(body)
