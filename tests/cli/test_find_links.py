"""`--find-links`, `--no-index`, indexes on this machine, `format = "flat"`."""

from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import Answer
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk

HTML = ("content-type", "text/html")


@pytest.fixture
def wheels(desk: Desk) -> Path:
    """A folder beside the index: a newer alpha, a package of its own."""
    folder = desk.work / "wheels"
    folder.mkdir()
    build_wheel(folder, "alpha", "3.0")
    build_wheel(folder, "local", "1.0", requires=["alpha"])
    return folder


def page_of(*links: str) -> bytes:
    return ("<html>" + "".join(f'<a href="{each}">x</a>\n' for each in links)).encode()


class TestFolders:
    def test_its_files_count_beside_the_index(self, desk: Desk, wheels: Path) -> None:
        desk.succeed("install", "-f", "wheels", "local", "delta")

        assert desk.installed == ["alpha==3.0", "delta==1.0", "local==1.0"]

    def test_versions_of_the_index_can_still_be_chosen(
        self, desk: Desk, wheels: Path
    ) -> None:
        desk.succeed("install", "--find-links", str(wheels), "alpha<3")

        assert desk.installed == ["alpha==2.0"]

    def test_without_an_index_nothing_is_sent(
        self, desk: Desk, index: IndexServer, wheels: Path
    ) -> None:
        desk.succeed("install", "--no-index", "-f", f"file://{wheels}", "local")

        assert desk.installed == ["alpha==3.0", "local==1.0"]
        assert index.requests == []

    def test_what_is_nowhere_says_where_was_looked(
        self, desk: Desk, wheels: Path
    ) -> None:
        ran = desk.fail("install", "--no-index", "-f", "wheels", "missing")

        assert f"missing is not among the files in {wheels}" in ran.stderr

    def test_no_index_alone_has_nowhere_to_look(
        self, desk: Desk, index: IndexServer
    ) -> None:
        ran = desk.fail("install", "--no-index", "alpha")

        assert "there is no index" in ran.stderr
        assert index.requests == []

    def test_the_same_version_comes_from_the_folder(
        self, desk: Desk, wheels: Path, index: IndexServer
    ) -> None:
        build_wheel(wheels, "alpha", "2.0", files={"alpha/mine.py": ""})
        (wheels / "alpha-3.0-py3-none-any.whl").unlink()

        desk.succeed("install", "-f", "wheels", "alpha")

        assert (desk.site / "alpha/mine.py").is_file()
        assert not [each for each in index.requests if each.path.endswith(".whl")]

    def test_a_folder_that_is_not_there_is_an_error(self, desk: Desk) -> None:
        ran = desk.fail("install", "-f", "nowhere", "alpha", status=2)

        assert "there is no folder or page of links" in ran.stderr

    def test_a_damaged_wheel_is_an_error(self, desk: Desk, wheels: Path) -> None:
        (wheels / "broken-1.0-py3-none-any.whl").write_bytes(b"PK\x03\x04 no")

        ran = desk.fail("install", "-f", "wheels", "broken")

        assert "cannot use the wheel" in ran.stderr

    def test_a_variable_and_a_file_can_name_it(self, desk: Desk, wheels: Path) -> None:
        desk.succeed("install", "local", ADMIT_FIND_LINKS="wheels")
        desk.succeed("uninstall", "local", "alpha")
        desk.write("admit.toml", 'find-links = ["wheels"]\n')
        (desk.work / "below").mkdir()

        desk.succeed("install", "local")

        assert desk.installed == ["alpha==3.0", "local==1.0"]

    def test_a_requirements_file_can_name_one_beside_it(
        self, desk: Desk, wheels: Path
    ) -> None:
        wheels.rename(desk.home / "wheels")
        path = desk.home / "requirements.txt"
        path.write_text("--find-links ./wheels\n--no-index\nlocal\n")

        desk.succeed("install", "-r", str(path))

        assert desk.installed == ["alpha==3.0", "local==1.0"]

    def test_an_owned_name_does_not_come_from_it(
        self, desk: Desk, wheels: Path, index: IndexServer
    ) -> None:
        del desk.variables["ADMIT_INDEX_URL"]
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "own"\nurl = "{index.url}"\npackages = ["alpha"]\n'
            "default = true\n",
        )

        desk.succeed("install", "-f", "wheels", "alpha")

        assert desk.installed == ["alpha==2.0"]


