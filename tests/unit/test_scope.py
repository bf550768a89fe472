"""Where a credential may go: rule R4, redirects R5, policies R2."""

from __future__ import annotations

import pytest

from admit.auth.scope import (
    AskHost,
    Attach,
    AuthenticateRule,
    Hop,
    InvalidAuthenticate,
    Provenance,
    Refused,
    Scope,
    Source,
    Withhold,
    decide,
    follow,
    is_below,
    is_exposed,
    is_public,
    is_signed,
    link_userinfo,
    merge_sources,
    own_origins,
    parse_authenticate,
    plain_http_problem,
    policy_of,
    source_of,
)
from admit.spec.url import Origin, Secret, Url, Userinfo, parse_url
from support.dialogue import credential

INDEX = "https://pypi.corp.example/team/simple/"
ALICE = credential("alice")
LINK = credential("link", provider="link", is_ambient=False)


def source(url: str = INDEX, **fields: object) -> Source:
    return Source(parse_url(url), **fields)  # type: ignore[arg-type]  # a short hand


def decision(
    url: str, of: Source | None = None, *, link: bool = False, **scope: object
) -> str:
    """Who rides along: "source", "link", "ask HOST" or "nobody: why"."""
    known = Scope(**{"credential": ALICE, **scope})  # type: ignore[arg-type]
    decided = decide(parse_url(url), LINK if link else None, of or source(), known)
    match decided:
        case Attach(_, owner):
            return owner
        case AskHost(origin):
            return f"ask {origin.host}"
        case Withhold(reason):
            return f"nobody: {reason}"


class TestTheSourcesCredentialStaysOnItsOrigin:
    @pytest.mark.pain("B3")
    @pytest.mark.parametrize(
        "url",
        [
            pytest.param(INDEX + "widgets/", id="listing"),
            pytest.param("https://pypi.corp.example/packages/w.whl", id="other path"),
            pytest.param(
                "https://PyPI.corp.example:443/x", id="same origin, spelt out"
            ),
        ],
    )
    def test_any_path_of_the_origin(self, url: str) -> None:
        assert decision(url) == "source"

    @pytest.mark.pain("B6")
    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("http://pypi.corp.example/x", id="scheme"),
            pytest.param("https://pypi.corp.example:8443/x", id="port"),
            pytest.param("https://evil.pypi.corp.example/x", id="subdomain"),
            pytest.param("https://pypi.corp.example.evil/x", id="suffix"),
        ],
    )
    def test_no_other_origin(self, url: str) -> None:
        assert decision(url).startswith("ask ")

    @pytest.mark.pain("B1")
    def test_a_source_without_a_credential_gets_none_from_its_host(self) -> None:
        assert decision(INDEX, credential=None) == (
            "nobody: the source has no credential"
        )

    @pytest.mark.pain("C8")
    def test_a_configured_origin_receives_it(self) -> None:
        files = Origin("https", "files.corp.example", 443)
        of = source(credential_origins=(files,))

        assert decision("https://files.corp.example/w.whl", of) == "source"

    @pytest.mark.pain("B6")
    def test_a_configured_http_origin_does_not_for_an_https_source(self) -> None:
        files = Origin("http", "files.corp.example", 80)
        of = source(credential_origins=(files,))

        assert decision("http://files.corp.example/w.whl", of) == (
            "ask files.corp.example"
        )
        assert own_origins(of) == (of.url.origin,)

    def test_an_http_source_may_name_an_http_origin(self) -> None:
        files = Origin("http", "files.corp.example", 80)
        of = source("http://pypi.corp.example/simple/", credential_origins=(files,))

        assert decision("http://files.corp.example/w.whl", of) == "source"

    @pytest.mark.pain("C7")
    def test_an_upgraded_origin_counts_as_its_own(self) -> None:
        of = source("http://pypi.corp.example/simple/")
        upgraded = (Origin("https", "pypi.corp.example", 443),)

        assert decision("https://pypi.corp.example/x", of, upgraded=upgraded) == (
            "source"
        )
        assert decision("https://pypi.corp.example/x", of) == "ask pypi.corp.example"


