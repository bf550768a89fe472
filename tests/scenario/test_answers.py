"""What the solver answers, and how many questions it asks for that."""

from __future__ import annotations

from support.universe import Universe


def test_newest_versions_are_chosen_and_nothing_else_is_asked() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", needs=["b>=1"])
    universe.add("b", "1.0")
    universe.add("b", "1.5")
    universe.add("unrelated", "1.0")

    outcome = universe.resolve("a")

    assert outcome.versions == {"a": "2.0", "b": "1.5"}
    assert outcome.asked == [
        "versions a",
        "mask a",
        "dependencies a 2.0",
        "versions b",
        "mask b>=1",
        "dependencies b 1.5",
    ]


def test_pages_of_all_dependencies_are_announced_at_once() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["b", "c>=1", "d[x]"])
    for name in "bcd":
        universe.add(name, "1.0")

    outcome = universe.resolve("a")

    assert outcome.expected == ["a", "b", "c", "d[x]"]


def test_a_candidate_whose_needs_are_refuted_is_never_decided() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["shared>=1"])
    universe.add("b", "1.0", needs=["shared<3"])
    universe.add("b", "2.0", needs=["shared<2"])
    universe.add("shared", "2.0")
    universe.add("shared", "1.0", needs=["never-asked"])

    outcome = universe.resolve("shared>1", "b")

    assert outcome.versions == {"shared": "2.0", "b": "1.0"}
    assert outcome.tries("b") == ["2.0", "1.0"]


def test_versions_with_equal_dependencies_are_rejected_together() -> None:
    """The way to the last version asks what is needed, and nothing twice."""
    universe = Universe()
    for minor in range(50):
        universe.add("a", f"1.{minor}", needs=["b>=2"])
    universe.add("a", "0.1", needs=["b>=1"])
    universe.add("b", "1.0")
    universe.add("b", "2.0", needs=["c>=2"])
    universe.add("c", "1.0")

    outcome = universe.resolve("a", "c<2")

    assert outcome.versions == {"a": "0.1", "b": "1.0", "c": "1.0"}
    assert outcome.tries("b") == ["2.0", "1.0"]
    assert len(outcome.asked) == 62


def test_backtracking_skips_decisions_that_have_nothing_to_do_with_it() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", needs=["b>=2"])
    for version in ("1.0", "2.0", "3.0"):
        universe.add("middle", version)
    universe.add("b", "1.0")
    universe.add("b", "2.0", needs=["c<2"])
    universe.add("c", "1.0")
    universe.add("c", "2.0")

    outcome = universe.resolve("a", "middle", "c>=2")

    assert outcome.versions == {"middle": "3.0", "c": "2.0", "a": "1.0"}
    assert outcome.tries("middle") == ["3.0"]


def test_a_package_that_others_keep_hindering_is_decided_before_them() -> None:
    """Else the newest starlette would go with the oldest fastapi."""
    universe = Universe()
    universe.add("starlette", "1.0")
    universe.add("starlette", "2.0")
    universe.add("fastapi", "0.1")
    for minor in range(1, 9):
        universe.add("fastapi", f"1.{minor}", needs=["starlette<2"])

    outcome = universe.resolve("starlette", "fastapi")

    assert outcome.versions == {"fastapi": "1.8", "starlette": "1.0"}
    assert outcome.tries("fastapi") == ["1.8", "1.7", "1.6", "1.5", "1.4"]


def test_a_pinned_package_is_decided_first() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("b", "1.0", needs=["a==1.0"])
    universe.add("c", "1.0")

    outcome = universe.resolve("a", "c", "b==1.0")

    assert list(outcome.versions or {}) == ["b", "a", "c"]


