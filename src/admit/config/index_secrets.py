"""The settings of an index that lead to secrets: its helper, its headers.

For: `credential-helper` and `headers` of an index table, checked; no value is looked up
here, and none may stand in a file.
Does not know: how helpers are asked, where headers go.
"""

from __future__ import annotations

import os

from admit.config.files import BadConfiguration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_REFERENCES = ("env:", "file:", "cmd:")
_NAME_MARKS = "!#$%&'*+-.^_`|~"
_OURS = frozenset(
    ("accept", "accept-encoding", "connection", "content-length", "expect", "host",
     "if-modified-since", "if-none-match", "proxy-authorization", "range", "te",
     "trailer", "transfer-encoding", "upgrade")
)  # fmt: skip
"""Headers that say what a request is; they are not an index's to set."""


def parse_helper(fields: Mapping[str, Any], where: str, folder: str) -> tuple[str, ...]:
    """Return the command of `credential-helper`; a path in it is seen from `folder`.

    Raises:
        BadConfiguration: it is no list of words.
    """
    words = fields.get("credential-helper", ())
    if "credential-helper" in fields and (
        not words or not all(type(each) is str and each for each in words)
    ):
        raise BadConfiguration(
            f"{where}: `credential-helper` wants the words of a command",
            fix='write for instance ["corp-login", "--for-admit"]',
        )
    if not words:
        return ()
    program = os.path.expanduser(words[0])
    if os.sep in program:
        program = os.path.normpath(os.path.join(folder, program))
    return (program, *words[1:])


def parse_headers(
    fields: Mapping[str, Any], where: str, folder: str
) -> tuple[tuple[str, str], ...]:
    """Return names of headers and the references to their values.

    Raises:
        BadConfiguration: a name is none, is ours to set, or a value stands there
            itself; the message does not show it.
    """
    found: list[tuple[str, str]] = []
    for name, reference in fields.get("headers", {}).items():
        if not name or not all(_is_name_mark(mark) for mark in name):
            raise BadConfiguration(f"{where}: `headers` has {name!r}, which is no name")
        if name.lower() in _OURS:
            raise BadConfiguration(f"{where}: `headers` may not set {name}")
        if any(name.lower() == each.lower() for each, _ in found):
            raise BadConfiguration(f"{where}: `headers` has {name} twice")
        if type(reference) is not str or not reference.startswith(_REFERENCES):
            raise BadConfiguration(
                f"{where}: `headers` wants for {name} where its value is to be found",
                why="secrets do not belong into configuration files",
                fix=f'write {name} = "env:VARIABLE", "file:PATH" or "cmd:COMMAND"',
            )
        kind, _, rest = reference.partition(":")
        if not rest.strip():
            raise BadConfiguration(f"{where}: `headers`: nothing stands behind {kind}:")
        if kind == "file":
            rest = os.path.join(folder, os.path.expanduser(rest))
            rest = os.path.normpath(rest)
        found.append((name, f"{kind}:{rest}"))
    return tuple(found)


def _is_name_mark(mark: str) -> bool:
    return mark.isascii() and (mark.isalnum() or mark in _NAME_MARKS)
