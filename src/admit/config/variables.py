"""`ADMIT_<OPTION>`: the environment as one layer of settings.

For: what text means for an option of each kind; other tools' variables and files
without types use it too.
Does not know: precedence, which options there are, the process's own environment.
"""

from __future__ import annotations

from admit.config.files import Layer
from admit.config.options import OPTIONS
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.config.options import Option

TRUE = ("1", "true", "yes", "on", "y", "t")
FALSE = ("0", "false", "no", "off", "n", "f", "")
_ELSEWHERE = (
    "ADMIT_CLIENT_KEY_PASSWORD",
    "ADMIT_CREDENTIALS_DIR",
    "ADMIT_PROJECT_VARIABLES",
    "ADMIT_STATE_DIR",
)
"""Variables that are no options."""


def read_variables(environ: Mapping[str, str]) -> Layer:
    """Read every `ADMIT_<OPTION>` that is set.

    Raises:
        UsageError: one has a value that cannot be understood.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for option in OPTIONS:
        text = environ.get(option.variable)
        if option.is_line_only:  # ADMIT_TOKEN may well be somebody's secret
            continue
        if text is None or (text == "" and option.kind != "flag"):
            continue
        values[option.key] = parse_text(option, text, option.variable)
        origins[option.key] = option.variable
    return Layer("environment", values, origins)


def misspelt(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Warn of variables that are none of ours by a letter or two.

    `ADMIT_INDX_URL` would leave a private index unasked without a word.
    """
    own = [name for name in environ if name.startswith("ADMIT_")]
    known = {option.variable for option in OPTIONS} if own else set()
    unknown = [name for name in own if name not in known and name not in _ELSEWHERE]
    warnings: list[str] = []
    for name in unknown:
        from difflib import get_close_matches

        close = get_close_matches(name, known, 1, 0.9)
        if close and not name.startswith("ADMIT_INDEX_"):
            warnings.append(f"{name} means nothing; is it to be {close[0]}?")
    return tuple(warnings)


def parse_text(option: Option, text: str, where: str) -> object:
    """Make the value of an option of a text without types; `where` it stands.

    Raises:
        UsageError: the text is none of the option's values.
    """
    lowered = text.strip().lower()
    if option.kind == "flag":
        if lowered in TRUE:
            return True
        if lowered in FALSE:
            return False
        raise UsageError(f"{where} wants true or false, not {text!r}")
    if option.kind in ("number", "count"):
        try:
            return float(lowered) if option.kind == "number" else int(lowered)
        except ValueError:
            raise UsageError(f"{where} wants a number, not {text!r}") from None
    if option.kind == "list":
        return text.split()
    if option.kind == "choice" and text not in option.choices:
        raise UsageError(f"{where} wants one of {', '.join(option.choices)}")
    return text
