"""Everything an install will do, computed before the first change.

For: turning wheels and removals into files to link, files to write and files to
remove, with every destination checked.
Does not know: the disk. What stands in the way there is found by `apply`.
Shape: `Incoming` wheels + `OwnedFiles` to remove + `Scheme` -> `InstallPlan`.
Two wheels that bring the same file with different content: the later one's stays
and the plan says so in `collisions`; pip and uv do the same, silently.
Spec: binary distribution format ("installing a wheel"), recorded projects (RECORD,
INSTALLER, REQUESTED, direct_url.json).
"""

from __future__ import annotations

from admit.env.layout import is_within, relative
from admit.errors import EnvironmentProblem, IntegrityError
from admit.install.listing import BadWheel, find_name_fault
from admit.install.scripts import (
    format_script,
    format_windows_script,
    is_reserved_name,
    is_sound_name,
    rewrite_shebang,
)
from admit.spec.record import Digest, RecordRow, format_record
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from admit.env.layout import OwnedFiles, Scheme
    from admit.install.listing import UnpackedWheel
    from admit.install.scripts import Launchers
    from admit.spec.names import NormalizedName
    from admit.spec.record import EntryPoint

RESERVED = (".admit-journal", ".admit-trash", ".admit.lock")
"""Names that `apply` uses beside the packages; no wheel may bring them."""


_WRITTEN_BY_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json")


class PathEscape(IntegrityError):
    """A wheel would write where it must not."""

    code = "path-escape"


class FileCollision(EnvironmentProblem):
    """A file would have to be where a folder is."""

    code = "file-collision"


@value
class Incoming:
    """A wheel to be installed."""

    wheel: UnpackedWheel
    is_requested: bool = False
    """Whether it was asked for, and is not only a dependency."""
    direct_url: str | None = None
    """The text of direct_url.json, without any secret."""


@value
class Link:
    """A file of an unpacked wheel and where it goes."""

    source: str
    destination: str


@value
class Write:
    """A file made for this environment."""

    destination: str
    content: bytes
    is_executable: bool = False


@value
class Collision:
    """One path that two wheels fill differently."""

    destination: str
    kept: NormalizedName
    dropped: NormalizedName


@value
class InstallPlan:
    """All changes of one install, sync or uninstall."""

    scheme: Scheme
    links: tuple[Link, ...]
    writes: tuple[Write, ...]
    removals: tuple[str, ...]
    """Files of what goes; those that are written again are among them."""
    added: tuple[tuple[NormalizedName, str], ...]
    removed: tuple[tuple[NormalizedName, str], ...]
    collisions: tuple[Collision, ...]
    outside: tuple[str, ...]
    """Files of what goes that lie outside the environment: they stay."""

    @property
    def is_empty(self) -> bool:
        return not (self.links or self.writes or self.removals)


def plan_install(
    incoming: Sequence[Incoming],
    removals: Sequence[OwnedFiles],
    scheme: Scheme,
    *,
    launchers: Launchers | None = None,
    shared: Iterable[str] = (),
) -> InstallPlan:
    """Plan to remove some distributions and to install some wheels.

    Removals come first, so a wheel may replace what is removed. `shared` are files
    that distributions which stay own too: they are not removed.

    Raises:
        PathEscape: a wheel would write outside of the environment.
        FileCollision: one wheel brings a file where another brings a folder.
        BadWheel: a wheel's scripts or `.data` folder break the standard.
    """
    planner = _Planner(scheme, launchers)
    for each in incoming:
        planner.add(each)
    planner.check_folders()
    removed, outside = _plan_removals(removals, scheme, frozenset(shared))
    return InstallPlan(
        scheme=scheme,
        links=tuple(planner.links.values()),
        writes=tuple(planner.writes.values()),
        removals=removed,
        added=tuple((each.wheel.name, each.wheel.version) for each in incoming),
        removed=tuple((each.name, each.version) for each in removals),
        collisions=tuple(planner.collisions),
        outside=outside,
    )


