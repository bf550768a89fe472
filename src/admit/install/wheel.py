"""Open a wheel, verify everything about it, unpack it.

For: turning a downloaded file into a tree that may be linked into environments.
Does not know: where the tree is kept, environments, the network.
Shape: `unpack_wheel(path, into)` makes the folder `into` with `tree/` (the files as
they are in the archive) and `listing`; `read_unpacked(into)` reads that back.
Nothing is at `into` before all of it is verified: the work is done in a folder beside
it, which is renamed at the end and removed on any failure.
Spec: binary distribution format 1.0, recorded projects, file name convention.
"""

from __future__ import annotations

import os
import sys

from admit.errors import EnvironmentProblem, InputError, fix_of_system
from admit.install.archive import BadArchive, read_members
from admit.install.inflate import Source, inflate, write_members
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
    from admit.install.archive import Member
    from admit.spec.record import Digest, EntryPoint, RecordRow
    from admit.spec.tags import WheelName

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
                f"cannot unpack {_shown(path)}",
                why=f"{error.strerror}: {into}",
                fix=fix_of_system(error),
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
        source = Source(path, length, file)
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
        write_members(source, members, rows, partial)
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


def _check_digest(source: Source, expected: Digest) -> None:
    found = source.digest(expected.algorithm)
    if found != expected.hex:
        raise HashMismatch(
            f"{_shown(source.path)} is not the file that was promised",
            why=f"expected {expected.algorithm} {expected.hex}, got {found}",
            fix="get the file anew; or correct the hash, if the file is the right one",
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


def _read_text(source: Source, members: dict[str, Member], name: str) -> str:
    member = members.get(name)
    if member is None:
        raise BadArchive(f"it has no {name}")
    if member.size > _MAX_METADATA:
        raise BadArchive(f"{name} has {member.size} bytes")
    try:
        return bytes(inflate(source, member)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadArchive(f"{name} is not UTF-8") from error


def _read_wheel_file(source: Source, members: dict[str, Member], name: str) -> bool:
    """Check the format's version; return whether the root goes to purelib."""
    headers = _read_headers(_read_text(source, members, name))
    version = headers.get("wheel-version", "")
    if version.partition(".")[0] != "1":
        raise BadArchive(
            f"its Wheel-Version is {version or 'missing'}; admit knows 1.x"
        )
    return headers.get("root-is-purelib", "").lower() == "true"


def _read_metadata(
    source: Source, members: dict[str, Member], name: str, filename: WheelName
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
    source: Source, members: dict[str, Member], dist_info: str
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
    source: Source, members: dict[str, Member], dist_info: str
) -> tuple[EntryPoint, ...]:
    name = f"{dist_info}/entry_points.txt"
    if name not in members:
        return ()
    try:
        found = parse_entry_points(_read_text(source, members, name))
    except InputError as error:
        raise BadArchive(f"its entry_points.txt is malformed: {error}") from error
    return tuple(entry for entry in found if entry.group in _SCRIPT_GROUPS)


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
