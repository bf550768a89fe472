"""The frozen index of the bench: what is in it, and how it is served."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "tests" / "data" / "snapshot"
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


class Site:
    """The bench's server, asked over one connection."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        self.connection.request(method, path, headers=headers or {})
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()

    def page(self, name: str) -> dict[str, Any]:
        _, _, body = self.get(f"/snapshot/simple/{name}/", JSON)
        page: dict[str, Any] = json.loads(body)
        return page

    def counters(self) -> dict[str, Any]:
        counters: dict[str, Any] = json.loads(self.get("/__reset")[2])
        return counters


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    command = [sys.executable, "-m", "benchmark.server", "--snapshot", str(SNAPSHOT)]
    with subprocess.Popen(
        command, cwd=ROOT / "scripts", stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            word, _, text = process.stdout.readline().partition(" ")
            assert word == "ready"
            yield int(text)
        finally:
            process.terminate()


@pytest.fixture
def site(port: int) -> Iterator[Site]:
    asked = Site(port)
    asked.counters()
    yield asked
    asked.connection.close()


def newest_wheel(page: dict[str, Any], version: str) -> dict[str, Any]:
    return next(file for file in page["files"] if f"-{version}-" in file["filename"])


def test_every_version_of_the_solutions_is_there_with_its_metadata(site: Site) -> None:
    pins = {
        line.strip()
        for path in (SNAPSHOT / "sets").glob("*.solution")
        for line in path.read_text().splitlines()
    }

    missing = [pin for pin in sorted(pins) if not has_metadata(site, *pin.split("=="))]

    assert len(pins) > 100
    assert missing == []


def has_metadata(site: Site, name: str, version: str) -> bool:
    url = newest_wheel(site.page(name), version)["url"].removeprefix("../../")
    status, _, body = site.get(f"/snapshot/{url}.metadata")
    return status == 200 and f"\nVersion: {version}\n" in body.decode()


def test_links_are_relative_and_no_metadata_names_a_host(site: Site) -> None:
    page = site.page("sphinx")
    url = newest_wheel(page, "6.1.3")["url"]

    _, _, metadata = site.get(f"/snapshot/{url.removeprefix('../../')}.metadata")

    assert all(file["url"].startswith("../../") for file in page["files"])
    assert metadata.startswith(b"Metadata-Version: ")
    assert b"://" not in metadata


def test_html_and_json_list_the_same_files(site: Site) -> None:
    names = [file["filename"] for file in site.page("sphinx")["files"]]

    _, headers, body = site.get("/snapshot/simple/sphinx/", {"Accept": "text/html"})

    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert [f">{name}</a>" in body.decode() for name in names] == [True] * len(names)


def test_a_known_page_is_not_sent_again(site: Site) -> None:
    _, headers, _ = site.get("/snapshot/simple/sphinx/", JSON)

    status, _, body = site.get(
        "/snapshot/simple/sphinx/", JSON | {"If-None-Match": headers["ETag"]}
    )

    assert (status, body) == (304, b"")
    assert headers["Cache-Control"] == "max-age=600, public"


def test_a_range_is_cut_out(site: Site) -> None:
    url = newest_wheel(site.page("sphinx"), "6.1.3")["url"].removeprefix("../../")
    path = f"/snapshot/{url}.metadata"
    whole = site.get(path)[2]

    status, headers, part = site.get(path, {"Range": "bytes=-7"})

    assert (status, part) == (206, whole[-7:])
    assert headers["Content-Range"] == (
        f"bytes {len(whole) - 7}-{len(whole) - 1}/{len(whole)}"
    )


def test_requests_are_counted_by_kind_and_misses_named(site: Site) -> None:
    site.page("sphinx")
    site.get("/snapshot/simple/sphinx/", JSON, "HEAD")
    site.get("/snapshot/simple/nowhere/", JSON)

    counters = site.counters()

    assert (counters["requests"], counters["page"]) == (3, 2)
    assert counters["misses"] == ["/snapshot/simple/nowhere/"]
