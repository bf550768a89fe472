"""`admit sync`: an environment that holds exactly what files list.

For: installing what is listed, removing what is not. Dependencies that nobody lists
are neither looked for nor kept.
Does not know: how anything is done; that is `admit.api`.
"""

from __future__ import annotations

import time

from admit.cli.arguments import texts_of
from admit.cli.install import (
    apply_change,
    check_report,
    finish_change,
    tell_environment,
    tell_plan,
)
from admit.cli.listener import Teller
from admit.cli.output import count_of, format_duration
from admit.cli.progress import Progress
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.api import Session
    from admit.cli.output import Output
    from admit.config.settings import Settings


def run_sync(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Install what files list, and remove the rest."""
    started = time.perf_counter()
    progress = Progress(output, is_on=not settings.flag("no_progress"))
    from admit.api import Session

    files = texts_of(operands["_files"])
    if not files and not settings.items("group"):
        raise UsageError(
            "nothing to sync was named", fix="name a file, such as requirements.txt"
        )
    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        try:
            return _sync(session, output, progress, files, started)
        finally:
            progress.close()


def _sync(
    session: Session,
    output: Output,
    progress: Progress,
    files: Sequence[str],
    started: float,
) -> int:
    check_report(session.settings)
    environment = session.environment()
    tell_environment(environment, output)
    wanted = session.collect((), files, session.settings.items("constraint"))
    may_empty = session.settings.flag("allow_empty_requirements")
    if not wanted.requirements and not may_empty:
        raise UsageError(
            f"{', '.join(files) or 'the groups'}: nothing is listed",
            why="syncing would remove every package",
            fix="say --allow-empty-requirements if that is meant",
        )
    change = session.check_exact(wanted, environment)
    if change is None:
        resolution = session.resolve(wanted, environment, with_dependencies=False)
        progress.clear()
        elapsed = format_duration(time.perf_counter() - started)
        count = count_of(len(resolution.pins), "package")
        output.note(f"Resolved {count} in {elapsed}")
        change = session.plan_exact(wanted, environment, resolution)
    if change.is_empty:
        elapsed = format_duration(time.perf_counter() - started)
        output.note(f"Checked {count_of(change.kept, 'package')} in {elapsed}")
        return finish_change("sync", session, output, wanted, environment, change)
    session.refuse_managed(environment)
    prepared = None
    if session.settings.flag("dry_run"):
        tell_plan(session, change, output)
    else:
        prepared = apply_change(session, change, environment, wanted, output, progress)
    return finish_change("sync", session, output, wanted, environment, change, prepared)
