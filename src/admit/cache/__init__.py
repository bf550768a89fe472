"""What was fetched, kept: listings by identity, artifacts by content."""
