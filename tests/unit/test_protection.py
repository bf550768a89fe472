"""The settings that protect an index, out of every place they may stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.files import BadConfiguration
from admit.config.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.settings import IndexSettings

URL = "https://pypi.corp.example/simple/"


def load(folder: Path, *lines: str, **given: object) -> tuple[IndexSettings, ...]:
    text = "\n".join(["[[index]]", 'name = "corp"', f'url = "{URL}"', *lines, ""])
    (folder / "admit.toml").write_text(text)
    environ = {"HOME": str(folder), "ADMIT_NO_FOREIGN_CONFIG": "1"}
    return load_settings(given, environ=environ, cwd=str(folder)).indexes


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("acme", "acme", True),
        ("Acme_Tools", "acme-tools", True),
        ("ACME.*", "acme-tools", True),
        ("acme__*", "acme-tools", True),
        ("acme-*", "acme", False),
        ("acme*", "acmetools", True),
        ("*-internal", "acme-internal", True),
        ("acme-?", "acme-x", True),
        ("acme-?", "acme-xy", False),
        ("acme", "acme-tools", False),
    ],
)
def test_patterns_are_compared_as_normalised_names(
    tmp_path: Path, pattern: str, name: str, expected: bool
) -> None:
    (corp,) = load(tmp_path, f'packages = ["{pattern}"]')

    assert corp.owns(name) is expected


@pytest.mark.parametrize(
    "line",
    [
        'packages = [""]',
        'packages = ["acme tools"]',
        'packages = ["acme>=1"]',
        "packages = [1]",
        'packages = ["ok", "[ab]*"]',
        'probe = ""',
        'probe = "acme-*"',
        'probe = "a/b"',
    ],
)
def test_what_can_match_no_project_is_an_error_with_file_and_line(
    tmp_path: Path, line: str
) -> None:
    with pytest.raises(BadConfiguration, match=r"admit\.toml:2: `(packages|probe)`"):
        load(tmp_path, line)


def test_the_probe_is_normalised(tmp_path: Path) -> None:
    (corp,) = load(tmp_path, 'probe = "Every_One"')

    assert corp.source.probe == "every-one"


@pytest.mark.parametrize("is_same", [True, False], ids=["same URL", "other URL"])
def test_a_nearer_table_of_the_same_index_keeps_the_guards_of_the_farther_one(
    tmp_path: Path, is_same: bool
) -> None:
    users = tmp_path / "config" / "admit"
    users.mkdir(parents=True)
    table = f'[[index]]\nname = "corp"\nurl = "{URL}"\n'
    (users / "admit.toml").write_text(f'{table}packages = ["acme-*"]\n')
    url = URL if is_same else URL.replace("/simple/", "/team/simple/")
    (tmp_path / "admit.toml").write_text(table.replace(URL, url.rstrip("/")))
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    indexes = load_settings({}, environ=environ, cwd=str(tmp_path)).indexes

    assert [each.owns("acme-x") for each in indexes] == [is_same]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"index": [f"corp={URL}"]}, id="named"),
        pytest.param({"index": [URL]}, id="unnamed"),
        pytest.param({"index": ["corp"]}, id="by name"),
        pytest.param({"index": [f"other={URL}"]}, id="another name"),
        pytest.param({"index_url": URL.rstrip("/")}, id="as the default"),
        pytest.param({"extra_index_url": [URL]}, id="as extra"),
        pytest.param({"extra_index_url": [URL.replace("//", "//a:b@")]}, id="login"),
    ],
)
def test_no_guard_is_lost_where_the_index_is_given_again(
    tmp_path: Path, given: dict[str, object]
) -> None:
    (corp,) = load(
        tmp_path,
        'packages = ["acme-*"]',
        'probe = "everyone"',
        "required = true",
        "ignore-error-codes = [403]",
        'refused-files = "skip"',
        'principal = "team"',
        'authenticate = "always"',
        **given,
    )

    assert corp.owns("acme-x")
    assert corp.is_required
    assert corp.source.probe == "everyone"
    assert corp.source.ignore_error_codes == (403,)
    assert corp.source.refused_files == "skip"
    assert corp.source.principal == "team"
    assert corp.source.policy == "always"


def test_the_nearer_place_says_what_a_refused_file_means(tmp_path: Path) -> None:
    users = tmp_path / "config" / "admit"
    users.mkdir(parents=True)
    table = f'[[index]]\nname = "corp"\nurl = "{URL}"\nrefused-files = "%s"\n'
    (users / "admit.toml").write_text(table % "skip")
    (tmp_path / "admit.toml").write_text(table % "error")
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    (corp,) = load_settings({}, environ=environ, cwd=str(tmp_path)).indexes

    assert corp.source.refused_files == "error"
