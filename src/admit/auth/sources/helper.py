"""Credential helpers: a command per index that answers with one line of JSON.

For: rule R3.7 of docs/auth.md; the protocol is docs/providers.md.
Does not know: which index has which helper (it stands in the `Source`).
Shape: one JSON line in on stdin, one JSON line out on stdout, exit status 0.
"""

from __future__ import annotations

from admit.auth.provided import InvalidAnswer, parse_answer
from admit.auth.scheme import Credential
from admit.auth.sources.asked import Manner, Memory, PlaceFailed
from admit.auth.sources.child import Bounds, ChildFailed, run_child
from admit.auth.sources.place import Missing, Place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.auth.provided import Provided
    from admit.auth.sources.place import Answer, Question

RANK = 7


class Helpers:
    """Asks the helper of each source that has one."""

    def __init__(
        self,
        environ: Mapping[str, str],
        seconds: float,
        told: list[str],
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self._environ = environ
        self._bounds = Bounds(seconds)
        self._told = told
        self._show = show
        self._memories: dict[tuple[str, ...], Memory] = {}

    def place(self) -> Place:
        """The place that `Search` asks."""
        return Place(RANK, "helper", self.ask, is_explicit=True)

    def ask(self, question: Question) -> Answer:
        """Answer for a source; a helper that failed is not started again."""
        command = question.query.source.helper
        if not command:
            return Missing("")
        memory = self._memories.get(command)
        if memory is None:
            fix = (
                "see by hand what it answers: `echo '{\"version\": 1}' | "
                f"{' '.join(command)}`; docs/providers.md tells what it should"
            )
            manner = Manner(f"the credential helper {command[0]}", fix)
            memory = self._memories[command] = Memory(self._run, manner, self._told)
        return memory(question)

    def _run(self, question: Question) -> Credential | Missing:
        source = question.query.source
        try:
            ended = run_child(
                source.helper,
                self._environ,
                format_question(question),
                bounds=self._bounds,
                show=self._show,
            )
            if ended.status != 0:
                raise PlaceFailed(f"it ended with status {ended.status}")
            provided = parse_answer(ended.stdout)
        except ChildFailed as failure:
            raise PlaceFailed(str(failure)) from None
        except InvalidAnswer as error:
            raise PlaceFailed(error.what) from None
        if provided is None:
            return Missing(f"{source.helper[0]} has none for {source.url.text}")
        return credential_of(provided, question, "helper", source.helper[0])


def format_question(question: Question) -> bytes:
    """Write the line that a helper is asked with."""
    import json

    query = question.query
    asked = {
        "version": 1,
        "operation": "get",
        "url": query.source.url.without_userinfo().without_fragment().text,
        "index": query.source.name,
        "username": question.username,
        "refused": query.refused is not None,
    }
    return json.dumps(asked).encode() + b"\n"


def credential_of(
    provided: Provided, question: Question, name: str, where: str
) -> Credential:
    """Make a credential of an answer.

    Raises:
        PlaceFailed: it names no user, and nobody else does.
    """
    known = question.username
    if provided.kind == "bearer":
        username = ""
    elif provided.username is not None:
        username = provided.username
    elif known is not None:
        username = known
    else:
        raise PlaceFailed('it answered no `username` ("" if there is none to send)')
    return Credential(
        username,
        provided.secret,
        name,
        where,
        provided.kind,
        is_ambient=True,
        expires=provided.expires,
    )
