"""Whether what is installed already is what was asked for.

For: the most frequent run of all, which must need neither network nor resolution.
Does not know: indexes, upgrades, how to install.
Shape: `Environment` holds an interpreter and what is `Known`, an installed
distribution read lazily; `check` walks requirements and the metadata of what they
lead to, and tells the first that is not met.
"""

from __future__ import annotations

from admit.env.installed import (
    MetadataMissing,
    read_direct_url,
    read_metadata,
    read_metadata_header,
    scan,
)
from admit.errors import InputError
from admit.spec.metadata import parse_base_requires, parse_metadata
from admit.spec.names import normalize_extra
from admit.spec.version import parse_version
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from admit.env.installed import Installed, InstalledDistribution
    from admit.env.interpreter import Interpreter
    from admit.spec.direct_url import DirectUrl
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.requirement import Requirement
    from admit.spec.url import Url
    from admit.spec.version import Version


class Known:
    """An installed distribution; its metadata is read when it is asked for."""

    __slots__ = ("_metadata", "distribution", "version")

    def __init__(self, distribution: InstalledDistribution, version: Version) -> None:
        self.distribution = distribution
        self.version = version
        self._metadata: Metadata | None = None

    @property
    def name(self) -> NormalizedName:
        return self.distribution.name

    def metadata(self) -> Metadata:
        """Read and parse its METADATA, once.

        Raises:
            MetadataMissing: there is none.
            InputError: it is malformed.
        """
        if self._metadata is None:
            self._metadata = parse_metadata(read_metadata(self.distribution))
        return self._metadata

    def base_requires(self) -> tuple[Requirement, ...]:
        """Read what it requires without any extra; cheaper than all metadata.

        Raises:
            MetadataMissing: there is none.
            InputError: it is malformed.
        """
        if self._metadata is not None:
            return self._metadata.requires
        return parse_base_requires(read_metadata_header(self.distribution))

    def came_from(self, url: Url) -> bool:
        """Whether it is what a requirement's URL asks for, as direct_url.json tells."""
        direct_url = read_direct_url(self.distribution)
        if direct_url is None:
            return False
        from admit.spec.direct_url import is_from

        return is_from(direct_url, url)

    def is_of(self, origin: DirectUrl) -> bool:
        """Whether it was made of this very source; never of a folder: that changes."""
        direct_url = read_direct_url(self.distribution)
        if direct_url is None:
            return False
        from admit.spec.direct_url import is_same

        return is_same(direct_url, origin)


@value
class Environment:
    """An interpreter and what is installed for it."""

    interpreter: Interpreter
    installed: Mapping[NormalizedName, Known]
    problems: tuple[str, ...]
    """What is damaged, a sentence each."""


def read_environment(interpreter: Interpreter) -> Environment:
    """Look at what is installed for an interpreter."""
    installed = scan(interpreter.site_folders)
    problems = tuple(f"{each.path}: {each.reason}" for each in installed.problems)
    return Environment(interpreter, index_installed(installed), problems)


def index_installed(installed: Installed) -> dict[NormalizedName, Known]:
    """Return what is installed by name; broken versions are left out."""
    known: dict[NormalizedName, Known] = {}
    for each in installed.distributions:
        try:
            known.setdefault(each.name, Known(each, parse_version(each.version)))
        except InputError:
            continue
    return known


@value
class Satisfied:
    """Every requirement is met by what is installed."""

    count: int
    """Distributions that were looked at."""
    lacking: tuple[str, ...] = ()
    """Extras that were asked for and are not there, a sentence each."""


@value
class Unsatisfied:
    """The first requirement that is not met."""

    requirement: Requirement


def check(
    requirements: Sequence[Requirement],
    constraints: Iterable[Requirement],
    known: Mapping[NormalizedName, Known],
    environment: Mapping[str, str],
    *,
    with_dependencies: bool = True,
) -> Satisfied | Unsatisfied:
    """Say whether requirements, and all they lead to, are met.

    `environment`: the marker variables of the target.
    """
    limits: dict[NormalizedName, list[Requirement]] = {}
    for each in constraints:
        limits.setdefault(each.name, []).append(each)
    waiting = list(reversed(requirements))
    seen: set[tuple[NormalizedName, str]] = set()
    lacking: list[str] = []
    while waiting:
        requirement = waiting.pop()
        marker = requirement.marker
        if marker is not None and not marker.evaluate(environment):
            continue
        found = known.get(requirement.name)
        if found is None or not _is_met(found, requirement):
            return Unsatisfied(requirement)
        for limit in limits.get(requirement.name, ()):
            is_in_force = limit.marker is None or limit.marker.evaluate(environment)
            if is_in_force and not _is_met(found, limit):
                return Unsatisfied(limit)
        if not with_dependencies:
            seen.add((requirement.name, ""))
            continue
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) in seen:
                continue
            seen.add((requirement.name, extra))
            try:
                requires = found.metadata().requires if extra else found.base_requires()
            except (InputError, MetadataMissing):
                return Unsatisfied(requirement)
            if extra and normalize_extra(extra) not in found.metadata().extras:
                lacking.append(
                    f"{found.name}=={found.version} has no extra named {extra}"
                )
            waiting += _needs(requires, extra, environment)
    return Satisfied(len({name for name, _ in seen}), tuple(lacking))


def _is_met(found: Known, requirement: Requirement) -> bool:
    if requirement.url is not None:
        return found.came_from(requirement.url)
    return requirement.specifier.contains(found.version)


def _needs(
    requires: Sequence[Requirement], extra: str, environment: Mapping[str, str]
) -> list[Requirement]:
    """The requirements of a distribution that hold here; markers are used up."""
    from admit.value import replace

    found = []
    (normalize_extra(extra),) if extra else ()
    for each in requires:
        if each.marker is None:
            if not extra:
                found.append(each)
        elif each.marker.evaluate(
            environment, (normalize_extra(extra),) if extra else ()
        ):
            found.append(replace(each, marker=None))
    return found
