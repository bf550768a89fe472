"""`uninstall`, `list`, `freeze`, `venv`, and the door itself, word for word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from admit import __version__
from admit.cli.auth import find_verb
from admit.cli.auth_help import VERBS
from admit.config.options import COMMANDS, options_of
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.config.options import Command
    from support.desk import Desk

    Golden = Callable[[Desk], None]


class TestUninstall:
    def test_what_is_there_goes(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("install", "gamma")

        desk.succeed("uninstall", "--dry-run", "gamma", "alpha")
        assert len(desk.installed) == 3
        desk.succeed("uninstall", "-y", "Gamma", "alpha")

        assert desk.installed == ["beta==1.0"]
        assert not (desk.venv / "bin/gamma").exists()
        golden(desk)

    def test_what_is_not_there_is_a_warning(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("install", "alpha")

        desk.succeed("uninstall", "absent")
        desk.succeed("uninstall", "absent", "alpha")

        assert desk.installed == []
        golden(desk)

    def test_a_file_may_name_them(self, desk: Desk) -> None:
        desk.succeed("install", "beta")
        desk.write("gone.txt", "beta==9  # the version is of no matter\nalpha\n")

        desk.succeed("uninstall", "-r", "gone.txt")

        assert desk.installed == []

    def test_naming_nothing_is_a_mistake(self, desk: Desk, golden: Golden) -> None:
        desk.fail("uninstall", status=2)

        golden(desk)


class TestList:
    @pytest.mark.parametrize("form", ["columns", "freeze", "json"])
    def test_each_format(self, desk: Desk, golden: Golden, form: str) -> None:
        desk.succeed("install", "-q", "gamma[fast]")

        ran = desk.succeed("list", "--format", form)

        assert ran.stderr == ""
        golden(desk)

    def test_an_empty_environment(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("list")
        desk.succeed("list", "--format=freeze")
        desk.succeed("list", "--format=json")

        golden(desk)

    def test_quiet_keeps_the_data(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "alpha")

        ran = desk.succeed("list", "-q", "--format=json")

        assert json.loads(ran.stdout) == [{"name": "alpha", "version": "2.0"}]


class TestFreeze:
    def test_versions(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("install", "-q", "gamma")

        ran = desk.succeed("freeze")

        assert ran.stderr == ""
        golden(desk)

    @pytest.mark.pain("G5")
    def test_direct_urls_come_without_their_secret(
        self, desk: Desk, index: IndexServer, golden: Golden
    ) -> None:
        desk.secrets.append(SECRET)
        build_wheel(desk.work, "mine", "0.1")
        url = f"{index.origin}/packages/alpha/1.0/alpha-1.0-py3-none-any.whl"
        given = url.replace("://", f"://alice:{SECRET}@")
        desk.write("requirements.txt", f"alpha @ {given}\n./mine-0.1-py3-none-any.whl")
        desk.succeed("install", "-q", "-r", "requirements.txt")

        desk.succeed("freeze")

        direct_url = desk.site / "alpha-1.0.dist-info/direct_url.json"
        assert json.loads(direct_url.read_text())["url"] == url
        golden(desk)

    def test_what_was_frozen_installs_again(self, desk: Desk) -> None:
        build_wheel(desk.work, "mine", "0.1")
        desk.succeed("install", "-q", "gamma", "./mine-0.1-py3-none-any.whl")
        frozen = desk.succeed("freeze").stdout
        desk.write("frozen.txt", frozen)
        desk.succeed("uninstall", "-q", "-r", "frozen.txt")
        assert desk.installed == []

        desk.succeed("install", "-q", "-r", "frozen.txt")

        assert desk.succeed("freeze").stdout == frozen


class TestVenv:
    @pytest.fixture(autouse=True)
    def _without(self, desk: Desk) -> None:
        desk.venv.rename(desk.home / "template")

    def test_plain(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("venv")

        assert (desk.venv / "pyvenv.cfg").is_file()
        assert desk.installed == []
        desk.succeed("install", "alpha")
        golden(desk)

    def test_existing(self, desk: Desk, golden: Golden) -> None:
        desk.succeed("venv", "here")
        note = desk.write("here/note", "mine")

        desk.fail("venv", "here")
        desk.succeed("venv", "here", "--allow-existing")
        assert note.exists()
        desk.succeed("venv", "here", "--clear")

        assert not note.exists()
        golden(desk)

    def test_a_folder_that_is_no_environment_is_never_cleared(
        self, desk: Desk, golden: Golden
    ) -> None:
        note = desk.write("here/note", "mine")

        desk.fail("venv", "here", "--clear")

        assert note.exists()
        golden(desk)

    @pytest.mark.pain("A8")
    def test_pip_may_be_put_into_it_through_the_same_indexes(
        self, desk: Desk, tmp_path: Path
    ) -> None:
        shelf = tmp_path / "shelf"
        build_wheel(shelf, "pip", "99.0")
        desk.secrets.append(SECRET)
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        with IndexServer(shelf, accounts=[ALICE]) as server:
            ran = desk.succeed("venv", "seeded", "--seed", "-i", server.url)
            assert server.anonymous == []

        assert " + pip==99.0\n" in ran.stderr
        listed = desk.succeed("list", "--python", "seeded", "--format=freeze")
        assert listed.stdout == "pip==99.0\n"

    def test_prompt_and_system_packages(self, desk: Desk) -> None:
        desk.succeed("venv", "--prompt", "mine", "--system-site-packages")

        config = (desk.venv / "pyvenv.cfg").read_text()
        assert "include-system-site-packages = true" in config
        assert "mine" in config

    def test_a_python_that_is_not_there(self, desk: Desk, golden: Golden) -> None:
        desk.fail("venv", "--python", "3.1", PATH="")
        desk.fail("venv", "--python", "./no-such-python")

        assert not desk.venv.exists()
        golden(desk)


class TestDoor:
    def test_version(self, desk: Desk) -> None:
        for form in ("--version", "-V", "version"):
            ran = desk.succeed(form)
            assert (ran.stdout, ran.stderr) == (f"admit {__version__}\n", "")

    def test_the_overview_tells_every_command(self, desk: Desk) -> None:
        asked = desk.succeed("--help")
        bare = desk.fail(status=2)

        assert (bare.stdout, bare.stderr) == ("", asked.stdout)
        for command in COMMANDS:
            assert f"  {command.name} " in asked.stdout
            assert f"  {command.help}\n" in asked.stdout

    @pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.name)
    def test_help_tells_every_option(self, desk: Desk, command: Command) -> None:
        ran = desk.succeed(command.name, "--help")

        assert ran.stderr == ""
        words = " ".join(ran.stdout.split())
        for option in options_of(command):
            assert option.help in words
            assert all(f"{flag} " in words.replace(",", " ") for flag in option.flags)
        for operand in command.operands:
            assert operand.help in words
        assert max(len(line) for line in ran.stdout.splitlines()) <= 80

    def test_auth_tells_its_verbs_and_each_its_options(self, desk: Desk) -> None:
        bare = desk.fail("auth", status=2)
        of_all = desk.succeed("auth", "--help")
        of_one = desk.succeed("help", "auth", "login")

        for verb in VERBS.values():
            assert f"  {verb.usage}" in bare.stderr
            assert verb.help in of_all.stdout
        assert "usage: admit auth login SOURCE" in of_one.stdout
        assert "--password-stdin" in of_one.stdout
        assert "--project" not in of_one.stdout
        assert all(find_verb(name) for name in VERBS)

    def test_pip_help_is_help(self, desk: Desk) -> None:
        one = desk.succeed("install", "--help")
        other = desk.succeed("pip", "install", "--help")

        assert one.stdout == other.stdout

    def test_unknown_words(self, desk: Desk, golden: Golden) -> None:
        desk.fail("instal", "alpha", status=2)
        desk.fail("pip", "frobnicate", status=2)
        desk.fail("install", "--frobnicate", "alpha", status=2)
        desk.fail("list", "--format", "xml", status=2)
        desk.fail("install", "--timeout", "soon", "alpha", status=2)
        desk.fail("--no-cache", status=2)

        golden(desk)


class TestSettings:
    def test_every_option_is_a_variable(self, desk: Desk) -> None:
        ran = desk.succeed(
            "install",
            "beta",
            ADMIT_NO_DEPS="1",
            ADMIT_DRY_RUN="true",
            ADMIT_NO_CACHE="yes",
            ADMIT_VERBOSE="1",
        )

        assert ran.changes == ["+ beta==1.0"]
        assert "GET " in ran.stderr
        assert desk.installed == []
        assert not desk.cache.exists()

    def test_a_variable_that_is_no_boolean(self, desk: Desk, golden: Golden) -> None:
        desk.fail("install", "alpha", status=2, ADMIT_NO_DEPS="perhaps")
        desk.fail("install", "alpha", status=2, ADMIT_TIMEOUT="soon")
        desk.fail("install", "alpha", status=2, ADMIT_LINK_MODE="teleport")
        desk.fail("install", "alpha", status=2, ADMIT_AUTHENTICATE="often")

        golden(desk)

    def test_a_file_configures_index_and_options(
        self, desk: Desk, index: IndexServer, golden: Golden
    ) -> None:
        del desk.variables["ADMIT_INDEX_URL"]
        desk.write(
            "admit.toml",
            f'no-deps = true\n[[index]]\nname = "ours"\nurl = "{index.url}"\n'
            "default = true\n",
        )

        desk.succeed("install", "-v", "beta")

        assert desk.installed == ["beta==1.0"]
        golden(desk)

    def test_the_command_line_beats_variables_beat_files(self, desk: Desk) -> None:
        desk.write("../.config/admit/admit.toml", 'cache-dir = "from-file"\n')
        desk.succeed("install", "alpha", ADMIT_CACHE_DIR="from-variable")
        desk.succeed("install", "delta", "--cache-dir", "from-line")

        made = {each.name for each in desk.work.iterdir()}
        assert made == {".venv", "from-variable", "from-line"}

    def test_no_config_reads_no_file(self, desk: Desk) -> None:
        desk.write("admit.toml", "this is no TOML")

        desk.succeed("install", "--no-config", "alpha")
        desk.succeed("install", "delta", ADMIT_NO_CONFIG="1")

        assert desk.installed == ["alpha==2.0", "delta==1.0"]

    def test_config_file_is_read_in_place_of_others(self, desk: Desk) -> None:
        desk.write("admit.toml", "this is no TOML")
        desk.write("mine.toml", "no-deps = true\n")

        desk.succeed("install", "--config-file", "mine.toml", "beta")

        assert desk.installed == ["beta==1.0"]

    def test_tool_table_of_pyproject_counts(self, desk: Desk) -> None:
        desk.write("pyproject.toml", "[tool.admit]\nno-deps = true\n")

        desk.succeed("install", "beta")

        assert desk.installed == ["beta==1.0"]
