"""The decision: every row of rule R6, the breaker, refreshing, redirects."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.answers import Reply, is_html_for_people, is_login_listing, patience
from admit.auth.denial import CredentialsRejected
from admit.auth.ledger import Ledger
from admit.auth.query import Attempt, Found, Problem
from admit.auth.scope import Source
from admit.auth.steps import Answered
from admit.errors import AdmitError, NetworkError
from admit.net.transport import ConnectFailed, SinkFailed, TlsFailed
from admit.spec.url import Origin, parse_url
from admit.value import replace
from support.dialogue import Dialogue, ask, credential, page, redirect

if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.query import Query
    from admit.auth.steps import Ask, Send

INDEX = "https://pypi.corp.example/simple/"
ORIGIN = "https://pypi.corp.example"
FILE = "https://pypi.corp.example/packages/widgets-1.0-py3-none-any.whl"
ELSEWHERE = "https://files.example/widgets-1.0-py3-none-any.whl"
ALICE = credential("alice")
BOB = credential("bob", "s3cret-of-bob")
NOTHING = Found(tried=(Attempt("netrc", "no entry"), Attempt("keyring", "off")))
WHEEL = Reply(200, content_type="application/octet-stream", head=b"PK\x03\x04")


def source(url: str = INDEX, **fields: object) -> Source:
    return Source(parse_url(url), **fields)  # type: ignore[arg-type]  # a short hand


CORP = source(name="corp")


def finding(*founds: Found) -> Callable[[Query], Found]:
    """A search that gives these answers in turn for the source, nothing elsewhere."""
    answers = list(founds)

    def search(query: Query) -> Found:
        if query.stage == "foreign":
            return Found()
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return search


def replying(*replies: Reply | AdmitError) -> Callable[[Send], Reply | AdmitError]:
    """A server that gives these replies in turn, the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def run(
    *replies: Reply | AdmitError,
    found: Found | None = None,
    request: Ask | None = None,
) -> tuple[Answered | AdmitError, Dialogue]:
    """One request with alice's credential against these replies."""
    search = finding(found if found is not None else Found(ALICE, NOTHING.tried))
    dialogue = Dialogue(search, replying(*replies))
    (outcome,) = dialogue.ask(request if request is not None else ask(CORP))
    return outcome, dialogue


def status_of(outcome: Answered | AdmitError) -> int | str:
    return outcome.code if isinstance(outcome, AdmitError) else outcome.status


class TestGathering:
    @pytest.mark.pain("A1")
    def test_the_first_byte_carries_the_credential(self) -> None:
        outcome, dialogue = run(page())

        assert (status_of(outcome), dialogue.users) == (200, ["alice"])

    def test_nothing_found_goes_anonymous_under_auto(self) -> None:
        outcome, dialogue = run(page(), found=NOTHING)

        assert (status_of(outcome), dialogue.users) == (200, ["-"])

    def test_it_happens_once_a_source(self) -> None:
        dialogue = Dialogue(finding(Found(ALICE)), replying(page()))

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(5)))

        assert [query.stage for query in dialogue.queries] == ["source"]

    @pytest.mark.pain("A2")
    def test_always_fails_before_the_network(self) -> None:
        request = ask(source(name="corp", policy="always"))

        outcome, dialogue = run(page(), found=NOTHING, request=request)

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "credentials-required"
        assert outcome.what.startswith(f"no credential for index corp ({INDEX})")
        assert outcome.why == (
            "nothing was sent\nlooked in\n  netrc    no entry\n  keyring  off"
        )
        assert "ADMIT_INDEX_CORP_PASSWORD" in (outcome.fix or "")
        assert dialogue.sent == []

    @pytest.mark.parametrize("policy", ["auto", "always"])
    def test_a_problem_is_an_error_before_the_network(self, policy: str) -> None:
        found = Found(problem=Problem("it is broken", "mend it"))
        request = ask(source(policy=policy))

        outcome, dialogue = run(page(), found=found, request=request)

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "credential-unusable"
        assert outcome.what == f"cannot authenticate to {INDEX}: it is broken"
        assert outcome.fix == "mend it"
        assert dialogue.sent == []

    def test_its_warnings_are_told(self) -> None:
        _, dialogue = run(page(), found=Found(warnings=("beware",)))

        assert dialogue.warnings == ["beware"]

    @pytest.mark.pain("A9")
    def test_external_sends_none_and_says_so_of_a_credential_in_the_url(self) -> None:
        request = ask(
            source("https://a:b@pypi.corp.example/simple/", policy="external")
        )

        outcome, dialogue = run(page(), found=Found(), request=request)

        assert (status_of(outcome), dialogue.users) == (200, ["-"])
        assert len(dialogue.warnings) == 1
        _, quiet = run(page(), found=Found(), request=ask(source(policy="external")))
        _, usual = run(page(), request=ask(source("https://a:b@pypi.corp.example/")))
        assert (quiet.warnings, usual.warnings) == ([], [])


