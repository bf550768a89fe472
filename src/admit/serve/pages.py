"""Pages of the Simple API, as HTML and as JSON.

For: turning files that a caller may see into the bytes of a page.
Does not know: who the caller is, HTTP, the folder.
Shape: `Link`s in, bytes out; `choose_format` does content negotiation.
Spec: PEP 503, 592, 629, 658, 691, 700, 714.
"""

from __future__ import annotations

import html
import json

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    Format = Literal["json", "html", "text"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/vnd.pypi.simple.v1+json",
    "html": "application/vnd.pypi.simple.v1+html",
    "text": "text/html; charset=utf-8",
}


@value
class Link:
    """One file as a page names it."""

    filename: str
    url: str
    version: str
    sha256: str | None
    size: int
    upload_time: str
    requires_python: str | None = None
    yanked: str | None = None
    metadata_sha256: str | None = None


def choose_format(accept: str, *, has_json: bool) -> Format:
    """Choose the form of a page by an Accept header; `text` if none is named."""
    weights: dict[str, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        weights[media_type.lower()] = _weight(parameters)
    names: dict[Format, tuple[str, ...]] = {
        "json": (
            "application/vnd.pypi.simple.v1+json",
            "application/vnd.pypi.simple.latest+json",
        ),
        "html": (
            "application/vnd.pypi.simple.v1+html",
            "application/vnd.pypi.simple.latest+html",
        ),
        "text": ("text/html", "text/*", "*/*"),
    }
    best: Format = "text"
    best_weight = 0.0
    for form, accepted in names.items():
        weight = max(weights.get(name, 0.0) for name in accepted)
        if weight > best_weight and (form != "json" or has_json):
            best, best_weight = form, weight
    return best


def render_project(name: str, links: Sequence[Link], form: Format) -> bytes:
    """Render the page of one project."""
    if form != "json":
        return _html(f"Links for {name}", (_anchor(link) for link in links))
    versions = list(dict.fromkeys(link.version for link in links))
    page = {
        "meta": {"api-version": "1.1"},
        "name": name,
        "versions": versions,
        "files": [_entry(link) for link in links],
    }
    return json.dumps(page, separators=(",", ":")).encode()


def render_root(names: Iterable[str], form: Format) -> bytes:
    """Render the list of projects."""
    if form == "json":
        page = {
            "meta": {"api-version": "1.1"},
            "projects": [{"name": name} for name in names],
        }
        return json.dumps(page, separators=(",", ":")).encode()
    anchors = (f'<a href="{name}/">{name}</a>' for name in names)
    return _html("Simple index", anchors)


def render_login() -> bytes:
    """Render the page that single sign-on puts before a server: status 200."""
    return (
        b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>\n"
        b'<form method="post" action="/login"><input name="username">'
        b'<input name="password" type="password"><button>Sign in</button></form>\n'
        b"</body></html>\n"
    )


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        key, _, text = parameter.partition("=")
        if key.strip() == "q":
            try:
                return float(text)
            except ValueError:
                return 0.0
    return 1.0


def _html(title: str, anchors: Iterable[str]) -> bytes:
    lines = [
        "<!DOCTYPE html>",
        '<html><head><meta name="pypi:repository-version" content="1.1">',
        f"<title>{html.escape(title)}</title></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        *(f"{anchor}<br>" for anchor in anchors),
        "</body></html>",
        "",
    ]
    return "\n".join(lines).encode()


def _anchor(link: Link) -> str:
    fragment = f"#sha256={link.sha256}" if link.sha256 else ""
    attributes = {"href": link.url + fragment}
    if link.requires_python is not None:
        attributes["data-requires-python"] = link.requires_python
    if link.yanked is not None:
        attributes["data-yanked"] = link.yanked
    if link.metadata_sha256 is not None:
        for name in ("data-core-metadata", "data-dist-info-metadata"):
            attributes[name] = f"sha256={link.metadata_sha256}"
    text = " ".join(f'{key}="{html.escape(each)}"' for key, each in attributes.items())
    return f"<a {text}>{html.escape(link.filename)}</a>"


def _entry(link: Link) -> dict[str, object]:
    entry: dict[str, object] = {
        "filename": link.filename,
        "url": link.url,
        "hashes": {"sha256": link.sha256} if link.sha256 else {},
        "size": link.size,
        "upload-time": link.upload_time,
    }
    if link.requires_python is not None:
        entry["requires-python"] = link.requires_python
    if link.yanked is not None:
        entry["yanked"] = link.yanked or True
    if link.metadata_sha256 is not None:
        for name in ("core-metadata", "dist-info-metadata"):
            entry[name] = {"sha256": link.metadata_sha256}
    return entry
