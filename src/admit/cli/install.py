"""`admit install` and `admit uninstall`.

For: telling people what will happen and what did, in the lines they know from uv.
Does not know: how anything is done; that is `admit.api`.
"""

from __future__ import annotations

import os
import time

from admit.cli.arguments import texts_of
from admit.cli.listener import Teller
from admit.cli.output import count_of, format_duration
from admit.cli.progress import Progress
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.api import Change, Environment, Session
    from admit.cli.output import Output
    from admit.config.requirements import Wanted
    from admit.config.settings import Settings
    from admit.install.prepare import Prepared
    from admit.resolve.pins import Pin


_BESIDES = ("group", "editable")
"""Options that name something to install, as operands and `-r` do."""


def run_install(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Install requirements into the environment."""
    started = time.perf_counter()
    progress = Progress(output, is_on=not settings.flag("no_progress"))
    from admit.api import Session

    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        try:
            return _install(session, output, progress, operands, started)
        finally:
            progress.close()


def _install(
    session: Session,
    output: Output,
    progress: Progress,
    operands: Mapping[str, object],
    started: float,
) -> int:
    packages = texts_of(operands["_packages"])
    files = session.settings.items("requirement")
    if not (packages or files or any(map(session.settings.items, _BESIDES))):
        raise UsageError(
            "nothing to install was named",
            fix="name packages, or a file with -r requirements.txt",
        )
    check_report(session.settings)
    environment = session.environment()
    tell_environment(environment, output)
    wanted = session.collect(
        packages,
        files,
        session.settings.items("constraint"),
        session.settings.items("override"),
        session.settings.items("editable"),
    )
    settled = session.check(wanted, environment)
    if settled is not None:
        elapsed = format_duration(time.perf_counter() - started)
        output.note(f"Checked {count_of(settled, 'package')} in {elapsed}")
        from admit.api import Change

        change = Change((), (), settled)
        return finish_change("install", session, output, wanted, environment, change)
    session.refuse_managed(environment)
    resolution = session.resolve(wanted, environment)
    progress.clear()
    elapsed = format_duration(time.perf_counter() - started)
    output.note(f"Resolved {count_of(len(resolution.pins), 'package')} in {elapsed}")
    change = session.plan(environment, resolution)
    prepared = None
    if change.is_empty:
        output.note(f"Checked {count_of(change.kept, 'package')} in {elapsed}")
    elif session.settings.flag("dry_run"):
        tell_plan(session, change, output)
    else:
        prepared = apply_change(session, change, environment, wanted, output, progress)
    return finish_change(
        "install", session, output, wanted, environment, change, prepared
    )


def check_report(settings: Settings) -> None:
    """Refuse a report that could not be written, before anything is changed.

    Raises:
        CannotWriteReport: its folder is not there, or not for us to write in.
    """
    path = settings.text("report")
    if path is not None:
        from admit.cli.report import check_place

        check_place(path, settings.cwd)


def finish_change(
    command: str,
    session: Session,
    output: Output,
    wanted: Wanted,
    environment: Environment,
    change: Change,
    prepared: Prepared | None = None,
) -> int:
    """Write what was asked for besides prose: a report, the result as JSON."""
    settings = session.settings
    requested = frozenset(each.name for each in wanted.requirements)
    wheels = prepared.wheels if prepared is not None else {}
    digests = prepared.digests if prepared is not None else {}
    path = settings.text("report")
    if path is not None:
        from admit.cli.report import Reported, format_report, write_report

        pins = [
            Reported(
                pin,
                digests.get(pin.name) or None,
                wheel.metadata_path,
                # Without a cache a wheel's files were moved to where they belong.
                None
                if os.path.isfile(wheel.metadata_path)
                else session.describe_source(pin),
            )
            if (wheel := wheels.get(pin.name)) is not None
            else Reported(
                pin, None, session.find_metadata(pin), session.describe_source(pin)
            )
            for pin in change.incoming
        ]
        markers = environment.interpreter.environment
        report = format_report(pins, requested, markers)
        write_report(report, path, settings.cwd, output)
    if output.is_json:
        from admit.cli.result import describe_change

        packages = describe_change(change, requested)
        is_dry = settings.flag("dry_run")
        output.result(command, packages, kept=change.kept, dry_run=is_dry)
    return 0


def tell_plan(session: Session, change: Change, output: Output) -> None:
    """Say what would be done."""
    missing = session.count_downloads(change)
    if missing:
        output.note(f"Would download {count_of(missing, 'package')}")
    unbuilt = session.count_builds(change)
    if unbuilt:
        output.note(f"Would build {count_of(unbuilt, 'package')}")
    if change.outgoing:
        output.note(f"Would uninstall {count_of(len(change.outgoing), 'package')}")
    if change.incoming:
        output.note(f"Would install {count_of(len(change.incoming), 'package')}")
    tell_change(change, output)


def apply_change(
    session: Session,
    change: Change,
    environment: Environment,
    wanted: Wanted,
    output: Output,
    progress: Progress,
) -> Prepared:
    """Make a change, and say what was done."""
    started = time.perf_counter()
    progress.working("Preparing packages")
    prepared = session.prepare(change)
    progress.clear()
    if prepared.fetched:
        elapsed = format_duration(time.perf_counter() - started)
        output.note(f"Prepared {count_of(prepared.fetched, 'package')} in {elapsed}")
    started = time.perf_counter()
    requested = frozenset(each.name for each in wanted.requirements)
    applied = session.apply(change, environment, prepared, requested)
    whole = time.perf_counter() - started
    for warning in applied.warnings:
        output.warn(warning)
    if applied.overwritten:
        shown = ", ".join(applied.overwritten[:3])
        output.warn(
            f"replaced {count_of(len(applied.overwritten), 'file')} that no package "
            f"owned: {shown}{', …' if len(applied.overwritten) > 3 else ''}"
        )
    if change.outgoing:
        took = format_duration(applied.removal if change.incoming else whole)
        count = count_of(len(change.outgoing), "package")
        output.note(f"Uninstalled {count} in {took}")
    if change.incoming:
        took = format_duration(whole - applied.removal)
        count = count_of(len(change.incoming), "package")
        output.note(f"Installed {count} in {took}")
    tell_change(change, output)
    return prepared


def tell_change(change: Change, output: Output) -> None:
    """One line a distribution: `-` goes, `+` comes, `~` is installed again."""
    going = {(known.name, known.version.text): known for known in change.outgoing}
    lines = []
    for pin in change.incoming:
        key = pin.name, pin.version.text
        mark = "~" if going.pop(key, None) is not None else "+"
        place = place_of(pin)
        origin = f" (from {place})" if place is not None else ""
        lines.append((pin.name, mark, f"{pin.name}=={pin.version}{origin}"))
    lines += [(name, "-", f"{name}=={version}") for name, version in going]
    for _, mark, text in sorted(lines, key=lambda each: (each[0], each[1] != "-")):
        color = {"+": "32", "-": "31", "~": "33"}[mark]
        output.note(f" {output.paint(mark, color)} {text}")


def place_of(pin: Pin) -> str | None:
    """Where a pin that the user gave comes from: the URL to ask for it again."""
    if not pin.is_direct or pin.candidate is None:
        return None
    if pin.origin is not None:
        from admit.spec.direct_url import format_origin

        return format_origin(pin.origin)
    return pin.candidate.url.without_userinfo().text


def tell_environment(environment: Environment, output: Output) -> None:
    """Say which interpreter is meant, and what is wrong with its environment."""
    interpreter = environment.interpreter
    output.detail(f"Python {interpreter.version} at {interpreter.executable}")
    for problem in environment.problems:
        output.warn(problem)


def run_uninstall(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Remove distributions from the environment."""
    from admit.api import Session

    progress = Progress(output, is_on=False)
    with Session(settings, Teller(output, progress)) as session:
        packages = texts_of(operands["_packages"])
        files = settings.items("requirement")
        if not packages and not files:
            raise UsageError("nothing to uninstall was named")
        environment = session.environment()
        change, unknown = session.plan_removal(
            session.read(packages, files), environment
        )
        for name in unknown:
            output.warn(f"{name} is not installed, nothing to remove")
        if change.is_empty:
            output.note("Uninstalled 0 packages")
            return _finish_removal(change, settings, output)
        session.refuse_managed(environment)
        count = count_of(len(change.outgoing), "package")
        if settings.flag("dry_run"):
            output.note(f"Would uninstall {count}")
        else:
            started = time.perf_counter()
            applied = session.apply(change, environment)
            elapsed = format_duration(time.perf_counter() - started)
            for warning in applied.warnings:
                output.warn(warning)
            output.note(f"Uninstalled {count} in {elapsed}")
        tell_change(change, output)
        return _finish_removal(change, settings, output)


def _finish_removal(change: Change, settings: Settings, output: Output) -> int:
    if output.is_json:
        from admit.cli.result import describe_change

        packages = describe_change(change, ())
        output.result("uninstall", packages, dry_run=settings.flag("dry_run"))
    return 0
