"""`admit auth check [SOURCE…]`: what an index shows to you, and what to nobody.

For: seeing at a glance whether a credential is let in, and whether the index is one
that answers everybody, each with a part (rule R10 of docs/auth.md).
Does not know: how requests are sent. It sends no wrong password to prove anything.
"""

from __future__ import annotations

from admit.auth.denial import CredentialsRejected
from admit.auth.scope import as_nobody
from admit.cli.explain import Bystander, subjects_of
from admit.cli.output import BOLD, GREEN, RED, YELLOW, count_of
from admit.cli.progress import Progress
from admit.errors import AdmitError, AuthError
from admit.index.view import (
    Question,
    View,
    look_as_nobody,
    look_as_us,
    question_of,
)
from admit.net.transport import TlsFailed
from admit.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from admit.api import Session
    from admit.auth.ledger import Standing
    from admit.auth.scope import Source
    from admit.cli.explain import Subject
    from admit.cli.output import Output
    from admit.config.settings import Settings
    from admit.net.client import Client
    from admit.spec.url import Url

_MOST_NAMES = 5
UNSENT = "-"
"""In place of a status, where nothing was sent."""


@value
class Verdict:
    """What the answers together mean."""

    code: str
    """"confirmed", "unproven", "anonymous", "refused", "outside" or "silent"."""
    text: str
    advice: str = ""
    """What makes it certain, or where to look on."""

    @property
    def is_well(self) -> bool:
        return self.code != "refused"


@value
class Checked:
    """One source, looked at."""

    subject: Subject
    question: Question | None
    ours: View | None
    """None if nothing was sent."""
    nobodys: View | None
    """None if there was nothing to compare."""
    verdict: Verdict


def check(settings: Settings, output: Output, names: Sequence[str]) -> int:
    """Ask every source, or those that are named; 1 if any refused or failed."""
    from admit.api import Session

    failed = False
    documents: list[dict[str, object]] = []
    is_shown = not (settings.flag("json") or settings.flag("no_progress"))
    progress = Progress(output, is_on=is_shown)
    with Session(settings, Bystander(output, progress)) as session:
        output.scrub = session.scrub
        for number, subject in enumerate(subjects_of(session, names)):
            progress.working(f"Asking {subject.source.label}")
            checked = _check(session, subject, settings.text("project"))
            progress.clear()
            if settings.flag("json"):
                documents.append(_describe(checked))
            else:
                if number:
                    output.data("")
                _print(output, checked)
            failed = failed or not checked.verdict.is_well
            trouble = checked.ours.trouble if checked.ours is not None else None
            if trouble is not None:
                output.fail(trouble)
    if settings.flag("json"):
        import json

        output.data(json.dumps(documents, indent=2))
    return 1 if failed else 0


def _check(session: Session, subject: Subject, project: str | None) -> Checked:
    source = subject.source
    if source.url.scheme == "file":
        return _unasked(subject, "a folder of this machine: nobody is asked")
    question = question_of(source, project, subject.url)
    client = session.client
    try:
        identity = client.identity_of(source)
        if source.is_public and identity.is_anonymous and question.noun == "project":
            return _unasked(
                subject,
                "public, and asked anonymously: there is nothing to compare; "
                "--project NAME asks for one project",
            )
        ours = look_as_us(client, source, question)
    except AdmitError as error:
        ours = View("nobody was asked", UNSENT, trouble=error)
        return Checked(subject, question, ours, None, _refused(ours))
    if identity.is_anonymous or source.policy == "external":
        verdict = _alone(source, ours)
        return Checked(subject, question, ours, None, verdict)
    stranger = session.stranger()
    try:
        nobodys = look_as_nobody(stranger, as_nobody(source), question)
        verdict = compare(question, ours, nobodys, client.standing(source))
        if verdict.code == "unproven" and ours.file is not None:
            verdict = _by_file(session, stranger, source, ours.file) or verdict
    finally:
        stranger.close()
    if not verdict.is_well and ours.trouble is None:
        trouble = CredentialsRejected(verdict.text, fix=verdict.advice)
        ours = replace(ours, trouble=trouble)
        verdict = _refused(ours)
    if question.project is not None and question.project == source.probe:
        verdict = _with_probe(verdict, nobodys)
    return Checked(subject, question, ours, nobodys, verdict)


