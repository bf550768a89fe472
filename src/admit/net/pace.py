"""The least that must come: a server that lets bytes drip is given up.

For: both transports. `read_timeout` ends a silence; this ends what a byte now and then
would draw out for ever.
Does not know: clocks, sockets; the time is handed in.
Rule: from the first byte on, 1 KiB in every four time-outs, or the end of the answer.
"""

from __future__ import annotations

LEAST = 1024
"""Bytes that must come in a span, headers and body together."""
SPANS = 4
"""Time-outs that a span is long."""


class Pace:
    """Watches one transfer."""

    __slots__ = ("_received", "_since", "span")

    def __init__(self, read_timeout: float) -> None:
        self.span = SPANS * read_timeout
        """Seconds."""
        self._received = 0
        self._since: float | None = None

    def is_too_slow(self, received: int, now: float) -> bool:
        """Tell whether a transfer is to be given up.

        Args:
            received: bytes so far, in all.
            now: seconds of any clock that only goes forward.
        """
        if self._since is None:
            self._since = now if received else None
            return False
        if received - self._received >= LEAST:
            self._received, self._since = received, now
            return False
        return now - self._since >= self.span
