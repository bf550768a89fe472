"""What pip and uv were told: found, and taken as layers below admit's own.

For: somebody who comes from pip or uv and has configured it. Files that say nothing
for us are told apart by their bytes, so that no parser is imported for them.
Does not know: what a key of theirs means (`config.pip`, `config.uv`).
Shape: `Surroundings` in, `Foreign` out: layers, strongest first, uv's before pip's.
Rule: as soon as one tool's configuration sets the default index, the indexes of the
tools after it are put aside, with a warning: where packages come from is not mixed.
"""

from __future__ import annotations

import os
import sys

from admit.config.files import (
    BadConfiguration,
    ancestors,
    fixed_paths,
    has_tool,
    is_strangers,
    read_bytes,
    user_folder,
)
from admit.errors import UsageError
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from admit.config.files import IndexTable, Layer

INDEX_KEYS = ("index", "index_url", "extra_index_url", "find_links", "no_index")
_UV_WORDS = (
    b"index", b"find-links", b"[tool.uv.pip]", b"pip", b"keyring", b"insecure-host",
    b"native-tls", b"system-certs", b"offline", b"no-cache", b"link-mode", b"proxy",
    b"resolution", b"prerelease", b"exclude-newer", b"compile-bytecode", b"upgrade",
    b"reinstall", b"no-binary", b"no-build", b"-dependencies", b"hashes",
    b"config-settings",
)  # fmt: skip
"""One of these stands in every table of uv that says something for us."""


@value
class Surroundings:
    """Where and for which command configuration is looked for."""

    environ: Mapping[str, str]
    cwd: str
    home: str
    command: str = "install"
    system: str = "/etc"
    """The folder of the system's configuration."""


@value
class Foreign:
    """What other tools were told."""

    layers: tuple[Layer, ...] = ()
    warnings: tuple[str, ...] = ()
    """Of what admit cannot do and should not ignore in silence."""


@value
class Found:
    """A configuration file of another tool, read."""

    path: str
    raw: bytes
    is_project: bool = False
    """Whether it comes with a project: it may be a stranger's."""


def read_foreign(around: Surroundings, *, with_files: bool) -> Foreign:
    """Read what uv and pip were told; variables only, without `with_files`.

    Raises:
        UsageError: a value or a file cannot be understood.
    """
    environ = around.environ
    layers: list[Layer] = []
    warnings: list[str] = []
    uv_files = tuple(find_uv_files(around, warnings)) if with_files else ()
    pip_files = tuple(find_pip_files(around, warnings)) if with_files else ()
    if uv_files or any(name.startswith("UV_") for name in environ):
        from admit.config.uv import read_uv

        found = read_uv(around, uv_files)
        layers += found.layers
        warnings += found.warnings
    if pip_files or any(name.startswith("PIP_") for name in environ):
        from admit.config.pip import read_pip

        found = read_pip(around, pip_files)
        layers += found.layers
        warnings += found.warnings
    return Foreign(tuple(layers), tuple(warnings))


# uv's files


def find_uv_files(around: Surroundings, warnings: list[str]) -> Iterator[Found]:
    """Read uv's files that say something for us, the nearest first.

    `warnings` tells of those that are a stranger's.

    Raises:
        UsageError: `UV_CONFIG_FILE` names a file that is not there.
    """
    environ = around.environ
    if environ.get("UV_NO_CONFIG", "").lower() not in ("", "0", "false", "no", "off"):
        return
    chosen = environ.get("UV_CONFIG_FILE")
    if chosen:
        path = os.path.join(around.cwd, chosen)
        if not os.path.isfile(path):
            raise UsageError(
                f"the configuration file {path} does not exist",
                fix="correct or unset UV_CONFIG_FILE, or say --no-foreign-config",
            )
        yield Found(path, read_bytes(path))
        return
    yield from _uv_project_file(around.cwd, warnings)
    for path in uv_paths(around):
        if os.path.isfile(path):
            raw = read_bytes(path)
            if _has_uv_word(raw):
                yield Found(path, raw)


