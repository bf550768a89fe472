"""`admit auth login` and `logout`: credentials into the store, and out of it.

For: asking for a secret, trying it, and telling what the index shows with it and what
to nobody, so that a credential which changes nothing is seen at once (pain A1).
Does not know: the store's format. The secret comes from the terminal or from stdin,
never from the command line.
"""

from __future__ import annotations

import sys

from admit.cli.auth import find_source, one_target, open_session, shown_user
from admit.cli.output import GREEN
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.api import Session
    from admit.auth.scheme import Credential, Kind
    from admit.auth.scope import Source
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.spec.url import Secret

_LARGEST = 64 * 1024


def login(settings: Settings, output: Output, words: Sequence[str]) -> int:
    """Store a credential for a source, after asking the index with it."""
    from admit.auth.scheme import Credential
    from admit.auth.store import Stored
    from admit.config.credentials import open_store

    target = settings.text("password_stdin")
    words = [*words, target] if target and not words else words
    if settings.flag("token") and len(words) > 1:
        raise UsageError(
            "--token takes no value: others can read command lines",
            fix="pipe the token in: `… | admit auth login SOURCE --token "
            "--password-stdin`, or type it when it is asked for",
        )
    text = one_target("login", words)
    # What --password-stdin brings is for this command, not for gathering.
    with open_session(_without_gifts(settings), output) as session:
        source = find_source(session, text)
        is_token = settings.flag("token")
        username = "" if is_token else _username(settings, output, source)
        label = f"Token for {source.label}: " if is_token else ""
        whose = f" of {username}" if username else ""
        secret = _secret(
            settings, output, label or f"Password{whose} for {source.label}: "
        )
        kind: Kind = "bearer" if is_token else "basic"
        credential = Credential(
            username, secret, "login", "what you gave", kind, is_ambient=True
        )
        _check_sendable(credential)
        if not (settings.flag("no_verify") or settings.flag("offline")):
            _verify(session, source, credential, output)
        url = source.url.without_userinfo().without_fragment()
        entry = Stored(url, username, secret, kind, _today())
        store = open_store(settings)
        store.add(entry)
        what = shown_user(entry) if is_token else f"the secret of {shown_user(entry)}"
        output.note(f"Stored {what} for {url.text} in {store.shown}")
        _tell_what_goes_before(session, source, credential, output)
    return 0


def logout(settings: Settings, output: Output, words: Sequence[str]) -> int:
    """Remove the credentials of a source from the store."""
    from admit.config.credentials import open_memory, open_store

    with open_session(settings, output) as session:
        source = find_source(session, one_target("logout", words))
    username = settings.text("username")
    if username is None and source.url.userinfo is not None:
        username = source.url.userinfo.username
    store = open_store(settings)
    count = store.remove(source.url, username)
    if not count:
        whose = f" of {username}" if username else ""
        raise UsageError(
            f"there is no credential{whose} for {source.url.text} in {store.shown}",
            fix="`admit auth list` shows what there is",
        )
    output.note(
        f"Removed {count} credential{'s' if count > 1 else ''} for {source.url.text} "
        f"from {store.shown}"
    )
    if open_memory(settings).find(source) is not None:
        output.hint(
            "without any credential it will be an error now; if it needs none: "
            f"`admit auth forget {source.label}`"
        )
    return 0


def _username(settings: Settings, output: Output, source: Source) -> str:
    given = settings.text("username")
    if given is None and source.url.userinfo is not None:
        given = source.url.userinfo.username
    if given is None and _may_ask(settings, output):
        given = output.ask(f"User name for {source.label}: ", is_secret=False)
    if given is None:
        raise UsageError(
            f"no user name for {source.label}",
            fix="give --username NAME (empty if the index wants none), or --token for "
            "a token that is sent as Bearer",
        )
    return given


