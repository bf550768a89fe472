"""What a slow place answered, kept for a run; its bounds; its answers' form."""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admit.auth.provided import (
    InvalidAnswer,
    Provided,
    parse_answer,
    parse_time,
    read_answer,
    strip_line_end,
)
from admit.auth.query import Attempt, Found, Problem, Query, format_attempts
from admit.auth.scope import Source
from admit.auth.sources.asked import Manner, Memory, PlaceFailed
from admit.auth.sources.child import Bounds, ChildFailed, run_child
from admit.auth.sources.place import (
    Complete,
    Missing,
    Question,
    Unusable,
    UserOnly,
)
from admit.errors import AdmitError
from admit.spec.url import Secret, parse_url
from admit.value import replace
from support.dialogue import Dialogue, ask, credential, page

if TYPE_CHECKING:
    from admit.auth.scheme import Credential

CORP = Source(parse_url("https://pypi.corp.example/simple/"), "corp")
OTHER = Source(parse_url("https://other.example/simple/"), "other")


class Clerk:
    """A place that answers from a list, and counts."""

    def __init__(self, *answers: Credential | Missing | str) -> None:
        self.answers = list(answers)
        self.asked = 0
        self.now = 1000.0
        self.told: list[str] = []
        self.memory = Memory(
            self.answer, Manner("the clerk", "wake it"), self.told, lambda: self.now
        )

    def answer(self, _: Question) -> Credential | Missing:
        self.asked += 1
        said = self.answers.pop(0)
        if isinstance(said, str):
            raise PlaceFailed(said)
        return said

    def ask(
        self,
        source: Source = CORP,
        username: str | None = None,
        refused: Credential | None = None,
    ) -> str:
        query = Query(source, source.url, refused=refused)
        match self.memory(Question(query, username)):
            case Complete(found):
                return found.secret.expose()
            case Missing():
                return "missing"
            case Unusable(problem):
                return problem.what
            case UserOnly():
                return "half"


def pair(secret: str, expires: float | None = None) -> Credential:
    return replace(credential("alice", secret), expires=expires)


class TestMemory:
    @pytest.mark.pain("E1")
    def test_each_source_and_user_is_asked_about_once(self) -> None:
        clerk = Clerk(pair("a"), Missing("x"), pair("b"))

        found = [clerk.ask(), clerk.ask(), clerk.ask(OTHER), clerk.ask(OTHER)]
        found += [clerk.ask(username="bob"), clerk.ask(username="bob")]

        assert found == ["a", "a", "missing", "missing", "b", "b"]
        assert clerk.asked == 3

    @pytest.mark.pain("E7")
    def test_a_refusal_goes_past_the_memory(self) -> None:
        clerk = Clerk(pair("a"), pair("b"))

        clerk.ask()

        assert clerk.ask(refused=pair("a")) == "b"
        assert clerk.ask() == "b"

    @pytest.mark.pain("E2")
    @pytest.mark.pain("E10")
    def test_after_a_failure_nothing_is_asked_and_nothing_is_missing(self) -> None:
        clerk = Clerk("asleep")

        assert clerk.ask() == "the clerk failed: asleep"
        assert clerk.ask() == "the clerk failed: asleep; not asked again in this run"
        assert (
            clerk.ask(OTHER) == "the clerk failed: asleep; not asked again in this run"
        )
        assert clerk.asked == 1
        assert clerk.told == [], "the error says it"

    @pytest.mark.pain("I1")
    def test_before_its_end_a_credential_is_asked_for_again(self) -> None:
        clerk = Clerk(pair("a", expires=2000.0), pair("b", expires=5000.0))

        assert clerk.ask() == "a"
        clerk.now = 1940.0
        assert clerk.ask() == "a"
        clerk.now = 1940.5
        assert clerk.ask() == "b"
        assert clerk.asked == 2

    @pytest.mark.pain("I1")
    def test_a_failing_renewal_leaves_what_is_still_good(self) -> None:
        clerk = Clerk(pair("a", expires=2000.0), "asleep")
        clerk.ask()

        clerk.now = 1950.0
        assert clerk.ask() == "a"
        assert clerk.told == [
            "the clerk failed and is not asked again in this run: asleep"
        ]
        clerk.now = 2001.0
        assert clerk.ask() == "the clerk failed: asleep; not asked again in this run"
        assert clerk.asked == 2

    def test_what_has_ended_already_is_an_error(self) -> None:
        assert "ended already" in Clerk(pair("a", expires=1000.0)).ask()

    @pytest.mark.pain("E7")
    def test_a_miss_after_a_refusal_is_not_kept(self) -> None:
        clerk = Clerk(pair("a"), Missing("x"))
        clerk.ask()

        assert clerk.ask(refused=pair("a")) == "missing"
        assert clerk.ask() == "a"


