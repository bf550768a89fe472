"""The executables that start scripts on Windows, as distlib ships them.

For: making `.exe` files of entry points on Windows, and nowhere else.
Does not know: what is put behind the executable (`scripts`).
Importing distlib would cost more than all else here, so only its folder is found.
"""

from __future__ import annotations

from admit.errors import EnvironmentProblem
from admit.install.scripts import Launchers

_SUFFIXES = {
    "amd64": "64",
    "x86_64": "64",
    "arm64": "64-arm",
    "aarch64": "64-arm",
    "x86": "32",
}


class NoLauncher(EnvironmentProblem):
    """The launchers for this machine are not installed."""

    code = "no-launcher"


def read_launchers(machine: str) -> Launchers:
    """Read the launchers for a machine, named as `platform_machine` has it.

    Raises:
        NoLauncher: distlib is missing, or has none for this machine.
    """
    from importlib.util import find_spec

    found = find_spec("distlib")
    folders = found.submodule_search_locations if found else None
    suffix = _SUFFIXES.get(machine.lower(), machine)
    try:
        if not folders:
            raise FileNotFoundError("distlib")
        return Launchers(
            console=_read(f"{folders[0]}/t{suffix}.exe"),
            gui=_read(f"{folders[0]}/w{suffix}.exe"),
        )
    except OSError as error:
        raise NoLauncher(
            f"no launcher for scripts on Windows {machine}",
            why=f"missing: {error.filename or 'distlib'}",
            fix="reinstall admit with its dependencies",
        ) from error


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
