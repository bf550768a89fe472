"""Hashes in requirements files, word for word."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]

WRONG = "0" * 64


@pytest.fixture
def sha(world: Path) -> Callable[..., str]:
    """The hash option of a wheel of the world."""

    def of(name: str, version: str, algorithm: str = "sha256") -> str:
        wheel = world / f"{name}-{version}-py3-none-any.whl"
        digest = hashlib.new(algorithm, wheel.read_bytes()).hexdigest()
        return f"--hash={algorithm}:{digest}"

    return of


def masked(desk: Desk) -> str:
    """Hashes of wheels differ by the machine that compressed them."""
    return re.sub(r"\b(?!0{64})[0-9a-f]{64}\b", "SHA256", desk.ran[-1].stderr)


def test_a_file_with_the_hash_given_is_installed(
    desk: Desk, sha: Callable[..., str]
) -> None:
    right = sha("alpha", "1.0")
    desk.write("r.txt", f"alpha==1.0 --hash=sha256:{WRONG} \\\n  {right}\n")

    desk.succeed("install", "-r", "r.txt")

    assert desk.installed == ["alpha==1.0"]


@pytest.mark.parametrize("algorithm", ["sha384", "sha512"])
def test_hashes_that_the_page_does_not_state_are_computed(
    desk: Desk, sha: Callable[..., str], algorithm: str
) -> None:
    desk.write("r.txt", f"alpha==1.0 {sha('alpha', '1.0', algorithm)}\n")

    desk.succeed("install", "-r", "r.txt")
    desk.succeed("uninstall", "alpha")
    desk.succeed("install", "-r", "r.txt")

    assert desk.installed == ["alpha==1.0"]


@pytest.mark.parametrize("command", [("install", "-r"), ("sync",)], ids=" ".join)
def test_another_file_is_refused_with_both_hashes(
    desk: Desk, command: tuple[str, ...]
) -> None:
    desk.write("r.txt", f"alpha==1.0 --hash=sha256:{WRONG}\n")

    desk.fail(*command, "r.txt")

    assert desk.installed == []
    assert masked(desk) == (
        "error: alpha-1.0-py3-none-any.whl has none of the hashes given for it\n"
        f"  why: expected sha256={WRONG}, found sha256=SHA256\n"
        "  fix: if the file is the right one, write its hash down: `admit compile "
        "--generate-hashes` does; if you cannot tell, do not use it\n"
    )


def test_a_computed_hash_that_differs_is_refused(desk: Desk) -> None:
    desk.write("r.txt", f"alpha==1.0 --hash=sha512:{WRONG * 2}\n")

    desk.fail("install", "-r", "r.txt")

    assert desk.installed == []
    assert "has none of the hashes given for it" in desk.ran[-1].stderr


def test_what_is_in_the_cache_is_held_to_it_too(desk: Desk) -> None:
    desk.succeed("install", "alpha==1.0")
    desk.succeed("uninstall", "alpha")
    desk.write("r.txt", f"alpha==1.0 --hash=sha512:{WRONG * 2}\n")

    desk.fail("install", "-r", "r.txt")

    assert desk.installed == []


def test_hashes_can_be_passed_over(desk: Desk) -> None:
    desk.write("r.txt", f"alpha==1.0 --hash=sha256:{WRONG}\n")

    desk.succeed("install", "-r", "r.txt", "--no-verify-hashes")

    assert desk.installed == ["alpha==1.0"]


def test_a_local_wheel_is_held_to_its_hash(
    desk: Desk, world: Path, sha: Callable[..., str]
) -> None:
    wheel = world / "alpha-1.0-py3-none-any.whl"
    desk.write("right.txt", f"{wheel} {sha('alpha', '1.0')}\n")
    desk.write("wrong.txt", f"{wheel} --hash=sha256:{WRONG}\n")

    desk.fail("install", "-r", "wrong.txt")
    assert desk.installed == []
    desk.succeed("install", "-r", "right.txt", "--require-hashes")

    assert desk.installed == ["alpha==1.0"]


class TestRequired:
    @pytest.mark.parametrize("where", ["option", "variable", "file"])
    def test_everything_listed_pinned_and_hashed_is_installed(
        self, desk: Desk, sha: Callable[..., str], where: str
    ) -> None:
        lines = f"alpha==2.0 {sha('alpha', '2.0')}\nbeta==1.0 {sha('beta', '1.0')}\n"
        head = "--require-hashes\n" if where == "file" else ""
        desk.write("r.txt", head + lines)
        options = ("--require-hashes",) if where == "option" else ()
        variables = {"ADMIT_REQUIRE_HASHES": "1"} if where == "variable" else {}

        desk.succeed("install", "-r", "r.txt", *options, **variables)

        assert desk.installed == ["alpha==2.0", "beta==1.0"]

    @pytest.mark.parametrize(
        ("line", "name"),
        [
            pytest.param("alpha>=1 {alpha}", "range", id="not pinned"),
            pytest.param("alpha==2.0", "bare", id="no hash"),
            pytest.param("beta==1.0 {beta}", "transitive", id="a dependency"),
        ],
    )
    def test_else_nothing_is(
        self,
        desk: Desk,
        sha: Callable[..., str],
        golden: Golden,
        line: str,
        name: str,
    ) -> None:
        del name
        shas = {"alpha": sha("alpha", "2.0"), "beta": sha("beta", "1.0")}
        desk.write("r.txt", line.format(**shas) + "\n")

        desk.fail("install", "-r", "r.txt", "--require-hashes")

        assert desk.installed == []
        golden(desk)

    def test_a_name_on_the_command_line_has_none(
        self, desk: Desk, golden: Golden
    ) -> None:
        desk.fail("install", "alpha==1.0", "--require-hashes")

        golden(desk)

    def test_one_cannot_ask_for_both(self, desk: Desk, golden: Golden) -> None:
        desk.fail(
            "install", "alpha", "--require-hashes", "--no-verify-hashes", status=2
        )

        golden(desk)
