"""Unpack a tar archive, compressed or not, without trusting anything in it.

For: `archive`.
Does not know: temporary folders, sdists.
Shape: `unpack_tar(path, tree)` fills a new folder, or raises `BadArchive`.
Theory: the archive is read once, from front to back. `tarfile` reads the headers; files
are made here, so it does not matter which filters the Python has. Links are made last,
when nothing is written any more, and each is first followed, among the names of the
archive, to a place in the tree.
Spec: data filter (PEP 706). What it would change is refused here, but for permissions,
of which "executable" is what is kept.
"""

from __future__ import annotations

import os
import sys

from admit.install.archive import (
    HARMLESS_TOTAL,
    MAX_MEMBERS,
    MAX_RATIO,
    MAX_TOTAL,
    BadArchive,
)
from admit.install.listing import find_name_fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo
    from typing import IO, Protocol

    class Readable(Protocol):
        """What can be read from front to back."""

        def read(self, size: int, /) -> bytes: ...


_PIECE = 1 << 18
_LARGEST_HEADER = 4 << 20
"""Bytes of headers between two members: names and attributes may be long."""
_MOST_HOPS = 40
_TELLS_CASES_APART = sys.platform not in ("win32", "darwin")


def unpack_tar(path: str, tree: str) -> None:
    """Unpack the archive at `path` to the new folder `tree`.

    Raises:
        BadArchive: it is none, or a damaged or dangerous one; names the member.
        OSError: reading or writing failed.
    """
    from tarfile import TarError

    os.mkdir(tree)
    with open(path, "rb") as file:
        stream, damage = _decompressor(path, file)
        length = os.fstat(file.fileno()).st_size
        try:
            _Unpacking(tree, _Bounded(stream, length, damage)).run()
        except TarError as error:
            raise BadArchive(f"it is damaged: {error}") from error


def _decompressor(
    path: str, file: IO[bytes]
) -> tuple[Readable, tuple[type[Exception], ...]]:
    """Return what is decompressed, and the errors that say it cannot be."""
    lowered = path.lower()
    if lowered.endswith((".tar.gz", ".tgz")):
        import gzip
        import zlib

        return gzip.open(file), (EOFError, OSError, zlib.error)
    if lowered.endswith((".tar.bz2", ".tbz2", ".tbz")):
        import bz2

        return bz2.open(file), (EOFError, OSError)
    if lowered.endswith((".tar.xz", ".txz", ".tar.lzma")):
        import lzma

        return lzma.open(file), (EOFError, lzma.LZMAError)
    if lowered.endswith(".tar"):
        return file, ()
    raise BadArchive("its name ends in none of .tar.gz, .tar.bz2, .tar.xz and .zip")


class _Bounded:
    """What is decompressed, up to limits; `tarfile` reads from it."""

    def __init__(
        self, stream: Readable, length: int, damage: tuple[type[Exception], ...]
    ) -> None:
        self._stream = stream
        self._damage = damage
        self._limit = min(MAX_TOTAL, max(HARMLESS_TOTAL, length * MAX_RATIO))
        self._length = length
        self._total = 0
        self._allowed = 0

    def allow(self, size: int) -> None:
        """Say how much the next member may be; its headers come on top."""
        self._allowed = size + _LARGEST_HEADER

    def count(self, size: int) -> None:
        """Count bytes that come out of the archive.

        Raises:
            BadArchive: they are too many.
        """
        self._total += size
        if self._total > self._limit:
            raise BadArchive(
                f"it would unpack to over {self._limit} bytes, from {self._length}"
            )

    def read(self, size: int) -> bytes:
        """Return decompressed bytes; b"" at the end.

        Raises:
            BadArchive: it is damaged, or too much comes out of it.
        """
        try:
            piece = self._stream.read(size)
        except self._damage as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # the file cannot be read
            raise BadArchive(f"it is damaged: {error}") from error
        self.count(len(piece))
        self._allowed -= len(piece)
        if self._allowed < 0:
            raise BadArchive("it has a header, or a tail, that is too long")
        return piece


