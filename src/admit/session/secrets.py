"""The secrets that a run knows before it has asked anybody.

For: masking what builds say, and keeping variables from them, also where no index was
asked yet: what a source of credentials holds is registered when it answers.
Does not know: netrc, stores and helpers, which are asked for a URL.
"""

from __future__ import annotations

import re

from admit.auth.withheld import opens_index
from admit.spec.url import percent_decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.session.resources import Resources

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_IN_URL = re.compile(r"://[^/\s:@]*:([^/\s@]+)@")
_SECRET = ("_PASSWORD", "_TOKEN")


def register_known_secrets(resources: Resources) -> None:
    """Have the scrubber know what settings and variables say outright."""
    for text in (*_of_variables(resources), *_of_indexes(resources)):
        if text:
            resources.scrubber.register(text)


def _of_variables(resources: Resources) -> Iterator[str]:
    for name, text in resources.settings.environ.items():
        if not opens_index(name, text):
            continue
        if name.upper().endswith(_SECRET):
            yield text
        yield from map(percent_decode, _IN_URL.findall(text))


def _of_indexes(resources: Resources) -> Iterator[str]:
    environ = resources.settings.environ
    for each in resources.indexes():
        userinfo = each.source.url.userinfo
        if userinfo is not None:
            password = userinfo.password.expose() if userinfo.password else ""
            # A name without a password may be the token itself.
            names = _VARIABLE.findall(password or userinfo.username)
            yield from (environ.get(name, "") for name in names)
            if not names:
                yield password
        for _, reference in each.source.headers:
            kind, _, name = reference.partition(":")
            if kind == "env":
                yield environ.get(name, "")
