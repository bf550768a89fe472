"""Errors: one base, six families, split by what the caller does next.

Every error says *what* happened, *why* (the evidence, in order) and how to *fix*
it. Leaf classes live beside the code that raises them and set `code`, a stable
kebab-case word for machines. Texts are safe to print: URLs in them are `Url`s,
which cannot print a password.
"""

from __future__ import annotations

import errno

_SYSTEM_FIXES = {
    errno.ENOSPC: "make room on that disk, then run it again",
    errno.EDQUOT: "make room below your quota, then run it again",
    errno.EROFS: "that file system is read-only: choose another place",
    errno.EACCES: "you may not write there: choose another place, or ask for the right",
    errno.EPERM: "you may not write there: choose another place, or ask for the right",
}


def fix_of_system(error: OSError) -> str | None:
    """Say what helps where the system refuses; None where nobody knows."""
    return _SYSTEM_FIXES.get(error.errno or 0)


class AdmitError(Exception):
    """A failure that a user can understand and act on."""

    code = "error"

    def __init__(
        self, what: str, *, why: str | None = None, fix: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        """One clause that names the thing; no full stop."""
        self.why = why
        """What was found or tried, in order; never a guess."""
        self.fix = fix
        """A literal command or setting, only if known to help here."""


class InputError(AdmitError, ValueError):
    """A text breaks a specification."""

    code = "invalid-input"


class UsageError(AdmitError):
    """The command line or the configuration asks for something impossible.

    The one error that ends with exit status 2.
    """

    code = "usage"


class NetworkError(AdmitError):
    """A server could not be reached or did not answer as it should."""

    code = "network"
    may_retry = False


class AuthError(AdmitError):
    """A source wants a credential, or refuses the one it was given."""

    code = "authentication"


class ResolutionError(AdmitError):
    """No set of versions satisfies what was asked."""

    code = "no-solution"


class IntegrityError(AdmitError):
    """Bytes are not what was promised; nothing of them is kept."""

    code = "integrity"


class EnvironmentProblem(AdmitError):
    """The target environment refuses."""

    code = "environment"
