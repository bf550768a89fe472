"""`admit venv`: make a virtual environment.

Does not know: how it is made (`env.venv`).
"""

from __future__ import annotations

import os
import sys

_NOT_PIP = (
    "requirement",
    "constraint",
    "override",
    "group",
    "extra",
    "all_extras",
    "require_hashes",
    "dry_run",
    "report",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.cli.output import Output
    from admit.config.settings import Settings


def run_venv(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Make an environment for `--python`, or for the Python that runs admit."""
    from admit.api import Session
    from admit.env.venv import create_venv
    from admit.session.interpreters import find_named

    folder = str(operands["_folder"] or ".venv")
    path = os.path.join(settings.cwd, folder)
    with Session(settings) as session:
        if settings.text("python") is None and not settings.flag("system"):
            interpreter = session.probe(_own_base())
        else:
            interpreter = find_named(settings, session.probe)
    output.note(f"Using Python {interpreter.version} at {interpreter.executable}")
    create_venv(
        path,
        interpreter,
        prompt=settings.text("prompt"),
        system_site_packages=settings.flag("system_site_packages"),
        clear=settings.flag("clear"),
        allow_existing=settings.flag("allow_existing"),
    )
    output.note(f"Made an environment at {folder}")
    if settings.flag("seed"):
        _seed(settings, output, path)
    script = "Scripts\\activate" if interpreter.scheme.is_windows else "bin/activate"
    output.note(f"Activate it with: source {os.path.join(folder, script)}")
    return 0


def _seed(settings: Settings, output: Output, path: str) -> None:
    """Install pip as any other package: from your indexes, with their logins."""
    from admit.cli.install import run_install
    from admit.value import replace

    # What else is set is about what you install, not about pip.
    values = {key: each for key, each in settings.values.items() if key not in _NOT_PIP}
    values |= {"python": path, "target": None, "prefix": None}
    run_install(replace(settings, values=values), output, {"_packages": ["pip"]})


def _own_base() -> str:
    """The interpreter that runs admit, not the environment admit is in."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(base)
