"""Open a wheel, verify everything about it, unpack it.

For: turning a downloaded file into a tree that may be linked into environments.
Does not know: where the tree is kept, environments, the network.
Shape: `unpack_wheel(path, into)` makes the folder `into` with `tree/` (the files as
they are in the archive) and `listing`; `read_unpacked(into)` reads that back.
Nothing is at `into` before all of it is verified: the work is done in a folder beside
it, which is renamed at the end and removed on any failure.
Figures: inflating and hashing release the interpreter's lock, so a few threads share
the members of a large wheel (docs/design/0003-applying-is-a-transaction.md).
Spec: binary distribution format 1.0, recorded projects, file name convention.
"""

from __future__ import annotations

import hashlib
import os
import sys

from admit.errors import EnvironmentProblem, InputError
from admit.install.archive import DEFLATED, BadArchive, Member, read_members
from admit.install.listing import (
    BadWheel,
    UnpackedWheel,
    format_listing,
    parse_listing,
)
from admit.spec.names import normalize_name
from admit.spec.record import (
    SECURE_ALGORITHMS,
    format_record,
    parse_entry_points,
    parse_record,
)
from admit.spec.tags import parse_wheel_filename
from admit.spec.version import parse_version
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from admit.spec.record import Digest, EntryPoint, RecordRow
    from admit.spec.tags import WheelName

    Buffer = bytes | bytearray | memoryview

_WHOLE_ARCHIVE = 32 << 20
"""Archives up to this size are read into memory once."""
_ONE_SHOT = 16 << 20
"""libdeflate wants all of a member at once; larger ones stream through zlib."""
_PIECE = 1 << 20
_WORTH_THREADS = 2 << 20
_MAX_THREADS = 4
_MAX_METADATA = 16 << 20
_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")


class HashMismatch(BadWheel):
    """A file is not the one that was promised."""

    code = "hash-mismatch"


class CannotUnpack(EnvironmentProblem):
    """The system refuses to write (full disk, permissions)."""

    code = "cannot-unpack"


def unpack_wheel(path: str, into: str, *, expected: Digest | None) -> UnpackedWheel:
    """Verify the wheel at `path` and unpack it to the folder `into`.

    The file name of `path` must be the wheel's own. The parent of `into` must exist;
    if `into` itself exists, made by another process, that one is kept.

    Raises:
        HashMismatch: the file does not have the expected digest.
        BadWheel: it is damaged, contradicts itself, or is dangerous.
        CannotUnpack: reading or writing failed.
    """
    partial = f"{into}.partial-{os.urandom(6).hex()}"
    try:
        wheel = _unpack(path, partial, expected)
        with open(f"{partial}/listing", "w", encoding="utf-8", newline="\n") as file:
            file.write(format_listing(wheel))
        try:
            os.rename(partial, into)
        except OSError:
            existing = read_unpacked(into)
            if existing is None:
                raise
            _remove_tree(partial)
            return existing
    except BaseException as error:
        _remove_tree(partial)
        if isinstance(error, BadArchive):
            raise BadWheel(f"cannot use {_shown(path)}", why=str(error)) from error
        if isinstance(error, OSError):
            raise CannotUnpack(
                f"cannot unpack {_shown(path)}", why=f"{error.strerror}: {into}"
            ) from error
        raise
    return replace(wheel, tree=f"{into}/tree")


def read_unpacked(into: str) -> UnpackedWheel | None:
    """Read what `unpack_wheel` left at `into`; None if that is not there or damaged."""
    try:
        with open(f"{into}/listing", encoding="utf-8", newline="\n") as file:
            wheel = parse_listing(file.read(), f"{into}/tree")
        if wheel is None or not wheel.python_scripts:
            return wheel
        return _with_scripts(wheel)
    except (OSError, UnicodeDecodeError):
        return None


