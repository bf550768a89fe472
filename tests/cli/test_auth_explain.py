"""`admit auth explain`: who would ask whom and why, without a byte on the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.counter import Counter
from support.desk import Desk
from support.raw_server import Authority
from support.recording_server import RecordingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Golden = Callable[[Desk], None]

SECRET = "expl4in-canary"
NETRC = f"machine pypi.corp.example login alice password {SECRET}\n"
CORP = """\
[[index]]
name = "corp"
url = "https://pypi.corp.example/simple/"
default = true
"""


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    """A desk with an index `corp` that no server stands behind."""
    desk = Desk(tmp_path, template, None)
    desk.secrets.append(SECRET)
    desk.write("admit.toml", CORP)
    return desk


def write_own(desk: Desk, text: str) -> None:
    """Write the user's own file: a project's may not name certificates."""
    path = desk.home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def with_netrc(desk: Desk) -> list[str]:
    desk.write_netrc(NETRC)
    return []


def with_variables(desk: Desk) -> list[str]:
    desk.variables |= {
        "ADMIT_INDEX_CORP_USERNAME": "alice",
        "ADMIT_INDEX_CORP_PASSWORD": SECRET,
    }
    return []


def with_a_token(desk: Desk) -> list[str]:
    desk.variables["ADMIT_INDEX_CORP_TOKEN"] = SECRET
    return []


def with_nothing(_: Desk) -> list[str]:
    return []


def always_without_anything(_: Desk) -> list[str]:
    return ["--authenticate", "always"]


def never(desk: Desk) -> list[str]:
    desk.write_netrc(NETRC)
    return ["--authenticate", "corp=never"]


def external(desk: Desk) -> list[str]:
    desk.write("admit.toml", CORP + 'authenticate = "external"\n')
    return []


def public(desk: Desk) -> list[str]:
    desk.write_netrc(NETRC)
    desk.write("admit.toml", CORP + "public = true\n")
    return []


def half_a_login(desk: Desk) -> list[str]:
    desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
    return []


def many_settings(desk: Desk) -> list[str]:
    desk.write_netrc(NETRC)
    desk.secrets.append("pr0xy-canary")
    authority = Authority(desk.work)
    authority.client_pem("alice")
    (desk.work / "admit.toml").unlink()
    write_own(
        desk,
        CORP
        + """\
authenticate = "always"
credential-origins = ["https://files.corp.example"]
probe = "corp-base"
client-cert = "~/work/alice.pem"
ca-cert = "~/work/ca.pem"
proxy = "http://bob:pr0xy-canary@proxy.corp.example:3128"
""",
    )
    return []


def a_file_below_it(desk: Desk) -> list[str]:
    desk.write_netrc(NETRC)
    return ["https://pypi.corp.example/simple/acme/acme-1.0-py3-none-any.whl"]


def a_file_beside_it(desk: Desk) -> list[str]:
    with_variables(desk)
    return ["https://pypi.corp.example/files/acme-1.0-py3-none-any.whl"]


def a_signed_file(desk: Desk) -> list[str]:
    desk.secrets.append("s1gnature-canary")
    desk.write_netrc(NETRC)
    return ["https://pypi.corp.example/x-1.0.whl?X-Amz-Signature=s1gnature-canary"]


@pytest.mark.parametrize(
    "scene",
    [
        with_netrc,
        with_variables,
        with_a_token,
        with_nothing,
        always_without_anything,
        never,
        external,
        public,
        half_a_login,
        many_settings,
        a_file_below_it,
        a_file_beside_it,
        a_signed_file,
    ],
    ids=lambda scene: scene.__name__,
)
def test_it_tells(
    desk: Desk, golden: Golden, scene: Callable[[Desk], list[str]]
) -> None:
    words = scene(desk)

    desk.succeed("auth", "explain", *words)

    golden(desk)


def test_machines_get_the_same(desk: Desk) -> None:
    desk.write_netrc(NETRC)

    ran = desk.succeed("auth", "explain", "corp", "--json")

    (told,) = json.loads(ran.stdout)
    assert told["outcome"] == "credential"
    assert told["credential"]["user"] == "alice"
    assert told["credential"]["provider"] == "netrc"
    assert told["origins"] == ["https://pypi.corp.example"]
    assert told["policy"] == {"value": "auto", "origin": "default"}
    places = [each["place"] for each in told["asked"]]
    assert places == ["environment", "URL", "store", "netrc"]


def test_what_is_neither_a_name_nor_a_url_is_misuse(desk: Desk) -> None:
    ran = desk.fail("auth", "explain", "cpro", status=2)

    assert "there is no index cpro" in ran.stderr
    assert "corp" in ran.stderr


class TestNothingHappens:
    @pytest.fixture
    def server(self, world: Path) -> Iterator[RecordingServer]:
        with RecordingServer(Counter(world)) as server:
            yield server

    def test_nothing_is_sent(self, desk: Desk, server: RecordingServer) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

        ran = desk.succeed("auth", "explain", "-i", server.url().text)

        assert "alice via netrc" in ran.stdout
        assert server.seen == []

    def test_nothing_is_forgotten(self, desk: Desk, server: RecordingServer) -> None:
        desk.make_venv()
        url = server.url().text
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        desk.succeed("install", "-i", url, "--no-deps", "delta")

        desk.succeed("auth", "explain", "-i", url, "--authenticate", f"{url}=never")

        (desk.home / ".netrc").unlink()
        ran = desk.fail("install", "-i", url, "alpha")
        assert "it was used with a credential from netrc" in ran.stderr


class TestStrayVariables:
    @pytest.mark.pain("F9")
    @pytest.mark.parametrize("command", ["explain", "install"])
    def test_one_that_names_no_index_is_told_once(
        self, desk: Desk, index_server: RecordingServer, command: str
    ) -> None:
        desk.make_venv()
        words = ["auth", "explain"] if command == "explain" else ["install", "alpha"]
        url = index_server.url().text

        ran = desk.succeed(
            *words,
            "--index",
            f"my-corp={url}",
            "-i",
            url,
            ADMIT_INDEX_CROP_PASSWORD="x",
        )

        assert ran.stderr.count("ADMIT_INDEX_CROP_PASSWORD matches no index") == 1
        assert "MY_CORP" in ran.stderr

    @pytest.mark.pain("F9")
    def test_one_that_names_two_is_told(self, desk: Desk) -> None:
        ran = desk.succeed(
            *("auth", "explain", "--index", "a-b=https://one.example/simple/"),
            *("--index", "a_b=https://two.example/simple/"),
            UV_INDEX_A_B_USERNAME="alice",
            UV_INDEX_A_B_PASSWORD=SECRET,
        )

        assert "UV_INDEX_A_B_PASSWORD matches 2 indexes: a-b, a_b" in ran.stderr

    @pytest.fixture
    def index_server(self, world: Path) -> Iterator[RecordingServer]:
        with RecordingServer(Counter(world)) as server:
            yield server


@pytest.mark.pain("F9")
def test_a_policy_for_an_index_that_there_is_not_is_warned_of(desk: Desk) -> None:
    options = ("--index", "corp=https://pypi.corp.example/simple/")

    ran = desk.succeed(
        *("auth", "explain", "corp", *options, "--authenticate", "crop=always")
    )
    well = desk.succeed(
        *("auth", "explain", "corp", *options, "--authenticate", "CORP=auto"),
        *("--authenticate", "*.corp.example=auto", "--authenticate", "auto"),
    )

    assert ran.stderr == (
        "warning: `crop=always` of --authenticate matches no index (named indexes: "
        "corp)\n"
    )
    assert well.stderr == ""
