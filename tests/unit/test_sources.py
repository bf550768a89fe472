"""Gathering: rule R3's order, its errors, and the report of what was tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.auth.query import Query
from admit.auth.scope import Source
from admit.auth.sources import Search, SearchOptions, check_variables
from admit.auth.sources.environment import UnsetVariable, expand, variable_stem
from admit.auth.sources.place import Complete, Missing, Place, Question, UserOnly
from admit.spec.url import parse_url
from support.dialogue import credential

if TYPE_CHECKING:
    from pathlib import Path

    from admit.auth.query import Found, Stage

HOST = "pypi.corp.example"
TOKEN = "t0ken" * 8


class Machine:
    """A home folder and an environment to search in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ: dict[str, str] = {}
        self.options = SearchOptions()
        self.more: tuple[Place, ...] = ()

    def netrc(self, text: str) -> None:
        path = self.home / ".netrc"
        path.write_text(text)
        path.chmod(0o600)

    def search(self, source: Source, stage: Stage = "source", url: str = "") -> Found:
        search = Search(self.environ, str(self.home), self.options, self.more)
        asked = parse_url(url) if url else source.url
        return search(Query(source, asked, stage))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def source(userinfo: str = "", *, name: str | None = None, **fields: object) -> Source:
    at = f"{userinfo}@" if userinfo else ""
    url = parse_url(f"https://{at}{HOST}/simple/")
    return Source(url, name=name, **fields)  # type: ignore[arg-type]  # a short hand


def told(found: Found) -> str:
    """The credential in clear, or the problem, or "nothing"."""
    if found.problem is not None:
        return f"problem: {found.problem.what}"
    if found.credential is None:
        return "nothing"
    each = found.credential
    word = "Bearer " if each.kind == "bearer" else f"{each.username}:"
    return f"{word}{each.secret.expose()} via {each.provider}"


class TestTheUrl:
    @pytest.mark.parametrize(
        ("userinfo", "expected"),
        [
            pytest.param("alice:pw", "alice:pw via URL", id="pair"),
            pytest.param("token:", "token: via URL", id="token with a colon"),
            pytest.param(":pw", ":pw via URL", id="secret alone"),
            pytest.param(TOKEN, f"{TOKEN}: via URL", id="token-shaped name"),
            pytest.param("", "nothing", id="none"),
            pytest.param(":", "nothing", id="a colon alone"),
            pytest.param("a%40b:p%3Ax%2541", "a@b:p:x%41 via URL", id="decoded once"),
            pytest.param("bob@corp.example:pw", "bob@corp.example:pw via URL", id="at"),
        ],
    )
    @pytest.mark.pain("F2")
    @pytest.mark.pain("F3")
    @pytest.mark.pain("F6")
    @pytest.mark.pain("F7")
    def test_userinfo_is_a_credential(
        self, userinfo: str, expected: str, machine: Machine
    ) -> None:
        assert told(machine.search(source(userinfo))) == expected

    @pytest.mark.pain("F8")
    def test_a_name_without_a_secret_anywhere_is_an_error(
        self, machine: Machine
    ) -> None:
        found = machine.search(source("alice"))

        assert told(found) == "problem: no password for alice"
        assert found.problem is not None
        assert found.problem.fix == (
            f"run `admit auth login https://{HOST}/simple/ --username alice`\n"
            f"or add `machine {HOST} login alice password SECRET` to ~/.netrc\n"
            "if alice is itself a token, write a colon behind it in the URL"
        )

    @pytest.mark.pain("F8")
    def test_the_error_of_a_named_source_names_its_variable(
        self, machine: Machine
    ) -> None:
        found = machine.search(source("alice", name="my-corp"))

        assert found.problem is not None
        assert (found.problem.fix or "").startswith(
            "set ADMIT_INDEX_MY_CORP_PASSWORD\nor "
        )

    @pytest.mark.pain("F6")
    def test_a_name_declared_a_token_is_one(self, machine: Machine) -> None:
        asked: list[Question] = []

        def ask(question: Question) -> Missing:
            asked.append(question)
            return Missing("")

        machine.more = (Place(6, "keyring", ask),)
        machine.netrc(f"machine {HOST} login other password pw")

        found = machine.search(source("short", username_is_token=True))

        assert told(found) == "short: via URL"
        assert asked == []
        assert "short" not in " ".join(str(each) for each in found.tried)

    @pytest.mark.pain("F4")
    @pytest.mark.parametrize("environ", [{}, {"PASSWORD": ""}])
    def test_an_unset_variable_is_an_error_that_names_it(
        self, environ: dict[str, str], machine: Machine
    ) -> None:
        machine.environ = environ

        found = machine.search(source("alice:${PASSWORD}"))

        assert told(found) == (
            "problem: its URL names ${PASSWORD}, which is unset or empty"
        )

    @pytest.mark.pain("F5")
    def test_variables_are_used_raw_after_splitting_and_decoding(
        self, machine: Machine
    ) -> None:
        machine.environ = {"U": "a@b:c", "P": "p/%41@:${U}"}
        one = source("x${U}:${P}y")

        machine.environ["U"] = "alice"
        found = machine.search(one)

        assert told(found) == "xalice:p/%41@:${U}y via URL"
        assert "${P}" in repr(one.url.userinfo and one.url.userinfo.password.expose())  # type: ignore[union-attr]  # it has one

    @pytest.mark.pain("F13")
    def test_a_secret_that_cannot_be_sent_is_an_error_without_an_echo(
        self, machine: Machine
    ) -> None:
        machine.environ = {"P": "one\ntwo"}

        found = machine.search(source("alice:${P}"))

        assert "control character" in told(found)
        assert "one" not in told(found).partition("cannot be sent")[0]


