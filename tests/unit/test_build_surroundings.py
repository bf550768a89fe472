"""The variables of a build: the user's, but nothing that opens an index."""

from __future__ import annotations

import sys

import pytest

from admit.build.surroundings import surround
from admit.env.interpreter import Interpreter, probe
from admit.value import replace


@pytest.fixture(scope="module")
def python() -> Interpreter:
    own = probe(sys.executable)
    scheme = replace(own.scheme, scripts="/env/bin")
    return replace(own, prefix="/env", base_prefix="/usr", scheme=scheme)


def scrub(text: str) -> str:
    return text.replace("hunter22", "****")


OURS = {
    "PATH": "/env/bin:/usr/bin",
    "VIRTUAL_ENV": "/env",
    "PYTHONNOUSERSITE": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "PYTHONUNBUFFERED": "1",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ADMIT_INDEX_CORP_PASSWORD", "p"),
        ("ADMIT_INDEX_CORP_TOKEN", "t"),
        ("ADMIT_INDEX_CORP_USERNAME", "alice"),
        ("ADMIT_INDEX_CORP_CLIENT_KEY_PASSWORD", "k"),
        ("ADMIT_CLIENT_KEY_PASSWORD", "k"),
        ("ADMIT_INDEX_URL", "https://pypi.corp.example/simple"),
        ("ADMIT_PROXY", "http://proxy.corp.example"),
        ("UV_INDEX_CORP_PASSWORD", "p"),
        ("UV_INDEX_CORP_USERNAME", "alice"),
        ("UV_PUBLISH_TOKEN", "t"),
        ("UV_INDEX", "https://a.example/x https://alice:p@b.example/simple"),
        ("UV_DEFAULT_INDEX", "https://alice:p@pypi.corp.example/simple"),
        ("PIP_INDEX_URL", "https://token@pypi.corp.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://alice:p@pypi.corp.example/simple"),
        ("PIP_PROXY", "http://alice:p@proxy.corp.example"),
        ("CORP_TOKEN", "hunter22"),
        ("MY_INDEX", "https://alice:hunter22@pypi.corp.example/simple"),
        ("TAKEN_BY_CONFIGURATION", "not known yet"),
    ],
)
def test_what_opens_an_index_is_left_out(
    name: str, text: str, python: Interpreter
) -> None:
    environ = {"PATH": "/usr/bin", name: text}

    found = surround(environ, python, scrub, withheld=("TAKEN_BY_CONFIGURATION",))

    assert found == OURS


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SOURCE_DATE_EPOCH", "1700000000"),
        ("CC", "clang"),
        ("CFLAGS", "-DPASSWORD=hunter22 -O2"),
        ("HTTPS_PROXY", "http://alice:hunter22@proxy.corp.example"),
        ("http_proxy", "http://alice:hunter22@proxy.corp.example"),
        ("HOME", "hunter22"),
        ("PIP_INDEX_URL", "https://pypi.corp.example/simple"),
        ("UV_PYTHON", "3.12"),
        ("PIP_CERT", "/etc/ssl/corp.pem"),
        ("DATABASE_URL", "postgres://alice:other@db.corp.example"),
        ("EMPTY", ""),
    ],
)
def test_all_else_is_passed_on(name: str, text: str, python: Interpreter) -> None:
    found = surround({"PATH": "/usr/bin", name: text}, python, scrub)

    assert found == {**OURS, name: text}


@pytest.mark.parametrize(
    "name", ["PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "__PYVENV_LAUNCHER__"]
)
def test_packages_of_elsewhere_are_not_seen_unless_builds_are_open(
    name: str, python: Interpreter
) -> None:
    environ = {"PATH": "/usr/bin", name: "/somewhere"}

    isolated = surround(environ, python, scrub)
    open_ = surround(environ, python, scrub, is_isolated=False)

    assert name not in isolated
    assert open_[name] == "/somewhere"


def test_another_environment_is_not_active(python: Interpreter) -> None:
    environ = {"PATH": "/usr/bin", "VIRTUAL_ENV": "/x", "VIRTUAL_ENV_PROMPT": "x"}
    system = replace(python, prefix="/usr")

    assert surround(environ, python, scrub) == OURS
    assert "VIRTUAL_ENV" not in surround(environ, system, scrub)


def test_without_a_path_there_is_one(python: Interpreter) -> None:
    assert surround({}, python, scrub)["PATH"].startswith("/env/bin:")
    assert surround({"PATH": ""}, python, scrub)["PATH"] == "/env/bin"
