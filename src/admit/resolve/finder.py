"""Which index answers for a project: ownership, order, and what a miss means.

For: the first-index rule and its guards (rule R6 of docs/auth.md): a name that an
index owns comes from it or not at all; a denial or a failure of one index is never
made up for by another; a required index must answer every listing.
Does not know: how pages are fetched, versions, the solver.
Shape: name -> `Future[Found | Missing]`. `route` is pure; `Finder` drives it.
"""

from __future__ import annotations

from admit.auth.denial import how_to_give
from admit.errors import ResolutionError
from admit.net.future import Future, settled
from admit.spec.names import normalize_name
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    from admit.config.settings import IndexSettings
    from admit.index.fetch import Absent, Index
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate, Listing
    from admit.spec.metadata import Metadata


class RequiredIndexMissed(ResolutionError):
    """An index that must answer every listing has not got the project."""

    code = "required-index-missed"


if TYPE_CHECKING:
    from typing import Protocol

    class Files(Protocol):
        """What gives metadata and files of candidates: an index, or local files."""

        def metadata(self, candidate: Candidate) -> Future[Metadata]:
            """Return a candidate's metadata."""

        def download(
            self,
            candidate: Candidate,
            sink: str | None = None,
            on_progress: Callable[[int, int], None] | None = None,
        ) -> Future[Downloaded]:
            """Fetch a candidate's file and verify it."""


@value
class Direct:
    """A file the user gave by URL or path: a project of one version."""

    listing: Listing
    files: Files


@value
class Found:
    """A project, from the index that answers for it."""

    listing: Listing
    files: Files
    """Where its metadata and files come from."""
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
        direct: Mapping[str, Direct],
        warn: Callable[[str], None],
    ) -> None:
        self._indexes = {each.source.url.key: index for each, index in indexes}
        self._settings = [each for each, _ in indexes]
        self.direct = direct
        """Projects the user gave a file of."""
        self.warn = warn

    def find(self, name: str) -> Future[Found | Missing]:
        """Ask the indexes for a project, one after the other."""
        if name in self.direct:
            direct = self.direct[name]
            return settled(Found(direct.listing, direct.files, "has the file given"))
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
        index = self._indexes[settings.source.url.key]

        def look(answer: Listing | Absent) -> Found | Missing | Future[Found | Missing]:
            if answer.is_present:
                return Found(answer, index, answer.summary)
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

        return index.listing(normalize_name(name)).then(look)

    def advice(self) -> str | None:
        """What may help where an index may have shown less than there is."""
        for settings in self._settings:
            source = settings.source
            if source.is_public or source.policy in ("never", "external"):
                continue
            if self._indexes[source.url.key].was_asked_anonymously:
                return (
                    f"{source.label} was asked anonymously and may show more to a "
                    f"user: {how_to_give(source)}"
                )
        return None


def _join(reasons: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(reasons))
