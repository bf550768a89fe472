"""Listings without the files that do not count, and the hashes of all files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from admit.index.choose import choose_candidates
from admit.index.hashes import find_hashes, stated_digest
from admit.index.simple import File, ProjectPage
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import parse_url
from admit.spec.version import parse_version
from support.shelf import TARGET

if TYPE_CHECKING:
    from admit.index.listing import Listing

URL = parse_url("https://pypi.corp.example/simple/widgets/")
NAME = normalize_name("widgets")
TWO_TAGS = Target(TARGET.environment, ("cp312-cp312-linux_x86_64", "py3-none-any"))
BEST, PLAIN = "cp312-cp312-linux_x86_64", "py3-none-any"
ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)


def wheel(version: str, tag: str = PLAIN, **fields: Any) -> Any:
    filename = f"widgets-{version}-{tag}.whl"
    named = {key.replace("_", "-"): each for key, each in fields.items()}
    return {"filename": filename, "url": filename, **named}


def page(*entries: Any) -> ProjectPage:
    return ProjectPage("widgets", URL, entries)


def listing(*entries: Any) -> Listing:
    return choose_candidates(page(*entries), NAME, TWO_TAGS, page_url=URL)


def no_best(file: File) -> str | None:
    return "is too good" if BEST in file.filename else None


def test_the_next_best_file_takes_the_place_of_one_that_does_not_count() -> None:
    whole = listing(wheel("1.0", BEST), wheel("1.0"), wheel("2.0"))

    narrowed = whole.only(no_best)

    assert narrowed.candidate(0).file.filename == "widgets-1.0-py3-none-any.whl"
    assert narrowed.withheld == ()
    assert BEST in whole.candidate(0).file.filename, "the whole one stays as it is"


def test_a_version_without_a_file_left_keeps_its_place() -> None:
    narrowed = listing(wheel("1.0", BEST), wheel("2.0")).only(no_best)

    assert [each.text for each in narrowed.versions] == ["1.0", "2.0"]
    assert narrowed.withheld == (("is too good", 0b01),)


def test_masks_are_those_of_the_file_that_is_left() -> None:
    whole = listing(
        wheel("1.0", BEST),
        wheel("1.0", yanked=True),
        wheel("2.0", BEST),
        wheel("2.0", requires_python="<3"),
        wheel("3.0", BEST, yanked=True),
        wheel("3.0", yanked=True),
        wheel("4.0", BEST, yanked=True),
        wheel("4.0", requires_python="<3"),
    )

    narrowed = whole.only(no_best)

    assert (whole.yanked, whole.unsupported) == (0b1100, ())
    assert (narrowed.yanked, narrowed.unsupported) == (0b0101, (("<3", 0b1010),))


def test_where_it_was_seen_is_still_known() -> None:
    narrowed = listing(wheel("1.0")).seen_as("on corp").only(no_best)

    assert narrowed.seen == "on corp"


def test_hashes_are_those_of_every_file_of_the_version() -> None:
    found = find_hashes(
        page(
            wheel("1.0", BEST, hashes={"sha256": TWO}),
            wheel("1.0.0", "cp38-cp38-win32", hashes={"sha256": ONE, "md5": "0" * 32}),
            {
                "filename": "widgets-1.0.tar.gz",
                "url": "w",
                "hashes": {"sha256": THREE},
            },
            wheel("1.0", "py2-none-any", hashes={"md5": "0" * 32}),
            wheel("2.0", hashes={"sha256": "4" * 64}),
            {"filename": "gadgets", "url": "g", "hashes": {"sha256": "5" * 64}},
        ),
        NAME,
        parse_version("1.0"),
    )

    assert [str(each) for each in found] == [
        f"sha256={ONE}",
        f"sha256={TWO}",
        f"sha256={THREE}",
    ]


def test_sha256_is_told_where_it_is_stated() -> None:
    both = File("w", "w", (("sha512", "0" * 128), ("sha256", ONE)))
    strong = File("w", "w", (("sha512", "0" * 128), ("md5", "0" * 32)))

    assert str(stated_digest(both)) == f"sha256={ONE}"
    assert str(stated_digest(strong)) == f"sha512={'0' * 128}"
    assert stated_digest(File("w", "w", (("md5", "0" * 32),))) is None
