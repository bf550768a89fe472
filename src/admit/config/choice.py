"""From settings to what may be chosen: policy, cut-off date, hashes.

For: handing the resolver what the user said, in the resolver's words.
Does not know: indexes, versions that exist.
Shape: `Settings` and `Wanted` -> `Policy`, `Asked`, a cut-off.
"""

from __future__ import annotations

from admit.errors import IntegrityError, UsageError
from admit.resolve.policy import Asked, Policy, gather_hashes
from admit.spec.names import normalize_name
from admit.spec.tags import SDIST_SUFFIXES
from admit.spec.vcs import is_vcs_url, parse_fragment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    from admit.config.requirements import SourceLine, Wanted
    from admit.config.settings import Settings
    from admit.resolve.policy import Prereleases, Resolution
    from admit.spec.names import NormalizedName
    from admit.spec.url import Url
    from admit.spec.version import Version

    Strategy = Literal["first-index", "unsafe-first-match", "unsafe-best-match"]
    Preferences = tuple[tuple[NormalizedName, Version], ...]


_FILES = (".whl", *SDIST_SUFFIXES)


class HashMissing(IntegrityError):
    """`--require-hashes`, and something has none or is not pinned."""

    code = "hash-missing"


def policy_of(settings: Settings, preferences: Preferences = ()) -> Policy:
    """Return what the settings say should be chosen."""
    return Policy(
        with_dependencies=not settings.flag("no_deps"),
        upgrade=settings.flag("upgrade"),
        upgrade_only=frozenset(
            normalize_name(each) for each in settings.items("upgrade_package")
        ),
        prereleases=_prereleases(settings),
        resolution=_resolution(settings),
        ignore_installed=settings.flag("reinstall"),
        must_be_hashed=settings.flag("require_hashes"),
        may_build=True,
        no_binary=_names(settings.items("no_binary")),
        only_binary=_only_binary(settings),
        preferences=preferences,
    )


def policy_of_tools(settings: Settings) -> Policy:
    """Return what should be chosen of the tools that a build needs.

    The newest: what the user says with `--resolution`, `--prerelease`, `--upgrade` or
    `--no-deps` is about packages that were asked for.
    """
    return Policy(
        may_build=True,
        no_binary=_names(settings.items("no_binary")),
        only_binary=_only_binary(settings),
    )


def _only_binary(settings: Settings) -> frozenset[str]:
    names = _names(settings.items("only_binary"))
    if not settings.flag("no_build"):
        return names
    # A name counts before `:all:`, but what is to build nothing builds nothing.
    return names | _names(settings.items("no_binary")) | {":all:"}


def strategy_of(settings: Settings) -> Strategy:
    """Return how several indexes are compared."""
    strategy = settings.text("index_strategy")
    for known in ("unsafe-first-match", "unsafe-best-match"):
        if strategy == known:
            return known
    return "first-index"


def cutoff_of(settings: Settings) -> str | None:
    """Return the moment before which files must have been uploaded."""
    text = settings.text("exclude_newer")
    if not text:
        return None
    from datetime import UTC, datetime

    from admit.config.cutoff import parse_cutoff

    now = datetime.now(UTC).astimezone()
    return parse_cutoff(text, settings.origin_of("exclude_newer"), now)


def asked_of(
    settings: Settings, wanted: Wanted, environment: Mapping[str, str]
) -> Asked:
    """Return what the user asks for, with the hashes that hold for a target.

    Raises:
        HashMissing: hashes are required, and a requirement has none or is no pin.
    """
    must_have = settings.flag("require_hashes")
    if settings.flag("no_verify_hashes"):
        if must_have:
            raise UsageError(
                "--require-hashes and --no-verify-hashes cannot both be",
                why=f"{settings.origin_of('require_hashes')} asks for the one, "
                f"{settings.origin_of('no_verify_hashes')} for the other",
            )
        hashes = None
    else:
        instead = {each.name for each in wanted.overrides}
        lines = [each for each in wanted.requirements if each.name not in instead]
        lines += (*wanted.constraints, *wanted.overrides)
        hashes = gather_hashes(lines, wanted.hashes, environment)
    if must_have:
        _check_pinned(wanted, environment, hashes or {})
    return Asked(wanted.requirements, wanted.constraints, wanted.overrides, hashes)


def refuse_unhashed(names: Iterable[str]) -> None:
    """Raise for projects that came along and have no hash."""
    found = list(names)
    if found:
        raise HashMissing(
            f"--require-hashes: no hash is given for {', '.join(found)}",
            why="others depend on it; every one must be listed, pinned and hashed",
            fix="list them all: `admit compile --generate-hashes`",
        )


def _check_pinned(
    wanted: Wanted, environment: Mapping[str, str], hashes: Mapping[str, object]
) -> None:
    limits = {
        each.name
        for each in wanted.constraints
        if each.specifier.is_pin or each.url is not None
    }
    for each in wanted.requirements:
        if each.marker is not None and not each.marker.evaluate(environment):
            continue
        is_pinned = each.url is not None or each.specifier.is_pin
        if not is_pinned and each.name not in limits:
            raise HashMissing(
                f"--require-hashes: {each} is not pinned",
                why="a hash stands for one file; `==` names the version it is of",
            )
        has_own = each.url is not None and "sha256=" in each.url.fragment
        if each.name not in hashes and not has_own:
            raise HashMissing(
                f"--require-hashes: no hash is given for {each}",
                fix=_how_to_hash(each.url),
            )


def check_hashed(lines: Iterable[SourceLine]) -> None:
    """Raise unless every source has a hash; for --require-hashes, before they are run.

    Raises:
        HashMissing: one has none.
    """
    for line in lines:
        if not line.hashes and not is_hashed(line.url):
            raise HashMissing(
                f"--require-hashes: no hash is given for {line.typed or line.url.text}",
                fix=_how_to_hash(line.url),
            )


def is_hashed(url: Url) -> bool:
    """Whether a URL states what the file is that it leads to."""
    return bool(parse_fragment(url).digests)


def _how_to_hash(url: Url | None) -> str:
    is_tree = url is not None and (
        is_vcs_url(url) or (url.scheme == "file" and not url.filename.endswith(_FILES))
    )
    if is_tree:
        return "folders and commits have none: give an archive of it"
    return "add one with `admit compile --generate-hashes`"


def _prereleases(settings: Settings) -> Prereleases:
    mode = settings.text("prerelease")
    for known in ("disallow", "allow", "if-necessary", "explicit"):
        if mode == known:
            return known
    if mode is None and settings.flag("pre"):
        return "allow"
    return "if-necessary-or-explicit"


def _resolution(settings: Settings) -> Resolution:
    mode = settings.text("resolution")
    for known in ("lowest", "lowest-direct"):
        if mode == known:
            return known
    return "highest"


def _names(texts: Iterable[str]) -> frozenset[str]:
    """Names of `--no-binary`: `:none:` forgets what came before."""
    names: set[str] = set()
    for text in texts:
        for each in text.split(","):
            word = each.strip()
            if word == ":none:":
                names.clear()
            elif word == ":all:":
                names.add(word)
            elif word:
                names.add(normalize_name(word))
    return frozenset(names)
