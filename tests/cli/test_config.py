"""`admit config`, word for word; what pip's and uv's configuration does to a run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from admit.cli.config import NOT_SETTINGS
from admit.config.options import OPTIONS
from support.desk import Desk
from support.index import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.serve.server import IndexServer

    Golden = Callable[[Desk], None]

FILE = """\
timeout = 12
no-deps = true
only-binary = ["acme-core"]

[[index]]
name = "corp"
url = "https://alice:pa55word@corp.example/simple/"
authenticate = "always"
packages = ["Acme_*"]
probe = "acme-core"
required = true
ignore-error-codes = [403]

[[index]]
name = "wheels"
url = "./wheels"
format = "flat"
explicit = true
cache-control = { api = "max-age=600", files = "immutable" }
exclude-newer = "2024-05-01T00:00:00Z"
principal = "team"

[[index]]
url = "https://open.example/simple/"
default = true
public = true
"""


@pytest.fixture
def quiet(tmp_path: Path, template: Path) -> Desk:
    """A desk without an index, where foreign configuration counts."""
    desk = Desk(tmp_path, template, None)
    desk.variables["ADMIT_NO_FOREIGN_CONFIG"] = "0"
    desk.variables["PIP_CONFIG_FILE"] = "/dev/null"
    desk.secrets += ["pa55word", "t0ken"]
    return desk


class TestList:
    def test_every_setting_with_its_origin(self, quiet: Desk, golden: Golden) -> None:
        quiet.write("admit.toml", FILE)
        variables = {
            "ADMIT_RETRIES": "5",
            "UV_LINK_MODE": "copy",
            "PIP_PROXY": "http://me:t0ken@proxy.example:3128",
        }

        ran = quiet.succeed("config", "--pre", **variables)

        told, title, rest = ran.stdout.partition("settings that nobody set:\n")
        quiet.ran[-1] = ran._replace(stdout=told)  # the rest is as long as the table
        golden(quiet)
        names = [line.split()[0] for line in told.splitlines() if line[:2] == "  "]
        names += [line.split()[0] for line in rest.splitlines() if line]
        wanted = {
            each.name
            for each in OPTIONS
            if each.key not in NOT_SETTINGS and not getattr(each, "is_line_only", False)
        }
        assert title
        assert wanted <= set(names)

    def test_as_json(self, quiet: Desk) -> None:
        quiet.write("admit.toml", FILE)

        ran = quiet.succeed("config", "list", "--json", PIP_TIMEOUT="3")

        told = json.loads(ran.stdout)
        assert told["settings"]["timeout"] == {
            "value": 12,
            "origin": f"{quiet.work}/admit.toml:1",
        }
        assert told["settings"]["retries"] == {"value": 3, "origin": "default"}
        assert told["settings"]["cert"] == {"value": None, "origin": "default"}
        assert [each["name"] for each in told["indexes"]] == ["corp", "wheels", None]
        corp, wheels, last = told["indexes"]
        assert corp["packages"] == ["acme-*"]
        assert corp["url"] == "https://****@corp.example/simple/"
        assert wheels["url"] == f"file://{quiet.work}/wheels"
        assert wheels["cache-control"] == "max-age=600"
        assert last["default"]
        assert told["files"] == [f"{quiet.work}/admit.toml"]

    def test_the_built_in_default_is_told(self, quiet: Desk) -> None:
        told = json.loads(quiet.succeed("config", "--json").stdout)

        (index,) = told["indexes"]
        assert (index["public"], index["origin"]) == (True, "built in")


class TestGet:
    def test_one_setting(self, quiet: Desk, golden: Golden) -> None:
        quiet.write("admit.toml", FILE)

        quiet.succeed("config", "get", "timeout")
        quiet.succeed("config", "get", "cert", "-v")
        quiet.succeed("config", "get", "retries")
        quiet.succeed("config", "get", "trusted-host")
        quiet.succeed("config", "get", "only_binary")
        quiet.succeed(
            "config", "get", "index-url", PIP_INDEX_URL="https://a:t0ken@h.example/"
        )
        quiet.succeed("config", "get", "no-deps", "--json")

        golden(quiet)

    def test_the_indexes_as_the_list_tells_them(self, quiet: Desk) -> None:
        quiet.write("admit.toml", FILE)

        ran = quiet.succeed("config", "get", "index")
        told = quiet.succeed("config", "get", "index", "--json").stdout

        everything = quiet.succeed("config").stdout
        assert "corp https://" in ran.stdout
        assert f"indexes, in the order they are asked:\n{ran.stdout}\n" in everything
        everything = quiet.succeed("config", "--json").stdout
        assert json.loads(told)["index"] == json.loads(everything)["indexes"]

    def test_what_is_no_setting(self, quiet: Desk, golden: Golden) -> None:
        quiet.fail("config", "get", "tiemout", status=2)
        quiet.fail("config", "get", status=2)
        quiet.fail("config", "set", "timeout", "3", status=2)

        golden(quiet)


class TestFiles:
    def test_every_file_that_was_read(self, quiet: Desk) -> None:
        own = quiet.write("admit.toml", FILE)
        project = quiet.write("pyproject.toml", "[tool.uv]\noffline = true\n")
        pip = quiet.write(".venv/pip.conf", "[global]\ntimeout = 3\n")
        del quiet.variables["PIP_CONFIG_FILE"]

        ran = quiet.succeed("config", "files")

        lines = ran.stdout.splitlines()
        for path in (own, project, pip):
            assert f"read       {path}" in lines
        assert f"not there  {quiet.home}/.config/uv/uv.toml" in lines

    def test_what_was_not_used(self, quiet: Desk) -> None:
        quiet.write("../.config/uv/uv.toml", "offline = true\n")

        used = json.loads(quiet.succeed("config", "files", "--json").stdout)
        off = json.loads(
            quiet.succeed("config", "files", "--json", "--no-foreign-config").stdout
        )

        path = f"{quiet.home}/.config/uv/uv.toml"
        assert {"path": path, "state": "read"} in used
        assert {"path": path, "state": "not used"} in off

    def test_verbose_names_every_file(self, quiet: Desk) -> None:
        own = quiet.write("admit.toml", FILE)
        foreign = quiet.write("uv.toml", "offline = true\n")

        ran = quiet.succeed("config", "get", "timeout", "-v")

        assert f"settings from {own}" in ran.notes
        assert f"settings from {foreign}" in ran.notes


class TestBroken:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            pytest.param("uv.toml", "offline = ", id="uv"),
            pytest.param(".venv/pip.conf", "[global]\ntimeout", id="pip"),
            pytest.param("admit.toml", "[[index]]\nname = 'x'", id="own"),
        ],
    )
    def test_a_broken_file_is_told(
        self, quiet: Desk, golden: Golden, name: str, text: str
    ) -> None:
        quiet.variables.pop("PIP_CONFIG_FILE")
        quiet.write(name, text)

        quiet.fail("config", status=2)

        golden(quiet)


class TestForeign:
    def test_an_index_of_pip_is_used_without_any_step(
        self, private: IndexServer, tmp_path: Path, template: Path
    ) -> None:
        desk = Desk(tmp_path, template, None)
        desk.make_venv()
        desk.secrets.append(SECRET)
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        desk.write(".venv/pip.conf", f"[global]\nindex-url = {private.url}\n")
        desk.variables["ADMIT_NO_FOREIGN_CONFIG"] = "0"

        desk.succeed("install", "--no-deps", "mypackage")

        assert desk.installed == ["mypackage==2024.1"]

    def test_an_index_of_uv_keeps_its_name_and_variables(
        self, private: IndexServer, tmp_path: Path, template: Path
    ) -> None:
        desk = Desk(tmp_path, template, None)
        desk.make_venv()
        desk.secrets.append(SECRET)
        desk.variables |= {
            "ADMIT_NO_FOREIGN_CONFIG": "0",
            "PIP_CONFIG_FILE": "/dev/null",
        }
        desk.write(
            "pyproject.toml",
            '[[tool.uv.index]]\nname = "corp"\ndefault = true\n'
            f'url = "{private.url}"\n',
        )

        desk.succeed(
            "install",
            "--no-deps",
            "mypackage",
            UV_INDEX_CORP_USERNAME="alice",
            UV_INDEX_CORP_PASSWORD=SECRET,
        )

        assert desk.installed == ["mypackage==2024.1"]

    def test_only_virtual_environments_where_pip_was_told_so(
        self, quiet: Desk, golden: Golden
    ) -> None:
        base = getattr(sys, "_base_executable", sys.executable)

        quiet.fail(
            *("install", "--python", base, "--dry-run", "--no-index", "absent"),
            PIP_REQUIRE_VIRTUALENV="1",
        )

        golden(quiet)
