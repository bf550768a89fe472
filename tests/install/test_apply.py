"""Applying plans: what is there afterwards, and that failures leave no trace."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.env.installed import scan
from admit.install.apply import CannotChange, EnvironmentChanged, apply
from admit.install.lock import EnvironmentBusy, lock_environment
from admit.install.pending import JOURNAL
from admit.install.place import CacheDamaged, Placer, copy_file
from admit.install.plan import FileCollision
from support.site import ScratchSite
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def scratch(tmp_path: Path) -> ScratchSite:
    return ScratchSite(tmp_path)


def installed(scratch: ScratchSite) -> list[tuple[str, str]]:
    found = scan([str(scratch.site)])
    assert found.problems == ()
    return [(each.name, each.version) for each in found.distributions]


@pytest.fixture
def widget(tmp_path: Path) -> Path:
    return build_wheel(
        tmp_path,
        "widget",
        "1.0",
        files={"widget/__init__.py": "one = 1\n", "widget/old/deep.py": ""},
        data={"data/share/doc/widget.txt": "d", "headers/w.h": "h"},
        entry_points={"console_scripts": {"widget": "widget:main"}},
    )


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return build_wheel(
        tmp_path,
        "widget",
        "2.0",
        files={"widget/__init__.py": "two = 2\n", "widget/new/deep.py": ""},
        entry_points={"console_scripts": {"widget2": "widget:main"}},
    )


def test_every_file_stands_where_record_says(
    scratch: ScratchSite, widget: Path
) -> None:
    scratch.install(widget)

    found = scratch.snapshot()
    info = "lib/python3.12/site-packages/widget-1.0.dist-info"
    rows = found[f"{info}/RECORD"].decode().splitlines()
    paths = {
        os.path.relpath(scratch.site / row.split(",")[0], scratch.prefix)
        for row in rows
    }
    assert paths == {path for path in found if not path.endswith("/")}
    assert os.access(scratch.prefix / "bin/widget", os.X_OK)


def test_installing_and_uninstalling_leaves_the_tree_as_it_was(
    scratch: ScratchSite, widget: Path, tmp_path: Path
) -> None:
    scratch.install(build_wheel(tmp_path, "other", "1.0", data={"data/share/x": ""}))
    before = scratch.snapshot()

    scratch.install(widget)
    scratch.uninstall("widget")

    assert scratch.snapshot() == before


def test_compiled_files_go_with_their_modules(
    scratch: ScratchSite, widget: Path
) -> None:
    scratch.install(widget)
    cache = scratch.site / "widget/__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-312.pyc").touch()
    (cache / "__init__.cpython-312.opt-1.pyc").touch()

    scratch.uninstall("widget")

    assert not (scratch.site / "widget").exists()


def test_files_nobody_recorded_stay(scratch: ScratchSite, widget: Path) -> None:
    scratch.install(widget)
    notes = scratch.site / "widget/notes.txt"
    notes.write_text("mine")

    scratch.uninstall("widget")

    assert notes.read_text() == "mine"
    assert not (scratch.site / "widget/old").exists()


def test_upgrade_replaces_and_removes(
    scratch: ScratchSite, widget: Path, newer: Path
) -> None:
    scratch.install(widget)

    applied = scratch.install(newer)

    assert installed(scratch) == [("widget", "2.0")]
    assert applied.overwritten == ()
    assert (scratch.site / "widget/__init__.py").read_text() == "two = 2\n"
    assert not (scratch.site / "widget/old").exists()
    assert not (scratch.prefix / "bin/widget").exists()
    assert not (scratch.prefix / "share").exists()


def test_reinstalling_repairs_what_was_deleted(
    scratch: ScratchSite, widget: Path
) -> None:
    scratch.install(widget)
    before = scratch.snapshot()
    (scratch.site / "widget/__init__.py").unlink()

    scratch.install(widget)

    assert scratch.snapshot() == before


def test_folder_may_become_a_file_and_a_file_a_folder(
    scratch: ScratchSite, tmp_path: Path
) -> None:
    folder = build_wheel(
        tmp_path, "w", "1.0", files={"w/thing/deep/a.py": "", "w/other": ""}
    )
    file = build_wheel(
        tmp_path, "w", "2.0", files={"w/thing": "t", "w/other/deep/b.py": ""}
    )

    scratch.install(folder)
    first = scratch.snapshot()
    scratch.install(file)
    second = (scratch.site / "w/thing").read_text()
    scratch.install(folder)

    assert second == "t"
    assert scratch.snapshot() == first


def test_unowned_file_in_the_way_is_replaced_and_told(
    scratch: ScratchSite, widget: Path
) -> None:
    stray = scratch.site / "widget/__init__.py"
    stray.parent.mkdir(parents=True)
    stray.write_text("stray")

    applied = scratch.install(widget)

    assert applied.overwritten == (str(stray),)
    assert stray.read_text() == "one = 1\n"


def test_unowned_folder_in_the_way_is_refused(
    scratch: ScratchSite, widget: Path
) -> None:
    (scratch.site / "widget/__init__.py").mkdir(parents=True)
    before = scratch.snapshot()

    with pytest.raises(FileCollision, match="a folder stands where a file has to go"):
        scratch.install(widget)

    assert scratch.snapshot() == before


def test_unowned_file_where_a_folder_has_to_go_is_refused(
    scratch: ScratchSite, widget: Path
) -> None:
    scratch.site.mkdir(parents=True)
    (scratch.site / "widget").write_text("stray")
    before = scratch.snapshot()

    with pytest.raises(FileCollision, match="a file stands where a folder has to go"):
        scratch.install(widget)

    assert scratch.snapshot() == before


def test_plan_that_no_longer_fits_is_refused(
    scratch: ScratchSite, widget: Path, newer: Path
) -> None:
    plan = scratch.plan([newer])
    scratch.install(widget)
    before = scratch.snapshot()

    with pytest.raises(EnvironmentChanged, match=r"widget 1\.0 was installed"):
        apply(plan)

    assert scratch.snapshot() == before


@pytest.mark.parametrize("failing", [0, 1, 5, 9, 14, 18])
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full"), RuntimeError()]
)
def test_failure_at_any_step_leaves_the_old_state(
    scratch: ScratchSite,
    widget: Path,
    newer: Path,
    failing: int,
    error: BaseException,
) -> None:
    scratch.install(widget)
    before = scratch.snapshot()
    steps = 0

    def fail(done: int, total: int) -> None:
        nonlocal steps
        steps = total
        if done == min(failing + 1, total):
            raise error

    plan = scratch.plan([newer])
    with pytest.raises((KeyboardInterrupt, CannotChange, RuntimeError)):
        apply(plan, on_step=fail)

    assert steps > 14
    assert scratch.snapshot() == before


def test_full_disk_leaves_the_old_state(
    scratch: ScratchSite, widget: Path, tmp_path: Path
) -> None:
    """A limit on file sizes stands for the full disk; RLIMIT needs a child."""
    big = build_wheel(tmp_path, "big", "1.0", files={"big.bin": os.urandom(300_000)})
    scratch.install(widget)
    scratch.unpack(big)
    before = scratch.snapshot()
    script = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from support.site import ScratchSite\n"
        "from admit.errors import AdmitError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    ScratchSite(Path(sys.argv[1])).install(Path(sys.argv[2]),"
        " link_mode='copy')\n"
        "except AdmitError as error:\n"
        "    print(error.what, '|', error.why)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, scratch.root, big],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": "tests"},
    )

    assert "it is as it was | File too large: " in done.stdout, done.stderr
    assert scratch.snapshot() == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100_000


@pytest.fixture
def ordinary_user(tmp_path: Path) -> Iterator[None]:
    """Be somebody who may not write everywhere, if this process is root's."""
    if os.geteuid() != 0:
        yield
        return
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == 0 and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("mode", [0o555, 0o755], ids=["nobody-may-write", "not-ours"])
def test_read_only_environment_is_told(
    mode: int, scratch: ScratchSite, widget: Path, request: pytest.FixtureRequest
) -> None:
    scratch.install(widget)
    plan = scratch.plan(remove=["widget"])
    before = scratch.snapshot()
    if os.geteuid() != 0 and mode == 0o755:
        pytest.skip("a folder of another owner needs root")
    scratch.site.chmod(mode)
    request.getfixturevalue("ordinary_user")

    with pytest.raises(CannotChange, match="it is as it was") as caught:
        apply(plan)

    assert "Permission denied" in (caught.value.why or "")
    assert scratch.snapshot() == before


