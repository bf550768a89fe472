"""The command line, read by the table of options.

For: options before or after the verb, help, and mistakes told in words of ours.
Does not know: what options do. The standard library's parser does more than we need,
and to import and fill it takes longer than all else of a fast command
(docs/design/0001-start-up.md).
Shape: `Arguments` out of a command and the words behind it.
Forms: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-vv`, and `--`, after
which everything is an operand.
"""

from __future__ import annotations

from admit.config.options import OPTIONS, options_of
from admit.errors import UsageError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from admit.config.options import Command, Option

_WIDTH = 80
_INDENT = 24


@value
class Arguments:
    """What a command was told."""

    given: dict[str, object]
    """Values of options, by key; only of those that were given."""
    operands: dict[str, object]
    """By name, with `_` before it: a list for "*", a text or None for "?"."""
    wants_help: bool = False


def find_verb(arguments: Sequence[str]) -> tuple[str | None, list[str]]:
    """Split off the verb; options before it are moved behind it."""
    takes_value = {
        flag for option in OPTIONS if _takes_value(option) for flag in option.flags
    }
    position = 0
    before: list[str] = []
    while position < len(arguments):
        argument = arguments[position]
        if not argument.startswith("-") or argument == "-":
            rest = list(arguments[position + 1 :])
            if argument == "pip" and rest:
                verb, others = find_verb(rest)
                return verb, [*before, *others]
            return argument, [*before, *rest]
        before.append(argument)
        has_value = argument in takes_value or _is_passed_with_value(argument)
        if has_value and position + 1 < len(arguments):
            position += 1
            before.append(arguments[position])
        position += 1
    return None, before


def parse_arguments(command: Command, words: Sequence[str]) -> Arguments:
    """Read the words behind a verb.

    Raises:
        UsageError: an option is unknown, lacks its value or has an impossible one, or
            there are too many operands.
    """
    by_flag = {flag: option for option in options_of(command) for flag in option.flags}
    reading = _Reading(command, by_flag, words)
    reading.run()
    return reading.result()


class _Reading:
    """One command line, word by word."""

    def __init__(
        self, command: Command, by_flag: dict[str, Option], words: Sequence[str]
    ) -> None:
        self._command = command
        self._by_flag = by_flag
        self._words = list(reversed(words))
        self._given: dict[str, object] = {}
        self._lists: dict[str, list[object]] = {}
        self._operands: list[str] = []
        self._wants_help = False

    def run(self) -> None:
        while self._words:
            word = self._words.pop()
            if word == "--":
                self._operands += reversed(self._words)
                return
            if word in ("-h", "--help"):
                self._wants_help = True
                return
            if word.startswith("--"):
                self._read_long(word)
            elif word.startswith("-") and word != "-":
                self._read_short(word)
            else:
                self._operands.append(word)

    def result(self) -> Arguments:
        operands: dict[str, object] = {}
        left = self._operands
        for operand in self._command.operands:
            if operand.nargs == "*":
                operands[f"_{operand.name}"], left = left, []
            else:
                operands[f"_{operand.name}"] = left[0] if left else None
                left = left[1:]
        if left and not self._wants_help:
            raise self._mistake(f"`{_masked(left[0])}` is one word too many")
        return Arguments(self._given, operands, self._wants_help)

    def _read_long(self, word: str) -> None:
        flag, equals, text = word.partition("=")
        option = self._by_flag.get(flag)
        if option is None:
            self._pass_by(flag, text if equals else None)
        elif not _takes_value(option):
            if equals:
                raise self._mistake(f"{flag} takes no value")
            self._note(option, flag, "")
        else:
            self._note(option, flag, text if equals else self._value_of(option, flag))

    def _read_short(self, word: str) -> None:
        """Read `-v`, `-vv`, `-rFILE`, `-Un`."""
        at = 1
        while at < len(word):
            flag = f"-{word[at]}"
            option = self._by_flag.get(flag)
            if option is None:
                raise self._unknown(flag)
            at += 1
            if _takes_value(option):
                rest = word[at:].removeprefix("=")
                self._note(option, flag, rest or self._value_of(option, flag))
                return
            self._note(option, flag, "")

    def _pass_by(self, flag: str, text: str | None) -> None:
        """Read an option of pip or uv that changes nothing here, or means one of ours.

        Raises:
            UsageError: it is no such option.
        """
        from admit.cli.habits import PASSED, meaning_of

        if flag not in PASSED:
            raise self._unknown(flag)
        if PASSED[flag] and text is None and self._words:
            text = self._words.pop()
        if meaning := meaning_of(flag, text or ""):
            key, means = meaning
            self._given[key] = means

    def _unknown(self, flag: str) -> UsageError:
        from admit.cli.habits import instead_of_option

        return self._mistake(
            f"`admit {self._command.name}` has no option {_masked(flag)}",
            instead_of_option(flag)
            or (_closest(flag, self._by_flag) if flag.startswith("--") else None),
        )

    def _value_of(self, option: Option, flag: str) -> str:
        if not self._words or self._words[-1] in self._by_flag:
            if option.implied is not None:
                return option.implied
            raise self._mistake(f"{flag} wants a value")
        return self._words.pop()

    def _note(self, option: Option, flag: str, text: str) -> None:
        key = option.key
        if option.kind == "flag":
            self._given[key] = True
        elif option.kind == "count":
            former = self._given.get(key, 0)
            self._given[key] = former + 1 if isinstance(former, int) else 1
        elif option.kind == "list":
            self._lists.setdefault(key, []).append(text)
            self._given[key] = self._lists[key]
        elif option.kind == "number":
            try:
                self._given[key] = float(text)
            except ValueError:
                raise self._mistake(f"{flag} wants a number") from None
        elif option.kind == "choice" and text not in option.choices:
            raise self._mistake(f"{flag} wants one of {', '.join(option.choices)}")
        else:
            self._given[key] = text

    def _mistake(self, what: str, fix: str | None = None) -> UsageError:
        return UsageError(
            what, fix=fix or f"`admit {self._command.name} --help` lists the options"
        )


