"""What is taken from a URL or a path: what the user named so, and what that leads to.

For: wheels, archives, folders and commits in place of what an index has.
Does not know: indexes, which versions fit.
Shape: `Asked` -> `Direct` by project. What the user named may name further URLs (a
project of several folders does): whoever runs its code trusts it so far. What an index
lists may not, or it could bring in anything from anywhere; the provider says so.
A URL that came in like this sends no variable of the user's and, unless it came from
this machine, leads to no path of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from admit.config.choice import is_hashed, refuse_unhashed
from admit.errors import InputError, UsageError
from admit.resolve.finder import Direct
from admit.spec.vcs import is_file_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.build.tree import Tree
    from admit.resolve.policy import Asked, Policy
    from admit.resolve.sources import Hashes
    from admit.session.resources import Resources
    from admit.spec.metadata import Metadata
    from admit.spec.names import ExtraName
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target
    from admit.spec.url import Url


class Directs(Mapping[str, Direct]):
    """What is taken from URLs, by project; some of it opened when it is asked for."""

    def __init__(
        self, known: dict[str, Direct], late: dict[str, Callable[[], Direct]]
    ) -> None:
        self._known = known
        self._late = late

    def __getitem__(self, name: str) -> Direct:
        if name not in self._known:
            self._known[name] = self._late[name]()
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in self._late

    def __iter__(self) -> Iterator[str]:
        return iter({**self._known, **self._late})

    def __len__(self) -> int:
        return len({**self._known, **self._late})


class TwoPlaces(UsageError):
    """Two URLs are given for one project."""

    code = "two-places"

    def __init__(self, name: str, one: str, other: str) -> None:
        super().__init__(
            f"{name} is wanted from two places",
            why=f"from {one} and from {other}",
            fix="name one of them",
        )


class UnsafeUrl(InputError):
    """A project names a URL that only the user may name."""

    code = "unsafe-url"


def open_direct(
    resources: Resources, asked: Asked, target: Target, policy: Policy
) -> Directs:
    """Return all that is taken from URLs and paths, by project.

    A URL of a constraint counts once its project is asked for.

    Raises:
        TwoPlaces: two URLs are given for one project.
        UnsafeUrl: a project names a URL it may not name.
        AdmitError: something cannot be had or built.
    """
    found: dict[str, Direct] = {}
    waiting: list[tuple[Requirement, Url]] = []
    for each in (*asked.requirements, *asked.overrides):
        if each.url is None or not _holds(each, target, ()):
            continue
        hashes = (asked.hashes or {}).get(each.name)
        if is_file_of(each.url, each.name):
            _refuse_second(each, each.url, found.get(each.name))
        found[each.name] = _open(resources, each, each.url, target, hashes)
        waiting.append((each, each.url))
    overridden = {each.name for each in asked.overrides}
    while waiting and policy.with_dependencies:
        parent, place = waiting.pop(0)
        metadata = _metadata_of(resources, found[parent.name], asked, policy)
        for need in metadata.requires if metadata is not None else ():
            is_settled = need.name in found or need.name in overridden
            if (
                need.url is None
                or is_settled
                or not _holds(need, target, parent.extras)
            ):
                continue
            _check(need, need.url, parent.name, place)
            hashes = (asked.hashes or {}).get(need.name)
            if policy.must_be_hashed and not (hashes or is_hashed(need.url)):
                refuse_unhashed((need.name,))
            found[need.name] = _open(resources, need, need.url, target, hashes)
            waiting.append((need, need.url))
    late: dict[str, Callable[[], Direct]] = {}
    for each in asked.constraints:
        if each.url is None or each.name in overridden or not _holds(each, target, ()):
            continue
        _refuse_second(each, each.url, found.get(each.name))
        hashes = (asked.hashes or {}).get(each.name)
        late[each.name] = partial(_open, resources, each, each.url, target, hashes)
    return Directs(found, late)


def _refuse_second(requirement: Requirement, url: Url, known: Direct | None) -> None:
    """Raise if a project was given by another URL already."""
    if known is not None and not known.is_at(url):
        raise TwoPlaces(requirement.name, known.url, url.text)


def _holds(
    requirement: Requirement, target: Target, extras: tuple[ExtraName, ...]
) -> bool:
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate(target.environment, active)
        for active in ((), *((extra,) for extra in extras))
    )


def check_needs(
    needs: Iterable[Requirement], tree: Tree | None, limits: Iterable[Requirement]
) -> None:
    """Refuse URLs among what a build needs that only the user may name.

    `limits`: the user's own constraints for builds. A URL in them is his.

    Raises:
        UnsafeUrl: the tree is one that an index lists, or names more than it may.
    """
    own = {(each.name, each.url.text) for each in limits if each.url is not None}
    for need in needs:
        if need.url is None or tree is None:
            continue
        title, place = tree.title, tree.place
        if place is None and (need.name, need.url.text) not in own:
            raise UnsafeUrl(
                f"{title} needs {need.name} by a URL to be built",
                why=f"it says {need.name} @ {need.url.text}, and what an index lists "
                "may bring in nothing by URL",
                fix=f"if you trust it, put `{need.name} @ {need.url.text}` into a file "
                "for --build-constraint",
            )
        _check(need, need.url, title, place)


def _check(need: Requirement, url: Url, parent: str, place: Url | None) -> None:
    """Refuse what a project has no business to name.

    `place`: where it came from itself; None: the user has named the very same URL.
    """
    if url.userinfo is not None and url.userinfo.names_variable:
        raise UnsafeUrl(
            f"{parent} would send a variable of yours to {url.origin}",
            why=f"it requires {need.name} from {url.text}",
            fix=f"if you trust it, ask for it yourself: {need.name} @ {url.text}",
        )
    if place is not None and _is_here(url) and not _is_here(place):
        raise UnsafeUrl(
            f"{parent} asks for a path of this machine",
            why=f"it requires {need.name} from {url.text}, and came from {place.text}",
        )


def _is_here(url: Url) -> bool:
    return url.scheme in ("file", "git+file")


def _metadata_of(
    resources: Resources, direct: Direct, asked: Asked, policy: Policy
) -> Metadata | None:
    """Return what something direct says of itself; None if it may not be used."""
    listing = direct.listing
    forms = policy.forms(listing.project)
    if forms.sources:
        listing = listing.with_sources()
    if not listing.versions:
        return None
    candidate = listing.candidate(0)
    if not candidate.is_source:
        return direct.files.metadata(candidate).result()
    hashes = (asked.hashes or {}).get(listing.project)
    return resources.sources.metadata(direct.files, candidate, hashes)


def _open(
    resources: Resources,
    requirement: Requirement,
    url: Url,
    target: Target,
    hashes: Hashes = None,
) -> Direct:
    """Open a file, a folder or a commit."""
    from admit.value import replace

    at = url.without_userinfo().text
    if not is_file_of(url, requirement.name):
        from admit.session.given import open_given

        given = open_given(resources, url, requirement.name, target, hashes)
        return replace(given, url=at)
    from admit.index.choose import list_file

    listing = list_file(url.without_userinfo(), requirement.name, target)
    if not url.filename.endswith(".whl"):
        from admit.session.given import note_given

        note_given(resources, url, listing)
    if url.scheme == "file":
        from admit.index.local import LocalFiles

        return Direct(listing, LocalFiles(resources.cache), url=at)
    return Direct(listing, resources.index_for(url, target), url=at)
