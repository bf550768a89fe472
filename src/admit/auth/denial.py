"""What to say when a source cannot be read: what, why, and what to do.

For: every error of the authentication decision, in one form (rule R8, last
sentence): source, URL, status, provider and masked user, what else was tried or is
off, and the next step.
Does not know: when to raise them (auth.flow).
"""

from __future__ import annotations

from admit.auth.advice import (
    how_to_be_known,
    how_to_be_let_in,
    how_to_correct,
    how_to_give,
    name_of_secret,
)
from admit.auth.query import EVERYWHERE, Problem, format_attempts
from admit.auth.scheme import parse_challenges
from admit.auth.scrub import mask_shapes
from admit.errors import AuthError, NetworkError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.auth.ledger import Refusal
    from admit.auth.query import Attempt, Found
    from admit.auth.scheme import Credential
    from admit.auth.scope import Provenance, Purpose, Source
    from admit.errors import AdmitError
    from admit.spec.url import Origin, Url

_NOUNS: dict[Purpose, str] = {
    "listing": "the index page",
    "probe": "the probe page",
    "check": "the address",
    "metadata": "the metadata",
    "file": "the file",
    "requirements": "the requirements file",
}


GIVE_CERTIFICATE = (
    "the server speaks of a certificate: give it the client certificate it wants with "
    "--client-cert FILE or SSL_CLIENT_CERT"
)


class CredentialsRequired(AuthError):
    """A source needs a credential and none was found."""

    code = "credentials-required"
    status = 0
    """The status that said so; 0 if nothing was sent."""


class CredentialUnusable(AuthError):
    """A credential exists for a source but may not or cannot be used."""

    code = "credential-unusable"


class CredentialsRejected(AuthError):
    """A source refuses the credential, or this caller."""

    code = "credentials-rejected"
    status = 0
    """The status that said so."""
    credential: Credential | None = None
    """What the refused request carried."""
    owner = ""
    """Whose it was: "source", "link" or "host"."""


class LoginPage(AuthError):
    """HTML for people came where an index page or an archive was due."""

    code = "login-page"


class ListingRedirected(AuthError):
    """A listing that must be authenticated leads to another origin."""

    code = "listing-redirected"


class HttpStatus(NetworkError):
    """A status that is an error here."""

    code = "http-status"
    status = 0


class ProxyRefused(NetworkError):
    """The proxy answered 407."""

    code = "proxy-refused"


class BadRedirect(NetworkError):
    """A redirect that is not followed."""

    code = "bad-redirect"


@value
class Case:
    """One request that ended badly, and what is known about it."""

    url: Url
    """What was asked for at first."""
    provenance: Provenance
    credential: Credential | None
    """What the refused request carried."""
    tried: tuple[Attempt, ...] = ()
    """What gathering tried for the source."""
    final_url: Url | None = None
    """Where redirects led, if anywhere else."""
    challenge: str | None = None
    """`WWW-Authenticate` of the answer."""
    owner: str = ""
    """Whose the credential is: "source", "link" or "host"."""
    is_pinned: bool = False
    """The user supplied the hash of this file."""

    @property
    def source(self) -> Source:
        return self.provenance.source

    @property
    def subject(self) -> str:
        noun = _NOUNS[self.provenance.purpose]
        return f"cannot read {noun} {mask_shapes(self.url.text)}"


def unusable(source: Source, problem: Problem, tried: Sequence[Attempt]) -> AuthError:
    """The credential of a source cannot be used: nothing was sent."""
    return CredentialUnusable(
        f"cannot authenticate to {_name(source)}: {problem.what}",
        why=_lines("nothing was sent", *_also_tried(tried, problem=problem)),
        fix=problem.fix,
    )


def required(source: Source, found: Found) -> AuthError:
    """Policy `always` and nothing gathered: nothing was sent."""
    return CredentialsRequired(
        f"no credential for {_name(source)}, which is to be used with one always",
        why=_lines("nothing was sent", *_also_tried(found.tried)),
        fix=how_to_give(source),
    )


