"""Helpers, providers, headers, secrets that are handed over, and the prompt."""

from __future__ import annotations

import json
import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk
from support.helpers_fake import (
    pipe,
    search_files,
    write_package,
    write_program,
    write_provider,
)
from support.index import ALICE, SECRET
from support.recording_server import OK, RecordingServer, Said, redirect, status
from support.terminal import talk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.helpers_fake import Fake
    from support.recording_server import Seen

DENY = Behaviour(DENIALS["401"])
NEWEST = ["mydependency==1.4", "mypackage==2024.1"]
PAIR = {"username": "alice", "password": SECRET}


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def denying(founding_world: Path) -> Iterator[IndexServer]:
    with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
        yield server


def configure(desk: Desk, url: str, *lines: str, name: str = "corp") -> None:
    """Write the user's file: a project's may not name programs or secrets."""
    text = f'[[index]]\nname = "{name}"\nurl = "{url}"\ndefault = true\n'
    path = desk.home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "".join(f"{line}\n" for line in lines))


def answer(document: object) -> str:
    return f"print({json.dumps(json.dumps(document))})\n"


class TestHelper:
    def give(self, desk: Desk, url: str, body: str) -> Fake:
        fake = write_program(desk.home / "bin", "corp-login", body, stdin=True)
        configure(desk, url, f'credential-helper = ["{fake.path}", "--for", "admit"]')
        return fake

    @pytest.mark.pain("E14")
    @pytest.mark.pain("A1")
    def test_it_is_asked_once_with_one_line(
        self, desk: Desk, private: IndexServer
    ) -> None:
        fake = self.give(desk, private.url, answer(PAIR))

        ran = desk.succeed("install", "-v", "mypackage")

        (call,) = fake.calls
        assert call["argv"] == ["--for", "admit"]
        assert json.loads(call["stdin"]) == {
            "version": 1,
            "operation": "get",
            "url": private.url,
            "index": "corp",
            "username": None,
            "refused": False,
        }
        assert "alice via helper" in ran.stderr
        assert private.anonymous == []
        assert desk.installed == NEWEST
        search_files(desk, SECRET, fake.path)

    @pytest.mark.pain("F11")
    def test_a_token_is_sent_as_bearer(self, desk: Desk) -> None:
        with RecordingServer() as server:
            self.give(desk, server.url().text, answer({"token": SECRET}))
            desk.fail("install", "widgets")

        assert {each.authorization for each in server.seen} == {f"Bearer {SECRET}"}

    @pytest.mark.parametrize("said", ["", "null", "{}"])
    def test_it_may_have_nothing(
        self, desk: Desk, private: IndexServer, said: str
    ) -> None:
        self.give(desk, private.url, f"print({said!r})\n")

        desk.succeed("install", "mypackage")

        assert desk.installed == ["mypackage==2020.1"]

    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param("sys.exit(4)\n", "status 4", id="a status"),
            pytest.param("os.abort()\n", "status -6", id="a crash"),
            pytest.param("print('hello')\n", "not JSON", id="garbage"),
            pytest.param("print('[' * 60000)\n", "not JSON", id="deep"),
            pytest.param(
                "sys.stdout.write('x' * 10_000_000)\n", "longer than 64 KiB", id="10 MB"
            ),
            pytest.param("time.sleep(60)\n", "no answer within 1 seconds", id="a hang"),
            pytest.param(
                answer({"username": "alice", "password": f"{SECRET}\n"}),
                "control character",
                id="a line end in the secret",
            ),
            pytest.param(answer({"password": SECRET}), "no `username`", id="no user"),
            pytest.param(
                answer({"username": "alice"}), "without a `password`", id="no password"
            ),
            pytest.param(
                answer({"token": SECRET, "password": SECRET}), "both", id="both"
            ),
            pytest.param(
                answer({**PAIR, "expires": "soon"}), "is no time", id="no time"
            ),
            pytest.param(
                answer({**PAIR, "expires": 1000}), "ended already", id="ended"
            ),
            pytest.param(
                answer({"error": "log in first"}), "it says: log in first", id="words"
            ),
            pytest.param("sys.stdout.buffer.write(b'\\xff')\n", "not JSON", id="bytes"),
        ],
    )
    def test_what_it_does_wrong_is_a_clear_error(
        self, desk: Desk, private: IndexServer, body: str, expected: str
    ) -> None:
        fake = self.give(desk, private.url, body)
        started = time.monotonic()

        ran = desk.fail("install", "--credential-timeout", "1", "mypackage")

        assert expected in ran.stderr
        assert private.url in ran.stderr
        assert time.monotonic() - started < 20
        assert private.requests == []
        assert len(fake.calls) == 1

    def test_one_that_is_not_there(self, desk: Desk, private: IndexServer) -> None:
        configure(desk, private.url, 'credential-helper = ["./no-such-helper"]')

        ran = desk.fail("install", "mypackage")

        assert "no-such-helper" in ran.stderr
        assert "cannot be started" in ran.stderr

    @pytest.mark.pain("E8")
    def test_its_words_reach_the_terminal(
        self, desk: Desk, private: IndexServer
    ) -> None:
        self.give(
            desk, private.url, 'sys.stderr.write("touch the key\\n")\n' + answer(PAIR)
        )

        ran = desk.succeed("install", "mypackage")

        assert "touch the key\n" in ran.stderr

    @pytest.mark.pain("I1")
    def test_a_401_in_the_middle_renews_once_for_all(
        self, desk: Desk, founding_world: Path
    ) -> None:
        body = (
            f"count = open({str(desk.home / 'bin' / 'corp-login.log')!r}).read()\n"
            "first = count.count('\\n') == 1\n"
            "print(json.dumps({'username': 'alice', 'password': "
            f"'st4le-s3cret' if first else {SECRET!r}}}))\n"
        )
        desk.secrets.append("st4le-s3cret")
        with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
            fake = self.give(desk, server.url, body)
            desk.succeed("install", "mypackage")

            asked = [json.loads(each["stdin"])["refused"] for each in fake.calls]
            assert asked == [False, True]
            assert len(server.failed_logins) == 1

    @pytest.mark.pain("I7")
    def test_what_it_gives_does_not_travel_in_clear(self, desk: Desk) -> None:
        self.give(desk, "http://pypi.corp.example/simple/", answer(PAIR))

        ran = desk.fail("install", "mypackage")

        assert "plain http" in ran.stderr

    @pytest.mark.parametrize(
        "line",
        [
            'credential-helper = "cmd"',
            "credential-helper = []",
            "credential-helper=[1]",
        ],
    )
    def test_settings_that_are_none(self, desk: Desk, line: str) -> None:
        configure(desk, "https://pypi.corp.example/", line)

        ran = desk.fail("install", "x", status=2)

        assert "credential-helper" in ran.stderr


