"""`admit serve` as people run it: in a process, stopped by Ctrl-C."""

from __future__ import annotations

import base64
import contextlib
import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
import trustme

from admit.cli.serve import describe, run
from admit.errors import AdmitError, UsageError
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from support.index import SECRET, build_founding_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; give the process and the URL that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "admit", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if "://" in line:
                    yield process, line.strip()
                    break
        finally:
            process.kill()


def ask(url: str, login: str | None = None) -> int:
    request = urllib.request.Request(url)
    if login is not None:
        token = base64.b64encode(login.encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with OPENER.open(request, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return build_founding_world(tmp_path / "world")


def test_it_serves_logs_and_stops_at_ctrl_c(world: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    log = tmp_path / "requests.log"
    options = ["--user", f"alice:@{secret}=*", "--public", "mypackage==2020.*"]

    with serving(str(world), *options, "--log", str(log)) as (process, url):
        statuses = [
            ask(f"{url}mypackage/"),
            ask(f"{url}mydependency/", f"alice:{SECRET}"),
            ask(f"{url}mydependency/", "alice:wrong"),
        ]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)

    assert statuses == [200, 200, 404]
    assert process.returncode == 0
    assert "stopped after 3 requests" in err
    assert [line.split(maxsplit=1)[1] for line in out.splitlines()] == [
        "200  GET  anonymous    /simple/mypackage/",
        "200  GET  alice        /simple/mydependency/",
        "404  GET  wrong login  /simple/mydependency/",
    ]
    assert log.read_text() == out
    assert SECRET not in out + err


def test_a_denial_is_chosen(world: Path) -> None:
    with serving(str(world), "--user", "alice:s=*", "--deny", "401") as (_, url):
        assert [ask(f"{url}mypackage/"), ask(f"{url}mypackage/", "alice:s")] == [
            401,
            200,
        ]


def test_it_serves_https_on_another_path(world: Path, tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("127.0.0.1")
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    issued.private_key_pem.write_to_path(str(key))
    issued.cert_chain_pems[0].write_to_path(str(chain))
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    options = ["--base-path", "team/pypi", "--tls", str(chain), str(key)]

    with serving(str(world), *options) as (_, url):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
        )
        with opener.open(f"{url}mypackage/", timeout=10) as response:
            page = response.read()

    assert re.fullmatch(r"https://127\.0\.0\.1:\d+/team/pypi/", url)
    assert b"mypackage-2024.1-py3-none-any.whl" in page


def test_it_tells_what_each_caller_sees(world: Path) -> None:
    accounts = [account("alice", "s", "*"), account("bob", "b", "mydependency")]

    with IndexServer(world, accounts=accounts, public=["mypackage==2020.*"]) as server:
        told = describe(server, None, None)

    assert told == [
        f"admit serve: 3 files of 2 projects in {world}",
        "For trials: this is no registry. It keeps no state and takes no uploads.",
        "",
        f"  {server.url}",
        "",
        "  caller     sees                             projects  files",
        "  anonymous  mypackage==2020.*                       1      1",
        "  alice      * and what is public                    2      3",
        "  bob        mydependency and what is public         2      2",
        "",
        "Who sees nothing of a project gets 404; a wrong secret counts as anonymous.",
        "Ctrl-C stops it.",
        "",
    ]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        pytest.param(["/no/such/folder"], "cannot serve /no/such/folder", id="folder"),
        pytest.param([".", "--public", "a>1"], "not a pattern: 'a>1'", id="pattern"),
        pytest.param([".", "--user", "canary"], "not an account: …", id="account"),
        pytest.param([".", "--port", "x"], "not a port: 'x'", id="port"),
        pytest.param([".", "--port", "99999"], "not a port: '99999'", id="high-port"),
        pytest.param(
            [".", "--host", "203.0.113.7"],
            "cannot listen on 203.0.113.7 port 0",
            id="host",
        ),
        pytest.param(
            [".", "--tls", "no.pem", "no.key"],
            "cannot use the certificate no.pem with the key no.key",
            id="certificate",
        ),
        pytest.param(
            [".", "--log", "/no/such/folder/log"],
            "cannot write the log /no/such/folder/log",
            id="log",
        ),
        pytest.param(
            [".", "a:canary=*"], "unrecognized arguments: a:…", id="more-arguments"
        ),
        pytest.param([".", "--cache-control", "a\nb"], "--cache-control", id="header"),
        pytest.param([".", "--forward", "ftp://x"], "not a URL", id="forward"),
    ],
)
def test_bad_input_is_a_clear_error(options: list[str], what: str) -> None:
    with pytest.raises(AdmitError) as caught:
        run(["serve", *options])

    assert caught.value.what.startswith(what)
    assert "canary" not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


def test_a_taken_port_is_a_clear_error(world: Path) -> None:
    with IndexServer(world) as server, pytest.raises(AdmitError) as caught:
        run(["serve", str(world), "--port", str(server.port)])

    assert caught.value.what == f"cannot listen on 127.0.0.1 port {server.port}"


def test_a_missing_folder_argument_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        run(["serve"])
