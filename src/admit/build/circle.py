"""Builds that wait for each other.

For: telling a circle instead of walking it until something breaks.
Does not know: how anything is built.
Shape: `with Waiting(stack, tree)` around each build; the stack is the builder's.
"""

from __future__ import annotations

from admit.errors import EnvironmentProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.build.tree import Tree


class CircularBuild(EnvironmentProblem):
    """To be built, something needs itself."""

    code = "circular-build"


class Waiting:
    """One tree is being built, and what is built inside is built for it."""

    def __init__(self, stack: list[Tree], tree: Tree) -> None:
        self._stack = stack
        self._tree = tree

    def __enter__(self) -> None:
        names = [each.title for each in self._stack]
        for index, each in enumerate(self._stack):
            if _is_same(each, self._tree):
                first, *others = [*names[index:], self._tree.title]
                needs = " to be built, which needs ".join(others)
                raise CircularBuild(
                    f"cannot build {each.described}: for that it needs itself",
                    why=f"{first} needs {needs} to be built",
                )
        self._stack.append(self._tree)

    def __exit__(self, *_: object) -> None:
        self._stack.pop()


def _is_same(one: Tree, other: Tree) -> bool:
    """Whether two are one; another version of a project may well be needed."""
    if one.folder == other.folder:
        return True
    is_named = one.name is not None and one.version is not None
    return is_named and (one.name, one.version) == (other.name, other.version)
