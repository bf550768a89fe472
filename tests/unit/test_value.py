"""The `@value` decorator does what a frozen, slotted dataclass does for readers."""

import pytest

from admit.value import replace, value


@value
class Point:
    x: int
    y: int = 0

    @property
    def is_origin(self) -> bool:
        return self.x == self.y == 0


@value
class Named:
    name: str
    """What it is called."""
    tags: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.name}>"


@value
class Empty:
    pass


def test_fields_are_set_by_position_or_name_and_have_defaults() -> None:
    assert (Point(1).x, Point(1).y) == (1, 0)
    assert Point(1, 2) == Point(y=2, x=1)


def test_values_with_as_many_fields_keep_their_own_names() -> None:
    @value
    class Size:
        width: int
        height: int = 1

    size = Size(height=3, width=2)

    assert (size.width, size.height) == (2, 3)
    assert size == Size(2, 3) != Size(3, 2)
    assert hash(size) == hash(Size(2, 3))
    assert (Point(4).y, Size(4).height) == (0, 1)
    with pytest.raises(TypeError, match="'width'"):
        Size()  # type: ignore[call-arg]  # that is the point


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(TypeError):
        Point()  # type: ignore[call-arg]  # that is the point


def test_equal_fields_make_equal_values() -> None:
    assert Point(1, 2) == Point(1, 2)
    assert hash(Point(1, 2)) == hash(Point(1, 2))
    assert Point(1, 2) != Point(2, 1)
    assert Empty() == Empty()


def test_values_of_different_classes_differ() -> None:
    one: object = Point(1)
    other: object = (1, 0)

    assert one != other
    assert Point(1).__eq__(Named("1")) is NotImplemented


def test_a_value_has_slots_only() -> None:
    assert not hasattr(Point(1), "__dict__")
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]  # that is the point


def test_methods_and_properties_are_kept() -> None:
    assert Point(0).is_origin
    assert not Point(1).is_origin


def test_the_repr_can_be_read_and_an_own_one_is_kept() -> None:
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"
    assert repr(Named("a")) == "<a>"


def test_values_can_be_matched() -> None:
    point: object = Point(1, 2)

    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)
        case _:
            pytest.fail("no match")


def test_replace_changes_some_fields() -> None:
    point = Point(1, 2)

    assert replace(point, y=5) == Point(1, 5)
    assert point == Point(1, 2)
    with pytest.raises(TypeError):
        replace(point, z=1)


def test_fields_with_defaults_come_last() -> None:
    with pytest.raises(TypeError, match="come last"):

        @value
        class Wrong:
            first: int = 1
            second: int  # type: ignore[misc]  # the fault under test
