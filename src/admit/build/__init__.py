"""Builds: from a source tree to a wheel, in an isolated environment."""
