"""Everything that can be wrong with what admit is given: told clearly, nothing done.

Every run ends with `error: …`, status 1 or 2, no traceback and no secret (`Desk.run`
sees to that), and the environment as it was.
"""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import Answer
from admit.serve.server import IndexServer
from support.index import SECRET, make_tls
from support.site import snapshot
from support.wheel import (
    add_record,
    build_wheel,
    metadata_text,
    wheel_members,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.desk import Desk

    Golden = Callable[[Desk], None]

JSON = "application/vnd.pypi.simple.v1+json"
LOGIN_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>"
    b'<form action="/login" method="post"><input name="user"></form></body></html>'
)


def page(body: bytes, content_type: str = JSON) -> Answer:
    return Answer(200, (("Content-Type", content_type),), body)


class TestCommandLine:
    @pytest.mark.parametrize(
        "given",
        [
            pytest.param("alpha >> 1", id="operator"),
            pytest.param("alpha==one", id="version"),
            pytest.param("alpha[fast", id="extra"),
            pytest.param("-- alpha;", id="dashes"),
            pytest.param("alpha; python_version >", id="marker"),
            pytest.param("alpha @ not a url", id="url"),
            pytest.param("ftp://host.example/alpha-1.0-py3-none-any.whl", id="scheme"),
            pytest.param("./nowhere-1.0-py3-none-any.whl", id="missing wheel"),
            pytest.param(".", id="tree"),
            pytest.param("git+gopher://host.example/alpha.git", id="git"),
            pytest.param("hg+https://host.example/alpha", id="other system"),
            pytest.param("", id="empty"),
            pytest.param("grün", id="name"),
        ],
    )
    def test_a_requirement(self, desk: Desk, golden: Golden, given: str) -> None:
        ran = desk.run("install", *given.removeprefix("-- ").split("\0"))

        assert ran.status in (1, 2)
        assert desk.installed == []
        golden(desk)

    @pytest.mark.parametrize(
        "url",
        ["pypi.corp.example/simple", "https://", "https://[::1/simple/"],
        ids=["no scheme", "no host", "bracket"],
    )
    def test_an_index(self, desk: Desk, golden: Golden, url: str) -> None:
        ran = desk.run("install", "-i", url, "alpha")

        assert ran.status in (1, 2)
        golden(desk)


class TestFiles:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("alpha\nbeta >> 1\n", id="requirement"),
            pytest.param("alpha\n--frobnicate\n", id="option"),
            pytest.param("-r requirements.txt\n", id="itself"),
            pytest.param("\n-r deeper/missing.txt\n", id="include"),
            pytest.param("alpha --hash=md5:abc\n", id="hash"),
            pytest.param("-e .\n", id="editable"),
            pytest.param("./dist/x-1.0-py3-none-any.whl\n", id="path"),
        ],
    )
    def test_a_requirements_file(self, desk: Desk, golden: Golden, text: str) -> None:
        desk.write("requirements.txt", text)

        ran = desk.run("install", "-r", "requirements.txt")

        assert ran.status in (1, 2)
        assert desk.installed == []
        golden(desk)

    def test_a_requirements_file_that_is_none(self, desk: Desk, golden: Golden) -> None:
        desk.fail("install", "-r", "missing.txt", status=2)
        desk.fail("install", "-r", ".venv", status=2)
        desk.write("latin.txt", "").write_bytes(b"alpha\n# gr\xfcn\n")
        desk.run("install", "-r", "latin.txt")
        desk.write("zeros.txt", "").write_bytes(bytes(64))
        desk.run("install", "-r", "zeros.txt")

        golden(desk)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("no-deps = maybe\n", id="toml"),
            pytest.param("no-dep = true\n", id="unknown"),
            pytest.param("no-deps = 1\n", id="type"),
            pytest.param("[[index]]\nname = 'corp'\n", id="index without url"),
            pytest.param("[[index]]\nurl = 'corp'\n", id="url"),
            pytest.param("[[index]]\nurl='https://h/'\nkeys = 1\n", id="index key"),
            pytest.param(
                "[[index]]\nurl='https://h.example/'\nauthenticate = 'often'\n",
                id="policy",
            ),
            pytest.param("index = 'https://h.example/'\n", id="index is no table"),
        ],
    )
    def test_a_configuration(self, desk: Desk, golden: Golden, text: str) -> None:
        desk.write("admit.toml", text)

        desk.fail("install", "alpha", status=2)

        golden(desk)

    def test_a_configuration_that_is_not_there(
        self, desk: Desk, golden: Golden
    ) -> None:
        desk.fail("install", "--config-file", "nowhere.toml", "alpha", status=2)

        golden(desk)

    @pytest.mark.pain("D5")
    def test_a_netrc(self, alice: Desk, private: IndexServer, golden: Golden) -> None:
        alice.write_netrc(
            f"machine 127.0.0.1 login alice password {SECRET}\nmachin other\n"
        )

        alice.run("install", "mypackage")

        assert private.anonymous == []
        golden(alice)


