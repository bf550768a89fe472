"""A shop to build in; nothing is left in it when its builders are closed.

And desks at which admit itself is run, for indexes that have source distributions.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from admit.env.interpreter import Interpreter, probe
from support.desk import Desk, make_template
from support.sdist import read_journal
from support.workshop import Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Site(Desk):
    """A desk without an index, whose builds write down that they ran."""

    def __init__(self, root: Path, template: Path) -> None:
        super().__init__(root, template, None)
        self.journal = root / "journal"
        self.variables["JOURNAL"] = str(self.journal)

    @property
    def built(self) -> list[str]:
        """The hooks that ran, like "widget 1.0 build", in order."""
        return [
            f"{each['release']} {each['hook']}" for each in read_journal(self.journal)
        ]

    def forget(self) -> None:
        """Forget which hooks ran."""
        self.journal.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture
def site(tmp_path: Path, template: Path) -> Site:
    """A desk with an environment."""
    site = Site(tmp_path / "site", template)
    site.make_venv()
    return site


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