def texts_of(operand: object) -> list[str]:
    """Return the words of an operand that takes several."""
    return [str(each) for each in operand] if isinstance(operand, list) else []


def format_help(command: Command) -> str:
    """Return what `--help` prints."""
    usage = f"usage: admit {command.name} [OPTIONS]"
    for operand in command.operands:
        usage += (
            f" [{operand.metavar} ...]"
            if operand.nargs == "*"
            else f" [{operand.metavar}]"
        )
    lines = [usage, "", f"{command.help[0].upper()}{command.help[1:]}."]
    if command.operands:
        lines += ["", "operands:"]
        for operand in command.operands:
            lines += _entry(operand.metavar, operand.help)
    lines += ["", "options:", *_entry("-h, --help", "show this and stop")]
    lines += format_options(options_of(command))
    lines += [
        "",
        "Every option is also a variable, ADMIT_<OPTION>, and a setting of admit.toml.",
    ]
    return "\n".join(lines) + "\n"


def format_options(options: Iterable[Option]) -> list[str]:
    """Return the lines that tell of options."""
    return [line for each in options for line in _entry(_label(each), each.help)]


def _label(option: Option) -> str:
    if not _takes_value(option):
        return ", ".join(option.flags)
    metavar = option.metavar or "|".join(option.choices)
    return f"{', '.join(option.flags)} {metavar}"


def _entry(label: str, text: str) -> Iterable[str]:
    """A label and its text, wrapped beside it."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) + 1 > _WIDTH - _INDENT:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(label) > _INDENT - 4:
        yield f"  {label}"
    else:
        yield f"  {label:{_INDENT - 2}}{lines.pop(0)}"
    for line in lines:
        yield " " * _INDENT + line


def _takes_value(option: Option) -> bool:
    return option.kind not in ("flag", "count")


def _is_passed_with_value(flag: str) -> bool:
    """Whether it is an option of pip or uv that a value follows, and is passed by."""
    if not flag.startswith("--") or "=" in flag:
        return False
    from admit.cli.habits import PASSED

    return PASSED.get(flag, False)


def _closest(flag: str, known: Iterable[str]) -> str | None:
    import difflib

    found = difflib.get_close_matches(flag, list(known), 1)
    return f"did you mean {found[0]}?" if found else None


def _masked(word: str) -> str:
    from admit.spec.url import mask_url_text

    return mask_url_text(word)
