"""One project as the provider sees it: versions, masks, where each comes from.

For: `resolve.provider`.
Does not know: what is chosen, and why.
Shape: `Found`, or what is installed, or both -> `Project`.
"""

from __future__ import annotations

from bisect import bisect_left

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.env.satisfied import Known
    from admit.index.choose import Candidate
    from admit.resolve.finder import Found
    from admit.resolve.term import Mask
    from admit.spec.version import Version


class Project:
    """What is known of one project: its versions, and where each comes from.

    Bit *i* of every mask stands for `versions[i]`; the installed version stands among
    them, also if no index has it.
    """

    def __init__(self, found: Found | None, installed: Known | None) -> None:
        listing = found.listing if found is not None else None
        self.found = found
        self.tried: set[int] = set()
        """Versions that were chosen at some time."""
        self.capped: Mask = 0
        """Versions that did not foresee this Python: taken if no others will do."""
        self.versions = list(listing.versions) if listing is not None else []
        self.only_installed_at: int | None = None
        self.installed_at: int | None = None
        self.yanked = listing.yanked if listing is not None else 0
        self.unsupported = listing.unsupported if listing is not None else ()
        self.prereleases = listing.prereleases if listing is not None else 0
        self.withheld = listing.withheld if listing is not None else ()
        self.tiers = found.tiers if found is not None else ()
        self.preferred: Mask = 0
        """The version to keep if it fits, if any."""
        self.pinned: Mask = 0
        """Versions that the user names exactly: they may be yanked (PEP 592)."""
        if installed is not None:
            self._add_installed(installed.version)

    def _add_installed(self, version: Version) -> None:
        at = bisect_left(self.versions, version)
        self.installed_at = at
        if at == len(self.versions) or self.versions[at] != version:
            self.only_installed_at = at
            self.versions.insert(at, version)
            self.yanked = _widen(self.yanked, at)
            self.prereleases = _widen(self.prereleases, at)
            self.prereleases |= version.is_prerelease << at
            self.unsupported = _widen_all(self.unsupported, at)
            self.withheld = _widen_all(self.withheld, at)
            self.tiers = tuple(_widen(mask, at) for mask in self.tiers)

    def candidate(self, index: int) -> Candidate | None:
        """The file of a version; None for one that is only installed."""
        if self.found is None or index == self.only_installed_at:
            return None
        after = self.only_installed_at is not None and index > self.only_installed_at
        return self.found.listing.candidate(index - after)


def _widen(mask: Mask, at: int) -> Mask:
    """Make room for one more version at a place."""
    low = (1 << at) - 1
    return mask & low | (mask & ~low) << 1


def _widen_all(
    named: tuple[tuple[str, Mask], ...], at: int
) -> tuple[tuple[str, Mask], ...]:
    return tuple((text, _widen(mask, at)) for text, mask in named)
