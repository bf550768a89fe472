"""Secrets given on the command line: for whom, in what form, how often read."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources import Search
from admit.auth.sources.given import Gift, Gifts, check_gifts, parse_gift
from admit.auth.sources.place import Complete, Missing, Question, Unusable
from admit.errors import UsageError
from admit.spec.url import Secret, parse_url

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.sources.given import Channel

INDEX = "https://pypi.corp.example/simple/"
CORP = Source(parse_url(INDEX), "Corp")
OTHER = Source(parse_url("https://pypi.corp.example/other/"), "other")


class TestTheOption:
    @pytest.mark.parametrize(
        ("channel", "text", "name", "url", "user", "where"),
        [
            ("--password-stdin", "Corp", "corp", None, None, ""),
            ("--password-stdin", "a@b@corp", "corp", None, "a@b", ""),
            ("--password-stdin", INDEX, None, INDEX, None, ""),
            ("--password-stdin", f"al@{INDEX}", None, INDEX, "al", ""),
            ("--password-stdin", "https://al@h.example/x", None,
             "https://h.example/x", "al", ""),
            ("--password-stdin", "bob@https://al@h.example/x", None,
             "https://h.example/x", "bob", ""),
            ("--credential-file", "corp=a/b", "corp", None, None, "a/b"),
            ("--credential-file", "https://h.example/?a=b=c", None,
             "https://h.example/?a=b", None, "c"),
            ("--credential-fd", "alice@corp=3", "corp", None, "alice", "3"),
        ],
    )  # fmt: skip
    def test_names_a_source_and_perhaps_a_user(
        self,
        channel: Channel,
        text: str,
        name: str | None,
        url: str | None,
        user: str | None,
        where: str,
    ) -> None:
        gift = parse_gift(channel, text)

        shown = None if gift.url is None else gift.url.text
        assert (gift.name, shown, gift.username, gift.where) == (name, url, user, where)
        assert gift.url is None or gift.url.userinfo is None

    @pytest.mark.parametrize(
        ("channel", "text", "word"),
        [
            ("--password-stdin", "", "wants the source"),
            ("--credential-file", "corp", "wants SOURCE=PATH"),
            ("--credential-file", "=path", "wants SOURCE=PATH"),
            ("--credential-file", "corp=", "wants SOURCE=PATH"),
            ("--credential-fd", "corp", "wants SOURCE=FD"),
            ("--credential-fd", "corp=x", "FD a number"),
            ("--credential-fd", "corp=\u0663", "FD a number"),
            ("--credential-fd", "corp=-1", "FD a number"),
            ("--password-stdin", "https://a:s3cret@h.example/", "holds a password"),
            ("--password-stdin", "https://", "--password-stdin: "),
        ],
    )
    def test_that_is_wrong_says_what_is_right(
        self, channel: Channel, text: str, word: str
    ) -> None:
        with pytest.raises(UsageError) as caught:
            parse_gift(channel, text)

        assert word in caught.value.what
        assert "s3cret" not in str(caught.value)

    def test_for_an_index_that_is_not_there_is_refused(self) -> None:
        check_gifts([file_gift("corp"), gift(INDEX)], [CORP, OTHER])

        with pytest.raises(UsageError, match="for crop") as caught:
            check_gifts([gift("crop")], [CORP, OTHER, Source(parse_url(INDEX))])
        assert caught.value.why == "named indexes: Corp, other"
        with pytest.raises(UsageError) as caught:
            check_gifts([gift("crop")], [Source(parse_url(INDEX))])
        assert caught.value.why == "named indexes: none has a name"

    def test_one_stdin_is_for_one_source(self) -> None:
        file = parse_gift("--credential-file", "corp=x")
        check_gifts([file, file, gift("corp")], [CORP])

        with pytest.raises(UsageError, match="one source only"):
            check_gifts([gift("corp"), gift("other")], [CORP, OTHER])


class TestForWhom:
    @pytest.mark.pain("B4")
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("corp", True),
            ("https://pypi.corp.example/", True),
            (INDEX, True),
            ("other", False),
            ("https://pypi.corp.example/sim", False),
            ("https://pypi.corp.example/simple/team/", False),
            ("http://pypi.corp.example/", False),
        ],
    )
    def test_a_name_or_a_url_above(self, text: str, expected: bool) -> None:
        assert gift(text).is_for(CORP) is expected

    def test_nobody_without_a_name_has_one(self) -> None:
        assert not gift("none").is_for(Source(parse_url(INDEX)))

    def test_a_public_source_takes_what_is_given_for_it(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("pw")
        gifts = Gifts([file_gift("alice@corp")], {}, str(tmp_path))
        public = Source(CORP.url, "corp", is_public=True)

        found = Search({}, str(tmp_path), more=[gifts.place()])(
            Query(public, public.url)
        )

        assert found.credential is not None
        assert found.credential.provider == "command line"

    def test_two_for_one_source_are_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("pw")
        gifts = [
            parse_gift("--credential-file", f"alice@{each}=a")
            for each in ("corp", INDEX)
        ]

        assert "both give a secret" in answer(gifts, tmp_path)

    def test_none_is_not_spoken_of(self, tmp_path: Path) -> None:
        found = Gifts([gift("corp")], {}, str(tmp_path)).ask(_question(OTHER))

        assert found == Missing("")


class TestWhatIsRead:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            pytest.param(b"pw", "alice:pw", id="a secret"),
            pytest.param(b"pw\n", "alice:pw", id="a line"),
            pytest.param(b"p w\r\n", "alice:p w", id="a Windows line"),
            pytest.param(b'{"password": "pw"}', "alice:pw", id="JSON"),
            pytest.param(
                b'{"username": "bob", "password": "pw"}', "bob:pw", id="its user counts"
            ),
            pytest.param(b'{"token": "t"}', "bearer t", id="token"),
            pytest.param(
                b'{"password": "pw", "expires": 5}', "alice:pw until 5.0", id="end"
            ),
            pytest.param(
                b'{"token": "t", "expires": 5}', "bearer t until 5.0", id="token's end"
            ),
            pytest.param(b"{pw", "alice:{pw", id="no JSON"),
            pytest.param(b"{}", "alice:{}", id="empty JSON"),
            pytest.param(b'{"a": 1}', 'alice:{"a": 1}', id="other JSON"),
            pytest.param(b'["a"]', 'alice:["a"]', id="a list"),
            pytest.param(b' {"token": "t"}', 'alice: {"token": "t"}', id="a blank"),
        ],
    )
    def test_is_a_secret_or_the_json_of_one(
        self, body: bytes, expected: str, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(body)

        assert answer([file_gift("alice@corp")], tmp_path) == expected

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            pytest.param(b"", "it is empty", id="empty"),
            pytest.param(b"\n", "it is empty", id="a line of nothing"),
            pytest.param(b"\xff", "it is not UTF-8", id="bytes"),
            pytest.param(b"x" * (64 * 1024 + 1), "over 64 KiB", id="long"),
            pytest.param(b'{"username": "a"}', "without a `password`", id="half"),
            pytest.param(b'{"password": ""}', "holds no secret", id="empty password"),
            pytest.param(b'{"expires": 5}', "holds no secret", id="an end alone"),
        ],
    )
    def test_that_is_no_secret_is_an_error(
        self, body: bytes, word: str, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_bytes(body)

        assert word in answer([file_gift("alice@corp")], tmp_path)

    def test_may_be_64_kib_long(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"x" * 64 * 1024)

        assert answer([file_gift("alice@corp")], tmp_path).startswith("alice:xx")

    def test_cannot_be_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        assert "no such file" in answer([file_gift("corp")], tmp_path)

    @pytest.mark.parametrize(
        ("gift_user", "variable", "url_user", "expected"),
        [
            ("gift", "variable", "url", "gift:pw"),
            (None, "variable", "url", "variable:pw"),
            (None, "", "url", ":pw"),
            (None, None, "url", "url:pw"),
            ("", None, "url", ":pw"),
            (None, None, "${WHO}", "expanded:pw"),
            (None, None, None, "nobody gives a user name"),
            (None, None, "${UNSET}", "nobody gives a user name"),
        ],
    )
    def test_wants_a_user_from_somewhere(
        self,
        gift_user: str | None,
        variable: str | None,
        url_user: str | None,
        expected: str,
        tmp_path: Path,
    ) -> None:
        (tmp_path / "file").write_text("pw")
        environ = {"WHO": "expanded"}
        if variable is not None:
            environ["ADMIT_INDEX_CORP_USERNAME"] = variable
        at = f"{url_user}@" if url_user is not None else ""
        of = Source(parse_url(f"https://{at}pypi.corp.example/simple/"), "corp")
        given = Gift("--credential-file", "corp", None, gift_user, "file")

        assert expected in answer([given], tmp_path, of, environ)

    def test_finds_no_variable_for_a_source_without_a_name(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "file").write_text("pw")
        of = Source(parse_url("https://url@pypi.corp.example/simple/"))
        environ = {"ADMIT_INDEX_NONE_USERNAME": "variable"}

        assert answer([file_gift(INDEX)], tmp_path, of, environ) == "url:pw"


class TestHowOften:
    @pytest.mark.pain("I1")
    def test_a_file_is_read_again(self, tmp_path: Path) -> None:
        gifts = Gifts([file_gift("alice@corp")], {}, str(tmp_path))
        (tmp_path / "file").write_text("old")
        first = gifts.ask(_question(CORP))
        (tmp_path / "file").write_text("new")

        second = gifts.ask(_question(CORP))

        assert [_told(first), _told(second)] == ["alice:old", "alice:new"]

    def test_a_descriptor_is_read_once(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("pw")
        descriptor = os.open(tmp_path / "file", os.O_RDONLY)
        given = parse_gift("--credential-fd", f"alice@corp={descriptor}")
        gifts = Gifts([given], {}, str(tmp_path))

        found = [_told(gifts.ask(_question(CORP))) for _ in range(2)]

        assert found == ["alice:pw"] * 2

    @pytest.mark.parametrize("number", ["999", "9" * 40])
    def test_a_descriptor_that_is_not_open_is_an_error(
        self, number: str, tmp_path: Path
    ) -> None:
        given = parse_gift("--credential-fd", f"alice@corp={number}")

        assert f"--credential-fd {number}: " in answer([given], tmp_path)

    def test_stdin_is_read_once(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"pw\n")))
        gifts = Gifts([gift("alice@corp")], {}, str(tmp_path))

        found = [_told(gifts.ask(_question(CORP))) for _ in range(2)]

        assert found == ["alice:pw"] * 2

    def test_without_a_stdin_there_is_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", None)

        assert answer([gift("corp")], tmp_path) == (
            "--password-stdin: there is no stdin | "
            "pipe the secret into it: `COMMAND | admit … --password-stdin corp`"
        )


def test_an_option_is_shown_as_it_was_given_but_for_tokens() -> None:
    token = "t0ken" * 8
    descriptor = parse_gift("--credential-fd", "corp=3")

    assert (descriptor.label, gift("corp").label) == (
        "--credential-fd 3",
        "--password-stdin",
    )
    assert descriptor.written() == "--credential-fd corp=3"
    assert descriptor.written("USER@") == "--credential-fd USER@corp=3"
    assert gift(f"alice@{INDEX}").written() == f"--password-stdin alice@{INDEX}"
    assert gift("alice@corp").written("USER@") == "--password-stdin USER@corp"
    assert token not in gift(f"https://h.example/t/{token}/simple/").written()
    assert token not in gift(f"{token}@corp").written()


def gift(text: str) -> Gift:
    return parse_gift("--password-stdin", text)


def file_gift(target: str) -> Gift:
    return parse_gift("--credential-file", f"{target}=file")


def answer(
    gifts: list[Gift],
    folder: Path,
    source: Source = CORP,
    environ: dict[str, str] | None = None,
) -> str:
    return _told(Gifts(gifts, environ or {}, str(folder)).ask(_question(source)))


def _question(source: Source) -> Question:
    return Question(Query(source, source.url))


def _told(found: object) -> str:
    match found:
        case Complete(credential):
            secret: Secret = credential.secret
            who = "bearer " if credential.kind == "bearer" else credential.username
            mark = "" if credential.kind == "bearer" else ":"
            end = "" if credential.expires is None else f" until {credential.expires}"
            return f"{who}{mark}{secret.expose()}{end}"
        case Unusable(problem):
            return f"{problem.what} | {problem.fix}"
        case _:
            return repr(found)
