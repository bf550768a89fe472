"""An index out of plain values, for the finder and the provider: no network, no disk.

`Shelf({"alpha": ["1.0", Release("2.0", yanked=True)]})` answers as an index does; pages
go through the real choice of files, metadata are what the releases say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from admit.auth.scheme import Credential, Identity
from admit.auth.scope import Source
from admit.config.settings import IndexSettings
from admit.errors import AuthError
from admit.index.choose import choose_candidates
from admit.index.fetch import Absent
from admit.index.refused import FileRefused, Refusal
from admit.index.simple import parse_page
from admit.net.future import Future, settled
from admit.spec.metadata import parse_metadata
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import Secret, parse_url
from support.wheel import metadata_text, wheel_filename

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from admit.auth.ledger import Standing
    from admit.errors import AdmitError
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate, Listing
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest

TARGET = Target(
    {
        "implementation_name": "cpython",
        "implementation_version": "3.12.1",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "6",
        "platform_system": "Linux",
        "platform_version": "1",
        "python_full_version": "3.12.1",
        "python_version": "3.12",
        "sys_platform": "linux",
    },
    ("py3-none-any",),
)
ANONYMOUS = Identity("anonymous", "anonymous")


@dataclass
class Release:
    """One version on a shelf."""

    version: str
    needs: Sequence[str] = ()
    extras: Sequence[str] = ()
    python: str | None = None
    yanked: bool | str = False
    uploaded: str | None = None
    sha256: str | None = None
    """Of the wheel."""
    has_wheel: bool = True
    sdist: str | None = None
    """The sha256 of a source distribution, if there is one."""


@dataclass
class Shelf:
    """An index that holds a few projects, or fails for all of them."""

    projects: Mapping[str, Sequence[str | Release]]
    url: str = "https://pypi.corp.example/simple/"
    error: AdmitError | None = None
    asked: list[str] = field(default_factory=list)
    """Names of the listings that were asked for, in order."""
    expected: list[str] = field(default_factory=list)
    """NAME==VERSION of the archives that were asked for early, in order."""
    read: list[str] = field(default_factory=list)
    """NAME==VERSION of the metadata that was asked for, in order."""
    refuses: Collection[str] = ()
    """NAME==VERSION of files that are listed and refused."""
    was_asked_anonymously: bool = True
    standing: Standing | None = None

    def settings(self, **options: object) -> IndexSettings:
        """How this index is configured."""
        source = Source(parse_url(self.url))
        return IndexSettings(source, "a test", **options)  # type: ignore[arg-type]

    def listing(self, project: NormalizedName) -> Future[Listing | Absent]:
        self.asked.append(project)
        if self.error is not None:
            failed: Future[Listing | Absent] = Future(lambda: None)
            failed.fail(self.error)
            return failed
        releases = self.projects.get(project)
        if releases is None:
            host = self.url.split("/")[2]
            return settled(Absent(project, f"was not found on {host}", 404, ANONYMOUS))
        url = parse_url(f"{self.url}{project}/")
        files = [
            file for each in map(as_release, releases) for file in _files(project, each)
        ]
        body = json.dumps({"files": files, "meta": {}, "name": project}).encode()
        page = parse_page(body, "application/vnd.pypi.simple.v1+json", url)
        listing = choose_candidates(page, project, TARGET, page_url=url)
        return settled(listing.seen_as(f"on {url.host}"))

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        text = candidate.version.text
        self.read.append(f"{candidate.project}=={text}")
        for each in map(as_release, self.projects[candidate.project]):
            if each.version == text:
                body = metadata_text(
                    candidate.project, text, requires=each.needs, extras=each.extras
                )
                return settled(parse_metadata(body.encode()))
        raise AssertionError(f"there is no {candidate.project} {text}")

    def must_prove(self, candidate: Candidate) -> bool:
        return bool(self.refuses)

    def prove(self, candidate: Candidate) -> Future[Metadata]:
        text = f"{candidate.project}=={candidate.version}"
        if text not in self.refuses:
            return self.metadata(candidate)
        self.read.append(text)
        alice = Credential("alice", Secret("s3cret"), "netrc")
        refusal = Refusal(
            *(candidate.project, candidate.version, candidate.file.filename),
            *(Source(parse_url(self.url), name="corp"), alice),
        )
        refused: Future[Metadata] = Future(lambda: None)
        refused.fail(FileRefused(AuthError("cannot read the file"), refusal))
        return refused

    def download(
        self,
        candidate: Candidate,
        sink: str | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Future[Downloaded]:
        raise AssertionError("nothing is downloaded while resolving")

    def source_of(self, candidate: Candidate) -> Source | None:
        return Source(parse_url(self.url))

    def hashes(self, candidate: Candidate) -> Future[tuple[Digest, ...]]:
        raise AssertionError("no hashes are asked for")


@dataclass
class Quarry:
    """What has to be built of a shelf: known without a build, by what releases say."""

    shelf: Shelf

    def expect(self, _files: object, candidate: Candidate) -> None:
        self.shelf.expected.append(f"{candidate.project}=={candidate.version}")

    def metadata(
        self, _files: object, candidate: Candidate, _hashes: object = None
    ) -> Metadata:
        return self.shelf.metadata(candidate).result()


def as_release(each: str | Release) -> Release:
    return each if isinstance(each, Release) else Release(each)


def _files(project: str, release: Release) -> Iterator[dict[str, object]]:
    if release.has_wheel:
        name = wheel_filename(normalize_name(project), release.version)
        yield _file(name, release, release.sha256)
    if release.sdist is not None:
        name = f"{project}-{release.version}.tar.gz"
        yield _file(name, release, release.sdist)


def _file(filename: str, release: Release, sha256: str | None) -> dict[str, object]:
    file: dict[str, object] = {"filename": filename, "url": filename, "hashes": {}}
    if release.python is not None:
        file["requires-python"] = release.python
    if release.yanked:
        file["yanked"] = release.yanked
    if release.uploaded is not None:
        file["upload-time"] = release.uploaded
    if sha256 is not None:
        file["hashes"] = {"sha256": sha256}
    return file
