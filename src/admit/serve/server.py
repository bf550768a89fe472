"""The server: several indexes on one host, records and scripted answers.

For: running permission-filtered indexes on a loopback port, for `admit serve`,
the demo and the tests.
Does not know: sockets (`listener`), what an index answers (`served`), what files
there are (`shelf`).
Shape: `IndexServer` is a context manager with `url`, `requests`, `grant`, `revoke`,
`add_index` and `script`.
"""

from __future__ import annotations

import fnmatch
import os
import threading

from admit.errors import UsageError
from admit.serve.answer import Answer, Asked, Seen, plain
from admit.serve.behaviour import PARTIAL, Behaviour
from admit.serve.listener import Listener
from admit.serve.served import ServedIndex
from admit.serve.shelf import Shelf
from admit.serve.visibility import (
    ANONYMOUS,
    Visibility,
    parse_patterns,
)
from admit.spec.url import percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from types import TracebackType
    from typing import Self

    from admit.serve.answer import Reply
    from admit.serve.visibility import Account, Caller


class IndexServer:
    """Permission-filtered indexes on one port; use it in a `with` statement."""

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        accounts: Iterable[Account] = (),
        public: Iterable[str] = (),
        behaviour: Behaviour = PARTIAL,
        base_path: str = "/simple/",
        address: tuple[str, int] = ("127.0.0.1", 0),
        tls: ssl.SSLContext | None = None,
        log: Callable[[Seen], None] | None = None,
    ) -> None:
        """Listen and serve one index; `add_index` adds others.

        `public` are patterns that everybody sees; port 0 takes a free one; `tls` is
        a server-side context; `log` is called for each answered request.

        Raises:
            NoSuchFolder: `directory` is none.
            InvalidGrant: a pattern of `public` is none.
            CannotListen: the address cannot be had.
        """
        self.requests: list[Seen] = []
        """Every request, in the order in which they were answered."""
        self._faults: list[BaseException] = []
        self.latency = 0.0
        """Seconds before each answer."""
        self._host = address[0]
        self._scheme = "http" if tls is None else "https"
        self._tls = tls
        self._log = log
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()
        self._storage: Listener | None = None
        first = _make_index(directory, base_path, accounts, public, behaviour)
        self.indexes: list[ServedIndex] = []
        self._listener = Listener(address, self.answer, tls)
        self.port = self._listener.port
        self._add(first)

    @property
    def failures(self) -> list[BaseException]:
        """Faults of the server itself; leaving the context raises the first."""
        others = self._storage.failures if self._storage else []
        return [*self._faults, *self._listener.failures, *others]

    @property
    def origin(self) -> str:
        return self._origin_of(self.port)

    @property
    def url(self) -> str:
        """The URL of the first index."""
        return self.url_of(self.indexes[0])

    def url_of(self, index: ServedIndex) -> str:
        return self.origin + index.base_path

    def url_as(self, name: str, index: ServedIndex | None = None) -> str:
        """The URL of an index with an account's name and secret in it."""
        index = index or self.indexes[0]
        for account in index.visibility.accounts:
            if account.name == name:
                secret = percent_encode(account.secret.expose())
                userinfo = f"{percent_encode(name)}:{secret}@"
                return self.url_of(index).replace("://", f"://{userinfo}", 1)
        raise UsageError(f"no account is called {name!r}")

    def add_index(
        self,
        base_path: str,
        directory: str | os.PathLike[str],
        *,
        accounts: Iterable[Account] = (),
        public: Iterable[str] = (),
        behaviour: Behaviour = PARTIAL,
    ) -> ServedIndex:
        """Serve another index on the same port, with accounts of its own."""
        index = _make_index(directory, base_path, accounts, public, behaviour)
        self._add(index)
        return index

    def grant(self, name: str | None, *patterns: str) -> None:
        """Let an account of the first index (None: everybody) see more."""
        parsed = [each for text in patterns for each in parse_patterns(text)]
        self.indexes[0].visibility.grant(name, *parsed)

    def revoke(self, name: str | None, *patterns: str) -> None:
        """Take patterns away on the first index; without patterns, all of them."""
        parsed = [each for text in patterns for each in parse_patterns(text)]
        self.indexes[0].visibility.revoke(name, *parsed)

    def script(
        self, path: str, reply: Answer | Reply, *, times: int | None = None
    ) -> None:
        """Answer requests whose path matches a glob in another way.

        `reply` is an answer, or is called with the record and a function that gives
        the usual answer. A later script goes before an earlier one; `times` is how
        often it is used, None being always.
        """
        with self._lock:
            self._scripts.insert(0, _Script(path, reply, times))

    def seen(self, path: str = "*") -> list[Seen]:
        """The requests whose path matches a glob."""
        return [each for each in self.requests if fnmatch.fnmatchcase(each.path, path)]

    @property
    def anonymous(self) -> list[Seen]:
        """The requests that came without a credential, signed ones left aside."""
        return [
            each
            for each in self.requests
            if each.is_anonymous and each.asked.origin == self.origin
        ]

    @property
    def failed_logins(self) -> list[Seen]:
        """The requests with a credential that is no account's."""
        return [each for each in self.requests if each.is_wrong]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if error is None and self.failures:
            raise self.failures[0]

    def close(self) -> None:
        """Stop listening, break all connections and wait for the threads."""
        self._listener.close()
        if self._storage is not None:
            self._storage.close()

    def answer(self, asked: Asked) -> Answer:
        """Find the index that a request is for, its answer, and record both."""
        if self.latency:
            self._listener.closing.wait(self.latency)
        index = self._find_index(asked.path)
        caller = index.identify(asked.offer)

        def usual() -> Answer:
            return index.answer(asked, caller)

        return self._record(asked, caller, usual)

    def _answer_storage(self, asked: Asked) -> Answer:
        def usual() -> Answer:
            answers = [index.answer_signed(asked) for index in self.indexes]
            return min(answers, key=lambda answer: answer.status)

        return self._record(asked, ANONYMOUS, usual)

    def _record(
        self, asked: Asked, caller: Caller, usual: Callable[[], Answer]
    ) -> Answer:
        seen = Seen(asked, caller)
        reply = self._take_script(asked.path)
        try:
            if isinstance(reply, Answer):
                answer = reply
            else:
                answer = usual() if reply is None else reply(seen, usual)
        except Exception as error:  # noqa: BLE001  # a fault of ours: told by failures
            self._faults.append(error)
            answer = plain(500, "the server is at fault")
        seen.status = answer.status
        self.requests.append(seen)
        if self._log is not None:
            self._log(seen)
        return answer

    def _take_script(self, path: str) -> Answer | Reply | None:
        with self._lock:
            for script in self._scripts:
                if fnmatch.fnmatchcase(path, script.path):
                    if script.times is not None:
                        script.times -= 1
                        if not script.times:
                            self._scripts.remove(script)
                    return script.reply
        return None

    def _find_index(self, path: str) -> ServedIndex:
        """The index that serves a path, the most specific; else the first one."""
        able = [index for index in self.indexes if index.serves(path)]
        return max(able or self.indexes[:1], key=lambda index: len(index.base_path))

    def _add(self, index: ServedIndex) -> None:
        if index.behaviour.layout.storage:
            if self._storage is None:
                self._storage = Listener(
                    (self._host, 0), self._answer_storage, self._tls
                )
            index.storage_origin = self._origin_of(self._storage.port)
        self.indexes.append(index)

    def _origin_of(self, port: int) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{port}"


class _Script:
    """One scripted reply; `times` counts down."""

    __slots__ = ("path", "reply", "times")

    def __init__(self, path: str, reply: Answer | Reply, times: int | None) -> None:
        self.path = path
        self.reply = reply
        self.times = times


def _make_index(
    directory: str | os.PathLike[str],
    base_path: str,
    accounts: Iterable[Account],
    public: Iterable[str],
    behaviour: Behaviour,
) -> ServedIndex:
    patterns = [each for text in public for each in parse_patterns(text)]
    visibility = Visibility(accounts, patterns, any_username=behaviour.any_username)
    path = f"/{base_path.strip('/')}/".replace("//", "/")
    return ServedIndex(path, Shelf(os.fspath(directory)), visibility, behaviour)