class TestListings:
    @pytest.mark.parametrize("found", [Found(ALICE), NOTHING], ids=["as alice", "anon"])
    @pytest.mark.parametrize("status", [200, 304, 404])
    def test_answers_that_are_kept(self, status: int, found: Found) -> None:
        outcome, _ = run(Reply(status), found=found)

        assert isinstance(outcome, Answered)
        assert outcome.status == status
        assert outcome.credential == found.credential

    @pytest.mark.pain("H1")
    @pytest.mark.pain("H4")
    @pytest.mark.parametrize(
        ("status", "phrase"),
        [
            (401, "the credential of alice is refused (401)"),
            (403, "access denied to alice (403)"),
        ],
    )
    def test_a_denial_is_a_hard_error_that_says_all(
        self, status: int, phrase: str
    ) -> None:
        challenge = 'Basic realm="Corp"'

        outcome, dialogue = run(Reply(status, challenge=challenge))

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "credentials-rejected"
        assert outcome.what == f"cannot read the index page {INDEX}widgets/: {phrase}"
        assert outcome.why == (
            f"asked as alice via netrc for index corp ({INDEX})\n"
            'the server asks for Basic "Corp"\n'
            "also looked in keyring: off"
        )
        assert outcome.fix
        assert dialogue.users == ["alice"]

    @pytest.mark.pain("H4")
    @pytest.mark.parametrize("status", [401, 403])
    def test_an_anonymous_denial_says_how_to_give_a_credential(
        self, status: int
    ) -> None:
        outcome, _ = run(Reply(status), found=NOTHING)
        unnamed, _ = run(Reply(status), found=NOTHING, request=ask(source()))

        assert isinstance(outcome, AdmitError)
        assert isinstance(unnamed, AdmitError)
        assert outcome.code == "credentials-required"
        assert (outcome.fix or "").startswith(
            f"run `admit auth login {INDEX}`\n"
            "or add `machine pypi.corp.example login USER password SECRET` to "
            "~/.netrc\n"
            "or set ADMIT_INDEX_CORP_USERNAME and ADMIT_INDEX_CORP_PASSWORD"
        )
        assert f"--index NAME={INDEX}" in (unnamed.fix or "")

    @pytest.mark.pain("H2")
    @pytest.mark.parametrize(
        ("status", "purpose", "is_told"),
        [(403, "listing", True), (401, "listing", False), (403, "file", False)],
    )
    def test_a_403_that_may_mean_no_such_project_names_the_setting(
        self, status: int, purpose: str, is_told: bool
    ) -> None:
        outcomes = [
            run(Reply(status), found=found, request=ask(each, FILE, purpose))[0]  # type: ignore[arg-type]  # by parameter
            for each in (CORP, source(is_public=True))
            for found in (Found(ALICE), NOTHING)
        ]

        for outcome in outcomes:
            assert isinstance(outcome, AdmitError)
            assert ("ignore-error-codes" in (outcome.fix or "")) is is_told
        public = outcomes[-1]
        assert isinstance(public, AdmitError)
        assert ("netrc" not in (public.fix or "")) is is_told

    @pytest.mark.parametrize(
        ("policy", "word"), [("never", "is never"), ("external", "is external")]
    )
    def test_a_denial_names_the_policy_that_forbids_a_credential(
        self, policy: str, word: str
    ) -> None:
        request = ask(source(policy=policy))

        outcome, _ = run(Reply(401), found=Found(), request=request)

        assert isinstance(outcome, AdmitError)
        assert word in (outcome.fix or "")

    @pytest.mark.pain("H2")
    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize("found", [Found(ALICE), Found()], ids=["as alice", "anon"])
    def test_an_ignored_code_means_no_such_project(
        self, status: int, found: Found
    ) -> None:
        tolerant = source(ignore_error_codes=(status,))
        dialogue = Dialogue(finding(found), replying(Reply(status)))

        outcomes = dialogue.ask(ask(tolerant, "a/"), ask(tolerant, "b/"))

        assert [status_of(each) for each in outcomes] == [404, 404]

    def test_an_ignored_code_is_ignored_on_listings_only(self) -> None:
        tolerant = source(ignore_error_codes=(403,))

        outcome, _ = run(Reply(403), request=ask(tolerant, FILE, "file"))

        assert status_of(outcome) == "credentials-rejected"

    @pytest.mark.parametrize("status", [400, 405, 410, 418, 204, 206, 300])
    def test_any_other_status_is_an_error_with_url_and_status(
        self, status: int
    ) -> None:
        outcome, _ = run(Reply(status))

        assert isinstance(outcome, NetworkError)
        assert outcome.what == (
            f"cannot read the index page {INDEX}widgets/: status {status}"
        )

    def test_the_proxys_refusal_is_the_proxys(self) -> None:
        outcome, dialogue = run(Reply(407))

        assert status_of(outcome) == "proxy-refused"
        assert len(dialogue.sent) == 1

    def test_an_accepted_callers_403_is_about_the_right(self) -> None:
        dialogue = Dialogue(finding(Found(ALICE)), replying(page(), Reply(403), page()))

        _, denied, after = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(3)]

        assert isinstance(denied, AdmitError)
        assert "alice may not read it (403)" in denied.what
        assert status_of(after) == 200

    def test_an_html_page_with_package_links_is_one(self) -> None:
        page_of_links = b"<!doctype html><form></form><a href='w-1.whl'>w</a>"

        outcome, _ = run(page(page_of_links, content_type="text/html"))

        assert status_of(outcome) == 200


class TestRefusedFiles:
    """A 403 for one file to somebody whom the source knows (pain H6)."""

    HINT = 'refused-files = "skip"'

    def refuse(
        self, of: Source = CORP, url: str = FILE, purpose: Any = "file", **how: Any
    ) -> CredentialsRejected:
        """The error of a file after an accepted listing."""
        status, who = how.pop("status", 403), how.pop("who", ALICE)
        dialogue = Dialogue(lambda _: Found(who), replying(page(), Reply(status)))
        dialogue.ask(ask(of, purpose="listing"))
        (outcome,) = dialogue.ask(replace(ask(of, url, purpose), **how))
        assert isinstance(outcome, CredentialsRejected)
        return outcome

    @pytest.mark.pain("H6")
    def test_the_error_tells_whose_login_it_was_and_names_the_setting(self) -> None:
        refused = self.refuse()

        assert (refused.credential, refused.owner) == (ALICE, "source")
        assert self.HINT in (refused.fix or "")

    @pytest.mark.pain("H6")
    def test_the_setting_is_named_where_it_would_help_only(self) -> None:
        skips = source(name="corp", refused_files="skip")
        given = credential("alice", is_ambient=False)
        others = [
            self.refuse(skips),
            self.refuse(source(kind="direct"), who=given),
            self.refuse(is_pinned=True, who=given),
            self.refuse(purpose="listing"),
            self.refuse(status=401),
        ]

        assert not [each for each in others if self.HINT in (each.fix or "")]

    @pytest.mark.pain("H6")
    def test_the_login_of_a_foreign_host_is_that_hosts(self) -> None:
        dialogue = Dialogue(
            lambda query: Found(BOB if query.stage == "foreign" else ALICE),
            replying(page(), WHEEL, Reply(403)),
        )
        dialogue.ask(ask(CORP))

        dialogue.ask(ask(CORP, ELSEWHERE, "file"))
        (refused,) = dialogue.ask(ask(CORP, ELSEWHERE, "file"))

        assert isinstance(refused, CredentialsRejected)
        assert (refused.credential, refused.owner) == (BOB, "host")
        assert self.HINT not in (refused.fix or "")

    @pytest.mark.pain("H6")
    def test_a_login_that_was_never_accepted_is_no_matter_of_the_file(self) -> None:
        outcome, _ = run(Reply(403), request=ask(CORP, FILE, "file"))

        assert isinstance(outcome, CredentialsRejected)
        assert self.HINT not in (outcome.fix or "")


class TestLoginPages:
    HTML = Reply(200, content_type="text/html; charset=utf-8", head=b"<FORM>login")

    @pytest.mark.pain("H10")
    @pytest.mark.parametrize("found", [Found(ALICE), NOTHING], ids=["as alice", "anon"])
    def test_a_listing_that_is_one_is_an_error(self, found: Found) -> None:
        outcome, dialogue = run(self.HTML, found=found)

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "login-page"
        assert "is it a login page?" in outcome.what
        assert ("netrc" in (outcome.fix or "")) is (found is NOTHING)
        assert not dialogue.ledger.is_accepted(parse_url(INDEX).origin, ALICE)

    @pytest.mark.pain("H10")
    @pytest.mark.parametrize("purpose", ["file", "metadata"])
    def test_a_file_that_is_one_is_an_error(self, purpose: str) -> None:
        request = ask(CORP, FILE, purpose)  # type: ignore[arg-type]  # a Literal
        reply = Reply(200, content_type="text/html", head=b"<p>Please log in")

        outcome, _ = run(reply, request=request)

        assert status_of(outcome) == "login-page"

    @pytest.mark.parametrize(
        ("replies", "expected"),
        [([], 200), ([redirect("/login")], "login-page")],
        ids=["asked for", "redirected to"],
    )
    def test_an_empty_page_is_one_only_behind_a_redirect(
        self, replies: list[Reply], expected: int | str
    ) -> None:
        empty = page(b"<html></html>", content_type="text/html")

        assert status_of(run(*replies, empty)[0]) == expected

    @pytest.mark.parametrize("status", [404, 401])
    def test_a_denial_is_no_login_page_whatever_it_looks_like(
        self, status: int
    ) -> None:
        outcome, _ = run(
            Reply(status, content_type="text/html", head=b"<form>"), found=NOTHING
        )

        assert status_of(outcome) == (404 if status == 404 else "credentials-required")

    def test_a_requirements_file_may_be_anything(self) -> None:
        outcome, _ = run(self.HTML, request=ask(CORP, INDEX + "r.txt", "requirements"))

        assert status_of(outcome) == 200

    @pytest.mark.parametrize(
        ("content_type", "body", "final", "expected"),
        [
            pytest.param("text/html", b"<form>", "widgets/", True, id="form"),
            pytest.param("text/html", b"<a href=x>", "widgets/", False, id="no form"),
            pytest.param("text/html", b"<p>", "login", True, id="redirected"),
            pytest.param("text/html", b"", "Widgets", False, id="other spelling"),
            pytest.param("text/html", b"<form> w-1.whl", "login", False, id="wheel"),
            pytest.param("text/html", b"<form> w-1.TAR.GZ", "login", False, id="sdist"),
            pytest.param("application/json", b"<form>", "login", False, id="JSON"),
            pytest.param("TEXT/HTML", b"<FORM>", "widgets/", True, id="capitals"),
        ],
    )
    def test_what_makes_a_listing_one(
        self, content_type: str, body: bytes, final: str, expected: bool
    ) -> None:
        reply = Reply(200, content_type=content_type, head=body)
        asked = parse_url(INDEX + "widgets/")
        target = parse_url(INDEX + final)

        found = is_login_listing(reply, asked, target)

        assert found is expected

    @pytest.mark.parametrize(
        ("content_type", "head", "expected"),
        [
            pytest.param("text/html", b"PK\x03\x04", False, id="zip, wrongly typed"),
            pytest.param("text/html", b"anything", True, id="typed"),
            pytest.param("", b"  <!DOCTYPE html>", True, id="doctype"),
            pytest.param("application/zip", b"<HTML>", True, id="html, wrongly typed"),
            pytest.param("", b"Metadata-Version: 2.1", False, id="metadata"),
            pytest.param("", b"", False, id="empty"),
        ],
    )
    def test_what_makes_a_file_one(
        self, content_type: str, head: bytes, expected: bool
    ) -> None:
        reply = Reply(200, content_type=content_type, head=head)

        assert is_html_for_people(reply) is expected


