"""Pages of the Simple API, JSON or HTML, read into one `ProjectPage`.

For: what an index says about a project's distribution files.
Does not know: versions, tags, which file is better; networks; who asked.
Shape: bytes and their content type -> `ProjectPage`. Pages have thousands of files,
of which a run needs a few: a page keeps *entries* (the JSON form of PEP 691, into
which HTML is translated) and makes a `File` of an entry only when asked. A broken
entry becomes a problem; the page is kept.
Spec: PEP 503, 592, 629, 658, 691, 700, 708, 714.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.url import InvalidUrl, percent_decode
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Required, TypedDict, TypeGuard

    from admit.spec.url import Url

    Entry = TypedDict(
        "Entry",
        {
            "filename": Required[str],
            "url": Required[str],
            "hashes": object,
            "requires-python": object,
            "yanked": object,
            "upload-time": object,
            "size": object,
            "core-metadata": object,
            "dist-info-metadata": object,
            "data-dist-info-metadata": object,
        },
        total=False,
    )
    """A file object of PEP 691; only name and URL are known to be texts."""
    Hashes = tuple[tuple[str, str], ...]

ACCEPT = (
    "application/vnd.pypi.simple.v1+json, "
    "application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
)

WHEEL_SUFFIX = ".whl"
FILE_SUFFIXES = (
    WHEEL_SUFFIX,
    ".tar.gz",
    ".zip",
    ".egg",
    ".exe",
    ".tar.bz2",
    ".tgz",
    ".tar.xz",
    ".msi",
    ".rpm",
    ".dmg",
    ".deb",
)

_TEXT_OR_BOOLEAN = (str, bool)
_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html")
_KNOWN_MINOR = 4
_HEX_LENGTHS = {
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "blake2b": 128,
    "blake2s": 64,
    "sha3_224": 56,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
}


class InvalidPage(InputError):
    """An index answered with something that breaks the Simple API."""

    code = "invalid-page"


class NotAnIndexPage(InvalidPage):
    """A web page that is no index page: a login form, an error page, an API."""

    code = "not-an-index-page"


@value
class File:
    """A distribution file as an index lists it."""

    filename: str
    url: str
    """Absolute or relative, without the fragment; `ProjectPage.base` joins it."""
    hashes: Hashes = ()
    """(algorithm, lower-case hex) of every digest the page states."""
    requires_python: str | None = None
    yanked: str | bool = False
    """False, True, or the reason."""
    upload_time: str | None = None
    size: int | None = None
    metadata: Literal[True] | Hashes | None = None
    """Is METADATA served beside the file (PEP 658): with which digests, with none
    stated (True), or not (None)."""


@value
class ProjectPage:
    """What one index says about one project."""

    name: str
    """As the page has it; empty if it does not say (HTML)."""
    base: Url
    """What relative links are relative to."""
    entries: tuple[Entry, ...] = ()
    """PEP 691 file objects whose "filename" and "url" are texts; the rest unread."""
    problems: tuple[str, ...] = ()
    """What was wrong with the page and had to be skipped."""
    tracks: tuple[str, ...] = ()
    """URLs of the projects this one extends (PEP 708)."""
    alternate_locations: tuple[str, ...] = ()
    """Where else this project is served, says the owner (PEP 708)."""

    @property
    def files(self) -> tuple[File, ...]:
        """All files that can be read; prefer `entries` and `parse_file`."""
        found: list[File] = []
        for entry in self.entries:
            try:
                found.append(parse_file(entry))
            except InvalidPage:
                continue
        return tuple(found)


def parse_page(
    body: bytes, content_type: str, url: Url, *, is_redirected: bool = False
) -> ProjectPage:
    """Read a project's page.

    Args:
        body: the decoded (not compressed) answer.
        content_type: the header's value, parameters included.
        url: the final URL, after redirects.
        is_redirected: whether a redirect led there, which makes an HTML page
            without files suspicious.

    Raises:
        NotAnIndexPage: a login page, or JSON of another kind.
        InvalidPage: the page breaks the standard as a whole.
    """
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == _JSON:
        return _read_json(body, url)
    if kind in _HTML:
        return _read_html(body, _charset(parameters), url, is_redirected)
    if kind.startswith("application/vnd.pypi.simple.v"):
        raise InvalidPage(
            f"{url.text} speaks a newer Simple API than this program: {kind}",
            fix="upgrade admit",
        )
    raise NotAnIndexPage(
        f"{url.text} is not a page of a package index",
        why=f"its content type is {_shown(kind) or 'missing'}; an index sends "
        f"{_JSON}, {_HTML[0]} or {_HTML[1]}",
    )


def parse_file(entry: Entry) -> File:
    """Make the `File` of an entry.

    Raises:
        InvalidPage: a field is of the wrong kind. Fields that only inform (size,
            upload time) are dropped instead.
    """
    filename, url = entry["filename"], entry["url"]
    requires_python = entry.get("requires-python")
    if requires_python is not None and not isinstance(requires_python, str):
        raise InvalidPage(f"{_shown(filename)}: requires-python is not a text")
    yanked = entry.get("yanked")
    if yanked is None or yanked == "":
        yanked = False
    elif not isinstance(yanked, _TEXT_OR_BOOLEAN):
        raise InvalidPage(f"{_shown(filename)}: yanked is neither a boolean nor a text")
    hashes = _read_hashes(entry.get("hashes"), filename)
    if "#" in url:
        url, _, fragment = url.partition("#")
        hashes = hashes or _read_fragment(fragment)
    size, uploaded = entry.get("size"), entry.get("upload-time")
    return File(
        filename,
        url,
        hashes,
        requires_python or None,
        yanked,
        uploaded if isinstance(uploaded, str) else None,
        size if isinstance(size, int) and size >= 0 else None,
        _read_metadata(entry, filename),
    )


def _read_hashes(stated: object, filename: str) -> Hashes:
    if not stated:
        return ()
    if not isinstance(stated, dict):
        raise InvalidPage(f"{_shown(filename)}: hashes is not an object")
    if len(stated) == 1 and "sha256" in stated:  # as nearly all are
        digest = stated["sha256"]
        return (("sha256", digest.lower()),) if is_digest("sha256", digest) else ()
    found = []
    for algorithm, digest in stated.items():
        algorithm = algorithm.lower()  # noqa: PLW2901  # the same, normalised
        if is_digest(algorithm, digest):
            found.append((algorithm, digest.lower()))
    return tuple(sorted(found)) if len(found) > 1 else tuple(found)


def _read_fragment(fragment: str) -> Hashes:
    algorithm, _, digest = fragment.partition("&")[0].partition("=")
    algorithm = algorithm.lower()
    return ((algorithm, digest.lower()),) if is_digest(algorithm, digest) else ()


def is_digest(algorithm: str, digest: object) -> TypeGuard[str]:
    """Whether a text can be the hexadecimal digest of a known algorithm."""
    length = _HEX_LENGTHS.get(algorithm)
    if not isinstance(digest, str) or len(digest) != length:
        return False
    try:
        return len(bytes.fromhex(digest)) * 2 == length  # blanks would not count
    except ValueError:
        return False


def _read_metadata(entry: Entry, filename: str) -> Literal[True] | Hashes | None:
    """Spec: PEP 714: the new key wins, also where it says false."""
    stated = entry.get("core-metadata")
    if stated is None:
        stated = entry.get("dist-info-metadata")
        if stated is None:  # what some servers wrote before the PEP settled it
            stated = entry.get("data-dist-info-metadata")
    if not stated or not filename.endswith(WHEEL_SUFFIX):
        return None
    if isinstance(stated, dict):
        return _read_hashes(stated, filename) or True
    return True


# JSON


def _read_json(body: bytes, url: Url) -> ProjectPage:
    import json

    try:
        page = json.loads(body)
    except (ValueError, RecursionError) as error:
        if body.lstrip()[:1] == b"<":
            raise NotAnIndexPage(
                f"{url.text} calls itself JSON and is a web page"
            ) from error
        raise InvalidPage(
            f"cannot read the JSON of {url.text}", why=_shown(str(error))
        ) from error
    if not isinstance(page, dict) or not isinstance(page.get("files"), list):
        raise NotAnIndexPage(
            f"{url.text} is not a project's page",
            why='its JSON has no list of "files"',
        )
    meta = page.get("meta")
    problems: list[str] = []
    if isinstance(meta, dict):
        _check_api_version(meta.get("api-version"), url, problems)
    else:
        meta = {}
        problems.append("the page states no api-version")
    name = page.get("name")
    return ProjectPage(
        name if isinstance(name, str) else "",
        url,
        _keep_sound(page["files"], problems),
        tuple(problems),
        _texts(meta.get("tracks")),
        _texts(page.get("alternate-locations")),
    )


def _keep_sound(files: list[object], problems: list[str]) -> tuple[Entry, ...]:
    kept = tuple([each for each in files if _is_entry(each)])
    if len(kept) < len(files):
        count = len(files) - len(kept)
        problems.append(f"{count} of {len(files)} files have no name or URL")
    return kept


def _is_entry(each: object) -> TypeGuard[Entry]:
    return (
        isinstance(each, dict)
        and isinstance(each.get("filename"), str)
        and isinstance(each.get("url"), str)
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(each for each in value if isinstance(each, str))


def _check_api_version(version: object, url: Url, problems: list[str]) -> None:
    """Spec: PEP 629: fail on a greater major, warn on a greater minor version."""
    if version is None:
        problems.append("the page states no api-version")
        return
    major, _, minor = str(version).partition(".")
    if not (major.isascii() and major.isdecimal()):
        problems.append(f"api-version {_shown(str(version))} is no version")
        return
    if major.lstrip("0") != "1":
        raise InvalidPage(
            f"{url.text} speaks Simple API {_shown(str(version))}; this program "
            "knows version 1",
            fix="upgrade admit",
        )
    if minor.isascii() and minor.isdecimal() and _exceeds(minor, _KNOWN_MINOR):
        problems.append(
            f"the index speaks Simple API {_shown(str(version))}, newer than "
            f"1.{_KNOWN_MINOR}; what it adds is ignored"
        )


def _exceeds(digits: str, bound: int) -> bool:
    digits = digits.lstrip("0")
    return len(digits) > 9 or int(digits or "0") > bound


# HTML


def _charset(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, text = parameter.partition("=")
        if name.strip().lower() == "charset":
            return text.strip().strip("\"'") or None
    return None


def _read_html(
    body: bytes, charset: str | None, url: Url, is_redirected: bool
) -> ProjectPage:
    from admit.index.anchors import read_anchors

    problems: list[str] = []
    if body.lstrip()[:1] in (b"{", b"["):
        raise NotAnIndexPage(f"{url.text} calls itself HTML and is JSON")
    page = read_anchors(_decode(body, charset, problems))
    base = url
    if page.base_href is not None:
        try:
            base = url.join(page.base_href)
        except InvalidUrl as error:
            problems.append(f"the page's base is unusable: {error.what}")
        if base.scheme == "file" != url.scheme:
            problems.append("the page's base is unusable: it is a file: URL")
            base = url
    version = page.meta.get("pypi:repository-version")
    if version is not None:
        _check_api_version(version[0], url, problems)
    entries = tuple(
        entry
        for attributes, text in page.anchors
        if (entry := _entry_of_anchor(attributes, text)) is not None
    )
    if not entries and version is None and (page.has_form or is_redirected):
        raise NotAnIndexPage(
            f"{url.text} answered with a web page instead of a list of files: "
            "login page?",
            why="the page links to no distribution file and "
            + ("holds a form" if page.has_form else "a redirect led to it"),
        )
    return ProjectPage(
        "",
        base,
        entries,
        tuple(problems),
        tuple(page.meta.get("pypi:tracks", ())),
        tuple(page.meta.get("pypi:alternate-locations", ())),
    )


def _decode(body: bytes, charset: str | None, problems: list[str]) -> str:
    encoding = charset or _meta_charset(body) or "utf-8"
    try:
        return body.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        problems.append(f"unknown charset {_shown(encoding)}, read as UTF-8")
    except UnicodeDecodeError:
        problems.append(f"the page is not {_shown(encoding)} throughout")
    return body.decode("utf-8", "replace")


def _meta_charset(body: bytes) -> str | None:
    """Find `<meta charset=…>` near the top, as HTML 5 defines it."""
    head = body[:1024].lower()
    at = head.find(b"charset=")
    if at < 0:
        return None
    text = head[at + 8 : at + 48].decode("ascii", "replace").lstrip("\"' ")
    name = ""
    for character in text:
        if not (character.isalnum() or character in "-_:."):
            break
        name += character
    return name or None


def _entry_of_anchor(attributes: dict[str, str | None], text: str) -> Entry | None:
    """Translate a link into a file object of PEP 691; None if it names no file."""
    href = attributes.get("href")
    if not href:
        return None
    href = href.strip()
    filename = percent_decode(
        href.partition("#")[0].partition("?")[0].rpartition("/")[2]
    )
    if not filename.lower().endswith(FILE_SUFFIXES):
        filename = text.strip()
        if not filename.lower().endswith(FILE_SUFFIXES) or "/" in filename:
            return None
    entry: Entry = {"filename": filename, "url": href}
    requires_python = attributes.get("data-requires-python")
    if requires_python:
        entry["requires-python"] = requires_python
    if "data-yanked" in attributes:
        entry["yanked"] = attributes["data-yanked"] or True
    for key in ("data-core-metadata", "data-dist-info-metadata"):
        if key in attributes:
            entry["core-metadata"] = _metadata_of_attribute(attributes[key] or "")
            break
    return entry


def _metadata_of_attribute(text: str) -> object:
    algorithm, mark, digest = text.strip().partition("=")
    if mark:
        return {algorithm: digest}
    return algorithm.lower() != "false" and bool(algorithm)


def _shown(text: str) -> str:
    """A server's text, trimmed and printable."""
    short = text if len(text) <= 120 else text[:119] + "…"
    return "".join(each if each.isprintable() else "�" for each in short)
