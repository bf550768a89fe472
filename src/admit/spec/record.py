"""Digests, RECORD rows and entry points: the small files of a `.dist-info`.

For: verifying a wheel, writing what was installed, making scripts.
Does not know: files on disk; hashing is done elsewhere.
Shape: text -> `Digest`, `RecordRow`s, `EntryPoint`s, and rows -> text.
Spec: recording installed projects (PEP 376, PEP 627), binary distribution format
(RECORD), entry points specification.
"""

from __future__ import annotations

from binascii import Error as EncodingError
from binascii import a2b_base64, b2a_base64

from admit.errors import InputError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SECURE_ALGORITHMS = ("sha512", "blake2b", "sha384", "sha256")
"""Strongest first. Others prove nothing: RECORD may not use them."""

_BITS = {
    "md5": 128,
    "sha1": 160,
    "sha224": 224,
    "sha256": 256,
    "sha384": 384,
    "sha512": 512,
    "blake2b": 512,
}


class InvalidDigest(InputError):
    """A text is not a digest."""

    code = "invalid-digest"


class InvalidRecord(InputError):
    """A RECORD or entry points file breaks its specification."""

    code = "invalid-record"


@value
class Digest:
    """The hash of some bytes."""

    algorithm: str
    """As `hashlib` names it, lower case."""
    hex: str
    """Lower case."""

    @property
    def is_secure(self) -> bool:
        """Whether agreement proves that bytes are the promised ones."""
        return self.algorithm in SECURE_ALGORITHMS

    def __str__(self) -> str:
        return f"{self.algorithm}={self.hex}"


@value
class RecordRow:
    """One installed file."""

    path: str
    """Relative to the directory that holds the `.dist-info`, with slashes."""
    digest: Digest | None = None
    size: int | None = None
    """Bytes."""


@value
class EntryPoint:
    """A named object of a package."""

    name: str
    module: str
    attribute: str
    """Dotted; "" for the module itself."""
    group: str


def parse_digest(text: str) -> Digest:
    """Parse `sha256=HEX` or `sha256:HEX`.

    Raises:
        InvalidDigest: neither, or of the wrong length for a known algorithm.
    """
    mark = "=" if "=" in text else ":"
    algorithm, _, digits = text.strip().partition(mark)
    algorithm, digits = algorithm.strip().lower(), digits.strip().lower()
    is_hex = bool(digits) and not digits.strip("0123456789abcdef")
    if not algorithm.isalnum() or not is_hex:
        raise InvalidDigest(
            f"not a digest: {text!r}", why="a digest looks like sha256=0123…"
        )
    return _checked(Digest(algorithm, digits), text)


def strongest(digests: Iterable[Digest]) -> Digest | None:
    """Return the digest to verify: the strongest secure one, if any is."""
    known = {digest.algorithm: digest for digest in digests}
    for algorithm in SECURE_ALGORITHMS:
        if algorithm in known:
            return known[algorithm]
    return None


def parse_record(text: str) -> tuple[RecordRow, ...]:
    """Parse a RECORD file.

    Raises:
        InvalidRecord: the faulty rows, all of them.
    """
    rows: list[RecordRow] = []
    faults: list[str] = []
    for number, parts in enumerate(_split_rows(text), start=1):
        if not parts:
            continue
        try:
            rows.append(_parse_row(parts))
        except InputError as error:
            faults.append(f"row {number}: {error.what}")
    if faults:
        raise InvalidRecord("invalid RECORD", why="\n".join(faults))
    return tuple(rows)


def format_record(rows: Iterable[RecordRow]) -> str:
    """Write a RECORD file, one line a row, in the order given."""
    return "".join(
        f"{_quote(row.path)},{_format_digest(row.digest)},"
        f"{'' if row.size is None else row.size}\n"
        for row in rows
    )


def parse_entry_points(text: str) -> tuple[EntryPoint, ...]:
    """Parse an `entry_points.txt`, in its order.

    Raises:
        InvalidRecord: the faulty lines, all of them.
    """
    points: list[EntryPoint] = []
    faults: list[str] = []
    group = ""
    for number, line in enumerate(text.split("\n"), start=1):
        content = line.strip()
        if not content or content[0] in "#;":
            continue
        if content[0] == "[" and content[-1] == "]":
            group = content[1:-1].strip()
            continue
        point = _parse_entry_point(group, content)
        if point is None:
            faults.append(f"line {number} is no entry point: {content!r}")
        else:
            points.append(point)
    if faults:
        raise InvalidRecord("invalid entry points", why="\n".join(faults))
    return tuple(points)


def _parse_entry_point(group: str, content: str) -> EntryPoint | None:
    name, equals, target = content.partition("=")
    reference = target.partition("[")[0]  # extras are obsolete
    module, colon, attribute = (part.strip() for part in reference.partition(":"))
    name = name.strip()
    is_dotted = all(map(str.isidentifier, module.split(".")))
    if colon:
        is_dotted = is_dotted and all(map(str.isidentifier, attribute.split(".")))
    if not group or not name or not equals or not is_dotted:
        return None
    return EntryPoint(name, module, attribute, group)


def _split_rows(text: str) -> Iterable[list[str]]:
    lines = text.removesuffix("\n").split("\n")
    if '"' not in text:
        stripped = [line.removesuffix("\r") for line in lines]
        return [line.rsplit(",", 2) if line else [] for line in stripped]
    import csv

    try:
        return list(csv.reader(line + "\n" for line in lines))
    except csv.Error as error:
        raise InvalidRecord("invalid RECORD", why=str(error)) from error


def _parse_row(parts: list[str]) -> RecordRow:
    if len(parts) != 3 or not parts[0]:
        raise InvalidRecord(f"not path, digest and size: {','.join(parts)!r}")
    path, digest, size = parts
    if size and not (size.isascii() and size.isdecimal() and len(size) < 20):
        raise InvalidRecord(f"not a size: {size!r}")
    return RecordRow(
        path,
        _parse_record_digest(digest) if digest else None,
        int(size) if size else None,
    )


def _parse_record_digest(text: str) -> Digest:
    """Parse `sha256=` followed by URL-safe base64 without its padding."""
    algorithm, _, encoded = text.partition("=")
    padding = "=" * (-len(encoded) % 4)
    standard = encoded.replace("-", "+").replace("_", "/") + padding
    try:
        digits = a2b_base64(standard, strict_mode=True).hex()
    except (EncodingError, ValueError):
        digits = ""
    if not digits:
        raise InvalidDigest(f"not a digest: {text!r}")
    return _checked(Digest(algorithm.lower(), digits), text)


def _format_digest(digest: Digest | None) -> str:
    if digest is None:
        return ""
    encoded = b2a_base64(bytes.fromhex(digest.hex), newline=False).decode("ascii")
    safe = encoded.rstrip("=").replace("+", "-").replace("/", "_")
    return f"{digest.algorithm}={safe}"


def _checked(digest: Digest, text: str) -> Digest:
    bits = _BITS.get(digest.algorithm)
    if bits is not None and len(digest.hex) * 4 != bits:
        raise InvalidDigest(
            f"not a digest: {text!r}",
            why=f"{digest.algorithm} has {bits // 4} hexadecimal digits, "
            f"this has {len(digest.hex)}",
        )
    return digest


def _quote(path: str) -> str:
    if any(mark in path for mark in ',"\r\n'):
        doubled = path.replace('"', '""')
        return f'"{doubled}"'
    return path
