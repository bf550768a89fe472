"""Drive the authentication decision in memory: no network, no clock, any order.

`Dialogue(search, server).ask(...)` runs requests side by side, as the client does;
what was sent, asked, waited for and warned of is kept for the test to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from admit.auth.answers import Reply
from admit.auth.flow import Limits, converse
from admit.auth.ledger import Ledger
from admit.auth.scheme import Credential
from admit.auth.scope import Provenance, Source
from admit.auth.steps import Answered, Ask, Gather, Hold, Send, Wait, Warn
from admit.errors import AdmitError
from admit.spec.url import Secret, parse_url

if TYPE_CHECKING:
    from admit.auth.query import Found, Query
    from admit.auth.scope import Purpose
    from admit.auth.steps import Step

Server = Callable[[Send], Reply | AdmitError]
LISTING_TYPE = "application/vnd.pypi.simple.v1+json"


class Dialogue:
    """One run: a ledger, a search, a server."""

    def __init__(
        self,
        search: Callable[[Query], Found],
        server: Server,
        *,
        public: tuple[Source, ...] = (),
        plain_http_hosts: tuple[str, ...] = (),
    ) -> None:
        self.ledger = Ledger(public)
        self.search = search
        self.server = server
        self.limits = Limits(plain_http_hosts)
        self.queries: list[Query] = []
        self.sent: list[Send] = []
        self.waits: list[float] = []
        self.warnings: list[str] = []
        self.most_in_flight = 0
        self._talking: list[_Talk] = []

    @property
    def users(self) -> list[str]:
        """Who asked, request by request; "-" for nobody."""
        return [
            each.credential.username if each.credential else "-" for each in self.sent
        ]

    @property
    def urls(self) -> list[str]:
        return [each.url.text for each in self.sent]

    def ask(
        self, *asks: Ask, pick: Callable[[int], int] = lambda count: 0
    ) -> list[Answered | AdmitError]:
        """Run requests side by side; `pick` chooses which one is answered next."""
        talks = [_Talk(converse(each, self.ledger, self.limits)) for each in asks]
        for talk in talks:
            self._advance(talk, None)
        while in_flight := [talk for talk in self._talking if talk.send]:
            talk = in_flight[pick(len(in_flight))]
            send, talk.send = talk.send, None
            assert send is not None
            self._advance(talk, self.server(send))
            self._wake()
        assert not self._talking, "requests wait for each other"
        return [talk.outcome for talk in talks if talk.outcome is not None]

    def _wake(self) -> None:
        for talk in list(self._talking):
            if talk.hold is not None and self.ledger.is_open(talk.hold.key):
                talk.hold = None
                self._advance(talk, None)

    def _advance(self, talk: _Talk, answer: object) -> None:
        if talk not in self._talking:
            self._talking.append(talk)
        try:
            step: Step = talk.generator.send(answer)
            while not isinstance(step, Send | Hold):
                step = talk.generator.send(self._answer(step))
            if isinstance(step, Send):
                talk.send = step
                self.sent.append(step)
                count = sum(each.send is not None for each in self._talking)
                self.most_in_flight = max(self.most_in_flight, count)
            else:
                talk.hold = step
            return
        except StopIteration as stop:
            talk.outcome = stop.value
        except AdmitError as error:
            talk.outcome = error
        self._talking.remove(talk)

    def _answer(self, step: Gather | Warn | Wait) -> Found | None:
        if isinstance(step, Gather):
            self.queries.append(step.query)
            return self.search(step.query)
        if isinstance(step, Warn):
            self.warnings.append(step.text)
        else:
            self.waits.append(step.seconds)
        return None


class _Talk:
    """One request under way."""

    def __init__(self, generator: Any) -> None:
        self.generator = generator
        self.send: Send | None = None
        self.hold: Hold | None = None
        self.outcome: Answered | AdmitError | None = None


def page(body: bytes = b"{}", *, content_type: str = LISTING_TYPE) -> Reply:
    return Reply(200, content_type=content_type, head=body)


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, location=location)


def credential(
    username: str = "alice",
    secret: str = "s3cret-of-alice",
    *,
    provider: str = "netrc",
    is_ambient: bool = True,
) -> Credential:
    return Credential(username, Secret(secret), provider, is_ambient=is_ambient)


def ask(
    source: Source,
    path: str = "widgets/",
    purpose: Purpose = "listing",
    *,
    is_partial: bool = False,
    is_pinned: bool = False,
) -> Ask:
    """A request for something below (or, if absolute, linked by) a source."""
    url = parse_url(path) if "://" in path else source.url.join(path)
    return Ask(url, Provenance(source, purpose), is_partial, is_pinned)
