"""Certificates and proxies of indexes, from the user's file to the wire."""

from __future__ import annotations

import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from support.counter import Counter
from support.desk import Desk
from support.proxy import run_proxy
from support.raw_server import Authority
from support.recording_server import RecordingServer

if TYPE_CHECKING:
    from pathlib import Path

KEY_SECRET = "k3y-canary"


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(KEY_SECRET)
    return desk


def write_own(desk: Desk, *tables: str) -> None:
    path = desk.home / ".config/admit/admit.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(f"[[index]]\n{each}" for each in tables))


def guarded(authority: Authority) -> ssl.SSLContext:
    context = authority.server_context("127.0.0.1", wants_client=True)
    # With TLS 1.3 a refusal may come too late to be read.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@pytest.mark.pain("I5")
def test_two_indexes_have_two_certificates_one_key_encrypted(
    desk: Desk, world: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("one", "two")]
    for each in folders:
        each.mkdir()
    one, two = [Authority(each) for each in folders]
    plain = one.client_pem("alice")
    encrypted = two.client_pem("bob", password=KEY_SECRET.encode())
    first = Counter(world)
    first.files = {k: v for k, v in first.files.items() if k.startswith("beta")}
    with (
        RecordingServer(first, tls=guarded(one)) as a,
        RecordingServer(Counter(world), tls=guarded(two)) as b,
    ):
        write_own(
            desk,
            f'name="one"\nurl="{a.url()}"\nclient-cert="{plain}"\n'
            f'ca-cert="{one.bundle}"\n',
            f'name="two"\nurl="{b.url()}"\nclient-cert="{encrypted}"\n'
            f'ca-cert="{two.bundle}"\ndefault=true\n',
        )

        desk.succeed(
            *("install", "-vv", "beta"),
            ADMIT_INDEX_TWO_CLIENT_KEY_PASSWORD=KEY_SECRET,
        )

    assert desk.installed == ["alpha==2.0", "beta==1.0"]


@pytest.mark.pain("I5")
def test_a_wrong_password_of_a_key_is_told_without_it(
    desk: Desk, world: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    pem = authority.client_pem("alice", password=b"right")
    with RecordingServer(Counter(world), tls=guarded(authority)) as server:
        write_own(
            desk,
            f'name="corp"\nurl="{server.url()}"\nclient-cert="{pem}"\n'
            f'ca-cert="{authority.bundle}"\ndefault=true\n',
        )

        ran = desk.fail("install", "alpha", ADMIT_CLIENT_KEY_PASSWORD=KEY_SECRET)

        assert "cannot use the client certificate" in ran.stderr
        assert "ADMIT_CLIENT_KEY_PASSWORD" in ran.stderr
        assert server.seen == []


@pytest.mark.pain("I6")
def test_an_index_has_its_own_proxy(desk: Desk, world: Path) -> None:
    with (
        RecordingServer() as server,
        run_proxy(f"bob:{KEY_SECRET}") as proxy,
    ):
        counter = Counter(world)
        # This proxy passes a kept connection's further requests on as they are.
        server.answer = lambda seen: counter(
            replace(seen, path=seen.path.removeprefix(server.origin))
        )
        url = f"http://bob:{KEY_SECRET}@127.0.0.1:{proxy.port}"
        write_own(desk, f'name="corp"\nurl="{server.url()}"\nproxy="{url}"\n')

        desk.succeed("install", "-vv", "--index", "corp", "--no-deps", "delta")

        assert proxy.requests
    assert desk.installed == ["delta==1.0"]


def test_config_tells_of_them_and_shows_no_password(desk: Desk) -> None:
    url = f"http://bob:{KEY_SECRET}@proxy.corp.example:3128"
    write_own(
        desk, f'name="corp"\nurl="https://pypi.corp.example/simple/"\nproxy="{url}"\n'
    )

    ran = desk.succeed("config", "--json")

    assert "proxy.corp.example:3128" in ran.stdout
