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
_NO_BACKEND = "it has no backend on this machine"
_NO_BACKEND_SIGNS = ("NoKeyringError", "No recommended backend")


@value
class Pair:
    """What keyring has: a user, if it says one, and a secret."""

    username: str | None
    secret: Secret


class Keyring(Protocol):
    """One way to ask keyring."""

    where: str
    """Which one it is, for messages."""

    @property
    def wants_name(self) -> str:
        """Why it has no answer unless it is told a user name; empty if it may have."""

    def look_up(self, service: str, username: str | None) -> Pair | None:
        """Return what there is; raises `PlaceFailed`."""


def keyring_place(keyring: Keyring, told: list[str], *, name: str = "keyring") -> Place:
    """Return the place that asks a keyring, at most once per source and user."""

    def ask(question: Question) -> Credential | Missing:
        answer = _ask(keyring, question, told)
        if isinstance(answer, Missing) and question.username is None:
            _tell_unasked(keyring, told)
        return answer

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
    if keyring.wants_name and not username:
        return Missing(f"{keyring.wants_name} and must be told a user name, in the URL")
    whose = f" of {show_user(username)}" if username is not None else ""
    return Missing(
        f"no entry{whose} for {question.query.source.url.host} by {keyring.where}"
    )


def _tell_unasked(keyring: Keyring, told: list[str]) -> None:
    """Say that a keyring which was switched on could not be asked."""
    text = (
        f"keyring was not asked: {keyring.wants_name} and must be told a user name; "
        "write it into the URL (https://NAME@…)"
    )
    if keyring.wants_name and text not in told:
        told.append(text)


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

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.wants_name = ""

    def look_up(self, service: str, username: str | None) -> Pair | None:
        """See `Keyring`."""
        try:
            return call_within(self._seconds, lambda: self._look_up(service, username))
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
                raise PlaceFailed(_NO_BACKEND) from None
            raise PlaceFailed(f"its backend raised {name}") from None

    def _look_up(self, service: str, username: str | None) -> Pair | None:
        import keyring

        found = keyring.get_credential(service, username)
        if found is not None:
            return _pair_of(found)
        if username is None:
            self._judge(keyring.get_keyring())
        return None

    def _judge(self, backend: object) -> None:
        """Tell a backend that was asked in vain from one that cannot be asked so.

        keyring's own `get_credential` answers None where it is told no name, without
        a look at what is there, or at whether there is anything to look at.
        """
        from keyring.backend import KeyringBackend

        kind = type(backend)
        if kind.__module__ == "keyring.backends.fail":
            raise PlaceFailed(_NO_BACKEND)
        own = getattr(kind, "get_credential", None)
        if (
            own is KeyringBackend.get_credential
            and kind.__module__ != "keyring.backends.null"
        ):
            self.wants_name = f"its backend {kind.__name__} cannot look without one"


def _pair_of(found: object) -> Pair:
    try:
        name = getattr(found, "username", None)
    except ValueError:  # keyring's AnonymousCredential
        name = None
    password = getattr(found, "password", None)
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
        self._is_old = False
        self._has_backend: bool | None = None

    @property
    def wants_name(self) -> str:
        """See `Keyring`."""
        return f"{self.where} is older than 25.2" if self._is_old else ""

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
        if not self._is_old:
            words = ["--mode", "creds", "--output", "json", "get", service]
            ended = self._run([*words, *([username] if username else [])])
            if ended is None:
                if username is None:
                    self._look_for_backend()
                return None
            if not self._is_old:
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
        if hold_back and ended.status == 2 and _is_unknown_mode(words_of_it):
            self._is_old = True
            return b""
        if ended.status == 1 and not words_of_it.strip():
            return None
        if any(each in words_of_it for each in _NO_BACKEND_SIGNS):
            raise PlaceFailed(_NO_BACKEND)
        told = "; its own words are above" if words_of_it.strip() else ""
        raise PlaceFailed(f"it ended with status {ended.status}{told}")

    def _look_for_backend(self) -> None:
        """Tell "nothing" from "no backend": without a name keyring says neither."""
        if self._has_backend is None:
            command = [self.where, "--list-backends"]
            try:
                ended = run_child(
                    command,
                    self._environ,
                    bounds=Bounds(self._seconds),
                    show=lambda _: None,
                )
            except ChildFailed:
                return  # another command than keyring's own
            self._has_backend = _lists_a_backend(ended.stdout)
        if not self._has_backend:
            raise PlaceFailed(_NO_BACKEND)

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


def _is_unknown_mode(words: str) -> bool:
    """Tell a keyring before 25.2, which takes `creds` for the operation."""
    return "invalid choice: 'creds'" in words or "--mode" in words


def _lists_a_backend(listing: bytes) -> bool:
    """Read `keyring --list-backends`; true also if it is no such list."""
    marks = [line.partition(b"(priority: ")[2] for line in listing.splitlines()]
    ranks = [mark.rstrip(b") ") for mark in marks if mark]
    # The stand-ins for "none" have zero or less; some print a fraction.
    return not ranks or any(rank[:1] != b"-" and rank.strip(b"0.") for rank in ranks)


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
