"""Configuration files: found, read, and checked against the table of options.

For: `admit.toml`, `[tool.admit]` of `pyproject.toml`, the user's and the system's
file, each as one layer of raw values with its origin.
Does not know: precedence between layers, what the values mean.
Shape: a folder and an environment in, `Layer`s out, nearest first.
"""

from __future__ import annotations

import os

from admit.config.options import BY_KEY
from admit.errors import UsageError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Literal

    from admit.config.options import Option

INDEX_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "url": str,
    "default": bool,
    "explicit": bool,
    "format": str,
    "authenticate": str,
    "packages": list,
    "required": bool,
    "ignore-error-codes": list,
    "refused-files": str,
    "probe": str,
    "credential-origins": list,
    "cache-control": (str, dict),
    "client-cert": str,
    "client-key": str,
    "ca-cert": str,
    "proxy": str,
    "credential-helper": list,
    "headers": dict,
    "public": bool,
    "principal": str,
    "username-is-token": bool,
    "exclude-newer": (str, bool),
}
"""Keys of an `[[index]]` table, with the TOML type of each."""

NOT_IN_FILES = {
    "config_file",
    "credential_fd",
    "credential_file",
    "no_config",
    "quiet",
    "requirement",
    "verbose",
}


class BadConfiguration(UsageError):
    """A configuration file says something that cannot be understood."""

    code = "invalid-configuration"


@value
class IndexTable:
    """One `[[index]]` table, checked for keys and types only."""

    fields: Mapping[str, object]
    origin: str
    folder: str = ""
    """Of the file: paths in the table are seen from there."""


@value
class Layer:
    """The raw values of one place, by option key."""

    origin: str
    """How messages call the place: a path, `ADMIT_*`, the command line."""
    values: Mapping[str, object]
    origins: Mapping[str, str]
    """Where each value stands, by option key."""
    indexes: tuple[IndexTable, ...] = ()
    is_file: bool = False
    """Whether `origin` is the path of a file: paths in it are seen from there."""
    tool: Literal["admit", "uv", "pip"] = "admit"
    """For whom it was written."""
    is_project: bool = False
    """Whether it is a file that comes with a project: it may be a stranger's."""


def read_files(
    cwd: str,
    environ: Mapping[str, str],
    warnings: list[str],
    *,
    only: str | None = None,
) -> list[Layer]:
    """Read every configuration file that counts, the nearest first.

    `warnings` tells of those that do not. `only`: a path given by `--config-file`;
    nothing else is read then.

    Raises:
        BadConfiguration: a file cannot be read or understood, or a project's says what
            only the user may say; names file and line.
    """
    if only is not None:
        return [_read_file(only, is_wanted=True)]
    own = fixed_paths(environ)
    found = []
    for path, raw in _find_files(cwd, environ, warnings):
        layer = _parse_layer(path, raw)
        if path not in own:
            from admit.config.project_file import check_project_file

            layer = check_project_file(layer, cwd, environ)
        found.append(layer)
    return found


def ancestors(folder: str) -> Iterator[str]:
    """A folder and those above it, the nearest first."""
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def user_folder(environ: Mapping[str, str]) -> str:
    """Where this user's configuration files are."""
    return environ.get("XDG_CONFIG_HOME") or os.path.join(
        environ.get("HOME") or os.path.expanduser("~"), ".config"
    )


def fixed_paths(environ: Mapping[str, str]) -> tuple[str, str]:
    """The user's file and the system's."""
    return (
        os.path.join(user_folder(environ), "admit", "admit.toml"),
        "/etc/admit/admit.toml",
    )


def has_tool(raw: bytes, name: bytes) -> bool:
    """Tell whether a pyproject.toml may have a table [tool.NAME].

    Without parsing it, which would take longer than most of what admit does.
    """
    if name not in raw:
        return False
    bare = raw
    for mark in (b" ", b"\t", b'"', b"'"):
        bare = bare.replace(mark, b"")
    return b"tool." + name in bare or b"[tool]" in bare or b"tool=" in bare


def _find_files(
    cwd: str, environ: Mapping[str, str], warnings: list[str]
) -> Iterator[tuple[str, bytes]]:
    for path in (*_project_path(cwd, warnings), *fixed_paths(environ)):
        if os.path.isfile(path):
            yield path, read_bytes(path)


def _project_path(cwd: str, warnings: list[str]) -> Iterator[str]:
    """The nearest file of the project; a pyproject.toml that says nothing is none."""
    for folder in ancestors(cwd):
        own = os.path.join(folder, "admit.toml")
        if os.path.isfile(own) and not is_strangers(own, cwd, warnings):
            yield own
            return
        shared = os.path.join(folder, "pyproject.toml")
        if (
            os.path.isfile(shared)
            and has_tool(read_bytes(shared), b"admit")
            and not is_strangers(shared, cwd, warnings)
        ):
            yield shared
            return


def is_strangers(path: str, cwd: str, warnings: list[str]) -> bool:
    """Tell whether a file that was found going upwards is a stranger's; warn of it."""
    from admit.owners import find_stranger

    owner = find_stranger(path, cwd)
    if owner is None:
        return False
    warnings.append(
        f"{path} belongs to {owner}, not to you, and does not count; if it is to, "
        "name it with --config-file, or make it yours"
    )
    return True