class TestRenewalAheadOfTime:
    """The decision asks again before each request, if a credential ends."""

    def run(self, *secrets: str, expires: float | None = 1.0) -> Dialogue:
        given = [pair(each, expires) for each in secrets]

        def search(_: Query) -> Found:
            return Found(given.pop(0) if len(given) > 1 else given[0])

        dialogue = Dialogue(search, lambda _: page())
        for name in ("one/", "two/", "three/"):
            dialogue.ask(ask(CORP, name))
        return dialogue

    @pytest.mark.pain("I1")
    def test_a_new_one_is_used_from_then_on(self) -> None:
        dialogue = self.run("a", "b")

        sent = [each.credential for each in dialogue.sent]
        assert [each.secret.expose() for each in sent if each] == ["a", "b", "b"]

    @pytest.mark.pain("I1")
    def test_one_that_cannot_be_renewed_is_an_error(self) -> None:
        answers = [Found(pair("a", 1.0)), Found(None, problem=Problem("it is asleep"))]
        dialogue = Dialogue(lambda _: answers.pop(0), lambda _: page())

        dialogue.ask(ask(CORP, "one/"))
        (outcome,) = dialogue.ask(ask(CORP, "two/"))

        assert isinstance(outcome, AdmitError)
        assert "it is asleep" in outcome.what
        assert len(dialogue.sent) == 1

    @pytest.mark.pain("I1")
    def test_what_has_none_any_more_goes_on_with_what_there_was(self) -> None:
        answers = [Found(pair("a", 1.0)), Found(None, warnings=("asleep",))]
        dialogue = Dialogue(lambda _: answers.pop(0), lambda _: page())

        dialogue.ask(ask(CORP, "one/"))
        dialogue.ask(ask(CORP, "two/"))

        assert dialogue.users == ["alice", "alice"]
        assert dialogue.warnings == ["asleep"]

    @pytest.mark.pain("E1")
    def test_one_without_an_end_is_gathered_once(self) -> None:
        assert len(self.run("a", expires=None).queries) == 1


