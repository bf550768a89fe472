"""What would be done to an environment: a resolution against what is installed.

For: `Change`s, made of values only; nothing is fetched, written or removed.
Does not know: how a resolution was found, how a change is applied.
"""

from __future__ import annotations

from admit.session import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.config.requirements import Wanted
    from admit.env.satisfied import Environment, Known
    from admit.resolve.pins import Pin, Resolution


def plan_change(
    environment: Environment, resolution: Resolution, *, reinstall: bool = False
) -> Change:
    """Compare a resolution with what is installed."""
    incoming = []
    outgoing = []
    for pin in resolution.pins:
        known = environment.installed.get(pin.name)
        if pin.candidate is None:
            continue
        if known is not None:
            if not reinstall and _is_same(known, pin):
                continue
            outgoing.append(known)
        incoming.append(pin)
    kept = len(resolution.pins) - len(incoming)
    return Change(tuple(incoming), tuple(outgoing), kept)


def _is_same(known: Known, pin: Pin) -> bool:
    if known.version != pin.version:
        return False
    if pin.origin is not None:
        return known.is_of(pin.origin)
    if pin.is_direct and pin.candidate is not None:
        return known.came_from(pin.candidate.url)
    return True


def remove_unlisted(
    wanted: Wanted, environment: Environment, change: Change | None = None
) -> Change:
    """Return a change that also removes what is not listed.

    Without `change`, all that is listed is there, and stays.
    """
    from admit.env.extraneous import find_extraneous

    markers = environment.interpreter.environment
    listed = frozenset(
        each.name
        for each in wanted.requirements
        if each.marker is None or each.marker.evaluate(markers)
    )
    change = change or Change((), (), len(listed))
    extraneous = find_extraneous(environment.installed, listed, markers)
    outgoing = sorted((*change.outgoing, *extraneous), key=lambda known: known.name)
    return Change(change.incoming, tuple(outgoing), change.kept)


def plan_removal(
    wanted: Wanted, environment: Environment
) -> tuple[Change, tuple[str, ...]]:
    """Return the change that removes projects, and names that are not there.

    Raises:
        NameNotKnown: only a build would tell which project a source is.
    """
    from admit.session.unbuilt import name_installed

    markers = environment.interpreter.environment
    names = dict.fromkeys(name_installed(wanted, environment.installed, markers))
    known = environment.installed
    outgoing = tuple(known[name] for name in sorted(names) if name in known)
    unknown = tuple(name for name in names if name not in known)
    return Change((), outgoing, 0), unknown