class TestFiles:
    @pytest.mark.pain("A5")
    @pytest.mark.pain("B3")
    def test_carry_the_credential_of_their_source(self) -> None:
        outcome, dialogue = run(WHEEL, request=ask(CORP, FILE, "file"))

        assert (status_of(outcome), dialogue.users) == (200, ["alice"])

    @pytest.mark.pain("A6")
    def test_401_after_an_accepted_listing_names_the_right_not_the_password(
        self,
    ) -> None:
        server = replying(page(), Reply(401), Reply(401), page())
        dialogue = Dialogue(finding(Found(ALICE)), server)

        file = ask(CORP, FILE, "file")
        requests = [ask(CORP), file, file, ask(CORP, "other/")]
        _, denied, _, after = [dialogue.ask(each)[0] for each in requests]

        assert isinstance(denied, AdmitError)
        assert "alice may not read it (401)" in denied.what
        assert "alice's right to read it" in (denied.fix or "")
        assert "correct" not in (denied.fix or "")
        assert status_of(after) == 200
        assert len(dialogue.queries) == 2

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (401, "credentials-rejected"),
            (403, "credentials-rejected"),
            (404, "http-status"),
        ],
    )
    def test_denials_are_errors_naming_the_index(self, status: int, code: str) -> None:
        outcome, _ = run(Reply(status), request=ask(CORP, FILE, "file"))

        assert isinstance(outcome, AdmitError)
        assert outcome.code == code
        assert f"index corp ({INDEX})" in (outcome.why or "")
        assert outcome.what.startswith(f"cannot read the file {FILE}: ")

    @pytest.mark.parametrize("found", [Found(ALICE), NOTHING], ids=["as alice", "anon"])
    def test_a_missing_one_hints_at_a_login_only_to_the_anonymous(
        self, found: Found
    ) -> None:
        outcome, _ = run(Reply(404), found=found, request=ask(CORP, FILE, "file"))

        assert isinstance(outcome, AdmitError)
        assert ("admit auth login" in (outcome.fix or "")) is (found is NOTHING)

    @pytest.mark.parametrize("status", [400, 416])
    def test_other_statuses_are_errors(self, status: int) -> None:
        outcome, _ = run(Reply(status), request=ask(CORP, FILE, "file"))

        assert status_of(outcome) == "http-status"

    def test_403_on_a_file_does_not_kill_the_credential(self) -> None:
        dialogue = Dialogue(finding(Found(ALICE)), replying(Reply(403), page()))

        dialogue.ask(ask(CORP, FILE, "file"))
        (after,) = dialogue.ask(ask(CORP))

        assert status_of(after) == 200


class TestMetadataAndRanges:
    @pytest.mark.pain("H9")
    @pytest.mark.parametrize("status", [400, 403, 404, 405, 416, 206])
    @pytest.mark.parametrize("purpose", ["metadata", "range"])
    def test_soft_answers_are_handed_back(self, status: int, purpose: str) -> None:
        request = (
            ask(CORP, FILE + ".metadata", "metadata")
            if purpose == "metadata"
            else ask(CORP, FILE, "file", is_partial=True)
        )

        outcome, dialogue = run(Reply(status), request=request)

        assert (status_of(outcome), dialogue.users) == (status, ["alice"])

    def test_401_is_handed_back_to_the_anonymous_only(self) -> None:
        request = ask(CORP, FILE + ".metadata", "metadata")

        anonymous, dialogue = run(Reply(401), found=NOTHING, request=request)
        alice, _ = run(Reply(401), request=request)

        assert status_of(anonymous) == 401
        assert [query.stage for query in dialogue.queries] == ["source"]
        assert status_of(alice) == "credentials-rejected"

    def test_other_statuses_are_errors(self) -> None:
        request = ask(CORP, FILE + ".metadata", "metadata")

        for found in (None, NOTHING):
            outcome, _ = run(Reply(409), found=found, request=request)
            assert status_of(outcome) == "http-status"


class TestRetries:
    @pytest.mark.pain("H7")
    @pytest.mark.parametrize(
        "reply",
        [Reply(500), Reply(502), Reply(503), Reply(429), ConnectFailed("no way")],
        ids=["500", "502", "503", "429", "connect"],
    )
    def test_three_with_the_same_credential_then_a_hard_error(
        self, reply: Reply | AdmitError
    ) -> None:
        outcome, dialogue = run(reply)

        assert isinstance(outcome, NetworkError)
        assert dialogue.users == ["alice"] * 4
        assert sum(dialogue.waits) <= 10

    @pytest.mark.pain("H8")
    def test_one_that_helps(self) -> None:
        outcome, dialogue = run(Reply(503, retry_after=2.0), Reply(500), page())

        assert (status_of(outcome), dialogue.users) == (200, ["alice"] * 3)
        assert dialogue.waits[0] == 2.0

    def test_a_certificate_error_is_final(self) -> None:
        outcome, dialogue = run(TlsFailed("untrusted"), page())

        assert status_of(outcome) == "tls-failed"
        assert len(dialogue.sent) == 1

    @pytest.mark.pain("H8")
    @pytest.mark.parametrize(
        ("reply", "retries", "expected"),
        [
            pytest.param(Reply(429, retry_after=7.0), 0, 7.0, id="429"),
            pytest.param(Reply(503, retry_after=900.0), 2, 30.0, id="cut to 30 s"),
            pytest.param(Reply(503, retry_after=-1.0), 0, 0.0, id="in the past"),
            pytest.param(Reply(503), 1, 1.5, id="503 alone"),
            pytest.param(Reply(500, retry_after=7.0), 0, 0.5, id="500"),
            pytest.param(Reply(500), 3, None, id="too often"),
            pytest.param(Reply(499), 0, None, id="499"),
            pytest.param(Reply(404), 0, None, id="404"),
            pytest.param(ConnectFailed("x"), 2, 4.0, id="no connection"),
            pytest.param(TlsFailed("x"), 0, None, id="no trust"),
            pytest.param(SinkFailed("x"), 0, None, id="disk full"),
        ],
    )
    def test_how_long_to_wait(
        self, reply: Reply | AdmitError, retries: int, expected: float | None
    ) -> None:
        assert patience(reply, retries) == expected

    @pytest.mark.pain("C4")
    def test_each_begins_at_the_original_url(self) -> None:
        signed = "https://s3.example/w.whl?X-Amz-Signature=1"
        server = replying(redirect(signed), Reply(500), redirect(signed), WHEEL)
        dialogue = Dialogue(finding(Found(ALICE)), server)

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file"))

        assert status_of(outcome) == 200
        assert dialogue.urls == [FILE, signed, FILE, signed]
        assert dialogue.users == ["alice", "-", "alice", "-"]


