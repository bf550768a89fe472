"""The secret registry: no text leaves with a secret in it (rule R8).

For: logs, errors, tracebacks, echoed argv and the output of children. Every
credential that is gathered is registered before it is used.
Does not know: who prints.
Shape: `register(secret)`, then `scrub(text)`. Secrets are found raw, percent-encoded,
escaped (JSON, repr, HTML) and inside any base64; signature parameters and path tokens
by their shape. Not found: what was cut into lines, encoded twice, or compressed.
"""

from __future__ import annotations

from admit.auth.scheme import authorization
from admit.spec.url import Secret, percent_encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from admit.auth.scheme import Credential

MASK = "****"
_SHORTEST = 4
"""Shorter secrets would mask ordinary words; they show only in masked places."""
_SHORTEST_CORE = 8
"""The same for what stands inside base64."""
_SIGNATURE_PARAMETERS = frozenset(
    ("x-amz-signature", "x-amz-credential", "x-amz-security-token", "x-goog-signature",
     "x-goog-credential", "signature", "sig", "key-pair-id", "policy", "token",
     "access_token", "private_token", "job_token", "googleaccessid",
     "awsaccesskeyid")
)  # fmt: skip
_WORD_MARKS = frozenset("-._~")


class Scrubber:
    """Knows the secrets of a run and masks them."""

    __slots__ = ("_forms", "_ordered", "_registered")

    def __init__(self) -> None:
        self._registered: set[str] = set()
        self._forms: set[str] = set()
        self._ordered: list[str] | None = None
        """The longest first; None where they have to be sorted anew."""

    def register(self, secret: Secret | str) -> None:
        """Remember one secret: raw, percent-encoded, and as JSON and repr write it."""
        text = secret.expose() if isinstance(secret, Secret) else secret
        if text in self._registered:
            return
        self._registered.add(text)
        encoded = percent_encode(text)
        self._add(text, encoded, _with_small_hex(encoded))
        partly = percent_encode(text, safe="!$&'()*+,;=")
        self._add(partly, _with_small_hex(partly), *_base64_cores(text))
        if any(mark in text for mark in "&<>\"'"):
            from html import escape

            self._add(escape(text), escape(text, quote=False))
        if not text.isascii() or any(mark in text for mark in "\"'\\"):
            import json

            self._add(json.dumps(text)[1:-1], repr(text)[1:-1], ascii(text)[1:-1])

    def register_credential(self, credential: Credential) -> None:
        """Remember a credential's secret, its header, and a token used as name."""
        self.register(credential.secret)
        for _, secret in credential.headers:
            self.register(secret)
        if credential.shown_user == MASK:
            self.register(credential.username)
        if credential.kind == "headers":
            return
        try:
            self._add(authorization(credential).partition(" ")[2])
        except ValueError:
            return  # never sent, so never printed

    def scrub(self, text: str) -> str:
        """Return a text with every known secret and signature masked."""
        for form in self._longest_first():
            if form in text:
                text = text.replace(form, MASK)
        return mask_shapes(text)

    def is_in(self, body: bytes) -> bool:
        """Tell whether a body repeats a secret that no body has by chance."""
        return any(
            form.encode("utf-8", "surrogateescape") in body
            for form in self._longest_first()
            if len(form) >= _SHORTEST_CORE
        )

    def unfinished(self, text: str) -> int:
        """Return how many characters at a text's end may be a secret's beginning."""
        word = text[max(text.rfind(" "), text.rfind("\n")) + 1 :]
        if mask_shapes(f"{word}-") != f"{word}-":
            return len(word)  # a signature, and it may go on
        return max(
            (
                size
                for form in self._longest_first()
                for size in range(1, min(len(form), len(text) + 1))
                if text.endswith(form[:size])
            ),
            default=0,
        )

    def _add(self, *forms: str) -> None:
        new = {form for form in forms if len(form) >= _SHORTEST} - self._forms
        if new:
            self._forms |= new
            self._ordered = None

    def _longest_first(self) -> list[str]:
        if self._ordered is None:
            self._ordered = sorted(self._forms, key=len, reverse=True)
        return self._ordered


def mask_shapes(text: str) -> str:
    """Mask what is known to be secret by its shape, without any registry."""
    if "=" in text:
        text = "".join(_mask_parameters(text))
    if "/t/" in text:
        text = _mask_path_token(text)
    return text


def _base64_cores(text: str) -> list[str]:
    """What a secret is, whatever stands around it, where a longer text is base64.

    Three groups of six bits are not its own alone: they are left out at the ends.
    """
    from binascii import b2a_base64

    body = text.encode("utf-8", "surrogateescape")
    found = []
    for shift in range(3):
        encoded = b2a_base64(b"\0" * shift + body, newline=False).decode("ascii")
        core = encoded[(0, 2, 3)[shift] : (shift + len(body)) * 8 // 6]
        if len(core) >= _SHORTEST_CORE:
            found += [core, core.replace("+", "-").replace("/", "_")]
    return found


def _with_small_hex(encoded: str) -> str:
    head, *parts = encoded.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts)


def _mask_parameters(text: str) -> Iterator[str]:
    """Mask the values of signature parameters in any `?a=b&c=d` of a text."""
    start = 0
    while True:
        equals = text.find("=", start)
        if equals < 0:
            yield text[start:]
            return
        name_start = equals
        while name_start > start and _is_name_mark(text[name_start - 1]):
            name_start -= 1
        name = text[name_start:equals].lower()
        before = text[name_start - 1 : name_start]
        yield text[start : equals + 1]
        start = equals + 1
        if before in ("?", "&", ";") and name in _SIGNATURE_PARAMETERS:
            end = start
            while end < len(text) and text[end] not in "&;# \t\r\n\"'<>)`,":
                end += 1
            if end > start:
                yield MASK
            start = end


def _is_name_mark(mark: str) -> bool:
    return mark in "_-" or mark.isalnum()


def _mask_path_token(text: str) -> str:
    """Mask the token of `/t/<token>/` paths (pain G9)."""
    head, *pieces = text.split("/t/")
    last = len(pieces) - 1
    return head + "".join(
        f"/t/{_mask_token(each, is_followed=number < last)}"
        for number, each in enumerate(pieces)
    )


def _mask_token(piece: str, *, is_followed: bool) -> str:
    """Mask what a piece begins with; `is_followed`: by a slash, if by nothing else."""
    end = 0
    while end < len(piece) and (piece[end].isalnum() or piece[end] in _WORD_MARKS):
        end += 1
    has_slash = piece[end : end + 1] == "/" or (is_followed and end == len(piece))
    return MASK + piece[end:] if end >= 8 and has_slash else piece
