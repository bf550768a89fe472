"""Which wheels an interpreter can load: its compatibility tags, best first.

For: ranking the wheels of a release for one interpreter.
Does not know: how the facts were found out (`env.interpreter`).
Shape: `Facts` -> tags such as "cp312-cp312-manylinux_2_17_x86_64".
Spec: platform compatibility tags (PEP 425, 600, 656), abi3 (PEP 384), free threading
(PEP 703, 803). The order is that of `packaging.tags`, which the tests compare with.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.env.facts import Facts

_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""Names from before PEP 600, by minor version of glibc 2."""
_MANYLINUX_ARCHITECTURES = frozenset(
    ("x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64")
)
_HIGHEST_GLIBC_1 = 50
"""No glibc 2 has, or will have, a greater minor version than a later 3.0 assumes."""


def supported_tags(facts: Facts) -> tuple[str, ...]:
    """Return every tag a wheel may have to fit, best first, each once."""
    platforms = tuple(platform_tags(facts))
    ordered: list[str] = []
    if facts.implementation == "cpython":
        ordered += _cpython_tags(facts, platforms)
        own: str | None = f"cp{_nodot(facts.python)}"
    else:
        ordered += _generic_tags(facts, platforms)
        own = "pp3" if facts.implementation == "pypy" else None
    pythons = _python_range(facts.python)
    ordered += [f"{each}-none-{place}" for each in pythons for place in platforms]
    if own is not None:
        ordered.append(f"{own}-none-any")
    ordered += [f"{each}-none-any" for each in pythons]
    return tuple(dict.fromkeys(ordered))


def platform_tags(facts: Facts) -> Iterator[str]:
    """Yield the last parts of tags, best first, without "any"."""
    platform = facts.platform.replace(".", "_").replace("-", "_").replace(" ", "_")
    if facts.mac is not None:
        yield from _mac_platforms(facts.mac, facts.machine)
    elif platform.startswith("linux_"):
        yield from _linux_platforms(facts, platform)
    else:
        yield platform


def _nodot(version: tuple[int, int]) -> str:
    return f"{version[0]}{version[1]}"


def _python_range(python: tuple[int, int]) -> list[str]:
    major, minor = python
    older = [f"py{major}{each}" for each in range(minor - 1, -1, -1)]
    return [f"py{major}{minor}", f"py{major}", *older]


def _cpython_tags(facts: Facts, platforms: tuple[str, ...]) -> Iterator[str]:
    major, minor = facts.python
    own = f"cp{major}{minor}"
    threads = "t" if facts.is_free_threaded else ""
    debug = "d" if facts.is_debug else ""
    abis = [f"{own}{threads}{debug}"]
    if debug:
        abis.append(f"{own}{threads}")
    # The stable ABI of PEP 384, or that of free-threaded builds (PEP 803).
    stable = "abi3t" if facts.is_free_threaded else "abi3"
    for abi in (*abis, stable, "none"):
        for platform in platforms:
            yield f"{own}-{abi}-{platform}"
    for older in range(minor - 1, 1, -1):
        for platform in platforms:
            yield f"cp{major}{older}-{stable}-{platform}"


def _generic_tags(facts: Facts, platforms: tuple[str, ...]) -> Iterator[str]:
    short = {"pypy": "pp", "ironpython": "ip", "jython": "jy"}
    name = short.get(facts.implementation, facts.implementation)
    interpreter = f"{name}{_nodot(facts.python)}"
    for abi in (*_generic_abi(facts.extension_suffix), "none"):
        for platform in platforms:
            yield f"{interpreter}-{abi}-{platform}"


def _generic_abi(extension_suffix: str) -> tuple[str, ...]:
    """Read the ABI out of `.pypy310-pp73-x86_64-linux-gnu.so` and the like."""
    parts = extension_suffix.split(".")
    if len(parts) < 3 or not parts[1]:
        return ()
    words = parts[1].split("-")
    if words[0].startswith("pypy"):
        words = words[:2]
    elif words[0].startswith("graalpy"):
        words = words[:3]
    return ("_".join(words).replace(" ", "_"),)


def _linux_platforms(facts: Facts, platform: str) -> Iterator[str]:
    if facts.pointer_size == 4:
        narrow = {"linux_x86_64": "linux_i686", "linux_aarch64": "linux_armv8l"}
        platform = narrow.get(platform, platform)
    machine = platform.partition("_")[2]
    machines = ("armv8l", "armv7l") if machine == "armv8l" else (machine,)
    for each in machines:
        yield f"linux_{each}"
    if facts.glibc is not None and _may_manylinux(facts, machines):
        for each in machines:
            yield from _manylinux_platforms(facts, facts.glibc, each, machines)
    if facts.musl is not None:
        major, minor = facts.musl
        for each in machines:
            for older in range(minor, -1, -1):
                yield f"musllinux_{major}_{older}_{each}"


def _may_manylinux(facts: Facts, machines: tuple[str, ...]) -> bool:
    if "armv7l" in machines:
        return facts.is_hard_float
    if "i686" in machines:
        return facts.pointer_size == 4
    return any(each in _MANYLINUX_ARCHITECTURES for each in machines)


def _manylinux_platforms(
    facts: Facts, glibc: tuple[int, int], machine: str, machines: tuple[str, ...]
) -> Iterator[str]:
    # manylinux1 and 2010 exist for x86 only; 2014 was the first for others.
    oldest = 5 if {"x86_64", "i686"}.intersection(machines) else 17
    verdicts = dict(facts.manylinux_verdicts)
    highest = glibc[1] if glibc[0] == 2 else _HIGHEST_GLIBC_1
    for minor in range(highest, oldest - 1, -1):
        if verdicts.get(minor, True):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in _LEGACY:
                yield f"{_LEGACY[minor]}_{machine}"


def _mac_platforms(version: tuple[int, int], machine: str) -> Iterator[str]:
    if version < (11, 0):
        for minor in range(version[1], -1, -1):
            for each in _mac_formats((10, minor), machine):
                yield f"macosx_10_{minor}_{each}"
        return
    for major in range(version[0], 10, -1):
        for each in _mac_formats((major, 0), machine):
            yield f"macosx_{major}_0_{each}"
    for minor in range(16, 3, -1):
        # Programs for Intel run since 10.4; arm64 only as part of universal2.
        intel = _mac_formats((10, minor), machine)
        for each in intel if machine == "x86_64" else ("universal2",):
            yield f"macosx_10_{minor}_{each}"


def _mac_formats(version: tuple[int, int], machine: str) -> tuple[str, ...]:
    """Names of binaries that a CPU runs; "universal2" has Intel and arm64 code."""
    formats = {
        "x86_64": ("x86_64", "intel", "fat64", "fat3", "universal2", "universal"),
        "i386": ("i386", "intel", "fat3", "fat", "universal"),
        "arm64": ("arm64", "universal2"),
    }
    if machine in ("x86_64", "i386") and version < (10, 4):
        return ()
    return formats.get(machine, (machine,))
