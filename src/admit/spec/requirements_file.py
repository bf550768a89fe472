"""Requirements files: lines of requirements, options and further files.

For: `-r` and `-c` files in pip's format.
Does not know: files and environment. The shell reads the bytes, hands over the
variables, follows `Include`s and makes relative paths absolute.
Shape: bytes -> text (`decode_requirements`); text -> `RequirementsFile`.
Theory: lines that end in a backslash are joined, comments cut off, `${NAME}` replaced;
in the userinfo of a URL it stays as typed, to be replaced when the credential is used
(rule R3.3 of docs/auth.md). Faults are collected and told together.
Spec: the requirements file format of pip's reference documentation.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.marker import parse_marker
from admit.spec.names import normalize_extra, normalize_name
from admit.spec.requirement import Requirement, parse_requirement
from admit.spec.tags import SDIST_SUFFIXES, parse_wheel_filename
from admit.spec.url import Url, parse_requirement_url, parse_url
from admit.spec.version import ANY
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Literal

    from admit.spec.marker import Marker
    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.record import Digest

    OptionKind = Literal[
        "index-url",
        "extra-index-url",
        "find-links",
        "no-index",
        "pre",
        "require-hashes",
        "prefer-binary",
        "only-binary",
        "no-binary",
        "trusted-host",
    ]

# Patterns are compiled where a line needs them, which few do: `re` takes longer to
# import than reading a file of names takes.
_VARIABLE = r"\$\{([A-Z0-9_]+)\}"
_AUTHORITY = r"://([^/?#\s'\"]*)@"
_CODING = rb"^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)"
_NAMED = r"[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@\s*[A-Za-z][A-Za-z0-9+.-]*:"
_EXTRAS = r"^(.*?)\s*\[([^\]]*)\]$"
_PATH_BEGINNINGS = ("./", "../", ".\\", "..\\", "/", "\\", "~/")
_ARCHIVES = (".whl", *SDIST_SUFFIXES)
_FLAGS: dict[str, OptionKind] = {
    "--no-index": "no-index",
    "--pre": "pre",
    "--require-hashes": "require-hashes",
    "--prefer-binary": "prefer-binary",
}
_VALUED: dict[str, OptionKind] = {
    "-i": "index-url",
    "--index-url": "index-url",
    "--extra-index-url": "extra-index-url",
    "-f": "find-links",
    "--find-links": "find-links",
    "--only-binary": "only-binary",
    "--no-binary": "no-binary",
    "--trusted-host": "trusted-host",
}
_INCLUDES = {"-r": False, "--requirement": False, "-c": True, "--constraint": True}
_EDITABLES = ("-e", "--editable")
_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


class InvalidRequirementsFile(InputError):
    """Lines of a requirements file cannot be read."""

    code = "invalid-requirements-file"


class _Fault(InputError):
    """One line cannot be read; collected and told with the others."""


@value
class RequirementLine:
    """What one line asks for."""

    requirement: Requirement | None
    """None if only building tells the project's name."""
    where: str
    """File and line, as in "requirements.txt:3"."""
    hashes: tuple[Digest, ...] = ()
    path: str | None = None
    """A wheel, archive or tree on disk, as typed: relative to the working directory,
    as pip has it. The requirement then has no URL yet."""
    url: Url | None = None
    """Of an archive or repository, where `requirement` is None."""
    extras: tuple[ExtraName, ...] = ()
    marker: Marker | None = None
    is_editable: bool = False


@value
class Include:
    """Another file to read."""

    target: str
    """A path relative to this file, or a URL without its userinfo."""
    url: Url | None
    """Set if the target is a URL."""
    is_constraint: bool
    where: str


@value
class IndexOption:
    """An option that counts for the whole command."""

    kind: OptionKind
    text: str
    """"" for flags; a URL without its userinfo."""
    url: Url | None
    """Set if the option's value is a URL."""
    where: str


Entry = RequirementLine | Include | IndexOption


@value
class RequirementsFile:
    """All lines, in order."""

    entries: tuple[Entry, ...]


def decode_requirements(body: bytes) -> str:
    """Decode by byte order mark, else by a coding comment, else as UTF-8.

    Raises:
        InvalidRequirementsFile: the bytes are not in that encoding.
    """
    encoding = "utf-8"
    for mark, name in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            body, encoding = body[len(mark) :], name
            break
    else:
        for line in body.split(b"\n", 2)[:2]:
            if b"coding" in line:
                encoding = _find_coding(line) or encoding
    try:
        return body.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise InvalidRequirementsFile(
            f"cannot decode the requirements file as {encoding}", why=str(error)
        ) from None


