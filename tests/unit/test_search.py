"""Gathering: headers of a source, what is remembered, the last resort, half answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.auth.query import Attempt, Problem, Query
from admit.auth.scope import Source
from admit.auth.sources import Search, SearchOptions
from admit.auth.sources.place import (
    Complete,
    Missing,
    Place,
    Question,
    Unusable,
    UserOnly,
)
from admit.auth.sources.search import SearchExtras
from admit.spec.url import Secret, parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.query import Found, Stage
    from admit.auth.scheme import Credential, Headers
    from admit.auth.sources.place import Answer

INDEX = "https://pypi.corp.example/simple/"
TOKEN = "t0ken" * 8
BOB = credential("bob", "s3cret-of-bob", provider="drawer")
MACHINE = "machine pypi.corp.example login alice password pw\n"
KEYED = (("X-Api-Key", "env:KEY"), ("X-Team", "env:TEAM"))
BEARING = (("X-Api-Key", "env:KEY"), ("AUTHORIZATION", "env:KEY"))


class Desk:
    """A home, an environment, places beside the usual ones; what they are asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ: dict[str, str] = {}
        self.use_netrc = True
        self.more: list[Place] = []
        self.values: Headers | Problem = (("X-Api-Key", Secret("key")),)
        self.asked_for_headers: list[bool] = []
        self.memory: Problem | None = None
        self._search: Search | None = None

    def netrc(self, text: str) -> None:
        (self.home / ".netrc").write_text(text)
        (self.home / ".netrc").chmod(0o600)

    def place(
        self,
        answer: Answer,
        *stages: Stage,
        rank: int = 4,
        is_last_resort: bool = False,
    ) -> list[Question]:
        """Add a place that always answers so; what it was asked grows in the list."""
        questions: list[Question] = []

        def ask(question: Question) -> Answer:
            questions.append(question)
            return answer

        place = Place(
            rank, "drawer", ask, stages or ("source",), is_last_resort=is_last_resort
        )
        self.more.append(place)
        return questions

    def find(
        self,
        source: Source,
        stage: Stage = "source",
        *,
        url: str = "",
        refused: Credential | None = None,
    ) -> Found:
        if self._search is None:
            extras = SearchExtras(self._headers_of, lambda _: self.memory)
            options = SearchOptions(self.use_netrc)
            self._search = Search(
                self.environ, str(self.home), options, self.more, extras
            )
        asked = parse_url(url) if url else source.url
        return self._search(Query(source, asked, stage, refused))

    def _headers_of(self, _: Source, is_refused: bool) -> Headers | Problem:
        self.asked_for_headers.append(is_refused)
        return self.values


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def source(url: str = INDEX, **fields: object) -> Source:
    return Source(parse_url(url), **fields)  # type: ignore[arg-type]  # a short hand


def headers_of(found: Found) -> list[tuple[str, str]]:
    assert found.credential is not None
    return [(name, text.expose()) for name, text in found.credential.headers]


class TestHeadersOfASource:
    @pytest.mark.pain("F11")
    def test_travel_beside_a_login(self, desk: Desk) -> None:
        desk.netrc(MACHINE)

        found = desk.find(source(headers=KEYED))

        assert found.credential is not None
        assert (found.credential.kind, found.credential.username) == ("basic", "alice")
        assert headers_of(found) == [("X-Api-Key", "key")]
        assert [str(each) for each in found.tried] == [
            "headers: has X-Api-Key, X-Team",
            "environment: only for named indexes",
            "URL: has none",
            "netrc: has alice",
        ]

    @pytest.mark.pain("F11")
    def test_are_enough_where_there_is_no_login(self, desk: Desk) -> None:
        desk.memory = Problem("it was used with a login before")

        found = desk.find(source(headers=KEYED))

        assert found.problem is None
        assert found.credential is not None
        assert found.credential.kind == "headers"
        assert headers_of(found) == [("X-Api-Key", "key")]

    @pytest.mark.pain("F11")
    def test_with_an_authorization_of_their_own_want_no_login(self, desk: Desk) -> None:
        desk.netrc(MACHINE)
        desk.values = (("X-Api-Key", Secret("k")), ("AUTHORIZATION", Secret("v")))

        found = desk.find(source(headers=BEARING))

        assert found.credential is not None
        assert found.credential.kind == "headers"
        assert [each.provider for each in found.tried] == ["headers"]

    @pytest.mark.pain("F8")
    def test_do_not_make_half_a_login_a_whole_one(self, desk: Desk) -> None:
        found = desk.find(source("https://bob@pypi.corp.example/", headers=KEYED))

        assert found.credential is None
        assert found.problem is not None
        assert found.problem.what == "no password for bob"
        assert found.tried[0] == Attempt("headers", "has X-Api-Key, X-Team")

    def test_without_a_value_are_an_error(self, desk: Desk) -> None:
        desk.netrc(MACHINE)
        desk.values = Problem("the variable is unset")

        found = desk.find(source(headers=KEYED))

        assert (found.credential, found.problem) == (None, desk.values)

    def test_are_looked_at_again_only_after_a_refusal(self, desk: Desk) -> None:
        desk.find(source(headers=KEYED))
        desk.find(source(headers=KEYED), refused=credential())

        assert desk.asked_for_headers == [False, True]

    @pytest.mark.pain("F11")
    def test_do_not_go_to_other_hosts(self, desk: Desk) -> None:
        found = desk.find(
            source(headers=KEYED), "foreign", url="https://files.example/w.whl"
        )

        assert found.credential is None
        assert desk.asked_for_headers == []


