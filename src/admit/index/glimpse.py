"""One look at an index: may this caller in, and how much is there to see?

For: `admit auth login`, which compares what a user and what nobody is shown: a
permission-filtered index answers both, but not with the same.
Does not know: whose login it is; that is the client's.
Shape: a client and a source -> `Sight`.
"""

from __future__ import annotations

from admit.auth.scope import Provenance
from admit.errors import AdmitError, AuthError
from admit.index.anchors import read_anchors
from admit.index.simple import ACCEPT
from admit.net.client import Request
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.auth.scope import Source
    from admit.net.client import Client, Response


@value
class Sight:
    """What one caller was shown."""

    count: int | None = None
    """Projects of the index, or files of its probe; None if it shows no list."""
    noun: str = "project"
    trouble: AdmitError | None = None
    """Why there was nothing to see."""

    @property
    def is_refused(self) -> bool:
        """Whether the index turned this caller away."""
        return isinstance(self.trouble, AuthError)

    def __str__(self) -> str:
        if self.trouble is not None:
            status = getattr(self.trouble, "status", 0)
            return f"refused ({status})" if self.is_refused and status else "nothing"
        if self.count is None:
            return "an index without a list of projects"
        if self.count == 1:
            return f"1 {self.noun}"
        head, _, tail = self.noun.partition(" ")
        return f"{self.count} {head}s {tail}".rstrip()


def look(client: Client, source: Source) -> Sight:
    """Ask an index for its list of projects, or for its probe, once."""
    base = source.url.without_userinfo().with_slash()
    is_probe = source.probe is not None and source.kind == "index"
    url = base.join(f"{source.probe}/") if is_probe else source.url.without_userinfo()
    noun = f"file of {source.probe}" if is_probe else "project"
    request = Request(url, Provenance(source, "listing"), ACCEPT)
    try:
        response = client.get(request).result()
    except AdmitError as error:
        return Sight(trouble=error)
    if response.status != 200:
        return Sight(None, noun)
    key = "files" if is_probe else "projects"
    return Sight(_count(response, key), noun)


def _count(response: Response, key: str) -> int | None:
    if "json" not in (response.header("content-type") or "").lower():
        return len(read_anchors(response.body.decode(errors="replace")).anchors)
    import json

    try:
        found = json.loads(response.body)
    except (ValueError, RecursionError):
        return None
    listed = found.get(key) if isinstance(found, dict) else None
    return len(listed) if isinstance(listed, list) else None
