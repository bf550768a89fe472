"""PubGrub: find one version of every package needed, or prove that none exist.

For: the search. It asks a `Provider` for versions, masks, choices and dependencies,
each at the last moment and in an order that depends on nothing but the answers.
Does not know: PEP 440, indexes, files, markers, policies; packages are opaque keys
and constraints opaque values.
Shape: `solve(provider, requirements)` returns a `Solution` or raises `NoSolution`,
which carries the proof for `explain`.
Theory: docs/solver.md.
"""

from __future__ import annotations

from admit.resolve.order import Order
from admit.resolve.question import Facet, NoSolution, Solution, Unavailable
from admit.resolve.solution import PartialSolution
from admit.resolve.term import (
    ROOT,
    Depends,
    Incompatibility,
    SameVersion,
    Unusable,
    combine,
    universe_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.resolve.question import Provider
    from admit.resolve.term import Constraint, Dependency, Mask, Package


def solve(provider: Provider, requirements: Iterable[Dependency]) -> Solution:
    """Find versions for the requirements and all they depend on.

    Raises:
        NoSolution: there are none; the error carries the proof.
    """
    return _Search(provider).run(tuple(requirements))


class _Search:
    """One run: the incompatibilities known, the partial solution, the queue."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.solution = PartialSolution()
        self.order = Order()
        self.known: dict[Package, dict[object, Incompatibility]] = {}
        """By package: the incompatibilities about it that can still say something."""
        self.shared: dict[tuple[Package, Dependency | str], Mask] = {}
        """Versions known to have a dependency, or a reason not to be used."""
        self.masks: dict[tuple[Package, Constraint], Mask] = {}
        self.missing: dict[Package, str] = {}
        """Packages that do not exist, and the reason given."""
        self.bases: dict[Package, Package] = {}
        """Of every facet."""
        self.facets: dict[Package, list[Package]] = {}
        """Of every base."""
        self.expanded: dict[tuple[Package, int], tuple[Dependency, ...]] = {}
        """What is known of versions' dependencies."""
        self.waiting: dict[Package, list[tuple[Package, int, Dependency]]] = {}
        """Dependencies on packages whose versions are not known yet."""
        self.wanted: dict[Package, int] = {}
        """Packages not known yet and needed by a decision: since which level."""
        self.late: dict[Package, int] = {}
        """Packages with news that reach below the level at which they came."""

    def run(self, requirements: tuple[Dependency, ...]) -> Solution:
        self._note(ROOT, 0, requirements)
        self._await(requirements)
        while (package := self._next_package()) is not None:
            if package in self.wanted:
                self._propagate(self._introduce(package))
            else:
                self._try_version(package)
                self._propagate([package, *self._reconsider()])
        versions = self.solution.decisions
        needs = {
            each: self.expanded[each, version] for each, version in versions.items()
        }
        return Solution(dict(versions), {ROOT: requirements, **needs})

    # Choosing

    def _next_package(self) -> Package | None:
        return self.order.first([*self.solution.undecided, *self.wanted])

    def _try_version(self, package: Package) -> None:
        """Decide for a version, unless that would be a conflict already."""
        state = self.solution.states[package]
        version = self.provider.choose(package, state)
        if isinstance(version, Unavailable):
            self._forbid(package, state, version.reason)
            return
        needs = self.expanded.get((package, version))
        if needs is None:
            answer = self.provider.dependencies(package, version)
            if isinstance(answer, Unavailable):
                self._forbid(package, 1 << version, answer.reason)
                return
            needs = self.expanded[package, version] = answer
            self._note(package, version, needs)
        refuted = [each.package for each in needs if self._is_refuted(each)]
        if refuted:
            self.order.blame(package, refuted[:1])
            return
        self.solution.decide(package, version)
        self._await(needs)

    def _is_refuted(self, dependency: Dependency) -> bool:
        """Tell whether nothing that satisfies the dependency can be selected."""
        package = dependency.package
        if package in self.missing:
            return True
        state = self.solution.states.get(package)
        return state is not None and not state & self._mask(dependency)

    def _note(
        self, package: Package, version: int, needs: tuple[Dependency, ...]
    ) -> None:
        """Keep what a version needs; as a mask once its package is known."""
        for each in needs:
            if self._is_known(each.package):
                self._require(package, 1 << version, each)
            else:
                waiting = self.waiting.setdefault(each.package, [])
                waiting.append((package, version, each))

    def _await(self, needs: tuple[Dependency, ...]) -> None:
        """Give what a decision needs a place in the queue, and announce it."""
        unknown = [each for each in needs if not self._is_known(each.package)]
        for each in needs:
            self.order.discover(each.package, is_pinned=each.is_exact)
        for each in unknown:
            self.wanted.setdefault(each.package, self.solution.level)
        if unknown:
            self.provider.expect(tuple(unknown))

    def _is_known(self, package: Package) -> bool:
        return package in self.solution.states or package in self.missing

    # Learning about packages

    def _introduce(self, package: Package) -> list[Package]:
        """Ask for a package's versions and make its dependents' constraints masks.

        Returns the packages whose state may follow from that.
        """
        answer = self.provider.versions(package)
        self.wanted.pop(package, None)
        changed = [package]
        if isinstance(answer, Facet):
            changed += self._introduce_facet(package, answer.base)
        elif isinstance(answer, Unavailable):
            self.missing[package] = answer.reason
        else:
            self._follow(package, universe_of(answer.count))
            for mask, reason in answer.unusable:
                self._forbid(package, mask, reason)
        for dependent, version, dependency in self.waiting.pop(package, ()):
            self._require(dependent, 1 << version, dependency)
            if dependent:
                self._remember(dependent)
                changed.append(dependent)
        if package in self.missing:
            return changed[1:]
        self._remember(package)
        return changed

    def _introduce_facet(self, facet: Package, base: Package) -> list[Package]:
        self.order.discover(base, is_pinned=True)
        changed: list[Package] = []
        if not self._is_known(base):
            changed = self._introduce(base)
        if base in self.missing:
            self.missing[facet] = self.missing[base]
        else:
            self._follow(facet, self.solution.universes[base])
            self.bases[facet] = base
            self.facets.setdefault(base, []).append(facet)
        return changed

    def _follow(self, package: Package, universe: Mask) -> None:
        self.solution.introduce(package, universe)
        self.known[package] = {}

    def _mask(self, dependency: Dependency) -> Mask:
        package = self.bases.get(dependency.package, dependency.package)
        key = package, dependency.constraint
        mask = self.masks.get(key)
        if mask is None:
            mask = self.masks[key] = self.provider.mask(*key)
        return mask

    def _remember(self, package: Package) -> None:
        """Look at the package again whenever the search goes back below this level."""
        if self.solution.level:
            self.late[package] = self.solution.level

    # Learning incompatibilities

    def _require(self, package: Package, mask: Mask, dependency: Dependency) -> None:
        """Learn that versions have a dependency.

        All versions with an equal dependency share one incompatibility, which
        replaces the narrower one (docs/solver.md, "Equal dependencies").
        """
        target = dependency.package
        key = package, dependency
        if package:
            mask = self.shared[key] = mask | self.shared.get(key, 0)
        admitted = 0 if target in self.missing else self._mask(dependency)
        problem = None if admitted else self.missing.get(target, "")
        cause = Depends(package, target, dependency, problem)
        if target == package:
            mask &= ~admitted
            if not mask:
                return
        terms = {package: mask} if package else {}
        if admitted and target != package:
            terms[target] = self.solution.universes[target] ^ admitted
        self._learn(Incompatibility(terms, cause), key)

    def _forbid(self, package: Package, mask: Mask, reason: str) -> None:
        """Learn that versions of a package may not be used."""
        key = package, reason
        mask = self.shared[key] = mask | self.shared.get(key, 0)
        cause = Unusable(package, reason)
        self._learn(Incompatibility({package: mask}, cause), key)
        self._remember(package)

    def _learn(self, incompatibility: Incompatibility, key: object) -> None:
        if not incompatibility.terms:
            raise NoSolution(incompatibility, self.solution.universes)
        for package in incompatibility.terms:
            self.known[package][key] = incompatibility

    # Propagating

    def _propagate(self, changed: list[Package]) -> None:
        """Derive all that follows, resolving the conflicts met on the way."""
        while changed:
            package = changed.pop()
            conflict = self._follow_from(package, changed)
            if conflict is not None:
                changed[:] = self._resolve(conflict)

    def _follow_from(
        self, package: Package, changed: list[Package]
    ) -> Incompatibility | None:
        """Derive what follows from a package's state; return what it violates."""
        states = self.solution.states
        settled: list[object] = []
        for key, incompatibility in reversed(self.known[package].items()):
            open_package = None
            open_mask = 0
            for name, mask in incompatibility.terms.items():
                state = states[name]
                both = state & mask
                if both == state:
                    continue
                if not both and not self.solution.level:
                    settled.append(key)
                if not both or open_package is not None:
                    break
                open_package, open_mask = name, mask
            else:
                if open_package is None:
                    return incompatibility
                remaining = self.solution.universes[open_package] ^ open_mask
                self.solution.derive(open_package, remaining, incompatibility)
                changed.append(open_package)
        for key in settled:
            for name in self.known[package][key].terms:
                del self.known[name][key]
        return self._follow_facets(package, changed)

    def _follow_facets(
        self, package: Package, changed: list[Package]
    ) -> Incompatibility | None:
        """Derive what follows from facets having the version of their base."""
        if package in self.bases:
            conflict = self._bind(package, changed)
            if conflict is not None:
                return conflict
        for facet in self.facets.get(package, ()):
            conflict = self._bind(facet, changed)
            if conflict is not None:
                return conflict
        return None

    def _bind(self, facet: Package, changed: list[Package]) -> Incompatibility | None:
        """Keep a facet and its base together, by incompatibilities made on demand."""
        solution = self.solution
        base = self.bases[facet]
        universe = solution.universes[facet]
        cause = SameVersion(facet, base)
        facet_state, base_state = solution.states[facet], solution.states[base]
        lost = facet_state & ~base_state & universe >> 1
        if lost and lost != facet_state:
            lost = universe >> 1 & ~base_state
            terms = {facet: lost, base: universe ^ lost}
            solution.derive(facet, universe ^ lost, Incompatibility(terms, cause))
            changed.append(facet)
            facet_state = solution.states[facet]
        if solution.is_selected(facet) and base_state & ~facet_state:
            terms = {facet: facet_state, base: universe ^ facet_state}
            incompatibility = Incompatibility(terms, cause)
            if not base_state & facet_state:
                return incompatibility
            solution.derive(base, facet_state, incompatibility)
            changed.append(base)
        return None

    # Conflicts

    def _resolve(self, conflict: Incompatibility) -> list[Package]:
        """Find out why a conflict arose, learn from it, and go back.

        Returns the packages whose state may follow from what was learned.
        """
        learned = conflict
        while learned.terms:
            satisfier, level = self.solution.latest(learned.terms)
            package = satisfier.package
            if satisfier.cause is None or level < satisfier.level:
                self.order.blame(package, learned.terms)
                if learned is not conflict:
                    self._learn(learned, learned)
                return self._go_back(level, package)
            universe = self.solution.universes[package]
            learned = combine(learned, satisfier.cause, package, universe)
        raise NoSolution(learned, self.solution.universes)

    def _go_back(self, level: int, package: Package) -> list[Package]:
        self.solution.backtrack(level)
        for each, since in list(self.wanted.items()):
            if since > level:
                del self.wanted[each]
        changed = [package]
        for each, since in list(self.late.items()):
            if since > level:
                changed.append(each)
                if level:
                    self.late[each] = level
                else:
                    del self.late[each]
        return changed

    def _reconsider(self) -> list[Package]:
        """Go back before decisions for packages that have hindered too many others.

        Returns the packages whose state may follow from that.
        """
        changed: list[Package] = []
        for each in self.order.take_misplaced():
            decided = list(self.solution.decisions)
            if each in decided:
                changed += self._go_back(decided.index(each), each)
        return changed
