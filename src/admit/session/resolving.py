"""From what is asked to versions that fit together.

For: putting finder, policy and what is installed before the solver, and telling what
is to be told of the answer.
Does not know: where files are found (`session.places`), how the search goes.
"""

from __future__ import annotations

from admit.config.choice import asked_of, refuse_unhashed
from admit.resolve.pins import warnings_of
from admit.resolve.provider import Provider, resolve
from admit.session.places import open_finder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.config.requirements import Wanted
    from admit.env.satisfied import Known
    from admit.resolve.pins import Resolution
    from admit.resolve.policy import Asked, Policy
    from admit.session.resources import Resources
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.tags import Target

    Installed = Mapping[NormalizedName, Known]


def resolve_wanted(
    resources: Resources,
    wanted: Wanted,
    target: Target,
    policy: Policy,
    installed: Installed,
) -> Resolution:
    """Find versions for what the user wants, under the settings on hashes.

    Raises:
        ResolutionError: there are none; says why.
        AuthError, NetworkError: an index refused or failed.
        IntegrityError: a file has not the hash that is given for it.
    """
    settings = resources.settings
    asked = asked_of(settings, wanted, target.environment)
    resolution = resolve_asked(
        *(resources, asked, target, policy, installed), resources.listener.resolving
    )
    if settings.flag("require_hashes"):
        refuse_unhashed(
            pin.name
            for pin in resolution.pins
            if pin.candidate is not None and not pin.is_hashed
        )
    return resolution


def resolve_asked(
    resources: Resources,
    asked: Asked,
    target: Target,
    policy: Policy,
    installed: Installed,
    on_progress: Callable[[int, int], None] | None = None,
) -> Resolution:
    """Find versions for a target; may be called while another search is under way.

    Raises:
        See `resolve_wanted`.
    """
    finder = open_finder(resources, target, asked, policy)
    resolution = resolve(
        Provider(
            *(finder, target, installed, policy, asked, on_progress),
            sources=lambda: resources.sources,
        )
    )
    for warning in warnings_of(resolution):
        resources.listener.warning(warning)
    return resolution


def find_hashes(resolution: Resolution) -> dict[str, tuple[Digest, ...]]:
    """Return the digests of all files of every pin, by name."""
    asked = [
        (pin.name, pin.found.files.hashes(pin.candidate))
        for pin in resolution.pins
        if pin.found is not None and pin.candidate is not None
    ]
    return {name: answer.result() for name, answer in asked}
