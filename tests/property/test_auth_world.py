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


def test_the_worlds_meet_every_case(home: Path) -> None:
    """Else the laws would hold of nothing."""
    met = set()
    for seed in range(250):
        world = World(Random(seed), home)
        world.run()
        for seen in world.seen:
            grant = world.grant_of(seen)
            is_own = world.is_own(seen.errand.site, seen.place)
            met.add((grant.kind if grant else "nobody", is_own))

    kinds = ("nobody", "link", "store", "netrc")
    assert met >= {(kind, is_own) for kind in kinds for is_own in (True, False)}
    assert met >= {("source", True), ("default", True)}
    assert met.isdisjoint({("source", False), ("default", False)})
