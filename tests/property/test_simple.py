"""Laws of reading pages: HTML and JSON agree, and nothing a server sends surprises."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from admit.errors import AdmitError
from admit.index.anchors import read_anchors
from admit.index.choose import choose_candidates
from admit.index.listing import decode_listing
from admit.index.simple import InvalidPage, parse_file, parse_page
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import parse_url

JSON = "application/vnd.pypi.simple.v1+json"
URL = parse_url("https://host.example/simple/a/")
TARGET = Target({"python_full_version": "3.11.4"}, ("py3-none-any",))
PROJECT = normalize_name("a")

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
versions = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}((a|rc)[0-9])?", fullmatch=True)
tags = st.sampled_from(["py3-none-any", "cp311-cp311-win32", "py2.py3-none-any"])


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """File objects as a sound index would send them."""
    filename = f"a-{draw(versions)}-{draw(tags)}.whl"
    entry: dict[str, Any] = {"filename": filename, "url": f"../f/{filename}"}
    if draw(st.booleans()):
        entry["hashes"] = {"sha256": draw(digests)}
    if python := draw(texts.map(str.strip)):
        entry["requires-python"] = python
    entry["yanked"] = draw(st.booleans() | texts.filter(bool))
    entry["core-metadata"] = draw(
        st.booleans() | digests.map(lambda digest: {"sha256": digest})
    )
    return entry


def as_anchor(entry: dict[str, Any]) -> str:
    """Write a file object as PEP 503, 592 and 714 have it."""
    link = entry["url"]
    if hashes := entry.get("hashes"):
        link += f"#sha256={hashes['sha256']}"
    attributes = [f'href="{html.escape(link)}"']
    if python := entry.get("requires-python"):
        attributes.append(f'data-requires-python="{html.escape(python)}"')
    if yanked := entry["yanked"]:
        reason = yanked if isinstance(yanked, str) else ""
        attributes.append(f'data-yanked="{html.escape(reason)}"')
    metadata = entry["core-metadata"]
    if isinstance(metadata, dict):
        attributes.append(f'data-core-metadata="sha256={metadata["sha256"]}"')
    elif metadata:
        attributes.append('data-core-metadata="true"')
    return f"<a {' '.join(attributes)}>{entry['filename']}</a><br />"


class TestBothFormsSayTheSame:
    """PEP 691: "the JSON serialization is … the same information as the HTML"."""

    @given(st.lists(entries(), max_size=5))
    def test_files_are_equal(self, files: list[dict[str, Any]]) -> None:
        page = {"meta": {"api-version": "1.1"}, "name": "a", "files": files}
        anchors = "\n".join(map(as_anchor, files))
        body = f"<!DOCTYPE html><html><body>{anchors}</body></html>"

        from_json = parse_page(json.dumps(page).encode(), JSON, URL)
        from_html = parse_page(body.encode(), "text/html", URL)

        assert from_html.files == from_json.files

    @given(st.lists(entries(), max_size=8))
    def test_a_digest_loses_nothing(self, files: list[dict[str, Any]]) -> None:
        page = {"meta": {"api-version": "1.1"}, "name": "a", "files": files}
        parsed = parse_page(json.dumps(page).encode(), JSON, URL)

        listing = choose_candidates(parsed, PROJECT, TARGET, page_url=URL)
        again = decode_listing(listing.encode())

        assert again.versions == listing.versions
        assert sorted(listing.versions) == list(listing.versions)
        assert again.rejected == listing.rejected
        for index in range(len(listing)):
            assert again.candidate(index) == listing.candidate(index)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=5,
)
fields = st.sampled_from(
    ["filename", "url", "hashes", "requires-python", "yanked", "size", "core-metadata"]
)
odd_entries = st.dictionaries(fields, json_values, max_size=7)


class TestNothingSurprises:
    """A broken page is an InvalidPage, a broken file a problem: never a traceback."""

    @given(st.binary(max_size=200), st.sampled_from([JSON, "text/html", "text/x", ""]))
    def test_any_bytes(self, body: bytes, content_type: str) -> None:
        try:
            parse_page(body, content_type, URL)
        except InvalidPage as error:
            assert URL.text in error.what

    @given(st.lists(odd_entries | json_values, max_size=4), json_values)
    def test_any_json(self, files: list[Any], meta: Any) -> None:
        body = json.dumps({"meta": meta, "name": "a", "files": files}).encode()
        try:
            page = parse_page(body, JSON, URL)
        except InvalidPage:
            return

        listing = choose_candidates(page, PROJECT, TARGET, page_url=URL)

        for index in range(len(listing)):
            listing.candidate(index)
        assert all(each.reason for each in listing.rejected)

    @given(entries(), fields, json_values)
    def test_any_field(self, entry: Any, field: str, content: Any) -> None:
        entry[field] = content
        if not isinstance(entry["filename"], str) or not isinstance(entry["url"], str):
            return
        try:
            parse_file(entry)
        except AdmitError as error:
            assert isinstance(error, InvalidPage)


class Peer(HTMLParser):
    """The standard library's parser as a second reader of links."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(reversed(attrs)))


names = st.sampled_from(["href", "HREF", "data-yanked", "class", "x-1"])
contents = st.text(st.sampled_from("ab 1/.#=&;lt>é-_"), max_size=8)
attributes = st.one_of(
    st.builds('{}="{}"'.format, names, contents),
    st.builds("{}='{}'".format, names, contents),
    st.builds("{} = \n'{}'".format, names, contents),
    st.builds(
        "{}={}".format, names, st.from_regex(r"[a-z0-9./-]{1,8}", fullmatch=True)
    ),
    names,
)
elements = st.one_of(
    st.lists(attributes, max_size=3).map(lambda each: f"<a {' '.join(each)}>x</a>"),
    st.lists(attributes, max_size=3).map(lambda each: f"<A\n{' '.join(each)} >"),
    st.sampled_from(["<br/>", "text", "<!-- <a href=x> -->", "<p>", "&amp;", "<ab>"]),
)


class TestLinksAreFoundAsByThePeer:
    @given(st.lists(elements, max_size=6))
    def test_anchors_and_attributes_are_equal(self, parts: list[str]) -> None:
        text = "\n".join(parts)
        peer = Peer()
        peer.feed(text)
        peer.close()

        assert [
            attributes for attributes, _ in read_anchors(text).anchors
        ] == peer.links
