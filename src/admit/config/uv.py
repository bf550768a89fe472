"""uv's variables and files as layers of settings.

For: `UV_<OPTION>`, uv.toml, [tool.uv] of pyproject.toml with its `pip` table, its
`[[index]]` tables, and the index pins of `sources`, which become names that belong to
that index.
Does not know: where the files are (`config.foreign`), what settings do.
Shape: texts -> one `Layer` for the variables and one per file.
"""

from __future__ import annotations

import os

from admit.config.files import (
    BadConfiguration,
    IndexTable,
    Layer,
    check_table,
    check_type,
    line_of,
    parse_toml,
)
from admit.config.foreign import Foreign
from admit.config.options import OPTIONS
from admit.config.project_file import check_variables, objection
from admit.config.variables import parse_text
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from admit.config.foreign import Found, Surroundings
    from admit.config.options import Option

_VARIABLES = {
    "UV_DEFAULT_INDEX": "index-url",
    "UV_INDEX_URL": "index-url",
    "UV_INDEX": "index",
    "UV_EXTRA_INDEX_URL": "extra-index-url",
    "UV_FIND_LINKS": "find-links",
    "UV_NO_INDEX": "no-index",
    "UV_INDEX_STRATEGY": "index-strategy",
    "UV_KEYRING_PROVIDER": "keyring-provider",
    "UV_SYSTEM_CERTS": "native-tls",
    "UV_NATIVE_TLS": "native-tls",
    "UV_INSECURE_HOST": "allow-insecure-host",
    "UV_HTTP_TIMEOUT": "timeout",
    "UV_REQUEST_TIMEOUT": "timeout",
    "UV_HTTP_RETRIES": "retries",
    "UV_OFFLINE": "offline",
    "UV_NO_CACHE": "no-cache",
    "UV_NO_PROGRESS": "no-progress",
    "UV_CONSTRAINT": "constraint",
    "UV_BUILD_CONSTRAINT": "build-constraint",
    "UV_OVERRIDE": "override",
    "UV_REQUIRE_HASHES": "require-hashes",
    "UV_NO_VERIFY_HASHES": "no-verify-hashes",
    "UV_RESOLUTION": "resolution",
    "UV_PRERELEASE": "prerelease",
    "UV_EXCLUDE_NEWER": "exclude-newer",
    "UV_NO_BUILD": "no-build",
    "UV_NO_BUILD_ISOLATION": "no-build-isolation",
    "UV_NO_BUILD_PACKAGE": "only-binary",
    "UV_NO_BINARY_PACKAGE": "no-binary",
    "UV_LINK_MODE": "link-mode",
    "UV_COMPILE_BYTECODE": "compile-bytecode",
    "UV_PYTHON": "python",
    "UV_SYSTEM_PYTHON": "system",
    "UV_BREAK_SYSTEM_PACKAGES": "break-system-packages",
    "UV_CUSTOM_COMPILE_COMMAND": "custom-compile-command",
}
"""uv's variables, and ours of the same meaning; the first of two is the stronger."""

_BOTH = (
    "index-url", "extra-index-url", "find-links", "no-index", "index-strategy",
    "keyring-provider", "link-mode", "resolution", "prerelease", "exclude-newer",
    "compile-bytecode", "upgrade", "upgrade-package", "reinstall", "no-build",
    "no-build-isolation", "config-settings",
)  # fmt: skip
_GENERAL = {
    **{name: name for name in _BOTH},
    "allow-insecure-host": "allow-insecure-host",
    "native-tls": "native-tls",
    "system-certs": "native-tls",
    "offline": "offline",
    "no-cache": "no-cache",
    "no-build-package": "only-binary",
    "no-binary-package": "no-binary",
    "https-proxy": "proxy",
    "http-proxy": "proxy",
}
_PIP = {
    name: name
    for name in (
        *_BOTH, "python", "system", "group", "target", "prefix",
        "break-system-packages", "no-deps",
        "require-hashes", "only-binary", "no-binary", "extra", "all-extras",
        "generate-hashes", "no-header", "no-annotate", "no-strip-extras",
        "output-file", "custom-compile-command", "emit-index-url", "python-version",
        "python-platform",
    )
}  # fmt: skip
"""Keys of [tool.uv] and of [tool.uv.pip], and ours of the same meaning."""

