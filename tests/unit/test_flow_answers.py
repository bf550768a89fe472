"""The decision: what one status means for a request, for a login, for a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.answers import Reply
from admit.auth.query import Found, Problem
from admit.auth.scope import Source
from admit.errors import AdmitError
from admit.spec.url import parse_url
from admit.value import replace
from support.dialogue import Dialogue, ask, credential, page, redirect

if TYPE_CHECKING:
    from admit.auth.query import Query
    from admit.auth.scheme import Credential
    from admit.auth.scope import Purpose
    from admit.auth.steps import Answered, Send

INDEX = "https://pypi.corp.example/simple/"
FILE = "https://pypi.corp.example/packages/widgets-1.0-py3-none-any.whl"
ALICE = credential("alice")
BOB = credential("bob", "s3cret-of-bob")
CORP = Source(parse_url(INDEX), name="corp")
PROBED = Source(parse_url(INDEX), name="corp", probe="everyone")
WHEEL = Reply(200, content_type="application/octet-stream", head=b"PK\x03\x04")


def dialogue_of(*replies: Reply, found: Found | None = None) -> Dialogue:
    """One search for every query, these replies in turn, the last one for ever."""
    left = list(replies)
    search = found if found is not None else Found(ALICE)
    return Dialogue(
        lambda query: search if query.stage == "source" else Found(),
        lambda _: left.pop(0) if len(left) > 1 else left[0],
    )


def status_of(outcome: Answered | AdmitError) -> int | str:
    return outcome.code if isinstance(outcome, AdmitError) else outcome.status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_kind_of_redirect_is_followed(status: int) -> None:
    dialogue = dialogue_of(redirect("/simple/widgets/x", status), page())

    (outcome,) = dialogue.ask(ask(CORP))

    assert status_of(outcome) == 200
    assert dialogue.urls[1:] == [INDEX + "widgets/x"]


@pytest.mark.parametrize("status", [300, 304, 305])
def test_no_other_status_is_followed(status: int) -> None:
    dialogue = dialogue_of(redirect("/elsewhere", status), page())

    dialogue.ask(ask(CORP))

    assert len(dialogue.sent) == 1


class TestTheLockoutBreaker:
    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("status", [429, 500, 501, 502, 504, 507, 520])
    def test_a_server_that_fails_opens_nothing(self, status: int) -> None:
        dialogue = dialogue_of(Reply(status), Reply(status), Reply(401))

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(3)))

        assert dialogue.most_in_flight == 1

    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("status", [200, 304])
    def test_a_page_and_a_page_that_is_not_modified_open_it(self, status: int) -> None:
        dialogue = dialogue_of(Reply(status))

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(5)))

        assert dialogue.most_in_flight == 4
        assert dialogue.ledger.is_accepted(CORP.url.origin, ALICE)

    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("purpose", ["listing", "requirements", "check"])
    def test_a_403_refuses_the_login_wherever_a_page_was_due(
        self, purpose: Purpose
    ) -> None:
        dialogue = dialogue_of(Reply(403))

        for _ in range(2):
            dialogue.ask(ask(CORP, "widgets/", purpose))

        assert len(dialogue.sent) == 1

    @pytest.mark.pain("H11")
    def test_a_pinned_file_without_the_dead_login_is_asked_for_once(self) -> None:
        dialogue = dialogue_of(Reply(401))
        dialogue.ask(ask(CORP))

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file", is_pinned=True))

        assert status_of(outcome) == "credentials-required"
        assert dialogue.users == ["alice", "-"]

    def test_where_there_is_no_default_the_anonymous_ask_once(self) -> None:
        dialogue = dialogue_of(Reply(401), found=Found())

        dialogue.ask(ask(CORP))

        assert dialogue.users == ["-"]


class TestTheRetryWithoutACredential:
    """Pain H11: it leaves out the one that was refused, and no other."""

    ELSEWHERE = "https://files.example/w.whl"

    def run(self, *accepted: str, fresh: Found | None = None) -> Dialogue:
        """A pinned file that redirects the anonymous to a host with bob's entry."""

        def search(query: Query) -> Found:
            if query.stage != "foreign":
                return Found(ALICE)
            return fresh if fresh and query.refused else Found(BOB)

        def server(send: Send) -> Reply:
            if send.url.host == "pypi.corp.example":
                return Reply(403) if send.credential else redirect(self.ELSEWHERE)
            user = send.credential.username if send.credential else "-"
            return WHEEL if user in accepted else Reply(401)

        dialogue = Dialogue(search, server)
        self.outcomes = dialogue.ask(ask(CORP, FILE, "file", is_pinned=True))
        return dialogue

    @pytest.mark.pain("H11")
    def test_is_made_once_whoever_is_refused_then(self) -> None:
        dialogue = self.run("-")

        assert dialogue.users == ["alice", "-", "bob"]
        assert [status_of(each) for each in self.outcomes] == ["credentials-rejected"]

    @pytest.mark.pain("H11")
    @pytest.mark.pain("I1")
    def test_renews_what_it_meets_elsewhere(self) -> None:
        dialogue = self.run("carol", fresh=Found(credential("carol")))

        assert dialogue.users == ["alice", "-", "bob", "-", "carol"]
        assert [status_of(each) for each in self.outcomes] == [200]


