"""Compatibility tags from facts; `packaging.tags` is the oracle."""

from __future__ import annotations

import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from packaging import tags as oracle

from admit.env.facts import Facts
from admit.env.supported import platform_tags, supported_tags
from admit.value import replace

if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = Facts(
    implementation="cpython",
    python=(3, 12),
    platform="linux-x86_64",
    pointer_size=8,
    extension_suffix=".cpython-312-x86_64-linux-gnu.so",
    glibc=(2, 36),
)
MAC = replace(
    LINUX, platform="macosx-11.0-arm64", glibc=None, mac=(14, 5), machine="arm64"
)


def expected(facts: Facts, abis: list[str]) -> list[str]:
    """What the oracle says of a CPython, given the platforms."""
    platforms = list(platform_tags(facts))
    own = f"cp{facts.python[0]}{facts.python[1]}"
    found = [
        *oracle.cpython_tags(facts.python, abis, platforms),
        *oracle.compatible_tags(facts.python, own, platforms),
    ]
    return list(dict.fromkeys(map(str, found)))


@pytest.mark.parametrize(
    ("facts", "abis"),
    [
        pytest.param(LINUX, ["cp312"], id="linux"),
        pytest.param(MAC, ["cp312"], id="mac"),
        pytest.param(
            replace(LINUX, python=(3, 13), is_free_threaded=True),
            ["cp313t"],
            id="free-threaded",
        ),
        pytest.param(replace(LINUX, is_debug=True), ["cp312d", "cp312"], id="debug"),
        pytest.param(
            replace(LINUX, python=(3, 13), is_free_threaded=True, is_debug=True),
            ["cp313td", "cp313t"],
            id="free-threaded-debug",
        ),
        pytest.param(replace(LINUX, python=(3, 8)), ["cp38"], id="oldest"),
        pytest.param(
            replace(LINUX, platform="win-amd64", glibc=None), ["cp312"], id="windows"
        ),
    ],
)
def test_tags_of_cpython_are_those_of_packaging(facts: Facts, abis: list[str]) -> None:
    assert list(supported_tags(facts)) == expected(facts, abis)


@pytest.mark.parametrize("machine", ["x86_64", "arm64", "i386"])
@pytest.mark.parametrize(
    "version", [(10, 3), (10, 9), (10, 15), (11, 0), (12, 6), (15, 1), (26, 0)]
)
def test_platforms_of_macs_are_those_of_packaging(
    version: tuple[int, int], machine: str
) -> None:
    facts = replace(MAC, mac=version, machine=machine)

    assert list(platform_tags(facts)) == list(oracle.mac_platforms(version, machine))


def this_interpreter() -> Facts:
    assert sys.platform == "linux"
    import os

    name = os.confstr("CS_GNU_LIBC_VERSION") or ""
    major, minor = name.split()[1].split(".")[:2]
    return Facts(
        implementation=sys.implementation.name,
        python=sys.version_info[:2],
        platform=sysconfig.get_platform(),
        pointer_size=8 if sys.maxsize > 2**32 else 4,
        extension_suffix=sysconfig.get_config_var("EXT_SUFFIX"),
        is_free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        glibc=(int(major), int(minor)),
    )


