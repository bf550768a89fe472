"""What protects an index: owned names, required ones, codes, public ones, probes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import redirect
from admit.serve.behaviour import Behaviour, Denial
from admit.serve.server import IndexServer
from support.desk import Desk
from support.index import SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OBJECT_STORE = Behaviour(Denial(missing=403))
"""As object stores answer that may not be listed: 403 for what is not there."""


@pytest.fixture
def plain(tmp_path: Path, template: Path) -> Desk:
    """A desk with an environment, without a credential and without an index."""
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def second(tmp_path: Path) -> Iterator[IndexServer]:
    """Another public index."""
    folder = tmp_path / "second"
    build_wheel(folder, "alpha", "9.0")
    build_wheel(folder, "omega", "1.0")
    with IndexServer(folder, public=["*"]) as server:
        yield server


def table(name: str, server: IndexServer, *lines: str) -> str:
    return "\n".join(
        ["[[index]]", f'name = "{name}"', f'url = "{server.url}"', *lines, "", ""]
    )


class TestOwnedNames:
    def test_two_owners_are_asked_in_order_and_nobody_else(
        self, plain: Desk, index: IndexServer, second: IndexServer, world: Path
    ) -> None:
        with IndexServer(world, public=["*"]) as third:
            plain.write(
                "admit.toml",
                table("one", second, 'packages = ["omega", "beta", "nothing"]')
                + table("two", index, 'packages = ["beta", "nothing"]', "public = true")
                + table("three", third, "default = true"),
            )

            plain.succeed("install", "--no-deps", "omega", "beta")
            ran = plain.fail("install", "nothing")

            assert third.requests == []
        assert plain.installed == ["beta==1.0", "omega==1.0"]
        assert "the name belongs to those indexes" in ran.stderr

    def test_links_given_besides_do_not_have_them(
        self, plain: Desk, index: IndexServer, tmp_path: Path
    ) -> None:
        build_wheel(tmp_path / "links", "alpha", "99.0")
        plain.write(
            "admit.toml", table("corp", index, 'packages = ["alpha"]', "default = true")
        )

        plain.succeed("install", "--find-links", str(tmp_path / "links"), "alpha")

        assert plain.installed == ["alpha==2.0"]

    @pytest.mark.pain("A2")
    @pytest.mark.parametrize(
        "guard", ['packages = ["omega"]', "required = true", 'authenticate = "always"']
    )
    def test_a_page_of_another_origin_does_not_come_out_of_the_cache_either(
        self, plain: Desk, index: IndexServer, second: IndexServer, guard: str
    ) -> None:
        index.script("/simple/omega/", redirect(f"{second.url}omega/"))
        settings = ("default = true", 'cache-control = "max-age=600"')
        plain.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
        plain.variables["ADMIT_INDEX_CORP_PASSWORD"] = SECRET
        plain.write("admit.toml", table("corp", index, *settings))
        plain.succeed("install", "--dry-run", "omega")
        plain.write("admit.toml", table("corp", index, *settings, guard))

        ran = plain.fail("install", "--dry-run", "omega")

        assert "redirects to another origin" in ran.stderr

    @pytest.mark.pain("A2")
    def test_nor_does_a_page_of_links_of_another_origin(
        self, plain: Desk, index: IndexServer, second: IndexServer
    ) -> None:
        index.script("/links/", redirect(f"{second.url}omega/"))
        settings = ('format = "flat"', 'cache-control = "max-age=600"')
        links = table("corp", index, *settings).replace("/simple/", "/links/")
        plain.write("admit.toml", links)
        plain.succeed("install", "--dry-run", "omega", "-i", second.url)
        plain.write("admit.toml", f'{links.rstrip()}\npackages = ["omega"]\n')

        ran = plain.fail("install", "--dry-run", "omega", "-i", second.url)

        assert "redirects to another origin" in ran.stderr
        assert "names belong to it" in ran.stderr


class TestRequired:
    def test_an_index_that_has_not_got_a_project_ends_the_run(
        self, plain: Desk, index: IndexServer, second: IndexServer
    ) -> None:
        plain.write(
            "admit.toml",
            table("corp", index, "required = true")
            + table("other", second, "default = true"),
        )

        ran = plain.fail("install", "alpha", "omega")

        assert "omega is not on corp, which is required" in ran.stderr
        assert "asked anonymously" in ran.stderr
        assert second.requests == []

    def test_an_ignored_code_is_no_answer_either(
        self, plain: Desk, world: Path, second: IndexServer
    ) -> None:
        with IndexServer(world, public=["*"], behaviour=OBJECT_STORE) as server:
            plain.write(
                "admit.toml",
                table("corp", server, "required = true", "ignore-error-codes = [403]")
                + table("other", second, "default = true"),
            )

            plain.fail("install", "omega")

        assert second.requests == []


class TestErrorCodes:
    @pytest.mark.pain("H2")
    def test_a_403_is_an_error_that_names_the_setting(
        self, plain: Desk, world: Path, second: IndexServer
    ) -> None:
        with IndexServer(world, public=["*"], behaviour=OBJECT_STORE) as server:
            plain.write(
                "admit.toml",
                table("wheels", server, "public = true")
                + table("other", second, "default = true"),
            )

            ran = plain.fail("install", "omega")

        assert "no access without a login (403)" in ran.stderr
        assert "ignore-error-codes" in ran.stderr
        assert second.requests == []

    @pytest.mark.pain("H2")
    def test_a_public_store_of_wheels_whose_403_means_no_such_project(
        self, plain: Desk, world: Path, second: IndexServer
    ) -> None:
        plain.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        with IndexServer(world, public=["*"], behaviour=OBJECT_STORE) as server:
            plain.write(
                "admit.toml",
                table("wheels", server, "public = true", "ignore-error-codes = [403]")
                + table("other", second, "public = true", "default = true"),
            )

            plain.succeed("install", "alpha", "omega")

            assert all(each.is_anonymous for each in server.requests)
        assert plain.installed == ["alpha==2.0", "omega==1.0"]


class TestExplicit:
    @pytest.mark.pain("B9")
    def test_it_is_asked_for_its_names_only_and_looked_up_for_nobody_else(
        self, plain: Desk, index: IndexServer, second: IndexServer
    ) -> None:
        plain.write(
            "admit.toml",
            table("tools", second, "explicit = true", 'packages = ["omega"]')
            + table("main", index, "default = true"),
        )

        plain.succeed("install", "alpha")
        assert second.requests == []
        plain.succeed("install", "omega")

        assert plain.installed == ["alpha==2.0", "omega==1.0"]


@pytest.mark.parametrize("line", ["packages = [1]", 'probe = "a*"'])
def test_a_guard_that_guards_nothing_is_an_error(
    plain: Desk, index: IndexServer, line: str
) -> None:
    plain.write("admit.toml", table("corp", index, line))

    ran = plain.fail("install", "alpha", status=2)

    assert "admit.toml:2: " in ran.stderr
    assert index.requests == []
