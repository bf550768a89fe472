"""What a run tells on its way, made visible.

For: `-v` lines of requests, warnings, the live line, bars.
Does not know: what the run does next.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.auth.sources.prompt import AskPerson
    from admit.cli.output import Output
    from admit.cli.progress import Progress
    from admit.net.client import RequestLine


_STEPS = {
    "environment": "making an environment",
    "requirements": "installing what it needs",
    "metadata": "reading its metadata",
    "wheel": "making its wheel",
}


class Teller:
    """Tells of a session through an `Output`."""

    def __init__(self, output: Output, progress: Progress) -> None:
        self._output = output
        self._progress = progress
        self._identity = ""
        self._begun: set[str] = set()
        """The places of builds that were told of."""

    def request_line(self, line: RequestLine) -> None:
        if line.identity != "anonymous":
            self._identity = line.identity.partition(" (")[0]
        if self._output.has_ear(1):
            cached = " (cached)" if line.origin == "cache" else ""
            self._output.detail(
                f"{line.method} {line.url} [{line.purpose}] as {line.identity}: "
                f"{line.status}{cached}"
            )

    def warning(self, text: str) -> None:
        self._output.warn(text)

    def resolving(self, decided: int, known: int) -> None:
        self._progress.resolving(decided, known, self._identity)

    def transferring(self, filename: str, received: int, size: int) -> None:
        self._progress.transfer(
            filename, filename.split("-", maxsplit=1)[0], received, size
        )

    def transferred(self, filename: str) -> None:
        self._progress.finished(filename)

    def building(self, place: str, title: str, step: str) -> None:
        if place not in self._begun and not self._progress.is_on:
            self._output.note(f"   Building {title}")
        self._begun.add(place)
        self._progress.working(f"Building {title}: {_STEPS.get(step, step)}")

    def built(self, title: str) -> None:
        self._progress.clear()
        self._output.note(f"      {self._output.paint('Built', '32')} {title}")

    def said(self, line: str) -> None:
        self._output.detail(f"  | {line}")

    def detail(self, text: str) -> None:
        self._output.detail(text, 2)

    def asker(self) -> AskPerson | None:
        """What asks at the terminal; None if there is none."""
        return self._output.ask if self._output.can_ask else None

    def waiting(self) -> None:
        self._output.note("waiting for another process to finish with the environment")
