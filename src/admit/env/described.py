"""Targets that are not this machine: another Python, another platform.

For: `admit compile --python-version --python-platform`.
Does not know: which versions fit; where the interpreter it starts from was found.
Shape: `Interpreter` and names -> `Target`. Names of platforms are uv's.
Spec: environment markers (PEP 508), platform compatibility tags (PEP 425).
"""

from __future__ import annotations

from admit.env.supported import supported_tags
from admit.errors import UsageError
from admit.spec.tags import Target
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from admit.env.facts import Facts
    from admit.env.interpreter import Interpreter

_GLIBC = (2, 28)
_MUSL = (1, 2)
_MAC = (13, 0)
_NEWER_GLIBC = (17, 28, *range(31, 41))
"""Minor versions that have a name of their own."""


class UnknownTarget(UsageError):
    """A Python or platform to compile for is unknown."""

    code = "unknown-target"


@value
class Platform:
    """A platform, as markers and tags name it."""

    os_name: str
    system: str
    sys_platform: str
    machine: str
    """As `platform.machine()` has it."""
    tag: str
    """As `sysconfig.get_platform()` has it."""
    glibc: tuple[int, int] | None = None
    musl: tuple[int, int] | None = None
    mac: tuple[int, int] | None = None
    pointer_size: int = 8


def _linux(machine: str, **libc: tuple[int, int]) -> Platform:
    return Platform(
        "posix",
        "Linux",
        "linux",
        machine,
        f"linux-{machine}",
        libc.get("glibc"),
        libc.get("musl"),
    )


def _windows(machine: str, tag: str, pointer_size: int = 8) -> Platform:
    return Platform("nt", "Windows", "win32", machine, tag, pointer_size=pointer_size)


def _mac(machine: str) -> Platform:
    tag = f"macosx-{_MAC[0]}.{_MAC[1]}-{machine}"
    return Platform("posix", "Darwin", "darwin", machine, tag, mac=_MAC)


def known_platforms() -> dict[str, Platform]:
    """Return every platform that can be named."""
    named = {
        "windows": _windows("AMD64", "win-amd64"),
        "linux": _linux("x86_64", glibc=_GLIBC),
        "macos": _mac("arm64"),
        "x86_64-pc-windows-msvc": _windows("AMD64", "win-amd64"),
        "aarch64-pc-windows-msvc": _windows("ARM64", "win-arm64"),
        "i686-pc-windows-msvc": _windows("x86", "win32", 4),
        "x86_64-unknown-linux-gnu": _linux("x86_64", glibc=_GLIBC),
        "aarch64-unknown-linux-gnu": _linux("aarch64", glibc=_GLIBC),
        "x86_64-unknown-linux-musl": _linux("x86_64", musl=_MUSL),
        "aarch64-unknown-linux-musl": _linux("aarch64", musl=_MUSL),
        "riscv64-unknown-linux": _linux("riscv64", glibc=(2, 39)),
        "aarch64-apple-darwin": _mac("arm64"),
        "x86_64-apple-darwin": _mac("x86_64"),
    }
    for machine in ("x86_64", "aarch64"):
        named[f"{machine}-manylinux2014"] = _linux(machine, glibc=(2, 17))
        for minor in _NEWER_GLIBC:
            named[f"{machine}-manylinux_2_{minor}"] = _linux(machine, glibc=(2, minor))
    return named


def describe(
    interpreter: Interpreter, python: str | None = None, platform: str | None = None
) -> Target:
    """Return an interpreter's target, or the same in another Python or elsewhere.

    `python`: "3.12", which means 3.12.0, or "3.12.4".

    Raises:
        UnknownTarget: one of the names is unknown.
    """
    if python is None and platform is None:
        return interpreter.target
    environment, facts = interpreter.environment, interpreter.facts
    if python is not None:
        environment, facts = _other_python(environment, facts, python)
    if platform is not None:
        environment, facts = _elsewhere(environment, facts, platform)
    return Target(environment, supported_tags(facts))


def _other_python(
    environment: Mapping[str, str], facts: Facts, text: str
) -> tuple[Mapping[str, str], Facts]:
    parts = text.split(".")
    if len(parts) not in (2, 3) or not all(each.isdecimal() for each in parts):
        raise UnknownTarget(
            f"--python-version {text}: not a version of Python",
            why="it is written 3.12 or 3.12.4",
        )
    minor = f"{parts[0]}.{parts[1]}"
    full = text if len(parts) == 3 else f"{minor}.0"
    other = {**environment, "python_version": minor, "python_full_version": full}
    if facts.implementation == "cpython":
        other["implementation_version"] = full
    return other, replace(facts, python=(int(parts[0]), int(parts[1])))


def _elsewhere(
    environment: Mapping[str, str], facts: Facts, name: str
) -> tuple[Mapping[str, str], Facts]:
    known = known_platforms()
    platform = known.get(name)
    if platform is None:
        raise UnknownTarget(
            f"--python-platform {name}: there is no such platform",
            why=f"the known ones are {', '.join(known)}",
        )
    other = {
        **environment,
        "os_name": platform.os_name,
        "platform_machine": platform.machine,
        "platform_release": "",
        "platform_system": platform.system,
        "platform_version": "",
        "sys_platform": platform.sys_platform,
    }
    return other, replace(
        facts,
        platform=platform.tag,
        pointer_size=platform.pointer_size,
        glibc=platform.glibc,
        musl=platform.musl,
        is_hard_float=True,
        mac=platform.mac,
        machine=platform.machine if platform.mac else "",
        manylinux_verdicts=(),
    )
