"""The trail: states, levels, going back, and what made terms hold."""

from __future__ import annotations

import pytest

from admit.resolve.solution import PartialSolution
from admit.resolve.term import Incompatibility, Unusable, universe_of

CAUSE = Incompatibility({}, Unusable("a", "is broken"))


@pytest.fixture
def solution() -> PartialSolution:
    """Packages a and b, three versions each; nothing assumed."""
    solution = PartialSolution()
    solution.introduce("a", universe_of(3))
    solution.introduce("b", universe_of(3))
    return solution


def test_a_state_is_what_all_assignments_say_together(
    solution: PartialSolution,
) -> None:
    solution.derive("a", 0b1011, CAUSE)
    solution.derive("a", 0b0110, CAUSE)

    assert solution.states == {"a": 0b0010, "b": 0b1111}


def test_a_package_is_undecided_once_not_selecting_it_is_ruled_out(
    solution: PartialSolution,
) -> None:
    solution.derive("a", 0b1011, CAUSE)
    solution.derive("b", 0b0011, CAUSE)

    assert list(solution.undecided) == ["b"]


def test_a_decision_opens_a_level(solution: PartialSolution) -> None:
    solution.derive("a", 0b0111, CAUSE)
    solution.decide("a", 2)

    assert solution.level == 1
    assert solution.decisions == {"a": 2}
    assert solution.states["a"] == 0b0100
    assert list(solution.undecided) == []


def test_going_back_restores_states_and_queue(solution: PartialSolution) -> None:
    solution.derive("a", 0b0111, CAUSE)
    solution.decide("a", 2)
    solution.derive("b", 0b0011, CAUSE)
    solution.decide("b", 1)

    solution.backtrack(0)

    assert solution.states == {"a": 0b0111, "b": 0b1111}
    assert solution.decisions == {}
    assert list(solution.undecided) == ["a"]


def test_going_back_keeps_the_level_gone_back_to(solution: PartialSolution) -> None:
    solution.derive("a", 0b0111, CAUSE)
    solution.decide("a", 2)
    solution.derive("b", 0b0011, CAUSE)
    solution.decide("b", 1)

    solution.backtrack(1)

    assert solution.decisions == {"a": 2}
    assert solution.states["b"] == 0b0011
    assert list(solution.undecided) == ["b"]


def test_the_latest_is_the_assignment_after_which_all_terms_hold(
    solution: PartialSolution,
) -> None:
    solution.derive("a", 0b0111, CAUSE)
    solution.decide("a", 2)
    solution.derive("b", 0b0111, CAUSE)
    solution.derive("b", 0b0011, CAUSE)

    latest, level = solution.latest({"a": 0b0111, "b": 0b0111})

    assert (latest.package, latest.after) == ("b", 0b0111)
    assert level == 0


def test_the_level_counts_an_earlier_part_of_the_same_term(
    solution: PartialSolution,
) -> None:
    """Neither step alone says that b is version 1; together they do."""
    solution.derive("a", 0b0111, CAUSE)
    solution.decide("a", 2)
    solution.derive("b", 0b0011, CAUSE)
    solution.decide("b", 1)
    solution.backtrack(1)
    solution.derive("b", 0b0110, CAUSE)

    latest, level = solution.latest({"b": 0b0010})

    assert latest.mask == 0b0110
    assert level == 1
