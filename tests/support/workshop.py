"""A place to build in, and what happened there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from admit.build.builder import Builder

if TYPE_CHECKING:
    from pathlib import Path

    from admit.env.interpreter import Interpreter
    from admit.spec.requirement import Requirement


class Shop:
    """Makes builders, and keeps what they asked for and said."""

    def __init__(self, folder: Path, interpreter: Interpreter) -> None:
        self.scratch = folder / "scratch"
        self.wheels = folder / "wheels"
        self.interpreter = interpreter
        self.asked: list[list[str]] = []
        self.lines: list[str] = []
        self.steps: list[str] = []
        self.made: list[Builder] = []

    def provision(
        self, requirements: tuple[Requirement, ...], _interpreter: Interpreter
    ) -> None:
        self.asked.append([str(each) for each in requirements])

    def builder(self, **options: Any) -> Builder:
        given: dict[str, Any] = {
            "interpreter": self.interpreter,
            "provision": self.provision,
            "scratch": str(self.scratch),
            "environ": {"PATH": os.defpath, "HOME": "/nowhere"},
            "scrub": lambda text: text.replace("hunter22", "****"),
            "on_line": self.lines.append,
            "on_step": lambda tree, step: self.steps.append(f"{tree.name} {step}"),
        }
        made = Builder(**(given | options))
        self.made.append(made)
        return made

    @property
    def left(self) -> list[str]:
        """What is in the scratch folder."""
        return os.listdir(self.scratch) if self.scratch.exists() else []