def uv_paths(around: Surroundings) -> tuple[str, ...]:
    """The user's and the system's file of uv, whether they are there or not."""
    environ = around.environ
    user = environ.get("APPDATA") if sys.platform == "win32" else None
    paths = [os.path.join(user or user_folder(environ), "uv", "uv.toml")]
    if sys.platform != "win32":
        folders = environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep)
        shared = [os.path.join(each, "uv", "uv.toml") for each in folders if each]
        paths += [path for path in shared if os.path.isfile(path)][:1] or [
            os.path.join(around.system, "uv", "uv.toml")
        ]
    return tuple(paths)


def _uv_project_file(cwd: str, warnings: list[str]) -> Iterator[Found]:
    """Read `uv.toml`, or a pyproject.toml with [tool.uv], of the nearest folder."""
    for folder in ancestors(cwd):
        own = os.path.join(folder, "uv.toml")
        shared = os.path.join(folder, "pyproject.toml")
        for path in (own, shared):
            if not os.path.isfile(path):
                continue
            raw = read_bytes(path)
            if path == shared and not has_tool(raw, b"uv"):
                continue
            says = _has_uv_word(_uv_part(raw) if path == shared else raw)
            if says and is_strangers(path, cwd, warnings):
                continue
            if says:
                yield Found(path, raw, is_project=True)
            return


def _has_uv_word(raw: bytes) -> bool:
    return any(word in raw for word in _UV_WORDS)


def _uv_part(raw: bytes) -> bytes:
    """The lines of a pyproject.toml that may belong to [tool.uv].

    All of them, where its headers are written in an unusual way.
    """
    if b"[tool.uv" not in raw:
        return raw
    part: list[bytes] = []
    is_ours = False
    for line in raw.splitlines():
        if line[:1] == b"[" and line.lstrip(b"[")[:1].isalpha():
            is_ours = line.lstrip(b"[").startswith(b"tool.uv")
        elif is_ours:
            part.append(line)
        if is_ours:
            part.append(line)
    return b"\n".join(part)


# pip's files


def find_pip_files(around: Surroundings, warnings: list[str]) -> Iterator[Found]:
    """Read pip's files, the strongest first, as pip chooses among them.

    One that may not be read is passed over, as by pip; but `warnings` tells of it.
    """
    active = around.environ.get("VIRTUAL_ENV")
    found = None if active else _environment_folder(around)
    for path in pip_paths(around):
        if not os.path.isfile(path):
            continue
        is_found = os.path.dirname(path) == found  # and nobody named it
        if is_found and is_strangers(path, around.cwd, warnings):
            continue
        try:
            raw = read_bytes(path)
        except BadConfiguration as error:
            warnings.append(f"{error.what}: {(error.why or 'unreadable').lower()}")
            continue
        if raw.strip():
            yield Found(path, raw)


def pip_paths(around: Surroundings) -> tuple[str, ...]:
    """Every file pip would look at, the strongest first.

    `PIP_CONFIG_FILE` stands above all and, if it is there, in place of the user's;
    if it is the null device, no file counts.
    """
    environ = around.environ
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return ()
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    paths: list[str] = []
    if chosen:
        paths.append(os.path.join(around.cwd, chosen))
    paths.append(os.path.join(_environment_folder(around), name))
    if not (chosen and os.path.exists(paths[0])):
        paths += _user_pip_paths(around, name)
    return (*paths, *_system_pip_paths(around, name))


def _environment_folder(around: Surroundings) -> str:
    """The virtual environment in which pip would run: its pip.conf counts."""
    active = around.environ.get("VIRTUAL_ENV")
    if active:
        return active
    for folder in ancestors(around.cwd):
        path = os.path.join(folder, ".venv")
        if os.path.isdir(path):
            return path
    return os.path.join(around.cwd, ".venv")


