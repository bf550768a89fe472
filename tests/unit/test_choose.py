"""The best wheel of every version, and reasons for the rest."""

from __future__ import annotations

from typing import Any

import pytest

from admit.index.choose import Listing, choose_candidates
from admit.index.listing import Rejected, decode_listing
from admit.index.simple import ProjectPage
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import parse_url

URL = parse_url("https://host.example/simple/widgets/")
TAGS = (
    "cp311-cp311-manylinux_2_17_x86_64",
    "cp311-abi3-manylinux_2_17_x86_64",
    "py3-none-any",
)


def choose(*entries: Any, python: str = "3.11.4", base: str = "") -> Listing:
    """Entries are dicts, or file names."""
    files: Any = tuple(
        {"filename": entry, "url": entry} if isinstance(entry, str) else entry
        for entry in entries
    )
    page = ProjectPage("widgets", parse_url(base) if base else URL, files)
    target = Target({"python_full_version": python}, TAGS)
    return choose_candidates(page, normalize_name("widgets"), target, page_url=URL)


def entry(filename: str, **fields: Any) -> dict[str, Any]:
    renamed = {name.replace("_", "-"): field for name, field in fields.items()}
    return {"filename": filename, "url": f"../f/{filename}"} | renamed


def wheel(version: str, tags: str = "py3-none-any", **fields: Any) -> dict[str, Any]:
    return entry(f"widgets-{version}-{tags}.whl", **fields)


def filenames(listing: Listing) -> list[str]:
    return [listing.candidate(at).file.filename for at in range(len(listing))]


def test_versions_ascend_as_pep_440_orders_them() -> None:
    texts = ["1.10", "1.9", "1!0.1", "1.9.post1", "1.9rc1", "1.9+cpu", "1.9.dev1"]

    listing = choose(*(wheel(text) for text in texts))

    expected = ["1.9.dev1", "1.9rc1", "1.9", "1.9+cpu", "1.9.post1", "1.10", "1!0.1"]
    assert list(listing.texts) == expected
    assert [version.text for version in listing.versions] == expected
    assert list(listing.keys) == sorted(listing.keys)
    assert [version.is_local for version in listing.versions].index(True) == 3
    assert listing.prereleases == 0b11


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            [wheel("1.0"), wheel("1.0", "cp311-cp311-manylinux_2_17_x86_64")],
            "widgets-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            id="the best tag",
        ),
        pytest.param(
            [
                wheel("1.0"),
                wheel("1.0", "cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64"),
            ],
            "widgets-1.0-cp311-abi3-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            id="one of several tags",
        ),
        pytest.param(
            [wheel("1.0-9a"), wheel("1.0-10"), wheel("1.0"), wheel("1.0-9b")],
            "widgets-1.0-10-py3-none-any.whl",
            id="the highest build",
        ),
        pytest.param(
            [wheel("1.0-1"), wheel("1.0", "cp311-cp311-manylinux_2_17_x86_64")],
            "widgets-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            id="tags before builds",
        ),
        pytest.param(
            [
                wheel("1.0", "cp311-cp311-manylinux_2_17_x86_64", yanked="bad"),
                wheel("1.0"),
            ],
            "widgets-1.0-py3-none-any.whl",
            id="not yanked before the best tag",
        ),
        pytest.param(
            [
                wheel("1.0-2", requires_python=">=3.12"),
                wheel("1.0-1", requires_python=">=3.8", yanked=True),
            ],
            "widgets-1.0-1-py3-none-any.whl",
            id="the right Python before all",
        ),
        pytest.param(
            [wheel("1.0"), wheel("1.0.0")],
            "widgets-1.0-py3-none-any.whl",
            id="equal versions are one",
        ),
        pytest.param(
            [wheel("1.0-2", yanked=[]), wheel("1.0-1")],
            "widgets-1.0-1-py3-none-any.whl",
            id="a broken one is passed over",
        ),
    ],
)
def test_the_best_wheel_of_a_version_is_chosen(
    entries: list[Any], expected: str
) -> None:
    assert filenames(choose(*entries)) == [expected]


def test_a_candidate_knows_its_url_and_what_the_page_says() -> None:
    digest = "a" * 64

    listing = choose(
        wheel("1.0", hashes={"sha256": digest}, size=5, core_metadata=True)
    )

    candidate = listing.candidate(0)
    assert candidate.project == "widgets"
    assert candidate.version.text == "1.0"
    assert candidate.url.text == (
        "https://host.example/simple/f/widgets-1.0-py3-none-any.whl"
    )
    assert candidate.file.hashes == (("sha256", digest),)
    assert candidate.file.size == 5
    assert candidate.file.metadata is True
    assert candidate.is_yanked is False


def test_yanked_versions_are_kept_and_marked() -> None:
    listing = choose(
        wheel("1.0", yanked=True), wheel("2.0", yanked="oops"), wheel("3.0")
    )

    assert list(listing.texts) == ["1.0", "2.0", "3.0"]
    assert listing.yanked == 0b011
    assert listing.candidate(1).file.yanked == "oops"


def test_versions_for_other_pythons_are_kept_and_grouped_by_what_they_require() -> None:
    listing = choose(
        wheel("1.0", requires_python="<3"),
        wheel("2.0", requires_python=">=3.8"),
        wheel("3.0", requires_python=">=3.12"),
        wheel("3.1", requires_python=">=3.12"),
    )

    assert listing.unsupported == (("<3", 0b0001), (">=3.12", 0b1100))