def test_folder_that_record_names_stays(scratch: ScratchSite, widget: Path) -> None:
    scratch.install(widget)
    record = scratch.site / "widget-1.0.dist-info/RECORD"
    record.write_text(record.read_text() + "widget,,\n")
    (scratch.site / "widget/notes.txt").write_text("mine")

    scratch.uninstall("widget")

    assert (scratch.site / "widget/notes.txt").read_text() == "mine"
    assert installed(scratch) == []


def test_folders_below_the_dist_info_go_and_come_back(
    scratch: ScratchSite, tmp_path: Path
) -> None:
    files = {"w.py": "", "w-1.0.dist-info/licenses/deep/MIT": "free"}
    wheel = build_wheel(tmp_path, "w", "1.0", files=files)
    empty = scratch.snapshot()
    scratch.install(wheel)
    before = scratch.snapshot()

    def fail(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        apply(scratch.plan(remove=["w"]), on_step=fail)
    after_failure = scratch.snapshot()
    scratch.uninstall("w")

    assert after_failure == before
    assert set(scratch.snapshot()) - set(empty) == {
        "lib/",
        "lib/python3.12/",
        "lib/python3.12/site-packages/",
    }


def test_environment_below_a_file_is_told(scratch: ScratchSite, widget: Path) -> None:
    scratch.prefix.joinpath("lib").write_text("a file")

    with pytest.raises(CannotChange, match="it is as it was") as caught:
        scratch.install(widget)

    assert "Not a directory" in (caught.value.why or "")


def test_file_that_the_cache_lost_is_told_and_nothing_changes(
    scratch: ScratchSite, widget: Path
) -> None:
    plan = scratch.plan([widget])
    scratch.install()
    before = scratch.snapshot()
    Path(plan.links[2].source).unlink()

    with pytest.raises(CacheDamaged, match="the cache has lost the file"):
        apply(plan)

    assert scratch.snapshot() == before


@pytest.mark.parametrize("mode", ["hardlink", "copy", "symlink", "auto", "move"])
def test_link_modes_make_the_same_files(
    mode: str, scratch: ScratchSite, widget: Path, tmp_path: Path
) -> None:
    reference = ScratchSite(tmp_path / "reference")
    reference.install(widget, link_mode="copy")

    applied = scratch.install(widget, link_mode=mode)  # type: ignore[arg-type]  # from the list above

    skipped = ("RECORD", "bin/widget")  # they name the environment's own folder
    ours = {k: v for k, v in scratch.snapshot().items() if not k.endswith(skipped)}
    theirs = {k: v for k, v in reference.snapshot().items() if not k.endswith(skipped)}
    assert ours == theirs
    assert applied.warnings == ()
    link = scratch.site / "widget/__init__.py"
    assert link.is_symlink() == (mode == "symlink")
    if mode == "hardlink":
        assert link.stat().st_nlink == 2
    if mode == "copy":
        assert link.stat().st_nlink == 1


def test_copying_is_the_way_out_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, destination: str) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link", source)

    monkeypatch.setattr(os, "link", refuse)
    placer = Placer("hardlink")
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        placer.place(str(tmp_path / name), str(tmp_path / f"{name}2"))

    assert (tmp_path / "b2").read_text() == "b"
    assert placer.mode == "copy"
    assert placer.warnings == [
        "files are copied: hardlink is impossible here (Invalid cross-device link); "
        "a cache on the environment's file system is faster"
    ]


