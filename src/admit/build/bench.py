"""One tree on the bench: its environment, its backend, what they made so far.

For: metadata and wheel of a tree out of one environment, each made once.
Does not know: what was expected of the tree (`build.builder`), who installs what a
build needs (`provision`).
Shape: `Bench(tree, folder, workshop)`, then `metadata(kind)` and `wheel(kind)`. All is
below `folder`; whoever made it removes it.
"""

from __future__ import annotations

import os

from admit.build.backend import (
    Backend,
    BadBuildRequirements,
    BadSourceTree,
    BuildFailed,
    Room,
)
from admit.build.circle import CircularBuild
from admit.build.environment import make_environment
from admit.build.surroundings import surround
from admit.errors import AdmitError, InputError
from admit.spec.pyproject import parse_build_system, parse_document
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import TypeVar

    from admit.build.backend import Settings
    from admit.build.tree import Kind, Step, Tree
    from admit.env.interpreter import Interpreter
    from admit.spec.pyproject import BuildSystem, Document
    from admit.spec.requirement import Requirement

    T = TypeVar("T")
    Provision = Callable[[tuple[Requirement, ...], Interpreter], None]

_LARGEST_METADATA = 64 * 1024 * 1024


@value
class Workshop:
    """What all builds of a run share."""

    interpreter: Interpreter
    provision: Provision
    environ: Mapping[str, str]
    scrub: Callable[[str], str]
    settings: Settings
    is_isolated: bool
    on_line: Callable[[str], None] | None
    on_step: Callable[[Tree, Step], None]
    withheld: Collection[str]


class Bench:
    """Where one tree is built; opened by the first question."""

    def __init__(self, tree: Tree, folder: str, workshop: Workshop) -> None:
        self._tree = tree
        self.folder = folder
        self._workshop = workshop
        self._interpreter = workshop.interpreter
        self._backend: Backend | None = None
        self._needed: tuple[Requirement, ...] = ()
        self._ready: set[Kind] = set()
        self._prepared: dict[Kind, str | None] = {}
        self._wheels: dict[Kind, str] = {}

    def metadata(self, kind: Kind) -> bytes:
        """Return the core metadata that a wheel would have.

        Raises:
            AdmitError: it cannot be had; see `build.builder`.
        """
        prepared = self._prepare(kind)
        if prepared is None:
            return read_wheel_metadata(self.wheel(kind), self._tree)
        try:
            with open(f"{prepared}/METADATA", "rb") as file:
                return file.read(_LARGEST_METADATA)
        except OSError as error:
            raise BuildFailed(
                f"cannot build {self._tree.described}",
                why=f"its backend wrote {os.path.basename(prepared)} without METADATA",
            ) from error

    def wheel(self, kind: Kind) -> str:
        """Return the path of a wheel, on the bench.

        Raises:
            AdmitError: it cannot be made; see `build.builder`.
        """
        if kind not in self._wheels:
            backend = self._open(kind)
            self._workshop.on_step(self._tree, "wheel")
            into, prepared = f"{self.folder}/{kind}", self._prepared.get(kind)
            self._wheels[kind] = self._ask(lambda: backend.build(kind, into, prepared))
        return self._wheels[kind]

    def _prepare(self, kind: Kind) -> str | None:
        """Return the folder of metadata; None if only a wheel tells."""
        if kind not in self._prepared:
            backend = self._open(kind)
            self._workshop.on_step(self._tree, "metadata")
            into = f"{self.folder}/{kind}-metadata"
            self._prepared[kind] = self._ask(lambda: backend.prepare(kind, into))
        return self._prepared[kind]

    def _open(self, kind: Kind) -> Backend:
        """Have an environment with all that is needed to make `kind`."""
        backend = self._backend
        if backend is None:
            backend = self._backend = self._settle()
        if kind not in self._ready:
            more = self._ask(lambda: backend.requires(kind))
            new = tuple(each for each in more if each not in self._needed)
            if new:
                # All together, so that the new ones agree with those that are there.
                self._provide((*self._needed, *new))
            self._ready.add(kind)
        return backend

    def _settle(self) -> Backend:
        """Make the environment, and fill it with what the tree says it needs."""
        tree, workshop = self._tree, self._workshop
        system = read_build_system(tree)
        if workshop.is_isolated:
            workshop.on_step(tree, "environment")
            path = f"{self.folder}/env"
            self._interpreter = make_environment(path, workshop.interpreter)
        room = Room(
            self._interpreter,
            self._surround,
            workshop.settings,
            workshop.scrub,
            workshop.on_line,
            workshop.is_isolated,
        )
        backend = Backend(tree, system, room)
        self._provide(system.requires)
        return backend

    def _surround(self) -> dict[str, str]:
        workshop = self._workshop
        return surround(
            workshop.environ,
            self._interpreter,
            workshop.scrub,
            withheld=workshop.withheld,
            is_isolated=workshop.is_isolated,
        )

    def _provide(self, requirements: Sequence[Requirement]) -> None:
        """Have requirements installed; those that do not count here are left out."""
        environment = self._interpreter.environment
        self._needed = tuple(requirements)
        counting = tuple(
            each
            for each in requirements
            if each.marker is None or each.marker.evaluate(environment)
        )
        if not counting or not self._workshop.is_isolated:
            return
        self._workshop.on_step(self._tree, "requirements")
        try:
            self._workshop.provision(counting, self._interpreter)
        except CircularBuild:
            raise
        except AdmitError as error:
            # The error stays what it is: a refused login is one here too.
            needs = f"{self._tree.described} needs this to be built"
            error.why = f"{error.why}\n{needs}" if error.why else needs
            raise

    def _ask(self, hook: Callable[[], T]) -> T:
        """Run a hook; say of a failure what is missing in the user's environment."""
        try:
            return hook()
        except BuildFailed as error:
            interpreter = self._interpreter
            missing: tuple[Requirement, ...] = ()
            if not self._workshop.is_isolated:
                missing = find_missing(self._needed, interpreter)
            if not missing:
                raise
            listed = " ".join(f"'{each}'" for each in missing)
            raise BadBuildRequirements(
                f"{error.what}: what that needs is not installed",
                why=f"builds are not isolated, and {interpreter.prefix} has no "
                f"{', '.join(map(str, missing))}\n{error.why}",
                fix=f"`admit install {listed}` first, or let builds be isolated",
            ) from error


