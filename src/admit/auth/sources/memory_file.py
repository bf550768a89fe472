"""The file of remembered sources, in the user's state folder.

For: rule R9 of docs/auth.md: read when nothing was found for a source, written when a
run ends. It is no cache: `--no-cache` leaves it alone.
Does not know: what is remembered (auth.remembered), when it may be written.
"""

from __future__ import annotations

import os

from admit.auth.advice import how_to_give
from admit.auth.remembered import (
    Memory,
    Remembered,
    forget,
    format_memory,
    parse_memory,
    problem_of,
    remember,
)
from admit.auth.sources.private_file import read_private, rewrite
from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.auth.query import Problem
    from admit.auth.scheme import Credential
    from admit.auth.scope import Source

FILE = "remembered-v1"


class MemoryFile:
    """What earlier runs have learned."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE)
        self._memory: Memory | None = None

    def __call__(self, source: Source) -> Problem | None:
        """Say why a source without a credential is not asked, if it is remembered."""
        if source.kind == "direct":
            return None
        known = self.find(source)
        return problem_of(known, source, how_to_give(source)) if known else None

    def find(self, source: Source) -> Remembered | None:
        """Return what is remembered of a source."""
        return self._read().find(source)

    def entries(self) -> tuple[Remembered, ...]:
        """Return all that is remembered."""
        return self._read().entries

    def update(
        self, accepted: Sequence[tuple[Source, Credential]], settled: Sequence[Source]
    ) -> str | None:
        """Note what a run has learned; return why that failed, if it did.

        Args:
            accepted: sources, and the credentials they accepted.
            settled: sources which are told to go without one; they are forgotten.
        """
        from time import localtime, strftime

        day = strftime("%Y-%m-%d", localtime())

        def changed(memory: Memory) -> Memory:
            for source, credential in accepted:
                memory = remember(memory, source, credential, day)
            for source in settled:
                memory = forget(memory, source)
            return memory

        before = self._read()
        if changed(before) == before:
            return None
        try:
            rewrite(
                self.path,
                lambda text: format_memory(changed(_parse(text) or _new_memory())),
            )
        except (EnvironmentProblem, OSError, ValueError) as error:
            return f"cannot remember sources in {self.path}: {error}"
        self._memory = None
        return None

    def forget(self, source: Source) -> bool:
        """Forget a source; tell whether it was known.

        Raises:
            CannotWritePrivately: the system refuses.
        """
        if self.find(source) is None:
            return False
        rewrite(
            self.path,
            lambda text: format_memory(forget(_parse(text) or _new_memory(), source)),
        )
        self._memory = None
        return True

    def _read(self) -> Memory:
        if self._memory is None:
            try:
                self._memory = _parse(read_private(self.path))
            except (OSError, ValueError):
                self._memory = None
            self._memory = self._memory or _new_memory()
        return self._memory


def _parse(text: str | None) -> Memory | None:
    return parse_memory(text) if text else None


def _new_memory() -> Memory:
    return Memory(os.urandom(16).hex())
