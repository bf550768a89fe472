"""The store on this machine: what it answers, and what is said when it cannot."""

from __future__ import annotations

import os
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources import Search, private_file
from admit.auth.sources.place import Complete, Missing, Question, Unusable
from admit.auth.sources.private_file import (
    LARGEST,
    CannotWritePrivately,
    is_open_to_others,
    read_private,
    rewrite,
)
from admit.auth.sources.store import Store, StoreUnreadable, own_store, uv_store
from admit.auth.store import Stored
from admit.spec.url import Secret, parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.auth.scheme import Credential, Kind
    from admit.auth.sources.place import Answer

HOST = "https://pypi.corp.example"
CORP = Source(parse_url(f"{HOST}/simple/"))
NO_STORE = "[1, 2"


def stored(
    url: str = f"{HOST}/", username: str = "alice", kind: Kind = "basic"
) -> Stored:
    return Stored(parse_url(url), username, Secret("pw"), kind, "2026-01-02")


def asked(
    store: Store,
    *,
    of: Source = CORP,
    username: str | None = None,
    refused: Credential | None = None,
) -> str:
    query = Query(of, of.url, refused=refused)
    return told(store.ask(Question(query, username)))


def told(answer: Answer) -> str:
    match answer:
        case Complete(found):
            return f"{found.kind} {found.username} via {found.provider}: {found.detail}"
        case Missing(outcome):
            return outcome
        case Unusable(problem):
            return f"error: {problem.what}"
        case _:
            return "half"


class TestWhatItAnswers:
    @pytest.mark.parametrize(
        ("entries", "username", "expected"),
        [
            pytest.param(
                [stored()], None,
                f"basic alice via store: {HOST}/ in ~/credentials.json", id="a login",
            ),
            pytest.param(
                [stored(kind="bearer", username="")], None,
                f"bearer  via store: {HOST}/ in ~/credentials.json", id="a token",
            ),
            pytest.param(
                [stored()], "bob",
                "no entry of bob for pypi.corp.example in ~/credentials.json",
                id="another user's",
            ),
            pytest.param(
                [stored("https://other.example/")], None,
                "no entry for pypi.corp.example in ~/credentials.json",
                id="another host's",
            ),
            pytest.param(
                [stored(), stored(username="t0ken" * 8), stored(username=""),
                 stored(username="", kind="bearer")], None,
                f"error: ~/credentials.json has several entries for {HOST}/: "
                "a token without a name, alice, ****, a token",
                id="several",
            ),
            pytest.param([], None, "no entry for pypi.corp.example in "
                         "~/credentials.json", id="none"),
        ],
    )  # fmt: skip
    def test_is_the_login_that_fits(
        self,
        entries: list[Stored],
        username: str | None,
        expected: str,
        tmp_path: Path,
    ) -> None:
        store = own_store(str(tmp_path), str(tmp_path))
        (tmp_path / "credentials.json").write_text('{"version": 1, "credentials": []}')
        (tmp_path / "credentials.json").chmod(0o600)
        for each in entries:
            store.add(each)

        assert asked(store, username=username) == expected

    def test_without_a_file_it_is_empty_and_uvs_is_not_spoken_of(
        self, tmp_path: Path
    ) -> None:
        assert asked(own_store(str(tmp_path), "")) == "it is empty"
        assert asked(uv_store({}, str(tmp_path))) == ""

    @pytest.mark.pain("I7")
    def test_it_is_ambient_and_does_not_travel_in_clear(self, tmp_path: Path) -> None:
        store = own_store(str(tmp_path), "")
        store.add(stored("http://pypi.corp.example/"))
        of = Source(parse_url("http://pypi.corp.example/simple/"))

        found = Search({}, str(tmp_path), more=[store.place()])(Query(of, of.url))

        assert found.problem is not None
        assert "over plain http" in found.problem.what

    @pytest.mark.pain("E7")
    def test_it_is_read_once_and_again_after_a_refusal(self, tmp_path: Path) -> None:
        store = own_store(str(tmp_path), "")
        own_store(str(tmp_path), "").add(stored())
        first = asked(store)
        own_store(str(tmp_path), "").remove(parse_url(f"{HOST}/"))

        second, third = asked(store), asked(store, refused=credential())

        assert first == second
        assert third.startswith("no entry for")

    def test_what_is_added_counts_at_once(self, tmp_path: Path) -> None:
        store = own_store(str(tmp_path), "")
        store.add(stored("https://other.example/"))
        asked(store)

        store.add(stored())

        assert asked(store).startswith("basic alice")

    def test_removing_tells_how_many_there_were(self, tmp_path: Path) -> None:
        store = own_store(str(tmp_path), "")
        for username in ("alice", "bob"):
            store.add(stored(username=username))
        before = (tmp_path / "credentials.json").stat().st_ino

        counts = [store.remove(parse_url(each)) for each in ("http://x/", f"{HOST}/")]

        assert counts == [0, 2]
        assert store.entries() == ()
        assert (tmp_path / "credentials.json").stat().st_ino != before

    def test_removing_nothing_makes_no_file(self, tmp_path: Path) -> None:
        assert own_store(str(tmp_path / "new"), "").remove(parse_url(HOST)) == 0
        assert not (tmp_path / "new").exists()


