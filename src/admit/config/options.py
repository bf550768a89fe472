"""Every option, once: its flags, its kind, and which commands take it.

For: the command line, `ADMIT_<OPTION>`, the keys of configuration files and
`admit config` all read this one table, so that they cannot differ.
Does not know: values, precedence, argparse.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["flag", "count", "text", "list", "number", "choice"]


@value
class Option:
    """One setting a user can give in three places."""

    name: str
    """The long option without dashes; `ADMIT_` + upper case; the key in a file."""
    kind: Kind
    help: str
    short: str | None = None
    aliases: tuple[str, ...] = ()
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    group: str = "general"
    default: str = ""
    """What holds if nobody sets it, where that is more than "no" or "nothing"."""
    implied: str | None = None
    """What it means without a value, if it may stand without one."""
    is_line_only: bool = False
    """It is no variable and no setting of a file: it says what one run does."""

    @property
    def key(self) -> str:
        return self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        return "ADMIT_" + self.key.upper()

    @property
    def flags(self) -> tuple[str, ...]:
        short = (f"-{self.short}",) if self.short else ()
        return (*short, f"--{self.name}", *(f"--{alias}" for alias in self.aliases))


OPTIONS: tuple[Option, ...] = (
    # How it talks, and from where it reads settings: every command.
    Option("verbose", "count", "say more; -vv for everything", "v"),
    Option("quiet", "count", "say less; -qq for nothing but errors", "q"),
    Option(
        "color",
        "choice",
        "when to use colour",
        choices=("auto", "always", "never"),
        default="auto",
    ),
    Option("no-progress", "flag", "no live line and no bars"),
    Option("log", "text", "write all that -vv would say to this file", metavar="FILE"),
    Option(
        "output-format",
        "choice",
        "text, or the result as one JSON object on stdout",
        choices=("text", "json"),
        group="output",
        default="text",
    ),
    Option("config-file", "text", "read this file, and no other", metavar="FILE"),
    Option("no-config", "flag", "read no configuration file"),
    Option("no-foreign-config", "flag", "read nothing that was written for pip or uv"),
    Option("no-cache", "flag", "read and write no cache", "n", ("no-cache-dir",)),
    Option(
        "cache-dir",
        "text",
        "where the cache is",
        metavar="DIR",
        default="~/.cache/admit",
    ),
    # Which environment.
    Option(
        "python",
        "text",
        "the environment: an interpreter, a folder, or a version",
        "p",
        metavar="PYTHON",
        group="environment",
    ),
    Option(
        "system",
        "flag",
        "the first Python on PATH that is in no virtual environment",
        group="environment",
    ),
    Option(
        "target",
        "text",
        "the packages of this folder, in place of an environment's",
        "t",
        metavar="DIR",
        group="environment",
    ),
    Option(
        "prefix",
        "text",
        "the packages below this prefix, in place of an environment's",
        metavar="DIR",
        group="environment",
    ),
    Option(
        "break-system-packages",
        "flag",
        "change an environment that the system manages",
        group="environment",
    ),
    Option(
        "require-virtualenv",
        "flag",
        "change virtual environments only",
        aliases=("require-venv",),
        group="environment",
    ),
    # Which indexes.
    Option(
        "index-url",
        "text",
        "the default index, in place of PyPI",
        "i",
        ("default-index",),
        metavar="URL",
        group="index",
        default="PyPI",
    ),
    Option(
        "extra-index-url",
        "list",
        "a further index, asked before the default",
        metavar="URL",
        group="index",
    ),
    Option(
        "index",
        "list",
        "a further index with a name, asked before the default",
        metavar="[NAME=]URL",
        group="index",
    ),
    Option(
        "find-links",
        "list",
        "a folder or page of files, looked at beside the indexes",
        "f",
        metavar="PATH|URL",
        group="index",
    ),
    Option(
        "no-index", "flag", "ask no index, look at --find-links only", group="index"
    ),
    Option(
        "authenticate",
        "list",
        "auto, always, never or external; for one source NAME=… or URL-GLOB=…",
        metavar="[SOURCE=]POLICY",
        group="index",
    ),
    Option("no-netrc", "flag", "read no credentials from netrc", group="index"),
    Option(
        "keyring",
        "choice",
        "look for credentials in keyring: its package, or its command",
        aliases=("keyring-provider",),
        choices=("disabled", "import", "subprocess"),
        group="index",
        default="disabled",
    ),
    Option(
        "keyring-command",
        "text",
        "which command --keyring subprocess runs",
        metavar="PATH",
        group="index",
        default="keyring",
    ),
    Option(
        "credential-timeout",
        "number",
        "seconds that keyring, a helper or a provider may take",
        metavar="SECONDS",
        group="index",
        default="30",
    ),
    Option(
        "no-credential-providers",
        "flag",
        "ask no provider that is installed beside admit",
        group="index",
    ),
    Option(
        "password-stdin",
        "text",
        "read the password of this source from stdin",
        metavar="SOURCE",
        group="index",
        implied="",
        is_line_only=True,
    ),
    Option(
        "credential-file",
        "list",
        "read the password of a source from a file",
        metavar="SOURCE=PATH",
        group="index",
    ),
    Option(
        "credential-fd",
        "list",
        "read the password of a source from an open descriptor",
        metavar="SOURCE=FD",
        group="index",
    ),
    Option("no-input", "flag", "ask nobody for anything", group="index"),
    Option(
        "index-strategy",
        "choice",
        "which index answers for a name that several have",
        choices=("first-index", "unsafe-first-match", "unsafe-best-match"),
        group="index",
        default="first-index",
    ),
    Option("refresh", "flag", "ask again for everything the cache has", group="index"),
    Option(
        "refresh-package",
        "list",
        "ask again for what the cache has of this package",
        metavar="NAME",
        group="index",
    ),
    Option("offline", "flag", "send nothing, use what the cache has", group="network"),
    # The network.
    Option(
        "native-tls",
        "flag",
        "trust what the system trusts (this is the default)",
        aliases=("system-certs",),
        group="network",
    ),
    Option(
        "cert",
        "text",
        "trust the authorities of this PEM file or folder instead",
        metavar="PATH",
        group="network",
    ),
    Option(
        "timeout",
        "number",
        "seconds without an answer before a server is given up",
        metavar="SECONDS",
        group="network",
        default="30",
    ),
    Option(
        "retries",
        "number",
        "how often a failing transfer is tried again",
        metavar="N",
        group="network",
        default="3",
    ),
    Option(
        "allow-insecure-host",
        "list",
        "no certificate check for this HOST[:PORT]",
        aliases=("trusted-host",),
        metavar="HOST",
        group="network",
    ),
    Option(
        "proxy",
        "text",
        "send requests through this proxy",
        metavar="URL",
        group="network",
    ),
    Option(
        "client-cert",
        "text",
        "a client certificate; its key may be in the same PEM file",
        metavar="FILE",
        group="network",
    ),
    Option(
        "client-key",
        "text",
        "its key, where that is in a file of its own",
        metavar="FILE",
        group="network",
    ),
    # What to choose.
    Option(
        "requirement",
        "list",
        "install what this file lists",
        "r",
        ("requirements",),
        metavar="FILE",
        group="requirements",
    ),
    Option(
        "editable",
        "list",
        "install this folder so that what is edited in it counts at once",
        "e",
        metavar="PATH",
        group="requirements",
        is_line_only=True,
    ),
    Option(
        "constraint",
        "list",
        "keep to the versions of this file, without asking for them",
        "c",
        ("constraints",),
        metavar="FILE",
        group="requirements",
    ),
    Option(
        "override",
        "list",
        "take the requirements of this file in place of everybody's on the same name",
        aliases=("overrides",),
        metavar="FILE",
        group="requirements",
    ),
    Option(
        "extra",
        "list",
        "an extra of the pyproject.toml that is read",
        metavar="NAME",
        group="extras",
    ),
    Option("all-extras", "flag", "all extras of the pyproject.toml", group="extras"),
    Option(
        "group",
        "list",
        "what this dependency group of the pyproject.toml lists",
        metavar="[PATH:]NAME",
        group="extras",
    ),
    Option(
        "require-hashes",
        "flag",
        "every requirement must be pinned and have a hash",
        group="hashes",
    ),
    Option(
        "no-verify-hashes",
        "flag",
        "pay no attention to hashes in requirements files",
        group="hashes",
    ),
    Option("no-deps", "flag", "only what is named, no dependencies", group="resolve"),
    Option(
        "upgrade",
        "flag",
        "take the newest, whatever is installed",
        "U",
        group="resolve",
    ),
    Option(
        "upgrade-package",
        "list",
        "take the newest of this package",
        "P",
        metavar="NAME",
        group="resolve",
    ),
    Option("pre", "flag", "allow pre-releases everywhere", group="resolve"),
    Option(
        "prerelease",
        "choice",
        "when a pre-release may be taken (default: if-necessary-or-explicit)",
        choices=(
            "disallow",
            "allow",
            "if-necessary",
            "explicit",
            "if-necessary-or-explicit",
        ),
        group="resolve",
        default="if-necessary-or-explicit",
    ),
    Option(
        "resolution",
        "choice",
        "which of the versions that fit to take (default: highest)",
        choices=("highest", "lowest", "lowest-direct"),
        group="resolve",
        default="highest",
    ),
    Option(
        "exclude-newer",
        "text",
        "only files uploaded before this date, time, or age such as '7 days'",
        metavar="DATE",
        group="resolve",
    ),
    Option(
        "only-binary",
        "list",
        "never build this package; :all: for every one",
        metavar="NAME",
        group="resolve",
    ),
    Option(
        "no-binary",
        "list",
        "always build this package; :all: for every one",
        metavar="NAME",
        group="resolve",
    ),
    Option("no-build", "flag", "build nothing", group="build"),
    Option(
        "no-build-isolation",
        "flag",
        "build with what is installed, not in an environment made for it",
        group="build",
    ),
    Option(
        "config-settings",
        "list",
        "tell every build backend this",
        "C",
        ("config-setting",),
        metavar="KEY=VALUE",
        group="build",
    ),
    Option(
        "build-constraint",
        "list",
        "limit the versions of what builds need to those of a file",
        "b",
        ("build-constraints",),
        metavar="FILE",
        group="build",
    ),
    # What to write.
    Option(
        "output-file",
        "text",
        "write there instead of to stdout; pins in it are kept if they fit",
        "o",
        metavar="FILE",
        group="compile",
    ),
    Option("generate-hashes", "flag", "write the hashes of all files", group="compile"),
    Option("no-header", "flag", "leave out the comment at the top", group="compile"),
    Option("no-annotate", "flag", "leave out who requires what", group="compile"),
    Option("no-strip-extras", "flag", "keep extras in pins", group="compile"),
    Option("strip-extras", "flag", "leave extras out (the default)", group="compile"),
    Option(
        "emit-index-url",
        "flag",
        "write the indexes, without credentials, too",
        group="compile",
    ),
    Option(
        "custom-compile-command",
        "text",
        "the command that the comment at the top names",
        metavar="TEXT",
        group="compile",
    ),
    Option(
        "python-version",
        "text",
        "compile for this Python: X.Y or X.Y.Z",
        metavar="VERSION",
        group="compile",
    ),
    Option(
        "python-platform",
        "text",
        "compile for this platform: linux, windows, macos, x86_64-manylinux2014, …",
        metavar="PLATFORM",
        group="compile",
    ),
    Option(
        "allow-empty-requirements",
        "flag",
        "remove everything if the files list nothing",
        group="sync",
    ),
    # How to apply.
    Option(
        "reinstall",
        "flag",
        "install again what is installed",
        aliases=("force-reinstall",),
        group="apply",
    ),
    Option("dry-run", "flag", "say what would be done, and do nothing", group="apply"),
    Option(
        "link-mode",
        "choice",
        "how files come from the cache",
        choices=("clone", "copy", "hardlink", "symlink"),
        group="apply",
        default="auto",
    ),
    Option(
        "compile-bytecode",
        "flag",
        "compile what is installed",
        aliases=("compile",),
        group="apply",
    ),
    Option(
        "report",
        "text",
        "write what was chosen as a report of pip's form; - for stdout",
        metavar="FILE",
        group="report",
    ),
    Option(
        "dest",
        "text",
        "where to put the files (default: here)",
        "d",
        metavar="DIR",
        group="download",
    ),
    # Logging in.
    Option(
        "username",
        "text",
        "the user's name",
        "u",
        metavar="NAME",
        group="login",
        is_line_only=True,
    ),
    Option(
        "token",
        "flag",
        "the secret is a token to send as Bearer, without a user",
        group="login",
        is_line_only=True,
    ),
    Option(
        "no-verify",
        "flag",
        "store it without asking the index",
        group="login",
        is_line_only=True,
    ),
    Option(
        "project",
        "text",
        "compare what an index shows of this project",
        metavar="NAME",
        group="login",
        is_line_only=True,
    ),
    Option("json", "flag", "print JSON", group="json"),
    Option("yes", "flag", "nothing is asked anyway; pip has it", "y", group="removal"),
    Option("files", "flag", "list the files too", "f", group="show"),
    Option(
        "package",
        "list",
        "show only the tree of this one",
        metavar="NAME",
        group="tree",
    ),
    Option("invert", "flag", "show what requires it", group="tree"),
    Option("depth", "number", "how deep to go", "d", metavar="N", group="tree"),
    Option("prompt", "text", "what the prompt shows", metavar="TEXT", group="venv"),
    Option(
        "system-site-packages", "flag", "see the system's packages too", group="venv"
    ),
    Option("seed", "flag", "install pip into it", group="venv"),
    Option("clear", "flag", "replace the environment that is there", group="venv"),
    Option("allow-existing", "flag", "keep what is in the folder", group="venv"),
    Option(
        "format",
        "choice",
        "how to print a list",
        choices=("columns", "freeze", "json"),
        group="format",
        default="columns",
    ),
    Option(
        "outdated",
        "flag",
        "only what an index has a newer version of",
        "o",
        group="format",
        is_line_only=True,
    ),
    Option(
        "not-required",
        "flag",
        "only what no other package requires",
        group="format",
        is_line_only=True,
    ),
    Option(
        "exclude-editable",
        "flag",
        "leave out what is installed as a working tree",
        group="installed",
        is_line_only=True,
    ),
    Option(
        "exclude",
        "list",
        "leave this package out",
        metavar="NAME",
        group="installed",
        is_line_only=True,
    ),
    Option(
        "path",
        "list",
        "what is in this folder, in place of an environment",
        metavar="DIR",
        group="installed",
        is_line_only=True,
    ),
    Option(
        "all",
        "flag",
        "nothing is left out anyway; pip has it",
        group="frozen",
        is_line_only=True,
    ),
)

BY_KEY = {option.key: option for option in OPTIONS}


@value
class Operand:
    """A positional argument of a command."""

    name: str
    nargs: str
    """As argparse has it: "*" or "?"."""
    metavar: str
    help: str


@value
class Command:
    """One verb: what it is for, and which groups of options it takes."""

    name: str
    help: str
    groups: tuple[str, ...]
    """Groups of options, or names of single ones."""
    module: str
    """The module under `admit.cli` with its `run_<name>` function."""
    operands: tuple[Operand, ...] = ()


PACKAGES = Operand("packages", "*", "REQUIREMENT", "such as flask, 'flask>=3', ./x.whl")
NAMES = Operand("packages", "*", "PACKAGE", "the name of an installed package")
VERB = Operand("verb", "?", "dir|size|clean|verify", "what to do with the cache")
LOGIN = Operand(
    "words",
    "*",
    "explain|check|login|logout|list|token|forget|dir",
    "SOURCE is the name of an index, or a URL",
)
SETTING = Operand("words", "*", "list|get|files", "`list`, `get SETTING` or `files`")
SHELL = Operand("shell", "?", "bash|zsh|fish|powershell", "for which shell")
FILES = Operand("files", "*", "FILE", "requirements.in, pyproject.toml, or - for stdin")
LISTS = Operand("files", "*", "FILE", "such as requirements.txt, or - for stdin")
FOLDER = Operand("folder", "?", "DIR", "where to make it (default: .venv)")


COMMANDS: tuple[Command, ...] = (
    Command(
        "install",
        "install packages into an environment",
        (
            "environment",
            "index",
            "network",
            "requirements",
            "extras",
            "hashes",
            "resolve",
            "build",
            "apply",
            "report",
            "output",
        ),
        "install",
        (PACKAGES,),
    ),
    Command(
        "sync",
        "make an environment hold exactly what files list",
        (
            "environment",
            "index",
            "network",
            "constraint",
            "extras",
            "hashes",
            "prerelease",
            "exclude-newer",
            "only-binary",
            "no-binary",
            "build",
            "apply",
            "sync",
            "report",
            "output",
        ),
        "sync",
        (LISTS,),
    ),
    Command(
        "compile",
        "write the versions that fit together as pinned requirements",
        (
            "python",
            "index",
            "network",
            "constraint",
            "override",
            "extras",
            "resolve",
            "build",
            "compile",
        ),
        "compile",
        (FILES,),
    ),
    Command(
        "uninstall",
        "remove packages from an environment",
        ("environment", "requirements", "dry-run", "removal", "output"),
        "install",
        (NAMES,),
    ),
    Command(
        "download",
        "fetch the files of packages and of what they need",
        (
            "python",
            "index",
            "network",
            "requirements",
            "extras",
            "hashes",
            "resolve",
            "build",
            "python-version",
            "python-platform",
            "download",
            "report",
            "output",
        ),
        "download",
        (PACKAGES,),
    ),
    Command(
        "list",
        "list what is installed",
        ("environment", "format", "installed", "index", "network", "pre", "output"),
        "show",
    ),
    Command(
        "freeze",
        "print what is installed as requirements",
        ("environment", "installed", "frozen"),
        "show",
    ),
    Command(
        "show",
        "print what is known of installed packages",
        ("environment", "show"),
        "graph",
        (NAMES,),
    ),
    Command("check", "tell requirements that are not met", ("environment",), "graph"),
    Command("tree", "print dependencies as trees", ("environment", "tree"), "graph"),
    Command(
        "index",
        "print the versions that an index shows you: `admit index versions NAME`",
        ("python", "index", "network", "pre", "json"),
        "versions",
        (Operand("verb", "?", "versions", "what to ask"), NAMES),
    ),
    Command(
        "auth",
        "log in to indexes, and look after what admit knows of credentials",
        ("index", "network", "login", "json"),
        "auth",
        (LOGIN,),
    ),
    Command("cache", "look after the cache", (), "cache", (VERB,)),
    Command(
        "config",
        "tell every setting, its value and where it comes from",
        ("environment", "index", "network", "resolve", "json"),
        "config",
        (SETTING,),
    ),
    Command(
        "completion",
        "print what makes a shell complete admit's commands and options",
        (),
        "completion",
        (SHELL,),
    ),
    Command(
        "venv",
        "make a virtual environment",
        ("python", "system", "venv", "index", "network", "link-mode"),
        "venv",
        (FOLDER,),
    ),
)
BY_NAME = {command.name: command for command in COMMANDS}


def options_of(command: Command) -> tuple[Option, ...]:
    """Return the options a command takes, the general ones first."""
    wanted = {"general", *command.groups}
    return tuple(
        option
        for option in OPTIONS
        if option.group in wanted or option.name in command.groups
    )
