"""`admit auth`: the store of credentials from the outside."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk
from support.helpers_fake import pipe, search_files
from support.index import ALICE, SECRET
from support.recording_server import RecordingServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Ran

DENY = Behaviour(DENIALS["401"])
NEWEST = ["mydependency==1.4", "mypackage==2024.1"]


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def denying(founding_world: Path) -> Iterator[IndexServer]:
    """The founding index, which answers nobody."""
    with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
        yield server


def store_of(desk: Desk) -> Path:
    return desk.home / ".local/share/admit/credentials.json"


def log_in(desk: Desk, url: str, *more: str, secret: str = SECRET) -> Ran:
    words = ("auth", "login", url, "--password-stdin", *more)
    return pipe(desk, f"{secret}\n", *words)


def write_store(desk: Desk, *entries: dict[str, str], name: str = "") -> Path:
    path = store_of(desk)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 1, "credentials": entries}))
    path.chmod(0o600)
    return path


class TestLogin:
    @pytest.mark.pain("A1")
    @pytest.mark.pain("E13")
    def test_what_was_stored_is_on_every_request(
        self, desk: Desk, private: IndexServer
    ) -> None:
        ran = log_in(desk, private.url, "--username", "alice")
        private.requests.clear()

        desk.succeed("install", "-v", "-i", private.url, "mypackage")

        assert ran.status == 0
        assert "1 project more than an anonymous caller" in ran.stderr
        assert private.anonymous == []
        assert desk.installed == NEWEST
        assert "alice via store" in desk.ran[-1].stderr
        search_files(desk, SECRET, store_of(desk))

    @pytest.mark.pain("G8")
    def test_only_the_owner_can_read_the_store(
        self, desk: Desk, private: IndexServer
    ) -> None:
        old = os.umask(0)
        try:
            log_in(desk, private.url, "--username", "alice")
        finally:
            os.umask(old)

        path = store_of(desk)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    @pytest.mark.pain("H5")
    def test_a_wrong_password_is_asked_once_and_not_stored(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        desk.secrets.append("wr0ng-s3cret")

        url = denying.url
        ran = log_in(desk, url, "--username", "alice", secret="wr0ng-s3cret")

        assert ran.status == 1
        assert "is refused (401)" in ran.stderr
        assert "nothing was stored" in ran.stderr
        assert len(denying.failed_logins) == 1
        assert not store_of(desk).exists()

    def test_it_says_that_nobody_else_is_let_in(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        ran = log_in(desk, denying.url, "--username", "alice")

        assert ran.status == 0
        assert "confirmed" in ran.stderr

    def test_without_verifying_nothing_is_sent(
        self, desk: Desk, private: IndexServer
    ) -> None:
        ran = log_in(desk, private.url, "--username", "alice", "--no-verify")

        assert ran.status == 0
        assert private.requests == []
        assert store_of(desk).exists()

    @pytest.mark.pain("G4")
    def test_a_password_on_the_command_line_is_refused(
        self, desk: Desk, private: IndexServer
    ) -> None:
        ran = desk.run("auth", "login", private.url_as("alice"))

        assert ran.status == 2
        assert "holds a password" in ran.stderr
        assert private.requests == []

    @pytest.mark.parametrize(
        ("arguments", "status", "expected"),
        [
            pytest.param([], 2, "wants one source", id="nothing"),
            pytest.param(["nowhere"], 2, "no index nowhere", id="an unknown name"),
            pytest.param(["URL"], 2, "no user name", id="no user name"),
            pytest.param(["URL", "--username", "a"], 2, "no terminal", id="no secret"),
            pytest.param(["https://[x"], 2, "no usable host", id="no URL"),
        ],
    )
    def test_what_is_missing_is_said(
        self,
        desk: Desk,
        private: IndexServer,
        arguments: list[str],
        status: int,
        expected: str,
    ) -> None:
        words = [private.url if each == "URL" else each for each in arguments]

        ran = desk.run("auth", "login", *words)

        assert (ran.status, expected in ran.stderr) == (status, True), ran.stderr
        assert not store_of(desk).exists()

    @pytest.mark.pain("F13")
    @pytest.mark.parametrize("secret", ["two\nlines", "bell\x07"])
    def test_control_characters_are_refused_unseen(
        self, desk: Desk, private: IndexServer, secret: str
    ) -> None:
        ran = log_in(desk, private.url, "--username", "alice", secret=secret)

        assert ran.status == 1
        assert "control character" in ran.stderr
        assert secret not in ran.stderr
        assert not store_of(desk).exists()

    @pytest.mark.pain("I7")
    def test_it_is_not_tried_over_plain_http(self, desk: Desk) -> None:
        ran = log_in(desk, "http://pypi.corp.example/", "--username", "alice")

        assert ran.status == 1
        assert "plain http" in ran.stderr
        assert not store_of(desk).exists()

    def test_a_named_index_is_found_by_its_name(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.write("admit.toml", f'[[index]]\nname = "corp"\nurl = "{private.url}"\n')

        ran = log_in(desk, "corp", "--username", "alice")
        again = pipe(
            desk,
            SECRET,
            *("auth", "login", "--username", "alice", "--password-stdin", "corp"),
        )

        assert (ran.status, again.status) == (0, 0)
        assert len(json.loads(store_of(desk).read_text())["credentials"]) == 1

    def test_what_goes_before_the_store_is_told(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.write("admit.toml", f'[[index]]\nname = "corp"\nurl = "{private.url}"\n')
        desk.variables |= {
            "ADMIT_INDEX_CORP_USERNAME": "bob",
            "ADMIT_INDEX_CORP_PASSWORD": "secret-of-bob",
        }

        ran = log_in(desk, "corp", "--username", "alice")

        assert "still asked as bob via environment" in ran.stderr

    @pytest.mark.pain("F11")
    def test_a_token_is_sent_as_bearer(self, desk: Desk) -> None:
        with RecordingServer() as server:
            url = server.url().text
            ran = log_in(desk, url, "--token", "--no-verify")
            desk.fail("install", "-i", url, "widgets")

        assert ran.status == 0
        assert {each.authorization for each in server.seen} == {f"Bearer {SECRET}"}


class TestPrecedence:
    def test_the_store_goes_before_netrc(
        self, desk: Desk, private: IndexServer
    ) -> None:
        log_in(desk, private.url, "--username", "alice", "--no-verify")
        desk.write_netrc("machine 127.0.0.1 login alice password old-s3cret\n")

        desk.succeed("install", "-i", private.url, "mypackage")

        assert private.failed_logins == []
        assert desk.installed == NEWEST

    @pytest.mark.pain("B5")
    @pytest.mark.pain("E13")
    def test_the_longest_prefix_wins_by_whole_segments(self, desk: Desk) -> None:
        with RecordingServer() as server:
            write_store(
                desk,
                entry(f"{server.origin}/", "root"),
                entry(f"{server.origin}/team/", "team"),
                entry(f"{server.origin}/teams", "other"),
            )
            for path in ("/team/simple/", "/teamwork/simple/", "/teams/simple/"):
                desk.fail("install", "-i", f"{server.origin}{path}", "widgets")

        assert server.users == ["team", "root", "other"]

    @pytest.mark.pain("E13")
    def test_two_of_one_prefix_are_an_error_that_names_them(self, desk: Desk) -> None:
        with RecordingServer() as server:
            url = f"{server.origin}/simple/"
            write_store(desk, entry(url, "alice"), entry(url, "bob"))
            ran = desk.fail("install", "-i", url, "widgets")
            named = url.replace("://", "://bob@")
            desk.fail("install", "-i", named, "widgets")

        assert "several entries" in ran.stderr
        assert "alice, bob" in ran.stderr
        assert server.users == ["bob"]

    @pytest.mark.pain("B6")
    def test_another_port_or_scheme_gets_nothing(self, desk: Desk) -> None:
        with RecordingServer() as server, RecordingServer() as other:
            write_store(
                desk,
                entry(f"{other.origin}/", "alice"),
                entry(f"https://127.0.0.1:{server.port}/", "bob"),
            )
            desk.fail("install", "-i", server.url().text, "widgets")

        assert server.users == ["-"]

    @pytest.mark.pain("E2")
    def test_a_public_index_gets_nothing(self, desk: Desk) -> None:
        with RecordingServer() as server:
            write_store(desk, entry(f"{server.origin}/", "alice"))
            desk.write(
                "admit.toml",
                f'[[index]]\nurl = "{server.url().text}"\ndefault = true\n'
                "public = true\n",
            )
            desk.fail("install", "widgets")

        assert server.users == ["-"]


def entry(url: str, username: str, password: str = SECRET) -> dict[str, str]:
    return {"url": url, "username": username, "password": password}


class TestUv:
    TEXT = '[[credential]]\nservice = "{}"\nusername = "alice"\npassword = "{}"\n'

    def test_its_store_is_read(self, desk: Desk, private: IndexServer) -> None:
        path = desk.home / ".local/share/uv/credentials/credentials.toml"
        path.parent.mkdir(parents=True)
        path.write_text(self.TEXT.format(private.url, SECRET))
        path.chmod(0o600)

        desk.succeed("install", "-v", "-i", private.url, "mypackage")
        listed = desk.succeed("auth", "list")

        assert private.anonymous == []
        assert "alice via uv's store" in desk.ran[0].stderr
        assert "alice" in listed.stdout
        assert "credentials.toml" in listed.stdout

    def test_where_its_variable_says(self, desk: Desk, private: IndexServer) -> None:
        path = desk.write("there/credentials.toml", self.TEXT.format(private.url, "x"))
        path.write_text(
            f'[[credential]]\nservice = "{private.url}"\nscheme = "bearer"\n'
            f'token = "{SECRET}"\n'
        )
        path.chmod(0o644)

        ran = desk.run(
            "auth", "explain", private.url, UV_CREDENTIALS_DIR=str(path.parent)
        )

        assert "a token via uv's store" in ran.stdout
        assert "other users of this machine can read" in ran.stderr


class TestListing:
    def test_tokens_are_masked(self, desk: Desk) -> None:
        token = "glpat-canary0123456789abcdefghij"
        desk.secrets.append(token)
        write_store(
            desk,
            entry("https://one.corp.example/", token, ""),
            entry("https://two.corp.example/", "alice"),
            {"url": "https://three.corp.example/", "token": SECRET},
        )

        text = desk.succeed("auth", "list").stdout
        found = json.loads(desk.succeed("auth", "list", "--json").stdout)

        assert "https://one.corp.example/    ****" in text
        assert [each["user"] for each in found] == ["****", "alice", "a token"]

    @pytest.mark.pain("H4")
    def test_the_secret_is_printed_on_request_only(
        self, desk: Desk, private: IndexServer
    ) -> None:
        log_in(desk, private.url, "--username", "alice", "--no-verify")
        desk.secrets.clear()

        ran = desk.run("auth", "token", private.url, "--log", "run.log", "-vv")

        assert (ran.status, ran.stdout) == (0, f"{SECRET}\n")
        assert SECRET not in ran.stderr
        assert SECRET not in (desk.work / "run.log").read_text()
        assert private.requests == []

    def test_no_secret_to_print_is_an_error(self, desk: Desk) -> None:
        ran = desk.fail("auth", "token", "https://pypi.corp.example/simple/")

        assert "admit auth login https://pypi.corp.example/simple/" in ran.stderr

    def test_logging_out_removes_one(self, desk: Desk, private: IndexServer) -> None:
        write_store(desk, entry(private.url, "alice"), entry(private.url, "bob"))

        desk.succeed("auth", "logout", private.url, "--username", "bob")
        left = desk.succeed("auth", "list").stdout
        desk.succeed("auth", "logout", private.url)
        again = desk.fail("auth", "logout", private.url, status=2)

        assert "alice" in left
        assert "bob" not in left
        assert "there is no credential" in again.stderr
        assert SECRET not in store_of(desk).read_text()

    def test_the_folder_can_be_chosen(self, desk: Desk, tmp_path: Path) -> None:
        usual = desk.succeed("auth", "dir").stdout
        chosen = desk.succeed("auth", "dir", ADMIT_CREDENTIALS_DIR=str(tmp_path / "x"))
        shared = desk.succeed("auth", "dir", XDG_DATA_HOME=str(tmp_path / "data"))

        assert usual == f"{store_of(desk).parent}\n"
        assert chosen.stdout == f"{tmp_path / 'x'}\n"
        assert shared.stdout == f"{tmp_path / 'data' / 'admit'}\n"


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["login", "pypi.corp.example/simple/"], "`https://pypi.corp.example/simple/`"),
        (["logout", "crop"], "a URL such as https://HOST/simple/"),
        (["check", "crop"], "a URL such as https://HOST/simple/"),
        (["explain", "pypi.corp.example"], "`https://pypi.corp.example`"),
        (["login", "--token", "abc", "https://h.example/"], "--token --password-stdin"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(
    desk: Desk, words: list[str], fix: str
) -> None:
    ran = desk.fail("auth", *words, status=2)

    assert fix in ran.stderr
    assert "abc" not in ran.stderr


class TestDamage:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("{", id="no JSON"),
            pytest.param('{"version": 9}', id="a later version"),
            pytest.param('{"version": 1, "credentials": [7]}', id="no table"),
            pytest.param("[" * 100_000, id="deep"),
            pytest.param(
                '{"version": 1, "credentials": [{"url": "https://a:b@h/", '
                '"password": "x"}]}',
                id="userinfo",
            ),
        ],
    )
    @pytest.mark.pain("D5")
    def test_a_store_that_names_the_host_is_an_error(
        self, desk: Desk, private: IndexServer, text: str
    ) -> None:
        path = write_store(desk)
        path.write_text(f"{text} 127.0.0.1 {SECRET}")

        ran = desk.fail("install", "-i", private.url, "mypackage")
        log = log_in(desk, private.url, "--username", "alice", "--no-verify")
        there = ("-i", "http://localhost:9/", "--retries", "0")
        elsewhere = desk.fail("install", *there, "mypackage")

        assert "credentials.json cannot be read" in ran.stderr
        assert private.requests == []
        assert log.status == 1
        assert path.read_text().endswith(SECRET), "a damaged store is left as it is"
        assert "warning: " in elsewhere.stderr

    def test_a_store_others_can_read_is_warned_of(
        self, desk: Desk, private: IndexServer
    ) -> None:
        write_store(desk, entry(private.url, "alice")).chmod(0o644)

        ran = desk.succeed("install", "-i", private.url, "mypackage")

        assert "`chmod 600` closes it" in ran.stderr

    @pytest.mark.parametrize("words", [[], ["frobnicate"], ["list", "more"]])
    def test_verbs_that_are_none(self, desk: Desk, words: list[str]) -> None:
        ran = desk.fail("auth", *words, status=2)

        assert "error: " in ran.stderr
