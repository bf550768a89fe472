"""Credentials of named sources in environment variables.

For: `ADMIT_INDEX_<NAME>_USERNAME`, `_PASSWORD`, `_TOKEN` and `_ORIGIN`, and uv's
`UV_INDEX_<NAME>_USERNAME` and `_PASSWORD` (rule R3.2 of docs/auth.md); `${VAR}`.
Does not know: precedence, the process's environment (a mapping is handed in).
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from admit.auth.scope import Source

_PREFIXES = {
    "ADMIT_INDEX_": ("_USERNAME", "_PASSWORD", "_TOKEN", "_ORIGIN"),
    "UV_INDEX_": ("_USERNAME", "_PASSWORD"),
}


@value
class Variable:
    """A variable that is set, and its value."""

    name: str
    text: str


class UnsetVariable(Exception):
    """`${NAME}` stands in a URL, and the variable is unset or empty."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def variable_stem(name: str) -> str:
    """Return the <NAME> part for a source: upper case, `_` for other marks."""
    return "".join(
        mark if mark.isascii() and mark.isalnum() else "_" for mark in name.upper()
    )


def find_variable(
    environ: Mapping[str, str], source_name: str, suffix: str
) -> Variable | None:
    """Return the first variable that is set for a named source; may be empty.

    Args:
        environ: the environment.
        source_name: as typed.
        suffix: "_USERNAME", "_PASSWORD", "_TOKEN" or "_ORIGIN".
    """
    stem = variable_stem(source_name)
    for prefix, suffixes in _PREFIXES.items():
        name = f"{prefix}{stem}{suffix}"
        if suffix in suffixes and name in environ:
            return Variable(name, environ[name])
    return None


def check_variables(
    environ: Mapping[str, str], sources: Iterable[Source]
) -> tuple[str, ...]:
    """Warn of credential variables that match no source, or two (pain F9)."""
    stems: dict[str, list[str]] = {}
    for source in sources:
        if source.name is not None:
            stems.setdefault(variable_stem(source.name), []).append(source.name)
    warnings = []
    for name in sorted(environ):
        stem = stem_of(name)
        if stem is None:
            continue
        names = stems.get(stem) or stems.get(_without_key(stem), [])
        if not names:
            known = ", ".join(sorted(stems)) or "none has a name"
            warnings.append(
                f"{name} matches no index (named indexes, as variables: {known})"
            )
        elif len(names) > 1:
            warnings.append(f"{name} matches {len(names)} indexes: {', '.join(names)}")
    return tuple(warnings)


def _without_key(stem: str) -> str:
    """Leave out what makes a password that of a client certificate's key."""
    return stem.removesuffix("_CLIENT_KEY")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace each `${NAME}` by the variable's value, used raw, once.

    Raises:
        UnsetVariable: it is unset or empty (pain F4).
    """
    head, *parts = text.split("${")
    expanded = head
    for part in parts:
        name, brace, rest = part.partition("}")
        if not brace or not _is_variable_name(name):
            expanded += "${" + part
            continue
        if not environ.get(name):
            raise UnsetVariable(name)
        expanded += environ[name] + rest
    return expanded


def _is_variable_name(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def stem_of(name: str) -> str | None:
    """Return the <NAME> part of a variable; None if it is none of these."""
    for prefix, suffixes in _PREFIXES.items():
        if not name.startswith(prefix):
            continue
        for suffix in suffixes:
            stem = name[len(prefix) : -len(suffix)]
            if name.endswith(suffix) and stem:
                return stem
    return None
