"""What a run holds open: the cache, the connections, what earlier runs remember.

For: opening each of them when it is first asked for, once, and closing all. Whoever
sends, keeps or looks something up in a run is handed this one object, a resolution
inside another one too.
Does not know: requirements, interpreters, environments.
Shape: `Resources(settings, listener)`; `client`, `cache` and `indexes()` of it.
"""

from __future__ import annotations

from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.query import Found, Query
    from admit.auth.scope import Source
    from admit.auth.scrub import Scrubber
    from admit.auth.sources.memory_file import MemoryFile
    from admit.cache.store import Cache
    from admit.config.settings import IndexSettings, Settings
    from admit.env.interpreter import Interpreter
    from admit.index.fetch import Index
    from admit.net.client import Client, RequestLine
    from admit.resolve.sources import Sources
    from admit.session import Listener
    from admit.source.git import GitStore
    from admit.spec.tags import Target
    from admit.spec.url import Url


class Resources:
    """The cache and the connections of one run."""

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        find_target: Callable[[], tuple[Target, Interpreter]],
    ) -> None:
        """`find_target`: finds what is resolved for, and what builds run in."""
        self.settings = settings
        self.listener = listener
        self._find_target = find_target
        self._target: tuple[Target, Interpreter] | None = None
        self._sources: Sources | None = None
        self._git: GitStore | None = None
        self._cache: Cache | None = None
        self._client: Client | None = None
        self._memory: MemoryFile | None = None
        self._scrubber: Scrubber | None = None

    def adopt(self, settings: Settings) -> None:
        """Go on under other settings; connections are opened anew, the cache stays."""
        self._drop_client()
        if self._sources is not None:
            self._sources.close()
        self._sources = self._git = None
        self.settings = settings
        if self._scrubber is not None:
            from admit.config.network import secrets_of

            for secret in secrets_of(settings):
                self._scrubber.register(secret)

    def close(self) -> None:
        """Drop connections and temporary files."""
        if self._sources is not None:
            self._sources.close()
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
        """Mask every secret of this run in a text."""
        return self._scrubber.scrub(text) if self._scrubber is not None else text

    def unfinished(self, text: str) -> int:
        """Return how many characters at a text's end may be a secret's beginning."""
        return self._scrubber.unfinished(text) if self._scrubber is not None else 0

    @property
    def cache(self) -> Cache:
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
        if self._client is None:
            from admit.auth.sources import check_variables
            from admit.config.credentials import Surroundings, open_gathering

            settings = self.settings
            sources = tuple(each.source for each in self.indexes())
            strays = check_variables(settings.environ, sources)
            rules = settings.items("authenticate")
            if rules:
                from admit.config.authenticate import check_names

                origin = settings.origin_of("authenticate")
                strays += check_names(rules, origin, sources)
            for text in strays:
                self.listener.warning(text)
            asker = self.listener.asker()
            around = Surroundings(asker, self.scrub, self.unfinished)
            gathering = open_gathering(settings, sources, around)
            self._memory = gathering.memory
            self._client = self.client_of(gathering.search)
        return self._client

    @property
    def sources(self) -> Sources:
        """What builds; opened when something has to be built."""
        if self._sources is None:
            from admit.session.building import open_sources

            self._sources = open_sources(self)
        return self._sources

    @property
    def interpreter(self) -> Interpreter:
        """The one that builds run in."""
        return self._found_target()[1]

    @property
    def target(self) -> Target:
        """What is resolved for, and what markers speak of."""
        return self._found_target()[0]

    def _found_target(self) -> tuple[Target, Interpreter]:
        if self._target is None:
            self._target = self._find_target()
        return self._target

    @property
    def git(self) -> GitStore:
        """What asks git; opened when a repository is named."""
        if self._git is None:
            from admit.session.building import open_git

            self._git = open_git(self)
        return self._git

    @property
    def scrubber(self) -> Scrubber:
        """What knows every secret of this run."""
        if self._scrubber is None:
            from admit.auth.scrub import Scrubber
            from admit.config.network import secrets_of

            self._scrubber = Scrubber()
            for secret in secrets_of(self.settings):
                self._scrubber.register(secret)
        return self._scrubber

    def client_of(self, search: Callable[[Query], Found]) -> Client:
        """Open a client that takes its credentials from this search and no other."""
        from admit.config.network import retries_of, transport_options
        from admit.net.client import Client, ClientOptions
        from admit.net.transport import LateTransport

        settings = self.settings
        sources = (each.source for each in self.indexes())
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
            scrubber=self.scrubber,
        )

    def stranger(self) -> Client:
        """Open a client with nothing to show: no credential, no certificate, no memory.

        It shares neither ledger nor connections with the real one, and stores nothing.
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

    def indexes(self) -> tuple[IndexSettings, ...]:
        """The indexes of this run in order, the built-in default included."""
        from admit.config.default_index import complete_indexes

        settings = self.settings
        return complete_indexes(settings.indexes, has_default=settings.has_default)

    def source_for(self, url: Url) -> Source:
        """Return the source that a URL serves: a configured one, or itself.

        What no table describes has the policy that `authenticate` gives it.
        """
        from admit.auth.scope import parse_authenticate, policy_of, source_of

        source = source_of(url, [each.source for each in self.indexes()])
        if source.kind != "direct":
            return source
        rules = [
            parse_authenticate(each) for each in self.settings.items("authenticate")
        ]
        return replace(source, policy=policy_of(source, rules))

    def index_for(self, url: Url, target: Target) -> Index:
        """Return what fetches the file that a URL leads to, with its source's login."""
        from admit.index.fetch import Index

        return Index(
            *(self.source_for(url), self.client, self.cache),
            *(target, self.listener),
            is_given=lambda _: True,
        )

    def fetch_requirements(self, url: Url) -> bytes:
        """Fetch a file of requirements, with the login of the source it belongs to."""
        from admit.auth.scope import Provenance
        from admit.net.client import Request

        source = self.source_for(url)
        if source.kind == "direct":
            source = replace(source, kind="requirements")
        request = Request(url.without_fragment(), Provenance(source, "requirements"))
        return self.client.get(request).result().body


class _Unwarned:
    """Tells of requests, and nothing that would be a warning if it were the run's."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def request_line(self, line: RequestLine) -> None:
        self._listener.request_line(line)

    def warning(self, text: str) -> None:
        pass


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
