"""Secrets given on the command line, without standing on it.

For: `--password-stdin SOURCE`, `--credential-file SOURCE=PATH`, `--credential-fd
SOURCE=FD` (rule R3.1 of docs/auth.md). SOURCE is the name of an index or a URL; a user
name may stand before it, as in `alice@corp` or `https://alice@host/simple/`.
Does not know: options, other places.
What is read is the secret itself with at most one line terminator, or the JSON object
of docs/providers.md, which may bring a user name, a token, an end.
"""

from __future__ import annotations

import os
import sys

from admit.auth.provided import (
    InvalidAnswer,
    Provided,
    read_answer,
    strip_line_end,
)
from admit.auth.query import Problem
from admit.auth.scheme import Credential, show_user
from admit.auth.scope import is_below
from admit.auth.scrub import mask_shapes
from admit.auth.sources.environment import UnsetVariable, expand, find_variable
from admit.auth.sources.place import Complete, Missing, Place, Unusable
from admit.errors import UsageError
from admit.spec.url import InvalidUrl, Secret, parse_url
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from admit.auth.scope import Source
    from admit.auth.sources.place import Answer, Question
    from admit.spec.url import Url

    Channel = Literal["--password-stdin", "--credential-file", "--credential-fd"]

RANK = 1
_EXAMPLES = {"PATH": "/run/secrets/index", "FD": "3"}
_LARGEST = 64 * 1024
_KEYS = frozenset(("username", "password", "token", "expires"))
"""Of the JSON object; what has others is a secret that looks like one."""


@value
class Gift:
    """A secret that is on its way, and for whom."""

    channel: Channel
    name: str | None
    """Of the index; or else `url` says which one."""
    url: Url | None
    username: str | None
    where: str
    """The path or the number of the descriptor."""

    def is_for(self, source: Source) -> bool:
        """Tell whether it was given for a source."""
        if self.url is not None:
            return is_below(source.url, self.url)
        return source.name is not None and source.name.lower() == self.name

    @property
    def label(self) -> str:
        """How messages call the channel: `--credential-fd 3`."""
        return f"{self.channel} {self.where}" if self.where else self.channel

    def written(self, user: str = "") -> str:
        """The option as it was given, or with another user name before the source."""
        if not user and self.username is not None:
            user = f"{show_user(self.username)}@"
        target = mask_shapes(self.url.text) if self.url is not None else self.name
        place = f"={self.where}" if self.where else ""
        return f"{self.channel} {user}{target}{place}"


class UnreadableGift(Exception):
    """What was announced cannot be read."""


_HOW_TO_READ = {
    "--password-stdin": "pipe the secret into it: `COMMAND | admit … {option}`",
    "--credential-file": "look whether the file is there and holds the secret, or its "
    "JSON",
    "--credential-fd": "open it for admit: `admit … {option} {where}< FILE`",
}


def parse_gift(channel: Channel, text: str) -> Gift:
    """Parse an option's value.

    Raises:
        UsageError: it names no source, or holds a secret itself.
    """
    target, where = text, ""
    if channel != "--password-stdin":
        target, _, where = text.rpartition("=")
        if not (target and where):
            wanted = "PATH" if channel == "--credential-file" else "FD"
            raise UsageError(
                f"{channel} wants SOURCE={wanted}",
                fix=f"write for instance `{channel} alice@corp={_EXAMPLES[wanted]}`",
            )
    if not target:
        raise UsageError(
            f"{channel} wants the source: the name of an index, or its URL"
        )
    if channel == "--credential-fd" and not (where.isascii() and where.isdecimal()):
        raise UsageError("--credential-fd wants SOURCE=FD, FD a number")
    if "://" not in target:
        name, user = _split_user(target)
        return Gift(channel, name.lower(), None, user, where)
    scheme, mark, rest = target.partition("://")
    scheme, user = _split_user(scheme)
    try:
        url = parse_url(f"{scheme}{mark}{rest}")
    except InvalidUrl as error:
        raise UsageError(f"{channel}: {error.what}", fix=error.fix) from error
    if url.userinfo is not None and url.userinfo.password is not None:
        raise UsageError(
            f"{channel} wants a source, and its URL holds a password",
            fix="leave the password out of the URL: others can read command lines",
        )
    if user is None and url.userinfo is not None:
        user = url.userinfo.username
    return Gift(channel, None, url.without_userinfo(), user, where)


def _split_user(text: str) -> tuple[str, str | None]:
    """Split `USER@` off the front of a source's name, or of a URL's scheme."""
    user, at, rest = text.rpartition("@")
    return rest, user if at else None