class TestNotModified:
    @pytest.mark.pain("H10")
    def test_behind_a_redirect_it_is_no_login_page(self) -> None:
        """It has a type and no body; what it stands for was looked at before."""
        html = Reply(304, content_type="text/html")
        dialogue = dialogue_of(redirect("/simple/widgets/index.html"), html)

        (outcome,) = dialogue.ask(ask(CORP))

        assert status_of(outcome) == 304
        assert dialogue.ledger.is_accepted(CORP.url.origin, ALICE)

    def test_metadata_may_be_that(self) -> None:
        dialogue = dialogue_of(Reply(304))

        (outcome,) = dialogue.ask(ask(CORP, FILE + ".metadata", "metadata"))

        assert status_of(outcome) == 304

    @pytest.mark.pain("C2")
    def test_a_page_that_location_gave_a_login_for_still_grants_it(self) -> None:
        dialogue = dialogue_of(redirect("https://:tok@mirror.example/w/"), Reply(304))

        dialogue.ask(ask(CORP))

        mirror = parse_url("https://mirror.example/").origin
        granted = dialogue.ledger.granted(CORP, mirror)
        assert granted is not None
        assert granted.secret.expose() == "tok"

    def test_a_listing_that_is_that_was_found_and_accepted(self) -> None:
        dialogue = dialogue_of(Reply(304))

        dialogue.ask(ask(CORP))

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert (standing.is_accepted, standing.found) == (True, 1)


class TestFiles:
    @pytest.mark.pain("H10")
    def test_a_range_that_is_a_page_for_people_is_a_login_page(self) -> None:
        reply = Reply(206, content_type="text/html", head=b"<p>Please log in")
        dialogue = dialogue_of(reply)

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file", is_partial=True))

        assert status_of(outcome) == "login-page"

    @pytest.mark.parametrize(("status", "is_told"), [(404, True), (410, False)])
    def test_only_a_missing_one_may_need_a_login(
        self, status: int, is_told: bool
    ) -> None:
        dialogue = dialogue_of(Reply(status), found=Found())

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file"))

        assert isinstance(outcome, AdmitError)
        assert ("admit auth login" in (outcome.fix or "")) is is_told


