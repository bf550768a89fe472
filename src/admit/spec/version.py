"""Versions whose byte keys sort as PEP 440 says, and sets of versions.

For: comparing versions, and turning a specifier into a bit mask over the sorted
versions of a project (docs/solver.md).
Does not know: the policy for pre-releases; a specifier here is only a set.
Shape: text -> `Version` (canonical text and key); text -> `Specifier`, which is
intervals of keys; `mask(specifier, versions)` -> int.
Theory: a key is epoch, release, pre, post, dev and local, each written so that plain
byte order is version order. Every clause is then one or two half-open intervals of
keys, found by bisecting. "After 1.0 and its local versions" is the key of 1.0
followed by 0xff, which no key continues with.
Spec: version specifiers (PEP 440).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Interval = tuple[bytes, bytes]
    """From the first key inside to the first key outside."""

# Bytes of a key. Numbers begin with 0x10 or more, so that whatever ends a release
# sorts before a further component: 1.post9 < 1.0.1.dev0.
_ZERO = b"\x10"
_DEV_ONLY, _NO_PRE = b"\x01", b"\x05"
_PRE = {"a": b"\x02", "b": b"\x03", "rc": b"\x04"}
_NO_POST, _POST = b"\x01", b"\x02"
_DEV, _NO_DEV = b"\x01", b"\x02"
_WORD, _NUMERIC, _WORD_END = b"\x01", b"\x02", b"\x00"
_FINAL = _NO_PRE + _NO_POST + _NO_DEV
_BOTTOM, _TOP = b"", b"\xff"

_PRE_SPELLINGS = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_PATTERN = (
    r"v?(?:([0-9]+)!)?([0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|rc|c)[-_.]?([0-9]*))?"
    r"(?:-([0-9]+)|[-_.]?(post|rev|r)[-_.]?([0-9]*))?"
    r"(?:[-_.]?(dev)[-_.]?([0-9]*))?"
    r"(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?"
)
_OPERATORS = ("===", "==", "~=", "!=", "<=", ">=", "<", ">")
_REMEMBERED = 100_000


class InvalidVersion(InputError):
    """A text is not a version."""

    code = "invalid-version"


class InvalidSpecifier(InputError):
    """A text is not a list of version clauses."""

    code = "invalid-specifier"


class Version:
    """A version. Equal, ordered and hashed by `key`: 1.0 is 1.0.0."""

    __slots__ = ("is_local", "is_prerelease", "key", "text")

    def __init__(
        self, text: str, key: bytes, is_prerelease: bool, is_local: bool
    ) -> None:
        self.text = text
        """Canonical, trailing zeros kept."""
        self.key = key
        self.is_prerelease = is_prerelease
        """It is an alpha, beta, candidate or development release."""
        self.is_local = is_local

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        return self.key <= other.key

    def __gt__(self, other: Version) -> bool:
        return self.key > other.key

    def __ge__(self, other: Version) -> bool:
        return self.key >= other.key


class _Numbers(dict[str, bytes]):
    """Decimal texts without leading zeros -> their part of a key."""

    def __missing__(self, text: str) -> bytes:
        if not (text.isdecimal() and text.isascii()) or text[0] == "0":
            raise KeyError(text)
        encoded = _number(int(text))
        if len(self) < _REMEMBERED:
            self[text] = encoded
        return encoded


def _number(number: int) -> bytes:
    """Encode so that bytes sort as numbers, and none ends like `_ZERO`."""
    if number < 0xC0:
        return bytes((0x10 + number,))
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(digits) <= 40:
        return bytes((0xD0 + len(digits),)) + digits + b"\xff"
    return b"\xfe" + len(digits).to_bytes(4, "big") + digits + b"\xff"


_numbers = _Numbers({str(number): _number(number) for number in range(0xC0)})
_versions: dict[str, Version] = {}
_specifiers: dict[str, Specifier] = {}


def parse_version(text: str) -> Version:
    """Parse a version in any spelling that PEP 440 allows.

    Raises:
        InvalidVersion: there is no such version.
    """
    version = _versions.get(text)
    if version is None:
        version = _parse_plain(text) or _parse_version(text)
        if len(_versions) >= _REMEMBERED:
            _versions.clear()
        _versions[text] = version
    return version


def _parse_plain(text: str) -> Version | None:
    """Parse a release in canonical spelling, which most versions are."""
    if not text.replace(".", "").isdecimal():
        return None
    try:
        release = b"".join([_numbers[part] for part in text.split(".")])
    except (KeyError, ValueError):
        return None
    key = _ZERO + release.rstrip(_ZERO) + _FINAL
    return Version(text, key, False, False)


def _parse_version(text: str) -> Version:
    groups = _split_canonical(text)
    if groups is None:
        import re

        spelled = text.strip()
        match = re.fullmatch(_PATTERN, spelled.lower()) if spelled.isascii() else None
        if match is None:
            raise InvalidVersion(
                f"not a valid version: {text!r}",
                why="versions look like 1.2, 1.2rc1, 1.2.post1, 1.2.dev3 or 1.2+local",
            )
        groups = match.groups(default="")
    try:
        return _assemble(groups)
    except ValueError:  # Python refuses to read numbers of 4300 digits
        raise InvalidVersion(f"a number is too long in {text[:60]!r}") from None


def _split_canonical(text: str) -> tuple[str, ...] | None:
    """Return what `_PATTERN` would, if the spelling is canonical; else None.

    Nearly all versions are spelled so, and importing `re` takes longer than most runs.
    """
    rest, dev, dev_count = text.partition(".dev")
    rest, post, post_count = rest.partition(".post")
    pre = count = ""
    for mark in ("rc", "a", "b"):
        release, pre, count = rest.partition(mark)
        if pre:
            rest = release
            break
    numbers = rest.split(".")
    numbers += [count] if pre else []
    numbers += [post_count] if post else []
    numbers += [dev_count] if dev else []
    if not (text.isascii() and all(map(str.isdecimal, numbers))):
        return None
    return "", rest, pre, count, "", post[1:], post_count, dev[1:], dev_count, ""


def _assemble(groups: tuple[str, ...]) -> Version:
    """Make a version of the groups of `_PATTERN`, in lower case."""
    epoch, release, pre, count, bare_post, post, post_count, dev, dev_count, local = (
        groups
    )
    text, key = _assemble_release(epoch, release)
    if pre:
        pre, count = _PRE_SPELLINGS.get(pre, pre), _digits(count)
        text += pre + count
        key += _PRE[pre] + _numbers[count]
    else:
        key += _DEV_ONLY if dev and not (post or bare_post) else _NO_PRE
    if post or bare_post:
        count = _digits(bare_post or post_count)
        text += f".post{count}"
        key += _POST + _numbers[count]
    else:
        key += _NO_POST
    if dev:
        count = _digits(dev_count)
        text += f".dev{count}"
        key += _DEV + _numbers[count]
    else:
        key += _NO_DEV
    if local:
        local_text, local_key = _assemble_local(local)
        text, key = text + local_text, key + local_key
    return Version(text, key, bool(pre or dev), bool(local))


def _assemble_release(epoch: str, release: str) -> tuple[str, bytes]:
    parts = [_digits(part) for part in release.split(".")]
    key = b"".join([_numbers[part] for part in parts]).rstrip(_ZERO)
    text = ".".join(parts)
    if epoch and _digits(epoch) != "0":
        epoch = _digits(epoch)
        return f"{epoch}!{text}", _numbers[epoch] + key
    return text, _ZERO + key


def _assemble_local(local: str) -> tuple[str, bytes]:
    parts = local.replace("-", ".").replace("_", ".").split(".")
    parts = [_digits(part) if part.isdecimal() else part for part in parts]
    key = b"".join(
        _NUMERIC + _numbers[part]
        if part.isdecimal()
        else _WORD + part.encode() + _WORD_END
        for part in parts
    )
    return "+" + ".".join(parts), key


def _digits(text: str) -> str:
    """Drop leading zeros; no digits at all mean 0."""
    return text if text > "1" else text.lstrip("0") or "0"


def _release_key(epoch: int, release: Sequence[int]) -> bytes:
    encoded = b"".join([_number(number) for number in release])
    return _number(epoch) + encoded.rstrip(_ZERO)


@value
class Clause:
    """One comparison of a specifier."""

    operator: str
    version: str
    """As typed; may end in `.*`, and is free text after `===`."""

    def __str__(self) -> str:
        return f"{self.operator}{self.version}"


class Specifier:
    """A set of versions: all clauses hold. Equal and hashed by `text`."""

    __slots__ = (
        "_arbitrary",
        "_intervals",
        "clauses",
        "is_pin",
        "names_prerelease",
        "text",
    )

    def __init__(self, text: str, clauses: tuple[Clause, ...]) -> None:
        """Use `parse_specifier`; `clauses` must be valid."""
        self.text = text
        """As typed."""
        self.clauses = clauses
        self.names_prerelease = any(map(_names_prerelease, clauses))
        """A clause other than `!=` asks for a pre-release by its version."""
        self.is_pin = any(
            clause.operator in ("==", "===") and not clause.version.endswith("*")
            for clause in clauses
        )
        """A clause names one version."""
        self._intervals: tuple[Interval, ...] | None = None
        self._arbitrary = tuple(
            clause.version.lower() for clause in clauses if clause.operator == "==="
        )

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """Where keys of members lie, ascending and apart; `===` left out."""
        if self._intervals is None:
            intervals: tuple[Interval, ...] = ((_BOTTOM, _TOP),)
            for clause in self.clauses:
                intervals = _intersect(intervals, _clause_intervals(clause))
            self._intervals = intervals
        return self._intervals

    def contains(self, version: Version) -> bool:
        """Say whether the version is in the set; pre-releases are like others."""
        key = version.key
        for arbitrary in self._arbitrary:
            if version.text.lower() != arbitrary:
                return False
        return any(start <= key < end for start, end in self.intervals)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Specifier({self.text!r})"

    def __bool__(self) -> bool:
        return bool(self.clauses)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Specifier) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_specifier(text: str) -> Specifier:
    """Parse clauses separated by commas; empty ones are passed over.

    Raises:
        InvalidSpecifier: a clause is not one; the message names it.
    """
    specifier = _specifiers.get(text)
    if specifier is None:
        clauses = [_parse_clause(part) for part in text.split(",") if part.strip()]
        specifier = Specifier(text.strip(), tuple(clauses))
        if len(_specifiers) >= _REMEMBERED:
            _specifiers.clear()
        _specifiers[text] = specifier
    return specifier


def _parse_clause(text: str) -> Clause:
    text = text.strip()
    for operator in _OPERATORS:
        if text.startswith(operator):
            break
    else:
        raise InvalidSpecifier(
            f"not a version clause: {text!r}",
            why=f"a clause begins with one of {' '.join(_OPERATORS)}",
        )
    clause = Clause(operator, text[len(operator) :].strip())
    reason = _fault(clause)
    if reason:
        raise InvalidSpecifier(f"not a version clause: {text!r}", why=reason)
    return clause


def _fault(clause: Clause) -> str | None:
    """Say what is wrong with a clause, if anything is."""
    operator, text = clause.operator, clause.version
    if operator == "===":
        is_word = not any(mark.isspace() or mark in ";)" for mark in text)
        return None if is_word else "the text after '===' is one word"
    has_wildcard = text.endswith(".*")
    try:
        version = parse_version(text[:-2] if has_wildcard else text)
    except InvalidVersion:
        return f"{text!r} is not a version" if text else "a version must follow"
    if has_wildcard:
        if operator not in ("==", "!="):
            return "'.*' goes with == and != only"
        if not version.text.replace("!", ".").replace(".", "").isdecimal():
            return "'.*' follows a plain release"
    elif version.is_local and operator not in ("==", "!="):
        return "a local version goes with == and != only"
    elif operator == "~=" and len(_release(version)[1]) < 2:
        return "~= needs two numbers, as in ~=1.2"
    return None


def _names_prerelease(clause: Clause) -> bool:
    if clause.operator == "!=" or clause.version.endswith(".*"):
        return False
    try:
        return parse_version(clause.version).is_prerelease
    except InvalidVersion:  # free text after ===
        return False


def _release(version: Version) -> tuple[int, list[int]]:
    """Read epoch and release numbers back out of a version's text."""
    epoch, mark, rest = version.text.rpartition("!")
    numbers: list[int] = []
    for part in rest.partition("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if digits:
            numbers.append(int(digits))
        if digits != part:
            break
    return int(epoch) if mark else 0, numbers


def _clause_intervals(clause: Clause) -> tuple[Interval, ...]:
    """Return the keys that satisfy one clause.

    Spec: PEP 440, version specifiers; where its text leaves room, as `packaging`.
    """
    operator, text = clause.operator, clause.version
    if operator == "===":
        return ((_BOTTOM, _TOP),)
    if text.endswith(".*"):
        start, end = _prefix_interval(*_release(parse_version(text[:-2])))
    else:
        version = parse_version(text)
        start, end = _plain_interval(operator, version)
    if operator == "!=":
        return ((_BOTTOM, start), (end, _TOP))
    return ((start, end),)


def _plain_interval(operator: str, version: Version) -> Interval:
    key = version.key
    after_locals = key + b"\xff"
    has_post, has_dev = ".post" in version.text, ".dev" in version.text
    if operator == ">=":
        return key, _TOP
    if operator == "<=":
        return _BOTTOM, after_locals
    if operator == ">":
        # "MUST NOT allow a post-release of the given version unless V itself is a
        # post release", nor a local version of it.
        is_bare = not (has_post or has_dev)
        return (key[:-2] + b"\xff" if is_bare else after_locals), _TOP
    if operator == "<":
        # "MUST NOT allow a pre-release of the specified version unless the specified
        # version is itself a pre-release."
        if version.is_prerelease:
            return _BOTTOM, key
        return _BOTTOM, (key[:-1] + _DEV if has_post else key[:-3] + _DEV_ONLY)
    if operator == "~=":
        epoch, release = _release(version)
        return key, _prefix_interval(epoch, release[:-1])[1]
    return key, (key + b"\x00" if version.is_local else after_locals)


def _prefix_interval(epoch: int, release: list[int]) -> Interval:
    following = [*release[:-1], release[-1] + 1]
    return (
        _release_key(epoch, release) + _DEV_ONLY,
        _release_key(epoch, following) + _DEV_ONLY,
    )


def _intersect(
    left: tuple[Interval, ...], right: tuple[Interval, ...]
) -> tuple[Interval, ...]:
    return tuple(
        (max(start, other_start), min(end, other_end))
        for start, end in left
        for other_start, other_end in right
        if max(start, other_start) < min(end, other_end)
    )


def mask(specifier: Specifier, versions: Sequence[Version]) -> int:
    """Return the versions in the set as bits: bit *i* stands for `versions[i]`.

    Args:
        specifier: the set.
        versions: ascending by key.
    """
    from bisect import bisect_left
    from operator import attrgetter  # both only where something is resolved

    key_of = attrgetter("key")
    bits = 0
    for start, end in specifier.intervals:
        first = bisect_left(versions, start, key=key_of) if start else 0
        after = bisect_left(versions, end, key=key_of) if end != _TOP else None
        bits |= (1 << (len(versions) if after is None else after)) - (1 << first)
    if specifier._arbitrary:  # noqa: SLF001  # same module
        bits &= _arbitrary_mask(specifier, versions)
    return bits


def _arbitrary_mask(specifier: Specifier, versions: Sequence[Version]) -> int:
    bits = 0
    for index, version in enumerate(versions):
        if specifier.contains(version):
            bits |= 1 << index
    return bits


ANY = parse_specifier("")
"""The set of all versions."""
