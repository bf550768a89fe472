"""`admit list` and `admit freeze`: what is installed.

For: data on stdout, in the forms people pipe into other programs.
Does not know: how an environment is read.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.env.satisfied import Known


def run_list(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Print the installed distributions as columns, requirements or JSON."""
    del operands
    found = _read(settings, output)
    if output.is_json:
        from admit.cli.result import describe_installed

        output.result("list", describe_installed(found))
        return 0
    form = settings.text("format") or "columns"
    if form == "json":
        import json

        rows = [{"name": each.name, "version": str(each.version)} for each in found]
        output.data(json.dumps(rows))
    elif form == "freeze":
        for each in found:
            output.data(f"{each.name}=={each.version}")
    elif found:
        width = max(len("Package"), *(len(each.name) for each in found))
        versions = max(len("Version"), *(len(str(each.version)) for each in found))
        output.data(f"{'Package':{width}} Version")
        output.data(f"{'-' * width} {'-' * versions}")
        for each in found:
            output.data(f"{each.name:{width}} {each.version}")
    return 0


def run_freeze(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Print the installed distributions as a requirements file."""
    del operands
    for each in _read(settings, output):
        output.data(_format_frozen(each))
    return 0


def _read(settings: Settings, output: Output) -> list[Known]:
    from admit.api import Session

    with Session(settings) as session:
        environment = session.environment()
        for problem in environment.problems:
            output.warn(problem)
        return [each for _, each in sorted(environment.installed.items())]


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
