"""Which package is next."""

from __future__ import annotations

import pytest

from admit.resolve.order import PATIENCE, Order


@pytest.fixture
def order() -> Order:
    """Packages a, b and c, discovered in this order."""
    order = Order()
    for package in "abc":
        order.discover(package, is_pinned=False)
    return order


def test_the_first_discovered_is_the_first_decided(order: Order) -> None:
    assert order.first(["c", "b"]) == "b"


def test_nothing_comes_of_nothing(order: Order) -> None:
    assert order.first([]) is None


def test_discovering_a_package_again_does_not_move_it_back(order: Order) -> None:
    order.discover("a", is_pinned=False)

    assert order.first(["b", "a"]) == "a"


def test_a_pin_moves_a_package_to_the_front_for_good(order: Order) -> None:
    order.discover("c", is_pinned=True)
    order.discover("c", is_pinned=False)

    assert order.first(["a", "b", "c"]) == "c"


def test_patience_has_an_end(order: Order) -> None:
    for _ in range(PATIENCE - 1):
        order.blame("c", ["b"])
    assert order.first(["a", "b", "c"]) == "a"

    order.blame("c", ["b"])

    assert order.first(["a", "b", "c"]) == "c"
    assert order.first(["a", "b"]) == "b"


def test_who_hinders_is_misplaced_once(order: Order) -> None:
    for _ in range(2 * PATIENCE):
        order.blame("c", ["b"])

    assert order.take_misplaced() == ["b"]
    assert order.take_misplaced() == []


def test_a_package_does_not_hinder_itself(order: Order) -> None:
    for _ in range(PATIENCE):
        order.blame("c", ["c"])

    assert order.take_misplaced() == []


def test_a_pinned_package_is_never_misplaced(order: Order) -> None:
    order.discover("b", is_pinned=True)
    for _ in range(PATIENCE):
        order.blame("c", ["b"])

    assert order.take_misplaced() == []
