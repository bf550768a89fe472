"""Laws of the authentication decision, over random worlds.

A world has sources of every policy, a machine that knows secrets, and servers that
answer anything: denials, redirects to anywhere, with userinfo or a signature. Every
secret tells by its text where it may go, so the laws need no second implementation.
"""

from __future__ import annotations

import netrc
import tempfile
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from admit.auth.answers import Reply
from admit.auth.query import Found
from admit.auth.scheme import Credential
from admit.auth.scope import Provenance, Source, is_signed
from admit.auth.sources.netrc import parse_netrc
from admit.auth.steps import Ask
from admit.net.transport import ConnectFailed
from admit.spec.url import Secret, Url, parse_url
from support.dialogue import Dialogue

if TYPE_CHECKING:
    from random import Random

    from admit.auth.query import Query
    from admit.auth.steps import Send
    from admit.errors import AdmitError

HOSTS = ("pypi.corp.example", "files.corp.example", "pub.example", "localhost")
ORIGINS = tuple(
    f"{scheme}://{host}{port}"
    for host in HOSTS
    for scheme, port in (("https", ""), ("https", ":8443"), ("http", ""))
)
PATHS = ("/simple/", "/a/simple/", "/a/", "/packages/w-1.whl", "/")
POLICIES = ("auto", "auto", "auto", "always", "never", "external")
STATUSES = (200, 200, 200, 304, 401, 401, 403, 404, 405, 407, 429, 500, 503)

origins = st.sampled_from(ORIGINS)
paths = st.sampled_from(PATHS)
urls = st.builds(lambda origin, path: origin + path, origins, paths)
signed = st.builds(lambda url: url + "?sig=1&se=2", urls)


def with_userinfo(url: str, number: int) -> str:
    """A URL with a secret that names the origin it was written for."""
    parsed = parse_url(url)
    secret = f"link!{parsed.origin}!{number}".replace(":", "%3A").replace("/", "%2F")
    scheme, _, rest = url.partition("://")
    return f"{scheme}://link:{secret}@{rest}"


links = st.one_of(urls, signed, st.builds(with_userinfo, urls, st.integers(0, 2)))
locations = st.one_of(links, st.sampled_from(("/", "../x/", "?q=1", "file:///x", "")))


@st.composite
def sources(draw: st.DrawFn) -> Source:
    return Source(
        parse_url(draw(urls)),
        kind=draw(st.sampled_from(("index", "index", "find-links", "direct"))),
        policy=draw(st.sampled_from(POLICIES)),
        is_public=draw(st.sampled_from((False, False, True))),
        credential_origins=tuple(
            parse_url(each).origin for each in draw(st.lists(origins, max_size=1))
        ),
        ignore_error_codes=draw(st.sampled_from(((), (), (403,)))),
        probe=draw(st.sampled_from((None, None, "probe"))),
    )


class World:
    """What the machine knows and the servers say."""

    def __init__(self, data: Any) -> None:
        self.data = data
        listed = data.draw(st.lists(sources(), min_size=1, max_size=3))
        self.sources = list({source.url.key: source for source in listed}.values())
        self.known = {
            source.key: data.draw(st.sampled_from(("explicit", "ambient", "none")))
            for source in self.sources
        }
        self.hosts = data.draw(st.sets(st.sampled_from(HOSTS)))
        self.has_default = data.draw(st.booleans())
        self.renewals = 0
        self.replies: list[tuple[Send, Reply | AdmitError, int]] = []
        public = tuple(source for source in self.sources if source.is_public)
        self.dialogue = Dialogue(self.search, self.answer, public=public)

    def search(self, query: Query) -> Found:
        source = query.source
        if source.policy in ("never", "external"):
            return Found()
        if query.stage == "foreign":
            host = query.url.host
            return Found(_ambient(f"host!{host}") if host in self.hosts else None)
        known = self.known[source.key]
        if source.is_public and known != "explicit":
            return Found()
        if query.refused is not None and self.data.draw(st.booleans()):
            self.renewals += 1
        if known == "none":
            if query.stage == "challenged" and self.has_default:
                return Found(_ambient(f"default!{source.url.key}"))
            return Found()
        secret = f"source!{source.url.key}!{self.renewals}"
        if known == "ambient":
            return Found(_ambient(secret))
        return Found(Credential("user", Secret(secret), "URL"))

    def answer(self, send: Send) -> Reply | AdmitError:
        kind = self.data.draw(st.sampled_from(("status", "status", "redirect", "lost")))
        reply: Reply | AdmitError
        if kind == "redirect":
            reply = Reply(302, location=self.data.draw(locations))
        elif kind == "lost":
            reply = ConnectFailed("lost")
        else:
            reply = Reply(self.data.draw(st.sampled_from(STATUSES)))
        self.replies.append((send, reply, len(self.dialogue.sent)))
        return reply

    def run(self) -> None:
        asks = [self._ask() for _ in range(self.data.draw(st.integers(1, 4)))]
        self.dialogue.ask(
            *asks, pick=lambda count: self.data.draw(st.integers(0, count - 1))
        )

    def _ask(self) -> Ask:
        source = self.data.draw(st.sampled_from(self.sources))
        if self.data.draw(st.booleans()):
            url = source.url.with_slash().join("widgets/")
            return Ask(url, Provenance(source, "listing"))
        purpose = self.data.draw(st.sampled_from(("file", "metadata")))
        url = parse_url(self.data.draw(links))
        return Ask(url, Provenance(source, purpose))


