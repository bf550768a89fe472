"""Where cached bytes lie: a folder, or nowhere.

For: `cache.store`. Three calls, so that another place could stand behind them.
Does not know: what the bytes are, whether they are still good.
Shape: names are relative paths with `/`. Writing is atomic, reading never locks, and
no call raises: a place that cannot be read or written says so once, then the run goes
on without it.
"""

from __future__ import annotations

import os

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol
else:
    Protocol = object

_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_OPEN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


@value
class Blob:
    """Bytes as they were written."""

    content: bytes
    confirmed: float
    """When they were written or last touched, seconds since the epoch."""


class Blobs(Protocol):
    """A place for bytes."""

    def read(self, name: str) -> Blob | None:
        """Return what was written under a name; None if nothing is there."""

    def write(self, name: str, *pieces: bytes) -> None:
        """Put bytes, piece after piece, under a name, in place of what was there."""

    def touch(self, name: str) -> None:
        """Note that what lies under a name is still good now."""


class NoBlobs:
    """The place of `--no-cache`: forgets everything."""

    def read(self, name: str) -> Blob | None:  # noqa: ARG002  # see Blobs
        return None

    def write(self, name: str, *pieces: bytes) -> None:
        pass

    def touch(self, name: str) -> None:
        pass


class DiskBlobs:
    """A folder, readable by its owner only."""

    def __init__(self, root: str, warn: Callable[[str], None]) -> None:
        """Use a folder that exists; `warn` is called at most once."""
        self._root = root
        self._warn = warn
        self._count = 0
        self._run = os.urandom(6).hex()
        self.is_writable = True
        """False from the first failure on: then nothing more is written."""

    def read(self, name: str) -> Blob | None:
        try:
            descriptor = os.open(f"{self._root}/{name}", _OPEN)
        except OSError:
            return None
        try:
            status = os.fstat(descriptor)
            content = os.read(descriptor, status.st_size + 1)
            while len(content) < status.st_size:
                piece = os.read(descriptor, status.st_size - len(content))
                if not piece:
                    break
                content += piece
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return Blob(content, status.st_mtime)

    def write(self, name: str, *pieces: bytes) -> None:
        if not self.is_writable:
            return
        self._count += 1
        partial = f"{self._root}/partial/{self._run}-{self._count}"
        place = f"{self._root}/{name}"
        try:
            self._write_new(partial, pieces)
            try:
                os.replace(partial, place)
            except FileNotFoundError:
                make_folder(os.path.dirname(place))
                os.replace(partial, place)
        except OSError as error:
            _remove(partial)
            self.give_up(error.strerror or str(error))

    def _write_new(self, path: str, pieces: tuple[bytes, ...]) -> None:
        try:
            descriptor = os.open(path, _CREATE, _PRIVATE_FILE)
        except FileNotFoundError:
            make_folder(os.path.dirname(path))
            descriptor = os.open(path, _CREATE, _PRIVATE_FILE)
        try:
            for piece in pieces:
                written = os.write(descriptor, piece)
                while written < len(piece):
                    written += os.write(descriptor, memoryview(piece)[written:])
        finally:
            os.close(descriptor)

    def touch(self, name: str) -> None:
        if self.is_writable:
            try:
                os.utime(f"{self._root}/{name}")
            except OSError:
                return

    def give_up(self, why: str) -> None:
        """Write nothing more in this run, and say why, once."""
        if self.is_writable:
            self.is_writable = False
            self._warn(
                f"cannot write to the cache {self._root}: {why}; going on without it"
            )


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def make_folder(path: str) -> None:
    """Make a private folder and what it stands in; nothing if it is there.

    Raises:
        OSError: it cannot be made.
    """
    try:
        os.mkdir(path, _PRIVATE_FOLDER)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(os.path.dirname(path))
        try:
            os.mkdir(path, _PRIVATE_FOLDER)
        except FileExistsError:  # another process was faster
            return
