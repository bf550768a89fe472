"""What the nginx of these tests serves: open, closed and filtered, TLS and mTLS.

Ports: `home` and `away` are two origins, `tls` has a certificate of a private CA,
`mutual` wants one of the client too, `asking` takes any and wants none, and has its own
from another CA. Everything below `/closed/` wants alice.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.raw_server import Authority
    from support.servers import Logged, Nginx

SECRET = "s3cr3t-canary"
WRONG = "wr0ng-s3cret"
NAMES = ("home", "away", "tls", "mutual", "asking")

_CONFIG = """
    map $http_authorization $visible {{
        default {folder}/open;
        "Basic {login}" {folder}/closed;
    }}
    map $http_authorization $hidden {{
        default {folder}/nothing;
        "Basic {login}" {folder}/closed;
    }}
    limit_req_zone $server_port zone=slow:1m rate=2r/s;

    server {{
        listen 127.0.0.1:{home};
        root {folder};
        location /open/ {{ }}
        location /closed/ {{
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
        }}
        # Status 200 for everybody, and for strangers less (what is not there: 404).
        location ~ ^/filtered(/.*)$ {{ alias $visible$1; }}
        # Status 404 for strangers, whatever they ask.
        location ~ ^/hidden(/.*)$ {{ alias $hidden$1; }}
        # The same origin under another path, by a relative and an absolute Location.
        location /moved/ {{ rewrite ^/moved(/.*)$ /closed$1 redirect; }}
        location /moved-far/ {{
            rewrite ^/moved-far(/.*)$ http://127.0.0.1:{home}/closed$1 permanent;
        }}
        # Another origin.
        location /away/ {{
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
            rewrite ^/away(/.*)$ http://127.0.0.1:{away}/open$1 redirect;
        }}
        # Listings here, files in a storage of another origin, by signed URLs.
        location /stored/ {{
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
            location ~ ^/stored/packages/(.*)$ {{
                auth_basic "closed";
                auth_basic_user_file {folder}/htpasswd;
                return 302 http://127.0.0.1:{away}/store/$1?X-Amz-Date=1&X-Amz-Signature=51gn;
            }}
            alias {folder}/closed/;
        }}
        # Two requests a second.
        location /limited/ {{
            limit_req zone=slow;
            limit_req_status 503;
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
            error_page 503 @later;
            alias {folder}/closed/;
        }}
        location @later {{
            add_header Retry-After 1 always;
            return 503;
        }}
    }}
    server {{
        listen 127.0.0.1:{away};
        root {folder};
        location /open/ {{ }}
        # As storages do: a signature and a login at once are refused.
        location /store/ {{
            if ($http_authorization) {{ return 400; }}
            if ($arg_X-Amz-Signature = "") {{ return 403; }}
            alias {folder}/closed/packages/;
        }}
    }}
    server {{
        listen 127.0.0.1:{tls} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        root {folder};
        location /open/ {{ }}
        location /closed/ {{
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
        }}
        location /elsewhere/ {{
            rewrite ^/elsewhere(/.*)$ https://127.0.0.1:{mutual}/open$1 redirect;
        }}
    }}
    server {{
        listen 127.0.0.1:{mutual} ssl;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.pem;
        ssl_client_certificate {folder}/ca.pem;
        ssl_verify_client on;
        root {folder};
        location /open/ {{ }}
        location /closed/ {{
            auth_basic "closed";
            auth_basic_user_file {folder}/htpasswd;
        }}
        location /alices/ {{
            if ($ssl_client_s_dn !~ "CN=alice") {{ return 403; }}
            alias {folder}/closed/;
        }}
        location /bobs/ {{
            if ($ssl_client_s_dn !~ "CN=bob") {{ return 403; }}
            alias {folder}/open/;
        }}
        location /elsewhere/ {{
            rewrite ^/elsewhere(/.*)$ https://127.0.0.1:{asking}/open$1 redirect;
        }}
    }}
    server {{
        listen 127.0.0.1:{asking} ssl;
        ssl_certificate {folder}/stranger.pem;
        ssl_certificate_key {folder}/stranger.pem;
        ssl_verify_client optional_no_ca;
        root {folder};
        location /open/ {{ }}
    }}
"""


def site_config(folder: Path, ports: Mapping[str, int]) -> str:
    """Return the `server` blocks."""
    login = base64.b64encode(f"alice:{SECRET}".encode()).decode()
    return _CONFIG.format(folder=folder, login=login, **ports)


class Site(NamedTuple):
    """The running nginx."""

    nginx: Nginx
    ports: Mapping[str, int]
    authority: Authority
    """Signs the servers' certificates, and those of clients that may come in."""
    stranger: Authority

    def url(self, path: str, server: str = "home", userinfo: str = "") -> str:
        """Return the URL of an index, `/closed/` for instance."""
        scheme = "https" if server in ("tls", "mutual", "asking") else "http"
        at = f"{userinfo}@" if userinfo else ""
        return f"{scheme}://{at}127.0.0.1:{self.ports[server]}{path}simple/"

    def requests(self) -> list[Logged]:
        """Return what was asked since the last call."""
        return self.nginx.requests()
