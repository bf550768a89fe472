"""Kill a change at many moments: the next command finds the old state or the new one.

Two ways: at a step of the change, each in turn; and after a time chosen at random, so
that the moments between two steps, within the commit and during the clean-up are met
too. Then the recovery itself is killed, again and again.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from admit.install.journal import recover
from admit.install.pending import has_journal
from support.killed import TESTS, command, run_killed
from support.site import ScratchSite, snapshot
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.exam

RANDOM_KILLS = 100


def wheel(folder: Path, version: str, files: int) -> Path:
    names = {
        f"widget/part{number % 7}/m{version[0]}_{number}.py" for number in range(files)
    }
    shared = {f"widget/shared/{number}.py" for number in range(files)}
    content = dict.fromkeys(sorted(names | shared), f"{version}\n")
    scripts = {"console_scripts": {f"tool{version[0]}": "widget:main", "tool": "w:m"}}
    return build_wheel(folder, "widget", version, files=content, entry_points=scripts)


class Arena:
    """An environment that can be put back to its old state, which is known."""

    def __init__(self, root: Path, files: int) -> None:
        self.root = root
        self.old = wheel(root, "1.0", files)
        self.new = wheel(root, "2.0", files)
        self.scratch = ScratchSite(root)
        self.scratch.install(self.new)
        self.after = self.scratch.snapshot()
        self.scratch.install(self.old)
        self.before = self.scratch.snapshot()

    def judge(self) -> str:
        """Recover; return which state is there, having checked that it is whole."""
        recover(str(self.scratch.site))
        assert not has_journal(str(self.scratch.site))
        found = self.scratch.snapshot()
        if found == self.before:
            return "old"
        assert found == self.after, "neither the old state nor the new one"
        self.scratch.install(self.old)
        assert self.scratch.snapshot() == self.before
        return "new"


def test_kill_at_every_step_leaves_the_old_state(tmp_path: Path) -> None:
    arena = Arena(tmp_path, files=6)
    step = 1

    while run_killed(tmp_path, step, arena.new):
        assert arena.judge() == "old"
        step += 1

    assert arena.judge() == "new"
    assert step > 30


def test_kill_at_random_moments_leaves_the_old_state_or_the_new_one(
    tmp_path: Path,
) -> None:
    arena = Arena(tmp_path, files=400)
    chance = random.Random(20)
    duration = time_change(arena)
    outcomes: dict[str, int] = {"old": 0, "new": 0}

    for _ in range(RANDOM_KILLS):
        child = start(command(arena.root, -1, arena.new))
        assert child.stdout
        child.stdout.readline()
        time.sleep(chance.uniform(0, duration * 1.2))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        outcomes[arena.judge()] += 1

    assert min(outcomes.values()) > 5, outcomes


def test_recovery_that_is_killed_too_goes_on_the_next_time(tmp_path: Path) -> None:
    arena = Arena(tmp_path, files=400)
    chance = random.Random(21)
    recovery = (
        "import sys; from admit.install.journal import recover; print(flush=True);"
        "recover(sys.argv[1])"
    )

    for round_ in range(12):
        assert run_killed(tmp_path, 600 + 40 * round_, arena.new)
        for _ in range(4):
            child = start([sys.executable, "-c", recovery, str(arena.scratch.site)])
            assert child.stdout
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.02))
            child.send_signal(signal.SIGKILL)
            child.communicate()
        assert arena.judge() == "old"


def test_interrupt_key_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    arena = Arena(tmp_path, files=400)
    chance = random.Random(22)
    duration = time_change(arena)

    for _ in range(30):
        child = start(command(arena.root, -1, arena.new))
        assert child.stdout
        child.stdout.readline()
        time.sleep(chance.uniform(0, duration * 1.2))
        child.send_signal(signal.SIGINT)
        child.communicate()
        assert not has_journal(str(arena.scratch.site))
        arena.judge()


def start(arguments: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def time_change(arena: Arena) -> float:
    """Seconds from the plan to the end of the change, undisturbed."""
    child = start(command(arena.root, -1, arena.new))
    assert child.stdout
    child.stdout.readline()
    started = time.monotonic()
    child.communicate()
    duration = time.monotonic() - started
    assert arena.judge() == "new"
    assert snapshot(arena.scratch.prefix) == arena.before
    return duration
