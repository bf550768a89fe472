"""From the URL of a git repository to the tree of a commit.

For: `git+https://host/org/repo.git@ref`.
Does not know: how requirements reach it, building, credentials of indexes. git gets
none of those, and finds its own as it always does (docs/git.md).
Shape: `GitStore.find_commit(url)` -> id of the commit; `GitStore.checkout(url, commit,
into)` -> the folder, a repository of its own with history and tags but without files of
other commits. `with_variables` fills `${VAR}` of a URL that the user wrote.
Theory: one mirror for each repository URL without userinfo, under a lock; a folder is
made beside `into` and renamed when all of it is there.
"""

from __future__ import annotations

import os

from admit.auth.scheme import Credential
from admit.auth.sources.environment import UnsetVariable, expand
from admit.errors import AuthError, EnvironmentProblem
from admit.install.lock import lock_environment
from admit.source.git_environment import (
    GitOptions,
    base_environment,
    for_submodules,
    git_address,
    login_of,
)
from admit.source.git_failure import failure_of, not_here, reference_missing
from admit.source.git_home import home_without_netrc
from admit.source.git_mirror import Git, Mirror
from admit.source.git_process import find_git
from admit.spec.url import Secret, Url, Userinfo
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Literal

    from admit.auth.scrub import Scrubber
    from admit.spec.vcs import GitUrl

__all__ = ["GitOptions", "GitStore", "with_variables"]

_USUAL = GitOptions()
_PACKED = "# pack-refs with: peeled fully-peeled sorted \n"
_REMOTE = """\
[remote "origin"]
\turl = {}
\tfetch = +refs/heads/*:refs/remotes/origin/*
\tpromisor = true
\tpartialclonefilter = blob:none
"""
"""Where git finds what builds may ask of older commits, with the user's own means."""


class UnsetGitVariable(AuthError):
    """A URL names a variable that is unset or empty."""

    code = "unset-variable"


class CannotKeepSource(EnvironmentProblem):
    """The system refuses to write (full disk, permissions)."""

    code = "cannot-keep-source"


