"""What the user gave to be built: brought to this machine, and named.

For: turning an archive, a folder or a commit into a tree whose name and version are
known.
Does not know: how a tree is built, how git is asked, who wants wheels.
Shape: `take(resources, url)` -> `Given`, kept in `Sources.given` under the project's
name; `name_sources` does so for all lines that tell no name.
"""

from __future__ import annotations

import os

from admit.build.tree import Tree
from admit.config.choice import check_hashed, policy_of
from admit.errors import AdmitError, IntegrityError, UsageError
from admit.resolve.finder import Direct
from admit.resolve.proven import hash_file
from admit.resolve.sources import Given, GivenFiles
from admit.source.archive import unpack_source
from admit.source.git import with_variables
from admit.source.tree import find_project
from admit.spec.direct_url import ArchiveInfo, DirectUrl, DirInfo, direct_url_of_git
from admit.spec.record import Digest
from admit.spec.requirement import Requirement
from admit.spec.url import path_of, percent_encode
from admit.spec.vcs import is_vcs_url, parse_fragment, parse_vcs_url
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.config.requirements import SourceLine, Wanted
    from admit.index.listing import Listing
    from admit.index.simple import Entry
    from admit.resolve.sources import Hashes
    from admit.session.resources import Resources
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.tags import Target
    from admit.spec.url import Url
    from admit.spec.vcs import Fragment

_SECURE = ("sha256", "sha384", "sha512")


class WrongProject(IntegrityError):
    """A source is of another project than the requirement says."""

    code = "wrong-project"


def name_sources(resources: Resources, wanted: Wanted) -> Wanted:
    """Find out which projects those sources are that do not say it.

    Raises:
        AdmitError: one cannot be had or built.
    """
    requirements, origins = [*wanted.requirements], [*wanted.origins]
    hashes = dict(wanted.hashes)
    markers = resources.target.environment
    lines = [
        line
        for line in wanted.sources
        if line.marker is None or line.marker.evaluate(markers)
    ]
    if resources.settings.flag("require_hashes"):
        check_hashed(lines)
    for line in lines:
        requirement = _name(resources, line)
        requirements.append(requirement)
        origins.append(line.origin)
        if line.hashes:
            hashes[requirement.text] = line.hashes
    return replace(
        wanted,
        requirements=tuple(requirements),
        origins=tuple(origins),
        hashes=hashes,
        sources=(),
    )


def _name(resources: Resources, line: SourceLine) -> Requirement:
    try:
        ignores = resources.settings.flag("no_verify_hashes")
        hashes = None if ignores else line.hashes or None
        _, metadata = take(
            *(resources, line.url, line.name, hashes),
            is_editable=line.is_editable,
        )
    except AdmitError as error:
        where = f"it stands in {line.where}"
        if line.where != "the command line":
            error.why = f"{error.why}\n{where}" if error.why else where
        raise
    extras = f"[{','.join(line.extras)}]" if line.extras else ""
    marker = f" ; {line.marker.text}" if line.marker is not None else ""
    # A path stays as it was typed: that is how `compile` writes it.
    text = line.typed or f"{metadata.name}{extras} @ {line.url.text}{marker}"
    return Requirement(
        metadata.name,
        extras=line.extras,
        url=line.url,
        marker=line.marker,
        text=text,
    )


def open_given(
    resources: Resources,
    url: Url,
    name: NormalizedName,
    target: Target,
    hashes: Hashes = None,
) -> Direct:
    """Return the project of one version that a given source is.

    Raises:
        AdmitError: see `take`.
    """
    from admit.index.choose import choose_candidates
    from admit.index.simple import ProjectPage
    from admit.spec.url import parse_url

    given, metadata = take(resources, url, name, hashes)
    info = given.origin.info
    place = given.origin.url
    if not isinstance(info, ArchiveInfo):
        # What git takes for a URL need not be one that a page could name.
        place = parse_url(f"file://{percent_encode(given.tree.folder, safe='/')}")
    entry: Entry = {
        "filename": f"{name.replace('-', '_')}-{metadata.version}.tar.gz",
        "url": place.text,
    }
    if isinstance(info, ArchiveInfo):
        entry["hashes"] = {each.algorithm: each.hex for each in info.digests}
    if metadata.requires_python is not None:
        entry["requires-python"] = metadata.requires_python.text
    page = ProjectPage(name, place, (entry,))
    listing = choose_candidates(page, name, target, page_url=place)
    note_given(resources, given.url, listing)
    is_fetched = isinstance(info, ArchiveInfo) and url.scheme != "file"
    source = resources.source_for(url) if is_fetched else None
    return Direct(listing, GivenFiles(given, source), given.origin)


def note_given(resources: Resources, url: Url, listing: Listing) -> None:
    """Let the candidate of a listing stand for what was taken from a URL, if it was."""
    sources, built = resources.sources, listing.with_sources()
    given = sources.given.get(listing.project)
    if given is not None and given.url.text == url.text and built.versions:
        sources.given_urls.add(built.candidate(0).url.text)


