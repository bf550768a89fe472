"""What a build says: as lines that are safe to show.

For: the last lines when a hook fails, and every line while it runs, for who wants them.
Does not know: who speaks.
Shape: bytes in pieces -> lines, without control characters and secrets; the last ones
are kept.
"""

from __future__ import annotations

import re
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SHOWN = 30
"""Lines in the report of a failure."""
_KEPT = 300
"""Lines that are searched for a cause: compilers say it early."""
_LONGEST = 64 * 1024
"""Bytes of a line that are kept; its rest is dropped, so that no secret is cut."""
_WIDEST = 2_000
"""Characters of a line that are shown."""
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, moves
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # OSC and its like, with a text
    r"|\x1b[ -/]*[0-~]"
)
_CALLER = re.compile(r'  File ".*[/\\]pyproject_hooks[/\\]_in_process[/\\]')
"""A frame in a traceback; what follows it is indented more."""


class Log:
    """Takes output as it comes."""

    def __init__(
        self, scrub: Callable[[str], str], on_line: Callable[[str], None] | None
    ) -> None:
        self.lines: deque[str] = deque(maxlen=_KEPT)
        """The last of them, clean."""
        self._scrub = scrub
        self._on_line = on_line
        self._rest = b""
        self._is_dropping = False

    def feed(self, chunk: bytes) -> None:
        """Take a piece; lines in it that end are told."""
        *ended, rest = re.split(rb"\r\n|\n|\r", self._rest + chunk)
        if chunk.endswith(b"\r") and ended and not self._is_dropping:
            # Its newline may come with the next piece.
            ended, rest = ended[:-1], ended[-1] + b"\r"
        for line in ended:
            if self._is_dropping:
                self._is_dropping = False
            else:
                self.add(line[:_LONGEST].decode("utf-8", "replace"))
        self._rest = b"" if self._is_dropping else rest
        if len(self._rest) > _LONGEST:
            self.add(self._rest[:_LONGEST].decode("utf-8", "replace"))
            self._rest, self._is_dropping = b"", True

    def end(self) -> None:
        """Take what is left as the last line."""
        if self._rest:
            self.feed(b"\n")

    def add(self, line: str) -> None:
        """Take one line that is a text already."""
        shown = self._scrub(clean(line))
        if len(shown) > _WIDEST:
            shown = shown[:_WIDEST] + "…"
        self.lines.append(shown)
        if self._on_line is not None:
            self._on_line(shown)

    def tail(self) -> tuple[str, ...]:
        """Return the last lines to show; blank ones at the end are left out."""
        lines = _without_caller(self.lines)
        while lines and not lines[-1].strip():
            lines.pop()
        return tuple(lines[-SHOWN:])


def _without_caller(lines: Iterable[str]) -> list[str]:
    """Leave out what tracebacks say of the script that calls hooks."""
    kept: list[str] = []
    is_ours = False
    for line in lines:
        if not is_ours or not line.startswith("    "):
            is_ours = _CALLER.match(line) is not None
        if not is_ours:
            kept.append(line)
    return kept


def clean(line: str) -> str:
    r"""Remove all that is no text: escape sequences, control characters.

    >>> clean("\x1b[31mred\x1b[0m\x07")
    'red'
    """
    if line.isprintable():
        return line
    line = _ESCAPES.sub("", line).expandtabs(4)
    return "".join(mark for mark in line if mark.isprintable())
