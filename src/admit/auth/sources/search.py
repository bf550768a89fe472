"""Gathering: asking every place in the order of rule R3.

For: `Query` -> `Found`, with everything that was tried, in order.
Does not know: the network, scope, what happens to the answer.
Shape: a `Place` answers a question with `Complete`, `UserOnly`, `Unusable` or
`Missing`. The first complete answer wins; a user name known from a higher place
filters the lower ones; half a credential is never an answer. A new place (store,
keyring, provider, prompt) is one more `Place` with its rank.
"""

from __future__ import annotations

from admit.auth.denial import plain_http
from admit.auth.query import EVERYWHERE, Attempt, Found, Problem
from admit.auth.scheme import Credential, is_token_shaped, show_user, unsendable
from admit.auth.scope import plain_http_problem
from admit.auth.scrub import mask_shapes
from admit.auth.sources.environment import (
    UnsetVariable,
    expand,
    find_variable,
    variable_stem,
)
from admit.auth.sources.netrc import entries_for, read_netrc
from admit.auth.sources.netrc_answers import (
    answer_of_trouble,
    choose_entry,
    strange_port,
)
from admit.auth.sources.place import (
    Complete,
    Missing,
    Place,
    Question,
    SearchOptions,
    Unusable,
    UserOnly,
)
from admit.spec.url import DEFAULT_PORTS, Secret, Userinfo
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from admit.auth.query import Query, Stage
    from admit.auth.scheme import Headers
    from admit.auth.scope import Source
    from admit.auth.sources.netrc import NetrcFile
    from admit.auth.sources.place import Answer
    from admit.spec.url import Origin


def _no_headers(_source: Source, _is_refused: bool) -> Headers | Problem:
    return ()


def _not_remembered(_source: Source) -> Problem | None:
    return None


@value
class SearchExtras:
    """What a search asks besides its places."""

    headers_of: Callable[[Source, bool], Headers | Problem] = _no_headers
    """The headers of a source, their values found; True: past every memory."""
    remembered: Callable[[Source], Problem | None] = _not_remembered
    """Why a source cannot be asked anonymously (rule R9)."""
    told: Sequence[str] = ()
    """Warnings of the places; it grows."""


_ALL = SearchOptions()
_NO_EXTRAS = SearchExtras()