class TestWhatIsRemembered:
    @pytest.mark.pain("A10")
    def test_makes_nothing_found_an_error(self, desk: Desk) -> None:
        desk.memory = Problem("it was used with a login before")

        assert desk.find(source()).problem == desk.memory

    def test_does_not_count_where_something_is_found(self, desk: Desk) -> None:
        desk.netrc(MACHINE)
        desk.memory = Problem("it was used with a login before")

        assert desk.find(source()).problem is None

    @pytest.mark.parametrize(
        ("of", "stage"),
        [
            pytest.param(source(is_public=True), "source", id="public"),
            pytest.param(source(policy="always"), "source", id="always"),
            pytest.param(source(), "challenged", id="after a 401"),
            pytest.param(source(), "foreign", id="another host"),
        ],
    )
    def test_is_not_asked_about(self, of: Source, stage: Stage, desk: Desk) -> None:
        desk.memory = Problem("it was used with a login before")

        assert desk.find(of, stage).problem is None

    def test_without_any_memory_nothing_found_is_nobody(self, tmp_path: Path) -> None:
        search = Search({}, str(tmp_path))

        found = search(Query(source(), source().url))

        assert (found.credential, found.problem) == (None, None)


class TestTheLastResort:
    """Whoever is asked only before an error: a person."""

    @pytest.mark.pain("I10")
    @pytest.mark.parametrize("url", [INDEX, "https://bob@pypi.corp.example/simple/"])
    def test_is_asked_before_an_error(self, url: str, desk: Desk) -> None:
        desk.memory = Problem("it was used with a login before")
        questions = desk.place(Complete(BOB), "challenged", is_last_resort=True)

        found = desk.find(source(url))

        assert (found.credential, found.problem) == (BOB, None)
        assert found.tried[-1] == Attempt("drawer", "has bob")
        assert [each.username for each in questions] == [
            "bob" if "bob" in url else None
        ]

    @pytest.mark.pain("I10")
    def test_is_not_asked_where_no_error_would_follow(self, desk: Desk) -> None:
        questions = desk.place(Complete(BOB), "challenged", is_last_resort=True)

        assert desk.find(source()).credential is None
        assert questions == []

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            pytest.param(Missing("nobody answered"), "it was used", id="nothing"),
            pytest.param(UserOnly("bob", "half of it"), "it was used", id="half"),
            pytest.param(Unusable(Problem("it broke")), "it broke", id="broken"),
        ],
    )
    def test_without_a_login_leaves_an_error(
        self, answer: Answer, expected: str, desk: Desk
    ) -> None:
        desk.memory = Problem("it was used")
        desk.place(answer, "challenged", is_last_resort=True)

        found = desk.find(source())

        assert found.problem is not None
        assert found.problem.what == expected
        assert found.tried[-1].provider == "drawer"

    @pytest.mark.pain("F13")
    def test_with_a_login_that_cannot_be_sent_is_an_error(self, desk: Desk) -> None:
        desk.memory = Problem("it was used")
        desk.place(
            Complete(credential("bob", "a\nb")), "challenged", is_last_resort=True
        )

        found = desk.find(source())

        assert found.credential is None
        assert found.problem is not None
        assert "cannot be sent" in found.problem.what

    @pytest.mark.pain("I10")
    def test_is_not_asked_twice_for_one_source(self, desk: Desk) -> None:
        questions = desk.place(
            Missing("nobody answered"), "source", rank=9, is_last_resort=True
        )

        desk.find(source("https://bob@pypi.corp.example/simple/"))

        assert len(questions) == 1

    def test_is_no_other_place(self, desk: Desk) -> None:
        desk.memory = Problem("it was used")
        questions = desk.place(Complete(BOB), "challenged")

        assert desk.find(source()).problem == desk.memory
        assert questions == []


