"""Areas B and C: where a credential goes, and where it does not."""

from __future__ import annotations

from admit.serve.answer import Answer, Seen, redirect
from admit.serve.behaviour import LIKE, PARTIAL, Behaviour, Denial, Layout
from admit.serve.visibility import account
from peers.case import (
    DENY,
    NETRC,
    NEW,
    Ground,
    case,
    sent_to,
    url_with,
)
from support.index import SECRET, make_tls
from support.recording_server import RecordingServer, Said

BEST = ("--index-strategy", "unsafe-best-match")
"""All indexes are asked, as pip always does."""


def _all_of(on: Ground) -> tuple[str, ...]:
    return () if on.tool == "pip" else BEST


@case(
    "B1",
    "credential in one URL, another index on the same host",
    right="kept",
    is_sample=True,
)
def neighbour(on: Ground) -> str:
    server = on.serve()
    other = server.add_index("/open/simple/", on.strange, public=["*"])
    on.player.install(
        *("--index-url", server.url_of(other), *_all_of(on)),
        *("--extra-index-url", server.url_as("alice")),
    )
    return sent_to(server, "/open/*")


def _both(on: Ground, first: str, second: str) -> str:
    """Two indexes on one host, each with a login of its own: pkgpriv and pkgtwo.

    Each shows one of the projects, so that each has to be asked; what it does not show
    is a 404, as it is on GitLab.
    """
    mine, bobs = account("alice", SECRET, "pkgpriv"), account("bob", "b0bs", "pkgtwo")
    hiding = Denial(401, 404, 401)
    server = on.serve(Behaviour(hiding), accounts=[mine], base_path=first, public=())
    files = f"{second}files/{{project}}/{{version}}/{{file}}"
    other = server.add_index(
        second, on.wheels, accounts=[bobs], behaviour=Behaviour(hiding, Layout(files))
    )
    ran = on.player.install(
        *("--index-url", server.url_as("alice"), *_all_of(on)),
        *("--extra-index-url", server.url_as("bob", other)),
        names=["pkgpriv", "pkgtwo"],
    )
    wrong = len(server.failed_logins)
    got = "both" if len(ran.installed) == 2 else ran.outcome("pkgpriv")
    return got if not wrong else f"{got}, {wrong} wrong"


@case(
    "B2",
    "two indexes on one host, each with its own login in its URL",
    right="both",
    is_sample=True,
)
def two_logins(on: Ground) -> str:
    return _both(on, "/one/simple/", "/two/simple/")


@case("B3", "credential in the URL, files elsewhere on the host", right=NEW)
def files_elsewhere(on: Ground) -> str:
    server = on.serve(LIKE["azure"], base_path="/feed/pypi/simple/", public=())
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("B4", "credential for `/foo/`, another index at `/foobar/`", right="kept")
def prefix(on: Ground) -> str:
    server = on.serve(base_path="/foo/")
    other = server.add_index("/foobar/", on.strange, public=["*"])
    on.player.install(
        *("--index-url", server.url_of(other), *_all_of(on)),
        *("--extra-index-url", server.url_as("alice")),
    )
    return sent_to(server, "/foobar/*")


@case("B5", "logins for `/a/` and for `/a/b/`, in their URLs", right="both")
def nested(on: Ground) -> str:
    return _both(on, "/a/", "/a/b/")


@case("B6", "credential in the URL, another index on another port", right="kept")
def other_port(on: Ground) -> str:
    server, public = on.serve(), on.strangers()
    on.player.install(
        *("--index-url", public.url, *_all_of(on)),
        *("--extra-index-url", server.url_as("alice")),
    )
    return sent_to(public)


@case(
    "B6",
    "netrc for a port of the host (`machine host:port`), another port",
    right="kept",
)
def netrc_of_a_port(on: Ground) -> str:
    server, public = on.serve(), on.strangers()
    on.player.has_netrc(NETRC.replace("127.0.0.1", f"127.0.0.1:{server.port}"))
    on.player.install("--index-url", public.url)
    return sent_to(public)


@case("B7", "index and credential in a file of requirements", right=NEW)
def in_requirements(on: Ground) -> str:
    server = on.serve()
    text = f"--index-url {server.url_as('alice')}\npkgpub\n"
    name = on.player.writes("requirements.txt", text)
    return on.player.install("-r", name, names=()).outcome()


@case("B8", "one index twice, once with half a credential", right=NEW)
def twice(on: Ground) -> str:
    server = on.serve()
    return on.player.install(
        *("--index-url", url_with(server, "alice")),
        *("--extra-index-url", server.url_as("alice")),
    ).outcome()


@case(
    "B9",
    "an index for one package is down; another package is wanted",
    right="1.0",
    lacks=("pip",),
)
def explicit(on: Ground) -> str:
    public = on.strangers()
    on.player.has_config(
        f'[[index]]\nname = "down"\nurl = "http://127.0.0.1:9/simple/"\n'
        "explicit = true\n"
        f'[[index]]\nname = "up"\nurl = "{public.url}"\ndefault = true\n'
    )
    return on.player.install(names=["common"]).outcome("common")


@case("C1", "a page redirected to a host that netrc knows", right=NEW)
def to_a_known_host(on: Ground) -> str:
    home, other = on.strangers(), on.serve(DENY, public=())
    there = other.url.replace("127.0.0.1", "localhost")
    home.script("/simple/pkgpub/", redirect(f"{there}pkgpub/"))
    on.player.has_netrc(_with_port("localhost", other.port))
    return on.player.install("--index-url", home.url).outcome()


