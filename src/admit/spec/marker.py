"""Environment markers: for which targets a requirement counts.

For: deciding whether a requirement applies to a described interpreter and extras.
Does not know: where the environment's values come from.
Shape: text -> `Marker`; `Marker.evaluate(environment, extras)` -> bool.
Theory: an expression is a tuple of alternatives, each a tuple of comparisons or
further expressions which must all hold. Text outside our grammar (strings with
escapes, two variables, `===`, the variables of lock files) goes to `packaging`.
Spec: dependency specifiers (PEP 508), comparing extra names (PEP 685).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.names import InvalidName, normalize_extra
from admit.spec.version import (
    InvalidSpecifier,
    InvalidVersion,
    Specifier,
    parse_specifier,
    parse_version,
)
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.markers import Marker as PackagingMarker

    from admit.spec.names import ExtraName

    Expression = tuple[tuple["Comparison | Expression", ...], ...]

_VERSION_VARIABLES = frozenset(
    (
        "python_version",
        "python_full_version",
        "implementation_version",
        "platform_release",
    )
)
_VARIABLES = _VERSION_VARIABLES | frozenset(
    (
        "os_name",
        "sys_platform",
        "platform_version",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "implementation_name",
        "extra",
    )
)
_OLD_SPELLINGS = {
    "os.name": "os_name",
    "sys.platform": "sys_platform",
    "platform.version": "platform_version",
    "platform.machine": "platform_machine",
    "platform.python_implementation": "platform_python_implementation",
    "python_implementation": "platform_python_implementation",
}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_WORD = _LETTERS | frozenset("_.")
_OPERATORS = frozenset(("==", "~=", "!=", "<=", ">=", "<", ">"))
_REMEMBERED = 20_000
_markers: dict[str, Marker] = {}


class InvalidMarker(InputError):
    """A text is not a marker, or compares what cannot be compared."""

    code = "invalid-marker"


class _Declined(Exception):
    """The text is outside our grammar; `packaging` decides."""


@value
class Comparison:
    """One variable against one literal."""

    variable: str
    operator: str
    literal: str
    is_reversed: bool
    """The literal stands on the left."""
    specifier: Specifier | None
    """Operator and literal, where they make a version clause."""


class Marker:
    """A condition on the environment. Equal and hashed by `text`."""

    __slots__ = ("_expression", "_packaged", "mentions_extra", "text")

    def __init__(
        self,
        text: str,
        expression: Expression,
        packaged: PackagingMarker | None = None,
    ) -> None:
        """Use `parse_marker`; `packaged` decides instead of the expression."""
        self.text = text
        """As typed."""
        self._expression = expression
        self._packaged = packaged
        self.mentions_extra = "extra" in text and (
            packaged is not None or _mentions_extra(expression)
        )
        """False means that extras cannot change the answer."""

    def evaluate(
        self, environment: Mapping[str, str], extras: Collection[ExtraName] = ()
    ) -> bool:
        """Say whether the marker holds.

        Args:
            environment: all marker variables of PEP 508 but `extra`.
            extras: the active extras. The marker holds if it does for one of them,
                each taken alone; with none, `extra` is "".

        Raises:
            InvalidMarker: the comparison has no meaning, as in `os_name ~= "1"`.
        """
        if not self.mentions_extra or not extras:
            return self._holds(environment, "")
        return any(self._holds(environment, extra) for extra in extras)

    def _holds(self, environment: Mapping[str, str], extra: str) -> bool:
        if self._packaged is None:
            return _holds(self._expression, environment, extra)
        try:
            return self._packaged.evaluate({**environment, "extra": extra})
        except (ValueError, KeyError) as error:
            raise InvalidMarker(
                f"cannot evaluate the marker {self.text!r}", why=str(error)
            ) from error

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Marker({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Marker) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_marker(text: str) -> Marker:
    """Parse a marker, the part of a requirement after `;`.

    Raises:
        InvalidMarker: the message says where the text breaks.
    """
    marker = _markers.get(text)
    if marker is None:
        try:
            expression = _Parser(text).parse()
            marker = Marker(text.strip(), expression)
        except _Declined:
            marker = _parse_by_packaging(text)
        if len(_markers) >= _REMEMBERED:
            _markers.clear()
        _markers[text] = marker
    return marker


def _parse_by_packaging(text: str) -> Marker:
    from packaging.markers import InvalidMarker as PackagingInvalidMarker
    from packaging.markers import Marker as PackagingMarker

    try:
        return Marker(text.strip(), (), PackagingMarker(text))
    except PackagingInvalidMarker as error:
        raise InvalidMarker(f"not a valid marker: {text!r}", why=str(error)) from None
    except RecursionError:
        raise InvalidMarker(
            f"not a valid marker: {text[:60]!r}…", why="it is nested too deeply"
        ) from None


def _split_tokens(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) of strings, words, operators, brackets, and of the end.

    By hand: `re` takes longer to import than "already satisfied" has time for.
    """
    tokens: list[tuple[str, str]] = []
    position, length = 0, len(text)
    while position < length:
        first = text[position]
        end = position + 1
        if first in " \t":
            pass
        elif first in _LETTERS:
            while end < length and text[end] in _WORD:
                end += 1
            tokens.append(("word", text[position:end]))
        elif first in "\"'":
            literal = _read_literal(text, end, first)
            tokens.append(("string", literal))
            end += len(literal) + 1
        elif first in "()":
            tokens.append(("bracket", first))
        else:
            operator = text[position : position + 2]
            if operator not in _OPERATORS:
                operator = first
                if operator not in _OPERATORS:
                    raise _Declined
            tokens.append(("operator", operator))
            end = position + len(operator)
        position = end
    tokens.append(("end", ""))
    return tokens


