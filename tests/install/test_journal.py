"""The journal: what the next command makes of an interrupted change."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from admit.install import journal as module
from admit.install.apply import apply
from admit.install.journal import (
    ForeignJournal,
    Intent,
    Journal,
    recover,
    recover_if_idle,
)
from admit.install.lock import lock_environment
from admit.install.pending import JOURNAL, has_journal
from support.killed import run_killed
from support.site import ScratchSite, snapshot
from support.wheel import build_wheel


@pytest.fixture
def old(tmp_path: Path) -> Path:
    files = {"widget/__init__.py": "old", "widget/gone/a.py": "a", "widget/same": "s"}
    scripts = {"console_scripts": {"old": "widget:main"}}
    return build_wheel(tmp_path, "widget", "1.0", files=files, entry_points=scripts)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    files = {"widget/__init__.py": "new", "widget/more/b.py": "b", "widget/same": "s"}
    scripts = {"console_scripts": {"new": "widget:main"}}
    return build_wheel(tmp_path, "widget", "2.0", files=files, entry_points=scripts)


@pytest.mark.parametrize("step", [1, 4, 7, 8, 9, 12, 15, 17, 18])
def test_kill_before_the_commit_is_rolled_back(
    step: int, tmp_path: Path, old: Path, new: Path
) -> None:
    scratch = ScratchSite(tmp_path)
    scratch.install(old)
    before = scratch.snapshot()

    assert run_killed(tmp_path, step, new)

    assert has_journal(str(scratch.site))
    assert recover(str(scratch.site)) == "rolled-back"
    assert scratch.snapshot() == before


def test_next_change_recovers_by_itself(tmp_path: Path, old: Path, new: Path) -> None:
    scratch = ScratchSite(tmp_path)
    scratch.install(old)
    plan = scratch.plan([new])
    assert run_killed(tmp_path, 9, new)

    apply(plan)

    assert (scratch.site / "widget/__init__.py").read_text() == "new"
    assert not (scratch.site / "widget/gone").exists()
    assert not has_journal(str(scratch.site))


def test_file_that_was_missing_before_is_missing_again(
    tmp_path: Path, old: Path
) -> None:
    scratch = ScratchSite(tmp_path)
    scratch.install(old)
    (scratch.site / "widget/same").unlink()
    before = scratch.snapshot()

    def fail(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(scratch.plan([old]), on_step=fail)

    assert scratch.snapshot() == before


def test_killed_uninstall_is_rolled_back(tmp_path: Path, old: Path) -> None:
    scratch = ScratchSite(tmp_path)
    scratch.install(old)
    before = scratch.snapshot()

    assert run_killed(tmp_path, 3)

    assert recover(str(scratch.site)) == "rolled-back"
    assert scratch.snapshot() == before


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of packages with an old file, a file that goes, and one that stays."""
    folder = tmp_path / "site"
    (folder / "pkg").mkdir(parents=True)
    (folder / "pkg/old.py").write_text("old")
    (folder / "goes").mkdir()
    (folder / "goes/x.py").write_text("x")
    (folder / "stays.py").write_text("stays")
    return folder


def open_journal(site: Path) -> Journal:
    intent = Intent(
        made=(f"{site}/pkg/old.py", f"{site}/fresh/new.py"),
        replaced=(f"{site}/goes/x.py", f"{site}/pkg/old.py", f"{site}/missing.py"),
        folders=(f"{site}/fresh",),
        emptied=(f"{site}/goes",),
    )
    journal = Journal(str(site), intent)
    journal.begin()
    return journal


def change(site: Path, journal: Journal) -> None:
    for number in range(3):
        journal.move_aside(number)
    (site / "fresh").mkdir()
    (site / "fresh/new.py").write_text("new")
    (site / "pkg/old.py").write_text("newer")


