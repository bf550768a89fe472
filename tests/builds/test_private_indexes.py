"""Source distributions of private indexes, from the command line (pain E12).

What a build needs is asked for by the run itself: with its logins, on the first
request, and without asking anybody a second time. The build is handed none of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import plain
from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from support.helpers_fake import search_files, write_program
from support.index import ALICE, SECRET
from support.sdist import build_sdist, read_journal
from support.terminal import talk
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from builds.conftest import Site

pytestmark = pytest.mark.pain("E12")

OTHER_SECRET = "0ther-canary"
BACKWARDS = [SECRET[::-1], OTHER_SECRET[::-1]]
"""So that what looks for them is not found itself."""
BOB = account("bob", OTHER_SECRET, "*")
DENY = Behaviour(DENIALS["401"])
KEYRING = """
username, password = LOGINS[sys.argv[-1]]
print(json.dumps({"username": username, "password": password}))
"""
LOOK = f"""
import tool, gauge
def look(*texts):
    found = []
    for top in (os.path.dirname(os.path.dirname(sys.prefix)), os.getcwd()):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, encoding="latin-1") as file:
                    text = file.read()
                if any(each in text for each in texts):
                    found.append(path)
    return found
def build_wheel(folder, *_):
    secrets = [each[::-1] for each in {BACKWARDS!r}]
    arguments = open("/proc/self/cmdline").read()
    looked = look("Root-Is-Purelib")
    note("build", found=look(*secrets), looked=looked, arguments=arguments)
    return write_wheel(folder, {{NAME + ".py": "VERSION = 1\\n"}})
"""


@pytest.fixture
def corp(tmp_path: Path) -> Iterator[IndexServer]:
    """Alice's index: what is wanted, and one half of what that needs to be built."""
    folder = tmp_path / "corp"
    folder.mkdir()
    build_sdist(folder, "app", build_requires=["tool", "gauge"], extra=LOOK)
    build_wheel(folder, "tool", "1.0", requires=["part"])
    build_wheel(folder, "part", "1.0")
    with IndexServer(folder, accounts=[ALICE], behaviour=DENY) as server:
        yield server


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[IndexServer]:
    """Bob's index: the other half."""
    folder = tmp_path / "lab"
    folder.mkdir()
    build_wheel(folder, "gauge", "1.0")
    with IndexServer(folder, accounts=[BOB], behaviour=DENY) as server:
        yield server


@pytest.fixture
def site(site: Site, corp: IndexServer, lab: IndexServer) -> Site:
    site.secrets += [SECRET, OTHER_SECRET]
    site.write(
        "admit.toml",
        f"""
        [[index]]
        name = "lab"
        url = "{lab.url}"
        packages = ["gauge"]
        explicit = true

        [[index]]
        name = "corp"
        url = "{corp.url}"
        default = true
        """,
    )
    return site


def log_in(site: Site) -> None:
    """Give the logins of both indexes by variables."""
    site.variables |= {
        "ADMIT_INDEX_CORP_USERNAME": "alice",
        "ADMIT_INDEX_CORP_PASSWORD": SECRET,
        "ADMIT_INDEX_LAB_USERNAME": "bob",
        "ADMIT_INDEX_LAB_PASSWORD": OTHER_SECRET,
    }


def check_requests(*servers: IndexServer) -> None:
    """Nobody asked as nobody, and nobody as somebody else."""
    for server in servers:
        assert server.requests
        assert server.anonymous == []
        assert server.failed_logins == []
        assert [each.status for each in server.requests if each.status >= 400] == []


def test_what_a_build_needs_is_had_with_the_logins_of_the_run(
    site: Site, corp: IndexServer, lab: IndexServer
) -> None:
    log_in(site)

    site.succeed("install", "app")

    assert site.installed == ["app==1.0"]
    assert corp.seen("*/tool-1.0*")
    assert corp.seen("*/part-1.0*")
    assert lab.seen("*/gauge-1.0*")
    check_requests(corp, lab)


def test_keyring_is_asked_once_for_each_index(
    site: Site, corp: IndexServer, lab: IndexServer
) -> None:
    logins = {corp.url: ("alice", SECRET), lab.url: ("bob", OTHER_SECRET)}
    fake = write_program(
        site.home / "bin", "keyring", KEYRING.replace("LOGINS", repr(logins))
    )
    site.variables["PATH"] = f"{fake.path.parent}:/usr/bin:/bin"

    site.succeed("install", "app", "--keyring", "subprocess")

    assert sorted(fake.asked) == sorted([corp.url, lab.url])
    check_requests(corp, lab)
    search_files(site, SECRET, fake.path)


def test_a_person_is_asked_once(
    site: Site, corp: IndexServer, lab: IndexServer
) -> None:
    log_in(site)
    del site.variables["ADMIT_INDEX_LAB_USERNAME"]
    del site.variables["ADMIT_INDEX_LAB_PASSWORD"]

    said = talk(site, ["install", "app"], {"User": "bob", "Password": OTHER_SECRET})

    assert said.status == 0, said.text
    assert said.text.count("Password") == 1
    assert site.installed == ["app==1.0"]
    assert corp.anonymous == []
    assert lab.failed_logins == []


