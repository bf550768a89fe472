"""What a run leaves for others to read: `--report`, `--log`, JSON, colours."""

from __future__ import annotations

import hashlib
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from support.index import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from admit.serve.server import IndexServer
    from support.desk import Desk


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in rows}


class TestReport:
    def read(self, desk: Desk, *arguments: str) -> dict[str, Any]:
        desk.succeed("install", "--report", "report.json", *arguments)
        found: dict[str, Any] = json.loads((desk.work / "report.json").read_text())
        return found

    def test_it_has_the_form_of_pips(
        self, desk: Desk, index: IndexServer, world: Path
    ) -> None:
        report = self.read(desk, "gamma[fast]", "alpha==1.0")

        assert report["version"] == "1"
        rows = {each["metadata"]["name"]: each for each in report["install"]}
        assert sorted(rows) == ["alpha", "beta", "delta", "gamma"]
        name = "alpha-1.0-py3-none-any.whl"
        sha256 = digest(world / name)
        assert rows["alpha"]["download_info"] == {
            "url": f"{index.origin}/packages/alpha/1.0/{name}",
            "archive_info": {
                "hash": f"sha256={sha256}",
                "hashes": {"sha256": sha256},
            },
        }
        assert rows["gamma"]["requested_extras"] == ["fast"]
        assert {name for name, each in rows.items() if each["requested"]} == {
            "alpha",
            "gamma",
        }
        assert not any(each["is_direct"] or each["is_yanked"] for each in rows.values())
        assert report["environment"]["python_version"].startswith("3.")

    def test_metadata_is_that_of_the_wheel(self, desk: Desk) -> None:
        report = self.read(desk, "--no-deps", "gamma")

        (row,) = report["install"]
        assert row["metadata"]["metadata_version"] == "2.1"
        assert row["metadata"]["requires_dist"] == [
            "delta; extra == 'fast'",
            "beta",
        ]
        assert row["metadata"]["provides_extra"] == ["fast"]
        assert "gamma for tests." in row["metadata"]["description"]

    def test_a_dry_run_writes_it_and_changes_nothing(self, desk: Desk) -> None:
        report = self.read(desk, "--dry-run", "beta")

        names = [each["metadata"]["name"] for each in report["install"]]
        assert names == ["alpha", "beta"]
        assert desk.installed == []

    def test_nothing_to_do_is_an_empty_list(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")

        assert self.read(desk, "alpha")["install"] == []

    def test_a_direct_wheel_is_told(self, desk: Desk, world: Path) -> None:
        path = world / "alpha-1.0-py3-none-any.whl"

        report = self.read(desk, str(path))

        (row,) = report["install"]
        assert row["is_direct"] is True
        assert row["download_info"]["url"] == f"file://{path}"
        assert row["download_info"]["archive_info"]["hashes"]["sha256"] == digest(path)

    def test_no_login_is_in_it(self, desk: Desk, private: IndexServer) -> None:
        desk.secrets.append(SECRET)

        self.read(desk, "--index-url", private.url_as("alice"), "mypackage")

        assert SECRET not in (desk.work / "report.json").read_text()

    def test_it_can_go_to_stdout(self, desk: Desk) -> None:
        ran = desk.succeed("install", "--quiet", "--report", "-", "alpha")

        assert json.loads(ran.stdout)["version"] == "1"
        assert ran.stderr == ""

    @pytest.mark.parametrize("command", ["install", "sync", "download"])
    def test_a_place_that_cannot_be_written_is_an_error_before_the_change(
        self, desk: Desk, command: str
    ) -> None:
        desk.write("pins.txt", "beta==1.0\n")
        words = ["pins.txt"] if command == "sync" else ["beta"]

        ran = desk.fail(command, "--report", "nowhere/report.json", *words)
        folder = desk.fail(command, "--report", ".", *words)

        assert "error: cannot write the report" in ran.stderr
        assert "fix: name a file in a folder that is there" in ran.stderr
        assert "Is a directory" in folder.stderr
        assert desk.installed == []
        assert not list(desk.work.glob("*.whl"))


class TestJson:
    def test_an_install(self, desk: Desk, index: IndexServer, world: Path) -> None:
        desk.succeed("install", "alpha==1.0")

        ran = desk.succeed("install", "--output-format", "json", "-U", "beta")

        result = json.loads(ran.stdout)
        rows = by_name(result["packages"])
        assert result["command"] == "install"
        assert rows["alpha"]["action"] == "replace"
        assert rows["alpha"]["previous_version"] == "1.0"
        assert rows["beta"] == {
            "name": "beta",
            "version": "1.0",
            "action": "install",
            "requested": True,
            "index": {"name": None, "url": index.url},
            "url": f"{index.origin}/packages/beta/1.0/beta-1.0-py3-none-any.whl",
            "hashes": {"sha256": digest(world / "beta-1.0-py3-none-any.whl")},
            "is_direct": False,
            "is_yanked": False,
        }

    def test_a_dry_run_says_so(self, desk: Desk) -> None:
        ran = desk.succeed("install", "--output-format", "json", "--dry-run", "alpha")

        assert json.loads(ran.stdout)["dry_run"] is True
        assert desk.installed == []

    def test_nothing_to_do(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")

        ran = desk.succeed("install", "--output-format", "json", "alpha")

        result = json.loads(ran.stdout)
        assert (result["packages"], result["kept"]) == ([], 1)

    def test_an_uninstall(self, desk: Desk) -> None:
        desk.succeed("install", "alpha")

        ran = desk.succeed("uninstall", "--output-format", "json", "alpha")

        assert json.loads(ran.stdout)["packages"] == [
            {"name": "alpha", "version": "2.0", "action": "remove"}
        ]

    def test_a_sync(self, desk: Desk) -> None:
        desk.succeed("install", "delta")
        desk.write("all.txt", "alpha==2.0\n")

        ran = desk.succeed("sync", "--output-format", "json", "all.txt")

        rows = by_name(json.loads(ran.stdout)["packages"])
        assert {name: each["action"] for name, each in rows.items()} == {
            "alpha": "install",
            "delta": "remove",
        }

    def test_a_list(self, desk: Desk) -> None:
        desk.succeed("install", "beta")

        ran = desk.succeed("list", "--output-format", "json")

        rows = by_name(json.loads(ran.stdout)["packages"])
        assert sorted(rows) == ["alpha", "beta"]
        assert rows["beta"]["requested"] is True
        assert rows["alpha"]["requested"] is False

    @pytest.mark.parametrize(
        ("arguments", "status", "code"),
        [
            (("install", "nothing-like-it"), 1, "no-solution"),
            (("install", "not a name"), 2, "invalid-requirement"),
            (("install",), 2, "usage"),
            (("install", "--cert", "none.pem", "x"), 2, "invalid-network-setting"),
            (("uninstall",), 2, "usage"),
        ],
    )
    def test_an_error(
        self, desk: Desk, arguments: tuple[str, ...], status: int, code: str
    ) -> None:
        ran = desk.fail(*arguments, "--output-format", "json", status=status)

        error = json.loads(ran.stdout)["error"]
        assert error["code"] == code
        assert set(error) == {"code", "what", "why", "fix"}
        assert f"error: {error['what']}" in ran.stderr

    def test_the_warnings_of_a_run(self, desk: Desk) -> None:
        ran = desk.succeed("uninstall", "--output-format", "json", "alpha")

        assert json.loads(ran.stdout)["warnings"] == [
            "alpha is not installed, nothing to remove"
        ]

    def test_no_login_is_in_it(self, desk: Desk, private: IndexServer) -> None:
        desk.secrets.append(SECRET)
        options = ["--index-url", private.url_as("alice"), "--output-format", "json"]

        ran = desk.succeed("install", *options, "mypackage")

        rows = by_name(json.loads(ran.stdout)["packages"])
        assert rows["mypackage"]["index"]["url"] == private.url


class TestLog:
    def test_everything_is_in_it_whatever_is_shown(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.succeed("install", "-q", "--log", "admit.log", "mypackage")

        path = alice.work / "admit.log"
        text = path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "admit install -q --log admit.log mypackage" in text
        assert f"GET {private.url}mypackage/ [listing] as alice via netrc" in text
        assert "+ mypackage==2024.1" in text
        assert SECRET not in text
        assert "\x1b" not in text

    def test_runs_are_appended_and_it_stays_private(self, desk: Desk) -> None:
        path = desk.write("admit.log", "before\n")
        path.chmod(0o644)

        desk.succeed("install", "--log", "admit.log", "alpha")
        desk.fail("install", "--log", "admit.log", "nothing-like-it")

        text = path.read_text()
        assert text.startswith("before\n")
        assert "+ alpha==2.0" in text
        assert "error: no set of versions" in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_no_login_of_the_command_line_is_in_it(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)
        options = ["--index-url", private.url_as("alice"), "--log", "admit.log"]

        desk.succeed("install", *options, "mypackage")

        assert SECRET not in (desk.work / "admit.log").read_text()

    def test_colours_are_taken_out(self, desk: Desk) -> None:
        ran = desk.succeed("install", "--color", "always", "--log", "log", "alpha")

        assert "\x1b[32m+" in ran.stderr
        assert "\x1b" not in (desk.work / "log").read_text()

    def test_a_place_that_cannot_be_written_is_an_error(self, desk: Desk) -> None:
        ran = desk.fail("install", "--log", "no/where", "alpha")

        assert "cannot write the log" in ran.stderr
        assert desk.installed == []

    def test_a_setting_names_it_too(self, desk: Desk) -> None:
        desk.succeed("install", "alpha", ADMIT_LOG="a.log")

        assert "alpha==2.0" in (desk.work / "a.log").read_text()


class TestColour:
    @pytest.mark.parametrize(
        ("options", "variables", "is_coloured"),
        [
            ((), {}, False),
            (("--color", "always"), {}, True),
            (("--color", "never"), {"FORCE_COLOR": "1"}, False),
            ((), {"FORCE_COLOR": "1"}, True),
            ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
            ((), {"ADMIT_COLOR": "always"}, True),
        ],
    )
    def test_it_is_where_it_is_wanted(
        self,
        desk: Desk,
        options: tuple[str, ...],
        variables: dict[str, str],
        is_coloured: bool,
    ) -> None:
        ran = desk.succeed("install", *options, "alpha", **variables)

        assert ("\x1b[" in ran.stderr) is is_coloured

    def test_no_progress_is_taken_everywhere(self, desk: Desk) -> None:
        desk.succeed("install", "--no-progress", "alpha")
        desk.succeed("list", "--no-progress")


class TestIndexVersions:
    def test_they_are_printed_newest_first(
        self, desk: Desk, index: IndexServer
    ) -> None:
        ran = desk.succeed("index", "versions", "alpha")

        assert ran.stdout == "2.0\n1.0\n"
        host = index.url
        assert ran.notes == [f"alpha on {host} (asked anonymously):"]

    def test_what_is_left_out_is_told(self, desk: Desk) -> None:
        early = desk.succeed("index", "versions", "early")
        assert early.stdout == "1.0\n"
        assert "and 1 pre-release; --pre shows them" in early.stderr
        both = desk.succeed("index", "versions", "--pre", "early")
        assert both.stdout == "2.0rc1\n1.0\n"
        assert desk.succeed("index", "versions", "soon").stdout == "0.1b2\n"

        pulled = desk.succeed("index", "versions", "pulled")

        assert pulled.stdout == "1.0\n"
        assert "and 1 version yanked or not for this Python" in pulled.stderr

    def test_each_caller_sees_their_own(
        self, alice: Desk, private: IndexServer
    ) -> None:
        mine = alice.succeed("index", "versions", "mypackage")
        theirs = alice.succeed(
            "index", "versions", "mypackage", ADMIT_AUTHENTICATE="never"
        )

        assert mine.stdout == "2024.1\n2020.1\n"
        assert "asked as alice via netrc" in mine.stderr
        assert theirs.stdout == "2020.1\n"
        assert "asked anonymously" in theirs.stderr

    def test_as_json(self, desk: Desk) -> None:
        ran = desk.succeed("index", "versions", "--json", "pulled")

        found = json.loads(ran.stdout)
        assert found["name"] == "pulled"
        assert found["versions"] == [
            {"version": "2.0", "prerelease": False, "yanked": True, "unusable": None},
            {"version": "1.0", "prerelease": False, "yanked": False, "unusable": None},
        ]

    def test_what_is_not_there_is_an_error(self, desk: Desk) -> None:
        ran = desk.fail("index", "versions", "nothing-like-it")

        assert "nothing-like-it was not found on" in ran.stderr

    @pytest.mark.parametrize("words", [(), ("versions",), ("shrug", "alpha")])
    def test_other_words_are_misuse(self, desk: Desk, words: tuple[str, ...]) -> None:
        ran = desk.fail("index", *words, status=2)

        assert "`admit index versions NAME`" in ran.stderr
