"""Draw docs/demo.svg: a terminal that shows what `admit demo` really prints.

For: the README. The demo is run, in a terminal of our own, so that colours come too;
nothing is written by hand. Does not know: what the demo is about.
Shape: `python scripts/picture.py [FILE]`; text with colour codes in, SVG out.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from html import escape
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "demo.svg"
_CODE = re.compile(r"\x1b\[([\d;]*)m")
_STYLES = {"1": "b", "2": "d", "31": "r", "32": "g"}
_LINE, _CHARACTER, _MARGIN, _BAR = 19, 8.0, 20, 40
_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{width}" \
height="{height}" viewBox="0 0 {width} {height}" role="img" \
aria-label="What admit demo prints">
<style>
text {{ font: 13.3px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; \
fill: #d8dee9; white-space: pre; }}
.b {{ font-weight: bold; fill: #ffffff; }} .d {{ fill: #8a93a5; }}
.r {{ fill: #ff7b72; }} .g {{ fill: #7ee787; }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#161b22"/>
<circle cx="22" cy="20" r="6" fill="#ff5f56"/>
<circle cx="42" cy="20" r="6" fill="#ffbd2e"/>
<circle cx="62" cy="20" r="6" fill="#27c93f"/>
"""


def run_in_terminal(command: list[str]) -> str:
    """Run a command that believes to be in a terminal; return what it wrote."""
    ours, theirs = pty.openpty()
    environment = {
        **{key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},
        "TERM": "xterm-256color",
        "COLUMNS": "88",
        "PYTHONIOENCODING": "utf-8",
    }
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        written += chunk
    os.close(ours)
    if process.wait() != 0:
        raise SystemExit(written.decode(errors="replace"))
    return written.decode("utf-8").replace("\r\n", "\n")


def draw(text: str) -> str:
    """Draw a text with colour codes as a terminal."""
    lines = text.rstrip("\n").split("\n")
    longest = max(len(_CODE.sub("", line)) for line in lines)
    width = round(2 * _MARGIN + longest * _CHARACTER)
    height = _BAR + len(lines) * _LINE + _MARGIN
    parts = [_HEAD.format(width=width, height=height)]
    style = ""
    for number, line in enumerate(lines):
        spans = []
        for piece, name in _pieces(line, style):
            style = name
            mark = f' class="{style}"' if style else ""
            spans.append(f"<tspan{mark}>{escape(piece)}</tspan>" if piece else "")
        y = _BAR + (number + 1) * _LINE - 5
        if any(spans):
            parts.append(f'<text x="{_MARGIN}" y="{y}">{"".join(spans)}</text>\n')
    parts.append("</svg>\n")
    return "".join(parts)


def _pieces(line: str, style: str) -> Iterator[tuple[str, str]]:
    """Split a line where its style changes."""
    at = 0
    for match in _CODE.finditer(line):
        yield line[at : match.start()], style
        at = match.end()
        codes = [code for code in match[1].split(";") if code not in ("", "0")]
        style = " ".join(_STYLES[code] for code in codes if code in _STYLES)
    yield line[at:], style


def main(arguments: list[str]) -> int:
    """Run the demo and draw it."""
    path = Path(arguments[0]) if arguments else PICTURE
    text = run_in_terminal([sys.executable, "-m", "admit", "demo"])
    path.write_text(draw(text), "utf-8")
    print(f"{path}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
