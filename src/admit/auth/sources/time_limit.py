"""Calling code of others that may never return.

For: keyring backends and credential providers in this process.
Does not know: what is called. A call that is given up goes on in a thread which does
not keep the process alive.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class OutOfTime(Exception):
    """A call took longer than allowed."""


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """Return what a call returns, or raise what it raises.

    Raises:
        OutOfTime: it has not ended.
    """
    from threading import Thread

    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  # raised again in the caller
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        error = errors[0]
        if isinstance(error, Exception):
            raise error
        # A backend that calls sys.exit() ends no run of ours.
        raise RuntimeError(type(error).__name__)
    if not results:
        raise OutOfTime
    return results[0]
