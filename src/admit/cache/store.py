"""What earlier runs learnt, so that this one need not ask or parse again.

For: pages by source and identity, metadata, and the places of unpacked wheels.
Does not know: what pages and metadata mean; their digests are bytes here.
Shape: `Cache` hands out a `Shelf` per (source, identity, Accept). An entry is sealed:
checksum, key, content; whatever does not open is not there. Formats are part of the
path. Nothing of a request is stored, and of an answer only what `PageEntry` names.
Layout and rules: docs/cache.md; rule R7 of docs/auth.md.
"""

from __future__ import annotations

import marshal
import os
from binascii import crc32
from time import time

from admit.cache.blobs import DiskBlobs, NoBlobs, make_folder
from admit.cache.freshness import is_fresh
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.cache.blobs import Blobs

    Fields = tuple[str, str, str, str | None, str | None, int, bool]
    """The first ones of `PageEntry`."""

FORMAT = 1
"""Of seals and heads; part of every path."""
_METADATA_FORMAT = 2
"""Of the places of metadata."""
_MARSHAL = 4
"""A format that every Python since 3.4 reads."""
_KEY_SIZE = 32
_LONGEST_NAME = 100
_LEFT_BEHIND = 86400.0
_TAG = b"""Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of admit. It can be deleted at any time.
# https://bford.info/cachedir/
"""
_OURS = (
    "archive-v",
    "built-v",
    "git",
    "identity-key",
    "interpreters",
    "listings-v",
    "metadata-v",
    "partial",
)
"""How the names of what we keep begin."""


@value
class PageEntry:
    """A page as it was received, or the digest of one."""

    url: str
    """Where it came from in the end, without userinfo."""
    content_type: str
    body_hash: str
    """Fingerprint of the page, also where `content` is its digest."""
    etag: str | None
    last_modified: str | None
    lifetime: int
    """Seconds the server grants from `confirmed` on."""
    is_redirected: bool
    content: bytes = b""
    elapsed: float = 0.0
    """Seconds since it was received or last confirmed."""

    @property
    def validators(self) -> tuple[tuple[str, str], ...]:
        """Headers that ask whether it is still the same."""
        found: list[tuple[str, str]] = []
        if self.etag:
            found.append(("if-none-match", self.etag))
        if self.last_modified:
            found.append(("if-modified-since", self.last_modified))
        return tuple(found)


