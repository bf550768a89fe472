"""`admit index versions NAME`: what an index shows to you.

For: seeing which versions there are for this caller and this interpreter, newest
first; and from where, as whom they were seen.
Does not know: what fits together with what.
"""

from __future__ import annotations

from admit.cli.arguments import texts_of
from admit.cli.listener import Teller
from admit.cli.output import count_of
from admit.cli.progress import Progress
from admit.errors import ResolutionError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.index.listing import Listing
    from admit.index.merged import MergedListing


class NoSuchProject(ResolutionError):
    """No index that may answer for a name has it, as far as this caller can see."""

    code = "no-such-project"


def run_index(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Print the versions of projects, newest first."""
    names = texts_of(operands["_packages"])
    if operands["_verb"] != "versions" or not names:
        raise UsageError(
            "`admit index` wants a verb and a name",
            fix="`admit index versions NAME` prints the versions of a project",
        )
    from admit.api import Session
    from admit.spec.names import normalize_name

    progress = Progress(output, is_on=not settings.flag("no_progress"))
    documents = []
    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        finder = session.lookout()
        for name in map(normalize_name, names):
            answer = finder.find(name).result()
            if not answer.is_found:
                raise NoSuchProject(f"{name} {answer.reason}", fix=finder.advice())
            if settings.flag("json"):
                documents.append(_describe(name, answer.listing))
            else:
                _tell(name, answer.listing, settings.flag("pre"), output)
    if settings.flag("json"):
        import json

        output.data(json.dumps(documents if len(documents) > 1 else documents[0]))
    return 0


def _tell(
    name: str, listing: Listing | MergedListing, with_prereleases: bool, output: Output
) -> None:
    """Print versions one a line, and say what is not among them."""
    unusable = listing.yanked
    for _, mask in (*listing.unsupported, *listing.withheld):
        unusable |= mask
    everything = (1 << len(listing.keys)) - 1
    shown = everything & ~unusable
    hidden = 0
    if not with_prereleases and shown & ~listing.prereleases:
        hidden = (shown & listing.prereleases).bit_count()
        shown &= ~listing.prereleases
    output.note(f"{name} {listing.seen}:")
    for at in range(len(listing.keys) - 1, -1, -1):
        if shown >> at & 1:
            output.data(str(listing.versions[at]))
    if hidden:
        output.note(f"and {count_of(hidden, 'pre-release')}; --pre shows them")
    useless = (everything & unusable).bit_count()
    if useless:
        output.note(f"and {count_of(useless, 'version')} yanked or not for this Python")


def _describe(name: str, listing: Listing | MergedListing) -> dict[str, object]:
    reasons: dict[int, str] = {}
    for text, mask in listing.unsupported:
        reasons |= dict.fromkeys(
            _bits(mask, len(listing.keys)), f"requires Python {text}"
        )
    for text, mask in listing.withheld:
        reasons |= dict.fromkeys(_bits(mask, len(listing.keys)), text)
    return {
        "name": name,
        "seen": listing.seen,
        "versions": [
            {
                "version": str(listing.versions[at]),
                "prerelease": bool(listing.prereleases >> at & 1),
                "yanked": bool(listing.yanked >> at & 1),
                "unusable": reasons.get(at),
            }
            for at in range(len(listing.keys) - 1, -1, -1)
        ],
    }


def _bits(mask: int, count: int) -> list[int]:
    return [at for at in range(count) if mask >> at & 1]
