"""The documents as tests read them: fenced blocks, and the commands in them.

A block of commands is fenced as `console`: lines with `$ ` are typed (a `\\` at the end
goes on in the next line), everything else is shown. Before a block may stand:

    <!-- not run: reason -->    it cannot be run here
    <!-- exit 1 -->             its last command ends so
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
GENERATED = {"auth-coverage.md", "peers.md"}
_FENCE = re.compile(r"^```(\w*)\s*$")
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->")
_EXIT = re.compile(r"<!-- exit (\d+) -->")


class Block(NamedTuple):
    """One fenced block."""

    path: Path
    line: int
    language: str
    text: str
    before: str
    """The line above it."""

    @property
    def id(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    @property
    def reason_not_to_run(self) -> str | None:
        match = _NOT_RUN.search(self.before)
        return match[1] if match else None

    @property
    def status(self) -> int:
        match = _EXIT.search(self.before)
        return int(match[1]) if match else 0

    @property
    def commands(self) -> list[str]:
        """What is typed, in order."""
        found: list[str] = []
        goes_on = False
        for line in self.text.splitlines():
            if goes_on:
                found[-1] += "\n" + line
            elif line.startswith("$ "):
                found.append(line[2:])
            else:
                continue
            goes_on = line.endswith("\\")
        return found


def documents() -> list[Path]:
    """README and everything below docs that somebody wrote."""
    below = sorted((ROOT / "docs").rglob("*.md"))
    return [
        ROOT / "README.md",
        *(path for path in below if path.name not in GENERATED),
    ]


def blocks(language: str) -> list[Block]:
    """Every block of a language in all documents."""
    return [
        each
        for path in documents()
        for each in _blocks_of(path)
        if each.language == language
    ]


def _blocks_of(path: Path) -> Iterator[Block]:
    language: str | None = None
    start, before, last = 0, "", ""
    lines: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if language is None and match:
            language, start, before, lines = match[1], number, last, []
        elif language is not None and line.startswith("```"):
            yield Block(path, start, language, "\n".join(lines), before)
            language = None
        elif language is not None:
            lines.append(line)
        elif line.strip():
            last = line
    assert language is None, f"{path}: a block is not closed"
