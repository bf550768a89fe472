"""`admit completion SHELL`: what makes a shell complete commands and options.

For: bash, zsh, fish and PowerShell. The text is made of the table of options and is
the same on every machine, so that it can be kept in a file; completing runs no admit.
Does not know: settings, what is installed.
"""

from __future__ import annotations

from admit.config.options import COMMANDS, options_of
from admit.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from admit.cli.output import Output
    from admit.config.options import Command, Option
    from admit.config.settings import Settings

_PATHS = ("FILE", "DIR", "PATH", "PATH|URL", "PYTHON", "REQUIREMENT")
_OTHERS = (
    ("serve", "serve a folder of wheels, by user (for trials)"),
    ("demo", "play the founding case on a local index"),
)


def run_completion(
    settings: Settings, output: Output, operands: Mapping[str, object]
) -> int:
    """Print the completion of one shell."""
    del settings
    shell = operands.get("_shell")
    write = WRITERS.get(str(shell))
    if write is None:
        what = "no shell was named" if shell is None else f"no completion for {shell}"
        raise UsageError(what, fix=f"name one of {', '.join(WRITERS)}")
    output.data("\n".join(write()))
    return 0


def _verbs() -> list[tuple[str, str]]:
    return [*((each.name, each.help) for each in COMMANDS), *_OTHERS]


def _words_of(command: Command) -> list[str]:
    """What may stand behind a command, where that is a short list."""
    return [
        word
        for operand in command.operands
        if operand.metavar.islower()
        for word in operand.metavar.split("|")
    ]


def _takes_paths(command: Command) -> bool:
    return any(operand.metavar in _PATHS for operand in command.operands)


def _flags_of(command: Command) -> list[str]:
    flags = [flag for option in options_of(command) for flag in option.flags]
    return [*flags, "--help"]


def _is_bare(option: Option) -> bool:
    return option.kind in ("flag", "count")


# bash


def _bash() -> Iterator[str]:
    verbs = [name for name, _ in _verbs()]
    yield "# bash completion of admit: eval it, or source a file that holds it"
    yield "_admit() {"
    yield '    local word="${COMP_WORDS[COMP_CWORD]}" before="" verb="" each'
    yield '    local flags="--help --version" words="" files=""'
    yield '    ((COMP_CWORD > 0)) && before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield '    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield '        case "$each" in'
    yield f'            {"|".join(verbs)}) verb="$each"; break ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$verb" in'
    yield f'        "") words="{" ".join(verbs)}" ;;'
    for command in COMMANDS:
        yield from _bash_command(command)
    yield "    esac"
    yield '    if [[ "$word" == -* ]]; then words="$flags"; files=""; fi'
    yield '    COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield '    if [[ -n "$files" ]]; then COMPREPLY+=($(compgen -f -- "$word")); fi'
    yield "}"
    yield "complete -o filenames -F _admit admit"


def _bash_command(command: Command) -> Iterator[str]:
    yield f"        {command.name})"
    yield f'            flags="{" ".join(_flags_of(command))}"'
    if _words_of(command):
        yield f'            words="{" ".join(_words_of(command))}"'
    if _takes_paths(command):
        yield "            files=1"
    yield '            case "$before" in'
    for option in options_of(command):
        if not _is_bare(option):
            files = "1" if option.metavar in _PATHS else ""
            yield f"                {'|'.join(option.flags)})"
            yield f'                    flags=""; files="{files}"'
            yield f'                    words="{" ".join(option.choices)}" ;;'
    yield "            esac ;;"


# zsh


def _zsh() -> Iterator[str]:
    yield "#compdef admit"
    yield "# zsh completion of admit: eval it, or keep it as _admit in $fpath"
    yield "_admit() {"
    yield "    local -a verbs"
    yield "    verbs=("
    for name, help_text in _verbs():
        yield f"        {_quote(f'{name}:{help_text}')}"
    yield "    )"
    yield "    local -i at=2"
    yield "    while (( at < CURRENT )); do"
    yield "        case $words[at] in"
    yield f"            ({'|'.join(name for name, _ in _verbs())}) break ;;"
    yield "        esac"
    yield "        (( at++ ))"
    yield "    done"
    yield "    if (( at >= CURRENT )); then"
    yield "        _describe -t commands 'admit command' verbs"
    yield "        return"
    yield "    fi"
    yield "    local verb=$words[at]"
    yield '    words=("${(@)words[at,-1]}")'
    yield "    (( CURRENT -= at - 1 ))"
    yield "    case $verb in"
    for command in COMMANDS:
        yield f"        ({command.name})"
        yield "            _arguments \\"
        for option in options_of(command):
            for flag in option.flags:
                yield f"                {_zsh_option(option, flag)} \\"
        yield f"                {_zsh_operand(command)} ;;"
    yield "        (*) _files ;;"
    yield "    esac"
    yield "}"
    yield 'if [[ "$funcstack[1]" == _admit ]]; then'
    yield '    _admit "$@"'
    yield "else"
    yield "    compdef _admit admit"
    yield "fi"


