"""What a run builds with: by which interpreter, with whose help.

For: opening the one `Sources` of a run, and what asks git.
Does not know: how a tree is built, how git is asked, what the user gave
(`session.given`).
Shape: `open_sources(resources)`, `open_git(resources)`.
"""

from __future__ import annotations

import re

from admit.build.backend import parse_config_setting
from admit.build.builder import Builder
from admit.resolve.policy import Asked, gather_hashes
from admit.resolve.sources import Sources
from admit.session.secrets import register_known_secrets
from admit.source.git import GitStore
from admit.source.git_environment import GitOptions
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from admit.build.tree import Tree
    from admit.env.interpreter import Interpreter
    from admit.resolve.sources import Given
    from admit.session.resources import Resources
    from admit.spec.requirement import Requirement

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def open_sources(resources: Resources) -> Sources:
    """Return what builds, with this run's indexes and logins."""
    interpreter = resources.interpreter
    settings, listener = resources.settings, resources.listener
    limits = _read_build_constraints(resources)
    register_known_secrets(resources)

    def provision(
        requirements: tuple[Requirement, ...], environment: Interpreter
    ) -> None:
        from admit.session.direct import check_needs
        from admit.session.furnishing import furnish

        check_needs(requirements, builder.at_work, limits.constraints)
        furnish(resources, replace(limits, requirements=requirements), environment)

    steps = _Steps(resources)
    config = tuple(map(parse_config_setting, settings.items("config_settings")))
    is_isolated = not settings.flag("no_build_isolation")
    builder = Builder(
        interpreter,
        provision,
        scratch=resources.cache.scratch_folder(),
        environ=settings.environ,
        scrub=resources.scrubber.scrub,
        config_settings=config,
        is_isolated=is_isolated,
        on_line=listener.said,
        on_step=steps.tell,
        withheld=withheld_variables(resources),
    )
    sources = Sources(
        builder,
        resources.cache,
        made_for=_made_for(interpreter, limits, config) if is_isolated else None,
        on_progress=listener.transferring,
        on_fetched=listener.transferred,
        on_built=listener.built,
    )
    steps.given = sources.given
    return sources


class _Steps:
    """Tells what is being built, by the name that it has by then."""

    def __init__(self, resources: Resources) -> None:
        self.given: Mapping[str, Given] = {}
        self._resources = resources
        self._has_warned = False

    def tell(self, tree: Tree, step: str) -> None:
        """Tell the listener of the run."""
        self._warn()
        title = tree.described
        for given in self.given.values():
            if given.tree.folder == tree.folder:
                title = given.tree.described
        self._resources.listener.building(tree.folder, title, step)

    def _warn(self) -> None:
        """Warn once where a Python builds for another one: backends may look."""
        here = self._resources.interpreter.environment
        there = self._resources.target.environment
        parts = ("python_version", "sys_platform", "platform_machine")
        if self._has_warned or all(here[each] == there[each] for each in parts):
            return
        self._has_warned = True
        ours, theirs = (
            "Python {} on {} {}".format(*map(each.__getitem__, parts))
            for each in (here, there)
        )
        self._resources.listener.warning(
            f"metadata is made by {ours}, and may differ for {theirs}"
        )


def _made_for(
    interpreter: Interpreter, limits: Asked, config: Sequence[tuple[str, str]]
) -> str:
    """Name all that a wheel depends on besides its source."""
    versions = sorted(map(str, limits.constraints))
    hashes = sorted(
        f"{name} {','.join(sorted(map(str, digests)))}"
        for name, digests in (limits.hashes or {}).items()
    )
    facts = interpreter.facts
    return repr((interpreter.version, facts, sorted(config), versions, hashes))


def open_git(resources: Resources) -> GitStore:
    """Return what asks git, with git's own logins and none of ours."""
    settings, cache = resources.settings, resources.cache
    folder = f"{cache.root}/git" if cache.root is not None else None
    return GitStore(
        folder or cache.scratch_folder(),
        settings.environ,
        resources.scrubber,
        options=GitOptions(
            is_offline=settings.flag("offline"),
            withheld=withheld_variables(resources),
        ),
        on_warning=resources.listener.warning,
    )


def withheld_variables(resources: Resources) -> tuple[str, ...]:
    """Name the variables that the indexes take their logins and headers from."""
    names: set[str] = set()
    for each in resources.indexes():
        source = each.source
        userinfo = source.url.userinfo
        if userinfo is not None:
            password = userinfo.password.expose() if userinfo.password else ""
            names.update(_VARIABLE.findall(userinfo.username + password))
        names.update(
            reference.removeprefix("env:")
            for _, reference in source.headers
            if reference.startswith("env:")
        )
    return tuple(sorted(names))


def _read_build_constraints(resources: Resources) -> Asked:
    """Read what `--build-constraint` names: limits, and hashes that hold with them."""
    settings = resources.settings
    files = settings.items("build_constraint")
    if not files:
        return Asked(())
    from admit.config.requirements import collect_requirements

    wanted = collect_requirements(
        (),
        (),
        constraints=files,
        environ=settings.environ,
        cwd=settings.cwd,
        fetch=resources.fetch_requirements,
    )
    hashes = None
    if not settings.flag("no_verify_hashes"):
        markers = resources.interpreter.environment
        hashes = gather_hashes(wanted.constraints, wanted.hashes, markers)
    return Asked((), wanted.constraints, hashes=hashes)
