"""What was chosen, in the form of pip's installation report.

For: `--report FILE`, which tools read to know what pip would install.
Does not know: what was printed, what is done with it.
Shape: pins -> a document of version "1".
Spec: pip's "installation report" (version 1), PEP 610 for `download_info`, PEP 566 for
metadata as JSON. Where no wheel is at hand (`--dry-run`), metadata has what resolving
needed: name, version, requirements, extras.
"""

from __future__ import annotations

import os

from admit.cli.writable import find_obstacle
from admit.errors import EnvironmentProblem, fix_of_system
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from admit.cli.output import Output
    from admit.index.listing import Candidate
    from admit.resolve.provider import Pin
    from admit.spec.metadata import Metadata

_SEVERAL = frozenset(
    (
        "platform",
        "supported_platform",
        "dynamic",
        "license_file",
        "classifier",
        "requires_dist",
        "requires_external",
        "project_url",
        "provides_extra",
        "provides_dist",
        "obsoletes_dist",
        "import_name",
        "import_namespace",
    )
)
"""Fields that may stand more than once (core metadata)."""


class CannotWriteReport(EnvironmentProblem):
    """The report's file refuses."""

    code = "cannot-write-report"


@value
class Reported:
    """A pin, and what is known of its file by now."""

    pin: Pin
    sha256: str | None = None
    """Of the file that was listed, where it was had."""
    wheel: str | None = None
    """Path of the wheel, or of its unpacked METADATA."""
    metadata: Metadata | None = None
    """What a wheel would say that is not made yet."""


def format_report(
    pins: Sequence[Reported], requested: Collection[str], environment: Mapping[str, str]
) -> dict[str, object]:
    """Make the report."""
    from admit import __version__

    return {
        "version": "1",
        "pip_version": f"admit {__version__}",
        "install": [
            _describe(each, each.pin.candidate, requested)
            for each in pins
            if each.pin.candidate is not None
        ],
        "environment": dict(environment),
    }


def write_report(
    report: Mapping[str, object], path: str, cwd: str, output: Output
) -> None:
    """Write a report to a file, wholly or not at all; `-` is stdout."""
    import json

    text = json.dumps(report, indent=2)
    if path == "-":
        output.data(text)
        return
    path = _whole(path, cwd)
    partial = f"{path}.{os.getpid()}.partial"
    try:
        with open(partial, "w", encoding="utf-8") as file:
            file.write(output.scrub(text) + "\n")
        os.replace(partial, path)
    except OSError as error:
        raise _cannot_write(path, error) from error


def check_place(path: str, cwd: str) -> None:
    """Look whether a report can be written, before there is one.

    Raises:
        CannotWriteReport: its folder refuses, or it is a folder itself.
    """
    if path == "-":
        return
    path = _whole(path, cwd)
    obstacle = find_obstacle(path)
    if obstacle is not None:
        raise _cannot_write(path, obstacle)


def _whole(path: str, cwd: str) -> str:
    return os.path.join(cwd, os.path.expanduser(path))


def _cannot_write(path: str, error: OSError) -> CannotWriteReport:
    return CannotWriteReport(
        f"cannot write the report {path}",
        why=error.strerror,
        fix=fix_of_system(error) or "name a file in a folder that is there",
    )


def _describe(
    each: Reported, candidate: Candidate, requested: Collection[str]
) -> dict[str, object]:
    is_requested = each.pin.name in requested
    described: dict[str, object] = {
        "download_info": _describe_origin(each, candidate),
        "is_direct": each.pin.is_direct,
        "is_yanked": candidate.is_yanked,
        "requested": is_requested,
        "metadata": _metadata_of(each, candidate),
    }
    if is_requested and each.pin.extras:
        described["requested_extras"] = list(each.pin.extras)
    return described


def _describe_origin(each: Reported, candidate: Candidate) -> dict[str, object]:
    if each.pin.origin is not None:
        from admit.spec.direct_url import describe

        return describe(each.pin.origin)
    hashes = dict(candidate.file.hashes)
    if each.sha256 is not None:
        hashes["sha256"] = each.sha256
    archive: dict[str, object] = {"hashes": hashes}
    if "sha256" in hashes:
        archive["hash"] = f"sha256={hashes['sha256']}"
    url = candidate.url.without_userinfo().without_fragment().text
    return {"url": url, "archive_info": archive}


def _metadata_of(each: Reported, candidate: Candidate) -> dict[str, object]:
    if each.wheel is not None and os.path.isfile(each.wheel):
        return parse_metadata_json(_read_metadata(each.wheel, candidate))
    known = each.metadata
    if known is None:
        assert each.pin.found is not None  # noqa: S101  # it has a candidate
        known = each.pin.found.files.metadata(candidate).result()
    return {
        "metadata_version": "2.1",
        "name": str(known.name),
        "version": str(known.version),
        "requires_dist": [str(requirement) for requirement in known.requires],
        "requires_python": str(known.requires_python or ""),
        "provides_extra": [str(extra) for extra in known.extras],
    }


def _read_metadata(path: str, candidate: Candidate) -> bytes:
    with open(path, "rb") as file:
        if not path.endswith(".whl"):
            return file.read()
        from admit.index.range import read_metadata_of_file

        size = os.fstat(file.fileno()).st_size
        return read_metadata_of_file(candidate.project, file, size)


def parse_metadata_json(body: bytes) -> dict[str, object]:
    """Turn METADATA into JSON as PEP 566 has it."""
    from email.parser import HeaderParser

    message = HeaderParser().parsestr(body.decode("utf-8", "replace"))
    found: dict[str, object] = {}
    for name in dict.fromkeys(message.keys()):
        key = name.lower().replace("-", "_")
        texts = [str(text) for text in message.get_all(name, [])]
        if key in _SEVERAL:
            found[key] = texts
        elif key == "keywords":
            found[key] = [word.strip() for word in texts[0].split(",")]
        else:
            found[key] = texts[0]
    description = message.get_payload()
    if isinstance(description, str) and description:
        found.setdefault("description", description)
    return found
