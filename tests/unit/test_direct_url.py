"""direct_url.json: written, read, and asked for again."""

from __future__ import annotations

import json

import pytest

from admit.spec.direct_url import (
    ArchiveInfo,
    DirectUrl,
    DirInfo,
    InvalidDirectUrl,
    VcsInfo,
    direct_url_of_git,
    format_direct_url,
    format_origin,
    is_from,
    parse_direct_url,
)
from admit.spec.record import Digest
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import parse_vcs_url

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA256 = Digest("sha256", "ab" * 32)


def made(text: str, info: ArchiveInfo | DirInfo | VcsInfo) -> DirectUrl:
    return DirectUrl(parse_requirement_url(text), info)


def from_git(text: str) -> DirectUrl:
    return direct_url_of_git(parse_vcs_url(parse_requirement_url(text)), COMMIT)


EXAMPLES = [
    pytest.param(
        made("https://host.example/w-1.tar.gz", ArchiveInfo((SHA256,))),
        {
            "url": "https://host.example/w-1.tar.gz",
            "archive_info": {
                "hash": f"sha256={SHA256.hex}",
                "hashes": {"sha256": SHA256.hex},
            },
        },
        id="archive",
    ),
    pytest.param(
        made("https://host.example/w-1.zip", ArchiveInfo()),
        {"url": "https://host.example/w-1.zip", "archive_info": {}},
        id="archive without hash",
    ),
    pytest.param(
        made("file:///home/me/w", DirInfo()),
        {"url": "file:///home/me/w", "dir_info": {}},
        id="folder",
    ),
    pytest.param(
        made("file:///home/me/w", DirInfo(is_editable=True)),
        {"url": "file:///home/me/w", "dir_info": {"editable": True}},
        id="editable",
    ),
    pytest.param(
        from_git("git+https://git.example/r.git@main#subdirectory=a/b"),
        {
            "url": "https://git.example/r.git",
            "vcs_info": {
                "vcs": "git",
                "commit_id": COMMIT,
                "requested_revision": "main",
            },
            "subdirectory": "a/b",
        },
        id="git",
    ),
    pytest.param(
        from_git("git+https://git.example/r.git"),
        {
            "url": "https://git.example/r.git",
            "vcs_info": {"vcs": "git", "commit_id": COMMIT},
        },
        id="git, default branch",
    ),
]


@pytest.mark.parametrize(("direct", "content"), EXAMPLES)
def test_it_is_written_as_the_standard_says(
    direct: DirectUrl, content: dict[str, object]
) -> None:
    assert json.loads(format_direct_url(direct)) == content


@pytest.mark.parametrize(("direct", "content"), EXAMPLES)
def test_what_is_written_is_read_back(
    direct: DirectUrl, content: dict[str, object]
) -> None:
    assert parse_direct_url(format_direct_url(direct)) == direct


@pytest.mark.pain("G5")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://alice:s3cret@git.example/r", "https://git.example/r"),
        ("git+https://s3cret@git.example/r", "https://git.example/r"),
        ("git+ssh://alice@git.example/r", "ssh://git.example/r"),
        ("git+ssh://git@git.example/r", "ssh://git@git.example/r"),
        ("git+https://git:s3cret@git.example/r", "https://git.example/r"),
    ],
)
def test_no_userinfo_is_written_but_the_git_of_ssh(text: str, shown: str) -> None:
    direct = from_git(text)

    assert json.loads(format_direct_url(direct))["url"] == shown
    assert format_origin(direct) == f"git+{shown}@{COMMIT}"


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "{", "1", "{}", '{"url": 1, "dir_info": {}}'),
        '{"url": "nowhere", "dir_info": {}}',
        '{"url": "file:///w"}',
        '{"url": "file:///w", "dir_info": 1}',
        '{"url": "file:///w", "dir_info": {}, "archive_info": {}}',
        '{"url": "file:///w", "dir_info": {}, "subdirectory": 1}',
        '{"url": "https://git.example/r", "vcs_info": {"vcs": "git"}}',
        '{"url": "https://git.example/r", "vcs_info": {"commit_id": "1"}}',
    ],
)
def test_what_breaks_the_standard_is_refused(content: str) -> None:
    with pytest.raises(InvalidDirectUrl):
        parse_direct_url(content)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        pytest.param({"hash": f"sha256={SHA256.hex}"}, (SHA256,), id="old place"),
        pytest.param({"hashes": {"sha256": SHA256.hex}}, (SHA256,), id="new place"),
        pytest.param({"hash": "nonsense"}, (), id="broken"),
        pytest.param({"hashes": {"sha256": 1}}, (), id="broken, new place"),
    ],
)
def test_hashes_are_read_from_both_places(
    info: dict[str, object], expected: tuple[Digest, ...]
) -> None:
    text = json.dumps({"url": "https://host.example/w.zip", "archive_info": info})

    assert parse_direct_url(text).info == ArchiveInfo(expected)


