"""PyPI: its address, and its place among other indexes."""

from __future__ import annotations

import pytest
from distlib.index import DEFAULT_INDEX

from admit.auth.scope import Source
from admit.config.default_index import (
    _read_address,
    _unquote,
    complete_indexes,
    find_default_index,
)
from admit.config.settings import IndexSettings
from admit.spec.url import parse_url


def index(url: str, *, is_default: bool = False) -> IndexSettings:
    return IndexSettings(Source(parse_url(url)), "test", is_default=is_default)


CORP = index("https://pypi.corp.example/simple/")


def test_the_address_is_the_librarys() -> None:
    assert _read_address() == DEFAULT_INDEX


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        ('"https://x/"', "https://x/"),
        ("'https://x/'", "https://x/"),
        ("'https://' + HOST", None),
        ("'a' 'b'", None),
        ("r'a'", None),
        ("'a\\x62'", None),
        ("''", None),
        ("'", None),
        ("", None),
    ],
)
def test_only_a_plain_literal_is_read(literal: str, text: str | None) -> None:
    assert _unquote(literal) == text


def test_the_default_is_public_and_asked_last() -> None:
    found = complete_indexes([CORP], has_default=False)

    assert found == (CORP, find_default_index())
    assert found[1].source.is_public


def test_another_default_takes_its_place() -> None:
    main = index("https://main.example/simple/", is_default=True)

    assert complete_indexes([CORP, main], has_default=True) == (CORP, main)


def test_naming_it_makes_it_public_and_last() -> None:
    named = index(str(find_default_index().source.url).rstrip("/"))
    main = index("https://main.example/simple/", is_default=True)

    found = complete_indexes([named, CORP, main], has_default=True)

    assert [each.source.is_public for each in found] == [False, False, True]
    assert found[2].source.url == named.source.url


def test_naming_it_does_not_ask_it_twice() -> None:
    named = index(str(find_default_index().source.url))

    assert len(complete_indexes([named, CORP], has_default=False)) == 2
