"""Versions whose file is refused (pain H6): passed over, told of, never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.resolve.finder import Finder
from admit.resolve.pins import warnings_of
from admit.resolve.policy import Asked, Policy
from admit.resolve.provider import NothingFits, Provider, Resolution, resolve
from admit.spec.requirement import parse_requirement
from support.shelf import TARGET, Release, Shelf

if TYPE_CHECKING:
    from collections.abc import Collection

pytestmark = pytest.mark.pain("H6")

REFUSED = (
    "corp refused widget 2.0 (403 for widget-2.0-py3-none-any.whl, asked as alice via "
    "netrc): took {} instead"
)
URL = "https://pypi.corp.example/simple/"


def search(
    world: dict[str, Any],
    *wanted: str,
    refuses: Collection[str] = ("widget==2.0",),
    others: dict[str, Any] | None = None,
    strategy: Any = "first-index",
    **policy: Any,
) -> tuple[Resolution, Shelf]:
    shelf = Shelf(world, URL, refuses=refuses)
    second = Shelf(others or {}, "https://mirror.example/simple/")
    pairs: Any = [(each.settings(), each) for each in (shelf, second)]
    finder = Finder(pairs, {}, lambda _: None, strategy=strategy)
    asked = Asked(tuple(parse_requirement(each) for each in wanted))
    provider = Provider(finder, TARGET, {}, Policy(**policy), asked)
    return resolve(provider), shelf


def pins(resolution: Resolution) -> list[str]:
    return [f"{pin.name}=={pin.version}" for pin in resolution.pins]


def test_the_next_version_is_taken_and_it_is_shown() -> None:
    found, _ = search({"widget": ["1.0", "1.9", "2.0"]}, "widget")

    assert pins(found) == ["widget==1.9"]
    assert warnings_of(found) == (REFUSED.format("1.9"),)


def test_each_version_that_was_passed_over_is_shown_the_newest_first() -> None:
    refuses = ("widget==2.0", "widget==1.9")

    found, _ = search({"widget": ["1.0", "1.9", "2.0"]}, "widget", refuses=refuses)

    first, second = warnings_of(found)
    assert first == REFUSED.format("1.0")
    assert second.startswith("corp refused widget 1.9 (403 for widget-1.9-")


def test_a_version_that_others_rule_out_is_not_shown() -> None:
    world = {"widget": ["1.0", "2.0"], "user": [Release("1.0", ["widget<2"])]}

    found, shelf = search(world, "widget", "user")

    assert "widget==2.0" in shelf.read
    assert pins(found) == ["user==1.0", "widget==1.0"]
    assert warnings_of(found) == ()


def test_a_project_that_is_not_taken_in_the_end_is_not_shown() -> None:
    world = {
        "widget": ["1.0", "2.0"],
        "user": [Release("1.0"), Release("2.0", ["widget", "missing"])],
    }

    found, shelf = search(world, "user")

    assert "widget==2.0" in shelf.read
    assert pins(found) == ["user==1.0"]
    assert warnings_of(found) == ()


def test_a_refusal_that_was_only_guessed_at_is_not_shown() -> None:
    """The guess comes before the other requirement is known."""
    world = {
        "user": [Release("1.0", ["middle"])],
        "middle": [Release("1.0", ["widget<2"])],
        "widget": ["1.0", "2.0"],
        "first": [Release("1.0", ["widget"])],
    }

    found, shelf = search(world, "first", "user")

    assert "widget==2.0" in shelf.read
    assert warnings_of(found) == ()


@pytest.mark.parametrize("with_dependencies", [True, False])
def test_a_pin_that_is_refused_is_an_error_that_says_who_was_refused(
    with_dependencies: bool,
) -> None:
    world = {"widget": ["1.0", "2.0"]}

    with pytest.raises(NothingFits) as caught:
        search(world, "widget==2.0", with_dependencies=with_dependencies)

    assert (caught.value.why or "").startswith(
        "Because you require widget==2.0, which is refused by corp (403, asked as "
        "alice via netrc), your requirements"
    )
    assert "corp knows alice and refuses widget-2.0-" in (caught.value.fix or "")


@pytest.mark.parametrize("other", ["missing", "later"])
def test_the_advice_is_kept_for_failures_in_which_a_refusal_has_a_part(
    other: str,
) -> None:
    world = {"widget": ["1.0", "2.0"], "later": [Release("1.0", python=">=4")]}

    with pytest.raises(NothingFits) as caught:
        search(world, "widget", other)

    assert "corp knows" not in (caught.value.fix or "")


def test_without_dependencies_files_are_asked_for_all_the_same() -> None:
    world = {"widget": [Release("1.0", ["more"]), Release("2.0", ["more"])]}

    found, shelf = search(world, "widget", with_dependencies=False)

    assert pins(found) == ["widget==1.0"]
    assert sorted(shelf.read) == ["widget==1.0", "widget==2.0"]


def test_what_is_at_hand_cannot_be_refused() -> None:
    found, _ = search({"widget": ["1.0", "2.0"]}, "widget", is_at_hand=lambda _: True)

    assert pins(found) == ["widget==2.0"]
    assert warnings_of(found) == ()


def test_an_extra_goes_with_its_project() -> None:
    world = {"widget": [Release("1.0", extras=["x"]), Release("2.0", extras=["x"])]}

    found, _ = search(world, "widget[x]")

    assert pins(found) == ["widget==1.0"]
    assert warnings_of(found) == (REFUSED.format("1.0"),)


@pytest.mark.pain("H1")
@pytest.mark.parametrize(
    "strategy", ["first-index", "unsafe-first-match", "unsafe-best-match"]
)
def test_a_refused_version_does_not_come_from_another_index(strategy: str) -> None:
    refuses = ("widget==2.0", "widget==1.0")
    others = {"widget": ["2.0", "1.0"]}

    with pytest.raises(NothingFits, match="no set of versions"):
        search(
            {"widget": ["1.0", "2.0"]},
            "widget",
            refuses=refuses,
            others=others,
            strategy=strategy,
        )
