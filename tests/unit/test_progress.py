"""The live line: drawn on a terminal only, wiped before anything else is printed."""

from __future__ import annotations

import io
import sys

import pytest

from admit.cli import progress as module
from admit.cli.output import Output
from admit.cli.progress import Progress, Transfer, format_bar, format_bytes


class Terminal(io.StringIO):
    """Stderr, for the rest of a test: fixtures come before pytest's own capture."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        monkeypatch.setattr(sys, "stderr", self)
        monkeypatch.setattr(module, "INTERVAL", 0.0)

    def isatty(self) -> bool:
        return True


def screen(written: str) -> list[str]:
    """The lines a terminal shows, given the two sequences that are used."""
    lines = [""]
    for part in written.replace("\x1b[1A\x1b[2K", "\0").replace("\r", ""):
        if part == "\n":
            lines.append("")
        elif part == "\0":
            lines[-2:] = [""]
        else:
            lines[-1] += part
    return lines[:-1]


def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(Output(environ={}), is_on=True)

    progress.resolving(1, 2, "alice")
    progress.transfer("a.whl", "a", 1, 2)
    progress.working("Preparing")
    progress.clear()
    progress.close()

    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("is_on", "verbosity", "term"),
    [(False, 0, "xterm"), (True, 1, "xterm"), (True, -1, "xterm"), (True, 0, "dumb")],
    ids=["--no-progress", "-v", "-q", "dumb"],
)
def test_it_can_be_off(
    monkeypatch: pytest.MonkeyPatch, is_on: bool, verbosity: int, term: str
) -> None:
    terminal = Terminal(monkeypatch)
    output = Output(verbosity=verbosity, environ={"TERM": term})

    Progress(output, is_on=is_on).resolving(1, 2, "")

    assert terminal.getvalue() == ""


def test_it_tells_projects_and_as_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    progress = Progress(Output(environ={}), is_on=True)

    progress.resolving(3, 7, "alice via netrc")

    (line,) = screen(terminal.getvalue())
    assert line[2:] == "Resolving as alice via netrc: 3 of 7 projects"


def test_redrawing_takes_the_place_of_what_was_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal(monkeypatch)
    progress = Progress(Output(environ={}), is_on=True)

    progress.transfer("a.whl", "a", 1, 2)
    progress.transfer("b.whl", "b", 1, 2)
    progress.finished("a.whl")
    progress.working("Preparing packages")

    message, bar = screen(terminal.getvalue())
    assert message[2:] == "Preparing packages"
    assert bar.startswith("  b ━")


def test_what_is_printed_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    output = Output(environ={})
    progress = Progress(output, is_on=True)

    progress.resolving(1, 2, "")
    output.note("Resolved")
    progress.close()
    output.note("Installed")
    progress.resolving(2, 2, "")

    assert screen(terminal.getvalue()) == ["Resolved", "Installed"]


def test_bars_beyond_the_sixth_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch)
    progress = Progress(Output(environ={}), is_on=True)

    for number in range(9):
        progress.transfer(f"{number}.whl", f"p{number}", 1, 2)

    lines = screen(terminal.getvalue())
    assert len(lines) == 1 + 6 + 1
    assert lines[-1] == "  and 3 more"


def test_it_is_drawn_twenty_times_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal(monkeypatch)
    monkeypatch.setattr(module, "INTERVAL", 60.0)
    progress = Progress(Output(environ={}), is_on=True)

    for number in range(100):
        progress.resolving(number, 100, "")

    assert terminal.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("received", "size", "expected"),
    [
        (0, 2048, "  name " + "─" * 24 + " 0 B/2.0 KiB  0 B/s"),
        (1024, 2048, "  name " + "━" * 12 + "─" * 12 + " 1.0 KiB/2.0 KiB  512 B/s"),
        (4096, 2048, "  name " + "━" * 24 + " 4.0 KiB/2.0 KiB  2.0 KiB/s"),
        (2048, 0, "  name 2.0 KiB  1.0 KiB/s"),
    ],
    ids=["begun", "half", "more than promised", "size unknown"],
)
def test_a_bar_tells_bytes_and_rate(received: int, size: int, expected: str) -> None:
    each = Transfer("name", size)
    each.received = received

    assert format_bar(each, each.started + 2.0, 4) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (3 * 1024**2, "3.0 MiB"),
        (5000 * 1024**3, "5000.0 GiB"),
    ],
)
def test_bytes_read_well(number: float, expected: str) -> None:
    assert format_bytes(number) == expected