def _by_file(
    session: Session, stranger: Client, source: Source, url: Url
) -> Verdict | None:
    """Compare by a file, where everybody is shown the same page of a project."""
    question = Question(url, "file", is_file=True)
    ours = look_as_us(session.client, source, question)
    name = url.filename
    if ours.is_refused:
        return Verdict(
            "unproven",
            f"not proven: {ours.identity} sees the page, as anybody does, and may not "
            f"read {name} ({ours.status})",
        )
    nobodys = look_as_nobody(stranger, as_nobody(source), question)
    if ours.status != "200" or not _is_shut_out(nobodys):
        return None
    return Verdict(
        "confirmed",
        "confirmed: anybody sees the page, but an anonymous caller may not read "
        f"{name}",
    )


def _unasked(subject: Subject, text: str) -> Checked:
    return Checked(subject, None, None, None, Verdict("silent", text))


# What the answers mean.


def compare(
    question: Question, ours: View, nobodys: View, standing: Standing | None
) -> Verdict:
    """Say what two answers to the same question prove (rule R1, confirmed)."""
    if ours.trouble is not None:
        return _refused(ours)
    if ours.status != "200":
        return _missing(question, ours, nobodys)
    who = ours.identity
    if _is_shut_out(nobodys):
        return Verdict(
            "confirmed", f"confirmed: {who} is let in, an anonymous caller is not"
        )
    if nobodys.trouble is not None:
        return Verdict(
            "unproven",
            f"let in; nothing to compare with: asked anonymously, "
            f"{nobodys.trouble.what}",
        )
    is_proved = standing is not None and standing.is_confirmed
    return _by_names(question, ours, nobodys, is_proved=is_proved)


def _is_shut_out(nobodys: View) -> bool:
    """Whether nobody got an answer that says: not you."""
    if nobodys.status == "404" or isinstance(nobodys.trouble, AuthError | TlsFailed):
        return True
    status = nobodys.status  # 400 is what servers say who want a certificate
    return status.startswith("4") and status not in ("408", "429")


def _by_names(
    question: Question, ours: View, nobodys: View, *, is_proved: bool
) -> Verdict:
    if ours.names is None or nobodys.names is None:
        return Verdict("unproven", "not proven: anybody is let in, and who you are too")
    who = ours.identity
    more, less = ours.names - nobodys.names, nobodys.names - ours.names
    if more:
        noun = question.noun
        return Verdict(
            "confirmed",
            f"confirmed: a filtered index; {who} sees {count_of(len(more), noun)} "
            f"more than an anonymous caller: {_some(more)}",
        )
    if less and not nobodys.elsewhere:
        return Verdict(
            "unproven",
            f"odd: an anonymous caller sees {count_of(len(less), question.noun)} that "
            f"{who} does not: {_some(less)}",
        )
    if is_proved and question.project is None:
        return Verdict("confirmed", f"confirmed: {who} was shown the probe")
    return _unproven(question, who)


def _with_probe(verdict: Verdict, nobodys: View) -> Verdict:
    """Warn of a probe that anybody is shown: its 200 proves nothing (rule R1)."""
    if verdict.code != "confirmed" or nobodys.names is None:
        return verdict
    return replace(
        verdict, advice="but as `probe` it proves nothing: anybody is shown it"
    )


def _unproven(question: Question, who: str) -> Verdict:
    if question.project is not None:
        return Verdict(
            "unproven",
            f"not proven: {who} sees of {question.project} what anybody sees",
            "a `probe` must be a project that only your account sees",
        )
    return Verdict(
        "unproven",
        f"not proven: {who} sees what anybody sees, and some servers take a wrong "
        "password for none",
        "ask for what only your account sees or may read: `--project NAME`\n"
        "with `probe` every run makes sure of it",
    )


