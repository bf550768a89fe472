"""Credentials, header text, challenges, fingerprints."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from admit.auth.scheme import (
    ANONYMOUS,
    EXTERNAL,
    Challenge,
    Credential,
    InvalidCredential,
    authorization,
    fingerprint,
    header_lines,
    is_token_shaped,
    parse_challenges,
    show_user,
    unsendable,
)
from admit.spec.url import Secret

if TYPE_CHECKING:
    from admit.auth.scheme import Kind


def basic(username: str, secret: str) -> Credential:
    return Credential(username, Secret(secret), "netrc", "~/.netrc line 3")


@pytest.mark.parametrize(
    ("username", "secret"),
    [
        pytest.param("alice", "s3cret", id="plain"),
        pytest.param("alice", "a:b@c/d?e#f%41", id="every mark of a URL"),
        pytest.param("jürgen", "pässwörd", id="UTF-8"),
        pytest.param("", "token", id="empty user name"),
        pytest.param("token", "", id="empty password"),
    ],
)
def test_basic_is_base64_of_utf8(username: str, secret: str) -> None:
    word, _, encoded = authorization(basic(username, secret)).partition(" ")

    assert word == "Basic"
    assert base64.b64decode(encoded).decode() == f"{username}:{secret}"


def test_bearer_sends_the_token_as_it_is() -> None:
    token = Credential("", Secret("abc.def"), "environment", kind="bearer")

    assert authorization(token) == "Bearer abc.def"


@pytest.mark.pain("F13")
@pytest.mark.parametrize(
    ("username", "secret", "word"),
    [
        pytest.param("alice", "two\nlines", "control character", id="newline"),
        pytest.param("al\x7fice", "x", "control character", id="delete"),
        pytest.param("alice", "x\udcff", "UTF-8", id="undecodable bytes"),
        pytest.param("ali:ce", "x", "':'", id="colon in the user name"),
    ],
)
def test_what_no_header_can_carry_is_refused_without_an_echo(
    username: str, secret: str, word: str
) -> None:
    with pytest.raises(InvalidCredential, match=word) as caught:
        authorization(basic(username, secret))

    assert secret not in str(caught.value) or secret == "x"


@pytest.mark.parametrize("token", ["", "two words", "ünïcode"])
def test_a_bearer_token_is_plain_ascii(token: str) -> None:
    assert unsendable("", Secret(token), "bearer") is not None


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        pytest.param("alice", False, id="person"),
        pytest.param("alice@corp.example", False, id="e-mail"),
        pytest.param("a" * 31, False, id="31 marks"),
        pytest.param("a" * 32, True, id="32 marks"),
        pytest.param("a" * 20 + "@" + "b" * 20, False, id="long e-mail"),
        pytest.param("ü" * 32, False, id="long, not ASCII"),
        pytest.param("glpat-x9f_3kd82mslq0", True, id="known prefix"),
        pytest.param("hf_bot", False, id="prefix but short"),
        pytest.param("__token__", False, id="placeholder"),
    ],
)
def test_a_user_name_that_cannot_be_a_persons_is_a_token(
    username: str, expected: bool
) -> None:
    assert is_token_shaped(username) is expected


@pytest.mark.pain("G2")
@pytest.mark.parametrize(
    ("username", "secret", "shown"),
    [
        pytest.param("alice", "x", "alice", id="person"),
        pytest.param("sometoken", "", "****", id="empty password"),
        pytest.param("t" * 40, "x", "****", id="token as user name"),
        pytest.param("", "x", "a token without a name", id="no user name"),
    ],
)
def test_a_token_used_as_user_name_is_masked(
    username: str, secret: str, shown: str
) -> None:
    assert basic(username, secret).shown_user == shown


def test_labels_name_the_provider() -> None:
    assert basic("alice", "x").label == "alice via netrc"
    assert basic("alice", "x").long_label == "alice via netrc (~/.netrc line 3)"
    assert Credential("alice", Secret("x"), "URL").long_label == "alice via URL"


def test_no_form_of_a_credential_prints_its_secret() -> None:
    each = basic("alice", "s3cret")

    assert "s3cret" not in f"{each} {each!r} {each.label} {each.pair}"


def test_a_fingerprint_depends_on_key_user_secret_and_kind_only() -> None:
    key = b"k" * 32
    mine = fingerprint(basic("alice", "x"), key)

    assert fingerprint(Credential("alice", Secret("x"), "URL"), key) == mine
    assert fingerprint(basic("alice", "y"), key) != mine
    assert fingerprint(basic("bob", "x"), key) != mine
    assert fingerprint(basic("alic", "ex"), key) != mine
    assert fingerprint(basic("alice", "x"), b"other") != mine
    bearer = Credential("alice", Secret("x"), "URL", kind="bearer")
    assert fingerprint(bearer, key) != mine


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'Basic realm="GitLab"',
            (Challenge("Basic", (("realm", "GitLab"),)),),
            id="one",
        ),
        pytest.param(
            'Basic realm="a, b", Bearer realm=x, scope="y z"',
            (
                Challenge("Basic", (("realm", "a, b"),)),
                Challenge("Bearer", (("realm", "x"), ("scope", "y z"))),
            ),
            id="two, a comma in quotes",
        ),
        pytest.param(
            r'Basic realm="say \"hi\"", charset="UTF-8"',
            (Challenge("Basic", (("realm", 'say "hi"'), ("charset", "UTF-8"))),),
            id="escapes",
        ),
        pytest.param("Negotiate", (Challenge("Negotiate"),), id="no parameters"),
        pytest.param(
            'Basic a="x\\\\", b=c',
            (Challenge("Basic", (("a", "x\\"), ("b", "c"))),),
            id="an escaped backslash ends no quote",
        ),
        pytest.param(
            'Basic a=\\"x, y"',
            (Challenge("Basic", (("a", '\\"x, y"'),)),),
            id="nothing is escaped outside of quotes",
        ),
        pytest.param(
            'Basic a="", b=", c=x',
            (Challenge("Basic", (("a", ""), ("b", '", c=x'))),),
            id="empty, and never closed",
        ),
        pytest.param(
            'Basic a=x", b="y\\\\\\"z"',
            (Challenge("Basic", (("a", 'x", b="y\\\\\\"z"'),)),),
            id="a quote in the middle",
        ),
        pytest.param(
            "Basic realm = x", (Challenge("Basic", (("realm", "x"),)),), id="blanks"
        ),
        pytest.param(
            r'Basic a="x\", y", b="\"z"',
            (Challenge("Basic", (("a", 'x", y'), ("b", '"z'))),),
            id="an escaped quote ends no quote",
        ),
        pytest.param(
            'Basic a=, b="',
            (Challenge("Basic", (("a", ""), ("b", '"'))),),
            id="nothing, and one quote",
        ),
        pytest.param("", (), id="empty"),
        pytest.param(",,=,", (), id="garbage"),
    ],
)
def test_challenges_are_read_as_far_as_they_make_sense(
    text: str, expected: tuple[Challenge, ...]
) -> None:
    assert parse_challenges(text) == expected


def test_the_realm_of_a_challenge() -> None:
    assert parse_challenges('Basic realm="x"')[0].realm == "x"
    assert parse_challenges("Basic")[0].realm is None
    assert parse_challenges('Bearer scope="y", realm="x"')[0].realm == "x"
    assert parse_challenges('Bearer scope="y"')[0].realm is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("bearer", "a token via netrc"),
        ("headers", "the header A and B via netrc"),
        ("basic", "alice via netrc"),
    ],
)
def test_a_label_says_what_kind_of_credential_it_is(kind: Kind, expected: str) -> None:
    headers = (("A", Secret("1")), ("B", Secret("2")))
    each = Credential("alice", Secret("x"), "netrc", kind=kind, headers=headers)

    assert each.label == expected


@pytest.mark.pain("F11")
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("headers", [("A", "1")]),
        ("bearer", [("A", "1"), ("Authorization", "Bearer x")]),
    ],
)
def test_further_headers_travel_beside_authorization_or_alone(
    kind: Kind, expected: list[tuple[str, str]]
) -> None:
    each = Credential(
        "", Secret("x"), "netrc", kind=kind, headers=(("A", Secret("1")),)
    )

    assert header_lines(each) == expected


@pytest.mark.pain("F13")
def test_blanks_may_stand_in_a_pair_and_anything_ascii_in_a_name_of_headers() -> None:
    assert unsendable("a b", Secret("c d")) is None
    assert unsendable("", Secret(""), "headers") is None
    assert unsendable("a:b", Secret(""), "headers") is None


def test_a_long_pair_is_one_line() -> None:
    line = authorization(basic("alice", "x" * 500))

    assert line == line.strip()
    assert "\n" not in line


def test_only_the_anonymous_are_anonymous() -> None:
    assert ANONYMOUS.is_anonymous
    assert not EXTERNAL.is_anonymous


@pytest.mark.parametrize(
    "prefix",
    [
        "pypi-Ag",
        "glpat-",
        "gldt-",
        "glcbt-",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "hf_",
        "npm_",
        "dckr_pat_",
        "AKCp",
        "cmVmd",
        "eyJ",
        "xox",
    ],
)
def test_well_known_tokens_are_known_by_their_beginning(prefix: str) -> None:
    token = prefix + "x" * 12

    assert is_token_shaped(token)
    assert not is_token_shaped(token[:-1])
    assert (show_user(token), show_user("alice")) == ("****", "alice")
