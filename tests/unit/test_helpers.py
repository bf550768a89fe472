"""Helpers, providers, headers, a prompt: what they are asked and what counts."""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources import Search
from admit.auth.sources.headers import HeaderValues
from admit.auth.sources.helper import Helpers
from admit.auth.sources.place import (
    Complete,
    Missing,
    Place,
    Question,
    Unusable,
    UserOnly,
)
from admit.auth.sources.prompt import Prompt
from admit.auth.sources.providers import Providers, find_providers
from admit.auth.sources.time_limit import OutOfTime, call_within
from admit.spec.url import parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.auth.scheme import Credential, Headers
    from admit.auth.sources.place import Answer

INDEX = "https://pypi.corp.example/simple/"
SHELL = {"PATH": "/usr/bin:/bin"}


def source(url: str = INDEX, **fields: object) -> Source:
    return Source(parse_url(url), **fields)  # type: ignore[arg-type]  # a short hand


def question(
    of: Source, username: str | None = None, refused: Credential | None = None
) -> Question:
    return Question(Query(of, of.url, refused=refused), username)


def told(answer: Answer) -> str:
    match answer:
        case Complete(found):
            word = "Bearer " if found.kind == "bearer" else f"{found.username}:"
            return f"{word}{found.secret.expose()} via {found.provider}"
        case Missing(outcome) | UserOnly(_, outcome):
            return outcome
        case Unusable(problem):
            return f"error: {problem.what}"


def program(folder: Path, body: str) -> str:
    path = folder / "corp-login"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def found_by(place: Place, of: Source) -> str | None:
    """Who provides the credential of a source, if this place is asked too."""
    found = Search({}, "/nowhere", more=[place])(Query(of, of.url)).credential
    return None if found is None else found.provider