class GitStore:
    """What is known of repositories, in a folder of the cache."""

    def __init__(
        self,
        folder: str,
        environ: Mapping[str, str],
        scrubber: Scrubber,
        *,
        options: GitOptions = _USUAL,
        on_warning: Callable[[str], None] | None = None,
    ) -> None:
        """Nothing is made or started before the first question.

        Args:
            folder: where mirrors are kept; made when needed.
            environ: the variables of this process; those of indexes are left out.
            scrubber: learns the secrets of URLs, cleans what git says.
            options: of this run.
            on_warning: told of a login that goes over plain http.
        """
        self._folder = folder
        self._environ = environ
        self._scrubber = scrubber
        self._options = options
        self._on_warning = on_warning
        self._git: Git | None = None
        self._asked: dict[tuple[str, str | None], str] = {}
        self._brought: set[tuple[str, str | None]] = set()
        self._warned: set[str] = set()

    def find_commit(self, url: GitUrl) -> str:
        """Return the id of the commit that a URL means now.

        A whole id that is here already is believed without asking anybody. A name is
        asked for once in a run; offline, it is what it was when it was last fetched.

        Raises:
            ReferenceNotFound: the repository has no such branch, tag or commit.
            GitDenied: it wants a credential, or another one.
            GitFailed: it cannot be fetched from.
            GitOffline: it would have to be, and may not.
            GitMissing: there is no git.
        """
        key = (url.repository.key, url.reference)
        if key not in self._asked:
            try:
                with self._lock(url):
                    self._asked[key] = self._find(self._mirror(url), url)
            except OSError as error:
                raise _cannot_keep(self._folder, error) from error
        return self._asked[key]

    def checkout(self, url: GitUrl, commit: str, into: str) -> str:
        """Make the tree of a commit, submodules included, at `into`; return `into`.

        The parent of `into` must exist; if `into` itself exists, made by another
        process, that one is kept.

        Raises:
            ReferenceNotFound: the repository has no such commit.
            AdmitError: as `find_commit`.
        """
        partial = f"{into}.partial-{os.urandom(6).hex()}"
        try:
            with self._lock(url):
                mirror = self._mirror(url)
                self._bring(mirror, url, commit)
                self._make(mirror, url, commit, partial)
            self._fetch_submodules(url, partial)
            try:
                os.rename(partial, into)
            except OSError:
                if not os.path.isdir(into):
                    raise
        except OSError as error:
            raise _cannot_keep(into, error) from error
        finally:
            _remove_tree(partial)
        return into

    def _find(self, mirror: Mirror, url: GitUrl) -> str:
        """Return the commit of a URL: from here if that will do, else from there."""
        is_offline = self._options.is_offline
        if url.full_commit is not None:
            commit = mirror.find(url.full_commit)
            if commit is None and not is_offline:
                commit = mirror.fetch(url.full_commit)
        elif is_offline:
            commit = mirror.find_named(url.reference)
        else:
            commit = mirror.ask(url.reference)
        if commit is None and url.may_be_short_commit and url.reference is not None:
            if not is_offline:
                mirror.fetch_all()
            commit = mirror.find(url.reference)
        if commit is None:
            raise not_here(url) if is_offline else reference_missing(url)
        return commit

    def _bring(self, mirror: Mirror, url: GitUrl, commit: str) -> None:
        """See that the mirror has a commit, and the tags of today if a name is meant.

        Of a name the tags matter as well: versions are made of them.
        """
        asked = replace(url, reference=commit)
        if asked.full_commit != commit:
            raise reference_missing(asked)
        key = (url.repository.key, url.reference)
        is_settled = url.full_commit is not None or key in self._brought
        if (is_settled or self._options.is_offline) and mirror.find(commit) == commit:
            return
        if self._options.is_offline:
            raise not_here(url)
        if mirror.fetch(commit) != commit:
            raise reference_missing(asked)
        self._brought.add(key)
        if self._asked.get(key) == commit:
            mirror.remember(url.reference, commit)

    def _make(self, mirror: Mirror, url: GitUrl, commit: str, folder: str) -> None:
        """Make a repository that has the tree, and borrows its history."""
        git = self._program()
        os.mkdir(folder)
        init = git.run("init", "--quiet", "--", folder, environ=git.base)
        if init.status != 0:
            raise failure_of(url, init.stderr, login=None)
        inner = f"{folder}/.git"
        os.makedirs(f"{inner}/objects/info", exist_ok=True)
        _write(f"{inner}/objects/info/alternates", f"{mirror.path}/objects\n")
        mirror.fill(folder, commit)
        _write(f"{inner}/HEAD", f"{commit}\n")
        _write(f"{inner}/packed-refs", _PACKED + mirror.read_tags())
        _write(f"{inner}/config", _REMOTE.format(_quoted(git_address(url))), "a")

    def _fetch_submodules(self, url: GitUrl, folder: str) -> None:
        if not os.path.isfile(f"{folder}/.gitmodules"):
            return
        git = self._program()
        is_offline = self._options.is_offline
        ended = git.run(
            *("submodule", "--quiet", "update", "--init", "--recursive"),
            environ=for_submodules(git.base, url, is_offline=is_offline),
            cwd=folder,
        )
        if ended.status != 0:
            login = login_of(url)
            raise failure_of(url, ended.stderr, login=login, is_offline=is_offline)

    def _lock(self, url: GitUrl) -> lock_environment:
        """The lock of a repository's mirror."""
        folder = self._place(url)
        for each in (self._folder, folder):
            os.makedirs(each, mode=0o700, exist_ok=True)
        return lock_environment(folder)

    def _mirror(self, url: GitUrl) -> Mirror:
        """The mirror of a repository; only under its lock."""
        self._learn_login(url)
        path = f"{os.path.abspath(self._place(url))}/mirror.git"
        home = None
        if login_of(url) is not None:
            home = home_without_netrc(self._environ, f"{self._folder}/home")
        mirror = Mirror(path, url, self._program(), home)
        mirror.create()
        return mirror

    def _place(self, url: GitUrl) -> str:
        from hashlib import sha256

        return f"{self._folder}/{sha256(url.repository.key.encode()).hexdigest()[:32]}"

    def _learn_login(self, url: GitUrl) -> None:
        """Have its secret masked everywhere; warn where it goes in clear."""
        login = login_of(url)
        if login is None or login.secret is None:
            return
        self._scrubber.register_credential(
            Credential(login.username, login.secret, "URL")
        )
        origin = url.repository.origin
        is_bare = origin.scheme == "http" and not origin.is_loopback
        if is_bare and self._on_warning and str(origin) not in self._warned:
            self._warned.add(str(origin))
            self._on_warning(f"the login for git goes to {origin} unencrypted")

    def _program(self) -> Git:
        if self._git is None:
            base = base_environment(self._environ, self._options)
            path = find_git(base)
            git = Git(path, base, self._options, self._scrubber.scrub)
            if not self._options.may_prompt:
                _forbid_ssh_to_ask(git)
            self._git = git
        return self._git


def with_variables(url: GitUrl, environ: Mapping[str, str]) -> GitUrl:
    """Fill `${VAR}` in the login of a URL that the user wrote.

    Never for a URL out of somebody's metadata: its author would choose where variables
    go. A login that is not filled is refused before git is started.

    Raises:
        UnsetGitVariable: a variable is unset or empty.
    """
    repository = url.repository
    userinfo = repository.userinfo
    if userinfo is None:
        return url
    try:
        username = expand(userinfo.username, environ)
        secret = userinfo.password
        if secret is not None:
            secret = Secret(expand(secret.expose(), environ))
    except UnsetVariable as unset:
        raise UnsetGitVariable(
            f"the URL of {repository.text} names ${{{unset.name}}}, "
            "which is unset or empty",
            fix=f"set {unset.name}",
        ) from None
    filled = Url(repository.text, repository.origin, Userinfo(username, secret))
    return replace(url, repository=filled)


def _forbid_ssh_to_ask(git: Git) -> None:
    """Make ssh fail where it would ask, unless the user says how ssh is started."""
    if "GIT_SSH_COMMAND" in git.base or "GIT_SSH" in git.base:
        return
    own = git.run("config", "--get", "core.sshCommand", environ=git.base, cwd=os.sep)
    if own.status != 0:
        git.base["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"


def _cannot_keep(where: str, error: OSError) -> CannotKeepSource:
    return CannotKeepSource(
        f"cannot keep source in {where}", why=error.strerror or str(error)
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _write(path: str, text: str, mode: Literal["w", "a"] = "w") -> None:
    with open(path, mode, encoding="utf-8", newline="\n") as file:
        file.write(text)


def _remove_tree(path: str) -> None:
    """Remove a tree, with the files that git makes read-only."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)
