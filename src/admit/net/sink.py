"""The file a body is written to.

For: both transports. Pieces are gathered into large writes: system calls, not bytes,
are what writing costs.
Does not know: HTTP beyond 200 and 206.
"""

from __future__ import annotations

import os

BLOCK = 512 * 1024
"""Bytes per write."""


class Sink:
    """An open file; every method may raise OSError."""

    __slots__ = ("_file", "_pieces", "_size")

    def __init__(self, path: str, status: int, offset: int) -> None:
        """Open `path`: from the start for a 200, from `offset` on for a 206."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._file = open(os.open(path, flags, 0o666), "wb", buffering=0)  # noqa: SIM115  # closed by close()
        self._pieces: list[bytes] = []
        self._size = 0
        start = offset if status == 206 else 0
        try:
            self._file.truncate(start)
            self._file.seek(start)
        except OSError:
            self._file.close()
            raise

    def write(self, pieces: list[bytes], size: int) -> None:
        """Take pieces of `size` bytes together; write once a block is full."""
        self._pieces += pieces
        self._size += size
        if self._size >= BLOCK:
            self._flush()

    def close(self) -> None:
        """Write what is left and close."""
        try:
            self._flush()
        finally:
            self._file.close()

    def abandon(self) -> None:
        """Write what is left if that is possible, and close: a resume may use it."""
        try:
            self.close()
        except OSError:
            pass

    def _flush(self) -> None:
        block = memoryview(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0
        while block:
            block = block[self._file.write(block) :]
