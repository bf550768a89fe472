"""The command as the top of a compiled file tells it."""

from __future__ import annotations

import pytest

from admit.cli.command_line import format_command, without_secrets

INDEX = "https://alice:s3cret@pypi.corp.example/simple/"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, "admit compile r.in", id="nothing"),
        pytest.param(
            {"output_file": "r.txt", "generate_hashes": True},
            "admit compile r.in --output-file=r.txt --generate-hashes",
            id="one form for every option",
        ),
        pytest.param(
            {"constraint": ["a.txt", "b c.txt"]},
            "admit compile r.in --constraint=a.txt '--constraint=b c.txt'",
            id="lists and blanks",
        ),
        pytest.param(
            {"upgrade": True, "upgrade_package": ["a"], "verbose": 2, "no_cache": True},
            "admit compile r.in",
            id="what is about this run only",
        ),
        pytest.param(
            {"index_url": INDEX, "proxy": "http://me:pw@proxy.example"},
            "admit compile r.in",
            id="the network",
        ),
        pytest.param(
            {"index_url": INDEX, "emit_index_url": True},
            "admit compile r.in --index-url=https://pypi.corp.example/simple/ "
            "--emit-index-url",
            id="indexes where they are wanted",
        ),
        pytest.param(
            {"index": [f"corp={INDEX}"], "emit_index_url": True},
            "admit compile r.in --index=corp=https://pypi.corp.example/simple/ "
            "--emit-index-url",
            id="a named index",
        ),
        pytest.param(
            {"index_strategy": "unsafe-best-match"},
            "admit compile r.in --index-strategy=unsafe-best-match",
            id="the strategy",
        ),
    ],
)
def test_it_is_made_of_what_decides_the_outcome(
    given: dict[str, object], expected: str
) -> None:
    assert format_command("compile", ["r.in"], given) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make pins", "make pins"),
        (f"x {INDEX} y", "x https://pypi.corp.example/simple/ y"),
        (f"--index={INDEX}", "--index=https://pypi.corp.example/simple/"),
        (f"'--i=corp={INDEX}'", "'--i=corp=https://pypi.corp.example/simple/'"),
        ("ftp://a:s3cret@host.example/", "ftp://****@host.example/"),
        ("git+https://a:s3cret@host.example/r@v1", "git+https://host.example/r@v1"),
    ],
)
def test_no_secret_of_a_url_is_left(text: str, expected: str) -> None:
    assert without_secrets(text) == expected
