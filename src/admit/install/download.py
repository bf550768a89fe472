"""From decisions to wheels in a folder, each whole and verified.

For: `admit download`.
Does not know: environments, how a version was chosen.
Shape: pins in, `Saved` out. All files are on their way at once; each arrives under
another name and gets its own only when it is verified.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem, IntegrityError, fix_of_system
from admit.resolve.proven import is_proven, verify_file
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from admit.cache.store import Cache
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate
    from admit.net.future import Future
    from admit.resolve.provider import Pin

    OnProgress = Callable[[str, int, int], None]


class CannotSave(EnvironmentProblem):
    """The folder refuses."""

    code = "cannot-save"


class UnsafeFilename(IntegrityError):
    """An index names a file by something that is no plain file name."""

    code = "unsafe-filename"


@value
class Saved:
    """One wheel in the folder."""

    pin: Pin
    path: str
    sha256: str
    is_new: bool
    """False: it was there already, and right."""


def save_wheels(
    pins: Sequence[Pin],
    folder: str,
    cache: Cache,
    on_progress: OnProgress,
    on_finished: Callable[[str], None],
) -> tuple[Saved, ...]:
    """Put the wheels of pins into a folder, which is made if need be.

    Raises:
        CannotSave: the folder cannot be made or written.
        AdmitError: a file failed; those that had arrived are kept.
    """
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise CannotSave(
            f"cannot make the folder {folder}",
            why=error.strerror,
            fix=fix_of_system(error) or "name another with --dest",
        ) from error
    wanted = [pin for pin in pins if pin.candidate is not None]
    partials: list[str] = []
    saving: list[Saved | Future[Saved]] = []
    try:
        for pin in wanted:
            path = _place_of(pin, folder)
            known = _find_right(pin, path)
            if known is not None:
                saving.append(Saved(pin, path, known, is_new=False))
                continue
            partial = os.path.join(folder, f".admit-{os.urandom(4).hex()}.whl.partial")
            partials.append(partial)
            saving.append(_fetch(pin, path, partial, cache, on_progress, on_finished))
        return tuple(
            each if isinstance(each, Saved) else each.result() for each in saving
        )
    finally:
        for partial in partials:
            _remove(partial)


def _fetch(
    pin: Pin,
    path: str,
    partial: str,
    cache: Cache,
    on_progress: OnProgress,
    on_finished: Callable[[str], None],
) -> Future[Saved]:
    assert pin.candidate is not None and pin.found is not None  # noqa: S101  # from `wanted`
    candidate, hashes = pin.candidate, pin.hashes
    filename = candidate.file.filename

    def keep(downloaded: Downloaded) -> Saved:
        on_finished(filename)
        if not is_proven(candidate, hashes):
            verify_file(candidate, hashes or (), downloaded, cache)
        try:
            os.replace(downloaded.path, path)
        except OSError as error:
            raise CannotSave(
                f"cannot write {path}", why=error.strerror, fix=fix_of_system(error)
            ) from error
        return Saved(pin, path, downloaded.sha256, is_new=True)

    def progress(received: int, size: int) -> None:
        on_progress(filename, received, size)

    arriving = pin.found.files.download(candidate, sink=partial, on_progress=progress)
    return arriving.then(keep)


def _place_of(pin: Pin, folder: str) -> str:
    assert pin.candidate is not None  # noqa: S101  # from `wanted`
    filename = pin.candidate.file.filename
    if any(mark in filename for mark in "/\\\0") or filename.startswith("."):
        raise UnsafeFilename(f"not a file name: {filename!r}")
    return os.path.join(folder, filename)


def _find_right(pin: Pin, path: str) -> str | None:
    """Return the sha256 of a file that is there and right.

    Where nothing says what is right, nothing is.
    """
    candidate = pin.candidate
    if candidate is None or not os.path.isfile(path) or not _is_stated(pin, candidate):
        return None
    import hashlib

    wanted = {*candidate.file.hashes, ("sha256", "")}
    found = {}
    for algorithm, _ in wanted:
        with open(path, "rb") as file:
            found[algorithm] = hashlib.file_digest(file, algorithm).hexdigest()
    if any(found[name] != digest for name, digest in candidate.file.hashes):
        return None
    return found["sha256"]


def _is_stated(pin: Pin, candidate: Candidate) -> bool:
    """Whether the page, or the user, says which bytes are right."""
    return any(name not in ("md5", "sha1") for name, _ in candidate.file.hashes) and (
        is_proven(candidate, pin.hashes)
    )


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
