"""Laws of requirements and markers, with `packaging` as the oracle."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.markers import InvalidMarker as OracleInvalidMarker
from packaging.markers import Marker as OracleMarker
from packaging.markers import UndefinedComparison
from packaging.requirements import InvalidRequirement as OracleInvalidRequirement
from packaging.requirements import Requirement as OracleRequirement
from packaging.utils import canonicalize_name

from admit.spec.marker import InvalidMarker, parse_marker
from admit.spec.names import ExtraName
from admit.spec.requirement import (
    InvalidRequirement,
    format_requirement,
    parse_requirement,
)
from property.strategies import (
    damaged,
    environments,
    marker_texts,
    requirement_texts,
)

EXTRAS = st.sampled_from([ExtraName("tls"), ExtraName("dev-x")])


def evaluate_oracle(
    text: str, environment: dict[str, str], extras: list[ExtraName]
) -> bool | None:
    """Ask for each extra alone; None where the comparison has no meaning."""
    marker = OracleMarker(text)
    try:
        answers = [
            marker.evaluate({**environment, "extra": str(extra)})
            for extra in extras or ("",)
        ]
        return any(answers)
    except UndefinedComparison:
        return None


class TestMarker:
    """A marker holds where `packaging` says so."""

    @given(marker_texts(), environments(), st.lists(EXTRAS, max_size=2, unique=True))
    def test_evaluation_is_the_oracles(
        self, text: str, environment: dict[str, str], extras: list[ExtraName]
    ) -> None:
        expected = evaluate_oracle(text, environment, extras)

        try:
            actual: bool | None = parse_marker(text).evaluate(environment, extras)
        except InvalidMarker:
            actual = None

        # Ours stops at the first answer, so it may not meet a comparison that has
        # no meaning.
        assert actual == expected or expected is None

    @given(st.one_of(damaged(marker_texts()), st.text(max_size=12)))
    @example("os_name == 'a' and")
    @example("os_name === 'a'")
    @example("'\nosix' in os_name")
    def test_what_is_a_marker_is_what_packaging_takes(self, text: str) -> None:
        try:
            OracleMarker(text)
            expected = True
        except OracleInvalidMarker:
            expected = False
        try:
            parse_marker(text)
            actual = True
        except InvalidMarker:
            actual = False

        assert actual == expected

    @given(marker_texts(), environments(), EXTRAS)
    def test_a_marker_that_does_not_mention_extras_ignores_them(
        self, text: str, environment: dict[str, str], extra: ExtraName
    ) -> None:
        marker = parse_marker(text)

        assert marker.mentions_extra == ("extra" in text)
        if not marker.mentions_extra:
            without = evaluate_oracle(text, environment, [])
            assert without == evaluate_oracle(text, environment, [extra])


class TestRequirement:
    """A requirement is read as `packaging` reads it."""

    @given(requirement_texts())
    def test_parts_are_the_oracles(self, text: str) -> None:
        try:
            oracle = OracleRequirement(text)
        except OracleInvalidRequirement:
            oracle = None
        try:
            ours = parse_requirement(text)
        except InvalidRequirement:
            assert oracle is None
            return

        assert oracle is not None
        extras = sorted({str(canonicalize_name(extra)) for extra in oracle.extras})
        assert str(ours.name) == canonicalize_name(oracle.name)
        assert [str(extra) for extra in ours.extras] == extras
        clauses = {str(clause) for clause in ours.specifier.clauses}
        assert clauses == {str(clause) for clause in oracle.specifier}
        assert (ours.marker is None) == (oracle.marker is None)

    @given(st.one_of(damaged(requirement_texts()), st.text(max_size=12)))
    @example("a_")
    @example("a>=1,,<2")
    @example("a()")
    @example("a,>=1")
    @example("a>=1)")
    @example("a\n")
    def test_what_is_a_requirement_packaging_takes_too(self, text: str) -> None:
        try:
            parse_requirement(text)
        except InvalidRequirement:
            return

        OracleRequirement(text)

    @given(requirement_texts())
    def test_formatting_and_parsing_again_changes_nothing(self, text: str) -> None:
        try:
            first = parse_requirement(text)
        except InvalidRequirement:
            return
        again = parse_requirement(format_requirement(first))

        assert again.name == first.name
        assert again.extras == first.extras
        assert again.specifier.clauses == first.specifier.clauses
        assert again.marker == first.marker
