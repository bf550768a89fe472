"""Proofs: the graph of incompatibilities, and how to make it shorter.

For: turning the proof a search happened to find into one worth telling.
Does not know: words; how versions or packages are spelled.
Shape: facts that say the same become one; new proofs are made from them, by replaying
the old one and by following the facts forward; the shortest is kept. If it is still
long, dependencies between the same two packages are summed up.
Theory: docs/solver.md, section "Explaining".
"""

from __future__ import annotations

from admit.resolve.solution import PartialSolution
from admit.resolve.term import (
    ROOT,
    Conflict,
    Depends,
    Incompatibility,
    SameVersion,
    Unusable,
    combine,
)
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import TypeAlias

    from admit.resolve.term import Mask, Package

    Universes: TypeAlias = Mapping[Package, Mask]

_LONG = 4
"""A proof of more steps is made shorter at the price of exactness."""


def shorten(proof: Incompatibility, universes: Universes) -> Incompatibility:
    """Find the shortest proof we can, of the same and from the same facts.

    Facts alike become one. Only if the proof is still long are narrow dependencies
    between two packages summed up in a wide one, where that suffices.
    """
    exact: dict[Incompatibility, Incompatibility] = {}
    for group in _group(facts_of(proof), _same_fact):
        exact.update(dict.fromkeys(group, _unite(group)))
    best = _try(proof, proof, exact, universes)
    if len(steps_of(best)) > _LONG:
        wide: dict[Incompatibility, Incompatibility] = {}
        for group in _group(facts_of(best), _same_pair):
            if len(group) > 1:
                wide.update(dict.fromkeys(group, _widen(group)))
        best = _try(best, best, wide, universes)
    return best


def _try(
    proof: Incompatibility,
    best: Incompatibility,
    replaced: Mapping[Incompatibility, Incompatibility],
    universes: Universes,
) -> Incompatibility:
    """Prove the same from other facts, in two ways; keep the shortest."""
    facts = dict.fromkeys(replaced.get(each, each) for each in facts_of(proof))
    by_user_first = sorted(facts, key=lambda fact: fact.cause.package != ROOT)
    for attempt in (
        _replay(proof, replaced, universes),
        _deduce(by_user_first, universes),
    ):
        if attempt is not None and len(steps_of(attempt)) <= len(steps_of(best)):
            best = attempt
    return best


def _deduce(
    facts: list[Incompatibility], universes: Universes
) -> Incompatibility | None:
    """Prove that facts contradict each other by following them forward.

    Returns None if that takes assumptions, which a proof by cases would make.
    """
    solution = PartialSolution()
    for package in dict.fromkeys(name for fact in facts for name in fact.terms):
        solution.introduce(package, universes[package])
    is_news = True
    while is_news:
        is_news = False
        for fact in facts:
            open_terms = [
                (package, mask)
                for package, mask in fact.terms.items()
                if solution.states[package] & ~mask
            ]
            if not open_terms:
                return _trace(fact, solution, universes)
            package, mask = open_terms[0]
            if len(open_terms) == 1 and solution.states[package] & mask:
                solution.derive(package, universes[package] ^ mask, fact)
                is_news = True
    return None


def _trace(
    conflict: Incompatibility, solution: PartialSolution, universes: Universes
) -> Incompatibility:
    """Combine a contradiction with what led to it, until nothing is left of it."""
    while conflict.terms:
        latest, _ = solution.latest(conflict.terms)
        if latest.cause is not None:
            conflict = _combine(conflict, latest.cause, latest.package, universes)
    return conflict


def in_order(proof: Incompatibility) -> list[Incompatibility]:
    """Return every incompatibility of a proof once, causes before effects."""
    done: dict[Incompatibility, None] = {}
    stack = [proof]
    while stack:
        node = stack[-1]
        causes = causes_of(node)
        missing = [each for each in causes if each not in done]
        if missing:
            stack.extend(reversed(missing))
        else:
            done[stack.pop()] = None
    return list(done)


def causes_of(node: Incompatibility) -> tuple[Incompatibility, ...]:
    """Return the two an incompatibility was derived from; none for a fact."""
    cause = node.cause
    return (cause.left, cause.right) if isinstance(cause, Conflict) else ()


