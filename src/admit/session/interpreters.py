"""Which interpreter is meant where it is not simply that of the environment.

For: `--target` and `--prefix`, compiling for another Python, looking at an index with
no environment at hand; refusing environments that are not ours.
Does not know: how an interpreter is asked; `probe` is handed in.
"""

from __future__ import annotations

import sys

from admit.env.discover import (
    NoEnvironment,
    find_environment,
    find_system,
    refuse_external_manager,
    refuse_system,
)
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.config.settings import Settings
    from admit.env.interpreter import Interpreter
    from admit.spec.tags import Target

    Probe = Callable[[str], Interpreter]


def find_named(settings: Settings, probe: Probe) -> Interpreter:
    """Return that of `--python`, of `--system`, or of the environment.

    Raises:
        EnvironmentProblem: there is none, or it does not work.
    """
    python = settings.text("python")
    if python is None and settings.flag("system"):
        return find_system(settings.environ, settings.cwd, probe)
    return find_environment(python, settings.environ, settings.cwd, probe)


def find_interpreter(settings: Settings, probe: Probe) -> Interpreter:
    """Return that of `--python` or the environment, else the one that runs this."""
    try:
        return find_named(settings, probe)
    except NoEnvironment:
        if settings.text("python") is not None:
            raise
        base = getattr(sys, "_base_executable", None) or sys.executable
        return probe(base)


def find_elsewhere(settings: Settings, probe: Probe) -> Interpreter:
    """Return an interpreter that installs where `--target` or `--prefix` says.

    Raises:
        UsageError: both are given.
    """
    from admit.env.elsewhere import install_below, install_into

    target, prefix = settings.text("target"), settings.text("prefix")
    if target is not None and prefix is not None:
        raise UsageError(
            f"{settings.origin_of('target')} and {settings.origin_of('prefix')} "
            "name two places"
        )
    interpreter = find_interpreter(settings, probe)
    if target is not None:
        return install_into(interpreter, settings.path(target))
    return install_below(interpreter, settings.path(prefix or ""))


def find_target(settings: Settings, probe: Probe) -> tuple[Target, Interpreter]:
    """Return what to compile for, and the interpreter it is described by.

    `--python-version` and `--python-platform` change what the interpreter says.

    Raises:
        EnvironmentProblem: what is named is none.
        UsageError: no such version or platform.
    """
    from admit.env.described import describe

    interpreter = find_interpreter(settings, probe)
    version = settings.text("python_version")
    platform = settings.text("python_platform")
    return describe(interpreter, version, platform), interpreter


def refuse_managed(settings: Settings, interpreter: Interpreter) -> None:
    """Raise if the environment belongs to another package manager.

    Raises:
        ExternallyManaged: see PEP 668; `break_system_packages` insists.
        NotVirtual: `require_virtualenv` wants a virtual one.
    """
    is_elsewhere = any(map(settings.text, ("target", "prefix")))
    if settings.flag("require_virtualenv") and not is_elsewhere:
        refuse_system(interpreter, settings.origin_of("require_virtualenv"))
    if not (is_elsewhere or settings.flag("break_system_packages")):
        refuse_external_manager(interpreter)
