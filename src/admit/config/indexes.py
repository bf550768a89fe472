"""The configured indexes, in the order they are asked, each with its policy.

For: `--index-url`, `--index`, `--find-links` and `[[index]]` tables of every layer made
into one list; what several places say of one index becomes one.
Does not know: where layers come from, what other settings say, how indexes are asked.
Shape: layers, strongest first -> `IndexSettings`, the default last.
"""

from __future__ import annotations

import os

from admit.auth.scope import Source
from admit.config.authenticate import choose_policy, read_rules
from admit.config.files import BadConfiguration
from admit.config.identity import client_key_of, file_of, key_password, proxy_of_index
from admit.config.index_secrets import parse_headers, parse_helper
from admit.config.protection import fill, parse_patterns, parse_probe
from admit.errors import UsageError
from admit.spec.url import InvalidUrl, Url, parse_url, percent_encode
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from admit.config.authenticate import Rules
    from admit.config.files import IndexTable, Layer

POLICIES = ("auto", "always", "never", "external")


@value
class IndexSettings:
    """One configured index: the source it is, and when it is asked."""

    source: Source
    origin: str
    is_default: bool = False
    is_explicit: bool = False
    """Asked only for names that `packages` gives it."""
    is_required: bool = False
    packages: tuple[str, ...] = ()
    """Normalised names or globs that it owns (rule R6): from it or not at all."""
    exclude_newer: str | None = None
    """Its own cut-off, as `config.cutoff` writes it; "" for none; None if not set."""
    is_additional: bool = False
    """Given by `--find-links`: its files count beside those of the index that
    answers, not in place of them."""
    policy_origin: str = ""
    """Where its policy was set; "default" if nobody said anything."""

    def owns(self, name: str) -> bool:
        """Tell whether a normalised name belongs to this index."""
        if not self.packages:
            return False
        import fnmatch

        return any(fnmatch.fnmatchcase(name, each) for each in self.packages)

    def stay_reason(self, name: str) -> str | None:
        """Say why its listing of a name must not end elsewhere; None if it may."""
        if self.owns(name):
            return f"the name {name} belongs to it"
        if self.is_required:
            return "it is required to have every project"
        return None


def collect_indexes(
    layers: Sequence[Layer], above: int, environ: Mapping[str, str], cwd: str
) -> tuple[tuple[IndexSettings, ...], bool]:
    """All indexes in the order they are asked; the default, if any, last."""
    if any(layer.is_project and _may_name(layer) for layer in layers):
        from admit.config.project_file import check_names

        check_names(layers)
    layers = _without_repeated_names(layers)
    tables = [table for layer in layers for table in layer.indexes]
    named = {table.fields.get("name"): table for table in tables}
    extra: list[IndexSettings] = []
    default: IndexSettings | None = None
    for layer in layers:
        folder = os.path.dirname(layer.origin) if layer.is_file else cwd
        for each in _items(layer.values.get("find_links")):
            origin = layer.origins.get("find_links", layer.origin)
            extra.append(_find_links_of(each, origin, folder, environ))
        for key in ("index", "extra_index_url"):
            for each in _items(layer.values.get(key)):
                origin = layer.origins.get(key, layer.origin)
                extra.append(_index_of(each, origin, named))
        url = layer.values.get("index_url")
        if url and default is None:
            origin = layer.origins.get("index_url", layer.origin)
            default = replace(_index_of(url, origin, named), is_default=True)
        for table in layer.indexes:
            index = _index_of_table(table)
            if not index.is_default:
                extra.append(index)
            elif default is None:
                default = index
    ordered = [*extra, default] if default else extra
    merged = _merge_equal(ordered)
    rules = read_rules(layers, above)
    indexes = tuple(_completed(each, rules, environ) for each in merged)
    return indexes, default is not None