class TestProbe:
    @pytest.mark.parametrize("purpose", ["check", "requirements"])
    @pytest.mark.parametrize("status", [200, 404])
    def test_only_listings_wait_for_it(self, purpose: Purpose, status: int) -> None:
        dialogue = dialogue_of(Reply(status))

        dialogue.ask(ask(PROBED, "widgets/", purpose))

        assert dialogue.urls == [INDEX + "widgets/"]

    @pytest.mark.pain("I1")
    def test_a_401_of_it_says_nothing_about_the_next_login(self) -> None:
        """The credential had ended; its successor asks the probe anew."""
        first = credential("alice", "first")
        second = credential("alice", "second")
        ending = [_ending(first), _ending(first), _ending(second)]

        def search(query: Query) -> Found:
            return Found(ending.pop(0) if len(ending) > 1 else ending[0])

        def server(send: Send) -> Reply:
            is_new = send.credential == _ending(second)
            is_probe = send.url.text.endswith("/everyone/")
            return page() if is_new or not is_probe else Reply(401)

        dialogue = Dialogue(search, server)

        outcomes = [dialogue.ask(ask(PROBED, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == ["credentials-rejected", 200]


class TestCredentialsThatEnd:
    """Their provider is asked before each request: it knows when (pain I1)."""

    @pytest.mark.pain("I1")
    def test_are_replaced_before_a_request_that_would_be_refused(self) -> None:
        founds = [Found(_ending(ALICE)), Found(_ending(ALICE)), Found(BOB)]
        dialogue = Dialogue(lambda _: founds.pop(0), lambda _: page())

        for n in range(4):
            dialogue.ask(ask(CORP, f"{n}/"))

        assert dialogue.users == ["alice", "alice", "bob", "bob"]
        assert {query.refused for query in dialogue.queries} == {None}

    @pytest.mark.pain("I1")
    def test_that_stay_the_same_are_renewed_after_a_401_all_the_same(self) -> None:
        """Being asked for again, unchanged, does not make them fresh."""

        def search(query: Query) -> Found:
            return Found(BOB if query.refused else _ending(ALICE))

        answers = [Reply(404), Reply(401), page()]
        dialogue = Dialogue(search, lambda _: answers.pop(0))

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == [404, 200]
        assert dialogue.users == ["alice", "alice", "bob"]

    def test_that_the_provider_has_no_more_are_used_on(self) -> None:
        founds = [Found(_ending(ALICE)), Found()]
        dialogue = Dialogue(lambda _: founds.pop(0), lambda _: page())

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == [200, 200]
        assert dialogue.users == ["alice", "alice"]

    def test_whose_provider_fails_are_an_error(self) -> None:
        broken = Found(BOB, problem=Problem("the helper crashed"))
        founds = [Found(_ending(ALICE)), broken]
        dialogue = Dialogue(lambda _: founds.pop(0), lambda _: page())

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == [200, "credential-unusable"]
        assert dialogue.ledger.credential(CORP) == _ending(ALICE)

    def test_others_are_not_asked_for_again(self) -> None:
        dialogue = Dialogue(lambda _: Found(ALICE), lambda _: page())

        for n in range(3):
            dialogue.ask(ask(CORP, f"{n}/"))

        assert len(dialogue.queries) == 1


class TestWarningsOfGathering:
    """Whatever is asked, and whenever: what it warns of is told."""

    @pytest.mark.parametrize("found", [Found(ALICE), Found()], ids=["401", "challenge"])
    def test_are_told_after_a_refusal_too(self, found: Found) -> None:
        def search(query: Query) -> Found:
            is_first = query.stage == "source" and query.refused is None
            return found if is_first else Found(BOB, warnings=("beware",))

        dialogue = Dialogue(
            search, lambda send: page() if send.credential == BOB else Reply(401)
        )

        dialogue.ask(ask(CORP))

        assert dialogue.warnings == ["beware"]

    def test_are_told_of_a_credential_that_ends(self) -> None:
        founds = [Found(_ending(ALICE)), Found(_ending(ALICE), warnings=("beware",))]
        dialogue = Dialogue(lambda _: founds.pop(0), lambda _: page())

        for n in range(2):
            dialogue.ask(ask(CORP, f"{n}/"))

        assert dialogue.warnings == ["beware"]


@pytest.mark.pain("I1")
def test_one_foreign_file_asked_for_twice_at_once_is_renewed_once() -> None:
    is_old = {"first": True}

    def search(query: Query) -> Found:
        if query.stage == "foreign":
            return Found(BOB if query.refused else ALICE)
        return Found()

    def server(send: Send) -> Reply:
        if is_old.pop("first", False) or send.credential == BOB:
            return WHEEL
        return Reply(401)

    dialogue = Dialogue(search, server)
    file = ask(CORP, "https://files.example/w.whl", "file")
    dialogue.ask(file)

    outcomes = dialogue.ask(file, file)

    assert [status_of(each) for each in outcomes] == [200, 200]
    assert sum(query.refused is not None for query in dialogue.queries) == 1


def _ending(each: Credential) -> Credential:
    return replace(each, expires=1.0)
