"""Backends that fail: what is told of it, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.build.backend import BuildFailed
from support.source_tree import make_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.workshop import Shop

TESTS = Path(__file__).parent.parent


def fail(shop: Shop, tmp_path: Path, extra: str, **options: object) -> BuildFailed:
    """Build a tree whose backend ends with `extra`, and which must fail."""
    tree = make_tree(tmp_path / "tree", extra=extra)

    with pytest.raises(BuildFailed, match=r"cannot build widget 1\.0 from") as caught:
        shop.builder(**options).wheel(tree, str(shop.wheels))

    return caught.value


class TestAFailure:
    def test_tells_hook_and_status_and_last_words(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        error = fail(
            shop,
            tmp_path,
            "def build_wheel(*_):\n"
            "    for number in range(100): print('line', number)\n"
            "    sys.exit(7)",
        )

        assert error.what == "cannot build widget 1.0 from widget-1.0.tar.gz"
        assert error.why is not None
        first, *lines = error.why.splitlines()
        assert first == (
            "build_wheel of its backend own ended with status 7; it said at the end"
        )
        assert lines == [f"  line {number}" for number in range(70, 100)]
        assert error.fix is None

    def test_shows_the_traceback(self, shop: Shop, tmp_path: Path) -> None:
        error = fail(shop, tmp_path, "def build_wheel(*_): raise OSError('no luck')")

        assert (error.why or "").endswith("OSError: no luck")

    def test_shows_neither_secrets_nor_control_characters(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        error = fail(
            shop,
            tmp_path,
            r"""
            def build_wheel(*_):
                print("\x1b[31mred\x1b[m hunt\x1b[1mer22 \x07\x1b]0;me\x07end\u202e")
                sys.exit(1)
            """,
        )

        assert (error.why or "").splitlines()[1] == "  red **** end"
        assert "red **** end" in shop.lines

    def test_by_a_signal_names_it(self, shop: Shop, tmp_path: Path) -> None:
        code = (
            "import signal\ndef build_wheel(*_): os.kill(os.getpid(), signal.SIGSEGV)"
        )
        error = fail(shop, tmp_path, code)

        assert error.why == (
            "build_wheel of its backend own was killed by SIGSEGV, and said nothing"
        )

    def test_without_an_answer_is_one(self, shop: Shop, tmp_path: Path) -> None:
        error = fail(shop, tmp_path, "def build_wheel(*_): print('bye'); os._exit(0)")

        assert "ended without an answer" in (error.why or "")

    def test_to_import_the_backend_shows_why(self, shop: Shop, tmp_path: Path) -> None:
        error = fail(shop, tmp_path, "import not_there.at_all")

        assert error.why is not None
        assert error.why.startswith("its backend own cannot be imported; it said")
        assert "No module named 'not_there'" in error.why
        assert "has to name what provides `not_there` in `build-system.requires`" in (
            error.fix or ""
        )

    def test_of_one_that_is_not_in_its_path(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")
        (tmp_path / "tree/backend/own.py").unlink()

        with pytest.raises(BuildFailed) as caught:
            shop.builder().metadata(tree)

        assert "its backend own cannot be imported" in (caught.value.why or "")

    def test_to_prepare_is_one_too(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(
            tmp_path / "tree",
            extra="def prepare_metadata_for_build_wheel(*_): return 'x.dist-info'",
        )

        with pytest.raises(BuildFailed) as caught:
            shop.builder().metadata(tree)

        assert "says that it made x.dist-info, and did not" in (caught.value.why or "")

    @pytest.mark.parametrize(
        ("extra", "why"),
        [
            pytest.param(
                "os.mkdir(f + '/x.dist-info'); return 'x.dist-info'",
                "without METADATA",
                id="no METADATA",
            ),
            pytest.param(
                "VERSION.x", "AttributeError: 'str' object has no", id="an exception"
            ),
            pytest.param(
                "os.mkdir(f + '/x.dist-info');"
                " open(f + '/x.dist-info/METADATA', 'w').write('Name: a\\n');"
                " return 'x.dist-info'",
                "it has no field Version",
                id="half of METADATA",
            ),
        ],
    )
    def test_of_metadata_is_told(
        self, extra: str, why: str, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(
            tmp_path / "tree",
            extra=f"def prepare_metadata_for_build_wheel(f, *_): {extra}",
        )

        with pytest.raises(BuildFailed) as caught:
            shop.builder().metadata(tree)

        assert why in (caught.value.why or "")

    def test_to_read_what_is_said_is_the_listener_s(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        """A closed pipe of ours is no fault of the backend."""
        tree = make_tree(
            tmp_path / "tree", extra="def build_wheel(*_): print('a line')"
        )

        def on_line(_: str) -> None:
            raise BrokenPipeError

        with pytest.raises(BrokenPipeError):
            shop.builder(on_line=on_line).wheel(tree, str(shop.wheels))


def test_warnings_of_a_backend_are_lines(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path / "tree",
        extra="import warnings\ndef get_requires_for_build_wheel(*_):\n"
        "    warnings.warn('old hunter22')\n    return []",
    )

    shop.builder().metadata(tree)

    assert "warning: old ****" in shop.lines


def test_lines_come_while_the_hook_runs(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path / "tree",
        extra="""
        import time
        def build_wheel(folder, *_):
            print("ready?")
            end = time.monotonic() + 20
            while not os.path.exists("go"):
                time.sleep(0.01)
                assert time.monotonic() < end, "nobody has read it"
            return write_wheel(folder, {})
        """,
    )

    def on_line(line: str) -> None:
        if line == "ready?":
            (tmp_path / "tree/go").touch()

    assert shop.builder(on_line=on_line).wheel(tree, str(shop.wheels))


@pytest.fixture
def typing() -> Iterator[None]:
    """Somebody types into this process."""
    before = os.dup(0)
    reading, writing = os.pipe()
    os.write(writing, b"typed")
    os.close(writing)
    os.dup2(reading, 0)
    yield
    os.dup2(before, 0)
    os.close(before)
    os.close(reading)


@pytest.mark.usefixtures("typing")
def test_hooks_have_nothing_to_read_and_no_terminal(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(
        tmp_path / "tree",
        extra="""
        def build_wheel(folder, *_):
            print("read", repr(sys.stdin.read()))
            print("leads", os.getpid() == os.getsid(0))
            return write_wheel(folder, {})
        """,
    )

    shop.builder().wheel(tree, str(shop.wheels))

    assert shop.lines == ["read ''", "leads True"]


SLEEPER = """
import subprocess
def build_wheel(folder, *_):
    started = subprocess.Popen([sys.executable, "-c", {code!r}])
    print("started", started.pid)
    {then}
    return write_wheel(folder, {{}})
