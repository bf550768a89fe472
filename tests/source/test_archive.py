"""Unpacking archives of source: good ones, and every kind of bad one."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from admit.source import tarball
from admit.source.archive import BadSource, CannotUnpackSource, unpack_source
from admit.source.tree import NoSuchSubdirectory, find_project
from support.site import snapshot

if TYPE_CHECKING:
    from pathlib import Path

SETUP = ("widget-1.0/setup.py", b"setup()\n")


def member(
    name: str, kind: bytes = tarfile.REGTYPE, **fields: object
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, text in fields.items():
        setattr(info, key, text)
    return info


def write_tar(
    path: Path,
    *members: tuple[str, bytes] | tarfile.TarInfo,
    form: int = tarfile.PAX_FORMAT,
) -> Path:
    """Write members in order; one that is no pair has no content."""
    kind = path.name.rpartition(".")[2].removeprefix("t")
    with tarfile.open(path, f"w:{kind}" if kind != "ar" else "w", format=form) as file:  # type: ignore[call-overload]
        for each in members:
            if isinstance(each, tarfile.TarInfo):
                file.addfile(each, io.BytesIO(b"x" * each.size))
                continue
            name, content = each
            file.addfile(member(name, size=len(content)), io.BytesIO(content))
    return path


def sdist(tmp_path: Path, *members: tuple[str, bytes] | tarfile.TarInfo) -> Path:
    return write_tar(tmp_path / "widget-1.0.tar.gz", *members)


def unpack(path: Path, tmp_path: Path) -> Path:
    from pathlib import Path

    return Path(unpack_source(str(path), str(tmp_path / "out")))


def refusal(path: Path, tmp_path: Path) -> str:
    """Unpack a bad archive; return the reason, having checked that nothing is left."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadSource) as caught:
        unpack(path, tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    return caught.value.why or ""


class TestGood:
    @pytest.mark.parametrize("suffix", ["tar.gz", "tgz", "tar.bz2", "tar.xz", "tar"])
    def test_a_tar_becomes_the_tree_of_its_top_folder(
        self, suffix: str, tmp_path: Path
    ) -> None:
        path = write_tar(
            tmp_path / f"widget-1.0.{suffix}", SETUP, ("widget-1.0/w/a.py", b"a")
        )

        tree = unpack(path, tmp_path)

        assert tree == tmp_path / "out" / "widget-1.0"
        assert snapshot(tree) == {"setup.py": b"setup()\n", "w/": b"", "w/a.py": b"a"}

    def test_a_zip_does_too(self, tmp_path: Path) -> None:
        path = tmp_path / "widget-1.0.zip"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr(*SETUP)

        tree = unpack(path, tmp_path)

        assert snapshot(tree) == {"setup.py": b"setup()\n"}

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param(("setup.py", "w/a.py"), id="none"),
            pytest.param(("a/setup.py", "b/setup.py"), id="two"),
            pytest.param(("setup.py",), id="one file"),
        ],
    )
    def test_without_one_top_folder_it_is_all_there_is(
        self, names: tuple[str, ...], tmp_path: Path
    ) -> None:
        path = sdist(tmp_path, *((name, b"x") for name in names))

        assert unpack(path, tmp_path) == tmp_path / "out"

    def test_dots_and_double_slashes_mean_nothing(self, tmp_path: Path) -> None:
        top = member(".", tarfile.DIRTYPE)
        path = sdist(tmp_path, top, ("./widget-1.0//a.py", b"a"))

        assert snapshot(unpack(path, tmp_path)) == {"a.py": b"a"}

    def test_of_permissions_only_executable_is_kept(self, tmp_path: Path) -> None:
        run = member("w/run", mode=0o6777)
        text = member("w/text", mode=0o2666)
        folder = member("w/closed", tarfile.DIRTYPE, mode=0)
        path = sdist(tmp_path, run, text, folder)

        tree = unpack(path, tmp_path)

        umask = os.umask(0)
        os.umask(umask)
        modes = {
            each.name: stat.S_IMODE(each.stat().st_mode) for each in tree.iterdir()
        }
        assert modes == {
            "run": 0o777 & ~umask,
            "text": 0o666 & ~umask,
            "closed": 0o777 & ~umask,
        }

    def test_times_are_kept_for_those_who_compare_them(self, tmp_path: Path) -> None:
        path = sdist(tmp_path, member("w/a", mtime=1_000_000_000))

        assert (unpack(path, tmp_path) / "a").stat().st_mtime == 1_000_000_000

    def test_a_link_within_the_tree_is_made(self, tmp_path: Path) -> None:
        link = member("w/docs/readme", tarfile.SYMTYPE, linkname="../README")
        path = sdist(tmp_path, link, ("w/README", b"read"))

        tree = unpack(path, tmp_path)

        assert (tree / "docs" / "readme").is_symlink()
        assert (tree / "docs" / "readme").read_bytes() == b"read"

    def test_a_hard_link_becomes_a_file_of_its_own(self, tmp_path: Path) -> None:
        link = member("w/b", tarfile.LNKTYPE, linkname="w/a")
        path = sdist(tmp_path, ("w/a", b"same"), link)

        tree = unpack(path, tmp_path)

        assert (tree / "b").read_bytes() == b"same"
        assert (tree / "b").stat().st_nlink == 1

    def test_of_one_name_the_last_file_counts(self, tmp_path: Path) -> None:
        path = sdist(tmp_path, ("w/a", b"old"), ("w/a", b"new"))

        assert (unpack(path, tmp_path) / "a").read_bytes() == b"new"

    def test_what_another_process_unpacked_meanwhile_is_kept(
        self, tmp_path: Path
    ) -> None:
        path = sdist(tmp_path, SETUP)
        (tmp_path / "out" / "widget-1.0").mkdir(parents=True)
        (tmp_path / "out" / "widget-1.0" / "mine").touch()

        tree = unpack(path, tmp_path)

        assert snapshot(tree) == {"mine": b""}
        assert {each.name for each in tmp_path.iterdir()} == {path.name, "out"}


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            *("/etc/passwd", "../x", "w/../../x", "w/..", "..", "w\\x", "C:/x"),
            *("w/a\nb", "w/\x7f", "//x"),
        ],
    )
    def test_that_could_lead_elsewhere_are_refused(
        self, name: str, tmp_path: Path
    ) -> None:
        reason = refusal(sdist(tmp_path, (name, b"x")), tmp_path)

        assert repr(name) in reason

    def test_of_a_folder_are_judged_too(self, tmp_path: Path) -> None:
        path = sdist(tmp_path, member("../x", tarfile.DIRTYPE))

        assert "'../x'" in refusal(path, tmp_path)

    @pytest.mark.parametrize("second", ["w/A", "W/a"])
    def test_that_differ_in_case_only_are_refused_where_that_is_no_difference(
        self, second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = sdist(tmp_path, ("w/a", b"1"), (second, b"2"))
        monkeypatch.setattr(tarball, "_TELLS_CASES_APART", False)

        assert f"the name {second!r} comes twice" in refusal(path, tmp_path)

    @pytest.mark.parametrize(
        "members",
        [
            pytest.param((("w/a", b""), ("w/a/b", b"")), id="file first"),
            pytest.param((("w/a/b", b""), ("w/a", b"")), id="folder first"),
            pytest.param(
                (
                    member("w/a", tarfile.SYMTYPE, linkname="."),
                    ("w/a/b", b""),
                ),
                id="link first",
            ),
            pytest.param(
                (
                    ("w/a/b", b""),
                    member("w/a", tarfile.SYMTYPE, linkname="."),
                ),
                id="link second",
            ),
        ],
    )
    def test_of_a_folder_and_of_something_else_at_once_are_refused(
        self, members: tuple[tuple[str, bytes], ...], tmp_path: Path
    ) -> None:
        reason = refusal(sdist(tmp_path, *members), tmp_path)

        assert "'w/a' is both a file and a folder" in reason

    def test_of_a_link_and_a_file_are_refused(self, tmp_path: Path) -> None:
        link = member("w/a", tarfile.SYMTYPE, linkname="b")

        assert "comes twice" in refusal(sdist(tmp_path, link, ("w/a", b"")), tmp_path)


class TestLinks:
    @pytest.mark.parametrize(
        "links",
        [
            pytest.param({"w/a": "/etc/passwd"}, id="absolute"),
            pytest.param({"w/a": "../../x"}, id="upwards"),
            pytest.param({"w/a": "b/../../../x"}, id="upwards later"),
            pytest.param({"w/a": "..\\..\\x"}, id="Windows"),
            pytest.param({"w/a": "C:/x"}, id="drive"),
            pytest.param(
                {"w/x/y/top": "../../..", "w/a": "x/y/top/../secret"},
                id="in by the letter, out by another link",
            ),
            pytest.param({"w/a": "b/secret", "w/b": "c", "w/c": "../.."}, id="chain"),
        ],
    )
    def test_that_leave_the_tree_are_refused(
        self, links: dict[str, str], tmp_path: Path
    ) -> None:
        members = (
            member(name, tarfile.SYMTYPE, linkname=target)
            for name, target in links.items()
        )

        reason = refusal(sdist(tmp_path, *members), tmp_path)

        assert "is a link that leaves the tree" in reason

    def test_that_lead_in_a_circle_are_refused(self, tmp_path: Path) -> None:
        first = member("w/a", tarfile.SYMTYPE, linkname="b")
        second = member("w/b", tarfile.SYMTYPE, linkname="a")

        reason = refusal(sdist(tmp_path, first, second), tmp_path)

        assert "leads to itself" in reason

    @pytest.mark.parametrize("target", ["/etc/passwd", "../x", "w/none", "w/b", "w/s"])
    def test_hard_ones_lead_to_a_file_before_them(
        self, target: str, tmp_path: Path
    ) -> None:
        soft = member("w/s", tarfile.SYMTYPE, linkname="x")
        link = member("w/b", tarfile.LNKTYPE, linkname=target)

        reason = refusal(sdist(tmp_path, soft, link, ("w/none", b"")), tmp_path)

        assert "is no file before it" in reason

    def test_nothing_is_written_through_a_link(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        link = member("w/a", tarfile.SYMTYPE, linkname=str(outside))

        refusal(sdist(tmp_path, link, ("w/a/evil", b"x")), tmp_path)

        assert list(outside.iterdir()) == []


class TestKinds:
    @pytest.mark.parametrize(
        "kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"Z"]
    )
    def test_devices_and_the_unknown_are_refused(
        self, kind: bytes, tmp_path: Path
    ) -> None:
        path = sdist(tmp_path, member("w/a", kind))

        assert refusal(path, tmp_path) == "'w/a' is a special file"

    def test_sparse_files_are_refused(self, tmp_path: Path) -> None:
        info = member(
            "w/a", pax_headers={"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}
        )

        assert "sparse" in refusal(sdist(tmp_path, info), tmp_path)


class TestLimits:
    def test_a_bomb_is_defused_before_it_is_written(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tarball, "HARMLESS_TOTAL", 1 << 20)
        path = sdist(tmp_path, ("w/a", b"\0" * (8 << 20)))

        assert "would unpack to over" in refusal(path, tmp_path)

    def test_hard_links_count(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tarball, "MAX_TOTAL", 1 << 20)
        links = [member(f"w/{n}", tarfile.LNKTYPE, linkname="w/a") for n in range(8)]
        path = sdist(tmp_path, ("w/a", os.urandom(200_000)), *links)

        assert "would unpack to over" in refusal(path, tmp_path)

    def test_members_are_counted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tarball, "MAX_MEMBERS", 2)
        path = sdist(tmp_path, ("w/a", b""), ("w/b", b""), ("w/c", b""))

        assert "more than 2 members" in refusal(path, tmp_path)

    def test_a_header_has_an_end(self, tmp_path: Path) -> None:
        info = member("w/a", pax_headers={"comment": "x" * (5 << 20)})

        assert "header" in refusal(sdist(tmp_path, info), tmp_path)


class TestDamage:
    @pytest.mark.parametrize("suffix", ["tar.gz", "tar.bz2", "tar.xz", "tar"])
    @pytest.mark.parametrize("kept", [0.3, 0.7, 0.99])
    def test_a_part_is_not_taken_for_the_whole(
        self, suffix: str, kept: float, tmp_path: Path
    ) -> None:
        path = write_tar(
            tmp_path / f"w-1.{suffix}",
            ("w/a", os.urandom(50_000)),
            ("w/b", b"b" * 9000),
        )
        size = int(path.stat().st_size * kept)
        if suffix == "tar" and kept > 0.9:
            pytest.skip("only the padding is missing, which is no damage")
        os.truncate(path, size)

        assert "damaged" in refusal(path, tmp_path)

    def test_a_broken_header_is_not_the_end(self, tmp_path: Path) -> None:
        plain = write_tar(tmp_path / "w.tar", ("w/a", b"a"), ("w/b", b"b"))
        content = bytearray(plain.read_bytes())
        content[1024 + 10] ^= 1
        plain.unlink()
        path = tmp_path / "w-1.tar.gz"
        path.write_bytes(gzip.compress(content))

        assert "damaged" in refusal(path, tmp_path)

    def test_the_checksum_at_the_end_is_verified(self, tmp_path: Path) -> None:
        path = sdist(tmp_path, SETUP)
        content = bytearray(path.read_bytes())
        content[-6] ^= 1
        path.write_bytes(content)

        assert "damaged" in refusal(path, tmp_path)

    @pytest.mark.parametrize(
        "name", ["w-1.tar.gz", "w-1.tar.bz2", "w-1.tar.xz", "w.zip"]
    )
    def test_something_else_is_no_archive(self, name: str, tmp_path: Path) -> None:
        path = tmp_path / name
        path.write_bytes(b"<html>log in</html>" * 100)

        assert refusal(path, tmp_path)

    def test_other_names_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "w-1.rar"
        path.touch()

        assert ".tar.gz" in refusal(path, tmp_path)


def test_a_zip_is_read_with_the_suspicion_of_wheels(tmp_path: Path) -> None:
    path = tmp_path / "w-1.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("w/../../x", b"x")

    assert "'w/../../x'" in refusal(path, tmp_path)


def test_that_the_system_refuses_is_told(tmp_path: Path) -> None:
    path = sdist(tmp_path, SETUP)

    with pytest.raises(CannotUnpackSource, match="cannot unpack widget"):
        unpack_source(str(path), str(tmp_path / "none" / "out"))


class TestFindProject:
    def test_a_folder_of_the_tree_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "a" / "b").mkdir(parents=True)

        assert find_project(str(tmp_path), "a/b") == f"{tmp_path}/a/b"
        assert find_project(str(tmp_path), None) == str(tmp_path)

    def test_one_that_is_not_there_is_told_with_what_is(self, tmp_path: Path) -> None:
        (tmp_path / "python").mkdir()

        with pytest.raises(NoSuchSubdirectory) as caught:
            find_project(str(tmp_path), "pyhton")

        assert caught.value.why == "it holds python"

    def test_a_link_that_leaves_the_tree_is_refused(self, tmp_path: Path) -> None:
        tree = tmp_path / "tree"
        tree.mkdir()
        (tmp_path / "tree-of-another").mkdir()
        (tree / "a").symlink_to("../tree-of-another")

        with pytest.raises(NoSuchSubdirectory, match="outside"):
            find_project(str(tree), "a")
