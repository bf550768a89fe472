"""What one caller sees of an index: the names on one page, or why there are none.

For: `admit auth check`, which compares what an index shows to different callers.
Does not know: who asks (that is the client's), caches: nothing is read or stored.
Shape: a client, a source, perhaps a project -> `View`.
Spec: PEP 503 and 691, root and project pages.
"""

from __future__ import annotations

from admit.auth.denial import LoginPage
from admit.auth.scope import Provenance
from admit.errors import AdmitError, AuthError, InputError
from admit.index.simple import ACCEPT, InvalidPage, parse_page
from admit.net.client import Request
from admit.spec.names import normalize_name
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from admit.auth.scope import Source
    from admit.net.client import Client, Response
    from admit.spec.url import Url

    Noun = Literal["project", "version", "file"]

_LARGEST = 64 * 1024 * 1024
"""Bytes of a page; a root listing may name hundreds of thousands of projects."""


@value
class Question:
    """What is looked at."""

    url: Url
    noun: Noun
    project: str | None = None
    is_file: bool = False
    """One file: whether it may be read is all there is to see."""


@value
class View:
    """What one caller was shown."""

    identity: str
    status: str
    """A status, or the code of an error."""
    names: frozenset[str] | None = None
    """Projects, versions or files; None if there is no list of them."""
    elsewhere: str | None = None
    """The origin that answered, if it was another one."""
    trouble: AdmitError | None = None
    file: Url | None = None
    """Of a project's page: one of its files, the last."""

    @property
    def is_refused(self) -> bool:
        """The server turned this caller away."""
        is_login = isinstance(self.trouble, LoginPage)
        return isinstance(self.trouble, AuthError) and not is_login


def question_of(source: Source, project: str | None, file: Url | None) -> Question:
    """Choose the page: the named project's, the probe's, or the list of projects."""
    bare = source.url.without_userinfo()
    if file is not None and source.kind == "direct":
        return Question(file.without_userinfo(), "file", is_file=True)
    if source.kind == "find-links":
        return Question(bare, "file")
    project = project or source.probe
    if project is None:
        return Question(bare.with_slash(), "project")
    name = normalize_name(project)
    return Question(bare.with_slash().join(f"{name}/"), "version", name)


def look_as_us(client: Client, source: Source, question: Question) -> View:
    """Ask as this run asks: every rule for the source holds.

    But for a file there is no second try as nobody (rule R6, H11).
    """
    purpose: Literal["check", "listing"] = "check" if question.is_file else "listing"
    label = client.identity_of(source).label
    return _look(client, Provenance(source, purpose), question, label)


def look_as_nobody(client: Client, source: Source, question: Question) -> View:
    """Ask without anything to show; `client` and `source` must have nothing."""
    return _look(client, Provenance(source, "check"), question, "anonymous")


def _look(
    client: Client, provenance: Provenance, question: Question, label: str
) -> View:
    request = Request(
        question.url,
        provenance,
        None if question.is_file else ACCEPT,
        method="HEAD" if question.is_file else "GET",
        max_bytes=_LARGEST,
    )
    try:
        response = client.get(request).result()
    except AdmitError as error:
        status = getattr(error, "status", 0)
        shown = "login page" if isinstance(error, LoginPage) else error.code
        return View(label, str(status or shown), trouble=error)
    label = response.identity.label
    elsewhere = str(response.from_origin) if response.is_foreign else None
    view = View(label, str(response.status), None, elsewhere)
    if response.status != 200 or question.is_file:
        return view
    try:
        names, file = _read(response, question)
    except InvalidPage as error:
        return View(label, "no index page", None, elsewhere, error)
    return View(label, "200", frozenset(names), elsewhere, None, file)


def _read(response: Response, question: Question) -> tuple[Iterable[str], Url | None]:
    """What is on the page, and a file of a project's."""
    content_type = response.header("content-type") or ""
    if question.noun == "project":
        return names_of_root(response.body, content_type), None
    page = parse_page(response.body, content_type, response.url)
    filenames = [each.filename for each in page.files]
    if question.project is None:
        return filenames, None
    last = page.base.join(page.files[-1].url) if page.files else None
    return versions_of(filenames, question.project), last


def names_of_root(body: bytes, content_type: str) -> set[str]:
    """Return the projects on the root page of an index, normalised.

    Raises:
        InvalidPage: it says that it is JSON, and is not a list of projects.
    """
    if "json" in content_type.lower():
        return _names_of_json(body)
    from admit.index.anchors import read_anchors

    found = set()
    for attributes, text in read_anchors(body.decode(errors="replace")).anchors:
        href = (attributes.get("href") or "").partition("#")[0].partition("?")[0]
        last = href.rstrip("/").rpartition("/")[2]
        name = _normalized(text.strip().rstrip("/")) or _normalized(last)
        if name is not None and last:
            found.add(name)
    return found


def _names_of_json(body: bytes) -> set[str]:
    import json

    try:
        document = json.loads(body)
        listed = document["projects"]
        names = [each["name"] for each in listed]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InvalidPage("the list of projects is not as PEP 691 has it") from error
    return {name for each in names if (name := _normalized(each)) is not None}


def versions_of(filenames: Iterable[str], project: str) -> set[str]:
    """Return the versions that files are of, as far as their names tell."""
    from admit.spec.tags import parse_sdist_filename, parse_wheel_filename

    found = set()
    for each in filenames:
        try:
            if each.endswith(".whl"):
                version = parse_wheel_filename(each).version
            else:
                version = parse_sdist_filename(each, normalize_name(project)).version
        except InputError:
            continue
        found.add(str(version))
    return found


def _normalized(text: object) -> str | None:
    try:
        return normalize_name(str(text))
    except InputError:
        return None
