"""netrc files: every entry, with its line.

For: one place a credential may come from (rule R3.5 of docs/auth.md).
Does not know: precedence, scope, which source asks.
Shape: text -> `NetrcFile` of `Entry`s (all of them, also several of one machine);
`read_netrc` finds and reads the file that counts.
Spec: the grammar is that of CPython's `netrc` module; stricter where that one would
swallow the rest of the file without a word (a quote that is never closed), laxer
where a `#` begins a comment of several words.
"""

from __future__ import annotations

import os

from admit.errors import InputError
from admit.spec.url import Secret
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.spec.url import Origin

_BLANK = "\n\t\r "
_LARGEST = 1024 * 1024
_KEYWORDS = ("machine", "default", "macdef")


class InvalidNetrc(InputError):
    """A netrc text breaks the grammar; the message never shows the text."""

    code = "invalid-netrc"

    def __init__(self, line: int, expected: str) -> None:
        super().__init__(f"line {line}: expected {expected}")
        self.line = line
        self.expected = expected


@value
class Entry:
    """One `machine` or `default` of a netrc."""

    machine: str | None
    """As written; None for `default`."""
    login: str | None
    password: Secret | None
    """None if the entry has no `password`; empty if it says `password ""`."""
    line: int


@value
class NetrcFile:
    """A netrc that was read, or the reason why it was not."""

    path: str | None
    """None where there is no file."""
    shown: str
    """How messages call it: as `$NETRC` has it, or with the home folder as `~`."""
    entries: tuple[Entry, ...] = ()
    trouble: str | None = None
    """Why nothing can be taken from it, without its contents."""
    is_chosen: bool = False
    """`$NETRC` names it, so that its absence is an error."""
    words: str = ""
    """The text in lower case, kept only if it broke the grammar."""
    warnings: tuple[str, ...] = ()

    def names(self, host: str) -> bool:
        """Tell whether a text that could not be parsed speaks of a host."""
        return host.lower() in self.words


def parse_netrc(text: str) -> tuple[Entry, ...]:
    """Parse a netrc text, newlines already universal.

    Raises:
        InvalidNetrc: with the line and what was expected there.
    """
    lexer = _Lexer(text)
    entries: list[Entry] = []
    while (word := lexer.next_word()) is not None:
        if word.startswith("#") and not lexer.was_quoted:
            lexer.skip_comment()
        elif word == "macdef":
            lexer.next_word()
            lexer.skip_macro()
        elif word == "machine":
            line = lexer.word_line
            name = lexer.next_word()
            if not name:
                raise InvalidNetrc(line, "a host name after `machine`")
            entries.append(_parse_entry(lexer, name, line))
        elif word == "default":
            entries.append(_parse_entry(lexer, None, lexer.word_line))
        else:
            raise InvalidNetrc(
                lexer.word_line, "`machine`, `default`, `macdef` or a comment"
            )
    return tuple(entries)


def _parse_entry(lexer: _Lexer, machine: str | None, line: int) -> Entry:
    login: str | None = None
    password: Secret | None = None
    while (word := lexer.next_word()) is not None:
        if word.startswith("#") and not lexer.was_quoted:
            lexer.skip_comment()
        elif word in _KEYWORDS:
            lexer.push_back()
            break
        elif word in ("login", "user"):
            login = lexer.next_word() or ""
        elif word == "account":
            lexer.next_word()
        elif word == "password":
            text = lexer.next_word()
            password = None if text is None else Secret(text)
        else:
            raise InvalidNetrc(
                lexer.word_line,
                "`login`, `password`, `account` or the next `machine`",
            )
    return Entry(machine, login, password, line)