class TestPlaces:
    def test_that_answer_after_a_401_are_not_asked_first_under_always(
        self, desk: Desk
    ) -> None:
        questions = desk.place(Complete(BOB), "challenged")

        assert desk.find(source(policy="always")).credential is None
        assert questions == []

    def test_that_have_nothing_to_say_are_not_told_of(self, desk: Desk) -> None:
        desk.place(Missing(""))

        found = desk.find(source())

        assert "drawer" not in [each.provider for each in found.tried]

    def test_the_first_that_knows_a_name_is_its_provider(self, desk: Desk) -> None:
        desk.environ["ADMIT_INDEX_CORP_USERNAME"] = TOKEN

        found = desk.find(
            source(f"https://{TOKEN}@pypi.corp.example/simple/", name="corp")
        )

        assert found.credential is not None
        assert found.credential.provider == "environment"

    @pytest.mark.pain("F8")
    def test_half_a_login_of_another_host_is_no_token_of_the_source(
        self, desk: Desk
    ) -> None:
        desk.netrc("machine files.example login bob\n")

        found = desk.find(
            source(username_is_token=True), "foreign", url="https://files.example/w"
        )

        assert (found.credential, found.problem) == (None, None)

    def test_that_are_explicit_are_asked_for_public_sources(self, desk: Desk) -> None:
        desk.environ |= {
            "ADMIT_INDEX_PUB_USERNAME": "bob",
            "ADMIT_INDEX_PUB_PASSWORD": "pw",
        }

        found = desk.find(source(name="pub", is_public=True))

        assert found.credential is not None
        assert found.credential.provider == "environment"

    @pytest.mark.pain("I7")
    def test_an_objection_leaves_no_credential(self, desk: Desk) -> None:
        desk.netrc(MACHINE)

        found = desk.find(source("http://pypi.corp.example/simple/"))

        assert found.credential is None
        assert found.problem is not None

    @pytest.mark.pain("F13")
    @pytest.mark.parametrize(
        ("url", "password", "where"),
        [
            pytest.param("https://a:b%0Ac@h.example/", "", "from URL", id="URL"),
            pytest.param(
                "https://h.example/", "a\nb", "from ADMIT_INDEX_CORP_PASSWORD", id="env"
            ),
        ],
    )
    def test_an_objection_names_where_it_stands(
        self, url: str, password: str, where: str, desk: Desk
    ) -> None:
        if password:
            desk.environ["ADMIT_INDEX_CORP_USERNAME"] = "a"
            desk.environ["ADMIT_INDEX_CORP_PASSWORD"] = password

        found = desk.find(source(url, name="corp"))

        assert found.problem is not None
        assert f"the credential {where} cannot be sent" in found.problem.what

    def test_a_credential_in_the_url_of_an_external_source_is_no_error(
        self, desk: Desk
    ) -> None:
        found = desk.find(source("https://a:b@h.example/", policy="external"))

        assert (found.credential, found.problem) == (None, None)


class TestVariables:
    @pytest.mark.parametrize("other", ["PASSWORD", "USERNAME"])
    def test_a_token_beside_half_a_pair_names_both(
        self, other: str, desk: Desk
    ) -> None:
        desk.environ["ADMIT_INDEX_CORP_TOKEN"] = "t"
        desk.environ[f"UV_INDEX_CORP_{other}"] = "u"

        found = desk.find(source(name="corp"))

        assert found.problem is not None
        assert found.problem.what == (
            f"both ADMIT_INDEX_CORP_TOKEN and UV_INDEX_CORP_{other} are set"
        )

    def test_an_empty_token_is_none_beside_a_token_as_name(self, desk: Desk) -> None:
        desk.environ["ADMIT_INDEX_CORP_TOKEN"] = ""
        desk.environ["ADMIT_INDEX_CORP_USERNAME"] = TOKEN

        found = desk.find(source(name="corp"))

        assert found.credential is not None
        assert (found.credential.kind, found.credential.username) == ("basic", TOKEN)

    def test_an_empty_name_alone_is_nothing(self, desk: Desk) -> None:
        desk.environ["ADMIT_INDEX_CORP_USERNAME"] = ""

        found = desk.find(source(name="corp"))

        assert (found.credential, found.problem) == (None, None)
        assert found.tried[0].outcome.startswith("no ADMIT_INDEX_CORP_")

    def test_uv_knows_no_token(self, desk: Desk) -> None:
        desk.environ["UV_INDEX_CORP_TOKEN"] = "t"

        assert desk.find(source(name="corp")).credential is None


