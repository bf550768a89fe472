"""METADATA out of the end of a wheel."""

from __future__ import annotations

import io
import os
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admit.index.range import TAIL, NoMetadata, read_metadata
from admit.spec.names import normalize_name

PROJECT = normalize_name("widgets")
METADATA = "widgets-1.0.dist-info/METADATA"
BODY = b"Name: widgets\nVersion: 1.0\n"


def archive(
    *members: tuple[str, bytes],
    method: int = zipfile.ZIP_DEFLATED,
    comment: bytes = b"",
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
        file.comment = comment
    return stream.getvalue()


def read(content: bytes, tail: int = TAIL) -> tuple[bytes, list[tuple[int, int]]]:
    """Return METADATA and the spans that were asked for."""
    start = max(0, len(content) - tail)
    reading = read_metadata(PROJECT, start, content[start:])
    spans: list[tuple[int, int]] = []
    piece: bytes | None = None
    while True:
        try:
            span = next(reading) if piece is None else reading.send(piece)
        except StopIteration as stop:
            return stop.value, spans
        assert 0 <= span[0] < span[1] <= len(content)
        assert len(spans) < 10
        spans.append(span)
        piece = content[span[0] : span[1]]


NOISE = ("widgets/noise", os.urandom(100_000))


@pytest.mark.parametrize(
    ("content", "requests"),
    [
        pytest.param(archive((METADATA, BODY)), 0, id="small"),
        pytest.param(archive(NOISE, (METADATA, BODY)), 0, id="at the end"),
        pytest.param(archive((METADATA, BODY), NOISE), 1, id="at the beginning"),
        pytest.param(
            archive(NOISE, (METADATA, BODY), method=zipfile.ZIP_STORED),
            0,
            id="stored",
        ),
        pytest.param(archive((METADATA, BODY), comment=b"x" * 999), 0, id="comment"),
        pytest.param(
            archive((METADATA, BODY), comment=b"PK\x05\x06" + b"x" * 30),
            0,
            id="a comment that looks like an end",
        ),
        pytest.param(
            archive(
                *((f"widgets/{number:050}", b"") for number in range(1000)),
                (METADATA, BODY),
            ),
            1,
            id="a large directory",
        ),
        pytest.param(
            archive(
                ("widgets/widgets-1.0.dist-info/METADATA", b"no"), (METADATA, BODY)
            ),
            0,
            id="another one deeper",
        ),
        pytest.param(
            archive(("gadgets-1.0.dist-info/METADATA", b"no"), (METADATA, BODY)),
            0,
            id="another project's",
        ),
        pytest.param(
            archive(("Widgets-1.0.dist-info/METADATA", BODY)), 0, id="spelled otherwise"
        ),
    ],
)
def test_metadata_is_found(content: bytes, requests: int) -> None:
    body, spans = read(content)

    assert body == BODY
    assert len(spans) == requests


def test_metadata_at_the_window_s_edge_is_found() -> None:
    content = archive((METADATA, BODY * 100), method=zipfile.ZIP_STORED)

    for tail in range(100, len(content)):
        assert read(content, tail)[0] == BODY * 100


def test_a_zip64_archive_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
    content = archive(NOISE, (METADATA, BODY))
    assert b"PK\x06\x06" in content

    assert read(content)[0] == BODY


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "not a zip archive", id="empty"),
        pytest.param(b"<html>" * 10, "not a zip archive", id="HTML"),
        pytest.param(archive(NOISE), "no .dist-info/METADATA of widgets", id="none"),
        pytest.param(archive((METADATA, BODY))[:-1], "not a zip archive", id="cut"),
        pytest.param(
            b"xx" + archive((METADATA, BODY)), "contradicts itself", id="shifted"
        ),
        pytest.param(
            archive((METADATA, BODY), method=zipfile.ZIP_BZIP2),
            "compressed by method 12",
            id="another method",
        ),
        pytest.param(
            archive((METADATA, BODY), method=zipfile.ZIP_STORED).replace(
                b"1.0\n", b"2.0\n"
            ),
            "damaged",
            id="wrong checksum",
        ),
        pytest.param(
            archive((METADATA, b"\0" * (17 << 20))), "too large", id="a zip bomb"
        ),
    ],
)
def test_what_cannot_be_read_is_told(content: bytes, reason: str) -> None:
    with pytest.raises(NoMetadata, match=reason):
        read(content)


SMALL = archive(("widgets/a", b"a" * 50), (METADATA, BODY))


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, len(SMALL)),
)
def test_a_damaged_archive_is_an_error_or_right(
    changes: list[tuple[int, int]], tail: int
) -> None:
    content = bytearray(SMALL)
    for at, byte in changes:
        content[at] = byte

    try:
        body, _ = read(bytes(content), tail)
    except NoMetadata:
        return
    assert body == BODY
