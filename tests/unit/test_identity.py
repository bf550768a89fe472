"""What tables and variables say of certificate, key and proxy; who set policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.api import Session
from admit.config.files import BadConfiguration
from admit.config.network import transport_options
from admit.config.settings import Settings, load_settings
from admit.errors import UsageError
from admit.spec.url import Secret, Url

if TYPE_CHECKING:
    from pathlib import Path

CORP = '[[index]]\nname = "my-corp"\nurl = "https://pypi.corp.example/simple/"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "me.pem").write_text("certificate")
    (tmp_path / "key.pem").write_text("key")
    return tmp_path


def load(
    home: Path,
    text: str = CORP,
    given: dict[str, object] | None = None,
    **variables: str,
) -> Settings:
    """Read a file of the user's own, who may say everything."""
    path = home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return load_settings(given, environ={"HOME": str(home), **variables}, cwd=str(home))


class TestIndexTables:
    def test_certificate_and_key_are_paths_seen_from_the_file(self, home: Path) -> None:
        text = CORP + 'client-cert = "../../me.pem"\nclient-key = "../../key.pem"\n'

        (index,) = load(home, text).indexes

        assert index.source.client_cert == str(home / "me.pem")
        assert index.source.client_key == str(home / "key.pem")

    @pytest.mark.parametrize("key", ["client-cert", "client-key", "ca-cert"])
    def test_a_file_that_is_not_there_is_told(self, home: Path, key: str) -> None:
        text = CORP + f'{key} = "nowhere.pem"\n'

        with pytest.raises(BadConfiguration, match="there is no file"):
            load(home, text)

    def test_a_key_without_a_certificate_is_told(self, home: Path) -> None:
        text = CORP + 'client-key = "../../key.pem"\n'

        with pytest.raises(BadConfiguration, match="without `client-cert`"):
            load(home, text)

    def test_a_proxy_is_a_url_that_shows_no_password(self, home: Path) -> None:
        text = CORP + 'proxy = "http://bob:hidden@proxy.corp.example:3128"\n'

        (index,) = load(home, text).indexes

        assert isinstance(index.source.proxy, Url)
        assert "hidden" not in repr(index.source)

    def test_a_proxy_may_be_none(self, home: Path) -> None:
        (index,) = load(home, CORP + 'proxy = "direct"\n').indexes

        assert index.source.proxy == "direct"

    def test_a_proxy_that_is_none_of_ours_is_told_masked(self, home: Path) -> None:
        text = CORP + 'proxy = "ftp://bob:hidden@proxy.corp.example"\n'

        with pytest.raises(BadConfiguration, match="not a proxy URL") as caught:
            load(home, text)

        assert "hidden" not in str(caught.value)

    @pytest.mark.parametrize(
        ("variables", "expected"),
        [
            ({"ADMIT_CLIENT_KEY_PASSWORD": "all"}, "all"),
            ({"ADMIT_INDEX_MY_CORP_CLIENT_KEY_PASSWORD": "own"}, "own"),
            (
                {
                    "ADMIT_CLIENT_KEY_PASSWORD": "all",
                    "ADMIT_INDEX_MY_CORP_CLIENT_KEY_PASSWORD": "own",
                },
                "own",
            ),
            ({"ADMIT_INDEX_OTHER_CLIENT_KEY_PASSWORD": "other"}, None),
        ],
        ids=["of all", "its own", "both", "another's"],
    )
    def test_the_password_of_the_key_is_a_variable(
        self, home: Path, variables: dict[str, str], expected: str | None
    ) -> None:
        text = CORP + 'client-cert = "../../me.pem"\n'

        (index,) = load(home, text, None, **variables).indexes

        wanted = Secret(expected) if expected else None
        assert index.source.client_key_password == wanted


class TestTheRun:
    def test_has_a_key_of_its_own_file(self, home: Path) -> None:
        given = {"client_cert": "me.pem", "client_key": "key.pem"}

        options = transport_options(
            load(home, given=dict(given), ADMIT_CLIENT_KEY_PASSWORD="hidden")
        )

        assert options.client_cert == str(home / "me.pem")
        assert options.client_key == str(home / "key.pem")
        assert options.client_key_password == Secret("hidden")

    def test_shows_no_password_of_a_key(self, home: Path) -> None:
        text = CORP + 'client-cert = "../../me.pem"\n'
        variables = {
            "ADMIT_CLIENT_KEY_PASSWORD": "c4nary-of-all",
            "ADMIT_INDEX_MY_CORP_CLIENT_KEY_PASSWORD": "c4nary-of-corp",
        }

        with Session(load(home, text, None, **variables)) as session:
            session.client.standing(session.index_settings()[0].source)
            shown = session.scrub("c4nary-of-all c4nary-of-corp")

        assert "c4nary" not in shown

    def test_has_no_key_without_a_certificate(self, home: Path) -> None:
        with pytest.raises(UsageError, match="no client certificate"):
            transport_options(load(home, given={"client_key": "key.pem"}))


class TestPolicies:
    @pytest.mark.pain("A7")
    @pytest.mark.parametrize(
        ("text", "given", "variables", "expected"),
        [
            ("", [], {}, ("auto", "default")),
            ('authenticate = "always"\n', [], {}, ("always", "admit.toml:2")),
            ("", ["always"], {}, ("always", "--authenticate")),
            ("", [], {"ADMIT_AUTHENTICATE": "never"}, ("never", "ADMIT_AUTHENTICATE")),
            (
                "",
                ["always"],
                {"ADMIT_AUTHENTICATE": "never"},
                ("always", "--authenticate"),
            ),
            (
                'authenticate = "always"\n',
                ["never"],
                {},
                ("never", "--authenticate"),
            ),
            (
                "",
                ["always"],
                {"ADMIT_INDEX_MY_CORP_AUTHENTICATE": "never"},
                ("never", "ADMIT_INDEX_MY_CORP_AUTHENTICATE"),
            ),
            (
                "",
                ["my-corp=always"],
                {"ADMIT_INDEX_MY_CORP_AUTHENTICATE": "never"},
                ("always", "--authenticate"),
            ),
        ],
        ids=[
            "nobody", "its table", "the line", "a variable", "line above variable",
            "line above table", "its own variable above all", "its name on the line",
        ],
    )  # fmt: skip
    def test_know_who_set_them(
        self,
        home: Path,
        text: str,
        given: list[str],
        variables: dict[str, str],
        expected: tuple[str, str],
    ) -> None:
        line: dict[str, object] = {"authenticate": given} if given else {}

        (index,) = load(home, CORP + text, line, **variables).indexes

        policy, origin = expected
        assert index.source.policy == policy
        assert index.policy_origin.endswith(origin)
