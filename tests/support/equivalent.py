"""Changes that change nothing, and why: by module, as "function: before => after"."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {
    "auth/flow": {
        "_Conversation._answered: is_page and trip.owner == 'link' and "
        "(trip.last is not None) => is_page and trip.owner == 'link'": (
            "an owner is named only where there is a credential; said for the checker"
        ),
    },
}
