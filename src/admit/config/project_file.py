"""What a project's file may not say: it comes with a checkout, not from the user.

For: a stranger's repository, in which somebody runs admit. Its file says where packages
come from and how much is asked of an index. It runs no program and writes nothing
outside of the project, and decides neither whom to trust nor where a credential may go.
Does not know: where files are, what settings do. A file that the user names by
`--config-file`, the user's own and the system's may say everything.
"""

from __future__ import annotations

import os

from admit.config.authenticate import variable_part
from admit.config.files import BadConfiguration, ancestors, fixed_paths
from admit.spec.url import InvalidUrl, parse_url
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from admit.config.files import IndexTable, Layer
    from admit.config.settings import Settings
    from admit.spec.url import Origin

WITHHELD = {
    "allow_insecure_host": "it says who is trusted",
    "break_system_packages": "it lets the system's Python be changed",
    "cache_dir": "what is in a cache is trusted",
    "cert": "it says who is trusted",
    "client_cert": "it says where your certificate goes",
    "client_key": "it says where your certificate goes",
    "config_settings": "it tells compilers and other programs what to do",
    "keyring_command": "it runs a program",
    "log": "it writes a file",
    "proxy": "it says through whom your requests go",
}
"""Settings by key, each with the reason."""
INSIDE = {
    "dest": "it says where files are written",
    "output_file": "it says which file is written",
    "prefix": "it says what is changed",
    "python": "it says what is run and changed",
    "report": "it says which file is written",
    "target": "it says what is changed",
}
"""Settings that may name a place in the project's folder, and none outside of it."""
ALLOWED = "ADMIT_PROJECT_VARIABLES"
"""The variable that names those which a project's file may send."""
WITHHELD_OF_INDEX = {
    "ca-cert": "it says who is trusted",
    "client-cert": "it says where your certificate goes",
    "client-key": "it says where your certificate goes",
    "credential-helper": "it runs a program",
    "credential-origins": "it says where your credential goes",
    "proxy": "it says through whom your requests go",
}
"""Settings of an index, each with the reason."""


class NotForProjects(BadConfiguration):
    """A project's file says what only the user may say."""

    code = "not-for-projects"


def check_project_file(layer: Layer, cwd: str, environ: Mapping[str, str]) -> Layer:
    """Return the layer of a project's file if it keeps to what is its own.

    Raises:
        NotForProjects: it does not; names file and line.
    """
    for key, found in layer.values.items():
        reason = objection(key, found, os.path.dirname(layer.origin), cwd)
        if reason is not None:
            name = key.replace("_", "-")
            raise _refuse(layer.origins[key], name, reason, layer.origin)
    for table in layer.indexes:
        _check_table(table, layer.origin)
    check_variables(layer, environ)
    return replace(layer, is_project=True)


def check_variables(layer: Layer, environ: Mapping[str, str]) -> None:
    """Check that a project's file sends no variable that the user has not allowed.

    What `${CI_TOKEN}` holds would go to a server of the file's choice.

    Raises:
        NotForProjects: it would send one.
    """
    allowed = environ.get(ALLOWED, "").replace(",", " ").split()
    for where, texts in _texts_of(layer):
        for name in _variables_in(texts):
            if name in allowed:
                continue
            raise NotForProjects(
                f"{where}: a project's file may not send the variable {name}",
                why="it would go to a server of the file's choice, and the file may be "
                "a stranger's",
                fix="give the index a name, and set ADMIT_INDEX_<NAME>_PASSWORD or "
                f"_TOKEN\nif you trust the file, set {ALLOWED}={name}",
            )


def _texts_of(layer: Layer) -> Iterator[tuple[str, list[str]]]:
    """The texts of a layer in which a variable would count, and where they stand."""
    for key, found in layer.values.items():
        texts = found if isinstance(found, (list, tuple)) else (found,)
        yield layer.origins.get(key, layer.origin), [str(each) for each in texts]
    for table in layer.indexes:
        headers = table.fields.get("headers")
        texts = [str(table.fields.get("url", ""))]
        for each in headers.values() if isinstance(headers, dict) else ():
            head, mark, name = str(each).partition("env:")
            if mark and not head:
                texts.append("${" + name + "}")
        yield table.origin, texts


