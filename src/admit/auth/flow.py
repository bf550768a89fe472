"""The decision: from one request to one answer, or to the reason why not.

For: gathering before the first byte, attaching, redirects, the table of answers
(rule R6 of docs/auth.md), retries, refresh, the lockout breaker.
Does not know: the network, the clock, where secrets come from. It *asks*.
Shape: `converse(ask, ledger)` is a generator. It yields a `Step` and is sent that
step's answer; it returns `Answered` or raises an `AdmitError`.
Theory of operation: `_Conversation.run` repeats *trips*. A trip goes from the
original URL through all redirects to a final answer; every retry begins a new trip,
so that no redirect target is used twice (pain C4). Between trips exactly one thing
has changed: the credential, or the time.
"""

from __future__ import annotations

from admit.auth import denial
from admit.auth.advice import how_to_give
from admit.auth.answers import (
    MOST_RETRIES,
    Reply,
    is_html_for_people,
    is_login_listing,
    patience,
    speaks_of_certificate,
)
from admit.auth.ledger import Refusal
from admit.auth.query import Problem, Query
from admit.auth.scheme import Credential, is_token_shaped, unsendable
from admit.auth.scope import (
    AskHost,
    Attach,
    Provenance,
    Refused,
    Scope,
    decide,
    follow,
    is_exposed,
    link_userinfo,
    own_origins,
    plain_http_problem,
)
from admit.auth.steps import Answered, Ask, Gather, Hold, Send, Wait, Warn
from admit.errors import AdmitError
from admit.spec.url import Secret
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from admit.auth.denial import Case
    from admit.auth.ledger import Ledger, Outcome
    from admit.auth.query import Found
    from admit.auth.scope import Source
    from admit.auth.steps import Step
    from admit.spec.url import Origin, Url

_REDIRECTS = (301, 302, 303, 307, 308)
_SOFT = (400, 403, 404, 405, 416)
"""Answers to metadata, HEAD and ranges after which the caller gets the whole file."""


@value
class _Trip:
    """One way from the original URL to a final answer."""

    reply: Reply | AdmitError
    url: Url
    first: Credential | None
    last: Credential | None
    """What the last hop carried."""
    owner: str
    """"source", "link", "host" or "": who gave `last`."""
    is_foreign: bool
    hops: int


@value
class Limits:
    """What the user allows."""

    plain_http_hosts: tuple[str, ...] = ()
    """Hosts that may receive ambient credentials over plain http."""
    most_retries: int = MOST_RETRIES


_USUAL = Limits()


def converse(
    ask: Ask, ledger: Ledger, limits: Limits = _USUAL
) -> Generator[Step, Any, Answered]:
    """Carry one request to its answer.

    Raises:
        AuthError: a credential is missing, unusable or refused.
        NetworkError: the server cannot be reached or fails.
    """
    yield from cover(ask.provenance.source, ledger)
    return (yield from _Conversation(ask, ledger, limits).run())


def cover(source: Source, ledger: Ledger) -> Generator[Step, Any, None]:
    """Gather for a source, once a run, before its first byte leaves (rule R2).

    Raises:
        AuthError: there must be a credential and there is none that may be used.
    """
    found = ledger.gathered(source)
    if found is None:
        found = yield from _gather(Query(source, source.url))
        ledger.note_gathered(source, found)
        if source.policy == "external" and source.url.userinfo is not None:
            yield Warn(
                f"the credential in the URL of {source.label} is not used: its policy "
                "is external"
            )
    elif _may_end(ledger.credential(source)):
        found = yield from _look_again(source, found, ledger)
    if found.problem is not None:
        raise denial.unusable(source, found.problem, found.tried)
    if source.policy == "always" and ledger.credential(source) is None:
        raise denial.required(source, found)


def _may_end(credential: Credential | None) -> bool:
    return credential is not None and credential.expires is not None


def _look_again(
    source: Source, first: Found, ledger: Ledger
) -> Generator[Step, Any, Found]:
    """Ask again for a credential that ends: its provider knows when (pain I1).

    It answers out of its memory until the end is near.
    """
    found = yield from _gather(Query(source, source.url))
    if found.problem is not None or found.credential is None:
        return found
    if found.credential != ledger.credential(source):
        ledger.replace_credential(source, found.credential)
    return first