class TestRefreshing:
    @pytest.mark.pain("E7")
    def test_a_changed_credential_is_tried_once(self) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE), Found(BOB)), replying(Reply(401), page())
        )

        (outcome,) = dialogue.ask(ask(CORP))

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "bob"])
        assert dialogue.queries[1].refused == ALICE
        assert isinstance(outcome, Answered)
        assert outcome.credential == BOB

    @pytest.mark.pain("H5")
    def test_an_ever_changing_one_costs_two_logins(self) -> None:
        count = iter(range(99))

        def search(query: Query) -> Found:
            return Found(credential("alice", f"secret-{next(count)}"))

        dialogue = Dialogue(search, replying(Reply(401)))

        outcomes = dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(50)))

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert len(dialogue.sent) == 2

    @pytest.mark.parametrize(
        "found",
        [Found(), Found(problem=Problem("gone")), Found(BOB, problem=Problem("gone"))],
        ids=["nothing", "a problem", "a problem and a credential"],
    )
    def test_nothing_usable_when_asking_again_is_a_denial(self, found: Found) -> None:
        search = finding(Found(ALICE), found)

        dialogue = Dialogue(search, replying(Reply(401)))

        assert status_of(dialogue.ask(ask(CORP))[0]) == "credentials-rejected"
        assert dialogue.users == ["alice"]

    @pytest.mark.pain("I1")
    @pytest.mark.parametrize("seed", range(5))
    def test_an_expired_credential_is_renewed_once_for_all(self, seed: int) -> None:
        state = {"answers": 0}

        def server(send: Send) -> Reply:
            state["answers"] += 1
            is_old = send.credential == ALICE
            return Reply(401) if is_old and state["answers"] > 10 else page()

        dialogue = Dialogue(finding(Found(ALICE), Found(BOB)), server)
        chance = random.Random(seed)

        outcomes = dialogue.ask(
            *(ask(CORP, f"p{n}/") for n in range(50)), pick=chance.randrange
        )

        assert {status_of(each) for each in outcomes} == {200}
        assert [query.refused for query in dialogue.queries] == [None, ALICE]

    @pytest.mark.pain("I1")
    def test_a_renewed_credential_that_expires_is_renewed_again(self) -> None:
        carol = credential("carol")
        search = finding(Found(ALICE), Found(BOB), Found(carol))
        answers = [Reply(401), page(), Reply(401), page()]
        dialogue = Dialogue(search, replying(*answers))

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == [200, 200]
        assert dialogue.users == ["alice", "bob", "bob", "carol"]

    @pytest.mark.pain("I1")
    def test_an_expired_credential_that_stays_the_same_is_dead(self) -> None:
        server = replying(page(), Reply(401))
        dialogue = Dialogue(finding(Found(ALICE)), server)
        dialogue.ask(ask(CORP))

        first, second = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert isinstance(first, AdmitError)
        assert "is refused (401)" in first.what
        assert status_of(second) == "credentials-rejected"
        assert len(dialogue.sent) == 2

    def test_the_credential_of_a_foreign_host_is_renewed_too(self) -> None:
        def search(query: Query) -> Found:
            if query.stage == "foreign":
                return Found(BOB if query.refused else ALICE)
            return Found()

        def server(send: Send) -> Reply:
            return WHEEL if send.credential == BOB else Reply(401)

        dialogue = Dialogue(search, server)

        outcomes = [dialogue.ask(ask(CORP, ELSEWHERE, "file"))[0] for _ in range(2)]

        assert [status_of(each) for each in outcomes] == [200, 200]
        assert dialogue.users == ["alice", "bob", "bob"]
        assert dialogue.queries[2].url.text == ELSEWHERE

    @pytest.mark.pain("I1")
    def test_all_who_wait_use_the_renewed_credential_of_a_foreign_host(self) -> None:
        is_renewed = []

        def search(query: Query) -> Found:
            if query.stage == "foreign":
                is_renewed.extend([query.refused] if query.refused else [])
                return Found(BOB if is_renewed else ALICE)
            return Found()

        def server(send: Send) -> Reply:
            is_first = send.url.path == "/first.whl"
            return WHEEL if send.credential == BOB or is_first else Reply(401)

        dialogue = Dialogue(search, server)
        urls = [f"https://files.example/{n}.whl" for n in ("first", "a", "b", "c")]
        dialogue.ask(ask(CORP, urls[0], "file"))

        outcomes = dialogue.ask(*(ask(CORP, each, "file") for each in urls))

        assert [status_of(each) for each in outcomes] == [200] * 4
        assert is_renewed == [ALICE]

    @pytest.mark.pain("H11")
    def test_the_retry_without_a_hosts_credential_keeps_the_sources(self) -> None:
        def search(query: Query) -> Found:
            own = replace(ALICE, is_ambient=False)
            return Found(BOB if query.stage == "foreign" else own)

        def server(send: Send) -> Reply:
            if send.url.host == "pypi.corp.example":
                return redirect(ELSEWHERE) if send.credential else Reply(401)
            return Reply(403) if send.credential else WHEEL

        dialogue = Dialogue(search, server)

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file", is_pinned=True))

        assert status_of(outcome) == 200
        assert dialogue.users == ["alice", "bob", "alice", "-"]


class TestDefault:
    """netrc's `default` and a prompt: only after a 401 (pain D8)."""

    @staticmethod
    def search(query: Query) -> Found:
        if query.stage == "challenged":
            return Found(BOB)
        return NOTHING

    @pytest.mark.pain("D8")
    def test_is_used_after_a_401_of_a_configured_source(self) -> None:
        dialogue = Dialogue(self.search, replying(Reply(401), page()))

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == [200, 200]
        assert dialogue.users == ["-", "bob", "bob"]
        assert [query.stage for query in dialogue.queries] == ["source", "challenged"]

    @pytest.mark.pain("I11")
    def test_is_asked_once_for_requests_side_by_side(self) -> None:
        def server(send: Send) -> Reply:
            return page() if send.credential else Reply(401)

        dialogue = Dialogue(self.search, server)

        outcomes = dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(20)))

        assert {status_of(each) for each in outcomes} == {200}
        assert len(dialogue.queries) == 2

    @pytest.mark.pain("H5")
    def test_that_is_refused_is_tried_once(self) -> None:
        dialogue = Dialogue(self.search, replying(Reply(401)))

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(20)))

        assert dialogue.users.count("bob") == 1

    def test_that_is_missing_is_asked_for_once(self) -> None:
        dialogue = Dialogue(finding(NOTHING), replying(Reply(401)))

        for n in range(3):
            dialogue.ask(ask(CORP, f"p{n}/"))

        assert len(dialogue.queries) == 2

    def test_that_is_unusable_is_an_error(self) -> None:
        def search(query: Query) -> Found:
            is_late = query.stage == "challenged"
            return Found(problem=Problem("two defaults")) if is_late else NOTHING

        dialogue = Dialogue(search, replying(Reply(401)))

        assert status_of(dialogue.ask(ask(CORP))[0]) == "credential-unusable"

    @pytest.mark.pain("D8")
    @pytest.mark.parametrize(
        ("of", "replies"),
        [
            pytest.param(source(is_public=True), [Reply(401)], id="public"),
            pytest.param(source(policy="never"), [Reply(401)], id="never"),
            pytest.param(source(policy="external"), [Reply(401)], id="external"),
            pytest.param(source(FILE, kind="direct"), [Reply(401)], id="direct URL"),
            pytest.param(CORP, [Reply(403)], id="after a 403"),
            pytest.param(CORP, [Reply(404)], id="after a 404"),
            pytest.param(
                CORP, [redirect("/login"), Reply(401)], id="behind a redirect"
            ),
            pytest.param(
                CORP, [redirect("https://x.example/"), Reply(401)], id="elsewhere"
            ),
        ],
    )
    def test_is_not_asked_for(self, of: Source, replies: list[Reply]) -> None:
        dialogue = Dialogue(self.search, replying(*replies))

        dialogue.ask(ask(of))

        assert "challenged" not in [query.stage for query in dialogue.queries]

    def test_is_not_asked_for_a_file_on_another_origin(self) -> None:
        dialogue = Dialogue(self.search, replying(Reply(401)))

        dialogue.ask(ask(CORP, ELSEWHERE, "file"))

        assert "challenged" not in [query.stage for query in dialogue.queries]