class TestLinks:
    @pytest.mark.pain("C2")
    @pytest.mark.parametrize("url", [INDEX, "https://other.example/w.whl"])
    def test_a_links_own_userinfo_counts_for_it(self, url: str) -> None:
        assert decision(url, link=True) == "link"

    def test_the_sources_userinfo_repeated_is_not_a_links_own(self) -> None:
        of = source("https://alice:${PASSWORD}@pypi.corp.example/simple/")

        assert link_userinfo(of.url, of) is None
        assert link_userinfo(parse_url("https://b:c@pypi.corp.example/"), of) == (
            Userinfo("b", Secret("c"))
        )
        elsewhere = parse_url("https://alice:${PASSWORD}@evil.example/")
        assert link_userinfo(elsewhere, of) is not None
        assert link_userinfo(parse_url(INDEX), of) is None

    @pytest.mark.pain("C2")
    def test_what_a_location_granted_goes_to_its_origin(self) -> None:
        assert decision("https://files.example/x", granted=LINK) == "link"

    def test_the_sources_own_comes_before_a_grant_on_its_origin(self) -> None:
        assert decision(INDEX, granted=LINK) == "source"
        assert decision(INDEX, granted=LINK, credential=None) == "link"


class TestNothingIsSent:
    @pytest.mark.parametrize("policy", ["never", "external"])
    @pytest.mark.parametrize("link", [False, True])
    def test_under_policies_that_send_nothing(self, policy: str, link: bool) -> None:
        of = source(policy=policy)

        assert decision(INDEX, of, link=link) == f"nobody: policy is {policy}"
        assert decision("https://x.example/", of) == f"nobody: policy is {policy}"

    @pytest.mark.pain("C3")
    @pytest.mark.parametrize("link", [False, True])
    def test_to_signed_urls(self, link: bool) -> None:
        url = "https://pypi.corp.example/w.whl?X-Amz-Signature=abc"

        assert decision(url, link=link) == "nobody: the URL is signed"

    @pytest.mark.pain("D8")
    def test_to_strangers_that_a_public_source_lists(self) -> None:
        of = source("https://index.example/simple/", is_public=True)

        assert decision("https://files.example/w.whl", of, credential=None) == (
            "nobody: the target is public"
        )

    @pytest.mark.pain("D8")
    def test_to_a_public_source_that_another_redirects_to(self) -> None:
        public = (source("https://index.example/simple/", is_public=True),)

        for path in ("simple/widgets/", "project/widgets/"):
            url = f"https://index.example/{path}"
            assert decision(url, public=public) == "nobody: the target is public"

    def test_but_an_explicit_credential_of_a_public_source_is(self) -> None:
        of = source("https://index.example/simple/", is_public=True)

        assert decision("https://index.example/simple/w/", of) == "source"


@pytest.mark.pain("C3")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("X-Amz-Signature=a", True, id="S3"),
        pytest.param("a=b&x-amz-signature=c", True, id="S3, lower case"),
        pytest.param("X-Goog-Signature=a", True, id="GCS"),
        pytest.param("Signature=a&Expires=1", True, id="CloudFront or old S3"),
        pytest.param("Signature=a&Key-Pair-Id=b", True, id="CloudFront policy"),
        pytest.param("sv=1&sig=a", True, id="Azure sv"),
        pytest.param("sig=a&se=1", True, id="Azure se"),
        pytest.param("Signature=a", False, id="Signature alone"),
        pytest.param("sig=a", False, id="sig alone"),
        pytest.param("se=1&sv=1", False, id="no sig"),
        pytest.param("Expires=1&Key-Pair-Id=b", False, id="no Signature"),
        pytest.param("", False, id="nothing"),
        pytest.param("q=X-Amz-Signature", False, id="as a value"),
    ],
)
def test_a_signed_url_is_known_by_its_query(query: str, expected: bool) -> None:
    assert is_signed(parse_url(f"https://s.example/w.whl?{query}")) is expected


