"""`admit download`: wheels in a folder, whole, verified, and only those needed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from admit.serve.behaviour import Behaviour, Layout
from admit.serve.server import IndexServer
from support.index import ALICE, SECRET
from support.wheel import build_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.desk import Desk


def files_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_a_package_comes_with_what_it_needs(desk: Desk, world: Path) -> None:
    ran = desk.succeed("download", "beta", "-d", "wheels")

    folder = desk.work / "wheels"
    assert files_in(folder) == [
        "alpha-2.0-py3-none-any.whl",
        "beta-1.0-py3-none-any.whl",
    ]
    for each in folder.iterdir():
        assert each.read_bytes() == (world / each.name).read_bytes()
    assert ran.notes == [
        "Resolved 2 packages in TIME",
        "Downloaded 2 packages in TIME",
        " Saved wheels/alpha-2.0-py3-none-any.whl",
        " Saved wheels/beta-1.0-py3-none-any.whl",
    ]
    assert desk.installed == []


def test_the_working_folder_is_the_usual_place(desk: Desk) -> None:
    desk.succeed("download", "alpha")

    assert (desk.work / "alpha-2.0-py3-none-any.whl").is_file()


def test_no_environment_is_needed(desk: Desk, tmp_path: Path) -> None:
    desk.venv.rename(tmp_path / "elsewhere")

    desk.succeed("download", "alpha", "-d", "out")

    assert files_in(desk.work / "out") == ["alpha-2.0-py3-none-any.whl"]


def test_what_is_installed_is_downloaded_all_the_same(desk: Desk) -> None:
    desk.succeed("install", "beta", "alpha==1.0")

    desk.succeed("download", "beta", "-d", "out")

    assert files_in(desk.work / "out") == [
        "alpha-2.0-py3-none-any.whl",
        "beta-1.0-py3-none-any.whl",
    ]


def test_only_what_is_named_without_dependencies(desk: Desk) -> None:
    desk.write("requirements.txt", "beta\n")

    desk.succeed("download", "--no-deps", "-r", "requirements.txt", "-d", "out")

    assert files_in(desk.work / "out") == ["beta-1.0-py3-none-any.whl"]


def test_a_right_file_stays_and_is_not_fetched(desk: Desk, index: IndexServer) -> None:
    desk.succeed("download", "alpha", "-d", "out")
    path = desk.work / "out/alpha-2.0-py3-none-any.whl"
    before = path.stat()
    index.requests.clear()

    ran = desk.succeed("download", "alpha", "-d", "out")

    assert " exists out/alpha-2.0-py3-none-any.whl" in ran.notes
    assert path.stat().st_ino == before.st_ino
    assert not [each for each in index.requests if each.path.endswith(".whl")]


def test_a_wrong_file_of_that_name_is_replaced(desk: Desk, world: Path) -> None:
    name = "alpha-2.0-py3-none-any.whl"
    desk.write(f"out/{name}", "not this")

    ran = desk.succeed("download", "alpha", "-d", "out")

    assert f" Saved out/{name}" in ran.notes
    assert (desk.work / "out" / name).read_bytes() == (world / name).read_bytes()


def test_a_file_that_is_not_the_promised_one_is_not_kept(
    desk: Desk, index: IndexServer, world: Path
) -> None:
    from admit.serve.answer import Answer

    wrong = (world / "alpha-1.0-py3-none-any.whl").read_bytes()
    index.script("*/alpha-2.0-py3-none-any.whl", Answer(200, (), wrong))

    ran = desk.fail("download", "alpha", "-d", "out")

    assert "is not the file that" in ran.stderr
    assert files_in(desk.work / "out") == []


def test_hashes_of_requirements_count(desk: Desk) -> None:
    wrong = hashlib.sha256(b"other").hexdigest()
    desk.write("requirements.txt", f"alpha==2.0 --hash=sha256:{wrong}\n")

    desk.fail("download", "-r", "requirements.txt", "-d", "out")

    out = desk.work / "out"
    assert not out.exists() or files_in(out) == []


def test_hashes_count_where_the_index_states_none(desk: Desk, world: Path) -> None:
    name = "alpha-2.0-py3-none-any.whl"
    right = hashlib.sha256((world / name).read_bytes()).hexdigest()
    wrong = hashlib.sha256(b"other").hexdigest()
    behaviour = Behaviour(layout=Layout(has_hashes=False, has_metadata=False))
    desk.write("right.txt", f"alpha==2.0 --hash=sha256:{right}\n")
    desk.write("wrong.txt", f"alpha==2.0 --hash=sha256:{wrong}\n")
    with IndexServer(world, public=["*"], behaviour=behaviour) as server:
        desk.variables["ADMIT_INDEX_URL"] = server.url
        desk.fail("download", "-r", "wrong.txt", "-d", "out")
        assert files_in(desk.work / "out") == []

        desk.succeed("download", "-r", "right.txt", "-d", "out")

    assert files_in(desk.work / "out") == [name]


def test_another_python_gets_its_own_files(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "tagged"
    build_wheel(folder, "native", "1.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    build_wheel(folder, "native", "1.0", tag="cp313-cp313-macosx_11_0_arm64")
    build_wheel(folder, "old", "1.0", requires_python=">=3.8")
    build_wheel(folder, "old", "2.0", requires_python=">=3.14")
    with IndexServer(folder, public=["*"]) as server:
        desk.variables["ADMIT_INDEX_URL"] = server.url
        desk.succeed(
            *("download", "native", "old", "-d", "linux"),
            *("--python-version", "3.12", "--python-platform", "linux"),
        )
        desk.succeed(
            *("download", "native", "old", "-d", "mac", "--python-version", "3.13"),
            *("--python-platform", "aarch64-apple-darwin"),
        )

    old = "old-1.0-py3-none-any.whl"
    assert files_in(desk.work / "linux") == [
        "native-1.0-cp312-cp312-manylinux_2_17_x86_64.whl",
        old,
    ]
    assert files_in(desk.work / "mac") == [
        "native-1.0-cp313-cp313-macosx_11_0_arm64.whl",
        old,
    ]


def test_every_file_is_asked_for_as_the_user(desk: Desk, private: IndexServer) -> None:
    desk.secrets.append(SECRET)
    desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")

    desk.succeed("download", "mypackage", "-d", "out", "--index-url", private.url)

    assert "mypackage-2024.1-py3-none-any.whl" in files_in(desk.work / "out")
    assert private.anonymous == []


def test_a_refused_file_is_an_error(desk: Desk, founding_world: Path) -> None:
    with IndexServer(founding_world, accounts=[ALICE]) as server:
        from admit.serve.answer import Answer

        server.script("*.whl", Answer(403, (), b""))
        desk.write_netrc(f"machine 127.0.0.1 login alice password {SECRET}\n")
        desk.fail("download", "mypackage", "-d", "out", "--index-url", server.url)

    out = desk.work / "out"
    assert not out.exists() or files_in(out) == []


def test_a_folder_that_cannot_be_made_is_an_error(desk: Desk) -> None:
    desk.write("file", "")

    ran = desk.fail("download", "alpha", "-d", "file/below")

    assert "cannot make the folder" in ran.stderr


def test_nothing_named_is_misuse(desk: Desk) -> None:
    ran = desk.fail("download", status=2)

    assert "nothing to download was named" in ran.stderr


def test_the_result_as_json(desk: Desk, world: Path) -> None:
    ran = desk.succeed("download", "beta", "-d", "out", "--output-format", "json")

    result = json.loads(ran.stdout)
    rows = {each["name"]: each for each in result["packages"]}
    assert {name: each["action"] for name, each in rows.items()} == {
        "alpha": "save",
        "beta": "save",
    }
    wheel = world / "beta-1.0-py3-none-any.whl"
    assert rows["beta"]["hashes"] == {
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()
    }
    assert rows["beta"]["requested"] is True
    assert rows["alpha"]["requested"] is False


def test_an_index_cannot_choose_the_folder(desk: Desk, index: IndexServer) -> None:
    from admit.serve.answer import Answer

    page = {
        "meta": {"api-version": "1.0"},
        "name": "alpha",
        "files": [
            {
                "filename": "alpha-3.0-py3-none-any.x/../../../evil.whl",
                "url": "/packages/alpha/2.0/alpha-2.0-py3-none-any.whl",
                "hashes": {},
            }
        ],
    }
    kind = ("content-type", "application/vnd.pypi.simple.v1+json")
    index.script("/simple/alpha/", Answer(200, (kind,), json.dumps(page).encode()))

    desk.fail("download", "--no-deps", "alpha", "-d", "out")

    assert not list(desk.home.rglob("*evil*"))


@pytest.mark.parametrize("place", ["-", "report.json"], ids=["stdout", "file"])
def test_the_report_is_pips(desk: Desk, place: str) -> None:
    ran = desk.succeed("download", "beta", "-d", "out", "--report", place)

    text = ran.stdout if place == "-" else (desk.work / place).read_text()
    report = json.loads(text)
    assert report["version"] == "1"
    described = {each["metadata"]["name"]: each for each in report["install"]}
    assert described["beta"]["metadata"]["requires_dist"] == ["alpha>=1"]
    assert described["beta"]["requested"] is True
    archive = described["beta"]["download_info"]["archive_info"]
    assert archive["hash"] == f"sha256={archive['hashes']['sha256']}"