class TestTheLockoutBreaker:
    @pytest.mark.pain("H5")
    def test_codes_ignored_on_listings_count_on_files(self) -> None:
        tolerant = source(ignore_error_codes=(401,))
        dialogue = Dialogue(finding(Found(ALICE)), replying(Reply(401)))

        for _ in range(2):
            dialogue.ask(ask(tolerant, FILE, "file"))

        assert len(dialogue.sent) == 1

    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("status", [401, 403])
    @pytest.mark.parametrize("seed", range(3))
    def test_a_wrong_password_is_sent_once(self, status: int, seed: int) -> None:
        dialogue = Dialogue(finding(Found(ALICE)), replying(Reply(status)))

        outcomes = dialogue.ask(
            *(ask(CORP, f"p{n}/") for n in range(50)),
            pick=random.Random(seed).randrange,
        )

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert len(dialogue.sent) == 1
        assert isinstance(outcomes[-1], AdmitError)
        assert "not sent again in this run" in (outcomes[-1].why or "")

    @pytest.mark.pain("H5")
    def test_the_first_use_travels_alone_then_all_at_once(self) -> None:
        counts: list[int] = []

        def server(send: Send) -> Reply:
            counts.append(len(dialogue.sent))
            return page()

        dialogue = Dialogue(finding(Found(ALICE)), server)

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(50)))

        assert counts[:2] == [1, 50]

    @pytest.mark.pain("H5")
    def test_answers_that_prove_nothing_open_it_slowly(self) -> None:
        counts: list[int] = []

        def server(send: Send) -> Reply:
            counts.append(len(dialogue.sent) - len(counts))
            return Reply(404)

        dialogue = Dialogue(finding(Found(ALICE)), server)

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(20)))

        assert counts[:5] == [1, 2, 3, 4, 5]

    @pytest.mark.parametrize(
        "reply",
        [ConnectFailed("x"), Reply(500), Reply(503), Reply(429)],
        ids=["connect", "500", "503", "429"],
    )
    def test_what_is_no_answer_opens_nothing(self, reply: Reply | AdmitError) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE)), replying(reply, reply, Reply(401), page())
        )

        outcomes = dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(3)))

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert len(dialogue.sent) == 3

    def test_anonymous_requests_do_not_wait(self) -> None:
        dialogue = Dialogue(finding(NOTHING), replying(page()))

        dialogue.ask(*(ask(CORP, f"p{n}/") for n in range(20)))

        assert dialogue.most_in_flight == 20

    def test_it_counts_by_origin(self) -> None:
        files = Origin("https", "files.example", 443)
        corp = source(credential_origins=(files,))
        dialogue = Dialogue(
            finding(Found(ALICE)),
            lambda send: page() if send.url.host != "files.example" else Reply(401),
        )

        outcomes = [
            dialogue.ask(each)[0]
            for each in (
                ask(corp, ELSEWHERE, "file"),
                ask(corp),
                ask(corp, ELSEWHERE, "file"),
            )
        ]

        assert [status_of(each) for each in outcomes] == [
            "credentials-rejected",
            200,
            "credentials-rejected",
        ]
        assert len(dialogue.sent) == 2

    @pytest.mark.pain("B2")
    def test_two_sources_of_one_host_do_not_share(self) -> None:
        one, two = source("https://h.example/one/"), source("https://h.example/two/")

        def search(query: Query) -> Found:
            return Found(ALICE if query.source is one else BOB)

        def server(send: Send) -> Reply:
            is_right = ("one" in send.url.text) == (send.credential == ALICE)
            return page() if is_right else Reply(404)

        dialogue = Dialogue(search, server)

        outcomes = dialogue.ask(ask(one), ask(two), ask(one, "b/"), ask(two, "b/"))

        assert [status_of(each) for each in outcomes] == [200] * 4


