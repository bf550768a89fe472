"""Full disks, targets that refuse, Ctrl-C, closed pipes: nothing is left half done."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import Answer
from admit.serve.server import IndexServer
from support.site import snapshot
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]

BIG = {"big/blob.bin": bytes(range(256)) * 8000}
ROOT = os.geteuid() == 0


@pytest.fixture
def big(tmp_path: Path) -> Iterator[IndexServer]:
    """A wheel of two megabytes, which depends on a small one."""
    folder = tmp_path / "shelf"
    build_wheel(folder, "big", "1.0", files=BIG, requires=["small"], compression=0)
    build_wheel(folder, "small", "1.0")
    with IndexServer(folder, public=["*"]) as server:
        yield server


class Running:
    """An admit under way."""

    def __init__(self, desk: Desk, *arguments: str, **options: object) -> None:
        self.desk = desk
        self.arguments = arguments
        self.process: subprocess.Popen[str] = subprocess.Popen(
            desk.command(*arguments),
            cwd=desk.work,
            env=desk.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]  # options of Popen
        )

    def interrupt_when(self, is_so: Callable[[], object]) -> None:
        """Press Ctrl-C as soon as something is so, or the process has ended."""
        deadline = time.monotonic() + 30
        while not is_so() and self.process.poll() is None:
            assert time.monotonic() < deadline, "it did not come to that"
            time.sleep(0.01)
        self.process.send_signal(signal.SIGINT)

    def end(self) -> int:
        """Wait for its end, which is held to what is true of every run."""
        stdout, stderr = self.process.communicate(timeout=60)
        status = self.process.returncode
        self.desk.keep(self.arguments, status, stdout, stderr)
        return status


def limit_files() -> None:
    """What a full disk is to whoever writes more than a megabyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


class TestInterrupts:
    def test_while_resolving(
        self, desk: Desk, index: IndexServer, golden: Golden
    ) -> None:
        index.script("/simple/alpha/", Answer(200, (), b"x" * 99, pace=(1, 60)))
        before = snapshot(desk.venv)

        running = Running(desk, "install", "alpha")
        running.interrupt_when(lambda: index.requests)

        assert running.end() == 130
        assert snapshot(desk.venv) == before
        golden(desk)

    def test_while_downloading(
        self, desk: Desk, big: IndexServer, golden: Golden
    ) -> None:
        body = Answer(200, (), BIG["big/blob.bin"], pace=(1000, 0.5))
        big.script("*big-1.0*.whl", body)
        before = snapshot(desk.venv)

        running = Running(desk, "install", "-i", big.url, "big")
        running.interrupt_when(lambda: big.seen("*big-1.0*.whl"))

        assert running.end() == 130
        assert snapshot(desk.venv) == before
        leftovers = [
            each for each in desk.cache.rglob("*") if each.stat().st_size > 9000
        ]
        assert leftovers == []
        golden(desk)

    def test_while_installing(self, desk: Desk, tmp_path: Path) -> None:
        files = {f"many/part{n % 40}/m{n}.py": f"{n}\n" for n in range(1500)}
        wheel = build_wheel(tmp_path, "many", "1.0", files=files, compression=0)
        before = snapshot(desk.venv)

        running = Running(desk, "install", "--no-deps", str(wheel))
        running.interrupt_when(lambda: (desk.site / "many").exists())

        status = running.end()
        after = snapshot(desk.venv)
        if status == 130:
            assert after == before
        else:
            # It was faster; that is no failure.
            assert status == 0
            assert desk.installed == ["many==1.0"]
        desk.succeed("list")


class TestClosedPipes:
    def test_stdout_closed_early(self, desk: Desk) -> None:
        desk.succeed("install", "-q", "gamma[fast]")
        reading, writing = os.pipe()
        os.close(reading)

        done = subprocess.run(
            desk.command("list"),
            cwd=desk.work,
            env=desk.environment(),
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writing)

        assert (done.stderr, done.returncode) == (b"", 120)

    @pytest.mark.parametrize("closed", [0, 1, 2])
    def test_a_stream_that_is_not_there(self, desk: Desk, closed: int) -> None:
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                f'exec "$@" {closed}>&-',
                "sh",
                *desk.command("install", "-q", "alpha"),
            ],
            cwd=desk.work,
            env=desk.environment(),
            capture_output=True,
            check=False,
        )

        assert b"Traceback" not in done.stderr
        assert done.returncode == 0
        assert desk.installed == ["alpha==2.0"]


class TestDisks:
    @pytest.mark.parametrize("options", [[], ["--no-cache"]], ids=["cache", "no cache"])
    def test_a_full_one(
        self, desk: Desk, big: IndexServer, golden: Golden, options: list[str]
    ) -> None:
        before = snapshot(desk.venv)

        running = Running(
            desk, "install", *options, "-i", big.url, "big", preexec_fn=limit_files
        )

        assert running.end() == 1
        assert snapshot(desk.venv) == before
        assert list(desk.cache.rglob("*.whl")) == []
        golden(desk)

    def test_a_full_one_when_the_cache_has_the_files(
        self, desk: Desk, tmp_path: Path, golden: Golden
    ) -> None:
        folder = tmp_path / "shelf"
        build_wheel(folder, "big", "1.0", files=BIG)
        with IndexServer(folder, public=["*"]) as server:
            desk.variables["ADMIT_INDEX_URL"] = server.url
            desk.succeed("install", "big")
            desk.succeed("uninstall", "big")
            before = snapshot(desk.venv)

            running = Running(
                desk, "install", "--link-mode=copy", "big", preexec_fn=limit_files
            )

            assert running.end() == 1
        assert snapshot(desk.venv) == before
        golden(desk)

    @pytest.mark.skipif(ROOT, reason="root may write anywhere")
    def test_a_target_that_is_read_only(self, desk: Desk, golden: Golden) -> None:
        desk.site.chmod(0o555)
        try:
            desk.fail("install", "alpha")
        finally:
            desk.site.chmod(0o755)

        assert desk.installed == []
        golden(desk)

    def test_a_target_that_is_a_file(self, desk: Desk, golden: Golden) -> None:
        """What read-only is to root: the folder of packages cannot be written to."""
        site = desk.site
        site.rmdir()
        site.write_text("in the way")

        desk.fail("install", "alpha")

        assert site.read_text() == "in the way"
        golden(desk)

    def test_a_cache_that_cannot_be_written(self, desk: Desk, golden: Golden) -> None:
        desk.write("file", "in the way")

        ran = desk.run("install", "--cache-dir", "file/cache", "alpha")

        assert ran.status in (0, 1)
        golden(desk)
