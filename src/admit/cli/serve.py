"""`admit serve` and `admit demo`: the embedded index by hand, and its play.

For: reading their options (they share none with the installing commands), showing
what the index will do, and stopping cleanly.
Does not know: how requests are answered (`serve.served`), what the demo shows.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import time

from admit.cli.output import Output, count_of
from admit.errors import AdmitError, UsageError
from admit.spec.url import parse_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn, TextIO

    from admit.serve.answer import Seen
    from admit.serve.behaviour import Behaviour
    from admit.serve.served import ServedIndex
    from admit.serve.server import IndexServer
    from admit.serve.visibility import Account

SERVE_HELP = """\
Serve a folder of wheels so that each caller sees only what it may see: to try a
policy of permissions, or an installer against it. For trials, not a registry.

  admit serve wheels --user 'alice:s3cret=*' --public 'widgets==2020.*'

A pattern is NAMEGLOB or NAMEGLOB==VERSIONGLOB; several have commas between them, or
the option is repeated. Everybody sees what is public. Without --user and --public
everybody sees everything.
"""
SERVE_EPILOG = """\
A secret in the command line can be seen by others on this machine. Give it as
NAME:@FILE=PATTERN (first line of a file) or NAME:env:VARIABLE=PATTERN instead.
"""
DEMO_HELP = """\
Play the founding case: a private index that gives strangers an older world with
status 200, and an installer that is not fooled. Then install from PyPI. All in a
scratch folder that is removed afterwards.
"""


def run(arguments: list[str]) -> int:
    """Run `serve …` or `demo …`; the verb comes first. Return the exit status."""
    verb, *rest = arguments
    return run_demo(rest) if verb == "demo" else run_serve(rest)


def run_demo(arguments: list[str]) -> int:
    """Play the demo; 0 only if every step was right."""
    from admit.serve.demo import Stage, play

    _Parser("admit demo", DEMO_HELP).parse_args(arguments)
    output = Output()
    # The demo speaks on stdout, where the printer of prose looks at stderr.
    is_colored = sys.stdout.isatty() and output.has_color
    output.set_color("always" if is_colored else "never")
    is_plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    marks = ("ok:", "WRONG:") if is_plain else ("✓", "✗")
    return 0 if play(Stage(output.data, output.paint, marks)) else 1


def run_serve(arguments: list[str]) -> int:
    """Serve until Ctrl-C; return the exit status."""
    from admit.serve.server import IndexServer

    given = _serve_parser().parse_args(arguments)
    output = Output()
    accounts = _read_accounts(given.user)
    public = given.public or ([] if given.user else ["*"])
    address = (given.host, _port(given.port))
    with _log_to(given.log, output) as log:
        server = IndexServer(
            given.folder,
            accounts=accounts,
            public=public,
            behaviour=_behaviour(given),
            base_path=given.base_path,
            address=address,
            tls=_tls(given.tls),
            log=log,
        )
        try:
            server.latency = given.latency
            output.note("\n".join(describe(server, given.deny, given.like)))
            _wait_for_interrupt()
        finally:
            server.close()
    output.note(f"stopped after {count_of(len(server.requests), 'request')}")
    if server.failures:
        raise server.failures[0]
    return 0


def describe(server: IndexServer, deny: str | None, like: str | None) -> list[str]:
    """Tell what a server will do: where it is, and what each caller sees."""
    index = server.indexes[0]
    stock = index.shelf.read()
    files = sum(len(each) for each in stock.projects.values())
    lines = [
        f"admit serve: {count_of(files, 'file')} of "
        f"{count_of(len(stock.projects), 'project')} in {index.shelf.directory}",
        "For trials: this is no registry. It keeps no state and takes no uploads.",
        "",
        f"  {server.url}",
        "",
        *_table(index),
        "",
        f"Who sees nothing of a project gets {_denial_in_words(deny, like)}.",
    ]
    origin = parse_url(server.url).origin
    if origin.scheme != "https" and not origin.is_loopback:
        lines.append("Secrets travel in clear: use --tls beyond this machine.")
    return [*lines, "Ctrl-C stops it.", ""]


def format_seen(seen: Seen, moment: str) -> str:
    """Format one line of the log: time, status, method, as whom, path."""
    path = "".join(each if each.isprintable() else "?" for each in seen.path)
    return f"{moment}  {seen.status}  {seen.method:4} {seen.caller!s:12} {path}"


def _table(index: ServedIndex) -> list[str]:
    from admit.serve.visibility import ANONYMOUS, Caller

    rows = [("caller", "sees", "projects", "files")]
    known = [Caller(each, "known") for each in index.visibility.accounts]
    for caller in (ANONYMOUS, *known):
        own = caller.account.patterns if caller.account else index.visibility.public
        seen = [
            (file.project, file.filename)
            for files in index.shelf.read().projects.values()
            for file in files
            if index.visibility.may_see(caller, file.project, file.version)
        ]
        patterns = ", ".join(str(each) for each in own) or "nothing"
        if caller.account and index.visibility.public:
            patterns += " and what is public"
        projects = len({project for project, _ in seen})
        rows.append((str(caller), patterns, str(projects), str(len(seen))))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [
        f"  {row[0]:{first}}  {row[1]:{second}}  {row[2]:>8}  {row[3]:>5}"
        for row in rows
    ]


def _denial_in_words(deny: str | None, like: str | None) -> str:
    if deny is None and like is not None:
        return f"what {like} is reported to answer"
    words = {
        "401": "401, or 403 if it is known; a wrong secret 401",
        "403": "403; a wrong secret too",
        "404": "404; a wrong secret too",
    }
    return words.get(deny or "", "404; a wrong secret counts as anonymous")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors of admit, and echo no secret."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        # What argparse does not know may hold a secret: NAME:SECRET=PATTERN.
        shown = message.partition("unrecognized arguments: ")
        words = [
            word.partition(":")[0] + ":…" if ":" in word else word
            for word in shown[2].split(" ")
        ]
        raise UsageError(
            f"{shown[0]}{shown[1]}{' '.join(words)}",
            fix=f"`{self.prog} --help` lists the options",
        )


def _serve_parser() -> argparse.ArgumentParser:
    from admit.serve.behaviour import DENIALS, LIKE

    parser = _Parser("admit serve", SERVE_HELP, SERVE_EPILOG)
    add = parser.add_argument
    add("folder", metavar="DIR", help="a folder with wheels and sdists")
    add(
        "--user",
        action="append",
        default=[],
        metavar="NAME:SECRET=PATTERN",
        help="a caller and what it sees",
    )
    add(
        "--public",
        action="append",
        default=[],
        metavar="PATTERN",
        help="what everybody sees",
    )
    add(
        "--deny",
        choices=tuple(DENIALS),
        help="what a caller gets who sees nothing of a project (default: partial, "
        "status 200 with what it may see, 404 for the rest)",
    )
    add(
        "--like",
        choices=tuple(sorted(LIKE)),
        help="answer as this product is reported to: statuses, layout, headers",
    )
    add(
        "--refuse-file",
        action="append",
        default=[],
        metavar="GLOB",
        help="403 for files of this name though listings show them, as a server does "
        "that blocks single files",
    )
    add("--host", default="127.0.0.1", metavar="HOST", help="address to listen on")
    add("--port", default="0", metavar="PORT", help="port (default: a free one)")
    add(
        "--tls",
        nargs=2,
        metavar=("CERT", "KEY"),
        help="serve https with this certificate chain and key (PEM)",
    )
    add("--base-path", default="/simple/", metavar="PATH", help="path of the index")
    add(
        "--cache-control",
        metavar="TEXT",
        help="Cache-Control of listings, such as max-age=600, which lets a client "
        "that does not mind identities mix them up",
    )
    add(
        "--forward",
        metavar="URL",
        help="redirect requests for unknown projects to this index",
    )
    add(
        "--latency",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="wait before each answer",
    )
    add("--log", metavar="FILE", help="write the lines about requests there too")
    return parser


def _read_accounts(texts: Sequence[str]) -> tuple[Account, ...]:
    from admit.serve.visibility import merge_accounts, parse_account

    return merge_accounts(parse_account(text) for text in texts)


def _behaviour(given: argparse.Namespace) -> Behaviour:
    from admit.serve.behaviour import DENIALS, LIKE, PARTIAL
    from admit.value import replace

    behaviour = LIKE[given.like] if given.like else PARTIAL
    if given.deny:
        behaviour = replace(behaviour, denial=DENIALS[given.deny])
    if given.refuse_file:
        behaviour = replace(behaviour, refused_files=tuple(given.refuse_file))
    if given.cache_control is not None:
        _refuse_control_characters("--cache-control", given.cache_control)
        caching = replace(behaviour.caching, cache_control=given.cache_control)
        behaviour = replace(behaviour, caching=caching)
    if given.forward is not None:
        forward = parse_url(given.forward).with_slash().text
        behaviour = replace(behaviour, forward=forward)
    return behaviour


def _refuse_control_characters(option: str, text: str) -> None:
    if not text.isprintable():
        raise UsageError(f"{option} holds a control character")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) < 65536):
        raise UsageError(f"not a port: {text!r}", why="a port is a number to 65535")
    return int(text)


def _tls(paths: list[str] | None) -> ssl.SSLContext | None:
    if paths is None:
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(*paths)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot use the certificate {paths[0]} with the key {paths[1]}",
            why=getattr(error, "strerror", None) or str(error),
        ) from error
    return context


@contextlib.contextmanager
def _log_to(path: str | None, output: Output) -> Iterator[Callable[[Seen], None]]:
    """Give the function that logs requests to stdout, and to a file if asked."""
    lock = threading.Lock()
    with _open_log(path) as file:

        def log(seen: Seen) -> None:
            line = format_seen(seen, time.strftime("%H:%M:%S"))
            # A reader who has left (a closed pipe) does not stop the server.
            with lock, contextlib.suppress(OSError, ValueError):
                if file is not None:
                    file.write(line + "\n")
                    file.flush()
                output.data(line)

        yield log


@contextlib.contextmanager
def _open_log(path: str | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        file = open(path, "a", encoding="utf-8", errors="backslashreplace")  # noqa: SIM115  # closed below
    except OSError as error:
        raise AdmitError(
            f"cannot write the log {path}", why=os.strerror(error.errno or 0)
        ) from error
    with file:
        yield file


def _wait_for_interrupt() -> None:
    """Return at Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    with contextlib.suppress(KeyboardInterrupt):
        while not stopped.wait(1.0):
            pass
