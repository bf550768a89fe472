"""Archives of source by path and URL: whose login, which hash, what name."""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from admit.serve.answer import Answer
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.source_tree import make_tree
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from admit.serve.answer import Seen
    from support.desk import Desk

WRONG = "1" * 64


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """`widget` 1.0, whose backend leaves a trace beside it when it is run."""
    trace = tmp_path / "trace"
    made = make_tree(tmp_path / "tree", extra=f"open({str(trace)!r}, 'w').close()")
    return tmp_path / made.folder


@pytest.fixture
def was_run(tmp_path: Path) -> Callable[[], bool]:
    return (tmp_path / "trace").exists


def pack(tree: Path, to: Path, top: str = "repository-main") -> Path:
    """Put a tree into an archive, in a folder."""
    if to.suffix == ".zip":
        with zipfile.ZipFile(to, "w") as archive:
            for path in tree.rglob("*"):
                if path.is_file():
                    archive.write(path, f"{top}/{path.relative_to(tree)}")
        return to
    with tarfile.open(to, "w:gz") as packed:
        packed.add(tree, top)
    return to


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def direct_url(desk: Desk) -> Any:
    path = desk.site / "widget-1.0.dist-info/direct_url.json"
    return json.loads(path.read_text())


class TestByPath:
    @pytest.mark.parametrize("name", ["widget-1.0.tar.gz", "v1.0.tar.gz", "main.zip"])
    def test_is_built_once_whatever_it_is_called(
        self, desk: Desk, tree: Path, name: str
    ) -> None:
        archive = pack(tree, desk.work / name)

        first = desk.succeed("install", f"./{name}")
        again = desk.succeed("install", f"./{name}")
        anew = desk.succeed("install", f"./{name}", "--reinstall")

        assert first.changes == [f"+ widget==1.0 (from file://{archive})"]
        assert again.changes == []
        assert [each for each in anew.notes if "Built" in each] == []
        assert direct_url(desk)["archive_info"]["hashes"] == {"sha256": sha256(archive)}

    def test_the_project_may_be_in_a_folder_of_it(
        self, desk: Desk, tree: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "mono").mkdir()
        tree.rename(tmp_path / "mono" / "inner")
        archive = pack(tmp_path / "mono", desk.work / "mono.tar.gz")
        word = f"widget @ file://{archive}#subdirectory=inner"

        desk.succeed("install", word)

        assert direct_url(desk)["subdirectory"] == "inner"
        assert desk.succeed("freeze").stdout == f"{word}\n"
        assert desk.succeed("install", word).changes == []

    @pytest.mark.parametrize("name", ["widget-1.0.tar.gz", "v1.0.tar.gz"])
    @pytest.mark.parametrize(
        ("form", "tail"),
        [
            ("./{}", " --hash=sha256:"),
            ("widget @ file://{}", " --hash=sha256:"),
            ("file://{}", " --hash=sha256:"),
            ("widget @ file://{}", "#sha256="),
            ("file://{}", "#sha256="),
        ],
    )
    def test_a_wrong_hash_is_an_error_before_anything_of_it_is_run(
        self,
        desk: Desk,
        tree: Path,
        was_run: Callable[[], bool],
        name: str,
        form: str,
        tail: str,
    ) -> None:
        archive = pack(tree, desk.work / name)
        word = form.format(name if form == "./{}" else archive)
        desk.write("r.txt", f"{word}{tail}{WRONG}\n")

        ran = desk.fail("install", "-r", "r.txt")

        assert WRONG in ran.stderr
        assert sha256(archive) in ran.stderr
        assert (was_run(), desk.installed) == (False, [])

    @pytest.mark.parametrize("name", ["widget-1.0.tar.gz", "v1.0.tar.gz"])
    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    def test_a_right_hash_is_enough_for_require_hashes(
        self, desk: Desk, tree: Path, name: str, algorithm: str
    ) -> None:
        archive = pack(tree, desk.work / name)
        found = hashlib.new(algorithm, archive.read_bytes()).hexdigest()
        desk.write("r.txt", f"./{name} --hash={algorithm}:{found}\n")

        desk.succeed("install", "-r", "r.txt", "--require-hashes")

        assert desk.installed == ["widget==1.0"]

    def test_compile_writes_its_hash(self, desk: Desk, tree: Path) -> None:
        archive = pack(tree, desk.work / "v1.0.tar.gz")
        desk.write("r.in", "./v1.0.tar.gz\n")

        ran = desk.succeed("compile", "r.in", "--generate-hashes", "--no-header")

        assert f"./v1.0.tar.gz \\\n    --hash=sha256:{sha256(archive)}" in ran.stdout
        assert "warning" not in ran.stderr

    def test_download_keeps_one_that_is_named_as_a_release(
        self, desk: Desk, tree: Path
    ) -> None:
        archive = pack(tree, desk.work / "widget-1.0.tar.gz")

        desk.succeed("download", "./widget-1.0.tar.gz", "-d", "out")

        saved = desk.work / "out" / "widget-1.0.tar.gz"
        assert sha256(saved) == sha256(archive)


