"""From a change that was decided to an environment that has it.

For: fetching what it needs, planning every file, applying, telling what is to be told.
Does not know: how a change was decided, what a transaction is (`install.apply`).
"""

from __future__ import annotations

from admit.install.prepare import find_prepared, prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.cache.store import Cache
    from admit.config.settings import Settings
    from admit.env.satisfied import Environment
    from admit.index.listing import Candidate
    from admit.install.apply import Applied
    from admit.install.download import Saved
    from admit.install.listing import UnpackedWheel
    from admit.install.place import LinkMode
    from admit.install.plan import InstallPlan
    from admit.install.prepare import Prepared
    from admit.resolve.pins import Pin, Resolution
    from admit.session import Change, Listener
    from admit.session.resources import Resources
    from admit.spec.metadata import Metadata


def prepare_change(resources: Resources, change: Change) -> Prepared:
    """Fetch, verify and unpack every wheel that a change needs.

    Raises:
        IntegrityError: a file is not what was promised.
        AuthError, NetworkError: an index refused or failed.
    """
    listener = resources.listener
    return prepare(
        *(change.incoming, resources.cache),
        *(listener.transferring, listener.transferred),
        lambda: resources.sources,
    )


def save_resolution(
    resources: Resources, resolution: Resolution, folder: str
) -> tuple[Saved, ...]:
    """Put the wheels of a resolution into a folder, given by its whole path.

    Raises:
        See `prepare_change`.
    """
    from admit.install.download import save_wheels

    listener = resources.listener
    return save_wheels(
        *(resolution.pins, folder, resources.cache),
        *(listener.transferring, listener.transferred),
    )


def find_wheel(resources: Resources, candidate: Candidate) -> UnpackedWheel | None:
    """Return a candidate's wheel if it is in the cache: fetched before, or built."""
    if candidate.is_source:
        return resources.sources.find_wheel(candidate)
    return find_prepared(candidate, resources.cache)


def count_downloads(change: Change, resources: Resources) -> int:
    """How many wheels a change would have to fetch."""
    return sum(
        not _is_built(pin)
        and (pin.candidate is None or find_wheel(resources, pin.candidate) is None)
        for pin in change.incoming
    )


def count_builds(change: Change, resources: Resources) -> int:
    """How many wheels a change would have to make."""
    return sum(
        _is_built(pin)
        and (pin.candidate is None or find_wheel(resources, pin.candidate) is None)
        for pin in change.incoming
    )


def _is_built(pin: Pin) -> bool:
    return pin.candidate is not None and pin.candidate.is_source


def describe_source(pin: Pin, resources: Resources) -> Metadata | None:
    """Return what a wheel of a pin would say that has to be built; else None."""
    if pin.candidate is None or pin.found is None or not pin.candidate.is_source:
        return None
    return resources.sources.metadata(pin.found.files, pin.candidate, pin.hashes)


def find_metadata(pin: Pin, resources: Resources) -> str | None:
    """Return the path of the METADATA of a pin's wheel, if it was unpacked."""
    if pin.candidate is None:
        return None
    wheel = find_wheel(resources, pin.candidate)
    return wheel.metadata_path if wheel is not None else None


def apply_change(
    change: Change,
    environment: Environment,
    prepared: Prepared,
    listener: Listener,
    *,
    link_mode: LinkMode,
    requested: frozenset[str] = frozenset(),
) -> tuple[InstallPlan, Applied]:
    """Make a change, wholly or not at all.

    `requested`: names that were asked for, not only needed.

    Raises:
        EnvironmentProblem: the environment refuses.
    """
    from admit.install.apply import apply

    plan = _plan_files(change, environment, prepared, requested)
    for each in plan.collisions:
        listener.warning(
            f"{each.kept} and {each.dropped} both bring {each.destination}, and "
            f"not the same; that of {each.kept} stays"
        )
    for path in plan.outside:
        listener.warning(f"{path} lies outside of the environment and stays")
    return plan, apply(plan, link_mode=link_mode, on_wait=listener.waiting)


def compile_files(
    plan: InstallPlan, environment: Environment, listener: Listener
) -> None:
    """Compile the modules that were installed; a failure is a warning."""
    from admit.install.bytecode import compile_modules

    modules = [each.destination for each in plan.links]
    modules += [each.destination for each in plan.writes]
    problem = compile_modules(environment.interpreter.executable, modules)
    if problem is not None:
        listener.warning(problem)


def link_mode_of(settings: Settings, cache: Cache) -> LinkMode:
    """Return how files get from the cache into the environment that is meant."""
    mode = settings.text("link_mode")
    for known in ("clone", "copy", "hardlink", "symlink"):
        if mode == known:
            return known
    # What was unpacked for this run only need not stay where it is.
    return "auto" if cache.root is not None else "move"


def _plan_files(
    change: Change,
    environment: Environment,
    prepared: Prepared,
    requested: frozenset[str],
) -> InstallPlan:
    from admit.env.installed import find_shared, read_owned_files
    from admit.install.plan import Incoming, plan_install

    incoming = [
        Incoming(
            prepared.wheels[pin.name],
            pin.name in requested,
            _direct_url_of(pin, prepared.digests.get(pin.name)),
        )
        for pin in change.incoming
    ]
    leaving = {known.name for known in change.outgoing}
    owned = [read_owned_files(known.distribution) for known in change.outgoing]
    staying = [
        known.distribution
        for name, known in environment.installed.items()
        if name not in leaving
    ]
    shared = find_shared(owned, staying) if owned else frozenset()
    scheme = environment.interpreter.scheme
    launchers = None
    if scheme.is_windows and incoming:
        from admit.install.launchers import read_launchers

        machine = environment.interpreter.environment["platform_machine"]
        launchers = read_launchers(machine)
    return plan_install(incoming, owned, scheme, launchers=launchers, shared=shared)


def _direct_url_of(pin: Pin, sha256: str | None) -> str | None:
    if not pin.is_direct or pin.candidate is None:
        return None
    if pin.origin is not None:
        from admit.spec.direct_url import format_direct_url

        return format_direct_url(pin.origin)
    from admit.spec.direct_url import ArchiveInfo, DirectUrl, format_direct_url
    from admit.spec.record import Digest

    info = ArchiveInfo((Digest("sha256", sha256),) if sha256 else ())
    url = pin.candidate.url.without_fragment()
    return format_direct_url(DirectUrl(url, info))
