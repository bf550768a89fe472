"""What is installed: the `.dist-info` folders of an environment.

For: knowing names and versions from one look at a folder, and the rest on demand.
Does not know: how to install or remove; interpreters.
Shape: `scan(folders)` -> `Installed`: one `InstalledDistribution` a folder, and a
`Problem` for each that is broken. Only `read_*` functions open files.
This is on the way of "already satisfied": nothing heavy is imported here.
Spec: recorded projects (PEP 376, 610, 627), editable installs (PEP 660).
"""

from __future__ import annotations

import os
from itertools import pairwise

from admit.env.layout import OwnedFiles, join
from admit.errors import EnvironmentProblem, InputError
from admit.spec.metadata import HEADER_ENDS
from admit.spec.names import normalize_name
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from admit.spec.direct_url import DirectUrl
    from admit.spec.names import NormalizedName

    Kind = Literal["wheel", "egg-info", "egg-link"]


_PIECE = 16 * 1024
"""Bytes of METADATA to read at once; nearly all headers are shorter."""


class CannotUninstall(EnvironmentProblem):
    """Nobody knows which files a distribution consists of."""

    code = "cannot-uninstall"


class MetadataMissing(EnvironmentProblem):
    """A distribution was installed, and its metadata is gone."""

    code = "metadata-missing"


@value
class InstalledDistribution:
    """A distribution as its folder's name tells."""

    name: NormalizedName
    version: str
    path: str
    """The `.dist-info` folder; the `.egg-info` folder or file; the `.egg-link` file."""
    kind: Kind
    written_name: str
    """The name as the folder has it."""

    @property
    def site(self) -> str:
        """The folder it is installed in."""
        return self.path.rpartition("/")[0]


@value
class Problem:
    """Something in the folder that looks like a distribution and is none."""

    path: str
    reason: str


@value
class Installed:
    """What a scan found, ordered by name."""

    distributions: tuple[InstalledDistribution, ...]
    problems: tuple[Problem, ...]

    def find(self, name: NormalizedName) -> tuple[InstalledDistribution, ...]:
        """Return those of a name: none, one, or more in a broken environment."""
        return tuple(each for each in self.distributions if each.name == name)


def scan(folders: Iterable[str]) -> Installed:
    """Look at the folders that hold packages; missing ones are empty."""
    found: list[InstalledDistribution] = []
    problems: list[Problem] = []
    for folder in dict.fromkeys(folders):
        try:
            names = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            problems.append(Problem(folder, f"cannot be read: {error.strerror}"))
            continue
        for name in names:
            # Most entries are packages: look at the end before anything else.
            if name.endswith((".dist-info", ".egg-info", ".egg-link")):
                each = _recognise(folder, name)
                if isinstance(each, Problem):
                    problems.append(each)
                else:
                    found.append(each)
    found.sort(key=lambda each: (each.name, each.path))
    problems += _duplicates(found)
    return Installed(tuple(found), tuple(problems))


def read_metadata(distribution: InstalledDistribution) -> bytes:
    """Return its core metadata.

    Raises:
        MetadataMissing: the file is not there.
    """
    names = {"wheel": ("METADATA",), "egg-info": ("PKG-INFO",), "egg-link": ()}
    for name in names[distribution.kind]:
        content = _read(f"{distribution.path}/{name}")
        if content is not None:
            return content
    if distribution.kind == "egg-info" and os.path.isfile(distribution.path):
        return _read(distribution.path) or b""
    if distribution.kind == "egg-link":
        return _read_linked_metadata(distribution)
    raise MetadataMissing(
        f"the metadata of {distribution.name} {distribution.version} is missing",
        why=f"{distribution.path} holds no METADATA",
        fix=f"reinstall it: `admit install --reinstall {distribution.name}`",
    )


def read_metadata_header(distribution: InstalledDistribution) -> bytes:
    """Return its core metadata, the long description left out where that is easy.

    Raises:
        MetadataMissing: the file is not there.
    """
    content = None
    if distribution.kind == "wheel":
        content = _read_header(f"{distribution.path}/METADATA")
    return content if content is not None else read_metadata(distribution)