@pytest.mark.pain("B4")
@pytest.mark.parametrize(
    ("url", "base", "expected"),
    [
        pytest.param("https://h.example/a/x", "https://h.example/a", True, id="below"),
        pytest.param("https://h.example/a", "https://h.example/a/", True, id="itself"),
        pytest.param("https://h.example/ab", "https://h.example/a", False, id="prefix"),
        pytest.param("https://h.example/", "https://h.example/a", False, id="above"),
        pytest.param("https://h.example/x", "https://h.example", True, id="root"),
        pytest.param("https://g.example/a/x", "https://h.example/a", False, id="host"),
        pytest.param(
            "https://h.example/a/../b", "https://h.example/a", False, id="dots"
        ),
        pytest.param(
            "https://h.example/a/%2E%2e/b",
            "https://h.example/a",
            False,
            id="hidden dots",
        ),
        *(
            pytest.param(
                f"https://h.example/a/{dots}/b", "https://h.example/a", False, id=dots
            )
            for dots in (".", "%2e", "%2E%2E", ".%2e", "%2e.")
        ),
        pytest.param(
            "https://h.example/a/...", "https://h.example/a", True, id="three dots"
        ),
    ],
)
def test_paths_match_by_whole_segments(url: str, base: str, expected: bool) -> None:
    assert is_below(parse_url(url), parse_url(base)) is expected


def test_an_indexs_trunk_is_as_public_as_its_listings() -> None:
    public = (source("https://h.example/pub/simple/", is_public=True),)

    assert is_public(parse_url("https://h.example/pub/packages/w.whl"), public)
    assert not is_public(parse_url("https://h.example/private/w.whl"), public)
    devpi = (source("https://h.example/pub/+simple/", is_public=True),)
    assert is_public(parse_url("https://h.example/pub/+f/w.whl"), devpi)
    plain = (source("https://h.example/simplest/", is_public=True),)
    assert not is_public(parse_url("https://h.example/x"), plain)


class TestWhichSourceADirectUrlServes:
    @pytest.mark.pain("B5")
    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_the_most_specific_one(self, is_reversed: bool) -> None:
        sources = [
            source("https://h.example/a", name="a"),
            source("https://h.example/a/b", name="b"),
            source("https://h.example/c", name="c"),
        ]
        if is_reversed:
            sources.reverse()

        found = source_of(parse_url("https://h.example/a/b/w.whl"), sources)

        assert found.name == "b"

    @pytest.mark.pain("B4")
    def test_else_it_is_its_own(self) -> None:
        url = parse_url("https://h.example/ab/w.whl#sha256=1")

        found = source_of(url, [source("https://h.example/a", name="a")])

        assert (found.name, found.kind) == (None, "direct")
        assert found.url.text == "https://h.example/ab/w.whl"

    def test_a_credential_of_its_own_makes_it_its_own(self) -> None:
        url = parse_url("https://bob:pw@h.example/a/w.whl")

        found = source_of(url, [source("https://alice:pw@h.example/a")])
        same = source_of(
            parse_url("https://alice:pw@h.example/a/w.whl"),
            [source("https://alice:pw@h.example/a", name="a")],
        )

        assert (found.kind, found.url.userinfo) == ("direct", url.userinfo)
        assert same.name == "a"