def find_missing(
    requirements: Sequence[Requirement], interpreter: Interpreter
) -> tuple[Requirement, ...]:
    """Return the requirements that an environment does not meet."""
    from admit.env.installed import scan
    from admit.env.satisfied import Satisfied, check, index_installed

    known = index_installed(scan(interpreter.site_folders))
    return tuple(
        each
        for each in requirements
        if not isinstance(check((each,), (), known, interpreter.environment), Satisfied)
    )


def read_document(tree: Tree) -> Document:
    """Read a tree's pyproject.toml; without one it is empty.

    Raises:
        BadSourceTree: there is neither that nor setup.py, or it cannot be read.
    """
    try:
        with open(f"{tree.folder}/pyproject.toml", "rb") as file:
            return parse_document(file.read())
    except FileNotFoundError:
        if os.path.isfile(f"{tree.folder}/setup.py"):
            return {}
        why = "it holds neither pyproject.toml nor setup.py"
        raise BadSourceTree(f"cannot build {tree.described}", why=why) from None
    except (OSError, InputError) as error:
        raise _cannot_read(tree, error) from error


def read_build_system(tree: Tree) -> BuildSystem:
    """Read how a tree is built.

    Raises:
        BadSourceTree: it does not say, or wrongly.
    """
    document = read_document(tree)
    try:
        return parse_build_system(document)
    except InputError as error:
        raise _cannot_read(tree, error) from error


def _cannot_read(tree: Tree, error: OSError | InputError) -> BadSourceTree:
    what = f"cannot build {tree.described}"
    if isinstance(error, OSError):
        return BadSourceTree(what, why=f"{error.strerror}: {error.filename}")
    why = f"{error.what}\n{error.why}" if error.why else error.what
    return BadSourceTree(what, why=why, fix=error.fix)


def read_wheel_metadata(path: str, tree: Tree) -> bytes:
    """Return METADATA of a wheel that was built.

    Raises:
        BuildFailed: it is no wheel that can be read.
    """
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(path) as wheel:
            (name,) = (
                each
                for each in wheel.namelist()
                if each.count("/") == 1 and each.endswith(".dist-info/METADATA")
            )
            with wheel.open(name) as file:
                return file.read(_LARGEST_METADATA)
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise BuildFailed(
            f"cannot build {tree.described}",
            why=f"its backend made {os.path.basename(path)}, which is no wheel: "
            f"{error}",
        ) from error
