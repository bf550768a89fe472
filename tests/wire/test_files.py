"""Metadata and wheels of a real server: what is asked, what is remembered."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from typing import TYPE_CHECKING

import pytest

from admit.auth.denial import LoginPage
from admit.errors import AuthError, NetworkError
from admit.index.files import HashMismatch, MetadataMismatch, UnreadableWheel
from admit.serve.answer import Answer
from admit.serve.behaviour import PARTIAL, Behaviour, Layout
from admit.serve.server import IndexServer
from admit.value import replace
from support.index import (
    founding_index,
)
from support.run import paths, run
from support.wheel import build_wheel, wheel_members, write_archive

if TYPE_CHECKING:
    from pathlib import Path

BARE = replace(PARTIAL, layout=Layout(has_metadata=False))
"""A server as many mirrors are: no metadata files."""
PAGE = "/simple/mypackage/ 200"
WHEEL = "mypackage-2024.1-py3-none-any.whl"


def big_wheel(folder: Path, *, metadata_at: str = "end", members: int = 1) -> Path:
    """A wheel of which METADATA or the directory lie outside the last bytes."""
    folder.mkdir()
    noise = {
        f"mypackage/{number:05}.bin": os.urandom(200_000 // members)
        for number in range(members)
    }
    path = build_wheel(
        folder, "mypackage", "2024.1", files=noise, requires=["mydependency>=1"]
    )
    if metadata_at == "start":
        all_members = wheel_members(
            "mypackage", "2024.1", files=noise, requires=["mydependency>=1"]
        )
        first = {k: v for k, v in all_members.items() if k.endswith("METADATA")}
        write_archive(path, first | all_members)
    return path


class TestMetadata:
    def test_the_metadata_file_comes_first(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            assert alice.needs() == ["mydependency>=1"]
            assert paths(server) == [PAGE, f"{WHEEL}.metadata 200"]

    def test_equal_questions_share_one_answer(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            assert alice.needs() == alice.needs()
            assert len(paths(server)) == 2

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 416])
    def test_a_refused_metadata_file_leads_to_the_wheel(
        self, tmp_path: Path, status: int
    ) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script("*.metadata", Answer(status, (), b"no"))

            assert alice.needs() == ["mydependency>=1"]
            assert paths(server)[1:] == [f"{WHEEL}.metadata {status}", f"{WHEEL} 206"]

    def test_a_metadata_file_that_fails_its_hash_is_an_error(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script("*.metadata", Answer(200, (), b"Name: evil\n"))

            with pytest.raises(HashMismatch, match="not the file that"):
                alice.needs()

    def test_the_end_of_the_wheel_will_do(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w", BARE) as server, run(server) as alice:
            assert alice.needs() == ["mydependency>=1"]
            assert paths(server) == [PAGE, f"{WHEEL} 206"]

    @pytest.mark.parametrize(
        ("metadata_at", "members", "requests"),
        [
            pytest.param("end", 1, 1, id="all in the tail"),
            pytest.param("end", 1000, 2, id="a large directory"),
            pytest.param("start", 1, 2, id="METADATA first"),
        ],
    )
    def test_as_few_parts_as_can_be_are_fetched(
        self, tmp_path: Path, metadata_at: str, members: int, requests: int
    ) -> None:
        big_wheel(tmp_path / "w", metadata_at=metadata_at, members=members)
        with IndexServer(tmp_path / "w", public=["*"], behaviour=BARE) as server:
            with run(server, user=None) as it:
                assert it.needs() == ["mydependency>=1"]

            assert paths(server) == [PAGE, *[f"{WHEEL} 206"] * requests]

    def test_a_server_without_ranges_sends_the_wheel_which_is_kept(
        self, tmp_path: Path
    ) -> None:
        plain = Behaviour(layout=Layout(has_metadata=False, has_ranges=False))
        big_wheel(tmp_path / "w")
        with IndexServer(tmp_path / "w", public=["*"], behaviour=plain) as server:
            with run(server, user=None) as it:
                assert it.needs() == ["mydependency>=1"]
                done = it.index.download(it.newest()).result()

            assert done.path.endswith(f"/{WHEEL}")
            assert paths(server) == [PAGE, f"{WHEEL} 200"]

    @pytest.mark.parametrize("status", [400, 403, 404, 405, 416])
    def test_a_refused_range_leads_to_a_plain_request(
        self, tmp_path: Path, status: int
    ) -> None:
        with founding_index(tmp_path / "w", BARE) as server, run(server) as alice:
            server.script("*.whl", Answer(status, (), b"no"), times=1)

            assert alice.needs() == ["mydependency>=1"]
            assert paths(server)[1:] == [f"{WHEEL} {status}", f"{WHEEL} 200"]

    @pytest.mark.parametrize(("status", "following"), [(404, 206), (405, 200)])
    def test_a_refused_range_of_one_file_is_no_fact_about_others(
        self, tmp_path: Path, status: int, following: int
    ) -> None:
        with founding_index(tmp_path / "w", BARE) as server, run(server) as alice:
            server.script("*.whl", Answer(status, (), b"no"), times=1)
            alice.needs()
            alice.needs("mydependency")

            assert paths(server)[-1] == (
                f"mydependency-1.4-py3-none-any.whl {following}"
            )

    @pytest.mark.parametrize(
        "place",
        ["", "bytes 0-3/99", "bytes 5-2/9", "lines 1-2/3", "bytes */5", "bytes x-y/z"],
    )
    def test_a_part_that_is_not_the_one_asked_for_is_not_used(
        self, tmp_path: Path, place: str
    ) -> None:
        with founding_index(tmp_path / "w", BARE) as server, run(server) as alice:
            headers = (("Content-Range", place),) if place else ()
            server.script("*.whl", Answer(206, headers, b"PK"), times=1)

            assert alice.needs() == ["mydependency>=1"]

    def test_metadata_of_another_release_is_refused(self, tmp_path: Path) -> None:
        members = wheel_members("mypackage", "2023")
        members = {
            key.replace("-2023.", "-2024.1."): content
            for key, content in members.items()
        }
        (tmp_path / "w").mkdir()
        write_archive(tmp_path / "w" / WHEEL, members)
        with (
            IndexServer(tmp_path / "w", public=["*"], behaviour=BARE) as server,
            run(server, user=None) as it,
            pytest.raises(MetadataMismatch, match="another release"),
        ):
            it.needs()

    def test_a_wheel_without_metadata_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "w").mkdir()
        write_archive(tmp_path / "w" / WHEEL, {"mypackage.py": b""})
        with (
            IndexServer(tmp_path / "w", public=["*"], behaviour=BARE) as server,
            run(server, user=None) as it,
            pytest.raises(UnreadableWheel, match="cannot read the metadata"),
        ):
            it.needs()

    @pytest.mark.parametrize("behaviour", [PARTIAL, BARE], ids=["file", "range"])
    def test_metadata_is_remembered(self, tmp_path: Path, behaviour: Behaviour) -> None:
        with founding_index(tmp_path / "w", behaviour) as server:
            for expected in (2, 1):
                with run(server, tmp_path / "c") as alice:
                    assert alice.needs() == ["mydependency>=1"]
                    assert len(paths(server)) == expected

    def test_metadata_got_by_range_is_not_shared_between_identities(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w", BARE) as server:
            server.grant(None, "*")
            for user in ("alice", None):
                with run(server, tmp_path / "c", user=user) as it:
                    it.needs()
                    assert len(paths(server)) == 2

    def test_metadata_whose_hash_the_page_states_is_shared(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w") as server:
            server.grant(None, "*")
            for user, expected in (("alice", 2), (None, 1)):
                with run(server, tmp_path / "c", user=user) as it:
                    it.needs()
                    assert len(paths(server)) == expected

    def test_a_weak_hash_is_none(self, tmp_path: Path) -> None:
        """What has the same MD5 need not be the same file."""
        page = f'<a href="/packages/mypackage/2024.1/{WHEEL}#md5={"0" * 32}">x</a>'
        with founding_index(tmp_path / "w", BARE) as server:
            server.script(
                "/simple/mypackage/",
                Answer(200, (("Content-Type", "text/html"),), page.encode()),
            )
            for _ in range(2):
                with run(server, tmp_path / "c") as alice:
                    alice.needs()
                    assert len(paths(server)) == 2

    def test_a_file_without_a_hash_is_not_remembered(self, tmp_path: Path) -> None:
        bare = Behaviour(layout=Layout(has_metadata=False, has_hashes=False))
        with founding_index(tmp_path / "w", bare) as server:
            for _ in range(2):
                with run(server, tmp_path / "c") as alice:
                    alice.needs()
                    assert len(paths(server)) == 2


class TestDownloads:
    def test_a_file_arrives_and_is_verified(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            steps: list[tuple[int, int]] = []
            sink = tmp_path / WHEEL
            done = alice.index.download(
                alice.newest(), str(sink), lambda *step: steps.append(step)
            ).result()

        content = (tmp_path / "w" / WHEEL).read_bytes()
        assert sink.read_bytes() == content
        assert done.path == str(sink)
        assert done.size == len(content)
        assert done.sha256 == hashlib.sha256(content).hexdigest()
        assert steps[-1][0] == len(content)

    def test_a_file_that_fails_its_hash_is_an_error_and_is_removed(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script("*.whl", Answer(200, (), b"PK\x03\x04 evil"))
            sink = tmp_path / WHEEL

            with pytest.raises(HashMismatch) as caught:
                alice.index.download(alice.newest(), str(sink)).result()

        assert "expected sha256" in (caught.value.why or "")
        assert not sink.exists()

    def test_a_login_page_in_place_of_a_file_is_an_error(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script(
                "*.whl", Answer(200, (("Content-Type", "text/html"),), b"<html>log in")
            )

            with pytest.raises(LoginPage):
                alice.index.download(alice.newest()).result()

    def test_a_missing_file_is_an_error(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script("*.whl", Answer(404, (), b""))

            with pytest.raises((AuthError, NetworkError)):
                alice.index.download(alice.newest()).result()

    @pytest.mark.parametrize("behaviour", [PARTIAL, BARE], ids=["file", "range"])
    def test_a_cache_that_cannot_take_it_is_left_aside(
        self, tmp_path: Path, behaviour: Behaviour
    ) -> None:
        with (
            founding_index(tmp_path / "w", behaviour) as server,
            run(server, tmp_path / "c") as it,
        ):
            candidate = it.newest()
            metadata = it.index.metadata(candidate)
            wheels = [
                it.index.download(it.listing().candidate(index)) for index in range(2)
            ]
            shutil.rmtree(tmp_path / "c" / "partial")
            (tmp_path / "c" / "partial").write_bytes(b"no folder")

            assert len(metadata.result().requires) == 1
            for wheel in wheels:
                assert zipfile.is_zipfile(wheel.result().path)
            assert len(it.told.warnings) == 1
            assert "going on without it" in it.told.warnings[0]
