"""The store as text, and which entry serves a URL."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit.auth.sources.private_file import read_private, rewrite
from admit.auth.sources.store import own_store
from admit.auth.store import (
    InvalidStore,
    Stored,
    choose_stored,
    format_store,
    parse_store,
    parse_uv_store,
    with_entry,
    without_entries,
)
from admit.spec.url import Secret, parse_url

if TYPE_CHECKING:
    from pathlib import Path


def stored(url: str, username: str = "alice", secret: str = "pw") -> Stored:
    return Stored(parse_url(url), username, Secret(secret))


def token(url: str) -> Stored:
    return Stored(parse_url(url), "", Secret("t0ken"), "bearer")


HOST = "https://pypi.corp.example"


class TestText:
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["/", "/a", "/a/simple/", "/b%20c/"]),
                st.text(max_size=8),
                st.text(max_size=8),
                st.booleans(),
            ),
            max_size=5,
        )
    )
    @settings(max_examples=100)
    def test_what_was_written_is_read_again(
        self, rows: list[tuple[str, str, str, bool]]
    ) -> None:
        entries: tuple[Stored, ...] = ()
        for path, user, secret, is_token in rows:
            url = parse_url(HOST + path)
            name, kind = ("", "bearer") if is_token else (user, "basic")
            entry = Stored(url, name, Secret(secret), kind, "2026-01-02")  # type: ignore[arg-type]  # one of two
            entries = with_entry(entries, entry)

        again = parse_store(format_store(entries))

        assert sorted(again, key=lambda each: each.key) == sorted(
            entries, key=lambda each: each.key
        )

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", "it is not JSON"),
            ("[]", "it has no `version`"),
            ("7", "it has no `version`"),
            ('"version"', "it has no `version`"),
            (
                '{"version": 1, "credentials": [{"url": "https://a:b@h/", '
                '"password": "x"}]}',
                "holds a user name",
            ),
            ("{}", "it has no `version`"),
            ('{"version": 2}', "another version"),
            ('{"version": 1, "credentials": {}}', "not a list"),
            ('{"version": 1, "credentials": [1]}', "not a table"),
            ('{"version": 1, "credentials": [{"url": "x"}]}', "`url` is not a URL"),
            (
                '{"version": 1, "credentials": [{"url": "https://h/"}]}',
                "neither `password` nor `token`",
            ),
            (
                '{"version": 1, "credentials": [{"url": "https://h/", "password": 1}]}',
                "`password` is not a text",
            ),
        ],
    )
    def test_what_is_no_store_is_said(self, text: str, expected: str) -> None:
        with pytest.raises(InvalidStore) as caught:
            parse_store(text)

        assert expected in caught.value.what

    def test_uv_writes_pairs_and_tokens(self) -> None:
        text = (
            '[[credential]]\nservice = "https://h.example/a"\nusername = "alice"\n'
            'scheme = "basic"\npassword = "pw"\n'
            '[[credential]]\nservice = "https://h.example/b"\nscheme = "bearer"\n'
            'token = "t"\n'
        )

        first, second = parse_uv_store(text)

        assert (first.username, first.secret.expose(), first.kind) == (
            "alice",
            "pw",
            "basic",
        )
        assert (second.secret.expose(), second.kind) == ("t", "bearer")
        with pytest.raises(InvalidStore, match="not TOML"):
            parse_uv_store("[")

    def test_an_empty_one_is_short(self) -> None:
        assert format_store(()) == '{\n  "version": 1,\n  "credentials": []\n}\n'


class TestChoice:
    @pytest.mark.pain("B4")
    @pytest.mark.pain("B5")
    @pytest.mark.pain("E13")
    @pytest.mark.parametrize(
        ("url", "username", "expected"),
        [
            ("/simple/", None, ["root"]),
            ("/team/simple/", None, ["team"]),
            ("/team/inner/simple/", None, ["inner"]),
            ("/teams/simple/", None, ["root"]),
            ("/team/inner/x/", "team", ["team"]),
            ("/team/inner/x/", "nobody", []),
            ("/team/inner/../x/", None, []),
            ("/two/", None, ["one", "other"]),
            ("/two/", "other", ["other"]),
        ],
    )
    def test_the_longest_prefix_of_whole_segments(
        self, url: str, username: str | None, expected: list[str]
    ) -> None:
        entries = [
            stored(f"{HOST}/", "root"),
            stored(f"{HOST}/team/", "team"),
            stored(f"{HOST}/team/inner", "inner"),
            stored(f"{HOST}/two", "one"),
            stored(f"{HOST}/two/", "other"),
        ]

        found = choose_stored(parse_url(HOST + url), entries, username)

        assert [each.username for each in found] == expected

    @pytest.mark.parametrize(
        "other",
        ["http://pypi.corp.example/", f"{HOST}:444/", "https://corp.example/"],
    )
    def test_another_origin_never_serves(self, other: str) -> None:
        assert choose_stored(parse_url(f"{HOST}/simple/"), [stored(other)]) == ()

    def test_a_token_is_for_nobody_with_a_name(self) -> None:
        entries = [token(f"{HOST}/")]

        assert choose_stored(parse_url(f"{HOST}/simple/"), entries) == tuple(entries)
        assert choose_stored(parse_url(f"{HOST}/simple/"), entries, "alice") == ()
        assert choose_stored(parse_url(f"{HOST}/simple/"), entries, "") == ()

    def test_a_later_login_replaces_an_earlier(self) -> None:
        new = stored(f"{HOST}/a", secret="new")

        assert with_entry([stored(f"{HOST}/a/"), stored(HOST)], new) == (
            stored(HOST),
            new,
        )

    def test_removing_is_exact(self) -> None:
        entries = (
            stored(f"{HOST}/a"),
            stored(f"{HOST}/a/b"),
            stored(f"{HOST}/a", "bob"),
        )
        url = parse_url(f"{HOST}/a/")

        assert without_entries(entries, url, None) == (entries[1],)
        assert without_entries(entries, url, "bob") == entries[:2]


class TestFile:
    @pytest.mark.pain("G8")
    def test_it_is_private_whatever_the_umask(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "er" / "file"
        before = os.umask(0)
        try:
            rewrite(str(path), lambda _: "text")
        finally:
            os.umask(before)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert read_private(str(path)) == "text"

    @pytest.mark.pain("G8")
    def test_a_change_that_fails_leaves_all_as_it_was(self, tmp_path: Path) -> None:
        path = str(tmp_path / "file")
        rewrite(path, lambda _: "old")

        def fail(text: str | None) -> str:
            raise ZeroDivisionError(text)

        with pytest.raises(ZeroDivisionError, match="old"):
            rewrite(path, fail)

        assert read_private(path) == "old"
        assert sorted(os.listdir(tmp_path)) == ["file", "file.lock"]

    def test_a_link_stays_a_link(self, tmp_path: Path) -> None:
        real, link = tmp_path / "real", tmp_path / "link"
        link.symlink_to(real)

        rewrite(str(link), lambda _: "text")

        assert link.is_symlink()
        assert real.read_text() == "text"

    def test_processes_write_one_after_the_other(self, tmp_path: Path) -> None:
        program = (
            "import sys\n"
            "from admit.auth.sources.store import own_store\n"
            "from admit.auth.store import Stored\n"
            "from admit.spec.url import Secret, parse_url\n"
            "store = own_store(sys.argv[1], '')\n"
            "for n in range(10):\n"
            "    url = parse_url(f'https://h.example/{sys.argv[2]}/{n}')\n"
            "    store.add(Stored(url, 'u', Secret('s')))\n"
        )
        command = [sys.executable, "-c", program, str(tmp_path)]
        running = [subprocess.Popen([*command, name]) for name in "abcd"]

        assert [each.wait(60) for each in running] == [0, 0, 0, 0]
        assert len(own_store(str(tmp_path), "").entries()) == 40
        assert json.loads((tmp_path / "credentials.json").read_text())["version"] == 1
