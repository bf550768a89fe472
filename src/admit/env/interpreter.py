"""What a Python interpreter says about itself.

For: everything that resolving and installing need to know of their target.
Does not know: which interpreter is meant (`env.discover`), what is installed.
Shape: `probe(executable, cache_file)` -> `Interpreter`. The interpreter is run once
with a small script; its answer, `key=value` lines, is kept in a file, because running
it takes longer than all else of a command that has nothing to do. An answer holds as
long as the executable, its `pyvenv.cfg` and the running system are the same.
Spec: environment markers (PEP 508), install schemes (`sysconfig`), externally managed
environments (PEP 668).
"""

from __future__ import annotations

import os
import sys
from binascii import crc32

from admit.env.asking import InterpreterFailed, ask, escape, parse_answer
from admit.env.facts import Facts
from admit.env.layout import Scheme
from admit.errors import EnvironmentProblem
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.spec.tags import Target

_FORMAT = "admit interpreter 1"
OLDEST = (3, 8)
"""Older interpreters cannot be a target."""

_MARKERS = (
    "implementation_name",
    "implementation_version",
    "os_name",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_full_version",
    "python_version",
    "sys_platform",
)


class InterpreterTooOld(EnvironmentProblem):
    """The target is a Python that admit does not install for."""

    code = "interpreter-too-old"


@value
class Interpreter:
    """One Python, and the environment it belongs to."""

    executable: str
    """As it was named, absolute: scripts of the environment start with it."""
    environment: Mapping[str, str]
    """The variables of environment markers, but `extra`."""
    scheme: Scheme
    prefix: str
    base_prefix: str
    stdlib: str
    facts: Facts

    @property
    def version(self) -> str:
        """Like "3.12.1"."""
        return self.environment["python_full_version"]

    @property
    def is_venv(self) -> bool:
        """Whether it belongs to a virtual environment."""
        return self.prefix != self.base_prefix

    @property
    def target(self) -> Target:
        """What wheels have to fit. Make it once: it computes a thousand tags."""
        from admit.env.supported import supported_tags
        from admit.spec.tags import Target

        return Target(self.environment, supported_tags(self.facts))

    @property
    def site_folders(self) -> tuple[str, ...]:
        """The folders that hold its packages: purelib, and platlib if it differs."""
        return tuple(dict.fromkeys((self.scheme.purelib, self.scheme.platlib)))

    def find_external_manager(self) -> str | None:
        """Return what the manager of this Python says to installers, if it has one.

        Spec: PEP 668; a virtual environment is never managed by others.
        """
        if self.is_venv:
            return None
        path = f"{self.stdlib}/EXTERNALLY-MANAGED"
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return _read_manager(file.read())
        except FileNotFoundError:
            return None
        except OSError:
            return ""


def probe(executable: str, cache_file: str | None = None) -> Interpreter:
    """Ask an interpreter what it is, or read what it answered before.

    `executable` is a path to a file; whether it may be run is found out here. The
    answer is kept in `cache_file`, whose folder must exist; failing to write it is no
    error. See `cache_name`.

    Raises:
        InterpreterFailed: it is missing, cannot be run, or does not answer.
        InterpreterTooOld: it is older than `OLDEST`.
    """
    executable = os.path.abspath(executable)
    key = _key(executable)
    if cache_file is not None and (answer := _read_answer(cache_file, key)):
        return _interpret(executable, answer)
    answer = ask(executable)
    interpreter = _interpret(executable, answer)
    if cache_file is not None:
        _write_answer(cache_file, key, answer)
    return interpreter


def cache_name(executable: str) -> str:
    """Return the name for an interpreter's cache file; two rarely share one."""
    path = os.fsencode(os.path.abspath(executable))
    return f"{crc32(path):08x}{len(path):03x}.txt"


def _key(executable: str) -> str:
    """What an answer depends on, in one line."""
    real = os.path.realpath(executable)
    parts = [executable, real]
    folder = os.path.dirname(executable)
    for path in (real, f"{folder}/pyvenv.cfg", f"{folder}/../pyvenv.cfg"):
        try:
            status = os.stat(path)
        except OSError:
            parts.append("-")
        else:
            parts.append(f"{status.st_mtime_ns}+{status.st_size}")
    if sys.platform == "win32":
        parts.append(str(sys.getwindowsversion()))
    else:
        parts += os.uname()
    return escape("|".join(parts))


def _read_answer(cache_file: str, key: str) -> dict[str, str] | None:
    try:
        with open(cache_file, encoding="utf-8", errors="surrogateescape") as file:
            content = file.read()
    except OSError:
        return None
    first, _, body = content.partition("\n")
    second, _, answer = body.partition("\n")
    checksum = crc32(body.encode("utf-8", "surrogateescape"))
    if first != f"{_FORMAT} {checksum:08x}" or second != key:
        return None
    return parse_answer(answer)


