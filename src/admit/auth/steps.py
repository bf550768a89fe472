"""What the decision asks for, and what it ends with.

For: the vocabulary between auth.flow and whoever drives it (net.client, tests).
Does not know: how any of it is carried out.
Shape: `Ask` in; `Gather`, `Send`, `Hold`, `Wait`, `Warn` out, one at a time, each
answered; `Answered` at the end.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.auth.answers import Reply
    from admit.auth.ledger import Key
    from admit.auth.query import Query
    from admit.auth.scheme import Credential
    from admit.auth.scope import Provenance
    from admit.spec.url import Url


@value
class Ask:
    """One request, as the decision sees it."""

    url: Url
    provenance: Provenance
    is_partial: bool = False
    """A HEAD or a range of a file: the caller can get the whole instead."""
    is_pinned: bool = False
    """The user supplied the hash of this file."""
    must_stay: str | None = None
    """Why a listing counts only from the source's own origins (rule R6)."""


@value
class Gather:
    """Ask the sources of credentials; answered by `Found`."""

    query: Query


@value
class Send:
    """Send a request; answered by `Reply`, or by the error that came instead."""

    url: Url
    provenance: Provenance
    credential: Credential | None


@value
class Hold:
    """Wait until `Ledger.is_open(key)`; answered by None."""

    key: Key


@value
class Wait:
    """Wait; answered by None."""

    seconds: float


@value
class Warn:
    """Tell the user; answered by None."""

    text: str


Step = Gather | Send | Hold | Wait | Warn


@value
class Answered:
    """The answer a request came to."""

    reply: Reply
    status: int
    """The reply's, or 404 for an ignored code."""
    url: Url
    """The final one, without userinfo."""
    credential: Credential | None
    """What the first hop of the last trip carried: who asked."""
    is_foreign: bool
    """It came from none of the source's origins."""
