"""`admit compile`: the versions that fit together, as pinned requirements.

For: requirements.in or pyproject.toml in, requirements.txt out.
Does not know: how versions are found (`admit.api`), how pins are spelled
(`spec.pinned`).
"""

from __future__ import annotations

import os
import time

from admit.cli.arguments import texts_of
from admit.cli.install import place_of
from admit.cli.listener import Teller
from admit.cli.output import count_of, format_duration
from admit.cli.progress import Progress
from admit.cli.writable import find_obstacle
from admit.errors import AdmitError, UsageError, fix_of_system
from admit.spec.pinned import PinnedLine, format_pinned, format_safe_url, parse_pins
from admit.spec.url import Url
from admit.spec.vcs import is_vcs_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.api import Session
    from admit.cli.output import Output
    from admit.config.choice import Preferences
    from admit.config.requirements import Wanted
    from admit.config.settings import Settings
    from admit.resolve.provider import Pin, Resolution
    from admit.spec.names import NormalizedName
    from admit.spec.record import Digest
    from admit.spec.requirement import Requirement
    from admit.spec.tags import Target


class CannotWrite(AdmitError):
    """The output file cannot be written."""

    code = "cannot-write"


def run_compile(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Write pinned requirements to stdout or to a file."""
    started = time.perf_counter()
    progress = Progress(output, is_on=not settings.flag("no_progress"))
    from admit.api import Session

    files = texts_of(operands["_files"])
    if not files and not settings.items("group"):
        raise UsageError(
            "nothing to compile was named",
            fix="name a file, such as requirements.in or pyproject.toml",
        )
    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        try:
            _compile(session, output, progress, files, started)
        finally:
            progress.close()
    return 0


def _compile(
    session: Session,
    output: Output,
    progress: Progress,
    files: Sequence[str],
    started: float,
) -> None:
    given = session.settings.given
    wanted = session.collect(
        (),
        files,
        session.settings.items("constraint"),
        session.settings.items("override"),
    )
    settings = session.settings
    target, interpreter = session.target()
    output.detail(
        f"for Python {target.environment['python_full_version']}, as "
        f"{interpreter.executable} and the options describe it"
    )
    path = settings.text("output_file")
    if path == "-":
        path = None
    former = _former(os.path.join(settings.cwd, path)) if path else None
    resolution = session.compile(wanted, target, _preferences(former, path, settings))
    hashes: Mapping[str, tuple[Digest, ...]] = {}
    if settings.flag("generate_hashes"):
        hashes = session.hashes(resolution)
        _warn_unhashed(resolution, hashes, output)
    progress.clear()
    text = _format(session, wanted, target, resolution, hashes, files, given)
    elapsed = format_duration(time.perf_counter() - started)
    output.note(f"Resolved {count_of(len(resolution.pins), 'package')} in {elapsed}")
    if path is None:
        output.data(text.removesuffix("\n"))
    elif text == former:
        output.note(f"{path} is up to date")
    else:
        _write(os.path.join(settings.cwd, path), text)
        output.note(f"Wrote {path}")


def _preferences(
    former: str | None, path: str | None, settings: Settings
) -> Preferences:
    if not former or path is None or settings.flag("upgrade"):
        return ()
    return parse_pins(former, path)


def _format(
    session: Session,
    wanted: Wanted,
    target: Target,
    resolution: Resolution,
    hashes: Mapping[str, tuple[Digest, ...]],
    files: Sequence[str],
    given: Mapping[str, object],
) -> str:
    settings = session.settings
    via: Mapping[str, tuple[str, ...]] = {}
    if not settings.flag("no_annotate"):
        via = _annotations(wanted, target, resolution)
    given_files = {each.name: each for each in wanted.requirements if each.url}
    lines = [
        PinnedLine(
            _text_of(pin, given_files, with_extras=settings.flag("no_strip_extras")),
            tuple(f"{each.algorithm}:{each.hex}" for each in hashes.get(pin.name, ())),
            via.get(pin.name, ()),
        )
        for pin in resolution.pins
    ]
    command = None
    if not settings.flag("no_header"):
        command = _command(settings, files, given)
    options = _index_options(session) if settings.flag("emit_index_url") else ()
    return format_pinned(lines, command=command, options=options)


def _command(
    settings: Settings, files: Sequence[str], given: Mapping[str, object]
) -> str:
    from admit.cli.command_line import format_command, without_secrets

    custom = settings.text("custom_compile_command")
    if custom:
        return without_secrets(" ".join(custom.split()))
    return format_command("compile", files, given)


def _text_of(
    pin: Pin, given_files: Mapping[NormalizedName, Requirement], *, with_extras: bool
) -> str:
    extras = f"[{','.join(pin.extras)}]" if with_extras and pin.extras else ""
    given = given_files.get(pin.name)
    place = place_of(pin)
    if place is None:
        return f"{pin.name}{extras}=={pin.version}"
    if given is None or given.url is None:
        return f"{pin.name}{extras} @ {place}"
    option = "-e " if pin.origin is not None and pin.origin.is_editable else ""
    if given.url.scheme == "file" and " @ " not in given.text:
        typed = given.text.partition(";")[0].strip()  # a path, as it was typed
        return f"{option}{typed}{extras}"
    if option:
        return f"{option}{place}{extras}"
    url = given.url
    if is_vcs_url(url):
        url = Url(place, url.origin, url.userinfo)  # of a branch the commit
    return f"{pin.name}{extras} @ {format_safe_url(url)}"


def _warn_unhashed(
    resolution: Resolution,
    hashes: Mapping[str, tuple[Digest, ...]],
    output: Output,
) -> None:
    """Tell of what is no file, and so has no hash."""
    for pin in resolution.pins:
        if pin.is_direct and not hashes.get(pin.name):
            output.warn(
                f"{pin.name} is written without a hash, for {place_of(pin)} is no "
                "file; --require-hashes will refuse it"
            )


def _annotations(
    wanted: Wanted, target: Target, resolution: Resolution
) -> dict[str, tuple[str, ...]]:
    """Who asks for each project: others, and the user's files."""
    via: dict[str, set[str]] = {
        name: {each for each in by if each}
        for name, by in resolution.required_by.items()
    }
    lines = [
        *zip(wanted.requirements, wanted.origins, strict=True),
        *zip(wanted.constraints, wanted.constraint_origins, strict=True),
    ]
    for requirement, origin in lines:
        marker = requirement.marker
        is_in_force = marker is None or marker.evaluate(target.environment)
        if is_in_force and origin:
            via.setdefault(requirement.name, set()).add(origin)
    return {name: tuple(sorted(each)) for name, each in via.items()}


def _index_options(session: Session) -> list[str]:
    options = []
    settings = session.settings
    for place, each in enumerate(settings.indexes, 1):
        name = "--extra-index-url"
        if each.is_additional:
            name = "--find-links"
        elif settings.has_default and place == len(settings.indexes):
            name = "--index-url"
        options.append(f"{name} {format_safe_url(each.source.url)}")
    return sorted(options, key=lambda each: not each.startswith("--index-url"))


def _former(path: str) -> str | None:
    """Read what is there; refuse a place that could not be written to."""
    former = _read(path)
    obstacle = find_obstacle(os.path.realpath(path))
    if obstacle is not None:
        raise _cannot_write(path, obstacle)
    return former


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise CannotWrite(f"cannot read {path}", why=why) from error


def _write(path: str, text: str) -> None:
    """Replace a file in one step, through links, keeping its permissions."""
    path = os.path.realpath(path)
    partial = f"{path}.{os.getpid()}.partial"
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        if os.path.exists(path):
            os.chmod(partial, os.stat(path).st_mode & 0o7777)
        os.replace(partial, path)
    except OSError as error:
        if os.path.exists(partial):
            os.unlink(partial)
        raise _cannot_write(path, error) from error


def _cannot_write(path: str, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"cannot write {path}",
        why=error.strerror,
        fix=fix_of_system(error) or "name a file in a folder that is there",
    )
