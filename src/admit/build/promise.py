"""Whether a wheel is what was promised of it.

For: a resolution that was made by metadata, and a wheel that was built afterwards.
Does not know: wheels, builds.
Shape: two `Metadata` -> what differs, in lines. What holds for this target is compared,
not how it is written: markers come in many spellings.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.spec.metadata import Metadata
    from admit.spec.names import ExtraName
    from admit.spec.version import Version

    Needs = dict[tuple[object, ...], str]


def find_changes(
    promised: Metadata,
    found: Metadata,
    environment: Mapping[str, str],
    python: Version,
) -> tuple[str, ...]:
    """Return what differs for a target; nothing if the promise is kept."""
    if (promised.name, promised.version) != (found.name, found.version):
        return (
            f"it was {promised.name} {promised.version} and is "
            f"{found.name} {found.version}",
        )
    changes: list[str] = []
    if _admits(promised, python) != _admits(found, python):
        changes.append(
            f"Requires-Python was {promised.requires_python or 'not there'} and is "
            f"{found.requires_python or 'not there'}"
        )
    extras: tuple[ExtraName | None, ...] = (None, *promised.extras)
    for extra in extras:
        before = _needs(promised, extra, environment, frozenset())
        after = _needs(found, extra, environment, frozenset())
        under = f" for the extra {extra}" if extra else ""
        changes += [
            f"{text} was required{under} and is not"
            for key, text in before.items()
            if key not in after
        ]
        changes += [
            f"{text} is required{under} and was not"
            for key, text in after.items()
            if key not in before
        ]
    return tuple(dict.fromkeys(changes))


def _admits(metadata: Metadata, python: Version) -> bool:
    wanted = metadata.requires_python
    return wanted is None or wanted.contains(python)


def _needs(
    metadata: Metadata,
    extra: ExtraName | None,
    environment: Mapping[str, str],
    opened: frozenset[ExtraName],
) -> Needs:
    """What is required here, with what extras of its own stand for."""
    needs: Needs = {}
    extras = () if extra is None else (extra,)
    for each in metadata.requires:
        if each.marker is not None and not each.marker.evaluate(environment, extras):
            continue
        if each.name == metadata.name:
            for inner in each.extras:
                if inner not in opened:
                    more = _needs(metadata, inner, environment, opened | {inner})
                    needs.update(more)
            continue
        specifier = each.specifier
        free = specifier.text if "===" in specifier.text else ""
        url = None if each.url is None else each.url.text
        key = (each.name, each.extras, specifier.intervals, free, url)
        shown = f"[{','.join(each.extras)}]" if each.extras else ""
        needs[key] = f"{each.name}{shown}{specifier or ''}"
        needs[key] += f" @ {each.url}" if each.url is not None else ""
    return needs