def test_the_build_is_given_no_secret(site: Site) -> None:
    """Neither by variable nor argument, nor in any file of it or of its environment."""
    log_in(site)
    site.variables["CORP_INDEX"] = f"https://alice:{SECRET}@pypi.corp.example/simple/"
    site.variables["HARMLESS"] = "kept"
    site.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

    site.succeed("install", "app")

    noted = read_journal(site.journal)
    assert noted[-1]["hook"] == "build"
    assert noted[-1]["found"] == []
    assert noted[-1]["looked"] != []  # it has looked
    assert noted[-1]["environ"]["HARMLESS"] == "kept"
    assert SECRET not in json.dumps(noted)
    assert OTHER_SECRET not in json.dumps(noted)


@pytest.mark.parametrize("lost", ["corp", "lab"])
def test_a_refused_login_is_told_as_one(site: Site, lost: str) -> None:
    log_in(site)
    site.variables[f"ADMIT_INDEX_{lost.upper()}_PASSWORD"] = "an-0ld-one"

    ran = site.fail("install", "app", "--no-cache")

    assert "is refused (401)" in ran.stderr
    is_of_a_tool = "app 1.0 from app-1.0.tar.gz needs this to be built" in ran.stderr
    assert is_of_a_tool == (lost == "lab")
    assert site.installed == []


def test_a_login_that_is_missing_is_told_with_who_needs_it(
    site: Site, lab: IndexServer
) -> None:
    log_in(site)
    del site.variables["ADMIT_INDEX_LAB_PASSWORD"]
    site.variables |= {"ADMIT_AUTHENTICATE": "lab=always"}

    ran = site.fail("install", "app")

    assert "app 1.0 from app-1.0.tar.gz needs this to be built" in ran.stderr
    assert lab.requests == []
    assert site.built == []


class TestRulesOfIndexes:
    """What protects what is asked for protects what is needed to build it."""

    def test_an_owned_name_comes_from_its_owner(
        self, site: Site, corp: IndexServer, lab: IndexServer, tmp_path: Path
    ) -> None:
        log_in(site)
        build_wheel(tmp_path / "corp", "gauge", "99.0")

        site.succeed("install", "app", "--index-strategy", "unsafe-best-match")

        assert not corp.seen("/simple/gauge/")
        assert lab.seen("*/gauge-1.0*")

    def test_the_strategy_counts(
        self, site: Site, corp: IndexServer, lab: IndexServer, tmp_path: Path
    ) -> None:
        log_in(site)
        path = site.work / "admit.toml"
        path.write_text(path.read_text().replace("packages", "#").replace("exp", "#"))
        build_wheel(tmp_path / "corp", "gauge", "99.0")

        site.succeed("install", "app", "--no-cache")
        assert not corp.seen("*/gauge-99.0*")

        best = ("--index-strategy", "unsafe-best-match", "--no-cache", "--reinstall")
        site.succeed("install", "app", *best)
        assert corp.seen("*/gauge-99.0*")
        check_requests(corp)

    def test_a_required_index_is_not_passed_over(
        self, site: Site, corp: IndexServer, lab: IndexServer, tmp_path: Path
    ) -> None:
        log_in(site)
        path = site.work / "admit.toml"
        path.write_text(path.read_text().replace("explicit", "required"))
        build_sdist(tmp_path / "lab", "app", build_requires=["tool"])

        ran = site.fail("install", "app")

        assert "app 1.0 from app-1.0.tar.gz needs this to be built" in ran.stderr
        assert lab.seen("/simple/tool/")
        assert not corp.seen("/simple/tool/")

    def test_the_cut_off_of_an_index_counts(self, site: Site) -> None:
        log_in(site)
        path = site.work / "admit.toml"
        cut = 'exclude-newer = "2001-01-01"\nexplicit'
        path.write_text(path.read_text().replace("explicit", cut))

        ran = site.fail("install", "app")

        assert "gauge" in ran.stderr
        assert "came after the date of --exclude-newer" in ran.stderr
        assert "app 1.0 from app-1.0.tar.gz needs this to be built" in ran.stderr
        assert site.built == []

    def test_a_refused_file_of_a_tool_is_passed_over(
        self, site: Site, corp: IndexServer, tmp_path: Path
    ) -> None:
        log_in(site)
        path = site.work / "admit.toml"
        path.write_text(f'{path.read_text()}\nrefused-files = "skip"\n')
        build_wheel(tmp_path / "corp", "tool", "2.0", requires=["part"])
        corp.script("*/tool-2.0*.whl", plain(403, "blocked by policy"))

        ran = site.succeed("install", "app")

        assert "corp refused tool 2.0" in ran.stderr
        assert corp.seen("*/tool-1.0*")
