"""Releases of the real keyring: before and since 25.2, without a backend, locked.

Each release has an environment of its own, made once by uv; admit is told its command.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, Behaviour
from admit.serve.server import IndexServer
from support.desk import Desk, make_template
from support.index import ALICE, SECRET
from support.real_keyring import PLAINTEXT, asked, run_with_tracebacks, use
from support.terminal import talk
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.exam, pytest.mark.network]

ENCRYPTED = "keyrings.alt.file.EncryptedKeyring"
KEY = "0pen-sesame"
OLD = ["18.0.0", "21.8.0", "23.13.1", "25.1.0"]
"""18 and 21 read their words by another parser and say otherwise what they miss."""
NEW = ["25.2.1", "25.7.0"]
"""25.2.0 has the option, and fails where it is used."""


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes an environment with these packages; returns its command `keyring`."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*packages: str) -> Path:
        if packages not in made:
            folder = tmp_path_factory.mktemp("keyring") / "venv"
            uv = [sys.executable, "-m", "uv"]
            for command in (
                [*uv, "venv", "--python", sys.executable, str(folder)],
                [*uv, "pip", "install", "--python", str(folder), *packages],
            ):
                done = subprocess.run(command, capture_output=True, check=False)
                assert done.returncode == 0, done.stderr.decode()
            made[packages] = folder / "bin" / "keyring"
        return made[packages]

    return make


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    folder = tmp_path / "wheels"
    folder.mkdir()
    build_wheel(folder, "mypackage", "2024.1")
    behaviour = Behaviour(DENIALS["401"])
    with IndexServer(folder, accounts=[ALICE], behaviour=behaviour) as server:
        yield server


def words(command: Path) -> list[str]:
    return ["--keyring", "subprocess", "--keyring-command", str(command)]


def keep(command: Path, desk: Desk, service: str) -> None:
    """Store alice's secret by the command of that release."""
    subprocess.run(
        [command, "set", service, "alice"],
        env=desk.environment(),
        input=f"{SECRET}\n",
        text=True,
        check=True,
        capture_output=True,
    )


def as_alice(server: IndexServer) -> str:
    return server.url.replace("://", "://alice@")


class TestReleases:
    @pytest.mark.pain("E5")
    @pytest.mark.pain("F8")
    @pytest.mark.parametrize("release", [*OLD, *NEW])
    def test_finds_the_password_of_a_named_user(
        self, desk: Desk, index: IndexServer, make: Callable[..., Path], release: str
    ) -> None:
        command = make(f"keyring=={release}", "keyrings.alt<6")
        desk.variables["PYTHON_KEYRING_BACKEND"] = PLAINTEXT
        keep(command, desk, index.url)

        ran = desk.succeed(
            "install", *words(command), "-i", as_alice(index), "mypackage"
        )

        assert "sage:" not in ran.stderr
        assert (index.anonymous, index.failed_logins) == ([], [])
        assert desk.installed == ["mypackage==2024.1"]

    @pytest.mark.pain("E5")
    @pytest.mark.parametrize("release", OLD)
    def test_before_25_2_it_is_told_of_as_one_that_must_be_told_a_name(
        self, desk: Desk, index: IndexServer, make: Callable[..., Path], release: str
    ) -> None:
        command = make(f"keyring=={release}", "keyrings.alt<6")
        desk.variables["PYTHON_KEYRING_BACKEND"] = PLAINTEXT
        keep(command, desk, index.url)

        ran = desk.fail("install", *words(command), "-i", index.url, "mypackage")

        assert "keyring is older than 25.2" in ran.stderr
        assert "must be told a user name" in ran.stderr
        assert "sage:" not in ran.stderr

    @pytest.mark.pain("E5")
    @pytest.mark.parametrize("release", NEW)
    def test_since_25_2_a_plugin_says_the_name_itself(
        self, desk: Desk, index: IndexServer, make: Callable[..., Path], release: str
    ) -> None:
        command = make(f"keyring=={release}", "keyrings.alt<6")
        use(desk, "Corp")
        desk.variables |= {"CORP_SERVICE": index.url, "CORP_SECRET": SECRET}

        desk.succeed("install", *words(command), "-i", index.url, "mypackage")

        assert asked(desk) == [(index.url, None)]
        assert (index.anonymous, index.failed_logins) == ([], [])

    @pytest.mark.pain("E9")
    @pytest.mark.pain("E10")
    @pytest.mark.parametrize("is_named", [False, True], ids=["nameless", "named"])
    def test_without_a_backend_it_is_an_error_and_no_miss(
        self, desk: Desk, index: IndexServer, make: Callable[..., Path], is_named: bool
    ) -> None:
        command = make("keyring==25.7.0")
        url = as_alice(index) if is_named else index.url

        ran = run_with_tracebacks(
            desk, "install", *words(command), "-i", url, "mypackage"
        )

        assert ran.status == 1
        assert "it has no backend on this machine" in ran.stderr
        assert index.requests == []


class TestLocked:
    """A file that must be opened with a key, which keyring asks for by itself."""

    @pytest.fixture
    def command(
        self, desk: Desk, index: IndexServer, make: Callable[..., Path]
    ) -> Path:
        command = make("keyring==25.7.0", "keyrings.alt<6", "pycryptodome<4")
        use(desk, ENCRYPTED)
        # `keyring set` reads the secret from a pipe and the key from a terminal.
        store = (
            "import getpass, keyring, sys; getpass.getpass = lambda *_: sys.argv[2]; "
            "keyring.set_password(sys.argv[1], 'alice', sys.argv[3])"
        )
        subprocess.run(
            [command.with_name("python"), "-c", store, index.url, KEY, SECRET],
            env=desk.environment(),
            check=True,
            capture_output=True,
        )
        desk.secrets.append(KEY)
        return command

    @pytest.mark.pain("E8")
    def test_is_opened_by_who_sits_at_the_terminal(
        self, desk: Desk, index: IndexServer, command: Path
    ) -> None:
        arguments = ["install", *words(command), "-i", as_alice(index), "mypackage"]

        said = talk(desk, arguments, {"Please enter password for encrypted": KEY})

        assert said.status == 0, said.text
        assert (index.anonymous, index.failed_logins) == ([], [])
        assert desk.installed == ["mypackage==2024.1"]

    @pytest.mark.pain("E2")
    @pytest.mark.pain("E10")
    def test_is_an_error_where_nobody_sits(
        self, desk: Desk, index: IndexServer, command: Path
    ) -> None:
        ran = run_with_tracebacks(
            desk, "install", *words(command), "-i", as_alice(index), "mypackage"
        )

        assert ran.status == 1
        assert "keyring failed" in ran.stderr
        assert index.requests == []

    @pytest.mark.pain("E2")
    def test_is_given_up_after_the_time_allowed(
        self, desk: Desk, index: IndexServer, command: Path
    ) -> None:
        arguments = ["install", *words(command), "-i", as_alice(index), "mypackage"]

        said = talk(desk, [*arguments, "--credential-timeout", "1"], {})

        assert said.status == 1
        assert "no answer within 1 seconds" in said.text
        assert index.requests == []
