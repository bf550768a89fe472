"""URLs of source: a commit of a git repository, or an archive that holds a tree.

For: `git+https://host/org/repo.git@ref#subdirectory=…`, and what a fragment says of an
archive.
Does not know: git itself, `${VAR}` (the userinfo keeps it as typed).
Shape: `Url` -> `GitUrl`; `Url` -> `Fragment`. What git would take for an option, or
refuses as a name, is refused here.
Spec: direct URLs (PEP 610), git-check-ref-format(1); pip's reference documentation,
"VCS support".
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.record import InvalidDigest, parse_digest
from admit.spec.url import Origin, Url, percent_decode, percent_encode
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest

_TRANSPORTS = ("https", "http", "ssh", "file")
_OTHERS = ("hg", "svn", "bzr")
_REFUSED_MARKS = frozenset(" ~^:?*[\\")
_HASHES = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b")
_FULL = 40
_SHORTEST = 7


class InvalidVcsUrl(InputError):
    """A URL does not name a commit of a git repository, or not safely."""

    code = "invalid-vcs-url"


@value
class Fragment:
    """What stands behind the `#` of a direct URL."""

    subdirectory: str | None = None
    """Where the project is in the tree: relative, with slashes, without `..`."""
    egg: str | None = None
    """The name (and extras) of old: `#egg=widget[tls]`."""
    digests: tuple[Digest, ...] = ()
    """Of the archive, in the order typed."""


@value
class GitUrl:
    """A commit of a git repository, as it was asked for."""

    repository: Url
    """What git is to fetch from: https, http, ssh or file; userinfo as typed."""
    reference: str | None = None
    """A branch, a tag, a commit, or `refs/…`; None for the default branch."""
    subdirectory: str | None = None
    egg: str | None = None

    @property
    def full_commit(self) -> str | None:
        """The reference, lower case, if it is a whole commit id and no name."""
        reference = self.reference or ""
        is_full = len(reference) == _FULL and _is_hex(reference)
        return reference.lower() if is_full else None

    @property
    def may_be_short_commit(self) -> bool:
        """Whether the reference may be the beginning of a commit id."""
        reference = self.reference or ""
        return _SHORTEST <= len(reference) < _FULL and _is_hex(reference)

    def __str__(self) -> str:
        """The repository and what of it, without userinfo: for messages."""
        at = f"@{self.reference}" if self.reference else ""
        return f"{self.repository.text}{at}"


def is_vcs_url(url: Url) -> bool:
    """Whether a URL names a version control system: `git+https` and the like."""
    return "+" in url.scheme or url.scheme in ("git", "ssh")


def is_file_of(url: Url, name: NormalizedName) -> bool:
    """Whether a URL leads to a file that says which release of a project it is."""
    from admit.spec.tags import parse_sdist_filename

    if is_vcs_url(url) or "subdirectory=" in url.fragment:
        return False
    if url.filename.endswith(".whl"):
        return True
    try:
        parse_sdist_filename(url.filename, name)
    except InputError:
        return False
    return True


def parse_vcs_url(url: Url) -> GitUrl:
    """Read a `git+…` URL.

    Raises:
        InvalidVcsUrl: another system, another transport, or something that git would
            misunderstand.
    """
    transport = _find_transport(url)
    path, at, typed = url.path.rpartition("@")
    if not at:
        path, typed = url.path, ""
    elif not typed:
        raise InvalidVcsUrl(
            f"nothing stands behind the @ of {url}",
            fix="name a branch, tag or commit there, or leave the @ out",
        )
    if not path.strip("/"):
        raise InvalidVcsUrl(f"no repository is named in {url}")
    _check_place(url, transport, path)
    query = f"?{url.query}" if url.query else ""
    host = url.text.partition("://")[2].partition("/")[0]
    origin = Origin(transport, url.host, url.origin.port)
    repository = Url(f"{transport}://{host}{path}{query}", origin, url.userinfo)
    fragment = parse_fragment(url)
    reference = percent_decode(typed) if at else None
    if reference is not None:
        _check_reference(reference, url)
    return GitUrl(repository, reference, fragment.subdirectory, fragment.egg)


def parse_fragment(url: Url) -> Fragment:
    """Read the fragment of a direct URL; keys that nobody knows are passed over.

    Raises:
        InvalidVcsUrl: the subdirectory leads out of the tree.
        InvalidDigest: a hash is none.
    """
    found: dict[str, str] = {}
    digests: list[Digest] = []
    for part in url.fragment.split("&"):
        key, equals, text = part.partition("=")
        if not equals or not text:
            continue
        if key in _HASHES:
            digests.append(_parse_digest(key, text, url))
        elif key in ("subdirectory", "egg"):
            if key in found:
                raise InvalidVcsUrl(f"#{key}= stands twice in {url}")
            found[key] = percent_decode(text)
    subdirectory = found.get("subdirectory")
    if subdirectory is not None:
        subdirectory = _check_subdirectory(subdirectory, url)
    return Fragment(subdirectory or None, found.get("egg"), tuple(digests))


def format_fragment(subdirectory: str | None) -> str:
    """Write the fragment that `parse_fragment` reads; "" if there is nothing."""
    if subdirectory is None:
        return ""
    return f"#subdirectory={percent_encode(subdirectory, safe='/')}"


def _find_transport(url: Url) -> str:
    system, plus, transport = url.scheme.partition("+")
    if system in _OTHERS:
        raise InvalidVcsUrl(
            f"cannot install from {url}",
            why=f"admit fetches source with git only, not with {system}",
            fix="install from an archive of the tree, or from a git mirror of it",
        )
    if not plus and system in ("ssh", "git"):
        raise InvalidVcsUrl(
            f"cannot install from {url}",
            why=f"{system}:// alone does not say what is there",
            fix=f"write git+{'ssh' if system == 'ssh' else 'https'}://…",
        )
    if system == "git" and transport == "git":
        raise InvalidVcsUrl(
            f"cannot install from {url}",
            why="git:// neither encrypts nor knows who answers",
            fix="write git+https://… or git+ssh://…",
        )
    if system != "git" or transport not in _TRANSPORTS:
        known = ", ".join(f"git+{each}://" for each in _TRANSPORTS)
        raise InvalidVcsUrl(
            f"not the URL of a repository: {url}", why=f"known: {known}"
        )
    return transport


def _check_place(url: Url, transport: str, path: str) -> None:
    """Refuse hosts, user names and paths that a program could take for an option."""
    username = url.userinfo.username if url.userinfo else ""
    if url.host.startswith("-") or (transport == "ssh" and username.startswith("-")):
        raise InvalidVcsUrl(f"a host or user name begins with '-' in {url}")
    if transport == "file" and url.host not in ("", "localhost"):
        raise InvalidVcsUrl(
            f"{url} names another machine", fix="write git+file:///PATH"
        )
    if _has_control(percent_decode(path)):
        raise InvalidVcsUrl(f"the path of {url} holds a control character")
    if transport == "ssh" and url.userinfo and url.userinfo.password:
        raise InvalidVcsUrl(
            f"the password in {url} would be of no use",
            why="ssh takes no password from a URL",
            fix="leave it out, and give ssh a key (ssh-agent, ~/.ssh/config)",
        )


def _check_reference(reference: str, url: Url) -> None:
    """Refuse what is no name in git, or an option.

    Spec: git-check-ref-format(1), rules 1 and 3 to 10.
    """
    parts = reference.split("/")
    is_bad = (
        reference.startswith("-")
        or reference == "@"
        or _has_control(reference)
        or any(mark in _REFUSED_MARKS for mark in reference)
        or ".." in reference
        or "@{" in reference
        or reference.endswith(".")
        or any(
            not part or part.startswith(".") or part.endswith(".lock") for part in parts
        )
    )
    if is_bad:
        raise InvalidVcsUrl(
            f"not a branch, tag or commit: {reference!r}",
            why=f"git has no such names (git-check-ref-format); it stands in {url}",
        )


def _check_subdirectory(text: str, url: Url) -> str:
    parts = [part for part in text.split("/") if part not in ("", ".")]
    is_bad = (
        text.startswith("/")
        or ".." in parts
        or "\\" in text
        or text[1:2] == ":"
        or _has_control(text)
    )
    if is_bad:
        raise InvalidVcsUrl(
            f"not a folder of the tree: {text!r}",
            why=f"#subdirectory= in {url} has to be relative, without '..'",
        )
    return "/".join(parts)


def _parse_digest(key: str, text: str, url: Url) -> Digest:
    try:
        return parse_digest(f"{key}={text}")
    except InvalidDigest as error:
        raise InvalidDigest(f"{error.what} in {url}", why=error.why) from None


def _has_control(text: str) -> bool:
    return any(mark < " " or mark == "\x7f" for mark in text)


def _is_hex(text: str) -> bool:
    return bool(text) and not text.strip("0123456789abcdefABCDEF")