class TestPages:
    def test_a_page_on_this_machine(self, desk: Desk, wheels: Path) -> None:
        digest = hashlib.sha256(
            (wheels / "alpha-3.0-py3-none-any.whl").read_bytes()
        ).hexdigest()
        links = [
            f"wheels/alpha-3.0-py3-none-any.whl#sha256={digest}",
            "wheels/local-1.0-py3-none-any.whl",
            "https://host.example/",
        ]
        (desk.work / "links.html").write_bytes(page_of(*links))

        desk.succeed("install", "--no-index", "-f", "links.html", "local")

        assert desk.installed == ["alpha==3.0", "local==1.0"]

    def test_a_hash_on_a_page_counts(self, desk: Desk, wheels: Path) -> None:
        wrong = hashlib.sha256(b"other").hexdigest()
        link = f"wheels/alpha-3.0-py3-none-any.whl#sha256={wrong}"
        (desk.work / "links.html").write_bytes(page_of(link))

        ran = desk.fail("install", "--no-index", "-f", "links.html", "alpha")

        assert f"expected sha256 {wrong}" in ran.stderr
        assert desk.installed == []

    def test_a_page_of_a_server(self, desk: Desk, index: IndexServer) -> None:
        body = page_of("/packages/delta/1.0/delta-1.0-py3-none-any.whl")
        index.script("/links.html", Answer(200, (HTML,), body))
        url = f"{index.origin}/links.html"

        desk.succeed("install", "--no-index", "-f", url, "delta")

        assert desk.installed == ["delta==1.0"]
        assert not index.seen("/simple/*")

    def test_no_store_is_obeyed(self, desk: Desk, index: IndexServer) -> None:
        body = page_of("/packages/delta/1.0/delta-1.0-py3-none-any.whl")
        kept = ("cache-control", "no-store")
        index.script("/links.html", Answer(200, (HTML, kept), body))

        desk.succeed(
            "install", "--no-index", "-f", f"{index.origin}/links.html", "delta"
        )

        stored = [each for each in desk.cache.rglob("*") if each.is_file()]
        assert stored
        assert not any(body in each.read_bytes() for each in stored)

    def test_a_json_page_of_a_server(self, desk: Desk, index: IndexServer) -> None:
        files = [
            {
                "filename": "delta-1.0-py3-none-any.whl",
                "url": "/packages/delta/1.0/delta-1.0-py3-none-any.whl",
                "hashes": {},
            }
        ]
        page = {"meta": {"api-version": "1.0"}, "name": "", "files": files}
        kind = ("content-type", "application/json")
        index.script("/links", Answer(200, (kind,), json.dumps(page).encode()))

        desk.succeed("install", "--no-index", "-f", f"{index.origin}/links", "delta")

        assert desk.installed == ["delta==1.0"]

    def test_a_page_that_is_not_there_is_an_error(
        self, desk: Desk, index: IndexServer
    ) -> None:
        ran = desk.fail("install", "-f", f"{index.origin}/nothing.html", "alpha")

        assert "there is no page of links" in ran.stderr
        assert desk.installed == []

    def test_it_is_confirmed_by_its_tag_in_the_next_run(
        self, desk: Desk, index: IndexServer
    ) -> None:
        body = page_of("/packages/delta/1.0/delta-1.0-py3-none-any.whl")
        asked = []

        def reply(seen: object, _: object) -> Answer:
            tag = getattr(seen, "asked").header("if-none-match")  # noqa: B009
            asked.append(tag)
            if tag == '"one"':
                return Answer(304, (("etag", '"one"'),))
            return Answer(200, (HTML, ("etag", '"one"')), body)

        index.script("/links.html", reply)
        options = ["--no-index", "-f", f"{index.origin}/links.html", "--dry-run"]
        for _ in range(2):
            desk.succeed("install", *options, "delta")

        assert asked == ["", '"one"']

    @pytest.mark.parametrize("way", ["netrc", "url"])
    def test_page_and_files_are_asked_for_with_its_login(
        self, desk: Desk, world: Path, way: str
    ) -> None:
        desk.secrets.append(SECRET)
        with IndexServer(world, accounts=[ALICE]) as server:
            body = page_of("/packages/delta/1.0/delta-1.0-py3-none-any.whl")
            server.script("/links.html", Answer(200, (HTML,), body))
            url = f"{server.origin}/links.html"
            if way == "netrc":
                desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
            else:
                url = url.replace("://", f"://alice:{SECRET}@")

            desk.succeed("install", "--no-index", "-f", url, "delta")

            assert server.anonymous == []
            assert len(server.requests) >= 2
        assert desk.installed == ["delta==1.0"]

    def test_always_holds_for_it_too(self, desk: Desk, index: IndexServer) -> None:
        url = f"{index.origin}/links.html"
        options = ["--no-index", "-f", url, "--authenticate", "always"]

        ran = desk.fail("install", *options, "delta")

        assert "no credential for" in ran.stderr
        assert index.requests == []

    def test_what_one_user_saw_is_not_shown_to_another(
        self, desk: Desk, world: Path
    ) -> None:
        desk.secrets.append(SECRET)
        links = [
            "/packages/alpha/1.0/alpha-1.0-py3-none-any.whl",
            "/packages/alpha/2.0/alpha-2.0-py3-none-any.whl",
        ]

        def reply(seen: object, _: object) -> Answer:
            is_anonymous = getattr(seen, "is_anonymous")  # noqa: B009
            shown = links[:1] if is_anonymous else links
            return Answer(200, (HTML, ("etag", '"same"')), page_of(*shown))

        with IndexServer(world, accounts=[ALICE], public=["*"]) as server:
            server.script("/links.html", reply)
            options = ["--no-index", "-f", f"{server.origin}/links.html"]
            desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
            desk.succeed("install", *options, "alpha")
            assert desk.installed == ["alpha==2.0"]
            desk.succeed("uninstall", "alpha")
            desk.succeed("install", *options, "alpha", ADMIT_AUTHENTICATE="never")

        assert desk.installed == ["alpha==1.0"]

    def test_a_refused_page_is_an_error_and_no_index_makes_up_for_it(
        self, desk: Desk, world: Path
    ) -> None:
        with IndexServer(world, accounts=[ALICE]) as server:
            server.script("/links.html", Answer(401, (), b""))
            url = f"{server.origin}/links.html"

            ran = desk.fail("install", "-f", url, "alpha")

        assert "login required (401)" in ran.stderr
        assert desk.installed == []

    def test_a_page_on_this_machine_gives_no_login_away(
        self, desk: Desk, world: Path
    ) -> None:
        """A link to a server is asked for by the server's own host."""
        desk.secrets.append(SECRET)
        with IndexServer(world, accounts=[ALICE]) as server:
            place = server.origin.partition("://")[2]
            desk.write_netrc(f"machine {place} login alice password {SECRET}\n")
            link = f"{server.origin}/packages/delta/1.0/delta-1.0-py3-none-any.whl"
            (desk.work / "links.html").write_bytes(page_of(link))

            desk.succeed("install", "--no-index", "-f", "links.html", "delta")

            assert server.anonymous == []
        assert desk.installed == ["delta==1.0"]

    def test_a_page_of_a_server_cannot_point_to_this_machine(
        self, desk: Desk, index: IndexServer, wheels: Path
    ) -> None:
        link = f"file://{wheels}/alpha-3.0-py3-none-any.whl"
        index.script("/links.html", Answer(200, (HTML,), page_of(link)))

        desk.fail("install", "--no-index", "-f", f"{index.origin}/links.html", "alpha")

        assert desk.installed == []