class TestPages:
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(page(b'{"files": [{'), id="broken json"),
            pytest.param(page(b"[]"), id="json of another shape"),
            pytest.param(page(b"{}"), id="empty object"),
            pytest.param(page(LOGIN_PAGE, "text/html"), id="login page"),
            pytest.param(page(b"hello", "text/plain"), id="plain text"),
            pytest.param(page(b"\xff\xfe\x00", "text/html"), id="no text"),
            pytest.param(Answer(500), id="500"),
            pytest.param(Answer(418), id="418"),
            pytest.param(Answer(0), id="closed"),
            pytest.param(
                Answer(200, (("Content-Type", JSON),), b"x" * 999, cut=10),
                id="truncated",
            ),
            pytest.param(Answer(302, (("Location", "/simple/alpha/"),)), id="loop"),
            pytest.param(Answer(302, (("Location", "ftp://h/"),)), id="location"),
            pytest.param(Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"), id="no http"),
        ],
    )
    def test_a_listing(
        self, desk: Desk, index: IndexServer, golden: Golden, answer: Answer
    ) -> None:
        index.script("/simple/alpha/", answer)

        desk.fail("install", "--retries", "0", "alpha")

        assert desk.installed == []
        golden(desk)

    def test_metadata_of_another_hash(
        self, desk: Desk, index: IndexServer, golden: Golden
    ) -> None:
        index.script("*.metadata", Answer(200, (), b"Metadata-Version: 2.1\n"))

        desk.run("install", "alpha")

        golden(desk)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("Name: bad\n", id="no version"),
            pytest.param(metadata_text("other", "1.0"), id="other name"),
            pytest.param(metadata_text("bad", "2.0"), id="other version"),
            pytest.param(metadata_text("bad", "1.0", requires=["x >> 1"]), id="needs"),
            pytest.param("\0\0\0", id="zeros"),
        ],
    )
    def test_metadata(
        self, desk: Desk, tmp_path: Path, golden: Golden, text: str
    ) -> None:
        members = wheel_members("bad", "1.0")
        members["bad-1.0.dist-info/METADATA"] = text.encode()
        folder = tmp_path / "shelf"
        write_archive(
            folder / "bad-1.0-py3-none-any.whl",
            add_record(members, "bad-1.0.dist-info"),
        )
        with IndexServer(folder, public=["*"]) as server:
            desk.fail("install", "-i", server.url, "bad")

        assert desk.installed == []
        golden(desk)


INFO = "bad-1.0.dist-info"
ZEROS = bytes(80_000_000)


def with_member(name: str, content: bytes = b"") -> dict[str, bytes]:
    members = {name: content, **wheel_members("bad", "1.0")}
    return add_record(members, INFO)


def with_bad_record() -> dict[str, bytes]:
    return {**wheel_members("bad", "1.0"), "bad/__init__.py": b"changed"}


def without(name: str) -> dict[str, bytes]:
    members = wheel_members("bad", "1.0")
    del members[name]
    return members


