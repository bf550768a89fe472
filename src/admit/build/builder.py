"""From a source tree to metadata and wheels: the door of this room.

For: whoever has a tree and wants to know what it needs, or to install it.
Does not know: indexes and credentials: what a build needs is installed by `provision`,
which is handed in; where trees are from; what becomes of wheels.
Shape: `Builder(interpreter, provision, ...)`, then `metadata(tree)` and
`wheel(tree, into)`, or their editable twins; `close` removes all made on the way.
Theory: `provision` may have to build too, and then asks the same builder again: trees
that wait for each other are a circle, which is told instead of walked. One thread.
Spec: PEP 517, 518, 621, 643, 660.
"""

from __future__ import annotations

import os

from admit.build.backend import BadSourceTree, BuildFailed, combine
from admit.build.bench import Bench, Workshop, read_document, read_wheel_metadata
from admit.build.circle import Waiting
from admit.build.promise import find_changes
from admit.errors import InputError, IntegrityError
from admit.spec.metadata import find_static_pkg_info, parse_metadata
from admit.spec.pyproject import find_static_metadata
from admit.spec.tags import Target, parse_wheel_filename

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Self, TypeVar

    from admit.build.bench import Provision
    from admit.build.tree import Kind, Step, Tree
    from admit.env.interpreter import Interpreter
    from admit.spec.metadata import Metadata
    from admit.spec.version import Version

    T = TypeVar("T")


class MetadataChanged(IntegrityError):
    """A built wheel is not what its tree promised."""

    code = "metadata-changed"


class DoesNotFit(IntegrityError):
    """A built wheel is for another interpreter or system."""

    code = "built-for-another"


class Builder:
    """Builds trees for one Python. Use as a context manager, or close it."""

    def __init__(  # noqa: PLR0913  # all but three have defaults, and go by name
        self,
        interpreter: Interpreter,
        provision: Provision,
        *,
        scratch: str,
        environ: Mapping[str, str],
        scrub: Callable[[str], str],
        config_settings: Sequence[tuple[str, str]] = (),
        is_isolated: bool = True,
        on_line: Callable[[str], None] | None = None,
        on_step: Callable[[Tree, Step], None] | None = None,
        withheld: Collection[str] = (),
    ) -> None:
        """Set up; nothing is written before the first build.

        Args:
            interpreter: who wheels are for. Builds run in environments made from it,
                or in its own if `is_isolated` is false.
            provision: installs requirements, all of which hold for the interpreter,
                into the environment it is given. It may use this builder.
            scratch: a folder; what is made on the way goes below it.
            environ: the variables of which builds get what `build.surroundings` lets
                through.
            scrub: masks secrets in what builds say.
            config_settings: for the backend, as `parse_config_setting` has them.
            is_isolated: builds see nothing but what they ask for.
            on_line: gets each line that a build says, clean, as it comes.
            on_step: is told what begins.
            withheld: names of variables that builds do not get: those the
                configuration takes secrets from.
        """
        self._workshop = Workshop(
            interpreter,
            provision,
            environ,
            scrub,
            combine(config_settings),
            is_isolated,
            on_line,
            on_step or _say_nothing,
            withheld,
        )
        self._scratch = scratch
        self._folder: str | None = None
        self._benches: dict[str, Bench] = {}
        self._count = 0
        self._known: dict[tuple[str, Kind], Metadata] = {}
        self._waiting: list[Tree] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def python(self) -> Version:
        """The Python that is built for."""
        return Target(self._workshop.interpreter.environment).python_version

    @property
    def at_work(self) -> Tree | None:
        """The tree that is being built: the innermost, where some wait for others."""
        return self._waiting[-1] if self._waiting else None

    def metadata(self, tree: Tree) -> Metadata:
        """Return what a wheel of the tree would say of itself.

        Without a build, if PKG-INFO of an sdist or pyproject.toml may be believed.

        Raises:
            BadSourceTree: it cannot be built, or is another project than expected.
            BadBuildRequirements: what it needs makes no sense, or is not there.
            BuildFailed: its backend fails.
            CircularBuild: to be built it needs itself.
            AdmitError: what it needs cannot be installed.
        """
        return self._metadata(tree, "wheel")

    def editable_metadata(self, tree: Tree) -> Metadata:
        """Return what an editable wheel would say: it may require more (PEP 660).

        So only the backend tells.

        Raises:
            AdmitError: see `metadata`.
        """
        return self._metadata(tree, "editable")

    def wheel(self, tree: Tree, into: str) -> str:
        """Build a wheel, put it into a folder and return its path.

        Raises:
            MetadataChanged: it is not what `metadata` said before.
            AdmitError: see `metadata`.
        """
        return self._wheel(tree, "wheel", into)

    def editable(self, tree: Tree, into: str) -> str:
        """Build a wheel that leads to the tree, put it into a folder; return its path.

        Raises:
            BuildFailed: also where the backend cannot make such a wheel.
            AdmitError: see `wheel`.
        """
        return self._wheel(tree, "editable", into)

    def close(self) -> None:
        """Remove everything that was made on the way."""
        self._benches.clear()
        folder, self._folder = self._folder, None
        if folder is not None:
            _remove(folder)

    def _metadata(self, tree: Tree, kind: Kind) -> Metadata:
        known = self._known.get((tree.folder, kind))
        if known is None:
            known = _find_static(tree) if kind == "wheel" else None
            if known is None:
                known = self._at_bench(
                    tree, lambda bench: _parse(bench.metadata(kind), tree)
                )
            self._known[tree.folder, kind] = known
        _check_identity(tree, known)
        return known

    def _wheel(self, tree: Tree, kind: Kind, into: str) -> str:
        def make(bench: Bench) -> str:
            path = bench.wheel(kind)
            self._check(path, tree, kind)
            os.makedirs(into, exist_ok=True)
            return _move(path, into)

        made = self._at_bench(tree, make)
        self._leave(tree)
        return made

    def _at_bench(self, tree: Tree, work: Callable[[Bench], T]) -> T:
        """Do something at a tree's bench, which is left if that fails."""
        with Waiting(self._waiting, tree):
            bench = self._benches.get(tree.folder)
            if bench is None:
                bench = Bench(tree, self._make_folder(), self._workshop)
                self._benches[tree.folder] = bench
            try:
                return work(bench)
            except BaseException:
                self._leave(tree)
                raise

    def _leave(self, tree: Tree) -> None:
        """Remove a tree's bench; another one is made if it is asked for again."""
        bench = self._benches.pop(tree.folder, None)
        if bench is not None:
            _remove(bench.folder)

    def _make_folder(self) -> str:
        """Return a new name below our own folder, which is made when first needed."""
        if self._folder is None:
            import tempfile

            os.makedirs(self._scratch, exist_ok=True)
            self._folder = tempfile.mkdtemp(prefix="build-", dir=self._scratch)
        self._count += 1
        folder = f"{self._folder}/{self._count}"
        os.mkdir(folder)
        return folder

    def _check(self, path: str, tree: Tree, kind: Kind) -> None:
        """Refuse a wheel that is not what it should be."""
        metadata = _parse(read_wheel_metadata(path, tree), tree)
        try:
            name = parse_wheel_filename(os.path.basename(path))
        except InputError as error:
            raise BuildFailed(
                f"cannot build {tree.described}",
                why=f"{error.what}, and that is what its backend made\n{error.why}",
            ) from error
        if (name.name, name.version) != (metadata.name, metadata.version):
            raise BuildFailed(
                f"cannot build {tree.described}",
                why=f"its backend made {os.path.basename(path)}, which holds "
                f"{metadata.name} {metadata.version}",
            )
        _check_identity(tree, metadata)
        if self._workshop.interpreter.target.rank(name.tags) is None:
            raise DoesNotFit(
                f"the wheel of {tree.described} does not fit this Python",
                why=f"its backend made {os.path.basename(path)}, and "
                f"{self._workshop.interpreter.executable} cannot use that",
                fix="look for what tells builds of another platform: variables such "
                "as _PYTHON_HOST_PLATFORM, --config-settings, setup.cfg",
            )
        promised = self._known.get((tree.folder, kind))
        if promised is None:
            self._known[tree.folder, kind] = metadata
            return
        environment = self._workshop.interpreter.environment
        changes = find_changes(
            promised,
            metadata,
            environment,
            self.python,
        )
        if changes:
            raise MetadataChanged(
                f"the wheel of {tree.described} is not what was said before",
                why="\n".join(changes),
                fix=None
                if tree.is_sdist
                else "name in `dynamic` of its pyproject.toml what the backend decides",
            )