class TestIndexesOnThisMachine:
    @pytest.fixture
    def tree(self, desk: Desk, world: Path) -> Path:
        root = desk.work / "simple"
        for name in ("alpha", "beta"):
            (root / name).mkdir(parents=True)
            for each in world.glob(f"{name}-*.whl"):
                shutil.copy(each, root / name)
        return root

    def test_a_tree_of_folders(
        self, desk: Desk, tree: Path, index: IndexServer
    ) -> None:
        desk.succeed("install", "--index-url", f"file://{tree}", "beta")

        assert desk.installed == ["alpha==2.0", "beta==1.0"]
        assert index.requests == []

    def test_a_tree_with_pages(self, desk: Desk, tree: Path, world: Path) -> None:
        for each in (tree / "alpha").iterdir():
            each.unlink()
        link = "../../files/alpha-1.0-py3-none-any.whl"
        (tree / "alpha/index.html").write_bytes(page_of(link))
        (desk.work / "files").mkdir()
        shutil.copy(world / "alpha-1.0-py3-none-any.whl", desk.work / "files")

        desk.succeed("install", "--index-url", f"file://{tree}/", "beta")

        assert desk.installed == ["alpha==1.0", "beta==1.0"]

    def test_what_it_has_not_got_comes_from_the_next(
        self, desk: Desk, tree: Path
    ) -> None:
        desk.succeed("install", "--extra-index-url", f"file://{tree}", "delta", "beta")

        assert desk.installed == ["alpha==2.0", "beta==1.0", "delta==1.0"]

    def test_a_tree_that_is_not_there_is_an_error(self, desk: Desk) -> None:
        url = f"file://{desk.work}/none/"

        ran = desk.fail("install", "--index-url", url, "alpha", status=2)

        assert "is no folder" in ran.stderr