def test_extras_bring_their_needs_and_the_version_of_their_base() -> None:
    universe = Universe()
    for version in ("1.0", "2.0", "3.0"):
        needs = ["fast<2"] if version == "3.0" else ["fast"]
        universe.add("a", version, needs=["b"], extras={"speed": needs})
    universe.add("b", "1.0")
    universe.add("fast", "2.0")

    outcome = universe.resolve("a[speed]")

    assert outcome.versions == {
        "a": "2.0",
        "a[speed]": "2.0",
        "b": "1.0",
        "fast": "2.0",
    }
    assert outcome.tries("a") == ["3.0", "2.0"]


def test_extras_of_one_package_need_its_page_once() -> None:
    universe = Universe()
    for version in ("1.0", "2.0"):
        universe.add("a", version, extras={"x": ["b"], "y": ["b"]})
    universe.add("b", "1.0", needs=["a<2"])

    outcome = universe.resolve("a[x,y]")

    assert outcome.versions == {"a": "1.0", "a[x]": "1.0", "a[y]": "1.0", "b": "1.0"}
    assert outcome.asked.count("versions a") == 1


def test_unusable_versions_are_passed_over_without_a_question() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", unusable="requires Python >=3.14")

    outcome = universe.resolve("a")

    assert outcome.versions == {"a": "1.0"}
    assert outcome.tries("a") == ["1.0"]


def test_a_version_with_broken_metadata_is_passed_over() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", problem="has unreadable metadata")

    assert universe.resolve("a").versions == {"a": "1.0"}


def test_packages_that_need_each_other_are_selected_together() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["b"])
    universe.add("b", "1.0", needs=["a>=1"])

    assert universe.resolve("a").versions == {"a": "1.0", "b": "1.0"}


def test_a_version_that_excludes_itself_is_not_selected() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", needs=["a<2"])

    assert universe.resolve("a").versions == {"a": "1.0"}


def test_a_need_of_a_rejected_version_is_not_selected() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", needs=["only-for-2", "b>=2"])
    universe.add("b", "1.0")
    universe.add("only-for-2", "1.0")

    assert universe.resolve("a", "b").versions == {"a": "1.0", "b": "1.0"}


def test_news_about_a_package_outlives_going_back() -> None:
    """What came to light deep in the search holds above it as well."""
    universe = Universe()
    universe.add("a", "1.0", needs=["late"])
    universe.add("b", "1.0")
    universe.add("b", "2.0", needs=["c"])
    universe.add("c", "1.0", needs=["late<1", "d"])
    universe.add("d", "1.0")
    universe.add("late", "1.0")

    outcome = universe.resolve("a", "b")

    assert outcome.versions == {"a": "1.0", "b": "1.0", "late": "1.0"}


def test_needs_of_a_refuted_candidate_hold_when_it_is_tried_again() -> None:
    """Its need of "late" was seen before the page of "late" was."""
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0")
    universe.add("b", "1.0", needs=["late", "gone"])
    universe.add("b", "2.0", needs=["late", "a<2"])
    universe.add("late", "1.0")

    outcome = universe.resolve("a", "b")

    assert outcome.versions == {"a": "1.0", "b": "2.0", "late": "1.0"}


def test_nothing_is_asked_for_nothing() -> None:
    outcome = Universe().resolve()

    assert outcome.versions == {}
    assert outcome.asked == []


def test_the_solution_tells_who_requires_what() -> None:
    universe = Universe()
    universe.add("a", "1.0", needs=["b>=1"])
    universe.add("b", "1.0")

    solution = universe.resolve("a==1.0").solution

    assert solution is not None
    needs = {
        package: [str(each) for each in dependencies]
        for package, dependencies in solution.dependencies.items()
    }
    assert needs == {"": ["a==1.0"], "a": ["b>=1"], "b": []}


def test_a_page_that_nobody_needs_any_more_is_not_asked_for() -> None:
    universe = Universe()
    universe.add("a", "1.0")
    universe.add("a", "2.0", needs=["gone", "late"])
    universe.add("late", "1.0")

    outcome = universe.resolve("a")

    assert outcome.versions == {"a": "1.0"}
    assert "versions late" not in outcome.asked
