"""pip's variables and files as layers of settings.

For: `PIP_<OPTION>`, pip.conf and pip.ini, by pip's own precedence: a variable, then
the command's section, then [global], each from the strongest file that has the key.
Does not know: where the files are (`config.foreign`), what settings do.
Shape: texts -> one `Layer` for the variables and one per file, holding what counts.
Spec: the grammar is what `configparser.RawConfigParser` reads; stricter nowhere.
"""

from __future__ import annotations

import os

from admit.config.files import BadConfiguration, Layer
from admit.config.foreign import Foreign
from admit.config.options import OPTIONS
from admit.config.variables import FALSE, TRUE, parse_text
from admit.errors import UsageError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from admit.config.foreign import Found, Surroundings
    from admit.config.options import Option

_SAME = (
    "index-url", "extra-index-url", "find-links", "no-index", "cert", "client-cert",
    "proxy", "timeout", "retries", "trusted-host", "constraint", "requirement",
    "require-hashes", "only-binary", "no-binary", "pre", "python", "target", "prefix",
    "break-system-packages", "log", "verbose", "quiet", "no-deps", "upgrade", "dry-run",
    "force-reinstall", "report", "yes", "dest", "keyring-provider", "no-input",
    "require-virtualenv", "require-venv", "build-constraint",
    "no-build-isolation", "config-settings", "config-setting",
)  # fmt: skip
_NAMES = {
    **{name: name for name in _SAME},
    "default-timeout": "timeout",
    "no-dependencies": "no-deps",
    "destination-dir": "dest",
    "uploaded-prior-to": "exclude-newer",
}
"""pip's options, and ours of the same meaning, where there is one."""

_SERIOUS = {
    "keyring-provider": "credentials of a keyring are not looked for",
    "uploaded-prior-to": "newer files may be chosen",
    "require-hashes": "files without a known hash may be installed",
    "no-index": "indexes are asked",
    "editable": "the folder it names is not installed",
    "no-binary": "wheels are taken",
    "root": "packages go into the environment itself",
    "target": "packages go into the environment",
    "prefix": "packages go into the environment",
}
"""What must not be ignored in silence where there is no option for it: it says what
may be trusted, or where packages come from and go to."""

_COMMANDS = dict.fromkeys(("compile", "sync", "config"), "install")
"""Commands pip has not, and pip's of which the section counts for them."""

_PATHS = ("cert", "client-cert", "log", "target", "prefix", "dest")


@value
class Line:
    """One `key = value` of a file."""

    section: str
    key: str
    text: str
    number: int


@value
class Said:
    """A value, and how strong its place is."""

    key: str
    text: str
    origin: str
    layer: int
    """0: the variables; n: the n-th file."""


def read_pip(around: Surroundings, files: Sequence[Found]) -> Foreign:
    """Return what pip was told.

    Raises:
        BadConfiguration: a file breaks the grammar; names file and line.
        UsageError: a value cannot be understood.
    """
    said = _strongest(around, files)
    warnings: list[str] = []
    layers = []
    for number, origin in enumerate(("PIP_*", *(each.path for each in files))):
        values: dict[str, object] = {}
        origins: dict[str, str] = {}
        for each in said:
            if each.layer != number:
                continue
            found = _understand(each, around)
            if isinstance(found, str):
                warnings.append(found)
            elif found is not None:
                option, values[option.key] = found[0], found[1]
                origins[option.key] = each.origin
        if values:
            layers.append(
                Layer(origin, values, origins, is_file=number > 0, tool="pip")
            )
    return Foreign(tuple(layers), tuple(warnings))


def _strongest(around: Surroundings, files: Sequence[Found]) -> list[Said]:
    """One value of each key: pip does not add up what several places say."""
    section = _COMMANDS.get(around.command, around.command)
    kept: dict[str, Said] = {}

    def keep(each: Said) -> None:
        name = _NAMES.get(each.key, each.key)
        if each.text.strip() and name not in kept:
            kept[name] = each

    # Backwards: PIP_TIMEOUT before PIP_DEFAULT_TIMEOUT.
    for name, text in sorted(around.environ.items(), reverse=True):
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE":
            keep(Said(name[4:].lower().replace("_", "-"), text.strip(), name, 0))
    parsed = [(each, parse_ini(each.raw, each.path)) for each in files]
    for wanted in (section, "global", "DEFAULT"):
        for number, (file, lines) in enumerate(parsed, 1):
            for line in lines:
                if line.section == wanted:
                    origin = f"{file.path}:{line.number}"
                    keep(Said(line.key, line.text, origin, number))
    return list(kept.values())


def _understand(said: Said, around: Surroundings) -> tuple[Option, object] | str | None:
    """Return a setting; or a warning; or nothing, for what does not concern us."""
    option = _BY_FLAG.get(_NAMES.get(said.key, ""))
    special = _special(said)
    if special is not None:
        return special
    if option is None or (option.choices and said.text not in option.choices):
        return _warn(said)
    return option, _value_of(option, said, around)