class TestForm:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (b"", None),
            (b"\n", None),
            (b"null\n", None),
            (b"{}", None),
            (b'{"username": "a", "password": ""}', None),
            (
                b'{"username": "a", "password": "b"}\n',
                Provided("a", Secret("b")),
            ),
            (b'{"password": " b "}\r\n', Provided(None, Secret(" b "))),
            (b'{"token": "t"}', Provided(None, Secret("t"), "bearer")),
            (
                b'{"token": "t", "expires": "2001-09-09T01:46:40Z"}',
                Provided(None, Secret("t"), "bearer", 1e9),
            ),
        ],
    )
    def test_answers(self, text: bytes, expected: Provided | None) -> None:
        assert parse_answer(text) == expected

    @pytest.mark.parametrize(
        ("found", "expected"),
        [
            ({"error": "asleep\x07"}, "it says: asleep "),
            ({"username": "a"}, "a `username` without a `password`"),
            ({"token": "t", "password": "p"}, "both `token` and `password`"),
            ({"token": 1}, "a `token` that is not a text"),
            ({"password": 1}, "a `password` that is not a text"),
            ({"username": 1, "password": "p"}, "a `username` that is not a text"),
            ({"token": "t", "expires": "soon"}, "an `expires` that is no time"),
        ],
    )
    def test_what_is_no_answer(self, found: dict[str, object], expected: str) -> None:
        with pytest.raises(InvalidAnswer) as caught:
            read_answer(found)

        assert expected in caught.value.what

    @pytest.mark.parametrize("text", [b"7", b"[]", b'"a"', b"true"])
    def test_json_that_is_no_object_is_no_answer(self, text: bytes) -> None:
        with pytest.raises(InvalidAnswer, match="not an object"):
            parse_answer(text)

    @pytest.mark.parametrize("found", ["", "soon", True, [], float("nan")])
    def test_what_is_no_time(self, found: object) -> None:
        with pytest.raises(InvalidAnswer):
            parse_time(found)

    @pytest.mark.parametrize(
        "found",
        [
            datetime(2001, 9, 9, 1, 46, 40),  # noqa: DTZ001  # as providers may
            "2001-09-09T01:46:40",
            "2001-09-09T03:46:40+02:00",
            1000000000,
            1e9,
        ],
    )
    def test_times(self, found: object) -> None:
        assert parse_time(found) == 1e9

    @pytest.mark.skipif(not hasattr(time, "tzset"), reason="zones are POSIX's")
    def test_a_time_without_a_zone_is_in_no_local_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setenv("TZ", "XYZ-5")
            time.tzset()
            seconds = parse_time("2001-09-09T01:46:40")
        time.tzset()

        assert seconds == 1e9

    @given(st.binary(max_size=64))
    def test_nothing_but_an_invalid_answer_is_raised(self, text: bytes) -> None:
        try:
            found = parse_answer(text)
        except InvalidAnswer:
            return
        assert found is None or found.secret

    @pytest.mark.pain("E11")
    @given(st.binary(max_size=16))
    def test_exactly_one_line_end_is_taken_off(self, text: bytes) -> None:
        body = text.rstrip(b"\r")

        assert strip_line_end(body + b"\n") == body
        assert strip_line_end(body + b"\r\n") == body


class TestChild:
    def run(self, program: str, **bounds: object) -> tuple[int, bytes, bytes]:
        shown: list[bytes] = []
        ended = run_child(
            [sys.executable, "-S", "-c", program],
            os.environ,
            b"asked\n",
            bounds=replace(Bounds(10.0), **bounds),
            show=shown.append,
        )
        return ended.status, ended.stdout, b"".join(shown)

    def test_it_is_told_and_answers(self) -> None:
        program = "import sys; print(sys.stdin.read().upper(), end='')"

        assert self.run(program) == (0, f"ASKED{os.linesep}".encode(), b"")

    def test_one_that_reads_nothing_is_fine(self) -> None:
        assert self.run("pass") == (0, b"", b"")

    @pytest.mark.pain("E8")
    def test_its_words_are_shown_as_they_come(self) -> None:
        program = "import sys; sys.stderr.write('type ABCD'); sys.exit(3)"

        assert self.run(program) == (3, b"", b"type ABCD")

    @pytest.mark.parametrize(
        ("program", "expected"),
        [
            ("import time; time.sleep(60)", "no answer within"),
            ("while True: print('x' * 9999)", "longer than"),
            ("import os, time; os.close(1); time.sleep(60)", "no answer within"),
        ],
    )
    def test_it_is_ended_in_bounded_time(self, program: str, expected: str) -> None:
        started = time.monotonic()

        with pytest.raises(ChildFailed, match=expected):
            self.run(program, seconds=1.0)

        assert time.monotonic() - started < 10

    def test_a_grandchild_that_stays_does_not_hold_us_up(self) -> None:
        program = (
            "import subprocess, sys; print('done', flush=True); "
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])"
        )
        started = time.monotonic()

        status, answer, _ = self.run(program)

        assert (status, answer) == (0, f"done{os.linesep}".encode())
        assert time.monotonic() - started < 15

    @pytest.mark.parametrize(
        ("program", "shown"),
        [
            ("sys.stderr.write('usage: x'); sys.exit(2)", b""),
            ("sys.stderr.write('usage: x'); sys.exit(1)", b"usage: x"),
            ("sys.stderr.write('hello'); sys.exit(2)", b"hello"),
        ],
    )
    def test_a_usage_message_may_be_held_back(self, program: str, shown: bytes) -> None:
        _, _, seen = self.run(f"import sys; {program}", hold_back=b"usage:")

        assert seen == shown