def _missing(question: Question, ours: View, nobodys: View) -> Verdict:
    who = ours.identity
    if nobodys.names is not None:
        return Verdict(
            "refused",
            f"{who} was answered {ours.status} where an anonymous caller is shown "
            f"{count_of(len(nobodys.names), question.noun)}",
            "look whether the credential is wrong or has expired: some servers say "
            "404 to such",
        )
    if question.is_file:
        return Verdict("unproven", f"{who} was answered {ours.status}")
    if question.project is not None:
        return Verdict("unproven", f"{question.project} is not there for {who}")
    return Verdict(
        "unproven",
        "this index shows nobody a list of its projects",
        "`--project NAME` asks for one project",
    )


def _alone(source: Source, ours: View) -> Verdict:
    if ours.trouble is not None:
        return _refused(ours)
    if source.policy == "external":
        return Verdict(
            "outside", "its credential is added outside: there is no asking anonymously"
        )
    if source.policy == "never":
        return Verdict("anonymous", "asked anonymously: its policy is never")
    if ours.status == "404":
        return Verdict(
            "anonymous",
            "asked anonymously, and there is nothing",
            "look at the address; many servers list no projects, or say 404 to whom "
            "they do not know:\n`--project NAME` asks for one project",
        )
    return Verdict(
        "anonymous",
        "asked anonymously: no credential was found",
        f"`admit auth explain {source.label}` tells where it was looked for",
    )


def _refused(ours: View) -> Verdict:
    if ours.status == UNSENT:
        return Verdict("refused", "nothing was sent; see the error")
    word = "refused" if ours.is_refused else "failed"
    return Verdict("refused", f"{word}; see the error")


def _some(names: frozenset[str]) -> str:
    shown = sorted(names)[:_MOST_NAMES]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


# Printing.


def _print(output: Output, checked: Checked) -> None:
    subject, question = checked.subject, checked.question
    source = subject.source
    shown = question.url.text if question is not None else source.url.text
    name = f"{output.paint(source.name, BOLD)}  " if source.name else ""
    output.data(f"{name}{shown}")
    rows = [each for each in (checked.ours, checked.nobodys) if each is not None]
    if rows and question is not None:
        for line in table_of(question, rows):
            output.data(f"  {line}")
    verdict = checked.verdict
    color = {"confirmed": GREEN, "refused": RED}.get(verdict.code, YELLOW)
    output.data(f"  {output.paint(verdict.text, color)}")
    for line in verdict.advice.splitlines():
        output.data(f"  {line}")


def table_of(question: Question, rows: Sequence[View]) -> Iterator[str]:
    """Lines that set answers to one question side by side."""
    noun = "" if question.is_file else f"{question.noun}s"
    width = max(len("asked as"), *(len(each.identity) for each in rows))
    answers = max(len("answer"), *(len(each.status) for each in rows))
    yield f"{'asked as':{width}}  {'answer':{answers}}  {noun}".rstrip()
    for each in rows:
        count = "-" if each.names is None else str(len(each.names))
        count = "" if question.is_file else f"{count:>{len(noun)}}"
        away = f"  (of {each.elsewhere})" if each.elsewhere else ""
        line = f"{each.identity:{width}}  {each.status:{answers}}  {count}{away}"
        yield line.rstrip()


def _describe(checked: Checked) -> dict[str, object]:
    source, question = checked.subject.source, checked.question
    return {
        "name": source.name,
        "url": source.url.text,
        "asked": question.url.text if question else None,
        "noun": question.noun if question else None,
        "you": _view(checked.ours),
        "anonymous": _view(checked.nobodys),
        "verdict": checked.verdict.code,
        "text": checked.verdict.text,
        "advice": checked.verdict.advice or None,
    }


def _view(view: View | None) -> dict[str, object] | None:
    if view is None:
        return None
    from admit.cli.result import describe_error

    return {
        "identity": view.identity,
        "status": view.status,
        "count": None if view.names is None else len(view.names),
        "elsewhere": view.elsewhere,
        "error": describe_error(view.trouble) if view.trouble else None,
    }