def _find_coding(line: bytes) -> str | None:
    import re

    match = re.match(_CODING, line)
    return match[1].decode("ascii") if match else None


def parse_requirements_file(
    text: str, *, where: str, environment: Mapping[str, str] | None = None
) -> RequirementsFile:
    """Parse a requirements file.

    Args:
        text: the whole file.
        where: its path or URL as messages shall show it.
        environment: for `${NAME}`; one that is not there stays as typed.

    Raises:
        InvalidRequirementsFile: names file and line of every fault.
    """
    entries: list[Entry] = []
    faults: list[tuple[str, str | None]] = []
    for number, line in _read_lines(text.removeprefix("\ufeff"), environment or {}):
        place = f"{where}:{number}"
        try:
            entries.extend(_parse_line(line, place))
        except InputError as error:
            faults.append((f"{place}: {error.what}", error.why))
    if len(faults) == 1:
        what, why = faults[0]
        raise InvalidRequirementsFile(what, why=why)
    if faults:
        told = (f"{what}\n  {why}" if why else what for what, why in faults)
        raise InvalidRequirementsFile(f"cannot read {where}", why="\n".join(told))
    return RequirementsFile(tuple(entries))


def parse_requirement_line(
    text: str,
    *,
    where: str,
    hashes: tuple[Digest, ...] = (),
    is_editable: bool = False,
) -> RequirementLine:
    """Parse what a line, or an argument of a command, asks for: a name, URL or path.

    Raises:
        InputError: it is none of them; the message does not tell `where`.
    """
    is_url = _has_scheme(text)
    if not is_url and not _is_path(text) and not (is_editable and _is_unnamed(text)):
        requirement = parse_requirement(text)
        return RequirementLine(requirement, where, hashes, is_editable=is_editable)
    import re

    mark = r"\s+;|;\s+" if is_url else r"\s*;"
    location, *marker_text = re.split(mark, text, maxsplit=1)
    marker = parse_marker(marker_text[0]) if marker_text else None
    extras: tuple[ExtraName, ...] = ()
    if match := re.match(_EXTRAS, location):
        location, extras = match[1], _parse_extras(match[2])
    url = parse_requirement_url(location) if is_url else None
    name, named_extras = _find_name(location, url)
    extras = tuple(sorted({*extras, *named_extras}))
    found = None
    if name is not None:
        shown = location if url is None else str(url)
        found = Requirement(name, extras, ANY, url, marker, shown)
    return RequirementLine(
        found,
        where,
        hashes,
        None if is_url else location,
        url if found is None else None,
        extras,
        marker,
        is_editable,
    )


