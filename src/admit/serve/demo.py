"""The founding case, played: one index, two answers.

For: `admit demo`. A newcomer sees on one screen what goes wrong with private,
permission-filtered indexes and what admit does about it; every claim is checked.
Does not know: how admit works: it runs the real command in a process of its own and
reads the index's record of requests.
Shape: a `Scene` is set; each step shows something and gives `Check`s; all right or
not is the end.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time

from admit.serve.server import IndexServer
from admit.serve.tinywheel import write_tiny_wheel
from admit.serve.visibility import account
from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from admit.serve.answer import Seen

BOLD, DIM, RED, GREEN = "1", "2", "31", "32"
OLD, NEW = "2020.1", "2024.1"
FROM_PYPI = ("flask", "rich")
PRIVATE_SECONDS = 60
PUBLIC_SECONDS = 300

STORY = """\
A private index may show each caller only what that caller may see. This one does
not ask for a login: who comes without one gets status 200 and an older world."""

MORAL = f"""\
An installer that asks first without a credential, and reads netrc only after a
refusal, is content with {OLD}: no refusal ever comes. admit asks as alice at once."""


@value
class Stage:
    """Where the demo is shown."""

    say: Callable[[str], None]
    """Prints a text and ends the line."""
    paint: Callable[..., str]
    """Colours a text by codes, or returns it as it is."""
    marks: tuple[str, str] = ("✓", "✗")
    """Before a check that is right, and one that is not."""


@value
class Check:
    """One claim of the demo."""

    claim: str
    is_right: bool
    why: str = ""
    """What was found instead."""


@value
class Scene:
    """What the steps play with."""

    stage: Stage
    server: IndexServer
    folder: str
    """A scratch folder, gone afterwards."""
    secret: str
    environ: Mapping[str, str]
    """For the steps on the private index: nothing of the user's own settings."""

    @property
    def index_url(self) -> str:
        return self.server.url

    @property
    def netrc(self) -> str:
        return os.path.join(self.folder, "netrc")

    @property
    def venv(self) -> str:
        return os.path.join(self.folder, "venv")


@value
class Ran:
    """A command that came to its end."""

    status: int
    output: str
    """Both streams, in the order in which they were written."""


@value
class Step:
    """What a step on the private index came to."""

    checks: tuple[Check, ...]
    output: str


def play(stage: Stage) -> bool:
    """Play all steps; return whether every one was right."""
    started = time.monotonic()
    stage.say(f"{stage.paint('admit demo', BOLD)}: one index, two answers\n\n{STORY}\n")
    with _set_scene(stage) as scene:
        checks = [*_show_two_answers(scene)]
        made = _run(["venv", scene.venv], scene.environ, PRIVATE_SECONDS)
        if made.status:
            _show_output(stage, made.output)
            checks.append(Check("a scratch environment is made", False, _gist(made)))
        else:
            resolved, installed = _resolve(scene), _install(scene)
            is_silent = scene.secret not in resolved.output + installed.output
            checks += [*resolved.checks, *installed.checks]
            checks.append(Check("the password stands in no output", is_silent))
            checks.append(_install_from_pypi(scene))
    return _sum_up(stage, checks, time.monotonic() - started)


@contextlib.contextmanager
def _set_scene(stage: Stage) -> Iterator[Scene]:
    secret = secrets.token_urlsafe(12)
    with tempfile.TemporaryDirectory(prefix="admit-demo-") as folder:
        world = os.path.join(folder, "world")
        os.mkdir(world)
        write_tiny_wheel(world, "mypackage", OLD)
        write_tiny_wheel(world, "mypackage", NEW, ["mydependency>=1"])
        write_tiny_wheel(world, "mydependency", "1.4")
        with IndexServer(
            world,
            accounts=[account("alice", secret, "*")],
            public=[f"mypackage=={OLD}"],
        ) as server:
            environ = _private_environ(folder)
            scene = Scene(stage, server, folder, secret, environ)
            _write_netrc(scene.netrc, secret)
            yield scene


def _write_netrc(path: str, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"machine 127.0.0.1 login alice password {secret}\n")


