"""URLs that cannot print a password.

For: every URL in the project. A `Url` keeps its text without userinfo, byte for
byte, and the userinfo beside it, decoded once. Printing, formatting or logging one
shows no secret.
Does not know: credentials, scope, `${VAR}` (the userinfo keeps it as typed).
Shape: text -> `Url`; `Url.join` makes absolute what a page links to.
Spec: RFC 3986, sections 3 and 5; userinfo is split at the last `@` of the authority
(rule R3.3 of docs/auth.md), which is what people with `@` in a user name mean.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.value import value

DEFAULT_PORTS = {"http": 80, "https": 443}
_HEX_DIGITS = b"0123456789abcdefABCDEF"
_SCHEMES = ("http", "https", "file", "ssh", "git")


class InvalidUrl(InputError):
    """A text is not a URL that can be requested."""

    code = "invalid-url"


class Secret:
    """Text that prints as `****`; `expose()` is the one way to read it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def expose(self) -> str:
        """Return the secret itself. Callers hand it to the wire, nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(****)"

    def __str__(self) -> str:
        return "****"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@value
class Userinfo:
    """What stood before the `@`, percent-decoded once."""

    username: str
    password: Secret | None = None
    """None where no colon was typed: `NAME@` is not `NAME:@`."""

    @property
    def names_variable(self) -> bool:
        """Whether `${` stands in it: then a variable of the user's may be filled in."""
        secret = self.password.expose() if self.password else ""
        return "${" in self.username or "${" in secret


@value
class Origin:
    """Scheme, host and effective port (RFC 6454, section 4)."""

    scheme: str
    host: str
    """Lower case; an IPv6 address without its brackets."""
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if DEFAULT_PORTS.get(self.scheme) == self.port:
            return f"{self.scheme}://{host}"
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """127/8, ::1 or `localhost`, judged by name (rule R4 of docs/auth.md)."""
        if self.host in ("localhost", "::1"):
            return True
        parts = self.host.split(".")
        return (
            len(parts) == 4
            and parts[0] == "127"
            and all(part.isascii() and part.isdecimal() for part in parts)
            and all(len(part) < 4 and int(part) < 256 for part in parts)
        )


class Url:
    """An absolute URL; `text` is without userinfo and safe to print."""

    __slots__ = ("_origin", "text", "userinfo")

    def __init__(self, text: str, origin: Origin, userinfo: Userinfo | None) -> None:
        self.text = text
        """As given, without userinfo; never re-quoted."""
        self._origin = origin
        self.userinfo = userinfo

    @property
    def origin(self) -> Origin:
        return self._origin

    @property
    def scheme(self) -> str:
        return self._origin.scheme

    @property
    def host(self) -> str:
        return self._origin.host

    @property
    def path(self) -> str:
        """The raw path, without query and fragment; "/" if there is none."""
        rest = self.text.partition("://")[2]
        for mark in ("#", "?"):
            rest = rest.partition(mark)[0]
        _, slash, path = rest.partition("/")
        return slash + path if slash else "/"

    @property
    def query(self) -> str:
        return self.text.partition("#")[0].partition("?")[2]

    @property
    def fragment(self) -> str:
        return self.text.partition("#")[2]

    @property
    def filename(self) -> str:
        """The last path segment, percent-decoded."""
        return percent_decode(self.path.rpartition("/")[2])

    @property
    def key(self) -> str:
        """The identity of a source.

        No userinfo, fragment or trailing slash; default port and case of the host
        evened out (rule R1 of docs/auth.md).
        """
        tail = self.path.rstrip("/")
        query = f"?{self.query}" if self.query else ""
        return f"{self._origin}{tail}{query}"

    def without_userinfo(self) -> Url:
        return Url(self.text, self._origin, None)

    def without_fragment(self) -> Url:
        return Url(self.text.partition("#")[0], self._origin, self.userinfo)

    def with_slash(self) -> Url:
        """The same URL with a path that ends in a slash; query dropped."""
        head = self.text.partition("#")[0].partition("?")[0]
        text = head if head.endswith("/") else head + "/"
        return Url(text, self._origin, self.userinfo)

    def join(self, reference: str) -> Url:
        """Resolve a reference found on a page or in `Location`.

        The result carries userinfo only if the reference itself does; the
        reference's bytes are kept as they are.

        Raises:
            InvalidUrl: the reference is no URL, or leads out of http, https, file.

        Spec: RFC 3986, section 5.2.
        """
        reference = reference.strip("\t\n\r\f ")
        if _has_scheme(reference):
            return parse_url(reference)
        if reference.startswith("//"):
            return parse_url(f"{self.scheme}:{reference}")
        head, _, authority_and_path = self.text.partition("://")
        authority = authority_and_path.partition("/")[0].partition("?")[0]
        authority = authority.partition("#")[0]
        prefix = f"{head}://{authority}"
        if reference.startswith("/"):
            text = prefix + _remove_dots(reference)
        elif reference.startswith("#"):
            text = self.text.partition("#")[0] + reference
        elif reference.startswith("?"):
            text = prefix + self.path + reference
        elif not reference:
            text = self.text.partition("#")[0]
        else:
            directory = self.path.rpartition("/")[0] + "/"
            text = prefix + _remove_dots(directory + reference)
        return Url(text, self._origin, None)

    def __str__(self) -> str:
        if self.userinfo is None:
            return self.text
        name = "****" if not self.userinfo.password else self.userinfo.username
        head, _, rest = self.text.partition("://")
        mask = name if self.userinfo.password is None else f"{name}:****"
        return f"{head}://{mask}@{rest}"

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Url)
            and other.text == self.text
            and other.userinfo == self.userinfo
        )

    def __hash__(self) -> int:
        return hash(self.text)


