"""`admit cache dir|size|clean|verify`.

For: looking after the cache folder. The cache can be deleted at any time; this does
it more carefully.
Does not know: what entries mean.
"""

from __future__ import annotations

import os

from admit.cli.output import count_of
from admit.cli.progress import format_bytes
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from admit.cli.output import Output
    from admit.config.settings import Settings

VERBS = ("dir", "size", "clean", "verify")


def run_cache(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Run one of the cache's verbs."""
    verb = operands["_verb"]
    if verb == "purge":  # pip's word
        verb = "clean"
    if verb not in VERBS:
        raise UsageError(
            f"`admit cache` wants one of {', '.join(VERBS)}",
            fix="`admit cache size` tells how large it is, `admit cache clean` "
            "empties it",
        )
    root = settings.cache_dir
    if verb == "dir":
        output.data(root)
        return 0
    if not os.path.isdir(root):
        output.note(f"There is no cache at {root}")
        return 0
    if verb == "size":
        sizes = dict(_files(root))
        output.data(str(sum(sizes.values())))
        output.note(f"{count_of(len(sizes), 'file')}, {_total(sizes)}")
        return 0
    return _clean(root, output) if verb == "clean" else _verify(root, output)


def _clean(root: str, output: Output) -> int:
    """Remove the cache; refuse a folder that does not look like one."""
    import shutil

    if not os.path.isfile(os.path.join(root, "CACHEDIR.TAG")):
        raise UsageError(
            f"{root} is no cache of admit: it has no CACHEDIR.TAG",
            fix="correct --cache-dir, or remove the folder by hand",
        )
    sizes = dict(_files(root))
    shutil.rmtree(root)
    output.note(f"Removed {count_of(len(sizes), 'file')} ({_total(sizes)})")
    return 0


def _verify(root: str, output: Output) -> int:
    """Hash every file of every unpacked wheel against its RECORD; drop the damaged.

    Environments share files with the cache by hard links: one edited in place there
    has changed here too.
    """
    import shutil

    from admit.install.verify import find_damage

    checked = damaged = 0
    for place in _archives(root):
        checked += 1
        damage = find_damage(place)
        if damage is not None:
            damaged += 1
            output.data(f"{os.path.basename(place)[:12]} {damage}")
            shutil.rmtree(place, ignore_errors=True)
    output.note(
        f"Checked {count_of(checked, 'wheel')}"
        + (f", removed {damaged} damaged" if damaged else ": all whole")
    )
    return 1 if damaged else 0


def _archives(root: str) -> Iterator[str]:
    for version in sorted(os.listdir(root)):
        if version.startswith("archive-v"):
            for prefix in sorted(os.listdir(os.path.join(root, version))):
                folder = os.path.join(root, version, prefix)
                for name in sorted(os.listdir(folder)):
                    if len(name) == 64:
                        yield os.path.join(folder, name)


def _files(root: str) -> Iterator[tuple[str, int]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            try:
                yield path, os.lstat(path).st_size
            except OSError:
                continue


def _total(sizes: Mapping[str, int]) -> str:
    return format_bytes(sum(sizes.values()))
