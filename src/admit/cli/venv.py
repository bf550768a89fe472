"""`admit venv`: make a virtual environment.

Does not know: how it is made (`env.venv`).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.cli.output import Output
    from admit.config.settings import Settings


def run_venv(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Make an environment for `--python`, or for the Python that runs admit."""
    from admit.api import Session
    from admit.env.discover import find_environment
    from admit.env.venv import create_venv

    folder = str(operands["_folder"] or ".venv")
    path = os.path.join(settings.cwd, folder)
    with Session(settings) as session:
        python = settings.text("python")
        if python is None:
            interpreter = session.probe(_own_base())
        else:
            interpreter = find_environment(
                python, settings.environ, settings.cwd, session.probe
            )
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
    script = "Scripts\\activate" if interpreter.scheme.is_windows else "bin/activate"
    output.note(f"Activate it with: source {os.path.join(folder, script)}")
    return 0


def _own_base() -> str:
    """The interpreter that runs admit, not the environment admit is in."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(base)
