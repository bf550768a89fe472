"""Run a Python interpreter once and hear what it says about itself.

For: the answers that `env.interpreter` understands and remembers.
Does not know: what they mean.
Shape: path of an executable -> `key=value` pairs. The script has to run on every Python
there is, also on those that are then refused.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem

_MARK = "admit-probe-7c1f"
"""Stands before and after the answer: `.pth` files may print too."""
_TIME_LIMIT = 60

# Has to run on every Python, also on those that are then refused.
_SCRIPT = r"""
import os, sys
def show(key, value):
    text = str(value).replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    answer.append(key + "=" + text)
answer = ["MARK"]
show("python", "%d.%d" % sys.version_info[:2])
if sys.version_info >= (3, 8):
    import platform, sysconfig
    def full(info):
        text = "%d.%d.%d" % (info.major, info.minor, info.micro)
        kind = info.releaselevel
        return text if kind == "final" else text + kind[0] + str(info.serial)
    show("implementation_name", sys.implementation.name)
    show("implementation_version", full(sys.implementation.version))
    show("os_name", os.name)
    show("platform_machine", platform.machine())
    show("platform_python_implementation", platform.python_implementation())
    show("platform_release", platform.release())
    show("platform_system", platform.system())
    show("platform_version", platform.version())
    show("python_full_version", platform.python_version())
    show("python_version", ".".join(platform.python_version_tuple()[:2]))
    show("sys_platform", sys.platform)
    show("executable", sys.executable)
    show("prefix", sys.prefix)
    show("base_prefix", sys.base_prefix)
    if hasattr(sysconfig, "get_default_scheme"):
        scheme = sysconfig.get_default_scheme()
    else:
        scheme = sysconfig._get_default_scheme()
    paths = sysconfig.get_paths(scheme)
    for key in ("purelib", "platlib", "scripts", "data", "include", "stdlib"):
        show(key, paths[key])
    show("default_stdlib", sysconfig.get_path("stdlib"))
    variables = sysconfig.get_config_var
    suffix = variables("EXT_SUFFIX") or ""
    debug = variables("Py_DEBUG")
    if debug is None:
        debug = hasattr(sys, "gettotalrefcount") or suffix.startswith("_d.")
    show("is_debug", int(bool(debug)))
    show("is_free_threaded", int(bool(variables("Py_GIL_DISABLED"))))
    show("extension_suffix", suffix)
    show("platform", sysconfig.get_platform())
    show("pointer_size", 8 if sys.maxsize > 2 ** 32 else 4)
    if sys.platform == "darwin":
        release, _, machine = platform.mac_ver()
        show("mac", release)
        show("machine", machine)
    if sys.platform == "linux":
        try:
            show("glibc", os.confstr("CS_GNU_LIBC_VERSION").split()[1])
        except Exception:
            pass
        try:
            import _manylinux
        except Exception:
            _manylinux = None
        if _manylinux is not None:
            old = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
            ask = getattr(_manylinux, "manylinux_compatible", None)
            for minor in range(5, 60):
                verdict = None
                if ask is not None:
                    verdict = ask(2, minor, platform.machine())
                elif minor in old:
                    verdict = getattr(_manylinux, old[minor] + "_compatible", None)
                if verdict is not None:
                    show("manylinux_%d" % minor, int(bool(verdict)))
answer.append("MARK")
text = "\n".join(answer)
if sys.version_info >= (3,):
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
else:
    sys.stdout.write(text)
"""


class InterpreterFailed(EnvironmentProblem):
    """An interpreter could not be asked what it is."""

    code = "interpreter-failed"


def ask(executable: str) -> dict[str, str]:
    """Run the interpreter, isolated from this process's environment variables."""
    import subprocess

    what = f"cannot ask {executable} what it is"
    script = _SCRIPT.replace("MARK", _MARK)
    surroundings = dict(os.environ)
    # On macOS this would make every interpreter believe to be this one.
    surroundings.pop("__PYVENV_LAUNCHER__", None)
    try:
        done = subprocess.run(
            [executable, *_isolation(executable), "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIME_LIMIT,
            check=False,
            env=surroundings,
        )
    except subprocess.TimeoutExpired as error:
        raise InterpreterFailed(
            what, why=f"it did not answer within {_TIME_LIMIT} s"
        ) from error
    except (OSError, ValueError) as error:
        raise InterpreterFailed(what, why=_why_not_run(executable, error)) from error
    output = done.stdout.decode("utf-8", "surrogateescape")
    _, mark, rest = output.partition(_MARK + "\n")
    answer, end, _ = rest.partition("\n" + _MARK)
    if not mark or not end:
        raise InterpreterFailed(
            what,
            why=_why_no_answer(done.returncode, done.stderr),
            fix="name an interpreter, an environment's folder, or a version: "
            "--python 3.12",
        )
    found = parse_answer(answer)
    _add_musl(found, executable)
    return found


def _isolation(executable: str) -> tuple[str, ...]:
    """-I came with Python 3.4; a name tells old ones well enough."""
    return () if os.path.basename(executable).startswith("python2") else ("-I",)


def _why_no_answer(status: int, stderr: bytes) -> str:
    last = stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
    said = "".join(each for each in "".join(last) if each.isprintable())
    if _SCRIPT.split("\n", 2)[1] in said:  # as `ls` says of what it cannot find
        return f"it ended with status {status}, and took the question for a file's name"
    return f"it ended with status {status}" + (
        f": {said[:300]}" if said else " and no answer"
    )


def _why_not_run(executable: str, error: Exception) -> str:
    if os.path.islink(executable) and not os.path.exists(executable):
        return f"it is a link to {os.readlink(executable)}, which does not exist"
    if not os.path.exists(executable):
        return "there is no such file"
    if os.path.isdir(executable):
        return "it is a folder"
    if not os.access(executable, os.X_OK):
        return "it is not executable"
    return str(getattr(error, "strerror", None) or error)


def _add_musl(answer: dict[str, str], executable: str) -> None:
    """Note the version of musl, and the float ABI of ARM, from the executable."""
    if answer.get("sys_platform") != "linux":
        return
    from admit.env.elf import read_executable

    found = read_executable(os.path.realpath(executable))
    if found is None:
        return
    answer["is_hard_float"] = str(int(found.is_hard_float_arm))
    if "musl" in found.loader:
        import subprocess

        try:
            # musl's loader prints its version, as an error, if given nothing to load.
            done = subprocess.run(
                [found.loader], capture_output=True, check=False, timeout=_TIME_LIMIT
            )
        except (OSError, subprocess.TimeoutExpired):
            return
        for line in done.stderr.decode("utf-8", "replace").splitlines():
            if line.startswith("Version "):
                answer["musl"] = line.removeprefix("Version ").strip()


def escape(text: str) -> str:
    """Put a text on one line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    pieces = text.split("\\\\")
    return "\\".join(
        piece.replace("\\n", "\n").replace("\\r", "\r") for piece in pieces
    )


def parse_answer(answer: str) -> dict[str, str]:
    """Read the lines of an answer."""
    pairs = (line.partition("=") for line in answer.split("\n"))
    return {key: _unescape(text) for key, _, text in pairs}
