"""What `admit auth --help` and `admit auth VERB --help` print.

For: eight verbs under one command, of which each takes a few options of its own.
Does not know: what verbs do; that is in `cli.auth` and its neighbours.
"""

from __future__ import annotations

from admit.cli.arguments import format_options
from admit.config.options import options_of
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.config.options import Command

_SOURCE = "SOURCE is the name of an index, or a URL"


@value
class Verb:
    """One verb of `admit auth`."""

    usage: str
    help: str
    options: tuple[str, ...] = ()
    """Names of the options that are made for it."""


VERBS = {
    "explain": Verb(
        "explain [SOURCE ...]",
        "tell as whom each index is asked, and send nothing",
        ("json",),
    ),
    "check": Verb(
        "check [SOURCE ...]",
        "ask each index, as you and as nobody, and compare",
        ("project", "json"),
    ),
    "login": Verb(
        "login SOURCE",
        "store a credential, after trying it",
        ("username", "token", "password-stdin", "no-verify"),
    ),
    "logout": Verb("logout SOURCE", "remove it from the store", ("username",)),
    "list": Verb("list", "list what is stored, without the secrets", ("json",)),
    "token": Verb("token SOURCE", "print the secret that an index is asked with"),
    "forget": Verb("forget SOURCE", "forget that an index was used with a credential"),
    "dir": Verb("dir", "print the folder of the store"),
}


def overview() -> str:
    """The verbs, one a line."""
    width = max(len(verb.usage) for verb in VERBS.values())
    lines = [f"  {verb.usage:{width}}  {verb.help}" for verb in VERBS.values()]
    return "\n".join(
        (
            "usage: admit auth VERB [OPTIONS]",
            "",
            "verbs:",
            *lines,
            "",
            f"{_SOURCE}.",
            "`admit auth VERB --help` tells the options of a verb.",
            "",
        )
    )


def format_auth_help(command: Command, name: str | None) -> str:
    """Return the help of one verb, or of all."""
    verb = VERBS.get(name or "")
    if verb is None:
        lines = [overview(), "options:", *format_options(options_of(command)), ""]
    else:
        lines = list(_help_of(command, verb))
    return "\n".join(lines)


def _help_of(command: Command, verb: Verb) -> Iterator[str]:
    own = [each for each in options_of(command) if each.name in verb.options]
    yield f"usage: admit auth {verb.usage} [OPTIONS]"
    yield f"\n{verb.help[0].upper()}{verb.help[1:]}."
    if "SOURCE" in verb.usage:
        of_all = "; without any, all configured indexes" if "[" in verb.usage else ""
        yield f"{_SOURCE}{of_all}."
    if own:
        yield "\noptions:"
        yield from format_options(own)
    yield (
        "\nBesides, every verb takes the options of indexes, of the network and of "
        "printing:\n`admit auth --help` lists them.\n"
    )
