"""An index over a recording server: pages and wheels, refused as a test says.

`Counter(folder)` is an answering for `RecordingServer`: it lists the wheels of a folder
by project. `refuse("/simple/*", status(403))` answers there instead; `logins` are who
may read at all (None: everybody).
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
from typing import TYPE_CHECKING

from support.recording_server import JSON, Said, status

if TYPE_CHECKING:
    from pathlib import Path

    from support.recording_server import Answering, Seen

DENIED = status(401, WWW_Authenticate='Basic realm="corp"')


class Counter:
    """What stands behind the counter, and for whom."""

    def __init__(self, folder: Path, *logins: str) -> None:
        self.files = {each.name: each for each in folder.glob("*.whl")}
        self.logins = logins
        """Such as "alice:secret"; none: everybody may."""
        self.denied: Said = DENIED
        self.refusals: list[tuple[str, Said | Answering]] = []
        self.with_hashes = True

    def refuse(self, pattern: str, said: Said | Answering) -> None:
        """Answer so at the paths that match."""
        self.refusals.append((pattern, said))

    def __call__(self, seen: Seen) -> Said:
        for pattern, said in self.refusals:
            if fnmatch.fnmatch(seen.path, pattern):
                return said if isinstance(said, Said) else said(seen)
        if self.logins and seen.login not in self.logins:
            return self.denied
        return self.usual(seen)

    def usual(self, seen: Seen) -> Said:
        """Answer with a page or a wheel."""
        place, _, name = seen.path.strip("/").partition("/")
        if place == "simple" and not name:
            names = {each.partition("-")[0] for each in self.files}
            return _page({"projects": [{"name": each} for each in sorted(names)]})
        if place == "simple":
            listed = [each for each in self.files if each.partition("-")[0] == name]
            if not listed:
                return status(404)
            files = [self._described(each) for each in sorted(listed)]
            return _page({"name": name, "files": files})
        if name not in self.files:
            return status(404)
        return Said(body=self.files[name].read_bytes(), content_type="application/zip")

    def _described(self, name: str) -> dict[str, object]:
        digest = hashlib.sha256(self.files[name].read_bytes()).hexdigest()
        hashes = {"sha256": digest} if self.with_hashes else {}
        return {"filename": name, "url": f"/files/{name}", "hashes": hashes}


def _page(document: dict[str, object]) -> Said:
    document = {"meta": {"api-version": "1.0"}, **document}
    return Said(body=json.dumps(document).encode(), content_type=JSON)