class Shelf:
    """Entries of one source as one identity sees it."""

    def __init__(
        self,
        blobs: Blobs,
        key: str,
        clock: Callable[[], float],
        may_trust: Callable[[str], bool],
        *,
        is_offline: bool = False,
    ) -> None:
        """Use `Cache.shelf`; `may_trust(project)` is False where a refresh is due."""
        self._blobs = blobs
        self._key = key
        self._folder = f"listings-v{FORMAT}/{key}"
        self._clock = clock
        self._may_trust = may_trust
        self.is_offline = is_offline
        """Nobody can be asked: what is here is all there is."""

    @property
    def keeps(self) -> bool:
        """Whether what is written here will be found again."""
        return not isinstance(self._blobs, NoBlobs)

    def read_page(self, project: str) -> PageEntry | None:
        """Return the page as received."""
        return self._read(f"page-{_short(project)}")

    def read_digest(self, project: str, target: str) -> PageEntry | None:
        """Return the digest of the page for a target."""
        return self._read(f"{target}-{_short(project)}")

    def write_page(self, project: str, entry: PageEntry) -> None:
        self._write(f"page-{_short(project)}", entry)

    def write_digest(self, project: str, target: str, entry: PageEntry) -> None:
        self._write(f"{target}-{_short(project)}", entry)

    def confirm(self, project: str, target: str) -> None:
        """Note that the index has just confirmed page and digest."""
        self._blobs.touch(f"{self._folder}/page-{_short(project)}")
        self._blobs.touch(f"{self._folder}/{target}-{_short(project)}")

    def is_fresh(
        self, project: str, entry: PageEntry, *, is_public: bool, own_rule: str | None
    ) -> bool:
        """Say whether an entry may be used without asking the index."""
        if self.is_offline:
            return True
        return self._may_trust(project) and is_fresh(
            entry.elapsed, entry.lifetime, is_public=is_public, own_rule=own_rule
        )

    def read_metadata(self, project: str, name: str) -> bytes | None:
        """Return the digest of a file's metadata; `name` must identify its content."""
        if not self._may_trust(project):
            return None
        blob = self._blobs.read(f"{self._folder}/metadata-{name}")
        return _open_sealed(blob.content, self._key) if blob is not None else None

    def write_metadata(self, name: str, content: bytes) -> None:
        sealed = _seal(self._key, content)
        self._blobs.write(f"{self._folder}/metadata-{name}", *sealed)

    def _read(self, name: str) -> PageEntry | None:
        blob = self._blobs.read(f"{self._folder}/{name}")
        opened = _open_sealed(blob.content, self._key) if blob is not None else None
        if blob is None or opened is None:
            return None
        size = int.from_bytes(opened[:4], "big")
        fields: Fields = marshal.loads(opened[4 : 4 + size])  # noqa: S302  # sealed by us
        elapsed = self._clock() - blob.confirmed
        return PageEntry(*fields, opened[4 + size :], elapsed)

    def _write(self, name: str, entry: PageEntry) -> None:
        fields = marshal.dumps(
            (
                entry.url,
                entry.content_type,
                entry.body_hash,
                entry.etag,
                entry.last_modified,
                entry.lifetime,
                entry.is_redirected,
            ),
            _MARSHAL,
        )
        head = len(fields).to_bytes(4, "big") + fields
        sealed = _seal(self._key, head, entry.content)
        self._blobs.write(f"{self._folder}/{name}", *sealed)


