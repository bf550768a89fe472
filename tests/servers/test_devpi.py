"""admit against a real devpi-server that devpi-lockdown closes.

It has no 401 for anybody: who may not come in is redirected to a page with a form, so
that status 200 is what a lost or wrong password gets.
"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.devpi import find_devpi, start_devpi
from support.nginx_site import SECRET, WRONG
from support.servers import find_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk
    from support.servers import Logged, Nginx

pytestmark = pytest.mark.exam


class Devpi(NamedTuple):
    nginx: Nginx
    url: str

    def url_as(self, userinfo: str) -> str:
        return self.url.replace("://", f"://{userinfo}@")

    def requests(self) -> list[Logged]:
        return self.nginx.requests()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Iterator[Devpi]:
    if find_nginx() is None or find_devpi() is None:
        pytest.skip("devpi-server and nginx are wanted: the groups devpi and servers")
    folder = tmp_path_factory.mktemp("devpi")
    with start_devpi(folder, wheels, "alice", SECRET) as (nginx, url):
        yield Devpi(nginx, url)


@pytest.fixture
def devpi(running: Devpi) -> Devpi:
    """The server, with an empty log."""
    running.requests()
    return running


@pytest.mark.parametrize("way", ["url", "netrc", "variables"])
def test_listing_and_files_carry_the_credential(
    desk: Desk, devpi: Devpi, way: str
) -> None:
    url = devpi.url
    if way == "url":
        url = devpi.url_as(f"alice:{SECRET}")
    elif way == "netrc":
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
    else:
        desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
        desk.variables["ADMIT_INDEX_CORP_PASSWORD"] = SECRET
    desk.write("admit.toml", f'[[index]]\nname="corp"\nurl="{url}"\ndefault=true\n')

    desk.succeed("install", "pkgpub")

    requests = devpi.requests()
    assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]
    assert {each.user for each in requests} == {"alice"}
    assert any(each.path.endswith(".whl") for each in requests)


def test_the_token_of_a_login_is_as_good_as_the_password(
    desk: Desk, devpi: Devpi
) -> None:
    login = json.dumps({"user": "alice", "password": SECRET}).encode()
    asked = urllib.request.Request(
        f"{devpi.url.partition('/alice/')[0]}/+login",
        login,
        {"Content-Type": "application/json", "Accept": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=60) as response:
        token = json.load(response)["result"]["password"]
    desk.secrets.append(token)
    devpi.requests()
    # It holds quotation marks and spaces: a variable takes it as it is.
    desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
    desk.variables["ADMIT_INDEX_CORP_PASSWORD"] = token

    desk.succeed("install", "--index", f"corp={devpi.url}", "pkgpub")

    assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]
    assert {each.user for each in devpi.requests()} == {"alice"}


@pytest.mark.pain("H10")
def test_anonymous_gets_a_login_page_and_is_told(desk: Desk, devpi: Devpi) -> None:
    ran = desk.fail("install", "-i", devpi.url, "pkgpub")

    assert "is it a login page?" in ran.stderr
    assert "machine 127.0.0.1 login USER password SECRET" in ran.stderr


@pytest.mark.pain("H5")
@pytest.mark.pain("H10")
def test_a_wrong_password_gets_a_login_page_and_the_run_ends(
    desk: Desk, devpi: Devpi
) -> None:
    desk.secrets.append(WRONG)

    ran = desk.fail("install", "-i", devpi.url_as(f"alice:{WRONG}"), "pkgpub")

    assert "is it a login page?" in ran.stderr
    assert desk.installed == []


def test_what_is_not_there_is_a_404_also_for_a_probe(desk: Desk, devpi: Devpi) -> None:
    desk.write(
        "admit.toml",
        f'[[index]]\nname="corp"\nurl="{devpi.url_as(f"alice:{SECRET}")}"\n'
        'probe = "pkgpriv"\ndefault = true\n',
    )

    ran = desk.fail("install", "nothing")

    assert "nothing was not found on corp (asked as alice" in ran.stderr
    assert "never confirmed" not in ran.stderr
