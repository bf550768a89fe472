"""From the entries of a netrc to an answer: which one, or why none.

For: rule R3.5 of docs/auth.md: several logins of a machine, half entries, a file that
cannot be read.
Does not know: where the file is, its grammar.
"""

from __future__ import annotations

from admit.auth.query import Problem
from admit.auth.scheme import Credential, show_user
from admit.auth.sources.place import Complete, Missing, Unusable, UserOnly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from admit.auth.sources.netrc import Entry, NetrcFile
    from admit.auth.sources.place import Answer
    from admit.spec.url import Origin


def answer_of_trouble(file: NetrcFile, host: str) -> Answer:
    """Answer for a netrc that could not be read or parsed (pains D4, D5)."""
    is_grammar = bool(file.words)
    if is_grammar and not file.names(host):
        return Missing(f"{file.shown} is not used: {file.trouble}")
    if not is_grammar and not file.is_chosen:
        return Missing(f"cannot read {file.shown}: {file.trouble}")
    if is_grammar:
        what = f"{file.shown} speaks of {host} but has a {file.trouble}"
        return Unusable(Problem(what, f"correct {file.shown}"))
    return Unusable(
        Problem(
            f"$NETRC names {file.shown}, which cannot be read: {file.trouble}",
            "correct or unset NETRC, or switch netrc off with --no-netrc",
        )
    )


def strange_port(file: NetrcFile, entry: Entry, origin: Origin) -> str:
    """Warn that an entry is not sent to a port which nobody gave it for."""
    return (
        f"{file.shown}:{entry.line}: the entry of {origin.host} names no port and is "
        f"not sent to {origin}, where a link leads and no source of yours is; if it "
        f"is for that port too, write `machine {origin.host}:{origin.port}`"
    )


def choose_entry(
    entries: Sequence[Entry], username: str | None, file: NetrcFile
) -> Answer | None:
    """Choose among entries of one machine; None if none is for this user."""
    fitting = [
        entry
        for entry in entries
        if username is None or (entry.login or "") == username
    ]
    whole = {
        (entry.login or "", entry.password): entry
        for entry in fitting
        if entry.password is not None and (entry.password or entry.login)
    }
    if len(whole) > 1:
        listed = ", ".join(
            f"{show_user(login) or 'no login'} in line {entry.line}"
            for (login, _), entry in whole.items()
        )
        machine = fitting[0].machine or "default"
        user = next((user for user, _ in whole if user), "USER")
        return Unusable(
            Problem(
                f"{file.shown} has several entries for {machine}: {listed}",
                "say which one with a user name in the URL of the index: "
                f"`https://{show_user(user)}@{fitting[0].machine or 'HOST'}/…`",
            )
        )
    for (login, secret), entry in whole.items():
        where = f"{file.shown} line {entry.line}"
        return Complete(Credential(login, secret, "netrc", where, is_ambient=True))
    for entry in fitting:
        if entry.login:
            shown = show_user(entry.login)
            outcome = f"{shown} in {file.shown} line {entry.line} has no password"
            return UserOnly(entry.login, outcome)
    for entry in fitting:
        is_begun = entry.login is not None or entry.password is not None
        if entry.machine is not None and is_begun:  # cut off behind `login`, say
            return Unusable(
                Problem(
                    f"{file.shown} line {entry.line} names {entry.machine}, but "
                    "neither user nor password",
                    f"complete it: `machine {entry.machine} login USER password SECRET`"
                    ", or take it out",
                )
            )
    return None
