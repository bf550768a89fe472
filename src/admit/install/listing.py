"""What was unpacked: the description of a wheel that stands in the cache as a tree.

For: planning an install from the cache without opening a single file of the wheel.
Does not know: archives (`archive`, `wheel`), destinations (`plan`).
Shape: `UnpackedWheel` <-> the text of a file named `listing` beside the tree.
Spec: binary distribution format; recorded projects (RECORD).
"""

from __future__ import annotations

from binascii import crc32

from admit.errors import IntegrityError
from admit.spec.names import normalize_name
from admit.spec.record import EntryPoint, parse_record
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.names import NormalizedName
    from admit.spec.record import RecordRow
    from admit.spec.version import Version

_FORMAT = "admit listing 1"


class BadWheel(IntegrityError):
    """A file is not a wheel, or not one that may be installed."""

    code = "bad-wheel"


@value
class UnpackedWheel:
    """A verified wheel, unpacked as it is."""

    tree: str
    """The folder that holds its files."""
    name: NormalizedName
    version: str
    """As its metadata has it."""
    dist_info: str
    """The name of its `.dist-info` folder."""
    is_purelib: bool
    """Whether what is not in `.data` goes to purelib, else to platlib."""
    record: str
    """RECORD rows, one line a file, without RECORD itself and its signatures."""
    entry_points: tuple[EntryPoint, ...]
    """Those that become scripts."""
    python_scripts: tuple[tuple[str, bytes], ...] = ()
    """Path and content of the scripts whose first line is to name the interpreter."""

    def is_of(self, name: NormalizedName, version: Version) -> bool:
        """Whether it is of a release: a page may say so of somebody else's file."""
        if name != self.name or version.text == self.version:
            return name == self.name
        from admit.spec.version import parse_version

        return parse_version(self.version).key == version.key

    @property
    def data_folder(self) -> str:
        """The name of its `.data` folder, whether there is one or not."""
        return self.dist_info.removesuffix(".dist-info") + ".data"

    @property
    def sha256(self) -> str:
        """Of the archive: its folder in the cache is named so."""
        return self.tree.rpartition("/")[0].rpartition("/")[2]

    @property
    def metadata_path(self) -> str:
        """Where METADATA is in the tree."""
        return f"{self.tree}/{self.dist_info}/METADATA"

    @property
    def rows(self) -> tuple[RecordRow, ...]:
        """The rows of `record`, parsed: slow for whom only paths matter."""
        return parse_record(self.record)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Every path with its line of `record`, in order."""
        lines = self.record.split("\n")
        lines.pop()
        if '"' in self.record:
            return [
                (row.path, line) for row, line in zip(self.rows, lines, strict=True)
            ]
        return [(line.rsplit(",", 2)[0], line) for line in lines]


def find_name_fault(name: str, *, is_windows: bool) -> str | None:
    """Say why a member's name must not become a path; None if it may.

    Windows gives some names to devices, ends names at a colon and drops trailing dots
    and spaces; elsewhere such names are ordinary.
    """
    if not name or name.startswith("/"):
        return "is not a relative path"
    if "\\" in name:
        return "has a backslash"
    if name[1:2] == ":":
        return "names a drive"
    if not name.isprintable():
        return "has a control character"
    for segment in name.split("/"):
        if segment in ("", ".", ".."):
            return "has an empty, '.' or '..' part"
        if is_windows and (fault := _find_windows_fault(segment)):
            return fault
    return None


def _find_windows_fault(segment: str) -> str | None:
    if segment[-1] in ". ":
        return "ends a part with a dot or space"
    if any(mark in segment for mark in ':<>"|?*'):
        return "has a character Windows does not allow"
    stem = segment.partition(".")[0].rstrip(" ").upper()
    numbered = stem[:3] in ("COM", "LPT") and stem[3:] in tuple("0123456789¹²³")
    if numbered or stem in ("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"):
        return "is the name of a device"
    return None


def format_listing(wheel: UnpackedWheel) -> str:
    """Return the text that `parse_listing` reads; contents of scripts stay outside."""
    lines = [
        ("name", wheel.name),
        ("version", wheel.version),
        ("dist-info", wheel.dist_info),
        ("root", "purelib" if wheel.is_purelib else "platlib"),
        *(
            ("entry", each.group, each.name, each.module, each.attribute)
            for each in wheel.entry_points
        ),
        *(("script", path) for path, _ in wheel.python_scripts),
    ]
    head = "\n".join(["\t".join(line) for line in lines])
    body = f"{head}\n\n{wheel.record}"
    return f"{_FORMAT} {crc32(body.encode()):08x}\n{body}"


def parse_listing(text: str, tree: str) -> UnpackedWheel | None:
    """Read a listing; None if it is damaged or of another format.

    Contents of `python_scripts` are empty: the shell reads them.
    """
    first, _, body = text.partition("\n")
    if first != f"{_FORMAT} {crc32(body.encode()):08x}":
        return None
    head, _, record = body.partition("\n\n")
    fields: dict[str, str] = {}
    entries: list[EntryPoint] = []
    scripts: list[tuple[str, bytes]] = []
    for line in head.split("\n"):
        key, *values = line.split("\t")
        if key == "entry":
            group, name, module, attribute = values
            entries.append(
                EntryPoint(group=group, name=name, module=module, attribute=attribute)
            )
        elif key == "script":
            scripts.append((values[0], b""))
        else:
            fields[key] = values[0]
    return UnpackedWheel(
        tree=tree,
        name=normalize_name(fields["name"]),
        version=fields["version"],
        dist_info=fields["dist-info"],
        is_purelib=fields["root"] == "purelib",
        record=record,
        entry_points=tuple(entries),
        python_scripts=tuple(scripts),
    )
