"""One command at a time may change an environment.

For: excluding other processes while a plan is applied or a journal recovered.
Does not know: what is done under the lock.
Shape: `with lock_environment(folder): ...`. On POSIX the folder of the packages
itself is locked, which leaves no file behind and works where nothing may be written;
where the file system cannot lock folders, and on Windows, a file in it is.
"""

from __future__ import annotations

import errno
import os
import sys
import time

from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LOCK_FILE = ".admit.lock"
_PATIENCE = 0.5
"""Seconds before whoever waits is told so."""
_CANNOT_LOCK = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class EnvironmentBusy(EnvironmentProblem):
    """Another process is changing the environment."""

    code = "environment-busy"


class lock_environment:  # noqa: N801  # used like a function, in `with`
    """Hold the lock of the environment whose packages are in `folder`.

    `on_wait` is called once if another process holds it for more than a moment. With
    `may_wait=False` a held lock raises EnvironmentBusy at once.
    """

    def __init__(
        self,
        folder: str,
        *,
        on_wait: Callable[[], None] | None = None,
        may_wait: bool = True,
    ) -> None:
        self._folder = folder
        self._on_wait = on_wait
        self._may_wait = may_wait
        self._descriptor = -1

    def __enter__(self) -> None:
        try:
            self._lock_folder()
        except OSError as error:
            if error.errno not in _CANNOT_LOCK and sys.platform != "win32":
                raise
            self._lock_file()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing the descriptor lets go of the lock.
        os.close(self._descriptor)

    def _lock_folder(self) -> None:
        if sys.platform == "win32":
            raise OSError(errno.ENOTSUP, "folders cannot be locked")
        self._acquire(os.open(self._folder, os.O_RDONLY))

    def _lock_file(self) -> None:
        path = f"{self._folder}/{LOCK_FILE}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._acquire(descriptor)
        except OSError as error:
            if error.errno not in _CANNOT_LOCK:
                raise
            # No kind of lock works here: go on as other installers do.
            self._descriptor = os.open(path, os.O_RDWR)

    def _acquire(self, descriptor: int) -> None:
        try:
            self._wait_for(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def _wait_for(self, descriptor: int) -> None:
        started = time.monotonic()
        has_told = False
        while not _try_lock(descriptor):
            if not self._may_wait:
                raise EnvironmentBusy(
                    f"another process is changing the environment {self._folder}"
                )
            waited = time.monotonic() - started
            if waited > _PATIENCE and not has_told:
                has_told = True
                if self._on_wait:
                    self._on_wait()
            time.sleep(0.02 if waited < 1 else 0.1)


if sys.platform == "win32":

    def _try_lock(descriptor: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:

    def _try_lock(descriptor: int) -> bool:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
