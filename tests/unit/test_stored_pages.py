"""Which pages the cache does not keep: those with passwords in their links."""

from __future__ import annotations

from time import perf_counter

import pytest

from admit.index.fetch import holds_secrets


@pytest.mark.pain("G6")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'"url": "https://u:pw@host/w.whl"', True),
        (b'"url": "https:\\/\\/u:pw@host\\/w.whl"', True),
        (b"<a href=//u:pw@host/w.whl>", True),
        (b'"url": "https://TOKEN@host/w.whl"', True),
        (b'"url": "https://host/w.whl?X-Amz-Signature=1"', True),
        (b'"url": "https://host/w.whl?x-amz-signature=1"', True),
        (b'"url": "https://host/w.whl?se=2&sig=1"', True),
        (b'"url": "https://host/w.whl?se=2\\u0026sig=1"', True),
        (b"<a href='w.whl?se=2&amp;SIG=1'>", True),
        (b'"url": "https://host/w.whl?private_token=1"', True),
        (b'"url": "https://host/w.whl", "author": "me@host"', False),
        (b'"url": "https://host/@scope/w.whl"', False),
        (b'<a href="https://host/w.whl" data-gpg-sig="true">', False),
        (b'"url": "https://host/w.whl?x=a@b"', False),
        (b"", False),
    ],
)
def test_links_with_passwords_or_signatures(body: bytes, expected: bool) -> None:
    assert holds_secrets(body) is expected


@pytest.mark.parametrize("body", [b"@" * 10**7, b"/" * 10**7, b"//a" * 10**6])
def test_a_page_made_to_cost_time_does_not(body: bytes) -> None:
    started = perf_counter()

    assert not holds_secrets(body + b"\n@ ?")

    assert perf_counter() - started < 2
