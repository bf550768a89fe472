"""keyring, only if it is switched on: in process, or as a command.

For: rule R3.6 of docs/auth.md, pains E1 to E11. Asked with the index URL as it is
configured, then with host[:port]; the pair that comes back is used.
Does not know: precedence, scope; what was asked before (auth.sources.asked).
Shape: `ImportedKeyring` and `KeyringCommand` answer `(service, username)` with a pair,
None, or `PlaceFailed`; `keyring_place` makes a `Place` of one.
"""

from __future__ import annotations

import os

from admit.auth.provided import InvalidAnswer, parse_answer, strip_line_end
from admit.auth.scheme import Credential, is_token_shaped, show_user
from admit.auth.scrub import mask_shapes
from admit.auth.sources.asked import Manner, Memory, PlaceFailed
from admit.auth.sources.child import Bounds, ChildFailed, run_child
from admit.auth.sources.place import Missing, Place
from admit.auth.sources.time_limit import OutOfTime, call_within
from admit.spec.url import Secret
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Protocol

    from admit.auth.sources.place import Question
    from admit.spec.url import Url
else:
    Protocol = object

RANK = 6
_NO_BACKEND = ("NoKeyringError", "No recommended backend")


@value
class Pair:
    """What keyring has: a user, if it says one, and a secret."""

    username: str | None
    secret: Secret


class Keyring(Protocol):
    """One way to ask keyring."""

    where: str
    """Which one it is, for messages."""
    is_old: bool
    """It must be told a user name (keyring before 25.2)."""

    def look_up(self, service: str, username: str | None) -> Pair | None:
        """Return what there is; raises `PlaceFailed`."""


def keyring_place(keyring: Keyring, told: list[str], *, name: str = "keyring") -> Place:
    """Return the place that asks a keyring, at most once per source and user."""

    def ask(question: Question) -> Credential | Missing:
        return _ask(keyring, question, told)

    fix = (
        "mend it, choose another with --keyring-command, or switch it off with "
        "--keyring disabled"
    )
    manner = Manner("keyring", fix)
    return Place(RANK, name, Memory(ask, manner, told))


def _ask(keyring: Keyring, question: Question, told: list[str]) -> Credential | Missing:
    username = question.username
    if username is not None and is_token_shaped(username):
        return Missing("not asked: the user name is a token")
    for service in _services(question.query.source.url):
        pair = keyring.look_up(service, username)
        if pair is None or not pair.secret:
            continue
        user = pair.username if pair.username is not None else username
        if user is None:
            raise PlaceFailed(f"it has a secret for {service}, but no user name")
        if username is not None and user != username:
            text = (
                f"keyring has {show_user(user)}, not {show_user(username)}, for "
                f"{service}; what it has is used"
            )
            if text not in told:
                told.append(text)
        where = f"{service} by {keyring.where}"
        return Credential(user, pair.secret, "keyring", where, is_ambient=True)
    if keyring.is_old and not username:
        return Missing(
            f"{keyring.where} is older than 25.2 and must be told a user name, in the "
            "URL"
        )
    whose = f" of {show_user(username)}" if username is not None else ""
    return Missing(
        f"no entry{whose} for {question.query.source.url.host} by {keyring.where}"
    )


def _services(url: Url) -> Iterator[str]:
    """The names under which keyring may know a source (pain E4)."""
    whole = url.without_fragment().text
    if mask_shapes(whole) == whole:  # a token in the path goes into no argv
        yield whole
    origin = url.origin
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    default = {"http": 80, "https": 443}.get(origin.scheme)
    if origin.port != default:
        yield f"{host}:{origin.port}"
    else:
        yield host