class _Lexer:
    """Cuts a netrc into words: quotes, backslashes, and the line of each."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._before = (0, 1)
        self.word_line = 1
        self.was_quoted = False

    def next_word(self) -> str | None:
        """Return the next word, None at the end."""
        text, length = self._text, len(self._text)
        self._before = (self._at, self._line)
        while self._at < length and text[self._at] in _BLANK:
            self._step()
        self.word_line = self._line
        if self._at >= length:
            return None
        self.was_quoted = text[self._at] == '"'
        if self.was_quoted:
            self._step()
        return self._read_word()

    def _read_word(self) -> str:
        text, length, word = self._text, len(self._text), ""
        while self._at < length:
            mark = text[self._at]
            if self.was_quoted and mark == '"':
                self._step()
                return word
            if not self.was_quoted and mark in _BLANK:
                return word
            if mark == "\\":
                self._step()
                mark = text[self._at : self._at + 1]
            word += mark
            if mark:
                self._step()
        if self.was_quoted:
            raise InvalidNetrc(self.word_line, 'a closing quote (")')
        return word

    def push_back(self) -> None:
        """Forget the word just read."""
        self._at, self._line = self._before

    def skip_comment(self) -> None:
        """Go to the end of the line on which the word just read stands."""
        while self._at < len(self._text) and self._text[self._at] != "\n":
            self._step()

    def skip_macro(self) -> None:
        """Go past the empty line that ends a macro definition."""
        end = self._text.find("\n\n", self._at)
        if end == -1:
            raise InvalidNetrc(self.word_line, "an empty line after the macro")
        while self._at < end + 2:
            self._step()

    def _step(self) -> None:
        if self._text[self._at] == "\n":
            self._line += 1
        self._at += 1


def entries_for(
    file: NetrcFile, origin: Origin
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Return the entries of `machine host:port`, and those of `machine host`."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    exact, loose = f"{host}:{origin.port}", (origin.host, host)
    return (
        tuple(each for each in file.entries if _name(each) == exact),
        tuple(each for each in file.entries if _name(each) in loose),
    )


def _name(entry: Entry) -> str | None:
    return None if entry.machine is None else entry.machine.lower()


def read_netrc(environ: Mapping[str, str], home: str) -> NetrcFile:
    """Find and read the netrc that counts.

    `$NETRC`, and then no other; else `~/.netrc`, else `~/_netrc`.
    """
    chosen = environ.get("NETRC", "")
    if chosen:
        is_home = chosen[0] == "~" and not chosen[1:2].strip(f"/{os.sep}")
        path = home + chosen[1:] if is_home else chosen
        return _read(path, chosen, is_chosen=True)
    for name in (".netrc", "_netrc"):
        path = os.path.join(home, name)
        if os.path.lexists(path):
            return _read(path, f"~/{name}", is_chosen=False)
    return NetrcFile(None, "~/.netrc")


def _read(path: str, shown: str, *, is_chosen: bool) -> NetrcFile:
    try:
        with open(path, "rb") as stream:
            body = stream.read(_LARGEST + 1)
            mode = os.fstat(stream.fileno()).st_mode
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        warnings = () if is_chosen else (f"cannot read {shown}: {reason}",)
        return NetrcFile(
            path, shown, (), reason, is_chosen=is_chosen, warnings=warnings
        )
    if len(body) > _LARGEST:
        return NetrcFile(path, shown, (), "it is over 1 MiB long", is_chosen=is_chosen)
    text = body.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    text = text.replace("\r", "\n")
    try:
        _check_utf8(body)
        entries = parse_netrc(text)
    except InvalidNetrc as error:
        where = f"{shown}:{error.line}"
        return NetrcFile(
            path,
            shown,
            (),
            f"syntax error in line {error.line}",
            is_chosen=is_chosen,
            words=text.lower(),
            warnings=(f"{where}: expected {error.expected}; the file is not used",),
        )
    return NetrcFile(
        path,
        shown,
        entries,
        is_chosen=is_chosen,
        warnings=(*_warn_of_mode(shown, mode, entries), *_warn_of_urls(shown, entries)),
    )


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise InvalidNetrc(line, "UTF-8 text") from None


def _warn_of_mode(shown: str, mode: int, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    is_regular = mode & 0o170000 == 0o100000
    has_secret = any(entry.password for entry in entries)
    if os.name != "posix" or not is_regular or not mode & 0o004 or not has_secret:
        return ()
    return (f"every user of this machine can read {shown}; `chmod 600` closes it",)


def _warn_of_urls(shown: str, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    return tuple(
        f"{shown}:{entry.line}: `machine` takes a host or host:port, not a URL; "
        "the entry is never used"
        for entry in entries
        if entry.machine and ("/" in entry.machine or "@" in entry.machine)
    )