@pytest.mark.skipif(
    sys.platform != "linux" or not sysconfig.get_platform().startswith("linux"),
    reason="the oracle answers for the system it runs on",
)
@pytest.mark.parametrize(
    ("platform", "pointer_size"),
    [
        pytest.param("linux-x86_64", 8, id="x86_64"),
        pytest.param("linux-aarch64", 8, id="aarch64"),
        pytest.param("linux-ppc64le", 8, id="ppc64le"),
        pytest.param("linux-riscv64", 8, id="riscv64"),
    ],
)
def test_platforms_of_linux_are_those_of_packaging(
    platform: str, pointer_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_platform", lambda: platform)
    facts = replace(this_interpreter(), platform=platform, pointer_size=pointer_size)

    assert list(platform_tags(facts)) == list(oracle.platform_tags())


def starting(facts: Facts, count: int) -> list[str]:
    return list(platform_tags(facts))[:count]


def test_musl_has_tags_down_to_its_first_minor_version() -> None:
    facts = replace(LINUX, glibc=None, musl=(1, 2))

    assert list(platform_tags(facts)) == [
        "linux_x86_64",
        "musllinux_1_2_x86_64",
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
    ]


def test_legacy_names_stand_behind_their_versions() -> None:
    found = list(platform_tags(LINUX))

    for version, name in (("2_17", "2014"), ("2_12", "2010"), ("2_5", "1")):
        at = found.index(f"manylinux_{version}_x86_64")
        assert found[at + 1] == f"manylinux{name}_x86_64"
    assert found[-1] == "manylinux1_x86_64"


def test_narrow_interpreter_on_a_wide_system_is_narrow() -> None:
    facts = replace(LINUX, pointer_size=4)

    assert starting(facts, 2) == ["linux_i686", "manylinux_2_36_i686"]


def test_narrow_arm_falls_back_to_its_older_name() -> None:
    facts = replace(LINUX, platform="linux-aarch64", pointer_size=4)

    found = list(platform_tags(facts))

    assert found[:3] == ["linux_armv8l", "linux_armv7l", "manylinux_2_36_armv8l"]
    assert "manylinux_2_17_armv7l" in found
    assert "manylinux_2_12_armv7l" not in found


def test_arm_without_hard_float_has_no_manylinux() -> None:
    facts = replace(LINUX, platform="linux-armv7l", pointer_size=4, is_hard_float=False)

    assert list(platform_tags(facts)) == ["linux_armv7l"]


def test_verdict_of_a_manylinux_module_counts() -> None:
    facts = replace(LINUX, manylinux_verdicts=((17, False), (5, True)))

    found = list(platform_tags(facts))

    assert "manylinux_2_17_x86_64" not in found
    assert "manylinux2014_x86_64" not in found
    assert "manylinux1_x86_64" in found


@pytest.mark.parametrize(
    ("facts", "first", "holds"),
    [
        pytest.param(
            replace(
                LINUX,
                implementation="pypy",
                python=(3, 10),
                extension_suffix=".pypy310-pp73-x86_64-linux-gnu.so",
            ),
            "pp310-pypy310_pp73-linux_x86_64",
            "pp3-none-any",
            id="pypy",
        ),
        pytest.param(
            replace(
                LINUX,
                implementation="graalpy",
                python=(3, 11),
                extension_suffix=".graalpy240-311-native-x86_64-linux.so",
            ),
            "graalpy311-graalpy240_311_native-linux_x86_64",
            "py3-none-any",
            id="graalpy",
        ),
    ],
)
def test_other_implementations_name_their_own_abi(
    facts: Facts, first: str, holds: str
) -> None:
    found = supported_tags(facts)

    assert found[0] == first
    assert holds in found
    assert not any(tag.startswith("cp") for tag in found)


def test_every_tag_comes_once() -> None:
    found = supported_tags(replace(LINUX, is_debug=True))

    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "better",
    [
        lambda tags: (
            tags.index("cp312-cp312-manylinux_2_36_x86_64")
            < tags.index("cp312-cp312-manylinux_2_17_x86_64")
        ),
        lambda tags: (
            tags.index("cp312-abi3-linux_x86_64")
            < tags.index("cp312-none-linux_x86_64")
            < tags.index("cp311-abi3-linux_x86_64")
        ),
        lambda tags: tags.index("py312-none-any") < tags.index("py3-none-any"),
    ],
    ids=["newer-glibc", "own-abi", "own-version"],
)
def test_the_more_specific_wheel_is_better(
    better: Callable[[tuple[str, ...]], bool],
) -> None:
    assert better(supported_tags(LINUX))
