"""Secrets that are handed over: for whom, and what a mistake is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources.given import Gifts, parse_gift
from admit.auth.sources.place import Question, Unusable
from admit.errors import UsageError
from admit.spec.url import parse_url

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "https://pypi.corp.example/simple/"
CORP = Source(parse_url(INDEX), name="corp")


def fix_of(text: str, cwd: str, channel: str = "--credential-file") -> str | None:
    """What to do, where nothing can be had for the index corp."""
    gift = parse_gift(channel, text)  # type: ignore[arg-type]  # a parameter of tests
    answer = Gifts([gift], {}, cwd).ask(Question(Query(CORP, CORP.url), None))
    assert isinstance(answer, Unusable)
    return answer.problem.fix


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("corp=secret", None),
        ("alice@corp=secret", "alice"),
        ("alice@corp.example@corp=secret", "alice@corp.example"),
        (f"{INDEX}=secret", None),
        (f"alice@{INDEX}=secret", "alice"),
        (f"alice@corp.example@{INDEX}=secret", "alice@corp.example"),
        ("https://alice@pypi.corp.example/simple/=secret", "alice"),
    ],
)
def test_the_user_stands_before_the_source_or_in_the_url(
    text: str, user: str | None
) -> None:
    gift = parse_gift("--credential-file", text)

    assert gift.is_for(CORP)
    assert gift.username == user
    assert gift.where == "secret"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("corp=secret", "--credential-file USER@corp=secret"),
        (f"{INDEX}=secret", f"--credential-file USER@{INDEX}=secret"),
    ],
)
def test_without_a_user_the_whole_option_is_shown(
    text: str, line: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("s3cret\n")

    assert (fix_of(text, str(tmp_path)) or "").startswith(
        f"write it before the source: `{line}`\n"
    )


def test_a_descriptor_that_is_not_open_is_told_how(tmp_path: Path) -> None:
    fix = fix_of("alice@corp=999", str(tmp_path), "--credential-fd")

    assert fix == (
        "open it for admit: `admit … --credential-fd alice@corp=999 999< FILE`"
    )


def test_half_an_option_is_told_with_an_example() -> None:
    with pytest.raises(UsageError) as caught:
        parse_gift("--credential-fd", "corp")

    assert caught.value.fix == "write for instance `--credential-fd alice@corp=3`"
