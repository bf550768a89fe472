"""What a source of credentials is asked, and what it answers.

For: the border between the decision (auth.flow) and the places secrets come from
(auth.sources). Keyring, stores and providers plug in behind it without touching
the decision.
Does not know: any such place.
Shape: `Query` in, `Found` out; `Found.tried` is the evidence, in order.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from admit.auth.scheme import Credential
    from admit.auth.scope import Source
    from admit.spec.url import Url

    Stage = Literal["source", "challenged", "foreign"]


@value
class Query:
    """One question for a credential."""

    source: Source
    url: Url
    """The source's own URL; at stage "foreign" the URL on another origin."""
    stage: Stage = "source"
    """ "source": before the first request. "challenged": after an anonymous 401, when
    netrc's `default` and a prompt may answer too. "foreign": exact host of `url`, in
    store and netrc `machine` entries only."""
    refused: Credential | None = None
    """Ask past every cache: this one was refused."""


_WIDEST = 16
"""Columns for the names of places that share a line."""

EVERYWHERE = "all sources"
"""The provider of an attempt that says why no place was asked at all."""


@value
class Attempt:
    """One place that was asked."""

    provider: str
    outcome: str
    """What it said: "no entry for pypi.corp.example in ~/.netrc", "off"."""

    def __str__(self) -> str:
        return f"{self.provider}: {self.outcome}"


def format_attempts(tried: Iterable[Attempt]) -> list[str]:
    """Return one line a place, aligned; neighbours that say the same share one.

    >>> format_attempts([Attempt("URL", "has none"), Attempt("keyring", "off")])
    ['URL      has none', 'keyring  off']
    """
    groups: list[tuple[str, str]] = []
    for each in tried:
        if groups and groups[-1][1] == each.outcome:
            groups[-1] = f"{groups[-1][0]}, {each.provider}", each.outcome
        else:
            groups.append((each.provider, each.outcome))
    lengths = [len(places) for places, _ in groups]
    width = max((each for each in lengths if each <= _WIDEST), default=0)
    return [
        f"{places:{width}}  {outcome}"
        if len(places) <= _WIDEST
        else f"{places}: {outcome}"
        for places, outcome in groups
    ]


@value
class Problem:
    """A credential exists or is asked for but cannot be used (rule R2)."""

    what: str
    """A clause without the source: "the variable PIP_TOKEN is not set"."""
    fix: str | None = None


@value
class Found:
    """The answer to a `Query`."""

    credential: Credential | None = None
    tried: tuple[Attempt, ...] = ()
    problem: Problem | None = None
    """An error for this source; wins over `credential`."""
    warnings: tuple[str, ...] = ()
    """To be shown once each in a run."""
