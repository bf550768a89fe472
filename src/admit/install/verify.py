"""Whether an unpacked wheel still is what it was.

For: `admit cache verify`.
Does not know: what is to be done about it.
"""

from __future__ import annotations

import hashlib

from admit.install.wheel import read_unpacked
from admit.spec.record import parse_record


def find_damage(place: str) -> str | None:
    """Return what is wrong with the wheel unpacked at `place`; None if nothing is."""
    wheel = read_unpacked(place)
    if wheel is None:
        return "its listing cannot be read"
    for row in parse_record(wheel.record):
        try:
            with open(f"{wheel.tree}/{row.path}", "rb") as file:
                content = file.read()
        except OSError as error:
            return f"{wheel.name} {wheel.version}: {row.path}: {error.strerror}"
        if row.digest is None:
            continue
        found = hashlib.new(row.digest.algorithm, content).hexdigest()
        if found != row.digest.hex:
            return f"{wheel.name} {wheel.version}: {row.path} has changed"
    return None
