"""Source distributions for tests: they build themselves, and write down that they do.

`build_sdist(folder, "widget", "1.0")` writes widget-1.0.tar.gz, whose backend stands in
it (`source_tree`). Its hooks note each call in the file that the variable JOURNAL
names, which `read_journal` reads: what is not noted there has not run. The same
arguments give the same bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from support.source_tree import make_tree
from support.wheel import metadata_text

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTE = """
def note(hook, **more):
    said = dict(
        hook=hook, release=NAME + " " + VERSION, argv=sys.argv,
        environ=dict(os.environ), prefix=sys.prefix, **more,
    )
    with open(os.environ["JOURNAL"], "a") as file:
        file.write(json.dumps(said) + "\\n")
"""


def build_sdist(
    directory: Path,
    name: str,
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    build_requires: Sequence[str] = (),
    extra: str = "",
    project: str = "",
    is_static: bool = False,
) -> Path:
    """Write a source distribution into `directory` and return its path.

    `extra` is code that stands at the end of its backend and may replace any of it;
    `project` is more text of its pyproject.toml; `is_static`: its PKG-INFO may be
    believed (PEP 643), so that metadata need no build.
    """
    directory.mkdir(parents=True, exist_ok=True)
    top = f"{name}-{version}"
    path = directory / f"{top}.tar.gz"
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch, top)
        make_tree(
            tree,
            name,
            version,
            requires=requires,
            build_requires=build_requires,
            extra=NOTE + dedent(extra),
            project=project,
        )
        text = metadata_text(name, version, requires=requires)
        if is_static:
            text = text.replace("Metadata-Version: 2.1", "Metadata-Version: 2.2")
        (tree / "PKG-INFO").write_text(text)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for each in sorted(tree.rglob("*")):
                if each.is_file():
                    member = tarfile.TarInfo(f"{top}/{each.relative_to(tree)}")
                    content = each.read_bytes()
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return path


def read_journal(path: Path) -> list[dict[str, Any]]:
    """What the hooks noted, in order."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]
