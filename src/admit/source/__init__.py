"""From a direct URL or a file to a source tree (floor 3)."""
