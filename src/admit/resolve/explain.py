"""Why there is no solution: from the proof to prose.

For: a text that a tired person understands, in the order of the proof.
Does not know: how versions are spelled or policies named: the caller describes sets
of versions, and reasons come as the provider worded them.
Shape: the proof is first made shorter (`_Proof`): facts about the same dependency
become one, facets disappear, and if it is still long, narrow dependencies between the
same packages are widened as far as the proof allows. Then it is told (`_Teller`).
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
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from admit.resolve.term import Dependency, Mask, Package

    Describe: TypeAlias = Callable[[Package, Mask], str]
    Universes: TypeAlias = Mapping[Package, Mask]

_LONG = 4
"""A proof of more steps is made shorter at the price of exactness."""
_TOO_LONG = 40
"""A proof of more steps is not told; its facts are listed."""


def explain(
    proof: Incompatibility,
    universes: Universes,
    describe: Describe,
    absence: Callable[[Dependency], str] | None = None,
) -> str:
    """Tell why nothing can be selected.

    Args:
        proof: from `NoSolution`, as are `universes`.
        universes: by package, the mask of all its states.
        describe: names versions of a package: "flask>=2,<3", or "flask" for all.
        absence: says what is wrong with a dependency no version satisfies; a
            clause, such as "HOST has no such version (seen anonymously)".

    Returns:
        Sentences, one a line; a line that others refer to ends with a number.
    """
    shorter = _shorten(proof, universes)
    wording = _as_typed(_leaves(proof), universes, describe)
    facts = _Facts(universes, wording, absence or _no_such_version)
    if len(_steps(shorter)) > _TOO_LONG:
        return facts.list_all(_leaves(shorter))
    return _Teller(shorter, facts).tell()


def format_versions(
    package: Package, mask: Mask, versions: Sequence[str], ignored: Mask = 0
) -> str:
    """Name a set of versions by ranges: "flask>=2,<3".

    Args:
        package: the name to put before every range.
        mask: the set; a bit above the last version is left out of account.
        versions: all of them, ascending.
        ignored: versions nobody asks about, which may stand inside a range.
    """
    every = (1 << len(versions)) - 1
    mask &= every
    if not every & ~mask & ~ignored:
        return package
    spans = _spans(mask, ignored, len(versions))
    if len(spans) > 3:
        first, last = versions[spans[0][0]], versions[spans[-1][1]]
        return f"{mask.bit_count()} versions of {package} from {first} to {last}"
    return " or ".join(_format_span(package, span, versions) for span in spans)


def _spans(mask: Mask, ignored: Mask, count: int) -> list[tuple[int, int]]:
    """Return the runs of a mask, as first and last index."""
    spans: list[tuple[int, int]] = []
    may_continue = False
    for index in range(count):
        if mask >> index & 1:
            if may_continue:
                spans[-1] = spans[-1][0], index
            else:
                spans.append((index, index))
            may_continue = True
        elif not ignored >> index & 1:
            may_continue = False
    return spans


def _format_span(
    package: Package, span: tuple[int, int], versions: Sequence[str]
) -> str:
    first, last = span
    if first == last:
        return f"{package}=={versions[first]}"
    bounds = [f">={versions[first]}"] if first else []
    if last + 1 < len(versions):
        bounds.append(f"<{versions[last + 1]}")
    return package + ",".join(bounds)


def _as_typed(
    leaves: Iterable[Incompatibility], universes: Universes, describe: Describe
) -> Describe:
    """Describe a set that some requirement in the proof names as it is named there."""
    typed: dict[tuple[Package, Mask], str] = {}
    for each in leaves:
        match each.cause:
            case Depends(_, target, dependency, None) if dependency is not None:
                admitted = _admitted(each, universes)
                typed.setdefault((target, admitted), str(dependency))
    return lambda package, mask: typed.get((package, mask)) or describe(package, mask)


def _no_such_version(dependency: Dependency) -> str:
    return f"no version of {dependency.package} fits"


# Shortening


def _shorten(proof: Incompatibility, universes: Universes) -> Incompatibility:
    """Find the shortest proof we can, of the same and from the same facts.

    Facts alike become one. Only if the proof is still long are narrow dependencies
    between two packages summed up in a wide one, where that suffices.
    """
    exact: dict[Incompatibility, Incompatibility] = {}
    for group in _group(_leaves(proof), _same_fact):
        exact.update(dict.fromkeys(group, _unite(group)))
    best = _try(proof, proof, exact, universes)
    if len(_steps(best)) > _LONG:
        wide: dict[Incompatibility, Incompatibility] = {}
        for group in _group(_leaves(best), _same_pair):
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
    facts = dict.fromkeys(replaced.get(each, each) for each in _leaves(proof))
    by_user_first = sorted(facts, key=lambda fact: fact.cause.package != ROOT)
    for attempt in (
        _replay(proof, replaced, universes),
        _deduce(by_user_first, universes),
    ):
        if attempt is not None and len(_steps(attempt)) <= len(_steps(best)):
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


def _in_order(proof: Incompatibility) -> list[Incompatibility]:
    """Return every incompatibility of a proof once, causes before effects."""
    done: dict[Incompatibility, None] = {}
    stack = [proof]
    while stack:
        node = stack[-1]
        causes = _causes(node)
        missing = [each for each in causes if each not in done]
        if missing:
            stack.extend(reversed(missing))
        else:
            done[stack.pop()] = None
    return list(done)


def _causes(node: Incompatibility) -> tuple[Incompatibility, ...]:
    cause = node.cause
    return (cause.left, cause.right) if isinstance(cause, Conflict) else ()


def _leaves(proof: Incompatibility) -> list[Incompatibility]:
    return [each for each in _in_order(proof) if not _causes(each)]


def _steps(proof: Incompatibility) -> list[Incompatibility]:
    return [each for each in _in_order(proof) if _causes(each)]


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


def _admitted(leaf: Incompatibility, universes: Universes) -> Mask:
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
    for node in _in_order(proof):
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


# Telling


class _Facts:
    """Words for facts and for what follows from them."""

    def __init__(
        self,
        universes: Universes,
        describe: Describe,
        absence: Callable[[Dependency], str],
    ) -> None:
        self._universes = universes
        self._places = {package: place for place, package in enumerate(universes)}
        self._describe = describe
        self._absence = absence

    def state(self, leaf: Incompatibility) -> str:
        """Say one fact."""
        return f"{self._subject(leaf)} {self._predicate(leaf)}"

    def join(self, first: Incompatibility, second: Incompatibility) -> str:
        """Say two facts; in one clause where they have something in common."""
        if self._leads_to(second, first):
            first, second = second, first
        if self._leads_to(first, second):
            return f"{self.state(first)}, which {self._predicate(second)}"
        first, second = sorted((first, second), key=self._place)
        if self._subject(first) == self._subject(second):
            common = "require " if first.cause.package == ROOT else "depends on "
            one, other = self._predicate(first), self._predicate(second)
            if one.startswith(common) and other.startswith(common):
                both = (
                    f"both {one.removeprefix(common)} and {other.removeprefix(common)}"
                )
                return f"{self._subject(first)} {common}{both}"
        return f"{self.state(first)} and {self.state(second)}"

    def _place(self, leaf: Incompatibility) -> int:
        """What the user asked for comes first, in the order asked."""
        if leaf.cause.package != ROOT or not leaf.terms:
            return len(self._places)
        return self._places[next(iter(leaf.terms))]

    def conclude(self, node: Incompatibility) -> str:
        """Say what an incompatibility that was derived means."""
        chosen: list[str] = []
        needed: list[str] = []
        for package, mask in node.terms.items():
            universe = self._universes[package]
            if mask > universe >> 1:
                needed.append(self._describe(package, universe ^ mask))
            else:
                chosen.append(self._describe(package, mask))
        if needed and chosen:
            verb = "requires" if len(chosen) == 1 else "together require"
            return f"{_enumerate(chosen)} {verb} {' or '.join(needed)}"
        if needed:
            return f"{' or '.join(needed)} is needed"
        if len(chosen) > 2:
            return f"{_enumerate(chosen)} cannot be used together"
        if len(chosen) == 2:
            return f"{chosen[0]} and {chosen[1]} are incompatible"
        if chosen:
            return f"{chosen[0]} cannot be used"
        return "your requirements cannot all be met"

    def list_all(self, leaves: list[Incompatibility]) -> str:
        """List facts, where telling how they meet would take too long."""
        in_order = sorted(leaves, key=self._place)
        stated = list(dict.fromkeys(self.state(each) for each in in_order))
        lines = [f"- {each}" for each in stated[:_TOO_LONG]]
        if len(stated) > _TOO_LONG:
            lines.append(f"- and {len(stated) - _TOO_LONG} more facts like these")
        return "\n".join(["These do not go together:", *lines])

    def _subject(self, leaf: Incompatibility) -> str:
        package = leaf.cause.package
        if package == ROOT:
            return "you"
        if isinstance(leaf.cause, SameVersion):
            return package
        return self._describe(package, leaf.terms[package])

    def _predicate(self, leaf: Incompatibility) -> str:
        match leaf.cause:
            case Unusable(_, reason):
                return reason
            case SameVersion(_, base):
                return f"always has the version of {base}"
            case Depends(_, target, None):
                needed = self._describe(target, _admitted(leaf, self._universes))
                return f"depends on {needed}"
            case Depends(package, target, dependency, problem):
                verb = "require" if package == ROOT else "depends on"
                if dependency is None or problem is None:
                    return f"{verb} {dependency}"
                why = f"{target} {problem}" if problem else self._absence(dependency)
                return f"{verb} {dependency}, but {why}"
            case Conflict():
                return "follows"  # never asked of: facts have no causes

    def _leads_to(self, one: Incompatibility, other: Incompatibility) -> bool:
        """Whether the other fact holds for every version the one depends on."""
        admitted = _admitted(one, self._universes)
        return (
            isinstance(one.cause, Depends)
            and one.cause.target == other.cause.package
            and admitted != 0
            and not admitted & ~other.terms[other.cause.package]
        )


def _enumerate(items: list[str]) -> str:
    return f"{', '.join(items[:-1])} and {items[-1]}" if items[1:] else items[0]


class _Teller:
    """Puts a proof into sentences, numbering those that others refer to."""

    def __init__(self, proof: Incompatibility, facts: _Facts) -> None:
        self._proof = proof
        self._facts = facts
        self._lines: list[str] = []
        self._numbers: dict[Incompatibility, int | None] = {}
        """Of every incompatibility told: its number, if it has one."""
        uses: dict[Incompatibility, int] = {}
        for each in _in_order(proof):
            for cause in _causes(each):
                uses[cause] = uses.get(cause, 0) + 1
        self._shared = {each for each, count in uses.items() if count > 1}

    def tell(self) -> str:
        """Return the sentences, one a line."""
        if not _causes(self._proof):
            return f"{_capitalize(self._facts.state(self._proof))}."
        self._tell(self._proof)
        return "\n".join(self._lines)

    def _tell(self, node: Incompatibility) -> None:
        """Tell how an incompatibility follows from its causes, these first."""
        left, right = _causes(node)
        if _causes(left) and _causes(right):
            self._tell_from_two(node, left, right)
        elif _causes(left):
            self._tell_from_one(node, left, right)
        elif _causes(right):
            self._tell_from_one(node, right, left)
        else:
            self._say(node, f"because {self._facts.join(right, left)}")

    def _tell_from_two(
        self, node: Incompatibility, left: Incompatibility, right: Incompatibility
    ) -> None:
        """Tell a step from two derived causes; the simpler one comes last."""
        first, second = (right, left) if self._is_simple(left) else (left, right)
        told = [each for each in (first, second) if each in self._numbers]
        if len(told) == 2:
            reasons = " and ".join(self._refer(each) for each in told)
            self._say(node, f"because {reasons}")
            return
        if told:
            self._tell(first if told[0] is second else second)
            self._say(node, f"and because {self._refer(told[0])}")
            return
        if not self._is_simple(second):
            self._shared.add(first)
        self._tell(first)
        if second not in self._numbers:
            self._tell(second)
        if self._numbers[first] is not None:
            self._say(node, f"and because {self._refer(first)}")
        else:
            self._say(node, "thus")

    def _tell_from_one(
        self, node: Incompatibility, derived: Incompatibility, fact: Incompatibility
    ) -> None:
        """Tell a step from a derived cause and a fact."""
        if derived in self._numbers:
            reason = f"{self._facts.state(fact)} and {self._refer(derived)}"
            self._say(node, f"because {reason}")
            return
        inner = self._skippable(derived)
        if inner is not None:
            former, former_fact = inner
            self._tell(former)
            self._say(node, f"and because {self._facts.join(former_fact, fact)}")
        else:
            self._tell(derived)
            self._say(node, f"and because {self._facts.state(fact)}")

    def _is_simple(self, node: Incompatibility) -> bool:
        """Whether one sentence tells it."""
        return not any(_causes(each) for each in _causes(node))

    def _skippable(
        self, node: Incompatibility
    ) -> tuple[Incompatibility, Incompatibility] | None:
        """Return the causes of a step that its only successor can tell as well."""
        left, right = _causes(node)
        if _causes(right):
            left, right = right, left
        if (
            node in self._shared
            or not _causes(left)
            or _causes(right)
            or left in self._numbers
        ):
            return None
        return left, right

    def _refer(self, node: Incompatibility) -> str:
        return f"{self._facts.conclude(node)} ({self._numbers[node]})"

    def _say(self, node: Incompatibility, reason: str) -> None:
        if node is self._proof:
            reason = reason.replace("and because", "so, because", 1)
        line = f"{_capitalize(reason)}, {self._facts.conclude(node)}."
        self._numbers[node] = None
        if node in self._shared:
            count = sum(number is not None for number in self._numbers.values())
            self._numbers[node] = count + 1
            line += f" ({count + 1})"
        self._lines.append(line)


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]
