"""The folder of a tree in which the project is.

For: `#subdirectory=`, which comes from whoever wrote the URL, in a tree that comes from
somebody else: together they must not lead anywhere outside.
Does not know: where the tree came from.
"""

from __future__ import annotations

import os

from admit.errors import IntegrityError


class NoSuchSubdirectory(IntegrityError):
    """The tree has no such folder, or it is a link that leaves the tree."""

    code = "no-such-subdirectory"


def find_project(tree: str, subdirectory: str | None) -> str:
    """Return the folder of the project in a tree.

    `subdirectory`: as `spec.vcs` gives it: relative, without `..`.

    Raises:
        NoSuchSubdirectory: there is no such folder in it.
    """
    if subdirectory is None:
        return tree
    folder = f"{tree}/{subdirectory}"
    inner, outer = os.path.realpath(folder), os.path.realpath(tree)
    if not inner.startswith(outer + os.sep):
        raise NoSuchSubdirectory(
            f"the folder {subdirectory} is outside of the source tree",
            why=f"a link in {tree} leads to {inner}",
        )
    if not os.path.isdir(inner):
        names = sorted(each for each in os.listdir(tree) if not each.startswith("."))
        raise NoSuchSubdirectory(
            f"the source tree has no folder {subdirectory}",
            why=f"it holds {', '.join(names[:12]) or 'nothing'}",
            fix="correct #subdirectory= in the URL",
        )
    return folder
