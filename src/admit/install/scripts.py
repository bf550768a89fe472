"""Launchers for the commands that wheels bring.

For: the text of a console or gui script, the first line of any Python script, the
names such scripts must not have.
Does not know: where scripts go, how they are written, where Windows launchers are
found (their bytes are handed in).
Shape: entry point + interpreter path -> bytes of a file.
Spec: entry points (console_scripts, gui_scripts); PEP 427 (`#!python`, `#!pythonw`);
launchers for Windows are an executable, a shebang line and a zip with `__main__.py`.
"""

from __future__ import annotations

from admit.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from admit.spec.record import EntryPoint

_MAX_SHEBANG = 127
"""Linux cuts the first line after as many bytes (BINPRM_BUF_SIZE before 5.1)."""

_SCRIPT = """\
import sys

from {module} import {imported}

if __name__ == "__main__":
    if sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({attribute}())
"""


@value
class Launchers:
    """The executables that start scripts on Windows."""

    console: bytes
    gui: bytes


def format_shebang(executable: str, *, is_windows: bool = False) -> bytes:
    r"""Return the first line, or lines, that make a file run by `executable`.

    A path that is too long for the kernel, or has a space, goes through /bin/sh: the
    two lines are one string to Python and a command to the shell.

    >>> format_shebang("/env/bin/python")
    b'#!/env/bin/python\n'
    """
    encoded = executable.encode("utf-8", "surrogateescape")
    if is_windows:
        return b'#!"%s"\r\n' % encoded if b" " in encoded else b"#!%s\r\n" % encoded
    if not any(mark in encoded for mark in b" \t") and len(encoded) + 3 <= _MAX_SHEBANG:
        return b"#!%s\n" % encoded
    return b"#!/bin/sh\n'''exec' %s \"$0\" \"$@\"\n' '''\n" % _quote(encoded)


def _quote(path: bytes) -> bytes:
    """Quote for the shell in a way that is also a plain Python string."""
    path = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    for mark in (b"$", b"`"):
        path = path.replace(mark, b"\"'" + mark + b"'\"")
    return b'"' + path + b'"'


def format_script(entry: EntryPoint, executable: str) -> bytes:
    """Return the text of a POSIX launcher for an entry point."""
    return format_shebang(executable) + _body(entry)


def format_windows_script(
    entry: EntryPoint, executable: str, launchers: Launchers
) -> bytes:
    """Return the bytes of an `.exe` that runs an entry point.

    A gui script is run by the `pythonw` beside `executable`.
    """
    is_gui = entry.group == "gui_scripts"
    launcher = launchers.gui if is_gui else launchers.console
    python = window_executable(executable) if is_gui else executable
    shebang = format_shebang(python, is_windows=True)
    return launcher + shebang + _stored_zip(b"__main__.py", _body(entry))


def rewrite_shebang(
    content: bytes, executable: str, *, is_windows: bool = False
) -> bytes | None:
    """Return a script whose `#!python` names the interpreter; None if it has none.

    Spec: PEP 427, "scripts": `#!python` and `#!pythonw`, arguments after it kept.
    """
    if not content.startswith(b"#!python"):
        return None
    line, _, rest = content.partition(b"\n")
    word, _, arguments = line.rstrip(b"\r")[2:].partition(b" ")
    if word not in (b"python", b"pythonw"):
        return None
    if is_windows and word == b"pythonw":
        executable = window_executable(executable)
    shebang = format_shebang(executable, is_windows=is_windows)
    if arguments.strip() and shebang.count(b"\n") == 1:
        shebang = shebang.rstrip() + b" " + arguments.strip() + b"\n"
    return shebang + rest


def window_executable(executable: str) -> str:
    """The interpreter without a console that stands beside `executable`."""
    head, dot, suffix = executable.rpartition(".")
    return f"{head}w{dot}{suffix}" if dot and suffix.lower() == "exe" else executable


def is_reserved_name(name: str) -> bool:
    """Whether a script's name would hide the interpreter.

    >>> [is_reserved_name(each) for each in ("python3.12", "pythonw.exe", "pythonic")]
    [True, True, False]
    """
    stem = name.casefold().removesuffix(".exe")
    if not stem.startswith("python"):
        return False
    return not stem[6:].removeprefix("w").removesuffix("t").strip("0123456789.")


def is_sound_name(name: str) -> bool:
    """Whether an entry point's name can be a file's name."""
    return (
        name.isprintable() and not any(mark in name for mark in '/\\:<>"|?*')
    ) and name.strip(". ") != ""


def _body(entry: EntryPoint) -> bytes:
    imported = entry.attribute.partition(".")[0]
    text = _SCRIPT.format(
        module=entry.module, imported=imported, attribute=entry.attribute
    )
    return text.encode()


def _stored_zip(name: bytes, content: bytes) -> bytes:
    """A zip file with one stored member, dated 1980 so that it is reproducible."""
    import struct
    from binascii import crc32

    common = struct.pack(
        "<HHHHHLLLHH",
        *(20, 0, 0, 0, 0x21, crc32(content), len(content), len(content), len(name), 0),
    )
    local = b"PK\x03\x04" + common + name + content
    entry = b"PK\x01\x02\x14\x00" + common
    entry += struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    end = struct.pack("<4HLLH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + b"PK\x05\x06" + end
