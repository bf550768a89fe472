"""Files that an index lists and does not hand out: `refused-files = "skip"`.

For: servers with curation, which answer 403 for single files of a page they show
(pain H6). Whether a file may be fetched must be known before its version is chosen:
so its metadata is read out of the file itself, which proves it.
Does not know: what becomes of a version that is refused (`resolve.provider`).
Rule: only a 403 to a source's own credential that the source has accepted in this run
is a fact about the file. To anybody else it says what it says everywhere: no.
Spec: rule R6 of docs/auth.md, "file 403".
"""

from __future__ import annotations

from admit.auth.denial import CredentialsRejected
from admit.errors import AuthError
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from admit.auth.scheme import Credential
    from admit.auth.scope import Source
    from admit.index.files import Downloaded, Files
    from admit.index.listing import Candidate
    from admit.index.simple import File
    from admit.net.client import Client, Response
    from admit.net.future import Future
    from admit.spec.metadata import Metadata
    from admit.spec.names import NormalizedName
    from admit.spec.version import Version

    T = TypeVar("T")


@value
class Refusal:
    """One version whose file is refused to somebody whom the index knows."""

    project: NormalizedName
    version: Version
    filename: str
    source: Source
    credential: Credential
    status: int = 403

    @property
    def reason(self) -> str:
        """A predicate, for explanations."""
        return (
            f"is refused by {self.source.label} ({self.status}, asked as "
            f"{self.credential.label})"
        )

    def instead(self, version: Version) -> str:
        """One line that says what was taken in its place."""
        return (
            f"{self.source.label} refused {self.project} {self.version} "
            f"({self.status} for {self.filename}, asked as {self.credential.label}): "
            f"took {version} instead"
        )

    @property
    def fix(self) -> str:
        """Who can say more, and what can be done without."""
        who = self.credential.shown_user
        return (
            f"{self.source.label} knows {who} and refuses {self.filename}: ask who "
            f"runs it whether a policy blocks the file or {who} lacks the right to "
            "download it; or allow other versions"
        )


class FileRefused(AuthError):
    """A file that the index lists is refused to a caller whom it has accepted."""

    code = "file-refused"

    def __init__(self, error: AuthError, refusal: Refusal) -> None:
        super().__init__(error.what, why=error.why, fix=error.fix)
        self.refusal = refusal


class Proofs:
    """Which files of one source may be fetched, each asked once."""

    def __init__(
        self,
        source: Source,
        client: Client,
        files: Files,
        ask_page: Callable[[NormalizedName], Future[Response]],
        is_given: Callable[[File], bool] | None,
    ) -> None:
        """Make one.

        Args:
            source: whose files.
            client: knows what the source thinks of its credential.
            files: fetches.
            ask_page: asks for a project's page, whatever the cache has.
            is_given: whether the user gave a file's URL or its hash; rule R6 has
                another row for these (H11).
        """
        self._source = source
        self._client = client
        self._files = files
        self._is_given = is_given or (lambda _: False)
        self._ask_page = ask_page
        self._proofs: dict[str, Future[Metadata]] = {}

    def are_wanted(self, candidate: Candidate) -> bool:
        """Tell whether a file must be proved before its version is chosen."""
        return (
            self._source.refused_files == "skip"
            and not self._client.is_offline
            and not self._is_given(candidate.file)
        )

    def metadata(self, candidate: Candidate) -> Future[Metadata]:
        """Return what the file itself says; the future may fail with `FileRefused`."""
        key = candidate.url.text
        proof = self._proofs.get(key)
        if proof is None:
            files = self._files
            proof = self._judged(candidate, lambda: files.metadata_of_file(candidate))
            self._proofs[key] = proof
        return proof

    def download(
        self,
        candidate: Candidate,
        sink: str | None,
        on_progress: Callable[[int, int], None] | None,
    ) -> Future[Downloaded]:
        """Fetch a file; the future may fail with `FileRefused`."""
        files = self._files
        return self._judged(
            candidate, lambda: files.download(candidate, sink, on_progress)
        )

    def _judged(
        self,
        candidate: Candidate,
        ask: Callable[[], Future[T]],
        *,
        may_ask: bool = True,
    ) -> Future[T]:
        def judge(error: BaseException) -> Future[T]:
            refusal = self._refusal_of(candidate, error)
            if refusal is None or not isinstance(error, AuthError):
                raise error
            if self._is_accepted():
                raise FileRefused(error, refusal) from error
            if not may_ask:
                raise error
            # The page came out of the cache: nothing has proved the login yet.
            page = self._ask_page(candidate.project)
            return page.then(lambda _: again())

        def again() -> Future[T]:
            self._files.forget_failure(candidate)
            return self._judged(candidate, ask, may_ask=False)

        return ask().recover(judge)

    def _is_accepted(self) -> bool:
        standing = self._client.standing(self._source)
        return standing is not None and standing.is_accepted

    def _refusal_of(self, candidate: Candidate, error: BaseException) -> Refusal | None:
        """Return what a server says that knows the source's own login; None else."""
        if not isinstance(error, CredentialsRejected) or error.status != 403:
            return None
        if error.owner != "source" or error.credential is None:
            return None
        return Refusal(
            candidate.project,
            candidate.version,
            candidate.file.filename,
            self._source,
            error.credential,
        )
