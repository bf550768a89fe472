"""Files of strangers, found on the way up, do not count."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from admit.config.settings import load_settings
from admit.env.discover import NoEnvironment, find_executable
from admit.owners import find_stranger, name_stranger

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.settings import Settings

MALLORY = 60123
"""A user that no machine has."""

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)


class TestStrangers:
    @pytest.mark.parametrize(
        ("owners", "expected"),
        [
            pytest.param((1000, 1000), None, id="own"),
            pytest.param((0, 0), None, id="root"),
            pytest.param((1001, 1001), None, id="whose-the-working-folder-is"),
            pytest.param((MALLORY, MALLORY), f"user {MALLORY}", id="stranger"),
            pytest.param((MALLORY, 1000), f"user {MALLORY}", id="link-to-an-own-file"),
            pytest.param((1000, MALLORY), f"user {MALLORY}", id="own-link-to-another"),
        ],
    )
    def test_are_neither_user_nor_root_nor_owner_of_the_folder(
        self, owners: tuple[int, int], expected: str | None
    ) -> None:
        assert name_stranger(owners, (0, 1000, 1001)) == expected

    def test_none_where_everything_is_the_users(self, tmp_path: Path) -> None:
        path = tmp_path / "admit.toml"
        path.touch()

        assert find_stranger(str(path), str(tmp_path)) is None

    def test_none_where_there_is_nothing(self, tmp_path: Path) -> None:
        assert find_stranger(str(tmp_path / "gone"), str(tmp_path)) is None


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def load(work: Path, **given: object) -> Settings:
    environ = {"HOME": str(work.parent / "home"), "PIP_CONFIG_FILE": "/nowhere/pip"}
    return load_settings(given, environ=environ, cwd=str(work))


@as_root
class TestAnEnvironmentAboveTheProject:
    def test_of_a_stranger_is_not_run(self, work: Path) -> None:
        folder = work.parent / ".venv"
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").write_text("#!/bin/sh\n")
        assert find_executable(None, {}, str(work)).folder == str(folder)
        os.chown(folder, MALLORY, MALLORY)

        with pytest.raises(NoEnvironment, match=f"belongs to user {MALLORY}"):
            find_executable(None, {}, str(work))

        assert find_executable(str(folder), {}, str(work)).folder == str(folder)


@as_root
class TestAFileAboveTheProject:
    @pytest.mark.parametrize("name", ["admit.toml", "pyproject.toml", "uv.toml"])
    def test_of_a_stranger_does_not_count(self, work: Path, name: str) -> None:
        path = work.parent / name
        head = "[tool.admit]\n" if name == "pyproject.toml" else ""
        path.write_text(f"{head}offline = true\n")
        os.chown(path, MALLORY, MALLORY)

        settings = load(work)

        assert not settings.flag("offline")
        (warning,) = settings.warnings
        assert warning.startswith(f"{path} belongs to user {MALLORY}, not to you")

    @pytest.mark.parametrize("name", ["admit.toml", "uv.toml"])
    def test_is_looked_for_above_a_strangers(self, work: Path, name: str) -> None:
        (work.parent / name).write_text("offline = true\n")
        (work / name).write_text("no-cache = true\n")
        os.chown(work / name, MALLORY, MALLORY)

        settings = load(work)

        assert (settings.flag("offline"), settings.flag("no_cache")) == (True, False)

    def test_counts_if_the_working_folder_has_the_same_owner(self, work: Path) -> None:
        """A checkout in a container is somebody else's as a whole."""
        path = work / "admit.toml"
        path.write_text("offline = true\n")
        for each in (path, work):
            os.chown(each, MALLORY, MALLORY)

        settings = load(work)

        assert settings.flag("offline")
        assert settings.warnings == ()

    def test_counts_if_it_is_named(self, work: Path) -> None:
        path = work / "admit.toml"
        path.write_text("offline = true\n")
        os.chown(path, MALLORY, MALLORY)

        assert load(work, config_file=str(path)).flag("offline")

    def test_that_says_nothing_to_us_is_not_warned_of(self, work: Path) -> None:
        path = work.parent / "pyproject.toml"
        path.write_text('[project]\nname = "x"\n')
        os.chown(path, MALLORY, MALLORY)

        assert load(work).warnings == ()

    def test_so_it_is_with_pips_in_an_environment(self, work: Path) -> None:
        path = work.parent / ".venv" / "pip.conf"
        path.parent.mkdir()
        path.write_text("[global]\nno-cache-dir = true\n")
        assert load(work).flag("no_cache")
        os.chown(path, MALLORY, MALLORY)

        settings = load(work)

        assert not settings.flag("no_cache")
        assert settings.warnings[0].startswith(f"{path} belongs to user {MALLORY}")
