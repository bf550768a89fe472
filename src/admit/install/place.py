"""Putting a file of the cache into an environment: clone, hard link, copy, ...

For: the cheapest way that the two file systems allow, found out once.
Does not know: plans, the journal.
Shape: `Placer(mode).place(source, destination)`; the destination does not exist.
"auto" shares blocks where the file system can (a clone may be edited without
changing the cache), else makes hard links, else copies.
"""

from __future__ import annotations

import errno
import os
import sys

from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    LinkMode = Literal["auto", "clone", "hardlink", "copy", "symlink", "move"]

_IMPOSSIBLE = frozenset(
    (
        errno.EXDEV,
        errno.EPERM,
        errno.EACCES,
        errno.ENOTSUP,
        errno.EOPNOTSUPP,
        errno.ENOSYS,
        errno.EINVAL,
        errno.ENOTTY,
        errno.EBADF,
    )
)
_FICLONE = 0x40049409
_PIECE = 1 << 20


class CacheDamaged(EnvironmentProblem):
    """A file that the cache promised is not there."""

    code = "cache-damaged"


class Placer:
    """Remembers which way works; "move" takes the file out of its folder."""

    def __init__(self, mode: LinkMode) -> None:
        self.mode: LinkMode = "clone" if mode == "auto" else mode
        """What is used now."""
        self._is_auto = mode == "auto"
        self._place = self._way(self.mode)
        self.warnings: list[str] = []
        """At most one: that copies are made instead of what was asked for."""

    def place(self, source: str, destination: str) -> None:
        """Make `destination` out of `source`.

        Raises:
            CacheDamaged: there is no such source.
            OSError: the system refuses.
        """
        try:
            self._place(source, destination)
        except OSError as error:
            if error.errno == errno.ENOENT and not os.path.lexists(source):
                raise CacheDamaged(
                    f"the cache has lost the file {source}",
                    fix="run `admit cache clean`, then the command again",
                ) from error
            if error.errno == errno.EMLINK:
                copy_file(source, destination)
            elif error.errno in _IMPOSSIBLE and self.mode != "copy":
                self._fall_back(error)
                self.place(source, destination)
            else:
                raise

    def _fall_back(self, error: OSError) -> None:
        is_hidden = self._is_auto and self.mode == "clone"
        if not is_hidden:
            self.warnings.append(
                f"files are copied: {self.mode} is impossible here ({error.strerror}); "
                "a cache on the environment's file system is faster"
            )
        self.mode = "hardlink" if is_hidden else "copy"
        self._place = self._way(self.mode)

    @staticmethod
    def _way(mode: LinkMode) -> Callable[[str, str], None]:
        ways: dict[str, Callable[[str, str], None]] = {
            "clone": clone_file,
            "hardlink": os.link,
            "symlink": os.symlink,
            "move": os.rename,
        }
        return ways.get(mode, copy_file)


def copy_file(source: str, destination: str) -> None:
    """Copy content and permission bits."""
    with open(source, "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        target = _create(destination, status.st_mode & 0o777)
        try:
            left = status.st_size
            while left > 0 and (count := _copy_piece(file.fileno(), target, left)):
                left -= count
        finally:
            os.close(target)


if sys.platform == "linux":

    def clone_file(source: str, destination: str) -> None:
        """Share the blocks of a file (Btrfs, XFS, bcachefs)."""
        import fcntl

        with open(source, "rb", buffering=0) as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            target = _create(destination, mode)
            try:
                fcntl.ioctl(target, _FICLONE, file.fileno())
            except OSError:
                os.unlink(destination)
                raise
            finally:
                os.close(target)

    def _copy_piece(source: int, target: int, count: int) -> int:
        return os.sendfile(target, source, None, min(count, 1 << 30))

else:

    def clone_file(source: str, destination: str) -> None:
        """Share the blocks of a file (APFS)."""
        if sys.platform != "darwin":
            raise OSError(errno.ENOTSUP, "files cannot be cloned")
        import ctypes

        library = ctypes.CDLL(None, use_errno=True)
        if library.clonefile(os.fsencode(source), os.fsencode(destination), 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), destination)

    def _copy_piece(source: int, target: int, count: int) -> int:
        piece = os.read(source, min(count, _PIECE))
        written = 0
        while written < len(piece):
            written += os.write(target, piece[written:])
        return written


def write_file(destination: str, content: bytes, *, is_executable: bool) -> None:
    """Write a new file."""
    target = _create(destination, 0o777 if is_executable else 0o666)
    try:
        written = 0
        while written < len(content):
            written += os.write(target, content[written:])
    finally:
        os.close(target)


def _create(path: str, mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, mode)
