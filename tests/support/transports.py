"""Send requests through a transport and wait; steps of scripted servers.

For: wire tests of both transports. `tests/wire/conftest.py` holds the fixtures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from admit.errors import AdmitError
from admit.net.transport import (
    Transport,
    TransportOptions,
    WireRequest,
    WireResponse,
)

if TYPE_CHECKING:
    from admit.net.transport import Outcome
    from support.raw_server import Received, Step

Open = Callable[[TransportOptions], Transport]
PATIENT = TransportOptions()
HASTY = TransportOptions(read_timeout=0.4, connect_timeout=0.4)


def fetch_all(transport: Transport, *requests: WireRequest) -> list[Outcome]:
    """Send requests at once; return their outcomes in the order of requests."""
    outcomes: dict[int, Outcome] = {}
    for number, request in enumerate(requests):

        def keep(outcome: Outcome, number: int = number) -> None:
            outcomes[number] = outcome

        transport.submit(request, keep)
    deadline = monotonic() + 20
    while len(outcomes) < len(requests) and monotonic() < deadline:
        transport.wait(1)
    return [outcomes[number] for number in range(len(requests))]


def fetch(transport: Transport, request: WireRequest) -> WireResponse:
    [outcome] = fetch_all(transport, request)
    if isinstance(outcome, AdmitError):
        raise outcome
    return outcome


def fail(transport: Transport, request: WireRequest) -> AdmitError:
    [outcome] = fetch_all(transport, request)
    assert isinstance(outcome, AdmitError), outcome
    return outcome


def plays(*steps: Step) -> Callable[[Received], list[Step]]:
    return lambda _: list(steps)


def after(seconds: float) -> threading.Event:
    """Return an event that the serving thread sees set `seconds` after it is met."""

    class Later(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            threading.Timer(seconds, self.set).start()
            return super().wait(seconds + 5)

    return Later()
