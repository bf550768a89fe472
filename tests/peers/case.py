"""Cases: what is played, on which ground, and what would be right.

A case is a function of a `Ground`, which returns in a word or two what the servers saw
or what was installed; `@case("A1", "netrc", right="2.0")` puts it into `CASES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from admit.serve.behaviour import DENIALS, PARTIAL, Behaviour
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from support.index import ALICE, SECRET

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable
    from contextlib import ExitStack
    from pathlib import Path

    from admit.serve.visibility import Account
    from peers.player import Player

NEW, OLD, STRANGE = "2.0", "1.0", "99.0"
WRONG = "wr0ng-s3cret"
DENY = Behaviour(DENIALS["401"])
"""Strangers get 401, and so does a wrong secret."""
NETRC = f"machine 127.0.0.1 login alice password {SECRET}\n"
LACKING = "no such thing"


@dataclass(frozen=True)
class Ground:
    """Where one tool plays one case: its player, and servers that nobody else asks."""

    player: Player
    wheels: Path
    """pkgpub 1.0 and 2.0, pkgpriv 2.0, pkgtwo 1.0, and pkg0 to pkg9."""
    strange: Path
    """pkgpub and pkgpriv 99.0, common 1.0."""
    stack: ExitStack

    @property
    def tool(self) -> str:
        return self.player.tool

    def serve(
        self,
        behaviour: Behaviour = PARTIAL,
        *,
        accounts: Iterable[Account] = (ALICE,),
        public: Iterable[str] = ("pkgpub==1.0",),
        base_path: str = "/simple/",
        tls: ssl.SSLContext | None = None,
    ) -> IndexServer:
        """Serve the wheels: alice sees all, strangers an old release."""
        server = IndexServer(
            self.wheels,
            accounts=accounts,
            public=public,
            behaviour=behaviour,
            base_path=base_path,
            tls=tls,
        )
        return self.stack.enter_context(server)

    def strangers(self, *, tls: ssl.SSLContext | None = None) -> IndexServer:
        """Serve what anybody may have, among it packages of the same names."""
        server = IndexServer(self.strange, public=["*"], tls=tls)
        return self.stack.enter_context(server)


Play = Callable[[Ground], str]


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    pain: str
    """The row of docs/pains.md."""
    title: str
    right: str
    play: Play
    lacks: frozenset[str]
    """Tools that have nothing of the kind."""
    is_sample: bool
    """The gate plays it."""
    admits: str
    """What admit does, where that is not what is called right."""


CASES: list[Case] = []


def case(
    pain: str,
    title: str,
    *,
    right: str,
    lacks: Iterable[str] = (),
    is_sample: bool = False,
    admits: str | None = None,
) -> Callable[[Play], Play]:
    """Make a case of a function."""

    def add(play: Play) -> Play:
        assert all(each.title != title for each in CASES), f"twice: {title}"
        CASES.append(
            Case(pain, title, right, play, frozenset(lacks), is_sample, admits or right)
        )
        return play

    return add


def change_secret(server: IndexServer, name: str, secret: str) -> None:
    """Give an account of the first index another secret, from now on."""
    visibility = server.indexes[0].visibility
    visibility._accounts[name] = account(name, secret, "*")


# Words for what servers saw


def url_with(server: IndexServer, userinfo: str) -> str:
    """Return the URL of a server's first index with something before its host."""
    return server.url.replace("://", f"://{userinfo}@")


def sent_to(server: IndexServer, path: str = "*") -> str:
    """Tell whether any request below a path carried a credential."""
    is_sent = any(not each.is_anonymous for each in server.seen(path))
    return "sent" if is_sent else "kept"


def failed_logins(server: IndexServer) -> str:
    return str(len(server.failed_logins))


def downloads(server: IndexServer) -> int:
    """Count the wheels that went out whole."""
    return sum(
        each.status == 200 and each.path.endswith(".whl") for each in server.requests
    )
