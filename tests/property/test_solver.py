"""Laws of the solver, on random small universes."""

from __future__ import annotations

import re
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from property import strategies  # noqa: F401  # for its settings
from support.universe import Universe, admits, requires

NAMES = ["a", "b", "c", "d"]
VERSIONS = ["1", "2", "3"]
CONSTRAINTS = ["", "", ">=2", "<2", "<3", "==1", "==2", "==3", "!=2"]


@st.composite
def requirement_texts(draw: st.DrawFn) -> str:
    extra = draw(st.sampled_from(["", "", "[x]"]))
    return draw(st.sampled_from(NAMES)) + extra + draw(st.sampled_from(CONSTRAINTS))


NEEDS = st.lists(requirement_texts(), max_size=3)


@st.composite
def universes(draw: st.DrawFn) -> Universe:
    universe = Universe()
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True)):
        for version in draw(
            st.lists(st.sampled_from(VERSIONS), min_size=1, unique=True)
        ):
            flaw = draw(st.sampled_from([None] * 8 + ["problem", "unusable"]))
            universe.add(
                name,
                version,
                draw(NEEDS),
                extras={"x": draw(NEEDS)},
                problem="is broken" if flaw == "problem" else None,
                unusable="is too old" if flaw == "unusable" else None,
            )
    return universe


ROOTS = st.lists(requirement_texts(), min_size=1, max_size=3)


def fits(universe: Universe, roots: list[str], chosen: dict[str, str]) -> bool:
    """Check a choice against the definition of a solution, extras included."""
    needed = [each for root in roots for each in requires(root)]
    seen: set[str] = set()
    while needed:
        dependency = needed.pop()
        package = dependency.package
        name, _, extra = package.rstrip("]").partition("[")
        version = chosen.get(name)
        if version is None or not admits(str(dependency.constraint), version):
            return False
        release = universe.releases[name][version]
        if release.problem or release.unusable:
            return False
        if package not in seen:
            seen.add(package)
            texts = release.extras.get(extra, []) if extra else release.needs
            needed += [each for text in texts for each in requires(text)]
            needed += requires(name)
    return {each.partition("[")[0] for each in seen} == set(chosen)


def is_solvable(universe: Universe, roots: list[str]) -> bool:
    """Try every combination."""
    choices = [[None, *universe.releases.get(name, {})] for name in NAMES]
    return any(
        fits(
            universe,
            roots,
            {
                name: version
                for name, version in zip(NAMES, each, strict=True)
                if version
            },
        )
        for each in product(*choices)
    )


def bases(versions: dict[str, str]) -> dict[str, str]:
    return {name: version for name, version in versions.items() if "[" not in name}


class TestAnswersAreRight:
    """A solution is one version of every package needed, and of no other."""

    @given(universes(), ROOTS)
    def test_it_agrees_with_trying_everything(
        self, universe: Universe, roots: list[str]
    ) -> None:
        outcome = universe.resolve(*roots)

        if outcome.versions is None:
            assert not is_solvable(universe, roots)
        else:
            assert fits(universe, roots, bases(outcome.versions))

    @given(universes(), ROOTS)
    def test_a_facet_has_the_version_of_its_base(
        self, universe: Universe, roots: list[str]
    ) -> None:
        versions = universe.resolve(*roots).versions or {}

        for package, version in versions.items():
            assert versions[package.partition("[")[0]] == version


class TestAnswersAreStable:
    """Same answer twice, and none that depends on what nobody needs."""

    @given(universes(), ROOTS)
    def test_it_answers_the_same_twice(
        self, universe: Universe, roots: list[str]
    ) -> None:
        first, second = universe.resolve(*roots), universe.resolve(*roots)

        assert first == second

    @given(universes(), ROOTS)
    def test_trying_the_lowest_first_finds_a_solution_just_as_well(
        self, universe: Universe, roots: list[str]
    ) -> None:
        highest = universe.resolve(*roots).versions
        universe.lowest_first = True
        lowest = universe.resolve(*roots).versions

        assert (highest is None) == (lowest is None)

    @given(universes(), ROOTS, st.data())
    def test_removing_a_dependency_breaks_nothing(
        self, universe: Universe, roots: list[str], data: st.DataObject
    ) -> None:
        could = universe.resolve(*roots).versions is not None
        releases = [
            release
            for versions in universe.releases.values()
            for release in versions.values()
            if release.needs
        ]
        if releases:
            data.draw(st.sampled_from(releases)).needs.pop()

        assert not could or universe.resolve(*roots).versions is not None

    @given(universes(), ROOTS, st.data())
    def test_withdrawing_an_unused_version_changes_nothing(
        self, universe: Universe, roots: list[str], data: st.DataObject
    ) -> None:
        before = universe.resolve(*roots).versions
        used = bases(before or {})
        unused = [
            (name, version)
            for name, versions in universe.releases.items()
            for version in versions
            if used.get(name) != version and len(versions) > 1
        ]
        if unused:
            name, version = data.draw(st.sampled_from(unused))
            del universe.releases[name][version]

        after = universe.resolve(*roots).versions

        assert (before is None) == (after is None)


class TestQuestionsAreFew:
    """Every question is asked once, and none without need."""

    @given(universes(), ROOTS)
    def test_no_question_is_asked_twice(
        self, universe: Universe, roots: list[str]
    ) -> None:
        asked = universe.resolve(*roots).asked

        assert len(asked) == len(set(asked))

    @given(universes(), ROOTS)
    def test_packages_are_announced_before_they_are_asked_for(
        self, universe: Universe, roots: list[str]
    ) -> None:
        outcome = universe.resolve(*roots)

        announced = {each.partition("[")[0] for each in outcome.expected}
        asked = [each for each in outcome.asked if each.startswith("versions ")]
        assert {each.removeprefix("versions ") for each in asked} <= announced


class TestExplanations:
    """Every failure is explained, in words that name what was asked for."""

    @given(universes(), ROOTS)
    def test_a_failure_names_a_requirement_as_typed(
        self, universe: Universe, roots: list[str]
    ) -> None:
        outcome = universe.resolve(*roots)

        if outcome.versions is None:
            assert "you require" in outcome.explanation.lower()
            assert any(root in outcome.explanation for root in roots)
            assert "None" not in outcome.explanation

    @given(universes(), ROOTS)
    def test_a_reference_points_to_a_line_above(
        self, universe: Universe, roots: list[str]
    ) -> None:
        known: set[str] = set()
        for line in universe.resolve(*roots).explanation.splitlines():
            text, number = re.fullmatch(r"(.*?)\.?(?: \((\d+)\))?", line).groups()  # type: ignore[union-attr]  # always matches
            assert set(re.findall(r"\((\d+)\)", text)) <= known
            known.add(number)
