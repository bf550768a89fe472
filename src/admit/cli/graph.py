"""`admit show`, `admit check` and `admit tree`: how what is installed hangs together.

For: data on stdout; what is broken is told, never a reason to stop.
Does not know: indexes, resolution.
"""

from __future__ import annotations

from admit.cli.arguments import texts_of
from admit.errors import AdmitError, InputError, UsageError
from admit.spec.names import normalize_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from admit.api import Environment
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.env.satisfied import Known
    from admit.spec.names import NormalizedName
    from admit.spec.requirement import Requirement

DEEPEST = 255


def run_show(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Print what is known of installed distributions; 1 if none of them is there."""
    names = _names(operands["_packages"])
    if not names:
        raise UsageError("no package to show was named")
    environment = _read(settings, output)
    blocks = []
    for name in names:
        known = environment.installed.get(name)
        if known is None:
            output.warn(f"{name} is not installed")
        else:
            blocks.append(_describe(known, environment, settings.flag("files")))
    output.data("\n---\n".join(blocks)) if blocks else None
    return 0 if blocks else 1


def _describe(known: Known, environment: Environment, with_files: bool) -> str:
    from admit.cli.show import find_location
    from admit.env.installed import (
        read_direct_url,
        read_installer,
        read_metadata,
        read_owned_files,
    )
    from admit.spec.direct_url import format_origin

    headers = _headers(read_metadata(known.distribution))
    needs = sorted({each.name for each in _needs(known, environment)})
    by = sorted(
        other.name
        for other in environment.installed.values()
        if known.name in {each.name for each in _needs(other, environment)}
    )
    lines = [
        f"Name: {headers.get('name', known.name)}",
        f"Version: {known.version}",
        f"Summary: {headers.get('summary', '')}",
        f"Home-page: {headers.get('home-page', '')}",
        f"License: {headers.get('license-expression') or headers.get('license', '')}",
        f"Location: {known.distribution.site}",
        f"Installer: {read_installer(known.distribution)}",
    ]
    direct_url = read_direct_url(known.distribution)
    shown = format_origin(direct_url) if direct_url else ""
    location = find_location(known)
    if location is not None:
        lines.append(f"Editable project location: {location}")
    elif direct_url:
        lines.append(f"Origin: {shown}")
    lines += [f"Requires: {', '.join(needs)}", f"Required-by: {', '.join(by)}"]
    if with_files:
        lines.append("Files:")
        site = known.distribution.site + "/"
        owned = read_owned_files(known.distribution)
        lines += sorted(f"  {path.removeprefix(site)}" for path in owned.files)
    return "\n".join(lines)


def _headers(body: bytes) -> dict[str, str]:
    """The first of every header of core metadata, first lines only."""
    found: dict[str, str] = {}
    for line in body.decode("utf-8", "replace").splitlines():
        if not line:
            break
        key, colon, text = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(key.lower(), text.strip())
    return found


def run_check(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Tell every requirement of what is installed that is not met; 1 if any."""
    del operands
    environment = _read(settings, output)
    broken = [
        problem
        for _, known in sorted(environment.installed.items())
        for problem in _problems(known, environment)
    ]
    count = len(environment.installed)
    for line in broken:
        output.data(line)
    if broken:
        output.note(f"Found {len(broken)} problems in {count} packages")
        return 1
    output.note(f"Checked {count} packages: no broken requirements")
    return 0


def _problems(known: Known, environment: Environment) -> Iterable[str]:
    label = f"{known.name} {known.version}"
    try:
        metadata = known.metadata()
    except AdmitError as error:
        yield f"{label}: {error.what}"
        return
    python = metadata.requires_python
    from admit.spec.version import parse_version

    running = parse_version(environment.interpreter.version.rstrip("+"))
    if python is not None and not python.contains(running):
        yield f"{label} requires Python {python}, but this is Python {running}"
    for each in _needs(known, environment):
        other = environment.installed.get(each.name)
        if other is None:
            wanted = f"{each.name}{each.specifier}"
            yield f"{label} requires {wanted}, which is not installed"
        elif each.url is None and not each.specifier.contains(other.version):
            yield (
                f"{label} requires {each.name}{each.specifier}, but {other.name} "
                f"{other.version} is installed"
            )


def run_tree(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Print the dependencies of what is installed as trees."""
    del operands
    environment = _read(settings, output)
    children = {
        name: [each.name for each in _needs(known, environment)]
        for name, known in environment.installed.items()
    }
    if settings.flag("invert"):
        children = _inverted(children)
    wanted = [_name(each) for each in settings.items("package")]
    for name in wanted:
        if name not in environment.installed:
            raise UsageError(f"{name} is not installed")
    needed = {each for below in children.values() for each in below}
    roots = wanted or [name for name in sorted(children) if name not in needed]
    drawn: set[NormalizedName] = set()
    deepest = int(settings.number("depth", DEEPEST))
    lines: list[str] = []
    for root in roots:
        _draw(root, "", "", children, environment, drawn, deepest, lines)
    for name in sorted(children):
        if not wanted and name not in drawn:  # only in a circle
            _draw(name, "", "", children, environment, drawn, deepest, lines)
    for line in lines:
        output.data(line)
    if any(line.endswith("(*)") for line in lines):
        output.note("(*) its dependencies are shown above")
    return 0


def _draw(
    name: NormalizedName,
    lead: str,
    indent: str,
    children: Mapping[NormalizedName, list[NormalizedName]],
    environment: Environment,
    drawn: set[NormalizedName],
    deepest: int,
    lines: list[str],
) -> None:
    known = environment.installed.get(name)
    label = f"{name} v{known.version}" if known is not None else f"{name} (missing)"
    below = sorted(set(children.get(name, ())))
    if name in drawn and below:
        lines.append(f"{lead}{label} (*)")
        return
    drawn.add(name)
    lines.append(f"{lead}{label}")
    if deepest <= 0:
        return
    for position, each in enumerate(below):
        is_last = position + 1 == len(below)
        _draw(
            each,
            indent + ("└── " if is_last else "├── "),
            indent + ("    " if is_last else "│   "),
            children,
            environment,
            drawn,
            deepest - 1,
            lines,
        )


def _inverted(
    children: Mapping[NormalizedName, list[NormalizedName]],
) -> dict[NormalizedName, list[NormalizedName]]:
    found: dict[NormalizedName, list[NormalizedName]] = {name: [] for name in children}
    for name, below in children.items():
        for each in below:
            found.setdefault(each, []).append(name)
    return found


def _needs(known: Known, environment: Environment) -> list[Requirement]:
    """What a distribution requires here, without extras; nothing if it is broken."""
    try:
        metadata = known.metadata()
    except AdmitError:
        return []
    markers = environment.interpreter.environment
    return [
        each
        for each in metadata.requires
        if each.marker is None or each.marker.evaluate(markers)
    ]


def _read(settings: Settings, output: Output) -> Environment:
    from admit.api import Session

    with Session(settings) as session:
        environment = session.environment()
    for problem in environment.problems:
        output.warn(problem)
    return environment


def _names(found: object) -> list[NormalizedName]:
    return [_name(each) for each in texts_of(found)]


def _name(text: str) -> NormalizedName:
    try:
        return normalize_name(text)
    except InputError as error:
        raise UsageError(error.what, why=error.why) from error
