"""The order of decisions: which package is decided next.

For: a rank for every package met, by how it was met and what it has suffered.
Does not know: versions, masks, the partial solution.
Shape: the smallest rank is first: packages some requirement pins, then packages that
others have often kept from being decided, then those others, then the rest; within a
group in order of discovery. Nothing depends on when an answer arrived.
Theory: docs/solver.md, section "The order of decisions".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.resolve.term import Package

PINNED, HINDERED, HINDERING, ORDINARY = range(4)

PATIENCE = 5
"""After so many conflicts a package changes its group."""


class Order:
    """Ranks and the conflicts counted so far."""

    def __init__(self) -> None:
        self._ranks: dict[Package, tuple[int, int]] = {}
        self._hindered: dict[Package, int] = {}
        """How often a package could not be decided because of others."""
        self._hindering: dict[Package, int] = {}
        """How often a package was one of those others."""
        self._misplaced: list[Package] = []

    def discover(self, package: Package, *, is_pinned: bool) -> None:
        """Give a package its place when it is first needed; pins move it forward."""
        group, place = self._ranks.get(package, (ORDINARY, len(self._ranks)))
        self._ranks[package] = (PINNED if is_pinned else group), place

    def first(self, packages: Iterable[Package]) -> Package | None:
        """Find the package to decide next."""
        return min(packages, key=self._ranks.__getitem__, default=None)

    def blame(self, hindered: Package, others: Iterable[Package]) -> None:
        """Count a conflict that kept a package from being decided."""
        for each in others:
            if each == hindered:
                continue
            count = self._hindering[each] = self._hindering.get(each, 0) + 1
            if count == PATIENCE and self._move(each, HINDERING):
                self._misplaced.append(each)
        count = self._hindered[hindered] = self._hindered.get(hindered, 0) + 1
        if count == PATIENCE:
            self._move(hindered, HINDERED)

    def take_misplaced(self) -> list[Package]:
        """Return packages that should not have been decided so early, once each."""
        misplaced, self._misplaced = self._misplaced, []
        return misplaced

    def _move(self, package: Package, group: int) -> bool:
        former, place = self._ranks[package]
        self._ranks[package] = min(former, group), place
        return group < former
