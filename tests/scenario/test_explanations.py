"""What a failure says, word for word."""

from __future__ import annotations

import textwrap

from support.universe import Universe


def text(expected: str) -> str:
    return textwrap.dedent(expected).strip()


def test_a_project_that_does_not_exist_is_named_with_its_index() -> None:
    universe = Universe(absent={"nope": "was not found on host.example (as alice)"})

    explanation = universe.resolve("nope>=2").explanation

    assert explanation == (
        "You require nope>=2, but nope was not found on host.example (as alice)."
    )


def test_a_version_that_does_not_exist() -> None:
    universe = Universe()
    universe.add("a", "1.0")

    explanation = universe.resolve("a>=2").explanation

    assert explanation == "You require a>=2, but no version of a fits."


def test_a_dependency_that_does_not_exist() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["gone"])

    assert universe.resolve("a").explanation == (
        "Because you require a, which depends on gone, but gone was not found, "
        "your requirements cannot all be met."
    )


def test_two_requirements_that_contradict_each_other() -> None:
    universe = Universe()
    for version in ("1.0", "2.0", "3.0"):
        universe.add("a", version)

    assert universe.resolve("a<2", "a>=3").explanation == (
        "Because you require both a<2 and a>=3, your requirements cannot all be met."
    )


def test_versions_that_need_another_python() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    for version in ("2.0", "3.0"):
        universe.add("a", version, unusable="requires Python >=3.14")

    assert universe.resolve("a>=2").explanation == (
        "Because you require a>=2, which requires Python >=3.14, "
        "your requirements cannot all be met."
    )


def test_a_reason_from_the_one_who_chooses() -> None:
    universe = Universe(forbidden={"a": "is a pre-release"})
    universe.add("a", "1.0")

    assert universe.resolve("a").explanation == (
        "Because you require a, which is a pre-release, "
        "your requirements cannot all be met."
    )


def test_a_chain_is_told_in_the_order_it_was_followed() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["b>=2"])
    universe.add("b", "1.0")
    universe.add("b", "2.0", needs=["c>=3"])
    universe.add("c", "1.0")
    universe.add("c", "3.0")

    assert universe.resolve("a", "c<2").explanation == text(
        """
        Because a depends on b>=2, which depends on c>=3, a requires c>=3.
        So, because you require both a and c<2, your requirements cannot all be met.
        """
    )


def test_versions_that_fail_for_like_reasons_are_summed_up() -> None:
    universe = Universe()
    for minor in range(30):
        universe.add("boto3", f"1.{minor}", needs=[f"core>=1.{minor},<1.{minor + 1}"])
        universe.add("core", f"1.{minor}", needs=[f"urllib>={2 + minor // 20}"])
    for version in ("1.0", "2.0", "3.0"):
        universe.add("urllib", version)

    assert universe.resolve("urllib<2", "boto3>=1.5").explanation == text(
        """
        Because boto3>=1.5 depends on core>=1.5, which depends on urllib>=2, boto3>=1.5 requires urllib>=2.
        So, because you require both urllib<2 and boto3>=1.5, your requirements cannot all be met.
        """  # noqa: E501  # one sentence, one line
    )


def test_branches_meet_with_every_case_told() -> None:
    universe = Universe()
    universe.add("menu", "1.0", needs=["dropdown>=1"])
    universe.add("menu", "1.1", needs=["dropdown>=2"])
    universe.add("dropdown", "1.8", needs=["intl<4"])
    universe.add("dropdown", "2.0", needs=["icons>=2"])
    for version in ("1.0", "2.0"):
        universe.add("icons", version)
    for version in ("3.0", "5.0"):
        universe.add("intl", version)

    assert universe.resolve("menu", "icons<2", "intl>=5").explanation == text(
        """
        Because dropdown>=2 depends on icons>=2 and dropdown==1.8 depends on intl<4, dropdown>=1 requires intl<4 or icons>=2.
        And because you require icons<2 and menu depends on dropdown>=1, menu requires intl<4.
        So, because you require both menu and intl>=5, your requirements cannot all be met.
        """  # noqa: E501  # one sentence, one line
    )


def test_an_extra_is_spoken_of_where_it_was_asked_for() -> None:
    universe = Universe()
    universe.add("a", "2.0", extras={"x": ["b>=2"]})
    universe.add("a", "3.0", extras={"x": ["b>=2"]})
    universe.add("b", "1.0")
    universe.add("b", "2.0")

    assert universe.resolve("a[x]>=3", "b<2").explanation == text(
        """
        Because you require a[x]>=3, which depends on b>=2, b>=2 is needed.
        So, because you require b<2, your requirements cannot all be met.
        """
    )


def test_an_extra_and_its_base_may_contradict_each_other() -> None:
    universe = Universe()
    for version in ("2.0", "3.0"):
        universe.add("a", version, extras={"x": []})

    assert universe.resolve("a[x]>=3", "a<3").explanation == (
        "Because you require both a[x]>=3 and a<3, your requirements cannot all be met."
    )


def test_a_line_that_a_later_one_refers_to_has_a_number() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["b", "c"])
    universe.add("a", "2.0", needs=["d", "e"])
    universe.add("b", "1.0", needs=["x>=2"])
    universe.add("c", "1.0", needs=["x<2"])
    universe.add("d", "1.0", needs=["y>=2"])
    universe.add("e", "1.0", needs=["y<2"])
    for name in "xy":
        universe.add(name, "1.0")
        universe.add(name, "2.0")

    assert universe.resolve("a").explanation == text(
        """
        Because a==1.0 depends on b, which depends on x>=2, a==1.0 requires x>=2.
        And because a==1.0 depends on c, which depends on x<2, a==1.0 cannot be used. (1)
        Because a==2.0 depends on e, which depends on y<2, a==2.0 requires y<2.
        And because a==2.0 depends on d, which depends on y>=2, a==2.0 cannot be used.
        And because a==1.0 cannot be used (1), a cannot be used.
        So, because you require a, your requirements cannot all be met.
        """  # noqa: E501  # one sentence, one line
    )
