"""The hooks of a build backend, each in a process of its own.

For: asking the backend of one tree what it needs, what it will make, and to make it.
Does not know: environments and what is in them; what the answers are good for.
Shape: `Backend(tree, system, bench)`, then `requires`, `prepare`, `build`. Whatever a
hook does, or leaves undone, ends as `BuildFailed` with its last words.
Theory: `pyproject-hooks` speaks the protocol, `build.child` runs the process. Settings
and answers travel in files, so that no argument of a process holds anything.
Spec: PEP 517, PEP 660.
"""

from __future__ import annotations

import os

from admit.build.advice import find_fix
from admit.build.child import CannotStart, run_to_end
from admit.build.log import Log
from admit.errors import EnvironmentProblem, InputError
from admit.spec.requirement import parse_requirement
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from admit.build.tree import Kind, Tree
    from admit.env.interpreter import Interpreter
    from admit.spec.pyproject import BuildSystem
    from admit.spec.requirement import Requirement

    Settings = Mapping[str, str | list[str]]


class BuildFailed(EnvironmentProblem):
    """A backend did not make what it should."""

    code = "build-failed"


class BadSourceTree(InputError):
    """A folder cannot be built, or is not what it should be."""

    code = "bad-source-tree"


class BadBuildRequirements(EnvironmentProblem):
    """What a build needs cannot be understood, or is not there."""

    code = "bad-build-requirements"


@value
class Room:
    """Where hooks run, and how."""

    interpreter: Interpreter
    surround: Callable[[], Mapping[str, str]]
    """Returns all variables of a hook's process; asked for each, for which of them are
    secrets is learnt on the way."""
    settings: Settings
    scrub: Callable[[str], str]
    on_line: Callable[[str], None] | None
    is_isolated: bool


