"""The client against recording servers: who asked what, byte for byte.

Each test names the rows of the catalogue of pains that it answers.
"""

from __future__ import annotations

import random
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from admit.auth.scope import Provenance, Source, source_of
from admit.auth.sources import Search, SearchOptions
from admit.errors import AdmitError, NetworkError
from admit.net.client import Client, ClientOptions, Request, RequestLine, Response
from admit.net.transport import TransportOptions, open_transport
from admit.spec.url import InvalidUrl, Url, parse_url
from support.recording_server import (
    HTML,
    OK,
    WHEEL,
    RecordingServer,
    Said,
    only,
    redirect,
    status,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.recording_server import Seen

ALICE = "alice:s3cret-of-alice"
NETRC = "machine 127.0.0.1 login alice password s3cret-of-alice\n"


class Machine:
    """A home folder, an environment, and one run of the client in it."""

    def __init__(self, home: Path, kind: Any) -> None:
        self.home = home
        self.kind = kind
        self.environ: dict[str, str] = {}
        self.search_options = SearchOptions()
        self.transport_options = TransportOptions()
        self.public: tuple[Source, ...] = ()
        self.lines: list[RequestLine] = []
        self.warnings: list[str] = []
        self.slept: list[float] = []
        self._client: Client | None = None
        self._now = 0.0

    def netrc(self, text: str, name: str = ".netrc") -> None:
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = Client(
                open_transport(self.transport_options, prefer=self.kind),
                Search(self.environ, str(self.home), self.search_options),
                self,
                options=ClientOptions(b"k" * 32, public=self.public),
                clock=lambda: self._now,
                sleep=self._sleep,
            )
        return self._client

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds

    def request_line(self, line: RequestLine) -> None:
        self.lines.append(line)

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def new_run(self) -> None:
        self.close()
        self._client = None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def get(
        self, source: Source, path: str | Url = "widgets/", **more: Any
    ) -> Response:
        return self.client.get(request(source, path, **more)).result()

    def fail(
        self, source: Source, path: str | Url = "widgets/", **more: Any
    ) -> AdmitError:
        with pytest.raises(AdmitError) as caught:
            self.get(source, path, **more)
        return caught.value

    def get_all(self, source: Source, count: int) -> list[str | int]:
        """Ask for many listings at once; statuses and codes of errors."""
        futures = [self.client.get(request(source, f"p{n}/")) for n in range(count)]
        outcomes: list[str | int] = []
        for future in futures:
            try:
                outcomes.append(future.result().status)
            except AdmitError as error:
                outcomes.append(error.code)
        return outcomes


def request(source: Source, path: str | Url, purpose: Any = "", **more: Any) -> Request:
    url = source.url.without_userinfo().join(path) if isinstance(path, str) else path
    if not purpose:
        purpose = "file" if url.path.endswith(".whl") else "listing"
    return Request(url, Provenance(source, purpose), **more)


@pytest.fixture(params=["curl", "plain"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    home = tmp_path / "home"
    home.mkdir()
    machine = Machine(home, request.param)
    yield machine
    machine.close()


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


@pytest.fixture
def other() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


class TestTheFirstRequest:
    @pytest.mark.pain("A1")
    def test_carries_the_netrc_credential_of_its_source(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        new, old = Said(body=b'{"new": 1}'), Said(body=b'{"old": 1}')
        server.answer = only(ALICE, new, denial=old)
        machine.netrc(NETRC)
        source = Source(server.url())

        response = machine.get(source)

        assert response.body == b'{"new": 1}'
        assert response.identity.label == "alice via netrc"
        assert [str(seen) for seen in server.seen] == ["alice /simple/widgets/"]

    @pytest.mark.pain("A2")
    def test_finds_no_public_namesake_behind_a_redirect(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        away = redirect(other.url("/simple/widgets/").text)
        server.answer = only(ALICE, OK, denial=away)
        machine.netrc(
            f"machine 127.0.0.1:{server.port} login alice password s3cret-of-alice"
        )

        response = machine.get(Source(server.url()))

        assert not response.is_foreign
        assert other.seen == []

    @pytest.mark.pain("A2")
    def test_that_is_redirected_away_is_an_error_under_always(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        server.answer = lambda _: redirect(other.url("/simple/widgets/").text)
        machine.netrc(NETRC)

        error = machine.fail(Source(server.url(), policy="always"))

        assert error.code == "listing-redirected"
        assert other.origin in error.what
        assert other.seen == []

    @pytest.mark.pain("A2")
    def test_that_is_redirected_away_is_told_under_auto(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        server.answer = lambda _: redirect(other.url("/simple/widgets/").text)

        response = machine.get(Source(server.url()))

        assert (response.is_foreign, response.redirected) == (True, True)
        assert str(response.from_origin) == other.origin
        assert other.origin in machine.warnings[0]

    @pytest.mark.pain("A3")
    @pytest.mark.pain("A4")
    @pytest.mark.pain("A5")
    @pytest.mark.parametrize("denial", [404, 403, 500])
    @pytest.mark.parametrize("path", ["widgets/", "/packages/w-1-py3-none-any.whl"])
    def test_does_not_depend_on_what_anonymous_callers_are_told(
        self, denial: int, path: str, machine: Machine, server: RecordingServer
    ) -> None:
        said = WHEEL if path.endswith("whl") else OK
        server.answer = only(ALICE, said, denial=status(denial))
        machine.netrc(NETRC)

        assert machine.get(Source(server.url()), path).status == 200
        assert server.users == ["alice"]

    @pytest.mark.pain("I11")
    def test_is_never_anonymous_under_random_latencies(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        chance = random.Random(7)
        server.answer = lambda _: Said(delay=chance.random() / 100)
        machine.netrc(NETRC)

        outcomes = machine.get_all(Source(server.url()), 200)

        assert set(outcomes) == {200}
        assert set(server.users) == {"alice"}
        assert len(server.seen) == 200

    @pytest.mark.pain("A7")
    def test_is_not_sent_under_always_without_a_credential(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        error = machine.fail(Source(server.url(), policy="always"))

        assert error.code == "credentials-required"
        assert "there is no ~/.netrc" in (error.why or "")
        assert server.seen == []

    @pytest.mark.pain("A9")
    @pytest.mark.pain("D12")
    @pytest.mark.parametrize("policy", ["never", "external"])
    def test_is_bare_where_the_policy_says_so(
        self, policy: Any, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)

        response = machine.get(Source(server.url(), policy=policy))

        assert server.users == ["-"]
        expected = "anonymous" if policy == "never" else "external"
        assert response.identity.fingerprint == expected


class TestScope:
    @pytest.mark.pain("B1")
    def test_a_sibling_source_without_a_credential_gets_none(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        mine = Source(server.url("/mine/simple/", userinfo=ALICE))
        sibling = Source(server.url("/public/simple/"))

        machine.get(mine)
        machine.get(sibling)
        machine.get(sibling, "/mine/file-1-py3-none-any.whl")

        assert server.users == ["alice", "-", "-"]

    @pytest.mark.pain("B2")
    def test_two_indexes_of_one_host_with_two_tokens(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        def answer(seen: Seen) -> Said:
            owner = "one" if "/1/" in seen.path else "two"
            said = WHEEL if seen.path.endswith(".whl") else OK
            return said if seen.login == f"{owner}:token-{owner}" else status(404)

        server.answer = answer
        one = Source(server.url("/1/simple/", userinfo="one:token-one"))
        two = Source(server.url("/2/simple/", userinfo="two:token-two"))

        for source, number in ((one, 1), (two, 2), (one, 1)):
            assert machine.get(source).status == 200
            path = f"/files/{number}/w-1-py3-none-any.whl"
            assert machine.get(source, path).status == 200

    @pytest.mark.pain("B3")
    def test_a_listed_file_anywhere_on_the_origin_carries_it(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = only(ALICE, WHEEL)
        source = Source(server.url("/api/corp/simple/", userinfo=ALICE))

        machine.get(source, "/packages/ab/w-1-py3-none-any.whl")

        assert server.users == ["alice"]

    @pytest.mark.pain("B4")
    @pytest.mark.pain("B5")
    def test_a_direct_url_serves_the_most_specific_source_above_it(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: WHEEL
        sources = [
            Source(server.url("/a/", userinfo="wide:x-of-wide")),
            Source(server.url("/a/b/", userinfo="narrow:x-of-narrow")),
        ]

        for path in ("/a/b/w.whl", "/a/bc/w.whl", "/ab/w.whl"):
            url = server.url(path)
            machine.get(source_of(url, sources), url)

        assert server.users == ["narrow", "wide", "-"]

    @pytest.mark.pain("B6")
    def test_another_port_is_another_origin(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        other.answer = lambda _: WHEEL
        source = Source(server.url(userinfo=ALICE))

        machine.get(source)
        machine.get(source, other.url("/w-1-py3-none-any.whl"))

        assert (server.users, other.users) == (["alice"], ["-"])

    @pytest.mark.pain("B6")
    @pytest.mark.pain("D6")
    def test_a_netrc_entry_with_a_port_counts_for_that_port(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        machine.netrc(
            f"machine 127.0.0.1:{server.port} login a password of-a\n"
            f"machine 127.0.0.1:{other.port} login b password of-b\n"
        )

        machine.get(Source(server.url()))
        machine.get(Source(other.url()))

        assert (server.users, other.users) == (["a"], ["b"])

    @pytest.mark.pain("B8")
    @pytest.mark.pain("D8")
    @pytest.mark.pain("G10")
    def test_a_public_source_gets_nothing_ambient(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC + "default login d password of-d")
        server.answer = lambda _: status(404)

        machine.get(Source(server.url(), is_public=True))

        assert server.users == ["-"]


class TestRedirects:
    @pytest.mark.pain("C1")
    def test_each_hop_is_authenticated_for_its_own_host(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        target = other.url("/simple/widgets/", host="localhost")
        server.answer = lambda _: redirect(target.text)
        other.answer = only("bob:s3cret-of-bob")
        entry = f"machine localhost:{target.origin.port}"
        machine.netrc(f"{NETRC}\n{entry} login bob password s3cret-of-bob")

        response = machine.get(Source(server.url()))

        assert (server.users, other.users) == (["alice"], ["bob"])
        assert response.identity.label == "alice via netrc"

    def test_an_entry_without_a_port_does_not_go_where_a_link_leads(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        """Anybody may start a server on another port of `localhost`."""
        target = other.url("/w.whl", host="localhost")
        machine.netrc(f"{NETRC}\nmachine localhost login bob password s3cret-of-bob")

        machine.get(Source(server.url()), target, purpose="file")

        assert other.users == ["-"]
        assert "names no port and is not sent" in machine.warnings[0]

    @pytest.mark.pain("C5")
    def test_location_beyond_ascii_is_asked_for_byte_by_byte(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        raw = "/simple/ünï/".encode().decode("latin-1")
        server.answer = lambda seen: redirect(raw) if "wid" in seen.path else OK

        machine.get(Source(server.url()))

        assert server.seen[1].path == "/simple/%C3%BCn%C3%AF/"

    def test_a_host_that_cannot_be_asked_for_holds_up_nobody(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        """Whoever waits for the first answer to the same login would wait for ever."""
        bad = parse_url(f"https://bob:s3cret-of-bob@{'ü' * 99}.example/w.whl")
        source = Source(server.url())
        futures = [
            machine.client.get(request(source, bad, purpose="file")) for _ in range(3)
        ]

        for each in futures:
            with pytest.raises(InvalidUrl):
                each.result()
        assert machine.get(source).status == 200

    @pytest.mark.pain("C2")
    @pytest.mark.parametrize("userinfo", ["bob:s3cret-of-bob", ":s3cret-of-bob"])
    def test_userinfo_in_location_counts_for_hop_and_files_and_is_not_shown(
        self,
        userinfo: str,
        machine: Machine,
        server: RecordingServer,
        other: RecordingServer,
    ) -> None:
        target = other.origin.replace("://", f"://{userinfo}@") + "/mirror/widgets/"
        server.answer = lambda _: redirect(target)
        other.answer = lambda seen: (
            (WHEEL if seen.path.endswith("whl") else OK)
            if seen.login == userinfo
            else status(401)
        )
        source = Source(server.url(userinfo=ALICE))

        page = machine.get(source)
        machine.get(source, page.url.join("w-1-py3-none-any.whl"))

        assert page.url.userinfo is None
        assert [seen.login for seen in other.seen] == [userinfo, userinfo]
        assert "s3cret-of-bob" not in repr((machine.lines, machine.warnings))

    @pytest.mark.pain("C3")
    def test_a_signed_url_gets_no_authorization(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        signed = other.url("/w.whl?X-Amz-Signature=abcdef123456", host="localhost").text
        server.answer = lambda _: redirect(signed)
        other.answer = lambda seen: WHEEL if seen.login == "-" else status(400)
        machine.netrc(NETRC + "machine localhost login bob password of-bob")

        response = machine.get(Source(server.url()), "/w-1-py3-none-any.whl")

        assert response.status == 200
        assert "abcdef123456" not in repr(machine.lines)
        sent = other.seen[0].headers
        assert not {"authorization", "cookie", "proxy-authorization"} & set(sent)

    @pytest.mark.pain("C4")
    def test_every_range_starts_from_the_original_url(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        server.answer = lambda _: redirect(other.url("/w.whl?sig=1&se=2").text)
        other.answer = lambda _: Said(206, b"PK", "application/zip")
        source = Source(server.url(userinfo=ALICE))

        for byte_range in ((-100, -1), (0, 99)):
            machine.get(source, "/w-1-py3-none-any.whl", byte_range=byte_range)

        assert [seen.path for seen in server.seen] == ["/w-1-py3-none-any.whl"] * 2
        assert [seen.headers["range"] for seen in other.seen] == [
            "bytes=-100",
            "bytes=0-99",
        ]

    @pytest.mark.pain("C5")
    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        ("location", "expected"),
        [
            ("/other/%41%2f?q=%20+x", "/other/%41%2f?q=%20+x"),
            ("sub/", "/simple/widgets/sub/"),
            ("../up/", "/simple/up/"),
            ("?page=2", "/simple/widgets/?page=2"),
        ],
    )
    def test_location_is_used_as_given(
        self,
        code: int,
        location: str,
        expected: str,
        machine: Machine,
        server: RecordingServer,
    ) -> None:
        server.answer = lambda seen: (
            redirect(location, code) if seen.path == "/simple/widgets/" else OK
        )

        response = machine.get(Source(server.url(userinfo=ALICE)))

        assert [seen.path for seen in server.seen] == ["/simple/widgets/", expected]
        assert server.users == ["alice", "alice"]
        assert response.url.text == server.origin + expected

    @pytest.mark.pain("C6")
    def test_from_https_to_http_are_refused(
        self, machine: Machine, server: RecordingServer, tmp_path: Path
    ) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        machine.transport_options = TransportOptions(ca_file=str(tmp_path / "ca.pem"))
        target = server.url("/simple/widgets/").text
        with RecordingServer(lambda _: redirect(target), tls=tls) as secure:
            error = machine.fail(Source(secure.url(userinfo=ALICE)))

            assert (secure.users, server.seen) == (["alice"], [])
        assert error.code == "bad-redirect"

    @pytest.mark.pain("C7")
    def test_an_upgrade_to_https_keeps_the_credential(
        self, machine: Machine, server: RecordingServer, tmp_path: Path
    ) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        machine.transport_options = TransportOptions(ca_file=str(tmp_path / "ca.pem"))
        with RecordingServer(only(ALICE), tls=tls) as secure:
            target = secure.url("/simple/widgets/").text
            server.answer = lambda _: redirect(target)
            source = Source(server.url(userinfo=ALICE), policy="always")

            response = machine.get(source)

            assert (server.users, secure.users) == (["alice"], ["alice"])
        assert not response.is_foreign

    @pytest.mark.pain("C7")
    def test_on_the_same_origin_keep_it(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda seen: (
            OK if seen.path.startswith("/simple") else redirect("/simple" + seen.path)
        )

        response = machine.get(Source(server.url("/", userinfo=ALICE)))

        assert server.users == ["alice", "alice"]
        assert (response.redirected, response.is_foreign) == (True, False)

    @pytest.mark.pain("C8")
    def test_files_on_another_origin_are_looked_up_there_or_opted_in(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        file = other.url("/content/w-1-py3-none-any.whl")
        other.answer = lambda _: WHEEL
        plain = Source(server.url(userinfo=ALICE))
        opted = Source(
            server.url(userinfo=ALICE), name="o", credential_origins=(file.origin,)
        )

        machine.get(plain, file)
        machine.get(opted, file)
        machine.new_run()
        machine.netrc(f"machine 127.0.0.1:{other.port} login content password of-it")
        machine.get(plain, file)

        assert other.users == ["-", "alice", "content"]

    def test_without_end_are_an_error(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda seen: redirect(seen.path + "x")

        error = machine.fail(Source(server.url()))

        assert error.code == "bad-redirect"
        assert len(server.seen) == 11


class TestNetrc:
    @pytest.mark.pain("D1")
    def test_a_pair_in_the_url_beats_it(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)

        machine.get(Source(server.url(userinfo="bob:of-bob")))

        assert [seen.login for seen in server.seen] == ["bob:of-bob"]

    @pytest.mark.pain("D2")
    def test_another_users_entry_is_not_sent(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)

        error = machine.fail(Source(server.url(userinfo="bob")))

        assert "no password for bob" in error.what
        assert server.seen == []

    @pytest.mark.pain("D3")
    def test_the_variable_may_begin_with_a_tilde(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC, ".pypinetrc")
        machine.environ = {"NETRC": "~/.pypinetrc"}

        machine.get(Source(server.url()))

        assert server.users == ["alice"]

    @pytest.mark.pain("D4")
    def test_a_missing_chosen_file_is_an_error(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)
        machine.environ = {"NETRC": "/nowhere/netrc"}

        error = machine.fail(Source(server.url()))

        assert "$NETRC names /nowhere/netrc" in error.what
        assert server.seen == []

    @pytest.mark.pain("D5")
    def test_a_syntax_error_is_seen(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc("machine 127.0.0.1 login alice pasword s3cret-of-alice")

        error = machine.fail(Source(server.url()))

        assert "syntax error in line 1" in error.what
        assert machine.warnings[0].startswith("~/.netrc:1: expected")
        assert "s3cret-of-alice" not in repr((error.what, error.why, machine.warnings))
        assert server.seen == []

    @pytest.mark.pain("D8")
    def test_default_is_sent_after_a_401_of_a_configured_source_only(
        self, machine: Machine, server: RecordingServer, other: RecordingServer
    ) -> None:
        machine.netrc("default login d password s3cret-of-d")
        server.answer = only("d:s3cret-of-d")
        other.answer = lambda _: status(404)

        machine.get(Source(server.url()))
        machine.get(Source(other.url()))

        assert (server.users, other.users) == (["-", "d"], ["-"])

    @pytest.mark.pain("D8")
    def test_default_is_sent_at_once_under_always(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc("default login d password s3cret-of-d")

        machine.get(Source(server.url(), policy="always"))

        assert server.users == ["d"]

    @pytest.mark.pain("D9")
    def test_two_logins_are_chosen_by_the_user_name_or_not_at_all(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC + "machine 127.0.0.1 login bob password s3cret-of-bob")

        machine.get(Source(server.url(userinfo="bob")))
        error = machine.fail(Source(server.url("/other/")))

        assert [seen.login for seen in server.seen] == ["bob:s3cret-of-bob"]
        assert "alice in line 1, bob in line 2" in error.what

    @pytest.mark.pain("D11")
    def test_userinfo_that_looks_like_a_host_is_not_one(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc("machine victim.example login v password s3cret-of-v")

        machine.get(Source(server.url(userinfo="victim.example:x")))

        assert [seen.login for seen in server.seen] == ["victim.example:x"]


class TestSyntax:
    @pytest.mark.parametrize(
        ("userinfo", "login"),
        [
            pytest.param("a:p%2Fq%23r%3Fs", "a:p/q#r?s", id="encoded"),
            pytest.param("a:x%2541", "a:x%41", id="decoded once"),
            pytest.param("bob@corp.example:pw", "bob@corp.example:pw", id="at"),
            pytest.param("dom%2Fuser:pw", "dom/user:pw", id="slash"),
            pytest.param("token:", "token:", id="colon typed"),
            pytest.param(":token", ":token", id="empty user name"),
            pytest.param("${U}:${P}", "u@x:p/%41", id="variables"),
        ],
    )
    @pytest.mark.pain("F1")
    @pytest.mark.pain("F2")
    @pytest.mark.pain("F3")
    @pytest.mark.pain("F5")
    @pytest.mark.pain("F6")
    @pytest.mark.pain("F7")
    def test_userinfo_reaches_the_server_as_meant(
        self, userinfo: str, login: str, machine: Machine, server: RecordingServer
    ) -> None:
        machine.environ = {"U": "u@x", "P": "p/%41"}

        machine.get(Source(server.url(userinfo=userinfo)))

        assert [seen.login for seen in server.seen] == [login]

    @pytest.mark.pain("F1")
    def test_the_environment_is_not_url_syntax(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.environ = {
            "ADMIT_INDEX_CORP_USERNAME": "a@b",
            "ADMIT_INDEX_CORP_PASSWORD": "p/q#r?s%41@",
        }

        machine.get(Source(server.url(), name="corp"))

        assert [seen.login for seen in server.seen] == ["a@b:p/q#r?s%41@"]

    @pytest.mark.pain("F4")
    def test_an_unset_variable_is_an_error(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        error = machine.fail(Source(server.url(userinfo="${U}:${P}")))

        assert "${U}" in error.what
        assert server.seen == []

    @pytest.mark.pain("F8")
    @pytest.mark.pain("I11")
    def test_half_a_credential_is_never_sent(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)
        source = Source(server.url(userinfo="alice"))

        machine.get_all(source, 20)
        machine.get(source, "/elsewhere/x-1-py3-none-any.whl")

        assert {seen.login for seen in server.seen} == {ALICE}

    @pytest.mark.pain("F11")
    @pytest.mark.pain("F12")
    def test_the_challenge_does_not_choose_the_scheme(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = only(ALICE, denial=status(401, WWW_Authenticate="Bearer"))
        machine.environ = {"ADMIT_INDEX_B_TOKEN": "tok-of-b"}

        machine.get(Source(server.url(userinfo=ALICE)))
        machine.fail(Source(server.url(), name="b"))

        assert [seen.login for seen in server.seen] == [ALICE, "Bearer tok-of-b"]


class TestDenials:
    @pytest.mark.pain("H1")
    @pytest.mark.pain("H4")
    @pytest.mark.parametrize("code", [401, 403])
    def test_are_hard_errors_that_say_who_asked_whom(
        self, code: int, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: status(code)
        machine.netrc(NETRC)

        error = machine.fail(Source(server.url(), name="corp"))

        text = f"{error.what}\n{error.why}\n{error.fix}"
        for word in ("corp", server.origin, str(code), "netrc", "alice", "line 1"):
            assert word in text
        assert "s3cret-of-alice" not in text

    @pytest.mark.pain("H3")
    def test_nothing_but_404_leaves_a_credential_unproven(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: status(404)
        source = Source(server.url(userinfo=ALICE))

        assert set(machine.get_all(source, 5)) == {404}

        standing = machine.client.standing(source)
        assert standing is not None
        assert (standing.is_accepted, standing.missing) == (False, 5)

    @pytest.mark.pain("H3")
    def test_with_a_probe_no_404_is_believed_before(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: status(404)
        source = Source(server.url(userinfo=ALICE), probe="everyone")

        error = machine.fail(source)

        assert "does not show its probe project everyone" in error.what

    @pytest.mark.pain("H3")
    def test_the_probes_own_page_is_not_the_answer(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        bodies = {"widgets": b'{"its": "own"}', "everyone": b'{"the": "probe"}'}
        server.answer = lambda seen: Said(body=bodies[seen.path.split("/")[2]])
        source = Source(server.url(userinfo=ALICE), probe="everyone")
        url = source.url.without_userinfo().join("widgets/")

        response = machine.client.get(
            Request(
                url,
                Provenance(source, "listing"),
                conditional=(("If-None-Match", '"1"'),),
            )
        ).result()

        assert response.body == bodies["widgets"]
        assert [seen.headers.get("if-none-match") for seen in server.seen] == [
            '"1"',
            None,
        ]

    @pytest.mark.pain("H5")
    @pytest.mark.parametrize("code", [401, 403])
    def test_a_wrong_password_costs_at_most_two_failed_logins(
        self, code: int, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = only("alice:right", denial=status(code))
        machine.netrc(NETRC)

        outcomes = machine.get_all(Source(server.url()), 50)

        assert set(outcomes) == {"credentials-rejected"}
        assert len(server.seen) <= 2

    @pytest.mark.pain("H8")
    @pytest.mark.parametrize("code", [429, 503])
    def test_retry_after_is_honoured_with_the_same_credential(
        self, code: int, machine: Machine, server: RecordingServer
    ) -> None:
        answers = [status(code, Retry_After="7"), OK]
        server.answer = lambda _: answers.pop(0)

        response = machine.get(Source(server.url(userinfo=ALICE)))

        assert response.status == 200
        assert machine.slept == [7.0]
        assert server.users == ["alice", "alice"]

    @pytest.mark.pain("H8")
    def test_retry_after_may_be_a_date(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        later = status(
            503,
            Retry_After="Sun, 06 Nov 2044 08:49:47 GMT",
            Date="Sun, 06 Nov 2044 08:49:37 GMT",
        )
        answers = [later, status(503, Retry_After="soon"), OK]
        server.answer = lambda _: answers.pop(0)

        assert machine.get(Source(server.url())).status == 200
        assert machine.slept[0] <= 30.0

    @pytest.mark.pain("H7")
    def test_a_server_that_stays_broken_is_an_error_after_three_retries(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: status(502)

        error = machine.fail(Source(server.url()))

        assert isinstance(error, NetworkError)
        assert "502" in error.what
        assert len(server.seen) == 4
        assert sum(machine.slept) <= 10

    @pytest.mark.pain("H7")
    def test_a_closed_port_is_an_error_after_three_retries(
        self, machine: Machine
    ) -> None:
        with RecordingServer() as gone:
            url = gone.url()

        error = machine.fail(Source(url))

        assert error.code == "connect-failed"
        assert len(machine.slept) == 3

    @pytest.mark.pain("H8")
    def test_a_wait_holds_up_no_other_request(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda seen: (
            status(429, Retry_After="9") if "/slow/" in seen.path else OK
        )
        source = Source(server.url())
        slow = machine.client.get(request(source, "slow/"))
        quick = machine.client.get(request(source, "quick/"))

        assert quick.result().status == 200
        assert not slow.is_done
        assert machine.slept == []

    @pytest.mark.pain("H9")
    @pytest.mark.parametrize("code", [400, 403, 404, 405])
    def test_a_refused_head_or_range_is_not_a_denial(
        self, code: int, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda seen: (
            status(code) if seen.method == "HEAD" or "range" in seen.headers else WHEEL
        )
        source = Source(server.url(userinfo=ALICE))
        path = "/w-1-py3-none-any.whl"

        assert machine.get(source, path, method="HEAD").status == code
        assert machine.get(source, path, byte_range=(0, 9)).status == code
        assert machine.get(source, path).status == 200
        assert server.users == ["alice"] * 3

    @pytest.mark.pain("H10")
    @pytest.mark.parametrize("path", ["widgets/", "/w-1-py3-none-any.whl"])
    def test_a_login_page_is_an_error(
        self, path: str, machine: Machine, server: RecordingServer, tmp_path: Path
    ) -> None:
        server.answer = lambda _: HTML
        sink = str(tmp_path / "w.whl") if path.endswith("whl") else None

        error = machine.fail(Source(server.url(userinfo=ALICE)), path, sink=sink)

        assert error.code == "login-page"

    @pytest.mark.pain("H11")
    def test_a_stale_ambient_credential_does_not_spoil_a_direct_url(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = only("-", WHEEL, denial=status(403))
        machine.netrc(NETRC)
        url = server.url("/release/w-1-py3-none-any.whl")

        response = machine.get(source_of(url, []), url)

        assert response.status == 200
        assert server.users == ["alice", "-"]
        assert len(machine.warnings) == 1


class TestTime:
    @pytest.mark.pain("I1")
    @pytest.mark.pain("E7")
    def test_a_credential_that_expires_is_renewed_once(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)
        fresh = "alice:renewed-secret"

        def answer(seen: Seen) -> Said:
            if len(server.seen) == 5:
                machine.netrc(NETRC.replace("s3cret-of-alice", "renewed-secret"))
            expected = ALICE if len(server.seen) <= 5 else fresh
            return OK if seen.login == expected else status(401)

        server.answer = answer
        source = Source(server.url())
        before = machine.client.identity_of(source)

        outcomes = machine.get_all(source, 50)

        assert set(outcomes) == {200}
        assert machine.client.identity_of(source) != before

    @pytest.mark.pain("I7")
    def test_plain_http_to_loopback_is_no_exposure(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)

        machine.get(Source(server.url()))

        assert (server.users, machine.warnings) == (["alice"], [])

    @pytest.mark.pain("I7")
    def test_plain_http_elsewhere_gets_nothing_ambient(self, machine: Machine) -> None:
        machine.netrc("machine pypi.corp.example login alice password x")

        error = machine.fail(Source(parse_url("http://pypi.corp.example/simple/")))

        assert "not sent over plain http" in error.what
        assert machine.lines == []

    @pytest.mark.pain("I3")
    def test_identities_differ_by_caller_and_are_stable_under_one_key(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        alice = Source(server.url(userinfo=ALICE))
        again = Source(server.url(userinfo=ALICE), name="again")
        nobody = Source(server.url())
        named = Source(server.url(userinfo=ALICE), name="p", principal="team")
        bare = Source(server.url(), name="b", principal="team")

        found = [
            machine.client.identity_of(each).fingerprint
            for each in (alice, again, nobody, named, bare)
        ]

        assert found[0] == found[1]
        assert found[2:] == ["anonymous", "principal:team", "anonymous"]
        assert server.seen == []

    @pytest.mark.pain("I3")
    @pytest.mark.parametrize("policy", ["auto", "always"])
    def test_a_source_that_must_not_be_asked_has_no_identity(
        self, policy: Any, machine: Machine, server: RecordingServer
    ) -> None:
        userinfo = "alice" if policy == "auto" else ""
        source = Source(server.url(userinfo=userinfo), policy=policy)

        for _ in range(2):
            with pytest.raises(AdmitError):
                machine.client.identity_of(source)


class TestTheRequestLine:
    def test_tells_method_url_purpose_identity_and_status(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        machine.netrc(NETRC)

        machine.get(Source(server.url()))

        assert machine.lines == [
            RequestLine(
                "GET",
                server.origin + "/simple/widgets/",
                "listing",
                "alice via netrc (~/.netrc line 1)",
                "200",
            )
        ]

    @pytest.mark.pain("G1")
    @pytest.mark.pain("G2")
    def test_shows_no_secret_in_any_form(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        secret = "p@ss/w0rd-of-alice"
        server.answer = lambda seen: status(
            401, WWW_Authenticate=f'Basic realm="{seen.login.partition(":")[2]}"'
        )
        source = Source(server.url(userinfo="canary-token:"))
        other = Source(
            server.url("/o/", userinfo=f"alice:{secret.replace('/', '%2F')}")
        )

        errors = [machine.fail(each) for each in (source, other)]
        machine.fail(other, f"/echo/{secret}/")

        shown = repr((machine.lines, machine.warnings))
        shown += "".join(f"{each}{each.what}{each.why}{each.fix}" for each in errors)
        assert secret not in shown
        assert "canary-token" not in shown


class TestTheRequest:
    def test_carries_accept_conditions_and_range(
        self, machine: Machine, server: RecordingServer
    ) -> None:
        server.answer = lambda _: Said(304, b"")

        response = machine.get(
            Source(server.url(userinfo=ALICE)),
            accept="text/x",
            conditional=(("If-None-Match", '"1"'),),
        )

        sent = server.seen[0].headers
        assert (sent["accept"], sent["if-none-match"]) == ("text/x", '"1"')
        assert response.status == 304

    def test_writes_to_its_sink(
        self, machine: Machine, server: RecordingServer, tmp_path: Path
    ) -> None:
        server.answer = lambda _: WHEEL
        sink = tmp_path / "w.whl"

        response = machine.get(
            Source(server.url()), "/w-1-py3-none-any.whl", sink=str(sink)
        )

        assert (response.body, sink.read_bytes()) == (b"", WHEEL.body)

    def test_an_empty_file_is_an_answer(
        self, machine: Machine, server: RecordingServer, tmp_path: Path
    ) -> None:
        server.answer = lambda _: Said(body=b"", content_type="application/zip")
        sink = str(tmp_path / "w.whl")

        response = machine.get(Source(server.url()), "/w-1-py3-none-any.whl", sink=sink)

        assert response.status == 200

    def test_waiting_for_nothing_is_a_mistake_that_is_told(
        self, machine: Machine
    ) -> None:
        with pytest.raises(RuntimeError, match="nothing is under way"):
            machine.client.pump()
