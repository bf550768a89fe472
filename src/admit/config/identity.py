"""The transport identity of one index: certificate, key, authorities, proxy.

For: `client-cert`, `client-key`, `ca-cert` and `proxy` of an index table, and the
password of an encrypted key, which comes from the environment only (pain I5).
Does not know: to which requests they belong (`net.source_tls`).
Shape: a table's fields -> checked values.
"""

from __future__ import annotations

import os

from admit.config.authenticate import variable_part
from admit.config.files import BadConfiguration
from admit.spec.url import InvalidUrl, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from admit.config.files import IndexTable
    from admit.spec.url import Url

KEY_PASSWORD = "ADMIT_CLIENT_KEY_PASSWORD"  # noqa: S105  # the name of a variable


def file_of(fields: Mapping[str, Any], key: str, table: IndexTable) -> str | None:
    """Return the absolute path of a file that must be there.

    Raises:
        BadConfiguration: it is not.
    """
    if key not in fields:
        return None
    path = os.path.expanduser(fields[key])
    path = os.path.abspath(os.path.join(table.folder, path))
    if not os.path.isfile(path):
        raise BadConfiguration(f"{table.origin}: there is no file {path}: `{key}`")
    return path


def client_key_of(fields: Mapping[str, Any], table: IndexTable) -> str | None:
    """Return the path of the key of `client-cert`, where it has a file of its own.

    Raises:
        BadConfiguration: there is no such file, or no certificate that it is of.
    """
    path = file_of(fields, "client-key", table)
    if path is not None and "client-cert" not in fields:
        raise BadConfiguration(
            f"{table.origin}: `client-key` without `client-cert`",
            fix="name the certificate that the key belongs to",
        )
    return path


def proxy_of_index(
    fields: Mapping[str, Any], where: str
) -> Url | Literal["direct"] | None:
    """Return the index's own proxy, "direct" for none.

    Raises:
        BadConfiguration: it is no URL of a proxy.
    """
    text = fields.get("proxy")
    if text is None or text == "direct":
        return "direct" if text else None
    from admit.net.proxies import parse_proxy

    try:
        return parse_proxy(text)
    except InvalidUrl as error:
        raise BadConfiguration(
            f"{where}: `proxy`: {error.what}",
            why=error.why,
            fix='write for instance "http://proxy.host.example:3128", or "direct"',
        ) from error


def key_password(environ: Mapping[str, str], name: str | None) -> Secret | None:
    """Return the password of an index's key, or of the run's for name None."""
    names = [KEY_PASSWORD]
    if name is not None:
        names.insert(0, f"ADMIT_INDEX_{variable_part(name)}_CLIENT_KEY_PASSWORD")
    for each in names:
        if environ.get(each):
            return Secret(environ[each])
    return None
