"""Areas F and G: how credentials are written, and where they must not turn up."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

from admit.serve.answer import redirect
from admit.serve.behaviour import PARTIAL, Behaviour, Caching
from admit.serve.visibility import account
from admit.value import replace
from peers.case import (
    DENY,
    NETRC,
    NEW,
    WRONG,
    Ground,
    case,
    failed_logins,
    url_with,
)
from peers.player import REFUSED
from support.index import SECRET

if TYPE_CHECKING:
    from pathlib import Path

MARKS = "p#/?%41@:é"


@case("F1", "`# / ? % @ : é` in a password, percent-encoded in the URL", right=NEW)
def marks_in_the_url(on: Ground) -> str:
    server = on.serve(accounts=[account("alice", MARKS, "*")])
    url = url_with(server, f"alice:{quote(MARKS, safe='')}")
    return on.player.install("--index-url", url).outcome()


@case("F2", "the same in a variable, as it is", right=NEW, lacks=("pip",))
def marks_in_a_variable(on: Ground) -> str:
    server = on.serve(accounts=[account("alice", MARKS, "*")])
    for key, text in (("USERNAME", "alice"), ("PASSWORD", MARKS)):
        on.player.variables[f"{on.tool.upper()}_INDEX_CORP_{key}"] = text
    return on.player.install("--index", f"corp={server.url}").outcome()


@case("F3", "a mail address as user name, its @ as it is", right=NEW)
def mail_address(on: Ground) -> str:
    name = "alice@corp.example"
    server = on.serve(accounts=[account(name, SECRET, "*")])
    url = url_with(server, f"{name}:{SECRET}")
    return on.player.install("--index-url", url).outcome()


@case(
    "F4",
    "`${VARIABLE}` in a file of requirements, not set",
    right=REFUSED,
    is_sample=True,
)
def unset_variable(on: Ground) -> str:
    server = on.serve()
    url = url_with(server, "${CORP_USER}:${CORP_PASS}")
    name = on.player.writes("requirements.txt", f"--index-url {url}\npkgpub\n")
    return on.player.install("-r", name, names=()).outcome()


@case("F5", "`${VARIABLE}` in a file of requirements, with marks in it", right=NEW)
def set_variable(on: Ground) -> str:
    server = on.serve(accounts=[account("alice", MARKS, "*")])
    on.player.variables |= {"CORP_USER": "alice", "CORP_PASS": MARKS}
    url = url_with(server, "${CORP_USER}:${CORP_PASS}")
    name = on.player.writes("requirements.txt", f"--index-url {url}\npkgpub\n")
    return on.player.install("-r", name, names=()).outcome()


@case("F6", "a token as user name, with an empty password", right=NEW)
def token_as_name(on: Ground) -> str:
    server = on.serve(accounts=[account("t0ken-of-alice", "", "*")])
    url = url_with(server, "t0ken-of-alice:")
    return on.player.install("--index-url", url).outcome()


@case("F7", "a token as password, with an empty user name", right=NEW)
def token_as_password(on: Ground) -> str:
    server = on.serve(Behaviour(any_username=True))
    return on.player.install("--index-url", url_with(server, f":{SECRET}")).outcome()


@case("F8", "a user name in the URL, its password in netrc: failed logins", right="0")
def half_and_netrc(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    ran = on.player.install("--index-url", url_with(server, "alice"))
    assert ran.outcome() == NEW, ran.output
    return failed_logins(server)


@case(
    "F8",
    "a user name in a variable, its password in netrc: failed logins",
    right="0",
    lacks=("pip",),
)
def half_in_a_variable(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.has_netrc(NETRC)
    on.player.variables[f"{on.tool.upper()}_INDEX_CORP_USERNAME"] = "alice"
    ran = on.player.install("--index", f"corp={server.url}")
    assert ran.outcome() == NEW, ran.output
    return failed_logins(server)


@case("F8", "a user name in the URL, and nowhere a password: failed logins", right="0")
def half_alone(on: Ground) -> str:
    server = on.serve(DENY, public=())
    on.player.install("--index-url", url_with(server, "alice"))
    return failed_logins(server)


@case("F12", "credential in the URL, the server asks for Bearer", right=NEW)
def bearer_is_asked_for(on: Ground) -> str:
    denial = replace(DENY.denial, challenge='Bearer realm="corp"')
    server = on.serve(Behaviour(denial), public=())
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


# Leaks


def _in_text(text: str, secret: str) -> bool:
    return any(form in text for form in (secret, quote(secret, safe="")))


@case(
    "G1",
    "a wrong password in the URL, `-vv`: what is printed",
    right="masked",
    is_sample=True,
)
def printed(on: Ground) -> str:
    server = on.serve(DENY, public=())
    url = url_with(server, f"alice:{WRONG}")
    ran = on.player.install("-v", "-v", "--index-url", url)
    return "printed" if _in_text(ran.output, WRONG) else "masked"


@case("G2", "a token as user name (`TOKEN:@`), `-vv`: what is printed", right="masked")
def printed_token(on: Ground) -> str:
    token = "t0ken-of-alice-2f8c1d"
    server = on.serve(accounts=[account(token, "", "*")])
    url = url_with(server, f"{token}:")
    ran = on.player.install("-v", "-v", "--index-url", url, names=["pkgpub", "nothing"])
    return "printed" if token in ran.output else "masked"


@case(
    "G3",
    "credential in the URL; locked, or compiled with the index's URL",
    right="without it",
)
def locked(on: Ground) -> str:
    server = on.serve()
    url = server.url_as("alice")
    wanted = on.player.writes("requirements.in", "pkgpub\n")
    if on.tool == "pip":
        lock = on.player.work / "pylock.toml"
        words = [*on.player.command("lock"), "-r", wanted, "-o", str(lock)]
        words += ["--no-deps"]
    else:
        lock = on.player.work / "locked.txt"
        words = [*on.player.command("compile"), wanted, "-o", str(lock)]
        words += ["--python", str(on.player.python), "--emit-index-url"]
    status, output = on.player.run([*words, "--index-url", url])
    assert status == 0, output
    return "with it" if _in_text(lock.read_text(), SECRET) else "without it"


@case("G5", "a wheel by a URL with a login: `direct_url.json`", right="without it")
def direct_url(on: Ground) -> str:
    server = on.serve()
    path = "packages/pkgpub/2.0/pkgpub-2.0-py3-none-any.whl"
    url = f"{server.origin}/{path}".replace("://", f"://alice:{SECRET}@")
    ran = on.player.install(names=[f"pkgpub @ {url}"])
    assert ran.outcome() == NEW, ran.output
    (record,) = ran.folder.glob("*.dist-info/direct_url.json")
    return "with it" if _in_text(record.read_text(), SECRET) else "without it"


@case("G6", "a redirect to a signed URL, `-vv`: the signature", right="masked")
def signature(on: Ground) -> str:
    server, public = on.serve(), on.strangers()
    query = "X-Amz-Date=1&X-Amz-Signature=51gn4tur3"
    server.script("/simple/pkgpub/", redirect(f"{public.url}pkgpub/?{query}"))
    ran = on.player.install("-v", "-v", "--index-url", server.url_as("alice"))
    return "printed" if "51gn4tur3" in ran.output else "masked"


@case("G7", "credential in the URL: what the cache keeps of it", right="nothing")
def cached(on: Ground) -> str:
    caching = Caching("max-age=600", vary="Accept, Authorization")
    server = on.serve(replace(PARTIAL, caching=caching))
    ran = on.player.install("--index-url", server.url_as("alice"))
    assert ran.outcome() == NEW, ran.output
    basic = base64.b64encode(f"alice:{SECRET}".encode())
    forms = (SECRET.encode(), basic)
    return "the secret" if _is_in_files(on.player.cache, forms) else "nothing"


def _is_in_files(folder: Path, forms: tuple[bytes, ...]) -> bool:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if any(form in content for form in forms):
                return True
    return False


@case("G8", "the file of the tool's own store: mode", right="600", lacks=("pip",))
def mode_of_the_store(on: Ground) -> str:
    server = on.serve()
    words = ["auth", "login", server.url, "--username", "alice"]
    if on.tool == "admit":
        command = [*on.player.command("auth", "login")[:-2], *words[2:]]
        command.append("--password-stdin")
    else:
        command = [on.player.command()[0], *words, "--password", "-"]
    status, output = on.player.run(command, f"{SECRET}\n")
    assert status == 0, output
    found = [
        path
        for path in on.player.home.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]
    (store,) = found
    return f"{store.stat().st_mode & 0o777:o}"
