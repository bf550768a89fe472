"""Make the environment of a checkout: `python3 scripts/make_environment.py .venv`.

Runs on any Python 3, so that it can say what is missing on one that is too old.
"""

import os
import subprocess
import sys


def main(directory):
    """Create the environment and install admit into it, editable."""
    if sys.version_info < (3, 11):
        return fail(
            "admit needs Python 3.11 or newer; this is "
            + sys.version.split()[0]
            + " at "
            + sys.executable,
            "run `make PYTHON=/path/to/python3.11 demo`",
        )
    python = os.path.join(directory, "bin", "python")
    if not os.path.exists(python) or not has_pip(python):
        try:
            import ensurepip  # noqa: F401
            import venv  # noqa: F401
        except ImportError:
            return fail(
                "this Python cannot make environments: its venv has no ensurepip",
                "install it (on Debian and Ubuntu: `apt install python3-venv`) or run "
                "`make PYTHON=/path/to/another/python3`",
            )
        print("making the environment in " + directory + " ...")
        command = [sys.executable, "-m", "venv", "--clear", directory]
        if subprocess.call(command) != 0:
            return fail(
                "venv failed", "see above; the command was: " + " ".join(command)
            )
    print("installing admit and what it runs on ...")
    command = [python, "-m", "pip", "install", "--quiet", "--editable", "."]
    command.insert(4, "--disable-pip-version-check")
    if subprocess.call(command) != 0:
        return fail(
            "pip could not install admit's dependencies",
            "see above: is PyPI, or the index pip is configured for, reachable?",
        )
    return 0


def has_pip(python):
    """Say whether the environment has a pip that runs."""
    return subprocess.call([python, "-m", "pip", "--version"], stdout=-3) == 0


def fail(what, fix):
    """Print an error in the project's form."""
    sys.stderr.write("error: " + what + "\n  fix: " + fix + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
