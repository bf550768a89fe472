"""One run, room by room: what `admit.api` is made of, and words all rooms share.

The rooms: `resources` (what is open), `interpreters` (which one is meant), `places`
(who answers for a project), `resolving`, `changes` (what would be done), `applying`;
and `furnishing`, which does all of it for one interpreter at once.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from admit.auth.sources.prompt import AskPerson
    from admit.env.satisfied import Known
    from admit.net.client import RequestLine
    from admit.resolve.pins import Pin
else:
    Protocol = object


class Listener(Protocol):
    """Who is told what happens; every method may do nothing."""

    def request_line(self, line: RequestLine) -> None:
        """One request was answered."""

    def warning(self, text: str) -> None:
        """Something the user should know."""

    def resolving(self, decided: int, known: int) -> None:
        """The resolution went on."""

    def transferring(self, filename: str, received: int, size: int) -> None:
        """Bytes of a file arrived; `size` is 0 if unknown."""

    def transferred(self, filename: str) -> None:
        """A file has arrived."""

    def building(self, place: str, title: str, step: str) -> None:
        """Something is being built; `step` is one of `build.tree.Step`.

        `place`: the folder of its tree; `title`: what is known of it by now.
        """

    def built(self, title: str) -> None:
        """A wheel was built."""

    def said(self, line: str) -> None:
        """What builds said a line."""

    def waiting(self) -> None:
        """Another process holds the environment."""

    def detail(self, text: str) -> None:
        """Something that hardly anybody needs to know."""

    def asker(self) -> AskPerson | None:
        """Return what asks a person for a login; None if there is nobody."""


class Silence:
    """A listener that does nothing."""

    def request_line(self, line: RequestLine) -> None:
        pass

    def warning(self, text: str) -> None:
        pass

    def resolving(self, decided: int, known: int) -> None:
        pass

    def transferring(self, filename: str, received: int, size: int) -> None:
        pass

    def transferred(self, filename: str) -> None:
        pass

    def building(self, place: str, title: str, step: str) -> None:
        pass

    def built(self, title: str) -> None:
        pass

    def said(self, line: str) -> None:
        pass

    def waiting(self) -> None:
        pass

    def detail(self, text: str) -> None:
        pass

    def asker(self) -> AskPerson | None:
        return None


@value
class Change:
    """What would be done to an environment, before any of it is."""

    incoming: tuple[Pin, ...]
    """To be installed, by name."""
    outgoing: tuple[Known, ...]
    """To be removed, by name; those that are replaced among them."""
    kept: int
    """Distributions of the resolution that stay as they are."""

    @property
    def is_empty(self) -> bool:
        return not (self.incoming or self.outgoing)
