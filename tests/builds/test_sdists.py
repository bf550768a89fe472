"""Source distributions of an index, from the command line: what runs, what is kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from admit.api import Session, load_settings
from admit.serve.answer import Answer, plain
from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from admit.session import Silence
from admit.value import replace
from support.index import ALICE, SECRET
from support.sdist import build_sdist, read_journal
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from admit.serve.answer import Seen
    from builds.conftest import Site

RAN = ["widget 1.0 requires", "widget 1.0 prepare", "widget 1.0 build"]
WHEEL_ONLY = "del prepare_metadata_for_build_wheel"
BROKEN = """
def {hook}(*_):
    print("could not find libwidget")
    raise SystemExit(3)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the index has; tests put more into it."""
    folder = tmp_path / "world"
    build_sdist(folder, "widget", requires=["part"])
    build_wheel(folder, "part", "1.0")
    return folder


@pytest.fixture
def index(folder: Path) -> Iterator[IndexServer]:
    with IndexServer(folder, public=["*"]) as server:
        yield server


@pytest.fixture
def site(site: Site, index: IndexServer) -> Site:
    site.variables["ADMIT_INDEX_URL"] = index.url
    return site


def archives(index: IndexServer) -> list[str]:
    """The source distributions that were fetched."""
    return [each.path.rpartition("/")[2] for each in index.seen("*.tar.gz")]


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def left_behind(site: Site) -> list[str]:
    """What is in the places for temporary files."""
    places = (site.cache / "partial", site.home.parent / "tmp")
    return [str(each) for place in places if place.exists() for each in place.iterdir()]


class TestInstall:
    def test_it_is_built_and_installed_with_what_it_requires(
        self, site: Site, index: IndexServer
    ) -> None:
        ran = site.succeed("install", "widget")

        assert site.installed == ["part==1.0", "widget==1.0"]
        assert site.built == RAN
        assert archives(index) == ["widget-1.0.tar.gz"]
        assert "Built widget 1.0 from widget-1.0.tar.gz" in ran.stderr
        assert "Prepared 2 packages" in ran.stderr
        assert left_behind(site) == []

    def test_what_may_be_believed_is_not_built_for_its_metadata(
        self, site: Site, folder: Path
    ) -> None:
        build_sdist(folder, "solid", requires=["part"], is_static=True)

        site.succeed("install", "solid", "--dry-run")

        assert site.built == []

    def test_a_warm_run_builds_and_fetches_nothing(
        self, site: Site, index: IndexServer
    ) -> None:
        site.succeed("install", "widget")
        site.succeed("uninstall", "widget", "part")
        site.forget()
        index.requests.clear()

        ran = site.succeed("install", "widget")

        assert site.installed == ["part==1.0", "widget==1.0"]
        assert site.built == []
        assert archives(index) == []
        assert "Built" not in ran.stderr

    def test_what_is_installed_is_met(self, site: Site, index: IndexServer) -> None:
        site.succeed("install", "widget")
        site.forget()
        index.requests.clear()

        ran = site.succeed("install", "widget")

        assert "Checked 2 packages" in ran.stderr
        assert (site.built, index.requests) == ([], [])

    def test_a_second_build_is_made_of_the_same_environment(
        self, site: Site, folder: Path
    ) -> None:
        """A backend that has no hook for metadata makes its wheel once."""
        build_sdist(folder, "whole", extra=WHEEL_ONLY)

        site.succeed("install", "whole", "--no-cache")

        assert site.built == ["whole 1.0 requires", "whole 1.0 build"]

    @pytest.mark.parametrize("option", ["--refresh", "--refresh-package=widget"])
    def test_a_refresh_builds_anew(self, site: Site, option: str) -> None:
        site.succeed("install", "widget")
        site.forget()

        site.succeed("install", "widget", "--reinstall")
        assert site.built == []

        site.succeed("install", "widget", "--reinstall", option)
        assert site.built == RAN

    def test_without_a_cache_nothing_is_left(
        self, site: Site, index: IndexServer
    ) -> None:
        site.succeed("install", "widget", "--no-cache")

        assert site.built == RAN
        assert archives(index) == ["widget-1.0.tar.gz"]
        assert not site.cache.exists()
        assert left_behind(site) == []

    def test_a_report_tells_of_what_was_moved_from_there(self, site: Site) -> None:
        ran = site.succeed("install", "widget", "--no-cache", "--report", "-")

        _, widget = json.loads(ran.stdout)["install"]
        assert widget["metadata"]["requires_dist"] == ["part"]

    def test_a_dry_run_may_build_metadata_and_installs_nothing(
        self, site: Site
    ) -> None:
        ran = site.succeed("install", "widget", "--dry-run")

        assert site.installed == []
        assert site.built == RAN[:2]
        notes = [each for each in ran.notes if each.startswith("Would")]
        assert notes == [
            "Would download 1 package",
            "Would build 1 package",
            "Would install 2 packages",
        ]
        assert left_behind(site) == []


class TestForms:
    """Which releases may be built at all."""

    @pytest.fixture
    def folder(self, folder: Path) -> Path:
        build_sdist(folder, "both", "2.0")
        build_wheel(folder, "both", "1.0")
        build_sdist(folder, "both", "1.0")
        return folder

    @pytest.mark.parametrize(
        ("options", "installed", "built"),
        [
            ((), "both==2.0", True),
            (("--no-build",), "both==1.0", False),
            (("--only-binary", "both"), "both==1.0", False),
            (("--only-binary", ":all:"), "both==1.0", False),
            (("--only-binary", "other"), "both==2.0", True),
            (("both==1.0",), "both==1.0", False),
            (("both==1.0", "--no-binary", "both"), "both==1.0", True),
            (("both==1.0", "--no-binary", ":all:"), "both==1.0", True),
            (("--only-binary", ":all:", "--no-binary", "both"), "both==2.0", True),
            (("--no-build", "--no-binary", "both"), "both==1.0", False),
        ],
    )
    def test_options_say(
        self, site: Site, options: tuple[str, ...], installed: str, built: bool
    ) -> None:
        site.succeed("install", "both", *options)

        assert site.installed == [installed]
        assert bool(site.built) == built

    def test_they_hold_for_what_a_build_needs(self, site: Site, folder: Path) -> None:
        build_sdist(folder, "needy", build_requires=["widget"])

        ran = site.fail("install", "needy", "--only-binary", "widget")

        assert "building is forbidden" in ran.stderr
        assert "needy 1.0 from needy-1.0.tar.gz needs this to be built" in ran.stderr
        assert site.built == []


class TestRequiresPython:
    """What only the metadata say counts as what a page says."""

    @pytest.fixture
    def index(self, folder: Path) -> Iterator[IndexServer]:
        future = """
        old = metadata
        def metadata():
            return old() + "Requires-Python: >=4\\n"
        """
        build_sdist(folder, "widget", "2.0", extra=future)
        build_wheel(folder, "part", "2.0", requires_python=">=4")
        with IndexServer(folder, public=["*"]) as server:
            change_pages(server, "requires-python", None)
            yield server

    @pytest.mark.parametrize("name", ["widget", "part"])
    def test_another_version_is_taken(self, site: Site, name: str) -> None:
        site.succeed("install", name)

        assert f"{name}==1.0" in site.installed
        assert "widget 2.0 build" not in site.built

    def test_a_pin_says_why_not(self, site: Site) -> None:
        ran = site.fail("install", "widget==2.0")

        assert "widget==2.0, which requires Python >=4" in ran.stderr


class TestHashes:
    """Nothing of an archive is unpacked or run before its hash is compared."""

    def test_the_right_one_is_built(self, site: Site, folder: Path) -> None:
        digest = sha256_of(folder / "widget-1.0.tar.gz")
        other = sha256_of(folder / "part-1.0-py3-none-any.whl")
        site.write(
            "requirements.txt",
            f"widget==1.0 --hash=sha256:{digest}\npart==1.0 --hash=sha256:{other}\n",
        )

        site.succeed("install", "--require-hashes", "-r", "requirements.txt")

        assert site.installed == ["part==1.0", "widget==1.0"]

    @pytest.mark.parametrize("is_stated", [True, False])
    @pytest.mark.parametrize("is_kept", [True, False])
    def test_a_wrong_one_stops_before_anything_runs(
        self, site: Site, index: IndexServer, is_stated: bool, is_kept: bool
    ) -> None:
        if not is_stated:
            change_pages(index, "hashes", {})
        if is_kept:
            site.succeed("install", "widget")
            site.succeed("uninstall", "widget")
            site.forget()
        site.write("requirements.txt", f"widget==1.0 --hash=sha256:{'0' * 64}\n")

        ran = site.fail("install", "--no-deps", "-r", "requirements.txt")

        assert "widget-1.0.tar.gz has none of the hashes given for it" in ran.stderr
        assert site.built == []
        assert "widget==1.0" not in site.installed

    def test_a_file_that_is_not_what_its_page_says_is_not_run(
        self, site: Site, index: IndexServer, folder: Path
    ) -> None:
        path = build_sdist(folder.parent / "other", "widget", extra="EVIL = 1")
        index.script("*.tar.gz", Answer(200, (), path.read_bytes()))

        ran = site.fail("install", "widget")

        assert "is not the file that" in ran.stderr
        assert site.built == []
        assert left_behind(site) == []

    def test_a_dependency_without_one_is_named(self, site: Site, folder: Path) -> None:
        digest = sha256_of(folder / "widget-1.0.tar.gz")
        site.write("requirements.txt", f"widget==1.0 --hash=sha256:{digest}\n")

        ran = site.fail("install", "--require-hashes", "-r", "requirements.txt")

        assert "no hash is given for part" in ran.stderr
        assert site.installed == []

    def test_compile_writes_those_of_the_archive(
        self, site: Site, folder: Path
    ) -> None:
        site.write("requirements.in", "widget\n")

        ran = site.succeed("compile", "--generate-hashes", "requirements.in")

        digest = sha256_of(folder / "widget-1.0.tar.gz")
        assert re.search(rf"widget==1\.0 \\\n +--hash=sha256:{digest}", ran.stdout)
        assert "part==1.0" in ran.stdout
        site.write("requirements.txt", ran.stdout)
        site.succeed("sync", "--require-hashes", "requirements.txt")
        assert site.installed == ["part==1.0", "widget==1.0"]


def change_pages(index: IndexServer, key: str, content: object) -> None:
    """Have pages say this of every file."""

    def changed(_: Seen, usual: Callable[[], Answer]) -> Answer:
        answer = usual()
        if not answer.body:
            return answer
        is_packed = answer.body[:2] == b"\x1f\x8b"
        page = json.loads(gzip.decompress(answer.body) if is_packed else answer.body)
        for file in page["files"]:
            file[key] = content
        body = json.dumps(page).encode()
        return replace(answer, body=gzip.compress(body) if is_packed else body)

    index.script("/simple/*/", changed)


class TestOffline:
    def test_what_was_built_is_used(self, site: Site, index: IndexServer) -> None:
        site.succeed("install", "widget")
        site.succeed("uninstall", "widget", "part")
        site.forget()
        index.requests.clear()

        site.succeed("install", "widget", "--offline")

        assert site.installed == ["part==1.0", "widget==1.0"]
        assert (site.built, index.requests) == ([], [])

    def test_what_was_not_is_told(self, site: Site, index: IndexServer) -> None:
        site.succeed("install", "widget", "--dry-run", "--only-binary", "part")
        site.succeed("install", "part")
        index.requests.clear()

        ran = site.fail("install", "widget", "--offline")

        assert "offline" in ran.stderr
        assert index.requests == []
        assert site.installed == ["part==1.0"]


class TestFailures:
    def test_a_build_that_fails_in_the_search_says_so(
        self, site: Site, folder: Path
    ) -> None:
        hook = "prepare_metadata_for_build_wheel"
        build_sdist(folder, "sick", extra=BROKEN.format(hook=hook))

        ran = site.fail("install", "part", "sick")

        assert "sick 1.0 from sick-1.0.tar.gz" in ran.stderr
        assert "could not find libwidget" in ran.stderr
        assert site.installed == []
        assert left_behind(site) == []

    def test_a_build_that_fails_at_the_end_installs_nothing(
        self, site: Site, folder: Path, index: IndexServer
    ) -> None:
        build_sdist(folder, "sick", extra=BROKEN.format(hook="build_wheel"))

        ran = site.fail("install", "part", "widget", "sick")

        assert "could not find libwidget" in ran.stderr
        assert site.installed == []
        assert not index.seen("*part-1.0*.whl")
        assert left_behind(site) == []

    @pytest.mark.parametrize(
        "hook", ["prepare_metadata_for_build_wheel", "build_wheel"]
    )
    def test_a_version_with_a_wheel_is_named(
        self, site: Site, folder: Path, hook: str
    ) -> None:
        build_sdist(folder, "sick", "2.0", extra=BROKEN.format(hook=hook))
        build_sdist(folder, "sick", "1.1", extra=BROKEN.format(hook=hook))
        build_wheel(folder, "sick", "1.0")

        ran = site.fail("install", "sick")

        advice = "if 1.0 will do, which has a wheel: --only-binary sick"
        assert f"fix: {advice}" in ran.stderr
        site.succeed("install", "sick", "--only-binary", "sick")
        assert site.installed == ["sick==1.0"]

    def test_what_was_built_before_is_kept(self, site: Site, folder: Path) -> None:
        build_sdist(folder, "zick", extra=BROKEN.format(hook="build_wheel"))
        site.fail("install", "widget", "zick")
        assert RAN[-1] in site.built
        site.forget()

        site.succeed("install", "widget")

        assert site.built == []

    def test_a_damaged_archive_is_told(self, site: Site, folder: Path) -> None:
        (folder / "hurt-1.0.tar.gz").write_bytes(b"not a tar")

        ran = site.fail("install", "hurt")

        assert "hurt-1.0.tar.gz" in ran.stderr
        assert site.installed == []

    def test_an_archive_of_another_release_is_told(
        self, site: Site, folder: Path
    ) -> None:
        build_sdist(folder, "other", "9.9").rename(folder / "gadget-1.0.tar.gz")

        ran = site.fail("install", "gadget")

        assert "it is other 9.9, by its own metadata" in ran.stderr
        assert site.installed == []

    def test_a_wheel_for_another_system_is_refused(
        self, site: Site, folder: Path
    ) -> None:
        foreign = """
        def build_wheel(folder, *_):
            name = write_wheel(folder, {})
            other = name.replace("py3-none-any", "cp39-cp39-win_amd64")
            os.rename(os.path.join(folder, name), os.path.join(folder, other))
            return other
        """
        build_sdist(folder, "alien", extra=foreign)

        ran = site.fail("install", "alien")

        assert "the wheel of alien 1.0 from alien-1.0.tar.gz does not fit" in ran.stderr
        assert "alien-1.0-cp39-cp39-win_amd64.whl" in ran.stderr
        assert site.installed == []


class TestSecretsOfTheRun:
    """A build that comes upon one may say it; nothing of ours repeats it.

    No index is asked in these runs: what is built needs nothing.
    """

    TELL = """
    def prepare_metadata_for_build_wheel(*_):
        sys.exit("found " + open(os.environ["FOUND"]).read())
    """

    @pytest.mark.parametrize(
        ("variables", "url"),
        [
            ({"ADMIT_INDEX_CORP_PASSWORD": SECRET}, "https://h.example/"),
            ({"UV_INDEX_CORP_PASSWORD": SECRET}, "https://h.example/"),
            ({"PIP_INDEX_URL": f"https://a:{SECRET}@h.example/"}, "https://h.example/"),
            ({}, f"https://alice:{SECRET}@h.example/"),
            ({"CORP": SECRET}, "https://alice:${CORP}@h.example/"),
            ({"CORP": SECRET}, "https://${CORP}@h.example/"),
        ],
    )
    def test_it_is_not_shown(
        self, site: Site, tmp_path: Path, variables: dict[str, str], url: str
    ) -> None:
        (tmp_path / "found").write_text(SECRET)
        site.secrets.append(SECRET)
        path = build_sdist(tmp_path / "given", "teller", extra=self.TELL)
        site.variables |= {"FOUND": str(tmp_path / "found"), **variables}
        site.variables["ADMIT_PROJECT_VARIABLES"] = "CORP"
        del site.variables["ADMIT_INDEX_URL"]
        site.write("admit.toml", f'[[index]]\nname = "corp"\nurl = "{url}"\n')

        ran = site.fail("install", "-v", str(path))

        assert "found ****" in ran.stderr


class TestTime:
    def test_answers_wait_while_a_build_takes_long(
        self, site: Site, index: IndexServer, folder: Path
    ) -> None:
        """Nobody listens meanwhile; that is not the server's silence."""
        slow = """
        import time
        theirs = prepare_metadata_for_build_wheel
        def prepare_metadata_for_build_wheel(*given):
            time.sleep(2.5)
            return theirs(*given)
        """
        build_sdist(folder, "slow", extra=slow)
        index.latency = 0.1

        site.succeed("install", "slow", "part", "widget", "--timeout", "1")

        assert site.installed == ["part==1.0", "slow==1.0", "widget==1.0"]

    @pytest.mark.parametrize(
        "hook", ["prepare_metadata_for_build_wheel", "build_wheel"]
    )
    def test_an_interrupt_ends_the_build_and_leaves_nothing(
        self, site: Site, folder: Path, hook: str
    ) -> None:
        endless = f"""
        import time
        def {hook}(*_):
            note("endless", pid=os.getpid())
            time.sleep(60)
        """
        build_sdist(folder, "endless", extra=endless)
        arguments = ("install", "part", "endless")
        process = subprocess.Popen(
            site.command(*arguments),
            cwd=site.work,
            env=site.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 30
        while "endless 1.0 endless" not in site.built:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)
        site.keep(arguments, process.returncode, *said)

        assert process.returncode == 130
        assert site.installed == []
        assert left_behind(site) == []
        with pytest.raises(ProcessLookupError):
            os.kill(read_journal(site.journal)[-1]["pid"], 0)
        site.succeed("install", "widget")
        assert site.installed == ["part==1.0", "widget==1.0"]


