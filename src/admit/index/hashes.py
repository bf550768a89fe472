"""The hashes of all files of a release, whatever they are for.

For: pins that hold on every machine (`admit compile --generate-hashes`).
Does not know: targets, which file is better.
Shape: `ProjectPage` and a version -> digests, sorted, one a file: the strongest.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.index.simple import WHEEL_SUFFIX, parse_file
from admit.spec.record import Digest, strongest
from admit.spec.tags import parse_sdist_filename, parse_wheel_filename

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.index.simple import File, ProjectPage
    from admit.spec.names import NormalizedName
    from admit.spec.version import Version


def find_hashes(
    page: ProjectPage, project: NormalizedName, version: Version
) -> tuple[Digest, ...]:
    """Return a digest of every wheel and source distribution of a version.

    Files for which the page states no secure hash have none here.
    """
    found: set[Digest] = set()
    for entry in page.entries:
        filename = entry["filename"]
        try:
            if filename.endswith(WHEEL_SUFFIX):
                known = parse_wheel_filename(filename).version
            else:
                known = parse_sdist_filename(filename, project).version
            digest = stated_digest(parse_file(entry)) if known == version else None
        except InputError:
            continue  # the listing tells of broken files
        if digest is not None:
            found.add(digest)
    return tuple(sorted(found, key=str))


def stated_digest(file: File) -> Digest | None:
    """Return the digest to verify a file by; None if its page states none."""
    digests = [Digest(algorithm, digits) for algorithm, digits in file.hashes]
    sha256 = [each for each in digests if each.algorithm == "sha256"]
    return sha256[0] if sha256 else strongest(digests)
