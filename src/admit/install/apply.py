"""Carry out an install plan as one transaction.

For: an environment that has the old state or the new one, never a mixture, after an
error, Ctrl-C, a full disk or a kill.
Does not know: how a plan came about, where wheels were unpacked.
Shape: `apply(plan)` takes the environment's lock, recovers what an earlier command
left, looks at what stands in the way, writes the journal, changes, commits.
Theory of operation: docs/design/0003-applying-is-a-transaction.md.
"""

from __future__ import annotations

import os
import sys
import time

from admit.env.layout import is_within
from admit.errors import EnvironmentProblem, InputError, fix_of_system
from admit.install.journal import Intent, Journal, recover_locked, remove_leftovers
from admit.install.lock import lock_environment
from admit.install.place import Placer, write_file
from admit.install.plan import FileCollision
from admit.spec.names import normalize_name
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from admit.install.place import LinkMode
    from admit.install.plan import InstallPlan
    from admit.spec.names import NormalizedName

_FOLDS_CASE = sys.platform in ("win32", "darwin")


class CannotChange(EnvironmentProblem):
    """The environment could not be changed; it is as it was."""

    code = "cannot-change"


class EnvironmentChanged(EnvironmentProblem):
    """Another process changed the environment after the plan was made."""

    code = "environment-changed"


@value
class Applied:
    """What there is to tell after a change."""

    overwritten: tuple[str, ...]
    """Files that no removed distribution owned and that were replaced."""
    warnings: tuple[str, ...]
    link_mode: LinkMode
    """The way that was used in the end."""
    removal: float = 0.0
    """Seconds that taking away the old took, of the whole."""


