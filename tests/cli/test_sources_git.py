"""Commits of repositories, from the command line; and whose login goes where.

What is asserted of logins is what the servers saw, and what stands in arguments of git,
in files and in the output.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from admit.serve.server import IndexServer
from support.canary import Canary
from support.git_server import GitServer, Repository, Watched, needs_git
from support.index import ALICE, SECRET
from support.source_tree import make_tree
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk

pytestmark = needs_git

GIT_SECRET = "g1t-canary"
LOGIN = f"bob:{GIT_SECRET}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """`widget` 1.0, tagged v1."""
    made = Repository(tmp_path / "repositories" / "widget")
    make_tree(tmp_path / "tree")
    for path in (tmp_path / "tree").iterdir():
        path.rename(made.folder / path.name)
    made.commit("one", "one.txt")
    made.run("tag", "v1")
    return made


@pytest.fixture
def server(repository: Repository) -> Iterator[GitServer]:
    """A git server that wants to see bob."""
    with GitServer(repository.folder.parent, LOGIN) as made:
        yield made


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.secrets.append(GIT_SECRET)
    return desk


def as_bob(server: GitServer, tail: str = "") -> str:
    return server.address("widget", userinfo=LOGIN, tail=tail)


def plain(server: GitServer, commit: str) -> str:
    return server.address("widget", tail=f"@{commit}")


def vcs_info(desk: Desk) -> Any:
    path = desk.site / "widget-1.0.dist-info/direct_url.json"
    return json.loads(path.read_text())["vcs_info"]


class TestWhichCommit:
    @pytest.mark.parametrize("tail", ["", "@main", "@v1", "@{commit}", "@refs/tags/v1"])
    def test_a_branch_a_tag_or_a_commit_is_installed(
        self, desk: Desk, server: GitServer, repository: Repository, tail: str
    ) -> None:
        commit = repository.head
        tail = tail.format(commit=commit)

        ran = desk.succeed("install", as_bob(server, tail))

        assert ran.changes == [f"+ widget==1.0 (from {plain(server, commit)})"]
        asked = {"requested_revision": tail[1:]} if tail else {}
        assert vcs_info(desk) == {"vcs": "git", "commit_id": commit, **asked}

    def test_a_commit_that_is_installed_stays_and_nobody_is_asked(
        self, desk: Desk, server: GitServer
    ) -> None:
        word = f"widget @ {as_bob(server, '@main')}"
        desk.succeed("install", word)
        server.seen.clear()

        again = desk.succeed("install", word)

        assert (again.changes, server.seen) == ([], [])

    def test_a_branch_that_moved_is_followed_by_upgrading(
        self, desk: Desk, server: GitServer, repository: Repository
    ) -> None:
        word = f"widget @ {as_bob(server, '@main')}"
        desk.succeed("install", word)
        moved = repository.commit("two", "two.txt")

        kept = desk.succeed("install", word)
        upgraded = desk.succeed("install", "-U", word)
        same = desk.succeed("install", "-U", word)

        assert (kept.changes, same.changes) == ([], [])
        assert upgraded.changes == [f"~ widget==1.0 (from {plain(server, moved)})"]

    def test_compile_writes_the_commit_without_the_login(
        self, desk: Desk, server: GitServer, repository: Repository
    ) -> None:
        desk.write("r.in", f"{server.address('widget', userinfo='bob:${GIT_TOKEN}')}\n")

        ran = desk.succeed("compile", "r.in", "--no-header", GIT_TOKEN=GIT_SECRET)

        pinned = f"widget @ {plain(server, repository.head)}"
        assert ran.stdout.splitlines()[0] == pinned

    def test_what_compile_wrote_is_what_sync_installs(
        self, desk: Desk, server: GitServer, repository: Repository
    ) -> None:
        address = server.address("widget", userinfo="${GIT_USER}:${GIT_TOKEN}")
        desk.write("r.in", f"widget @ {address}@main\n")
        variables = {"GIT_USER": "bob", "GIT_TOKEN": GIT_SECRET}
        commit = repository.head
        desk.succeed("compile", "r.in", "-o", "r.txt", **variables)
        repository.commit("two", "two.txt")

        ran = desk.succeed("sync", "r.txt", **variables)

        assert ran.changes == [f"+ widget==1.0 (from {plain(server, commit)})"]
        written = (desk.work / "r.txt").read_text()
        assert "git+http://${GIT_USER}:${GIT_TOKEN}@127.0.0.1" in written

    def test_a_report_tells_the_commit(
        self, desk: Desk, server: GitServer, repository: Repository
    ) -> None:
        word = as_bob(server, "@v1")

        desk.succeed("install", word, "--report", "report.json", "--dry-run")

        (found,) = json.loads((desk.work / "report.json").read_text())["install"]
        assert found["download_info"] == {
            "url": f"{server.origin}/widget",
            "vcs_info": {
                "vcs": "git",
                "commit_id": repository.head,
                "requested_revision": "v1",
            },
        }

    def test_one_repository_twice_at_one_commit_is_one_place(
        self, desk: Desk, server: GitServer
    ) -> None:
        desk.succeed("install", as_bob(server, "@v1"), as_bob(server, "@main"))

        assert desk.installed == ["widget==1.0"]


class TestRefusals:
    def test_a_name_that_is_not_there(self, desk: Desk, server: GitServer) -> None:
        ran = desk.fail("install", as_bob(server, "@nosuch"))

        assert "has no nosuch" in ran.stderr

    def test_another_project_than_the_requirement_says(
        self, desk: Desk, server: GitServer
    ) -> None:
        ran = desk.fail("install", f"gadget @ {as_bob(server)}")

        assert "by its own metadata it is widget 1.0" in ran.stderr
        assert f"write widget @ {server.address('widget')}" in ran.stderr

    def test_two_commits_of_one_project(
        self, desk: Desk, server: GitServer, repository: Repository
    ) -> None:
        repository.commit("two", "two.txt")

        ran = desk.fail(
            "install", as_bob(server, "@v1"), as_bob(server, "@main"), status=2
        )

        assert "widget is wanted from two places" in ran.stderr

    def test_without_git_it_says_what_to_install(
        self, desk: Desk, server: GitServer, tmp_path: Path
    ) -> None:
        (tmp_path / "nothing").mkdir()

        ran = desk.fail("install", as_bob(server), PATH=str(tmp_path / "nothing"))

        assert "install git, or give the URL of an archive" in ran.stderr

    def test_download_asks_nobody(self, desk: Desk, server: GitServer) -> None:
        ran = desk.fail("download", as_bob(server), status=2)

        assert "cannot be saved as a file" in ran.stderr
        assert server.seen == []

    def test_hashes_are_refused_before_anything_is_run(
        self, desk: Desk, server: GitServer
    ) -> None:
        line = f"widget @ {server.address('widget', userinfo='bob:${T}')}"
        desk.write("r.txt", f"{line} --hash=sha256:{'1' * 64}\n")

        ran = desk.fail("install", "-r", "r.txt", T=GIT_SECRET)

        assert "only files have hashes" in ran.stderr
        assert "Building" not in ran.stderr


@pytest.mark.pain("I8")
class TestWhoseLogin:
    """git's and an index's credentials never cross."""

    @pytest.fixture
    def private(self, tmp_path: Path) -> Iterator[IndexServer]:
        (tmp_path / "shelf").mkdir()
        build_wheel(tmp_path / "shelf", "alpha", "1.0")
        with IndexServer(tmp_path / "shelf", accounts=[ALICE]) as made:
            yield made

    def test_each_server_sees_its_own_and_nothing_keeps_any(
        self, desk: Desk, server: GitServer, private: IndexServer, tmp_path: Path
    ) -> None:
        watched = Watched(tmp_path / "bin")
        desk.secrets.append(SECRET)
        desk.variables |= {
            "ADMIT_INDEX_URL": "",
            "ADMIT_INDEX": f"corp={private.url}",
            "ADMIT_INDEX_CORP_USERNAME": "alice",
            "ADMIT_INDEX_CORP_PASSWORD": SECRET,
            "GIT_TOKEN": GIT_SECRET,
            "PATH": watched.path(desk.variables),
        }
        canary = Canary(desk, "bob", GIT_SECRET)
        address = server.address("widget", userinfo="bob:${GIT_TOKEN}", tail="@main")
        desk.write("r.txt", f"widget @ {address}\nalpha\n")

        desk.succeed("install", "-r", "r.txt", "-v")

        assert set(server.logins) <= {"-", LOGIN}
        assert LOGIN in server.logins
        assert {seen.user for seen in private.seen()} == {"alice"}
        for call in watched.calls:
            assert GIT_SECRET not in " ".join(call.arguments)
            assert "ADMIT_INDEX_CORP_PASSWORD" not in call.variables
        canary.search()

    def test_an_index_on_the_same_host_lends_git_nothing(
        self, desk: Desk, server: GitServer
    ) -> None:
        url = f"http://alice:{SECRET}@127.0.0.1:{server.port}/simple/"
        desk.secrets.append(SECRET)

        ran = desk.fail("install", server.address("widget"), "--index-url", url)

        assert "git is refused" in ran.stderr
        assert set(server.logins) == {"-"}

    def test_an_unset_variable_is_an_error_before_git_runs(
        self, desk: Desk, server: GitServer
    ) -> None:
        address = server.address("widget", userinfo="bob:${NO_SUCH_TOKEN}")
        desk.write("r.txt", f"{address}\n")

        ran = desk.fail("install", "-r", "r.txt")

        assert "NO_SUCH_TOKEN" in ran.stderr
        assert server.seen == []
