"""`admit compile`, word for word."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from support.index import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.serve.server import IndexServer
    from support.desk import Desk

    Golden = Callable[[Desk], None]


def pins(text: str) -> list[str]:
    """The pins of a compiled file, without hashes and comments."""
    lines = [line.removesuffix(" \\") for line in text.splitlines()]
    return [line for line in lines if line and line[0] not in "# -"]


def test_pins_are_told_with_who_asks(desk: Desk, golden: Golden) -> None:
    desk.write("requirements.in", "gamma[fast]\nalpha>=1\n")

    desk.succeed("compile", "requirements.in")

    assert desk.installed == []
    golden(desk)


def test_no_environment_is_needed(desk: Desk) -> None:
    desk.venv.rename(desk.home / "elsewhere")
    desk.write("requirements.in", "alpha\n")

    assert pins(desk.succeed("compile", "requirements.in").stdout) == ["alpha==2.0"]


def test_a_file_is_written_and_then_left_alone(desk: Desk, golden: Golden) -> None:
    desk.write("requirements.in", "beta\n")

    desk.succeed("compile", "requirements.in", "-o", "requirements.txt")
    path = desk.work / "requirements.txt"
    os.utime(path, (1, 1))
    desk.succeed("compile", "requirements.in", "-o", "requirements.txt")

    assert path.stat().st_mtime == 1
    assert sorted(os.listdir(desk.work)) == [
        ".venv",
        "requirements.in",
        "requirements.txt",
    ]
    golden(desk)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["alpha==1.0", "beta==1.0"]),
        (("-U",), ["alpha==2.0", "beta==1.0"]),
        (("-P", "alpha"), ["alpha==2.0", "beta==1.0"]),
        (("-P", "beta"), ["alpha==1.0", "beta==1.0"]),
    ],
)
def test_pins_of_the_output_are_kept_unless_upgraded(
    desk: Desk, options: tuple[str, ...], expected: list[str]
) -> None:
    desk.write("requirements.in", "beta\n")
    output = desk.write("requirements.txt", "alpha==1.0\n")

    desk.succeed("compile", "requirements.in", "-o", "requirements.txt", *options)

    assert pins(output.read_text()) == expected
    assert "upgrade" not in output.read_text()


def test_hashes_of_every_file_are_written(desk: Desk, world: Path) -> None:
    wheel = world / "alpha-1.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    desk.write("requirements.in", "alpha==1.0\n")

    ran = desk.succeed("compile", "requirements.in", "--generate-hashes", "--no-header")

    assert ran.stdout.splitlines() == [
        "alpha==1.0 \\",
        f"    --hash=sha256:{digest}",
        "    # via -r requirements.in",
    ]


def test_a_project_is_compiled_with_its_extras(desk: Desk, golden: Golden) -> None:
    desk.write(
        "pyproject.toml",
        '[project]\nname = "proj"\ndependencies = ["alpha<2"]\n'
        '[project.optional-dependencies]\ntest = ["delta"]\n',
    )

    desk.succeed("compile", "pyproject.toml")
    desk.succeed("compile", "pyproject.toml", "--extra", "test")
    desk.succeed("compile", "pyproject.toml", "--all-extras", "--no-header")
    desk.fail("compile", "pyproject.toml", "--extra", "docs", status=2)

    golden(desk)


def test_stdin_is_read(desk: Desk, golden: Golden) -> None:
    desk.typed = "alpha\n"

    desk.succeed("compile", "-")

    golden(desk)


def test_constraints_and_nested_files_are_named(desk: Desk, golden: Golden) -> None:
    desk.write("requirements.in", "-r base.in\nbeta\n")
    desk.write("base.in", "delta\n")
    desk.write("limits.txt", "alpha<2\n")

    desk.succeed("compile", "requirements.in", "-c", "limits.txt")

    golden(desk)


def test_plain_output_is_pins_alone(desk: Desk) -> None:
    desk.write("requirements.in", "gamma[fast]\n")

    ran = desk.succeed(
        "compile",
        "requirements.in",
        "--no-header",
        "--no-annotate",
        "--no-strip-extras",
    )

    assert ran.stdout.splitlines() == [
        "alpha==2.0",
        "beta==1.0",
        "delta==1.0",
        "gamma[fast]==1.0",
    ]


def test_markers_are_those_of_the_target(desk: Desk) -> None:
    desk.write(
        "requirements.in",
        "alpha; sys_platform == 'win32'\ndelta; python_version < '3.10'\nearly\n",
    )

    ran = desk.succeed(
        *("compile", "requirements.in", "--no-header", "--no-annotate"),
        *("--python-platform", "windows", "--python-version", "3.9"),
    )

    assert ran.stdout.splitlines() == ["alpha==2.0", "delta==1.0", "early==1.0"]


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ({"ADMIT_CUSTOM_COMPILE_COMMAND": "make pins"}, ()),
        ({}, ("--custom-compile-command", "make pins")),
    ],
)
def test_the_command_can_be_said_otherwise(
    desk: Desk, variables: dict[str, str], options: tuple[str, ...]
) -> None:
    desk.write("requirements.in", "alpha\n")

    ran = desk.succeed("compile", "requirements.in", *options, **variables)

    assert ran.stdout.splitlines()[1] == "#    make pins"


@pytest.mark.pain("G3")
@pytest.mark.pain("A10")
class TestSecrets:
    """No secret may stand in what is written."""

    def url(self, private: IndexServer) -> str:
        return private.url.replace("://", f"://alice:{SECRET}@")

    def test_not_in_the_header_nor_among_the_options(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.write("requirements.in", f"-i {self.url(private)}\nmypackage\n")

        ran = alice.succeed(
            *("compile", "requirements.in", "--emit-index-url"),
            *("--extra-index-url", self.url(private)),
        )

        assert pins(ran.stdout) == ["mydependency==1.4", "mypackage==2024.1"]
        assert f"--index-url {private.url}" in ran.stdout
        assert f"--extra-index-url={private.url}" in ran.stdout

    def test_not_in_a_custom_command(self, alice: Desk, private: IndexServer) -> None:
        alice.write("requirements.in", "mypackage\n")

        ran = alice.succeed(
            *("compile", "requirements.in"),
            *("--custom-compile-command", f"pin -i {self.url(private)}"),
        )

        assert ran.stdout.splitlines()[1] == f"#    pin -i {private.url}"

    def test_not_in_a_pinned_url(self, alice: Desk, private: IndexServer) -> None:
        wheel = f"{self.url(private)}mydependency/mydependency-1.4-py3-none-any.whl"
        alice.typed = f"mydependency @ {wheel}\n"

        ran = alice.succeed("compile", "-", "--no-deps")

        assert SECRET not in ran.stdout + ran.stderr
        assert "mydependency @ http://127.0.0.1" in ran.stdout


def test_a_dash_means_stdout(desk: Desk) -> None:
    desk.write("requirements.in", "beta\n")

    ran = desk.succeed("compile", "requirements.in", "-o", "-", "--no-header")

    assert "beta==" in ran.stdout
    assert not (desk.work / "-").exists()


class TestMisuse:
    @pytest.mark.parametrize(
        "arguments",
        [
            (),
            ("missing.in",),
            ("requirements.in", "--python-version", "soon"),
            ("requirements.in", "--python-platform", "amiga"),
            ("requirements.in", "--extra", "x"),
            ("requirements.in", "--exclude-newer", "soon"),
        ],
        ids=" ".join,
    )
    def test_it_is_told(
        self, desk: Desk, arguments: tuple[str, ...], golden: Golden
    ) -> None:
        desk.write("requirements.in", "alpha\n")

        desk.fail("compile", *arguments, status=2)

        golden(desk)

    def test_a_universal_file_is_not_offered(self, desk: Desk) -> None:
        desk.write("requirements.in", "alpha\n")

        ran = desk.fail("compile", "requirements.in", "--universal", status=2)

        assert "no option --universal" in ran.stderr

    def test_a_folder_that_is_not_there(self, desk: Desk, golden: Golden) -> None:
        desk.write("requirements.in", "alpha\n")

        desk.fail("compile", "requirements.in", "-o", "nowhere/r.txt")

        golden(desk)

    def test_a_dynamic_project(self, desk: Desk, golden: Golden) -> None:
        desk.write(
            "pyproject.toml", '[project]\nname = "a"\ndynamic = ["dependencies"]\n'
        )

        desk.fail("compile", "pyproject.toml")

        golden(desk)
