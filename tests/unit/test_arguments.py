"""The command line: every form of an option, and what a mistake is told."""

from __future__ import annotations

import pytest

from admit.cli.arguments import find_verb, format_help, parse_arguments
from admit.config.options import BY_NAME, COMMANDS, Command, options_of
from admit.errors import UsageError

INSTALL = BY_NAME["install"]


@pytest.mark.parametrize(
    ("words", "given", "packages"),
    [
        pytest.param([], {}, [], id="nothing"),
        pytest.param(["flask", "rich"], {}, ["flask", "rich"], id="operands"),
        pytest.param(["--dry-run"], {"dry_run": True}, [], id="flag"),
        pytest.param(["-vv", "-v"], {"verbose": 3}, [], id="count"),
        pytest.param(["--timeout", "3"], {"timeout": 3.0}, [], id="number"),
        pytest.param(["--timeout=0.5"], {"timeout": 0.5}, [], id="with-equals"),
        pytest.param(["-i", "u", "x"], {"index_url": "u"}, ["x"], id="short"),
        pytest.param(["-iu"], {"index_url": "u"}, [], id="short-attached"),
        pytest.param(["-Un"], {"upgrade": True, "no_cache": True}, [], id="cluster"),
        pytest.param(
            ["-r", "a", "-rb", "--requirements=c"],
            {"requirement": ["a", "b", "c"]},
            [],
            id="list-and-alias",
        ),
        pytest.param(["-i", "a", "-i", "b"], {"index_url": "b"}, [], id="last-wins"),
        pytest.param(["--", "-r"], {}, ["-r"], id="after-two-dashes"),
        pytest.param(["-r", "-"], {"requirement": ["-"]}, [], id="dash-as-value"),
        pytest.param(["-"], {}, ["-"], id="dash-as-operand"),
        pytest.param(["--log", "-x"], {"log": "-x"}, [], id="value-like-an-option"),
    ],
)
def test_forms(words: list[str], given: dict[str, object], packages: list[str]) -> None:
    read = parse_arguments(INSTALL, words)

    assert read.given == given
    assert read.operands == {"_packages": packages}
    assert not read.wants_help


@pytest.mark.parametrize(
    ("words", "what"),
    [
        pytest.param(["--nope"], "`admit install` has no option --nope", id="unknown"),
        pytest.param(["-Z"], "`admit install` has no option -Z", id="unknown-short"),
        pytest.param(["--timeout"], "--timeout wants a value", id="no-value"),
        pytest.param(["-i", "--pre"], "-i wants a value", id="option-for-value"),
        pytest.param(["--timeout", "x"], "--timeout wants a number", id="no-number"),
        pytest.param(["--color", "x"], "--color wants one of auto", id="no-choice"),
        pytest.param(["--pre=1"], "--pre takes no value", id="flag-with-value"),
    ],
)
def test_mistakes(words: list[str], what: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(INSTALL, words)

    assert caught.value.what.startswith(what)
    assert caught.value.fix is not None


def test_a_close_option_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(INSTALL, ["--dry-rum"])

    assert caught.value.fix == "did you mean --dry-run?"


def test_an_operand_too_many_is_masked() -> None:
    with pytest.raises(UsageError) as caught:
        parse_arguments(BY_NAME["list"], ["https://alice:can4ry@corp.example/"])

    assert "can4ry" not in caught.value.what


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["install", "-U", "x"], ("install", ["-U", "x"])),
        (["-q", "install", "x"], ("install", ["-q", "x"])),
        (["--color", "never", "install"], ("install", ["--color", "never"])),
        (["--color=never", "install"], ("install", ["--color=never"])),
        (["-q", "pip", "-v", "install", "x"], ("install", ["-q", "-v", "x"])),
        (["pip"], ("pip", [])),
        (["-q"], (None, ["-q"])),
        ([], (None, [])),
    ],
)
def test_the_verb_is_found_behind_options(
    words: list[str], expected: tuple[str | None, list[str]]
) -> None:
    assert find_verb(words) == expected


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_names_every_option_and_fits_a_terminal(command: Command) -> None:
    text = format_help(command)

    assert all(f"--{option.name}" in text for option in options_of(command))
    assert max(map(len, text.splitlines())) <= 88


def test_a_passed_option_before_the_verb_keeps_its_value() -> None:
    words = ["--progress-bar", "off", "install", "x"]

    assert find_verb(words) == ("install", ["--progress-bar", "off", "x"])
    assert find_verb(["--no-compile", "install"]) == ("install", ["--no-compile"])