def _without_repeated_names(layers: Sequence[Layer]) -> list[Layer]:
    """Let the strongest layer say what an index of some name is (as uv has it).

    A weaker one of the same URL stays, so that none of its guards is lost.

    Raises:
        BadConfiguration: one file has two indexes of the same name.
    """
    taken: dict[object, tuple[Layer, object]] = {}
    found = []
    for layer in layers:
        kept: list[IndexTable] = []
        for text in _items(layer.values.get("index")):
            typed, _, rest = str(text).partition("=")
            if rest:
                taken.setdefault(typed, (layer, _key_of(rest)))
        for table in layer.indexes:
            name, url = table.fields.get("name"), _key_of(table.fields.get("url"))
            if name is not None:
                first, first_url = taken.setdefault(name, (layer, url))
                if first is not layer:
                    if url == first_url:
                        kept.append(table)
                    continue
            if name is not None and name in (each.fields.get("name") for each in kept):
                raise BadConfiguration(
                    f"{table.origin}: there is another index of the name {name}"
                )
            kept.append(table)
        found.append(replace(layer, indexes=tuple(kept)))
    return found


def _may_name(layer: Layer) -> bool:
    return bool(layer.indexes or layer.values.get("index"))


def _key_of(url: object) -> object:
    """What tells two sources apart; the text itself if it is no URL."""
    try:
        return parse_url(str(url)).key
    except InvalidUrl:
        return url


def _items(found: object) -> Sequence[Any]:
    return found if isinstance(found, (list, tuple)) else ()


def _index_of(
    text: object, origin: str, named: Mapping[object, IndexTable]
) -> IndexSettings:
    """An index from `URL`, `NAME=URL`, or the `NAME` of one in a file."""
    if isinstance(text, Url):
        return IndexSettings(Source(text), origin)
    text = str(text)
    if text in named:
        return _index_of_table(named[text])
    name, equals, rest = text.partition("=")
    is_named = bool(equals) and "/" not in name and ":" not in name
    try:
        url = parse_url(rest if is_named else text)
    except InvalidUrl as error:
        raise UsageError(
            f"{origin}: {error.what}",
            why=error.why,
            fix=error.fix or "an index is given as URL or NAME=URL",
        ) from error
    return IndexSettings(Source(url, name=name if is_named else None), origin)


def _find_links_of(
    text: object, origin: str, folder: str, environ: Mapping[str, str]
) -> IndexSettings:
    """A source of `--find-links`: a URL, or a path seen from `folder`."""
    if isinstance(text, Url):
        url = text
    elif is_meant_as_url(str(text)):
        try:
            url = parse_url(str(text))
        except InvalidUrl as error:
            raise UsageError(
                f"{origin}: {error.what}", why=error.why, fix=error.fix
            ) from error
    else:
        path = str(text)
        if path.startswith("~/"):
            path = environ.get("HOME", "~") + path[1:]
        url = url_of(os.path.normpath(os.path.join(folder, path)))
    return IndexSettings(Source(url, kind="find-links"), origin, is_additional=True)


def is_meant_as_url(text: str) -> bool:
    """Tell whether a text is a URL, or one with wrong slashes; else it is a path."""
    return "://" in text or text.lower().startswith(("http:", "https:"))


def url_of(path: str) -> Url:
    """Return the file URL of an absolute path."""
    return parse_url("file://" + percent_encode(path.replace(os.sep, "/"), safe="/"))


