"""A small language for the solver's tests: universes of packages.

    universe = Universe()
    universe.add("a", "1.0", needs=["b>=2"])
    universe.add("b", "2.0")
    outcome = universe.resolve("a")
    assert outcome.versions == {"a": "1.0", "b": "2.0"}

Versions are numbers with dots; requirements use `>= <= > < == !=` and commas, and
extras in brackets. A universe counts the questions the solver asks.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field

from admit.resolve.explain import explain, format_versions
from admit.resolve.question import (
    Facet,
    NoSolution,
    Solution,
    Unavailable,
    Versions,
)
from admit.resolve.solver import solve
from admit.resolve.term import Dependency

COMPARISONS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


def key_of(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def admits(constraint: str, version: str) -> bool:
    """Tell whether ">=1.0,<2" admits "1.5"."""
    for clause in filter(None, constraint.split(",")):
        found = re.fullmatch(r"([<>=!]+)([\d.]+)", clause)
        assert found, f"not a constraint: {constraint!r}"
        if not COMPARISONS[found[1]](key_of(version), key_of(found[2])):
            return False
    return True


def requires(text: str) -> list[Dependency]:
    """Read "flask[async]>=2": the base, or every extra."""
    found = re.fullmatch(r"([\w-]+)(?:\[([\w,-]+)\])?(.*)", text)
    assert found, f"not a requirement: {text!r}"
    name, extras, constraint = found.groups()
    packages = [f"{name}[{each}]" for each in extras.split(",")] if extras else [name]
    is_exact = constraint.startswith("==") and "," not in constraint
    return [Dependency(each, constraint, is_exact) for each in packages]


@dataclass
class Release:
    needs: list[str]
    extras: dict[str, list[str]]
    problem: str | None
    """Why its dependencies cannot be told: the page does not say it."""
    unusable: str | None
    """Why it may not be used: the page says it."""


@dataclass
class Outcome:
    """What the solver answered, and how."""

    solution: Solution | None
    explanation: str
    asked: list[str]
    """Questions in order, such as "versions a" and "dependencies a 1.0"."""
    versions: dict[str, str] | None = None
    """The answer, if there is one."""
    expected: list[str] = field(default_factory=list)
    """Packages announced before they were asked for."""

    def tries(self, package: str) -> list[str]:
        """The versions of a package whose dependencies were asked, in order."""
        start = f"dependencies {package} "
        return [
            each.removeprefix(start) for each in self.asked if each.startswith(start)
        ]


@dataclass
class Universe:
    """Packages, their versions and what these need."""

    releases: dict[str, dict[str, Release]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    """Packages that cannot be had, and why."""
    lowest_first: bool = False
    forbidden: dict[str, str] = field(default_factory=dict)
    """Packages of which no version may be chosen, and why."""

    def add(
        self,
        package: str,
        version: str,
        needs: list[str] | None = None,
        *,
        extras: dict[str, list[str]] | None = None,
        problem: str | None = None,
        unusable: str | None = None,
    ) -> None:
        release = Release(needs or [], extras or {}, problem, unusable)
        self.releases.setdefault(package, {})[version] = release

    def versions_of(self, package: str) -> list[str]:
        return sorted(self.releases.get(package.partition("[")[0], {}), key=key_of)

    def resolve(self, *requirements: str) -> Outcome:
        provider = UniverseProvider(self)
        outcome = Outcome(None, "", provider.asked, expected=provider.expected)
        roots = [each for text in requirements for each in requires(text)]
        try:
            solution = solve(provider, roots)
        except NoSolution as error:
            outcome.explanation = explain(
                error.proof, error.universes, provider.describe
            )
            return outcome
        outcome.solution = solution
        outcome.versions = {
            package: self.versions_of(package)[index]
            for package, index in solution.versions.items()
        }
        return outcome


class UniverseProvider:
    """Answers the solver out of a universe, and writes down what it was asked."""

    def __init__(self, universe: Universe) -> None:
        self.universe = universe
        self.asked: list[str] = []
        self.expected: list[str] = []

    def versions(self, package: str) -> Versions | Facet | Unavailable:
        if "[" in package:
            return Facet(package.partition("[")[0])
        self.asked.append(f"versions {package}")
        versions = self.universe.versions_of(package)
        if package in self.universe.absent or not versions:
            return Unavailable(self.universe.absent.get(package, "was not found"))
        groups: dict[str, int] = {}
        for index, version in enumerate(versions):
            reason = self.universe.releases[package][version].unusable
            if reason is not None:
                groups[reason] = groups.get(reason, 0) | 1 << index
        unusable = tuple((mask, reason) for reason, mask in groups.items())
        return Versions(len(versions), unusable)

    def mask(self, package: str, constraint: object) -> int:
        self.asked.append(f"mask {package}{constraint}")
        return sum(
            1 << index
            for index, version in enumerate(self.universe.versions_of(package))
            if admits(str(constraint), version)
        )

    def choose(self, package: str, mask: int) -> int | Unavailable:
        assert mask > 0
        reason = self.universe.forbidden.get(package)
        if reason is not None:
            return Unavailable(reason)
        if self.universe.lowest_first:
            return (mask & -mask).bit_length() - 1
        return mask.bit_length() - 1

    def dependencies(
        self, package: str, version: int
    ) -> tuple[Dependency, ...] | Unavailable:
        text = self.universe.versions_of(package)[version]
        self.asked.append(f"dependencies {package} {text}")
        name, _, extra = package.rstrip("]").partition("[")
        release = self.universe.releases[name][text]
        if release.problem is not None:
            return Unavailable(release.problem)
        needs = release.extras.get(extra, []) if extra else release.needs
        return tuple(each for need in needs for each in requires(need))

    def expect(self, dependencies: tuple[Dependency, ...]) -> None:
        self.expected += [each.package for each in dependencies]

    def describe(self, package: str, mask: int) -> str:
        return format_versions(package, mask, self.universe.versions_of(package))
