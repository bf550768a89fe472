"""Answers the solver out of indexes, direct files and the environment.

For: applying the policies of choosing (`resolve.policy`): what is installed or was
pinned first, yanked files, what this interpreter can run; and asking for pages and
metadata long before the solver wants them.
Does not know: how pages are fetched, how the search goes, how things are installed.
Shape: requirements in, `Resolution` out, by `resolve`. Answers depend on pages and
metadata only, never on the order in which these arrive.
"""

from __future__ import annotations

from admit.errors import EnvironmentProblem, ResolutionError
from admit.index.files import mismatch_of
from admit.index.refused import FileRefused
from admit.net.client import Offline
from admit.resolve.explain import explain, format_versions
from admit.resolve.pins import Pin, Resolution
from admit.resolve.policy import (
    OTHER_HASHES,
    is_only_capped,
    leave_prereleases,
    pick,
)
from admit.resolve.project import Project
from admit.resolve.question import Facet, NoSolution, Unavailable, Versions
from admit.resolve.refusals import Refusals
from admit.resolve.solver import solve
from admit.resolve.term import Dependency
from admit.spec.version import mask as mask_of
from admit.spec.version import parse_specifier, parse_version
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from admit.env.satisfied import Known
    from admit.index.choose import Candidate
    from admit.index.listing import Rejected
    from admit.net.future import Future
    from admit.resolve.finder import Finder, Found, Missing
    from admit.resolve.policy import Asked, Policy
    from admit.resolve.question import Solution
    from admit.resolve.sources import Sources
    from admit.resolve.term import Mask, Package
    from admit.spec.metadata import Metadata
    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target
    from admit.spec.url import Url
    from admit.spec.version import Specifier, Version


__all__ = ["NothingFits", "Pin", "Provider", "Resolution", "resolve"]

LOOK_AHEADS = (5, 10, 20, 40)
"""After so many versions tried of one project, as many more are read ahead."""
LOOK_AHEAD = 50
"""And then so many, every so often."""
LOOK_AHEAD_EVERY = 20


class NothingFits(ResolutionError):
    """No set of versions satisfies what was asked; `why` tells the proof."""

    code = "no-solution"


@value
class Constraint:
    """The versions a requirement admits, as typed; or the one a URL leads to."""

    specifier: Specifier
    url: str = ""

    def __str__(self) -> str:
        return f" @ {self.url}" if self.url else str(self.specifier)


