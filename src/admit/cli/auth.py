"""`admit auth VERB`: what admit knows of credentials, told and looked after.

For: `list`, `token`, `forget`, `dir`; `login` and `logout` are in `cli.login`,
`explain` and `check` in modules of their own.
Does not know: how credentials are found. A secret is printed by `token` only, to
stdout, and goes into no log.
"""

from __future__ import annotations

from admit.cli.arguments import texts_of
from admit.cli.listener import Teller
from admit.cli.progress import Progress
from admit.errors import AuthError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from admit.api import Session
    from admit.auth.scope import Source
    from admit.auth.sources.prompt import AskPerson
    from admit.auth.sources.store import Store
    from admit.auth.store import Stored
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.spec.url import InvalidUrl

    Run = Callable[[Settings, Output, Sequence[str]], int]


class NoToken(AuthError):
    """There is no single secret to print for a source."""

    code = "no-token"


class Unattended(Teller):
    """Tells of a run in which nobody is asked for anything."""

    def asker(self) -> AskPerson | None:
        return None


def run_auth(settings: Settings, output: Output, operands: Mapping[str, object]) -> int:
    """Run one of the verbs."""
    verb, *rest = texts_of(operands["_words"]) or ("",)
    run = find_verb(verb)
    if run is None:
        from admit.cli.auth_help import VERBS, overview

        if not verb:
            output.note(overview())
        raise UsageError(
            f"`admit auth {verb}` is not understood" if verb else "no verb was given",
            fix=f"`admit auth` wants one of {', '.join(VERBS)}",
        )
    return run(settings, output, rest)


def find_verb(verb: str) -> Run | None:
    """Return what runs a verb; None if there is no such verb."""
    if verb in ("login", "logout"):
        from admit.cli import login

        return login.login if verb == "login" else login.logout
    if verb == "explain":
        from admit.cli.explain import explain

        return explain
    if verb == "check":
        from admit.cli.check import check

        return check
    return {"list": _list, "token": _token, "forget": _forget, "dir": _dir}.get(verb)


def open_session(settings: Settings, output: Output) -> Session:
    """Open a session for one verb, in which nobody is asked for a login."""
    from admit.api import Session

    session = Session(settings, Unattended(output, Progress(output, is_on=False)))
    output.scrub = session.scrub
    return session


def one_target(verb: str, words: Sequence[str]) -> str:
    """Return the one name or URL that a verb wants.

    Raises:
        UsageError: there is none, or more.
    """
    if len(words) != 1:
        raise UsageError(
            f"`admit auth {verb}` wants one source",
            fix="give the name of an index, or a URL",
        )
    return words[0]


def find_source(session: Session, text: str) -> Source:
    """Return the source that is meant: a configured index, or a URL of its own.

    Raises:
        UsageError: it is neither a name nor a URL, or the URL holds a password.
    """
    from admit.auth.scope import Source
    from admit.spec.url import InvalidUrl, parse_url

    sources = [each.source for each in session.index_settings()]
    for source in sources:
        if source.name is not None and source.name.lower() == text.lower():
            return source
    try:
        url = parse_url(text)
    except InvalidUrl as error:
        names = [each.name for each in sources if each.name]
        raise no_such_index(text, names, error) from error
    if url.userinfo is not None and url.userinfo.password is not None:
        raise UsageError(
            f"the URL of {url.text} holds a password",
            fix="leave it out: others can read command lines; `admit auth login` asks "
            "for it, or reads it with --password-stdin",
        )
    for source in sources:
        if source.url.key == url.key and source.url.userinfo in (None, url.userinfo):
            return source
    return Source(url)


def no_such_index(
    text: str, names: Sequence[str], error: InvalidUrl | None = None
) -> UsageError:
    """Say that a word is neither an index that has a name, nor a URL."""
    from admit.spec.url import mask_url_text

    shown = mask_url_text(text)
    fix = f"give the name of an index, or a URL: `https://{shown}`"
    if "." not in shown or "@" in shown:
        fix = "give the name of an index, or a URL such as https://HOST/simple/"
    if error is not None and "://" in text:
        return UsageError(error.what, why=error.why, fix=error.fix or fix)
    return UsageError(
        f"there is no index {shown}, and it is no URL",
        why=f"named indexes: {', '.join(names) or 'none'}",
        fix=fix,
    )


def _dir(settings: Settings, output: Output, words: Sequence[str]) -> int:
    from admit.config.folders import credentials_dir

    if words:
        raise UsageError("`admit auth dir` takes nothing more")
    output.data(credentials_dir(settings))
    return 0


def _list(settings: Settings, output: Output, words: Sequence[str]) -> int:
    from admit.auth.sources.store import uv_store
    from admit.config.credentials import open_store

    if words:
        raise UsageError("`admit auth list` takes nothing more")
    stores = [open_store(settings), uv_store(settings.environ, settings.home)]
    found = [(store, each) for store in stores for each in store.entries()]
    if settings.flag("json"):
        import json

        output.data(json.dumps([_described(*each) for each in found], indent=2))
        return 0
    rows = [_row(*each) for each in found]
    widths = [max(len(row[at]) for row in rows) for at in range(4)] if rows else []
    for row in rows:
        shown = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        output.data("  ".join(shown).rstrip())
    if not rows:
        output.note("No credential is stored; `admit auth login` stores one")
    return 0


def _row(store: Store, entry: Stored) -> tuple[str, str, str, str]:
    added = f"since {entry.added}" if entry.added else ""
    return (_shown_url(entry), shown_user(entry), added, store.shown)


def _described(store: Store, entry: Stored) -> dict[str, str | None]:
    return {
        "url": _shown_url(entry),
        "user": shown_user(entry),
        "kind": entry.kind,
        "added": entry.added or None,
        "path": store.path,
    }


def _shown_url(entry: Stored) -> str:
    from admit.auth.scrub import mask_shapes

    return mask_shapes(entry.url.text)


def shown_user(entry: Stored) -> str:
    """The user of an entry, masked as everywhere."""
    from admit.auth.scheme import Credential

    return Credential(entry.username, entry.secret, "store", kind=entry.kind).shown_user


def _token(settings: Settings, output: Output, words: Sequence[str]) -> int:
    """Print the secret that a source would be asked with."""
    from admit.auth.advice import how_to_give

    with open_session(settings, output) as session:
        source = find_source(session, one_target("token", words))
        session.client.identity_of(source)
        found = session.client.gathered(source)
        credential = found.credential if found is not None else None
        if found is None or credential is None:
            tried = ", ".join(map(str, found.tried)) if found is not None else ""
            raise NoToken(
                f"there is no credential for {source.label}",
                why=tried or None,
                fix=how_to_give(source),
            )
        if credential.kind == "headers":
            raise NoToken(f"{source.label} is asked with {credential.shown_user}")
        output.detail(f"the secret of {credential.long_label}")
        output.reveal(credential.secret)
    return 0


def _forget(settings: Settings, output: Output, words: Sequence[str]) -> int:
    """Forget that a source once accepted a credential (rule R9)."""
    from admit.config.credentials import open_memory

    with open_session(settings, output) as session:
        source = find_source(session, one_target("forget", words))
    memory = open_memory(settings)
    known = memory.find(source)
    if known is None or not memory.forget(source):
        output.note(f"Nothing was remembered of {source.label}")
        return 0
    output.note(
        f"Forgot that {source.label} was used with a credential from "
        f"{known.provider} on {known.day}"
    )
    return 0