class TestTheEnvironment:
    def test_a_pair_of_a_named_source(self, machine: Machine) -> None:
        machine.environ = {
            "ADMIT_INDEX_MY_CORP_USERNAME": "alice",
            "ADMIT_INDEX_MY_CORP_PASSWORD": "p%41",
        }

        found = machine.search(source(name="my-corp"))

        assert told(found) == "alice:p%41 via environment"
        assert found.credential is not None
        assert found.credential.detail == "ADMIT_INDEX_MY_CORP_PASSWORD"
        assert not found.credential.is_ambient

    def test_uvs_variables_are_read_and_ours_come_first(self, machine: Machine) -> None:
        machine.environ = {
            "UV_INDEX_CORP_USERNAME": "bob",
            "UV_INDEX_CORP_PASSWORD": "uv",
            "ADMIT_INDEX_CORP_USERNAME": "alice",
        }

        assert told(machine.search(source(name="corp"))) == "alice:uv via environment"

    @pytest.mark.pain("F11")
    def test_a_token_is_sent_as_bearer(self, machine: Machine) -> None:
        machine.environ = {"ADMIT_INDEX_CORP_TOKEN": "abc"}

        found = machine.search(source("alice:pw", name="corp"))

        assert told(found) == "Bearer abc via environment"

    def test_it_beats_the_url_and_merges_with_its_name(self, machine: Machine) -> None:
        machine.environ = {"ADMIT_INDEX_CORP_PASSWORD": "env"}

        assert told(machine.search(source("alice:url", name="corp"))) == (
            "alice:env via environment"
        )
        assert told(machine.search(source("alice", name="corp"))) == (
            "alice:env via environment"
        )

    @pytest.mark.pain("F7")
    def test_an_empty_name_that_is_set_is_meant(self, machine: Machine) -> None:
        machine.environ = {
            "ADMIT_INDEX_CORP_USERNAME": "",
            "ADMIT_INDEX_CORP_PASSWORD": "pw",
        }

        assert told(machine.search(source(name="corp"))) == ":pw via environment"

    @pytest.mark.parametrize(
        ("environ", "word"),
        [
            pytest.param({"_PASSWORD": "pw"}, "no user name", id="password alone"),
            pytest.param(
                {"_USERNAME": "a", "_PASSWORD": ""},
                "ADMIT_INDEX_CORP_PASSWORD is empty",
                id="empty password",
            ),
            pytest.param(
                {"_TOKEN": ""}, "ADMIT_INDEX_CORP_TOKEN is empty", id="empty token"
            ),
            pytest.param(
                {"_TOKEN": "t", "_PASSWORD": "p"}, "are set", id="token and password"
            ),
            pytest.param({"_TOKEN": "t", "_USERNAME": "p"}, "are set", id="and name"),
            pytest.param({"_USERNAME": "a"}, "no password for a", id="name alone"),
            pytest.param(
                {"_USERNAME": "a:b", "_PASSWORD": "p"}, "cannot hold ':'", id="colon"
            ),
        ],
    )
    def test_half_or_contradicting_variables_are_errors(
        self, environ: dict[str, str], word: str, machine: Machine
    ) -> None:
        machine.environ = {f"ADMIT_INDEX_CORP{k}": v for k, v in environ.items()}

        assert word in told(machine.search(source(name="corp")))

    def test_a_token_as_name_may_have_an_empty_password(self, machine: Machine) -> None:
        machine.environ = {
            "ADMIT_INDEX_CORP_USERNAME": TOKEN,
            "ADMIT_INDEX_CORP_PASSWORD": "",
        }

        assert told(machine.search(source(name="corp"))) == f"{TOKEN}: via environment"

    def test_a_user_name_there_filters_the_url(self, machine: Machine) -> None:
        machine.environ = {"ADMIT_INDEX_CORP_USERNAME": "bob"}

        found = machine.search(source("alice:pw", name="corp"))

        assert told(found) == "problem: no password for bob"
        assert [str(each) for each in found.tried] == [
            "environment: ADMIT_INDEX_CORP_USERNAME has no password beside it",
            "URL: has another user, alice",
            "netrc: there is no ~/.netrc",
        ]

    @pytest.mark.pain("F10")
    def test_unnamed_sources_have_no_variables(self, machine: Machine) -> None:
        machine.environ = {
            "ADMIT_INDEX__PASSWORD": "x",
            "ADMIT_INDEX_USERNAME": "y",
            "ADMIT_INDEX_NONE_TOKEN": "z",
        }

        assert told(machine.search(source())) == "nothing"

    @pytest.mark.pain("F9")
    def test_variables_that_match_no_source_or_two_are_warned_of(self) -> None:
        environ = {
            "ADMIT_INDEX_A_B_PASSWORD": "x",
            "UV_INDEX_CROP_USERNAME": "x",
            "ADMIT_INDEX_CORP_TOKEN": "x",
            "ADMIT_INDEX_CORP_CLIENT_KEY_PASSWORD": "x",
            "ADMIT_INDEX_CROP_CLIENT_KEY_PASSWORD": "x",
            "ADMIT_INDEX_URL": "x",
            "UV_INDEX_STRATEGY": "x",
            "ADMIT_INDEX_USERNAME": "x",
        }
        sources = [source(name="a-b"), source(name="a.b"), source(name="corp")]

        assert check_variables(environ, [*sources, source()]) == (
            "ADMIT_INDEX_A_B_PASSWORD matches 2 indexes: a-b, a.b",
            "ADMIT_INDEX_CROP_CLIENT_KEY_PASSWORD matches no index (named indexes, as "
            "variables: A_B, CORP)",
            "UV_INDEX_CROP_USERNAME matches no index (named indexes, as variables: "
            "A_B, CORP)",
        )
        assert check_variables({"ADMIT_INDEX_CORP_TOKEN": "x"}, [source()]) == (
            "ADMIT_INDEX_CORP_TOKEN matches no index (named indexes, as variables: "
            "none has a name)",
        )
        keys = {f"ADMIT_INDEX_{stem}_CLIENT_KEY_PASSWORD": "x" for stem in "AB"}
        assert check_variables(keys, [source(name="a")]) == (
            "ADMIT_INDEX_B_CLIENT_KEY_PASSWORD matches no index (named indexes, as "
            "variables: A)",
        )
        double = {"ADMIT_INDEX_A_CLIENT_KEY_USERNAME": "x"}
        assert check_variables(double, [source(name="a-client-key")]) == ()

    def test_names_become_variables(self) -> None:
        assert variable_stem("my-corp.ünï 2") == "MY_CORP__N__2"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("$A", "$A"),
            ("${A}", "1"),
            ("x${A}y${A}", "x1y1"),
            ("${A", "${A"),
            ("${}", "${}"),
            ("${a b}", "${a b}"),
            ("${ä}", "${ä}"),
            ("${B}", "${A}"),
        ],
    )
    def test_expansion_knows_one_form_and_expands_once(
        self, text: str, expected: str
    ) -> None:
        assert expand(text, {"A": "1", "B": "${A}"}) == expected

    def test_expansion_of_the_unset_raises(self) -> None:
        with pytest.raises(UnsetVariable, match="C"):
            expand("${C}", {})


