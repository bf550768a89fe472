"""Wheels, source distributions or both: what `--only-binary` and its kin leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.config.choice import policy_of, policy_of_tools
from admit.config.settings import load_settings
from admit.errors import IntegrityError
from admit.resolve.finder import Direct, Finder
from admit.resolve.policy import (
    FORBIDDEN,
    NO_SOURCE,
    Asked,
    Eligible,
    Forms,
    Policy,
)
from admit.resolve.provider import NothingFits, Provider, Resolution, resolve
from admit.spec.names import normalize_name
from admit.spec.record import parse_digest
from admit.spec.requirement import parse_requirement
from support.shelf import TARGET, Quarry, Release, Shelf

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64
ALL = frozenset({":all:"})
ALPHA = frozenset({"alpha"})
WORLD: dict[str, Any] = {
    "alpha": [
        Release("1.0", sha256=ONE, sdist=TWO),
        Release("2.0", has_wheel=False, sdist=THREE),
    ]
}


def search(
    world: dict[str, Any],
    *wanted: str,
    hashes: dict[str, str] | None = None,
    cutoff: str | None = None,
    direct: bool = False,
    **options: Any,
) -> tuple[Resolution, Shelf]:
    given = {
        name: (parse_digest(f"sha256:{each}"),) for name, each in (hashes or {}).items()
    }
    shelf = Shelf(world)
    policy = Policy(**options)
    pairs: Any = [(shelf.settings(), shelf)]
    files: dict[str, Direct] = {}
    if direct:
        listing: Any = shelf.listing(normalize_name("alpha")).result()
        files["alpha"] = Direct(listing, shelf)
    eligible = Eligible(cutoff, given or None, policy.forms)
    finder = Finder(pairs, files, lambda _: None, eligible=eligible)
    asked = Asked(tuple(parse_requirement(each) for each in wanted), hashes=given)
    return resolve(provider_of(shelf, finder, policy, asked)), shelf


def provider_of(shelf: Shelf, finder: Finder, policy: Policy, asked: Asked) -> Provider:
    opened: Any = lambda: Quarry(shelf)  # noqa: E731  # stands for `Sources`
    sources = opened if policy.may_build else None
    return Provider(finder, TARGET, {}, policy, asked, sources=sources)


def chosen(*arguments: Any, **options: Any) -> list[str]:
    """The files of a resolution."""
    found, _ = search(*arguments, **options)
    return [pin.candidate.file.filename for pin in found.pins if pin.candidate]


def failure(*arguments: Any, **options: Any) -> str:
    with pytest.raises(NothingFits) as caught:
        search(*arguments, **options)
    return caught.value.why or ""


class TestPolicy:
    @pytest.mark.parametrize(
        ("no_binary", "only_binary", "expected"),
        [
            pytest.param((), (), Forms(sources=True), id="neither"),
            pytest.param(ALPHA, (), Forms(wheels=False, sources=True), id="no-binary"),
            pytest.param(
                ALL, (), Forms(wheels=False, sources=True), id="all no-binary"
            ),
            pytest.param((), ALPHA, Forms(why_no_sources=FORBIDDEN), id="only-binary"),
            pytest.param(
                (), ALL, Forms(why_no_sources=FORBIDDEN), id="only-binary all"
            ),
            pytest.param(
                ALPHA, ALL, Forms(wheels=False, sources=True), id="all but this"
            ),
            pytest.param(ALL, ALPHA, Forms(why_no_sources=FORBIDDEN), id="this not"),
            pytest.param(ALPHA, ALPHA, Forms(why_no_sources=FORBIDDEN), id="both"),
            pytest.param(ALL, ALL, Forms(why_no_sources=FORBIDDEN), id="both all"),
        ],
    )
    def test_a_name_counts_before_all(
        self, no_binary: Any, only_binary: Any, expected: Forms
    ) -> None:
        policy = Policy(
            may_build=True,
            no_binary=frozenset(no_binary),
            only_binary=frozenset(only_binary),
        )

        assert policy.forms("alpha") == expected
        assert Policy(no_binary=policy.no_binary).forms("alpha") == Forms()

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ({}, set()),
            ({"only_binary": ["Al_pha,beta"]}, {"al-pha", "beta"}),
            ({"only_binary": ["beta", ":none:"]}, set()),
            ({"no_build": True}, {":all:"}),
            ({"no_build": True, "only_binary": ["beta"]}, {":all:", "beta"}),
            ({"no_build": True, "no_binary": ["beta"]}, {":all:", "beta"}),
        ],
    )
    def test_settings_say_what_is_never_built(
        self, given: dict[str, Any], expected: set[str], tmp_path: Path
    ) -> None:
        environ = {"HOME": str(tmp_path), "ADMIT_NO_FOREIGN_CONFIG": "1"}
        settings = load_settings(given, environ=environ, cwd=str(tmp_path))

        assert policy_of(settings).only_binary == expected
        assert policy_of_tools(settings).only_binary == expected


class TestChoice:
    def test_where_nothing_is_built_there_are_wheels_only(self) -> None:
        assert chosen(WORLD, "alpha") == ["alpha-1.0-py3-none-any.whl"]
        assert failure(WORLD, "alpha==2.0") == (
            "You require alpha==2.0, but there is no usable alpha==2.0 on "
            "pypi.corp.example (2.0: only a source distribution; only wheels count "
            "here), whose newest usable version is 1.0."
        )

    def test_the_newest_is_taken_whatever_it_is(self) -> None:
        assert chosen(WORLD, "alpha", may_build=True) == ["alpha-2.0.tar.gz"]

    def test_of_one_version_the_wheel_is_taken(self) -> None:
        assert chosen(WORLD, "alpha<2", may_build=True) == [
            "alpha-1.0-py3-none-any.whl"
        ]

    @pytest.mark.parametrize("names", [ALPHA, ALL])
    def test_only_binary_takes_wheels_and_says_why(self, names: Any) -> None:
        options: dict[str, Any] = {"may_build": True, "only_binary": names}

        assert chosen(WORLD, "alpha", **options) == ["alpha-1.0-py3-none-any.whl"]
        assert f"(2.0: only a source distribution; {FORBIDDEN})" in failure(
            WORLD, "alpha==2.0", **options
        )

    @pytest.mark.parametrize("names", [ALPHA, ALL])
    def test_no_binary_takes_no_wheel_and_says_why(self, names: Any) -> None:
        options: dict[str, Any] = {"may_build": True, "no_binary": names}
        wheels = {"alpha": ["3.0"]}

        assert chosen(WORLD, "alpha<2", **options) == ["alpha-1.0.tar.gz"]
        assert f"alpha, which {NO_SOURCE}" in failure(wheels, "alpha", **options)

    def test_no_binary_is_about_what_it_names(self) -> None:
        options: dict[str, Any] = {"may_build": True, "no_binary": frozenset({"beta"})}

        assert chosen(WORLD, "alpha<2", **options) == ["alpha-1.0-py3-none-any.whl"]

    def test_its_python_counts(self) -> None:
        world = {
            "alpha": ["1.0", Release("2.0", (), (), ">=4", has_wheel=False, sdist=TWO)]
        }

        assert chosen(world, "alpha", may_build=True) == ["alpha-1.0-py3-none-any.whl"]
        assert "alpha==2.0, which requires Python >=4" in failure(
            world, "alpha==2.0", may_build=True
        )

    def test_nothing_is_read_of_it_on_a_guess(self) -> None:
        world = {
            "alpha": [Release("2.0", has_wheel=False, sdist=TWO)],
            "first": [Release("1.0", ["alpha"])],
            "user": [Release("1.0", ["alpha", "missing"])],
        }
        shelf = Shelf(world)
        policy = Policy(may_build=True)
        pairs: Any = [(shelf.settings(), shelf)]
        eligible = Eligible(forms=policy.forms)
        finder = Finder(pairs, {}, lambda _: None, eligible=eligible)
        asked = Asked((parse_requirement("first"),))
        provider = provider_of(shelf, finder, policy, asked)

        provider.expect(tuple(provider.depend_on(parse_requirement("first"))))

        assert "alpha" in shelf.asked
        assert shelf.expected == ["alpha==2.0"]
        assert shelf.read == ["first==1.0"]


class TestHashes:
    @pytest.mark.parametrize(
        ("digest", "wanted", "expected"),
        [
            pytest.param(ONE, "alpha==1.0", "alpha-1.0-py3-none-any.whl", id="wheel"),
            pytest.param(TWO, "alpha==1.0", "alpha-1.0.tar.gz", id="beside"),
            pytest.param(THREE, "alpha", "alpha-2.0.tar.gz", id="alone"),
        ],
    )
    def test_the_file_of_the_hash_is_taken(
        self, digest: str, wanted: str, expected: str
    ) -> None:
        found = chosen(WORLD, wanted, hashes={"alpha": digest}, may_build=True)

        assert found == [expected]

    def test_a_source_with_another_hash_is_as_bad_as_a_wheel(self) -> None:
        with pytest.raises(IntegrityError, match=r"alpha-2\.0\.tar\.gz has none"):
            search(WORLD, "alpha==2.0", hashes={"alpha": ONE}, may_build=True)


class TestDirect:
    SOURCE: Any = {"alpha": [Release("2.0", has_wheel=False, sdist=THREE)]}  # noqa: RUF012

    def test_a_source_that_was_given_counts_where_sources_do(self) -> None:
        found = chosen(self.SOURCE, "alpha", direct=True, may_build=True)

        assert found == ["alpha-2.0.tar.gz"]
        assert "only a source distribution; only wheels count here" in failure(
            self.SOURCE, "alpha", direct=True
        )
        assert FORBIDDEN in failure(
            self.SOURCE, "alpha", direct=True, may_build=True, only_binary=ALL
        )

    def test_a_wheel_that_was_given_counts_though_no_binary_is_wanted(self) -> None:
        found = chosen(
            {"alpha": ["1.0"]}, "alpha", direct=True, may_build=True, no_binary=ALL
        )

        assert found == ["alpha-1.0-py3-none-any.whl"]
