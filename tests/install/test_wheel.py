"""Opening, verifying and unpacking wheels: good ones, and every kind of bad one."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from admit.install import archive
from admit.install.listing import BadWheel, find_name_fault
from admit.install.wheel import (
    CannotUnpack,
    HashMismatch,
    read_unpacked,
    unpack_wheel,
)
from admit.spec.record import Digest
from admit.spec.tags import InvalidFilename
from support.site import snapshot
from support.wheel import (
    add_record,
    build_wheel,
    wheel_filename,
    wheel_members,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Callable

INFO = "widget-1.0.dist-info"


def unpack(path: Path, tmp_path: Path) -> Path:
    unpack_wheel(str(path), str(tmp_path / "out"), expected=None)
    return tmp_path / "out"


def write_widget(tmp_path: Path, members: dict[str, bytes], **modes: int) -> Path:
    return write_archive(tmp_path / wheel_filename("widget", "1.0"), members)


def refusal(path: Path, tmp_path: Path) -> str:
    """Unpack a bad wheel; return the reason, having checked that nothing is left."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BadWheel) as caught:
        unpack(path, tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    return caught.value.why or ""


def test_tree_holds_the_files_of_the_archive(tmp_path: Path) -> None:
    wheel = build_wheel(
        tmp_path,
        "Widget.Kit",
        "1.0",
        files={"widget_kit/__init__.py": "x = 1\n", "widget_kit/a,b.txt": "comma"},
        data={"scripts/run": "#!python\nprint()\n", "data/share/doc": "d"},
        entry_points={"console_scripts": {"kit": "widget_kit:x"}, "other": {"a": "b"}},
    )

    unpacked = unpack_wheel(str(wheel), str(tmp_path / "out"), expected=None)

    with zipfile.ZipFile(wheel) as opened:
        expected = {name: opened.read(name) for name in opened.namelist()}
    found = snapshot(Path(unpacked.tree))
    assert {path: found[path] for path in found if path[-1] != "/"} == expected
    assert (unpacked.name, unpacked.version) == ("widget-kit", "1.0")
    assert unpacked.is_purelib
    assert [each.name for each in unpacked.entry_points] == ["kit"]
    assert unpacked.python_scripts == (
        ("widget_kit-1.0.data/scripts/run", b"#!python\nprint()\n"),
    )


def test_listing_says_the_same_as_unpacking_did(tmp_path: Path) -> None:
    wheel = build_wheel(
        tmp_path,
        "widget",
        "1.0+local.1",
        files={'widget/odd "name".py': "", "widget/a,b": "", "widget/é.py": ""},
        data={"scripts/run": "#!python\n"},
        entry_points={"gui_scripts": {"wig": "widget.gui:App.run"}},
        is_purelib=False,
    )

    unpacked = unpack_wheel(str(wheel), str(tmp_path / "out"), expected=None)

    assert read_unpacked(str(tmp_path / "out")) == unpacked
    assert not unpacked.is_purelib
    assert {path for path, _ in unpacked.lines} == {row.path for row in unpacked.rows}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[:-3], id="cut"),
        pytest.param(lambda text: text.replace(b"widget", b"wodget"), id="changed"),
        pytest.param(lambda text: b"", id="empty"),
        pytest.param(lambda text: b"admit listing 99 00000000\n", id="other-format"),
        pytest.param(lambda text: b"\xff\xfe" + text, id="not-text"),
    ],
)
def test_damaged_listing_is_a_miss(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    out = unpack(build_wheel(tmp_path, "widget", "1.0"), tmp_path)
    listing = out / "listing"
    listing.write_bytes(damage(listing.read_bytes()))

    assert read_unpacked(str(out)) is None


def test_executable_bits_and_scripts_are_executable(tmp_path: Path) -> None:
    wheel = build_wheel(
        tmp_path,
        "widget",
        "1.0",
        files={"widget/tool": "", "widget/plain": ""},
        data={"scripts/run": "#!/bin/sh\n"},
        executables=["widget/tool"],
    )

    out = unpack(wheel, tmp_path)

    assert os.access(out / "tree/widget/tool", os.X_OK)
    assert os.access(out / "tree/widget-1.0.data/scripts/run", os.X_OK)
    assert not os.stat(out / "tree/widget/plain").st_mode & 0o111


def test_whole_file_is_compared_with_the_promised_digest(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "widget", "1.0")
    right = Digest("sha256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    wrong = Digest("sha256", "0" * 64)

    with pytest.raises(HashMismatch, match="not the file that was promised") as caught:
        unpack_wheel(str(wheel), str(tmp_path / "out"), expected=wrong)

    assert right.hex in (caught.value.why or "")
    assert sorted(tmp_path.iterdir()) == [wheel]
    unpack_wheel(str(wheel), str(tmp_path / "out"), expected=right)
    assert (tmp_path / "out" / "listing").exists()


def test_large_members_and_large_archives_are_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admit.install.inflate._WHOLE_ARCHIVE", 1000)
    monkeypatch.setattr("admit.install.inflate._ONE_SHOT", 5000)
    monkeypatch.setattr("admit.install.inflate._WORTH_THREADS", 1)
    monkeypatch.setattr("admit.install.inflate._PIECE", 999)
    noise = os.urandom(20_000)
    files = {f"widget/{size}": noise[:size] * 2 for size in range(0, 9000, 450)}
    wheel = build_wheel(tmp_path, "widget", "1.0", files=files)
    stored = build_wheel(
        tmp_path, "stored", "1.0", files=files, compression=zipfile.ZIP_STORED
    )

    out = unpack(wheel, tmp_path)
    second = unpack_wheel(str(stored), str(tmp_path / "out2"), expected=None)

    for tree in (out / "tree", Path(second.tree)):
        found = snapshot(tree)
        assert {path: found[path] for path in files} == files


def test_streamed_member_longer_than_declared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admit.install.inflate._ONE_SHOT", 100)
    wheel = build_wheel(tmp_path, "widget", "1.0", files={"widget/a": b"a" * 5000})
    patch_sizes(wheel, "widget/a", 4000)

    assert "size" in refusal(wheel, tmp_path)


def test_tree_that_another_process_made_first_is_kept(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "widget", "1.0")
    out = unpack(wheel, tmp_path)
    before = snapshot(tmp_path)

    again = unpack_wheel(str(wheel), str(out), expected=None)

    assert again == read_unpacked(str(out))
    assert snapshot(tmp_path) == before


def patch_sizes(wheel: Path, name: str, size: int) -> None:
    """Lie about the unpacked size of a member, in both headers."""
    content = bytearray(wheel.read_bytes())
    directory = content.rfind(b"PK\x05\x06")
    at = content.find(b"PK\x01\x02")
    while at < directory:
        length, extra, comment = struct.unpack_from("<3H", content, at + 28)
        if content[at + 46 : at + 46 + length] == name.encode():
            struct.pack_into("<L", content, at + 24, size)
            (header,) = struct.unpack_from("<L", content, at + 42)
            struct.pack_into("<L", content, header + 22, size)
        at += 46 + length + extra + comment
    wheel.write_bytes(content)


def change_record(old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        record = members[f"{INFO}/RECORD"]
        assert old in record
        members[f"{INFO}/RECORD"] = record.replace(old, new)

    return change


def set_member(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[name] = content
        members.update(add_record(members, INFO))

    return change


def drop(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        del members[name]

    return change


def unrecorded(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(members: dict[str, bytes]) -> None:
        members[name] = b""

    return change


META = b"Metadata-Version: 2.1\nName: %s\nVersion: %s\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(
            change_record(b"sha256=", b"sha256=AA"), "RECORD is malformed", id="digest"
        ),
        pytest.param(
            lambda members: members.update(
                {"widget/__init__.py": b"other content...."}
            ),
            "size RECORD says",
            id="size",
        ),
        pytest.param(
            lambda members: members.update(
                {"widget/__init__.py": b'__version__ = "2.0"\n'}
            ),
            "widget/__init__.py does not have the digest RECORD says",
            id="content",
        ),
        pytest.param(
            change_record(b"__init__", b"__main__"),
            "RECORD lists widget/__main__.py, which is not there; "
            "RECORD does not list widget/__init__.py",
            id="other-file",
        ),
        pytest.param(unrecorded("widget/extra.py"), "does not list", id="unlisted"),
        pytest.param(
            change_record(b"widget/__init__.py,sha256", b"widget/__init__.py,md5"),
            "RECORD is malformed",
            id="wrong-length",
        ),
        pytest.param(
            lambda members: members.update(
                {
                    f"{INFO}/RECORD": members[f"{INFO}/RECORD"]
                    + b"widget/__init__.py,,\n"
                }
            ),
            "twice, differently",
            id="row-twice",
        ),
        pytest.param(
            drop(f"{INFO}/RECORD"), f"it has no {INFO}/RECORD", id="no-record"
        ),
        pytest.param(drop(f"{INFO}/WHEEL"), f"it has no {INFO}/WHEEL", id="no-wheel"),
        pytest.param(drop(f"{INFO}/METADATA"), "METADATA", id="no-metadata"),
        pytest.param(
            set_member(f"{INFO}/WHEEL", b"Wheel-Version: 2.0\n"),
            "its Wheel-Version is 2.0; admit knows 1.x",
            id="wheel-2",
        ),
        pytest.param(
            set_member(f"{INFO}/WHEEL", b""),
            "Wheel-Version is missing",
            id="wheel-none",
        ),
        pytest.param(
            set_member(f"{INFO}/METADATA", META % (b"gadget", b"1.0")),
            "names another project or version",
            id="metadata-name",
        ),
        pytest.param(
            set_member(f"{INFO}/METADATA", META % (b"widget", b"1.1")),
            "names another project or version",
            id="metadata-version",
        ),
        pytest.param(
            set_member(f"{INFO}/METADATA", b"\xff"), "is not UTF-8", id="metadata-bytes"
        ),
        pytest.param(
            set_member("gadget-1.0.dist-info/METADATA", b""),
            "gadget-1.0.dist-info, widget-1.0.dist-info",
            id="two-dist-infos",
        ),
        pytest.param(
            set_member(f"{INFO}/entry_points.txt", b"[console_scripts]\n!\n"),
            "entry_points.txt is malformed",
            id="entry-points",
        ),
    ],
)
def test_contradictions_are_refused(
    change: Callable[[dict[str, bytes]], None], reason: str, tmp_path: Path
) -> None:
    members = wheel_members("widget", "1.0")
    change(members)
    wheel = write_widget(tmp_path, members)

    assert reason in refusal(wheel, tmp_path)


def test_weak_digests_prove_nothing(tmp_path: Path) -> None:
    import base64

    members = wheel_members("widget", "1.0")
    weak = hashlib.md5(members["widget/__init__.py"]).digest()
    encoded = base64.urlsafe_b64encode(weak).rstrip(b"=")
    first, _, rest = members[f"{INFO}/RECORD"].partition(b"\n")
    size = first.rpartition(b",")[2]
    members[f"{INFO}/RECORD"] = (
        b"widget/__init__.py,md5=" + encoded + b"," + size + b"\n" + rest
    )

    wheel = write_widget(tmp_path, members)

    assert "no secure digest of widget/__init__.py" in refusal(wheel, tmp_path)


def test_file_name_must_agree_with_the_folder_inside(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "widget", "1.0")
    renamed = wheel.rename(tmp_path / "widget-1.1-py3-none-any.whl")

    assert "contradicts its file name" in refusal(renamed, tmp_path)


def test_differently_written_names_and_versions_agree(tmp_path: Path) -> None:
    members = wheel_members("Wid.get", "1.0", metadata=["Summary: x"])
    old = {
        path.replace("wid_get-1.0.dist-info", "Wid.get-1.0.dist-info"): content
        for path, content in members.items()
    }
    renamed = add_record(old, "Wid.get-1.0.dist-info")

    wheel = write_archive(tmp_path / "wid_get-1.0.0-py3-none-any.whl", renamed)

    assert unpack(wheel, tmp_path).is_dir()


def test_file_name_that_is_no_wheel_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "widget.zip"
    path.write_bytes(b"")

    with pytest.raises(InvalidFilename):
        unpack(path, tmp_path)

    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param("/etc/passwd", "is not a relative path", id="absolute"),
        pytest.param("../evil.py", "'..'", id="parent"),
        pytest.param("widget/../../evil.py", "'..'", id="parent-inside"),
        pytest.param("widget/./x.py", "'.'", id="dot"),
        pytest.param("widget//x.py", "empty", id="empty-part"),
        pytest.param("C:/evil.py", "names a drive", id="drive"),
        pytest.param("c:evil.py", "names a drive", id="drive-relative"),
        pytest.param("widget\\evil.py", "has a backslash", id="backslash"),
        pytest.param("widget/a\nb.py", "control character", id="newline"),
        pytest.param("widget/\x1b[2J.py", "control character", id="escape"),
    ],
)
def test_dangerous_names_are_refused(name: str, fault: str, tmp_path: Path) -> None:
    members = wheel_members("widget", "1.0") | {name: b"evil"}

    wheel = write_widget(tmp_path, add_record(members, INFO))

    assert fault in refusal(wheel, tmp_path)
    assert fault in (find_name_fault(name, is_windows=False) or "")


@pytest.mark.parametrize(
    "name",
    ["aux.py", "widget/NUL", "com1.txt", "a:b.py", "widget./x", "x ", "what?", "LPT³"],
)
def test_names_windows_cannot_have_are_refused_only_there(name: str) -> None:
    assert find_name_fault(f"widget/{name}", is_windows=False) is None
    assert find_name_fault(f"widget/{name}", is_windows=True)


def test_names_that_differ_in_case_are_one_file_on_windows() -> None:
    archive._check_names(["a/README", "a/readme"], is_windows=False)

    with pytest.raises(archive.BadArchive, match="comes twice"):
        archive._check_names(["a/README", "a/readme"], is_windows=True)


def test_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    members = wheel_members("widget", "1.0")
    path = tmp_path / wheel_filename("widget", "1.0")

    with pytest.warns(UserWarning, match="Duplicate name"):
        write_archive(path, [*members.items(), ("widget/__init__.py", b"evil")])

    assert "comes twice" in refusal(path, tmp_path)


def test_file_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    members = wheel_members("widget", "1.0", files={"widget": "", "widget/a/b": ""})

    wheel = write_widget(tmp_path, members)

    assert "'widget' is both a file and a folder" in refusal(wheel, tmp_path)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        pytest.param(stat.S_IFLNK | 0o777, "a symbolic link", id="symlink"),
        pytest.param(stat.S_IFIFO | 0o644, "a special file", id="fifo"),
        pytest.param(stat.S_IFCHR | 0o644, "a special file", id="device"),
    ],
)
def test_special_files_are_refused(mode: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / wheel_filename("widget", "1.0")
    members = wheel_members("widget", "1.0")
    wheel = write_archive(path, members, modes={"widget/__init__.py": mode})

    assert reason in refusal(wheel, tmp_path)


def rewrite(change: Callable[[bytearray], bytearray]) -> Callable[[Path], None]:
    def apply(wheel: Path) -> None:
        wheel.write_bytes(change(bytearray(wheel.read_bytes())))

    return apply


def flag(content: bytearray, at: int, bits: int) -> bytearray:
    content[at] |= bits
    return content


def first_entry(content: bytearray) -> int:
    return content.find(b"PK\x01\x02")


def overlap(content: bytearray) -> bytearray:
    """Let the second entry of the directory begin inside the first member."""
    second = content.find(b"PK\x01\x02", first_entry(content) + 4)
    struct.pack_into("<L", content, second + 42, 0)
    return content


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(lambda c: bytearray(), "not a zip file", id="empty"),
        pytest.param(lambda c: c[:-30], "not a zip file", id="cut"),
        pytest.param(lambda c: c[:200], "not a zip file", id="half"),
        pytest.param(lambda c: c + b"more", "data after its end", id="appended"),
        pytest.param(lambda c: b"#!/bin/sh\n" + c, "data before", id="prepended"),
        pytest.param(
            lambda c: flag(c, first_entry(c) + 8, 1), "is encrypted", id="encrypted"
        ),
        pytest.param(
            lambda c: flag(c, first_entry(c) + 10, 4), "method 12", id="bzip2"
        ),
        pytest.param(
            lambda c: c.replace(b"widget/__init__", b"widget/__evil__", 1),
            "described in two ways",
            id="local-name-differs",
        ),
        pytest.param(overlap, "described in two ways", id="wrong-offset"),
        pytest.param(
            lambda c: c[: first_entry(c)] + c[first_entry(c) + 1 :],
            "data before",
            id="shifted",
        ),
        pytest.param(
            lambda c: c.replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged", id="directory"
        ),
    ],
)
def test_ambiguous_archives_are_refused(
    damage: Callable[[bytearray], bytearray], reason: str, tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path, "widget", "1.0")
    rewrite(damage)(wheel)

    assert reason in refusal(wheel, tmp_path)


