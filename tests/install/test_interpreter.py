"""Asking interpreters, and remembering what they said."""

from __future__ import annotations

import os
import platform
import struct
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.tags import sys_tags

from admit.env.asking import InterpreterFailed
from admit.env.elf import read_executable
from admit.env.interpreter import (
    Interpreter,
    InterpreterTooOld,
    cache_name,
    probe,
)
from admit.env.venv import create_venv


@pytest.fixture(scope="module")
def own() -> Interpreter:
    return probe(sys.executable)


def write_script(path: Path, text: str) -> str:
    """A fake interpreter: a shell script that prints."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_markers_are_those_of_packaging(own: Interpreter) -> None:
    expected = dict(default_environment())
    expected.pop("extra", None)

    assert own.environment == expected


def test_tags_are_those_of_packaging(own: Interpreter) -> None:
    assert list(own.target.tags) == [str(tag) for tag in sys_tags()]


def test_folders_are_those_of_sysconfig(own: Interpreter) -> None:
    paths = sysconfig.get_paths()

    assert own.scheme.purelib == paths["purelib"]
    assert own.scheme.platlib == paths["platlib"]
    assert own.scheme.scripts == paths["scripts"]
    assert own.scheme.data == paths["data"]
    assert own.prefix == sys.prefix
    assert own.base_prefix == sys.base_prefix
    assert own.version == platform.python_version()


def test_interpreter_of_a_venv_is_known_as_such(
    own: Interpreter, tmp_path: Path
) -> None:
    python = create_venv(str(tmp_path / "env"), own)

    found = probe(python)

    folder = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert found.is_venv
    assert found.executable == python
    assert found.scheme.executable == python
    assert found.scheme.purelib == f"{tmp_path}/env/lib/{folder}/site-packages"
    assert found.scheme.headers == f"{tmp_path}/env/include/site/{folder}"
    assert found.find_external_manager() is None
    assert found.site_folders == (found.scheme.purelib,)


def test_answer_is_remembered(own: Interpreter, tmp_path: Path) -> None:
    script = tmp_path / "python"
    script.symlink_to(sys.executable)
    cache_file = str(tmp_path / cache_name(str(script)))
    first = probe(str(script), cache_file)
    ran = Path(cache_file).stat().st_mtime_ns

    second = probe(str(script), cache_file)

    assert first == second
    assert first.facts == own.facts
    assert Path(cache_file).stat().st_mtime_ns == ran


@pytest.fixture
def counting(tmp_path: Path) -> tuple[str, Path]:
    """An interpreter that notes every start, and the file it notes them in."""
    log = tmp_path / "log"
    text = f'echo x >> "{log}"\nexec "{sys.executable}" "$@"'
    return write_script(tmp_path / "python", text), log


def test_asking_twice_runs_the_interpreter_once(
    counting: tuple[str, Path], tmp_path: Path
) -> None:
    python, log = counting

    probe(python, str(tmp_path / "cache"))
    probe(python, str(tmp_path / "cache"))

    assert log.read_text() == "x\n"


def touch_executable(python: Path) -> None:
    os.utime(python, ns=(1, time.time_ns() + 10**9))


def make_venv_file(python: Path) -> None:
    (python.parent / "pyvenv.cfg").write_text(f"home = {Path(sys.executable).parent}\n")


def damage_cache(python: Path) -> None:
    cache = python.parent / "cache"
    cache.write_bytes(cache.read_bytes().replace(b"pointer_size", b"pointer_sized"))


def cut_cache(python: Path) -> None:
    cache = python.parent / "cache"
    cache.write_bytes(cache.read_bytes()[:-9])


def swap_cache(python: Path) -> None:
    probe(sys.executable, str(python.parent / "cache"))


@pytest.mark.parametrize(
    "change",
    [touch_executable, make_venv_file, damage_cache, cut_cache, swap_cache],
    ids=lambda change: change.__name__,
)
def test_what_no_longer_holds_is_asked_again(
    change: object, counting: tuple[str, Path], tmp_path: Path
) -> None:
    python, log = counting
    probe(python, str(tmp_path / "cache"))

    assert callable(change)
    change(Path(python))
    probe(python, str(tmp_path / "cache"))

    assert log.read_text() == "x\nx\n"


def test_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    assert probe(sys.executable, str(tmp_path / "missing" / "cache")).version


def test_noise_of_path_files_is_no_answer(tmp_path: Path) -> None:
    text = f'echo noise; exec "{sys.executable}" "$@"; echo more'

    assert probe(write_script(tmp_path / "python", text)).version


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("exit 3", "status 3 and no answer", id="silent"),
        pytest.param("echo boom >&2; exit 1", "status 1: boom", id="stderr"),
        pytest.param("echo hello", "status 0 and no answer", id="other-program"),
        pytest.param("kill -9 $$", "status -9", id="killed"),
        pytest.param(
            r"printf 'a\033[31mred\n' >&2; exit 1", "a[31mred", id="control-characters"
        ),
        pytest.param(
            'printf "%s" "$3" | tr "\\n" " " >&2; exit 2',
            "ended with status 2, and took the question for a file's name",
            id="echo",
        ),
    ],
)
def test_interpreter_that_does_not_answer_is_told(
    text: str, why: str, tmp_path: Path
) -> None:
    python = write_script(tmp_path / "python", text)

    with pytest.raises(InterpreterFailed, match="cannot ask") as caught:
        probe(python)

    assert why in (caught.value.why or "")


def test_old_python_is_told(tmp_path: Path) -> None:
    text = r"printf 'admit-probe-7c1f\npython=2.7\nadmit-probe-7c1f'"

    with pytest.raises(InterpreterTooOld, match=r"is Python 2\.7") as caught:
        probe(write_script(tmp_path / "python", text))

    assert caught.value.why == "admit installs for Python 3.8 and newer"


def test_half_an_answer_is_told(tmp_path: Path) -> None:
    text = r"printf 'admit-probe-7c1f\npython=3.12\nadmit-probe-7c1f'"

    with pytest.raises(InterpreterFailed, match="cannot understand"):
        probe(write_script(tmp_path / "python", text))


def test_what_is_no_interpreter_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    dead = tmp_path / "dead"
    dead.symlink_to(missing)
    plain = tmp_path / "plain"
    plain.write_text("")

    reasons = {}
    for path in (missing, dead, plain, tmp_path):
        with pytest.raises(InterpreterFailed) as caught:
            probe(str(path))
        reasons[path] = caught.value.why

    assert reasons == {
        missing: "there is no such file",
        dead: f"it is a link to {missing}, which does not exist",
        plain: "it is not executable",
        tmp_path: "it is a folder",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "[externally-managed]\nError=Use apt.\n Or not.\n\n", "Use apt.\nOr not."
        ),
        pytest.param("[externally-managed]\nError-de=Nein.\n", ""),
        pytest.param("", ""),
    ],
    ids=["text", "other-language", "empty"],
)
def test_external_manager_is_quoted(
    text: str, said: str, own: Interpreter, tmp_path: Path
) -> None:
    (tmp_path / "EXTERNALLY-MANAGED").write_text(text)
    base = rebased(own, tmp_path)

    assert base.find_external_manager() == said


def rebased(own: Interpreter, stdlib: Path) -> Interpreter:
    """The same interpreter as if it were no venv and its library elsewhere."""
    return Interpreter(
        executable=own.executable,
        environment=own.environment,
        scheme=own.scheme,
        prefix=own.base_prefix,
        base_prefix=own.base_prefix,
        stdlib=str(stdlib),
        facts=own.facts,
    )


def test_nobody_manages_an_ordinary_interpreter(
    own: Interpreter, tmp_path: Path
) -> None:
    assert rebased(own, tmp_path).find_external_manager() is None


def elf(*, wide: bool, big: bool, machine: int, flags: int, loader: bytes) -> bytes:
    """An executable that is all headers."""
    order = ">" if big else "<"
    ident = b"\x7fELF" + bytes([2 if wide else 1, 2 if big else 1, 1]) + bytes(9)
    size, program = (64, 56) if wide else (52, 32)
    at = size + program
    layout = f"{order}HHIQQQIHHHHHH" if wide else f"{order}HHIIIIIHHHHHH"
    head = ident + struct.pack(
        layout, 2, machine, 1, 0, size, 0, flags, size, program, 1, 0, 0, 0
    )
    if wide:
        entry = struct.pack(f"{order}IIQQQQQQ", 3, 4, at, 0, 0, len(loader) + 1, 0, 1)
    else:
        entry = struct.pack(f"{order}IIIIIIII", 3, at, 0, 0, len(loader) + 1, 0, 4, 1)
    return head + entry + loader + b"\0"


@pytest.mark.parametrize("wide", [True, False], ids=["64", "32"])
@pytest.mark.parametrize("big", [True, False], ids=["big", "little"])
def test_loader_is_read_from_an_executable(
    wide: bool, big: bool, tmp_path: Path
) -> None:
    path = tmp_path / "python"
    path.write_bytes(
        elf(wide=wide, big=big, machine=62, flags=0, loader=b"/lib/ld-musl-x.so.1")
    )

    found = read_executable(str(path))

    assert found
    assert found.loader == "/lib/ld-musl-x.so.1"


@pytest.mark.parametrize(
    ("machine", "flags", "expected"),
    [
        pytest.param(40, 0x05000400, True, id="hard"),
        pytest.param(40, 0x05000200, False, id="soft"),
        pytest.param(40, 0x04000400, False, id="old-abi"),
        pytest.param(62, 0x05000400, False, id="not-arm"),
    ],
)
def test_float_abi_of_arm_is_read(
    machine: int, flags: int, expected: bool, tmp_path: Path
) -> None:
    path = tmp_path / "python"
    path.write_bytes(
        elf(wide=False, big=False, machine=machine, flags=flags, loader=b"x")
    )

    found = read_executable(str(path))

    assert found
    assert found.is_hard_float_arm is expected


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" * 20])
def test_what_is_no_executable_has_no_loader(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "python"
    path.write_bytes(content)

    found = read_executable(str(path))

    assert found is None or found.loader == ""


def test_this_interpreter_names_its_loader() -> None:
    found = read_executable(os.path.realpath(sys.executable))

    assert found
    assert Path(found.loader).exists()
