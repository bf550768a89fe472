"""Where the parts of a wheel go, and what a distribution owns.

For: the values that `install.plan` needs to know of an environment.
Does not know: how they are found (`env.interpreter`, `env.installed`).
Shape: absolute paths as text, with `/` between parts on every system.
Spec: install schemes of `sysconfig`; PEP 376 for what a distribution owns.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.names import NormalizedName


@value
class Scheme:
    """The folders of one environment, and the interpreter its scripts name."""

    purelib: str
    platlib: str
    scripts: str
    data: str
    headers: str
    """Headers go to a folder below it, named like the distribution."""
    executable: str
    is_windows: bool = False

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders outside of which nothing is written or removed."""
        return (self.purelib, self.platlib, self.scripts, self.data, self.headers)


@value
class OwnedFiles:
    """An installed distribution and the files that go when it goes."""

    name: NormalizedName
    version: str
    files: tuple[str, ...]
    """Absolute, normalised; compiled files of its modules too."""


def join(root: str, path: str) -> str:
    """Put a relative path under a folder and resolve `.` and `..` parts, as text.

    >>> join("/env/lib/python3.12/site-packages", "../../../bin/tool")
    '/env/bin/tool'
    """
    if not ("./" in path or "//" in path or path.startswith("..")):
        return f"{root}/{path}"
    parts = root.split("/")
    for part in path.split("/"):
        if part == "..":
            if len(parts) > 1:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def relative(path: str, start: str) -> str:
    """Return `path` as seen from the folder `start`, as RECORD wants it.

    >>> relative("/env/bin/tool", "/env/lib/python3.12/site-packages")
    '../../../bin/tool'

    Paths that share no part (two drives) stay absolute.
    """
    ours, theirs = path.split("/"), start.split("/")
    shared = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            break
        shared += 1
    if shared == 0:
        return path
    return "/".join([".."] * (len(theirs) - shared) + ours[shared:])


def is_within(path: str, root: str) -> bool:
    """Whether a normalised absolute path lies below a folder.

    >>> is_within("/env/lib64/x", "/env/lib")
    False
    """
    return path.startswith(root.rstrip("/") + "/")
