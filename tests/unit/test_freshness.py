"""When a stored page may be used without asking."""

from __future__ import annotations

import pytest

from admit.cache.freshness import (
    Directives,
    is_fresh,
    lifetime_of,
    parse_cache_control,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Directives(), id="nothing"),
        pytest.param("max-age=600, public", Directives(max_age=600), id="PyPI's"),
        pytest.param("Max-Age=5", Directives(max_age=5), id="upper case"),
        pytest.param('max-age="5"', Directives(max_age=5), id="quoted"),
        pytest.param("max-age=5, max-age=9", Directives(max_age=5), id="the shorter"),
        pytest.param("max-age=-1", Directives(max_age=0), id="negative"),
        pytest.param("max-age=x", Directives(max_age=0), id="no number"),
        pytest.param("max-age", Directives(max_age=0), id="no value"),
        pytest.param("no-store", Directives(may_store=False), id="no-store"),
        pytest.param("no-cache", Directives(must_ask=True), id="no-cache"),
        pytest.param(
            "private, no-cache='set-cookie'", Directives(must_ask=True), id="a field"
        ),
        pytest.param("immutable,,s-maxage=7", Directives(), id="others"),
        pytest.param(
            "max-age=" + "9" * 5000, Directives(max_age=10 * 365 * 86400), id="huge"
        ),
    ],
)
def test_cache_control_is_read(text: str, expected: Directives) -> None:
    assert parse_cache_control(text) == expected


@pytest.mark.parametrize(
    ("cache_control", "age", "expected"),
    [
        pytest.param(None, None, 0, id="nothing said: ask"),
        pytest.param("max-age=600", None, 600, id="max-age"),
        pytest.param("max-age=600", "100", 500, id="less its age"),
        pytest.param("max-age=600", "700", 0, id="older than that"),
        pytest.param("max-age=600", "x", 600, id="a broken age"),
        pytest.param("max-age=600, no-cache", None, 0, id="no-cache"),
        pytest.param("max-age=600, no-store", None, 0, id="no-store"),
    ],
)
def test_a_server_grants_a_lifetime(
    cache_control: str | None, age: str | None, expected: int
) -> None:
    assert lifetime_of(cache_control, age) == expected


@pytest.mark.parametrize(
    ("elapsed", "lifetime", "is_public", "own_rule", "expected"),
    [
        pytest.param(5, 10, True, None, True, id="public, young"),
        pytest.param(10, 10, True, None, False, id="public, as old as granted"),
        pytest.param(0, 0, True, None, False, id="public, nothing granted"),
        pytest.param(0, 10**6, False, None, False, id="not public: always ask"),
        pytest.param(5, 0, False, "max-age=10", True, id="own rule relaxes"),
        pytest.param(15, 100, False, "max-age=10", False, id="own rule, older"),
        pytest.param(10, 100, False, "max-age=10", False, id="own rule, as old"),
        pytest.param(5, 100, True, "no-cache", False, id="own rule shortens"),
        pytest.param(5, 100, True, "", False, id="own rule without an age"),
        pytest.param(-1, 100, True, None, False, id="the clock was set back"),
        pytest.param(-1, 100, True, "max-age=10", False, id="the clock, own rule"),
    ],
)
def test_freshness(
    elapsed: float, lifetime: int, is_public: bool, own_rule: str | None, expected: bool
) -> None:
    fresh = is_fresh(elapsed, lifetime, is_public=is_public, own_rule=own_rule)

    assert fresh is expected