class Cache:
    """One cache folder, or none. `close` removes what was only for this run."""

    def __init__(
        self,
        root: str | None,
        warn: Callable[[str], None],
        *,
        refresh: bool = False,
        refresh_only: frozenset[str] = frozenset(),
        is_offline: bool = False,
        clock: Callable[[], float] = time,
    ) -> None:
        """Open a cache.

        Args:
            root: the folder, made if need be; None: nothing is read or written, and
                files that must lie somewhere do so in a temporary folder.
            warn: called once if the folder cannot be used.
            refresh: use nothing without asking the index.
            refresh_only: the same for these projects.
            is_offline: nobody can be asked: everything counts as fresh.
            clock: seconds since the epoch.
        """
        self._refresh = refresh
        self._refresh_only = refresh_only
        self._is_offline = is_offline
        self._clock = clock
        self._temporary: str | None = None
        self._place: str | None = None
        self._has_swept = False
        self._scratches: set[str] = set()
        self.root = root if root is not None and _is_usable(root, warn) else None
        """None if there is no cache, also where the folder cannot be used."""
        self._disk = DiskBlobs(self.root, warn) if self.root is not None else None
        self._blobs: Blobs = self._disk if self._disk is not None else NoBlobs()

    def shelf(self, source: str, identity: str, accept: str) -> Shelf:
        """Return the entries of one source as one identity sees it.

        Args:
            source: the key of its URL: no userinfo.
            identity: "anonymous", or a fingerprint made with `identity_key`.
            accept: the header sent; another one may get another answer.
        """
        host = source.partition("://")[2].partition("/")[0]
        readable = "".join(each if each.isalnum() else "-" for each in host)[:40]
        digest = fingerprint("\0".join((source, identity, accept)).encode())
        return Shelf(
            self._blobs,
            f"{readable}-{digest}",
            self._clock,
            self.may_trust,
            is_offline=self._is_offline,
        )

    def may_trust(self, project: str) -> bool:
        """Say whether what earlier runs kept of a project may be used unasked."""
        if self._is_offline:
            return True
        return not self._refresh and project not in self._refresh_only

    def identity_key(self) -> bytes:
        """Return this cache's random key, with which identities are fingerprinted.

        Without a cache a new one every time: nothing is compared across runs.
        """
        blob = self._blobs.read("identity-key")
        if blob is not None and len(blob.content) == _KEY_SIZE:
            return blob.content
        self._blobs.write("identity-key", os.urandom(_KEY_SIZE))
        blob = self._blobs.read("identity-key")  # another process may have been later
        if blob is not None and len(blob.content) == _KEY_SIZE:
            return blob.content
        return os.urandom(_KEY_SIZE)

    def read_metadata(self, sha256: str) -> bytes | None:
        """Return the digest of the metadata file that has this hash."""
        blob = self._blobs.read(_metadata_name(sha256))
        return _open_sealed(blob.content, sha256) if blob is not None else None

    def write_metadata(self, sha256: str, content: bytes) -> None:
        """Keep a digest; the hash must have been verified."""
        self._blobs.write(_metadata_name(sha256), *_seal(sha256, content))

    def read_built(self, key: str) -> str | None:
        """Return the sha256 of the wheel that was built under this key."""
        blob = self._blobs.read(f"built-v{FORMAT}/{key[:2]}/{key}")
        content = _open_sealed(blob.content, key) if blob is not None else None
        return content.decode("ascii") if content is not None else None

    def write_built(self, key: str, sha256: str) -> None:
        """Remember the wheel that was built; it is unpacked in its `archive_place`."""
        name = f"built-v{FORMAT}/{key[:2]}/{key}"
        self._blobs.write(name, *_seal(key, sha256.encode("ascii")))

    def find_archive(self, sha256: str) -> str | None:
        """Return where the wheel with this hash lies unpacked; None if nowhere."""
        for folder in (self.root, self._temporary):
            place = f"{folder}/archive-v{FORMAT}/{sha256[:2]}/{sha256}"
            if folder is not None and os.path.isdir(place):
                return place
        return None

    def archive_place(self, sha256: str) -> str:
        """Return where the wheel with this hash is, or is to be, unpacked.

        Its parent exists. Whoever unpacks prepares a folder beside it and renames it
        to this name: what is there is complete.
        """
        name = f"archive-v{FORMAT}/{sha256[:2]}/{sha256}"
        if self.root is not None and os.path.isdir(f"{self.root}/{name}"):
            return f"{self.root}/{name}"
        return f"{self._folder(os.path.dirname(name))}/{sha256}"

    def scratch(self, filename: str) -> str:
        """Return a path with this last part, in a new folder of its own."""
        return f"{self.scratch_folder()}/{os.path.basename(filename)}"

    def scratch_folder(self) -> str:
        """Return a new folder, which goes at the end of the run."""
        folder = self._folder(f"partial/{os.urandom(6).hex()}")
        self._scratches.add(folder)
        self._sweep(os.path.dirname(folder))
        return folder

    def give_up(self, path: str, why: str) -> bool:
        """Note that a file could not be written; put the next ones elsewhere.

        Returns whether `path` was in the cache, so that trying again is of use.
        """
        if self._disk is None or not path.startswith(f"{self.root}/"):
            return False
        self._disk.give_up(why)
        return True

    def settle_in(self, folder: str) -> None:
        """Have temporary files lie in this folder, from which they can be moved."""
        self._place = folder

    def discard(self, path: str) -> None:
        """Remove a file; and its folder, if `scratch` made that."""
        folder = os.path.dirname(path)
        try:
            if os.path.exists(path):
                os.unlink(path)
            if folder in self._scratches:
                self._scratches.discard(folder)
                os.rmdir(folder)
        except OSError:
            return

    def close(self) -> None:
        """Remove the temporary folder and what was left in places of `scratch`."""
        folders = list(self._scratches)
        if self._temporary is not None:
            folders.append(self._temporary)
        self._scratches.clear()
        self._temporary = None
        if folders:
            import shutil

            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, name: str) -> str:
        """Make a folder in the cache, else in one that goes with this run."""
        if self._disk is not None and self._disk.is_writable:
            try:
                make_folder(f"{self.root}/{name}")
            except OSError as error:
                self._disk.give_up(error.strerror or str(error))
            else:
                return f"{self.root}/{name}"
        if self._temporary is None:
            self._temporary = self._make_temporary()
        make_folder(f"{self._temporary}/{name}")
        return f"{self._temporary}/{name}"

    def _make_temporary(self) -> str:
        import tempfile

        if self._place is not None:
            try:
                return tempfile.mkdtemp(prefix=".admit-", dir=self._place)
            except OSError:
                self._place = None  # the environment will refuse by itself, if so
        return tempfile.mkdtemp(prefix="admit-")

    def _sweep(self, folder: str) -> None:
        """Remove what killed runs left a day ago or longer."""
        if self._has_swept:
            return
        self._has_swept = True
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            try:
                if self._clock() - entry.stat().st_mtime < _LEFT_BEHIND:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    import shutil

                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
            except OSError:
                continue


