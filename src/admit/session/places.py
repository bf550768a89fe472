"""Who answers for a project: configured indexes, folders, files given directly.

For: one `Finder` for a target and for what is asked.
Does not know: what is found there, which index comes first (`resolve.finder`).
"""

from __future__ import annotations

from admit.config.choice import cutoff_of, strategy_of
from admit.resolve.finder import Direct, Finder
from admit.resolve.policy import Eligible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.config.settings import IndexSettings
    from admit.index.simple import File
    from admit.resolve.finder import Place
    from admit.resolve.policy import Asked, Policy
    from admit.session.resources import Resources
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target
    from admit.spec.url import Url


def open_finder(
    resources: Resources, target: Target, asked: Asked, policy: Policy | None = None
) -> Finder:
    """Return the finder of projects for a target, and for the files that are wanted.

    `policy`: says whether source distributions count; without one they do not.
    """
    given = {
        (each.algorithm, each.hex)
        for digests in (asked.hashes or {}).values()
        for each in digests
    }

    def is_given(file: File) -> bool:
        return not given.isdisjoint(file.hashes)

    indexes = [
        (each, _open_place(resources, each, target, is_given))
        for each in resources.indexes()
    ]
    direct: dict[str, Direct] = {}
    for each in (*asked.requirements, *asked.overrides):
        if each.url is not None:
            direct[each.name] = _open_direct(resources, each, each.url, target)
    return Finder(
        indexes,
        direct,
        resources.listener.warning,
        strategy=strategy_of(resources.settings),
        eligible=Eligible(
            cutoff_of(resources.settings),
            asked.hashes,
            policy.forms if policy is not None else None,
        ),
    )


def _open_place(
    resources: Resources,
    settings: IndexSettings,
    target: Target,
    is_given: Callable[[File], bool],
) -> Place:
    """What answers for one configured source."""
    source, cache = settings.source, resources.cache
    if source.kind == "find-links":
        from admit.index.flat import FlatIndex

        is_owner = bool(settings.packages)
        must_stay = "names belong to it" if is_owner else settings.stay_reason("")
        return FlatIndex(
            *(source, resources.client, cache, target, resources.listener),
            must_stay=must_stay,
            is_given=is_given,
        )
    if source.url.scheme == "file":
        from admit.index.local import FolderIndex

        return FolderIndex(source, cache, target)
    from admit.index.fetch import Index

    return Index(
        *(source, resources.client, cache, target, resources.listener),
        stay_reason=settings.stay_reason,
        is_given=is_given,
    )


def _open_direct(
    resources: Resources, requirement: Requirement, url: Url, target: Target
) -> Direct:
    """A project of which the user gave a file, a folder or a commit."""
    from admit.index.choose import list_file
    from admit.spec.vcs import is_file_of

    if not is_file_of(url, requirement.name):
        from admit.session.building import open_given

        return open_given(resources, url, requirement.name, target)
    listing = list_file(url.without_userinfo(), requirement.name, target)
    if url.scheme == "file":
        from admit.index.local import LocalFiles

        return Direct(listing, LocalFiles(resources.cache))
    from admit.index.fetch import Index

    index = Index(
        *(resources.source_for(url), resources.client, resources.cache),
        *(target, resources.listener),
        is_given=lambda _: True,
    )
    return Direct(listing, index)
