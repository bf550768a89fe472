"""Where what is given for the name of an index may go.

For: `ADMIT_INDEX_CORP_PASSWORD` is meant for one server, but it is a file that says
which one `corp` is, and a project's file may be a stranger's. Nothing that was given
for a name goes to an origin the user did not mean: where `ADMIT_INDEX_CORP_ORIGIN`
says it, nowhere else; where only a project's file says it, not to another origin than
the one that accepted the variable before (docs/auth-sources.md, "Variables").
Does not know: where credentials stand, what a source answers.
Shape: a search in, a search out that has an objection more.
"""

from __future__ import annotations

from admit.auth.query import Problem
from admit.auth.sources.environment import find_variable, stem_of, variable_stem
from admit.config.project_file import is_said_by_project
from admit.errors import UsageError
from admit.spec.url import InvalidUrl, parse_url
from admit.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from admit.auth.query import Found, Query
    from admit.auth.remembered import Remembered
    from admit.auth.scheme import Credential
    from admit.auth.scope import Source
    from admit.auth.sources.memory_file import MemoryFile
    from admit.config.settings import Settings
    from admit.spec.url import Origin

_SUFFIX = "_ORIGIN"


class Bound:
    """A search that lets nothing given for a name go astray."""

    def __init__(
        self,
        search: Callable[[Query], Found],
        settings: Settings,
        memory: MemoryFile,
        handed_over: Collection[str] = (),
    ) -> None:
        """Guard a search.

        `handed_over`: names, in lower case, that the command line gives a secret for.
        """
        self._search = search
        self._settings = settings
        self._memory = memory
        self._handed_over = handed_over

    def __call__(self, query: Query) -> Found:
        """Answer as the search does, unless that would go astray."""
        found = self._search(query)
        if found.credential is None or found.problem is not None:
            return found
        problem = self._objection(query.source, found.credential)
        if problem is None:
            return found
        return replace(found, credential=None, problem=problem)

    def _objection(self, source: Source, credential: Credential) -> Problem | None:
        name = source.name
        if name is None or not self._is_for_name(name, credential):
            return None
        origins = bound_origins(self._settings.environ, name)
        if origins:
            if source.url.origin in origins:
                return None
            return self._strayed(source, name, origins)
        if credential.provider == "environment":
            return self._moved(source, name, credential)
        return None

    def _is_for_name(self, name: str, credential: Credential) -> bool:
        if credential.provider == "command line":
            return name.lower() in self._handed_over
        return credential.provider == "environment"

    def _strayed(
        self, source: Source, name: str, origins: tuple[Origin, ...]
    ) -> Problem:
        variable = f"ADMIT_INDEX_{variable_stem(name)}{_SUFFIX}"
        meant = " or ".join(map(str, origins))
        return Problem(
            f"what is given for the name {name} is for {meant} ({variable}), and "
            f"{name} is on {source.url.origin}",
            self._how_to_allow(source, f"correct {variable}"),
        )

    def _moved(
        self, source: Source, name: str, credential: Credential
    ) -> Problem | None:
        """Object if a project's file takes a name to where it never led."""
        if not self._is_project_word(source):
            return None
        known = [
            each
            for each in self._memory.entries()
            if stem_of(each.provider) == variable_stem(name)
        ]
        if not known or any(_origin_of(each) == source.url.origin for each in known):
            return None
        variable = f"ADMIT_INDEX_{variable_stem(name)}{_SUFFIX}"
        return Problem(
            f"{credential.detail} was used for {known[-1].url} on {known[-1].day}, and "
            f"a project's file would send it to {source.url.origin}",
            self._how_to_allow(source, f"set {variable}={source.url.origin}"),
        )

    def _how_to_allow(self, source: Source, way: str) -> str:
        where = self._origin_in_settings(source)
        return (
            f"look at {where}, which says where {source.name} is\nif it is right, {way}"
        )

    def _is_project_word(self, source: Source) -> bool:
        where = self._origin_in_settings(source)
        return where is not None and is_said_by_project(where, self._settings)

    def _origin_in_settings(self, source: Source) -> str | None:
        for each in self._settings.indexes:
            if each.source.key == source.key:
                return each.origin
        return None


def bound_origins(environ: Mapping[str, str], name: str) -> tuple[Origin, ...]:
    """Return the origins that what is given for a name is for; none if all are.

    Raises:
        UsageError: the variable holds something else.
    """
    variable = find_variable(environ, name, _SUFFIX)
    if variable is None:
        return ()
    try:
        found = tuple(parse_url(each).origin for each in variable.text.split())
    except InvalidUrl as error:
        raise UsageError(
            f"{variable.name} wants origins: {error.what}",
            why=error.why,
            fix="write for instance https://pypi.corp.example",
        ) from error
    if not found:
        raise UsageError(
            f"{variable.name} is empty",
            fix="set it to an origin such as https://pypi.corp.example, or unset it",
        )
    return found


def _origin_of(known: Remembered) -> Origin | None:
    try:
        return parse_url(known.url).origin
    except InvalidUrl:
        return None
