"""Value classes: the `@value` decorator.

For: small immutable records, everywhere in the project. It does what
`@dataclass(frozen=True, slots=True)` does for the type checker and for the
reader, and costs nothing at start-up: importing `dataclasses` takes longer than
starting the interpreter (docs/design/0001-start-up.md).
Does not know: conversion, validation, ordering. Immutability is held by the type
checker, not at run time.
Shape: one generated `__init__` over the annotated fields, in order; `__slots__`,
`__eq__`, `__hash__`, `__repr__`, `__match_args__`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> Callable[[T], T]:
        """Stand in for the typing construct, which only the checker reads."""
        return lambda decorator: decorator


def _repr(self: object) -> str:
    names = type(self).__match_args__  # type: ignore[attr-defined]  # written by value()
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({fields})"


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Turn a class with annotated fields into a slotted value class.

    A field's default is its class attribute, evaluated once: use only immutable
    defaults. Methods, properties and an own `__repr__` or `__str__` are kept.
    """
    namespace = dict(cls.__dict__)
    namespace.pop("__dict__", None)
    namespace.pop("__weakref__", None)
    fields = tuple(namespace.get("__annotations__", ()))
    defaults = {name: namespace.pop(name) for name in fields if name in namespace}
    parameters = [f"{name}=_{name}" if name in defaults else name for name in fields]
    body = [f" self.{name}={name}" for name in fields] or [" pass"]
    mine = "".join(f"self.{name}," for name in fields)
    other = "".join(f"other.{name}," for name in fields)
    source = "\n".join(
        [
            f"def __init__(self,{','.join(parameters)}):",
            *body,
            "def __eq__(self, other):",
            " if other.__class__ is not self.__class__: return NotImplemented",
            f" return ({mine})==({other})",
            "def __hash__(self):",
            f" return hash(({mine}))",
        ]
    )
    scope: dict[str, object] = {f"_{name}": each for name, each in defaults.items()}
    exec(source, scope)  # noqa: S102  # field names of our own classes, nothing else
    for name in ("__init__", "__eq__", "__hash__"):
        if name not in cls.__dict__ or name == "__hash__":
            namespace[name] = scope[name]
    namespace.setdefault("__repr__", _repr)
    namespace["__slots__"] = fields
    namespace["__match_args__"] = fields
    return type(cls.__name__, cls.__bases__, namespace)


def replace(instance: T, **changes: object) -> T:
    """Return a copy of a value with some fields changed."""
    cls = type(instance)
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]  # written by value()
    fields = {name: getattr(instance, name) for name in names} | changes
    return cls(**fields)
