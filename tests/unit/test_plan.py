"""Planning an install: destinations, RECORD, scripts, collisions, removals."""

from __future__ import annotations

import hashlib

import pytest

from admit.env.layout import OwnedFiles, Scheme, join, relative
from admit.install.listing import BadWheel, UnpackedWheel
from admit.install.plan import (
    Collision,
    FileCollision,
    Incoming,
    InstallPlan,
    PathEscape,
    plan_install,
)
from admit.install.scripts import Launchers
from admit.spec.names import normalize_name
from admit.spec.record import (
    Digest,
    EntryPoint,
    RecordRow,
    format_record,
    parse_record,
)

SITE = "/env/lib/python3.12/site-packages"
SCHEME = Scheme(
    purelib=SITE,
    platlib="/env/lib64/python3.12/site-packages",
    scripts="/env/bin",
    data="/env",
    headers="/env/include/site/python3.12",
    executable="/env/bin/python",
)


def digest(text: str) -> Digest:
    return Digest("sha256", hashlib.sha256(text.encode()).hexdigest())


def wheel(
    name: str = "widget",
    files: dict[str, str] | None = None,
    *,
    is_purelib: bool = True,
    entries: tuple[EntryPoint, ...] = (),
    scripts: tuple[tuple[str, bytes], ...] = (),
) -> UnpackedWheel:
    """A wheel of text files, as `unpack_wheel` would describe it."""
    info = f"{name}-1.0.dist-info"
    contents = (files or {}) | {f"{info}/METADATA": name}
    rows = [RecordRow(path, digest(text), len(text)) for path, text in contents.items()]
    return UnpackedWheel(
        tree=f"/cache/{name}",
        name=normalize_name(name),
        version="1.0",
        dist_info=info,
        is_purelib=is_purelib,
        record=format_record(rows),
        entry_points=entries,
        python_scripts=scripts,
    )


def plan(*wheels: UnpackedWheel, launchers: Launchers | None = None) -> InstallPlan:
    return plan_install(
        [Incoming(each) for each in wheels], [], SCHEME, launchers=launchers
    )


def destinations(made: InstallPlan) -> dict[str, str]:
    return {link.destination: link.source for link in made.links}


def written(made: InstallPlan) -> dict[str, bytes]:
    return {write.destination: write.content for write in made.writes}


def record(made: InstallPlan, site: str = SITE, name: str = "widget") -> list[str]:
    text = written(made)[f"{site}/{name}-1.0.dist-info/RECORD"].decode()
    return [row.path for row in parse_record(text)]


def entry(name: str, group: str = "console_scripts") -> EntryPoint:
    return EntryPoint(group=group, name=name, module="widget", attribute="main")


def test_root_goes_to_purelib() -> None:
    made = plan(wheel(files={"widget/a.py": "a"}))

    assert destinations(made) == {
        f"{SITE}/widget/a.py": "/cache/widget/widget/a.py",
        f"{SITE}/widget-1.0.dist-info/METADATA": (
            "/cache/widget/widget-1.0.dist-info/METADATA"
        ),
    }


def test_root_of_a_platform_wheel_goes_to_platlib_with_its_record() -> None:
    made = plan(wheel(files={"widget/a.so": "a"}, is_purelib=False))

    assert f"{SCHEME.platlib}/widget/a.so" in destinations(made)
    assert f"{SCHEME.platlib}/widget-1.0.dist-info/RECORD" in written(made)


@pytest.mark.parametrize(
    ("inside", "destination", "row"),
    [
        ("purelib/a.py", f"{SITE}/a.py", "a.py"),
        (
            "platlib/a.so",
            "/env/lib64/python3.12/site-packages/a.so",
            "../../../lib64/python3.12/site-packages/a.so",
        ),
        ("scripts/run", "/env/bin/run", "../../../bin/run"),
        ("data/share/doc", "/env/share/doc", "../../../share/doc"),
        (
            "headers/w.h",
            "/env/include/site/python3.12/widget/w.h",
            "../../../include/site/python3.12/widget/w.h",
        ),
    ],
)
def test_data_folders_go_where_the_scheme_says(
    inside: str, destination: str, row: str
) -> None:
    made = plan(wheel(files={f"widget-1.0.data/{inside}": "x"}))

    source = f"/cache/widget/widget-1.0.data/{inside}"
    assert destinations(made)[destination] == source
    assert row in record(made)


