"""URLs: what they keep, what they join to, and what they never print."""

import pytest

from admit.spec.url import (
    InvalidUrl,
    Secret,
    Url,
    mask_url_text,
    parse_requirement_url,
    parse_url,
    percent_decode,
    percent_encode,
)


def expose(url: Url) -> tuple[str, str | None] | None:
    if url.userinfo is None:
        return None
    password = url.userinfo.password
    return url.userinfo.username, None if password is None else password.expose()


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("https://host.example/simple/", "https", "host.example", 443),
        ("HTTP://Host.Example", "http", "host.example", 80),
        ("https://host.example:8443?q", "https", "host.example", 8443),
        ("https://host.example:/x", "https", "host.example", 443),
        ("http://[::1]:8080/x", "http", "::1", 8080),
        ("http://[2001:DB8::1]/x", "http", "2001:db8::1", 80),
        ("file:///tmp/x.whl", "file", "", 0),
    ],
)
def test_a_url_has_an_origin(text: str, scheme: str, host: str, port: int) -> None:
    url = parse_url(text)

    assert (url.scheme, url.host, url.origin.port) == (scheme, host, port)
    assert url.text == text


@pytest.mark.parametrize(
    ("userinfo", "expected"),
    [
        ("alice:s3cret", ("alice", "s3cret")),
        ("alice", ("alice", None)),
        ("TOKEN:", ("TOKEN", "")),
        (":s3cret", ("", "s3cret")),
        ("alice@corp.example:s3cret", ("alice@corp.example", "s3cret")),
        ("alice:p@ss", ("alice", "p@ss")),
        ("alice:p:ss", ("alice", "p:ss")),
        ("al%40ice:p%2Fs%25", ("al@ice", "p/s%")),
        ("${NAME}:${TOKEN}", ("${NAME}", "${TOKEN}")),
    ],
)
def test_userinfo_is_split_at_the_last_at_and_decoded_once(
    userinfo: str, expected: tuple[str, str | None]
) -> None:
    url = parse_url(f"https://{userinfo}@host.example/simple/")

    assert url.text == "https://host.example/simple/"
    assert expose(url) == expected
    assert expose(url.without_userinfo()) is None


@pytest.mark.parametrize(
    ("userinfo", "shown"),
    [("alice:s3cret", "alice:****@"), ("s3cret", "****@"), ("s3cret:", "****:****@")],
)
def test_no_way_of_printing_shows_a_secret(userinfo: str, shown: str) -> None:
    url = parse_url(f"https://{userinfo}@host.example/")

    assert str(url) == f"https://{shown}host.example/"
    assert "s3cret" not in f"{url} {url!r} {url.text} {url.key} {url.origin}"
    if url.userinfo and url.userinfo.password:
        assert "s3cret" not in f"{url.userinfo.password} {url.userinfo.password!r}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "host.example/simple",
        "ftp://u:s3cret@host.example/",
        "git+https://host.example/",
        "https://",
        "https:///simple",
        "https://u:s3cret@/simple",
        "https://u:s3cret@host.example:port/",
        "https://host.example:65536/",
        "https://host.example:1:2/",
        "https://[::1/",
        "https://[::1]x/",
        "https://ho st/",
        "https://host.example/\r\nX: y",
        "https://u:s3/cret@host.example/",
        "https://u:s3#cret@host.example/",
        "https://u:s3cret@${HOST}/",
        "https://host.example:s3cret/simple",
        "https://[::1]:s3cret/",
        "https://host.example:s3/cret/simple",
        "https://host.example:12cret34/",
        "host.example:s3cret/simple",
        "https:/u:s3cret@host.example/",
        "https:host.example:s3cret",
        "https:\\\\u:s3cret@host.example",
        "HTTPS:/host.example:s3cret",
        "u:s3cret@host.example/simple",
        "//u:s3cret@host.example/",
        "u:s3cret@host.example:wheels",
        "https://u:s3cret@ho st/",
        "x @ https:/host.example:s3cret",
    ],
)
def test_what_is_no_url_is_refused_without_showing_a_secret(text: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse_url(text)

    assert "cret" not in f"{caught.value.what}{caught.value.why}{caught.value.fix}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://host.example:8443/x", "https://host.example:8443/x"),
        ("https://host.example:pw/x", "https://host.example:****"),
        ("https://host.example:123456/", "https://host.example:****"),
        ("https://[::1", "https://[::1"),
        ("alpha==1.0", "alpha==1.0"),
        ("host.example:pw", "host.example:pw"),
        ("@", "@"),
        ("corp=https://host.example:pw", "corp=https://host.example:****"),
        ("https://host.example:****/x", "https://host.example:****/x"),
    ],
)
def test_what_may_be_a_password_is_masked(text: str, expected: str) -> None:
    assert mask_url_text(text) == expected


def test_a_password_in_place_of_the_port_is_explained() -> None:
    with pytest.raises(InvalidUrl) as caught:
        parse_url("https://host.example:s3cret/simple")

    assert (
        caught.value.what == "no usable host or port in URL 'https://host.example:****'"
    )
    assert "with an @ behind it" in str(caught.value.fix)


