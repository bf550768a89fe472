"""Area I, second half: certificates, proxies, plain http, files behind a login."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from admit.serve.answer import redirect
from admit.serve.behaviour import DENIALS, Behaviour
from peers.case import DENY, NETRC, NEW, Ground, case, sent_to
from support.index import make_tls
from support.proxy import run_proxy
from support.raw_server import Authority

if TYPE_CHECKING:
    from pathlib import Path

PROXY_PAIR = "bob:p@ss/é"
PROXY_TYPED = "bob:p%40ss%2F%C3%A9"


@case("I5", "a client certificate; a page redirected to another origin", right="kept")
def certificate(on: Ground) -> str:
    """The other origin ends every handshake in which it is shown the certificate."""
    folder = on.player.home
    tls, foreign = make_tls(folder), Authority(folder, "clients")
    elsewhere = make_tls(_folder(on, "elsewhere"))
    bundle = folder / "both.pem"
    bundle.write_text(tls.ca_file.read_text() + elsewhere.ca_file.read_text())
    other = elsewhere.context
    other.verify_mode = ssl.CERT_OPTIONAL
    other.load_verify_locations(str(elsewhere.ca_file))
    home, stranger = on.serve(tls=tls.context), on.strangers(tls=other)
    home.script("/simple/pkgpub/", redirect(f"{stranger.url}pkgpub/"))
    pem = str(foreign.client_pem("alice"))
    options = ["--index-url", home.url]
    if on.tool == "uv":
        on.player.variables["SSL_CLIENT_CERT"] = pem
    else:
        options += ["--client-cert", pem]
    if on.tool == "pip":
        options += ["--cert", str(bundle)]
    on.player.variables |= {"SSL_CERT_FILE": str(bundle), "UV_HTTP_RETRIES": "0"}
    on.player.variables |= {"ADMIT_RETRIES": "0", "PIP_RETRIES": "0"}
    on.player.install(*options)
    assert home.requests, "the index was not asked"
    return "kept" if stranger.requests else "shown"


def _folder(on: Ground, name: str) -> Path:
    folder = on.player.home / name
    folder.mkdir()
    return folder


@case("I6", "a proxy with `@ / é` in its password", right=NEW)
def through_a_proxy(on: Ground) -> str:
    server = on.serve()
    proxy = on.stack.enter_context(run_proxy(PROXY_PAIR))
    del_no_proxy(on)
    url = f"http://{PROXY_TYPED}@127.0.0.1:{proxy.port}"
    on.player.variables |= {"HTTP_PROXY": url, "http_proxy": url}
    ran = on.player.install("--index-url", server.url_as("alice"))
    assert proxy.requests, "the proxy was not asked"
    return ran.outcome()


def del_no_proxy(on: Ground) -> None:
    on.player.variables["NO_PROXY"] = ""


@case("I7", "netrc for a host that is asked over plain http", right="kept")
def in_clear(on: Ground) -> str:
    server = on.serve(DENY, public=())
    # Whatever host it is asked for, this proxy goes to this machine.
    proxy = on.stack.enter_context(run_proxy())
    del_no_proxy(on)
    url = f"http://127.0.0.1:{proxy.port}"
    on.player.variables |= {"HTTP_PROXY": url, "http_proxy": url}
    on.player.has_netrc(NETRC.replace("127.0.0.1", "pypi.corp.example"))
    there = server.url.replace("127.0.0.1", "pypi.corp.example")
    on.player.install("--index-url", there)
    return "sent in clear" if sent_to(server) == "sent" else "kept"


@case("I9", "netrc, a wheel by its URL that strangers get 404 for", right=NEW)
def file_that_is_hidden(on: Ground) -> str:
    server = on.serve(Behaviour(DENIALS["404"]), public=())
    on.player.has_netrc(NETRC)
    path = "packages/pkgpub/2.0/pkgpub-2.0-py3-none-any.whl"
    return on.player.install(names=[f"pkgpub @ {server.origin}/{path}"]).outcome()
