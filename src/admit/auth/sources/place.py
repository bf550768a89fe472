"""What a place of credentials is asked and answers.

For: every place rule R3 of docs/auth.md lists; `Search` asks them in order.
Does not know: any place, precedence.
Shape: `Question` in; `Complete`, `UserOnly`, `Unusable` or `Missing` out.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.query import Problem, Query, Stage
    from admit.auth.scheme import Credential
    from admit.spec.url import Origin


@value
class SearchOptions:
    """What may be asked."""

    use_netrc: bool = True
    """False with `--no-netrc`."""
    plain_http_hosts: tuple[str, ...] = ()
    """Hosts that may receive ambient credentials over plain http."""
    origins: tuple[Origin, ...] = ()
    """Of the configured sources."""


@value
class Question:
    """A query, and the user name that a higher place has made known."""

    query: Query
    username: str | None = None


@value
class Complete:
    """A credential."""

    credential: Credential


@value
class UserOnly:
    """Half a credential: who, but not the secret."""

    username: str
    outcome: str


@value
class Unusable:
    """There is one, but it may not or cannot be used."""

    problem: Problem


@value
class Missing:
    """Nothing here."""

    outcome: str
    """"" if there is nothing to say of a place either."""


Answer = Complete | UserOnly | Unusable | Missing


@value
class Place:
    """One place to ask."""

    rank: int
    """Its number in rule R3."""
    name: str
    ask: Callable[[Question], Answer]
    stages: tuple[Stage, ...] = ("source", "challenged")
    """When it is asked."""
    is_explicit: bool = False
    """What it holds was given for this source, so public ones ask it too."""
    is_first_under_always: bool = False
    """Under policy `always` it is asked before the first request as well."""
    is_last_resort: bool = False
    """It is asked before the first request too, if an error would follow."""
