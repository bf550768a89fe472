"""File names of wheels and sdists, and the targets that wheels fit.

For: reading what a distribution file's name says, and ranking wheels for a target.
Does not know: how a target is found out (env.interpreter), what is inside a file.
Shape: text -> `WheelName`, `SdistName`; `Target.rank(tags)` -> int or None.
Spec: binary distribution format (PEP 427, file name convention), platform
compatibility tags (PEP 425), source distribution file name (PEP 625).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.names import InvalidName, normalize_name
from admit.spec.version import InvalidVersion, parse_version
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from admit.spec.names import NormalizedName
    from admit.spec.version import Version

    Build = tuple[()] | tuple[int, str]

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")
_REMEMBERED = 20_000
_MOST_TAGS = 1_000
_tags: dict[str, tuple[str, ...]] = {}


class InvalidFilename(InputError):
    """A file name does not say which distribution it is."""

    code = "invalid-filename"


@value
class WheelName:
    """What the name of a wheel says."""

    name: NormalizedName
    version: Version
    build: Build
    """Breaks ties between wheels of equal tags; the greater is preferred."""
    tags: tuple[str, ...]
    """Expanded, each as in "py3-none-any"."""


@value
class SdistName:
    """What the name of a source distribution says."""

    name: NormalizedName
    version: Version


class Target:
    """A described interpreter: what installing is done for."""

    __slots__ = ("_ranks", "environment", "tags")

    def __init__(
        self, environment: Mapping[str, str], tags: Iterable[str] = ()
    ) -> None:
        self.environment = environment
        """The marker variables of PEP 508 but `extra`."""
        self.tags = tuple(tags)
        """What wheels may have, best first."""
        self._ranks = {tag: rank for rank, tag in reversed([*enumerate(self.tags)])}

    def rank(self, tags: tuple[str, ...]) -> int | None:
        """Return how good a wheel of these tags is, 0 best; None: it does not fit."""
        if len(tags) == 1:
            return self._ranks.get(tags[0])
        ranks = [self._ranks[tag] for tag in tags if tag in self._ranks]
        return min(ranks) if ranks else None

    @property
    def python_version(self) -> Version:
        """The full version, as compared with `Requires-Python`."""
        text = self.environment["python_full_version"]
        return parse_version(text + "local" if text.endswith("+") else text)

    def __repr__(self) -> str:
        best = self.tags[0] if self.tags else None
        return f"Target({self.environment.get('python_full_version')}, {best})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Target)
            and self.tags == other.tags
            and dict(self.environment) == dict(other.environment)
        )

    def __hash__(self) -> int:
        return hash(self.tags)


def parse_wheel_filename(text: str) -> WheelName:
    """Read a wheel's file name.

    Raises:
        InvalidFilename: it is not one; the reason is given.
    """
    if not text.endswith(".whl"):
        raise _invalid(text, "the name of a wheel ends in .whl")
    parts = text[:-4].split("-")
    if len(parts) == 5:
        name, version, *tag_parts = parts
        build: Build = ()
    elif len(parts) == 6:
        name, version, build_text, *tag_parts = parts
        build = _parse_build(text, build_text)
    else:
        raise _invalid(
            text,
            f"it has {len(parts)} parts between dashes instead of "
            "name-version-python-abi-platform, with a build number perhaps",
        )
    return WheelName(
        _parse_escaped_name(text, name),
        _parse_version(text, version),
        build,
        _expand_tags(text, tag_parts),
    )


def parse_wheel_tags(text: str, tags: str) -> tuple[str, ...]:
    """Read the tags in a wheel's file name, of which the rest is known to be sound.

    Args:
        text: the file name.
        tags: its last three parts, without suffix.

    Raises:
        InvalidFilename: they are no tags.
    """
    return _expand_tags(text, tags.split("-"))


def parse_sdist_filename(text: str, project: NormalizedName) -> SdistName:
    """Read a source distribution's file name.

    Old names have dashes unescaped, so only who knows the project can split them.

    Raises:
        InvalidFilename: it is not one, or is another project's.
    """
    for suffix in SDIST_SUFFIXES:
        if text.endswith(suffix):
            stem = text[: -len(suffix)]
            break
    else:
        raise _invalid(text, f"a source distribution ends in {SDIST_SUFFIXES[0]}")
    position = stem.find("-")
    while position > 0:
        if _is_name(stem[:position], project):
            return SdistName(project, _parse_version(text, stem[position + 1 :]))
        position = stem.find("-", position + 1)
    raise _invalid(text, f"it does not begin with the project's name, {project}")


def _invalid(text: str, why: str) -> InvalidFilename:
    return InvalidFilename(f"not the name of a distribution file: {text!r}", why=why)


def _is_name(text: str, project: NormalizedName) -> bool:
    try:
        return normalize_name(text) == project
    except InvalidName:
        return False


def _parse_escaped_name(text: str, name: str) -> NormalizedName:
    if "__" in name:
        raise _invalid(text, "the project's name has two underscores in a row")
    try:
        return normalize_name(name)
    except InvalidName:
        raise _invalid(text, f"{name!r} is not a project's name") from None


def _parse_version(text: str, version: str) -> Version:
    try:
        return parse_version(version)
    except InvalidVersion:
        raise _invalid(text, f"{version!r} is not a version") from None


def _parse_build(text: str, build: str) -> Build:
    digits = build[: len(build) - len(build.lstrip("0123456789"))]
    if not digits or len(digits) > 100:
        raise _invalid(text, f"the build number {build!r} does not begin with a digit")
    return int(digits), build[len(digits) :]


def _expand_tags(text: str, parts: list[str]) -> tuple[str, ...]:
    compressed = "-".join(parts)
    expanded = _tags.get(compressed)
    if expanded is not None:
        return expanded
    pythons, abis, platforms = (part.lower().split(".") for part in parts)
    if not all(pythons) or not all(abis) or not all(platforms):
        raise _invalid(text, "one of its tags is empty")
    if not all(map(str.isidentifier, pythons)):
        raise _invalid(text, f"{parts[0]!r} is not a Python tag")
    if any(not part.isprintable() or "/" in part or "\\" in part for part in parts):
        raise _invalid(text, "one of its tags has a character that no tag has")
    if len(pythons) * len(abis) * len(platforms) > _MOST_TAGS:
        raise _invalid(text, "it has more tags than any wheel needs")
    expanded = tuple(
        f"{python}-{abi}-{platform}"
        for python in pythons
        for abi in abis
        for platform in platforms
    )
    if len(_tags) >= _REMEMBERED:
        _tags.clear()
    _tags[compressed] = expanded
    return expanded
