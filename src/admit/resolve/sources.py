"""Releases that have to be built: their metadata, and the wheels made of them.

For: the provider, which asks for metadata, and `install.prepare`, which wants wheels.
The source distribution of an index and what the user gave (an archive, a folder, a
commit) are asked for alike.
Does not know: how a tree is built (`build`), where archives are (`Files`), who installs
what a build needs.
Shape: `expect` asks for an archive early and runs nothing. `metadata` and `wheel` wait,
and may run the project's code, so they are called for what was decided, never for a
guess. What was made of an archive or a commit is kept by its content and by what it was
made for; a folder may change, and is built anew in every run.
"""

from __future__ import annotations

from admit.build.backend import BuildFailed
from admit.build.builder import DoesNotFit
from admit.errors import IntegrityError, UsageError
from admit.index.digest import decode_metadata, encode_metadata
from admit.index.files import HashMismatch
from admit.install.kept import unpack_kept
from admit.install.wheel import read_unpacked
from admit.net.future import settled
from admit.resolve.policy import is_only_capped
from admit.resolve.proven import hash_file, is_proven, verify_file
from admit.spec.direct_url import ArchiveInfo
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from admit.auth.scope import Source
    from admit.build.builder import Builder
    from admit.build.tree import Tree
    from admit.cache.store import Cache
    from admit.errors import AdmitError
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate
    from admit.install.listing import UnpackedWheel
    from admit.net.future import Future
    from admit.resolve.finder import Files, Found
    from admit.spec.direct_url import DirectUrl
    from admit.spec.metadata import Metadata
    from admit.spec.record import Digest
    from admit.spec.url import Url

    OnProgress = Callable[[str, int, int], None]
    Hashes = Sequence[Digest] | None


@value
class Given:
    """A source that the user gave."""

    url: Url
    """As it was asked for."""
    tree: Tree
    origin: DirectUrl
    """What direct_url.json is to say."""
    content: str | None = None
    """Names what is in the tree: the sha256 of an archive, a commit of a repository;
    None for a folder, of which nobody knows."""
    is_editable: bool = False
    digests: tuple[Digest, ...] = ()
    """Of the archive; only files have any."""

    def check(self, hashes: Hashes) -> None:
        """Compare an archive with what the user says, before anything of it is run.

        Raises:
            HashMismatch: it has none of these hashes.
            HashNotPossible: it is a folder or a commit.
        """
        if hashes is None or not set(self.digests).isdisjoint(hashes):
            return
        if not self.digests:
            raise HashNotPossible(
                f"the hash given for {self.url.text} says nothing",
                why="only files have hashes, and this is a folder or a commit",
                fix="give an archive of it, or leave --hash away",
            )
        raise HashMismatch(
            f"{self.url.text} does not have the hash that is given for it",
            why=f"expected {' or '.join(map(str, hashes))}, got {self.digests[0]}",
            fix="correct the hash if you trust the file",
        )


