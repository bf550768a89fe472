"""The partial solution: what the solver has assumed and derived so far.

For: the trail of assignments, the state of each package it implies, and going back.
Does not know: incompatibilities as a whole, the provider, the order of decisions.
Shape: `states[package]` is the mask of states still possible: the intersection of all
assignments about it. An assignment is a *decision* (no cause) or a *derivation* (its
cause is the incompatibility that forced it). Decisions open levels; level 0 holds
what is true whatever is decided.
Theory: docs/solver.md, section "The partial solution".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.resolve.term import Incompatibility, Mask, Package


class Assignment:
    """One step of the trail."""

    __slots__ = ("after", "before", "cause", "level", "mask", "package", "position")

    def __init__(
        self,
        package: Package,
        mask: Mask,
        before: Mask,
        level: int,
        position: int,
        cause: Incompatibility | None,
    ) -> None:
        self.package = package
        self.mask = mask
        """What this step alone says of the package."""
        self.before = before
        self.after = before & mask
        """The package's state after this step: what all steps so far say."""
        self.level = level
        self.position = position
        """Its index in the trail."""
        self.cause = cause


class PartialSolution:
    """Decisions and derivations in the order they were made."""

    def __init__(self) -> None:
        self.states: dict[Package, Mask] = {}
        """Only of packages whose versions are known."""
        self.universes: dict[Package, Mask] = {}
        self.decisions: dict[Package, int] = {}
        """The version decided for; the n-th decision opened level n."""
        self.undecided: dict[Package, None] = {}
        """Packages that must be selected and have no decision yet."""
        self._trail: list[Assignment] = []
        self._histories: dict[Package, list[Assignment]] = {}

    @property
    def level(self) -> int:
        return len(self.decisions)

    def introduce(self, package: Package, universe: Mask) -> None:
        """Begin to follow a package whose versions have become known."""
        self.states[package] = self.universes[package] = universe
        self._histories[package] = []

    def is_selected(self, package: Package) -> bool:
        """Tell whether some version of the package must be selected."""
        return not self.states[package] & (self.universes[package] + 1 >> 1)

    def decide(self, package: Package, version: int) -> None:
        """Assume a version; everything derived from here on hangs on it."""
        self.decisions[package] = version
        self._assign(package, 1 << version, None)
        del self.undecided[package]

    def derive(self, package: Package, mask: Mask, cause: Incompatibility) -> None:
        """Add what an incompatibility forces once its other terms hold."""
        self._assign(package, mask, cause)
        if package not in self.decisions and self.is_selected(package):
            self.undecided[package] = None

    def backtrack(self, level: int) -> None:
        """Forget every assignment made above the level."""
        trail = self._trail
        while trail and trail[-1].level > level:
            last = trail.pop()
            self._histories[last.package].pop()
            self.states[last.package] = last.before
            if last.cause is None:
                del self.decisions[last.package]
            if self.is_selected(last.package):
                self.undecided[last.package] = None
            else:
                self.undecided.pop(last.package, None)

    def latest(self, terms: Mapping[Package, Mask]) -> tuple[Assignment, int]:
        """Find what made terms all hold, and the highest level it rests on.

        All terms must hold. The first part of the answer is the assignment after
        which they did; the second is the level of the latest that was needed besides.
        """
        found = [self._satisfier(package, mask) for package, mask in terms.items()]
        latest = max(found, key=_position)
        level = max((each.level for each in found if each is not latest), default=0)
        mask = terms[latest.package]
        if latest.cause is not None and latest.mask & ~mask:
            partner = self._satisfier(latest.package, mask, given=latest.mask)
            level = max(level, partner.level)
        return latest, level

    def _satisfier(self, package: Package, mask: Mask, given: Mask = -1) -> Assignment:
        """Find the earliest assignment after which a term holds.

        With `given`, what is known besides: the earliest that makes the term hold
        together with it.
        """
        history = self._histories[package]
        excluded = given & ~mask
        low, high = 0, len(history) - 1
        while low < high:
            middle = (low + high) // 2
            if history[middle].after & excluded:
                low = middle + 1
            else:
                high = middle
        return history[low]

    def _assign(
        self, package: Package, mask: Mask, cause: Incompatibility | None
    ) -> None:
        before = self.states[package]
        assignment = Assignment(
            package, mask, before, self.level, len(self._trail), cause
        )
        self.states[package] = assignment.after
        self._trail.append(assignment)
        self._histories[package].append(assignment)


def _position(assignment: Assignment) -> int:
    return assignment.position
