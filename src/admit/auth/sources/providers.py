"""Credential providers: packages beside admit that know the credentials of hosts.

For: rule R3.7 of docs/auth.md; the protocol is docs/providers.md: an entry point of
the group `admit.credential_providers` with `hosts` and `get(url, username)`.
Does not know: any provider. Importing them waits until a source needs one; finding
them reads file names and small text files only, for start-up is a feature.
"""

from __future__ import annotations

import os
import sys

from admit.auth.provided import InvalidAnswer, read_answer
from admit.auth.sources.asked import Manner, Memory, PlaceFailed
from admit.auth.sources.helper import RANK, credential_of
from admit.auth.sources.place import Missing, Place, Unusable
from admit.auth.sources.time_limit import OutOfTime, call_within
from admit.spec.record import InvalidRecord, parse_entry_points

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from admit.auth.scheme import Credential
    from admit.auth.sources.place import Answer, Question
    from admit.spec.record import EntryPoint

GROUP = "admit.credential_providers"
_FIELDS = ("username", "password", "token", "expires")


class Providers:
    """All providers that are installed; loaded when the first source asks."""

    def __init__(
        self,
        seconds: float,
        told: list[str],
        folders: Sequence[str] | None = None,
    ) -> None:
        """Set up.

        Args:
            seconds: how long one may take.
            told: warnings go there.
            folders: where packages are; `sys.path`, if not given.
        """
        self._seconds = seconds
        self._told = told
        self._folders = folders
        self._loaded: tuple[_Provider, ...] | None = None

    def place(self) -> Place:
        """The place that `Search` asks."""
        return Place(RANK, "providers", self.ask)

    def ask(self, question: Question) -> Answer:
        """Ask those that declare the source's host, until one has a credential."""
        if self._loaded is None:
            folders = sys.path if self._folders is None else self._folders
            self._loaded = tuple(
                _Provider(each, self._seconds, self._told)
                for each in find_providers(folders)
            )
        host = question.query.source.url.host
        outcome = Missing(f"none for {host}" if self._loaded else "")
        for provider in self._loaded:
            if not provider.is_for(host):
                continue
            answer = provider.memory(question)
            if not isinstance(answer, Missing):
                return answer
            outcome = answer
        for provider in self._loaded:
            if provider.trouble is not None:
                return Unusable(provider.trouble)
        return outcome


class _Provider:
    """One provider."""

    def __init__(self, entry: EntryPoint, seconds: float, told: list[str]) -> None:
        from admit.auth.query import Problem

        self._entry = entry
        self._seconds = seconds
        self.trouble: Problem | None = None
        fix = (
            f"mend or uninstall what brings the provider {entry.name}, or ask none "
            "with --no-credential-providers"
        )
        self.memory = Memory(
            self._run, Manner(f"the credential provider {entry.name}", fix), told
        )
        self._object: object = None
        self._hosts: tuple[str, ...] = ()
        try:
            self._object, hosts = call_within(seconds, lambda: _load(entry))
            self._hosts = tuple(str(each).lower() for each in hosts)
        except OutOfTime:
            reason = f"loading it took over {seconds:g} seconds"
        except Exception as error:  # noqa: BLE001  # somebody else's code
            reason = f"loading it raised {type(error).__name__}"
        else:
            return
        # Nobody knows whose hosts it was for: no source goes on without it.
        self.trouble = Problem(f"the credential provider {entry.name}: {reason}", fix)

    def is_for(self, host: str) -> bool:
        """Tell whether it declares a host, or `*.suffix` of it."""
        return any(
            host == each or (each.startswith("*.") and host.endswith(each[1:]))
            for each in self._hosts
        )

    def _run(self, question: Question) -> Credential | Missing:
        url = question.query.source.url.without_userinfo().without_fragment().text
        username = question.username
        get = getattr(self._object, "get", None)
        if get is None:
            raise PlaceFailed("it has no `get`")
        try:
            found = call_within(self._seconds, lambda: get(url, username))
        except OutOfTime:
            raise PlaceFailed(f"no answer within {self._seconds:g} seconds") from None
        except Exception as error:  # noqa: BLE001  # somebody else's code
            raise PlaceFailed(f"it raised {type(error).__name__}") from None
        if not isinstance(found, dict):
            found = {key: getattr(found, key, None) for key in _FIELDS}
        try:
            provided = read_answer(found)
        except InvalidAnswer as error:
            raise PlaceFailed(error.what) from None
        if provided is None:
            return Missing(f"{self._entry.name} has none for {url}")
        where = f"{self._entry.name} of {self._entry.module}"
        return credential_of(provided, question, "provider", where)


def find_providers(folders: Sequence[str]) -> Iterator[EntryPoint]:
    """Find the entry points of the group in folders of packages, by name."""
    found: dict[str, EntryPoint] = {}
    for folder in dict.fromkeys(folders):
        for text in _read_entry_points(folder or "."):
            for each in _parse(text):
                if each.group == GROUP:
                    found.setdefault(each.name, each)
    yield from (found[name] for name in sorted(found))


def _read_entry_points(folder: str) -> Iterator[str]:
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".dist-info")]
    except OSError:
        return
    for name in sorted(names):
        try:
            with open(os.path.join(folder, name, "entry_points.txt"), "rb") as stream:
                body = stream.read()
        except OSError:
            continue
        if GROUP.encode() in body:
            yield body.decode(errors="replace")


def _parse(text: str) -> tuple[EntryPoint, ...]:
    try:
        return parse_entry_points(text)
    except InvalidRecord:  # somebody's package is broken, not what is asked
        return ()


def _load(entry: EntryPoint) -> tuple[object, Sequence[str]]:
    """Import a provider; a class is called without arguments."""
    from importlib import import_module

    found: object = import_module(entry.module)
    for part in entry.attribute.split(".") if entry.attribute else ():
        found = getattr(found, part)
    if isinstance(found, type):
        found = found()
    hosts = found.hosts  # type: ignore[attr-defined]  # the protocol's own attribute
    if isinstance(hosts, str):
        raise TypeError
    return found, hosts
