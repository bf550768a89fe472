"""Who answers for a project: configured indexes, folders, files given directly.

For: one `Finder` for a target and for what is asked.
Does not know: what is found there, which index comes first (`resolve.finder`).
"""

from __future__ import annotations

from admit.config.choice import cutoff_of, strategy_of
from admit.resolve.finder import Finder
from admit.resolve.policy import Eligible, Policy
from admit.session.direct import open_direct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.config.settings import IndexSettings
    from admit.index.simple import File
    from admit.resolve.finder import Place
    from admit.resolve.policy import Asked
    from admit.session.resources import Resources
    from admit.spec.tags import Target


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
    direct = open_direct(resources, asked, target, policy or Policy())
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