def _ambient(secret: str) -> Credential:
    return Credential("user", Secret(secret), "netrc", is_ambient=True)


def may_travel(secret: str, url: Url, source: Source) -> bool:
    """Tell from its text whether a secret may go to a URL on behalf of a source."""
    kind, where, *_ = secret.split("!")
    home = source.url.origin
    if kind == "host":
        return url.host == where and url.origin != home and not source.is_public
    if kind == "link":
        return str(url.origin) == where
    if where != source.url.key:
        return False
    is_upgrade = (home.scheme, url.scheme) == (
        "http",
        "https",
    ) and url.host == home.host
    is_opted_in = url.origin in source.credential_origins and (
        home.scheme == "http" or url.scheme == "https"
    )
    if kind == "default" and (source.is_public or source.kind == "direct"):
        return False
    return url.origin == home or is_upgrade or is_opted_in


class TestNoCredentialEverLeavesItsScope:
    @given(st.data())
    @settings(max_examples=200, deadline=None)
    def test_each_goes_only_where_it_was_given_for(self, data: Any) -> None:
        world = World(data)
        world.run()

        for send in world.dialogue.sent:
            if send.credential is None:
                continue
            source, url = send.provenance.source, send.url
            secret = send.credential.secret.expose()
            assert may_travel(secret, url, source)
            assert source.policy in ("auto", "always")
            assert not is_signed(url)
            is_clear = url.scheme == "http" and not url.origin.is_loopback
            assert not (is_clear and send.credential.is_ambient)
            assert not (source.is_public and send.credential.is_ambient)

    @given(st.data())
    @settings(max_examples=100, deadline=None)
    def test_no_redirect_leads_from_https_to_http_or_out_of_the_web(
        self, data: Any
    ) -> None:
        world = World(data)
        world.run()

        for send, reply, _ in world.replies:
            if not isinstance(reply, Reply) or reply.location is None:
                continue
            downgrade = (
                reply.location.startswith("http:") and send.url.scheme == "https"
            )
            if downgrade or reply.location.startswith("file:"):
                source, hop = send.provenance.source, send.provenance.hop + 1
                targets = {
                    each.url.text
                    for each in world.dialogue.sent
                    if each.provenance.source is source and each.provenance.hop == hop
                }
                assert parse_url(reply.location).text not in targets or any(
                    earlier is not send and each.location == reply.location
                    for earlier, each, _ in world.replies
                    if isinstance(each, Reply)
                )
        assert all(each.url.scheme in ("http", "https") for each in world.dialogue.sent)


