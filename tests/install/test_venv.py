"""Making virtual environments, and finding the one that is meant."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from admit.env.asking import InterpreterFailed
from admit.env.discover import (
    ExternallyManaged,
    NoEnvironment,
    NoInterpreter,
    find_environment,
    find_executable,
    find_system,
    is_version,
    refuse_external_manager,
)
from admit.env.interpreter import Interpreter, probe
from admit.env.venv import CannotMakeVenv, create_venv
from admit.value import replace
from support.site import snapshot

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def own() -> Interpreter:
    return probe(sys.executable)


def test_venv_has_a_working_interpreter_and_activation(
    own: Interpreter, tmp_path: Path
) -> None:
    python = create_venv(str(tmp_path / "env"), own, prompt="trial")

    script = (
        f". '{tmp_path}/env/bin/activate' && "
        "python -c 'import sys; print(sys.prefix)' && echo $VIRTUAL_ENV_PROMPT $PS1"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[0] == str(tmp_path / "env")
    assert "trial" in done.stdout
    assert python == str(tmp_path / "env/bin/python")
    for name in ("activate", "activate.csh", "activate.fish", "Activate.ps1"):
        assert (tmp_path / "env/bin" / name).exists()


def test_venv_holds_no_packages_and_is_not_for_git(
    own: Interpreter, tmp_path: Path
) -> None:
    found = probe(create_venv(str(tmp_path / "env"), own))

    assert os.listdir(found.scheme.purelib) == []
    assert (tmp_path / "env/.gitignore").read_text() == "*\n"


def test_venv_may_see_the_packages_of_its_base(
    own: Interpreter, tmp_path: Path
) -> None:
    create_venv(str(tmp_path / "env"), own, system_site_packages=True)

    config = (tmp_path / "env/pyvenv.cfg").read_text()
    assert "include-system-site-packages = true" in config


def test_existing_environment_is_refused_and_not_touched(
    own: Interpreter, tmp_path: Path
) -> None:
    create_venv(str(tmp_path / "env"), own)
    before = snapshot(tmp_path)

    with pytest.raises(CannotMakeVenv, match="there is an environment at") as caught:
        create_venv(str(tmp_path / "env"), own)

    assert "--clear" in (caught.value.fix or "")
    assert snapshot(tmp_path) == before


def test_clearing_removes_what_was_there(own: Interpreter, tmp_path: Path) -> None:
    create_venv(str(tmp_path / "env"), own)
    (tmp_path / "env/mine").mkdir()
    (tmp_path / "env/mine/file").touch()

    create_venv(str(tmp_path / "env"), own, clear=True)

    assert not (tmp_path / "env/mine").exists()


def test_only_environments_are_cleared(own: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(CannotMakeVenv, match="cannot make") as caught:
        create_venv(str(tmp_path), own, clear=True)

    assert "is no environment" in (caught.value.why or "")
    assert (tmp_path / "thesis.tex").exists()


def test_existing_content_may_be_kept(own: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("n")

    python = create_venv(str(tmp_path), own, allow_existing=True)

    assert (tmp_path / "notes").exists()
    assert probe(python).is_venv


def test_empty_folder_is_used(own: Interpreter, tmp_path: Path) -> None:
    assert probe(create_venv(str(tmp_path), own)).prefix == str(tmp_path)


def test_file_in_the_way_is_told(own: Interpreter, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("")

    with pytest.raises(CannotMakeVenv, match="cannot make") as caught:
        create_venv(str(tmp_path / "env"), own)

    assert caught.value.why == "it is a file"


@pytest.mark.parametrize(
    ("output", "why", "fix"),
    [
        pytest.param(
            "/usr/bin/python3: No module named venv",
            "No module named venv",
            "python3-venv",
            id="no-module",
        ),
        pytest.param("Error: no space", "Error: no space", "None", id="other"),
    ],
)
def test_failing_interpreter_leaves_nothing(
    output: str, why: str, fix: str, own: Interpreter, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text(
        f'#!/bin/sh\nmkdir -p "{tmp_path}/env"; echo "{output}" >&2; exit 1\n'
    )
    broken.chmod(0o755)

    with pytest.raises(CannotMakeVenv, match="cannot make") as caught:
        create_venv(str(tmp_path / "env"), replace(own, executable=str(broken)))

    assert why in (caught.value.why or "")
    assert fix in str(caught.value.fix)
    assert not (tmp_path / "env").exists()


def make_environment(folder: Path) -> str:
    """A folder that looks like an environment."""
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/python").symlink_to(sys.executable)
    return str(folder / "bin/python")


def test_python_option_comes_first(tmp_path: Path) -> None:
    named = make_environment(tmp_path / "named")
    active = make_environment(tmp_path / "active")
    here = make_environment(tmp_path / ".venv")
    active_variable = {"VIRTUAL_ENV": str(tmp_path / "active")}
    cwd = str(tmp_path)

    assert find_executable("named", active_variable, cwd).executable == named
    assert find_executable(named, active_variable, cwd).executable == named
    assert find_executable(None, active_variable, cwd).executable == active
    assert find_executable(None, {}, cwd).executable == here


def test_environment_is_found_in_folders_above(tmp_path: Path) -> None:
    expected = make_environment(tmp_path / ".venv")
    deep = tmp_path / "a/b/c"
    deep.mkdir(parents=True)

    found = find_executable(None, {}, str(deep))

    assert (found.executable, found.named_by) == (expected, str(tmp_path / ".venv"))


def test_conda_environment_counts_but_not_its_base(tmp_path: Path) -> None:
    conda = make_environment(tmp_path / "conda")
    local = make_environment(tmp_path / "work/.venv")
    cwd = str(tmp_path / "work")
    variables = {"CONDA_PREFIX": str(tmp_path / "conda")}

    chosen = find_executable(None, variables, cwd)
    base = find_executable(None, variables | {"CONDA_DEFAULT_ENV": "base"}, cwd)

    assert (chosen.executable, chosen.named_by) == (conda, "CONDA_PREFIX")
    assert base.executable == local


def test_without_any_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NoEnvironment, match="no environment to work on") as caught:
        find_executable(None, {}, str(tmp_path))

    assert "VIRTUAL_ENV is not set" in (caught.value.why or "")
    assert caught.value.fix == "make one with `admit venv`, or name one with --python"


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_variable_that_names_no_environment_is_an_error(
    variable: str, tmp_path: Path
) -> None:
    make_environment(tmp_path / ".venv")

    with pytest.raises(NoEnvironment, match=variable) as caught:
        find_executable(None, {variable: "/gone"}, str(tmp_path))

    assert caught.value.why == "there is no such folder"


def test_empty_variable_is_none(tmp_path: Path) -> None:
    expected = make_environment(tmp_path / ".venv")

    found = find_executable(None, {"VIRTUAL_ENV": ""}, str(tmp_path))

    assert found.executable == expected


def test_folder_without_interpreter_is_told(tmp_path: Path) -> None:
    (tmp_path / ".venv").mkdir()

    for python in (None, str(tmp_path / ".venv")):
        with pytest.raises(NoEnvironment, match="is no environment") as caught:
            find_executable(python, {}, str(tmp_path))
        assert caught.value.why == "it holds no interpreter"


def test_dead_interpreter_of_an_environment_is_told(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/gone/python3.9")

    with pytest.raises(InterpreterFailed) as caught:
        find_environment(None, {}, str(tmp_path), probe)

    assert caught.value.why == "it is a link to /gone/python3.9, which does not exist"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", True),
        ("3.12", True),
        ("3.12.1", True),
        ("3.13t", True),
        ("python", True),
        ("python3", True),
        ("python3.12", True),
        ("pypy3.10", True),
        ("t", False),
        ("", False),
        ("venv", False),
        ("./3.12", False),
        ("/usr/bin/python3", False),
        ("python-env", False),
    ],
)
def test_versions_are_told_from_paths(text: str, expected: bool) -> None:
    assert is_version(text) is expected


@pytest.fixture
def path_folder(tmp_path: Path) -> Path:
    """A folder on PATH with this interpreter as `python3`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(sys.executable)
    return folder


