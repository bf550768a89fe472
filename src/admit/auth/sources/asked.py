"""Remembering, for a run, what a slow place has answered.

For: keyring, helpers and providers: one lookup per source and user name (pain E1),
nothing after a failure (E2), once more past the memory after a refusal (E7), and
again before a credential ends.
Does not know: how the place is asked.
Shape: `Memory(ask, clock)`; `ask` returns a `Credential`, `Missing`, or raises
`PlaceFailed`.
"""

from __future__ import annotations

import time

from admit.auth.provided import REFRESH_AHEAD
from admit.auth.query import Problem
from admit.auth.sources.place import Complete, Missing, Unusable
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.scheme import Credential
    from admit.auth.scope import SourceKey
    from admit.auth.sources.place import Answer, Question

    Key = tuple[SourceKey, str | None]


class PlaceFailed(Exception):
    """A place failed, which is not the same as having nothing (pain E10)."""


@value
class Manner:
    """How a place that failed is spoken of."""

    name: str
    fix: str


class Memory:
    """What was answered in this run."""

    def __init__(
        self,
        ask: Callable[[Question], Credential | Missing],
        manner: Manner,
        told: list[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._manner = manner
        self._told = told
        self._clock = clock
        self._answers: dict[Key, Credential | Missing] = {}
        self._failure: str | None = None

    def __call__(self, question: Question) -> Answer:
        """Answer out of memory, or by asking."""
        query = question.query
        key = (query.source.key, question.username)
        known = self._answers.get(key)
        if known is not None and query.refused is None and not self._is_ending(known):
            return _answer_of(known)
        if self._failure is not None:
            return self._failed(known, f"{self._failure}; not asked again in this run")
        try:
            answer = self._ask_well(question)
        except PlaceFailed as error:
            self._failure = str(error)
            if known is not None:  # else it is an error, which says the same
                self._told.append(
                    f"{self._manner.name} failed and is not asked again in this run: "
                    f"{self._failure}"
                )
            return self._failed(known, self._failure)
        if not isinstance(answer, Missing) or known is None:
            self._answers[key] = answer
        return _answer_of(answer)

    def _ask_well(self, question: Question) -> Credential | Missing:
        answer = self._ask(question)
        if self._has_ended(answer):
            raise PlaceFailed("it answered a credential that has ended already")
        return answer

    def _failed(self, known: Credential | Missing | None, reason: str) -> Answer:
        """Keep what is still good; else an error, for nobody knows what it has."""
        if known is not None and not self._has_ended(known):
            return _answer_of(known)
        what = f"{self._manner.name} failed: {reason}"
        return Unusable(Problem(what, self._manner.fix))

    def _is_ending(self, answer: Credential | Missing) -> bool:
        return self._ends(answer) - self._clock() < REFRESH_AHEAD

    def _has_ended(self, answer: Credential | Missing) -> bool:
        return self._ends(answer) <= self._clock()

    def _ends(self, answer: Credential | Missing) -> float:
        if isinstance(answer, Missing) or answer.expires is None:
            return float("inf")
        return answer.expires


def _answer_of(answer: Credential | Missing) -> Answer:
    return answer if isinstance(answer, Missing) else Complete(answer)
