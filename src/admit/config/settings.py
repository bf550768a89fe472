"""One frozen `Settings` out of command line, environment and files.

For: everything a command may be told, typed, each value with its origin. Precedence:
command line, environment, nearest file, user's file, system's file, default.
Does not know: what a command does with a value; secrets other than inside `Url`s.
Shape: layers in, `Settings` out; `Settings.origin_of(key)` says whence.
"""

from __future__ import annotations

import os

from admit.config.files import Layer, read_files
from admit.config.indexes import IndexSettings, collect_indexes, url_of
from admit.config.options import BY_KEY
from admit.config.variables import read_variables
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
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
) -> Settings:
    """Merge what was given with the environment and the configuration files.

    `given`: values by option key, as a command line would give them.
    `requirements`: options found in requirements files; below the command line.

    Raises:
        UsageError: a value cannot be understood; says where it stands.
    """
    environ = dict(os.environ) if environ is None else environ
    cwd = os.getcwd() if cwd is None else cwd
    typed = {key: each for key, each in (given or {}).items() if each is not None}
    origins_of_line = {
        key: f"--{option.name}"
        for key in typed
        if (option := BY_KEY.get(key)) is not None
    }
    line = Layer("command line", typed, origins_of_line)
    variables = read_variables(environ)
    above = [line, requirements, variables] if requirements else [line, variables]
    layers = list(above)
    no_config = typed.get("no_config", variables.values.get("no_config", False))
    only = typed.get("config_file", variables.values.get("config_file"))
    if not no_config:
        layers += read_files(cwd, environ, only=str(only) if only else None)
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
    home = environ.get("HOME") or environ.get("USERPROFILE") or os.path.expanduser("~")
    files = tuple(layer.origin for layer in layers[len(above) :])
    return Settings(
        values, origins, indexes, has_default, files, environ, cwd, home, typed
    )
