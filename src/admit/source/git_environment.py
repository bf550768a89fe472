"""What git is told by its environment: everything that must not stand in an argument.

For: a git that asks nobody, runs no hooks, speaks to no strange transport, and gets the
login of a URL for that URL's origin only.
Does not know: how git is started; mirrors.
Shape: `GitUrl` + variables -> variables. The user's configuration of git stays in
force, and with it helpers, proxies and rewritten URLs; ours comes after it.
Theory: a login of a URL goes by a credential helper of one line, which reads two
variables. It is configured for the origin alone, where it replaces all helpers. git
asks the helpers of the host it talks to: after a redirect to another host, others.
Spec: git-config(1), gitcredentials(7), git(1) "Environment Variables".
"""

from __future__ import annotations

import os

from admit.auth.scheme import is_token_shaped, unsendable
from admit.auth.withheld import without_index_variables
from admit.errors import AuthError
from admit.spec.url import Secret, percent_encode
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from admit.spec.vcs import GitUrl

REMOTE = "admit"
"""What a mirror calls its repository; no user's configuration has a remote so named."""
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
    '"$ADMIT_GIT_USERNAME" "$ADMIT_GIT_PASSWORD"; }; f'
)
_OF_A_REPOSITORY = frozenset(
    ("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ATTR_SOURCE", "GIT_COMMON_DIR",
     "GIT_CONFIG", "GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT", "GIT_DIR",
     "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE",
     "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_NO_REPLACE_OBJECTS",
     "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
     "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_TEMPLATE_DIR",
     "GIT_WORK_TREE")
)  # fmt: skip
"""Set where admit runs in a hook of git: they are about that repository."""
_SECURE = ("https", "ssh", "file")
"""What a URL may be rewritten to by the user; never http for one of https."""
_CONFIGURATION = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("fetch.prune", "false"),
    ("fetch.pruneTags", "false"),
    ("gc.auto", "0"),
    ("init.defaultBranch", "main"),
    ("init.defaultRefFormat", "files"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
)


class UnusableGitLogin(AuthError):
    """The login in a repository's URL cannot be handed to git."""

    code = "unusable-git-login"


@value
class GitOptions:
    """How git may behave in this run."""

    is_offline: bool = False
    may_prompt: bool = False
    """Whether git and ssh may ask at the terminal."""
    withheld: tuple[str, ...] = ()
    """Names of variables that hold secrets of indexes, besides those known by name."""


@value
class GitLogin:
    """The login that a repository's URL brings."""

    username: str
    secret: Secret | None
    """None: git's own helpers are to find it."""

    @property
    def label(self) -> str:
        if self.secret is None:
            return f"the user name {self.username} of the URL"
        return "the login of the URL"


def login_of(url: GitUrl) -> GitLogin | None:
    """Return the login of an http or https URL; that of ssh stays in the URL.

    A user name that looks like a token is one, and needs no password.

    Raises:
        UnusableGitLogin: it holds `${VAR}`, or what cannot be sent.
    """
    repository = url.repository
    userinfo = repository.userinfo
    if userinfo is None or repository.scheme not in ("http", "https"):
        return None
    secret = userinfo.password
    if userinfo.names_variable:
        raise UnusableGitLogin(
            f"the login in the URL of {repository.text} is a variable",
            why="variables are filled in only where you wrote the URL yourself",
            fix="let git have the credential by a credential helper",
        )
    if secret is None and is_token_shaped(userinfo.username):
        secret = Secret("")
    problem = unsendable(userinfo.username, secret or Secret(""))
    if problem:
        raise UnusableGitLogin(
            f"the login in the URL of {repository.text} cannot be sent: {problem}"
        )
    if not userinfo.username and not secret:
        return None
    return GitLogin(userinfo.username, secret)


def base_environment(environ: Mapping[str, str], options: GitOptions) -> dict[str, str]:
    """Return the variables for any git of ours, without a login."""
    found = {
        name: text
        for name, text in without_index_variables(environ, options.withheld).items()
        if name.upper() not in _OF_A_REPOSITORY
    }
    found |= {"GIT_TEMPLATE_DIR": "", "LC_ALL": "C.UTF-8", "LANGUAGE": ""}
    if not options.may_prompt:
        found["GIT_TERMINAL_PROMPT"] = "0"
        found.setdefault("GCM_INTERACTIVE", "never")
        found.pop("SSH_ASKPASS", None)  # git would ask it for passwords
    _configure(found, _CONFIGURATION)
    return found


def add_repository(
    base: Mapping[str, str], url: GitUrl, *, is_offline: bool
) -> dict[str, str]:
    """Return the variables for a git that may speak to a repository.

    Blobs may be left out of what is fetched; they come when they are needed.
    """
    found = dict(base)
    _configure(
        found,
        [
            (f"remote.{REMOTE}.url", git_address(url)),
            (f"remote.{REMOTE}.promisor", "true"),
            (f"remote.{REMOTE}.partialclonefilter", "blob:none"),
        ],
    )
    scheme = url.repository.scheme
    _add_login(found, url)
    _allow(found, ("http", *_SECURE) if scheme == "http" else _SECURE, is_offline)
    return found


def for_submodules(
    base: Mapping[str, str], url: GitUrl, *, is_offline: bool
) -> dict[str, str]:
    """Return the variables for a git that fetches what a tree names.

    Its author does not choose files of this machine, unless he is on it.
    """
    found = dict(base)
    _add_login(found, url)
    allowed = ("http", "https", "ssh")
    is_local = url.repository.scheme == "file"
    _allow(found, (*allowed, "file") if is_local else allowed, is_offline)
    return found


def git_address(url: GitUrl) -> str:
    """Return the URL that git may see in arguments and files: no secret is in it.

    The user name of ssh belongs to the address.
    """
    repository = url.repository
    if repository.scheme != "ssh" or repository.userinfo is None:
        return repository.text
    head, mark, rest = repository.text.partition("://")
    return f"{head}{mark}{percent_encode(repository.userinfo.username)}@{rest}"


def _add_login(found: dict[str, str], url: GitUrl) -> None:
    login = login_of(url)
    if login is None:
        return
    key = f"credential.{url.repository.origin}"
    if login.secret is None:
        _configure(found, [(f"{key}.username", login.username)])
        return
    # An empty helper forgets those before it, for this origin.
    _configure(found, [(f"{key}.helper", ""), (f"{key}.helper", _HELPER)])
    found["ADMIT_GIT_USERNAME"] = login.username
    found["ADMIT_GIT_PASSWORD"] = login.secret.expose()


def _allow(
    found: dict[str, str], transports: tuple[str, ...], is_offline: bool
) -> None:
    """Allow these transports; what the user allows himself counts instead."""
    own = found.get("GIT_ALLOW_PROTOCOL")
    if own is not None:
        transports = tuple(each for each in own.split(":") if each != "ext")
    if is_offline:
        transports = tuple(each for each in transports if each == "file")
    found["GIT_ALLOW_PROTOCOL"] = ":".join(transports)


def _configure(found: dict[str, str], pairs: Iterable[tuple[str, str]]) -> None:
    """Add configuration after what is given by the user in the same way."""
    text = found.get("GIT_CONFIG_COUNT", "")
    count = int(text) if text.isascii() and text.isdecimal() else 0
    for number, (key, content) in enumerate(pairs, start=count):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = content
        found["GIT_CONFIG_COUNT"] = str(number + 1)
