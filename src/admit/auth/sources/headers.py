"""Headers of an index: where their values come from.

For: `headers = { X-Api-Key = "env:API_KEY" }` of an index (pain F11).
Does not know: where they may go (auth.scope treats them as the source's credential).
Shape: a reference (`env:NAME`, `file:PATH`, `cmd:COMMAND …`) -> its value. A value
itself in a file would be a secret in a file: it is refused when configured.
"""

from __future__ import annotations

from admit.auth.provided import strip_line_end
from admit.auth.query import Problem
from admit.auth.sources.child import Bounds, ChildFailed, run_child
from admit.spec.url import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from admit.auth.scheme import Headers
    from admit.auth.scope import Source, SourceKey

_LARGEST = 64 * 1024


class NoValue(Exception):
    """A reference leads to no value; the message does not hold any."""


class HeaderValues:
    """Finds the values of headers, once a run for each source."""

    def __init__(
        self,
        environ: Mapping[str, str],
        seconds: float,
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self._environ = environ
        self._seconds = seconds
        self._show = show
        self._known: dict[SourceKey, Headers | Problem] = {}

    def __call__(self, source: Source, is_refused: bool) -> Headers | Problem:
        """Return the headers of a source, or why one has no value.

        Args:
            source: whose.
            is_refused: look again, for what was found was refused.
        """
        known = None if is_refused else self._known.get(source.key)
        if known is None:
            known = self._known[source.key] = self._find(source)
        return known

    def _find(self, source: Source) -> Headers | Problem:
        found = []
        for name, reference in source.headers:
            kind, _, rest = reference.partition(":")
            try:
                text = {
                    "env": self._of_variable,
                    "file": self._of_file,
                    "cmd": self._of_command,
                }[kind](rest)
                _check(text)
            except NoValue as error:
                where = f"{kind}:{rest.partition(' ')[0]}"
                return Problem(
                    f"its header {name} takes its value from {where}: {error}",
                    "correct `headers` of the index, or what it refers to",
                )
            found.append((name, Secret(text)))
        return tuple(found)

    def _of_variable(self, name: str) -> str:
        text = self._environ.get(name)
        if not text:
            raise NoValue("the variable is unset or empty")
        return text

    def _of_file(self, path: str) -> str:
        try:
            with open(path, "rb") as stream:
                return _decode(stream.read(_LARGEST + 1))
        except OSError as error:
            raise NoValue((error.strerror or "it cannot be read").lower()) from None

    def _of_command(self, line: str) -> str:
        import shlex

        try:
            words = shlex.split(line)
            if not words:
                raise NoValue("there is no command")
            ended = run_child(
                words, self._environ, bounds=Bounds(self._seconds), show=self._show
            )
        except ValueError:
            raise NoValue("a quote is not closed") from None
        except ChildFailed as failure:
            raise NoValue(str(failure)) from None
        if ended.status != 0:
            raise NoValue(f"it ended with status {ended.status}")
        return _decode(ended.stdout)


def _decode(body: bytes) -> str:
    if len(body) > _LARGEST:
        raise NoValue("it is over 64 KiB long")
    try:
        return strip_line_end(body).decode()
    except UnicodeDecodeError:
        raise NoValue("it is not UTF-8") from None


def _check(text: str) -> None:
    if not text:
        raise NoValue("it is empty")
    if any(mark < " " or mark == "\x7f" for mark in text):
        raise NoValue("it holds a control character, such as a line end")