def test_a_listener_is_told_of_every_step(site: Site, index: IndexServer) -> None:
    told: list[str] = []

    class Ear(Silence):
        def transferring(self, filename: str, received: int, size: int) -> None:
            assert f"has {filename}" not in told

        def transferred(self, filename: str) -> None:
            told.append(f"has {filename}")

        def building(self, place: str, title: str, step: str) -> None:
            told.append(f"{step} of {title}")

        def built(self, title: str) -> None:
            told.append(f"built {title}")

    given = {"python": str(site.venv), "index_url": index.url, "no_cache": True}
    settings = load_settings(
        given, environ=site.environment(), cwd=str(site.work), command="install"
    )
    with Session(settings, Ear()) as session:
        environment = session.environment()
        resolution = session.resolve(session.collect(["widget"]), environment)
        change = session.plan(environment, resolution)
        session.apply(change, environment, session.prepare(change))

    title = "widget 1.0 from widget-1.0.tar.gz"
    assert told == [
        "has widget-1.0.tar.gz",
        f"environment of {title}",
        f"metadata of {title}",
        f"wheel of {title}",
        f"built {title}",
        "has part-1.0-py3-none-any.whl",
    ]
    assert site.installed == ["part==1.0", "widget==1.0"]


class TestImports:
    """Who builds nothing pays nothing."""

    @pytest.mark.parametrize(
        "arguments",
        [
            pytest.param(("install", "part", "--dry-run"), id="resolve"),
            pytest.param(("install", "part"), id="install"),
            pytest.param(("compile", "requirements.in"), id="compile"),
            pytest.param(("list",), id="list"),
        ],
    )
    @pytest.mark.parametrize("is_warm", [True, False])
    def test_nothing_of_building_is_loaded_for_wheels(
        self, site: Site, arguments: tuple[str, ...], is_warm: bool
    ) -> None:
        site.write("requirements.in", "part\n")
        if is_warm:
            site.succeed("install", "part")

        ran = site.succeed(*arguments, PYTHONPROFILEIMPORTTIME="1")

        loaded = set(re.findall(r"\| +(admit\.[a-z_.]+)", ran.stderr))
        assert "admit.cli.main" in loaded
        rooms = re.compile(
            r"admit\.(build|source)(\.|$)|admit\.resolve\.sources"
            r"|admit\.session\.(building|furnishing|secrets|unbuilt)"
        )
        assert sorted(filter(rooms.match, loaded)) == []


