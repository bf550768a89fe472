"""The door: find the command, read its options, run it, turn errors into a status.

For: `admit VERB …`, with options before or after the verb; `admit pip VERB …` is the
same command. Exit status: 0 done, 1 refused or failed, 2 used wrongly.
Does not know: what commands do. It imports only what the command needs: start-up is
a feature (docs/design/0001-start-up.md).
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from admit.cli.output import Output
    from admit.config.options import Command


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["pip"]:
        del arguments[0]
    if arguments in (["--version"], ["-V"], ["version"]):
        from admit import __version__

        sys.stdout.write(f"admit {__version__}\n")
        return 0
    from admit.cli.output import Output

    output = Output()
    try:
        return _dispatch(arguments, output)
    except KeyboardInterrupt:
        output.note("interrupted; nothing was left half done")
        return 130
    except BrokenPipeError:
        _forget_stdout()
        return 120
    except Exception as error:  # noqa: BLE001  # the border: no traceback reaches users
        return _report(error, output)


def _dispatch(arguments: list[str], output: Output) -> int:
    from admit.cli.arguments import find_verb, parse_arguments
    from admit.config.options import BY_NAME, COMMANDS

    verb, rest = find_verb(arguments)
    if verb == "help":
        verb, rest = find_verb([*rest, "--help"])
    if verb is None:
        if rest and rest not in (["-h"], ["--help"]):
            _misused("no command was given, only options")
        (sys.stdout if rest else sys.stderr).write(_overview(COMMANDS))
        return 0 if rest else 2
    if verb in ("serve", "demo"):
        import gc

        from admit.cli.serve import run

        gc.enable()  # a server lives long

        return run([verb, *rest])
    command = BY_NAME.get(verb)
    if command is None:
        from admit.cli.habits import instead_of_verb

        _misused(*_unknown(verb, instead_of_verb(verb)))
    read = parse_arguments(command, rest)
    if read.wants_help:
        sys.stdout.write(_help(command, read.operands))
        return 0
    given = read.given
    output.is_json = given.get("output_format") == "json"
    from admit.config.settings import load_settings

    if command.name == "completion":  # the same text whatever is configured
        settings = load_settings({"no_config": True}, environ={})
    else:
        settings = load_settings(given, command=command.name)
    output.verbosity = settings.verbosity
    output.set_color(settings.text("color") or "auto")
    output.is_json = settings.text("output_format") == "json"
    if log := settings.text("log"):
        words = mask_words(" ".join([verb, *rest]))
        output.open_log(settings.path(log), f"admit {words}")
    for path in settings.files:
        output.detail(f"settings from {path}")
    for text in settings.warnings:
        output.warn(text)
    name = f"admit.cli.{command.module}"
    __import__(name)  # what importlib does, without importing that
    run_command = getattr(sys.modules[name], f"run_{command.name.replace('-', '_')}")
    status: int = run_command(settings, output, read.operands)
    return status


def mask_words(text: str) -> str:
    """Mask what may be a password in a text that echoes arguments."""
    from admit.spec.url import mask_url_text

    return " ".join(mask_url_text(word) for word in text.split(" "))


def _help(command: Command, operands: Mapping[str, object]) -> str:
    from admit.cli.arguments import format_help, texts_of

    if command.name != "auth":
        return format_help(command)
    from admit.cli.auth_help import format_auth_help

    return format_auth_help(command, next(iter(texts_of(operands["_words"])), None))


def _overview(commands: Sequence[Command]) -> str:
    lines = [
        "admit installs Python packages; authentication is always right.",
        "",
        "usage: admit COMMAND [OPTIONS]      (admit pip COMMAND is the same)",
        "",
        "commands:",
    ]
    width = max(len(command.name) for command in commands)
    lines += [f"  {command.name:{width}}  {command.help}" for command in commands]
    lines += [
        f"  {'serve':{width}}  serve a folder of wheels, by user (for trials)",
        f"  {'demo':{width}}  play the founding case on a local index",
        "",
        "`admit COMMAND --help` tells its options; `admit --version` the version.",
    ]
    return "\n".join(lines) + "\n"


def _unknown(verb: str, instead: str | None) -> tuple[str, str | None]:
    """What is wrong with a word that is no command, and what to do."""
    import difflib

    from admit.config.options import BY_NAME

    what = f"no command `{verb}`"
    close = difflib.get_close_matches(verb, [*BY_NAME, "serve", "demo"], 1)
    if close and not instead:
        what += f"; did you mean `{close[0]}`?"
    return what, instead


def _misused(what: str, fix: str | None = None) -> NoReturn:
    from admit.errors import UsageError

    raise UsageError(what, fix=fix or "`admit --help` lists the commands")


def _report(error: Exception, output: Output) -> int:
    from admit.errors import AdmitError, UsageError

    if isinstance(error, AdmitError):
        output.fail(error)
        return 2 if isinstance(error, UsageError) else 1
    import traceback

    output.fail(
        AdmitError(
            "this is a bug in admit, not in what you did",
            why=f"{type(error).__name__}: {error}",
            fix="run it again with -vv and report what it prints",
        )
    )
    output.detail("".join(traceback.format_exception(error)), 2)
    return 1


def _forget_stdout() -> None:
    """Keep the interpreter from failing once more when it flushes at its end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
