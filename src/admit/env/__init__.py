"""The target: interpreters, installed distributions, virtual environments."""
