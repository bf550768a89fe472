"""What is remembered of sources: its text, and what it means later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.auth.remembered import (
    Memory,
    Remembered,
    forget,
    format_memory,
    parse_memory,
    problem_of,
    remember,
)
from admit.auth.scope import Source
from admit.spec.url import parse_url
from admit.value import replace
from support.dialogue import credential

EMPTY = Memory("0123456789abcdef")
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\t\n"), max_size=12)


def source(url: str = "https://pypi.corp.example/simple/") -> Source:
    return Source(parse_url(url))


class TestText:
    @given(st.lists(st.tuples(WORD, WORD, WORD, WORD), max_size=5))
    def test_what_was_written_is_read_again(
        self, rows: list[tuple[str, str, str, str]]
    ) -> None:
        memory = Memory("key", tuple(Remembered(*row) for row in rows))

        assert parse_memory(format_memory(memory)) == memory

    @pytest.mark.parametrize("text", ["", "{}", "admit remembered 2 x\n"])
    def test_what_is_none_of_ours(self, text: str) -> None:
        assert parse_memory(text) is None

    def test_the_oldest_go_first(self) -> None:
        many = tuple(Remembered(str(n), "netrc", "", "") for n in range(2500))

        kept = parse_memory(format_memory(Memory("key", many)))

        assert kept is not None
        assert (kept.entries[0].url, len(kept.entries)) == ("500", 2000)

    @pytest.mark.pain("G9")
    def test_a_token_in_the_path_is_not_kept(self) -> None:
        url = "https://h.example/t/zyxwvutsrq98765/simple/"

        memory = remember(EMPTY, source(url), credential(), "2026-01-02")

        assert "zyxwv" not in format_memory(memory)
        assert memory.find(source(url)) is not None


class TestMeaning:
    def test_a_source_is_known_by_its_url_alone(self) -> None:
        memory = remember(EMPTY, source(), credential(), "2026-01-02")

        others = ("https://alice:pw@pypi.corp.example:443/simple", "http://h.example/")
        assert [memory.find(source(each)) is not None for each in others] == [
            True,
            False,
        ]

    def test_neither_user_nor_secret_is_in_it(self) -> None:
        text = format_memory(remember(EMPTY, source(), credential(), "2026-01-02"))

        assert "alice" not in text
        assert "s3cret" not in text

    def test_the_same_once_more_changes_nothing(self) -> None:
        memory = remember(EMPTY, source(), credential(), "2026-01-02")

        assert remember(memory, source(), credential(), "2026-01-02") is memory
        rotated = credential("alice", "another")
        assert remember(memory, source(), rotated, "2026-01-02") is memory

    @pytest.mark.parametrize(
        ("user", "provider", "day"),
        [
            ("bob", "netrc", "2026-01-02"),
            ("alice", "store", "2026-01-02"),
            ("alice", "netrc", "2026-01-03"),
        ],
    )
    def test_another_user_place_or_day_replaces(
        self, user: str, provider: str, day: str
    ) -> None:
        memory = remember(EMPTY, source(), credential(), "2026-01-02")

        changed = remember(memory, source(), credential(user, provider=provider), day)

        assert changed != memory
        assert len(changed.entries) == 1

    @pytest.mark.parametrize(
        ("provider", "detail", "expected"),
        [
            ("environment", "ADMIT_INDEX_CORP_TOKEN", "ADMIT_INDEX_CORP_TOKEN"),
            ("environment", "", "environment"),
            ("netrc", "~/.netrc line 3", "netrc"),
        ],
    )
    def test_a_variable_is_remembered_by_its_name(
        self, provider: str, detail: str, expected: str
    ) -> None:
        given = replace(credential(provider=provider), detail=detail)

        (entry,) = remember(EMPTY, source(), given, "2026-01-02").entries

        assert entry.provider == expected

    def test_another_key_hashes_otherwise(self) -> None:
        first = remember(EMPTY, source(), credential(), "d").entries[0]
        second = remember(Memory("other"), source(), credential(), "d").entries[0]

        assert first.user != second.user

    def test_forgetting(self) -> None:
        memory = remember(EMPTY, source(), credential(), "2026-01-02")

        assert forget(memory, source()).entries == ()
        assert forget(memory, source("https://h.example/")) is memory

    def test_the_error_says_what_was_and_what_to_do(self) -> None:
        memory = remember(EMPTY, source(), credential(), "2026-01-02")

        problem = problem_of(memory.entries[0], source(), "log in")

        assert problem.what == (
            "it was used with a credential from netrc on 2026-01-02, none found now; "
            "an anonymous answer could be incomplete"
        )
        assert problem.fix == (
            "log in\nif it needs none any more: "
            "`admit auth forget https://pypi.corp.example/simple/`"
        )
