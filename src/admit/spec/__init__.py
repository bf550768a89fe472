"""The standards as values: names, versions, requirements, tags, metadata."""
