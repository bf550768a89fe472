"""Which index answers for a project: ownership, order, and what a miss means.

For: the first-index rule and its guards (rule R6 of docs/auth.md): a name that an
index owns comes from it or not at all; a denial or a failure of one index is never
made up for by another; a required index must answer every listing.
Does not know: how pages are fetched, versions, the solver.
Shape: name -> `Future[Found | Missing]`. `route` is pure; `Finder` drives it.
"""

from __future__ import annotations

from admit.errors import ResolutionError
from admit.net.future import Future, settled
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    from admit.auth.scope import Source
    from admit.config.settings import IndexSettings
    from admit.index.choose import Candidate, Listing
    from admit.index.fetch import Absent, Index
    from admit.spec.metadata import Metadata


class RequiredIndexMissed(ResolutionError):
    """An index that must answer every listing has not got the project."""

    code = "required-index-missed"


@value
class Found:
    """A project, from the index that answers for it."""

    listing: Listing
    source: Source
    """Whom requests for its files serve."""
    reason: str
    """Why there may be nothing to choose, for explanations."""
    is_found: Literal[True] = True


@value
class Missing:
    """No index that may answer for the project has it."""

    reason: str
    """A predicate: "was not found on HOST (asked anonymously)"."""
    is_found: Literal[False] = False
    listing: None = None


def route(
    name: str, indexes: Sequence[IndexSettings]
) -> tuple[tuple[IndexSettings, ...], bool]:
    """Return the indexes that may answer for a name, in order; whether one owns it."""
    owners = tuple(each for each in indexes if each.owns(name))
    if owners:
        return owners, True
    return tuple(each for each in indexes if not each.is_explicit), False


class Finder:
    """Finds projects on the configured indexes, or among the files given directly."""

    def __init__(
        self,
        indexes: Sequence[tuple[IndexSettings, Index]],
        direct: Mapping[str, Listing],
        warn: Callable[[str], None],
    ) -> None:
        self._indexes = {each.source.url.key: index for each, index in indexes}
        self._settings = [each for each, _ in indexes]
        self.direct = direct
        """Projects the user gave a file of: one version each."""
        self.warn = warn

    def find(self, name: str) -> Future[Found | Missing]:
        """Ask the indexes for a project, one after the other."""
        if name in self.direct:
            return settled(Found(self.direct[name], None, "has only the file given"))
        candidates, is_owned = route(name, self._settings)
        if not candidates:
            return settled(Missing("cannot be looked for: there is no index"))
        return self._ask(name, candidates, 0, [], is_owned=is_owned)

    def _ask(
        self,
        name: str,
        candidates: Sequence[IndexSettings],
        position: int,
        missed: list[str],
        *,
        is_owned: bool,
    ) -> Future[Found | Missing]:
        settings = candidates[position]

        def look(answer: Listing | Absent) -> Found | Missing | Future[Found | Missing]:
            if answer.is_present:
                return Found(answer, settings.source, answer.summary)
            if settings.is_required:
                raise RequiredIndexMissed(
                    f"{name} is not on {settings.source.label}, which is required "
                    "to have every project",
                    why=answer.reason,
                )
            missed.append(answer.reason)
            if position + 1 < len(candidates):
                return self._ask(
                    name, candidates, position + 1, missed, is_owned=is_owned
                )
            suffix = "; the name belongs to that index" if is_owned else ""
            return Missing(_join(missed) + suffix)

        return self._indexes[settings.source.url.key].listing(name).then(look)

    def metadata(self, found: Found, candidate: Candidate) -> Future[Metadata]:
        """Fetch a candidate's metadata from where its project was found."""
        return self.index_of(found).metadata(candidate)

    def index_of(self, found: Found) -> Index:
        """The index that answered for a project, or serves the file given."""
        return self._indexes[found.source.url.key]


def _join(reasons: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(reasons))
