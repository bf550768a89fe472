"""The empty environment of a build: real, exact, and seeing nothing of its base."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from admit.build.environment import make_environment
from admit.env.interpreter import Interpreter, probe
from admit.env.venv import CannotMakeVenv, create_venv
from admit.errors import EnvironmentProblem
from admit.value import replace

INSTALLED = sorted(Path(sys.base_prefix).parent.glob("*/bin/python3"))
"""Other Pythons of this machine, where they stand beside this one."""


@pytest.fixture(scope="module")
def own() -> Interpreter:
    return probe(sys.executable)


def run(interpreter: Interpreter, code: str) -> str:
    done = subprocess.run(
        [interpreter.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return done.stdout.strip()


def assert_is_what_it_says(made: Interpreter) -> None:
    """The interpreter is asked, and says what was derived."""
    asked = probe(made.executable)

    assert made == asked


def test_it_is_what_its_interpreter_says(own: Interpreter, tmp_path: Path) -> None:
    made = make_environment(str(tmp_path / "env"), own)

    assert_is_what_it_says(made)
    assert (made.is_venv, made.base_prefix) == (True, own.base_prefix)


def test_it_is_made_without_running_anything(own: Interpreter, tmp_path: Path) -> None:
    unasked = replace(own, executable=str(tmp_path / "python"))
    (tmp_path / "python").symlink_to(os.path.realpath(own.executable))
    made = make_environment(str(tmp_path / "env"), unasked)

    assert not (tmp_path / "env/bin/activate").exists(), "the venv module made it"
    assert made.prefix == str(tmp_path / "env")


def test_it_has_the_folders_that_venv_makes(own: Interpreter, tmp_path: Path) -> None:
    """Some systems keep compiled packages in lib64."""
    make_environment(str(tmp_path / "env"), own)
    create_venv(str(tmp_path / "venv"), own)

    ours, theirs = (tmp_path / each / "lib64" for each in ("env", "venv"))
    assert ours.is_symlink() == theirs.is_symlink()


@pytest.mark.parametrize("path", INSTALLED, ids=lambda path: path.parts[-3])
def test_it_is_exact_for_other_pythons(path: Path, tmp_path: Path) -> None:
    try:
        base = probe(str(path))
    except EnvironmentProblem as error:
        pytest.skip(f"no target: {error}")

    made = make_environment(str(tmp_path / "env"), base)

    assert not (tmp_path / "env/bin/activate").exists()
    assert_is_what_it_says(made)


def test_it_sees_nothing_of_an_environment_it_is_made_from(
    own: Interpreter, tmp_path: Path
) -> None:
    outer = probe(create_venv(str(tmp_path / "outer"), own))
    Path(outer.scheme.purelib, "planted.py").write_text("")
    assert run(outer, "import planted; print('seen')") == "seen"

    made = make_environment(str(tmp_path / "env"), outer)

    assert_is_what_it_says(made)
    found = run(made, "import importlib.util as u; print(u.find_spec('planted'))")
    assert found == "None"
    path = json.loads(run(made, "import json, sys; print(json.dumps(sys.path))"))
    assert [each for each in path if "site-packages" in each] == [made.scheme.purelib]


def test_a_wrapper_is_not_linked_to(own: Interpreter, tmp_path: Path) -> None:
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec "{own.executable}" "$@"\n')
    wrapper.chmod(0o755)

    made = make_environment(str(tmp_path / "env"), probe(str(wrapper)))

    assert (tmp_path / "env/bin/activate").exists()
    assert_is_what_it_says(made)


def test_a_wrapper_in_the_prefix_itself_is_not_linked_to(
    own: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "prefix/bin").mkdir(parents=True)
    wrapper = tmp_path / "prefix/bin/python3"
    wrapper.write_text(f'#!/bin/sh\nexec "{own.executable}" "$@"\n')
    wrapper.chmod(0o755)
    wrapped = replace(
        own, executable=str(wrapper), base_prefix=str(tmp_path / "prefix")
    )

    made = make_environment(str(tmp_path / "env"), wrapped)

    assert (tmp_path / "env/bin/activate").exists()
    assert run(made, "import sys; print(sys.prefix)") == str(tmp_path / "env")


def test_another_python_of_that_name_is_not_linked_to(
    own: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "prefix/bin").mkdir(parents=True)
    (tmp_path / "prefix/bin/python3").write_bytes(b"another one")
    (tmp_path / "python3").write_text(f'#!/bin/sh\nexec "{own.executable}" "$@"\n')
    (tmp_path / "python3").chmod(0o755)
    base = replace(
        own,
        executable=str(tmp_path / "python3"),
        base_prefix=str(tmp_path / "prefix"),
    )

    made = make_environment(str(tmp_path / "env"), base)

    assert run(made, "import sys; print(sys.prefix)") == str(tmp_path / "env")


def test_a_copied_interpreter_is_not_linked_to(
    own: Interpreter, tmp_path: Path
) -> None:
    outer = probe(create_venv(str(tmp_path / "outer"), own))
    copied = Path(outer.executable)
    copied.unlink()
    shutil.copy(os.path.realpath(own.executable), copied)

    made = make_environment(str(tmp_path / "env"), outer)

    assert_is_what_it_says(made)


def test_a_folder_that_cannot_be_made_is_told(own: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CannotMakeVenv, match="cannot make an environment"):
        make_environment(str(tmp_path / "file/env"), own)
