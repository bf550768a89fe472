"""The folder behind the index: which files are there, and what is in them.

For: reading a folder of wheels and sdists into values, again when it changes.
Does not know: callers, pages, HTTP.
Shape: `Shelf.read()` -> `Stock`, projects with their `ShelfFile`s in version order.
A file lies in the folder or one folder below; `NAME.yanked` beside it yanks it, its
content being the reason. A wheel that cannot be read is listed without metadata:
odd files must be servable too.
Spec: PEP 427 and 625 (file names), PEP 592 (yanked), PEP 658 (metadata).
"""

from __future__ import annotations

import hashlib
import os
import time
import zipfile

from admit.errors import AdmitError, EnvironmentProblem, InputError
from admit.spec.names import normalize_name
from admit.spec.version import parse_version
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLED = 2.0
"""Seconds after which a folder's time of change tells all changes: file systems
count it in coarse ticks."""


class NoSuchFolder(EnvironmentProblem):
    """The folder to serve is not there or cannot be read."""

    code = "no-such-folder"


@value
class ShelfFile:
    """One distribution file in the folder."""

    filename: str
    project: str
    """Normalised."""
    version: str
    """As in the file name."""
    path: str
    size: int
    sha256: str
    upload_time: str
    """ISO 8601, UTC."""
    metadata: bytes | None = None
    requires_python: str | None = None
    yanked: str | None = None
    """The reason, perhaps empty; None: not yanked."""

    @property
    def metadata_sha256(self) -> str | None:
        if self.metadata is None:
            return None
        return hashlib.sha256(self.metadata).hexdigest()


@value
class Stock:
    """The folder at one time."""

    projects: dict[str, tuple[ShelfFile, ...]]
    """By normalised name, sorted; files in version order."""
    generation: int
    """Another number whenever the folder was read anew."""


class Shelf:
    """A folder, read again when it changed."""

    def __init__(self, directory: str) -> None:
        """Take a folder.

        Raises:
            NoSuchFolder: it is none.
        """
        self.directory = os.path.abspath(directory)
        if not os.path.isdir(self.directory):
            raise NoSuchFolder(
                f"cannot serve {directory}",
                why="it is a file, not a folder"
                if os.path.exists(directory)
                else "no such folder",
                fix="give a folder that holds wheels",
            )
        self._known: dict[tuple[str, int, int], ShelfFile | None] = {}
        self._times: tuple[tuple[str, int], ...] = ()
        self._read_at = 0.0
        self._stock = Stock({}, 0)

    def read(self) -> Stock:
        """Return what is in the folder now."""
        times = tuple(self._folder_times())
        newest = max((stamp for _, stamp in times), default=0) / 1e9
        if times != self._times or self._read_at - newest < SETTLED:
            self._times, self._read_at = times, time.time()
            self._reread()
        return self._stock

    def _folder_times(self) -> Iterator[tuple[str, int]]:
        folders = [self.directory] if not self._times else [p for p, _ in self._times]
        for folder in folders:
            try:
                yield folder, os.stat(folder).st_mtime_ns
            except OSError:
                yield folder, -1

    def _reread(self) -> None:
        folders = [self.directory]
        found: dict[tuple[str, int, int], ShelfFile | None] = {}
        yanked: dict[str, str] = {}
        folders += [each.path for each in _entries(self.directory) if each.is_dir()]
        for folder in folders:
            for entry in _entries(folder):
                if entry.name.endswith(".yanked"):
                    yanked[entry.path.removesuffix(".yanked")] = _read_text(entry.path)
                elif entry.is_file():
                    state = entry.stat()
                    key = (entry.path, state.st_mtime_ns, state.st_size)
                    found[key] = self._known.get(key) or _read_file(entry, state)
        self._times = tuple(
            (folder, os.stat(folder).st_mtime_ns) for folder in sorted(folders)
        )
        projects = _arrange(each for each in found.values() if each is not None)
        projects = {
            name: tuple(_with_yank(each, yanked) for each in files)
            for name, files in projects.items()
        }
        self._known = found
        if projects != self._stock.projects:
            self._stock = Stock(projects, self._stock.generation + 1)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _read_text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _with_yank(file: ShelfFile, yanked: dict[str, str]) -> ShelfFile:
    if file.path not in yanked:
        return file
    return replace(file, yanked=yanked[file.path])


def _arrange(files: Iterator[ShelfFile]) -> dict[str, tuple[ShelfFile, ...]]:
    projects: dict[str, list[ShelfFile]] = {}
    for file in files:
        projects.setdefault(file.project, []).append(file)
    return {
        name: tuple(sorted(projects[name], key=_order)) for name in sorted(projects)
    }


def _order(file: ShelfFile) -> tuple[bytes, str]:
    try:
        return parse_version(file.version).key, file.filename
    except InputError:
        return b"", file.filename


def _read_file(entry: os.DirEntry[str], state: os.stat_result) -> ShelfFile | None:
    named = _split_filename(entry.name)
    if named is None:
        return None
    project, version = named
    digest = hashlib.sha256()
    with open(entry.path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    metadata = _read_metadata(entry.path) if entry.name.endswith(".whl") else None
    moment = time.gmtime(state.st_mtime)
    return ShelfFile(
        entry.name,
        project,
        version,
        entry.path,
        state.st_size,
        digest.hexdigest(),
        time.strftime("%Y-%m-%dT%H:%M:%SZ", moment),
        metadata,
        _requires_python(metadata),
    )


def _split_filename(filename: str) -> tuple[str, str] | None:
    """Project and version of a wheel or sdist, loosely; None for another file."""
    if filename.endswith(".whl"):
        name, _, rest = filename.removesuffix(".whl").partition("-")
        version = rest.partition("-")[0]
    else:
        for suffix in (".tar.gz", ".zip", ".tar.bz2"):
            if filename.endswith(suffix):
                name, _, version = filename.removesuffix(suffix).rpartition("-")
                break
        else:
            return None
    if not name or not version:
        return None
    try:
        return normalize_name(name), version.replace("_", "-")
    except AdmitError:
        return None


def _read_metadata(path: str) -> bytes | None:
    """The METADATA member of a wheel; None where the archive has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".dist-info/METADATA") and name.count("/") == 1:
                    return archive.read(name)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return None
    return None


def _requires_python(metadata: bytes | None) -> str | None:
    for line in (metadata or b"").splitlines():
        if not line.strip():
            return None
        if line.lower().startswith(b"requires-python:"):
            return line.partition(b":")[2].decode("utf-8", "replace").strip()
    return None
