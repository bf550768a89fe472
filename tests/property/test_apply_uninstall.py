"""Installing and uninstalling, over random wheels: what came goes, all else stays."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admit.env.installed import scan
from support.site import SITE, ScratchSite
from support.wheel import build_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Content = Mapping[str, str]
    Step = tuple[str, str | None]
    """A project and the version to install; None: uninstall it."""

PROJECTS = ("alpha", "beta", "gamma")
VERSIONS = ("1.0", "2.0")
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

segments = st.sampled_from(["a", "b", "ns", "deep", "ä b", "__init__"])
texts = st.sampled_from(["", "x = 1\n", "y = 2\n" * 50])


def build(folder: Path, name: str, version: str, content: Content) -> Path:
    """A wheel whose files are its own, in folders that it may share with others."""
    files = {f"{path}/{name}.py": text for path, text in content.items()}
    data = {
        f"data/share/{path}/{name}-{version}.txt": text
        for path, text in content.items()
    }
    scripts = {"console_scripts": {f"{name}-tool": f"{name}:main"}}
    place = folder / f"{name}-{version}"
    return build_wheel(
        place, name, version, files=files, data=data, entry_points=scripts
    )


@st.composite
def contents(draw: st.DrawFn) -> Content:
    paths = st.lists(segments, min_size=1, max_size=3).map("/".join)
    return draw(st.dictionaries(paths, texts, min_size=1, max_size=5))


worlds = st.fixed_dictionaries(
    {(name, version): contents() for name in PROJECTS for version in VERSIONS}
)
steps = st.lists(
    st.tuples(st.sampled_from(PROJECTS), st.sampled_from([*VERSIONS, None])),
    max_size=8,
)


class Arena:
    """A scratch environment with files of nobody in it, and the wheels of a world."""

    def __init__(self, root: Path, world: Mapping[tuple[str, str], Content]) -> None:
        self.scratch = ScratchSite(root)
        for place in (f"{SITE}/ns/mine.py", "share/ns/mine.txt", "bin/mine"):
            path = self.scratch.prefix / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("mine")
        self.wheels = {
            key: build(root, *key, content) for key, content in world.items()
        }
        self.before = self.scratch.snapshot()

    def take(self, taken: Sequence[Step]) -> dict[str, str]:
        """Take steps; return what should be installed afterwards."""
        there: dict[str, str] = {}
        for name, version in taken:
            if version is not None:
                self.scratch.install(self.wheels[name, version])
                there[name] = version
            elif there.pop(name, None) is not None:
                self.scratch.uninstall(name)
        return there

    @property
    def installed(self) -> dict[str, str]:
        found = scan([str(self.scratch.site)])
        assert found.problems == ()
        return {each.name: each.version for each in found.distributions}


def make_root() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="admit-property-")


@FEW
@given(world=worlds, taken=steps)
def test_removing_everything_leaves_the_tree_as_it_was(
    world: Mapping[tuple[str, str], Content], taken: Sequence[Step]
) -> None:
    with make_root() as root:
        arena = Arena(Path(root), world)

        there = arena.take(taken)
        assert arena.installed == there
        if there:
            arena.scratch.uninstall(*there)

        assert arena.scratch.snapshot() == arena.before


@FEW
@given(world=worlds, taken=steps)
def test_the_way_to_a_state_does_not_matter(
    world: Mapping[tuple[str, str], Content], taken: Sequence[Step]
) -> None:
    with make_root() as root:
        arena = Arena(Path(root), world)

        there = arena.take(taken)
        after_many = arena.scratch.snapshot()
        if there:
            arena.scratch.uninstall(*there)
            arena.scratch.install(*[arena.wheels[each] for each in there.items()])

        assert arena.scratch.snapshot() == after_many
