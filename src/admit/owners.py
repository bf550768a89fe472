"""Whose files count: not a stranger's, where everybody may leave some.

For: a search from the working folder upwards, which may go through a folder such as
/tmp: what somebody else has put there is not the project's.
Does not know: what kind of file it is, what happens where it does not count.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection


def find_stranger(path: str, cwd: str) -> str | None:
    """Return whose a file or folder is, if it is a stranger's; else None.

    No strangers are the user of this process, root, and whose the working folder is:
    a checkout that is mounted into a container belongs to somebody else as a whole.
    A link counts as what it leads to, too. Systems without owners know no strangers.
    """
    geteuid = getattr(os, "geteuid", None)
    if geteuid is None:
        return None
    try:
        known = (0, geteuid(), os.stat(cwd).st_uid)
        owners = (os.lstat(path).st_uid, os.stat(path).st_uid)
    except OSError:
        return None
    return name_stranger(owners, known)


def name_stranger(owners: Collection[int], known: Collection[int]) -> str | None:
    """Return the name of the first owner that is none of the known ones."""
    for owner in owners:
        if owner not in known:
            return _name_of(owner)
    return None


def _name_of(user: int) -> str:
    try:
        import pwd

        return pwd.getpwuid(user).pw_name
    except (ImportError, KeyError):
        return f"user {user}"
