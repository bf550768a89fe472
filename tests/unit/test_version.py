"""Versions, specifiers and masks, by tables; the laws are in tests/property."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import admit
from admit.spec.version import (
    ANY,
    InvalidSpecifier,
    InvalidVersion,
    mask,
    parse_specifier,
    parse_version,
)

TABLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "packaging.json").read_text()
)


def test_keys_sort_as_the_standard_orders_versions() -> None:
    versions = [parse_version(text) for text in TABLES["versions_in_order"]]

    assert sorted(versions, reverse=True) == versions[::-1]
    assert len({version.key for version in versions}) == len(
        {version.text for version in versions}
    )


@pytest.mark.parametrize(("text", "canonical"), TABLES["normalized"])
def test_every_spelling_has_one_canonical_text(text: str, canonical: str) -> None:
    version = parse_version(text)

    assert version.text == str(version) == canonical
    assert version == parse_version(canonical)


NEARLY = ["", "v", "1!", "1.0-", "1a2.3", "1..2rc1", "1.post1.2", "1.dev1.post1"]


@pytest.mark.parametrize("text", [*TABLES["invalid_versions"], *NEARLY])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidVersion) as caught:
        parse_version(text)

    assert repr(text) in caught.value.what


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param("1.0", "1", id="trailing zero"),
        pytest.param("0", "0.0.0", id="nothing but zeros"),
        pytest.param("1.0+A-1", "1+a.1", id="local"),
        pytest.param("0!1", "1", id="epoch"),
        pytest.param("1.0.0rc1", "1c1", id="candidate"),
    ],
)
def test_equal_versions_are_equal_and_hash_alike(left: str, right: str) -> None:
    assert parse_version(left) == parse_version(right)
    assert hash(parse_version(left)) == hash(parse_version(right))


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        pytest.param("1.191", "1.192", id="where a number grows to two bytes"),
        pytest.param("1.255", "1.256", id="where a number grows to three bytes"),
        pytest.param("1.272", "1.272.1", id="a number that ends like a zero"),
        pytest.param("1.261", "1.272", id="its last byte is no trailing zero"),
        pytest.param("20231231", "20240101", id="dates"),
        pytest.param(f"{2**330}", f"{2**340}", id="beyond a length of forty bytes"),
        pytest.param(f"1.{'9' * 300}", "2", id="a long number in second place"),
        pytest.param("1.post9", "1.0.1.dev0", id="release before suffix"),
        pytest.param("999", "1!0", id="epoch before all"),
    ],
)
def test_numbers_sort_as_numbers(lower: str, upper: str) -> None:
    assert parse_version(lower) < parse_version(upper)
    assert parse_version(upper) > parse_version(lower)
    assert parse_version(lower) <= parse_version(upper)
    assert parse_version(upper) >= parse_version(lower)


@pytest.mark.parametrize(
    ("text", "is_prerelease", "is_local"),
    [
        ("1.0", False, False),
        ("1.0.post1", False, False),
        ("1.0a1", True, False),
        ("1.0.dev1", True, False),
        ("1.0.post1.dev1", True, False),
        ("1.0+local", False, True),
        ("1.0rc1+local", True, True),
    ],
)
def test_a_version_knows_what_it_is(
    text: str, is_prerelease: bool, is_local: bool
) -> None:
    version = parse_version(text)

    assert (version.is_prerelease, version.is_local) == (is_prerelease, is_local)


def test_a_number_too_long_for_python_is_an_error_of_ours() -> None:
    with pytest.raises(InvalidVersion, match="too long"):
        parse_version("1." + "1" * 5000)


def test_a_version_is_no_other_thing() -> None:
    assert parse_version("1") != "1"
    assert parse_specifier("==1") != "==1"


@pytest.mark.parametrize(("version", "specifier", "expected"), TABLES["contains"])
def test_membership_is_as_packaging_has_it(
    version: str, specifier: str, expected: bool
) -> None:
    parsed = parse_version(version)

    assert parse_specifier(specifier).contains(parsed) is expected
    assert mask(parse_specifier(specifier), [parsed]) == int(expected)


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        ("<1.0a1", "1.0a1", False),
        ("<1.0a1", "1.0a1+local", False),
        ("<1.0a1", "1.0a1.dev1", True),
        ("<1.0.post1", "1.0.post1.dev0", False),
        ("<1.0.post1", "1.0.post0", True),
        (">1.0.post1", "1.0.post1+local", False),
        (">1.0.post1", "1.0.post2.dev0", True),
        (">1.0.dev1", "1.0.dev1+local", False),
        (">1.0a1", "1.0a1.post1", False),
        ("==1.0+a", "1.0+a.b", False),
        ("!=1.0+a", "1.0+a.b", True),
        ("~=1.4.5a4", "1.4.5a3", False),
        ("~=1.4.5a4", "1.5.dev0", False),
        ("~=1!1.4", "1!1.9", True),
        ("~=1!1.4", "2!1.4", False),
        ("==1.0.*", "1.0.post1+local", True),
        ("==1.0.*", "1.1.dev0", False),
    ],
)
def test_bounds_are_drawn_beside_the_version(
    specifier: str, version: str, expected: bool
) -> None:
    assert parse_specifier(specifier).contains(parse_version(version)) is expected


@pytest.mark.parametrize(
    "text", [*TABLES["specifiers_invalid"], "=== a;b", "===a b", "==1..*", "<", "~=1!2"]
)
def test_what_is_no_specifier_is_refused(text: str) -> None:
    with pytest.raises(InvalidSpecifier) as caught:
        parse_specifier(text)

    assert caught.value.why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.0", "begins with one of"),
        (">=", "must follow"),
        (">=x", "is not a version"),
        (">=1.*", "goes with == and != only"),
        ("==1a1.*", "follows a plain release"),
        (">1+local", "a local version goes with"),
        ("~=1", "needs two numbers"),
    ],
)
def test_a_refused_specifier_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidSpecifier) as caught:
        parse_specifier(f">0,{text}")

    assert repr(text) in caught.value.what
    assert reason in (caught.value.why or "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (">=1", False),
        (">=1a1", True),
        ("<2.dev0", True),
        ("!=1a1", False),
        ("==1.*", False),
        ("===1a1", True),
        ("===anything", False),
        (">=1,<2b1", True),
    ],
)
def test_a_specifier_knows_whether_it_names_a_prerelease(
    text: str, expected: bool
) -> None:
    assert parse_specifier(text).names_prerelease is expected


def test_a_mask_has_a_bit_for_each_version() -> None:
    texts = ["0.9", "1.0.dev1", "1.0", "1.0+x", "1.0.post1", "1.1", "2.0a1", "2.0"]
    versions = [parse_version(text) for text in texts]

    assert mask(ANY, versions) == 0b11111111
    assert mask(ANY, []) == 0
    assert mask(parse_specifier(">=1.0,!=1.1,<2"), versions) == 0b00011100
    assert mask(parse_specifier("==1.0.*"), versions) == 0b00011110
    assert mask(parse_specifier(">1.0"), versions) == 0b11100000
    assert mask(parse_specifier("===1.0+X"), versions) == 0b00001000
    assert mask(parse_specifier("<1,>2"), versions) == 0


def test_a_specifier_keeps_its_text_and_clauses() -> None:
    specifier = parse_specifier(" >=1.0 , <2 ")

    assert str(specifier) == ">=1.0 , <2"
    assert [str(clause) for clause in specifier.clauses] == [">=1.0", "<2"]
    assert specifier == parse_specifier(">=1.0 , <2")
    assert specifier
    assert not ANY


def test_importing_the_parsers_loads_nothing_heavy() -> None:
    script = (
        "import sys, admit.spec.version, admit.spec.requirement, admit.spec.metadata,"
        " admit.spec.tags, admit.spec.record, admit.spec.requirements_file\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    heavy = {"packaging", "typing", "dataclasses", "pathlib", "email", "csv", "ast"}
    assert not heavy & set(loaded)


def test_versions_alone_do_not_even_load_re() -> None:
    # Without site, whose .pth files import what other packages like.
    source = os.path.dirname(os.path.dirname(admit.__file__))
    script = f"import sys; sys.path.insert(0, {source!r}); "
    script += "import admit.spec.version as v; v.parse_version('1.2'); "
    script += "v.parse_specifier('>=1,<2.5'); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not {"re", "functools", "collections"} & set(loaded)
