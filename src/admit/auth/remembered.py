"""Which sources once accepted a credential, and what that means (rule R9).

For: a later run that finds no credential for such a source: an anonymous answer could
be incomplete, so it is an error. It is to authentication what HSTS is to TLS.
Does not know: files, clocks, who asks.
Shape: text <-> `Memory` of `Remembered`; one line an entry: day, provider, a keyed hash
of the user, URL. Never a secret, and no user name either.
"""

from __future__ import annotations

from admit.auth.query import Problem
from admit.auth.scrub import mask_shapes
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.auth.scheme import Credential
    from admit.auth.scope import Source

_HEAD = "admit remembered 1 "
_MOST = 2000
"""Entries kept; the oldest go first."""


@value
class Remembered:
    """One source that accepted a credential."""

    url: str
    """Its identity: no userinfo, no trailing slash."""
    provider: str
    """The place, or the name of a variable."""
    user: str
    """A keyed hash of the user name."""
    day: str
    """YYYY-MM-DD."""


@value
class Memory:
    """All that is remembered, and the key of the hashes."""

    key: str
    """Random, in hex; of this file alone."""
    entries: tuple[Remembered, ...] = ()

    def find(self, source: Source) -> Remembered | None:
        """Return what is remembered of a source."""
        name = name_of(source)
        return next((each for each in self.entries if each.url == name), None)


def parse_memory(text: str) -> Memory | None:
    """Parse the text; None if it is none of ours. A line that is broken is left out."""
    first, *lines = text.split("\n")
    if not first.startswith(_HEAD):
        return None
    rows = [line.split("\t") for line in lines]
    entries = [
        Remembered(row[3], row[1], row[2], row[0]) for row in rows if len(row) == 4
    ]
    return Memory(first.removeprefix(_HEAD).strip(), tuple(entries))


def format_memory(memory: Memory) -> str:
    """Write the text."""
    lines = [f"{_HEAD}{memory.key}"]
    lines += [
        "\t".join((each.day, each.provider, each.user, each.url))
        for each in memory.entries[-_MOST:]
    ]
    return "\n".join(lines) + "\n"


def remember(
    memory: Memory, source: Source, credential: Credential, day: str
) -> Memory:
    """Return the memory with one source more; the same, if it is known so already."""
    provider = credential.provider
    if provider == "environment":
        provider = credential.detail or provider  # the variable's name
    user = hash_user(credential, memory.key)
    new = Remembered(name_of(source), provider, user, day)
    if memory.find(source) == new:
        return memory
    kept = forget(memory, source).entries
    return replace(memory, entries=(*kept, new))


def forget(memory: Memory, source: Source) -> Memory:
    """Return the memory without a source; the same, if it was not in it."""
    name = name_of(source)
    kept = tuple(each for each in memory.entries if each.url != name)
    return memory if len(kept) == len(memory.entries) else replace(memory, entries=kept)


def problem_of(known: Remembered, source: Source, how_to_give: str) -> Problem:
    """Say why a source that is remembered is not asked anonymously."""
    name = mask_shapes(source.label)
    return Problem(
        f"it was used with a credential from {known.provider} on {known.day}, none "
        "found now; an anonymous answer could be incomplete",
        f"{how_to_give}\nif it needs none any more: `admit auth forget {name}`",
    )


def name_of(source: Source) -> str:
    """Return what a source is remembered under; never a token in its path."""
    return mask_shapes(source.url.key).replace("\t", "%09").replace("\n", "%0A")


def hash_user(credential: Credential, key: str) -> str:
    """Return a keyed hash of the user name and the kind, never of the secret."""
    try:
        from _blake2 import blake2b  # hashlib costs half an interpreter start
    except ImportError:
        from hashlib import blake2b
    text = f"{credential.kind}:{credential.username}"
    hasher = blake2b(key=key.encode()[:64], digest_size=8)
    hasher.update(text.encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()
