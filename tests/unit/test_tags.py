"""File names and targets."""

import json
from pathlib import Path
from typing import Any

import pytest

from admit.spec.names import normalize_name
from admit.spec.tags import (
    InvalidFilename,
    Target,
    parse_sdist_filename,
    parse_wheel_filename,
)

TABLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "packaging.json").read_text()
)


def test_a_wheel_name_tells_name_version_build_and_tags() -> None:
    wheel = parse_wheel_filename("Wid_Gets-1.0.0+local-12a-cp310.cp311-abi3-any.whl")

    assert wheel.name == "wid-gets"
    assert wheel.version.text == "1.0.0+local"
    assert wheel.build == (12, "a")
    assert wheel.tags == ("cp310-abi3-any", "cp311-abi3-any")


def test_compressed_tags_are_expanded() -> None:
    wheel = parse_wheel_filename("w-1-py2.py3-none-LINUX_x86_64.any.whl")

    assert wheel.build == ()
    assert wheel.tags == (
        "py2-none-linux_x86_64",
        "py2-none-any",
        "py3-none-linux_x86_64",
        "py3-none-any",
    )


@pytest.mark.parametrize("text", TABLES["wheel_filenames_invalid"])
def test_what_packaging_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilename):
        parse_wheel_filename(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("w-1.0.tar.gz", "ends in .whl"),
        ("w-1.0.whl", "2 parts"),
        ("w__x-1.0-py3-none-any.whl", "two underscores"),
        ("w x-1.0-py3-none-any.whl", "is not a project's name"),
        ("../w-1.0-py3-none-any.whl", "is not a project's name"),
        ("w-one-py3-none-any.whl", "is not a version"),
        ("w-1.0-py3-none-any.\0.whl", "a character that no tag has"),
        ("w-1.0-py3-none.\x1b[2J-any.whl", "a character that no tag has"),
        ("w-1.0-py3-none-any./x.whl", "a character that no tag has"),
        ("w-1.0-py3-none-any.\\x.whl", "a character that no tag has"),
        ("w-1.0-b1-py3-none-any.whl", "build number 'b1'"),
        ("w-1.0-py3--any.whl", "tags is empty"),
        ("w-1.0-3-none-any.whl", "is not a Python tag"),
        (f"w-1-{'.'.join(['py3'] * 40)}-{'.'.join(['a'] * 40)}-any.whl", "more tags"),
    ],
)
def test_a_refused_wheel_name_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidFilename) as caught:
        parse_wheel_filename(text)

    assert reason in (caught.value.why or "")


@pytest.mark.parametrize(
    ("text", "project", "version"),
    [
        ("widgets-1.0.tar.gz", "widgets", "1.0"),
        ("wid_gets-1.0.zip", "wid-gets", "1.0"),
        ("Wid-Gets-1.0rc1.tar.gz", "wid-gets", "1.0rc1"),
        ("widgets-1.0-1.tar.gz", "widgets", "1.0.post1"),
        ("widgets-2-1.0.tgz", "widgets-2", "1.0"),
    ],
)
def test_an_sdist_name_is_split_with_the_project_known(
    text: str, project: str, version: str
) -> None:
    sdist = parse_sdist_filename(text, normalize_name(project))

    assert (sdist.name, sdist.version.text) == (project, version)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("widgets-1.0.whl", "ends in .tar.gz"),
        ("widgets-1.0.tar.gz.asc", "ends in .tar.gz"),
        ("gadgets-1.0.tar.gz", "begin with the project's name"),
        ("widgets.tar.gz", "begin with the project's name"),
        ("widgets-docs-1.0.tar.gz", "is not a version"),
    ],
)
def test_a_refused_sdist_name_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidFilename) as caught:
        parse_sdist_filename(text, normalize_name("widgets"))

    assert reason in (caught.value.why or "")


def test_a_target_ranks_the_best_tag_of_a_wheel() -> None:
    target = Target({}, ("cp311-cp311-any", "py3-none-any", "py2-none-any"))

    assert target.rank(("cp311-cp311-any",)) == 0
    assert target.rank(("py2-none-any", "py3-none-any")) == 1
    assert target.rank(("cp310-cp310-any",)) is None
    assert target.rank(("cp310-cp310-any", "cp39-cp39-any")) is None
    assert target.rank(()) is None


def test_a_tag_named_twice_counts_where_it_stands_first() -> None:
    assert Target({}, ("a", "b", "a")).rank(("a",)) == 0


def test_the_python_of_a_target_is_a_version() -> None:
    assert Target({"python_full_version": "3.11.7"}).python_version.text == "3.11.7"
    assert Target({"python_full_version": "3.14.0+"}).python_version.is_local


def test_targets_are_values() -> None:
    one, same = Target({"os_name": "nt"}, ["a"]), Target({"os_name": "nt"}, ("a",))

    assert one == same
    assert hash(one) == hash(same)
    assert one != Target({"os_name": "posix"}, ("a",))
