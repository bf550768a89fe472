"""Several listings of one project, seen as one.

For: strategies that compare what several indexes have of a project.
Does not know: indexes, why several count (`resolve.finder`).
Shape: listings in the order of their indexes -> `MergedListing`, which answers as a
`Listing` does. A version is the first listing's that has a wheel of it fit for use;
else the first's that has it fit to be built, else the first's that has it at all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from admit.index.listing import Candidate, Listing, Rejected
    from admit.index.simple import File
    from admit.spec.names import NormalizedName
    from admit.spec.version import Version

    Named = tuple[tuple[str, int], ...]


class MergedListing:
    """What several indexes offer of one project; bit *i* stands for `versions[i]`."""

    is_present: Literal[True] = True

    def __init__(self, parts: Sequence[Listing | MergedListing]) -> None:
        self._parts = parts
        owners: dict[bytes, tuple[int, int]] = {}
        ranks: dict[bytes, int] = {}
        for part, listing in enumerate(parts):
            unfit = listing.yanked
            for _, mask in (*listing.unsupported, *listing.withheld):
                unfit |= mask
            for index, key in enumerate(listing.keys):
                rank = (unfit >> index & 1) * 2 + (listing.sources >> index & 1)
                if key not in owners or rank < ranks[key]:
                    owners[key], ranks[key] = (part, index), rank
        self.project: NormalizedName = parts[0].project
        self.keys: tuple[bytes, ...] = tuple(sorted(owners))
        self._owners = tuple(owners[key] for key in self.keys)
        self.versions: tuple[Version, ...] = tuple(
            parts[part].versions[index] for part, index in self._owners
        )
        self.tiers = tuple(
            sum(1 << at for at, owner in enumerate(self._owners) if owner[0] == part)
            for part in range(len(parts))
        )
        """By listing: the versions taken from it."""
        self.yanked: int = self._gather(each.yanked for each in parts)
        self.sources: int = self._gather(each.sources for each in parts)
        self.prereleases: int = self._gather(each.prereleases for each in parts)
        self.unsupported: Named = self._gather_named(
            [each.unsupported for each in parts]
        )
        self.withheld: Named = self._gather_named([each.withheld for each in parts])

    def candidate(self, index: int) -> Candidate:
        """See `Listing.candidate`."""
        part, place = self._owners[index]
        return self._parts[part].candidate(place)

    def files(self, index: int) -> tuple[File, ...]:
        """See `Listing.files`."""
        part, place = self._owners[index]
        return self._parts[part].files(place)

    def part_of(self, candidate: Candidate) -> int:
        """Say which listing a candidate of this one came from."""
        return self._owners[self.keys.index(candidate.version.key)][0]

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """See `Listing.rejected`."""
        return tuple(found for each in self._parts for found in each.rejected)

    @property
    def seen(self) -> str:
        """Where and by whom, of all."""
        return " and ".join(dict.fromkeys(each.seen for each in self._parts))

    @property
    def summary(self) -> str:
        """A predicate that says why there may be nothing to choose."""
        return " and ".join(dict.fromkeys(each.summary for each in self._parts))

    def _gather(self, masks: Iterable[int]) -> int:
        """Make one mask of those of the parts."""
        by_part = tuple(masks)
        return sum(
            1 << at
            for at, (part, index) in enumerate(self._owners)
            if by_part[part] >> index & 1
        )

    def _gather_named(self, groups: Sequence[Named]) -> Named:
        found: dict[str, int] = {}
        for text in dict.fromkeys(text for group in groups for text, _ in group):
            mask = self._gather(dict(group).get(text, 0) for group in groups)
            if mask:
                found[text] = mask
        return tuple(found.items())