def rejected(case: Case, status: int, *, was_accepted: bool = False) -> AuthError:
    """401 or 403."""
    credential, source = case.credential, case.source
    error = CredentialsRejected if credential else CredentialsRequired
    if credential is None:
        phrase = "login required" if status == 401 else "no access without a login"
        fix = _fix_of_anonymous(case)
    elif was_accepted:
        phrase = f"{credential.shown_user} may not read it"
        fix = _lines(
            how_to_be_let_in(credential),
            f"`admit auth check {_handle(source)}` shows whether the login counts "
            "there at all",
        )
    elif status == 401:
        phrase = f"{name_of_secret(credential)} is refused"
        fix = how_to_correct(credential, source)
    else:
        phrase = f"access denied to {credential.shown_user}"
        fix = how_to_be_known(credential, source)
    if status == 403 and case.provenance.purpose == "listing":
        ignore = f"if {status} means no such project there, set ignore-error-codes"
        ignore += f" = [{status}] for the index"
        is_public = source.is_public and credential is None
        fix = ignore if is_public else _lines(fix, ignore)
    if status == 403 and was_accepted and _may_be_skipped(case):
        skip = 'if the server blocks single files, refused-files = "skip" for the index'
        fix = _lines(fix, f"{skip} takes another version")
    denial = error(f"{case.subject}: {phrase} ({status})", why=_why(case), fix=fix)
    denial.status = status
    if isinstance(denial, CredentialsRejected):
        denial.credential, denial.owner = credential, case.owner
    return denial


def _may_be_skipped(case: Case) -> bool:
    """Whether `refused-files` would concern the file (docs/indexes.md)."""
    source = case.source
    return (
        case.provenance.purpose == "file"
        and case.owner == "source"
        and not case.is_pinned
        and source.kind != "direct"
        and source.refused_files != "skip"
    )


def _fix_of_anonymous(case: Case) -> str:
    source = case.source
    if source.policy == "never":
        return "its policy is never; set `authenticate` to auto to log in"
    if source.policy == "external":
        return "its policy is external: look at what adds the credential outside"
    return how_to_give(source, case.url)


def dead(case: Case, refusal: Refusal) -> AuthError:
    """The login was refused earlier in this run: not sent again."""
    credential = case.credential
    whose = name_of_secret(credential) if credential else "the credential"
    where = mask_shapes(refusal.url)
    error = CredentialsRejected(
        f"{case.subject}: {whose} was refused ({refusal.status})",
        why=_lines(f"refused at {where}, and not sent again in this run", _why(case)),
        fix=how_to_correct(credential, case.source) if credential else None,
    )
    error.status = refusal.status
    return error


def login_page(case: Case) -> AuthError:
    """HTML for people."""
    is_page = case.provenance.purpose in ("listing", "probe", "check")
    due = "an index page" if is_page else "an archive"
    what = f"{case.subject}: HTML that is not {due}; is it a login page?"
    if case.credential is None:
        return LoginPage(what, why=_why(case), fix=how_to_give(case.source, case.url))
    return LoginPage(
        what,
        why=_why(case),
        fix="the server wants a login by browser there; ask for the address and "
        "token that tools are to use",
    )


def redirected_away(case: Case, target: Url, reason: str) -> AuthError:
    """The listing leads to another origin, and has a reason not to."""
    return ListingRedirected(
        f"{case.subject}: it redirects to another origin, {target.origin}",
        why=_lines(
            f"{reason}, and an answer of {target.origin} would not be its answer",
            _why(case),
        ),
        fix=f"if that origin belongs to the index, set credential-origins = "
        f'["{target.origin}"] for it',
    )


def bad_redirect(case: Case, reason: str, *, fix: str | None = None) -> NetworkError:
    """A redirect that rule R5 refuses."""
    return BadRedirect(f"{case.subject}: {reason}", why=_why(case), fix=fix)