class TestChildsWords:
    """What a program says on stderr, while it runs, and what is kept back."""

    def shown(self, program: str, hold_back: bytes = b"") -> list[bytes]:
        shown: list[bytes] = []
        run_child(
            [sys.executable, "-S", "-c", f"import os, sys, time\n{program}"],
            os.environ,
            bounds=Bounds(10.0, hold_back=hold_back),
            show=shown.append,
        )
        return shown

    @pytest.mark.pain("E8")
    @pytest.mark.parametrize(
        ("program", "hold_back", "expected"),
        [
            pytest.param("os.write(2, b'hello')", b"", [b"hello", b""], id="words"),
            pytest.param("pass", b"", [b""], id="none"),
            pytest.param(
                "os.write(2, b'Usage: x'); sys.exit(2)", b"usage:", [], id="usage"
            ),
            pytest.param(
                "os.write(2, b'usage: x')", b"usage:", [b"usage: x", b""], id="no error"
            ),
            pytest.param(
                "os.write(2, b'usage:' + b'x' * 4090); sys.exit(2)",
                b"usage:",
                [b"usage:" + b"x" * 4090, b""],
                id="long usage",
            ),
            pytest.param(
                "os.write(2, b'usage:' + b'x' * 4089); sys.exit(2)",
                b"usage:",
                [],
                id="as long as may be",
            ),
            pytest.param(
                "os.write(2, b'hi'); time.sleep(0.3); os.write(2, b'usage:'); "
                "sys.exit(2)",
                b"usage:",
                [b"hi", b"usage:", b""],
                id="usage after other words",
            ),
        ],
    )
    def test_are_shown_piece_by_piece_or_held_back(
        self, program: str, hold_back: bytes, expected: list[bytes]
    ) -> None:
        assert self.shown(program, hold_back) == expected

    def test_are_waited_for_when_it_has_ended(self) -> None:
        shown: list[bytes] = []

        def show(chunk: bytes) -> None:
            time.sleep(0.2)
            shown.append(chunk)

        run_child(["/bin/sh", "-c", "echo late >&2"], os.environ, show=show)

        assert b"".join(shown) == b"late\n"

    def test_go_to_the_terminal_if_nobody_else_shows_them(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        run_child(["/bin/sh", "-c", "echo words >&2"], os.environ)

        assert capfd.readouterr().err == "words\n"

    def test_go_nowhere_without_a_terminal(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", None)

        ended = run_child(["/bin/sh", "-c", "echo words >&2"], os.environ)

        assert ended.stderr == b"words\n"


class TestChildsLimits:
    @pytest.mark.parametrize(
        ("command", "reason"),
        [
            ("/nowhere/program", "it cannot be started: no such file or directory"),
            ("a\0b", "it cannot be started: embedded null byte"),
        ],
    )
    def test_one_that_cannot_be_started_says_why(
        self, command: str, reason: str
    ) -> None:
        with pytest.raises(ChildFailed) as caught:
            run_child([command], os.environ)

        assert str(caught.value) == reason

    @pytest.mark.parametrize(("size", "is_long"), [(1000, False), (1001, True)])
    def test_an_answer_has_a_size(self, size: int, is_long: bool) -> None:
        command = ["/bin/sh", "-c", f"head -c {size} /dev/zero"]

        if is_long:
            with pytest.raises(ChildFailed, match="longer than"):
                run_child(command, os.environ, bounds=Bounds(10.0, 1000))
        else:
            ended = run_child(command, os.environ, bounds=Bounds(10.0, 1000))
            assert len(ended.stdout) == size

    def test_a_grandchild_that_stays_keeps_no_process_alive(self) -> None:
        run_child(["/bin/sh", "-c", "sleep 3 &"], os.environ)

        staying = [each for each in threading.enumerate() if not each.daemon]
        assert staying == [threading.main_thread()]


def test_places_that_say_the_same_share_a_line() -> None:
    tried = [
        Attempt("environment", "off"),
        Attempt("URL", "off"),
        Attempt("netrc", "no entry"),
        Attempt("sixteen_letters_", "off"),
        Attempt("seventeen_letters", "no"),
    ]

    assert format_attempts(tried) == [
        "environment, URL  off",
        "netrc             no entry",
        "sixteen_letters_  off",
        "seventeen_letters: no",
    ]
