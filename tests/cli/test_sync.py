"""`admit sync`, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.serve.server import IndexServer
    from support.desk import Desk

    Golden = Callable[[Desk], None]


def test_what_is_listed_comes_and_the_rest_goes(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "gamma", "delta")
    desk.write("requirements.txt", "alpha==1.0\ndelta==1.0\n")

    desk.succeed("sync", "requirements.txt", "--dry-run")
    assert len(desk.installed) == 4
    desk.succeed("sync", "requirements.txt")

    assert desk.installed == ["alpha==1.0", "delta==1.0"]
    golden(desk)


def test_dependencies_nobody_lists_do_not_come(desk: Desk) -> None:
    desk.write("requirements.txt", "beta==1.0\n")

    desk.succeed("sync", "requirements.txt")

    assert desk.installed == ["beta==1.0"]


def test_what_is_in_order_needs_no_network(
    desk: Desk, index: IndexServer, golden: Golden
) -> None:
    desk.write("requirements.txt", "alpha==2.0\nbeta==1.0\n")
    desk.succeed("sync", "requirements.txt")
    index.requests.clear()

    desk.succeed("sync", "requirements.txt")
    desk.write("requirements.txt", "alpha==2.0\n")
    desk.succeed("sync", "requirements.txt")

    assert index.requests == []
    assert desk.installed == ["alpha==2.0"]
    golden(desk)


def test_a_line_for_another_system_is_not_listed(desk: Desk) -> None:
    desk.succeed("install", "alpha", "delta")
    desk.write("requirements.txt", "alpha\ndelta; sys_platform == 'amiga'\n")

    desk.succeed("sync", "requirements.txt")

    assert desk.installed == ["alpha==2.0"]


def test_installers_and_what_admit_needs_stay(desk: Desk) -> None:
    wheels = desk.home / "wheels"
    wheels.mkdir()
    build_wheel(wheels, "pip", "99.0")
    build_wheel(wheels, "admit", "0.1", requires=["delta"])
    desk.succeed("install", *map(str, wheels.iterdir()), "alpha")
    desk.write("requirements.txt", "early\n")

    desk.succeed("sync", "requirements.txt")

    assert desk.installed == ["admit==0.1", "delta==1.0", "early==1.0", "pip==99.0"]


def test_an_empty_list_must_be_meant(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha")
    desk.write("requirements.txt", "# nothing\n")

    desk.fail("sync", "requirements.txt", status=2)
    assert desk.installed == ["alpha==2.0"]
    desk.succeed("sync", "requirements.txt", "--allow-empty-requirements")

    assert desk.installed == []
    golden(desk)


def test_what_was_compiled_is_synced(desk: Desk) -> None:
    desk.write("requirements.in", "gamma[fast]\n")
    desk.succeed(
        "compile", "requirements.in", "-o", "requirements.txt", "--generate-hashes"
    )

    desk.succeed("sync", "requirements.txt", "--require-hashes")

    expected = ["alpha==2.0", "beta==1.0", "delta==1.0", "gamma==1.0"]
    assert desk.installed == expected


def test_misuse_is_told(desk: Desk, golden: Golden) -> None:
    desk.fail("sync", status=2)
    desk.fail("sync", "missing.txt", status=2)

    golden(desk)