class TestRedirects:
    @pytest.mark.pain("C7")
    def test_on_the_same_origin_keep_the_credential(self) -> None:
        outcome, dialogue = run(redirect("/simple/widgets/x", 308), page())

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "alice"])
        assert isinstance(outcome, Answered)
        assert outcome.url.text == INDEX + "widgets/x"
        assert not outcome.is_foreign

    @pytest.mark.pain("C3")
    def test_to_another_origin_drop_it(self) -> None:
        outcome, dialogue = run(
            redirect(ELSEWHERE), WHEEL, request=ask(CORP, FILE, "file")
        )

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "-"])
        assert [query.stage for query in dialogue.queries] == ["source", "foreign"]

    @pytest.mark.pain("C1")
    def test_authenticate_anew_for_the_other_host(self) -> None:
        def search(query: Query) -> Found:
            return Found(BOB if query.stage == "foreign" else ALICE)

        dialogue = Dialogue(search, replying(redirect(ELSEWHERE), WHEEL))

        (outcome,) = dialogue.ask(ask(CORP, FILE, "file"))

        assert dialogue.users == ["alice", "bob"]
        assert isinstance(outcome, Answered)
        assert outcome.credential == ALICE

    @pytest.mark.pain("B2")
    def test_the_other_host_is_asked_about_for_each_path(self) -> None:
        """Its store has logins for paths: one of them does not serve the next."""

        def search(query: Query) -> Found:
            if query.stage != "foreign":
                return Found()
            return Found(BOB if query.url.path.startswith("/bobs/") else None)

        dialogue = Dialogue(search, lambda _: WHEEL)

        for path in ("bobs/w.whl", "others/w.whl", "bobs/v.whl"):
            dialogue.ask(ask(CORP, f"https://files.example/{path}", "file"))

        assert dialogue.users == ["bob", "-", "bob"]

    def test_a_problem_at_the_other_host_is_an_error(self) -> None:
        def search(query: Query) -> Found:
            is_foreign = query.stage == "foreign"
            return Found(problem=Problem("two logins")) if is_foreign else Found(ALICE)

        dialogue = Dialogue(search, replying(redirect(ELSEWHERE), WHEEL))

        outcome = dialogue.ask(ask(CORP, FILE, "file"))[0]

        assert status_of(outcome) == "credential-unusable"
        assert dialogue.urls == [FILE]

    @pytest.mark.pain("C2")
    def test_with_userinfo_authenticate_that_hop_and_its_files(self) -> None:
        server = replying(
            redirect("https://:tok@mirror.example/widgets/"), page(), WHEEL
        )
        dialogue = Dialogue(finding(Found(ALICE)), server)

        dialogue.ask(ask(CORP))
        dialogue.ask(ask(CORP, "https://mirror.example/w.whl", "file"))

        assert dialogue.users == ["alice", "", ""]
        assert "tok" not in "".join(dialogue.urls)

    @pytest.mark.pain("C2")
    def test_only_a_page_and_only_userinfo_grant_anything(self) -> None:
        def search(query: Query) -> Found:
            return Found(BOB if query.stage == "foreign" else ALICE)

        mirror = parse_url("https://mirror.example/w/")
        for location, reply in (
            (mirror.text, page()),
            ("https://u:tok@mirror.example/w/", Reply(404)),
        ):
            dialogue = Dialogue(search, replying(redirect(location), reply))
            dialogue.ask(ask(CORP))

            assert dialogue.ledger.granted(CORP, mirror.origin) is None

    def test_userinfo_of_a_files_redirect_is_for_that_hop_only(self) -> None:
        server = replying(redirect("https://u:tok@mirror.example/w.whl"), WHEEL)
        dialogue = Dialogue(finding(Found(ALICE)), server)

        dialogue.ask(ask(CORP, FILE, "file"))
        dialogue.ask(ask(CORP, "https://mirror.example/other.whl", "file"))

        assert dialogue.users == ["alice", "u", "-"]

    def test_a_refused_userinfo_is_not_asked_for_again(self) -> None:
        outcome, dialogue = run(redirect("https://u:tok@files.example/"), Reply(401))

        assert status_of(outcome) == "credentials-rejected"
        assert dialogue.users == ["alice", "u"]
        assert len(dialogue.queries) == 1

    def test_an_empty_userinfo_is_no_credential(self) -> None:
        _, dialogue = run(
            redirect("https://:@files.example/w"),
            WHEEL,
            request=ask(CORP, FILE, "file"),
        )

        assert dialogue.users == ["alice", "-"]

    @pytest.mark.pain("F8")
    @pytest.mark.parametrize(
        ("userinfo", "user"),
        [("bob", "-"), ("token:", "token"), ("t" * 40, "t" * 40)],
        ids=["name", "colon typed", "token"],
    )
    def test_half_a_userinfo_is_no_credential(self, userinfo: str, user: str) -> None:
        _, dialogue = run(
            redirect(f"https://{userinfo}@files.example/w"),
            WHEEL,
            request=ask(CORP, FILE, "file"),
        )

        assert dialogue.users == ["alice", user]

    @pytest.mark.pain("F13")
    def test_userinfo_that_cannot_be_sent_is_an_error(self) -> None:
        outcome, dialogue = run(redirect("https://a:b%0Ac@files.example/"), WHEEL)

        assert status_of(outcome) == "credential-unusable"
        assert len(dialogue.sent) == 1

    @pytest.mark.pain("C6")
    @pytest.mark.parametrize(
        "location", ["http://pypi.corp.example/x", "ftp://x.example/"]
    )
    def test_that_are_refused_are_errors(self, location: str) -> None:
        outcome, dialogue = run(redirect(location), page())

        assert status_of(outcome) == "bad-redirect"
        assert len(dialogue.sent) == 1

    def test_without_a_location_are_errors(self) -> None:
        outcome, _ = run(Reply(302))

        assert isinstance(outcome, AdmitError)
        assert "302 without a Location" in outcome.what

    def test_in_a_circle_end(self) -> None:
        outcome, dialogue = run(redirect(INDEX + "widgets/"))

        assert status_of(outcome) == "bad-redirect"
        assert len(dialogue.sent) == 11

    @pytest.mark.pain("A2")
    def test_of_a_listing_elsewhere_are_refused_under_always(self) -> None:
        request = ask(source(policy="always"))

        outcome, dialogue = run(
            redirect("https://pub.example/w/"), page(), request=request
        )

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "listing-redirected"
        assert "https://pub.example" in outcome.what
        assert 'credential-origins = ["https://pub.example"]' in (outcome.fix or "")
        assert len(dialogue.sent) == 1

    @pytest.mark.pain("C8")
    def test_into_a_configured_origin_are_not_foreign(self) -> None:
        pub = Origin("https", "pub.example", 443)
        request = ask(source(policy="always", credential_origins=(pub,)))

        outcome, dialogue = run(
            redirect("https://pub.example/w/"), page(), request=request
        )

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "alice"])
        assert dialogue.warnings == []

    def test_of_a_file_elsewhere_are_followed_under_always(self) -> None:
        request = ask(source(policy="always"), FILE, "file")

        outcome, _ = run(redirect(ELSEWHERE), WHEEL, request=request)

        assert status_of(outcome) == 200

    @pytest.mark.pain("A2")
    def test_of_a_listing_elsewhere_are_told_under_auto(self) -> None:
        outcome, dialogue = run(redirect("https://pub.example/widgets/"), page())

        assert isinstance(outcome, Answered)
        assert outcome.is_foreign
        assert dialogue.warnings == [
            f"corp answers for {INDEX}widgets/ with a page of another origin, "
            "https://pub.example"
        ]

    @pytest.mark.pain("C7")
    @pytest.mark.parametrize("policy", ["auto", "always"])
    def test_from_http_to_https_keep_it_for_all_that_follows(self, policy: str) -> None:
        http = source("http://pypi.corp.example/simple/", policy=policy)
        explicit = credential("alice", provider="URL", is_ambient=False)
        server = replying(redirect(INDEX + "widgets/"), page(), WHEEL)
        dialogue = Dialogue(finding(Found(explicit)), server)

        (outcome,) = dialogue.ask(ask(http))
        dialogue.ask(ask(http, FILE, "file"))

        assert dialogue.users == ["alice"] * 3
        assert isinstance(outcome, Answered)
        assert not outcome.is_foreign
        assert len(dialogue.warnings) == 1
        assert "over plain http" in dialogue.warnings[0]

    def test_a_login_refused_elsewhere_is_a_fact_about_elsewhere(self) -> None:
        def search(query: Query) -> Found:
            return Found(ALICE)

        server = replying(redirect("https://pub.example/w/"), Reply(401), page())
        dialogue = Dialogue(search, server)

        outcomes = [dialogue.ask(ask(CORP, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == ["credentials-rejected", 200]
        assert isinstance(outcomes[0], AdmitError)
        assert "redirected to https://pub.example/w/" in (outcomes[0].why or "")


class TestPlainHttp:
    @pytest.mark.pain("I7")
    def test_an_ambient_credential_is_stopped_directly_before_sending(self) -> None:
        request = ask(source("http://pypi.corp.example/simple/"))

        outcome, dialogue = run(page(), request=request)

        assert status_of(outcome) == "credential-unusable"
        assert dialogue.sent == []

    @pytest.mark.pain("I7")
    def test_an_allowed_host_gets_it_with_a_warning(self) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE)),
            replying(page()),
            plain_http_hosts=("pypi.corp.example",),
        )

        dialogue.ask(ask(source("http://pypi.corp.example/simple/")))

        assert dialogue.users == ["alice"]
        assert len(dialogue.warnings) == 1

    def test_loopback_is_neither_error_nor_warning(self) -> None:
        request = ask(source("http://127.0.0.1:8080/simple/"))

        outcome, dialogue = run(page(), request=request)

        assert (status_of(outcome), dialogue.warnings) == (200, [])