class Search:
    """Asks the places of this machine; one object a run."""

    def __init__(
        self,
        environ: Mapping[str, str],
        home: str,
        options: SearchOptions = _ALL,
        more: Sequence[Place] = (),
        extras: SearchExtras = _NO_EXTRAS,
    ) -> None:
        """Set up a search.

        Args:
            environ: the environment; read, never written.
            home: the user's home folder.
            options: what is switched off.
            more: further places, each with its rank.
            extras: what is asked around the places.
        """
        self._environ = environ
        self._home = home
        self._options = options
        self._extras = extras
        self._netrc: NetrcFile | None = None
        self._told: list[str] = []
        everywhere: tuple[Stage, ...] = ("source", "challenged", "foreign")
        late: tuple[Stage, ...] = ("challenged",)
        places = (
            Place(2, "environment", self._ask_environment, is_explicit=True),
            Place(3, "URL", self._ask_url, is_explicit=True),
            Place(5, "netrc", self._ask_netrc, everywhere),
            Place(
                8, "netrc default", self._ask_default, late, is_first_under_always=True
            ),
            *more,
        )
        self._places = tuple(sorted(places, key=lambda place: place.rank))

    def __call__(self, query: Query) -> Found:
        """Answer one query (rule R3); reads files, never the network."""
        source = query.source
        if source.policy in ("never", "external"):
            return self._refuse_any(source)
        if query.refused is not None:
            self._netrc = None
        is_always = source.policy == "always" and query.stage == "source"
        places = tuple(
            place
            for place in self._places
            if query.stage in place.stages
            or (is_always and place.is_first_under_always)
        )
        if not source.headers or query.stage == "foreign":
            return self._conclude(query, places)
        return self._with_headers(query, places)

    def _with_headers(self, query: Query, places: Sequence[Place]) -> Found:
        """Add a source's own headers to what is found, or use them alone."""
        source = query.source
        names = ", ".join(name for name, _ in source.headers)
        headers = self._extras.headers_of(source, query.refused is not None)
        if isinstance(headers, Problem):
            return Found(None, (Attempt("headers", headers.what),), headers)
        own = Credential("", Secret(""), "configuration", names, "headers")
        own = replace(own, headers=headers)
        has_authorization = any(name.lower() == "authorization" for name, _ in headers)
        if has_authorization:
            return Found(own, (Attempt("headers", f"has {names}"),))
        found = self._conclude(query, places, has_own=True)
        tried = (Attempt("headers", f"has {names}"), *found.tried)
        if found.problem is not None:
            return replace(found, tried=tried)
        credential = replace(found.credential or own, headers=headers)
        return replace(found, credential=credential, tried=tried)

    def _conclude(
        self, query: Query, places: Sequence[Place], *, has_own: bool = False
    ) -> Found:
        tried: list[Attempt] = []
        known: UserOnly | None = None
        from_place = ""
        for place in places:
            if query.source.is_public and not place.is_explicit:
                tried.append(Attempt(place.name, "not asked for a public index"))
                continue
            answer = place.ask(Question(query, known.username if known else None))
            if isinstance(answer, UserOnly) and _is_token(query):
                # At once: no other place, and nobody at a terminal, is told of it.
                answer = Complete(_token_of(answer.username, place.name))
            settled = self._settled(query, place, answer, tried)
            if settled is not None:
                return settled
            if isinstance(answer, UserOnly) and known is None:
                known, from_place = answer, place.name
        if query.stage == "foreign" or (known is None and has_own):
            return self._found(tried, None, None)
        if known is None:
            return self._nothing(query, places, tried)
        if is_token_shaped(known.username):
            token = _token_of(known.username, from_place)
            return self._found(tried, token, self._objection(query, token))
        problem = _no_password(known.username, query.source)
        return self._last_resort(query, places, tried, known.username, problem)

    def _nothing(
        self, query: Query, places: Sequence[Place], tried: list[Attempt]
    ) -> Found:
        """End with nobody, unless the source is known to have needed somebody."""
        source = query.source
        may_go_bare = (
            query.stage != "source" or source.policy != "auto" or source.is_public
        )
        problem = None if may_go_bare else self._extras.remembered(source)
        if problem is None:
            found = self._found(tried, None, None)
            hint = self._hint_of_default(query)
            return replace(found, warnings=(*found.warnings, hint)) if hint else found
        return self._last_resort(query, places, tried, None, problem)

    def _hint_of_default(self, query: Query) -> str | None:
        """Say that netrc has a `default`, and that it is not sent up front (R2)."""
        source = query.source
        is_meant = query.stage == "source" and source.policy == "auto"
        if not is_meant or source.is_public or source.kind == "direct":
            return None
        entries = self._netrc.entries if self._netrc is not None else ()
        for entry in entries:
            if entry.machine is None:
                return (
                    f"the `default` of netrc (line {entry.line}) fits every host, so "
                    "only an index that asks for a login gets it; `--authenticate "
                    f"{mask_shapes(source.label)}=always` sends it at once"
                )
        return None

    def _last_resort(
        self,
        query: Query,
        places: Sequence[Place],
        tried: list[Attempt],
        username: str | None,
        problem: Problem,
    ) -> Found:
        """Ask whoever is asked only before an error: a person."""
        for place in self._places:
            if not place.is_last_resort or place in places:
                continue
            answer = place.ask(Question(query, username))
            settled = self._settled(query, place, answer, tried)
            if settled is not None:
                return settled
        return self._found(tried, None, problem)

    def _settled(
        self, query: Query, place: Place, answer: Answer, tried: list[Attempt]
    ) -> Found | None:
        """Note what a place said, and end with it if there is no need to go on."""
        match answer:
            case Complete(credential):
                problem = self._objection(query, credential)
                tried.append(Attempt(place.name, f"has {credential.shown_user}"))
                return self._found(tried, None if problem else credential, problem)
            case Unusable(problem):
                tried.append(Attempt(place.name, problem.what))
                return self._found(tried, None, problem)
            case UserOnly(_, outcome) | Missing(outcome):
                if outcome:
                    tried.append(Attempt(place.name, outcome))
                return None

    def _found(
        self,
        tried: Sequence[Attempt],
        credential: Credential | None,
        problem: Problem | None,
    ) -> Found:
        warnings = self._netrc.warnings if self._netrc is not None else ()
        told = (*warnings, *self._told, *self._extras.told)
        return Found(credential, tuple(tried), problem, told)

    def _objection(self, query: Query, credential: Credential) -> Problem | None:
        reason = unsendable(credential.username, credential.secret, credential.kind)
        if reason:
            where = credential.detail or credential.provider
            return Problem(
                f"the credential from {where} cannot be sent: {reason}",
                "look whether a line end or an escape sequence got into it",
            )
        origin = query.url.origin
        reason = plain_http_problem(credential, origin, self._options.plain_http_hosts)
        return plain_http(reason, origin) if reason else None

    def _refuse_any(self, source: Source) -> Found:
        tried = (Attempt(EVERYWHERE, f"off (policy is {source.policy})"),)
        if source.policy == "never" and source.url.userinfo is not None:
            problem = Problem(
                "its URL holds a credential, but its policy is never",
                "take the user name and password out of the URL, or set "
                "`authenticate` to auto",
            )
            return Found(None, tried, problem)
        return Found(None, tried)

    # The places, in the order of rule R3.

    def _ask_environment(self, question: Question) -> Answer:
        source = question.query.source
        if source.name is None:
            return Missing("only for named indexes")
        token = find_variable(self._environ, source.name, "_TOKEN")
        password = find_variable(self._environ, source.name, "_PASSWORD")
        user = find_variable(self._environ, source.name, "_USERNAME")
        for variable in (token, password):
            is_name_token = user and is_token_shaped(user.text)
            if variable and not variable.text and not is_name_token:
                return Unusable(
                    Problem(
                        f"the variable {variable.name} is empty",
                        "set it to the secret, or unset it",
                    )
                )
        if token and token.text:
            if other := password or user:
                what = f"both {token.name} and {other.name} are set"
                return Unusable(Problem(what, "unset one of them"))
            secret = Secret(token.text)
            return Complete(
                Credential("", secret, "environment", token.name, kind="bearer")
            )
        username = user.text if user else self._username_in_url(source)
        if password and username is not None:
            secret = Secret(password.text)
            return Complete(Credential(username, secret, "environment", password.name))
        if password:
            return Unusable(
                Problem(
                    f"{password.name} is set, but no user name",
                    f"set {_sibling(password.name, '_USERNAME')} (empty if the index "
                    f"wants none) or, for a bearer token, "
                    f"ADMIT_INDEX_{variable_stem(source.name)}_TOKEN",
                )
            )
        if user and user.text:
            return UserOnly(user.text, f"{user.name} has no password beside it")
        stem = variable_stem(source.name)
        return Missing(f"no ADMIT_INDEX_{stem}_… and no UV_INDEX_{stem}_…")

    def _username_in_url(self, source: Source) -> str | None:
        userinfo = source.url.userinfo
        if userinfo is None:
            return None
        try:
            return expand(userinfo.username, self._environ)
        except UnsetVariable:
            return None

    def _ask_url(self, question: Question) -> Answer:
        userinfo = question.query.source.url.userinfo
        if userinfo is None:
            return Missing("has none")
        try:
            username, secret = self.expand_userinfo(userinfo)
        except UnsetVariable as unset:
            return Unusable(
                Problem(
                    f"its URL names ${{{unset.name}}}, which is unset or empty",
                    f"set the variable {unset.name}",
                )
            )
        if _is_mask(username) or (secret is not None and _is_mask(secret.expose())):
            return Unusable(
                Problem(
                    "its URL holds asterisks, as they are printed in place of a "
                    "password: that is a mask",
                    "write the password itself, or `${VARIABLE}`, or take it out",
                )
            )
        if question.username not in (None, username):
            return Missing(f"has another user, {show_user(username)}")
        if secret is not None and (secret or username):
            return Complete(Credential(username, secret, "URL"))
        if not username:
            return Missing("has an empty user name and no password")
        return UserOnly(username, f"has {show_user(username)} without a password")

    def expand_userinfo(self, userinfo: Userinfo) -> tuple[str, Secret | None]:
        """Return user name and secret with `${VAR}` replaced, for use only.

        Raises:
            UnsetVariable: a variable is unset or empty.
        """
        username = expand(userinfo.username, self._environ)
        if userinfo.password is None:
            return username, None
        return username, Secret(expand(userinfo.password.expose(), self._environ))

    def _ask_netrc(self, question: Question) -> Answer:
        file = self._read_netrc()
        if file is None:
            return Missing("off (--no-netrc)")
        origin = question.query.url.origin
        if file.trouble:
            return answer_of_trouble(file, origin.host)
        if file.path is None:
            return Missing(f"there is no {file.shown}")
        exact, loose = entries_for(file, origin)
        is_foreign = question.query.stage == "foreign"
        if loose and is_foreign and not self._is_usual(origin):
            if not exact:
                self._tell(strange_port(file, loose[0], origin))
            loose = ()
        for entries in (exact, loose):
            answer = choose_entry(entries, question.username, file)
            if answer is not None:
                return answer
        if question.username is not None and (exact or loose):
            shown = show_user(question.username)
            return Missing(f"no entry of {shown} for {origin.host} in {file.shown}")
        return Missing(f"no entry for {origin.host} in {file.shown}")

    def _ask_default(self, question: Question) -> Answer:
        file = self._read_netrc()
        if file is None:
            return Missing("off (--no-netrc)")
        entries = tuple(entry for entry in file.entries if entry.machine is None)
        answer = choose_entry(entries, question.username, file)
        return answer or Missing(f"none in {file.shown}")

    def _is_usual(self, origin: Origin) -> bool:
        """Tell whether a `machine` without a port may be meant for an origin.

        Whoever may start a program on a host has its other ports; the usual one is
        its owner's, and where a source of the user's is, the user has said so.
        """
        is_usual = DEFAULT_PORTS.get(origin.scheme) == origin.port
        return is_usual or origin in self._options.origins

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.append(text)

    def _read_netrc(self) -> NetrcFile | None:
        if not self._options.use_netrc:
            return None
        if self._netrc is None:
            self._netrc = read_netrc(self._environ, self._home)
        return self._netrc


def _is_token(query: Query) -> bool:
    """Tell whether the source says that its user name is a token (rule R3.10)."""
    return query.source.username_is_token and query.stage != "foreign"


def _token_of(username: str, place: str) -> Credential:
    return Credential(username, Secret(""), place, "a token as user name")


def _no_password(username: str, source: Source) -> Problem:
    shown = show_user(username)
    url = mask_shapes(source.url.text)
    ways = [f"run `admit auth login {url} --username {shown}`"]
    if source.name is not None:
        ways = [f"set ADMIT_INDEX_{variable_stem(source.name)}_PASSWORD", *ways]
    ways.append(
        f"add `machine {source.url.host} login {shown} password SECRET` to ~/.netrc"
    )
    last = f"if {shown} is itself a token, write a colon behind it in the URL"
    return Problem(f"no password for {shown}", "\nor ".join(ways) + f"\n{last}")


def _sibling(variable: str, suffix: str) -> str:
    return variable.rpartition("_")[0] + suffix


def _is_mask(text: str) -> bool:
    """Tell whether a text is what programs print in place of a secret (pain A10)."""
    return len(text) >= 3 and not text.strip("*")
