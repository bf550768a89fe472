"""The same cases, played by three installers.

What admit does is asserted; what uv and pip do is recorded and shown at the end, not
asserted: they may change, and it is not for us to keep them as they are. With
`--write-peers` the table becomes docs/peers.md, if every case was played. The cases
stand in tests/peers; those marked `sample` are what the gate plays.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from peers import (  # noqa: F401  # each adds its cases
    cases_of_answers,
    cases_of_identity,
    cases_of_keyring,
    cases_of_netrc,
    cases_of_scope,
    cases_of_secrets,
    cases_of_transport,
)
from peers.case import CASES, LACKING, Case, Ground
from peers.player import TOOLS, Player
from peers.table import Outcomes, format_page, format_screen
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.exam
PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "peers.md"


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Iterator[Outcomes]:
    """What every tool did, by case; shown when the module is done."""
    table: Outcomes = {}
    yield table
    if request.config.getoption("--write-peers"):
        assert len(table) == len(CASES), "not every case was played"
        PAGE.write_text("".join(format_page(table)).rstrip("\n") + "\n", "utf-8")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write("\n" + "".join(format_screen(table)))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    environment = tmp_path_factory.mktemp("target") / "environment"
    command = [sys.executable, "-m", "venv", "--without-pip", str(environment)]
    subprocess.run(command, check=True, capture_output=True)
    return environment / "bin" / "python"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    for name, number in (
        *(("pkgpub", "1.0"), ("pkgpub", "2.0"), ("pkgpriv", "2.0"), ("pkgtwo", "1.0")),
        *((f"pkg{number}", "1.0") for number in range(10)),
    ):
        build_wheel(folder, name, number)
    return folder


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strange")
    for name, number in (("pkgpub", "99.0"), ("pkgpriv", "99.0"), ("common", "1.0")):
        build_wheel(folder, name, number)
    return folder


def marked(played: Case) -> object:
    marks = [pytest.mark.pain(played.pain)]
    marks += [pytest.mark.sample] if played.is_sample else []
    return pytest.param(played, marks=marks, id=f"{played.pain}: {played.title}")


@pytest.mark.parametrize("played", [marked(each) for each in CASES])
def test_admit_does_what_is_right(
    played: Case,
    outcomes: Outcomes,
    tmp_path: Path,
    python: Path,
    wheels: Path,
    strange: Path,
) -> None:
    def play(tool: str) -> str:
        if tool in played.lacks:
            return LACKING
        folder = tmp_path / tool
        folder.mkdir()
        player = Player(tool, folder, python)
        with ExitStack() as stack:
            return played.play(Ground(player, wheels, strange, stack))

    with ThreadPoolExecutor(len(TOOLS)) as pool:
        row = dict(zip(TOOLS, pool.map(play, TOOLS), strict=True))

    outcomes[played.title] = played, row
    assert row["admit"] == played.admits
