"""A desk, and the founding world behind the index of every product we can play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import LIKE
from admit.serve.server import IndexServer
from support.desk import Desk, make_template
from support.index import ALICE, SECRET, build_founding_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRONG = "wr0ng-s3cret"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everybody sees mypackage 2020.1; alice sees 2024.1 and its dependency too."""
    return build_founding_world(tmp_path_factory.mktemp("founding"))


@pytest.fixture
def private(world: Path) -> Iterator[IndexServer]:
    """The permission-filtered index: 200 for everybody, with less for strangers."""
    with IndexServer(world, accounts=[ALICE], public=["mypackage==2020.*"]) as server:
        yield server


@pytest.fixture(params=sorted(LIKE))
def product(request: pytest.FixtureRequest, world: Path) -> Iterator[IndexServer]:
    """The same world, answered as each product is reported to answer."""
    with IndexServer(
        world,
        accounts=[ALICE],
        public=["mypackage==2020.*"],
        behaviour=LIKE[request.param],
    ) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    """A desk with an environment, without a credential and without an index."""
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets += [SECRET, WRONG]
    return desk
