"""The canary search: no secret stands anywhere but where the user put it.

Unusual secrets go in by every way there is, through runs that succeed and runs that
fail, at the highest verbosity. Then everything is searched for them, raw,
percent-encoded and inside base64: what was printed, every file below the home (cache,
environment, working folder) and the temporary folder, and the arguments of every
process that was started. `make test` tries each way with two of the secrets, by rota;
`make exam` tries the others.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from support.canary import Canary
from support.desk import Desk
from support.helpers_fake import pipe, write_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from admit.serve.visibility import Account

    Way = Callable[[Desk, IndexServer, str, str], list[str]]

DENY = Behaviour(DENIALS["401"])
USER = "alice"
SECRETS = {
    "marks": "p@ss:w/rd?#&=%41+~;,",
    "letters": "pässwörd-ünïcode-ключ",
    "plain": "tr0ub4dor-and-3",
    "spaces": 'a "quoted" secret \\ here',
    "template": "{name}-$HOME-%(x)s-%20",
}
UV_STORE = ".local/share/uv/credentials/credentials.toml"
WHERE_IT_WAS_PUT = (
    ".netrc",
    ".local/share/admit/credentials.json",
    UV_STORE,
    "bin/asked",
    "work/admit.toml",
    "work/secret",
)
TOKEN = "glpat-canary0123456789abcdefghijklmnop"


@pytest.fixture
def bare(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    return desk


def by_url(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    userinfo = f"{quote(user, safe='')}:{quote(secret, safe='')}@"
    return ["-i", server.url.replace("://", f"://{userinfo}")]


def by_netrc(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    shown = secret.replace("\\", "\\\\").replace('"', '\\"')
    desk.write_netrc(f'machine 127.0.0.1 login {user} password "{shown}"\n')
    return ["-i", server.url]


def by_variables(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    desk.variables |= {
        "ADMIT_INDEX_CORP_USERNAME": user,
        "ADMIT_INDEX_CORP_PASSWORD": secret,
    }
    return ["--index", f"corp={server.url}", "-i", server.url]


def by_reference(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    desk.variables["OUR_SECRET"] = secret
    url = server.url.replace("://", f"://{user}:${{OUR_SECRET}}@")
    desk.write("requirements.txt", f"-i {url}\nmypackage\n")
    return ["-r", "requirements.txt"]


def by_file(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    userinfo = f"{quote(user, safe='')}:{quote(secret, safe='')}@"
    url = server.url.replace("://", f"://{userinfo}")
    desk.write("admit.toml", f'[[index]]\nname = "corp"\nurl = "{url}"\ndefault=true\n')
    return []


def by_store(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    words = ("auth", "login", "-vv", server.url, "--username", user)
    pipe(desk, f"{secret}\n", *words, "--password-stdin")
    desk.succeed("auth", "list", "-vv")
    server.requests.clear()  # logging in asks as nobody too, to compare
    return ["-i", server.url]


def by_uv_store(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    path = desk.home / UV_STORE
    path.parent.mkdir(parents=True)
    entry = {"service": server.url, "username": user, "password": secret}
    rows = (f"{key} = {json.dumps(each)}\n" for key, each in entry.items())
    path.write_text(f"[[credential]]\n{''.join(rows)}")
    return ["-i", server.url]


def by_keyring(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    answer = json.dumps({"username": user, "password": secret})
    write_program(desk.home / "bin", "asked", f"print({answer!r})\n")
    command = str(desk.home / "bin/asked")
    words = ["-i", server.url, "--keyring", "subprocess"]
    return [*words, "--keyring-command", command]


def by_helper(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    answer = json.dumps({"username": user, "password": secret})
    fake = write_program(desk.home / "bin", "asked", f"print({answer!r})\n")
    write_own(desk, server, f'credential-helper = ["{fake.path}"]')
    return []


def by_given_file(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    path = desk.write("secret", secret)
    given = f"{user}@corp={path}"
    index = ["--index", f"corp={server.url}", "-i", server.url]
    return [*index, "--credential-file", given]


def by_header(desk: Desk, server: IndexServer, user: str, secret: str) -> list[str]:
    pair = base64.b64encode(f"{user}:{secret}".encode()).decode()
    desk.variables["WHOLE_HEADER"] = f"Basic {pair}"
    write_own(desk, server, 'headers = { Authorization = "env:WHOLE_HEADER" }')
    return []


def write_own(desk: Desk, server: IndexServer, line: str) -> None:
    """Write the user's own configuration: a project's may not name programs."""
    path = desk.home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f'[[index]]\nurl = "{server.url}"\ndefault = true\n{line}\n')


WAYS: dict[str, Way] = {
    "store": by_store,
    "uv's store": by_uv_store,
    "keyring": by_keyring,
    "helper": by_helper,
    "given file": by_given_file,
    "header": by_header,
    "url": by_url,
    "netrc": by_netrc,
    "variables": by_variables,
    "reference": by_reference,
    "file": by_file,
}


def ways_and_secrets() -> Iterator[object]:
    """Every way with every secret; for the exam what is not this way's turn."""
    others = [name for name in SECRETS if name != "marks"]
    for number, way in enumerate(WAYS):
        turns = ("marks", others[number % len(others)])
        for name, secret in SECRETS.items():
            marks = () if name in turns else (pytest.mark.exam,)
            yield pytest.param(way, secret, marks=marks, id=f"{way}-{name}")


def serve(world: Path, who: Account) -> IndexServer:
    return IndexServer(world, accounts=[who], behaviour=DENY)


@pytest.fixture
def canary(bare: Desk, secret: str) -> Iterator[Canary]:
    canary = Canary(bare, USER, secret)
    canary.watch_processes()
    canary.allowed = {bare.home / each for each in WHERE_IT_WAS_PUT}
    yield canary
    canary.search()


