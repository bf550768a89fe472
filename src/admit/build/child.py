"""A program that may do anything: started, heard, ended with all it started.

For: the hooks of build backends.
Does not know: what is run, what its output means.
Shape: `run_to_end(command, ...)` -> exit status; output goes to a callback as it comes.
Theory: the child is the leader of a session of its own. So it has no terminal: nothing
in it can ask the user for a password. And all that it started ends with it: when it has
ended, what is left of its group is killed, and a pipe that somebody still holds open is
not waited for. An interrupt is passed on, for the child may have to tidy up; it is
killed if that takes too long, or at the second one. On Windows only the child itself
is ended.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from queue import Queue
    from subprocess import Popen
    from threading import Event
    from typing import IO

_HAS_GROUPS = os.name == "posix"
_TICK = 0.1
"""Seconds between two looks at a child that says nothing."""
_GRACE = 1.0
"""Seconds for what is still in the pipe of a child that has ended."""
_PATIENCE = 3.0
"""Seconds for a child to end after an interrupt."""


class CannotStart(Exception):
    """A program could not be started; the message is the reason."""


def run_to_end(
    command: Sequence[str],
    *,
    cwd: str,
    environ: Mapping[str, str],
    on_output: Callable[[bytes], None],
) -> int:
    """Run a program; return its exit status, negative if a signal ended it.

    It reads nothing: its stdin is empty. `on_output` gets what it writes to stdout and
    stderr, in this thread.

    Raises:
        CannotStart: the system refuses.
    """
    from queue import Queue
    from threading import Event, Thread

    chunks: Queue[bytes] = Queue(maxsize=64)
    is_over = Event()
    process: Popen[bytes] | None = None
    try:
        process = _start(command, cwd, environ)
        arguments = (process.stdout, chunks, is_over)
        Thread(target=_read, args=arguments, daemon=True).start()
        _listen(process, chunks, on_output)
        _await_end(process)
    except BaseException:
        if process is not None:
            _interrupt(process)
        raise
    finally:
        is_over.set()
        if process is not None:
            _kill(process)
    return process.returncode


def _start(
    command: Sequence[str], cwd: str, environ: Mapping[str, str]
) -> Popen[bytes]:
    import subprocess

    try:
        return subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=_HAS_GROUPS,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotStart(f"{reason}: {cwd}, {command[0]}") from error


def _read(pipe: IO[bytes], chunks: Queue[bytes], is_over: Event) -> None:
    """Move what is in the pipe to the queue; b"" stands for its end."""
    from queue import Full

    with pipe:
        while not is_over.is_set():
            chunk = os.read(pipe.fileno(), 65536)
            while not is_over.is_set():
                try:
                    chunks.put(chunk, timeout=_TICK)
                    break
                except Full:
                    continue
            if not chunk:
                return


def _listen(
    process: Popen[bytes], chunks: Queue[bytes], on_output: Callable[[bytes], None]
) -> None:
    """Hand on the output until it ends, or nearly as soon as the child has ended."""
    import time
    from queue import Empty

    end: float | None = None
    while end is None or time.monotonic() < end:
        try:
            chunk = chunks.get(timeout=_TICK)
        except Empty:
            chunk = None
        if chunk == b"":
            return
        if chunk is not None:
            on_output(chunk)
        if end is None and _has_ended(process):
            end = time.monotonic() + _GRACE


def _has_ended(process: Popen[bytes]) -> bool:
    """Tell whether the child has ended, and leave it a zombie where that can be.

    As long as it is one, its number, which is the group's, cannot be another's.
    """
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, process.pid, flags) is not None


def _await_end(process: Popen[bytes]) -> None:
    """Wait for a child that has closed its output; it may well go on."""
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


def _interrupt(process: Popen[bytes]) -> None:
    """Ask the child to end, and wait a moment for it."""
    import signal
    import time

    if not _HAS_GROUPS:
        return
    end = time.monotonic() + _PATIENCE
    try:
        os.killpg(process.pid, signal.SIGINT)
    except OSError:
        return
    while not _has_ended(process) and time.monotonic() < end:
        time.sleep(_TICK / 4)


def _kill(process: Popen[bytes]) -> None:
    """End the child and what it left running."""
    try:
        if _HAS_GROUPS:
            import signal

            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:  # nobody is left
        pass
    process.wait()
