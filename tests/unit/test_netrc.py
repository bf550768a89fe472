"""The netrc parser and which file counts."""

from __future__ import annotations

import netrc
import os
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from admit.auth.sources.netrc import (
    Entry,
    InvalidNetrc,
    NetrcFile,
    entries_for,
    parse_netrc,
    read_netrc,
)
from admit.auth.sources.netrc_answers import choose_entry
from admit.auth.sources.place import Complete, Unusable, UserOnly
from admit.spec.url import Origin, Secret

if TYPE_CHECKING:
    from pathlib import Path


def entry(
    machine: str | None, login: str | None, password: str | None, line: int = 1
) -> Entry:
    return Entry(machine, login, None if password is None else Secret(password), line)


@pytest.mark.pain("D5")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(
            "machine h login a password p", [entry("h", "a", "p")], id="one line"
        ),
        pytest.param(
            "machine h\n  login a\n\tpassword p\n", [entry("h", "a", "p")], id="lines"
        ),
        pytest.param(
            "machine h user a account x password p",
            [entry("h", "a", "p")],
            id="user and account",
        ),
        pytest.param(
            "default login a password p", [entry(None, "a", "p")], id="default"
        ),
        pytest.param(
            "machine h login a password p\nmachine h login b password q",
            [entry("h", "a", "p"), entry("h", "b", "q", 2)],
            id="two logins of one machine are both kept",
        ),
        pytest.param(
            'machine h login "a b" password "p\\"q"',
            [entry("h", "a b", 'p"q')],
            id="quotes and escapes",
        ),
        pytest.param(
            "machine h login a\\ b password p\\\\q",
            [entry("h", "a b", "p\\q")],
            id="backslashes",
        ),
        pytest.param(
            "machine h login a password #p#q",
            [entry("h", "a", "#p#q")],
            id="hash secret",
        ),
        pytest.param(
            "# a comment\n#another one\nmachine h login a password p # end\n"
            "machine i login b password q",
            [entry("h", "a", "p", 3), entry("i", "b", "q", 4)],
            id="comments",
        ),
        pytest.param(
            "machine h # why\nlogin a # who\npassword p",
            [entry("h", "a", "p")],
            id="comments within an entry",
        ),
        pytest.param(
            "macdef init\ncd /pub\nbin\n\nmachine h login a password p",
            [entry("h", "a", "p", 5)],
            id="macro",
        ),
        pytest.param("machine h login a", [entry("h", "a", None)], id="no password"),
        pytest.param(
            "machine h login a password p\nmacdef m\nmachine x\n\nmachine i login b",
            [entry("h", "a", "p"), entry("i", "b", None, 5)],
            id="macro after an entry",
        ),
        pytest.param(
            "machine h login a password", [entry("h", "a", None)], id="cut off"
        ),
        pytest.param(
            'machine h login a password p"q',
            [entry("h", "a", 'p"q')],
            id="quote inside",
        ),
        pytest.param(
            "machine h login a password p\\",
            [entry("h", "a", "p")],
            id="backslash at the end",
        ),
        pytest.param(
            "machine h login a password p #", [entry("h", "a", "p")], id="last comment"
        ),
        pytest.param(
            'machine h login a password ""', [entry("h", "a", "")], id="empty password"
        ),
        pytest.param("machine h password p", [entry("h", None, "p")], id="no login"),
        pytest.param(
            "machine h login machine password default",
            [entry("h", "machine", "default")],
            id="keywords as values",
        ),
    ],
)
def test_a_netrc_is_read_entry_by_entry(text: str, expected: list[Entry]) -> None:
    assert list(parse_netrc(text)) == expected


