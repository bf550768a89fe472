"""Area E: the real keyring, by its command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admit.serve.visibility import account
from peers.case import DENY, NEW, Ground, case, change_secret, failed_logins, url_with
from peers.player import REFUSED
from support.index import SECRET
from support.real_keyring import PLAINTEXT, asked, keep, put_on_path, use

if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.serve.answer import Answer, Seen
    from admit.serve.server import IndexServer

BY_COMMAND = ("--keyring-provider", "subprocess")
STALE = "st4le-s3cret"


def has_keyring(on: Ground, backend: str, server: IndexServer) -> None:
    put_on_path(on.player)
    use(on.player, backend)
    on.player.variables |= {
        "CORP_SERVICE": server.url,
        "CORP_SECRET": SECRET,
        "CORP_OLD_SECRET": STALE,
    }


@case("E1", "keyring, ten packages: how often it is asked", right="1")
def asked_once(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    names = [f"pkg{number}" for number in range(10)]
    url = url_with(server, "alice")
    ran = on.player.install(*BY_COMMAND, "--index-url", url, names=names)
    assert len(ran.installed) == 10, ran.output
    return str(len(asked(on.player)))


@case("E2", "a keyring is there, and nobody switched it on", right="not asked")
def not_switched_on(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    on.player.variables["PIP_NO_INPUT"] = "0"
    on.player.install("--index-url", url_with(server, "alice"))
    return "asked" if asked(on.player) else "not asked"


@case("E3", "keyring that was switched on, where nobody can be asked", right=NEW)
def without_input(on: Ground) -> str:
    server = on.serve(DENY, public=())
    use(on.player, PLAINTEXT)
    put_on_path(on.player)
    keep(on.player, server.url, "alice", SECRET)
    on.player.variables["CI"] = "1"
    url = url_with(server, "alice")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("E4", "keyring that knows the URL of the index only", right=NEW, is_sample=True)
def by_the_url(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    url = url_with(server, "alice")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("E5", "keyring, no user name in the URL; strangers get 401", right=NEW)
def without_a_name(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    return on.player.install(*BY_COMMAND, "--index-url", server.url).outcome()


@case("E5", "keyring, no user name in the URL; strangers get less", right=NEW)
def without_a_name_and_a_401(on: Ground) -> str:
    server = on.serve()
    has_keyring(on, "Corp", server)
    return on.player.install(*BY_COMMAND, "--index-url", server.url).outcome()


@case("E6", "keyring that answers another name than was asked for", right=NEW)
def another_name(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    url = url_with(server, "__token__")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("E7", "keyring whose first answer is stale", right=NEW)
def stale(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Renewing", server)
    url = url_with(server, "alice")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("E8", "what keyring tells the user on stderr", right="shown")
def words(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Talking", server)
    url = url_with(server, "alice")
    ran = on.player.install(*BY_COMMAND, "--index-url", url)
    is_shown = "open https://login.corp.example and type ABCD" in ran.output
    return "shown" if is_shown else "swallowed"


@case("E10", "keyring that fails; strangers get less", right=REFUSED, is_sample=True)
def failing(on: Ground) -> str:
    server = on.serve()
    has_keyring(on, "Locked", server)
    url = url_with(server, "alice")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("E11", "a secret with spaces at its ends, from keyring", right=NEW)
def spaces(on: Ground) -> str:
    secret = "  sp4ced-s3cret "
    server = on.serve(DENY, accounts=[account("alice", secret, "*")], public=())
    use(on.player, PLAINTEXT)
    put_on_path(on.player)
    keep(on.player, server.url, "alice", secret)
    url = url_with(server, "alice")
    return on.player.install(*BY_COMMAND, "--index-url", url).outcome()


@case("F8", "a user name in the URL, its password in keyring: failed logins", right="0")
def half_first(on: Ground) -> str:
    server = on.serve(DENY, public=())
    has_keyring(on, "Corp", server)
    url = url_with(server, "alice")
    ran = on.player.install(*BY_COMMAND, "--index-url", url)
    assert ran.outcome() == NEW, ran.output
    return failed_logins(server)


@case(
    "I1",
    "a token that ends in mid-run, keyring has the next one",
    right="all",
    is_sample=True,
)
def ends_in_mid_run(on: Ground) -> str:
    first = account("alice", STALE, "*")
    server = on.serve(DENY, accounts=[first], public=())
    has_keyring(on, "Renewing", server)

    def end(_: Seen, usual: Callable[[], Answer]) -> Answer:
        change_secret(server, "alice", SECRET)
        return usual()

    server.script("*pkg5*.whl", end, times=1)
    names = [f"pkg{number}" for number in range(10)]
    url = url_with(server, "alice")
    ran = on.player.install(*BY_COMMAND, "--index-url", url, names=names)
    return "all" if len(ran.installed) == 10 else ran.outcome()
