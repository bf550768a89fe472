"""The directory of a zip file, read with the suspicion a downloaded file deserves.

For: knowing what an archive holds, and where, before anything of it is inflated.
Does not know: wheels, RECORD, where files will go. Inflating is in `wheel`.
Shape: bytes of a file -> `Member`s in archive order. What two zip readers could
understand differently is refused: data before or after the archive, local headers
that disagree with the directory, members that overlap, names that come twice.
Spec: APPNOTE 6.3.10, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to
4.3.16 (its end, with zip64), 4.4.4 (flags), 4.5.3 (zip64 extra field).
"""

from __future__ import annotations

import struct

from admit.install.listing import find_name_fault
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    ReadAt = Callable[[int, int], bytes | memoryview]

STORED = 0
DEFLATED = 8

MAX_MEMBERS = 200_000
MAX_TOTAL = 64 << 30
HARMLESS_TOTAL = 64 << 20
"""Below this an archive may be as compressible as it likes."""
MAX_RATIO = 250
"""Above it, unpacked size over archive size; honest archives stay under 50."""

_END = struct.Struct("<4s4H2LH")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_MAX_COMMENT = 65535
_REGULAR, _DIRECTORY, _TYPE_BITS = 0o100000, 0o040000, 0o170000


class BadArchive(Exception):
    """What is wrong with an archive; `wheel` says which one."""


@value
class Member:
    """One entry of the archive that is a file."""

    name: str
    offset: int
    """Where its compressed bytes begin."""
    packed: int
    """Compressed size in bytes."""
    size: int
    method: int
    """STORED or DEFLATED."""
    is_executable: bool


def read_members(read_at: ReadAt, length: int, *, is_windows: bool) -> list[Member]:
    """Read the directory of an archive of `length` bytes.

    `read_at(offset, size)` returns that many bytes of the file. Folder entries are
    left out.

    Raises:
        BadArchive: not a zip file, or one that is ambiguous or dangerous.
    """
    count, start, size = _find_directory(read_at, length)
    directory = bytes(read_at(start, size))
    entries = _parse_entries(directory, count)
    _check_limits(entries, length)
    _check_names([entry.name for entry in entries], is_windows=is_windows)
    return _locate(entries, read_at, start)


class _Entry:
    """An entry of the directory before its local header is known."""

    __slots__ = ("flags", "header", "method", "mode", "name", "packed", "raw", "size")

    def __init__(self, raw: bytes, flags: int, method: int, mode: int) -> None:
        self.raw = raw
        self.flags = flags
        self.method = method
        self.mode = mode
        self.name = raw.decode("utf-8" if flags & 0x800 else "cp437")
        self.packed = self.size = self.header = 0


