"""A command line written anew: for the comment at the top of compiled files.

For: people and update bots, who run it again.
Does not know: what was typed: it is made of the settings of the command line, in one
order and one form (`--output-file=FILE`), so that the same command gives the same
text. Nothing that is about this machine, this run or a credential is in it.
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.pinned import format_safe_url
from admit.spec.url import mask_url_text, parse_requirement_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.config.options import Option

_LEFT_OUT = ("general", "network", "index")
"""Groups of options that say nothing about the outcome, or may hold a secret."""
_THIS_RUN = ("upgrade", "upgrade-package", "custom-compile-command")
_ALWAYS = ("index-strategy",)


def format_command(
    verb: str, operands: Sequence[str], given: Mapping[str, object]
) -> str:
    """Write the command that was given; `given`: values by key, of the line alone."""
    import shlex

    from admit.config.options import OPTIONS

    words = ["admit", verb, *map(without_secrets, operands)]
    with_indexes = bool(given.get("emit_index_url"))
    for option in OPTIONS:
        found = given.get(option.key)
        if found is not None and _is_told(option, with_indexes=with_indexes):
            words += _words_of(option, found)
    return " ".join(shlex.quote(word) for word in words)


def _is_told(option: Option, *, with_indexes: bool) -> bool:
    if option.name in _THIS_RUN:
        return False
    if option.name in _ALWAYS:
        return True
    if option.name in ("index", "index-url", "extra-index-url"):
        return with_indexes
    return option.group not in _LEFT_OUT


def _words_of(option: Option, found: object) -> list[str]:
    if option.kind == "flag":
        return [f"--{option.name}"]
    texts = found if isinstance(found, (list, tuple)) else (found,)
    return [f"--{option.name}={without_secrets(str(each))}" for each in texts]


def without_secrets(text: str) -> str:
    """Take the userinfo out of every URL in a text."""
    return " ".join(_clean(word) for word in text.split(" "))


def _clean(word: str) -> str:
    if "://" not in word:
        return word
    at = word.index("://")
    while at and (word[at - 1].isalnum() or word[at - 1] in "+.-"):
        at -= 1
    head, url = word[:at], word[at:]
    try:
        return head + format_safe_url(parse_requirement_url(url))
    except InputError:
        return head + mask_url_text(url)
