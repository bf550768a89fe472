"""Small files that only their owner may read: written whole or not at all.

For: the store of credentials, and what is remembered of sources.
Does not know: what is in them.
Shape: `read_private`, and `rewrite` under a lock of its own beside the file.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST = 4 * 1024 * 1024
_PATIENCE = 10.0
"""Seconds to wait for another process that writes."""


class CannotWritePrivately(EnvironmentProblem):
    """A private file refuses to be written."""

    code = "cannot-write-private-file"


def read_private(path: str) -> str | None:
    """Return the text of a file, None if there is none.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not UTF-8, or too long to be one of ours.
    """
    try:
        with open(path, "rb") as stream:
            body = stream.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(body) > LARGEST:
        raise ValueError("it is over 4 MiB long")
    return body.decode()


def is_open_to_others(path: str) -> bool:
    """Tell whether other users of this machine can read a file."""
    try:
        return os.name == "posix" and bool(os.stat(path).st_mode & 0o077)
    except OSError:
        return False


def rewrite(path: str, change: Callable[[str | None], str | None]) -> None:
    """Replace a file's text by what `change` makes of it, one process at a time.

    `change` is given the present text or None; if it returns None, nothing is
    written. The folder is made with mode 0700, the file with 0600.

    Raises:
        CannotWritePrivately: the system refuses.
        OSError, ValueError: the present file cannot be read (see `read_private`).
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        _lock(lock, path)
        text = change(read_private(path))
        if text is not None:
            _replace(path, text.encode())
    finally:
        os.close(lock)


def _replace(path: str, body: bytes) -> None:
    partial = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(partial, flags, 0o600)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        raise _refused(path, error) from error


def _lock(descriptor: int, path: str) -> None:
    try:
        import fcntl
    except ImportError:  # Windows: the replacement is atomic, the last one wins
        return
    import time

    end = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise CannotWritePrivately(
                    f"cannot write {path}: another process holds its lock",
                    fix=f"end that process, or remove {path}.lock if there is none",
                ) from None
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return
        else:
            return


def _refused(path: str, error: OSError) -> CannotWritePrivately:
    return CannotWritePrivately(f"cannot write {path}", why=error.strerror)
