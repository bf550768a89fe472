"""The Python API: what the command line calls, and programs may.

For: from settings to an environment: open a `Session`, find the environment, resolve,
plan, apply. Typed, synchronous, one thread a session; no globals, no prints, no
`sys.exit`. What happens on the way is told to a `Listener`. Provisional until 1.0.
Does not know: terminals, arguments. What needs neither network nor resolution stands
here; everything else is in the rooms of `admit.session`, imported when it is used.

    with Session(load_settings()) as session:
        environment = session.environment()
        wanted = session.collect(["flask"])
        change = session.plan(environment, session.resolve(wanted, environment))
        session.apply(change, environment)
"""

from __future__ import annotations

import os

from admit.config.settings import IndexSettings, Settings, load_settings
from admit.env.satisfied import Environment, read_environment
from admit.session import Change, Listener, Silence
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from admit.auth.query import Found, Query
    from admit.auth.scope import Source
    from admit.cache.store import Cache
    from admit.config.choice import Preferences
    from admit.config.project import Extras
    from admit.config.requirements import Wanted
    from admit.env.interpreter import Interpreter
    from admit.index.listing import Candidate
    from admit.install.apply import Applied
    from admit.install.download import Saved
    from admit.install.prepare import Prepared
    from admit.net.client import Client
    from admit.resolve.finder import Finder
    from admit.resolve.pins import Pin, Resolution
    from admit.session.resources import Resources
    from admit.spec.metadata import Metadata
    from admit.spec.record import Digest
    from admit.spec.tags import Target
    from admit.spec.url import Url

__all__ = [
    "Change",
    "Environment",
    "Listener",
    "Session",
    "Settings",
    "load_settings",
]

_ALWAYS_CHANGE = ("upgrade", "upgrade_package", "reinstall", "require_hashes")
"""Settings under which what is installed is not enough."""


