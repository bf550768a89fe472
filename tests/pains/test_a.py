"""A: the first request is anonymous, and nobody objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.options import COMMANDS
from support.index import SECRET
from support.ways import by_netrc

if TYPE_CHECKING:
    from admit.serve.server import IndexServer
    from support.desk import Desk

LINES = {
    "install": ["install", "--dry-run", "mypackage"],
    "sync": ["sync", "--dry-run", "pins.txt"],
    "compile": ["compile", "wishes.in"],
    "download": ["download", "--dest", "files", "mypackage"],
    "index": ["index", "versions", "mypackage"],
    "list": ["list", "--outdated"],
}
OFFLINE = {"config"}
"""Commands that take options of indexes and ask none."""
every_command = pytest.mark.parametrize("line", LINES.values(), ids=LINES)


@pytest.fixture
def asking(desk: Desk) -> Desk:
    desk.write("pins.txt", "mydependency==1.4\nmypackage==2024.1\n")
    desk.write("wishes.in", "mypackage\n")
    installed = desk.site / "mydependency-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: mydependency\nVersion: 0.1\n"
    )
    return desk


@pytest.mark.pain("A8")
class TestEveryCommand:
    def test_is_tried_here(self) -> None:
        asking = {each.name for each in COMMANDS if "index" in each.groups}

        # `venv --seed` is an install: see tests/cli/test_commands.py.
        assert asking - OFFLINE - set(LINES) <= {"auth", "venv"}

    @every_command
    def test_sends_the_credential_with_every_request(
        self, asking: Desk, private: IndexServer, line: list[str]
    ) -> None:
        url = by_netrc(asking, private.url, SECRET)

        asking.succeed(*line, "-i", url)

        assert private.requests
        assert private.anonymous == []

    @every_command
    def test_knows_the_policy(
        self, asking: Desk, private: IndexServer, line: list[str]
    ) -> None:
        asking.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{private.url}"\n'
            'default = true\nauthenticate = "always"\n',
        )

        ran = asking.fail(*line)

        assert "no credential for index corp" in ran.stderr
        assert private.requests == []

    @every_command
    def test_looks_nothing_up_where_the_policy_is_never(
        self, asking: Desk, private: IndexServer, line: list[str]
    ) -> None:
        url = by_netrc(asking, private.url, SECRET)

        asking.run(*line, "-i", url, "--authenticate", "never")

        assert private.requests
        assert private.anonymous == private.requests


@pytest.mark.pain("A10")
class TestWhatIsSaved:
    @pytest.mark.parametrize("userinfo", ["alice:****", "****", "****:", ":****"])
    def test_a_mask_is_no_credential(
        self, desk: Desk, private: IndexServer, userinfo: str
    ) -> None:
        """It would be a wrong password, which a filtered index takes for none."""
        url = private.url.replace("://", f"://{userinfo}@")

        ran = desk.fail("install", "-i", url, "mypackage")

        assert "is a mask" in ran.stderr
        assert private.requests == []

    def test_what_is_printed_of_an_index_never_logs_in_as_a_stranger(
        self, desk: Desk, private: IndexServer
    ) -> None:
        """Copied from our own output, a URL is an error and not an anonymous run."""
        shown = desk.succeed(
            "config", "get", "index-url", ADMIT_INDEX_URL=private.url_as("alice")
        ).stdout.strip()

        ran = desk.run("install", "--dry-run", "-i", shown, "mypackage")

        assert ran.status == 1 or "alice" not in shown
        assert SECRET not in shown
        assert private.anonymous == []

    def test_direct_url_json_and_freeze_hold_neither_secret_nor_mask(
        self, desk: Desk, private: IndexServer
    ) -> None:
        place = "packages/mypackage/2020.1/mypackage-2020.1-py3-none-any.whl"
        wheel = f"http://127.0.0.1:{private.port}/{place}"
        desk.succeed("install", wheel.replace("://", f"://alice:{SECRET}@"))

        frozen = desk.succeed("freeze").stdout
        saved = (desk.site / "mypackage-2020.1.dist-info/direct_url.json").read_text()

        assert frozen == f"mypackage @ {wheel}\n"
        assert f'"{wheel}"' in saved