PROVIDER = """
class Provider:
    hosts = {hosts!r}
    def get(self, url, username):
        {body}
"""


class TestProvider:
    def give(self, desk: Desk, body: str, hosts: object = ("127.0.0.1",)) -> None:
        folder = desk.home / "packages"
        write_provider(folder, PROVIDER.format(hosts=hosts, body=body))
        desk.variables["PYTHONPATH"] = str(folder)

    @pytest.mark.pain("E14")
    def test_it_is_found_by_its_entry_point(
        self, desk: Desk, private: IndexServer
    ) -> None:
        self.give(desk, f"return {PAIR!r}")

        ran = desk.succeed("install", "-v", "-i", private.url, "mypackage")

        assert private.anonymous == []
        assert desk.installed == NEWEST
        assert "alice via provider (corp of corp_provider)" in ran.stderr

    def test_an_object_with_attributes_will_do(
        self, desk: Desk, private: IndexServer
    ) -> None:
        self.give(
            desk,
            "import types, datetime; return types.SimpleNamespace(username='alice', "
            f"password={SECRET!r}, expires=datetime.datetime(2999, 1, 1))",
        )

        desk.succeed("install", "-i", private.url, "mypackage")

        assert private.anonymous == []

    @pytest.mark.parametrize(
        "hosts", [("pypi.corp.example",), ("*.0.1",), ("27.0.0.1",), ()]
    )
    def test_it_is_asked_for_its_hosts_only(
        self, desk: Desk, private: IndexServer, hosts: tuple[str, ...]
    ) -> None:
        self.give(desk, f"return {PAIR!r}", hosts)

        desk.succeed("install", "-i", private.url, "mypackage")

        is_for = hosts == ("*.0.1",)
        assert desk.installed == (NEWEST if is_for else ["mypackage==2020.1"])

    @pytest.mark.pain("G10")
    def test_it_is_not_asked_for_public_indexes(
        self, desk: Desk, index: IndexServer
    ) -> None:
        self.give(desk, "raise ValueError")
        configure(desk, index.url, "public = true")

        desk.succeed("install", "alpha")

    def test_it_can_be_left_out(self, desk: Desk, private: IndexServer) -> None:
        self.give(desk, "raise ValueError")

        desk.succeed(
            *("install", "--no-credential-providers"),
            *("-i", private.url, "mypackage"),
        )

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param(f"raise ValueError({SECRET!r})", "ValueError", id="raises"),
            pytest.param("import time; time.sleep(60)", "no answer", id="hangs"),
            pytest.param("import sys; sys.exit()", "RuntimeError", id="exits"),
            pytest.param("return {'password': 7}", "not a text", id="a number"),
        ],
    )
    def test_what_it_does_wrong_is_a_clear_error(
        self, desk: Desk, private: IndexServer, body: str, expected: str
    ) -> None:
        self.give(desk, body)

        ran = desk.fail(
            *("install", "--credential-timeout", "1"),
            *("-i", private.url, "mypackage"),
        )

        assert "the credential provider corp" in ran.stderr
        assert expected in ran.stderr
        assert private.requests == []

    def test_one_that_cannot_be_loaded_is_an_error(
        self, desk: Desk, private: IndexServer
    ) -> None:
        self.give(desk, "pass")
        write_package(desk.home / "packages", "corp_provider", "import no_such_module")

        ran = desk.fail("install", "-i", private.url, "mypackage")

        assert "loading it raised ModuleNotFoundError" in ran.stderr
        assert private.requests == []