def _read_file(path: str, *, is_wanted: bool) -> Layer:
    if is_wanted and not os.path.isfile(path):
        raise BadConfiguration(
            f"the configuration file {path} does not exist",
            fix="correct --config-file or ADMIT_CONFIG_FILE",
        )
    return _parse_layer(path, read_bytes(path))


def read_bytes(path: str) -> bytes:
    """Read a configuration file.

    Raises:
        BadConfiguration: it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise BadConfiguration(
            f"cannot read the configuration file {path}", why=error.strerror
        ) from error


def parse_toml(path: str, raw: bytes) -> tuple[dict[str, Any], str]:
    """Return the document of a configuration file, and its text.

    Raises:
        BadConfiguration: it is no TOML; names file and line.
    """
    import tomllib

    try:
        text = raw.decode()
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadConfiguration(
            f"{path}:{line} is not UTF-8", why=error.reason, fix="save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        why = str(error)
        _, is_placed, rest = why.partition(" (at line ")
        line = int(rest.partition(",")[0]) if is_placed else raw.count(b"\n") + 1
        raise BadConfiguration(
            f"{path}:{line} is not valid TOML",
            why=why[0].lower() + why[1:],
            fix="mend that line, or read no file for now: --no-config",
        ) from error


def _parse_layer(path: str, raw: bytes) -> Layer:
    document, text = parse_toml(path, raw)
    if os.path.basename(path) == "pyproject.toml":
        tool = document.get("tool")
        document = tool.get("admit", {}) if isinstance(tool, dict) else {}
        if not isinstance(document, dict):
            raise BadConfiguration(
                f"{path}:{line_of(text, 'admit')}: [tool.admit] is not a table",
                fix="write [tool.admit], and the settings below it",
            )
    tables = document.pop("index", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise BadConfiguration(
            f"{path}:{line_of(text, 'index')}: `index` is not a list of tables",
            fix='write [[index]], then name = "…" and url = "…" below it',
        )
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for name, each in document.items():
        key = name.replace("-", "_")
        where = f"{path}:{line_of(text, name)}"
        option = BY_KEY.get(key)
        if option is None or option.is_line_only or key in NOT_IN_FILES:
            raise BadConfiguration(
                f"{where}: unknown setting `{name}`", fix=_suggest(name)
            )
        values[key] = check_type(option, each, where)
        origins[key] = where
    return Layer(
        path,
        values,
        origins,
        tuple(check_table(t, path, text) for t in tables),
        is_file=True,
    )


def check_type(option: Option, each: object, where: str) -> object:
    """Return a file's value if it has the type its option wants.

    Raises:
        BadConfiguration: it has another one.
    """
    if option.kind == "flag" and isinstance(each, bool):
        return each
    if option.kind == "number" and type(each) in (int, float):
        return each
    if option.kind == "text" and isinstance(each, str):
        return each
    if option.kind == "choice" and each in option.choices:
        return each
    if option.kind == "list":
        if isinstance(each, str):
            return [each]
        if isinstance(each, list) and all(isinstance(item, str) for item in each):
            return each
    wanted = {
        "flag": "true or false",
        "number": "a number",
        "text": "a string",
        "choice": "one of " + ", ".join(option.choices),
        "list": "a list of strings",
        "count": "nothing here",
    }[option.kind]
    raise BadConfiguration(f"{where}: `{option.name}` wants {wanted}")


def check_table(table: dict[str, object], path: str, text: str) -> IndexTable:
    """Check the keys and types of one `[[index]]` table.

    Raises:
        BadConfiguration: a key is unknown, of a wrong type, or missing.
    """
    shown = table.get("name") or "without a name"
    where = f"{path}:{line_of(text, 'index')}: the index {shown}"
    name = table.get("name")
    if isinstance(name, str):
        where = f"{path}:{line_of(text, 'name', name)}: the index {name}"
    elif isinstance(url := table.get("url"), str):
        where = f"{path}:{line_of(text, 'url', url)}: the index {shown}"
    for key, each in table.items():
        wanted = INDEX_KEYS.get(key)
        if wanted is None:
            raise BadConfiguration(
                f"{where}: unknown setting `{key}`", fix=_suggest(key, INDEX_KEYS)
            )
        if not isinstance(each, wanted) or (wanted is int and isinstance(each, bool)):
            raise BadConfiguration(f"{where}: `{key}` has the wrong type")
    if "url" not in table:
        raise BadConfiguration(
            f"{where}: `url` is missing",
            fix='write for instance url = "https://pypi.corp.example/simple/"',
        )
    origin = where.rpartition(": the index")[0]
    return IndexTable(table, origin, os.path.dirname(path))


def line_of(text: str, key: str, content: str = "") -> int:
    """Return the line a key stands in (1-based); 1 if it cannot be told."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip().lstrip("[").strip("\"' ")
        after = stripped.removeprefix(key)
        is_key = after != stripped and after[:1] not in _KEY_MARKS
        if is_key and content in line:
            return number
    return 1


_KEY_MARKS = frozenset("-_abcdefghijklmnopqrstuvwxyz")


def _suggest(name: str, known: Mapping[str, object] | None = None) -> str | None:
    import difflib

    names = list(known) if known is not None else [o.name for o in BY_KEY.values()]
    close = difflib.get_close_matches(name, names, 1)
    return f"did you mean `{close[0]}`?" if close else None
