"""What a command did, as one JSON object: `--output-format json`.

For: scripts, which read stdout; prose stays on stderr.
Does not know: how a command does it, how it is printed.
Shape: changes and files -> lists of objects with `name`, `version` and `action`.
Spec: docs/output.md.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from admit.api import Change
    from admit.env.satisfied import Known
    from admit.errors import AdmitError
    from admit.install.download import Saved
    from admit.resolve.provider import Pin

    Rows = list[dict[str, object]]


def describe_change(change: Change, requested: Collection[str]) -> Rows:
    """Describe what comes and goes: `install`, `replace`, `reinstall`, `remove`."""
    going = {known.name: known for known in change.outgoing}
    rows: Rows = []
    for pin in change.incoming:
        before = going.pop(pin.name, None)
        row = _row(pin, "install" if before is None else "replace", requested)
        if before is not None:
            row["previous_version"] = str(before.version)
            if before.version == pin.version:
                row["action"] = "reinstall"
        rows.append(row)
    rows += [
        {"name": str(each.name), "version": str(each.version), "action": "remove"}
        for each in going.values()
    ]
    return sorted(rows, key=lambda row: str(row["name"]))


def describe_saved(saved: Iterable[Saved], requested: Collection[str]) -> Rows:
    """Describe files in a folder: `save` or `exists`."""
    rows = []
    for each in saved:
        row = _row(each.pin, "save" if each.is_new else "exists", requested)
        row["path"] = each.path
        row["hashes"] = {"sha256": each.sha256}
        rows.append(row)
    return rows


def describe_installed(found: Iterable[Known]) -> Rows:
    """Describe what is installed."""
    from admit.env.installed import is_editable, is_requested, read_direct_url

    rows: Rows = []
    for each in found:
        direct_url = read_direct_url(each.distribution)
        rows.append(
            {
                "name": str(each.name),
                "version": str(each.version),
                "path": each.distribution.site,
                "requested": is_requested(each.distribution),
                "editable": is_editable(each.distribution),
                "url": direct_url.shown if direct_url else None,
            }
        )
    return rows


def describe_error(error: AdmitError) -> dict[str, object]:
    """Describe an error by its code and its three parts."""
    return {
        "code": error.code,
        "what": error.what,
        "why": error.why,
        "fix": error.fix,
    }


def _row(pin: Pin, action: str, requested: Collection[str]) -> dict[str, object]:
    row: dict[str, object] = {
        "name": str(pin.name),
        "version": str(pin.version),
        "action": action,
        "requested": pin.name in requested,
    }
    if pin.candidate is None or pin.found is None:
        return row
    source = pin.found.files.source_of(pin.candidate)
    is_index = source is not None and source.kind in ("index", "find-links")
    row["index"] = (
        {"name": source.name, "url": source.url.text} if is_index and source else None
    )
    row["url"] = pin.candidate.url.without_userinfo().without_fragment().text
    if pin.origin is not None:
        from admit.spec.direct_url import format_origin

        row["url"] = format_origin(pin.origin)
        row["editable"] = pin.origin.is_editable
    row["hashes"] = dict(pin.candidate.file.hashes)
    row["is_direct"] = pin.is_direct
    row["is_yanked"] = pin.candidate.is_yanked
    if pin.refused:
        row["refused"] = [
            {
                "version": str(each.version),
                "filename": each.filename,
                "status": each.status,
                "asked_as": each.credential.label,
            }
            for each in pin.refused
        ]
    return row