def test_a_password_that_another_installer_wrote_is_not_shown() -> None:
    text = '{"url": "https://a:s3cret@host.example/w.zip", "archive_info": {}}'

    direct = parse_direct_url(text)

    assert direct.shown == "https://host.example/w.zip"
    assert "s3cret" not in f"{direct!r} {format_origin(direct)}"


@pytest.mark.parametrize(
    ("direct", "asked", "expected"),
    [
        pytest.param(
            from_git("git+https://git.example/r@main"),
            "git+https://git.example/r@main", True, id="same branch",
        ),
        pytest.param(
            from_git("git+https://git.example/r@main"),
            f"git+https://git.example/r@{COMMIT}", True, id="its commit",
        ),
        pytest.param(
            from_git(f"git+https://git.example/r@{COMMIT}"),
            f"git+https://git.example/r@{COMMIT.upper()}", True, id="its commit, upper",
        ),
        pytest.param(
            from_git("git+https://git.example/r@main"),
            "git+https://git.example/r@dev", False, id="another branch",
        ),
        pytest.param(
            from_git("git+https://git.example/r@main"),
            "git+https://git.example/r", False, id="default branch",
        ),
        pytest.param(
            from_git("git+https://git.example/r"),
            "git+https://git.example/r", True, id="default branch both",
        ),
        pytest.param(
            from_git("git+https://git.example/r"),
            "git+https://git.example/other", False, id="another repository",
        ),
        pytest.param(
            from_git("git+https://git.example/r#subdirectory=a"),
            "git+https://git.example/r#subdirectory=b", False, id="another folder",
        ),
        pytest.param(
            from_git("git+https://git.example/r"),
            "https://git.example/r", False, id="a file there",
        ),
        pytest.param(
            from_git("git+https://git.example/r"),
            "hg+https://git.example/r", False, id="another system",
        ),
        pytest.param(
            made("https://host.example/w.zip", ArchiveInfo((SHA256,))),
            "https://host.example/w.zip", True, id="archive",
        ),
        pytest.param(
            made("https://host.example/w.zip", ArchiveInfo((SHA256,))),
            f"https://host.example/w.zip#sha256={'ab' * 32}", True, id="right hash",
        ),
        pytest.param(
            made("https://host.example/w.zip", ArchiveInfo((SHA256,))),
            f"https://host.example/w.zip#sha256={'cd' * 32}", False, id="wrong hash",
        ),
        pytest.param(
            made("https://host.example/w.zip", ArchiveInfo()),
            "https://host.example/w.zip#subdirectory=a", False, id="folder in archive",
        ),
        pytest.param(
            made("file:///w", DirInfo()), "file:///w", False, id="folder may change",
        ),
        pytest.param(
            made("https://host.example/w.zip", ArchiveInfo((SHA256,))),
            "git+https://host.example/w.zip", False, id="archive is no repository",
        ),
    ],
)  # fmt: skip
def test_what_a_requirement_asks_for_is_recognised(
    direct: DirectUrl, asked: str, expected: bool
) -> None:
    assert is_from(direct, parse_requirement_url(asked)) is expected
