"""Completion, by the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from admit.cli.completion import WRITERS
from admit.config.options import COMMANDS, options_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

ASK = {
    "bash": """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_admit
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "fish": """\
source $argv[1]
complete -C (string join ' ' -- $argv[2..-1]) | string replace -r '\\t.*' ''
true
""",
}


@pytest.fixture(params=["bash", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} here")
    return name


class Completing:
    """A shell that knows admit's completion."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.folder = folder
        self.shell = shell
        self.taught = folder / f"taught.{shell}"
        self.taught.write_text("\n".join(WRITERS[shell]()) + "\n")
        self.asking = folder / "ask"
        self.asking.write_text(ASK[shell])

    def __call__(self, *words: str) -> set[str]:
        """What may stand in place of the last word."""
        done = subprocess.run(
            [self.shell, str(self.asking), str(self.taught), "admit", *words],
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "TERM": "dumb"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stderr == ""
        return set(done.stdout.split())


@pytest.fixture
def complete(tmp_path: Path, shell: str) -> Completing:
    return Completing(tmp_path, shell)


def test_commands_are_completed(complete: Completing) -> None:
    assert complete("inst") == {"install"}
    assert {each.name for each in COMMANDS} <= complete("")


@pytest.mark.parametrize("name", [each.name for each in COMMANDS])
def test_every_option_of_a_command_is_completed(
    complete: Completing, name: str
) -> None:
    (command,) = [each for each in COMMANDS if each.name == name]
    flags = {
        flag
        for option in options_of(command)
        for flag in option.flags
        if flag.startswith("--")
    }

    assert flags <= complete(name, "--")


def test_choices_are_completed(complete: Completing) -> None:
    assert complete("install", "--color", "") == {"auto", "always", "never"}
    assert complete("config", "") >= {"list", "get", "files"}


def test_words_of_one_command_are_not_those_of_another(complete: Completing) -> None:
    assert "--dry-run" not in complete("config", "--d")
    assert "verify" not in complete("config", "v")


def test_pip_may_stand_before_the_command(complete: Completing) -> None:
    assert complete("pip", "install", "--no-ind") == {"--no-index"}


def test_files_are_completed_where_one_is_wanted(complete: Completing) -> None:
    (complete.folder / "wanted.txt").touch()

    assert complete("install", "-r", "wan") == {"wanted.txt"}
    assert complete("install", "--timeout", "wan") == set()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="there is no zsh here")
class TestZsh:
    def test_the_text_is_sound(self, tmp_path: Path) -> None:
        taught = tmp_path / "_admit"
        taught.write_text("\n".join(WRITERS["zsh"]()))

        subprocess.run(["zsh", "-n", str(taught)], check=True)

    def test_a_terminal_is_answered(self, tmp_path: Path) -> None:
        """What a user sees who types and presses Tab."""
        self.press_tab(tmp_path, "admit install --no-ind", "--no-index")
        self.press_tab(tmp_path, "admit inst", "admit install")

    def press_tab(self, folder: Path, typed: str, expected: str) -> None:
        """Type and press Tab, and wait until the terminal shows what is expected."""
        taught = folder / "_admit"
        taught.write_text("\n".join(WRITERS["zsh"]()))
        play = f"""\
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source {taught}'
zpty -w shell 'print rea''dy'
zpty -r shell seen '*ready*'
zpty -w -n shell {typed!r}$'\\t'
zpty -r shell seen {f"*{expected}*"!r}
print -r -- "$seen"
"""
        done = subprocess.run(
            ["zsh", "-f", "-c", play],
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "TERM": "dumb"},
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=True,
        )
        assert expected in done.stdout


class TestCommand:
    @pytest.mark.parametrize("shell", sorted(WRITERS))
    def test_it_prints_the_same_whatever_is_configured(
        self, desk: Desk, shell: str
    ) -> None:
        desk.write("admit.toml", "this is = broken")

        ran = desk.succeed("completion", shell)

        assert ran.stdout == "\n".join(WRITERS[shell]()) + "\n"
        assert ran.stderr == ""

    def test_a_shell_must_be_named(self, desk: Desk) -> None:
        assert "no shell was named" in desk.fail("completion", status=2).stderr
        assert (
            "no completion for tcsh" in desk.fail("completion", "tcsh", status=2).stderr
        )