class TestToolsThatAreBuilt:
    def test_a_tool_may_have_to_be_built_itself(self, site: Site, folder: Path) -> None:
        build_sdist(folder, "tool", build_requires=["part"], extra="import part")
        build_sdist(folder, "needy", build_requires=["tool"], extra="import tool")

        site.succeed("install", "needy")

        assert site.installed == ["needy==1.0"]
        assert site.built.index("tool 1.0 build") < site.built.index("needy 1.0 build")
        assert left_behind(site) == []

    def test_a_tool_is_not_what_the_user_gave_under_its_name(
        self, site: Site, folder: Path
    ) -> None:
        """What is to be installed and what builds need are two worlds."""
        own = build_sdist(folder.parent / "own", "tool", "0.5")
        build_sdist(folder, "tool", extra="import json")
        build_sdist(folder, "needy", build_requires=["tool>=1"])

        site.succeed("install", str(own), "needy")

        assert site.installed == ["needy==1.0", "tool==0.5"]
        assert "tool 1.0 build" in site.built
        assert "tool 0.5 build" in site.built

    def test_a_circle_is_told(self, site: Site, folder: Path) -> None:
        build_sdist(folder, "hen", build_requires=["egg"])
        build_sdist(folder, "egg", build_requires=["hen"])

        ran = site.fail("install", "hen")

        assert "hen" in ran.stderr
        assert "egg" in ran.stderr
        assert site.built == []

    def test_what_is_wanted_and_needed_is_built_once(
        self, site: Site, folder: Path
    ) -> None:
        build_sdist(folder, "needy", build_requires=["widget"])

        site.succeed("install", "needy", "widget", "--no-cache")

        assert site.built.count("widget 1.0 build") == 1
        assert "widget==1.0" in site.installed