def _private_environ(folder: str) -> dict[str, str]:
    """The environment without the user's settings, home or proxy for loopback."""
    import site

    environ = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("ADMIT_", "PIP_", "UV_"))
    }
    home = os.path.join(folder, "home")
    os.mkdir(home)
    environ["PYTHONUSERBASE"] = site.getuserbase()
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "APPDATA"):
        environ[name] = home
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        environ[name] = os.path.join(home, name.lower())
    for name in ("NO_PROXY", "no_proxy"):
        environ[name] = "127.0.0.1"
    environ["ADMIT_NO_CONFIG"] = "1"
    environ["NETRC"] = os.path.join(folder, "netrc")
    environ["VIRTUAL_ENV"] = os.path.join(folder, "venv")
    return environ


# The steps


def _show_two_answers(scene: Scene) -> list[Check]:
    stage = scene.stage
    login = base64.b64encode(f"alice:{scene.secret}".encode()).decode()
    anonymous = _ask(scene.server, {})
    alice = _ask(scene.server, {"Authorization": f"Basic {login}"})
    stage.say(f"  GET {scene.index_url}mypackage/")
    for name, (status, versions) in (("anonymous", anonymous), ("alice", alice)):
        stage.say(f"    as {name:10} {status}   {'  '.join(versions)}")
    stage.say(f"\n{MORAL}\n")
    scene.server.requests.clear()
    found = f"anonymous {anonymous[1]}, alice {alice[1]}"
    is_right = (anonymous, alice) == ((200, [OLD]), (200, [OLD, NEW]))
    claim = f"the index tells a stranger of {OLD} only, with status 200"
    return [Check(claim, is_right, found)]


def _ask(server: IndexServer, headers: dict[str, str]) -> tuple[int, list[str]]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
        connection.request("GET", "/simple/mypackage/", headers=accept | headers)
        response = connection.getresponse()
        return response.status, list(json.loads(response.read())["versions"])
    finally:
        connection.close()


def _resolve(scene: Scene) -> Step:
    arguments = ["install", "--dry-run", "--native-tls", "--index-url"]
    arguments += [scene.index_url, "mypackage", "--no-deps", "--no-cache"]
    ran = _show_run(scene, arguments)
    seen = _show_requests(scene)
    is_found = ran.status == 0 and f"mypackage=={NEW}" in ran.output
    found = Check(f"admit finds mypackage {NEW}", is_found, _gist(ran))
    return Step((found, _check_requests("no request was anonymous", seen)), ran.output)


def _install(scene: Scene) -> Step:
    arguments = ["install", "--index-url", scene.index_url, "mypackage", "--no-cache"]
    ran = _show_run(scene, arguments)
    seen = list(scene.server.requests)
    scene.server.requests.clear()
    found, why = _import_all(scene, ["mypackage", "mydependency"])
    if ran.status:
        why = _gist(ran)
    elif found:
        scene.stage.say(f"  imported: {found}")
    scene.stage.say("")
    is_right = ran.status == 0 and found == f"mypackage {NEW}, mydependency 1.4"
    anonymous = [each for each in seen if each.user is None]
    if is_right and (anonymous or not seen):
        is_right, why = False, _told(anonymous)
    claim = f"mypackage {NEW} and its dependency are installed and import"
    return Step((Check(claim, is_right, why or found),), ran.output)


def _install_from_pypi(scene: Scene) -> Check:
    """A real set, from the default index, with the user's own settings."""
    stage = scene.stage
    environ = dict(os.environ)
    environ["VIRTUAL_ENV"] = scene.venv
    environ["ADMIT_CACHE_DIR"] = os.path.join(scene.folder, "cache")
    arguments = ["install", *FROM_PYPI]
    stage.say(stage.paint(f"$ admit {' '.join(arguments)}", BOLD))
    ran = _run(arguments, environ, PUBLIC_SECONDS)
    claim = f"{' and '.join(FROM_PYPI)} from PyPI are installed and import"
    if ran.status:
        stage.say(f"  {_gist(ran)}\n")
        return Check(claim, False)
    lines = ran.output.splitlines()
    _show_output(stage, "\n".join(each for each in lines if each[:3] != " + "))
    found, why = _import_all(scene, FROM_PYPI)
    if found:
        stage.say(f"  imported: {found}")
    stage.say("")
    return Check(claim, bool(found), why)


