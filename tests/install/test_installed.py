"""What is installed: by names of folders, and the rest on demand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from admit.env.installed import (
    CannotUninstall,
    InstalledDistribution,
    MetadataMissing,
    Problem,
    find_shared,
    is_editable,
    is_requested,
    read_direct_url,
    read_installer,
    read_metadata,
    read_metadata_header,
    read_owned_files,
    scan,
)
from admit.spec.direct_url import parse_direct_url
from admit.spec.names import normalize_name


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return tmp_path


def add(site: Path, name: str, **files: str) -> Path:
    """Add a `.dist-info` folder with some files; `__` in a name stands for a dot."""
    folder = site / name
    folder.mkdir(parents=True)
    for file, content in files.items():
        (folder / file.replace("__", ".")).write_text(content)
    return folder


def only(site: Path) -> InstalledDistribution:
    found = scan([str(site)])
    assert found.problems == ()
    (distribution,) = found.distributions
    return distribution


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("widget-1.0.dist-info", "widget", "1.0"),
        ("Wid.Get-1.0.dist-info", "wid-get", "1.0"),
        ("wid_get-1.0+local.1.dist-info", "wid-get", "1.0+local.1"),
        ("wid-get-1.0.dist-info", "wid-get", "1.0"),
        ("widget-1!2.0rc1.dist-info", "widget", "1!2.0rc1"),
    ],
)
def test_name_and_version_come_from_the_folder(
    folder: str, name: str, version: str, site: Path
) -> None:
    add(site, folder)

    found = only(site)

    assert (found.name, found.version, found.kind) == (name, version, "wheel")
    assert found.path == f"{site}/{folder}"
    assert found.site == str(site)


def test_scan_opens_no_file(site: Path) -> None:
    (site / "widget-1.0.dist-info").write_text("not even a folder")

    assert only(site).version == "1.0"


def test_scan_is_ordered_by_name(site: Path) -> None:
    for name in ("zebra-1", "Apple-2", "mango-3"):
        add(site, f"{name}.dist-info")

    names = [each.name for each in scan([str(site)]).distributions]

    assert names == ["apple", "mango", "zebra"]


def test_missing_folders_are_empty(site: Path) -> None:
    found = scan([f"{site}/missing", f"{site}/missing"])

    assert (found.distributions, found.problems) == ((), ())


def test_folder_given_twice_is_scanned_once(site: Path) -> None:
    add(site, "widget-1.0.dist-info")

    assert len(scan([str(site), str(site)]).distributions) == 1


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("widget.dist-info", "its name is not NAME-VERSION"),
        ("-1.0.dist-info", "its name is not NAME-VERSION"),
        ("wi dget-1.0.dist-info", "its name is not NAME-VERSION"),
        ("~idget-1.0.dist-info", "pip left it behind when it was interrupted"),
        (".dist-info", "its name is not NAME-VERSION"),
    ],
)
def test_broken_folders_are_reported(folder: str, reason: str, site: Path) -> None:
    add(site, folder)

    found = scan([str(site)])

    assert found.distributions == ()
    assert found.problems == (Problem(f"{site}/{folder}", reason),)


def test_two_versions_of_a_project_are_reported(site: Path) -> None:
    add(site, "widget-1.0.dist-info")
    add(site, "widget-2.0.dist-info")

    found = scan([str(site)])

    assert [each.version for each in found.find(normalize_name("widget"))] == [
        "1.0",
        "2.0",
    ]
    assert [each.path for each in found.problems] == [f"{site}/widget-2.0.dist-info"]


def test_find_says_what_is_not_there(site: Path) -> None:
    assert scan([str(site)]).find(normalize_name("widget")) == ()


def test_metadata_is_read_on_demand(site: Path) -> None:
    add(site, "widget-1.0.dist-info", METADATA="Name: widget\n")

    assert read_metadata(only(site)) == b"Name: widget\n"


def test_missing_metadata_is_told(site: Path) -> None:
    add(site, "widget-1.0.dist-info")

    with pytest.raises(MetadataMissing, match=r"widget 1\.0 is missing") as caught:
        read_metadata(only(site))

    assert caught.value.fix == "reinstall it: `admit install --reinstall widget`"


def test_notes_of_the_installer_are_read(site: Path) -> None:
    url = {"url": "file:///src", "dir_info": {"editable": True}}
    add(
        site,
        "widget-1.0.dist-info",
        INSTALLER="admit\n",
        REQUESTED="",
        direct_url__json=json.dumps(url),
    )

    found = only(site)

    assert read_installer(found) == "admit"
    assert is_requested(found)
    assert read_direct_url(found) == parse_direct_url(json.dumps(url))
    assert is_editable(found)


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"dir_info": 1}', '{"dir_info": {"editable": 0}}']
)
def test_broken_notes_are_none(content: str, site: Path) -> None:
    add(site, "widget-1.0.dist-info", direct_url__json=content)

    assert not is_editable(only(site))


def test_without_notes_nothing_is_claimed(site: Path) -> None:
    add(site, "widget-1.0.dist-info")

    found = only(site)

    assert read_installer(found) == ""
    assert not is_requested(found)
    assert not is_editable(found)
    assert read_direct_url(found) is None


def test_owned_files_are_those_of_record_and_what_was_compiled(site: Path) -> None:
    record = "./widget/a.py,,\n../../bin/tool,,\nwidget-1.0.dist-info/RECORD,,\n"
    record += "/abs,,\nwidget/,,\n"
    folder = add(site / "lib/site", "widget-1.0.dist-info", RECORD=record, EXTRA="")
    (folder / "licenses").mkdir()
    (folder / "licenses/MIT").touch()
    cache = site / "lib/site/widget/__pycache__"
    cache.mkdir(parents=True)
    for name in ("a.cpython-312.pyc", "a.cpython-312.opt-2.pyc", "b.cpython-312.pyc"):
        (cache / name).touch()

    owned = read_owned_files(only(site / "lib/site"))

    assert set(owned.files) == {
        f"{site}/lib/site/widget/a.py",
        f"{site}/bin/tool",
        f"{folder}/RECORD",
        f"{folder}/EXTRA",
        f"{folder}/licenses/MIT",
        "/abs",
        f"{cache}/a.cpython-312.pyc",
        f"{cache}/a.cpython-312.opt-2.pyc",
    }


@pytest.mark.parametrize(
    ("files", "why"),
    [
        pytest.param({}, "installed by another tool, which left no RECORD", id="none"),
        pytest.param({"INSTALLER": "conda"}, "installed by conda", id="conda"),
        pytest.param({"RECORD": "a,b\n"}, "its RECORD is broken", id="broken"),
    ],
)
def test_distribution_without_record_is_not_uninstalled(
    files: dict[str, str], why: str, site: Path
) -> None:
    add(site, "widget-1.0.dist-info", **files)

    with pytest.raises(CannotUninstall, match=r"cannot uninstall widget") as caught:
        read_owned_files(only(site))

    assert why in (caught.value.why or "")


def test_files_of_several_distributions_are_shared(site: Path) -> None:
    add(site, "one-1.0.dist-info", RECORD="space/__init__.py,,\none.py,,\n")
    add(site, "two-1.0.dist-info", RECORD="space/__init__.py,,\ntwo.py,,\n")
    add(site, "three-1.0.dist-info")
    one, three, two = scan([str(site)]).distributions

    shared = find_shared([read_owned_files(one)], [two, three])

    assert shared == {f"{site}/space/__init__.py"}


def test_egg_info_folder_of_setuptools_is_known_and_removable(site: Path) -> None:
    folder = add(site, "widget-1.0-py3.11.egg-info")
    (folder / "PKG-INFO").write_text("Version: 1.0\n")
    (folder / "installed-files.txt").write_text("../widget/a.py\nPKG-INFO\n")

    found = only(site)

    assert (found.name, found.version, found.kind) == ("widget", "1.0", "egg-info")
    assert set(read_owned_files(found).files) == {
        f"{site}/widget/a.py",
        f"{site}/widget-1.0-py3.11.egg-info/PKG-INFO",
        f"{site}/widget-1.0-py3.11.egg-info/installed-files.txt",
    }


def test_egg_info_file_of_distutils_is_known_and_refused(site: Path) -> None:
    (site / "widget-1.0.egg-info").write_text("Name: widget\nVersion: 1.0\n")

    found = only(site)

    assert read_metadata(found).startswith(b"Name: widget")
    with pytest.raises(CannotUninstall, match="cannot uninstall") as caught:
        read_owned_files(found)
    assert "has no list of its files" in (caught.value.why or "")


def test_egg_link_is_known_as_editable_and_refused(site: Path) -> None:
    tree = site / "tree"
    (tree / "wid_get.egg-info").mkdir(parents=True)
    (tree / "wid_get.egg-info/PKG-INFO").write_text("Name: wid-get\nVersion: 3.1\n\n")
    (site / "wid-get.egg-link").write_text(f"{tree}\n.")

    found = only(site)

    assert (found.name, found.version, found.kind) == ("wid-get", "3.1", "egg-link")
    assert is_editable(found)
    with pytest.raises(CannotUninstall, match="cannot uninstall") as caught:
        read_owned_files(found)
    assert "working tree" in (caught.value.why or "")


@pytest.mark.parametrize("content", ["", "/missing\n", "\udce9"])
def test_egg_link_to_nowhere_is_reported(content: str, site: Path) -> None:
    path = site / "widget.egg-link"
    path.write_text(content, errors="surrogateescape")

    found = scan([str(site)])

    assert found.problems == (Problem(str(path), "it holds no metadata"),)


@pytest.mark.parametrize("length", [10, 16 * 1024 - 1, 100_000])
def test_a_header_of_any_length_is_read_whole(site: Path, length: int) -> None:
    header = f"Name: widget\nX: {'x' * length}\nRequires-Dist: a\n"
    text = f"{header}\n{'words ' * 10_000}"
    add(site, "widget-1.0.dist-info", METADATA=text)

    found = read_metadata_header(only(site))

    assert found.startswith(header.encode())
    assert text.encode().startswith(found)
    assert len(found) <= len(header) + 2 * 16 * 1024


def test_metadata_without_description_is_read_whole(site: Path) -> None:
    add(site, "widget-1.0.dist-info", METADATA="Name: widget\n")

    assert read_metadata_header(only(site)) == b"Name: widget\n"


def test_a_missing_header_is_missing_metadata(site: Path) -> None:
    add(site, "widget-1.0.dist-info")

    with pytest.raises(MetadataMissing):
        read_metadata_header(only(site))


def test_looking_at_what_is_installed_imports_little() -> None:
    """The way of "already satisfied" (docs/design/0001-start-up.md)."""
    heavy = "typing,dataclasses,pathlib,json,re,subprocess,hashlib,packaging,urllib"
    script = (
        "import sys; before = set(sys.modules); import admit.env.installed,"
        " admit.env.interpreter, admit.install.journal;"
        f"print(*sorted(set('{heavy}'.split(',')) & (set(sys.modules) - before)))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )

    assert done.stdout == "\n"


def test_the_way_of_already_satisfied_imports_next_to_nothing_of_the_library() -> None:
    """With a file of pins, metadata and markers (docs/design/0001-start-up.md)."""
    heavy = "typing,dataclasses,pathlib,json,re,enum,functools,types,importlib,operator"
    script = (
        "import sys; before = set(sys.modules)\n"
        "import admit.api, admit.cli.install, admit.config.requirements\n"
        "from admit.spec.metadata import parse_base_requires\n"
        "from admit.spec.requirements_file import parse_requirements_file\n"
        "parse_requirements_file('a-b==1.0\\nc[d]>=1,<2 # e\\n', where='r.txt')\n"
        "parse_base_requires(b'Requires-Dist: a; python_version < \"3\"')[0]"
        ".marker.evaluate({'python_version': '3.11'})\n"
        f"print(*sorted(set('{heavy}'.split(',')) & (set(sys.modules) - before)))"
    )

    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )

    assert done.stdout == "\n"