class TestFlatIndexes:
    def test_the_format_of_a_table(
        self, desk: Desk, index: IndexServer, wheels: Path
    ) -> None:
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "flat"\nurl = "file://{wheels}"\nformat = "flat"\n',
        )

        desk.succeed("install", "local", "delta")

        assert desk.installed == ["alpha==3.0", "delta==1.0", "local==1.0"]
        assert not index.seen("/simple/alpha/")

    def test_it_takes_its_turn_as_an_index_does(self, desk: Desk, wheels: Path) -> None:
        """The first index that has a project answers for it, alone."""
        desk.write(
            "admit.toml",
            f'[[index]]\nname = "flat"\nurl = "file://{wheels}"\nformat = "flat"\n',
        )

        ran = desk.fail("install", "alpha<3")

        assert "alpha" in ran.stderr

    def test_an_unknown_format_is_an_error(self, desk: Desk) -> None:
        desk.write(
            "admit.toml",
            '[[index]]\nname = "x"\nurl = "https://host.example/"\nformat = "odd"\n',
        )

        ran = desk.fail("install", "alpha", status=2)

        assert "`format` wants simple or flat" in ran.stderr

    def test_its_login_is_that_of_the_index(self, desk: Desk, world: Path) -> None:
        desk.secrets.append(SECRET)
        with IndexServer(world, accounts=[ALICE]) as server:
            body = page_of("/packages/delta/1.0/delta-1.0-py3-none-any.whl")
            server.script("/links.html", Answer(200, (HTML,), body))
            desk.write(
                "admit.toml",
                f'[[index]]\nname = "corp"\nurl = "{server.origin}/links.html"\n'
                'format = "flat"\nauthenticate = "always"\n',
            )

            desk.succeed(
                *("install", "delta"),
                ADMIT_INDEX_CORP_USERNAME="alice",
                ADMIT_INDEX_CORP_PASSWORD=SECRET,
            )

            assert server.anonymous == []
        assert desk.installed == ["delta==1.0"]
