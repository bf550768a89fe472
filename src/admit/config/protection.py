"""The settings that protect an index: what it owns, what proves it, what is kept.

For: `packages` and `probe` of an index table, checked and normalised; and merging
what two places say of one index so that no guard is lost.
Does not know: files, precedence, when the guards act (`resolve.guard`).
"""

from __future__ import annotations

from admit.config.files import BadConfiguration
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from admit.auth.scope import Source


def parse_patterns(fields: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Return names and globs as normalised names are written: `Acme_*` is `acme-*`.

    Raises:
        BadConfiguration: one of them can match no project.
    """
    patterns = fields.get("packages", ())
    for each in patterns:
        if type(each) is not str or not _is_made_of(each, "-_.*?"):
            raise BadConfiguration(
                f"{where}: `packages` wants names of projects, not {each!r}",
                fix='write for instance ["acme-tools", "acme-*"]',
            )
    return tuple(_normalize(each) for each in patterns)


def parse_probe(fields: Mapping[str, Any], where: str) -> str | None:
    """Return the name of the probe project, normalised.

    Raises:
        BadConfiguration: it is not a name.
    """
    probe = fields.get("probe")
    if probe is None:
        return None
    if not _is_made_of(probe, "-_."):
        raise BadConfiguration(
            f"{where}: `probe` wants the name of one project, not {probe!r}"
        )
    return _normalize(probe)


def fill(source: Source, other: Source) -> Source:
    """Take from another what a source leaves open."""
    return replace(
        source,
        principal=source.principal or other.principal,
        username_is_token=source.username_is_token or other.username_is_token,
        ignore_error_codes=source.ignore_error_codes or other.ignore_error_codes,
        refused_files=source.refused_files or other.refused_files,
        probe=source.probe or other.probe,
        cache_control=source.cache_control or other.cache_control,
        client_cert=source.client_cert or other.client_cert,
        client_key=source.client_key if source.client_cert else other.client_key,
        ca_cert=source.ca_cert or other.ca_cert,
        proxy=source.proxy or other.proxy,
        helper=source.helper or other.helper,
        headers=source.headers or other.headers,
    )


def _is_made_of(text: str, marks: str) -> bool:
    return bool(text) and all(
        mark in marks or (mark.isascii() and mark.isalnum()) for mark in text
    )


def _normalize(text: str) -> str:
    """As PEP 503 does; what `normalize_name` refuses, such as `*`, stays."""
    for mark in "_.":
        text = text.replace(mark, "-")
    while "--" in text:
        text = text.replace("--", "-")
    return text.lower()
