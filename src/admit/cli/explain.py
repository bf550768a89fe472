"""`admit auth explain [SOURCE…]`: who would ask whom, and why; nothing is sent.

For: one block a source: the decision first, then its reasons in the order in which
they were looked for (rule R10 of docs/auth.md).
Does not know: how credentials are found, what becomes of requests.
"""

from __future__ import annotations

import sys

from admit.auth.account import account_of, reach
from admit.auth.query import Found, format_attempts
from admit.auth.scrub import mask_shapes
from admit.cli.listener import Teller
from admit.cli.output import BOLD, GREEN, RED
from admit.cli.progress import Progress
from admit.errors import AdmitError
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from admit.api import Session
    from admit.auth.account import Account
    from admit.auth.query import Attempt
    from admit.auth.scope import Source
    from admit.auth.sources.prompt import AskPerson
    from admit.cli.output import Output
    from admit.config.settings import IndexSettings, Settings
    from admit.net.transport import TransportOptions
    from admit.spec.url import Url

_MARGIN = 2
_LABEL = 10
Rows = list[tuple[str, str]]


class Bystander(Teller):
    """Tells of a run in which nobody may be asked for anything."""

    def asker(self) -> AskPerson | None:
        return None


@value
class Subject:
    """One thing to explain."""

    source: Source
    policy_origin: str = "default"
    url: Url | None = None
    """A direct URL that was asked about, and that the source serves."""


def explain(settings: Settings, output: Output, names: Sequence[str]) -> int:
    """Print an account of every source, or of the ones that are named."""
    from admit.api import Session

    # A run that does nothing has nothing to remember either (rule R9).
    settings = replace(settings, values={**settings.values, "dry_run": True})
    teller = Bystander(output, Progress(output, is_on=False))
    documents: list[dict[str, object]] = []
    with Session(settings, teller) as session:
        output.scrub = session.scrub
        for number, subject in enumerate(subjects_of(session, names)):
            account = _look(session, subject)
            facts = _facts(session, account)
            if settings.flag("json"):
                documents.append(_describe(subject, account, facts))
                continue
            if number:
                output.data("")
            _print(output, subject, account, facts)
    if settings.flag("json"):
        import json

        output.data(json.dumps(documents, indent=2))
    return 0


def subjects_of(session: Session, names: Sequence[str]) -> list[Subject]:
    """Return what is meant: all configured sources, or the ones that are named.

    Raises:
        UsageError: a word is neither the name of an index nor a URL.
    """
    indexes = session.index_settings()
    if not names:
        return [_configured(each) for each in indexes]
    return [_find(session, indexes, each) for each in names]


def _configured(index: IndexSettings) -> Subject:
    return Subject(index.source, index.policy_origin or "default")


def _find(session: Session, indexes: Sequence[IndexSettings], text: str) -> Subject:
    from admit.spec.url import InvalidUrl, parse_url

    for index in indexes:
        name = index.source.name
        if name is not None and name.lower() == text.lower():
            return _configured(index)
    try:
        url = parse_url(text)
    except InvalidUrl as error:
        from admit.cli.auth import no_such_index

        known = [each.source.name for each in indexes if each.source.name]
        raise no_such_index(text, known, error) from error
    for index in indexes:
        if index.source.url.key == url.key:
            return _configured(index)
    source = session.source_for(url)
    for index in indexes:
        if index.source.key == source.key:
            return replace(_configured(index), url=url)
    origin = session.settings.origin_of("authenticate")
    if url.path.endswith("/"):  # a page, not a file: an index that is not configured
        return Subject(replace(source, kind="index"), origin)
    return Subject(source, origin, url)


def _look(session: Session, subject: Subject) -> Account:
    """Gather for a source, as its first request would."""
    from admit.auth.query import Problem

    source = subject.source
    problem = None
    try:
        if source.url.scheme != "file":
            session.client.identity_of(source)
    except AdmitError as error:
        problem = Problem(error.what, error.fix)
    found = session.client.gathered(source) or Found()
    return account_of(source, found, problem, subject.url)


# What is in force around the credential.


@value
class Facts:
    """What a source's requests have besides a credential."""

    cache: str
    trust: str | None
    certificate: str | None
    proxy: str | None
    remembered: str | None


def _facts(session: Session, account: Account) -> Facts:
    from admit.config.network import transport_options

    source = account.source
    if source.url.scheme == "file":
        return Facts("not needed", None, None, None, None)
    options = transport_options(session.settings)
    return Facts(
        _cache(session, account),
        _trust(source, options),
        _certificate(source, options),
        _proxy(source, options),
        _remembered(session, source),
    )


def _cache(session: Session, account: Account) -> str:
    if account.outcome == "error":
        return "nothing of it is used"
    identity = session.client.identity_of(account.source)
    if account.source.principal is not None and account.outcome == "credential":
        return f"listings of the principal {account.source.principal}"
    if identity.is_anonymous:
        return "listings that anybody may see"
    if account.outcome == "external":
        return "listings of whoever is added outside"
    return f"listings of this identity only ({identity.fingerprint[:8]}…)"


