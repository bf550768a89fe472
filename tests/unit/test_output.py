"""What is printed where, at which verbosity, and what never is."""

from __future__ import annotations

import io
import sys

import pytest

from admit.auth.scrub import Scrubber
from admit.cli.mask import mask_userinfo
from admit.cli.output import Output, count_of, format_duration
from admit.errors import AdmitError


def say_everything(output: Output) -> None:
    output.data("data")
    output.note("note")
    output.detail("detail")
    output.detail("deep", 2)
    output.warn("careful")
    output.hint("advice")
    output.fail(AdmitError("it broke"))


@pytest.mark.parametrize(
    ("verbosity", "out", "err"),
    [
        (-2, "", "error: it broke\n"),
        (-1, "data\n", "warning: careful\nerror: it broke\n"),
        (0, "data\n", "note\nwarning: careful\nhint: advice\nerror: it broke\n"),
        (
            1,
            "data\n",
            "note\ndetail\nwarning: careful\nhint: advice\nerror: it broke\n",
        ),
        (
            2,
            "data\n",
            "note\ndetail\ndeep\nwarning: careful\nhint: advice\nerror: it broke\n",
        ),
    ],
    ids=["-qq", "-q", "plain", "-v", "-vv"],
)
def test_each_verbosity_says_its_part(
    capsys: pytest.CaptureFixture[str], verbosity: int, out: str, err: str
) -> None:
    say_everything(Output(verbosity=verbosity, environ={}))

    assert capsys.readouterr() == (out, err)


def test_an_error_has_three_parts_and_long_ones_are_indented(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Output(environ={}).fail(AdmitError("it broke", why="one\ntwo", fix="do this"))

    assert capsys.readouterr().err == (
        "error: it broke\n  why: one\n       two\n  fix: do this\n"
    )


def test_a_warning_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(environ={})

    output.warn("careful")
    output.warn("careful")

    assert capsys.readouterr().err == "warning: careful\n"


def test_every_line_passes_the_scrubber(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(verbosity=2, environ={})
    output.scrub = lambda text: text.replace("secret", "****")

    for tell in (output.data, output.note, output.detail, output.warn, output.hint):
        tell(f"{tell.__name__} secret")
    output.fail(AdmitError("secret", why="secret", fix="secret"))

    printed = "".join(capsys.readouterr())
    assert "secret" not in printed
    assert printed.count("****") == 8


@pytest.mark.parametrize(
    ("environ", "when", "expected"),
    [
        ({}, "auto", False),
        ({}, "always", True),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"CLICOLOR_FORCE": "1"}, "auto", True),
        ({"FORCE_COLOR": "1"}, "never", False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": "1"}, "always", True),
    ],
)
def test_colour_is_chosen_by_option_then_variables(
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    when: str,
    expected: bool,
) -> None:
    output = Output(color=when, environ=environ)

    assert output.has_color is expected
    assert output.paint("x", "31") == ("\x1b[31mx\x1b[0m" if expected else "x")


def test_what_a_stream_cannot_encode_is_escaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="ascii"))

    Output(environ={}).note("größer…")

    assert raw.getvalue() == b"gr\\xf6\\xdfer\\u2026\n"


def test_the_live_line_is_hidden_before_a_line_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def hide() -> None:
        sys.stderr.write("<hidden>")

    output = Output(environ={})
    output.live_line(hide)

    output.note("one")
    output.live_line(None)
    output.note("two")

    assert capsys.readouterr().err == "<hidden>one\ntwo\n"


