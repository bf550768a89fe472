"""An index that lists files and refuses some of them: `refused-files` (pain H6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.pain("H6")

CURATED = Behaviour(DENIALS["401"], refused_files=("widget-2.0*.whl",))
OPEN = Behaviour(DENIALS["401"])
REFUSED = (
    "warning: corp refused widget 2.0 (403 for widget-2.0-py3-none-any.whl, asked as "
    "alice via netrc): took 1.9 instead"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build_wheel(tmp_path / "w", "widget", "1.9")
    build_wheel(tmp_path / "w", "widget", "2.0")
    build_wheel(tmp_path / "w", "user", "1.0", requires=["widget"])
    return tmp_path / "w"


@pytest.fixture
def curated(folder: Path) -> Iterator[IndexServer]:
    """Whose wheel of widget 2.0 is blocked, though pages and metadata show it."""
    with IndexServer(folder, accounts=[ALICE], behaviour=CURATED) as server:
        yield server


@pytest.fixture
def alice(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
    return desk


def configure(desk: Desk, server: IndexServer, *lines: str) -> None:
    table = ["[[index]]", 'name = "corp"', f'url = "{server.url}"', *lines]
    desk.write("admit.toml", "\n".join((*table, "default = true", "")))


SKIP = 'refused-files = "skip"'


def test_the_next_version_is_installed_and_shown(
    alice: Desk, curated: IndexServer, golden: Callable[[Desk], None]
) -> None:
    configure(alice, curated, SKIP)

    alice.succeed("install", "user")

    assert alice.installed == ["user==1.0", "widget==1.9"]
    golden(alice)


def test_by_default_it_is_an_error_that_names_the_setting(
    alice: Desk, curated: IndexServer, golden: Callable[[Desk], None]
) -> None:
    configure(alice, curated)

    alice.fail("install", "user")

    assert alice.installed == []
    golden(alice)


def test_a_pin_that_is_refused_says_by_whom(
    alice: Desk, curated: IndexServer, golden: Callable[[Desk], None]
) -> None:
    configure(alice, curated, SKIP)

    alice.fail("install", "widget==2.0")

    golden(alice)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("install", "--no-deps", "widget"), id="no dependencies"),
        pytest.param(("install", "--no-cache", "widget"), id="no cache"),
        pytest.param(("sync", "requirements.txt"), id="sync"),
        pytest.param(("download", "-d", "wheels", "user"), id="download"),
        pytest.param(("compile", "requirements.txt"), id="compile"),
    ],
)
def test_every_command_passes_over_it(
    alice: Desk, curated: IndexServer, command: tuple[str, ...]
) -> None:
    configure(alice, curated, SKIP)
    alice.write("requirements.txt", "widget\n")

    ran = alice.succeed(*command)

    assert REFUSED in ran.stderr


def test_the_result_for_programs_names_it(alice: Desk, curated: IndexServer) -> None:
    configure(alice, curated, SKIP)

    ran = alice.succeed("install", "--output-format", "json", "widget")

    result = json.loads(ran.stdout)
    assert result["packages"][0]["refused"] == [
        {
            "version": "2.0",
            "filename": "widget-2.0-py3-none-any.whl",
            "status": 403,
            "asked_as": "alice via netrc",
        }
    ]
    assert result["warnings"] == [REFUSED.removeprefix("warning: ")]


def test_a_page_of_links_may_have_such_files_too(
    alice: Desk, curated: IndexServer
) -> None:
    configure(alice, curated, SKIP, 'format = "flat"')
    path = alice.work / "admit.toml"
    path.write_text(path.read_text().replace("/simple/", "/simple/widget/"))

    ran = alice.succeed("install", "widget")

    assert alice.installed == ["widget==1.9"]
    assert REFUSED in ran.stderr


class TestCache:
    def test_what_is_in_it_is_installed_and_not_asked_for(
        self, alice: Desk, folder: Path
    ) -> None:
        with IndexServer(folder, accounts=[ALICE], behaviour=OPEN) as server:
            configure(alice, server, SKIP)
            alice.succeed("install", "widget")
            alice.succeed("uninstall", "widget")
            server.indexes[0].behaviour = CURATED
            server.requests.clear()

            alice.succeed("install", "widget")

            assert [each.path for each in server.requests] == ["/simple/widget/"]
        assert alice.installed == ["widget==2.0"]

    @pytest.mark.parametrize("command", ["download", "compile -"])
    def test_it_does_not_stand_for_what_others_will_fetch(
        self, alice: Desk, folder: Path, command: str
    ) -> None:
        with IndexServer(folder, accounts=[ALICE], behaviour=OPEN) as server:
            configure(alice, server, SKIP)
            alice.succeed("install", "widget")
            server.indexes[0].behaviour = CURATED
            alice.typed = "widget\n"

            words = command.split()
            ran = alice.succeed(*words, *([] if words[1:] else ["widget"]))

        assert REFUSED in ran.stderr

    def test_offline_nothing_is_proved(self, alice: Desk, folder: Path) -> None:
        with IndexServer(folder, accounts=[ALICE], behaviour=OPEN) as server:
            configure(alice, server, SKIP)
            alice.succeed("install", "widget")
        alice.typed = "widget\n"

        ran = alice.succeed("compile", "--offline", "-")

        assert "widget==2.0" in ran.stdout


class TestGuards:
    @pytest.mark.pain("H1")
    @pytest.mark.parametrize(
        "strategy", ["first-index", "unsafe-first-match", "unsafe-best-match"]
    )
    @pytest.mark.parametrize("owner", ["", 'packages = ["widget"]'])
    def test_the_version_does_not_come_from_elsewhere(
        self, alice: Desk, folder: Path, tmp_path: Path, strategy: str, owner: str
    ) -> None:
        build_wheel(tmp_path / "other", "widget", "2.0")
        blocked = Behaviour(DENIALS["401"], refused_files=("widget-*.whl",))
        with (
            IndexServer(folder, accounts=[ALICE], behaviour=blocked) as server,
            IndexServer(tmp_path / "other", public=["*"]) as other,
        ):
            lines = ["[[index]]", 'name = "corp"', f'url = "{server.url}"', SKIP, owner]
            alice.write("admit.toml", "\n".join((*lines, "")))

            ran = alice.fail(
                *("install", "widget", "-i", other.url, "--index-strategy", strategy)
            )

            assert not [each for each in other.requests if ".whl" in each.path]
        assert "refused by corp (403, asked as alice via netrc)" in ran.stderr

    @pytest.mark.pain("H11")
    def test_a_file_whose_hash_is_given_is_not_concerned(
        self, alice: Desk, curated: IndexServer
    ) -> None:
        configure(alice, curated, SKIP)
        file = next(
            each
            for each in curated.indexes[0].shelf.read().projects["widget"]
            if each.version == "2.0"
        )
        line = f"widget==2.0 --hash=sha256:{file.sha256}\n"
        alice.write("requirements.txt", line)

        ran = alice.fail("install", "-r", "requirements.txt")

        assert "asking once more without a credential" in ran.stderr
        assert "refused by corp" not in ran.stderr

    def test_nor_is_it_asked_for_twice(self, alice: Desk, folder: Path) -> None:
        with IndexServer(folder, accounts=[ALICE], behaviour=OPEN) as server:
            configure(alice, server, SKIP)
            (file,) = server.indexes[0].shelf.read().projects["user"]
            alice.write("all.txt", f"user==1.0 --hash=sha256:{file.sha256}\n")

            alice.succeed("install", "--no-deps", "-r", "all.txt")

            asked = [each for each in server.requests if "/user-1.0" in each.path]
            assert [each.status for each in asked] == [200]

    def test_a_file_given_by_its_address_is_not_concerned(
        self, alice: Desk, curated: IndexServer
    ) -> None:
        configure(alice, curated, SKIP)
        root = curated.url.removesuffix("simple/")

        ran = alice.fail(
            "install", f"{root}packages/widget/2.0/widget-2.0-py3-none-any.whl"
        )

        assert "cannot read the file" in ran.stderr


class TestSetting:
    def test_it_is_shown(self, alice: Desk, curated: IndexServer) -> None:
        configure(alice, curated, SKIP)

        shown = alice.succeed("config").stdout
        found = json.loads(alice.succeed("config", "--json").stdout)

        assert "skips refused files" in shown
        assert found["indexes"][0]["refused-files"] == "skip"

    def test_another_word_is_an_error(self, alice: Desk, curated: IndexServer) -> None:
        configure(alice, curated, 'refused-files = "ignore"')

        ran = alice.fail("install", "widget", status=2)

        assert "`refused-files` wants error or skip" in ran.stderr