def _plan_removals(
    removals: Sequence[OwnedFiles], scheme: Scheme, shared: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what to remove and what must stay, each path once."""
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    for each in removals:
        for path in each.files:
            is_ours = any(is_within(path, root) for root in scheme.roots)
            if not is_ours or is_precious(path, scheme):
                outside[path] = None
            elif path not in shared:
                inside[path] = None
    return tuple(inside), tuple(outside)


class _Planner:
    """Collects the files of all wheels, by destination."""

    def __init__(self, scheme: Scheme, launchers: Launchers | None) -> None:
        self.scheme = scheme
        self.launchers = launchers
        self.links: dict[str, Link] = {}
        self.writes: dict[str, Write] = {}
        self.collisions: list[Collision] = []
        self._lines: dict[str, tuple[UnpackedWheel, str]] = {}
        """By destination: whose it is, and digest and size as RECORD has them."""

    def add(self, incoming: Incoming) -> None:
        """Plan the files of one wheel and its RECORD."""
        wheel = incoming.wheel
        scheme = self.scheme
        site = scheme.purelib if wheel.is_purelib else scheme.platlib
        data_prefix = f"{wheel.data_folder}/"
        ours = {f"{wheel.dist_info}/{name}" for name in _WRITTEN_BY_INSTALLERS}
        moved: list[tuple[str, str]] = []
        lines: list[str] = []
        for path, line in wheel.lines:
            _check_path(path, wheel)
            if path.startswith(data_prefix):
                moved.append((path, line))
                continue
            if path in ours:
                continue
            self._link(wheel, path, f"{site}/{path}", line[len(path) :])
            lines.append(line)
        lines += self._add_data(wheel, site, moved)
        lines += self._add_entry_points(wheel, site)
        lines += self._add_dist_info(incoming, site)
        lines += [f"{wheel.dist_info}/RECORD,,", ""]
        record = f"{site}/{wheel.dist_info}/RECORD"
        self._write(wheel, site, Write(record, "\n".join(lines).encode()))

    def check_folders(self) -> None:
        """Refuse files that stand where other files need a folder."""
        folders: set[str] = set()
        for destination in self._lines:
            folder = destination.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
        for destination in folders.intersection(self._lines):
            owner = self._lines[destination][0]
            raise FileCollision(
                f"{destination} would be a file and a folder",
                why=f"{owner.name} {owner.version} brings it as a file, another wheel "
                "brings files below it",
            )

    def _add_data(
        self, wheel: UnpackedWheel, site: str, moved: list[tuple[str, str]]
    ) -> list[str]:
        """Plan the files of `.data`; return their lines of RECORD."""
        launched = {entry.name for entry in wheel.entry_points}
        lines: list[str] = []
        for path, line in moved:
            _, kind, rest = (*path.split("/", 2), "", "")[:3]
            destination = f"{self._data_folder(wheel, kind)}/{rest}"
            self._check_precious(wheel, destination)
            if kind == "scripts" and rest in launched:
                continue  # what old tools made of the entry point
            if kind == "scripts" and (script := self._rewrite(wheel, path, rest)):
                lines.append(self._write(wheel, site, script))
                continue
            content = line[line.rindex(",", 0, line.rindex(",")) :]
            self._link(wheel, path, destination, content)
            lines.append(_quote(relative(destination, site)) + content)
        return lines

    def _rewrite(self, wheel: UnpackedWheel, path: str, name: str) -> Write | None:
        """Plan a script whose first line names the interpreter, if it is one."""
        scheme = self.scheme
        for each, content in wheel.python_scripts:
            if each == path:
                rewritten = rewrite_shebang(
                    content, scheme.executable, is_windows=scheme.is_windows
                )
                if rewritten is not None:
                    destination = f"{scheme.scripts}/{name}"
                    return Write(destination, rewritten, is_executable=True)
        return None

    def _data_folder(self, wheel: UnpackedWheel, kind: str) -> str:
        scheme = self.scheme
        folders = {
            "purelib": scheme.purelib,
            "platlib": scheme.platlib,
            "scripts": scheme.scripts,
            "data": scheme.data,
            "headers": f"{scheme.headers}/{wheel.name}",
        }
        if kind not in folders:
            known = ", ".join(folders)
            raise _refuse(
                wheel, f"{wheel.data_folder} holds {kind!r}; the standard knows {known}"
            )
        return folders[kind]

    def _add_entry_points(self, wheel: UnpackedWheel, site: str) -> list[str]:
        """Plan the launchers; a console script wins over a gui script of its name."""
        lines: list[str] = []
        names: set[str] = set()
        for entry in sorted(wheel.entry_points, key=lambda entry: entry.group):
            if not is_sound_name(entry.name) or not entry.attribute:
                raise _refuse(wheel, f"its script {entry.name!r} cannot be made")
            if entry.name not in names:
                names.add(entry.name)
                write = self._format_launcher(entry)
                self._check_precious(wheel, write.destination)
                lines.append(self._write(wheel, site, write))
        return lines

    def _format_launcher(self, entry: EntryPoint) -> Write:
        scheme = self.scheme
        destination = f"{scheme.scripts}/{entry.name}"
        if self.launchers is None:
            return Write(
                destination, format_script(entry, scheme.executable), is_executable=True
            )
        content = format_windows_script(entry, scheme.executable, self.launchers)
        return Write(f"{destination}.exe", content, is_executable=True)

    def _add_dist_info(self, incoming: Incoming, site: str) -> list[str]:
        """Plan the files that tell who installed what, and why."""
        wheel = incoming.wheel
        folder = f"{site}/{wheel.dist_info}"
        writes = [Write(f"{folder}/INSTALLER", b"admit\n")]
        if incoming.is_requested:
            writes.append(Write(f"{folder}/REQUESTED", b""))
        if incoming.direct_url is not None:
            content = incoming.direct_url.encode()
            writes.append(Write(f"{folder}/direct_url.json", content))
        return [self._write(wheel, site, write) for write in writes]

    def _check_precious(self, wheel: UnpackedWheel, destination: str) -> None:
        """Refuse what makes the environment an environment, by whatever way."""
        if is_precious(destination, self.scheme):
            raise _refuse(wheel, f"it would replace {destination}")

    def _link(
        self, wheel: UnpackedWheel, path: str, destination: str, content: str
    ) -> None:
        self._claim(wheel, destination, content)
        self.links[destination] = Link(f"{wheel.tree}/{path}", destination)

    def _write(self, wheel: UnpackedWheel, site: str, write: Write) -> str:
        """Plan a generated file; return its line of RECORD."""
        import hashlib

        digest = Digest("sha256", hashlib.sha256(write.content).hexdigest())
        path = relative(write.destination, site)
        row = RecordRow(path, digest, len(write.content))
        line = format_record((row,)).removesuffix("\n")
        self._claim(wheel, write.destination, line[len(path) :])
        self.writes[write.destination] = write
        return line

    def _claim(self, wheel: UnpackedWheel, destination: str, content: str) -> None:
        """Note who fills a destination; the later wheel takes it."""
        earlier = self._lines.get(destination)
        self._lines[destination] = (wheel, content)
        if earlier is None:
            return
        self.links.pop(destination, None)
        self.writes.pop(destination, None)
        if earlier[0] is wheel:
            raise _refuse(wheel, f"it brings {destination} twice")
        if earlier[1] != content:
            collision = Collision(destination, wheel.name, earlier[0].name)
            self.collisions.append(collision)


def is_precious(destination: str, scheme: Scheme) -> bool:
    """Whether a path is the interpreter of an environment, or its configuration."""
    folder, _, name = destination.rpartition("/")
    if folder == scheme.scripts:
        return is_reserved_name(name)
    return folder == scheme.data and name.casefold() == "pyvenv.cfg"


def _check_path(path: str, wheel: UnpackedWheel) -> None:
    """Refuse a path that leaves its folder, or that `apply` needs for itself.

    The archive's reader has done so already; this is the last look before the disk.
    """
    fault = None
    if ".." in path or "\\" in path or ":" in path or "//" in path or path[0] == "/":
        fault = find_name_fault(path, is_windows=False)
    if ".admit" in path.lower() and _is_reserved(path):
        fault = "is reserved"
    if fault is not None:
        raise PathEscape(
            f"cannot install {wheel.name} {wheel.version}",
            why=f"its file {path!r} {fault}",
        )


def _is_reserved(path: str) -> bool:
    """Whether a part of a path is ours: `.data` may lead beside the packages too."""
    parts = path.lower().split("/")
    return any(each in RESERVED or each.startswith(RESERVED[1]) for each in parts)


def _refuse(wheel: UnpackedWheel, why: str) -> BadWheel:
    return BadWheel(f"cannot install {wheel.name} {wheel.version}", why=why)


def _quote(path: str) -> str:
    return format_record((RecordRow(path),)).removesuffix(",,\n")
