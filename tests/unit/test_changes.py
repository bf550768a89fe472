"""What tests/mutation.py changes in a module, and that it changes it back."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from support.changes import changes


def texts(body: str) -> list[str]:
    """The changes of a function with this body."""
    tree = ast.parse(f"def f(a, b):\n    {body}\n")
    before = ast.dump(tree)
    found = [change.text for change in changes(tree)]

    assert ast.dump(tree) == before
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return a == b", ["a == b => a != b", "a == b => True", "a == b => False"]),
        (
            "return a < b",
            ["a < b => a >= b", "a < b => a <= b", "a < b => True", "a < b => False"],
        ),
        ("return not a", ["not a => a", "not a => True", "not a => False"]),
        ("return a or b", ["a or b => a and b", "a or b => b", "a or b => a"]),
        ("x = a if b else 1", ["b => True", "b => False"]),
        ("while a: pass", ["a => True", "a => False"]),
        ("return [x for x in a if x]", ["x => True", "x => False"]),
        ("return f(a, b=True)", ["True => False"]),
        ("while True: pass", []),
        ("return any(a)", ["any => all"]),
        (
            "return a in (1, 2)",
            [
                "a in (1, 2) => a not in (1, 2)",
                "a in (1, 2) => True",
                "a in (1, 2) => False",
                "1 left out",
                "2 left out",
            ],
        ),
        (
            "if a and b == 1: pass",
            [
                "a and b == 1 => a or b == 1",
                "a and b == 1 => b == 1",
                "a and b == 1 => a",
                "a and b == 1 => True",
                "a and b == 1 => False",
                "b == 1 => b != 1",
            ],
        ),
        ("return a + b", []),
    ],
)
def test_every_condition_of_a_function(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


def test_constants_of_the_module_but_no_defaults_and_annotations() -> None:
    tree = ast.parse(
        dedent("""
            NAMES = frozenset(("a", "b"))
            class C:
                is_on: bool = True
                names = ("x",)
                def f(self, is_it: bool = True) -> Literal[True]:
                    return False
        """)
    )

    found = [(each.where, each.is_constant, each.text) for each in changes(tree)]

    assert found == [
        ("NAMES", True, "'a' left out"),
        ("NAMES", True, "'b' left out"),
        ("C.f", False, "False => True"),
    ]


def test_a_change_stands_in_the_tree_while_it_is_looked_at() -> None:
    tree = ast.parse("def f(a):\n    return (\n        a ==\n        1)\n")

    found = [(ast.unparse(tree), list(each.lines)) for each in changes(tree)]

    assert found[0] == ("def f(a):\n    return a != 1", [3, 4])