def fingerprint(content: bytes) -> str:
    """Return a short hash that nobody finds two contents for."""
    try:  # hashlib loads OpenSSL, which takes longer than all else of a warm run
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b(content, digest_size=16).hexdigest()


def _short(project: str) -> str:
    return project if len(project) <= _LONGEST_NAME else fingerprint(project.encode())


def _metadata_name(sha256: str) -> str:
    """Few folders: making one takes longer than writing a file."""
    return f"metadata-v{_METADATA_FORMAT}/{sha256[:1]}/{sha256}"


def _seal(key: str, *pieces: bytes) -> tuple[bytes, ...]:
    """Return what to write for a content in pieces, none of which is copied."""
    prefix = key.encode() + b"\n"
    checksum = crc32(prefix)
    for piece in pieces:
        checksum = crc32(piece, checksum)
    return (checksum.to_bytes(4, "big") + prefix, *pieces)


def _open_sealed(sealed: bytes, key: str) -> bytes | None:
    """Return the content; None if it is damaged or belongs to another key."""
    prefix = key.encode() + b"\n"
    start = 4 + len(prefix)
    if sealed[4:start] != prefix:
        return None
    if crc32(memoryview(sealed)[4:]).to_bytes(4, "big") != sealed[:4]:
        return None
    return sealed[start:]


def _is_usable(root: str, warn: Callable[[str], None]) -> bool:
    """Make the folder private; say why if it cannot be used."""
    try:
        try:
            status = os.stat(root)
        except FileNotFoundError:
            os.makedirs(root, 0o700)
            status = os.stat(root)
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            warn(f"the cache {root} belongs to another user; going on without it")
            return False
        if status.st_mode & 0o022 and os.name == "posix" and os.listdir(root):
            warn(
                f"the cache {root} could be written by other users; going on without "
                "it; remove it, or make it private if you know what is in it"
            )
            return False
        if status.st_mode & 0o077 and os.name == "posix":
            os.chmod(root, 0o700)
        if not os.path.isdir(root):
            warn(f"the cache {root} is no folder; going on without it")
            return False
        if not os.path.exists(f"{root}/CACHEDIR.TAG"):
            _mark(root)
    except OSError as error:
        warn(f"cannot use the cache {root}: {error.strerror}; going on without it")
        return False
    return True


def _mark(root: str) -> None:
    """Mark a folder as a cache, unless it holds what is not ours.

    What is known of interpreters may have made the folder before us.
    """
    if all(name.startswith(_OURS) for name in os.listdir(root)):
        path = f"{root}/CACHEDIR.TAG"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(_TAG)
