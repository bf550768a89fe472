"""Laws of versions and specifiers, with `packaging` as the oracle."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from packaging.specifiers import InvalidSpecifier as OracleInvalidSpecifier
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion as OracleInvalidVersion
from packaging.version import Version as OracleVersion

from admit.spec.version import (
    InvalidSpecifier,
    InvalidVersion,
    Specifier,
    Version,
    mask,
    parse_specifier,
    parse_version,
)
from property.strategies import (
    clause_texts,
    damaged,
    specifier_texts,
    version_texts,
)

LISTS = st.lists(version_texts(), max_size=8)


def parse_oracle_set(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text)
    except OracleInvalidSpecifier:
        return None


def parse_own_set(text: str) -> Specifier | None:
    try:
        return parse_specifier(text)
    except InvalidSpecifier:
        return None


def parse_sorted(texts: list[str]) -> list[Version]:
    return sorted(map(parse_version, texts))


class TestOrder:
    """Keys sort as the standard orders versions, and only equal versions share one."""

    @given(version_texts(), version_texts())
    @example("1.0", "1")
    @example("1.272", "1.17")
    def test_keys_compare_as_versions_do(self, left: str, right: str) -> None:
        ours = (parse_version(left), parse_version(right))
        theirs = (OracleVersion(left), OracleVersion(right))

        assert (ours[0] < ours[1]) == (theirs[0] < theirs[1])
        assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])

    @given(LISTS)
    def test_no_key_without_local_part_begins_another(self, texts: list[str]) -> None:
        keys = {version.key for version in parse_sorted(texts) if not version.is_local}

        assert not any(
            one != other and other.startswith(one) for one in keys for other in keys
        )


class TestText:
    """A version has one canonical text, and parsing it changes nothing."""

    @given(version_texts())
    def test_the_text_is_canonical(self, text: str) -> None:
        version = parse_version(text)
        oracle = OracleVersion(text)

        assert version.text == str(oracle)
        assert parse_version(version.text).key == version.key
        assert version.is_prerelease == oracle.is_prerelease
        assert version.is_local == (oracle.local is not None)

    @given(st.one_of(damaged(version_texts()), st.text(max_size=8)))
    def test_what_is_a_version_is_what_packaging_takes(self, text: str) -> None:
        try:
            expected = str(OracleVersion(text))
        except OracleInvalidVersion:
            expected = "invalid"
        try:
            actual = parse_version(text).text
        except InvalidVersion:
            actual = "invalid"

        assert actual == expected


class TestSpecifier:
    """A specifier is the set that `packaging` makes of it, pre-releases allowed."""

    @given(specifier_texts(), version_texts())
    @example(">1.0", "1.0.post1")
    @example("<1.0.post1", "1.0.post1.dev0")
    @example(">1.0a1", "1.0a1.post1+local")
    @example("!=1.0+a", "1.0+a.b")
    def test_membership_is_the_oracles(self, text: str, version: str) -> None:
        oracle = parse_oracle_set(text)
        ours = parse_own_set(text)

        assert (ours is None) == (oracle is None)
        if ours is not None and oracle is not None:
            expected = oracle.contains(OracleVersion(version), prereleases=True)
            assert ours.contains(parse_version(version)) == expected
            assert ours.names_prerelease == bool(oracle.prereleases)

    @given(st.one_of(damaged(specifier_texts()), st.text(max_size=8)))
    def test_what_is_a_specifier_is_what_packaging_takes(self, text: str) -> None:
        assert (parse_own_set(text) is None) == (parse_oracle_set(text) is None)

    @given(specifier_texts())
    def test_text_and_clauses_say_the_same(self, text: str) -> None:
        ours = parse_own_set(text)

        if ours is not None:
            again = parse_specifier(",".join(map(str, ours.clauses)))
            assert again.intervals == ours.intervals


class TestMask:
    """A mask has the bits of the members; commas intersect."""

    @given(specifier_texts(), LISTS)
    def test_bits_are_members(self, text: str, texts: list[str]) -> None:
        specifier = parse_own_set(text)
        versions = parse_sorted(texts)

        if specifier is not None:
            bits = mask(specifier, versions)
            expected = [specifier.contains(version) for version in versions]
            assert [bool(bits >> at & 1) for at in range(len(texts))] == expected
            assert bits < 1 << len(texts)

    @given(specifier_texts(), specifier_texts(), LISTS)
    def test_joining_specifiers_intersects_masks(
        self, left: str, right: str, texts: list[str]
    ) -> None:
        versions = parse_sorted(texts)
        parsed = [parse_own_set(text) for text in (left, right, f"{left},{right}")]

        if parsed[0] is not None and parsed[1] is not None and parsed[2] is not None:
            masks = [mask(each, versions) for each in parsed if each is not None]
            assert masks[0] & masks[1] == masks[2]

    @given(version_texts(), LISTS)
    def test_equal_and_unequal_are_complements(
        self, text: str, texts: list[str]
    ) -> None:
        versions = parse_sorted(texts)
        equal = mask(parse_specifier(f"=={text}"), versions)
        unequal = mask(parse_specifier(f"!={text}"), versions)

        assert equal ^ unequal == (1 << len(versions)) - 1

    @given(clause_texts())
    def test_intervals_ascend_and_stay_apart(self, text: str) -> None:
        specifier = parse_own_set(text)

        if specifier is not None:
            ends = [end for interval in specifier.intervals for end in interval]
            assert ends == sorted(set(ends))
