"""The embedded index as the products it plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.index.simple import parse_page
from admit.serve.behaviour import LIKE
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from admit.spec.url import parse_url
from support.index import ALICE, basic, build_founding_world, fetch, founding_index

if TYPE_CHECKING:
    from pathlib import Path


def links_of(server: IndexServer, project: str) -> list[str]:
    """The files of a project as `ALICE` finds them, as whole URLs."""
    page = fetch(server, f"/simple/{project}/", basic())
    url = parse_url(f"{server.url}{project}/")
    files = parse_page(page.body, page.headers["Content-Type"], url).files
    return [url.join(each.url).text.partition("#")[0] for each in files]


class TestLike:
    """What products are reported to answer (tested here: that we play it so)."""

    @pytest.mark.parametrize(
        ("name", "listing", "file"),
        [
            pytest.param("artifactory", (404, 401, 403), 500, id="artifactory"),
            pytest.param("artifactory-private", (401, 401, 404), 401, id="private"),
            pytest.param("azure", (401, 401, 401), 401, id="azure"),
            pytest.param("codeartifact", (401, 404, 403), 401, id="codeartifact"),
            pytest.param("devpi", (200, 403, 200), 403, id="devpi"),
            pytest.param("gar", (403, 401, 403), 403, id="gar"),
            pytest.param("gitlab", (401, 401, 404), 401, id="gitlab"),
            pytest.param("nexus", (401, 401, 403), 401, id="nexus"),
            pytest.param("pulp", (200, 403, 200), 403, id="pulp"),
            pytest.param("pypiserver", (401, 403, 403), 401, id="pypiserver"),
        ],
    )
    def test_a_product_refuses_in_its_way(
        self, tmp_path: Path, name: str, listing: tuple[int, int, int], file: int
    ) -> None:
        folder = build_founding_world(tmp_path)
        accounts = [ALICE, account("bob", "b", "mypackage")]
        path = "/simple/mydependency/"

        with IndexServer(folder, accounts=accounts, behaviour=LIKE[name]) as server:
            statuses = (
                fetch(server, path).status,
                fetch(server, path, basic("bob", "x")).status,
                fetch(server, path, basic("bob", "b")).status,
            )
            link = links_of(server, "mydependency")[0]
            refused = fetch(server, link).status

        assert statuses == listing
        assert refused == file

    def test_gar_redirects_files_by_a_relative_location(self, tmp_path: Path) -> None:
        with founding_index(tmp_path, LIKE["gar"]) as server:
            answer = fetch(server, links_of(server, "mypackage")[0], basic())

        location = "mypackage-2020.1-py3-none-any.whl?alt=media"
        assert (answer.status, answer.headers["Location"]) == (302, location)

    def test_azure_knows_no_head(self, tmp_path: Path) -> None:
        with founding_index(tmp_path, LIKE["azure"]) as server:
            assert fetch(server, "/simple/", basic(), method="HEAD").status == 405

    def test_gitlab_takes_any_name_before_the_token(self, tmp_path: Path) -> None:
        with founding_index(tmp_path, LIKE["gitlab"]) as server:
            assert fetch(server, "/simple/mypackage/", basic("x")).status == 200

    @pytest.mark.parametrize("name", sorted(LIKE))
    def test_every_layout_leads_from_page_to_file(
        self, tmp_path: Path, name: str
    ) -> None:
        with founding_index(tmp_path, LIKE[name]) as server:
            answer = fetch(server, links_of(server, "mypackage")[-1], basic())
            if answer.status == 302:
                url = parse_url(links_of(server, "mypackage")[-1])
                target = url.join(answer.headers["Location"]).text
                login = basic() if target.startswith(server.origin) else {}
                answer = fetch(server, target, login)

        wheel = tmp_path / "mypackage-2024.1-py3-none-any.whl"
        assert (answer.status, answer.body) == (200, wheel.read_bytes())
