"""What is built: one source tree.

For: the values that every part of a build speaks of.
Does not know: how the tree came to be there.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.spec.names import NormalizedName
    from admit.spec.url import Url
    from admit.spec.version import Version

    Kind = Literal["wheel", "editable"]
    """What is made of a tree: a wheel of its files, or one that leads to them."""
    Step = Literal["environment", "requirements", "metadata", "wheel"]
    """What takes time: making the environment, filling it, running the backend."""


@value
class Tree:
    """A source tree on this machine."""

    folder: str
    """Absolute; holds pyproject.toml or setup.py. Backends may write into it."""
    shown: str
    """Where it is from, for messages: "widget-1.0.tar.gz". No secret in it."""
    name: NormalizedName | None = None
    """What it has to be; None if only the tree tells."""
    version: Version | None = None
    is_sdist: bool = False
    """It was unpacked from a source distribution: its PKG-INFO counts (PEP 643)."""
    place: Url | None = None
    """Where the user had it from, by his own word; None for what an index lists."""

    @property
    def title(self) -> str:
        """What messages call it: "widget 1.0", or where it is from."""
        if self.name is None:
            return self.shown
        return self.name if self.version is None else f"{self.name} {self.version}"

    @property
    def described(self) -> str:
        """Like "widget 1.0 from widget-1.0.tar.gz"."""
        is_known = self.name is not None and self.title != self.shown
        return f"{self.title} from {self.shown}" if is_known else self.shown