def parse_url(text: str) -> Url:
    """Parse an absolute http, https or file URL.

    Raises:
        InvalidUrl: not such a URL. The message shows the text masked up to its
            last `@`.
    """
    scheme = text.strip().partition("://")[0].lower()
    if scheme not in ("http", "https", "file") or "://" not in text:
        raise InvalidUrl(
            f"not a URL: {_masked_without_scheme(text)!r}",
            why="a URL begins with https://, http:// or file://",
        )
    return parse_requirement_url(text)


def parse_requirement_url(text: str) -> Url:
    """Parse the URL of a requirement, which may also be `git+https://…` and the like.

    Raises:
        InvalidUrl: see `parse_url`.
    """
    text = text.strip()
    scheme, mark, rest = text.partition("://")
    lowered = scheme.lower()
    if not mark or lowered.rpartition("+")[2] not in _SCHEMES:
        raise InvalidUrl(
            f"not a URL: {mask_url_text(text)!r}",
            why="a URL begins with https://, http://, file:// or git+https://",
        )
    if not text.isprintable() and any(each < " " or each == "\x7f" for each in text):
        raise InvalidUrl(f"a URL holds a control character: {mask_url_text(text)!r}")
    authority, tail = _split_authority(rest)
    userinfo_text, at, hostport = authority.rpartition("@")
    if not at and _looks_like_userinfo_in_path(hostport, tail):
        raise InvalidUrl(
            f"ambiguous user name or password in {mask_url_text(text)!r}",
            fix="percent-encode '/', '?' and '#' in it (%2F, %3F, %23), or give it "
            "by netrc or ADMIT_INDEX_<NAME>_PASSWORD",
        )
    userinfo = _parse_userinfo(userinfo_text) if at else None
    origin = _parse_origin(lowered, hostport, text)
    return Url(f"{scheme}://{hostport}{tail}", origin, userinfo)


def mask_url_text(text: str) -> str:
    """Mask what may be a password in a text that is no URL, or may be none.

    Everything up to its last `@`; without one, what stands where a port should be and
    is none, to the end.
    """
    start = _end_of_scheme(text)
    head, rest = text[:start], text[start:]
    before, at, after = rest.rpartition("@")
    if at:
        return f"{head}****@{after}" if before else text
    return head + mask_port(rest) if head else text


def mask_port(text: str) -> str:
    """Mask what follows `HOST:` unless a port does: a password without its `@`."""
    authority, _ = _split_authority(text.replace("\\", "/"))
    mark = "]:" if authority.startswith("[") else ":"
    host, colon, port = authority.partition(mark)
    if not colon or _is_port(port) or port == "****":
        return text
    return f"{host}{colon}****"


def _masked_without_scheme(text: str) -> str:
    masked = mask_url_text(text)
    return mask_port(text) if masked == text else masked