def is_requested(distribution: InstalledDistribution) -> bool:
    """Whether it was asked for by name, as far as its installer noted that."""
    return os.path.lexists(f"{distribution.path}/REQUESTED")


def read_installer(distribution: InstalledDistribution) -> str:
    """Return who installed it; "" if that was not noted."""
    content = _read(f"{distribution.path}/INSTALLER") or b""
    return content.decode("utf-8", "replace").strip()


def read_direct_url(distribution: InstalledDistribution) -> DirectUrl | None:
    """Return what direct_url.json says; None if there is none, or it is broken."""
    content = _read(f"{distribution.path}/direct_url.json")
    if content is None:
        return None
    from admit.spec.direct_url import parse_direct_url

    try:
        return parse_direct_url(content)
    except InputError:
        return None


def is_editable(distribution: InstalledDistribution) -> bool:
    """Whether it is a working tree made importable (PEP 660, or `develop`)."""
    if distribution.kind == "egg-link":
        return True
    direct_url = read_direct_url(distribution)
    return direct_url is not None and direct_url.is_editable


def read_owned_files(distribution: InstalledDistribution) -> OwnedFiles:
    """Find every file that goes when the distribution goes.

    Those of RECORD, RECORD itself, and what was compiled from them.

    Raises:
        CannotUninstall: it has no RECORD, or a broken one.
    """
    if distribution.kind != "wheel":
        return _read_egg_files(distribution)
    content = _read(f"{distribution.path}/RECORD")
    if content is None:
        installer = read_installer(distribution) or "another tool"
        raise CannotUninstall(
            f"cannot uninstall {distribution.name} {distribution.version}",
            why=f"it was installed by {installer}, which left no RECORD of its files",
            fix=f"remove it with {installer}, or by hand",
        )
    return _owned(distribution, _record_paths(distribution, content))


def find_shared(
    removed: Iterable[OwnedFiles], others: Iterable[InstalledDistribution]
) -> frozenset[str]:
    """Return those of the files that distributions which stay list too."""
    files = {path for each in removed for path in each.files}
    shared: set[str] = set()
    for other in others:
        content = _read(f"{other.path}/RECORD") if files else None
        try:
            paths = _record_paths(other, content) if content else []
        except CannotUninstall:
            continue
        shared.update(files.intersection(_absolute(paths, other.site)))
    return frozenset(shared)


def _recognise(folder: str, entry: str) -> InstalledDistribution | Problem:
    stem, _, suffix = entry.rpartition(".")
    path = f"{folder}/{entry}"
    if suffix == "dist-info":
        name, _, version = stem.rpartition("-")
        kind: Kind = "wheel"
    elif suffix == "egg-info":
        # name-version-py3.11.egg-info, or name.egg-info beside a source tree.
        name, _, rest = stem.partition("-")
        version = rest.partition("-py")[0]
        kind = "egg-info"
    else:
        name, version, kind = stem, "", "egg-link"
    if entry.startswith("~"):
        return Problem(path, "pip left it behind when it was interrupted")
    try:
        normalized = normalize_name(name)
    except InputError:
        return Problem(path, "its name is not NAME-VERSION")
    if kind == "wheel" and not version:
        return Problem(path, "its name is not NAME-VERSION")
    found = InstalledDistribution(normalized, version, path, kind, name)
    if not version:
        return _with_version(found)
    return found


def _with_version(
    distribution: InstalledDistribution,
) -> InstalledDistribution | Problem:
    """Complete one whose file name does not tell its version."""
    try:
        headers = read_metadata(distribution)
    except MetadataMissing:
        return Problem(distribution.path, "it holds no metadata")
    for line in headers.split(b"\n"):
        key, _, text = line.partition(b":")
        if key.lower() == b"version":
            return InstalledDistribution(
                distribution.name,
                text.decode("utf-8", "replace").strip(),
                distribution.path,
                distribution.kind,
                distribution.written_name,
            )
        if not line.strip():
            break
    return Problem(distribution.path, "its metadata names no version")


