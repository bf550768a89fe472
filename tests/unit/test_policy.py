"""Which of the versions that fit is taken, and which files count at all."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from admit.errors import IntegrityError
from admit.index.simple import File
from admit.resolve.finder import Finder
from admit.resolve.policy import (
    Asked,
    Eligible,
    Policy,
    agrees,
    gather_hashes,
    is_only_capped,
    judge_age,
    leave_prereleases,
    pick,
)
from admit.resolve.provider import NothingFits, Provider, Resolution, resolve
from admit.spec.names import normalize_name
from admit.spec.record import parse_digest
from admit.spec.requirement import parse_requirement
from admit.spec.version import parse_version
from support.shelf import TARGET, Release, Shelf

ONE, TWO = "1" * 64, "2" * 64
FINAL_AND_EARLY = 0b0110
EARLY = 0b0010


class TestMasks:
    @pytest.mark.parametrize(
        ("mode", "is_named", "both", "early_only"),
        [
            ("allow", False, 0b0110, 0b0010),
            ("disallow", True, 0b0100, 0),
            ("if-necessary", False, 0b0100, 0b0010),
            ("explicit", False, 0b0100, 0),
            ("explicit", True, 0b0100, 0b0010),
            ("if-necessary-or-explicit", False, 0b0100, 0b0010),
        ],
    )
    def test_when_an_early_version_may_be_taken(
        self, mode: Any, is_named: bool, both: int, early_only: int
    ) -> None:
        def left(mask: int) -> int:
            return leave_prereleases(mask, EARLY, mode, is_named=is_named)

        assert (left(FINAL_AND_EARLY), left(EARLY)) == (both, early_only)

    @pytest.mark.parametrize(
        ("mask", "tiers", "is_lowest", "expected"),
        [
            (0b1010, (), False, 3),
            (0b1010, (), True, 1),
            (0b1010, (0b0110, 0b1000), False, 1),
            (0b1010, (0b0101, 0b1010), False, 3),
            (0b1110, (0b0110, 0b1000), True, 1),
        ],
    )
    def test_the_best_tier_decides_then_the_end(
        self, mask: int, tiers: tuple[int, ...], is_lowest: bool, expected: int
    ) -> None:
        assert pick(mask, tiers, is_lowest=is_lowest) == expected


class TestAge:
    @pytest.mark.parametrize(
        ("uploaded", "reason"),
        [
            ("2024-04-30T23:59:59.999999Z", None),
            ("2024-05-01T00:00:00Z", "came after the date of --exclude-newer"),
            ("2024-05-01T00:00:00.000001Z", "came after the date of --exclude-newer"),
            ("2024-05-01T01:00:00+02:00", None),
            ("2024-04-30T23:00:00-02:00", "came after the date of --exclude-newer"),
            ("yesterday", "came after the date of --exclude-newer"),
            (None, "came without an upload time, which --exclude-newer needs"),
        ],
    )
    def test_a_file_must_be_older_than_the_moment(
        self, uploaded: str | None, reason: str | None
    ) -> None:
        file = File("a-1-py3-none-any.whl", "a", upload_time=uploaded)

        assert judge_age(file, "2024-05-01T00:00:00") == reason


class TestHashes:
    @pytest.mark.parametrize(
        ("stated", "expected"),
        [
            ((("sha256", ONE),), True),
            ((("sha256", TWO),), False),
            ((("md5", ONE[:32]),), None),
            ((), None),
        ],
    )
    def test_what_a_page_states_tells_or_does_not(
        self, stated: tuple[tuple[str, str], ...], expected: bool | None
    ) -> None:
        file = File("a-1-py3-none-any.whl", "a", stated)

        assert agrees(file, [parse_digest(f"sha256:{ONE}")]) is expected

    def test_no_hash_in_common_admits_no_file(self) -> None:
        file = File("a-1-py3-none-any.whl", "a", (("sha256", ONE),))

        assert agrees(file, ()) is False

    def test_two_lines_of_one_project_must_agree(self) -> None:
        texts = ("a==1", "a<2", "b==1", "c==1; python_version < '3'")
        lines = [parse_requirement(each) for each in texts]
        one, two = parse_digest(f"sha256:{ONE}"), parse_digest(f"sha256:{TWO}")
        given = {texts[0]: (one, two), texts[1]: (two,), texts[3]: (one,)}

        found = gather_hashes(lines, given, TARGET.environment)

        assert found == {"a": (two,)}


def solve(
    world: dict[str, Any],
    *wanted: str,
    overrides: tuple[str, ...] = (),
    hashes: dict[str, str] | None = None,
    cutoff: str | None = None,
    **policy: Any,
) -> list[str]:
    given = {
        name: (parse_digest(f"sha256:{each}"),) for name, each in (hashes or {}).items()
    }
    shelf = Shelf(world)
    pairs: Any = [(shelf.settings(), shelf)]
    eligible = Eligible(cutoff, given)
    finder = Finder(pairs, {}, lambda text: None, eligible=eligible)
    asked = Asked(
        tuple(parse_requirement(each) for each in wanted),
        (),
        tuple(parse_requirement(each) for each in overrides),
        given,
    )
    provider = Provider(finder, TARGET, {}, Policy(**policy), asked)
    resolution: Resolution = resolve(provider)
    return [f"{pin.name}=={pin.version}" for pin in resolution.pins]


def preferred(**versions: str) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (normalize_name(name), parse_version(each)) for name, each in versions.items()
    )


class TestResolution:
    world: ClassVar[dict[str, Any]] = {
        "alpha": ["1.0", "1.5", "2.0"],
        "beta": [Release("1.0", ["alpha>=1.5"]), Release("2.0", ["alpha"])],
    }

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            ("highest", ["alpha==2.0", "beta==2.0"]),
            ("lowest", ["alpha==1.5", "beta==1.0"]),
            ("lowest-direct", ["alpha==2.0", "beta==1.0"]),
        ],
    )
    def test_the_end_of_the_range_that_is_wanted(
        self, mode: str, expected: list[str]
    ) -> None:
        assert solve(self.world, "beta", resolution=mode) == expected

    def test_the_lowest_is_final_where_one_is(self) -> None:
        world = {"alpha": ["1.0a1", "1.0", "2.0"]}

        assert solve(world, "alpha", resolution="lowest") == ["alpha==1.0"]


class TestPreferences:
    world: ClassVar[dict[str, Any]] = {
        "alpha": ["1.0", Release("1.5", yanked=True), "2.0"]
    }

    @pytest.mark.parametrize("version", ["1.0", "1.5"])
    def test_a_version_that_fits_is_kept_even_yanked(self, version: str) -> None:
        assert solve(self.world, "alpha", preferences=preferred(alpha=version)) == [
            f"alpha=={version}"
        ]

    @pytest.mark.parametrize(
        ("wanted", "options"),
        [
            pytest.param("alpha>1.5", {}, id="it does not fit"),
            pytest.param("alpha", {"upgrade": True}, id="all are upgraded"),
            pytest.param(
                "alpha", {"upgrade_only": frozenset({"alpha"})}, id="it is upgraded"
            ),
        ],
    )
    def test_else_the_newest_is_taken(
        self, wanted: str, options: dict[str, Any]
    ) -> None:
        preferences = preferred(alpha="1.0")

        found = solve(self.world, wanted, preferences=preferences, **options)

        assert found == ["alpha==2.0"]

    def test_one_that_is_gone_is_forgotten(self) -> None:
        assert solve(self.world, "alpha", preferences=preferred(alpha="1.7")) == [
            "alpha==2.0"
        ]


class TestOverrides:
    world: ClassVar[dict[str, Any]] = {
        "alpha": ["1.0", "2.0"],
        "beta": [Release("1.0", ["alpha[x]<2"])],
        "gamma": [Release("1.0", ["alpha>=2"])],
    }

    def test_they_count_in_place_of_everybodys(self) -> None:
        found = solve(self.world, "beta", "gamma", overrides=("alpha==2.0",))

        assert found == ["alpha==2.0", "beta==1.0", "gamma==1.0"]

    def test_the_users_own_requirement_gives_way_too(self) -> None:
        assert solve(self.world, "alpha<2", overrides=("alpha>=2",)) == ["alpha==2.0"]

    def test_one_that_is_not_in_force_takes_the_dependency_away(self) -> None:
        never = "alpha; python_version < '3'"

        assert solve(self.world, "beta", "gamma", overrides=(never,)) == [
            "beta==1.0",
            "gamma==1.0",
        ]

    def test_they_ask_for_nothing_by_themselves(self) -> None:
        world = {**self.world, "delta": ["1.0"]}

        assert solve(world, "delta", overrides=("alpha==1.0",)) == ["delta==1.0"]


class TestCutoff:
    world: ClassVar[dict[str, Any]] = {
        "alpha": [
            Release("1.0", uploaded="2024-01-01T00:00:00Z"),
            Release("2.0", uploaded="2024-06-01T00:00:00Z"),
        ],
        "bare": ["1.0"],
    }

    def test_what_came_later_is_not_there(self) -> None:
        found = solve(self.world, "alpha", cutoff="2024-05-01T00:00:00")

        assert found == ["alpha==1.0"]

    @pytest.mark.parametrize(
        ("wanted", "reason"),
        [
            ("alpha>=2", "came after the date of --exclude-newer"),
            ("bare", "came without an upload time"),
        ],
    )
    def test_the_reason_is_told(self, wanted: str, reason: str) -> None:
        with pytest.raises(NothingFits) as caught:
            solve(self.world, wanted, cutoff="2024-05-01T00:00:00")

        assert reason in (caught.value.why or "")

    @pytest.mark.parametrize(
        ("own", "expected"), [("", 2), ("2024-03-01T00:00:00", 1), (None, 1)]
    )
    def test_an_index_may_have_its_own(self, own: str | None, expected: int) -> None:
        shelf = Shelf(self.world)
        pairs: Any = [(shelf.settings(exclude_newer=own), shelf)]
        eligible = Eligible("2024-05-01T00:00:00")
        finder = Finder(pairs, {}, lambda text: None, eligible=eligible)

        found = finder.find("alpha").result()

        assert found.is_found
        withheld = sum(mask.bit_count() for _, mask in found.listing.withheld)
        assert len(found.listing.versions) - withheld == expected


class TestGivenHashes:
    world: ClassVar[dict[str, Any]] = {
        "alpha": [Release("1.0", sha256=ONE), Release("2.0", sha256=TWO)]
    }

    def test_the_version_they_are_of_is_taken(self) -> None:
        assert solve(self.world, "alpha", hashes={"alpha": ONE}) == ["alpha==1.0"]

    def test_a_pin_with_other_hashes_names_both(self) -> None:
        with pytest.raises(IntegrityError) as caught:
            solve(self.world, "alpha==2.0", hashes={"alpha": ONE})

        assert caught.value.code == "hash-mismatch"
        assert caught.value.why == f"expected sha256={ONE}, found sha256={TWO}"

    def test_where_the_page_tells_nothing_the_file_will(self) -> None:
        assert solve({"alpha": ["1.0"]}, "alpha", hashes={"alpha": ONE}) == [
            "alpha==1.0"
        ]


class TestCaps:
    """`Requires-Python: <3.12` on Python 3.12.1: a guess of its author."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("<3.12", True),
            (">=3.8,<3.12", True),
            ("<=3.8", True),
            ("<3", False),
            ("<3.0", False),
            ("<2.8", False),
            (">=3.13", False),
            (">=3.13,<3.14", False),
            ("!=3.12.*", False),
            ("==3.11.*", False),
            ("~=3.8.0", False),
        ],
    )
    def test_an_upper_bound_within_the_major_version_is_one(
        self, text: str, expected: bool
    ) -> None:
        assert is_only_capped(text, parse_version("3.12.1")) is expected

    @pytest.mark.parametrize(
        ("wanted", "expected"), [("alpha", "1.0"), ("alpha==2.0", "2.0")]
    )
    def test_such_a_version_is_taken_if_no_other_will_do(
        self, wanted: str, expected: str
    ) -> None:
        world = {"alpha": ["1.0", Release("2.0", python="<3.12")]}

        assert solve(world, wanted) == [f"alpha=={expected}"]