def check_gifts(gifts: Sequence[Gift], sources: Sequence[Source]) -> None:
    """Refuse secrets for an index that there is not, and two of one stdin.

    Raises:
        UsageError: nobody would ever use one of them.
    """
    names = {source.name.lower(): source.name for source in sources if source.name}
    for gift in gifts:
        if gift.name is not None and gift.name not in names:
            known = ", ".join(names.values()) or "none has a name"
            raise UsageError(
                f"{gift.channel} is for {gift.name}, which is no index here",
                why=f"named indexes: {known}",
                fix="give the URL of the source in place of its name",
            )
    if sum(gift.channel == "--password-stdin" for gift in gifts) > 1:
        raise UsageError("--password-stdin can be given for one source only")


class Gifts:
    """Reads what was given, each when its source asks."""

    def __init__(
        self, gifts: Sequence[Gift], environ: Mapping[str, str], cwd: str
    ) -> None:
        self._gifts = gifts
        self._environ = environ
        self._cwd = cwd
        self._read: dict[Gift, bytes] = {}

    def place(self) -> Place:
        """The place that `Search` asks."""
        return Place(RANK, "command line", self.ask, is_explicit=True)

    def ask(self, question: Question) -> Answer:
        """Answer for a source, if something was given for it."""
        source = question.query.source
        fitting = [gift for gift in self._gifts if gift.is_for(source)]
        if not fitting:
            return Missing("")
        if len(fitting) > 1:
            labels = " and ".join(gift.label for gift in fitting)
            return Unusable(
                Problem(f"{labels} both give a secret for it", "leave one of them out")
            )
        (gift,) = fitting
        try:
            provided = self._provided(gift)
        except UnreadableGift as error:
            fix = _HOW_TO_READ[gift.channel]
            fix = fix.format(option=gift.written(), where=gift.where)
            return Unusable(Problem(f"{gift.label}: {error}", fix))
        return self._answer(gift, provided, source)

    def _answer(self, gift: Gift, provided: Provided, source: Source) -> Answer:
        if provided.kind == "bearer":
            return Complete(
                Credential(
                    "", provided.secret, "command line", gift.label, "bearer",
                    expires=provided.expires,
                )
            )  # fmt: skip
        username = next(
            (
                each
                for each in (provided.username, gift.username, self._named(source))
                if each is not None
            ),
            None,
        )
        if username is None:
            return Unusable(
                Problem(
                    f"{gift.label} gives a secret, but nobody gives a user name",
                    f"write it before the source: `{gift.written('USER@')}`\n"
                    'for a token, which has none, let it be `{"token": "…"}`',
                )
            )
        return Complete(
            Credential(
                username,
                provided.secret,
                "command line",
                gift.label,
                expires=provided.expires,
            )
        )

    def _named(self, source: Source) -> str | None:
        """The user name of the source's variable, or of its URL."""
        if source.name is not None:
            variable = find_variable(self._environ, source.name, "_USERNAME")
            if variable is not None:
                return variable.text
        userinfo = source.url.userinfo
        try:
            return expand(userinfo.username, self._environ) if userinfo else None
        except UnsetVariable:
            return None

    def _provided(self, gift: Gift) -> Provided:
        body = strip_line_end(self._body(gift))
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise UnreadableGift("it is not UTF-8") from None
        if not text:
            raise UnreadableGift("it is empty")
        return _from_json(text) or Provided(None, Secret(text))

    def _body(self, gift: Gift) -> bytes:
        """Read a file each time, for it may be renewed; a stream once."""
        if gift in self._read:
            return self._read[gift]
        try:
            if gift.channel == "--credential-file":
                with open(os.path.join(self._cwd, gift.where), "rb") as stream:
                    return _bounded(stream.read(_LARGEST + 1))
            if gift.channel == "--credential-fd":
                with open(int(gift.where), "rb") as stream:
                    body = _bounded(stream.read(_LARGEST + 1))
            elif sys.stdin is None:
                raise UnreadableGift("there is no stdin")
            else:
                body = _bounded(sys.stdin.buffer.read(_LARGEST + 1))
        except (OSError, OverflowError, TypeError) as error:  # a number beyond all
            reason = getattr(error, "strerror", None) or "it cannot be read"
            raise UnreadableGift(reason.lower()) from None
        self._read[gift] = body
        return body


def _bounded(body: bytes) -> bytes:
    if len(body) > _LARGEST:
        raise UnreadableGift("it is over 64 KiB long")
    return body


def _from_json(text: str) -> Provided | None:
    """Read the JSON form, if it is that and not a secret which looks like JSON."""
    if not text.startswith("{"):
        return None
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not found or set(found) - _KEYS:
        return None
    try:
        provided = read_answer(found)
    except InvalidAnswer as error:
        raise UnreadableGift(error.what) from None
    if provided is None:
        raise UnreadableGift("its JSON holds no secret")
    return provided
