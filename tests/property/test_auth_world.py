"""The laws of authentication, of the whole client in random worlds.

`support.auth_world` holds every request on the wire to them: *no credential ever
leaves its scope*, *no request to a covered source is anonymous*, no listing leaves that
must stay, no redirect leads down, no text shows a secret.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.auth_world import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written anew by every world."""
    return tmp_path_factory.mktemp("home")


class TestInEveryWorld:
    @given(seed=st.integers(0, 2**32))
    @settings(max_examples=1000, deadline=None)
    def test_the_laws_hold(self, home: Path, seed: int) -> None:
        World(Random(seed), home).run()
