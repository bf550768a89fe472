"""`admit list --outdated`: what an index has a newer version of.

For: the table that pip and uv print, and their JSON.
Does not know: indexes. Each is asked as `install` would ask it: with its login, names
that an index owns on that index only, and a refusal is an error, not "up to date".
What came from a URL or a folder is not asked for: its name may be nobody's business.
"""

from __future__ import annotations

from admit.cli.listener import Teller
from admit.cli.progress import Progress
from admit.cli.show import print_columns, read_installed
from admit.errors import UsageError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.api import Session
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.env.satisfied import Known
    from admit.index.listing import Candidate, Listing
    from admit.index.merged import MergedListing


@value
class Outdated:
    """A distribution, and what there is in its place."""

    known: Known
    latest: str
    filetype: str
    """ "wheel" or "sdist"."""


def list_outdated(settings: Settings, output: Output) -> int:
    """Ask for everything that is installed; print what is behind."""
    form = settings.text("format") or "columns"
    if form == "freeze":
        raise UsageError(
            "--outdated has no form freeze", fix="say --format columns or json"
        )
    from admit.api import Session

    progress = Progress(output, is_on=not settings.flag("no_progress"))
    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        installed = read_installed(settings, output, session)
        found = list(_find_outdated(session, installed, output))
    if output.is_json or form == "json":
        _print_json(found, output)
    elif found:
        rows = [
            (each.known.name, str(each.known.version), each.latest, each.filetype)
            for each in found
        ]
        print_columns(("Package", "Version", "Latest", "Type"), rows, output)
    return 0


def _print_json(found: list[Outdated], output: Output) -> None:
    rows = [
        {
            "name": each.known.name,
            "version": str(each.known.version),
            "latest_version": each.latest,
            "latest_filetype": each.filetype,
        }
        for each in found
    ]
    if output.is_json:
        output.result("list", rows)
        return
    import json

    output.data(json.dumps(rows))


def _find_outdated(
    session: Session, installed: list[Known], output: Output
) -> Iterator[Outdated]:
    from admit.env.installed import read_direct_url

    finder = session.lookout()
    with_prereleases = session.settings.flag("pre")
    asked = []
    for known in installed:
        if read_direct_url(known.distribution) is not None:
            output.detail(f"{known.name} came from a URL: no index is asked for it")
        else:
            asked.append((known, finder.find(known.name)))
    elsewhere = []
    for known, answer in asked:
        found = answer.result()
        if not found.is_found:
            output.detail(f"{known.name} {found.reason}")
            continue
        elsewhere.append(known.name)
        candidate = find_latest(
            found.listing, with_prereleases=with_prereleases or _is_early(known)
        )
        if candidate is not None and candidate.version > known.version:
            is_wheel = candidate.file.filename.endswith(".whl")
            filetype = "wheel" if is_wheel else "sdist"
            yield Outdated(known, str(candidate.version), filetype)
    for text in finder.suspicions(elsewhere):
        output.warn(text)


def _is_early(known: Known) -> bool:
    return bool(known.version.is_prerelease)


def find_latest(
    listing: Listing | MergedListing, *, with_prereleases: bool
) -> Candidate | None:
    """Return the newest version that would do here; None if none would."""
    unusable = listing.yanked
    for _, mask in (*listing.unsupported, *listing.withheld):
        unusable |= mask
    if not with_prereleases:
        unusable |= listing.prereleases
    for at in range(len(listing.versions) - 1, -1, -1):
        if not unusable >> at & 1:
            return listing.candidate(at)
    return None