class ImportedKeyring:
    """The `keyring` package in this process."""

    where = "import"
    is_old = False

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def look_up(self, service: str, username: str | None) -> Pair | None:
        """See `Keyring`."""
        try:
            return call_within(self._seconds, lambda: _imported(service, username))
        except OutOfTime:
            raise PlaceFailed(f"no answer within {self._seconds:g} seconds") from None
        except ImportError:
            raise PlaceFailed(
                "the package keyring is not installed beside admit; "
                "`admit[keyring]` brings it"
            ) from None
        except PlaceFailed:
            raise
        except Exception as error:  # noqa: BLE001  # backends raise what they like
            name = type(error).__name__
            if name == "NoKeyringError":
                raise PlaceFailed("it has no backend on this machine") from None
            raise PlaceFailed(f"its backend raised {name}") from None


def _imported(service: str, username: str | None) -> Pair | None:
    import keyring

    found = keyring.get_credential(service, username)
    if found is None:
        return None
    name = getattr(found, "username", None)
    password = found.password
    if type(password) is not str or not (name is None or type(name) is str):
        raise PlaceFailed("its backend answered something that is not text")
    return Pair(name, Secret(password))


class KeyringCommand:
    """The command `keyring`, or another one that speaks like it."""

    def __init__(
        self,
        executable: str,
        environ: Mapping[str, str],
        seconds: float,
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self.where = executable
        """As given; once it was found, its path (pain E9)."""
        self._environ = environ
        self._is_found = False
        self._seconds = seconds
        self._show = show
        self.is_old = False

    def look_up(self, service: str, username: str | None) -> Pair | None:
        """See `Keyring`."""
        if not self._is_found:
            self.where = find_command(self.where, self._environ)
            self._is_found = True
        try:
            return self._look_up(service, username)
        except PlaceFailed as failure:
            raise PlaceFailed(f"{self.where}: {failure}") from None

    def _look_up(self, service: str, username: str | None) -> Pair | None:
        if not self.is_old:
            words = ["--mode", "creds", "--output", "json", "get", service]
            ended = self._run([*words, *([username] if username else [])])
            if ended is None:
                return None
            if not self.is_old:
                return self._read_pair(ended)
        if not username:
            return None
        ended = self._run(["get", service, username])
        return None if ended is None else self._read_secret(ended)

    def _run(self, words: list[str]) -> bytes | None:
        """Return what it answered, None if it has nothing (pain E10)."""
        hold_back = b"usage:" if words[0] == "--mode" else b""
        try:
            ended = run_child(
                [self.where, *words],
                self._environ,
                bounds=Bounds(self._seconds, hold_back=hold_back),
                show=self._show,
            )
        except ChildFailed as failure:
            raise PlaceFailed(str(failure)) from None
        if ended.status == 0:
            return ended.stdout
        words_of_it = ended.stderr.decode(errors="replace")
        if hold_back and ended.status == 2 and "--mode" in words_of_it:
            self.is_old = True
            return b""
        if ended.status == 1 and not words_of_it.strip():
            return None
        if any(each in words_of_it for each in _NO_BACKEND):
            raise PlaceFailed("it has no backend on this machine")
        told = "; its own words are above" if words_of_it.strip() else ""
        raise PlaceFailed(f"it ended with status {ended.status}{told}")

    def _read_pair(self, answer: bytes) -> Pair | None:
        try:
            found = parse_answer(answer)
        except InvalidAnswer as error:
            raise PlaceFailed(error.what) from None
        return None if found is None else Pair(found.username, found.secret)

    def _read_secret(self, answer: bytes) -> Pair | None:
        try:
            text = strip_line_end(answer).decode()
        except UnicodeDecodeError:
            raise PlaceFailed("it answered something that is not UTF-8") from None
        return Pair(None, Secret(text)) if text else None


def find_command(given: str, environ: Mapping[str, str]) -> str:
    """Return the path of the command `keyring`, or of the one that was given.

    Raises:
        PlaceFailed: there is none.
    """
    import shutil

    found = shutil.which(given, path=environ.get("PATH", os.defpath))
    if found is None:
        raise PlaceFailed(f"there is no command {given}")
    return os.path.abspath(found)
