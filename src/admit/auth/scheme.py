"""Credentials and the header text they become; challenges, for reports only.

For: one value that says who asks, with what secret, and who provided it.
Does not know: where a credential may go (auth.scope), whether it works (auth.ledger).
Shape: `Credential` -> `authorization()`; `WWW-Authenticate` -> `Challenge`s, which
never choose the auth scheme (rule R3 of docs/auth.md, last paragraph).
Spec: RFC 7617 (Basic, UTF-8), RFC 6750 (Bearer), RFC 9110 section 11.6.1.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from admit.spec.url import Secret

    Kind = Literal["basic", "bearer", "headers"]
    Headers = tuple[tuple[str, Secret], ...]

TOKEN_PREFIXES = (
    "pypi-Ag", "glpat-", "gldt-", "glcbt-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_",
    "github_pat_", "hf_", "npm_", "dckr_pat_", "AKCp", "cmVmd", "eyJ", "xox",
)  # fmt: skip
"""What well-known services put before their tokens."""
_TOKEN_LENGTH = 32
_LENGTH_AFTER_PREFIX = 12
_TOKEN_MARKS = frozenset("_-.~+/=")


class InvalidCredential(InputError):
    """A user name or secret cannot be sent in a header."""

    code = "invalid-credential"


@value
class Credential:
    """Who asks, with which secret, and who provided it."""

    username: str
    """"" where a token travels without a name, and for Bearer."""
    secret: Secret
    provider: str
    """"netrc", "environment", "URL", …; the word used in messages."""
    detail: str = ""
    """Where exactly: "~/.netrc line 3", "ADMIT_INDEX_CORP_PASSWORD"."""
    kind: Kind = "basic"
    is_ambient: bool = False
    """Found on this machine rather than given for this source."""
    expires: float | None = None
    """When it ends, in seconds since 1970; None if its provider did not say."""
    headers: Headers = ()
    """Further headers of the source, by name; all there is of kind "headers"."""

    @property
    def pair(self) -> tuple[str, str, Secret, Headers]:
        """What the server sees: two credentials with one pair are one login."""
        return (self.kind, self.username, self.secret, self.headers)

    @property
    def shown_user(self) -> str:
        """The user name as messages may show it."""
        if self.kind == "headers":
            return f"the header {' and '.join(name for name, _ in self.headers)}"
        if self.kind == "bearer":
            return "a token"
        if not self.username:
            return "a token without a name"
        if not self.secret or is_token_shaped(self.username):
            return "****"
        return self.username

    @property
    def label(self) -> str:
        """Such as "alice via netrc"."""
        return f"{self.shown_user} via {self.provider}"

    @property
    def long_label(self) -> str:
        """Such as "alice via netrc (~/.netrc line 3)"."""
        return f"{self.label} ({self.detail})" if self.detail else self.label


@value
class Identity:
    """Who asked, as caches and messages know it (rule R7)."""

    fingerprint: str
    """"anonymous", "external", "principal:NAME" or a keyed hash in hex."""
    label: str
    """"anonymous" or such as "alice via netrc"."""

    @property
    def is_anonymous(self) -> bool:
        return self.fingerprint == "anonymous"


ANONYMOUS = Identity("anonymous", "anonymous")
EXTERNAL = Identity("external", "a credential added outside")


@value
class Challenge:
    """One challenge of `WWW-Authenticate`; told in reports, never obeyed."""

    scheme: str
    """As sent, "Basic"."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Names in lower case."""

    @property
    def realm(self) -> str | None:
        for name, text in self.parameters:
            if name == "realm":
                return text
        return None


def header_lines(credential: Credential) -> list[tuple[str, str]]:
    """Return the headers that a credential is sent as.

    Raises:
        InvalidCredential: no header can carry it.
    """
    lines = [(name, secret.expose()) for name, secret in credential.headers]
    if credential.kind != "headers":
        lines.append(("Authorization", authorization(credential)))
    return lines


