"""Why there is no solution: from the proof to prose.

For: a text that a tired person understands, in the order of the proof.
Does not know: how versions are spelled or policies named: the caller describes sets
of versions, and reasons come as the provider worded them.
Shape: `_Facts` words facts and conclusions, `_Teller` puts a proof (shortened by
`resolve.proof`) into sentences.
Theory: docs/solver.md, section "Explaining".
"""

from __future__ import annotations

from admit.resolve.proof import (
    admitted_by,
    causes_of,
    facts_of,
    in_order,
    shorten,
    steps_of,
)
from admit.resolve.term import (
    ROOT,
    Conflict,
    Depends,
    Incompatibility,
    SameVersion,
    Unusable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from admit.resolve.proof import Universes
    from admit.resolve.term import Dependency, Mask, Package

    Describe: TypeAlias = Callable[[Package, Mask], str]

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
    shorter = shorten(proof, universes)
    wording = _as_typed(facts_of(proof), universes, describe)
    facts = _Facts(universes, wording, absence or _no_such_version)
    if len(steps_of(shorter)) > _TOO_LONG:
        return facts.list_all(facts_of(shorter))
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
                admitted = admitted_by(each, universes)
                typed.setdefault((target, admitted), str(dependency))
    return lambda package, mask: typed.get((package, mask)) or describe(package, mask)


def _no_such_version(dependency: Dependency) -> str:
    return f"no version of {dependency.package} fits"


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
        leaves = sorted(leaves, key=self._place)
        stated = list(dict.fromkeys(self.state(each) for each in leaves))
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
                needed = self._describe(target, admitted_by(leaf, self._universes))
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
        admitted = admitted_by(one, self._universes)
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
        for each in in_order(proof):
            for cause in causes_of(each):
                uses[cause] = uses.get(cause, 0) + 1
        self._shared = {each for each, count in uses.items() if count > 1}

    def tell(self) -> str:
        """Return the sentences, one a line."""
        if not causes_of(self._proof):
            return f"{_capitalize(self._facts.state(self._proof))}."
        self._tell(self._proof)
        return "\n".join(self._lines)

    def _tell(self, node: Incompatibility) -> None:
        """Tell how an incompatibility follows from its causes, these first."""
        left, right = causes_of(node)
        if causes_of(left) and causes_of(right):
            self._tell_from_two(node, left, right)
        elif causes_of(left):
            self._tell_from_one(node, left, right)
        elif causes_of(right):
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
        return not any(causes_of(each) for each in causes_of(node))

    def _skippable(
        self, node: Incompatibility
    ) -> tuple[Incompatibility, Incompatibility] | None:
        """Return the causes of a step that its only successor can tell as well."""
        left, right = causes_of(node)
        if causes_of(right):
            left, right = right, left
        if (
            node in self._shared
            or not causes_of(left)
            or causes_of(right)
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