def _unpack(path: str, partial: str, expected: Digest | None) -> UnpackedWheel:
    filename = parse_wheel_filename(os.path.basename(path))
    os.mkdir(partial)
    with open(path, "rb", buffering=0) as file:
        length = os.fstat(file.fileno()).st_size
        source = _Source(path, length, file)
        if expected is not None:
            _check_digest(source, expected)
        members = read_members(
            source.read_at, length, is_windows=sys.platform == "win32"
        )
        by_name = {member.name: member for member in members}
        dist_info = _find_dist_info(by_name, filename)
        is_purelib = _read_wheel_file(source, by_name, f"{dist_info}/WHEEL")
        version = _read_metadata(source, by_name, f"{dist_info}/METADATA", filename)
        rows = _read_record(source, by_name, dist_info)
        entry_points = _read_entry_points(source, by_name, dist_info)
        _write_members(source, members, rows, partial)
    wheel = UnpackedWheel(
        tree=f"{partial}/tree",
        name=filename.name,
        version=version,
        dist_info=dist_info,
        is_purelib=is_purelib,
        record=format_record(rows[name] for name in by_name if name in rows),
        entry_points=entry_points,
    )
    return _find_python_scripts(wheel)


class _Source:
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

    def for_thread(self) -> _Source:
        """The same bytes for another thread, which has to `close` it."""
        if self._whole is not None:
            return self
        return _Source(self.path, self.length, open(self.path, "rb", buffering=0))

    def close(self) -> None:
        """Let go of the file of a thread."""
        if self._whole is None:
            self._file.close()


def _check_digest(source: _Source, expected: Digest) -> None:
    hasher = hashlib.new(expected.algorithm)
    for offset in range(0, source.length, _PIECE):
        hasher.update(source.read_at(offset, _PIECE))
    if hasher.hexdigest() != expected.hex:
        raise HashMismatch(
            f"{_shown(source.path)} is not the file that was promised",
            why=f"expected {expected.algorithm} {expected.hex}, got "
            f"{hasher.hexdigest()}",
        )


def _find_dist_info(members: dict[str, Member], filename: WheelName) -> str:
    """Return the one `.dist-info` folder, whose name must agree with the file's."""
    found = {
        name.partition("/")[0]
        for name in members
        if name.partition("/")[0].endswith(".dist-info")
    }
    if len(found) != 1:
        listed = ", ".join(sorted(found)) or "none"
        raise BadArchive(f"it has not one .dist-info folder but: {listed}")
    folder = found.pop()
    name, _, version = folder.removesuffix(".dist-info").rpartition("-")
    try:
        agrees = (
            normalize_name(name) == filename.name
            and parse_version(version).key == filename.version.key
        )
    except InputError:
        agrees = False
    if not agrees:
        raise BadArchive(f"its folder {folder} contradicts its file name")
    return folder


