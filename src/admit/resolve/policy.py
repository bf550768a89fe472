"""What the user wants chosen among versions that fit.

For: newest or lowest, pre-releases, which files count: cut-off dates and hashes.
Does not know: the search, indexes, environments.
Shape: `Policy` and `Eligible` are what settings say; `leave_prereleases` and `pick`
choose in masks, where bit *i* is a project's version *i*, ascending.
Rule: a pre-release is taken only where a requirement asks for one, or where nothing
final will do; where both will do, the final release wins.
"""

from __future__ import annotations

from admit.index.listing import is_source
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Literal

    from admit.index.listing import Candidate, Listing
    from admit.index.simple import File
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.requirement import Requirement
    from admit.spec.version import Version

    Mask = int
    Prereleases = Literal[
        "disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit"
    ]
    Resolution = Literal["highest", "lowest", "lowest-direct"]

OTHER_HASHES = "came with other hashes than those given"
NO_SOURCE = "has no source distribution, as --no-binary wants"
FORBIDDEN = "building is forbidden (--only-binary or --no-build)"


@value
class Forms:
    """Which files of a project may be used."""

    wheels: bool = True
    sources: bool = False
    why_no_sources: str = ""
    """For explanations; "" for what listings say by themselves."""


_WHEELS = Forms()


@value
class Policy:
    """What the user wants chosen."""

    with_dependencies: bool = True
    upgrade: bool = False
    upgrade_only: frozenset[NormalizedName] = frozenset()
    prereleases: Prereleases = "if-necessary-or-explicit"
    resolution: Resolution = "highest"
    ignore_installed: bool = False
    may_build: bool = False
    """Whether source distributions count at all."""
    no_binary: frozenset[str] = frozenset()
    """Names that are to be built; ":all:" for every one."""
    only_binary: frozenset[str] = frozenset()
    """Names that are never built; ":all:" for every one that `no_binary` leaves."""
    preferences: tuple[tuple[NormalizedName, Version], ...] = ()
    """Versions to keep where they fit: those of an output file."""
    must_be_hashed: bool = False
    """Whether nothing may be run that the user gave no hash of."""
    is_at_hand: Callable[[Candidate], bool] | None = None
    """Whether a file need not be fetched, so that no server can refuse it."""

    def upgrades(self, name: str) -> bool:
        """Whether what is there has no preference."""
        return self.upgrade or name in self.upgrade_only

    def must_build(self, name: str) -> bool:
        """Whether only a source distribution will do."""
        if name in self.only_binary:
            return False
        return ":all:" in self.no_binary or name in self.no_binary

    def forms(self, name: str) -> Forms:
        """Return which files of a project may be used.

        What is said of a name counts before what is said of all; who says both of
        the same forbids: that runs nobody's code.
        """
        if not self.may_build:
            return _WHEELS
        is_named = name in self.no_binary
        if name in self.only_binary or (":all:" in self.only_binary and not is_named):
            return Forms(why_no_sources=FORBIDDEN)
        return Forms(wheels=not self.must_build(name), sources=True)


