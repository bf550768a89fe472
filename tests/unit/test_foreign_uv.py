"""What uv was told: its files, its tables, its pins, its variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.files import BadConfiguration
from admit.config.foreign import Surroundings, find_uv_files, read_foreign
from admit.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from admit.config.files import Layer
    from admit.config.foreign import Foreign

INDEX = '[[index]]\nname = "corp"\nurl = "https://corp.example/simple/"\n'
TOOL_INDEX = INDEX.replace("[[index]]", "[[tool.uv.index]]")


class Machine:
    """A machine with places for every file uv looks at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cwd = root / "home" / "project" / "below"
        self.cwd.mkdir(parents=True)
        self.environ = {"HOME": str(root / "home"), "PIP_CONFIG_FILE": "/dev/null"}

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def around(self, **variables: str) -> Surroundings:
        return Surroundings(
            {**self.environ, **variables},
            str(self.cwd),
            self.environ["HOME"],
            system=str(self.root / "etc"),
        )

    def read(self, **variables: str) -> Foreign:
        return read_foreign(self.around(**variables), with_files=True)

    def layer(self, **variables: str) -> Layer:
        (layer,) = self.read(**variables).layers
        assert layer.tool == "uv"
        return layer


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


PROJECT = "home/project/pyproject.toml"
OWN = "home/project/uv.toml"
USER = "home/.config/uv/uv.toml"
SYSTEM = "etc/uv/uv.toml"


def test_files_are_found_from_near_to_far_below_the_variables(machine: Machine) -> None:
    machine.write(SYSTEM, "offline = true")
    machine.write(USER, "offline = true")
    machine.write(PROJECT, "[tool.uv]\noffline = true")

    origins = [each.origin for each in machine.read(UV_OFFLINE="1").layers]

    assert origins == [
        "UV_*",
        *(str(machine.root / each) for each in (PROJECT, USER, SYSTEM)),
    ]


def test_uv_toml_stands_above_the_pyproject_beside_it(machine: Machine) -> None:
    machine.write(OWN, "offline = true")
    machine.write(PROJECT, "[tool.uv]\nno-cache = true")

    assert machine.layer().values == {"offline": True}


def test_a_pyproject_without_a_table_of_uv_does_not_end_the_search(
    machine: Machine,
) -> None:
    machine.write("home/project/below/pyproject.toml", '[project]\nname = "uv"')
    machine.write(OWN, "offline = true")

    assert machine.layer().values == {"offline": True}


def test_files_can_be_turned_off_and_another_one_named(machine: Machine) -> None:
    machine.write(OWN, "offline = true")
    machine.write(USER, "offline = true")
    other = machine.write("other.toml", "no-cache = true")

    assert machine.read(UV_NO_CONFIG="1").layers == ()
    assert machine.layer(UV_CONFIG_FILE=str(other)).values == {"no_cache": True}
    with pytest.raises(UsageError, match="does not exist"):
        machine.read(UV_CONFIG_FILE="nowhere.toml")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[project]\ndependencies = ["uvicorn", "uv"]', id="no-table"),
        pytest.param("[tool.uv]\npackage = true\ndev-x = []", id="nothing-for-us"),
        pytest.param(
            "[tool.uv]\npackage = true\n[tool.other]\nindex = 1", id="other-table"
        ),
    ],
)
def test_no_parser_is_needed_for_what_says_nothing_for_us(
    machine: Machine, text: str
) -> None:
    machine.write(PROJECT, text)

    assert list(find_uv_files(machine.around(), [])) == []


@pytest.mark.parametrize(
    "text",
    [
        "[tool.uv]\noffline = true",
        "[ tool . uv ]\noffline = true",
        '["tool"."uv"]\noffline = true',
        "[tool]\nuv.offline = true",
        "tool.uv.offline = true",
        "tool = { uv = { offline = true } }",
        "[tool]\nuv = { offline = true }",
    ],
)
def test_every_way_to_write_the_table_is_seen(machine: Machine, text: str) -> None:
    machine.write(PROJECT, text)

    assert machine.layer().values == {"offline": True}


def test_the_table_pip_stands_above_the_general_one(machine: Machine) -> None:
    path = machine.write(
        PROJECT,
        '[tool.uv]\nlink-mode = "copy"\nprerelease = "allow"\n'
        '[tool.uv.pip]\nprerelease = "disallow"\nonly-binary = ["a"]\n'
        "verify-hashes = false\n",
    )

    layer = machine.layer()

    assert layer.values == {
        "link_mode": "copy",
        "prerelease": "disallow",
        "only_binary": ["a"],
        "no_verify_hashes": True,
    }
    assert layer.origins["link_mode"] == f"{path}:2"


def test_an_index_is_taken_with_what_both_know_of_it(machine: Machine) -> None:
    path = machine.write(
        PROJECT,
        f"[tool.uv]\n\n{TOOL_INDEX}explicit = true\n"
        'authenticate = "always"\nignore-error-codes = [403, 500]\n'
        'publish-url = "https://corp.example/up"\nhash-algorithm = "sha256"\n'
        'cache-control = { api = "max-age=9", files = "max-age=99" }\n',
    )

    (table,) = machine.layer().indexes

    assert table.fields == {
        "name": "corp",
        "url": "https://corp.example/simple/",
        "explicit": True,
        "authenticate": "always",
        "ignore-error-codes": [403],
        "cache-control": {"api": "max-age=9", "files": "max-age=99"},
    }
    assert table.origin == f"{path}:4"


