"""TLS, proxies, time limits and retries, from the command line to the wire."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import Answer
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.proxy import run_proxy
from support.raw_server import CLOSE, Authority, answer, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk

PROXY_SECRET = "pr0xy-canary"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def secure(world: Path, authority: Authority) -> Iterator[IndexServer]:
    """An index whose certificate a private authority issued."""
    context = authority.server_context("127.0.0.1")
    with IndexServer(world, public=["*"], tls=context) as server:
        yield server


class TestTrust:
    def test_a_private_authority_is_not_trusted(
        self, desk: Desk, secure: IndexServer
    ) -> None:
        ran = desk.fail("install", "--index-url", secure.url, "alpha")

        assert "cannot trust" in ran.stderr
        assert "--cert FILE" in ran.stderr

    @pytest.mark.parametrize(
        "way",
        ["--cert", "ADMIT_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"],
    )
    def test_it_can_be_named(
        self, desk: Desk, secure: IndexServer, authority: Authority, way: str
    ) -> None:
        bundle = str(authority.bundle)
        options = ["--cert", bundle] if way == "--cert" else []
        variables = {} if options else {way: bundle}
        if way == "PIP_CERT":
            variables["ADMIT_NO_FOREIGN_CONFIG"] = "0"

        desk.succeed(
            *("install", "--index-url", secure.url, *options, "alpha"), **variables
        )

        assert desk.installed == ["alpha==2.0"]

    @pytest.mark.parametrize("option", ["--allow-insecure-host", "--trusted-host"])
    @pytest.mark.parametrize("with_port", [True, False])
    def test_checking_can_be_left_out_for_a_host(
        self, desk: Desk, secure: IndexServer, option: str, with_port: bool
    ) -> None:
        host = f"127.0.0.1:{secure.port}" if with_port else "127.0.0.1"

        desk.succeed("install", "--index-url", secure.url, option, host, "alpha")

        assert desk.installed == ["alpha==2.0"]

    def test_another_host_is_still_checked(
        self, desk: Desk, secure: IndexServer
    ) -> None:
        options = ["--allow-insecure-host", "127.0.0.1:1"]

        desk.fail("install", "--index-url", secure.url, *options, "alpha")

        assert secure.requests == []

    def test_a_requirements_file_can_say_so(
        self, desk: Desk, secure: IndexServer
    ) -> None:
        text = f"--index-url {secure.url}\n--trusted-host 127.0.0.1\nalpha\n"
        desk.write("requirements.txt", text)
        del desk.variables["ADMIT_INDEX_URL"]

        desk.succeed("install", "-r", "requirements.txt")

        assert desk.installed == ["alpha==2.0"]

    def test_a_bundle_that_is_not_there_is_misuse(self, desk: Desk) -> None:
        ran = desk.fail("install", "--cert", "none.pem", "alpha", status=2)

        assert "the certificate authorities of --cert are not there" in ran.stderr


class TestClientCertificates:
    @pytest.fixture
    def guarded(self, world: Path, authority: Authority) -> Iterator[IndexServer]:
        context = authority.server_context("127.0.0.1", wants_client=True)
        # With TLS 1.3 a refusal may come too late to be read.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with IndexServer(world, public=["*"], tls=context) as server:
            yield server

    @pytest.mark.parametrize("way", ["--client-cert", "SSL_CLIENT_CERT"])
    def test_one_file_with_certificate_and_key(
        self, desk: Desk, guarded: IndexServer, authority: Authority, way: str
    ) -> None:
        pem = str(authority.client_pem("alice"))
        options = ["--cert", str(authority.bundle), "--index-url", guarded.url]
        options += ["--client-cert", pem] if way.startswith("-") else []
        variables = {} if way.startswith("-") else {way: pem}

        desk.succeed("install", *options, "alpha", **variables)

        assert desk.installed == ["alpha==2.0"]

    def test_without_one_the_error_says_what_is_wanted(
        self, desk: Desk, guarded: IndexServer, authority: Authority
    ) -> None:
        options = ["--cert", str(authority.bundle), "--index-url", guarded.url]

        ran = desk.fail("install", "--retries", "0", *options, "alpha")

        assert "certificate" in ran.stderr or "connect" in ran.stderr
        assert desk.installed == []

    def test_a_file_that_is_not_there_is_misuse(self, desk: Desk) -> None:
        ran = desk.fail("install", "--client-cert", "none.pem", "alpha", status=2)

        assert "the client certificate of --client-cert is not there" in ran.stderr


@pytest.mark.pain("I6")
class TestProxies:
    def test_requests_go_through_it_with_its_login(
        self, desk: Desk, index: IndexServer
    ) -> None:
        desk.secrets.append(PROXY_SECRET)
        with run_proxy(f"bob:{PROXY_SECRET}") as proxy:
            url = f"http://bob:{PROXY_SECRET}@127.0.0.1:{proxy.port}"
            ran = desk.succeed("install", "-vv", "--proxy", url, "alpha")

        assert desk.installed == ["alpha==2.0"]
        assert len(proxy.requests) >= 1
        wanted = base64.b64encode(f"bob:{PROXY_SECRET}".encode()).decode()
        assert all(
            each.header("proxy-authorization") == f"Basic {wanted}"
            for each in proxy.requests
        )
        assert wanted not in ran.stderr
        # This proxy reads only the first request of a connection.
        assert index.requests[0].asked.header("proxy-authorization") == ""

    @pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
    def test_the_usual_variables_count(
        self, desk: Desk, index: IndexServer, name: str
    ) -> None:
        with run_proxy() as proxy:
            variables = {name: f"http://127.0.0.1:{proxy.port}"}
            desk.succeed("install", "alpha", **variables)

        assert len(proxy.requests) >= 1

    def test_a_tunnel_for_https(
        self, desk: Desk, secure: IndexServer, authority: Authority
    ) -> None:
        desk.secrets.append(PROXY_SECRET)
        options = ["--index-url", secure.url, "--cert", str(authority.bundle)]
        with run_proxy(f"bob:{PROXY_SECRET}") as proxy:
            url = f"http://bob:{PROXY_SECRET}@127.0.0.1:{proxy.port}"
            desk.succeed("install", *options, "alpha", HTTPS_PROXY=url)

        assert {each.method for each in proxy.requests} == {"CONNECT"}

    @pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "127.0.0.0/8"])
    def test_hosts_can_be_exempt(
        self, desk: Desk, index: IndexServer, exempt: str
    ) -> None:
        with run_proxy() as proxy:
            variables = {"http_proxy": f"http://127.0.0.1:{proxy.port}"}
            desk.succeed("install", "alpha", NO_PROXY=exempt, **variables)

        assert proxy.requests == []

    def test_a_refusal_is_the_proxys(self, desk: Desk, index: IndexServer) -> None:
        desk.secrets.append(PROXY_SECRET)
        with run_proxy("bob:other") as proxy:
            url = f"http://bob:{PROXY_SECRET}@127.0.0.1:{proxy.port}"
            ran = desk.fail("install", "--proxy", url, "alpha")

        assert "the proxy" in ran.stderr
        assert "(407)" in ran.stderr
        assert len(proxy.requests) == 1
        assert index.requests == []

    def test_the_login_of_the_index_goes_to_the_index(
        self, alice: Desk, private: IndexServer
    ) -> None:
        alice.secrets.append(PROXY_SECRET)
        with run_proxy(f"bob:{PROXY_SECRET}") as proxy:
            url = f"http://bob:{PROXY_SECRET}@127.0.0.1:{proxy.port}"
            alice.succeed("install", "mypackage", ADMIT_PROXY=url)

        assert alice.installed == ["mydependency==1.4", "mypackage==2024.1"]
        assert private.anonymous == []

    def test_what_is_no_proxy_is_misuse(self, desk: Desk) -> None:
        ran = desk.fail("install", "--proxy", "ftp://host.example", "alpha", status=2)

        assert "not a proxy URL" in ran.stderr


class TestPatience:
    def test_a_silent_server_is_given_up_in_time(self, desk: Desk) -> None:
        import threading

        with serve(lambda _: [threading.Event()]) as server:
            options = ["--timeout", "0.3", "--retries", "0"]
            url = server.url("/simple/").text
            ran = desk.fail("install", "--index-url", url, *options, "alpha")

        assert "no data from" in ran.stderr
        assert len(server.requests) == 1

    @pytest.mark.parametrize("retries", [0, 1])
    def test_retries_are_counted(self, desk: Desk, retries: int) -> None:
        with serve(lambda _: [CLOSE]) as server:
            url = server.url("/simple/").text
            options = ["--index-url", url, "--retries", str(retries)]
            desk.fail("install", *options, "alpha")

        pages = {each.target for each in server.requests}
        assert pages == {"/simple/alpha/"}
        # A kept connection that proves dead is tried once more without counting.
        assert len(server.requests) == retries + 1

    def test_a_retry_succeeds(self, desk: Desk, index: IndexServer) -> None:
        index.script("/simple/alpha/", Answer(503, (), b"later"), times=1)

        desk.succeed("install", "alpha")

        assert desk.installed == ["alpha==2.0"]

    @pytest.mark.pain("H8")
    def test_a_server_may_say_when(self, desk: Desk) -> None:
        with serve(
            lambda _: [answer(b"", status="429 Slow", headers=["Retry-After: 0"])]
        ) as server:
            url = server.url("/simple/").text
            desk.fail("install", "--index-url", url, "--retries", "5", "alpha")

        assert len(server.requests) == 6

    @pytest.mark.parametrize(
        ("option", "number"),
        [("--retries", "-1"), ("--retries", "1.5"), ("--timeout", "0")],
    )
    def test_impossible_numbers_are_misuse(
        self, desk: Desk, option: str, number: str
    ) -> None:
        ran = desk.fail("install", f"{option}={number}", "alpha", status=2)

        assert option in ran.stderr


class TestRequirementsByUrl:
    @pytest.fixture
    def server(self, world: Path) -> Iterator[IndexServer]:
        with IndexServer(world, accounts=[ALICE]) as server:
            yield server

    def reply(self, server: IndexServer, path: str, text: str) -> None:
        """Serve a file to Alice only."""
        wanted = base64.b64encode(f"alice:{SECRET}".encode()).decode()

        def say(seen: object, _: object) -> Answer:
            caller = str(getattr(seen, "caller"))  # noqa: B009
            if caller != "alice":
                return Answer(401, (("www-authenticate", "Basic"),), b"")
            return Answer(200, (("content-type", "text/plain"),), text.encode())

        assert wanted
        server.script(path, say)

    def test_with_the_login_of_its_own_host(
        self, desk: Desk, server: IndexServer, index: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        self.reply(server, "/reqs/all.txt", "-r more.txt\nbeta\n")
        self.reply(server, "/reqs/more.txt", "alpha<2\n")
        options = ["--index-url", index.url, "--authenticate", f"{index.url}=never"]

        desk.succeed("install", *options, "-r", f"{server.origin}/reqs/all.txt")

        assert desk.installed == ["alpha==1.0", "beta==1.0"]
        assert server.anonymous == []

    def test_with_the_login_in_its_url_and_includes_beside_it(
        self, desk: Desk, server: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)
        self.reply(server, "/reqs/all.txt", "-c limits.txt\nalpha\n")
        self.reply(server, "/reqs/limits.txt", "alpha<2\n")
        url = f"http://alice:{SECRET}@127.0.0.1:{server.port}/reqs/all.txt"

        desk.succeed("install", "-r", url)

        assert desk.installed == ["alpha==1.0"]

    def test_below_an_index_with_the_login_of_that(
        self, desk: Desk, server: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)
        self.reply(server, "/simple/team.txt", "alpha==1.0\n")

        desk.succeed(
            *("install", "--index", f"corp={server.url}"),
            *("-r", f"{server.url}team.txt"),
            ADMIT_INDEX_CORP_USERNAME="alice",
            ADMIT_INDEX_CORP_PASSWORD=SECRET,
        )

        assert desk.installed == ["alpha==1.0"]
        assert server.anonymous == []

    def test_constraints_by_url(self, desk: Desk, index: IndexServer) -> None:
        index.script("/limits.txt", Answer(200, (), b"alpha<2\n"))

        desk.succeed("install", "-c", f"{index.origin}/limits.txt", "alpha")

        assert desk.installed == ["alpha==1.0"]

    def test_a_refusal_is_an_error_that_says_how_to_log_in(
        self, desk: Desk, server: IndexServer
    ) -> None:
        self.reply(server, "/reqs/all.txt", "alpha\n")

        ran = desk.fail("install", "-r", f"{server.origin}/reqs/all.txt")

        assert "cannot read the requirements file" in ran.stderr
        assert "login required (401)" in ran.stderr
        assert "machine 127.0.0.1 login USER password SECRET" in ran.stderr

    def test_always_holds_for_it_too(self, desk: Desk, server: IndexServer) -> None:
        ran = desk.fail(
            *("install", "--authenticate", "always"),
            *("-r", f"{server.origin}/reqs/all.txt"),
        )

        assert "no credential for" in ran.stderr
        assert server.requests == []

    def test_one_that_is_not_there_is_an_error(
        self, desk: Desk, index: IndexServer
    ) -> None:
        ran = desk.fail("install", "-r", f"{index.origin}/none.txt")

        assert "status 404" in ran.stderr

    def test_options_in_it_count_for_the_rest_of_the_run(
        self, desk: Desk, index: IndexServer, world: Path
    ) -> None:
        text = f"--index-url {index.url}\n--pre\nearly\n"
        index.script("/all.txt", Answer(200, (), text.encode()))
        del desk.variables["ADMIT_INDEX_URL"]

        desk.succeed("install", "-r", f"{index.origin}/all.txt")

        assert desk.installed == ["early==2.0rc1"]


class TestDirectUrls:
    @pytest.fixture
    def server(self, world: Path) -> Iterator[IndexServer]:
        with IndexServer(world, accounts=[ALICE]) as server:
            yield server

    @staticmethod
    def wheel(server: IndexServer, userinfo: str = "") -> str:
        place = "packages/delta/1.0/delta-1.0-py3-none-any.whl"
        return f"http://{userinfo}127.0.0.1:{server.port}/{place}"

    @pytest.mark.parametrize("form", ["{}", "delta @ {}"], ids=["bare", "named"])
    @pytest.mark.pain("I9")
    def test_with_the_login_of_its_host(
        self, desk: Desk, server: IndexServer, form: str
    ) -> None:
        desk.secrets.append(SECRET)
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

        desk.succeed("install", form.format(self.wheel(server)))

        assert desk.installed == ["delta==1.0"]
        assert server.anonymous == []

    @pytest.mark.pain("G5")
    def test_with_the_login_in_it_which_is_written_nowhere(
        self, desk: Desk, server: IndexServer
    ) -> None:
        desk.secrets.append(SECRET)

        desk.succeed("install", self.wheel(server, f"alice:{SECRET}@"))

        assert server.anonymous == []
        written = (desk.site / "delta-1.0.dist-info/direct_url.json").read_text()
        assert SECRET not in written
        frozen = desk.succeed("freeze").stdout
        assert frozen == f"delta @ {self.wheel(server)}\n"

    @pytest.mark.pain("B4")
    def test_below_a_configured_index_with_its_login(
        self, desk: Desk, world: Path
    ) -> None:
        desk.secrets.append(SECRET)
        place = "delta/1.0/delta-1.0-py3-none-any.whl"
        with IndexServer(world, accounts=[ALICE], base_path="/packages/") as server:
            desk.succeed(
                *("install", "--index", f"corp={server.url}"),
                f"{server.url}{place}",
                ADMIT_INDEX_CORP_USERNAME="alice",
                ADMIT_INDEX_CORP_PASSWORD=SECRET,
            )
            assert server.anonymous == []

        assert desk.installed == ["delta==1.0"]

    @pytest.mark.pain("B1")
    def test_beside_a_configured_index_without_its_login(
        self, desk: Desk, server: IndexServer
    ) -> None:
        """The same host, but not below the index: a source of its own."""
        ran = desk.fail(
            *("install", "--index", f"corp={server.url}", self.wheel(server)),
            ADMIT_INDEX_CORP_USERNAME="alice",
            ADMIT_INDEX_CORP_PASSWORD=SECRET,
        )

        assert "login required (401)" in ran.stderr or "404" in ran.stderr
        assert {each.is_anonymous for each in server.requests} == {True}

    @pytest.mark.parametrize("status", [401, 403, 404])
    @pytest.mark.pain("H11")
    def test_a_login_that_spoils_it_is_left_out_once(
        self, desk: Desk, index: IndexServer, status: int
    ) -> None:
        """H11: an ambient credential of the host, on a file that is for everybody."""
        from admit.serve.answer import Seen

        def reply(seen: Seen, usual: object) -> Answer:
            assert callable(usual)
            found: Answer = usual()
            return found if seen.is_anonymous else Answer(status, (), b"")

        index.script("*.whl", reply)
        desk.secrets.append("wrong-canary")
        desk.write_netrc("machine 127.0.0.1 login bob password wrong-canary\n")

        ran = desk.succeed("install", "--no-index", self.wheel(index))

        assert desk.installed == ["delta==1.0"]
        assert "asking once more without a credential" in ran.stderr

    def test_an_explicit_login_is_never_left_out(
        self, desk: Desk, index: IndexServer
    ) -> None:
        from admit.serve.answer import Seen

        def reply(seen: Seen, usual: object) -> Answer:
            assert callable(usual)
            found: Answer = usual()
            return found if seen.is_anonymous else Answer(401, (), b"")

        index.script("*.whl", reply)

        desk.fail("install", "--no-index", self.wheel(index, "bob:wrong@"))

        assert desk.installed == []

    def test_a_hash_in_it_counts(self, desk: Desk, index: IndexServer) -> None:
        url = f"{self.wheel(index)}#sha256={'0' * 64}"

        ran = desk.fail("install", url)

        assert "0" * 64 in ran.stderr
        assert desk.installed == []
