"""What has to be known of an interpreter to tell which wheels fit it.

For: `env.interpreter`, which finds it out, and `env.supported`, which draws the
conclusions. Apart from both, because most commands need no conclusions.
Does not know: tags.
"""

from __future__ import annotations

from admit.value import value


@value
class Facts:
    """What has to be known of an interpreter and its system."""

    implementation: str
    """`sys.implementation.name`, lower case."""
    python: tuple[int, int]
    platform: str
    """`sysconfig.get_platform()`."""
    pointer_size: int
    """Bytes."""
    extension_suffix: str
    """`EXT_SUFFIX` of sysconfig."""
    is_debug: bool = False
    is_free_threaded: bool = False
    glibc: tuple[int, int] | None = None
    musl: tuple[int, int] | None = None
    is_hard_float: bool = True
    """Whether a 32-bit ARM interpreter follows the ABI that manylinux means."""
    mac: tuple[int, int] | None = None
    machine: str = ""
    """The CPU as macOS names it."""
    manylinux_verdicts: tuple[tuple[int, bool], ...] = ()
    """By minor version of glibc 2, what a `_manylinux` module decided."""
