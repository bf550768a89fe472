"""`--exclude-newer`: what people write, made into one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from admit.config.cutoff import InvalidCutoff, parse_cutoff

NOW = datetime(2024, 6, 10, 12, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-05-01", "2024-05-02T00:00:00", id="a date is its whole day"),
        pytest.param("2024-05-01T08:00:00Z", "2024-05-01T08:00:00", id="UTC"),
        pytest.param("2024-05-01T08:00:00+02:00", "2024-05-01T06:00:00", id="a zone"),
        pytest.param("2024-05-01T08:00:00", "2024-05-01T08:00:00", id="no zone"),
        pytest.param("7 days", "2024-06-03T12:30:00", id="days"),
        pytest.param("1 week", "2024-06-03T12:30:00", id="a week"),
        pytest.param("24 hours ago", "2024-06-09T12:30:00", id="ago"),
        pytest.param("90m", "2024-06-10T11:00:00", id="short"),
        pytest.param("P7D", "2024-06-03T12:30:00", id="ISO days"),
        pytest.param("P1DT30M", "2024-06-09T12:00:00", id="ISO days and minutes"),
    ],
)
def test_dates_times_and_ages_are_moments(text: str, expected: str) -> None:
    assert parse_cutoff(text, "--exclude-newer", NOW) == expected


def test_a_date_is_a_day_where_this_machine_is() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=9)))

    assert parse_cutoff("2024-05-01", "-", there) == "2024-05-01T15:00:00"


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13-01", "P", "PT", "7", "7 moons", "9999999999999 days"]
)
def test_what_is_none_of_them_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidCutoff, match="ADMIT_EXCLUDE_NEWER"):
        parse_cutoff(text, "ADMIT_EXCLUDE_NEWER", NOW)
