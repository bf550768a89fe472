"""Fixtures of the wire tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from admit.net.transport import open_transport
from support.raw_server import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.net.transport import Transport, TransportOptions
    from support.transports import Open


@pytest.fixture(params=["curl", "plain"])
def kind(request: pytest.FixtureRequest) -> Literal["curl", "plain"]:
    chosen: Literal["curl", "plain"] = request.param
    return chosen


@pytest.fixture
def open_it(kind: Literal["curl", "plain"]) -> Iterator[Open]:
    opened: list[Transport] = []

    def open_and_keep(options: TransportOptions) -> Transport:
        opened.append(open_transport(options, prefer=kind))
        return opened[-1]

    yield open_and_keep
    for transport in opened:
        transport.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
