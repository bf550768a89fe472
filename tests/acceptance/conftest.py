"""A permission-filtered index, a public one, and a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import PARTIAL, Caching
from admit.serve.server import IndexServer
from admit.value import replace
from support.desk import Desk, make_template
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MIXING = replace(PARTIAL, caching=Caching("max-age=600", vary=None))
"""Listings that any cache may keep for ten minutes, whoever asked."""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture(scope="session")
def filtered_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filtered")
    for name in ("pkgpub", "pkgpriv"):
        build_wheel(folder, name, "1.0")
        build_wheel(folder, name, "2.0")
    return folder


@pytest.fixture(scope="session")
def strange_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("strange")
    build_wheel(folder, "pkgpub", "99.0")
    build_wheel(folder, "pkgpriv", "99.0")
    build_wheel(folder, "common", "1.0")
    return folder


@pytest.fixture
def private(filtered_world: Path) -> Iterator[IndexServer]:
    """Strangers, and who has a wrong password, get 200 with less, or 404."""
    with IndexServer(
        filtered_world, accounts=[ALICE], public=["pkgpub==1.0"], behaviour=MIXING
    ) as server:
        yield server


@pytest.fixture
def public(strange_world: Path) -> Iterator[IndexServer]:
    """An index on which strangers have put packages of the same names."""
    with IndexServer(strange_world, public=["*"]) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    """A desk with an environment, without a credential and without an index."""
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets += [SECRET, "wr0ng-s3cret"]
    return desk