def take(
    resources: Resources,
    url: Url,
    name: NormalizedName | None = None,
    hashes: Hashes = None,
    *,
    is_editable: bool = False,
) -> tuple[Given, Metadata]:
    """Bring a source that the user gave to this machine, and see what it is.

    Args:
        resources: of the run.
        url: where it is.
        name: what the requirement calls it; None if only the source tells.
        hashes: one of these it must have, before anything of it is run.
        is_editable: whether it is to be edited in place.

    Raises:
        WrongProject: it is another project.
        HashMismatch: it is not the file that was meant.
        AdmitError: it cannot be had or built.
    """
    _check_allowed(resources, url, name)
    sources = resources.sources
    known = sources.given.get(name or "")
    if known is not None and known.url.text == url.text:
        known.check(hashes)
        return known, sources.describe(known)
    given = _bring(resources, url, is_editable=is_editable)
    given.check(hashes)
    metadata = sources.describe(given)
    if name is not None and metadata.name != name:
        raise WrongProject(
            f"{url.text} is not {name}",
            why=f"by its own metadata it is {metadata.name} {metadata.version}",
            fix=f"write {metadata.name} @ {url.text}",
        )
    given = replace(given, tree=replace(given.tree, name=metadata.name))
    other = sources.given.get(metadata.name)
    if other is not None and not _is_same_place(given, other):
        from admit.session.direct import TwoPlaces

        raise TwoPlaces(metadata.name, other.url.text, given.url.text)
    if other is None or given.is_editable:
        sources.given[metadata.name] = given
        return given, metadata
    return other, metadata


def _is_same_place(given: Given, other: Given) -> bool:
    """Whether two lead to the same tree, editable or not."""
    if given.content is not None:
        return given.content == other.content
    return given.tree.folder == other.tree.folder


def _check_allowed(resources: Resources, url: Url, name: NormalizedName | None) -> None:
    """Raise where nothing may be built: even its metadata may take a build."""
    forms = policy_of(resources.settings).forms(name or "")
    if not forms.sources:
        raise UsageError(
            f"{url.text} would have to be built",
            why=forms.why_no_sources,
            fix="leave --no-build or --only-binary away for it",
        )


def _bring(resources: Resources, url: Url, *, is_editable: bool) -> Given:
    """Get the tree of a source that was given."""
    if is_vcs_url(url):
        return _check_out(resources, url, is_editable=is_editable)
    fragment = parse_fragment(url)
    plain = url.without_userinfo().without_fragment()
    if url.scheme == "file":
        path = path_of(url)
        if os.path.isdir(path):
            tree = Tree(find_project(path, fragment.subdirectory), path, place=plain)
            origin = DirectUrl(plain, DirInfo(is_editable), fragment.subdirectory)
            return Given(url, tree, origin, is_editable=is_editable)
    else:
        path = _download(resources, url, fragment)
    if is_editable:
        raise UsageError(
            f"{plain.text} cannot be installed editable",
            why="what is edited is a folder, and this is a file",
        )
    _check_digests(path, fragment, plain)
    digests = tuple(Digest(each, _hash_of(path, each)) for each in _SECURE)
    folder = resources.cache.scratch_folder()
    top = unpack_source(path, f"{folder}/tree")
    folder = find_project(top, fragment.subdirectory)
    tree = Tree(folder, plain.text, is_sdist=True, place=plain)
    origin = DirectUrl(plain, ArchiveInfo(digests[:1]), fragment.subdirectory)
    content = f"{digests[0].hex}#{fragment.subdirectory or ''}"
    return Given(url, tree, origin, content, digests=digests)


def _download(resources: Resources, url: Url, fragment: Fragment) -> str:
    """Fetch an archive by its URL; return its path."""
    from admit.index.listing import Candidate
    from admit.index.simple import File
    from admit.spec.names import normalize_name
    from admit.spec.version import parse_version

    link = url.without_userinfo().without_fragment()
    hashes = tuple((each.algorithm, each.hex) for each in fragment.digests)
    listener = resources.listener
    # Name and version are not known yet, and nobody asks for them on this way.
    file = File(link.filename or "source", link.text, hashes)
    candidate = Candidate(normalize_name("unknown"), parse_version("0"), file, link)
    index = resources.index_for(url, resources.target)

    def progress(received: int, size: int) -> None:
        listener.transferring(file.filename, received, size)

    done = index.download(candidate, on_progress=progress).result()
    listener.transferred(file.filename)
    return done.path


def _check_out(resources: Resources, url: Url, *, is_editable: bool) -> Given:
    """Get the tree of a commit."""
    asked = with_variables(parse_vcs_url(url), resources.settings.environ)
    if is_editable:
        raise UsageError(
            f"{asked} cannot be installed editable",
            why="what is edited is a folder of this machine",
        )
    store = resources.git
    commit = store.find_commit(asked)
    folder = resources.cache.scratch_folder()
    top = store.checkout(asked, commit, f"{folder}/tree")
    folder = find_project(top, asked.subdirectory)
    tree = Tree(folder, str(asked), place=url.without_userinfo())
    place = asked.subdirectory or ""
    content = f"{asked.repository.key}@{commit}#{place}"
    return Given(url, tree, direct_url_of_git(asked, commit), content)


def _check_digests(path: str, fragment: Fragment, url: Url) -> None:
    """Raise HashMismatch unless an archive has every hash that its URL states."""
    from admit.index.files import HashMismatch

    for each in fragment.digests:
        found = _hash_of(path, each.algorithm)
        if found != each.hex:
            raise HashMismatch(
                f"{url.text} does not have the hash that its URL states",
                why=f"expected {each}, got {found}",
                fix="correct the hash if you trust the file",
            )


def _hash_of(path: str, algorithm: str) -> str:
    try:
        return hash_file(path, algorithm)
    except OSError as error:
        raise UsageError(
            f"cannot read {path}", why=(error.strerror or "unreadable").lower()
        ) from error
