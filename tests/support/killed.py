"""A child that changes a scratch environment and is killed on the way.

`python -m support.killed ROOT STEP [WHEEL...]` installs the wheels (without any it
uninstalls `widget`) and kills itself after so many steps; a negative STEP never does.
`run_killed` starts it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from admit.install.apply import apply
from support.site import ScratchSite

TESTS = Path(__file__).parent.parent


def run_killed(root: Path, step: int, *wheels: Path) -> bool:
    """Run the child; whether it was killed before it was done."""
    done = subprocess.run(
        command(root, step, *wheels),
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        check=False,
        capture_output=True,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr.decode()
    return done.returncode != 0


def command(root: Path, step: int, *wheels: Path) -> list[str]:
    """The command line of the child."""
    return [
        *(sys.executable, "-m", "support.killed", str(root), str(step)),
        *map(str, wheels),
    ]


def main() -> None:
    """Be the child."""
    scratch = ScratchSite(Path(sys.argv[1]))
    fatal = int(sys.argv[2])
    wheels = [Path(argument) for argument in sys.argv[3:]]

    def on_step(done: int, total: int) -> None:
        if done == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    plan = scratch.plan(wheels, remove=() if wheels else ("widget",))
    sys.stdout.write("planned\n")
    sys.stdout.flush()
    apply(plan, on_step=on_step)


if __name__ == "__main__":
    main()