def test_a_requirement_may_come_from_a_repository() -> None:
    url = parse_requirement_url("git+ssh://git@host.example/w.git@v1#egg=w")

    assert (url.scheme, url.host) == ("git+ssh", "host.example")
    assert url.text == "git+ssh://host.example/w.git@v1#egg=w"
    assert parse_requirement_url("git+https://h.example/w").origin.port == 443
    with pytest.raises(InvalidUrl):
        parse_requirement_url("javascript://h.example/w")


def test_parts_are_as_written() -> None:
    url = parse_url("https://host.example/a%20b/w%2B1.whl?x=1/2#sha256=ab?")

    assert url.path == "/a%20b/w%2B1.whl"
    assert url.query == "x=1/2"
    assert url.fragment == "sha256=ab?"
    assert url.filename == "w+1.whl"
    assert url.without_fragment().text == "https://host.example/a%20b/w%2B1.whl?x=1/2"
    assert parse_url("https://host.example?x").path == "/"
    assert parse_url("https://host.example/s?x#y").with_slash().text.endswith("/s/")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("https://u:p@Host.example:443/simple/#f", "https://host.example/simple"),
        ("https://host.example/simple//", "https://host.example/simple"),
        ("https://host.example:8443/Simple", "https://host.example:8443/Simple"),
        ("http://[::1]:80/", "http://[::1]"),
        ("https://host.example/simple/?x=1", "https://host.example/simple?x=1"),
    ],
)
def test_the_key_is_one_for_all_spellings_of_a_source(text: str, key: str) -> None:
    assert parse_url(text).key == key


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("w.whl", "https://h.example/simple/w/w.whl"),
        ("../../files/w.whl", "https://h.example/files/w.whl"),
        ("../../../../w.whl", "https://h.example/w.whl"),
        ("./", "https://h.example/simple/w/"),
        ("..", "https://h.example/simple/"),
        ("/files/./w.whl", "https://h.example/files/w.whl"),
        ("//cdn.example/w.whl", "https://cdn.example/w.whl"),
        ("http://cdn.example/../w.whl", "http://cdn.example/../w.whl"),
        ("?page=2", "https://h.example/simple/w/?page=2"),
        ("#top", "https://h.example/simple/w/?x=1#top"),
        ("", "https://h.example/simple/w/?x=1"),
        (" w.whl#sha256=a/../b \n", "https://h.example/simple/w/w.whl#sha256=a/../b"),
        ("w%2F..%2Fx.whl", "https://h.example/simple/w/w%2F..%2Fx.whl"),
        ("./a:b.whl", "https://h.example/simple/w/a:b.whl"),
        ("1:b.whl", "https://h.example/simple/w/1:b.whl"),
        ("x/?u=http://other.example/", None),
    ],
)
def test_references_are_joined(reference: str, expected: str | None) -> None:
    page = parse_url("https://alice:s3cret@h.example/simple/w/?x=1#frag")

    joined = page.join(reference)

    assert joined.text == expected or (
        expected is None and joined.text == f"https://h.example/simple/w/{reference}"
    )
    assert joined.userinfo is None


def test_a_reference_with_userinfo_keeps_its_own() -> None:
    page = parse_url("https://alice:s3cret@h.example/simple/")

    assert expose(page.join("https://bob:other@h.example/w.whl")) == ("bob", "other")


@pytest.mark.parametrize("reference", ["ftp://h.example/w", "javascript://x", "//"])
def test_a_reference_out_of_http_is_refused(reference: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_url("https://h.example/").join(reference)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("127.evil.0.1", False),
        ("127.0.0.256", False),
        ("127.0.0.01000", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_is_judged_by_name(host: str, expected: bool) -> None:
    assert parse_url(f"http://{host}/").origin.is_loopback is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@h/x", "https://****@h/x"),
        ("https://u:p@ss@h/x@1", "https://****@1"),
        ("u:p@h", "****@h"),
        ("https://h/x", "https://h/x"),
        ("https://@h/x", "https://@h/x"),
    ],
)
def test_masking_hides_all_up_to_the_last_at(text: str, expected: str) -> None:
    assert mask_url_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a%20b", "a b"),
        ("%C3%A9", "é"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%2525", "%25"),
        ("% 41", "% 41"),
        ("%  ", "%  "),
        ("%+1", "%+1"),
        ("", ""),
    ],
)
def test_percent_decoding_is_done_once(text: str, expected: str) -> None:
    assert percent_decode(text) == expected


@pytest.mark.parametrize("text", ["a b", "é/ü", "100%", "~._-", "\udcff", "a+b"])
def test_encoding_and_decoding_is_the_identity(text: str) -> None:
    assert percent_decode(percent_encode(text)) == text
    assert percent_encode("/a b", safe="/") == "/a%20b"


@pytest.mark.parametrize(
    "reference",
    [
        "a:b.whl",
        "data:,x",
        "javascript:x",
        "https:w.whl",
        "git+ssh://h/w",
        "mailto:a@b",
    ],
)
def test_what_has_a_scheme_is_no_path(reference: str) -> None:
    page = parse_url("https://h.example/simple/w/")

    with pytest.raises(InvalidUrl):
        page.join(reference)


def test_urls_and_secrets_are_values() -> None:
    one, same = (parse_url("https://u:p@h.example/") for _ in range(2))

    assert one == same
    assert hash(one) == hash(same)
    assert one != one.without_userinfo()
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert not Secret("")
