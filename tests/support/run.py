"""One run's client, cache and index, against the embedded server.

`run(server, cache_root, user=…)` is what one command would have; every call is a new
process as far as memory goes. `paths(server)` are the requests since the last call.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from admit.auth.query import Found, Query
from admit.auth.scheme import Credential
from admit.auth.scope import Source
from admit.cache.store import Cache
from admit.index.fetch import Absent, Index
from admit.index.listing import Candidate, Listing
from admit.net.client import Client, ClientOptions, RequestLine
from admit.net.transport import TransportOptions, open_transport
from admit.spec.names import normalize_name
from admit.spec.tags import Target
from admit.spec.url import Secret, parse_url
from support.index import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from admit.serve.server import IndexServer

TARGET = Target({"python_full_version": "3.11.4"}, ("py3-none-any",))


class Told:
    """A reporter that keeps what it was told."""

    def __init__(self) -> None:
        self.lines: list[RequestLine] = []
        self.warnings: list[str] = []

    def request_line(self, line: RequestLine) -> None:
        self.lines.append(line)

    def warning(self, text: str) -> None:
        self.warnings.append(text)


class Run:
    """What one command would have: client, cache and one index."""

    def __init__(self, index: Index, cache: Cache, told: Told) -> None:
        self.index = index
        self.cache = cache
        self.told = told

    def listing(self, name: str = "mypackage") -> Listing:
        answer = self.index.listing(normalize_name(name)).result()
        assert isinstance(answer, Listing)
        return answer

    def absent(self, name: str) -> Absent:
        answer = self.index.listing(normalize_name(name)).result()
        assert isinstance(answer, Absent)
        return answer

    def newest(self, name: str = "mypackage") -> Candidate:
        listing = self.listing(name)
        return listing.candidate(len(listing) - 1)

    def needs(self, name: str = "mypackage") -> list[str]:
        metadata = self.index.metadata(self.newest(name)).result()
        return [str(each) for each in metadata.requires]


@contextmanager
def run(
    server: IndexServer,
    root: Path | None = None,
    *,
    user: str | None = "alice",
    secret: str = SECRET,
    refresh: bool = False,
    target: Target = TARGET,
    search: Callable[[Query], Found] | None = None,
    **settings: Any,
) -> Iterator[Run]:
    told = Told()
    cache = Cache(str(root) if root else None, told.warning, refresh=refresh)
    credential = Credential(user, Secret(secret), "netrc") if user else None
    source = Source(parse_url(server.url), **settings)
    client = Client(
        open_transport(TransportOptions()),
        search or (lambda _: Found(credential)),
        told,
        options=ClientOptions(
            cache.identity_key(), public=(source,) if source.is_public else ()
        ),
    )
    try:
        yield Run(Index(source, client, cache, target, told), cache, told)
    finally:
        client.close()
        cache.close()


def paths(server: IndexServer) -> list[str]:
    """The requests since the last call, as "last part of the path, status"."""
    taken = [
        f"{each.path.rpartition('/')[2] or each.path} {each.status}"
        for each in server.requests
    ]
    server.requests.clear()
    return taken
