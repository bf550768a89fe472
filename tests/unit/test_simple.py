"""Pages of the Simple API: JSON and HTML, sound and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from admit.index.simple import (
    File,
    InvalidPage,
    NotAnIndexPage,
    ProjectPage,
    parse_file,
    parse_page,
)
from admit.spec.url import parse_url

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"
URL = parse_url("https://host.example/simple/widgets/")
WHEEL = "widgets-1.0-py3-none-any.whl"
SHA = "0123456789abcdef" * 4


def read_json(**fields: Any) -> ProjectPage:
    page = {"meta": {"api-version": "1.1"}, "name": "widgets", "files": []} | fields
    return parse_page(json.dumps(page).encode(), JSON, URL)


def read_file(**fields: Any) -> File:
    entry = {"filename": WHEEL, "url": f"../../{WHEEL}", "hashes": {}}
    return read_json(files=[entry | fields]).files[0]


def read_html(text: str, content_type: str = HTML, **options: Any) -> ProjectPage:
    return parse_page(text.encode(), content_type, URL, **options)


def read_anchor(attributes: str) -> File:
    return read_html(f'<a href="{WHEEL}" {attributes}>{WHEEL}</a>').files[0]


def test_json_and_html_say_the_same() -> None:
    entry = {
        "filename": WHEEL,
        "url": f"../../packages/{WHEEL}",
        "hashes": {"sha256": SHA},
        "requires-python": ">=3.8,<4",
        "yanked": "broken",
        "core-metadata": {"sha256": SHA},
    }
    html = (
        f'<a href="../../packages/{WHEEL}#sha256={SHA}" data-yanked="broken" '
        f'data-requires-python="&gt;=3.8,&lt;4" data-core-metadata="sha256={SHA}">'
        f"{WHEEL}</a>"
    )

    assert read_html(html).files == read_json(files=[entry]).files
    assert read_html(html).files[0] == File(
        filename=WHEEL,
        url=f"../../packages/{WHEEL}",
        hashes=(("sha256", SHA),),
        requires_python=">=3.8,<4",
        yanked="broken",
        metadata=(("sha256", SHA),),
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"core-metadata": True}, True, id="without a digest"),
        pytest.param(
            {"core-metadata": {"sha256": SHA}}, (("sha256", SHA),), id="digest"
        ),
        pytest.param({"dist-info-metadata": True}, True, id="the old key"),
        pytest.param(
            {"core-metadata": False, "dist-info-metadata": True},
            None,
            id="the new key wins",
        ),
        pytest.param({"core-metadata": {}}, None, id="empty object"),
        pytest.param({"core-metadata": {"sha256": "no"}}, True, id="unusable digest"),
    ],
)
def test_json_tells_of_a_metadata_file(fields: Any, expected: object) -> None:
    assert read_file(**fields).metadata == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param("", None, id="absent"),
        pytest.param('data-core-metadata="true"', True, id="true"),
        pytest.param('data-core-metadata="TRUE"', True, id="TRUE"),
        pytest.param('data-core-metadata="false"', None, id="false"),
        pytest.param(
            f'data-core-metadata="sha256={SHA}"', (("sha256", SHA),), id="hash"
        ),
        pytest.param(
            f'data-dist-info-metadata="sha256={SHA}"', (("sha256", SHA),), id="old name"
        ),
        pytest.param(
            'data-dist-info-metadata="true" data-core-metadata="false"',
            None,
            id="the new name wins",
        ),
    ],
)
def test_html_tells_of_a_metadata_file(attributes: str, expected: object) -> None:
    assert read_anchor(attributes).metadata == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param("", False, id="absent"),
        pytest.param('data-yanked=""', True, id="empty"),
        pytest.param("data-yanked", True, id="without value"),
        pytest.param('data-yanked="bad &amp; ugly"', "bad & ugly", id="reason"),
        pytest.param("DATA-YANKED='x'", "x", id="upper case, single quotes"),
    ],
)
def test_html_tells_whether_a_file_is_yanked(
    attributes: str, expected: bool | str
) -> None:
    assert read_anchor(attributes).yanked == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [(True, True), (False, False), (None, False), ("why", "why"), ("", False)],
)
def test_json_tells_whether_a_file_is_yanked(
    stated: object, expected: bool | str
) -> None:
    assert read_file(yanked=stated).yanked == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param({"sha256": SHA.upper()}, (("sha256", SHA),), id="upper case"),
        pytest.param({"sha256": "abc"}, (), id="too short"),
        pytest.param({"sha256": "g" * 64}, (), id="no hex"),
        pytest.param({"sha256": 5}, (), id="no text"),
        pytest.param({"whirlpool": SHA}, (), id="unknown algorithm"),
        pytest.param(
            {"sha256": SHA, "md5": SHA[:32]},
            (("md5", SHA[:32]), ("sha256", SHA)),
            id="two",
        ),
    ],
)
def test_only_well_formed_digests_count(stated: Any, expected: object) -> None:
    assert read_file(hashes=stated).hashes == expected


def test_a_fragment_is_the_digest_where_json_has_no_other() -> None:
    file = read_file(url=f"/x/{WHEEL}#sha256={SHA}&egg=x")

    assert (file.url, file.hashes) == (f"/x/{WHEEL}", (("sha256", SHA),))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"requires-python": 3}, id="requires-python"),
        pytest.param({"yanked": []}, id="yanked"),
        pytest.param({"hashes": "sha256"}, id="hashes"),
    ],
)
def test_a_file_with_a_field_of_the_wrong_kind_is_refused_alone(fields: Any) -> None:
    sound = {"filename": WHEEL, "url": WHEEL}

    page = read_json(files=[sound | fields, sound])

    assert len(page.entries) == 2
    assert len(page.files) == 1
    with pytest.raises(InvalidPage, match=r"widgets-1\.0"):
        parse_file(page.entries[0])


def test_fields_that_only_inform_are_dropped_when_broken() -> None:
    file = read_file(**{"size": -1, "upload-time": 5})

    assert (file.size, file.upload_time) == (None, None)


def test_files_without_name_or_url_become_a_problem() -> None:
    sound = {"filename": WHEEL, "url": WHEEL}

    page = read_json(files=[None, {}, {"filename": WHEEL}, {"url": "x"}, sound])

    assert page.entries == (sound,)
    assert page.problems == ("4 of 5 files have no name or URL",)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        pytest.param(b"", InvalidPage, id="empty"),
        pytest.param(b"{", InvalidPage, id="cut off"),
        pytest.param(b"\xff\xfe\xff", InvalidPage, id="no text"),
        pytest.param(b"[" * 100_000, InvalidPage, id="deep"),
        pytest.param(b"<html>", NotAnIndexPage, id="HTML"),
        pytest.param(b"[]", NotAnIndexPage, id="a list"),
        pytest.param(b"{}", NotAnIndexPage, id="no files"),
        pytest.param(b'{"files": {}}', NotAnIndexPage, id="files is no list"),
        pytest.param(
            b'{"meta": {"api-version": "1.0"}, "projects": []}',
            NotAnIndexPage,
            id="the list of projects",
        ),
    ],
)
def test_json_that_is_no_project_page_is_refused(
    body: bytes, error: type[InvalidPage]
) -> None:
    with pytest.raises(InvalidPage) as caught:
        parse_page(body, JSON, URL)

    assert type(caught.value) is error
    assert URL.text in caught.value.what


@pytest.mark.parametrize("version", ["2.0", "2", "10.1", "0.9", 2])
def test_another_major_version_of_the_api_is_refused(version: object) -> None:
    with pytest.raises(InvalidPage, match="Simple API"):
        read_json(meta={"api-version": version})
    with pytest.raises(InvalidPage, match="Simple API"):
        read_html(f'<meta name="pypi:repository-version" content="{version}">')


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        pytest.param({"api-version": "1.0"}, None, id="known"),
        pytest.param({"api-version": "1.99"}, "newer than", id="newer minor"),
        pytest.param({"api-version": "1." + "9" * 5000}, "newer", id="huge minor"),
        pytest.param({"api-version": "one"}, "is no version", id="no version"),
        pytest.param({}, "no api-version", id="no version stated"),
        pytest.param([], "no api-version", id="meta of the wrong kind"),
    ],
)
def test_an_odd_api_version_is_a_problem_and_the_page_is_kept(
    meta: Any, problem: str | None
) -> None:
    page = read_json(meta=meta, files=[{"filename": WHEEL, "url": WHEEL}])

    assert len(page.files) == 1
    assert len(page.problems) == (problem is not None)
    assert problem is None or problem in page.problems[0]


def test_dependency_confusion_fields_are_kept() -> None:
    page = read_json(
        **{
            "meta": {"api-version": "1.2", "tracks": ["https://host.example/x/"]},
            "alternate-locations": ["https://other.example/x/", 5],
        }
    )

    assert page.tracks == ("https://host.example/x/",)
    assert page.alternate_locations == ("https://other.example/x/",)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.pypi.simple.v1+json",
        "Application/VND.pypi.simple.v1+JSON; charset=utf-8",
    ],
)
def test_content_type_ignores_case_and_parameters(content_type: str) -> None:
    body = b'{"meta": {"api-version": "1.0"}, "name": "widgets", "files": []}'

    assert parse_page(body, content_type, URL).name == "widgets"


@pytest.mark.parametrize(
    ("content_type", "error", "what"),
    [
        ("", NotAnIndexPage, "not a page"),
        ("text/plain", NotAnIndexPage, "not a page"),
        ("application/json", NotAnIndexPage, "not a page"),
        ("application/vnd.pypi.simple.v2+json", InvalidPage, "newer Simple API"),
    ],
)
def test_other_content_types_are_refused(
    content_type: str, error: type[InvalidPage], what: str
) -> None:
    with pytest.raises(error, match=what):
        parse_page(b"{}", content_type, URL)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        pytest.param("", "https://host.example/simple/widgets/", id="none"),
        pytest.param('<base href="/f/">', "https://host.example/f/", id="relative"),
        pytest.param(
            '<base href="https://files.example/a/"><base href="/b/">',
            "https://files.example/a/",
            id="the first one counts",
        ),
        pytest.param(
            "<base target=x>", "https://host.example/simple/widgets/", id="no href"
        ),
    ],
)
def test_a_base_tag_says_what_links_are_relative_to(base: str, expected: str) -> None:
    page = read_html(f'<head>{base}</head><a href="{WHEEL}">x</a>')

    assert page.base.join(page.files[0].url).text == expected + WHEEL


@pytest.mark.parametrize("base", ["ftp://x/", "file:///home/alice/", "data:x"])
def test_an_unusable_base_is_a_problem(base: str) -> None:
    page = read_html(f'<base href="{base}"><a href="{WHEEL}">x</a>')

    assert page.base == URL
    assert "base is unusable" in page.problems[0]


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        pytest.param(f'<a href="{WHEEL}">x</a>', [WHEEL], id="name from the link"),
        pytest.param(
            '<a href="a%2B1-1.0+cpu-py3-none-any.whl">x</a>',
            ["a+1-1.0+cpu-py3-none-any.whl"],
            id="percent-decoded",
        ),
        pytest.param(
            f'<a href="/download?id=5">{WHEEL}</a>', [WHEEL], id="name from the text"
        ),
        pytest.param(f'<a href="/x/{WHEEL}?token=5">x</a>', [WHEEL], id="query"),
        pytest.param(f"<A HREF='{WHEEL}'>x</A>", [WHEEL], id="upper case"),
        pytest.param(f"<a href={WHEEL} class=x>x</a>", [WHEEL], id="unquoted"),
        pytest.param(f'<a\n href = "{WHEEL}"\n>x</a>', [WHEEL], id="spaces"),
        pytest.param(f'<a href="{WHEEL}">', [WHEEL], id="never closed"),
        pytest.param(
            f'<a data-requires-python=">=3" href="{WHEEL}">', [WHEEL], id="raw >"
        ),
        pytest.param('<a href="../">up</a><a>x</a><a href="">y</a>', [], id="no file"),
        pytest.param(f'<!-- <a href="{WHEEL}">x</a> -->', [], id="comment"),
        pytest.param(f'<script>"<a href={WHEEL}>"</script>', [], id="script"),
        pytest.param(f'<article href="{WHEEL}">', [], id="another tag"),
        pytest.param(f'a < b <a href="{WHEEL}">', [WHEEL], id="stray <"),
    ],
)
def test_links_to_files_are_found(anchor: str, expected: list[str]) -> None:
    page = read_html(f"<html><body>{anchor}</body></html>")

    assert [file.filename for file in page.files] == expected


@pytest.mark.parametrize(
    ("content_type", "head", "encoding"),
    [
        pytest.param("text/html", "", "utf-8", id="UTF-8 unless told"),
        pytest.param("text/html", "", "utf-8-sig", id="byte order mark"),
        pytest.param("text/html; charset=latin-1", "", "latin-1", id="header"),
        pytest.param('text/html; charset="cp1252"', "", "cp1252", id="quoted"),
        pytest.param("text/html", '<meta charset="iso-8859-1">', "latin-1", id="meta"),
        pytest.param(
            "text/html",
            '<meta http-equiv="Content-Type" content="text/html; charset=latin-1">',
            "latin-1",
            id="meta http-equiv",
        ),
        pytest.param(
            "text/html; charset=utf-8", "<meta charset=x>", "utf-8", id="first"
        ),
    ],
)
def test_charset(content_type: str, head: str, encoding: str) -> None:
    text = f'{head}<a href="{WHEEL}" data-yanked="zurückgezogen">x</a>'

    page = parse_page(text.encode(encoding), content_type, URL)

    assert page.files[0].yanked == "zurückgezogen"
    assert page.problems == ()


@pytest.mark.parametrize("charset", ["nonsense", "ascii"])
def test_a_page_that_belies_its_charset_is_read_all_the_same(charset: str) -> None:
    page = read_html(f'ü<a href="{WHEEL}">x</a>', f"text/html; charset={charset}")

    assert len(page.files) == 1
    assert charset in page.problems[0]


@pytest.mark.parametrize(
    ("text", "is_redirected"),
    [
        pytest.param('<form><input type="password"></form>', False, id="form"),
        pytest.param('<FORM action="/login">', False, id="upper case"),
        pytest.param('<a href="/login">log in</a>', True, id="redirected"),
    ],
)
def test_a_web_page_without_files_is_suspected_to_be_a_login(
    text: str, is_redirected: bool
) -> None:
    with pytest.raises(NotAnIndexPage, match="login page"):
        read_html(text, is_redirected=is_redirected)


@pytest.mark.parametrize(
    ("text", "is_redirected"),
    [
        pytest.param("<html></html>", False, id="empty page"),
        pytest.param(f'<form></form><a href="{WHEEL}">x</a>', True, id="has files"),
        pytest.param(
            '<meta name="pypi:repository-version" content="1.0"><form>',
            True,
            id="says what it is",
        ),
    ],
)
def test_an_index_page_is_none(text: str, is_redirected: bool) -> None:
    assert read_html(text, is_redirected=is_redirected).problems == ()


def test_json_named_html_is_refused() -> None:
    with pytest.raises(NotAnIndexPage):
        read_html('{"files": []}')


@pytest.mark.parametrize(
    "unit",
    ["<a ", "<a", '<a "', "<!--", "<script ", "<a '\"", "<a x=", "<", "&", "<a href"],
)
def test_hostile_markup_takes_linear_time(unit: str) -> None:
    assert read_html(unit * 200_000).files == ()