def _read_literal(text: str, start: int, quote: str) -> str:
    end = text.find(quote, start)
    literal = text[start:end]
    if end < 0 or "\\" in literal or "\r" in literal or "\n" in literal:
        raise _Declined
    return literal


class _Parser:
    """Reads one expression by recursive descent.

    Grammar: expression = all ("or" all)*; all = atom ("and" atom)*;
    atom = "(" expression ")" | operand operator operand.
    """

    __slots__ = ("_depth", "_index", "_tokens")

    def __init__(self, text: str) -> None:
        self._tokens = _split_tokens(text)
        self._index = 0
        self._depth = 0

    def parse(self) -> Expression:
        expression = self._expression()
        if self._tokens[self._index][0] != "end":
            raise _Declined
        return expression

    def _expression(self) -> Expression:
        alternatives = [self._all()]
        while self._accept("word", "or"):
            alternatives.append(self._all())
        return tuple(alternatives)

    def _all(self) -> tuple[Comparison | Expression, ...]:
        atoms = [self._atom()]
        while self._accept("word", "and"):
            atoms.append(self._atom())
        return tuple(atoms)

    def _atom(self) -> Comparison | Expression:
        if not self._accept("bracket", "("):
            return self._comparison()
        self._depth += 1
        if self._depth > 50:
            raise _Declined
        expression = self._expression()
        if not self._accept("bracket", ")"):
            raise _Declined
        self._depth -= 1
        return expression

    def _comparison(self) -> Comparison:
        left_kind, left = self._next()
        operator = self._operator()
        right_kind, right = self._next()
        if left_kind == "word" and right_kind == "string":
            return _make_comparison(left, operator, right, is_reversed=False)
        if left_kind == "string" and right_kind == "word":
            return _make_comparison(right, operator, left, is_reversed=True)
        raise _Declined

    def _operator(self) -> str:
        kind, text = self._next()
        if kind == "operator":
            return text
        if (kind, text) == ("word", "in"):
            return "in"
        if (kind, text) == ("word", "not") and self._accept("word", "in"):
            return "not in"
        raise _Declined

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._index]
        if token[0] == "end":
            raise _Declined
        self._index += 1
        return token

    def _accept(self, kind: str, text: str) -> bool:
        if self._tokens[self._index] != (kind, text):
            return False
        self._index += 1
        return True


def _make_comparison(
    word: str, operator: str, literal: str, *, is_reversed: bool
) -> Comparison:
    variable = _OLD_SPELLINGS.get(word, word)
    if variable not in _VARIABLES or literal.startswith("="):
        raise _Declined
    if variable == "extra":
        try:
            literal = normalize_extra(literal)
        except InvalidName:
            raise _Declined from None
    specifier = None
    if variable in _VERSION_VARIABLES and not is_reversed:
        specifier = _find_specifier(operator, literal)
    return Comparison(variable, operator, literal, is_reversed, specifier)


def _find_specifier(operator: str, version: str) -> Specifier | None:
    if "," in version or operator in ("in", "not in"):
        return None
    try:
        return parse_specifier(operator + version)
    except InvalidSpecifier:
        return None


def _mentions_extra(expression: Expression) -> bool:
    return any(
        part.variable == "extra"
        if isinstance(part, Comparison)
        else _mentions_extra(part)
        for parts in expression
        for part in parts
    )


def _holds(expression: Expression, environment: Mapping[str, str], extra: str) -> bool:
    for parts in expression:
        for part in parts:
            if isinstance(part, Comparison):
                if not _compare(part, environment, extra):
                    break
            elif not _holds(part, environment, extra):
                break
        else:
            return True
    return False


def _compare(
    comparison: Comparison, environment: Mapping[str, str], extra: str
) -> bool:
    variable, literal = comparison.variable, comparison.literal
    actual = extra if variable == "extra" else environment[variable]
    if variable == "python_full_version" and actual.endswith("+"):
        actual += "local"  # what Python says of itself between two releases
    if comparison.is_reversed:
        if variable in _VERSION_VARIABLES:
            specifier = _find_specifier(comparison.operator, actual)
            if specifier is not None:
                return _contains(specifier, literal)
        return _compare_texts(literal, comparison.operator, actual)
    if comparison.specifier is not None:
        return _contains(comparison.specifier, actual)
    return _compare_texts(actual, comparison.operator, literal)


def _contains(specifier: Specifier, text: str) -> bool:
    try:
        return specifier.contains(parse_version(text))
    except InvalidVersion:
        return False


def _compare_texts(left: str, operator: str, right: str) -> bool:
    """Compare what is not versions; order has no meaning there (PEP 508)."""
    if operator in ("==", "<=", ">="):
        return left == right
    if operator == "!=":
        return left != right
    if operator == "in":
        return left in right
    if operator == "not in":
        return left not in right
    if operator == "~=":
        raise InvalidMarker(
            f"cannot compare {left!r} ~= {right!r} in a marker",
            why="~= needs versions, with two numbers at least on its right",
        )
    return False
