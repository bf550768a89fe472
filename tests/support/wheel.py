"""Wheels for tests: correct ones in one call, broken ones member by member.

`build_wheel` writes a correct wheel. For a broken one take `wheel_members`, change
the mapping, and hand it to `write_archive`; `add_record` writes a RECORD that
agrees with whatever is there. Nothing depends on the clock: the same arguments give
the same bytes.
Spec: binary distribution format 1.0 (PEP 427, 491), core metadata, entry points.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Content = bytes | str
EntryPoints = Mapping[str, Mapping[str, str]]


def build_wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    data: Mapping[str, Content] | None = None,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    entry_points: EntryPoints | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    is_purelib: bool = True,
    metadata: Iterable[str] = (),
    executables: Iterable[str] = (),
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write a correct wheel into `directory` and return its path.

    `files` are paths inside the wheel (default: one module named like the project);
    `data` are paths inside `.data` (`scripts/x`, `headers/x.h`, ...);
    `entry_points` is `{"console_scripts": {"tool": "module:main"}}`; `metadata` are
    further header lines; `executables` are paths that get mode 755.
    """
    members = wheel_members(
        name,
        version,
        files=files,
        data=data,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
        entry_points=entry_points,
        tag=tag,
        build=build,
        is_purelib=is_purelib,
        metadata=metadata,
    )
    path = directory / wheel_filename(name, version, tag=tag, build=build)
    return write_archive(
        path, members, executables=executables, compression=compression
    )


def wheel_filename(
    name: str, version: str, *, tag: str = "py3-none-any", build: str = ""
) -> str:
    """The file name of a wheel; name and version escaped as the standard has it."""
    middle = f"-{build}" if build else ""
    return f"{escaped(name)}-{version.replace('-', '_')}{middle}-{tag}.whl"


def escaped(name: str) -> str:
    """A project name as it stands in file names."""
    return re.sub(r"[-_.]+", "_", name).lower()


def wheel_members(
    name: str,
    version: str,
    *,
    files: Mapping[str, Content] | None = None,
    data: Mapping[str, Content] | None = None,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    entry_points: EntryPoints | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    is_purelib: bool = True,
    metadata: Iterable[str] = (),
) -> dict[str, bytes]:
    """The members of a correct wheel, RECORD last, as `build_wheel` writes them."""
    stem = f"{escaped(name)}-{version.replace('-', '_')}"
    dist_info = f"{stem}.dist-info"
    if files is None:
        files = {f"{escaped(name)}/__init__.py": f'__version__ = "{version}"\n'}
    members = {path: to_bytes(content) for path, content in files.items()}
    for path, content in (data or {}).items():
        members[f"{stem}.data/{path}"] = to_bytes(content)
    header = metadata_text(
        name,
        version,
        requires=requires,
        requires_python=requires_python,
        extras=extras,
        further=metadata,
    )
    members[f"{dist_info}/METADATA"] = header.encode()
    members[f"{dist_info}/WHEEL"] = wheel_text(tag, build, is_purelib).encode()
    if entry_points:
        members[f"{dist_info}/entry_points.txt"] = "".join(
            f"[{group}]\n"
            + "".join(f"{key} = {target}\n" for key, target in entries.items())
            + "\n"
            for group, entries in entry_points.items()
        ).encode()
    return add_record(members, dist_info)


def metadata_text(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    extras: Iterable[str] = (),
    further: Iterable[str] = (),
) -> str:
    """The text of a METADATA file, with a short description as body."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    lines += further
    return "\n".join([*lines, "", f"{name} for tests.", ""])


def wheel_text(
    tag: str = "py3-none-any", build: str = "", is_purelib: bool = True
) -> str:
    """The text of a WHEEL file; compressed tag sets are written out."""
    pythons, abis, platforms = tag.split("-")
    lines = [
        "Wheel-Version: 1.0",
        "Generator: admit-tests",
        f"Root-Is-Purelib: {'true' if is_purelib else 'false'}",
    ]
    lines += [
        f"Tag: {python}-{abi}-{platform}"
        for python in pythons.split(".")
        for abi in abis.split(".")
        for platform in platforms.split(".")
    ]
    if build:
        lines.append(f"Build: {build}")
    return "\n".join([*lines, ""])


def add_record(members: Mapping[str, bytes], dist_info: str) -> dict[str, bytes]:
    """Return the members with a RECORD, at the end, that agrees with them."""
    record = f"{dist_info}/RECORD"
    rest = {path: content for path, content in members.items() if path != record}
    lines = [record_line(path, content) for path, content in rest.items()]
    return rest | {record: "".join([*lines, f"{record},,\n"]).encode()}


def record_line(path: str, content: bytes) -> str:
    """One line of RECORD: path, urlsafe base64 SHA-256 without padding, size."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    shown = f'"{path}"' if "," in path else path
    return f"{shown},sha256={digest.rstrip(b'=').decode()},{len(content)}\n"


def write_archive(
    path: Path,
    members: Mapping[str, Content] | Iterable[tuple[str, Content]],
    *,
    executables: Iterable[str] = (),
    modes: Mapping[str, int] | None = None,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write members to a zip file as they are, in order, and return its path.

    Pairs instead of a mapping allow names to come twice. `modes` are whole Unix
    modes by member (`stat.S_IFLNK | 0o777` makes a symbolic link).
    """
    pairs = members.items() if isinstance(members, Mapping) else members
    executable = frozenset(executables)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in pairs:
            entry = zipfile.ZipInfo(name, (2020, 2, 2, 0, 0, 0))
            entry.filename = name  # ZipInfo turns backslashes and cuts at NUL
            entry.create_system = 3
            entry.compress_type = compression
            mode = 0o100755 if name in executable else 0o100644
            entry.external_attr = (modes or {}).get(name, mode) << 16
            archive.writestr(entry, to_bytes(content))
    return path


def to_bytes(content: Content) -> bytes:
    """Text as UTF-8; bytes as they are."""
    return content.encode() if isinstance(content, str) else content
