"""Random texts of the standards: versions, specifiers, markers, requirements."""

from __future__ import annotations

from hypothesis import strategies as st

NUMBERS = st.one_of(
    st.integers(0, 3),
    st.sampled_from([9, 10, 100, 191, 192, 255, 256, 272, 2024, 20240101]),
)
SEPARATORS = st.sampled_from(["", ".", "-", "_"])
DIGITS = st.one_of(NUMBERS.map(str), st.sampled_from(["", "00", "01"]))


@st.composite
def _part(draw: st.DrawFn, words: list[str]) -> str:
    word = draw(st.sampled_from(words))
    before, after = draw(SEPARATORS), draw(SEPARATORS)
    return f"{before}{word}{after}{draw(DIGITS)}"


@st.composite
def release_texts(draw: st.DrawFn, smallest: int = 1) -> str:
    """An epoch perhaps, and numbers."""
    epoch = draw(st.sampled_from(["", "", "", "0!", "1!"]))
    numbers = draw(st.lists(NUMBERS, min_size=smallest, max_size=4))
    return epoch + ".".join(map(str, numbers))


@st.composite
def public_texts(draw: st.DrawFn, smallest: int = 1) -> str:
    """Versions without a local part, in any spelling."""
    text = draw(release_texts(smallest))
    pre = ["a", "b", "rc", "alpha", "beta", "c", "pre", "preview", "RC"]
    if draw(st.booleans()):
        text += draw(_part(pre))
    if draw(st.booleans()):
        bare = NUMBERS.map(lambda number: f"-{number}")
        text += draw(st.one_of(_part(["post", "rev", "r"]), bare))
    if draw(st.booleans()):
        text += draw(_part(["dev", "DEV"]))
    return text


@st.composite
def version_texts(draw: st.DrawFn) -> str:
    """Versions in any spelling."""
    text = draw(st.sampled_from(["", "", "", "v", " "])) + draw(public_texts())
    if draw(st.integers(0, 4)) == 0:
        segment = st.sampled_from(["a", "ab", "b", "0", "1", "10", "256", "1a", "Z"])
        segments = draw(st.lists(segment, min_size=1, max_size=3))
        text += "+" + draw(st.sampled_from([".", "-", "_"])).join(segments)
    return text


@st.composite
def clause_texts(draw: st.DrawFn) -> str:
    """One version clause, valid but for accidents of the local part."""
    operator = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "==="]))
    if operator in ("==", "!="):
        version = draw(
            st.one_of(version_texts(), release_texts().map(lambda text: f"{text}.*"))
        )
    elif operator == "~=":
        version = draw(public_texts(smallest=2))
    else:
        version = draw(public_texts())
    return operator + draw(st.sampled_from(["", " "])) + version


def specifier_texts() -> st.SearchStrategy[str]:
    """Clauses joined by commas; perhaps none."""
    return st.lists(clause_texts(), max_size=3).map(",".join)


VARIABLES = (
    "os_name",
    "sys_platform",
    "platform_machine",
    "platform_python_implementation",
    "platform_release",
    "platform_system",
    "platform_version",
    "python_version",
    "python_full_version",
    "implementation_name",
    "implementation_version",
)
VALUES = st.one_of(
    st.sampled_from(
        (
            *("", "posix", "linux", "x86_64", "CPython", "#1 SMP", "22.04", "7.3.13"),
            *("3.8", "3.11", "3.11.4", "3.13.0a2", "3.14.0+", "1.0+local"),
            *("6.1.0-arch1", "5.4.0-1-generic"),
            *("3.*", "3.11.*", "3.8, 3.11", "<3", "=3.11", ">=3"),
        )
    ),
    public_texts(),
)


@st.composite
def environments(draw: st.DrawFn) -> dict[str, str]:
    """All marker variables but `extra`."""
    return {name: draw(VALUES) for name in VARIABLES}


@st.composite
def comparison_texts(draw: st.DrawFn) -> str:
    """One variable and one literal, either of them first."""
    operator = draw(
        st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "~=", "in", "not in"])
    )
    variable = draw(
        st.sampled_from([*VARIABLES, "extra", "os.name", "python_implementation"])
    )
    literal = draw(VALUES)
    if variable == "extra":
        literal = draw(st.sampled_from(["", "tls", "Dev_x", "dev-x", "d e v"]))
    quote = draw(st.sampled_from("'\""))
    sides = [variable, f"{quote}{literal}{quote}"]
    if draw(st.booleans()):
        sides.reverse()
    blank = " " if "in" in operator else draw(st.sampled_from(["", " "]))
    return f"{sides[0]}{blank}{operator}{blank}{sides[1]}"


def marker_texts() -> st.SearchStrategy[str]:
    """Comparisons under and, or and brackets."""
    joined = st.sampled_from([" and ", " or "])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pair = st.tuples(inner, joined, inner).map("".join)
        return st.one_of(pair, pair.map(lambda text: f"({text})"))

    return st.recursive(comparison_texts(), grow, max_leaves=5)


NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)


@st.composite
def requirement_texts(draw: st.DrawFn) -> str:
    """Requirements by name, in any spelling that the standard allows."""
    text = draw(NAMES)
    blank = draw(st.sampled_from(["", " ", "\t"]))
    extras = draw(st.lists(NAMES, max_size=2))
    has_brackets: bool = draw(st.booleans())
    if extras or has_brackets:
        text += f"{blank}[{','.join(extras)}]"
    specifier = draw(specifier_texts())
    if draw(st.booleans()):
        specifier = f"({specifier})"
    text += blank + specifier
    if draw(st.booleans()):
        text += f"{blank or ' '};{blank}{draw(marker_texts())}"
    return text


@st.composite
def damaged(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """A text with one character lost, doubled or put in."""
    text = draw(texts)
    at = draw(st.integers(0, len(text)))
    marks = st.sampled_from(list(" \t\n\v.,;:+-_*!=<>~()[]@'\"\\0avdx\u00e9\u0660"))
    return text[:at] + draw(st.one_of(marks, st.just(""))) + text[at + 1 :]
