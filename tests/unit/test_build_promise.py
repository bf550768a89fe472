"""Whether a wheel is what its tree promised, as far as one target is concerned."""

from __future__ import annotations

import pytest

from admit.build.promise import find_changes
from admit.spec.metadata import Metadata, parse_metadata
from admit.spec.version import parse_version

HERE = {"python_version": "3.12", "python_full_version": "3.12.1", "os_name": "posix"}
HEAD = "Metadata-Version: 2.1\nName: widget\nVersion: 1.0\n"


def metadata(*lines: str, head: str = HEAD) -> Metadata:
    return parse_metadata((head + "".join(f"{each}\n" for each in lines)).encode())


def changes(before: Metadata, after: Metadata) -> tuple[str, ...]:
    return find_changes(before, after, HERE, parse_version("3.12.1"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(["Requires-Dist: a>=1"], ["Requires-Dist: A (>= 1.0)"], id="form"),
        pytest.param(
            ["Requires-Dist: a", "Requires-Dist: b"],
            ["Requires-Dist: b", "Requires-Dist: a"],
            id="order",
        ),
        pytest.param(
            ["Requires-Dist: a"],
            ["Requires-Dist: a", "Requires-Dist: b; os_name == 'nt'"],
            id="elsewhere",
        ),
        pytest.param(
            ["Requires-Python: >=3.8"], ["Requires-Python: >=3.9,<4"], id="python"
        ),
        pytest.param([], ["Requires-Python: >=3.8"], id="python-said"),
        pytest.param(
            ["Provides-Extra: x", "Requires-Dist: a; extra == 'x'"],
            ["Provides-Extra: x", "Requires-Dist: a; 'x' == extra"],
            id="extra",
        ),
    ],
)
def test_other_words_are_no_change(before: list[str], after: list[str]) -> None:
    assert changes(metadata(*before), metadata(*after)) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(
            ["Requires-Dist: a>=1"],
            ["Requires-Dist: a>=2"],
            ("a>=1 was required and is not", "a>=2 is required and was not"),
            id="version",
        ),
        pytest.param(
            ["Requires-Dist: a"],
            ["Requires-Dist: a[x]"],
            ("a was required and is not", "a[x] is required and was not"),
            id="extra-of-another",
        ),
        pytest.param(
            ["Requires-Dist: a===1"],
            ["Requires-Dist: a===2"],
            ("a===1 was required and is not", "a===2 is required and was not"),
            id="free-text",
        ),
        pytest.param(
            ["Requires-Dist: a @ https://u:p@x.example/a.whl"],
            ["Requires-Dist: a @ https://u:p@y.example/a.whl"],
            (
                "a @ https://u:****@x.example/a.whl was required and is not",
                "a @ https://u:****@y.example/a.whl is required and was not",
            ),
            id="url",
        ),
        pytest.param(
            ["Provides-Extra: x", "Requires-Dist: a; extra == 'x'"],
            ["Provides-Extra: x"],
            ("a was required for the extra x and is not",),
            id="extra",
        ),
        pytest.param(
            [],
            ["Requires-Python: >=3.13"],
            ("Requires-Python was not there and is >=3.13",),
            id="python",
        ),
    ],
)
def test_another_meaning_is_told(
    before: list[str], after: list[str], expected: tuple[str, ...]
) -> None:
    assert changes(metadata(*before), metadata(*after)) == expected


@pytest.mark.parametrize(
    "head", ["Name: gadget\nVersion: 1.0\n", "Name: widget\nVersion: 2\n"]
)
def test_another_release_is_told_first(head: str) -> None:
    found = changes(metadata("Requires-Dist: a"), metadata(head=head))

    assert len(found) == 1
    assert found[0].startswith("it was widget 1.0 and is ")
