"""One frozen `Settings` out of command line, environment and files.

For: everything a command may be told, typed, each value with its origin. Precedence:
command line, requirements files, `ADMIT_*`, nearest file, user's file, system's file;
then what uv was told, then what pip was told, each its variables before its files.
Does not know: what a command does with a value; secrets other than inside `Url`s.
Shape: layers in, `Settings` out; `Settings.origin_of(key)` says whence.
"""

from __future__ import annotations

import os

from admit.config.files import Layer, read_files
from admit.config.foreign import Surroundings, put_aside, read_foreign
from admit.config.indexes import IndexSettings, collect_indexes, url_of
from admit.config.options import BY_KEY
from admit.config.variables import misspelt, read_variables
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

__all__ = ["IndexSettings", "Settings", "expand_home", "load_settings", "url_of"]


@value
class Settings:
    """What a run was told. Lists keep the order in which things are asked."""

    values: Mapping[str, Any]
    """The effective value of every option that somebody set, by key."""
    origins: Mapping[str, str]
    indexes: tuple[IndexSettings, ...]
    """Without the built-in default, which is added when nothing replaced it."""
    has_default: bool
    files: tuple[str, ...]
    """Configuration files that were read, nearest first."""
    environ: Mapping[str, str]
    cwd: str
    home: str
    given: Mapping[str, object]
    """What the command line gave, to merge once more."""
    command: str = "install"
    """For which command settings were read: pip's files have sections."""
    warnings: tuple[str, ...] = ()
    """What the user should know of the configuration."""

    def flag(self, key: str) -> bool:
        return bool(self.values.get(key, False))

    def text(self, key: str) -> str | None:
        found: str | None = self.values.get(key)
        return found

    def number(self, key: str, default: float) -> float:
        found: float = self.values.get(key, default)
        return found

    def items(self, key: str) -> tuple[str, ...]:
        return tuple(self.values.get(key, ()))

    def origin_of(self, key: str) -> str:
        return self.origins.get(key, "default")

    def path(self, text: str) -> str:
        """A path as the user means it: absolute, from the working folder, `~` known."""
        return os.path.normpath(os.path.join(self.cwd, expand_home(self, text)))

    @property
    def cache_dir(self) -> str:
        """The cache folder, absolute; not yet made."""
        configured = self.text("cache_dir")
        if configured:
            return os.path.abspath(
                os.path.join(self.cwd, expand_home(self, configured))
            )
        base = self.environ.get("XDG_CACHE_HOME") or os.path.join(self.home, ".cache")
        return os.path.join(base, "admit")

    @property
    def verbosity(self) -> int:
        return int(self.values.get("verbose", 0)) - int(self.values.get("quiet", 0))


def expand_home(settings: Settings, path: str) -> str:
    """Expand a leading `~` by the home folder of these settings."""
    if path == "~" or path.startswith("~/"):
        return settings.home + path[1:]
    return path


def load_settings(
    given: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: str | None = None,
    requirements: Layer | None = None,
    command: str = "install",
) -> Settings:
    """Merge what was given with the environment and the configuration files.

    `given`: values by option key, as a command line would give them.
    `requirements`: options found in requirements files; below the command line.
    `command`: the one that settings are for; sections of pip's files are named so.

    Raises:
        UsageError: a value cannot be understood; says where it stands.
    """
    environ = dict(os.environ) if environ is None else environ
    cwd = os.getcwd() if cwd is None else cwd
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")
    typed = {key: each for key, each in (given or {}).items() if each is not None}
    origins_of_line = {
        key: f"--{option.name}"
        for key in typed
        if (option := BY_KEY.get(key)) is not None
    }
    line = Layer("command line", typed, origins_of_line)
    variables = read_variables(environ)
    above = [line, requirements, variables] if requirements else [line, variables]
    no_config = typed.get("no_config", variables.values.get("no_config", False))
    only = typed.get("config_file", variables.values.get("config_file"))
    files = []
    told: list[str] = []
    if not no_config:
        files = read_files(cwd, environ, told, only=str(only) if only else None)
    own = [*above, *files]
    around = Surroundings(environ, cwd, home, command)
    foreign: tuple[Layer, ...] = ()
    warnings: tuple[str, ...] = ()
    if not _first(own, "no_foreign_config"):
        has_files = not no_config and not only
        foreign, warnings = _read_foreign([variables, *files], around, has_files)
    warnings = tuple(dict.fromkeys((*misspelt(environ), *told, *warnings)))
    layers = [*own, *foreign]
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for key, each in layer.values.items():
            if key not in values:
                values[key] = each
                origins[key] = layer.origins.get(key, layer.origin)
    indexes, has_default = collect_indexes(layers, len(above), environ, cwd)
    if values.get("no_index"):
        indexes, has_default = tuple(i for i in indexes if i.is_additional), True
    paths = dict.fromkeys(layer.origin for layer in layers if layer.is_file)
    return Settings(
        values,
        origins,
        indexes,
        has_default,
        tuple(paths),
        environ,
        cwd,
        home,
        typed,
        command,
        warnings,
    )


def _first(layers: Sequence[Layer], key: str) -> object:
    """The value of the strongest layer that has one."""
    return next((each.values[key] for each in layers if key in each.values), None)


def _read_foreign(
    configured: Sequence[Layer], around: Surroundings, has_files: object
) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
    """What pip and uv were told, as far as it counts; and warnings."""
    found = read_foreign(around, with_files=bool(has_files))
    layers, warnings = put_aside(configured, found.layers)
    return layers, (*found.warnings, *warnings)
