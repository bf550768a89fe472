"""Whether an environment waits to be recovered.

For: every command that looks at an environment; one look at the disk, and next to
nothing to import.
Does not know: how to recover (`install.journal`).
"""

from __future__ import annotations

import os

JOURNAL = ".admit-journal"
"""The folder beside the packages that tells of a change under way."""


def has_journal(site: str) -> bool:
    """Whether a change was interrupted, or is going on: one look at the disk."""
    try:
        os.lstat(f"{site}/{JOURNAL}")
    except OSError:
        return False
    return True
