"""Targets that are not this machine."""

from __future__ import annotations

import sys

import pytest

from admit.env.described import UnknownTarget, describe, known_platforms
from admit.env.interpreter import probe

HERE = probe(sys.executable)


def test_without_a_name_it_is_the_interpreter_itself() -> None:
    assert describe(HERE) == HERE.target


@pytest.mark.parametrize(
    ("text", "full"), [("3.9", "3.9.0"), ("3.12", "3.12.0"), ("3.13.4", "3.13.4")]
)
def test_another_python_changes_markers_and_tags(text: str, full: str) -> None:
    target = describe(HERE, text)

    minor = ".".join(text.split(".")[:2])
    assert target.environment["python_version"] == minor
    assert target.environment["python_full_version"] == full
    assert target.environment["implementation_version"] == full
    assert target.environment["sys_platform"] == sys.platform
    short = f"cp{minor.replace('.', '')}"
    assert target.tags[0].startswith(f"{short}-{short}-")


@pytest.mark.parametrize(
    ("name", "markers", "tag"),
    [
        (
            "windows",
            ("nt", "win32", "Windows", "AMD64"),
            "cp312-cp312-win_amd64",
        ),
        (
            "linux",
            ("posix", "linux", "Linux", "x86_64"),
            "cp312-cp312-manylinux_2_28_x86_64",
        ),
        (
            "x86_64-manylinux2014",
            ("posix", "linux", "Linux", "x86_64"),
            "cp312-cp312-manylinux2014_x86_64",
        ),
        (
            "aarch64-unknown-linux-musl",
            ("posix", "linux", "Linux", "aarch64"),
            "cp312-cp312-musllinux_1_2_aarch64",
        ),
        (
            "macos",
            ("posix", "darwin", "Darwin", "arm64"),
            "cp312-cp312-macosx_13_0_arm64",
        ),
        (
            "x86_64-apple-darwin",
            ("posix", "darwin", "Darwin", "x86_64"),
            "cp312-cp312-macosx_13_0_x86_64",
        ),
    ],
)
def test_a_platform_changes_markers_and_tags(
    name: str, markers: tuple[str, ...], tag: str
) -> None:
    target = describe(HERE, "3.12", name)

    keys = ("os_name", "sys_platform", "platform_system", "platform_machine")
    assert tuple(target.environment[key] for key in keys) == markers
    assert target.environment["platform_release"] == ""
    assert tag in target.tags


def test_an_older_glibc_has_no_newer_wheels() -> None:
    target = describe(HERE, "3.12", "x86_64-manylinux2014")

    assert "cp312-cp312-manylinux_2_28_x86_64" not in target.tags


@pytest.mark.parametrize("name", known_platforms())
def test_every_platform_has_wheels_of_its_own(name: str) -> None:
    target = describe(HERE, "3.12", name)

    assert not target.tags[0].endswith("-any")


@pytest.mark.parametrize("text", ["3", "3.x", "python3.12", "3.12.1.1"])
def test_what_is_no_version_of_python_is_refused(text: str) -> None:
    with pytest.raises(UnknownTarget, match="not a version of Python"):
        describe(HERE, text)


def test_the_known_platforms_are_told() -> None:
    with pytest.raises(UnknownTarget) as caught:
        describe(HERE, None, "amiga")

    assert "aarch64-apple-darwin" in (caught.value.why or "")
