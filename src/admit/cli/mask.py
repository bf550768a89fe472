"""The last line of defence: what may be a password in a text that is printed.

For: words that were never understood, so that nobody could know the secret in them: a
URL without its slashes, a password without its `@`.
Does not know: secrets. Those that are known are masked by the registry (auth.scrub).
"""

from __future__ import annotations

_MASK = "****"
_OPENING = "\"'`(<[{"
_SCHEMES = ("https:", "http:", "file:", "ssh:")
_SLASHES = ("/", "\\")
_TRAILING = "\"'`,.;:!?)]}>*"
_NO_SECRET = "mailto:"  # noqa: S105  # it says that there is none


def mask_userinfo(text: str) -> str:
    """Mask USER:SECRET@ of anything in a text, and what stands where a port should."""
    if "@" not in text and ":/" not in text and ":\\" not in text:
        return text
    return "\n".join(map(_mask_line, text.split("\n")))


def _mask_line(line: str) -> str:
    words = line.split(" ")
    found: list[str] = []
    at = 0
    while at < len(words):
        masked, is_open = _mask_word(words[at])
        if is_open:  # a password with a blank in it goes on to its `@`
            end = next((n for n in range(at, len(words)) if "@" in words[n]), at)
            if end > at:
                masked += words[end][words[end].rindex("@") :]
                at = end
        found.append(masked)
        at += 1
    return " ".join(found)


def _mask_word(word: str) -> tuple[str, bool]:
    """Return a word, masked; and whether its password may go on behind a blank."""
    if "@" not in word and ":/" not in word and ":\\" not in word:
        return word, False
    start = _end_of_scheme(word)
    if start:
        masked, is_open = _mask_rest(word[start:])
        return word[:start] + masked, is_open
    before, at, after = word.rpartition("@")
    if ":" not in before or _NO_SECRET in before:
        return word, False
    opening = before[: len(before) - len(before.lstrip(_OPENING))]
    return f"{opening}{_MASK}{at}{after}", False


def _mask_rest(rest: str) -> tuple[str, bool]:
    """Mask what stands behind `https://`."""
    authority = rest[: _first_of("/?#\\\x1b\t", rest)]
    host, colon, secret = authority.partition(":")
    if not colon or authority.startswith("["):
        return _mask_nested(rest, len(authority)), False
    if "@" in authority:
        return _MASK + rest[authority.rindex("@") :], False
    port = secret.rstrip(_TRAILING)
    if not port or (port.isascii() and port.isdecimal()):
        return _mask_nested(rest, len(authority)), False  # `@` may be in a path
    if "@" in rest:
        return _MASK + rest[rest.rindex("@") :], False
    return f"{host}:{_MASK}", True


def _mask_nested(rest: str, end: int) -> str:
    """Mask a URL in the path or the query of another one, also an encoded one."""
    tail = rest[end:]
    if "@" in tail and _end_of_scheme(tail):
        return rest[:end] + _mask_word(tail)[0]
    at = tail.rfind("%40")
    start = tail.rfind("/", 0, max(at, 0)) + 1
    segment = tail[start : max(at, 0)].lower()
    if ":" in segment or "%3a" in segment:
        return f"{rest[:end]}{tail[:start]}{_MASK}{tail[at:]}"
    return rest


def _end_of_scheme(word: str) -> int:
    """Where the authority begins, also with the slashes wrong; 0 without a scheme."""
    at = word.find("://")
    if at >= 0:
        return at + 3
    lowered = word.lower()
    for scheme in _SCHEMES:
        at = lowered.find(scheme)
        if at >= 0:
            end = at + len(scheme)
            while word[end : end + 1] in _SLASHES:
                end += 1
            return end
    return 0


def _first_of(marks: str, text: str) -> int:
    """Where the first of some marks stands, or the end."""
    return min(
        (at for mark in marks if (at := text.find(mark)) >= 0), default=len(text)
    )