"""
FOREVER = "import time; time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); " + FOREVER


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    except FileNotFoundError:
        return False


def wait_until(condition: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.02)
    assert condition()  # type: ignore[operator]


def started(lines: list[str]) -> int:
    (pid,) = (int(line.split()[1]) for line in lines if line.startswith("started"))
    return pid


def test_a_build_that_leaves_children_does_not_hang_and_they_end(
    shop: Shop, tmp_path: Path
) -> None:
    tree = make_tree(tmp_path / "tree", extra=SLEEPER.format(code=DEAF, then="pass"))
    begin = time.monotonic()

    shop.builder().wheel(tree, str(shop.wheels))

    assert time.monotonic() - begin < 30
    wait_until(lambda: not is_running(started(shop.lines)))


def test_an_interrupt_ends_all_that_the_build_started(
    shop: Shop, tmp_path: Path
) -> None:
    tree = make_tree(
        tmp_path / "tree",
        extra=SLEEPER.format(code=DEAF, then="started.wait()"),
    )

    def on_line(line: str) -> None:
        shop.lines.append(line)
        raise KeyboardInterrupt

    builder = shop.builder(on_line=on_line)
    with pytest.raises(KeyboardInterrupt):
        builder.wheel(tree, str(shop.wheels))

    wait_until(lambda: not is_running(started(shop.lines)))
    (own,) = shop.left
    assert os.listdir(shop.scratch / own) == []


KILLED = """
import os, sys
from pathlib import Path
from support.source_tree import make_tree
from support.workshop import Shop
from admit.env.interpreter import probe

folder = Path(sys.argv[1])
tree = make_tree(folder / "tree", extra=Path(sys.argv[2]).read_text())
shop = Shop(folder, probe(sys.executable))
say = lambda line: print(line, flush=True)
with shop.builder(on_line=say, environ=dict(os.environ)) as builder:
    builder.wheel(tree, str(shop.wheels))
"""
TIDY = """
import tempfile, time
def build_wheel(folder, *_):
    with tempfile.TemporaryDirectory(prefix="of-the-build-"):
        print("started", os.getpid(), flush=True)
        time.sleep(600)
"""


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    """As a person does it: SIGINT to the process that builds, and to it alone."""
    (tmp_path / "extra.py").write_text(TIDY)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(tmp_path / "extra.py")],
        env={"PYTHONPATH": str(TESTS), "TMPDIR": str(temporary), "PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        pid = int(child.stdout.readline().split()[1])
        assert is_running(pid)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)

    assert "KeyboardInterrupt" in said
    assert not is_running(pid)
    assert os.listdir(tmp_path / "scratch") == []
    assert not (tmp_path / "wheels").exists()
    # The backend itself was given the time to tidy up.
    assert os.listdir(temporary) == []