class Session:
    """One run: its settings, cache and connections. Use as a context manager."""

    def __init__(self, settings: Settings, listener: Listener | None = None) -> None:
        self.settings = settings
        self.listener: Listener = listener if listener is not None else Silence()
        self._resources: Resources | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop connections and temporary files."""
        if self._resources is not None:
            self._resources.close()

    @property
    def resources(self) -> Resources:
        """What this session holds open; opened when it is first asked for."""
        if self._resources is None:
            from admit.session.resources import Resources

            self._resources = Resources(self.settings, self.listener, self.target)
        return self._resources

    def scrub(self, text: str) -> str:
        """Mask every secret of this session in a text."""
        return self._resources.scrub(text) if self._resources is not None else text

    # Environments

    def environment(self) -> Environment:
        """Find the environment that is meant and look at what is installed.

        Raises:
            EnvironmentProblem: none is meant, or it does not work.
        """
        from admit.install.pending import has_journal

        interpreter = self._find_interpreter()
        for folder in interpreter.site_folders:
            if has_journal(folder):
                from admit.install.journal import recover_if_idle

                recover_if_idle(folder)
        if self.settings.flag("no_cache"):
            self.cache.settle_in(interpreter.prefix)
        return read_environment(interpreter)

    def _find_interpreter(self) -> Interpreter:
        """The interpreter of the environment, or one that installs elsewhere."""
        settings = self.settings
        if settings.text("target") is None and settings.text("prefix") is None:
            from admit.session.interpreters import find_named

            return find_named(settings, self.probe)
        from admit.session.interpreters import find_elsewhere

        return find_elsewhere(settings, self.probe)

    def probe(self, executable: str) -> Interpreter:
        """Ask an interpreter what it is, remembering the answer in the cache."""
        from admit.env.interpreter import cache_name, probe

        cache_file = None
        if not self.settings.flag("no_cache"):
            folder = os.path.join(self.settings.cache_dir, "interpreters")
            try:
                os.makedirs(folder, 0o700, exist_ok=True)
                cache_file = os.path.join(folder, cache_name(executable))
            except OSError:
                cache_file = None
        return probe(executable, cache_file)

    def target(self) -> tuple[Target, Interpreter]:
        """What to compile for, and the interpreter it is described by.

        That is the one of `--python` or of the environment, else the one that runs
        this; `--python-version` and `--python-platform` change it.

        Raises:
            EnvironmentProblem: what is named is none.
            UsageError: no such version or platform.
        """
        from admit.session.interpreters import find_target

        return find_target(self.settings, self.probe)

    # Requirements

    def collect(
        self,
        packages: Sequence[str] = (),
        files: Sequence[str] = (),
        constraints: Sequence[str] = (),
        overrides: Sequence[str] = (),
        editables: Sequence[str] = (),
    ) -> Wanted:
        """Read requirements and the files of requirements.

        Options found in files become settings of this session. `editables`: folders to
        be installed so that what is edited in them counts at once. Where only a source
        tells which project it is, it is fetched, and may have to be built.

        Raises:
            InputError: one cannot be understood.
            CannotReadRequirements: a file cannot be read.
            AdmitError: a source cannot be had or built.
        """
        wanted = self.read(packages, files, constraints, overrides, editables)
        return self.name_sources(wanted)

    def read(
        self,
        packages: Sequence[str] = (),
        files: Sequence[str] = (),
        constraints: Sequence[str] = (),
        overrides: Sequence[str] = (),
        editables: Sequence[str] = (),
    ) -> Wanted:
        """Do what `collect` does, but leave in `Wanted.sources` what has no name yet.

        Raises:
            InputError: one cannot be understood.
            CannotReadRequirements: a file cannot be read.
        """
        from admit.config.requirements import collect_requirements

        settings = self.settings
        wanted = collect_requirements(
            packages,
            files,
            constraints=constraints,
            overrides=overrides,
            editables=editables,
            extras=self._extras(),
            environ=settings.environ,
            cwd=settings.cwd,
            fetch=self._fetch_requirements,
        )
        if wanted.options is not None:
            self.settings = load_settings(
                settings.given,
                environ=settings.environ,
                cwd=settings.cwd,
                requirements=wanted.options,
                command=settings.command,
            )
            if self._resources is not None:
                self._resources.adopt(self.settings)
        return wanted

    def name_sources(self, wanted: Wanted) -> Wanted:
        """Find out which projects the sources are; they are fetched, and may be built.

        Raises:
            AdmitError: one cannot be had or built.
        """
        if not wanted.sources:
            return wanted
        from admit.session.given import name_sources

        return name_sources(self.resources, wanted)

    def _fetch_requirements(self, url: Url) -> bytes:
        return self.resources.fetch_requirements(url)

    def _extras(self) -> Extras | None:
        """The extras and groups that are asked of a pyproject.toml, if any are."""
        names, is_all = self.settings.items("extra"), self.settings.flag("all_extras")
        groups = self.settings.items("group")
        if not (names or is_all or groups):
            return None
        from admit.config.project import Extras
        from admit.spec.names import normalize_extra

        return Extras(tuple(map(normalize_extra, names)), is_all, groups)

    def check(
        self,
        wanted: Wanted,
        environment: Environment,
        *,
        with_dependencies: bool = True,
    ) -> int | None:
        """Return how many distributions meet what is wanted; None if something fails.

        Needs neither network nor resolution, and answers None where the settings ask
        for a change whatever is installed.
        """
        from admit.env.satisfied import Satisfied, check

        settings = self.settings
        if wanted.overrides or any(map(settings.values.get, _ALWAYS_CHANGE)):
            return None
        answer = check(
            wanted.requirements,
            wanted.constraints,
            environment.installed,
            environment.interpreter.environment,
            with_dependencies=with_dependencies and not settings.flag("no_deps"),
        )
        if not isinstance(answer, Satisfied):
            return None
        for text in answer.lacking:
            self.listener.warning(text)
        return answer.count

    def refuse_managed(self, environment: Environment) -> None:
        """Raise if the environment belongs to another package manager.

        Raises:
            ExternallyManaged: see PEP 668; `break_system_packages` insists.
            NotVirtual: `require_virtualenv` wants a virtual one.
        """
        from admit.session.interpreters import refuse_managed

        refuse_managed(self.settings, environment.interpreter)

    # What is open: `session.resources`

    @property
    def cache(self) -> Cache:
        """The cache; opened when it is first asked for."""
        return self.resources.cache

    @property
    def client(self) -> Client:
        """The client; opened when it is first asked for."""
        return self.resources.client

    def client_of(self, search: Callable[[Query], Found]) -> Client:
        """Open a client that takes its credentials from this search and no other."""
        return self.resources.client_of(search)

    def stranger(self) -> Client:
        """Open a client with nothing to show: no credential, no certificate, no memory.

        For comparing what an index shows to nobody (`admit auth check`). Ask with
        `auth.scope.as_nobody(source)`; close it after use.
        """
        return self.resources.stranger()

    def index_settings(self) -> tuple[IndexSettings, ...]:
        """The indexes of this session in order, the built-in default included."""
        return self.resources.indexes()

    def source_for(self, url: Url) -> Source:
        """Return the source that a URL serves: a configured one, or itself."""
        return self.resources.source_for(url)

    def lookout(self) -> Finder:
        """A finder for the interpreter that is meant, for looking at projects."""
        from admit.config.choice import policy_of
        from admit.resolve.policy import Asked
        from admit.session.places import open_finder

        target, _ = self.target()
        policy = policy_of(self.settings)
        return open_finder(self.resources, target, Asked(()), policy)

    # From requirements to versions: `session.resolving`

    def resolve(
        self,
        wanted: Wanted,
        environment: Environment,
        *,
        with_dependencies: bool = True,
    ) -> Resolution:
        """Find versions that fit together, and into an environment.

        Raises:
            ResolutionError: there are none; says why.
            AuthError, NetworkError: an index refused or failed.
            IntegrityError: a file has not the hash that is given for it.
        """
        from admit.config.choice import policy_of
        from admit.session.resolving import resolve_wanted

        policy = replace(policy_of(self.settings), is_at_hand=self._is_at_hand)
        if not with_dependencies:
            policy = replace(policy, with_dependencies=False)
        target, installed = environment.interpreter.target, environment.installed
        return resolve_wanted(self.resources, wanted, target, policy, installed)

    def _is_at_hand(self, candidate: Candidate) -> bool:
        """Whether a wheel need not be fetched."""
        from admit.session.applying import find_wheel

        return find_wheel(self.resources, candidate) is not None

    def compile(
        self, wanted: Wanted, target: Target, preferences: Preferences = ()
    ) -> Resolution:
        """Find versions that fit together for a target, whatever is installed.

        `preferences`: versions to keep where they fit.

        Raises:
            See `resolve`.
        """
        from admit.config.choice import policy_of
        from admit.session.resolving import resolve_wanted

        policy = policy_of(self.settings, preferences)
        return resolve_wanted(self.resources, wanted, target, policy, {})

    def hashes(self, resolution: Resolution) -> dict[str, tuple[Digest, ...]]:
        """Return the digests of all files of every pin, by name."""
        from admit.session.resolving import find_hashes

        return find_hashes(resolution)

    # From versions to a change: `session.changes`

    def plan(self, environment: Environment, resolution: Resolution) -> Change:
        """Compare a resolution with what is installed."""
        from admit.session.changes import plan_change

        reinstall = self.settings.flag("reinstall")
        return plan_change(environment, resolution, reinstall=reinstall)

    def plan_exact(
        self, wanted: Wanted, environment: Environment, resolution: Resolution
    ) -> Change:
        """Compare as `plan` does, and remove what is not listed."""
        from admit.session.changes import remove_unlisted

        change = self.plan(environment, resolution)
        return remove_unlisted(wanted, environment, change)

    def check_exact(self, wanted: Wanted, environment: Environment) -> Change | None:
        """Return what to remove if all that is listed is there; None if it is not.

        Needs neither network nor resolution.
        """
        if self.check(wanted, environment, with_dependencies=False) is None:
            return None
        from admit.session.changes import remove_unlisted

        return remove_unlisted(wanted, environment)

    def plan_removal(
        self, wanted: Wanted, environment: Environment
    ) -> tuple[Change, tuple[str, ...]]:
        """Return the change that removes projects, and names that are not there."""
        from admit.session.changes import plan_removal

        return plan_removal(wanted, environment)

    # From a change to an environment: `session.applying`

    def count_downloads(self, change: Change) -> int:
        """How many wheels a change would have to fetch."""
        from admit.session.applying import count_downloads

        return count_downloads(change, self.resources)

    def count_builds(self, change: Change) -> int:
        """How many wheels a change would have to make."""
        from admit.session.applying import count_builds

        return count_builds(change, self.resources)

    def prepare(self, change: Change) -> Prepared:
        """Fetch, verify and unpack every wheel that a change needs.

        Raises:
            IntegrityError: a file is not what was promised.
            AuthError, NetworkError: an index refused or failed.
        """
        from admit.session.applying import prepare_change

        return prepare_change(self.resources, change)

    def find_metadata(self, pin: Pin) -> str | None:
        """Return the path of the METADATA of a pin's wheel, if it was unpacked."""
        from admit.session.applying import find_metadata

        return find_metadata(pin, self.resources)

    def describe_source(self, pin: Pin) -> Metadata | None:
        """Return what a wheel of a pin would say that has to be built; else None.

        Raises:
            AdmitError: it cannot be built.
        """
        from admit.session.applying import describe_source

        return describe_source(pin, self.resources)

    def save(self, resolution: Resolution, folder: str) -> tuple[Saved, ...]:
        """Put the wheels of a resolution into a folder, seen from the working one.

        Raises:
            See `prepare`.
        """
        from admit.session.applying import save_resolution

        folder = self.settings.path(folder)
        return save_resolution(self.resources, resolution, folder)

    def apply(
        self,
        change: Change,
        environment: Environment,
        prepared: Prepared | None = None,
        requested: frozenset[str] = frozenset(),
    ) -> Applied:
        """Make a change, wholly or not at all.

        `prepared`: from `prepare`, which is called if it is not given. `requested`:
        names that were asked for, not only needed.

        Raises:
            EnvironmentProblem: the environment refuses.
        """
        from admit.session.applying import apply_change, compile_files, link_mode_of

        prepared = prepared or self.prepare(change)
        plan, applied = apply_change(
            *(change, environment, prepared, self.listener),
            link_mode=link_mode_of(self.settings, self.cache),
            requested=requested,
        )
        if self.settings.flag("compile_bytecode"):
            compile_files(plan, environment, self.listener)
        return applied
