"""B: which credential for which URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.index import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from admit.serve.server import IndexServer
    from support.desk import Desk

TABLE = '[[index]]\nname = "corp"\nurl = "{url}"\ndefault = true\n'
PLACES = {
    "admit.toml of the project": ("home/work/admit.toml", TABLE),
    "pyproject.toml of the project": (
        "home/work/pyproject.toml",
        TABLE.replace("[[index]]", "[[tool.admit.index]]"),
    ),
    "admit.toml of a folder above": ("home/admit.toml", TABLE),
    "admit.toml of the user": ("home/.config/admit/admit.toml", TABLE),
    "pyproject.toml for uv": (
        "home/work/pyproject.toml",
        TABLE.replace("[[index]]", "[[tool.uv.index]]"),
    ),
    "uv.toml of the user": ("home/.config/uv/uv.toml", TABLE),
    "pip.conf of the user": (
        "home/.config/pip/pip.conf",
        "[global]\nindex-url = {url}\n",
    ),
}


@pytest.mark.pain("B7")
@pytest.mark.parametrize(("name", "text"), PLACES.values(), ids=PLACES)
def test_the_credential_counts_wherever_its_index_is_configured(
    desk: Desk, private: IndexServer, tmp_path: Path, name: str, text: str
) -> None:
    del desk.variables["ADMIT_NO_FOREIGN_CONFIG"]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.format(url=private.url_as("alice")))

    desk.succeed("install", "--dry-run", "mypackage")

    assert private.requests
    assert private.anonymous == []


@pytest.mark.pain("B7")
def test_a_name_on_the_command_line_finds_the_table_with_its_variables(
    desk: Desk, private: IndexServer
) -> None:
    path = desk.home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True)
    path.write_text(TABLE.format(url=private.url).replace("default = true\n", ""))

    desk.succeed(
        *("install", "--dry-run", "-i", "corp", "mypackage"),
        ADMIT_INDEX_CORP_USERNAME="alice",
        ADMIT_INDEX_CORP_PASSWORD=SECRET,
    )

    assert private.requests
    assert private.anonymous == []