class _Unpacking:
    """One archive being unpacked: what was made so far."""

    def __init__(self, tree: str, stream: _Bounded) -> None:
        self._tree = tree
        self._stream = stream
        self._names: dict[str, str] = {}
        """Of files and links, by what the file system takes for the same name."""
        self._folders = {""}
        """The same, of folders."""
        self._links: dict[str, str] = {}

    def run(self) -> None:
        """Read all members; make files and folders, and at the end links.

        Raises:
            BadArchive: something is wrong with it; the message names the member.
            TarError: it is no tar file.
        """
        from tarfile import open as open_tar

        self._stream.allow(0)
        count = 0
        # Typed for whole files; a stream is asked for nothing but read().
        with open_tar(
            fileobj=self._stream,  # type: ignore[call-overload]
            mode="r|",
            encoding="utf-8",
            tarinfo=_strict_headers(),
            errorlevel=1,
        ) as archive:
            while (member := archive.next()) is not None:
                count += 1
                if count > MAX_MEMBERS:
                    raise BadArchive(f"it has more than {MAX_MEMBERS} members")
                self._take(archive, member)
                archive.members.clear()  # each would be kept
            self._read_to_end()
        for name, target in self._links.items():
            self._follow(name)
            os.symlink(target, f"{self._tree}/{name}")

    def _read_to_end(self) -> None:
        """What follows the end is padding; only at its end a checksum is verified."""
        while self._stream.read(_PIECE):
            continue

    def _take(self, archive: TarFile, member: TarInfo) -> None:
        name = _plain_name(member.name)
        if name == "" and member.isdir():
            self._stream.allow(0)
            return
        fault = find_name_fault(name, is_windows=sys.platform == "win32")
        if fault is not None:
            raise BadArchive(f"the name {member.name!r} {fault}")
        if member.issparse():
            raise BadArchive(f"{name!r} is a sparse file")
        if member.isdir():
            self._make_folder(name)
        elif member.isreg():
            self._write(archive, member, name)
        elif member.issym():
            self._note_link(name, member.linkname)
        elif member.islnk():
            self._copy(member, name)
        else:
            raise BadArchive(f"{name!r} is a special file")
        self._stream.allow(0)

    def _make_folder(self, name: str) -> None:
        """Make a folder and those above; permissions are what is usual here."""
        key = _key(name)
        if key in self._folders:
            return
        self._make_folder(name.rpartition("/")[0])
        if key in self._names:
            raise BadArchive(f"{name!r} is both a file and a folder")
        os.mkdir(f"{self._tree}/{name}")
        self._folders.add(key)

    def _reserve(self, name: str) -> None:
        """See that nothing is where a file or link is to be.

        A file of the very same name is replaced, as by every tar.
        """
        self._make_folder(name.rpartition("/")[0])
        key = _key(name)
        if key in self._folders:
            raise BadArchive(f"{name!r} is both a file and a folder")
        before = self._names.get(key)
        if before is not None:
            if before != name or before in self._links:
                raise BadArchive(f"the name {name!r} comes twice")
            os.unlink(f"{self._tree}/{name}")
        self._names[key] = name

    def _write(self, archive: TarFile, member: TarInfo, name: str) -> None:
        self._reserve(name)
        self._stream.allow(member.size)
        content = archive.extractfile(member)
        assert content is not None  # noqa: S101  # it is a file
        left = member.size
        with self._create(name, bool(member.mode & 0o100)) as file:
            while left:
                piece = content.read(min(_PIECE, left))
                if not piece:
                    raise BadArchive(f"{name!r} is shorter than it says")
                file.write(piece)
                left -= len(piece)
        _set_time(f"{self._tree}/{name}", member.mtime)

    def _copy(self, member: TarInfo, name: str) -> None:
        """Make of a hard link a file of its own."""
        target = _plain_name(member.linkname)
        is_file = self._names.get(_key(target)) == target and target not in self._links
        if not is_file or target == name:
            raise BadArchive(
                f"{name!r} is a hard link to {member.linkname!r}, which is no file "
                "before it"
            )
        self._reserve(name)
        with open(f"{self._tree}/{target}", "rb") as source:
            found = os.fstat(source.fileno())
            # Many links to one large file are a bomb, too.
            self._stream.count(found.st_size)
            with self._create(name, bool(found.st_mode & 0o100)) as file:
                while piece := source.read(_PIECE):
                    file.write(piece)

    def _note_link(self, name: str, target: str) -> None:
        self._reserve(name)
        self._links[name] = target

    def _create(self, name: str, is_executable: bool) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        mode = 0o777 if is_executable else 0o666
        try:
            return open(os.open(f"{self._tree}/{name}", flags, mode), "wb")
        except FileExistsError as error:
            # Only possible where the file system sees less difference than we do.
            raise BadArchive(f"the name {name!r} comes twice") from error

    def _follow(self, name: str) -> None:
        """Walk where a link leads, among the names of the archive, link by link.

        Raises:
            BadArchive: it leads out of the tree, or nowhere in particular.
        """
        leaves = f"{name!r} is a link that leaves the tree: {self._links[name]!r}"
        place: list[str] = []
        hops = 0
        waiting = name.split("/")[::-1]
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not place:
                    raise BadArchive(leaves)
                place.pop()
                continue
            place.append(part)
            target = self._links.get("/".join(place))
            if target is None:
                continue
            hops += 1
            if hops > _MOST_HOPS:
                raise BadArchive(f"{name!r} is a link that leads to itself")
            if _is_absolute(target):
                raise BadArchive(leaves)
            place.pop()
            waiting += target.split("/")[::-1]


def _strict_headers() -> type[TarInfo]:
    """Return a reader of headers that takes a broken one for no end of the archive."""
    from tarfile import HeaderError, TarInfo

    class StrictInfo(TarInfo):
        @classmethod
        def fromtarfile(cls, tarfile: TarFile) -> StrictInfo:
            try:
                return super().fromtarfile(tarfile)
            except HeaderError as error:
                if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                    raise
                raise BadArchive(f"it is damaged: {error}") from error

    return StrictInfo


def _plain_name(name: str) -> str:
    """Drop what means nothing: `./` before a name, `//` in it. The rest is judged."""
    if name.startswith("/"):
        return name
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _key(name: str) -> str:
    return name if _TELLS_CASES_APART else name.casefold()


def _is_absolute(target: str) -> bool:
    return target.startswith("/") or "\\" in target or target[1:2] == ":"


def _set_time(path: str, seconds: float) -> None:
    """Keep the time of a file: some builds compare what was generated from what."""
    try:
        os.utime(path, (seconds, seconds))
    except (OSError, OverflowError, ValueError):
        return
