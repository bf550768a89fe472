"""Core metadata."""

import pytest

from admit.spec.metadata import (
    InvalidMetadata,
    Metadata,
    parse_base_requires,
    parse_metadata,
)


def parse(*lines: str, head: str = "Name: Wid.gets\nVersion: 1.0\n") -> Metadata:
    return parse_metadata((head + "\n".join(lines)).encode())


def test_the_fields_in_use_are_read() -> None:
    metadata = parse(
        "Metadata-Version: 2.4",
        "Summary: of widgets",
        "Requires-Python: >=3.8",
        "Requires-Dist: gadgets>=2; extra == 'tls'",
        "Requires-Dist: bolts",
        "Provides-Extra: TLS",
        "Provides-Extra: dev_tools",
        "Dynamic: Requires-Dist",
    )

    assert (metadata.name, metadata.version.text) == ("wid-gets", "1.0")
    assert [each.name for each in metadata.requires] == ["gadgets", "bolts"]
    assert str(metadata.requires_python) == ">=3.8"
    assert metadata.extras == ("tls", "dev-tools")
    assert metadata.dynamic == {"requires-dist"}
    assert metadata.problems == ()


def test_what_is_not_said_is_empty() -> None:
    metadata = parse()

    assert metadata.requires == ()
    assert metadata.extras == ()
    assert metadata.requires_python is None
    assert metadata.dynamic == frozenset()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reading_stops_at_the_blank_line(end: str) -> None:
    body = end.join(["Name: w", "Version: 1", "", "Requires-Dist: >>>", "Version: 2"])

    metadata = parse_metadata(body.encode())

    assert metadata.version.text == "1"
    assert metadata.requires == ()


def test_field_names_have_no_case() -> None:
    assert parse(head="NAME: w\nversion:1").name == "w"


def test_continuation_lines_are_joined_with_a_blank() -> None:
    metadata = parse(
        "Description: many",
        "        Requires-Dist: nothing",
        "Requires-Dist: gadgets (>=1,",
        "\t<2)",
        "  ; os_name == 'nt'",
        "Provides-Extra:",
        " tls",
    )

    assert [str(each) for each in metadata.requires] == [
        "gadgets (>=1, <2) ; os_name == 'nt'"
    ]
    assert metadata.extras == ("tls",)


def test_the_first_of_two_names_counts() -> None:
    assert parse("Name: other", "Version: 2").version.text == "1.0"


def test_bytes_that_are_no_text_elsewhere_do_no_harm() -> None:
    body = b"\xef\xbb\xbfName: w\nAuthor: J\xf6rg\nVersion: 1\n\n\xff\xfe"

    assert parse_metadata(body).name == "w"


def test_a_python_requirement_that_cannot_be_read_is_passed_over_and_told() -> None:
    metadata = parse("Requires-Python: >=3.6.*")

    assert metadata.requires_python is None
    assert "Requires-Python '>=3.6.*' is ignored" in metadata.problems[0]


def test_an_extra_that_cannot_be_read_is_passed_over_and_told() -> None:
    metadata = parse("Provides-Extra: a b", "Provides-Extra: tls")

    assert metadata.extras == ("tls",)
    assert "'a b'" in metadata.problems[0]


def test_all_faults_are_told() -> None:
    with pytest.raises(InvalidMetadata) as caught:
        parse(
            "Metadata-Version: 3.0",
            "Requires-Dist: gadgets >=",
            "Requires-Dist: bolts",
            "Requires-Dist: b@d",
            head="Name: w x\n",
        )

    why = caught.value.why or ""
    assert caught.value.what == "invalid metadata of 'w x'"
    assert "Metadata-Version '3'" in why
    assert "not a valid project name: 'w x'" in why
    assert "no field Version" in why
    assert "'gadgets >='" in why
    assert "'b@d'" in why
    assert "bolts" not in why


@pytest.mark.parametrize("body", [b"", b"\n", b"<html>\n", b"\nName: w\nVersion: 1"])
def test_what_is_no_metadata_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidMetadata, match="invalid metadata"):
        parse_metadata(body)


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.1", "2.99"])
def test_minor_versions_yet_unknown_are_read(version: str) -> None:
    assert parse(f"Metadata-Version: {version}").name == "wid-gets"


@pytest.mark.parametrize(
    ("line", "is_kept"),
    [
        ("a", True),
        ('a; extra == "x"', False),
        ("a>1; extra == 'x'", False),
        ('a; python_version < "3" and extra == "x"', False),
        ('a; extra == "x" and python_version < "3"', False),
        ('a; extra != "x"', True),
        ('a; python_version < "3" or extra == "x"', True),
        ('a; (extra == "x")', True),
        ('a; extra == "x" or os_name == "nt"', True),
        ('a; os_name == "extra"', True),
    ],
)
def test_lines_that_plainly_need_an_extra_are_not_parsed_for_the_base(
    line: str, is_kept: bool
) -> None:
    body = f"Metadata-Version: 2.1\nName: n\nVersion: 1\nRequires-Dist: {line}\n"

    requires = parse_base_requires(body.encode())

    assert bool(requires) == is_kept


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Name: n\nrequires-DIST:  a \r\nX: y", ["a"], id="spelling"),
        pytest.param("Name: n\nRequires-Dist: a\n ; os_name=='q'", ["a"], id="goes on"),
        pytest.param("Requires-Dist: a\nRequires-Dist: b", ["a", "b"], id="first"),
        pytest.param("\ufeffRequires-Dist: a", ["a"], id="after a mark"),
        pytest.param("\nRequires-Dist: a", [], id="behind the end"),
        pytest.param("Name: n\n\nRequires-Dist: a", [], id="in the description"),
        pytest.param("Name: n\r\n\r\nRequires-Dist: a", [], id="with returns"),
        pytest.param("Name: n\nRequires-Dist : a", [], id="another field"),
        pytest.param("Name: n\nRequires-Dist\n a", [], id="no colon"),
    ],
)
def test_the_base_is_found_wherever_it_stands(body: str, expected: list[str]) -> None:
    assert [each.name for each in parse_base_requires(body.encode())] == expected


def test_a_broken_line_of_the_base_is_told() -> None:
    with pytest.raises(InvalidMetadata):
        parse_base_requires(b"Name: n\nVersion: 1\nRequires-Dist: a>>1\n")