def test_unknown_data_folder_is_refused() -> None:
    with pytest.raises(BadWheel, match="cannot install widget") as caught:
        plan(wheel(files={"widget-1.0.data/secrets/x": "x"}))

    assert "'secrets'" in (caught.value.why or "")


def test_record_lists_everything_once_with_true_digests() -> None:
    made = plan(
        wheel(
            files={"widget/a.py": "a", 'widget/odd, "name"': "b"},
            entries=(entry("tool"),),
        )
    )

    text = written(made)[f"{SITE}/widget-1.0.dist-info/RECORD"].decode()
    rows = {row.path: row for row in parse_record(text)}
    assert len(rows) == len(text.splitlines())
    assert set(rows) == {
        "widget/a.py",
        'widget/odd, "name"',
        "widget-1.0.dist-info/METADATA",
        "widget-1.0.dist-info/INSTALLER",
        "widget-1.0.dist-info/RECORD",
        "../../../bin/tool",
    }
    assert rows["widget/a.py"] == RecordRow("widget/a.py", digest("a"), 1)
    assert rows["widget-1.0.dist-info/RECORD"].digest is None
    for path, content in written(made).items():
        row = rows[relative(path, SITE)]
        if row.digest:
            assert row.digest.hex == hashlib.sha256(content).hexdigest()
            assert row.size == len(content)


def test_who_installed_it_and_why_is_noted() -> None:
    incoming = Incoming(wheel(), is_requested=True, direct_url='{"url": "file:///w"}')

    made = plan_install([incoming], [], SCHEME)

    info = f"{SITE}/widget-1.0.dist-info"
    assert written(made)[f"{info}/INSTALLER"] == b"admit\n"
    assert written(made)[f"{info}/REQUESTED"] == b""
    assert written(made)[f"{info}/direct_url.json"] == b'{"url": "file:///w"}'


def test_dependency_is_not_noted_as_requested() -> None:
    made = plan(wheel())

    assert not any("REQUESTED" in path for path in written(made))
    assert not any("direct_url" in path for path in written(made))


def test_notes_that_the_wheel_brings_itself_do_not_count() -> None:
    files = {
        f"widget-1.0.dist-info/{name}": "somebody"
        for name in ("INSTALLER", "REQUESTED", "direct_url.json")
    }

    made = plan(wheel(files=files))

    assert written(made)[f"{SITE}/widget-1.0.dist-info/INSTALLER"] == b"admit\n"
    assert not any("REQUESTED" in path for path in destinations(made))
    assert not any("direct_url" in path for path in record(made))


def test_entry_points_become_executable_scripts() -> None:
    made = plan(wheel(entries=(entry("tool"), entry("wig", "gui_scripts"))))

    scripts = {each.destination: each for each in made.writes if each.is_executable}
    assert set(scripts) == {"/env/bin/tool", "/env/bin/wig"}
    assert scripts["/env/bin/tool"].content.startswith(b"#!/env/bin/python\n")


def test_entry_points_become_launchers_where_they_are_given() -> None:
    made = plan(wheel(entries=(entry("tool"),)), launchers=Launchers(b"MZ", b"MZg"))

    assert written(made)["/env/bin/tool.exe"].startswith(b"MZ#!/env/bin/python")


def test_script_that_an_entry_point_makes_is_not_taken_from_data() -> None:
    files = {"widget-1.0.data/scripts/tool": "#!python\nold wrapper"}

    made = plan(wheel(files=files, entries=(entry("tool"),)))

    assert b"old wrapper" not in written(made)["/env/bin/tool"]
    assert "/env/bin/tool" not in destinations(made)
    assert record(made).count("../../../bin/tool") == 1


def test_first_line_of_python_scripts_names_the_interpreter() -> None:
    path = "widget-1.0.data/scripts/run"

    made = plan(wheel(files={path: "#!python\nx"}, scripts=((path, b"#!python\nx"),)))

    assert written(made)["/env/bin/run"] == b"#!/env/bin/python\nx"
    assert "/env/bin/run" not in destinations(made)


@pytest.mark.parametrize("name", ["python", "python3.12", "pythonw"])
def test_scripts_named_like_the_interpreter_are_refused(name: str) -> None:
    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(entries=(entry(name),)))
    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(files={f"widget-1.0.data/scripts/{name}": "x"}))
    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(files={f"widget-1.0.data/data/bin/{name}": "x"}))


def test_configuration_of_the_environment_is_not_replaced() -> None:
    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(files={"widget-1.0.data/data/pyvenv.cfg": "x"}))


