"""Hashes are compared before anything is run, whatever way a source came."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from admit.serve.server import IndexServer
from support.sdist import build_sdist, read_journal
from support.source_tree import hooks, make_tree
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

WRONG = "0" * 64


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture
def journal(desk: Desk, tmp_path: Path) -> Path:
    desk.variables["JOURNAL"] = str(tmp_path / "journal")
    return tmp_path / "journal"


def sha(path: Path) -> str:
    return f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


class TestRequiredHashes:
    def test_what_comes_along_without_one_is_not_run(
        self, desk: Desk, shop: Path, journal: Path
    ) -> None:
        build_sdist(shop, "part")
        whole = build_wheel(shop, "whole", "1.0", requires=["part"])
        desk.write("r.txt", f"whole==1.0 {sha(whole)}\n")
        with IndexServer(shop, public=["*"]) as index:
            ran = desk.fail(
                "install", "-r", "r.txt", "--require-hashes", "-i", index.url
            )

        assert "no hash is given for part" in ran.stderr
        assert not journal.exists()

    def test_nor_is_what_comes_along_by_a_url(
        self, desk: Desk, shop: Path, journal: Path
    ) -> None:
        part = build_sdist(shop, "part").rename(shop / "main.tar.gz")
        whole = build_wheel(shop, "whole", "1.0", requires=[f"part @ {part.as_uri()}"])
        desk.write("r.txt", f"{whole} {sha(whole)}\n")

        ran = desk.fail("install", "-r", "r.txt", "--require-hashes", "--no-index")

        assert "no hash is given for part" in ran.stderr
        assert not journal.exists()

    def test_a_url_may_bring_its_hash_along(
        self, desk: Desk, shop: Path, journal: Path
    ) -> None:
        part = build_sdist(shop, "part").rename(shop / "main.tar.gz")
        url = f"{part.as_uri()}#{sha(part)[7:].replace(':', '=')}"
        whole = build_wheel(shop, "whole", "1.0", requires=[f"part @ {url}"])
        desk.write("r.txt", f"{whole} {sha(whole)}\n")

        desk.succeed("install", "-r", "r.txt", "--require-hashes", "--no-index")

        assert desk.installed == ["part==1.0", "whole==1.0"]
        assert read_journal(journal)


def test_the_hash_of_a_constraint_holds_for_what_comes_along_by_a_url(
    desk: Desk, shop: Path, journal: Path
) -> None:
    part = build_sdist(shop, "part").rename(shop / "main.tar.gz")
    whole = build_wheel(shop, "whole", "1.0", requires=[f"part @ {part.as_uri()}"])
    desk.write("c.txt", f"part==1.0 --hash=sha256:{WRONG}\n")

    ran = desk.fail("install", str(whole), "-c", "c.txt", "--no-index")

    assert "does not have the hash" in ran.stderr
    assert not journal.exists()


def test_the_hash_of_an_override_holds(desk: Desk, shop: Path) -> None:
    build_wheel(shop, "alpha", "1.0")
    build_wheel(shop, "alpha", "2.0")
    desk.write("o.txt", f"alpha==2.0 --hash=sha256:{WRONG}\n")
    with IndexServer(shop, public=["*"]) as index:
        desk.fail("install", "alpha==1.0", "--override", "o.txt", "-i", index.url)

    assert desk.installed == []


def test_what_is_overridden_needs_its_hash_no_more(desk: Desk, shop: Path) -> None:
    build_wheel(shop, "alpha", "1.0")
    other = build_wheel(shop, "alpha", "2.0")
    desk.write("o.txt", f"alpha==2.0 {sha(other)}\n")
    desk.write("r.txt", f"alpha==1.0 --hash=sha256:{WRONG}\n")
    with IndexServer(shop, public=["*"]) as index:
        desk.succeed("install", "-r", "r.txt", "--override", "o.txt", "-i", index.url)

    assert desk.installed == ["alpha==2.0"]


class TestOfWhatBuildsNeed:
    @pytest.fixture
    def tool(self, shop: Path) -> Path:
        return build_wheel(shop, "tool", "1.0")

    def test_a_wrong_one_ends_the_build(
        self, desk: Desk, shop: Path, tool: Path
    ) -> None:
        del tool
        tree = make_tree(desk.work / "dir", build_requires=["tool"])
        desk.write("b.txt", f"tool==1.0 --hash=sha256:{WRONG}\n")
        with IndexServer(shop, public=["*"]) as index:
            ran = desk.fail("install", "./dir", "-b", "b.txt", "-i", index.url)

        assert "hash" in ran.stderr
        assert hooks(tree) == []

    def test_a_right_one_does_not(self, desk: Desk, shop: Path, tool: Path) -> None:
        make_tree(desk.work / "dir", build_requires=["tool"])
        desk.write("b.txt", f"tool==1.0 {sha(tool)}\n")
        with IndexServer(shop, public=["*"]) as index:
            desk.succeed("install", "./dir", "-b", "b.txt", "-i", index.url)

        assert desk.installed == ["widget==1.0"]


def test_none_counts_where_none_is_to_be_verified(
    desk: Desk, shop: Path, journal: Path
) -> None:
    part = build_sdist(shop, "part").rename(shop / "main.tar.gz")
    desk.write("r.txt", f"{part} --hash=sha256:{WRONG}\n")

    desk.succeed("install", "-r", "r.txt", "--no-verify-hashes", "--no-index")

    assert desk.installed == ["part==1.0"]
    assert read_journal(journal)


class TestOfAnotherProject:
    """A page may state the hash of somebody else's file, which is kept already."""

    @pytest.mark.parametrize("words", [(), ("--no-deps",)])
    def test_a_source_does_not_become_what_the_page_calls_it(
        self, desk: Desk, shop: Path, journal: Path, words: tuple[str, ...]
    ) -> None:
        del journal
        good = build_sdist(shop, "good")
        (shop / "evil-1.0.tar.gz").write_bytes(good.read_bytes())
        with IndexServer(shop, public=["*"]) as index:
            desk.succeed("install", "good", "-i", index.url)
            desk.succeed("uninstall", "good")
            ran = desk.fail("install", "evil", "-i", index.url, *words)

        assert "evil-1.0.tar.gz is not evil 1.0" in ran.stderr
        assert desk.installed == []

    def test_nor_does_a_wheel(self, desk: Desk, shop: Path) -> None:
        good = build_wheel(shop, "good", "1.0")
        (shop / "evil-1.0-py3-none-any.whl").write_bytes(good.read_bytes())
        with IndexServer(shop, public=["*"]) as index:
            desk.succeed("install", "good", "-i", index.url)
            desk.succeed("uninstall", "good")
            desk.fail("install", "evil", "-i", index.url, "--no-deps")

        assert desk.installed == []
