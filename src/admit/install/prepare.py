"""From decisions to unpacked wheels: taken from the cache, or fetched and verified.

For: having every wheel of a plan verified and unpacked before the first change.
Does not know: environments, how a version was chosen.
Shape: pins in, `UnpackedWheel`s by name out. Downloads are pumped by the calling
thread; a few threads unpack what has arrived, since inflating and writing leave the
interpreter free.
"""

from __future__ import annotations

import os

from admit.errors import EnvironmentProblem
from admit.resolve.proven import is_proven, verify_file
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from threading import Thread

    from admit.cache.store import Cache
    from admit.index.files import Downloaded
    from admit.index.listing import Candidate
    from admit.install.listing import UnpackedWheel
    from admit.net.future import Future
    from admit.resolve.provider import Pin
    from admit.resolve.sources import Sources

    OnProgress = Callable[[str, int, int], None]

_MOST_THREADS = 3


@value
class Prepared:
    """The wheels of a change, verified and unpacked."""

    wheels: Mapping[str, UnpackedWheel]
    """By normalised name."""
    fetched: int
    """How many were not in the cache: fetched, or built."""
    digests: Mapping[str, str]
    """The sha256 of the file that each pin names, as far as there is one."""


def digest_of(candidate: Candidate) -> str | None:
    """The sha256 its page states, in hexadecimal; None if it states none."""
    return dict(candidate.file.hashes).get("sha256")


def find_prepared(candidate: Candidate, cache: Cache) -> UnpackedWheel | None:
    """Return a candidate's wheel if the cache has it unpacked."""
    sha256 = digest_of(candidate)
    place = cache.find_archive(sha256) if sha256 else None
    if place is None:
        return None
    from admit.install.wheel import read_unpacked

    wheel = read_unpacked(place)
    is_it = wheel is not None and wheel.is_of(candidate.project, candidate.version)
    return wheel if is_it else None


def prepare(
    pins: Sequence[Pin],
    cache: Cache,
    on_progress: OnProgress,
    on_finished: Callable[[str], None],
    sources: Callable[[], Sources],
) -> Prepared:
    """Fetch, verify and unpack the wheels of pins that name a file; build the others.

    Builds come first: they may fail for many reasons, and no connection waits for
    them. `on_progress(filename, received, size)` is called as bytes arrive. `sources`
    opens what builds.

    Raises:
        AdmitError: one of them failed; nothing of it is kept.
    """
    ready: dict[str, UnpackedWheel] = {}
    workers = _Workers()
    fetching: list[Future[None]] = []
    digests: dict[str, str] = {}
    built = 0
    try:
        for pin in pins:
            if pin.candidate is None or pin.found is None:
                continue
            if pin.candidate.is_source:
                known = sources().find_wheel(pin.candidate, pin.hashes)
                built += known is None
                ready[pin.name] = known or _build(pin, sources())
                digests[pin.name] = sources().digest_of(pin.candidate) or ""
        for pin in pins:
            if pin.candidate is None or pin.found is None or pin.name in ready:
                continue
            is_known = is_proven(pin.candidate, pin.hashes)
            prepared = find_prepared(pin.candidate, cache) if is_known else None
            if prepared is not None:
                ready[pin.name] = prepared
                continue
            fetching.append(_fetch(pin, cache, workers, on_progress, on_finished))
        for future in fetching:
            future.result()
        ready.update(workers.finish())
    finally:
        workers.stop()
    files = {name: each.sha256 for name, each in ready.items()}
    return Prepared(ready, len(fetching) + built, files | digests)


def _build(pin: Pin, sources: Sources) -> UnpackedWheel:
    assert pin.candidate is not None and pin.found is not None  # noqa: S101
    try:
        return sources.wheel(pin.found.files, pin.candidate, pin.hashes)
    except EnvironmentProblem as error:
        sources.advise(error, pin.found)
        raise


def _fetch(
    pin: Pin,
    cache: Cache,
    workers: _Workers,
    on_progress: OnProgress,
    on_finished: Callable[[str], None],
) -> Future[None]:
    assert pin.candidate is not None and pin.found is not None  # noqa: S101
    candidate, hashes = pin.candidate, pin.hashes
    filename = candidate.file.filename

    def unpack(downloaded: Downloaded) -> None:
        on_finished(filename)
        if not is_proven(candidate, hashes):
            verify_file(candidate, hashes or (), downloaded, cache)
        place = cache.archive_place(downloaded.sha256)

        def work() -> UnpackedWheel:
            try:
                return _unpack(candidate, downloaded, place, cache)
            finally:
                cache.discard(downloaded.path)

        workers.submit(pin.name, work)

    def progress(received: int, size: int) -> None:
        on_progress(filename, received, size)

    arriving = pin.found.files.download(candidate, on_progress=progress)
    return arriving.then(unpack)


def _unpack(
    candidate: Candidate, downloaded: Downloaded, place: str, cache: Cache
) -> UnpackedWheel:
    """Unpack into the cache what is the release that was chosen, and no other."""
    from admit.install.kept import unpack_kept
    from admit.install.listing import BadWheel

    wheel = unpack_kept(downloaded.path, downloaded.sha256, place, cache)
    if wheel.is_of(candidate.project, candidate.version):
        return wheel
    raise BadWheel(
        f"{candidate.file.filename} is not {candidate.project} {candidate.version}",
        why=f"it is {wheel.name} {wheel.version}, by its own metadata",
    )


class _Workers:
    """A few threads; made when the first piece of work comes."""

    def __init__(self) -> None:
        self._threads: list[Thread] = []
        self._results: dict[str, UnpackedWheel] = {}
        self._errors: list[BaseException] = []

    def submit(self, name: str, work: Callable[[], UnpackedWheel]) -> None:
        """Have `work` done by some thread; its result is kept under `name`."""
        if self._errors:
            raise self._errors[0]
        if not self._threads:
            self._start()
        self._queue.put((name, work))

    def finish(self) -> dict[str, UnpackedWheel]:
        """Wait for all work; return the results or raise the first error."""
        self._dismiss()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        if self._errors:
            raise self._errors[0]
        return self._results

    def stop(self) -> None:
        """Let threads go after what they are doing; for the way out of an error."""
        if self._threads:
            self._errors.append(RuntimeError("stopped"))
            self._dismiss()
            for thread in self._threads:
                thread.join()
            self._threads.clear()

    def _start(self) -> None:
        from queue import SimpleQueue
        from threading import Thread

        self._queue: SimpleQueue[tuple[str, Callable[[], UnpackedWheel]] | None]
        self._queue = SimpleQueue()
        count = min(_MOST_THREADS, (os.cpu_count() or 1) + 1)
        for _ in range(count):
            thread = Thread(target=self._run, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _dismiss(self) -> None:
        for _ in self._threads:
            self._queue.put(None)

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            if self._errors:
                continue
            name, work = item
            try:
                self._results[name] = work()
            except BaseException as error:  # noqa: BLE001  # raised by finish()
                self._errors.append(error)
