"""Digests, RECORD and entry points."""

import base64
import csv
import hashlib
import io

import pytest

from admit.spec.record import (
    Digest,
    EntryPoint,
    InvalidDigest,
    InvalidRecord,
    RecordRow,
    format_record,
    parse_digest,
    parse_entry_points,
    parse_record,
    strongest,
)

SHA256 = hashlib.sha256(b"widgets").hexdigest()
ENCODED = base64.urlsafe_b64encode(bytes.fromhex(SHA256)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text", [f"sha256={SHA256}", f"sha256:{SHA256}", f" SHA256={SHA256.upper()} "]
)
def test_a_digest_is_read_in_every_spelling(text: str) -> None:
    digest = parse_digest(text)

    assert digest == Digest("sha256", SHA256)
    assert str(digest) == f"sha256={SHA256}"


@pytest.mark.parametrize(
    "text", ["", "sha256", "sha256=", "sha256=xyz", "sha256=abc", f"={SHA256}", "md5=1"]
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        parse_digest(text)


def test_only_strong_algorithms_prove_anything() -> None:
    md5, sha1 = Digest("md5", "0" * 32), Digest("sha1", "0" * 40)
    sha256, sha512 = Digest("sha256", SHA256), Digest("sha512", "0" * 128)

    assert [each.is_secure for each in (md5, sha1, sha256)] == [False, False, True]
    assert strongest([md5, sha256, sha512]) == sha512
    assert strongest([md5, sha1]) is None


def test_record_rows_are_read() -> None:
    text = f"w/__init__.py,sha256={ENCODED},12\r\nw-1.dist-info/RECORD,,\n\n"

    assert parse_record(text) == (
        RecordRow("w/__init__.py", Digest("sha256", SHA256), 12),
        RecordRow("w-1.dist-info/RECORD"),
    )


@pytest.mark.parametrize(
    "path",
    ["plain.py", "with, comma", 'a "quoted" name', "two\nlines", "line\u2028break"],
)
def test_every_path_survives_writing_and_reading(path: str) -> None:
    rows = (RecordRow(path, Digest("sha256", SHA256), 0), RecordRow("other", None, 7))
    text = format_record(rows)

    assert parse_record(text) == rows
    assert next(csv.reader(io.StringIO(text, newline="")))[0] == path


def test_all_faulty_rows_are_told() -> None:
    text = f"a,sha256={ENCODED},1\nb\nc,,many\nd,sha256=A,1\ne,sha256=,\n,,\n"

    with pytest.raises(InvalidRecord) as caught:
        parse_record(text)

    lines = (caught.value.why or "").splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "row 2",
        "row 3",
        "row 4",
        "row 5",
        "row 6",
    ]


def test_a_quoted_field_without_bounds_is_an_error_of_ours() -> None:
    with pytest.raises(InvalidRecord):
        parse_record('"' + "x" * 200_000 + '",,')


def test_entry_points_are_read() -> None:
    text = """
        # made by hand
        [console_scripts]
        widgets = widgets.cli:main
        wid-gets=widgets.cli : Main.run [tls]
        ; another comment
        [pytest11]
        widgets.plugin = widgets.plugin
    """

    assert parse_entry_points(text) == (
        EntryPoint("widgets", "widgets.cli", "main", "console_scripts"),
        EntryPoint("wid-gets", "widgets.cli", "Main.run", "console_scripts"),
        EntryPoint("widgets.plugin", "widgets.plugin", "", "pytest11"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "widgets",
        "= widgets:main",
        "widgets = ",
        "widgets = wid-gets:main",
        "widgets = widgets:",
        "widgets = widgets:main; import os",
        "widgets = widgets:main()",
    ],
)
def test_what_is_no_entry_point_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(InvalidRecord, match="invalid entry points") as caught:
        parse_entry_points(f"[console_scripts]\n{line}\n")

    assert "line 2" in (caught.value.why or "")


def test_an_entry_point_outside_a_group_is_refused() -> None:
    with pytest.raises(InvalidRecord):
        parse_entry_points("widgets = widgets:main")
