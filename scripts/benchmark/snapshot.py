"""A frozen piece of a package index: project pages and metadata, no archives.

For: resolving against the same data at every time and on every machine, without a
network. `scripts/freeze_snapshot.py` writes it, `content.py` turns it into responses.
Does not know: HTTP, tools, timing.
Shape on disk (xz, JSON): `pages.json.xz` has for each project its wheels as columns;
`metadata.json.xz` has for each project and version the header lines of METADATA and
the length of the description, which is not kept: filler of that length stands in for
it when served, so that documents have their real size. No host name and no address
is kept. `sets/NAME.in` are requirement sets, `sets/NAME.solution` a known solution.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
KEPT_FIELDS = frozenset(
    {
        "metadata-version",
        "name",
        "version",
        "summary",
        "keywords",
        "classifier",
        "license-expression",
        "license-file",
        "requires-python",
        "requires-dist",
        "provides-extra",
        "description-content-type",
        "dynamic",
    }
)
FILLER = "All work and no play makes a package a dull thing to read about.\n"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel as a project page lists it."""

    filename: str
    sha256: str
    size: int | None
    upload_time: str | None
    requires_python: str | None
    yanked: bool | str = False

    @property
    def version(self) -> str:
        """The version as the file name spells it."""
        return self.filename.split("-")[1]


@dataclass(frozen=True, slots=True)
class Document:
    """The metadata of one release, without what tells people where to go."""

    header: str
    description_length: int

    def render(self) -> bytes:
        """Return a METADATA file of the original's size and meaning."""
        count = self.description_length // len(FILLER) + 1
        return f"{self.header}\n{(FILLER * count)[: self.description_length]}".encode()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything frozen: pages and metadata by project."""

    pages: dict[str, list[Wheel]]
    metadata: dict[str, dict[str, Document]]


def strip_metadata(text: str) -> Document:
    """Keep the fields installers and readers of a benchmark need, and the length."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    kept: list[str] = []
    keeping = False
    for line in head.split("\n"):
        if not line.startswith((" ", "\t")):
            name = line.partition(":")[0].lower()
            keeping = name in KEPT_FIELDS and "://" not in line and "@" not in line
        if keeping:
            kept.append(line)
    dropped = len(head) - sum(len(line) + 1 for line in kept)
    return Document("\n".join(kept) + "\n", max(0, dropped + len(body)))


def write_snapshot(snapshot: Snapshot, folder: Path, made: str) -> None:
    """Write the three data files of a snapshot."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ("filename", "sha256", "size", "upload_time", "requires_python", "yanked")
    pages = {
        name: {
            column: [getattr(wheel, column) for wheel in wheels] for column in columns
        }
        for name, wheels in sorted(snapshot.pages.items())
    }
    metadata = {
        name: {
            version: [document.header, document.description_length]
            for version, document in releases.items()
        }
        for name, releases in sorted(snapshot.metadata.items())
    }
    _write(folder / "pages.json.xz", pages)
    _write(folder / "metadata.json.xz", metadata)
    manifest = {
        "format": FORMAT,
        "made": made,
        "projects": len(pages),
        "wheels": sum(len(wheels) for wheels in snapshot.pages.values()),
        "metadata": sum(len(releases) for releases in metadata.values()),
    }
    text = json.dumps(manifest, indent=1) + "\n"
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def read_snapshot(folder: Path) -> Snapshot:
    """Read what `write_snapshot` wrote."""
    manifest = read_manifest(folder)
    if manifest["format"] != FORMAT:
        raise SystemExit(f"error: {folder} has format {manifest['format']}")
    pages = {
        name: [Wheel(*row) for row in zip(*columns.values(), strict=True)]
        for name, columns in _read(folder / "pages.json.xz").items()
    }
    metadata = {
        name: {version: Document(*pair) for version, pair in releases.items()}
        for name, releases in _read(folder / "metadata.json.xz").items()
    }
    return Snapshot(pages, metadata)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return when the snapshot was made and how much is in it."""
    manifest: dict[str, Any] = json.loads(
        (folder / "manifest.json").read_text(encoding="utf-8")
    )
    return manifest


def _write(path: Path, content: object) -> None:
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    return content
