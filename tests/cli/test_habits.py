"""What pip and uv users type without thinking: done, or answered with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.cli import habits
from admit.config.options import BY_NAME, OPTIONS
from admit.serve.server import IndexServer
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]


def test_commands_of_others_are_answered(desk: Desk, golden: Golden) -> None:
    desk.fail("wheel", "alpha", status=2)
    desk.fail("pip", "remove", "alpha", status=2)
    desk.fail("lock", status=2)
    desk.fail("cache", "prune", status=2)

    golden(desk)


def test_options_of_others_are_answered(desk: Desk, golden: Golden) -> None:
    desk.fail("install", "-e", ".", status=2)
    desk.fail("install", "--user", "alpha", status=2)
    desk.fail("install", "--upgrade-strategy=eager", "alpha", status=2)

    golden(desk)


def test_options_that_change_nothing_are_passed_by(desk: Desk) -> None:
    desk.succeed(
        "pip",
        "--disable-pip-version-check",
        "install",
        "--no-color",
        "--progress-bar",
        "off",
        "--root-user-action=ignore",
        "--no-warn-script-location",
        "--prefer-binary",
        "alpha",
    )

    assert desk.installed == ["alpha==2.0"]


def test_no_word_of_ours_is_among_them() -> None:
    flags = {flag for option in OPTIONS for flag in option.flags}

    assert not flags & habits.PASSED.keys()
    assert not any(habits.instead_of_verb(name) for name in BY_NAME)
    long = [flag for flag in flags if flag.startswith("--")]
    assert not any(habits.instead_of_option(flag) for flag in long)


@pytest.mark.parametrize("words", [("help",), ("help", "install"), ("pip", "help")])
def test_help_is_a_command_too(desk: Desk, words: tuple[str, ...]) -> None:
    ran = desk.succeed(*words)

    assert "usage: admit" in ran.stdout


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_told_behind_pip(desk: Desk, word: str) -> None:
    assert desk.succeed("pip", word).stdout == desk.succeed(word).stdout


def test_purging_is_cleaning(desk: Desk) -> None:
    desk.succeed("install", "alpha")

    assert "Removed" in desk.succeed("cache", "purge").stderr
    assert not desk.cache.exists()


class TestRequirements:
    def test_the_name_of_a_file_is_asked_of_no_index(
        self, desk: Desk, index: IndexServer, golden: Golden
    ) -> None:
        desk.write("base.in", "alpha\n")

        desk.fail("install", "requirements.txt", status=2)
        desk.fail("install", "base.in", status=2)

        assert index.requests == []
        golden(desk)

    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("alpha=1.0", "did you mean alpha==1.0?"),
            ("alpha@1.0", "did you mean alpha==1.0?"),
            ("alpha@latest", "did you mean -U alpha?"),
        ],
    )
    def test_a_version_in_another_spelling_is_guessed(
        self, desk: Desk, typed: str, meant: str
    ) -> None:
        ran = desk.fail("install", typed, status=2)

        assert meant in ran.stderr

    def test_a_given_wheel_for_another_system_is_named(self, desk: Desk) -> None:
        build_wheel(desk.work, "winter", "1.0", tag="cp39-cp39-win_amd64")

        desk.fail("install", "./winter-1.0-cp39-cp39-win_amd64.whl")

        assert "only cp39-cp39-win_amd64" in desk.ran[-1].stderr

    def test_a_release_without_a_wheel_for_this_system_is_not_denied(
        self, desk: Desk, tmp_path: Path, golden: Golden
    ) -> None:
        folder = tmp_path / "wheels"
        folder.mkdir()
        build_wheel(folder, "winter", "1.0", tag="cp39-cp39-win_amd64")
        build_wheel(folder, "winter", "2.0")
        (folder / "summer-1.0.tar.gz").write_bytes(b"")
        (folder / "summer-1.0.zip").write_bytes(b"")
        (folder / "summer-1.0.exe").write_bytes(b"")
        with IndexServer(folder, public=["*"]) as server:
            desk.fail("install", "-i", server.url, "winter==1")
            desk.fail("install", "-i", server.url, "winter==3")
            desk.fail("install", "-i", server.url, "summer", "--no-build")

            golden(desk)
