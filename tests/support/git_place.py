"""Somebody's machine, seen from git."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from admit.auth.scrub import Scrubber
from admit.source.git import GitOptions, GitStore
from admit.spec.url import parse_requirement_url
from admit.spec.vcs import parse_vcs_url

if TYPE_CHECKING:
    from admit.spec.vcs import GitUrl


class Place:
    """Somebody's machine, seen from git: variables, a home, a store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir()
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.warnings: list[str] = []
        self.scrubber = Scrubber()
        self._numbers = count(1)

    def store(
        self,
        *,
        offline: bool = False,
        withheld: tuple[str, ...] = (),
    ) -> GitStore:
        """What a new run has."""
        return GitStore(
            str(self.root / "store"),
            self.environ,
            self.scrubber,
            options=GitOptions(is_offline=offline, withheld=withheld),
            on_warning=self.warnings.append,
        )

    def get(self, text: str, *, offline: bool = False) -> Path:
        """Do all that is done for a requirement, in a run of its own."""
        store, url = self.store(offline=offline), parse(text)
        return Path(store.checkout(url, store.find_commit(url), self.new_tree()))

    def new_tree(self) -> str:
        return str(self.root / f"tree-{next(self._numbers)}")

    def configure(self, *lines: str) -> None:
        """Write the user's own configuration of git."""
        (self.home / ".gitconfig").write_text("\n".join(lines) + "\n")


def parse(text: str) -> GitUrl:
    return parse_vcs_url(parse_requirement_url(text))