def test_file_with_too_many_links_is_copied_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, destination: str) -> None:
        raise OSError(errno.EMLINK, "Too many links", source)

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a").write_text("a")
    placer = Placer("hardlink")

    placer.place(str(tmp_path / "a"), str(tmp_path / "b"))

    assert (tmp_path / "b").read_text() == "a"
    assert (placer.mode, placer.warnings) == ("hardlink", [])


def test_copy_keeps_content_and_permission(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(3_000_000))
    source.chmod(0o755)

    copy_file(str(source), str(tmp_path / "copy"))

    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert os.access(tmp_path / "copy", os.X_OK)


def test_second_process_waits_for_the_lock_and_says_so(tmp_path: Path) -> None:
    told = threading.Event()
    released = threading.Event()

    def wait() -> None:
        with lock_environment(str(tmp_path), on_wait=told.set):
            assert released.is_set()

    with lock_environment(str(tmp_path)):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert told.wait(10)
        released.set()
    waiter.join(10)

    assert not waiter.is_alive()
    assert list(tmp_path.iterdir()) == []


def test_who_may_not_wait_is_refused(tmp_path: Path) -> None:
    with (
        lock_environment(str(tmp_path)),
        pytest.raises(EnvironmentBusy, match="another process"),
        lock_environment(str(tmp_path), may_wait=False),
    ):
        pass


def test_lock_falls_back_to_a_file_where_folders_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EBADF, "Bad file descriptor")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        lock_environment(str(tmp_path)),
        pytest.raises(EnvironmentBusy),
        lock_environment(str(tmp_path), may_wait=False),
    ):
        pass

    assert [path.name for path in tmp_path.iterdir()] == [".admit.lock"]


def test_steps_are_counted_to_the_end(scratch: ScratchSite, widget: Path) -> None:
    seen: list[tuple[int, int]] = []

    apply(
        scratch.plan([widget]), on_step=lambda done, total: seen.append((done, total))
    )

    total = len(seen)
    assert seen == [(number + 1, total) for number in range(total)]
    assert not (scratch.site / JOURNAL).exists()


def test_two_processes_install_one_after_the_other(
    scratch: ScratchSite, widget: Path, newer: Path
) -> None:
    """Both plan for an empty environment; only one may win."""
    plans = [scratch.plan([widget]), scratch.plan([newer])]
    outcomes: list[str] = []

    def run(number: int) -> None:
        try:
            apply(plans[number], on_step=lambda *_: time.sleep(0.002))
            outcomes.append("done")
        except EnvironmentChanged:
            outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["done", "refused"]
    assert len(installed(scratch)) == 1
