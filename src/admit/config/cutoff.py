"""`--exclude-newer`: dates, times and ages made into one moment.

For: turning what people write into the moment before which a file must have been
uploaded. Does not know: indexes, files; the clock is handed in.
Shape: "2024-05-01", "2024-05-01T12:00:00Z", "7 days", "P7D" -> text as in
`index.simple`: UTC, ISO 8601, without a zone, so that moments compare as texts.
Theory: a date means its whole day, in the time zone of this machine.
"""

from __future__ import annotations

import re

from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime

_AGE = re.compile(
    r"(\d+)\s*(s|sec|m|min|h|hour|d|day|w|week|second|minute)s?(?:\s+ago)?"
)
_ISO_AGE = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class InvalidCutoff(UsageError):
    """A text is no date, time or age."""

    code = "invalid-exclude-newer"


def parse_cutoff(text: str, origin: str, now: datetime) -> str:
    """Return the moment a text means, for comparing with upload times.

    `now` has a time zone, which dates and times without one are in.

    Raises:
        InvalidCutoff: it cannot be understood, or lies beyond the calendar.
    """
    from datetime import UTC

    try:
        moment = _moment(text.strip(), now)
        if moment is not None:
            return moment.astimezone(UTC).isoformat().partition("+")[0]
    except (ValueError, OverflowError):
        pass
    raise InvalidCutoff(
        f"{origin}: {text!r} is no date",
        why="a date is 2024-05-01, a time 2024-05-01T12:00:00Z, an age '7 days' or P7D",
    )


def _moment(text: str, now: datetime) -> datetime | None:
    from datetime import date, datetime, time, timedelta

    age = _age(text)
    if age is not None:
        return now - timedelta(seconds=age)
    if len(text) <= len("2024-05-01"):
        following = date.fromisoformat(text) + timedelta(days=1)
        return datetime.combine(following, time(), now.tzinfo)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=now.tzinfo)


def _age(text: str) -> int | None:
    """The seconds of `7 days` or `P7D`; None if it is no age."""
    if match := _AGE.fullmatch(text.lower()):
        return int(match[1]) * _SECONDS[match[2][0]]
    match = _ISO_AGE.fullmatch(text.upper())
    if match is None or not any(match.groups()):
        return None
    units = ("w", "d", "h", "m", "s")
    pairs = zip(units, match.groups(default="0"), strict=True)
    return sum(int(number) * _SECONDS[unit] for unit, number in pairs)
