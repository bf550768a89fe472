"""What builds say becomes lines; and their last words, advice."""

from __future__ import annotations

import sys

import pytest

from admit.build.advice import find_fix
from admit.build.log import Log, clean
from admit.build.tree import Tree
from admit.env.interpreter import Interpreter, probe
from admit.value import replace


def say(*chunks: bytes, secret: str = "hunter22") -> list[str]:
    log = Log(lambda text: text.replace(secret, "****"), None)
    for chunk in chunks:
        log.feed(chunk)
    log.end()
    return list(log.lines)


CALLER = """Traceback (most recent call last):
  File "/x/pyproject_hooks/_in_process/_in_process.py", line 406, in <module>
    main()
  File "C:\\x\\pyproject_hooks\\_in_process\\_in_process.py", line 38, in main
    json_out["return_val"] = hook(**hook_input["kwargs"])
                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/tree/backend/own.py", line 3, in build_wheel
    fail()
RuntimeError: no"""


def test_the_last_words_do_not_show_who_called_the_hook() -> None:
    log = Log(lambda text: text, None)
    log.feed(CALLER.encode() + b"\n")

    assert log.tail() == (
        "Traceback (most recent call last):",
        '  File "/tree/backend/own.py", line 3, in build_wheel',
        "    fail()",
        "RuntimeError: no",
    )


class TestLines:
    @pytest.mark.parametrize(
        ("chunks", "expected"),
        [
            pytest.param([b"a\nb\n"], ["a", "b"], id="newlines"),
            pytest.param([b"a", b"b\n", b"c"], ["ab", "c"], id="pieces"),
            pytest.param([b"a\r\nb\r\n"], ["a", "b"], id="windows"),
            pytest.param([b"a\r", b"\nb"], ["a", "b"], id="windows-in-pieces"),
            pytest.param([b"1%\r2%\r", b"3%\n"], ["1%", "2%", "3%"], id="progress"),
            pytest.param([b"\xff\xc3\xa9"], ["\ufffd\u00e9"], id="bad bytes"),
            pytest.param([b"\xc3", b"\xa9\n"], ["\u00e9"], id="a character in pieces"),
            pytest.param([b"\n\n"], ["", ""], id="empty"),
            pytest.param([], [], id="nothing"),
        ],
    )
    def test_are_what_stands_between_ends(
        self, chunks: list[bytes], expected: list[str]
    ) -> None:
        assert say(*chunks) == expected

    def test_that_never_end_are_cut_once(self) -> None:
        found = say(*[b"x" * 50_000] * 10, b"\nnext\n")

        assert [len(each) for each in found] == [2_001, 4]

    def test_that_are_cut_show_no_half_of_a_secret(self) -> None:
        found = say(b"x" * 1_995 + b"hunter22 and more\n")

        assert found == ["x" * 1_995 + "**** …"]

    def test_are_kept_by_the_hundred(self) -> None:
        assert len(say(b"x\n" * 10_000)) == 300

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain é", "plain é"),
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("\x1b(Btext\x1bM", "text"),
            ("a\tb", "a   b"),
            ("a\x00\x08\x7fb\u202e\u200b", "ab"),
            ("cut \x1b[", "cut "),
        ],
    )
    def test_hold_no_control_characters(self, text: str, expected: str) -> None:
        assert clean(text) == expected


@pytest.fixture(scope="module")
def python() -> Interpreter:
    return probe(sys.executable)


TREE = Tree("/tree", "widget-1.0.tar.gz")


def advise(line: str, python: Interpreter, *, is_isolated: bool = True) -> str | None:
    lines = ["before", line, "after"]
    return find_fix(lines, TREE, python, is_isolated=is_isolated)


class TestAdvice:
    @pytest.mark.parametrize(
        ("line", "compiler"),
        [
            ("error: command 'gcc' failed: No such file or directory", "gcc"),
            (
                "error: command '/bin/x86_64-linux-gnu-gcc-12' failed: No such file",
                "x86_64-linux-gnu-gcc-12",
            ),
            ("FileNotFoundError: [Errno 2] No such file or directory: 'g++'", "g++"),
            ("unable to execute 'clang': No such file or directory", "clang"),
            ("error: linker `cc` not found", "cc"),
        ],
    )
    def test_names_the_compiler_that_is_missing(
        self, line: str, compiler: str, python: Interpreter
    ) -> None:
        assert (advise(line, python) or "").startswith(
            f"install {compiler}, a compiler"
        )

    @pytest.mark.parametrize(
        "line",
        [
            "error: command 'gcc' failed with exit code 1",
            "No such file or directory: 'README.md'",
            "No such file or directory: 'src/gcc/notes'",
            "ImportError: cannot import name 'x' from 'y'",
            "fatal error: zlib.h: No such file or directory",
        ],
    )
    def test_is_none_where_it_may_not_help(
        self, line: str, python: Interpreter
    ) -> None:
        assert advise(line, python) is None

    def test_names_the_headers_of_this_python(self, python: Interpreter) -> None:
        line = "x.c:1:10: fatal error: Python.h: No such file or directory"
        version = python.environment["python_version"]

        assert f"(Debian: python{version}-dev)" in (advise(line, python) or "")

    def test_names_what_provides_a_module(self, python: Interpreter) -> None:
        line = "ModuleNotFoundError: No module named 'setuptools.command'"

        isolated = advise(line, python) or ""
        open_ = advise(line, python, is_isolated=False)

        assert "the project has to name what provides `setuptools` in" in isolated
        assert "--no-build-isolation" in isolated
        assert open_ == f"install what provides `setuptools` into {python.prefix}"

    def test_knows_that_distutils_is_gone(self, python: Interpreter) -> None:
        line = "ModuleNotFoundError: No module named 'distutils'"
        newer = replace(python, facts=replace(python.facts, python=(3, 12)))

        assert "no distutils any more" in (advise(line, newer) or "")
