"""What was typed wrongly is repeated without the password in it (rule R3.3).

Made from the parser's own tables: every command's words, and every option that takes a
value as an argument, a variable and a setting of a file; so a new one is tried too.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from admit.cli.main import main
from admit.config.files import NOT_IN_FILES
from admit.config.options import COMMANDS, OPTIONS, options_of

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.options import Command, Option

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a log is open until the process ends, and this one goes on

SECRET = "tr0ub4dor-and-3"
SHAPES = {
    "sound": "https://alice:{}@127.0.0.1:9/simple/",
    "no at": "https://127.0.0.1:{}/simple/",
    "one slash": "https:/alice:{}@127.0.0.1:9/simple/",
    "no slash": "https:alice:{}@127.0.0.1:9/simple/",
    "no scheme": "alice:{}@127.0.0.1:9/simple/",
    "slashes only": "//alice:{}@127.0.0.1:9/simple/",
    "backslashes": "https:\\\\alice:{}@127.0.0.1:9\\simple",
    "a blank in the host": "https://alice:{}@ho st/",
    "a blank in the secret": "https://alice:my {}@127.0.0.1:9/",
    "an odd scheme": "ht!tp://alice:{}@127.0.0.1:9/",
    "a broken host": "https://alice:{}@[broken/",
    "a slash in the secret": "https://alice:{}/x@127.0.0.1:9/",
    "two ats": "https://alice@corp.example:{}@127.0.0.1:9/",
    "no user": "https://:{}@[broken/",
    "as scp has it": "alice:{}@corp.example:wheels/x.whl",
    "a parameter": "https://127.0.0.1:port/simple/?token={}",
    "named": "corp=https://alice:{}@[broken/",
    "a requirement": "x @ https://alice:{}@[broken/x-1-py3-none-any.whl",
    "upper case": "HTTPS:/alice:{}@127.0.0.1:9/",
}
ANY = tuple(SHAPES)
WITH_VALUE = [
    each for each in OPTIONS if each.kind not in ("flag", "count") and each.help
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of our own, which sends nothing."""
    for name in list(os.environ):
        if name not in ("PATH", "LANG"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ADMIT_NO_FOREIGN_CONFIG", "1")
    monkeypatch.setenv("ADMIT_INDEX_URL", "http://127.0.0.1:9/simple/")
    monkeypatch.setenv("ADMIT_RETRIES", "0")
    monkeypatch.setenv("ADMIT_OFFLINE", "1")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
    """Run admit in this process, and look at what it printed."""
    main(arguments)
    printed = "".join(capsys.readouterr())
    assert SECRET not in printed, f"{arguments}: {printed}"
    assert "this is a bug" not in printed, printed


def words_of(command: Command) -> list[list[str]]:
    """What may stand before a word of ours."""
    verbs = {
        "auth": ["explain", "check", "login", "logout", "token", "forget"],
        "config": ["get"],
        "index": ["versions"],
    }
    return [[], *([each] for each in verbs.get(command.name, ()))]


def taker_of(option: Option) -> Command:
    return next(each for each in COMMANDS if option in options_of(each))


@pytest.mark.pain("G1")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("command", [each.name for each in COMMANDS])
def test_words_of_commands(
    command: str, shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    word = SHAPES[shape].format(SECRET)
    (found,) = [each for each in COMMANDS if each.name == command]

    more = ["-p", "/nowhere"] if command == "venv" else []  # it would make one

    for before in words_of(found):
        check(capsys, command, "-vv", *more, *before, word)
    check(capsys, command, f"--frobnicate={word}")
    check(capsys, command, "--frobnicate", word)
    check(capsys, command, "-vv", "alpha", word, "--output-format", "json")


@pytest.mark.parametrize("shape", SHAPES)
def test_words_instead_of_commands(
    shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    word = SHAPES[shape].format(SECRET)

    for arguments in ([word], ["--", word], [f"-{word}"], [f"--{word}"], ["pip", word]):
        check(capsys, *arguments)


@pytest.mark.pain("G1")
@pytest.mark.parametrize("option", [each.name for each in WITH_VALUE])
def test_values_of_options(
    option: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    number = [each.name for each in WITH_VALUE].index(option)
    (found,) = [each for each in WITH_VALUE if each.name == option]
    command = taker_of(found).name
    # Each option meets some shapes, each shape many options.
    for shape in [ANY[(number * 4 + each) % len(ANY)] for each in range(4)]:
        word = SHAPES[shape].format(SECRET)

        check(capsys, command, "-vv", f"--{option}", word)
        check(capsys, "config", "list", "--no-config", f"--{option}", word)
        if found.is_line_only:
            continue
        monkeypatch.setenv(found.variable, word)
        check(capsys, command, "-vv")
        check(capsys, "config", "list")
        monkeypatch.delenv(found.variable)
        if found.key not in NOT_IN_FILES:
            row = f"{option} = {json.dumps([word] if found.kind == 'list' else word)}\n"
            (tmp_path / "given.toml").write_text(row)
            check(capsys, command, "-vv", "--config-file", str(tmp_path / "given.toml"))
            check(capsys, "config", "list", "--config-file", f"{tmp_path}/given.toml")
