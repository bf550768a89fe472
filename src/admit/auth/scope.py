"""Where a credential may go: sources, provenance, origins, redirects.

For: the one place that decides whether a request carries a credential (rule R4 of
docs/auth.md), and where a redirect may lead (R5). Pure functions over values.
Does not know: where secrets come from, how they are sent, what servers answer.
Shape: `decide(...)` -> `Attach` | `Withhold` | `AskHost`; `follow(...)` -> `Hop` |
`Refused`.
Theory of operation: a credential belongs to a *source*. A request carries it if it
serves that source and stays on its origin; nothing else is looked at, no other
source, no host, no path. A foreign origin is asked about anew, by its exact host.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.url import InvalidUrl, parse_url
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from typing import Literal

    from admit.auth.scheme import Credential
    from admit.spec.url import Origin, Secret, Url, Userinfo

    Policy = Literal["auto", "always", "never", "external"]
    Purpose = Literal["listing", "metadata", "file", "requirements", "probe", "check"]
    SourceKind = Literal["index", "find-links", "requirements", "direct"]
    SourceKey = tuple[str, str | None, Userinfo | None]

POLICIES: tuple[Policy, ...] = ("auto", "always", "never", "external")
MOST_HOPS = 10
"""Redirects followed for one request (rule R5)."""


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
    refused_files: Literal["error", "skip"] | None = None
    """What a 403 to its accepted credential for one file does to that version."""
    probe: str | None = None
    """A project that every accepted caller can see (R1, confirmed)."""
    cache_control: str | None = None
    """The user's own freshness rule for listings, e.g. "max-age=600"."""
    client_cert: str | None = None
    """A PEM file, its key in it, shown to the source's own origins only."""
    client_key: str | None = None
    """Its key, where it has a file of its own."""
    client_key_password: Secret | None = None
    """Of an encrypted key."""
    ca_cert: str | None = None
    """A PEM file of the authorities that are trusted for those, and no others."""
    proxy: Url | Literal["direct"] | None = None
    """The proxy for those, in place of the run's; "direct" for none."""
    helper: tuple[str, ...] = ()
    """The command that is asked for its credential (docs/providers.md)."""
    headers: tuple[tuple[str, str], ...] = ()
    """Names of headers and references to their values, such as `env:NAME`."""

    @property
    def label(self) -> str:
        """How messages call it: its name, else its URL without userinfo."""
        return self.name or self.url.text

    @property
    def key(self) -> SourceKey:
        """What is kept about a source during a run is kept under this."""
        return (self.url.key, self.name, self.url.userinfo)


@value
class Provenance:
    """Whom a request serves; no request travels without one (R1)."""

    source: Source
    purpose: Purpose
    hop: int = 0
    """Redirects followed so far."""


@value
class Attach:
    """Send this credential."""

    credential: Credential
    owner: Literal["source", "link"]
    """Whose it is; a refusal is a fact about that owner."""


@value
class Withhold:
    """Send no credential."""

    reason: str


@value
class AskHost:
    """Look up the exact host of this origin, in store and netrc `machine` entries."""

    origin: Origin


Decision = Attach | Withhold | AskHost


@value
class Scope:
    """What is known about a source when one of its requests is decided."""

    credential: Credential | None = None
    """The source's own, gathered before its first request."""
    upgraded: Collection[Origin] = ()
    """https origins that its http origin redirected to."""
    granted: Credential | None = None
    """From the `Location` of the page that listed this file, for its origin."""
    public: tuple[Source, ...] = ()
    """The public sources of this run."""


@value
class Hop:
    """A redirect that may be followed."""

    url: Url
    provenance: Provenance
    upgraded: Origin | None = None
    """An https origin that from now on counts as the source's own."""


@value
class Refused:
    """A redirect that must not be followed."""

    reason: str
    fix: str | None = None


def decide(url: Url, link: Credential | None, source: Source, scope: Scope) -> Decision:
    """Decide which credential one request carries (rule R4).

    Args:
        url: where the request goes, this hop.
        link: the userinfo that the URL itself carries (a link, a `Location`).
        source: whom the request serves.
        scope: what is known about that source.
    """
    if source.policy in ("never", "external"):
        return Withhold(f"policy is {source.policy}")
    if is_signed(url):
        return Withhold("the URL is signed")
    if link is not None:
        return Attach(link, "link")
    if url.origin in own_origins(source, scope.upgraded) and scope.credential:
        return Attach(scope.credential, "source")
    if scope.granted is not None:
        return Attach(scope.granted, "link")
    if url.origin in own_origins(source, scope.upgraded):
        return Withhold("the source has no credential")
    if source.is_public or is_public(url, scope.public):
        return Withhold("the target is public")
    return AskHost(url.origin)


