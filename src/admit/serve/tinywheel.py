"""Tiny wheels of one module, for the demo.

For: something to serve and install that is made in a millisecond.
Does not know: building; `tests/support` has a writer for every kind of wheel.
Spec: binary distribution format 1.0 (PEP 427), core metadata 2.1.
"""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

WHEEL = """\
Wheel-Version: 1.0
Generator: admit
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write_tiny_wheel(
    directory: str, name: str, version: str, requires: Iterable[str] = ()
) -> str:
    """Write a wheel whose module knows its `__version__`; return its path.

    `name` is a valid module name in lower case.
    """
    stem = f"{name}-{version}"
    header = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    header += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    members = {
        f"{name}.py": f'"""A package of the demo."""\n\n__version__ = "{version}"\n',
        f"{stem}.dist-info/METADATA": "".join(header),
        f"{stem}.dist-info/WHEEL": WHEEL,
    }
    record = f"{stem}.dist-info/RECORD"
    rows = [_record_row(path, text.encode()) for path, text in members.items()]
    members[record] = "".join([*rows, f"{record},,\n"])
    target = os.path.join(directory, f"{stem}-py3-none-any.whl")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in members.items():
            archive.writestr(path, text)
    return target


def _record_row(path: str, content: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return f"{path},sha256={digest.rstrip(b'=').decode()},{len(content)}\n"
