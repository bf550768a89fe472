"""The file of `--log`: everything `-vv` would say, of every run.

For: reports of what happened. It is private (0600), appended to, and gets only text
that was scrubbed.
Does not know: what is told; colours are taken out.
"""

from __future__ import annotations

import os
import re
import time

from admit.errors import EnvironmentProblem, fix_of_system

_COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class CannotWriteLog(EnvironmentProblem):
    """The log's file refuses."""

    code = "cannot-write-log"


class Log:
    """One open log."""

    def __init__(self, path: str) -> None:
        """Open `path` for appending, readable by its owner only.

        Raises:
            CannotWriteLog: the system refuses.
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            descriptor = os.open(path, flags, 0o600)
            if os.name == "posix":
                os.fchmod(descriptor, 0o600)
            self._file = open(  # noqa: SIM115  # open until the process ends
                descriptor, "w", encoding="utf-8", errors="backslashreplace"
            )
        except OSError as error:
            raise CannotWriteLog(
                f"cannot write the log {path}",
                why=error.strerror,
                fix=fix_of_system(error) or "name a file in a folder that is there",
            ) from error

    def write(self, text: str) -> None:
        """Write one message, with the time; a disk that is full ends no run."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
        plain = _COLOR.sub("", text)
        try:
            self._file.write(f"{stamp}.{int(now * 1000) % 1000:03d} {plain}\n")
            self._file.flush()
        except OSError:
            return
