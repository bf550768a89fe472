"""Requirements and markers, by tables; the laws are in tests/property."""

import json
from pathlib import Path
from typing import Any

import pytest

from admit.spec.marker import InvalidMarker, parse_marker
from admit.spec.names import ExtraName
from admit.spec.requirement import (
    InvalidRequirement,
    format_requirement,
    parse_requirement,
)

TABLES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "data" / "packaging.json").read_text()
)
LINUX = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.7",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_release": "6.1.0-arch1",
    "platform_system": "Linux",
    "platform_version": "#1 SMP",
    "python_full_version": "3.11.7",
    "python_version": "3.11",
    "sys_platform": "linux",
}
TLS, DEV = ExtraName("tls"), ExtraName("dev-tools")


@pytest.mark.parametrize(
    ("text", "name", "extras", "specifier"),
    [
        pytest.param("widgets", "widgets", (), "", id="a name"),
        pytest.param("Wid.gets", "wid-gets", (), "", id="a name to normalise"),
        pytest.param("widgets>=1,<2", "widgets", (), ">=1,<2", id="clauses"),
        pytest.param("widgets (>=1)", "widgets", (), ">=1", id="in brackets"),
        pytest.param("widgets()", "widgets", (), "", id="nothing in brackets"),
        pytest.param("widgets[]", "widgets", (), "", id="no extras"),
        pytest.param(
            "widgets [tls, Dev_Tools,tls]>1", "widgets", (DEV, TLS), ">1", id="extras"
        ),
        pytest.param("widgets >= 1 , < 2", "widgets", (), ">= 1 , < 2", id="blanks"),
        pytest.param("\twidgets\t>=\t1", "widgets", (), ">=1", id="tabs"),
        pytest.param("widgets>=1,", "widgets", (), ">=1,", id="a comma at the end"),
        pytest.param("widgets===wild", "widgets", (), "===wild", id="free text"),
        pytest.param("w===a,==1", "w", (), "===a,==1", id="free text and a clause"),
    ],
)
def test_a_requirement_has_name_extras_and_specifier(
    text: str, name: str, extras: tuple[ExtraName, ...], specifier: str
) -> None:
    requirement = parse_requirement(text)

    assert requirement.name == name
    assert requirement.extras == extras
    assert {str(clause) for clause in requirement.specifier.clauses} == {
        clause.strip().replace(" ", "") for clause in specifier.split(",") if clause
    }
    assert requirement.url is None
    assert requirement.marker is None
    assert str(requirement) == text.strip()


@pytest.mark.parametrize(
    ("text", "url", "marker"),
    [
        ("w @ https://host.example/w.whl", "https://host.example/w.whl", None),
        ("w@https://host.example/w;a", "https://host.example/w;a", None),
        (
            "w @ https://host.example/w ; os_name == 'nt'",
            "https://host.example/w",
            " os_name == 'nt'".strip(),
        ),
        (
            "w @ git+https://host.example/w.git@main",
            "git+https://host.example/w.git@main",
            None,
        ),
        ("w @ file:///tmp/w.whl", "file:///tmp/w.whl", None),
    ],
)
def test_a_requirement_may_have_a_url(text: str, url: str, marker: str | None) -> None:
    requirement = parse_requirement(text)

    assert str(requirement.url) == url
    assert (str(requirement.marker) if requirement.marker else None) == marker
    assert str(requirement) == text
    assert parse_requirement(format_requirement(requirement)).url == requirement.url


def test_the_password_of_a_url_is_kept_but_never_shown() -> None:
    requirement = parse_requirement("w @ https://alice:s3cret@host.example/w.whl")

    assert requirement.url is not None
    assert requirement.url.userinfo is not None
    assert requirement.url.userinfo.password is not None
    assert requirement.url.userinfo.password.expose() == "s3cret"
    assert "s3cret" not in repr(requirement) + str(requirement)
    assert "s3cret" not in format_requirement(requirement)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "Expected package name", id="nothing"),
        pytest.param("widgets >=", "    widgets >=\n", id="the caret's line"),
        pytest.param("widgets 1.0", "Expected", id="no operator"),
        pytest.param("widgets>=1.*", ".* suffix", id="wildcard"),
        pytest.param("widgets[tls", "RIGHT_BRACKET", id="open bracket"),
        pytest.param("widgets (>=15", "RIGHT_PARENTHESIS", id="open clauses"),
        pytest.param("w===0,== 1", "Expected", id="clause after free text"),
        pytest.param("widgets[tls,]", "extra name after comma", id="comma in extras"),
        pytest.param("widgets>=1,,<2", "Expected", id="two commas"),
        pytest.param("widgets;", "marker variable", id="no marker"),
        pytest.param("widgets; python_version>3", "quoted string", id="bare number"),
        pytest.param("widgets_", "not a valid project name", id="name"),
        pytest.param("widgets[a_]", "not a valid extra name", id="extra"),
        pytest.param("widgets @", "not a URL", id="no URL"),
        pytest.param("widgets @ ./w.whl", "not a URL", id="a path"),
        pytest.param("widgets @ https://h.example/w x", "semicolon", id="junk"),
        pytest.param("widgets>=1\n", "Expected", id="line end"),
    ],
)
def test_a_refused_requirement_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        parse_requirement(text)

    assert repr(text) in caught.value.what
    assert reason in (caught.value.why or "")