class TestOneAnonymousRetry:
    """Pain H11: public content that a stale ambient credential spoils."""

    DIRECT = source(FILE, kind="direct")

    @pytest.mark.pain("H11")
    @pytest.mark.parametrize("status", [401, 403, 404])
    @pytest.mark.parametrize("kind", ["direct", "pinned"])
    def test_for_a_direct_url_or_a_pinned_file(self, status: int, kind: str) -> None:
        request = (
            ask(self.DIRECT, FILE, "file")
            if kind == "direct"
            else ask(CORP, FILE, "file", is_pinned=True)
        )

        outcome, dialogue = run(Reply(status), WHEEL, request=request)

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "-"])
        assert dialogue.warnings == [
            "widgets-1.0-py3-none-any.whl: refused to alice via netrc "
            f"({status}); asking once more without a credential"
        ]

    @pytest.mark.pain("H11")
    @pytest.mark.parametrize(
        "request_",
        [ask(DIRECT, FILE, "file"), ask(CORP, FILE, "file", is_pinned=True)],
        ids=["direct", "pinned"],
    )
    def test_only_one(self, request_: Ask) -> None:
        outcome, dialogue = run(Reply(401), request=request_)

        assert status_of(outcome) == "credentials-required"
        assert dialogue.users == ["alice", "-"]

    @pytest.mark.pain("H11")
    @pytest.mark.parametrize(
        ("status", "users"), [(401, ["alice", "-"]), (403, ["alice"])]
    )
    def test_for_metadata_only_after_a_401(self, status: int, users: list[str]) -> None:
        request = ask(self.DIRECT, FILE + ".metadata", "metadata")

        _, dialogue = run(Reply(status), WHEEL, request=request)

        assert dialogue.users == users

    def test_a_dead_credential_is_left_at_home(self) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE)), lambda send: Reply(401) if send.credential else WHEEL
        )

        for _ in range(2):
            dialogue.ask(ask(self.DIRECT, FILE, "file"))

        assert dialogue.users == ["alice", "-", "-"]

    @pytest.mark.parametrize(
        ("request_", "found"),
        [
            pytest.param(ask(CORP, FILE, "file"), Found(ALICE), id="listed file"),
            pytest.param(ask(CORP, is_pinned=True), Found(ALICE), id="listing"),
            pytest.param(
                ask(source(FILE, kind="direct", policy="always"), FILE, "file"),
                Found(ALICE),
                id="always",
            ),
            pytest.param(
                ask(DIRECT, FILE, "file"),
                Found(credential("alice", is_ambient=False)),
                id="explicit credential",
            ),
            pytest.param(ask(DIRECT, FILE, "file"), Found(), id="anonymous"),
        ],
    )
    @pytest.mark.parametrize("status", [401, 403])
    def test_none_for_others(self, request_: Ask, found: Found, status: int) -> None:
        outcome, dialogue = run(Reply(status), WHEEL, request=request_, found=found)

        assert isinstance(outcome, AdmitError)
        assert len(dialogue.sent) == 1

    def test_none_after_a_server_error(self) -> None:
        _, dialogue = run(Reply(410), request=ask(self.DIRECT, FILE, "file"))

        assert len(dialogue.sent) == 1


class TestProbe:
    PROBED = source(name="corp", probe="everyone")

    @pytest.mark.pain("H3")
    def test_no_404_is_believed_before_it_was_seen(self) -> None:
        def server(send: Send) -> Reply:
            return page() if send.url.text.endswith("/everyone/") else Reply(404)

        dialogue = Dialogue(finding(Found(ALICE)), server)

        outcomes = dialogue.ask(*(ask(self.PROBED, f"p{n}/") for n in range(5)))

        assert {status_of(each) for each in outcomes} == {404}
        assert dialogue.urls.count(INDEX + "everyone/") == 1
        standing = dialogue.ledger.standing(self.PROBED)
        assert standing is not None
        assert standing.is_confirmed
        assert (standing.found, standing.missing) == (0, 5)

    @pytest.mark.pain("H3")
    @pytest.mark.parametrize("seed", range(4))
    def test_a_404_of_the_probe_is_an_error(self, seed: int) -> None:
        dialogue = Dialogue(finding(NOTHING), replying(Reply(404)))

        outcomes = dialogue.ask(
            *(ask(self.PROBED, f"p{n}/") for n in range(5)),
            pick=random.Random(seed).randrange,
        )

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert dialogue.urls.count(INDEX + "everyone/") == 1
        assert isinstance(outcomes[0], AdmitError)
        assert "does not show its probe project everyone (404)" in outcomes[0].what
        standing = dialogue.ledger.standing(self.PROBED)
        assert standing is not None
        assert not standing.is_confirmed

    def test_an_error_of_the_probe_is_the_error(self) -> None:
        server = replying(Reply(404), Reply(410), Reply(404), page())
        dialogue = Dialogue(finding(Found(ALICE)), server)

        outcomes = [dialogue.ask(ask(self.PROBED, f"{n}/"))[0] for n in range(2)]

        assert [status_of(each) for each in outcomes] == ["http-status", 404]

    def test_no_page_is_believed_before_it_was_seen(self) -> None:
        def server(send: Send) -> Reply:
            is_probe = send.url.text.endswith("/everyone/")
            return Reply(404) if is_probe else page()

        dialogue = Dialogue(finding(Found(ALICE)), server)

        outcomes = dialogue.ask(*(ask(self.PROBED, f"p{n}/") for n in range(5)))

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert dialogue.urls.count(INDEX + "everyone/") == 1

    def test_is_not_asked_where_a_refused_caller_proves_the_page(self) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE), Found(BOB)), replying(Reply(401), page())
        )

        (outcome,) = dialogue.ask(ask(self.PROBED))

        assert (status_of(outcome), dialogue.users) == (200, ["alice", "bob"])

    def test_its_own_page_is_proof(self) -> None:
        dialogue = Dialogue(finding(Found(ALICE)), replying(page()))

        dialogue.ask(ask(self.PROBED, "everyone/"))

        assert dialogue.urls == [INDEX + "everyone/"]
        assert dialogue.ledger.is_confirmed(self.PROBED)

    @pytest.mark.parametrize("status", [403, 404])
    def test_is_asked_once_also_where_it_is_denied(self, status: int) -> None:
        def server(send: Send) -> Reply:
            is_probe = send.url.text.endswith("/everyone/")
            return Reply(status) if is_probe else page()

        dialogue = Dialogue(finding(Found(ALICE)), server)

        outcomes = [dialogue.ask(ask(self.PROBED, f"{n}/"))[0] for n in range(3)]

        assert {status_of(each) for each in outcomes} == {"credentials-rejected"}
        assert dialogue.urls.count(INDEX + "everyone/") == 1

    @pytest.mark.pain("A2")
    def test_a_stranger_that_has_a_project_of_its_name_proves_nothing(self) -> None:
        def server(send: Send) -> Reply:
            if send.url.origin.host == "strangers.example":
                return page()
            return redirect("https://strangers.example/simple/everyone/")

        dialogue = Dialogue(finding(Found(ALICE)), server)

        outcomes = dialogue.ask(ask(self.PROBED), ask(self.PROBED, "everyone/"))

        assert {status_of(each) for each in outcomes} == {"listing-redirected"}


class TestOwnOriginOnly:
    @pytest.mark.pain("A2")
    @pytest.mark.parametrize("policy", ["auto", "never"])
    def test_a_listing_that_must_stay_is_not_followed_elsewhere(
        self, policy: str
    ) -> None:
        asked = replace(ask(source(policy=policy)), must_stay="the name belongs to it")

        outcome, dialogue = run(
            redirect("https://strangers.example/simple/widgets/"),
            page(),
            request=asked,
        )

        assert isinstance(outcome, AdmitError)
        assert outcome.code == "listing-redirected"
        assert "the name belongs to it" in (outcome.why or "")
        assert len(dialogue.sent) == 1

    def test_it_may_move_on_its_origin(self) -> None:
        asked = replace(ask(CORP), must_stay="the name belongs to it")

        outcome, _ = run(redirect("/elsewhere/widgets/"), page(), request=asked)

        assert status_of(outcome) == 200