class Sources:
    """What has to be built in one run, for one Python."""

    def __init__(
        self,
        builder: Builder,
        cache: Cache,
        *,
        made_for: str | None,
        on_progress: OnProgress,
        on_fetched: Callable[[str], None],
        on_built: Callable[[str], None],
    ) -> None:
        """Set up; nothing is built before it is asked for.

        Args:
            builder: makes wheels.
            cache: keeps them.
            made_for: names all that a wheel depends on besides its source; None if
                nobody can tell, so that nothing is kept for another run.
            on_progress: is told of archives on their way.
            on_fetched: is told which archive has arrived.
            on_built: is told what a wheel was made of.
        """
        self._builder = builder
        self._cache = cache
        self._made_for = made_for
        self._on_progress = on_progress
        self._on_fetched = on_fetched
        self._on_built = on_built
        self._arriving: dict[str, Future[Downloaded]] = {}
        self._trees: dict[str, Tree] = {}
        self._built: dict[str, str] = {}
        """The sha256 of what was built in this run, by key."""
        self.given: dict[str, Given] = {}
        """What the user gave, by the name of the project."""
        self.given_urls: set[str] = set()
        """Of the candidates that stand for these: an index may have the same project,
        and builds want what it has."""

    def expect(self, files: Files, candidate: Candidate) -> None:
        """Ask for an archive that may be wanted soon, unless that is of no use."""
        if self._given_of(candidate) is None and self._recall(candidate) is None:
            self._fetch(files, candidate)

    def prove(self, files: Files, candidate: Candidate) -> None:
        """Have the archive of a candidate, so that it is known that it can be had.

        Raises:
            FileRefused: it is listed, and refused.
            AdmitError: it cannot be had.
        """
        self._fetch(files, candidate).result()

    def metadata(
        self, files: Files, candidate: Candidate, hashes: Hashes = None
    ) -> Metadata:
        """Return what a wheel of the candidate would say of itself.

        `hashes`: one of these the archive must have, before anything of it is run.

        Raises:
            AdmitError: it cannot be had or built; see `build.builder`.
        """
        given = self._given_of(candidate)
        if given is not None:
            given.check(hashes)
            return self.describe(given)
        known = self._recall(candidate) if is_proven(candidate, hashes) else None
        if known is not None:
            return known
        tree, content = self._tree(files, candidate, hashes)
        return self._describe(tree, content)

    def describe(self, given: Given) -> Metadata:
        """Return what a wheel of a given source would say of itself.

        Raises:
            AdmitError: it cannot be built; see `build.builder`.
        """
        if given.is_editable:
            return self._builder.editable_metadata(given.tree)
        return self._describe(given.tree, given.content)

    def _describe(self, tree: Tree, content: str | None) -> Metadata:
        if content is None:
            return self._builder.metadata(tree)
        known = self._read_metadata(tree.name, content)
        if known is not None:
            return known
        metadata = self._builder.metadata(tree)
        encoded = encode_metadata(metadata)
        if encoded is not None and self._made_for is not None:
            self._cache.write_metadata(self._key(content), encoded)
        return metadata

    def digest_of(self, candidate: Candidate) -> str | None:
        """Return the sha256 of an archive of which a wheel was made."""
        given = self._given_of(candidate)
        if given is not None:
            return given.digests[0].hex if given.digests else None
        arriving = self._arriving.get(candidate.url.text)
        stated = self._content(candidate)
        return stated or (arriving.result().sha256 if arriving is not None else None)

    def find_wheel(
        self, candidate: Candidate, hashes: Hashes = None
    ) -> UnpackedWheel | None:
        """Return the wheel of a candidate if it was built before, and is kept."""
        given = self._given_of(candidate)
        if given is not None and given.is_editable:
            return None
        if given is not None:
            given.check(hashes)
        content = self._content(candidate)
        if not content or (given is None and not is_proven(candidate, hashes)):
            return None
        key = self._key(content)
        sha256 = self._built.get(key)
        if sha256 is None and self._may_recall(candidate.project):
            sha256 = self._cache.read_built(key)
        wheel = read_unpacked(self._cache.archive_place(sha256)) if sha256 else None
        is_it = wheel is not None and wheel.is_of(candidate.project, candidate.version)
        return wheel if is_it else None

    def wheel(
        self, files: Files, candidate: Candidate, hashes: Hashes = None
    ) -> UnpackedWheel:
        """Build the wheel of a candidate, unless it is kept, and unpack it.

        Raises:
            AdmitError: it cannot be had or built; see `build.builder`.
        """
        known = self.find_wheel(candidate, hashes)
        if known is not None:
            return known
        folder = self._cache.scratch_folder()
        given = self._given_of(candidate)
        release = f"{candidate.project} {candidate.version}"
        if given is not None and given.is_editable:
            path = self._builder.editable(given.tree, folder)
            self._on_built(f"{release} from {given.tree.shown}, editable")
            return self._unpack(path)[0]
        tree, content = self._tree(files, candidate, hashes)
        path = self._builder.wheel(tree, folder)
        self._check_python(tree, release)
        self._on_built(f"{release} from {tree.shown}")
        wheel, sha256 = self._unpack(path)
        if content is not None:
            key = self._key(content)
            self._built[key] = sha256
            if self._made_for is not None:
                self._cache.write_built(key, sha256)
        return wheel

    def _check_python(self, tree: Tree, release: str) -> None:
        """Refuse what does not run here; without dependencies nobody has asked yet."""
        python = self._builder.python
        needed = self._builder.metadata(tree).requires_python
        if needed is None or needed.contains(python):
            return
        if not is_only_capped(needed.text, python):
            raise DoesNotFit(
                f"{release} does not run on this Python",
                why=f"it says Requires-Python: {needed}, and this is {python}",
                fix="ask for another version, or name another Python (--python)",
            )

    def advise(self, error: AdmitError, found: Found) -> None:
        """Name in a build's failure a version that has a wheel, if there is one."""
        if not isinstance(error, BuildFailed):
            return
        listing = found.listing
        for index in reversed(range(len(listing.versions))):
            candidate = listing.candidate(index)
            if not candidate.is_source:
                version, name = candidate.version, candidate.project
                advice = (
                    f"if {version} will do, which has a wheel: --only-binary {name}"
                )
                error.fix = f"{error.fix}\n{advice}" if error.fix else advice
                return

    def close(self) -> None:
        """Remove what was made on the way."""
        self._builder.close()

    def _given_of(self, candidate: Candidate) -> Given | None:
        given, url = self.given.get(candidate.project), candidate.url.text
        if given is None or url in self.given_urls or url == given.origin.url.text:
            return given
        return None

    def _recall(self, candidate: Candidate) -> Metadata | None:
        given = self._given_of(candidate)
        content = self._content(candidate)
        if not content or (given is not None and given.is_editable):
            return None
        known = self._read_metadata(candidate.project, content)
        release = candidate.project, candidate.version
        # A page may state the hash of somebody else's file: then it is looked at.
        is_it = known is not None and (known.name, known.version) == release
        return known if is_it else None

    def _read_metadata(self, project: str | None, content: str) -> Metadata | None:
        """Return what an earlier run was told, unless it is to be asked for anew."""
        if not self._may_recall(project or ""):
            return None
        encoded = self._cache.read_metadata(self._key(content))
        return decode_metadata(encoded) if encoded is not None else None

    def _may_recall(self, project: str) -> bool:
        """Whether what an earlier run made may be had."""
        return self._made_for is not None and self._cache.may_trust(project)

    def _content(self, candidate: Candidate) -> str | None:
        """Return the name of a candidate's content, as far as it is known unseen."""
        given = self._given_of(candidate)
        if given is not None:
            return given.content
        return dict(candidate.file.hashes).get("sha256")

    def _key(self, content: str) -> str:
        import hashlib

        return hashlib.sha256(f"{content}\n{self._made_for}".encode()).hexdigest()

    def _fetch(self, files: Files, candidate: Candidate) -> Future[Downloaded]:
        key = candidate.url.text
        arriving = self._arriving.get(key)
        if arriving is None:
            filename = candidate.file.filename

            def progress(received: int, size: int) -> None:
                self._on_progress(filename, received, size)

            def told(done: Downloaded) -> Downloaded:
                self._on_fetched(filename)
                return done

            arriving = files.download(candidate, on_progress=progress).then(told)
            self._arriving[key] = arriving
        return arriving

    def _tree(
        self, files: Files, candidate: Candidate, hashes: Hashes
    ) -> tuple[Tree, str | None]:
        """Return the tree of a candidate, and the name of its content, if any."""
        given = self._given_of(candidate)
        if given is not None:
            given.check(hashes)
            return given.tree, given.content
        archive = self._fetch(files, candidate).result()
        if not is_proven(candidate, hashes):
            verify_file(candidate, hashes or (), archive, self._cache)
        tree = self._trees.get(candidate.url.text)
        if tree is None:
            tree = self._unpack_source(archive.path, candidate)
            self._trees[candidate.url.text] = tree
        return tree, archive.sha256

    def _unpack_source(self, path: str, candidate: Candidate) -> Tree:
        """Unpack an archive, which stays: `admit download` wants it too."""
        from admit.build.tree import Tree
        from admit.source.archive import unpack_source

        folder = self._cache.scratch_folder()
        return Tree(
            unpack_source(path, f"{folder}/tree"),
            candidate.file.filename,
            candidate.project,
            candidate.version,
            is_sdist=True,
        )

    def _unpack(self, path: str) -> tuple[UnpackedWheel, str]:
        """Unpack a wheel that was built; return it, and its sha256."""
        sha256 = hash_file(path, "sha256")
        place = self._cache.archive_place(sha256)
        try:
            return unpack_kept(path, sha256, place, self._cache), sha256
        finally:
            self._cache.discard(path)


