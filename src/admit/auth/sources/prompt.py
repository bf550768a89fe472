"""The prompt: the last place that is asked, and the only one that is a person.

For: rule R3.9 of docs/auth.md, pain I10: on a terminal only, once per source.
Does not know: terminals; it is handed a function that asks.
"""

from __future__ import annotations

from admit.auth.scheme import Credential, show_user
from admit.auth.scrub import mask_shapes
from admit.auth.sources.place import Complete, Missing, Place
from admit.spec.url import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.scope import SourceKey
    from admit.auth.sources.place import Answer, Question

    AskPerson = Callable[[str, bool], str | None]
    """Given a text and whether the answer is secret; None if nobody answers."""

RANK = 9


class Prompt:
    """Asks for user name and password, once per source."""

    def __init__(self, ask: AskPerson | None, why_not: str) -> None:
        """Set up.

        Args:
            ask: asks a person; None if there is none.
            why_not: what is said then: "off (--no-input)".
        """
        self._ask = ask
        self._why_not = why_not
        self._answers: dict[SourceKey, Answer] = {}

    def place(self) -> Place:
        """The place that `Search` asks."""
        return Place(
            RANK,
            "prompt",
            self.ask,
            ("challenged",),
            is_first_under_always=True,
            is_last_resort=True,
        )

    def ask(self, question: Question) -> Answer:
        """Ask, unless this source was asked about before."""
        if self._ask is None:
            return Missing(self._why_not)
        key = question.query.source.key
        if question.query.refused is not None:
            return Missing("asked already")
        if key not in self._answers:
            self._answers[key] = self._answer(question, self._ask)
        return self._answers[key]

    def _answer(self, question: Question, ask: AskPerson) -> Answer:
        shown = mask_shapes(question.query.source.label)
        username = question.username
        if username is None:
            username = ask(f"User name for {shown}: ", False)
        if username is None:
            return Missing("nobody answered")
        whose = f" of {show_user(username)}" if username else ""
        secret = ask(f"Password{whose} for {shown}: ", True)
        if not secret:
            return Missing("nobody answered")
        return Complete(Credential(username, Secret(secret), "prompt"))