class TestDownload:
    def test_the_archive_itself_is_saved(
        self, site: Site, folder: Path, index: IndexServer
    ) -> None:
        site.succeed("download", "-d", "files", "widget")

        saved = site.work / "files" / "widget-1.0.tar.gz"
        original = folder / "widget-1.0.tar.gz"
        assert saved.read_bytes() == original.read_bytes()
        assert sorted(each.name for each in saved.parent.iterdir()) == [
            "part-1.0-py3-none-any.whl",
            "widget-1.0.tar.gz",
        ]
        assert "widget 1.0 build" not in site.built
        assert archives(index) == ["widget-1.0.tar.gz"]

    def test_nothing_is_run_for_it_alone(self, site: Site) -> None:
        site.succeed("download", "--no-deps", "-d", "files", "widget")

        assert [each.name for each in (site.work / "files").iterdir()] == [
            "widget-1.0.tar.gz"
        ]
        assert site.built == []


class TestLooking:
    """What may be built is there for those who look, too."""

    def test_a_newer_release_without_a_wheel_is_one(
        self, site: Site, folder: Path
    ) -> None:
        build_sdist(folder, "part", "2.0")
        site.succeed("install", "part==1.0")

        outdated = site.succeed("list", "--outdated", "--format", "json")
        versions = site.succeed("index", "versions", "part")

        (row,) = json.loads(outdated.stdout)
        assert (row["latest_version"], row["latest_filetype"]) == ("2.0", "sdist")
        assert versions.stdout == "2.0\n1.0\n"
        assert site.built == []


