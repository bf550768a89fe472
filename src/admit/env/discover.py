"""Which environment a command is about.

For: finding the one interpreter that is meant, or saying what to do.
Does not know: how an interpreter is asked (`env.interpreter`; the way is handed in),
configuration.
Shape: what was given + environment variables + working directory -> `Found`.
Order: `--python`, `--system`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `.venv` here or above.
Never this process's own Python, and without `--system` never whatever `python` happens
to be first on PATH: a command must not change an environment that nobody named.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from admit.env.interpreter import Interpreter

_IS_WINDOWS = os.name == "nt"


class NoEnvironment(EnvironmentProblem):
    """Nothing says which environment is meant, or what is named is none."""

    code = "no-environment"


class NoInterpreter(EnvironmentProblem):
    """No interpreter of the wanted version was found."""

    code = "no-interpreter"


class ExternallyManaged(EnvironmentProblem):
    """A system's package manager owns the environment (PEP 668)."""

    code = "externally-managed"


class NotVirtual(EnvironmentProblem):
    """Only virtual environments may be changed, and this is none."""

    code = "not-virtual"


@value
class Found:
    """An interpreter to ask, and who named it."""

    executable: str
    named_by: str
    """For messages: "--python", "VIRTUAL_ENV", ".venv"."""
    folder: str | None = None
    """The environment's, where a folder was named and not an interpreter."""


def find_environment(
    python: str | None,
    environ: Mapping[str, str],
    cwd: str,
    ask: Callable[[str], Interpreter],
) -> Interpreter:
    """Return the interpreter of the environment that is meant.

    `python` is a path to an interpreter or an environment, or a version as in `3.12`
    or `python3.12`; `ask` is `probe` with its cache file.

    Raises:
        NoEnvironment: nothing names one, or what does is none, or its interpreter
            belongs to another one, which nobody named.
        NoInterpreter: no interpreter of that version is on PATH.
        InterpreterFailed: the one found does not work.
    """
    if python is not None and is_version(python):
        return _find_version(python, environ, cwd, ask)
    found = find_executable(python, environ, cwd)
    interpreter = ask(found.executable)
    if found.folder and not _is_same_folder(interpreter.prefix, found.folder):
        raise NoEnvironment(
            f"{found.folder} is no environment, or a damaged one",
            why=f"its interpreter belongs to {interpreter.prefix}",
            fix="remove the folder and make it anew with `admit venv DIR`, or name "
            "an interpreter by its path with --python",
        )
    return interpreter


def find_system(
    environ: Mapping[str, str], cwd: str, ask: Callable[[str], Interpreter]
) -> Interpreter:
    """Return the first Python on PATH that is in no virtual environment.

    Raises:
        NoInterpreter: there is none.
    """
    seen: list[str] = []
    for folder in environ.get("PATH", "").split(os.pathsep):
        for name in ("python3", "python"):
            path = os.path.join(cwd, folder, f"{name}.exe" if _IS_WINDOWS else name)
            if not (folder and os.path.isfile(path) and os.access(path, os.X_OK)):
                continue
            try:
                interpreter = ask(path)
            except EnvironmentProblem as error:
                seen.append(f"{error.what}: {error.why}")
                continue
            if not interpreter.is_venv:
                return interpreter
            seen.append(f"{path} is in a virtual environment")
    raise NoInterpreter(
        "no interpreter for --system",
        why="; ".join(dict.fromkeys(seen)) or "PATH has no python3 and no python",
        fix="name one by its path: --python PATH",
    )


def find_executable(python: str | None, environ: Mapping[str, str], cwd: str) -> Found:
    """Return the interpreter that a path, a variable or a `.venv` names.

    Raises:
        NoEnvironment: see `find_environment`.
    """
    if python:
        path = _named_path(python, environ, cwd)
        given = os.path.join(cwd, os.path.expanduser(python))
        return Found(path, "--python", given if os.path.isdir(given) else None)
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        folder = environ.get(variable)
        if folder and not (variable == "CONDA_PREFIX" and _is_base(environ)):
            folder = os.path.join(cwd, folder)
            executable = python_of(folder)
            if executable is None:
                raise NoEnvironment(
                    f"{variable} names {folder}, which is no environment",
                    why=_why_none(folder),
                    fix=f"unset {variable}, or make one there: `admit venv {folder}`",
                )
            return Found(executable, variable, folder)
    for folder in _folders_upwards(cwd):
        candidate = os.path.join(folder, ".venv")
        if os.path.isdir(candidate):
            _refuse_strangers(candidate, cwd)
            executable = python_of(candidate)
            if executable is None:
                raise NoEnvironment(
                    f"{candidate} is no environment",
                    why=_why_none(candidate),
                    fix=f"make it anew: `admit venv --clear {candidate}`",
                )
            return Found(executable, candidate, candidate)
    raise NoEnvironment(
        "no environment to work on",
        why="--python is not given, VIRTUAL_ENV is not set, and neither "
        f"{cwd} nor a folder above it has a .venv",
        fix="make one with `admit venv`, or name one with --python",
    )


