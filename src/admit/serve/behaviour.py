"""How an index answers: one value for everything in which servers differ.

For: `admit serve --deny` and `--like`, and the tests that need an index which
denies, redirects, lays out its files or sets cache headers as a known product does.
Does not know: HTTP on the wire, accounts, the folder.
Shape: `Behaviour` of `Denial`, `Layout` and `Caching`; `LIKE` names some, each
standing for what was read about a product, not for a test against it.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Links = Literal["absolute", "path", "relative"]
    Tags = Literal["content", "project", "none"]


@value
class Denial:
    """What a caller gets who sees nothing of what it asks for.

    Where a caller sees a part, it gets 200 with that part, always.
    """

    anonymous: int | None = None
    """Status for a caller without a credential. None: what it may not see does not
    exist for it. 200: a page to log in."""
    forbidden: int | None = None
    """Status for a known caller without the right; None as above."""
    wrong: int | None = None
    """Status for a wrong credential; None: it counts as anonymous."""
    file: int | None = None
    """Status for an anonymous caller and a file; None: as for its listing."""
    missing: int = 404
    """Status for a project that is not on the index."""
    challenge: str | None = 'Basic realm="admit serve"'
    """WWW-Authenticate of a 401."""
    has_open_listings: bool = False
    """Listings name everything to everybody; only files are guarded."""
    lockout: int = 0
    """Wrong logins after which a user name gets 403 also with the right secret;
    0: never."""


@value
class Layout:
    """Where files are, and what may be asked of them."""

    files: str = "{root}packages/{project}/{version}/{file}"
    """Path of a file; `{base}` is the index path, `{root}` what stands before its
    last segment; also `{project} {version} {file} {sha256}`."""
    links: Links = "path"
    """How pages name files: whole URL, path, or relative to the page."""
    has_json: bool = True
    has_hashes: bool = True
    has_metadata: bool = True
    """PEP 658 metadata files are offered."""
    has_ranges: bool = True
    head: int | None = None
    """Status for every HEAD request; None: as for GET."""
    storage: bool = False
    """Files are redirected to signed URLs of another origin."""
    relative_hop: bool = False
    """Files are redirected once on this host, by a relative `Location`."""


@value
class Caching:
    """What answers say about storing them."""

    cache_control: str | None = None
    """Cache-Control of listings."""
    vary: str | None = "Accept, Authorization"
    etag: Tags = "content"
    """`project`: the same tag for every identity, as servers do that derive it from
    a project's time of change."""


@value
class Behaviour:
    """How one index answers."""

    denial: Denial = Denial()
    layout: Layout = Layout()
    caching: Caching = Caching()
    refused_files: tuple[str, ...] = ()
    """Globs of file names that get 403 though listings name them, as curation does.
    `acme-2*.whl` leaves the metadata file readable, `acme-2*` does not."""
    any_username: bool = False
    """A right secret is enough, whatever user name stands before it."""
    forward: str | None = None
    """URL of another index to which requests for projects are redirected that are
    not here (for this caller); it ends in a slash."""


PARTIAL = Behaviour()
"""Status 200 and only what the caller may see: the server of the founding case."""

DENIALS: dict[str, Denial] = {
    "partial": Denial(),
    "401": Denial(401, 403, 401),
    "403": Denial(403, 403, 403),
    "404": Denial(404, 404, 404),
}
"""What `--deny` names: statuses for anonymous, forbidden and wrong callers."""

# What follows stands for documentation, reports and server sources as read, not for
# runs against these products.
_OUTSIDE = "{root}packages/{project}/{version}/{file}"
_SHARED_CACHE = Caching("max-age=600", None)

LIKE: dict[str, Behaviour] = {
    # Anonymous read is on: a stranger gets the subset that strangers may see, and
    # listings that any cache may keep. A file is a 500 for a stranger.
    "artifactory": Behaviour(
        Denial(None, 403, 401, file=500, lockout=5),
        Layout(_OUTSIDE, has_metadata=False, storage=True),
        _SHARED_CACHE,
    ),
    # Anonymous access is off and existence is hidden.
    "artifactory-private": Behaviour(
        Denial(401, 404, 401, lockout=5),
        Layout(_OUTSIDE, has_metadata=False, storage=True),
        _SHARED_CACHE,
    ),
    # Any PAT with any name; an unseen project looks like one that is not there.
    "gitlab": Behaviour(
        Denial(401, 404, 401, challenge='Basic realm="GitLab Packages Registry"'),
        Layout(
            "{root}projects/4711/packages/pypi/files/{sha256}/{file}",
            "absolute",
            has_json=False,
            has_metadata=False,
        ),
        Caching(None, "Accept"),
        any_username=True,
    ),
    "azure": Behaviour(
        Denial(401, 401, 401, challenge='Bearer, Basic realm="azure"'),
        Layout(
            "/_packaging/0d9f1c8e-feed/pypi/download/{project}/{version}/{file}",
            has_json=False,
            has_metadata=False,
            head=405,
        ),
        any_username=True,
    ),
    # It challenges Bearer although Basic is what works; an expired token is a 404.
    "codeartifact": Behaviour(
        Denial(401, 403, 404, challenge='Bearer realm="codeartifact"'),
        Layout("{base}{project}/{version}/{file}", has_metadata=False),
    ),
    "gar": Behaviour(
        Denial(403, 403, 401),
        Layout(
            "{root}{project}/{file}",
            "relative",
            has_json=False,
            has_metadata=False,
            relative_hop=True,
        ),
    ),
    "nexus": Behaviour(
        Denial(401, 403, 401, challenge='Basic realm="Sonatype Nexus Repository"'),
        Layout(_OUTSIDE, "relative", has_json=False, has_metadata=False),
    ),
    # Listings are open; files want a right, and say so without a challenge.
    "devpi": Behaviour(
        Denial(403, 403, 403, challenge=None, has_open_listings=True),
        Layout("/root/base/+f/{sha256}/{file}", "relative", has_metadata=False),
        Caching(None, "Accept, User-Agent"),
    ),
    "pypiserver": Behaviour(
        Denial(401, 403, 403, challenge='Basic realm="pypi"'),
        Layout(
            "{root}packages/{file}",
            "relative",
            has_json=False,
            has_metadata=False,
        ),
    ),
    # Listings are open, files guarded and of another origin.
    "pulp": Behaviour(
        Denial(403, 403, 403, challenge=None, has_open_listings=True),
        Layout("/content/{project}/{file}", "absolute"),
    ),
}
"""Behaviours by the product they stand for."""
