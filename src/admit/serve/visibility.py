"""Who may see what on the embedded index.

For: the permission side of the index: accounts, patterns of releases, and who a
request's Authorization header says the caller is.
Does not know: HTTP statuses, pages, files on disk.
Shape: `Pattern`s say which releases; an `Account` is a name, a secret and patterns;
`Visibility` holds the accounts of one index and answers `identify` and `may_see`.
Spec: RFC 7617 (Basic), RFC 6750 section 2.1 (Bearer).
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hmac
import os
import re

from admit.errors import UsageError
from admit.spec.url import Secret
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    State = Literal["none", "known", "wrong"]

_GLOB = re.compile(r"[A-Za-z0-9._*?\[\]!-]+")
_VERSION_GLOB = re.compile(r"[A-Za-z0-9._+*?\[\]!-]+")


class InvalidGrant(UsageError):
    """A pattern or an account is not written as it should be."""

    code = "invalid-grant"


@value
class Pattern:
    """Releases, by a glob of project names and a glob of versions."""

    name: str
    """Normalised, as project names on an index are."""
    version: str = "*"

    def matches(self, project: str, version: str) -> bool:
        return fnmatch.fnmatchcase(project, self.name) and fnmatch.fnmatchcase(
            version, self.version
        )

    def __str__(self) -> str:
        return self.name if self.version == "*" else f"{self.name}=={self.version}"


@value
class Account:
    """One caller that the index knows."""

    name: str
    secret: Secret
    patterns: tuple[Pattern, ...]

    @property
    def label(self) -> str:
        """The name for logs; a name with an empty password may be a token itself."""
        return self.name if self.name and self.secret else "****"


@value
class Offer:
    """What a request's Authorization header says."""

    scheme: str
    """`Basic`, `Bearer`, or whatever the header begins with."""
    username: str
    secret: Secret


@value
class Caller:
    """Whom the index takes a request for."""

    account: Account | None = None
    """None: anonymous."""
    state: State = "none"
    """`wrong`: something was offered that no account answers to."""

    def __str__(self) -> str:
        if self.account is not None:
            return self.account.label
        return "anonymous" if self.state == "none" else "wrong login"


ANONYMOUS = Caller()


class Visibility:
    """The accounts of one index; changes at run time by `grant` and `revoke`."""

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        public: Iterable[Pattern] = (),
        *,
        any_username: bool = False,
    ) -> None:
        """Take the accounts and what everybody sees.

        `any_username`: a right secret is enough, whatever name stands before it.
        """
        self._accounts = {account.name: account for account in accounts}
        self.public = tuple(public)
        self._any_username = any_username
        self.generation = 0
        """Counts the changes, so that pages made before one can be dropped."""

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(self._accounts.values())

    def identify(self, offer: Offer | None) -> Caller:
        """Find the account whose credential was offered."""
        if offer is None:
            return ANONYMOUS
        for account in self._accounts.values():
            by_secret_alone = self._any_username or offer.scheme == "Bearer"
            if account.name != offer.username and not by_secret_alone:
                continue
            if _is_same(account.secret, offer.secret):
                return Caller(account, "known")
        return Caller(None, "wrong")

    def may_see(self, caller: Caller, project: str, version: str) -> bool:
        """Whether a caller sees a release; everybody sees what is public."""
        patterns = self.public
        if caller.account is not None:
            current = self._accounts.get(caller.account.name)
            patterns += current.patterns if current else ()
        return any(pattern.matches(project, version) for pattern in patterns)

    def grant(self, name: str | None, *patterns: Pattern) -> None:
        """Let an account (None: everybody) see more."""
        self._set(name, (*self._patterns_of(name), *patterns))

    def revoke(self, name: str | None, *patterns: Pattern) -> None:
        """Take patterns away again; without patterns, all of them."""
        kept = [
            each
            for each in self._patterns_of(name)
            if patterns and each not in patterns
        ]
        self._set(name, tuple(kept))

    def rotate(self, name: str, secret: str) -> None:
        """Give an account another secret; the old one is wrong from now on."""
        account = self._known(name)
        self._accounts[name] = replace(account, secret=Secret(secret))
        self.generation += 1

    def _known(self, name: str) -> Account:
        try:
            return self._accounts[name]
        except KeyError:
            raise InvalidGrant(f"no account is called {name!r}") from None

    def _patterns_of(self, name: str | None) -> tuple[Pattern, ...]:
        return self.public if name is None else self._known(name).patterns

    def _set(self, name: str | None, patterns: tuple[Pattern, ...]) -> None:
        if name is None:
            self.public = patterns
        else:
            self._accounts[name] = replace(self._known(name), patterns=patterns)
        self.generation += 1