def _read_lines(text: str, environment: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Join, strip and expand: line number and content of what is left."""
    for number, line in _join_lines(text):
        content = _cut_comment(line).strip()
        if content:
            yield number, _expand(content, environment)


def _cut_comment(line: str) -> str:
    """Cut off what follows a # at the beginning or behind a blank."""
    at = line.find("#")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("#", at + 1)
    return line if at < 0 else line[:at]


def _join_lines(text: str) -> Iterator[tuple[int, str]]:
    begun: list[str] = []
    first = 1
    for number, line in enumerate(text.splitlines(), start=1):
        if not begun:
            first = number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            begun.append(line[:-1])
            continue
        # A comment ends what was begun; the blank lets it be seen as a comment.
        begun.append(f" {line}" if is_comment else line)
        yield first, "".join(begun)
        begun = []
    if begun:
        yield first, "".join(begun)


def _expand(line: str, environment: Mapping[str, str]) -> str:
    if "${" not in line:
        return line
    import re

    userinfos = [match.span(1) for match in re.finditer(_AUTHORITY, line)]

    def replace(match: re.Match[str]) -> str:
        if any(start <= match.start() < end for start, end in userinfos):
            return match[0]
        return environment.get(match[1]) or match[0]

    return re.sub(_VARIABLE, replace, line)


def _parse_line(line: str, where: str) -> Iterator[Entry]:
    if editable := _find_editable(line):
        yield parse_requirement_line(editable, where=where, is_editable=True)
        return
    at = _find_options(line)
    subject = line[:at].rstrip()
    words = _split_words(line[at:])
    if subject:
        yield parse_requirement_line(subject, where=where, hashes=_parse_hashes(words))
        return
    while words:
        option, text = _take_option(words)
        if option in _FLAGS:
            yield IndexOption(_FLAGS[option], "", None, where)
        elif option in _INCLUDES:
            url = _find_url(text)
            target = text if url is None else url.text
            yield Include(target, url, _INCLUDES[option], where)
        elif option in _EDITABLES:
            yield parse_requirement_line(text, where=where, is_editable=True)
        elif option == "--hash":
            raise _Fault("option --hash must follow a requirement")
        else:
            url = _find_url(text)
            shown = text if url is None else url.text
            yield IndexOption(_VALUED[option], shown, url, where)


def _find_editable(line: str) -> str | None:
    """Return all that stands behind `-e`: a path with blanks, a marker, NAME @ URL.

    None if it is quoted, or further options follow.
    """
    for option in _EDITABLES:
        rest = line.removeprefix(option)
        if rest == line or not (rest[:1].isspace() or rest.startswith("=")):
            continue
        text = rest.strip().removeprefix("=").strip()
        is_one = bool(text) and text[0] not in "\"'"
        return text if is_one and _find_options(text) == len(text) else None
    return None


def _find_options(line: str) -> int:
    """Return where the first - stands that begins a word, else where the line ends."""
    at = line.find("-")
    while at > 0 and not line[at - 1].isspace():
        at = line.find("-", at + 1)
    return at if at >= 0 else len(line)


def _split_words(text: str) -> list[str]:
    if not any(mark in text for mark in "\"'\\"):
        return text.split()
    import shlex

    try:
        return shlex.split(text)
    except ValueError as error:
        raise _Fault("cannot split the options of the line", why=str(error)) from None


def _take_option(words: list[str]) -> tuple[str, str]:
    """Take one option and its value off the front of the words."""
    word = words.pop(0)
    if not word.startswith("-"):
        raise _Fault("a word stands behind the options that belongs to none of them")
    option, equals, text = word.partition("=")
    if not word.startswith("--") and len(word) > 2:
        option, equals, text = word[:2], "=", word[2:].removeprefix("=")
    if option in _FLAGS and not equals:
        return option, ""
    if option not in {*_VALUED, *_INCLUDES, *_EDITABLES, "--hash"}:
        raise _Fault(f"unknown option {option!r}")
    if not equals:
        if not words:
            raise _Fault(f"option {option} needs a value")
        text = words.pop(0)
    if not text:
        raise _Fault(f"option {option} needs a value")
    return option, text


def _parse_hashes(words: list[str]) -> tuple[Digest, ...]:
    if not words:
        return ()
    from admit.spec.record import parse_digest

    hashes: list[Digest] = []
    while words:
        option, text = _take_option(words)
        if option != "--hash":
            raise _Fault(f"option {option} cannot follow a requirement")
        digest = parse_digest(text)
        if not digest.is_secure:
            raise _Fault(
                f"hash algorithm {digest.algorithm!r} proves nothing",
                why="use sha256, sha384 or sha512",
            )
        hashes.append(digest)
    return tuple(hashes)


def _find_url(text: str) -> Url | None:
    return parse_url(text) if _has_scheme(text) else None


def _has_scheme(text: str) -> bool:
    scheme, mark, _ = text.partition("://")
    letters = scheme.replace("+", "").replace(".", "").replace("-", "")
    if not mark or not scheme[:1].isalpha():
        return False
    return scheme.isascii() and letters.isalnum()


def _is_unnamed(text: str) -> bool:
    """Whether what is editable does not begin with `NAME @ URL`."""
    import re

    return re.match(_NAMED, text) is None


def _is_path(text: str) -> bool:
    head = text.partition(";")[0].strip()
    if head in (".", "..") or head.startswith(_PATH_BEGINNINGS):
        return True
    if len(head) > 2 and head[1:3] in (":\\", ":/"):
        return True
    if "@" in head:
        return False
    head = head.partition("[")[0].strip()
    return "/" in head or "\\" in head or head.endswith(_ARCHIVES)


def _find_name(
    location: str, url: Url | None
) -> tuple[NormalizedName | None, tuple[ExtraName, ...]]:
    """Read the project's name from a wheel's file name or `#egg=`."""
    filename = url.filename if url else location.replace("\\", "/").rpartition("/")[2]
    if filename.endswith(".whl"):
        return parse_wheel_filename(filename).name, ()
    for part in url.fragment.split("&") if url else ():
        key, _, egg = part.partition("=")
        if key == "egg" and egg:
            name, _, extras = egg.partition("[")
            return normalize_name(name), _parse_extras(extras.removesuffix("]"))
    return None, ()


def _parse_extras(text: str) -> tuple[ExtraName, ...]:
    return tuple(normalize_extra(part.strip()) for part in text.split(",") if part)
