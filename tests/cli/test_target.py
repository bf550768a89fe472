"""`--target`, `--prefix`, `--link-mode`, `--compile-bytecode`."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk


def run_python(code: str, *path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


class TestTarget:
    def test_packages_go_into_the_folder(self, desk: Desk) -> None:
        desk.succeed("install", "--target", "lib", "beta")

        assert desk.installed == []
        code = "import alpha, beta; print(alpha.__version__)"
        assert run_python(code, desk.work / "lib") == "2.0"

    def test_no_environment_is_needed(self, desk: Desk, tmp_path: Path) -> None:
        desk.venv.rename(tmp_path / "elsewhere")

        desk.succeed("install", "-t", "lib", "alpha")

        assert (desk.work / "lib/alpha/__init__.py").is_file()

    def test_scripts_go_into_its_bin(self, desk: Desk) -> None:
        desk.succeed("install", "-t", "lib", "gamma")

        script = desk.work / "lib/bin/gamma"
        assert os.access(script, os.X_OK)

    def test_what_is_there_counts(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")
        desk.succeed("install", "-t", "lib", "alpha==1.0")

        ran = desk.succeed("install", "-t", "lib", "alpha")
        assert ran.notes == ["Checked 1 package in TIME"]
        ran = desk.succeed("install", "-t", "lib", "-U", "alpha")

        assert ran.changes == ["- alpha==1.0", "+ alpha==2.0"]
        assert not (desk.work / "lib/alpha-1.0.dist-info").exists()

    def test_it_is_listed_and_emptied(self, desk: Desk) -> None:
        desk.succeed("install", "-t", "lib", "gamma")

        assert desk.succeed("freeze", "-t", "lib").stdout.splitlines() == [
            "alpha==2.0",
            "beta==1.0",
            "gamma==1.0",
        ]
        desk.succeed("uninstall", "-t", "lib", "gamma", "beta", "alpha")

        assert [each for each in (desk.work / "lib").rglob("*") if each.is_file()] == []
        assert desk.succeed("list", "-t", "lib").stdout == ""

    def test_a_managed_python_may_be_used(self, desk: Desk) -> None:
        """Nothing of the interpreter's own environment is changed."""
        desk.succeed("install", "-t", "lib", "alpha", "--python", sys.executable)

        assert (desk.work / "lib/alpha").is_dir()

    def test_a_dry_run_makes_no_folder(self, desk: Desk) -> None:
        desk.succeed("install", "--dry-run", "-t", "lib", "alpha")

        assert not (desk.work / "lib").exists()

    def test_a_file_in_its_place_is_an_error(self, desk: Desk) -> None:
        desk.write("lib", "")

        ran = desk.fail("install", "-t", "lib", "alpha")

        assert "cannot" in ran.stderr

    def test_two_places_are_misuse(self, desk: Desk) -> None:
        ran = desk.fail("install", "-t", "a", "--prefix", "b", "alpha", status=2)

        assert "--target and --prefix name two places" in ran.stderr


class TestPrefix:
    def test_packages_go_below_it(self, desk: Desk) -> None:
        desk.succeed("install", "--prefix", "usr", "gamma")

        (site,) = (desk.work / "usr/lib").glob("python3.*/site-packages")
        assert run_python("import gamma; print('ok')", site) == "ok"
        assert os.access(desk.work / "usr/bin/gamma", os.X_OK)
        assert desk.installed == []

    def test_it_is_listed_and_emptied(self, desk: Desk) -> None:
        desk.succeed("install", "--prefix", "usr", "alpha")

        assert desk.succeed("freeze", "--prefix", "usr").stdout == "alpha==2.0\n"
        desk.succeed("uninstall", "--prefix", "usr", "alpha")

        assert not list((desk.work / "usr").rglob("alpha*"))


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_files_come_as_the_link_mode_says(desk: Desk, mode: str) -> None:
    desk.succeed("install", "--link-mode", mode, "alpha")

    path = desk.site / "alpha/__init__.py"
    assert path.is_symlink() == (mode == "symlink")
    assert (path.lstat().st_nlink > 1) == (mode == "hardlink")
    assert path.read_text() == '__version__ = "2.0"\n'


def test_an_unknown_link_mode_is_misuse(desk: Desk) -> None:
    desk.fail("install", "--link-mode", "teleport", "alpha", status=2)


class TestBytecode:
    def test_modules_are_compiled_on_request(self, desk: Desk) -> None:
        desk.succeed("install", "--compile-bytecode", "alpha")

        cached = list((desk.site / "alpha/__pycache__").iterdir())
        assert [each.name.split(".")[0] for each in cached] == ["__init__"]

    def test_they_are_not_by_themselves(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")

        assert not (desk.site / "alpha/__pycache__").exists()

    def test_they_go_with_the_package(self, desk: Desk) -> None:
        desk.succeed("install", "--compile-bytecode", "alpha")

        desk.succeed("uninstall", "alpha")

        assert not (desk.site / "alpha").exists()

    def test_a_module_with_a_fault_is_left_as_it_is(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        folder = tmp_path / "odd"
        build_wheel(folder, "odd", "1.0", files={"odd/old.py": "print 'two'\n"})

        desk.succeed(
            "install", "--compile-bytecode", "--no-index", "-f", str(folder), "odd"
        )

        assert desk.installed == ["odd==1.0"]