def test_damaged_content_is_refused(tmp_path: Path) -> None:
    wheel = build_wheel(
        tmp_path, "widget", "1.0", files={"a.bin": Random(7).randbytes(999) * 3}
    )
    content = bytearray(wheel.read_bytes())
    content[300:310] = b"0123456789"
    wheel.write_bytes(content)

    reason = refusal(wheel, tmp_path)

    assert "cannot be inflated" in reason or "digest RECORD says" in reason


@pytest.mark.parametrize("one_shot", [1 << 20, 100], ids=["one-shot", "streamed"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("size", [4999, 5001, 100_000])
def test_declared_size_must_be_true_even_where_record_has_none(
    size: int,
    method: int,
    one_shot: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("admit.install.inflate._ONE_SHOT", one_shot)
    monkeypatch.setattr("admit.install.inflate._PIECE", 1000)
    members = wheel_members("widget", "1.0", files={"widget/a": os.urandom(5000)})
    record = members[f"{INFO}/RECORD"]
    members[f"{INFO}/RECORD"] = record.replace(b",5000\n", b",\n")
    wheel = write_archive(
        tmp_path / wheel_filename("widget", "1.0"), members, compression=method
    )
    patch_sizes(wheel, "widget/a", size)

    reason = refusal(wheel, tmp_path)

    assert "widget/a is " in reason or "widget/a cannot be inflated" in reason


def test_member_inside_another_is_refused(tmp_path: Path) -> None:
    """Two readers could take different bytes for the same file; bombs overlap too."""
    inner = tmp_path / "inner.zip"
    write_archive(inner, {"widget/b": "evil"}, compression=zipfile.ZIP_STORED)
    files = {"widget/a": inner.read_bytes(), "widget/b": b"good"}
    wheel = build_wheel(
        tmp_path, "widget", "1.0", files=files, compression=zipfile.ZIP_STORED
    )
    inner.unlink()
    content = bytearray(wheel.read_bytes())
    start = content.find(b"evil") - len("widget/b") - 30
    entry = content.rfind(b"PK\x01\x02", 0, content.rfind(b"widget/b"))
    struct.pack_into("<L", content, entry + 42, start)
    wheel.write_bytes(content)

    assert "'widget/b' overlaps another part" in refusal(wheel, tmp_path)


@pytest.mark.parametrize("size", [10, 100_000])
def test_wrong_declared_size_is_refused(size: int, tmp_path: Path) -> None:
    files = {"widget/a": b"a" * 5000}
    wheel = build_wheel(tmp_path, "widget", "1.0", files=files)
    patch_sizes(wheel, "widget/a", size)

    assert "size RECORD says" in refusal(wheel, tmp_path)


def test_bomb_is_refused_before_it_is_inflated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "HARMLESS_TOTAL", 1 << 20)
    files = {"widget/zeros": bytes(8 << 20)}
    wheel = build_wheel(tmp_path, "widget", "1.0", files=files)

    assert "over 250 times its size" in refusal(wheel, tmp_path)


def test_too_many_members_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    wheel = build_wheel(tmp_path, "widget", "1.0")

    assert "it has 4 entries, more than 3" in refusal(wheel, tmp_path)


def test_zip64_archive_is_read(tmp_path: Path) -> None:
    members = wheel_members("widget", "1.0")
    path = tmp_path / wheel_filename("widget", "1.0")
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in members.items():
            with opened.open(name, "w", force_zip64=True) as member:
                member.write(content)

    assert unpack(path, tmp_path).is_dir()


def test_zip64_directory_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)

    wheel = build_wheel(tmp_path, "widget", "1.0")

    assert b"PK\x06\x06" in wheel.read_bytes()
    assert unpack(wheel, tmp_path).is_dir()


def test_two_ends_that_disagree_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    wheel = build_wheel(tmp_path, "widget", "1.0")
    content = bytearray(wheel.read_bytes())
    struct.pack_into("<H", content, content.rfind(b"PK\x05\x06") + 10, 3)
    wheel.write_bytes(content)

    assert "two ends that disagree" in refusal(wheel, tmp_path)


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotUnpack, match="cannot unpack widget"):
        unpack(tmp_path / wheel_filename("widget", "1.0"), tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_several_faults_are_told_together(tmp_path: Path) -> None:
    members = wheel_members("widget", "1.0")
    members |= {f"widget/{number}.py": b"" for number in range(9)}

    reason = refusal(write_widget(tmp_path, members), tmp_path)

    assert reason.count("RECORD does not list") == 3
    assert reason.endswith("and 6 more")
