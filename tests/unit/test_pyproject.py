"""pyproject.toml: how a tree is built, and when its metadata needs no build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from admit.spec.metadata import find_static_pkg_info
from admit.spec.pyproject import (
    LEGACY_BACKEND,
    InvalidProject,
    find_static_metadata,
    parse_build_system,
    parse_document,
    parse_project,
)

if TYPE_CHECKING:
    from admit.spec.metadata import Metadata
    from admit.spec.pyproject import BuildSystem

PROJECT = """
[project]
name = "My.Widget"
version = "1.0"
dependencies = ["alpha>=1", 'beta; python_version < "3"']
requires-python = ">=3.9"
[project.optional-dependencies]
Fast_Mode = ["gamma", 'delta; os_name == "nt" or os_name == "posix"']
all = ["my-widget[fast-mode]"]
"""


def build_system(text: str) -> BuildSystem:
    return parse_build_system(parse_document(text.encode()))


def static(text: str) -> Metadata | None:
    return find_static_metadata(parse_document(text.encode()))


class TestTheBuildSystem:
    def test_is_what_the_table_says(self) -> None:
        found = build_system(
            '[build-system]\nrequires = ["flit_core >=3.4,<4"]\n'
            'build-backend = "own.backend:Hooks.all"\nbackend-path = [".", "./a/../b"]'
        )

        assert [str(each) for each in found.requires] == ["flit_core >=3.4,<4"]
        assert found.backend == "own.backend:Hooks.all"
        assert found.backend_path == (".", "./a/../b")
        assert not found.is_legacy

    def test_is_old_setuptools_where_there_is_no_table(self) -> None:
        found = build_system("[project]\nname = 'a'")

        assert [str(each) for each in found.requires] == ["setuptools>=40.8.0"]
        assert found.backend == LEGACY_BACKEND

    def test_without_backend_keeps_its_requirements(self) -> None:
        found = build_system('[build-system]\nrequires = ["setuptools", "cython"]')

        assert [each.name for each in found.requires] == ["setuptools", "cython"]
        assert found.is_legacy

    @pytest.mark.parametrize(
        ("table", "fault"),
        [
            pytest.param("", "it has no `requires`", id="nothing"),
            pytest.param("requires = 'a'", "`requires` is not a list", id="a-text"),
            pytest.param("requires = [1]", "`requires` is not a list", id="a-number"),
            pytest.param("requires = ['a ??']", "not a valid requirement", id="bad"),
            pytest.param(
                "requires = []\nbuild-backend = 'a b'",
                "no module or object",
                id="words",
            ),
            pytest.param(
                "requires = []\nbuild-backend = 1", "no module or object", id="one"
            ),
            pytest.param(
                "requires = []\nbackend-path = ['.']", "no `build-backend`", id="whose"
            ),
            pytest.param(
                "requires = []\nbuild-backend = 'a'\nbackend-path = '.'",
                "`backend-path` is not a list",
                id="path-text",
            ),
        ],
    )
    def test_with_faults_is_an_error_that_names_them(
        self, table: str, fault: str
    ) -> None:
        with pytest.raises(InvalidProject, match="does not say how") as caught:
            build_system(f"[build-system]\n{table}")

        assert fault in (caught.value.why or "")

    @pytest.mark.parametrize(
        "path", ["/etc", "..", "a/../..", "C:/x", "\\\\host\\share", "a\\..\\..\\b"]
    )
    def test_has_no_backend_outside_of_the_tree(self, path: str) -> None:
        with pytest.raises(InvalidProject) as caught:
            build_system(
                "[build-system]\nrequires = []\nbuild-backend = 'a'\n"
                f"backend-path = ['{path}']"
            )

        assert caught.value.why is not None
        assert "leads out of the tree" in caught.value.why

    def test_tells_all_faults_together(self) -> None:
        with pytest.raises(InvalidProject) as caught:
            build_system("[build-system]\nrequires = ['?', '!']\nbuild-backend = ''")

        assert caught.value.why is not None
        assert len(caught.value.why.splitlines()) >= 3

    def test_is_a_table(self) -> None:
        with pytest.raises(InvalidProject, match="is not a table"):
            build_system("build-system = 1")


class TestStaticMetadata:
    def test_is_all_that_the_project_says(self) -> None:
        found = static(PROJECT)

        assert found is not None
        assert (found.name, found.version.text) == ("my-widget", "1.0")
        assert str(found.requires_python) == ">=3.9"
        assert found.extras == ("fast-mode", "all")
        assert [str(each) for each in found.requires[:2]] == [
            "alpha>=1",
            'beta; python_version < "3"',
        ]

    @pytest.mark.parametrize(
        ("extra", "expected"),
        [
            ("", ["alpha"]),
            ("fast-mode", ["alpha", "gamma", "delta"]),
            ("all", ["alpha", "my-widget"]),
        ],
    )
    def test_puts_what_extras_bring_under_them(
        self, extra: str, expected: list[str]
    ) -> None:
        found = static(PROJECT)
        assert found is not None
        environment = {"python_version": "3.12", "os_name": "posix"}
        extras = tuple(each for each in found.extras if each == extra)

        holding = [
            each.name
            for each in found.requires
            if each.marker is None or each.marker.evaluate(environment, extras)
        ]

        assert holding == expected

    def test_is_empty_where_the_table_says_nothing(self) -> None:
        found = static("[project]\nname = 'a'\nversion = '1'")

        assert found is not None
        assert (found.requires, found.requires_python, found.extras) == ((), None, ())

    @pytest.mark.parametrize(
        "field",
        ["version", "dependencies", "optional-dependencies", "requires-python"],
    )
    def test_is_none_where_a_field_in_use_is_dynamic(self, field: str) -> None:
        text = f"[project]\nname = 'a'\nversion = '1'\ndynamic = ['{field}']"

        assert static(text) is None

    def test_does_not_mind_what_else_is_dynamic(self) -> None:
        text = "[project]\nname = 'a'\nversion = '1'\ndynamic = ['readme', 'urls']"

        assert static(text) is not None

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("[tool.x]", id="no-table"),
            pytest.param("project = 1", id="no-table-at-all"),
            pytest.param("[project]\nversion = '1'", id="no-name"),
            pytest.param("[project]\nname = '-'\nversion = '1'", id="bad-name"),
            pytest.param("[project]\nname = 'a'", id="no-version"),
            pytest.param("[project]\nname = 'a'\nversion = 1", id="number"),
            pytest.param("[project]\nname = 'a'\nversion = 'x'", id="bad-version"),
            pytest.param(
                "[project]\nname = 'a'\nversion = '1'\nrequires-python = 3", id="python"
            ),
            pytest.param(
                "[project]\nname = 'a'\nversion = '1'\ndependencies = ['?']", id="bad"
            ),
            pytest.param(
                "[project]\nname = 'a'\nversion = '1'\ndynamic = 'x'", id="dynamic"
            ),
            pytest.param(
                "[project]\nname = 'a'\nversion = '1'\noptional-dependencies = 1",
                id="optional",
            ),
            pytest.param(
                "[project]\nname = 'a'\nversion = '1'\n"
                "[tool.poetry.dependencies]\nb = '*'",
                id="poetry",
            ),
        ],
    )
    def test_is_none_where_the_backend_has_to_speak(self, text: str) -> None:
        assert static(text) is None

    def test_counts_beside_an_empty_poetry(self) -> None:
        text = "[project]\nname = 'a'\nversion = '1'\n[tool.poetry]\npackages = []"

        assert static(text) is not None


def test_a_document_that_is_none_is_named() -> None:
    with pytest.raises(InvalidProject, match="cannot read the/file"):
        parse_document(b"[project", "the/file")


def test_faults_of_a_project_name_the_field() -> None:
    document = parse_document(b"[project]\nname = 'a'\ndependencies = ['b ??']")

    with pytest.raises(InvalidProject, match="not a valid requirement: 'b \\?\\?'"):
        parse_project(document)


class TestPkgInfo:
    """A source distribution says which of its fields a build may still change."""

    BODY = (
        "Metadata-Version: {}\nName: widget\nVersion: 1.0\n"
        "Requires-Dist: alpha>=1\nDynamic: {}\n"
    )

    @pytest.mark.parametrize("version", ["2.2", "2.3", "2.10"])
    def test_counts_from_2_2_on(self, version: str) -> None:
        found = find_static_pkg_info(self.BODY.format(version, "summary").encode())

        assert found is not None
        assert [str(each) for each in found.requires] == ["alpha>=1"]

    @pytest.mark.parametrize("version", ["1.0", "1.2", "2.1", "2", "2.x", "3.0"])
    def test_of_other_versions_promises_nothing(self, version: str) -> None:
        body = self.BODY.format(version, "summary").encode()

        assert find_static_pkg_info(body) is None

    @pytest.mark.parametrize(
        "field", ["Requires-Dist", "requires-python", "Provides-Extra", "Version"]
    )
    def test_with_a_dynamic_field_promises_nothing(self, field: str) -> None:
        assert find_static_pkg_info(self.BODY.format("2.2", field).encode()) is None

    def test_with_faults_promises_nothing(self) -> None:
        body = self.BODY.format("2.2", "summary").replace("alpha>=1", "?").encode()

        assert find_static_pkg_info(body) is None
