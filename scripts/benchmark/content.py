"""The content of an index: what lies at each path, in every form it can be asked in.

For: turning a snapshot, or a folder of wheels, into bodies that are encoded once and
sent many times. Pages are JSON (PEP 691) and HTML (PEP 503), plain and gzip; links
are relative, so that the content knows nothing of where it is served; metadata is
offered by PEP 658. Headers are those of a well-configured public index: ETag,
max-age=600 for pages, immutable for files.
Does not know: sockets, connections, counting.
Where a snapshot has no metadata, a stand-in digest keeps the page at its real size.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmark.snapshot import Snapshot, Wheel

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"
PAGE_CACHING = "max-age=600, public"
FILE_CACHING = "max-age=365000000, immutable, public"


@dataclass(slots=True)
class Form:
    """A body in one encoding, and its headers as they go over the wire."""

    headers: bytes
    body: bytes
    etag: bytes


@dataclass(slots=True)
class Page:
    """A project page; its forms are made when first asked for."""

    document: dict[str, Any]
    forms: dict[tuple[bool, bool], Form] = field(default_factory=dict)

    def form(self, *, as_json: bool, zipped: bool) -> Form:
        """Return the page in one form."""
        known = self.forms.get((as_json, zipped))
        if known is None:
            text = json.dumps(self.document) if as_json else format_html(self.document)
            body = text.encode()
            if zipped:
                body = gzip.compress(body, 6, mtime=0)
            known = make_form(
                body, JSON_TYPE if as_json else HTML_TYPE, PAGE_CACHING, zipped=zipped
            )
            self.forms[as_json, zipped] = known
        return known


@dataclass(slots=True)
class Blob:
    """A file or its metadata: one form, ranges allowed."""

    kind: str
    """`metadata` or `file`, for counting."""
    form: Form


Site = dict[str, "Page | Blob"]
"""Path → what lies there."""


def make_form(body: bytes, kind: str, caching: str, *, zipped: bool = False) -> Form:
    """Write the headers of a body."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    lines = [
        f"content-type: {kind}",
        f"cache-control: {caching}",
        f"etag: {etag}",
        "accept-ranges: none" if caching == PAGE_CACHING else "accept-ranges: bytes",
    ]
    if caching == PAGE_CACHING:
        lines.append("vary: Accept, Accept-Encoding")
    if zipped:
        lines.append("content-encoding: gzip")
    return Form("".join(f"{line}\r\n" for line in lines).encode(), body, etag.encode())


def snapshot_site(snapshot: Snapshot, prefix: str) -> Site:
    """Lay out a snapshot below a path."""
    site: Site = {}
    for name, wheels in snapshot.pages.items():
        documents = {
            version: document.render()
            for version, document in snapshot.metadata.get(name, {}).items()
        }
        blobs = {
            version: Blob(
                "metadata", make_form(body, "application/octet-stream", FILE_CACHING)
            )
            for version, body in documents.items()
        }
        digests = {
            version: hashlib.sha256(body).hexdigest()
            for version, body in documents.items()
        }
        files = []
        for wheel in wheels:
            path = f"packages/{spread(wheel.sha256)}/{wheel.filename}"
            digest = digests.get(wheel.version) or stand_in(wheel)
            files.append(format_file(wheel, path, digest))
            if wheel.version in blobs:
                site[f"{prefix}{path}.metadata"] = blobs[wheel.version]
        site[f"{prefix}simple/{name}/"] = make_page(name, files)
    return site


def wheels_site(folder: Path, prefix: str) -> Site:
    """Lay out a folder of wheels below a path."""
    from benchmark.snapshot import Wheel

    site: Site = {}
    files: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*.whl")):
        body = path.read_bytes()
        metadata = read_metadata(path)
        found = re.search(rb"(?mi)^requires-python:\s*(.*?)\s*$", metadata)
        wheel = Wheel(
            path.name,
            hashlib.sha256(body).hexdigest(),
            len(body),
            "2026-01-01T00:00:00.000000Z",
            found[1].decode() if found else None,
        )
        address = f"packages/{spread(wheel.sha256)}/{path.name}"
        kind = "application/octet-stream"
        site[prefix + address] = Blob("file", make_form(body, kind, FILE_CACHING))
        site[f"{prefix}{address}.metadata"] = Blob(
            "metadata", make_form(metadata, kind, FILE_CACHING)
        )
        name = re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower()
        digest = hashlib.sha256(metadata).hexdigest()
        files.setdefault(name, []).append(format_file(wheel, address, digest))
    for name, listed in files.items():
        site[f"{prefix}simple/{name}/"] = make_page(name, listed)
    return site


def read_metadata(wheel: Path) -> bytes:
    """Return the METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.count("/") == 1 and name.endswith(".dist-info/METADATA"):
                return archive.read(name)
    raise SystemExit(f"error: {wheel} has no METADATA")


def make_page(name: str, files: list[dict[str, Any]]) -> Page:
    """Make a page and its most wanted form."""
    versions = sorted({file["filename"].split("-")[1] for file in files})
    page = Page(
        {
            "files": files,
            "meta": {"_last-serial": 0, "api-version": "1.1"},
            "name": name,
            "versions": versions,
        }
    )
    page.form(as_json=True, zipped=True)
    return page


def format_file(wheel: Wheel, path: str, metadata_digest: str) -> dict[str, Any]:
    """Write one file as a JSON page lists it."""
    known = {"sha256": metadata_digest}
    return {
        "core-metadata": known,
        "data-dist-info-metadata": known,
        "filename": wheel.filename,
        "hashes": {"sha256": wheel.sha256},
        "requires-python": wheel.requires_python,
        "size": wheel.size,
        "upload-time": wheel.upload_time,
        "url": f"../../{path}",
        "yanked": wheel.yanked,
    }


def format_html(document: dict[str, Any]) -> str:
    """Write a page as HTML."""
    return "\n".join(_html_lines(document))


def _html_lines(document: dict[str, Any]) -> Iterator[str]:
    name = document["name"]
    yield "<!DOCTYPE html>"
    yield '<html><head><meta name="pypi:repository-version" content="1.1">'
    yield f"<title>Links for {name}</title></head><body><h1>Links for {name}</h1>"
    for file in document["files"]:
        attributes = f' href="{file["url"]}#sha256={file["hashes"]["sha256"]}"'
        if file["requires-python"]:
            text = html.escape(file["requires-python"])
            attributes += f' data-requires-python="{text}"'
        if file["yanked"]:
            reason = file["yanked"] if isinstance(file["yanked"], str) else ""
            attributes += f' data-yanked="{html.escape(reason)}"'
        digest = f"sha256={file['core-metadata']['sha256']}"
        attributes += f' data-dist-info-metadata="{digest}"'
        attributes += f' data-core-metadata="{digest}"'
        yield f"<a{attributes}>{file['filename']}</a><br />"
    yield "</body></html>"


def spread(sha256: str) -> str:
    """Return a folder path of a digest, as long as large indexes have them."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256[4:]}"


def stand_in(wheel: Wheel) -> str:
    """Return a digest for metadata that was not frozen."""
    return hashlib.sha256(f"{wheel.filename}.metadata".encode()).hexdigest()
