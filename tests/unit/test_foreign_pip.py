"""What pip was told: its files in their order, its sections, its variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from admit.config.files import BadConfiguration
from admit.config.foreign import Surroundings, read_foreign
from admit.config.pip import Line, parse_ini
from admit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.foreign import Foreign


class Machine:
    """A machine with places for every file pip looks at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cwd = root / "home" / "work"
        self.cwd.mkdir(parents=True)
        self.environ = {"HOME": str(root / "home")}

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def read(self, command: str = "install", **variables: str) -> Foreign:
        around = Surroundings(
            {**self.environ, **variables},
            str(self.cwd),
            self.environ["HOME"],
            command,
            system=str(self.root / "etc"),
        )
        return read_foreign(around, with_files=True)

    def values(self, command: str = "install", **variables: str) -> dict[str, object]:
        found: dict[str, object] = {}
        for layer in self.read(command, **variables).layers:
            assert layer.tool == "pip"
            assert not found.keys() & layer.values.keys(), "pip does not add up"
            found.update(layer.values)
        return found


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


SYSTEM = "etc/pip.conf"
SHARED = "etc/xdg/pip/pip.conf"
LEGACY = "home/.pip/pip.conf"
USER = "home/.config/pip/pip.conf"
SITE = "home/work/.venv/pip.conf"


def test_the_strongest_file_that_has_a_key_says_it(machine: Machine) -> None:
    order = [SHARED, SYSTEM, LEGACY, USER, SITE]
    for number, name in enumerate(order, 1):
        machine.write(name, f"[global]\ntimeout = {number}\n")
        assert machine.values() == {"timeout": number}

    chosen = machine.write("chosen.conf", "[global]\ntimeout = 6\n")
    assert machine.values(PIP_CONFIG_FILE=str(chosen)) == {"timeout": 6}
    assert machine.values(PIP_TIMEOUT="7") == {"timeout": 7}


def test_the_last_shared_folder_is_the_strongest_as_with_pip(machine: Machine) -> None:
    for name in ("one", "two"):
        machine.write(f"{name}/pip/pip.conf", f"[global]\nproxy = {name}\n")

    folders = f"{machine.root}/one:{machine.root}/two"

    assert machine.values(XDG_CONFIG_DIRS=folders) == {"proxy": "two"}


def test_a_file_named_by_a_variable_stands_in_place_of_the_users(
    machine: Machine,
) -> None:
    machine.write(USER, "[global]\nretries = 1\n")
    machine.write(SYSTEM, "[global]\ntimeout = 1\n")
    chosen = machine.write("chosen.conf", "[global]\npre = yes\n")

    values = machine.values(PIP_CONFIG_FILE=str(chosen))

    assert values == {"pre": True, "timeout": 1}


def test_a_file_named_by_a_variable_need_not_be_there(machine: Machine) -> None:
    machine.write(USER, "[global]\nretries = 1\n")

    assert machine.values(PIP_CONFIG_FILE="/nowhere") == {"retries": 1}


def test_the_null_device_turns_files_off_and_no_variable(machine: Machine) -> None:
    machine.write(USER, "[global]\nretries = 1\n")

    values = machine.values(PIP_CONFIG_FILE=os.devnull, PIP_TIMEOUT="2")

    assert values == {"timeout": 2}


def test_the_environment_that_is_active_has_a_file(machine: Machine) -> None:
    machine.write(SITE, "[global]\nretries = 1\n")
    machine.write("other/pip.conf", "[global]\nretries = 2\n")

    active = str(machine.root / "other")

    assert machine.values(VIRTUAL_ENV=active) == {"retries": 2}


def test_the_section_of_the_command_beats_the_general_one_of_any_file(
    machine: Machine,
) -> None:
    machine.write(SYSTEM, "[install]\nretries = 1\n[download]\nretries = 2\n")
    machine.write(USER, "[global]\nretries = 3\n")

    assert machine.values("install") == {"retries": 1}
    assert machine.values("compile") == {"retries": 1}
    assert machine.values("download") == {"retries": 2}
    assert machine.values("freeze") == {"retries": 3}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read_is_passed_over_with_a_warning(
    machine: Machine,
) -> None:
    path = machine.write(SYSTEM, "[global]\ntimeout = 3\n")
    path.chmod(0)

    found = machine.read()

    assert found.layers == ()
    assert found.warnings == (
        f"cannot read the configuration file {path}: permission denied",
    )


