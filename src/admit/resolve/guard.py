"""Which index may answer for a name, and what its answers are worth.

For: rule R6 of docs/auth.md: owned names, required indexes; and pain H3: an index
whose credential nothing confirmed must not be made up for in silence.
Does not know: how indexes are asked, in which strategy, versions.
Shape: `route` is pure. A `Tally` is told of every answer and says
afterwards what is doubtful.
"""

from __future__ import annotations

from admit.auth.advice import how_to_give
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from admit.auth.ledger import Standing
    from admit.auth.scheme import Credential
    from admit.auth.scope import SourceKey
    from admit.config.settings import IndexSettings


@value
class Route:
    """The indexes that may answer for a name, in the order they are asked."""

    indexes: tuple[IndexSettings, ...]
    is_owned: bool = False
    """The name belongs to these: from one of them or not at all."""


def route(name: str, indexes: Sequence[IndexSettings]) -> Route:
    """Return the indexes that may answer for a name.

    `name`: normalised. Its owners, if any index owns it; otherwise all that are not
    explicit.
    """
    owners = tuple(each for each in indexes if each.owns(name))
    if owners:
        return Route(owners, is_owned=True)
    return Route(tuple(each for each in indexes if not each.is_explicit))


def owned_suffix(way: Route) -> str:
    """What to add to a reason, so that no other index is hoped for."""
    if not way.is_owned:
        return ""
    one = "that index" if len(way.indexes) == 1 else "those indexes"
    return f"; the name belongs to {one}"


class Tally:
    """What the indexes of a run have answered, by name."""

    def __init__(self) -> None:
        self._found: dict[SourceKey, tuple[IndexSettings, set[str]]] = {}
        self._missed: dict[SourceKey, tuple[IndexSettings, set[str]]] = {}

    def note(self, settings: IndexSettings, name: str, *, is_found: bool) -> None:
        """Note one answer to a listing."""
        answers = self._found if is_found else self._missed
        answers.setdefault(settings.source.key, (settings, set()))[1].add(name)

    def taken_elsewhere(
        self, missed: Iterable[str], wanted: frozenset[str]
    ) -> tuple[tuple[str, str], ...]:
        """Return those that another index had, with its label."""
        return tuple(
            (name, settings.source.label)
            for name in missed
            if name in wanted
            for settings, names in self._found.values()
            if name in names
        )

    def unconfirmed(
        self, standings: Iterable[tuple[IndexSettings, Standing | None]]
    ) -> tuple[Unconfirmed, ...]:
        """Return the indexes whose credential this run has not confirmed."""
        found = []
        for settings, standing in standings:
            if standing is None or standing.credential is None or standing.is_confirmed:
                continue
            key = settings.source.key
            missed = self._missed.get(key, (settings, set()))[1]
            if key in self._found:
                missed = set()
            elif not missed:
                continue
            found.append(
                Unconfirmed(settings, standing.credential, tuple(sorted(missed)))
            )
        return tuple(found)


@value
class Unconfirmed:
    """A credential of which this run cannot tell whether it is worth anything."""

    settings: IndexSettings
    credential: Credential
    missed: tuple[str, ...]
    """What was asked for in vain, if nothing else was answered but "not here"; empty
    if a page came, which anonymous callers may have been given as well."""

    @property
    def text(self) -> str:
        """The evidence, one sentence."""
        label, who = self.settings.source.label, self.credential.label
        if self.missed:
            return (
                f"{label} answered nothing but 404 to {who}: the credential was never "
                "confirmed"
            )
        return (
            f"nothing proves the credential {who}: {label} took it, and may take "
            "any other for that of nobody"
        )

    @property
    def fix(self) -> str:
        """What makes it certain."""
        label = self.settings.source.label
        where = self.credential.detail or self.credential.provider
        prove = f"set `probe` of {label} to a project that every user of it sees"
        if not self.missed:
            return prove
        return f"look whether the credential from {where} has expired\n{prove}"

    def warning(self, others: Sequence[tuple[str, str]]) -> str:
        """One line for packages that came from elsewhere: (name, index label)."""
        shown = ", ".join(f"{name} from {label}" for name, label in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        label = self.settings.source.label
        return (
            f"{self.text}, and these came from elsewhere: {shown}{more}; list names "
            f"that belong to {label} in its `packages`, or set its `probe`"
        )


def anonymous_advice(settings: IndexSettings) -> str:
    """What may help where an index was asked as nobody."""
    label = settings.source.label
    return (
        f"{label} was asked anonymously and may show more to a user:\n"
        f"{how_to_give(settings.source)}"
    )