def _value_of(option: Option, said: Said, around: Surroundings) -> object:
    key, text = said.key, said.text
    if key in ("verbose", "quiet"):
        return _count(said)
    if key in ("only-binary", "no-binary"):
        return [each for part in text.split() for each in part.split(",")]
    if key == "find-links":
        return [_located(each, around) for each in text.split()]
    if key in ("config-settings", "config-setting"):
        return [text]
    if key in ("constraint", "requirement", "build-constraint"):
        return [_expand(each, around) for each in text.split()]
    if key in _PATHS:
        return _expand(text, around)
    return parse_text(option, text, f"{said.origin}: `{key}`")


def _special(said: Said) -> tuple[Option, object] | None:
    """Settings that pip writes in another way."""
    text = said.text.strip().lower()
    if said.key == "no-cache-dir":
        # Every value means it, "false" too: so pip has had it since its first days.
        return _BY_FLAG["no-cache"], True
    if said.key == "cache-dir" and text in FALSE:
        return _BY_FLAG["no-cache"], True
    if said.key == "no-build-isolation" and text in (*TRUE, *FALSE):
        # As pip has it: in spite of its name, the value says whether they are isolated.
        return _BY_FLAG["no-build-isolation"], text in FALSE
    if said.key == "no-color" and text in TRUE:
        return _BY_FLAG["color"], "never"
    if said.key == "progress-bar" and text == "off":
        return _BY_FLAG["no-progress"], True
    return None


def _warn(said: Said) -> str | None:
    reason = _SERIOUS.get(said.key)
    text = said.text.strip().lower()
    if reason is None or text in FALSE:
        return None
    if said.key == "keyring-provider" and text in ("disabled", "auto"):
        return None
    return f"{said.origin}: admit has no `{said.key}` of pip yet: {reason}"


def _count(said: Said) -> int:
    text = said.text.strip().lower()
    if text in TRUE:
        return 1
    if text in FALSE:
        return 0
    if text.isascii() and text.isdecimal():
        return int(text)
    raise UsageError(f"{said.origin}: `{said.key}` wants a number, not {said.text!r}")


def _located(text: str, around: Surroundings) -> str:
    """A page's URL, or the absolute path of a folder: pip sees it from where it is."""
    if "://" in text or text.startswith("file:"):
        return text
    return os.path.normpath(os.path.join(around.cwd, _expand(text, around)))


def _expand(path: str, around: Surroundings) -> str:
    if path == "~" or path.startswith("~/"):
        return around.home + path[1:]
    return path


_BY_FLAG: dict[str, Option] = {
    name: option for option in OPTIONS for name in (option.name, *option.aliases)
}


UNDERSTOOD = frozenset(
    (*(key for key, name in _NAMES.items() if name in _BY_FLAG), "no-color")
)
"""Settings of pip that mean something here; docs/from-pip.md names each."""


# The grammar


def parse_ini(raw: bytes, path: str) -> list[Line]:
    """Parse a pip.conf.

    Raises:
        BadConfiguration: it breaks the grammar; names file and line.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadConfiguration(f"{path}:{line}: it is not UTF-8") from error
    lines: list[Line] = []
    section: str | None = None
    indent = 0
    is_open = False
    for number, row in enumerate(text.splitlines(), 1):
        bare = row.strip()
        if not bare or bare[0] in "#;":
            continue
        depth = len(row) - len(row.lstrip())
        if is_open and depth > indent:
            last = lines[-1]
            lines[-1] = Line(
                last.section, last.key, f"{last.text}\n{bare}", last.number
            )
            continue
        indent = depth
        if bare[0] == "[" and "]" in bare:
            section, is_open = bare[1 : bare.rindex("]")], False
            continue
        if section is None:
            raise BadConfiguration(
                f"{path}:{number}: a setting stands before any [section]",
                fix="write [global] above it",
            )
        lines.append(_parse_row(bare, section, f"{path}:{number}", number))
        is_open = True
    _refuse_repeated(lines, path)
    return lines


def _parse_row(bare: str, section: str, where: str, number: int) -> Line:
    cut = min((at for mark in "=:" if (at := bare.find(mark)) >= 0), default=-1)
    if cut <= 0:
        raise BadConfiguration(
            f"{where}: neither a [section] nor `name = value`",
        )
    key = bare[:cut].strip().lower().replace("_", "-").removeprefix("--")
    return Line(section, key, bare[cut + 1 :].strip(), number)


def _refuse_repeated(lines: Iterable[Line], path: str) -> None:
    first: dict[tuple[str, str], int] = {}
    for each in lines:
        known = first.setdefault((each.section, each.key), each.number)
        if known != each.number:
            raise BadConfiguration(
                f"{path}:{each.number}: `{each.key}` stands in line {known} already"
            )
