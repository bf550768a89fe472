"""keyring, as a command and in process: asked once, told apart, never in the way."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk
from support.helpers_fake import search_files, write_package, write_program
from support.index import ALICE, SECRET
from support.recording_server import RecordingServer, only

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.helpers_fake import Fake

DENY = Behaviour(DENIALS["401"])
NEWEST = ["mydependency==1.4", "mypackage==2024.1"]
SUBPROCESS = ("--keyring", "subprocess")
ANSWER = """
words = sys.argv[1:]
if "--mode" not in words:
    sys.exit(9)
print(json.dumps({"username": %r, "password": %r}))
"""
NOTHING = "sys.exit(1)\n"
OLD = """
words = sys.argv[1:]
if "--mode" in words:
    sys.stderr.write("usage: keyring [-h]\\nkeyring: error: unrecognized arguments: "
                     "--mode creds --output json\\n")
    sys.exit(2)
sys.stdout.write(%r)
"""


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


def give(desk: Desk, body: str, name: str = "keyring") -> Fake:
    """Put a command on the desk's PATH."""
    fake = write_program(desk.home / "bin", name, body)
    desk.variables["PATH"] = f"{fake.path.parent}:/usr/bin:/bin"
    return fake


class TestCommand:
    @pytest.mark.pain("A3")
    @pytest.mark.pain("E1")
    @pytest.mark.pain("E4")
    @pytest.mark.pain("E5")
    def test_it_is_asked_once_before_the_first_request(
        self, desk: Desk, private: IndexServer
    ) -> None:
        fake = give(desk, ANSWER % ("alice", SECRET))

        desk.succeed("install", "-v", *SUBPROCESS, "-i", private.url, "mypackage")

        assert private.anonymous == []
        assert desk.installed == NEWEST
        assert fake.asked == [private.url]
        words = ["--mode", "creds", "--output", "json", "get"]
        assert fake.calls[0]["argv"][:5] == words
        assert f"alice via keyring ({private.url} by {fake.path})" in desk.ran[0].stderr
        search_files(desk, SECRET, fake.path)

    @pytest.mark.pain("E2")
    def test_it_is_off_unless_asked_for(self, desk: Desk, private: IndexServer) -> None:
        fake = give(desk, ANSWER % ("alice", SECRET))
        del desk.variables["ADMIT_NO_FOREIGN_CONFIG"]
        desk.variables["PIP_CONFIG_FILE"] = "/dev/null"

        desk.succeed("install", "-i", private.url, "mypackage")
        desk.succeed(
            *("install", "-i", private.url, "mypackage"),
            PIP_KEYRING_PROVIDER="auto",
        )

        assert fake.calls == []

    @pytest.mark.parametrize(
        "variable", ["ADMIT_KEYRING", "UV_KEYRING_PROVIDER", "PIP_KEYRING_PROVIDER"]
    )
    def test_variables_switch_it_on(
        self, desk: Desk, private: IndexServer, variable: str
    ) -> None:
        fake = give(desk, ANSWER % ("alice", SECRET))

        del desk.variables["ADMIT_NO_FOREIGN_CONFIG"]
        desk.variables |= {variable: "subprocess", "PIP_CONFIG_FILE": "/dev/null"}

        desk.succeed("install", "-i", private.url, "mypackage")

        assert len(fake.calls) == 1
        assert private.anonymous == []

    @pytest.mark.pain("E2")
    def test_it_is_not_asked_for_a_public_index(
        self, desk: Desk, index: IndexServer
    ) -> None:
        fake = give(desk, ANSWER % ("alice", SECRET))
        desk.write(
            "admit.toml",
            f'[[index]]\nurl = "{index.url}"\ndefault = true\npublic = true\n',
        )

        desk.succeed("install", *SUBPROCESS, "alpha")

        assert fake.calls == []

    @pytest.mark.pain("E4")
    def test_then_it_is_asked_for_the_host(self, desk: Desk) -> None:
        fake = give(desk, NOTHING)
        with RecordingServer() as server:
            url = server.url(userinfo="alice").text
            named = url.replace("://", "://alice@")
            ran = desk.fail("install", *SUBPROCESS, "-i", named, "widgets")

        host = f"127.0.0.1:{server.port}"
        assert fake.asked == [f"{url} alice", f"{host} alice"]
        assert server.seen == []
        assert "no password for alice" in ran.stderr

    @pytest.mark.pain("F8")
    def test_a_user_name_is_completed_by_it(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        give(desk, ANSWER % ("alice", SECRET))
        url = denying.url.replace("://", "://alice@")

        desk.succeed("install", *SUBPROCESS, "-i", url, "mypackage")

        assert (denying.anonymous, denying.failed_logins) == ([], [])

    @pytest.mark.pain("E6")
    def test_the_pair_that_comes_back_is_used_and_said(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        give(desk, ANSWER % ("alice", SECRET))
        url = denying.url.replace("://", "://__token__@")

        ran = desk.succeed("install", *SUBPROCESS, "-i", url, "mypackage")

        assert denying.failed_logins == []
        assert "keyring has alice, not __token__" in ran.stderr

    @pytest.mark.pain("E5")
    @pytest.mark.pain("E11")
    @pytest.mark.parametrize("end", ["\n", "\r\n", ""])
    def test_an_old_one_is_told_a_user_name(
        self, desk: Desk, denying: IndexServer, end: str
    ) -> None:
        fake = give(desk, OLD % f"{SECRET}{end}")
        url = denying.url.replace("://", "://alice@")

        ran = desk.succeed("install", *SUBPROCESS, "-i", url, "mypackage")

        assert [each["argv"][0] for each in fake.calls] == ["--mode", "get"]
        assert "usage:" not in ran.stderr
        assert denying.failed_logins == []

    @pytest.mark.pain("E5")
    def test_an_old_one_without_a_user_name_has_nothing(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        give(desk, OLD % SECRET)

        ran = desk.fail("install", *SUBPROCESS, "-i", denying.url, "mypackage")

        assert "is older than 25.2 and must be told a user name" in ran.stderr

    @pytest.mark.pain("E11")
    def test_only_one_line_end_is_taken_off(self, desk: Desk) -> None:
        give(desk, OLD % " spaces \n")
        with RecordingServer(only("alice: spaces ")) as server:
            url = server.url(userinfo="alice").text.replace("://", "://alice@")
            desk.fail("install", *SUBPROCESS, "-i", url, "widgets")

        assert [each.login for each in server.seen] == ["alice: spaces "]

    @pytest.mark.pain("E11")
    @pytest.mark.pain("F13")
    def test_control_characters_are_refused(
        self, desk: Desk, denying: IndexServer
    ) -> None:
        give(desk, ANSWER % ("alice", f"{SECRET}\n"))

        ran = desk.fail("install", *SUBPROCESS, "-i", denying.url, "mypackage")

        assert "control character" in ran.stderr
        assert denying.requests == []

    @pytest.mark.pain("E9")
    def test_which_command_can_be_said(self, desk: Desk, denying: IndexServer) -> None:
        wrong = give(desk, NOTHING)
        right = write_program(
            desk.home / "elsewhere", "corp-keyring", ANSWER % ("alice", SECRET)
        )

        ran = desk.succeed(
            *("install", "-v", *SUBPROCESS, "-i", denying.url, "mypackage"),
            *("--keyring-command", str(right.path)),
        )

        assert wrong.calls == []
        assert str(right.path) in ran.stderr

    @pytest.mark.pain("E8")
    def test_what_it_writes_to_stderr_is_seen_at_once(
        self, desk: Desk, private: IndexServer
    ) -> None:
        words = 'sys.stderr.write("open https://login.corp.example, type ABCD\\n")\n'
        give(desk, words + ANSWER % ("alice", SECRET))

        ran = desk.succeed("install", *SUBPROCESS, "-i", private.url, "mypackage")

        assert "open https://login.corp.example, type ABCD\n" in ran.stderr
        assert private.anonymous == []

    @pytest.mark.pain("E3")
    def test_it_needs_no_terminal(self, desk: Desk, private: IndexServer) -> None:
        give(desk, ANSWER % ("alice", SECRET))

        desk.succeed(
            *("install", *SUBPROCESS, "--no-input", "-i", private.url, "mypackage"),
            CI="1",
        )

        assert private.anonymous == []

    @pytest.mark.pain("E7")
    def test_after_a_401_it_is_asked_once_more(
        self, desk: Desk, founding_world: Path
    ) -> None:
        stale = 'stale = not os.path.exists(__file__ + ".seen")\n'
        stale += 'open(__file__ + ".seen", "w").close()\n'
        stale += 'print(json.dumps({"username": "alice", "password": '
        stale += f'"st4le-s3cret" if stale else {SECRET!r}}}))\n'
        fake = give(desk, stale)
        desk.secrets.append("st4le-s3cret")
        with IndexServer(founding_world, accounts=[ALICE], behaviour=DENY) as server:
            desk.succeed("install", *SUBPROCESS, "-i", server.url, "mypackage")

            assert len(fake.calls) == 2
            assert len(server.failed_logins) == 1
        assert desk.installed == NEWEST


class TestFailure:
    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param(
                'sys.stderr.write("boom\\n"); sys.exit(1)',
                "ended with status 1; its own words are above",
                id="words and status 1",
            ),
            pytest.param("sys.exit(3)", "ended with status 3", id="status 3"),
            pytest.param(
                'sys.stderr.write("keyring.errors.NoKeyringError: x\\n"); sys.exit(1)',
                "it has no backend on this machine",
                id="no backend",
            ),
            pytest.param('print("hello")', "not JSON", id="no JSON"),
            pytest.param('print("[1]")', "not an object", id="a list"),
            pytest.param(
                'print(json.dumps({"username": 1, "password": "x"}))',
                "`username` that is not a text",
                id="a number",
            ),
            pytest.param(
                'sys.stdout.buffer.write(b"x" * 10_000_000)', "longer than", id="10 MB"
            ),
            pytest.param("os.kill(os.getpid(), 9)", "status -9", id="killed"),
        ],
    )
    def test_an_error_is_not_a_miss(
        self, desk: Desk, private: IndexServer, body: str, expected: str
    ) -> None:
        fake = give(desk, body + "\n")

        ran = desk.fail("install", *SUBPROCESS, "-i", private.url, "mypackage")

        assert expected in ran.stderr
        assert private.requests == []
        assert len(fake.calls) == 1

    @pytest.mark.pain("E2")
    def test_it_may_not_take_for_ever(self, desk: Desk, private: IndexServer) -> None:
        give(desk, "time.sleep(60)\n")
        started = time.monotonic()

        ran = desk.fail(
            *("install", *SUBPROCESS, "--credential-timeout", "0.5"),
            *("-i", private.url, "mypackage"),
        )

        assert "no answer within 0.5 seconds" in ran.stderr
        assert time.monotonic() - started < 20
        assert private.requests == []

    @pytest.mark.pain("E2")
    def test_after_a_failure_it_is_not_started_again(
        self, desk: Desk, private: IndexServer, index: IndexServer
    ) -> None:
        fake = give(desk, 'sys.stderr.write("boom\\n"); sys.exit(1)\n')

        ran = desk.fail(
            *("install", *SUBPROCESS, "--index", f"one={private.url}"),
            *("-i", index.url, "mypackage", "alpha"),
        )

        assert len(fake.calls) == 1
        assert "keyring failed: " in ran.stderr

    @pytest.mark.pain("E9")
    def test_no_command_is_an_error_of_its_own(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.variables["PATH"] = "/nowhere"

        ran = desk.fail("install", *SUBPROCESS, "-i", private.url, "mypackage")

        assert "there is no command keyring" in ran.stderr
        assert private.requests == []

    @pytest.mark.pain("E10")
    @pytest.mark.parametrize("body", [NOTHING, "", ANSWER % ("alice", "")])
    def test_nothing_is_a_miss(
        self, desk: Desk, private: IndexServer, body: str
    ) -> None:
        give(desk, body)

        desk.succeed("install", *SUBPROCESS, "-i", private.url, "mypackage")

        assert desk.installed == ["mypackage==2020.1"]

    def test_a_higher_place_spares_it(self, desk: Desk, private: IndexServer) -> None:
        fake = give(desk, 'sys.stderr.write("boom\\n"); sys.exit(1)\n')
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

        desk.succeed("install", *SUBPROCESS, "-i", private.url, "mypackage")

        assert fake.calls == []


BACKEND = """
import json, os
class errors: pass
class NoKeyringError(Exception): pass
class Pair:
    def __init__(self, username, password):
        self.username, self.password = username, password
def get_credential(service, username):
    with open(os.environ["KEYRING_LOG"], "a") as log:
        log.write(json.dumps([service, username]) + "\\n")
"""


class TestImport:
    IMPORT = ("--keyring", "import")

    @pytest.fixture
    def calls(self, desk: Desk, tmp_path: Path) -> Path:
        desk.variables["PYTHONPATH"] = str(tmp_path / "packages")
        desk.variables["KEYRING_LOG"] = str(tmp_path / "asked")
        return tmp_path / "asked"

    def write(self, tmp_path: Path, body: str) -> None:
        text = BACKEND + "".join(f"    {line}\n" for line in body.splitlines())
        write_package(tmp_path / "packages", "keyring", text)

    @pytest.mark.pain("E1")
    @pytest.mark.pain("E4")
    def test_it_is_asked_once(
        self, desk: Desk, private: IndexServer, calls: Path, tmp_path: Path
    ) -> None:
        self.write(tmp_path, f"return Pair('alice', {SECRET!r})")

        desk.succeed("install", "-v", *self.IMPORT, "-i", private.url, "mypackage")

        assert private.anonymous == []
        assert desk.installed == NEWEST
        assert [json.loads(line) for line in calls.read_text().splitlines()] == [
            [private.url, None]
        ]

    @pytest.mark.pain("E2")
    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param("raise NoKeyringError", "no backend", id="no backend"),
            pytest.param(
                f"raise ValueError({SECRET!r})", "raised ValueError", id="any error"
            ),
            pytest.param("raise SystemExit", "raised RuntimeError", id="it ends us"),
            pytest.param(
                "import time; time.sleep(60)", "no answer within", id="it hangs"
            ),
            pytest.param("return Pair('alice', b'x')", "not text", id="bytes"),
        ],
    )
    def test_an_error_is_not_a_miss(
        self,
        desk: Desk,
        private: IndexServer,
        calls: Path,
        tmp_path: Path,
        body: str,
        expected: str,
    ) -> None:
        self.write(tmp_path, body)

        ran = desk.fail(
            *("install", *self.IMPORT, "--credential-timeout", "1"),
            *("-i", private.url, "mypackage"),
        )

        assert expected in ran.stderr
        assert private.requests == []
        assert len(calls.read_text().splitlines()) == 1

    @pytest.mark.pain("E2")
    def test_the_package_is_not_imported_unless_wanted(
        self, desk: Desk, private: IndexServer, calls: Path, tmp_path: Path
    ) -> None:
        write_package(tmp_path / "packages", "keyring", "raise SystemExit(77)")

        desk.succeed("install", "-i", private.url, "mypackage")

    def test_where_it_is_missing_the_extra_is_named(
        self, desk: Desk, private: IndexServer, calls: Path, tmp_path: Path
    ) -> None:
        write_package(tmp_path / "packages", "keyring", "raise ImportError")

        ran = desk.fail("install", *self.IMPORT, "-i", private.url, "mypackage")

        assert "admit[keyring]" in ran.stderr
        assert private.requests == []
