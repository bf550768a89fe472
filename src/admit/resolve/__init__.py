"""From requirements to a set of versions: PubGrub over bit masks."""
