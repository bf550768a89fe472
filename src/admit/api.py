"""The Python API: what the command line calls, and programs may.

For: from settings to an environment: open a `Session`, find the environment, resolve,
plan, apply. Typed, synchronous, one thread a session; no globals, no prints, no
`sys.exit`. What happens on the way is told to a `Listener`. Provisional until 1.0.
Does not know: terminals, arguments.

    with Session(load_settings()) as session:
        environment = session.environment()
        wanted = session.collect(["flask"])
        change = session.plan(environment, session.resolve(wanted, environment))
        session.apply(change, environment)
"""

from __future__ import annotations

import os
import sys

from admit.config.settings import IndexSettings, Settings, load_settings
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol, Self

    from admit.auth.query import Found, Query
    from admit.auth.scope import Source
    from admit.auth.scrub import Scrubber
    from admit.auth.sources.memory_file import MemoryFile
    from admit.auth.sources.prompt import AskPerson
    from admit.cache.store import Cache
    from admit.config.choice import Preferences
    from admit.config.project import Extras
    from admit.config.requirements import Wanted
    from admit.env.interpreter import Interpreter
    from admit.env.satisfied import Known
    from admit.index.simple import File
    from admit.install.apply import Applied
    from admit.install.download import Saved
    from admit.install.listing import UnpackedWheel
    from admit.install.place import LinkMode
    from admit.install.plan import InstallPlan
    from admit.install.prepare import Prepared
    from admit.net.client import Client, RequestLine
    from admit.resolve.finder import Direct, Finder, Place
    from admit.resolve.policy import Asked, Policy
    from admit.resolve.provider import Pin, Resolution
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target
    from admit.spec.url import Url
else:
    Protocol = object

__all__ = [
    "Change",
    "Environment",
    "Listener",
    "Session",
    "Settings",
    "load_settings",
]


class Listener(Protocol):
    """Who is told what happens; every method may do nothing."""

    def request_line(self, line: RequestLine) -> None:
        """One request was answered."""

    def warning(self, text: str) -> None:
        """Something the user should know."""

    def resolving(self, decided: int, known: int) -> None:
        """The resolution went on."""

    def transferring(self, filename: str, received: int, size: int) -> None:
        """Bytes of a file arrived; `size` is 0 if unknown."""

    def transferred(self, filename: str) -> None:
        """A file has arrived."""

    def waiting(self) -> None:
        """Another process holds the environment."""

    def detail(self, text: str) -> None:
        """Something that hardly anybody needs to know."""

    def asker(self) -> AskPerson | None:
        """Return what asks a person for a login; None if there is nobody."""


class Silence:
    """A listener that does nothing."""

    def request_line(self, line: RequestLine) -> None:
        pass

    def warning(self, text: str) -> None:
        pass

    def resolving(self, decided: int, known: int) -> None:
        pass

    def transferring(self, filename: str, received: int, size: int) -> None:
        pass

    def transferred(self, filename: str) -> None:
        pass

    def waiting(self) -> None:
        pass

    def detail(self, text: str) -> None:
        pass

    def asker(self) -> AskPerson | None:
        return None


class _Unwarned:
    """Tells of requests, and nothing that would be a warning if it were the run's."""

    def __init__(self, listener: Listener) -> None:
        self.request_line = listener.request_line

    def warning(self, text: str) -> None:
        pass


_ALWAYS_CHANGE = ("upgrade", "upgrade_package", "reinstall", "require_hashes")
"""Settings under which what is installed is not enough."""


@value
class Environment:
    """An interpreter and what is installed for it."""

    interpreter: Interpreter
    installed: dict[NormalizedName, Known]
    problems: tuple[str, ...]


@value
class Change:
    """What would be done to an environment, before any of it is."""

    incoming: tuple[Pin, ...]
    """To be installed, by name."""
    outgoing: tuple[Known, ...]
    """To be removed, by name; those that are replaced among them."""
    kept: int
    """Distributions of the resolution that stay as they are."""

    @property
    def is_empty(self) -> bool:
        return not (self.incoming or self.outgoing)