class TestNoRequestToACoveredSourceIsAnonymous:
    @given(st.data())
    @settings(max_examples=200, deadline=None)
    def test_every_hop_on_its_origin_carries_its_credential(self, data: Any) -> None:
        world = World(data)
        world.run()

        for send in world.dialogue.sent:
            source = send.provenance.source
            is_covered = (
                source.policy in ("auto", "always")
                and world.known[source.key] != "none"
                and not (source.is_public and world.known[source.key] == "ambient")
                and send.url.origin == source.url.origin
                and not is_signed(send.url)
            )
            is_retry = "asking once more without" in " ".join(world.dialogue.warnings)
            if is_covered and not (source.kind == "direct" and is_retry):
                assert send.credential is not None

    @given(st.data())
    @settings(max_examples=100, deadline=None)
    def test_under_always_nothing_leaves_without_one(self, data: Any) -> None:
        world = World(data)
        world.run()

        for send in world.dialogue.sent:
            source = send.provenance.source
            if source.policy == "always" and not is_signed(send.url):
                assert world.known[source.key] != "none"
                is_listing = send.provenance.purpose in ("listing", "probe")
                assert not (is_listing and send.credential is None)


class TestARefusedLoginIsNeverSentAgain:
    @given(st.data())
    @settings(max_examples=200, deadline=None)
    def test_in_any_world(self, data: Any) -> None:
        world = World(data)
        world.run()

        check_refusals(world.replies, world.dialogue.sent)

    @given(
        st.lists(st.sampled_from((200, 401, 403, 404, 500)), min_size=1, max_size=12),
        st.randoms(use_true_random=False),
    )
    @settings(max_examples=200, deadline=None)
    def test_however_many_ask_at_once(
        self, statuses: list[int], chance: Random
    ) -> None:
        source = Source(parse_url("https://pypi.corp.example/simple/"))
        left = list(statuses)
        replies: list[tuple[Send, Reply | AdmitError, int]] = []

        def answer(send: Send) -> Reply:
            reply = Reply(left.pop(0) if left else statuses[-1])
            replies.append((send, reply, len(dialogue.sent)))
            return reply

        dialogue = Dialogue(lambda _: Found(_ambient("secret")), answer)
        asks = [
            Ask(source.url.join(f"p{n}/"), Provenance(source, "listing"))
            for n in range(10)
        ]

        dialogue.ask(*asks, pick=chance.randrange)

        if statuses[0] in (401, 403):
            assert len(dialogue.sent) == 1
        check_refusals(replies, dialogue.sent)
        failed = [reply for _, reply, _ in replies if reply == Reply(401)]
        if 404 not in statuses and 200 not in statuses:
            assert len(failed) <= 1


def check_refusals(
    replies: list[tuple[Send, Reply | AdmitError, int]], sent: list[Send]
) -> None:
    """No login is sent once it was refused; `int` counts what was sent by then."""
    accepted: set[tuple[object, object]] = set()
    for send, reply, count in replies:
        if send.credential is None or not isinstance(reply, Reply):
            continue
        login = (send.url.origin, send.credential.pair)
        if reply.status in (200, 304):
            accepted.add(login)
        elif reply.status == 401 and login not in accepted:
            later = [
                (each.url.origin, each.credential.pair)
                for each in sent[count:]
                if each.credential
            ]
            assert login not in later


words = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x2FFF), min_size=1, max_size=8
)


@st.composite
def netrc_texts(draw: st.DrawFn) -> str:
    """A netrc of entries, comments and macros in any layout."""
    text = ""
    for _ in range(draw(st.integers(0, 4))):
        gap = st.sampled_from((" ", "\n", "\t", " \n\t", "\n# a comment of ours\n"))
        kind = draw(st.sampled_from(("machine", "machine", "default", "macdef")))
        if kind == "macdef":
            text += "macdef m\nmachine x\n\n"
            continue
        text += "default" if kind == "default" else f"machine {_escape(draw(words))}"
        for name in draw(st.permutations(("login", "password", "account"))):
            if draw(st.booleans()):
                text += f"{draw(gap)}{name} {_escape(draw(words))}"
        text += "\n"
    return text


def _escape(word: str) -> str:
    return "".join(f"\\{mark}" if mark in '"\\ #' else mark for mark in word)


class TestOurNetrcReadsWhatPythonsReads:
    @given(netrc_texts())
    @settings(max_examples=200, deadline=None)
    def test_the_last_entry_of_each_machine_is_the_same(self, text: str) -> None:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            expected = netrc.netrc(file.name).hosts

        found = {
            entry.machine or "default": (
                entry.login or "",
                entry.password.expose() if entry.password else "",
            )
            for entry in parse_netrc(text)
        }

        assert found == {host: (each[0], each[2]) for host, each in expected.items()}