@pytest.mark.pain("D5")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("mashine h login a password s3cret", 1, id="unknown word"),
        pytest.param("\n\ns3cret", 3, id="unknown word alone"),
        pytest.param('"#s3cret"', 1, id="quoted mark of a comment"),
        pytest.param('machine h\n"#s3cret"', 2, id="the same in an entry"),
        pytest.param("machine h login a\npasword s3cret", 2, id="unknown follower"),
        pytest.param("\n\nmachine", 3, id="no host"),
        pytest.param('machine h login a\npassword "s3cret', 2, id="open quote"),
        pytest.param("macdef init\ns3cret", 1, id="macro without end"),
        pytest.param("machine h login a password my s3cret", 1, id="blank in a secret"),
    ],
)
def test_a_syntax_error_names_line_and_expectation_but_no_text(
    text: str, line: int
) -> None:
    with pytest.raises(InvalidNetrc, match=rf"line {line}: expected ") as caught:
        parse_netrc(text)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "machine h login a password p",
        'machine h login "a b" password p\\ q\n\ndefault login x password y\n',
        "macdef m\nx\n\n# comment\nmachine h login a account b password c",
        "machine h login a password p # c d e\n machine i login b password q",
        "machine a\nlogin b\n#x\npassword c",
    ],
)
def test_it_agrees_with_the_standard_library(text: str, tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text(text)
    expected = netrc.netrc(str(file)).hosts

    found = {
        each.machine or "default": (each.login or "", each.password)
        for each in parse_netrc(text)
    }

    assert found == {
        host: (login, Secret(secret or ""))
        for host, (login, _, secret) in expected.items()
    }


@pytest.mark.pain("B6")
@pytest.mark.pain("D6")
def test_a_port_in_the_machine_is_more_exact_than_the_host() -> None:
    file = NetrcFile(
        "x",
        "x",
        parse_netrc(
            "machine h:8443 login a password p\nmachine H login b password q\n"
            "machine other login c password r"
        ),
    )

    exact, loose = entries_for(file, Origin("https", "h", 8443))

    assert [each.login for each in exact] == ["a"]
    assert [each.login for each in loose] == ["b"]
    assert entries_for(file, Origin("https", "h", 443))[0] == ()


def test_ipv6_machines_match_with_and_without_brackets() -> None:
    text = "machine ::1 login a password p\nmachine [::1]:80 login b password q"
    file = NetrcFile("x", "x", parse_netrc(text))

    exact, loose = entries_for(file, Origin("http", "::1", 80))

    assert [each.login for each in exact + loose] == ["b", "a"]


def write(path: Path, text: str = "machine h login a password p\n") -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.mark.pain("D3")
@pytest.mark.parametrize("name", [".netrc", "_netrc"])
@pytest.mark.pain("D7")
def test_the_home_folder_is_looked_at(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)

    file = read_netrc({}, str(tmp_path))

    assert (file.shown, len(file.entries), file.warnings) == (f"~/{name}", 1, ())


@pytest.mark.pain("D3")
def test_a_tilde_in_the_variable_is_the_home_folder(tmp_path: Path) -> None:
    write(tmp_path / ".pypinetrc")

    file = read_netrc({"NETRC": "~/.pypinetrc"}, str(tmp_path))

    assert (file.shown, len(file.entries)) == ("~/.pypinetrc", 1)


@pytest.mark.pain("D3")
@pytest.mark.parametrize("name", ["~other/.netrc", "x/.netrc"])
def test_another_users_tilde_and_a_folder_of_one_letter_are_taken_as_written(
    name: str, tmp_path: Path
) -> None:
    write(tmp_path / ".netrc")

    assert read_netrc({"NETRC": name}, str(tmp_path)).path == name


@pytest.mark.pain("D3")
def test_a_tilde_alone_is_the_home_folder(tmp_path: Path) -> None:
    assert read_netrc({"NETRC": "~"}, str(tmp_path)).path == str(tmp_path)


@pytest.mark.pain("D4")
def test_the_variable_excludes_every_other_file(tmp_path: Path) -> None:
    write(tmp_path / ".netrc")

    file = read_netrc({"NETRC": str(tmp_path / "missing")}, str(tmp_path))

    assert file.entries == ()
    assert file.is_chosen
    assert file.trouble == "no such file or directory"
    assert file.warnings == (), "it is an error"


@pytest.mark.pain("D4")
def test_a_directory_as_netrc_is_trouble(tmp_path: Path) -> None:
    assert read_netrc({"NETRC": str(tmp_path)}, str(tmp_path)).trouble == (
        "is a directory"
    )


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    write(tmp_path / ".netrc")

    assert len(read_netrc({"NETRC": ""}, str(tmp_path)).entries) == 1


def test_no_file_is_no_trouble(tmp_path: Path) -> None:
    file = read_netrc({}, str(tmp_path))

    assert (file.path, file.trouble, file.warnings) == (None, None, ())


@pytest.mark.pain("D5")
def test_a_syntax_error_warns_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path / ".netrc", "machine pypi.corp.example\nlogn s3cret")

    file = read_netrc({}, str(tmp_path))

    assert file.warnings == (
        "~/.netrc:2: expected `login`, `password`, `account` or the next `machine`; "
        "the file is not used",
    )
    assert file.names("PyPI.corp.example")
    assert not file.names("other.example")


def test_bytes_that_are_no_utf8_are_a_syntax_error_with_their_line(
    tmp_path: Path,
) -> None:
    (tmp_path / ".netrc").write_bytes(b"machine h\nlogin a password \xff\xfe")

    file = read_netrc({}, str(tmp_path))

    assert file.warnings == ("~/.netrc:2: expected UTF-8 text; the file is not used",)


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_bytes(
        b"\xef\xbb\xbfmachine h\r\nlogin a\rpassword p\r\n"
    )

    assert read_netrc({}, str(tmp_path)).entries == (entry("h", "a", "p"),)