def _duplicates(found: list[InstalledDistribution]) -> list[Problem]:
    return [
        Problem(second.path, f"{first.path} is of the same project")
        for first, second in pairwise(found)
        if first.name == second.name
    ]


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def _read_header(path: str) -> bytes | None:
    """Read the beginning of a file, up to a blank line at least, or all of it."""
    try:
        with open(path, "rb", buffering=0) as file:
            content = piece = file.read(_PIECE)
            while piece and not any(end in content for end in HEADER_ENDS):
                piece = file.read(_PIECE)
                content += piece
            return content
    except OSError:
        return None


def _record_paths(distribution: InstalledDistribution, content: bytes) -> list[str]:
    from admit.spec.record import parse_record

    try:
        rows = parse_record(content.decode("utf-8"))
    except (InputError, UnicodeDecodeError) as error:
        raise CannotUninstall(
            f"cannot uninstall {distribution.name} {distribution.version}",
            why=f"its RECORD is broken: {error}",
            fix=f"reinstall it: `admit install --reinstall {distribution.name}`",
        ) from error
    return [row.path.replace("\\", "/") for row in rows]


def _owned(distribution: InstalledDistribution, paths: list[str]) -> OwnedFiles:
    files = dict.fromkeys(_absolute(paths, distribution.site))
    files.update(dict.fromkeys(_compiled(files)))
    # What other tools put there without a row, so that the folder goes.
    files.update(dict.fromkeys(_files_below(distribution.path)))
    return OwnedFiles(distribution.name, distribution.version, tuple(files))


def _absolute(paths: list[str], site: str) -> list[str]:
    """Make paths of a RECORD absolute; folders have no place there."""
    return [
        path if _is_absolute(path) else join(site, path)
        for path in paths
        if not path.endswith("/")
    ]


def _files_below(folder: str) -> list[str]:
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                found += _files_below(path)
            else:
                found.append(path)
    return found


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:2] == ":"


def _compiled(files: Iterable[str]) -> list[str]:
    """Return what `__pycache__` folders hold of the modules among the files."""
    modules: dict[str, set[str]] = {}
    for path in files:
        if path.endswith(".py"):
            folder, _, name = path.rpartition("/")
            modules.setdefault(folder, set()).add(name[:-3])
    found: list[str] = []
    for folder, names in modules.items():
        cache = f"{folder}/__pycache__"
        try:
            entries = os.listdir(cache)
        except OSError:
            continue
        # "module.cpython-312.opt-1.pyc"
        found += [
            f"{cache}/{entry}"
            for entry in entries
            if entry.endswith(".pyc") and entry.partition(".")[0] in names
        ]
    return found


def _read_egg_files(distribution: InstalledDistribution) -> OwnedFiles:
    """Files of what setuptools installed before wheels, if it noted them."""
    listed = _read(f"{distribution.path}/installed-files.txt")
    if distribution.kind == "egg-info" and listed is not None:
        lines = listed.decode("utf-8", "replace").splitlines()
        paths = [line.replace("\\", "/") for line in lines if line]
        below = f"{distribution.path.rpartition('/')[2]}/"
        return _owned(distribution, [f"{below}{path}" for path in paths])
    if distribution.kind == "egg-link":
        raise CannotUninstall(
            f"cannot uninstall {distribution.name} {distribution.version}",
            why="it is a working tree, made importable by `setup.py develop`",
            fix="run `python setup.py develop --uninstall` in that tree",
        )
    raise CannotUninstall(
        f"cannot uninstall {distribution.name} {distribution.version}",
        why=f"{distribution.path} has no list of its files",
        fix="remove it with the system's package manager, or by hand",
    )


def _read_linked_metadata(distribution: InstalledDistribution) -> bytes:
    """Read the metadata in the tree that an `.egg-link` points to."""
    lines = (_read(distribution.path) or b"").decode("utf-8", "replace").splitlines()
    folder = lines[0].strip() if lines else ""
    stem = distribution.written_name.replace("-", "_")
    for name in (stem, distribution.written_name):
        content = _read(f"{folder}/{name}.egg-info/PKG-INFO")
        if content is not None:
            return content
    raise MetadataMissing(
        f"the working tree of {distribution.name} is missing",
        why=f"{distribution.path} points to {folder or 'nothing'}",
    )
