"""Area H: what is made of a refusal, a failure, an odd answer."""

from __future__ import annotations

from admit.serve.answer import Answer
from admit.serve.behaviour import DENIALS, Behaviour, Denial, Layout
from peers.case import (
    DENY,
    NETRC,
    NEW,
    OLD,
    WRONG,
    Ground,
    case,
    url_with,
)
from peers.player import NOTHING, REFUSED
from support.index import SECRET

BEST = ("--index-strategy", "unsafe-best-match")


def _beside_strangers(on: Ground, private: str, *options: str) -> str:
    public = on.strangers()
    ran = on.player.install(
        *("--index-url", public.url, "--extra-index-url", private, *options)
    )
    return ran.outcome()


@case(
    "H1",
    "wrong password (401), a namesake on a public index",
    right=REFUSED,
    is_sample=True,
)
def refused_401(on: Ground) -> str:
    server = on.serve(DENY)
    return _beside_strangers(on, url_with(server, f"alice:{WRONG}"))


@case("H1", "no right (403), a namesake on a public index", right=REFUSED)
def refused_403(on: Ground) -> str:
    server = on.serve(Behaviour(DENIALS["403"]), public=())
    return _beside_strangers(on, url_with(server, f"alice:{WRONG}"))


@case("H1", "wrong password (401), a namesake, all indexes compared", right=REFUSED)
def refused_and_compared(on: Ground) -> str:
    server = on.serve(DENY)
    options = () if on.tool == "pip" else BEST
    return _beside_strangers(on, url_with(server, f"alice:{WRONG}"), *options)


@case(
    "H2",
    "403 that means “no such project”, declared so in a file",
    right="1.0",
    lacks=("pip",),
)
def declared_403(on: Ground) -> str:
    server, public = on.serve(Behaviour(DENIALS["403"]), public=()), on.strangers()
    on.player.has_config(
        f'[[index]]\nname = "corp"\nurl = "{server.url}"\nignore-error-codes = [403]\n'
        f'[[index]]\nname = "open"\nurl = "{public.url}"\ndefault = true\n'
    )
    return on.player.install(names=["common"]).outcome("common")


def _fifty(on: Ground, behaviour: Behaviour) -> str:
    server = on.serve(behaviour)
    on.player.has_netrc(NETRC.replace(SECRET, WRONG))
    names = [f"project{number}" for number in range(50)]
    on.player.install("--index-url", server.url, names=names)
    count = len(server.failed_logins)
    return "2 at most" if count <= 2 else str(count)


@case(
    "H5",
    "wrong password, 50 packages: failed logins",
    right="2 at most",
    is_sample=True,
)
def failed_logins(on: Ground) -> str:
    return _fifty(on, DENY)


@case(
    "H5", "wrong password that gets 404, 50 packages: failed logins", right="2 at most"
)
def failed_logins_unseen(on: Ground) -> str:
    return _fifty(on, Behaviour(Denial(401, 404, 404)))


@case("H7", "the private index answers 500, a namesake on a public one", right=REFUSED)
def failing(on: Ground) -> str:
    server = on.serve()
    server.script("*", Answer(500))
    _few_retries(on)
    return _beside_strangers(on, server.url_as("alice"))


@case(
    "H7",
    "the private index is down, a namesake on a public one",
    right=REFUSED,
    is_sample=True,
)
def down(on: Ground) -> str:
    server = on.serve()
    url = server.url_as("alice")
    server.close()
    _few_retries(on)
    return _beside_strangers(on, url)


def _few_retries(on: Ground) -> None:
    on.player.variables |= {
        "ADMIT_RETRIES": "0",
        "UV_HTTP_RETRIES": "0",
        "PIP_RETRIES": "0",
    }


@case("H8", "a page that is 429 at first, with `Retry-After`", right=NEW)
def slower(on: Ground) -> str:
    return _after(on, Answer(429, (("Retry-After", "1"),)))


@case("H8", "a page that is 503 at first, with `Retry-After`", right=NEW)
def later(on: Ground) -> str:
    return _after(on, Answer(503, (("Retry-After", "1"),)))


def _after(on: Ground, answer: Answer) -> str:
    server = on.serve()
    server.script("/simple/pkgpub/", answer, times=1)
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("H9", "HEAD is 405 and ranges are refused, no metadata files", right=NEW)
def no_head(on: Ground) -> str:
    layout = Layout(has_metadata=False, has_ranges=False, head=405)
    server = on.serve(Behaviour(layout=layout))
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("H10", "a login page in place of a file, then the login, one cache", right=NEW)
def login_page(on: Ground) -> str:
    denial = Denial(200, 403, 200, has_open_listings=True)
    layout = Layout(has_hashes=False, has_metadata=False, has_json=False)
    server = on.serve(Behaviour(denial, layout), public=())
    first = on.player.install("--index-url", server.url)
    assert first.outcome() in (REFUSED, NOTHING), first.output
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("H11", "a public wheel by its URL, a stale login in netrc", right=OLD)
def stale_and_public(on: Ground) -> str:
    server = on.serve(Behaviour(Denial(wrong=401)))
    on.player.has_netrc(NETRC.replace(SECRET, WRONG))
    path = "packages/pkgpub/1.0/pkgpub-1.0-py3-none-any.whl"
    return on.player.install(names=[f"pkgpub @ {server.origin}/{path}"]).outcome()


@case(
    "H11",
    "an index open to all that refuses wrong logins, a stale one in netrc",
    right=OLD,
    admits=REFUSED,
)
def stale_and_open(on: Ground) -> str:
    server = on.serve(Behaviour(Denial(wrong=401)))
    on.player.has_netrc(NETRC.replace(SECRET, WRONG))
    return on.player.install("--index-url", server.url).outcome()
