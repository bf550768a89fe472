"""Which index answers: ownership, order, required and explicit ones, denials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from admit.errors import AuthError, NetworkError
from admit.resolve.finder import Direct, Finder, RequiredIndexMissed
from admit.resolve.guard import route
from support.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Sequence

CORP = "https://pypi.corp.example/simple/"
OTHER = "https://other.example/simple/"


def make(*indexes: tuple[Shelf, dict[str, Any]], **options: Any) -> Finder:
    """A finder over shelves, each with the settings of its index."""
    pairs: Any = [(shelf.settings(**settings), shelf) for shelf, settings in indexes]
    return Finder(pairs, {}, lambda text: None, **options)


def versions(finder: Finder, name: str) -> Sequence[str]:
    found = finder.find(name).result()
    assert found.is_found, found.reason
    return [each.text for each in found.listing.versions]


class TestOrder:
    def test_the_first_index_that_has_a_project_answers(self) -> None:
        first = Shelf({"alpha": ["1.0"]}, CORP)
        second = Shelf({"alpha": ["9.0"], "beta": ["1.0"]}, OTHER)
        finder = make((first, {}), (second, {}))

        assert versions(finder, "alpha") == ["1.0"]
        assert versions(finder, "beta") == ["1.0"]
        assert second.asked == ["beta"]

    def test_a_project_without_a_usable_file_is_there_all_the_same(self) -> None:
        """Otherwise a stranger's package would take its place."""
        first = Shelf({"alpha": []}, CORP)
        second = Shelf({"alpha": ["9.0"]}, OTHER)

        assert versions(make((first, {}), (second, {})), "alpha") == []

    def test_a_miss_names_every_index_that_was_asked(self) -> None:
        finder = make((Shelf({}, CORP), {}), (Shelf({}, OTHER), {}))

        missing = finder.find("alpha").result()

        assert missing.reason == (
            "was not found on pypi.corp.example and was not found on other.example"
        )

    def test_without_an_index_nothing_can_be_looked_for(self) -> None:
        missing = make().find("alpha").result()

        assert (missing.is_found, missing.reason) == (
            False,
            "cannot be looked for: there is no index",
        )

    def test_explicit_indexes_are_asked_for_nothing_that_is_not_theirs(self) -> None:
        shelf = Shelf({"alpha": ["1.0"]}, CORP)
        finder = make((shelf, {"is_explicit": True}))

        missing = finder.find("alpha").result()

        assert missing.reason == (
            "cannot be looked for: https://pypi.corp.example/simple/ is explicit, "
            "asked only for names that belong there"
        )
        assert (finder.advice() or "").startswith(
            'say that the name belongs there, `packages = ["alpha"]`, or take '
            "`explicit` out: "
        )

    @pytest.mark.pain("H1")
    @pytest.mark.parametrize("error", [AuthError("denied"), NetworkError("gone")])
    @pytest.mark.parametrize(
        "strategy", ["first-index", "unsafe-first-match", "unsafe-best-match"]
    )
    def test_a_denial_or_failure_ends_the_search(
        self, error: Exception, strategy: str
    ) -> None:
        denied = Shelf({}, CORP, error=error)  # type: ignore[arg-type]
        other = Shelf({"alpha": ["9.0"]}, OTHER)
        finder = make((denied, {}), (other, {}), strategy=strategy)

        with pytest.raises(type(error)):
            finder.find("alpha").result()


class TestGuards:
    @pytest.mark.parametrize("name", ["acme-web", "acme-core", "exact"])
    def test_owned_names_come_from_their_index_only(self, name: str) -> None:
        public = Shelf(
            {"acme-web": ["9.0"], "acme-core": ["9.0"], "exact": ["9"]}, OTHER
        )
        owner = Shelf({"acme-web": ["1.0"]}, CORP)
        finder = make((public, {}), (owner, {"packages": ("acme-*", "exact")}))

        found = finder.find(name).result()

        assert public.asked == []
        if name == "acme-web":
            assert versions(finder, name) == ["1.0"]
        else:
            assert found.reason == (
                "was not found on pypi.corp.example; the name belongs to that index"
            )

    def test_others_may_come_from_an_owner_too(self) -> None:
        owner = Shelf({"flask": ["1.0"]}, CORP)

        assert versions(make((owner, {"packages": ("acme-*",)})), "flask") == ["1.0"]

    @pytest.mark.pain("B9")
    def test_an_explicit_index_is_asked_for_its_names_only(self) -> None:
        explicit = Shelf({"alpha": ["1.0"], "torch": ["1.0"]}, CORP)
        public = Shelf({"alpha": ["9.0"]}, OTHER)
        options = {"is_explicit": True, "packages": ("torch",)}
        finder = make((explicit, options), (public, {}))

        assert versions(finder, "alpha") == ["9.0"]
        assert versions(finder, "torch") == ["1.0"]
        assert (explicit.asked, public.asked) == (["torch"], ["alpha"])

    def test_a_required_index_must_have_every_project(self) -> None:
        required = Shelf({}, CORP)
        public = Shelf({"alpha": ["9.0"]}, OTHER)
        finder = make((required, {"is_required": True}), (public, {}))

        with pytest.raises(RequiredIndexMissed) as caught:
            finder.find("alpha").result()

        assert "alpha is not on" in caught.value.what
        assert "was not found on pypi.corp.example" in (caught.value.why or "")
        assert public.asked == []

    def test_several_owners_are_asked_in_order(self) -> None:
        one, two = Shelf({}, CORP), Shelf({"acme-x": ["2.0"]}, OTHER)
        options = {"packages": ("acme-*",)}

        assert versions(make((one, options), (two, options)), "acme-x") == ["2.0"]

    def test_route_says_who_may_answer(self) -> None:
        public = Shelf({}, OTHER).settings()
        owner = Shelf({}, CORP).settings(packages=("acme-*",))
        hidden = Shelf({}, "https://x.example/").settings(is_explicit=True)
        indexes = (public, owner, hidden)

        assert route("acme-x", indexes).indexes == (owner,)
        assert route("acme-x", indexes).is_owned
        assert route("flask", indexes).indexes == (public, owner)
        assert not route("flask", indexes).is_owned


class TestDirect:
    def test_a_file_the_user_gave_goes_before_every_index(self) -> None:
        shelf = Shelf({"alpha": ["9.0"]}, CORP)
        given = Shelf({"alpha": ["1.0"]}, OTHER)
        listing: Any = given.listing(_name("alpha")).result()
        pairs: Any = [(shelf.settings(), shelf)]
        finder = Finder(pairs, {"alpha": Direct(listing, given)}, lambda text: None)

        assert versions(finder, "alpha") == ["1.0"]
        assert shelf.asked == []


class TestAdvice:
    @pytest.mark.pain("A3")
    def test_an_index_asked_anonymously_may_show_more(self) -> None:
        advice = make((Shelf({}, CORP), {})).advice()

        assert advice is not None
        assert "asked anonymously" in advice
        assert "netrc" in advice

    def test_nothing_is_advised_where_a_credential_was_used(self) -> None:
        shelf = Shelf({}, CORP, was_asked_anonymously=False)

        assert make((shelf, {})).advice() is None


def _name(text: str) -> Any:
    return text
