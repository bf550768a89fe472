"""Source distributions of a listing: beside wheels, in place of them, or no use."""

from __future__ import annotations

import random
from typing import Any

import pytest

from admit.index.choose import choose_candidates
from admit.index.listing import Listing, decode_listing
from admit.index.merged import MergedListing
from admit.index.packed import widen
from admit.index.simple import File, ProjectPage
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import parse_url

URL = parse_url("https://host.example/simple/widgets/")
TARGET = Target({"python_full_version": "3.11.4"}, ("py3-none-any",))
ELSEWHERE = "cp311-cp311-win_amd64"


def entry(filename: str, **fields: Any) -> dict[str, Any]:
    renamed = {name.replace("_", "-"): field for name, field in fields.items()}
    return {"filename": filename, "url": f"../f/{filename}"} | renamed


def wheel(version: str, tags: str = "py3-none-any", **fields: Any) -> dict[str, Any]:
    return entry(f"widgets-{version}-{tags}.whl", **fields)


def sdist(version: str, suffix: str = ".tar.gz", **fields: Any) -> dict[str, Any]:
    return entry(f"widgets-{version}{suffix}", **fields)


def choose(*entries: dict[str, Any]) -> Listing:
    page = ProjectPage("widgets", URL, entries)  # type: ignore[arg-type]  # plain dicts
    return choose_candidates(page, normalize_name("widgets"), TARGET, page_url=URL)


def names(listing: Listing) -> list[str]:
    """The best file of each version."""
    return [listing.candidate(at).file.filename for at in range(len(listing))]


def files(listing: Listing, at: int) -> list[str]:
    return [each.filename.removeprefix("widgets-") for each in listing.files(at)]


def test_versions_with_nothing_else_are_versions_where_sources_count() -> None:
    listing = choose(sdist("0.9"), wheel("1.0"), sdist("1.0"), sdist("1.1"))

    whole = listing.with_sources()

    assert listing.texts == ("1.0",)
    assert [each.text for each in whole.versions] == ["0.9", "1.0", "1.1"]
    assert [whole.candidate(at).is_source for at in range(3)] == [True, False, True]
    assert whole.sources == 0b101
    assert (listing.sources, listing.candidate(0).is_source) == (0, False)


def test_the_source_comes_after_the_wheels() -> None:
    listing = choose(sdist("1.0"), wheel("1.0"), wheel("1.0", "py3.py2-none-any"))

    assert files(listing.with_sources(), 0)[-1] == "1.0.tar.gz"
    assert "1.0.tar.gz" not in files(listing, 0)


@pytest.mark.parametrize("wheels", [[], [wheel("1.0")]], ids=["alone", "beside"])
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([sdist("1.0", ".zip"), sdist("1.0")], "1.0.tar.gz", id="tar"),
        pytest.param([sdist("1.0", ".zip")], "1.0.zip", id="zip"),
        pytest.param(
            [sdist("1.0", yanked="bad"), sdist("1.0", ".zip")], "1.0.zip", id="yanked"
        ),
        pytest.param(
            [sdist("1.0", url="https://[/"), sdist("1.0", ".zip")], "1.0.zip", id="link"
        ),
        pytest.param(
            [sdist("1.0", url="file:///etc/x.tar.gz"), sdist("1.0", ".zip")],
            "1.0.zip",
            id="a file of this machine",
        ),
        pytest.param(
            [sdist("1.0", requires_python=3), sdist("1.0", ".zip")],
            "1.0.zip",
            id="kind",
        ),
        pytest.param([sdist("1.0.0", ".tar.gz")], "1.0.0.tar.gz", id="spelled else"),
    ],
)
def test_the_best_one_of_a_version_is_taken(
    entries: list[Any], wheels: list[Any], expected: str
) -> None:
    (_, *others) = [None, *files(choose(*wheels, *entries).with_sources(), 0)]

    assert others[len(wheels) :] == [expected]


@pytest.mark.parametrize("wheels", [[], [wheel("1.0")]], ids=["alone", "beside"])
@pytest.mark.parametrize(
    "other",
    [
        entry("gadgets-1.0.tar.gz"),
        entry("widgets-extra-1.0.tar.gz"),
        sdist("1.0", ".tar.bz2"),
        sdist("1.0", ".tgz"),
        entry("widgets-1.0.egg"),
    ],
)
def test_what_is_no_source_of_the_project_is_not_taken(
    other: dict[str, Any], wheels: list[Any]
) -> None:
    whole = choose(*wheels, other).with_sources()

    assert [file for at in range(len(whole)) for file in files(whole, at)] == [
        "1.0-py3-none-any.whl" for _ in wheels
    ]


def test_requires_python_yanks_and_prereleases_count_as_for_wheels() -> None:
    whole = choose(
        sdist("1.0", requires_python=">=3.8"),
        wheel("1.1"),
        sdist("1.2", requires_python=">=3.12"),
        wheel("1.3", requires_python=">=3.12"),
        sdist("1.4", yanked=True),
        sdist("2.0rc1"),
        sdist("2.0", requires_python="<3"),
    ).with_sources()

    assert whole.unsupported == ((">=3.12", 0b0001100), ("<3", 0b1000000))
    assert (whole.yanked, whole.prereleases) == (0b0010000, 0b0100000)


def test_a_version_for_other_machines_can_be_built() -> None:
    listing = choose(wheel("1.0", ELSEWHERE), sdist("1.0"), wheel("2.0", ELSEWHERE))

    assert [(each.kind, each.what) for each in listing.rejected] == [
        ("tags", "1.0"),
        ("tags", "2.0"),
    ]
    whole = listing.with_sources()
    assert names(whole) == ["widgets-1.0.tar.gz"]
    assert [(each.kind, each.what) for each in whole.rejected] == [("tags", "2.0")]


