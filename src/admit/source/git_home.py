"""A home for git that is the user's, without its netrc.

For: a login in a URL, which has to win. git lets libcurl look into `~/.netrc` before it
asks any helper, whoever is named there: it would speak as somebody else, or spend a
failed login on it. Nothing but the place of the home turns that off.
Does not know: logins.
Shape: a folder of links to all that is in the home, but for netrc. No secret is in it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NETRC = (".netrc", "_netrc")


def home_without_netrc(environ: Mapping[str, str], folder: str) -> str | None:
    """Return the path of such a home; None if the user's own will do.

    Args:
        environ: the variables of git.
        folder: where it is made, or brought up to date.

    Raises:
        OSError: it cannot be made.
    """
    home = os.path.abspath(environ.get("HOME") or os.path.expanduser("~"))
    has_netrc = any(os.path.lexists(f"{home}/{name}") for name in _NETRC)
    if os.name != "posix" or not has_netrc:
        return None
    os.makedirs(folder, mode=0o700, exist_ok=True)
    wanted = set(os.listdir(home)).difference(_NETRC)
    for name in os.listdir(folder):
        path = f"{folder}/{name}"
        # What is no link was made there by a program of the user.
        if os.path.islink(path) and (
            name not in wanted or os.readlink(path) != f"{home}/{name}"
        ):
            _unlink(path)
    for name in wanted:
        try:
            os.symlink(f"{home}/{name}", f"{folder}/{name}")
        except FileExistsError:  # of before, or of another process
            continue
    return os.path.abspath(folder)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
