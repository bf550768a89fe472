"""What is going on, on a terminal: one live line, and bars for downloads.

For: the seconds in which a run would otherwise be silent. Drawn on stderr from the
callbacks of the run itself, at most twenty times a second: there is no thread, and
nothing is waited for at the end.
Does not know: what is resolved or fetched; it is told numbers and names.
Shape: `Progress.resolving(...)`, `Progress.transfer(...)`, `Progress.clear()`.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.cli.output import Output

INTERVAL = 0.05
WIDTH = 24
MOST_BARS = 6
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Transfer:
    """One download under way."""

    __slots__ = ("label", "received", "size", "started")

    def __init__(self, label: str, size: int) -> None:
        self.label = label
        self.size = size
        self.received = 0
        self.started = time.monotonic()


class Progress:
    """The live part of a terminal; inert where stderr is none."""

    def __init__(self, output: Output, *, is_on: bool) -> None:
        self._output = output
        self._is_on = is_on and output.is_terminal and output.verbosity == 0
        self._drawn = 0
        self._due = 0.0
        self._tick = 0
        self._transfers: dict[str, Transfer] = {}
        self._message = ""
        if self._is_on:
            output.live_line(self.clear)

    @property
    def is_on(self) -> bool:
        """Whether anything is drawn."""
        return self._is_on

    def resolving(self, decided: int, known: int, identity: str) -> None:
        """Show how far the resolution is."""
        as_whom = f" as {identity}" if identity else ""
        self._message = f"Resolving{as_whom}: {decided} of {known} projects"
        self._draw()

    def working(self, message: str) -> None:
        """Show a step that has no numbers, at once: nothing may follow for long."""
        self._message = message
        self._due = 0.0
        self._draw()

    def transfer(self, key: str, label: str, received: int, size: int) -> None:
        """Show a download; `size` is 0 where the server does not say it."""
        if not self._is_on:
            return
        each = self._transfers.get(key)
        if each is None:
            each = self._transfers[key] = Transfer(label, size)
        each.received = received
        each.size = size or each.size
        self._draw()

    def finished(self, key: str) -> None:
        """Take a download's bar away."""
        self._transfers.pop(key, None)

    def clear(self) -> None:
        """Wipe the live part; what is printed next takes its place."""
        if self._drawn:
            sys.stderr.write("\r" + "\x1b[1A\x1b[2K" * self._drawn)
            sys.stderr.flush()
            self._drawn = 0

    def close(self) -> None:
        """Wipe the live part for good."""
        self.clear()
        self._is_on = False
        self._output.live_line(None)

    def _draw(self) -> None:
        if not self._is_on:
            return
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + INTERVAL
        self._tick += 1
        lines = [f"{SPINNER[self._tick % len(SPINNER)]} {self._message}"]
        bars = list(self._transfers.values())[:MOST_BARS]
        width = max((len(each.label) for each in bars), default=0)
        lines += [format_bar(each, now, min(width, 32)) for each in bars]
        hidden = len(self._transfers) - len(bars)
        if hidden > 0:
            lines.append(f"  and {hidden} more")
        columns = _columns()
        shown = "".join(line[: columns - 1] + "\n" for line in lines)
        self.clear()
        sys.stderr.write(shown)
        sys.stderr.flush()
        self._drawn = len(lines)


def format_bar(each: Transfer, now: float, width: int) -> str:
    """Format one download: name, bar, bytes, rate."""
    rate = each.received / max(now - each.started, 0.001)
    label = f"{each.label[:width]:{width}}"
    if each.size <= 0:
        return f"  {label} {format_bytes(each.received)}  {format_bytes(rate)}/s"
    filled = min(WIDTH, WIDTH * each.received // each.size)
    bar = "━" * filled + "─" * (WIDTH - filled)
    amount = f"{format_bytes(each.received)}/{format_bytes(each.size)}"
    return f"  {label} {bar} {amount}  {format_bytes(rate)}/s"


def format_bytes(number: float) -> str:
    """Format a number of bytes in steps of 1024: 812 B, 3.4 MiB."""
    if number < 1024:
        return f"{int(number)} B"
    for unit in ("KiB", "MiB", "GiB"):
        number /= 1024
        if number < 1024 or unit == "GiB":
            return f"{number:.1f} {unit}"
    return ""


def _columns() -> int:
    import os

    try:
        columns = os.get_terminal_size(2).columns
    except OSError:
        columns = 0
    return max(20, columns or 80)  # some terminals say 0