def test_why_none_may_be_built_is_said_as_the_caller_says_it() -> None:
    listing = choose(sdist("1.0"))
    forbidden = listing.without_sources("nobody may build it")

    assert listing.rejected[0].reason == (
        "only a source distribution; only wheels count here"
    )
    assert listing.summary == "has only source distributions; only wheels count here"
    assert forbidden.rejected[0].reason == (
        "only a source distribution; nobody may build it"
    )
    assert forbidden.seen_as("on corp").summary == (
        "has only source distributions on corp; nobody may build it"
    )
    assert len(forbidden) == 0


def test_an_archive_of_an_old_kind_is_no_use_and_it_is_said() -> None:
    whole = choose(sdist("1.0", ".tar.bz2")).with_sources()

    assert [each.reason for each in whole.rejected] == [
        "only a source distribution; neither .tar.gz nor .zip"
    ]
    assert whole.summary.endswith("distributions; neither .tar.gz nor .zip")


class TestOnly:
    """A judge sees source distributions where they count."""

    WHEELS = staticmethod(
        lambda file: "is a wheel" if file.filename.endswith(".whl") else None
    )

    def test_the_source_takes_the_place_of_wheels_that_do_not_count(self) -> None:
        listing = choose(wheel("1.0"), sdist("1.0"), wheel("2.0"), sdist("3.0"))

        narrowed = listing.with_sources().only(self.WHEELS)

        assert narrowed.withheld == (("is a wheel", 0b010),)
        assert narrowed.candidate(0).file.filename == "widgets-1.0.tar.gz"
        assert narrowed.sources == 0b101

    def test_wheels_alone_leave_it_withheld(self) -> None:
        narrowed = choose(wheel("1.0"), sdist("1.0")).only(self.WHEELS)

        assert narrowed.withheld == (("is a wheel", 0b1),)

    def test_its_own_python_and_yank_count_then(self) -> None:
        listing = choose(
            wheel("1.0", yanked=True, requires_python="<3"),
            sdist("1.0", requires_python=">=3"),
            wheel("2.0"),
            sdist("2.0", yanked=True, requires_python="<3"),
        )

        narrowed = listing.with_sources().only(self.WHEELS)

        assert narrowed.yanked == 0b10
        assert narrowed.unsupported == (("<3", 0b10),)

    def test_a_source_may_be_withheld_itself(self) -> None:
        def judge(file: File) -> str | None:
            return "is too big" if file.size == 2 else None

        whole = choose(sdist("1.0", size=1), sdist("2.0", size=2)).with_sources()

        assert whole.only(judge).withheld == (("is too big", 0b10),)


def test_a_digest_keeps_them() -> None:
    listing = choose(
        wheel("1.0"),
        sdist("1.0", hashes={"sha256": "a" * 64}, upload_time="2024-01-01T00:00:00Z"),
        sdist("2.0", hashes={"sha256": "b" * 64}, size=7),
    )

    again = decode_listing(listing.encode()).with_sources()

    assert again.files(0)[1].hashes == (("sha256", "a" * 64),)
    assert again.files(0)[1].upload_time == "2024-01-01T00:00:00Z"
    assert (again.files(1)[0].size, again.candidate(1).is_source) == (7, True)


@pytest.mark.parametrize("seed", range(20))
def test_versions_stand_in_order_whatever_they_have(seed: int) -> None:
    pick = random.Random(seed)
    entries: list[dict[str, Any]] = []
    for number in pick.sample(range(60), 40):
        kinds = pick.choice([(wheel,), (sdist,), (wheel, sdist)])
        python = pick.choice([">=3", ">=4", "<3"])
        yanked = pick.random() < 0.3
        entries += [
            kind(f"1.{number}", requires_python=python, yanked=yanked) for kind in kinds
        ]

    whole = choose(*entries).with_sources()

    said = {
        each["filename"].split("-")[1].removesuffix(".tar.gz"): each for each in entries
    }
    assert list(whole.keys) == sorted(whole.keys)
    assert {each.text for each in whole.versions} == set(said)
    refused = dict(whole.unsupported)
    for at, version in enumerate(whole.versions):
        file = said[version.text]
        assert bool(whole.yanked >> at & 1) is file["yanked"]
        python = file["requires-python"]
        assert (python == ">=3") is not bool(refused.get(python, 0) >> at & 1)
        assert bool(whole.sources >> at & 1) is whole.candidate(at).is_source


@pytest.mark.parametrize("at", range(6))
def test_a_mask_makes_room(at: int) -> None:
    assert f"{widen(0b10110, at):06b}"[5 - at] == "0"
    text = f"{widen(0b10110, at):06b}"
    assert text[: 5 - at] + text[6 - at :] == "10110"


class TestMerged:
    def test_a_wheel_of_any_listing_is_better_than_a_source(self) -> None:
        one = choose(sdist("1.0"), sdist("2.0")).with_sources()
        other = choose(wheel("1.0")).with_sources()

        merged = MergedListing([one, other])

        assert [merged.candidate(at).is_source for at in range(2)] == [False, True]
        assert merged.sources == 0b10

    def test_a_source_that_fits_is_better_than_a_wheel_that_does_not(self) -> None:
        one = choose(wheel("1.0", yanked=True)).with_sources()
        other = choose(sdist("1.0")).with_sources()

        assert MergedListing([one, other]).candidate(0).is_source