def _variables_in(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for part in text.split("${")[1:]:
            name, brace, _ = part.partition("}")
            if brace:
                yield name


def objection(key: str, found: object, folder: str, cwd: str) -> str | None:
    """Say why a project's file may not set an option so; None if it may.

    Args:
        key: the option's.
        found: the value.
        folder: of the file.
        cwd: from where paths are seen.
    """
    if key == "require_virtualenv" and not found:
        return "it lifts what guards your environments"
    if key == "no_build" and not found:
        return "it lets code be run that you forbade"
    if key in INSIDE and not _is_inside(key, str(found), folder, cwd):
        return f"{INSIDE[key]}, {found} is outside of the project"
    return WITHHELD.get(key)


def _is_inside(key: str, text: str, folder: str, cwd: str) -> bool:
    """Tell whether a path, its links followed, stays in the project's folder."""
    if key == "report" and text == "-":
        return True
    if text.startswith("~"):
        return False
    path = os.path.join(cwd, text)
    if key == "python":
        if _is_version(text):
            return True
        if not os.path.lexists(path):
            return False  # it would be looked for on PATH
        if not os.path.isdir(path):
            path = os.path.dirname(path)  # itself it is a link out of every environment
    base = os.path.realpath(folder)
    try:
        return os.path.commonpath((base, os.path.realpath(path))) == base
    except ValueError:  # another drive
        return False


def _is_version(text: str) -> bool:
    """Tell whether text is a version as `--python` takes it: `3.12`, `python3.12`."""
    stem = text.removeprefix("python").removeprefix("pypy").removesuffix("t")
    return stem.replace(".", "").isdecimal()


def check_names(layers: Sequence[Layer]) -> None:
    """Check that no project's file gives a name of the user's to another server.

    What is given for a name, by variable or on the command line, would go there. Where
    a stronger layer has the very same name, the project's table does not count anyway.

    Raises:
        NotForProjects: one does.
    """
    known: dict[str, tuple[str, Origin | None]] = {}
    for layer in layers:
        for name, url, where in () if layer.is_project else _names_of(layer):
            known.setdefault(variable_part(name), (where, _origin_of(url)))
    stronger: set[str] = set()
    for layer in layers:
        names = tuple(_names_of(layer))
        if not layer.is_project:
            stronger.update(name for name, _, _ in names)
            continue
        for name, url, where in names:
            origin = _origin_of(url)
            first, wanted = known.get(variable_part(name), (where, origin))
            if origin == wanted or name in stronger:
                continue
            fix = "give it another name"
            if layer.tool == "admit":
                fix += (
                    f", or say that you trust this file: --config-file {layer.origin}"
                )
            raise NotForProjects(
                f"{where}: the index {name} is another one than in {first}",
                why="credentials given for that name would go to another server, "
                "and a project's file may be a stranger's",
                fix=fix,
            )


def _names_of(layer: Layer) -> Iterator[tuple[str, str, str]]:
    """The names of indexes in a layer, with URL and place."""
    for table in layer.indexes:
        name, url = table.fields.get("name"), str(table.fields.get("url"))
        if isinstance(name, str):
            yield name, url, table.origin
    texts = layer.values.get("index")
    for text in texts if isinstance(texts, (list, tuple)) else ():
        name, _, url = str(text).partition("=")
        if url and "/" not in name and ":" not in name:
            yield name, url, layer.origins.get("index", layer.origin)


def is_said_by_project(origin: str, settings: Settings) -> bool:
    """Tell whether what was set at `origin` was set by a project's file only."""
    path = origin.rpartition(":")[0] or origin
    return (
        path in settings.files
        and path not in fixed_paths(settings.environ)
        and os.path.dirname(path) in ancestors(settings.cwd)
        and settings.text("config_file") is None
    )


def _origin_of(url: str) -> Origin | None:
    try:
        return parse_url(url).origin
    except InvalidUrl:
        return None


def _check_table(table: IndexTable, path: str) -> None:
    for key in table.fields:
        if key in WITHHELD_OF_INDEX:
            raise _refuse(table.origin, key, WITHHELD_OF_INDEX[key], path)
    headers = table.fields.get("headers")
    for reference in headers.values() if isinstance(headers, dict) else ():
        if str(reference).startswith("cmd:"):
            raise _refuse(table.origin, "headers", "it runs a program", path)
        if str(reference).startswith("file:"):
            raise _refuse(table.origin, "headers", "it reads a file", path)


def _refuse(where: str, name: str, reason: str, path: str) -> NotForProjects:
    return NotForProjects(
        f"{where}: `{name}` may not stand so in a project's file",
        why=f"{reason}, and a project's file may be a stranger's",
        fix="write it into ~/.config/admit/admit.toml, or say that you trust this "
        f"file: --config-file {path}",
    )