def as_nobody(source: Source) -> Source:
    """Return a source as a caller asks it who has nothing to show.

    For comparing answers (`admit auth check`): no credential, header, certificate or
    setting of the source has anything to do with it.
    """
    return Source(
        source.url.without_userinfo(),
        kind=source.kind,
        policy="never",
        ca_cert=source.ca_cert,
        proxy=source.proxy,
    )


def own_origins(
    source: Source, upgraded: Collection[Origin] = ()
) -> tuple[Origin, ...]:
    """Return the origins that receive a source's credential and are not foreign.

    An http origin never counts for an https source, even if configured: what was
    given for https does not travel in clear (pain B6).
    """
    home = source.url.origin
    others = (*source.credential_origins, *upgraded)
    return (
        home,
        *(each for each in others if home.scheme != "https" or each.scheme == "https"),
    )


def is_signed(url: Url) -> bool:
    """Tell whether a URL carries its own permission in the query (pain C3)."""
    names = {part.partition("=")[0].lower() for part in url.query.split("&")}
    if "x-amz-signature" in names or "x-goog-signature" in names:
        return True
    if "signature" in names and names & {"expires", "key-pair-id"}:
        return True
    return "sig" in names and bool(names & {"se", "sv"})


def is_public(url: Url, public: Iterable[Source]) -> bool:
    """Tell whether a URL lies in the realm of a public source.

    That is its URL, less a last `/simple` segment: an index's other pages are as
    public as its listings.
    """
    return any(is_below(url, _trunk(source.url)) for source in public)


def is_below(url: Url, base: Url) -> bool:
    """Tell whether a URL lies at or below another, by whole path segments (B4)."""
    if url.origin != base.origin:
        return False
    have, want = _segments(url), _segments(base)
    if any(segment.lower() in _DOTS for segment in have):
        return False
    return have[: len(want)] == want


def source_of(url: Url, sources: Sequence[Source]) -> Source:
    """Return the source that a direct URL serves (rule R4, first point).

    The configured source with the longest path above it (B5); else it is its own, as
    is a URL that brings a credential of its own.
    """
    above = [source for source in sources if is_below(url, source.url)]
    if above:
        best = max(above, key=lambda source: len(_segments(source.url)))
        if link_userinfo(url, best) is None:
            return best
    return Source(url.without_fragment(), kind="direct")


def merge_sources(sources: Iterable[Source]) -> tuple[Source, ...]:
    """Make one of sources that are equal but for userinfo and slash (pain B8).

    The first one's place and settings stay; a name, the most complete userinfo and
    a policy are taken from later ones where the first has none.
    """
    merged: dict[str, Source] = {}
    for source in sources:
        known = merged.get(source.url.key)
        merged[source.url.key] = _merge(known, source) if known else source
    return tuple(merged.values())


def link_userinfo(url: Url, source: Source) -> Userinfo | None:
    """Return the userinfo that is a URL's own, not its source's repeated."""
    is_sources = url.origin == source.url.origin and url.userinfo == source.url.userinfo
    return None if is_sources else url.userinfo


def plain_http_problem(
    credential: Credential, origin: Origin, allowed_hosts: Collection[str] = ()
) -> str | None:
    """Say why an ambient credential may not go to an origin in clear (pain I7)."""
    if not credential.is_ambient or origin.scheme == "https":
        return None
    allowed = {host.lower() for host in allowed_hosts}
    if origin.is_loopback or allowed & {origin.host, f"{origin.host}:{origin.port}"}:
        return None
    return f"the credential from {credential.provider} is not sent over plain http"


def is_exposed(origin: Origin) -> bool:
    """Tell whether a credential sent to an origin can be read on its way."""
    return origin.scheme != "https" and not origin.is_loopback


def follow(url: Url, provenance: Provenance, location: str) -> Hop | Refused:
    """Decide whether and where a redirect leads (rule R5).

    Args:
        url: what was asked.
        provenance: for whom; the source stays, the hop count grows.
        location: the value of `Location`, byte for byte.
    """
    if provenance.hop >= MOST_HOPS:
        return Refused(f"more than {MOST_HOPS} redirects")
    try:
        target = url.join(location)
    except InvalidUrl:
        return Refused("it redirects to something that is not a URL")
    if target.scheme not in ("http", "https"):
        return Refused(f"it redirects to a {target.scheme}: URL")
    if url.scheme == "https" and target.scheme == "http":
        return Refused(
            f"it redirects from https to plain http ({target.origin})",
            "give an https address that stays https; who runs the index can let it "
            "redirect to https",
        )
    upgraded = None
    if (
        url.scheme == "http"
        and target.scheme == "https"
        and url.host == target.host
        and url.origin in own_origins(provenance.source)
    ):
        upgraded = target.origin
    return Hop(target, replace(provenance, hop=provenance.hop + 1), upgraded)