def test_origins_name_file_and_line(machine: Machine) -> None:
    path = machine.write(USER, "[global]\n\n# slow\ntimeout: 9\n")

    (layer,) = machine.read().layers

    assert layer.origins == {"timeout": f"{path}:4"}
    assert layer.is_file


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param(
            "INDEX_URL", "https://h.example/", ("index_url", "https://h.example/")
        ),
        pytest.param(
            "EXTRA_INDEX_URL",
            "https://a.example/ https://b.example/",
            ("extra_index_url", ["https://a.example/", "https://b.example/"]),
            id="list",
        ),
        pytest.param("NO_INDEX", "1", ("no_index", True), id="flag"),
        pytest.param("PRE", "off", ("pre", False), id="flag-off"),
        pytest.param(
            "TRUSTED_HOST", "h.example", ("allow_insecure_host", ["h.example"])
        ),
        pytest.param("CERT", "/ca.pem", ("cert", "/ca.pem")),
        pytest.param("CLIENT_CERT", "/me.pem", ("client_cert", "/me.pem")),
        pytest.param("PROXY", "http://p.example", ("proxy", "http://p.example")),
        pytest.param("DEFAULT_TIMEOUT", "5", ("timeout", 5)),
        pytest.param("RETRIES", "5", ("retries", 5)),
        pytest.param("NO_CACHE_DIR", "off", ("no_cache", True), id="as-pip-has-it"),
        pytest.param("CACHE_DIR", "false", ("no_cache", True), id="cache-off"),
        pytest.param("CONSTRAINT", "a.txt b.txt", ("constraint", ["a.txt", "b.txt"])),
        pytest.param("REQUIREMENT", "a.txt", ("requirement", ["a.txt"])),
        pytest.param("REQUIRE_HASHES", "true", ("require_hashes", True)),
        pytest.param("REQUIRE_VIRTUALENV", "true", ("require_virtualenv", True)),
        pytest.param("ONLY_BINARY", ":all:", ("only_binary", [":all:"])),
        pytest.param("NO_BINARY", "a,b", ("no_binary", ["a", "b"]), id="commas"),
        pytest.param("UPLOADED_PRIOR_TO", "P3D", ("exclude_newer", "P3D")),
        pytest.param("BREAK_SYSTEM_PACKAGES", "1", ("break_system_packages", True)),
        pytest.param("TARGET", "out", ("target", "out")),
        pytest.param("PREFIX", "out", ("prefix", "out")),
        pytest.param("PYTHON", "python3", ("python", "python3")),
        pytest.param("LOG", "pip.log", ("log", "pip.log")),
        pytest.param("VERBOSE", "2", ("verbose", 2), id="count"),
        pytest.param("QUIET", "true", ("quiet", 1), id="count-as-flag"),
        pytest.param("NO_COLOR", "1", ("color", "never")),
        pytest.param("PROGRESS_BAR", "off", ("no_progress", True)),
    ],
)
def test_a_variable_of_pip_counts(
    machine: Machine, name: str, text: str, expected: tuple[str, object]
) -> None:
    assert machine.values(**{f"PIP_{name}": text}) == dict([expected])


def test_the_shorter_of_two_names_is_the_stronger(machine: Machine) -> None:
    values = machine.values(PIP_DEFAULT_TIMEOUT="1", PIP_TIMEOUT="2")

    assert values == {"timeout": 2}


@pytest.mark.parametrize(
    "variables",
    [
        {"PIP_CACHE_DIR": "/cache"},
        {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        {"PIP_EXISTS_ACTION": "w"},
        {"PIP_TIMEOUT": ""},
        {"PIP_KEYRING_PROVIDER": "auto"},
        {"PIP_ROOT": ""},
    ],
    ids=lambda each: next(iter(each)),
)
def test_what_does_not_concern_us_is_passed_over(
    machine: Machine, variables: dict[str, str]
) -> None:
    found = machine.read(**variables)

    assert found.layers == ()
    assert found.warnings == ()


def test_what_must_not_be_ignored_in_silence_is_told(machine: Machine) -> None:
    path = machine.write(USER, "[global]\nroot = /mnt\n")

    (warning,) = machine.read().warnings

    assert warning.startswith(f"{path}:2: admit has no `root` of pip")


@pytest.mark.parametrize("text", ["x", "-1"])
def test_a_value_that_cannot_be_understood_is_named(
    machine: Machine, text: str
) -> None:
    with pytest.raises(UsageError, match="PIP_QUIET"):
        machine.read(PIP_QUIET=text)


def test_folders_are_seen_from_where_pip_is(machine: Machine) -> None:
    machine.write(
        USER, "[global]\nfind-links =\n  wheels\n  ~/more\n  https://h.example/\n"
    )

    assert machine.values() == {
        "find_links": [
            str(machine.cwd / "wheels"),
            str(machine.root / "home" / "more"),
            "https://h.example/",
        ]
    }


# The grammar


def test_a_value_goes_on_in_indented_lines() -> None:
    text = b"""\xef\xbb\xbf; a comment
[global]
extra_index_url =
    https://a.example/

    # between them
    https://b.example/#egg
Trusted-Host: a.example
[install]
pre=
"""
    assert parse_ini(text, "pip.conf") == [
        Line(
            "global",
            "extra-index-url",
            "\nhttps://a.example/\nhttps://b.example/#egg",
            3,
        ),
        Line("global", "trusted-host", "a.example", 8),
        Line("install", "pre", "", 10),
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("timeout = 3", "pip.conf:1: a setting stands before", id="header"),
        pytest.param(
            "[global]\n\ntimeout", "pip.conf:3: neither a [section]", id="row"
        ),
        pytest.param("[global]\n= 3", "pip.conf:2: neither a [section]", id="no-name"),
        pytest.param(
            "[global]\na = 1\nb = 2\na = 3",
            "pip.conf:4: `a` stands in line 2 already",
            id="twice",
        ),
        pytest.param("[global]\na = \udcff", "pip.conf:2: it is not UTF-8", id="bytes"),
    ],
)
def test_a_broken_file_is_an_error_with_file_and_line(text: str, what: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        parse_ini(text.encode("utf-8", "surrogateescape"), "pip.conf")

    assert caught.value.what.startswith(what)


def test_the_grammar_is_that_of_the_standard_library() -> None:
    from configparser import RawConfigParser

    text = (
        "[global]\nindex-url = https://h.example/?a=b:c ; not a comment\n"
        "timeout:10\n   \nlist =\n\tone\n  two\n# out\n three\n[a b] x\nkey == v\n"
    )
    parser = RawConfigParser()
    parser.read_string(text)

    ours = {
        (each.section, each.key): each.text for each in parse_ini(text.encode(), "f")
    }

    theirs = {
        (section, key): "\n".join(line for line in value.split("\n") if line.strip())
        for section in parser.sections()
        for key, value in parser.items(section)
    }
    assert {key: text.strip("\n") for key, text in ours.items()} == theirs
