"""`admit install`, word for word."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from admit.serve.server import IndexServer
    from support.desk import Desk

    Golden = Callable[[Desk], None]


def test_one_package(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha")

    assert desk.installed == ["alpha==2.0"]
    golden(desk)


def test_dependencies_come_along(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "beta")

    assert desk.installed == ["alpha==2.0", "beta==1.0"]
    golden(desk)


def test_extras_bring_their_own(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "gamma[fast]")

    expected = ["alpha==2.0", "beta==1.0", "delta==1.0", "gamma==1.0"]
    assert desk.installed == expected
    script = [desk.venv / "bin/gamma"]
    assert subprocess.run(script, check=False, capture_output=True).returncode == 1
    golden(desk)


def test_requirements_files_nest(desk: Desk, golden: Golden) -> None:
    desk.write(
        "requirements.txt",
        "# what we need\n-r more/base.txt\nalpha \\\n  >=1, \\\n  <2  # the old one\n",
    )
    desk.write("more/base.txt", "\ndelta==1.0  ; python_version >= '3'\n-r deep.txt\n")
    desk.write("more/deep.txt", "early\n")

    desk.succeed("install", "-r", "requirements.txt")

    assert desk.installed == ["alpha==1.0", "delta==1.0", "early==1.0"]
    golden(desk)


def test_index_options_of_a_requirements_file_count(
    desk: Desk, index: IndexServer
) -> None:
    del desk.variables["ADMIT_INDEX_URL"]
    desk.write("requirements.txt", f"--index-url {index.url}\n--pre\nearly\n")

    desk.succeed("install", "-r", "requirements.txt")

    assert desk.installed == ["early==2.0rc1"]


def test_dry_run_changes_nothing(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "--dry-run", "beta")

    assert desk.installed == []
    golden(desk)


def test_dry_run_does_not_count_what_is_in_the_cache(
    desk: Desk, golden: Golden
) -> None:
    desk.succeed("install", "alpha")
    desk.succeed("uninstall", "alpha")

    desk.succeed("install", "--dry-run", "beta")

    golden(desk)


def test_no_deps_takes_what_is_named_only(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "--no-deps", "beta")

    assert desk.installed == ["beta==1.0"]
    golden(desk)


def test_what_is_installed_is_checked_without_the_network(
    desk: Desk, index: IndexServer, golden: Golden
) -> None:
    desk.succeed("install", "gamma")
    index.requests.clear()

    desk.succeed("install", "gamma", "alpha>=1")

    assert index.requests == []
    golden(desk)


def test_what_is_installed_stays_where_it_fits(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha==1.0")

    desk.succeed("install", "beta")

    assert desk.installed == ["alpha==1.0", "beta==1.0"]
    golden(desk)


def test_upgrade_replaces(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha==1.0")

    desk.succeed("install", "--dry-run", "-U", "alpha")
    desk.succeed("install", "-U", "alpha")

    assert desk.installed == ["alpha==2.0"]
    golden(desk)


def test_downgrade_replaces(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha")

    desk.succeed("install", "alpha<2")

    assert desk.installed == ["alpha==1.0"]
    golden(desk)


def test_upgrade_of_the_newest_changes_nothing(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha")

    desk.succeed("install", "-U", "alpha")

    golden(desk)


def test_reinstall_installs_the_same_again(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "beta")
    (desk.site / "beta/__init__.py").unlink()

    desk.succeed("install", "--reinstall", "beta")

    assert (desk.site / "beta/__init__.py").is_file()
    golden(desk)


def test_prereleases_come_when_allowed(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "early")
    desk.succeed("install", "-U", "--pre", "early")

    assert desk.installed == ["early==2.0rc1"]
    golden(desk)


def test_a_prerelease_comes_where_there_is_nothing_else(desk: Desk) -> None:
    desk.succeed("install", "soon")

    assert desk.installed == ["soon==0.1b2"]


def test_no_cache_leaves_nothing_behind(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "--no-cache", "beta")

    assert desk.installed == ["alpha==2.0", "beta==1.0"]
    assert not desk.cache.exists()
    assert list((desk.home.parent / "tmp").iterdir()) == []
    golden(desk)


def test_cache_goes_where_it_is_told_to(desk: Desk) -> None:
    desk.succeed("install", "--cache-dir", "my cache", "alpha")

    assert (desk.work / "my cache").is_dir()
    assert not desk.cache.exists()


def test_a_second_environment_needs_no_download(
    desk: Desk, index: IndexServer, golden: Golden
) -> None:
    desk.succeed("install", "alpha")
    desk.succeed("venv", "other")
    index.requests.clear()

    desk.succeed("install", "-p", "other", "alpha")

    assert [str(each) for each in index.requests] == [
        "GET /simple/alpha/ as anonymous: 304"
    ]
    golden(desk)


def test_a_wheel_given_by_path(desk: Desk, index: IndexServer, golden: Golden) -> None:
    build_wheel(desk.work, "mine", "0.1", requires=["alpha"])

    desk.succeed("install", "./mine-0.1-py3-none-any.whl")
    desk.succeed("install", "./mine-0.1-py3-none-any.whl")

    assert desk.installed == ["alpha==2.0", "mine==0.1"]
    golden(desk)


def test_a_wheel_given_by_url(desk: Desk, index: IndexServer, golden: Golden) -> None:
    url = f"{index.origin}/packages/alpha/1.0/alpha-1.0-py3-none-any.whl"

    desk.succeed("install", f"alpha @ {url}", "beta")
    desk.succeed("install", f"alpha @ {url}", "beta")

    assert desk.installed == ["alpha==1.0", "beta==1.0"]
    golden(desk)


def test_a_conflict_is_explained(desk: Desk, golden: Golden) -> None:
    desk.fail("install", "left", "right")

    assert desk.installed == []
    golden(desk)


def test_a_missing_project_is_explained(desk: Desk, golden: Golden) -> None:
    desk.fail("install", "nothing-of-this-name")

    golden(desk)


def test_a_missing_version_is_explained(desk: Desk, golden: Golden) -> None:
    desk.fail("install", "alpha>=7")

    golden(desk)


def test_the_wrong_python_is_explained(desk: Desk, golden: Golden) -> None:
    desk.fail("install", "ancient")

    golden(desk)


def test_yanked_releases_come_when_pinned_only(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "pulled")
    desk.fail("install", "pulled>1")
    desk.succeed("install", "pulled==2.0")

    assert desk.installed == ["pulled==2.0"]
    golden(desk)


def test_an_extra_that_is_not_there_is_a_warning(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "alpha[nonsense]")

    golden(desk)


def test_an_extra_that_an_installed_package_has_not_is_a_warning(desk: Desk) -> None:
    desk.succeed("install", "gamma[fast]")

    ran = desk.succeed("install", "gamma[Fast,nosuch]")

    assert ran.stderr.startswith("warning: gamma==1.0 has no extra named nosuch\n")
    assert "Checked " in ran.stderr


def test_quiet_says_nothing(desk: Desk) -> None:
    ran = desk.succeed("install", "-q", "beta")

    assert ran.stderr == ""
    assert desk.installed == ["alpha==2.0", "beta==1.0"]


def test_quiet_still_tells_errors(desk: Desk) -> None:
    ran = desk.fail("install", "-qq", "nothing-of-this-name")

    assert ran.stderr.startswith("error: ")


def test_verbose_tells_every_request(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "-v", "alpha")

    golden(desk)


@pytest.mark.parametrize("given", [["-n", "install"], ["--no-cache", "pip", "install"]])
def test_options_may_stand_before_the_verb(desk: Desk, given: list[str]) -> None:
    ran = desk.succeed(*given, "alpha")

    assert ran.changes == ["+ alpha==2.0"]
    assert not desk.cache.exists()


def test_pip_install_is_install(desk: Desk) -> None:
    one = desk.succeed("install", "--dry-run", "gamma[fast]")
    other = desk.succeed("pip", "install", "--dry-run", "gamma[fast]")

    assert one.notes == other.notes


def test_installing_nothing_is_a_mistake(desk: Desk, golden: Golden) -> None:
    desk.fail("install", status=2)

    golden(desk)


def test_without_an_environment_it_says_what_to_do(desk: Desk, golden: Golden) -> None:
    desk.venv.rename(desk.work / "elsewhere")

    desk.fail("install", "alpha")

    golden(desk)


def test_the_environment_is_found_upwards_or_by_variable(desk: Desk) -> None:
    below = desk.work / "src/deep"
    below.mkdir(parents=True)
    outside = desk.work
    desk.work = below

    desk.succeed("install", "alpha")
    desk.work = desk.home
    desk.succeed("install", "delta", VIRTUAL_ENV=str(outside / ".venv"))

    desk.work = outside
    assert desk.installed == ["alpha==2.0", "delta==1.0"]


@pytest.mark.parametrize("named_by", [".venv", "VIRTUAL_ENV", "--python"])
def test_an_environment_whose_interpreter_belongs_elsewhere_is_refused(
    desk: Desk, golden: Golden, named_by: str
) -> None:
    """A damaged .venv would lead to the Python it was made with: nobody named that."""
    (desk.venv / "pyvenv.cfg").unlink()
    options = ["--python", ".venv"] if named_by == "--python" else []
    if named_by == "VIRTUAL_ENV":
        desk.variables["VIRTUAL_ENV"] = str(desk.venv)

    desk.fail("list", *options)
    desk.fail("install", "--dry-run", "alpha", *options)

    golden(desk)


def test_constraints_limit_and_bring_nothing(desk: Desk, golden: Golden) -> None:
    desk.write("limits.txt", "alpha<2  # the old one\ndelta==1.0\n-c more.txt\n")
    desk.write("more.txt", "early<2\n")

    desk.succeed("install", "-c", "limits.txt", "beta", "early")
    desk.succeed("install", "-c", "limits.txt", "beta")
    desk.fail("install", "-c", "limits.txt", "alpha>=2")

    assert desk.installed == ["alpha==1.0", "beta==1.0", "early==1.0"]
    golden(desk)


def test_constraints_change_what_is_installed(desk: Desk, golden: Golden) -> None:
    desk.succeed("install", "beta")
    desk.write("limits.txt", "alpha<2\n")

    desk.succeed("install", "-c", "limits.txt", "beta")

    assert desk.installed == ["alpha==1.0", "beta==1.0"]
    golden(desk)


def test_hashes_of_a_requirements_file_are_held_to(
    desk: Desk, world: Path, golden: Golden
) -> None:
    wheel = (world / "alpha-1.0-py3-none-any.whl").read_bytes()
    right = hashlib.sha256(wheel).hexdigest()
    desk.write("right.txt", f"alpha==1.0 --hash=sha256:{right}\n")
    desk.write("wrong.txt", f"alpha==1.0 --hash=sha256:{'0' * 64}\n")

    desk.fail("install", "-r", "wrong.txt")
    assert desk.installed == []
    desk.succeed("install", "-r", "right.txt")

    assert desk.installed == ["alpha==1.0"]
    golden(desk)


def test_a_file_of_another_hash_is_refused_also_from_the_cache(
    desk: Desk, golden: Golden
) -> None:
    desk.write("wrong.txt", f"alpha==1.0 --hash=sha256:{'0' * 64}\n")
    desk.succeed("install", "alpha==1.0")
    desk.succeed("uninstall", "alpha")

    desk.fail("install", "-r", "wrong.txt")

    assert desk.installed == []
    golden(desk)


def test_a_terminal_sees_progress_and_nothing_of_it_stays(
    desk: Desk, index: IndexServer
) -> None:
    index.latency = 0.1
    reading, writing = os.openpty()

    process = subprocess.Popen(
        desk.command("install", "gamma"),
        cwd=desk.work,
        env=desk.environment({"TERM": "xterm"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=writing,
    )
    os.close(writing)
    seen = b""
    with contextlib.suppress(OSError):  # Linux says so when the other end closes
        while chunk := os.read(reading, 4096):
            seen += chunk
    os.close(reading)

    assert process.wait() == 0
    assert b"Resolving: " in seen
    assert b"projects" in seen
    drawn = seen.count(b"\x1b[1A\x1b[2K")
    assert drawn > 0
    last = seen.rpartition(b"\x1b[2K")[2].decode()
    assert " + gamma==1.0" in re.sub(r"\x1b\[\d*m", "", last)
    assert "Resolving" not in last
