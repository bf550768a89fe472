"""Start git, hear it, and end it with all that it started.

For: `git_mirror` and `git`.
Does not know: what git is to do, what its words mean (`git_failure`).
Shape: `run_git(arguments, ...)` -> `Ended`. Nothing is fed to it; of its answer and of
its words only so much is kept as a server may make us keep.
Theory: a git that may not ask gets a session of its own: neither it nor ssh nor a
helper finds a terminal there. One that may ask stays in ours, where the terminal
interrupts it together with us.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem, NetworkError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from subprocess import Popen
    from threading import Thread
    from typing import IO

_LARGEST_ANSWER = 64 << 20
_KEPT = 16 << 10
"""Bytes of the end of stderr."""
_GRACE = 1.0
"""Seconds for the pipes of a git that has ended: a helper may hold them open."""
_PATIENCE = 5.0
"""Seconds for a git to tidy up after an interrupt."""
_HAS_GROUPS = os.name == "posix"
_OLDEST = (2, 31)
"""The first that reads configuration from variables."""


class GitMissing(EnvironmentProblem):
    """There is no git here, or one that is too old."""

    code = "git-missing"


class GitTooMuch(NetworkError):
    """git answers more than anybody asked for."""

    code = "git-too-much"


@value
class Ended:
    """A git that ended by itself."""

    status: int
    stdout: str
    stderr: str
    """The end of it."""


def find_git(environ: Mapping[str, str]) -> str:
    """Return the path of a git that is new enough.

    Raises:
        GitMissing: there is none.
    """
    from shutil import which

    path = which("git", path=environ.get("PATH"))
    if path is None:
        raise GitMissing(
            "git is needed to fetch from a repository, and is not there",
            why="no folder of PATH holds a git",
            fix="install git, or give the URL of an archive in place of git+…",
        )
    words = run_git([path, "version"], environ, own_session=True).stdout.split()
    version = words[2] if len(words) > 2 else "of no version"
    numbers = tuple(int(each) for each in version.split(".")[:2] if each.isdecimal())
    if numbers < _OLDEST:
        raise GitMissing(
            f"git is too old: {path} is git {version}",
            why="git 2.31 is the first that can be given a login and settings safely",
            fix="install a newer git",
        )
    return path


def run_git(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    own_session: bool,
    cwd: str | None = None,
) -> Ended:
    """Run git to its end, however long it takes.

    Raises:
        GitMissing: it cannot be started.
        GitTooMuch: its answer is endless.
    """
    import subprocess

    try:
        process = subprocess.Popen(
            list(command),
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=own_session and _HAS_GROUPS,
        )
    except OSError as error:
        raise GitMissing(
            f"cannot start {command[0]}", why=error.strerror or str(error)
        ) from error
    listener = _Listener(process)
    try:
        listener.start()
        process.wait()
        listener.finish()
    finally:
        # It runs only after an interrupt. What it left running, such as a daemon that
        # keeps passwords, is the user's.
        _end(process, is_group=own_session and _HAS_GROUPS)
    if listener.is_too_much:
        raise GitTooMuch(f"git answers more than {_LARGEST_ANSWER} bytes")
    return Ended(
        process.returncode,
        listener.stdout.decode("utf-8", "replace"),
        listener.stderr.decode("utf-8", "replace"),
    )


class _Listener:
    """Two threads that read what git says."""

    def __init__(self, process: Popen[bytes]) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.is_too_much = False
        self._process = process
        self._threads: list[Thread] = []

    def start(self) -> None:
        from threading import Thread

        for target, pipe in (
            (self._read_answer, self._process.stdout),
            (self._read_words, self._process.stderr),
        ):
            thread = Thread(target=target, args=(pipe,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """Wait for what is still in the pipes."""
        import time

        end = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _read_answer(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self.stdout += chunk
                if len(self.stdout) > _LARGEST_ANSWER:
                    self.is_too_much = True
                    self._process.kill()
                    return

    def _read_words(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self.stderr += chunk
                if len(self.stderr) > 2 * _KEPT:
                    del self.stderr[:-_KEPT]


def _end(process: Popen[bytes], *, is_group: bool) -> None:
    """End git if it still runs: first politely, for it removes its half-made files."""
    import subprocess

    if process.poll() is not None:
        return
    for is_last in (False, True):
        try:
            _signal(process, is_group=is_group, is_last=is_last)
        except OSError:  # it has just ended
            pass
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            continue
        return


def _signal(process: Popen[bytes], *, is_group: bool, is_last: bool) -> None:
    import signal

    if not is_group:
        process.kill() if is_last else process.terminate()
        return
    os.killpg(process.pid, signal.SIGKILL if is_last else signal.SIGTERM)
