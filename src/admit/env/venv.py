"""Make a virtual environment.

For: a folder with an interpreter of its own and no packages.
Does not know: which interpreter (`env.discover`), installing.
Shape: `create_venv(path, interpreter)`. The work is done by the standard library of
that interpreter, which knows its own layout and activation scripts best; ensurepip is
not needed.
Spec: PEP 405; `pyvenv.cfg`.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem, fix_of_system

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.env.interpreter import Interpreter

_TIME_LIMIT = 300


class CannotMakeVenv(EnvironmentProblem):
    """A virtual environment could not be made."""

    code = "cannot-make-venv"


def create_venv(
    path: str,
    interpreter: Interpreter,
    *,
    prompt: str | None = None,
    system_site_packages: bool = False,
    clear: bool = False,
    allow_existing: bool = False,
) -> str:
    """Make a virtual environment at `path` and return its interpreter's path.

    `clear` removes an environment that is there; `allow_existing` writes into what is
    there. Without either, a folder with anything in it is refused. A folder that is no
    environment is never cleared.

    Raises:
        CannotMakeVenv: refused, or the system or the interpreter failed.
    """
    path = os.path.abspath(path)
    had_folder = _check_place(path, clear=clear, allow_existing=allow_existing)
    try:
        if clear and had_folder:
            _empty(path)
        _run_venv(path, interpreter, prompt, system_site_packages)
        with open(f"{path}/.gitignore", "w", encoding="utf-8") as file:
            file.write("*\n")
    except BaseException as error:
        if not had_folder:
            import shutil

            shutil.rmtree(path, ignore_errors=True)
        if isinstance(error, OSError):
            raise CannotMakeVenv(
                f"cannot make an environment at {path}",
                why=f"{error.strerror}: {error.filename or path}",
                fix=fix_of_system(error),
            ) from error
        raise
    place = "Scripts/python.exe" if interpreter.scheme.is_windows else "bin/python"
    return f"{path}/{place}"


def _check_place(path: str, *, clear: bool, allow_existing: bool) -> bool:
    """Refuse what must not be written over; whether there is a folder."""
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise CannotMakeVenv(
            f"cannot make an environment at {path}",
            why="it is a file" if os.path.isfile(path) else str(error.strerror),
            fix=fix_of_system(error) or "choose another folder",
        ) from error
    if not names or allow_existing:
        return True
    is_venv = "pyvenv.cfg" in names
    if clear and is_venv:
        return True
    if is_venv:
        raise CannotMakeVenv(
            f"there is an environment at {path}",
            fix="replace it with --clear, or keep what is in it with --allow-existing",
        )
    raise CannotMakeVenv(
        f"cannot make an environment at {path}",
        why="the folder is not empty and is no environment",
        fix="choose another folder, or keep what is in it with --allow-existing",
    )


def _empty(path: str) -> None:
    import shutil

    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)


def _run_venv(
    path: str, interpreter: Interpreter, prompt: str | None, system_site_packages: bool
) -> None:
    import subprocess

    command = [interpreter.executable, "-I", "-m", "venv", "--without-pip"]
    if not interpreter.scheme.is_windows:
        command.append("--symlinks")
    if system_site_packages:
        command.append("--system-site-packages")
    if prompt is not None:
        command.append(f"--prompt={prompt}")
    try:
        done = subprocess.run(
            [*command, path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIME_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotMakeVenv(
            f"cannot make an environment at {path}",
            why=f"{interpreter.executable} did not end within {_TIME_LIMIT} s",
        ) from error
    if done.returncode != 0:
        output = (done.stderr or done.stdout).decode("utf-8", "replace")
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        has_module = "No module named" not in output
        raise CannotMakeVenv(
            f"cannot make an environment at {path}",
            why=lines[-1] if lines else f"venv ended with status {done.returncode}",
            fix=None
            if has_module
            else "install the venv module of that Python (Debian: python3-venv)",
        )