def _refuse_strangers(folder: str, cwd: str) -> None:
    """Refuse an environment that nobody named and somebody else has put there."""
    if hasattr(os, "geteuid") and os.lstat(folder).st_uid == os.geteuid():
        return  # the usual case, without an import
    from admit.owners import find_stranger

    owner = find_stranger(folder, cwd)
    if owner is not None:
        raise NoEnvironment(
            f"{folder} belongs to {owner}",
            why="its interpreter would run with your rights, and nobody named it",
            fix=f"make one of your own: `admit venv`, or name it: --python {folder}",
        )


def python_of(folder: str) -> str | None:
    """Return the interpreter of an environment's folder, existing or a dead link."""
    places = (
        ("Scripts/python.exe", "python.exe", "bin/python.exe")
        if _IS_WINDOWS
        else ("bin/python", "bin/python3")
    )
    for place in places:
        executable = f"{folder}/{place}"
        if os.path.lexists(executable):
            return executable
    return None


def is_version(text: str) -> bool:
    """Whether `--python` names a version to look for, instead of a path.

    >>> [is_version(each) for each in ("3.12", "python3", "pypy3.10", "./3.12", "venv")]
    [True, True, True, False, False]
    """
    stem = text.removeprefix("python").removeprefix("pypy").removesuffix("t")
    is_number = not stem or all(part.isdecimal() for part in stem.split("."))
    return is_number and (bool(stem) or text in ("python", "pypy"))


def refuse_external_manager(interpreter: Interpreter) -> None:
    """Raise if an interpreter's environment belongs to another package manager.

    Raises:
        ExternallyManaged: with what that manager says.
    """
    said = interpreter.find_external_manager()
    if said is not None:
        raise ExternallyManaged(
            f"the environment of {interpreter.executable} is managed externally",
            why=said or None,
            fix="make an environment with `admit venv`, or insist with "
            "--break-system-packages",
        )


def refuse_system(interpreter: Interpreter, origin: str) -> None:
    """Raise if an interpreter has no virtual environment, as `origin` wants it.

    Raises:
        NotVirtual: it has none.
    """
    if not interpreter.is_venv:
        raise NotVirtual(
            f"{interpreter.executable} is not in a virtual environment",
            why=f"{origin} allows changes to virtual environments only",
            fix="make one with `admit venv`",
        )


def _find_version(
    text: str,
    environ: Mapping[str, str],
    cwd: str,
    ask: Callable[[str], Interpreter],
) -> Interpreter:
    seen: list[str] = []
    failure: EnvironmentProblem | None = None
    for executable in _candidates(text, environ, cwd):
        try:
            interpreter = ask(executable)
        except EnvironmentProblem as error:
            failure = failure or error
            continue
        if _fits(interpreter, text):
            return interpreter
        seen.append(f"{executable} is {interpreter.version}")
    if failure is not None and not seen:
        raise failure
    raise NoInterpreter(
        f"no interpreter for --python {text}",
        why="; ".join(seen) or "PATH has no python of that name",
        fix="name one by its path",
    )


def _candidates(text: str, environ: Mapping[str, str], cwd: str) -> Iterator[str]:
    """Yield interpreters on PATH, those whose name tells the version first."""
    name = "pypy" if text.startswith("pypy") else "python"
    version = text.removeprefix(name)
    parts = version.removesuffix("t").split(".")
    suffix = "t" if version.endswith("t") else ""
    names = [f"{name}{'.'.join(parts[:2])}{suffix}", f"{name}{parts[0]}", name]
    folders = environ.get("PATH", "").split(os.pathsep)
    for each in dict.fromkeys(names):
        for folder in folders:
            file = f"{each}.exe" if _IS_WINDOWS else each
            path = os.path.join(cwd, folder, file)
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                yield path


def _fits(interpreter: Interpreter, text: str) -> bool:
    is_pypy = interpreter.facts.implementation == "pypy"
    version = text.removeprefix("python").removeprefix("pypy")
    wanted = version.removesuffix("t")
    has = interpreter.version
    return (
        text.startswith("pypy") == is_pypy
        and (not version.endswith("t") or interpreter.facts.is_free_threaded)
        and (not wanted or has == wanted or has.startswith(f"{wanted}."))
    )


def _named_path(python: str, environ: Mapping[str, str], cwd: str) -> str:
    path = os.path.expanduser(python)
    if os.sep not in path and not os.path.lexists(os.path.join(cwd, path)):
        for folder in environ.get("PATH", "").split(os.pathsep):
            candidate = os.path.join(cwd, folder, path)
            if folder and os.path.isfile(candidate):
                return candidate
    path = os.path.join(cwd, path)
    if os.path.isdir(path):
        executable = python_of(path)
        if executable is None:
            raise NoEnvironment(
                f"--python names {path}, which is no environment",
                why=_why_none(path),
                fix=f"make one there: `admit venv {path}`",
            )
        return executable
    if not os.path.lexists(path):
        raise NoEnvironment(
            f"--python names {os.path.normpath(path)}, and nothing is there",
            why=None if os.sep in python else f"no program on PATH is named {python}",
            fix=f"make an environment there: `admit venv {python}`; or name a version: "
            "--python 3.12",
        )
    return path


def _is_same_folder(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _is_base(environ: Mapping[str, str]) -> bool:
    """The base environment of conda is conda's own: nobody chose it."""
    return environ.get("CONDA_DEFAULT_ENV") in ("base", "root")


def _folders_upwards(folder: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def _why_none(folder: str) -> str:
    if not os.path.isdir(folder):
        return "there is no such folder"
    return "it holds no interpreter"
