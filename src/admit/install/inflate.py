"""Inflate the members of an archive, hash them, and write them.

For: the part of unpacking that takes time. Inflating, hashing and writing release the
interpreter's lock, so a few threads share the members of a large archive.
Does not know: wheels; which digest a member must have comes with it.
Shape: `Source` (bytes of an archive) + `Member`s + RECORD rows -> files in a folder.
What is written is never longer than the archive's directory declares.
Spec: RFC 1951 (deflate).
"""

from __future__ import annotations

import hashlib
import os

from admit.install.archive import DEFLATED, BadArchive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from admit.install.archive import Member
    from admit.spec.record import RecordRow

    Buffer = bytes | bytearray | memoryview

_WHOLE_ARCHIVE = 32 << 20
"""Archives up to this size are read into memory once."""
_ONE_SHOT = 16 << 20
"""libdeflate wants all of a member at once; larger ones stream through zlib."""
_PIECE = 1 << 20
_WORTH_THREADS = 2 << 20
_MAX_THREADS = 4


class Source:
    """The bytes of an archive, read whole if small, else piece by piece."""

    __slots__ = ("_file", "_whole", "length", "path")

    def __init__(self, path: str, length: int, file: BinaryIO) -> None:
        self.path = path
        self.length = length
        self._file = file
        self._whole: memoryview | None = None
        if length <= _WHOLE_ARCHIVE:
            self._whole = memoryview(file.read(length + 1) or b"")

    def read_at(self, offset: int, size: int) -> bytes | memoryview:
        """Return bytes; fewer where the file ends. Not for several threads."""
        if self._whole is not None:
            return self._whole[offset : offset + size]
        self._file.seek(offset)
        return self._file.read(size)

    def digest(self, algorithm: str) -> str:
        """Return the digest of the whole archive, in hexadecimal."""
        hasher = hashlib.new(algorithm)
        for offset in range(0, self.length, _PIECE):
            hasher.update(self.read_at(offset, _PIECE))
        return hasher.hexdigest()

    def for_thread(self) -> Source:
        """The same bytes for another thread, which has to `close` it."""
        if self._whole is not None:
            return self
        return Source(self.path, self.length, open(self.path, "rb", buffering=0))

    def close(self) -> None:
        """Let go of the file of a thread."""
        if self._whole is None:
            self._file.close()


def write_members(
    source: Source, members: list[Member], rows: dict[str, RecordRow], partial: str
) -> None:
    """Inflate, hash and write every member, in several threads if that is worth it.

    The files go to a new folder `tree` in `partial`; `rows` are those of RECORD.

    Raises:
        BadArchive: a member is damaged, or is not what its row says.
    """
    tree = f"{partial}/tree"
    _make_folders(tree, members)
    total = sum(member.size for member in members)
    threads = min(_MAX_THREADS, os.cpu_count() or 1, len(members))
    if total < _WORTH_THREADS or threads < 2:
        for member in members:
            _write_member(source, member, rows.get(member.name), tree)
        return
    _write_in_threads(source, members, rows, tree, threads)


def _write_in_threads(
    source: Source,
    members: list[Member],
    rows: dict[str, RecordRow],
    tree: str,
    threads: int,
) -> None:
    import threading

    waiting = sorted(members, key=lambda member: member.packed)
    failures: list[BaseException] = []

    def work() -> None:
        mine = source
        try:
            mine = source.for_thread()
            while waiting and not failures:
                try:
                    member = waiting.pop()
                except IndexError:
                    break
                _write_member(mine, member, rows.get(member.name), tree)
        except BaseException as error:  # noqa: BLE001  # raised again by the caller
            failures.append(error)
        finally:
            if mine is not source:
                mine.close()

    pool = [threading.Thread(target=work) for _ in range(threads - 1)]
    try:
        for thread in pool:
            thread.start()
        work()
    except BaseException as error:
        failures.append(error)
        raise
    finally:
        for thread in pool:
            if thread.ident is not None:
                thread.join()
    if failures:
        raise failures[0]


def _make_folders(tree: str, members: list[Member]) -> None:
    os.mkdir(tree)
    folders: set[str] = set()
    for member in members:
        folder = member.name.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    for folder in sorted(folders):
        os.mkdir(f"{tree}/{folder}")


def _write_member(
    source: Source, member: Member, row: RecordRow | None, tree: str
) -> None:
    is_script = ".data/scripts/" in member.name
    mode = 0o777 if member.is_executable or is_script else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        target = os.open(f"{tree}/{member.name}", flags, mode)
    except FileExistsError as error:
        # Only possible where the file system does not tell cases apart.
        raise BadArchive(f"the name {member.name!r} comes twice") from error
    try:
        hasher = hashlib.new(row.digest.algorithm) if row and row.digest else None
        for piece in _inflated_pieces(source, member):
            if hasher:
                hasher.update(piece)
            _write_all(target, piece)
    finally:
        os.close(target)
    if hasher and row and row.digest and hasher.hexdigest() != row.digest.hex:
        raise BadArchive(f"{member.name} does not have the digest RECORD says")


def _write_all(target: int, piece: Buffer) -> None:
    written = os.write(target, piece)
    if written != len(piece):
        view = memoryview(piece)
        while written < len(view):
            written += os.write(target, view[written:])


def _inflated_pieces(source: Source, member: Member) -> Iterable[Buffer]:
    if member.size <= _ONE_SHOT:
        return (inflate(source, member),)
    return _stream(source, member)


def inflate(source: Source, member: Member) -> Buffer:
    """Return the content of a member that fits into memory.

    Raises:
        BadArchive: it cannot be inflated, or not to the size it declares.
    """
    packed = source.read_at(member.offset, member.packed)
    if member.method != DEFLATED:
        content: Buffer = packed
    else:
        import deflate

        try:
            content = deflate.deflate_decompress(packed, member.size)
        except deflate.DeflateError as error:
            raise BadArchive(f"{member.name} cannot be inflated") from error
    if len(content) != member.size:
        raise BadArchive(f"{member.name} is shorter or longer than it says")
    return content


def _stream(source: Source, member: Member) -> Iterator[bytes]:
    """Inflate a large member piece by piece, never beyond the size it declares."""
    import zlib

    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.size
    for start in range(0, member.packed, _PIECE):
        size = min(_PIECE, member.packed - start)
        packed: Buffer = source.read_at(member.offset + start, size)
        if member.method != DEFLATED:
            left -= len(packed)
            yield bytes(packed)
            continue
        while packed:
            try:
                piece = inflater.decompress(packed, _PIECE)
            except zlib.error as error:
                raise BadArchive(f"{member.name} cannot be inflated") from error
            left -= len(piece)
            if left < 0:
                raise BadArchive(f"{member.name} is longer than it says")
            yield piece
            packed = inflater.unconsumed_tail
    if left or not (member.method != DEFLATED or inflater.eof):
        raise BadArchive(f"{member.name} is shorter or longer than it says")