def parse_patterns(text: str) -> tuple[Pattern, ...]:
    """Parse `NAMEGLOB` or `NAMEGLOB==VERSIONGLOB`, several with commas between.

    Raises:
        InvalidGrant: a part is neither.
    """
    return tuple(_parse_pattern(part.strip(), text) for part in text.split(","))


def parse_account(text: str) -> Account:
    """Parse `NAME:SECRET=PATTERN,…` as the command line has it.

    SECRET may be `@FILE` (first line of a file) or `env:VARIABLE`, so that it does
    not stand in the process list; a secret with `=` in it must come that way.

    Raises:
        InvalidGrant: another form, or the file or variable is not there. The
            message never shows the secret.
    """
    name, colon, rest = text.partition(":")
    secret, equals, patterns = rest.partition("=")
    if not colon or not equals or not patterns:
        shown = f"{name}:…" if colon else "…"
        raise InvalidGrant(
            f"not an account: {shown}",
            why="an account is NAME:SECRET=PATTERN, for example alice:s3cret=*",
            fix="write NAME:SECRET=* for an account that sees everything",
        )
    if "=" in patterns.partition(",")[0].partition("==")[0]:
        raise InvalidGrant(
            f"cannot tell secret from pattern in the account {name!r}",
            why="the secret ends at the first '='",
            fix=f"keep a secret with '=' in a file ({name}:@FILE=PATTERN) or a "
            f"variable ({name}:env:VARIABLE=PATTERN)",
        )
    return account(name, _read_secret(name, secret), patterns)


def account(name: str, secret: str, *patterns: str) -> Account:
    """Make an account from plain text; each pattern text may hold several."""
    parsed = [each for text in patterns for each in parse_patterns(text)]
    return Account(name, Secret(secret), tuple(parsed))


def merge_accounts(accounts: Iterable[Account]) -> tuple[Account, ...]:
    """Join accounts of the same name: an option may be repeated for more patterns.

    Raises:
        InvalidGrant: the same name with two secrets.
    """
    merged: dict[str, Account] = {}
    for each in accounts:
        earlier = merged.get(each.name)
        if earlier is None:
            merged[each.name] = each
        elif earlier.secret != each.secret:
            raise InvalidGrant(f"the account {each.name!r} is given two secrets")
        else:
            joined = earlier.patterns + each.patterns
            merged[each.name] = replace(earlier, patterns=joined)
    return tuple(merged.values())


def parse_authorization(header: str | None) -> Offer | None:
    """Read an Authorization header; None if there is none."""
    if not header:
        return None
    scheme, _, parameter = header.strip().partition(" ")
    parameter = parameter.strip()
    if scheme.lower() == "bearer":
        return Offer("Bearer", "", Secret(parameter))
    if scheme.lower() != "basic":
        return Offer(scheme, "", Secret(parameter))
    try:
        decoded = base64.b64decode(parameter, validate=True)
    except binascii.Error:
        return Offer("Basic", "", Secret(parameter))
    username, _, password = decoded.decode("utf-8", "surrogateescape").partition(":")
    return Offer("Basic", username, Secret(password))


def _parse_pattern(part: str, whole: str) -> Pattern:
    name, equals, version = part.partition("==")
    if not _GLOB.fullmatch(name) or (equals and not _VERSION_GLOB.fullmatch(version)):
        raise InvalidGrant(
            f"not a pattern: {part!r}" + (f" in {whole!r}" if part != whole else ""),
            why="a pattern is NAMEGLOB or NAMEGLOB==VERSIONGLOB, "
            "for example acme-* or widgets==2024.*",
        )
    # Globs keep their marks; runs of separators are one dash, as on an index.
    return Pattern(re.sub(r"[-_.]+", "-", name).lower(), version or "*")


def _read_secret(name: str, text: str) -> str:
    if text.startswith("env:"):
        variable = text.removeprefix("env:")
        if not (found := os.environ.get(variable)):
            raise InvalidGrant(
                f"no secret for the account {name!r}",
                why=f"the environment variable {variable} is unset or empty",
            )
        return found
    if not text.startswith("@"):
        return text
    path = os.path.expanduser(text[1:])
    try:
        with open(path, encoding="utf-8") as file:
            first = file.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidGrant(
            f"cannot read the secret of the account {name!r} from {path}",
            why=getattr(error, "strerror", None) or "it is not UTF-8 text",
        ) from error
    if not first:
        raise InvalidGrant(
            f"no secret for the account {name!r}",
            why=f"the first line of {path} is empty",
        )
    return first


def _is_same(left: Secret, right: Secret) -> bool:
    one, other = left.expose(), right.expose()
    return hmac.compare_digest(
        one.encode("utf-8", "surrogateescape"), other.encode("utf-8", "surrogateescape")
    )
