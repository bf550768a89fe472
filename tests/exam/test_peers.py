"""The founding case and the cache that mixes identities, played by three installers.

A permission-filtered index answers strangers with status 200 and an older world. What
admit does is asserted; what uv and pip do on the same index is recorded and shown at
the end, not asserted: they may change, and it is not for us to keep them as they are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import PARTIAL, Caching
from admit.serve.server import IndexServer
from admit.value import replace
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.exam

NEW, OLD = "2.0", "1.0"
PEERS = ("uv", "pip")
MIXING = replace(PARTIAL, caching=Caching("max-age=600", vary=None))
"""What invites caches to answer one caller with what another one got."""

Outcomes = dict[str, dict[str, str]]


@dataclass
class Caller:
    """Somebody who runs an installer: a home, variables, and a cache."""

    home: Path
    cache: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, command: list[str]) -> str:
        """Run a dry run for `pkgpub`; return the version chosen, or the failure."""
        self.home.mkdir(exist_ok=True)
        environment = {
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin",
            "NO_PROXY": "127.0.0.1",
            "NO_COLOR": "1",
            "ADMIT_NO_CONFIG": "1",
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_NO_INPUT": "1",
            **self.variables,
        }
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        if "admit" in command:
            assert SECRET not in output
        found = re.search(r"(?:\+ pkgpub==|Would install pkgpub-)(\S+)", output)
        if done.returncode == 0 and found:
            return found[1]
        return f"status {done.returncode}"


@dataclass(frozen=True)
class Stage:
    """Where the installers meet: the index, and an environment to resolve for."""

    server: IndexServer
    python: Path
    folder: Path

    def caller(self, tool: str, name: str = "caller") -> Caller:
        """Return a caller without a credential; callers of a tool share a cache."""
        return Caller(self.folder / f"{tool}-{name}", self.folder / f"{tool}-cache")

    def command(self, tool: str, caller: Caller, *index: str) -> list[str] | None:
        """Write the command line; None where the tool is not installed."""
        where = index or ("--index-url", self.server.url)
        common = ["--dry-run", "--no-deps", "--cache-dir", str(caller.cache), *where]
        target = ["--python", str(self.python)]
        if tool == "admit":
            start = [sys.executable, "-m", "admit", "install", *target]
        elif tool == "uv":
            beside = Path(sys.executable).with_name("uv")
            found = str(beside) if beside.exists() else shutil.which("uv")
            if found is None:
                return None
            start = [found, "pip", "install", *target]
        else:
            # pip caches listings of plain http only for hosts that it trusts.
            start = [sys.executable, "-m", "pip", "install", "--ignore-installed"]
            start += ["--trusted-host", "127.0.0.1"]
        return [*start, *common, "pkgpub"]

    def chosen(self, tool: str, caller: Caller, *index: str) -> str:
        """Run a tool as a caller; return the version it would install."""
        command = self.command(tool, caller, *index)
        return "not installed" if command is None else caller.run(command)


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """What every tool did, by case; shown when the module is done."""
    table: Outcomes = {}
    yield table
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n" + "".join(format_outcomes(table)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("target") / "environment"
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(command, check=True, capture_output=True)
    return environment / "bin" / "python"


@pytest.fixture
def stage(tmp_path: Path, python: Path) -> Iterator[Stage]:
    world = tmp_path / "world"
    world.mkdir()
    for version in (OLD, NEW):
        build_wheel(world, "pkgpub", version)
    with IndexServer(
        world, accounts=[ALICE], public=[f"pkgpub=={OLD}"], behaviour=MIXING
    ) as server:
        yield Stage(server, python, tmp_path)


def write_netrc(caller: Caller, secret: str = SECRET) -> None:
    caller.home.mkdir(exist_ok=True)
    netrc = caller.home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login alice password {secret}\n")
    netrc.chmod(0o600)
    caller.variables["NETRC"] = str(netrc)


def format_outcomes(table: Outcomes) -> Iterator[str]:
    """Lay out what was recorded; the right answer is the newest for whom may see it."""
    yield f"{'case':58}{'admit':>10}{'uv':>16}{'pip':>16}\n"
    for case, row in table.items():
        cells = [row.get(tool, "-") for tool in ("admit", *PEERS)]
        yield f"{case:58}{cells[0]:>10}{cells[1]:>16}{cells[2]:>16}\n"


class TestFoundingCase:
    """Alice may see 2.0; an installer that asks without her name finds 1.0."""

    def test_a_credential_in_the_url_finds_the_newest(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            index = ("--index-url", stage.server.url_as("alice"))
            return stage.chosen(tool, stage.caller(tool), *index)

        row = outcomes["credential in the URL"] = play_all(play)

        assert row["admit"] == NEW

    def test_netrc_finds_the_newest(self, stage: Stage, outcomes: Outcomes) -> None:
        def play(tool: str) -> str:
            caller = stage.caller(tool)
            write_netrc(caller)
            return stage.chosen(tool, caller)

        row = outcomes["netrc"] = play_all(play)

        assert row["admit"] == NEW

    def test_variables_of_a_named_index_find_the_newest(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            if tool == "pip":
                return "no such thing"
            caller = stage.caller(tool)
            for key, text in (("USERNAME", "alice"), ("PASSWORD", SECRET)):
                caller.variables[f"{tool.upper()}_INDEX_CORP_{key}"] = text
            index = ("--index", f"corp={stage.server.url}")
            return stage.chosen(tool, caller, *index)

        row = outcomes["variables of a named index"] = play_all(play)

        assert row["admit"] == NEW

    def test_admit_asks_nothing_anonymously(self, stage: Stage) -> None:
        caller = stage.caller("admit")
        write_netrc(caller)

        stage.chosen("admit", caller)

        assert stage.server.requests != []
        assert stage.server.anonymous == []

    def test_always_without_a_credential_fails_before_the_network(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        index = ("--index-url", stage.server.url, "--authenticate", "always")

        chosen = stage.chosen("admit", stage.caller("admit"), *index)

        outcomes["`always`, and no credential"] = {"admit": chosen}
        assert chosen == "status 1"
        assert stage.server.requests == []


class TestCacheOfTwoCallers:
    """Listings with max-age=600 and no Vary; two callers share one cache folder."""

    def test_alice_after_a_stranger_finds_the_newest(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            assert_sees(tool, stage.chosen(tool, stage.caller(tool)), OLD)
            alice = stage.caller(tool, "alice")
            write_netrc(alice)
            return stage.chosen(tool, alice)

        row = outcomes["stranger, then netrc, one cache"] = play_all(play)

        assert row["admit"] == NEW

    def test_alice_by_url_after_a_stranger_finds_the_newest(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            assert_sees(tool, stage.chosen(tool, stage.caller(tool)), OLD)
            index = ("--index-url", stage.server.url_as("alice"))
            return stage.chosen(tool, stage.caller(tool, "alice"), *index)

        row = outcomes["stranger, then credential in the URL, one cache"] = play_all(
            play
        )

        assert row["admit"] == NEW

    def test_a_stranger_after_alice_finds_what_strangers_see(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            index = ("--index-url", stage.server.url_as("alice"))
            alice = stage.caller(tool, "alice")
            assert_sees(tool, stage.chosen(tool, alice, *index), NEW)
            return stage.chosen(tool, stage.caller(tool))

        row = outcomes["credential in the URL, then a stranger, one cache"] = play_all(
            play
        )

        assert row["admit"] == OLD

    def test_a_revoked_permission_counts_at_once(
        self, stage: Stage, outcomes: Outcomes
    ) -> None:
        def play(tool: str) -> str:
            stage.server.grant("alice", "*")
            alice = stage.caller(tool, "alice")
            write_netrc(alice)
            index = ("--index-url", stage.server.url)
            stage.chosen(tool, alice, *index)
            stage.server.revoke("alice")
            return stage.chosen(tool, alice, *index)

        row = outcomes["permission revoked between two runs, one cache"] = play_all(
            play
        )

        assert row["admit"] == OLD


def play_all(play: Callable[[str], str]) -> dict[str, str]:
    """Play a case with each installer, admit first."""
    return {tool: play(tool) for tool in ("admit", *PEERS)}


def assert_sees(tool: str, chosen: str, expected: str) -> None:
    """Hold admit, and nobody else, to the first half of a case."""
    if tool == "admit":
        assert chosen == expected