def _trust(source: Source, options: TransportOptions) -> str | None:
    from admit.net.outgoing import is_insecure
    from admit.net.trust import choose_trust

    if source.url.scheme != "https":
        is_near = source.url.origin.is_loopback
        return None if is_near else "plain http: what is sent can be read on its way"
    if is_insecure(options, source.url):
        return "its certificate is not checked (allow-insecure-host)"
    if source.ca_cert is not None:
        return f"CA file {source.ca_cert} (of the index)"
    return str(choose_trust(sys.platform, options.ca_file, options.ca_dir))


def _certificate(source: Source, options: TransportOptions) -> str | None:
    from admit.net.source_tls import certificate_of

    path = certificate_of(source, options.tls).client_cert
    if path is None or source.url.scheme != "https":
        return None
    whose = "of the index" if source.client_cert is not None else "of the run"
    return f"{path} ({whose})"


def _proxy(source: Source, options: TransportOptions) -> str | None:
    from admit.net.proxies import proxy_for, show_proxy

    if source.proxy == "direct":
        return "none (of the index: direct)"
    if source.proxy is not None:
        return f"{show_proxy(source.proxy)} (of the index)"
    proxy = proxy_for(options.proxies, source.url.origin)
    return None if proxy is None else show_proxy(proxy)


def _remembered(session: Session, source: Source) -> str | None:
    from admit.config.credentials import open_memory

    known = open_memory(session.settings).find(source)
    return f"used with {known.provider} on {known.day}" if known else None


# Printing.


def _print(output: Output, subject: Subject, account: Account, facts: Facts) -> None:
    source = account.source
    title = subject.url.without_userinfo().text if subject.url else source.url.text
    name = ""
    if source.name is not None and subject.url is None:
        name = f"{output.paint(source.name, BOLD)}  "
    output.data(f"{name}{mask_shapes(title)}")
    color = RED if account.outcome == "error" else GREEN
    sends = output.paint(account.decision, color if account.credential else BOLD)
    rows: Rows = []
    if subject.url is not None:
        rows.append(("serves", reach(subject.url, source)))
    if source.url.scheme == "file":
        output.data(_row("sends", "nothing: it is a folder of this machine"))
        return
    rows.append(("sends", sends))
    if account.problem is not None:
        rows += [("error", output.paint(account.problem.what, RED))]
        rows += _listed("fix", (account.problem.fix or "").splitlines())
    rows.append(("policy", _policy(subject)))
    rows += _asked(account.tried)
    rows += [("later", account.later)] if account.later else []
    rows += _listed("to", [f"{each} (any path)" for each in account.origins])
    if account.outcome != "error":
        rows.append(("not to" if account.credential else "else", account.withheld))
    rows.append(("cache", facts.cache))
    for label, text in (
        ("trust", facts.trust),
        ("shows", facts.certificate),
        ("proxy", facts.proxy),
        ("earlier", facts.remembered),
        ("probe", source.probe),
    ):
        rows += [(label, text)] if text else []
    for label, text in rows:
        output.data(_row(label, text))


def _row(label: str, text: str) -> str:
    return f"{' ' * _MARGIN}{label:{_LABEL}}{text}".rstrip()


def _listed(label: str, texts: Iterable[str]) -> Rows:
    return [(label if not at else "", text) for at, text in enumerate(texts)]


def _asked(tried: Sequence[Attempt]) -> Rows:
    shown = [replace(each, outcome=_outcome(each)) for each in tried]
    return _listed("asked", format_attempts(shown))


def _outcome(attempt: Attempt) -> str:
    if attempt.provider == "prompt":
        return "not asked by `explain`"
    return attempt.outcome


def _policy(subject: Subject) -> str:
    origin = subject.policy_origin
    return f"{subject.source.policy} ({origin})"


def _describe(subject: Subject, account: Account, facts: Facts) -> dict[str, object]:
    source, credential, problem = account.source, account.credential, account.problem
    return {
        "name": source.name,
        "url": mask_shapes(source.url.text),
        "asked_about": mask_shapes(subject.url.text) if subject.url else None,
        "kind": source.kind,
        "policy": {"value": source.policy, "origin": subject.policy_origin},
        "public": source.is_public,
        "outcome": account.outcome,
        "decision": account.decision,
        "credential": None
        if credential is None
        else {
            "user": credential.shown_user,
            "provider": credential.provider,
            "detail": credential.detail,
            "kind": credential.kind,
            "ambient": credential.is_ambient,
            "expires": credential.expires,
        },
        "problem": None
        if problem is None
        else {"what": problem.what, "fix": problem.fix},
        "asked": [
            {"place": each.provider, "outcome": _outcome(each)}
            for each in account.tried
        ],
        "origins": [str(each) for each in account.origins],
        "withheld": account.withheld,
        "later": account.later,
        "cache": facts.cache,
        "trust": facts.trust,
        "client_certificate": facts.certificate,
        "proxy": facts.proxy,
        "remembered": facts.remembered,
        "probe": source.probe,
    }
