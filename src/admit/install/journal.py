"""The journal of a change to an environment.

For: after a kill at any moment the next command finds the old state or the new one.
Does not know: wheels, plans. It moves files aside, and back.
Theory of operation (docs/design/0003-applying-is-a-transaction.md). A folder beside
the packages holds `intent`, the list of all that will be changed, written and synced
before the first change, and under numbers the files moved aside. Renaming `intent` to
`committed` is the one moment at which the new state counts. A journal found with
`intent` is rolled back; with `committed`, finished; with neither, nothing had begun.
Both ways may be interrupted and begun again.
"""

from __future__ import annotations

import errno
import os
from stat import S_ISDIR

from admit.errors import EnvironmentProblem
from admit.install.lock import EnvironmentBusy, lock_environment
from admit.install.pending import JOURNAL, has_journal
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    Recovery = Literal["nothing", "rolled-back", "finished", "busy", "refused"]

_FORMAT = "admit journal 1"
_TRASH = ".admit-trash"
_ELSEWHERE = "elsewhere"
"""A file saying that something was moved aside on another file system."""


class ForeignJournal(EnvironmentProblem):
    """A journal that this version cannot act on."""

    code = "foreign-journal"


@value
class Intent:
    """All that a change will touch; absolute paths."""

    made: tuple[str, ...]
    """Files that will be made."""
    replaced: tuple[str, ...]
    """Files that will be moved aside. One that is also in `made` exists."""
    folders: tuple[str, ...]
    """Folders that will be made, parents first."""
    emptied: tuple[str, ...]
    """Folders that go in the end if they are empty then, deepest first."""


class Journal:
    """An open journal. Every method may be called again after an interruption."""

    __slots__ = ("_home", "intent")

    def __init__(self, site: str, intent: Intent) -> None:
        self._home = f"{site}/{JOURNAL}"
        self.intent = intent

    def begin(self) -> None:
        """Write the intent, synced, as the last step before changes may happen."""
        os.mkdir(self._home)
        draft = f"{self._home}/draft"
        content = _format(self._home, self.intent)
        with open(draft, "wb", buffering=0) as file:
            view = memoryview(content)
            while view:
                view = view[file.write(view) :]
            os.fsync(file.fileno())
        os.rename(draft, f"{self._home}/intent")

    def move_aside(self, number: int) -> None:
        """Move the file `intent.replaced[number]` out of the way, if it is there.

        A folder stays: it may hold what nobody recorded.
        """
        path = self.intent.replaced[number]
        try:
            if S_ISDIR(os.lstat(path).st_mode):
                return
            os.rename(path, f"{self._home}/{number}")
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            os.close(os.open(f"{self._home}/{_ELSEWHERE}", os.O_WRONLY | os.O_CREAT))
            os.rename(path, _sibling(path, number))

    def commit(self) -> None:
        """Let the new state count."""
        os.rename(f"{self._home}/intent", f"{self._home}/committed")

    def finish(self) -> None:
        """Remove what was moved aside, and folders that became empty."""
        if os.path.exists(f"{self._home}/{_ELSEWHERE}"):
            for number, path in enumerate(self.intent.replaced):
                _remove(_sibling(path, number))
        for folder in self.intent.emptied:
            _remove_folder(folder)
        if not _remove_all(self._home):
            _set_aside(self._home)

    def roll_back(self) -> None:
        """Restore the old state."""
        replaced = frozenset(self.intent.replaced)
        for path in self.intent.made:
            if path not in replaced:
                _remove(path)
        for folder in reversed(self.intent.folders):
            _remove_folder(folder)
        is_elsewhere = os.path.exists(f"{self._home}/{_ELSEWHERE}")
        for number, path in enumerate(self.intent.replaced):
            _restore(f"{self._home}/{number}", path)
            if is_elsewhere:
                _restore(_sibling(path, number), path)
        _remove_all(self._home)