def _secret(settings: Settings, output: Output, text: str) -> Secret:
    from admit.auth.provided import strip_line_end
    from admit.spec.url import Secret

    if settings.text("password_stdin") is not None:
        stream = sys.stdin
        body = b"" if stream is None else stream.buffer.read(_LARGEST + 1)
        if len(body) > _LARGEST:
            raise UsageError("what came from stdin is over 64 KiB long")
        try:
            found = strip_line_end(body).decode()
        except UnicodeDecodeError:
            raise UsageError("what came from stdin is not UTF-8") from None
        if not found:
            raise UsageError("nothing came from stdin", fix="pipe the secret into it")
        return Secret(found)
    if not _may_ask(settings, output):
        raise UsageError(
            "there is no terminal to ask for the secret",
            fix="pipe it in and say --password-stdin",
        )
    answer = output.ask(text, is_secret=True)
    if not answer:
        raise UsageError("no secret was typed; nothing was stored")
    return Secret(answer)


def _may_ask(settings: Settings, output: Output) -> bool:
    return output.can_ask and not settings.flag("no_input")


def _check_sendable(credential: Credential) -> None:
    from admit.auth.scheme import InvalidCredential, unsendable

    reason = unsendable(credential.username, credential.secret, credential.kind)
    if reason is not None:
        raise InvalidCredential(f"the credential cannot be sent: {reason}")


def _verify(
    session: Session, source: Source, credential: Credential, output: Output
) -> None:
    """Ask with the credential, then without, and tell what each is shown.

    Raises:
        AuthError, NetworkError: the index refuses it, or cannot be asked; nothing is
            stored then.
    """
    from admit.auth.denial import CredentialsRejected, plain_http, unusable
    from admit.auth.query import Found
    from admit.auth.scope import as_nobody, plain_http_problem
    from admit.cli.check import compare, table_of
    from admit.index.view import look_as_nobody, look_as_us, question_of
    from admit.value import replace

    hosts = session.settings.items("allow_insecure_host")
    origin = source.url.origin
    reason = plain_http_problem(credential, origin, hosts)
    if reason is not None:
        raise unusable(source, plain_http(reason, origin), ())
    bare = replace(source, url=source.url.without_userinfo(), policy="auto")
    question = question_of(bare, None, None)
    ours_client = session.client_of(lambda _: Found(credential))
    nobodys_client = session.stranger()
    try:
        ours = look_as_us(ours_client, bare, question)
        if ours.trouble is not None:
            ours.trouble.fix = _unstored(ours.trouble.fix)
            raise ours.trouble
        nobodys = look_as_nobody(nobodys_client, as_nobody(bare), question)
        verdict = compare(question, ours, nobodys, ours_client.standing(bare))
    finally:
        ours_client.close()
        nobodys_client.close()
    output.note(source.label)
    for line in table_of(question, (ours, nobodys)):
        output.note(f"  {line}")
    if not verdict.is_well:
        raise CredentialsRejected(verdict.text, fix=_unstored(verdict.advice))
    if verdict.code == "confirmed":
        output.note(f"  {output.paint(verdict.text, GREEN)}")
        return
    output.warn(
        f"{verdict.text}; `admit auth check {source.label} --project NAME` with a "
        "project that only your account sees tells more"
    )


def _unstored(fix: str | None) -> str:
    text = "nothing was stored; --no-verify stores without asking"
    return f"{fix}\n{text}" if fix else text


def _tell_what_goes_before(
    session: Session, source: Source, credential: Credential, output: Output
) -> None:
    """Warn if another place would be asked first, and has an answer (rule R3)."""
    from admit.errors import AdmitError

    try:
        session.client.identity_of(source)
    except AdmitError as error:
        output.warn(f"it is not used yet: {error.what}")
        return
    found = session.client.gathered(source)
    used = found.credential if found is not None else None
    if used is not None and used.pair != credential.pair:
        output.warn(
            f"{source.label} is still asked as {used.long_label}, which goes before "
            "the store"
        )


def _without_gifts(settings: Settings) -> Settings:
    from admit.value import replace

    values = {
        key: each for key, each in settings.values.items() if key != "password_stdin"
    }
    return replace(settings, values=values)


def _today() -> str:
    from time import localtime, strftime

    return strftime("%Y-%m-%d", localtime())
