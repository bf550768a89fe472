"""The client over a transport in memory: what is told, masked, and by whom asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Found
from admit.auth.scope import Provenance, Source
from admit.errors import AdmitError
from admit.net.client import Client, ClientOptions, Request, RequestLine, Response
from admit.net.source_tls import with_certificate
from admit.net.transport import ConnectFailed, TlsOptions, WireResponse
from admit.spec.url import Secret, parse_url
from admit.value import replace
from support.dialogue import credential

if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.query import Query
    from admit.auth.scope import Purpose
    from admit.net.transport import Outcome, WireRequest

INDEX = "https://pypi.corp.example/simple/"
CORP = Source(parse_url(INDEX), "corp")
ALICE = credential("alice")
SECRET = "s3cret-of-alice"
JSON = (("content-type", "application/vnd.pypi.simple.v1+json"),)
PAGE = WireResponse(200, JSON, b"{}")


class Line:
    """A transport whose other end is a list of answers, and who is told of it all."""

    def __init__(self, *answers: Outcome, search: Found | AdmitError = Found(ALICE)):  # noqa: B008  # a value
        self.answers = list(answers)
        self.search = search
        self.does_write = True
        """Bodies to the sink of their request."""
        self.sent: list[WireRequest] = []
        self.lines: list[RequestLine] = []
        self.warnings: list[str] = []
        self._waiting: list[Callable[[], None]] = []

    def client(self, **options: object) -> Client:
        given = replace(ClientOptions(identity_key=b"k"), **options)
        return Client(self, self._find, self, options=given)

    def _find(self, query: Query) -> Found:
        if isinstance(self.search, AdmitError):
            raise self.search
        return self.search if query.stage == "source" else Found()

    def submit(self, request: WireRequest, done: Callable[[Outcome], None]) -> None:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        is_kept = request.sink is not None and self.does_write
        if is_kept and isinstance(answer, WireResponse):
            Path(request.sink or "").write_bytes(answer.body)
            answer = replace(answer, body=b"")
        self._waiting.append(lambda: done(answer))

    def wait(self, _timeout: float) -> bool:
        self._waiting.pop(0)()
        return True

    def close(self) -> None:
        self._waiting.clear()

    def request_line(self, line: RequestLine) -> None:
        self.lines.append(line)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


def request(
    path: str = "widgets/", purpose: Purpose = "listing", of: Source = CORP
) -> Request:
    return Request(of.url.join(path), Provenance(of, purpose))


def failure(client: Client, asked: Request) -> AdmitError:
    with pytest.raises(AdmitError) as caught:
        client.get(asked).result()
    return caught.value


class TestSecrets:
    @pytest.mark.pain("G1")
    def test_are_known_once_gathered_though_nothing_was_sent(self) -> None:
        client = Line(PAGE).client()

        client.identity_of(CORP)

        assert client.scrubber.scrub(f"it is {SECRET}") == "it is ****"

    @pytest.mark.pain("G1")
    @pytest.mark.pain("C2")
    def test_of_a_location_are_masked_where_the_server_repeats_them(self) -> None:
        there = (("location", "https://:t0ken-of-link@mirror.example/w/"),)
        realm = (("www-authenticate", 'Basic realm="t0ken-of-link"'),)
        client = Line(WireResponse(302, there, b""), WireResponse(401, realm, b""))

        error = failure(client.client(), request())

        assert "t0ken-of-link" not in f"{error.what} {error.why} {error.fix}"

    @pytest.mark.pain("G1")
    def test_are_masked_in_every_part_of_an_error(self) -> None:
        broken = AdmitError(f"a {SECRET}", why=f"b {SECRET}", fix=f"c {SECRET}")
        client = Line(PAGE, search=broken).client()
        client.scrubber.register(SECRET)

        error = failure(client, request())

        assert (error.what, error.why, error.fix) == ("a ****", "b ****", "c ****")
        assert error.args == ("a ****",)

    def test_an_error_may_have_one_part_only(self) -> None:
        client = Line(PAGE, search=AdmitError("a")).client()

        error = failure(client, request())

        assert (error.what, error.why, error.fix) == ("a", None, None)

    @pytest.mark.pain("G1")
    @pytest.mark.parametrize(
        ("url", "headers", "body", "expected"),
        [
            pytest.param(INDEX, (), b"{}", False, id="nowhere"),
            pytest.param(INDEX, (), SECRET.encode(), True, id="body"),
            pytest.param(INDEX, (("a", "x"), ("b", SECRET)), b"", True, id="header"),
            pytest.param(f"{INDEX}?q={SECRET}", (), b"", True, id="URL"),
        ],
    )
    def test_that_an_answer_says_back_are_seen(
        self,
        url: str,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        expected: bool,
    ) -> None:
        client = Line(PAGE).client()
        identity = client.identity_of(CORP)
        answer = Response(200, headers, body, parse_url(url), identity, False, False)

        assert client.repeats_secrets(answer) is expected


class TestWhatIsTold:
    def test_a_warning_is_told_once_and_masked(self) -> None:
        found = Found(ALICE, warnings=("beware", f"of {SECRET}"))
        line = Line(PAGE, search=found)
        client = line.client()

        for name in ("one", "two"):
            client.get(request(of=Source(CORP.url, name))).result()

        assert line.warnings == ["beware", "of ****"]

    def test_gathering_alone_is_no_request(self) -> None:
        line = Line(PAGE)

        line.client().identity_of(CORP)

        assert (line.lines, line.sent) == ([], [])

    @pytest.mark.parametrize(
        ("first", "expected"),
        [((), False), ((("location", INDEX + "w/"),), True)],
        ids=["direct", "redirected"],
    )
    def test_an_answer_says_whether_it_was_redirected(
        self, first: tuple[tuple[str, str], ...], expected: bool
    ) -> None:
        answers = [WireResponse(302, first, b""), PAGE] if first else [PAGE]

        response = Line(*answers).client().get(request()).result()

        assert response.redirected is expected

    @pytest.mark.parametrize("answered", ["simple/", "\x80"])
    def test_location_is_followed_byte_by_byte(self, answered: str) -> None:
        there = (("location", f"/x{answered}"),)
        line = Line(WireResponse(302, there, b""), PAGE)

        response = line.client().get(request()).result()

        expected = answered.replace("\x80", "%80")
        assert response.url.text == f"https://pypi.corp.example/x{expected}"


class TestOffline:
    def test_nothing_is_sent_and_the_error_says_whose_cache_it_is(self) -> None:
        line = Line(PAGE)

        error = failure(line.client(is_offline=True), request())

        assert error.code == "offline"
        assert "alice via netrc on corp" in (error.why or "")
        assert line.sent == []


class TestIdentity:
    @pytest.mark.pain("I3")
    def test_without_a_key_it_does_not_outlive_the_process(self) -> None:
        keyless = [Line(PAGE).client(identity_key=b"") for _ in range(2)]
        keyed = [Line(PAGE).client() for _ in range(2)]

        for clients, is_same in ((keyless, False), (keyed, True)):
            first, second = [each.identity_of(CORP).fingerprint for each in clients]
            assert (first == second) is is_same
        assert keyless[0].identity_of(CORP) == keyless[0].identity_of(CORP)

    @pytest.mark.parametrize(
        ("principal", "expected"), [("team", "principal:team"), (None, "external")]
    )
    def test_of_a_credential_added_outside(
        self, principal: str | None, expected: str
    ) -> None:
        of = replace(CORP, policy="external", principal=principal)

        identity = Line(PAGE, search=Found()).client().identity_of(of)

        assert identity.fingerprint == expected

    @pytest.mark.pain("I5")
    @pytest.mark.parametrize(
        ("search", "principal", "label"),
        [
            (Found(), None, "nobody with a certificate"),
            (Found(ALICE), None, "alice via netrc with a certificate"),
            (Found(ALICE), "team", "alice via netrc"),
        ],
    )
    def test_a_certificate_is_part_of_it_but_for_a_principal(
        self, search: Found, principal: str | None, label: str, tmp_path: Path
    ) -> None:
        (tmp_path / "cert").write_text("a certificate")
        tls = TlsOptions(client_cert=str(tmp_path / "cert"))
        of = replace(CORP, principal=principal)
        plain = Line(PAGE, search=search).client().identity_of(of)

        identity = with_certificate(plain, of, tls, b"k")

        assert identity.label == label
        assert (identity == plain) is (principal is not None)


def test_a_range_that_was_asked_for_is_no_resumed_file() -> None:
    asked = replace(request("w.whl", "file"), byte_range=(0, 3))
    client = Line(WireResponse(206, (), b"PK\x03\x04")).client()

    response = client.get(asked).result()

    assert (response.status, response.is_resumed) == (206, False)


def test_an_answer_may_be_empty() -> None:
    assert (
        Line(WireResponse(200, JSON, b"")).client().get(request()).result().body == b""
    )


class TestFilesInASink:
    HTML = WireResponse(200, (), b"<!doctype html><p>Please log in")

    @pytest.mark.pain("H10")
    @pytest.mark.parametrize("status", [200, 206])
    def test_that_are_pages_for_people_are_seen(
        self, status: int, tmp_path: Path
    ) -> None:
        client = Line(replace(self.HTML, status=status)).client()
        asked = replace(request("w.whl", "file"), sink=str(tmp_path / "w.whl"))

        assert failure(client, asked).code == "login-page"

    def test_that_hold_archives_are_files(self, tmp_path: Path) -> None:
        answer = WireResponse(200, (("content-type", "text/html"),), b"PK\x03\x04")
        client = Line(answer).client()
        asked = replace(request("w.whl", "file"), sink=str(tmp_path / "w.whl"))

        assert client.get(asked).result().status == 200

    def test_that_are_refused_say_why_in_their_own_body(self, tmp_path: Path) -> None:
        """What an earlier file left at that path is not this answer."""
        line = Line(WireResponse(400, (), b""))
        (tmp_path / "w.whl").write_bytes(b"no required SSL certificate was sent")
        asked = replace(request("w.whl", "file"), sink=str(tmp_path / "w.whl"))
        line.does_write = False

        assert "certificate" not in (failure(line.client(), asked).fix or "")


def test_a_lost_connection_tells_who_asked(tmp_path: Path) -> None:
    client = Line(ConnectFailed("no way")).client(retries=0)

    error = failure(client, request())

    assert "alice via netrc" in f"{error.what} {error.why}"
    assert Secret(SECRET).expose() not in str(error)
