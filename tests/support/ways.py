"""Every way to give a credential for an index, as a function on a desk.

`give(desk, index, secret)` gives alice's credential and returns what stands for the
index's URL from then on: where the way is the URL itself, it is another one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.desk import Desk

    Give = Callable[[Desk, str, str], str]

HOST = "127.0.0.1"


def by_url(desk: Desk, url: str, secret: str) -> str:
    return url.replace("://", f"://alice:{secret}@")


def by_variable_in_the_url(desk: Desk, url: str, secret: str) -> str:
    desk.variables["OUR_SECRET"] = secret
    desk.variables["ADMIT_PROJECT_VARIABLES"] = "OUR_SECRET"  # it may stand there
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


def by_store(desk: Desk, url: str, secret: str) -> str:
    folder = desk.home / ".local" / "share" / "admit"
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"url": url, "username": "alice", "password": secret}
    path = folder / "credentials.json"
    path.write_text(json.dumps({"version": 1, "credentials": [entry]}))
    path.chmod(0o600)
    return url


def by_keyring(desk: Desk, url: str, secret: str) -> str:
    script = desk.home / "keyring"
    pair = json.dumps({"username": "alice", "password": secret})
    origin = url.split("/")[2]
    script.write_text(
        f"#!/bin/sh\ncase \"$*\" in *{origin}*) echo '{pair}';; *) exit 1;; esac\n"
    )
    script.chmod(0o755)
    desk.variables["ADMIT_KEYRING"] = "subprocess"
    desk.variables["ADMIT_KEYRING_COMMAND"] = str(script)
    return url


def by_user_in_the_url_and_keyring(desk: Desk, url: str, secret: str) -> str:
    return by_keyring(desk, url, secret).replace("://", "://alice@")


WAYS: tuple[Give, ...] = (
    by_url,
    by_variable_in_the_url,
    by_netrc,
    by_netrc_of_the_host,
    by_netrc_variable,
    by_user_in_the_url_and_netrc,
    by_variables,
    by_variables_of_uv,
    by_store,
    by_keyring,
    by_user_in_the_url_and_keyring,
)


def every_way_with(name: str, others: Sequence[str]) -> pytest.MarkDecorator:
    """Every way with every other parameter; `make test` has each of both once."""
    return pytest.mark.parametrize(
        ("give", name),
        [
            pytest.param(
                way,
                other,
                id=f"{way.__name__[3:]}-{other}",
                marks=() if (row - column) % len(others) == 0 else pytest.mark.exam,
            )
            for row, way in enumerate(WAYS)
            for column, other in enumerate(others)
        ],
    )


every_way = pytest.mark.parametrize("give", WAYS, ids=lambda way: way.__name__[3:])