def _find_directory(read_at: ReadAt, length: int) -> tuple[int, int, int]:
    """Return the number of entries, and offset and size of the directory."""
    tail_start = max(0, length - _END.size - _MAX_COMMENT)
    tail = bytes(read_at(tail_start, length - tail_start))
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise BadArchive("it is not a zip file, or its end is missing")
    fields: tuple[int, ...] = _END.unpack_from(tail, at)[1:]
    disk, start_disk, here, count, size, start, comment = fields
    if at + _END.size + comment != len(tail):
        raise BadArchive("there is data after its end")
    end = tail_start + at
    locator = bytes(read_at(end - 20, 20)) if end >= 20 else b""
    if locator.startswith(b"PK\x06\x07"):
        small = (count, size, start)
        _, _, end, _ = _END_64_LOCATOR.unpack(locator)
        record = bytes(read_at(end, _END_64.size))
        if not record.startswith(b"PK\x06\x06") or len(record) != _END_64.size:
            raise BadArchive("its zip64 end is missing")
        disk, start_disk, here, count, size, start = _END_64.unpack(record)[4:]
        saturated = (0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        for old, new, limit in zip(small, (count, size, start), saturated, strict=True):
            if old not in (new, limit):
                raise BadArchive("it has two ends that disagree")
    if disk or start_disk or here != count:
        raise BadArchive("it is one part of several")
    if start + size != end:
        raise BadArchive("there is data before or within it that its directory omits")
    if count > MAX_MEMBERS:
        raise BadArchive(f"it has {count} entries, more than {MAX_MEMBERS}")
    return count, start, size


def _parse_entries(directory: bytes, count: int) -> list[_Entry]:
    entries: list[_Entry] = []
    at = 0
    try:
        for _ in range(count):
            entry, at = _parse_entry(directory, at)
            entries.append(entry)
    except (struct.error, UnicodeDecodeError) as error:
        raise BadArchive("its directory is damaged") from error
    if at != len(directory):
        raise BadArchive("its directory is longer than it says")
    return entries


def _parse_entry(directory: bytes, at: int) -> tuple[_Entry, int]:
    fields = _ENTRY.unpack_from(directory, at)
    if fields[0] != b"PK\x01\x02":
        raise BadArchive("its directory is damaged")
    flags, method = fields[3], fields[4]
    packed, size, name_length, extra_length, comment_length = fields[8:13]
    disk, _, outer, header = fields[13], fields[14], fields[15], fields[16]
    name_start = at + _ENTRY.size
    extra_start = name_start + name_length
    end = extra_start + extra_length + comment_length
    if end > len(directory) or disk not in (0, 0xFFFF):
        raise BadArchive("its directory is damaged")
    entry = _Entry(directory[name_start:extra_start], flags, method, outer >> 16)
    numbers = [size, packed, header]
    if 0xFFFFFFFF in numbers:
        _widen(numbers, directory[extra_start : extra_start + extra_length])
    entry.size, entry.packed, entry.header = numbers
    return entry, end


def _widen(numbers: list[int], extra: bytes) -> None:
    """Replace each 0xFFFFFFFF by the next number of the zip64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if tag == 1:
            field = extra[: at + length]
            for index, number in enumerate(numbers):
                if number == 0xFFFFFFFF:
                    (numbers[index],) = struct.unpack_from("<Q", field, at)
                    at += 8
            return
        at += length
    raise BadArchive("its directory is damaged")


def _check_limits(entries: list[_Entry], length: int) -> None:
    total = 0
    for entry in entries:
        kind = entry.mode & _TYPE_BITS
        if entry.flags & 0x2041:
            raise BadArchive(f"{entry.name!r} is encrypted")
        if entry.method not in (STORED, DEFLATED):
            raise BadArchive(
                f"{entry.name!r} is compressed by method {entry.method}; "
                "admit reads what is stored or deflated"
            )
        if kind not in (0, _REGULAR, _DIRECTORY):
            what = "a symbolic link" if kind == 0o120000 else "a special file"
            raise BadArchive(f"{entry.name!r} is {what}")
        total += entry.size
    if total > MAX_TOTAL:
        raise BadArchive(f"it would unpack to {total} bytes, more than {MAX_TOTAL}")
    if total > HARMLESS_TOTAL and total > length * MAX_RATIO:
        raise BadArchive(
            f"it would unpack to {total} bytes, over {MAX_RATIO} times its size"
        )


def _check_names(names: list[str], *, is_windows: bool) -> None:
    """Refuse dangerous names, and names that would become one file."""
    seen: set[str] = set()
    for name in names:
        fault = find_name_fault(name.removesuffix("/"), is_windows=is_windows)
        if fault is not None:
            raise BadArchive(f"the name {name!r} {fault}")
        key = name.casefold() if is_windows else name
        if key in seen:
            raise BadArchive(f"the name {name!r} comes twice")
        seen.add(key)
    folders: set[str] = set()
    for name in seen:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    for folder in folders:
        if folder in seen:
            raise BadArchive(f"{folder!r} is both a file and a folder")


def _locate(entries: list[_Entry], read_at: ReadAt, end: int) -> list[Member]:
    """Find where the bytes of each file begin; check that no two share any."""
    members: dict[str, Member] = {}
    previous_end = 0
    for entry in sorted(entries, key=lambda entry: entry.header):
        header = bytes(read_at(entry.header, _LOCAL.size + len(entry.raw)))
        if len(header) != _LOCAL.size + len(entry.raw):
            raise BadArchive(f"{entry.name!r} lies outside of it")
        fields = _LOCAL.unpack_from(header)
        agrees = (
            fields[0] == b"PK\x03\x04"
            and fields[3] == entry.method
            and fields[9] == len(entry.raw)
            and header[_LOCAL.size :] == entry.raw
        )
        if not agrees:
            raise BadArchive(f"{entry.name!r} is described in two ways")
        start = entry.header + _LOCAL.size + len(entry.raw) + fields[10]
        if entry.header < previous_end or start + entry.packed > end:
            raise BadArchive(f"{entry.name!r} overlaps another part of it")
        previous_end = start + entry.packed
        if not entry.name.endswith("/"):
            members[entry.name] = Member(
                entry.name,
                start,
                entry.packed,
                entry.size,
                entry.method,
                bool(entry.mode & 0o111),
            )
    return [members[entry.name] for entry in entries if entry.name in members]