class Provider:
    """One run's answers; used by one thread."""

    def __init__(
        self,
        finder: Finder,
        target: Target,
        installed: Mapping[NormalizedName, Known],
        policy: Policy,
        asked: Asked,
        on_progress: Callable[[int, int], None] | None = None,
        sources: Callable[[], Sources] | None = None,
    ) -> None:
        """`sources`: opens what builds; None where the policy lets nothing be built."""
        self._sources = sources or _build_nothing
        self._finder = finder
        self._target = target
        self._installed = installed
        self._policy = policy
        self._hashes = asked.hashes or {}
        self._overrides: dict[str, list[Requirement]] = {}
        for each in asked.overrides:
            self._overrides.setdefault(each.name, []).append(each)
        self.requirements = [
            instead
            for each in asked.requirements
            if self._is_in_force(each)
            for instead in self._overridden(each)
        ]
        """What the user asks for, as far as it holds for the target."""
        limits = [each for each in asked.constraints if self._is_in_force(each)]
        self._limits: dict[str, list[Specifier]] = {}
        for each in limits:
            self._limits.setdefault(each.name, []).append(each.specifier)
        self._pins: dict[str, list[Specifier]] = {}
        for each in (*self.requirements, *limits):
            if each.specifier.is_pin:
                self._pins.setdefault(each.name, []).append(each.specifier)
        self._named_prereleases = {
            each.name
            for each in (*self.requirements, *limits, *asked.overrides)
            if each.specifier.names_prerelease
        }
        self._lowest: frozenset[str] | None = frozenset()
        """Of which projects the lowest version is wanted; None: of all."""
        if policy.resolution == "lowest":
            self._lowest = None
        elif policy.resolution == "lowest-direct":
            self._lowest = frozenset(each.name for each in self.requirements)
        self._preferences = dict(policy.preferences)
        self._caps: dict[str, bool] = {}
        """By Requires-Python; see `is_only_capped`."""
        self._on_progress = on_progress
        self._pages: dict[str, Future[Found | Missing]] = {}
        self._metadata: dict[tuple[str, Version], Future[Metadata]] = {}
        self._projects: dict[str, Project] = {}
        self._guessed: set[str] = set()
        self._unseen: dict[str, str] = {}
        """Projects to be upgraded that no index shows, and what is said of them."""
        self._has_missed = False
        """A project, or a version of one, was looked for and not seen."""
        self.refusals = Refusals()

    def _is_in_force(self, requirement: Requirement) -> bool:
        marker = requirement.marker
        return marker is None or marker.evaluate(self._target.environment)

    def _overridden(self, requirement: Requirement) -> Iterable[Requirement]:
        """What counts in place of a requirement: itself, if nothing overrides it."""
        overrides = self._overrides.get(requirement.name)
        if overrides is None:
            yield requirement
            return
        for each in overrides:
            if self._is_in_force(each):
                extras = tuple(sorted({*each.extras, *requirement.extras}))
                yield replace(each, extras=extras)

    # What the solver asks

    def versions(self, package: Package) -> Versions | Facet | Unavailable:
        name, extra = _split(package)
        if extra:
            return Facet(name)
        answer = self._page(name).result()
        found = answer if answer.is_found else None
        project = Project(found, self._installed_of(name))
        self._projects[name] = project
        for pin in self._pins.get(name, ()):
            project.pinned |= mask_of(pin, project.versions)
        if not project.versions:
            self._has_missed = True
            return Unavailable(answer.reason)
        if found is None and self._policy.upgrades(_name(name)):
            self._unseen[name] = answer.reason
        self._check_hashes(name, project)
        preferred = self._preferences.get(_name(name))
        if preferred in project.versions and not self._policy.upgrades(name):
            project.preferred = 1 << project.versions.index(preferred)
        unusable = [(mask, reason) for reason, mask in project.withheld]
        for text, excluded in project.unsupported:
            if self._is_only_capped(text):
                project.capped |= excluded
            else:
                unusable.append((excluded, f"requires Python {text}"))
        for limit in self._limits.get(name, ()):
            excluded = (
                ~mask_of(limit, project.versions) & (1 << len(project.versions)) - 1
            )
            if limit.is_pin:
                project.pinned |= mask_of(limit, project.versions)
            if excluded:
                unusable.append((excluded, f"breaks the constraint {name}{limit}"))
        return Versions(len(project.versions), tuple(unusable))

    def _check_hashes(self, name: str, project: Project) -> None:
        """Raise if the files of all versions that the user asks for are others."""
        hashes = self._hashes.get(name)
        if hashes is None or project.found is None:
            return
        asked = (1 << len(project.versions)) - 1
        for each in self.requirements:
            if each.name == name:
                asked &= mask_of(each.specifier, project.versions)
        other = dict(project.withheld).get(OTHER_HASHES, 0)
        if asked and not asked & ~other:
            version = asked.bit_length() - 1
            if (candidate := project.candidate(version)) is not None:
                raise mismatch_of(candidate, hashes)

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
        if mask & project.preferred:
            return pick(mask & project.preferred)
        usable = mask & ~(project.yanked & ~project.pinned)
        if not usable:
            return Unavailable(f"{'was' if _is_single(mask) else 'were'} yanked")
        usable = self._leave_prereleases(name, usable, project.prereleases)
        if not usable:
            mode = self._policy.prereleases
            return Unavailable(
                f"can only be a pre-release, and --prerelease {mode} forbids that"
            )
        usable = usable & ~project.capped or usable
        version = pick(usable, project.tiers, is_lowest=self._wants_lowest(name))
        if version not in project.tried:
            project.tried.add(version)
            self._look_ahead(name, project, usable)
        return version

    def _leave_prereleases(self, name: str, mask: Mask, prereleases: Mask) -> Mask:
        is_named = name in self._named_prereleases
        mode = self._policy.prereleases
        return leave_prereleases(mask, prereleases, mode, is_named=is_named)

    def _is_only_capped(self, requires_python: str) -> bool:
        known = self._caps.get(requires_python)
        if known is None:
            python = self._target.python_version
            known = is_only_capped(requires_python, python)
            self._caps[requires_python] = known
        return known

    def _wants_lowest(self, name: str) -> bool:
        return self._lowest is None or name in self._lowest

    def _look_ahead(self, name: str, project: Project, usable: Mask) -> None:
        """Fetch metadata of many versions at once where one after the other fails."""
        tries = len(project.tried)
        is_late = tries > LOOK_AHEADS[-1] and not tries % LOOK_AHEAD_EVERY
        if project.found is None or not (tries in LOOK_AHEADS or is_late):
            return
        is_lowest = self._wants_lowest(name)
        for _ in range(min(tries, LOOK_AHEAD)):
            usable &= ~(1 << pick(usable, project.tiers, is_lowest=is_lowest))
            if not usable:
                return
            candidate = project.candidate(
                pick(usable, project.tiers, is_lowest=is_lowest)
            )
            if candidate is not None and not candidate.is_source:
                self._fetch_metadata(name, project.found, candidate)

    def dependencies(
        self, package: Package, version: int
    ) -> tuple[Dependency, ...] | Unavailable:
        name, extra = _split(package)
        with_dependencies = self._policy.with_dependencies
        if not with_dependencies and not self._must_prove(name, version):
            return ()
        try:
            if not with_dependencies:
                self._prove(name, version)
                return ()
            metadata = self._metadata_of(name, version)
        except Offline:
            return Unavailable("is not in the cache, and admit is offline")
        except FileRefused as error:
            self.refusals.note(name, version, error.refusal)
            return Unavailable(error.refusal.reason)
        if (needed := self._needed_python(name, version, metadata)) is not None:
            return Unavailable(f"requires Python {needed}")
        if extra and extra not in metadata.extras:
            self._finder.warn(
                f"{name}=={self._projects[name].versions[version]} has no extra "
                f"named {extra}"
            )
        return self._dependencies(metadata, extra)

    def _needed_python(self, name: str, version: int, metadata: Metadata) -> str | None:
        """Return what a file says itself of Python, if its page does not and it fails.

        Pages of plain folders and of old servers do not; nor does a source whose
        metadata its backend makes.
        """
        candidate, needed = self.candidate(name, version), metadata.requires_python
        if candidate is None or candidate.file.requires_python or needed is None:
            return None
        if needed.contains(self._target.python_version):
            return None
        return None if self._is_only_capped(needed.text) else needed.text

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
            if page.error is not None:
                return
            found = page.result()
            if not found.is_found:
                return
            likely = self._likely(name, found, specifier)
            if likely is None:
                return
            candidate = found.listing.candidate(likely)
            if candidate.is_source:
                # Nothing is built on a guess, but the archive may come.
                self._sources().expect(found.files, candidate)
                return
            with_dependencies = self._policy.with_dependencies
            if not with_dependencies and not self._may_be_refused(found, candidate):
                return
            metadata = self._fetch_metadata(name, found, candidate)
            if with_dependencies:
                metadata.when_done(lambda done: self._guess_further(done, extra))

        self._page(name).when_done(look)

    def _guess_further(self, done: Future[Metadata], extra: str) -> None:
        if done.error is not None:
            return
        found = self._dependencies(done.result(), extra)
        for each in found if isinstance(found, tuple) else ():
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
        for _, mask in (*listing.unsupported, *listing.withheld):
            usable &= ~mask
        preferred = self._preferences.get(_name(name))
        if preferred is not None and not self._policy.upgrades(name):
            kept = usable & mask_of(parse_specifier(f"=={preferred}"), listing.versions)
            if kept:
                return pick(kept)
        usable &= ~listing.yanked if name not in self._pins else usable
        usable = self._leave_prereleases(name, usable, listing.prereleases)
        if not usable:
            return None
        return pick(usable, found.tiers, is_lowest=self._wants_lowest(name))

    def _fetch_metadata(
        self, name: str, found: Found, candidate: Candidate
    ) -> Future[Metadata]:
        key = name, candidate.version
        future = self._metadata.get(key)
        if future is None:
            ask = found.files.metadata
            if self._may_be_refused(found, candidate):
                ask = found.files.prove
            future = self._metadata[key] = ask(candidate)
        return future

    def _may_be_refused(self, found: Found, candidate: Candidate) -> bool:
        is_at_hand = self._policy.is_at_hand
        return found.files.must_prove(candidate) and not (
            is_at_hand is not None and is_at_hand(candidate)
        )

    def _metadata_of(self, name: str, version: int) -> Metadata:
        project = self._projects[name]
        candidate = self.candidate(name, version)
        if candidate is None or project.found is None:
            return self._installed[_name(name)].metadata()
        if candidate.is_source:
            if self._may_be_refused(project.found, candidate):
                self._prove(name, version)
            return self._metadata_of_source(name, project.found, candidate)
        return self._fetch_metadata(name, project.found, candidate).result()

    def _metadata_of_source(
        self, name: str, found: Found, candidate: Candidate
    ) -> Metadata:
        sources, hashes = self._sources(), self._hashes.get(name)
        is_direct = name in self._finder.direct  # judged when it was opened
        if self._policy.must_be_hashed and hashes is None and not is_direct:
            from admit.config.choice import refuse_unhashed

            refuse_unhashed((name,))
        try:
            return sources.metadata(found.files, candidate, hashes)
        except EnvironmentProblem as error:
            if name not in self._pins:
                sources.advise(error, found)
            raise

    def _prove(self, name: str, version: int) -> None:
        """Find out whether a file that may be refused can be had."""
        found, candidate = self._projects[name].found, self.candidate(name, version)
        if found is None or candidate is None:
            return
        if candidate.is_source:
            self._sources().prove(found.files, candidate)
        else:
            self._fetch_metadata(name, found, candidate).result()

    def _must_prove(self, name: str, version: int) -> bool:
        """Whether metadata must be read though nobody asks for dependencies."""
        found, candidate = self._projects[name].found, self.candidate(name, version)
        if found is None or candidate is None:
            return False
        return self._may_be_refused(found, candidate)

    def candidate(self, name: str, version: int) -> Candidate | None:
        """The file a decision stands for; None: what is installed stays."""
        project = self._projects[name]
        if version == project.installed_at and self._keeps_installed(name):
            return None
        return project.candidate(version)

    def pin(self, name: str, version: int, extras: tuple[ExtraName, ...]) -> Pin:
        """Return what a decision means for the environment."""
        project = self._projects[name]
        direct = self._finder.direct.get(name)
        return Pin(
            _name(name),
            project.versions[version],
            self.candidate(name, version),
            project.found,
            direct is not None,
            extras,
            bool(project.yanked >> version & 1),
            bool(project.capped >> version & 1),
            self._hashes.get(name),
            origin=direct.origin if direct is not None else None,
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
        self._has_missed = True
        seen = project.found.listing.seen
        unusable = [
            each
            for each in project.found.listing.rejected
            if each.kind in ("tags", "python", "source")
        ]
        hidden = _admitted(unusable, dependency.constraint)
        usable = "usable " if hidden else ""
        missing = f"there is no {usable}{dependency} {seen}".rstrip()
        if hidden:
            missing += f" ({hidden.what}: {hidden.reason})"
        usable = "usable " if unusable else ""
        final = (1 << len(project.versions)) - 1 & ~project.prereleases
        newest = (final or (1 << len(project.versions)) - 1).bit_length() - 1
        return f"{missing}, whose newest {usable}version is {project.versions[newest]}"

    def warn_of_doubts(self, pins: Iterable[Pin]) -> None:
        """Warn where a stranger's package came, or nothing, for a doubtful answer."""
        names: list[str] = []
        stays: dict[str, list[str]] = {}
        for pin in pins:
            if pin.candidate is not None:
                names.append(pin.name)
            elif pin.name in self._unseen:
                stays.setdefault(self._unseen[pin.name], []).append(pin.name)
        for reason, kept in stays.items():
            said = "stay as installed: each" if kept[1:] else "stays as installed: it"
            self._finder.warn(f"{', '.join(kept)} {said} {reason}")
        for text in self._finder.suspicions(names):
            self._finder.warn(text)

    def doubts(self) -> tuple[str, ...]:
        """What cannot be told of the credentials that were used."""
        return self._finder.doubts()

    def advice(self) -> str | None:
        """What may help if visibility could be the cause."""
        return self._finder.advice() if self._has_missed else None

    # Policies

    def _installed_of(self, name: str) -> Known | None:
        if self._policy.ignore_installed or name in self._finder.direct:
            return None
        return self._installed.get(_name(name))

    def _keeps_installed(self, name: str) -> bool:
        return not self._policy.upgrades(name)

    def _dependencies(
        self, metadata: Metadata, extra: str
    ) -> tuple[Dependency, ...] | Unavailable:
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
            for instead in self._overridden(each):
                if instead.url is not None and not self._is_given(instead, instead.url):
                    return Unavailable(
                        f"asks for {instead.name} by a URL, which is followed only "
                        "where what you named yourself asks"
                    )
                for dependency in self.depend_on(instead):
                    found[dependency] = None
        return tuple(found)

    def _is_given(self, requirement: Requirement, url: Url) -> bool:
        """Whether a URL is where the project is taken from anyway."""
        direct = self._finder.direct.get(requirement.name)
        if direct is not None:
            return direct.is_at(url)
        installed = self._installed_of(requirement.name)
        return installed is not None and installed.came_from(url)

    def depend_on(self, requirement: Requirement) -> Iterable[Dependency]:
        """A requirement as the solver has it: the base, and a facet per extra."""
        url = requirement.url.text if requirement.url is not None else ""
        constraint = Constraint(requirement.specifier, url)
        is_exact = bool(url) or requirement.specifier.is_pin
        if not requirement.extras:
            yield Dependency(requirement.name, constraint, is_exact)
        for extra in requirement.extras:
            yield Dependency(f"{requirement.name}[{extra}]", constraint, is_exact)


def _build_nothing() -> Sources:
    raise RuntimeError("a source was chosen where nothing may be built")


def _admitted(releases: Sequence[Rejected], constraint: object) -> Rejected | None:
    """Return the newest of these releases that a constraint admits."""
    if isinstance(constraint, Constraint) and not constraint.url:
        for each in reversed(releases):
            if constraint.specifier.contains(parse_version(each.what)):
                return each
    return None


def _split(package: Package) -> tuple[str, str]:
    name, _, extra = package.partition("[")
    return name, extra.rstrip("]")


def _specifier_of(constraint: Hashable) -> Specifier:
    if not isinstance(constraint, Constraint):
        raise TypeError("constraints of this provider only")
    return constraint.specifier


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
            why="\n".join(
                (
                    explain(
                        error.proof,
                        error.universes,
                        provider.describe,
                        provider.absence,
                    ),
                    *provider.doubts(),
                )
            ),
            fix=provider.refusals.advice(error.proof) or provider.advice(),
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
    pins = _with_refusals(pins, provider, solution)
    pins.sort(key=lambda pin: pin.name)
    provider.warn_of_doubts(pins)
    by = {name: tuple(sorted(each)) for name, each in required_by.items()}
    return Resolution(tuple(pins), by)


def _with_refusals(
    pins: Sequence[Pin], provider: Provider, solution: Solution
) -> list[Pin]:
    """Add to pins the versions in whose place they stand."""
    refused = provider.refusals.projects()
    if not refused:
        return list(pins)
    admitted: dict[str, list[Mask]] = {name: [] for name in refused}
    for needs in solution.dependencies.values():
        for each in needs:
            name, _ = _split(each.package)
            if name in admitted:
                admitted[name].append(provider.mask(name, each.constraint))
    return [
        replace(pin, refused=provider.refusals.mattering(pin.name, admitted[pin.name]))
        if pin.name in admitted
        else pin
        for pin in pins
    ]
