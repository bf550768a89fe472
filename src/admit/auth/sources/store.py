"""The store of credentials on this machine: read for a source, changed on request.

For: rule R3.4 of docs/auth.md, `admit auth login`, `logout`, `list`; and uv's store.
Does not know: precedence, scope, what is said to people.
Shape: `Store(path, ...)`: `ask(question)` for `Search`; `entries`, `add`, `remove`.
"""

from __future__ import annotations

import os

from admit.auth.query import Problem
from admit.auth.scheme import Credential, show_user
from admit.auth.sources.place import Complete, Missing, Place, Unusable
from admit.auth.sources.private_file import is_open_to_others, read_private, rewrite
from admit.auth.store import (
    InvalidStore,
    Stored,
    choose_stored,
    format_store,
    parse_store,
    parse_uv_store,
    with_entry,
    without_entries,
)
from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.auth.sources.place import Answer, Question
    from admit.spec.url import Url

FILE = "credentials.json"
UV_FILE = "credentials.toml"
RANK = 4


class StoreUnreadable(EnvironmentProblem):
    """A store of credentials cannot be read or is not in its format."""

    code = "store-unreadable"


class _Trouble(Exception):
    """Why nothing can be taken from a store."""

    def __init__(self, reason: str, words: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.words = words
        """The text in lower case, if it was text."""


class Store:
    """One file of credentials."""

    def __init__(
        self,
        path: str,
        home: str = "",
        *,
        name: str = "store",
        parse: Callable[[str], tuple[Stored, ...]] = parse_store,
        told: list[str] | None = None,
    ) -> None:
        self.path = path
        home = home.rstrip(os.sep)
        is_at_home = home and path.startswith(home + os.sep)
        self.shown = f"~{path[len(home) :]}" if is_at_home else path
        self.name = name
        self.is_own = parse is parse_store
        """Or another tool's, which is not spoken of if it is not there."""
        self.told: list[str] = told if told is not None else []
        """Warnings so far; the caller may share the list."""
        self._parse = parse
        self._read: tuple[Stored, ...] | None = None

    def place(self) -> Place:
        """The place that `Search` asks."""
        return Place(RANK, self.name, self.ask, ("source", "challenged", "foreign"))

    def entries(self) -> tuple[Stored, ...]:
        """Return every entry; none if there is no file.

        Raises:
            StoreUnreadable: there is one, but nothing can be taken from it.
        """
        try:
            return self._load() or ()
        except _Trouble as trouble:
            raise StoreUnreadable(
                f"cannot read the store of credentials {self.path}",
                why=trouble.reason,
                fix="correct it, or move it away and log in again",
            ) from None

    def add(self, entry: Stored) -> None:
        """Store a login, in place of an earlier one of the same URL and user.

        Raises:
            StoreUnreadable: the present file is damaged; it is left as it is.
            CannotWritePrivately: the system refuses.
        """
        self._change(lambda entries: with_entry(entries, entry))

    def remove(self, url: Url, username: str | None = None) -> int:
        """Remove the logins of a URL; return how many there were.

        Raises:
            StoreUnreadable, CannotWritePrivately: see `add`.
        """
        before = self.entries()
        if len(without_entries(before, url, username)) == len(before):
            return 0
        self._change(lambda entries: without_entries(entries, url, username))
        return len(before) - len(self.entries())

    def ask(self, question: Question) -> Answer:
        """Answer for the URL of a query, or for one on a foreign origin."""
        query = question.query
        if query.refused is not None:
            self._read = None
        if self._read is None:
            try:
                self._read = self._load()
            except _Trouble as trouble:
                return self._spoken_of(trouble, query.url.host)
            if self._read is None:
                return Missing("it is empty" if self.is_own else "")
            if self._read and is_open_to_others(self.path):
                self._tell(
                    f"other users of this machine can read {self.shown}; "
                    "`chmod 600` closes it"
                )
        return self._answer(question, self._read)

    def _answer(self, question: Question, entries: tuple[Stored, ...]) -> Answer:
        url, username = question.query.url, question.username
        chosen = choose_stored(url, entries, username)
        if not chosen:
            whose = f" of {show_user(username)}" if username is not None else ""
            return Missing(f"no entry{whose} for {url.host} in {self.shown}")
        if len(chosen) > 1:
            users = ", ".join(_shown(each) for each in chosen)
            return Unusable(
                Problem(
                    f"{self.shown} has several entries for {chosen[0].url.text}: "
                    f"{users}",
                    "say which one with a user name in the URL, or remove one with "
                    "`admit auth logout URL --username NAME`",
                )
            )
        (entry,) = chosen
        where = f"{entry.url.text} in {self.shown}"
        return Complete(
            Credential(
                entry.username,
                entry.secret,
                self.name,
                where,
                entry.kind,
                is_ambient=True,
            )
        )

    def _spoken_of(self, trouble: _Trouble, host: str) -> Answer:
        """A damaged store is an error for the hosts that it names, or may name."""
        if trouble.words is None or host in trouble.words:
            what = f"{self.shown} cannot be read: {trouble.reason}"
            return Unusable(Problem(what, f"correct {self.shown} or move it away"))
        text = f"{self.shown} is not used: {trouble.reason}"
        self._tell(text)
        return Missing(text)

    def _load(self) -> tuple[Stored, ...] | None:
        """Return the entries, None if there is no file.

        Raises:
            _Trouble: nothing can be taken from it.
        """
        try:
            text = read_private(self.path)
        except UnicodeDecodeError:
            raise _Trouble("it is not UTF-8") from None
        except ValueError as error:
            raise _Trouble(str(error)) from None
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            raise _Trouble(reason) from None
        if text is None:
            return None
        try:
            return self._parse(text)
        except InvalidStore as error:
            raise _Trouble(error.what, text.lower()) from None

    def _change(
        self, change: Callable[[tuple[Stored, ...]], tuple[Stored, ...]]
    ) -> None:
        def rewritten(_: str | None) -> str:
            return format_store(change(self.entries()))

        self.entries()  # a damaged one is told before anything is made
        rewrite(self.path, rewritten)
        self._read = None

    def _tell(self, text: str) -> None:
        if text not in self.told:
            self.told.append(text)


def own_store(folder: str, home: str, told: list[str] | None = None) -> Store:
    """Return the store of admit in its folder."""
    return Store(os.path.join(folder, FILE), home, told=told)


def uv_store(
    environ: Mapping[str, str], home: str, told: list[str] | None = None
) -> Store:
    """Return uv's store, which is read and never written."""
    folder = environ.get("UV_CREDENTIALS_DIR") or os.path.join(
        environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"),
        "uv",
        "credentials",
    )
    path = os.path.join(folder, UV_FILE)
    return Store(path, home, name="uv's store", parse=parse_uv_store, told=told)


def _shown(entry: Stored) -> str:
    if entry.kind == "bearer":
        return "a token"
    return show_user(entry.username) or "a token without a name"
