"""What a run has learned about its credentials.

For: the one memory behind the decision (auth.flow): the credential of each source,
which logins were accepted or refused where, whose first use is under way.
Does not know: requests, messages. It is changed only by auth.flow.
Theory of operation, the lockout breaker (rule R6): a login is a (origin, pair). Its
first request travels alone. An accepted login travels freely; a refused one never
again. An answer that is neither (a 404, a redirect) lets one more request travel
beside the others, so a login that nothing proves opens slowly and a wrong password
still fails at most once or twice.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.auth.query import Attempt, Found
    from admit.auth.scheme import Credential, Headers
    from admit.auth.scope import Source, SourceKey
    from admit.spec.url import Origin, Secret, Url

    Pair = tuple[str, str, Secret, Headers]
    Login = tuple[Origin, Pair]
    Key = Login | SourceKey
    Probe = Literal["unasked", "asked", "seen"] | int
    Outcome = Literal["accepted", "refused", "neither", "no answer"]


@value
class Refusal:
    """The answer that made a login dead for the run."""

    status: int
    url: str
    """Without userinfo."""


@value
class Standing:
    """What a run can say about a source and its credential (rule R1)."""

    credential: Credential | None
    is_accepted: bool
    """A 200 answered it."""
    is_confirmed: bool
    """A 200 that an anonymous or wrong caller would not have had."""
    found: int
    """Listings with an answer."""
    missing: int
    """Listings that do not exist, or so it says."""


class _SourceNotes:
    """What is known about one source."""

    __slots__ = (
        "asked_default",
        "credential",
        "found",
        "gathered",
        "missing",
        "ok",
        "probe",
        "refused",
        "source",
        "upgraded",
        "was_confirmed",
    )

    def __init__(self, source: Source, gathered: Found) -> None:
        self.source = source
        self.gathered = gathered
        self.credential = gathered.credential
        self.asked_default = False
        self.upgraded: frozenset[Origin] = frozenset()
        self.probe: Probe = "unasked"
        self.ok = 0
        self.missing = 0
        self.found = 0
        self.refused: set[Pair | None] = set()
        """Whom the source refused; None stands for nobody in particular."""
        self.was_confirmed = False


class _Trial:
    """Requests of a login that nothing has proved yet."""

    __slots__ = ("in_flight", "inconclusive")

    def __init__(self) -> None:
        self.in_flight = 0
        self.inconclusive = 0


class Ledger:
    """The memory of one run."""

    def __init__(self, public: tuple[Source, ...] = ()) -> None:
        self.public = public
        """The public sources of this run."""
        self._notes: dict[SourceKey, _SourceNotes] = {}
        self._foreign: dict[Origin, dict[str, Found]] = {}
        self._grants: dict[tuple[SourceKey, Origin], Credential] = {}
        self._accepted: set[Login] = set()
        self._refused: dict[Login, Refusal] = {}
        self._trials: dict[Login, _Trial] = {}
        self._renewed: set[tuple[SourceKey, Pair]] = set()
        self._fresh: set[tuple[SourceKey, Pair]] = set()
        self._told: set[str] = set()

    # Sources.

    def gathered(self, source: Source) -> Found | None:
        """Return what was gathered for a source, None if it was not yet asked."""
        notes = self._notes.get(source.key)
        return notes.gathered if notes else None

    def note_gathered(self, source: Source, found: Found) -> None:
        self._notes[source.key] = _SourceNotes(source, found)

    def tried(self, source: Source) -> tuple[Attempt, ...]:
        """Return the evidence of a source's gathering."""
        return self._notes[source.key].gathered.tried

    def credential(self, source: Source) -> Credential | None:
        """Return a source's present credential; it was gathered before."""
        return self._notes[source.key].credential

    def replace_credential(self, source: Source, credential: Credential) -> None:
        """Use another credential from now on (a refresh, netrc's `default`)."""
        self._notes[source.key].credential = credential
        self._fresh.add((source.key, credential.pair))

    def upgraded(self, source: Source) -> frozenset[Origin]:
        return self._notes[source.key].upgraded

    def note_upgraded(self, source: Source, origin: Origin) -> None:
        self._notes[source.key].upgraded |= {origin}

    # Foreign origins and what a `Location` gave for them.

    def foreign(self, url: Url) -> Found | None:
        """Return what there is for a URL on a foreign origin, None if unasked.

        By URL, not by origin: the store has logins for paths (pain B2).
        """
        return self._foreign.get(url.origin, {}).get(url.text)

    def note_foreign(self, url: Url, found: Found) -> None:
        self._foreign.setdefault(url.origin, {})[url.text] = found

    def forget_foreign(self, origin: Origin) -> None:
        """Ask again for what is on an origin: a login there was renewed."""
        self._foreign.pop(origin, None)

    def granted(self, source: Source, origin: Origin) -> Credential | None:
        return self._grants.get((source.key, origin))

    def note_granted(
        self, source: Source, origin: Origin, credential: Credential
    ) -> None:
        """Remember the userinfo of a `Location`, for the files of that page (R5)."""
        self._grants[(source.key, origin)] = credential

    # Logins.

    def is_accepted(self, origin: Origin, credential: Credential) -> bool:
        return (origin, credential.pair) in self._accepted

    def refusal(self, origin: Origin, credential: Credential) -> Refusal | None:
        return self._refused.get((origin, credential.pair))

    def refuse(self, origin: Origin, credential: Credential, why: Refusal) -> None:
        """Never send this login again."""
        self._accepted.discard((origin, credential.pair))
        self._refused[(origin, credential.pair)] = why

    def is_open(self, key: Key) -> bool:
        """Tell whether a request with this login, or a probe's reader, may go on."""
        if len(key) == 3:
            return self._notes[key].probe != "asked"
        if key in self._accepted:
            return True
        trial = self._trials.get(key)
        return trial is None or trial.in_flight <= trial.inconclusive

    def begin(self, login: Login) -> None:
        self._trials.setdefault(login, _Trial()).in_flight += 1

    def end(self, login: Login, outcome: Outcome) -> None:
        """Note how a request ended that `begin` announced."""
        trial = self._trials[login]
        trial.in_flight -= 1
        trial.inconclusive += outcome == "neither"
        if outcome == "accepted":
            self._accepted.add(login)

    # Refreshing.

    def may_renew(self, source: Source, origin: Origin, credential: Credential) -> bool:
        """Tell whether the provider may be asked past its cache for this one.

        Once for each credential; and a credential that itself came from such a
        question must have been accepted before there is another.
        """
        mark = (source.key, credential.pair)
        if mark in self._renewed:
            return False
        return mark not in self._fresh or self.is_accepted(origin, credential)

    def note_renewed(self, source: Source, credential: Credential) -> None:
        self._renewed.add((source.key, credential.pair))

    def may_ask_default(self, source: Source) -> bool:
        return not self._notes[source.key].asked_default

    def note_default_asked(self, source: Source) -> None:
        self._notes[source.key].asked_default = True

    # What listings answered.

    def is_confirmed(self, source: Source) -> bool:
        """Tell whether what a source answers is proved to be for this caller."""
        return self._notes[source.key].was_confirmed

    def probe_state(self, source: Source) -> Probe:
        """Return what became of the probe; a number is the status that failed."""
        return self._notes[source.key].probe

    def note_probe(self, source: Source, state: Probe) -> None:
        notes = self._notes[source.key]
        notes.probe = state
        notes.was_confirmed |= state == "seen"

    def note_listing(
        self, source: Source, status: int, credential: Credential | None
    ) -> None:
        """Count an answer to a listing, for reports (pain H3)."""
        notes = self._notes[source.key]
        if status in (200, 304):
            notes.found += 1
            notes.ok += credential is not None
            others = notes.refused - {credential.pair} if credential else ()
            notes.was_confirmed |= bool(others)
        elif status == 404:
            notes.missing += 1

    def note_denial(self, source: Source, credential: Credential | None) -> None:
        """Note whom a source refused; a 200 to somebody else then proves something."""
        self._notes[source.key].refused.add(credential.pair if credential else None)

    def standing(self, source: Source) -> Standing | None:
        """Return what can be said of a source; None if nothing was asked."""
        notes = self._notes.get(source.key)
        if notes is None:
            return None
        return Standing(
            notes.credential,
            notes.ok > 0,
            notes.was_confirmed,
            notes.found,
            notes.missing,
        )

    def sources(self) -> tuple[Source, ...]:
        """Return every source that was gathered for."""
        return tuple(notes.source for notes in self._notes.values())

    def remarkable(self, source: Source) -> Credential | None:
        """Return the credential that a source is to be remembered with (rule R9).

        That is one which was there before the first request and then accepted. What
        came after an anonymous 401 need not be remembered: the server asks for it.
        """
        notes = self._notes[source.key]
        known = notes.credential if notes.gathered.credential is not None else None
        if source.kind == "requirements" and known is not None:
            return known if self.is_accepted(source.url.origin, known) else None
        return known if notes.ok else None

    def is_news(self, text: str) -> bool:
        """Tell, once, that a warning has not been shown in this run."""
        if text in self._told:
            return False
        self._told.add(text)
        return True
