"""Every command of the documents is typed, against an index of ours.

Each block runs in a home of its own, in bash, with an index that plays alice's company:
whatever address below `.example` a document names is that index, whoever logs in there
with the secret is alice. Nothing goes to PyPI: it is the default index here too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.auth.provided import parse_answer
from admit.serve.answer import Answer
from admit.serve.behaviour import Behaviour
from admit.serve.server import IndexServer
from support.documents import blocks
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.documents import Block

ALL = blocks("console")
RUN = [block for block in ALL if block.reason_not_to_run is None]
HELPERS = [each for each in blocks("sh") if each.text.startswith("#!/bin/sh")]
VARIABLES = (
    "TOKEN",
    "CI_JOB_TOKEN",
    "SYSTEM_ACCESSTOKEN",
    "CODEARTIFACT_TOKEN",
    "GCLOUD_TOKEN",
    "NEXUS_PASSWORD",
    "DEVPI_PASSWORD",
    "PYPI_PASSWORD",
    "PULP_PASSWORD",
    "GITLAB_TOKEN",
)
"""What the documents take for granted that a pipeline has."""
_INDEX = re.compile(r"https://[\w.-]+\.example(?::\d+)?/\S*?simple/")
_ELSEWHERE = re.compile(r"https://[\w.-]+\.example")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the documents install."""
    folder = tmp_path_factory.mktemp("shelf")
    build_wheel(folder, "mypackage", "2020.1")
    build_wheel(folder, "mypackage", "2024.1", requires=["mydependency>=1"])
    build_wheel(folder, "mydependency", "1.4")
    for name in ("flask", "rich", "acme-base", "acme-billing", "httpx", "numpy"):
        build_wheel(folder, name, "1.4")
        build_wheel(folder, name, "20.1")
    return folder


@pytest.fixture
def company(shelf: Path) -> Iterator[IndexServer]:
    behaviour = Behaviour(any_username=True)
    with IndexServer(
        shelf, accounts=[ALICE], public=["*"], behaviour=behaviour
    ) as server:
        name = "mypackage-1.0-py3-none-any.whl"
        with tempfile.TemporaryDirectory() as folder:
            wheel = build_wheel(Path(folder), "mypackage", "1.0").read_bytes()
        page = f'<a href="/{name}">{name}</a>'.encode()
        server.script(f"*/{name}", Answer(200, (), wheel))
        server.script("*/requirements.txt", Answer(200, (), b"flask\n"))
        server.script("*.html", Answer(200, (("Content-Type", "text/html"),), page))
        yield server


@pytest.fixture
def desk_of(tmp_path: Path, template: Path, shelf: Path, company: IndexServer) -> Path:
    """A folder to work in, with what a project has lying around."""
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "admit"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m admit "$@"\n')
    shim.chmod(0o755)
    # A helper that does not read its question breaks the pipe of whoever asks it.
    commands = {"corp-token": 'echo "$TOKEN"', "corp-login": 'read line; echo "{}"'}
    for name, text in commands.items():
        command = tmp_path / "bin" / name
        command.write_text(f"#!/bin/sh\n{text}\n")
        command.chmod(0o755)
    shutil.copytree(template, work / ".venv", symlinks=True)
    shutil.copytree(shelf, work / "wheels")
    for name in ("requirements.txt", "requirements.in", "constraints.txt"):
        (work / name).write_text("flask\nrich>=13\n")
    (work / "pins.txt").write_text("flask==20.1\n")
    for name in ("secret", "secret.txt", "token-file"):
        (work / name).write_text(f"{SECRET}\n")
    (work / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["flask"]\n'
        '[project.optional-dependencies]\ndocs = ["rich"]\ntest = ["httpx"]\n'
    )
    (work / "admit.toml").write_text(
        f'[[index]]\nname = "corp"\nurl = "{company.url}"\ndefault = true\n'
    )
    netrc = f"machine 127.0.0.1 login alice password {SECRET}\n"
    for name in (".netrc", ".pypinetrc"):
        path = tmp_path / "home" / name
        path.write_text(netrc)
        path.chmod(0o600)
    return work


def script_of(block: Block, url: str) -> str:
    """The commands as one script that ends at the first failure."""
    commands = "\n".join(block.commands)
    origin = url.removesuffix("/simple/")
    commands = commands.replace("/run/secrets/index", "secret.txt")
    commands = _ELSEWHERE.sub(origin, _INDEX.sub(url, commands))
    return f"set -e -o pipefail\n{commands}\n"


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.id)
def test_commands_of_documents_work(
    block: Block, desk_of: Path, company: IndexServer
) -> None:
    home = desk_of.parent
    if "admit venv" in block.text:
        shutil.rmtree(desk_of / ".venv")
    environment = {
        "HOME": str(home),
        "PATH": f"{home.parent}/bin:/usr/bin:/bin",
        "ADMIT_NO_FOREIGN_CONFIG": "1",
        "PYTHONIOENCODING": "utf-8",
        **dict.fromkeys(VARIABLES, SECRET),
    }
    done = subprocess.run(
        ["timeout", "60", "bash", "-c", script_of(block, company.url)],
        cwd=desk_of,
        env=environment,
        input=f"{SECRET}\n",
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )

    assert done.returncode == block.status, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_every_block_that_is_not_run_says_why() -> None:
    reasons = {each.id: each.reason_not_to_run for each in ALL}

    assert all(reason is None or len(reason) > 5 for reason in reasons.values())
    assert len(RUN) * 2 > len(ALL), "most commands of the documents are run"


FAKES = {
    "corp-token": "echo canary",
    "gcloud": "echo ya29.canary",
    "aws": 'echo \'{"username": "aws", "password": "canary", '
    '"expires": "2030-01-01T00:00:00+00:00"}\'',
}
"""What the vendors' commands would print."""


@pytest.mark.pain("E14")
@pytest.mark.parametrize("block", HELPERS, ids=lambda block: block.id)
def test_helpers_of_documents_answer_in_our_form(block: Block, tmp_path: Path) -> None:
    for name, body in {**FAKES, "helper": block.text}.items():
        path = tmp_path / name
        path.write_text(body if body.startswith("#!") else f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    done = subprocess.run(
        [str(tmp_path / "helper")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        input=b'{"version": 1}\n',
        capture_output=True,
        timeout=30,
        check=True,
    )

    answer = parse_answer(done.stdout)
    assert answer is not None
    assert answer.username
    assert "canary" in answer.secret.expose()