@pytest.mark.parametrize("form", ["{0}", "{0}.{1}", "{0}.{1}.{2}", "python{0}.{1}"])
def test_version_is_looked_for_on_path(form: str, path_folder: Path) -> None:
    wanted = form.format(*sys.version_info)

    found = find_environment(wanted, {"PATH": str(path_folder)}, "/", probe)

    assert found.executable == str(path_folder / "python3")


def test_version_that_is_not_there_is_told(path_folder: Path) -> None:
    with pytest.raises(NoInterpreter, match=r"--python 3\.4") as caught:
        find_environment("3.4", {"PATH": str(path_folder)}, "/", probe)

    assert f"{path_folder}/python3 is {sys.version.split()[0]}" in str(caught.value.why)


def test_version_prefix_is_not_a_text_prefix(path_folder: Path) -> None:
    with pytest.raises(NoInterpreter):
        find_environment("3.1", {"PATH": str(path_folder)}, "/", probe)


def test_empty_path_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoInterpreter) as caught:
        find_environment("3.12", {"PATH": ""}, str(tmp_path), probe)

    assert caught.value.why == "PATH has no python of that name"


def test_externally_managed_environment_is_refused(
    own: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").write_text(
        "[externally-managed]\nError=Use the system's packages.\n"
    )
    managed = replace(own, prefix=own.base_prefix, stdlib=str(tmp_path))

    with pytest.raises(ExternallyManaged, match="is managed externally") as caught:
        refuse_external_manager(managed)

    assert caught.value.why == "Use the system's packages."
    assert "--break-system-packages" in (caught.value.fix or "")
    refuse_external_manager(replace(own, stdlib=str(tmp_path)))


class TestSystem:
    def test_the_first_that_is_in_no_environment(
        self, own: Interpreter, tmp_path: Path
    ) -> None:
        venv = create_venv(str(tmp_path / "env"), own)
        system = tmp_path / "system"
        system.mkdir()
        (system / "python").write_text("#!/bin/sh\n")
        (system / "python").chmod(0o755)
        asked: list[str] = []

        def ask(path: str) -> Interpreter:
            asked.append(path)
            if path.startswith(str(tmp_path / "env")):
                return probe(venv)
            return replace(own, prefix="/usr", base_prefix="/usr", executable=path)

        path = f"{tmp_path}/env/bin{os.pathsep}nowhere{os.pathsep}{system}"
        environ = {"PATH": path, "VIRTUAL_ENV": str(tmp_path / "env")}
        found = find_system(environ, str(tmp_path), ask)

        assert found.executable == str(system / "python")
        assert asked[0] == str(tmp_path / "env/bin/python3")

    def test_none_is_told(self, own: Interpreter, tmp_path: Path) -> None:
        create_venv(str(tmp_path / "env"), own)

        with pytest.raises(NoInterpreter) as caught:
            find_system({"PATH": f"{tmp_path}/env/bin"}, str(tmp_path), probe)
        with pytest.raises(NoInterpreter) as without:
            find_system({"PATH": ""}, str(tmp_path), probe)

        assert "is in a virtual environment" in (caught.value.why or "")
        assert "PATH has no python3" in (without.value.why or "")