class HashNotPossible(IntegrityError):
    """A hash is given for what is no file."""

    code = "hash-not-possible"


class GivenFiles:
    """What stands for the files of a source that is no distribution file."""

    def __init__(self, given: Given, source: Source | None) -> None:
        """`source`: where it was fetched from; None for a folder or by git."""
        self._given = given
        self._source = source

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Nobody asks here: `Sources.metadata` tells."""
        raise self._refuse(candidate)

    def must_prove(self, candidate: Candidate) -> bool:  # noqa: ARG002  # see Files
        """Its tree is here already."""
        return False

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        """Nobody asks: see `must_prove`."""
        raise self._refuse(candidate)

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,  # noqa: ARG002  # see Files
        on_progress: Callable[[int, int], None] | None = None,  # noqa: ARG002
    ) -> Future[Downloaded]:
        """Raise: there is no file that could be saved."""
        raise self._refuse(candidate)

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:  # noqa: ARG002
        """Return the digests of the archive; folders and commits have none."""
        info = self._given.origin.info
        return settled(info.digests if isinstance(info, ArchiveInfo) else ())

    def source_of(self, candidate: Candidate) -> Source | None:  # noqa: ARG002  # see Files
        """Return the source that the archive was fetched from."""
        return self._source

    def _refuse(self, candidate: Candidate) -> NoFileToSave:
        return NoFileToSave(
            f"{candidate.project} cannot be saved as a file",
            why=f"it is the source {self._given.url.text}",
            fix="leave it out, or build a wheel of it",
        )


class NoFileToSave(UsageError):
    """A folder or a commit is not a distribution file."""

    code = "no-file-to-save"
