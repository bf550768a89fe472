"""Fixtures of the tests of source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.git_place import Place
from support.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository `w` with a commit."""
    made = Repository(tmp_path / "upstream" / "w")
    made.commit("one")
    return made
