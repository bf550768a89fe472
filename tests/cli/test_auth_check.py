"""`admit auth check`: what an index shows to you and to nobody, side by side."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import DENIALS, PARTIAL, Behaviour
from support.counter import Counter
from support.desk import Desk
from support.index import SECRET, founding_index
from support.raw_server import Authority
from support.recording_server import HTML, RecordingServer, redirect, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from admit.serve.server import IndexServer

    Golden = Callable[[Desk], None]

DENY = Behaviour(DENIALS["401"])


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def filtered(tmp_path: Path) -> Iterator[IndexServer]:
    with founding_index(tmp_path / "world", PARTIAL) as server:
        yield server


def configure(desk: Desk, url: str, *lines: str, secret: str = SECRET) -> None:
    table = ["[[index]]", 'name = "corp"', f'url = "{url}"', "default = true", *lines]
    desk.write("admit.toml", "\n".join(table) + "\n")
    if secret:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {secret}\n")


class TestAFilteredIndex:
    @pytest.mark.pain("A1")
    def test_is_visible_at_a_glance(
        self, desk: Desk, filtered: IndexServer, golden: Golden
    ) -> None:
        configure(desk, filtered.url)

        desk.succeed("auth", "check")
        desk.succeed("auth", "check", "corp", "--project", "mypackage")
        desk.succeed("auth", "check", "--project", "mydependency")

        golden(desk)

    def test_takes_a_wrong_password_for_nobody_and_is_not_believed(
        self, desk: Desk, filtered: IndexServer, golden: Golden
    ) -> None:
        configure(desk, filtered.url, secret="of-yesterday")

        ran = desk.succeed("auth", "check")

        assert "not proven: alice via netrc sees what anybody sees" in ran.stdout
        golden(desk)

    def test_has_a_probe_that_tells(
        self, desk: Desk, filtered: IndexServer, golden: Golden
    ) -> None:
        configure(desk, filtered.url, 'probe = "mydependency"')
        desk.succeed("auth", "check")
        configure(desk, filtered.url, 'probe = "mydependency"', secret="of-yesterday")
        desk.fail("auth", "check")

        golden(desk)

    def test_has_a_probe_that_tells_nothing(
        self, desk: Desk, filtered: IndexServer
    ) -> None:
        configure(desk, filtered.url, 'probe = "mypackage"')

        ran = desk.succeed("auth", "check")

        assert "as `probe` it proves nothing" in ran.stdout

    def test_is_asked_once_by_each(self, desk: Desk, filtered: IndexServer) -> None:
        configure(desk, filtered.url)

        desk.succeed("auth", "check")

        assert len(filtered.requests) == 2
        assert len(filtered.anonymous) == 1

    def test_machines_get_the_same(self, desk: Desk, filtered: IndexServer) -> None:
        configure(desk, filtered.url)

        ran = desk.succeed("auth", "check", "--json")

        (told,) = json.loads(ran.stdout)
        assert told["verdict"] == "confirmed"
        assert (told["you"]["count"], told["anonymous"]["count"]) == (2, 1)


class TestADenial:
    def test_of_nobody_confirms_a_login(
        self, desk: Desk, tmp_path: Path, golden: Golden
    ) -> None:
        with founding_index(tmp_path / "world", DENY) as server:
            configure(desk, server.url)
            desk.succeed("auth", "check")

        golden(desk)

    def test_of_you_is_status_1(
        self, desk: Desk, tmp_path: Path, golden: Golden
    ) -> None:
        with founding_index(tmp_path / "world", DENY) as server:
            configure(desk, server.url, secret="of-yesterday")
            desk.fail("auth", "check")
            assert len(server.failed_logins) == 1

        golden(desk)

    def test_of_one_source_does_not_hide_the_others(
        self, desk: Desk, filtered: IndexServer, tmp_path: Path
    ) -> None:
        configure(desk, filtered.url)
        other = "http://127.0.0.1:9/simple/"

        ran = desk.fail("auth", "check", "--index", other, "--retries", "0")

        assert "confirmed" in ran.stdout
        assert "connect-failed" in ran.stdout


class TestOddAnswers:
    @pytest.fixture
    def counter(self, world: Path) -> Counter:
        return Counter(world)

    @pytest.fixture
    def server(self, counter: Counter) -> Iterator[RecordingServer]:
        with RecordingServer(counter) as server:
            yield server

    def test_nobody_is_sent_elsewhere(
        self,
        desk: Desk,
        server: RecordingServer,
        counter: Counter,
        filtered: IndexServer,
        golden: Golden,
    ) -> None:
        configure(desk, server.url().text)
        elsewhere = redirect(filtered.url)
        counter.refuse(
            "/simple/",
            lambda seen: counter.usual(seen) if seen.user == "alice" else elsewhere,
        )

        desk.succeed("auth", "check")

        golden(desk)

    def test_a_login_page_for_nobody(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        configure(desk, server.url().text)
        counter.refuse(
            "/simple/",
            lambda seen: counter.usual(seen) if seen.user == "alice" else HTML,
        )

        ran = desk.succeed("auth", "check")

        assert "login page" in ran.stdout
        assert "confirmed" in ran.stdout

    def test_no_list_of_projects(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        configure(desk, server.url().text)
        counter.refuse("/simple/", status(404))

        ran = desk.succeed("auth", "check")

        assert "`--project NAME` asks for one project" in ran.stdout

    @pytest.mark.pain("A5")
    @pytest.mark.parametrize(
        ("user", "words"),
        [
            ("alice", "confirmed: anybody sees the page, but an anonymous caller may"),
            (
                "-",
                "not proven: alice via netrc sees the page, as anybody does, and may",
            ),
        ],
    )
    def test_pages_open_to_all_and_files_that_are_not(
        self,
        desk: Desk,
        server: RecordingServer,
        counter: Counter,
        user: str,
        words: str,
    ) -> None:
        configure(desk, server.url().text)
        counter.refuse(
            "/files/*",
            lambda seen: counter.usual(seen) if seen.user == user else status(403),
        )

        ran = desk.succeed("auth", "check", "--project", "alpha")

        assert words in ran.stdout

    @pytest.mark.pain("H3")
    def test_a_404_where_nobody_is_shown_a_list_is_a_refusal(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        configure(desk, server.url().text)
        counter.refuse(
            "/simple/",
            lambda seen: status(404) if seen.user == "alice" else counter.usual(seen),
        )

        ran = desk.fail("auth", "check")

        assert "refused; see the error" in ran.stdout
        assert "was answered 404 where an anonymous caller is shown" in ran.stderr
        assert "is wrong or has expired" in ran.stderr

    @pytest.mark.pain("H3")
    def test_a_login_that_is_shown_less_than_nobody_is_not_stored(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        counter.refuse(
            "/simple/",
            lambda seen: status(404) if seen.user == "alice" else counter.usual(seen),
        )

        given = ("--username", "alice", "--password-stdin")
        desk.typed = "of-yesterday\n"
        ran = desk.fail("auth", "login", server.url().text, *given)

        assert "nothing was stored" in ran.stderr
        assert "No credential is stored" in desk.succeed("auth", "list").stderr

    def test_nothing_is_gathered_for_nobody(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        configure(desk, server.url().text, secret="")
        counter.denied = status(401)
        counter.logins = ("alice:right",)
        desk.write_netrc("default login alice password wrong\n")
        desk.variables |= {
            "ADMIT_INDEX_CORP_USERNAME": "alice",
            "ADMIT_INDEX_CORP_PASSWORD": "right",
        }

        desk.succeed("auth", "check")

        assert [each.login for each in server.seen] == ["alice:right", "-"]

    def test_one_without_a_login_is_asked_once(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        configure(desk, server.url().text, secret="")

        ran = desk.succeed("auth", "check")

        assert "asked anonymously" in ran.stdout
        assert len(server.seen) == 1

    def test_a_file_by_its_url(
        self, desk: Desk, server: RecordingServer, counter: Counter
    ) -> None:
        configure(desk, server.url().text)
        refused = status(403)
        counter.refuse(
            "/files/*",
            lambda seen: counter.usual(seen) if seen.user == "alice" else refused,
        )
        url = f"{server.origin}/files/alpha-2.0-py3-none-any.whl"

        ran = desk.succeed("auth", "check", url)

        assert "confirmed" in ran.stdout
        assert [each.method for each in server.seen] == ["HEAD", "HEAD"]

    def test_nothing_comes_out_of_the_cache(
        self, desk: Desk, server: RecordingServer
    ) -> None:
        configure(desk, server.url().text)

        desk.succeed("auth", "check", "--project", "alpha")
        desk.succeed("auth", "check", "--project", "alpha")

        asked = [each.user for each in server.seen]
        assert asked == ["alice", "-"] * 4, "pages and files, each time"
        assert not list(desk.cache.rglob("*alpha*"))


@pytest.mark.pain("I5")
def test_a_client_certificate_is_not_shown_for_nobody(
    desk: Desk, world: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    pem = authority.client_pem("alice")
    tls = authority.server_context("127.0.0.1", wants_client=True)
    # With TLS 1.3 a refusal may come too late to be read.
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    with RecordingServer(Counter(world), tls=tls) as server:
        lines = [f'client-cert = "{pem}"', f'ca-cert = "{authority.bundle}"']
        configure(desk, server.url().text, *lines)
        own = desk.home / ".config/admit/admit.toml"
        own.parent.mkdir(parents=True)
        (desk.work / "admit.toml").rename(own)

        ran = desk.succeed("auth", "check")

        assert "confirmed: alice via netrc with a certificate is let in" in ran.stdout
        assert [each.user for each in server.seen] == ["alice"]


def test_an_index_that_is_not_configured_is_asked_for_its_projects(
    desk: Desk, filtered: IndexServer
) -> None:
    desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

    ran = desk.succeed("auth", "check", filtered.url)

    assert "1 project more than an anonymous caller" in ran.stdout
