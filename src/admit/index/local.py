"""Files on this machine, asked like those of an index.

For: `./dist/x-1.0-py3-none-any.whl` among the requirements, folders of wheels, and
an index that is a tree of folders (`file:///srv/simple/`).
Does not know: networks, caches of metadata.
Shape: the same questions as `index.fetch.Index`; every answer is there at once.
Spec: PEP 503 for the tree: a folder per project, with an `index.html` or with files.
"""

from __future__ import annotations

import os

from admit.auth.scheme import ANONYMOUS
from admit.errors import InputError, IntegrityError, UsageError
from admit.index.fetch import Absent
from admit.index.files import Downloaded, MetadataMismatch
from admit.index.range import NoMetadata, read_metadata_of_file
from admit.index.simple import FILE_SUFFIXES, ProjectPage, is_digest, parse_page
from admit.net.future import Future, settled
from admit.spec.metadata import parse_metadata
from admit.spec.url import path_of, percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from admit.auth.ledger import Standing
    from admit.auth.scope import Source
    from admit.cache.store import Cache
    from admit.index.listing import Candidate, Listing
    from admit.index.simple import Entry
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.tags import Target
    from admit.spec.url import Url

_PIECE = 1 << 20
_PAGES = ("index.html", "index.json")
_KINDS = {True: "application/vnd.pypi.simple.v1+json", False: "text/html"}


class UnreadableFile(IntegrityError):
    """A wheel or page on this machine cannot be read."""

    code = "bad-wheel"


class NoSuchIndex(UsageError):
    """An index that should be a folder is none."""

    code = "no-such-index"


class LocalFiles:
    """Wheels given by path."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return a wheel's metadata, checked against its file name."""
        path = path_of(candidate.url)
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                body = read_metadata_of_file(candidate.project, file, size)
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error
        except NoMetadata as error:
            raise _unreadable(path, error.what) from error
        metadata = parse_metadata(body)
        release = (candidate.project, candidate.version)
        if (metadata.name, metadata.version) != release:
            raise MetadataMismatch(
                f"the wheel {path} holds the metadata of another release",
                why=f"it says {metadata.name} {metadata.version}",
            )
        return settled(metadata)

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,  # noqa: ARG002  # as Index
    ) -> Future[Downloaded]:
        """Return a copy of a wheel, verified against the hashes stated of it."""
        import hashlib

        path = path_of(candidate.url)
        sink = sink or self._cache.scratch(os.path.basename(path))
        stated = [each for each in candidate.file.hashes if is_digest(each[0], each[1])]
        hashers = {"sha256": hashlib.sha256()}
        for algorithm, _ in stated:
            if algorithm not in hashers:
                hashers[algorithm] = hashlib.new(algorithm, usedforsecurity=False)
        size = 0
        try:
            with open(path, "rb") as source, open(sink, "wb") as target:
                while piece := source.read(_PIECE):
                    for hasher in hashers.values():
                        hasher.update(piece)
                    size += target.write(piece)
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error
        for algorithm, expected in stated:
            found = hashers[algorithm].hexdigest()
            if found != expected:
                self._cache.discard(sink)
                raise _unreadable(path, f"expected {algorithm} {expected}, got {found}")
        return settled(Downloaded(sink, hashers["sha256"].hexdigest(), size))

    def must_prove(self, candidate: Candidate) -> bool:  # noqa: ARG002  # see Files
        """Tell whether a file may be refused: nobody does."""
        return False

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        """Return a candidate's metadata."""
        return self.metadata(candidate)

    def source_of(self, candidate: Candidate) -> Source | None:  # noqa: ARG002  # see Files
        """Return the source that listed a candidate: there is none."""
        return None

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        """Return the digest of a wheel, the one file there is."""
        from admit.spec.record import Digest

        def look(done: Downloaded) -> tuple[Digest, ...]:
            self._cache.discard(done.path)
            return (Digest("sha256", done.sha256),)

        return self.download(candidate).then(look)


class FolderIndex:
    """A tree of folders in the layout of the Simple API, asked for one target."""

    was_asked_anonymously = False
    standing: Standing | None = None

    def __init__(self, source: Source, cache: Cache, target: Target) -> None:
        self.source = source
        self._target = target
        self._files = LocalFiles(cache)

    def listing(self, project: NormalizedName) -> Future[Listing | Absent]:
        """Return what the folder of a project offers."""
        from admit.index.choose import choose_candidates

        root = path_of(self.source.url)
        if not os.path.isdir(root):
            raise NoSuchIndex(f"the index {self.source.label} is no folder: {root}")
        folder = os.path.join(root, project)
        url = self.source.url.without_userinfo().with_slash().join(f"{project}/")
        found = [each for each in _PAGES if os.path.isfile(os.path.join(folder, each))]
        if found:
            path = os.path.join(folder, found[0])
            page = read_local_page(path, url.join(found[0]))
        elif os.path.isdir(folder):
            page = ProjectPage(project, url, read_folder(folder))
        else:
            reason = f"was not found in {root}"
            return settled(Absent(project, reason, 404, ANONYMOUS))
        listing = choose_candidates(page, project, self._target, page_url=url)
        return settled(listing.seen_as(f"in {root}"))

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return a candidate's metadata, checked against its file name."""
        return self._files.metadata(_on_this_machine(candidate))

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Future[Downloaded]:
        """Copy a candidate's file and verify it; see `Index.download`."""
        return self._files.download(_on_this_machine(candidate), sink, on_progress)

    def must_prove(self, candidate: Candidate) -> bool:  # noqa: ARG002  # see Files
        """Tell whether a file may be refused: nobody does."""
        return False

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        """Return a candidate's metadata."""
        return self.metadata(candidate)

    def source_of(self, candidate: Candidate) -> Source | None:  # noqa: ARG002  # see Files
        """Return the source that listed a candidate."""
        return self.source

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        """Return the digest of a candidate's file."""
        return self._files.hashes(_on_this_machine(candidate))


def _on_this_machine(candidate: Candidate) -> Candidate:
    if candidate.url.scheme != "file":
        raise InputError(
            f"an index of folders may link to files only, not to {candidate.url.text}"
        )
    return candidate


def read_folder(path: str) -> tuple[Entry, ...]:
    """List the distribution files of a folder, by name; nothing below it."""
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    return tuple(
        {"filename": name, "url": "./" + percent_encode(name)}
        for name in names
        if name.endswith(FILE_SUFFIXES) and os.path.isfile(os.path.join(path, name))
    )


def read_local_page(path: str, url: Url) -> ProjectPage:
    """Read a page of links; JSON if its name says so."""
    try:
        with open(path, "rb") as file:
            body = file.read()
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    return parse_page(body, _KINDS[path.endswith(".json")], url)


def _unreadable(path: str, why: str) -> UnreadableFile:
    noun = "the wheel " if path.endswith(".whl") else ""
    return UnreadableFile(f"cannot use {noun}{path}", why=why)
