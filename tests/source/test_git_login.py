"""Whose credential git has: its own, or that of the URL, and never an index's.

What is asserted is what servers on this machine saw, what arguments git was started
with, and what stands in files afterwards.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from admit.source.git import UnsetGitVariable, with_variables
from admit.source.git_environment import UnusableGitLogin
from admit.source.git_failure import GitDenied, GitFailed, GitOffline
from support.git_place import parse
from support.git_server import GitServer, Repository, Watched, git, needs_git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from admit.errors import AdmitError
    from support.git_place import Place

pytestmark = [needs_git, pytest.mark.pain("I8")]

SECRET = "canary-pa55/w@rd"
TYPED = "canary-pa55%2Fw%40rd"
BASIC = "YWxpY2U6Y2FuYXJ5LXBhNTUvd0ByZA=="
LOGIN = f"alice:{SECRET}"


@pytest.fixture
def server(repository: Repository) -> Iterator[GitServer]:
    """A server of `w` that wants to see alice."""
    with GitServer(repository.folder.parent, LOGIN) as made:
        made.settings = {"uploadpack.allowFilter": "true"}
        yield made


@pytest.fixture
def watched(place: Place, tmp_path: Path) -> Watched:
    """A git that writes down how it is called; its children are traced."""
    made = Watched(tmp_path / "bin")
    place.environ |= {
        "PATH": made.path(place.environ),
        "GIT_TRACE": str(tmp_path / "trace"),
    }
    return made


def text_of(error: AdmitError) -> str:
    return f"{error.what}\n{error.why}\n{error.fix}"


def assert_nowhere(folder: Path) -> None:
    """No file below holds the secret in any spelling."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for form in (SECRET, TYPED, BASIC):
                assert form.encode() not in content, path


def helper(place: Place, name: str, username: str, password: str) -> str:
    """Write a credential helper of the user; it notes what it is asked."""
    path = place.home / name
    path.write_text(
        f'#!/bin/sh\n{{ echo "{name} $1"; cat; }} >> {place.home}/asked\n'
        f'test "$1" = get && printf "username={username}\\npassword={password}\\n"\n'
    )
    path.chmod(0o755)
    return str(path)


def asked(place: Place) -> str:
    path = place.home / "asked"
    return path.read_text() if path.exists() else ""


