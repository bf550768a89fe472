"""Write the table of settings into docs/configuration.md; `--check` only compares.

A test holds the page to what this script would write.
"""

from __future__ import annotations

import sys
from pathlib import Path

from admit.config.files import INDEX_KEYS, NOT_IN_FILES
from admit.config.options import COMMANDS, OPTIONS, Option, options_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "configuration.md"
BEGIN = "<!-- options: written by scripts/option_table.py -->"
END = "<!-- end of options -->"
TITLES = {
    "general": "Every command",
    "environment": "Which environment",
    "index": "Which indexes",
    "network": "The network",
    "requirements": "What is wanted",
    "extras": "Extras of a project",
    "hashes": "Hashes",
    "resolve": "What is chosen",
    "apply": "How it is applied",
}
KINDS = {
    "flag": "true, false",
    "number": "a number",
    "list": "a list",
    "text": "text",
    "count": "a number",
}


def format_table() -> str:
    """Return the generated part of the page."""
    groups: dict[str, list[Option]] = {}
    for option in OPTIONS:
        groups.setdefault(option.group, []).append(option)
    parts = [BEGIN]
    for group, options in groups.items():
        parts.append(f"\n### {TITLES.get(group) or title_of(group)}\n")
        parts.append("| setting | value | default | what it does |")
        parts.append("|---|---|---|---|")
        parts += [format_row(option) for option in options]
    parts.append(f"\n{END}")
    return "\n".join(parts)


def title_of(group: str) -> str:
    """Name a group after the commands that take it."""
    names = [
        f"`{command.name}`"
        for command in COMMANDS
        if any(option.group == group for option in options_of(command))
    ]
    return f"Only {' and '.join(names)}"


def format_row(option: Option) -> str:
    """One setting as a row."""
    flags = ", ".join(f"`{flag}`" for flag in option.flags)
    kind = " ".join(f"`{each}`" for each in option.choices) or KINDS[option.kind]
    default = f"`{option.default}`" if option.default else ""
    where = "" if option.key not in NOT_IN_FILES else " (not in files)"
    text = option.help.replace("|", "\\|").replace("<", "&lt;")
    return f"| {flags} | {kind} | {default} | {text}{where} |"


def page_with_table(text: str) -> str:
    """Return the page with the generated part as it should be."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE} has no place for the table")
    return head + format_table() + tail


def undocumented_index_keys(text: str) -> list[str]:
    """Return keys of `[[index]]` that the page does not explain."""
    return [key for key in INDEX_KEYS if f"| `{key}` |" not in text]


def main() -> int:
    """Write or compare."""
    text = PAGE.read_text(encoding="utf-8")
    wanted = page_with_table(text)
    if "--check" in sys.argv[1:]:
        return 0 if text == wanted else 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