@pytest.mark.pain("H6")
class TestRefusedFiles:
    @pytest.fixture
    def index(self, folder: Path) -> Iterator[IndexServer]:
        build_sdist(folder, "widget", "2.0")
        behaviour = Behaviour(DENIALS["401"])
        with IndexServer(folder, accounts=[ALICE], behaviour=behaviour) as server:
            server.script("*/widget-2.0.tar.gz", plain(403, "blocked"))
            yield server

    @pytest.fixture
    def site(self, site: Site, index: IndexServer) -> Site:
        del site.variables["ADMIT_INDEX_URL"]
        site.secrets.append(SECRET)
        site.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        site.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{index.url}"\ndefault = true\n'
            'refused-files = "skip"\n',
        )
        return site

    @pytest.mark.parametrize("options", [(), ("--no-deps",), ("--no-cache",)])
    def test_the_next_version_is_built(
        self, site: Site, index: IndexServer, options: tuple[str, ...]
    ) -> None:
        ran = site.succeed("install", "widget", *options)

        assert "widget==1.0" in site.installed
        assert "corp refused widget 2.0 (403 for widget-2.0.tar.gz" in ran.stderr
        assert index.anonymous == []

    def test_also_where_its_metadata_is_known(
        self, site: Site, index: IndexServer
    ) -> None:
        index.script("*/widget-2.0.tar.gz", lambda _, usual: usual())
        site.succeed("install", "widget", "--dry-run")
        index.script("*/widget-2.0.tar.gz", plain(403, "blocked"))

        site.succeed("install", "widget")

        assert "widget==1.0" in site.installed
