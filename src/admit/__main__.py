"""Run the command line: `python -m admit` and the console script."""

from admit.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