@value
class AuthenticateRule:
    """One `--authenticate` value: which sources, which policy."""

    pattern: str | None
    """None for every source that is not public."""
    policy: Policy
    origin: str = ""
    """Where it was given; for messages."""


class InvalidAuthenticate(InputError):
    """A value of `--authenticate` is not understood."""

    code = "invalid-authenticate"


def parse_authenticate(text: str) -> AuthenticateRule:
    """Parse `POLICY`, `NAME=POLICY` or `URL-OR-HOST-GLOB=POLICY` (rule R2).

    Raises:
        InvalidAuthenticate: the policy is unknown or the pattern empty.
    """
    pattern, equals, word = text.strip().rpartition("=")
    policy = parse_policy(word)
    if equals and not pattern.strip():
        raise InvalidAuthenticate(f"no source before '=' in {text!r}")
    return AuthenticateRule(pattern.strip() or None, policy)


def parse_policy(word: str) -> Policy:
    """Parse the name of a policy, in any case.

    Raises:
        InvalidAuthenticate: there is no such policy.
    """
    for policy in POLICIES:
        if policy == word.strip().lower():
            return policy
    raise InvalidAuthenticate(
        f"unknown authentication policy {word.strip()!r}",
        why="the policies are " + ", ".join(POLICIES),
        fix="write for instance `--authenticate always` or `corp=always`",
    )


def policy_of(source: Source, rules: Iterable[AuthenticateRule]) -> Policy:
    """Return a source's policy under rules given in rising precedence.

    The most precise rule wins (a name or URL, a glob, all), the last one of equals.
    """
    rule = deciding_rule(source, rules)
    return source.policy if rule is None else rule.policy


def deciding_rule(
    source: Source, rules: Iterable[AuthenticateRule]
) -> AuthenticateRule | None:
    """Return the rule that decides a source's policy, None if none speaks of it."""
    best, found = -1, None
    for rule in rules:
        precision = _precision(rule, source)
        if precision is not None and precision >= best:
            best, found = precision, rule
    return found


def _precision(rule: AuthenticateRule, source: Source) -> int | None:
    pattern = rule.pattern
    if pattern is None:
        return None if source.is_public else 0
    if source.name is not None and pattern.lower() == source.name.lower():
        return 3
    if "://" not in pattern:
        origin = source.url.origin
        hosts = (origin.host, f"{origin.host}:{origin.port}")
        is_match = any(_is_glob_match(pattern.lower(), host) for host in hosts)
    elif "*" in pattern:
        is_match = _is_glob_match(pattern.rstrip("/"), source.url.key)
    else:
        try:
            return 2 if is_below(source.url, parse_url(pattern)) else None
        except InvalidUrl:
            return None
    return 1 if is_match else None


def _is_glob_match(pattern: str, text: str) -> bool:
    """Match with `*` for any run of characters."""
    head, *middle = pattern.split("*")
    if not middle:
        return text == head
    if not text.startswith(head):
        return False
    *middle, tail = middle
    at = len(head)
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(tail) >= at and text.endswith(tail)


def _merge(first: Source, second: Source) -> Source:
    mine, other = first.url.userinfo, second.url.userinfo
    is_same_user = mine is None or (other and other.username == mine.username)
    userinfo = max(mine, other, key=_completeness) if is_same_user else mine
    bare = first.url.without_userinfo()
    return replace(
        first,
        url=type(bare)(bare.text, bare.origin, userinfo),
        name=first.name or second.name,
        policy=second.policy if first.policy == "auto" else first.policy,
        is_public=first.is_public or second.is_public,
        credential_origins=first.credential_origins or tuple(second.credential_origins),
    )


def _completeness(userinfo: Userinfo | None) -> int:
    if userinfo is None:
        return 0
    if userinfo.password is None:
        return 1
    return 2 if userinfo.username or userinfo.password else 0


_DOTS = frozenset(("..", ".", "%2e", "%2e%2e", ".%2e", "%2e."))


def _segments(url: Url) -> list[str]:
    return url.path.strip("/").split("/") if url.path.strip("/") else []


def _trunk(url: Url) -> Url:
    """Return an index URL without a last `simple` or `+simple` segment."""
    head, _, last = url.path.rstrip("/").rpartition("/")
    if last in ("simple", "+simple"):
        return url.join(head + "/")
    return url