def _read_text(source: _Source, members: dict[str, Member], name: str) -> str:
    member = members.get(name)
    if member is None:
        raise BadArchive(f"it has no {name}")
    if member.size > _MAX_METADATA:
        raise BadArchive(f"{name} has {member.size} bytes")
    try:
        return bytes(_inflate(source, member)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadArchive(f"{name} is not UTF-8") from error


def _read_wheel_file(source: _Source, members: dict[str, Member], name: str) -> bool:
    """Check the format's version; return whether the root goes to purelib."""
    headers = _read_headers(_read_text(source, members, name))
    version = headers.get("wheel-version", "")
    if version.partition(".")[0] != "1":
        raise BadArchive(
            f"its Wheel-Version is {version or 'missing'}; admit knows 1.x"
        )
    return headers.get("root-is-purelib", "").lower() == "true"


def _read_metadata(
    source: _Source, members: dict[str, Member], name: str, filename: WheelName
) -> str:
    """Check name and version against the file name; return the version as given."""
    headers = _read_headers(_read_text(source, members, name))
    try:
        is_right = (
            normalize_name(headers.get("name", "")) == filename.name
            and parse_version(headers.get("version", "")).key == filename.version.key
        )
    except InputError:
        is_right = False
    if not is_right:
        raise BadArchive(f"{name} names another project or version than its file name")
    return headers["version"]


def _read_headers(text: str) -> dict[str, str]:
    """Read the fields before the first empty line; the first of a name counts."""
    headers: dict[str, str] = {}
    for line in text.splitlines():
        if not line:
            break
        key, colon, field = line.partition(":")
        if colon and not key[:1].isspace():
            headers.setdefault(key.lower(), field.strip())
    return headers


def _read_record(
    source: _Source, members: dict[str, Member], dist_info: str
) -> dict[str, RecordRow]:
    """Read RECORD and check that it lists exactly the members, with secure digests."""
    text = _read_text(source, members, f"{dist_info}/RECORD")
    exempt = {f"{dist_info}/{name}" for name in _SIGNATURES}
    rows: dict[str, RecordRow] = {}
    faults: list[str] = []
    try:
        parsed = parse_record(text)
    except InputError as error:
        raise BadArchive(f"its RECORD is malformed: {error}") from error
    for row in parsed:
        if row.path in exempt:
            continue
        if row.path not in members:
            faults.append(f"RECORD lists {row.path}, which is not there")
        elif row.path in rows and rows[row.path] != row:
            faults.append(f"RECORD lists {row.path} twice, differently")
        elif row.digest is None or row.digest.algorithm not in SECURE_ALGORITHMS:
            faults.append(f"RECORD has no secure digest of {row.path}")
        elif row.size is not None and row.size != members[row.path].size:
            faults.append(f"{row.path} does not have the size RECORD says")
        rows[row.path] = row
    faults += [
        f"RECORD does not list {name}"
        for name in members
        if name not in rows and name not in exempt
    ]
    if faults:
        raise BadArchive(_first_of(faults))
    return rows


def _read_entry_points(
    source: _Source, members: dict[str, Member], dist_info: str
) -> tuple[EntryPoint, ...]:
    name = f"{dist_info}/entry_points.txt"
    if name not in members:
        return ()
    try:
        found = parse_entry_points(_read_text(source, members, name))
    except InputError as error:
        raise BadArchive(f"its entry_points.txt is malformed: {error}") from error
    return tuple(entry for entry in found if entry.group in _SCRIPT_GROUPS)


def _write_members(
    source: _Source, members: list[Member], rows: dict[str, RecordRow], partial: str
) -> None:
    """Inflate, hash and write every member, in several threads if that is worth it."""
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
    source: _Source,
    members: list[Member],
    rows: dict[str, RecordRow],
    tree: str,
    threads: int,
) -> None:
    import threading

    waiting = sorted(members, key=lambda member: member.packed)
    failures: list[BaseException] = []

    def work() -> None:
        mine = source.for_thread()
        try:
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
    source: _Source, member: Member, row: RecordRow | None, tree: str
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


def _inflated_pieces(source: _Source, member: Member) -> Iterable[Buffer]:
    if member.size <= _ONE_SHOT:
        return (_inflate(source, member),)
    return _stream(source, member)


def _inflate(source: _Source, member: Member) -> Buffer:
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


def _stream(source: _Source, member: Member) -> Iterator[bytes]:
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


def _find_python_scripts(wheel: UnpackedWheel) -> UnpackedWheel:
    """Note the scripts whose first line is to name the interpreter."""
    prefix = f"{wheel.data_folder}/scripts/"
    found = []
    for path, _ in wheel.lines:
        if path.startswith(prefix):
            with open(f"{wheel.tree}/{path}", "rb") as file:
                if file.read(8) == b"#!python":
                    found.append((path, b""))
    return _with_scripts(replace(wheel, python_scripts=tuple(found)))


def _with_scripts(wheel: UnpackedWheel) -> UnpackedWheel:
    """Read the contents of the scripts that will be rewritten."""
    scripts = []
    for path, _ in wheel.python_scripts:
        with open(f"{wheel.tree}/{path}", "rb") as file:
            scripts.append((path, file.read()))
    return replace(wheel, python_scripts=tuple(scripts))


def _remove_tree(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _shown(path: str) -> str:
    return os.path.basename(path)


def _first_of(faults: list[str]) -> str:
    """Tell a few faults and how many more there are."""
    shown = "; ".join(faults[:3])
    return shown if len(faults) <= 3 else f"{shown}; and {len(faults) - 3} more"