class TestNetrc:
    @pytest.mark.pain("A1")
    def test_a_machine_entry_is_found(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")

        found = machine.search(source())

        assert told(found) == "alice:pw via netrc"
        assert found.credential is not None
        assert found.credential.detail == "~/.netrc line 1"
        assert found.credential.is_ambient

    @pytest.mark.pain("D1")
    def test_a_complete_url_beats_it(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")

        assert told(machine.search(source("bob:x"))) == "bob:x via URL"

    @pytest.mark.pain("D2")
    def test_another_users_entry_is_not_used(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")

        found = machine.search(source("bob"))

        assert told(found) == "problem: no password for bob"
        assert f"netrc: no entry of bob for {HOST} in ~/.netrc" in map(str, found.tried)

    @pytest.mark.pain("D9")
    def test_the_user_name_chooses_among_several(self, machine: Machine) -> None:
        machine.netrc(
            f"machine {HOST} login alice password 1\n"
            f"machine {HOST} login bob password 2"
        )

        assert told(machine.search(source("bob"))) == "bob:2 via netrc"

    @pytest.mark.pain("D9")
    def test_several_without_a_user_name_are_an_error_that_lists_them(
        self, machine: Machine
    ) -> None:
        machine.netrc(
            f"machine {HOST} login alice password 1\n"
            f"machine {HOST} login {TOKEN} password 2"
        )

        assert told(machine.search(source())) == (
            f"problem: ~/.netrc has several entries for {HOST}: alice in line 1, "
            "**** in line 2"
        )

    def test_the_same_entry_twice_is_one(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login a password 1\n" * 2)

        assert told(machine.search(source())) == "a:1 via netrc"

    def test_two_passwords_of_one_user_are_an_error(self, machine: Machine) -> None:
        machine.netrc(
            f"machine {HOST} login a password 1\nmachine {HOST} login a password 2"
        )

        assert "several entries" in told(machine.search(source("a")))

    @pytest.mark.pain("B6")
    def test_an_entry_with_the_port_comes_first(self, machine: Machine) -> None:
        machine.netrc(
            f"machine {HOST} login a password 1\nmachine {HOST}:443 login b password 2"
        )

        assert told(machine.search(source())) == "b:2 via netrc"
        assert told(machine.search(source("a"))) == "a:1 via netrc"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("password pw", ":pw via netrc", id="no login"),
            pytest.param("login alice", "problem: no password for alice", id="half"),
            pytest.param(f"login {TOKEN}", f"{TOKEN}: via netrc", id="half, a token"),
            pytest.param('login t password ""', "t: via netrc", id="empty password"),
            pytest.param("account x", "nothing", id="nothing in it"),
            pytest.param(
                "login",
                f"problem: ~/.netrc line 1 names {HOST}, but neither user nor password",
                id="cut off",
            ),
        ],
    )
    def test_incomplete_entries(
        self, text: str, expected: str, machine: Machine
    ) -> None:
        machine.netrc(f"machine {HOST} {text}")

        assert told(machine.search(source())) == expected

    @pytest.mark.pain("D4")
    def test_a_missing_chosen_file_is_an_error_for_the_source(
        self, machine: Machine
    ) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        machine.environ = {"NETRC": "~/elsewhere"}

        assert told(machine.search(source())) == (
            "problem: $NETRC names ~/elsewhere, which cannot be read: no such file or "
            "directory"
        )
        assert told(machine.search(source("bob:x"))) == "bob:x via URL"

    @pytest.mark.pain("D5")
    def test_a_syntax_error_is_an_error_only_for_hosts_in_the_text(
        self, machine: Machine
    ) -> None:
        machine.netrc(f"machine {HOST} logn s3cret")
        other = Source(parse_url("https://other.example/"))

        mine, others = machine.search(source()), machine.search(other)

        assert told(mine) == (
            f"problem: ~/.netrc speaks of {HOST} but has a syntax error in line 1"
        )
        assert told(others) == "nothing"
        assert mine.warnings == others.warnings
        assert "~/.netrc:1: expected" in mine.warnings[0]
        assert "s3cret" not in repr((mine, others))

    def test_an_unreadable_default_file_is_a_warning(self, machine: Machine) -> None:
        (machine.home / ".netrc").mkdir()

        found = machine.search(source())

        assert told(found) == "nothing"
        assert found.warnings == ("cannot read ~/.netrc: is a directory",)

    @pytest.mark.pain("D12")
    def test_it_can_be_switched_off(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        machine.options = SearchOptions(use_netrc=False)

        found = machine.search(source(policy="always"))

        assert told(found) == "nothing"
        assert [str(each) for each in found.tried[2:]] == [
            "netrc: off (--no-netrc)",
            "netrc default: off (--no-netrc)",
        ]

    @pytest.mark.pain("D8")
    @pytest.mark.parametrize(
        ("policy", "stage", "expected"),
        [
            ("auto", "source", "nothing"),
            ("auto", "challenged", "d:x via netrc"),
            ("always", "source", "d:x via netrc"),
            ("auto", "foreign", "nothing"),
            ("always", "foreign", "nothing"),
        ],
    )
    def test_default_waits_for_a_challenge_or_always(
        self, policy: str, stage: Stage, expected: str, machine: Machine
    ) -> None:
        machine.netrc("default login d password x")

        assert told(machine.search(source(policy=policy), stage)) == expected

    @pytest.mark.pain("D8")
    @pytest.mark.parametrize(
        ("more", "is_told"),
        [
            ({}, True),
            ({"policy": "always"}, False),
            ({"is_public": True}, False),
            ({"kind": "direct"}, False),
        ],
    )
    def test_default_that_is_not_sent_is_told_of(
        self, more: dict[str, Any], is_told: bool, machine: Machine
    ) -> None:
        machine.netrc("default login d password x")

        found = machine.search(source(**more))

        assert ["`default` of netrc" in each for each in found.warnings] == (
            [True] if is_told else []
        )

    @pytest.mark.pain("D11")
    def test_the_host_is_the_parsed_one(self, machine: Machine) -> None:
        machine.netrc("machine victim login alice password pw")

        evil = Source(parse_url("https://victim:x@attacker.example/simple/"))

        assert told(machine.search(evil)) == "victim:x via URL"
        found = machine.search(source(), "foreign", "https://victim:x@attacker.example")
        assert told(found) == "nothing"

    def test_it_is_read_again_when_a_credential_was_refused(
        self, machine: Machine
    ) -> None:
        search = Search({}, str(machine.home))
        machine.netrc(f"machine {HOST} login alice password old")
        old = search(Query(source(), source().url)).credential
        machine.netrc(f"machine {HOST} login alice password new")

        kept = search(Query(source(), source().url))
        fresh = search(Query(source(), source().url, refused=old))

        assert told(kept) == "alice:old via netrc"
        assert told(fresh) == "alice:new via netrc"


class TestForeignHosts:
    @pytest.mark.pain("C1")
    def test_only_the_exact_host_is_looked_up(self, machine: Machine) -> None:
        machine.netrc("machine files.example login f password x")
        machine.environ = {"ADMIT_INDEX_CORP_TOKEN": "t"}
        corp = source("alice:pw", name="corp")

        found = machine.search(corp, "foreign", "https://files.example/w.whl")

        assert told(found) == "f:x via netrc"
        assert len(found.tried) == 1

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://files.example/w.whl", "f:x via netrc"),
            ("https://files.example:443/w.whl", "f:x via netrc"),
            ("https://files.example:9999/w.whl", "nothing"),
            ("https://files.example:80/w.whl", "nothing"),
            ("http://localhost/w.whl", "l:y via netrc"),
            ("http://localhost:3000/w.whl", "nothing"),
            ("https://files.example:8443/w.whl", "f:x via netrc"),
            ("http://files.example:8443/w.whl", "nothing"),
            ("https://files.example:7777/w.whl", "p:z via netrc"),
        ],
    )
    def test_an_entry_without_a_port_is_for_the_usual_one_or_a_sources(
        self, url: str, expected: str, machine: Machine
    ) -> None:
        machine.netrc(
            "machine files.example login f password x\n"
            "machine files.example:7777 login p password z\n"
            "machine localhost login l password y\n"
        )
        origin = parse_url("https://files.example:8443/").origin
        machine.options = SearchOptions(origins=(source().url.origin, origin))

        assert told(machine.search(source(), "foreign", url)) == expected

    def test_an_entry_that_is_not_sent_is_told_of(self, machine: Machine) -> None:
        machine.netrc("machine files.example login f password x")

        found = machine.search(source(), "foreign", "https://files.example:99/w.whl")

        assert found.warnings == (
            "~/.netrc:1: the entry of files.example names no port and is not sent to "
            "https://files.example:99, where a link leads and no source of yours is; "
            "if it is for that port too, write `machine files.example:99`",
        )

    def test_a_source_has_its_entry_on_any_port(self, machine: Machine) -> None:
        machine.netrc("machine files.example login f password x")

        url = parse_url("https://files.example:9999/simple/")

        for kind in ("index", "direct"):
            found = machine.search(Source(url, kind=kind))
            assert told(found) == "f:x via netrc"

    def test_a_half_entry_there_is_nothing(self, machine: Machine) -> None:
        machine.netrc("machine files.example login f")

        found = machine.search(source(), "foreign", "https://files.example/w.whl")

        assert told(found) == "nothing"


class TestPolicies:
    @pytest.mark.parametrize("policy", ["never", "external"])
    def test_that_look_up_nothing(self, policy: str, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        machine.environ = {"ADMIT_INDEX_CORP_TOKEN": "t"}

        found = machine.search(source(name="corp", policy=policy))

        assert told(found) == "nothing"
        assert str(found.tried[0]) == f"all sources: off (policy is {policy})"

    def test_never_with_a_credential_in_the_url_is_an_error(
        self, machine: Machine
    ) -> None:
        found = machine.search(source("alice:pw", policy="never"))

        assert "its URL holds a credential" in told(found)

    @pytest.mark.pain("G10")
    def test_public_sources_get_explicit_credentials_only(
        self, machine: Machine
    ) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")

        assert told(machine.search(source(is_public=True))) == "nothing"
        assert told(machine.search(source("bob:x", is_public=True))) == "bob:x via URL"
        found = machine.search(source(is_public=True), "challenged")
        assert told(found) == "nothing"


class TestPlainHttp:
    @pytest.mark.pain("I7")
    def test_an_ambient_credential_is_an_error_there(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        http = Source(parse_url(f"http://{HOST}/simple/"))

        found = machine.search(http)

        assert told(found) == (
            "problem: the credential from netrc is not sent over plain http to "
            f"http://{HOST}"
        )
        assert found.problem is not None
        assert HOST in (found.problem.fix or "")

    def test_an_allowed_host_gets_it(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        machine.options = SearchOptions(plain_http_hosts=(HOST,))

        found = machine.search(Source(parse_url(f"http://{HOST}/simple/")))

        assert told(found) == "alice:pw via netrc"

    def test_an_explicit_one_goes(self, machine: Machine) -> None:
        found = machine.search(Source(parse_url(f"http://a:b@{HOST}/simple/")))

        assert told(found) == "a:b via URL"


class TestFurtherPlaces:
    def test_stand_where_their_rank_says(self, machine: Machine) -> None:
        machine.netrc(f"machine {HOST} login alice password pw")
        asked: list[str | None] = []

        def store(question: Question) -> Complete | Missing:
            asked.append(question.username)
            return Complete(credential("store", provider="store"))

        machine.more = (Place(4, "store", store),)

        assert told(machine.search(source("alice"))) == (
            "store:s3cret-of-alice via store"
        )
        assert asked == ["alice"]

    def test_may_know_a_user_name_first(self, machine: Machine) -> None:
        machine.more = (
            Place(1, "command line", lambda _: UserOnly("bob", "names bob")),
        )
        machine.netrc(f"machine {HOST} login alice password pw")

        assert told(machine.search(source())) == "problem: no password for bob"

    def test_are_not_asked_for_public_sources_unless_explicit(
        self, machine: Machine
    ) -> None:
        def give(_: Question) -> Complete:
            return Complete(credential("k", "v", provider="keyring"))

        machine.more = (Place(6, "keyring", give),)
        assert told(machine.search(source(is_public=True))) == "nothing"

        machine.more = (Place(1, "command line", give, is_explicit=True),)
        assert told(machine.search(source(is_public=True))) == "k:v via keyring"


def test_the_report_names_every_place_in_order(machine: Machine) -> None:
    machine.netrc("machine other.example login a password b")

    found = machine.search(source(name="my-corp", policy="always"))

    assert [str(each) for each in found.tried] == [
        "environment: no ADMIT_INDEX_MY_CORP_… and no UV_INDEX_MY_CORP_…",
        "URL: has none",
        f"netrc: no entry for {HOST} in ~/.netrc",
        "netrc default: none in ~/.netrc",
    ]
