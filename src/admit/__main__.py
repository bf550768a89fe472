"""Run the command line: `python -m admit` and the console script.

A process of a second or less collects no garbage, and leaves without taking its
modules apart one by one (docs/design/0001-start-up.md): nothing here needs either,
since everything that must be closed is closed by its own context manager.
"""

import gc
import os
import sys

from admit.cli.main import main

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def run() -> None:
    """Run the command line of this process and leave it."""
    gc.disable()
    status = main()
    streams: tuple[TextIO | None, ...] = (sys.stdout, sys.stderr)
    try:
        for stream in streams:
            if stream is not None:  # a process may be started without them
                stream.flush()
    except OSError:
        status = status or 120
    os._exit(status)


if __name__ == "__main__":
    run()
