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
