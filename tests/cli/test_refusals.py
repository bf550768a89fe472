"""Every row of rule R6 as a user meets it: the words, whole, from the command line.

An engineer who reads one of these at night must know from it which index it was, who
was sent there and from where, what the answer was, what else was tried, and what to do.
Every text stands in `golden/refusals/`; read them when you change `auth.denial`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.counter import Counter
from support.desk import Desk
from support.proxy import run_proxy
from support.raw_server import Authority
from support.recording_server import HTML, RecordingServer, Said, redirect, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.desk import Ran

    Golden = Callable[[Desk], None]
    Scene = Callable[["Case"], None]

SECRET = "n1ght-canary"
LOGIN = f"alice:{SECRET}"


class Case(NamedTuple):
    """A desk, an index `corp`, and what is behind it."""

    desk: Desk
    server: RecordingServer
    counter: Counter

    def configure(self, *lines: str) -> None:
        """Write the index into admit.toml, with further settings of it."""
        url = self.server.url().text
        table = ["[[index]]", 'name = "corp"', f'url = "{url}"', "default = true"]
        self.desk.write("admit.toml", "\n".join([*table, *lines]) + "\n")

    def log_in(self, secret: str = SECRET) -> None:
        """Give the desk a netrc."""
        text = f"machine 127.0.0.1 login alice password {secret}\n"
        self.desk.write_netrc(text)

    def install(self, *options: str) -> Ran:
        return self.desk.fail("install", "--retries", "0", *options, "alpha")


@pytest.fixture
def case(tmp_path: Path, template: Path, world: Path) -> Iterator[Case]:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    counter = Counter(world)
    with RecordingServer(counter) as server:
        case = Case(desk, server, counter)
        case.configure()
        yield case


def as_alice(case: Case) -> None:
    """Alice has a login, and the index knows it."""
    case.log_in()
    case.counter.logins = (LOGIN,)


def answer(pattern: str, said: Said, *, with_login: bool = True) -> Scene:
    """A scene in which some paths answer so."""

    def scene(case: Case) -> None:
        if with_login:
            as_alice(case)
        case.counter.refuse(pattern, said)

    return scene


def wrong_password(case: Case) -> None:
    case.counter.logins = (LOGIN,)
    case.log_in("of-yesterday")


def no_login(case: Case) -> None:
    case.counter.logins = (LOGIN,)


def wrong_token(case: Case) -> None:
    case.counter.logins = (LOGIN,)
    case.desk.variables["ADMIT_INDEX_CORP_TOKEN"] = "t0ken-canary"
    case.desk.secrets.append("t0ken-canary")


def token_as_a_name(case: Case) -> None:
    case.counter.logins = (LOGIN,)
    token = "glpat-0123456789abcdefghij"
    case.desk.secrets.append(token)
    url = case.server.url().text.replace("://", f"://{token}@")
    case.desk.write("admit.toml", f'[[index]]\nurl = "{url}"\ndefault = true\n')


def locked_out(case: Case) -> None:
    as_alice(case)
    case.counter.refuse("/simple/*", status(403))


def unseen_probe(case: Case) -> None:
    as_alice(case)
    case.configure('probe = "corp-base"')


def always_without(case: Case) -> None:
    case.configure('authenticate = "always"')


def never_and_refused(case: Case) -> None:
    no_login(case)
    case.configure('authenticate = "never"')


def external_and_refused(case: Case) -> None:
    no_login(case)
    case.configure('authenticate = "external"')


def never_with_a_login_in_the_url(case: Case) -> None:
    url = case.server.url().text.replace("://", f"://{LOGIN}@")
    text = f'[[index]]\nname="corp"\nurl="{url}"\nauthenticate="never"\ndefault=true\n'
    case.desk.write("admit.toml", text)


def two_logins(case: Case) -> None:
    lines = [f"machine 127.0.0.1 login {each} password x" for each in ("alice", "bob")]
    case.desk.write_netrc("\n".join(lines) + "\n")


def half_a_login(case: Case) -> None:
    case.desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"


def unset_variable(case: Case) -> None:
    url = case.server.url().text.replace("://", "://alice:${CORP_PASSWORD}@")
    case.desk.variables["ADMIT_PROJECT_VARIABLES"] = "CORP_PASSWORD"
    case.desk.write("admit.toml", f'[[index]]\nurl = "{url}"\ndefault = true\n')


def plain_http(case: Case) -> None:
    url = "http://pypi.corp.example/simple/"
    case.desk.write_netrc(f"machine pypi.corp.example login alice password {SECRET}\n")
    case.desk.write("admit.toml", f'[[index]]\nurl = "{url}"\ndefault = true\n')


def redirected_away(case: Case) -> None:
    as_alice(case)
    case.configure('authenticate = "always"')
    case.counter.refuse(
        "/simple/*", redirect("http://pypi.other.example/simple/alpha/")
    )


def another_file(case: Case) -> None:
    as_alice(case)
    case.counter.refuse(
        "/files/*", Said(body=b"PK\x03\x04 no", content_type="application/zip")
    )


def a_closed_port(case: Case) -> None:
    as_alice(case)
    case.desk.write(
        "admit.toml", '[[index]]\nname="corp"\nurl="http://127.0.0.1:9/simple/"\n'
    )


def remembered(case: Case) -> None:
    as_alice(case)
    case.desk.succeed("install", "--no-deps", "delta")
    (case.desk.home / ".netrc").unlink()


def required_and_missing(case: Case) -> None:
    case.configure("required = true")
    case.counter.refuse("/simple/alpha/", status(404))


SCENES: dict[str, Scene] = {
    "listing 401 wrong password": wrong_password,
    "listing 401 anonymous": no_login,
    "listing 401 wrong token": wrong_token,
    "listing 401 token as a name": token_as_a_name,
    "listing 401 never": never_and_refused,
    "listing 401 external": external_and_refused,
    "listing 403": locked_out,
    "listing 403 anonymous": answer("/simple/*", status(403), with_login=False),
    "listing 404": answer("/simple/*", status(404)),
    "listing 404 anonymous": answer("/simple/*", status(404), with_login=False),
    "listing 404 required": required_and_missing,
    "listing 404 probe": unseen_probe,
    "listing 407": answer("/simple/*", status(407)),
    "listing 418": answer("/simple/*", status(418)),
    "listing 429": answer("/simple/*", status(429, Retry_After="1")),
    "listing 500": answer("/simple/*", status(500)),
    "listing 503": answer("/simple/*", status(503)),
    "listing login page": answer("/simple/*", HTML),
    "listing login page anonymous": answer("/simple/*", HTML, with_login=False),
    "listing redirected away": redirected_away,
    "file 401 anonymous": answer("/files/*", status(401), with_login=False),
    "file 401": answer("/files/*", status(401)),
    "file 403": answer("/files/*", status(403)),
    "file 404": answer("/files/*", status(404)),
    "file 500": answer("/files/*", status(500)),
    "file login page": answer("/files/*", HTML),
    "file of another hash": another_file,
    "no connection": a_closed_port,
    "nothing sent, always": always_without,
    "nothing sent, never": never_with_a_login_in_the_url,
    "nothing sent, two logins": two_logins,
    "nothing sent, half a login": half_a_login,
    "nothing sent, unset variable": unset_variable,
    "nothing sent, plain http": plain_http,
    "nothing sent, remembered": remembered,
}


@pytest.mark.pain("H4")
@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)
def test_a(case: Case, golden: Golden, scene: Scene) -> None:
    scene(case)

    ran = case.install()

    assert "\n  why: " in ran.stderr
    golden(case.desk)


class TestDirectUrls:
    """H11: content that anybody may read is not spoilt by a stale login."""

    @pytest.mark.pain("H11")
    @pytest.mark.parametrize("code", [401, 403, 404])
    def test_one_is_read_as_nobody_at_the_second_try(
        self, case: Case, golden: Golden, code: int
    ) -> None:
        case.log_in("stale")
        case.counter.refuse("/files/*", _only_nobody(case.counter, status(code)))
        url = f"{case.server.origin}/files/alpha-2.0-py3-none-any.whl"

        case.desk.succeed("install", url, ADMIT_RETRIES="0")

        assert case.desk.installed == ["alpha==2.0"]
        asked = [each.user for each in case.server.seen]
        assert asked.count("alice") <= 2  # the end of the file, then the whole
        assert set(asked) == {"alice", "-"}
        golden(case.desk)

    @pytest.mark.pain("H11")
    def test_a_pinned_file_is_too(self, case: Case) -> None:
        case.log_in()
        case.counter.refuse("/files/*", _only_nobody(case.counter, status(403)))
        digest = case.counter._described("alpha-2.0-py3-none-any.whl")["hashes"]
        assert isinstance(digest, dict)
        case.desk.write(
            "requirements.txt", f"alpha==2.0 --hash=sha256:{digest['sha256']}\n"
        )

        ran = case.desk.succeed("install", "-r", "requirements.txt")

        assert "asking once more without a credential" in ran.stderr
        assert case.desk.installed == ["alpha==2.0"]

    @pytest.mark.pain("H11")
    def test_a_listing_never_is(self, case: Case) -> None:
        case.log_in("stale")
        case.counter.refuse("/simple/*", _only_nobody(case.counter, status(401)))

        case.install()

        assert {each.user for each in case.server.seen} == {"alice"}

    @pytest.mark.pain("H11")
    def test_nor_is_one_under_always(self, case: Case, golden: Golden) -> None:
        case.log_in("stale")
        case.counter.refuse("/files/*", _only_nobody(case.counter, status(403)))
        url = f"{case.server.origin}/files/alpha-2.0-py3-none-any.whl"

        case.desk.fail("install", "--authenticate", "always", url)

        assert {each.user for each in case.server.seen} == {"alice"}
        golden(case.desk)


def _only_nobody(counter: Counter, refusal: Said) -> Callable[..., Said]:
    return lambda seen: counter.usual(seen) if seen.user == "-" else refusal


class TestOtherOrigins:
    @pytest.mark.pain("C6")
    def test_from_https_to_http(
        self, case: Case, golden: Golden, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path)
        with RecordingServer(
            lambda _: redirect(case.server.url().text),
            tls=authority.server_context("127.0.0.1"),
        ) as secure:
            url = secure.url().text
            case.desk.write("admit.toml", f'[[index]]\nname="corp"\nurl="{url}"\n')
            case.log_in()
            case.install("--cert", str(authority.bundle))

        assert case.server.seen == []
        golden(case.desk)

    @pytest.mark.pain("I6")
    def test_a_proxy_that_refuses(self, case: Case, golden: Golden) -> None:
        case.log_in()
        with run_proxy("bob:right") as proxy:
            url = f"http://bob:{SECRET}@127.0.0.1:{proxy.port}"
            case.install("--proxy", url)

        assert case.server.seen == []
        golden(case.desk)

    def test_a_certificate_that_nobody_trusts(
        self, case: Case, golden: Golden, tmp_path: Path
    ) -> None:
        authority = Authority(tmp_path)
        context = authority.server_context("127.0.0.1")
        with RecordingServer(tls=context) as secure:
            url = secure.url().text
            case.desk.write("admit.toml", f'[[index]]\nname="corp"\nurl="{url}"\n')
            case.log_in()
            case.install()

        golden(case.desk)
