"""Commits and trees out of real repositories on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.errors import AuthError
from admit.source.git import CannotKeepSource
from admit.source.git_failure import (
    GitFailed,
    GitOffline,
    ReferenceNotFound,
    last_lines,
)
from admit.source.git_process import GitMissing
from support.git_place import parse
from support.git_server import GitServer, Repository, Watched, git, needs_git

if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.errors import AdmitError
    from support.git_place import Place

pytestmark = needs_git


def url_of(repository: Repository, tail: str = "") -> str:
    return f"git+file://{repository.folder}{tail}"


def words(error: AdmitError) -> str:
    return f"{error.what}\n{error.why}\n{error.fix}"


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_what_is_kept_is_for_nobody_else(place: Place, repository: Repository) -> None:
    """The folder it is in may be one that everybody can read."""
    place.get(url_of(repository))

    store = Path(place.store()._folder)
    folders = [store, *(each for each in store.iterdir() if each.name != "home")]
    assert [each.stat().st_mode & 0o077 for each in folders] == [0] * len(folders)


class TestReferences:
    def test_the_default_branch_is_what_head_names(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("checkout", "--quiet", "-b", "trunk")
        commit = repository.commit("on trunk")

        tree = place.get(url_of(repository))

        assert (tree / "file.txt").read_text() == "on trunk"
        assert git("rev-parse", "HEAD", cwd=tree) == commit

    @pytest.mark.parametrize(
        "reference", ["dev", "feature/x", "v1.0", "light", "refs/pull/7/head", "HEAD"]
    )
    def test_a_name_is_a_branch_a_tag_or_a_whole_name(
        self, reference: str, place: Place, repository: Repository
    ) -> None:
        commit = repository.head
        for branch in ("dev", "feature/x"):
            repository.run("branch", branch)
        repository.run("tag", "-a", "v1.0", "-m", "annotated")
        repository.run("tag", "light")
        repository.run("update-ref", "refs/pull/7/head", commit)
        if reference != "HEAD":
            repository.commit("two")

        url = url_of(repository, f"@{reference}")

        assert place.store().find_commit(parse(url)) == commit
        assert (place.get(url) / "file.txt").exists()

    def test_of_a_branch_and_a_tag_of_one_name_it_is_the_branch(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("tag", "same")
        commit = repository.commit("two")
        repository.run("branch", "same")

        url = parse(url_of(repository, "@same"))

        assert place.store().find_commit(url) == commit

    def test_a_commit_may_be_any_of_history_whole_or_short(
        self, place: Place, repository: Repository
    ) -> None:
        first = repository.head
        repository.commit("two")

        for reference in (first, first.upper(), first[:10]):
            tree = place.get(url_of(repository, f"@{reference}"))

            assert (tree / "file.txt").read_text() == "one"

    def test_the_id_of_a_tag_means_its_commit(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("tag", "-a", "v1.0", "-m", "annotated")
        tag = repository.run("rev-parse", "v1.0")

        url = parse(url_of(repository, f"@{tag}"))

        assert place.store().find_commit(url) == repository.head

    def test_a_whole_id_that_is_here_needs_no_repository(
        self, place: Place, repository: Repository
    ) -> None:
        place.get(url_of(repository))
        url = url_of(repository, f"@{repository.head}")
        repository.folder.rename(repository.folder.parent / "gone")

        assert (place.get(url) / "file.txt").read_text() == "one"

    def test_a_branch_that_moved_is_followed_in_the_next_run(
        self, place: Place, repository: Repository
    ) -> None:
        place.get(url_of(repository, "@main"))
        repository.commit("two")

        assert (place.get(url_of(repository, "@main")) / "file.txt").read_text() == (
            "two"
        )

    def test_a_name_is_asked_for_once_in_a_run(
        self, place: Place, repository: Repository
    ) -> None:
        store, url = place.store(), parse(url_of(repository))
        commit = store.find_commit(url)
        repository.commit("two")

        assert store.find_commit(url) == commit

    @pytest.mark.parametrize("reference", ["none", "0123abc", "1" * 40, "refs/no"])
    def test_what_is_not_there_is_named(
        self, reference: str, place: Place, repository: Repository
    ) -> None:
        with pytest.raises(ReferenceNotFound) as caught:
            place.get(url_of(repository, f"@{reference}"))

        assert caught.value.what == f"file://{repository.folder} has no {reference}"

    def test_an_empty_repository_has_no_default(
        self, place: Place, tmp_path: Path
    ) -> None:
        empty = Repository(tmp_path / "empty")

        with pytest.raises(ReferenceNotFound, match="no default branch"):
            place.get(url_of(empty))

    def test_a_repository_that_is_not_there_is_told_with_gits_words(
        self, place: Place, tmp_path: Path
    ) -> None:
        with pytest.raises(GitFailed) as caught:
            place.get(f"git+file://{tmp_path}/none@main")

        assert f"file://{tmp_path}/none@main" in caught.value.what
        assert "does not appear to be a git repository" in words(caught.value)

    @pytest.mark.parametrize("commit", ["main", "--help", "1" * 39, ""])
    def test_checkout_wants_a_whole_id(
        self, commit: str, place: Place, repository: Repository
    ) -> None:
        with pytest.raises(ReferenceNotFound):
            place.store().checkout(parse(url_of(repository)), commit, place.new_tree())


class TestTree:
    def test_it_is_a_clean_repository_that_knows_its_version(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("tag", "-a", "v1.0", "-m", "x")
        repository.commit("two", "deep/er/two.txt")

        tree = place.get(url_of(repository))

        assert git("status", "--porcelain", cwd=tree) == ""
        assert git("describe", "--tags", "--dirty", cwd=tree).startswith("v1.0-1-g")
        assert git("rev-list", "--count", "HEAD", cwd=tree) == "2"
        assert git("remote", "get-url", "origin", cwd=tree) == (
            f"file://{repository.folder}"
        )

    def test_a_tag_of_later_is_there_though_the_commit_was(
        self, place: Place, repository: Repository
    ) -> None:
        place.get(url_of(repository))
        repository.run("tag", "v2.0")

        tree = place.get(url_of(repository))

        assert git("describe", "--tags", cwd=tree) == "v2.0"

    def test_a_tag_that_moved_is_where_it_is_now(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("tag", "nightly")
        place.get(url_of(repository))
        repository.commit("two")
        repository.run("tag", "--force", "nightly")

        tree = place.get(url_of(repository))

        assert git("describe", "--tags", cwd=tree) == "nightly"

    def test_modes_and_links_are_those_of_the_commit(
        self, place: Place, repository: Repository
    ) -> None:
        (repository.folder / "run").write_text("#!/bin/sh\n")
        (repository.folder / "run").chmod(0o755)
        (repository.folder / "link").symlink_to("run")
        repository.commit("two")

        tree = place.get(url_of(repository))

        assert os.access(tree / "run", os.X_OK)
        assert not os.access(tree / "file.txt", os.X_OK)
        assert (tree / "link").readlink() == Path("run")

    def test_submodules_come_with_their_own(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        inner = Repository(tmp_path / "upstream" / "inner")
        inner.commit("innermost")
        middle = Repository(tmp_path / "upstream" / "middle")
        allow = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
        middle.run(*allow, str(inner.folder), "inner")
        middle.commit("middle", "m.txt")
        repository.run(*allow, "../middle", "vendor/middle")
        repository.commit("two")

        tree = place.get(url_of(repository))

        found = tree / "vendor" / "middle" / "inner" / "file.txt"
        assert found.read_text() == "innermost"
        assert git("status", "--porcelain", cwd=tree) == ""

    def test_one_that_another_process_made_meanwhile_is_kept(
        self, place: Place, repository: Repository
    ) -> None:
        into = Path(place.new_tree())
        into.mkdir()
        (into / "mine").touch()
        store, url = place.store(), parse(url_of(repository))

        store.checkout(url, store.find_commit(url), str(into))

        assert [each.name for each in into.iterdir()] == ["mine"]
        assert not list(place.root.glob("*.partial-*"))

    def test_one_store_serves_several_at_once(
        self, place: Place, repository: Repository
    ) -> None:
        trees: list[Path] = []
        threads = [
            threading.Thread(target=lambda: trees.append(place.get(url_of(repository))))
            for _ in range(4)
        ]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [(tree / "file.txt").read_text() for tree in trees] == ["one"] * 4

    def test_that_the_system_refuses_is_told(
        self, place: Place, repository: Repository
    ) -> None:
        store, url = place.store(), parse(url_of(repository))
        commit = store.find_commit(url)

        with pytest.raises(CannotKeepSource, match="none/tree"):
            store.checkout(url, commit, str(place.root / "none" / "tree"))


class TestOffline:
    def test_a_name_is_what_it_was(self, place: Place, repository: Repository) -> None:
        place.get(url_of(repository, "@main"))
        place.get(url_of(repository))
        repository.commit("two")

        for tail in ("@main", ""):
            tree = place.get(url_of(repository, tail), offline=True)

            assert (tree / "file.txt").read_text() == "one"

    def test_a_tag_is_known_once_anything_was_fetched(
        self, place: Place, repository: Repository
    ) -> None:
        repository.run("tag", "-a", "v1.0", "-m", "x")
        place.get(url_of(repository))

        tree = place.get(url_of(repository, "@v1.0"), offline=True)

        assert (tree / "file.txt").exists()

    @pytest.mark.parametrize("tail", ["", "@main", "@" + "1" * 40, "@1234567"])
    def test_what_was_never_fetched_is_an_error(
        self, tail: str, place: Place, repository: Repository
    ) -> None:
        with pytest.raises(GitOffline) as caught:
            place.get(url_of(repository, tail), offline=True)

        assert "--offline is set" in words(caught.value)


class TestHygiene:
    """What git is not to do, and what stays the user's own."""

    def test_hooks_and_templates_of_the_user_are_left_out(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        hooks = tmp_path / "template" / "hooks"
        hooks.mkdir(parents=True)
        for name in ("post-checkout", "reference-transaction", "post-index-change"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
            (hooks / name).chmod(0o755)
        place.configure(
            "[core]", f"hooksPath = {hooks}", "[init]", f"templateDir = {hooks.parent}"
        )

        tree = place.get(url_of(repository))

        assert not (tmp_path / "ran").exists()
        assert not (tree / ".git" / "hooks").exists()

    def test_a_repository_that_admit_runs_in_a_hook_of_is_left_alone(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        own = Repository(tmp_path / "own")
        own.commit("mine")
        before = (own.head, own.run("status", "--porcelain"))
        place.environ |= {
            "GIT_DIR": str(own.folder / ".git"),
            "GIT_INDEX_FILE": str(own.folder / ".git" / "index"),
            "GIT_WORK_TREE": str(own.folder),
        }

        tree = place.get(url_of(repository))

        assert (tree / "file.txt").read_text() == "one"
        assert (own.head, own.run("status", "--porcelain")) == before

    def test_rewritten_urls_of_the_user_are_in_force(
        self, place: Place, repository: Repository
    ) -> None:
        place.configure(
            f'[url "file://{repository.folder}"]',
            "insteadOf = https://git.example/w",
        )

        assert (place.get("git+https://git.example/w") / "file.txt").exists()

    def test_what_the_user_configures_by_variables_is_in_force_too(
        self, place: Place, repository: Repository
    ) -> None:
        place.environ |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{repository.folder}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://git.example/w",
        }

        assert (place.get("git+https://git.example/w") / "file.txt").exists()

    @pytest.mark.parametrize("allowed", [None, "https:ext"])
    def test_a_transport_that_runs_a_command_is_refused(
        self, allowed: str | None, place: Place, tmp_path: Path
    ) -> None:
        place.configure(
            f'[url "ext::sh -c touch% {tmp_path}/ran"]',
            "insteadOf = https://git.example/",
        )
        if allowed is not None:
            place.environ["GIT_ALLOW_PROTOCOL"] = allowed

        with pytest.raises(GitFailed, match="not to use ext://"):
            place.get("git+https://git.example/w")

        assert not (tmp_path / "ran").exists()

    def test_a_submodule_of_a_server_may_not_be_a_file_of_this_machine(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        private = Repository(tmp_path / "private")
        private.commit("private")
        repository.run(
            *("-c", "protocol.file.allow=always", "submodule", "--quiet", "add"),
            *(f"file://{private.folder}", "vendor"),
        )
        repository.commit("two")

        with (
            GitServer(repository.folder.parent) as server,
            pytest.raises(GitFailed, match="not to use file://"),
        ):
            place.get(server.address("w"))

        assert not list(place.root.glob("tree-*"))

    @pytest.mark.parametrize(
        ("configured", "variables", "expected"),
        [
            pytest.param((), {}, "-o BatchMode=yes", id="usual"),
            pytest.param((), {"GIT_SSH_COMMAND": "ssh -v"}, "-v", id="variable"),
            pytest.param(("[core]", "sshCommand = ssh -q"), {}, "-q", id="configured"),
        ],
    )
    def test_ssh_asks_nobody_unless_the_user_says_how_it_is_started(
        self,
        configured: tuple[str, ...],
        variables: dict[str, str],
        expected: str,
        place: Place,
        tmp_path: Path,
    ) -> None:
        watched = Watched(tmp_path / "bin")
        ssh = tmp_path / "bin" / "ssh"
        ssh.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/ssh\n'
            "echo 'git@git.example: Permission denied (publickey).' >&2\nexit 255\n"
        )
        ssh.chmod(0o755)
        place.environ |= {"PATH": watched.path(place.environ), **variables}
        place.configure(*configured)

        with pytest.raises(AuthError) as caught:
            place.get("git+ssh://git@git.example/w@main")

        called = (tmp_path / "ssh").read_text()
        assert called.startswith(f"{expected} ")
        assert "git@git.example" in called
        assert "`ssh git@git.example`" in words(caught.value)


class TestTheProgram:
    def test_that_it_is_missing_is_told(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        place.environ["PATH"] = str(tmp_path / "empty")

        with pytest.raises(GitMissing) as caught:
            place.get(url_of(repository))

        assert "install git" in words(caught.value)

    def test_that_it_is_too_old_is_told(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        (tmp_path / "bin").mkdir()
        old = tmp_path / "bin" / "git"
        old.write_text("#!/bin/sh\necho git version 2.30.2\n")
        old.chmod(0o755)
        place.environ["PATH"] = str(old.parent)

        with pytest.raises(GitMissing, match=r"is git 2\.30\.2"):
            place.get(url_of(repository))


class TestInterrupted:
    def test_a_lock_that_a_killed_git_left_is_removed(
        self, place: Place, repository: Repository
    ) -> None:
        place.get(url_of(repository))
        repository.run("tag", "v1.0")
        (mirror,) = place.root.glob("store/*/mirror.git")
        (mirror / "refs" / "tags").mkdir(exist_ok=True)
        (mirror / "refs" / "tags" / "v1.0.lock").touch()

        tree = place.get(url_of(repository))

        assert git("describe", "--tags", cwd=tree) == "v1.0"

    @pytest.mark.skipif(os.name != "posix", reason="sends signals")
    def test_git_ends_with_us_and_the_store_stays_usable(
        self, place: Place, repository: Repository, tmp_path: Path
    ) -> None:
        script = tmp_path / "bin" / "git-upload-pack"
        script.parent.mkdir()
        script.write_text(
            f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 600 2> /dev/null\n"
        )
        script.chmod(0o755)
        place.configure("[core]", f"sshCommand = {script} #")
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(tmp_path / "store")],
            env=place.environ,
            stderr=subprocess.PIPE,
        )
        _await((tmp_path / "pid").exists)

        child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=30)

        assert b"KeyboardInterrupt" in stderr
        pid = int((tmp_path / "pid").read_text())
        _await(lambda: not _is_running(pid))
        place.configure()
        assert (place.get(url_of(repository)) / "file.txt").exists()


_CHILD = """
import os, sys
from admit.auth.scrub import Scrubber
from admit.source.git import GitStore
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import parse_vcs_url
url = parse_vcs_url(parse_requirement_url("git+ssh://git@git.example/w@main"))
GitStore(sys.argv[1], os.environ, Scrubber()).find_commit(url)
"""


def _await(is_so: Callable[[], bool]) -> None:
    end = threading.Event()
    for _ in range(1000):
        if is_so():
            return
        end.wait(0.02)
    raise AssertionError("it did not come to that")


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"


class TestLastLines:
    def test_progress_and_hints_are_left_out(self) -> None:
        text = "Receiving objects: 1%\rReceiving objects: 9%\nhint: x\n\nfatal: no\n"

        assert last_lines(text) == ["fatal: no"]

    def test_a_login_in_a_rewritten_url_is_masked(self) -> None:
        text = "fatal: Authentication failed for 'https://TOKEN@git.example/w/'"

        assert last_lines(text) == [
            "fatal: Authentication failed for 'https://****@git.example/w/'"
        ]

    def test_the_git_of_ssh_is_no_login(self) -> None:
        assert last_lines("ssh://git@git.example") == ["ssh://git@git.example"]

    def test_only_so_much_is_shown_and_nothing_that_moves_the_cursor(self) -> None:
        text = "\n".join(["x" * 1000] * 50) + "\n\x1b[2Jboo"

        found = last_lines(text)

        assert len(found) == 8
        assert max(map(len, found)) == 300
        assert found[-1] == "?[2Jboo"
