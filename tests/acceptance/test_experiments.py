"""Three experiments that installers fail: a wrong version, mixed caches, confusion.

One index is filtered by permission: strangers and wrong passwords get status 200 with
pkgpub 1.0 only, and 404 for pkgpriv; alice sees 2.0 of both. Another index is public
and has a stranger's 99.0 of both. 2.0 is right, always; where it cannot be had, an
error is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.index import SECRET
from support.ways import every_way, every_way_with

if TYPE_CHECKING:
    from admit.serve.server import IndexServer
    from support.desk import Desk
    from support.ways import Give

WRONG = "wr0ng-s3cret"
ANONYMOUSLY = ("--authenticate", "corp=never")
"""What is found missing where it was before is an error otherwise."""
RIGHT = ["pkgpriv==2.0", "pkgpub==2.0"]
CONFUSED = ["pkgpriv==99.0"]


def configure(desk: Desk, private: str, *settings: str, public: str = "") -> None:
    """Write a configuration: corp first, and perhaps a public index as the default."""
    lines = ["[[index]]", 'name = "corp"', f'url = "{private}"', *settings]
    if public:
        lines += ["[[index]]", f'url = "{public}"', "default = true", "public = true"]
    else:
        lines += ["default = true"]
    desk.write("admit.toml", "\n".join([*lines, ""]))


def asked_for(server: IndexServer, name: str) -> list[str]:
    """Requests for the listing of a project."""
    return [each.path for each in server.requests if f"/{name}/" in each.path]


@pytest.mark.pain("A1")
class TestE1TheWrongVersion:
    """A credential that exists is on the first request, whatever that would answer."""

    @every_way
    def test_the_newest_that_the_user_may_see_is_installed(
        self, desk: Desk, private: IndexServer, give: Give
    ) -> None:
        configure(desk, give(desk, private.url, SECRET))

        desk.succeed("install", "pkgpub", "pkgpriv")

        assert desk.installed == RIGHT
        assert (private.anonymous, private.failed_logins) == ([], [])

    @every_way
    def test_given_as_named_index_on_the_command_line(
        self, desk: Desk, private: IndexServer, public: IndexServer, give: Give
    ) -> None:
        url = give(desk, private.url, SECRET)

        desk.succeed(
            *("install", "--index", f"corp={url}", "-i", public.url),
            *("--authenticate", f"{public.url}=never", "pkgpub", "pkgpriv"),
        )

        assert desk.installed == RIGHT
        assert private.anonymous == []
        assert public.requests == []

    @every_way
    def test_a_wrong_password_is_unmasked_by_a_probe(
        self, desk: Desk, private: IndexServer, give: Give
    ) -> None:
        configure(desk, give(desk, private.url, WRONG), 'probe = "PkgPriv"')

        ran = desk.fail("install", "pkgpub")

        assert "does not show its probe project pkgpriv (404)" in ran.stderr
        assert desk.installed == []

    def test_a_lost_password_is_unmasked_by_a_probe(
        self, desk: Desk, private: IndexServer
    ) -> None:
        configure(desk, private.url, 'probe = "pkgpriv"')

        ran = desk.fail("install", "pkgpub")

        assert "does not show its probe project pkgpriv (404)" in ran.stderr
        assert desk.installed == []

    def test_a_lost_password_is_an_error_under_always(
        self, desk: Desk, private: IndexServer
    ) -> None:
        configure(desk, private.url, 'authenticate = "always"')

        desk.fail("install", "pkgpub")

        assert (desk.installed, private.requests) == ([], [])

    def test_a_probe_confirms_what_is_right(
        self, desk: Desk, private: IndexServer
    ) -> None:
        url = private.url_as("alice")
        configure(desk, url, 'probe = "pkgpriv"', 'authenticate = "always"')

        desk.succeed("install", "pkgpub")

        assert desk.installed == ["pkgpub==2.0"]
        assert len(asked_for(private, "pkgpriv")) == 1

    def test_without_a_probe_a_failure_says_that_nothing_is_proved(
        self, desk: Desk, private: IndexServer
    ) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {WRONG}\n")
        configure(desk, private.url)

        ran = desk.fail("install", "pkgpub>=2")

        assert "nothing proves the credential alice" in ran.stderr
        assert "probe" in ran.stderr


@pytest.mark.pain("I3")
@pytest.mark.pain("I4")
class TestE2MixedIdentities:
    """What one identity was shown is not shown to another, in either order."""

    @every_way
    def test_anonymous_first(
        self, desk: Desk, private: IndexServer, give: Give
    ) -> None:
        configure(desk, private.url)
        before = desk.succeed("install", "--dry-run", "pkgpub").changes
        configure(desk, give(desk, private.url, SECRET))

        after = desk.succeed("install", "--dry-run", "pkgpub").changes

        assert before == ["+ pkgpub==1.0"]
        assert after == ["+ pkgpub==2.0"]

    @every_way
    def test_anonymous_last(self, desk: Desk, private: IndexServer, give: Give) -> None:
        variables = dict(desk.variables)
        configure(desk, give(desk, private.url, SECRET))
        before = desk.succeed("install", "--dry-run", "pkgpub").changes
        desk.variables = variables
        configure(desk, private.url)

        ran = desk.succeed("install", "--dry-run", *ANONYMOUSLY, "pkgpub")

        assert before == ["+ pkgpub==2.0"]
        assert ran.changes == ["+ pkgpub==1.0"]

    @every_way
    @pytest.mark.pain("I4")
    def test_a_wheel_in_the_cache_is_not_for_strangers(
        self, desk: Desk, private: IndexServer, give: Give
    ) -> None:
        variables = dict(desk.variables)
        configure(desk, give(desk, private.url, SECRET))
        desk.succeed("install", "pkgpriv")
        desk.succeed("uninstall", "pkgpriv")
        desk.variables = variables
        configure(desk, private.url)

        desk.fail("install", *ANONYMOUSLY, "pkgpriv")

        assert desk.installed == []

    @every_way
    def test_a_rotated_password_is_somebody_else(
        self, desk: Desk, private: IndexServer, give: Give
    ) -> None:
        configure(desk, give(desk, private.url, WRONG))
        before = desk.succeed("install", "--dry-run", "pkgpub").changes
        configure(desk, give(desk, private.url, SECRET))

        after = desk.succeed("install", "--dry-run", "pkgpub").changes

        assert (before, after) == (["+ pkgpub==1.0"], ["+ pkgpub==2.0"])

    def test_a_right_that_was_taken_away_is_gone_at_once(
        self, desk: Desk, private: IndexServer
    ) -> None:
        configure(desk, private.url_as("alice"))
        before = desk.succeed("install", "--dry-run", "pkgpub").changes
        private.revoke("alice")
        private.grant("alice", "pkgpub==1.0")

        after = desk.succeed("install", "--dry-run", "pkgpub").changes

        assert (before, after) == (["+ pkgpub==2.0"], ["+ pkgpub==1.0"])


GUARDS = {
    "always": ('authenticate = "always"',),
    "owned": ('packages = ["PKG_priv", "pkg*"]',),
    "owned-explicit": ('packages = ["pkg*"]', "explicit = true"),
    "required": ("required = true",),
    "probe": ('probe = "pkgpriv"',),
}
STRATEGIES = ["first-index", "unsafe-first-match", "unsafe-best-match"]


@pytest.mark.pain("H1")
@pytest.mark.pain("H3")
class TestE3Confusion:
    """A lost credential never turns into a stranger's package."""

    @pytest.mark.parametrize("strategy", STRATEGIES)
    @pytest.mark.parametrize("guard", GUARDS)
    def test_a_lost_credential(
        self,
        desk: Desk,
        private: IndexServer,
        public: IndexServer,
        guard: str,
        strategy: str,
    ) -> None:
        configure(desk, private.url, *GUARDS[guard], public=public.url)

        desk.fail("install", "--index-strategy", strategy, "pkgpriv")

        assert desk.installed == []
        if strategy == "first-index" or guard.startswith("owned"):
            assert public.requests == []

    @every_way
    def test_a_credential_that_was_there_before_is_missed_without_any_guard(
        self, desk: Desk, private: IndexServer, public: IndexServer, give: Give
    ) -> None:
        variables = dict(desk.variables)
        configure(desk, give(desk, private.url, SECRET), public=public.url)
        desk.succeed("install", "pkgpriv")
        desk.succeed("uninstall", "pkgpriv")
        desk.variables = variables | {"NETRC": "/dev/null", "ADMIT_NO_NETRC": "1"}
        desk.variables["ADMIT_CREDENTIALS_DIR"] = str(desk.home / "empty")
        configure(desk, private.url, public=public.url)

        ran = desk.fail("install", "pkgpriv")

        assert "none found now" in ran.stderr
        assert (desk.installed, public.requests) == ([], [])

    @every_way_with("guard", [each for each in GUARDS if each != "always"])
    def test_an_expired_password(
        self,
        desk: Desk,
        private: IndexServer,
        public: IndexServer,
        give: Give,
        guard: str,
    ) -> None:
        url = give(desk, private.url, WRONG)
        configure(desk, url, *GUARDS[guard], public=public.url)

        ran = desk.fail("install", "pkgpriv")

        assert (desk.installed, public.requests) == ([], [])
        assert "never confirmed" in ran.stderr or "probe project" in ran.stderr

    @every_way
    def test_an_expired_password_without_any_guard_is_told(
        self, desk: Desk, private: IndexServer, public: IndexServer, give: Give
    ) -> None:
        url = give(desk, private.url, WRONG)
        configure(desk, url, 'authenticate = "always"', public=public.url)

        ran = desk.succeed("install", "pkgpriv", "common")

        warnings = [line for line in ran.notes if line.startswith("warning: ")]
        assert desk.installed == ["common==1.0", *CONFUSED]
        assert len(warnings) == 1
        assert "corp answered nothing but 404" in warnings[0]
        assert "pkgpriv from" in warnings[0]

    @every_way_with("strategy", STRATEGIES)
    def test_a_good_credential_and_an_owned_name(
        self,
        desk: Desk,
        private: IndexServer,
        public: IndexServer,
        give: Give,
        strategy: str,
    ) -> None:
        url = give(desk, private.url, SECRET)
        configure(desk, url, *GUARDS["owned"], public=public.url)

        desk.succeed(
            "install", "--index-strategy", strategy, "pkgpub", "pkgpriv", "common"
        )

        assert desk.installed == ["common==1.0", *RIGHT]
        assert asked_for(public, "pkgpub") == asked_for(public, "pkgpriv") == []
        assert all(each.is_anonymous for each in public.requests)

    def test_a_public_index_that_stands_first_has_no_owned_name(
        self, desk: Desk, private: IndexServer, public: IndexServer
    ) -> None:
        url = private.url_as("alice")
        desk.write(
            "admit.toml",
            f'[[index]]\nurl = "{public.url}"\npublic = true\n'
            f'[[index]]\nname = "corp"\nurl = "{url}"\ndefault = true\n'
            'packages = ["pkg*"]\n',
        )

        desk.succeed("install", "pkgpub", "pkgpriv", "common")

        assert desk.installed == ["common==1.0", *RIGHT]
        assert asked_for(public, "pkgpriv") == []

    def test_what_is_owned_is_owned_also_as_a_dependency_and_by_another_spelling(
        self, desk: Desk, private: IndexServer, public: IndexServer
    ) -> None:
        configure(desk, private.url, 'packages = ["PKG.*"]', public=public.url)
        desk.write("requirements.txt", "common\nPkg-Priv\n")

        ran = desk.fail("install", "-r", "requirements.txt")

        assert "pkg-priv was not found on corp" in ran.stderr
        assert "the name belongs to that index" in ran.stderr
        assert asked_for(public, "pkg-priv") == []

    def test_netrc_of_a_host_is_not_for_the_public_index_on_another_port(
        self, desk: Desk, private: IndexServer, public: IndexServer
    ) -> None:
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        configure(desk, private.url, public=public.url)

        desk.succeed("install", "pkgpub", "common")

        assert desk.installed == ["common==1.0", "pkgpub==2.0"]
        assert public.requests
        assert all(each.is_anonymous for each in public.requests)