@value
class Asked:
    """What the user asks for."""

    requirements: tuple[Requirement, ...]
    constraints: tuple[Requirement, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    """What counts in place of everybody's requirements on the same names."""
    hashes: Mapping[str, tuple[Digest, ...]] | None = None
    """By project; see `gather_hashes`."""


def gather_hashes(
    requirements: Iterable[Requirement],
    hashes: Mapping[str, tuple[Digest, ...]],
    environment: Mapping[str, str],
) -> dict[str, tuple[Digest, ...]]:
    """Return the hashes given for every project, as far as its lines are in force.

    `hashes`: by text of a requirement. Where two lines give hashes for one project,
    only those that both give will do.
    """
    found: dict[str, tuple[Digest, ...]] = {}
    for each in requirements:
        given = hashes.get(each.text)
        if given is None:
            continue
        if each.marker is not None and not each.marker.evaluate(environment):
            continue
        known = found.get(each.name)
        if known is not None:
            given = tuple(digest for digest in known if digest in given)
        found[each.name] = given
    return found


@value
class Eligible:
    """Which files of a listing count at all."""

    cutoff: str | None = None
    """Only files uploaded before; as `config.cutoff` writes it."""
    hashes: Mapping[str, tuple[Digest, ...]] | None = None
    """By project: a file must have one of these."""
    forms: Callable[[str], Forms] | None = None
    """By project: whether wheels count, and source distributions; None: wheels do."""

    def in_form(self, listing: Listing) -> Listing:
        """Return a listing with its source distributions if they count."""
        forms = self.forms(listing.project) if self.forms is not None else _WHEELS
        if forms.sources:
            return listing.with_sources()
        why = forms.why_no_sources
        return listing.without_sources(why) if why else listing

    def narrow(self, listing: Listing, own_cutoff: str | None = None) -> Listing:
        """Return a listing without the files that do not count.

        `own_cutoff`: the index's, in place of the general one; "" for none.
        """
        cutoff = self.cutoff if own_cutoff is None else own_cutoff
        hashes = (self.hashes or {}).get(listing.project)
        forms = self.forms(listing.project) if self.forms is not None else _WHEELS
        listing = self.in_form(listing)
        if not cutoff and hashes is None and forms.wheels:
            return listing

        def judge(file: File) -> str | None:
            if not forms.wheels and not is_source(file):
                return NO_SOURCE
            if cutoff and (reason := judge_age(file, cutoff)):
                return reason
            if hashes is not None and agrees(file, hashes) is False:
                return OTHER_HASHES
            return None

        return listing.only(judge)


def judge_age(file: File, cutoff: str) -> str | None:
    """Say why a file is too new, or cannot be known not to be."""
    if not file.upload_time:
        return "came without an upload time, which --exclude-newer needs"
    if _moment(file.upload_time) >= cutoff:
        return "came after the date of --exclude-newer"
    return None


def agrees(file: File, hashes: Sequence[Digest]) -> bool | None:
    """Say whether a file's stated hashes agree with one given; None if none tells."""
    stated = dict(file.hashes)
    given = [each for each in hashes if each.algorithm in stated]
    if hashes and not given:
        return None
    return any(stated[each.algorithm] == each.hex for each in given)


def _moment(text: str) -> str:
    """An upload time in a form whose text order is time order."""
    if text.endswith("Z") and len(text) >= len("2024-05-01T00:00:00Z"):
        return text[:-1]
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return "9"  # what cannot be read is no proof of age
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat().partition("+")[0]


def is_only_capped(requires_python: str, python: Version) -> bool:
    """Say whether a Python is refused for being newer than a project foresaw.

    An upper bound within one major version is a guess of its author, who could not
    try it; `<3` is none: that is another language.
    """
    from admit.spec.version import parse_specifier, parse_version

    foreseen: list[str] = []
    next_major = parse_version(f"{python.text.partition('.')[0]}.0")
    for clause in parse_specifier(requires_python).clauses:
        if clause.operator not in ("<", "<="):
            foreseen.append(str(clause))
        elif parse_version(clause.version) <= next_major:
            return False
    return parse_specifier(",".join(foreseen)).contains(python)


def leave_prereleases(
    mask: Mask, prereleases: Mask, mode: Prereleases, *, is_named: bool
) -> Mask:
    """Take away the pre-releases that may not be chosen; 0 if nothing is left.

    `is_named`: a requirement of the user's names one.
    """
    if mode == "allow":
        return mask
    final = mask & ~prereleases
    if mode == "disallow" or (mode == "explicit" and not is_named):
        return final
    return final or mask


def pick(mask: Mask, tiers: Sequence[Mask] = (), *, is_lowest: bool = False) -> int:
    """Choose in a mask that is not empty: the best tier's highest, or lowest."""
    for tier in tiers:
        if mask & tier:
            mask &= tier
            break
    return (mask & -mask if is_lowest else mask).bit_length() - 1
