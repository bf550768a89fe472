"""The embedded index on the wire: what each caller is given."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from typing import TYPE_CHECKING

import pytest

from admit.serve import served
from admit.serve.answer import Answer, Seen, redirect
from admit.serve.behaviour import DENIALS, Behaviour, Caching, Layout
from admit.serve.listener import CannotListen
from admit.serve.server import IndexServer
from admit.serve.shelf import NoSuchFolder
from admit.serve.visibility import account
from admit.value import replace
from support.index import (
    ALICE,
    SECRET,
    basic,
    build_founding_world,
    fetch,
    founding_index,
    make_tls,
)
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IndexServer]:
    with founding_index(tmp_path / "world") as running:
        yield running


@pytest.mark.parametrize(
    ("glob", "wheel", "metadata"),
    [
        ("mypackage-2024*.whl", 403, 200),
        ("mypackage-2024*", 403, 403),
        ("mypackage-2020*", 200, 200),
    ],
)
def test_single_files_may_be_refused_that_pages_show(
    tmp_path: Path, glob: str, wheel: int, metadata: int
) -> None:
    how = Behaviour(refused_files=(glob,))
    with founding_index(tmp_path / "world", how) as server:
        page = fetch(server, "/simple/mypackage/", JSON, basic())
        url = page.files[-1]["url"]

        assert page.versions == ["2020.1", "2024.1"]
        assert fetch(server, url, basic()).status == wheel
        assert fetch(server, f"{url}.metadata", basic()).status == metadata


class TestVisibility:
    """One index, many worlds."""

    def test_a_stranger_gets_200_and_the_older_world(self, server: IndexServer) -> None:
        page = fetch(server, "/simple/mypackage/", JSON)

        assert (page.status, page.versions) == (200, ["2020.1"])

    def test_a_known_caller_gets_everything(self, server: IndexServer) -> None:
        page = fetch(server, "/simple/mypackage/", JSON, basic())

        assert (page.status, page.versions) == (200, ["2020.1", "2024.1"])

    def test_a_wrong_secret_counts_as_anonymous(self, server: IndexServer) -> None:
        page = fetch(server, "/simple/mypackage/", JSON, basic(password="no"))

        assert (page.status, page.versions) == (200, ["2020.1"])
        assert [each.path for each in server.failed_logins] == ["/simple/mypackage/"]
        assert server.anonymous == []

    def test_a_bearer_token_names_the_account(self, server: IndexServer) -> None:
        bearer = {"Authorization": f"Bearer {SECRET}"}

        fetch(server, "/simple/mypackage/", bearer)

        assert server.requests[0].user == "alice"

    def test_an_unseen_file_does_not_exist(self, server: IndexServer) -> None:
        hidden = fetch(server, "/simple/mypackage/", JSON, basic()).files[-1]["url"]

        assert fetch(server, hidden).status == 404
        assert fetch(server, hidden + ".metadata").status == 404
        assert fetch(server, hidden, basic()).status == 200

    def test_the_root_lists_what_the_caller_sees(self, server: IndexServer) -> None:
        anonymous = json.loads(fetch(server, "/simple/", JSON).body)
        alice = json.loads(fetch(server, "/simple/", JSON, basic()).body)

        assert anonymous["projects"] == [{"name": "mypackage"}]
        assert alice["projects"] == [{"name": "mydependency"}, {"name": "mypackage"}]

    def test_permissions_change_while_it_runs(self, server: IndexServer) -> None:
        server.grant(None, "mypackage==2024.*")
        granted = fetch(server, "/simple/mypackage/", JSON).versions
        server.revoke(None, "mypackage==2020.*", "mypackage==2024.*")
        revoked = fetch(server, "/simple/mypackage/", JSON).status

        assert (granted, revoked) == (["2020.1", "2024.1"], 404)

    def test_a_rotated_secret_makes_the_old_one_wrong(
        self, server: IndexServer
    ) -> None:
        server.indexes[0].visibility.rotate("alice", "another")

        assert fetch(server, "/simple/mypackage/", JSON, basic()).versions == ["2020.1"]
        again = fetch(server, "/simple/mypackage/", JSON, basic(password="another"))
        assert again.versions == ["2020.1", "2024.1"]


class TestDenial:
    """What a caller gets who sees nothing of what it asks for."""

    @pytest.mark.parametrize(
        ("deny", "anonymous", "wrong", "forbidden"),
        [
            pytest.param("partial", 404, 404, 404, id="partial"),
            pytest.param("401", 401, 401, 403, id="401"),
            pytest.param("403", 403, 403, 403, id="403"),
            pytest.param("404", 404, 404, 404, id="404"),
        ],
    )
    def test_denials_have_their_status(
        self, tmp_path: Path, deny: str, anonymous: int, wrong: int, forbidden: int
    ) -> None:
        folder = build_founding_world(tmp_path)
        accounts = [ALICE, account("bob", "b", "mypackage")]
        behaviour = Behaviour(DENIALS[deny])

        with IndexServer(folder, accounts=accounts, behaviour=behaviour) as server:
            statuses = [
                fetch(server, "/simple/mydependency/", *login).status
                for login in ([], [basic("bob", "x")], [basic("bob", "b")], [basic()])
            ]

        assert statuses == [anonymous, wrong, forbidden, 200]

    def test_a_401_names_a_scheme(self, tmp_path: Path) -> None:
        with founding_index(tmp_path, Behaviour(DENIALS["401"])) as server:
            refused = fetch(server, "/simple/mydependency/")

        assert refused.headers["WWW-Authenticate"] == 'Basic realm="admit serve"'

    def test_a_stranger_does_not_learn_what_exists(self, tmp_path: Path) -> None:
        with founding_index(tmp_path, Behaviour(DENIALS["403"])) as server:
            hidden = fetch(server, "/simple/mydependency/")
            missing = fetch(server, "/simple/no-such-thing/")
            known = fetch(server, "/simple/no-such-thing/", basic())

        assert (hidden.status, hidden.body) == (missing.status, missing.body)
        assert known.status == 404

    def test_status_200_is_a_login_page(self, tmp_path: Path) -> None:
        behaviour = Behaviour(replace(DENIALS["401"], anonymous=200))

        with founding_index(tmp_path, behaviour) as server:
            page = fetch(server, "/simple/mydependency/", JSON)

        assert page.status == 200
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert b"<form" in page.body

    def test_repeated_wrong_logins_lock_the_name_out(self, tmp_path: Path) -> None:
        behaviour = Behaviour(replace(DENIALS["401"], lockout=2))

        with founding_index(tmp_path, behaviour) as server:
            wrong = [
                fetch(server, "/simple/mypackage/", basic(password="x")).status
                for _ in range(3)
            ]
            right = fetch(server, "/simple/mypackage/", basic()).status

        assert (wrong, right) == ([401, 401, 403], 403)

    def test_unknown_projects_are_forwarded(self, tmp_path: Path) -> None:
        behaviour = Behaviour(forward="http://other.example/simple/")

        with founding_index(tmp_path, behaviour) as server:
            answer = fetch(server, "/simple/nothing/")

        assert answer.status == 302
        assert answer.headers["Location"] == "http://other.example/simple/nothing/"


class TestPages:
    """PEP 503, 691 and 658."""

    @pytest.mark.parametrize(
        ("accept", "content_type"),
        [
            pytest.param("", "text/html; charset=utf-8", id="nothing"),
            pytest.param("*/*", "text/html; charset=utf-8", id="anything"),
            pytest.param(
                "application/vnd.pypi.simple.v1+html",
                "application/vnd.pypi.simple.v1+html",
                id="html",
            ),
            pytest.param(
                "application/vnd.pypi.simple.v1+json, text/html;q=0.01",
                "application/vnd.pypi.simple.v1+json",
                id="json-preferred",
            ),
            pytest.param(
                "text/html, application/vnd.pypi.simple.v1+json",
                "application/vnd.pypi.simple.v1+json",
                id="json-as-good",
            ),
            pytest.param(
                "application/vnd.pypi.simple.v1+json;q=0.2, text/html",
                "text/html; charset=utf-8",
                id="html-preferred",
            ),
        ],
    )
    def test_the_caller_chooses_the_form(
        self, server: IndexServer, accept: str, content_type: str
    ) -> None:
        page = fetch(server, "/simple/mypackage/", {"Accept": accept})

        assert page.headers["Content-Type"] == content_type

    def test_metadata_has_the_digest_that_the_page_names(
        self, server: IndexServer
    ) -> None:
        import hashlib

        file = fetch(server, "/simple/mypackage/", JSON, basic()).files[-1]

        metadata = fetch(server, file["url"] + ".metadata", basic())

        digest = hashlib.sha256(metadata.body).hexdigest()
        assert file["core-metadata"] == {"sha256": digest}
        assert b"Requires-Dist: mydependency>=1" in metadata.body

    def test_html_escapes_what_it_shows(self, tmp_path: Path) -> None:
        build_wheel(tmp_path, "odd", "1.0", requires_python=">=3.8,<4")

        with IndexServer(tmp_path, public=["*"]) as server:
            page = fetch(server, "/simple/odd/")

        assert b'data-requires-python="&gt;=3.8,&lt;4"' in page.body

    @pytest.mark.parametrize(
        ("path", "location"),
        [
            pytest.param("/simple", "/simple/", id="root"),
            pytest.param("/simple/mypackage", "/simple/mypackage/", id="slash"),
            pytest.param("/simple/My_Package/", "/simple/my-package/", id="name"),
        ],
    )
    def test_other_spellings_are_redirected(
        self, server: IndexServer, path: str, location: str
    ) -> None:
        answer = fetch(server, path)

        assert (answer.status, answer.headers["Location"]) == (301, location)

    def test_an_unchanged_page_is_304(self, server: IndexServer) -> None:
        etag = fetch(server, "/simple/mypackage/").headers["ETag"]

        again = fetch(server, "/simple/mypackage/", {"If-None-Match": etag})

        assert (again.status, again.body) == (304, b"")

    def test_validators_do_not_cross_identities(self, server: IndexServer) -> None:
        etag = fetch(server, "/simple/mypackage/").headers["ETag"]

        other = fetch(server, "/simple/mypackage/", {"If-None-Match": etag}, basic())

        assert other.status == 200

    def test_a_server_with_one_tag_for_all_mixes_identities(
        self, tmp_path: Path
    ) -> None:
        behaviour = Behaviour(caching=Caching("max-age=600", None, "project"))

        with founding_index(tmp_path, behaviour) as server:
            first = fetch(server, "/simple/mypackage/")
            condition = {"If-None-Match": first.headers["ETag"]}
            other = fetch(server, "/simple/mypackage/", condition, basic())

        assert other.status == 304
        assert first.headers["Cache-Control"] == "max-age=600"

    def test_long_pages_are_packed_for_who_takes_it(self, tmp_path: Path) -> None:
        import gzip

        for number in range(20):
            build_wheel(tmp_path, "many", f"1.{number}")

        with IndexServer(tmp_path, public=["*"]) as server:
            packed = fetch(server, "/simple/many/", {"Accept-Encoding": "gzip"})
            clear = fetch(server, "/simple/many/")

        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == clear.body

    def test_new_files_appear(self, tmp_path: Path, server: IndexServer) -> None:
        fetch(server, "/simple/mypackage/", basic())
        build_wheel(tmp_path / "world", "mypackage", "2025.1")

        page = fetch(server, "/simple/mypackage/", JSON, basic())

        assert page.versions == ["2020.1", "2024.1", "2025.1"]

    def test_new_files_appear_within_one_tick_of_the_clock(
        self, tmp_path: Path, server: IndexServer
    ) -> None:
        """File systems count a folder's time of change coarsely."""
        fetch(server, "/simple/mypackage/", basic())
        before = (tmp_path / "world").stat()
        build_wheel(tmp_path / "world", "mypackage", "2025.1")
        os.utime(tmp_path / "world", ns=(before.st_atime_ns, before.st_mtime_ns))

        page = fetch(server, "/simple/mypackage/", JSON, basic())

        assert page.versions == ["2020.1", "2024.1", "2025.1"]

    def test_a_file_beside_it_yanks_a_release(
        self, tmp_path: Path, server: IndexServer
    ) -> None:
        wheel = "mypackage-2020.1-py3-none-any.whl"
        (tmp_path / "world" / f"{wheel}.yanked").write_text("it was wrong\n")

        page = fetch(server, "/simple/mypackage/", JSON)

        assert page.files[0]["yanked"] == "it was wrong"

    def test_sdists_and_broken_wheels_are_listed(self, tmp_path: Path) -> None:
        (tmp_path / "odd-1.0.tar.gz").write_bytes(b"no archive")
        (tmp_path / "odd-2.0-py3-none-any.whl").write_bytes(b"no archive")
        (tmp_path / "README.txt").write_text("not listed")

        with IndexServer(tmp_path, public=["*"]) as server:
            page = fetch(server, "/simple/odd/", JSON)

        assert [each["filename"] for each in page.files] == [
            "odd-1.0.tar.gz",
            "odd-2.0-py3-none-any.whl",
        ]


