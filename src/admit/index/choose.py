"""From a project's page to what a target may install of it.

For: the versions a resolver may choose among, the best wheel of each, the source
distribution beside or in place of wheels, and for the rest the reason why not.
Does not know: requirements, policies for pre-releases or yanked files (it marks
them), networks, disks.
Shape: `ProjectPage` and `Target` -> `Listing`.
Spec: wheel file names and tags (PEP 425, 427), yanking (PEP 592), Requires-Python.
"""

from __future__ import annotations

import marshal

from admit.errors import InputError
from admit.index.listing import SOURCE_SUFFIXES, Candidate, Listing, Rejected
from admit.index.packed import check_link, fields_of
from admit.index.simple import WHEEL_SUFFIX, ProjectPage, parse_file
from admit.spec.names import normalize_name
from admit.spec.tags import (
    SDIST_SUFFIXES,
    WheelName,
    parse_sdist_filename,
    parse_wheel_filename,
    parse_wheel_tags,
)
from admit.spec.version import parse_specifier, parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.index.packed import Alone, Beside, Choice, Reason
    from admit.index.simple import Entry, File
    from admit.spec.names import NormalizedName
    from admit.spec.tags import Build, Target
    from admit.spec.url import Url
    from admit.spec.version import Version

__all__ = ["Candidate", "Listing", "Rejected", "choose_candidates"]

_SUFFIX_LENGTH = len(WHEEL_SUFFIX)
_SHOWN = 3
"""Tags named of wheels for other targets."""


def choose_candidates(
    page: ProjectPage, project: NormalizedName, target: Target, *, page_url: Url
) -> Listing:
    """Order the wheels of every version, and say why the rest is no use.

    Best: allowed by Requires-Python, not yanked, the target's best tag, the highest
    build; among equals the first on the page. Source distributions are kept apart:
    see `Listing.with_sources`.
    """
    sorting = _Sorting(project, target)
    sorting.add(page.entries)
    chosen: list[tuple[Version, list[File]]] = []
    for key in sorted(sorting.usable):
        usable = sorting.sound(key, page.base)
        if usable:
            chosen.append((sorting.usable[key][0][1].version, usable))
    keys = tuple([version.key for version, _ in chosen])
    masks = _Masks()
    for index, (version, files) in enumerate(chosen):
        is_admitted = sorting.admits(files[0].requires_python)
        masks.add(1 << index, version, files[0], is_admitted)
    sorting.sort_others(frozenset(keys))
    alone = sorting.alone(page.base)
    reasons = sorting.reasons(frozenset(keys))
    return Listing(
        (
            project,
            page_url.text,
            page.base.text,
            keys,
            tuple([version.text for version, _ in chosen]),
            masks.prereleases,
            masks.yanked,
            tuple(masks.unsupported.items()),
            tuple([marshal.dumps(sorting.encoded(files)) for _, files in chosen]),
            marshal.dumps(reasons),
            page.problems,
            marshal.dumps(alone) if alone else b"",
            marshal.dumps(sorting.beside) if sorting.beside else b"",
        )
    )


def list_file(url: Url, project: NormalizedName, target: Target) -> Listing:
    """Return a listing of the one file that a URL leads to.

    A hash in the URL's fragment counts as stated by the page.
    """
    name, _, text = url.fragment.partition("=")
    entry: Entry = {"filename": url.filename, "url": url.without_fragment().text}
    if text:
        entry["hashes"] = {name: text}
    page = ProjectPage(project, url, (entry,))
    return choose_candidates(page, project, target, page_url=url)


def _python_release(target: Target) -> str:
    """The target's Python without rc, + and the like, as Requires-Python means it."""
    text = target.environment["python_full_version"]
    for at, character in enumerate(text):
        if not (character.isdecimal() or character == "."):
            return text[:at]
    return text


def _is_plain(text: str) -> bool:
    """Whether a text has nothing but letters, digits and dots."""
    return text.isascii() and text.replace(".", "").isalnum()


def _host_of(url: str) -> str:
    """Return an absolute link up to its path."""
    end = url.find("/", url.find("//") + 2)
    return url if end < 0 else url[:end]


def _build(each: tuple[int, WheelName, Entry]) -> Build:
    return each[1].build


class _Masks:
    """Bits of versions by property, collected in ascending order."""

    def __init__(self) -> None:
        self.prereleases = 0
        self.yanked = 0
        self.unsupported: dict[str, int] = {}

    def add(self, bit: int, version: Version, file: File, is_admitted: bool) -> None:
        if version.is_prerelease:
            self.prereleases |= bit
        if file.yanked is not False:
            self.yanked |= bit
        if not is_admitted:
            text = file.requires_python or ""
            self.unsupported[text] = self.unsupported.get(text, 0) | bit