@pytest.fixture
def private(tmp_path: Path, tree: Path) -> Iterator[IndexServer]:
    """An index below which lies an archive that is no release."""
    (tmp_path / "shelf").mkdir()
    build_wheel(tmp_path / "shelf", "alpha", "1.0")
    body = pack(tree, tmp_path / "v1.0.tar.gz").read_bytes()

    def reply(seen: Seen, _: Callable[[], Answer]) -> Answer:
        is_known = seen.user == "alice" and not seen.is_wrong
        return Answer(200, (), body) if is_known else Answer(401, (), b"no")

    with IndexServer(tmp_path / "shelf", accounts=[ALICE]) as made:
        made.script("/simple/archive/v1.0.tar.gz", reply)
        made.script("/elsewhere/v1.0.tar.gz", Answer(200, (), body))
        yield made


class TestByUrl:
    @pytest.mark.pain("B4")
    @pytest.mark.parametrize("form", ["{}", "widget @ {}", "{}#sha256={sha256}"])
    def test_has_the_login_of_the_index_above_it(
        self, desk: Desk, private: IndexServer, tmp_path: Path, form: str
    ) -> None:
        desk.secrets.append(SECRET)
        desk.variables["ADMIT_INDEX_URL"] = private.url_as("alice")
        url = f"{private.url}archive/v1.0.tar.gz"
        known = sha256(tmp_path / "v1.0.tar.gz")

        ran = desk.succeed("install", form.format(url, sha256=known))

        assert ran.changes == [f"+ widget==1.0 (from {url})"]
        assert [seen.user for seen in private.seen("*archive*")] == ["alice"]
        assert direct_url(desk)["url"] == url

    @pytest.mark.pain("B1")
    def test_beside_the_index_it_goes_without_its_login(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.variables["ADMIT_INDEX_URL"] = private.url_as("alice")

        desk.succeed("install", f"{private.origin}/elsewhere/v1.0.tar.gz")

        assert [seen.user for seen in private.seen("/elsewhere/*")] == [None]

    @pytest.mark.pain("H11")
    def test_a_login_that_merely_lay_around_is_left_out_after_a_refusal(
        self, desk: Desk, private: IndexServer, tmp_path: Path
    ) -> None:
        body = (tmp_path / "v1.0.tar.gz").read_bytes()
        private.script(
            "/elsewhere/*",
            lambda seen, _: Answer(200 if seen.is_anonymous else 403, (), body),
        )
        desk.write_netrc("machine 127.0.0.1 login alice password stale\n")

        ran = desk.succeed("install", f"{private.origin}/elsewhere/v1.0.tar.gz")

        assert "asking once more without a credential" in ran.stderr
        assert desk.installed == ["widget==1.0"]

    def test_a_login_in_the_url_is_used_and_written_nowhere(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)
        url = f"{private.url_as('alice')}archive/v1.0.tar.gz"

        desk.succeed("install", url)

        assert direct_url(desk)["url"] == f"{private.url}archive/v1.0.tar.gz"
        assert SECRET not in desk.succeed("freeze").stdout

    def test_what_is_refused_is_an_error_and_runs_nothing(
        self, desk: Desk, private: IndexServer, was_run: Callable[[], bool]
    ) -> None:
        ran = desk.fail("install", f"{private.url}archive/v1.0.tar.gz")

        assert "(401)" in ran.stderr or "401" in ran.stderr
        assert not was_run()


class TestFilesOfServers:
    """Who writes a requirements file on a server names no path of this machine."""

    @pytest.mark.parametrize(
        "line",
        [
            "./dir",
            "-e ./dir",
            "-e .",
            "dir/alpha-9.0-py3-none-any.whl",
            "file:///srv/x",
            "widget @ file:///srv/x",
            "widget @ git+file:///srv/x",
            "--find-links file:///srv/x",
            "-i file:///srv/x",
        ],
    )
    def test_a_path_is_refused(
        self, desk: Desk, private: IndexServer, line: str
    ) -> None:
        make_tree(desk.work / "dir")
        private.script("/r.txt", Answer(200, (), f"{line}\n".encode()))

        ran = desk.fail("install", "-r", f"{private.origin}/r.txt", status=2)

        assert "r.txt:1: a file of a server may not name a path" in ran.stderr
        assert desk.installed == []

    @pytest.mark.pain("I8")
    def test_a_repository_gets_no_variable_of_ours(
        self, desk: Desk, private: IndexServer
    ) -> None:
        line = b"widget @ git+http://${MINE}@127.0.0.1:1/x\n"
        private.script("/r.txt", Answer(200, (), line))

        ran = desk.fail("install", "-r", f"{private.origin}/r.txt", status=2, MINE="x")

        assert "may not send variables to" in ran.stderr