_SERIOUS = {
    "keyring-provider": "credentials of a keyring are not looked for",
    "index-strategy": "the first index that has a name answers for it",
    "exclude-newer": "newer files may be chosen",
    "exclude-newer-package": "newer files may be chosen",
    "require-hashes": "files without a known hash may be installed",
    "no-index": "indexes are asked",
    "no-binary": "wheels are taken",
    "constraint-dependencies": "other versions may be chosen",
    "override-dependencies": "other versions may be chosen",
    "exclude-dependencies": "more may be installed",
    "build-constraint-dependencies": "builds may need other versions",
    "config-settings-package": "the backend is not told",
    "no-build-isolation-package": "it is built in isolation",
}
"""What must not be ignored in silence where there is no option for it."""

_TABLE_KEYS = (
    "name", "url", "default", "explicit", "format", "authenticate", "cache-control",
    "ignore-error-codes", "exclude-newer",
)  # fmt: skip

_BY_FLAG: dict[str, Option] = {
    name: option for option in OPTIONS for name in (option.name, *option.aliases)
}


UNDERSTOOD_VARIABLES = frozenset(
    variable for variable, name in _VARIABLES.items() if name in _BY_FLAG
)
UNDERSTOOD_KEYS = frozenset(
    key for names in (_GENERAL, _PIP) for key, name in names.items() if name in _BY_FLAG
) | frozenset(_TABLE_KEYS)
"""What means something here; docs/from-uv.md names each."""


@value
class Document:
    """A file of uv, or the part of one that is uv's."""

    path: str
    text: str
    table: Mapping[str, Any]
    is_project: bool = False

    def origin(self, key: str) -> str:
        return f"{self.path}:{line_of(self.text, key)}"

    def objection(self, key: str, found: object, cwd: str) -> str | None:
        """Say why an option does not count here; None if it does."""
        if not self.is_project:
            return None
        return objection(key, found, os.path.dirname(self.path), cwd)


def read_uv(around: Surroundings, files: Sequence[Found]) -> Foreign:
    """Return what uv was told.

    Raises:
        BadConfiguration: a file cannot be understood; names file and line.
        UsageError: a variable cannot be understood.
    """
    warnings: list[str] = []
    layers = [_read_variables(around, warnings)]
    for each in files:
        document = _open(each)
        if document is not None:
            layer = _read_document(document, around.cwd, warnings)
            if document.is_project:
                check_variables(layer, around.environ)
            layers.append(layer)
    kept = (each for each in layers if each.values or each.indexes)
    return Foreign(tuple(kept), tuple(warnings))


def _read_variables(around: Surroundings, warnings: list[str]) -> Layer:
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for variable, name in _VARIABLES.items():
        text = around.environ.get(variable, "").strip()
        if not text:
            continue
        option = _BY_FLAG.get(name)
        if option is None or (option.choices and text not in option.choices):
            warnings += _warn(variable, name, text)
        elif option.key not in values:
            if name == "find-links":
                values[option.key] = [each.strip() for each in text.split(",")]
            else:
                values[option.key] = parse_text(option, text, variable)
            origins[option.key] = variable
    return Layer("UV_*", values, origins, tool="uv")


def _open(file: Found) -> Document | None:
    document, text = parse_toml(file.path, file.raw)
    if os.path.basename(file.path) != "pyproject.toml":
        return Document(file.path, text, document, file.is_project)
    tool = document.get("tool")
    table = tool.get("uv") if isinstance(tool, dict) else None
    if not isinstance(table, dict):
        return None
    return Document(file.path, text, table, file.is_project)