def authorization(credential: Credential) -> str:
    """Return the value of the `Authorization` header.

    Raises:
        InvalidCredential: no header can carry it.
    """
    problem = unsendable(credential.username, credential.secret, credential.kind)
    if problem:
        raise InvalidCredential(
            f"a credential from {credential.provider} cannot be sent: {problem}"
        )
    if credential.kind == "bearer":
        return f"Bearer {credential.secret.expose()}"
    return "Basic " + _base64(f"{credential.username}:{credential.secret.expose()}")


def unsendable(username: str, secret: Secret, kind: Kind = "basic") -> str | None:
    """Say why no header can carry a credential; None if one can (pain F13)."""
    exposed = secret.expose()
    for what, text in (("user name", username), ("secret", exposed)):
        if any(mark < " " or mark == "\x7f" for mark in text):
            return f"the {what} holds a control character, such as a line end"
        try:
            text.encode()
        except UnicodeEncodeError:
            return f"the {what} is not valid UTF-8"
    if kind == "headers":
        return None
    if kind == "bearer":
        is_plain = exposed.isascii() and " " not in exposed
        return None if exposed and is_plain else "a token is ASCII, without spaces"
    if ":" in username:
        return "a user name cannot hold ':' (RFC 7617)"
    return None


def is_token_shaped(username: str) -> bool:
    """Tell whether a user name cannot be a person's: it is a token (rule R3.10)."""
    if not username.isascii() or not all(
        mark.isalnum() or mark in _TOKEN_MARKS for mark in username
    ):
        return False
    if len(username) >= _TOKEN_LENGTH:
        return True
    return any(
        username.startswith(prefix)
        and len(username) >= len(prefix) + _LENGTH_AFTER_PREFIX
        for prefix in TOKEN_PREFIXES
    )


def show_user(username: str) -> str:
    """Mask a user name that may be a token."""
    return "****" if is_token_shaped(username) else username


def fingerprint(credential: Credential, key: bytes) -> str:
    """Return a keyed hash of user and secret, for cache keys (rule R7).

    Args:
        credential: whose; provider and detail do not count.
        key: random bytes of the cache, at most 64.
    """
    try:
        from _blake2 import blake2b  # hashlib costs half an interpreter start
    except ImportError:
        from hashlib import blake2b
    hasher = blake2b(key=key, digest_size=16)
    parts = [credential.kind, credential.username, credential.secret.expose()]
    for name, secret in credential.headers:
        parts += [name.lower(), secret.expose()]
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        hasher.update(len(data).to_bytes(8, "big") + data)
    return hasher.hexdigest()


def parse_challenges(text: str) -> tuple[Challenge, ...]:
    """Read a `WWW-Authenticate` value as far as it makes sense; never raises."""
    challenges: list[tuple[str, list[tuple[str, str]]]] = []
    for part in _split_outside_quotes(text):
        word, _, rest = part.partition(" ")
        parameter = part
        if "=" not in word:
            challenges.append((word, []))
            parameter = rest.strip()
        name, equals, content = parameter.partition("=")
        if equals and challenges:
            challenges[-1][1].append((name.strip().lower(), _unquote(content.strip())))
    return tuple(Challenge(scheme, tuple(found)) for scheme, found in challenges)


def _base64(text: str) -> str:
    from binascii import b2a_base64  # base64 itself imports re

    return b2a_base64(text.encode(), newline=False).decode("ascii")


def _split_outside_quotes(text: str) -> list[str]:
    parts = [""]
    is_quoted = is_escaped = False
    for mark in text:
        if mark == "," and not is_quoted:
            parts.append("")
            continue
        if mark == '"' and not is_escaped:
            is_quoted = not is_quoted
        is_escaped = mark == "\\" and is_quoted and not is_escaped
        parts[-1] += mark
    return [part.strip() for part in parts if part.strip()]


def _unquote(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner, is_escaped, kept = text[1:-1], False, []
    for mark in inner:
        if mark == "\\" and not is_escaped:
            is_escaped = True
            continue
        is_escaped = False
        kept.append(mark)
    return "".join(kept)