@case("C2", "a page redirected to a URL that holds a login", right=NEW)
def login_in_location(on: Ground) -> str:
    return _by_location(on, PARTIAL, f"alice:{SECRET}")


@case("C2", "the same, with an empty user name", right=NEW)
def token_in_location(on: Ground) -> str:
    return _by_location(on, Behaviour(any_username=True), f":{SECRET}")


def _by_location(on: Ground, behaviour: Behaviour, userinfo: str) -> str:
    home, other = on.strangers(), on.serve(behaviour)
    there = url_with(other, userinfo).replace("127.0.0.1", "localhost")
    home.script("/simple/pkgpub/", redirect(f"{there}pkgpub/"))
    return on.player.install("--index-url", home.url).outcome()


@case(
    "C3",
    "credential in the URL, a page redirected to another port",
    right="kept",
    is_sample=True,
)
def to_a_stranger(on: Ground) -> str:
    server, public = on.serve(), on.strangers()
    server.script("/simple/pkgpub/", redirect(f"{public.url}pkgpub/"))
    on.player.install("--index-url", server.url_as("alice"))
    return sent_to(public)


@case("C3", "credential in the URL, files in a storage with signed URLs", right=NEW)
def to_a_storage(on: Ground) -> str:
    server = on.serve(LIKE["artifactory-private"], public=())
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("C3", "netrc for the host, the storage on another port of it", right=NEW)
def to_a_storage_that_netrc_knows(on: Ground) -> str:
    server = on.serve(LIKE["artifactory-private"], public=())
    on.player.has_netrc(NETRC)
    return on.player.install("--index-url", server.url).outcome()


@case("C4", "signed URLs that are good for one request", right=NEW)
def signed_once(on: Ground) -> str:
    wheel = (on.wheels / "pkgpub-2.0-py3-none-any.whl").read_bytes()
    used: set[str] = set()

    def answer(seen: object) -> Said:
        path = str(getattr(seen, "path", ""))
        if path in used:
            return Said(403, b"expired", "text/plain")
        used.add(path)
        return Said(200, wheel, "application/octet-stream")

    storage = on.stack.enter_context(RecordingServer(answer))
    server = on.serve(Behaviour(layout=Layout(has_metadata=False, has_json=False)))
    count = iter(range(1000))

    def sign(seen: Seen, usual: object) -> Answer:
        query = f"X-Amz-Date={next(count)}&X-Amz-Signature=51gn"
        return redirect(f"{storage.origin}/store/pkgpub-2.0-py3-none-any.whl?{query}")

    server.script("*.whl", sign)
    return on.player.install("--index-url", server.url_as("alice")).outcome()


@case("C5", "a redirect whose signature covers `%2f` and `%7e`", right="as given")
def byte_for_byte(on: Ground) -> str:
    wheel = (on.wheels / "pkgpub-2.0-py3-none-any.whl").read_bytes()
    said = Said(200, wheel, "application/octet-stream")
    storage = on.stack.enter_context(RecordingServer(lambda _: said))
    server = on.serve(Behaviour(layout=Layout(has_metadata=False)))
    path = "/store/a%2fb%7ec/pkgpub-2.0-py3-none-any.whl?X-Amz-Signature=a%2fb%7e"
    server.script("*.whl", redirect(storage.origin + path))
    on.player.install("--index-url", server.url_as("alice"))
    return "as given" if {each.path for each in storage.seen} == {path} else "changed"


@case(
    "C6",
    "netrc; https redirects to plain http on the same host",
    right="kept",
    is_sample=True,
)
def downgrade(on: Ground) -> str:
    tls = make_tls(on.player.home)
    secure, clear = on.serve(tls=tls.context), on.serve(DENY, public=())
    secure.script("/simple/pkgpub/", redirect(f"{clear.url}pkgpub/"))
    on.player.has_netrc(NETRC)
    on.player.variables["SSL_CERT_FILE"] = str(tls.ca_file)
    on.player.install(*_trusting(on, str(tls.ca_file)), "--index-url", secure.url)
    assert secure.requests, "it was not asked"
    return "sent in clear" if sent_to(clear) == "sent" else "kept"


def _trusting(on: Ground, bundle: str) -> tuple[str, ...]:
    return ("--cert", bundle) if on.tool == "pip" else ()


@case("C7", "credential in the URL, a redirect within the host", right=NEW)
def within_the_host(on: Ground) -> str:
    server = on.serve(base_path="/new/simple/")
    server.script("/old/simple/pkgpub/", redirect("/new/simple/pkgpub/"))
    old = server.url_as("alice").replace("/new/", "/old/")
    return on.player.install("--index-url", old).outcome()


@case("C8", "netrc; files on another port that wants the login too", right=NEW)
def files_on_another_origin(on: Ground) -> str:
    server, files = on.serve(), on.serve(DENY, public=())

    def links(seen: Seen, usual: object) -> Answer:
        path = "/packages/pkgpub/2.0/pkgpub-2.0-py3-none-any.whl"
        body = f'<a href="{files.origin}{path}">pkgpub-2.0-py3-none-any.whl</a>'
        return Answer(200, (("Content-Type", "text/html"),), body.encode())

    server.script("/simple/pkgpub/", links)
    on.player.has_netrc(NETRC + _with_port("127.0.0.1", files.port))
    return on.player.install("--index-url", server.url).outcome()


def _with_port(host: str, port: int) -> str:
    """Write it for each of the three: admit wants a stranger's port to be named."""
    lines = [NETRC.replace("127.0.0.1", each) for each in (f"{host}:{port}", host)]
    return "".join(lines)
