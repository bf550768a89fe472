"""Core metadata: what a release says of itself, the fields in use.

For: METADATA and PKG-INFO files, wherever they come from.
Does not know: files, indexes, the long description.
Shape: bytes -> `Metadata`, or None where a field may still change.
Theory: the header is read line by line up to the first blank line. Continuation
lines are joined with a blank, since no field in use has text of several lines.
Spec: core metadata specifications, 1.0 to 2.x; a greater major number is refused.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.names import InvalidName, normalize_extra, normalize_name
from admit.spec.requirement import InvalidRequirement, parse_requirement
from admit.spec.version import (
    InvalidSpecifier,
    InvalidVersion,
    parse_specifier,
    parse_version,
)
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.requirement import Requirement
    from admit.spec.version import Specifier, Version

HEADER_ENDS = (b"\n\n", b"\n\r\n")
"""What stands between the fields and the description."""
_REQUIRES = b"\nrequires-dist"
_FIELDS = frozenset(
    (
        "metadata-version",
        "name",
        "version",
        "requires-dist",
        "requires-python",
        "provides-extra",
        "dynamic",
    )
)


class InvalidMetadata(InputError):
    """A release's metadata cannot be used."""

    code = "invalid-metadata"


@value
class Metadata:
    """What a release says of itself."""

    name: NormalizedName
    version: Version
    requires: tuple[Requirement, ...] = ()
    requires_python: Specifier | None = None
    """None also where the field cannot be read: `problems` then says so, and the
    release counts as fit for every Python, as pip has it."""
    extras: tuple[ExtraName, ...] = ()
    dynamic: frozenset[str] = frozenset()
    """Fields, in lower case, that a build may change."""
    problems: tuple[str, ...] = ()
    """What was passed over, one sentence each."""


def parse_metadata(body: bytes) -> Metadata:
    """Parse core metadata.

    Raises:
        InvalidMetadata: name or version is missing or wrong, or requirements are
            wrong; all of these faults are told.
    """
    fields = _read_fields(body)
    faults: list[str] = []
    problems: list[str] = []
    _check_metadata_version(fields, faults)
    name, version = _parse_identity(fields, faults)
    requires = _parse_requires(fields.get("requires-dist", ()), faults)
    if faults or name is None or version is None:
        subject = fields.get("name", ["?"])[0]
        raise InvalidMetadata(f"invalid metadata of {subject!r}", why="\n".join(faults))
    return Metadata(
        name,
        version,
        requires,
        _parse_requires_python(fields, problems),
        _parse_extras(fields, problems),
        frozenset(field.lower() for field in fields.get("dynamic", ())),
        tuple(problems),
    )


def find_static_pkg_info(body: bytes) -> Metadata | None:
    """Parse the PKG-INFO of an sdist if a build could say nothing else; else None.

    One with faults tells nothing either: a build may mend them, or explains them.

    Spec: PEP 643: from version 2.2 on, a field that is not marked as Dynamic "MUST
    match" the wheel's; before, it may be anything.
    """
    fields = _read_fields(body)
    major, _, minor = fields.get("metadata-version", ["1.0"])[0].partition(".")
    is_promise = major == "2" and minor.isdecimal() and int(minor) >= 2
    if not is_promise:
        return None
    try:
        metadata = parse_metadata(body)
    except InvalidMetadata:
        return None
    return None if metadata.dynamic & _FIELDS else metadata


def parse_base_requires(body: bytes) -> tuple[Requirement, ...]:
    """Parse the requirements that may hold without any extra, and nothing else.

    Lines whose marker plainly needs an extra are not even parsed: in many releases
    they are most of them.

    Raises:
        InvalidMetadata: one of the others is wrong.
    """
    texts = _find_requires(body)
    if texts is None:
        texts = _read_fields(body).get("requires-dist", [])
    faults: list[str] = []
    requires = _parse_requires(
        [text for text in texts if not _needs_extra(text)], faults
    )
    if faults:
        subject = _read_fields(body).get("name", ["?"])[0]
        raise InvalidMetadata(f"invalid metadata of {subject!r}", why="\n".join(faults))
    return requires