def apply(
    plan: InstallPlan,
    *,
    link_mode: LinkMode = "auto",
    on_step: Callable[[int, int], None] | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Applied:
    """Change the environment as planned, wholly or not at all.

    `on_step(done, total)` is called after every single change; `on_wait()` once if
    another process holds the environment.

    Raises:
        CannotChange: the system refuses (full disk, read-only, permissions).
        FileCollision: a folder stands where a file has to go.
        EnvironmentChanged: the plan no longer fits what is installed.
        CacheDamaged: a file of an unpacked wheel is missing.
        ForeignJournal: an earlier change can be neither finished nor rolled back.
    """
    site = plan.scheme.purelib
    try:
        os.makedirs(site, exist_ok=True)
        with lock_environment(site, on_wait=on_wait):
            recover_locked(site)
            return _apply_locked(plan, Placer(link_mode), on_step)
    except OSError as error:
        raise _cannot_change(error, site) from error


def _apply_locked(
    plan: InstallPlan, placer: Placer, on_step: Callable[[int, int], None] | None
) -> Applied:
    survey = _Survey(plan)
    journal = Journal(plan.scheme.purelib, survey.intent())
    try:
        journal.begin()
        removal = _carry_out(plan, journal, placer, on_step)
        journal.commit()
        _finish(journal, placer.warnings)
    except BaseException as error:
        # As after a kill; only at once.
        _recover_now(plan.scheme.purelib, error)
        raise
    warnings = tuple(placer.warnings)
    return Applied(survey.overwritten, warnings, placer.mode, removal)


def _finish(journal: Journal, warnings: list[str]) -> None:
    try:
        journal.finish()
    except OSError as error:
        warnings.append(
            f"old files could not be removed ({error.strerror}: {error.filename}); "
            "the next command tries again"
        )


def _recover_now(site: str, error: BaseException) -> None:
    try:
        recover_locked(site)
    except OSError as second:
        raise CannotChange(
            f"a change of the environment {site} was interrupted",
            why=f"{error}; and restoring it failed: {second}",
            fix="the next command tries again to restore it",
        ) from error


def _carry_out(
    plan: InstallPlan,
    journal: Journal,
    placer: Placer,
    on_step: Callable[[int, int], None] | None,
) -> float:
    """Do it; return the seconds until all that goes had gone."""
    started = time.perf_counter()
    intent = journal.intent
    total = len(intent.replaced) + len(plan.links) + len(plan.writes)
    step = _counter(total, on_step)
    for number in range(len(intent.replaced)):
        journal.move_aside(number)
        step()
    removal = time.perf_counter() - started
    _clear_the_way(intent)
    for folder in intent.folders:
        os.mkdir(folder)
    place = placer.place
    for link in plan.links:
        place(link.source, link.destination)
        step()
    for write in plan.writes:
        write_file(write.destination, write.content, is_executable=write.is_executable)
        step()
    return removal


def _counter(
    total: int, on_step: Callable[[int, int], None] | None
) -> Callable[[], None]:
    if on_step is None:
        return lambda: None
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        on_step(done, total)

    return step


def _clear_the_way(intent: Intent) -> None:
    """Remove emptied folders that stand where a file will be made."""
    made = frozenset(intent.made)
    blocking = [folder for folder in intent.emptied if folder in made]
    if not blocking:
        return
    for folder in intent.emptied:
        if any(folder == each or is_within(folder, each) for each in blocking):
            os.rmdir(folder)


class _Survey:
    """What the disk says about a plan: which folders and files are there."""

    def __init__(self, plan: InstallPlan) -> None:
        self._plan = plan
        self._folders: dict[str, frozenset[str] | None] = {}
        """Names in each folder looked at; None: there is no such folder."""
        self._made = [link.destination for link in plan.links]
        self._made += [write.destination for write in plan.writes]
        self._check_installed()
        self.overwritten: tuple[str, ...] = ()

    def intent(self) -> Intent:
        """Find what has to be moved aside and which folders to make."""
        plan = self._plan
        removed = frozenset(plan.removals)
        existing = {path for path in self._made if self._exists(path)}
        self.overwritten = tuple(
            path for path in self._made if path in existing and path not in removed
        )
        made = frozenset(self._made)
        replaced = [path for path in plan.removals if path not in made]
        replaced += [path for path in self._made if path in existing]
        emptied = self._emptied(removed)
        for path in self.overwritten:
            if os.path.isdir(path) and not os.path.islink(path):
                if path not in emptied:
                    raise FileCollision(
                        f"a folder stands where a file has to go: {path}",
                        fix="move it away, then run the command again",
                    )
                replaced.remove(path)
        folders = [path for path, names in self._folders.items() if names is None]
        return Intent(
            made=tuple(self._made),
            replaced=tuple(replaced),
            folders=tuple(sorted(folders)),
            emptied=emptied,
        )

    def _exists(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        names = self._names(folder)
        if names is None:
            return False
        return (name.casefold() if _FOLDS_CASE else name) in names

    def _names(self, folder: str) -> frozenset[str] | None:
        """Names in a folder; looks once, and not below what is not there."""
        try:
            return self._folders[folder]
        except KeyError:
            pass
        names: frozenset[str] | None = None
        if folder in self._plan.scheme.roots:
            names = self._list(folder)
            if names is None:
                self._note_missing(folder.rpartition("/")[0])
        elif self._names(folder.rpartition("/")[0]) is not None:
            names = self._list(folder)
        self._folders[folder] = names
        return names

    def _note_missing(self, folder: str) -> None:
        """Note the folders above a root that are missing too."""
        while folder and not os.path.isdir(folder):
            self._folders[folder] = None
            folder = folder.rpartition("/")[0]

    def _list(self, folder: str) -> frozenset[str] | None:
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            if folder in self._plan.removals:
                return None
            raise FileCollision(
                f"a file stands where a folder has to go: {folder}",
                fix="move it away, then run the command again",
            ) from None
        if _FOLDS_CASE:
            return frozenset(name.casefold() for name in names)
        return frozenset(names)

    def _emptied(self, removed: Iterable[str]) -> tuple[str, ...]:
        """Folders of removed files that may be empty afterwards, deepest first."""
        scheme = self._plan.scheme
        roots = {scheme.purelib, scheme.platlib, scheme.scripts, scheme.data}
        if not is_within(scheme.headers, scheme.data):
            roots.add(scheme.headers)
        kept = frozenset(path.rpartition("/")[0] for path in self._made)
        found: set[str] = set()
        for path in removed:
            folder = path.rpartition("/")[0]
            while folder not in roots and folder not in found and folder.count("/") > 1:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return tuple(
            sorted(found - kept, key=lambda folder: (-folder.count("/"), folder))
        )

    def _check_installed(self) -> None:
        """Compare what is installed now with what the plan believed."""
        plan = self._plan
        names = {name for name, _ in (*plan.added, *plan.removed)}
        believed = set(plan.removed)
        site_names: list[str] = []
        for site in {plan.scheme.purelib, plan.scheme.platlib}:
            found = os.listdir(site) if os.path.isdir(site) else []
            site_names += found
            remove_leftovers(site, found)
        for folder in site_names:
            if folder.endswith(".dist-info"):
                found_name, version = _split_dist_info(folder)
                if found_name in names and (found_name, version) not in believed:
                    raise EnvironmentChanged(
                        f"{found_name} {version} was installed by another process "
                        "meanwhile",
                        fix="run the command again",
                    )


def _split_dist_info(folder: str) -> tuple[NormalizedName | None, str]:
    name, _, version = folder.removesuffix(".dist-info").rpartition("-")
    try:
        return normalize_name(name), version
    except InputError:
        return None, version


def _cannot_change(error: OSError, site: str) -> CannotChange:
    where = error.filename2 or error.filename or site
    return CannotChange(
        f"cannot change the environment {site}; it is as it was",
        why=f"{error.strerror or error}: {where}",
        fix=fix_of_system(error),
    )