class Session:
    """One run: its settings, cache and connections. Use as a context manager."""

    def __init__(self, settings: Settings, listener: Listener | None = None) -> None:
        self.settings = settings
        self.listener: Listener = listener if listener is not None else Silence()
        self._cache: Cache | None = None
        self._client: Client | None = None
        self._memory: MemoryFile | None = None
        self._scrubber: Scrubber | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop connections and temporary files."""
        self._drop_client()
        if self._cache is not None:
            self._cache.close()

    def _drop_client(self) -> None:
        """Close the connections; keep what the sources have accepted (rule R9)."""
        client, memory = self._client, self._memory
        self._client = None
        if client is None:
            return
        if memory is not None and not self.settings.flag("dry_run"):
            trouble = _remember(client, memory, self.settings)
            if trouble is not None:
                self.listener.detail(trouble)
        client.close()

    def scrub(self, text: str) -> str:
        """Mask every secret of this session in a text."""
        return self._scrubber.scrub(text) if self._scrubber is not None else text

    # Environments

    def environment(self) -> Environment:
        """Find the environment that is meant and look at what is installed.

        Raises:
            EnvironmentProblem: none is meant, or it does not work.
        """
        from admit.env.installed import scan
        from admit.env.satisfied import index_installed
        from admit.install.pending import has_journal

        settings = self.settings
        interpreter = self._find_interpreter()
        for folder in interpreter.site_folders:
            if has_journal(folder):
                self._recover(folder)
        if settings.flag("no_cache"):
            self.cache.settle_in(interpreter.prefix)
        installed = scan(interpreter.site_folders)
        problems = tuple(f"{each.path}: {each.reason}" for each in installed.problems)
        return Environment(interpreter, index_installed(installed), problems)

    def _find_interpreter(self) -> Interpreter:
        """The interpreter of the environment, or one that installs elsewhere."""
        from admit.env.discover import find_environment

        settings = self.settings
        target, prefix = settings.text("target"), settings.text("prefix")
        if target is None and prefix is None:
            return find_environment(
                settings.text("python"), settings.environ, settings.cwd, self.probe
            )
        from admit.env.elsewhere import install_below, install_into
        from admit.errors import UsageError

        if target is not None and prefix is not None:
            raise UsageError(
                f"{settings.origin_of('target')} and {settings.origin_of('prefix')} "
                "name two places"
            )
        interpreter = self._any_interpreter()
        if target is not None:
            return install_into(interpreter, settings.path(target))
        return install_below(interpreter, settings.path(prefix or ""))

    def _any_interpreter(self) -> Interpreter:
        """That of `--python` or the environment, else the one that runs this."""
        from admit.env.discover import NoEnvironment, find_environment

        settings = self.settings
        python = settings.text("python")
        try:
            return find_environment(python, settings.environ, settings.cwd, self.probe)
        except NoEnvironment:
            if python is not None:
                raise
            base = getattr(sys, "_base_executable", None) or sys.executable
            return self.probe(base)

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

    def _recover(self, folder: str) -> None:
        from admit.install.journal import recover_if_idle

        recover_if_idle(folder)

    # Requirements

    def collect(
        self,
        packages: Sequence[str] = (),
        files: Sequence[str] = (),
        constraints: Sequence[str] = (),
        overrides: Sequence[str] = (),
    ) -> Wanted:
        """Read requirements and the files of requirements.

        Options found in files become settings of this session.

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
            self._drop_client()  # the options may concern the network
        return wanted

    def _fetch_requirements(self, url: Url) -> bytes:
        """Fetch a file of requirements, with the login of the source it belongs to."""
        from admit.auth.scope import Provenance
        from admit.net.client import Request

        source = self.source_for(url)
        if source.kind == "direct":
            source = replace(source, kind="requirements")
        request = Request(url.without_fragment(), Provenance(source, "requirements"))
        return self.client.get(request).result().body

    def source_for(self, url: Url) -> Source:
        """Return the source that a URL serves: a configured one, or itself.

        What no table describes has the policy that `authenticate` gives it.
        """
        from admit.auth.scope import parse_authenticate, policy_of, source_of

        source = source_of(url, [each.source for each in self.index_settings()])
        if source.kind != "direct":
            return source
        rules = [
            parse_authenticate(each) for each in self.settings.items("authenticate")
        ]
        return replace(source, policy=policy_of(source, rules))

    def _extras(self) -> Extras | None:
        """The extras that are asked of a pyproject.toml; None if none are."""
        names, is_all = self.settings.items("extra"), self.settings.flag("all_extras")
        if not names and not is_all:
            return None
        from admit.config.project import Extras
        from admit.spec.names import normalize_extra

        return Extras(tuple(normalize_extra(each) for each in names), is_all)

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
        return answer.count if isinstance(answer, Satisfied) else None

    def refuse_managed(self, environment: Environment) -> None:
        """Raise if the environment belongs to another package manager.

        Raises:
            ExternallyManaged: see PEP 668; `break_system_packages` insists.
            NotVirtual: `require_virtualenv` wants a virtual one.
        """
        from admit.env.discover import refuse_external_manager, refuse_system

        settings = self.settings
        is_elsewhere = any(map(settings.text, ("target", "prefix")))
        if settings.flag("require_virtualenv") and not is_elsewhere:
            origin = settings.origin_of("require_virtualenv")
            refuse_system(environment.interpreter, origin)
        if not (is_elsewhere or settings.flag("break_system_packages")):
            refuse_external_manager(environment.interpreter)

    # Network

    @property
    def cache(self) -> Cache:
        """The cache; opened when it is first asked for."""
        if self._cache is None:
            from admit.cache.store import Cache
            from admit.spec.names import normalize_name

            settings = self.settings
            root = None if settings.flag("no_cache") else settings.cache_dir
            names = map(normalize_name, settings.items("refresh_package"))
            self._cache = Cache(
                root,
                self.listener.warning,
                refresh=settings.flag("refresh"),
                refresh_only=frozenset(names),
                is_offline=settings.flag("offline"),
            )
        return self._cache

    @property
    def client(self) -> Client:
        """The client; opened when it is first asked for."""
        if self._client is None:
            from admit.auth.sources import check_variables
            from admit.config.credentials import Surroundings, open_gathering

            settings = self.settings
            sources = tuple(each.source for each in self.index_settings())
            for text in check_variables(settings.environ, sources):
                self.listener.warning(text)
            around = Surroundings(self.listener.asker(), self.scrub)
            gathering = open_gathering(settings, sources, around)
            self._memory = gathering.memory
            self._client = self.client_of(gathering.search)
        return self._client

    def client_of(self, search: Callable[[Query], Found]) -> Client:
        """Open a client that takes its credentials from this search and no other."""
        from admit.auth.scrub import Scrubber
        from admit.config.network import retries_of, secrets_of, transport_options
        from admit.net.client import Client, ClientOptions
        from admit.net.transport import LateTransport

        settings = self.settings
        sources = (each.source for each in self.index_settings())
        if self._scrubber is None:
            self._scrubber = Scrubber()
        for secret in secrets_of(settings):
            self._scrubber.register(secret)
        transport = transport_options(settings)
        return Client(
            LateTransport(transport),
            search,
            self.listener,
            options=ClientOptions(
                identity_key=self.cache.identity_key(),
                plain_http_hosts=settings.items("allow_insecure_host"),
                public=tuple(source for source in sources if source.is_public),
                retries=retries_of(settings),
                is_offline=settings.flag("offline"),
                tls=transport.tls,
            ),
            scrubber=self._scrubber,
        )

    def stranger(self) -> Client:
        """Open a client with nothing to show: no credential, no certificate, no memory.

        For comparing what an index shows to nobody (`admit auth check`). It shares
        neither ledger nor connections with the real one, and stores nothing. Ask
        with `auth.scope.as_nobody(source)`; close it after use.
        """
        from admit.auth.query import Found
        from admit.config.network import transport_options
        from admit.net.client import Client, ClientOptions
        from admit.net.transport import LateTransport

        usual = transport_options(self.settings)
        bare = replace(
            usual, client_cert=None, client_key=None, client_key_password=None
        )
        return Client(
            LateTransport(bare),
            lambda _: Found(),
            _Unwarned(self.listener),
            options=ClientOptions(retries=0, is_offline=self.settings.flag("offline")),
            scrubber=self.client.scrubber,
        )

    def index_settings(self) -> tuple[IndexSettings, ...]:
        """The indexes of this session in order, the built-in default included."""
        settings = self.settings
        from admit.config.default_index import complete_indexes

        return complete_indexes(settings.indexes, has_default=settings.has_default)

    def finder(self, target: Target, asked: Asked) -> Finder:
        """The finder of projects for a target, and for the files that are wanted."""
        from admit.config.choice import cutoff_of, strategy_of
        from admit.resolve.finder import Finder
        from admit.resolve.policy import Eligible

        given = {
            (each.algorithm, each.hex)
            for digests in (asked.hashes or {}).values()
            for each in digests
        }

        def is_given(file: File) -> bool:
            return not given.isdisjoint(file.hashes)

        indexes = [
            (each, self._place(each, target, is_given))
            for each in self.index_settings()
        ]
        direct: dict[str, Direct] = {}
        for each in (*asked.requirements, *asked.overrides):
            if each.url is not None:
                direct[each.name] = self._direct(each, each.url, target)
        return Finder(
            indexes,
            direct,
            self.listener.warning,
            strategy=strategy_of(self.settings),
            eligible=Eligible(cutoff_of(self.settings), asked.hashes),
        )

    def lookout(self) -> Finder:
        """A finder for the interpreter that is meant, for looking at projects."""
        from admit.resolve.policy import Asked

        target, _ = self.target()
        return self.finder(target, Asked(()))

    def _place(
        self,
        settings: IndexSettings,
        target: Target,
        is_given: Callable[[File], bool],
    ) -> Place:
        """What answers for one configured source."""
        source = settings.source
        if source.kind == "find-links":
            from admit.index.flat import FlatIndex

            is_owner = bool(settings.packages)
            must_stay = "names belong to it" if is_owner else settings.stay_reason("")
            return FlatIndex(
                *(source, self.client, self.cache, target, self.listener),
                must_stay=must_stay,
                is_given=is_given,
            )
        if source.url.scheme == "file":
            from admit.index.local import FolderIndex

            return FolderIndex(source, self.cache, target)
        from admit.index.fetch import Index

        return Index(
            *(source, self.client, self.cache, target, self.listener),
            stay_reason=settings.stay_reason,
            is_given=is_given,
        )

    def _direct(self, requirement: Requirement, url: Url, target: Target) -> Direct:
        """A project of which the user gave a file."""
        from admit.index.choose import list_file
        from admit.index.fetch import Index
        from admit.index.local import LocalFiles
        from admit.resolve.finder import Direct

        listing = list_file(url.without_userinfo(), requirement.name, target)
        if url.scheme == "file":
            return Direct(listing, LocalFiles(self.cache))
        source = self.source_for(url)
        index = Index(
            *(source, self.client, self.cache, target, self.listener),
            is_given=lambda _: True,
        )
        return Direct(listing, index)

    # From requirements to a change

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
        target = environment.interpreter.target
        from admit.config.choice import policy_of

        policy = policy_of(self.settings)
        if not with_dependencies:
            policy = replace(policy, with_dependencies=False)
        return self._resolve(wanted, target, policy, environment.installed)

    def compile(
        self, wanted: Wanted, target: Target, preferences: Preferences = ()
    ) -> Resolution:
        """Find versions that fit together for a target, whatever is installed.

        `preferences`: versions to keep where they fit.

        Raises:
            See `resolve`.
        """
        from admit.config.choice import policy_of

        policy = policy_of(self.settings, preferences)
        return self._resolve(wanted, target, policy, {})

    def _resolve(
        self,
        wanted: Wanted,
        target: Target,
        policy: Policy,
        installed: Mapping[NormalizedName, Known],
    ) -> Resolution:
        from admit.config.choice import asked_of, refuse_unhashed
        from admit.resolve.pins import warnings_of
        from admit.resolve.provider import Provider, resolve

        asked = asked_of(self.settings, wanted, target.environment)
        finder = self.finder(target, asked)
        resolution = resolve(
            Provider(finder, target, installed, policy, asked, self.listener.resolving)
        )
        if self.settings.flag("require_hashes"):
            refuse_unhashed(
                pin.name
                for pin in resolution.pins
                if pin.candidate is not None and not pin.is_hashed
            )
        for warning in warnings_of(resolution):
            self.listener.warning(warning)
        return resolution

    def target(self) -> tuple[Target, Interpreter]:
        """What to compile for, and the interpreter it is described by.

        That is the one of `--python` or of the environment, else the one that runs
        this; `--python-version` and `--python-platform` change it.

        Raises:
            EnvironmentProblem: what is named is none.
            UsageError: no such version or platform.
        """
        from admit.env.described import describe

        settings = self.settings
        interpreter = self._any_interpreter()
        version = settings.text("python_version")
        platform = settings.text("python_platform")
        return describe(interpreter, version, platform), interpreter

    def hashes(self, resolution: Resolution) -> dict[str, tuple[Digest, ...]]:
        """Return the digests of all files of every pin, by name."""
        asked = [
            (pin.name, pin.found.files.hashes(pin.candidate))
            for pin in resolution.pins
            if pin.found is not None and pin.candidate is not None
        ]
        return {name: answer.result() for name, answer in asked}

    def plan(self, environment: Environment, resolution: Resolution) -> Change:
        """Compare a resolution with what is installed."""
        incoming = []
        outgoing = []
        kept = 0
        for pin in resolution.pins:
            known = environment.installed.get(pin.name)
            if pin.candidate is None:
                kept += 1
                continue
            if known is not None and self._is_same(known, pin):
                kept += 1
                continue
            incoming.append(pin)
            if known is not None:
                outgoing.append(known)
        return Change(tuple(incoming), tuple(outgoing), kept)

    def check_exact(self, wanted: Wanted, environment: Environment) -> Change | None:
        """Return what to remove if all that is listed is there; None if it is not.

        Needs neither network nor resolution.
        """
        if self.check(wanted, environment, with_dependencies=False) is None:
            return None
        listed = self._listed(wanted, environment)
        return Change((), self._extraneous(listed, environment), len(listed))

    def plan_exact(
        self, wanted: Wanted, environment: Environment, resolution: Resolution
    ) -> Change:
        """Compare as `plan` does, and remove what is not listed."""
        change = self.plan(environment, resolution)
        listed = self._listed(wanted, environment)
        outgoing = (*change.outgoing, *self._extraneous(listed, environment))
        outgoing = tuple(sorted(outgoing, key=lambda known: known.name))
        return Change(change.incoming, outgoing, change.kept)

    def _listed(
        self, wanted: Wanted, environment: Environment
    ) -> frozenset[NormalizedName]:
        markers = environment.interpreter.environment
        return frozenset(
            each.name
            for each in wanted.requirements
            if each.marker is None or each.marker.evaluate(markers)
        )

    def _extraneous(
        self, listed: frozenset[NormalizedName], environment: Environment
    ) -> tuple[Known, ...]:
        from admit.env.extraneous import find_extraneous

        markers = environment.interpreter.environment
        return find_extraneous(environment.installed, listed, markers)

    def _is_same(self, known: Known, pin: Pin) -> bool:
        if self.settings.flag("reinstall") or known.version != pin.version:
            return False
        if pin.is_direct and pin.candidate is not None:
            return known.came_from(pin.candidate.url.without_fragment().text)
        return True

    def plan_removal(
        self, wanted: Wanted, environment: Environment
    ) -> tuple[Change, tuple[str, ...]]:
        """Return the change that removes projects, and names that are not there."""
        names = dict.fromkeys(each.name for each in wanted.requirements)
        known = environment.installed
        outgoing = tuple(known[name] for name in sorted(names) if name in known)
        unknown = tuple(name for name in names if name not in known)
        return Change((), outgoing, 0), unknown

    def count_downloads(self, change: Change) -> int:
        """How many files a change would have to fetch."""
        from admit.install.prepare import find_prepared

        return sum(
            pin.candidate is None or find_prepared(pin.candidate, self.cache) is None
            for pin in change.incoming
        )

    def prepare(self, change: Change) -> Prepared:
        """Fetch, verify and unpack every wheel that a change needs.

        Raises:
            IntegrityError: a file is not what was promised.
            AuthError, NetworkError: an index refused or failed.
        """
        from admit.install.prepare import prepare

        return prepare(
            change.incoming,
            self.cache,
            self.listener.transferring,
            self.listener.transferred,
        )

    def find_metadata(self, pin: Pin) -> str | None:
        """Return the path of the METADATA of a pin's wheel, if it was unpacked."""
        from admit.install.prepare import find_prepared

        if pin.candidate is None:
            return None
        wheel = find_prepared(pin.candidate, self.cache)
        if wheel is None:
            return None
        return wheel.metadata_path

    def save(self, resolution: Resolution, folder: str) -> tuple[Saved, ...]:
        """Put the wheels of a resolution into a folder, seen from the working one.

        Raises:
            IntegrityError: a file is not what was promised.
            AuthError, NetworkError: an index refused or failed.
        """
        from admit.install.download import save_wheels

        return save_wheels(
            resolution.pins,
            self.settings.path(folder),
            self.cache,
            self.listener.transferring,
            self.listener.transferred,
        )

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
        from admit.install.apply import apply

        prepared = prepared or self.prepare(change)
        plan = self._plan_files(change, environment, prepared.wheels, requested)
        for each in plan.collisions:
            self.listener.warning(
                f"{each.kept} and {each.dropped} both bring {each.destination}, and "
                f"not the same; that of {each.kept} stays"
            )
        for path in plan.outside:
            self.listener.warning(f"{path} lies outside of the environment and stays")
        applied = apply(
            plan,
            link_mode=self._link_mode(),
            on_wait=self.listener.waiting,
        )
        if self.settings.flag("compile_bytecode"):
            from admit.install.bytecode import compile_modules

            modules = [each.destination for each in plan.links]
            modules += [each.destination for each in plan.writes]
            problem = compile_modules(environment.interpreter.executable, modules)
            if problem is not None:
                self.listener.warning(problem)
        return applied

    def _plan_files(
        self,
        change: Change,
        environment: Environment,
        wheels: Mapping[str, UnpackedWheel],
        requested: frozenset[str],
    ) -> InstallPlan:
        from admit.env.installed import find_shared, read_owned_files
        from admit.install.plan import Incoming, plan_install

        incoming = [
            Incoming(wheels[pin.name], pin.name in requested, self._direct_url(pin))
            for pin in change.incoming
        ]
        leaving = {known.name for known in change.outgoing}
        owned = [read_owned_files(known.distribution) for known in change.outgoing]
        staying = [
            known.distribution
            for name, known in environment.installed.items()
            if name not in leaving
        ]
        shared = find_shared(owned, staying) if owned else frozenset()
        scheme = environment.interpreter.scheme
        launchers = None
        if scheme.is_windows and incoming:
            from admit.install.launchers import read_launchers

            machine = environment.interpreter.environment["platform_machine"]
            launchers = read_launchers(machine)
        return plan_install(incoming, owned, scheme, launchers=launchers, shared=shared)

    def _direct_url(self, pin: Pin) -> str | None:
        from admit.install.prepare import format_direct_url

        if not pin.is_direct or pin.candidate is None:
            return None
        url = pin.candidate.url.without_userinfo().without_fragment().text
        return format_direct_url(url, dict(pin.candidate.file.hashes).get("sha256"))

    def _link_mode(self) -> LinkMode:
        mode = self.settings.text("link_mode")
        for known in ("clone", "copy", "hardlink", "symlink"):
            if mode == known:
                return known
        # What was unpacked for this run only need not stay where it is.
        return "auto" if self.cache.root is not None else "move"


def _remember(client: Client, memory: MemoryFile, settings: Settings) -> str | None:
    """Write down which sources have accepted a credential; return what went wrong.

    A project's file, which may be a stranger's, makes no run after this one forget.
    """
    from admit.config.project_file import is_said_by_project

    accepted = []
    settled = []
    passing = {
        each.source.key
        for each in settings.indexes
        if is_said_by_project(each.policy_origin, settings)
    }
    for source in client.sources():
        if source.kind == "direct" or source.is_public:
            continue
        credential = client.remarkable(source)
        if credential is not None:
            accepted.append((source, credential))
        elif source.policy in ("never", "external") and source.key not in passing:
            settled.append(source)
    return memory.update(accepted, settled) if accepted or settled else None
