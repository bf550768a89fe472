"""`admit list` and `admit freeze`: what is installed.

For: data on stdout, in the forms people pipe into other programs.
Does not know: how an environment is read.
"""

from __future__ import annotations

import os

from admit.env.installed import MetadataMissing
from admit.errors import InputError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.api import Session
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.env.satisfied import Known
    from admit.spec.names import NormalizedName


def run_list(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Print the installed distributions as columns, requirements or JSON."""
    del operands
    if settings.flag("outdated"):
        from admit.cli.outdated import list_outdated

        return list_outdated(settings, output)
    found = read_installed(settings, output)
    if output.is_json:
        from admit.cli.result import describe_installed

        output.result("list", describe_installed(found))
        return 0
    form = settings.text("format") or "columns"
    if form == "json":
        import json

        rows = [_describe(each) for each in found]
        output.data(json.dumps(rows))
    elif form == "freeze":
        for each in found:
            output.data(f"{each.name}=={each.version}")
    elif found:
        print_columns(*_columns(found), output)
    return 0


def _describe(known: Known) -> dict[str, str]:
    described = {"name": str(known.name), "version": str(known.version)}
    place = find_location(known)
    if place is not None:
        described["editable_project_location"] = place
    return described


def _columns(found: Sequence[Known]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Titles and rows; where editable projects are only if there are any."""
    cells = [(each.name, str(each.version), find_location(each)) for each in found]
    if not any(place for _, _, place in cells):
        return ("Package", "Version"), [cell[:2] for cell in cells]
    titles = ("Package", "Version", "Editable project location")
    return titles, [(name, version, place or "") for name, version, place in cells]


def find_location(known: Known) -> str | None:
    """Return the folder of an editable project; None of any other."""
    from admit.env.installed import read_direct_url
    from admit.spec.url import percent_decode

    direct_url = read_direct_url(known.distribution)
    if direct_url is None or not direct_url.is_editable:
        return None
    folder = percent_decode(direct_url.url.path)
    return f"{folder}/{direct_url.subdirectory}" if direct_url.subdirectory else folder


def print_columns(
    titles: Sequence[str], rows: Sequence[Sequence[str]], output: Output
) -> None:
    """Print a table as pip and uv do: titles, rules, rows."""
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    for row in (titles, ["-" * width for width in widths], *rows):
        shown = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        output.data(" ".join(shown).rstrip())


def run_freeze(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Print the installed distributions as a requirements file."""
    del operands
    for each in read_installed(settings, output):
        output.data(_format_frozen(each))
    return 0


def read_installed(
    settings: Settings, output: Output, session: Session | None = None
) -> list[Known]:
    """Read what is installed, as far as it is to be shown; by name."""
    from admit.api import Session

    if session is None:
        with Session(settings) as opened:
            return read_installed(settings, output, opened)
    installed, problems = _look(settings, session)
    for problem in problems:
        output.warn(problem)
    names = _wanted_names(settings, session, installed)
    return [installed[name] for name in sorted(names)]


def _look(
    settings: Settings, session: Session
) -> tuple[Mapping[NormalizedName, Known], Sequence[str]]:
    folders = [settings.path(each) for each in settings.items("path")]
    if not folders:
        environment = session.environment()
        return environment.installed, environment.problems
    from admit.env.installed import scan
    from admit.env.satisfied import index_installed

    for folder in folders:
        if not os.path.isdir(folder):
            raise UsageError(
                f"--path names {folder}, which is no folder",
                fix="name one that holds packages, such as a site-packages",
            )
    found = scan(folders)
    problems = [f"{each.path}: {each.reason}" for each in found.problems]
    return index_installed(found), problems


def _wanted_names(
    settings: Settings, session: Session, installed: Mapping[NormalizedName, Known]
) -> set[NormalizedName]:
    from admit.spec.names import normalize_name

    names = set(installed) - set(map(normalize_name, settings.items("exclude")))
    if settings.flag("exclude_editable"):
        from admit.env.installed import is_editable

        names -= {each for each in names if is_editable(installed[each].distribution)}
    if settings.flag("not_required"):
        _, interpreter = session.target()
        for each in installed.values():
            names -= _needed_by(each, interpreter.environment)
    return names


def _needed_by(known: Known, environment: Mapping[str, str]) -> set[NormalizedName]:
    """What a distribution requires without any extra; nothing if it cannot tell."""
    try:
        requires = known.base_requires()
    except (InputError, MetadataMissing):
        return set()
    return {
        each.name
        for each in requires
        if each.marker is None or each.marker.evaluate(environment)
    }


def _format_frozen(each: Known) -> str:
    """A requirement that installs the same again; never with a secret."""
    from admit.env.installed import read_direct_url

    direct_url = read_direct_url(each.distribution)
    if direct_url is None:
        return f"{each.name}=={each.version}"
    from admit.spec.direct_url import format_origin

    if direct_url.is_editable:
        return f"-e {format_origin(direct_url)}"
    return f"{each.name} @ {format_origin(direct_url)}"
