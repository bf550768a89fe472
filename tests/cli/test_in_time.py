"""In the middle of a run: a login ends, a password is wrong, a server waits.

Fifty projects at once, so that it shows if something is not done once a run only.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from support.counter import DENIED, Counter
from support.desk import Desk
from support.recording_server import RecordingServer, Said, status
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.recording_server import Seen

MANY = 50
OLD, NEW = "0ld-canary", "n3w-canary"


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty small wheels."""
    folder = tmp_path_factory.mktemp("crowd")
    for number in range(MANY):
        build_wheel(folder, f"p{number}", "1.0")
    return folder


@pytest.fixture
def counter(crowd: Path) -> Counter:
    return Counter(crowd, f"alice:{OLD}")


@pytest.fixture
def server(counter: Counter) -> Iterator[RecordingServer]:
    with RecordingServer(counter) as server:
        yield server


@pytest.fixture
def desk(tmp_path: Path, template: Path, server: RecordingServer) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets += [OLD, NEW]
    table = f'[[index]]\nname = "corp"\nurl = "{server.url()}"\ndefault = true\n'
    desk.write("admit.toml", table)
    return desk


def everything() -> list[str]:
    return [f"p{number}" for number in range(MANY)]


class Rotation:
    """After some requests the old token is refused, and the new one is right."""

    def __init__(self, counter: Counter, after: int) -> None:
        self.counter = counter
        self.left = after
        self.lock = threading.Lock()
        counter.refuse("*", self)

    def __call__(self, seen: Seen) -> Said:
        with self.lock:
            self.left -= 1
            valid = OLD if self.left >= 0 else NEW
        return self.counter.usual(seen) if seen.login == f"alice:{valid}" else DENIED


class TestAnExpiringToken:
    @pytest.mark.pain("I1")
    @pytest.mark.parametrize("after", [1, 20, 70])
    def test_is_asked_for_once_more_and_all_go_on(
        self, desk: Desk, server: RecordingServer, counter: Counter, after: int
    ) -> None:
        Rotation(counter, after)
        calls = desk.home / "calls"
        helper = desk.home / "helper"
        helper.write_text(
            "#!/bin/sh\nread -r question\n"
            f'echo x >> "{calls}"\n'
            f'if [ "$(wc -l < "{calls}")" -gt 1 ]; then secret={NEW}; '
            f"else secret={OLD}; fi\n"
            'echo "{\\"username\\": \\"alice\\", \\"password\\": \\"$secret\\"}"\n'
        )
        helper.chmod(0o755)
        path = desk.home / ".config/admit/admit.toml"
        path.parent.mkdir(parents=True)
        (desk.work / "admit.toml").rename(path)
        with path.open("a") as file:
            file.write(f'credential-helper = ["{helper}"]\n')

        desk.succeed("install", *everything())

        assert len(desk.installed) == MANY
        assert calls.read_text().split() == ["x", "x"]
        assert {each.user for each in server.seen} == {"alice"}

    @pytest.mark.pain("I1")
    def test_in_netrc_is_read_again(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {OLD}\n")
        rotation = Rotation(counter, 30)

        def rotate(seen: Seen) -> Said:
            if rotation.left == 0:
                desk.write_netrc(f"machine 127.0.0.1 login alice password {NEW}\n")
            return rotation(seen)

        counter.refusals = [("*", rotate)]

        desk.succeed("install", *everything())

        assert len(desk.installed) == MANY
        assert {each.user for each in server.seen} == {"alice"}


class TestAWrongPassword:
    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("code", [401, 403])
    def test_costs_one_failed_login_whatever_the_number_of_projects(
        self, desk: Desk, server: RecordingServer, counter: Counter, code: int
    ) -> None:
        counter.denied = status(code, WWW_Authenticate="Basic")
        desk.write_netrc("machine 127.0.0.1 login alice password wrong\n")

        ran = desk.fail("install", *everything())

        assert len(server.seen) <= 2
        assert desk.installed == []
        assert f"({code})" in ran.stderr

    @pytest.mark.pain("H5")
    def test_of_two_indexes_costs_each_one(
        self, desk: Desk, server: RecordingServer, counter: Counter, crowd: Path
    ) -> None:
        desk.write_netrc("machine 127.0.0.1 login alice password wrong\n")
        with RecordingServer(Counter(crowd, f"alice:{OLD}")) as other:
            desk.fail("install", "--index", f"b={other.url()}", *everything())

            assert len(other.seen) <= 2
        assert len(server.seen) <= 2


class TestAServerThatWaits:
    @pytest.mark.pain("H8")
    @pytest.mark.parametrize("code", [429, 503])
    def test_is_waited_for_with_the_same_login(
        self, desk: Desk, server: RecordingServer, counter: Counter, code: int
    ) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {OLD}\n")
        refused: list[str] = []

        def once(seen: Seen) -> Said:
            if seen.path in refused or len(refused) >= 5:
                return counter.usual(seen)
            refused.append(seen.path)
            return status(code, Retry_After="1")

        counter.refuse("/simple/*", once)

        desk.succeed("install", *everything())

        assert len(refused) == 5
        assert {each.login for each in server.seen} == {f"alice:{OLD}"}

    @pytest.mark.pain("H8")
    def test_is_not_waited_for_without_end(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {OLD}\n")
        counter.refuse("/simple/*", status(429, Retry_After="0"))

        ran = desk.fail("install", "p1")

        assert "fewer requests (429)" in ran.stderr
        assert len(server.seen) == 4