def _sum_up(stage: Stage, checks: Iterable[Check], seconds: float) -> bool:
    wrong = 0
    for check in checks:
        mark, color = (
            (stage.marks[0], GREEN) if check.is_right else (stage.marks[1], RED)
        )
        why = f": {check.why}" if check.why and not check.is_right else ""
        stage.say(f"{stage.paint(mark, color)} {check.claim}{why}")
        wrong += not check.is_right
    verdict = "All right" if not wrong else f"{wrong} not right"
    stage.say(f"{stage.paint(verdict, BOLD)}, in {seconds:.1f} s.")
    return not wrong


# Showing


def _show_run(scene: Scene, arguments: list[str]) -> Ran:
    """Run admit on the private index, showing the command and what it says."""
    stage = scene.stage
    words = f"NETRC={os.path.basename(scene.netrc)} admit {' '.join(arguments)}"
    stage.say(stage.paint(f"$ {_wrap(words, 78)}", BOLD))
    ran = _run(arguments, scene.environ, PRIVATE_SECONDS)
    _show_output(stage, ran.output.replace(scene.secret, "****"))
    return ran


def _show_output(stage: Stage, output: str) -> None:
    for line in output.rstrip().splitlines():
        stage.say(f"  {line}")


def _show_requests(scene: Scene) -> list[Seen]:
    """Show the index's record and begin a new one."""
    stage = scene.stage
    seen = list(scene.server.requests)
    scene.server.requests.clear()
    origin = scene.server.origin
    stage.say("")
    stage.say(stage.paint(f"  {f'requests to {origin}':58} {'as':9} status", DIM))
    for each in seen:
        place = f"{each.method} {_shorten(each.path, 54)}"
        stage.say(f"  {place:58} {each.caller!s:9} {each.status}")
    stage.say("")
    return seen


def _check_requests(claim: str, seen: list[Seen]) -> Check:
    if not seen:
        return Check(claim, False, "the index saw no request at all")
    anonymous = [each for each in seen if each.user is None]
    return Check(f"{claim} ({len(seen)} in all)", not anonymous, _told(anonymous))


def _told(seen: list[Seen]) -> str:
    return str(seen[0]) if seen else "the index saw no request at all"


def _shorten(path: str, width: int) -> str:
    if len(path) <= width:
        return path
    head = path[: width // 3]
    return f"{head}…{path[len(head) + 1 - width :]}"


def _wrap(words: str, width: int) -> str:
    """Break a command line at a space, as one may type it."""
    if len(words) <= width:
        return words
    at = words.rfind(" ", 0, width - 2)
    return f"{words[:at]} \\\n    {words[at + 1 :]}"


# Running


def _run(arguments: list[str], environ: Mapping[str, str], seconds: float) -> Ran:
    """Run the admit of this interpreter to its end."""
    return _run_python(sys.executable, ["-m", "admit", *arguments], environ, seconds)


def _run_python(
    python: str, arguments: list[str], environ: Mapping[str, str], seconds: float
) -> Ran:
    utf8 = {"PYTHONIOENCODING": "utf-8", "PYTHONSAFEPATH": "1"}
    try:
        done = subprocess.run(
            [python, *arguments],
            env={**environ, **utf8},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(1, f"error: not done after {seconds:.0f} seconds")
    except OSError as error:
        return Ran(1, f"error: cannot run {python}: {error.strerror}")
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"))


def _import_all(scene: Scene, names: Iterable[str]) -> tuple[str, str]:
    """Import packages in the scratch environment; their versions, or why not."""
    folder = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    program = (
        "import importlib, importlib.metadata as m, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))\n"
    )
    python = os.path.join(scene.venv, *folder)
    ran = _run_python(
        python, ["-I", "-c", program, *names], scene.environ, PRIVATE_SECONDS
    )
    if ran.status:
        return "", ran.output.strip().rpartition("\n")[2]
    return ran.output.strip(), ""


def _gist(ran: Ran) -> str:
    """The one line of an output that says what went wrong."""
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        if re.match(r"error\b", line):
            following = lines[number + 1] if number + 1 < len(lines) else ""
            why = following.removeprefix("why:").strip()
            return f"{line} ({why})" if following.startswith("why:") else line
    return lines[-1] if lines else f"it said nothing and ended with {ran.status}"
