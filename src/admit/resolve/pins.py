"""What a resolution is: pins, who asked for them, and what to say of them.

For: whoever installs, compares or writes down what was resolved.
Does not know: how it was found.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.index.choose import Candidate
    from admit.index.refused import Refusal
    from admit.resolve.finder import Found
    from admit.spec.direct_url import DirectUrl
    from admit.spec.names import ExtraName, NormalizedName
    from admit.spec.record import Digest
    from admit.spec.version import Version


@value
class Pin:
    """One project of a resolution."""

    name: NormalizedName
    version: Version
    candidate: Candidate | None
    """None where the installed distribution stays."""
    found: Found | None
    """Where the project was found; None if it is only installed."""
    is_direct: bool = False
    """The user gave the file, by URL or path."""
    extras: tuple[ExtraName, ...] = ()
    is_yanked: bool = False
    is_capped: bool = False
    """Its upper bound of Requires-Python is below the target's Python."""
    hashes: tuple[Digest, ...] | None = None
    """The file must have one of these, says the user; None if nothing is said."""
    refused: tuple[Refusal, ...] = ()
    """Versions that would have done as well, had their files not been refused."""
    origin: DirectUrl | None = None
    """What direct_url.json is to say of a direct one, where the candidate does not."""

    @property
    def is_hashed(self) -> bool:
        """Whether the user says which bytes it must be."""
        is_stated = self.candidate is not None and bool(self.candidate.file.hashes)
        return self.hashes is not None or (self.is_direct and is_stated)


@value
class Resolution:
    """Versions that fit together."""

    pins: tuple[Pin, ...]
    """Sorted by name."""
    required_by: Mapping[NormalizedName, tuple[str, ...]]
    """Who asked for a project: names, and "" for the user. Sorted."""


def warnings_of(resolution: Resolution) -> tuple[str, ...]:
    """Tell of versions that were taken because nothing else would do."""
    found: list[str] = []
    for pin in resolution.pins:
        found += [each.instead(pin.version) for each in pin.refused]
        if pin.candidate is None:
            continue
        file = pin.candidate.file
        shown = f"{pin.name}=={pin.version}"
        if pin.is_yanked:
            reason = f": {file.yanked}" if isinstance(file.yanked, str) else ""
            found.append(f"{shown} is yanked{reason}")
        if pin.is_capped:
            found.append(f"{shown} says it requires Python {file.requires_python}")
    return tuple(found)
