"""Answers that are still on their way.

For: asking early and waiting late, in one thread. Waiting pumps the network, so
whoever waits lets every other transfer go on too.
Does not know: HTTP, threads. Callbacks run in the thread that pumps, once each, in
the order they were added.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, TypeVar

    T = TypeVar("T")
    U = TypeVar("U")
else:
    T = None

    class Generic:
        """Stand in for the typing construct, which only the checker reads."""

        def __class_getitem__(cls, _: object) -> type:
            """Let `Future[T]` be written."""
            return cls


class Future(Generic[T]):
    """One answer: a value, or the error that came instead."""

    __slots__ = ("_callbacks", "_error", "_pump", "_value", "is_done")

    def __init__(self, pump: Callable[[], None]) -> None:
        """Make an open future; `pump` moves the network on and returns."""
        self._pump = pump
        self._callbacks: list[Callable[[Future[T]], None]] = []
        self._error: BaseException | None = None
        self._value: Any = None
        self.is_done = False

    def result(self) -> T:
        """Wait for the answer, pumping; raise the error if that is the answer."""
        while not self.is_done:
            self._pump()
        if self._error is not None:
            raise self._error
        answer: T = self._value
        return answer

    @property
    def error(self) -> BaseException | None:
        """The error of a future that is done; None if it has a value."""
        return self._error

    def resolve(self, answer: T) -> None:
        """Give the answer and run the callbacks."""
        self._value = answer
        self._finish()

    def fail(self, error: BaseException) -> None:
        """Give the error and run the callbacks."""
        self._error = error
        self._finish()

    def when_done(self, callback: Callable[[Future[T]], None]) -> None:
        """Run `callback` with this future when it is done, at once if it is."""
        if self.is_done:
            callback(self)
        else:
            self._callbacks.append(callback)

    def then(self, step: Callable[[T], U | Future[U]]) -> Future[U]:
        """Return the future of `step(answer)`; errors pass through.

        `step` may return a value or another future, and may raise.
        """
        following: Future[U] = Future(self._pump)

        def run(done: Future[T]) -> None:
            if done._error is not None:
                following.fail(done._error)
                return
            try:
                outcome = step(done._value)
            except Exception as error:  # noqa: BLE001  # handed on, raised by result()
                following.fail(error)
                return
            if isinstance(outcome, Future):
                # `self` may have been settled, and had nothing to wait for.
                following._pump = outcome._pump  # noqa: SLF001  # same class
                outcome.when_done(following._copy)
            else:
                following.resolve(outcome)

        self.when_done(run)
        return following

    def recover(self, step: Callable[[BaseException], T | Future[T]]) -> Future[T]:
        """Return this answer's future, or that of `step(error)` if it fails."""
        following: Future[T] = Future(self._pump)

        def run(done: Future[T]) -> None:
            if done._error is None:
                following.resolve(done._value)
                return
            try:
                outcome = step(done._error)
            except Exception as error:  # noqa: BLE001  # handed on, raised by result()
                following.fail(error)
                return
            if isinstance(outcome, Future):
                following._pump = outcome._pump  # noqa: SLF001  # same class
                outcome.when_done(following._copy)
            else:
                following.resolve(outcome)

        self.when_done(run)
        return following

    def _copy(self, other: Future[T]) -> None:
        if other._error is not None:
            self.fail(other._error)
        else:
            self.resolve(other._value)

    def _finish(self) -> None:
        if self.is_done:
            raise RuntimeError("a future was answered twice")
        self.is_done = True
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(self)


def settled(answer: T) -> Future[T]:
    """Return a future that already has its answer."""
    future: Future[T] = Future(_never)
    future.resolve(answer)
    return future


def _never() -> None:
    raise RuntimeError("a settled future has nothing to wait for")
