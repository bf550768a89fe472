"""Answers the solver out of indexes, direct files and the environment.

For: the policies of choosing: newest, installed first, pre-releases, yanked files,
what this interpreter can run; and asking for pages and metadata long before the
solver wants them.
Does not know: how pages are fetched, how the search goes, how things are installed.
Shape: requirements in, `Resolution` out, by `resolve`. Answers depend on pages and
metadata only, never on the order in which these arrive.
"""

from __future__ import annotations

from bisect import bisect_left

from admit.errors import ResolutionError
from admit.resolve.explain import explain, format_versions
from admit.resolve.question import Facet, NoSolution, Unavailable, Versions
from admit.resolve.solver import solve
from admit.resolve.term import Dependency
from admit.spec.version import mask as mask_of
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from admit.env.satisfied import Known
    from admit.index.choose import Candidate
    from admit.net.future import Future
    from admit.resolve.finder import Finder, Found, Missing
    from admit.resolve.term import Mask, Package
    from admit.spec.metadata import Metadata
    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target
    from admit.spec.version import Specifier, Version


PATIENCE = 5
"""After so many tries of one project its next versions' metadata is fetched."""
LOOK_AHEAD = 50


class NothingFits(ResolutionError):
    """No set of versions satisfies what was asked; `why` tells the proof."""

    code = "no-solution"


@value
class Policy:
    """What the user wants chosen."""

    with_dependencies: bool = True
    upgrade: bool = False
    upgrade_only: frozenset[NormalizedName] = frozenset()
    allow_prereleases: bool = False
    ignore_installed: bool = False


@value
class Constraint:
    """The versions a requirement admits, as typed; or the one a URL leads to."""

    specifier: Specifier
    url: str = ""

    def __str__(self) -> str:
        return f" @ {self.url}" if self.url else str(self.specifier)


@value
class Pin:
    """One project of a resolution."""

    name: NormalizedName
    version: Version
    candidate: Candidate | None
    """None where the installed distribution stays."""
    found: Found | None
    """Where the project was found; None if it is only installed."""
    is_direct: bool = False
    """The user gave the file, by URL or path."""
    extras: tuple[ExtraName, ...] = ()


@value
class Resolution:
    """Versions that fit together."""

    pins: tuple[Pin, ...]
    """Sorted by name."""
    required_by: Mapping[NormalizedName, tuple[str, ...]]
    """Who asked for a project: names, and "" for the user. Sorted."""
    warnings: tuple[str, ...] = ()


class _Project:
    """What is known of one project: its versions, and where each comes from.

    Bit *i* of every mask stands for `versions[i]`; the installed version stands among
    them, also if no index has it.
    """

    def __init__(self, found: Found | None, installed: Known | None) -> None:
        listing = found.listing if found is not None else None
        self.found = found
        self.tries = 0
        """How often a version was chosen."""
        self.versions = list(listing.versions) if listing is not None else []
        self.only_installed_at: int | None = None
        self.installed_at: int | None = None
        self.yanked = listing.yanked if listing is not None else 0
        self.unsupported = listing.unsupported if listing is not None else ()
        self.prereleases = listing.prereleases if listing is not None else 0
        self.pinned: Mask = 0
        """Versions that the user names exactly: they may be yanked (PEP 592)."""
        if installed is not None:
            self._add_installed(installed.version)

    def _add_installed(self, version: Version) -> None:
        at = bisect_left(self.versions, version)
        self.installed_at = at
        if at == len(self.versions) or self.versions[at] != version:
            self.only_installed_at = at
            self.versions.insert(at, version)
            self.yanked = _widen(self.yanked, at)
            self.prereleases = _widen(self.prereleases, at)
            self.prereleases |= version.is_prerelease << at
            self.unsupported = tuple(
                (text, _widen(mask, at)) for text, mask in self.unsupported
            )

    def candidate(self, index: int) -> Candidate | None:
        """The file of a version; None for one that is only installed."""
        if self.found is None or index == self.only_installed_at:
            return None
        after = self.only_installed_at is not None and index > self.only_installed_at
        return self.found.listing.candidate(index - after)