class TestMerging:
    @pytest.mark.pain("B8")
    def test_equal_sources_become_one_with_the_most_complete_credential(self) -> None:
        (merged,) = merge_sources(
            [
                source("https://alice@pypi.corp.example/simple"),
                source("https://alice:pw@PyPI.corp.example:443/simple/", name="corp"),
            ]
        )

        assert merged.url.text == "https://pypi.corp.example/simple"
        assert merged.url.userinfo == Userinfo("alice", Secret("pw"))
        assert merged.name == "corp"

    @pytest.mark.pain("B8")
    def test_another_users_credential_is_not_taken_silently(self) -> None:
        (merged,) = merge_sources(
            [
                source("https://alice@pypi.corp.example/simple"),
                source("https://bob:pw@pypi.corp.example/simple"),
            ]
        )

        assert merged.url.userinfo == Userinfo("alice")

    def test_the_first_of_two_complete_ones_stays(self) -> None:
        (merged,) = merge_sources(
            [source("https://a:1@h.example/"), source("https://a:2@h.example/")]
        )

        assert merged.url.userinfo == Userinfo("a", Secret("1"))

    @pytest.mark.parametrize("userinfo", ["alice:pw", "token:", ":pw", "alice"])
    @pytest.mark.parametrize("is_first", [False, True])
    def test_any_credential_beats_none(self, userinfo: str, is_first: bool) -> None:
        pair = [source(f"https://{userinfo}@h.example/"), source("https://h.example/")]

        (merged,) = merge_sources(pair if is_first else reversed(pair))

        assert merged.url.userinfo == pair[0].url.userinfo

    @pytest.mark.parametrize("is_first", [False, True])
    def test_settings_of_either_are_kept(self, is_first: bool) -> None:
        files = (Origin("https", "f.example", 443),)
        pair = [
            source("https://h.example/", credential_origins=files, is_public=True),
            source("https://h.example/"),
        ]

        (merged,) = merge_sources(pair if is_first else reversed(pair))

        assert (merged.credential_origins, merged.is_public) == (files, True)

    def test_the_first_name_and_origins_stay(self) -> None:
        files = [(Origin("https", f"{n}.example", 443),) for n in "ab"]
        (merged,) = merge_sources(
            [
                source("https://h.example/", name="a", credential_origins=files[0]),
                source("https://h.example/", name="b", credential_origins=files[1]),
            ]
        )

        assert (merged.name, merged.credential_origins) == ("a", files[0])

    def test_an_empty_pair_is_no_credential(self) -> None:
        (merged,) = merge_sources(
            [source("https://h.example/"), source("https://:@h.example/")]
        )

        assert merged.url.userinfo is None

    def test_a_policy_and_publicness_are_kept(self) -> None:
        merged = merge_sources(
            [
                source("https://h.example/"),
                source("https://h.example", policy="always", is_public=True),
                source("https://h.example/other"),
            ]
        )

        assert [(each.policy, each.is_public) for each in merged] == [
            ("always", True),
            ("auto", False),
        ]

    def test_the_first_policy_that_says_something_stays(self) -> None:
        (merged,) = merge_sources(
            [
                source("https://h.example/", policy="never"),
                source("https://h.example", policy="always"),
            ]
        )

        assert merged.policy == "never"


HTTP = Origin("http", "pypi.corp.example", 80)


@pytest.mark.pain("I7")
@pytest.mark.parametrize(
    ("origin", "is_ambient", "allowed", "is_refused"),
    [
        pytest.param(HTTP, True, (), True, id="ambient over http"),
        pytest.param(HTTP, False, (), False, id="explicit over http"),
        pytest.param(HTTP, True, ("pypi.corp.example",), False, id="allowed host"),
        pytest.param(HTTP, True, ("PyPI.corp.example:80",), False, id="host and port"),
        pytest.param(HTTP, True, ("pypi.corp.example:81",), True, id="other port"),
        pytest.param(HTTP, True, ("corp.example",), True, id="other host allowed"),
        pytest.param(Origin("https", "h", 443), True, (), False, id="https"),
        pytest.param(Origin("http", "127.0.0.1", 80), True, (), False, id="loopback"),
        pytest.param(Origin("http", "localhost", 80), True, (), False, id="localhost"),
        pytest.param(Origin("http", "::1", 80), True, (), False, id="IPv6 loopback"),
        pytest.param(
            Origin("http", "127.0.0.1.evil.example", 80), True, (), True, id="lookalike"
        ),
    ],
)
def test_ambient_credentials_do_not_travel_in_clear(
    origin: Origin, is_ambient: bool, allowed: tuple[str, ...], is_refused: bool
) -> None:
    each = credential(is_ambient=is_ambient)

    assert (plain_http_problem(each, origin, allowed) is not None) is is_refused


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (HTTP, True),
        (Origin("https", "h", 443), False),
        (Origin("http", "127.0.0.1", 80), False),
    ],
)
def test_what_others_can_read(origin: Origin, expected: bool) -> None:
    assert is_exposed(origin) is expected


