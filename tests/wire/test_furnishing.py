"""A run inside a run: requirements into another environment, with the same means.

What a build needs is resolved and installed while the resolution that needs the build
is under way, by the same client and the same cache.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from admit.api import Session, load_settings
from admit.env.installed import scan
from admit.env.interpreter import probe
from admit.env.satisfied import read_environment
from admit.env.venv import create_venv
from admit.resolve.policy import Asked
from admit.serve.server import IndexServer
from admit.session.furnishing import furnish
from admit.session.places import open_finder
from admit.spec.requirement import parse_requirement
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.env.interpreter import Interpreter
    from admit.resolve.pins import Resolution


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    world = tmp_path / "world"
    world.mkdir()
    build_wheel(world, "app", "1.0", requires=["tool"])
    build_wheel(world, "tool", "1.0")
    build_wheel(world, "tool", "2.0")
    build_wheel(world, "backend", "1.0", requires=["tool"])
    with IndexServer(world, accounts=[ALICE]) as server:
        yield server


@pytest.fixture
def builds(tmp_path: Path) -> Interpreter:
    """The interpreter of an environment made for a build."""
    return probe(create_venv(str(tmp_path / "builds"), probe(sys.executable)))


def open_session(tmp_path: Path, index: IndexServer, **given: str) -> Session:
    url = index.url.replace("://", f"://alice:{SECRET}@")
    settings = load_settings(
        {"index_url": url, "cache_dir": str(tmp_path / "cache"), **given},
        environ={"HOME": str(tmp_path), "ADMIT_NO_FOREIGN_CONFIG": "1"},
        cwd=str(tmp_path),
    )
    return Session(settings)


def asked(*texts: str) -> Asked:
    return Asked(tuple(parse_requirement(each) for each in texts))


def versions(resolution: Resolution) -> list[str]:
    return [f"{pin.name}=={pin.version}" for pin in resolution.pins]


def installed(interpreter: Interpreter) -> list[str]:
    found = scan(interpreter.site_folders).distributions
    return sorted(f"{each.name}=={each.version}" for each in found)


def test_an_answer_on_its_way_may_be_waited_for_inside_another(
    tmp_path: Path, index: IndexServer, builds: Interpreter
) -> None:
    """The worst place: in what follows an answer, while others are under way."""
    with open_session(tmp_path, index) as session:
        finder = open_finder(session.resources, builds.target, asked())
        first = finder.find("app").then(
            lambda _: furnish(session.resources, asked("backend"), builds)
        )
        others = [finder.find(name) for name in ("tool", "backend", "app")]

        resolution = first.result()

        assert versions(resolution) == ["backend==1.0", "tool==2.0"]
        assert installed(builds) == ["backend==1.0", "tool==2.0"]
        assert [each.result().is_found for each in others] == [True, True, True]
        assert index.anonymous == []


def test_what_is_there_stays_where_it_fits(
    tmp_path: Path, index: IndexServer, builds: Interpreter
) -> None:
    with open_session(tmp_path, index) as session:
        furnish(session.resources, asked("tool==1.0"), builds)

        furnish(session.resources, asked("backend"), builds)

    assert installed(builds) == ["backend==1.0", "tool==1.0"]


def test_wheels_stay_for_the_run_itself_without_a_cache(
    tmp_path: Path, index: IndexServer, builds: Interpreter
) -> None:
    own = create_venv(str(tmp_path / "own"), probe(sys.executable))
    with open_session(tmp_path, index, python=own, no_cache="1") as session:
        environment = session.environment()
        change = session.plan(
            environment, session.resolve(session.collect(["tool"]), environment)
        )
        prepared = session.prepare(change)
        furnish(session.resources, asked("tool"), builds)

        session.apply(change, environment, prepared)

    assert installed(environment.interpreter) == ["tool==2.0"]
    assert installed(builds) == ["tool==2.0"]


def test_what_is_said_of_packages_is_not_said_of_tools(
    tmp_path: Path, index: IndexServer, builds: Interpreter
) -> None:
    with open_session(tmp_path, index, resolution="lowest", no_deps="1") as session:
        resolution = furnish(session.resources, asked("backend"), builds)

    assert versions(resolution) == ["backend==1.0", "tool==2.0"]


def test_no_file_is_fetched_that_the_run_has_fetched(
    tmp_path: Path, index: IndexServer, builds: Interpreter
) -> None:
    with open_session(tmp_path, index) as session:
        resolution = session.compile(session.collect(["tool"]), builds.target)
        session.prepare(session.plan(read_environment(builds), resolution))
        before = len(index.requests)

        furnish(session.resources, asked("tool"), builds)

    files = [each.path for each in index.requests[before:] if ".whl" in each.path]
    assert files == []
