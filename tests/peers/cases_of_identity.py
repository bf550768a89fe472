"""Areas A and I: who asks, from the first request on, and what caches keep of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from admit.serve.behaviour import DENIALS, LIKE, PARTIAL, Behaviour, Caching, Denial
from admit.serve.visibility import account
from admit.value import replace
from peers.case import (
    DENY,
    NETRC,
    NEW,
    OLD,
    Ground,
    case,
    change_secret,
    downloads,
)
from peers.player import REFUSED
from support.index import SECRET

if TYPE_CHECKING:
    from peers.player import Ran

_OPEN = ("artifactory", "devpi", "gitlab", "nexus", "pulp")
"""Products that may let strangers read a part, or every name."""
MIXING = replace(PARTIAL, caching=Caching("max-age=600", vary=None))
"""What invites caches to answer one caller with what another one got."""


@case("A1", "credential in the URL", right=NEW, is_sample=True)
def in_the_url(on: Ground) -> str:
    server = on.serve()
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("A1", "netrc", right=NEW, is_sample=True)
def by_netrc(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


@case("A1", "variables of a named index", right=NEW, lacks=("pip",), is_sample=True)
def by_variables(on: Ground) -> str:
    server = on.serve()
    for key, text in (("USERNAME", "alice"), ("PASSWORD", SECRET)):
        on.player.variables[f"{on.tool.upper()}_INDEX_CORP_{key}"] = text
    return on.player.install("--index", f"corp={server.url}").outcome()


@case("A1", "the tool's own store, after its `auth login`", right=NEW, lacks=("pip",))
def by_own_store(on: Ground) -> str:
    server = on.serve()
    words = ["auth", "login", server.url, "--username", "alice"]
    if on.tool == "admit":
        command = [*on.player.command(*words[:2])[:-2], *words[2:]]
        command.append("--password-stdin")
    else:
        command = [on.player.command()[0], *words, "--password", "-"]
    status, output = on.player.run(command, f"{SECRET}\n")
    assert status == 0, output
    return on.player.install("--index-url", server.url).outcome()


@case("A2", "netrc; what strangers may not see is sent on elsewhere", right=NEW)
def is_forwarded(on: Ground) -> str:
    public = on.strangers()
    server = on.serve(Behaviour(forward=public.url))
    on.player.has_netrc(NETRC)
    ran = on.player.install("--index-url", server.url, names=["pkgpriv"])
    return ran.outcome("pkgpriv")


@case("A3", "netrc; strangers get 404", right=NEW)
def is_hidden(on: Ground) -> str:
    server = on.serve(Behaviour(DENIALS["404"]), public=())
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


@case("A4", "netrc; strangers get 403", right=NEW)
def is_forbidden(on: Ground) -> str:
    server = on.serve(Behaviour(DENIALS["403"]), public=())
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


@case("A5", "netrc; pages are open, files are 500 for strangers", right=NEW)
def files_are_500(on: Ground) -> str:
    denial = Denial(401, 403, 401, file=500, has_open_listings=True)
    server = on.serve(Behaviour(denial), public=())
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


@case(
    "A7",
    "“always log in” on the command line, no credential: requests",
    right="0",
    lacks=("uv", "pip"),
)
def always_by_option(on: Ground) -> str:
    server = on.serve()
    ran = on.player.install("--index-url", server.url, "--authenticate", "always")
    return _unless_installed(ran, len(server.requests))


@case(
    "A7",
    "“always log in” in a file, no credential: requests",
    right="0",
    lacks=("pip",),
    is_sample=True,
)
def always_in_a_file(on: Ground) -> str:
    server = on.serve()
    _always(on, server.url)
    return _unless_installed(on.player.install(), len(server.requests))


@case(
    "A8",
    "“always log in” in a file, netrc, compiling: anonymous requests",
    right="0",
    lacks=("pip",),
)
def always_when_compiling(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(NETRC)
    _always(on, server.url)
    wanted = on.player.writes("requirements.in", "pkgpub\n")
    words = [*on.player.command("compile"), "--python", str(on.player.python)]
    status, output = on.player.run([*words, wanted])
    assert "pkgpub==2.0" in output, (status, output)
    return str(len(server.anonymous))


def _always(on: Ground, url: str) -> None:
    on.player.has_config(
        f'[[index]]\nname = "corp"\nurl = "{url}"\ndefault = true\n'
        'authenticate = "always"\n'
    )


def _unless_installed(ran: Ran, count: int) -> str:
    return f"{count}" if ran.outcome() == REFUSED else f"{count}, {ran.outcome()}"


def _like(name: str) -> None:
    behaviour = LIKE[name]
    # Some show strangers a part or all names; the others show them nothing.
    shown = ("pkgpub==1.0",) if name in _OPEN else ()
    # Where there is a storage, it is on a host that netrc does not name.
    host = "localhost" if behaviour.layout.storage else "127.0.0.1"

    @case(
        "A1",
        f"netrc, an index like {name}",
        right=NEW,
        is_sample=name in ("artifactory", "gitlab"),
    )
    def product(on: Ground) -> str:
        server = on.serve(behaviour, public=shown)
        on.player.has_netrc(NETRC.replace("127.0.0.1", host))
        url = server.url.replace("127.0.0.1", host)
        return on.player.install("--index-url", url).outcome()


for _name in sorted(LIKE):
    _like(_name)


@case(
    "I2", "a new secret for the same user, one cache: wheels fetched again", right="0"
)
def secret_is_renewed(on: Ground) -> str:
    server = on.serve(accounts=[account("alice", "0ld-s3cret", "*")])
    first = on.player.install("--index-url", server.url_as("alice"))
    assert first.outcome() == NEW, first.output
    change_secret(server, "alice", SECRET)
    before = downloads(server)
    second = on.player.install("--index-url", server.url_as("alice"))
    assert second.outcome() == NEW, second.output
    return str(downloads(server) - before)


@case("I3", "a stranger, then netrc, one cache", right=NEW, is_sample=True)
def stranger_then_netrc(on: Ground) -> str:
    server = on.serve(MIXING)
    first = on.player.install("--index-url", server.url)
    assert first.outcome() == OLD, first.output
    alice = on.player.friend("alice")
    alice.has_netrc(NETRC)
    return alice.install("--index-url", server.url).outcome()


@case("I3", "a stranger, then a credential in the URL, one cache", right=NEW)
def stranger_then_url(on: Ground) -> str:
    server = on.serve(MIXING)
    first = on.player.install("--index-url", server.url)
    assert first.outcome() == OLD, first.output
    alice = on.player.friend("alice")
    return alice.install("--index-url", server.url_as("alice")).outcome()


@case(
    "I3",
    "a credential in the URL, then a stranger, one cache",
    right=OLD,
    is_sample=True,
)
def url_then_stranger(on: Ground) -> str:
    server = on.serve(MIXING)
    alice = on.player.friend("alice")
    first = alice.install("--index-url", server.url_as("alice"))
    assert first.outcome() == NEW, first.output
    return on.player.install("--index-url", server.url).outcome()


@case("I3", "permission taken back between two runs, one cache", right=OLD)
def revoked(on: Ground) -> str:
    server = on.serve(MIXING, accounts=[account("alice", SECRET, "*")])
    on.player.has_netrc(NETRC)
    on.player.install("--index-url", server.url)
    server.revoke("alice")
    return on.player.install("--index-url", server.url).outcome()


@case("I4", "a private wheel in the cache, asked for by a stranger", right=REFUSED)
def private_from_the_cache(on: Ground) -> str:
    server = on.serve()
    alice = on.player.friend("alice")
    first = alice.install("--index-url", server.url_as("alice"), names=["pkgpriv"])
    assert first.outcome("pkgpriv") == NEW, first.output
    ran = on.player.install("--index-url", server.url, names=["pkgpriv==2.0"])
    return ran.outcome("pkgpriv")


@case("I11", "netrc, ten packages: anonymous requests", right="0", is_sample=True)
def none_is_anonymous(on: Ground) -> str:
    server = on.serve(DENY, public=())
    server.latency = 0.01
    on.player.has_netrc(NETRC)
    names = [f"pkg{number}" for number in range(10)]
    ran = on.player.install("--index-url", server.url, names=names)
    assert len(ran.installed) == 10, ran.output
    return str(len(server.anonymous))
