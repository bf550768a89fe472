"""Names: one form for all spellings, and no form for what is no name."""

import pytest

from admit.spec.names import InvalidName, normalize_extra, normalize_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("widgets", "widgets", id="normal already"),
        pytest.param("Widgets", "widgets", id="upper case"),
        pytest.param("wid.gets", "wid-gets", id="dot"),
        pytest.param("wid_gets", "wid-gets", id="underscore"),
        pytest.param("Wid-_.-gets", "wid-gets", id="a run of separators"),
        pytest.param("3", "3", id="one digit"),
    ],
)
def test_spellings_of_a_name_become_one(text: str, expected: str) -> None:
    assert normalize_name(text) == expected
    assert normalize_extra(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("-", id="only a separator"),
        pytest.param("-widgets", id="separator first"),
        pytest.param("widgets_", id="separator last"),
        pytest.param("wid gets", id="blank"),
        pytest.param("widgets\n", id="line end"),
        pytest.param("wid/gets", id="slash"),
        pytest.param("wídgets", id="letter outside ASCII"),
        pytest.param("\u212awidgets", id="Kelvin sign, which lower() makes a k"),
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidName) as caught:
        normalize_name(text)

    assert repr(text) in caught.value.what


def test_a_wrong_extra_is_called_an_extra() -> None:
    with pytest.raises(InvalidName, match="not a valid extra name"):
        normalize_extra("a b")
