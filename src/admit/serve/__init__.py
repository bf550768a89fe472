"""The embedded permission-filtered index, for demos, tests and trials."""
