"""A devpi-server with devpi-lockdown behind nginx, as its documentation sets it up.

Everything wants a login; who has none, or a wrong one, is sent to a page with a form.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from support.servers import free_port, running, start_nginx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.servers import Nginx

_PROXY = """
    server {{
        listen 127.0.0.1:{front};
        recursive_error_pages on;
        error_page 401 = @login;
        location @login {{ return 302 /+login?goto_url=$request_uri; }}
        auth_request /+authcheck;
        location = /+authcheck {{
            internal;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header X-Original-URI $request_uri;
            proxy_set_header X-Outside-Url http://$http_host;
            proxy_pass http://127.0.0.1:{back};
        }}
        location / {{
            proxy_set_header X-Outside-Url http://$http_host;
            proxy_pass http://127.0.0.1:{back};
        }}
    }}
"""


def find_devpi() -> str | None:
    """Return the folder with devpi's commands, None if it is not installed."""
    own = Path(sys.executable).parent
    found = shutil.which("devpi-server", path=str(own)) or shutil.which("devpi-server")
    return str(Path(found).parent) if found else None


@contextlib.contextmanager
def start_devpi(
    folder: Path, wheels: Path, name: str, secret: str
) -> Iterator[tuple[Nginx, str]]:
    """Run devpi with one index of one user; yield nginx's log and the index's URL."""
    commands = find_devpi()
    assert commands is not None, "no devpi: ask `find_devpi` first"
    folder.mkdir(parents=True, exist_ok=True)
    state = str(folder / "state")
    subprocess.run(
        [
            *(f"{commands}/devpi-init", "--serverdir", state, "--no-root-pypi"),
            *("--root-passwd", uuid.uuid4().hex),
        ],
        check=True,
        capture_output=True,
    )
    back, front = free_port(), free_port()
    command = [
        *(f"{commands}/devpi-server", "--serverdir", state),
        *("--host", "127.0.0.1", "--port", str(back)),
    ]
    with running(command, [back], folder / "output", folder):
        _fill(f"http://127.0.0.1:{back}", wheels, name, secret)
        config = _PROXY.format(front=front, back=back)
        with start_nginx(folder / "front", config, [front]) as nginx:
            yield nginx, f"http://127.0.0.1:{front}/{name}/corp/+simple/"


def _fill(base: str, wheels: Path, name: str, secret: str) -> None:
    """Make a user, an index, and upload wheels."""
    _ask("PUT", f"{base}/{name}", {"password": secret})
    token = _ask("POST", f"{base}/+login", {"user": name, "password": secret})
    login = base64.b64encode(f"{name}:{token['password']}".encode()).decode()
    _ask(
        "PUT",
        f"{base}/{name}/corp",
        {"type": "stage", "bases": [], "volatile": True},
        login,
    )
    for wheel in sorted(wheels.glob("*.whl")):
        project, version, _ = wheel.name.split("-", 2)
        _upload(f"{base}/{name}/corp/", wheel, project, version, login)


def _ask(
    method: str, url: str, body: dict[str, object], login: str = ""
) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if login:
        headers["X-Devpi-Auth"] = login
    request = urllib.request.Request(
        url, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        result: dict[str, str] = json.load(response).get("result", {})
        return result


def _upload(url: str, wheel: Path, project: str, version: str, login: str) -> None:
    boundary = uuid.uuid4().hex
    fields = {
        ":action": "file_upload",
        "name": project,
        "version": version,
        "metadata_version": "2.1",
        "filetype": "bdist_wheel",
        "pyversion": "py3",
    }
    opening = f"--{boundary}\r\nContent-Disposition: form-data; name="
    parts = [f'{opening}"{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()]
    parts.append(
        f'{opening}"content"; '
        f'filename="{wheel.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    )
    body = "".join(parts).encode() + wheel.read_bytes()
    headers = {
        "Content-Type": f"multipart/form-data; boundary={boundary}",
        "X-Devpi-Auth": login,
    }
    request = urllib.request.Request(
        url, body + f"\r\n--{boundary}--\r\n".encode(), headers, method="POST"
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()
