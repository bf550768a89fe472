"""What the pages on configuration say is what the tables in the code say."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from admit.config import pip, uv

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "option_table.py"))


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_the_table_of_settings_is_that_of_the_code() -> None:
    text = read("configuration.md")

    assert SCRIPT["page_with_table"](text) == text, "run scripts/option_table.py"


def test_every_key_of_an_index_is_explained() -> None:
    assert SCRIPT["undocumented_index_keys"](read("configuration.md")) == []


@pytest.mark.parametrize("name", sorted(pip.UNDERSTOOD))
def test_every_setting_of_pip_that_is_read_is_named(name: str) -> None:
    assert f"`{name}`" in read("from-pip.md")


@pytest.mark.parametrize(
    "name", sorted({*uv.UNDERSTOOD_VARIABLES, *uv.UNDERSTOOD_KEYS})
)
def test_every_setting_of_uv_that_is_read_is_named(name: str) -> None:
    assert f"`{name}`" in read("from-uv.md")