class TestFiles:
    """Ranges, HEAD, layouts."""

    @pytest.mark.parametrize(
        ("wanted", "slice_", "status"),
        [
            pytest.param("bytes=0-9", slice(0, 10), 206, id="first-ten"),
            pytest.param("bytes=5-", slice(5, None), 206, id="from-five"),
            pytest.param("bytes=-7", slice(-7, None), 206, id="last-seven"),
            pytest.param("bytes=-999999", slice(0, None), 206, id="more-than-all"),
            pytest.param("lines=1-2", slice(0, None), 200, id="another-unit"),
        ],
    )
    def test_ranges_are_parts_of_the_file(
        self, tmp_path: Path, wanted: str, slice_: slice, status: int
    ) -> None:
        content = build_wheel(tmp_path, "part", "1.0").read_bytes()

        with IndexServer(tmp_path, public=["*"]) as server:
            url = fetch(server, "/simple/part/", JSON).files[0]["url"]
            part = fetch(server, url, {"Range": wanted})

        assert (part.status, part.body) == (status, content[slice_])

    def test_a_range_beyond_the_end_is_416(self, server: IndexServer) -> None:
        url = fetch(server, "/simple/mypackage/", JSON).files[0]["url"]

        answer = fetch(server, url, {"Range": "bytes=999999-"})

        assert answer.status == 416
        assert answer.headers["Content-Range"].startswith("bytes */")

    @pytest.mark.parametrize(
        ("is_current", "status"),
        [pytest.param(True, 206, id="same"), pytest.param(False, 200, id="changed")],
    )
    def test_if_range_asks_for_the_part_of_one_version_only(
        self, server: IndexServer, is_current: bool, status: int
    ) -> None:
        url = fetch(server, "/simple/mypackage/", JSON).files[0]["url"]
        etag = fetch(server, url).headers["ETag"] if is_current else '"old"'

        answer = fetch(server, url, {"Range": "bytes=0-9", "If-Range": etag})

        assert answer.status == status

    def test_head_has_the_length_and_no_body(self, server: IndexServer) -> None:
        file = fetch(server, "/simple/mypackage/", JSON).files[0]

        answer = fetch(server, file["url"], method="HEAD")

        assert answer.headers["Content-Length"] == str(file["size"])
        assert answer.body == b""

    def test_other_methods_are_refused(self, server: IndexServer) -> None:
        assert fetch(server, "/simple/", method="PUT").status == 405

    def test_signed_urls_refuse_a_credential_and_another_method(
        self, tmp_path: Path
    ) -> None:
        behaviour = Behaviour(layout=Layout(storage=True))

        with founding_index(tmp_path, behaviour) as server:
            url = fetch(server, "/simple/mypackage/", JSON).files[0]["url"]
            signed = fetch(server, url).headers["Location"]
            signed.replace("mypackage-2020", "mypackage-2024")
            statuses = [
                fetch(server, signed).status,
                fetch(server, signed, basic()).status,
                fetch(server, signed, method="HEAD").status,
                fetch(
                    server, signed.replace("mypackage-2020", "mypackage-2024")
                ).status,
            ]

        assert statuses == [200, 400, 403, 403]
        assert not signed.startswith(server.origin)

    def test_signed_urls_expire(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(served, "SIGNED_SECONDS", -5)
        behaviour = Behaviour(layout=Layout(storage=True))

        with founding_index(tmp_path, behaviour) as server:
            url = fetch(server, "/simple/mypackage/", JSON).files[0]["url"]
            signed = fetch(server, url).headers["Location"]
            answer = fetch(server, signed)

        assert (answer.status, answer.body) == (403, b"the signature has expired\n")
        assert server.anonymous == server.requests[:2]


class TestServer:
    """Several indexes, records, scripts, and the end."""

    def test_two_indexes_on_one_host_have_their_own_accounts(
        self, tmp_path: Path
    ) -> None:
        one, two = tmp_path / "one", tmp_path / "two"
        build_founding_world(one)
        build_founding_world(two)
        denied = Behaviour(DENIALS["404"])

        with IndexServer(
            one,
            accounts=[account("alice", "a", "*")],
            behaviour=denied,
            base_path="/team-a/simple/",
        ) as server:
            other = server.add_index(
                "/team-b/simple/",
                two,
                accounts=[account("bob", "b", "*")],
                behaviour=denied,
            )
            page = fetch(server, "/team-b/simple/mypackage/", JSON, basic("bob", "b"))
            stranger = fetch(server, page.files[0]["url"], basic("alice", "a"))

        assert page.files[0]["url"].startswith("/team-b/packages/")
        assert stranger.status == 404
        assert server.url_of(other) == f"{server.origin}/team-b/simple/"

    def test_requests_are_recorded_without_their_secret(
        self, server: IndexServer
    ) -> None:
        fetch(server, "/simple/mypackage/?page=2", basic(), {"User-Agent": "t/1"})

        seen = server.requests[0]
        assert str(seen) == "GET /simple/mypackage/ as alice: 200"
        assert seen.header("user-agent") == "t/1"
        assert seen.url == f"{server.origin}/simple/mypackage/"
        assert "authorization" not in seen.asked.headers
        assert SECRET not in repr(seen.asked)

    def test_a_scripted_answer_is_used_as_often_as_said(
        self, server: IndexServer
    ) -> None:
        busy = Answer(503, (("Retry-After", "1"),))
        server.script("/simple/*", busy, times=1)

        statuses = [fetch(server, "/simple/mypackage/").status for _ in range(2)]

        assert statuses == [503, 200]

    def test_a_script_can_change_the_usual_answer(self, server: IndexServer) -> None:
        server.script(
            "/packages/*", lambda _seen, usual: replace(usual(), cut=20), times=1
        )
        url = fetch(server, "/simple/mypackage/", JSON).files[0]["url"]

        with pytest.raises(http.client.IncompleteRead) as caught:
            fetch(server, url)

        assert len(caught.value.partial) == 20

    def test_a_script_may_hang_up_or_speak_raw(self, server: IndexServer) -> None:
        server.script("/silent", Answer(0))
        server.script("/raw", Answer(raw=b"HTTP/1.1 299 Odd\r\n\r\nrest"))

        with pytest.raises(http.client.RemoteDisconnected):
            fetch(server, "/silent")

        assert fetch(server, "/raw")[::2] == (299, b"rest")

    def test_a_script_redirects_elsewhere(
        self, tmp_path: Path, server: IndexServer
    ) -> None:
        with IndexServer(tmp_path / "world", public=["*"]) as other:
            server.script("/simple/mypackage/", redirect(f"{other.url}mypackage/", 307))
            answer = fetch(server, "/simple/mypackage/")

        assert answer.headers["Location"] == f"{other.url}mypackage/"

    def test_a_fault_of_the_server_is_raised_at_the_end(self, tmp_path: Path) -> None:
        def broken(_seen: Seen, _usual: object) -> Answer:
            raise LookupError("a fault")

        with (
            pytest.raises(LookupError, match="a fault"),
            founding_index(tmp_path) as server,
        ):
            server.script("*", broken)
            assert fetch(server, "/simple/").status == 500

    def test_one_connection_carries_many_requests(self, server: IndexServer) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        bodies = set()
        for _ in range(20):
            connection.request("GET", "/simple/mypackage/")
            bodies.add(connection.getresponse().read())
        connection.close()

        assert len(bodies) == 1
        assert len(server.requests) == 20

    def test_it_closes_while_a_connection_is_open(self, tmp_path: Path) -> None:
        with founding_index(tmp_path) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            connection.request("GET", "/simple/")
            connection.getresponse().read()

        with pytest.raises(OSError):
            fetch(server, "/simple/")
        connection.close()

    def test_it_speaks_tls(self, tmp_path: Path) -> None:
        tls = make_tls(tmp_path)
        trust = ssl.create_default_context(cafile=str(tls.ca_file))

        with founding_index(tmp_path / "world", tls=tls) as server:
            connection = http.client.HTTPSConnection(
                "127.0.0.1", server.port, context=trust, timeout=10
            )
            connection.request("GET", "/simple/mypackage/", headers=JSON)
            body = connection.getresponse().read()
            connection.close()

        assert json.loads(body)["versions"] == ["2020.1"]
        assert server.url.startswith("https://127.0.0.1:")

    def test_a_taken_port_is_an_error(
        self, server: IndexServer, tmp_path: Path
    ) -> None:
        with pytest.raises(CannotListen) as caught:
            IndexServer(tmp_path, address=("127.0.0.1", server.port))

        assert caught.value.what == f"cannot listen on 127.0.0.1 port {server.port}"

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(NoSuchFolder):
            IndexServer(tmp_path / "nowhere")
