"""The policies of choosing, over indexes of plain values."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from admit.resolve.finder import Direct, Finder
from admit.resolve.policy import Asked, Policy
from admit.resolve.provider import NothingFits, Provider, Resolution, resolve
from admit.spec.metadata import parse_metadata
from admit.spec.requirement import parse_requirement
from admit.spec.version import parse_version
from support.shelf import TARGET, Release, Shelf
from support.wheel import metadata_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

World = dict[str, Any]


class Run:
    """One resolution, and what was said on its way."""

    def __init__(
        self,
        world: Mapping[str, Sequence[str | Release]],
        *wanted: str,
        installed: Mapping[str, str | Release] | None = None,
        constraints: Sequence[str] = (),
        direct: Mapping[str, Release] | None = None,
        **policy: Any,
    ) -> None:
        self.shelf = Shelf(world)
        self.warnings: list[str] = []
        pairs: Any = [(self.shelf.settings(), self.shelf)]
        given = {name: _direct(name, each) for name, each in (direct or {}).items()}
        finder = Finder(pairs, given, self.warnings.append)
        known: Any = {
            name: _known(name, each) for name, each in (installed or {}).items()
        }
        asked = Asked(
            tuple(parse_requirement(each) for each in wanted),
            tuple(parse_requirement(each) for each in constraints),
        )
        provider = Provider(finder, TARGET, known, Policy(**policy), asked)
        self.resolution: Resolution = resolve(provider)

    @property
    def pins(self) -> list[str]:
        """NAME==VERSION, with a star where the installed one stays."""
        return [
            f"{pin.name}=={pin.version}{'' if pin.candidate else '*'}"
            for pin in self.resolution.pins
        ]


def _direct(name: str, release: Release) -> Direct:
    shelf = Shelf({name: [release]}, "https://files.example/")
    listing: Any = shelf.listing(name).result()  # type: ignore[arg-type]
    return Direct(listing, shelf)


def _known(name: str, each: str | Release) -> Any:
    release = each if isinstance(each, Release) else Release(each)
    body = metadata_text(name, release.version, requires=release.needs)
    return SimpleNamespace(
        name=name,
        version=parse_version(release.version),
        metadata=lambda: parse_metadata(body.encode()),
    )


def pins(*arguments: Any, **options: Any) -> list[str]:
    return Run(*arguments, **options).pins


class TestNewest:
    def test_the_newest_that_fits_is_chosen(self) -> None:
        world: World = {"alpha": ["1.0", "1.9", "1.10", "2.0"]}

        assert pins(world, "alpha") == ["alpha==2.0"]
        assert pins(world, "alpha<2") == ["alpha==1.10"]

    def test_dependencies_come_along_and_bind(self) -> None:
        world: World = {
            "alpha": ["1.0", "2.0"],
            "beta": [Release("1.0", ["alpha<2"])],
        }

        assert pins(world, "beta", "alpha") == ["alpha==1.0", "beta==1.0"]
        assert pins(world, "beta", with_dependencies=False) == ["beta==1.0"]

    def test_an_older_one_is_taken_where_the_newest_fits_nothing(self) -> None:
        world: World = {
            "alpha": ["1.0"],
            "beta": [Release("1.0"), Release("2.0", ["alpha>=2"])],
        }

        assert pins(world, "beta", "alpha") == ["alpha==1.0", "beta==1.0"]

    def test_who_asked_is_known(self) -> None:
        world: World = {"alpha": ["1.0"], "beta": [Release("1.0", ["alpha"])]}

        required_by: Any = Run(world, "beta", "alpha").resolution.required_by

        assert required_by == {"alpha": ("", "beta"), "beta": ("",)}


class TestInstalled:
    WORLD: ClassVar[World] = {"alpha": ["1.0", "2.0", "3.0"]}

    @pytest.mark.parametrize(
        ("wanted", "policy", "expected"),
        [
            pytest.param("alpha", {}, "alpha==2.0*", id="kept"),
            pytest.param("alpha>2", {}, "alpha==3.0", id="does not fit"),
            pytest.param("alpha", {"upgrade": True}, "alpha==3.0", id="upgrade"),
            pytest.param(
                "alpha",
                {"upgrade_only": frozenset({"alpha"})},
                "alpha==3.0",
                id="upgrade this",
            ),
            pytest.param(
                "alpha",
                {"upgrade_only": frozenset({"beta"})},
                "alpha==2.0*",
                id="upgrade another",
            ),
            pytest.param(
                "alpha==2.0", {"ignore_installed": True}, "alpha==2.0", id="reinstall"
            ),
        ],
    )
    def test_what_is_there(
        self, wanted: str, policy: dict[str, Any], expected: str
    ) -> None:
        found = pins(self.WORLD, wanted, installed={"alpha": "2.0"}, **policy)

        assert found == [expected]

    def test_what_no_index_has_may_stay(self) -> None:
        world: World = {"alpha": ["1.0", "3.0"]}

        assert pins(world, "alpha", installed={"alpha": "2.0"}) == ["alpha==2.0*"]
        assert pins(world, "alpha<3,>1", installed={"alpha": "2.0"}) == ["alpha==2.0*"]
        assert pins({}, "mine", installed={"mine": "0.1"}) == ["mine==0.1*"]

    def test_what_cannot_be_upgraded_for_no_index_shows_it_is_a_warning(self) -> None:
        run = Run({}, "mine", installed={"mine": "0.1"}, upgrade=True)
        quiet = Run({}, "mine", installed={"mine": "0.1"})

        assert run.pins == ["mine==0.1*"]
        (warning,) = run.warnings
        assert warning.startswith("mine stays as installed: it was not found")
        assert quiet.warnings == []

    def test_its_dependencies_count(self) -> None:
        world: World = {"alpha": ["1.0", "2.0"], "beta": ["1.0"]}
        installed = {"beta": Release("0.9", ["alpha<2"])}

        assert pins(world, "beta", installed=installed) == ["alpha==1.0", "beta==0.9*"]

    @pytest.mark.parametrize("version", ["0.1", "1.5", "2.5", "9.0"])
    def test_masks_make_room_for_it_anywhere(self, version: str) -> None:
        """Yanked, pre-release and Python masks keep their places."""
        world: World = {
            "alpha": [
                "1.0",
                Release("2.0"),
                Release("2.1", yanked=True),
                Release("2.2rc1"),
                Release("3.0", python=">=4"),
            ]
        }

        found = pins(world, "alpha", installed={"alpha": version}, upgrade=True)

        assert found == ["alpha==2.0" if version < "2" else f"alpha=={version}*"]


class TestPrereleases:
    @pytest.mark.parametrize(
        ("versions", "wanted", "mode", "expected"),
        [
            pytest.param(["1.0", "2.0rc1"], "alpha", None, "1.0", id="final wins"),
            pytest.param(["0.1b1", "0.1b2"], "alpha", None, "0.1b2", id="only early"),
            pytest.param(
                ["1.0", "2.0rc1"], "alpha>1", None, "2.0rc1", id="only early fits"
            ),
            pytest.param(
                ["1.0", "2.0.dev3"], "alpha>=2.0.dev1", None, "2.0.dev3", id="named"
            ),
            pytest.param(
                ["1.0", "2.0rc1"], "alpha>=1.0rc1", None, "1.0", id="final among named"
            ),
            pytest.param(["1.0", "2.0rc1"], "alpha", "allow", "2.0rc1", id="allowed"),
            pytest.param(
                ["1.0", "2.0", "2.0rc1"], "alpha", "allow", "2.0", id="newest is final"
            ),
        ],
    )
    def test_which_is_taken(
        self, versions: list[str], wanted: str, mode: str | None, expected: str
    ) -> None:
        policy = {"prereleases": mode} if mode else {}

        assert pins({"alpha": versions}, wanted, **policy) == [f"alpha=={expected}"]

    def test_a_final_release_wins_also_deep_down(self) -> None:
        world: World = {
            "alpha": ["1.0", "2.0b1"],
            "beta": [Release("1.0", ["alpha>=1"])],
        }

        assert pins(world, "beta") == ["alpha==1.0", "beta==1.0"]


class TestYanked:
    WORLD: ClassVar[World] = {"alpha": ["1.0", Release("2.0", yanked="it eats data")]}

    @pytest.mark.parametrize(
        ("wanted", "expected"),
        [("alpha", "1.0"), ("alpha==2.0", "2.0"), ("alpha===2.0", "2.0")],
    )
    def test_it_is_taken_when_pinned_only(self, wanted: str, expected: str) -> None:
        assert pins(self.WORLD, wanted) == [f"alpha=={expected}"]

    @pytest.mark.parametrize("wanted", ["alpha>1", "alpha>=2,<3", "alpha==2.*"])
    def test_no_other_specifier_will_do(self, wanted: str) -> None:
        with pytest.raises(NothingFits) as caught:
            Run(self.WORLD, wanted)

        assert "yanked" in (caught.value.why or "")

    def test_a_constraint_pins_too(self) -> None:
        assert pins(self.WORLD, "alpha", constraints=["alpha==2.0"]) == ["alpha==2.0"]

    def test_what_is_installed_stays_though_yanked(self) -> None:
        assert pins(self.WORLD, "alpha", installed={"alpha": "2.0"}) == ["alpha==2.0*"]


class TestPython:
    def test_what_this_python_cannot_run_is_not_chosen(self) -> None:
        world: World = {"alpha": ["1.0", Release("2.0", python=">=3.13")]}

        assert pins(world, "alpha") == ["alpha==1.0"]

    def test_the_reason_is_told(self) -> None:
        world: World = {"alpha": [Release("2.0", python=">=3.13")]}

        with pytest.raises(NothingFits) as caught:
            Run(world, "alpha")

        assert "requires Python >=3.13" in (caught.value.why or "")

    def test_markers_are_those_of_the_target(self) -> None:
        needs = ["posix ; os_name == 'posix'", "nt ; os_name == 'nt'"]
        world: World = {
            "alpha": [Release("1.0", needs)],
            "posix": ["1.0"],
            "nt": ["1.0"],
        }

        assert pins(world, "alpha") == ["alpha==1.0", "posix==1.0"]
        assert pins(world, "nt ; os_name == 'nt'", "posix") == ["posix==1.0"]


class TestConstraints:
    WORLD: ClassVar[World] = {
        "alpha": ["1.0", "2.0"],
        "beta": [Release("1.0", ["alpha"])],
    }

    def test_they_bind_what_is_wanted_and_bring_nothing(self) -> None:
        limits = ["alpha<2", "absent==1.0"]

        assert pins(self.WORLD, "beta", constraints=limits) == [
            "alpha==1.0",
            "beta==1.0",
        ]

    def test_their_markers_count(self) -> None:
        limits = ["alpha<2 ; os_name == 'nt'"]

        assert pins(self.WORLD, "alpha", constraints=limits) == ["alpha==2.0"]

    def test_they_bind_what_is_installed(self) -> None:
        found = pins(
            self.WORLD, "alpha", installed={"alpha": "2.0"}, constraints=["alpha<2"]
        )

        assert found == ["alpha==1.0"]

    def test_they_are_told_where_nothing_fits(self) -> None:
        with pytest.raises(NothingFits) as caught:
            Run(self.WORLD, "alpha>1", constraints=["alpha<2"])

        assert "constraint alpha<2" in (caught.value.why or "")


class TestExtras:
    WORLD: ClassVar[World] = {
        "alpha": [
            Release("1.0", ["base", "speed ; extra == 'fast'"], extras=["fast"]),
            Release("2.0", ["base", "speed>1 ; extra == 'fast'"], extras=["fast"]),
        ],
        "base": ["1.0"],
        "speed": ["1.0"],
    }

    def test_an_extra_brings_its_own_and_binds_the_base(self) -> None:
        assert pins(self.WORLD, "alpha") == ["alpha==2.0", "base==1.0"]
        assert pins(self.WORLD, "alpha[fast]") == [
            "alpha==1.0",
            "base==1.0",
            "speed==1.0",
        ]

    def test_the_pin_knows_its_extras(self) -> None:
        run = Run(self.WORLD, "alpha[fast]")

        extras: Any = {pin.name: pin.extras for pin in run.resolution.pins}
        assert extras == {"alpha": ("fast",), "base": (), "speed": ()}

    def test_one_that_is_not_there_is_a_warning(self) -> None:
        run = Run(self.WORLD, "alpha[slow]")

        assert run.pins == ["alpha==2.0", "base==1.0"]
        assert run.warnings == ["alpha==2.0 has no extra named slow"]


class TestDirect:
    def test_a_given_file_is_the_only_version(self) -> None:
        world: World = {"alpha": ["1.0", "9.0"], "base": ["1.0"]}
        given = {"alpha": Release("2.0", ["base"])}

        run = Run(world, "alpha @ https://files.example/x.whl", direct=given)

        assert run.pins == ["alpha==2.0", "base==1.0"]
        assert [pin.is_direct for pin in run.resolution.pins] == [True, False]
        assert run.shelf.asked == ["base"]

    def test_others_must_agree_with_it(self) -> None:
        world: World = {"beta": [Release("1.0", ["alpha>=3"])]}

        with pytest.raises(NothingFits):
            Run(world, "alpha", "beta", direct={"alpha": Release("2.0")})

    def test_it_may_be_yanked_or_early(self) -> None:
        given = {"alpha": Release("2.0rc1")}

        assert pins({}, "alpha", direct=given) == ["alpha==2.0rc1"]


class TestQuestions:
    def test_every_page_and_every_needed_metadata_is_asked_for_once(self) -> None:
        world: World = {
            "alpha": ["1.0", "2.0"],
            "beta": [Release("1.0", ["alpha", "gamma"])],
            "gamma": [Release("1.0", ["alpha"])],
        }

        run = Run(world, "beta", "gamma")

        assert sorted(run.shelf.asked) == ["alpha", "beta", "gamma"]
        assert sorted(run.shelf.read) == ["alpha==2.0", "beta==1.0", "gamma==1.0"]

    def test_the_order_of_wishes_changes_nothing(self) -> None:
        world: World = {
            "alpha": ["1.0", "2.0"],
            "beta": [Release("1.0", ["alpha<2"]), Release("2.0", ["alpha>=2"])],
            "gamma": [Release("1.0", ["beta<2"])],
        }

        assert pins(world, "gamma", "beta", "alpha") == pins(
            world, "alpha", "beta", "gamma"
        )

    def test_a_version_that_is_not_there_is_told(self) -> None:
        with pytest.raises(NothingFits) as caught:
            Run({"alpha": ["1.0", "2.0"]}, "alpha>=7")

        assert "there is no alpha>=7" in (caught.value.why or "")
