"""What all tests share: `--update-golden` rewrites the files of expected output."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Generator

# The gate judges a change, not the luck of a draw: there the examples are the same in
# every run. Everywhere else every run looks at new ones. A busy machine is slow now and
# then, which is no fault of the code: no deadline.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("steady", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "steady")


# A shell that starts something in the background has it ignore SIGINT, and all that it
# starts as well: tests that interrupt a process would then wait for ever.
if threading.current_thread() is threading.main_thread() and (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One more than there are cores, since some wait: for a server or for time."""
    return (yield) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite the expected output of tests/cli by what is printed now",
    )
    parser.addoption(
        "--write-peers",
        action="store_true",
        help="write docs/peers.md by what tests/exam/test_peers.py sees",
    )