def redirected(
    url: str, location: str, *, hop: int = 0, of: Source | None = None
) -> Hop | Refused:
    provenance = Provenance(of or source(url), "listing", hop)
    return follow(parse_url(url), provenance, location)


class TestRedirects:
    @pytest.mark.pain("C5")
    @pytest.mark.parametrize(
        ("location", "expected"),
        [
            ("/other/", "https://h.example/other/"),
            ("sub", "https://h.example/a/sub"),
            (
                "https://x.example/p%2Fq?a=%41b+c#f",
                "https://x.example/p%2Fq?a=%41b+c#f",
            ),
            ("//x.example/p", "https://x.example/p"),
        ],
    )
    def test_lead_where_location_says_byte_for_byte(
        self, location: str, expected: str
    ) -> None:
        hop = redirected("https://h.example/a/b", location)

        assert isinstance(hop, Hop)
        assert hop.url.text == expected
        assert hop.provenance.hop == 1
        assert hop.provenance.source.url.text == "https://h.example/a/b"

    @pytest.mark.pain("C2")
    def test_keep_the_userinfo_of_location_apart(self) -> None:
        hop = redirected("https://h.example/", "https://:token@x.example/")

        assert isinstance(hop, Hop)
        assert hop.url.text == "https://x.example/"
        assert hop.url.userinfo == Userinfo("", Secret("token"))

    @pytest.mark.parametrize(
        ("url", "location", "word"),
        [
            pytest.param(
                "https://h.example/", "http://h.example/", "plain http", id="down"
            ),
            pytest.param(
                "https://h.example/", "http://127.0.0.1/", "plain http", id="loopback"
            ),
            pytest.param("https://h.example/", "file:///etc/x", "file", id="file"),
            pytest.param("https://h.example/", "ftp://x/", "not a URL", id="ftp"),
            pytest.param("https://h.example/", "https://", "not a URL", id="no host"),
        ],
    )
    @pytest.mark.pain("C6")
    def test_that_are_refused(self, url: str, location: str, word: str) -> None:
        refused = redirected(url, location)

        assert isinstance(refused, Refused)
        assert word in refused.reason

    def test_are_counted(self) -> None:
        assert isinstance(redirected("https://h.example/", "/x", hop=9), Hop)
        assert isinstance(redirected("https://h.example/", "/x", hop=10), Refused)

    @pytest.mark.pain("C7")
    @pytest.mark.parametrize(
        ("url", "location", "is_upgrade"),
        [
            pytest.param("http://h.example/", "https://h.example/", True, id="upgrade"),
            pytest.param("http://h.example/", "https://g.example/", False, id="host"),
            pytest.param("http://h.example/", "http://h.example:81/", False, id="port"),
            pytest.param(
                "https://h.example/", "https://h.example:8/", False, id="same"
            ),
        ],
    )
    def test_from_http_to_https_of_one_host_widen_the_source(
        self, url: str, location: str, is_upgrade: bool
    ) -> None:
        hop = redirected(url, location)

        assert isinstance(hop, Hop)
        assert (hop.upgraded is not None) is is_upgrade

    def test_of_a_stranger_do_not_widen_the_source(self) -> None:
        hop = redirected(
            "http://h.example/", "https://h.example/", of=source("http://own.example/")
        )

        assert isinstance(hop, Hop)
        assert hop.upgraded is None


