"""What helpers say to people, cleaned on its way to the terminal.

For: the stderr of `keyring`, helpers and `cmd:` references: it may ask something or say
"open this page", so it is shown as it comes; and it may repeat a secret of this run.
Does not know: programs, secrets (it is handed what finds them).
Rule: what comes in pieces is put together again. An end that may be the beginning of a
secret waits for what follows, but not for ever: a question without a line end is shown.
"""

from __future__ import annotations

import sys
from codecs import getincrementaldecoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = 4096
"""Characters that are held back at most."""
_LONGEST_NAME = 64


class Words:
    """The words of programs that run one after the other."""

    def __init__(
        self,
        scrub: Callable[[str], str],
        unfinished: Callable[[str], int],
        write: Callable[[str], None] | None = None,
    ) -> None:
        """Set up.

        Args:
            scrub: masks secrets.
            unfinished: how many characters at the end may be a secret's beginning.
            write: where it goes; the process's own stderr, if not given.
        """
        self._scrub = scrub
        self._unfinished = unfinished
        self._write = write or _write
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._before = ""
        """The end of what was shown, where it may be the name of a parameter."""

    def show(self, chunk: bytes) -> None:
        """Show what came; b"" when a program has said all."""
        text = self._held + self._decoder.decode(chunk, final=not chunk)
        seen = self._before + text
        size = min(self._unfinished(seen), len(text), _LONGEST) if chunk else 0
        end = len(text) - size
        self._held = text[end:]
        if end:
            shown = self._scrub(self._before + text[:end])
            self._write(shown.removeprefix(self._before))
            self._before = _find_name(seen[: len(seen) - size])


def _find_name(text: str) -> str:
    """Return the `?name` that a text ends with; what follows may be its secret."""
    start = len(text)
    shortest = max(0, start - _LONGEST_NAME)
    while start > shortest and (text[start - 1].isalnum() or text[start - 1] in "_-="):
        start -= 1
    return text[start - 1 :] if start and text[start - 1] in "?&;" else ""


def _write(text: str) -> None:
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        return
