"""The backends that people use, from PyPI, by admit's own resolution."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from admit.api import Session, load_settings
from admit.build.backend import BuildFailed
from admit.build.tree import Tree
from admit.errors import NetworkError
from admit.resolve.policy import Asked
from admit.session.furnishing import furnish
from admit.spec.names import normalize_name
from admit.spec.version import parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.build.builder import Builder
    from admit.env.interpreter import Interpreter
    from admit.spec.requirement import Requirement
    from builds.conftest import Site
    from support.workshop import Shop

pytestmark = pytest.mark.network

STATIC = """
[project]
name = "widget"
version = "1.0"
dependencies = ["packaging>=20"]
[project.optional-dependencies]
fast = ["six", 'tomli; python_version < "3.11"']
"""
DYNAMIC = STATIC.replace('version = "1.0"', 'dynamic = ["version"]')
MODULE = '"""A widget."""\n\n__version__ = "1.0"\n'
EXTENSION = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "widget_c"};
PyMODINIT_FUNC PyInit_widget_c(void) { return PyModule_Create(&definition); }
"""


def write(folder: Path, files: dict[str, str]) -> Tree:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return Tree(str(folder), "./widget", normalize_name("widget"), parse_version("1.0"))


def system(requires: str, backend: str) -> str:
    return f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n'


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("session")
    settings = load_settings(
        {"cache_dir": str(folder / "cache")},
        environ={
            **{
                name: os.environ[name] for name in os.environ if "PROXY" in name.upper()
            },
            "HOME": str(folder),
            "PATH": os.defpath,
            "ADMIT_NO_FOREIGN_CONFIG": "1",
        },
        cwd=str(folder),
    )
    with Session(settings) as session:
        yield session


@pytest.fixture
def builder(shop: Shop, session: Session) -> Builder:
    def provision(
        requirements: tuple[Requirement, ...], interpreter: Interpreter
    ) -> None:
        try:
            furnish(session.resources, Asked(requirements), interpreter)
        except NetworkError as error:
            pytest.skip(f"PyPI cannot be reached: {error.what}")

    return shop.builder(provision=provision, environ=session.settings.environ)


BACKENDS = [
    pytest.param(
        {
            "pyproject.toml": system("setuptools>=64", "setuptools.build_meta")
            + STATIC
            + "[tool.setuptools]\npy-modules = ['widget']\n",
            "widget.py": MODULE,
        },
        id="setuptools",
    ),
    pytest.param(
        {
            "pyproject.toml": system("setuptools>=64", "setuptools.build_meta")
            + DYNAMIC
            + "[tool.setuptools]\npy-modules = ['widget']\n"
            + "[tool.setuptools.dynamic]\nversion = {attr = 'widget.__version__'}\n",
            "widget.py": MODULE,
        },
        id="setuptools-dynamic",
    ),
    pytest.param(
        {
            "setup.py": """
            from setuptools import setup
            setup(name="widget", version="1.0", py_modules=["widget"],
                  install_requires=["packaging>=20"],
                  extras_require={"fast": ["six", "tomli; python_version<'3.11'"]})
            """,
            "widget.py": MODULE,
        },
        id="setup.py",
    ),
    pytest.param(
        {
            "pyproject.toml": system("hatchling", "hatchling.build") + STATIC,
            "widget/__init__.py": MODULE,
        },
        id="hatchling",
    ),
    pytest.param(
        {
            "pyproject.toml": system("flit_core>=3.9", "flit_core.buildapi")
            + DYNAMIC.replace('["version"]', '["version", "description"]'),
            "widget/__init__.py": MODULE,
        },
        id="flit-core",
    ),
]


@pytest.mark.parametrize("files", BACKENDS)
def test_metadata_is_what_the_wheel_then_says(
    files: dict[str, str], builder: Builder, shop: Shop, tmp_path: Path
) -> None:
    tree = write(tmp_path / "tree", files)

    metadata = builder.metadata(tree)
    path = builder.wheel(tree, str(shop.wheels))

    assert (metadata.name, metadata.version.text) == ("widget", "1.0")
    assert metadata.extras == ("fast",)
    assert "packaging" in {each.name for each in metadata.requires}
    assert any("widget" in name for name in zipfile.ZipFile(path).namelist())