def _find_static(tree: Tree) -> Metadata | None:
    """Return what may be believed without a build."""
    if tree.is_sdist:
        try:
            with open(f"{tree.folder}/PKG-INFO", "rb") as file:
                found = find_static_pkg_info(file.read())
        except OSError:  # old ones have none
            found = None
        if found is not None:
            return found
    return find_static_metadata(read_document(tree))


def _parse(body: bytes, tree: Tree) -> Metadata:
    try:
        return parse_metadata(body)
    except InputError as error:
        raise BuildFailed(
            f"cannot build {tree.described}",
            why=f"its backend wrote {error.what}\n{error.why}",
        ) from error


def _check_identity(tree: Tree, metadata: Metadata) -> None:
    if (tree.name is not None and metadata.name != tree.name) or (
        tree.version is not None and metadata.version != tree.version
    ):
        raise BadSourceTree(
            f"{tree.shown} is not {tree.title}",
            why=f"it is {metadata.name} {metadata.version}, by its own metadata",
        )


def _say_nothing(_tree: Tree, _step: Step) -> None:
    pass


def _move(path: str, into: str) -> str:
    """Move a file into a folder, whole or not at all."""
    target = f"{into}/{os.path.basename(path)}"
    try:
        os.replace(path, target)
    except OSError:  # another file system
        import shutil

        partial = f"{target}.{os.getpid()}"
        try:
            shutil.copyfile(path, partial)
            os.replace(partial, target)
        except BaseException:
            if os.path.lexists(partial):
                os.unlink(partial)
            raise
    return target


def _remove(folder: str) -> None:
    """Remove a folder, also one in which a build has forbidden that.

    What cannot be removed stays: it is in the scratch folder.
    """
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    if not os.path.lexists(folder):
        return
    _allow(folder)
    for parent, names, _ in os.walk(folder):
        for name in names:
            _allow(f"{parent}/{name}")
    shutil.rmtree(folder, ignore_errors=True)


def _allow(folder: str) -> None:
    try:
        if not os.path.islink(folder):
            os.chmod(folder, 0o700)
    except OSError:
        return