class _Sorting:
    """The files of a page, sorted by what can be done with them.

    Every distinct half of a wheel's name is parsed once: a page has thousands of
    files, but few distinct tags, and a few dozen files to a release.
    """

    def __init__(self, project: NormalizedName, target: Target) -> None:
        self.project = project
        self.usable: dict[bytes, list[tuple[int, WheelName, Entry]]] = {}
        """By version key: (rank of the tags, name, file)."""
        self._target = target
        self._python = parse_version(_python_release(target))
        self._admits: dict[str, bool] = {}
        self._heads: dict[str, WheelName] = {}
        """By name, version and build as written; the tags are any file's."""
        self._ranks: dict[str, int | None] = {}
        """By tags as written."""
        self._spellings: set[str] = set()
        """How sound file names write the project's name."""
        self._elsewhere: dict[str, list[Entry]] = {}
        """By head: wheels for other targets."""
        self._hosts: set[str] = {"/"}
        """Beginnings of links known to be sound."""
        self._others: list[Entry] = []
        """No wheels."""
        self._own: dict[str, bool] = {}
        """By what sdists' names begin with: whether it is the project's name."""
        self._alone: dict[Version, list[Entry]] = {}
        """Source distributions of versions without a usable wheel."""
        self._sources: dict[Version, Reason] = {}
        """Versions without any wheel, that have a source distribution."""
        self.beside: list[Beside] = []
        """Source distributions of versions that have a usable wheel, as listed."""
        self._broken: list[Reason] = []

    def add(self, entries: tuple[Entry, ...]) -> None:
        """Sort files, by what their names have in common first."""
        heads: dict[str, list[Entry]] = {}
        for entry in entries:
            filename = entry["filename"]
            if filename.endswith(WHEEL_SUFFIX):
                head = filename.rsplit("-", 3)[0]
                if head in heads:
                    heads[head].append(entry)
                else:
                    heads[head] = [entry]
            else:
                self._others.append(entry)
        for head, wheels in heads.items():
            self._add_wheels(head, wheels)

    def _add_wheels(self, head: str, wheels: list[Entry]) -> None:
        length = len(head)
        ranks = self._ranks
        wheel: WheelName | None = None
        usable: list[tuple[int, WheelName, Entry]] = []
        elsewhere: list[Entry] = []
        for entry in wheels:
            filename = entry["filename"]
            tail = filename[length:]
            if wheel is None:
                wheel = self._parse_head(head) or self._parse(filename)
                if wheel is None:
                    continue
            if tail not in ranks:
                try:
                    tags = parse_wheel_tags(filename, tail[1:-_SUFFIX_LENGTH])
                except InputError as error:
                    self._note_broken(filename, error)
                    continue
                ranks[tail] = self._target.rank(tags)
            rank = ranks[tail]
            if rank is None:
                elsewhere.append(entry)
            else:
                usable.append((rank, wheel, entry))
        if wheel is None or not (usable or elsewhere):
            return
        self._heads[head] = wheel
        if elsewhere:
            self._elsewhere[head] = elsewhere
        if usable:
            self.usable.setdefault(wheel.version.key, []).extend(usable)

    def _parse_head(self, head: str) -> WheelName | None:
        """Parse what comes before tags that are known; None for all but plain heads."""
        name, dash, text = head.partition("-")
        if not dash or name not in self._spellings or not _is_plain(text):
            return None
        try:
            return WheelName(self.project, parse_version(text), (), ())
        except InputError:
            return None

    def _parse(self, filename: str) -> WheelName | None:
        try:
            wheel = parse_wheel_filename(filename)
        except InputError as error:
            self._note_broken(filename, error)
            return None
        if wheel.name != self.project:
            reason = f"it belongs to {wheel.name}, not to {self.project}"
            self._broken.append(("filename", filename, (reason,)))
            return None
        self._spellings.add(filename.partition("-")[0])
        return wheel

    def admits(self, requires_python: object) -> bool:
        """Whether the target's Python will do; what cannot be read forbids nothing."""
        if not isinstance(requires_python, str) or not requires_python:
            return True
        answer = self._admits.get(requires_python)
        if answer is None:
            try:
                answer = parse_specifier(requires_python).contains(self._python)
            except InputError:
                answer = True  # `Metadata.problems` tells of it, if it is chosen
            self._admits[requires_python] = answer
        return answer

    def sound(self, key: bytes, base: Url) -> list[File]:
        """The sound files of a version, best first."""
        found: list[File] = []
        files = self.usable[key]
        if len(files) > 1:
            files.sort(key=_build, reverse=True)
            files.sort(key=self._preference)
        for _, _, entry in files:
            try:
                file = parse_file(entry)
                self._check_url(file.url, base)
            except InputError as error:
                self._broken.append(("field", entry["filename"], (error.what,)))
            else:
                found.append(file)
        return found

    def encoded(self, files: list[File]) -> Choice:
        """What a listing keeps of the files of a version."""
        return tuple(
            [(fields_of(file), self.admits(file.requires_python)) for file in files]
        )

    def _check_url(self, url: str, base: Url) -> None:
        """Raise InvalidUrl unless the link leads somewhere; hosts are checked once."""
        is_path = ":" not in url.partition("/")[0] and not url.startswith("//")
        host = "/" if is_path else _host_of(url)
        if host not in self._hosts or not url.isprintable():
            check_link(url, base)
            self._hosts.add(host)

    def _preference(self, each: tuple[int, WheelName, Entry]) -> tuple[bool, bool, int]:
        rank, _, entry = each
        is_admitted = self.admits(entry.get("requires-python"))
        return not is_admitted, bool(entry.get("yanked")), rank

    def reasons(self, usable: frozenset[bytes]) -> list[Reason]:
        """Why versions outside `usable` are, ascending; then files without version."""
        found = self._sources
        for head, entries in self._elsewhere.items():
            version = self._heads[head].version
            if version.key not in usable:
                found.setdefault(
                    version, self._reason_elsewhere(version, entries, head)
                )
        ordered = [found[version] for version in sorted(found)]
        return [*ordered, *self._broken]

    def _reason_elsewhere(
        self, version: Version, entries: list[Entry], head: str
    ) -> Reason:
        pythons = {str(entry.get("requires-python") or "") for entry in entries}
        if not any(self.admits(each) for each in pythons):
            return "python", version.text, tuple(sorted(pythons))
        tails = [entry["filename"][len(head) + 1 : -4] for entry in entries[:_SHOWN]]
        if len(entries) > _SHOWN:
            tails.append(f"{len(entries) - _SHOWN} more")
        return "tags", version.text, tuple(tails)

    # Source distributions

    def sort_others(self, usable: frozenset[bytes]) -> None:
        """Sort what is no wheel: beside usable wheels, alone, or no use.

        `usable`: keys of versions that have a usable wheel.
        """
        known = {
            f"{wheel.version.text}.tar.gz": wheel.version
            for wheel in self._heads.values()
        }
        versions = frozenset(known.values())
        own, beside, admits = self._own, self.beside, self.admits
        for entry in self._others:
            filename = entry["filename"]
            head, _, tail = filename.rpartition("-")
            # Nearly all sdists have a wheel of their version beside them.
            version = known.get(tail)
            if version is None or not (
                own[head] if head in own else self._is_own(head)
            ):
                version = self._parse_source(filename)
                if version is None:
                    continue
                if version not in versions:
                    self._sources.setdefault(version, ("source", version.text, ()))
            if not filename.endswith(SOURCE_SUFFIXES):
                continue
            if version.key not in usable:
                self._alone.setdefault(version, []).append(entry)
                continue
            get = entry.get
            python = get("requires-python")
            beside.append(
                (
                    *(version.key, filename, entry["url"], get("hashes"), python),
                    *(get("yanked"), get("upload-time"), get("size"), admits(python)),
                )
            )

    def _is_own(self, head: str) -> bool:
        """Whether what stands before a version is the project's name."""
        try:
            is_own = normalize_name(head) == self.project
        except InputError:
            is_own = False
        self._own[head] = is_own
        return is_own

    def _parse_source(self, filename: str) -> Version | None:
        if not filename.endswith(SDIST_SUFFIXES):
            self._broken.append(("kind", filename, ()))
            return None
        try:
            return parse_sdist_filename(filename, self.project).version
        except InputError as error:
            self._note_broken(filename, error)
            return None

    def _note_broken(self, filename: str, error: InputError) -> None:
        self._broken.append(("filename", filename, (error.why or error.what,)))

    def alone(self, base: Url) -> Alone | None:
        """Return the versions that can only be built, ascending; None for none."""
        found: list[tuple[Version, File]] = []
        for version in sorted(self._alone):
            entries = self._alone[version]
            if len(entries) > 1:
                entries.sort(key=_source_preference)
            for entry in entries:
                try:
                    file = parse_file(entry)
                    self._check_url(file.url, base)
                except InputError as error:
                    self._broken.append(("field", entry["filename"], (error.what,)))
                else:
                    found.append((version, file))
                    break
        if not found:
            return None
        masks = _Masks()
        for index, (version, file) in enumerate(found):
            masks.add(1 << index, version, file, self.admits(file.requires_python))
        return (
            tuple([version.key for version, _ in found]),
            tuple([version.text for version, _ in found]),
            masks.prereleases,
            masks.yanked,
            tuple(masks.unsupported.items()),
            tuple([marshal.dumps(self.encoded([file])) for _, file in found]),
        )


def _source_preference(entry: Entry) -> tuple[bool, bool]:
    return bool(entry.get("yanked")), not entry["filename"].endswith(".tar.gz")
