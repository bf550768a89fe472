"""What a helper or provider answers, checked: one form for all of them.

For: rule R3.7 of docs/auth.md; the answers of docs/providers.md, of keyring's JSON and
of files that hold more than a secret.
Does not know: who answered, clocks.
Shape: text or mapping -> `Provided`, None for "nothing here". Messages never show what
was answered.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.url import Secret
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.auth.scheme import Kind

REFRESH_AHEAD = 60.0
"""Seconds before its end at which a credential is asked for anew."""


class InvalidAnswer(InputError):
    """An answer is not in the form of docs/providers.md."""

    code = "invalid-credential-answer"


@value
class Provided:
    """A login as it was answered."""

    username: str | None
    """None if the answer names no user."""
    secret: Secret
    kind: Kind = "basic"
    expires: float | None = None
    """Seconds since 1970."""


def parse_answer(text: bytes) -> Provided | None:
    """Parse the one line that a program answered; None for "nothing here".

    Raises:
        InvalidAnswer: it is not such a line, or tells of an error.
    """
    import json

    line = strip_line_end(text)
    if not line.strip():
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidAnswer("it answered something that is not JSON") from None
    if found is None:
        return None
    if not isinstance(found, dict):
        raise InvalidAnswer("it answered JSON that is not an object")
    return read_answer(found)


def read_answer(found: Mapping[str, object]) -> Provided | None:
    """Read an answer; None for "nothing here".

    Raises:
        InvalidAnswer: a field is missing or has another type; or `error` is there.
    """
    if "error" in found:
        raise InvalidAnswer(f"it says: {_printable(found['error'])}")
    token, password = found.get("token"), found.get("password")
    username = found.get("username")
    if token is None and password is None:
        if username is None:
            return None
        raise InvalidAnswer("it answered a `username` without a `password`")
    if token is not None and password is not None:
        raise InvalidAnswer("it answered both `token` and `password`")
    for key, each in (("token", token), ("password", password)):
        if each is not None and type(each) is not str:
            raise InvalidAnswer(f"it answered a `{key}` that is not a text")
    if username is not None and type(username) is not str:
        raise InvalidAnswer("it answered a `username` that is not a text")
    expires = parse_time(found["expires"]) if found.get("expires") is not None else None
    if token is not None:
        return Provided(None, Secret(str(token)), "bearer", expires)
    if not password:
        return None
    return Provided(username, Secret(str(password)), "basic", expires)


def parse_time(found: object) -> float:
    """Read a time: seconds since 1970, or ISO 8601 with a zone (UTC without one).

    Raises:
        InvalidAnswer: it is neither.
    """
    from datetime import UTC, datetime

    if type(found) in (int, float):
        seconds = float(str(found))
        if seconds != seconds:  # noqa: PLR0124  # not a number
            raise InvalidAnswer("it answered an `expires` that is no time")
        return seconds
    try:
        moment = datetime.fromisoformat(str(found))  # or one already, from a provider
    except ValueError:
        raise InvalidAnswer("it answered an `expires` that is no time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def strip_line_end(text: bytes) -> bytes:
    """Take exactly one line terminator off the end (pain E11)."""
    if text.endswith(b"\r\n"):
        return text[:-2]
    return text[:-1] if text.endswith(b"\n") else text


def _printable(found: object) -> str:
    text = "".join(mark if mark.isprintable() else " " for mark in str(found))
    return text[:200]
