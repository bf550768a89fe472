"""The environment variables of a build: the user's, without what opens an index.

For: code of strangers, which runs as the user. It can read the user's files, but
nothing is put into its hands.
Does not know: the process's own environment (a mapping is handed in), who knows secrets
(`scrub` masks them).
Shape: variables -> variables. Left out are, in this order:
1. those of installers: `auth.withheld`;
2. those that the configuration takes secrets from (`withheld`);
3. those whose value is a secret of this run, or a URL with one in it. The usual proxy
   variables stay: without them many builds could not download what they need.
See docs/design/0004-a-build-is-given-nothing.md.
"""

from __future__ import annotations

import os

from admit.auth.withheld import opens_index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from admit.env.interpreter import Interpreter

_PROXIES = frozenset(("all_proxy", "ftp_proxy", "http_proxy", "https_proxy"))
_INDISPENSABLE = frozenset(
    ("HOME", "LANG", "LOGNAME", "PATH", "PWD", "SHELL", "SYSTEMROOT", "TEMP", "TERM",
     "TMP", "TMPDIR", "USER", "USERNAME", "USERPROFILE")
)  # fmt: skip
"""Whoever has "/root" for a password keeps a home."""
_ISOLATED_FROM = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPLATLIBDIR",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "__PYVENV_LAUNCHER__",
)
"""Variables by which packages of elsewhere would be seen."""


def surround(
    environ: Mapping[str, str],
    interpreter: Interpreter,
    scrub: Callable[[str], str],
    *,
    withheld: Collection[str] = (),
    is_isolated: bool = True,
) -> dict[str, str]:
    """Return the variables for hooks that run in an interpreter's environment.

    What is the environment's own comes first on PATH.
    """
    found = {
        name: text
        for name, text in environ.items()
        if name not in withheld and not _opens_index(name, text, scrub)
    }
    scripts = interpreter.scheme.scripts
    path = found.get("PATH", os.defpath)
    found["PATH"] = f"{scripts}{os.pathsep}{path}" if path else scripts
    if is_isolated:
        for name in _ISOLATED_FROM:
            found.pop(name, None)
        found["PYTHONNOUSERSITE"] = "1"
    found.pop("VIRTUAL_ENV_PROMPT", None)
    found.pop("VIRTUAL_ENV", None)
    if interpreter.is_venv:
        found["VIRTUAL_ENV"] = interpreter.prefix
    # What hooks print is read through a pipe: in UTF-8, in the order of printing.
    found["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    found["PYTHONUNBUFFERED"] = "1"
    return found


def _opens_index(name: str, text: str, scrub: Callable[[str], str]) -> bool:
    if opens_index(name, text):
        return True
    if name.lower() in _PROXIES or name.upper() in _INDISPENSABLE or not text:
        return False
    masked = scrub(text)
    return masked != text and ("://" in text or not masked.strip("*"))