@pytest.mark.pain("G1")
@pytest.mark.parametrize(("way", "secret"), [*ways_and_secrets()])
@pytest.mark.pain("G4")
def test_no_secret_leaks(
    canary: Canary, way: str, secret: str, founding_world: Path
) -> None:
    desk = canary.desk
    with serve(founding_world, account(USER, secret, "*")) as server:
        options = WAYS[way](desk, server, USER, secret)

        desk.succeed("install", "-vv", "mypackage", *options)
        desk.fail("install", "-vv", "absent-project", *options)
        server.revoke(USER)
        desk.fail("install", "-vv", "-U", "mypackage", *options)
        server.indexes[0].visibility.rotate(USER, "another")
        desk.fail("install", "-vv", "--reinstall", "mypackage", *options)

        assert server.anonymous == []
    assert list(canary.arguments.iterdir()), "no process was seen"
    desk.succeed("freeze", "-vv")


@pytest.mark.pain("G1")
@pytest.mark.parametrize("secret", [SECRETS["marks"], SECRETS["letters"]])
@pytest.mark.parametrize("way", [each for each in WAYS if each != "reference"])
def test_explaining_and_checking_leak_nothing(
    canary: Canary, way: str, secret: str, founding_world: Path
) -> None:
    desk = canary.desk
    with serve(founding_world, account(USER, secret, "*")) as server:
        options = WAYS[way](desk, server, USER, secret)

        for json_too in ([], ["--json"]):
            desk.succeed("auth", "explain", "-vv", *options, *json_too)
            desk.succeed("auth", "check", "-vv", *options, *json_too)
        server.indexes[0].visibility.rotate(USER, "another")
        desk.fail("auth", "check", "-vv", *options)

        assert len(server.failed_logins) <= 2


@pytest.mark.pain("G2")
@pytest.mark.parametrize("form", ["{}:", "{}", ":{}"])
def test_a_token_in_the_url_is_masked(
    bare: Desk, founding_world: Path, form: str
) -> None:
    canary = Canary(bare, TOKEN, "")
    canary.forms = {
        TOKEN.encode(),
        base64.b64encode(f"{TOKEN}:".encode()).rstrip(b"="),
        base64.b64encode(f":{TOKEN}".encode()).rstrip(b"="),
    }
    pair = ("", TOKEN) if form.startswith(":") else (TOKEN, "")
    with serve(founding_world, account(*pair, "*")) as server:
        url = server.url.replace("://", f"://{form.format(TOKEN)}@")
        bare.succeed("install", "-vv", "mypackage", "-i", url)
        bare.fail("install", "-vv", "absent", "-i", url)
        server.script("/simple/*", lambda seen, usual: usual())
        server.indexes[0].visibility.rotate(pair[0], "another")
        bare.fail("install", "-vv", "--reinstall", "mypackage", "-i", url)

    canary.search()


@pytest.mark.pain("G1")
@pytest.mark.parametrize(
    "arguments",
    [
        ["install", "x @ https://alice:{}@[broken/x-1.0-py3-none-any.whl"],
        ["install", "https://alice:{}@pypi.corp.example/x.zip"],
        ["install", "-i", "https://alice:{}@[broken", "x"],
        ["install", "-i", "https://alice:{}@pypi.corp.example:port/", "x"],
        ["install", "--proxy", "http://alice:{}@[broken", "x"],
        ["install", "--index", "corp=ht!tp://alice:{}@h", "x"],
        ["install", "--frobnicate=https://alice:{}@pypi.corp.example/"],
        ["install", "-r", "https://alice:{}@127.0.0.1:9/requirements.txt"],
        ["https://alice:{}@pypi.corp.example/"],
        ["install", "--timeout", "https://alice:{}@pypi.corp.example/", "x"],
        ["list", "--format", "https://alice:{}@pypi.corp.example/"],
        ["install", "-p", "https://alice:{}@pypi.corp.example/", "x"],
        ["install", "--cert", "https://alice:{}@pypi.corp.example/", "x"],
    ],
    ids=lambda each: " ".join(each)[:60].replace("/", "_"),
)
def test_what_cannot_be_understood_is_echoed_masked(
    bare: Desk, arguments: list[str]
) -> None:
    secret = SECRETS["plain"]

    given = [each.format(secret) for each in arguments]
    bare.variables |= {
        "ADMIT_INDEX_URL": "http://127.0.0.1:9/simple/",
        "ADMIT_RETRIES": "0",
    }
    ran = bare.run(*given)

    assert ran.status in (1, 2)
    assert secret not in ran.stdout + ran.stderr, ran.stderr


@pytest.mark.parametrize(
    "variable",
    ["ADMIT_INDEX_URL", "ADMIT_PROXY", "HTTPS_PROXY", "ADMIT_TIMEOUT", "ADMIT_PRE"],
)
def test_variables_that_cannot_be_understood_are_echoed_masked(
    bare: Desk, variable: str
) -> None:
    secret = SECRETS["plain"]

    ran = bare.run("install", "x", **{variable: f"https://alice:{secret}@[broken"})

    assert ran.status in (1, 2)
    assert secret not in ran.stdout + ran.stderr, ran.stderr


def test_the_search_finds_what_is_there(bare: Desk) -> None:
    canary = Canary(bare, USER, SECRETS["marks"])
    pair = base64.b64encode(f"{USER}:{SECRETS['marks']}".encode()).decode()
    bare.write("leak", f"Authorization: Basic {pair}")

    with pytest.raises(AssertionError, match="stands in"):
        canary.search()
