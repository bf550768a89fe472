"""From trees to metadata and wheels, by backends that stand in the trees."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from admit.build.backend import (
    BadBuildRequirements,
    BadConfigSetting,
    BadSourceTree,
    BuildFailed,
    parse_config_setting,
)
from admit.build.builder import MetadataChanged
from admit.build.circle import CircularBuild
from admit.build.tree import Tree
from admit.env.interpreter import Interpreter, probe
from admit.env.venv import create_venv
from admit.errors import AuthError
from admit.value import replace
from support.source_tree import hooks, make_tree, seen

if TYPE_CHECKING:
    from admit.spec.requirement import Requirement
    from support.workshop import Shop

STATIC = """
[project]
name = "widget"
version = "1.0"
dependencies = ["alpha>=1"]
"""
PKG_INFO = (
    "Metadata-Version: 2.2\nName: widget\nVersion: 1.0\nRequires-Dist: alpha>=1\n"
)


def test_a_wheel_is_made_and_put_where_it_is_wanted(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")

    path = shop.builder().wheel(tree, str(shop.wheels))

    assert path == str(shop.wheels / "widget-1.0-py3-none-any.whl")
    assert os.listdir(shop.wheels) == ["widget-1.0-py3-none-any.whl"]
    assert "widget.py" in zipfile.ZipFile(path).namelist()


def test_metadata_and_wheel_come_out_of_one_environment(
    shop: Shop, tmp_path: Path
) -> None:
    tree = make_tree(tmp_path / "tree", requires=["alpha>=1"])
    builder = shop.builder()

    metadata = builder.metadata(tree)
    builder.wheel(tree, str(shop.wheels))

    assert [str(each) for each in metadata.requires] == ["alpha>=1"]
    assert hooks(tree) == ["requires", "prepare", "build"]
    assert len({each["prefix"] for each in seen(tree)}) == 1
    assert seen(tree)[2]["metadata"].endswith("/widget-1.0.dist-info")


def test_metadata_is_asked_for_once_a_run(shop: Shop, tmp_path: Path) -> None:
    tree = make_tree(tmp_path / "tree")
    builder = shop.builder()

    assert builder.metadata(tree) == builder.metadata(tree)
    assert hooks(tree) == ["requires", "prepare"]


def test_a_backend_that_prepares_nothing_builds_once(
    shop: Shop, tmp_path: Path
) -> None:
    tree = make_tree(tmp_path / "tree", extra="del prepare_metadata_for_build_wheel")
    builder = shop.builder()

    metadata = builder.metadata(tree)
    path = builder.wheel(tree, str(shop.wheels))

    assert (metadata.name, Path(path).exists()) == ("widget", True)
    assert hooks(tree) == ["requires", "build"]


class TestStaticMetadata:
    def test_of_the_project_needs_no_build(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree", project=STATIC)

        metadata = shop.builder().metadata(tree)

        assert [str(each) for each in metadata.requires] == ["alpha>=1"]
        assert (hooks(tree), shop.left) == ([], [])

    def test_of_an_sdist_needs_no_build(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree", is_sdist=True)
        (tmp_path / "tree/PKG-INFO").write_text(PKG_INFO)

        metadata = shop.builder().metadata(tree)

        assert [str(each) for each in metadata.requires] == ["alpha>=1"]
        assert hooks(tree) == []

    def test_is_not_a_checkout_s_pkg_info(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")
        (tmp_path / "tree/PKG-INFO").write_text(PKG_INFO)

        assert shop.builder().metadata(tree).requires == ()
        assert hooks(tree) == ["requires", "prepare"]

    def test_is_never_that_of_an_editable(self, shop: Shop, tmp_path: Path) -> None:
        """An editable wheel may require more, which only the backend tells."""
        tree = make_tree(tmp_path / "tree", requires=["editables"], project=STATIC)

        metadata = shop.builder().editable_metadata(tree)

        assert [str(each) for each in metadata.requires] == ["editables"]
        assert hooks(tree) == ["editable"]

    @pytest.mark.parametrize(
        ("requires", "change"),
        [
            pytest.param([], "alpha>=1 was required and is not", id="less"),
            pytest.param(
                ["alpha>=1", "beta"], "beta is required and was not", id="more"
            ),
            pytest.param(["alpha>=2"], "alpha>=2 is required", id="other"),
        ],
    )
    def test_has_to_be_kept(
        self, requires: list[str], change: str, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree", requires=requires, project=STATIC)
        builder = shop.builder()
        builder.metadata(tree)

        with pytest.raises(MetadataChanged, match="is not what was said") as caught:
            builder.wheel(tree, str(shop.wheels))

        assert change in (caught.value.why or "")
        assert not shop.wheels.exists()

    def test_may_be_spelled_otherwise(self, shop: Shop, tmp_path: Path) -> None:
        requires = [
            "Alpha >= 1.0",
            'ignored; python_version < "3"',
            'beta ; extra == "fast" and (python_version > "3")',
            'gamma ; extra == "all"',
            'beta ; extra == "all"',
        ]
        project = STATIC + (
            "[project.optional-dependencies]\n"
            "fast = ['beta; python_version > \"3\"']\nall = ['widget[fast]', 'gamma']\n"
        )
        tree = make_tree(tmp_path / "tree", requires=requires, project=project)
        builder = shop.builder()
        builder.metadata(tree)

        assert builder.wheel(tree, str(shop.wheels))


class TestIdentity:
    @pytest.mark.parametrize("change", [{"name": "gadget"}, {"version": "2.0"}])
    def test_of_a_tree_is_what_was_expected(
        self, change: dict[str, str], shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree", **({"name": "widget"} | change))  # type: ignore[arg-type]
        expected = make_tree(tmp_path / "expected")
        wrong = replace(expected, folder=tree.folder)

        with pytest.raises(BadSourceTree, match=r"is not widget 1\.0") as caught:
            shop.builder().metadata(wrong)
        with pytest.raises(BadSourceTree, match=r"is not widget 1\.0"):
            shop.builder().wheel(wrong, str(shop.wheels))

        assert "by its own metadata" in (caught.value.why or "")

    def test_may_be_unknown(self, shop: Shop, tmp_path: Path) -> None:
        make_tree(tmp_path / "tree", "gadget", "3")

        found = shop.builder().metadata(Tree(str(tmp_path / "tree"), "./tree"))

        assert (found.name, found.version.text) == ("gadget", "3")

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("gadget-1.0-py3-none-any.whl", "which holds widget 1.0"),
            ("widget-2.0-py3-none-any.whl", "which holds widget 1.0"),
            ("widget.whl", "not the name of a distribution file"),
            ("../widget-1.0-py3-none-any.whl", "which is no name of a .whl"),
            ("widget-1.0.tar.gz", "which is no name of a .whl"),
            ("widget-9-py3-none-any.whl", "and did not"),
            ("", "did not say what it made"),
        ],
    )
    def test_of_a_wheel_is_that_of_its_file(
        self, name: str, why: str, shop: Shop, tmp_path: Path
    ) -> None:
        renamed = f"""
        def build_wheel(folder, *_):
            made = os.path.join(folder, write_wheel(folder, {{}}))
            if {name!r} and "-9-" not in {name!r}:
                os.rename(made, os.path.join(folder, {name!r}))
            return {name!r}
        """
        tree = make_tree(tmp_path / "tree", extra=renamed)

        with pytest.raises(BuildFailed, match=r"cannot build widget 1\.0") as caught:
            shop.builder().wheel(tree, str(shop.wheels))

        assert why in (caught.value.why or "")

    def test_of_what_is_no_archive_is_told(self, shop: Shop, tmp_path: Path) -> None:
        empty = """
        def build_wheel(folder, *_):
            name = "widget-1.0-py3-none-any.whl"
            open(os.path.join(folder, name), "w").close()
            return name
        """
        tree = make_tree(tmp_path / "tree", extra=empty)

        with pytest.raises(BuildFailed) as caught:
            shop.builder().wheel(tree, str(shop.wheels))

        assert "which is no wheel" in (caught.value.why or "")


class TestBuildRequirements:
    def test_are_provided_before_hooks_run(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(
            tmp_path / "tree",
            build_requires=["tool>=2", "elsewhere; os_name == 'none'"],
            extra="NEEDED = ['tool>=2', 'more']",
        )

        shop.builder().wheel(tree, str(shop.wheels))

        assert shop.asked == [["tool>=2"], ["tool>=2", "more"]]
        assert shop.steps == [
            "widget environment",
            "widget requirements",
            "widget requirements",
            "widget wheel",
        ]

    def test_are_seen_by_hooks_with_their_scripts(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(
            tmp_path / "tree",
            build_requires=["tool"],
            extra="""
            import subprocess, tool
            NAME = tool.NAME
            def build_wheel(folder, *_):
                print(subprocess.check_output("tool-script", text=True))
                return write_wheel(folder, {})
            """,
        )

        def provision(_: tuple[Requirement, ...], interpreter: Interpreter) -> None:
            Path(interpreter.scheme.purelib, "tool.py").write_text("NAME = 'widget'\n")
            script = Path(interpreter.scheme.scripts, "tool-script")
            script.write_text(
                f"#!{interpreter.executable}\nimport tool\nprint('run', tool.NAME)\n"
            )
            script.chmod(0o755)

        shop.builder(provision=provision).wheel(tree, str(shop.wheels))

        assert "run widget" in shop.lines

    def test_that_cannot_be_had_stay_the_error_they_are(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree", build_requires=["tool"])

        def provision(*_: object) -> None:
            raise AuthError("login required", why="nobody knows", fix="log in")

        with pytest.raises(AuthError, match="login required") as caught:
            shop.builder(provision=provision).metadata(tree)

        assert caught.value.why == (
            "nobody knows\nwidget 1.0 from widget-1.0.tar.gz needs this to be built"
        )
        assert caught.value.fix == "log in"

    @pytest.mark.parametrize("answer", ["'tool'", "[1]", "None", "['a ??']"])
    def test_that_are_none_are_told(
        self, answer: str, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree", extra=f"NEEDED = {answer}")

        with pytest.raises(BadBuildRequirements) as caught:
            shop.builder().metadata(tree)

        assert "gave no list of requirements" in (caught.value.why or "")

    def test_that_need_what_is_being_built_are_a_circle(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        first = make_tree(tmp_path / "a", "a", build_requires=["b"])
        second = make_tree(tmp_path / "b", "b", build_requires=["c"])
        third = make_tree(tmp_path / "c", "c", build_requires=["a"])
        elsewhere = make_tree(tmp_path / "a2", "a", build_requires=["b"])
        trees = {"a": elsewhere, "b": second, "c": third}

        def provision(requirements: tuple[Requirement, ...], _: object) -> None:
            for each in requirements:
                builder.wheel(trees[each.name], str(shop.wheels))

        builder = shop.builder(provision=provision)
        with pytest.raises(CircularBuild, match="for that it needs itself") as caught:
            builder.wheel(first, str(shop.wheels))

        assert caught.value.why == (
            "a 1.0 needs b 1.0 to be built, which needs c 1.0 to be built, which needs "
            "a 1.0 to be built"
        )

    def test_that_need_a_tree_nobody_has_named_are_a_circle_too(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        make_tree(tmp_path / "tree", build_requires=["widget"])
        tree = Tree(str(tmp_path / "tree"), "./tree")

        def provision(*_: object) -> None:
            builder.metadata(tree)

        builder = shop.builder(provision=provision)
        with pytest.raises(CircularBuild) as caught:
            builder.metadata(tree)

        assert caught.value.why == "./tree needs ./tree to be built"

    def test_may_be_another_version_of_what_is_built(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        newer = make_tree(tmp_path / "new", "a", "2.0", build_requires=["a<2"])
        older = make_tree(tmp_path / "old", "a", "1.0")

        def provision(*_: object) -> None:
            builder.wheel(older, str(shop.wheels))

        builder = shop.builder(provision=provision)
        builder.wheel(newer, str(shop.wheels))

        assert len(os.listdir(shop.wheels)) == 2

    def test_that_failed_may_be_asked_for_again(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree", build_requires=["tool"])
        failures = [AuthError("login required")]

        def provision(*_: object) -> None:
            if failures:
                raise failures.pop()

        builder = shop.builder(provision=provision)
        with pytest.raises(AuthError):
            builder.wheel(tree, str(shop.wheels))

        assert builder.wheel(tree, str(shop.wheels))


class TestTheEnvironment:
    def test_is_a_real_one_of_its_own(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")

        shop.builder().metadata(tree)

        (noted, _) = seen(tree)
        assert noted["prefix"] != noted["base_prefix"]
        assert noted["base_prefix"] == shop.interpreter.base_prefix
        assert noted["environ"]["VIRTUAL_ENV"] == noted["prefix"]
        assert noted["environ"]["PATH"].split(":")[0] == f"{noted['prefix']}/bin"
        assert noted["cwd"] == tree.folder
        sites = [each for each in noted["path"] if "site-packages" in each]
        assert all(each.startswith(noted["prefix"]) for each in sites)

    def test_is_removed_when_the_wheel_is_made(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree")
        builder = shop.builder()
        builder.wheel(tree, str(shop.wheels))

        (own,) = shop.left

        assert os.listdir(shop.scratch / own) == []

    def test_is_removed_though_it_was_made_read_only(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        closed = """
        def build_wheel(folder, *_):
            name = write_wheel(folder, {})
            os.makedirs(os.path.join(sys.prefix, "closed/deep"))
            os.chmod(os.path.join(sys.prefix, "closed/deep"), 0)
            os.chmod(os.path.join(sys.prefix, "closed"), 0)
            return name
        """
        tree = make_tree(tmp_path / "tree", extra=closed)
        builder = shop.builder()
        builder.wheel(tree, str(shop.wheels))
        builder.close()

        assert shop.left == []


class TestSettings:
    def test_reach_every_hook(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")
        given = [parse_config_setting(each) for each in ("a=1", "b=x=y", "a=2", "a=")]
        builder = shop.builder(config_settings=given)
        builder.metadata(tree)
        builder.wheel(tree, str(shop.wheels))

        assert [each["settings"] for each in seen(tree)] == [
            {"a": ["1", "2", ""], "b": "x=y"}
        ] * 3

    @pytest.mark.parametrize("text", ["a", "=a", ""])
    def test_have_a_key_and_a_value(self, text: str) -> None:
        with pytest.raises(BadConfigSetting):
            parse_config_setting(text)


class TestEditables:
    def test_lead_to_the_tree(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")

        path = shop.builder().editable(tree, str(shop.wheels))

        found = zipfile.ZipFile(path).read("widget.pth").decode()
        assert found == f"{tree.folder}\n"

    def test_need_a_backend_that_makes_them(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree", extra="del build_editable")

        with pytest.raises(BuildFailed, match="as editable") as caught:
            shop.builder().editable(tree, str(shop.wheels))

        assert caught.value.why == "its backend own has no build_editable (PEP 660)"
        assert caught.value.fix == "install it without -e"

    def test_are_made_beside_wheels_in_one_environment(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree")
        builder = shop.builder()
        builder.metadata(tree)
        builder.editable_metadata(tree)

        assert len({each["prefix"] for each in seen(tree)}) == 1


class TestWithoutIsolation:
    def test_hooks_run_in_the_environment_itself(
        self, shop: Shop, tmp_path: Path, own: Interpreter
    ) -> None:
        target = probe(create_venv(str(tmp_path / "target"), own))
        tree = make_tree(tmp_path / "tree", build_requires=["tool"])

        shop.builder(interpreter=target, is_isolated=False).wheel(
            tree, str(shop.wheels)
        )

        assert {each["prefix"] for each in seen(tree)} == {str(tmp_path / "target")}
        assert shop.asked == []

    def test_what_is_missing_is_told_when_a_hook_fails(
        self, shop: Shop, tmp_path: Path, own: Interpreter
    ) -> None:
        target = probe(create_venv(str(tmp_path / "target"), own))
        tree = make_tree(
            tmp_path / "tree", build_requires=["tool>=2"], extra="import tool"
        )

        with pytest.raises(BadBuildRequirements, match="is not installed") as caught:
            shop.builder(interpreter=target, is_isolated=False).metadata(tree)

        assert f"{target.prefix} has no tool>=2" in (caught.value.why or "")
        assert "No module named 'tool'" in (caught.value.why or "")
        assert "`admit install 'tool>=2'` first" in (caught.value.fix or "")


class TestBadTrees:
    def test_that_hold_nothing_to_build(self, shop: Shop, tmp_path: Path) -> None:
        tree = Tree(str(tmp_path), "./empty")

        with pytest.raises(BadSourceTree, match=r"cannot build \./empty") as caught:
            shop.builder().metadata(tree)

        assert caught.value.why == "it holds neither pyproject.toml nor setup.py"

    def test_that_say_wrongly_how(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")
        (tmp_path / "tree/pyproject.toml").write_text("[build-system]\n")

        with pytest.raises(BadSourceTree, match="cannot build widget") as caught:
            shop.builder().metadata(tree)

        assert "it has no `requires`" in (caught.value.why or "")

    def test_whose_file_is_no_toml(self, shop: Shop, tmp_path: Path) -> None:
        tree = make_tree(tmp_path / "tree")
        (tmp_path / "tree/pyproject.toml").write_text("[build-system")

        with pytest.raises(BadSourceTree) as caught:
            shop.builder().metadata(tree)

        assert "cannot read pyproject.toml" in (caught.value.why or "")

    @pytest.mark.parametrize(
        ("prepare", "why"),
        [("mkdir -p ../away; ln -s ../away back", "outside"), ("true", "no folder")],
    )
    def test_whose_backend_is_elsewhere(
        self, prepare: str, why: str, shop: Shop, tmp_path: Path
    ) -> None:
        tree = make_tree(tmp_path / "tree")
        subprocess.run(["/bin/sh", "-c", prepare], cwd=tree.folder, check=True)
        text = (tmp_path / "tree/pyproject.toml").read_text()
        text = text.replace('["backend"]', '["back"]')
        (tmp_path / "tree/pyproject.toml").write_text(text)

        with pytest.raises(BadSourceTree) as caught:
            shop.builder().metadata(tree)

        assert why in (caught.value.why or "")
