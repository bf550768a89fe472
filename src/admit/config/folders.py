"""Where this user's credentials and admit's memory are.

For: `ADMIT_CREDENTIALS_DIR`, `ADMIT_STATE_DIR`, and the XDG folders.
Does not know: what is in them. Nothing is made here.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.config.settings import Settings


def credentials_dir(settings: Settings) -> str:
    """Return the folder of the store of credentials."""
    return _folder(settings, "ADMIT_CREDENTIALS_DIR", "XDG_DATA_HOME", "share")


def state_dir(settings: Settings) -> str:
    """Return the folder of what admit remembers; it is no cache."""
    return _folder(settings, "ADMIT_STATE_DIR", "XDG_STATE_HOME", "state")


def _folder(settings: Settings, own: str, shared: str, name: str) -> str:
    environ = settings.environ
    if environ.get(own):
        return settings.path(environ[own])
    base = environ.get(shared)
    if not base:
        base = environ.get("LOCALAPPDATA") if os.name == "nt" else None
    return os.path.join(base or os.path.join(settings.home, ".local", name), "admit")
