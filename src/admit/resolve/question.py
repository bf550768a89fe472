"""What the solver asks and what it is answered.

For: the whole contract between the search and whoever knows packages.
Does not know: how either side works.
Shape: `Provider` has the questions, the values here are the answers; a search ends
with a `Solution` or raises `NoSolution`.
Theory: docs/solver.md, section "The questions".
"""

from __future__ import annotations

from admit.errors import ResolutionError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from admit.resolve.term import (
        Constraint,
        Dependency,
        Incompatibility,
        Mask,
        Package,
    )


@value
class Versions:
    """The answer about a package: how many versions it has, ascending."""

    count: int
    unusable: tuple[tuple[Mask, str], ...] = ()
    """Versions known beforehand to be of no use, each group with its reason."""


@value
class Facet:
    """The answer about an extra: a package of its own, bound to its base's version.

    It has the base's versions and masks; selecting it selects the base, and both
    always have the same version.
    """

    base: Package


@value
class Unavailable:
    """The answer where there is nothing to use: a predicate for the explanation."""

    reason: str


if TYPE_CHECKING:

    class Provider(Protocol):
        """What the solver asks. Answers must not change within one run."""

        def versions(self, package: Package) -> Versions | Facet | Unavailable:
            """Say which versions exist; asked once per package."""

        def mask(self, package: Package, constraint: Constraint) -> Mask:
            """Say which versions satisfy; once per package and constraint.

            Only asked after `versions`, and never about a facet: its base is asked.
            """

        def choose(self, package: Package, mask: Mask) -> int | Unavailable:
            """Pick the version in the mask to try first.

            This is where policy lives: newest or lowest, pre-releases, what is
            installed or locked. `Unavailable` means that no version in the mask
            may be used at all. The mask is never empty.
            """

        def dependencies(
            self, package: Package, version: int
        ) -> tuple[Dependency, ...] | Unavailable:
            """Say what a version needs; asked once per package and version."""

        def expect(self, dependencies: tuple[Dependency, ...]) -> None:
            """Hear that `versions` of these packages will soon be asked."""


@value
class Solution:
    """The versions selected, and who requires what."""

    versions: dict[Package, int]
    """In the order of decision."""
    dependencies: dict[Package, tuple[Dependency, ...]]
    """Of every selected package; those of `ROOT` are what was asked for."""


class NoSolution(ResolutionError):
    """No set of versions satisfies what was asked."""

    def __init__(self, proof: Incompatibility, universes: dict[Package, Mask]) -> None:
        super().__init__("no set of versions satisfies what was asked")
        self.proof = proof
        """Without terms; its causes are the derivation."""
        self.universes = universes
        """By package: the mask of all its states."""
