"""An environment for one build: empty, and made in a moment.

For: what a build needs must come from nowhere but its build requirements.
Does not know: what goes into it.
Shape: `make_environment(path, base)` -> `Interpreter`.
Theory: a virtual environment is a `pyvenv.cfg` and a link to the interpreter beside it
(PEP 405). On POSIX these are written here, in a millisecond, and what the interpreter
would say of itself is derived from its base's answer; running its `venv` module takes a
hundred times as long, and asking it ten times more. That holds for CPython whose
executable is where its prefix says. Whatever differs is made by `venv` and asked.
"""

from __future__ import annotations

import os

from admit.env.interpreter import probe
from admit.env.layout import Scheme
from admit.env.venv import CannotMakeVenv, create_venv
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.env.interpreter import Interpreter


def make_environment(path: str, base: Interpreter) -> Interpreter:
    """Make an environment without any package, for the same Python as `base`.

    `path`: absolute; no such folder yet. `base` may itself be an environment: none of
    its packages is seen.

    Raises:
        CannotMakeVenv: the system or the interpreter refuses.
        InterpreterFailed: what was made does not work.
    """
    executable = _find_executable(base)
    if executable is None:
        return probe(create_venv(path, base))
    try:
        return _write(path, base, executable)
    except OSError as error:
        raise CannotMakeVenv(
            f"cannot make an environment at {path}",
            why=f"{error.strerror}: {error.filename or path}",
        ) from error


def _find_executable(base: Interpreter) -> str | None:
    """Return what to link to; None if this Python is not as we know them.

    A link to it has to find `base_prefix` by itself: a wrapper script would not, nor
    would the copy of an interpreter.
    """
    if base.scheme.is_windows or base.facts.implementation != "cpython":
        return None
    real = os.path.realpath(base.executable)
    executable = f"{base.base_prefix}/bin/{os.path.basename(real)}"
    try:
        if not os.path.samefile(real, executable):
            return None
        with open(executable, "rb") as file:
            return executable if file.read(2) != b"#!" else None
    except OSError:
        return None


def _write(path: str, base: Interpreter, executable: str) -> Interpreter:
    python = _python_folder(base)
    site = f"{path}/lib/{python}/site-packages"
    os.makedirs(site)
    os.mkdir(f"{path}/bin")
    is_mac = base.environment["sys_platform"] == "darwin"
    if base.facts.pointer_size == 8 and not is_mac:
        os.symlink(
            "lib", f"{path}/lib64"
        )  # as venv does: some have their platlib there
    for name in ("python", "python3", f"python{base.environment['python_version']}"):
        os.symlink(executable, f"{path}/bin/{name}")
    with open(f"{path}/pyvenv.cfg", "w", encoding="utf-8") as file:
        file.write(
            f"home = {os.path.dirname(executable)}\n"
            "include-system-site-packages = false\n"
            f"version = {base.version}\n"
        )
    return replace(
        base,
        executable=f"{path}/bin/python",
        prefix=path,
        scheme=Scheme(
            purelib=site,
            platlib=site,
            scripts=f"{path}/bin",
            data=path,
            headers=f"{path}/include/site/{python}",
            executable=f"{path}/bin/python",
        ),
    )


def _python_folder(base: Interpreter) -> str:
    """Like "python3.12", or "python3.13t" for a free-threaded one."""
    suffix = "t" if base.facts.is_free_threaded else ""
    return f"python{base.environment['python_version']}{suffix}"
