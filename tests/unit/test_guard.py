"""What an index owns, and what its answers are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.ledger import Standing
from admit.auth.scope import Source
from admit.config.settings import IndexSettings
from admit.resolve.guard import Tally, owned_suffix, route
from admit.spec.url import parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from admit.resolve.guard import Unconfirmed

ALICE = credential("alice")


def index(name: str, **fields: Any) -> IndexSettings:
    return IndexSettings(
        Source(parse_url(f"https://{name}.example/simple/"), name=name),
        "here",
        **fields,
    )


CORP, OTHER = index("corp"), index("other")


class TestRoute:
    OWNER = index("owner", packages=("acme-*",))
    SECOND = index("second", packages=("acme-*", "tool"))
    HIDDEN = index("hidden", packages=("secret",), is_explicit=True)
    UNUSED = index("unused", is_explicit=True)

    @pytest.mark.parametrize(
        ("name", "expected", "is_owned"),
        [
            pytest.param("acme-x", ["owner", "second"], True, id="two owners"),
            pytest.param("tool", ["second"], True, id="one owner"),
            pytest.param("secret", ["hidden"], True, id="explicit owner"),
            pytest.param("acme", ["corp", "owner", "second"], False, id="nobody's"),
        ],
    )
    def test_names_the_indexes_in_order(
        self, name: str, expected: list[str], is_owned: bool
    ) -> None:
        indexes = (CORP, self.OWNER, self.SECOND, self.HIDDEN, self.UNUSED)

        way = route(name, indexes)

        assert [each.source.name for each in way.indexes] == expected
        assert way.is_owned is is_owned

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("acme-x", "; the name belongs to those indexes"),
            ("tool", "; the name belongs to that index"),
            ("flask", ""),
        ],
    )
    def test_a_miss_of_an_owned_name_is_final(self, name: str, expected: str) -> None:
        assert owned_suffix(route(name, (self.OWNER, self.SECOND))) == expected


class TestStaying:
    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            pytest.param({}, None, id="any"),
            pytest.param({"packages": ("b",)}, None, id="others"),
            pytest.param({"packages": ("a",)}, "the name a belongs to it", id="owned"),
            pytest.param(
                {"is_required": True},
                "it is required to have every project",
                id="required",
            ),
        ],
    )
    def test_says_why(self, fields: dict[str, Any], expected: str | None) -> None:
        assert index("corp", **fields).stay_reason("a") == expected


def standing(
    *, has_credential: bool = True, is_confirmed: bool = False, **_: object
) -> Standing:
    return Standing(ALICE if has_credential else None, True, is_confirmed, 0, 0)


def doubts(tally: Tally, known: Standing | None) -> tuple[Unconfirmed, ...]:
    return tally.unconfirmed([(CORP, known), (OTHER, None)])


class TestTally:
    @pytest.mark.pain("H3")
    def test_nothing_but_misses_are_told_with_what_came_from_elsewhere(self) -> None:
        tally = Tally()
        for name in ("a", "b", "c"):
            tally.note(CORP, name, is_found=False)
            tally.note(OTHER, name, is_found=name != "c")

        (doubt,) = doubts(tally, standing())

        assert doubt.missed == ("a", "b", "c")
        assert "corp answered nothing but 404 to alice via netrc" in doubt.text
        assert "never confirmed" in doubt.text
        assert "probe" in doubt.fix
        taken = tally.taken_elsewhere(doubt.missed, frozenset(("b", "c", "z")))
        assert taken == (("b", "other"),)
        assert "b from other" in doubt.warning(taken)

    def test_a_long_list_is_cut(self) -> None:
        tally = Tally()
        tally.note(CORP, "a", is_found=False)

        (doubt,) = doubts(tally, standing())

        text = doubt.warning([(f"p{n}", "other") for n in range(5)])
        assert "p2 from other and 2 more" in text
        assert "p3" not in text

    def test_a_page_is_accepted_and_not_proof(self) -> None:
        tally = Tally()
        tally.note(CORP, "a", is_found=False)
        tally.note(CORP, "b", is_found=True)

        (doubt,) = doubts(tally, standing())

        assert doubt.missed == ()
        assert "nothing proves the credential alice" in doubt.text
        assert "`probe`" in doubt.fix

    @pytest.mark.parametrize(
        "known",
        [
            pytest.param(None, id="not asked"),
            pytest.param(standing(has_credential=False), id="anonymous"),
            pytest.param(standing(is_confirmed=True), id="confirmed"),
        ],
    )
    def test_there_is_no_doubt(self, known: Standing | None) -> None:
        tally = Tally()
        tally.note(CORP, "a", is_found=False)

        assert doubts(tally, known) == ()

    def test_a_credential_that_was_not_used_for_a_listing_is_not_doubted(self) -> None:
        assert doubts(Tally(), standing()) == ()
