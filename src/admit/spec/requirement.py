"""Requirements: what a project, a user or a file asks for.

For: lines such as `widgets[tls]>=1.2,<2; python_version < "3.12"`.
Does not know: requirements files, paths, how a requirement is met.
Shape: text -> `Requirement`; `format_requirement` writes one.
Theory: our parser takes the forms that metadata and people use, and declines the
rest; `packaging` then decides, and its error is shown.
Spec: dependency specifiers (PEP 508).
"""

from __future__ import annotations

from admit.errors import InputError
from admit.spec.marker import InvalidMarker, Marker, parse_marker
from admit.spec.names import InvalidName, normalize_extra, normalize_name
from admit.spec.url import InvalidUrl, Url, mask_url_text, parse_requirement_url
from admit.spec.version import ANY, InvalidSpecifier, Specifier, parse_specifier
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.names import ExtraName, NormalizedName

__all__ = [
    "InvalidRequirement",
    "Marker",
    "Requirement",
    "format_requirement",
    "parse_marker",
    "parse_requirement",
]

_BLANKS = " \t"
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
"""Letters of names. No regular expressions here: this is on the way of "already
satisfied", and `re` takes longer to import than all of it."""
_REMEMBERED = 50_000
_requirements: dict[str, Requirement] = {}


class InvalidRequirement(InputError):
    """A text is not a requirement."""

    code = "invalid-requirement"


class _Declined(Exception):
    """The text is outside our grammar; `packaging` decides."""


@value
class Requirement:
    """A project, and which versions of it will do."""

    name: NormalizedName
    extras: tuple[ExtraName, ...] = ()
    """Sorted, each once."""
    specifier: Specifier = ANY
    url: Url | None = None
    """Where it must come from; then there is no specifier."""
    marker: Marker | None = None
    text: str = ""
    """As typed, stripped; a password in a URL is masked."""

    def __str__(self) -> str:
        return self.text or format_requirement(self)


def parse_requirement(text: str) -> Requirement:
    """Parse one requirement.

    Raises:
        InvalidRequirement: the message shows where the text breaks.
    """
    requirement = _requirements.get(text)
    if requirement is None:
        requirement = _parse(text)
        if requirement.url is None:  # its userinfo may be a secret: not kept
            if len(_requirements) >= _REMEMBERED:
                _requirements.clear()
            _requirements[text] = requirement
    return requirement


def format_requirement(requirement: Requirement) -> str:
    """Write a requirement in one spelling; no password is shown."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    text = f"{requirement.name}{extras}{requirement.specifier}"
    if requirement.url is not None:
        text += f" @ {requirement.url}"
    if requirement.marker is not None:
        text += f"{' ' if requirement.url else ''}; {requirement.marker}"
    return text


def _parse(text: str) -> Requirement:
    try:
        return _parse_own(text)
    except (_Declined, InvalidSpecifier):
        return _parse_by_packaging(text)
    except InvalidMarker as error:
        raise _invalid(text, error.why or error.what) from None
    except (InvalidName, InvalidUrl) as error:
        why = error.what if error.why is None else f"{error.what}; {error.why}"
        raise _invalid(text, why, error.fix) from None


def _invalid(text: str, why: str, fix: str | None = None) -> InvalidRequirement:
    what = f"not a valid requirement: {_printable(text)!r}"
    return InvalidRequirement(what, why=why, fix=fix)


def _parse_own(text: str) -> Requirement:
    name, extras_text, rest = _split_head(text)
    extras = _parse_extras(extras_text) if extras_text else ()
    if rest.startswith("@"):
        url_text, marker_text = _split_url(rest[1:])
        url = parse_requirement_url(url_text)
        return Requirement(
            normalize_name(name),
            extras,
            ANY,
            url,
            parse_marker(marker_text) if marker_text else None,
            text.strip().replace(url_text, str(url)),
        )
    clauses, semicolon, marker_text = rest.partition(";")
    clauses = clauses.strip(" \t")
    return Requirement(
        normalize_name(name),
        extras,
        _parse_clauses(clauses) if clauses else ANY,
        None,
        parse_marker(marker_text) if semicolon else None,
        text.strip(),
    )


def _split_head(text: str) -> tuple[str, str, str]:
    """Return the name, what stands in brackets behind it, and the rest."""
    begun = text.lstrip(_BLANKS)
    rest = begun.lstrip(_NAME)
    name = begun[: len(begun) - len(rest)]
    if not name:
        raise _Declined
    rest = rest.lstrip(_BLANKS)
    if rest.startswith("["):
        extras, bracket, behind = rest[1:].partition("]")
        if bracket:
            return name, extras, behind.lstrip(_BLANKS)
    return name, "", rest


def _parse_extras(text: str) -> tuple[ExtraName, ...]:
    parts = [part.strip(" \t") for part in text.split(",")]
    if parts == [""]:
        return ()
    if "" in parts:
        raise _Declined
    return tuple(sorted({normalize_extra(part) for part in parts}))


def _parse_clauses(text: str) -> Specifier:
    if text[0] == "(":
        if text[-1] != ")":
            raise _Declined
        text = text[1:-1].strip(" \t")
    if not text.isprintable() or "(" in text or ("===" in text and "," in text):
        raise _Declined  # the comma may belong to the free text after ===
    specifier = parse_specifier(text)
    if len(specifier.clauses) != text.count(",") + (text[-1:] not in ("", ",")):
        raise _Declined  # a comma too many
    return specifier


def _split_url(text: str) -> tuple[str, str]:
    """Return the URL and the marker: a blank must stand before the semicolon."""
    text = text.strip(" \t")
    end = min((at for at in (text.find(" "), text.find("\t")) if at >= 0), default=-1)
    if end < 0:
        return text, ""
    rest = text[end:].strip(" \t")
    if len(rest) < 2 or rest[0] != ";":
        raise _Declined
    return text[:end], rest[1:]


def _parse_by_packaging(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement as PackagingInvalid
    from packaging.requirements import Requirement as PackagingRequirement

    try:
        parsed = PackagingRequirement(text)
    except PackagingInvalid as error:
        raise _invalid(text, _explain(text, str(error))) from None
    except RecursionError:
        raise _invalid(text[:60], "its marker is nested too deeply") from None
    try:
        return Requirement(
            normalize_name(parsed.name),
            tuple(sorted({normalize_extra(extra) for extra in parsed.extras})),
            parse_specifier(str(parsed.specifier)),
            parse_requirement_url(parsed.url) if parsed.url else None,
            parse_marker(str(parsed.marker)) if parsed.marker else None,
            _printable(text.strip()),
        )
    except ValueError as error:  # ours, or a marker that cannot be written
        raise _invalid(text, str(error)) from None


def _explain(text: str, message: str) -> str:
    """Keep the reason; the lines with text and caret only if they hold no secret."""
    return message.partition("\n")[0] if "@" in text else message


def _printable(text: str) -> str:
    """Mask what may be a password, also where the text is no requirement."""
    if "://" in text:
        return mask_url_text(text)
    head, at, tail = text.partition("@")
    if ":" in head and at:
        return mask_url_text(text)
    return f"{head}{at}{mask_url_text(tail)}" if "@" in tail else text