class Provider:
    """One run's answers; used by one thread."""

    def __init__(
        self,
        finder: Finder,
        target: Target,
        installed: Mapping[NormalizedName, Known],
        policy: Policy,
        *,
        requirements: Sequence[Requirement],
        constraints: Sequence[Requirement] = (),
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._finder = finder
        self._target = target
        self._installed = installed
        self._policy = policy
        self.requirements = [each for each in requirements if self._is_in_force(each)]
        """What the user asks for, as far as it holds for the target."""
        limits = [each for each in constraints if self._is_in_force(each)]
        self._limits: dict[str, list[Specifier]] = {}
        for each in limits:
            self._limits.setdefault(each.name, []).append(each.specifier)
        self._pins: dict[str, list[Specifier]] = {}
        for each in (*self.requirements, *limits):
            if each.specifier.is_pin:
                self._pins.setdefault(each.name, []).append(each.specifier)
        self._on_progress = on_progress
        self._pages: dict[str, Future[Found | Missing]] = {}
        self._metadata: dict[tuple[str, Version], Future[Metadata]] = {}
        self._projects: dict[str, _Project] = {}
        self._guessed: set[str] = set()

    def _is_in_force(self, requirement: Requirement) -> bool:
        marker = requirement.marker
        return marker is None or marker.evaluate(self._target.environment)

    # What the solver asks

    def versions(self, package: Package) -> Versions | Facet | Unavailable:
        name, extra = _split(package)
        if extra:
            return Facet(name)
        answer = self._page(name).result()
        found = answer if answer.is_found else None
        project = _Project(found, self._installed_of(name))
        self._projects[name] = project
        for pin in self._pins.get(name, ()):
            project.pinned |= mask_of(pin, project.versions)
        if not project.versions:
            return Unavailable(answer.reason)
        unusable = [
            (mask, f"requires Python {text}") for text, mask in project.unsupported
        ]
        for limit in self._limits.get(name, ()):
            excluded = (
                ~mask_of(limit, project.versions) & (1 << len(project.versions)) - 1
            )
            if limit.is_pin:
                project.pinned |= mask_of(limit, project.versions)
            if excluded:
                unusable.append((excluded, f"breaks the constraint {name}{limit}"))
        return Versions(len(project.versions), tuple(unusable))

    def mask(self, package: Package, constraint: Hashable) -> Mask:
        project = self._projects[package]
        return mask_of(_specifier_of(constraint), project.versions)

    def choose(self, package: Package, mask: Mask) -> int | Unavailable:
        name, _ = _split(package)
        project = self._projects[name]
        if self._on_progress is not None:
            self._on_progress(len(self._metadata), len(self._pages))
        installed = project.installed_at
        if (
            installed is not None
            and self._keeps_installed(name)
            and mask >> installed & 1
        ):
            return installed
        usable = mask & ~(project.yanked & ~project.pinned)
        if not usable:
            return Unavailable(f"{'was' if _is_single(mask) else 'were'} yanked")
        final = usable & ~project.prereleases
        if final and not self._policy.allow_prereleases:
            usable = final
        self._look_ahead(name, project, usable)
        return usable.bit_length() - 1

    def _look_ahead(self, name: str, project: _Project, usable: Mask) -> None:
        """Fetch metadata of many versions at once where one after the other fails."""
        project.tries += 1
        if project.found is None or project.tries % LOOK_AHEAD != PATIENCE:
            return
        for _ in range(LOOK_AHEAD):
            usable &= ~(1 << usable.bit_length() >> 1)
            if not usable:
                return
            candidate = project.candidate(usable.bit_length() - 1)
            if candidate is not None:
                self._fetch_metadata(name, project.found, candidate)

    def dependencies(
        self, package: Package, version: int
    ) -> tuple[Dependency, ...] | Unavailable:
        name, extra = _split(package)
        if not self._policy.with_dependencies:
            return ()
        metadata = self._metadata_of(name, version)
        if extra and extra not in metadata.extras:
            self._finder.warn(
                f"{name}=={self._projects[name].versions[version]} has no extra "
                f"named {extra}"
            )
        return self._dependencies(metadata, extra)

    def expect(self, dependencies: tuple[Dependency, ...]) -> None:
        for each in dependencies:
            self._guess(each)

    # Pages and metadata, early

    def _page(self, name: str) -> Future[Found | Missing]:
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = self._finder.find(name)
        return page

    def _guess(self, dependency: Dependency) -> None:
        """Ask for the page, and when it is here for the likely version's metadata.

        A guess never changes an answer; it only warms what will be asked.
        """
        if dependency.package in self._guessed:
            return
        self._guessed.add(dependency.package)
        name, extra = _split(dependency.package)
        specifier = _specifier_of(dependency.constraint)

        def look(page: Future[Found | Missing]) -> None:
            if page.error is not None or not self._policy.with_dependencies:
                return
            found = page.result()
            if not found.is_found:
                return
            likely = self._likely(name, found, specifier)
            if likely is None:
                return
            candidate = found.listing.candidate(likely)
            metadata = self._fetch_metadata(name, found, candidate)
            metadata.when_done(lambda done: self._guess_further(done, extra))

        self._page(name).when_done(look)

    def _guess_further(self, done: Future[Metadata], extra: str) -> None:
        if done.error is None:
            for each in self._dependencies(done.result(), extra):
                self._guess(each)

    def _likely(self, name: str, found: Found, specifier: Specifier) -> int | None:
        """The version that will be chosen if nothing else speaks against it."""
        installed = self._installed_of(name)
        if (
            installed is not None
            and self._keeps_installed(name)
            and specifier.contains(installed.version)
        ):
            return None
        listing = found.listing
        usable = mask_of(specifier, listing.versions)
        for limit in self._limits.get(name, ()):
            usable &= mask_of(limit, listing.versions)
        for _, mask in listing.unsupported:
            usable &= ~mask
        usable &= ~listing.yanked if name not in self._pins else usable
        if not self._policy.allow_prereleases:
            usable = usable & ~listing.prereleases or usable
        return usable.bit_length() - 1 if usable else None

    def _fetch_metadata(
        self, name: str, found: Found, candidate: Candidate
    ) -> Future[Metadata]:
        key = name, candidate.version
        future = self._metadata.get(key)
        if future is None:
            future = self._metadata[key] = found.files.metadata(candidate)
        return future

    def _metadata_of(self, name: str, version: int) -> Metadata:
        project = self._projects[name]
        candidate = self.candidate(name, version)
        if candidate is None or project.found is None:
            return self._installed[_name(name)].metadata()
        return self._fetch_metadata(name, project.found, candidate).result()

    def candidate(self, name: str, version: int) -> Candidate | None:
        """The file a decision stands for; None: what is installed stays."""
        project = self._projects[name]
        if version == project.installed_at and self._keeps_installed(name):
            return None
        return project.candidate(version)

    def pin(self, name: str, version: int, extras: tuple[ExtraName, ...]) -> Pin:
        """Return what a decision means for the environment."""
        project = self._projects[name]
        return Pin(
            _name(name),
            project.versions[version],
            self.candidate(name, version),
            project.found,
            name in self._finder.direct,
            extras,
        )

    # Words for explanations

    def describe(self, package: Package, mask: Mask) -> str:
        """Name versions of a package by ranges."""
        project = self._projects.get(_split(package)[0])
        if project is None:
            return package
        texts = [version.text for version in project.versions]
        return format_versions(package, mask, texts, project.prereleases)

    def absence(self, dependency: Dependency) -> str:
        """Say what is wrong with a dependency that no version satisfies."""
        name, _ = _split(dependency.package)
        project = self._projects.get(name)
        if project is None or project.found is None:
            return f"there is no {dependency}"
        seen = project.found.listing.seen
        return f"there is no {dependency} {seen}".rstrip()

    def advice(self) -> str | None:
        """What may help if visibility could be the cause."""
        return self._finder.advice()

    # Policies

    def _installed_of(self, name: str) -> Known | None:
        if self._policy.ignore_installed or name in self._finder.direct:
            return None
        return self._installed.get(_name(name))

    def _keeps_installed(self, name: str) -> bool:
        return not (self._policy.upgrade or name in self._policy.upgrade_only)

    def _dependencies(self, metadata: Metadata, extra: str) -> tuple[Dependency, ...]:
        environment = self._target.environment
        found: dict[Dependency, None] = {}
        for each in metadata.requires:
            if each.marker is not None:
                if extra:
                    if not each.marker.mentions_extra:
                        continue  # the base has it already
                    if not each.marker.evaluate(environment, (_extra(extra),)):
                        continue
                elif not each.marker.evaluate(environment):
                    continue
            elif extra:
                continue
            for dependency in self.depend_on(each):
                found[dependency] = None
        return tuple(found)

    def depend_on(self, requirement: Requirement) -> Iterable[Dependency]:
        """A requirement as the solver has it: the base, and a facet per extra."""
        url = requirement.url.text if requirement.url is not None else ""
        constraint = Constraint(requirement.specifier, url)
        is_exact = bool(url) or requirement.specifier.is_pin
        if not requirement.extras:
            yield Dependency(requirement.name, constraint, is_exact)
        for extra in requirement.extras:
            yield Dependency(f"{requirement.name}[{extra}]", constraint, is_exact)


def _split(package: Package) -> tuple[str, str]:
    name, _, extra = package.partition("[")
    return name, extra.rstrip("]")


def _specifier_of(constraint: Hashable) -> Specifier:
    if not isinstance(constraint, Constraint):
        raise TypeError("constraints of this provider only")
    return constraint.specifier


def _widen(mask: Mask, at: int) -> Mask:
    """Make room for one more version at a place."""
    low = (1 << at) - 1
    return mask & low | (mask & ~low) << 1


def _is_single(mask: Mask) -> bool:
    return not mask & (mask - 1)


def _name(text: str) -> NormalizedName:
    return text  # type: ignore[return-value]  # package keys are made of such names


def _extra(text: str) -> ExtraName:
    return text  # type: ignore[return-value]  # as above


def resolve(provider: Provider) -> Resolution:
    """Find versions for what the user asked of a provider.

    Raises:
        NothingFits: there are none; says why.
    """
    wanted = tuple(
        dependency
        for each in provider.requirements
        for dependency in provider.depend_on(each)
    )
    try:
        solution = solve(provider, wanted)
    except NoSolution as error:
        raise NothingFits(
            "no set of versions satisfies what was asked",
            why=explain(
                error.proof, error.universes, provider.describe, provider.absence
            ),
            fix=provider.advice(),
        ) from error
    extras: dict[str, list[ExtraName]] = {}
    required_by: dict[NormalizedName, set[str]] = {}
    for package, needs in solution.dependencies.items():
        parent, _ = _split(package)
        for each in needs:
            name, extra = _split(each.package)
            if name != parent:
                required_by.setdefault(_name(name), set()).add(parent)
            if extra and _extra(extra) not in extras.setdefault(name, []):
                extras[name].append(_extra(extra))
    pins = [
        provider.pin(name, index, tuple(sorted(extras.get(name, ()))))
        for name, index in solution.versions.items()
        if "[" not in name
    ]
    pins.sort(key=lambda pin: pin.name)
    by = {name: tuple(sorted(each)) for name, each in required_by.items()}
    return Resolution(tuple(pins), by)
