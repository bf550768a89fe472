"""A shop to build in; nothing is left in it when its builders are closed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from admit.env.interpreter import Interpreter, probe
from support.workshop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def own() -> Interpreter:
    return probe(sys.executable)


@pytest.fixture
def shop(tmp_path: Path, own: Interpreter) -> Iterator[Shop]:
    shop = Shop(tmp_path, own)
    yield shop
    for each in shop.made:
        each.close()
    assert shop.left == [], "closing left something"
