"""Random worlds for the laws of authentication: the whole client, in memory.

A `World` has sources (nested paths, ports, policies, public ones), a machine that knows
secrets (environment, URLs, store, netrc, at once), and servers that answer anything:
denials, redirects to anywhere, signatures, userinfo; secrets that end in mid-run. What
goes over the wire is real: a `Client` with a `Search` over real files; only the
transport is in memory, and it holds every request to the laws.

The oracle is written from docs/auth.md and calls nothing of `admit.auth`: each secret
has a `Grant`, which says in plain data for whom it was given.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from admit.auth.scope import Provenance, Source
from admit.auth.sources import Search, SearchOptions
from admit.auth.sources.store import own_store
from admit.errors import AdmitError
from admit.net.client import Client, ClientOptions, Request
from admit.net.transport import ConnectFailed, WireResponse
from admit.spec.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from random import Random

    from admit.net.client import RequestLine
    from admit.net.transport import Outcome, WireRequest

Place = tuple[str, str, int]
"""Scheme, host and port, in plain data."""

HOSTS = ("pypi.corp.example", "files.corp.example", "pub.example", "localhost")
PLACES: tuple[Place, ...] = tuple(
    (scheme, host, port)
    for host in HOSTS
    for scheme, port in (
        ("https", 443), ("https", 443), ("https", 8443), ("https", 9999),
        ("http", 80), ("http", 8080),
    )
)  # fmt: skip
TREES = ("/simple/", "/a/simple/", "/a/", "/a/b/", "/ab/", "/", "/a/b/simple/")
FOLDERS = ("/", "/a/", "/a/b/", "/f/", "/simple/", "/ab/")
POLICIES = ("auto", "auto", "auto", "always", "never", "external")
SIGNATURES = (
    "sig=1&se=2", "X-Amz-Signature=1", "x-goog-signature=1", "Signature=1&Expires=2",
)  # fmt: skip
USUAL = {"https": 443, "http": 80}
PAGE = b'{"meta": {"api-version": "1.0"}, "name": "x", "files": []}'
JSON = (("content-type", "application/vnd.pypi.simple.v1+json"),)
BYTES = (("content-type", "application/octet-stream"),)


@dataclass
class Grant:
    """A secret, and for whom it was given."""

    number: int
    kind: str
    """"source", "store", "netrc", "default" or "link"."""
    username: str = "user"
    source: int = -1
    """Of "source" and "link": whose."""
    place: Place | None = None
    """Of "store" and "link": where."""
    folder: str = "/"
    """Of "store": below which path."""
    host: str = ""
    port: int | None = None
    """Of "netrc": for which machine."""
    version: int = 0
    was_refused: bool = False

    @property
    def secret(self) -> str:
        return f"s3cret-{self.number:03d}-{self.version}"

    @property
    def is_ambient(self) -> bool:
        return self.kind in ("store", "netrc", "default")


@dataclass
class Site:
    """One source, in plain data."""

    number: int
    place: Place
    tree: str
    kind: str
    policy: str
    is_public: bool
    extra: tuple[Place, ...]
    ignored: tuple[int, ...]
    in_url: Grant | None = None
    url_user: str | None = None
    """The user name of the URL; "" where it is empty."""
    in_environment: Grant | None = None
    environment_user: str | None = None
    upgraded: set[Place] = field(default_factory=set)
    was_challenged: bool = False
    granted: set[tuple[Place, int]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{write(self.place)}{self.tree}"


@dataclass
class Errand:
    """One request that somebody wants carried out."""

    number: int
    site: Site
    purpose: str
    must_stay: bool
    is_pinned: bool
    mark: int = 0
    """Of the request itself, before any redirect."""


@dataclass
class Seen:
    """One request on the wire, in plain data."""

    place: Place
    path: str
    query: str
    login: str | None
    """"user:secret", or the token."""
    errand: Errand


def write(place: Place) -> str:
    scheme, host, port = place
    return (
        f"{scheme}://{host}" if USUAL[scheme] == port else f"{scheme}://{host}:{port}"
    )


def read(url: str) -> tuple[Place, str, str]:
    parts = urlsplit(url)
    port = parts.port or USUAL[parts.scheme]
    return (parts.scheme, parts.hostname or "", port), parts.path, parts.query


def is_in_clear(place: Place) -> bool:
    return place[0] == "http" and place[1] != "localhost"


def is_under(path: str, folder: str) -> bool:
    return path.startswith(folder) or path == folder.rstrip("/")


class World:
    """Everything, made of one `Random`."""

    def __init__(self, chance: Random, home: Path) -> None:
        self.chance = chance
        self.home = home
        self.grants: list[Grant] = []
        self.environ: dict[str, str] = {}
        self.sites: list[Site] = []
        self.errands: list[Errand] = []
        self.announced: set[tuple[str, int]] = set()
        self.forbidden: set[str] = set()
        """Numbers of redirects which must not be followed."""
        self.told: list[str] = []
        self.seen: list[Seen] = []
        self.ended: set[str] = set()
        """Secrets that a server takes no longer."""
        self._marks = 0
        self.focus = chance.choice(("", "", "foreign", "default", "pinned"))
        """What happens more often than chance would have it."""
        self.haunt = chance.choice(PLACES[:3])
        self.linked: dict[int, list[Place]] = {}
        """Where links with userinfo led to something, by source."""
        self.store: dict[tuple[Place, str], Grant] = {}
        self.netrc: dict[tuple[str, int | None], Grant] = {}
        self._make_sites()
        self._make_files()
        self._now = 0.0
        public = tuple(self.source_of(each) for each in self.sites if each.is_public)
        self.sources = [self.source_of(each) for each in self.sites]
        store = own_store(str(home), str(home))
        self.client = Client(
            MemoryTransport(self),
            Search(
                self.environ,
                str(home),
                SearchOptions(origins=tuple(each.url.origin for each in self.sources)),
                (store.place(),),
            ),
            self,
            options=ClientOptions(b"k" * 32, public=public, retries=1),
            clock=lambda: self._now,
            sleep=self._sleep,
        )

    # Making it.

    def is_so(self, share: float) -> bool:
        return self.chance.random() < share

    def grant(self, kind: str, **more: Any) -> Grant:
        made = Grant(len(self.grants), kind, **more)
        self.grants.append(made)
        return made

    def _make_sites(self) -> None:
        chance = self.chance
        for number in range(chance.randint(1, 4)):
            near = self.sites and self.is_so(0.4)
            place = self.sites[0].place if near else chance.choice(PLACES)
            tree = chance.choice(TREES)
            if any((each.place, each.tree) == (place, tree) for each in self.sites):
                continue
            site = Site(
                number,
                place,
                tree,
                chance.choice(("index", "index", "index", "find-links", "direct")),
                chance.choice(POLICIES),
                self.is_so(0.2),
                self._extra(place) if self.is_so(0.3) else (),
                (403,) if self.is_so(0.2) else (),
            )
            self.sites.append(site)
            self._give_userinfo(site)
            self._give_variables(site)

    def _extra(self, place: Place) -> tuple[Place, ...]:
        """Origins that the source's credential may go to, with a mistake perhaps."""
        if self.is_so(0.4):
            return (("http", place[1], 8080),)
        return (self.chance.choice(PLACES),)

    def _give_userinfo(self, site: Site) -> None:
        if self.focus == "default":
            return
        form = self.chance.choice(("", "", "", "pair", "secret", "name", "variable"))
        if form in ("pair", "secret", "variable"):
            site.url_user = "" if form == "secret" else self.user()
            site.in_url = self.grant(
                "source", source=site.number, username=site.url_user
            )
            if form == "variable":
                self.environ[f"SECRET_{site.number}"] = site.in_url.secret
        elif form == "name":
            site.url_user = self.user()

    def _give_variables(self, site: Site) -> None:
        if self.focus == "default":
            return
        form = self.chance.choice(("", "", "", "pair", "token", "name"))
        stem = f"ADMIT_INDEX_S{site.number}"
        if form in ("pair", "name"):
            site.environment_user = self.user()
            self.environ[f"{stem}_USERNAME"] = site.environment_user
        if form in ("pair", "token"):
            user = site.environment_user or ""
            site.in_environment = self.grant(
                "source", source=site.number, username=user
            )
            word = "PASSWORD" if form == "pair" else "TOKEN"
            self.environ[f"{stem}_{word}"] = site.in_environment.secret

    def user(self) -> str:
        return self.chance.choice(("user", "user", "other"))

    def _make_files(self) -> None:
        chance = self.chance
        self.store = {
            (place, folder): self.grant(
                "store", place=place, folder=folder, username=self.user()
            )
            for place, folder in dict.fromkeys(
                (self.some_place(), chance.choice(FOLDERS))
                for _ in range(chance.choice((0, 0, 2, 4)))
            )
        }
        self.netrc = {
            (host, port): self.grant(
                "netrc", host=host, port=port, username=self.user()
            )
            for host, port in dict.fromkeys(
                (chance.choice(HOSTS), chance.choice((None, None, 443, 8443, 80)))
                for _ in range(chance.choice((0, 1, 2)))
            )
        }
        is_given = self.focus == "default" or self.is_so(0.3)
        self.default = self.grant("default") if is_given else None
        self.write_files()

    def write_files(self) -> None:
        rows = [
            f"machine {host}{f':{port}' if port else ''} login {each.username} "
            f"password {each.secret}\n"
            for (host, port), each in sorted(
                self.netrc.items(), key=lambda item: str(item[0])
            )
        ]
        if self.default is not None:
            rows.append(f"default login user password {self.default.secret}\n")
        netrc = self.home / ".netrc"
        netrc.write_text("".join(rows))
        netrc.chmod(0o600)
        entries = [
            {"url": f"{write(place)}{folder}", "username": each.username,
             "password": each.secret}
            for (place, folder), each in self.store.items()
        ]  # fmt: skip
        store = self.home / "credentials.json"
        store.write_text(json.dumps({"version": 1, "credentials": entries}))
        store.chmod(0o600)

    def some_place(self) -> Place:
        """Where a source is, where a secret is for, or anywhere."""
        chance = self.chance
        if self.focus == "foreign" and self.is_so(0.7):
            return self.haunt
        if self.is_so(0.4):
            return chance.choice(self.sites).place
        if self.is_so(0.6) and self.netrc:
            host, port = chance.choice(list(self.netrc))
            usual = chance.choice(("https", "https", "http"))
            if port is None or self.is_so(0.3):
                port = chance.choice((USUAL[usual], USUAL[usual], 9999, 8443))
            return ("http" if port == 80 else "https", host, port)
        if self.is_so(0.6) and self.store:
            return chance.choice(list(self.store))[0]
        return chance.choice(PLACES)

    def source_of(self, site: Site) -> Source:
        at = ""
        if site.in_url is not None:
            is_variable = f"SECRET_{site.number}" in self.environ
            secret = f"${{SECRET_{site.number}}}" if is_variable else site.in_url.secret
            at = f"{site.url_user}:{secret}@"
        elif site.url_user is not None:
            at = f"{site.url_user}@"
        kind: Any = site.kind
        policy: Any = site.policy
        return Source(
            parse_url(site.url.replace("://", f"://{at}")),
            name=f"s{site.number}",
            kind=kind,
            policy=policy,
            is_public=site.is_public,
            credential_origins=tuple(
                parse_url(write(each)).origin for each in site.extra
            ),
            ignore_error_codes=site.ignored,
        )

    # Running it.

    def run(self) -> None:
        """Send some errands at once, then some more."""
        for _ in range(self.chance.randint(1, 3)):
            futures = [
                self.client.get(self._request())
                for _ in range(self.chance.randint(1, 3))
            ]
            for each in futures:
                try:
                    each.result()
                except AdmitError as error:
                    self.told.append(f"{error.what}\n{error.why}\n{error.fix}")
        self.check_told()

    def _request(self) -> Request:
        number = len(self.errands)
        site = self.chance.choice(self.sites)
        purpose: Any = self.chance.choice(("listing", "listing", "file", "metadata"))
        if site.kind == "direct" and self.is_so(0.8):
            purpose = "file"
        if self.focus in ("foreign", "pinned") and self.is_so(0.6):
            purpose = "file"
        is_pinned = self.is_so(0.8 if self.focus == "pinned" else 0.2)
        errand = Errand(number, site, purpose, self.is_so(0.2), is_pinned)
        self.errands.append(errand)
        if purpose == "listing":
            url = parse_url(f"{site.url}p{number}/")
        else:
            mark = self.mark(errand)
            errand.mark = self._marks
            url = parse_url(self._link(errand, mark))
        return Request(
            url,
            Provenance(self.sources[self.sites.index(site)], purpose),
            is_pinned=errand.is_pinned,
            must_stay="the name belongs to it" if errand.must_stay else None,
        )

    def mark(self, errand: Errand) -> str:
        self._marks += 1
        return f"e={errand.number}&m={self._marks}"

    def _link(self, errand: Errand, mark: str, *, is_fitting: bool = False) -> str:
        """A URL of a page or a `Location`, perhaps with userinfo or a signature."""
        chance = self.chance
        is_near = self.is_so(0.2 if self.focus == "foreign" else 0.5)
        place = errand.site.place if is_near else self.some_place()
        if errand.site.extra and self.is_so(0.6 if is_fitting else 0.15):
            place = errand.site.extra[0]
        linked = self.linked.get(errand.site.number)
        if linked and self.is_so(0.4):
            place = chance.choice(linked)
        if errand.site.place[0] == "http" and self.is_so(0.2):
            place = ("https", errand.site.place[1], 443)
        folders = [folder for each, folder in self.store if each == place]
        folders += [
            each.tree for each in self.sites if each.place == place and each.is_public
        ]
        if folders and self.is_so(0.3):  # what only begins as a folder does
            folders = [f"{each.rstrip('/') or '/x'}b/" for each in folders]
        folder = chance.choice(folders if folders and self.is_so(0.7) else FOLDERS)
        path = f"{folder}w{chance.randint(0, 1)}.whl"
        query = f"{mark}&{chance.choice(SIGNATURES)}" if self.is_so(0.12) else mark
        bare = f"{write(place)}{path}?{query}"
        form = chance.choice(("", "", "", "", "pair", "secret", "half", "empty"))
        if form in ("pair", "secret"):
            user = "user" if form == "pair" else ""
            made = self.grant(
                "link", source=errand.site.number, place=place, username=user
            )
            self.announced.add((bare, made.number))
            return bare.replace("://", f"://{user}:{made.secret}@", 1)
        at = {"half": "user@", "empty": ":@"}.get(form, "")
        return bare.replace("://", f"://{at}", 1)

    def meet(self, wire: WireRequest) -> Seen:
        """Hold a request to the laws, as it goes out."""
        seen = self._read_wire(wire)
        self.check(seen)
        self.seen.append(seen)
        return seen

    def answer(self, seen: Seen) -> Outcome:
        """Answer anything."""
        grant = self.grant_of(seen)
        site, is_listing = seen.errand.site, seen.errand.purpose == "listing"
        kind = self.chance.choice(
            ("ok", "ok", "ok", "status", "status", "redirect", "redirect", "lost")
        )
        if grant is not None and seen.login is not None:
            is_old = seen.login.rpartition(":")[2] in self.ended
            if not is_old and grant.is_ambient and self.is_so(0.15):
                self.ended.add(grant.secret)
                grant.version += 1
                self.write_files()
                is_old = True
            if is_old:
                return self._denied(seen, grant, 401)
        if self.focus == "foreign" and self.is_so(0.5):
            kind = "ok"
        if self.focus == "default" and grant is None and self.is_so(0.5):
            return self._denied(seen, grant, 401)
        if self.focus == "pinned" and grant is not None and grant.is_ambient:
            kind = self.chance.choice((kind, "status"))
        if kind == "lost":
            return ConnectFailed("lost")
        if kind == "status":
            status = self.chance.choice((401, 401, 403, 404, 404, 405, 407, 429, 500))
            return self._denied(seen, grant, status)
        if kind == "redirect":
            return self._redirect(seen)
        status = self.chance.choice((200, 200, 200, 304))
        if grant is not None and grant.kind == "link":
            self.linked.setdefault(site.number, []).append(seen.place)
            if is_listing:
                site.granted.add((seen.place, grant.number))
        return WireResponse(status, JSON if is_listing else BYTES, PAGE)

    def _denied(self, seen: Seen, grant: Grant | None, status: int) -> WireResponse:
        site = seen.errand.site
        is_first = int(parse_qs(seen.query).get("m", ["0"])[0]) == seen.errand.mark
        if status == 401 and grant is None and seen.place == site.place and is_first:
            site.was_challenged = True
        if status in (401, 403, 404) and grant is not None and grant.is_ambient:
            grant.was_refused = True
        return WireResponse(status, (("retry-after", "1"),), b"no")

    def _redirect(self, seen: Seen) -> WireResponse:
        mark = self.mark(seen.errand)
        location = self.chance.choice(
            (
                self._link(seen.errand, mark, is_fitting=True),
                self._link(seen.errand, mark),
                f"/f/x?{mark}",
                f"../y?{mark}",
                f"//{HOSTS[0]}/f/?{mark}",
                f"file:///x?{mark}",
                f"data:x?{mark}",
                f"http://{seen.place[1]}/a/?{mark}",
            )
        )
        number = mark.rpartition("=")[2]
        scheme, place = location.partition(":")[0], seen.place
        if (scheme == "http" and place[0] == "https") or scheme in ("file", "data"):
            self.forbidden.add(number)
        elif scheme == "https":
            target, _, _ = read(location)
            site = seen.errand.site
            if (
                place[0] == "http"
                and place[1] == target[1]
                and self.is_own(site, place)
            ):
                site.upgraded.add(target)
        return WireResponse(302, (("location", location),), b"")

    def _read_wire(self, wire: WireRequest) -> Seen:
        place, path, query = read(wire.url.text)
        headers = [text for name, text in wire.headers if name == "Authorization"]
        assert len(headers) < 2
        login = None
        if headers:
            scheme, _, rest = headers[0].partition(" ")
            login = base64.b64decode(rest).decode() if scheme == "Basic" else rest
        number = parse_qs(query).get("e", [""])[0]
        if not number:
            number = path.rstrip("/").rpartition("/p")[2]
        return Seen(place, path, query, login, self.errands[int(number)])

    def grant_of(self, seen: Seen) -> Grant | None:
        if seen.login is None:
            return None
        secret = seen.login.rpartition(":")[2]
        number = int(secret.split("-")[1])
        return self.grants[number]

    # The laws.

    def check(self, seen: Seen) -> None:
        """Hold one request to what docs/auth.md says."""
        site, grant = seen.errand.site, self.grant_of(seen)
        assert seen.place[0] in ("http", "https")
        assert parse_qs(seen.query).get("m", ["-"])[0] not in self.forbidden
        is_own = self.is_own(site, seen.place)
        is_listing = seen.errand.purpose == "listing"
        if is_listing and (site.policy == "always" or seen.errand.must_stay):
            assert is_own, "a listing that must stay has left"
        if grant is not None:
            self.check_grant(seen, site, grant, is_own=is_own)
        self.check_cover(seen, site, grant)

    def check_grant(
        self, seen: Seen, site: Site, grant: Grant, *, is_own: bool
    ) -> None:
        """No credential ever leaves its scope."""
        assert site.policy in ("auto", "always"), "sent under never or external"
        assert not any(each in seen.query for each in SIGNATURES), "sent with signature"
        login = (seen.login or "").rpartition(":")
        assert login[2] in (grant.secret, *self.ended)
        assert login[0] == grant.username
        if grant.is_ambient:
            assert not is_in_clear(seen.place), "an ambient one goes in clear"
            assert not site.is_public, "an ambient one goes to a public source"
        if grant.kind == "link":
            bare = f"{write(seen.place)}{seen.path}?{seen.query}"
            is_granted = (seen.place, grant.number) in site.granted
            assert grant.source == site.number
            assert grant.place == seen.place
            assert (bare, grant.number) in self.announced or is_granted
            return
        own = self.credential_of(site)
        if own is grant and is_own:
            return
        if grant.kind == "default":
            is_meant = site.policy == "always" or site.was_challenged
            assert is_own, "netrc's default leaves the source"
            assert is_meant, "netrc's default is sent unasked"
            assert site.kind != "direct"
            return
        assert not is_own, "a source gets what is not its own"
        assert grant.kind in ("store", "netrc"), "a source's credential has left it"
        assert not self.is_in_public(seen), "sent to where everybody may read"
        assert self.serves(grant, seen.place, seen.path, is_foreign=True)

    def check_cover(self, seen: Seen, site: Site, grant: Grant | None) -> None:
        """No request to a covered source is anonymous, or somebody else's."""
        own = self.credential_of(site)
        if site.policy in ("never", "external"):
            assert own is None, "a source with a problem is asked"
            return
        assert own != "problem", "a source with a problem is asked"
        is_signed = any(each in seen.query for each in SIGNATURES)
        if seen.place != site.place or is_signed or not isinstance(own, Grant):
            return
        if grant is not None:
            assert grant is own or grant.kind in ("link", "default")
            return
        is_file = seen.errand.purpose in ("file", "metadata")
        is_pinned = site.kind == "direct" or seen.errand.is_pinned
        is_retry = is_file and is_pinned and own.is_ambient and site.policy == "auto"
        assert is_retry, "a covered source is asked by nobody"
        assert own.was_refused, "a covered source is asked by nobody"

    def check_told(self) -> None:
        """No text shows a secret."""
        text = "\n".join(self.told)
        for grant in self.grants:
            stem = f"s3cret-{grant.number:03d}-"
            assert stem not in text, text

    # The oracle.

    def is_own(self, site: Site, place: Place) -> bool:
        if place in (site.place, *site.upgraded):
            return True
        return place in site.extra and (site.place[0] == "http" or place[0] == "https")

    def is_in_public(self, seen: Seen) -> bool:
        return any(
            each.is_public
            and each.place == seen.place
            and is_under(seen.path, each.tree.removesuffix("simple/"))
            for each in self.sites
        )

    def serves(
        self, grant: Grant, place: Place, path: str, *, is_foreign: bool
    ) -> bool:
        """Tell whether an ambient secret was given for an address."""
        if grant.kind == "store":
            return grant.place == place and is_under(path, grant.folder)
        if grant.host != place[1]:
            return False
        if grant.port is not None or not is_foreign:
            return grant.port in (None, place[2])
        is_sources = any(each.place == place for each in self.sites)
        return USUAL[place[0]] == place[2] or is_sources

    def credential_of(self, site: Site) -> Grant | str | None:
        """What a source has by the order of rule R3; "problem" if it cannot be used."""
        if site.policy in ("never", "external"):
            has_userinfo = site.in_url is not None or site.url_user is not None
            is_problem = site.policy == "never" and has_userinfo
            return "problem" if is_problem else None
        if site.in_environment is not None:
            return site.in_environment
        user = site.environment_user
        if site.in_url is not None and user in (None, site.url_user):
            return site.in_url
        if user is None and site.in_url is None:
            user = site.url_user
        found = None if site.is_public else self._ambient_of(site, user)
        if found is not None:
            return "problem" if is_in_clear(site.place) else found
        return "problem" if user is not None or site.policy == "always" else None

    def _ambient_of(self, site: Site, user: str | None) -> Grant | None:
        path = site.tree
        stored = [
            each
            for each in self.store.values()
            if self.serves(each, site.place, path, is_foreign=False)
            and user in (None, each.username)
        ]
        if stored:
            return max(stored, key=lambda each: len(each.folder))
        for port in (site.place[2], None):
            each = self.netrc.get((site.place[1], port))
            if each is not None and user in (None, each.username):
                return each
        default = self.default if site.policy == "always" else None
        if default is not None and user in (None, default.username):
            return default
        return None

    # As the client sees it.

    def _sleep(self, seconds: float) -> None:
        self._now += seconds

    def request_line(self, line: RequestLine) -> None:
        self.told.append(f"{line.url} {line.identity}")

    def warning(self, text: str) -> None:
        self.told.append(text)


class MemoryTransport:
    """The wire, without one; answers come in any order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: list[tuple[Seen, Callable[[Outcome], None]]] = []

    def submit(self, request: WireRequest, done: Callable[[Outcome], None]) -> None:
        self._queue.append((self._world.meet(request), done))

    def wait(self, timeout: float) -> bool:
        if not self._queue:
            return False
        at = self._world.chance.randrange(len(self._queue))
        seen, done = self._queue.pop(at)
        done(self._world.answer(seen))
        return True

    def close(self) -> None:
        self._queue.clear()
