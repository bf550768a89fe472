"""What the user wants, gathered from the command line and requirements files.

For: `-r`, `-c` with everything nested in them, paths made into URLs, options of files
made into a layer of settings.
Does not know: indexes, versions, what is installed.
Shape: texts and paths in, `Wanted` out. Files given by URL are fetched by a function
that is handed in.
"""

from __future__ import annotations

import os
import sys

from admit.config.arguments import parse_argument
from admit.config.files import Layer
from admit.config.paths import instead_of, shown_path, url_of_typed
from admit.config.remote_files import CannotReadRequirements, check_remote, is_remote
from admit.errors import InputError, UsageError
from admit.spec.requirements_file import (
    Include,
    IndexOption,
    RequirementLine,
    decode_requirements,
    parse_requirements_file,
)
from admit.spec.url import parse_url, path_of
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from admit.config.project import Extras
    from admit.spec.marker import Marker
    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.record import Digest
    from admit.spec.requirement import Requirement
    from admit.spec.url import Url

    Fetch = Callable[[Url], bytes]

_LISTS = {
    "extra-index-url": "extra_index_url",
    "find-links": "find_links",
    "trusted-host": "allow_insecure_host",
    "only-binary": "only_binary",
    "no-binary": "no_binary",
}
_SINGLE = ("index-url", "pre", "no-index", "require-hashes")
STDIN = "-"


_DEEPEST = 50
"""Files that stand in each other; a server could go on for ever."""


@value
class SourceLine:
    """A source whose project only it tells, or that is to be edited in place."""

    url: Url
    """A folder or archive on this machine, an archive elsewhere, or `git+…`."""
    where: str
    """File and line, or "the command line"."""
    name: NormalizedName | None = None
    """What the line calls it."""
    extras: tuple[ExtraName, ...] = ()
    marker: Marker | None = None
    hashes: tuple[Digest, ...] = ()
    origin: str = ""
    """As in `Wanted.origins`."""
    is_editable: bool = False
    typed: str | None = None
    """The path as it was typed; None for a URL."""


@value
class Wanted:
    """Everything that was asked for."""

    requirements: tuple[Requirement, ...]
    """In the order given; direct URLs and local wheels by `url`."""
    constraints: tuple[Requirement, ...]
    hashes: Mapping[str, tuple[Digest, ...]]
    """By the text of a requirement: any of these will do."""
    options: Layer | None
    """Index options found in files, as a layer below the command line."""
    origins: tuple[str, ...] = ()
    """Of every requirement: "-r requirements.in", "proj (pyproject.toml)", or ""."""
    constraint_origins: tuple[str, ...] = ()
    overrides: tuple[Requirement, ...] = ()
    """What counts in place of everybody's requirements on the same names."""
    sources: tuple[SourceLine, ...] = ()
    """What stands in no requirement yet: see `session.given.name_sources`."""


def collect_requirements(  # noqa: PLR0913  # all but two go by name
    packages: Sequence[str],
    files: Sequence[str],
    *,
    constraints: Sequence[str] = (),
    overrides: Sequence[str] = (),
    editables: Sequence[str] = (),
    extras: Extras | None = None,
    environ: Mapping[str, str],
    cwd: str,
    fetch: Fetch | None = None,
) -> Wanted:
    """Read every requirement there is.

    Raises:
        InputError: a line cannot be understood; names file and line.
        CannotReadRequirements: a file cannot be read.
    """
    reading = _Reading(environ, cwd, fetch, extras)
    for text in packages:
        reading.add(parse_argument(text, cwd), is_constraint=False)
    for text in editables:
        line = parse_argument(text, cwd, is_editable=True)
        reading.add(line, is_constraint=False)
    for target in files:
        reading.read(target, is_constraint=False)
    if extras is not None and extras.groups:
        from admit.config.groups import read_group

        for text in extras.groups:
            for line in read_group(text, cwd):
                reading.add(line, line.where, is_constraint=False)
    for target in constraints:
        reading.read(target, is_constraint=True)
    reading.check_extras()
    wanted = reading.result()
    if not overrides:
        return wanted
    overriding = _Reading(environ, cwd, fetch)
    for target in overrides:
        overriding.read(target, is_constraint=False)
    found = overriding.result()
    for source in found.sources:
        raise UsageError(
            f"{source.where}: an override must name its project",
            why="it counts in place of what is asked for by that name",
            fix="write NAME @ URL",
        )
    hashes = {**wanted.hashes, **found.hashes}
    return replace(wanted, overrides=found.requirements, hashes=hashes)


