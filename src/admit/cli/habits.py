"""Words of pip and uv that admit does not have, and what to type in their place.

For: people who type without thinking: an answer, where there would be "no such option";
and scripts that switch by changing one word: options that ask for what admit does
anyway are passed by.
Does not know: admit's own words. Read only after a word was not among them.
"""

from __future__ import annotations

_PROJECTS = "admit is an installer and leaves projects alone"

PASSED: dict[str, bool] = {
    "--disable-pip-version-check": False,
    "--no-color": False,
    "--no-compile": False,
    "--no-compile-bytecode": False,
    "--no-python-downloads": False,
    "--no-python-version-warning": False,
    "--no-warn-conflicts": False,
    "--no-warn-script-location": False,
    "--prefer-binary": False,
    "--progress-bar": True,
    "--python-preference": True,
    "--root-user-action": True,
    "--use-pep517": False,
}
"""Options that change nothing here or mean one of ours; whether a value follows."""

_OPTIONS: dict[str, str] = {
    "--user": "make an environment with `admit venv`, or say --prefix DIR",
    "--root": "say --prefix DIR or --target DIR",
    "-I": "say --reinstall",
    "--ignore-installed": "say --reinstall",
    "--upgrade-strategy": "leave it away: -U upgrades all, -P NAME what is named",
    "--isolated": "say --no-config or --no-foreign-config",
    "--universal": "one run for each --python-platform; universal files come later",
}

_VERBS: dict[str, str] = {
    "add": f"{_PROJECTS}: `admit install NAME`",
    "build": "admit builds what it installs, and makes no releases",
    "debug": "`admit config` tells what is set, -v what is done",
    "export": f"{_PROJECTS}: `admit compile` writes what fits together",
    "hash": "`admit compile --generate-hashes` writes hashes",
    "init": _PROJECTS,
    "inspect": "`admit list --format json`, or `admit show -f NAME`",
    "lock": f"{_PROJECTS}: `admit compile` writes what fits together",
    "login": "`admit auth login`",
    "logout": "`admit auth logout`",
    "ls": "`admit list`",
    "outdated": "`admit list --outdated`",
    "publish": "admit is an installer",
    "python": "admit takes the interpreters that are there: --python",
    "remove": "`admit uninstall NAME`",
    "run": "admit is an installer: activate the environment and run it",
    "search": "`admit index versions NAME` tells what an index has of a name",
    "self": "install a newer admit the way this one was installed",
    "tool": "make an environment with `admit venv`, and install there",
    "update": "`admit install -U NAME`",
    "upgrade": "`admit install -U NAME`",
    "wheel": "`admit download` fetches files, `admit install` builds what it must",
}


def meaning_of(flag: str, text: str) -> tuple[str, object] | None:
    """Return key and value of the option of ours that a passed one means."""
    if flag == "--no-color":
        return "color", "never"
    if (flag, text) == ("--progress-bar", "off"):
        return "no_progress", True
    return None


def instead_of_option(flag: str) -> str | None:
    """Say what to type in place of an option of pip or uv."""
    return _OPTIONS.get(flag)


def instead_of_verb(verb: str) -> str | None:
    """Say what to type in place of a command of pip or uv."""
    return _VERBS.get(verb)
