"""Next steps: each names the place that is to be changed, in words to be typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.advice import (
    how_to_be_known,
    how_to_correct,
    how_to_give,
    name_of_secret,
)
from admit.auth.scheme import Credential
from admit.auth.scope import Source
from admit.spec.url import Secret, parse_url

if TYPE_CHECKING:
    from admit.auth.scheme import Kind

INDEX = "https://pypi.corp.example/simple/"
CORP = Source(parse_url(INDEX), name="my-corp")


def credential(
    provider: str, detail: str = "", username: str = "alice", kind: Kind = "basic"
) -> Credential:
    return Credential(username, Secret("s3cret"), provider, detail, kind)


@pytest.mark.pain("H4")
@pytest.mark.parametrize(
    ("given", "where"),
    [
        (credential("netrc", "~/.netrc line 1"), "in ~/.netrc line 1;"),
        (credential("environment", "X_PASSWORD"), "in X_PASSWORD;"),
        (credential("URL"), "in the URL of my-corp;"),
        (credential("prompt"), "type the credential anew"),
    ],
    ids=lambda each: each.provider if isinstance(each, Credential) else "",
)
def test_a_refused_secret_is_corrected_where_it_stands(
    given: Credential, where: str
) -> None:
    assert where in how_to_correct(given, CORP)


def test_403_may_mean_the_secret_or_the_right() -> None:
    advice = how_to_be_known(credential("netrc", "~/.netrc line 1"), CORP)

    assert "in ~/.netrc line 1 is right" in advice
    assert "alice's right to read it" in advice


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (credential("store"), "the credential of alice"),
        (credential("store", username="", kind="bearer"), "the token"),
        (credential("URL", username=""), "the token without a user name"),
    ],
)
def test_a_secret_is_named_and_not_shown(given: Credential, name: str) -> None:
    assert name_of_secret(given) == name


def test_a_page_on_this_machine_needs_the_host_of_its_link() -> None:
    page = Source(parse_url("file:///home/alice/links.html"), kind="find-links")
    link = parse_url("https://files.corp.example:8443/x-1.0-py3-none-any.whl")

    assert how_to_give(page, link) == (
        "add `machine files.corp.example:8443 login USER password SECRET` to ~/.netrc"
    )
    assert "ADMIT_INDEX_MY_CORP_PASSWORD" in how_to_give(CORP, link)