class TestAuthenticateValues:
    @pytest.mark.pain("A7")
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("always", AuthenticateRule(None, "always")),
            (" Never ", AuthenticateRule(None, "never")),
            ("corp=external", AuthenticateRule("corp", "external")),
            (
                "https://h.example/?a=b=auto",
                AuthenticateRule("https://h.example/?a=b", "auto"),
            ),
        ],
    )
    def test_are_parsed(self, text: str, expected: AuthenticateRule) -> None:
        assert parse_authenticate(text) == expected

    @pytest.mark.parametrize("text", ["", "allways", "corp=", "=always", "corp=yes"])
    def test_that_are_wrong_say_what_is_right(self, text: str) -> None:
        with pytest.raises(InvalidAuthenticate) as caught:
            parse_authenticate(text)

        assert "'='" in caught.value.what or "auto, always" in (caught.value.why or "")

    @pytest.mark.pain("A7")
    @pytest.mark.parametrize(
        ("rules", "expected"),
        [
            pytest.param(["always"], "always", id="all"),
            pytest.param(["corp=always"], "always", id="name"),
            pytest.param(["CORP=always"], "always", id="name in other case"),
            pytest.param(["other=always"], "auto", id="other name"),
            pytest.param(["pypi.corp.example=always"], "always", id="host"),
            pytest.param(["*.corp.example=always"], "always", id="host glob"),
            pytest.param(["*.corp.example:443=always"], "always", id="host and port"),
            pytest.param(["*.corp.example:80=always"], "auto", id="other port"),
            pytest.param(["*.other.example=always"], "auto", id="other glob"),
            pytest.param(["pypi.*.example=always"], "always", id="glob inside"),
            pytest.param(["p*i.c*p.example=always"], "always", id="two stars"),
            pytest.param(["p*q*.example=always"], "auto", id="part missing"),
            pytest.param(["q*.corp.example=always"], "auto", id="other beginning"),
            pytest.param(["*pypi*=always"], "always", id="stars around"),
            pytest.param(["pypi.corp*.example=always"], "always", id="star of nothing"),
            pytest.param(["pypi.corp*ypi.corp.example=always"], "auto", id="overlap"),
            pytest.param([INDEX + "=always"], "always", id="URL"),
            pytest.param(
                ["https://pypi.corp.example/=always"], "always", id="URL above"
            ),
            pytest.param(["https://pypi.corp.example/te=always"], "auto", id="half"),
            pytest.param(["https://*/team/*=always"], "always", id="URL glob"),
            pytest.param(["https://*/simple/=always"], "always", id="URL glob, slash"),
            pytest.param(["https://[=always"], "auto", id="not a URL"),
            pytest.param(["corp=never", "always"], "never", id="precise before all"),
            pytest.param(
                ["corp=never", "*.corp.example=always"], "never", id="name before glob"
            ),
            pytest.param(
                [INDEX + "=never", "*.corp.example=always"],
                "never",
                id="URL before glob",
            ),
            pytest.param(
                ["corp=never", INDEX + "=always"], "never", id="name over URL"
            ),
            pytest.param(["always", "never"], "never", id="last of equals"),
        ],
    )
    def test_choose_a_sources_policy(self, rules: list[str], expected: str) -> None:
        parsed = [parse_authenticate(rule) for rule in rules]

        assert policy_of(source(name="corp"), parsed) == expected

    def test_all_does_not_mean_public_sources(self) -> None:
        public = source(is_public=True, name="pub")

        assert policy_of(public, [parse_authenticate("always")]) == "auto"
        assert policy_of(public, [parse_authenticate("pub=always")]) == "always"

    def test_unnamed_sources_have_no_name_to_match(self) -> None:
        assert policy_of(source(), [parse_authenticate("none=always")]) == "auto"


def test_a_source_is_named_by_name_or_url() -> None:
    assert source(name="corp").label == "corp"
    assert source("https://a:b@h.example/").label == "https://h.example/"


def test_sources_with_different_userinfo_are_kept_apart() -> None:
    one, two = source("https://a:1@h.example/"), source("https://b:2@h.example/")

    assert one.key != two.key
    assert isinstance(one.url, Url)
