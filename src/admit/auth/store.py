"""The store of credentials as text: admit's own, and uv's, which is only read.

For: one value per stored login, and which of them serves a URL (rule R3.4 of
docs/auth.md): the longest prefix by whole path segments; equals are ambiguous.
Does not know: files, locks, who asks.
Shape: text <-> `Stored` entries; `choose_stored(url, entries, username)`.
Format: JSON with a version; an entry has `url`, `added`, and either `username` and
`password` or `token`.
"""

from __future__ import annotations

from admit.auth.scope import is_below
from admit.errors import InputError
from admit.spec.url import InvalidUrl, Secret, parse_url
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from admit.auth.scheme import Kind
    from admit.spec.url import Url

FORMAT_VERSION = 1


class InvalidStore(InputError):
    """A store of credentials breaks its format; the message never shows the text."""

    code = "invalid-store"


@value
class Stored:
    """One login, and the URL below which it counts."""

    url: Url
    """Without userinfo."""
    username: str
    secret: Secret
    kind: Kind = "basic"
    added: str = ""
    """The day, as YYYY-MM-DD; "" if unknown."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Two entries with one key are one login: the later replaces the earlier."""
        return (self.url.key, self.kind, self.username)


def parse_store(text: str) -> tuple[Stored, ...]:
    """Parse the text of admit's own store.

    Raises:
        InvalidStore: it is not in the format, or of a later version.
    """
    import json

    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidStore("it is not JSON") from None
    if not isinstance(document, dict) or "version" not in document:
        raise InvalidStore("it has no `version`")
    if document["version"] != FORMAT_VERSION:
        raise InvalidStore("it is of another version of admit")
    return tuple(
        _entry_of(each, f"entry {number}", "url")
        for number, each in enumerate(_tables(document, "credentials"), 1)
    )


def format_store(entries: Iterable[Stored]) -> str:
    """Write a store, sorted, one line an entry."""
    import json

    rows = []
    for each in sorted(entries, key=lambda entry: entry.key):
        row = {"url": each.url.text}
        if each.kind == "bearer":
            row["token"] = each.secret.expose()
        else:
            row |= {"username": each.username, "password": each.secret.expose()}
        row["added"] = each.added
        rows.append(f"    {json.dumps(row)}")
    inner = ",\n".join(rows)
    listed = f"[\n{inner}\n  ]" if rows else "[]"
    return f'{{\n  "version": {FORMAT_VERSION},\n  "credentials": {listed}\n}}\n'


def parse_uv_store(text: str) -> tuple[Stored, ...]:
    """Parse uv's credentials.toml.

    Raises:
        InvalidStore: it is not in that format.
    """
    import tomllib

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise InvalidStore("it is not TOML") from None
    return tuple(
        _entry_of(each, f"entry {number}", "service")
        for number, each in enumerate(_tables(document, "credential"), 1)
    )


def choose_stored(
    url: Url, entries: Iterable[Stored], username: str | None = None
) -> tuple[Stored, ...]:
    """Return the entries with the longest prefix of a URL; more than one is a doubt.

    Args:
        url: what is to be asked.
        entries: all there are.
        username: only entries of this user count, if it is known.
    """
    fitting = [
        each
        for each in entries
        if is_below(url, each.url)
        and (username is None or (each.kind == "basic" and each.username == username))
    ]
    longest = max((_length(each.url) for each in fitting), default=0)
    return tuple(each for each in fitting if _length(each.url) == longest)


def with_entry(entries: Sequence[Stored], entry: Stored) -> tuple[Stored, ...]:
    """Return the entries with one added or replaced."""
    return (*(each for each in entries if each.key != entry.key), entry)


def without_entries(
    entries: Sequence[Stored], url: Url, username: str | None
) -> tuple[Stored, ...]:
    """Return the entries without those of exactly this URL (and user, if given)."""
    return tuple(
        each
        for each in entries
        if each.url.key != url.key
        or (username is not None and each.username != username)
    )


def _tables(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    tables = document.get(key, [])
    if not isinstance(tables, list):
        raise InvalidStore(f"`{key}` is not a list")
    if not all(isinstance(each, dict) for each in tables):
        raise InvalidStore(f"`{key}` holds something that is not a table")
    return tables


def _entry_of(table: dict[str, Any], where: str, url_key: str) -> Stored:
    for key in (url_key, "username", "password", "token", "added", "scheme"):
        if not isinstance(table.get(key, ""), str):
            raise InvalidStore(f"{where}: `{key}` is not a text")
    try:
        url = parse_url(table.get(url_key, ""))
    except InvalidUrl:
        raise InvalidStore(f"{where}: `{url_key}` is not a URL") from None
    if url.userinfo is not None:
        raise InvalidStore(f"{where}: `{url_key}` holds a user name or a password")
    added = table.get("added", "")
    if "token" in table:
        return Stored(url, "", Secret(table["token"]), "bearer", added)
    if "password" not in table:
        raise InvalidStore(f"{where}: neither `password` nor `token`")
    secret = Secret(table["password"])
    return Stored(url, table.get("username", ""), secret, "basic", added)


def _length(url: Url) -> int:
    path = url.path.strip("/")
    return len(path.split("/")) if path else 0
