"""Naming sets of versions, and proofs too long to tell."""

from __future__ import annotations

import pytest

from admit.resolve.explain import explain, format_versions
from admit.resolve.term import (
    Conflict,
    Dependency,
    Depends,
    Incompatibility,
    Unusable,
    universe_of,
)

VERSIONS = ["1.0", "1.1", "2.0", "2.1", "3.0"]


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        pytest.param(0b11111, "a", id="all"),
        pytest.param(0b00100, "a==2.0", id="one"),
        pytest.param(0b11100, "a>=2.0", id="from one on"),
        pytest.param(0b00011, "a<2.0", id="up to one"),
        pytest.param(0b01100, "a>=2.0,<3.0", id="between"),
        pytest.param(0b10001, "a==1.0 or a==3.0", id="two runs"),
        pytest.param(0b111111, "a", id="the bit above is left out"),
    ],
)
def test_versions_are_named_by_ranges(mask: int, text: str) -> None:
    assert format_versions("a", mask, VERSIONS) == text


def test_a_range_may_pass_over_versions_nobody_asks_about() -> None:
    assert format_versions("a", 0b10101, VERSIONS, ignored=0b01010) == "a"
    assert format_versions("a", 0b10100, VERSIONS, ignored=0b01000) == "a>=2.0"


def test_ignored_versions_at_the_ends_do_not_widen_a_range() -> None:
    assert format_versions("a", 0b00100, VERSIONS, ignored=0b01010) == "a==2.0"


def test_many_runs_are_counted_instead() -> None:
    versions = [f"1.{minor}" for minor in range(9)]

    text = format_versions("a", 0b101010101, versions)

    assert text == "5 versions of a from 1.0 to 1.8"


def test_the_caller_says_what_is_wrong_with_a_dependency() -> None:
    dependency = Dependency("a", ">=7")
    proof = Incompatibility({}, Depends("", "a", dependency, ""))

    text = explain(
        proof,
        {"a": universe_of(1)},
        lambda package, mask: f"{package}:{mask}",
        lambda each: f"host.example has no {each} (seen anonymously)",
    )

    assert text == (
        "You require a>=7, but host.example has no a>=7 (seen anonymously)."
    )


def test_a_proof_of_many_steps_becomes_a_list_of_facts() -> None:
    """Sixty versions, each unusable for a reason of its own."""
    count = 60
    universe = universe_of(count)
    asked = Depends("", "a", Dependency("a", ""))
    proof = Incompatibility({"a": universe ^ (universe >> 1)}, asked)
    for index in range(count):
        reason = Unusable("a", f"lacks file {index}")
        fact = Incompatibility({"a": 1 << index}, reason)
        mask = proof.terms["a"] | 1 << index
        terms = {} if mask == universe else {"a": mask}
        proof = Incompatibility(terms, Conflict("a", proof, fact))
    versions = [f"1.{index}" for index in range(count)]

    text = explain(
        proof, {"a": universe}, lambda name, mask: format_versions(name, mask, versions)
    )

    lines = text.splitlines()
    assert lines[:3] == [
        "These do not go together:",
        "- you require a",
        "- a==1.0 lacks file 0",
    ]
    assert lines[-1] == "- and 21 more facts like these"