def test_rolling_back_may_be_interrupted_anywhere(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let every single removal, renaming and so on be the last one, then go on."""
    before = snapshot(site)
    calls = interrupted_runs(site, monkeypatch)

    assert calls > 5
    assert snapshot(site) == before


def interrupted_runs(site: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Recover again and again, each time with one system call more; count them."""

    class Killed(BaseException):
        pass

    left = 0

    def patch(name: str) -> None:
        real = getattr(os, name)

        def limited(*arguments: object, **named: object) -> object:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return real(*arguments, **named)

        monkeypatch.setattr(os, name, limited)

    journal = open_journal(site)
    change(site, journal)
    for name in ("unlink", "rename", "replace", "rmdir", "mkdir"):
        patch(name)
    for runs in range(1, 100):
        left = runs
        try:
            recover(str(site))
        except Killed:
            continue
        monkeypatch.undo()
        return runs
    raise AssertionError("it never ends")


def test_committed_change_is_finished(site: Path) -> None:
    journal = open_journal(site)
    change(site, journal)
    journal.commit()

    assert recover(str(site)) == "finished"

    assert snapshot(site) == {
        "pkg/": b"",
        "pkg/old.py": b"newer",
        "fresh/": b"",
        "fresh/new.py": b"new",
        "stays.py": b"stays",
    }
    assert recover(str(site)) == "nothing"


@pytest.mark.parametrize("leaves", [[], ["draft"]])
def test_journal_without_intent_changes_nothing(leaves: list[str], site: Path) -> None:
    before = snapshot(site)
    (site / JOURNAL).mkdir()
    for name in leaves:
        (site / JOURNAL / name).write_text("half")

    assert recover(str(site)) == "nothing"

    assert snapshot(site) == before


def test_files_on_other_file_systems_are_moved_aside_in_their_folder(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(site)
    real = os.rename

    def rename(source: str, destination: str) -> None:
        if JOURNAL in destination and JOURNAL not in source:
            raise OSError(errno.EXDEV, "Invalid cross-device link", source)
        real(source, destination)

    monkeypatch.setattr(os, "rename", rename)
    journal = open_journal(site)
    change(site, journal)
    assert (site / "goes/.admit-trash-0-x.py").exists()

    assert recover(str(site)) == "rolled-back"
    assert snapshot(site) == before

    journal = open_journal(site)
    change(site, journal)
    journal.commit()
    journal.finish()
    assert not [path for path in snapshot(site) if ".admit" in path or "goes" in path]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"admit journal 9\0", id="newer"),
        pytest.param(b"admit journal 1\0HOME\x001\x000\x000\x000\0", id="cut"),
        pytest.param(b"admit journal 1\0HOME\0x\x000\x000\x000\0", id="no-number"),
        pytest.param(b"\xff\xff", id="binary"),
    ],
)
def test_journal_that_cannot_be_read_is_left_alone(content: bytes, site: Path) -> None:
    (site / JOURNAL).mkdir()
    home = os.fsencode(f"{site}/{JOURNAL}")
    (site / JOURNAL / "intent").write_bytes(content.replace(b"HOME", home))
    before = snapshot(site)

    with pytest.raises(ForeignJournal, match="cannot be recovered"):
        recover(str(site))

    assert snapshot(site) == before


def test_journal_of_an_environment_that_was_moved_is_left_alone(site: Path) -> None:
    change(site, open_journal(site))
    moved = site.rename(site.parent / "elsewhere")

    with pytest.raises(ForeignJournal, match="cannot be recovered") as caught:
        recover(str(moved))

    assert "was moved since" in (caught.value.why or "")


def test_journal_is_found_through_another_spelling_of_the_path(site: Path) -> None:
    before = snapshot(site)
    change(site, open_journal(site))
    link = site.parent / "link"
    link.symlink_to(site)

    assert recover(str(link)) == "rolled-back"

    assert snapshot(site) == before


def test_reading_commands_do_not_disturb_a_running_change(site: Path) -> None:
    open_journal(site)

    with lock_environment(str(site)):
        assert recover_if_idle(str(site)) == "busy"

    assert recover_if_idle(str(site)) == "rolled-back"
    assert recover_if_idle(str(site)) == "nothing"


def test_who_may_not_write_does_not_recover(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_journal(site)
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    assert recover(str(site)) == "refused"
    assert recover_if_idle(str(site)) == "refused"


def test_looking_for_a_journal_is_one_system_call(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        calls.append(path)
        return real(path)

    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(module, "lock_environment", None)

    assert recover(str(site)) == "nothing"
    assert calls == [f"{site}/{JOURNAL}"]


def test_names_that_are_no_text_survive(site: Path) -> None:
    odd = os.fsencode(f"{site}/pkg/") + b"\xff\n.py"
    Path(os.fsdecode(odd)).write_text("odd")
    before = snapshot(site)
    intent = Intent((), (os.fsdecode(odd),), (), ())
    journal = Journal(str(site), intent)
    journal.begin()
    journal.move_aside(0)

    assert recover(str(site)) == "rolled-back"

    assert snapshot(site) == before


def test_files_in_use_are_left_for_the_next_change(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where a loaded library can be moved and not removed."""
    real = os.unlink

    def unlink(path: str) -> None:
        if path.endswith("/1"):
            raise PermissionError(errno.EACCES, "in use", path)
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    journal = open_journal(site)
    change(site, journal)
    journal.commit()
    journal.finish()

    assert not has_journal(str(site))
    assert (site / ".admit-trash-0/1").exists()

    monkeypatch.undo()
    module.remove_leftovers(str(site), os.listdir(site))
    assert not (site / ".admit-trash-0").exists()
