"""The file of remembered sources: what a run leaves in it, and what it forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.scope import Source
from admit.auth.sources.memory_file import FILE, MemoryFile
from admit.auth.sources.private_file import CannotWritePrivately
from admit.spec.url import parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from pathlib import Path

CORP = Source(parse_url("https://pypi.corp.example/simple/"), "corp")
OTHER = Source(parse_url("https://other.example/simple/"))
ALICE = credential("alice")
BOB = credential("bob")


def urls(folder: Path) -> list[str]:
    return [each.url for each in MemoryFile(str(folder)).entries()]


@pytest.mark.pain("A10")
def test_a_source_that_accepted_a_credential_is_a_problem_without_one(
    tmp_path: Path,
) -> None:
    assert MemoryFile(str(tmp_path)).update([(CORP, ALICE)], []) is None

    problem = MemoryFile(str(tmp_path))(CORP)

    assert problem is not None
    assert "was used with a credential from netrc" in problem.what
    assert "admit auth login" in (problem.fix or "")
    assert MemoryFile(str(tmp_path))(OTHER) is None


def test_a_direct_url_is_asked_as_it_is(tmp_path: Path) -> None:
    MemoryFile(str(tmp_path)).update([(CORP, ALICE)], [])

    assert MemoryFile(str(tmp_path))(Source(CORP.url, kind="direct")) is None


def test_every_run_adds_to_what_others_left(tmp_path: Path) -> None:
    early, late = MemoryFile(str(tmp_path)), MemoryFile(str(tmp_path))
    early.entries()
    late.update([(CORP, ALICE)], [])

    early.update([(OTHER, BOB)], [])

    assert urls(tmp_path) == [CORP.url.key, OTHER.url.key]
    assert [each.url for each in early.entries()] == urls(tmp_path)


def test_what_is_known_so_is_not_written_again(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))
    memory.update([(CORP, ALICE)], [])
    before = (tmp_path / FILE).stat().st_ino

    memory.update([(CORP, ALICE)], [OTHER])

    assert (tmp_path / FILE).stat().st_ino == before


@pytest.mark.parametrize("settled", [[], [CORP]])
def test_nothing_to_remember_makes_no_file(
    settled: list[Source], tmp_path: Path
) -> None:
    MemoryFile(str(tmp_path)).update([], settled)

    assert list(tmp_path.iterdir()) == []


def test_a_source_that_is_to_go_without_is_forgotten(tmp_path: Path) -> None:
    MemoryFile(str(tmp_path)).update([(CORP, ALICE), (OTHER, BOB)], [])

    MemoryFile(str(tmp_path)).update([], [CORP])

    assert urls(tmp_path) == [OTHER.url.key]


def test_both_at_once_leave_nothing(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))

    memory.update([(CORP, ALICE)], [CORP])

    assert urls(tmp_path) == []


def test_forgetting_tells_whether_there_was_anything(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))
    memory.update([(CORP, ALICE), (OTHER, BOB)], [])

    assert [memory.forget(CORP), memory.forget(CORP)] == [True, False]
    assert urls(tmp_path) == [OTHER.url.key]


def test_forgetting_what_another_run_has_forgotten_is_no_error(
    tmp_path: Path,
) -> None:
    memory = MemoryFile(str(tmp_path))
    memory.update([(CORP, ALICE)], [])
    memory.entries()
    (tmp_path / FILE).unlink()

    assert memory.forget(CORP) is True
    assert urls(tmp_path) == []


def test_hashes_of_one_file_have_one_key(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))
    memory.update([(CORP, ALICE)], [])
    memory.update([(OTHER, ALICE)], [])

    first, second = memory.entries()

    assert first.user == second.user


@pytest.mark.parametrize(
    "body", [b"something else", b"\xff", b""], ids=["strange", "bytes", "empty"]
)
def test_a_file_that_is_none_of_ours_is_as_good_as_none(
    body: bytes, tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(body)

    assert MemoryFile(str(tmp_path)).entries() == ()


@pytest.mark.parametrize(
    ("body", "expected"), [(b"something else", [CORP.url.key]), (b"\xff", [])]
)
def test_what_is_text_there_is_replaced(
    body: bytes, expected: list[str], tmp_path: Path
) -> None:
    (tmp_path / FILE).write_bytes(body)

    failure = MemoryFile(str(tmp_path)).update([(CORP, ALICE)], [])

    assert (failure is None) is bool(expected)
    assert urls(tmp_path) == expected


def test_a_folder_that_refuses_is_told_of_and_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = MemoryFile(str(tmp_path / "file" / "state"))

    failure = memory.update([(CORP, ALICE)], [])

    assert failure is not None
    assert failure.startswith("cannot remember sources in ")


def test_forgetting_where_nothing_may_be_written_is_an_error(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))
    memory.update([(CORP, ALICE)], [])
    memory.entries()
    (tmp_path / f"{FILE}.lock").unlink()
    (tmp_path / f"{FILE}.lock").mkdir()

    with pytest.raises(CannotWritePrivately):
        memory.forget(CORP)


def test_it_is_read_once(tmp_path: Path) -> None:
    memory = MemoryFile(str(tmp_path))
    assert memory.entries() == ()

    MemoryFile(str(tmp_path)).update([(CORP, ALICE)], [])

    assert memory.entries() == ()