def recover(site: str, *, on_wait: Callable[[], None] | None = None) -> Recovery:
    """Finish or roll back an interrupted change of the environment at `site`.

    Waits for a running one. To be called before reading what is installed.

    Raises:
        ForeignJournal: the journal is damaged, or a newer version's, or the
            environment was moved since.
    """
    if not has_journal(site):
        return "nothing"
    if not os.access(site, os.W_OK):
        return "refused"
    with lock_environment(site, on_wait=on_wait):
        return recover_locked(site)


def recover_if_idle(site: str) -> Recovery:
    """Like `recover`, but "busy" instead of waiting: for commands that only read."""
    if not has_journal(site):
        return "nothing"
    if not os.access(site, os.W_OK):
        return "refused"
    try:
        with lock_environment(site, may_wait=False):
            return recover_locked(site)
    except EnvironmentBusy:
        return "busy"


def recover_locked(site: str) -> Recovery:
    """Finish or roll back; the caller holds the lock."""
    home = f"{site}/{JOURNAL}"
    try:
        names = os.listdir(home)
    except FileNotFoundError:
        return "nothing"
    if "committed" in names:
        Journal(site, _read(home, "committed")).finish()
        return "finished"
    if "intent" in names:
        Journal(site, _read(home, "intent")).roll_back()
        return "rolled-back"
    _remove_all(home)
    return "nothing"


def _format(home: str, intent: Intent) -> bytes:
    """One NUL-separated list; sizes first, so that a cut one is seen."""
    lists = (intent.made, intent.replaced, intent.folders, intent.emptied)
    sizes = [str(len(each)) for each in lists]
    parts = [_FORMAT, home, *sizes, *(path for each in lists for path in each), ""]
    return "\0".join(parts).encode("utf-8", "surrogateescape")


def _read(home: str, name: str) -> Intent:
    with open(f"{home}/{name}", "rb") as file:
        parts = file.read().decode("utf-8", "surrogateescape").split("\0")
    why = "it is damaged or was written by another version of admit"
    if parts[0] == _FORMAT and len(parts) > 6:
        if _is_same(parts[1], home):
            sizes = [int(part) if part.isdecimal() else -1 for part in parts[2:6]]
            if min(sizes) >= 0 and len(parts) == 7 + sum(sizes):
                return _split(parts[6:-1], sizes)
        else:
            why = f"it was written at {parts[1]}, and the environment was moved since"
    raise ForeignJournal(
        f"an interrupted change of this environment cannot be recovered: {home}",
        why=why,
        fix="make the environment anew, or remove that folder to keep it as it is",
    )


def _split(paths: list[str], sizes: list[int]) -> Intent:
    lists: list[tuple[str, ...]] = []
    at = 0
    for size in sizes:
        lists.append(tuple(paths[at : at + size]))
        at += size
    return Intent(*lists)


def _is_same(one: str, other: str) -> bool:
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False


def _sibling(path: str, number: int) -> str:
    """Where a file is moved aside that lies on another file system."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{_TRASH}-{number}-{name}"


def _restore(aside: str, path: str) -> None:
    try:
        os.replace(aside, path)
    except FileNotFoundError:
        if not os.path.lexists(aside):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(aside, path)
    except NotADirectoryError:
        return


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return


def _remove_folder(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        return


def _remove_all(home: str) -> bool:
    """Remove a journal whose work is done; whether nothing was in use."""
    is_gone = True
    for name in os.listdir(home):
        try:
            _remove(f"{home}/{name}")
        except PermissionError:
            is_gone = False
    if is_gone:
        os.rmdir(home)
    return is_gone


def _set_aside(home: str) -> None:
    """Windows keeps files in use: leave them under another name, for later."""
    site = os.path.dirname(home)
    for number in range(1_000_000):
        try:
            os.rename(home, f"{site}/{_TRASH}-{number}")
        except FileExistsError:
            continue
        return


def remove_leftovers(site: str, names: list[str]) -> None:
    """Try again to remove what `finish` could not; `names` are those in `site`."""
    for name in names:
        if name.startswith(f"{_TRASH}-") and os.path.isdir(f"{site}/{name}"):
            _remove_all(f"{site}/{name}")