class TestHeaders:
    @pytest.fixture
    def server(self) -> Iterator[RecordingServer]:
        with RecordingServer() as server:
            yield server

    def values(self, server: RecordingServer) -> set[str | None]:
        return {each.headers.get("x-api-key") for each in server.seen}

    @pytest.mark.pain("F11")
    @pytest.mark.parametrize("kind", ["env", "file", "cmd"])
    def test_each_kind_of_reference_leads_to_the_value(
        self, desk: Desk, server: RecordingServer, kind: str
    ) -> None:
        path = desk.write("key", f"{SECRET}\n")
        where = {"env": "API_KEY", "file": path, "cmd": f"cat '{path}'"}[kind]
        desk.variables["API_KEY"] = SECRET
        configure(
            desk, server.url().text, f'headers = {{ X-Api-Key = "{kind}:{where}" }}'
        )

        ran = desk.fail("install", "-v", "widgets")

        assert self.values(server) == {SECRET}
        assert {each.authorization for each in server.seen} == {None}
        assert "as the header X-Api-Key via configuration" in ran.stderr
        search_files(desk, SECRET, path)

    @pytest.mark.pain("F11")
    def test_a_login_goes_beside_them(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        configure(desk, server.url().text, 'headers = { X-Api-Key = "env:API_KEY" }')
        desk.write_netrc("machine 127.0.0.1 login alice password pw\n")

        desk.fail("install", "widgets", API_KEY=SECRET)

        assert self.values(server) == {SECRET}
        assert server.users == ["alice"]

    @pytest.mark.pain("F11")
    @pytest.mark.pain("C3")
    def test_they_go_to_no_other_origin(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        with RecordingServer() as other:
            server.answer = lambda _: redirect(other.url("/elsewhere/").text)
            configure(
                desk, server.url().text, 'headers = { X-Api-Key = "env:API_KEY" }'
            )
            desk.fail("install", "widgets", API_KEY=SECRET)

        assert self.values(server) == {SECRET}
        assert other.seen
        assert self.values(other) == {None}

    def test_authorization_may_be_one_of_them(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        configure(desk, server.url().text, 'headers = { Authorization = "env:WHOLE" }')
        desk.write_netrc("machine 127.0.0.1 login alice password pw\n")

        desk.fail("install", "widgets", WHOLE=f"Token {SECRET}")

        assert {each.authorization for each in server.seen} == {f"Token {SECRET}"}

    @pytest.mark.pain("A7")
    def test_they_are_a_credential_for_always(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        configure(
            desk,
            server.url().text,
            'headers = { X-Api-Key = "env:API_KEY" }',
            'authenticate = "always"',
        )

        desk.fail("install", "widgets", API_KEY=SECRET)
        desk.fail("install", "widgets")

        assert self.values(server) == {SECRET}

    @pytest.mark.pain("I1")
    def test_a_value_that_was_refused_is_looked_for_again(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        count = desk.home / "count"
        script = desk.write("next", f"echo >> {count}\nwc -l < {count}\n")
        setting = f'headers = {{ X-Api-Key = "cmd:sh {script}" }}'
        configure(desk, server.url().text, setting)

        def reply(seen: Seen) -> Said:
            is_new = seen.headers["x-api-key"].strip() == "2"
            return OK if is_new else status(401)

        server.answer = reply
        desk.fail("install", "widgets")

        assert [each.headers["x-api-key"].strip() for each in server.seen] == ["1", "2"]

    @pytest.mark.parametrize(
        ("reference", "expected"),
        [
            ("env:NOT_SET", "unset or empty"),
            ("file:not-there", "no such file"),
            ("cmd:false", "status 1"),
            ("cmd:no-such-command-at-all", "cannot be started"),
            ("cmd:echo 'x", "a quote is not closed"),
            ("cmd:printf 'a\\\\nb'", "control character"),
            ("cmd:true", "it is empty"),
        ],
    )
    def test_no_value_is_an_error_before_the_network(
        self, desk: Desk, server: RecordingServer, reference: str, expected: str
    ) -> None:
        configure(desk, server.url().text, f'headers = {{ X-Api-Key = "{reference}" }}')

        ran = desk.fail("install", "widgets")

        assert expected in ran.stderr
        assert "X-Api-Key" in ran.stderr
        assert server.seen == []

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (f'{{ X-Api-Key = "{SECRET}" }}', "do not belong into"),
            ('{ Host = "env:X" }', "may not set Host"),
            ('{ "a b" = "env:X" }', "which is no name"),
            ('{ X = "env:" }', "nothing stands behind env:"),
            ('{ X = "env:A", x = "env:B" }', "twice"),
        ],
    )
    def test_settings_that_are_none(
        self, desk: Desk, headers: str, expected: str
    ) -> None:
        configure(desk, "https://pypi.corp.example/", f"headers = {headers}")

        ran = desk.fail("install", "x", status=2)

        assert expected in ran.stderr

    @pytest.mark.pain("I3")
    def test_another_value_is_another_identity(
        self, desk: Desk, founding_world: Path
    ) -> None:
        with IndexServer(founding_world, public=["*"]) as server:
            server.script("/simple/mypackage/", lambda seen, usual: usual())
            configure(desk, server.url, 'headers = { X-Api-Key = "env:API_KEY" }')
            desk.succeed("install", "--dry-run", "mypackage", API_KEY="first-key")
            server.requests.clear()
            desk.succeed("install", "--dry-run", "mypackage", API_KEY="second-key")

            statuses = {each.status for each in server.requests}
        assert 304 not in statuses


class TestHandedOver:
    @pytest.mark.pain("F1")
    @pytest.mark.parametrize("target", ["alice@corp", "URL"])
    def test_by_stdin(self, desk: Desk, denying: IndexServer, target: str) -> None:
        configure(desk, denying.url)
        if target == "URL":
            target = denying.url.replace("://", "://alice@")

        ran = pipe(
            desk,
            f"{SECRET}\n",
            "install",
            "-v",
            "--password-stdin",
            target,
            "mypackage",
        )

        assert ran.status == 0, ran.stderr
        assert (denying.anonymous, denying.failed_logins) == ([], [])
        assert "alice via command line (--password-stdin)" in ran.stderr
        search_files(desk, SECRET)

    def test_by_file_with_a_user_name_of_the_environment(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        configure(desk, denying.url)
        path = desk.write("secret", SECRET)

        desk.succeed(
            *("install", "--credential-file", "corp=secret", "mypackage"),
            ADMIT_INDEX_CORP_USERNAME="alice",
        )

        assert denying.failed_logins == []
        search_files(desk, SECRET, path)

    def test_by_file_as_json(self, desk: Desk, denying: IndexServer) -> None:
        configure(desk, denying.url)
        path = desk.write("secret", json.dumps(PAIR))

        desk.succeed("install", "--credential-file", f"corp={path}", "mypackage")

        assert denying.failed_logins == []

    def test_by_descriptor(self, desk: Desk, denying: IndexServer) -> None:
        configure(desk, denying.url.replace("://", "://alice@"))
        reading, writing = os.pipe()
        os.write(writing, SECRET.encode())
        os.close(writing)

        done = subprocess.run(
            desk.command("install", "--credential-fd", f"corp={reading}", "mypackage"),
            cwd=desk.work,
            env=desk.environment(),
            pass_fds=[reading],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        os.close(reading)

        assert done.returncode == 0, done.stderr
        assert denying.failed_logins == []

    def test_it_goes_before_everything_else(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        configure(desk, denying.url)
        desk.write_netrc("machine 127.0.0.1 login alice password wr0ng-s3cret\n")
        desk.write("secret", SECRET)

        desk.succeed("install", "--credential-file", "alice@corp=secret", "mypackage")

        assert denying.failed_logins == []

    @pytest.mark.parametrize(
        ("arguments", "status", "expected"),
        [
            (["--password-stdin", "nowhere"], 2, "is no index here"),
            (["--password-stdin"], 2, "wants the source"),
            (["--credential-file", "corp"], 2, "wants SOURCE=PATH"),
            (["--credential-fd", "corp=x"], 2, "FD a number"),
            (["--password-stdin", "https://a:b@h.example/"], 2, "holds a password"),
            (["--credential-file", "alice@corp=nothing"], 1, "no such file"),
            (["--credential-fd", "alice@corp=77"], 1, "bad file descriptor"),
            (["--credential-file", "corp=../.config/admit/admit.toml"], 1, "user name"),
            (["--password-stdin", "alice@corp"], 1, "it is empty"),
        ],
    )
    def test_what_cannot_be_read_is_an_error(
        self,
        desk: Desk,
        denying: IndexServer,
        arguments: list[str],
        status: int,
        expected: str,
    ) -> None:
        configure(desk, denying.url)

        ran = desk.run("install", "mypackage", *arguments)

        assert (ran.status, expected in ran.stderr) == (status, True), ran.stderr
        assert denying.requests == []


class TestPrompt:
    @pytest.mark.pain("I10")
    def test_a_challenge_asks_once_on_a_terminal(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        said = talk(
            desk,
            ["install", "-i", denying.url, "mypackage"],
            {"User name for": "alice", "Password of alice for": SECRET},
        )

        assert said.status == 0, said.text
        assert SECRET not in said.text
        assert said.text.count("Password of alice for") == 1
        assert denying.failed_logins == []
        assert desk.installed == NEWEST

    @pytest.mark.pain("I10")
    def test_a_user_name_of_the_url_is_completed_before_the_first_request(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        url = denying.url.replace("://", "://alice@")

        said = talk(desk, ["install", "-i", url, "mypackage"], {"Password": SECRET})

        assert said.status == 0, said.text
        assert denying.anonymous == []

    @pytest.mark.pain("I10")
    @pytest.mark.parametrize(
        ("option", "variables"), [("--no-input", {}), ("--no-progress", {"CI": "1"})]
    )
    def test_nobody_is_asked_where_nobody_wants_it(
        self, desk: Desk, denying: IndexServer, option: str, variables: dict[str, str]
    ) -> None:
        desk.variables |= variables

        said = talk(desk, ["install", option, "-i", denying.url, "mypackage"], {})

        assert said.status == 1
        assert "User name" not in said.text
        assert "ADMIT_INDEX_NAME_USERNAME" in said.text

    def test_logging_in_asks_for_both(self, desk: Desk, denying: IndexServer) -> None:
        said = talk(
            desk,
            ["auth", "login", denying.url],
            {"User name": "alice", "Password": SECRET},
        )
        desk.succeed("install", "-i", denying.url, "mypackage")

        assert said.status == 0, said.text
        assert SECRET not in said.text
        assert desk.installed == NEWEST
