"""Terms and incompatibilities: what the solver knows, as bit masks.

For: the facts PubGrub reasons with, and the one rule that makes new ones.
Does not know: what a version or a specifier is, the search, PEP 440.
Shape: a *mask* is an `int`; within one run bit i stands for the i-th version of a
package, ascending, and one bit above the last version stands for "not selected". A
*term* is a package and a mask: "the package's state is one of these". An
*incompatibility* is a set of terms that cannot all hold.
Theory: docs/solver.md, sections "Masks" and "Incompatibilities".
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from typing import TypeAlias

    Package: TypeAlias = str
    Mask: TypeAlias = int
    Constraint: TypeAlias = Hashable

ROOT = ""
"""The package that stands for the user: it requires what was asked for."""


@value
class Dependency:
    """A package must be selected, in a version its constraint admits."""

    package: Package
    constraint: Constraint
    """Opaque; `str()` is the text as typed, which explanations append to the name."""
    is_exact: bool = False
    """At most one version can satisfy it (`==1.2`, a URL): decided early."""

    def __str__(self) -> str:
        return f"{self.package}{self.constraint}"


@value
class Depends:
    """Cause: versions of a package have a dependency."""

    package: Package
    target: Package
    dependency: Dependency | None
    """As declared; None in a summary of several on the same target."""
    problem: str | None = None
    """If no version satisfies it: a predicate about the target; may be empty."""


@value
class Unusable:
    """Cause: versions may not be used, for the reason the provider gave."""

    package: Package
    reason: str
    """A predicate about the versions: "requires Python >=3.12"."""


@value
class SameVersion:
    """Cause: a facet (`flask[async]`) means its base (`flask`) in the same version."""

    package: Package
    base: Package


@value
class Conflict:
    """Cause: derived from two incompatibilities by the rule of resolution."""

    package: Package
    """Both are about it."""
    left: Incompatibility
    """The one that was found satisfied."""
    right: Incompatibility
    """The one that had forced the left's term about the package to hold."""


if TYPE_CHECKING:
    Cause: TypeAlias = Depends | Unusable | SameVersion | Conflict


class Incompatibility:
    """Terms that cannot all hold, and why; compared by identity."""

    __slots__ = ("cause", "terms")

    def __init__(self, terms: Mapping[Package, Mask], cause: Cause) -> None:
        self.terms = terms
        """At least one term, except in the proof that nothing can be selected."""
        self.cause = cause

    def __repr__(self) -> str:
        terms = ", ".join(
            f"{name or 'you'}: {mask:b}" for name, mask in self.terms.items()
        )
        return f"<incompatible {terms}>"


def universe_of(count: int) -> Mask:
    """Return the mask of every state of a package with `count` versions."""
    return (2 << count) - 1


def combine(
    left: Incompatibility, right: Incompatibility, package: Package, universe: Mask
) -> Incompatibility:
    """Resolve two incompatibilities on a package that both mention.

    Whatever state the package has, one of the two applies as soon as all other terms
    of both hold and the state is in either mask. A term that any state satisfies says
    nothing and is left out.
    """
    terms = dict(left.terms)
    for name, mask in right.terms.items():
        if name == package:
            mask |= terms[name]  # noqa: PLW2901  # reads best in place
            if mask == universe:
                del terms[name]
                continue
        elif name in terms:
            mask &= terms[name]  # noqa: PLW2901  # as above
        terms[name] = mask
    return Incompatibility(terms, Conflict(package, left, right))
