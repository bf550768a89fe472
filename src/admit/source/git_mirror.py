"""A bare repository in the cache that knows what another one has.

For: fetching each commit once, and trees of any of them.
Does not know: locks and temporary folders (`git`), what git's words mean.
Shape: `Mirror(path, ...)`: `ask` for references, `find` what is here, `fetch` what is
not, `fill` a folder with the tree of a commit.
Theory: history is fetched without files where the server can do so, with all tags, for
many projects find their version there; files come when a tree is made. The URL is told
by variables with each command: it does not stand in the mirror, so a command without
them cannot reach the network. Below refs/admit/ is what was fetched: `commits/` by id,
`named/` by what was asked for, `heads/` where all was fetched.
"""

from __future__ import annotations

import os

from admit.source.git_environment import REMOTE, add_repository, login_of
from admit.source.git_failure import failure_of
from admit.source.git_process import run_git
from admit.spec.url import percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.source.git_environment import GitOptions
    from admit.source.git_process import Ended
    from admit.spec.vcs import GitUrl

_TAGS = "+refs/tags/*:refs/tags/*"
_NO_SUCH_COMMIT = ("not our ref", "unadvertised object", "not allow request")
_STALE_LOCK = ".lock': File exists"
_HEADS = "+refs/heads/*:refs/admit/heads/*"


class Git:
    """The program, and how it is run here."""

    def __init__(
        self,
        path: str,
        base: dict[str, str],
        options: GitOptions,
        scrub: Callable[[str], str],
    ) -> None:
        self.base = base
        """The variables of a git that may speak to nobody in particular."""
        self.options = options
        self._path = path
        self._scrub = scrub

    def run(
        self, *arguments: str, environ: Mapping[str, str], cwd: str | None = None
    ) -> Ended:
        """Run it to its end; what it says on stderr is scrubbed."""
        from admit.value import replace

        ended = run_git(
            [self._path, *arguments],
            environ,
            own_session=not self.options.may_prompt,
            cwd=cwd,
        )
        return replace(ended, stderr=self._scrub(ended.stderr))


class Mirror:
    """The mirror of one repository; whoever uses it holds its lock."""

    def __init__(
        self, path: str, url: GitUrl, git: Git, home: str | None = None
    ) -> None:
        """`home`: where git is to believe itself at home, if not at the user's."""
        self.path = path
        self._url = url
        self._git = git
        self._local = {**git.base, "GIT_DIR": path}
        if home is not None:
            self._local["HOME"] = home
        self._remote = add_repository(
            self._local, url, is_offline=git.options.is_offline
        )

    def create(self) -> None:
        """Make it, if it is not there; half of it is never there."""
        if os.path.isdir(self.path):
            return
        partial = f"{self.path}.partial-{os.urandom(6).hex()}"
        try:
            self._check(
                self._git.run(
                    *("init", "--quiet", "--bare", "--", partial),
                    environ=self._git.base,
                )
            )
            os.rename(partial, self.path)
        finally:
            import shutil

            shutil.rmtree(partial, ignore_errors=True)

    def ask(self, reference: str | None) -> str | None:
        """Ask the repository what a name stands for: a commit, or a tag's own id.

        Branches come before tags, as for pip.
        """
        if reference in (None, "HEAD"):
            names = ["HEAD"]
        elif reference.startswith("refs/"):
            names = [f"{reference}^{{}}", reference]
        else:
            names = [
                f"refs/heads/{reference}",
                f"refs/tags/{reference}^{{}}",
                f"refs/tags/{reference}",
            ]
        ended = self._speak("ls-remote", "--quiet", "--", REMOTE, *names)
        found: dict[str, str] = {}
        for line in ended.stdout.splitlines():
            commit, _, name = line.partition("\t")
            found[name] = commit
        return next((found[name] for name in names if name in found), None)

    def find(self, revision: str) -> str | None:
        """Return the commit that an id, or the beginning of one, means here."""
        ended = self._git.run(
            *("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"),
            environ=self._local,
        )
        return ended.stdout.strip() or None if ended.status == 0 else None

    def find_named(self, reference: str | None) -> str | None:
        """Return what a name stood for when it was fetched."""
        return self.find(_named(reference)) or (
            self.find(f"refs/tags/{reference}") if reference else None
        )

    def remember(self, reference: str | None, commit: str) -> None:
        """Note what a name stands for."""
        self._check(
            self._git.run(
                *("update-ref", "--", _named(reference), commit), environ=self._local
            )
        )

    def fetch(self, commit: str) -> str | None:
        """Fetch a commit with its history, and all tags; return it, or the tag's own.

        None if the repository has no such commit, or only in what it does not show.
        """
        ended = self._fetch(f"+{commit}:refs/admit/commits/{commit}", _TAGS)
        if ended.status != 0:
            if not any(words in ended.stderr for words in _NO_SUCH_COMMIT):
                self._check(ended)
            # Old servers hand out what a branch or tag names, and nothing before it.
            self.fetch_all()
        return self.find(commit)

    def fetch_all(self) -> None:
        """Fetch the history of all branches and tags."""
        self._check(self._fetch(_HEADS, _TAGS))

    def fill(self, folder: str, commit: str) -> None:
        """Write the tree of a commit to a folder; its index goes to `.git/index`."""
        places = {
            "GIT_WORK_TREE": folder,
            "GIT_INDEX_FILE": os.path.join(folder, ".git", "index"),
        }
        ended = self._git.run(
            *("read-tree", "--reset", "-u", commit),
            environ={**self._remote, **places},
            cwd=folder,
        )
        self._check(ended)

    def read_tags(self) -> str:
        """Return the tags as a file `packed-refs` has them."""
        peeled = "%(if)%(*objectname)%(then)%0a^%(*objectname)%(end)"
        ended = self._git.run(
            *(
                "for-each-ref",
                f"--format=%(objectname) %(refname){peeled}",
                "--",
                "refs/tags",
            ),
            environ=self._local,
        )
        return self._check(ended).stdout

    def _fetch(self, *references: str) -> Ended:
        command = (
            *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head"),
            *("--no-recurse-submodules", "--filter=blob:none", "--", REMOTE),
            *references,
        )
        ended = self._git.run(*command, environ=self._remote)
        if ended.status != 0 and _STALE_LOCK in ended.stderr:
            # Nobody else is here, so it was left by a git that was killed.
            self._remove_locks()
            ended = self._git.run(*command, environ=self._remote)
        return ended

    def _remove_locks(self) -> None:
        for folder, _, names in os.walk(self.path):
            for name in names:
                if name.endswith(".lock"):
                    os.unlink(os.path.join(folder, name))

    def _speak(self, *arguments: str) -> Ended:
        return self._check(self._git.run(*arguments, environ=self._remote))

    def _check(self, ended: Ended) -> Ended:
        if ended.status != 0:
            raise failure_of(
                self._url,
                ended.stderr,
                login=login_of(self._url),
                is_offline=self._git.options.is_offline,
            )
        return ended


def _named(reference: str | None) -> str:
    """The place of a name: on one level, for `a` and `a/b` may both be names."""
    return f"refs/admit/named/{percent_encode(reference or 'HEAD')}"
