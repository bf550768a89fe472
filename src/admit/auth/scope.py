"""Where a credential may go: sources, provenance, origins, redirects.

For: the one place that decides whether a request carries a credential (rule R4 of
docs/auth.md).
Does not know: where secrets come from, how they are sent, what servers answer.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.spec.url import Origin, Url

    Policy = Literal["auto", "always", "never", "external"]
    Purpose = Literal["listing", "metadata", "file", "requirements", "probe"]
    SourceKind = Literal["index", "find-links", "requirements", "direct"]


@value
class Source:
    """One configured index, find-links page, requirements file or direct URL (R1)."""

    url: Url
    """As configured, userinfo and `${VAR}` included."""
    name: str | None = None
    """The name of a named index, as typed."""
    kind: SourceKind = "index"
    policy: Policy = "auto"
    is_public: bool = False
    """Nothing ambient is looked up for it or sent to it."""
    credential_origins: tuple[Origin, ...] = ()
    """Other origins that may receive this source's credential."""
    principal: str | None = None
    """A declared identity for the cache, in place of the credential's own."""
    username_is_token: bool = False
    ignore_error_codes: tuple[int, ...] = ()
    """Listing statuses which mean "no such project" on this source."""
    probe: str | None = None
    """A project that every accepted caller can see (R1, confirmed)."""
    cache_control: str | None = None
    """The user's own freshness rule for listings, e.g. "max-age=600"."""

    @property
    def label(self) -> str:
        """How messages call it: its name, else its URL without userinfo."""
        return self.name or self.url.text


@value
class Provenance:
    """Whom a request serves; no request travels without one (R1)."""

    source: Source
    purpose: Purpose
    hop: int = 0
    """Redirects followed so far."""
