"""Files that a real server lists and refuses (pain H6): what is asked, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.denial import CredentialsRejected, CredentialsRequired
from admit.auth.query import Found, Query
from admit.auth.scheme import Credential
from admit.index.refused import FileRefused
from admit.serve.answer import Answer
from admit.serve.behaviour import DENIALS, Behaviour, Layout
from admit.serve.server import IndexServer
from admit.spec.url import Secret, parse_url
from admit.value import replace
from support.index import ALICE, SECRET
from support.run import Run, paths, run
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.pain("H6")

WHEEL = "widget-2.0-py3-none-any.whl"
PAGE = "/simple/widget/ 200"


def behaviour(*globs: str, **layout: Any) -> Behaviour:
    return Behaviour(DENIALS["401"], Layout(**layout), refused_files=globs)


def serve(folder: Path, how: Behaviour, public: tuple[str, ...] = ()) -> IndexServer:
    folder.mkdir(exist_ok=True)
    build_wheel(folder, "widget", "1.9")
    build_wheel(folder, "widget", "2.0", requires=["other"])
    return IndexServer(folder, accounts=[ALICE], public=public, behaviour=how)


@pytest.fixture
def curated(tmp_path: Path) -> Iterator[IndexServer]:
    """The wheel of 2.0 is blocked; its metadata file is not."""
    with serve(tmp_path / "w", behaviour("widget-2.0*.whl")) as server:
        yield server


def prove(it: Run) -> list[str]:
    candidate = it.newest("widget")
    assert it.index.must_prove(candidate)
    return [str(each) for each in it.index.prove(candidate).result().requires]


class TestProof:
    def test_metadata_come_from_the_file_itself(self, tmp_path: Path) -> None:
        with (
            serve(tmp_path / "w", behaviour()) as server,
            run(server, refused_files="skip") as alice,
        ):
            assert prove(alice) == ["other"]
            assert prove(alice) == ["other"]

            assert paths(server) == [PAGE, f"{WHEEL} 206"]

    def test_what_was_remembered_proves_nothing(self, tmp_path: Path) -> None:
        with serve(tmp_path / "w", behaviour()) as server:
            for _ in range(2):
                with run(server, tmp_path / "c", refused_files="skip") as alice:
                    assert prove(alice) == ["other"]

            assert paths(server)[-1] == f"{WHEEL} 206"

    def test_without_ranges_the_file_is_fetched_and_kept(self, tmp_path: Path) -> None:
        with (
            serve(tmp_path / "w", behaviour(has_ranges=False)) as server,
            run(server, refused_files="skip") as alice,
        ):
            assert prove(alice) == ["other"]
            alice.index.download(alice.newest("widget")).result()

            assert paths(server) == [PAGE, f"{WHEEL} 200"]

    def test_a_403_to_a_range_only_is_no_refusal(self, tmp_path: Path) -> None:
        with (
            serve(tmp_path / "w", behaviour()) as server,
            run(server, refused_files="skip") as alice,
        ):
            server.script("*.whl", Answer(403, (), b"no ranges"), times=1)

            assert prove(alice) == ["other"]
            assert paths(server) == [PAGE, f"{WHEEL} 403", f"{WHEEL} 200"]

    @pytest.mark.parametrize("setting", [None, "error"])
    def test_by_default_nothing_is_proved(
        self, curated: IndexServer, setting: str | None
    ) -> None:
        with run(curated, refused_files=setting) as alice:
            assert not alice.index.must_prove(alice.newest("widget"))
            assert alice.needs("widget") == ["other"]


class TestSources:
    """A source distribution is proved by its download: it has no metadata to read."""

    @pytest.mark.parametrize("globs", [(), ("widget-3.0.tar.gz",)])
    def test_it_is_refused_as_wheels_are(
        self, tmp_path: Path, globs: tuple[str, ...]
    ) -> None:
        (tmp_path / "w").mkdir()
        (tmp_path / "w" / "widget-3.0.tar.gz").write_bytes(b"packed")
        with (
            serve(tmp_path / "w", behaviour(*globs)) as server,
            run(server, refused_files="skip", name="corp") as alice,
        ):
            candidate = alice.listing("widget").with_sources().candidate(2)
            fetching = alice.index.download(candidate)

            assert candidate.is_source
            if not globs:
                assert fetching.result().size == len(b"packed")
                return
            with pytest.raises(FileRefused) as caught:
                fetching.result()
            assert caught.value.refusal.filename == "widget-3.0.tar.gz"


class TestRefusal:
    def test_it_says_which_file_and_who_asked(self, curated: IndexServer) -> None:
        with run(curated, refused_files="skip", name="corp") as alice:
            with pytest.raises(FileRefused, match="alice may not read it") as caught:
                prove(alice)

            refusal = caught.value.refusal
            assert (
                refusal.reason == "is refused by corp (403, asked as alice via netrc)"
            )
            assert (refusal.filename, str(refusal.version)) == (WHEEL, "2.0")

    def test_a_page_out_of_the_cache_is_asked_for_to_prove_the_login(
        self, curated: IndexServer, tmp_path: Path
    ) -> None:
        """Or the answer would depend on what the cache has."""
        settings: dict[str, Any] = {
            "refused_files": "skip",
            "cache_control": "max-age=600",
        }
        with run(curated, tmp_path / "c", **settings) as alice:
            alice.listing("widget")
        paths(curated)

        with run(curated, tmp_path / "c", **settings) as alice:
            with pytest.raises(FileRefused):
                prove(alice)

            assert paths(curated) == [
                *[f"{WHEEL} 403"] * 2,
                PAGE,
                *[f"{WHEEL} 403"] * 2,
            ]

    def test_nobody_is_not_refused_a_file_but_asked_for_a_login(
        self, tmp_path: Path
    ) -> None:
        how = behaviour("widget-2.0*.whl")
        with (
            serve(tmp_path / "w", how, public=("*",)) as server,
            run(server, user=None, refused_files="skip") as nobody,
            pytest.raises(CredentialsRequired, match="no access without a login"),
        ):
            prove(nobody)

    @pytest.mark.parametrize("status", [401, 404, 410])
    def test_another_status_is_the_error_that_it_was(
        self, tmp_path: Path, status: int
    ) -> None:
        with (
            serve(tmp_path / "w", behaviour()) as server,
            run(server, refused_files="skip") as alice,
        ):
            server.script("*.whl", Answer(status, (), b"no"))

            with pytest.raises(Exception, match=str(status)) as caught:
                prove(alice)
            assert not isinstance(caught.value, FileRefused)

    def test_the_login_of_another_host_is_not_the_indexs_own(
        self, tmp_path: Path
    ) -> None:
        """It was never accepted there: it may be wrong."""
        alice = Credential("alice", Secret(SECRET), "netrc")
        bob = Credential("bob", Secret("other"), "netrc", is_ambient=True)

        def search(query: Query) -> Found:
            return Found(bob if query.stage == "foreign" else alice)

        with (
            serve(tmp_path / "w", behaviour()) as server,
            run(server, refused_files="skip", search=search) as it,
        ):
            server.script("*.whl", Answer(403, (), b"no"))
            here = it.newest("widget")
            there = parse_url(here.url.text.replace("127.0.0.1", "localhost"))

            with pytest.raises(CredentialsRejected, match="denied to bob"):
                it.index.prove(replace(here, url=there)).result()