class TestWheels:
    @pytest.mark.parametrize(
        "members",
        [
            pytest.param(partial(with_member, "../escaped.py"), id="path escape"),
            pytest.param(partial(with_member, "/etc/escaped"), id="absolute path"),
            pytest.param(partial(with_member, "C:/escaped"), id="drive"),
            pytest.param(with_bad_record, id="bad RECORD"),
            pytest.param(partial(without, f"{INFO}/RECORD"), id="no RECORD"),
            pytest.param(partial(without, f"{INFO}/WHEEL"), id="no WHEEL"),
            pytest.param(lambda: {"x.py": b""}, id="no dist-info"),
            pytest.param(
                partial(with_member, "bad/big", bytes(80_000_000)), id="zip bomb"
            ),
        ],
    )
    @pytest.mark.parametrize("cache", ["cache", "no cache"])
    def test_an_archive(
        self,
        desk: Desk,
        tmp_path: Path,
        golden: Golden,
        members: Callable[[], dict[str, bytes]],
        cache: str,
    ) -> None:
        folder = tmp_path / "shelf"
        write_archive(folder / "bad-1.0-py3-none-any.whl", members())
        build_wheel(folder, "good", "1.0")
        before = snapshot(desk.venv)
        options = ["--no-cache"] if cache == "no cache" else []

        with IndexServer(folder, public=["*"]) as server:
            desk.fail("install", *options, "-i", server.url, "good", "bad")

        assert snapshot(desk.venv) == before
        assert not list(tmp_path.rglob("escaped*"))
        assert not list(desk.home.rglob("*.whl"))
        golden(desk)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(Answer(200, (), b"not what was promised"), id="hash"),
            pytest.param(page(LOGIN_PAGE, "text/html"), id="login page"),
            pytest.param(Answer(404), id="404"),
            pytest.param(Answer(403), id="403"),
            pytest.param(Answer(200, (), b"x" * 999, cut=10), id="truncated"),
        ],
    )
    def test_a_download(
        self, desk: Desk, index: IndexServer, golden: Golden, answer: Answer
    ) -> None:
        index.script("*.whl", answer)

        desk.fail("install", "--retries", "0", "alpha")

        assert desk.installed == []
        golden(desk)

    def test_a_local_file_that_is_no_archive(self, desk: Desk, golden: Golden) -> None:
        desk.write("bad-1.0-py3-none-any.whl", "nonsense")
        desk.write("bad.whl", "nonsense")

        desk.fail("install", "./bad-1.0-py3-none-any.whl")
        desk.run("install", "./bad.whl")

        golden(desk)


class TestNetwork:
    def test_an_unknown_host(self, desk: Desk, golden: Golden) -> None:
        desk.fail(
            *("install", "--retries", "0"),
            *("-i", "https://no-such-host.invalid/simple/", "alpha"),
        )

        golden(desk)

    def test_a_closed_port(self, desk: Desk, golden: Golden) -> None:
        desk.fail(
            *("install", "--retries", "0", "-i", "http://127.0.0.1:9/simple/", "alpha")
        )

        golden(desk)

    def test_a_private_authority(
        self, desk: Desk, tmp_path: Path, world: Path, golden: Golden
    ) -> None:
        tls = make_tls(tmp_path)
        with IndexServer(world, public=["*"], tls=tls.context) as server:
            desk.fail("install", "-i", server.url, "alpha")
            desk.succeed(
                "install", "-i", server.url, "--cert", str(tls.ca_file), "beta"
            )
            assert len([each for each in server.requests if "beta" in each.path]) == 3

        assert "beta==1.0" in desk.installed
        golden(desk)

    def test_a_certificate_for_another_host(
        self, desk: Desk, tmp_path: Path, world: Path, golden: Golden
    ) -> None:
        tls = make_tls(tmp_path, "pypi.corp.example")
        with IndexServer(world, public=["*"], tls=tls.context) as server:
            desk.fail(
                "install", "-i", server.url, "alpha", SSL_CERT_FILE=str(tls.ca_file)
            )

        golden(desk)

    def test_an_authority_that_is_not_there(self, desk: Desk, golden: Golden) -> None:
        desk.fail("install", "--cert", "nowhere.pem", "alpha", status=2)

        golden(desk)

    def test_an_authority_that_is_none(
        self, desk: Desk, tmp_path: Path, world: Path, golden: Golden
    ) -> None:
        desk.write("empty.pem", "")
        tls = make_tls(tmp_path)
        with IndexServer(world, public=["*"], tls=tls.context) as server:
            desk.fail("install", "--cert", "empty.pem", "-i", server.url, "alpha")

        golden(desk)

    def test_a_server_that_never_answers(self, desk: Desk, golden: Golden) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            desk.fail(
                *("install", "--timeout", "0.3", "--retries", "0"),
                *("-i", f"http://127.0.0.1:{server.getsockname()[1]}/", "alpha"),
            )

        golden(desk)

    @pytest.mark.parametrize("kind", ["scheme", "closed"])
    def test_a_proxy(self, desk: Desk, golden: Golden, kind: str) -> None:
        proxy = {"scheme": "gopher://127.0.0.1:9", "closed": "http://127.0.0.1:9"}[kind]

        ran = desk.run(
            *("install", "--proxy", proxy, "--retries", "0"),
            *("-i", "https://pypi.corp.example/simple/", "alpha"),
        )

        assert ran.status in (1, 2)
        golden(desk)


def test_a_login_to_a_plain_http_host_is_refused(alice: Desk, golden: Golden) -> None:
    alice.write_netrc(f"machine pypi.corp.example login alice password {SECRET}\n")

    alice.fail("install", "-i", "http://pypi.corp.example/simple/", "alpha")

    golden(alice)
