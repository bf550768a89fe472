"""Versions that were passed over because their file is refused (pain H6).

For: showing them: in a proof, and beside the version that was taken in their place.
Does not know: why a file is refused, how that was found out (`index.refused`).
Shape: the provider notes every refusal that the search met; afterwards `mattering`
says which of a project's would have been allowed by all who require it.
"""

from __future__ import annotations

from admit.resolve.proof import facts_of
from admit.resolve.term import Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.index.refused import Refusal
    from admit.resolve.term import Incompatibility, Mask


class Refusals:
    """What one run was refused, by project and version."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, Refusal]] = {}

    def note(self, name: str, version: int, refusal: Refusal) -> None:
        """Note that the file of a version, which the search had chosen, is refused."""
        self._known.setdefault(name, {})[version] = refusal

    def projects(self) -> tuple[str, ...]:
        """Return the projects that have refused versions."""
        return tuple(self._known)

    def mattering(self, name: str, admitted: Iterable[Mask]) -> tuple[Refusal, ...]:
        """Return the refused versions that every mask admits, the newest first."""
        masks = tuple(admitted)
        return tuple(
            refusal
            for version, refusal in sorted(self._known[name].items(), reverse=True)
            if all(mask >> version & 1 for mask in masks)
        )

    def advice(self, proof: Incompatibility) -> str | None:
        """What may help if refusals are among the facts of a proof."""
        reasons = {
            (name, each.reason): each
            for name, refused in self._known.items()
            for each in refused.values()
        }
        for fact in facts_of(proof):
            if isinstance(fact.cause, Unusable):
                found = reasons.get(
                    (fact.cause.package.partition("[")[0], fact.cause.reason)
                )
                if found is not None:
                    return found.fix
        return None
