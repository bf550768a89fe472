"""admit against a real pypiserver with an htpasswd, behind a proxy that counts.

Its habits: 401 without a login, 403 for a wrong one, and a redirect to another index
for what it has not got.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.nginx_site import SECRET, WRONG
from support.servers import (
    find_nginx,
    free_port,
    has_module,
    start_nginx,
    start_pypiserver,
    write_static_index,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.desk import Desk
    from support.servers import Logged, Nginx

_PROXY = """
    server {{
        listen 127.0.0.1:{front};
        location / {{
            proxy_pass http://127.0.0.1:{back};
            proxy_set_header Host $http_host;
            proxy_redirect off;
        }}
    }}
    server {{
        listen 127.0.0.1:{public};
        root {folder};
    }}
"""


class Served(NamedTuple):
    """pypiserver behind its proxy, and the index it sends strangers to."""

    nginx: Nginx
    front: int
    public: int

    def url(self, userinfo: str = "") -> str:
        at = f"{userinfo}@" if userinfo else ""
        return f"http://{at}127.0.0.1:{self.front}/simple/"

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.public}/simple/"

    def requests(self) -> list[Logged]:
        return self.nginx.requests()


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, wheels: Path, open_wheels: Path
) -> Iterator[Served]:
    if find_nginx() is None or not has_module("pypiserver"):
        pytest.skip("pypiserver and nginx are wanted: the group `servers`")
    folder = tmp_path_factory.mktemp("pypiserver")
    front, public = free_port(), free_port()
    elsewhere = write_static_index(folder / "public", open_wheels)
    fallback = f"http://127.0.0.1:{public}/simple/"
    with start_pypiserver(
        folder / "back", wheels, {"alice": SECRET}, "--fallback-url", fallback
    ) as back:
        config = _PROXY.format(front=front, back=back, public=public, folder=elsewhere)
        with start_nginx(folder / "front", config, (front, public)) as nginx:
            yield Served(nginx, front, public)


@pytest.fixture
def served(running: Served) -> Served:
    """The server, with an empty log."""
    running.requests()
    return running


@pytest.mark.parametrize("way", ["url", "netrc", "variables"])
def test_every_request_carries_the_credential(
    desk: Desk, served: Served, way: str
) -> None:
    options = ["--index", f"corp={served.url()}", "-i", served.public_url]
    if way == "url":
        options[1] = f"corp={served.url(f'alice:{SECRET}')}"
    elif way == "netrc":
        desk.write_netrc(
            f"machine 127.0.0.1:{served.front} login alice password {SECRET}\n"
        )
    else:
        desk.variables["ADMIT_INDEX_CORP_USERNAME"] = "alice"
        desk.variables["ADMIT_INDEX_CORP_PASSWORD"] = SECRET

    desk.succeed("install", *options, "pkgpub")

    requests = served.requests()
    assert desk.installed == ["pkgpriv==2.0", "pkgpub==2.0"]
    assert {each.user for each in requests if each.port == served.front} == {"alice"}
    assert {each.user for each in requests if each.port == served.public} <= {"-"}


def test_anonymous_is_refused(desk: Desk, served: Served) -> None:
    ran = desk.fail("install", "-i", served.url(), "pkgpub")

    assert "login required (401)" in ran.stderr
    assert len(served.requests()) == 1


@pytest.mark.pain("H1")
@pytest.mark.pain("H5")
def test_a_wrong_password_is_a_403_and_the_end(desk: Desk, served: Served) -> None:
    desk.secrets.append(WRONG)
    names = [f"project{n}" for n in range(20)]

    ran = desk.fail(
        *("install", "--index", f"corp={served.url(f'alice:{WRONG}')}"),
        *("-i", served.public_url, *names, "pkgpub"),
    )

    requests = served.requests()
    assert "access denied to alice (403)" in ran.stderr
    assert {(each.port, each.status) for each in requests} == {(served.front, 403)}
    assert 1 <= len(requests) <= 2


@pytest.mark.pain("A2")
def test_a_namesake_of_the_index_it_redirects_to_is_told(
    desk: Desk, served: Served
) -> None:
    ran = desk.succeed("install", "-i", served.url(f"alice:{SECRET}"), "common")

    for each in served.requests():
        assert each.is_anonymous is (each.port == served.public), each
    assert "page of another origin" in ran.stderr


@pytest.mark.pain("A2")
def test_an_owned_name_is_not_taken_from_the_index_it_redirects_to(
    desk: Desk, served: Served
) -> None:
    url = served.url(f"alice:{SECRET}")
    desk.write(
        "admit.toml",
        f'[[index]]\nname = "corp"\nurl = "{url}"\npackages = ["comm*"]\n',
    )

    ran = desk.fail("install", "-i", served.public_url, "common")

    assert "the name common belongs to it" in ran.stderr
    assert {each.port for each in served.requests()} == {served.front}
