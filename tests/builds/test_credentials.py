"""Build requirements behind a login: they are had, and the build is given nothing.

The two halves of one promise: what a build needs is asked for by the run itself, with
the login of its index and on the first request; and the build, which is the code of
strangers, is handed no login at all.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from admit.api import Session, load_settings
from admit.build.backend import BuildFailed
from admit.errors import AuthError
from admit.resolve.policy import Asked
from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from admit.session.furnishing import furnish
from support.index import ALICE, SECRET
from support.source_tree import make_tree, seen
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.env.interpreter import Interpreter
    from admit.spec.requirement import Requirement
    from support.workshop import Shop

pytestmark = pytest.mark.pain("E12")

LOOK = f"""
import tool
def look():
    found = []
    for folder, _, names in os.walk(os.path.dirname(os.path.dirname(sys.prefix))):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                if {SECRET!r}.encode() in file.read():
                    found.append(os.path.join(folder, name))
    return found
def build_wheel(folder, *_):
    note("build", found=look(), parents=open("/proc/self/cmdline").read())
    return write_wheel(folder, {{}})
"""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    world = tmp_path / "world"
    world.mkdir()
    build_wheel(world, "tool", "1.0", requires=["part"])
    build_wheel(world, "part", "1.0")
    behaviour = Behaviour(DENIALS["401"])
    with IndexServer(world, accounts=[ALICE], behaviour=behaviour) as server:
        yield server


def open_session(tmp_path: Path, index: IndexServer, secret: str = SECRET) -> Session:
    """A run that has its login from everywhere at once."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / ".netrc").write_text(f"machine 127.0.0.1 login alice password {secret}\n")
    (home / ".netrc").chmod(0o600)
    with_login = index.url.replace("://", f"://alice:{secret}@")
    settings = load_settings(
        {"index_url": with_login, "cache_dir": str(tmp_path / "cache")},
        environ={
            "HOME": str(home),
            "PATH": os.defpath,
            "ADMIT_NO_FOREIGN_CONFIG": "1",
            "ADMIT_INDEX_CORP_USERNAME": "alice",
            "ADMIT_INDEX_CORP_PASSWORD": secret,
            "UV_INDEX_CORP_PASSWORD": secret,
            "PIP_INDEX_URL": with_login,
            "UV_INDEX": with_login,
            "CORP_PASSWORD": secret,
            "CI_INDEX": with_login,
            "HARMLESS": "kept",
        },
        cwd=str(tmp_path),
    )
    return Session(settings)


def use(session: Session) -> dict[str, object]:
    """The options of a builder that serves a session."""

    def provision(
        requirements: tuple[Requirement, ...], interpreter: Interpreter
    ) -> None:
        furnish(session.resources, Asked(requirements), interpreter)

    return {
        "provision": provision,
        "environ": session.settings.environ,
        "scrub": session.scrub,
    }


def test_requirements_of_a_build_are_had_with_the_login_of_the_run(
    shop: Shop, tmp_path: Path, index: IndexServer
) -> None:
    tree = make_tree(tmp_path / "tree", build_requires=["tool"], extra="import tool")

    with open_session(tmp_path, index) as session:
        shop.builder(**use(session)).wheel(tree, str(shop.wheels))

    assert index.anonymous == []
    assert index.seen("/simple/tool/")
    assert index.seen("*/part-1.0*")


def test_a_refused_login_is_told_as_one(
    shop: Shop, tmp_path: Path, index: IndexServer
) -> None:
    tree = make_tree(tmp_path / "tree", build_requires=["tool"])

    with (
        open_session(tmp_path, index, "wr0ng-s3cret") as session,
        pytest.raises(AuthError) as caught,
    ):
        shop.builder(**use(session)).metadata(tree)

    assert (caught.value.why or "").endswith("needs this to be built")


def test_the_build_is_given_no_secret(
    shop: Shop, tmp_path: Path, index: IndexServer
) -> None:
    """Neither by variable nor argument nor in any file of its environment."""
    tree = make_tree(tmp_path / "tree", build_requires=["tool"], extra=LOOK)

    with open_session(tmp_path, index) as session:
        assert SECRET in json.dumps(dict(session.settings.environ))
        shop.builder(**use(session)).wheel(tree, str(shop.wheels))

    noted = seen(tree)
    assert noted[-1]["found"] == []
    assert noted[-1]["environ"]["HARMLESS"] == "kept"
    assert SECRET not in json.dumps(noted)


def test_a_secret_that_the_build_finds_all_the_same_is_not_shown(
    shop: Shop, tmp_path: Path, index: IndexServer
) -> None:
    """It may read the user's files; nothing of ours repeats what it says."""
    tell = """
    def build_wheel(*_):
        sys.exit(open(os.path.expanduser("~/.netrc")).read())
    """
    tree = make_tree(tmp_path / "tree", build_requires=["tool"], extra=tell)

    with open_session(tmp_path, index) as session, pytest.raises(BuildFailed) as caught:
        shop.builder(**use(session)).wheel(tree, str(shop.wheels))

    assert "machine 127.0.0.1 login alice password ****" in (caught.value.why or "")
    assert SECRET not in repr(shop.lines)
