"""keyring in process and as a command: what it is asked, what its answers mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources import Search
from admit.auth.sources.asked import PlaceFailed
from admit.auth.sources.keyring import (
    ImportedKeyring,
    Keyring,
    KeyringCommand,
    Pair,
    find_command,
    keyring_place,
)
from admit.auth.sources.place import Complete, Missing, Question, Unusable
from admit.spec.url import Secret, parse_url

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.sources.place import Answer

INDEX = "https://pypi.corp.example/simple/"
TOKEN = "t0ken" * 8
NO_BACKEND = "it has no backend on this machine"


class Chain:
    """A keyring with these secrets, by service and user."""

    where = "chain"

    def __init__(
        self,
        *entries: tuple[str, str | None, str | None, str],
        wants_name: str = "",
    ) -> None:
        """Take entries: service, asked user, answered user, secret."""
        self.wants_name = wants_name
        self.asked: list[tuple[str, str | None]] = []
        self._entries = {
            (service, asked): Pair(user, Secret(secret))
            for service, asked, user, secret in entries
        }

    def look_up(self, service: str, username: str | None) -> Pair | None:
        self.asked.append((service, username))
        return self._entries.get((service, username))


def ask(
    keyring: Keyring,
    username: str | None = None,
    *,
    url: str = INDEX,
    told: list[str] | None = None,
) -> str:
    of = Source(parse_url(url))
    place = keyring_place(keyring, told if told is not None else [])
    return shown(place.ask(Question(Query(of, of.url), username)))


def shown(answer: Answer) -> str:
    match answer:
        case Complete(found):
            return f"{found.username}:{found.secret.expose()} by {found.detail}"
        case Missing(outcome):
            return outcome
        case Unusable(problem):
            return f"error: {problem.what}"
        case _:
            return "half"


class TestWhatIsAsked:
    @pytest.mark.pain("E4")
    @pytest.mark.parametrize(
        ("url", "services"),
        [
            (INDEX, [INDEX, "pypi.corp.example"]),
            (f"{INDEX}#x", [INDEX, "pypi.corp.example"]),
            ("https://a:b@h.example/x", ["https://h.example/x", "h.example"]),
            (
                "https://h.example:8443/x",
                ["https://h.example:8443/x", "h.example:8443"],
            ),
            ("http://h.example/x", ["http://h.example/x", "h.example"]),
            ("http://h.example:443/x", ["http://h.example:443/x", "h.example:443"]),
            ("https://[::1]/x", ["https://[::1]/x", "[::1]"]),
            ("https://[::1]:8/x", ["https://[::1]:8/x", "[::1]:8"]),
            (f"https://h.example/t/{TOKEN}/simple/", ["h.example"]),
        ],
    )
    def test_is_the_url_and_then_the_host(self, url: str, services: list[str]) -> None:
        chain = Chain()

        ask(chain, url=url)

        assert [service for service, _ in chain.asked] == services

    def test_a_token_as_user_name_is_told_to_nobody(self) -> None:
        chain = Chain()

        assert ask(chain, TOKEN) == "not asked: the user name is a token"
        assert chain.asked == []

    @pytest.mark.pain("D8")
    def test_nothing_for_a_public_source(self) -> None:
        chain = Chain()
        of = Source(parse_url(INDEX), is_public=True)

        Search({}, "/nowhere", more=[keyring_place(chain, [])])(Query(of, of.url))

        assert chain.asked == []


class TestWhatItHas:
    @pytest.mark.pain("E5")
    @pytest.mark.parametrize(
        ("entry", "username", "expected"),
        [
            ((INDEX, None, "alice", "pw"), None, f"alice:pw by {INDEX} by chain"),
            (("pypi.corp.example", "alice", None, "pw"), "alice",
             "alice:pw by pypi.corp.example by chain"),
            ((INDEX, "", "", "pw"), "", f":pw by {INDEX} by chain"),
            ((INDEX, None, "alice", ""), None,
             "no entry for pypi.corp.example by chain"),
            ((INDEX, "bob", "bob", ""), "bob",
             "no entry of bob for pypi.corp.example by chain"),
            ((INDEX, None, None, "pw"), None,
             f"error: keyring failed: it has a secret for {INDEX}, but no user name"),
        ],
    )  # fmt: skip
    def test_is_used(
        self,
        entry: tuple[str, str | None, str | None, str],
        username: str | None,
        expected: str,
    ) -> None:
        assert ask(Chain(entry), username) == expected

    @pytest.mark.pain("I7")
    def test_does_not_travel_in_clear(self) -> None:
        of = Source(parse_url("http://h.example/"))
        chain = Chain(("http://h.example/", None, "alice", "pw"))

        search = Search({}, "/nowhere", more=[keyring_place(chain, [])])

        assert search(Query(of, of.url)).credential is None

    @pytest.mark.pain("E5")
    @pytest.mark.parametrize(
        ("user", "warnings"),
        [("bob", ["keyring has bob, not alice, for h; what it has is used"]),
         ("alice", []), (None, [])],
    )  # fmt: skip
    def test_of_another_user_is_told_once(
        self, user: str | None, warnings: list[str]
    ) -> None:
        told: list[str] = []
        chain = Chain(("h", "alice", user, "pw"))

        for path in ("a", "b"):
            assert ask(chain, "alice", url=f"https://h/{path}", told=told)

        assert told == warnings


class TestOneThatWantsAName:
    WORDS = "it is old"

    @pytest.mark.parametrize("username", [None, ""])
    def test_says_so(self, username: str | None) -> None:
        chain = Chain(wants_name=self.WORDS)

        assert ask(chain, username) == (
            "it is old and must be told a user name, in the URL"
        )

    def test_is_warned_of_once_where_there_is_no_name(self) -> None:
        told: list[str] = []

        for url in (INDEX, "https://other.example/"):
            ask(Chain(wants_name=self.WORDS), url=url, told=told)

        (warning,) = told
        assert warning.startswith("keyring was not asked: it is old and must")

    def test_that_has_a_name_or_an_answer_is_not_warned_of(self) -> None:
        told: list[str] = []

        named = ask(Chain(wants_name=self.WORDS), "alice", told=told)
        answered = Chain((INDEX, None, "alice", "pw"), wants_name=self.WORDS)

        assert named == "no entry of alice for pypi.corp.example by chain"
        assert ask(answered, told=told).startswith("alice:pw")
        ask(Chain(), told=told)
        assert told == []


class TestInProcess:
    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """An empty package `keyring`, before any other."""
        for name in [each for each in sys.modules if each.split(".")[0] == "keyring"]:
            monkeypatch.delitem(sys.modules, name)
        folder = tmp_path / "keyring"
        (folder / "backends").mkdir(parents=True)
        (folder / "backend.py").write_text(
            "class KeyringBackend:\n    def get_credential(self, *_): return None\n"
        )
        for name in ("fail", "null", "other"):
            (folder / "backends" / f"{name}.py").write_text(
                "from keyring.backend import KeyringBackend\n"
                "class Keyring(KeyringBackend): pass\n"
                "class Knowing(KeyringBackend):\n"
                "    def get_credential(self, *_): return None\n"
                "class Loose: pass\n"
            )
        monkeypatch.syspath_prepend(str(tmp_path))
        return folder

    def answer(self, folder: Path, body: str, backend: str = "other.Keyring") -> str:
        module, _, name = backend.partition(".")
        (folder / "__init__.py").write_text(
            "class Found:\n"
            "    def __init__(self, username, password):\n"
            "        self.username, self.password = username, password\n"
            "class Anonymous:\n"
            "    password = 'pw'\n"
            "    @property\n"
            "    def username(self): raise ValueError\n"
            "class NoKeyringError(RuntimeError): pass\n"
            f"def get_credential(service, username):\n    {body}\n"
            "def get_keyring():\n"
            f"    from keyring.backends import {module}\n"
            f"    return {module}.{name}()\n"
        )
        try:
            pair = self.keyring.look_up("h", self.username)
        except PlaceFailed as failure:
            return f"failed: {failure}"
        return "nothing" if pair is None else f"{pair.username}:{pair.secret.expose()}"

    @pytest.fixture(autouse=True)
    def _fresh(self) -> None:
        self.keyring = ImportedKeyring(5.0)
        self.username: str | None = None

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("return Found('alice', 'pw')", "alice:pw"),
            ("return Found(None, 'pw')", "None:pw"),
            ("return Found('', 'pw')", ":pw"),
            ("return Anonymous()", "None:pw"),
            ("return Found('alice', None)", "failed: its backend answered something"),
            ("return Found(b'alice', 'pw')", "failed: its backend answered something"),
            ("raise NoKeyringError", f"failed: {NO_BACKEND}"),
            ("raise OSError", "failed: its backend raised OSError"),
            ("import no_module_of_that_name", "failed: the package keyring is not"),
        ],
    )
    def test_what_it_answers(self, body: str, expected: str, package: Path) -> None:
        assert self.answer(package, body).startswith(expected)

    @pytest.mark.pain("E2")
    def test_it_is_not_waited_for_without_end(self, package: Path) -> None:
        self.keyring = ImportedKeyring(0.2)

        answer = self.answer(package, "__import__('time').sleep(1)")

        assert answer == "failed: no answer within 0.2 seconds"

    @pytest.mark.parametrize(
        ("backend", "username", "expected", "wants_name"),
        [
            ("fail.Keyring", None, f"failed: {NO_BACKEND}", ""),
            ("fail.Keyring", "alice", "nothing", ""),
            ("null.Keyring", None, "nothing", ""),
            ("other.Knowing", None, "nothing", ""),
            ("other.Loose", None, "nothing", ""),
            ("other.Keyring", "alice", "nothing", ""),
            (
                "other.Keyring",
                None,
                "nothing",
                "its backend Keyring cannot look without one",
            ),
        ],
    )
    def test_a_miss_without_a_name_is_looked_at_closely(
        self,
        backend: str,
        username: str | None,
        expected: str,
        wants_name: str,
        package: Path,
    ) -> None:
        self.username = username

        assert self.answer(package, "return None", backend) == expected
        assert self.keyring.wants_name == wants_name


class TestTheCommand:
    @pytest.fixture(autouse=True)
    def _bin(self, tmp_path: Path) -> None:
        self.folder = tmp_path
        self.said: list[bytes] = []

    def keyring(self, body: str, given: str = "keyring") -> KeyringCommand:
        path = self.folder / "keyring"
        path.write_text(f'#!/bin/sh\necho "$@" >> {self.folder}/log\n{body}\n')
        path.chmod(0o755)
        environ = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        return KeyringCommand(given, environ, 10.0, self.said.append)

    def look(self, keyring: KeyringCommand, username: str | None = None) -> str:
        try:
            pair = keyring.look_up("h", username)
        except PlaceFailed as failure:
            return str(failure).replace(str(self.folder), "DIR")
        return "nothing" if pair is None else f"{pair.username}:{pair.secret.expose()}"

    @property
    def calls(self) -> list[str]:
        return (self.folder / "log").read_text().splitlines()

    @pytest.mark.parametrize(
        ("username", "call"),
        [
            (None, "--mode creds --output json get h"),
            ("", "--mode creds --output json get h"),
            ("alice", "--mode creds --output json get h alice"),
        ],
    )
    def test_it_is_asked_for_a_pair(self, username: str | None, call: str) -> None:
        keyring = self.keyring('echo \'{"username": "alice", "password": "pw"}\'')

        assert self.look(keyring, username) == "alice:pw"
        assert self.calls == [call]

    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("exit 1", "nothing"),
            ("echo null", "nothing"),
            ("echo ' ' >&2; exit 1", "nothing"),
            ("echo broken >&2; exit 1",
             "DIR/keyring: it ended with status 1; its own words are above"),
            ("exit 3", "DIR/keyring: it ended with status 3"),
            ("echo keyring.errors.NoKeyringError: x >&2; exit 1",
             f"DIR/keyring: {NO_BACKEND}"),
            ("echo 'No recommended backend was available.' >&2; exit 1",
             f"DIR/keyring: {NO_BACKEND}"),
            ("echo nonsense",
             "DIR/keyring: it answered something that is not JSON"),
        ],
    )  # fmt: skip
    def test_an_error_is_no_miss(self, body: str, expected: str) -> None:
        assert self.look(self.keyring(body), "alice") == expected
        assert len(self.calls) == 1

    @pytest.mark.parametrize(
        "usage",
        [
            "argument operation: invalid choice: 'creds' (choose from 'get')",
            "unrecognized arguments: --mode --output",
        ],
    )
    def test_an_old_one_is_asked_in_its_own_way(self, usage: str) -> None:
        old = f'case "$1" in --mode) echo "usage: keyring\n{usage}" >&2; exit 2;; esac'
        keyring = self.keyring(f"{old}\necho pw")

        assert self.look(keyring, "alice") == "None:pw"
        assert keyring.wants_name.endswith("keyring is older than 25.2")
        assert self.look(keyring, "bob") == "None:pw"
        assert [self.look(keyring, each) for each in (None, "")] == ["nothing"] * 2
        assert self.calls[1:] == ["get h alice", "get h bob"]
        assert b"".join(self.said) == b"", "its usage is nobody's business"

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ("exit 1", "nothing"),
            ("exit 0", "nothing"),
            ("printf '\\377'", "DIR/keyring: it answered something that is not UTF-8"),
            ("echo unrecognized --mode >&2; exit 2",
             "DIR/keyring: it ended with status 2; its own words are above"),
        ],
    )  # fmt: skip
    def test_an_old_one_may_have_nothing_or_fail(
        self, body: str, expected: str
    ) -> None:
        old = 'case "$1" in --mode) echo "usage: --mode" >&2; exit 2;; esac'

        assert self.look(self.keyring(f"{old}\n{body}"), "alice") == expected

    @pytest.mark.parametrize(("status", "words"), [(1, "--mode"), (2, "else")])
    def test_other_failures_are_not_of_age(self, status: int, words: str) -> None:
        keyring = self.keyring(f"echo 'usage: {words}' >&2; exit {status}")

        assert f"ended with status {status}" in self.look(keyring, "alice")
        assert keyring.wants_name == ""

    @pytest.mark.pain("E10")
    @pytest.mark.parametrize(
        ("listing", "expected"),
        [
            ("keyring.backends.fail.Keyring (priority: 0)", NO_BACKEND),
            ("a (priority: -1)\nb (priority: 0.0)", NO_BACKEND),
            ("a (priority: 0)\nb (priority: 5)", "nothing"),
            ("a (priority: 0.1)", "nothing"),
            ("a (priority: -0.5)", NO_BACKEND),
            ("nothing of the kind", "nothing"),
            ("", "nothing"),
        ],
    )
    def test_a_miss_without_a_name_may_mean_no_backend(
        self, listing: str, expected: str
    ) -> None:
        keyring = self.keyring(
            f'case "$1" in --list*) echo "{listing}"; echo x >&2;; *) exit 1;; esac'
        )

        answers = [self.look(keyring) for _ in range(2)]

        assert [each.removeprefix("DIR/keyring: ") for each in answers] == (
            [expected] * 2
        )
        assert self.calls.count("--list-backends") == 1
        assert b"".join(self.said) == b""

    def test_a_miss_with_a_name_is_one(self) -> None:
        assert self.look(self.keyring("exit 1"), "alice") == "nothing"
        assert len(self.calls) == 1

    def test_one_that_cannot_list_its_backends_has_nothing(self) -> None:
        keyring = self.keyring('test "$1" = --mode && rm "$0"; exit 1')

        assert self.look(keyring) == "nothing"

    @pytest.mark.pain("E8")
    def test_its_words_are_shown(self) -> None:
        self.look(self.keyring("echo 'touch the key' >&2; exit 1"), "alice")

        assert b"".join(self.said) == b"touch the key\n"

    @pytest.mark.pain("E9")
    def test_it_is_found_once_and_named_by_its_path(self) -> None:
        keyring = self.keyring("exit 1")
        assert keyring.where == "keyring"

        self.look(keyring, "alice")
        (self.folder / "keyring").rename(self.folder / "elsewhere")
        again = self.look(keyring, "alice")

        assert keyring.where == str(self.folder / "keyring")
        assert again.startswith("DIR/keyring: it cannot be started")

    @pytest.mark.pain("E9")
    def test_that_is_not_there_is_an_error(self) -> None:
        with pytest.raises(PlaceFailed, match="there is no command nowhere"):
            find_command("nowhere", {"PATH": str(self.folder)})

    def test_without_a_path_the_systems_own_folders_count(self) -> None:
        assert find_command("sh", {}).endswith("/sh")