class TestHelper:
    def ask(self, folder: Path, body: str, username: str | None = None) -> str:
        of = source(name="corp", helper=(program(folder, body), "--for", "admit"))
        return told(Helpers(SHELL, 10.0, []).ask(question(of, username)))

    @pytest.mark.parametrize(
        ("answer", "username", "expected"),
        [
            ('{"username": "a", "password": "p"}', None, "a:p via helper"),
            ('{"username": "a", "password": "p"}', "b", "a:p via helper"),
            ('{"username": "", "password": "p"}', "b", ":p via helper"),
            ('{"password": "p"}', "b", "b:p via helper"),
            ('{"password": "p"}', "", ":p via helper"),
            ('{"token": "t"}', None, "Bearer t via helper"),
            ('{"token": "t"}', "b", "Bearer t via helper"),
            ('{"password": "p"}', None, "answered no `username`"),
            ("null", None, "has none for https://pypi.corp.example/simple/"),
            ("", None, "has none for https://pypi.corp.example/simple/"),
            ("nonsense", None, "not JSON"),
        ],
    )
    def test_what_it_answers(
        self, answer: str, username: str | None, expected: str, tmp_path: Path
    ) -> None:
        assert expected in self.ask(tmp_path, f"echo '{answer}'", username)

    def test_that_fails_is_an_error(self, tmp_path: Path) -> None:
        assert "ended with status 3" in self.ask(tmp_path, "echo '{}'; exit 3")

    def test_that_is_not_there_is_an_error(self) -> None:
        of = source(helper=("/nowhere/login",))

        answer = Helpers(SHELL, 10.0, []).ask(question(of))

        assert told(answer).startswith("error: the credential helper /nowhere/login")

    @pytest.mark.pain("E7")
    def test_is_told_that_its_answer_was_refused(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        body = f'cat >> {log}; echo \'{{"username": "a", "password": "p"}}\''
        of = source(name="corp", helper=(program(tmp_path, body),))
        helpers = Helpers(SHELL, 10.0, [])

        for refused in (None, None, credential()):
            helpers.ask(question(of, "b", refused))

        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert [(each["username"], each["refused"]) for each in lines] == [
            ("b", False),
            ("b", True),
        ]

    def test_a_source_without_one_has_none(self) -> None:
        assert Helpers(SHELL, 10.0, []).ask(question(source())) == Missing("")

    def test_is_asked_for_a_public_source_that_names_it(self, tmp_path: Path) -> None:
        body = 'echo \'{"username": "a", "password": "p"}\''
        of = source(is_public=True, helper=(program(tmp_path, body),))

        assert found_by(Helpers(SHELL, 10.0, []).place(), of) == "helper"

    @pytest.mark.pain("I7")
    def test_what_it_answers_does_not_travel_in_clear(self, tmp_path: Path) -> None:
        body = 'echo \'{"username": "a", "password": "p"}\''
        of = source("http://h.example/", helper=(program(tmp_path, body),))

        assert found_by(Helpers(SHELL, 10.0, []).place(), of) is None


class TestProviders:
    @pytest.fixture
    def packages(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Path]:
        monkeypatch.syspath_prepend(str(tmp_path))
        yield tmp_path
        for name in [each for each in sys.modules if each.startswith("provides_")]:
            del sys.modules[name]

    def install(
        self, folder: Path, name: str, body: str, attribute: str = "Provider"
    ) -> None:
        (folder / f"provides_{name}.py").write_text(body)
        info = folder / f"{name}-1.dist-info"
        info.mkdir()
        at = f":{attribute}" if attribute else ""
        (info / "entry_points.txt").write_text(
            f"[admit.credential_providers]\n{name} = provides_{name}{at}\n"
        )

    def ask(
        self, folder: Path, username: str | None = None, seconds: float = 10.0
    ) -> str:
        providers = Providers(seconds, [], [str(folder)])
        return told(providers.ask(question(source(), username)))

    @pytest.mark.parametrize(
        ("hosts", "is_asked"),
        [
            ('("pypi.corp.example",)', True),
            ('("PyPI.Corp.example",)', True),
            ('("other.example", "*.corp.example")', True),
            ('("corp.example", "*.example.com")', False),
            ('("*.pypi.corp.example",)', False),
            ('("*pi.corp.example",)', False),
            ('("i.corp.example",)', False),
        ],
    )
    def test_are_asked_for_the_hosts_they_declare(
        self, hosts: str, is_asked: bool, packages: Path
    ) -> None:
        self.install(packages, "a", provider("{'password': 'p'}", hosts))

        expected = "alice:p via provider" if is_asked else "none for pypi.corp.example"
        assert self.ask(packages, "alice") == expected

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            ("{'username': 'u', 'password': 'p'}", "u:p via provider"),
            ("{'token': 't'}", "Bearer t via provider"),
            ("None", "a has none for https://pypi.corp.example/simple/"),
            ("{}", "a has none for https://pypi.corp.example/simple/"),
            ("type('Answer', (), {'token': 't'})", "Bearer t via provider"),
            (
                "type('Answer', (), {'token': 't', 'expires': 5})",
                "error: the credential provider a failed: it answered a credential "
                "that has ended already",
            ),
            ("{'token': 1}", "error: the credential provider a failed: it answered a"),
            ("{'password': 'p'}", "error: the credential provider a failed: it answer"),
            ("1 / 0", "error: the credential provider a failed: it raised ZeroDiv"),
        ],
    )
    def test_what_they_answer(self, answer: str, expected: str, packages: Path) -> None:
        self.install(packages, "a", provider(answer))

        assert self.ask(packages).startswith(expected)

    @pytest.mark.parametrize("attribute", ["made", "", "Outer.inner"])
    def test_may_be_a_module_or_anything_in_it(
        self, attribute: str, packages: Path
    ) -> None:
        body = provider("{'token': 't'}") + (
            "made = Provider()\nhosts, get = made.hosts, made.get\n"
            "class Outer:\n    inner = made\n"
        )
        self.install(packages, "a", body, attribute)

        assert self.ask(packages) == "Bearer t via provider"

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("import nothing_of_that_name", "raised ModuleNotFoundError"),
            ("class Provider:\n    pass", "raised AttributeError"),
            ("class Provider:\n    hosts = 'pypi.corp.example'", "raised TypeError"),
            ("import time\ntime.sleep(1)", "took over 0.05 seconds"),
        ],
    )
    def test_that_cannot_be_loaded_are_an_error_for_every_source(
        self, body: str, reason: str, packages: Path
    ) -> None:
        self.install(packages, "a", body)

        told_of = self.ask(packages, seconds=0.05)

        assert told_of.startswith("error: the credential provider a: loading it")
        assert reason in told_of

    def test_that_answer_spare_the_error_of_others(self, packages: Path) -> None:
        self.install(packages, "a", "import nothing_of_that_name")
        self.install(packages, "b", provider("{'token': 't'}"))

        assert self.ask(packages) == "Bearer t via provider"

    def test_without_get_or_in_time_are_an_error(self, packages: Path) -> None:
        self.install(packages, "a", "class Provider:\n    hosts = ('*.corp.example',)")

        assert self.ask(packages).endswith("failed: it has no `get`")

    def test_that_never_answer_are_an_error(self, packages: Path) -> None:
        self.install(packages, "a", provider("__import__('time').sleep(9)"))

        assert self.ask(packages, seconds=0.3).endswith("no answer within 0.3 seconds")

    def test_are_asked_in_order_until_one_has_it(self, packages: Path) -> None:
        self.install(packages, "b", provider("{'token': 'of b'}"))
        self.install(packages, "a", provider("None"))
        self.install(packages, "c", provider("{'token': 'of c'}"))

        assert self.ask(packages) == "Bearer of b via provider"

    def test_in_other_folders_than_those_given_are_not_asked(
        self, packages: Path
    ) -> None:
        self.install(packages, "a", provider("{'token': 't'}"))
        (packages / "empty").mkdir()

        assert self.ask(packages / "empty") == ""

    def test_none_are_not_spoken_of(self, tmp_path: Path) -> None:
        assert self.ask(tmp_path) == ""

    def test_where_none_is_said_it_stays(self, packages: Path) -> None:
        self.install(packages, "a", provider("None"))
        self.install(packages, "b", provider("{'token': 't'}", "('other.example',)"))

        assert self.ask(packages).startswith("a has none for")

    def test_are_found_once_in_folders_of_packages(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            self.install(tmp_path / folder, "a", "")
        (tmp_path / "one" / "notes.txt").write_text("")
        (tmp_path / "one" / "bare-1.dist-info").mkdir()
        other = tmp_path / "one" / "other-1.dist-info"
        other.mkdir()
        (other / "entry_points.txt").write_text(
            "[console_scripts]\nx = y:z\n[admit.credential_providers.old]\nq = y:z\n"
        )
        egg = tmp_path / "one" / "egg-1.egg-info"
        egg.mkdir()
        (egg / "entry_points.txt").write_text("[admit.credential_providers]\ne = y\n")
        broken = tmp_path / "one" / "broken-1.dist-info"
        broken.mkdir()
        (broken / "entry_points.txt").write_text("admit.credential_providers =\n")
        folders = [str(tmp_path / each) for each in ("none", "one", "two")]

        assert [each.name for each in find_providers(folders)] == ["a"]

    def test_in_the_current_folder_are_found_too(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.install(tmp_path, "a", "")
        monkeypatch.chdir(tmp_path)

        assert [each.name for each in find_providers([""])] == ["a"]

    def test_are_looked_for_beside_admit_if_nothing_else_is_said(
        self, packages: Path
    ) -> None:
        self.install(packages, "a", provider("{'token': 't'}"))

        answer = Providers(10.0, []).ask(question(source()))

        assert told(answer) == "Bearer t via provider"

    @pytest.mark.pain("E1")
    def test_are_loaded_and_asked_once(self, packages: Path) -> None:
        body = "count = []\n" + provider(
            "count.append(1) or {'token': str(len(count))}"
        )
        self.install(packages, "a", body)
        providers = Providers(10.0, [], [str(packages)])

        answers = [told(providers.ask(question(source()))) for _ in range(3)]

        assert answers == ["Bearer 1 via provider"] * 3

    @pytest.mark.pain("D8")
    def test_are_not_asked_for_public_sources(self, packages: Path) -> None:
        self.install(packages, "a", provider("{'token': 't'}"))
        place = Providers(10.0, [], [str(packages)]).place()

        assert found_by(place, source()) == "provider"
        assert found_by(place, source(is_public=True)) is None


def provider(answer: str, hosts: str = "('pypi.corp.example',)") -> str:
    return (
        f"class Provider:\n    hosts = {hosts}\n"
        f"    def get(self, url, username):\n        return {answer}\n"
    )


class TestCallsOfOthers:
    def test_give_what_they_return(self) -> None:
        assert call_within(5.0, lambda: "x") == "x"
        assert call_within(5.0, lambda: None) is None

    def test_raise_what_they_raise(self) -> None:
        with pytest.raises(ZeroDivisionError):
            call_within(5.0, lambda: 1 / 0)

    def test_that_want_to_end_the_run_do_not(self) -> None:
        with pytest.raises(RuntimeError, match="SystemExit"):
            call_within(5.0, lambda: sys.exit(3))

    def test_that_do_not_end_are_given_up(self) -> None:
        with pytest.raises(OutOfTime):
            call_within(0.05, lambda: time.sleep(0.5))

    def test_that_do_not_end_keep_no_process_alive(self) -> None:
        with pytest.raises(OutOfTime):
            call_within(0.05, lambda: time.sleep(0.5))

        staying = [each for each in threading.enumerate() if not each.daemon]
        assert staying == [threading.main_thread()]


class TestHeaders:
    def find(self, *headers: tuple[str, str], **environ: str) -> str:
        values = HeaderValues({**SHELL, **environ}, 10.0)
        return self.shown(values(source(headers=headers), False))

    def shown(self, found: Headers | object) -> str:
        if isinstance(found, tuple):
            return ", ".join(f"{name}: {text.expose()}" for name, text in found)
        return str(getattr(found, "what", found))

    @pytest.mark.pain("F11")
    def test_take_their_values_from_where_they_refer_to(self, tmp_path: Path) -> None:
        file = tmp_path / "key"
        file.write_text("of a file\n")

        found = self.find(
            ("A", "env:KEY"),
            ("B", f"file:{file}"),
            ("C", "cmd:echo 'of a command'"),
            KEY="of a variable",
        )

        assert found == "A: of a variable, B: of a file, C: of a command"

    @pytest.mark.parametrize(
        ("reference", "reason"),
        [
            ("env:UNSET", "env:UNSET: the variable is unset or empty"),
            ("env:EMPTY", "env:EMPTY: the variable is unset or empty"),
            ("env:LINES", "env:LINES: it holds a control character"),
            ("env:DELETE", "env:DELETE: it holds a control character"),
            ("file:/nowhere/key", "file:/nowhere/key: no such file"),
            ("cmd:", "cmd:: there is no command"),
            ("cmd:echo 'x", "cmd:echo: a quote is not closed"),
            ("cmd:/nowhere/run x", "cmd:/nowhere/run: it cannot be started"),
            ("cmd:sh -c 'exit 4'", "cmd:sh: it ended with status 4"),
            ("cmd:echo", "cmd:echo: it is empty"),
            ("cmd:printf \\\\377", "cmd:printf: it is not UTF-8"),
        ],
    )
    def test_without_a_value_are_an_error(self, reference: str, reason: str) -> None:
        found = self.find(
            ("A", "env:GOOD"),
            ("B", reference),
            GOOD="x",
            EMPTY="",
            LINES="a\nb",
            DELETE="a\x7f",
        )

        assert found.startswith(f"its header B takes its value from {reason}")

    @pytest.mark.parametrize(("size", "is_long"), [(65536, False), (65537, True)])
    def test_are_at_most_64_kib_long(
        self, size: int, is_long: bool, tmp_path: Path
    ) -> None:
        (tmp_path / "key").write_text("x" * size)

        found = self.find(("A", f"file:{tmp_path / 'key'}"))

        assert ("over 64 KiB" in found) is is_long

    def test_may_hold_blanks(self) -> None:
        assert self.find(("A", "env:KEY"), KEY="a b") == "A: a b"

    @pytest.mark.pain("E7")
    def test_are_looked_for_once_and_again_after_a_refusal(
        self, tmp_path: Path
    ) -> None:
        file = tmp_path / "key"
        file.write_text("old")
        values = HeaderValues(SHELL, 10.0)
        of = source(headers=(("A", f"file:{file}"),))
        first = self.shown(values(of, False))
        file.write_text("new")

        later = [self.shown(values(of, refused)) for refused in (False, True, False)]

        assert [first, *later] == ["A: old", "A: old", "A: new", "A: new"]


class TestPrompt:
    def prompt(self, *answers: str | None) -> tuple[Prompt, list[tuple[str, bool]]]:
        asked: list[tuple[str, bool]] = []
        left = list(answers)

        def ask(text: str, is_secret: bool) -> str | None:
            asked.append((text, is_secret))
            return left.pop(0)

        return Prompt(ask, "off"), asked

    @pytest.mark.pain("I10")
    def test_asks_for_name_and_password(self) -> None:
        prompt, asked = self.prompt("alice", "pw")

        answer = prompt.ask(question(source(name="corp")))

        assert told(answer) == "alice:pw via prompt"
        assert asked == [
            ("User name for corp: ", False),
            ("Password of alice for corp: ", True),
        ]

    @pytest.mark.pain("I10")
    @pytest.mark.parametrize(
        ("username", "text"),
        [
            ("bob", "Password of bob for corp: "),
            ("t0ken" * 8, "Password of **** for corp: "),
            ("", "Password for corp: "),
        ],
    )
    def test_does_not_ask_for_a_name_that_is_known(
        self, username: str, text: str
    ) -> None:
        prompt, asked = self.prompt("pw")

        answer = prompt.ask(question(source(name="corp"), username))

        assert told(answer) == f"{username}:pw via prompt"
        assert asked == [(text, True)]

    @pytest.mark.pain("I10")
    @pytest.mark.parametrize(
        "answers",
        [(None,), ("alice", None), ("alice", "")],
        ids=["name", "pw", "empty"],
    )
    def test_nobody_may_answer(self, answers: tuple[str | None, ...]) -> None:
        prompt, asked = self.prompt(*answers)

        assert told(prompt.ask(question(source()))) == "nobody answered"
        assert len(asked) == len(answers)

    @pytest.mark.pain("I10")
    def test_asks_once_for_a_source(self) -> None:
        prompt, asked = self.prompt("alice", "pw", None)

        answers = [told(prompt.ask(question(source()))) for _ in range(2)]
        other = prompt.ask(question(source("https://other.example/")))

        assert answers == ["alice:pw via prompt"] * 2
        assert told(other) == "nobody answered"
        assert len(asked) == 3

    @pytest.mark.pain("H5")
    def test_does_not_ask_again_after_a_refusal(self) -> None:
        prompt, asked = self.prompt("alice", "pw")
        prompt.ask(question(source()))

        refused = prompt.ask(question(source(), refused=credential()))

        assert told(refused) == "asked already"
        assert len(asked) == 2

    @pytest.mark.pain("I10")
    def test_without_a_person_says_why(self) -> None:
        answer = Prompt(None, "off (--no-input)").ask(question(source()))

        assert told(answer) == "off (--no-input)"

    @pytest.mark.pain("I10")
    @pytest.mark.parametrize(
        ("of", "is_asked"),
        [
            pytest.param(source(), False, id="auto"),
            pytest.param(source(policy="always"), True, id="always"),
            pytest.param(source("https://bob@h.example/"), True, id="half a login"),
        ],
    )
    def test_comes_before_the_first_request_only_if_an_error_would(
        self, of: Source, is_asked: bool
    ) -> None:
        prompt, _ = self.prompt("alice", "pw")

        assert (found_by(prompt.place(), of) is not None) is is_asked
