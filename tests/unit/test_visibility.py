"""Who sees what: accounts, patterns, and what a header says of its sender."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from admit.serve.visibility import (
    ANONYMOUS,
    Caller,
    InvalidGrant,
    Visibility,
    account,
    merge_accounts,
    parse_account,
    parse_authorization,
    parse_patterns,
)

if TYPE_CHECKING:
    from pathlib import Path


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


class TestPatterns:
    """`NAMEGLOB` or `NAMEGLOB==VERSIONGLOB`, commas between."""

    @pytest.mark.parametrize(
        ("pattern", "project", "version", "is_seen"),
        [
            pytest.param("*", "widgets", "1.0", True, id="everything"),
            pytest.param("widgets", "widgets", "1.0", True, id="one-project"),
            pytest.param("widgets", "widgets-extra", "1.0", False, id="whole-name"),
            pytest.param("acme-*", "acme-core", "1.0", True, id="name-glob"),
            pytest.param("Acme_*", "acme-core", "1.0", True, id="normalised"),
            pytest.param("w==2024.*", "w", "2024.1", True, id="version-glob"),
            pytest.param("w==2024.*", "w", "2020.1", False, id="other-version"),
            pytest.param("a, b==1", "b", "1", True, id="second-of-two"),
        ],
    )
    def test_a_pattern_says_which_releases(
        self, pattern: str, project: str, version: str, is_seen: bool
    ) -> None:
        visibility = Visibility(public=parse_patterns(pattern))

        assert visibility.may_see(ANONYMOUS, project, version) is is_seen

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("a,", id="empty-part"),
            pytest.param("a>=1", id="another-operator"),
            pytest.param("a==", id="no-version"),
            pytest.param("==1", id="no-name"),
            pytest.param("a==1==2", id="two-versions"),
            pytest.param("a b", id="space"),
        ],
    )
    def test_anything_else_is_an_error_that_shows_the_form(self, text: str) -> None:
        with pytest.raises(InvalidGrant) as caught:
            parse_patterns(text)

        assert "NAMEGLOB==VERSIONGLOB" in str(caught.value.why)

    def test_a_pattern_prints_as_it_is_meant(self) -> None:
        assert [str(each) for each in parse_patterns("A_b,c==1.*")] == ["a-b", "c==1.*"]


class TestAccounts:
    """`NAME:SECRET=PATTERN`, secrets also from a file or the environment."""

    def test_an_account_has_name_secret_and_patterns(self) -> None:
        parsed = parse_account("alice:s3cret=widgets==2024.*,acme-*")

        assert parsed == account("alice", "s3cret", "widgets==2024.*", "acme-*")

    def test_a_secret_comes_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.write_text("with=equals,and:more \nsecond line\n")

        parsed = parse_account(f"alice:@{path}=*")

        assert parsed.secret.expose() == "with=equals,and:more "

    def test_a_secret_comes_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALICE", "s3cret")

        assert parse_account("alice:env:ALICE=*").secret.expose() == "s3cret"

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            pytest.param("alice", "not an account: …", id="name-only"),
            pytest.param("alice=*", "not an account: …", id="no-secret"),
            pytest.param("alice:canary", "not an account: alice:…", id="no-pattern"),
            pytest.param(
                "alice:canary=", "not an account: alice:…", id="empty-pattern"
            ),
            pytest.param(
                "alice:canary==*",
                "cannot tell secret from pattern in the account 'alice'",
                id="secret-that-ends-in-equals",
            ),
            pytest.param(
                "alice:env:NOT_SET_HERE=*",
                "no secret for the account 'alice'",
                id="unset-variable",
            ),
            pytest.param(
                "alice:@/no/such/file=*",
                "cannot read the secret of the account 'alice' from /no/such/file",
                id="missing-file",
            ),
        ],
    )
    def test_other_forms_are_errors_without_the_secret(
        self, text: str, what: str
    ) -> None:
        with pytest.raises(InvalidGrant) as caught:
            parse_account(text)

        error = caught.value
        assert error.what == what
        assert "canary" not in f"{error.what}{error.why}{error.fix}"

    def test_an_empty_file_is_no_secret(self, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.write_text("\n")

        with pytest.raises(InvalidGrant, match="no secret for the account 'alice'"):
            parse_account(f"alice:@{path}=*")

    def test_a_repeated_account_sees_more(self) -> None:
        merged = merge_accounts([account("a", "s", "one"), account("a", "s", "two")])

        assert merged == (account("a", "s", "one", "two"),)

    def test_one_account_with_two_secrets_is_an_error(self) -> None:
        with pytest.raises(InvalidGrant, match="'a' is given two secrets"):
            merge_accounts([account("a", "s", "one"), account("a", "t", "two")])


class TestCallers:
    """What an Authorization header says."""

    ALICE = account("alice", "päss:word", "*")
    TOKEN = account("canary-token", "", "*")

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            pytest.param(None, "anonymous", id="none"),
            pytest.param("", "anonymous", id="empty"),
            pytest.param(basic("alice:päss:word"), "alice", id="right"),
            pytest.param(basic("alice:päss"), "wrong login", id="wrong-secret"),
            pytest.param(basic("bob:päss:word"), "wrong login", id="wrong-name"),
            pytest.param(basic("alice:"), "wrong login", id="half"),
            pytest.param(basic("canary-token:"), "****", id="token-as-name"),
            pytest.param("Basic !!!", "wrong login", id="no-base64"),
            pytest.param("Bearer päss:word", "alice", id="bearer"),
            pytest.param("Negotiate abc", "wrong login", id="another-scheme"),
        ],
    )
    def test_a_header_names_its_sender(self, header: str | None, told: str) -> None:
        visibility = Visibility([self.ALICE, self.TOKEN])

        caller = visibility.identify(parse_authorization(header))

        assert str(caller) == told

    def test_where_any_name_will_do_the_secret_decides(self) -> None:
        visibility = Visibility([self.ALICE], any_username=True)

        caller = visibility.identify(parse_authorization(basic("x:päss:word")))

        assert caller == Caller(self.ALICE, "known")

    def test_a_known_caller_sees_what_is_public_too(self) -> None:
        bob = account("bob", "b", "private")
        visibility = Visibility([bob], parse_patterns("open"))
        caller = Caller(bob, "known")

        seen = [visibility.may_see(caller, name, "1") for name in ("private", "open")]

        assert seen == [True, True]
        assert not visibility.may_see(ANONYMOUS, "private", "1")

    def test_a_grant_holds_for_a_caller_named_before(self) -> None:
        bob = account("bob", "b", "one")
        visibility = Visibility([bob])
        caller = Caller(bob, "known")

        visibility.grant("bob", *parse_patterns("two"))
        granted = visibility.may_see(caller, "two", "1")
        visibility.revoke("bob")

        assert granted
        assert not visibility.may_see(caller, "one", "1")

    def test_no_permission_can_be_given_to_a_stranger_by_name(self) -> None:
        with pytest.raises(InvalidGrant, match="no account is called 'carol'"):
            Visibility().grant("carol", *parse_patterns("*"))
