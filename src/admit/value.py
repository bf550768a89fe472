"""Value classes: the `@value` decorator.

For: small immutable records, everywhere in the project. It does what
`@dataclass(frozen=True, slots=True)` does for the type checker and for the
reader, and costs nothing at start-up: importing `dataclasses` takes longer than
starting the interpreter (docs/design/0001-start-up.md).
Does not know: conversion, validation, ordering. Immutability is held by the type
checker, not at run time.
Shape: one generated `__init__` over the annotated fields, in order; `__slots__`,
`__eq__`, `__hash__`, `__repr__`, `__match_args__`. Each method is compiled when it is
first called: most commands use few of the classes they import.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType
    from typing import Any, TypeVar, dataclass_transform

    T = TypeVar("T")
else:

    def dataclass_transform(**_: object) -> Callable[[T], T]:
        """Stand in for the typing construct, which only the checker reads."""
        return lambda decorator: decorator


def _repr(self: object) -> str:
    names = type(self).__match_args__  # type: ignore[attr-defined]  # written by value()
    fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({fields})"


_function: Callable[..., Callable[..., Any]] = type(_repr)
"""`types.FunctionType`, without the import."""
_templates: dict[tuple[str, int], CodeType] = {}
"""Code by method and number of fields, with stand-ins for their names."""


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
    if tuple(defaults) != fields[len(fields) - len(defaults) :]:
        raise TypeError(f"{cls.__name__}: fields with defaults come last")
    own = {name for name in ("__init__", "__eq__", "__hash__") if name in cls.__dict__}
    if "__eq__" in own and cls.__dict__.get("__hash__") is None:
        own.discard("__hash__")  # Python takes the hash away from who defines equality

    def compile_method(name: str, arguments: tuple[object, ...]) -> Any:
        """Put the real method in place of its stand-in, and call it."""
        method = _compile(name, fields, defaults)
        setattr(made, name, method)
        return method(*arguments)

    def __init__(*arguments: object, **named: object) -> None:  # noqa: N807
        method = _compile("__init__", fields, defaults)
        made.__init__ = method  # type: ignore[misc]  # the stand-in's only task
        method(*arguments, **named)

    def __eq__(self: object, other: object) -> Any:  # noqa: N807
        return compile_method("__eq__", (self, other))

    def __hash__(self: object) -> Any:  # noqa: N807
        return compile_method("__hash__", (self,))

    for stand_in in (__init__, __eq__, __hash__):
        if stand_in.__name__ not in own:
            namespace[stand_in.__name__] = stand_in
    namespace.setdefault("__repr__", _repr)
    namespace["__slots__"] = fields
    namespace["__match_args__"] = fields
    made = type(cls.__name__, cls.__bases__, namespace)
    return made


def _compile(
    name: str, fields: tuple[str, ...], defaults: dict[str, object]
) -> Callable[..., Any]:
    """Return one method of a value class.

    Compiling costs a hundred times what naming the fields in compiled code does, so
    it is done once for each method and number of fields. The code is made a function
    without being executed: an interrupt that arrives during `exec` would end the
    process by a signal later, though it was caught.
    """
    template = _templates.get((name, len(fields)))
    if template is None:
        template = _templates[name, len(fields)] = _compile_template(name, len(fields))
    own = dict(zip(_stand_ins(len(fields)), fields, strict=True))
    code = template.replace(
        co_names=tuple([own.get(each, each) for each in template.co_names]),
        co_varnames=tuple([own.get(each, each) for each in template.co_varnames]),
    )
    given = tuple(defaults.values()) if name == "__init__" else ()
    return _function(code, globals(), name, given)


def _compile_template(name: str, count: int) -> CodeType:
    fields = _stand_ins(count)
    mine = "".join(f"self.{field}," for field in fields)
    if name == "__init__":
        body = [f" self.{field}={field}" for field in fields] or [" pass"]
        lines = [f"def __init__(self,{','.join(fields)}):", *body]
    elif name == "__eq__":
        other = "".join(f"other.{field}," for field in fields)
        lines = [
            "def __eq__(self, other):",
            " if other.__class__ is not self.__class__: return NotImplemented",
            f" return ({mine})==({other})",
        ]
    else:
        lines = ["def __hash__(self):", f" return hash(({mine}))"]
    code: CodeType = compile("\n".join(lines), "<value>", "exec").co_consts[0]
    return code


def _stand_ins(count: int) -> list[str]:
    """Names that no field has: it would be no identifier of ours."""
    return [f"_{at}" for at in range(count)]


def replace(instance: T, **changes: object) -> T:
    """Return a copy of a value with some fields changed."""
    cls = type(instance)
    names: tuple[str, ...] = cls.__match_args__  # type: ignore[attr-defined]  # written by value()
    fields = {name: getattr(instance, name) for name in names} | changes
    return cls(**fields)