class TestTheUrl:
    @pytest.mark.pain("A10")
    @pytest.mark.parametrize(
        ("userinfo", "is_mask"),
        [
            pytest.param("***:pw", True, id="name"),
            pytest.param("alice:***", True, id="password"),
            pytest.param("alice:**", False, id="two"),
            pytest.param("alice:**a**", False, id="inside"),
        ],
    )
    def test_asterisks_are_a_mask(
        self, userinfo: str, is_mask: bool, desk: Desk
    ) -> None:
        found = desk.find(source(f"https://{userinfo}@pypi.corp.example/simple/"))

        assert (found.problem is not None and "mask" in found.problem.what) is is_mask

    def test_it_serves_the_user_who_is_known_already(self, desk: Desk) -> None:
        desk.environ["ADMIT_INDEX_CORP_USERNAME"] = "alice"

        found = desk.find(
            source("https://alice:pw@pypi.corp.example/simple/", name="corp")
        )

        assert found.credential is not None
        assert found.credential.provider == "URL"


class TestNetrc:
    @pytest.mark.pain("D8")
    @pytest.mark.parametrize(
        ("of", "stage"),
        [
            pytest.param(source(policy="always"), "source", id="always"),
            pytest.param(source(), "challenged", id="after a 401"),
            pytest.param(source(is_public=True), "source", id="public"),
            pytest.param(source(kind="direct"), "source", id="direct URL"),
        ],
    )
    def test_its_default_is_hinted_at_only_where_it_could_help(
        self, of: Source, stage: Stage, desk: Desk
    ) -> None:
        desk.netrc("machine other.example login a password b\ndefault\n")

        hints = [desk.find(each).warnings for each in (source(), source(INDEX + "x/"))]
        found = desk.find(of, stage)

        assert ["line 2" in hint for (hint,) in hints] == [True, True]
        assert found.warnings == ()

    def test_entries_of_other_machines_are_no_default(self, desk: Desk) -> None:
        desk.netrc("machine other.example login a password b\n")

        assert desk.find(source()).warnings == ()

    def test_switched_off_it_leaves_nobody(self, desk: Desk) -> None:
        desk.netrc(MACHINE)
        desk.use_netrc = False

        found = desk.find(source())

        assert (found.credential, found.problem, found.warnings) == (None, None, ())

    @pytest.mark.parametrize(
        ("entry", "warnings"),
        [
            pytest.param("pypi.corp.example", 1, id="no port"),
            pytest.param("other.example", 0, id="another host"),
            pytest.param("pypi.corp.example:8443", 0, id="that port"),
        ],
    )
    def test_a_strange_port_is_told_of_once_where_an_entry_is_held_back(
        self, entry: str, warnings: int, desk: Desk
    ) -> None:
        desk.netrc(
            f"machine {entry} login bob password x\n"
            "machine pypi.corp.example login bob password x\n"
            if entry.endswith("8443")
            else f"machine {entry} login bob password x\n"
        )
        url = "https://pypi.corp.example:8443/w.whl"

        founds = [desk.find(source(), "foreign", url=url) for _ in range(2)]

        assert [len(each.warnings) for each in founds] == [warnings] * 2

    @pytest.mark.parametrize(
        ("machine", "outcome"),
        [
            ("pypi.corp.example", "no entry of bob for pypi.corp.example"),
            ("pypi.corp.example:443", "no entry of bob for pypi.corp.example"),
            ("other.example", "no entry for pypi.corp.example"),
        ],
    )
    def test_it_tells_another_users_entry_from_none(
        self, machine: str, outcome: str, desk: Desk
    ) -> None:
        desk.netrc(f"machine {machine} login alice password pw\n")

        found = desk.find(source("https://bob@pypi.corp.example/simple/"))

        assert f"{outcome} in ~/.netrc" in [each.outcome for each in found.tried]
