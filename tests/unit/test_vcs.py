"""URLs of repositories and what stands behind the `#` of a direct URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.spec.record import Digest, InvalidDigest
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import (
    Fragment,
    GitUrl,
    InvalidVcsUrl,
    format_fragment,
    is_vcs_url,
    parse_fragment,
    parse_vcs_url,
)

if TYPE_CHECKING:
    from admit.errors import InputError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def parse(text: str) -> GitUrl:
    return parse_vcs_url(parse_requirement_url(text))


def refusal(text: str) -> InputError:
    with pytest.raises(InvalidVcsUrl) as caught:
        parse(text)
    return caught.value


class TestParts:
    @pytest.mark.parametrize(
        ("text", "repository", "reference"),
        [
            pytest.param(
                "git+https://git.example/o/r.git", "https://git.example/o/r.git", None,
                id="default branch",
            ),
            pytest.param(
                "git+https://git.example/o/r.git@v1.0", "https://git.example/o/r.git",
                "v1.0", id="tag",
            ),
            pytest.param(
                "git+http://git.example:8080/r@feature/x", "http://git.example:8080/r",
                "feature/x", id="branch with a slash, port",
            ),
            pytest.param(
                "git+ssh://git@git.example/o/r.git@main", "ssh://git.example/o/r.git",
                "main", id="an @ in the userinfo too",
            ),
            pytest.param(
                "git+ssh://git@git.example/o/r.git", "ssh://git.example/o/r.git", None,
                id="an @ in the userinfo only",
            ),
            pytest.param(
                "git+file:///srv/r@refs/pull/7/head", "file:///srv/r",
                "refs/pull/7/head", id="whole name of a reference",
            ),
            pytest.param(
                "git+https://git.example/~me/r@a%23b", "https://git.example/~me/r",
                "a#b", id="encoded",
            ),
            pytest.param(
                "git+https://git.example/r@x?depth=1", "https://git.example/r?depth=1",
                "x", id="query",
            ),
            pytest.param(
                "git+https://git.example/a@b/r@x", "https://git.example/a@b/r", "x",
                id="the last @ counts",
            ),
        ],
    )  # fmt: skip
    def test_repository_and_reference_are_told_apart(
        self, text: str, repository: str, reference: str | None
    ) -> None:
        found = parse(text)

        assert (found.repository.text, found.reference) == (repository, reference)

    def test_userinfo_stays_with_the_repository_and_is_not_shown(self) -> None:
        found = parse("git+https://alice:s3cr%40t@git.example/r.git@main")

        userinfo = found.repository.userinfo
        assert userinfo is not None
        assert userinfo.username == "alice"
        assert userinfo.password is not None
        assert userinfo.password.expose() == "s3cr@t"
        assert str(found) == "https://git.example/r.git@main"
        assert "s3cr" not in f"{found} {found!r}"

    def test_the_origin_is_that_of_the_transport(self) -> None:
        assert str(parse("git+https://git.example/r").repository.origin) == (
            "https://git.example"
        )

    def test_the_fragment_gives_subdirectory_and_name(self) -> None:
        found = parse("git+https://git.example/r@x#subdirectory=./a//b/&egg=w%5Btls%5D")

        assert (found.subdirectory, found.egg) == ("a/b", "w[tls]")

    @pytest.mark.parametrize(
        ("reference", "full", "is_short"),
        [
            pytest.param(COMMIT, COMMIT, False, id="whole"),
            pytest.param(COMMIT.upper(), COMMIT, False, id="upper case"),
            pytest.param(COMMIT[:7], None, True, id="short"),
            pytest.param(COMMIT[:6], None, False, id="too short"),
            pytest.param("g" * 40, None, False, id="not hexadecimal"),
            pytest.param(COMMIT + "0", None, False, id="too long"),
        ],
    )
    def test_a_commit_id_is_known_by_its_looks(
        self, reference: str, full: str | None, is_short: bool
    ) -> None:
        found = parse(f"git+https://git.example/r@{reference}")

        assert (found.full_commit, found.may_be_short_commit) == (full, is_short)


class TestRefusals:
    @pytest.mark.parametrize(
        "reference",
        [
            *("-u", "--upload-pack=x", "%2D-upload-pack=x", "a..b", "a%00b"),
            *("a%0Ab", "a~1", "a%5E", "a:b", "a%3Fb", "a*", "a%5Bb", "a\\b", "a%20b"),
            *("a//b", "/a", "a/", ".a", "b/.a", "a.lock", "a.lock/b", "a."),
            *("%40%7B1%7D", "a%40%7B0%7D"),
            "%40",
        ],
    )
    def test_what_is_no_name_in_git(self, reference: str) -> None:
        error = refusal(f"git+https://git.example/r@{reference}")

        assert "not a branch, tag or commit" in error.what

    @pytest.mark.parametrize("system", ["hg", "svn", "bzr"])
    def test_other_systems_are_named(self, system: str) -> None:
        error = refusal(f"{system}+https://git.example/r")

        assert f"with git only, not with {system}" in (error.why or "")

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            pytest.param("git+git://git.example/r", "git:// neither", id="git://"),
            pytest.param("ssh://git@git.example/r", "ssh:// alone", id="no git+"),
            pytest.param("https://git.example/r", "not the URL of a rep", id="https"),
            pytest.param("git+https://git.example/r@", "nothing stands", id="empty"),
            pytest.param("git+https://git.example/@x", "no repository", id="no path"),
            pytest.param("git+https://git.example", "no repository", id="no path 2"),
            pytest.param("git+ssh://-oProxyCommand=x/r", "begins with", id="host"),
            pytest.param("git+ssh://-x@git.example/r", "begins with", id="user"),
            pytest.param("git+file://host/r", "another machine", id="file of a host"),
            pytest.param("git+https://git.example/r%0A@x", "control", id="control"),
            pytest.param("git+ssh://a:b@git.example/r", "of no use", id="password"),
        ],
    )
    def test_what_git_would_misunderstand(self, text: str, words: str) -> None:
        error = refusal(text)

        assert words in f"{error.what} {error.why}"

    def test_no_refusal_shows_a_password(self) -> None:
        for tail in ("/r@-x", "/", "/r@", "/r#subdirectory=../x"):
            error = refusal(f"git+https://alice:s3cret@git.example{tail}")

            assert "s3cret" not in f"{error.what} {error.why} {error.fix}"


class TestFragment:
    @pytest.mark.parametrize(
        ("fragment", "expected"),
        [
            pytest.param("", Fragment(), id="none"),
            pytest.param("x&=y&z=1", Fragment(), id="unknown"),
            pytest.param("subdirectory=a%20b", Fragment("a b"), id="decoded"),
            pytest.param("subdirectory=.", Fragment(), id="the tree itself"),
            pytest.param(
                f"sha256={'AB' * 32}&egg=w",
                Fragment(None, "w", (Digest("sha256", "ab" * 32),)),
                id="hash",
            ),
        ],
    )
    def test_is_read(self, fragment: str, expected: Fragment) -> None:
        url = parse_requirement_url(f"https://host.example/w-1.tar.gz#{fragment}")

        assert parse_fragment(url) == expected

    @pytest.mark.parametrize(
        "text", ["../x", "a/../b", "/etc", "..", "a%5Cb", "C:/x", "a%0Ab", "%2E%2E/x"]
    )
    def test_a_subdirectory_stays_in_the_tree(self, text: str) -> None:
        url = parse_requirement_url(f"https://host.example/w.zip#subdirectory={text}")

        with pytest.raises(InvalidVcsUrl, match="not a folder of the tree"):
            parse_fragment(url)

    def test_a_key_that_stands_twice_is_refused(self) -> None:
        url = parse_requirement_url("https://h.example/w.zip#egg=a&egg=b")

        with pytest.raises(InvalidVcsUrl, match="twice"):
            parse_fragment(url)

    def test_a_broken_hash_is_refused(self) -> None:
        url = parse_requirement_url("https://h.example/w.zip#sha256=abc")

        with pytest.raises(InvalidDigest, match=r"not a digest.* in https://h"):
            parse_fragment(url)

    def test_what_is_written_is_read_back(self) -> None:
        text = format_fragment("a b/#c")
        url = parse_requirement_url(f"https://h.example/w.zip{text}")

        assert parse_fragment(url) == Fragment("a b/#c")
        assert format_fragment(None) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [("git+https://h.example/r", True), ("hg+http://h.example/r", True),
     ("ssh://h.example/r", True), ("https://h.example/r", False),
     ("file:///r", False)],
)  # fmt: skip
def test_urls_of_systems_are_told_from_files(text: str, expected: bool) -> None:
    assert is_vcs_url(parse_requirement_url(text)) is expected