def _write_answer(cache_file: str, key: str, answer: dict[str, str]) -> None:
    lines = [f"{name}={escape(text)}" for name, text in answer.items()]
    body = "\n".join([key, *lines]).encode("utf-8", "surrogateescape")
    partial = f"{cache_file}.{os.getpid()}"
    try:
        with open(partial, "wb") as file:
            file.write(f"{_FORMAT} {crc32(body):08x}\n".encode() + body)
        os.replace(partial, cache_file)
    except OSError:
        return


def _interpret(executable: str, answer: dict[str, str]) -> Interpreter:
    python = _pair(answer.get("python", ""))
    if python is None or python < OLDEST:
        raise InterpreterTooOld(
            f"{executable} is Python {answer.get('python', 'of an unknown version')}",
            why=f"admit installs for Python {OLDEST[0]}.{OLDEST[1]} and newer",
            fix="name another with --python",
        )
    try:
        return Interpreter(
            executable=executable,
            environment={name: answer[name] for name in _MARKERS},
            scheme=_scheme(executable, answer),
            prefix=_slashes(answer["prefix"]),
            base_prefix=_slashes(answer["base_prefix"]),
            stdlib=_slashes(answer["default_stdlib"]),
            facts=_facts(python, answer),
        )
    except (KeyError, ValueError) as error:
        raise InterpreterFailed(
            f"cannot understand what {executable} answered", why=f"no {error}"
        ) from error


def _scheme(executable: str, answer: dict[str, str]) -> Scheme:
    include = _slashes(answer["include"])
    prefix = _slashes(answer["prefix"])
    if answer["prefix"] != answer["base_prefix"]:
        # The include folder of a virtual environment is that of its base.
        python = _python_folder(answer)
        include = f"{prefix}/include/site/{python}"
    purelib, platlib = _slashes(answer["purelib"]), _slashes(answer["platlib"])
    if purelib != platlib and os.path.realpath(purelib) == os.path.realpath(platlib):
        platlib = purelib  # lib64 is often a link to lib
    return Scheme(
        purelib=purelib,
        platlib=platlib,
        scripts=_slashes(answer["scripts"]),
        data=_slashes(answer["data"]),
        headers=include,
        executable=executable,
        is_windows=answer["os_name"] == "nt",
    )


def _python_folder(answer: dict[str, str]) -> str:
    """Like "python3.12", or "python3.13t", "pypy3.10"."""
    name = "pypy" if answer["implementation_name"] == "pypy" else "python"
    suffix = "t" if answer["is_free_threaded"] == "1" else ""
    return f"{name}{answer['python']}{suffix}"


def _facts(python: tuple[int, int], answer: dict[str, str]) -> Facts:
    verdicts = [
        (int(key.removeprefix("manylinux_")), text == "1")
        for key, text in answer.items()
        if key.startswith("manylinux_")
    ]
    return Facts(
        implementation=answer["implementation_name"].lower(),
        python=python,
        platform=answer["platform"],
        pointer_size=int(answer["pointer_size"]),
        extension_suffix=answer["extension_suffix"],
        is_debug=answer["is_debug"] == "1",
        is_free_threaded=answer["is_free_threaded"] == "1",
        glibc=_pair(answer.get("glibc", "")),
        musl=_pair(answer.get("musl", "")),
        is_hard_float=answer.get("is_hard_float", "1") == "1",
        mac=_pair(answer.get("mac", "")),
        machine=answer.get("machine", ""),
        manylinux_verdicts=tuple(verdicts),
    )


def _pair(text: str) -> tuple[int, int] | None:
    """Read the first two numbers of a version; None if there are none."""
    major, _, rest = text.partition(".")
    minor = rest.partition(".")[0]
    digits = minor[: len(minor) - len(minor.lstrip("0123456789"))]
    if not major.isdecimal() or not digits:
        return None
    return int(major), int(digits)


def _slashes(path: str) -> str:
    return path.replace("\\", "/") if os.sep == "\\" else path


def _read_manager(text: str) -> str:
    """Return the `Error` text of an EXTERNALLY-MANAGED file; "" if it has none."""
    is_within = False
    lines: list[str] = []
    for line in text.splitlines():
        if line[:1].isspace() and is_within:
            lines.append(line.strip())
        else:
            key, _, rest = line.partition("=")
            is_within = key.strip().lower() == "error"
            if is_within:
                lines.append(rest.strip())
    return "\n".join(lines)
