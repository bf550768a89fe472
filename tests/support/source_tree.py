"""Source trees that build themselves: their backend stands in them.

`make_tree(folder, "widget", "1.0")` needs neither an index nor any package. Each hook
notes how it was called in `seen.jsonl`, which `seen(tree)` reads. `extra` is code that
stands at the end of the backend and may replace any of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

from admit.build.tree import Tree
from admit.spec.names import normalize_name
from admit.spec.version import parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKEND = """
import base64, hashlib, json, os, sys, zipfile

NAME, VERSION = {name!r}, {version!r}
REQUIRES = {requires!r}
NEEDED = []


def note(hook, **more):
    said = dict(
        hook=hook, argv=sys.argv, environ=dict(os.environ), prefix=sys.prefix,
        base_prefix=sys.base_prefix, path=sys.path, cwd=os.getcwd(), **more,
    )
    with open("seen.jsonl", "a") as file:
        file.write(json.dumps(said) + "\\n")


def metadata():
    lines = ["Metadata-Version: 2.1", "Name: " + NAME, "Version: " + VERSION]
    lines += ["Requires-Dist: " + each for each in REQUIRES]
    return "\\n".join(lines) + "\\n"


def digest(text):
    found = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(found).decode().rstrip("=")


def write_wheel(folder, files):
    stem = NAME + "-" + VERSION
    info = stem + ".dist-info"
    files = dict(files)
    files[info + "/METADATA"] = metadata()
    files[info + "/WHEEL"] = (
        "Wheel-Version: 1.0\\nGenerator: own\\nRoot-Is-Purelib: true\\n"
        "Tag: py3-none-any\\n"
    )
    rows = "".join(name + "," + digest(files[name]) + ",\\n" for name in files)
    files[info + "/RECORD"] = rows + info + "/RECORD,,\\n"
    name = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return name


def get_requires_for_build_wheel(config_settings=None):
    note("requires", settings=config_settings)
    return NEEDED


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    note("prepare", settings=config_settings)
    info = NAME + "-" + VERSION + ".dist-info"
    os.mkdir(os.path.join(metadata_directory, info))
    with open(os.path.join(metadata_directory, info, "METADATA"), "w") as file:
        file.write(metadata())
    return info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    note("build", settings=config_settings, metadata=metadata_directory)
    return write_wheel(wheel_directory, {{NAME + ".py": "VERSION = 1\\n"}})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    note("editable", settings=config_settings, metadata=metadata_directory)
    return write_wheel(wheel_directory, {{NAME + ".pth": os.getcwd() + "\\n"}})
"""
PYPROJECT = """
[build-system]
requires = {build_requires}
build-backend = "own"
backend-path = ["backend"]
"""


def make_tree(
    folder: Path,
    name: str = "widget",
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    build_requires: Sequence[str] = (),
    extra: str = "",
    project: str = "",
    is_sdist: bool = False,
) -> Tree:
    """Write a tree; `project` is more text of its pyproject.toml."""
    backend = folder / "backend"
    backend.mkdir(parents=True)
    code = BACKEND.format(name=name, version=version, requires=list(requires))
    (backend / "own.py").write_text(code + dedent(extra))
    table = PYPROJECT.format(build_requires=list(build_requires))
    (folder / "pyproject.toml").write_text(table + dedent(project))
    return Tree(
        str(folder),
        f"{name}-{version}.tar.gz",
        normalize_name(name),
        parse_version(version),
        is_sdist,
    )


def seen(tree: Tree) -> list[dict[str, Any]]:
    """What the hooks of a tree noted, in order."""
    path = Path(tree.folder, "seen.jsonl")
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def hooks(tree: Tree) -> list[str]:
    """Which hooks ran, in order."""
    return [each["hook"] for each in seen(tree)]
