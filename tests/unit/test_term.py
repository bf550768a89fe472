"""Combining incompatibilities, and the masks they are made of."""

from __future__ import annotations

import pytest

from admit.resolve.term import (
    Conflict,
    Dependency,
    Incompatibility,
    Unusable,
    combine,
    universe_of,
)


def incompatible(**terms: int) -> Incompatibility:
    return Incompatibility(terms, Unusable(next(iter(terms)), "is broken"))


@pytest.mark.parametrize(
    ("count", "universe"),
    [
        pytest.param(0, 0b1, id="no version: only not selected"),
        pytest.param(3, 0b1111, id="three versions and not selected"),
    ],
)
def test_a_universe_has_one_state_more_than_versions(count: int, universe: int) -> None:
    assert universe_of(count) == universe


def test_combining_joins_the_masks_of_the_package_both_are_about() -> None:
    left, right = incompatible(a=0b001, b=0b01), incompatible(a=0b010, c=0b01)

    made = combine(left, right, "a", universe_of(2))

    assert made.terms == {"a": 0b011, "b": 0b01, "c": 0b01}


def test_combining_leaves_out_a_term_that_every_state_satisfies() -> None:
    left, right = incompatible(a=0b001, b=0b01), incompatible(a=0b110)

    made = combine(left, right, "a", universe_of(2))

    assert made.terms == {"b": 0b01}


def test_combining_keeps_what_both_say_of_another_package() -> None:
    left, right = incompatible(a=0b01, b=0b011), incompatible(a=0b10, b=0b110)

    made = combine(left, right, "a", universe_of(1))

    assert made.terms == {"b": 0b010}


def test_what_was_combined_knows_where_it_comes_from() -> None:
    left, right = incompatible(a=0b01), incompatible(a=0b10)

    made = combine(left, right, "a", universe_of(1))

    assert made.terms == {}
    assert made.cause == Conflict("a", left, right)


def test_a_dependency_reads_as_typed() -> None:
    assert str(Dependency("flask[async]", ">=2,<3")) == "flask[async]>=2,<3"
