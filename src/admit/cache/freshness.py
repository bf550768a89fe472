"""When a stored page may be used without asking the index again.

For: one decision, as pure functions.
Does not know: the clock, files, who asked.
Rule: pages of a source that is not public are asked for again in every run, whatever
the server says, because what a caller may see changes with permissions (rule R7 of
docs/auth.md). Only the user's own `cache-control` for that source relaxes this.
Spec: RFC 9111, sections 4.2, 5.1 and 5.2.2, for a private cache without heuristics.
"""

from __future__ import annotations

from admit.value import value

_LONGEST = 10 * 365 * 86400


@value
class Directives:
    """What a Cache-Control header, or the user's setting, says."""

    may_store: bool = True
    must_ask: bool = False
    max_age: int | None = None
    """Seconds; None if not stated."""


def parse_cache_control(text: str) -> Directives:
    """Read the directives that concern a private cache; others are ignored."""
    may_store, must_ask = True, False
    max_age: int | None = None
    for part in text.lower().split(","):
        name, _, argument = part.partition("=")
        name, argument = name.strip(), argument.strip().strip('"')
        if name == "no-store":
            may_store = False
        elif name == "no-cache":
            must_ask = True
        elif name == "max-age":
            age = _seconds(argument) or 0
            max_age = age if max_age is None else min(age, max_age)
    return Directives(may_store, must_ask, max_age)


def lifetime_of(cache_control: str | None, age: str | None) -> int:
    """Return how many seconds an answer stays fresh, counted from its arrival.

    Args:
        cache_control: the header, if there was one.
        age: the Age header: seconds it had spent in other caches before.
    """
    directives = parse_cache_control(cache_control or "")
    if directives.must_ask or not directives.may_store:
        return 0
    return max(0, (directives.max_age or 0) - (_seconds(age or "") or 0))


def is_fresh(
    elapsed: float, lifetime: int, *, is_public: bool, own_rule: str | None
) -> bool:
    """Say whether a stored page may be used as it is.

    Args:
        elapsed: seconds since it arrived or was last confirmed; negative where the
            clock was set back.
        lifetime: what the server grants, from `lifetime_of`.
        is_public: the source is public.
        own_rule: the user's `cache-control` for this source; counts instead of the
            server's.
    """
    if elapsed < 0:
        return False
    if own_rule is not None:
        return elapsed < lifetime_of(own_rule, None)
    return is_public and elapsed < lifetime


def _seconds(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    return min(int(text[-12:]) if len(text) <= 12 else _LONGEST, _LONGEST)
