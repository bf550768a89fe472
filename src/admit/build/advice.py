"""What to do about a build that failed, where its last words tell.

For: the `fix` of the error.
Does not know: how it was run.
Shape: lines -> one sentence, or None: advice that may not help is none.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.build.tree import Tree
    from admit.env.interpreter import Interpreter

_COMPILER = re.compile(
    r"(?:error: command |No such file or directory: |unable to execute |linker )"
    r"['\"`](?:[^'\"`]*/)?((?:[\w.]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|gfortran)"
    r"(?:-[\d.]+)?)['\"`](?=$|: No such| failed: No such| not found)"
)
_VISUAL = re.compile(r"Microsoft Visual C\+\+ [\d.]+ or greater is required")
_HEADERS = re.compile(r"fatal error: '?Python\.h'?[: ].*(?:No such file|not found)")
_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


def find_fix(
    lines: Iterable[str], tree: Tree, interpreter: Interpreter, *, is_isolated: bool
) -> str | None:
    """Return what will help, if a line tells; the last telling line counts."""
    for line in reversed(tuple(lines)):
        fix = _fix_line(line, tree, interpreter, is_isolated)
        if fix is not None:
            return fix
    return None


def _fix_line(
    line: str, tree: Tree, interpreter: Interpreter, is_isolated: bool
) -> str | None:
    if match := _COMPILER.search(line):
        return f"install {match[1]}, a compiler that the build runs and does not find"
    if _VISUAL.search(line):
        return "install the C++ compiler of the Microsoft Build Tools"
    if _HEADERS.search(line):
        python = interpreter.environment["python_version"]
        return f"install the C headers of Python {python} (Debian: python{python}-dev)"
    if match := _MODULE.search(line):
        module = match[1].partition(".")[0]
        if module == "distutils" and interpreter.facts.python >= (3, 12):
            return (
                "use Python 3.11 or older (--python), or a newer release: "
                "Python 3.12 has no distutils any more"
            )
        if not is_isolated:
            return f"install what provides `{module}` into {interpreter.prefix}"
        return (
            f"{tree.name or 'the project'} has to name what provides `{module}` in "
            "`build-system.requires` of its pyproject.toml; until then, install that "
            "yourself and build with --no-build-isolation"
        )
    return None