def _zsh_option(option: Option, flag: str) -> str:
    help_text = option.help
    for mark in "[]:":
        help_text = help_text.replace(mark, f"\\{mark}")
    repeated = "*" if option.kind in ("list", "count") else ""
    text = f"{repeated}{flag}[{help_text}]"
    if option.choices:
        text += f":{option.name}:({' '.join(option.choices)})"
    elif not _is_bare(option):
        action = "_files" if option.metavar in _PATHS else " "
        text += f":{option.name}:{action}"
    return _quote(text)


def _zsh_operand(command: Command) -> str:
    words = _words_of(command)
    if words:
        return _quote(f"*:what:({' '.join(words)})")
    return _quote("*:path:_files") if _takes_paths(command) else _quote("*: : ")


# fish


def _fish() -> Iterator[str]:
    verbs = " ".join(name for name, _ in _verbs())
    yield "# fish completion of admit: source it, or keep it in completions/admit.fish"
    yield "function __admit_verb"
    yield "    for each in (commandline -opc)[2..-1]"
    yield f"        if contains -- $each {verbs}"
    yield "            echo $each"
    yield "            return"
    yield "        end"
    yield "    end"
    yield "end"
    yield "function __admit_in"
    yield "    set -l verb (__admit_verb)"
    yield '    test -n "$verb"; and contains -- $verb $argv'
    yield "end"
    yield "complete -c admit -e"
    yield "complete -c admit -f"
    for name, help_text in _verbs():
        condition = "-n 'test -z (__admit_verb)'"
        yield f"complete -c admit {condition} -a {name} -d {_quote_fish(help_text)}"
    for command in COMMANDS:
        condition = f"-n '__admit_in {command.name}'"
        if _words_of(command):
            words = " ".join(_words_of(command))
            yield f"complete -c admit {condition} -a {_quote_fish(words)}"
        elif _takes_paths(command):
            yield f"complete -c admit {condition} -F"
    for option, names in _by_option().items():
        condition = f"-n '__admit_in {' '.join(names)}'"
        yield f"complete -c admit {condition} {_fish_option(option)}"


def _by_option() -> dict[Option, list[str]]:
    """The commands that take each option."""
    found: dict[Option, list[str]] = {}
    for command in COMMANDS:
        for option in options_of(command):
            found.setdefault(option, []).append(command.name)
    return found


def _fish_option(option: Option) -> str:
    flags = " ".join(
        f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
        for flag in option.flags
    )
    tail = f"-d {_quote_fish(option.help)}"
    if option.choices:
        return f"{flags} -x -a {_quote_fish(' '.join(option.choices))} {tail}"
    if _is_bare(option):
        return f"{flags} {tail}"
    return f"{flags} {'-r -F' if option.metavar in _PATHS else '-x'} {tail}"


def _quote(text: str) -> str:
    """Quote for a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quote_fish(text: str) -> str:
    """Quote for fish, to which a backslash in quotes is special."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


# PowerShell


def _powershell() -> Iterator[str]:
    yield "# PowerShell completion of admit: Invoke-Expression it in $PROFILE"
    yield "Register-ArgumentCompleter -Native -CommandName admit -ScriptBlock {"
    yield "    param($word, $line, $position)"
    yield "    $verbs = [ordered]@{"
    for command in COMMANDS:
        words = [*_words_of(command), *_flags_of(command)]
        yield f"        '{command.name}' = '{' '.join(words)}'"
    for name, _ in _OTHERS:
        yield f"        '{name}' = '--help'"
    yield "    }"
    yield "    $choices = @{"
    for option in _by_option():
        for flag in option.flags if option.choices else ():
            yield f"        '{flag}' = '{' '.join(option.choices)}'"
    yield "    }"
    yield "    $typed = @($line.CommandElements | Select-Object -Skip 1 |"
    yield "        ForEach-Object { $_.ToString() })"
    yield "    if ($word -and $typed.Count) {"
    yield "        $typed = @($typed | Select-Object -SkipLast 1)"
    yield "    }"
    yield "    $verb = $typed | Where-Object { $verbs.Contains($_) } |"
    yield "        Select-Object -First 1"
    yield "    $last = $typed | Select-Object -Last 1"
    yield "    if ($last -and $choices.ContainsKey($last)) {"
    yield "        $found = $choices[$last] -split ' '"
    yield "    } elseif ($verb) {"
    yield "        $found = $verbs[$verb] -split ' '"
    yield "    } else {"
    yield "        $found = $verbs.Keys"
    yield "    }"
    yield '    $found | Where-Object { $_ -like "$word*" } | ForEach-Object {'
    yield "        [System.Management.Automation.CompletionResult]::new($_)"
    yield "    }"
    yield "}"


WRITERS: dict[str, Callable[[], Iterator[str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "powershell": _powershell,
}
