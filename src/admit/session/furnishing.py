"""Put requirements into an environment made for one purpose, with a run's means.

For: what a build needs (PEP 518), resolved, fetched and installed with the same client,
cache, indexes and cut-off as the run that needs the build; also in the middle of that
run's own resolution, for nothing here is shared with that but `Resources`.
Does not know: how the environment was made, what a build is.
Shape: `Resources`, `Asked`, `Interpreter` -> `Resolution`, installed.
"""

from __future__ import annotations

from admit.config.choice import policy_of_tools
from admit.env.satisfied import read_environment
from admit.session.applying import apply_change, prepare_change
from admit.session.changes import plan_change
from admit.session.resolving import resolve_asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.env.interpreter import Interpreter
    from admit.resolve.pins import Resolution
    from admit.resolve.policy import Asked
    from admit.session.resources import Resources


def furnish(resources: Resources, asked: Asked, interpreter: Interpreter) -> Resolution:
    """Resolve what is asked, and install it for an interpreter.

    What is installed there already stays where it fits, so that an environment may be
    furnished twice (`get_requires_for_build_wheel`). Constraints and hashes are those
    of `asked`; the user's own are about his own packages.

    Raises:
        ResolutionError: no versions fit together; says why.
        AuthError, NetworkError: an index refused or failed.
        IntegrityError: a file is not what was promised.
        EnvironmentProblem: the environment refuses.
    """
    environment = read_environment(interpreter)
    policy = policy_of_tools(resources.settings)
    resolution = resolve_asked(
        resources, asked, interpreter.target, policy, environment.installed
    )
    change = plan_change(environment, resolution)
    if not change.is_empty:
        prepared = prepare_change(resources, change)
        # Not "move": the run may want the same wheels for its own environment.
        apply_change(
            change, environment, prepared, resources.listener, link_mode="auto"
        )
    return resolution