@pytest.mark.pain("D10")
@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "text", "count"),
    [
        pytest.param(0o644, "machine h login a password p", 1, id="open"),
        pytest.param(0o640, "machine h login a password p", 0, id="group"),
        pytest.param(0o644, "machine h login a", 0, id="nothing secret"),
    ],
)
def test_a_netrc_that_everyone_can_read_is_one_warning(
    mode: int, text: str, count: int, tmp_path: Path
) -> None:
    write(tmp_path / ".netrc", text).chmod(mode)

    file = read_netrc({}, str(tmp_path))

    assert len(file.warnings) == count
    assert len(file.entries) == 1


@pytest.mark.pain("D10")
@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_one_secret_among_entries_is_enough_to_warn(tmp_path: Path) -> None:
    text = "machine h login a\nmachine i login b password p"
    write(tmp_path / ".netrc", text).chmod(0o644)

    assert len(read_netrc({}, str(tmp_path)).warnings) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes with names are POSIX's")
def test_a_pipe_is_read_and_its_mode_is_nobodys_business(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    pipe.chmod(0o644)
    writer = Thread(target=pipe.write_text, args=["machine h login a password p"])
    writer.start()

    file = read_netrc({"NETRC": str(pipe)}, str(tmp_path))
    writer.join()

    assert (len(file.entries), file.warnings) == (1, ())


@pytest.mark.pain("D6")
@pytest.mark.parametrize("machine", ["https://h/simple", "a@h"])
def test_a_url_as_machine_is_warned_of(machine: str, tmp_path: Path) -> None:
    write(tmp_path / ".netrc", f"\nmachine {machine} login a password p")

    (warning,) = read_netrc({}, str(tmp_path)).warnings

    assert warning.startswith("~/.netrc:2: `machine` takes a host or host:port")


def test_an_endless_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    write(tmp_path / "big", "#" * (1024 * 1024 + 1))

    file = read_netrc({"NETRC": str(tmp_path / "big")}, str(tmp_path))

    assert file.trouble == "it is over 1 MiB long"
    write(tmp_path / "big", "#" * (1024 * 1024))
    assert read_netrc({"NETRC": str(tmp_path / "big")}, str(tmp_path)).trouble is None


class TestWhichEntryOfAMachineAnswers:
    @staticmethod
    def answer(text: str, username: str | None = None) -> str:
        file = NetrcFile("x", "~/.netrc", parse_netrc(text))
        match choose_entry(file.entries, username, file):
            case Complete(found):
                return f"{found.username}:{found.secret.expose()} ({found.detail})"
            case Unusable(problem):
                return f"{problem.what} | {problem.fix}"
            case UserOnly(known, _):
                return f"{known} without a secret"
            case _:
                return "nothing"

    @pytest.mark.parametrize(
        ("text", "username", "expected"),
        [
            pytest.param("login a", None, "a without a secret", id="half"),
            pytest.param("password p", "", ":p (~/.netrc line 1)", id="nobody named"),
            pytest.param("password p", "a", "nothing", id="somebody else named"),
            pytest.param(
                'password p machine h login "" password p',
                None,
                ":p (~/.netrc line 1)",
                id="no login and an empty one are the same",
            ),
        ],
    )
    def test_one_that_fits(
        self, text: str, username: str | None, expected: str
    ) -> None:
        assert self.answer(f"machine h {text}", username) == expected

    @pytest.mark.pain("D2")
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                "machine h login a password p machine h login b password p",
                "~/.netrc has several entries for h: a in line 1, b in line 1 | say "
                "which one with a user name in the URL of the index: `https://a@h/…`",
                id="two users of one password",
            ),
            pytest.param(
                "machine h password p machine h password q",
                "~/.netrc has several entries for h: no login in line 1, no login in "
                "line 1 | say which one with a user name in the URL of the index: "
                "`https://USER@h/…`",
                id="without a login",
            ),
            pytest.param(
                "default login a password p default login b password q",
                "~/.netrc has several entries for default: a in line 1, b in line 1 | "
                "say which one with a user name in the URL of the index: "
                "`https://a@HOST/…`",
                id="defaults",
            ),
        ],
    )
    def test_several_are_an_error_that_lists_them(
        self, text: str, expected: str
    ) -> None:
        assert self.answer(text) == expected

    @pytest.mark.parametrize(
        ("text", "is_error"),
        [
            pytest.param("machine h login", True, id="login cut off"),
            pytest.param('machine h password ""', True, id="empty password alone"),
            pytest.param("machine h", False, id="nothing begun"),
            pytest.param("default login", False, id="of default"),
        ],
    )
    def test_one_that_is_cut_off_is_an_error_of_its_machine(
        self, text: str, is_error: bool
    ) -> None:
        answer = self.answer(text)

        told = "~/.netrc line 1 names h, but neither user nor password"
        assert answer.partition(" | ")[0] == (told if is_error else "nothing")
