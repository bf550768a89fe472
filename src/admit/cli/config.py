"""`admit config`: every setting, its value, and where it comes from.

For: "which value counts, and who said so", for people and for programs; nothing is
asked of the network, and no secret is printed.
Does not know: how settings are merged (`config.settings`).
"""

from __future__ import annotations

import os

from admit.cli.mask import mask_userinfo
from admit.config.options import BY_KEY, OPTIONS
from admit.errors import UsageError
from admit.spec.url import InvalidUrl, Url, mask_url_text, parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.cli.output import Output
    from admit.config.options import Option
    from admit.config.settings import IndexSettings, Settings

NOT_SETTINGS = ("json", "config_file", "no_config", "dry_run", "output_format")
"""Options that say what one run does; `admit config` does not list them."""


def run_config(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """List settings and indexes, tell one setting, or tell the files."""
    words = operands.get("_words") or ()
    if not isinstance(words, (list, tuple)):
        words = ()
    verb, rest = (words[0], words[1:]) if words else ("list", ())
    if verb == "list" and not rest:
        _list(settings, output)
    elif verb == "files" and not rest:
        _list_files(settings, output)
    elif verb == "get" and len(rest) == 1 and rest[0] in ("index", "indexes"):
        _tell_indexes(settings, output)
    elif verb == "get" and len(rest) == 1:
        _tell(settings, output, _option_of(rest[0]))
    else:
        raise UsageError(
            f"`admit config {' '.join(words)}` is not understood",
            fix="`admit config`, `admit config get SETTING` or `admit config files`",
        )
    return 0


def _option_of(name: str) -> Option:
    key = name.removeprefix("--").replace("-", "_").lower()
    for option in OPTIONS:
        if key == option.key or name.removeprefix("--") in option.aliases:
            return option
    import difflib

    close = difflib.get_close_matches(key, [each.key for each in OPTIONS], 1)
    fix = f"did you mean `{BY_KEY[close[0]].name}`?" if close else None
    raise UsageError(f"there is no setting {name}", fix=fix)


# What is printed


def _list(settings: Settings, output: Output) -> None:
    options = [
        each
        for each in OPTIONS
        if each.key not in NOT_SETTINGS and not each.is_line_only
    ]
    indexes = _indexes_of(settings)
    if settings.flag("json"):
        import json

        told = {
            "settings": {each.name: _as_json(settings, each) for each in options},
            "indexes": [_index_as_json(each) for each in indexes],
            "files": list(settings.files),
        }
        output.data(json.dumps(told, indent=2))
        return
    rows = [
        (each.name, _shown(settings, each), settings.origin_of(each.key))
        for each in options
        if each.key in settings.values
    ]
    _table(output, "settings, and who set them:", rows)
    output.data("indexes, in the order they are asked:")
    _tell_indexes(settings, output)
    output.data("")
    rest = [each for each in options if each.key not in settings.values]
    rows = [(each.name, _shown(settings, each), "") for each in rest]
    _table(output, "settings that nobody set:", rows)


def _tell_indexes(settings: Settings, output: Output) -> None:
    indexes = _indexes_of(settings)
    if settings.flag("json"):
        import json

        told = [_index_as_json(each) for each in indexes]
        output.data(json.dumps({"index": told}, indent=2))
        return
    for each in indexes:
        output.data(_format_index(each))


def _table(output: Output, title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    if not rows:
        return
    output.data(title)
    names = max(len(name) for name, _, _ in rows)
    values = min(40, max(len(text) for _, text, _ in rows))
    for name, text, origin in rows:
        output.data(f"  {name:{names}}  {text:{values}}  {origin}".rstrip())
    output.data("")


def _tell(settings: Settings, output: Output, option: Option) -> None:
    if settings.flag("json"):
        import json

        output.data(json.dumps({option.name: _as_json(settings, option)}, indent=2))
        return
    found, origin = _value_of(settings, option)
    for line in found if isinstance(found, list) else [found]:
        if line != "":
            output.data(_text(line))
    output.detail(f"{option.name} comes from {origin}")


def _list_files(settings: Settings, output: Output) -> None:
    from admit.config.foreign import Surroundings, known_paths

    around = Surroundings(
        settings.environ, settings.cwd, settings.home, settings.command
    )
    tools = {path: tool for tool, path in known_paths(around)}
    rows = [("read", path) for path in settings.files]
    for path in tools:
        if path not in settings.files:
            state = "not used" if os.path.isfile(path) else "not there"
            rows.append((state, path))
    if settings.flag("json"):
        import json

        output.data(
            json.dumps([{"path": path, "state": state} for state, path in rows])
        )
        return
    for state, path in rows:
        output.data(f"{state:9}  {path}")


# Values


def _value_of(settings: Settings, option: Option) -> tuple[object, str]:
    """A setting's value without secrets, and its origin."""
    if option.key in settings.values:
        return _masked(settings.values[option.key]), settings.origin_of(option.key)
    if option.key == "index_url":
        for index in settings.indexes:
            if index.is_default:
                return _masked(index.source.url), index.origin
    return _masked(_default(option)), "default"


def _default(option: Option) -> object:
    if option.default:
        return int(option.default) if option.kind == "number" else option.default
    return {"flag": False, "count": 0, "list": ()}.get(option.kind, "")


def _shown(settings: Settings, option: Option) -> str:
    found, _ = _value_of(settings, option)
    if isinstance(found, list):
        return " ".join(found) or "-"
    return _text(found) or "-"


def _text(found: object) -> str:
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float) and found.is_integer():
        return str(int(found))
    return str(found)


def _as_json(settings: Settings, option: Option) -> dict[str, object]:
    found, origin = _value_of(settings, option)
    return {"value": None if found == "" else found, "origin": origin}


def _masked(found: object) -> object:
    """A value without secrets: what may be a URL loses its password."""
    if isinstance(found, (list, tuple)):
        return [str(_masked(each)) for each in found]
    if isinstance(found, Url):
        return mask_userinfo(str(found))
    if isinstance(found, str) and "@" in found:
        name, equals, rest = found.partition("=")
        if not equals or "/" in name or ":" in name:
            name, equals, rest = "", "", found
        try:
            return mask_userinfo(f"{name}{equals}{parse_url(rest)}")
        except InvalidUrl:
            return mask_url_text(found)
    return found


# Indexes


def _indexes_of(settings: Settings) -> Sequence[IndexSettings]:
    from admit.config.default_index import complete_indexes

    return complete_indexes(settings.indexes, has_default=settings.has_default)


def _index_as_json(index: IndexSettings) -> dict[str, object]:
    source = index.source
    return {
        "name": source.name,
        "url": _masked(source.url),
        "origin": index.origin,
        "format": "flat" if source.kind == "find-links" else "simple",
        "default": index.is_default,
        "explicit": index.is_explicit,
        "required": index.is_required,
        "authenticate": source.policy,
        "public": source.is_public,
        "packages": list(index.packages),
        "ignore-error-codes": list(source.ignore_error_codes),
        "refused-files": source.refused_files or "error",
        "probe": source.probe,
        "credential-origins": [str(each) for each in source.credential_origins],
        "cache-control": source.cache_control,
        "client-cert": source.client_cert,
        "client-key": source.client_key,
        "ca-cert": source.ca_cert,
        "proxy": source.proxy
        if source.proxy in (None, "direct")
        else _masked(source.proxy),
        "exclude-newer": index.exclude_newer,
        "principal": source.principal,
        "username-is-token": source.username_is_token,
    }


def _format_index(index: IndexSettings) -> str:
    source = index.source
    name = f"{source.name} " if source.name else ""
    traits = [f"authenticate {source.policy}"]
    flags = {
        "the default": index.is_default,
        "public": source.is_public,
        "flat": source.kind == "find-links" and not index.is_additional,
        "explicit": index.is_explicit,
        "required": index.is_required,
        "files beside the indexes": index.is_additional,
        "client certificate": source.client_cert is not None,
        "authorities of its own": source.ca_cert is not None,
        "a proxy of its own": source.proxy is not None,
        "skips refused files": source.refused_files == "skip",
    }
    traits += [text for text, is_so in flags.items() if is_so]
    traits += [f"packages {' '.join(index.packages)}"] if index.packages else []
    traits += [f"probe {source.probe}"] if source.probe else []
    codes = " ".join(map(str, source.ignore_error_codes))
    traits += [f"ignores {codes}"] if codes else []
    return f"  {name}{_masked(source.url)}  {index.origin}\n      {', '.join(traits)}"