def _read_document(document: Document, cwd: str, warnings: list[str]) -> Layer:
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    pip = document.table.get("pip", {})
    if not isinstance(pip, dict):
        raise BadConfiguration(f"{document.origin('pip')}: `pip` is not a table")
    for names, table in ((_PIP, pip), (_GENERAL, document.table)):
        for key, each in table.items():
            where = document.origin(key)
            option = _BY_FLAG.get(names.get(key, ""))
            found = _translate(key, each)
            if option is None or (option.choices and found not in option.choices):
                warnings += _warn(where, key, each)
            elif option.key not in values:
                found = check_type(option, found, where)
                reason = document.objection(option.key, found, cwd)
                if reason is not None:
                    warnings.append(
                        f"{where}: `{key}` does not count in a project's file: "
                        f"{reason}, and the file may be a stranger's"
                    )
                    continue
                values[option.key] = found
                origins[option.key] = where
    _note_special(document, pip, values, origins)
    indexes = _indexes(document, warnings)
    return Layer(
        *(document.path, values, origins, indexes),
        is_file=True,
        tool="uv",
        is_project=document.is_project,
    )


def _translate(key: str, found: object) -> object:
    """What uv writes as a list or a flag of another kind."""
    if key in ("only-binary", "no-binary") and isinstance(found, bool):
        return [":all:"] if found else []
    if key == "config-settings" and isinstance(found, dict):
        return [
            f"{name}={text}"
            for name, texts in found.items()
            for text in (texts if isinstance(texts, list) else [texts])
        ]
    return found


def _note_special(
    document: Document,
    pip: Mapping[str, Any],
    values: dict[str, object],
    origins: dict[str, str],
) -> None:
    """Settings that uv writes the other way round, or at two places."""
    if pip.get("verify-hashes") is False and "no-verify-hashes" in _BY_FLAG:
        values["no_verify_hashes"] = True
        origins["no_verify_hashes"] = document.origin("verify-hashes")
    if document.table.get("no-binary") is True and "no_binary" not in values:
        values["no_binary"] = [":all:"]
        origins["no_binary"] = document.origin("no-binary")


def _warn(where: str, key: str, found: object) -> list[str]:
    reason = _SERIOUS.get(key)
    is_off = found in (False, [], {}, "", "disabled", "false", "0", "first-index")
    if reason is None or is_off:
        return []
    return [f"{where}: admit has no `{key}` of uv yet: {reason}"]


# Indexes


def _indexes(document: Document, warnings: list[str]) -> tuple[IndexTable, ...]:
    tables = document.table.get("index", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise BadConfiguration(
            f"{document.origin('index')}: `index` is not a list of tables"
        )
    owned = _pins(document, warnings)
    made = []
    for table in tables:
        fields = {key: table[key] for key in _TABLE_KEYS if key in table}
        codes = fields.get("ignore-error-codes")
        if isinstance(codes, list):
            # An error of the server, 5xx, is never read as "no such project".
            fields["ignore-error-codes"] = [
                each for each in codes if not (type(each) is int and each >= 500)
            ]
        found = check_table(fields, document.path, document.text)
        names = owned.pop(str(table.get("name")), ())
        if names:
            found = replace(found, fields={**found.fields, "packages": list(names)})
        made.append(found)
    for name, packages in owned.items():
        warnings.append(
            f"{document.origin(packages[0])}: {', '.join(packages)} is to come from "
            f"the index {name}, which this file does not have; the pin does not count"
        )
    return tuple(made)


def _pins(document: Document, warnings: list[str]) -> dict[str, tuple[str, ...]]:
    """The names that `sources` gives to each index."""
    sources = document.table.get("sources", {})
    if not isinstance(sources, dict):
        raise BadConfiguration(
            f"{document.origin('sources')}: `sources` is not a table"
        )
    pins: dict[str, list[str]] = {}
    for package, found in sources.items():
        for each in found if isinstance(found, list) else [found]:
            if not isinstance(each, dict) or not isinstance(each.get("index"), str):
                continue  # git, url, path, workspace: of the project, not of installs
            names = pins.setdefault(each["index"], [])
            if package not in names:
                names.append(package)
            if "marker" in each or "extra" in each or "group" in each:
                warnings.append(
                    f"{document.origin(package)}: {package} comes from the index "
                    f"{each['index']} in every case; the condition is not looked at"
                )
    return {name: tuple(packages) for name, packages in pins.items()}
