"""What to do about a source that cannot be read: the `fix` of refusals, in parts.

For: one wording of every next step, one way a line, each with the words that are to
be typed for this source.
Does not know: what was refused, or why (auth.denial).
"""

from __future__ import annotations

from admit.auth.scrub import MASK, mask_shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.auth.scheme import Credential
    from admit.auth.scope import Source
    from admit.spec.url import Url


def how_to_give(source: Source, asked: Url | None = None) -> str:
    """Say how to give a source a credential; `asked`: what was asked for it."""
    if source.url.scheme == "file" and asked is not None:
        place = str(asked.origin).partition("://")[2]  # nobody logs in to a folder
        return f"add {_netrc_line(place)} to ~/.netrc"
    url = mask_shapes(source.url.text)
    stem = _stem(source.name) if source.name is not None else "NAME"
    naming = "" if source.name is not None else f"name it, `--index NAME={url}`, and "
    return "\n".join(
        (
            f"run `admit auth login {url}`",
            f"or add {_netrc_line(source.url.host)} to ~/.netrc",
            f"or {naming}set ADMIT_INDEX_{stem}_USERNAME and "
            f"ADMIT_INDEX_{stem}_PASSWORD",
        )
    )


def how_to_correct(credential: Credential, source: Source) -> str:
    """Say where the credential stands that was refused."""
    if credential.provider == "prompt":
        return (
            "run it again and type the credential anew; `admit auth login "
            f"{mask_shapes(source.url.text)}` tries one, and keeps it"
        )
    where = where_of(credential, source)
    return f"correct {name_of_secret(credential)} in {where}; it may have expired"


def how_to_be_let_in(credential: Credential) -> str:
    """Say what helps who is known and has no right."""
    return f"ask on the server for {credential.shown_user}'s right to read it"


def how_to_be_known(credential: Credential, source: Source) -> str:
    """Say what helps where 403 may mean the right, or the secret."""
    return (
        f"look whether {name_of_secret(credential)} in {where_of(credential, source)} "
        "is right: some servers say 403 to a wrong one\n"
        f"if it is, {how_to_be_let_in(credential)}"
    )


def where_of(credential: Credential, source: Source) -> str:
    """Say where a credential stands."""
    if credential.provider == "URL":
        return f"the URL of {mask_shapes(source.label)}"
    return credential.detail or credential.provider


def name_of_secret(credential: Credential) -> str:
    """Say whose secret it is, or what kind of."""
    if credential.kind == "headers":
        return credential.shown_user
    if credential.kind == "bearer" or credential.shown_user == MASK:
        return "the token"
    if not credential.username:
        return "the token without a user name"
    return f"the credential of {credential.shown_user}"


def _netrc_line(machine: str) -> str:
    return f"`machine {machine} login USER password SECRET`"


def _stem(name: str) -> str:
    return "".join(
        mark if mark.isascii() and mark.isalnum() else "_" for mark in name.upper()
    )