def facts_of(proof: Incompatibility) -> list[Incompatibility]:
    """Return what a proof takes from the provider's answers, in order of use."""
    return [each for each in in_order(proof) if not causes_of(each)]


def steps_of(proof: Incompatibility) -> list[Incompatibility]:
    """Return what a proof derives, causes before effects."""
    return [each for each in in_order(proof) if causes_of(each)]


def _group(
    leaves: Iterable[Incompatibility], key: Callable[[Incompatibility], object]
) -> list[list[Incompatibility]]:
    """Sort facts into groups; those whose key is None stay out."""
    groups: dict[object, list[Incompatibility]] = {}
    for each in leaves:
        name = key(each)
        if name is not None:
            groups.setdefault(name, []).append(each)
    return list(groups.values())


def _same_fact(leaf: Incompatibility) -> object:
    """Tell alike facts that differ only in the versions they are known of."""
    return None if isinstance(leaf.cause, SameVersion) else leaf.cause


def _same_pair(leaf: Incompatibility) -> object:
    """Tell alike facts about one package depending on the same other."""
    match leaf.cause:
        case Depends(package, target, _, None) if package and len(leaf.terms) == 2:
            return package, target, tuple(leaf.terms)
    return None


def _unite(group: list[Incompatibility]) -> Incompatibility:
    """Say a fact of all the versions it is known of."""
    terms = dict(group[0].terms)
    for each in group[1:]:
        for package, mask in each.terms.items():
            if package == _subject_of(each):
                terms[package] |= mask
    return Incompatibility(terms, group[0].cause)


def _widen(group: list[Incompatibility]) -> Incompatibility:
    """Say what is true of all: these versions need one of those."""
    terms = dict(_unite(group).terms)
    for each in group[1:]:
        for package, mask in each.terms.items():
            if package != _subject_of(each):
                terms[package] &= mask
    target = next(package for package in terms if package != _subject_of(group[0]))
    return Incompatibility(terms, Depends(_subject_of(group[0]), target, None))


def _subject_of(leaf: Incompatibility) -> Package:
    """The package a fact is about; also for a conflict, for simplicity's sake."""
    return leaf.cause.package


def admitted_by(leaf: Incompatibility, universes: Universes) -> Mask:
    """The versions of its target that a dependency admits."""
    cause = leaf.cause
    if (
        not isinstance(cause, Depends)
        or cause.target not in leaf.terms
        or cause.target == cause.package
    ):
        return 0
    return universes[cause.target] ^ leaf.terms[cause.target]


def _replay(
    proof: Incompatibility,
    replaced: Mapping[Incompatibility, Incompatibility],
    universes: Universes,
) -> Incompatibility | None:
    """Repeat a proof's steps from other facts, leaving out what is not needed.

    Returns None if these facts do not prove it.
    """
    made: dict[Incompatibility, Incompatibility] = {}
    known: dict[tuple[Incompatibility, Incompatibility, Package], Incompatibility] = {}
    for node in in_order(proof):
        cause = node.cause
        if not isinstance(cause, Conflict):
            made[node] = replaced.get(node, node)
            continue
        package, left, right = cause.package, made[cause.left], made[cause.right]
        if package not in left.terms:
            made[node] = left
        elif package not in right.terms:
            made[node] = right
        else:
            step = left, right, package
            if step not in known:
                known[step] = _combine(left, right, package, universes)
            made[node] = known[step]
    return None if made[proof].terms else made[proof]


def _combine(
    left: Incompatibility,
    right: Incompatibility,
    package: Package,
    universes: Universes,
) -> Incompatibility:
    """Combine two, but let a facet's bond to its base go without saying."""
    made = combine(left, right, package, universes[package])
    for one, other in ((left, right), (right, left)):
        bond, cause = one.cause, other.cause
        if isinstance(bond, SameVersion) and package not in made.terms:
            is_about_base = isinstance(cause, Depends | Unusable) and (
                cause.package == package
            )
            if is_about_base:
                cause = replace(cause, package=bond.package)
            return Incompatibility(made.terms, cause)
    return made
