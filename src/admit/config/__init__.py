"""Settings: command line, environment and files, each value with its origin."""