@pytest.mark.pain("G1")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://alice:pw@host/x", "https://****@host/x"),
        ("a https://u:p@h b\nhttp://u:p@h", "a https://****@h b\nhttp://****@h"),
        ("/here/https:/alice:pw@host/", "/here/https:/****@host/"),
        ("https://alice:p/w@host/", "https://****@host/"),
        ("https://alice:p@w@host/", "https://****@host/"),
        ("https://alice:pw@[broken", "https://****@[broken"),
        ("https://:pw@host/", "https://****@host/"),
        ("https://alice@host/", "https://alice@host/"),
        ("https://host:8000/a@b", "https://host:8000/a@b"),
        ("https://[::1]:8000/a@b", "https://[::1]:8000/a@b"),
        ("x @ https://host/x.whl", "x @ https://host/x.whl"),
        ("mail me@host: no", "mail me@host: no"),
        ("mailto:me@host", "mailto:me@host"),
        ("git+ssh://git@host/x:y", "git+ssh://git@host/x:y"),
        ("alice:pw@host/x", "****@host/x"),
        ("'alice:pw@host:9/x'", "'****@host:9/x'"),
        ("`//alice:pw@host`, so", "`****@host`, so"),
        ("https:alice:pw@host", "https:****@host"),
        ("file:///x/https:%5Calice:pw@host", "file:///x/https:****@host"),
        ("file:///x/alice%3Apw%40h/y", "file:///x/****%40h/y"),
        ("https://host/a%40b", "https://host/a%40b"),
        ("https://host:80/?next=http://a:pw@b", "https://host:80/?next=http://****@b"),
        ("HTTPS:\\\\alice:pw@host", "HTTPS:\\\\****@host"),
        ("https://host:pw/simple", "https://host:****"),
        ("https://alice:my pw@host/x y", "https://alice:****@host/x y"),
        ("https://alice:my pw", "https://alice:**** pw"),
        ("https://host:80/x, https://host:80.", "https://host:80/x, https://host:80."),
        ("cannot read https://host: no", "cannot read https://host: no"),
        ("https://host:80\x1b[0m me@host", "https://host:80\x1b[0m me@host"),
    ],
)
def test_userinfo_is_masked_in_what_nobody_understood(text: str, expected: str) -> None:
    assert mask_userinfo(text) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "1ms"),
        (0.0084, "8ms"),
        (0.9994, "999ms"),
        (1.234, "1.23s"),
        (59.9, "59.90s"),
        (125, "2m 05s"),
    ],
)
def test_durations_read_well(seconds: float, expected: str) -> None:
    assert format_duration(seconds) == expected


def test_counts_have_a_plural() -> None:
    assert [count_of(number, "file") for number in (0, 1, 2)] == [
        "0 files",
        "1 file",
        "2 files",
    ]


def test_a_process_without_streams_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    output = Output(environ={})
    say_everything(output)

    assert not output.has_color


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("\x1b]0;owned\x07", r"\x1b]0;owned\x07", id="title"),
        pytest.param("a\rb", r"a\x0db", id="carriage return"),
        pytest.param("\x1b[2J\x1b[8mx", r"\x1b[2J\x1b[8mx", id="clear and conceal"),
        pytest.param("\x9b2J", r"\x9b2J", id="one-byte sequence"),
        pytest.param("a\u202eb", r"a\u202eb", id="direction"),
        pytest.param("\x1b[", r"\x1b[", id="cut sequence"),
        pytest.param("a\tb\nc é", "a\tb\nc é", id="ordinary"),
    ],
)
@pytest.mark.parametrize("color", ["always", "never"])
def test_what_a_server_wrote_does_not_steer_the_terminal(
    text: str, shown: str, color: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(color=color)

    output.note(text)
    output.data(text)
    output.fail(AdmitError("it broke", why=text))

    printed = capsys.readouterr()
    assert printed.out == f"{shown}\n"
    assert printed.err.startswith(f"{shown}\n")
    assert ("\x1b[31;1merror:\x1b[0m" in printed.err) is (color == "always")
    assert printed.err.endswith(shown.replace("\n", "\n       ") + "\n")


def test_json_has_no_secret_that_it_writes_another_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = 'pä"ss\\word'
    scrubber = Scrubber()
    scrubber.register(secret)
    output = Output()
    output.is_json = True
    output.scrub = scrubber.scrub

    output.fail(AdmitError("it broke", why=f"the server said {secret}"))
    output.result("install", [{"url": secret}])
    output.note(f"{ValueError(secret)!r}")

    printed = capsys.readouterr()
    assert printed.out.count("****") == 2
    assert "word" not in printed.out + printed.err
