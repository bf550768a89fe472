"""Desks, a world of tiny wheels, an index that serves it, golden files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.desk import Desk, make_template
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture(scope="session", autouse=True)
def _nothing_goes_elsewhere(world: Path) -> Iterator[None]:
    """What runs these tests is not what they change."""
    yield
    base = Path(sys.base_prefix, "lib")
    for wheel in world.glob("*.whl"):
        stem = "-".join(wheel.name.split("-")[:2])
        assert not list(base.glob(f"python*/site-packages/{stem}.dist-info"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels for everybody; do not change."""
    folder = tmp_path_factory.mktemp("world")
    build_wheel(folder, "alpha", "1.0")
    build_wheel(folder, "alpha", "2.0")
    build_wheel(folder, "beta", "1.0", requires=["alpha>=1"])
    build_wheel(folder, "delta", "1.0")
    build_wheel(
        folder,
        "gamma",
        "1.0",
        extras=["fast"],
        requires=["delta; extra == 'fast'", "beta"],
        entry_points={"console_scripts": {"gamma": "gamma:main"}},
    )
    build_wheel(folder, "early", "1.0")
    build_wheel(folder, "early", "2.0rc1")
    build_wheel(folder, "soon", "0.1b2")
    build_wheel(folder, "pulled", "1.0")
    bad = build_wheel(folder, "pulled", "2.0")
    Path(f"{bad}.yanked").write_text("it eats data")
    build_wheel(folder, "left", "1.0", requires=["alpha<2"])
    build_wheel(folder, "right", "1.0", requires=["alpha>=2"])
    build_wheel(folder, "ancient", "1.0", requires_python="<3")
    return folder


@pytest.fixture(scope="session")
def founding_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The founding case: everybody sees 2020.1, `ALICE` sees 2024.1 too."""
    folder = tmp_path_factory.mktemp("founding")
    build_wheel(folder, "mypackage", "2020.1")
    build_wheel(folder, "mypackage", "2024.1", requires=["mydependency>=1"])
    build_wheel(folder, "mydependency", "1.4")
    return folder


@pytest.fixture
def index(world: Path) -> Iterator[IndexServer]:
    """A public index; what was asked of it is on record."""
    with IndexServer(world, public=["*"]) as server:
        yield server


@pytest.fixture
def private(founding_world: Path) -> Iterator[IndexServer]:
    """A permission-filtered index."""
    with IndexServer(
        founding_world, accounts=[ALICE], public=["mypackage==2020.*"]
    ) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, template: Path, index: IndexServer) -> Desk:
    """A desk with an environment, for the public index."""
    desk = Desk(tmp_path, template, index.url)
    desk.make_venv()
    return desk


@pytest.fixture
def alice(tmp_path: Path, template: Path, private: IndexServer) -> Desk:
    """A desk with an environment and Alice's netrc, for the filtered index."""
    desk = Desk(tmp_path, template, private.url)
    desk.make_venv()
    desk.secrets.append(SECRET)
    desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
    return desk


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Desk], None]:
    """Compare a desk's transcript with the file named after the test."""
    module = request.node.path.stem.removeprefix("test_")
    name = request.node.name.removeprefix("test_")
    path = GOLDEN / module / f"{''.join(c if c.isalnum() else '_' for c in name)}.txt"

    def check(desk: Desk) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(desk.transcript, encoding="utf-8")
        assert path.is_file(), f"no {path.name}: run pytest --update-golden"
        assert desk.transcript == path.read_text(encoding="utf-8")

    return check
