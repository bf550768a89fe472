"""Precedence, origins, and what a broken setting is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.files import BadConfiguration
from admit.config.options import COMMANDS, options_of
from admit.config.settings import load_settings
from admit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.options import Command
    from admit.config.settings import Settings


def load(
    tmp_path: Path,
    file: str | None = None,
    environ: dict[str, str] | None = None,
    **given: object,
) -> Settings:
    if file is not None:
        (tmp_path / "admit.toml").write_text(file)
    own = {"HOME": str(tmp_path), "ADMIT_NO_FOREIGN_CONFIG": "1"}
    return load_settings(given, environ={**own, **(environ or {})}, cwd=str(tmp_path))


def urls(settings: Settings) -> list[str]:
    return [str(each.source.url) for each in settings.indexes]


def test_the_command_line_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    file = "timeout = 1\nretries = 1\nno-deps = true"
    variables = {"ADMIT_TIMEOUT": "2", "ADMIT_RETRIES": "2"}

    settings = load(tmp_path, file, variables, timeout=3.0)

    assert settings.number("timeout", 0) == 3
    assert settings.number("retries", 0) == 2
    assert settings.flag("no_deps")
    assert settings.origin_of("timeout") == "--timeout"
    assert settings.origin_of("retries") == "ADMIT_RETRIES"
    assert settings.origin_of("no_deps") == f"{tmp_path}/admit.toml:3"
    assert settings.origin_of("pre") == "default"


def test_settings_are_found_upwards_in_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.admit]\nretries = 7\n")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    settings = load_settings({}, environ={"HOME": "/nowhere"}, cwd=str(below))

    assert settings.number("retries", 0) == 7


def test_a_file_named_by_the_user_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("pre = true")

    settings = load(tmp_path, "retries = 1", config_file=str(tmp_path / "other.toml"))

    assert settings.flag("pre")
    assert settings.origin_of("retries") == "default"


def test_no_config_reads_no_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "retries = 1", {"ADMIT_NO_CONFIG": "1"})

    assert settings.files == ()


def test_extra_indexes_come_before_the_default(tmp_path: Path) -> None:
    file = '[[index]]\nname = "corp"\nurl = "https://corp.example/simple/"'

    settings = load(
        tmp_path,
        file,
        index_url="https://main.example/simple/",
        index=["team=https://team.example/simple/"],
        extra_index_url=["https://extra.example/simple/"],
    )

    assert urls(settings) == [
        "https://team.example/simple/",
        "https://extra.example/simple/",
        "https://corp.example/simple/",
        "https://main.example/simple/",
    ]
    assert settings.has_default


def test_an_index_of_a_file_can_be_named_on_the_command_line(tmp_path: Path) -> None:
    file = '[[index]]\nname = "corp"\nurl = "https://corp.example/simple/"'

    settings = load(tmp_path, file, index_url="corp")

    assert urls(settings) == ["https://corp.example/simple/"]
    assert settings.has_default


@pytest.mark.pain("B8")
def test_the_same_index_twice_is_one_with_the_fullest_credential(
    tmp_path: Path,
) -> None:
    settings = load(
        tmp_path,
        extra_index_url=[
            "https://alice@corp.example/simple",
            "https://alice:secret@corp.example:443/simple/",
        ],
    )

    assert len(settings.indexes) == 1
    userinfo = settings.indexes[0].source.url.userinfo
    assert userinfo is not None
    assert userinfo.password is not None


@pytest.mark.pain("A7")
@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        pytest.param({}, {}, "never", id="file"),
        pytest.param({"authenticate": ["always"]}, {}, "always", id="line-general"),
        pytest.param({"authenticate": ["corp=external"]}, {}, "external", id="name"),
        pytest.param(
            {"authenticate": ["corp=always", "never"]}, {}, "always", id="name-first"
        ),
        pytest.param(
            {"authenticate": ["https://corp.example/*=always"]},
            {},
            "always",
            id="url-glob",
        ),
        pytest.param(
            {"authenticate": ["*.example=always"]}, {}, "always", id="host-glob"
        ),
        pytest.param({}, {"ADMIT_AUTHENTICATE": "always"}, "always", id="environment"),
        pytest.param(
            {},
            {"ADMIT_INDEX_CORP_AUTHENTICATE": "always"},
            "always",
            id="environment-of-the-index",
        ),
    ],
)
def test_the_policy_can_be_set_everywhere(
    tmp_path: Path, given: dict[str, object], environ: dict[str, str], expected: str
) -> None:
    file = (
        '[[index]]\nname = "corp"\nurl = "https://corp.example/simple/"\n'
        'authenticate = "never"'
    )

    settings = load(tmp_path, file, environ, **given)

    assert settings.indexes[0].source.policy == expected


@pytest.mark.parametrize(
    ("file", "what"),
    [
        pytest.param(
            "no-deps = true\nretries = ", "admit.toml:2 is not valid TOML", id="syntax"
        ),
        pytest.param(
            "no-deps = true\nretries = [\n1,", "toml:3 is not valid TOML", id="end"
        ),
        pytest.param(
            "retires = 3", "admit.toml:1: unknown setting `retires`", id="key"
        ),
        pytest.param('\nno-deps = "yes"', "admit.toml:2: `no-deps` wants", id="type"),
        pytest.param(
            '[[index]]\nname = "corp"', "the index corp: `url` is missing", id="no-url"
        ),
        pytest.param(
            '[[index]]\nurl = "https://c.example"\nauthenticat = "always"',
            "unknown setting `authenticat`",
            id="index-key",
        ),
        pytest.param(
            '[[index]]\nurl = "https://c.example"\nauthenticate = "sometimes"',
            "`authenticate` wants one of",
            id="policy",
        ),
        pytest.param(
            '[[index]]\nurl = "https://a:can4ry/x@c.example"', "ambiguous", id="url"
        ),
    ],
)
def test_a_broken_file_is_an_error_with_file_and_line(
    tmp_path: Path, file: str, what: str
) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(tmp_path, file)

    assert what in caught.value.what
    assert "admit.toml" in caught.value.what
    assert "can4ry" not in str(caught.value.what) + str(caught.value.why)


def test_a_misspelt_key_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        load(tmp_path, "retires = 3")

    assert caught.value.fix == "did you mean `retries`?"


@pytest.mark.parametrize(
    ("variable", "warnings"),
    [
        pytest.param(
            "ADMIT_INDX_URL",
            ("ADMIT_INDX_URL means nothing; is it to be ADMIT_INDEX_URL?",),
            id="a letter short",
        ),
        pytest.param("ADMIT_OFFLINE", (), id="known"),
        pytest.param("ADMIT_INDEX_URI_TOKEN", (), id="a secret of an index"),
        pytest.param("ADMIT_STATE_DIR", (), id="known elsewhere"),
        pytest.param("ADMIT_CREDENTIALS_DIR", (), id="also known elsewhere"),
        pytest.param("ADMIT_CLIENT_KEY_PASSWORD", (), id="a secret"),
        pytest.param("ADMIT_FLUX", (), id="somebody's own"),
    ],
)
def test_a_misspelt_variable_is_a_warning(
    tmp_path: Path, variable: str, warnings: tuple[str, ...]
) -> None:
    assert load(tmp_path, "", {variable: "1"}).warnings == warnings


@pytest.mark.parametrize(
    ("variable", "text"),
    [("ADMIT_NO_DEPS", "perhaps"), ("ADMIT_RETRIES", "x"), ("ADMIT_LINK_MODE", "x")],
)
def test_a_broken_variable_is_named(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(UsageError, match=variable):
        load(tmp_path, None, {variable: text})


def test_an_index_that_is_no_url_is_refused_masked(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, index_url="alice:can4ry@corp.example/simple/")

    assert "can4ry" not in caught.value.what
    assert "****@corp.example" in caught.value.what


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.name)
def test_no_two_options_of_a_command_share_a_flag(command: Command) -> None:
    flags = [flag for option in options_of(command) for flag in option.flags]

    assert len(flags) == len(set(flags))
