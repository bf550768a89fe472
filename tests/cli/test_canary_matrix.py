"""Canary runs over every command and every failure.

The commands are the parser's own: one without a line here fails. For each failure of a
server, of the network, of a place of secrets and of this machine, commands run with all
that could tell: `-vv`, `--log`, `--report`, `--output-format json`. Then everything is
searched for the secret. `make test` takes some commands for each failure, by rota;
`make exam` takes all.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import trustme

from admit.config.options import COMMANDS, options_of
from support.canary import Canary, forms_of
from support.desk import Desk, Ran
from support.helpers_fake import write_program
from support.raw_server import Authority
from support.recording_server import JSON, RecordingServer, Said, redirect, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from support.recording_server import Seen

    Failure = Callable[["Scene"], None]

USER = "alice"
SECRET = "p@ss:w/rd?#&=%41+~;,ünï"
PLAIN = "tr0ub4dor-and-3"
WEB_OF: dict[str, list[list[str]]] = {
    "install": [["alpha"], ["-r", "reqs.txt", "--dry-run"]],
    "sync": [["reqs.txt"]],
    "compile": [["reqs.in"], ["reqs.in", "-o", "out.txt", "--emit-index-url"]],
    "download": [["alpha", "-d", "wheels"]],
    "index": [["versions", "alpha"], ["versions", "alpha", "--json"]],
    "auth": [
        ["explain"],
        ["explain", "--json"],
        ["check"],
        ["check", "--json"],
        ["login", "URL", "--username", USER, "--password-stdin"],
    ],
}
"""What follows the name of a command that asks an index."""
HERE_OF: dict[str, list[list[str]]] = {
    "uninstall": [["alpha"]],
    "list": [[], ["--format", "json"]],
    "freeze": [[]],
    "show": [["alpha"]],
    "check": [[]],
    "tree": [[]],
    "auth": [["list"], ["forget", "URL"], ["dir"], ["logout", "URL"]],
    "cache": [["dir"], ["size"], ["verify"], ["clean"]],
    "config": [["list"], ["list", "--json"], ["get", "index-url"], ["files"]],
    "completion": [["bash"]],
    "venv": [["another"]],
}
"""What follows the name of one that asks nobody."""


def test_every_command_has_its_lines() -> None:
    assert {*WEB_OF, *HERE_OF} == {each.name for each in COMMANDS}


class Scene:
    """A desk with a secret, and an index that is about to fail."""

    def __init__(self, desk: Desk, server: RecordingServer) -> None:
        self.desk = desk
        self.server = server
        self.url = server.url().text
        self.secret = SECRET
        self.options: list[str] = []
        self.is_given = False
        """The secret is in its place; else it is in the URL."""
        self.interrupts = False

    def listing(self, **fields: object) -> Said:
        file = {"filename": "alpha-1.0-py3-none-any.whl", "url": "alpha.whl"} | fields
        meta = {"api-version": "1.0"}
        page = {"meta": meta, "name": "alpha", "files": [file]}
        return Said(body=json.dumps(page).encode())

    def netrc(self, text: str = "") -> None:
        shown = self.secret.replace("\\", "\\\\").replace('"', '\\"')
        host = "127.0.0.1"
        self.desk.write_netrc(
            text or f'machine {host} login {USER} password "{shown}"\n'
        )
        self.is_given = True

    def own_config(self, line: str) -> None:
        path = self.desk.home / ".config/admit/admit.toml"
        path.parent.mkdir(parents=True)
        path.write_text(f'[[index]]\nurl = "{self.url}"\ndefault = true\n{line}\n')
        self.is_given = True

    def ask_program(self, body: str, *, as_keyring: bool = False) -> None:
        """Let a program be asked for the secret, with this body."""
        self.secret = PLAIN
        fake = write_program(self.desk.home / "bin", "asked", body)
        if as_keyring:
            self.options += ["--keyring", "subprocess"]
            self.options += ["--keyring-command", str(fake.path)]
            self.is_given = True
        else:
            self.own_config(f'credential-helper = ["{fake.path}"]')

    def store(self, text: str) -> None:
        path = self.desk.home / ".local/share/admit/credentials.json"
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o600)
        self.is_given = True


def answers(said: Said) -> Failure:
    def fail(scene: Scene) -> None:
        scene.server.answer = lambda _: said

    return fail


def files_answer(said: Said) -> Failure:
    def fail(scene: Scene) -> None:
        page = scene.listing()
        scene.server.answer = lambda seen: said if "whl" in seen.path else page

    return fail


def repeats(scene: Scene) -> None:
    """A server that says back what it was told, wherever it can."""

    def answer(seen: Seen) -> Said:
        told, login = seen.authorization or "-", quote(seen.login)
        headers = (
            ("WWW-Authenticate", f'Basic realm="{told}"'),
            ("X-Told", told),
            ("ETag", f'"{login}"'),
        )
        body = json.dumps({"name": seen.login, "files": told}).encode()
        return Said(418 if "alpha" in seen.path else 401, body, JSON, headers)

    scene.server.answer = answer


def repeats_in_location(scene: Scene) -> None:
    def answer(seen: Seen) -> Said:
        login = quote(seen.login, safe="")
        return redirect(
            f"http://localhost:9/{login}/{seen.authorization}/x?token={login}"
        )

    scene.server.answer = answer


def repeats_in_a_page(scene: Scene) -> None:
    def answer(seen: Seen) -> Said:
        login = seen.login
        page = scene.listing(yanked=login, **{"requires-python": f">={login}"})
        page = replace(page, headers=(("ETag", f'"{quote(login)}"'),))
        odd = scene.listing(filename=f"{login}.whl", url=f"https://{login}@h/x.whl")
        return page if seen.path.endswith("alpha/") else odd

    scene.server.answer = answer


def leads_off(scene: Scene) -> None:
    port = scene.server.port
    there = f"http://localhost:{port}/there/alpha/"
    scene.server.answer = lambda seen: (
        redirect(there) if "/simple/" in seen.path else status(403)
    )


def leads_off_with_userinfo(scene: Scene) -> None:
    """The secret itself comes by `Location` there."""
    at = f"{USER}:{quote(SECRET, safe='')}@"
    there = f"http://{at}localhost:{scene.server.port}/there/alpha/"
    scene.server.answer = lambda seen: (
        redirect(there) if "/simple/" in seen.path else status(404)
    )


def leads_down(scene: Scene) -> None:
    """From https, which is trusted, to plain http."""
    authority = Authority(scene.desk.home)
    scene.desk.variables["SSL_CERT_FILE"] = str(authority.bundle)
    secure = RecordingServer(
        lambda _: redirect(f"http://127.0.0.1:{scene.server.port}/simple/alpha/"),
        tls=authority.server_context("127.0.0.1"),
    )
    secure.__enter__()
    scene.url = secure.url().text


def distrusted(scene: Scene) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    secure = RecordingServer(tls=context)
    secure.__enter__()
    scene.url = secure.url().text


def refused(scene: Scene) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        scene.url = f"http://127.0.0.1:{free.getsockname()[1]}/simple/"


def unknown(scene: Scene) -> None:
    scene.url = "https://pypi.corp.invalid/simple/"
    scene.netrc(f'machine pypi.corp.invalid login {USER} password "{SECRET}"\n')


def proxied(scene: Scene) -> None:
    """A proxy that refuses, with the secret as its own password."""
    scene.server.answer = lambda _: status(407, Proxy_Authenticate="Basic")
    at = f"{USER}:{quote(SECRET, safe='')}@"
    scene.options += ["--proxy", f"http://{at}127.0.0.1:{scene.server.port}"]
    scene.url = "http://pypi.corp.example/simple/"
    scene.is_given = True


def silent(scene: Scene) -> None:
    scene.desk.variables["ADMIT_TIMEOUT"] = "0.3"
    scene.server.answer = lambda _: Said(delay=1)


def a_full_disk(scene: Scene) -> None:
    scene.netrc()
    blocked = scene.desk.write("blocked", "a file")
    scene.desk.variables |= {
        "ADMIT_CACHE_DIR": str(blocked),
        "ADMIT_STATE_DIR": str(blocked / "state"),
    }
    scene.options += ["--log", "/dev/full", "--report", "/dev/full"]


def interrupted(scene: Scene) -> None:
    scene.netrc()
    scene.interrupts = True
    scene.server.answer = lambda _: Said(delay=1)


def a_netrc(text: str) -> Failure:
    return lambda scene: scene.netrc(text)


def a_store(text: str) -> Failure:
    return lambda scene: scene.store(text)


def a_program(body: str) -> Failure:
    def fail(scene: Scene) -> None:
        scene.desk.variables["ADMIT_CREDENTIAL_TIMEOUT"] = "0.5"
        scene.ask_program(body)

    return fail


def a_keyring(body: str) -> Failure:
    def fail(scene: Scene) -> None:
        scene.desk.variables["ADMIT_CREDENTIAL_TIMEOUT"] = "0.5"
        scene.ask_program(body, as_keyring=True)

    return fail


def a_variable(**variables: str) -> Failure:
    def fail(scene: Scene) -> None:
        scene.desk.variables |= variables
        scene.options += ["--index", f"corp={scene.url}"]
        scene.is_given = True

    return fail


PAIR = json.dumps({"username": USER, "password": PLAIN})
FAILURES: dict[str, Failure] = {
    **{f"status {code}": answers(status(code)) for code in (401, 403, 404, 407, 418)},
    **{f"status {code}": answers(status(code)) for code in (429, 500, 503)},
    "a file's 401": files_answer(status(401)),
    "a file's 403": files_answer(status(403)),
    "a file's 404": files_answer(status(404)),
    "a bad hash": files_answer(Said(body=b"PK\x03\x04", content_type="a/b")),
    "a login page": answers(Said(body=b"<html><form>", content_type="text/html")),
    "a file's login page": files_answer(
        Said(body=b"<html><form>", content_type="text/html")
    ),
    "a broken page": answers(Said(body=b'{"files": ')),
    "a page of another kind": answers(Said(body=b"hello", content_type="a/b")),
    "a server that repeats": repeats,
    "a location that repeats": repeats_in_location,
    "a page that repeats": repeats_in_a_page,
    "a redirect off": leads_off,
    "a redirect off with userinfo": leads_off_with_userinfo,
    "a redirect to http": leads_down,
    "a redirect to a file": answers(redirect("file:///etc/passwd")),
    "no trust": distrusted,
    "no connection": refused,
    "no name": unknown,
    "silence": silent,
    "a proxy": proxied,
    "a full disk": a_full_disk,
    "Ctrl-C": interrupted,
    "netrc: syntax": a_netrc(f"machine 127.0.0.1 login {USER} passwrd {PLAIN}\n"),
    "netrc: a quote": a_netrc(f'machine 127.0.0.1 login {USER} password "{PLAIN}\n'),
    "netrc: two": a_netrc(
        f"machine 127.0.0.1 login bob password {PLAIN}1\n"
        f"machine 127.0.0.1 login {USER} password {PLAIN}\n"
    ),
    "netrc: a line end": a_netrc(
        f'machine 127.0.0.1 login {USER} password "{PLAIN}\nx"\n'
    ),
    "store: no JSON": a_store(f'{{"password": "{PLAIN}"'),
    "store: shape": a_store(f'{{"version": 1, "credentials": ["{PLAIN}"]}}'),
    "store: version": a_store(f'{{"version": 99, "x": "{PLAIN}"}}'),
    "store: a password in the URL": a_store(
        json.dumps(
            {"version": 1, "credentials": [{"url": f"http://a:{PLAIN}@127.0.0.1/"}]}
        )
    ),
    "helper: crash": a_program(f"print({PAIR!r}); sys.exit(3)"),
    "helper: hang": a_program(f"print({PAIR!r}, flush=True); time.sleep(9)"),
    "helper: garbage": a_program(f"print('{{' + {PLAIN!r})"),
    "helper: a list": a_program(f"print(json.dumps([{PLAIN!r}]))"),
    "helper: 10 MB": a_program(f"print({PLAIN!r} * 700000)"),
    "helper: a line end": a_program(
        f"print(json.dumps({{'username': 'a', 'password': {PLAIN!r} + chr(10)}}))"
    ),
    "helper: half": a_program(f"print(json.dumps({{'password': {PLAIN!r}}}))"),
    "helper: both": a_program(
        f"print(json.dumps({{'password': {PLAIN!r}, 'token': {PLAIN!r}}}))"
    ),
    "keyring: crash": a_keyring(f"print({PAIR!r}); sys.exit(3)"),
    "keyring: garbage": a_keyring(f"print('{{' + {PLAIN!r})"),
    "keyring: 10 MB": a_keyring(f"print({PLAIN!r} * 700000)"),
    "keyring: a line end": a_keyring(
        f"print(json.dumps({{'username': 'a', 'password': 'x' + chr(10) + {PLAIN!r}}}))"
    ),
    "variable: alone": a_variable(ADMIT_INDEX_CORP_PASSWORD=PLAIN),
    "variable: twice": a_variable(
        ADMIT_INDEX_CORP_PASSWORD=PLAIN, ADMIT_INDEX_CORP_TOKEN=PLAIN
    ),
    "variable: a line end": a_variable(
        ADMIT_INDEX_CORP_USERNAME=USER, ADMIT_INDEX_CORP_PASSWORD=f"{PLAIN}\nx"
    ),
}
ALLOWED = (
    ".netrc",
    ".local/share/admit/credentials.json",
    "bin/asked",
    "work/reqs.txt",
    "work/reqs.in",
)
"""Where the secret was put."""


@pytest.fixture
def scene(tmp_path: Path, template: Path) -> Iterator[Scene]:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.variables |= {
        "ADMIT_RETRIES": "0",
        "ADMIT_TIMEOUT": "5",
        "ADMIT_NO_PROGRESS": "1",
    }
    with RecordingServer(lambda _: status(404)) as server:
        yield Scene(desk, server)


Line = tuple[str, list[str]]


def lines_of(commands: Mapping[str, list[list[str]]]) -> list[Line]:
    return [(name, words) for name, many in commands.items() for words in many]


WEB, HERE = lines_of(WEB_OF), lines_of(HERE_OF)


def play(scene: Scene, failure: str, chosen: list[Line]) -> None:
    """Run lines under a failure, and search."""
    FAILURES[failure](scene)
    desk, url = scene.desk, scene.url
    canary = Canary(desk, USER, SECRET)
    canary.forms |= forms_of(USER, PLAIN)
    canary.allowed = {desk.home / each for each in ALLOWED}
    canary.watch_processes()
    if not scene.is_given:
        at = f"{USER}:{quote(SECRET, safe='')}@"
        url = url.replace("://", f"://{at}")
    desk.variables["ADMIT_INDEX_URL"] = url
    desk.write("reqs.txt", f"-i {url}\nalpha==1.0\n")
    desk.write("reqs.in", f"-i {url}\nalpha\n")
    for number, line in enumerate(chosen):
        carry_out(scene, canary, line, is_json=number % 2 == 1)
    canary.search()
    assert not [each for each in desk.ran if "Traceback" in each.stderr]


def carry_out(scene: Scene, canary: Canary, line: Line, *, is_json: bool) -> None:
    """Run one line, with everything that could tell."""
    name, words = line
    url = scene.desk.variables["ADMIT_INDEX_URL"]
    (command,) = [each for each in COMMANDS if each.name == name]
    taken = {each.name for each in options_of(command)}
    arguments = [name, *(url if each == "URL" else each for each in words), "-vv"]
    if line in WEB:
        arguments += [*scene.options, "-i", url]
    if "--log" not in arguments:
        arguments += ["--log", "log.txt"]
    if "report" in taken and "--report" not in arguments:
        arguments += ["--report", "report.json"]
    if "output-format" in taken and is_json:
        arguments += ["--output-format", "json"]
    if scene.interrupts and line in WEB:
        interrupt(scene, arguments)
    else:
        canary.run(*arguments, typed=f"{PLAIN}\n")


def interrupt(scene: Scene, arguments: list[str]) -> None:
    """Send Ctrl-C as soon as the index is asked."""
    desk, asked = scene.desk, len(scene.server.seen)
    process = subprocess.Popen(
        desk.command(*arguments),
        cwd=desk.work,
        env=desk.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    end = time.monotonic() + 10
    while len(scene.server.seen) == asked and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=20)
    desk.ran.append(Ran(" ".join(arguments), process.returncode, stdout, stderr))


@pytest.mark.pain("G1")
@pytest.mark.parametrize("failure", FAILURES)
def test_some_commands_under_each_failure(scene: Scene, failure: str) -> None:
    number = list(FAILURES).index(failure)
    chosen = [WEB[number % len(WEB)]]
    if number % 3 == 0:
        chosen.append(HERE[number // 3 % len(HERE)])

    play(scene, failure, chosen)


@pytest.mark.exam
@pytest.mark.pain("G1")
@pytest.mark.pain("G4")
@pytest.mark.parametrize("failure", FAILURES)
def test_every_command_under_each_failure(scene: Scene, failure: str) -> None:
    play(scene, failure, [*WEB, *HERE])
