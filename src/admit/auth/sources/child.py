"""Programs that are asked for a secret: started, bounded, ended.

For: `keyring` as a command, credential helpers, `cmd:` references.
Does not know: what they are asked, what the answer means.
Shape: `run_child(command, ...)` -> `Ended`, or `ChildFailed`. What a program writes to
stderr goes to the user's terminal as it comes: it may say "open this page and type
this code". It may ask at the terminal itself; its stdin is what we give it.
Bounds: a time limit, and so many bytes of answer; then it is killed.
"""

from __future__ import annotations

import os
import sys

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from subprocess import Popen
    from threading import Thread
    from typing import IO

LARGEST_ANSWER = 64 * 1024
_GRACE = 1.0
"""Seconds for the pipes of a program that has ended."""
_KEPT = 4096
"""Bytes of stderr that are kept, to see what kind of failure it was."""


@value
class Ended:
    """A program that ended by itself."""

    status: int
    stdout: bytes
    stderr: bytes
    """The beginning of it; it was shown already."""


class ChildFailed(Exception):
    """A program could not be asked; the message never holds its output."""


@value
class Bounds:
    """What a program may take."""

    seconds: float = 30.0
    answer: int = LARGEST_ANSWER
    """Bytes of its stdout."""
    hold_back: bytes = b""
    """Stderr that begins so, in whatever case, is not shown before the end, and
    perhaps never."""


_USUAL = Bounds()


def run_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    stdin: bytes = b"",
    *,
    bounds: Bounds = _USUAL,
    show: Callable[[bytes], None] | None = None,
) -> Ended:
    """Run a program to its end.

    Args:
        command: the program and its arguments; none of them a secret.
        environ: its environment.
        stdin: all that it is told.
        bounds: of time and size.
        show: gets its stderr as it comes, and b"" at its end; the terminal, if not
            given.

    Raises:
        ChildFailed: it cannot be started, takes too long or says too much.
    """
    import subprocess

    try:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ChildFailed(f"it cannot be started: {reason.lower()}") from error
    readers = _Readers(process, bounds, show or _show)
    try:
        readers.start(stdin)
        status = process.wait(bounds.seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise ChildFailed(f"no answer within {bounds.seconds:g} seconds") from None
    except BaseException:
        _kill(process)
        raise
    readers.finish()
    if readers.is_too_much:
        raise ChildFailed(_too_much(bounds))
    return Ended(status, bytes(readers.stdout), bytes(readers.stderr))


class _Readers:
    """Three threads: one for each pipe of a program."""

    def __init__(
        self, process: Popen[bytes], bounds: Bounds, show: Callable[[bytes], None]
    ) -> None:
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.is_too_much = False
        self._process = process
        self._bounds = bounds
        self._show = show
        self._held = bytearray()
        self._threads: list[Thread] = []

    def start(self, stdin: bytes) -> None:
        from threading import Thread

        process = self._process
        for target, pipe in (
            (self._write, process.stdin),
            (self._read_answer, process.stdout),
            (self._read_words, process.stderr),
        ):
            arguments = (pipe, stdin) if pipe is process.stdin else (pipe,)
            thread = Thread(target=target, args=arguments, daemon=True)
            thread.start()
            self._threads.append(thread)

    def finish(self) -> None:
        """Wait for what is still in the pipes; a grandchild may hold them open."""
        import time

        end = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if self._held and self._process.returncode != 2:
            self._show(bytes(self._held))
            self._show(b"")

    def _write(self, pipe: IO[bytes], stdin: bytes) -> None:
        try:
            with pipe:
                pipe.write(stdin)
        except OSError:  # it ended without reading
            return

    def _read_answer(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self.stdout += chunk
                if len(self.stdout) > self._bounds.answer:
                    self.is_too_much = True
                    _kill(self._process)
                    return

    def _read_words(self, pipe: IO[bytes]) -> None:
        hold_back = self._bounds.hold_back
        is_held = bool(hold_back)
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                self.stderr += chunk[: _KEPT - len(self.stderr)]
                if is_held:
                    self._held += chunk
                    begins = bytes(self._held[: len(hold_back)]).lower()
                    is_held = hold_back.startswith(begins) and len(self._held) < _KEPT
                    if is_held:
                        continue
                    chunk, self._held = bytes(self._held), bytearray()
                self._show(chunk)
        if not is_held:
            self._show(b"")


def _kill(process: Popen[bytes]) -> None:
    try:
        process.kill()
    except OSError:
        return
    process.wait()


def _show(chunk: bytes) -> None:
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.flush()
        stream.buffer.write(chunk)
        stream.buffer.flush()
    except (OSError, ValueError):
        return


def _too_much(bounds: Bounds) -> str:
    return f"its answer is longer than {bounds.answer // 1024} KiB"
