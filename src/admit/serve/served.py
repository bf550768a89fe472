"""One index of the server: its base path, its folder, who may see what, how it says no.

For: deciding the answer to a request.
Does not know: sockets, logs, scripts; other indexes on the same host.
Shape: `ServedIndex.answer(asked, caller)` -> `Answer`. Pages are made once per
caller, project and form, and dropped when the folder or a permission changes.
Spec: PEP 503, 658, 691; RFC 9110 sections 8.8 (validators), 13 (conditional
requests), 14 (ranges).
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import hmac
import os
import secrets
import threading
import time

from admit.errors import AdmitError
from admit.serve.answer import Answer, plain, redirect
from admit.serve.behaviour import PARTIAL, Behaviour
from admit.serve.pages import (
    MEDIA_TYPES,
    Link,
    choose_format,
    render_login,
    render_project,
    render_root,
)
from admit.serve.visibility import ANONYMOUS, Caller
from admit.spec.names import normalize_name
from admit.spec.url import percent_encode
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.serve.answer import Asked
    from admit.serve.pages import Format
    from admit.serve.shelf import Shelf, ShelfFile, Stock
    from admit.serve.visibility import Offer, Visibility

SIGNED_SECONDS = 30
WORTH_PACKING = 500


@value
class _Page:
    content_type: str
    body: bytes
    packed: bytes | None
    etag: str | None


class ServedIndex:
    """An index below one path of a server."""

    def __init__(
        self,
        base_path: str,
        shelf: Shelf,
        visibility: Visibility,
        behaviour: Behaviour = PARTIAL,
    ) -> None:
        """Serve `shelf` below `base_path`, which begins and ends with a slash."""
        self.base_path = base_path
        self.shelf = shelf
        self.visibility = visibility
        self.behaviour = behaviour
        self.storage_origin: str | None = None
        """Where signed URLs lead; set by the server once it listens."""
        self._key = secrets.token_bytes(16)
        self._failures: dict[str, int] = {}
        self._lock = threading.RLock()
        self._state: tuple[int, int] | None = None
        self._pages: dict[tuple[str | None, str | None, Format], _Page] = {}
        self._paths: dict[str, ShelfFile] = {}
        self._path_of: dict[str, str] = {}

    def serves(self, path: str) -> bool:
        """Whether a path is one of this index: below its base, or one of its files."""
        is_below = f"{path}/".startswith(self.base_path)
        return is_below or self._find_file(path) is not None

    def identify(self, offer: Offer | None) -> Caller:
        """Find out who calls, counting wrong logins."""
        caller = self.visibility.identify(offer)
        if offer is not None and caller.state == "wrong":
            with self._lock:
                count = self._failures.get(offer.username, 0)
                self._failures[offer.username] = count + 1
        return caller

    def answer(self, asked: Asked, caller: Caller) -> Answer:
        """Decide the answer to a request of `caller`, as `identify` named it."""
        denial = self.behaviour.denial
        if asked.method not in ("GET", "HEAD"):
            return plain(405, "only GET and HEAD", ("Allow", "GET, HEAD"))
        if asked.method == "HEAD" and self.behaviour.layout.head:
            return plain(self.behaviour.layout.head, "no HEAD here")
        if self._is_locked_out(asked.offer):
            return plain(403, "too many wrong logins")
        if caller.state == "wrong":
            if denial.wrong is not None:
                return self._refuse(denial.wrong)
            caller = ANONYMOUS
        with self._lock:
            stock = self._refresh()
            if self._find_file(asked.path) is not None:
                return self._answer_file(asked, caller)
            return self._answer_listing(asked, caller, stock)

    def answer_signed(self, asked: Asked) -> Answer:
        """Answer a request for a signed URL, as object stores do."""
        if asked.offer is not None:
            return plain(400, "two ways of authentication: header and signature")
        fields = dict(pair.partition("=")[::2] for pair in asked.query.split("&"))
        moment = fields.get("X-Amz-Date", "")
        good = self._sign(asked.path, moment).encode()
        signature = fields.get("X-Amz-Signature", "").encode()
        if asked.method != "GET" or not hmac.compare_digest(good, signature):
            return plain(403, "the signature is not for this request")
        if time.time() > float(moment) + SIGNED_SECONDS:
            return plain(403, "the signature has expired")
        _, _, sha256, _ = asked.path.split("/", 3)
        with self._lock:
            self._refresh()
            for file in self._paths.values():
                if file.sha256 == sha256:
                    return self._send_file(asked, file)
        return plain(404, "no such object")

    # Listings

    def _answer_listing(self, asked: Asked, caller: Caller, stock: Stock) -> Answer:
        if f"{asked.path}/" == self.base_path:
            return redirect(self.base_path, 301)
        below = asked.path.removeprefix(self.base_path)
        if below == asked.path:
            return plain(404, "nothing here")
        name, slash, rest = below.partition("/")
        if not name:
            return self._answer_root(asked, caller, stock)
        try:
            normal = normalize_name(name)
        except AdmitError:
            return plain(404, "no such project")
        if rest:
            return self._answer_denied_file(caller, exists=False)
        if not slash or name != normal:
            return redirect(f"{self.base_path}{normal}/", 301)
        return self._answer_project(asked, caller, stock, normal)

    def _answer_root(self, asked: Asked, caller: Caller, stock: Stock) -> Answer:
        names = [
            name
            for name, files in stock.projects.items()
            if any(self._may_list(caller, file) for file in files)
        ]
        if not names and (status := self._status_of(caller)) is not None:
            return self._refuse(status)
        form = self._choose_format(asked)
        key = (_name_of(caller), None, form)
        page = self._pages.get(key)
        if page is None:
            page = self._make_page(render_root(names, form), form, "")
            self._pages[key] = page
        return self._send_page(asked, page)

    def _answer_project(
        self, asked: Asked, caller: Caller, stock: Stock, name: str
    ) -> Answer:
        form = self._choose_format(asked)
        key = (_name_of(caller), name, form)
        page = self._pages.get(key)
        if page is not None:
            return self._send_page(asked, page)
        files = stock.projects.get(name, ())
        links = [
            self._link(asked, file) for file in files if self._may_list(caller, file)
        ]
        if not links:
            return self._answer_unseen(caller, name, exists=bool(files))
        page = self._make_page(render_project(name, links, form), form, name)
        self._pages[key] = page
        return self._send_page(asked, page)

    def _answer_unseen(self, caller: Caller, name: str, *, exists: bool) -> Answer:
        """A caller sees nothing of a project, perhaps since it is not there.

        A stranger who is denied learns nothing of what exists.
        """
        denial = self.behaviour.denial
        status = self._status_of(caller)
        if status is not None and (exists or caller.account is None):
            return self._refuse(status)
        if self.behaviour.forward is not None:
            return redirect(f"{self.behaviour.forward}{name}/")
        return self._refuse(denial.missing)

    def _link(self, asked: Asked, file: ShelfFile) -> Link:
        layout = self.behaviour.layout
        path = self._path_of[file.path]
        url = percent_encode(path, safe="/+!")
        if layout.links == "absolute":
            url = asked.origin + url
        elif layout.links == "relative":
            page = f"{self.base_path}{file.project}/"
            url = _relative(url, page)
        return Link(
            file.filename,
            url,
            file.version,
            file.sha256 if layout.has_hashes else None,
            file.size,
            file.upload_time,
            file.requires_python,
            file.yanked,
            file.metadata_sha256 if layout.has_metadata else None,
        )

    def _choose_format(self, asked: Asked) -> Format:
        return choose_format(
            asked.header("accept"), has_json=self.behaviour.layout.has_json
        )

    def _make_page(self, body: bytes, form: Format, name: str) -> _Page:
        etag = None
        if self.behaviour.caching.etag != "none":
            is_shared = self.behaviour.caching.etag == "project"
            text = f"{name} {self._state}".encode() if is_shared else body
            etag = f'W/"{hashlib.sha256(text + form.encode()).hexdigest()[:20]}"'
        is_big = len(body) > WORTH_PACKING
        packed = gzip.compress(body, 5, mtime=0) if is_big else None
        return _Page(MEDIA_TYPES[form], body, packed, etag)

    def _send_page(self, asked: Asked, page: _Page) -> Answer:
        caching = self.behaviour.caching
        headers = [("Content-Type", page.content_type)]
        if caching.cache_control is not None:
            headers.append(("Cache-Control", caching.cache_control))
        if caching.vary is not None:
            headers.append(("Vary", caching.vary))
        if page.etag is not None:
            headers.append(("ETag", page.etag))
            if _names_tag(asked.header("if-none-match"), page.etag):
                return Answer(304, tuple(headers[1:]))
        body = page.body
        if page.packed is not None and "gzip" in asked.header("accept-encoding"):
            body = page.packed
            headers.append(("Content-Encoding", "gzip"))
        return Answer(200, tuple(headers), body)

    # Files

    def _find_file(self, path: str) -> ShelfFile | None:
        with self._lock:
            self._refresh()
            found = self._paths.get(path)
            if found is None and path.endswith(".metadata"):
                found = self._paths.get(path.removesuffix(".metadata"))
            return found

    def _answer_file(self, asked: Asked, caller: Caller) -> Answer:
        file = self._find_file(asked.path)
        if file is None or not self._may_see(caller, file):
            return self._answer_denied_file(caller, exists=file is not None)
        name = asked.path.rpartition("/")[2]
        if any(fnmatch.fnmatchcase(name, g) for g in self.behaviour.refused_files):
            return plain(403, "blocked by policy")
        if asked.path.endswith(".metadata"):
            if file.metadata is None or not self.behaviour.layout.has_metadata:
                return plain(404, "no metadata for this file")
            content_type = ("Content-Type", "text/plain; charset=utf-8")
            return Answer(200, (content_type,), file.metadata)
        if self.storage_origin is not None:
            path = f"/objects/{file.sha256}/{percent_encode(file.filename)}"
            moment = str(int(time.time()))
            signature = self._sign(f"/objects/{file.sha256}/{file.filename}", moment)
            return redirect(
                f"{self.storage_origin}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                f"&X-Amz-Date={moment}&X-Amz-Expires={SIGNED_SECONDS}"
                f"&X-Amz-Signature={signature}"
            )
        if self.behaviour.layout.relative_hop and asked.query != "alt=media":
            return redirect(f"{percent_encode(file.filename)}?alt=media")
        return self._send_file(asked, file)

    def _answer_denied_file(self, caller: Caller, *, exists: bool) -> Answer:
        status = self._status_of(caller)
        if caller.account is None and self.behaviour.denial.file is not None:
            status = self.behaviour.denial.file
        if status is None or not (exists or caller.account is None):
            return plain(404, "no such file")
        return self._refuse(status)

    def _send_file(self, asked: Asked, file: ShelfFile) -> Answer:
        try:
            size = os.stat(file.path).st_size
        except OSError:
            return plain(404, "no such file")
        etag = f'"{file.sha256[:32]}"'
        headers: tuple[tuple[str, str], ...] = (
            ("Content-Type", "application/octet-stream"),
            ("ETag", etag),
        )
        if _names_tag(asked.header("if-none-match"), etag):
            return Answer(304, headers[1:])
        if not self.behaviour.layout.has_ranges:
            return Answer(200, headers, file=file.path, span=(0, size))
        headers += (("Accept-Ranges", "bytes"),)
        condition = asked.header("if-range")
        wanted = asked.header("range")
        if not wanted.startswith("bytes=") or (condition and condition != etag):
            return Answer(200, headers, file=file.path, span=(0, size))
        span = parse_range(wanted, size)
        if span is None:
            return plain(416, "no such range", ("Content-Range", f"bytes */{size}"))
        start, stop = span
        headers += (("Content-Range", f"bytes {start}-{stop - 1}/{size}"),)
        return Answer(206, headers, file=file.path, span=span)

    def _sign(self, path: str, moment: str) -> str:
        """Sign a GET of a path: signatures are for one method."""
        text = f"GET {path} {moment}".encode()
        return hmac.new(self._key, text, "sha256").hexdigest()

    # Permission

    def _may_see(self, caller: Caller, file: ShelfFile) -> bool:
        return self.visibility.may_see(caller, file.project, file.version)

    def _may_list(self, caller: Caller, file: ShelfFile) -> bool:
        return self.behaviour.denial.has_open_listings or self._may_see(caller, file)

    def _is_locked_out(self, offer: Offer | None) -> bool:
        limit = self.behaviour.denial.lockout
        return bool(limit and offer and self._failures.get(offer.username, 0) > limit)

    def _status_of(self, caller: Caller) -> int | None:
        denial = self.behaviour.denial
        return denial.anonymous if caller.account is None else denial.forbidden

    def _refuse(self, status: int) -> Answer:
        if status == 200:
            content_type = ("Content-Type", "text/html; charset=utf-8")
            return Answer(200, (content_type,), render_login())
        challenge = self.behaviour.denial.challenge
        if status == 401 and challenge is not None:
            return plain(401, "login required", ("WWW-Authenticate", challenge))
        words = {403: "not allowed", 404: "not found"}
        return plain(status, words.get(status, "refused"))

    def _refresh(self) -> Stock:
        """Read the folder and drop what was made before a change."""
        stock = self.shelf.read()
        state = (stock.generation, self.visibility.generation)
        if state != self._state:
            self._state = state
            self._pages.clear()
            self._path_of = {
                file.path: self._place(file)
                for files in stock.projects.values()
                for file in files
            }
            self._paths = {
                self._path_of[file.path]: file
                for files in stock.projects.values()
                for file in files
            }
        return stock

    def _place(self, file: ShelfFile) -> str:
        head = self.base_path.rstrip("/").rpartition("/")[0]
        return self.behaviour.layout.files.format(
            base=self.base_path,
            root=f"{head}/",
            project=file.project,
            version=file.version,
            file=file.filename,
            sha256=file.sha256,
        )


def parse_range(text: str, size: int) -> tuple[int, int] | None:
    """Parse `bytes=A-B`, `bytes=A-` or `bytes=-N`; None if it cannot be met.

    Of several ranges only the first is given, which a server may do.
    """
    first, dash, last = text.removeprefix("bytes=").partition(",")[0].partition("-")
    first, last = first.strip(), last.strip()
    if not dash or not (first or last) or not (first + last).isdecimal():
        return None
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    return (start, stop) if start < stop else None


def _name_of(caller: Caller) -> str | None:
    return caller.account.name if caller.account is not None else None


def _names_tag(header: str, etag: str) -> bool:
    """Whether If-None-Match names a tag; weak comparison."""
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return header.strip() == "*" or etag.removeprefix("W/") in tags


def _relative(target: str, page: str) -> str:
    """The reference that leads from a page to a path of the same host."""
    here, there = page.split("/")[:-1], target.split("/")
    common = 0
    for one, other in zip(here, there[:-1], strict=False):
        if one != other:
            break
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:])