def _index_of_table(table: IndexTable) -> IndexSettings:
    fields: dict[str, Any] = dict(table.fields)
    where = table.origin
    try:
        url = _url_of_table(fields["url"], table.folder)
        origins = tuple(
            parse_url(each).origin for each in fields.get("credential-origins", ())
        )
    except InvalidUrl as error:
        raise BadConfiguration(f"{where}: {error.what}", why=error.why) from error
    policy = fields.get("authenticate", "auto")
    if policy not in POLICIES:
        raise BadConfiguration(
            f"{where}: `authenticate` wants one of {', '.join(POLICIES)}"
        )
    codes = fields.get("ignore-error-codes", ())
    if not all(type(code) is int and 400 <= code < 500 for code in codes):
        raise BadConfiguration(
            f"{where}: `ignore-error-codes` wants statuses from 400 to 499"
        )
    refused_files = fields.get("refused-files")
    if refused_files not in (None, "error", "skip"):
        raise BadConfiguration(f"{where}: `refused-files` wants error or skip")
    policy_of_cache = _cache_control(fields.get("cache-control"), where)
    form = fields.get("format", "simple")
    if form not in ("simple", "flat"):
        raise BadConfiguration(f"{where}: `format` wants simple or flat")
    source = Source(
        url,
        name=fields.get("name"),
        kind="find-links" if form == "flat" else "index",
        policy=policy,
        is_public=fields.get("public", False),
        credential_origins=origins,
        principal=fields.get("principal"),
        username_is_token=fields.get("username-is-token", False),
        ignore_error_codes=tuple(codes),
        refused_files=refused_files,
        probe=parse_probe(fields, where),
        cache_control=policy_of_cache,
        client_cert=file_of(fields, "client-cert", table),
        client_key=client_key_of(fields, table),
        ca_cert=file_of(fields, "ca-cert", table),
        proxy=proxy_of_index(fields, where),
        helper=parse_helper(fields, where, table.folder),
        headers=parse_headers(fields, where, table.folder),
    )
    return IndexSettings(
        source,
        where,
        is_default=fields.get("default", False),
        is_explicit=fields.get("explicit", False),
        is_required=fields.get("required", False),
        packages=parse_patterns(fields, where),
        exclude_newer=_cutoff_of(fields.get("exclude-newer"), where),
        policy_origin=where if "authenticate" in fields else "",
    )


def _url_of_table(text: str, folder: str) -> Url:
    """A URL, or a path seen from the folder of the file."""
    path = os.path.abspath(os.path.join(folder, os.path.expanduser(text)))
    is_path = text.startswith((".", "/", "~")) or (
        os.path.isdir(path) and not is_meant_as_url(text)
    )
    return url_of(path) if is_path else parse_url(text)


def _cache_control(found: str | Mapping[str, object] | None, where: str) -> str | None:
    """The rule for listings; `files` of uv's form is met anyway: they never change."""
    if found is None or isinstance(found, str):
        rule = found
    else:
        wrong = [key for key in found if key not in ("api", "files")]
        if wrong or not all(isinstance(each, str) for each in found.values()):
            raise BadConfiguration(
                f"{where}: `cache-control` wants a text, or {{ api = …, files = … }}"
            )
        rule = str(found["api"]) if "api" in found else None
    if rule is not None and not rule.isprintable():
        raise BadConfiguration(f"{where}: `cache-control` is not one line of text")
    return rule


def _cutoff_of(found: str | bool | None, where: str) -> str | None:
    if found is None or found is False:
        return None if found is None else ""
    from datetime import UTC, datetime

    from admit.config.cutoff import parse_cutoff

    now = datetime.now(UTC).astimezone()
    return parse_cutoff(str(found), f"{where}: `exclude-newer`", now)


def _merge_equal(indexes: Sequence[IndexSettings]) -> list[IndexSettings]:
    """Keep one of each source, in the first's place (pain B8).

    What a table says of it beats what a bare URL does not say.
    """
    from admit.auth.scope import merge_sources

    kept: dict[str, IndexSettings] = {}
    for each in indexes:
        key = each.source.url.key
        first = kept.get(key)
        if first is None:
            kept[key] = each
            continue
        base, other = first, each
        if first.source.name is None and each.source.name is not None:
            base, other = each, first
        (source,) = merge_sources((base.source, other.source))
        kept[key] = replace(
            base,
            source=fill(source, other.source),
            is_default=base.is_default or other.is_default,
            is_explicit=base.is_explicit or other.is_explicit,
            is_required=base.is_required or other.is_required,
            packages=tuple(dict.fromkeys((*base.packages, *other.packages))),
            policy_origin=base.policy_origin or other.policy_origin,
        )
    return list(kept.values())


def _completed(
    index: IndexSettings, rules: Rules, environ: Mapping[str, str]
) -> IndexSettings:
    """Add what is known only when all has been read: policy, password of the key."""
    source = index.source
    choice = choose_policy(source, index.policy_origin, rules, environ)
    source = replace(source, policy=choice.policy)
    if source.client_cert is not None:
        password = key_password(environ, source.name)
        source = replace(source, client_key_password=password)
    return replace(index, source=source, policy_origin=choice.origin)