def _is_port(text: str) -> bool:
    """Tell whether a text is a port, or nothing."""
    return not text or (
        text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 65536
    )


def _has_scheme(reference: str) -> bool:
    """Tell whether a reference is no relative one (RFC 3986, sections 3.1 and 4.2)."""
    scheme, colon, _ = _split_authority(reference)[0].partition(":")
    return (
        bool(colon)
        and scheme.isascii()
        and scheme[:1].isalpha()
        and all(mark.isalnum() or mark in "+-." for mark in scheme)
    )


def _end_of_scheme(text: str) -> int:
    """Where the authority begins, also with the slashes wrong; 0 without a scheme."""
    at = text.find("://")
    if at >= 0:
        return at + 3
    for scheme in ("https:", "http:"):
        at = text.lower().find(scheme)
        if at >= 0:
            end = at + len(scheme)
            while text[end : end + 1] in ("/", "\\"):
                end += 1
            return end
    return 0


def path_of(url: Url) -> str:
    """Return the path a file URL stands for."""
    return percent_decode(url.path)


def percent_decode(text: str) -> str:
    """Decode %XX once, as UTF-8; malformed sequences stay as they are."""
    if "%" not in text:
        return text
    head, *parts = text.encode("utf-8", "surrogateescape").split(b"%")
    decoded = [head]
    for part in parts:
        digits = part[:2]
        if len(digits) == 2 and not digits.strip(_HEX_DIGITS):
            decoded.append(bytes((int(digits, 16),)) + part[2:])
        else:
            decoded.append(b"%" + part)
    return b"".join(decoded).decode("utf-8", "surrogateescape")


def percent_encode(text: str, *, safe: str = "") -> str:
    """Encode all but unreserved characters and `safe` (RFC 3986, section 2.3)."""
    keep = frozenset(f"-._~{safe}".encode())
    return "".join(
        chr(byte)
        if byte in keep or (byte < 128 and chr(byte).isalnum())
        else f"%{byte:02X}"
        for byte in text.encode("utf-8", "surrogateescape")
    )


def _split_authority(rest: str) -> tuple[str, str]:
    end = len(rest)
    for mark in "/?#":
        position = rest.find(mark)
        if 0 <= position < end:
            end = position
    return rest[:end], rest[end:]


def _looks_like_userinfo_in_path(hostport: str, tail: str) -> bool:
    """`user:pa/ss@host` parses as host `user`: refuse what looks like that."""
    _, colon, port = hostport.rpartition(":")
    return bool(colon) and not port.isdecimal() and port != "" and "@" in tail


def _parse_userinfo(text: str) -> Userinfo:
    name, colon, password = text.partition(":")
    return Userinfo(
        percent_decode(name), Secret(percent_decode(password)) if colon else None
    )


def _parse_origin(scheme: str, hostport: str, text: str) -> Origin:
    if scheme.endswith("file"):
        return Origin(scheme, hostport.lower(), 0)
    if hostport.startswith("["):
        host, bracket, rest = hostport[1:].partition("]")
        port_text = rest[1:]
        is_sound = bool(bracket) and (not rest or rest.startswith(":"))
    else:
        host, _, port_text = hostport.partition(":")
        is_sound = ":" not in port_text
    bad_host = not host or any(mark in host for mark in ' \\<>"^`{|}%')
    bad_port = not _is_port(port_text)
    if not is_sound or bad_host or bad_port:
        shown = mask_url_text(text)
        fix = None
        if bad_port and shown != text:
            fix = (
                "if this is a password, it stands before the host, behind the user "
                "name and a colon, with an @ behind it"
            )
        raise InvalidUrl(f"no usable host or port in URL {shown!r}", fix=fix)
    port = (
        int(port_text) if port_text else DEFAULT_PORTS.get(scheme.rpartition("+")[2], 0)
    )
    return Origin(scheme, host.lower(), port)


def _remove_dots(path: str) -> str:
    """Drop `.` and `..` segments (RFC 3986, section 5.2.4); not in query, fragment."""
    end = min(
        (at for at in (path.find("?"), path.find("#")) if at >= 0), default=len(path)
    )
    path, tail = path[:end], path[end:]
    if "/." not in path:
        return path + tail
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/".join(kept) + tail
