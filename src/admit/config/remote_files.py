"""What a requirements file on a server may not say: its author is not the user.

For: files that `-r` and `-c` name by URL, and what these include.
Does not know: how files are fetched and parsed.
Shape: one entry of such a file and its URL; raises, or does nothing. Such a file may
ask for anything that servers have, and so run any code that these have. It sends no
variable of the user's to another server, trusts nobody in the user's name, and names no
path of this machine: its author knows neither the working directory nor who else may
write there.
"""

from __future__ import annotations

from admit.errors import UsageError
from admit.spec.requirements_file import Include, IndexOption, RequirementLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeGuard

    from admit.spec.url import Url

    Entry = RequirementLine | Include | IndexOption

_OF_THIS_MACHINE = ("file", "git+file")


class CannotReadRequirements(UsageError):
    """A requirements file is missing, unreadable, or includes itself."""

    code = "cannot-read-requirements"


def is_remote(url: Url | None) -> TypeGuard[Url]:
    """Whether the file is on a server; None stands for a path."""
    return url is not None and url.scheme != "file"


def check_remote(entry: Entry, url: Url) -> None:
    """Refuse an entry of a file on a server that only the user could mean.

    Raises:
        CannotReadRequirements: it sends variables elsewhere, or names a path.
        UsageError: it says whom to trust.
    """
    if isinstance(entry, IndexOption) and entry.kind == "trusted-host":
        raise UsageError(
            f"{entry.where}: a file of a server may not say --trusted-host",
            why="whose certificates need no check is yours to say",
            fix=f"if it is as you want it: --trusted-host {entry.text}",
        )
    found = entry.url
    if isinstance(entry, RequirementLine) and entry.requirement is not None:
        found = entry.requirement.url
    path = entry.path if isinstance(entry, RequirementLine) else None
    if found is not None and found.scheme in _OF_THIS_MACHINE:
        path = found.text
    if path is not None and isinstance(entry, Include):
        raise CannotReadRequirements(
            f"{url.text} includes {path}",
            why="a file of a server may not read files of this machine",
        )
    if path is not None:
        raise CannotReadRequirements(
            f"{entry.where}: a file of a server may not name a path of this machine",
            why=f"it names {path}",
            fix="name it on the command line, or save the file and read it from here",
        )
    if found is not None:
        _refuse_variables(entry, found, url)


def _refuse_variables(entry: Entry, found: Url, url: Url) -> None:
    """Refuse what would send variables of ours to another server."""
    userinfo = found.userinfo
    if userinfo is None or found.origin == url.origin:
        return
    if userinfo.names_variable:
        raise CannotReadRequirements(
            f"{entry.where}: a file of {url.origin} may not send variables to "
            f"{found.origin}",
            why="their values would go where its author says",
            fix="give that URL on the command line or in a configuration file",
        )
