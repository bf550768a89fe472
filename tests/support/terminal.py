"""A terminal with somebody at it, who answers what is asked."""

from __future__ import annotations

import os
import pty
import select
import time
from typing import TYPE_CHECKING, NamedTuple

from support.desk import TIME_LIMIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.desk import Desk


class Said(NamedTuple):
    """All that appeared on the terminal."""

    status: int
    text: str


def talk(desk: Desk, arguments: Sequence[str], answers: dict[str, str]) -> Said:
    """Run admit on a terminal of its own; type an answer when its question comes."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(desk.work)
        command = desk.command(*arguments)
        os.execve(command[0], command, desk.environment({"TERM": "xterm"}))
    waiting = dict(answers)
    text = ""
    end = time.monotonic() + TIME_LIMIT
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if not ready:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # the other side is gone
            break
        if not chunk:
            break
        text += chunk.decode(errors="replace")
        for question, answer in list(waiting.items()):
            if question in text:
                del waiting[question]
                os.write(terminal, f"{answer}\n".encode())
    os.close(terminal)
    _, code = os.waitpid(process, 0)
    return Said(os.waitstatus_to_exitcode(code), text)