@pytest.mark.parametrize(
    "text",
    [
        "w @ https://alice:s3cret@host.example/w junk",
        "w @ https://alice:s3cret@host.example:port/w",
        "w @ https://alice:s3/cret@host.example/w",
        "https://alice:s3cret@host.example/w.whl",
        "w @ //alice:s3cret@host.example/w",
        "alice:s3cret@host.example/w",
        "w @ https://alice:s3cret@host.example/w ; bad",
    ],
)
def test_no_message_shows_a_password(text: str) -> None:
    with pytest.raises(InvalidRequirement) as caught:
        parse_requirement(text)

    error = caught.value
    assert "cret" not in f"{error.what}{error.why}{error.fix}{error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("os_name == 'posix'", True),
        ("'posix' != os.name", False),
        ("sys_platform in 'linux darwin'", True),
        ("'bsd' not in sys_platform", True),
        ("python_version >= '3.9'", True),
        ("python_version > '3.11'", False),
        ("'3.9' <= python_version", True),
        ("python_version == '3.*'", True),
        ("python_version ~= '3.8'", True),
        ("python_version in '3.10 3.11'", True),
        ("python_full_version < '3.11.8'", True),
        ("implementation_version == '3.11.7.0'", True),
        ("platform_release >= '5.0'", False),
        ("platform_release == '6.1.0-arch1'", True),
        ("python_version >= '3.*'", False),
        ("platform_version > '#0'", False),
        ("platform_release == '=6.1.0-arch1'", True),
        ("python_version > '3.8,<4'", False),
        ("os_name >= 'posix'", True),
        ("os_name <= 'nt'", False),
        ("python_implementation == 'CPython'", True),
        ("os_name == 'nt' or os_name == 'posix' and sys_platform == 'linux'", True),
        ("(os_name == 'nt' or os_name == 'posix') and sys_platform == 'mac'", False),
        ("((os_name=='posix'))", True),
        ("os_name == 'po\\x73ix'", True),
    ],
)
def test_markers_hold_or_not(text: str, expected: bool) -> None:
    marker = parse_marker(text)

    assert marker.evaluate(LINUX) is expected
    assert marker.evaluate(LINUX, [TLS]) is expected
    assert not marker.mentions_extra
    assert str(marker) == text


def test_a_python_between_two_releases_is_a_local_version() -> None:
    environment = {**LINUX, "python_full_version": "3.14.0+"}

    assert parse_marker("python_full_version >= '3.14'").evaluate(environment)
    assert not parse_marker("python_full_version < '3.14'").evaluate(environment)


@pytest.mark.parametrize(
    ("text", "extras", "expected"),
    [
        ("extra == 'tls'", [], False),
        ("extra == 'tls'", [TLS], True),
        ("extra == 'TLS'", [DEV, TLS], True),
        ("extra == 'Dev.Tools'", [DEV], True),
        ("'tls' == extra", [TLS], True),
        ("extra != 'tls'", [TLS], False),
        ("extra != 'tls'", [TLS, DEV], True),
        ("extra == 'tls' and extra == 'dev-tools'", [TLS, DEV], False),
        ("extra == ''", [], True),
        ("extra == 'tls' and os_name == 'nt'", [TLS], False),
    ],
)
def test_each_active_extra_is_tried_alone(
    text: str, extras: list[ExtraName], expected: bool
) -> None:
    marker = parse_marker(text)

    assert marker.mentions_extra
    assert marker.evaluate(LINUX, extras) is expected


def test_a_literal_that_says_extra_does_not_mention_extras() -> None:
    assert not parse_marker("sys_platform == 'extra'").mentions_extra


@pytest.mark.parametrize("text", [*TABLES["markers_invalid"], "", "os_name", "()"])
def test_what_is_no_marker_is_refused(text: str) -> None:
    with pytest.raises(InvalidMarker):
        parse_marker(text)


@pytest.mark.parametrize(
    "text",
    ["os_name ~= '1'", "'a' == 'b'", "os_name === 'posix'", "python_version ~= '3'"],
)
def test_a_comparison_without_meaning_is_an_error(text: str) -> None:
    marker = parse_marker(text)

    with pytest.raises(InvalidMarker):
        marker.evaluate(LINUX)


def test_brackets_nested_without_end_are_an_error_not_a_crash() -> None:
    depth = 60
    text = "(" * depth + "os_name == 'posix'" + ")" * depth

    assert parse_marker(text).evaluate(LINUX)
    with pytest.raises(InvalidMarker):
        parse_marker("(" * 5000)
    with pytest.raises(InvalidRequirement):
        parse_requirement("widgets;" + "(" * 5000)


def test_a_line_end_behind_a_marker_is_refused_and_not_read_for_ever() -> None:
    with pytest.raises(InvalidMarker, match="not a valid marker"):
        parse_marker('os_name == "posix"\n')


def test_a_marker_that_cannot_be_written_again_is_an_error_of_ours() -> None:
    with pytest.raises(InvalidRequirement, match="not a valid requirement"):
        parse_requirement("widgets>=\n1; os_name == '\\x27\"'")


def test_a_line_end_after_an_operator_is_read_as_packaging_does() -> None:
    requirement = parse_requirement("widgets[tls]>=\n1; os_name == 'posix'")

    assert str(requirement.specifier) == ">=1"
    assert requirement.marker == parse_marker('os_name == "posix"')
