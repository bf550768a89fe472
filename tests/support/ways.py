"""Every way to give a credential for an index, as a function on a desk.

`give(desk, index, secret)` gives alice's credential and returns what stands for the
index's URL from then on: where the way is the URL itself, it is another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.desk import Desk

    Give = Callable[[Desk, str, str], str]

HOST = "127.0.0.1"


def by_url(desk: Desk, url: str, secret: str) -> str:
    return url.replace("://", f"://alice:{secret}@")


def by_variable_in_the_url(desk: Desk, url: str, secret: str) -> str:
    desk.variables["OUR_SECRET"] = secret
    return url.replace("://", "://alice:${OUR_SECRET}@")


def by_netrc(desk: Desk, url: str, secret: str) -> str:
    origin = url.split("/")[2]
    desk.write_netrc(f"machine {origin} login alice password {secret}\n")
    return url


def by_netrc_of_the_host(desk: Desk, url: str, secret: str) -> str:
    desk.write_netrc(f"machine {HOST} login alice password {secret}\n")
    return url


def by_netrc_variable(desk: Desk, url: str, secret: str) -> str:
    desk.write_netrc(f"machine {HOST} login alice password {secret}\n", ".corp-netrc")
    desk.variables["NETRC"] = "~/.corp-netrc"
    return url


def by_user_in_the_url_and_netrc(desk: Desk, url: str, secret: str) -> str:
    desk.write_netrc(
        f"machine {HOST} login bob password of-bob\n"
        f"machine {HOST} login alice password {secret}\n"
    )
    return url.replace("://", "://alice@")


def by_variables(desk: Desk, url: str, secret: str) -> str:
    desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
    desk.variables["ADMIT_INDEX_CORP_PASSWORD"] = secret
    return url


def by_variables_of_uv(desk: Desk, url: str, secret: str) -> str:
    desk.variables["UV_INDEX_CORP_USERNAME"] = "alice"
    desk.variables["UV_INDEX_CORP_PASSWORD"] = secret
    return url


WAYS: tuple[Give, ...] = (
    by_url,
    by_variable_in_the_url,
    by_netrc,
    by_netrc_of_the_host,
    by_netrc_variable,
    by_user_in_the_url_and_netrc,
    by_variables,
    by_variables_of_uv,
)
every_way = pytest.mark.parametrize("give", WAYS, ids=lambda way: way.__name__[3:])
