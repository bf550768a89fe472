"""The only module that prints: data to stdout, prose and progress to stderr.

For: one voice. Every line passes the scrubber, if one is set, before it leaves.
Does not know: what commands do.
Shape: `Output` with `data`, `note`, `warn`, `hint`, `detail`, `fail`; colour never
carries meaning alone.
"""

from __future__ import annotations

import os
import sys

from admit.auth.scrub import mask_shapes
from admit.cli.mask import mask_userinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from admit.cli.log import Log
    from admit.errors import AdmitError
    from admit.spec.url import Secret

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
_COLORS = frozenset(("0", BOLD, DIM, RED, GREEN, YELLOW, CYAN))
_CONTROLS = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (
        *(code for code in range(0x20) if chr(code) not in "\n\t\x1b"),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),  # these turn the direction of what follows
        *range(0x2066, 0x206A),
    )
}


class Output:
    """Prints for one run, at one verbosity."""

    def __init__(
        self,
        *,
        verbosity: int = 0,
        color: str = "auto",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.verbosity = verbosity
        self.scrub: Callable[[str], str] = mask_shapes
        """Set by whoever holds the registry of secrets."""
        self._environ = os.environ if environ is None else environ
        self._color = color
        self._warned: dict[str, None] = {}
        self._hinted: set[str] = set()
        self._hide: Callable[[], None] = _nothing
        """Clears a live line before something else is printed."""
        self._log: Log | None = None
        self.is_json = False
        """The result is one JSON object on stdout, and so is an error."""

    def open_log(self, path: str, command: str) -> None:
        """Write all that is told, whatever the verbosity, to a file too.

        Raises:
            CannotWriteLog: the file refuses.
        """
        from admit.cli.log import Log

        self._log = Log(path)
        self._log.write(disarm(self.scrub(mask_userinfo(command))))

    def has_ear(self, level: int) -> bool:
        """Whether anybody reads what is told at a level."""
        return self._log is not None or self.verbosity >= level

    def result(self, command: str, packages: object, **more: object) -> None:
        """Print the result of a command as one JSON object."""
        import json

        document = {
            "command": command,
            "packages": packages,
            **more,
            "warnings": [self.scrub(each) for each in self._warned],
        }
        self._tell(sys.stdout, json.dumps(document), is_shown=True)

    def data(self, text: str) -> None:
        """Print a result, for people and pipes, to stdout; also under `-q`."""
        self._tell(sys.stdout, text, is_shown=self.verbosity > -2)

    def note(self, text: str) -> None:
        """Print prose to stderr."""
        self._tell(sys.stderr, text, is_shown=self.verbosity >= 0)

    def detail(self, text: str, level: int = 1) -> None:
        """Print prose that only `-v` (level 1) or `-vv` (level 2) shows."""
        is_shown = self.verbosity >= level
        self._tell(sys.stderr, self.paint(text, DIM), is_shown=is_shown)

    def warn(self, text: str) -> None:
        """Print a warning to stderr, once a run."""
        if text not in self._warned:
            self._warned[text] = None
            shown = f"{self.paint('warning:', YELLOW, BOLD)} {text}"
            self._tell(sys.stderr, shown, is_shown=self.verbosity > -2)

    def hint(self, text: str) -> None:
        """Print advice to stderr, once a run."""
        if text not in self._hinted:
            self._hinted.add(text)
            shown = f"{self.paint('hint:', CYAN, BOLD)} {text}"
            self._tell(sys.stderr, shown, is_shown=self.verbosity >= 0)

    def fail(self, error: AdmitError) -> None:
        """Print an error in its three parts."""
        lines = [f"{self.paint('error:', RED, BOLD)} {error.what}"]
        if error.why:
            lines.append(f"  {self.paint('why:', BOLD)} {_indent(error.why)}")
        if error.fix:
            lines.append(f"  {self.paint('fix:', BOLD)} {_indent(error.fix)}")
        self._tell(sys.stderr, "\n".join(lines), is_shown=True)
        if self.is_json:
            import json

            from admit.cli.result import describe_error

            document = json.dumps({"error": describe_error(error)})
            self._tell(sys.stdout, document, is_shown=True)

    def paint(self, text: str, *codes: str) -> str:
        """Colour a text for stderr, where colour is on."""
        if not text or not self.has_color:
            return text
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m"

    def set_color(self, when: str) -> None:
        """Say when to use colour: auto, always or never."""
        self._color = when

    @property
    def has_color(self) -> bool:
        if self._color != "auto":
            return self._color == "always"
        if self._environ.get("NO_COLOR"):
            return False
        if self._environ.get("FORCE_COLOR") or self._environ.get("CLICOLOR_FORCE"):
            return True
        return self.is_terminal

    @property
    def is_terminal(self) -> bool:
        # A process may be started without the streams.
        stream: TextIO | None = sys.stderr
        is_terminal = stream is not None and stream.isatty()
        return is_terminal and self._environ.get("TERM") != "dumb"

    @property
    def can_ask(self) -> bool:
        """Whether somebody sits at a terminal, and may be disturbed."""
        stream: TextIO | None = sys.stdin
        is_heard = stream is not None and stream.isatty()
        return is_heard and self.is_terminal and not self.is_json

    def ask(self, text: str, is_secret: bool) -> str | None:
        """Ask the person at the terminal; None if nothing was answered."""
        self._hide()
        try:
            if is_secret:
                from getpass import getpass

                return getpass(text, stream=sys.stderr) or None
            sys.stderr.write(text)
            sys.stderr.flush()
            return sys.stdin.readline().strip("\r\n")
        except EOFError:
            return None

    def reveal(self, secret: Secret) -> None:
        """Print a secret that was asked for; it goes into no log."""
        sys.stdout.write(secret.expose() + "\n")
        sys.stdout.flush()

    def live_line(self, hide: Callable[[], None] | None) -> None:
        """Register how a live line is cleared; None when there is none any more."""
        self._hide = hide or _nothing

    def _tell(self, stream: TextIO | None, text: str, *, is_shown: bool) -> None:
        is_written = is_shown and stream is not None
        if not is_written and self._log is None:
            return
        clean = disarm(self.scrub(mask_userinfo(text)), has_color=self.has_color)
        if self._log is not None:
            self._log.write(clean)
        if is_shown and stream is not None:
            self._write(stream, clean)

    def _write(self, stream: TextIO, clean: str) -> None:
        self._hide()
        try:
            stream.write(clean + "\n")
            stream.flush()
        except UnicodeEncodeError:
            encoding = stream.encoding or "ascii"
            safe = clean.encode(encoding, "backslashreplace").decode(encoding)
            stream.write(safe + "\n")
            stream.flush()


def disarm(text: str, *, has_color: bool = False) -> str:
    """Show control characters in place of sending them: a server may have written them.

    Line ends and tabs stay, and our own colours where colour is on.
    """
    head, *pieces = text.translate(_CONTROLS).split("\x1b")
    return head + "".join(
        f"\x1b{each}" if has_color and _is_color(each) else f"\\x1b{each}"
        for each in pieces
    )


def _is_color(piece: str) -> bool:
    codes, mark, _ = piece.partition("m")
    is_sequence = bool(mark) and codes.startswith("[")
    return is_sequence and all(each in _COLORS for each in codes[1:].split(";"))


def _indent(text: str) -> str:
    return text.replace("\n", "\n       ")


def _nothing() -> None:
    pass


def format_duration(seconds: float) -> str:
    """Format a duration as people read it: 8ms, 1.24s, 2m 05s."""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    return f"{int(seconds // 60)}m {int(seconds % 60):02d}s"


def count_of(number: int, noun: str) -> str:
    """`1 package`, `2 packages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
