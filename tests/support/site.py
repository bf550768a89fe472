"""A scratch environment: unpack wheels, plan, apply, and look at what is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from admit.env.installed import read_owned_files, scan
from admit.env.layout import Scheme
from admit.install.apply import Applied, apply
from admit.install.plan import Incoming, InstallPlan, plan_install
from admit.install.wheel import read_unpacked, unpack_wheel
from admit.spec.names import normalize_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.install.listing import UnpackedWheel
    from admit.install.place import LinkMode

SITE = "lib/python3.12/site-packages"


class ScratchSite:
    """An environment below `root`, its wheels unpacked beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.prefix = root / "env"
        self.site = self.prefix / SITE
        (self.prefix / "bin").mkdir(parents=True, exist_ok=True)
        self.cache = root / "cache"
        self.cache.mkdir(parents=True, exist_ok=True)
        self.scheme = scheme_at(self.prefix)

    def unpack(self, *wheels: Path) -> list[UnpackedWheel]:
        """Unpack wheels into the cache, each once."""
        unpacked = []
        for wheel in wheels:
            into = str(self.cache / wheel.name)
            unpacked.append(
                read_unpacked(into) or unpack_wheel(str(wheel), into, expected=None)
            )
        return unpacked

    def plan(
        self, wheels: Sequence[Path] = (), remove: Sequence[str] = ()
    ) -> InstallPlan:
        """Plan to install wheels, replacing what is installed of the same names."""
        unpacked = self.unpack(*wheels)
        names = {wheel.name for wheel in unpacked} | set(map(normalize_name, remove))
        installed = scan([str(self.site)]).distributions
        removals = [read_owned_files(each) for each in installed if each.name in names]
        return plan_install(
            [Incoming(each, is_requested=True) for each in unpacked],
            removals,
            self.scheme,
        )

    def install(self, *wheels: Path, link_mode: LinkMode = "auto") -> Applied:
        """Install wheels."""
        return apply(self.plan(wheels), link_mode=link_mode)

    def uninstall(self, *names: str) -> Applied:
        """Remove distributions."""
        return apply(self.plan(remove=names))

    def snapshot(self) -> dict[str, bytes]:
        """Every file and folder of the environment with its content."""
        return snapshot(self.prefix)


def scheme_at(prefix: Path) -> Scheme:
    """The scheme of a virtual environment of Python 3.12 on POSIX."""
    return Scheme(
        purelib=f"{prefix}/{SITE}",
        platlib=f"{prefix}/{SITE}",
        scripts=f"{prefix}/bin",
        data=str(prefix),
        headers=f"{prefix}/include/site/python3.12",
        executable=f"{prefix}/bin/python",
    )


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content; folders with a slash at the end."""
    found: dict[str, bytes] = {}
    for parent, folders, files in os.walk(folder):
        for name in folders:
            path = Path(parent, name)
            found[f"{path.relative_to(folder)}/"] = b""
        for name in files:
            path = Path(parent, name)
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found
