"""Listings, metadata and wheels of a real server: what is asked, what is remembered."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.denial import LoginPage
from admit.auth.query import Found, Query
from admit.auth.scheme import Credential
from admit.auth.scope import Source
from admit.cache.store import Cache
from admit.errors import AuthError, NetworkError
from admit.index.fetch import Absent, Index
from admit.index.files import HashMismatch, MetadataMismatch, UnreadableWheel
from admit.index.listing import Candidate, Listing
from admit.index.simple import ACCEPT, InvalidPage
from admit.net.client import Client, ClientOptions, RequestLine
from admit.net.transport import TransportOptions, open_transport
from admit.serve.answer import Answer
from admit.serve.behaviour import PARTIAL, Behaviour, Caching, Denial, Layout
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import Secret, parse_url
from admit.value import replace
from support.index import (
    ALICE,
    SECRET,
    basic,
    build_founding_world,
    founding_index,
)
from support.wheel import build_wheel, wheel_members, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = normalize_name("mypackage")
TARGET = Target({"python_full_version": "3.11.4"}, ("py3-none-any",))
BARE = replace(PARTIAL, layout=Layout(has_metadata=False))
"""A server as many mirrors are: no metadata files."""


class Told:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[RequestLine] = []
        self.warnings: list[str] = []

    def request_line(self, line: RequestLine) -> None:
        self.lines.append(line)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Run:
    """What one command would have: client, cache and one index."""

    def __init__(self, index: Index, cache: Cache, told: Told) -> None:
        self.index = index
        self.cache = cache
        self.told = told

    def listing(self, name: str = "mypackage") -> Listing:
        answer = self.index.listing(normalize_name(name)).result()
        assert isinstance(answer, Listing)
        return answer

    def absent(self, name: str) -> Absent:
        answer = self.index.listing(normalize_name(name)).result()
        assert isinstance(answer, Absent)
        return answer

    def newest(self, name: str = "mypackage") -> Candidate:
        listing = self.listing(name)
        return listing.candidate(len(listing) - 1)

    def needs(self, name: str = "mypackage") -> list[str]:
        metadata = self.index.metadata(self.newest(name)).result()
        return [str(each) for each in metadata.requires]


@contextmanager
def run(
    server: IndexServer,
    root: Path | None = None,
    *,
    user: str | None = "alice",
    secret: str = SECRET,
    refresh: bool = False,
    target: Target = TARGET,
    search: Callable[[Query], Found] | None = None,
    **settings: Any,
) -> Iterator[Run]:
    told = Told()
    cache = Cache(str(root) if root else None, told.warning, refresh=refresh)
    credential = Credential(user, Secret(secret), "netrc") if user else None
    source = Source(parse_url(server.url), **settings)
    client = Client(
        open_transport(TransportOptions()),
        search or (lambda _: Found(credential)),
        told,
        options=ClientOptions(
            cache.identity_key(), public=(source,) if source.is_public else ()
        ),
    )
    try:
        yield Run(Index(source, client, cache, target, told), cache, told)
    finally:
        client.close()
        cache.close()


def paths(server: IndexServer) -> list[str]:
    """The requests since the last call, as "METHOD kind of path status"."""
    taken = [
        f"{each.path.rpartition('/')[2] or each.path} {each.status}"
        for each in server.requests
    ]
    server.requests.clear()
    return taken


PAGE = "/simple/mypackage/ 200"
SAME = "/simple/mypackage/ 304"


class TestListings:
    def test_everybody_gets_the_listing_of_their_own(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server:
            with run(server, user=None) as stranger:
                assert stranger.listing().texts == ("2020.1",)
                assert stranger.listing().seen == (
                    f"on {server.url} (asked anonymously)"
                )
            with run(server) as alice:
                assert alice.listing().texts == ("2020.1", "2024.1")
                assert alice.listing().seen == (
                    f"on {server.url} (asked as alice via netrc)"
                )

    def test_html_will_do(self, tmp_path: Path) -> None:
        html = replace(PARTIAL, layout=Layout(has_json=False, links="relative"))
        with founding_index(tmp_path / "w", html) as server, run(server) as alice:
            assert alice.listing().texts == ("2020.1", "2024.1")
            assert alice.needs() == ["mydependency>=1"]

    def test_a_project_is_asked_for_once_in_a_run(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            assert alice.index.listing(PACKAGE) is alice.index.listing(PACKAGE)
            alice.listing()

            assert paths(server) == [PAGE]

    def test_what_is_not_there_says_who_asked(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server, name="corp") as it:
            absent = it.absent("nothing")

        assert absent.status == 404
        assert absent.reason == "was not found on corp (asked as alice via netrc)"

    def test_a_denial_is_an_error_of_the_future(self, tmp_path: Path) -> None:
        deny = Behaviour(denial=Denial(401, 403, 401))
        with (
            founding_index(tmp_path / "w", deny) as server,
            run(server, secret="wrong") as alice,
        ):
            future = alice.index.listing(PACKAGE)

            with pytest.raises(AuthError):
                future.result()

    def test_a_credential_that_is_missing_is_an_error_of_the_future(
        self, tmp_path: Path
    ) -> None:
        with (
            founding_index(tmp_path / "w") as server,
            run(server, user=None, policy="always") as it,
        ):
            future = it.index.listing(PACKAGE)

            with pytest.raises(AuthError):
                future.result()
            assert server.requests == []

    def test_the_page_of_another_project_is_refused(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script(
                "/simple/mypackage/",
                Answer(
                    200,
                    (("Content-Type", ACCEPT.partition(",")[0]),),
                    b'{"meta": {"api-version": "1.0"}, "name": "other", "files": []}',
                ),
            )

            with pytest.raises(InvalidPage, match="page of 'other'"):
                alice.listing()

    def test_a_login_page_is_an_error(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script(
                "/simple/mypackage/",
                Answer(200, (("Content-Type", "text/html"),), b"<form>log in</form>"),
            )

            with pytest.raises(LoginPage):
                alice.listing()

    def test_problems_of_pages_are_told_once(self, tmp_path: Path) -> None:
        body = b'{"meta": {"api-version": "1.9"}, "name": "%b", "files": []}'
        with founding_index(tmp_path / "w") as server, run(server, name="corp") as it:
            for name in (b"a", b"b"):
                server.script(
                    f"/simple/{name.decode()}/",
                    Answer(
                        200,
                        (("Content-Type", ACCEPT.partition(",")[0]),),
                        body % name,
                    ),
                )
            it.listing("a")
            it.listing("b")

        assert len(it.told.warnings) == 1
        assert it.told.warnings[0].startswith("corp, page of a: ")


class TestRememberedListings:
    def test_a_listing_is_confirmed_in_every_run(self, tmp_path: Path) -> None:
        long = Behaviour(caching=Caching("max-age=600"))
        with founding_index(tmp_path / "w", long) as server:
            for expected in (PAGE, SAME, SAME):
                with run(server, tmp_path / "c") as alice:
                    assert alice.listing().texts == ("2020.1", "2024.1")
                    assert paths(server) == [expected]

    def test_a_grant_and_its_end_are_seen_by_the_next_run(self, tmp_path: Path) -> None:
        long = Behaviour(caching=Caching("max-age=600", etag="project"))
        with founding_index(tmp_path / "w", long) as server:
            with run(server, tmp_path / "c", user=None) as it:
                assert it.listing().texts == ("2020.1",)
            server.grant(None, "mypackage")
            with run(server, tmp_path / "c", user=None) as it:
                assert it.listing().texts == ("2020.1", "2024.1")
            server.revoke(None, "mypackage")
            with run(server, tmp_path / "c", user=None) as it:
                assert it.listing().texts == ("2020.1",)

    def test_identities_share_neither_listings_nor_validators(
        self, tmp_path: Path
    ) -> None:
        shared = Behaviour(caching=Caching("max-age=600", None, etag="project"))
        with founding_index(tmp_path / "w", shared) as server:
            with run(server, tmp_path / "c", user=None) as it:
                assert it.listing().texts == ("2020.1",)
            with run(server, tmp_path / "c") as it:
                assert it.listing().texts == ("2020.1", "2024.1")
            with run(server, tmp_path / "c", user=None) as it:
                assert it.listing().texts == ("2020.1",)
            assert paths(server) == [PAGE, PAGE, SAME]

    def test_a_public_source_is_believed_for_as_long_as_it_says(
        self, tmp_path: Path
    ) -> None:
        long = Behaviour(caching=Caching("max-age=600"))
        with founding_index(tmp_path / "w", long) as server:
            for expected, origin in (([PAGE], "network"), ([], "cache")):
                with run(server, tmp_path / "c", user=None, is_public=True) as it:
                    assert it.listing().texts == ("2020.1",)
                    assert paths(server) == expected
                    assert [line.origin for line in it.told.lines] == [origin]

    def test_the_users_own_rule_relaxes_it(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server:
            for expected in ([PAGE], []):
                with run(server, tmp_path / "c", cache_control="max-age=600") as it:
                    it.listing()
                    assert paths(server) == expected
            with run(
                server, tmp_path / "c", cache_control="max-age=600", refresh=True
            ) as it:
                it.listing()
                assert paths(server) == [SAME]

    def test_a_server_without_validators_is_asked_and_not_parsed_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = Behaviour(caching=Caching(None, None, etag="none"))
        with founding_index(tmp_path / "w", plain) as server:
            with run(server, tmp_path / "c") as alice:
                alice.listing()
            monkeypatch.setattr("admit.index.simple.parse_page", None)
            with run(server, tmp_path / "c") as alice:
                assert alice.listing().texts == ("2020.1", "2024.1")
            assert paths(server) == [PAGE, PAGE]

    def test_another_target_makes_a_digest_of_the_same_page(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w") as server:
            with run(server, tmp_path / "c") as alice:
                alice.listing()
            other = Target({"python_full_version": "3.11.4"})
            with run(server, tmp_path / "c", target=other) as alice:
                assert alice.listing().texts == ()
                assert alice.listing().summary.startswith("has no wheel for this")
            assert paths(server) == [PAGE, SAME]

    def test_a_server_that_says_304_to_everything_is_an_error(
        self, tmp_path: Path
    ) -> None:
        with founding_index(tmp_path / "w") as server, run(server) as alice:
            server.script("/simple/mypackage/", Answer(304, (), b""))

            with pytest.raises(InvalidPage, match="status 304"):
                alice.listing()

    def test_validators_do_not_follow_a_login_that_changes_in_mid_run(
        self, tmp_path: Path
    ) -> None:
        tags = Behaviour(caching=Caching(None, None, etag="project"))
        bob = Credential("bob", Secret("b"), "netrc")
        alice = Credential("alice", Secret(SECRET), "netrc")
        world = build_founding_world(tmp_path / "w")
        accounts = [ALICE, account("bob", "b", "mypackage==2020.*")]
        with IndexServer(world, accounts=accounts, behaviour=tags) as server:
            with run(server, tmp_path / "c", search=lambda _: Found(bob)) as it:
                assert it.listing().texts == ("2020.1",)
            server.script("/simple/mypackage/", Answer(401, (), b""), times=1)
            with run(
                server,
                tmp_path / "c",
                search=lambda query: Found(alice if query.refused else bob),
            ) as it:
                assert it.listing().texts == ("2020.1", "2024.1")
            refused = "/simple/mypackage/ 401"
            assert paths(server) == [PAGE, refused, SAME, PAGE]

    @pytest.mark.parametrize(
        "link",
        [
            "https://bob:hush@host.example/mypackage-1-py3-none-any.whl",
            "https://host.example/mypackage-1-py3-none-any.whl?X-Amz-Signature=hush",
        ],
    )
    def test_a_page_with_secrets_in_its_links_is_not_stored(
        self, tmp_path: Path, link: str
    ) -> None:
        with founding_index(tmp_path / "w") as server:
            page = Answer(
                200,
                (("Content-Type", "text/html"),),
                f'<a href="{link}">mypackage-1-py3-none-any.whl</a>'.encode(),
            )
            server.script("/simple/mypackage/", page)
            with run(server, tmp_path / "c") as alice:
                assert alice.listing().texts == ("1",)

        stored = [each for each in (tmp_path / "c").rglob("*") if each.is_file()]
        assert not any(b"hush" in each.read_bytes() for each in stored)

    def test_no_store_is_obeyed(self, tmp_path: Path) -> None:
        private = Behaviour(caching=Caching("no-store"))
        with founding_index(tmp_path / "w", private) as server:
            for _ in range(2):
                with run(server, tmp_path / "c", cache_control="max-age=60") as alice:
                    alice.listing()
            assert paths(server) == [PAGE, PAGE]

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_refusals_are_never_stored(self, tmp_path: Path, status: int) -> None:
        with (
            founding_index(tmp_path / "w") as server,
            run(server, tmp_path / "c") as it,
        ):
            before = set((tmp_path / "c").rglob("*"))
            server.script("/simple/mypackage/", Answer(status, (), b"no"))
            with contextlib.suppress(AuthError):
                it.index.listing(PACKAGE).result()

            assert before
            assert set((tmp_path / "c").rglob("*")) == before

    def test_without_a_cache_nothing_is_left(self, tmp_path: Path) -> None:
        with founding_index(tmp_path / "w") as server:
            with run(server) as alice:
                alice.needs()
                place = Path(alice.index.download(alice.newest()).result().path)
                assert place.exists()
            assert not place.exists()
            with run(server) as alice:
                alice.listing()

            assert paths(server)[-1] == PAGE

    def test_no_secret_is_stored(self, tmp_path: Path) -> None:
        with (
            founding_index(tmp_path / "w") as server,
            run(server, tmp_path / "c") as it,
        ):
            it.needs()
            it.index.download(it.newest()).result()

        content = b"".join(
            each.read_bytes() for each in (tmp_path / "c").rglob("*") if each.is_file()
        )
        assert content
        for secret in (SECRET.encode(), basic()["Authorization"].encode()):
            assert secret not in content


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
