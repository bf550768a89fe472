"""Reading one answer alone: certificates, pages for people, archives in disguise."""

from __future__ import annotations

import pytest

from admit.auth.answers import (
    Reply,
    is_html_for_people,
    is_login_listing,
    speaks_of_certificate,
)
from admit.spec.url import parse_url

WIDGETS = parse_url("https://pypi.corp.example/simple/widgets/")


@pytest.mark.pain("I5")
@pytest.mark.parametrize("status", [400, 495, 496])
def test_servers_speak_of_certificates_with_several_statuses(status: int) -> None:
    assert speaks_of_certificate(Reply(status, head=b"<h1>SSL Certificate Error"))


@pytest.mark.parametrize("status", [401, 403, 497])
def test_other_statuses_that_mention_one_are_not_about_it(status: int) -> None:
    assert not speaks_of_certificate(Reply(status, head=b"certificate"))


@pytest.mark.pain("H10")
@pytest.mark.parametrize(
    "link",
    [
        "w-1-py3-none-any.whl",
        "w-1.tar.gz",
        "w-1.zip",
        "w-1.tar.bz2",
        "w-1-py3.11.egg",
        "get?file=1#sha256=00",
    ],
)
def test_a_page_that_links_to_one_package_is_a_listing(link: str) -> None:
    head = f"<form></form><a href='{link}'>w</a>".encode()

    assert not is_login_listing(
        Reply(200, content_type="text/html", head=head), WIDGETS, WIDGETS
    )


@pytest.mark.pain("H10")
@pytest.mark.parametrize(
    "magic",
    [
        pytest.param(b"PK\x03\x04", id="zip"),
        pytest.param(b"PK\x05\x06", id="empty zip"),
        pytest.param(b"\x1f\x8b", id="gzip"),
        pytest.param(b"BZh", id="bzip2"),
        pytest.param(b"\xfd7zXZ", id="xz"),
    ],
)
def test_an_archive_is_no_page_whatever_its_type_says(magic: bytes) -> None:
    assert not is_html_for_people(Reply(200, content_type="text/html", head=magic))
