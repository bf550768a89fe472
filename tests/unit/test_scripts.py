"""Launchers: texts of scripts, first lines, names."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from admit.install.scripts import (
    Launchers,
    format_script,
    format_shebang,
    format_windows_script,
    is_reserved_name,
    is_sound_name,
    rewrite_shebang,
)
from admit.spec.record import EntryPoint

if TYPE_CHECKING:
    from pathlib import Path

CONSOLE = EntryPoint(
    group="console_scripts", name="tool", module="pkg.cli", attribute="App.main"
)
GUI = EntryPoint(group="gui_scripts", name="tool", module="pkg.cli", attribute="main")


def test_script_imports_the_first_part_and_calls_the_whole_attribute() -> None:
    text = format_script(CONSOLE, "/env/bin/python").decode()

    assert text.startswith("#!/env/bin/python\n")
    assert "from pkg.cli import App\n" in text
    assert "sys.exit(App.main())" in text


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param("plain", id="plain"),
        pytest.param("with space", id="space"),
        pytest.param("d" * 140, id="long"),
        pytest.param("it's", id="single-quote"),
        pytest.param('a "quoted" part', id="double-quote"),
        pytest.param("price $HOME `id` here", id="dollar-and-backtick"),
        pytest.param("back\\slash and space", id="backslash"),
        pytest.param("ünïcode dir", id="unicode"),
    ],
)
def test_script_starts_its_interpreter_wherever_that_is(
    folder: str, tmp_path: Path
) -> None:
    home = tmp_path / folder
    home.mkdir()
    python = home / "python"
    python.symlink_to(sys.executable)
    (tmp_path / "answer.py").write_text(
        "def main():\n    print('fine')\n    return 3\n"
    )
    entry = EntryPoint(
        group="console_scripts", name="tool", module="answer", attribute="main"
    )
    script = tmp_path / "tool"
    script.write_bytes(format_script(entry, str(python)))
    script.chmod(0o755)

    done = subprocess.run(
        [script],
        env={"PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr, done.returncode) == ("fine\n", "", 3)


def test_windows_script_is_launcher_shebang_and_zip() -> None:
    launchers = Launchers(console=b"MZ-console", gui=b"MZ-gui")

    content = format_windows_script(CONSOLE, r"C:\env\Scripts\python.exe", launchers)

    assert content.startswith(b"MZ-console#!C:\\env\\Scripts\\python.exe\r\nPK")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert b"sys.exit(App.main())" in archive.read("__main__.py")


def test_windows_gui_script_uses_the_interpreter_without_console() -> None:
    launchers = Launchers(console=b"MZ-console", gui=b"MZ-gui")

    content = format_windows_script(GUI, r"C:\my env\python.exe", launchers)

    assert content.startswith(b'MZ-gui#!"C:\\my env\\pythonw.exe"\r\nPK')


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"#!python\nx", b"#!/e/python\nx", id="python"),
        pytest.param(b"#!pythonw\nx", b"#!/e/python\nx", id="pythonw"),
        pytest.param(b"#!python -E\nx", b"#!/e/python -E\nx", id="arguments"),
        pytest.param(b"#!python\r\nx", b"#!/e/python\nx", id="crlf"),
        pytest.param(b"#!python", b"#!/e/python\n", id="nothing-else"),
        pytest.param(b"#!python3\nx", None, id="python3-is-a-command"),
        pytest.param(b"#!/bin/sh\nx", None, id="shell"),
        pytest.param(b"\x7fELF", None, id="binary"),
    ],
)
def test_only_the_standards_first_line_is_rewritten(
    content: bytes, expected: bytes | None
) -> None:
    assert rewrite_shebang(content, "/e/python") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("python", True),
        ("python3", True),
        ("Python3.12.exe", True),
        ("python3.13t", True),
        ("pythonw", True),
        ("python-build", False),
        ("ipython3", False),
        ("pythonic", False),
    ],
)
def test_names_of_interpreters_are_reserved(name: str, expected: bool) -> None:
    assert is_reserved_name(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tool", True),
        ("tool.py", True),
        ("my tool", True),
        ("../tool", False),
        ("a\\b", False),
        ("c:tool", False),
        ("..", False),
        ("", False),
        ("a\nb", False),
    ],
)
def test_script_names_are_file_names(name: str, expected: bool) -> None:
    assert is_sound_name(name) is expected


def test_long_path_goes_through_the_shell() -> None:
    assert format_shebang("/e/" + "x" * 200).startswith(b"#!/bin/sh\n'''exec' \"/e/x")
