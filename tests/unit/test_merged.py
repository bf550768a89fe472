"""Several listings seen as one, and the strategies that use them."""

from __future__ import annotations

from typing import Any

import pytest

from admit.index.merged import MergedListing
from admit.resolve.finder import Finder
from admit.resolve.policy import Asked, Policy
from admit.resolve.provider import Provider, resolve
from admit.spec.names import normalize_name
from admit.spec.requirement import parse_requirement
from support.shelf import TARGET, Release, Shelf

CORP = "https://pypi.corp.example/simple/"
OTHER = "https://other.example/simple/"
NAME = normalize_name("alpha")


def merge(*shelves: Shelf) -> MergedListing:
    listings: list[Any] = [shelf.listing(NAME).result() for shelf in shelves]
    return MergedListing(listings)


def hosts(listing: MergedListing) -> dict[str, str]:
    """Where each version would come from."""
    return {
        version.text: listing.candidate(index).url.host
        for index, version in enumerate(listing.versions)
    }


def test_versions_are_in_one_order_each_from_the_first_that_has_it() -> None:
    one = Shelf({"alpha": ["1.0", "3.0"]}, CORP)
    other = Shelf({"alpha": ["0.5", "1.0", "4.0"]}, OTHER)

    assert hosts(merge(one, other)) == {
        "0.5": "other.example",
        "1.0": "pypi.corp.example",
        "3.0": "pypi.corp.example",
        "4.0": "other.example",
    }


@pytest.mark.parametrize(
    "unfit", [Release("1.0", yanked=True), Release("1.0", python="<3")]
)
def test_one_fit_for_use_is_better(unfit: Release) -> None:
    one, other = Shelf({"alpha": [unfit]}, CORP), Shelf({"alpha": ["1.0"]}, OTHER)

    merged = merge(one, other)

    assert hosts(merged) == {"1.0": "other.example"}
    assert (merged.yanked, merged.unsupported) == (0, ())


def test_masks_move_with_their_versions() -> None:
    one = Shelf({"alpha": ["1.0", Release("3.0", yanked=True)]}, CORP)
    other = Shelf({"alpha": [Release("0.5", python="<3"), "2.0rc1"]}, OTHER)

    merged = merge(one, other)

    assert [each.text for each in merged.versions] == ["0.5", "1.0", "2.0rc1", "3.0"]
    assert merged.yanked == 0b1000
    assert merged.prereleases == 0b0100
    assert merged.unsupported == (("<3", 0b0001),)
    assert merged.tiers == (0b1010, 0b0101)


@pytest.mark.parametrize(
    ("strategy", "wanted", "expected"),
    [
        ("first-index", "alpha", "2.0 from pypi.corp.example"),
        ("unsafe-first-match", "alpha", "2.0 from pypi.corp.example"),
        ("unsafe-first-match", "alpha>2", "9.0 from other.example"),
        ("unsafe-best-match", "alpha", "9.0 from other.example"),
        ("unsafe-best-match", "alpha<9", "2.0 from pypi.corp.example"),
    ],
)
def test_strategies(strategy: str, wanted: str, expected: str) -> None:
    one = Shelf({"alpha": ["1.0", "2.0"]}, CORP)
    other = Shelf({"alpha": ["2.0", "9.0"]}, OTHER)
    pairs: Any = [(each.settings(), each) for each in (one, other)]
    finder = Finder(pairs, {}, lambda text: None, strategy=strategy)  # type: ignore[arg-type]
    asked = Asked((parse_requirement(wanted),))

    (pin,) = resolve(Provider(finder, TARGET, {}, Policy(), asked)).pins

    assert pin.candidate is not None
    assert f"{pin.version} from {pin.candidate.url.host}" == expected
    reader = one if "corp" in expected else other
    assert f"alpha=={pin.version}" in reader.read


@pytest.mark.parametrize("strategy", ["unsafe-first-match", "unsafe-best-match"])
def test_an_owned_name_never_leaves_its_index(strategy: Any) -> None:
    own = Shelf({"alpha": ["1.0"]}, CORP)
    other = Shelf({"alpha": ["9.0"]}, OTHER)
    pairs: Any = [(own.settings(packages=("alpha",)), own), (other.settings(), other)]
    finder = Finder(pairs, {}, lambda text: None, strategy=strategy)

    found = finder.find("alpha").result()

    assert found.is_found
    assert [each.text for each in found.listing.versions] == ["1.0"]
    assert other.asked == []