@pytest.mark.parametrize("files", BACKENDS)
def test_an_editable_leads_to_the_tree(
    files: dict[str, str], builder: Builder, shop: Shop, tmp_path: Path
) -> None:
    tree = write(tmp_path / "tree", files)

    metadata = builder.editable_metadata(tree)
    path = builder.editable(tree, str(shop.wheels))

    assert "packaging" in {each.name for each in metadata.requires}
    site = tmp_path / "site"
    zipfile.ZipFile(path).extractall(site)
    code = (
        f"import site; site.addsitedir({str(site)!r}); import widget; "
        "print(widget.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(tree.folder)


def extension(folder: Path) -> Tree:
    return write(
        folder,
        {
            "pyproject.toml": system("setuptools>=64", "setuptools.build_meta"),
            "setup.py": """
            from setuptools import Extension, setup
            setup(name="widget", version="1.0",
                  ext_modules=[Extension("widget_c", ["widget.c"])])
            """,
            "widget.c": EXTENSION,
        },
    )


def test_an_extension_is_compiled_for_this_python(
    builder: Builder, shop: Shop, tmp_path: Path
) -> None:
    if shutil.which("cc", path=os.defpath) is None:
        pytest.skip("no C compiler")
    include = subprocess.run(
        [sys.executable, "-c", "import sysconfig as s; print(s.get_path('include'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not Path(include, "Python.h").exists():
        pytest.skip("no C headers of Python")

    path = builder.wheel(extension(tmp_path / "tree"), str(shop.wheels))

    site = tmp_path / "site"
    zipfile.ZipFile(path).extractall(site)
    code = f"import sys; sys.path.append({str(site)!r}); import widget_c; print('ran')"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == "ran\n"
    assert "py3-none-any" not in path


def test_a_missing_compiler_is_named(
    builder: Builder, shop: Shop, session: Session, tmp_path: Path
) -> None:
    environ = {**session.settings.environ, "PATH": "/nowhere", "CC": "gcc"}
    poor = shop.builder(
        provision=builder._workshop.provision, environ=environ, on_line=None
    )

    with pytest.raises(BuildFailed) as caught:
        poor.wheel(extension(tmp_path / "tree"), str(shop.wheels))

    assert (
        caught.value.fix
        == "install gcc, a compiler that the build runs and does not find"
    )


class TestFromTheIndex:
    """Releases that have no wheel, by `admit install`."""

    @pytest.fixture
    def site(self, site: Site) -> Site:
        site.variables |= {
            name: text for name, text in os.environ.items() if "PROXY" in name.upper()
        }
        return site

    def test_one_that_only_has_setup_py(self, site: Site) -> None:
        ran = site.run("install", "docopt==0.6.2")
        skip_without_network(ran.stderr)

        assert ran.status == 0, ran.stderr
        assert site.installed == ["docopt==0.6.2"]
        done = subprocess.run(
            [
                site.venv / "bin" / "python",
                "-c",
                "import docopt; print(docopt.__version__)",
            ],
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout == "0.6.2\n"

    @pytest.mark.exam
    def test_one_whose_backend_is_built_from_source_too(self, site: Site) -> None:
        """As distributors do it: not one wheel is taken from the index."""
        ran = site.run("install", "-v", "--no-binary", ":all:", "iniconfig==2.0.0")
        skip_without_network(ran.stderr)

        assert ran.status == 0, ran.stderr
        assert site.installed == ["iniconfig==2.0.0"]
        assert "Built hatchling" in ran.stderr
        fetched = [each for each in ran.stderr.splitlines() if "GET " in each]
        assert [each for each in fetched if ".tar.gz" in each]
        assert [each for each in fetched if ".whl" in each] == []


def skip_without_network(stderr: str) -> None:
    if "cannot connect to" in stderr:
        pytest.skip("the index cannot be reached")
