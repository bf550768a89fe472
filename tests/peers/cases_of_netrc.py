"""Area D: netrc."""

from __future__ import annotations

from peers.case import DENY, NETRC, NEW, WRONG, Ground, case, sent_to, url_with
from peers.player import REFUSED
from support.index import SECRET


@case("D1", "the right password in the URL, a wrong one in netrc", right=NEW)
def url_goes_first(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(NETRC.replace(SECRET, WRONG))
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("D2", "user bob in the URL, netrc has alice only", right="kept", is_sample=True)
def of_another_user(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    on.player.install("--index-url", url_with(server, "bob"))
    is_alice = any(each.user == "alice" for each in server.requests)
    return "alice sent" if is_alice else "kept"


@case("D3", "`NETRC=~/…`, with a tilde", right=NEW)
def tilde(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC, "secrets/netrc")
    on.player.variables["NETRC"] = "~/secrets/netrc"
    return on.player.install("--index-url", server.url).outcome()


@case("D3", "netrc, the index in a file of requirements", right=NEW)
def with_requirements(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    text = f"--index-url {server.url}\npkgpub\n"
    name = on.player.writes("requirements.txt", text)
    return on.player.install("-r", name, names=()).outcome()


@case(
    "D4", "`$NETRC` names a file that is missing, another one is at home", right=REFUSED
)
def missing(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    on.player.variables["NETRC"] = str(on.player.home / "missing")
    return on.player.install("--index-url", server.url).outcome()


@case(
    "D5", "a mistake in netrc, in the entry of the host", right=REFUSED, is_sample=True
)
def broken(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(f"machine 127.0.0.1 login alice passwort {SECRET}\n")
    return on.player.install("--index-url", server.url).outcome()


@case("D6", "netrc with `machine host:port`", right=NEW)
def host_and_port(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC.replace("127.0.0.1", f"127.0.0.1:{server.port}"))
    return on.player.install("--index-url", server.url).outcome()


@case(
    "D8",
    "netrc `default`, an index that asks for nothing",
    right="kept",
    is_sample=True,
)
def default_and_strangers(on: Ground) -> str:
    public = on.strangers()
    on.player.has_netrc(f"default login alice password {SECRET}\n")
    on.player.install("--index-url", public.url)
    return sent_to(public)


@case("D8", "netrc `default`, a project that a public index has not got", right="kept")
def default_and_a_missing_project(on: Ground) -> str:
    public = on.strangers()
    on.player.has_netrc(f"default login alice password {SECRET}\n")
    on.player.install("--index-url", public.url, names=["no-such-project"])
    return sent_to(public)


@case("D8", "netrc `default`, an index that asks for a login", right=NEW)
def default_after_a_challenge(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(f"default login alice password {SECRET}\n")
    return on.player.install("--index-url", server.url).outcome()


@case("D9", "two logins for the host in netrc, the URL names the first", right=NEW)
def two_logins_and_a_name(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(f"{NETRC}machine 127.0.0.1 login bob password b0bs\n")
    return on.player.install("--index-url", url_with(server, "alice")).outcome()


@case("D9", "two logins for the host in netrc, and no name", right=REFUSED)
def two_logins(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(f"{NETRC}machine 127.0.0.1 login bob password b0bs\n")
    return on.player.install("--index-url", server.url).outcome()


@case("D10", "a netrc that anybody may read", right=NEW)
def open_to_all(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC).chmod(0o644)
    return on.player.install("--index-url", server.url).outcome()


@case("D11", "`http://127.0.0.1:x@…`: the host of netrc as a user's name", right="kept")
def crafted(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    there = url_with(server, "127.0.0.1:x").replace("@127.0.0.1", "@localhost")
    on.player.install("--index-url", there)
    assert server.requests, "it was not asked"
    is_alice = any(each.user == "alice" for each in server.requests)
    return "alice sent" if is_alice else "kept"


@case("D12", "an option that leaves netrc aside", right="kept", lacks=("uv", "pip"))
def left_aside(on: Ground) -> str:
    server = on.serve()
    on.player.has_netrc(NETRC)
    on.player.install("--no-netrc", "--index-url", server.url)
    return sent_to(server)
