"""`admit demo`, whole, with an index of ours in the place of PyPI."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

CLAIMS = [
    "the index tells a stranger of 2020.1 only, with status 200",
    "admit finds mypackage 2024.1",
    "no request was anonymous",
    "mypackage 2024.1 and its dependency are installed and import",
    "the password stands in no output",
    "flask and rich from PyPI are installed and import",
]


def play(home: Path, index_url: str) -> subprocess.CompletedProcess[str]:
    environ = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("ADMIT_", "UV_", "PIP_", "VIRTUAL_ENV"))
        and not name.lower().endswith("_proxy")
    }
    environ |= {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    environ |= {"ADMIT_INDEX_URL": index_url, "PYTHONIOENCODING": "utf-8"}
    environ["ADMIT_RETRIES"] = "0"
    return subprocess.run(
        [sys.executable, "-m", "admit", "demo"],
        env=environ,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def claims_of(output: str, mark: str) -> list[str]:
    """The claims that a summary marks, without what was counted."""
    return [
        line[2:].partition(" (")[0].partition(":")[0]
        for line in output.splitlines()
        if line.startswith(f"{mark} ")
    ]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def test_every_step_is_right(tmp_path: Path, home: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    build_wheel(world, "flask", "3.1", requires=["werkzeug"])
    build_wheel(world, "rich", "15.0")
    build_wheel(world, "werkzeug", "3.2")

    with IndexServer(world, public=["*"]) as server:
        played = play(home, server.url)

    assert claims_of(played.stdout, "✓") == CLAIMS, played.stdout + played.stderr
    assert "All right" in played.stdout
    assert "imported: flask 3.1, rich 15.0" in played.stdout
    assert "\x1b[" not in played.stdout
    assert (played.stderr, played.returncode) == ("", 0)


def test_it_says_so_in_one_line_where_pypi_cannot_be_reached(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))

    played = play(home, "http://127.0.0.1:9/simple/")

    after = played.stdout.partition("$ admit install flask rich\n")[2]
    assert after.startswith("  error: ")
    assert after.splitlines()[1] == ""
    assert claims_of(played.stdout, "✓") == CLAIMS[:-1], played.stdout
    assert claims_of(played.stdout, "✗") == CLAIMS[-1:]
    assert played.returncode == 1
    assert list(scratch.iterdir()) == []
