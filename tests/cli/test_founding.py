"""The founding case and what stands around it, end to end.

A permission-filtered index answers everybody with status 200: strangers see
`mypackage` of 2020, Alice sees 2024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.serve.answer import redirect
from admit.serve.behaviour import DENIALS, PARTIAL, Behaviour, Caching
from admit.serve.server import IndexServer
from admit.serve.visibility import account
from admit.value import replace
from support.desk import Desk
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Golden = Callable[[Desk], None]

NEWEST = ["mydependency==1.4", "mypackage==2024.1"]
OLD = ["mypackage==2020.1"]
DENY = Behaviour(DENIALS["401"])
MIXING = replace(PARTIAL, caching=Caching("max-age=600", vary=None, etag="project"))
"""What invites a cache to answer one caller with what another one got."""


@pytest.fixture
def plain_desk(tmp_path: Path, template: Path) -> Desk:
    """A desk with an environment, without a credential and without an index."""
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk


@pytest.fixture
def strangers(tmp_path: Path) -> Iterator[IndexServer]:
    """A public index on which a stranger has put newer packages of the same names."""
    folder = tmp_path / "strangers"
    build_wheel(folder, "mypackage", "9999.1")
    build_wheel(folder, "mydependency", "9999.1")
    with IndexServer(folder, public=["*"]) as server:
        yield server


def serve(world: Path, behaviour: Behaviour) -> IndexServer:
    return IndexServer(
        world, accounts=[ALICE], public=["mypackage==2020.*"], behaviour=behaviour
    )


@pytest.mark.pain("A1")
class TestEveryRequestCarriesTheCredential:
    def test_netrc_that_netrc_variable_names(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        plain_desk.write_netrc(
            f"machine 127.0.0.1 login alice password {SECRET}\n", ".pypinetrc"
        )

        plain_desk.succeed(
            *("install", "--dry-run", "--native-tls", "--no-deps", "--no-cache"),
            *("--index-url", private.url, "mypackage"),
            NETRC="~/.pypinetrc",
        )
        plain_desk.succeed(
            *("install", "--index-url", private.url, "mypackage"),
            NETRC="~/.pypinetrc",
        )

        assert private.anonymous == []
        assert plain_desk.installed == NEWEST
        golden(plain_desk)

    def test_netrc_at_home(self, alice: Desk, private: IndexServer) -> None:
        alice.succeed("install", "mypackage")

        assert private.anonymous == []
        assert alice.installed == NEWEST

    def test_userinfo_of_the_url(self, plain_desk: Desk, private: IndexServer) -> None:
        plain_desk.succeed("install", "-i", private.url_as("alice"), "mypackage")

        assert private.anonymous == []
        assert plain_desk.installed == NEWEST

    def test_userinfo_by_variable(self, plain_desk: Desk, private: IndexServer) -> None:
        url = private.url.replace("://", "://alice:${OUR_SECRET}@")
        plain_desk.write("requirements.txt", f"-i {url}\nmypackage\n")

        plain_desk.succeed("install", "-r", "requirements.txt", OUR_SECRET=SECRET)

        assert private.anonymous == []
        assert plain_desk.installed == NEWEST

    @pytest.mark.parametrize("prefix", ["ADMIT", "UV"])
    def test_variables_named_after_the_index(
        self, plain_desk: Desk, private: IndexServer, prefix: str
    ) -> None:
        plain_desk.variables |= {
            f"{prefix}_INDEX_MY_CORP_USERNAME": "alice",
            f"{prefix}_INDEX_MY_CORP_PASSWORD": SECRET,
        }

        plain_desk.succeed("install", "--index", f"my-corp={private.url}", "mypackage")

        assert private.anonymous == []
        assert plain_desk.installed == NEWEST

    def test_a_password_for_the_user_that_the_url_names(
        self, plain_desk: Desk, private: IndexServer
    ) -> None:
        plain_desk.write_netrc(
            "machine 127.0.0.1 login bob password of-bob\n"
            f"machine 127.0.0.1 login alice password {SECRET}\n"
        )
        url = private.url.replace("://", "://alice@")

        plain_desk.succeed("install", "-i", url, "mypackage")

        assert (private.anonymous, private.failed_logins) == ([], [])
        assert plain_desk.installed == NEWEST

    def test_the_request_lines_name_identity_and_provider(
        self, alice: Desk, golden: Golden
    ) -> None:
        alice.succeed("install", "-v", "--no-deps", "mypackage")

        golden(alice)

    def test_what_nobody_covers_is_asked_anonymously(
        self, plain_desk: Desk, private: IndexServer
    ) -> None:
        plain_desk.succeed("install", "-i", private.url, "mypackage")

        assert plain_desk.installed == OLD


class TestWhatIsIncompleteIsAnErrorBeforeTheNetwork:
    @pytest.mark.pain("A7")
    def test_always_without_a_credential(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        plain_desk.fail(
            *("install", "-i", private.url, "--authenticate", "always", "mypackage")
        )

        assert private.requests == []
        golden(plain_desk)

    @pytest.mark.pain("D4")
    def test_a_netrc_that_is_not_there(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        plain_desk.fail("install", "-i", private.url, "mypackage", NETRC="~/nothing")

        assert private.requests == []
        golden(plain_desk)

    @pytest.mark.pain("D9")
    def test_a_netrc_with_two_users(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        plain_desk.write_netrc(
            "machine 127.0.0.1 login bob password of-bob\n"
            f"machine 127.0.0.1 login alice password {SECRET}\n"
        )

        plain_desk.fail("install", "-i", private.url, "mypackage")

        assert private.requests == []
        golden(plain_desk)

    @pytest.mark.pain("F8")
    def test_a_user_without_a_password(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        url = private.url.replace("://", "://alice@")

        plain_desk.fail("install", "-i", url, "mypackage")

        assert private.requests == []
        golden(plain_desk)

    @pytest.mark.pain("F4")
    def test_a_variable_that_is_not_set(
        self, plain_desk: Desk, private: IndexServer, golden: Golden
    ) -> None:
        url = private.url.replace("://", "://alice:${OUR_SECRET}@")
        plain_desk.write("requirements.txt", f"--index-url {url}\nmypackage\n")

        plain_desk.fail("install", "-r", "requirements.txt")

        assert private.requests == []
        golden(plain_desk)


@pytest.mark.pain("I3")
class TestTheCacheKnowsWhoAsked:
    def test_what_is_granted_is_seen_and_what_is_revoked_is_not(
        self, alice: Desk, founding_world: Path
    ) -> None:
        dry_run = ("install", "--dry-run", "--no-deps", "mypackage")
        with serve(founding_world, MIXING) as server:
            alice.variables["ADMIT_INDEX_URL"] = server.url
            server.revoke("alice")
            before = alice.succeed(*dry_run).changes
            server.grant("alice", "*")
            granted = alice.succeed(*dry_run).changes
            server.revoke("alice")
            revoked = alice.succeed(*dry_run).changes

        assert before == revoked == ["+ mypackage==2020.1"]
        assert granted == ["+ mypackage==2024.1"]

    def test_a_listing_of_one_is_not_shown_to_others(
        self, plain_desk: Desk, founding_world: Path
    ) -> None:
        bob = account("bob", "secret-of-bob", "mypackage==2020.*")
        with serve(founding_world, MIXING) as server:
            server.add_index(
                "/simple/", founding_world, accounts=[ALICE, bob], behaviour=MIXING
            )
            server.indexes.pop(0)
            dry_run = ("install", "--dry-run", "--no-deps", "mypackage", "-i")
            as_alice = plain_desk.succeed(*dry_run, server.url_as("alice")).changes
            as_bob = plain_desk.succeed(*dry_run, server.url_as("bob")).changes
            server.grant(None, "mypackage==2020.*")
            as_nobody = plain_desk.succeed(*dry_run, server.url).changes
            again = plain_desk.succeed(*dry_run, server.url_as("alice")).changes

        assert as_alice == again == ["+ mypackage==2024.1"]
        assert as_bob == as_nobody == ["+ mypackage==2020.1"]

    @pytest.mark.pain("I4")
    def test_a_wheel_of_one_is_not_given_to_others(
        self, plain_desk: Desk, private: IndexServer
    ) -> None:
        install = ("install", "--no-deps", "mypackage==2024.1", "-i")
        plain_desk.succeed(*install, private.url_as("alice"))
        plain_desk.succeed("uninstall", "mypackage")

        plain_desk.fail(*install, private.url)

        assert plain_desk.installed == []


@pytest.mark.pain("H1")
class TestARefusalIsNeverMadeUpFor:
    def test_a_wrong_password(
        self,
        alice: Desk,
        founding_world: Path,
        strangers: IndexServer,
        golden: Golden,
    ) -> None:
        alice.write_netrc("machine 127.0.0.1 login alice password wr0ng-s3cret\n")
        alice.secrets.append("wr0ng-s3cret")
        with serve(founding_world, DENY) as server:
            alice.fail(
                *("install", "-i", strangers.url, "--index", f"corp={server.url}"),
                *("--authenticate", f"{strangers.url}=never", "mypackage"),
            )
            assert len(server.failed_logins) == 1

        assert alice.installed == []
        assert strangers.requests == []
        golden(alice)

    def test_a_lost_password_under_always(
        self, plain_desk: Desk, private: IndexServer, strangers: IndexServer
    ) -> None:
        plain_desk.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{private.url}"\n'
            'authenticate = "always"\n',
        )

        plain_desk.fail("install", "-i", strangers.url, "mypackage")

        assert (plain_desk.installed, strangers.requests) == ([], [])

    def test_a_lost_password_where_the_index_owns_the_name(
        self,
        plain_desk: Desk,
        private: IndexServer,
        strangers: IndexServer,
        golden: Golden,
    ) -> None:
        plain_desk.write(
            "admit.toml",
            f'[[index]]\nname = "corp"\nurl = "{private.url}"\npackages = ["my*"]\n',
        )

        plain_desk.fail("install", "-i", strangers.url, "mydependency")

        assert (plain_desk.installed, strangers.requests) == ([], [])
        golden(plain_desk)

    @pytest.mark.pain("H7")
    def test_a_private_index_that_fails(
        self, alice: Desk, private: IndexServer, strangers: IndexServer
    ) -> None:
        private.script("/simple/*", redirect("", 500))

        alice.fail(
            *("install", "-i", strangers.url, "--index", f"corp={private.url}"),
            *("--retries", "0", "mypackage"),
        )

        assert (alice.installed, strangers.requests) == ([], [])

    @pytest.mark.pain("H5")
    def test_a_wrong_password_is_tried_twice_at_most(
        self, alice: Desk, founding_world: Path, golden: Golden
    ) -> None:
        alice.write_netrc("machine 127.0.0.1 login alice password wr0ng-s3cret\n")
        alice.secrets.append("wr0ng-s3cret")
        alice.write("requirements.txt", "\n".join(f"project{n}" for n in range(50)))
        with serve(founding_world, DENY) as server:
            alice.fail("install", "-i", server.url, "-r", "requirements.txt")

            assert 1 <= len(server.failed_logins) <= 2
            assert server.anonymous == []
        golden(alice)


class TestScope:
    @pytest.mark.pain("B2")
    def test_two_indexes_on_one_host_have_credentials_of_their_own(
        self, plain_desk: Desk, tmp_path: Path
    ) -> None:
        one, other = tmp_path / "one", tmp_path / "other"
        build_wheel(one, "first", "1.0", requires=["second"])
        build_wheel(other, "second", "1.0")
        bob = account("bob", "secret-of-bob", "*")
        plain_desk.secrets.append("secret-of-bob")
        with IndexServer(
            one, accounts=[ALICE], behaviour=DENY, base_path="/one/simple/"
        ) as server:
            # Who is known here and not there is a stranger; files stand elsewhere.
            lenient = Behaviour(replace(DENIALS["401"], forbidden=404))
            second = server.add_index(
                "/other/simple/", other, accounts=[bob], behaviour=lenient
            )
            server.indexes[0].behaviour = lenient
            plain_desk.succeed(
                *("install", "first"),
                *("--index", f"one={server.url}"),
                *("-i", server.url_of(second).replace("://", "://bob@")),
                ADMIT_INDEX_ONE_USERNAME="alice",
                ADMIT_INDEX_ONE_PASSWORD=SECRET,
                NETRC=str(
                    plain_desk.write_netrc(
                        "machine 127.0.0.1 login bob password secret-of-bob\n"
                    )
                ),
            )
            assert (server.anonymous, server.failed_logins) == ([], [])
            users = {(each.path.split("/")[1], each.user) for each in server.requests}

        assert plain_desk.installed == ["first==1.0", "second==1.0"]
        assert users == {("one", "alice"), ("other", "bob")}

    @pytest.mark.pain("C2")
    def test_a_redirect_to_another_origin_leaks_nothing(
        self, plain_desk: Desk, private: IndexServer, strangers: IndexServer
    ) -> None:
        private.script("/simple/mypackage/", redirect(f"{strangers.url}mypackage/"))

        plain_desk.succeed(
            *("install", "-i", private.url_as("alice"), "mypackage", "--dry-run")
        )
        under_always = plain_desk.fail(
            *("install", "-i", private.url_as("alice"), "mypackage", "--dry-run"),
            *("--authenticate", "always"),
        )

        assert strangers.requests
        assert all(each.is_anonymous for each in strangers.requests)
        assert private.anonymous == []
        assert "warning: " in plain_desk.ran[0].stderr
        assert "redirect" in under_always.stderr

    @pytest.mark.pain("C3")
    def test_signed_urls_of_a_storage_get_no_credential(
        self, alice: Desk, founding_world: Path
    ) -> None:
        layout = replace(PARTIAL.layout, storage=True, has_metadata=False)
        with serve(founding_world, replace(PARTIAL, layout=layout)) as server:
            alice.variables["ADMIT_INDEX_URL"] = server.url
            ran = alice.succeed("install", "-vv", "mypackage")
            assert server.anonymous == []
            signed = [each for each in server.requests if each.query]

        assert signed
        assert all(each.is_anonymous for each in signed)
        assert alice.installed == NEWEST
        assert "X-Amz-Signature=****" in ran.stderr or "Signature" not in ran.stderr

    @pytest.mark.pain("D8")
    def test_the_default_entry_is_not_sent_to_strangers(
        self, plain_desk: Desk, private: IndexServer
    ) -> None:
        plain_desk.write_netrc(f"default login alice password {SECRET}\n")

        plain_desk.succeed("install", "-i", private.url, "mypackage")

        assert all(each.is_anonymous for each in private.requests)
        assert plain_desk.installed == OLD

    @pytest.mark.pain("D12")
    def test_no_netrc_means_none(self, alice: Desk, private: IndexServer) -> None:
        alice.succeed("install", "--no-netrc", "mypackage")

        assert all(each.is_anonymous for each in private.requests)
        assert alice.installed == OLD

    @pytest.mark.pain("D1")
    def test_the_url_beats_netrc(self, alice: Desk, founding_world: Path) -> None:
        alice.write_netrc("machine 127.0.0.1 login alice password old-s3cret\n")
        with serve(founding_world, DENY) as server:
            alice.succeed("install", "-i", server.url_as("alice"), "mypackage")
            assert (server.anonymous, server.failed_logins) == ([], [])
