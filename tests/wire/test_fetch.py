"""Listings of a real server: what is asked, what is remembered, and for whom."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.auth.denial import LoginPage
from admit.auth.query import Found
from admit.auth.scheme import Credential
from admit.errors import AuthError
from admit.index.simple import ACCEPT, InvalidPage
from admit.serve.answer import Answer, Seen
from admit.serve.behaviour import PARTIAL, Behaviour, Caching, Denial, Layout
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import Secret
from admit.value import replace
from support.index import (
    ALICE,
    SECRET,
    basic,
    build_founding_world,
    founding_index,
)
from support.run import paths, run

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = normalize_name("mypackage")
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

    def test_what_a_new_login_got_is_stored_as_its_own(self, tmp_path: Path) -> None:
        bob = Credential("bob", Secret("b"), "netrc")
        alice = Credential("alice", Secret(SECRET), "netrc")
        world = build_founding_world(tmp_path / "w")
        with IndexServer(world, accounts=[ALICE, account("bob", "b", "*")]) as server:
            with run(server, tmp_path / "c", search=lambda _: Found(bob)) as it:
                it.listing()
            server.script("/simple/mypackage/", Answer(401, (), b""), times=1)
            with run(
                server,
                tmp_path / "c",
                search=lambda query: Found(alice if query.refused else bob),
            ) as it:
                it.listing()
            paths(server)
            with run(server, tmp_path / "c") as it:
                it.listing()

            assert paths(server) == [SAME]

    def test_a_new_validator_of_the_same_page_is_used_from_then_on(
        self, tmp_path: Path
    ) -> None:
        asked: list[str] = []

        def number(seen: Seen, usual: Callable[[], Answer]) -> Answer:
            asked.append(seen.asked.header("if-none-match"))
            answer = usual()
            return Answer(
                200,
                (*answer.headers, ("ETag", f'"{len(asked)}"')),
                answer.body,
            )

        plain = Behaviour(caching=Caching(None, None, etag="none"))
        with founding_index(tmp_path / "w", plain) as server:
            server.script("/simple/mypackage/", number)
            for _ in range(3):
                with run(server, tmp_path / "c") as it:
                    assert it.listing().texts == ("2020.1", "2024.1")

        assert asked == ["", '"1"', '"2"']

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

    @pytest.mark.pain("G7")
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