def _user_pip_paths(around: Surroundings, name: str) -> list[str]:
    environ, home = around.environ, around.home
    if sys.platform == "win32":
        roaming = environ.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
        return [os.path.join(roaming, "pip", name), os.path.join(home, "pip", name)]
    folder = os.path.join(user_folder(environ), "pip")
    if sys.platform == "darwin":
        library = os.path.join(home, "Library", "Application Support", "pip")
        folder = library if os.path.isdir(library) else folder
    return [os.path.join(folder, name), os.path.join(home, ".pip", name)]


def _system_pip_paths(around: Surroundings, name: str) -> list[str]:
    environ = around.environ
    if sys.platform == "win32":
        return [os.path.join(environ.get("PROGRAMDATA", ""), "pip", name)]
    if sys.platform == "darwin":
        return [os.path.join("/Library", "Application Support", "pip", name)]
    folders = environ.get("XDG_CONFIG_DIRS") or os.path.join(around.system, "xdg")
    shared = [os.path.join(each, "pip", name) for each in folders.split(os.pathsep)]
    return [os.path.join(around.system, name), *reversed(shared)]


# Whose indexes count


def put_aside(
    own: Sequence[Layer], foreign: Sequence[Layer]
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """Take the index settings out of tools after the one that sets the default.

    `own`: admit's variables and files. Returns the layers, and warnings.
    """
    decided: tuple[str, str] | None = None
    for layer in own:
        origin = default_origin(layer)
        if origin and decided is None:
            decided = layer.tool, origin
    layers: list[Layer] = []
    warnings: list[str] = []
    for layer in foreign:
        if decided is not None and decided[0] != layer.tool:
            layers.append(_without_indexes(layer))
            warnings += _aside(layer, decided[1])
            continue
        layers.append(layer)
        origin = default_origin(layer)
        if origin and decided is None:
            decided = layer.tool, origin
    return tuple(layers), tuple(warnings)


def default_origin(layer: Layer) -> str | None:
    """Say where a layer sets the default index, or that there is none to be asked."""
    for key in ("index_url", "no_index"):
        if layer.values.get(key):
            return layer.origins.get(key, layer.origin)
    for table in layer.indexes:
        if table.fields.get("default"):
            return table.origin
    return None


def _without_indexes(layer: Layer) -> Layer:
    values = {key: each for key, each in layer.values.items() if key not in INDEX_KEYS}
    kept = tuple(_for_its_own(each) for each in layer.indexes if _owns(each))
    return replace(layer, values=values, indexes=kept)


def _owns(table: IndexTable) -> bool:
    return bool(table.fields.get("packages"))


def _for_its_own(table: IndexTable) -> IndexTable:
    """The index for the names that belong to it, and for no other."""
    return replace(table, fields={**table.fields, "explicit": True, "default": False})


def _aside(layer: Layer, decided: str) -> Iterator[str]:
    """Warn of index settings that do not count."""
    named = [key for key in INDEX_KEYS if layer.values.get(key)]
    origins = [layer.origins.get(key, layer.origin) for key in named]
    tables = [each for each in layer.indexes if not _is_quiet(each)]
    keys = [key.replace("_", "-") for key in named] + ["index"] * bool(tables)
    places = dict.fromkeys((*origins, *(each.origin for each in tables)))
    if keys:
        yield (
            f"{', '.join(places)}: {', '.join(dict.fromkeys(keys))} of {layer.tool} "
            f"{'does' if len(keys) == 1 else 'do'} not count, because {decided} sets "
            "the default index; --no-foreign-config silences this"
        )


def _is_quiet(table: IndexTable) -> bool:
    """An explicit index serves its own names as before, or nothing."""
    return bool(table.fields.get("explicit"))


def known_paths(around: Surroundings) -> tuple[tuple[str, str], ...]:
    """Every file that has a fixed place, with the tool it is for."""
    return (
        *(("admit", path) for path in fixed_paths(around.environ)),
        *(("uv", path) for path in uv_paths(around)),
        *(("pip", path) for path in pip_paths(around)),
    )
