"""What git's failures mean, and what to do about them.

For: one place that reads git's words (in English: LC_ALL is set).
Does not know: how git was started.
Shape: the end of git's stderr -> an error that names repository and reference, shows
git's last lines, and says how git gets a credential: no credential of an index is one.
"""

from __future__ import annotations

import re

from admit.errors import AuthError, NetworkError, ResolutionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.source.git_environment import GitLogin
    from admit.spec.vcs import GitUrl

_DENIED = (
    "Authentication failed for",
    "could not read Username",
    "could not read Password",
    "terminal prompts disabled",
    "HTTP Basic: Access denied",
    "returned error: 401",
    "returned error: 403",
    "returned error: 407",
    "Permission denied (",
    "Too many authentication failures",
)
_HIDDEN = (
    "epository not found",
    "not found",
    "does not exist",
    "returned error: 404",
    "Please make sure you have the correct access rights",
)
_FOREIGN_HOST_KEY = "Host key verification failed"
_FORBIDDEN_TRANSPORT = re.compile(r"transport '([^']*)' not allowed")
_USERINFO = re.compile(r"(://)(?!git@)[^/\s@'\"]+@")
_UNSAID = ("hint:", "Updating files:", "Receiving objects:", "Resolving deltas:")
_MOST_LINES = 8
_LONGEST_LINE = 300


class GitDenied(AuthError):
    """A repository wants a credential, or refuses the one that git has."""

    code = "git-denied"


class GitFailed(NetworkError):
    """git could not do what it was asked for."""

    code = "git-failed"


class GitOffline(NetworkError):
    """What is asked for is not here, and nobody may be asked."""

    code = "offline"


class ReferenceNotFound(ResolutionError):
    """A repository has no such branch, tag or commit."""

    code = "reference-not-found"


def last_lines(stderr: str) -> list[str]:
    """Return what is worth showing of git's words; userinfo in URLs is masked."""
    # Progress overwrites itself.
    lines = [line.rpartition("\r")[2].strip() for line in stderr.split("\n")]
    kept = [line for line in lines if line and not line.startswith(_UNSAID)]
    plain = (
        "".join(mark if mark.isprintable() else "?" for mark in line)
        for line in kept[-_MOST_LINES:]
    )
    return [_USERINFO.sub(r"\1****@", line)[:_LONGEST_LINE] for line in plain]


def is_denial(stderr: str) -> bool:
    """Whether asking in another way would only be one more failed login."""
    return any(words in stderr for words in _DENIED)


def failure_of(
    url: GitUrl, stderr: str, *, login: GitLogin | None, is_offline: bool = False
) -> GitDenied | GitFailed | GitOffline:
    """Return the error that git's words amount to; `stderr` is scrubbed already."""
    said = "\n".join(["git says:", *last_lines(stderr)])
    transport = _FORBIDDEN_TRANSPORT.search(stderr)
    if transport is not None and is_offline:
        return GitOffline(
            f"{url} is not in the cache, or not all of it", why="--offline is set"
        )
    if transport is not None:
        return GitFailed(
            f"cannot fetch {url}: git is not to use {transport[1]}:// for it",
            why=said,
            fix="if that is what you want, name all transports that git may use in "
            "GIT_ALLOW_PROTOCOL, as in https:ssh:file",
        )
    if _FOREIGN_HOST_KEY in stderr:
        return GitFailed(
            f"cannot fetch {url}: ssh does not know the host {url.repository.host}",
            why=said,
            fix=f"connect once by hand, `ssh {_ssh_target(url)}`, and compare the key",
        )
    if is_denial(stderr):
        return GitDenied(
            f"git is refused by {url.repository.text}",
            why=f"{_evidence(url, login)}\n{said}",
            fix=_how_to_give(url, login),
        )
    if any(words in stderr for words in _HIDDEN):
        return GitFailed(
            f"cannot fetch {url}: there is no such repository, or not for you",
            why=f"{_evidence(url, login)}\n{said}",
            fix=f"if the address is right, {_how_to_give(url, login)}",
        )
    return GitFailed(f"cannot fetch {url}", why=said)


def reference_missing(url: GitUrl) -> ReferenceNotFound:
    """Say that a repository has no such reference."""
    repository = url.repository.text
    if url.reference is None:
        return ReferenceNotFound(
            f"{repository} has no default branch",
            why="it is empty, or its HEAD names a branch that is not there",
            fix="name a branch, tag or commit: git+…@NAME",
        )
    return ReferenceNotFound(
        f"{repository} has no {url.reference}",
        why="it is none of its branches and tags, nor a commit that can be fetched",
        fix=f"see what there is: `git ls-remote {repository}`",
    )


def not_here(url: GitUrl) -> GitOffline:
    """Say that only the network could help."""
    return GitOffline(
        f"{url} is not in the cache",
        why="--offline is set, and no run before has fetched it",
    )


def _evidence(url: GitUrl, login: GitLogin | None) -> str:
    if url.repository.scheme == "ssh":
        return "ssh asked nobody; it offered the keys that it has"
    if login is None:
        return "the URL brings no login, so git asked its own credential helpers"
    if login.secret is None:
        return f"git asked its own credential helpers, not netrc, for {login.username}"
    return "git was given the login of the URL, for that host only"


def _how_to_give(url: GitUrl, login: GitLogin | None) -> str:
    if url.repository.scheme == "ssh":
        return f"give ssh a key that the host knows, and try `ssh {_ssh_target(url)}`"
    if url.repository.scheme == "file":
        return "look at the permissions of that folder"
    if login is not None and login.secret is not None:
        return "correct the login, or leave it out and let git ask its own helpers"
    return (
        "let git have a credential of its own: by a credential helper, by "
        "url.<base>.insteadOf, or by git+ssh:// (logins of indexes are not used for "
        f"git); `git ls-remote {url.repository.text}` shows whether it has one"
    )


def _ssh_target(url: GitUrl) -> str:
    userinfo = url.repository.userinfo
    at = f"{userinfo.username}@" if userinfo and userinfo.username else ""
    return f"{at}{url.repository.host}"
