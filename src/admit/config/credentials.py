"""From settings to a search for credentials: which places there are, and how asked.

For: one list of all places of rule R3 (docs/auth.md), as the settings want them.
Does not know: what the places do; the network.
Shape: `Settings` and sources -> `Gathering`.
"""

from __future__ import annotations

from admit.auth.sources import Search, SearchOptions
from admit.auth.sources.memory_file import MemoryFile
from admit.auth.sources.search import SearchExtras
from admit.auth.sources.store import own_store, uv_store
from admit.auth.sources.words import Words
from admit.config.folders import credentials_dir, state_dir
from admit.config.named import Bound
from admit.errors import UsageError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from admit.auth.query import Found, Problem, Query
    from admit.auth.scheme import Headers
    from admit.auth.scope import Source
    from admit.auth.sources.given import Gift
    from admit.auth.sources.headers import HeaderValues
    from admit.auth.sources.helper import Helpers
    from admit.auth.sources.place import Answer, Place, Question
    from admit.auth.sources.prompt import AskPerson
    from admit.auth.sources.providers import Providers
    from admit.auth.sources.store import Store
    from admit.config.settings import Settings

USUAL_TIMEOUT = 30.0


@value
class Gathering:
    """Where credentials come from in this run, and what earlier ones remember."""

    search: Callable[[Query], Found]
    memory: MemoryFile


def _all_is_told(_: str) -> int:
    return 0


@value
class Surroundings:
    """What a run has besides its settings."""

    ask: AskPerson | None = None
    """Asks a person; None where there is none."""
    scrub: Callable[[str], str] = str
    """Cleans what helpers write to the terminal."""
    unfinished: Callable[[str], int] = _all_is_told
    """How many characters at a text's end may be the beginning of a secret."""


_NOBODY = Surroundings()


def open_store(settings: Settings, told: list[str] | None = None) -> Store:
    """Return the store of this user."""
    return own_store(credentials_dir(settings), settings.home, told)


def open_memory(settings: Settings) -> MemoryFile:
    """Return what earlier runs have learned of sources."""
    return MemoryFile(state_dir(settings))


def open_gathering(
    settings: Settings, sources: Sequence[Source], around: Surroundings = _NOBODY
) -> Gathering:
    """Return the search for credentials.

    Args:
        settings: what is switched on and off.
        sources: the configured ones; secrets may be given for them by name.
        around: who can be asked, and how words are cleaned.

    Raises:
        UsageError: a secret is given for no source, or a limit makes no sense.
    """
    told: list[str] = []
    seconds = timeout_of(settings)
    show = Words(around.scrub, around.unfinished).show
    own, others = (
        open_store(settings, told),
        uv_store(settings.environ, settings.home, told),
    )
    places = [own.place(), others.place(), _keyring_place(settings, told, show)]
    gifts = gifts_of(settings, sources)
    if gifts:
        from admit.auth.sources.given import Gifts

        places.append(Gifts(gifts, settings.environ, settings.cwd).place())
    places += _late_places(settings, seconds, told, show)
    places.append(_prompt_place(settings, around.ask))
    memory = open_memory(settings)
    search = Search(
        *(settings.environ, settings.home),
        SearchOptions(
            use_netrc=not settings.flag("no_netrc"),
            plain_http_hosts=settings.items("allow_insecure_host"),
            origins=tuple(each.url.origin for each in sources),
        ),
        places,
        SearchExtras(_headers(settings, seconds, show), memory, told),
    )
    names = frozenset(gift.name for gift in gifts if gift.name is not None)
    return Gathering(Bound(search, settings, memory, names), memory)


def gifts_of(settings: Settings, sources: Sequence[Source]) -> list[Gift]:
    """Return the secrets that were announced on the command line.

    Raises:
        UsageError: one is for no source.
    """
    line = settings.text("password_stdin")
    files, descriptors = (
        settings.items("credential_file"),
        settings.items("credential_fd"),
    )
    if line is None and not files and not descriptors:
        return []
    from admit.auth.sources.given import check_gifts, parse_gift

    gifts = [parse_gift("--password-stdin", line)] if line is not None else []
    gifts += [parse_gift("--credential-file", each) for each in files]
    gifts += [parse_gift("--credential-fd", each) for each in descriptors]
    check_gifts(gifts, sources)
    return gifts


def timeout_of(settings: Settings) -> float:
    """Seconds that a place outside this program may take.

    Raises:
        UsageError: none at all.
    """
    seconds = settings.number("credential_timeout", USUAL_TIMEOUT)
    if not 0 < seconds < 86400:
        raise UsageError(
            f"{settings.origin_of('credential_timeout')}: {seconds:g} is no number of "
            "seconds to wait for a credential"
        )
    return seconds


def _keyring_place(
    settings: Settings, told: list[str], show: Callable[[bytes], None]
) -> Place:
    from admit.auth.sources.place import Missing, Place

    mode = settings.text("keyring")
    if mode not in ("import", "subprocess"):
        return Place(6, "keyring", lambda _: Missing("off (--keyring)"))
    from admit.auth.sources.keyring import (
        ImportedKeyring,
        KeyringCommand,
        keyring_place,
    )

    seconds = timeout_of(settings)
    if mode == "import":
        return keyring_place(ImportedKeyring(seconds), told)
    command = settings.text("keyring_command") or "keyring"
    if "/" in command:
        command = settings.path(command)
    return keyring_place(KeyringCommand(command, settings.environ, seconds, show), told)


def _late_places(
    settings: Settings,
    seconds: float,
    told: list[str],
    show: Callable[[bytes], None],
) -> list[Place]:
    """Helpers and providers: loaded when a source asks."""
    from admit.auth.sources.place import Missing, Place

    environ = settings.environ

    def ask_helper(question: Question) -> Answer:
        if not question.query.source.helper:
            return Missing("")
        from admit.auth.sources.helper import Helpers

        if not helpers:
            helpers.append(Helpers(environ, seconds, told, show))
        return helpers[0].ask(question)

    def ask_provider(question: Question) -> Answer:
        from admit.auth.sources.providers import Providers

        if not providers:
            providers.append(Providers(seconds, told))
        return providers[0].ask(question)

    helpers: list[Helpers] = []
    providers: list[Providers] = []
    places = [Place(7, "helper", ask_helper, is_explicit=True)]
    if settings.flag("no_credential_providers"):
        off = Missing("off (--no-credential-providers)")
        return [*places, Place(7, "providers", lambda _: off)]
    return [*places, Place(7, "providers", ask_provider)]


def _prompt_place(settings: Settings, ask: AskPerson | None) -> Place:
    from admit.auth.sources.prompt import Prompt

    if settings.flag("no_input"):
        return Prompt(None, "off (--no-input)").place()
    if settings.environ.get("CI"):
        return Prompt(None, "off (CI is set)").place()
    return Prompt(ask, "off (no terminal)").place()


def _headers(
    settings: Settings, seconds: float, show: Callable[[bytes], None]
) -> Callable[[Source, bool], Headers | Problem]:
    def find(source: Source, is_refused: bool) -> Headers | Problem:
        from admit.auth.sources.headers import HeaderValues

        if not known:
            known.append(HeaderValues(settings.environ, seconds, show))
        return known[0](source, is_refused)

    known: list[HeaderValues] = []
    return find
