"""`admit download`: wheels into a folder.

For: caches of build machines, images, machines without a network.
Does not know: how anything is done; that is `admit.api`.
"""

from __future__ import annotations

import os
import time

from admit.cli.arguments import texts_of
from admit.cli.install import check_report
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
    from admit.install.download import Saved


def run_download(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Fetch the files of requirements, and of what they need."""
    started = time.perf_counter()
    progress = Progress(output, is_on=not settings.flag("no_progress"))
    from admit.api import Session

    with Session(settings, Teller(output, progress)) as session:
        output.scrub = session.scrub
        try:
            return _download(session, output, progress, operands, started)
        finally:
            progress.close()


def _download(
    session: Session,
    output: Output,
    progress: Progress,
    operands: Mapping[str, object],
    started: float,
) -> int:
    settings = session.settings
    packages = texts_of(operands["_packages"])
    files = settings.items("requirement")
    if not (packages or files or session.settings.items("group")):
        raise UsageError(
            "nothing to download was named",
            fix="name packages, or a file with -r requirements.txt",
        )
    check_report(settings)
    target, _ = session.target()
    wanted = session.read(packages, files, settings.items("constraint"))
    if wanted.sources or any(each.url for each in wanted.requirements):
        from admit.session.unbuilt import refuse_unsaved

        refuse_unsaved(wanted, target.environment)
    wanted = session.name_sources(wanted)
    resolution = session.compile(wanted, target)
    progress.clear()
    elapsed = format_duration(time.perf_counter() - started)
    output.note(f"Resolved {count_of(len(resolution.pins), 'package')} in {elapsed}")
    started = time.perf_counter()
    progress.working("Downloading")
    saved = session.save(resolution, settings.text("dest") or ".")
    progress.clear()
    requested = frozenset(each.name for each in wanted.requirements)
    _tell(saved, output, settings.cwd, time.perf_counter() - started)
    path = settings.text("report")
    if path is not None:
        from admit.cli.report import Reported, format_report, write_report

        pins = [
            Reported(
                *(each.pin, each.sha256),
                each.path if each.path.endswith(".whl") else None,
                session.describe_source(each.pin),
            )
            for each in saved
        ]
        report = format_report(pins, requested, target.environment)
        write_report(report, path, settings.cwd, output)
    if output.is_json:
        from admit.cli.result import describe_saved

        output.result("download", describe_saved(saved, requested))
    return 0


def _tell(saved: Sequence[Saved], output: Output, cwd: str, seconds: float) -> None:
    new = [each for each in saved if each.is_new]
    if new:
        elapsed = format_duration(seconds)
        output.note(f"Downloaded {count_of(len(new), 'package')} in {elapsed}")
    for each in saved:
        shown = os.path.relpath(each.path, cwd)
        shown = each.path if shown.startswith("..") else shown
        word = output.paint("Saved", "32") if each.is_new else "exists"
        output.note(f" {word} {shown}")