@pytest.mark.parametrize("python", ["3.13.0rc1", "3.13.0+", "3.13.0"])
def test_a_preview_of_python_counts_as_its_release(python: str) -> None:
    listing = choose(wheel("1.0", requires_python=">=3.13"), python=python)

    assert listing.unsupported == ()


def test_a_requirement_of_python_that_cannot_be_read_forbids_nothing() -> None:
    listing = choose(wheel("1.0", requires_python="3.x"))

    assert listing.unsupported == ()


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(
            [wheel("1.0", "cp311-cp311-win_amd64")],
            Rejected(
                "tags",
                "1.0",
                "no wheel fits this interpreter and system, only cp311-cp311-win_amd64",
            ),
            id="another system",
        ),
        pytest.param(
            [wheel("1.0", f"cp3{minor}-cp3{minor}-win32") for minor in range(5)],
            Rejected(
                "tags",
                "1.0",
                "no wheel fits this interpreter and system, only "
                "cp30-cp30-win32, cp31-cp31-win32, cp32-cp32-win32, 2 more",
            ),
            id="many",
        ),
        pytest.param(
            [wheel("1.0", "cp312-cp312-win32", requires_python=">=3.12")],
            Rejected("python", "1.0", "requires Python >=3.12"),
            id="another Python",
        ),
        pytest.param(
            [entry("widgets-1.0.tar.gz"), entry("widgets-1.0.zip")],
            Rejected(
                "source", "1.0", "only a source distribution; only wheels count here"
            ),
            id="source only",
        ),
        pytest.param(
            [entry("widgets-1.0.exe")],
            Rejected(
                "kind",
                "widgets-1.0.exe",
                "neither a wheel nor a source distribution",
            ),
            id="installer",
        ),
        pytest.param(
            [entry("gadgets-1.0-py3-none-any.whl")],
            Rejected(
                "filename",
                "gadgets-1.0-py3-none-any.whl",
                "it belongs to gadgets, not to widgets",
            ),
            id="another project",
        ),
        pytest.param(
            [wheel("1.0", hashes="md5")],
            Rejected(
                "field",
                "widgets-1.0-py3-none-any.whl",
                "widgets-1.0-py3-none-any.whl: hashes is not an object",
            ),
            id="broken field",
        ),
    ],
)
def test_what_cannot_be_chosen_has_its_reason(
    entries: list[Any], expected: Rejected
) -> None:
    listing = choose(*entries)

    assert (len(listing), listing.rejected) == (0, (expected,))


@pytest.mark.parametrize(
    "filename",
    [
        "widgets-1.0.whl",
        "widgets-one-py3-none-any.whl",
        "widgets-1.0-py3-none.whl",
        "widgets-1.0-x-py3-none-any.whl",
        "widgets.tar.gz",
        ".whl",
    ],
)
def test_broken_file_names_are_rejected_and_the_page_is_kept(filename: str) -> None:
    listing = choose(filename, wheel("1.0"))

    assert list(listing.texts) == ["1.0"]
    assert [(each.kind, each.what) for each in listing.rejected] == [
        ("filename", filename)
    ]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host.example/x.whl",
        "https:///x.whl",
        "/x\n.whl",
        "https://h:x/a.whl",
        "//h:x/a.whl",
        "file:///x.whl",
        "FILE://localhost/x.whl",
        "file:/x.whl",
        "file:x.whl",
        "data:application/zip;base64,UEsD.whl",
        "svn+ssh://host.example/x.whl",
        "javascript:x/a.whl",
        "https:x.whl",
    ],
)
def test_a_file_whose_link_leads_nowhere_is_rejected(url: str) -> None:
    listing = choose(wheel("1.0") | {"url": url}, wheel("2.0"))

    assert [each.kind for each in listing.rejected] == ["field"]
    assert list(listing.texts) == ["2.0"]


def test_reasons_are_told_only_of_versions_without_a_usable_file() -> None:
    listing = choose(
        wheel("1.0"),
        wheel("1.0", "cp311-cp311-win32"),
        entry("widgets-1.0.tar.gz"),
        entry("widgets-1.0.0.zip"),
        wheel("2.0", "cp311-cp311-win32"),
        entry("widgets-2.0.tar.gz"),
        entry("widgets-0.1.tar.gz"),
    )

    assert [(each.kind, each.what) for each in listing.rejected] == [
        ("source", "0.1"),
        ("tags", "2.0"),
    ]


def test_a_listing_survives_its_digest() -> None:
    listing = choose(
        wheel("1.0", yanked="bad", requires_python=">=3.12"),
        wheel(
            "2.0rc1", hashes={"sha256": "b" * 64}, core_metadata={"sha256": "c" * 64}
        ),
        wheel("3.0", "cp311-cp311-win32"),
        base="https://host.example/base/",
    )

    again = decode_listing(listing.encode())

    assert again.project == listing.project
    assert again.page_url == URL.text
    assert again.versions == listing.versions
    assert again.rejected == listing.rejected
    assert again.unsupported == listing.unsupported
    assert (again.yanked, again.prereleases) == (0b01, 0b10)
    assert [again.candidate(at) for at in range(2)] == [
        listing.candidate(at) for at in range(2)
    ]
    assert again.candidate(0).url.text.startswith("https://host.example/f/widgets-1")


def test_a_version_whose_only_wheel_has_broken_tags_has_none() -> None:
    broken = "widgets-2.0-3py-none-any.whl"

    listing = choose(wheel("1.0"), broken, entry("widgets-2.0.tar.gz"))

    assert listing.texts == ("1.0",)
    assert [(each.kind, each.what) for each in listing.rejected] == [
        ("source", "2.0"),
        ("filename", broken),
    ]
