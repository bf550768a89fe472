"""Whose configuration counts: admit's own, then uv's, then pip's."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from admit.config.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.settings import Settings

CORP = "https://corp.example/simple/"
MIRROR = "https://mirror.example/simple/"
TEAM = "https://team.example/simple/"


def load(
    tmp_path: Path, environ: dict[str, str] | None = None, **given: object
) -> Settings:
    """Load settings where the only file of pip is `pip.conf` here, if it is there."""
    own = {"HOME": str(tmp_path), "VIRTUAL_ENV": str(tmp_path)}
    if not (tmp_path / "pip.conf").exists():
        own["PIP_CONFIG_FILE"] = "/dev/null"
    return load_settings(given, environ={**own, **(environ or {})}, cwd=str(tmp_path))


def asked(settings: Settings) -> list[str]:
    return [each.source.url.text for each in settings.indexes]


def test_own_beats_uv_beats_pip_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "admit.toml").write_text("retries = 1")
    (tmp_path / "uv.toml").write_text('[pip]\nlink-mode = "copy"\n')
    variables = {
        "UV_HTTP_RETRIES": "2",
        "PIP_RETRIES": "3",
        "UV_HTTP_TIMEOUT": "2",
        "PIP_TIMEOUT": "3",
        "PIP_PRE": "1",
    }

    settings = load(tmp_path, variables)

    assert settings.number("retries", 0) == 1
    assert settings.number("timeout", 0) == 2
    assert settings.flag("pre")
    assert settings.origin_of("timeout") == "UV_HTTP_TIMEOUT"
    assert settings.origin_of("pre") == "PIP_PRE"
    assert settings.origin_of("link_mode") == f"{tmp_path}/uv.toml:2"
    assert settings.files == (f"{tmp_path}/admit.toml", f"{tmp_path}/uv.toml")


@pytest.mark.parametrize("place", ["line", "variable", "file"])
def test_one_option_turns_foreign_configuration_off(tmp_path: Path, place: str) -> None:
    (tmp_path / "uv.toml").write_text("offline = true")
    environ = {"PIP_TIMEOUT": "3"}
    given: dict[str, object] = {}
    if place == "line":
        given["no_foreign_config"] = True
    elif place == "variable":
        environ["ADMIT_NO_FOREIGN_CONFIG"] = "1"
    else:
        (tmp_path / "admit.toml").write_text("no-foreign-config = true")

    settings = load(tmp_path, environ, **given)

    assert settings.values.keys() <= {"no_foreign_config"}


@pytest.mark.parametrize("given", [{"no_config": True}, {"config_file": "other.toml"}])
def test_without_files_the_variables_of_others_count_still(
    tmp_path: Path, given: dict[str, object]
) -> None:
    (tmp_path / "uv.toml").write_text("offline = true")
    (tmp_path / "other.toml").write_text("")
    if "config_file" in given:
        given = {"config_file": str(tmp_path / "other.toml")}

    settings = load(tmp_path, {"PIP_TIMEOUT": "3"}, **given)

    assert settings.number("timeout", 0) == 3
    assert not settings.flag("offline")


def test_what_is_typed_adds_to_what_pip_was_told(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        {"PIP_INDEX_URL": MIRROR, "PIP_EXTRA_INDEX_URL": TEAM},
        extra_index_url=[CORP],
    )

    assert asked(settings) == [CORP, TEAM, MIRROR]
    assert settings.warnings == ()


def test_an_index_of_uv_stands_before_the_default_of_pip(tmp_path: Path) -> None:
    (tmp_path / "uv.toml").write_text(f'[[index]]\nname = "corp"\nurl = "{CORP}"\n')

    settings = load(tmp_path, {"PIP_INDEX_URL": MIRROR})

    assert asked(settings) == [CORP, MIRROR]


@pytest.mark.parametrize("decider", ["variable", "file", "uv", "uv-no-index"])
def test_who_sets_the_default_puts_the_indexes_of_others_aside(
    tmp_path: Path, decider: str
) -> None:
    environ = {"PIP_INDEX_URL": MIRROR, "PIP_EXTRA_INDEX_URL": TEAM}
    if decider == "variable":
        environ["ADMIT_INDEX_URL"] = CORP
    elif decider == "file":
        (tmp_path / "admit.toml").write_text(f'index-url = "{CORP}"')
    elif decider == "uv":
        environ["UV_DEFAULT_INDEX"] = CORP
    else:
        environ["UV_NO_INDEX"] = "1"

    settings = load(tmp_path, environ)

    assert asked(settings) == ([] if decider == "uv-no-index" else [CORP])
    (warning,) = settings.warnings
    assert "PIP_INDEX_URL, PIP_EXTRA_INDEX_URL" in warning
    assert "sets the default index" in warning


def test_a_pinned_name_stays_with_its_index_when_that_is_put_aside(
    tmp_path: Path,
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[[tool.uv.index]]\nname = "corp"\nurl = "{CORP}"\n'
        '[tool.uv.sources]\nacme = { index = "corp" }\n'
    )

    settings = load(tmp_path, {"ADMIT_INDEX_URL": MIRROR})

    corp, _ = settings.indexes
    assert corp.is_explicit
    assert corp.owns("acme")


def test_the_nearest_index_of_a_name_is_the_one(tmp_path: Path) -> None:
    (tmp_path / "admit.toml").write_text(f'[[index]]\nname = "x"\nurl = "{CORP}"\n')
    (tmp_path / "uv.toml").write_text(f'[[index]]\nname = "x"\nurl = "{TEAM}"\n')

    assert asked(load(tmp_path)) == [CORP]


def test_warnings_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nroot = /mnt\n")

    (warning,) = load(tmp_path).warnings

    assert warning.startswith(f"{tmp_path}/pip.conf:2")


def test_a_start_without_configuration_imports_no_reader(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["uvicorn"]')
    code = (
        "import sys; from admit.config.settings import load_settings;"
        "load_settings({}, environ={'HOME': '/nowhere', 'PIP_CONFIG_FILE': '/dev/null'"
        "}); print(*sorted({'tomllib', 'configparser', 'admit.config.uv', 're', "
        "'urllib.parse', 'subprocess'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path[:0] = {sys.path!r}; {code}",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )

    assert done.stdout == "\n"