def _find_requires(body: bytes) -> list[str] | None:
    """Return what `_read_fields` finds of Requires-Dist, looking at nothing else.

    None where a value goes on in the next line, or the header begins oddly.
    """
    head = body[: _find_end(body)]
    lowered = head.lower()
    if not b"a" <= lowered[:1] <= b"q":  # a mark, a blank, or the field itself
        return None
    texts = []
    at = lowered.find(_REQUIRES)
    while at >= 0:
        start = at + len(_REQUIRES) + 1
        if head[start - 1 : start] != b":":
            return None
        end = head.find(b"\n", start)
        if end < 0:
            end = len(head)
        elif head[end + 1 : end + 2] in (b" ", b"\t"):
            return None
        texts.append(head[start:end].decode("utf-8", "surrogateescape").strip())
        at = lowered.find(_REQUIRES, end)
    return texts


def _needs_extra(text: str) -> bool:
    """Whether `extra == …` is one of clauses that all have to hold."""
    if "extra" not in text:
        return False
    marker = text.rpartition(";")[2]
    if " or " in marker or "(" in marker:
        return False
    return any(map(_is_extra, marker.split(" and ")))


def _is_extra(clause: str) -> bool:
    variable, operator, literal = clause.partition("==")
    literal = literal.strip()
    return (
        bool(operator)
        and variable.strip() == "extra"
        and len(literal) > 2
        and literal[0] in "\"'"
        and literal[-1] in "\"'"
        and not ("'" in literal[1:-1] or '"' in literal[1:-1])
    )


def _read_fields(body: bytes) -> dict[str, list[str]]:
    """Read the header: field name in lower case -> its values in order."""
    text = body[: _find_end(body)].decode("utf-8", "surrogateescape")
    fields: dict[str, list[str]] = {}
    values: list[str] | None = None
    for line in text.removeprefix("\ufeff").split("\n"):
        if not line or line == "\r":
            break
        if line[0] in " \t":
            if values:
                values[-1] = f"{values[-1]} {line.strip()}".strip()
            continue
        field, colon, content = line.partition(":")
        field = field.lower()
        values = fields.setdefault(field, []) if field in _FIELDS else None
        if values is not None and colon:
            values.append(content.strip())
    return fields


def _find_end(body: bytes) -> int:
    """Return where the header ends."""
    ends = (body.find(mark) for mark in HEADER_ENDS)
    return min((at for at in ends if at >= 0), default=len(body))


def _check_metadata_version(fields: dict[str, list[str]], faults: list[str]) -> None:
    # "Automated tools consuming metadata SHOULD warn if metadata_version is greater
    # than the highest version they support, and MUST fail if [its major] is greater."
    major = fields.get("metadata-version", ["1.0"])[0].partition(".")[0]
    if major not in ("1", "2"):
        faults.append(f"Metadata-Version {major!r} is not supported, 1 and 2 are")


def _parse_identity(
    fields: dict[str, list[str]], faults: list[str]
) -> tuple[NormalizedName | None, Version | None]:
    name = version = None
    try:
        name = normalize_name(fields["name"][0])
    except KeyError:
        faults.append("it has no field Name")
    except InvalidName as error:
        faults.append(f"Name: {error.what}")
    try:
        version = parse_version(fields["version"][0])
    except KeyError:
        faults.append("it has no field Version")
    except InvalidVersion as error:
        faults.append(f"Version: {error.what}")
    return name, version


def _parse_requires(texts: Iterable[str], faults: list[str]) -> tuple[Requirement, ...]:
    requires = []
    for text in texts:
        try:
            requires.append(parse_requirement(text))
        except InvalidRequirement as error:
            faults.append(f"Requires-Dist: {error.what}: {error.why}")
    return tuple(requires)


def _parse_requires_python(
    fields: dict[str, list[str]], problems: list[str]
) -> Specifier | None:
    text = fields.get("requires-python", [""])[0]
    if not text:
        return None
    try:
        return parse_specifier(text)
    except InvalidSpecifier as error:
        problems.append(f"Requires-Python {text!r} is ignored: {error.what}")
        return None


def _parse_extras(
    fields: dict[str, list[str]], problems: list[str]
) -> tuple[ExtraName, ...]:
    extras: dict[ExtraName, None] = {}
    for text in fields.get("provides-extra", ()):
        try:
            extras[normalize_extra(text)] = None
        except InvalidName as error:
            problems.append(f"Provides-Extra {text!r} is ignored: {error.what}")
    return tuple(extras)