@pytest.mark.parametrize("name", ["../tool", "a/b", "", "a\nb"])
def test_scripts_whose_name_is_no_file_name_are_refused(name: str) -> None:
    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(entries=(entry(name),)))


def test_script_without_a_function_is_refused() -> None:
    point = EntryPoint(group="console_scripts", name="t", module="w", attribute="")

    with pytest.raises(BadWheel, match="cannot install widget"):
        plan(wheel(entries=(point,)))


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "widget/../../x",
        "/etc/x",
        "widget-1.0.data/data/../../x",
        "C:/x",
        "a\\b",
        ".admit-journal/intent",
        ".Admit-Journal/intent",
        ".admit-trash-1/file",
        "widget-1.0.data/purelib/.admit-journal/committed",
        "widget-1.0.data/data/lib/site/.admit.lock",
    ],
)
def test_no_path_leaves_its_folder(path: str) -> None:
    with pytest.raises(PathEscape, match="cannot install widget"):
        plan(wheel(files={path: "x"}))


def test_two_wheels_with_the_same_file_and_content_share_it() -> None:
    made = plan(
        wheel("one", {"space/__init__.py": "same"}),
        wheel("two", {"space/__init__.py": "same"}),
    )

    assert made.collisions == ()
    assert destinations(made)[f"{SITE}/space/__init__.py"].startswith("/cache/two/")


def test_of_two_different_files_the_later_stays_and_it_is_told() -> None:
    made = plan(
        wheel("one", {"tests/__init__.py": "1"}),
        wheel("two", {"tests/__init__.py": "2"}),
    )

    path = f"{SITE}/tests/__init__.py"
    one, two = normalize_name("one"), normalize_name("two")
    assert made.collisions == (Collision(path, kept=two, dropped=one),)
    assert destinations(made)[path] == "/cache/two/tests/__init__.py"


def test_script_and_file_of_two_wheels_collide_too() -> None:
    made = plan(
        wheel("one", {"one-1.0.data/scripts/tool": "1"}),
        wheel("two", entries=(entry("tool"),)),
    )

    assert [each.destination for each in made.collisions] == ["/env/bin/tool"]
    assert "/env/bin/tool" not in destinations(made)


def test_one_wheel_may_not_bring_a_file_twice() -> None:
    files = {"a.py": "1", "widget-1.0.data/purelib/a.py": "2"}

    with pytest.raises(BadWheel, match="cannot install widget") as caught:
        plan(wheel(files=files))

    assert caught.value.why == f"it brings {SITE}/a.py twice"


def test_file_of_one_wheel_where_another_needs_a_folder_is_refused() -> None:
    with pytest.raises(FileCollision, match="a file and a folder"):
        plan(wheel("one", {"space": "1"}), wheel("two", {"space/deep/a.py": "2"}))


def test_removals_come_once_and_only_from_inside() -> None:
    one = OwnedFiles(
        normalize_name("one"),
        "1.0",
        (
            f"{SITE}/one.py",
            f"{SITE}/shared.py",
            "/env/bin/one",
            "/env/bin/python",
            "/env/pyvenv.cfg",
            "/etc/passwd",
            "/environment/x",
        ),
    )
    two = OwnedFiles(normalize_name("two"), "1.0", (f"{SITE}/shared.py",))

    made = plan_install([], [one, two], SCHEME)

    assert made.removals == (f"{SITE}/one.py", f"{SITE}/shared.py", "/env/bin/one")
    assert made.outside == (
        "/env/bin/python",
        "/env/pyvenv.cfg",
        "/etc/passwd",
        "/environment/x",
    )
    assert made.removed == (("one", "1.0"), ("two", "1.0"))


def test_files_that_others_own_too_stay() -> None:
    one = OwnedFiles(normalize_name("one"), "1.0", (f"{SITE}/a", f"{SITE}/b"))

    made = plan_install([], [one], SCHEME, shared=[f"{SITE}/b"])

    assert made.removals == (f"{SITE}/a",)


@pytest.mark.parametrize(
    ("path", "start"),
    [
        ("/env/bin/tool", "/env/lib/python3.12/site-packages"),
        ("/env/lib/a", "/env/lib/b"),
        ("/env/a/b/c", "/env/a"),
        ("/a", "/b/c"),
    ],
)
def test_relative_is_undone_by_join(path: str, start: str) -> None:
    assert join(start, relative(path, start)) == path


def test_paths_on_two_drives_have_no_relative_form() -> None:
    assert relative("D:/tools/x", "C:/env/site") == "D:/tools/x"
