"""The secret registry: no form of a secret survives."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from admit.auth.scheme import Credential, authorization
from admit.auth.scrub import Scrubber, mask_shapes
from admit.spec.url import Secret

SECRET = "p@ss/w0rd+of ålice"


@pytest.mark.pain("G1")
@pytest.mark.parametrize(
    "form",
    [
        pytest.param(SECRET, id="raw"),
        pytest.param("p%40ss%2Fw0rd%2Bof%20%C3%A5lice", id="percent-encoded"),
        pytest.param("p%40ss%2fw0rd%2bof%20%c3%a5lice", id="small hex"),
        pytest.param("p@ss%2Fw0rd+of%20%C3%A5lice".replace("@", "%40"), id="partly"),
        pytest.param(
            base64.b64encode(f"alice:{SECRET}".encode()).decode(), id="base64 pair"
        ),
        pytest.param(json.dumps(SECRET)[1:-1], id="JSON"),
        pytest.param(ascii(SECRET)[1:-1], id="ascii"),
    ],
)
def test_each_form_of_a_registered_secret_is_masked(form: str) -> None:
    scrubber = Scrubber()
    scrubber.register_credential(Credential("alice", Secret(SECRET), "netrc"))

    assert scrubber.scrub(f"before {form} after") == "before **** after"


@pytest.mark.pain("G1")
@pytest.mark.parametrize(
    "before", ["", "a", "ab", "alice:", "x:alice:", "bob\0alice\0"]
)
@pytest.mark.parametrize("after", ["", "\n", "!!", ":x-auth-token"])
@pytest.mark.parametrize("secret", ["s3cret-of-alice", "tr0ub4dor-and-33", "pässwörd-"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_inside_base64_is_masked(
    before: str, after: str, secret: str, encode: Any
) -> None:
    """At whatever offset: a pair with another name, a header of another scheme."""
    scrubber = Scrubber()
    scrubber.register(secret)

    text = scrubber.scrub(encode(f"{before}{secret}{after}".encode()).decode())

    others = len(f"{before}{after}".encode()) * 8 / 6
    left = text.rstrip("=").partition("****")
    assert left[1]
    assert len(left[0] + left[2]) <= others + 4  # two half characters at each end


def test_a_body_that_repeats_a_secret_is_known() -> None:
    scrubber = Scrubber()
    scrubber.register("s3cret-öf-alice")
    scrubber.register("pass")

    assert scrubber.is_in("<p>s3cret-öf-alice</p>".encode())
    assert scrubber.is_in(base64.b64encode("x:s3cret-öf-alice".encode()))
    assert not scrubber.is_in(b"a page of somebody that may pass")


def test_a_secret_in_html_is_masked() -> None:
    scrubber = Scrubber()
    scrubber.register("a&b<c>'d\"")

    assert scrubber.scrub("<p>a&amp;b&lt;c&gt;&#x27;d&quot;</p>") == "<p>****</p>"
    assert scrubber.scrub("<p>a&amp;b&lt;c&gt;'d\"</p>") == "<p>****</p>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("say s3cr", 4),
        ("say s", 1),
        ("say: ", 0),
        ("s3cret-of", 9),
        ("s3cs3", 2),
        ("open https://h/?sig=", 15),
        ("open https://h/?sig=ab", 17),
        ("open https://h/?sig=ab\n", 0),
    ],
)
def test_what_may_be_the_beginning_of_a_secret_is_known(
    text: str, expected: int
) -> None:
    scrubber = Scrubber()
    scrubber.register("s3cret-of-alice")

    assert scrubber.unfinished(text) == expected


def test_longer_secrets_are_masked_before_their_parts() -> None:
    scrubber = Scrubber()
    scrubber.register(Secret("secret"))
    scrubber.register("secret-and-more")

    assert scrubber.scrub("secret-and-more, secret") == "****, ****"


@pytest.mark.pain("G2")
def test_a_token_as_user_name_is_masked_and_a_person_is_not() -> None:
    scrubber = Scrubber()
    scrubber.register_credential(Credential("some-token", Secret(""), "URL"))
    scrubber.register_credential(Credential("alice", Secret("s3cret"), "URL"))

    assert scrubber.scrub("some-token of alice") == "**** of alice"


def test_a_bearer_token_is_masked_in_its_header() -> None:
    scrubber = Scrubber()
    token = Credential("", Secret("abc.def"), "environment", kind="bearer")
    scrubber.register_credential(token)

    assert scrubber.scrub(authorization(token)) == "Bearer ****"


def test_a_secret_that_cannot_be_sent_is_masked_all_the_same() -> None:
    scrubber = Scrubber()
    scrubber.register_credential(Credential("a", Secret("two\nlines"), "URL"))

    assert scrubber.scrub("two\nlines") == "****"


def test_very_short_secrets_do_not_mask_ordinary_words() -> None:
    scrubber = Scrubber()
    scrubber.register("pw")

    assert scrubber.scrub("a pwned word") == "a pwned word"


@pytest.mark.pain("G6")
@pytest.mark.pain("G9")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://h/w?X-Amz-Signature=abc&x=1", "https://h/w?X-Amz-Signature=****&x=1"),
        ("(https://h/w?a=1&sig=a%2Bb)", "(https://h/w?a=1&sig=****)"),
        ("GET /w?Signature=abc#f, next", "GET /w?Signature=****#f, next"),
        ("?x-goog-signature=a;token=b", "?x-goog-signature=****;token=****"),
        ("https://h/?sig=", "https://h/?sig="),
        ("name == 1.0; token=abc", "name == 1.0; token=abc"),
        ("mysig=abc", "mysig=abc"),
        ("?mysig=abc", "?mysig=abc"),
        ("https://h/t/to-12345678/simple/", "https://h/t/****/simple/"),
        ("https://h/t/short/simple/", "https://h/t/short/simple/"),
        ("https://h/t/longenough", "https://h/t/longenough"),
        ("/t/aaaaaaaa/t/bbbbbbbb/", "/t/****/t/****/"),
        ("/t/" * 5000, "/t/" * 5000),
        ("plain", "plain"),
    ],
)
def test_shapes_of_secrets_are_masked_unregistered(text: str, expected: str) -> None:
    assert mask_shapes(text) == expected
    assert Scrubber().scrub(text) == expected
