"""Dependency groups (PEP 735)."""

from __future__ import annotations

import pytest

from admit.spec.groups import parse_group
from admit.spec.pyproject import InvalidProject, parse_document

GROUPS = b"""
[dependency-groups]
test = ["pytest>=8", "coverage"]
Type_Check = [{ include-group = "test" }, "mypy"]
all = [{ include-group = "type-check" }, { include-group = "TEST" }]
empty = []
one = [{ include-group = "two" }]
two = [{ include-group = "three" }]
three = ["x", { include-group = "two" }]
lost = [{ include-group = "nowhere" }]
broken = ["pytest=="]
odd = [{ include-group = "test", x = 1 }]
number = [1]
text = "pytest"
"""


def requirements_of(name: str, body: bytes = GROUPS) -> list[str]:
    return [each.text for each in parse_group(parse_document(body), name)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test", ["pytest>=8", "coverage"]),
        ("TEST", ["pytest>=8", "coverage"]),
        ("type.check", ["pytest>=8", "coverage", "mypy"]),
        ("all", ["pytest>=8", "coverage", "mypy", "pytest>=8", "coverage"]),
        ("empty", []),
    ],
)
def test_a_group_is_opened_with_what_it_includes(
    name: str, expected: list[str]
) -> None:
    assert requirements_of(name) == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one", "the group two includes itself: two includes three includes two"),
        ("lost", "no dependency group nowhere: its groups: test, Type_Check"),
        ("lost", "text; the group lost includes it"),
        ("nosuch", "has no dependency group nosuch"),
        ("broken", "the group broken"),
        ("odd", "the group odd holds"),
        ("number", "the group number holds 1"),
        ("text", "the group text is not a list"),
        ("", "is no name of a group"),
    ],
)
def test_a_fault_is_told(name: str, words: str) -> None:
    with pytest.raises(InvalidProject) as caught:
        requirements_of(name)

    assert words in f"{caught.value.what}: {caught.value.why}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'[dependency-groups]\na_b = []\n"a-b" = []', "a_b and a-b have one name"),
        (b"dependency-groups = 1", "is not a table"),
        (b"", "there are none"),
    ],
)
def test_a_faulty_table_is_told(body: bytes, words: str) -> None:
    with pytest.raises(InvalidProject) as caught:
        requirements_of("a-b", body)

    assert words in f"{caught.value.what}: {caught.value.why}"