def test_pins_become_names_that_belong_to_the_index(machine: Machine) -> None:
    machine.write(
        PROJECT,
        f'{TOOL_INDEX}[tool.uv.sources]\nacme = {{ index = "corp" }}\n'
        'other = { git = "https://git.example/x" }\n'
        'lab = [{ index = "corp", marker = "sys_platform == \'linux\'" }]\n',
    )

    found = machine.read()

    (layer,) = found.layers
    assert layer.indexes[0].fields["packages"] == ["acme", "lab"]
    (warning,) = found.warnings
    assert "lab comes from the index corp in every case" in warning


def test_a_pin_to_an_index_that_is_not_there_is_told(machine: Machine) -> None:
    path = machine.write(
        PROJECT, f'{TOOL_INDEX}[tool.uv.sources]\nacme = {{ index = "lost" }}\n'
    )

    (warning,) = machine.read().warnings

    assert warning.startswith(f"{path}:5: acme is to come from the index lost")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("DEFAULT_INDEX", "https://h.example/", ("index_url", "https://h.example/")),
        ("INDEX_URL", "https://h.example/", ("index_url", "https://h.example/")),
        (
            "INDEX",
            "a=https://a.example/ https://b.example/",
            ("index", ["a=https://a.example/", "https://b.example/"]),
        ),
        (
            "EXTRA_INDEX_URL",
            "https://h.example/",
            ("extra_index_url", ["https://h.example/"]),
        ),
        ("FIND_LINKS", "a b,c", ("find_links", ["a b", "c"])),
        (
            "INDEX_STRATEGY",
            "unsafe-best-match",
            ("index_strategy", "unsafe-best-match"),
        ),
        ("SYSTEM_CERTS", "true", ("native_tls", True)),
        ("NATIVE_TLS", "1", ("native_tls", True)),
        (
            "INSECURE_HOST",
            "a.example b.example",
            ("allow_insecure_host", ["a.example", "b.example"]),
        ),
        ("HTTP_TIMEOUT", "9", ("timeout", 9)),
        ("REQUEST_TIMEOUT", "9", ("timeout", 9)),
        ("HTTP_RETRIES", "9", ("retries", 9)),
        ("OFFLINE", "yes", ("offline", True)),
        ("NO_CACHE", "1", ("no_cache", True)),
        ("CONSTRAINT", "a.txt", ("constraint", ["a.txt"])),
        ("OVERRIDE", "a.txt", ("override", ["a.txt"])),
        ("REQUIRE_HASHES", "1", ("require_hashes", True)),
        ("NO_VERIFY_HASHES", "1", ("no_verify_hashes", True)),
        ("RESOLUTION", "lowest", ("resolution", "lowest")),
        ("PRERELEASE", "allow", ("prerelease", "allow")),
        ("EXCLUDE_NEWER", "2024-05-01", ("exclude_newer", "2024-05-01")),
        ("LINK_MODE", "copy", ("link_mode", "copy")),
        ("COMPILE_BYTECODE", "1", ("compile_bytecode", True)),
        ("PYTHON", "3.12", ("python", "3.12")),
        ("BREAK_SYSTEM_PACKAGES", "1", ("break_system_packages", True)),
        (
            "CUSTOM_COMPILE_COMMAND",
            "make pins",
            ("custom_compile_command", "make pins"),
        ),
        ("NO_PROGRESS", "1", ("no_progress", True)),
    ],
)
def test_a_variable_of_uv_counts(
    machine: Machine, name: str, text: str, expected: tuple[str, object]
) -> None:
    layer = machine.layer(**{f"UV_{name}": text})

    assert layer.values == dict([expected])
    assert layer.origins == {expected[0]: f"UV_{name}"}


def test_the_newer_name_of_a_variable_is_the_stronger(machine: Machine) -> None:
    layer = machine.layer(
        UV_INDEX_URL="https://old.example/", UV_DEFAULT_INDEX="https://new.example/"
    )

    assert layer.values == {"index_url": "https://new.example/"}


@pytest.mark.parametrize(
    ("name", "text"),
    [("CACHE_DIR", "/c"), ("CONCURRENT_DOWNLOADS", "4"), ("OFFLINE", "")],
)
def test_what_does_not_concern_us_is_passed_over(
    machine: Machine, name: str, text: str
) -> None:
    found = machine.read(**{f"UV_{name}": text})

    assert (found.layers, found.warnings) == ((), ())


def test_what_must_not_be_ignored_in_silence_is_told(machine: Machine) -> None:
    path = machine.write(PROJECT, '[tool.uv]\nconstraint-dependencies = ["a<2"]\n')

    (warning,) = machine.read().warnings

    assert warning.startswith(f"{path}:2: admit has no `constraint-dependencies`")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("offline = ", "is not valid TOML", id="syntax"),
        pytest.param('\noffline = "yes"', ":2: `offline` wants true", id="type"),
        pytest.param("index = 3", ":1: `index` is not a list", id="index"),
        pytest.param('[[index]]\nname = "x"', ":2: the index x: `url` is", id="no-url"),
        pytest.param("pip = 3", ":1: `pip` is not a table", id="pip"),
        pytest.param("index-url = [1]", ":1: `index-url` wants a string", id="url"),
    ],
)
def test_a_broken_file_is_an_error_with_file_and_line(
    machine: Machine, text: str, what: str
) -> None:
    path = machine.write(OWN, text)

    with pytest.raises(BadConfiguration) as caught:
        machine.read()

    assert str(path) in caught.value.what
    assert what in caught.value.what


def test_a_broken_variable_is_named(machine: Machine) -> None:
    with pytest.raises(UsageError, match="UV_HTTP_TIMEOUT wants a number"):
        machine.read(UV_HTTP_TIMEOUT="soon")
