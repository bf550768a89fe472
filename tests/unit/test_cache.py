"""The cache folder: what is kept, what is not, and what happens when it breaks."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from admit.cache.store import Cache, PageEntry, Shelf, fingerprint
from admit.value import replace

ENTRY = PageEntry(
    url="https://host.example/simple/a/",
    content_type="text/html",
    body_hash="ab",
    etag='"tag"',
    last_modified="Sun, 22 Nov 2026 10:00:00 GMT",
    lifetime=600,
    is_redirected=False,
    content=b"<html>",
)
SOURCE = "https://host.example/simple"
SHA = "ab" * 32

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
not_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere"
)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def open_cache(root: Path | None, **options: object) -> tuple[Cache, list[str]]:
    warnings: list[str] = []
    cache = Cache(str(root) if root else None, warnings.append, **options)  # type: ignore[arg-type]  # tests' options
    return cache, warnings


def shelf_of(cache: Cache, identity: str = "anonymous") -> Shelf:
    return cache.shelf(SOURCE, identity, "text/html")


def files(root: Path) -> list[Path]:
    return [each for each in root.rglob("*") if each.is_file()]


def without_time(entry: PageEntry | None) -> PageEntry | None:
    return replace(entry, elapsed=0.0) if entry is not None else None


def test_a_page_is_kept_for_the_next_run(tmp_path: Path) -> None:
    shelf_of(open_cache(tmp_path / "c")[0]).write_page("a", ENTRY)

    again = shelf_of(open_cache(tmp_path / "c")[0])

    assert without_time(again.read_page("a")) == ENTRY
    assert again.read_page("b") is None


def test_a_digest_belongs_to_its_target(tmp_path: Path) -> None:
    shelf = shelf_of(open_cache(tmp_path / "c")[0])

    shelf.write_digest("a", "one", ENTRY)

    assert without_time(shelf.read_digest("a", "one")) == ENTRY
    assert shelf.read_digest("a", "two") is None
    assert shelf.read_page("a") is None


@pytest.mark.parametrize(
    ("source", "identity", "accept"),
    [
        pytest.param(SOURCE, "alice", "text/html", id="another identity"),
        pytest.param(SOURCE + "2", "anonymous", "text/html", id="another source"),
        pytest.param(SOURCE, "anonymous", "text/json", id="another Accept"),
    ],
)
def test_entries_are_keyed_by_source_identity_and_accept(
    tmp_path: Path, source: str, identity: str, accept: str
) -> None:
    cache, _ = open_cache(tmp_path / "c")
    shelf_of(cache).write_page("a", ENTRY)
    shelf_of(cache).write_metadata("m", b"metadata")

    other = cache.shelf(source, identity, accept)

    assert other.read_page("a") is None
    assert other.read_metadata("a", "m") is None


def test_validators_are_what_the_server_gave() -> None:
    assert ENTRY.validators == (
        ("if-none-match", '"tag"'),
        ("if-modified-since", "Sun, 22 Nov 2026 10:00:00 GMT"),
    )
    assert replace(ENTRY, etag=None, last_modified=None).validators == ()


def test_time_runs_from_the_last_confirmation(tmp_path: Path) -> None:
    cache, _ = open_cache(tmp_path / "c")
    shelf = shelf_of(cache)
    shelf.write_digest("a", "t", ENTRY)
    place = next(each for each in files(tmp_path / "c") if each.name == "t-a")
    os.utime(place, (1000, 1000))

    before = shelf.read_digest("a", "t")
    shelf.confirm("a", "t")
    after = shelf.read_digest("a", "t")

    assert before is not None
    assert after is not None
    assert before.elapsed > 10**8
    assert -1 < after.elapsed < 60


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, True, id="usual"),
        pytest.param({"refresh": True}, False, id="refresh"),
        pytest.param({"refresh_only": frozenset({"a"})}, False, id="this project"),
        pytest.param({"refresh_only": frozenset({"b"})}, True, id="another project"),
    ],
)
def test_a_refresh_believes_nothing_without_asking(
    tmp_path: Path, options: dict[str, object], expected: bool
) -> None:
    shelf = shelf_of(open_cache(tmp_path / "c", **options)[0])
    shelf.write_metadata("m", b"metadata")

    assert shelf.is_fresh("a", ENTRY, is_public=True, own_rule=None) is expected
    assert (shelf.read_metadata("a", "m") is not None) is expected


def test_metadata_is_kept_by_its_hash(tmp_path: Path) -> None:
    open_cache(tmp_path / "c")[0].write_metadata(SHA, b"metadata")

    again, _ = open_cache(tmp_path / "c")

    assert again.read_metadata(SHA) == b"metadata"
    assert again.read_metadata("cd" * 32) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[:-1], id="cut"),
        pytest.param(lambda content: content + b"x", id="longer"),
        pytest.param(lambda content: b"xxxx" + content[4:], id="checksum"),
        pytest.param(lambda content: content.replace(b"html", b"HTML"), id="changed"),
        pytest.param(lambda content: os.urandom(100), id="foreign"),
    ],
)
def test_damaged_entries_are_not_there(tmp_path: Path, damage: object) -> None:
    cache, warnings = open_cache(tmp_path / "c")
    shelf = shelf_of(cache)
    shelf.write_page("a", ENTRY)
    shelf.write_metadata("m", b"<html>")
    cache.write_metadata(SHA, b"<html>")
    assert callable(damage)
    for each in files(tmp_path / "c"):
        each.write_bytes(damage(each.read_bytes()))

    assert shelf.read_page("a") is None
    assert shelf.read_metadata("a", "m") is None
    assert cache.read_metadata(SHA) is None
    assert warnings == []


def test_an_entry_in_the_place_of_another_is_not_there(tmp_path: Path) -> None:
    cache, _ = open_cache(tmp_path / "c")
    shelf_of(cache, "alice").write_page("a", ENTRY)
    shelf_of(cache).write_page("b", ENTRY)
    (place,) = (each.parent for each in files(tmp_path / "c") if each.name == "page-b")
    (secret,) = (each for each in files(tmp_path / "c") if each.name == "page-a")

    secret.rename(place / "page-a")

    assert shelf_of(cache).read_page("a") is None


def test_a_folder_in_the_place_of_an_entry_is_no_entry(tmp_path: Path) -> None:
    cache, _ = open_cache(tmp_path / "c")
    shelf = shelf_of(cache)
    shelf.write_page("b", ENTRY)
    folder = next(each for each in files(tmp_path / "c") if each.name == "page-b")
    (folder.parent / "page-a").mkdir()

    assert shelf.read_page("a") is None


def test_long_names_are_shortened(tmp_path: Path) -> None:
    shelf = shelf_of(open_cache(tmp_path / "c")[0])

    shelf.write_page("a" * 5000, ENTRY)

    assert without_time(shelf.read_page("a" * 5000)) == ENTRY
    assert shelf.read_page("a" * 5001) is None


@posix_only
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir(mode=0o755)

    cache, _ = open_cache(tmp_path / "c")
    shelf_of(cache).write_page("a", ENTRY)
    cache.identity_key()

    modes = {stat.S_IMODE(each.stat().st_mode) for each in files(tmp_path / "c")}
    folders = [tmp_path / "c", *(p for p in (tmp_path / "c").rglob("*") if p.is_dir())]
    assert modes == {0o600}
    assert {stat.S_IMODE(each.stat().st_mode) for each in folders} == {0o700}


def test_backups_and_sweepers_are_told_what_it_is(tmp_path: Path) -> None:
    open_cache(tmp_path / "deep" / "c")

    tag = (tmp_path / "deep" / "c" / "CACHEDIR.TAG").read_bytes()

    assert tag.startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_folder_of_ours_is_marked_whoever_made_it_and_no_other_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "ours" / "interpreters").mkdir(parents=True)
    (tmp_path / "theirs" / "photos").mkdir(parents=True)

    open_cache(tmp_path / "ours")
    open_cache(tmp_path / "theirs")

    assert (tmp_path / "ours" / "CACHEDIR.TAG").is_file()
    assert not (tmp_path / "theirs" / "CACHEDIR.TAG").exists()


def test_the_identity_key_stays_the_same(tmp_path: Path) -> None:
    first = open_cache(tmp_path / "c")[0].identity_key()

    assert len(first) == 32
    assert open_cache(tmp_path / "c")[0].identity_key() == first
    assert open_cache(tmp_path / "d")[0].identity_key() != first


def test_a_broken_identity_key_is_made_anew(tmp_path: Path) -> None:
    cache, _ = open_cache(tmp_path / "c")
    (tmp_path / "c" / "identity-key").write_bytes(b"short")

    assert len(cache.identity_key()) == 32
    assert open_cache(tmp_path / "c")[0].identity_key() == cache.identity_key()


class TestWithoutACache:
    def test_nothing_is_read_or_written(self) -> None:
        cache, warnings = open_cache(None)
        shelf = shelf_of(cache)
        shelf.write_page("a", ENTRY)
        shelf.write_metadata("m", b"metadata")
        cache.write_metadata(SHA, b"metadata")
        shelf.confirm("a", "t")

        assert cache.root is None
        assert shelf.read_page("a") is None
        assert shelf.read_metadata("a", "m") is None
        assert cache.read_metadata(SHA) is None
        assert cache.identity_key() != cache.identity_key()
        assert warnings == []

    def test_files_lie_in_a_folder_that_goes_with_the_run(self) -> None:
        cache, _ = open_cache(None)
        scratch = Path(cache.scratch("a.whl"))
        place = Path(cache.archive_place(SHA))
        scratch.write_bytes(b"wheel")
        place.mkdir()

        cache.close()

        assert not scratch.parent.exists()
        assert not place.parent.exists()


class TestFiles:
    def test_a_scratch_file_has_its_own_folder(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")

        one, two = Path(cache.scratch("a.whl")), Path(cache.scratch("../a.whl"))

        assert one != two
        assert (one.name, two.name) == ("a.whl", "a.whl")
        assert one.parent.parent == two.parent.parent == tmp_path / "c" / "partial"

    def test_a_discarded_file_leaves_nothing(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")
        written, unwritten = Path(cache.scratch("a.whl")), Path(cache.scratch("b.whl"))
        written.write_bytes(b"wheel")

        cache.discard(str(written))
        cache.discard(str(unwritten))
        cache.discard(str(unwritten))

        assert list((tmp_path / "c" / "partial").iterdir()) == []

    def test_a_discarded_file_elsewhere_leaves_its_folder(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "a.whl").write_bytes(b"wheel")

        cache.discard(str(tmp_path / "mine" / "a.whl"))

        assert list((tmp_path / "mine").iterdir()) == []

    def test_an_archive_has_one_place(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")

        place = Path(cache.archive_place(SHA))

        assert place == Path(cache.archive_place(SHA))
        assert place.parent.is_dir()
        assert not place.exists()
        assert place.name == SHA

    @pytest.mark.parametrize("is_kept", [True, False])
    def test_looking_for_an_archive_makes_nothing(
        self, tmp_path: Path, is_kept: bool
    ) -> None:
        cache, _ = open_cache(tmp_path / "c" if is_kept else None)

        assert cache.find_archive(SHA) is None
        assert not list(tmp_path.glob("c/archive*"))

        place = Path(cache.archive_place(SHA))
        assert cache.find_archive(SHA) is None
        place.mkdir()
        assert cache.find_archive(SHA) == str(place)
        cache.close()

    def test_what_killed_runs_left_is_swept(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")
        old, young = Path(cache.scratch("a.whl")), Path(cache.scratch("b.whl"))
        old.write_bytes(b"wheel")
        lost = tmp_path / "c" / "partial" / "lost"
        lost.write_bytes(b"page")
        for each in (old.parent, lost):
            os.utime(each, (1000, 1000))

        open_cache(tmp_path / "c")[0].scratch("c.whl")

        assert not old.parent.exists()
        assert not lost.exists()
        assert young.parent.exists()

    def test_files_of_a_run_that_failed_go_with_it(self, tmp_path: Path) -> None:
        cache, _ = open_cache(tmp_path / "c")
        Path(cache.scratch("a.whl")).write_bytes(b"half")
        done = Path(cache.scratch("b.whl"))
        cache.discard(str(done))

        cache.close()

        assert files(tmp_path / "c" / "partial") == []


class TestTrouble:
    @not_root
    def test_a_folder_that_cannot_be_written_is_told_once(self, tmp_path: Path) -> None:
        cache, warnings = open_cache(tmp_path / "c")
        shelf_of(cache).write_page("a", ENTRY)
        (tmp_path / "c" / "partial").chmod(0o500)

        for _ in range(3):
            shelf_of(cache).write_page("b", ENTRY)

        assert len(warnings) == 1
        assert "going on without it" in warnings[0]
        assert without_time(shelf_of(cache).read_page("a")) == ENTRY

    def test_a_full_disk_is_told_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache, warnings = open_cache(tmp_path / "c")

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        for _ in range(3):
            shelf_of(cache).write_page("a", ENTRY)

        assert len(warnings) == 1
        assert "No space left on device" in warnings[0]
        assert list((tmp_path / "c" / "partial").iterdir()) == []

    def test_files_go_elsewhere_when_the_cache_cannot_take_them(
        self, tmp_path: Path
    ) -> None:
        cache, warnings = open_cache(tmp_path / "c")
        place = Path(cache.archive_place(SHA))
        place.mkdir()

        assert cache.give_up(str(tmp_path / "c" / "x"), "it is full") is True
        assert cache.give_up(str(tmp_path / "x"), "it is full") is False
        scratch = Path(cache.scratch("a.whl"))

        assert not scratch.is_relative_to(tmp_path / "c")
        assert not Path(cache.archive_place("cd" * 32)).is_relative_to(tmp_path / "c")
        assert Path(cache.archive_place(SHA)) == place
        assert len(warnings) == 1
        cache.close()
        assert not scratch.parent.exists()

    def test_a_file_in_the_place_of_the_folder_is_no_cache(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "c").write_bytes(b"")

        cache, warnings = open_cache(tmp_path / "c")

        assert cache.root is None
        assert len(warnings) == 1
        assert shelf_of(cache).read_page("a") is None

    def test_a_folder_that_cannot_be_made_is_no_cache(self, tmp_path: Path) -> None:
        (tmp_path / "c").write_bytes(b"")

        cache, warnings = open_cache(tmp_path / "c" / "d")

        assert cache.root is None
        assert len(warnings) == 1

    @posix_only
    def test_another_users_folder_is_no_cache(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "c").mkdir()
        monkeypatch.setattr(os, "geteuid", lambda: 4711)

        cache, warnings = open_cache(tmp_path / "c")

        assert cache.root is None
        assert "another user" in warnings[0]

    @posix_only
    @pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
    def test_what_others_could_write_is_no_cache(
        self, tmp_path: Path, mode: int
    ) -> None:
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "identity-key").write_bytes(b"k" * 32)
        (tmp_path / "c").chmod(mode)

        cache, warnings = open_cache(tmp_path / "c")

        assert cache.root is None
        assert "could be written by other users" in warnings[0]

    @posix_only
    def test_an_empty_folder_is_made_private(self, tmp_path: Path) -> None:
        (tmp_path / "c").mkdir()
        (tmp_path / "c").chmod(0o777)

        cache, warnings = open_cache(tmp_path / "c")

        assert (cache.root, warnings) == (str(tmp_path / "c"), [])
        assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700


def test_fingerprints_differ() -> None:
    assert fingerprint(b"a") != fingerprint(b"b")
    assert len(fingerprint(b"a")) == 32