class Backend:
    """The backend of one tree."""

    def __init__(self, tree: Tree, system: BuildSystem, room: Room) -> None:
        _check_backend_path(tree, system)
        self._tree = tree
        self._system = system
        self._room = room
        self._log = Log(room.scrub, room.on_line)
        self._status: int | None = None
        """How the process of the last hook ended; None while it runs."""

    def requires(self, kind: Kind) -> tuple[Requirement, ...]:
        """Ask what it needs beyond what the tree says.

        Raises:
            BuildFailed: it does not answer.
            BadBuildRequirements: its answer is no list of requirements.
        """
        hook = f"get_requires_for_build_{kind}"
        texts = self._call(hook, config_settings=self._room.settings)
        wrong = BadBuildRequirements(
            f"cannot build {self._tree.described}",
            why=f"{hook} of its backend {self._system.backend} gave no list of "
            "requirements",
        )
        if not isinstance(texts, list) or not all(type(each) is str for each in texts):
            raise wrong
        try:
            return tuple(parse_requirement(text) for text in texts)
        except InputError as error:
            wrong.why = f"{wrong.why}: {error.what}"
            raise wrong from error

    def prepare(self, kind: Kind, into: str) -> str | None:
        """Let it write metadata below `into`; return the `.dist-info` folder.

        None: it cannot, without building.

        Raises:
            BuildFailed: it fails, or writes none.
        """
        from pyproject_hooks import HookMissing

        hook = f"prepare_metadata_for_build_{kind}"
        os.makedirs(into, exist_ok=True)
        try:
            name = self._call(
                hook,
                metadata_directory=into,
                config_settings=self._room.settings,
                _allow_fallback=False,
            )
        except HookMissing:
            return None
        return self._made(hook, into, name, ".dist-info")

    def build(self, kind: Kind, into: str, metadata: str | None) -> str:
        """Let it make a wheel in the folder `into`; return its path.

        `metadata`: what `prepare` returned.

        Raises:
            BuildFailed: it fails, or makes none.
        """
        from pyproject_hooks import HookMissing

        hook = f"build_{kind}"
        os.makedirs(into, exist_ok=True)
        try:
            name = self._call(
                hook,
                wheel_directory=into,
                config_settings=self._room.settings,
                metadata_directory=metadata,
            )
        except HookMissing as error:
            raise BuildFailed(
                f"cannot install {self._tree.described} as editable",
                why=f"its backend {self._system.backend} has no {hook} (PEP 660)",
                fix="install it without -e",
            ) from error
        return self._made(hook, into, name, ".whl")

    def _call(self, hook: str, **arguments: object) -> object:
        """Run one hook; `HookMissing` passes through."""
        import warnings

        import pyproject_hooks

        self._log = Log(self._room.scrub, self._room.on_line)
        self._status = None
        caller = pyproject_hooks.BuildBackendHookCaller(
            self._tree.folder,
            self._system.backend,
            list(self._system.backend_path) or None,
            runner=self._run,
            python_executable=self._room.interpreter.executable,
        )
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                answer: object = getattr(caller, hook)(**arguments)
        except _Ended:
            raise self._failed(f"{hook} of its backend", self._ending()) from None
        except CannotStart as error:
            raise self._failed(
                f"{hook} of its backend", f"cannot run: {error}"
            ) from error
        except pyproject_hooks.BackendUnavailable as error:
            for line in (error.traceback or str(error)).splitlines():
                self._log.add(line)
            raise self._failed("its backend", "cannot be imported") from error
        except (OSError, ValueError, KeyError, AttributeError) as error:
            if not self._has_ended:
                raise  # not the backend's fault: who is told of lines has failed
            # No answer, or garbage in its place: the process ended on a way of its own.
            ending = f"ended without an answer ({type(error).__name__})"
            raise self._failed(f"{hook} of its backend", ending) from error
        for each in said:
            self._log.add(f"warning: {each.message}")
        return answer

    def _run(
        self,
        cmd: Sequence[str],
        cwd: str | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Be the runner of `pyproject-hooks`."""
        self._status = run_to_end(
            cmd,
            cwd=cwd or self._tree.folder,
            environ={**self._room.surround(), **(extra_environ or {})},
            on_output=self._log.feed,
        )
        self._log.end()
        if self._status != 0:
            raise _Ended

    @property
    def _has_ended(self) -> bool:
        return self._status is not None

    def _ending(self) -> str:
        status = self._status or 0
        if status > 0:
            return f"ended with status {status}"
        import signal

        try:
            return f"was killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"was killed by signal {-status}"

    def _failed(self, who: str, ending: str) -> BuildFailed:
        """Make the error; the last words are indented below what happened."""
        room, lines = self._room, self._log.tail()
        said = "; it said at the end" if lines else ", and said nothing"
        first = f"{who} {self._system.backend} {ending}{said}"
        return BuildFailed(
            f"cannot build {self._tree.described}",
            why="\n".join([first, *(f"  {each}" for each in lines)]),
            fix=find_fix(
                self._log.lines,
                self._tree,
                room.interpreter,
                is_isolated=room.is_isolated,
            ),
        )

    def _made(self, hook: str, folder: str, name: object, suffix: str) -> str:
        """Return the path of what a hook says it made, if that is there."""
        fault = None
        if not isinstance(name, str) or not name:
            fault = "did not say what it made"
        elif os.path.basename(name) != name or not name.endswith(suffix):
            fault = f"says that it made {name[:200]!r}, which is no name of a {suffix}"
        elif not os.path.exists(f"{folder}/{name}"):
            fault = f"says that it made {name}, and did not"
        if fault is not None:
            raise BuildFailed(
                f"cannot build {self._tree.described}",
                why=f"{hook} of its backend {self._system.backend} {fault}",
            )
        return f"{folder}/{name}"


class _Ended(Exception):
    """The process of a hook ended with a status that is not 0."""


def parse_config_setting(text: str) -> tuple[str, str]:
    """Split KEY=VALUE, as `-C` has it.

    Raises:
        BadConfigSetting: it is not of that form.
    """
    key, equals, setting = text.partition("=")
    if not equals or not key:
        raise BadConfigSetting(
            f"not a setting of a build: {text!r}", why="want KEY=VALUE"
        )
    return key, setting


class BadConfigSetting(InputError):
    """A text is not KEY=VALUE."""

    code = "bad-config-setting"


def combine(settings: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Put settings together; a key that is given again has a list of values."""
    found: dict[str, str | list[str]] = {}
    for key, text in settings:
        before = found.get(key)
        if before is None:
            found[key] = text
        elif isinstance(before, list):
            before.append(text)
        else:
            found[key] = [before, text]
    return found


def _check_backend_path(tree: Tree, system: BuildSystem) -> None:
    """Refuse a backend that a link leads to from within the tree."""
    root = os.path.realpath(tree.folder)
    for path in system.backend_path:
        real = os.path.realpath(os.path.join(root, path))
        is_inside = real == root or real.startswith(root.rstrip(os.sep) + os.sep)
        if not is_inside or not os.path.isdir(real):
            raise BadSourceTree(
                f"cannot build {tree.described}",
                why=f"`backend-path` names {path}, which is "
                + ("no folder" if is_inside else "outside of the tree"),
            )