class _Reading:
    """One gathering; files are read depth first, in order."""

    def __init__(
        self,
        environ: Mapping[str, str],
        cwd: str,
        fetch: Fetch | None,
        extras: Extras | None = None,
    ) -> None:
        self._environ = environ
        self._cwd = cwd
        self._fetch = fetch
        self._extras = extras
        self._known_extras: set[ExtraName] | None = None
        """Those of every project read; None if there was none."""
        self._requirements: list[Requirement] = []
        self._constraints: list[Requirement] = []
        self._origins_of: dict[bool, list[str]] = {False: [], True: []}
        """Of requirements, and of constraints."""
        self._sources: list[SourceLine] = []
        self._hashes: dict[str, tuple[Digest, ...]] = {}
        self._values: dict[str, object] = {}
        self._lists: dict[str, list[object]] = {}
        self._origins: dict[str, str] = {}
        self._trail: list[str] = []

    def read(self, target: str, *, is_constraint: bool, url: Url | None = None) -> None:
        """Read one file, given by path or URL, and what it includes."""
        if url is None and "://" in target:
            url = parse_url(target)
        where = os.path.normpath(os.path.join(self._cwd, target))
        if url is not None:
            where = url.text
        if target == STDIN:
            where = STDIN
        if where in self._trail:
            raise CannotReadRequirements(
                f"{shown_path(where, self._cwd)} includes itself",
                why=" includes ".join(shown_path(t, self._cwd) for t in self._trail),
            )
        if len(self._trail) >= _DEEPEST:
            raise CannotReadRequirements(
                f"{shown_path(self._trail[0], self._cwd)} includes files that include "
                f"files, more than {_DEEPEST} deep"
            )
        body = self._load(where, url)
        shown = shown_path(where, self._cwd)
        if os.path.basename(where) == "pyproject.toml":
            self._read_project(body, shown, url, is_constraint=is_constraint)
            return
        try:
            text = decode_requirements(body)
        except InputError as error:
            raise CannotReadRequirements(
                f"cannot read the requirements file {shown}",
                why=f"{error.what}: {error.why}",
                fix="say the encoding in its first line: # -*- coding: latin-1 -*-",
            ) from error
        self._trail.append(where)
        # The author of a file on a server shall not choose where variables go.
        environment = {} if is_remote(url) else self._environ
        entries = parse_requirements_file(
            text, where=shown, environment=environment
        ).entries
        for entry in entries:
            if is_remote(url):
                check_remote(entry, url)
            if isinstance(entry, RequirementLine):
                origin = f"{'-c' if is_constraint else '-r'} {shown}"
                self.add(entry, origin, is_constraint=is_constraint)
            elif isinstance(entry, Include):
                self._include(entry, where, url, is_constraint=is_constraint)
            else:
                self._note(entry, where, url)
        self._trail.pop()

    def _read_project(
        self, body: bytes, shown: str, url: Url | None, *, is_constraint: bool
    ) -> None:
        """Keep what a project depends on."""
        from admit.config.project import Extras, read_project

        project = read_project(body, shown, self._extras or Extras())
        self._known_extras = {*(self._known_extras or ()), *project.extras}
        for line in project.lines:
            if is_remote(url):
                check_remote(line, url)
            self.add(line, f"{project.name} ({shown})", is_constraint=is_constraint)

    def check_extras(self) -> None:
        """Raise if an extra was asked for that no project has."""
        if self._extras is None or not (self._extras.names or self._extras.is_all):
            return
        if self._known_extras is None:
            raise UsageError(
                "--extra and --all-extras want a pyproject.toml",
                fix="name one among the files",
            )
        known = ", ".join(sorted(self._known_extras)) or "none"
        for extra in self._extras.names:
            if extra not in self._known_extras:
                raise UsageError(
                    f"--extra {extra}: there is no such extra",
                    why=f"the extras are: {known}",
                )

    def add(
        self, line: RequirementLine, origin: str = "", *, is_constraint: bool
    ) -> None:
        """Keep one requirement; `origin` as in `Wanted.origins`."""
        requirement = self._requirement_of(line)
        if isinstance(requirement, SourceLine):
            if is_constraint:
                raise UsageError(
                    f"{line.where}: a constraint must name its project",
                    fix="write NAME @ URL",
                )
            self._sources.append(replace(requirement, origin=origin))
            return
        (self._constraints if is_constraint else self._requirements).append(requirement)
        self._origins_of[is_constraint].append(origin)
        if line.hashes:
            known = self._hashes.get(requirement.text, line.hashes)
            both = tuple(each for each in line.hashes if each in known)
            self._hashes[requirement.text] = both

    def result(self) -> Wanted:
        layer = None
        if self._values:
            layer = Layer("a requirements file", self._values, self._origins)
        return Wanted(
            tuple(self._requirements),
            tuple(self._constraints),
            self._hashes,
            layer,
            tuple(self._origins_of[False]),
            tuple(self._origins_of[True]),
            sources=tuple(self._sources),
        )

    def _load(self, where: str, url: Url | None) -> bytes:
        if url is not None and url.scheme != "file":
            if self._fetch is None:
                raise CannotReadRequirements(
                    f"cannot read {where} here: it is a URL, not a file"
                )
            return self._fetch(url)
        if where == STDIN:
            return sys.stdin.buffer.read()
        path = where if url is None else path_of(url)
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            reason = error.strerror or "unreadable"
            by = [
                f"; {shown_path(each, self._cwd)} wants it" for each in self._trail[-1:]
            ]
            raise CannotReadRequirements(
                f"cannot read the requirements file {shown_path(path, self._cwd)}",
                why=reason[0].lower() + reason[1:] + "".join(by),
                fix=instead_of(path, self._cwd, (".txt", ".in", ".toml")),
            ) from error

    def _include(
        self, entry: Include, where: str, url: Url | None, *, is_constraint: bool
    ) -> None:
        is_constraint = is_constraint or entry.is_constraint
        if entry.url is not None:
            self.read(entry.target, is_constraint=is_constraint, url=entry.url)
        elif url is not None:
            joined = _join(url, entry.target)
            self.read(joined.text, is_constraint=is_constraint, url=joined)
        else:
            folder = os.path.dirname(where)
            path = os.path.normpath(os.path.join(folder, entry.target))
            self.read(path, is_constraint=is_constraint)

    def _note(self, option: IndexOption, where: str, url: Url | None) -> None:
        """Keep an option of a file as a setting."""
        found: object = option.url if option.url is not None else option.text
        if option.kind == "find-links" and option.url is None:
            found = self._place_of_links(option.text, where, url)
        if option.kind == "prefer-binary":
            return  # wheels are all there is to choose from
        if option.kind in _LISTS:
            key = _LISTS[option.kind]
            self._lists.setdefault(key, []).append(found)
            self._values[key] = self._lists[key]
        elif option.kind in _SINGLE:
            key = option.kind.replace("-", "_")
            self._values[key] = found or True
        else:
            raise UsageError(f"{option.where}: --{option.kind} is not supported yet")
        self._origins[key] = option.where

    def _place_of_links(self, text: str, where: str, url: Url | None) -> Url | str:
        """A folder or page beside the file that names it, if one is there."""
        if url is not None and url.scheme != "file":
            return _join(url, text)
        path = where if url is None else path_of(url)
        beside = os.path.normpath(os.path.join(os.path.dirname(path), text))
        return beside if os.path.exists(beside) else text

    def _requirement_of(self, line: RequirementLine) -> Requirement | SourceLine:
        if line.path is None and line.requirement is not None and not line.is_editable:
            return line.requirement
        url: Url | None
        if line.path is not None:
            url = url_of_typed(line.path, line, self._cwd)
        elif line.requirement is not None:
            url = line.requirement.url
        else:
            url = line.url
        if url is None:
            raise UsageError(
                f"{line.where}: only a folder can be editable", fix="write -e ./FOLDER"
            )
        if line.is_editable and url.scheme != "file":
            raise UsageError(
                f"{line.where}: {url.text} cannot be editable",
                why="what is edited is a folder of this machine",
                fix="leave -e away, or get a checkout and give its folder",
            )
        if line.requirement is not None and not line.is_editable:
            return replace(line.requirement, url=url)
        return SourceLine(
            url,
            line.where,
            line.requirement.name if line.requirement is not None else None,
            line.requirement.extras if line.requirement is not None else line.extras,
            line.requirement.marker if line.requirement is not None else line.marker,
            line.hashes,
            is_editable=line.is_editable,
            typed=line.path,
        )


def _join(url: Url, reference: str) -> Url:
    """Resolve a relative reference in a file; it is asked for with the file's login."""
    joined = url.join(reference)
    if joined.userinfo is None and joined.origin == url.origin:
        return type(url)(joined.text, joined.origin, url.userinfo)
    return joined