class TestOneThatIsDamaged:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                f"{NO_STORE} PyPI.corp.example",
                "error: ~/credentials.json cannot be read: it is not JSON",
                id="speaks of the host",
            ),
            pytest.param(
                f"{NO_STORE} other.example",
                "~/credentials.json is not used: it is not JSON",
                id="speaks of others",
            ),
        ],
    )
    def test_is_an_error_for_the_hosts_it_speaks_of(
        self, text: str, expected: str, tmp_path: Path
    ) -> None:
        (tmp_path / "credentials.json").write_text(text)
        told_of: list[str] = []
        store = own_store(str(tmp_path), str(tmp_path), told_of)

        answers = [asked(store) for _ in range(2)]

        assert answers == [expected] * 2
        assert told_of == ([] if expected.startswith("error") else [expected])
        with pytest.raises(StoreUnreadable) as caught:
            store.entries()
        assert caught.value.why == "it is not JSON"

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            pytest.param(b"\xff", "it is not UTF-8", id="bytes"),
            pytest.param(b"x" * (LARGEST + 1), "it is over 4 MiB long", id="long"),
            pytest.param(None, "is a directory", id="a folder"),
        ],
    )
    def test_that_cannot_be_read_is_an_error_for_all(
        self, body: bytes | None, reason: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "credentials.json"
        if body is None:
            path.mkdir()
        else:
            path.write_bytes(body)
        store = own_store(str(tmp_path), "")

        assert asked(store) == f"error: {path} cannot be read: {reason}"
        with pytest.raises(StoreUnreadable):
            store.entries()
        with pytest.raises(StoreUnreadable):
            store.add(stored())

    @pytest.mark.pain("G8")
    @pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
    @pytest.mark.parametrize(
        ("mode", "entries", "warnings"),
        [(0o600, 1, 0), (0o640, 1, 1), (0o604, 1, 1), (0o644, 0, 0)],
    )
    def test_that_others_can_read_is_told_of(
        self, mode: int, entries: int, warnings: int, tmp_path: Path
    ) -> None:
        told_of: list[str] = []
        store = own_store(str(tmp_path), str(tmp_path), told_of)
        store.add(stored())
        if not entries:
            store.remove(parse_url(f"{HOST}/"))
        (tmp_path / "credentials.json").chmod(mode)

        for refused in (None, credential()):
            asked(store, refused=refused)

        assert len(told_of) == warnings
        assert own_store(str(tmp_path), "").told == [], "each has a list of its own"


class TestWhereItIs:
    @pytest.mark.parametrize(
        ("home", "shown"),
        [
            ("/home/alice", "~/x/credentials.json"),
            ("/home/alice/", "~/x/credentials.json"),
            ("/home/al", "/home/alice/x/credentials.json"),
            ("", "/home/alice/x/credentials.json"),
        ],
    )
    def test_is_shown_from_the_home_folder(self, home: str, shown: str) -> None:
        assert own_store("/home/alice/x", home).shown == shown

    @pytest.mark.parametrize(
        ("environ", "path"),
        [
            ({}, "/home/alice/.local/share/uv/credentials/credentials.toml"),
            ({"XDG_DATA_HOME": "/data"}, "/data/uv/credentials/credentials.toml"),
            (
                {"UV_CREDENTIALS_DIR": "/uv", "XDG_DATA_HOME": "/data"},
                "/uv/credentials.toml",
            ),
            (
                {"UV_CREDENTIALS_DIR": "", "XDG_DATA_HOME": ""},
                "/home/alice/.local/share/uv/credentials/credentials.toml",
            ),
        ],
    )
    def test_uvs_is_where_uv_has_it(self, environ: dict[str, str], path: str) -> None:
        assert uv_store(environ, "/home/alice").path == path

    def test_uvs_is_read_in_its_own_form(self, tmp_path: Path) -> None:
        (tmp_path / "credentials.toml").write_text(
            f'[[credential]]\nservice = "{HOST}"\nusername = "u"\npassword = "p"\n'
        )
        (tmp_path / "credentials.toml").chmod(0o600)
        store = uv_store({"UV_CREDENTIALS_DIR": str(tmp_path)}, "/home/alice")

        assert asked(store).startswith("basic u via uv's store")


class TestPrivateFiles:
    def test_may_be_4_mib_long(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x" * LARGEST)

        assert len(read_private(str(tmp_path / "file")) or "") == LARGEST

    def test_that_are_not_there_are_open_to_nobody(self, tmp_path: Path) -> None:
        assert is_open_to_others(str(tmp_path / "file")) is False

    def test_a_change_to_nothing_writes_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_text("old")
        before = path.stat().st_ino

        rewrite(str(path), lambda _: None)

        assert (path.read_text(), path.stat().st_ino) == ("old", before)

    @pytest.mark.skipif(os.name != "posix", reason="locks are POSIX's")
    @pytest.mark.parametrize("is_released", [False, True])
    def test_another_writer_is_waited_for_but_not_for_ever(
        self, is_released: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = str(tmp_path / "file")
        monkeypatch.setattr(private_file, "_PATIENCE", 5.0 if is_released else 0.1)

        def meanwhile(_: str | None) -> str:
            other: Callable[[], None] = lambda: rewrite(path, lambda _: "other")  # noqa: E731
            if is_released:
                waiting.append(Thread(target=other))
                waiting[0].start()
            else:
                with pytest.raises(CannotWritePrivately, match="holds its lock"):
                    other()
            return "mine"

        waiting: list[Thread] = []
        rewrite(path, meanwhile)
        for each in waiting:
            each.join()

        assert read_private(path) == ("other" if is_released else "mine")