class TestClientCertificates:
    @pytest.mark.pain("I5")
    @pytest.mark.parametrize("purpose", ["listing", "file"])
    @pytest.mark.parametrize(
        ("reply", "is_told"),
        [
            pytest.param(Reply(400, head=b"No SSL Certificate sent"), True, id="400"),
            pytest.param(Reply(496, head=b"certificate"), True, id="496"),
            pytest.param(Reply(400, head=b"bad request"), False, id="other 400"),
            pytest.param(Reply(410, head=b"certificate"), False, id="410"),
        ],
    )
    def test_a_server_that_speaks_of_one_is_given_one(
        self, purpose: str, reply: Reply, is_told: bool
    ) -> None:
        request = ask(CORP, FILE, purpose)  # type: ignore[arg-type]  # by parameter

        outcome, _ = run(reply, request=request)

        assert isinstance(outcome, AdmitError)
        assert ("--client-cert" in (outcome.fix or "")) is is_told


class TestStanding:
    def test_an_unasked_source_has_none(self) -> None:
        assert (
            Dialogue(finding(NOTHING), replying(page())).ledger.standing(CORP) is None
        )

    @pytest.mark.pain("H3")
    @pytest.mark.parametrize(
        ("replies", "expected"),
        [
            pytest.param([page()], (True, False, 1, 0), id="accepted, not confirmed"),
            pytest.param([Reply(404)], (False, False, 0, 1), id="404 proves nothing"),
            pytest.param([Reply(403)], (False, False, 0, 0), id="nor a denial"),
            pytest.param(
                [redirect("https://pub.example/widgets/"), Reply(404)],
                (False, False, 0, 1),
                id="nor a redirect",
            ),
        ],
    )
    def test_counts_what_listings_answered(
        self, replies: list[Reply], expected: tuple[bool, bool, int, int]
    ) -> None:
        _, dialogue = run(*replies)

        standing = dialogue.ledger.standing(CORP)

        assert standing is not None
        assert (
            standing.is_accepted,
            standing.is_confirmed,
            standing.found,
            standing.missing,
        ) == expected

    def test_a_200_after_a_refused_caller_confirms(self) -> None:
        dialogue = Dialogue(
            finding(Found(ALICE), Found(BOB)), replying(Reply(401), page())
        )

        dialogue.ask(ask(CORP))

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert standing.is_confirmed
        assert standing.credential == BOB

    @pytest.mark.parametrize(
        ("refusal", "path", "expected"),
        [
            pytest.param(Reply(401), FILE, True, id="401 on a file"),
            pytest.param(Reply(403), FILE, False, id="403 on a file"),
            pytest.param(Reply(403), INDEX + "w/", True, id="403 on a listing"),
            pytest.param(Reply(401), ELSEWHERE, False, id="401 elsewhere"),
            pytest.param(Reply(404), INDEX + "w/", False, id="404 on a listing"),
        ],
    )
    def test_what_counts_as_a_refused_caller(
        self, refusal: Reply, path: str, expected: bool
    ) -> None:
        founds = [NOTHING, NOTHING, Found(ALICE)]
        dialogue = Dialogue(finding(*founds), replying(refusal, page()))
        purpose = "listing" if path.endswith("/") else "file"
        dialogue.ask(ask(CORP, path, purpose))  # type: ignore[arg-type]  # a Literal
        dialogue.ledger.replace_credential(CORP, ALICE)

        dialogue.ask(ask(CORP))

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert standing.is_confirmed is expected

    def test_an_anonymous_200_after_a_401_confirms_nothing(self) -> None:
        dialogue = Dialogue(finding(NOTHING), replying(Reply(401), page()))

        for n in range(2):
            dialogue.ask(ask(CORP, f"{n}/"))

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert not standing.is_confirmed

    def test_the_anonymous_are_never_accepted(self) -> None:
        _, dialogue = run(page(), found=NOTHING)

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert not standing.is_accepted

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_status_that_means_no_such_project_confirms_nothing(
        self, status: int
    ) -> None:
        """It is no denial, so the 200 after it may be for a wrong password too."""
        source = replace(CORP, ignore_error_codes=(401, 403))
        founds = [NOTHING, NOTHING, Found(ALICE)]
        dialogue = Dialogue(finding(*founds), replying(Reply(status), page()))
        dialogue.ask(ask(source, "0/"))
        dialogue.ledger.replace_credential(source, ALICE)

        dialogue.ask(ask(source, "1/"))

        standing = dialogue.ledger.standing(source)
        assert standing is not None
        assert standing.is_accepted
        assert not standing.is_confirmed

    def test_a_200_to_the_caller_that_was_refused_confirms_nothing(self) -> None:
        """Two requests with one login: the first is refused, the second is not."""
        ledger = Ledger()
        ledger.note_gathered(CORP, Found(ALICE))
        ledger.note_denial(CORP, ALICE)
        ledger.note_listing(CORP, 200, ALICE)

        assert not ledger.is_confirmed(CORP)

        ledger.note_listing(CORP, 200, BOB)

        assert ledger.is_confirmed(CORP)

    def test_an_accepted_callers_403_confirms_nothing(self) -> None:
        """It is about a right, and says nothing of the one who comes after."""
        dialogue = Dialogue(finding(Found(ALICE)), replying(page(), Reply(403), page()))
        for n in range(2):
            dialogue.ask(ask(CORP, f"{n}/"))
        dialogue.ledger.replace_credential(CORP, BOB)

        dialogue.ask(ask(CORP, "2/"))

        standing = dialogue.ledger.standing(CORP)
        assert standing is not None
        assert not standing.is_confirmed


def test_a_warning_is_news_once() -> None:
    ledger = Dialogue(finding(NOTHING), replying(page())).ledger

    assert [ledger.is_news(text) for text in "aab"] == [True, False, True]


class TestRequirementsFiles:
    @pytest.mark.parametrize(
        ("status", "code"),
        [
            (200, 200),
            (404, "http-status"),
            (401, "credentials-rejected"),
            (403, "credentials-rejected"),
        ],
    )
    def test_are_judged_as_listings_but_must_exist(
        self, status: int, code: int | str
    ) -> None:
        of = source("https://h.example/r.txt", kind="requirements")
        request = ask(of, "https://h.example/r.txt", "requirements")

        outcome, dialogue = run(Reply(status), request=request)

        assert status_of(outcome) == code
        assert len(dialogue.sent) == 1

    def test_may_come_from_elsewhere_without_a_word(self) -> None:
        of = source("https://h.example/r.txt", kind="requirements")
        request = ask(of, "https://h.example/r.txt", "requirements")

        outcome, dialogue = run(redirect(ELSEWHERE), page(), request=request)

        assert (status_of(outcome), dialogue.warnings) == (200, [])


@pytest.mark.pain("G6")
def test_no_message_shows_a_signature() -> None:
    signed = "https://s3.example/w.whl?X-Amz-Signature=0123456789abcdef"

    outcome, _ = run(redirect(signed), Reply(403), request=ask(CORP, FILE, "file"))
    direct, _ = run(Reply(403), request=ask(source(signed), signed, "file"))

    for each in (outcome, direct):
        assert isinstance(each, AdmitError)
        assert "0123456789abcdef" not in f"{each.what} {each.why} {each.fix}"