def _gather(query: Query) -> Generator[Step, Any, Found]:
    """Ask where credentials come from, and tell what that warns of."""
    found: Found = yield Gather(query)
    for text in found.warnings:
        yield Warn(text)
    return found


class _Conversation:
    """The trips of one request."""

    def __init__(self, ask: Ask, ledger: Ledger, limits: Limits) -> None:
        self.ask = ask
        self.source = ask.provenance.source
        self.purpose = ask.provenance.purpose
        self.ledger = ledger
        self.limits = limits
        self.retries = 0
        self.spoilt: Credential | None = None
        """H11's one retry is under way: without this credential."""

    def run(self) -> Generator[Step, Any, Answered]:
        """Make trips until one gives an answer to keep, or an error."""
        while True:
            trip = yield from self._travel()
            wait = patience(trip.reply, self.retries, self.limits.most_retries)
            if wait is not None:
                self.retries += 1
                yield Wait(wait)
                continue
            if isinstance(trip.reply, AdmitError):
                raise denial.unanswered(self._case(trip), trip.reply)
            status = trip.reply.status
            self._note_denial(trip, status)
            if status == 401 and (yield from self._renew(trip)):
                continue
            if trip.last is not None and self._is_spoilt(trip.last, status):
                yield from self._go_bare(trip.last, status)
                continue
            return (yield from self._judge(trip, trip.reply))

    # One trip.

    def _travel(self) -> Generator[Step, Any, _Trip]:
        url, provenance = self.ask.url, self.ask.provenance
        first: Credential | None = None
        is_foreign = self._is_foreign(url.origin)
        while True:
            credential, owner = yield from self._board(url)
            if provenance.hop == 0:
                first = credential
            bare_url = url.without_userinfo()
            reply = yield Send(bare_url, provenance, credential)
            if credential is not None:
                self._note_login(url, credential, reply)
            trip = _Trip(
                reply, bare_url, first, credential, owner, is_foreign, provenance.hop
            )
            if isinstance(reply, AdmitError) or reply.status not in _REDIRECTS:
                return trip
            if reply.location is None:
                raise denial.bad_redirect(
                    self._case(trip), f"status {reply.status} without a Location"
                )
            hop = follow(bare_url, provenance, reply.location)
            if isinstance(hop, Refused):
                raise denial.bad_redirect(self._case(trip), hop.reason, fix=hop.fix)
            if hop.upgraded is not None:
                self.ledger.note_upgraded(self.source, hop.upgraded)
            is_foreign = self._is_foreign(hop.url.origin)
            must_stay = self._must_stay() if is_foreign else None
            if must_stay is not None:
                raise denial.redirected_away(self._case(trip), hop.url, must_stay)
            url, provenance = hop.url, hop.provenance

    def _board(self, url: Url) -> Generator[Step, Any, tuple[Credential | None, str]]:
        """Decide the credential of one hop, and wait for its turn."""
        while True:
            credential, owner = yield from self._attach(url)
            if credential is None or self._is_left_out(credential):
                return None, ""
            refusal = self.ledger.refusal(url.origin, credential)
            if refusal is not None:
                if self._is_spoilt(credential, 401):
                    yield from self._go_bare(credential, refusal.status)
                    return None, ""
                case = replace(self._case(None), credential=credential)
                raise denial.dead(case, refusal)
            login = (url.origin, credential.pair)
            if self.ledger.is_open(login):
                self.ledger.begin(login)
                if is_exposed(url.origin):
                    yield from self._warn_of_plain_http(url, credential)
                return credential, owner
            yield Hold(login)

    def _attach(self, url: Url) -> Generator[Step, Any, tuple[Credential | None, str]]:
        link = self._link_credential(url)
        ledger, source = self.ledger, self.source
        scope = Scope(
            ledger.credential(source),
            ledger.upgraded(source),
            ledger.granted(source, url.origin),
            ledger.public,
        )
        decision = decide(url, link, source, scope)
        if isinstance(decision, Attach):
            self._check_usable(decision.credential, url.origin)
            return decision.credential, decision.owner
        if isinstance(decision, AskHost):
            found = ledger.foreign(url)
            if found is None:
                found = yield from _gather(
                    Query(source, url.without_userinfo(), stage="foreign")
                )
                ledger.note_foreign(url, found)
            if found.problem is not None:
                raise denial.unusable(source, found.problem, found.tried)
            if found.credential is not None:
                self._check_usable(found.credential, url.origin)
                return found.credential, "host"
        return None, ""

    def _link_credential(self, url: Url) -> Credential | None:
        """Return a URL's own credential; a name without a secret is half of one."""
        userinfo = link_userinfo(url, self.source)
        if userinfo is None or not (userinfo.username or userinfo.password):
            return None
        if userinfo.password is None and not is_token_shaped(userinfo.username):
            return None
        secret = userinfo.password or Secret("")
        return Credential(userinfo.username, secret, "link")

    def _check_usable(self, credential: Credential, origin: Origin) -> None:
        """Look once more, directly before sending."""
        reason = unsendable(credential.username, credential.secret, credential.kind)
        if reason is not None:
            problem = Problem(f"the credential of a {credential.provider}: {reason}")
            raise denial.unusable(self.source, problem, self.ledger.tried(self.source))
        reason = plain_http_problem(credential, origin, self.limits.plain_http_hosts)
        if reason is not None:
            problem = denial.plain_http(reason, origin)
            raise denial.unusable(self.source, problem, self.ledger.tried(self.source))

    def _warn_of_plain_http(
        self, url: Url, credential: Credential
    ) -> Generator[Step, Any, None]:
        yield Warn(
            f"the credential from {credential.provider} goes to {url.origin} over "
            "plain http, where others can read it"
        )

    def _note_login(
        self, url: Url, credential: Credential, reply: Reply | AdmitError
    ) -> None:
        """Tell the ledger how a login fared (rule R6, last paragraph)."""
        login = (url.origin, credential.pair)
        outcome: Outcome = "neither"
        if isinstance(reply, AdmitError) or reply.status == 429 or reply.status >= 500:
            outcome = "no answer"
        elif reply.status in (200, 304) and not self._is_login_page(reply, url):
            outcome = "accepted"
        elif self._is_refusal(reply.status, url.origin, credential):
            outcome = "refused"
            self.ledger.refuse(url.origin, credential, Refusal(reply.status, url.text))
        self.ledger.end(login, outcome)

    def _is_refusal(self, status: int, origin: Origin, credential: Credential) -> bool:
        if self.ledger.is_accepted(origin, credential):
            return False
        if status in self._ignored():
            return False
        return status == 401 or (status == 403 and self._is_listing())

    # Between trips.

    def _renew(self, trip: _Trip) -> Generator[Step, Any, bool]:
        """After a 401: is there another credential to try? (pains I1, E7, D8)."""
        ledger, source = self.ledger, self.source
        is_left_out = self.spoilt is not None and trip.last is None
        if is_left_out or source.policy in ("never", "external"):
            return False
        if trip.last is None:
            return (yield from self._ask_default(trip))
        if trip.owner == "source" and ledger.credential(source) != trip.last:
            return True  # somebody else's refresh came first
        known = ledger.foreign(trip.url)
        if trip.owner == "host" and (known is None or known.credential != trip.last):
            return True
        origin = trip.url.origin
        if trip.owner == "link" or not ledger.may_renew(source, origin, trip.last):
            return False
        ledger.note_renewed(source, trip.last)
        if trip.owner == "source":
            query = Query(source, source.url, refused=trip.last)
        else:
            query = Query(source, trip.url, "foreign", refused=trip.last)
        found = yield from _gather(query)
        fresh = found.credential
        if found.problem is not None or fresh is None or fresh.pair == trip.last.pair:
            return False
        if trip.owner == "source":
            ledger.replace_credential(source, fresh)
        else:
            ledger.forget_foreign(origin)
            ledger.note_foreign(trip.url, found)
        return True

    def _ask_default(self, trip: _Trip) -> Generator[Step, Any, bool]:
        """After an anonymous 401 of a configured source: netrc's `default`, a prompt.

        Never because of a redirect, never for a direct URL or a public source.
        """
        ledger, source = self.ledger, self.source
        may_ask = (
            trip.hops == 0
            and not source.is_public
            and source.kind != "direct"
            and trip.url.origin == source.url.origin
            and not self._is_soft()
        )
        if not may_ask:
            return False
        if ledger.credential(source) is not None:
            return True
        if not ledger.may_ask_default(source):
            return False
        ledger.note_default_asked(source)
        found = yield from _gather(Query(source, source.url, "challenged"))
        if found.problem is not None:
            raise denial.unusable(source, found.problem, found.tried)
        if found.credential is None:
            return False
        ledger.replace_credential(source, found.credential)
        return True

    def _note_denial(self, trip: _Trip, status: int) -> None:
        """A source that refuses somebody is one whose 200 proves something (R1)."""
        is_denial = status == 401 or (status == 403 and self._is_listing())
        if status in self._ignored():
            return  # it means "no such project", whoever asks
        if is_denial and not trip.is_foreign and not self._was_accepted(trip):
            self.ledger.note_denial(self.source, trip.last)

    def _is_spoilt(self, credential: Credential, status: int) -> bool:
        """H11: a direct URL or pinned file that an ambient credential spoils."""
        is_direct = self.source.kind == "direct" or self.ask.is_pinned
        return (
            self.spoilt is None
            and credential.is_ambient
            and (
                self.purpose == "file" or (self.purpose == "metadata" and status == 401)
            )
            and is_direct
            and self.source.policy == "auto"
            and status in (401, 403, 404)
        )

    def _is_left_out(self, credential: Credential) -> bool:
        return self.spoilt is not None and credential.pair == self.spoilt.pair

    def _go_bare(
        self, credential: Credential, status: int
    ) -> Generator[Step, Any, None]:
        self.spoilt = credential
        yield Warn(
            f"{self.ask.url.filename}: refused to {credential.label} ({status}); "
            "asking once more without a credential"
        )

    # The answer.

    def _judge(self, trip: _Trip, reply: Reply) -> Generator[Step, Any, Answered]:
        """Read the table of rule R6 for the final answer of a trip."""
        status = reply.status
        case = self._case(trip)
        if self._is_login_page(reply, trip.url):
            raise denial.login_page(case)
        if status == 407:
            raise denial.proxy_refused(case)
        if self._is_listing():
            return (yield from self._judge_listing(trip, reply))
        if status in (200, 206, 304):
            return self._answered(trip, reply, status)
        if self._is_soft() and (
            status in _SOFT or (status == 401 and trip.last is None)
        ):
            return self._answered(trip, reply, status)
        if status in (401, 403):
            raise self._denied(case, trip, status)
        hint = _certificate_hint(reply)
        if status == 404 and trip.last is None:
            hint = f"if it needs a login:\n{how_to_give(self.source, case.url)}"
        raise denial.http_status(case, status, hint=hint)

    def _judge_listing(
        self, trip: _Trip, reply: Reply
    ) -> Generator[Step, Any, Answered]:
        status = 404 if reply.status in self._ignored() else reply.status
        is_page = self.purpose != "requirements"
        if self.purpose == "listing":
            self.ledger.note_listing(self.source, status, trip.first)
        if status in (200, 304):
            yield from self._prove(trip)
            if trip.is_foreign and is_page:
                yield Warn(
                    f"{self.source.label} answers for {self.ask.url.text} with a page "
                    f"of another origin, {trip.url.origin}"
                )
            return self._answered(trip, reply, status)
        if status == 404 and is_page:
            if self.purpose == "listing" and self.source.probe is not None:
                yield from self._probe()
            return self._answered(trip, reply, status)
        case = self._case(trip)
        if status in (401, 403):
            error = self._denied(case, trip, status)
            if status == 401 and trip.last is not None:
                self.ledger.refuse(
                    trip.url.origin, trip.last, Refusal(status, trip.url.text)
                )
            raise error
        raise denial.http_status(case, status, hint=_certificate_hint(reply))

    def _denied(self, case: Case, trip: _Trip, status: int) -> Exception:
        was_accepted = self._was_accepted(trip) and not (
            status == 401 and self._is_listing()
        )
        return denial.rejected(case, status, was_accepted=was_accepted)

    def _was_accepted(self, trip: _Trip) -> bool:
        return trip.last is not None and self.ledger.is_accepted(
            trip.url.origin, trip.last
        )

    def _prove(self, trip: _Trip) -> Generator[Step, Any, None]:
        """Believe no page either, unless a refused caller has proved its worth.

        A server that takes a wrong password for nobody answers 200 with less.
        """
        source, ledger = self.source, self.ledger
        if self.purpose != "listing" or source.probe is None:
            return
        if not trip.is_foreign and self.ask.url.text == self._probe_url().text:
            ledger.note_probe(source, "seen")
        elif not ledger.is_confirmed(source):
            yield from self._probe()

    def _probe_url(self) -> Url:
        base = self.source.url.without_userinfo().with_slash()
        return base.join(f"{self.source.probe}/")

    def _probe(self) -> Generator[Step, Any, None]:
        """Believe no 404 before the probe project gave 200 (rule R6)."""
        source, ledger = self.source, self.ledger
        while not ledger.is_open(source.key):
            yield Hold(source.key)
        state = ledger.probe_state(source)
        ask = Ask(self._probe_url(), Provenance(source, "probe"))
        probe = _Conversation(ask, ledger, self.limits)
        if state == "unasked":
            ledger.note_probe(source, "asked")
            try:
                state = (yield from probe.run()).status
            except AdmitError as error:
                was_told = (
                    isinstance(error, denial.CredentialsRejected)
                    and error.status == 403
                )
                ledger.note_probe(source, 403 if was_told else "unasked")
                raise
            ledger.note_probe(source, "seen" if state == 200 else state)
        if isinstance(state, int) and state != 200:
            credential = ledger.credential(source)
            case = replace(probe._case(None), credential=credential)
            raise denial.probe_failed(case, state)

    def _answered(self, trip: _Trip, reply: Reply, status: int) -> Answered:
        is_page = self._is_listing() and status in (200, 304)
        if is_page and trip.owner == "link" and trip.last is not None:
            self.ledger.note_granted(self.source, trip.url.origin, trip.last)
        return Answered(reply, status, trip.url, trip.first, trip.is_foreign)

    # Small questions.

    def _is_listing(self) -> bool:
        return self.purpose in ("listing", "probe", "requirements", "check")

    def _is_soft(self) -> bool:
        return self.purpose == "metadata" or self.ask.is_partial

    def _ignored(self) -> tuple[int, ...]:
        return self.source.ignore_error_codes if self.purpose == "listing" else ()

    def _must_stay(self) -> str | None:
        """Say why only the source's own origins may answer, if so (rules R5, R6)."""
        if self.purpose not in ("listing", "probe"):
            return None
        if self.source.policy == "always":
            return "it is to be used with its credential always"
        if self.purpose == "probe":
            return "its probe proves something of this index only"
        return self.ask.must_stay

    def _is_foreign(self, origin: Origin) -> bool:
        return origin not in own_origins(self.source, self.ledger.upgraded(self.source))

    def _is_login_page(self, reply: Reply, url: Url) -> bool:
        if self.purpose == "requirements" or reply.status not in (200, 206):
            return False
        if self._is_listing():
            return is_login_listing(reply, self.ask.url, url)
        return is_html_for_people(reply)

    def _case(self, trip: _Trip | None) -> Case:
        reply = trip.reply if trip else None
        return denial.Case(
            self.ask.url,
            self.ask.provenance,
            trip.last if trip else None,
            self.ledger.tried(self.source),
            trip.url if trip else None,
            reply.challenge if isinstance(reply, Reply) else None,
            trip.owner if trip else "",
            self.ask.is_pinned,
        )


def _certificate_hint(reply: Reply) -> str | None:
    return denial.GIVE_CERTIFICATE if speaks_of_certificate(reply) else None
