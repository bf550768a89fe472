"""Options that say which versions may be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, PARTIAL
from admit.serve.server import IndexServer
from admit.value import replace
from support.index import ALICE
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]

DENIALS_401 = replace(PARTIAL, denial=DENIALS["401"])


def compiled(desk: Desk, text: str, *options: str) -> list[str]:
    desk.typed = text
    ran = desk.succeed("compile", "-", "--no-header", "--no-annotate", *options)
    return ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ((), "early", "early==1.0"),
        (("--pre",), "early", "early==2.0rc1"),
        (("--prerelease", "allow"), "early", "early==2.0rc1"),
        (("--prerelease=if-necessary",), "early>1", "early==2.0rc1"),
        (("--prerelease=explicit",), "early>=2.0rc1", "early==2.0rc1"),
        (("--prerelease=disallow", "--pre"), "early", "early==1.0"),
        (("--resolution", "lowest"), "alpha", "alpha==1.0"),
        (("--resolution", "lowest-direct"), "alpha", "alpha==1.0"),
        (("--only-binary", ":all:"), "alpha", "alpha==2.0"),
        (("--only-binary", "alpha,beta", "--no-build"), "alpha", "alpha==2.0"),
        (("--no-binary", "beta"), "alpha", "alpha==2.0"),
        (("--no-binary", "alpha", "--no-build"), "alpha", "alpha==2.0"),
        (("--no-binary", ":all:", "--no-binary", ":none:"), "alpha", "alpha==2.0"),
    ],
)
def test_what_is_taken(
    desk: Desk, options: tuple[str, ...], text: str, expected: str
) -> None:
    assert compiled(desk, text, *options) == [expected]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--prerelease", "disallow"), "soon"),
        (("--prerelease", "explicit"), "soon"),
        (("--no-binary", "alpha"), "beta"),
        (("--exclude-newer", "2001-01-01"), "alpha"),
    ],
    ids=["disallow", "explicit", "no-binary", "exclude-newer"],
)
def test_why_nothing_is(
    desk: Desk, options: tuple[str, ...], text: str, golden: Golden
) -> None:
    desk.fail("install", text, *options)

    golden(desk)


def test_options_of_a_requirements_file_count(desk: Desk) -> None:
    assert compiled(desk, "--only-binary :all:\n--prefer-binary\n--pre\nearly\n") == [
        "early==2.0rc1"
    ]


def test_overrides_count_in_place_of_everybodys(desk: Desk) -> None:
    desk.write("overrides.txt", "alpha==1.0\n")

    found = compiled(desk, "right\nleft\n", "--overrides", "overrides.txt")

    assert found == ["alpha==1.0", "left==1.0", "right==1.0"]


def test_listings_in_the_cache_are_the_same_for_every_option(desk: Desk) -> None:
    """What one run leaves out is there for the next, and the other way round."""
    assert compiled(desk, "alpha") == ["alpha==2.0"]
    desk.typed = "alpha"
    desk.fail("compile", "-", "--exclude-newer", "2001-01-01")

    assert compiled(desk, "alpha") == ["alpha==2.0"]


class TestStrategy:
    @pytest.fixture
    def second(self, tmp_path: Path) -> Iterator[IndexServer]:
        folder = tmp_path / "second"
        folder.mkdir()
        build_wheel(folder, "alpha", "2.0")
        build_wheel(folder, "alpha", "9.0")
        with IndexServer(folder, public=["*"]) as server:
            yield server

    @pytest.mark.parametrize(
        ("strategy", "text", "expected"),
        [
            ("first-index", "alpha", "alpha==9.0"),
            ("unsafe-first-match", "alpha<9", "alpha==2.0"),
            ("unsafe-first-match", "alpha<2", "alpha==1.0"),
            ("unsafe-best-match", "alpha", "alpha==9.0"),
            ("unsafe-best-match", "alpha<2", "alpha==1.0"),
        ],
    )
    def test_which_index_a_version_comes_from(
        self,
        desk: Desk,
        second: IndexServer,
        strategy: str,
        text: str,
        expected: str,
    ) -> None:
        found = compiled(
            desk, text, "--extra-index-url", second.url, "--index-strategy", strategy
        )

        assert found == [expected]

    @pytest.mark.parametrize("strategy", ["unsafe-first-match", "unsafe-best-match"])
    def test_a_denial_is_one_under_every_strategy(
        self, desk: Desk, second: IndexServer, strategy: str
    ) -> None:
        """The second index has what the one that refuses may have."""
        folder = second.indexes[0].shelf.directory
        with IndexServer(folder, accounts=[ALICE], behaviour=DENIALS_401) as refusing:
            desk.fail(
                *("install", "alpha", "--index-url", second.url),
                *("--extra-index-url", refusing.url, "--index-strategy", strategy),
            )

        assert desk.installed == []
        assert "(401)" in desk.ran[-1].stderr
