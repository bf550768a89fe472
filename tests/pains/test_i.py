"""I: time, caches, transport."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.ways import by_netrc, by_url

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

ROTATED = "an0ther-s3cret"


@pytest.mark.pain("I2")
@pytest.mark.parametrize("give", [by_url, by_netrc], ids=["url", "netrc"])
def test_a_new_token_fetches_pages_and_no_files(
    desk: Desk, private: IndexServer, give: type
) -> None:
    desk.secrets.append(ROTATED)
    desk.succeed("install", "-i", give(desk, private.url, SECRET), "mypackage")
    desk.succeed("uninstall", "mypackage", "mydependency")
    private.indexes[0].visibility.rotate("alice", ROTATED)
    private.requests.clear()

    desk.succeed("install", "-i", give(desk, private.url, ROTATED), "mypackage")

    assert desk.installed == ["mydependency==1.4", "mypackage==2024.1"]
    assert {each.path for each in private.requests} == {
        "/simple/mydependency/",
        "/simple/mypackage/",
    }


@pytest.mark.pain("I4")
def test_offline_a_stranger_finds_nothing_of_what_another_one_saw(
    desk: Desk, private: IndexServer
) -> None:
    url = by_url(desk, private.url, SECRET)
    desk.succeed("install", "-i", url, "mypackage")
    desk.succeed("uninstall", "mypackage", "mydependency")

    ran = desk.fail("install", "--offline", "-i", private.url, "mypackage")
    assert "anonymous" in ran.stderr

    desk.succeed("install", "--offline", "-i", url, "mypackage")


@pytest.mark.pain("I9")
def test_a_hidden_file_by_its_address_says_how_to_give_a_login(
    desk: Desk, world: Path
) -> None:
    with IndexServer(world, accounts=[ALICE]) as server:
        place = "packages/mypackage/2020.1/mypackage-2020.1-py3-none-any.whl"
        wheel = f"http://127.0.0.1:{server.port}/{place}"

        ran = desk.fail("install", wheel)
        assert "404" in ran.stderr
        assert "machine 127.0.0.1 login USER password SECRET" in ran.stderr

        by_netrc(desk, server.url, SECRET)
        desk.succeed("install", wheel)

    assert desk.installed == ["mypackage==2020.1"]
