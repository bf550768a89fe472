"""Installing into a folder that is no environment: `--target`, `--prefix`.

For: an interpreter whose packages go, and are looked for, somewhere else.
Does not know: what is installed there.
Shape: `Interpreter` and a folder -> `Interpreter` with another scheme.
"""

from __future__ import annotations

import os

from admit.env.layout import Scheme
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.env.interpreter import Interpreter


def install_into(interpreter: Interpreter, folder: str) -> Interpreter:
    """Return the interpreter with one folder for its packages, scripts in `bin`."""
    root = folder.replace(os.sep, "/")
    scheme = interpreter.scheme
    scripts = "Scripts" if scheme.is_windows else "bin"
    return replace(
        interpreter,
        scheme=Scheme(
            purelib=root,
            platlib=root,
            scripts=f"{root}/{scripts}",
            data=root,
            headers=f"{root}/include",
            executable=scheme.executable,
            is_windows=scheme.is_windows,
        ),
    )


def install_below(interpreter: Interpreter, folder: str) -> Interpreter:
    """Return the interpreter with the folders it would have under another prefix."""
    root = folder.replace(os.sep, "/").rstrip("/")
    scheme = interpreter.scheme
    old = interpreter.prefix.replace(os.sep, "/").rstrip("/")

    def moved(path: str) -> str:
        below = path.removeprefix(f"{old}/")
        # Distributions of Linux put what they do not manage into `local`.
        return f"{root}/{below.removeprefix('local/')}" if below != path else root

    return replace(
        interpreter,
        scheme=Scheme(
            purelib=moved(scheme.purelib),
            platlib=moved(scheme.platlib),
            scripts=moved(scheme.scripts),
            data=root,
            headers=moved(scheme.headers),
            executable=scheme.executable,
            is_windows=scheme.is_windows,
        ),
    )
