"""Compiling installed modules, so that their first import need not.

For: `--compile-bytecode`, in images that are read-only later.
Does not know: plans, environments.
Shape: an interpreter and paths -> None, or what went wrong. The interpreter of the
environment compiles, since every version has its own bytecode.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_TIME_LIMIT = 600


def compile_modules(executable: str, paths: Sequence[str]) -> str | None:
    """Compile the modules among some files; a module with a fault is left as it is."""
    modules = [path for path in paths if path.endswith(".py")]
    if not modules:
        return None
    import subprocess

    command = [executable, "-I", "-m", "compileall", "-q", "-q", "-j", "0", "-i", "-"]
    try:
        subprocess.run(
            command,
            input="\n".join(modules),
            text=True,
            capture_output=True,
            timeout=_TIME_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"what was installed could not be compiled: {error}"
    return None