def http_status(case: Case, status: int, *, hint: str | None = None) -> NetworkError:
    """Any other status that is an error."""
    phrase = f"status {status}"
    fix = hint
    if status == 429:
        phrase = "the server wants fewer requests (429)"
        fix = hint or "wait, and try again; it has nothing to do with the login"
    elif status >= 500:
        phrase = f"the server failed ({status})"
        fix = hint or "try again later; a failure says nothing about the login"
    elif status == 404 and case.credential is not None:
        is_named = case.source.kind in ("direct", "requirements")
        known = (
            "correct the URL, if it is wrong; else"
            if is_named
            else ("the index lists it:")
        )
        fix = hint or (
            f"{known} look on the server whether it was removed, or is hidden from "
            f"{case.credential.shown_user}"
        )
    elif case.provenance.purpose == "listing":
        fix = hint or (
            f"`admit auth check {_handle(case.source)}` shows what the index answers "
            "at its own address"
        )
    error = HttpStatus(f"{case.subject}: {phrase}", why=_why(case), fix=fix)
    error.status = status
    return error


def unanswered(case: Case, error: AdmitError) -> AdmitError:
    """Say in the error of a transport whom it concerns: it knows hosts only."""
    if isinstance(error, NetworkError):
        error.why = _lines(*([error.why] if error.why else []), _asked(case))
    return error


def probe_failed(case: Case, status: int) -> AuthError:
    """The probe project is not visible, so no answer of this source is believed."""
    probe = case.source.probe
    error = CredentialsRejected(
        f"{_name(case.source)} does not show its probe project {probe} ({status})",
        why=_lines("nothing it answers is believed before that is seen", _why(case)),
        fix=how_to_give(case.source)
        if case.credential is None
        else _lines(
            how_to_correct(case.credential, case.source),
            f"or, if not all who log in see {probe}, set another `probe`",
        ),
    )
    error.status = status
    return error


def proxy_refused(case: Case) -> NetworkError:
    """407: the proxy's own refusal, never the index's."""
    return ProxyRefused(
        f"{case.subject}: the proxy wants a login (407)",
        why="the proxy refuses; the index was not reached",
        fix="put the proxy's user name and password before its host, with an @ behind "
        "them, in the URL of --proxy, HTTPS_PROXY or the index's `proxy`",
    )


def plain_http(reason: str, origin: Origin) -> Problem:
    """An ambient credential that would travel in clear."""
    return Problem(
        f"{reason} to {origin}",
        f"use https, or allow it with `--allow-insecure-host {origin.host}`",
    )


def _why(case: Case) -> str:
    parts = [_asked(case)]
    if case.final_url is not None and case.final_url.text != case.url.text:
        shown = mask_shapes(case.final_url.text.partition("?")[0])
        parts.append(f"redirected to {shown}")
    told = [
        _told(each.scheme, each.realm)
        for each in parse_challenges(case.challenge or "")[:3]
    ]
    if told:
        parts.append(f"the server asks for {', '.join(told)}")
    return _lines(*parts, *_also_tried(case.tried, case.credential))


def _asked(case: Case) -> str:
    source, credential = case.source, case.credential
    is_itself = source.name is None and source.url.text == case.url.text
    whom = "" if is_itself else f" for {_name(source)}"
    if credential is not None:
        return f"asked as {credential.long_label}{whom}"
    if source.policy == "external":
        return f"asked without a credential of admit's{whom}"
    return f"asked as nobody (no credential){whom}"


def _also_tried(
    tried: Sequence[Attempt],
    used: Credential | None = None,
    *,
    problem: Problem | None = None,
) -> Sequence[str]:
    """What gathering met, without what is told above: a credential or a problem."""
    place = used.provider if used is not None else EVERYWHERE
    told = problem.what if problem is not None else None
    others = [each for each in tried if each.provider != place and each.outcome != told]
    if not others:
        return ()
    also = "also looked in" if used else "looked in"
    if len(others) == 1:
        return (f"{also} {others[0]}",)
    return (f"{also}", *(f"  {line}" for line in format_attempts(others)))


def _lines(*parts: str) -> str:
    return "\n".join(parts)


def _told(scheme: str, realm: str | None) -> str:
    shown = f'{scheme} "{realm}"' if realm else scheme
    return "".join(mark if " " <= mark < "\x7f" else "?" for mark in shown)[:80]


def _name(source: Source) -> str:
    if source.name is None:
        return mask_shapes(source.url.text)
    return f"index {source.name} ({mask_shapes(source.url.text)})"


def _handle(source: Source) -> str:
    """What a command calls the source."""
    return source.name or mask_shapes(source.url.text)
