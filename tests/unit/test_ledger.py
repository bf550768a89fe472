"""The memory of a run: which source is remembered with which credential (rule R9)."""

from __future__ import annotations

import pytest

from admit.auth.answers import Reply
from admit.auth.query import Found, Query
from admit.auth.scope import Source
from admit.spec.url import parse_url
from support.dialogue import Dialogue, ask, credential, page

ALICE = credential("alice")
BOB = credential("bob", "s3cret-of-bob")
CORP = Source(parse_url("https://pypi.corp.example/simple/"), name="corp")
FILE = Source(parse_url("https://pypi.corp.example/r.txt"), kind="requirements")


def run(*replies: Reply, first: Found, later: Found | None = None) -> Dialogue:
    """What gathering gives at first and after a refusal, and the server's replies."""

    def search(query: Query) -> Found:
        is_first = query.stage == "source" and query.refused is None
        return first if is_first or later is None else later

    left = list(replies)
    return Dialogue(search, lambda _: left.pop(0))


class TestWhatIsRemembered:
    def test_the_credential_that_a_listing_accepted(self) -> None:
        dialogue = run(page(), first=Found(ALICE))

        dialogue.ask(ask(CORP))

        assert dialogue.ledger.remarkable(CORP) == ALICE

    def test_its_successor_after_a_refusal(self) -> None:
        dialogue = run(Reply(401), page(), first=Found(ALICE), later=Found(BOB))

        dialogue.ask(ask(CORP))

        assert dialogue.ledger.remarkable(CORP) == BOB

    @pytest.mark.parametrize("status", [401, 403, 404])
    def test_not_one_that_nothing_accepted(self, status: int) -> None:
        dialogue = run(Reply(status), first=Found(ALICE))

        dialogue.ask(ask(CORP))

        assert dialogue.ledger.remarkable(CORP) is None

    def test_not_one_that_only_a_file_accepted(self) -> None:
        """A mirror may hand out files to anybody."""
        dialogue = run(Reply(200, head=b"PK\x03\x04"), first=Found(ALICE))

        dialogue.ask(ask(CORP, "w.whl", "file"))

        assert dialogue.ledger.is_accepted(CORP.url.origin, ALICE)
        assert dialogue.ledger.remarkable(CORP) is None

    def test_not_what_came_after_an_anonymous_401(self) -> None:
        """The server asks for it, so nobody need remember."""
        dialogue = run(Reply(401), page(), first=Found(), later=Found(BOB))

        dialogue.ask(ask(CORP))

        assert dialogue.users == ["-", "bob"]
        assert dialogue.ledger.remarkable(CORP) is None

    @pytest.mark.parametrize("of", [CORP, FILE], ids=["index", "requirements"])
    def test_nobody(self, of: Source) -> None:
        dialogue = run(page(), first=Found())

        dialogue.ask(ask(of, purpose="listing" if of is CORP else "requirements"))

        assert dialogue.ledger.remarkable(of) is None

    @pytest.mark.parametrize("status", [200, 404])
    def test_a_requirements_files_if_it_was_accepted(self, status: int) -> None:
        dialogue = run(Reply(status), first=Found(ALICE))

        dialogue.ask(ask(FILE, FILE.url.text, "requirements"))

        expected = ALICE if status == 200 else None
        assert dialogue.ledger.remarkable(FILE) == expected
