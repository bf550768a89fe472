"""Whether a file can be written, before there is anything to write.

For: `--report` and `--output-file`: a slip in a path is told at once, and not after the
change or the search.
Does not know: what is to be written. A disk may still be full later.
"""

from __future__ import annotations

import errno
import os


def find_obstacle(path: str) -> OSError | None:
    """Return what the system would say if a file were made or replaced there."""
    folder = os.path.dirname(path) or "."
    number = 0
    if os.path.isdir(path):
        number = errno.EISDIR
    elif not os.path.isdir(folder):
        number = errno.ENOTDIR if os.path.exists(folder) else errno.ENOENT
    elif not os.access(folder, os.W_OK | os.X_OK):
        number = errno.EACCES
    return OSError(number, os.strerror(number)) if number else None
