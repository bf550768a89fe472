"""Every condition of a module changed, one at a time: what tests/mutation.py tries.

`changes(tree)` changes a syntax tree in place, yields what it did, and changes it back.
Changed are the bodies of functions: comparisons to their opposite and by one at the
edge, `and` to `or`, an operand left out, `not` left out, a condition held true or
false, True to False, `any` to `all`, `min` to `max`; there and in constants of the
module, one item left out of a written-out collection that something is looked up in.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
}
_EDGES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
_TWINS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ROOMS = (*_FUNCTIONS, ast.ClassDef)
_NO_CODE = ("annotation", "returns", "decorator_list")


@dataclass(frozen=True)
class Change:
    """One change, made in the tree for as long as the iterator stands at it."""

    where: str
    """The function, by its qualified name, or the constant of the module."""
    is_constant: bool
    lines: range
    """Whoever runs one of these lines could notice."""
    text: str
    """Before => after."""
    statement: ast.stmt
    """The statement of the module that contains it."""


@dataclass(frozen=True)
class _Place:
    """Where an expression stands in the tree."""

    where: str
    is_code: bool
    """Inside a function."""
    parent: ast.AST
    field: str
    index: int | None
    is_test: bool
    """Only its truth counts."""

    @property
    def node(self) -> ast.expr:
        there = getattr(self.parent, self.field)
        node: ast.expr = there if self.index is None else there[self.index]
        return node

    def put(self, node: ast.expr) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def changes(tree: ast.Module) -> Iterator[Change]:
    """Make each change in turn; the tree is as it was afterwards."""
    for statement in tree.body:
        for place in _places(statement):
            node = place.node
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            for other, text in _others(place, node):
                place.put(ast.copy_location(other, node))
                ast.fix_missing_locations(statement)
                yield Change(place.where, not place.is_code, lines, text, statement)
            place.put(node)


def _places(parent: ast.AST, where: str = "", is_code: bool = False) -> list[_Place]:
    is_function = isinstance(parent, _FUNCTIONS)
    if isinstance(parent, _ROOMS):
        where = f"{where}.{parent.name}".lstrip(".")
    elif isinstance(parent, ast.Assign | ast.AnnAssign) and not where:
        targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
        where = ast.unparse(targets[0])
    is_code = is_code or is_function
    found: list[_Place] = []
    for field, inside in ast.iter_fields(parent):
        if field in _NO_CODE or (is_function and field == "args"):
            continue
        nodes = inside if isinstance(inside, list) else [inside]
        if isinstance(parent, ast.ClassDef):
            nodes = [each for each in nodes if isinstance(each, _ROOMS)]
        for at, node in enumerate(nodes):
            if isinstance(node, ast.expr):
                index = at if isinstance(inside, list) else None
                is_test = field in ("test", "ifs", "guard")
                found.append(_Place(where, is_code, parent, field, index, is_test))
            if isinstance(node, ast.AST):
                found.extend(_places(node, where, is_code))
    return found


def _others(place: _Place, node: ast.expr) -> Iterator[tuple[ast.expr, str]]:
    """Yield what may stand in a place instead, and what to call the change."""
    if place.is_code:
        before = ast.unparse(node)
        for other in _other_conditions(place, node):
            yield other, f"{before} => {ast.unparse(other)}"
    if isinstance(node, ast.Tuple | ast.List | ast.Set) and _is_looked_up(place):
        for at, item in enumerate(node.elts):
            left = _copy(node, elts=node.elts[:at] + node.elts[at + 1 :])
            yield left, f"{ast.unparse(item)} left out"


def _other_conditions(place: _Place, node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare(ops=operators):
            for at, operator in enumerate(operators):
                for table in (_OPPOSITES, _EDGES):
                    if type(operator) in table:
                        other = table[type(operator)]()
                        ops = [*operators[:at], other, *operators[at + 1 :]]
                        yield _copy(node, ops=ops)
        case ast.BoolOp(op=operator, values=values):
            yield _copy(node, op=ast.Or() if type(operator) is ast.And else ast.And())
            for at in range(len(values)):
                left = values[:at] + values[at + 1 :]
                yield left[0] if len(left) == 1 else _copy(node, values=left)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Name(id=name) if name in _TWINS:
            yield ast.Name(_TWINS[name], ast.Load())
        case ast.Constant(value=bool(known)) if not place.is_test:
            yield ast.Constant(not known)
    if _is_held(place, node):
        yield ast.Constant(True)
        yield ast.Constant(False)


def _is_held(place: _Place, node: ast.expr) -> bool:
    """Whether a condition is to be held true and false; not its parts once more."""
    if isinstance(node, ast.Constant):
        return False
    is_part = isinstance(place.parent, ast.BoolOp) and _is_condition(place.parent)
    return place.is_test or (_is_condition(node) and not is_part)


def _is_condition(node: ast.AST) -> bool:
    """Whether an expression is nothing but true or false, as far as can be seen."""
    if isinstance(node, ast.BoolOp):
        return any(_is_condition(each) for each in node.values)
    return isinstance(node, ast.Compare) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _is_looked_up(place: _Place) -> bool:
    """Whether a collection is the right side of `in`, or a constant of the module."""
    if place.is_code:
        return isinstance(place.parent, ast.Compare) and place.field == "comparators"
    return isinstance(place.parent, ast.Assign | ast.AnnAssign | ast.Call)


def _copy(node: ast.expr, **fields: object) -> ast.expr:
    """Return a node of the same type with other fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})