class TestOfTheUrl:
    def test_it_is_sent_and_stands_nowhere(
        self, place: Place, server: GitServer, watched: Watched, tmp_path: Path
    ) -> None:
        tree = place.get(server.address("w", userinfo=f"alice:{TYPED}", tail="@main"))

        assert (tree / "file.txt").read_text() == "one"
        assert set(server.logins) == {"-", LOGIN}
        for call in watched.calls:
            assert not any("canary" in argument for argument in call.arguments)
        assert_nowhere(tmp_path / "store")
        assert_nowhere(tree)
        assert_nowhere(place.home)
        # The trace has the arguments of git's own children.
        assert "git-remote-http" in (tmp_path / "trace").read_text()
        assert_nowhere(tmp_path)

    def test_a_wrong_one_is_sent_once_and_nobody_is_asked(
        self, place: Place, server: GitServer, tmp_path: Path
    ) -> None:
        for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
            place.environ[name] = helper(place, name.lower(), "x", "y")
        place.configure(
            "[credential]", f"helper = {helper(place, 'mine', 'bob', 'other')}"
        )
        url = server.address("w", userinfo="alice:wrong-canary")

        with pytest.raises(GitDenied) as caught:
            place.get(url)

        assert server.logins == ["-", "alice:wrong-canary"]
        assert asked(place) == ""
        assert "git was given the login of the URL" in text_of(caught.value)
        assert "wrong-canary" not in text_of(caught.value)

    def test_what_a_server_echoes_of_it_is_masked(
        self, place: Place, server: GitServer
    ) -> None:
        store = place.store()
        url = parse(server.address("w", userinfo=f"alice:{TYPED}"))
        server.login = "somebody else"

        with pytest.raises(GitDenied):
            store.find_commit(url)

        assert place.scrubber.scrub(f"remote: {SECRET} {TYPED} {BASIC}") == (
            "remote: **** **** ****"
        )

    def test_a_redirect_to_another_host_does_not_carry_it(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        with GitServer(repository.folder.parent, "stranger:x") as other:
            server.moved_to = other.origin.replace("127.0.0.1", "localhost")

            with pytest.raises(GitDenied):
                place.get(server.address("w", userinfo=f"alice:{TYPED}"))

            assert set(other.logins) == {"-"}

    def test_nor_does_one_after_the_login(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        with GitServer(repository.folder.parent) as other:
            store = place.store()
            url = parse(server.address("w", userinfo=f"alice:{TYPED}"))
            answer = server.answer

            def move_after_login(seen, body):  # type: ignore[no-untyped-def]
                if seen.authorization is None:
                    return answer(seen, body)
                return 302, {"Location": other.origin + seen.path}, b""

            server.answer = move_after_login  # type: ignore[method-assign]

            with pytest.raises(GitFailed):  # git follows the first answer only
                store.find_commit(url)

            assert set(server.logins) == {"-", LOGIN}
            assert set(other.logins) == {"-"}

    def test_a_helper_of_the_user_answers_for_that_other_host(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        with GitServer(repository.folder.parent, "bob:his") as other:
            server.moved_to = other.origin
            place.configure(
                f'[credential "{other.origin}"]',
                f"helper = {helper(place, 'mine', 'bob', 'his')}",
            )

            place.get(server.address("w", userinfo=f"alice:{TYPED}"))

            assert set(other.logins) == {"-", "bob:his"}
            assert "canary" not in asked(place)

    def test_submodules_on_its_host_have_it_and_others_have_not(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        inner = Repository(repository.folder.parent / "inner")
        inner.commit("inner")
        allow = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
        with GitServer(repository.folder.parent) as other:
            for name, address in (("same", "../inner"), ("other", other.origin)):
                repository.run(*allow, str(inner.folder), name)
                where = address if name == "same" else f"{address}/inner"
                repository.run(
                    "config", "-f", ".gitmodules", f"submodule.{name}.url", where
                )
            repository.commit("two")

            tree = place.get(server.address("w", userinfo=f"alice:{TYPED}"))

            assert (tree / "same" / "file.txt").read_text() == "inner"
            assert (tree / "other" / "file.txt").read_text() == "inner"
            assert {seen.login for seen in server.seen if "/inner/" in seen.path} == {
                "-",
                LOGIN,
            }
            assert set(other.logins) == {"-"}
            assert_nowhere(tree)

    def test_a_token_in_place_of_the_user_name_is_sent_as_it_is(
        self, place: Place, server: GitServer, watched: Watched, tmp_path: Path
    ) -> None:
        token = "ghp_canary0123456789abcdef"
        server.login = f"{token}:"

        tree = place.get(server.address("w", userinfo=token))

        assert set(server.logins) == {"-", f"{token}:"}
        for path in (*tmp_path.rglob("*"), *tree.rglob("*")):
            assert not path.is_file() or token.encode() not in path.read_bytes()

    def test_a_user_name_alone_is_told_to_the_users_helpers(
        self, place: Place, server: GitServer, watched: Watched
    ) -> None:
        place.configure(
            "[credential]", f"helper = {helper(place, 'mine', 'alice', SECRET)}"
        )

        place.get(server.address("w", userinfo="alice"))

        assert "username=alice" in asked(place)
        assert set(server.logins) == {"-", LOGIN}

    def test_what_cannot_be_sent_is_refused_before_git_is_started(
        self, place: Place, server: GitServer, watched: Watched
    ) -> None:
        with pytest.raises(UnusableGitLogin, match="control character"):
            place.get(server.address("w", userinfo="alice:x%0Ahost=evil.example"))

        assert watched.calls == []

    def test_over_plain_http_it_is_warned_of(self, place: Place) -> None:
        place.environ["GIT_ALLOW_PROTOCOL"] = "file"
        for _ in range(2):
            with pytest.raises(GitFailed):
                place.get(f"git+http://alice:{TYPED}@git.example/w")

        assert place.warnings[0] == (
            "the login for git goes to http://git.example unencrypted"
        )

    def test_to_this_machine_it_is_not(self, place: Place, server: GitServer) -> None:
        place.get(server.address("w", userinfo=f"alice:{TYPED}"))

        assert place.warnings == []


class TestBesideNetrc:
    @pytest.fixture(autouse=True)
    def _write_netrc(self, place: Place) -> None:
        (place.home / ".netrc").write_text("machine 127.0.0.1 login bob password his")

    def test_the_login_of_the_url_is_the_only_one_that_is_sent(
        self, place: Place, server: GitServer
    ) -> None:
        place.get(server.address("w", userinfo=f"alice:{TYPED}"))

        assert set(server.logins) == {"-", LOGIN}

    def test_nobody_else_speaks_for_the_user_that_the_url_names(
        self, place: Place, server: GitServer
    ) -> None:
        server.login = "bob:his"

        with pytest.raises(GitDenied, match="is refused by"):
            place.get(server.address("w", userinfo="alice"))

        assert set(server.logins) == {"-"}

    def test_the_rest_of_the_home_is_in_force_and_kept_up_to_date(
        self, place: Place, server: GitServer
    ) -> None:
        text = helper(place, "mine", "alice", SECRET)
        (place.home / "helpers.gitconfig").write_text(f"[credential]\nhelper = {text}")
        (place.home / "old").touch()
        with pytest.raises(GitDenied):
            place.get(server.address("w", userinfo="alice"))
        (place.home / "old").unlink()
        place.configure("[include]", "path = ~/helpers.gitconfig")
        (place.root / "store" / "home" / ".cache").mkdir()

        place.get(server.address("w", userinfo="alice"))

        assert set(server.logins) == {"-", LOGIN}
        names = {each.name for each in (place.root / "store" / "home").iterdir()}
        own = {each.name for each in place.home.iterdir()}
        assert names == own - {".netrc"} | {".cache"}


class TestVariablesInIt:
    def test_those_of_a_url_that_the_user_wrote_are_filled(
        self, place: Place, server: GitServer
    ) -> None:
        url = parse(server.address("w", userinfo="${WHO}:${PASS}"))
        filled = with_variables(url, {"WHO": "alice", "PASS": SECRET})

        place.store().find_commit(filled)

        assert set(server.logins) == {"-", LOGIN}

    def test_of_others_they_are_refused(
        self, place: Place, server: GitServer, watched: Watched
    ) -> None:
        place.environ["PASS"] = SECRET

        with pytest.raises(UnusableGitLogin, match="is a variable"):
            place.get(server.address("w", userinfo="alice:${PASS}"))

        assert (server.logins, watched.calls) == ([], [])

    def test_one_that_is_unset_is_named(self, server: GitServer) -> None:
        url = parse(server.address("w", userinfo="alice:${PASS}"))

        with pytest.raises(UnsetGitVariable, match=r"names \$\{PASS\}"):
            with_variables(url, {"PASS": ""})

    def test_a_url_without_login_stays_as_it_is(self, server: GitServer) -> None:
        url = parse(server.address("w"))

        assert with_variables(url, {}) is url


class TestOfIndexes:
    def test_no_place_of_admit_is_a_place_of_git(
        self, place: Place, server: GitServer, watched: Watched, tmp_path: Path
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login alice password {SECRET}\n")
        index = f"http://alice:{TYPED}@127.0.0.1:{server.port}/simple/"
        variables = {
            "ADMIT_INDEX_CORP_USERNAME": "alice",
            "ADMIT_INDEX_CORP_PASSWORD": SECRET,
            "ADMIT_INDEX_URL": index,
            "UV_INDEX_CORP_PASSWORD": SECRET,
            "UV_DEFAULT_INDEX": index,
            "PIP_INDEX_URL": index,
            "CORP_API_KEY": SECRET,
        }
        place.environ |= {**variables, "NETRC": str(netrc)}
        store = place.store(withheld=("CORP_API_KEY",))

        with pytest.raises(GitDenied) as caught:
            store.find_commit(parse(server.address("w")))

        assert set(server.logins) == {"-"}
        assert "logins of indexes are not used for git" in text_of(caught.value)
        assert watched.calls
        for call in watched.calls:
            assert not call.variables & set(variables)

    def test_the_login_of_a_url_is_in_no_variable_of_who_needs_it_not(
        self, place: Place, server: GitServer, watched: Watched
    ) -> None:
        place.get(server.address("w", userinfo=f"alice:{TYPED}"))

        with_it = {
            call.arguments[0]
            for call in watched.calls
            if "ADMIT_GIT_PASSWORD" in call.variables
        }
        assert with_it == {"ls-remote", "fetch", "read-tree"}


class TestOfGit:
    def test_its_helpers_are_asked_as_always(
        self, place: Place, server: GitServer
    ) -> None:
        place.configure(
            "[credential]", f"helper = {helper(place, 'mine', 'alice', SECRET)}"
        )

        place.get(server.address("w"))

        assert set(server.logins) == {"-", LOGIN}
        assert "mine store" in asked(place)

    def test_its_askpass_is_asked_but_not_that_of_ssh(
        self, place: Place, server: GitServer
    ) -> None:
        answers = place.home / "askpass"
        answers.write_text(
            "#!/bin/sh\ncase $1 in User*) echo alice;; *) echo "
            f"{shlex.quote(SECRET)};; esac\n"
        )
        answers.chmod(0o755)
        place.environ["SSH_ASKPASS"] = str(answers)
        with pytest.raises(GitDenied):
            place.get(server.address("w"))
        place.environ["GIT_ASKPASS"] = str(answers)

        place.get(server.address("w"))

        assert set(server.logins) == {"-", LOGIN}

    def test_its_own_netrc_is_at_home(self, place: Place, server: GitServer) -> None:
        netrc = place.home / ".netrc"
        netrc.write_text(f"machine 127.0.0.1 login alice password {SECRET}\n")

        place.get(server.address("w"))

        assert set(server.logins) == {"-", LOGIN}

    def test_rewritten_urls_may_bring_a_login_that_no_error_shows(
        self, place: Place, server: GitServer
    ) -> None:
        port = server.port
        place.configure(
            f'[url "http://alice:canary@127.0.0.1:{port}/"]',
            f"insteadOf = http://127.0.0.1:{port}/",
        )

        with pytest.raises(GitDenied) as caught:
            place.get(server.address("w"))

        assert "canary" not in text_of(caught.value)

    @pytest.mark.parametrize("code", [403, 404])
    def test_a_host_that_hides_is_told_with_what_may_help(
        self, code: int, place: Place, server: GitServer
    ) -> None:
        server.denial = code

        with pytest.raises((GitDenied, GitFailed)) as caught:
            place.get(server.address("w"))

        text = text_of(caught.value)
        assert "the URL brings no login" in text
        assert "credential helper" in text
        assert "url.<base>.insteadOf" in text
        assert f"git ls-remote http://127.0.0.1:{server.port}/w" in text


class TestWhatIsFetched:
    def test_files_of_other_commits_stay_where_they_are(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        repository.commit("two")
        old = repository.run("rev-parse", "HEAD~1:file.txt")
        new = repository.run("rev-parse", "HEAD:file.txt")

        place.get(server.address("w", userinfo=f"alice:{TYPED}"))

        (mirror,) = place.root.glob("store/*/mirror.git")
        objects = git("cat-file", "--batch-check", "--batch-all-objects", cwd=mirror)
        assert new in objects
        assert old not in objects

    def test_a_server_that_hands_out_only_heads_is_asked_for_all(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        first = repository.head
        repository.commit("two")
        server.settings = {}
        place.configure("[protocol]", "version = 0")

        tree = place.get(
            server.address("w", userinfo=f"alice:{TYPED}", tail=f"@{first}")
        )

        assert (tree / "file.txt").read_text() == "one"

    def test_a_tree_that_was_fetched_comes_without_network(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        tail = f"@{repository.head}"
        place.get(server.address("w", userinfo=f"alice:{TYPED}"))
        server.seen.clear()

        place.get(server.address("w", tail=tail))
        place.get(server.address("w", tail=tail), offline=True)

        assert server.seen == []

    def test_one_of_which_only_the_history_is_here_does_not(
        self, place: Place, server: GitServer, repository: Repository
    ) -> None:
        tail = f"@{repository.head}"
        repository.commit("two")
        place.get(server.address("w", userinfo=f"alice:{TYPED}"))
        server.seen.clear()

        with pytest.raises(GitOffline, match="or not all of it"):
            place.get(server.address("w", tail=tail), offline=True)

        assert server.seen == []
        tree = place.get(server.address("w", userinfo=f"alice:{TYPED}", tail=tail))
        assert (tree / "file.txt").read_text() == "one"


_CHILD = """
import os, sys
os.close(os.open(os.ttyname(0), os.O_RDWR))  # now this session has a terminal
from admit.errors import AdmitError
from admit.auth.scrub import Scrubber
from admit.source.git import GitOptions, GitStore
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import parse_vcs_url
options = GitOptions(may_prompt=sys.argv[3] == "may prompt")
store = GitStore(sys.argv[1], os.environ, Scrubber(), options=options)
try:
    store.find_commit(parse_vcs_url(parse_requirement_url(sys.argv[2])))
except AdmitError as error:
    sys.exit(error.code)
"""


def at_terminal(
    place: Place, url: str, how: str, answers: dict[bytes, str]
) -> tuple[int, bytes]:
    """Find a commit in a process that has a terminal; type answers to its questions."""
    terminal, slave = os.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(place.root / "store"), url, how],
        env=place.environ,
        stdin=slave,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.close(slave)
    shown = b""
    for question, answer in answers.items():
        while question not in shown:
            shown += os.read(terminal, 1000)
        os.write(terminal, f"{answer}\n".encode())
    _, stderr = child.communicate(timeout=60)
    os.close(terminal)
    return child.returncode, stderr


@pytest.mark.skipif(os.name != "posix", reason="terminals")
class TestAtATerminal:
    def test_git_asks_where_it_may(self, place: Place, server: GitServer) -> None:
        answers = {b"Username": "alice", b"Password": SECRET}

        status, _ = at_terminal(place, server.address("w"), "may prompt", answers)

        assert status == 0
        assert set(server.logins) == {"-", LOGIN}

    def test_where_it_may_not_there_is_none_to_ask_at(
        self, place: Place, server: GitServer
    ) -> None:
        script = place.home / "tty"
        script.write_text(
            f"#!/bin/sh\n(: < /dev/tty) 2>> {place.home}/asked && echo has one "
            f">> {place.home}/asked\n"
        )
        script.chmod(0o755)
        place.configure("[credential]", f"helper = {script}")

        status, stderr = at_terminal(place, server.address("w"), "may not", {})

        assert (status, stderr) == (1, b"git-denied\n")
        assert "/dev/tty" in asked(place)
        assert "has one" not in asked(place)


def test_no_question_is_allowed_where_it_may_not(
    place: Place, server: GitServer, watched: Watched
) -> None:
    with pytest.raises(GitDenied):
        place.get(server.address("w"))

    for call in watched.calls:
        assert {"GIT_TERMINAL_PROMPT", "GCM_INTERACTIVE"} <= call.variables
