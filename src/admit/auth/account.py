"""An account of one decision: who will ask a source, why, and where that goes.

For: `admit auth explain` (rule R10 of docs/auth.md) and programs that want the same.
Does not know: how it was gathered, transport, how it is printed.
Shape: a source and what was gathered for it -> `Account`; its texts show no secret.
"""

from __future__ import annotations

from admit.auth.scope import is_signed, own_origins
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.auth.query import Attempt, Found, Problem
    from admit.auth.scheme import Credential
    from admit.auth.scope import Source
    from admit.spec.url import Origin, Url

    Outcome = Literal["credential", "anonymous", "external", "error"]

SIGNED = "nothing: the URL is signed, and is its own permission"
_STAYING = ("environment", "URL")
"""Providers that have nothing else to say when they are asked again."""
_AMBIENT = "store, netrc, keyring and providers"


@value
class Account:
    """What will be done for one source, before anything is sent."""

    source: Source
    outcome: Outcome
    decision: str
    """One clause: what every request to the source carries."""
    credential: Credential | None
    problem: Problem | None
    tried: tuple[Attempt, ...]
    """Every place that was asked, in the order of rule R3."""
    later: str | None
    """Who may still be asked after a refusal."""
    origins: tuple[Origin, ...]
    """Who receives the credential; none if there is none."""
    withheld: str
    """Who does not, and what is not looked up."""


def account_of(
    source: Source,
    found: Found,
    problem: Problem | None = None,
    url: Url | None = None,
) -> Account:
    """Put a decision into words.

    Args:
        source: whose.
        found: what gathering gave.
        problem: why there is an error though gathering was well.
        url: the one that it is about, where it is one file.
    """
    problem = found.problem or problem
    is_signed_url = url is not None and is_signed(url) and problem is None
    credential = None if problem or is_signed_url else found.credential
    outcome = _outcome(source, credential, problem)
    return Account(
        source,
        outcome,
        SIGNED if is_signed_url else _decision(source, outcome, credential),
        credential,
        problem,
        found.tried,
        _later(source, outcome, credential),
        own_origins(source) if credential is not None else (),
        _withheld(source, credential),
    )


def reach(url: Url, source: Source) -> str:
    """Say why a direct URL is of a source, or of none but itself."""
    if source.kind == "direct":
        if url.userinfo is not None:
            return "nobody but itself: it brings a credential of its own"
        return "nobody but itself: no configured source is above it"
    return f"{source.label}, whose URL is above it"


def _outcome(
    source: Source, credential: Credential | None, problem: Problem | None
) -> Outcome:
    if problem is not None:
        return "error"
    if source.policy == "external":
        return "external"
    return "anonymous" if credential is None else "credential"


def _decision(source: Source, outcome: Outcome, credential: Credential | None) -> str:
    if credential is not None:
        form = _form(credential)
        return f"{credential.long_label}, as {form}, from the first request on"
    if outcome == "error":
        return "nothing: it is an error before the first request"
    if outcome == "external":
        return "nothing: something outside adds the credential"
    if source.policy == "never":
        return "nothing: its policy is never"
    if source.is_public:
        return "nothing: it is public"
    return "nothing: no credential was found, it is asked anonymously"


def _form(credential: Credential) -> str:
    if credential.kind == "headers":
        return "a header of its own"
    text = "Bearer" if credential.kind == "bearer" else "Basic"
    names = " and ".join(name for name, _ in credential.headers)
    return f"{text} with the header {names}" if names else text


def _later(
    source: Source, outcome: Outcome, credential: Credential | None
) -> str | None:
    if outcome == "credential" and credential is not None:
        if credential.provider in _STAYING:
            return None
        return f"after a 401 {credential.provider} is asked once more"
    may_ask = source.policy == "auto" and not source.is_public
    if outcome == "anonymous" and may_ask and source.kind != "direct":
        return "after a 401 netrc's `default`, then a prompt on a terminal"
    return None


def _withheld(source: Source, credential: Credential | None) -> str:
    if source.policy in ("never", "external"):
        return "nothing is looked up or sent by admit, wherever its files are"
    if source.is_public and credential is None:
        return f"{_AMBIENT} are not asked for a public index, nor for its files"
    if credential is None:
        return "files on another host: that host's own entry in store or netrc, if any"
    return (
        "another host (its own entry in store or netrc counts), a public index, "
        "a signed URL"
    )
