"""direct_url.json: where a distribution that came from no index came from.

For: writing it, reading what any installer wrote, and asking for the same again.
Does not know: files, git, how a tree was built.
Shape: `DirectUrl` <-> text; a `Url` and one of `ArchiveInfo`, `DirInfo`, `VcsInfo`.
Nothing of the userinfo is ever written, but for the `git` of ssh, which is no secret.
Spec: recording the direct URL origin (PEP 610, and its `hashes` of 2022).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.record import Digest, InvalidDigest, parse_digest
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import format_fragment, is_vcs_url, parse_fragment, parse_vcs_url
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.url import Url
    from admit.spec.vcs import GitUrl

    Info = "ArchiveInfo | DirInfo | VcsInfo"


class InvalidDirectUrl(InputError):
    """A text is not a direct_url.json."""

    code = "invalid-direct-url"


@value
class ArchiveInfo:
    """It came from a file: a wheel, or an archive that was built."""

    digests: tuple[Digest, ...] = ()


@value
class DirInfo:
    """It came from a folder of this machine."""

    is_editable: bool = False


@value
class VcsInfo:
    """It came from a repository."""

    vcs: str
    """"git", or what other installers know."""
    commit_id: str
    requested_revision: str | None = None
    """The branch, tag or commit as it was asked for."""


@value
class DirectUrl:
    """What direct_url.json says."""

    url: Url
    """Of the archive, the folder or the repository (without `git+`)."""
    info: ArchiveInfo | DirInfo | VcsInfo
    subdirectory: str | None = None

    @property
    def shown(self) -> str:
        """The URL as it may be written anywhere."""
        userinfo = self.url.userinfo
        if self.url.scheme == "ssh" and userinfo and userinfo.username == "git":
            head, mark, rest = self.url.text.partition("://")
            return f"{head}{mark}git@{rest}"
        return self.url.text

    @property
    def is_editable(self) -> bool:
        return isinstance(self.info, DirInfo) and self.info.is_editable


def direct_url_of_git(url: GitUrl, commit: str) -> DirectUrl:
    """Say that something was built from a commit."""
    info = VcsInfo("git", commit, url.reference)
    return DirectUrl(url.repository, info, url.subdirectory)


def format_direct_url(direct: DirectUrl) -> str:
    """Write the text of direct_url.json."""
    import json

    return json.dumps(describe(direct))


def describe(direct: DirectUrl) -> dict[str, object]:
    """Return what direct_url.json holds."""
    content: dict[str, object] = {"url": direct.shown}
    info = direct.info
    if isinstance(info, VcsInfo):
        described = {"vcs": info.vcs, "commit_id": info.commit_id}
        if info.requested_revision is not None:
            described["requested_revision"] = info.requested_revision
        content["vcs_info"] = described
    elif isinstance(info, DirInfo):
        content["dir_info"] = {"editable": True} if info.is_editable else {}
    else:
        content["archive_info"] = _describe_archive(info)
    if direct.subdirectory is not None:
        content["subdirectory"] = direct.subdirectory
    return content


def parse_direct_url(text: str | bytes) -> DirectUrl:
    """Read direct_url.json.

    Raises:
        InvalidDirectUrl: it breaks the specification.
    """
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidDirectUrl("direct_url.json is not JSON") from None
    if not isinstance(found, dict) or not isinstance(found.get("url"), str):
        raise InvalidDirectUrl("direct_url.json names no URL")
    try:
        url = parse_requirement_url(found["url"]).without_fragment()
    except InputError as error:
        raise InvalidDirectUrl("direct_url.json: " + error.what) from None
    subdirectory = found.get("subdirectory")
    if subdirectory is not None and not isinstance(subdirectory, str):
        raise InvalidDirectUrl("direct_url.json: `subdirectory` is no text")
    return DirectUrl(url, _parse_info(found), subdirectory)


def format_origin(direct: DirectUrl) -> str:
    """Write the URL of a requirement that asks for the same again: that very commit."""
    fragment = format_fragment(direct.subdirectory)
    info = direct.info
    if not isinstance(info, VcsInfo):
        return f"{direct.shown}{fragment}"
    return f"{info.vcs}+{direct.shown}@{info.commit_id}{fragment}"


def is_from(direct: DirectUrl, url: Url) -> bool:
    """Whether something that came from there is what the URL of a requirement asks for.

    A branch counts as met by any commit that it once was, as an installed version meets
    a requirement that a newer one would meet too. A folder may have changed since.
    """
    try:
        if is_vcs_url(url):
            return _is_from_repository(direct, parse_vcs_url(url))
        fragment = parse_fragment(url)
    except InputError:
        return False
    if isinstance(direct.info, VcsInfo | DirInfo):
        return False
    known = {}
    if isinstance(direct.info, ArchiveInfo):
        known = {each.algorithm: each.hex for each in direct.info.digests}
    return (
        direct.url.text == url.without_fragment().text
        and direct.subdirectory == fragment.subdirectory
        and all(
            known.get(each.algorithm, each.hex) == each.hex for each in fragment.digests
        )
    )


def is_same(direct: DirectUrl, other: DirectUrl) -> bool:
    """Whether two were made of the same content; of folders nobody knows."""
    if isinstance(direct.info, DirInfo) or isinstance(other.info, DirInfo):
        return False
    is_same_place = (direct.url.text, direct.subdirectory) == (
        other.url.text,
        other.subdirectory,
    )
    if isinstance(direct.info, VcsInfo) and isinstance(other.info, VcsInfo):
        return is_same_place and direct.info.commit_id == other.info.commit_id
    return is_same_place and direct.info == other.info


def _is_from_repository(direct: DirectUrl, wanted: GitUrl) -> bool:
    info = direct.info
    return (
        isinstance(info, VcsInfo)
        and info.vcs == "git"
        and direct.url.text == wanted.repository.text
        and direct.subdirectory == wanted.subdirectory
        and (
            wanted.reference == info.requested_revision
            or wanted.full_commit == info.commit_id
        )
    )


def _describe_archive(info: ArchiveInfo) -> dict[str, object]:
    """Write the hashes; the first one also in the old place, for old readers."""
    if not info.digests:
        return {}
    hashes = {each.algorithm: each.hex for each in info.digests}
    return {"hash": str(info.digests[0]), "hashes": hashes}


def _parse_info(found: dict[str, object]) -> ArchiveInfo | DirInfo | VcsInfo:
    kinds = [
        key
        for key in ("archive_info", "dir_info", "vcs_info")
        if found.get(key) is not None
    ]
    info = found[kinds[0]] if len(kinds) == 1 else None
    if not isinstance(info, dict):
        raise InvalidDirectUrl(
            "direct_url.json has not one of archive_info, dir_info and vcs_info"
        )
    if kinds == ["dir_info"]:
        return DirInfo(info.get("editable") is True)
    if kinds == ["archive_info"]:
        return ArchiveInfo(_parse_hashes(info))
    vcs, commit = info.get("vcs"), info.get("commit_id")
    revision = info.get("requested_revision")
    if not isinstance(vcs, str) or not isinstance(commit, str):
        raise InvalidDirectUrl("direct_url.json: `vcs_info` names no commit")
    return VcsInfo(vcs, commit, revision if isinstance(revision, str) else None)


def _parse_hashes(info: dict[str, object]) -> tuple[Digest, ...]:
    """Read what is there in the new place or in the old one; what is broken is none."""
    hashes = info.get("hashes")
    texts = (
        [f"{key}={text}" for key, text in hashes.items()]
        if isinstance(hashes, dict)
        else []
    )
    if not texts and isinstance(info.get("hash"), str):
        texts = [str(info["hash"])]
    digests = []
    for text in texts:
        try:
            digests.append(parse_digest(text))
        except InvalidDigest:
            continue
    return tuple(digests)
