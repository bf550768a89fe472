"""The laws of authentication, of the whole client in random worlds.

`support.auth_world` holds every request on the wire to them: *no credential ever
leaves its scope*, *no request to a covered source is anonymous*, no listing leaves that
must stay, no redirect leads down, no text shows a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.auth_world import World

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written anew by every world."""
    return tmp_path_factory.mktemp("home")


class TestInEveryWorld:
    @given(chance=st.randoms(use_true_random=False))
    @settings(max_examples=400, deadline=None)
    def test_the_laws_hold(self, home: Path, chance: Random) -> None:
        world = World(chance, home)

        world.run()
