"""What an environment holds beyond a list.

For: `admit sync`, which removes it.
Does not know: how anything is removed.
Rule: installers stay where they are, as with `uv pip sync`; so does what admit itself
needs where it is installed in the environment it works on.
"""

from __future__ import annotations

from admit.env.installed import MetadataMissing
from admit.errors import InputError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from admit.env.satisfied import Known
    from admit.spec.names import NormalizedName

SEEDS = ("admit", "pip", "setuptools", "uv", "wheel")
"""Installers, and what environments are made with."""


def find_extraneous(
    known: Mapping[NormalizedName, Known],
    listed: Collection[NormalizedName],
    environment: Mapping[str, str],
) -> tuple[Known, ...]:
    """Return what is installed, not listed and not kept for its own sake; by name.

    `environment`: the marker variables of the target.
    """
    kept = {*SEEDS, *_needs_of("admit", known, environment)}
    return tuple(
        each
        for name, each in sorted(known.items())
        if name not in listed and name not in kept
    )


def _needs_of(
    root: str, known: Mapping[NormalizedName, Known], environment: Mapping[str, str]
) -> set[str]:
    """Everything a distribution leads to, itself included if it is there."""
    by_text: dict[str, Known] = {str(name): each for name, each in known.items()}
    found: set[str] = set()
    waiting = [root]
    while waiting:
        name = waiting.pop()
        if name in found or name not in by_text:
            continue
        found.add(name)
        try:
            requires = by_text[name].metadata().requires
        except (InputError, MetadataMissing):
            continue
        waiting += [
            each.name
            for each in requires
            if each.marker is None or each.marker.evaluate(environment)
        ]
    return found
